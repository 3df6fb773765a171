r"""Whether published probabilities of a future event can come from one hazard; the verdict is computed.

Two points fix a Weibull law, and a third one tests it. In :math:`(\ln t, \ln H)` such a law is a straight line, so
:math:`\ln H(t)` is linear in both :math:`\ln H_i`, and the band of probabilities that intervals allow is spanned by
their corners: it is exact, not sampled. Derived in docs/devdocs/stellar-timeline.md.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from itertools import pairwise, product
from typing import Any

import numpy as np
from numpy.typing import NDArray

from qsb.checks import made_of, number, several
from qsb.errors import SpecError
from qsb.stellar.constants import YEAR
from qsb.stellar.hazard import PiecewiseHazard, Weibull
from qsb.stellar.si import si, si_array
from qsb.stellar.status import Status

__all__ = ["Anchor", "Band", "Timeline", "TimelineVerdict"]


@dataclass(frozen=True)
class Anchor:
    """A probability that somebody gives for a time.

    Args:
        time: s.
        low: smallest probability meant.
        best: what stands for it where one number is needed.
        high: largest probability meant; 1 for "or more".

    Raises:
        SpecError: a time that is not positive, probabilities not ordered 0 < low <= best <= high <= 1, best < 1.
    """

    time: float
    low: float
    best: float
    high: float
    status: Status = Status.SPECULATIVE

    def __post_init__(self) -> None:
        object.__setattr__(self, "time", si("time", self.time, "s", positive=True))
        low, best, high = (number(name, getattr(self, name)) for name in ("low", "best", "high"))
        if not (0 < low <= best <= high <= 1 and best < 1):
            raise SpecError(f"low, best and high are {low:g}, {best:g}, {high:g}; they must rise from above 0 to 1.")


@dataclass(frozen=True)
class Band:
    """Probabilities over time with what the intervals allow.

    Attributes:
        times: s.
        low: smallest probability at each time.
        best: of the law through the best values.
        high: largest probability at each time.
    """

    times: NDArray[np.float64]
    low: NDArray[np.float64]
    best: NDArray[np.float64]
    high: NDArray[np.float64]
    status: Status = Status.SPECULATIVE


@dataclass(frozen=True)
class TimelineVerdict:
    """Whether three probabilities fit together; made by `Timeline.verdict`.

    Attributes:
        word: "consistent" with one Weibull law, "consistent only with a hazard that rises" after the second anchor
            more than such a law does, or "consistent only with a hazard that falls".
        sentence: composed from the numbers.
        third: (low, high) of the third probability that the first two allow.
        reached: (earliest, latest) time in s at which these laws reach the third one's lowest value.
        forced: smallest second probability that the first and third force on one Weibull law.
        constant: second and third probability of the constant hazard through the first.
        rates: piecewise hazards through the best values, 1/s.
        change: hazard after the second anchor over that before it, constant pieces, with the intervals at their
            kindest where no Weibull law fits, else through the best values.
        unconditional: third probability under the competing risk, by the piecewise hazard.
        risk: that risk, 1/s.
    """

    word: str
    sentence: str
    third: tuple[float, float]
    reached: tuple[float, float]
    forced: float
    constant: tuple[float, float]
    rates: tuple[float, ...]
    change: float
    unconditional: float
    risk: float
    status: Status = Status.SPECULATIVE

    def __str__(self) -> str:
        """The sentence."""
        return self.sentence


@dataclass(frozen=True)
class Timeline:
    """Three anchors of one future event.

    Args:
        anchors: three, later ones more probable.
        source: who gave them.

    Raises:
        SpecError: not three anchors, times that do not rise, or intervals of probability that overlap.
    """

    anchors: tuple[Anchor, ...]
    source: str
    status: Status = Status.SPECULATIVE

    def __post_init__(self) -> None:
        anchors = several("anchors", self.anchors, "three objects of the class Anchor")
        if len(anchors) != 3:
            raise SpecError(f"there are {len(anchors)} anchors; two fix a law and the third tests it: give three.")
        for anchor in anchors:
            made_of("an anchor", anchor, Anchor, "an Anchor")
        for earlier, later in pairwise(anchors):
            if not (earlier.time < later.time and earlier.high < later.low):
                raise SpecError(
                    f"an anchor with {earlier.low:g} to {earlier.high:g} at {earlier.time:g} s is followed by one with "
                    f"{later.low:g} to {later.high:g} at {later.time:g} s; times must rise and intervals not overlap."
                )
        object.__setattr__(self, "anchors", anchors)

    @classmethod
    def paper(cls) -> Timeline:
        """What the paper says: "approximately 5% within the next century, 20-30 (half-millennium), and 60%+".

        The last one is "beyond a millennium", and taken at 1000 y.
        """
        return cls(
            (
                Anchor(100 * YEAR, 0.05, 0.05, 0.05),
                Anchor(500 * YEAR, 0.20, 0.25, 0.30),
                Anchor(1000 * YEAR, 0.60, 0.60, 1.0),
            ),
            'Singh, "Quantum Stellar Batteries" (2025), timeline: realisation, conditional on civilisation going on',
        )

    def laws(self) -> tuple[Weibull, ...]:
        """Weibull laws through the corners of the first two anchors."""
        first, second = self.anchors[0], self.anchors[1]
        pairs = product(sorted({first.low, first.high}), sorted({second.low, second.high}))
        return tuple(Weibull.through(first.time, p, second.time, q) for p, q in pairs)

    def band(self, times: Any) -> Band:
        """Probabilities at given times by the Weibull laws through the first two anchors.

        Args:
            times: s, not negative.

        Raises:
            SpecError: a negative time.
        """
        at = np.atleast_1d(si_array("times", times, "s", least=0.0))
        first, second = self.anchors[0], self.anchors[1]
        best = Weibull.through(first.time, first.best, second.time, second.best)
        curves = np.array([[law.probability(float(t)) for t in at] for law in self.laws()])
        middle = np.array([best.probability(float(t)) for t in at])
        return Band(at, curves.min(axis=0), middle, curves.max(axis=0))

    def piecewise(self) -> PiecewiseHazard:
        """The piecewise constant hazard through the best values."""
        return PiecewiseHazard.through([a.time for a in self.anchors], [a.best for a in self.anchors])

    def verdict(self, risk: Any = 0.0) -> TimelineVerdict:
        """Whether the third anchor follows from the first two, and what it would take.

        Args:
            risk: competing risk that ends everything, 1/s.

        Raises:
            SpecError: a negative risk.
        """
        mu = si("risk", risk, "1 / s", least=0.0)
        first, second, third = self.anchors
        laws = self.laws()
        at_third = [law.probability(third.time) for law in laws]
        reached = [law.time_of(third.low) for law in laws]
        constant = PiecewiseHazard.through([first.time], [first.best])
        pieces = self.piecewise()
        kindest, word = (first.best, second.best, third.best), "consistent"
        if max(at_third) < third.low:
            kindest, word = (first.low, second.high, third.low), "consistent only with a hazard that rises"
        elif min(at_third) > third.high:
            kindest, word = (first.high, second.low, third.high), "consistent only with a hazard that falls"
        rates = PiecewiseHazard.through([anchor.time for anchor in self.anchors], kindest).rates
        found = TimelineVerdict(
            word=word,
            sentence="",
            third=(min(at_third), max(at_third)),
            reached=(min(reached), max(reached)),
            forced=Weibull.through(first.time, first.low, third.time, third.low).probability(second.time),
            constant=(constant.probability(second.time), constant.probability(third.time)),
            rates=pieces.rates,
            change=rates[2] / rates[1],
            unconditional=pieces.probability(third.time, mu),
            risk=mu,
        )
        return replace(found, sentence=self._sentence(found))

    def _sentence(self, found: TimelineVerdict) -> str:
        """The verdict in words; every number in it is computed."""
        first, second, third = (anchor.time / YEAR for anchor in self.anchors)
        low, high = (100 * p for p in found.third)
        early, late = (t / YEAR for t in found.reached)
        least = 100 * self.anchors[2].low
        text = (
            f"{found.word}: one Weibull law through the probabilities at {first:.0f} and {second:.0f} y gives "
            f"{low:.0f} to {high:.0f} % at {third:.0f} y, where {least:.0f} % or more is claimed, and "
            f"reaches {least:.0f} % after {early:.0f} to {late:.0f} y. The probabilities at {first:.0f} and "
            f"{third:.0f} y alone force at least "
            f"{100 * found.forced:.0f} % at {second:.0f} y. A hazard that is constant between these times fits if "
            f"it changes to {found.change:.2g} times its value at {second:.0f} y."
        )
        if found.risk > 0:
            text += (
                f" With a competing risk of {found.risk * YEAR:.2g} per year the probability at {third:.0f} y is "
                f"{100 * found.unconditional:.0f} %."
            )
        return text
