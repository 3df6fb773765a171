"""Cells in a cavity: generators on the Dicke states of the cells times the states of one charger, as far as reached."""

from __future__ import annotations

from functools import lru_cache
from itertools import product
from typing import Any

import numpy as np
import scipy.sparse as sp

from qsb.algebra import ladder
from qsb.algebra.ladder import Grid
from qsb.algebra.space import Boson
from qsb.charging.environment import Jump
from qsb.charging.problem import Problem
from qsb.dynamics import costs
from qsb.dynamics.charged import ChargedPureReadout
from qsb.dynamics.closed import closed_generator
from qsb.dynamics.integrate import choose
from qsb.dynamics.ladder_chebyshev import GridGenerator
from qsb.dynamics.ladder_density import SectorReadout, Sectors, sector_generator
from qsb.dynamics.ladder_frame import LadderFrame
from qsb.dynamics.lindblad import DENSE_UNKNOWNS
from qsb.dynamics.reached import cell_states, cells_alone, jump_sum, ladder_ket, ladder_populations, layout
from qsb.dynamics.representation import Generator, Reduced, Request, Size, Work, batch_bytes
from qsb.dynamics.segment import Segment, segments
from qsb.dynamics.start_states import charger_ket, start_density

#: kets up to this dimension are diagonalised; an expansion costs less above
EIGEN_STATES = 400
#: places of the grid up to which the reached ones are looked for to plan; above, all of them count
MOST_PLACES = 2**27


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
