"""Peaks in continuous time: where the save grid is too coarse to show them, look closer.

The energy is known with its slope, the power, at every time. Polynomials through the neighbours of a time, with their
slopes, predict the energy and the power there; where that fails, points are added and solved for, until it holds. A
grid that is too coarse for the dynamics cannot pass: energies and slopes would have to agree by chance, and so would
those at a few further times, which no polynomial has seen.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from qsb.charging.problem import Problem
from qsb.dynamics.plan import Plan
from qsb.dynamics.segment import driven_steps, segments
from qsb.dynamics.solve import solve
from qsb.merit.energy import maximum
from qsb.runs.figures import FIGURES, Reading, needs
from qsb.runs.hermite import Curves, uneven
from qsb.runs.peaks import Peaks, earliest
from qsb.runs.resolved import MOST_TOPS, SMOOTH, Rows, Told, Units, coarse, curves, predicted, tops

RealArray = NDArray[np.float64]

#: errors of energies under a drive, relative to the largest one, in units of the solver's tolerance
_STEPPED = 1e-2
#: points added under a drive after which it is asked whether they resolve anything but these errors
_DOUBTFUL = 1000
#: times between those of a grid that must be predicted before it is believed
_PROBES = 24
#: distance of one from the nearest save time, in intervals: of all numbers the one that fractions approach worst
_FRACTION = 0.3819660112501051
#: refinements of an interval, and points in all, after which the peaks are given up
MOST_LEVELS, MOST_POINTS = 40, 60_000
#: integrators to which every time costs the same, whatever its distance from the one before
_FREE = frozenset({"ladder", "chebyshev"})


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
    """Add times between the save times until the peaks of energy and power are resolved, then find each of them.

    Args:
        problem: what was solved.
        plan: how.
        reading: its readouts at the save times, and at the `probes` of these where they were asked for.
        figures: series whose maxima are wanted, ``stored_energy`` and ``power`` among them.
        tolerance: of the solver.
    """
    # a drive that changes more often than times may be added cannot be seen peak by peak: no look would help
    if driven_steps(problem) > MOST_POINTS:
        return Closer({}, 1.0, False)
    fewer = dataclasses.replace(
        plan, request=dataclasses.replace(plan.request, needs=needs(tuple(figures), problem) & plan.request.needs)
    )

    def at(times: RealArray) -> dict[str, RealArray]:
        there = dataclasses.replace(problem, times=times)
        found = Reading(there, solve(there, fewer, tolerance=tolerance, again=reading.series))
        return {name: np.asarray(FIGURES[name](found)) for name in figures}

    times = np.array(reading.series.times)
    graded = uneven(times)
    values = {name: np.asarray(FIGURES[name](reading))[None] for name in figures}
    units = Units.of(problem, reading.series.start_energy)
    loose = 0.0 if all(s.constant for s in segments(problem)) else _STEPPED * tolerance
    probed, told = len(times) == 1, _told(reading)
    for level in range(MOST_LEVELS + 1):
        peaks = Peaks(times, reading.series.kinks, graded)
        pieces = curves(peaks, values, units.offset)
        error, late = coarse(peaks, pieces, values, units)
        wanted = _midpoints(pieces, late, times)
        if not len(wanted) and not probed:
            # save times in step with an oscillation see nothing of it, and would agree with each other
            if told is None:
                asked = probes(times)
                found = at(asked)
                told = Told(asked, found["stored_energy"][None] + units.offset, found["power"][None])
            probed = bool(predicted(peaks, pieces, values, told, units)[0])
            wanted, told = np.empty(0) if probed else (times[1:] + times[:-1]) / 2, None
        if not len(wanted):
            ((done, rest),) = tops(peaks, pieces, values, units)
            near = _polished(peaks, {name: v[0] for name, v in values.items()}, rest, at)
            return Closer(done | near, float(error[0]), True)
        if level == MOST_LEVELS or len(times) + len(wanted) > MOST_POINTS:
            break
        # what is still missed may be the errors of the solver's steps, which no halving resolves
        doubtful = loose and len(times) > len(problem.times) + _DOUBTFUL
        if doubtful and not len(_midpoints(pieces, coarse(peaks, pieces, values, units, loose)[1], times)):
            break
        # all times again where equal steps share their propagators, which single midpoints would not
        again = np.empty(0) if set(plan.integrators) <= _FREE else times
        found = at(np.union1d(again, wanted))
        known = {} if len(again) else values
        order = np.argsort(np.concatenate([[] if len(again) else times, np.union1d(again, wanted)]), kind="stable")
        values = {
            name: np.concatenate([known[name][0] if known else np.empty(0), v])[order][None]
            for name, v in found.items()
        }
        times = np.union1d(times, wanted)
    return Closer({}, float(error[0]), False)


def look_once(problem: Problem, offset: float, values: Rows, told: Told) -> list[Closer | None]:
    """The same for many points of a sweep, a row each, without kinks, from what is solved; None where more is needed.

    Args:
        problem: one of the points: their Hamiltonian and start.
        offset: tr[H_B rho(0)].
        values: the series whose maxima are wanted, ``stored_energy`` and ``power`` among them, at its times.
        told: what was found between these.
    """
    units, peaks = Units.of(problem, offset), Peaks(problem.times, (), uneven(problem.times))
    pieces = curves(peaks, values, offset)
    error, late = coarse(peaks, pieces, values, units)
    good = predicted(peaks, pieces, values, told, units) & ~late[0].any(axis=1)
    found = tops(peaks, pieces, values, units)
    return [
        Closer(done, float(e), True) if fine and not rest else None
        for fine, e, (done, rest) in zip(good.tolist(), error, found, strict=True)
    ]


def _told(reading: Reading) -> Told | None:
    """What the solver has found at the probes."""
    if reading.series.probes is None:
        return None
    at, energy, power = reading.series.probes
    return Told(at, energy[None], power[None])


def _midpoints(pieces: list[Curves], late: list[NDArray[np.bool_]], times: RealArray) -> RealArray:
    """Times that halve the intervals of a single row's pieces that are too long."""
    middle = [((c.times[1:] + c.times[:-1]) / 2)[rows[0]] for c, rows in zip(pieces, late, strict=True)]
    return np.setdiff1d(np.concatenate([np.empty(0), *middle]), times)


