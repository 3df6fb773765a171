r"""Sectors of total spin beside one charger: local noise on the cells, any noise that keeps the charger's own ladder.

The state is :math:`\rho = \bigoplus_j\rho_j\otimes 1_{d_j}/d_j` with :math:`\rho_j` on (2j+1) K states
:math:`|j,m\rangle|n\rangle`, K levels of the charger. Of these the reached ones are kept, and of the coherences between
them those that the terms make: where excitations or a parity are conserved, each sector falls into smaller blocks.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cached_property, lru_cache
from typing import Any

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray

from qsb.algebra import ladder
from qsb.algebra.opsum import Local, OpSum
from qsb.algebra.packed import Entries, PackedBlocks, components, follow
from qsb.algebra.sectors import REACH, Banded, Sectors, packed_size
from qsb.algebra.space import Boson, Group, Space
from qsb.algebra.states import ModeStart
from qsb.charging.environment import Jump
from qsb.charging.problem import Problem, charger_populations
from qsb.dynamics import costs
from qsb.dynamics.charged import TAIL, top_levels
from qsb.dynamics.full import charger_ket
from qsb.dynamics.ladder import cells_alone
from qsb.dynamics.packed_blocks import BlockTerms, block_generator, block_terms, real_weights
from qsb.dynamics.permutation import POSITIVITY_CELLS, PermutationReadout
from qsb.dynamics.representation import BATCH_BYTES, Array, Reduced, Request, Size, Work
from qsb.dynamics.segment import Segment, segments
from qsb.dynamics.series import Value
from qsb.dynamics.spin_sectors import couplings, fastest, rate_of, start_blocks

Ints = NDArray[np.int64]
Real = NDArray[np.float64]

#: states of all sectors up to which the reached ones are looked for to plan; above, all of them count
MOST_STATES = 2**20
#: entries of a state up to which its time is estimated
MOST_ENTRIES = 2**30
#: operations up to which the whole state is checked for positivity at every save time; of others the last of a batch
POSITIVITY_WORK = 20_000
#: readouts of the battery's own state, and those of its rate of change
_STATE = frozenset(
    {"variance", "spectrum", "collective_passive", "populations", "pinched", "marginals", "reduced"}
)  # fmt: skip
_RATES = frozenset({"populations", "pinched"})
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
            op = jump.op if isinstance(jump.op, OpSum) else OpSum((Local(jump.op, 1.0, jump.group),))
            return [(rate, self.matrix(op))]
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


def lacks(problem: Problem, needs: frozenset[str]) -> str | None:
    """What is not read beside a charger, and jumps that leave one ladder."""
    if needs & {"cut", "span"}:
        return "entanglement across a cut and the span of V are read in the full space where a charger is there"
    space = problem.battery.space
    small = ChargedSectors(Space(tuple(_few(g) for g in space.groups)))
    for jump in problem.jumps:
        if isinstance(jump.op, OpSum):
            m = small.matrix(jump.op)
            try:
                real_weights(m.value)
            except ValueError:
                return "the elements of a custom jump have no common phase"
            if not m.one_to_one:
                return "a custom jump is a sum of steps along more than one ladder"
    return None


def _few(group: Group) -> Group:
    """A group whose ladders have the same steps in fewer states."""
    if isinstance(group.kind, Boson):
        return replace(group, kind=Boson(min(group.kind.highest, 8)))
    return replace(group, count=min(group.count, 8))


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


@dataclass(frozen=True)
class ChargedSectorReadout:
    """Readouts of packed states (T, n) of cells and charger: the battery's are those of its own sectors.

    Attributes:
        problem: what is solved.
        request: what is asked.
        found: the reached states.
    """

    problem: Problem
    request: Request
    found: Reached

    @cached_property
    def _inner(self) -> PermutationReadout:
        return PermutationReadout(cells_alone(self.problem), self.request, self.found.where.cells)

    @cached_property
    def _meter(self) -> Callable[[Array], Real]:
        return self.found.functional(self.found.matrix(self.problem.battery.battery))

    @cached_property
    def _own(self) -> Callable[[Array], Real]:
        return self.found.functional(self.found.matrix(self.problem.battery.charger))

    @cached_property
    def _interaction(self) -> tuple[Callable[[Array], Real], Callable[[Array], Real]]:
        """V and its square, as far as it stays within the cutoff."""
        b, size = self.problem.battery, self.found.blocks.states
        v = self.found.matrix(OpSum(b.interaction.terms + tuple(t for op, _ in b.drives for t in op.terms)))
        whole = sp.csr_array((v.value, (v.row, v.column)), (size, size))
        square = (whole @ whole).tocoo()
        both = (v, Entries(square.row.astype(np.int64), square.col.astype(np.int64), square.data))
        one, two = (self.found.functional(m) for m in both)
        return one, two

    @cached_property
    def _kept(self) -> dict[str, Any]:
        return {}

    def _battery(self, x: Array) -> Array:
        """Packed states of the battery (T, n); those of the last batch are kept, for `check` sees it first."""
        if self._kept.get("x") is not x:
            self._kept.update(x=x, battery=self.found.battery(x))
        return np.asarray(self._kept["battery"])

    def observe(self, needs: frozenset[str], x: Array, unitary: Array, dissipative: Array) -> dict[str, Value]:
        """See `Readout`."""
        out: dict[str, Value] = {}
        if needs & _STATE:
            battery = self._battery(x)
            moving = bool(needs & _RATES)
            rates = [self.found.battery(part) if moving else np.zeros_like(battery[:1]) for part in (unitary, dissipative)]
            out = self._inner.observe(needs & _STATE, battery, *rates)
        if needs & {"energy", "power", "variance"}:
            # without the state of the battery, which may be much larger than that of both
            work, heat = self._meter(unitary), self._meter(dissipative)
            out |= {"energy": self._meter(x), "work_power": work, "heat_power": heat, "power": work + heat}
        if "charger_variance" in needs:
            v, square = self._interaction
            out["charger_variance"] = np.maximum(square(x) - v(x) ** 2, 0.0)
        if "charger_energy" in needs:
            out["charger_energy"] = self._own(x) - self._own(self.found.start[None])
        return out

    def statics(self, needs: frozenset[str]) -> dict[str, Any]:
        """See `Readout`."""
        return self._inner.statics(needs)

    def check(self, x: Array) -> dict[str, float]:
        """Trace, positivity (of large blocks in the last state only), and the highest levels of a mode."""
        if not np.isfinite(x).all():
            return {"trace": np.nan}
        read = "spectrum" in self.request.needs or self.found.where.cells.cells <= POSITIVITY_CELLS
        out = self._inner.check(self._battery(x) if read else self.found.battery(x[-1:]))
        every = _cheap(self.found)
        lowest = float(self.found.blocks.spectra(x if every else x[-1:]).min())
        out["negativity"] = max(out["negativity"], -lowest)
        out["trace"] = float(np.abs(x[:, self.found.blocks.diagonal].sum(axis=1) - 1).max())
        tails = self.found.highest.items()
        return out | {name: float(x[:, at].sum(axis=1).max()) for name, at in tails}


def _reading(cells: int, needs: frozenset[str]) -> int:
    """Bytes that reading one state takes: the battery's packed sectors, and spectra of the largest."""
    whole, widest = packed_size(cells), (cells + 1) ** 2
    if not needs & _STATE and cells > POSITIVITY_CELLS:
        return 0
    return 8 * whole * (4 if needs & _RATES else 2) + 4 * 16 * widest


