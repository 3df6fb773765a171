"""Whether save times resolve series between them: what polynomials through neighbours say, and what is found there.

Series of several points of a sweep over the same times are judged together, a row each.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from qsb.charging.problem import Problem
from qsb.dynamics import costs
from qsb.dynamics.segment import segments
from qsb.errors import SpecError
from qsb.runs.hermite import Curves
from qsb.runs.peaks import Peaks, earliest

RealArray = NDArray[np.float64]
#: series (B, n) by name
Rows = dict[str, RealArray]

#: estimated error between the points, relative to the range of energy or power, that passes near a peak, and elsewhere
RESOLUTION, ELSEWHERE = 1e-5, 1e-3
#: the same near a peak, below which the polynomial itself gives the peak; above it, times close to the peak are solved
FINE = 1e-8
#: the same of series whose slopes are not known, such as ergotropies
FINE_VALUES = 1e-6
#: a value this many estimated errors below the largest one may still belong to the peak
_SLACK = 30.0
#: tops that are looked at from near: those that could be the largest
MOST_TOPS = 12
#: the same where looking costs no solving: of equal maxima the first is wanted, and heights of points do not tell it
MOST_LOOKS = 2000
#: series whose slope is known, as functions of time, stored energy and power
SMOOTH: dict[str, Callable[[RealArray, RealArray, RealArray], RealArray]] = {
    "stored_energy": lambda t, e, p: e,
    "power": lambda t, e, p: p,
    "average_power": lambda t, e, p: np.where(t > 0, e / np.where(t > 0, t, 1.0), p),
}


@dataclass(frozen=True)
class Units:
    """What changes of energy and power are measured against.

    Attributes:
        offset: tr[H_B rho(0)].
        energy: size of H_B, whose products leave rounding behind also where their sum is zero.
        rate: size of H, at least 1: the rounding of a power is larger by it than that of an energy.
    """

    offset: float
    energy: float
    rate: float

    @staticmethod
    def of(problem: Problem, offset: float) -> Units:
        """The sizes of a problem."""
        battery, space = problem.battery.battery, problem.battery.space
        known = costs.weight(battery, space)
        energy = known if np.isfinite(known) else costs.strongest(battery, space)
        rate = max((costs.strongest(s.hamiltonian, space) for s in segments(problem)), default=1.0)
        return Units(offset, energy, max(1.0, rate))

    def noise(self, values: Rows) -> RealArray:
        """The range (B,) of an energy up to which it is rounding."""
        return np.asarray(1e-12 * self._scale(values))

    def ranges(self, values: Rows, loose: float = 0.0) -> tuple[RealArray, RealArray]:
        """Ranges (B,) of energy and power; 0 for a power that is rounding.

        Args:
            values: of all series.
            loose: errors of energies relative to the largest one; ranges count as no smaller than these resolve.
        """
        noise, least = self.noise(values), loose * self._scale(values) / RESOLUTION
        low, high = (np.ptp(values[name], axis=1) for name in ("stored_energy", "power"))
        # a power that is no rounding moves the energy, however slowly
        still = (low <= noise) & (high <= noise * self.rate)
        high = np.where(high > noise, np.maximum(high, least), high)
        return np.where((low > noise) & ~still, np.maximum(low, least), low), np.where(still, 0.0, high)

    def _scale(self, values: Rows) -> RealArray:
        return np.asarray(np.maximum(self.energy, abs(self.offset) + np.abs(values["stored_energy"]).max(axis=1)))


@dataclass(frozen=True)
class Told:
    """What was solved at times between the save times, which no polynomial has seen.

    Attributes:
        times: (k,).
        energy: <H_B> there, (B, k).
        power: (B, k).
    """

    times: RealArray
    energy: RealArray
    power: RealArray


def curves(peaks: Peaks, values: Rows, offset: float) -> list[Curves]:
    """Energy and power between kinks, of which only single rows know.

    Raises:
        SpecError: if a series is no number somewhere, as a fraction of no energy is none: nothing is its largest value.
    """
    for name, series in values.items():
        bad = ~np.isfinite(series).all(axis=0)
        if bad.any():
            raise SpecError(
                f"{name} is no number at t = {peaks.times[bad][0]:g}, so its largest value is not defined; choose "
                "another figure for charging_time_of, save only times at which it is one, or do not ask for peaks."
            )
    if not peaks.kinks:
        return [Curves(peaks.times, values["stored_energy"], values["power"], peaks.graded)]
    pieces = peaks.pieces(values["stored_energy"][0], values["power"][0], offset)
    return [Curves(np.array(t), np.array([e]), np.array([p]), peaks.graded) for t, e, p in pieces]


def coarse(
    peaks: Peaks, pieces: list[Curves], values: Rows, units: Units, loose: float = 0.0
) -> tuple[RealArray, list[NDArray[np.bool_]]]:
    """Largest estimated error (B,) near a peak, relative to the ranges, and which intervals of a piece are too long."""
    size, noise = units.ranges(values, loose), units.noise(values)
    window = float(peaks.times[-1] - peaks.times[0])
    # distance to the largest value of any figure, in units of its range
    ranges = {name: np.ptp(v, axis=1)[:, None] for name, v in values.items()}
    below = np.min(
        [(v.max(axis=1)[:, None] - v) / np.where(ranges[k] > 0, ranges[k], 1.0) for k, v in values.items()], axis=0
    )
    worst, late = np.zeros(len(below)), []
    for curve in pieces:
        t = curve.times
        long = np.zeros((len(below), max(len(t) - 1, 0)), dtype=bool)
        if len(t) == 2:
            long[:] = t[1:] - t[:-1] > 1e-9 * window
        if len(t) > 2:
            error = curve.miss(size, noise, loose > 0)[:, 1:-1]
            here = below if t is peaks.times else np.array([np.interp(t, peaks.times, b) for b in below])
            least = np.minimum(np.minimum(here[:, :-2], here[:, 2:]), here[:, 1:-1])
            most = np.maximum(np.maximum(here[:, :-2], here[:, 2:]), here[:, 1:-1])
            # the peak may rise above its neighbours by as much as they differ among themselves
            near = 2 * least - most < _SLACK * np.maximum(error, RESOLUTION)
            # a long interval beside short ones may hold a peak that no point tells of
            near |= curve.graded
            worst = np.maximum(worst, np.where(near, error, 0.0).max(axis=1))
            wrong = error > np.where(near, RESOLUTION, ELSEWHERE)
            long[:, :-1] |= wrong
            long[:, 1:] |= wrong
        late.append(long)
    return worst, late


def predicted(peaks: Peaks, pieces: list[Curves], values: Rows, told: Told, units: Units) -> NDArray[np.bool_]:
    """Whether (B,) the polynomials say what is found between the times; intervals at a kink are not asked."""
    size, noise = units.ranges(values), units.noise(values)
    switched = np.array([j.time for j in peaks.kinks])
    good = np.ones(len(noise), dtype=bool)
    for curve in pieces:
        t = curve.times
        inside = np.flatnonzero((told.times > t[0]) & (told.times < t[-1]))
        at = told.times[inside]
        if len(t) < 2 or not len(at):
            continue
        k = np.clip(np.searchsorted(t, at) - 1, 0, len(t) - 2)
        asked = ~((switched >= t[k, None]) & (switched <= t[k + 1, None])).any(axis=1)
        if not asked.any():
            continue
        inside, at, k = inside[asked], at[asked], k[asked]
        row = np.repeat(np.arange(len(good)), len(at))
        found = curve.inside(row, np.tile(k, len(good)), np.tile(at, len(good))[:, None])
        value, slope = (f.reshape(len(good), len(at)) for f in found)
        # what is rounding at the save times may be none between them
        least = noise, noise * np.where(size[0] <= noise, units.rate, 1.0)
        assert curve.slopes is not None
        pairs = (
            (told.energy[:, inside] - units.offset, value, curve.values),
            (told.power[:, inside], slope, curve.slopes),
        )
        for (there, said, known), range_, rounding in zip(pairs, size, least, strict=True):
            span = np.maximum(range_, np.ptp(np.concatenate([there, said], axis=1), axis=1))
            # between close times a polynomial makes a power of the rounding of energies: what is solved tells as well
            solved = np.maximum(range_, np.ptp(np.concatenate([there, known], axis=1), axis=1))
            still = np.minimum(span, solved) <= rounding
            good &= still | (np.abs(there - said).max(axis=1) <= 10 * ELSEWHERE * span)
    return good


def tops(
    peaks: Peaks, pieces: list[Curves], values: Rows, units: Units
) -> list[tuple[dict[str, tuple[float, float]], dict[str, tuple[float, float]]]]:
    """(time, value) of each row's maxima by name: those off polynomials that are fine enough, and the first guesses."""
    size, noise = units.ranges(values), units.noise(values)
    level = _level(pieces, values, units)
    smooth = [name for name in values if name in SMOOTH]
    heights = [SMOOTH[name] for name in smooth]
    found = [curve.tops(heights, MOST_LOOKS) for curve in _hopeful(pieces, heights)]
    out = []
    for b in range(len(noise)):
        # the largest of values that are one value and rounding would be any of them
        done = {name: (float(peaks.times[0]), float(values[name][b, 0])) for name in values if level[name][b]}
        rest: dict[str, tuple[float, float]] = {}
        for k, name in enumerate(smooth):
            if name not in done:
                best = earliest([top for each in found for top in each[k][b]])
                fine = max(_error_near(c, b, best[0], size, noise) for c in pieces) <= FINE
                (done if fine else rest)[name] = best
        out.append((done, rest))
    for name in values:
        if name not in SMOOTH:
            _of_values(peaks, name, values[name], noise, out)
    return out


