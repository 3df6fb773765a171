"""Heat along a run: the energy that the channels give to the whole H(t), integrated to the solver's tolerance.

The rate sum_c tr[H(t) D_c rho] is smooth between the edges of segments. There it is read at Chebyshev points of panels,
whose series is integrated term by term; panels whose last terms are too large are halved and read again. The save times
play no part in it, so that coarse ones give the same numbers.
"""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass, replace

import numpy as np
from numpy.polynomial import chebyshev
from numpy.typing import NDArray

from qsb.charging.problem import Problem
from qsb.dynamics.plan import Plan
from qsb.dynamics.segment import Segment, segments
from qsb.dynamics.series import Series
from qsb.dynamics.solve import solve
from qsb.errors import ConvergenceError, SpecError

RealArray = NDArray[np.float64]

#: figures that need the heat of a dissipative problem
BALANCE = frozenset({"heat", "drive_work", "charging_efficiency"})
#: points of a panel, how many of its last coefficients are looked at, and how often a panel may be halved
_POINTS, _LAST, _ROUNDS = 24, 4, 14


@dataclass(frozen=True)
class _Panel:
    """An interval inside one segment."""

    start: float
    end: float
    segment: Segment

    @property
    def nodes(self) -> RealArray:
        """Chebyshev points of the first kind, ascending: none lies on an edge."""
        x = -np.cos(np.pi * (np.arange(_POINTS) + 0.5) / _POINTS)
        return np.asarray((self.start + self.end) / 2 + (self.end - self.start) / 2 * x)

    def halves(self) -> tuple[_Panel, _Panel]:
        """Both."""
        middle = (self.start + self.end) / 2
        return _Panel(self.start, middle, self.segment), _Panel(middle, self.end, self.segment)


def check_balance(problem: Problem, figures: frozenset[str]) -> None:
    """Refuse balances that leave something out.

    Raises:
        SpecError: naming it.
    """
    asked = sorted(figures & BALANCE)
    if not asked:
        return
    b = problem.battery
    if not problem.structure.charged and b.charger and set(asked) - {"heat"}:
        raise SpecError(
            f"{asked} need to tell stored energy from the charger's, but this H_C acts on the battery's own cells; "
            "make it a part of the battery or of the interaction."
        )
    if problem.structure.dissipative and not all(s.battery for s in problem.protocol.stages):
        raise SpecError(
            f"{asked} count the energy that channels take from H, and a stage has H_B switched off, which is a frame "
            "and no Hamiltonian: remove battery = false, or the channels."
        )


def with_heat(problem: Problem, made: Plan, series: Series, tolerance: float, scale: float) -> Series:
    """The same series with the readout ``heat`` (T,): energy taken in from all channels since t = 0.

    Args:
        problem: what was solved.
        made: the plan, with the readout ``flows``.
        series: its readouts.
        tolerance: of the solver.
        scale: size of the energies.

    Raises:
        ConvergenceError: if the rate is not resolved.
    """
    todo = [_Panel(s.start, s.end, s) for s in segments(problem) if s.end > s.start]
    done: list[tuple[_Panel, RealArray]] = []
    fewer = replace(made, request=replace(made.request, needs=frozenset({"energy", "power", "flows"})))
    total = problem.protocol.duration
    error = 0.0
    for _ in range(_ROUNDS):
        if not todo:
            break
        times = np.concatenate([p.nodes for p in todo])
        there = dataclasses.replace(problem, times=times)
        flows = np.asarray(solve(there, fewer, tolerance=tolerance, again=series).values["flows"])
        rates = np.array([_heat_rate(problem, p.segment, t, f) for p, t, f in _pairs(todo, times, flows)])
        allowed = 10 * tolerance * max(scale / total, float(np.abs(rates).max()))
        left: list[_Panel] = []
        for panel, rate in zip(todo, rates.reshape(len(todo), _POINTS), strict=True):
            terms = _terms(rate)
            missed = float(np.abs(terms[-_LAST:]).sum())
            if missed <= allowed:
                done.append((panel, terms))
                error += missed * (panel.end - panel.start)
            else:
                left += panel.halves()
        todo = left
    if todo:
        raise ConvergenceError(
            f"the heat between t = {todo[0].start:g} and {todo[0].end:g}",
            missed,
            allowed,
            "lower [solve] tolerance, or smooth the envelope.",
        )
    heat = _integral(sorted(done, key=lambda item: item[0].start), np.asarray(problem.times))
    budget = series.budget | {"heat": error / max(scale, 1e-300)}
    return replace(series, values=series.values | {"heat": heat}, budget=budget)


def _pairs(todo: list[_Panel], times: RealArray, flows: RealArray) -> list[tuple[_Panel, float, RealArray]]:
    """Each node with its panel."""
    return [(todo[k // _POINTS], float(t), f) for k, (t, f) in enumerate(zip(times, flows, strict=True))]


def _heat_rate(problem: Problem, segment: Segment, t: float, flows: RealArray) -> float:
    """sum_c r_c(t) sum_a c_a(t) flows[c, a]: envelopes of the channels and of the parts of H."""
    stage, origin = problem.protocol.stages[segment.stage], problem.protocol.starts[segment.stage]
    acting = [1.0, 1.0, segment.drive(t)]
    acting += [e.value(t - origin) if stage.charging else 0.0 for _, e in problem.battery.drives]
    rates = [1.0 if j.envelope is None else j.envelope.value(t - origin) for j in problem.jumps]
    return float(np.array(rates) @ flows @ np.array(acting))


def _terms(values: RealArray) -> RealArray:
    """Chebyshev coefficients of a function from its values at the points."""
    k = np.arange(_POINTS)
    angles = np.pi * (1 - (k + 0.5) / _POINTS)
    terms = 2 / _POINTS * np.cos(np.outer(k, angles)) @ values
    terms[0] /= 2
    return np.asarray(terms)


def _integral(panels: list[tuple[_Panel, RealArray]], times: RealArray) -> RealArray:
    """Integral from the start to each time."""
    ends = np.array([p.end for p, _ in panels])
    halves = [(p.end - p.start) / 2 for p, _ in panels]
    series = [h * chebyshev.chebint(c, lbnd=-1) for h, (_, c) in zip(halves, panels, strict=True)]
    before = np.concatenate([[0.0], np.cumsum([chebyshev.chebval(1.0, s) for s in series])])
    where = np.minimum(np.searchsorted(ends, times), len(ends) - 1)
    out = np.empty(len(times))
    for i, (t, k) in enumerate(zip(times, where, strict=True)):
        x = np.clip((t - panels[k][0].start) / halves[k] - 1, -1.0, 1.0)
        out[i] = before[k] + chebyshev.chebval(x, series[k])
    return out
