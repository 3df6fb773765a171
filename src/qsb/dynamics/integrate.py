"""Integrators: advance a reduced linear system through one segment.

Each declares `order` (the power of the step by which its global error falls; infinity where it has no step),
`constant_only`, `skew_only` and `stochastic`; tests measure every declared order.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any, Protocol

import numpy as np
import scipy.linalg as la

from qsb.dynamics.chebyshev import Chebyshev
from qsb.dynamics.damped import DampedChebyshev
from qsb.dynamics.exponential import exponentials
from qsb.dynamics.faber import Faber
from qsb.dynamics.krylov import Krylov
from qsb.dynamics.ladder_chebyshev import LadderChebyshev
from qsb.dynamics.magnus import Magnus
from qsb.dynamics.moments import MomentFlow
from qsb.dynamics.representation import Array, Generator
from qsb.errors import ConvergenceError

#: largest matrix that is diagonalised, and largest one that is exponentiated
EIGEN_LIMIT = 1200
#: the same of kets of 2^N amplitudes, whose spectra are narrow for their size: an expansion is cheaper above
KET_EIGEN_LIMIT = 128
#: of a step that comes c times, c times this many products with a vector are taken rather than an exponential
_SERIES_COST = 20
PROPAGATOR_LIMIT = 260


class Integrator(Protocol):
    """Advances x through a segment."""

    @property
    def name(self) -> str:
        """Its name, as plans print it."""
        ...

    @property
    def order(self) -> float:
        """Power of the step by which the global error falls; infinite where there is no step."""
        ...

    @property
    def constant_only(self) -> bool:
        """Whether the generator must be constant."""
        ...

    @property
    def skew_only(self) -> bool:
        """Whether the generator must be -iH on a ket."""
        ...

    @property
    def stochastic(self) -> bool:
        """Whether the result is a sample."""
        ...

    def advance(
        self, generator: Generator, x: Array, start: float, times: Sequence[float], tolerance: float
    ) -> Iterator[Array]:
        """Yield the state at each of the increasing `times`, all >= start."""
        ...


@dataclass(frozen=True)
class Eigen:
    """x(t) = U exp(-i e t) U^+ x: exact at any time, for constant Hamiltonians that fit a dense diagonalisation."""

    name: str = "eigen"
    order: float = math.inf
    constant_only: bool = True
    skew_only: bool = True
    stochastic: bool = False
    #: bytes of the states that are made together
    batch_bytes: int = 2**22

    def advance(
        self, generator: Generator, x: Array, start: float, times: Sequence[float], tolerance: float
    ) -> Iterator[Array]:
        """Diagonalise once, then one product a time."""
        if "eigen" not in generator.kept:
            assert generator.dense is not None
            h = 1j * generator.dense()[0]
            h = (h + h.conj().T) / 2
            generator.kept["eigen"] = np.linalg.eigh(h.real if not np.any(h.imag) else h)
        e, u = generator.kept["eigen"]
        c = u.conj().T @ x
        # many times in one product; a real u multiplies both parts, which is half the work of a complex one
        room = max(1, self.batch_bytes // (32 * len(e)))
        for k in range(0, len(times), room):
            turned = np.exp(-1j * np.outer(np.asarray(times[k : k + room]) - start, e)) * c
            if np.iscomplexobj(u):
                yield from turned @ u.T
            else:
                yield from np.ascontiguousarray(turned.real) @ u.T + 1j * (np.ascontiguousarray(turned.imag) @ u.T)


@dataclass(frozen=True)
class Propagator:
    """x(t+h) = exp(hG) x with the exponential kept for equal steps: exact, for small constant generators."""

    name: str = "propagator"
    order: float = math.inf
    constant_only: bool = True
    skew_only: bool = False
    stochastic: bool = False

    def advance(
        self, generator: Generator, x: Array, start: float, times: Sequence[float], tolerance: float
    ) -> Iterator[Array]:
        """One exponential a step length that comes often, told apart to 1e-13 of the whole time.

        A rare step is made of strides whose exponentials are there, and a series for what is left of it.

        The clock advances by the step whose exponential was taken, so that differences never add up.
        """
        if "propagators" not in generator.kept:
            assert generator.dense is not None
            generator.kept["propagators"] = generator.dense(), {}
        g, kept = generator.kept["propagators"]
        batch, n = g.shape[0], g.shape[-1]
        now, y = start, x.reshape(batch, n, 1)
        grain = 1e-13 * (generator.segment.end - start)
        steps = np.diff([start, *times])
        often = Counter(np.round(steps / (2 * grain)).tolist()) if grain > 0 else Counter()
        norm = float(np.abs(g).sum(axis=-2).max())
        for t in times:
            h = t - now
            if h > grain:
                key = float(round(h / (2 * grain)))
                if key not in kept:
                    strides, rest = _strides(h, kept, grain, n)
                    products = len(strides) + _SERIES_COST * max(2 * rest * norm, 1.0)
                    # the clock may stray from the differences by a grain, whose step then seems never to come
                    if max(often[key], 1) * products < n:
                        for stride, exponential in strides:
                            y = exponential @ y
                            now += stride
                        y = _series(rest * g, y, rest * norm) if rest > grain else y
                        now += rest if rest > grain else 0.0
                        yield y.reshape(x.shape)
                        continue
                    # one matrix to SciPy, whose Pade approximants need fewer products; many at once here
                    kept[key] = h, la.expm(h * g) if batch == 1 else exponentials(h * g)
                step, exponential = kept[key]
                y = exponential @ y
                now += step
            yield y.reshape(x.shape)


def _strides(
    h: float, kept: dict[float, tuple[float, Array]], grain: float, most: int
) -> tuple[list[tuple[float, Array]], float]:
    """Steps whose exponentials are there, the longest first, at most so many of one; and what they leave of h."""
    out: list[tuple[float, Array]] = []
    for step, exponential in sorted(kept.values(), key=lambda pair: -pair[0]):
        count = int((h + grain) / step)
        # save times may be far closer to each other than h is long
        if 0 < count <= most:
            out += [(step, exponential)] * count
            h -= count * step
    return out, max(h, 0.0)


def _series(g: Array, y: Array, norm: float) -> Array:
    """exp(g) y by its Taylor series, in parts whose norm is at most one half."""
    parts = max(1, math.ceil(2 * norm))
    for _ in range(parts):
        term, k = y, 0
        size = float(np.abs(y).max())
        while float(np.abs(term).max()) > 1e-18 * size and k < 40:
            k += 1
            term = g @ term / (k * parts)
            y = y + term
    return y


@dataclass(frozen=True)
class Taylor:
    """exp(hG)x by its power series on steps with h*norm(G) <= 6, summed to rounding; any constant generator."""

    name: str = "taylor"
    order: float = math.inf
    constant_only: bool = True
    skew_only: bool = False
    stochastic: bool = False
    stride: float = 6.0

    def advance(
        self, generator: Generator, x: Array, start: float, times: Sequence[float], tolerance: float
    ) -> Iterator[Array]:
        """Walk from save time to save time."""
        norm, now = generator.norm(), start
        for t in times:
            steps = max(1, math.ceil((t - now) * norm / self.stride))
            for _ in range(steps):
                x = self._step(generator, x, (t - now) / steps, now)
            now = t
            yield x

    def _step(self, generator: Generator, x: Array, h: float, now: float) -> Array:
        total, term = x.copy(), x
        small = 1e-17 * np.linalg.norm(x)
        for k in range(1, 200):
            term = generator.apply(now, term) * (h / k)
            total += term
            if np.linalg.norm(term) <= small:
                return total
        raise ConvergenceError("the Taylor series", float(np.linalg.norm(term)), float(small), "lower Taylor.stride.")


@cache
def _quiet() -> Any:
    """DOP853 that knows a step without any error: where both estimates vanish by underflow, their quotient is 0/0.

    Made when it is asked for: SciPy's integrators bring its optimisers, 15 MB that most runs do without.
    """
    from scipy.integrate import DOP853

    class Quiet(DOP853):  # type: ignore[misc]
        def _estimate_error_norm(self, stages: Array, h: float, scale: Array) -> float:
            with np.errstate(invalid="ignore"):
                norm = float(super()._estimate_error_norm(stages, h, scale))
            return 0.0 if math.isnan(norm) and np.isfinite(stages).all() else norm

    return Quiet


@dataclass(frozen=True)
class DormandPrince:
    """Adaptive Runge-Kutta of order 8 (DOP853) for time-dependent generators; never steps over an envelope's features.

    Save times are step ends, not interpolated, so that the declared order holds at each of them.
    """

    name: str = "dop853"
    order: float = 8.0
    constant_only: bool = False
    skew_only: bool = False
    stochastic: bool = False
    #: a fixed step for order measurements; None for error control
    fixed_step: float | None = None

    def advance(
        self, generator: Generator, x: Array, start: float, times: Sequence[float], tolerance: float
    ) -> Iterator[Array]:
        """Integrate from save time to save time with local tolerance 1e-3 of the asked one."""
        shape, y, now = x.shape, x.reshape(-1), start
        local = np.inf if self.fixed_step else max(1e-3 * tolerance, 1e-13)
        longest = self.fixed_step or generator.segment.max_step
        step: float | None = self.fixed_step

        def rhs(t: float, v: Array) -> Array:
            return generator.apply(t, v.reshape(shape)).reshape(-1)

        for t in times:
            if t > now:
                relative = 1e30 if self.fixed_step else max(local, 3e-14)
                first = None if step is None else min(step, t - now)
                solver = _quiet()(
                    rhs,
                    now,
                    y,
                    t,
                    max_step=longest,
                    rtol=relative,
                    atol=local if local < np.inf else 1e30,
                    first_step=first,
                )
                while solver.status == "running":
                    message = solver.step()
                    if solver.status == "failed":
                        raise ConvergenceError(
                            "the Runge-Kutta step", solver.h_abs, 0.0, f"{message}; raise [solve] tolerance."
                        )
                    # The last step is cut to hit the save time; the one before it tells the pace.
                    if solver.status == "running":
                        step = solver.h_abs
                y, now = solver.y, t
                # its closures refer to itself: without this its stages would stay until the garbage is collected
                solver.__dict__.clear()
            yield y.reshape(shape)


INTEGRATORS: tuple[Integrator, ...] = (
    Eigen(),
    Propagator(),
    Chebyshev(),
    LadderChebyshev(),
    DampedChebyshev(),
    Krylov(),
    Faber(),
    Taylor(),
    DormandPrince(),
    Magnus(),
    MomentFlow(),
)

#: those that work on a dense matrix of the generator, which only small problems have
NEEDS_DENSE = ("eigen", "propagator")


def choose(dimension: int, *, constant: bool, skew: bool, eigen_limit: int = EIGEN_LIMIT) -> Integrator:
    """The integrator for a segment: exact small ones first.

    Args:
        dimension: unknowns of one block of the generator.
        constant: whether the generator is constant.
        skew: whether it is -iH on a ket.
        eigen_limit: largest ket that is diagonalised.
    """
    if not constant:
        return DormandPrince()
    if skew:
        return Eigen() if dimension <= eigen_limit else Chebyshev()
    if dimension <= PROPAGATOR_LIMIT:
        return Propagator()
    return Taylor()
