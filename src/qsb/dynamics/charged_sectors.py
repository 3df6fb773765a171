r"""Sectors of total spin beside one charger: local noise on the cells, any noise that keeps the charger's own ladder.

The state is :math:`\rho = \bigoplus_j\rho_j\otimes 1_{d_j}/d_j` with :math:`\rho_j` on (2j+1) K states
:math:`|j,m\rangle|n\rangle`, K levels of the charger. Of these the reached ones are kept, and of the coherences between
them those that the terms make: where excitations or a parity are conserved, each sector falls into smaller blocks.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cached_property, lru_cache

import numpy as np
from numpy.typing import NDArray

from qsb.algebra import ladder
from qsb.algebra.opsum import OpSum
from qsb.algebra.packed import Entries, PackedBlocks, components, follow
from qsb.algebra.sectors import REACH, Banded, Sectors
from qsb.algebra.space import Boson, Group, Space
from qsb.algebra.states import ModeStart
from qsb.algebra.terms import Local
from qsb.charging.environment import Jump
from qsb.charging.problem import Problem, charger_populations
from qsb.dynamics.charged import TAIL, top_levels
from qsb.dynamics.packed_blocks import BlockTerms, block_terms
from qsb.dynamics.reached import cells_alone, jump_sum
from qsb.dynamics.representation import Array
from qsb.dynamics.segment import Segment, segments
from qsb.dynamics.spin_sectors import couplings, fastest, rate_of, start_blocks
from qsb.dynamics.start_states import charger_ket

Ints = NDArray[np.int64]
Real = NDArray[np.float64]

#: levels beyond the cutoff that one term or jump may lead to
BEYOND = 4


def banded(op: Banded) -> Entries:
    """A permutation-symmetric operator in all sectors, row by row."""
    s, row = op.sectors, np.arange(int(op.sectors.rows[-1]))
    first, last = (np.repeat(edge, s.sizes) for edge in (s.rows[:-1], s.rows[1:]))
    parts = [Entries(row, row + k, op.bands[REACH + k]) for k in range(-REACH, REACH + 1) if op.bands[REACH + k].any()]
    if op.anti.any():
        parts.append(Entries(row, first + last - 1 - row, op.anti))
    whole = Entries.joined(parts)
    kept = whole.value != 0
    return Entries(whole.row[kept], whole.column[kept], whole.value[kept])


class ChargedSectors:
    """Operators on the states |j, m>|n>, sector by sector, m descending, then the charger's levels.

    Of a mode a few levels beyond the cutoff are there, which tell what leads beyond it.

    Attributes:
        space: one battery group of spins and one charger group.
        cells: sectors of total spin of the battery.
        levels: number K of levels of the charger's ladder.
    """

    def __init__(self, space: Space) -> None:
        """Read the sizes."""
        self.cells = Sectors(space.cells)
        self.charger: Group = space.part("charger").groups[0]
        self.levels = ladder.ladder_dimension(self.charger)
        kind = self.charger.kind
        wider = replace(self.charger, kind=Boson(kind.highest + BEYOND)) if isinstance(kind, Boson) else self.charger
        self.space = Space(tuple(wider if g.name == wider.name else g for g in space.groups))
        self.width = ladder.ladder_dimension(wider)

    @property
    def size(self) -> int:
        """Number of all states."""
        return int(self.cells.rows[-1]) * self.width

    def _product(self, rows: Entries, columns: ladder.Band) -> list[Entries]:
        """An operator of the cells times one of the charger."""
        out = []
        for offset, w in columns.items():
            n = np.flatnonzero(w)
            row = (rows.row[:, None] * self.width + n).reshape(-1)
            column = (rows.column[:, None] * self.width + n + offset).reshape(-1)
            out.append(Entries(row, column, (rows.value[:, None] * w[n]).reshape(-1)))
        return out

    def matrix(self, op: OpSum) -> Entries:
        """A collective operator on all states."""
        battery, parts = self.space.part("battery"), []
        for rows, columns in ladder.parted(op, self.space):
            if columns:
                parts += self._product(banded(Banded.of(rows, battery, self.cells)), columns)
        return Entries.joined(parts).summed(self.size)

    def jumps(self, jump: Jump) -> list[tuple[float, Entries]]:
        """(rate, L) of a jump: within each sector, and from both neighbours if it acts on single cells."""
        rate = float(np.asarray(jump.rate).flat[0])
        group = self.space.group(jump.group)
        if isinstance(jump.op, OpSum) or group.role == "charger":
            return [(rate, self.matrix(jump_sum(jump)))]
        (together, q), rate = rate_of(jump)
        c, s = couplings(self.cells.cells), self.cells
        row, sector = np.arange(int(s.rows[-1])), np.repeat(np.arange(len(s.sizes)), s.sizes)
        local, step = row - s.rows[sector], q - 1
        share = 1.0 if together else np.sqrt(c.local)[sector]
        parts = [(0, step, share * c.within[q])]
        if not together:
            # |j, m> is one place later in the sector of j + 1, and one earlier in that of j - 1
            parts += [(-1, step + 1, c.above[q]), (1, step - 1, c.below[q])]
        out = []
        for away, place, weight in parts:
            there = np.clip(sector + away, 0, len(s.sizes) - 1)
            kept = (weight != 0) & (there == sector + away)
            on_cells = Entries(row[kept], (s.rows[there] + local + place)[kept], weight[kept])
            if len(on_cells.row):
                out.append((rate, self._product(on_cells, {0: np.ones(self.width, dtype=complex)})[0]))
        return out

    def start(self, problem: Problem) -> Entries:
        """The initial density matrix on all states."""
        alone, start = cells_alone(problem), problem.battery.start
        begin = start.charger or ModeStart()
        p = charger_populations(start, self.charger)
        if begin.pure:
            boson = isinstance(self.charger.kind, Boson)
            ket = charger_ket(start, self.charger) if boson else np.sqrt(p[::-1]).astype(complex)
            charger = np.outer(ket, ket.conj())
        else:
            charger = np.diag(p).astype(complex)
        n, k = np.nonzero(charger)
        parts = []
        for at, block in zip(self.cells.rows, start_blocks(alone, self.cells), strict=False):
            i, j = np.nonzero(block)
            row = ((at + i)[:, None] * self.width + n).reshape(-1)
            column = ((at + j)[:, None] * self.width + k).reshape(-1)
            parts.append(Entries(row, column, (block[i, j][:, None] * charger[n, k]).reshape(-1)))
        return Entries.joined(parts)


@dataclass(frozen=True, eq=False)
class Reached:
    """What the dynamics of one problem holds.

    Attributes:
        where: all states.
        position: place of each of them in the order of the blocks, -1 of those that are not reached.
        blocks: how the reached ones fall into blocks.
        begin: positions and values of the initial state's packed entries; planning lays out no whole state.
        leaks: whether terms or jumps lead beyond the cutoff from reached states.
    """

    where: ChargedSectors
    position: Ints
    blocks: PackedBlocks
    begin: tuple[Ints, Real]
    leaks: bool

    @cached_property
    def start(self) -> Real:
        """The initial state, packed."""
        out = np.zeros(int(self.blocks.entries[-1]))
        at, values = self.begin
        out[at] = values
        return out

    def matrix(self, op: OpSum) -> Entries:
        """An operator on the reached states."""
        return self.where.matrix(op).at(self.position)

    def jumps(self, jump: Jump) -> list[tuple[float, Entries]]:
        """(rate, L) of a jump on the reached states."""
        return [(rate, m.at(self.position)) for rate, m in self.where.jumps(jump)]

    def functional(self, op: Entries) -> Callable[[Array], Real]:
        """x -> tr(op rho) of packed states (T, n)."""
        at, values = self.blocks.pack(op)
        return lambda x: np.asarray(x[:, at] @ values)

    @cached_property
    def state(self) -> tuple[Ints, Ints]:
        """Row among all sectors and charger level of each state, in the order of the blocks."""
        index = np.empty(self.blocks.states, dtype=np.int64)
        kept = np.flatnonzero(self.position >= 0)
        index[self.position[kept]] = kept
        row, level = np.divmod(index, self.where.width)
        return row, level

    @cached_property
    def _pairs(self) -> tuple[Ints, Ints, Ints]:
        """Entries of equal levels by the battery's entry that they add to; where each begins, and which it is."""
        b, s = self.blocks, self.where.cells
        row, level = self.state
        sector = np.searchsorted(s.rows, row, side="right") - 1
        target, source = [], []
        for k, n in enumerate(b.sizes):
            here = slice(int(b.rows[k]), int(b.rows[k + 1]))
            i, j = np.nonzero(level[here, None] == level[None, here])
            at = sector[here][i]  # a block lies in one sector
            target.append(s.entries[at] + (row[here][i] - s.rows[at]) * s.sizes[at] + row[here][j] - s.rows[at])
            source.append(b.entries[k] + i * n + j)
        to, from_ = np.concatenate(target), np.concatenate(source)
        order = np.argsort(to, kind="stable")
        which, first = np.unique(to[order], return_index=True)
        return from_[order], first, which

    def battery(self, x: Array) -> Real:
        """Packed states of the battery (T, .) of packed states (T, n): the charger is traced out."""
        source, first, which = self._pairs
        out = np.zeros((len(x), int(self.where.cells.entries[-1])))
        out[:, which] = np.add.reduceat(x[:, source], first, axis=1)
        return out

    @cached_property
    def highest(self) -> dict[str, Ints]:
        """Packed positions of the populations of a mode's highest levels, where anything leads beyond them."""
        kind = self.where.charger.kind
        if not (self.leaks and isinstance(kind, Boson)):
            return {}
        high = self.state[1] > kind.highest - top_levels(kind.highest)
        return {TAIL + self.where.charger.name: self.blocks.diagonal[high]}


