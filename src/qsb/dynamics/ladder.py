"""Cells in a cavity: Dicke states of the cells times the states of one charger group, and of these the reached ones.

Conserved numbers (excitations, parity) need no names: the states are those that the terms of the Hamiltonian, and the
jumps, lead to from the start.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property, lru_cache
from itertools import product
from typing import Any

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray

from qsb.algebra import ladder, lapack
from qsb.algebra.blocks import Blocks, Spectrum
from qsb.algebra.kernels import threads
from qsb.algebra.ladder import Grid, Layout
from qsb.algebra.opsum import Local, OpSum
from qsb.algebra.space import Boson
from qsb.charging.battery import Battery
from qsb.charging.environment import Jump
from qsb.charging.problem import Problem, charger_populations
from qsb.dynamics import costs, full
from qsb.dynamics.charged import TAIL, ChargedPureReadout, top_levels
from qsb.dynamics.closed import closed_generator
from qsb.dynamics.expansion import PARALLEL_PLACES, GridGenerator
from qsb.dynamics.frame import EnergyBasis, Operator, SmallSubsets, Sparse
from qsb.dynamics.integrate import choose
from qsb.dynamics.ladder_density import SectorReadout, Sectors, sector_generator
from qsb.dynamics.lindblad import DENSE_UNKNOWNS
from qsb.dynamics.readouts import padded
from qsb.dynamics.representation import Array, Generator, Reduced, Request, Size, Work, batch_bytes
from qsb.dynamics.segment import Segment, segments
from qsb.dynamics.start_states import charger_ket, start_density
from qsb.dynamics.symmetric import SymmetricFrame, start_dicke

#: kets up to this dimension are diagonalised; an expansion costs less above
EIGEN_STATES = 400
#: places of the grid up to which the reached ones are looked for to plan; above, all of them count
MOST_PLACES = 2**27


def cells_alone(problem: Problem) -> Problem:
    """The battery without the charger: what is known of its levels and of its start."""
    battery = Battery(problem.cells_space, problem.meter, start=replace(problem.battery.start, charger=None))
    return Problem(battery, problem.protocol, (), problem.times)


@lru_cache(maxsize=8)
def layout(problem: Problem) -> Layout:
    """The reached states; kept for the last few problems, since the planner asks more than once."""
    space = problem.battery.space
    return Layout.of(ladder.reached(_begun(problem), ladder.products(_everything(problem), space)))


def _begun(problem: Problem) -> NDArray[np.bool_]:
    """States that the start may occupy, (R, C)."""
    rows = ladder_ket(cells_alone(problem))
    cells = np.ones(cell_states(problem), dtype=bool) if rows is None else np.abs(rows) > 0
    return np.outer(cells, ladder_populations(problem) > 0)


def cell_states(problem: Problem) -> int:
    """Number of rows: states of the battery's ladder."""
    return ladder.ladder_dimension(problem.cells_space.groups[0])


def ladder_ket(alone: Problem) -> Any:
    """The initial ket of the battery's ladder; None if it is a mixture."""
    if alone.battery.space.single_mode:
        return full.start_ket(alone) if alone.battery.start.pure_by_kind else None
    return start_dicke(alone)


def ladder_populations(problem: Problem) -> NDArray[np.float64]:
    """Start populations of the charger's ladder."""
    group = problem.battery.space.part("charger").groups[0]
    p = charger_populations(problem.battery.start, group)
    return p if isinstance(group.kind, Boson) else p[::-1]


def _everything(problem: Problem) -> OpSum:
    """All terms and jumps, whatever their envelopes."""
    b = problem.battery
    terms = [*b.battery.terms, *b.charger.terms, *b.interaction.terms, *(t for op, _ in b.drives for t in op.terms)]
    jumps = [jump_sum(j) for j in problem.jumps]
    # the decay L^+ L of a sum over several ladders moves what it leaves: L and then L^+ lead wherever it does
    decays = [op.adjoint() for op in jumps if len(op.terms) > 1]
    return OpSum((*terms, *(t for op in (*jumps, *decays) for t in op.terms)))


