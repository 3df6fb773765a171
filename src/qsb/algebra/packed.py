"""Sparse matrices as lists of entries, and Hermitian matrices of which only blocks are not zero, packed as S + A.

A Hermitian block S + iA (S symmetric, A antisymmetric) is kept as the real matrix S + A, row after row, block after
block (`qsb.algebra.sectors`): tr(O rho) is the scalar product of the packed O and rho.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray
from scipy.sparse.csgraph import breadth_first_order, connected_components

Ints = NDArray[np.int64]
Real = NDArray[np.float64]
Array = NDArray[Any]


@dataclass(frozen=True, eq=False)
class Entries:
    """A sparse matrix as a list of entries, of which several may be at one place; light where matrices are small.

    Attributes:
        row: (E,).
        column: (E,).
        value: (E,), real or complex.
    """

    row: Ints
    column: Ints
    value: Array

    @classmethod
    def joined(cls, parts: list[Entries]) -> Entries:
        """The sum."""
        if len(parts) == 1:
            return parts[0]
        if not parts:
            none = np.empty(0, dtype=np.int64)
            return cls(none, none, np.empty(0))
        return cls(*(np.concatenate([getattr(p, name) for p in parts]) for name in ("row", "column", "value")))

    def at(self, position: Ints) -> Entries:
        """The entries between states that have a new position; -1 stands for none."""
        row, column = position[self.row], position[self.column]
        kept = (row >= 0) & (column >= 0)
        return Entries(row[kept], column[kept], self.value[kept])

    def summed(self, size: int) -> Entries:
        """Each place once, by rows, without zeros."""
        key, where = np.unique(self.row * size + self.column, return_inverse=True)
        value = np.zeros(len(key), dtype=self.value.dtype)
        np.add.at(value, where, self.value)
        kept = value != 0
        row, column = np.divmod(key[kept], size)
        return Entries(row, column, value[kept])

    @property
    def one_to_one(self) -> bool:
        """Whether it leads from each state to at most one other, and to each from at most one."""
        return all(len(distinct(k)) == len(k) for k in (self.row, self.column))


def distinct(keys: Ints) -> Ints:
    """Each key once, ascending."""
    keys = np.sort(keys)
    return np.asarray(keys[np.concatenate([[True], keys[1:] != keys[:-1]])] if len(keys) else keys)


def _groups(first: Ints, second: Ints, size: int) -> Ints:
    """Labels (size,) of what pairs join."""
    graph = sp.csr_array((np.ones(len(first)), (first, second)), (size, size))
    return np.asarray(connected_components(graph, directed=False)[1], dtype=np.int64)


def components(pattern: Entries, jumps: list[Entries], start: Entries, size: int) -> Ints:
    """Label (S,) of the block of each state: the fewest coherences that a Hamiltonian, jumps and a start need.

    Args:
        pattern: not zero where the Hamiltonian joins two states.
        jumps: jump matrices.
        start: density matrix at t = 0.
        size: number of states.
    """
    label = _groups(pattern.row, pattern.column, size)
    begun = label[start.row], label[start.column]
    # from which block each jump leads to which
    ways = [(label[m.column], label[m.row]) for m in jumps]
    while True:
        count = int(label.max()) + 1
        first, second = [begun[0]], [begun[1]]
        for k, (source, target) in enumerate(ways):
            ways[k] = source, target = np.divmod(distinct(source * count + target), count)
            # where a jump leads from one block to several, coherence between these arises
            same = np.flatnonzero(source[1:] == source[:-1])
            first.append(target[same])
            second.append(target[same + 1])
        one, other = np.concatenate(first), np.concatenate(second)
        if np.array_equal(one, other):
            return label
        merged = _groups(one, other, count)
        label, begun = merged[label], (merged[begun[0]], merged[begun[1]])
        ways = [(merged[source], merged[target]) for source, target in ways]


def follow(start: Ints, moves: Entries, size: int) -> NDArray[np.bool_]:
    """Which of all states entries <i|O|j> lead to, from j to i."""
    # a state more, from which all starts are reached
    row = np.concatenate([moves.column, np.full(len(start), size)])
    graph = sp.csr_array((np.ones(len(row)), (row, np.concatenate([moves.row, start]))), (size + 1, size + 1))
    found = np.zeros(size + 1, dtype=bool)
    found[breadth_first_order(graph, size, return_predecessors=False)] = True
    return found[:-1]


@dataclass(frozen=True, eq=False)
class PackedBlocks:
    """How many states each block holds, and where its entries lie in one packed array; states are in that order.

    Attributes:
        sizes: states of each block, (B,).
    """

    sizes: Ints

    @property
    def states(self) -> int:
        """Number S of all states."""
        return int(self.rows[-1])

    @cached_property
    def rows(self) -> Ints:
        """First state of each block, and the number of all, (B+1,)."""
        return np.concatenate([[0], np.cumsum(self.sizes)]).astype(np.int64)

    @cached_property
    def entries(self) -> Ints:
        """First packed entry of each block, and the number of all, (B+1,)."""
        return np.concatenate([[0], np.cumsum(self.sizes**2)]).astype(np.int64)

    @cached_property
    def home(self) -> Ints:
        """Block of each state, (S,)."""
        return np.repeat(np.arange(len(self.sizes)), self.sizes)

    @cached_property
    def place(self) -> Ints:
        """Place inside its block of each state, (S,)."""
        return np.asarray(np.arange(self.states) - self.rows[self.home])

    @cached_property
    def diagonal(self) -> Ints:
        """Packed position of the diagonal entry of each state, (S,)."""
        return np.asarray(self.entries[self.home] + self.place * (self.sizes[self.home] + 1))

    def pack(self, matrix: Entries) -> tuple[Ints, Real]:
        """Positions and packed values of a Hermitian matrix that joins no two blocks; f x = tr(matrix rho)."""
        m = matrix.summed(self.states)
        home = self.home[m.row]
        at = self.entries[home] + self.place[m.row] * self.sizes[home] + self.place[m.column]
        return at, np.asarray(m.value.real + m.value.imag, dtype=float)

    def spectra(self, x: Array) -> Real:
        """Eigenvalues (T, S) of packed states (T, n), blocks of one size together."""
        found = []
        for n in np.unique(self.sizes):
            at = self.entries[:-1][self.sizes == n]
            r = x[:, at[:, None] + np.arange(n * n)].reshape(len(x), len(at), n, n)
            t = np.swapaxes(r, -1, -2)
            found.append(np.linalg.eigvalsh((r + t) / 2 + 0.5j * (r - t)).reshape(len(x), -1))
        return np.concatenate(found, axis=1)