@lru_cache(maxsize=8)
def reached(problem: Problem) -> Reached:
    """The reached states and their blocks; kept for the last few problems, since the planner asks more than once."""
    where, b = ChargedSectors(problem.battery.space), problem.battery
    parts = [b.battery, b.charger, b.interaction, *(op for op, _ in b.drives)]
    pattern = Entries.joined([where.matrix(op) for op in parts])
    jumps = [m for j in problem.jumps for _, m in where.jumps(j)]
    start, moves = where.start(problem), Entries.joined([pattern, *jumps])
    inside = moves.row % where.width < where.levels
    narrow = Entries(moves.row[inside], moves.column[inside], moves.value[inside])
    found = follow(start.row, narrow, where.size)
    index = np.flatnonzero(found)
    position = np.full(where.size, -1, dtype=np.int64)
    position[index] = np.arange(len(index))
    joined = [m.at(position) for m in (pattern, *jumps, start)]
    label = components(joined[0], joined[1:-1], joined[-1], len(index))
    order = np.argsort(label, kind="stable")
    position[index[order]] = np.arange(len(index))
    blocks = PackedBlocks(np.bincount(label).astype(np.int64))
    leaks = bool(np.any(found[moves.column[~inside]]))
    return Reached(where, position, blocks, blocks.pack(start.at(position)), leaks)


