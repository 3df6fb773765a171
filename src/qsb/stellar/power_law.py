r"""Power laws: the truncated Pareto law of flare energies, and exponents from data.

The density is :math:`p(x) = C x^{-\alpha}` between two bounds. With :math:`y = \ln(x/x_\mathrm{low})` it is an
exponential law of rate :math:`s = \alpha - 1` cut at :math:`\ell = \ln(x_\mathrm{high}/x_\mathrm{low})`, which is what
everything here is computed from. Derived in docs/devdocs/stellar-flares.md.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from qsb import checks
from qsb.errors import SpecError
from qsb.stellar.si import si
from qsb.stellar.status import Status

__all__ = ["PowerLawFit", "TruncatedPareto", "fit_power_law", "fit_truncated"]


def _filled(x: float) -> float:
    """(e^x - 1)/x, also at zero."""
    return math.expm1(x) / x if x else 1.0


@dataclass(frozen=True)
class TruncatedPareto:
    r"""Energies with density proportional to :math:`E^{-\alpha}` between two bounds.

    Attributes:
        exponent: alpha, any real number.
        low: smallest energy, J.
        high: largest energy, J, above the smallest.
        status: how far the law can be trusted.

    Raises:
        SpecError: bounds that do not rise, or numbers that are not finite.
    """

    exponent: float
    low: float
    high: float
    status: Status = Status.ENGINEERING

    def __post_init__(self) -> None:
        object.__setattr__(self, "exponent", checks.number("the exponent", self.exponent))
        for name in ("low", "high"):
            object.__setattr__(self, name, si(f"{name} of TruncatedPareto", getattr(self, name), "J", positive=True))
        if self.high <= self.low:
            raise SpecError(f"high of TruncatedPareto must be above low = {self.low:g} J, but it is {self.high:g} J.")

    @property
    def span(self) -> float:
        """ln(high/low)."""
        return math.log(self.high / self.low)

    def moment(self, order: int) -> float:
        r"""Mean of :math:`E^k`, J^k: :math:`\int y^k p\,dy` in closed form for every exponent, also k = alpha - 1.

        Raises:
            SpecError: an order that is no whole number of 1 or more.
        """
        k, s, span = checks.whole("order", order, 1), self.exponent - 1, self.span
        return self.low**k * _filled((k - s) * span) / _filled(-s * span)

    @property
    def mean(self) -> float:
        """Mean energy, J."""
        return self.moment(1)

    def survival(self, energy: Any) -> NDArray[np.float64]:
        """Probability of a larger energy, any shape."""
        y = np.log(np.clip(np.asarray(energy, float) / self.low, 1.0, self.high / self.low))
        s = self.exponent - 1
        if s == 0:
            return np.asarray(1 - y / self.span)
        return np.asarray((np.exp(-s * y) - math.exp(-s * self.span)) / -math.expm1(-s * self.span))

    def quantile(self, probability: Any) -> NDArray[np.float64]:
        """Energy in J below which the given share lies, any shape.

        Raises:
            SpecError: shares outside 0 to 1.
        """
        u = checks.numbers("the probability", probability, least=0.0)
        if np.any(u > 1):
            raise SpecError(f"a probability must not be above 1, but it is {u.max():g}.")
        s = self.exponent - 1
        if s == 0:
            return np.asarray(self.low * np.exp(u * self.span))
        return np.asarray(self.low * np.exp(-np.log1p(u * math.expm1(-s * self.span)) / s))

    def sample(self, rng: np.random.Generator, count: int) -> NDArray[np.float64]:
        """Independent energies, J."""
        checks.made_of("rng", rng, np.random.Generator, "a numpy Generator: numpy.random.default_rng(7) makes one")
        return self.quantile(rng.random(checks.whole("count", count)))


@dataclass(frozen=True)
class PowerLawFit:
    r"""An exponent from data.

    Attributes:
        exponent: alpha.
        error: its standard error: :math:`(\alpha-1)/\sqrt{n}` without an upper bound, else from the Fisher information.
        low: value from which on the law holds, in the unit of the data.
        tail: number of values from there on.
        total: number of all values.
        distance: largest distance of the two distribution functions (Kolmogorov and Smirnov) in the tail.
        status: it is computed from measured values.
    """

    exponent: float
    error: float
    low: float
    tail: int
    total: int
    distance: float
    status: Status = Status.MEASURED

    def __str__(self) -> str:
        """One line."""
        tail = f"{self.tail} of {self.total} values"
        return (
            f"alpha = {self.exponent:.6f} +- {self.error:.6f} from {self.low:g} on, {tail}, "
            f"distance {self.distance:.6f} (Kolmogorov and Smirnov)"
        )


def _distance(before: NDArray[np.int64], logs: NDArray[np.float64], s: float) -> float:
    """Largest |model - empirical| of a tail: `before` counts values below each distinct one and, last, all of them."""
    model = -np.expm1(-s * (logs - logs[0]))
    count = before[-1]
    first, last = before[:-1] / count, (before[1:] - 1) / count
    return float(max(np.abs(model - first).max(), np.abs(model - last).max()))


def fit_power_law(values: Any, low: float | None = None) -> PowerLawFit:
    r"""The exponent of a tail by maximum likelihood, :math:`\hat\alpha = 1 + n/\sum\ln(x_i/x_\mathrm{min})`.

    Without `low` every distinct value is tried as the tail's begin and the one with the smallest
    Kolmogorov-Smirnov distance taken (Clauset, Shalizi, Newman, SIAM Review 51, 661 (2009), arXiv:0706.1062). The
    values are taken as continuous.

    Args:
        values: positive, 10 or more.
        low: where the tail begins, if it is known.

    Raises:
        SpecError: values that are not positive, or fewer than 10 of them in the tail.
    """
    data = np.sort(checks.row("values", values, 10))
    if data[0] <= 0:
        raise SpecError(f"a power law needs positive values, but the smallest is {data[0]:g}; leave those out.")
    if low is not None:
        data_low = checks.number("low", low, positive=True)
        kept = data[data >= data_low]
        if len(kept) < 10 or kept[-1] == kept[0]:
            raise SpecError(
                f"only {len(kept)} values are {data_low:g} or more; a fit needs 10 that are not all the same."
            )
        return _fit_tail(kept, data_low, len(data))
    distinct, first = np.unique(data, return_index=True)
    edges, logs = np.append(first, len(data)), np.log(data)
    sums = np.append(np.cumsum(logs[::-1])[::-1], 0.0)
    best = (math.inf, -1)
    for k in range(len(distinct) - 1):
        tail = len(data) - edges[k]
        if tail < 10:
            break
        s = tail / (sums[edges[k]] - tail * logs[edges[k]])
        found = _distance(edges[k:] - edges[k], logs[first[k:]], s)
        best = min(best, (found, k))
    if best[1] < 0:
        raise SpecError("the values are all the same; they have no exponent.")
    return _fit_tail(data[edges[best[1]] :], float(distinct[best[1]]), len(data))


def _fit_tail(tail: NDArray[np.float64], low: float, total: int) -> PowerLawFit:
    """The fit of a sorted tail that begins at a known value."""
    s = len(tail) / math.fsum(np.log(tail / low))
    distinct, first = np.unique(tail, return_index=True)
    logs = np.log(np.append(low, distinct))
    before = np.concatenate(([0], first, [len(tail)]))
    return PowerLawFit(1 + s, s / math.sqrt(len(tail)), low, len(tail), total, _distance(before, logs, s))


def fit_truncated(values: Any, low: float, high: float) -> PowerLawFit:
    r"""The exponent between two known bounds by maximum likelihood.

    With :math:`s = \alpha - 1` and :math:`y = \ln(x/x_\mathrm{low})` it solves

    .. math:: \bar y = \frac1s - \frac{\ell}{e^{s\ell}-1},\qquad
              \sigma_\alpha^{-2} = n\left[\frac1{s^2} - \frac{\ell^2e^{s\ell}}{(e^{s\ell}-1)^2}\right].

    Args:
        values: between the bounds, 10 or more.
        low: lower bound, positive.
        high: upper bound.

    Raises:
        SpecError: bounds that do not rise, values outside, or values that are all at one bound.
    """
    law = TruncatedPareto(1.0, low, high)
    data = np.sort(checks.row("values", values, 10))
    if data[0] < law.low or data[-1] > law.high:
        raise SpecError(f"the values run from {data[0]:g} to {data[-1]:g}, outside {law.low:g} to {law.high:g}.")
    span, mean = law.span, float(np.log(data / law.low).mean())
    if not 0 < mean < span:
        raise SpecError("the values are all at one bound; they fix no exponent.")
    s = _solve(mean / span) / span
    x = s * span
    spread = span**2 * (1 / 12 - x**2 / 240 if abs(x) < 0.03 else 1 / x**2 - _square(x))
    model = TruncatedPareto(1 + s, low, high)
    reached = 1 - model.survival(data)
    steps = np.arange(len(data) + 1) / len(data)
    distance = float(max(np.abs(reached - steps[:-1]).max(), np.abs(reached - steps[1:]).max()))
    return PowerLawFit(1 + s, 1 / math.sqrt(len(data) * spread), law.low, len(data), len(data), distance)


def _square(x: float) -> float:
    """e^x/(e^x - 1)^2, for any size of x."""
    small = math.exp(-abs(x))
    return small / (1 - small) ** 2


def _solve(mean: float) -> float:
    """The x with 1/x - 1/(e^x - 1) = mean, between 0 and 1: bisection of a falling function."""
    low, high = -1.0, 1.0
    while _share(low) < mean:
        low *= 2
    while _share(high) > mean:
        high *= 2
    while high - low > 1e-15 * max(1.0, abs(low), abs(high)):
        middle = 0.5 * (low + high)
        if middle in (low, high):
            break
        low, high = (middle, high) if _share(middle) > mean else (low, middle)
    return 0.5 * (low + high)


def _share(x: float) -> float:
    """1/x - 1/(e^x - 1)."""
    if abs(x) < 0.03:
        return 0.5 - x / 12 + x**3 / 720
    return 1 / x - (1 / math.expm1(x) if x < 700 else 0.0)
