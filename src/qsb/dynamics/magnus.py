r"""Commutator-free Magnus integrator of order 4 for kets under -iH(t).

One step is a product of three exponentials of combinations of H at the Gauss-Legendre nodes,

.. math:: \psi(t+h) = e^{\Omega_3} e^{\Omega_2} e^{\Omega_1} \psi(t), \qquad
          \Omega_j = \sum_n f_{jn} A_n, \quad A_n = (2n-1) \int_0^1 P_{n-1}(2s-1) \, (-i h H(t + sh)) \, ds,

with the rational coefficients of Alvermann and Fehske, J. Comput. Phys. 230 (2011) 5930 (method CF4:3), which keep the
fourth order of Blanes and Moan, Appl. Numer. Math. 56 (2006) 1519, at a smaller error. Each exponential is taken by
Lanczos with a bound of its error, so the norm is kept at any step length.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from qsb.dynamics.krylov import lanczos
from qsb.dynamics.representation import Apply, Array, Generator
from qsb.errors import ConvergenceError

#: (f_j1, f_j2, f_j3), the first to act first
_SCHEME = np.array([[11 / 40, -20 / 87, 7 / 50], [9 / 20, 0.0, -7 / 25], [11 / 40, 20 / 87, 7 / 50]])
_NODES, _WEIGHTS = np.polynomial.legendre.leggauss(3)
#: (2n-1) P_{n-1} at the nodes, times weights that add up to 1
_MOMENTS = np.array([np.ones(3), 3 * _NODES, 5 * (3 * _NODES**2 - 1) / 2]) * _WEIGHTS / 2
#: value of an envelope at the nodes to the factor that it has in each exponential
_MIX = _SCHEME @ _MOMENTS
#: most Lanczos vectors of one exponential; one that needs more is halved
_VECTORS = 30


@dataclass(frozen=True)
class Magnus:
    """Fourth-order Magnus steps with step doubling; never steps over an envelope's features.

    Save times are step ends, so that the declared order holds at each of them.
    """

    name: str = "magnus"
    order: float = 4.0
    constant_only: bool = False
    skew_only: bool = True
    stochastic: bool = False
    #: a fixed step for order measurements; None for error control
    fixed_step: float | None = None

    def advance(
        self, generator: Generator, x: Array, start: float, times: Sequence[float], tolerance: float
    ) -> Iterator[Array]:
        """Integrate from save time to save time; the errors of all steps add up to half of the tolerance."""
        segment = generator.segment
        whole = max(segment.end - segment.start, times[-1] - start)
        rate = max(0.5 * tolerance, 1e-13) / whole if whole > 0 else np.inf
        pair = 0.5 * min(segment.max_step, whole)
        now = start
        for t in times:
            if self.fixed_step is not None:
                count = max(1, round((t - now) / self.fixed_step))
                for k in range(count if t > now else 0):
                    x = _step(generator, x, now + k * (t - now) / count, (t - now) / count, 1e-15)
                now = t
            while now < t:
                x, now, pair = _pair(generator, x, now, t, pair, rate)
            yield x


def _pair(
    generator: Generator, x: Array, now: float, end: float, length: float, rate: float
) -> tuple[Array, float, float]:
    """Two steps that agree with one of twice the length; returns the state, its time and the next length.

    Raises:
        ConvergenceError: if no length is short enough.
    """
    length = min(length, generator.segment.max_step)
    while True:
        # equal pairs up to the end rather than a short last one
        parts = np.ceil((end - now) / length * (1 - 1e-12))
        h = (end - now) / parts
        if not now + h / 2 > now:
            raise ConvergenceError(
                "the Magnus step", float(h), 0.0, "the envelope is too rough; raise [solve] tolerance."
            )
        allowed = rate * h
        exact = min(0.01 * allowed, 1e-10)
        half = _step(generator, x, now, h / 2, exact)
        fine = _step(generator, half, now + h / 2, h / 2, exact)
        coarse = _step(generator, x, now, h, exact)
        # the local error falls with the fifth power, two halves make 1/16 of the whole
        error = float(np.linalg.norm(fine - coarse)) / 15
        factor = 0.9 * (allowed / max(error, 1e-300)) ** 0.25
        longer = h * min(max(factor, 0.2), 3.0)
        if error <= allowed:
            # a pair cut short by a save time does not shorten the next one
            return fine, end if parts == 1 else now + h, max(longer, length) if factor > 1 else longer
        length = longer


def _step(generator: Generator, x: Array, t: float, h: float, error: float) -> Array:
    """One step of length h."""
    pieces = [apply for _, apply in generator.unitary]
    values = np.array([[1.0 if c is None else c(t + h * (1 + s) / 2) for s in _NODES] for c, _ in generator.unitary])
    for factors in h * (_MIX @ values.T):
        x = _exponential(pieces, factors, x, error / 3)
    return x


def _exponential(pieces: Sequence[Apply], factors: Sequence[float], x: Array, error: float) -> Array:
    """exp(sum_k factor_k (-iH_k)) x, in as many equal parts as Lanczos needs."""

    def multiply(v: Array) -> Array:
        total = factors[0] * pieces[0](v)
        for factor, piece in zip(factors[1:], pieces[1:], strict=True):
            if factor:
                total += factor * piece(v)
        return total

    left = 1.0
    while left > 0:
        basis = lanczos(_scaled(multiply, left), x, _VECTORS, max(error, 1e-16))
        part = min(1.0, basis.reach(max(error, 1e-16)))
        x = basis.at([part])[0]
        left = 0.0 if part == 1.0 else left * (1 - part)
    return x


def _scaled(multiply: Callable[[Array], Array], factor: float) -> Callable[[Array], Array]:
    return multiply if factor == 1.0 else lambda v: factor * multiply(v)
