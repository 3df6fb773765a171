"""Figures of the steady state that the last stage leads to, by the same functions as those along time."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from qsb.charging.problem import Problem
from qsb.dynamics.charged import TAIL
from qsb.dynamics.plan import Plan
from qsb.dynamics.solve import verify
from qsb.dynamics.steady import steady_state
from qsb.errors import ConvergenceError, SpecError
from qsb.runs.figures import FIGURES, Reading

#: figures along time that have a steady value; ergotropy only where it was asked for
_STEADY = ("stored_energy", "energy_above_ground", "ergotropy")


def steady_figures(
    problem: Problem, made: Plan, reading: Reading, chosen: tuple[str, ...], tolerance: float
) -> dict[str, float]:
    """Stored energy, energy above ground and, if it is among the chosen figures, ergotropy of the steady state.

    Raises:
        SpecError: if there is no steady state, or the representation is no linear system.
        ConvergenceError: if it is not reached, or fails the checks that every state must pass.
        CutoffError: if it occupies the highest Fock states of a mode.
    """
    reduced = reading.series.reduced
    if reduced is None:
        raise SpecError(
            f"{made.representation!r} follows the state in time only; name another representation for the steady state."
        )
    x = steady_state(problem, reduced, made.integrators, tolerance)
    for name, value in reduced.readout.check(x[None]).items():
        if name.startswith(TAIL):
            verify(problem, {name: value}, tolerance)
        if not value <= 10 * tolerance:
            raise ConvergenceError(
                f"the {name} violation of the steady state", value, 10 * tolerance, "lower [solve] tolerance."
            )
    last = reduced.generators[-1]
    t = last.segment.start
    unitary, dissipative = last.apply_unitary(t, x), last.apply_dissipative(t, x)
    values = reduced.readout.observe(made.request.needs, x[None], unitary[None], dissipative[None])
    series = replace(reading.series, times=np.array([np.inf]), values=values, drive=np.array([last.segment.drive(t)]))
    still = Reading(problem, series)
    wanted = [name for name in _STEADY if name != "ergotropy" or name in chosen]
    return {f"steady_{name}": float(FIGURES[name](still)[0]) for name in wanted}