def _of_values(
    peaks: Peaks,
    name: str,
    series: RealArray,
    noise: RealArray,
    out: list[tuple[dict[str, tuple[float, float]], dict[str, tuple[float, float]]]],
) -> None:
    """The maxima of a series (B, n) whose slopes are not known."""
    if peaks.kinks:
        for row, (done, rest) in zip(series, out, strict=True):
            if name not in done:
                rest[name] = peaks.of(row)
        return
    curve, span = Curves(peaks.times, series, graded=peaks.graded), (np.ptp(series, axis=1), np.zeros(len(series)))
    (found,) = curve.tops([SMOOTH["stored_energy"]], MOST_LOOKS)
    for b, (done, rest) in enumerate(out):
        if name not in done:
            best = earliest(found[b])
            if _error_near(curve, b, best[0], span, noise) <= FINE_VALUES:
                done[name] = best
            else:
                rest[name] = max(peaks.of(series[b]), best, key=lambda top: top[1])


def _level(pieces: list[Curves], values: Rows, units: Units) -> dict[str, NDArray[np.bool_]]:
    """Which rows (B,) of the series are constant to rounding, kinks included."""
    noise = units.noise(values)
    level = {name: np.ptp(series, axis=1) <= noise for name, series in values.items()}
    energy = np.concatenate([c.values for c in pieces], axis=1)
    power = np.concatenate([c.slopes for c in pieces if c.slopes is not None], axis=1)
    still = (np.ptp(energy, axis=1) <= noise) & (np.abs(power).max(axis=1) <= noise * units.rate)
    level |= {name: still for name in ("stored_energy", "power") if name in values}
    if "average_power" in values:
        # of an energy that stays at another value than at the start the average power falls with time
        level["average_power"] = still & (np.abs(energy).max(axis=1) <= noise)
    return level


