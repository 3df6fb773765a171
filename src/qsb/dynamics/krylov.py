r"""Exponentials of Hermitian matrices on kets by the Lanczos recursion, with a bound of the error.

After m steps, :math:`e^{-i\tau H}x \approx V e^{-i\tau T} e_1 |x|`, with V orthonormal and T tridiagonal, so the norm
is kept. The error is :math:`\beta_m \int_0^\tau |(e^{-isT})_{m1}| ds` at most (Saad, SIAM J. Numer. Anal. 29 (1992)
209; the residual integrated), and the entry is a product of the :math:`\beta` times a divided difference of
exponentials, never above :math:`s^{m-1}/(m-1)!`. So

.. math:: |x| \, \tau^m \, \beta_1 \beta_2 \cdots \beta_m / m!

bounds the error by numbers that the recursion gives anyway: no exponential is needed to know when to stop.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from qsb.dynamics.representation import Array, Generator

Multiply = Callable[[Array], Array]


@dataclass(frozen=True)
class Basis:
    """Lanczos vectors of -iH from x.

    Attributes:
        vectors: orthonormal rows, (m, D).
        diagonal: of T, (m,).
        off: couplings, the one to the vector that was left out last, (m,).
        norm: length of x.
    """

    vectors: Array
    diagonal: NDArray[np.float64]
    off: NDArray[np.float64]
    norm: float

    @property
    def log_bound(self) -> float:
        """Logarithm of the error bound at time 1, relative to the norm."""
        return _log(self.off.prod()) - math.lgamma(len(self.off) + 1)

    def reach(self, error: float) -> float:
        """Longest time at which the bound of the relative error is at most `error`; infinite in a closed space."""
        if self.log_bound == -math.inf:
            return math.inf
        return math.exp((math.log(error) - self.log_bound) / len(self.off))

    def at(self, times: Sequence[float]) -> Array:
        """exp(-iH t) x at each time, (T, D)."""
        t = np.diag(self.diagonal) + np.diag(self.off[:-1], 1) + np.diag(self.off[:-1], -1)
        e, u = np.linalg.eigh(t)
        weights = (np.exp(-1j * np.outer(np.asarray(times), e)) * u[0]) @ u.T
        return np.asarray(self.norm * (weights @ self.vectors))


def _log(value: float) -> float:
    return math.log(value) if value > 0 else -math.inf


def lanczos(multiply: Multiply, x: Array, most: int, error: float = 0.0) -> Basis:
    """Lanczos vectors of H from x.

    Args:
        multiply: v to -iHv.
        x: a ket (D,), not zero.
        most: largest number of vectors.
        error: stop as soon as the error bound at time 1 is not above this, relative to the norm of x.
    """
    norm = float(np.linalg.norm(x))
    vectors = np.empty((min(most, x.size), x.size), dtype=complex)
    diagonal: list[float] = []
    off: list[float] = []
    log_bound, log_error = 0.0, _log(error)
    vectors[0] = x / norm
    for k in range(len(vectors)):
        v = vectors[k]
        w = multiply(v)
        # -i <v|H|v> is imaginary
        diagonal.append(-float(np.vdot(v, w).imag))
        w = w + (1j * diagonal[-1]) * v
        if k:
            w += (1j * off[-1]) * vectors[k - 1]
        # what rounding left of the earlier vectors
        w -= (vectors[: k + 1].conj() @ w) @ vectors[: k + 1]
        size = float(np.linalg.norm(w))
        scale = max(abs(diagonal[0]), off[0] if off else size, 1e-300)
        closed = size <= 1e-14 * scale or k + 1 == x.size
        off.append(0.0 if closed else size)
        log_bound += _log(off[-1]) - math.log(k + 1)
        if closed or log_bound <= log_error or k + 1 == len(vectors):
            break
        vectors[k + 1] = w * (1j / size)
    m = len(diagonal)
    return Basis(vectors[:m], np.array(diagonal), np.array(off), norm)


@dataclass(frozen=True)
class Krylov:
    """exp(-iHt) in Lanczos vectors: matrix-free, needs no spectral bounds, many save times from one space."""

    name: str = "krylov"
    order: float = math.inf
    constant_only: bool = True
    skew_only: bool = True
    stochastic: bool = False
    #: vectors of one space, as many as the bytes allow, but never fewer than 12: short steps add up their rounding
    vectors: int = 40
    basis_bytes: int = 2**28
    #: bound of the error of one space, relative to the norm: rounding
    error: float = 1e-15

    def advance(
        self, generator: Generator, x: Array, start: float, times: Sequence[float], tolerance: float
    ) -> Iterator[Array]:
        """One space after another, each as far as its error bound reaches."""
        most = max(12, min(self.vectors, self.basis_bytes // x.nbytes))
        at, now = 0, start
        while at < len(times):
            if times[at] <= now:
                yield x
                at += 1
                continue
            basis = lanczos(lambda v, t=now: generator.apply(t, v), x, most)  # type: ignore[misc]
            end = now + basis.reach(self.error)
            group = [t for t in times[at:] if t <= end]
            # a batch of states takes no more than the space itself
            group = group[: len(basis.off)]
            if group:
                states = basis.at([t - now for t in group])
                yield from states
                x, now, at = states[-1], group[-1], at + len(group)
            else:
                x, now = basis.at([end - now])[0], end
