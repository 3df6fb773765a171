r"""The Jordan-Wigner transformation: which spin chains are quadratic in Majorana operators, and their forms.

Along the axis z, with up the first basis state, two Majorana operators a cell are

.. math:: a_j = \Big(\prod_{l<j}\sigma^z_l\Big)\sigma^x_j,\qquad b_j = \Big(\prod_{l<j}\sigma^z_l\Big)\sigma^y_j,
          \qquad \sigma^z_j = -i a_j b_j,

so that fields along z and couplings of neighbours in the plane across z are quadratic,

.. math:: H = c + \frac{i}{4}\sum_{mn} A_{mn}\, g_m g_n,\qquad g = (a_0\dots a_{N-1}, b_0\dots b_{N-1}),
          \qquad \dot g = A g,

with A real and antisymmetric: xx and yy couplings and fields fill its block between a and b, xy and yx the two others.
The bond that closes a ring carries :math:`-P`, with the parity :math:`P = \prod_j\sigma^z_j`, so that a ring has one A
for either parity. A bond of the ends times the :math:`\sigma^z` of all cells between them is quadratic as it stands.
Axes x and y are reached by turning all spins, x -> y -> z -> x.

Sources: P. Jordan, E. Wigner 1928, doi:10.1007/BF01331938; E. Lieb, T. Schultz, D. Mattis 1961,
doi:10.1016/0003-4916(61)90115-4 (the chain, and the parity of the ring); A. Kitaev 2001,
doi:10.1070/1063-7869/44/10S/S29 (Majorana form and ground state parity).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from math import fsum
from typing import Any

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray

from qsb.algebra.blocks import RealArray
from qsb.algebra.opsum import OpSum
from qsb.algebra.site_operators import SPIN_OPERATORS
from qsb.algebra.space import Space
from qsb.algebra.terms import Global, Local, Matrix, Pair, Term, per_site
from qsb.errors import StructureError

#: Pauli components (1, x, y, z) of the named operators
_PAULI = {
    name: np.array([np.trace(SPIN_OPERATORS[p].conj().T @ m) / 2 for p in "ixyz"]) for name, m in SPIN_OPERATORS.items()
}
#: order of the components (1, x, y, z) that turns an axis into z
_TURNED = {"z": [0, 1, 2, 3], "x": [0, 2, 3, 1], "y": [0, 3, 1, 2]}
#: components below this, relative to the largest, are rounding
_ROUNDING = 1e-14


@dataclass(frozen=True)
class Near:
    """An operator of single cells and neighbouring cells, by Pauli components (1, x, y, z).

    Attributes:
        cells: N.
        site: of each cell, (N, 4), or (1, 4) if all are alike.
        bond: of each pair (i, i+1), (N-1, 4, 4), or (1, 4, 4) if all are alike.
        edge: of the pair (N-1, 0) that closes a ring, (4, 4).
        wound: of the pair (N-1, 0) times the z of all cells between them, (4, 4): it closes a ring of fermions.
        axis: what is called z here, of the spins as given.
    """

    cells: int
    site: RealArray
    bond: RealArray
    edge: RealArray
    wound: RealArray = field(default_factory=lambda: np.zeros((4, 4)))
    axis: str = "z"

    @classmethod
    def of(cls, op: OpSum, space: Space) -> Near | None:
        """Read the terms; None if one touches cells that are no neighbours, or is a user's matrix."""
        if not space.single_spin_group:
            return None
        sums = _Sums(space)
        if not all(sums.add(t) for t in op.active):
            return None
        return cls(space.sites, sums.site.real, sums.bond.real, sums.edge.real, sums.wound.real)

    @property
    def closed(self) -> bool:
        """Whether the ends are coupled by a bond whose sign depends on the parity."""
        return bool(np.any(self.edge))

    def turned(self, axis: str) -> Near:
        """With the spins turned so that `axis` becomes z."""
        order = _TURNED[axis]
        pair = np.ix_(order, order)
        return replace(
            self,
            site=self.site[:, order],
            bond=self.bond[:, pair[0], pair[1]],
            edge=self.edge[pair],
            wound=self.wound[pair],
            axis=axis,
        )

    def inside(self, first: int, count: int) -> Near:
        """Terms that lie wholly within `count` cells in a row."""
        if count == self.cells:
            return self
        n = self.cells
        site = np.broadcast_to(self.site, (n, 4))[first : first + count]
        bond = np.broadcast_to(self.bond, (n - 1, 4, 4))[first : first + count - 1]
        return Near(count, site, bond, np.zeros((4, 4)))

    def is_quadratic(self) -> bool:
        """Whether only fields along z, and couplings within the plane across z, are there."""
        if self.axis != "z" and np.any(self.wound):
            return False  # its string is along the former z
        scale = max(float(np.abs(a).max(initial=0.0)) for a in (self.site, self.bond, self.edge, self.wound))
        other = np.ones((4, 4), dtype=bool)
        other[[0, 0, 3], [0, 3, 0]] = False
        other[1:3, 1:3] = False
        rest = [self.site[:, 1:3], self.bond[:, other], self.edge[other], self.wound[1:3, [0, 3]], self.wound[[0, 3]]]
        return max(float(np.abs(a).max(initial=0.0)) for a in rest) <= _ROUNDING * scale


