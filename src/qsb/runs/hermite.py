"""Local interpolation of a smooth curve from values, and slopes where they are known, and how far it can be trusted.

Through m neighbours on either side goes a polynomial of degree 2m - 1, or 4m - 1 with slopes. Leaving a point out and
predicting it from its neighbours tells the error, and which m is best: a higher one where the curve is smooth on the
scale of the grid, a lower one where it is not.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from qsb.runs.polynomials import Polynomials, horner, left_out_weights, newton

RealArray = NDArray[np.float64]
#: an elementwise function of time, value and slope
Height = Callable[[RealArray, RealArray, Any], RealArray]

#: neighbours on either side, and how much smaller the error is within an interval than where a point is left out:
#: prod_k k^2 / prod_k (k - 1/2)^2 on an even grid, squared with slopes
ORDERS = (1, 2, 3, 4)
_WITHIN = {1: 4.0, 2: 7.1, 3: 10.2, 4: 13.4}
#: slopes gain half as much
_SLOPES = 2.0
#: inner points of every interval at which a function of the curve is looked at before its tops are approached
_LOOKS = 7
#: ratio of the longest to the shortest interval above which the points alone do not tell where the tops are
_UNEVEN = 1.5
#: spread of the intervals, in units of one, up to which they count as equal: what rounding does to 10^4 equal ones
_EQUAL = 1e-10
#: a few units in the last place of values, in units of the range that counts as their rounding
_LAST_PLACES = 1e-3
#: rounds of the approach, each eight times as close; then the vertex of a quartic is taken, because the value of a
#: maximum tells its place to the square root of rounding only
_ROUNDS = 3


def uneven(times: RealArray) -> bool:
    """Whether some intervals are so much longer than others that points alone do not tell where the tops are."""
    steps = np.diff(times)
    return bool(len(steps)) and bool(steps.max() > _UNEVEN * steps.min())


def _vertex(five: RealArray) -> RealArray:
    """Where the quartic through values (q, 5) at -2..2 has its maximum near 0; within one step."""
    a, b, c, d, e = five.T
    first, second = (a - 8 * b + 8 * d - e) / 12, (-a + 16 * b - 30 * c + 16 * d - e) / 12
    third, fourth = (-a + 2 * b - 2 * d + e) / 2, a - 4 * b + 6 * c - 4 * d + e
    at = np.zeros(len(five))
    for _ in range(4):
        slope = first + at * (second + at * (third / 2 + at * fourth / 6))
        bend = second + at * (third + at * fourth / 2)
        at = np.clip(at - slope / np.where(bend < 0, bend, -np.inf), -1.0, 1.0)
    return np.asarray(at)


def _approached(
    heights: Callable[[RealArray], RealArray], grid: RealArray, seen: RealArray, low: RealArray, high: RealArray
) -> tuple[RealArray, RealArray]:
    """Places and heights (q,) of the maxima inside intervals from `low` to `high`, (q, 1), whose looks are given."""
    row, step = np.arange(len(grid)), (high - low)[:, 0] / (_LOOKS + 1)
    centre, top = grid[row, seen.argmax(axis=1)], seen.max(axis=1)
    for _ in range(_ROUNDS):
        near = np.clip(centre[:, None] + step[:, None] * np.linspace(-1.0, 1.0, 17), low, high)
        found = heights(near)
        centre, top, step = near[row, found.argmax(axis=1)], found.max(axis=1), step / 8
    five = centre[:, None] + 8 * step[:, None] * np.arange(-2.0, 3.0)
    places = np.clip(centre + 8 * step * _vertex(heights(five)), low[:, 0], high[:, 0])
    height = heights(places[:, None])[:, 0]
    # where there is no vertex nearby, as at an end of the interval, the approach itself is the answer
    good = height >= top - 1e-14 * np.abs(height)
    return np.where(good, places, centre), np.where(good, height, top)


def _hopeful(seen: RealArray, owner: NDArray[np.int64]) -> NDArray[np.int64]:
    """Rows of looks (q, r) that may hold the largest value of their owner between two looks, or one as large.

    A smooth function rises above the highest of three looks by less than they differ: a parabola by a quarter of it.
    At an end of the interval the three are the end and the two beside it: of two equal looks on either side of a
    maximum neither tells how far it rises.
    """
    row, middle = np.arange(len(seen)), np.clip(seen.argmax(axis=1), 1, seen.shape[1] - 2)
    top = seen.max(axis=1)
    reach = 2 * top - np.minimum(seen[row, middle - 1], seen[row, middle + 1])
    best = np.full(int(owner[-1]) + 1, -np.inf)
    np.maximum.at(best, owner, top)
    # maxima that count as equal to the largest: the earliest of them is wanted
    least = best - 1e-9 * np.abs(best)
    return np.flatnonzero(reach >= least[owner])


@dataclass(frozen=True)
class Curves:
    """Pieces without a kink over the same increasing times (n,): values, and slopes if they are known, (B, n).

    Attributes:
        times: where.
        values: what, a row a curve.
        slopes: its slopes, or None.
        graded: whether nothing has chosen the intervals by how the curves bend, as refining does, although they differ.
    """

    times: RealArray
    values: RealArray
    slopes: RealArray | None = None
    graded: bool = False

    def miss(self, size: tuple[RealArray, RealArray], noise: RealArray, blunt: bool = False) -> RealArray:
        """Estimated error (B, n) around each point, the larger of value and slope relative to `size`; 0 at both ends.

        Args:
            size: ranges of the values and of the slopes, (B,) each.
            noise: ranges up to this, (B,), are rounding, and count as 0.
            blunt: whether misses of slopes that such ranges of the values make count as 0 as well, and not only those
                that a few units in their last place make.
        """
        found = self._misses(size, noise, blunt)
        return found.min(axis=0) if len(found) else np.zeros(self.values.shape)

    def miss_at(self, row: int, first: int, last: int, size: tuple[float, float], noise: float) -> float:
        """The largest `miss` of one curve around the points from `first` up to, not including, `last`."""
        here = slice(max(first, 1) - 1, min(last, len(self.times) - 1) - 1)
        of_value, of_slope = (1.0 / s if s > noise else 0.0 for s in size)
        found = [np.maximum(v[row, here] * of_value, s[row, here] * of_slope) for v, s in self._left_out]
        return float(np.min(found, axis=0).max(initial=0.0)) if found else 0.0

    def _misses(self, size: tuple[RealArray, RealArray], noise: RealArray, blunt: bool = False) -> RealArray:
        """One layer (B, n) an order that the points are enough for."""
        of_value, of_slope = (np.where(s > noise, 1.0 / np.where(s > noise, s, 1.0), 0.0)[:, None] for s in size)
        steps = np.diff(self.times)
        # a slope that values tell is no better than their rounding over the step
        # - unless the values are all rounding, and the slopes alone say that something happens
        told = np.where((size[0] > noise) | blunt, noise, 0.0)[:, None]
        least = told * (1.0 if blunt else _LAST_PLACES) / np.minimum(steps[1:], steps[:-1])
        out = np.zeros((len(self._left_out), *self.values.shape))
        for layer, (v, s) in zip(out, self._left_out, strict=True):
            np.maximum(v * of_value, (s > least) * s * of_slope, out=layer[:, 1:-1])
        return out

    @cached_property
    def _left_out(self) -> list[tuple[RealArray, RealArray]]:
        """Errors of value and slope at the inner points (B, n - 2), predicted from neighbours, an order each."""
        n = len(self.times)
        rows: list[tuple[RealArray, RealArray]] = []
        for m in ORDERS:
            if n < min(2 * m + 1, 3) or (rows and n < 2 * m + 1):
                break
            i = np.arange(1, n - 1)
            value, slope, within = self._predicted(m, i)
            if self.slopes is None:
                rows.append((np.abs(value - self.values[:, 1:-1]) / within, np.zeros(value.shape)))
            else:
                gain = within**2
                misses = np.abs(value - self.values[:, 1:-1]), np.abs(slope - self.slopes[:, 1:-1])
                rows.append((misses[0] / gain, misses[1] * _SLOPES / gain))
        return rows

    def _predicted(self, m: int, i: NDArray[np.int64]) -> tuple[RealArray, RealArray, RealArray | float]:
        """Values and slopes (B, q) at the points i by their neighbours, and how much better that is in an interval."""
        n, count = len(self.times), len(self.values)
        first = np.clip(i - m, 0, n - 2 * m - 1)
        window = first[:, None] + np.arange(2 * m + 1)
        step = (self.times[-1] - self.times[0]) / (n - 1)
        if np.ptp(np.diff(self.times)) <= _EQUAL * step:
            # the same weights at all points but those near the ends
            weights = left_out_weights(m, self.slopes is not None)[:, :, i - first]
            value, slope = np.einsum("aij,cij->aci", weights[:, 0], self.values[:, window])
            if self.slopes is not None:
                by_value, by_slope = np.einsum("aij,cij->aci", weights[:, 1], self.slopes[:, window])
                value, slope = value + step * by_value, slope + step * by_slope
            return value, slope / step, _WITHIN[m]
        others = window[window != i[:, None]].reshape(len(i), 2 * m)
        row = np.repeat(np.arange(count), len(i))
        found = horner(self._polynomials(row, np.tile(others, (count, 1))), np.tile(self.times[i], count)[:, None])
        value, slope = (f.reshape(count, len(i)) for f in found)
        return value, slope, self._gain(i, others) if self.graded else _WITHIN[m]

    def _gain(self, i: NDArray[np.int64], others: NDArray[np.int64]) -> RealArray:
        r"""How much smaller the error is inside the longer of the intervals at points i than at the points, left out.

        Both errors have the same high derivative; what differs is :math:`\prod_k|t - t_k|` over the nodes, taken in the
        middle of the interval. A point close to its neighbour tells little about a long interval on its other side.
        """
        t, n, width = self.times, len(self.times), others.shape[1]
        there = np.abs(t[i, None] - t[others]).prod(axis=1)
        inside = np.zeros(len(i))
        for left in (i - 1, i):
            nodes = np.clip(left - width // 2 + 1, 0, n - width)[:, None] + np.arange(width)
            middle = (t[left] + t[left + 1]) / 2
            inside = np.maximum(inside, np.abs(middle[:, None] - t[nodes]).prod(axis=1))
        return np.asarray(there / inside)

    @cached_property
    def _orders(self) -> NDArray[np.int64]:
        """The best order of each interval, (B, n - 1)."""
        n = len(self.times)
        ranges = [np.ptp(a, axis=1) for a in (self.values, self.values if self.slopes is None else self.slopes)]
        value, slope = (np.where(r > 0, r, 1.0) for r in ranges)
        rows = self._misses((value, slope), np.zeros(len(self.values)))
        best = np.array(ORDERS)[rows.argmin(axis=0)] if len(rows) else np.ones(self.values.shape, dtype=np.int64)
        if n > 2:
            best[:, 0], best[:, -1] = best[:, 1], best[:, -2]
        return np.asarray(np.minimum(best[:, 1:], best[:, :-1]))

    def inside(self, row: NDArray[np.int64], interval: NDArray[np.int64], at: RealArray) -> tuple[RealArray, RealArray]:
        """Values and slopes of the curves (q,) at times (q, r) inside the intervals (q,)."""
        return self._within(row, interval)(at)

    def _within(
        self, row: NDArray[np.int64], interval: NDArray[np.int64]
    ) -> Callable[[RealArray], tuple[RealArray, RealArray]]:
        """The same as a function of the times, its polynomials made once."""
        n, order = len(self.times), self._orders[row, interval]
        parts = []
        for m in np.unique(order):
            pick = np.flatnonzero(order == m)
            width = min(2 * int(m), n)
            first = np.clip(interval[pick] - int(m) + 1, 0, n - width)
            parts.append((pick, self._polynomials(row[pick], first[:, None] + np.arange(width))))

        def evaluate(at: RealArray) -> tuple[RealArray, RealArray]:
            value, slope = np.empty(at.shape), np.empty(at.shape)
            for pick, polynomial in parts:
                value[pick], slope[pick] = horner(polynomial, at[pick])
            return value, slope

        return evaluate

    def _polynomials(self, row: NDArray[np.int64], nodes: NDArray[np.int64]) -> Polynomials:
        """Polynomials of the curves (q,) through the nodes (q, w)."""
        known = self.values[row[:, None], nodes], None if self.slopes is None else self.slopes[row[:, None], nodes]
        return newton(self.times[nodes], *known)

    def tops(self, functions: Sequence[Height], most: int) -> list[list[list[tuple[float, float]]]]:
        """What may be the largest maximum of each function of time, value and slope, and the ends.

        Args:
            functions: elementwise.
            most: how many of each curve are looked at between the points.

        Returns:
            By function, and by curve, (time, value) of its candidates.
        """
        count = len(self.values)
        points = np.array([f(self.times, self.values, self.slopes) for f in functions]).reshape(-1, len(self.times))
        ends = [[(float(self.times[k]), float(h[k])) for k in (0, -1)] for h in points]
        if len(self.times) > 1:
            # a row for each promising interval of each function and curve: all are looked at together
            if uneven(self.times):
                owner, interval = self._highest(functions, points, most)
            else:
                owner, interval = _promising(points, most)
            low, high = self.times[interval, None], self.times[interval + 1, None]
            grid = low + (high - low) * np.linspace(0.0, 1.0, _LOOKS + 2)
            seen = self._heights(functions, owner, interval)(grid)
            seen[:, 0], seen[:, -1] = points[owner, interval], points[owner, interval + 1]
            near = _hopeful(seen, owner)
            heights = self._heights(functions, owner[near], interval[near])
            places, height = _approached(heights, grid[near], seen[near], low[near], high[near])
            for k, place, top in zip(owner[near].tolist(), places.tolist(), height.tolist(), strict=True):
                ends[k].append((place, top))
        return [ends[k : k + count] for k in range(0, len(ends), count)]

    def _heights(
        self, functions: Sequence[Height], owner: NDArray[np.int64], interval: NDArray[np.int64]
    ) -> Callable[[RealArray], RealArray]:
        """Functions at times (q, r) inside the intervals (q,); function f of curve c is owner f B + c, ascending."""
        which, row = np.divmod(owner, len(self.values))
        within = self._within(row, interval)
        rows = [slice(a, b) for a, b in pairwise(np.searchsorted(which, np.arange(len(functions) + 1)))]

        def heights(at: RealArray) -> RealArray:
            value, slope = within(at)
            return np.concatenate([f(at[r], value[r], slope[r]) for f, r in zip(functions, rows, strict=True)])

        return heights

    def _highest(
        self, functions: Sequence[Height], points: RealArray, most: int
    ) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Intervals of an uneven grid that hold the largest values, looked at one and all, and their owners.

        A long interval beside short ones may hold a maximum far above all points.
        """
        n = len(self.times)
        owner, every = np.divmod(np.arange(len(points) * (n - 1)), n - 1)
        grid = self.times[:-1, None] + np.diff(self.times)[:, None] * np.linspace(0.0, 1.0, _LOOKS + 2)[1:-1]
        seen = self._heights(functions, owner, every)(grid[every]).max(axis=1).reshape(len(points), n - 1)
        tops = np.maximum(seen, np.maximum(points[:, 1:], points[:, :-1]))
        best = np.sort(np.argsort(-tops, axis=1, kind="stable")[:, :most], axis=1)
        return np.repeat(np.arange(len(points)), best.shape[1]), best.ravel()


def _promising(heights: RealArray, most: int) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Rows of heights (R, n), and intervals at those local maxima of the points between which the largest may lie."""
    n = heights.shape[1]
    wide = np.concatenate([heights[:, :1], heights, heights[:, -1:]], axis=1)
    least = np.minimum(np.minimum(wide[:, :-2], wide[:, 2:]), heights)
    local = (heights >= wide[:, :-2]) & (heights >= wide[:, 2:])
    # it may rise above a point by about as much as its neighbours lie below
    local &= 2 * heights - least >= heights.max(axis=1)[:, None]
    for k in np.flatnonzero(local.sum(axis=1) > most):
        near = np.flatnonzero(local[k])
        local[k, near[np.argsort(-heights[k, near], kind="stable")[most:]]] = False
    row, at = np.nonzero(local)
    both = np.clip(np.stack([at - 1, at], axis=1), 0, n - 2)
    owner, interval = np.divmod(np.unique(row[:, None] * (n - 1) + both), n - 1)
    return owner, interval


__all__ = ["ORDERS", "Curves", "uneven"]