def jump_sum(jump: Jump) -> OpSum:
    return jump.op if isinstance(jump.op, OpSum) else OpSum((Local(jump.op, 1.0, jump.group),))


@lru_cache(maxsize=8)
def leaks(problem: Problem) -> bool:
    """Whether the cutoff is in the way: whether terms or jumps lead beyond it from states that are reached."""
    return ladder.leaks(layout(problem).mask, _everything(problem), problem.battery.space)


def may_leak(problem: Problem) -> bool:
    """The same of any problem: True where it cannot be told from ladders."""
    s = problem.structure
    told = s.charged and s.permutation_symmetric and s.collective_noise and s.uniform_start
    return not told or leaks(problem)


@dataclass(frozen=True)
class Levels:
    """A diagonal operator."""

    values: NDArray[np.float64]

    def apply(self, psi: Array) -> Array:
        """Operator times a ket."""
        return np.asarray(self.values * psi)

    def moments(self, x: Array, rate: Array) -> tuple[float, float, float]:
        """<O>, <O^2> and 2 Re <x|O|rate>."""
        from qsb.algebra.kernels.ladder import moments

        kets = (np.ascontiguousarray(v, dtype=complex) for v in (x, rate))
        a, b, c = moments(self.values, *kets)
        return float(a), float(b), float(c)


