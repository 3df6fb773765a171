r"""All sectors of total spin of N spins 1/2 side by side, and permutation-symmetric operators in them.

A permutation-symmetric operator is :math:`\bigoplus_j O_j\otimes 1_{d_j}` with j = N/2, N/2-1, ... and
:math:`d_j = \binom{N}{N/2-j}-\binom{N}{N/2-j-1}`. Sums over cells and over pairs are polynomials of degree two in
:math:`J_\pm, J_z`: in the basis m = j, ..., -j they have at most two diagonals on each side; only a product over all
cells adds an antidiagonal. So all sectors together are (N/2+1)^2 or so rows of five numbers.

A Hermitian :math:`S + iA` (S symmetric, A antisymmetric) is packed into the real matrix S + A, row after row, sector
after sector: (N+1)(N+2)(N+3)/6 real numbers. Packing keeps scalar products: tr(O rho) = pack(O) . pack(rho).
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from math import comb, log
from typing import Any

import numpy as np
from numpy.typing import NDArray

from qsb.algebra.opsum import OpSum
from qsb.algebra.site_operators import SPIN_OPERATORS
from qsb.algebra.space import Space
from qsb.algebra.terms import Global, Local, Matrix, Pair
from qsb.errors import StructureError

Array = NDArray[Any]
Real = NDArray[np.float64]

#: diagonals on each side of the main one
REACH = 2
#: kernels run over rows in steps of so many columns: arrays of one number a row end in so many zeros more
LANES = 16


def multiplicity(cells: int, twice_j: int) -> int:
    """How often total spin j occurs among N spins 1/2: C(N, N/2-j) - C(N, N/2-j-1), exactly."""
    k = (cells - twice_j) // 2
    return comb(cells, k) - (comb(cells, k - 1) if k > 0 else 0)


def padded(rows: Array) -> Array:
    """Numbers (..., D) of all rows, with the zeros that kernels may read behind them."""
    return np.ascontiguousarray(np.concatenate([rows, np.zeros((*rows.shape[:-1], LANES))], axis=-1))


def packed_size(cells: int) -> int:
    """Numbers in a packed operator: the sum of (2j+1)^2 over all j, (N+1)(N+2)(N+3)/6."""
    return (cells + 1) * (cells + 2) * (cells + 3) // 6


@dataclass(frozen=True)
class Sectors:
    """Where each sector lies; j descends from N/2, inside a sector m descends from j.

    Attributes:
        cells: N.
    """

    cells: int

    @cached_property
    def twice_j(self) -> NDArray[np.int64]:
        """2j of each sector, (B,)."""
        return np.arange(self.cells, -1, -2)

    @cached_property
    def sizes(self) -> NDArray[np.int64]:
        """2j+1, (B,)."""
        return self.twice_j + 1

    @cached_property
    def rows(self) -> NDArray[np.int64]:
        """First row of each sector, and the number of all rows, (B+1,)."""
        return np.concatenate([[0], np.cumsum(self.sizes)])

    @cached_property
    def entries(self) -> NDArray[np.int64]:
        """First packed entry of each sector, and the number of all entries, (B+1,)."""
        return np.concatenate([[0], np.cumsum(self.sizes**2)])

    @cached_property
    def multiplicities(self) -> tuple[int, ...]:
        """Exact d_j of each sector."""
        return tuple(multiplicity(self.cells, int(jj)) for jj in self.twice_j)

    @cached_property
    def log_multiplicities(self) -> Real:
        """Natural logarithms of d_j, (B,)."""
        return np.array([log(d) for d in self.multiplicities])

    @cached_property
    def j(self) -> Real:
        """J of each row, (D,)."""
        return np.repeat(self.twice_j / 2, self.sizes)

    @cached_property
    def m(self) -> Real:
        """M of each row, (D,)."""
        return np.asarray(self.j - (np.arange(self.rows[-1]) - np.repeat(self.rows[:-1], self.sizes)))

    def unpack(self, x: Array, sector: int) -> Array:
        """Hermitian blocks (..., 2j+1, 2j+1) of one sector of packed states (..., n)."""
        n = int(self.sizes[sector])
        r = x[..., self.entries[sector] : self.entries[sector + 1]].reshape(*x.shape[:-1], n, n)
        t = np.swapaxes(r, -1, -2)
        out = np.empty(r.shape, dtype=complex)
        np.add(r, t, out=out.real)
        np.subtract(r, t, out=out.imag)
        out *= 0.5
        return out

    def pack(self, blocks: list[Array]) -> Real:
        """Pack Hermitian blocks, one a sector, batch axes first."""
        lead = blocks[0].shape[:-2]
        return np.concatenate([(b.real + b.imag).reshape(*lead, -1) for b in blocks], axis=-1)

    @cached_property
    def spins(self) -> dict[str, Banded]:
        """J_x, J_y, J_z, J_+ and J_- in all sectors."""
        j, m = self.j, self.m
        up, down = Banded.zero(self), Banded.zero(self)
        # <j, m+1| J_+ |j, m> sits one right of the diagonal in the row of m+1
        up.bands[REACH + 1] = np.sqrt((j + m) * (j - m + 1))
        down.bands[REACH - 1] = np.sqrt((j - m) * (j + m + 1))
        z = Banded.zero(self)
        z.bands[REACH] = m
        x, y = (up + down) * 0.5, (up + down * -1.0) * -0.5j
        return {"x": x, "y": y, "z": z, "+": up, "-": down}

    @cached_property
    def one(self) -> Banded:
        """The identity."""
        out = Banded.zero(self)
        out.bands[REACH] = 1.0
        return out


@dataclass(frozen=True, eq=False)
class Banded:
    """A permutation-symmetric operator in all sectors at once.

    Attributes:
        sectors: where each sector lies.
        bands: ``bands[REACH + k, r]`` is the entry k places right of the diagonal in row r, (5, D).
        anti: the entry on the antidiagonal of row r where no band holds it, (D,).
    """

    sectors: Sectors
    bands: Array
    anti: Array

    @classmethod
    def zero(cls, sectors: Sectors) -> Banded:
        """The operator 0."""
        d = int(sectors.rows[-1])
        return cls(sectors, np.zeros((2 * REACH + 1, d), dtype=complex), np.zeros(d, dtype=complex))

    @classmethod
    def of(cls, op: OpSum, space: Space, sectors: Sectors | None = None) -> Banded:
        """Turn an operator sum into diagonals.

        Args:
            op: a sum whose terms are permutation symmetric (`structure.is_permutation_symmetric`).
            space: one group of N spins.
            sectors: those of N spins, where they are at hand.

        Raises:
            StructureError: on an opaque matrix.
        """
        where, n = sectors or Sectors(space.sites), space.sites
        total = cls.zero(where)
        for t in op.active:
            if isinstance(t, Local):
                total += _sum(t.op, where) * complex(np.asarray(t.strength).flat[0])
            elif isinstance(t, Pair):
                if n > 1:
                    # of unlike operators half of the sum with its mirror image, which stands elsewhere in `op`
                    s, r = _sum(t.first, where), _sum(t.second, where)
                    o, p = SPIN_OPERATORS[t.first], SPIN_OPERATORS[t.second]
                    weight = t.alike(space)
                    total += ((s @ r + r @ s) * 0.5 + _square((o @ p + p @ o) / 2, where) * -1.0) * (weight / 2)
            elif isinstance(t, Global):
                total += _product(t.op, where) * complex(t.strength)
            elif isinstance(t, Matrix):
                raise StructureError("An opaque matrix has no sectors of total spin.")
            else:
                for c, factors in t.words(space):
                    names = [o for _, o in factors if o != "i"]
                    total += (_sum(names[0], where) if names else where.one) * c
        return total

    def __add__(self, other: Banded) -> Banded:
        """Sum."""
        return Banded(self.sectors, self.bands + other.bands, self.anti + other.anti)

    def __mul__(self, factor: complex) -> Banded:
        """Product with a number."""
        return Banded(self.sectors, self.bands * factor, self.anti * factor)

    def __matmul__(self, other: Banded) -> Banded:
        """Product of two tridiagonal operators: (AB)[r, r+k+l] = A[r, r+k] B[r+k, r+k+l]."""
        out = Banded.zero(self.sectors)
        for k in (-1, 0, 1):
            for step in (-1, 0, 1):
                moved = np.roll(other.bands[REACH + step], -k)
                out.bands[REACH + k + step] += self.bands[REACH + k] * moved
        return out

    @cached_property
    def is_diagonal(self) -> bool:
        """Whether nothing moves m."""
        off = np.delete(self.bands, REACH, axis=0)
        return not np.any(off) and not np.any(self.anti)

    def dense(self, sector: int) -> Array:
        """The matrix (2j+1, 2j+1) in one sector."""
        n, at = int(self.sectors.sizes[sector]), int(self.sectors.rows[sector])
        out = np.zeros((n, n), dtype=complex)
        for k in range(-REACH, REACH + 1):
            if abs(k) < n:
                a, b = max(0, -k), min(n, n - k)
                out[np.arange(a, b), np.arange(a, b) + k] = self.bands[REACH + k, at + a : at + b]
        out[np.arange(n), n - 1 - np.arange(n)] += self.anti[at : at + n]
        return out

    @cached_property
    def blocks(self) -> list[Array]:
        """The matrices of all sectors."""
        return [self.dense(b) for b in range(len(self.sectors.sizes))]

    def packed(self) -> Real:
        """Itself as a packed vector, whose product with a packed state is the expectation value."""
        return self.sectors.pack(self.blocks)


def _sum(name: str, s: Sectors) -> Banded:
    """Sum over cells of a site operator."""
    if name == "i":
        return s.one * s.cells
    if name == "n":
        return s.spins["z"] + s.one * (s.cells / 2)
    return s.spins[name] if name in "+-" else s.spins[name] * 2.0


def _square(square: Array, s: Sectors) -> Banded:
    """Sum over cells of o^2, which is diagonal for every spin operator."""
    up, down = complex(square[0, 0]), complex(square[1, 1])
    return s.one * ((up + down) * s.cells / 2) + s.spins["z"] * (up - down)


def _product(name: str, s: Sectors) -> Banded:
    """Product over all cells of a site operator."""
    out = Banded.zero(s)
    downs = np.rint(s.cells / 2 - s.m).astype(np.int64)
    if name == "i":
        return s.one
    if name == "z":
        out.bands[REACH] = 1.0 - 2.0 * (downs % 2)
        return out
    values = np.zeros(len(s.m), dtype=complex)
    singlets = np.rint(s.cells / 2 - s.j).astype(np.int64)
    if name == "x":
        values[:] = 1.0 - 2.0 * (singlets % 2)
    elif name == "y":
        # the column of row m is -m, which holds k = j + m lowerings
        lowered = np.rint(s.j + s.m).astype(np.int64)
        values[:] = 1j ** (s.cells % 4) * (1.0 - 2.0 * (lowered % 2))
    elif name in "+-":
        # only all up and all down are joined
        values[0 if name == "+" else s.cells] = 1.0
    else:
        out.bands[REACH, 0] = 1.0
        return out
    offset = np.rint(2 * s.m).astype(np.int64)  # the column of -m lies 2m right of the row of m
    for k in range(-REACH, REACH + 1):
        at = offset == k
        out.bands[REACH + k, at] = values[at]
        values[at] = 0.0
    out.anti[:] = values
    return out
