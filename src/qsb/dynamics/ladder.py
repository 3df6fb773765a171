"""Cells in a cavity: Dicke states of the cells times the states of one charger group, and of these the reached ones.

Conserved numbers (excitations, parity) need no names: the states are those that the terms of the Hamiltonian, and the
jumps, lead to from the start.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property, lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from qsb.algebra import ladder
from qsb.algebra.blocks import Blocks, Spectrum
from qsb.algebra.ladder import Grid, Layout
from qsb.algebra.opsum import Local, OpSum
from qsb.algebra.space import Boson
from qsb.charging.battery import Battery
from qsb.charging.environment import Jump
from qsb.charging.problem import Problem, charger_populations
from qsb.dynamics.charged import TAIL, ChargedMixedReadout, ChargedPureReadout, top_levels
from qsb.dynamics.closed import closed_generator
from qsb.dynamics.expansion import GridGenerator
from qsb.dynamics.frame import EnergyBasis, Operator, Sparse
from qsb.dynamics.integrate import choose
from qsb.dynamics.lindblad import matrix_generator
from qsb.dynamics.representation import Array, Generator, Reduced, Request, Size, batch_bytes
from qsb.dynamics.segment import Segment, segments

#: kets up to this dimension are diagonalised; an expansion costs less above
EIGEN_STATES = 200


def cells_alone(problem: Problem) -> Problem:
    """The battery's cells without the charger: what is known of their levels and of their start."""
    battery = Battery(problem.cells_space, problem.meter, start=replace(problem.battery.start, charger=None))
    return Problem(battery, problem.protocol, (), problem.times)


@lru_cache(maxsize=8)
def layout(problem: Problem) -> Layout:
    """The reached states; kept for the last few problems, since the planner asks more than once."""
    space = problem.battery.space
    return Layout.of(ladder.reached(_begun(problem), ladder.products(_everything(problem), space)))


def _begun(problem: Problem) -> NDArray[np.bool_]:
    """States that the start may occupy, (R, C)."""
    from qsb.dynamics.symmetric import start_dicke

    rows = start_dicke(cells_alone(problem))
    cells = np.ones(problem.cells + 1, dtype=bool) if rows is None else np.abs(rows) > 0
    return np.outer(cells, _charger(problem) > 0)


def _charger(problem: Problem) -> NDArray[np.float64]:
    """Start populations of the charger's ladder."""
    group = problem.battery.space.part("charger").groups[0]
    p = charger_populations(problem.battery.start, group)
    return p if isinstance(group.kind, Boson) else p[::-1]


def _everything(problem: Problem) -> OpSum:
    """All terms and jumps, whatever their envelopes."""
    b = problem.battery
    terms = [*b.battery.terms, *b.charger.terms, *b.interaction.terms, *(t for op, _ in b.drives for t in op.terms)]
    return OpSum((*terms, *(t for j in problem.jumps for t in _jump_sum(j).terms)))


def _jump_sum(jump: Jump) -> OpSum:
    assert isinstance(jump.op, str)
    return OpSum((Local(jump.op, 1.0, jump.group),))


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
class LadderFrame:
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
        """The frame of the cells alone, which knows H_B, its levels and subsets of cells."""
        from qsb.dynamics.symmetric import SymmetricFrame

        return SymmetricFrame(cells_alone(self.problem))

    @property
    def null(self) -> int:
        """2^N - (N+1) dimensions of the battery outside the symmetric sector."""
        return int(self.cells_frame.null)

    @cached_property
    def _index(self) -> NDArray[np.int64]:
        return np.flatnonzero(self.layout.mask)

    def matrix(self, op: OpSum) -> Any:
        """Sparse matrix on the reached states."""
        whole = ladder.sparse(ladder.products(op, self.problem.battery.space), self.layout.mask.shape)
        return whole[self._index][:, self._index].tocsr()

    def operator(self, op: OpSum) -> Operator:
        """A grid where all weights are real, a sparse matrix otherwise."""
        found = ladder.real(ladder.products(op, self.problem.battery.space))
        return Sparse(self.matrix(op)) if found is None else Grid(found, self.layout)

    @cached_property
    def _battery(self) -> Operator:
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
        out[:, self._index] = psi
        return out.reshape(len(psi), *self.layout.mask.shape)

    def compact(self, psi: Array) -> list[Array]:
        """Kets (T, d) as matrices of those rows that share columns: there is no coherence between the others."""
        out = np.zeros((len(psi), len(self.layout.first) * self.layout.width), dtype=complex)
        out[:, self._places] = psi
        whole = out.reshape(len(psi), len(self.layout.first), self.layout.width)
        return [whole[:, rows] for rows in self.layout.classes()]

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

    def reduce_ket(self, psi: Array, subset: tuple[int, ...]) -> Blocks:
        """State of any n cells."""
        found: Blocks = self.cells_frame.reduce_density(self.battery_ket(psi), subset)
        return found

    def reduce_density(self, rho: Array, subset: tuple[int, ...]) -> Blocks:
        """State of any n cells."""
        found: Blocks = self.cells_frame.reduce_density(self.battery_density(rho), subset)
        return found

    def marginals_ket(self, psi: Array) -> Array:
        """The common cell state (T, 1, 2, 2)."""
        return np.asarray(self.cells_frame.marginals_density(self.battery_ket(psi)))

    def marginals_density(self, rho: Array) -> Array:
        """The common cell state (T, 1, 2, 2)."""
        return np.asarray(self.cells_frame.marginals_density(self.battery_density(rho)))

    def tails(self, populations: Array) -> dict[str, float]:
        """Population of the highest Fock states, where terms lead beyond them."""
        group = self.problem.battery.space.part("charger").groups[0]
        if not isinstance(group.kind, Boson) or not leaks(self.problem):
            return {}
        cutoff = group.kind.cutoff
        high = np.nonzero(self.layout.mask)[1] > cutoff - top_levels(cutoff)
        return {TAIL + group.name: float(populations[:, high].sum(axis=1).max())}


