r"""When something may happen: hazards through given probabilities, and whether those probabilities fit together. SI.

A hazard :math:`h(t)` gives :math:`F(t) = 1 - e^{-H(t)}`, :math:`H = \int_0^t h`. With a competing risk :math:`\mu` that
ends everything first, the unconditional probability is :math:`\int_0^t h\,e^{-H - \mu s}\,ds`. Times are in seconds;
`qsb.stellar.constants.YEAR` converts. Derived in docs/devdocs/stellar-timeline.md.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np

from qsb.checks import number
from qsb.errors import ConvergenceError, SpecError
from qsb.stellar.si import si
from qsb.stellar.status import Status

__all__ = ["PiecewiseHazard", "Weibull"]


def _probability(name: str, value: object) -> float:
    found = number(name, value, positive=True)
    if found >= 1:
        raise SpecError(f"{name} is {found:g}; a probability that fixes a hazard lies between 0 and 1, without both.")
    return found


def _points(times: Any, probabilities: Any, least: int) -> tuple[list[float], list[float]]:
    """Times in s and integrated hazards, as many of both and rising."""
    at = [si("a time", t, "s", positive=True) for t in times]
    hazards = [-math.log1p(-_probability("a probability", p)) for p in probabilities]
    if len(at) != len(hazards) or len(at) < least:
        raise SpecError(
            f"there are {len(at)} times and {len(hazards)} probabilities; give as many of both, {least} at least."
        )
    if any(a >= b for a, b in pairwise(at)) or any(a > b for a, b in pairwise(hazards)):
        raise SpecError("the times must rise, and the probabilities must not fall.")
    return at, hazards


def _power(x: float, exponent: float) -> float:
    """A power that becomes infinite where it leaves the range of floats."""
    with np.errstate(over="ignore", under="ignore"):
        return float(np.float64(x) ** exponent)


@dataclass(frozen=True)
class Weibull:
    r"""The hazard with :math:`H = (t/\theta)^k`: falling for k < 1, constant for k = 1, rising for k > 1.

    Args:
        shape: k.
        scale: theta, s.

    Raises:
        SpecError: numbers that are not positive.
    """

    shape: float
    scale: float
    status: Status = Status.SPECULATIVE

    def __post_init__(self) -> None:
        object.__setattr__(self, "shape", number("shape", self.shape, positive=True))
        object.__setattr__(self, "scale", si("scale", self.scale, "s", positive=True))

    @classmethod
    def through(cls, time: Any, probability: float, later: Any, larger: float) -> Weibull:
        r"""The Weibull law through two points: :math:`k = \ln(H_2/H_1)/\ln(t_2/t_1)`, :math:`\theta = t_1H_1^{-1/k}`.

        Args:
            time: first time, s.
            probability: at the first time.
            later: second time, s.
            larger: probability at the second time.

        Raises:
            SpecError: times or probabilities that do not rise.
        """
        t1, t2 = si("time", time, "s", positive=True), si("later", later, "s", positive=True)
        p1, p2 = _probability("probability", probability), _probability("larger", larger)
        if not (t1 < t2 and p1 < p2):
            raise SpecError(f"the points ({t1:g} s, {p1:g}) and ({t2:g} s, {p2:g}) do not rise; a probability must.")
        h1, h2 = -math.log1p(-p1), -math.log1p(-p2)
        k = math.log(h2 / h1) / math.log(t2 / t1)
        return cls(k, t1 * h1 ** (-1 / k))

    @classmethod
    def fitted(cls, times: Any, probabilities: Any) -> Weibull:
        r"""The law of least squares in :math:`(\ln t, \ln H)`: near all points, in general through none.

        Args:
            times: s, rising, two or more.
            probabilities: at these times.

        Raises:
            SpecError: points that do not rise, or fewer than two.
        """
        at, hazards = _points(times, probabilities, 2)
        k, level = np.polyfit(np.log(at), np.log(hazards), 1)
        return cls(float(k), math.exp(-float(level) / float(k)))

    def rate(self, t: Any) -> float:
        """Hazard at t > 0, 1/s."""
        x = si("t", t, "s", positive=True) / self.scale
        return self.shape / self.scale * _power(x, self.shape - 1)

    def time_of(self, probability: float) -> float:
        """Time in s by which the probability is reached.

        Raises:
            SpecError: a probability that is not between 0 and 1.
        """
        return float(self.scale * (-math.log1p(-_probability("probability", probability))) ** (1 / self.shape))

    def probability(self, t: Any, risk: Any = 0.0) -> float:
        r"""Probability by t seconds: closed form without a risk, quadrature with one.

        By parts it is :math:`F(t)e^{-\mu t} + \mu\int_0^t F e^{-\mu s}ds`, taken with :math:`s = tu^4`.

        Raises:
            SpecError: a negative time or risk.
            ConvergenceError: two rules of quadrature that differ by more than 1e-9.
        """
        time, mu = si("t", t, "s", least=0.0), si("risk", risk, "1 / s", least=0.0)
        alone = -math.expm1(-_power(time / self.scale, self.shape))
        if mu == 0 or time == 0:
            return alone
        coarse, fine = (self._weighted(time, mu, points) for points in (120, 240))
        if abs(fine - coarse) > 1e-9:
            raise ConvergenceError(
                "the difference of two quadratures", abs(fine - coarse), 1e-9, "ask for a time nearer to the scale."
            )
        return float(alone * math.exp(-mu * time) + fine)

    def _weighted(self, time: float, mu: float, points: int) -> float:
        """Integral of mu F e^(-mu s) up to the time, by Gauss and Legendre."""
        nodes, weights = np.polynomial.legendre.leggauss(points)
        u = (nodes + 1) / 2
        s = time * u**4
        with np.errstate(over="ignore", under="ignore"):
            happened = -np.expm1(-((s / self.scale) ** self.shape))
        return float(np.sum(weights / 2 * 4 * time * u**3 * mu * happened * np.exp(-mu * s)))


@dataclass(frozen=True)
class PiecewiseHazard:
    """A hazard that is constant between breaks; the last rate holds for ever. Without breaks it is constant.

    Args:
        breaks: times at which it changes, s, rising.
        rates: 1/s, one more than breaks, not negative.

    Raises:
        SpecError: breaks that do not rise, rates of another number or below zero.
    """

    breaks: tuple[float, ...]
    rates: tuple[float, ...]
    status: Status = Status.SPECULATIVE

    def __post_init__(self) -> None:
        times = tuple(si("a break", t, "s", positive=True) for t in self.breaks)
        rates = tuple(si("a rate", h, "1 / s", least=0.0) for h in self.rates)
        if len(rates) != len(times) + 1:
            raise SpecError(f"there are {len(times)} breaks and {len(rates)} rates; give one rate more than breaks.")
        if any(a >= b for a, b in pairwise(times)):
            raise SpecError(f"the breaks {times} s do not rise.")
        object.__setattr__(self, "breaks", times)
        object.__setattr__(self, "rates", rates)

    @classmethod
    def through(cls, times: Any, probabilities: Any) -> PiecewiseHazard:
        r"""Exactly through any points that rise: :math:`h_i = (H_i - H_{i-1})/(t_i - t_{i-1})`.

        Args:
            times: s, rising; one time alone gives a constant hazard.
            probabilities: at these times.

        Raises:
            SpecError: points that do not rise, or of different numbers.
        """
        at, hazards = _points(times, probabilities, 1)
        rates = np.diff([0.0, *hazards]) / np.diff([0.0, *at])
        return cls(tuple(at[:-1]), tuple(float(h) for h in rates))

    def rate(self, t: Any) -> float:
        """Hazard at t, 1/s; at a break that of the later piece."""
        time = si("t", t, "s", least=0.0)
        return self.rates[sum(time >= b for b in self.breaks)]

    def probability(self, t: Any, risk: Any = 0.0) -> float:
        r"""Probability by t seconds: a sum of :math:`S\,h/(h + \mu)\,(1 - e^{-(h + \mu)\Delta})` over the pieces.

        Raises:
            SpecError: a negative time or risk.
        """
        time, mu = si("t", t, "s", least=0.0), si("risk", risk, "1 / s", least=0.0)
        begins = (0.0, *self.breaks)
        ends = (*self.breaks, math.inf)
        total, survives = 0.0, 1.0
        for begin, end, h in zip(begins, ends, self.rates, strict=True):
            if begin >= time:
                break
            gone = -math.expm1(-(h + mu) * (min(end, time) - begin))
            total += survives * (h / (h + mu) if h > 0 else 0.0) * gone
            survives *= 1 - gone
        return total