def _cheap(found: Reached) -> bool:
    """Whether spectra of all blocks cost little beside all else."""
    return float(np.sum(found.blocks.sizes**3)) <= POSITIVITY_WORK


def reduce(problem: Problem, request: Request) -> Reduced:
    """Generators and readouts on the reached states."""
    found = reached(problem)
    generators = tuple(block_generator(s, t) for s, t in zip(segments(problem), terms(problem), strict=True))
    readout = ChargedSectorReadout(problem, request, found)
    return Reduced(found.start, generators, readout, _reading(problem.cells, request.needs))


def integrators(problem: Problem) -> tuple[str, ...]:
    """A series where nothing changes inside a segment, Runge-Kutta steps elsewhere."""
    return tuple("faber" if s.constant else "dop853" for s in segments(problem))


def size(problem: Problem, request: Request) -> Size:
    """Packed states: a batch of save times, a window of the expansion or stages; the partial trace, and one block."""
    space, times = problem.battery.space, len(problem.times)
    levels = ladder.ladder_dimension(space.part("charger").groups[0])
    states = (space.cells // 2 + 1) * ((space.cells + 1) // 2 + 1) * levels
    if states > MOST_STATES:
        n = packed_size(space.cells) * levels**2
        return Size(n, 8 * 30 * n, untimed="so many states are not looked at before they fit")
    found = reached(problem)
    n, widest, read = int(found.blocks.entries[-1]), int(found.blocks.sizes.max()), _reading(space.cells, request.needs)
    batch = min(times, max(1, BATCH_BYTES // (24 * n + read)))
    held = 8 * n * (30 if n < 2**21 else 16) + min(8 * n * times, 2**26) + (8 * 8 * n + read) * batch
    # of the last state of each batch the battery is always looked at
    held += _reading(space.cells, _STATE)
    # sparse matrices of all states, about eight entries a row and jump
    tables = 16 * 12 * states * (4 + 3 * len(problem.jumps))
    spectra = 3 * 16 * widest**2 * (batch if _cheap(found) else 2)
    if n > MOST_ENTRIES:
        return Size(n, held + tables + spectra, untimed="its terms are not laid out before so large a state fits")
    return Size(n, held + tables + spectra, _work(problem, request, found))


def _work(problem: Problem, request: Request, found: Reached) -> Work:
    """Applications of the right-hand side, and eigenvalues at the save times."""
    n, times, cells = float(found.blocks.entries[-1]), len(problem.times), problem.battery.space.cells
    total = Work(calls=60.0 * times, flops=300.0 * n * times)
    if request.needs & {"spectrum", "collective_passive"}:
        total += Work(flops=times * (cells + 2.0) ** 4, calls=cells * 5.0)
    if _cheap(found):
        total += Work(flops=30.0 * times * float(np.sum(found.blocks.sizes**3)), calls=20.0 * times)
    for s, t in zip(segments(problem), terms(problem), strict=True):
        states = found.blocks.states
        each = 2.0 * len(t.hamiltonians.row) / states + 2.0 * len(t.rates) + 3.0
        apply = Work(flops=12.0 * each * n + 60.0 * each * states)
        length, speed = s.end - s.start, t.width + t.decay
        if s.constant:
            total += apply * (1.3 * length * speed + 60.0) + Work(calls=2.0 * length * speed + 200)
        else:
            applied = costs.runge_kutta(0.25 * speed, s, costs.saves(s, problem.times)) if length else 1.0
            total += apply * applied + costs.stages(applied, n)
    return total