@dataclass(frozen=True)
class LadderFrame(SmallSubsets):
    """Readouts on the reached states, row by row of the grid (cells up first, then Fock states upwards)."""

    problem: Problem

    @property
    def charged(self) -> bool:
        """A charger is there."""
        return True

    @cached_property
    def layout(self) -> Layout:
        """The reached states."""
        return layout(self.problem)

    @cached_property
    def cells_frame(self) -> Any:
        """The frame of the battery alone, which knows H_B, its levels and subsets of cells."""
        alone = cells_alone(self.problem)
        return full.FullFrame(alone) if alone.battery.space.single_mode else SymmetricFrame(alone)

    @property
    def null(self) -> int:
        """2^N - (N+1) dimensions of the battery outside the symmetric sector; none of a mode."""
        return int(self.cells_frame.null)

    @cached_property
    def index(self) -> NDArray[np.int64]:
        """Place of each reached state in the flat grid."""
        return np.flatnonzero(self.layout.mask)

    def matrix(self, op: OpSum) -> Any:
        """Sparse matrix on the reached states."""
        whole = ladder.sparse(ladder.products(op, self.problem.battery.space), self.layout.mask.shape)
        return whole[self.index][:, self.index].tocsr()

    def operator(self, op: OpSum) -> Operator:
        """A grid where all weights are real, a sparse matrix otherwise."""
        found = ladder.real(ladder.products(op, self.problem.battery.space))
        return Sparse(self.matrix(op)) if found is None else Grid(found, self.layout)

    @cached_property
    def _battery(self) -> Operator:
        found = ladder.products(self.problem.battery.battery, self.problem.battery.space)
        if all(set(p.rows) == {0} == set(p.columns) for p in found):
            # of cells that are not tilted, a number for each row
            levels = sum((p.rows[0].real for p in found), np.zeros(len(self.layout.first)))
            return Levels(levels[np.nonzero(self.layout.mask)[0]])
        return Sparse(self.matrix(self.problem.battery.battery))

    def battery(self) -> Operator:
        """H_B."""
        return self._battery

    @cached_property
    def charger_sum(self) -> OpSum:
        """V with all drives."""
        b = self.problem.battery
        return OpSum(b.interaction.terms + tuple(t for op, _ in b.drives for t in op.terms))

    @cached_property
    def _charger(self) -> Operator:
        return self.operator(self.charger_sum)

    def charger(self) -> Operator:
        """V."""
        return self._charger

    def levels(self) -> Spectrum:
        """Levels of H_B on all 2^N dimensions of the battery."""
        found: Spectrum = self.cells_frame.levels()
        return found

    def extremes(self) -> tuple[float, float]:
        """Lowest and highest energy of H_B."""
        low, high = self.cells_frame.extremes()
        return float(low), float(high)

    def span(self) -> tuple[float, float]:
        """Lowest and highest eigenvalue of V, for a charger of spins, on the ladders of largest spin."""
        e = np.linalg.eigvalsh(
            ladder.sparse(
                ladder.products(self.charger_sum, self.problem.battery.space), self.layout.mask.shape
            ).toarray()
        )
        return float(e[0]), float(e[-1])

    def energy_basis(self) -> EnergyBasis:
        """Eigenbasis of H_B among the Dicke states."""
        found: EnergyBasis = self.cells_frame.energy_basis()
        return found

    def cells(self) -> tuple[Array, NDArray[np.float64]]:
        """One kind of cell, N times."""
        h, counts = self.cells_frame.cells()
        return h, counts

    def subset_hamiltonian(self, subset: tuple[int, ...]) -> Blocks:
        """H_B of the subset in its own sectors of total spin."""
        found: Blocks = self.cells_frame.subset_hamiltonian(subset)
        return found

    def subset_levels(self, subset: tuple[int, ...]) -> Spectrum:
        """All 2^n levels of the subset."""
        found: Spectrum = self.cells_frame.subset_levels(subset)
        return found

    # -- the battery's state ------------------------------------------------------------------------------------------

    @cached_property
    def _places(self) -> NDArray[np.int64]:
        return self.layout.places()

    def factor(self, psi: Array) -> Array:
        """Kets (T, d) as matrices (T, N+1, columns of the charger)."""
        out = np.zeros((len(psi), self.layout.mask.size), dtype=complex)
        out[:, self.index] = psi
        return out.reshape(len(psi), *self.layout.mask.shape)

    def spectrum(self, psi: Array) -> Spectrum:
        """Eigenvalues of the battery's states: rows that share no columns have no coherence, so class by class."""
        height, width = len(self.layout.first), self.layout.width
        values = np.zeros((len(psi), height))
        classes = self.layout.classes()

        def read(t: int) -> None:
            kept = np.zeros(height * width, dtype=complex)
            kept[self._places] = psi[t]
            # columns that hold nothing to rounding add nothing
            parts = kept.view(float).reshape(height, 2 * width)
            largest = np.maximum(parts.max(axis=0), -parts.min(axis=0))
            used = np.flatnonzero(largest > 1e-18) // 2
            whole = kept.reshape(height, width)[:, used[0] : used[-1] + 1]
            at = 0
            for rows in classes:
                # M M^+ is Hermitian: half of it is enough
                values[t, at : at + len(rows)] = lapack.eigenvalues(lapack.gram(whole[rows]))
                at += len(rows)

        list(threads.each(read, range(len(psi)), large=height * width > PARALLEL_PLACES))
        return padded(np.maximum(-np.sort(-values, axis=1), 0.0), self.null)

    def battery_ket(self, psi: Array) -> Array:
        """The battery's states (T, N+1, N+1) of kets (T, d)."""
        m = self.factor(psi)
        return np.asarray(m @ m.conj().swapaxes(1, 2))

    def battery_density(self, rho: Array) -> Array:
        """The battery's states (T, N+1, N+1): the charger traced out column by column."""
        height = self.layout.mask.shape[0]
        out = np.zeros((len(rho), height, height), dtype=complex)
        r, c = np.nonzero(self.layout.mask)
        for column in np.unique(c):
            here = np.flatnonzero(c == column)
            out[:, r[here][:, None], r[here]] += rho[:, here[:, None], here]
        return out

    def battery_marginals(self, rho: Array) -> Array:
        """The common cell state (T, 1, 2, 2) of battery states (T, N+1, N+1)."""
        return np.asarray(self.cells_frame.marginals_density(rho))

    def battery_subset(self, rho: Array, subset: tuple[int, ...]) -> Blocks:
        """State of any n cells of battery states."""
        found: Blocks = self.cells_frame.reduce_density(rho, subset)
        return found

    def reduce_ket(self, psi: Array, subset: tuple[int, ...]) -> Blocks:
        """State of any n cells."""
        return self.battery_subset(self.battery_ket(psi), subset)

    def reduce_density(self, rho: Array, subset: tuple[int, ...]) -> Blocks:
        """State of any n cells."""
        return self.battery_subset(self.battery_density(rho), subset)

    def marginals_ket(self, psi: Array) -> Array:
        """The common cell state (T, 1, 2, 2)."""
        return self.battery_marginals(self.battery_ket(psi))

    def marginals_density(self, rho: Array) -> Array:
        """The common cell state (T, 1, 2, 2)."""
        return self.battery_marginals(self.battery_density(rho))

    @cached_property
    def highest(self) -> dict[str, NDArray[np.int64]]:
        """States with a mode on its highest levels, where terms lead beyond them."""
        if not leaks(self.problem):
            return {}
        places, out = np.nonzero(self.layout.mask), {}
        space = self.problem.battery.space
        for axis, part in enumerate((space.part("battery"), space.part("charger"))):
            (group,) = part.groups
            if isinstance(group.kind, Boson):
                high = places[axis] > group.kind.highest - top_levels(group.kind.highest)
                out[TAIL + group.name] = np.flatnonzero(high)
        return out


