r"""Normal modes of a quadratic Majorana form, their energies, and the parity of their ground state.

An antisymmetric A has pairs of eigenvalues :math:`\pm i\epsilon_k`; all of it is found in real arithmetic.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import scipy.linalg as la

from qsb.algebra.blocks import RealArray
from qsb.algebra.jordan_wigner import QuadraticForm


@dataclass(frozen=True)
class Modes:
    r"""Normal modes, :math:`H = c + \frac{i}{2}\sum_k \epsilon_k\,\alpha_k\beta_k`, each of energies -e/2 and e/2.

    Attributes:
        energies: e >= 0, (N,).
        left: columns of alpha = left^T g; (N, N) over a alone if `bipartite`, otherwise (2N, N).
        right: columns of beta; over b alone if `bipartite`.
        bipartite: see `QuadraticForm`.
    """

    energies: RealArray
    left: RealArray
    right: RealArray
    bipartite: bool

    @cached_property
    def parity(self) -> int:
        """Parity of the lowest state: the determinant of the transformation."""
        if self.bipartite:
            return round(float(np.linalg.slogdet(self.left)[0] * np.linalg.slogdet(self.right)[0]))
        return round(float(np.linalg.slogdet(np.hstack([self.left, self.right]))[0]))


def normal_modes(a: QuadraticForm) -> Modes:
    """Modes by one real singular value decomposition.

    A general A is first turned into an antisymmetric tridiagonal matrix, which couples even with odd rows only. Both
    ways are real and orthogonal to rounding, whatever modes are degenerate or vanish.
    """
    n = a.cells
    if a.bipartite:
        m = a.ab.toarray()
        diagonal = np.diagonal(m)
        if np.count_nonzero(m) == np.count_nonzero(diagonal):
            return Modes(np.abs(diagonal), np.diag(np.where(diagonal < 0, -1.0, 1.0)), np.eye(n), True)
        u, s, vt = la.svd(m, overwrite_a=True, check_finite=False)
        return Modes(s, u, np.ascontiguousarray(vt.T), True)
    t, q = la.hessenberg(a.matrix.toarray(), calc_q=True, overwrite_a=True, check_finite=False)
    beside = np.diagonal(t, -1)
    b = np.diag(-beside[0::2]) + np.diag(beside[1::2], -1)
    u, s, vt = la.svd(b, overwrite_a=True, check_finite=False)
    return Modes(s, q[:, 0::2] @ u, q[:, 1::2] @ vt.T, False)


def mode_energies(a: QuadraticForm) -> RealArray:
    """The energies e_k >= 0 of the modes, ascending, (N,): every level of an open chain is a sum of +-e_k/2."""
    if not a.bipartite:
        return _beside(np.diagonal(la.hessenberg(a.matrix.toarray(), overwrite_a=True), -1))
    coo = a.ab.tocoo()
    step = coo.col - coo.row
    n = a.cells
    if np.all(step == 0):
        return np.sort(np.abs(a.ab.diagonal()))
    for k in (1, -1):
        if np.all((step == 0) | (step == k)):
            beside = np.zeros(2 * n - 1)
            beside[0::2] = a.ab.diagonal()
            beside[1::2] = a.ab.diagonal(k)
            return _beside(beside)
    return np.asarray(la.svdvals(a.ab.toarray(), overwrite_a=True)[::-1], dtype=np.float64)


def _beside(beside: RealArray) -> RealArray:
    """Positive eigenvalues of the symmetric tridiagonal matrix with zero diagonal: to rounding of the largest."""
    size = len(beside) + 1
    pairs = la.eigvalsh_tridiagonal(np.zeros(size), np.abs(beside), lapack_driver="sterf")
    return np.asarray(np.maximum(pairs[size // 2 :], 0.0))


def pfaffian(a: RealArray) -> float:
    """Pfaffian of a real antisymmetric matrix of even size, through its tridiagonal form."""
    sign, log = _log_pfaffian(a)
    return float(sign * np.exp(log))


def _log_pfaffian(a: RealArray) -> tuple[float, float]:
    if len(a) == 0:
        return 1.0, 0.0
    t, q = la.hessenberg(a, calc_q=True)
    pairs = np.diagonal(t, 1)[0::2]
    with np.errstate(divide="ignore"):
        log = float(np.log(np.abs(pairs)).sum())
    return float(np.linalg.slogdet(q)[0] * np.prod(np.sign(pairs))), log


def ground_parity(a: QuadraticForm) -> int:
    """Parity of the lowest state without its modes; 0 where a mode vanishes, so that both parities are lowest."""
    if a.bipartite:
        return round(float(np.linalg.slogdet(a.ab.toarray())[0]))
    n = a.cells
    sign, _ = _log_pfaffian(a.matrix.toarray())
    return round(sign) * (-1 if n * (n - 1) // 2 % 2 else 1)
