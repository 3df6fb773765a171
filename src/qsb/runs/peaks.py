"""Maxima of time series between their save times, piece by piece where a switched charger makes the power jump."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from qsb.dynamics.series import Kink
from qsb.merit.energy import maximum

RealArray = NDArray[np.float64]


@dataclass(frozen=True)
class Peaks:
    """Save times, and the kinks between or at them.

    Attributes:
        times: save times, and those that a closer look has added.
        kinks: where the power jumps or turns a corner.
        graded: whether the save times themselves lie unevenly.
    """

    times: RealArray
    kinks: tuple[Kink, ...]
    graded: bool = False

    def _pieces(self) -> Iterator[tuple[NDArray[np.int64], Kink | None, Kink | None]]:
        """(indices of save times strictly inside or at a free end, kink at the start, kink at the end)."""
        edges: list[Kink | None] = [None, *self.kinks, None]
        for left, right in pairwise(edges):
            inside = np.ones(len(self.times), dtype=bool)
            if left is not None:
                inside &= self.times > left.time
            if right is not None:
                inside &= self.times < right.time
            yield np.flatnonzero(inside), left, right

    def of_energy(self, energy: RealArray, power: RealArray, offset: float) -> tuple[float, float]:
        """Time and value of the largest stored energy; slopes are exact, kinks are points of their own.

        Args:
            energy: stored energy at the save times.
            power: its slope there.
            offset: tr[H_B rho(0)], which the energies of kinks include.
        """
        return earliest([maximum(t, e, p) for t, e, p in self.pieces(energy, power, offset)])

    def pieces(self, energy: RealArray, power: RealArray, offset: float) -> Iterator[tuple[list[float], ...]]:
        """Times, stored energies and slopes of every smooth piece, kinks at its ends included."""
        for index, left, right in self._pieces():
            t, e, p = (a[index].tolist() for a in (self.times, energy, power))
            if left is not None:
                t, e, p = [left.time, *t], [left.energy - offset, *e], [left.after, *p]
            if right is not None:
                t, e, p = [*t, right.time], [*e, right.energy - offset], [*p, right.before]
            # outside the save window a kink is no part of the answer
            keep = [k for k, at in enumerate(t) if self.times[0] <= at <= self.times[-1]]
            if keep:
                yield tuple([values[k] for k in keep] for values in (t, e, p))

    def of_power(self, power: RealArray) -> tuple[float, float]:
        """Time and value of the largest power, one-sided limits at kinks included."""
        best: list[tuple[float, float]] = []
        for index, left, right in self._pieces():
            t, p = list(self.times[index]), list(power[index])
            if left is not None:
                t, p = [left.time, *t], [left.after, *p]
            if right is not None:
                t, p = [*t, right.time], [*p, right.before]
            keep = [k for k, at in enumerate(t) if self.times[0] <= at <= self.times[-1]]
            if keep:
                best.append(maximum([t[k] for k in keep], [p[k] for k in keep]))
        return earliest(best)

    def of(self, values: RealArray) -> tuple[float, float]:
        """Time and value of the largest value of a continuous series of unknown slope."""
        best: list[tuple[float, float]] = []
        for index, left, right in self._pieces():
            near = [k for k in (index[0] - 1 if len(index) else -1,) if left is not None and k >= 0]
            far = [index[-1] + 1] if len(index) and right is not None and index[-1] + 1 < len(self.times) else []
            near = [k for k in near if left is not None and self.times[k] == left.time]
            far = [k for k in far if right is not None and self.times[k] == right.time]
            chosen = np.array([*near, *index, *far], dtype=int)
            if len(chosen):
                best.append(maximum(self.times[chosen], values[chosen]))
        return earliest(best) if best else maximum(self.times, values)


def earliest(candidates: list[tuple[float, float]]) -> tuple[float, float]:
    """The largest value; of values equal to 1e-9 of it, the earliest."""
    top = max(v for _, v in candidates)
    return min((t, v) for t, v in candidates if v >= top - 1e-9 * max(abs(top), 1e-300))
