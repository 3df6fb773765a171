r"""`Faber`: exp(tG) in polynomials that are small on an ellipse around the spectrum of G.

Chebyshev polynomials serve spectra on a line. A noisy generator fills a region that is as wide as its fastest decay
and as high as its fastest oscillation. The Faber polynomials of the ellipse with half-axes a (real), b (imaginary)
around c obey a recursion of three terms as well, F_1 = 2(z - c)/(a + b), F_{k+1} = F_1 F_k - q F_{k-1} with
q = (a - b)/(a + b), and do not grow there (Huisinga, Pesce, Kosloff, Saalfrank, J. Chem. Phys. 110, 5538 (1999)).
The coefficients of exp(tz) are its Fourier coefficients along the boundary.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from qsb.dynamics.representation import Array, Generator
from qsb.errors import ConvergenceError

Real = NDArray[np.float64]


@dataclass(frozen=True)
class Ellipse:
    """The ellipse around c with half-axes a (real) and b (imaginary)."""

    centre: float
    real: float
    imaginary: float

    @property
    def scale(self) -> float:
        """2/(a + b)."""
        return 2 / (self.real + self.imaginary)

    @property
    def ratio(self) -> float:
        """(a - b)/(a + b)."""
        return (self.real - self.imaginary) / (self.real + self.imaginary)

    def coefficients(self, times: Real) -> Real:
        """Coefficients (K, M) of exp(t z) for each of M times, cut where all are below rounding."""
        reach = float(times.max()) * (self.real + self.imaginary) / 2
        count = 1 << math.ceil(math.log2(6 * reach + 200))
        w = np.exp(2j * np.pi * np.arange(count // 2 + 1) / count)
        z = self.centre + (w + self.ratio * w.conj()) / self.scale
        # on the lower half of the boundary the exponential is the conjugate: its Fourier coefficients are real
        c = np.fft.hfft(np.exp(times[:, None] * z), count, axis=1)[:, : count // 2] / count
        size = np.abs(c).max(axis=0)
        # what is left at high orders is the rounding of the transform
        noise = max(float(size[3 * len(size) // 4 :].max()), 1e-17 * float(size.max()))
        return np.ascontiguousarray(c[:, : int(np.flatnonzero(size > 4 * noise)[-1]) + 2].T)


@dataclass(frozen=True)
class Faber:
    """exp(tG) in Faber polynomials of G: matrix-free, many save times from one expansion, error near rounding."""

    name: str = "faber"
    order: float = math.inf
    constant_only: bool = True
    skew_only: bool = False
    stochastic: bool = False
    #: bytes that the save states of one window may take
    window_bytes: int = 2**26
    #: largest half-axis x time of one window
    window_phase: float = 200.0
    #: largest growth of a polynomial; beyond, rounding would show, and the window is halved
    growth: float = 100.0

    def advance(
        self, generator: Generator, x: Array, start: float, times: Sequence[float], tolerance: float
    ) -> Iterator[Array]:
        """Expand window by window, each with dense output at its save times."""
        ellipse = _around(generator)
        # on the right end of the ellipse the exponential grows, and rounding with it
        longest = min(
            self.window_phase / max(ellipse.real, ellipse.imaginary), 3.0 / (ellipse.real + ellipse.centre + 1e-12)
        )
        at, now = 0, start
        while at < len(times):
            room = max(1, int(self.window_bytes // x.nbytes))
            group = [t for t in times[at : at + room] if t - now <= longest]
            stride = not group  # one save time lies beyond a window: walk there in equal strides
            if stride:
                group = [now + (times[at] - now) / math.ceil((times[at] - now) / longest)]
            states, growth = self._window(generator, ellipse, x, now, np.array(group))
            if not growth <= self.growth:
                longest = min(longest, group[-1] - now) / 2
                if longest * (ellipse.real + ellipse.imaginary) < 1e-3:
                    raise ConvergenceError(
                        "the Faber recursion", growth, self.growth, "its region is too small: report this."
                    )
                continue
            if not stride:
                yield from states
                at += len(group)
            x, now = states[-1].copy(), group[-1]

    def _window(self, generator: Generator, ellipse: Ellipse, x: Array, now: float, times: Real) -> tuple[Array, float]:
        """States at the times, and the largest term relative to the start."""
        coefficients = ellipse.coefficients(times - now)
        numbers = (ellipse.scale, ellipse.centre, ellipse.ratio)
        if generator.expand is not None:
            out, sizes = generator.expand(x, coefficients, numbers)
        else:
            out, sizes = _expand(generator, now, x, coefficients, numbers)
        terms = sizes * np.abs(coefficients).max(axis=1) / max(float(sizes[0]), 1e-300)
        # the last terms must have died out, or what was cut off is not small
        return out, float(terms.max()) if terms[-1] < 1e-13 else math.inf


def _around(generator: Generator) -> Ellipse:
    """An ellipse around the spectrum, with some room, lest polynomials grow at its ends."""
    if generator.region is not None:
        decay, height = generator.region()
        return Ellipse(-decay / 2, 0.6 * decay + 1e-12, 1.02 * height + 0.05 * decay + 1e-12)
    if generator.bounds is not None:
        return Ellipse(0.0, 1e-12, 1.05 * max(abs(e) for e in generator.bounds()) + 1e-12)
    size = 1.05 * generator.norm() + 1e-12
    return Ellipse(0.0, size, size)


def _expand(
    generator: Generator, now: float, x: Array, coefficients: Real, numbers: tuple[float, float, float]
) -> tuple[Array, Real]:
    """sum_k c_km F_k(G) x for each m, and the norm of each F_k(G) x."""
    scale, centre, ratio = numbers
    out = np.array([c * x for c in coefficients[0]])
    sizes = np.zeros(len(coefficients))
    sizes[0] = np.linalg.norm(x)
    older, newer = np.zeros_like(x), x
    for k in range(1, len(coefficients)):
        beta = 2 * ratio if k == 2 else ratio
        older, newer = newer, scale * (generator.apply(now, newer) - centre * newer) - beta * older
        sizes[k] = np.linalg.norm(newer)
        for o, c in zip(out, coefficients[k], strict=True):
            o += c * newer
    return out, sizes
