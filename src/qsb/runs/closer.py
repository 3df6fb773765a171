"""Peaks in continuous time: where the save grid is too coarse to show them, look closer.

The energy is known with its slope, the power, at every time. A cubic through two neighbours of a time, with their
slopes, predicts the energy and the power between them; where that fails, points are added and solved for, until it
holds. A grid that is too coarse for the dynamics cannot pass: energies and slopes would have to agree by chance.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from qsb.charging.problem import Problem
from qsb.dynamics import plan as planner
from qsb.dynamics.plan import Plan
from qsb.dynamics.representation import Request
from qsb.dynamics.solve import solve
from qsb.runs.figures import FIGURES, Reading, needs
from qsb.runs.peaks import Peaks

RealArray = NDArray[np.float64]

#: estimated error between the points, relative to the range of energy or power, that passes near a peak, and elsewhere
RESOLUTION, ELSEWHERE = 1e-6, 1e-3
#: a value this many estimated errors below the largest one may still belong to the peak
_SLACK = 30.0
#: refinements of an interval, and points in all, after which the peaks are given up
MOST_LEVELS, MOST_POINTS = 16, 60_000
#: halving an interval divides the error of a cubic by 16, that of its slope by 8
_HALVED_VALUE, _HALVED_SLOPE = 16.0, 8.0


@dataclass(frozen=True)
class Closer:
    """Series on a grid that shows every peak.

    Attributes:
        peaks: the times, save times and more, with the kinks.
        values: series by name at those times.
        error: estimated relative error of a peak between the times.
        resolved: whether that is small enough.
    """

    peaks: Peaks
    values: dict[str, RealArray]
    error: float
    resolved: bool


def look_closer(problem: Problem, plan: Plan, reading: Reading, figures: Sequence[str], tolerance: float) -> Closer:
    """Add times between the save times until the peaks of energy and power are resolved.

    Args:
        problem: what was solved.
        plan: how.
        reading: its readouts at the save times.
        figures: series to evaluate on the finer grid, ``stored_energy`` and ``power`` among them.
        tolerance: of the solver.
    """
    series = reading.series
    times = np.array(series.times)
    values = {name: np.asarray(FIGURES[name](reading)) for name in figures}
    finer = Request(needs(tuple(figures), problem), plan.request.subset, plan.request.cut)
    kinks = series.kinks
    for level in range(MOST_LEVELS + 1):
        peaks = Peaks(times, kinks)
        error, wanted = _coarse(peaks, values, series.start_energy)
        room = level < MOST_LEVELS and len(times) + len(wanted) <= MOST_POINTS
        if not len(wanted) or not room:
            return Closer(peaks, values, error, not len(wanted))
        # all times again: equal steps share their propagators, which single midpoints would not
        times = np.union1d(times, wanted)
        denser = dataclasses.replace(problem, times=times)
        again = planner.plan(denser, finer, representation=plan.representation)
        found = Reading(denser, solve(denser, again, tolerance=tolerance))
        values = {name: np.asarray(FIGURES[name](found)) for name in figures}
    raise AssertionError("the loop returns")


def _coarse(peaks: Peaks, values: dict[str, RealArray], offset: float) -> tuple[float, RealArray]:
    """Largest estimated error near a peak, relative to the ranges, and midpoints of the intervals that are too long."""
    energy, power = values["stored_energy"], values["power"]
    size = (float(np.ptp(energy)), float(np.ptp(power)))
    window = float(peaks.times[-1] - peaks.times[0])
    # distance to the largest value of any figure, in units of its range
    ranges = {name: float(np.ptp(v)) or 1.0 for name, v in values.items()}
    below = np.min([(v.max() - v) / ranges[name] for name, v in values.items()], axis=0)
    worst, wanted = 0.0, [np.empty(0)]
    for piece in peaks.pieces(energy, power, offset):
        t, e, p = (np.array(part) for part in piece)
        middle = (t[1:] + t[:-1]) / 2
        if len(t) == 2:
            wanted.append(middle[t[1:] - t[:-1] > 1e-9 * window])
        if len(t) > 2:
            error = _error(t, e, p, size, 1e-12 * (abs(offset) + np.abs(e).max()))
            three = np.lib.stride_tricks.sliding_window_view(np.interp(t, peaks.times, below), 3)
            # the peak may rise above its neighbours by as much as they differ among themselves
            near = three.min(axis=1) - np.ptp(three, axis=1) < _SLACK * np.maximum(error, RESOLUTION)
            worst = max(worst, float(error[near].max(initial=0.0)))
            late = error > np.where(near, RESOLUTION, ELSEWHERE)
            wanted.append(middle[np.append(late, False) | np.append(False, late)])
    return worst, np.setdiff1d(np.concatenate(wanted), peaks.times)


def _error(t: RealArray, e: RealArray, p: RealArray, size: tuple[float, float], noise: float) -> RealArray:
    """How far the cubic through both neighbours misses each inner point, as the error within half an interval."""
    h = t[2:] - t[:-2]
    s = (t[1:-1] - t[:-2]) / h
    rise = e[2:] - e[:-2]
    left, right = h * p[:-2] - rise, rise - h * p[2:]
    value = e[:-2] + s * rise + s * (1 - s) * ((1 - s) * left + s * right)
    slope = (rise + (1 - 2 * s) * ((1 - s) * left + s * right) + s * (1 - s) * (right - left)) / h
    out = np.zeros(len(h))
    for miss, range_ in (
        (np.abs(value - e[1:-1]) / _HALVED_VALUE, size[0]),
        (np.abs(slope - p[1:-1]) / _HALVED_SLOPE, size[1]),
    ):
        if range_ > noise:
            out = np.maximum(out, miss / range_)
    return out


__all__ = ["Closer", "look_closer"]
