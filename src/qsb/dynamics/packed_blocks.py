r"""Lindblad equations whose state is a set of Hermitian blocks between which no coherence arises.

The Hamiltonian joins states into components. A jump with at most one entry a row and a column adds
:math:`\gamma L\rho L^\dagger` from one block to another; its decay :math:`L^\dagger L` is diagonal. A block S + iA is
packed into the real matrix S + A (`qsb.algebra.sectors`), and nothing larger than the state is ever built.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray
from scipy.linalg.blas import dgemm

from qsb.algebra.opsum import OpSum
from qsb.algebra.packed import Entries, PackedBlocks, distinct
from qsb.charging.environment import Jump
from qsb.dynamics.representation import Array, Generator
from qsb.dynamics.segment import Coefficient, Segment

Ints = NDArray[np.int64]
Real = NDArray[np.float64]

#: places without an entry that a run of a Hamiltonian may hold
_GAP = 8
#: polynomials that are held until they are added to the results; of states of more numbers fewer, to save memory
MANY, LARGE, FEW = 16, 2**21, 4
#: coefficients below are rounding
_NOTHING = 1e-20
#: operations up to which the spectra of all blocks are found to bound the frequencies
_SPECTRA = 3e6


def _stretches(group: Ints, distance: Ints, order: Ints, new: NDArray[np.bool_], place: Ints) -> tuple[Ints, Ints]:
    """Group (ascending), and (distance, first place, length), of stretches of entries taken in an order."""
    first = np.flatnonzero(new)
    last = np.append(first[1:], len(order)) - 1 if len(order) else first
    begin, end = order[first], order[last]
    runs = np.stack([distance[begin], place[begin], place[end] - place[begin] + 1], axis=1)
    return group[begin], runs.astype(np.int64)


def _changes(*keys: Ints) -> NDArray[np.bool_]:
    """Where any of sorted keys is another one than just before."""
    new = np.ones(len(keys[0]), dtype=bool)
    new[1:] = np.any([np.diff(k) != 0 for k in keys], axis=0)
    return new


@dataclass(frozen=True, eq=False)
class _Hamiltonians:
    """Matrices of one pattern, as kernel arguments.

    Attributes:
        blocks: where the states are.
        row: row of each entry beside the diagonal, (E,), ascending.
        column: its column, (E,).
    """

    blocks: PackedBlocks
    row: Ints
    column: Ints

    @classmethod
    def of(cls, blocks: PackedBlocks, matrices: list[Entries]) -> _Hamiltonians:
        """The union of all entries."""
        m = Entries.joined(matrices)
        off = m.row != m.column
        return cls(blocks, *np.divmod(distinct(m.row[off] * blocks.states + m.column[off]), blocks.states))

    def values(self, m: Entries) -> tuple[Real, Array]:
        """Diagonal (S,) and other entries (E,) of one of the matrices."""
        size = self.blocks.states
        diagonal, values = np.zeros(size), np.zeros(len(self.row), dtype=complex)
        off = m.row != m.column
        np.add.at(diagonal, m.row[~off], m.value[~off].real)
        at = np.searchsorted(self.row * size + self.column, m.row[off] * size + m.column[off])
        np.add.at(values, at, m.value[off])
        return diagonal, values

    @cached_property
    def _columns(self) -> tuple[Ints, Ints, Ints]:
        """First run of each block; runs; which entry each of their values is, one beyond the last for none."""
        b = self.blocks
        home, row, column = b.home[self.column], b.place[self.row], b.place[self.column]
        distance = row - column
        order = np.lexsort((column, distance, home))
        new = _changes(home[order], distance[order])
        new[1:] |= np.diff(column[order]) > _GAP
        group, runs = _stretches(home, distance, order, new, column)
        which = np.cumsum(new) - 1
        begin = np.concatenate([[0], np.cumsum(runs[:, 2])]).astype(np.int64)
        entry = np.full(int(begin[-1]), len(self.row), dtype=np.int64)
        entry[begin[which] + column[order] - runs[which, 1]] = order
        first = np.searchsorted(group, np.arange(len(b.sizes) + 1))
        return first, np.concatenate([runs, begin[:-1, None]], axis=1), entry

    @cached_property
    def _rows(self) -> tuple[Ints, Ints]:
        left = np.searchsorted(self.row, np.arange(self.blocks.states + 1))
        return left, self.blocks.place[self.column]

    def arguments(self, diagonal: Real, values: Array) -> tuple[Any, ...]:
        """Kernel arguments of one matrix."""
        left, column = self._rows
        first, runs, entry = self._columns
        wide = np.append(values, 0.0)[entry]
        real, imaginary = np.ascontiguousarray(values.real), np.ascontiguousarray(values.imag)
        return (
            np.ascontiguousarray(diagonal), left, column, real, imaginary, first, runs,
            np.ascontiguousarray(wide.real), np.ascontiguousarray(wide.imag),
            bool(np.any(real) or np.any(diagonal)), bool(np.any(imaginary)),
        )  # fmt: skip


class _Jumps:
    """Jump matrices as kernel arguments, each at rate one.

    Attributes:
        losses: half of what each jump takes from each state, (P, S).
    """

    def __init__(self, blocks: PackedBlocks, matrices: list[Entries]) -> None:
        """Sort entries by where they arrive, the jump, and where they come from."""
        count = len(blocks.sizes)
        weights_of = [real_weights(m.value) for m in matrices]
        self.losses = np.zeros((len(matrices), blocks.states))
        for p, m in enumerate(matrices):
            np.add.at(self.losses[p], m.column, weights_of[p] ** 2 / 2)
        whole = Entries.joined(matrices)
        row, column = whole.row, whole.column
        which = np.repeat(np.arange(len(matrices)), [len(m.row) for m in matrices])
        weight = np.concatenate([np.empty(0), *weights_of])
        home, origin = blocks.home[row], blocks.home[column]
        key = (home * max(1, len(matrices)) + which) * count + origin
        found, piece = np.unique(key, return_inverse=True)
        arrival, rest = np.divmod(found, max(1, len(matrices)) * count)
        begin = np.concatenate([[0], np.cumsum(blocks.sizes[arrival])]).astype(np.int64)
        at = begin[piece] + blocks.place[row]
        source, weights = np.zeros(int(begin[-1]), dtype=np.int64), np.zeros(int(begin[-1]))
        source[at], weights[at] = blocks.place[column], weight
        place, distance = blocks.place[row], blocks.place[column] - blocks.place[row]
        order = np.lexsort((place, piece))
        # states that come from nowhere have no weight, and a stretch runs over them
        group, runs = _stretches(piece, distance, order, _changes(piece[order], distance[order]), place)
        pieces = np.stack([rest % count, rest // count, begin[:-1]], axis=1).astype(np.int64)
        self._arrays = (
            np.searchsorted(arrival, np.arange(count + 1)), pieces, source, weights,
            np.searchsorted(group, np.arange(len(found) + 1)), runs,
        )  # fmt: skip

    def arguments(self, rates: Real) -> tuple[Any, ...]:
        """Kernel arguments at some rates, (P,)."""
        return *self._arrays, rates, rates @ self.losses


def real_weights(data: Array) -> Real:
    """Matrix elements without their common phase, which no dissipator sees.

    Raises:
        ValueError: if they have none.
    """
    if not len(data):
        return np.empty(0)
    top = data[np.argmax(np.abs(data))]
    turned = np.asarray(data) * (abs(top) / top)
    if np.abs(turned.imag).max() > 1e-14 * abs(top):
        raise ValueError("the matrix elements of a jump have no common phase")
    return np.ascontiguousarray(turned.real)


@dataclass(frozen=True, eq=False)
class BlockTerms:
    """The Hamiltonian and the rates of one segment as functions of time.

    Attributes:
        blocks: where the states are.
        hamiltonians: all matrices of the Hamiltonian.
        constant: diagonal and entries of the constant one.
        drives: the same of those with an envelope each.
        noise: all jump matrices.
        rates: constant rates, (P,), zero of those with an envelope.
        rated: jump, its rate and its envelope.
        decay: a bound of how fast anything decays.
    """

    blocks: PackedBlocks
    hamiltonians: _Hamiltonians
    constant: tuple[Real, Array]
    drives: tuple[tuple[tuple[Real, Array], Coefficient], ...]
    noise: _Jumps
    rates: Real
    rated: tuple[tuple[int, float, Coefficient], ...]
    decay: float

    @cached_property
    def where(self) -> tuple[Ints, Ints, Ints]:
        """Kernel arguments: where each block lies."""
        return self.blocks.sizes, self.blocks.rows, self.blocks.entries

    def hamiltonian(self, t: float) -> tuple[Any, ...]:
        """Kernel arguments of H(t)."""
        if not self.drives:
            return self._constant
        diagonal, values = self.constant[0].copy(), self.constant[1].copy()
        for (d, v), f in self.drives:
            factor = f(t)
            diagonal += factor * d
            values += factor * v
        return self.hamiltonians.arguments(diagonal, values)

    @cached_property
    def _constant(self) -> tuple[Any, ...]:
        return self.hamiltonians.arguments(*self.constant)

    @cached_property
    def no_hamiltonian(self) -> tuple[Any, ...]:
        """Kernel arguments of H = 0."""
        return self.hamiltonians.arguments(*(np.zeros_like(part) for part in self.constant))

    def jumps(self, t: float) -> tuple[Any, ...]:
        """Kernel arguments of the rates at t."""
        if not self.rated:
            return self._jumps
        rates = self.rates.copy()
        for k, rate, f in self.rated:
            rates[k] += rate * f(t)
        return self.noise.arguments(rates)

    @cached_property
    def _jumps(self) -> tuple[Any, ...]:
        return self.noise.arguments(self.rates)

    @cached_property
    def no_jumps(self) -> tuple[Any, ...]:
        """Kernel arguments without noise."""
        return _Jumps(self.blocks, []).arguments(np.empty(0))

    @cached_property
    def _room(self) -> Real:
        """Room for one row and one transposed block."""
        widest = int(self.blocks.sizes.max())
        return np.zeros(widest * (widest + 1))

    def act(self, h: tuple[Any, ...], jumps: tuple[Any, ...], x: Array) -> Array:
        """One application."""
        from qsb.algebra.kernels.blocks import advance

        out = np.empty(x.size)
        advance(self.where, h, jumps, np.ascontiguousarray(x), x, (1.0, 0.0, 0.0), self._room, out)
        return out

    def expand(self, x: Array, coefficients: Array, numbers: tuple[float, float, float]) -> tuple[Array, Array]:
        """Sums over k of coefficients[k, m] F_k(G) x, and the length of each F_k(G) x.

        F_0 = 1, F_1 = scale (G - centre), F_2 = F_1^2 - 2 ratio, F_{k+1} = F_1 F_k - ratio F_{k-1}.
        """
        from qsb.algebra.kernels.blocks import advance

        h, jumps, room, (scale, centre, ratio) = self._constant, self._jumps, self._room, numbers
        terms, outputs = coefficients.shape
        chunk = MANY if x.size < LARGE else FEW
        out, lengths = np.zeros((outputs, x.size)), np.zeros(terms)
        # the last two polynomials of one chunk come first in the next
        held = np.zeros((chunk + 2, x.size))
        held[2] = x
        for start in range(0, terms, chunk):
            end = min(terms, start + chunk)
            for k in range(start, end):
                at = k - start + 2
                if k > 0:
                    beta = 0.0 if k == 1 else (-2.0 * ratio if k == 2 else -ratio)
                    advance(self.where, h, jumps, held[at - 1], held[at - 2], (scale, centre, beta), room, held[at])
                lengths[k] = math.sqrt(held[at].dot(held[at]))
            part = coefficients[start:end]
            used = np.flatnonzero(np.abs(part).max(axis=0) > _NOTHING)
            if used.size:  # later terms do not reach early times; transposes, for BLAS adds in place to columns only
                rows = slice(int(used[0]), outputs)
                dgemm(1.0, held[2 : 2 + end - start].T, part[:, rows], beta=1.0, c=out[rows].T, overwrite_c=True)
            held[:2] = held[chunk:]
        return out, lengths

    def extent(self) -> tuple[float, float, float]:
        """Fastest decay, highest frequency, a decay in between."""
        return self.decay, self.width, self.decay / 2

    @cached_property
    def width(self) -> float:
        """Largest difference of two energies of one block: from its spectrum where that is cheap, else from discs."""
        b, h = self.blocks, self.hamiltonians
        diagonal, values = self.constant
        radius = np.zeros(len(diagonal))
        np.add.at(radius, h.row, np.abs(values))
        high = np.maximum.reduceat(diagonal + radius, b.rows[:-1])
        low = np.minimum.reduceat(diagonal - radius, b.rows[:-1])
        spread = high - low
        if float(np.sum(b.sizes**3)) > _SPECTRA:
            return float(spread.max())
        whole = sp.csr_array((values, (h.row, h.column)), (len(diagonal),) * 2) + sp.diags_array(diagonal)
        found = 0.0
        for k in np.argsort(-spread):
            if spread[k] > found:  # what the discs leave cannot be wider
                part = slice(int(b.rows[k]), int(b.rows[k + 1]))
                found = max(found, float(np.ptp(np.linalg.eigvalsh(whole[part, part].toarray()))))
        return found


@dataclass(frozen=True)
class BlockGenerator(Generator):
    """A generator that adds its terms up before it acts: one pass over the state at any number of drives.

    Attributes:
        terms: Hamiltonian and rates.
    """

    terms: BlockTerms = field(kw_only=True)

    @property
    def constant(self) -> bool:
        """Whether G does not depend on time."""
        return self.segment.constant

    def apply_unitary(self, t: float, x: Array) -> Array:
        """Hamiltonian part of dx/dt."""
        return self.terms.act(self.terms.hamiltonian(t), self.terms.no_jumps, x)

    def apply_dissipative(self, t: float, x: Array) -> Array:
        """Dissipative part of dx/dt."""
        return self.terms.act(self.terms.no_hamiltonian, self.terms.jumps(t), x)

    def apply(self, t: float, x: Array) -> Array:
        """The whole dx/dt."""
        return self.terms.act(self.terms.hamiltonian(t), self.terms.jumps(t), x)


def block_terms(
    segment: Segment,
    blocks: PackedBlocks,
    matrix: Callable[[OpSum], Entries],
    jumps: Callable[[Jump], list[tuple[float, Entries]]],
    decay: float,
) -> BlockTerms:
    """The terms of one segment.

    Args:
        segment: the interval.
        blocks: where the states are.
        matrix: turns a Hamiltonian into a matrix of the states.
        jumps: turns a jump into (rate, L) pairs, each L with at most one entry a row and a column.
        decay: a bound of how fast anything decays.
    """
    operators = [matrix(segment.hamiltonian), *(matrix(op) for op, _ in segment.drives)]
    hamiltonians = _Hamiltonians.of(blocks, operators)
    values = [hamiltonians.values(m) for m in operators]
    matrices: list[Entries] = []
    rates: list[float] = []
    rated: list[tuple[int, float, Coefficient]] = []
    for jump in segment.jumps:
        for rate, op in jumps(jump):
            matrices.append(op)
            rates.append(rate)
    for jump, f in segment.rated:
        for rate, op in jumps(jump):
            rated.append((len(matrices), rate, f))
            matrices.append(op)
            rates.append(0.0)
    return BlockTerms(
        blocks,
        hamiltonians,
        values[0],
        tuple(zip(values[1:], (f for _, f in segment.drives), strict=True)),
        _Jumps(blocks, matrices),
        np.array(rates),
        tuple(rated),
        decay,
    )


def block_generator(segment: Segment, terms: BlockTerms) -> BlockGenerator:
    """The right-hand side of one segment on packed states."""
    return BlockGenerator(
        segment,
        (),
        norm=lambda: sum(terms.extent()[:2]),
        extent=terms.extent if segment.constant else None,
        expand=terms.expand if segment.constant else None,
        terms=terms,
    )
