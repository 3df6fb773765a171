"""Local interpolation of a smooth curve from values, and slopes where they are known, and how far it can be trusted.

Through m neighbours on either side goes a polynomial of degree 2m - 1, or 4m - 1 with slopes. Leaving a point out and
predicting it from its neighbours tells the error, and which m is best: a higher one where the curve is smooth on the
scale of the grid, a lower one where it is not.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache, cached_property
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

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
#: rounds of the approach, each eight times as close; then the vertex of a quartic is taken, because the value of a
#: maximum tells its place to the square root of rounding only
_ROUNDS = 3


def uneven(times: RealArray) -> bool:
    """Whether some intervals are so much longer than others that points alone do not tell where the tops are."""
    steps = np.diff(times)
    return bool(len(steps)) and bool(steps.max() > _UNEVEN * steps.min())


@dataclass(frozen=True)
class Polynomials:
    """Polynomials in Newton's form: origins and scales (q, 1), scaled nodes and coefficients (q, k)."""

    origin: RealArray
    scale: RealArray
    nodes: RealArray
    coefficients: RealArray


def _horner(p: Polynomials, at: RealArray) -> tuple[RealArray, RealArray]:
    """Values and slopes at (q, r)."""
    y = (at - p.origin) / p.scale
    value, slope = np.zeros_like(y), np.zeros_like(y)
    for k in reversed(range(p.nodes.shape[1])):
        step = y - p.nodes[:, k : k + 1]
        slope = slope * step + value
        value = value * step + p.coefficients[:, k : k + 1]
    return value, slope / p.scale


def _newton(t: RealArray, values: RealArray, slopes: RealArray | None) -> Polynomials:
    """Polynomials through values, and slopes if there are any, at increasing times, each (q, w); divided differences."""
    origin, scale = t[:, :1], np.ptp(t, axis=1)[:, None]
    twice = 1 if slopes is None else 2
    z = np.repeat((t - origin) / scale, twice, axis=1)
    d = np.repeat(values, twice, axis=1)
    coefficients = [d[:, :1]]
    for k in range(1, z.shape[1]):
        gap = z[:, k:] - z[:, :-k]
        if k == 1 and slopes is not None:
            gap[:, ::2] = 1.0
        step = (d[:, 1:] - d[:, :-1]) / gap
        if k == 1 and slopes is not None:
            step[:, ::2] = slopes * scale
        d = step
        coefficients.append(d[:, :1])
    return Polynomials(origin, scale, z, np.concatenate(coefficients, axis=1))


@cache
def _weights(m: int, slopes: bool) -> RealArray:
    """What predicts a point that is left out of 2m + 1 at 0, 1, ..., 2m, on any even grid.

    Returns:
        Weights (2, 1 or 2, 2m + 1, 2m + 1): of the value and the slope that are predicted, by the values and the slopes
        that are known, for each point left out; on the last axis the points, 0 for the one itself.
    """
    n, kinds = 2 * m + 1, 2 if slopes else 1
    others = np.array([np.delete(np.arange(n), p) for p in range(n)])
    unit = np.eye(kinds * 2 * m).reshape(-1, kinds, 2 * m)
    row = np.repeat(np.arange(n), len(unit))
    known = np.tile(unit, (n, 1, 1))
    p = _newton(others[row].astype(float), known[:, 0], known[:, 1] if slopes else None)
    found = np.array(_horner(p, row[:, None].astype(float))).reshape(2, n, kinds, 2 * m)
    out = np.zeros((2, kinds, n, n))
    for k in range(n):
        out[:, :, k, others[k]] = found[:, k]
    return out


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
    """Rows of looks (q, r) that may hold the largest value of their owner between two looks.

    A smooth function rises above the highest of three looks by less than they differ: a parabola by a quarter of it.
    """
    wide = np.concatenate([seen[:, :1], seen, seen[:, -1:]], axis=1)
    row, k = np.arange(len(seen)), seen.argmax(axis=1)
    top = seen[row, k]
    reach = 2 * top - np.minimum(wide[row, k], wide[row, k + 2])
    best = np.full(int(owner[-1]) + 1, -np.inf)
    np.maximum.at(best, owner, top)
    return np.flatnonzero(reach >= best[owner])