def integrator(problem: Problem, segment: Segment) -> str:
    """Name of the integrator of a segment, without building anything."""
    states, pure = layout(problem).states, pure_run(problem)
    if not pure:
        return choose(states**2, constant=segment.constant, skew=False).name
    if not segment.constant:
        return choose(states, constant=False, skew=True).name
    if states <= EIGEN_STATES:
        return "eigen"
    found = ladder.real(ladder.products(segment.hamiltonian, problem.battery.space))
    return "chebyshev" if found is None else "ladder"


def pure_run(problem: Problem) -> bool:
    """Whether the state stays a ket."""
    return problem.structure.pure_start and not problem.structure.dissipative


def reduce(problem: Problem, request: Request) -> Reduced:
    """Generators and readouts on the reached states."""
    frame, parts = LadderFrame(problem), segments(problem)
    start = _start(problem, frame)
    if pure_run(problem):
        generators = tuple(_closed(frame, s) for s in parts)
        return Reduced(start, generators, ChargedPureReadout(frame, request))

    def pairs(j: Jump) -> list[tuple[float, Any]]:
        return [(float(np.asarray(j.rate).flat[0]), frame.matrix(_jump_sum(j)))]

    mixed = tuple(matrix_generator(s, frame.matrix, pairs) for s in parts)
    charger = frame.matrix(frame.charger_sum).toarray() if "charger_variance" in request.needs else None
    meter = frame.matrix(problem.battery.battery).toarray()
    return Reduced(start, mixed, ChargedMixedReadout(frame, request, meter, charger))


def _closed(frame: LadderFrame, segment: Segment) -> Generator:
    """-iH on kets, with the grid where the weights are real."""
    states = frame.layout.states
    made = closed_generator(segment, frame.operator, states, EIGEN_STATES)
    found = ladder.real(ladder.products(segment.hamiltonian, frame.problem.battery.space))
    grid = None if found is None else Grid(found, frame.layout)
    return GridGenerator(
        made.segment, made.unitary, skew=True, dense=made.dense, norm=made.norm, bounds=made.bounds, grid=grid
    )


def _start(problem: Problem, frame: LadderFrame) -> Array:
    """The initial ket (d,) or density matrix (d, d) on the reached states."""
    from qsb.dynamics.full import charger_ket, start_density
    from qsb.dynamics.symmetric import start_dicke

    group, start = problem.battery.space.part("charger").groups[0], problem.battery.start
    alone = cells_alone(problem)
    rows = start_dicke(alone)
    mode = start.charger
    if isinstance(group.kind, Boson):
        columns = charger_ket(start, group)
    else:
        columns = np.sqrt(_charger(problem)).astype(complex)
    mixed_charger = mode is not None and not mode.pure
    if rows is not None and not mixed_charger:
        ket = np.outer(rows, columns).reshape(-1)[frame._index]
        return ket if pure_run(problem) else np.outer(ket, ket.conj())
    cells = start_density(alone) if rows is None else np.outer(rows, rows.conj())
    charger = np.diag(_charger(problem)).astype(complex) if mixed_charger else np.outer(columns, columns.conj())
    return np.asarray(np.kron(cells, charger)[np.ix_(frame._index, frame._index)])


def size(problem: Problem) -> Size:
    """Reached states or their square, the vectors of an expansion, and a batch of save states."""
    d = layout(problem).states
    if not pure_run(problem):
        return Size(d * d, 16 * d * d * 30 + batch_bytes(problem, d * d) + (12 * 16 * d**4 if d * d <= 256 else 0))
    dense = 4 * 16 * d * d if d <= EIGEN_STATES else 0
    # two threads with a ring of ten real vectors each, and what one window gives out
    return Size(d, 8 * d * 30 + min(2**28, 32 * d * len(problem.times)) + batch_bytes(problem, d) + dense)
