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
            window = np.clip(i - m, 0, n - 2 * m - 1)[:, None] + np.arange(2 * m + 1)
            others = window[window != i[:, None]].reshape(len(i), 2 * m)
            value, slope = _horner(self._polynomials(others), self.times[i][:, None])
            within = self._gain(i, others) if self.graded else _WITHIN[m]
            if self.slopes is None:
                rows.append((np.abs(value[:, 0] - self.values[i]) / within, np.zeros(len(i))))
            else:
                gain = within**2
                misses = np.abs(value[:, 0] - self.values[i]), np.abs(slope[:, 0] - self.slopes[i])
                rows.append((misses[0] / gain, misses[1] * _SLOPES / gain))
        return rows

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
        """Polynomials through the nodes (q, w), by confluent divided differences."""
        t = self.times[nodes]
        origin, scale = t[:, :1], np.ptp(t, axis=1)[:, None]
        twice = 1 if self.slopes is None else 2
        z = np.repeat((t - origin) / scale, twice, axis=1)
        d = np.repeat(self.values[nodes], twice, axis=1)
        coefficients = [d[:, :1]]
        for k in range(1, z.shape[1]):
            gap = z[:, k:] - z[:, :-k]
            if k == 1 and self.slopes is not None:
                gap[:, ::2] = 1.0
            step = np.diff(d, axis=1) / gap
            if k == 1 and self.slopes is not None:
                step[:, ::2] = self.slopes[nodes] * scale
            d = step
            coefficients.append(d[:, :1])
        return Polynomials(origin, scale, z, np.concatenate(coefficients, axis=1))

    def tops(self, functions: Sequence[Height], most: int) -> list[list[tuple[float, float]]]:
        """(time, value) of the largest local maxima of each function of time, value and slope, ends included.

        Args:
            functions: elementwise.
            most: how many of each are approached.
        """
        at_points = [f(self.times, self.values, self.slopes) for f in functions]
        ends = [[(float(self.times[k]), float(h[k])) for k in (0, -1)] for h in at_points]
        if len(self.times) < 2:
            return [e[:1] for e in ends]
        # a row for each promising interval of each function: all are approached together
        if uneven(self.times):
            found = self._highest(functions, at_points, most)
        else:
            found = [self._promising(h, most) for h in at_points]
        edges = np.cumsum([0, *map(len, found)])
        interval, rows = np.concatenate(found), [slice(a, b) for a, b in pairwise(edges)]
        within = self._within(interval)

        def heights(at: RealArray) -> RealArray:
            value, slope = within(at)
            return np.concatenate([f(at[r], value[r], slope[r]) for f, r in zip(functions, rows, strict=True)])

        low, high = self.times[interval, None], self.times[interval + 1, None]
        grid = low + (high - low) * np.linspace(0.0, 1.0, _LOOKS + 2)
        seen = heights(grid)
        for h, r in zip(at_points, rows, strict=True):
            seen[r, 0], seen[r, -1] = h[interval[r]], h[interval[r] + 1]
        places, height = _approached(heights, grid, seen, low, high)
        return [
            e + list(zip(places[r].tolist(), height[r].tolist(), strict=True)) for e, r in zip(ends, rows, strict=True)
        ]

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