def integrator(problem: Problem, segment: Segment) -> str:
    """Name of the integrator of a segment, without building anything."""
    states, pure = layout(problem).states, pure_run(problem)
    if not pure:
        name = choose(sectors(problem).entries, constant=segment.constant, skew=False).name
        return "damped" if name == "taylor" else name
    if not segment.constant:
        return choose(states, constant=False, skew=True).name
    if states <= EIGEN_STATES:
        return "eigen"
    found = ladder.real(ladder.products(segment.hamiltonian, problem.battery.space))
    return "chebyshev" if found is None else "ladder"


@lru_cache(maxsize=8)
def sectors(problem: Problem) -> Sectors:
    """The blocks that a mixed state falls into."""
    frame = LadderFrame(problem)
    b = problem.battery
    parts = [b.battery, b.charger, b.interaction, *(op for op, _ in b.drives)]
    pattern = sum(abs(frame.matrix(op)) for op in parts)
    jumps = [frame.matrix(jump_sum(j)) for j in problem.jumps]
    return Sectors.of(pattern, jumps, _start(problem, frame).tocoo())


def pure_run(problem: Problem) -> bool:
    """Whether the state stays a ket."""
    return problem.structure.pure_start and not problem.structure.dissipative


def reduce(problem: Problem, request: Request) -> Reduced:
    """Generators and readouts on the reached states."""
    frame, parts = LadderFrame(problem), segments(problem)
    start = _start(problem, frame)
    if pure_run(problem):
        generators = tuple(_closed(frame, s) for s in parts)
        return Reduced(
            start, generators, ChargedPureReadout(frame, request, frame.operator(problem.battery.charger), start)
        )

    blocks = sectors(problem)

    def jump(j: Jump) -> tuple[float, Any]:
        return float(np.asarray(j.rate).flat[0]), frame.matrix(jump_sum(j))

    mixed = tuple(sector_generator(s, blocks, frame.matrix, jump) for s in parts)
    meters = {"battery": frame.matrix(problem.battery.battery), "own": frame.matrix(problem.battery.charger)}
    if "charger_variance" in request.needs:
        meters["charger"] = frame.matrix(frame.charger_sum)
    meters |= {f"{name} squared": m @ m for name, m in meters.items()}
    row, column = np.nonzero(frame.layout.mask)
    flat = blocks.flatten(start)
    readout = SectorReadout(
        frame,
        request,
        blocks,
        {name: blocks.functional(m) for name, m in meters.items()},
        blocks.partial_trace(row, column, len(frame.layout.mask)),
        len(frame.layout.mask),
        flat,
    )
    return Reduced(flat, mixed, readout)


def _closed(frame: LadderFrame, segment: Segment) -> Generator:
    """-iH on kets, with the grid where the weights are real."""
    states = frame.layout.states
    made = closed_generator(segment, frame.operator, states, EIGEN_STATES)
    found = ladder.real(ladder.products(segment.hamiltonian, frame.problem.battery.space))
    grid = None if found is None else Grid(found, frame.layout)
    return GridGenerator(
        made.segment, made.unitary, skew=True, dense=made.dense, norm=made.norm, bounds=made.bounds, grid=grid
    )


