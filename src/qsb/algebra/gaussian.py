r"""Gaussian states of Majorana fermions by their covariance, :math:`\Gamma_{mn} = \frac{i}{2}\langle[g_m, g_n]\rangle`.

Order and signs of the g are those of `qsb.algebra.jordan_wigner`; everything else about such a state follows from Gamma
by Wick's theorem: the energy is :math:`c + \frac14\sum A_{mn}\Gamma_{mn}`, the variance
:math:`\frac18(|A|^2 - \mathrm{tr}\,A\Gamma A\Gamma)`, and a block of neighbouring cells has the eigenvalues
:math:`\prod_k (1\pm\nu_k)/2`, with :math:`\pm i\nu_k` the eigenvalues of the block's part of Gamma.

Sources: G. Vidal, J. I. Latorre, E. Rico, A. Kitaev 2003, doi:10.1103/PhysRevLett.90.227902 (entropy of a block);
I. Peschel 2003, doi:10.1088/0305-4470/36/14/101; E. Lieb, T. Schultz, D. Mattis 1961 (correlations).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from qsb.algebra.jordan_wigner import QuadraticForm
from qsb.algebra.majorana_modes import Modes, pfaffian
from qsb.errors import SpecError

RealArray = NDArray[np.float64]


@dataclass(frozen=True)
class Skew:
    """A real antisymmetric (2N, 2N) matrix by its blocks over (a, b); None for a diagonal block that vanishes.

    Attributes:
        ab: (N, N).
        aa: (N, N) antisymmetric, or None.
        bb: (N, N) antisymmetric, or None.
    """

    ab: RealArray
    aa: RealArray | None = None
    bb: RealArray | None = None

    @classmethod
    def split(cls, full: RealArray) -> Skew:
        """The blocks of a whole matrix."""
        n = len(full) // 2
        return cls(full[:n, n:], full[:n, :n], full[n:, n:])

    def full(self) -> RealArray:
        """The whole matrix."""
        n = len(self.ab)
        out = np.zeros((2 * n, 2 * n))
        out[:n, n:] = self.ab
        out[n:, :n] = -self.ab.T
        if self.aa is not None:
            out[:n, :n] = self.aa
        if self.bb is not None:
            out[n:, n:] = self.bb
        return out

    def inside(self, first: int, count: int) -> Skew:
        """The blocks of `count` cells in a row."""
        part = slice(first, first + count)
        return Skew(*(None if b is None else b[part, part] for b in (self.ab, self.aa, self.bb)))  # type: ignore[arg-type]

    def square(self) -> float:
        """Sum of all squared entries: 2N for a pure state, conserved by every quadratic Hamiltonian."""
        diagonal = sum(float(np.vdot(b, b)) for b in (self.aa, self.bb) if b is not None)
        return 2 * float(np.vdot(self.ab, self.ab)) + diagonal


def product_covariance(z: RealArray) -> Skew:
    """A product of cells with Bloch vectors (0, 0, z), (N,)."""
    return Skew(np.diag(-np.asarray(z, dtype=float)))


def mode_covariance(modes: Modes, polarisation: RealArray) -> Skew:
    """The state with given <i alpha_k beta_k>, (N,): -1 in every mode for the ground state, -tanh(e/2T) at T."""
    weighted = modes.left * polarisation
    block = weighted @ modes.right.T
    return Skew(block) if modes.bipartite else Skew.split(block - block.T)


def energy(a: QuadraticForm, state: Skew) -> float:
    """Mean of a quadratic Hamiltonian."""
    return a.shift + contract(a.aa, a.ab, a.bb, state)


def contract(aa: Any, ab: Any, bb: Any, state: Skew) -> float:
    """A quarter of the sum of A_mn Gamma_mn over sparse blocks of A."""
    total = 2 * _overlap(ab, state.ab)
    if state.aa is not None:
        total += _overlap(aa, state.aa)
    if state.bb is not None:
        total += _overlap(bb, state.bb)
    return total / 4


def _overlap(sparse: Any, dense: RealArray) -> float:
    coo = sparse.tocoo()
    return float(coo.data @ dense[coo.row, coo.col])


def variance(a: QuadraticForm, state: Skew) -> float:
    """Variance of a quadratic Hamiltonian."""
    m = a.matrix
    product = m @ state.full()
    return max(0.0, (float((m.data**2).sum()) - float(np.einsum("ij,ji->", product, product))) / 8)


def polarisations(state: Skew) -> RealArray:
    """The nu_k of a state in [0, 1], ascending, (N,); a mode has the eigenvalues (1 +- nu)/2."""
    full = state.full()
    # squares come in pairs; near nu = 0, where a root loses digits, probabilities near 1/2 do not
    squares = np.linalg.eigvalsh(full.T @ full)
    return np.asarray(np.clip(np.sqrt(np.maximum(squares[0::2], 0.0)), 0.0, 1.0))


def entropy(nu: RealArray) -> float:
    """Von Neumann entropy in nats, of modes with the eigenvalues (1 +- nu)/2."""
    p = np.concatenate([1 + nu, 1 - nu]) / 2
    p = p[p > 0]
    return float(-(p * np.log(p)).sum())


def block_entropy(state: Skew, first: int, count: int) -> float:
    """Entropy of `count` cells in a row, beginning with `first`, in nats."""
    return entropy(polarisations(state.inside(first, count)))


def correlation(state: Skew, axes: str, i: int, j: int) -> float:
    r"""Mean of two spins, :math:`\langle\sigma^a_i\sigma^b_j\rangle`, along the axes of the transformed spins.

    Args:
        state: the covariance.
        axes: two of ``xyz``, a of cell i and b of cell j.
        i: a cell.
        j: another one, beyond i.

    Raises:
        SpecError: on other axes or cells.
    """
    n = len(state.ab)
    if len(axes) != 2 or set(axes) - set("xyz") or not 0 <= i < j < n:
        raise SpecError(f"A correlation needs two of xyz and cells 0 <= i < j < {n}, but has {axes!r}, {i}, {j}.")
    if (axes[0] == "z") != (axes[1] == "z"):
        return 0.0  # an odd number of Majorana operators
    if axes == "zz":
        index, sign = [i, n + i, j, n + j], 1.0
    else:
        # x_i x_j = (-i)^r b_i (a b)_{i+1} .. (a b)_{j-1} a_j with r = j - i; y_i = i x_i z_i has a_i for b_i, and so on
        between = [m for k in range(i + 1, j) for m in (k, n + k)]
        index = [n + i if axes[0] == "x" else i, *between, j if axes[1] == "x" else n + j]
        sign = (-1.0) ** (j - i) * (-1.0 if axes[0] == "y" else 1.0)
    # <g_1 .. g_2r> = Pf(-i Gamma), and the operator carries (-i)^r: together (-1)^r Pf(Gamma)
    part = state.full()[np.ix_(index, index)]
    return sign * pfaffian(part)
