r"""When the stored energy reaches a level, where work and passive energy leak at two rates.

With :math:`x = g_r - g_Q`, :math:`\delta = a - b` (see `qsb.stellar.exponential`) and the rates of change
:math:`v_W, v_Q` at the start,

.. math:: \dot E(t) = e^{-bt}\left[v_W + v_Q - x\,v_W\frac{1 - e^{-\delta t}}{\delta}\right].

The bracket is monotone in t, so E has at most one extremum, and its time is a closed form. On either side of it E
is monotone: whether a level is reached is seen at the ends, no crossing can be skipped, and a bracket that holds the
first one is halved or better down to rounding.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

from qsb.stellar.exponential import propagate

__all__ = ["ROUNDING", "TIE", "Course", "root", "turning_point"]

TIE = 1e-13
"""Powers that cancel to this share of their sum are taken to cancel: beyond it, rounding decides the sign."""

ROUNDING = 2e-15
"""Share of the energy that W and Q are rounded to, some ten roundings."""


def _beside(start: float, end: float, level: float) -> bool:
    """Whether both lie on the same side of a level, and neither on it."""
    return min(start, end) > level or max(start, end) < level


def root(
    value: Callable[[float], float], low: float, at_low: float, high: float, at_high: float, resolution: float = 0.0
) -> float:
    """Where a function changes its sign between two places: regula falsi (Illinois rule), every fourth time halving.

    Args:
        value: the function.
        low: one place.
        at_low: value there, not 0.
        high: the other place, above `low`.
        at_high: value there, of the other sign or 0.
        resolution: width of the bracket that is narrow enough; 0 for rounding.

    Returns:
        The upper end of the bracket, where the value has the sign that it has at `high`, or is 0.
    """
    below, above, kept, count = at_low, at_high, 0, 0
    while above != 0.0 and high - low > resolution:
        step = 0.5 if count % 4 == 3 else above / (above - below)
        middle = high - step * (high - low)
        if not low < middle < high:
            middle = low + 0.5 * (high - low)
            if not low < middle < high:
                break
        found = value(middle)
        count += 1
        if found == 0.0 or (found > 0.0) == (at_high > 0.0):
            high, above, below = middle, found, below / 2.0 if kept > 0 else below
            kept = 1
        else:
            low, below, above = middle, found, above / 2.0 if kept < 0 else above
            kept = -1
    return high


def turning_point(work: float, passive: float, powers: tuple[float, float], rates: tuple[float, float, float]) -> float:
    """Time of the only extremum of E, s; 0 where it is the start, infinite where there is none ahead.

    Args:
        work: see `Course`, as the rest.
        passive: J.
        powers: W.
        rates: 1/s.
    """
    (to_work, to_passive), (fast, leak, turning) = powers, rates
    delta, excess = fast - leak, fast - leak - turning
    speed, push = to_work - fast * work, to_work + to_passive
    lost, seeped = (fast - turning) * work, leak * passive
    slope = push - lost - seeped
    if abs(slope) <= TIE * (abs(push) + abs(lost) + abs(seeped)):
        return 0.0
    if speed * excess == 0.0:
        return math.inf
    reach = slope / (speed * excess)
    argument = -delta * reach
    if reach <= 0.0 or argument <= -1.0:
        return math.inf
    return reach * (math.log1p(argument) / argument if argument else 1.0)


@dataclass(frozen=True)
class Course:
    """Where the energy goes from a state under constant powers and rates.

    Attributes:
        work: W at the start, J.
        passive: Q at the start, J.
        powers: net power into W, and power into Q, W.
        rates: whole rate a at which W decays, rate b at which Q leaks, rate at which W becomes Q, 1/s.
    """

    work: float
    passive: float
    powers: tuple[float, float]
    rates: tuple[float, float, float]

    def energy(self, time: float) -> float:
        """E after a time in s, J."""
        work, passive, _, _ = propagate(self.work, self.passive, time, self.powers, self.rates)
        return work + passive

    @property
    def turning_point(self) -> float:
        """Time of the only extremum of E, s; see the function `turning_point`."""
        return turning_point(self.work, self.passive, self.powers, self.rates)

    def first(self, level: float, span: float) -> float:
        """Time at which E first reaches a level, s; infinite if not within a span.

        A start that stands on the level has left it when the next extremum comes; only a return counts.
        """

        def beyond(time: float) -> float:
            return self.energy(time) - level

        begin = self.work + self.passive
        turn = min(self.turning_point, span)
        at_turn = self.energy(turn)
        if begin != level and turn > 0.0 and not _beside(begin, at_turn, level):
            return root(beyond, 0.0, begin - level, turn, at_turn - level)
        if turn == span or at_turn == level:
            return math.inf
        end = self.energy(span)
        return math.inf if _beside(at_turn, end, level) else root(beyond, turn, at_turn - level, span, end - level)