def _hopeful(pieces: list[Curves], functions: Sequence[Callable[..., RealArray]]) -> list[Curves]:
    """The pieces that may hold the largest value of a function; of few pieces all.

    No function climbs above the points of a piece by more than its steepest climb between any two points times the
    longest interval, and twice that is allowed.
    """
    if len(pieces) < MOST_TOPS:
        return pieces
    longest = np.array([np.diff(c.times).max(initial=0.0) for c in pieces])
    hopeful = np.zeros(len(pieces), dtype=bool)
    for function in functions:
        heights = [function(c.times, c.values, c.slopes) for c in pieces]
        steepest = max(
            float(np.abs(np.diff(h) / np.diff(c.times)).max(initial=0.0)) for c, h in zip(pieces, heights, strict=True)
        )
        highest = np.array([h.max() for h in heights])
        hopeful |= highest + 2 * steepest * longest >= highest.max()
    return [c for c, keep in zip(pieces, hopeful, strict=True) if keep]


def _error_near(curve: Curves, row: int, time: float, size: tuple[RealArray, RealArray], noise: RealArray) -> float:
    """Estimated error of one of the curves around a time; 0 where the time lies outside or on its end."""
    t = curve.times
    if len(t) < 2 or not t[0] < time < t[-1]:
        return 0.0
    if len(t) < 5:
        return np.inf
    k = int(np.clip(np.searchsorted(t, time), 1, len(t) - 1))
    return curve.miss_at(row, max(1, k - 2), k + 2, (float(size[0][row]), float(size[1][row])), float(noise[row]))


__all__ = ["MOST_TOPS", "SMOOTH", "Rows", "Told", "Units", "coarse", "curves", "predicted", "tops"]
