"""What cells beside one charger reach: of the Dicke states of the cells times the states of the charger, these alone.

Conserved numbers (excitations, parity) need no names: the states are those that the terms of the Hamiltonian, and the
jumps, lead to from the start.
"""

from __future__ import annotations

from dataclasses import replace
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from qsb.algebra import ladder
from qsb.algebra.ladder import Layout
from qsb.algebra.opsum import OpSum
from qsb.algebra.space import Boson
from qsb.algebra.terms import Local
from qsb.charging.battery import Battery
from qsb.charging.environment import Jump
from qsb.charging.problem import Problem, charger_populations
from qsb.dynamics.start_states import start_ket
from qsb.dynamics.symmetric import start_dicke


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
        return start_ket(alone) if alone.battery.start.pure_by_kind else None
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
    """A jump operator as a sum."""
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
