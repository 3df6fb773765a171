r"""Operators on two ladders: the Dicke states of alike cells (rows) times the states of one charger group (columns).

Every collective term is a sum of products (operator of the rows) x (operator of the columns), each banded: its
diagonals are kept, nothing larger. Of spins the states run from all up, :math:`m = N/2`, to all down; of a mode, which
the battery may be as well, they are the Fock states 0..cutoff.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray

from qsb.algebra import build
from qsb.algebra.opsum import OpSum
from qsb.algebra.space import Boson, Group, Space, Spin
from qsb.algebra.terms import Cross, Global, Local, Pair, Word
from qsb.errors import StructureError

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
#: {offset: w}: the matrix elements <i|O|i + offset> = w[i], zero where i + offset is no state
Band = dict[int, NDArray[np.complex128]]


@dataclass(frozen=True)
class Product:
    """An operator of the rows times one of the columns."""

    rows: Band
    columns: Band


def ladder_dimension(group: Group) -> int:
    """Number of states of a group's ladder: cutoff + 1 of a mode, count + 1 of alike spins."""
    return group.kind.dimension if isinstance(group.kind, Boson) else group.count + 1


def products(op: OpSum, space: Space) -> list[Product]:
    """An operator of one battery group and one charger group as products of ladder operators.

    Args:
        op: every term collective (`structure.is_collective`).
        space: one battery group of spins, or one battery mode, and one charger group.
    """
    cells, charger = space.part("battery").groups[0], space.part("charger").groups[0]
    out: list[Product] = []
    for t in op.active:
        if isinstance(t, Local | Pair | Global):
            alone = _band(OpSum((t,)), space.group(t.group))
            one = _identity(charger if t.group == cells.name else cells)
            out.append(Product(alone, one) if t.group == cells.name else Product(one, alone))
        elif isinstance(t, Cross):
            names = {t.group_a: t.first, t.group_b: t.second}
            rows = _band(OpSum((Local(names[cells.name], t.strength, cells.name),)), cells)
            out.append(Product(rows, _band(OpSum((Local(names[charger.name], 1.0, charger.name),)), charger)))
        elif isinstance(t, Word):
            named = {space.group_of(s).name: o for s, o in t.factors}
            rows = _band(OpSum((Local(named.get(cells.name, "i"), t.strength, cells.name),)), cells, single=True)
            columns = OpSum((Local(named.get(charger.name, "i"), 1.0, charger.name),))
            out.append(Product(rows, _band(columns, charger, single=True)))
        else:
            raise StructureError("An opaque matrix is no operator of ladders.")
    return [p for p in out if p.rows and p.columns]


def parted(op: OpSum, space: Space) -> list[tuple[OpSum, Band]]:
    """The same sum with the cells' operators as they are written: they act in every sector of total spin.

    Args:
        op: every term collective (`structure.is_collective`).
        space: one battery group of spins and one charger group.

    Returns:
        Pairs of an operator of the battery's own space and one of the charger's ladder.
    """
    cells, charger = space.part("battery").groups[0], space.part("charger").groups[0]
    out: list[tuple[OpSum, Band]] = []
    for t in op.active:
        if isinstance(t, Local | Pair | Global):
            if t.group == cells.name:
                out.append((OpSum((t,)), _identity(charger)))
            else:
                out.append((OpSum((Word(1.0, ()),)), _band(OpSum((t,)), charger)))
        elif isinstance(t, Cross):
            names = {t.group_a: t.first, t.group_b: t.second}
            columns = _band(OpSum((Local(names[charger.name], 1.0, charger.name),)), charger)
            out.append((OpSum((Local(names[cells.name], t.strength, cells.name),)), columns))
        elif isinstance(t, Word):
            named = {space.group_of(s).name: o for s, o in t.factors}
            factors = ((0, named[cells.name]),) if cells.name in named else ()
            columns = _band(OpSum((Local(named.get(charger.name, "i"), 1.0, charger.name),)), charger, single=True)
            out.append((OpSum((Word(t.strength, factors),)), columns))
        else:
            raise StructureError("An opaque matrix is no operator of ladders.")
    return out