@dataclass(frozen=True)
class Curve:
    """A piece without a kink: increasing times, values, and slopes if they are known, each (n,).

    Attributes:
        times: where.
        values: what.
        slopes: its slopes, or None.
        graded: whether nothing has chosen the intervals by how the curve bends, as refining does, although they differ.
    """

    times: RealArray
    values: RealArray
    slopes: RealArray | None = None
    graded: bool = False

    def miss(self, size: tuple[float, float], noise: float, blunt: bool = False) -> RealArray:
        """Estimated error (n,) around each point, the larger of value and slope relative to `size`; 0 at both ends.

        Args:
            size: ranges of the values and of the slopes.
            noise: ranges up to this are rounding, and count as 0.
            blunt: whether misses of slopes that such rounding of the values makes count as 0 as well.
        """
        found = self._misses(size, noise, blunt)
        return found.min(axis=0) if len(found) else np.zeros(len(self.times))

    def _misses(self, size: tuple[float, float], noise: float, blunt: bool = False) -> RealArray:
        """One row an order that the points are enough for."""
        weights = [1.0 / s if s > noise else 0.0 for s in size]
        if blunt and self._left_out:
            made = noise / np.minimum(np.diff(self.times)[1:], np.diff(self.times)[:-1])
            return self._padded([np.maximum(v * weights[0], (s > made) * s * weights[1]) for v, s in self._left_out])
        return self._padded([np.maximum(v * weights[0], s * weights[1]) for v, s in self._left_out])

    @staticmethod
    def _padded(rows: list[RealArray]) -> RealArray:
        """The inner points between zeros."""
        return np.pad(np.array(rows).reshape(len(rows), -1), ((0, 0), (1, 1))) if rows else np.empty((0, 0))

    @cached_property
    def _left_out(self) -> list[tuple[RealArray, RealArray]]:
        """Errors of value and slope at the inner points, predicted from neighbours, an order each."""
        n = len(self.times)
        rows: list[tuple[RealArray, RealArray]] = []
        for m in ORDERS:
            if n < min(2 * m + 1, 3) or (rows and n < 2 * m + 1):
                break
            i = np.arange(1, n - 1)
            value, slope, within = self._predicted(m, i)
            if self.slopes is None:
                rows.append((np.abs(value - self.values[i]) / within, np.zeros(len(i))))
            else:
                gain = within**2
                misses = np.abs(value - self.values[i]), np.abs(slope - self.slopes[i])
                rows.append((misses[0] / gain, misses[1] * _SLOPES / gain))
        return rows

    def _predicted(self, m: int, i: NDArray[np.int64]) -> tuple[RealArray, RealArray, RealArray | float]:
        """Value and slope at the points i by their neighbours, and how much better it is within an interval."""
        n = len(self.times)
        first = np.clip(i - m, 0, n - 2 * m - 1)
        window = first[:, None] + np.arange(2 * m + 1)
        step = (self.times[-1] - self.times[0]) / (n - 1)
        if np.ptp(np.diff(self.times)) <= _EQUAL * step:
            # the same weights at all points but those near the ends
            known = [self.values[window]] if self.slopes is None else [self.values[window], step * self.slopes[window]]
            weights = _weights(m, self.slopes is not None)[:, :, i - first]
            value, slope = np.einsum("abij,bij->ai", weights, np.array(known))
            return value, slope / step, _WITHIN[m]
        others = window[window != i[:, None]].reshape(len(i), 2 * m)
        value, slope = _horner(self._polynomials(others), self.times[i][:, None])
        return value[:, 0], slope[:, 0], self._gain(i, others) if self.graded else _WITHIN[m]

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
        """The best order of each interval, (n - 1,)."""
        n = len(self.times)
        size = float(np.ptp(self.values)) or 1.0, float(np.ptp(self.slopes) if self.slopes is not None else 0.0) or 1.0
        rows = self._misses(size, 0.0)
        best = np.array(ORDERS)[rows.argmin(axis=0)] if len(rows) else np.ones(n, dtype=np.int64)
        if n > 2:
            best[0], best[-1] = best[1], best[-2]
        return np.asarray(np.minimum(best[1:], best[:-1]))

    def inside(self, interval: NDArray[np.int64], at: RealArray) -> tuple[RealArray, RealArray]:
        """Values and slopes at times (q, r) inside the intervals (q,)."""
        return self._within(interval)(at)

    def _within(self, interval: NDArray[np.int64]) -> Callable[[RealArray], tuple[RealArray, RealArray]]:
        """The same as a function of the times, its polynomials made once."""
        n, order = len(self.times), self._orders[interval]
        parts = []
        for m in np.unique(order):
            pick = np.flatnonzero(order == m)
            width = min(2 * int(m), n)
            first = np.clip(interval[pick] - int(m) + 1, 0, n - width)
            parts.append((pick, self._polynomials(first[:, None] + np.arange(width))))

        def evaluate(at: RealArray) -> tuple[RealArray, RealArray]:
            value, slope = np.empty(at.shape), np.empty(at.shape)
            for pick, polynomial in parts:
                value[pick], slope[pick] = _horner(polynomial, at[pick])
            return value, slope

        return evaluate

    def _polynomials(self, nodes: NDArray[np.int64]) -> Polynomials:
        """Polynomials through the nodes (q, w)."""
        return _newton(self.times[nodes], self.values[nodes], None if self.slopes is None else self.slopes[nodes])

    def tops(self, functions: Sequence[Height], most: int) -> list[list[tuple[float, float]]]:
        """(time, value) of what may be the largest maximum of each function of time, value and slope, and the ends.

        Args:
            functions: elementwise.
            most: how many of each are looked at between the points.
        """
        at_points = [f(self.times, self.values, self.slopes) for f in functions]
        ends = [[(float(self.times[k]), float(h[k])) for k in (0, -1)] for h in at_points]
        if len(self.times) < 2:
            return [e[:1] for e in ends]
        # a row for each promising interval of each function: all are looked at together
        if uneven(self.times):
            found = self._highest(functions, at_points, most)
        else:
            found = [self._promising(h, most) for h in at_points]
        interval, owner = np.concatenate(found), np.repeat(np.arange(len(found)), [len(f) for f in found])
        low, high = self.times[interval, None], self.times[interval + 1, None]
        grid = low + (high - low) * np.linspace(0.0, 1.0, _LOOKS + 2)
        seen = self._heights(functions, interval, owner)(grid)
        points = np.array(at_points)
        seen[:, 0], seen[:, -1] = points[owner, interval], points[owner, interval + 1]
        near = _hopeful(seen, owner)
        heights = self._heights(functions, interval[near], owner[near])
        places, height = _approached(heights, grid[near], seen[near], low[near], high[near])
        for k, place, top in zip(owner[near].tolist(), places.tolist(), height.tolist(), strict=True):
            ends[k].append((place, top))
        return ends

    def _heights(
        self, functions: Sequence[Height], interval: NDArray[np.int64], owner: NDArray[np.int64]
    ) -> Callable[[RealArray], RealArray]:
        """The functions of the owners, which ascend, at times (q, r) inside the intervals (q,)."""
        within = self._within(interval)
        rows = [slice(a, b) for a, b in pairwise(np.searchsorted(owner, np.arange(len(functions) + 1)))]

        def heights(at: RealArray) -> RealArray:
            value, slope = within(at)
            return np.concatenate([f(at[r], value[r], slope[r]) for f, r in zip(functions, rows, strict=True)])

        return heights

    def _highest(self, functions: Sequence[Height], at_points: list[RealArray], most: int) -> list[NDArray[np.int64]]:
        """Intervals of an uneven grid that hold the largest values, looked at one and all.

        A long interval beside short ones may hold a maximum far above all points.
        """
        every = np.arange(len(self.times) - 1)
        grid = self.times[:-1, None] + np.diff(self.times)[:, None] * np.linspace(0.0, 1.0, _LOOKS + 2)[1:-1]
        value, slope = self._within(every)(grid)
        out = []
        for f, h in zip(functions, at_points, strict=True):
            tops = np.maximum(f(grid, value, slope).max(axis=1), np.maximum(h[1:], h[:-1]))
            out.append(np.sort(np.argsort(-tops, kind="stable")[:most]))
        return out

    @staticmethod
    def _promising(heights: RealArray, most: int) -> NDArray[np.int64]:
        """Intervals at those local maxima of the points between which the largest value may lie."""
        wide = np.concatenate([heights[:1], heights, heights[-1:]])
        three = np.lib.stride_tricks.sliding_window_view(wide, 3)
        local = (heights >= three[:, 0]) & (heights >= three[:, 2])
        # it may rise above a point by about as much as its neighbours lie below
        near = np.flatnonzero(local & (heights + np.ptp(three, axis=1) >= heights.max()))
        best = near[np.argsort(-heights[near], kind="stable")[:most]]
        return np.unique(np.clip(np.concatenate([best - 1, best]), 0, len(heights) - 2))


__all__ = ["ORDERS", "Curve", "uneven"]
