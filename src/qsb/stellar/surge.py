r"""How large a surge is, and how large a store must be to keep a bus below a cap while it lasts.

Excess power above a cap goes into the store; below the cap the store gives back what the bus can take. The store leaks
nothing here, which asks for the most. Derived in docs/devdocs/stellar-flares.md.
"""

from __future__ import annotations

import math
from bisect import bisect_left
from dataclasses import dataclass
from typing import Any

import numpy as np

from qsb import checks
from qsb.errors import SpecError
from qsb.stellar.flare_shape import FlareShape, crossings
from qsb.stellar.si import si, si_array
from qsb.stellar.status import Status

__all__ = [
    "NEGLIGIBLE_SURGE",
    "QuantileEstimate",
    "exponential_storage",
    "pulse_storage",
    "quantile_with_interval",
    "series_storage",
    "surge_line",
]

NEGLIGIBLE_SURGE = 1e-3
"""Surge over quiescent power below which a report warns that there is no power problem."""


def surge_line(ratio: float) -> str:
    """The first line of every report on flares: the surge ratio, with a warning where it is negligible."""
    value = checks.number("the surge ratio", ratio, least=0.0)
    line = f"surge ratio: largest excess over quiescent power = {value:.4g}"
    if value < NEGLIGIBLE_SURGE:
        line += (
            f"\nWARNING: below {NEGLIGIBLE_SURGE:g}; as power this surge is negligible and needs no buffer. What such "
            "flares do is damage: X-rays, particles, mass ejections."
        )
    return line


def exponential_storage(amplitude: Any, time: Any, cap: Any) -> float:
    r"""Storage for a surge :math:`Ae^{-t/\tau}` above a cap, :math:`A\tau[1 - (C/A)(1 + \ln(A/C))]`, J.

    Args:
        amplitude: A, W (or in units of the quiescent power; the result is then in seconds of it).
        time: tau, s.
        cap: C, W, in the unit of the amplitude.

    Raises:
        SpecError: arguments that are not positive.
    """
    a, c = si("amplitude", amplitude, "W", positive=True), si("cap", cap, "W", positive=True)
    tau = si("time", time, "s", positive=True)
    if c >= a:
        return 0.0
    x = (c - a) / a
    # 1 - (1+x)(1 - ln(1+x)) cancels for small x: there the difference starts with x^2/2
    if abs(x) < 1e-3:
        return a * tau * (x**2 / 2 - x**3 / 6 + x**4 / 12 - x**5 / 20)
    return a * tau * (1 - (1 + x) * (1 - math.log1p(x)))


def pulse_storage(shape: FlareShape, amplitude: Any, width: Any, cap: Any) -> float:
    r"""Storage for one flare of any shape, :math:`\int\max(Af - C, 0)\,dt`, J.

    The cumulative of the shape between the two times at which it crosses the cap, less the cap between them.

    Args:
        shape: of the flare.
        amplitude: A, which multiplies the shape, W.
        width: the shape's unit of time, s.
        cap: C, W, in the unit of the amplitude.

    Raises:
        SpecError: arguments that are not positive.
    """
    a, c = si("amplitude", amplitude, "W", positive=True), si("cap", cap, "W", positive=True)
    w = si("width", width, "s", positive=True)
    if c >= a * shape.peak:
        return 0.0
    first, last = crossings(shape, c / a)
    inside = float(shape.cumulative(last) - shape.cumulative(first))
    return w * max(0.0, a * inside - c * (last - first))


def series_storage(times: Any, power: Any, cap: Any) -> float:
    r"""Storage that keeps a measured surge below a cap, J: the largest :math:`\int_s^t(P - C)` over all s < t.

    The power is taken as linear between samples, and the crossings of the cap are inserted, so that the integral is
    exact for the polygon. Surges that follow each other before the store is empty add up.

    Args:
        times: of the samples, s, increasing.
        power: at the samples, W; in units of the quiescent power the result is in seconds of it.
        cap: C, W, in the unit of the power.

    Raises:
        SpecError: shapes that do not fit, or times that do not rise.
    """
    t, p = si_array("times", times, "s"), si_array("power", power, "W")
    c = si("cap", cap, "W", positive=True)
    if t.ndim != 1 or t.shape != p.shape or len(t) < 2 or np.any(np.diff(t) <= 0):
        raise SpecError(f"times and power must be rows of one length, 2 or more, times rising: {t.shape}, {p.shape}.")
    above = p - c
    k = np.flatnonzero(above[:-1] * above[1:] < 0)
    inside = t[k] + (t[k + 1] - t[k]) * above[k] / (above[k] - above[k + 1])
    grid = np.insert(t, k + 1, inside)
    level = np.insert(above, k + 1, 0.0)
    total = np.concatenate(([0.0], np.cumsum(0.5 * (level[1:] + level[:-1]) * np.diff(grid))))
    return float(np.max(total - np.minimum.accumulate(total)))


@dataclass(frozen=True)
class QuantileEstimate:
    """A quantile of a sample with an interval that assumes no distribution.

    Attributes:
        probability: of the quantile.
        value: of the sample.
        low: lower end of the interval; minus infinity where the sample is too small for one.
        high: upper end; infinite where the sample is too small for one.
        level: chance that the interval covers the quantile, at least.
        count: size of the sample.
        status: of the sample's model.
    """

    probability: float
    value: float
    low: float
    high: float
    level: float
    count: int
    status: Status = Status.ENGINEERING

    def __str__(self) -> str:
        """One line."""
        return (
            f"{self.probability:.6g} quantile {self.value:.6e}, {100 * self.level:g} % interval {self.low:.6e} to "
            f"{self.high:.6e} (order statistics of {self.count})"
        )


def quantile_with_interval(values: Any, probability: float, level: float = 0.95) -> QuantileEstimate:
    r"""A quantile with the interval of order statistics.

    The number of values below the true quantile is binomial, so that :math:`[x_{(l)}, x_{(u)}]` covers it with the
    chance :math:`P(l \le B < u)`; l and u are the tightest equal-tailed choice of at least the level. Nothing is
    assumed of the distribution but independence.

    Args:
        values: independent, one row.
        probability: of the quantile, between 0 and 1.
        level: of the interval, between 0 and 1.

    Raises:
        SpecError: probabilities outside 0 to 1.
    """
    from scipy.special import bdtr, bdtrc  # scipy.stats takes long to import

    data = np.sort(checks.row("values", values, 1))
    p, wanted = (checks.number(n, v, positive=True) for n, v in (("probability", probability), ("level", level)))
    if p >= 1 or wanted >= 1:
        raise SpecError(f"probability and level must be below 1, but they are {p:g} and {wanted:g}.")
    n, tail = len(data), (1 - wanted) / 2
    # P(B < l) <= tail and P(B >= u) <= tail; the k-th smallest is data[k - 1]
    lower = bisect_left(range(n), True, key=lambda k: bool(bdtr(k, n, p) >= tail))
    upper = bisect_left(range(n), True, key=lambda k: bool(bdtrc(k, n, p) <= tail)) + 1
    return QuantileEstimate(
        p,
        float(np.quantile(data, p, method="inverted_cdf")),
        float(data[lower - 1]) if lower >= 1 else -math.inf,
        float(data[upper - 1]) if upper <= n else math.inf,
        wanted,
        n,
    )