def _identity(group: Group) -> Band:
    return {0: np.ones(ladder_dimension(group), dtype=complex)}


def _band(op: OpSum, group: Group, single: bool = False) -> Band:
    """Diagonals of an operator of one group; with `single` the sum over sites stands for one site, or none."""
    if single and isinstance(op.terms[0], Local) and op.terms[0].op == "i":
        return {0: np.full(ladder_dimension(group), complex(np.asarray(op.terms[0].strength)))}
    if isinstance(group.kind, Boson):
        total: Band = {}
        for t in op.active:
            name = t.op if isinstance(t, Local | Global) else "i"
            strength = complex(np.asarray(getattr(t, "strength", 1.0)).flat[0])
            for offset, w in build.boson_band(name, group.kind.highest).items():
                total[offset] = total.get(offset, 0) + strength * w
        return total
    return diagonals(build.collective(op, Space((Group(group.name, Spin(), group.count),))))


def diagonals(matrix: NDArray[np.complex128]) -> Band:
    """The diagonals of a matrix that are not zero, as a band."""
    i, j = np.nonzero(matrix)
    out: Band = {}
    for offset in np.unique(j - i):
        w = np.zeros(len(matrix), dtype=complex)
        w[max(0, -offset) : len(matrix) - max(0, offset)] = np.diagonal(matrix, offset)
        out[int(offset)] = w
    return out


def sparse(found: list[Product], shape: tuple[int, int]) -> Any:
    """Sparse matrix on the whole grid, rows times columns."""
    total: Any = sp.csr_array((shape[0] * shape[1],) * 2, dtype=complex)
    for p in found:
        total = total + sp.kron(matrix(p.rows, shape[0]), matrix(p.columns, shape[1]), format="csr")
    return sp.csr_array(total)


def matrix(band: Band, size: int) -> Any:
    """Sparse matrix of a band."""
    parts = [w[max(0, -k) : size - max(0, k)] for k, w in band.items()]
    return sp.diags_array(parts, offsets=list(band), shape=(size, size), dtype=complex)


def reached(start: NDArray[np.bool_], found: list[Product]) -> NDArray[np.bool_]:
    """All states that products of the operators lead to from the set ones, (R, C): conserved numbers shut out the rest.

    An operator O leads from j to i where <i|O|j> is not zero.
    """
    from qsb.algebra.kernels import ladder

    steps = [
        (-dm, -dn, np.roll(u, dm), np.roll(w, dn))  # the weights of <i|O|i + d> as functions of where a step begins
        for p in found
        for dm, u in p.rows.items()
        for dn, w in p.columns.items()
        if (dm, dn) != (0, 0)
    ]
    mask = start.copy()
    if steps:
        down, right = (np.array([s[k] for s in steps], dtype=np.int64) for k in (0, 1))
        rows, columns = (np.array([np.abs(s[k]) for s in steps]) for k in (2, 3))
        ladder.reach(mask, down, right, rows, columns)
    return mask


def leaks(mask: NDArray[np.bool_], op: OpSum, space: Space) -> bool:
    """Whether an operator leads from reached states to Fock states beyond a cutoff."""
    wider = Space(
        tuple(
            Group(g.name, Boson(g.kind.highest + 4), 1, g.role) if isinstance(g.kind, Boson) else g
            for g in space.groups
        )
    )
    if wider == space:
        return False
    height, width = mask.shape
    start = np.zeros(tuple(ladder_dimension(wider.part(r).groups[0]) for r in ("battery", "charger")), dtype=bool)
    start[:height, :width] = mask
    found = reached(start, products(op, wider))
    return bool(np.any(found[height:]) or np.any(found[:, width:]))