@lru_cache(maxsize=8)
def terms(problem: Problem) -> tuple[BlockTerms, ...]:
    """Hamiltonian and rates of each segment."""
    found = reached(problem)
    return tuple(
        block_terms(s, found.blocks, found.matrix, found.jumps, _decay(s, found.where)) for s in segments(problem)
    )


def _decay(segment: Segment, where: ChargedSectors) -> float:
    """A bound of how fast anything decays: that of the cells, and that of the charger's ladder."""
    rates, leaving, directions, phase = np.zeros((2, 3)), np.zeros(where.levels), set(), 0.0
    other = 0.0
    for j in segment.jumps:
        rate = float(np.asarray(j.rate).flat[0])
        if isinstance(j.op, OpSum):
            m = where.matrix(j.op)
            inside = np.maximum(m.row, m.column) % where.width < where.levels
            other += 2 * rate * float(np.bincount(m.column[inside], np.abs(m.value[inside]) ** 2).max(initial=0.0))
        elif where.space.group(j.group).role == "battery":
            rates[rate_of(j)[0]] += rate
        else:
            ((_, band),) = ladder.parted(OpSum((Local(j.op, 1.0, j.group),)), where.space)
            for offset, w in band.items():
                if offset:
                    directions.add(offset > 0)
                    leaving += rate * np.roll(np.abs(w) ** 2, offset)[: where.levels]
                else:
                    phase += rate * float(np.ptp(w.real[: where.levels])) ** 2 / 2
    return fastest(rates, where.cells.cells) + len(directions) * float(leaving.max()) + phase + other
