r"""Sectors of total spin beside one charger: local noise on the cells, any noise that keeps the charger's own ladder.

The state is :math:`\rho = \bigoplus_j\rho_j\otimes 1_{d_j}/d_j` with :math:`\rho_j` on (2j+1) K states
:math:`|j,m\rangle|n\rangle`, K levels of the charger. Of these the reached ones are kept, and of the coherences between
them those that the terms make: where excitations or a parity are conserved, each sector falls into smaller blocks.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property, lru_cache
from typing import Any

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray

from qsb.algebra import ladder
from qsb.algebra.opsum import Local, OpSum
from qsb.algebra.sectors import REACH, Banded, Sectors, packed_size
from qsb.algebra.space import Boson, Group, Space
from qsb.algebra.states import ModeStart
from qsb.charging.environment import Jump
from qsb.charging.problem import Problem, charger_populations
from qsb.dynamics import costs
from qsb.dynamics.charged import TAIL, top_levels
from qsb.dynamics.full import charger_ket
from qsb.dynamics.ladder import cells_alone
from qsb.dynamics.packed_blocks import PackedBlocks, block_generator, block_terms, components, one_to_one, real_weights
from qsb.dynamics.permutation import PermutationReadout
from qsb.dynamics.representation import BATCH_BYTES, Array, Reduced, Request, Size, Work
from qsb.dynamics.segment import Segment, segments
from qsb.dynamics.series import Value
from qsb.dynamics.spin_sectors import couplings, fastest, rate_of, start_blocks

Ints = NDArray[np.int64]
Real = NDArray[np.float64]

#: states of all sectors up to which the reached ones are looked for to plan; above, all of them count
MOST_STATES = 2**20
#: states of a block up to which the whole state is checked for positivity at every save time; later ones at the end
POSITIVITY_STATES = 64


def banded(op: Banded) -> Any:
    """Sparse matrix (D, D) of a permutation-symmetric operator in all sectors."""
    s, size = op.sectors, int(op.sectors.rows[-1])
    row = np.arange(size)
    first, last = (np.repeat(edge, s.sizes) for edge in (s.rows[:-1], s.rows[1:]))
    parts = [(row, row + k, op.bands[REACH + k]) for k in range(-REACH, REACH + 1)]
    parts.append((row, first + last - 1 - row, op.anti))
    i, j, w = (np.concatenate(each) for each in zip(*parts, strict=True))
    kept = w != 0
    return sp.csr_array((w[kept], (i[kept], j[kept])), (size, size))


class ChargedSectors:
    """Operators on the states |j, m>|n>, sector by sector, m descending, then the charger's levels.

    Attributes:
        space: one battery group of spins and one charger group.
        cells: sectors of total spin of the battery.
        levels: number K of levels of the charger's ladder.
    """

    def __init__(self, space: Space) -> None:
        """Read the sizes."""
        self.space = space
        self.cells = Sectors(space.cells)
        self.charger: Group = space.part("charger").groups[0]
        self.levels = ladder.ladder_dimension(self.charger)

    @property
    def size(self) -> int:
        """Number of all states."""
        return int(self.cells.rows[-1]) * self.levels

    def matrix(self, op: OpSum) -> Any:
        """Sparse matrix of a collective operator on all states."""
        total: Any = sp.csr_array((self.size, self.size), dtype=complex)
        battery = self.space.part("battery")
        for rows, columns in ladder.parted(op, self.space):
            if columns:
                on_cells = banded(Banded.of(rows, battery, self.cells))
                total = total + sp.kron(on_cells, ladder.matrix(columns, self.levels), format="csr")
        return sp.csr_array(total)

    def jumps(self, jump: Jump) -> list[tuple[float, Any]]:
        """(rate, L) of a jump: within each sector, and from both neighbours if it acts on single cells."""
        rate = float(np.asarray(jump.rate).flat[0])
        group = self.space.group(jump.group)
        if isinstance(jump.op, OpSum) or group.role == "charger":
            op = jump.op if isinstance(jump.op, OpSum) else OpSum((Local(jump.op, 1.0, jump.group),))
            return [(rate, self.matrix(op))]
        (together, q), rate = rate_of(jump)
        c, s, size = couplings(self.cells.cells), self.cells, int(self.cells.rows[-1])
        row, sector = np.arange(size), np.repeat(np.arange(len(s.sizes)), s.sizes)
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
            source = s.rows[there] + local + place
            on_cells = sp.csr_array((weight[kept], (row[kept], source[kept])), (size, size))
            if on_cells.nnz:
                out.append((rate, sp.csr_array(sp.kron(on_cells, sp.eye_array(self.levels), format="csr"))))
        return out

    def start(self, problem: Problem) -> Any:
        """The initial density matrix, sparse, on all states."""
        alone, start = cells_alone(problem), problem.battery.start
        begin = start.charger or ModeStart()
        p = charger_populations(start, self.charger)
        boson = isinstance(self.charger.kind, Boson)
        if begin.pure:
            ket = charger_ket(start, self.charger) if boson else np.sqrt(p[::-1]).astype(complex)
            charger = sp.csr_array(np.outer(ket, ket.conj()))
        else:
            charger = sp.csr_array(np.diag(p).astype(complex))
        parts = [sp.csr_array(block) for block in start_blocks(alone, self.cells)]
        return sp.csr_array(sp.kron(sp.block_diag(parts, format="csr"), charger, format="csr"))


def everything(problem: Problem) -> list[OpSum]:
    """All parts of H, whatever their envelopes."""
    b = problem.battery
    return [b.battery, b.charger, b.interaction, *(op for op, _ in b.drives)]


def _moves(problem: Problem, where: ChargedSectors) -> tuple[Any, list[Any]]:
    """Where the Hamiltonian joins states, and all jump matrices."""
    pattern: Any = sp.csr_array((where.size, where.size))
    for op in everything(problem):
        pattern = pattern + abs(where.matrix(op))
    return sp.csr_array(pattern), [m for j in problem.jumps for _, m in where.jumps(j)]


@dataclass(frozen=True, eq=False)
class Reached:
    """What the dynamics of one problem holds.

    Attributes:
        where: all states.
        index: the reached ones, ascending.
        blocks: how they fall into blocks.
        start: the initial state, packed.
        leaks: whether terms or jumps lead beyond the cutoff from reached states.
    """

    where: ChargedSectors
    index: Ints
    blocks: PackedBlocks
    start: Real
    leaks: bool

    def restrict(self, matrix: Any) -> Any:
        """A sparse matrix on the reached states."""
        return sp.csr_array(matrix)[self.index][:, self.index]

    def matrix(self, op: OpSum) -> Any:
        """Sparse matrix of an operator on the reached states."""
        return self.restrict(self.where.matrix(op))

    def jumps(self, jump: Jump) -> list[tuple[float, Any]]:
        """(rate, L) of a jump on the reached states."""
        return [(rate, self.restrict(m)) for rate, m in self.where.jumps(jump)]

    @cached_property
    def state(self) -> tuple[Ints, Ints]:
        """Row among all sectors and charger level of each state, in the order of the blocks."""
        row, level = np.divmod(self.index[self.blocks.order], self.where.levels)
        return row, level

    @cached_property
    def trace_out(self) -> Any:
        """Sparse matrix from packed states to packed states of the battery."""
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
        to, at = np.concatenate(target), np.concatenate(source)
        return sp.csr_array((np.ones(len(at)), (to, at)), (int(s.entries[-1]), int(b.entries[-1])))

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
    where = ChargedSectors(problem.battery.space)
    pattern, jumps = _moves(problem, where)
    start = where.start(problem)
    found = _follow(start.diagonal() != 0, sum(map(abs, jumps), pattern))
    index = np.flatnonzero(found)
    cut = [sp.csr_array(m)[index][:, index] for m in (pattern, *jumps, start)]
    blocks = PackedBlocks(components(cut[0], cut[1:-1], cut[-1]))
    at, values = blocks.pack(cut[-1])
    packed = np.zeros(int(blocks.entries[-1]))
    packed[at] = values
    return Reached(where, index, blocks, packed, _leaks(problem, found))


def _follow(start: NDArray[np.bool_], pattern: Any) -> NDArray[np.bool_]:
    """All states that entries <i|O|j> lead to, from j to i."""
    found, front, there = start.copy(), start, sp.csr_array(pattern)
    while front.any():
        front = ((there @ front.astype(float)) > 0) & ~found
        found |= front
    return found


def _leaks(problem: Problem, found: NDArray[np.bool_]) -> bool:
    """Whether anything leads from reached states beyond the cutoff."""
    space = problem.battery.space
    (group,) = space.part("charger").groups
    if not isinstance(group.kind, Boson):
        return False
    wide = replace(group, kind=Boson(group.kind.highest + 4))
    where = ChargedSectors(Space(tuple(wide if g.name == group.name else g for g in space.groups)))
    pattern, jumps = _moves(problem, where)
    levels = group.kind.dimension
    begun = np.zeros((where.size // where.levels, where.levels))
    begun[:, :levels] = found.reshape(-1, levels)
    there = (sum(map(abs, jumps), pattern) @ begun.reshape(-1)).reshape(begun.shape)
    return bool(np.any(there[:, levels:] > 0))


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
                real_weights(m.data)
            except ValueError:
                return "the elements of a custom jump have no common phase"
            if not one_to_one(m):
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
            other += 2 * rate * float(np.max((abs(where.matrix(j.op)) ** 2).sum(axis=0), initial=0.0))
        elif where.space.group(j.group).role == "battery":
            rates[rate_of(j)[0]] += rate
        else:
            ((_, band),) = ladder.parted(OpSum((Local(j.op, 1.0, j.group),)), where.space)
            for offset, w in band.items():
                if offset:
                    directions.add(offset > 0)
                    leaving += rate * np.roll(np.abs(w) ** 2, offset)
                else:
                    phase += rate * float(np.ptp(w.real)) ** 2 / 2
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
    def _own(self) -> Any:
        return self.found.blocks.functional(self.found.matrix(self.problem.battery.charger))

    @cached_property
    def _interaction(self) -> tuple[Any, Any]:
        b = self.problem.battery
        v = self.found.matrix(OpSum(b.interaction.terms + tuple(t for op, _ in b.drives for t in op.terms)))
        return self.found.blocks.functional(v), self.found.blocks.functional(v @ v)

    @cached_property
    def _kept(self) -> dict[str, Any]:
        return {}

    def _battery(self, x: Array) -> Array:
        """Packed states of the battery (T, n); those of the last batch are kept, for `check` sees it first."""
        if self._kept.get("x") is not x:
            self._kept.update(x=x, battery=self._traced(x))
        return np.asarray(self._kept["battery"])

    def _traced(self, x: Array) -> Array:
        return np.ascontiguousarray((self.found.trace_out @ x.T).T)

    def observe(self, needs: frozenset[str], x: Array, unitary: Array, dissipative: Array) -> dict[str, Value]:
        """See `Readout`."""
        rates = self._traced(unitary), self._traced(dissipative)
        out = self._inner.observe(needs - {"charger_variance"}, self._battery(x), *rates)
        if "charger_variance" in needs:
            v, square = self._interaction
            out["charger_variance"] = np.maximum((square @ x.T)[0] - (v @ x.T)[0] ** 2, 0.0)
        if "charger_energy" in needs:
            out["charger_energy"] = (self._own @ x.T)[0] - (self._own @ self.found.start)[0]
        return out

    def statics(self, needs: frozenset[str]) -> dict[str, Any]:
        """See `Readout`."""
        return self._inner.statics(needs)

    def check(self, x: Array) -> dict[str, float]:
        """Trace, positivity (of large blocks in the last state only), and the highest levels of a mode."""
        if not np.isfinite(x).all():
            return {"trace": np.nan}
        out = self._inner.check(self._battery(x))
        every = self.found.blocks.sizes.max() <= POSITIVITY_STATES
        lowest = float(self.found.blocks.spectra(x if every else x[-1:]).min())
        out["negativity"] = max(out["negativity"], -lowest)
        tails = self.found.highest.items()
        return out | {name: float(x[:, at].sum(axis=1).max()) for name, at in tails}


def reduce(problem: Problem, request: Request) -> Reduced:
    """Generators and readouts on the reached states."""
    found = reached(problem)
    generators = tuple(
        block_generator(s, block_terms(s, found.blocks, found.matrix, found.jumps, _decay(s, found.where)))
        for s in segments(problem)
    )
    return Reduced(found.start, generators, ChargedSectorReadout(problem, request, found))


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
    n, widest = int(found.blocks.entries[-1]), int(found.blocks.sizes.max())
    room = max(1, BATCH_BYTES // (24 * n))
    held = 8 * n * (30 if n < 2**21 else 16) + min(8 * n * times, 2**26) + 8 * 8 * n * min(times, room)
    # sparse matrices of all states, about eight entries a row and jump
    tables = 16 * 12 * states * (4 + 3 * len(problem.jumps))
    spectra = 3 * 16 * widest**2 * (min(times, room) if widest <= POSITIVITY_STATES else 2)
    return Size(n, held + tables + spectra, _work(problem, request, found))


def _work(problem: Problem, request: Request, found: Reached) -> Work:
    """Applications of the right-hand side, and eigenvalues at the save times."""
    n, times, cells = float(found.start.size), len(problem.times), problem.battery.space.cells
    total = Work(calls=150.0 * times, flops=40.0 * n * times)
    if request.needs & {"spectrum", "collective_passive"}:
        total += Work(flops=times * (cells + 2.0) ** 4, calls=cells * 5.0)
    if found.blocks.sizes.max() <= POSITIVITY_STATES:
        total += Work(flops=30.0 * times * float(np.sum(found.blocks.sizes**3)), calls=20.0 * times)
    for s in segments(problem):
        terms = block_terms(s, found.blocks, found.matrix, found.jumps, _decay(s, found.where))
        h = terms.hamiltonians
        each = 2.0 * len(h.row) / len(found.index) + 2.0 * len(terms.rates) + 3.0
        apply = Work(flops=4.0 * each * n + 20.0 * each * len(found.index))
        length, speed = s.end - s.start, terms.width + terms.decay
        if s.constant:
            total += apply * (1.3 * length * speed + 60.0) + Work(calls=length * speed / 20 + 100)
        else:
            applied = costs.runge_kutta(0.25 * speed, s, costs.saves(s, problem.times)) if length else 1.0
            total += apply * applied + costs.stages(applied, n)
    return total
