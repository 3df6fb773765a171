r"""What a store does between two changes of regime: the three motions that have closed forms.

`Free` moves under constant rates; `Full` is held at the capacity, so that inflow is refused; `Sliding` is held at the
threshold of a step law, so that the avalanche takes the surplus. Each says where W and Q are after a time, what went
which way meanwhile, and when it ends by itself.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Protocol

from qsb.stellar.crossing import Course
from qsb.stellar.exponential import crossing, phi1, phi2, propagate
from qsb.stellar.riccati import Riccati
from qsb.stellar.square import squared

__all__ = ["Free", "Full", "Leaks", "Motion", "Moved", "Sliding"]


@dataclass(frozen=True)
class Leaks:
    r"""Rates of a store without avalanches, 1/s.

    Attributes:
        work: :math:`g_r`, at which work is lost.
        passive: :math:`g_Q`, at which passive energy is lost.
        dephasing: :math:`\gamma_\varphi`, at which work becomes passive energy.
    """

    work: float
    passive: float
    dephasing: float

    @property
    def excess(self) -> float:
        """How much faster work leaks than passive energy, 1/s."""
        return self.work - self.passive

    def power(self, work: float, passive: float) -> float:
        """Power lost, W."""
        return self.work * (work + passive) if self.excess == 0.0 else self.work * work + self.passive * passive


@dataclass(frozen=True)
class Moved:
    """What a motion did.

    Attributes:
        work: W at its end, J.
        passive: Q at its end, J.
        work_area: integral of W, J s.
        passive_area: integral of Q, J s.
        accepted: inflow that was taken, J.
        avalanche: energy lost to avalanches, J.
        work_avalanche: the share of that which was work, J.
    """

    work: float
    passive: float
    work_area: float
    passive_area: float
    accepted: float
    avalanche: float
    work_avalanche: float


class Motion(Protocol):
    """What the three have in common."""

    def after(self, span: float) -> Moved:
        """Where it is after a time in s."""

    def ends(self) -> float:
        """Time after which its regime ends by itself, s; infinite if never."""

    def empties(self) -> float:
        """Time at which the work is used up, s; infinite if never."""


@dataclass(frozen=True)
class Free:
    """Constant powers and rates.

    Attributes:
        work: W at its start, J.
        passive: Q at its start, J.
        powers: net power into W, and power into Q, W.
        leaks: rates without avalanches.
        avalanche: rate of avalanches, 1/s.
        inflow: W.
    """

    work: float
    passive: float
    powers: tuple[float, float]
    leaks: Leaks
    avalanche: float
    inflow: float

    @property
    def rates(self) -> tuple[float, float, float]:
        """Whole rates of W and Q, and of what becomes passive, 1/s."""
        leaks = self.leaks
        return leaks.work + leaks.dephasing + self.avalanche, leaks.passive + self.avalanche, leaks.dephasing

    def after(self, span: float) -> Moved:
        """Where it is after a time in s."""
        work, passive, area, warm = propagate(self.work, self.passive, span, self.powers, self.rates)
        gone = self.avalanche * (area + warm), self.avalanche * area
        return Moved(work, passive, area, warm, self.inflow * span, *gone)

    def ends(self) -> float:
        """Never by itself: levels of the energy end it, see `reaches`."""
        return math.inf

    def empties(self) -> float:
        """Time at which the work is used up, s; infinite if never."""
        return crossing(self.work, 0.0, self.powers[0], self.rates[0]) if self.work > 0.0 else math.inf

    def reaches(self, level: float, span: float) -> float:
        """Time at which the energy reaches a level, s; infinite if never, or with two rates not within the span."""
        if self.leaks.excess == 0.0:
            return crossing(self.work + self.passive, level, sum(self.powers), self.rates[1])
        # once the work is used up another motion begins, and what this one would do later has more turns
        until = min(span, self.empties())
        return Course(self.work, self.passive, self.powers, self.rates).first(level, until)


@dataclass(frozen=True)
class Full:
    r"""Held at the capacity: the leak and the draw make room for what is taken.

    With the draw d the store takes :math:`A = d + (g_Q + \gamma_a)E + (g_r - g_Q)W`, and with that
    :math:`\dot W = q - \kappa W` where :math:`q = \eta_\mathrm{in}[d + (g_Q + \gamma_a)E] - d` and
    :math:`\kappa = g_r + \gamma_\varphi + \gamma_a - \eta_\mathrm{in}(g_r - g_Q)`.

    Attributes:
        work: W at its start, J.
        energy: the capacity, J.
        share: of the inflow that arrives as work.
        draw: power drawn out of W, W; where the work is held at zero, what the inflow gives.
        leaks: rates without avalanches.
        avalanche: rate of avalanches, 1/s.
        inflow: on offer, W.
        empty: whether the work is held at zero.
    """

    work: float
    energy: float
    share: float
    draw: float
    leaks: Leaks
    avalanche: float
    inflow: float
    empty: bool

    @property
    def _room(self) -> float:
        """What would be taken with no work in the store, W."""
        return self.draw + (self.leaks.passive + self.avalanche) * self.energy

    @property
    def _pull(self) -> tuple[float, float]:
        """q in W and kappa in 1/s."""
        leaks, share = self.leaks, self.share
        decay = (1.0 - share) * leaks.work + share * leaks.passive + leaks.dephasing + self.avalanche
        return 0.0 if self.empty else share * self._room - self.draw, decay

    def after(self, span: float) -> Moved:
        """Where it is after a time in s."""
        push, decay = self._pull
        x = decay * span
        work = min(max(self.work * math.exp(-x) + push * span * phi1(x), 0.0), self.energy)
        area = (self.work * phi1(x) + push * span * phi2(x)) * span
        whole = self.energy * span
        accepted = min(self._room * span + self.leaks.excess * area, self.inflow * span)
        gone = self.avalanche * whole, self.avalanche * area
        return Moved(work, self.energy - work, area, whole - area, accepted, *gone)

    def ends(self) -> float:
        """Time at which all of the inflow is needed to stay full, s; infinite if never."""
        excess = self.leaks.excess
        return crossing(self.work, (self.inflow - self._room) / excess, *self._pull) if excess else math.inf

    def empties(self) -> float:
        """Time at which the work is used up, s; infinite if never."""
        return crossing(self.work, 0.0, *self._pull) if self.work > 0.0 else math.inf


@dataclass(frozen=True)
class Sliding:
    """Held at the threshold of a step law: the avalanche takes the surplus; see `qsb.stellar.riccati`.

    Attributes:
        work: W at its start, J.
        energy: the threshold, J.
        powers: net power into W, and power into Q, W.
        leaks: rates without avalanches.
        fastest: rate of the avalanche that is open all the time, 1/s.
        inflow: W.
    """

    work: float
    energy: float
    powers: tuple[float, float]
    leaks: Leaks
    fastest: float
    inflow: float

    @property
    def _surplus(self) -> float:
        """What the avalanche takes with no work in the store, W."""
        return sum(self.powers) - self.leaks.passive * self.energy

    @property
    def _equation(self) -> Riccati:
        excess = self.leaks.excess
        linear = excess + self.leaks.dephasing + sum(self.powers) / self.energy
        return Riccati(self.work, self.powers[0], linear, excess / self.energy)

    def after(self, span: float) -> Moved:
        """Where it is after a time in s."""
        equation = self._equation
        found, area = equation.after(span)
        work, whole = min(max(found, 0.0), self.energy), self.energy * span
        avalanche = min(max(self._surplus * span - self.leaks.excess * area, 0.0), self.fastest * whole)
        # the avalanche takes the share A(W) of everything, of work the integral of A(W) W
        excess = self.leaks.excess
        worked = self._surplus * area - (excess * squared(equation, span) if excess else 0.0)
        gone = avalanche, min(max(worked / self.energy, 0.0), avalanche)
        return Moved(work, self.energy - work, area, whole - area, self.inflow * span, *gone)

    def ends(self) -> float:
        """Time at which the avalanche is closed, or open all the time, s; infinite if neither happens."""
        excess = self.leaks.excess
        if excess == 0.0:
            return math.inf
        closed, open_ = self._surplus / excess, (self._surplus - self.fastest * self.energy) / excess
        return min(self._equation.reaches(closed), self._equation.reaches(open_))

    def empties(self) -> float:
        """Time at which the work is used up, s; infinite if never."""
        return self._equation.reaches(0.0) if self.work > 0.0 else math.inf