class _Sums:
    """Pauli components while terms are added."""

    def __init__(self, space: Space) -> None:
        self.space, self.n = space, space.sites
        self.site = np.zeros((1, 4), dtype=complex)
        self.bond = np.zeros((1 if self.n > 1 else 0, 4, 4), dtype=complex)
        self.edge, self.wound = np.zeros((2, 4, 4), dtype=complex)

    def add(self, term: Term) -> bool:
        """Add a term; False if it is not one of neighbours."""
        if isinstance(term, Matrix):
            return False
        if isinstance(term, Local):
            strength = np.asarray(per_site(term.strength, self.n, term.op))
            uniform = np.ndim(term.strength) == 0
            self.site = self.site + (strength[:1] if uniform else strength)[:, None] * _PAULI[term.op]
            return True
        if isinstance(term, Pair) and "i" not in (term.first, term.second):
            return self._pair(term)
        if isinstance(term, Global) and self.n > 2:
            # a product over all cells is no term of neighbours; of identities it is a number
            return term.op == "i" and self._words([(complex(term.strength), ())])
        if isinstance(term, Pair) and term.geometry in ("all", "power-law") and self.n > 3:
            return False
        return self._words(term.words(self.space))

    def _pair(self, term: Pair) -> bool:
        n = self.n
        if n == 1:
            return True
        product = np.outer(_PAULI[term.first], _PAULI[term.second])
        if term.geometry in ("chain", "ring"):
            w = np.atleast_1d(np.asarray(term.strength)) * term.factor(self.space)
            if np.ndim(term.strength):
                term.bonds(self.space)  # checks the number of strengths
            self.bond = self.bond + (w if len(w) == 1 else w[: n - 1])[:, None, None] * product
            if term.geometry == "ring" and n > 2:
                self.edge = self.edge + w[-1] * product
            return True
        if term.geometry == "explicit":
            w = np.triu(np.asarray(term.strength), 1) * term.factor(self.space)
            term.bonds(self.space)
            bond, corner = np.diagonal(w, 1).copy(), w[0, n - 1] if n > 2 else 0.0
            if np.count_nonzero(w) != np.count_nonzero(bond) + np.count_nonzero(corner):
                return False
            self.bond = self.bond + bond[:, None, None] * product
            self.edge = self.edge + corner * product.T  # the cell of the second operator is the left one
            return True
        return n <= 3 and self._words(term.words(self.space))

    def _words(self, words: Iterable[tuple[complex, tuple[tuple[int, str], ...]]]) -> bool:
        n = self.n
        for c, factors in words:
            acting = sorted((s, o) for s, o in factors if o != "i")
            if not acting:
                self.site = self.site + c / n * _PAULI["i"]
            elif len(acting) == 1:
                if len(self.site) < n:
                    self.site = np.repeat(self.site, n, axis=0)
                self.site[acting[0][0]] += c * _PAULI[acting[0][1]]
            elif len(acting) == 2:
                (i, first), (j, second) = acting
                if j == i + 1:
                    if len(self.bond) < n - 1:
                        self.bond = np.repeat(self.bond, n - 1, axis=0)
                    self.bond[i] += c * np.outer(_PAULI[first], _PAULI[second])
                elif j - i == n - 1:
                    self.edge = self.edge + c * np.outer(_PAULI[second], _PAULI[first])
                else:
                    return False
            elif len(acting) == n and all(o == "z" for _, o in acting[1:-1]):
                self.wound = self.wound + c * np.outer(_PAULI[acting[-1][1]], _PAULI[acting[0][1]])
            else:
                return False
        return True


