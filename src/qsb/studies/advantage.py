"""Quantum advantage as a ratio of two runs: a charger, and parallel charging with the same amount of a named resource.

The resource of the charger is read off its own V and start state, and the parallel reference is the field
lam sum_i sigma^x_i on the same cells with the same protocol. Formulas and the table of resources:
`qsb.merit.advantage`.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from qsb.algebra import structure as read
from qsb.algebra.opsum import OpSum
from qsb.algebra.space import Spin
from qsb.algebra.terms import Local
from qsb.charging.problem import Problem
from qsb.charging.protocol import Protocol
from qsb.dynamics.full import FullFrame
from qsb.dynamics.start_states import start_ket
from qsb.errors import SpecError
from qsb.merit.advantage import RESOURCES, Of, Parallel, Resource, parallel_reference, quantum_advantage
from qsb.runs.run import run

if TYPE_CHECKING:
    import xarray as xr

__all__ = ["Advantage", "advantage", "resource_of"]

#: largest space whose V is looked at as a whole
_LARGEST = 2**16
#: window of the reference over the time that it needs without H_B
_MARGIN = 1.1
_SCALARS = {"power": "peak_power", "average power": "peak_average_power", "time": "charging_time"}


@dataclass(frozen=True)
class Advantage:
    """A ratio and what it is made of.

    Attributes:
        gamma: power over power, or time of the reference over time.
        resource: what is equal.
        amount: how much of it both have.
        strength: lam of the reference.
        charger: the run of the charger.
        reference: the run of the reference.
        closed_form: gamma against the closed form of the reference, where the whole protocol is one constant stage
            without noise and the start is empty; None elsewhere.
    """

    gamma: float
    resource: Resource
    amount: float
    strength: float
    charger: xr.Dataset
    reference: xr.Dataset
    closed_form: float | None


def resource_of(problem: Problem, resource: Resource) -> float:
    """Return how much of a resource the charger of a problem has, at unit envelope; see `qsb.merit.advantage`.

    Raises:
        SpecError: on an unknown resource, a charger beside the battery, several drives, a mixed start, or a space that
            is too large.
    """
    if resource not in RESOURCES:
        raise SpecError(f"the resource is {resource!r}; say which one both have equal: {', '.join(RESOURCES)}")
    _check(problem)
    battery = problem.battery
    if resource == "equal coupling":
        return max(
            abs(c) for c, factors in battery.interaction.words(battery.space) if any(o != "i" for _, o in factors)
        )
    frame = FullFrame(problem)
    if resource == "equal norm":
        low, high = frame.span()
        return (high - low) / 2
    if not problem.structure.pure_start:
        raise SpecError(f"{resource!r} is that of V in a pure start state, and this start is a mixture.")
    psi = start_ket(problem)
    acted = frame.charger().apply(psi)
    mean = float(np.vdot(psi, acted).real)
    if resource == "equal driving energy":
        return mean - frame.span()[0]
    return float(np.sqrt(max(np.vdot(acted, acted).real - mean**2, 0.0)))


def advantage(problem: Problem, *, resource: Resource, of: Of = "power") -> Advantage:
    """Run a charger and the parallel field that has as much of the resource, and return the ratio.

    Args:
        problem: what charges alike two-level cells of one gap; its envelope and stages are the reference's as well, so
            that the resource is equal at all times. One constant stage is made longer for a reference that is slower;
            choose any other protocol long enough for both.
        resource: what is equal, see `qsb.merit.advantage.RESOURCES`; required.
        of: ``power`` (peak), ``average power`` (peak) or ``time`` (of the largest stored energy).

    Raises:
        SpecError: where the reference is not defined.
    """
    if of not in _SCALARS:
        raise SpecError(f"of must be one of {', '.join(_SCALARS)}, but it is {of!r}.")
    amount = resource_of(problem, resource)
    battery, gap = problem.battery, _gap(problem)
    found = parallel_reference(resource=resource, amount=amount, cells=problem.cells, gap=gap)
    field = replace(battery, interaction=OpSum((Local("x", found.strength, battery.space.groups[0].name),)))
    theirs_problem = _long_enough(replace(problem, battery=field), found.time)
    one, other = (run(p, ["stored_energy", "power"]) for p in (problem, theirs_problem))
    for data in (one, other):
        if _SCALARS[of] not in data:
            raise SpecError(f"The {of} between the save times was not resolved; save more times.")
    ours, theirs = float(one[_SCALARS[of]]), float(other[_SCALARS[of]])
    if not (ours > 0 and theirs > 0):
        raise SpecError(f"A ratio needs two positive numbers, but the {of} is {ours:g} and the reference's {theirs:g}.")
    gamma = theirs / ours if of == "time" else ours / theirs
    return Advantage(gamma, resource, amount, found.strength, one, other, _closed(problem, ours, of, found, gap))


def _long_enough(problem: Problem, time: float) -> Problem:
    """The reference, in a window that it can fill its cells in where one constant stage is all there is.

    A weak field needs longer than the charger that it is compared with, and its peaks may not be cut off.
    """
    stages = problem.protocol.stages
    if len(stages) != 1 or not stages[0].charging or not stages[0].envelope.constant:
        return problem
    factor = abs(stages[0].envelope.value(0.0))
    if any(j.envelope is not None for j in problem.jumps) or not factor > 0:
        return problem
    least = _MARGIN * time / factor
    if problem.protocol.duration >= least:
        return problem
    longer = Protocol((replace(stages[0], duration=least),))
    return replace(problem, protocol=longer, times=np.linspace(0.0, least, max(len(problem.times), 41)))


def _closed(problem: Problem, value: float, of: Of, reference: Parallel, gap: float) -> float | None:
    """Gamma against the closed form, where it is one."""
    stages = problem.protocol.stages
    plain = len(stages) == 1 and stages[0].charging and stages[0].envelope.constant
    if not plain or problem.jumps or problem.battery.start.kind not in ("ground", "down"):
        return None
    strength = abs(stages[0].envelope.value(0.0)) * reference.strength
    options = {"resource": "equal coupling", "amount": strength, "cells": problem.cells, "gap": gap}
    return float(quantum_advantage(value, of=of, battery=stages[0].battery, **options))  # type: ignore[arg-type]


def _check(problem: Problem) -> None:
    """Refuse chargers whose resource is not that of one V on the cells."""
    battery, space = problem.battery, problem.battery.space
    if space.charged or len(space.groups) != 1 or not isinstance(space.groups[0].kind, Spin):
        raise SpecError("The parallel reference is a field on the cells; a charger with a state of its own has none.")
    if battery.drives or battery.charger or not battery.interaction.active:
        raise SpecError("The resource is that of one interaction V with one envelope; this battery has none, or more.")
    if space.dimension > _LARGEST:
        raise SpecError(f"V is looked at as a whole up to {_LARGEST} dimensions, and this space has {space.dimension}.")


def _gap(problem: Problem) -> float:
    """The gap of alike cells with H_B = (w/2) sum sigma^z."""
    if not problem.structure.battery_one_body:
        raise SpecError("The parallel reference has cells of one gap, but this H_B couples them.")
    cells = read.cell_matrices(problem.battery.battery, problem.battery.space)
    gaps = (cells[:, 0, 0] - cells[:, 1, 1]).real
    if np.ptp(gaps) > 1e-12 * abs(gaps[0]) or np.abs(cells[:, 0, 1]).max() > 0 or gaps[0] <= 0:
        raise SpecError("The parallel reference has cells of one gap along z; these cells differ, or are tilted.")
    return float(gaps[0])
