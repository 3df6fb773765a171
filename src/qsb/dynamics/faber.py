r"""Faber series of :math:`e^{tG}` for dissipative generators.

The spectrum of a Lindblad generator lies in a box -kappa <= Re <= 0, |Im| <= omega. In an ellipse around it with
centre c and foci c +- d the Faber polynomials are scaled Chebyshev polynomials, and

    e^{tG} = e^{ct} sum_k (2 - delta_k0) J_k(w t) S_k,   B = (G - c)/w,  S_{k+1} = 2 B S_k + S_{k-1}   (d = iw),
    e^{tG} = e^{ct} sum_k (2 - delta_k0) I_k(w t) S_k,   B = (G - c)/w,  S_{k+1} = 2 B S_k - S_{k-1}   (d = w).

All coefficients are real, and they alone depend on t: one recursion gives the states at many times. Beyond k ~ w t
the series ends faster than exponentially, so it needs about one application of G a unit of phase. (Derived from the
Jacobi-Anger expansion; for the ellipse see W. Huisinga et al., J. Chem. Phys. 110, 5538 (1999).)
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.linalg.blas import dgemm

from qsb.dynamics.ellipse import Ellipse
from qsb.dynamics.representation import Array, Expand, Generator
from qsb.errors import ConvergenceError

#: the foci lie this much further out than the highest frequency, where polynomials grow by the root of the distance
_MARGIN = 1.03
_SHORTEST = 1e-12
#: terms below this share of the state are rounding
_NEGLIGIBLE = 1e-17
#: a term that is this many times larger than the state costs two digits: the window is halved
_LARGEST = 100.0


@dataclass(frozen=True)
class Faber:
    """exp(tG)x by its Faber series: matrix-free, many save times from one recursion, error near rounding."""

    name: str = "faber"
    order: float = math.inf
    constant_only: bool = True
    skew_only: bool = False
    stochastic: bool = False
    #: bytes that the save states of one window may take
    window_bytes: int = 2**26
    #: bytes of the terms that are added to the save states in one product
    block_bytes: int = 2**24
    #: largest half-axis x time of one window
    window_phase: float = 400.0

    def advance(
        self, generator: Generator, x: Array, start: float, times: Sequence[float], tolerance: float
    ) -> Iterator[Array]:
        """Expand window by window, each with dense output at its save times.

        Raises:
            ConvergenceError: if terms grow even in short windows, so that rounding would spoil the sum.
        """
        ellipse = _Ellipse.around(*_extent(generator))
        at, now, phase = 0, start, self.window_phase
        if generator.expand is not None:
            wide = Ellipse.around(*_extent(generator)[:2])
            phase = min(phase, 200.0) * ellipse.focus / wide.phase
        room = max(1, int(self.window_bytes // x.nbytes))
        while at < len(times):
            group = [t for t in times[at : at + room] if (t - now) * ellipse.focus <= phase]
            saved = len(group)
            if not group:  # one save time lies beyond a window: walk there in equal strides
                strides = math.ceil((times[at] - now) * ellipse.focus / phase)
                group = [now + (times[at] - now) / strides]
            states = self._window(generator, x, now, group, ellipse)
            if states is None:
                phase /= 2
                if phase < self.window_phase / 1000:
                    raise ConvergenceError(
                        "the Faber series", _LARGEST, 1.0, "the bounds of the generator are too narrow: report this."
                    )
                continue
            yield from states[:saved]
            x, now, at = states[-1].copy(), group[-1], at + saved
            del states

    def _window(
        self, generator: Generator, x: Array, now: float, times: list[float], ellipse: _Ellipse
    ) -> Array | None:
        """States at the times; None if terms are so large that their sum would lose digits."""
        steps = np.array(times) - now
        size = float(np.linalg.norm(x))
        if size == 0.0 or steps[-1] <= 0:
            return np.broadcast_to(x, (len(times), *x.shape)).copy()
        if generator.expand is not None:
            wide = Ellipse.around(*_extent(generator)[:2])
            return _expanded(generator.expand, x, steps, wide, size)
        weights = ellipse.coefficients(steps)
        terms = weights.shape[1]
        rows = max(1, min(terms, 32, int(self.block_bytes // x.nbytes)))
        reals = x.nbytes // 8
        out, block = np.zeros((len(times), reals)), np.empty((rows, reals))
        greatest, lengths = np.abs(weights).max(axis=0), np.zeros(terms)
        previous, current = x, ellipse.shifted(generator, now, x)
        combine, filled, last = np.subtract if ellipse.real else np.add, 0, math.inf
        for k in range(terms):
            if k > 1:
                # 2 B S_k -+ S_{k-1}, in place: the state is as long as memory allows
                following = ellipse.shifted(generator, now, current)
                following *= 2
                combine(following, previous, out=following)
                previous, current = current, following
            term = previous if k == 0 else current
            block[filled] = np.ascontiguousarray(term).reshape(-1).view(np.float64)
            filled += 1
            lengths[k] = math.sqrt(np.vdot(block[filled - 1], block[filled - 1])) / size
            share = greatest[k] * lengths[k]
            if not share <= _LARGEST:
                return None
            # of a state that stands still every second term vanishes
            done = k > ellipse.peak(steps[-1]) and max(share, last) < _NEGLIGIBLE
            last = share
            if k == terms - 1 and not done:
                return None
            if filled == rows or done:
                _accumulate(weights[:, k + 1 - filled : k + 1], lengths[k + 1 - filled : k + 1], block[:filled], out)
                filled = 0
            if done:
                break
        return out.view(x.dtype).reshape(len(times), *x.shape)


def _extent(generator: Generator) -> tuple[float, float, float]:
    """The generator's own, or that of a Hamiltonian's bounds, or of a norm; found once."""
    if "extent" not in generator.kept:
        if generator.extent is not None:
            found = generator.extent()
        elif generator.bounds is not None:
            found = 0.0, max(abs(e) for e in generator.bounds()), 0.0
        else:
            size = generator.norm()
            found = 2 * size, size, size
        generator.kept["extent"] = found
    extent: tuple[float, float, float] = generator.kept["extent"]
    return extent


def _expanded(expand: Expand, x: Array, steps: NDArray[np.float64], ellipse: Ellipse, size: float) -> Array | None:
    """The sum in one compiled call, on a wide ellipse; None if terms are too large or do not end."""
    coefficients = ellipse.coefficients(steps)
    out, lengths = expand(x, coefficients, (ellipse.scale, ellipse.centre, ellipse.ratio))
    shares = lengths * np.abs(coefficients).max(axis=1) / size
    return np.asarray(out) if shares.max() <= _LARGEST and shares[-1] < 1e-13 else None


def _accumulate(
    weights: NDArray[np.float64], lengths: NDArray[np.float64], block: NDArray[np.float64], out: NDArray[np.float64]
) -> None:
    """out += weights @ block, without the early times that later terms of these lengths do not reach."""
    reached = np.flatnonzero((np.abs(weights) * lengths).max(axis=1) > _NEGLIGIBLE)
    if reached.size:
        # transposes, for BLAS adds in place to columns only
        rest = out[reached[0] :].T
        dgemm(1.0, block.T, weights[reached[0] :].T, beta=1.0, c=rest, overwrite_c=True)


@dataclass(frozen=True)
class _Ellipse:
    """Centre, distance of the foci from it, and whether they lie on the real axis."""

    centre: float
    focus: float
    real: bool

    @classmethod
    def around(cls, decay: float, frequency: float, tip: float) -> _Ellipse:
        """Foci above and below the centre where frequencies are larger than decays, beside it otherwise.

        The polynomials grow fastest at the tips, so the centre has the decay of the highest frequency there: slower
        decays at lower frequencies grow at most as the factor e^{ct} shrinks.
        """
        if frequency * _MARGIN > decay / 2:
            return cls(-min(tip, decay), max(frequency * _MARGIN, _SHORTEST), False)
        return cls(-decay / 2, max(decay / 2 * _MARGIN, _SHORTEST), True)

    def shifted(self, generator: Generator, now: float, x: Array) -> Array:
        """(G - c) x / w."""
        out = generator.apply(now, x)
        if self.centre != 0.0:
            out = out - self.centre * x
        out *= 1 / self.focus
        return out

    def peak(self, step: float) -> float:
        """The term after which the series falls for good."""
        return math.sqrt(2 * self.focus * step) if self.real else math.hypot(self.focus, self.centre) * step

    def coefficients(self, steps: NDArray[np.float64]) -> NDArray[np.float64]:
        """Weights (T, K) of the terms at each time, to rounding."""
        phase = float(steps.max()) * math.hypot(self.focus, self.centre)
        terms = int(phase + 14 * (phase + 1) ** (1 / 3) + 30)
        from qsb.algebra.kernels.bessel import bessel

        weights = np.empty((len(steps), terms))
        bessel(self.focus * steps, self.real, weights)
        weights *= np.exp((self.centre + (self.focus if self.real else 0.0)) * steps)[:, None]
        weights[:, 1:] *= 2
        return weights