@dataclass(frozen=True)
class Layout:
    """Where the reached states of a grid are kept: each row's columns first, first + stride, ...

    Attributes:
        mask: reached states, (R, C).
        stride: distance of the columns that a row holds.
        first: first column of each row, (R,).
        width: number of columns kept of a row.
    """

    mask: NDArray[np.bool_]
    stride: int
    first: Ints
    width: int

    @classmethod
    def of(cls, mask: NDArray[np.bool_]) -> Layout:
        """The widest stride that holds all reached states, if the rows have few kinds of columns; 1 otherwise."""
        height, wide = mask.shape
        used = [np.flatnonzero(row) for row in mask]
        gaps = [int(g) for cols in used for g in np.diff(cols[:64])]
        stride = int(np.gcd.reduce(gaps)) if gaps else 1
        first = np.array([int(cols[0]) % stride if len(cols) else 0 for cols in used], dtype=np.int64)
        held = all(np.all((cols - f) % stride == 0) for cols, f in zip(used, first, strict=True))
        if not held or stride > 4:
            stride, first = 1, np.zeros(height, dtype=np.int64)
        return cls(mask, stride, first, -(-wide // stride))

    @property
    def states(self) -> int:
        """Number of reached states."""
        return int(np.count_nonzero(self.mask))

    def columns(self) -> Ints:
        """Grid column of each kept place (R, width); may lie beyond the last column."""
        return np.asarray(self.first[:, None] + self.stride * np.arange(self.width))

    def places(self) -> Ints:
        """Place (row times width + column) of each reached state, in the order of the flat grid."""
        r, c = np.nonzero(self.mask)
        return np.asarray(r * self.width + (c - self.first[r]) // self.stride)

    def classes(self) -> list[Ints]:
        """Rows that hold the same columns, class by class: rows of different classes share no column."""
        return [np.flatnonzero(self.first == f) for f in np.unique(self.first)]


def real(found: list[Product]) -> list[Product] | None:
    """The same sum with real weights, operators of equal rows or columns taken together; None if it has none.

    Two imaginary factors, as in y times p, have a real product.
    """
    turned = []
    for p in found:
        imaginary = [all(not np.any(w.real) for w in band.values()) for band in (p.rows, p.columns)]
        # i A times i B is -A B
        left, right = (1j, -1j) if all(imaginary) else (1.0, 1.0)
        rows = {k: left * w for k, w in p.rows.items()}
        columns = {k: right * w for k, w in p.columns.items()}
        if any(np.any(w.imag) for band in (rows, columns) for w in band.values()):
            return None
        turned.append(Product(rows, columns))
    return _gathered(_gathered(turned, by_rows=True), by_rows=False)


def _gathered(found: list[Product], *, by_rows: bool) -> list[Product]:
    """Products of one operator of the rows (or columns) added up."""
    sums: dict[Any, tuple[Band, Band]] = {}
    for p in found:
        same, other = (p.rows, p.columns) if by_rows else (p.columns, p.rows)
        key = tuple((k, w.tobytes()) for k, w in sorted(same.items()))
        total = sums.setdefault(key, (same, {}))[1]
        for k, w in other.items():
            total[k] = total[k] + w if k in total else w
    return [Product(same, total) if by_rows else Product(total, same) for same, total in sums.values()]


class Grid:
    """A real operator on the reached states, applied row by row without a matrix.

    Attributes:
        layout: where the states are kept.
        length: places of a padded row.
        size: places of a padded array.
        margin: zeros on each side of a row.
        edge: rows of zeros above and below.
        index: place of each reached state in a padded array.
        whole: window of all places, as `window` gives them.
    """

    def __init__(self, found: list[Product], layout: Layout) -> None:
        """Sort real products (see `real`) into a diagonal and groups."""
        self.layout = layout
        height, wide = layout.mask.shape
        self._row_level, self._column_level = np.zeros(height), np.zeros(wide)
        self._groups: list[tuple[list[tuple[int, Floats]], list[tuple[int, Floats]]]] = []
        for p in found:
            self._sort({k: w.real for k, w in p.rows.items()}, {k: w.real for k, w in p.columns.items()})
        self.edge = max((abs(dm) for rows, _ in self._groups for dm, _ in rows), default=0)
        spread = max((abs(dn) for _, columns in self._groups for dn, _ in columns), default=0)
        self.margin = spread // layout.stride + 1
        self.length = layout.width + 2 * self.margin
        self.size = (height + 2 * self.edge) * self.length
        r, place = np.divmod(layout.places(), layout.width)
        self.index = (r + self.edge) * self.length + self.margin + place
        self._lay_out()
        self.whole = self.window(layout.mask)

    def _sort(self, rows: dict[int, Floats], columns: dict[int, Floats]) -> None:
        """A number of the row alone, or of the column alone, goes to the diagonal; all else into groups."""
        if set(rows) == {0} == set(columns) and np.ptp(columns[0]) == 0:
            self._row_level += rows[0] * columns[0][0]
        elif set(rows) == {0} == set(columns) and np.ptp(rows[0]) == 0:
            self._column_level += columns[0] * rows[0][0]
        else:
            for part in self._aligned(sorted(rows)):
                self._groups.append(([(k, rows[k]) for k in part], sorted(columns.items())))

    def _first_of(self, jump: int) -> Ints:
        """First column of the row that a step leads to, for each row; -1 where there is none."""
        at = np.arange(len(self.layout.first)) + jump
        inside = (at >= 0) & (at < len(at))
        return np.where(inside, self.layout.first[np.where(inside, at, 0)], -1)

    def _aligned(self, jumps: list[int]) -> list[list[int]]:
        """Row steps sorted into parts that lead to rows with the same columns, from every row."""
        parts: list[tuple[Ints, list[int]]] = []
        for jump in jumps:
            here = self._first_of(jump)
            for k, (there, members) in enumerate(parts):
                if np.all((here == there) | (here < 0) | (there < 0)):
                    members.append(jump)
                    parts[k] = np.maximum(here, there), members
                    break
            else:
                parts.append((here, [jump]))
        return [members for _, members in parts]

    def _lay_out(self) -> None:
        """Arrays for the kernel."""
        layout = self.layout
        kinds, kind = np.unique(layout.first, return_inverse=True)
        columns = kinds[:, None] + layout.stride * np.arange(layout.width)
        inside = columns < layout.mask.shape[1]

        def padded(w: Floats) -> Floats:
            out = np.zeros((len(kinds), self.length))
            out[:, self.margin : self.margin + layout.width] = np.where(inside, w[np.where(inside, columns, 0)], 0.0)
            return out

        counts, jump, factor, shift, weight = [(0, 0)], [], [], [], []
        for rows, cols in self._groups:
            jump += [dm for dm, _ in rows]
            factor += [u for _, u in rows]
            there = np.max([self._first_of(dm) for dm, _ in rows], axis=0)
            shift += [np.where(there >= 0, (layout.first + dn - there) // layout.stride, 0) for dn, _ in cols]
            weight += [padded(w) for _, w in cols]
            counts.append((len(jump), len(shift)))
        self._arrays: tuple[Any, ...] = (
            np.asarray(kind, dtype=np.int64),
            self._row_level,
            padded(self._column_level).reshape(-1),
            np.array([c for c, _ in counts], dtype=np.int64),
            np.array(jump, dtype=np.int64),
            np.array(factor, dtype=float).reshape(-1),
            np.array([c for _, c in counts], dtype=np.int64),
            np.array(shift, dtype=np.int64).reshape(-1),
            np.array(weight, dtype=float).reshape(-1),
            self.margin,
        )

    def window(self, allowed: NDArray[np.bool_]) -> tuple[Ints, Ints]:
        """First and last-plus-one padded place of each row such that all allowed states (R, C) lie between."""
        r, c = np.nonzero(allowed & self.layout.mask)
        place = (c - self.layout.first[r]) // self.layout.stride
        low = np.full(len(self.layout.first), self.layout.width, dtype=np.int64)
        high = np.zeros(len(low), dtype=np.int64)
        np.minimum.at(low, r, place)
        np.maximum.at(high, r, place + 1)
        return np.minimum(low, high) + self.margin, high + self.margin

    def discs(self) -> tuple[Floats, Floats]:
        """Centres and radii (R, C) of Gershgorin's discs: for ladders, the classical range of energies at a place."""
        centre = self._row_level[:, None] + self._column_level
        radius = np.zeros(centre.shape)
        for rows, columns in self._groups:
            radius += np.outer(sum(np.abs(u) for _, u in rows), sum(np.abs(w) for _, w in columns))
        return centre, radius

    def edge_of(self, allowed: NDArray[np.bool_]) -> NDArray[np.bool_]:
        """Allowed states (R, C) from which the operator leads to reached ones that are not allowed."""
        out = np.zeros(allowed.shape, dtype=bool)
        shut = self.layout.mask & ~allowed
        height, width = shut.shape
        for rows, columns in self._groups:
            for dm, _ in rows:
                for dn, _ in columns:
                    r, c = slice(max(0, -dm), height - max(0, dm)), slice(max(0, -dn), width - max(0, dn))
                    there = shut[max(0, dm) : height + min(0, dm), max(0, dn) : width + min(0, dn)]
                    out[r, c] |= there
        return out & allowed

    def _arguments(self, window: tuple[Ints, Ints]) -> tuple[Any, ...]:
        return (self.length, *window, *self._arrays)

    def expand(
        self, v: Floats, weights: Floats, needed: Ints, half: float, centre: float, window: tuple[Ints, Ints]
    ) -> tuple[Floats, Floats]:
        """Sums over even and over odd k of weights[:, k] T_k((H - centre)/half) v, (outputs, rows, length) each.

        Args:
            v: padded array that vanishes outside the window.
            weights: (outputs, terms), eight terms more than are needed.
            needed: number of terms of each output, descending.
            half: half-width of the spectrum.
            centre: its centre.
            window: see `window`; outside of it the operator is cut.
        """
        from qsb.algebra.kernels import ladder

        # rows of all outputs lie side by side while they are made
        shape = (self.size // self.length, len(weights), self.length)
        even, odd = np.zeros(shape), np.zeros(shape)
        ladder.expand(
            v, even.reshape(-1), odd.reshape(-1), weights, needed, centre, 1.0 / half, self.size, self.edge,
            self._arguments(window),
        )  # fmt: skip
        return even.swapaxes(0, 1), odd.swapaxes(0, 1)

    def pad(self, x: Floats) -> Floats:
        """Reached states (d,) as a padded array."""
        out = np.zeros(self.size)
        out[self.index] = x
        return out

    def unpad(self, v: Floats) -> Floats:
        """Reached states (d,) of a padded array, flat or row by row."""
        return np.asarray(v.reshape(-1).take(self.index, mode="clip"))

    def apply(self, psi: NDArray[Any]) -> NDArray[Any]:
        """H psi of a real or complex ket of the reached states."""
        from qsb.algebra.kernels import ladder

        if np.iscomplexobj(psi):
            out = np.empty(len(psi), dtype=complex)
            ket = np.ascontiguousarray(psi, dtype=complex)
            ladder.apply_ket(ket, self.index, self.size, self.edge, self._arguments(self.whole), out)
            return out
        both = np.zeros(2 * self.size)
        both[self.index] = psi
        ladder.apply(both, 0.0, 1.0, self.size, self.edge, self._arguments(self.whole))
        return self.unpad(both[self.size :])