@dataclass(frozen=True)
class QuadraticForm:
    r"""H = shift + (i/4) sum A_mn g_m g_n by the blocks of A between a and a, a and b, b and b, each sparse (N, N).

    Attributes:
        aa: real antisymmetric; empty for couplings xx, yy and fields.
        ab: real.
        bb: real antisymmetric.
        shift: a number.
    """

    aa: Any
    ab: Any
    bb: Any
    shift: float

    @property
    def cells(self) -> int:
        """N."""
        return int(self.ab.shape[0])

    @cached_property
    def bipartite(self) -> bool:
        """Whether A couples a and b only, so that N x N matrices carry everything."""
        return bool(self.aa.nnz == 0 and self.bb.nnz == 0)

    @cached_property
    def matrix(self) -> Any:
        """A as one sparse matrix, (2N, 2N)."""
        return sp.csr_array(sp.block_array([[self.aa, self.ab], [-self.ab.T, self.bb]]))


def is_closed(op: OpSum, space: Space) -> bool:
    """Whether an operator of neighbours couples the two ends."""
    near = Near.of(op, space)
    return near is not None and near.closed


def quadratic_axes(ops: Sequence[OpSum], space: Space) -> tuple[str, ...]:
    """Axes ('z', 'x', 'y') along which a Jordan-Wigner transformation makes every one of the operators quadratic."""
    nears = [Near.of(op, space) for op in ops]
    found = [n for n in nears if n is not None]
    if len(found) < len(nears):
        return ()
    return tuple(axis for axis in "zxy" if all(n.turned(axis).is_quadratic() for n in found))


def quadratic_form(op: OpSum, space: Space, *, axis: str | None = None, parity: int | None = None) -> QuadraticForm:
    """The Majorana form of an operator.

    Args:
        op: terms of single cells and neighbours.
        space: one group of spins.
        axis: ``z``, ``x`` or ``y``; the first that works if None.
        parity: +1 or -1, of the product of all spins along the axis; needed where the ends are coupled.

    Raises:
        StructureError: if the operator is not quadratic, or a ring's parity is not given.
    """
    near = quadratic_near(op, space, axis)
    if near.closed and parity not in (1, -1):
        raise StructureError("The bond that closes a ring depends on the parity; give parity=1 or parity=-1.")
    return form(near, parity or 1)


def form(near: Near, parity: int = 1) -> QuadraticForm:
    """The Majorana form of a quadratic operator whose axis is z."""
    n = near.cells
    site, bond = np.broadcast_to(near.site, (n, 4)), np.broadcast_to(near.bond, (n - 1, 4, 4))
    pairs = np.concatenate([bond, (near.edge + parity * _unwound(near.wound))[None]])
    left, right = np.arange(n), (np.arange(n) + 1) % n
    sign = np.where(np.arange(n) == n - 1, -float(parity), 1.0)
    field = site[:, 3].copy()
    np.add.at(field, left, pairs[:, 3, 0])
    np.add.at(field, right, pairs[:, 0, 3])
    # z = -i ab; xx = -i b a', yy = i a b', yx = i a a', xy = -i b b', and H = (i/4) A g g counts every pair twice
    xx, yy, yx, xy = (2 * sign * pairs[:, i, j] for i, j in ((1, 1), (2, 2), (2, 1), (1, 2)))
    row = np.concatenate([np.arange(n), right, left])
    column = np.concatenate([np.arange(n), left, right])
    ab = _sparse(np.concatenate([-2 * field, xx, yy]), row, column, n)
    aa = _sparse(np.concatenate([yx, -yx]), np.concatenate([left, right]), np.concatenate([right, left]), n)
    bb = _sparse(np.concatenate([-xy, xy]), np.concatenate([left, right]), np.concatenate([right, left]), n)
    shift = fsum(site[:, 0]) + fsum(pairs[:, 0, 0])
    return QuadraticForm(aa, ab, bb, shift)


def _unwound(wound: RealArray) -> RealArray:
    """The couplings of the ends that are, times P, those with a string: y z..z y = -P xx and y z..z x = P xy."""
    out = np.zeros((4, 4))
    turn = np.array([[0.0, 1.0], [-1.0, 0.0]])
    out[1:3, 1:3] = turn @ wound[1:3, 1:3] @ turn
    return out


def _sparse(values: RealArray, row: NDArray[Any], column: NDArray[Any], n: int) -> Any:
    out = sp.csr_array((values, (row, column)), shape=(n, n))
    out.sum_duplicates()
    out.eliminate_zeros()
    return out


def quadratic_near(op: OpSum, space: Space, axis: str | None) -> Near:
    """An operator with the spins turned so that it is quadratic along z.

    Raises:
        StructureError: if no axis, or not the one that is given, makes it quadratic.
    """
    near = Near.of(op, space)
    axes = [axis] if axis else list("zxy")
    for one in axes:
        if near is not None and near.turned(one).is_quadratic():
            return near.turned(one)
    raise StructureError(
        "The operator is not quadratic after a Jordan-Wigner transformation: only fields along one axis, and couplings "
        "of neighbours in the plane across it, are."
    )