def _start(problem: Problem, frame: LadderFrame) -> Any:
    """The initial ket (d,) of a pure run, else the density matrix (d, d), sparse, on the reached states."""
    group, start = problem.battery.space.part("charger").groups[0], problem.battery.start
    alone = cells_alone(problem)
    rows = ladder_ket(alone)
    columns = None
    if start.charger is None or start.charger.pure:
        boson = isinstance(group.kind, Boson)
        columns = charger_ket(start, group) if boson else np.sqrt(ladder_populations(problem)).astype(complex)
    if rows is not None and columns is not None:
        ket = np.outer(rows, columns).reshape(-1)[frame.index]
        if pure_run(problem):
            return ket
        column = sp.csr_array(ket[:, None])
        return sp.csr_array(column @ column.conj().T)
    cells = start_density(alone) if rows is None else np.outer(rows, rows.conj())
    charger = np.diag(ladder_populations(problem)) if columns is None else np.outer(columns, columns.conj())
    whole = sp.kron(sp.csr_array(cells), sp.csr_array(charger), format="csr")
    return sp.csr_array(whole[frame.index][:, frame.index])


def size(problem: Problem, request: Request) -> Size:
    """Reached states or their square, the vectors of an expansion, and a batch of save states."""
    group = problem.battery.space.part("charger").groups[0]
    # a group of spins is looked at by its collective states
    whole = cell_states(problem) * ladder.ladder_dimension(group)
    if whole > MOST_PLACES:
        return Size(whole, 8 * 30 * whole, untimed="so many states are not looked at before they fit")
    d = layout(problem).states
    if not pure_run(problem):
        entries = sectors(problem).entries
        dense = 12 * 16 * entries**2 if entries <= DENSE_UNKNOWNS else 0
        held = 16 * entries * 20 + batch_bytes(problem, entries) + dense
        return Size(entries, held, untimed="how far the decays of a mode reach is not known before it is built")
    dense = 4 * 16 * d * d if d <= EIGEN_STATES else 0
    # two threads with a ring of ten real vectors each, and what one window gives out
    held = 8 * d * 30 + min(2**28, 32 * d * len(problem.times)) + batch_bytes(problem, d) + dense
    return Size(d, held, _work(problem, request, d))


def _half(problem: Problem, segment: Segment) -> float:
    """Half of the width of H's spectrum at most, from the greatest weights of its products of ladder operators."""
    total, space = 0.0, problem.battery.space
    times = np.linspace(segment.start, segment.end, 16)
    parts = [(segment.hamiltonian, 1.0)]
    parts += [(op, float(np.mean([abs(f(float(t))) for t in times]))) for op, f in segment.drives]
    for op, factor in parts:
        for p in ladder.products(op, space):
            for (k, u), (m, w) in product(p.rows.items(), p.columns.items()):
                greatest = float(np.abs(u).max(initial=0.0) * np.abs(w).max(initial=0.0))
                total += factor * greatest * (0.5 if k == m == 0 else 1.0)
    return total


def _work(problem: Problem, request: Request, states: int) -> Work:
    """A diagonalisation, expansions or Runge-Kutta steps of kets, and the reading of states and of their spectra."""
    d, saved = float(states), len(problem.times)
    total = Work(0.0, 320.0 * d * saved, 60.0 * saved)
    if request.needs & {"spectrum", "pinched"}:
        small = problem.cells + 1
        total += costs.spectra((small, max(1, states // small)), saved)
    for s in segments(problem):
        here, half = costs.saves(s, problem.times), _half(problem, s)
        if not s.constant:
            applied = costs.runge_kutta(0.3 * half, s, here)
            total += costs.stages(applied, 2 * d) + Work(40.0 * d, 64.0 * d, 6.0) * applied
        elif states <= EIGEN_STATES:
            total += Work(40.0 * d**3 + 8.0 * here * d**2, 0.0, 200.0)
        else:
            # both directions of time from one expansion, and energies that the state does not have are left out
            total += Work(40.0 * d, 16.0 * d, 0.1) * (half * (s.end - s.start) + 40)
    return total