def probes(times: RealArray) -> RealArray:
    """Times at fractions that no period divides, in intervals spread over the window.

    Of many intervals, those on both sides of equally many save times: integrators that work out from centres reach
    such pairs in one go.
    """
    steps = np.diff(times)
    if not len(steps):
        return np.empty(0)
    if len(steps) >= _PROBES:
        centres = np.arange(_PROBES // 2 + 1) * (2 * len(steps) // _PROBES)
        after, before = centres[centres < len(steps)], centres[1:]
        found = [times[after] + _FRACTION * steps[after], times[before] - _FRACTION * steps[before - 1]]
        return np.setdiff1d(np.concatenate(found), times)
    each = _PROBES // len(steps)
    fractions = np.sort((0.6180339887498949 * np.arange(1, each + 1) + 0.11 * np.pi) % 1.0)
    return np.setdiff1d((times[:-1, None] + steps[:, None] * fractions).ravel(), times)


def _polished(
    peaks: Peaks,
    values: dict[str, RealArray],
    tops: dict[str, tuple[float, float]],
    at: Callable[[RealArray], dict[str, RealArray]],
) -> dict[str, tuple[float, float]]:
    """Every maximum that may be the largest again from times close to it; a tenth of the step is 10^4 times as good."""
    times = peaks.times
    edges = np.unique([times[0], times[-1], *(k.time for k in peaks.kinks)])
    steps = np.diff(times)
    # within a long interval beside short ones a tenth of it may still be too coarse
    rounds = 2 if peaks.graded else 1
    near = {name: _candidates(times, values[name], *tops[name]) for name in tops}
    width: dict[str, list[float]] = {}
    for name, places in near.items():
        k = np.clip(np.searchsorted(times, places), 1, max(len(times) - 1, 1))
        width[name] = [max(steps[j - 1], steps[min(j, len(steps) - 1)]) if len(steps) else 0.0 for j in k]
        for place, wide in [] if name in SMOOTH else _beside_kinks(peaks, values[name], tops[name][1]):
            places.append(place)
            width[name].append(wide)
    out = dict(tops)
    for _ in range(rounds):
        patches = {name: _patches(near[name], width[name], edges) for name in near}
        if not any(patches.values()):
            return tops
        beside = {name: _edges_beside(patches[name], edges) for name in patches if name not in SMOOTH}
        whole = np.unique(np.concatenate([p for each in (*patches.values(), beside.values()) for p in each]))
        found = at(whole)
        for name, each in patches.items():
            looked = []
            for patch in each:
                here = np.searchsorted(whole, patch)
                slopes = found["power"][here] if name == "stored_energy" else None
                looked.append(maximum(patch, found[name][here], slopes))
            near[name], width[name] = [t for t, _ in looked], [2 * float(p[1] - p[0]) for p in each]
            corners = beside.get(name, np.empty(0))
            looked += zip(corners.tolist(), found[name][np.searchsorted(whole, corners)].tolist(), strict=True)
            if looked and np.abs(edges - tops[name][0]).min() <= 1e-9 * (times[-1] - times[0]):
                looked.append(tops[name])
            if looked:
                # what the grid has seen is true whatever lies between its points
                seen = int(np.argmax(values[name]))
                out[name] = earliest([*looked, (float(times[seen]), float(values[name][seen]))])
    return out


def _patches(places: Sequence[float], widths: Sequence[float], edges: RealArray) -> list[RealArray]:
    """21 times around each place, none beyond an edge; on an edge the value is that of the edge itself."""
    out = []
    for t, wide in zip(places, widths, strict=True):
        if wide > 0 and np.abs(edges - t).min() > 1e-9 * (edges[-1] - edges[0]):
            low, high = max(t - wide, edges[edges < t][-1]), min(t + wide, edges[edges > t][0])
            out.append(np.linspace(low, high, 23)[1:-1])
    return out


def _edges_beside(patches: Sequence[RealArray], edges: RealArray) -> RealArray:
    """The edges that patches end at, where a series whose slope is not known may have a corner that is its top."""
    reach = [(p[0] - 1.5 * (p[1] - p[0]), p[-1] + 1.5 * (p[1] - p[0])) for p in patches]
    return np.array([e for e in edges if any(low <= e <= high for low, high in reach)])


def _beside_kinks(peaks: Peaks, values: RealArray, height: float) -> list[tuple[float, float]]:
    """Middles and widths of the parts of intervals with kinks inside: no value is known there, nor any slope.

    Only of those whose ends, and what lies around these, leave room for a top above `height`.
    """
    times, last = peaks.times, len(peaks.times) - 1
    inside: dict[int, list[float]] = {}
    for kink in peaks.kinks:
        k = int(np.searchsorted(times, kink.time))
        if 0 < k <= last and kink.time < times[k]:
            inside.setdefault(k - 1, []).append(kink.time)
    room = {k: float(values[k : k + 2].max() + np.ptp(values[max(k - 1, 0) : k + 3])) for k in inside}
    best = sorted((k for k in inside if room[k] >= height), key=lambda k: -room[k])[:MOST_TOPS]
    edges = [[times[k], *inside[k], times[k + 1]] for k in best]
    return [(float((a + b) / 2), float((b - a) / 2)) for each in edges for a, b in pairwise(each)]


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


__all__ = ["Closer", "look_closer", "look_once", "probes"]
