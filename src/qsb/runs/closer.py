"""Peaks in continuous time: where the save grid is too coarse to show them, look closer.

The energy is known with its slope, the power, at every time. A cubic through two neighbours of a time, with their
slopes, predicts the energy and the power between them; where that fails, points are added and solved for, until it
holds. A grid that is too coarse for the dynamics cannot pass: energies and slopes would have to agree by chance.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from qsb.charging.problem import Problem
from qsb.dynamics.plan import Plan
from qsb.dynamics.solve import solve
from qsb.merit.energy import maximum
from qsb.runs.figures import FIGURES, Reading, needs
from qsb.runs.peaks import Peaks, earliest

RealArray = NDArray[np.float64]

#: estimated error between the points, relative to the range of energy or power, that passes near a peak, and elsewhere
RESOLUTION, ELSEWHERE = 1e-5, 1e-3
#: a value this many estimated errors below the largest one may still belong to the peak
_SLACK = 30.0
#: times between those of a grid that must be predicted before it is believed
_PROBES = 64
#: tops that are looked at from near: those that could be the largest
MOST_TOPS = 12
#: refinements of an interval, and points in all, after which the peaks are given up
MOST_LEVELS, MOST_POINTS = 40, 60_000
#: halving an interval divides the error of a cubic by 16, that of its slope by 8
_HALVED_VALUE, _HALVED_SLOPE = 16.0, 8.0


@dataclass(frozen=True)
class Closer:
    """The largest values of series in continuous time.

    Attributes:
        tops: (time, value) of the maximum by name of the series; of equal maxima the earliest.
        error: estimated relative error between the times before the last look.
        resolved: whether that was small enough; otherwise the tops are not to be used.
    """

    tops: dict[str, tuple[float, float]]
    error: float
    resolved: bool


def look_closer(problem: Problem, plan: Plan, reading: Reading, figures: Sequence[str], tolerance: float) -> Closer:
    """Add times between the save times until the peaks of energy and power are resolved, then look at each from near.

    Args:
        problem: what was solved.
        plan: how.
        reading: its readouts at the save times.
        figures: series whose maxima are wanted, ``stored_energy`` and ``power`` among them.
        tolerance: of the solver.
    """
    fewer = dataclasses.replace(
        plan, request=dataclasses.replace(plan.request, needs=needs(tuple(figures), problem) & plan.request.needs)
    )

    def at(times: RealArray) -> dict[str, RealArray]:
        there = dataclasses.replace(problem, times=times)
        found = Reading(there, solve(there, fewer, tolerance=tolerance, again=reading.series))
        return {name: np.asarray(FIGURES[name](found)) for name in figures}

    times = np.array(reading.series.times)
    values = {name: np.asarray(FIGURES[name](reading)) for name in figures}
    probed = len(times) == 1
    for level in range(MOST_LEVELS + 1):
        peaks = Peaks(times, reading.series.kinks)
        error, wanted = _coarse(peaks, values, reading.series.start_energy)
        if not len(wanted) and not probed:
            # save times in step with an oscillation see nothing of it, and would agree with each other
            probes = _between(times)
            probed = _predicted(peaks, values, probes, at(probes), reading.series.start_energy)
            wanted = np.empty(0) if probed else (times[1:] + times[:-1]) / 2
        if not len(wanted):
            return Closer(_polished(peaks, values, reading.series.start_energy, at), error, True)
        if level == MOST_LEVELS or len(times) + len(wanted) > MOST_POINTS:
            break
        # all times again: equal steps share their propagators, which single midpoints would not
        times = np.union1d(times, wanted)
        values = at(times)
    return Closer({}, error, False)


def _tops(peaks: Peaks, values: dict[str, RealArray], offset: float) -> dict[str, tuple[float, float]]:
    """Largest values on the grid and between its times."""
    tops = {name: peaks.of(v) for name, v in values.items() if name not in ("stored_energy", "power")}
    tops["stored_energy"] = peaks.of_energy(values["stored_energy"], values["power"], offset)
    tops["power"] = peaks.of_power(values["power"])
    return tops


def _between(times: RealArray) -> RealArray:
    """One time or more in intervals spread over the window, at fractions that no period divides."""
    steps = np.diff(times)
    each = max(1, _PROBES // len(steps))
    chosen = np.unique(np.linspace(0, len(steps) - 1, min(_PROBES, len(steps))).astype(int))
    fractions = np.sort((0.6180339887498949 * np.arange(1, each + 1) + 0.11 * np.pi) % 1.0)
    return np.setdiff1d((times[chosen, None] + steps[chosen, None] * fractions).ravel(), times)


def _predicted(
    peaks: Peaks, values: dict[str, RealArray], probes: RealArray, found: dict[str, RealArray], offset: float
) -> bool:
    """Whether the cubics of the grid say what is found between its times; intervals that touch a kink are not asked."""
    t, e, p = peaks.times, values["stored_energy"], values["power"]
    k = np.searchsorted(t, probes) - 1
    switched = np.array([j.time for j in peaks.kinks])
    asked = ~((switched >= t[k, None]) & (switched <= t[k + 1, None])).any(axis=1)
    k, probes = k[asked], probes[asked]
    h = t[k + 1] - t[k]
    s = (probes - t[k]) / h
    rise = e[k + 1] - e[k]
    left, right = h * p[k] - rise, rise - h * p[k + 1]
    guess = e[k] + s * rise + s * (1 - s) * ((1 - s) * left + s * right)
    slope = (rise + (1 - 2 * s) * ((1 - s) * left + s * right) + s * (1 - s) * (right - left)) / h
    for seen, there, said in ((e, found["stored_energy"][asked], guess), (p, found["power"][asked], slope)):
        size = float(np.ptp(np.concatenate([seen, there])))
        noise = 1e-12 * (abs(offset) + float(np.abs(e).max()))
        if size > noise and float(np.abs(there - said).max(initial=0.0)) > 10 * ELSEWHERE * size:
            return False
    return True


def _polished(
    peaks: Peaks,
    values: dict[str, RealArray],
    offset: float,
    at: Callable[[RealArray], dict[str, RealArray]],
) -> dict[str, tuple[float, float]]:
    """Every maximum that may be the largest again from times close to it; a tenth of the step is 10^4 times as good."""
    times = peaks.times
    tops = _tops(peaks, values, offset)
    edges = np.unique([times[0], times[-1], *(k.time for k in peaks.kinks)])
    patches: dict[str, list[RealArray]] = {name: [] for name in tops}
    for name, (top, height) in tops.items():
        for t in _candidates(times, values[name], top, height):
            k = int(np.clip(np.searchsorted(times, t), 1, max(len(times) - 1, 1)))
            # on an edge the value is that of the edge itself
            if len(times) > 1 and np.abs(edges - t).min() > 1e-9 * (times[-1] - times[0]):
                wide = max(times[k] - times[k - 1], times[min(k + 1, len(times) - 1)] - times[k])
                low, high = max(t - wide, edges[edges < t][-1]), min(t + wide, edges[edges > t][0])
                patches[name].append(np.linspace(low, high, 23)[1:-1])
    if not any(patches.values()):
        return tops
    whole = np.unique(np.concatenate([p for each in patches.values() for p in each]))
    found = at(whole)
    out = dict(tops)
    for name, each in patches.items():
        looked = []
        for patch in each:
            here = np.searchsorted(whole, patch)
            slopes = found["power"][here] if name == "stored_energy" else None
            looked.append(maximum(patch, found[name][here], slopes))
        if looked and np.abs(edges - tops[name][0]).min() <= 1e-9 * (times[-1] - times[0]):
            looked.append(tops[name])
        if looked:
            out[name] = earliest(looked)
    return out


def _candidates(times: RealArray, values: RealArray, top: float, height: float) -> list[float]:
    """The top, and the grid's other local maxima that may rise above it between the times."""
    if len(times) < 3:
        return [top]
    three = np.lib.stride_tricks.sliding_window_view(values, 3)
    rise = np.ptp(three, axis=1)
    local = (three[:, 1] >= three[:, 0]) & (three[:, 1] >= three[:, 2])
    near = np.flatnonzero(local & (three[:, 1] + rise >= height - 1e-4 * np.ptp(values)))
    best = near[np.argsort(-three[near, 1], kind="stable")[:MOST_TOPS]]
    return [top, *times[best + 1].tolist()]


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
