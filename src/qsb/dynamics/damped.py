"""Chebyshev expansion of a Lindbladian that is mostly Hamiltonian."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import jv

from qsb.dynamics.costs import walkable
from qsb.dynamics.energy_shell import term_count
from qsb.dynamics.faber import Faber
from qsb.dynamics.representation import Array, Generator
from qsb.errors import ConvergenceError

#: by how much vectors of a damped expansion may grow, which amplifies rounding
GROWTH = 1e4


@dataclass(frozen=True)
class DampedChebyshev:
    r"""exp(tL) of a Lindbladian that is mostly Hamiltonian, in Chebyshev polynomials of imaginary argument.

    .. math:: e^{tL} = J_0(bt) + 2\sum_{k\ge 1} J_k(bt)\,\varphi_k(L/b), \qquad
              \varphi_{k+1}(z) = 2 z\,\varphi_k(z) + \varphi_{k-1}(z)

    b bounds the differences of energies. Off the axis the polynomials grow as exp(k damping/b), by which rounding is
    amplified: windows are so short that this stays small. A Lindbladian that is mostly damping is left to `Faber`.
    """

    name: str = "damped"
    order: float = math.inf
    constant_only: bool = True
    skew_only: bool = False
    stochastic: bool = False
    #: longest window in units of one over the damping
    longest: float = 3.0
    #: save times of one window
    outputs: int = 4

    def advance(
        self, generator: Generator, x: Array, start: float, times: Sequence[float], tolerance: float
    ) -> Iterator[Array]:
        """Window by window, each with several save times; long ways are walked in equal strides."""
        assert generator.bounds is not None
        low, width = generator.bounds()
        b = 1.02 * width - low + 1e-12
        reach = self.longest / max(-low, 1e-300)
        walkable(b * (times[-1] - start if len(times) else 0.0), "damped")
        if low < 0 and term_count(b * reach) * math.asinh(-low / b) > math.log(GROWTH):
            yield from Faber().advance(generator, x, start, times, tolerance)
            return
        now, at = start, 0
        while at < len(times):
            group = [t for t in times[at : at + self.outputs] if t - now <= reach]
            if not group:
                strides = math.ceil((times[at] - now) / reach)
                step = (times[at] - now) / strides
                x, now = self._window(generator, x, now, np.array([step]), b)[0], now + step
                continue
            states = self._window(generator, x, now, np.array(group) - now, b)
            yield from states
            x, now, at = states[-1], group[-1], at + len(group)

    def _window(self, generator: Generator, x: Array, now: float, steps: NDArray[np.float64], b: float) -> list[Array]:
        phases = b * steps
        terms = term_count(float(phases.max()))
        k = np.arange(terms)
        weights = np.where(k == 0, 1.0, 2.0) * jv(k, phases[:, None])
        out = [w * x for w in weights[:, 0]]
        previous, current = x, generator.apply(now, x) / b
        size = float(np.linalg.norm(x))
        for j in range(1, terms):
            for total, w in zip(out, weights[:, j], strict=True):
                if abs(w) > 1e-17:
                    total += w * current
            if float(np.linalg.norm(current)) > GROWTH * size:
                raise ConvergenceError(
                    "the growth of the Chebyshev recursion", GROWTH, 1.0, "its bounds are too narrow: report this."
                )
            following = generator.apply(now, current)
            following *= 2 / b
            following += previous
            previous, current = current, following
        return out
