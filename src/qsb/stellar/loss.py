r"""What a store loses by itself: a baseline, thermal activation, and avalanches when it is too full.

The rate of energy loss per stored joule is

.. math:: \gamma(E) = \gamma_0 + \nu_0 e^{-\Delta/k_BT} + \gamma_\mathrm{mb}(E),

with one of five avalanche laws :math:`\gamma_\mathrm{mb}`:

========== ============================================================================================
law        rate
========== ============================================================================================
Step       :math:`\gamma_a\Theta(E - E_c)`; held at :math:`E_c` it acts for part of the time (a sliding regime)
Logistic   :math:`\gamma_a/(1 + e^{-(E - E_c)/w})`
Pair       :math:`kE`, loss by meetings of two excitations
Latching   :math:`\gamma_a` from when :math:`E_c` is reached until :math:`rE_c`: hysteresis
Stochastic jumps with a rate above :math:`E_c` and sizes distributed as :math:`s^{-3/2}`
========== ============================================================================================

All five take work and passive energy in the same proportion; baseline and thermal activation of passive energy may be
those of another `Loss`, see `qsb.stellar.store`.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, fields
from functools import cached_property

from qsb import checks
from qsb.errors import SpecError
from qsb.stellar.si import si
from qsb.stellar.status import Status
from qsb.units import BOLTZMANN

__all__ = [
    "Avalanche",
    "Latching",
    "Logistic",
    "Loss",
    "Pair",
    "Smooth",
    "Step",
    "Stochastic",
    "retention_gap",
    "thermal_rate",
]


_UNITS = {
    "threshold": "J", "rate": "1 / s", "width": "J", "coefficient": "1 / (J s)", "release": "", "smallest": "J",
    "largest": "J",
}  # fmt: skip


def _convert(law: object, units: dict[str, str], positive: bool = True) -> None:
    """Put fields of a frozen record into SI units, refusing what is no such number."""
    for field, unit in units.items():
        name = f"{field} of {type(law).__name__}"
        value = si(name, getattr(law, field), unit, positive=positive, least=None if positive else 0.0)
        object.__setattr__(law, field, value)


@dataclass(frozen=True)
class _Law:
    """What every avalanche law does first: its numbers are put into SI units."""

    def __post_init__(self) -> None:
        _convert(self, {field.name: _UNITS[field.name] for field in fields(self) if field.name != "status"})


@dataclass(frozen=True)
class _Threshold(_Law):
    """Laws that act above an energy, at a rate."""

    threshold: float
    rate: float


@dataclass(frozen=True)
class Step(_Threshold):
    r"""Avalanches without memory, :math:`\gamma_a\Theta(E - E_c)`.

    Where :math:`\gamma E_c < P < (\gamma + \gamma_a)E_c` the energy is held at :math:`E_c` (Filippov's solution)
    and the avalanche is open for the share :math:`(P - \gamma E_c)/(\gamma_aE_c)` of the time.

    Attributes:
        threshold: :math:`E_c`, J.
        rate: :math:`\gamma_a`, 1/s.
        status: how far the law can be trusted.
    """

    status: Status = Status.SPECULATIVE


@dataclass(frozen=True)
class Logistic(_Threshold):
    r"""The step rounded over a width, :math:`\gamma_a/(1 + e^{-(E - E_c)/w})`.

    Attributes:
        threshold: :math:`E_c`, J.
        rate: :math:`\gamma_a`, 1/s.
        width: :math:`w`, J.
        status: how far the law can be trusted.
    """

    width: float
    status: Status = Status.SPECULATIVE

    def at(self, energy: float) -> tuple[float, float]:
        """Rate in 1/s at an energy in J, and its derivative in 1/(J s)."""
        x = (energy - self.threshold) / self.width
        small = math.exp(-abs(x))  # never overflows
        share = (1.0 if x >= 0 else small) / (1.0 + small)
        return self.rate * share, self.rate * small / (1.0 + small) ** 2 / self.width


@dataclass(frozen=True)
class Pair(_Law):
    r"""Loss by meetings of two excitations, :math:`\gamma = kE`, so that the power lost is :math:`kE^2`.

    Attributes:
        coefficient: :math:`k`, 1/(J s).
        status: how far the law can be trusted.
    """

    coefficient: float
    status: Status = Status.ENGINEERING

    def at(self, energy: float) -> tuple[float, float]:
        """Rate in 1/s at an energy in J, and its derivative in 1/(J s)."""
        return self.coefficient * energy, self.coefficient


@dataclass(frozen=True)
class Latching(_Threshold):
    r"""Avalanches with memory: :math:`\gamma_a` from when :math:`E_c` is reached until :math:`rE_c`.

    Attributes:
        threshold: :math:`E_c`, J.
        rate: :math:`\gamma_a`, 1/s.
        release: :math:`r`, between 0 and 1, both left out.
        status: how far the law can be trusted.
    """

    release: float
    status: Status = Status.SPECULATIVE

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.release >= 1:
            raise SpecError(f"release of Latching must be below 1, but it is {self.release:g}.")


@dataclass(frozen=True)
class Stochastic(_Threshold):
    r"""Random avalanches: above :math:`E_c` they come as a Poisson process, with sizes :math:`p(s)\propto s^{-3/2}`.

    The exponent 3/2 is that of mean-field avalanches: a critical branching process with Poisson offspring has the
    total size s with probability :math:`e^{-s}s^{s-1}/s!` (Borel), by Stirling :math:`s^{-3/2}/\sqrt{2\pi}` for
    large s. An avalanche takes no more than is stored.

    Attributes:
        threshold: :math:`E_c`, J.
        rate: avalanches per second while the energy is above the threshold, 1/s.
        smallest: smallest avalanche, J.
        largest: largest avalanche, J, above the smallest.
        status: how far the law can be trusted.
    """

    smallest: float
    largest: float
    status: Status = Status.SPECULATIVE

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.largest <= self.smallest:
            raise SpecError(
                f"largest of Stochastic must be above smallest = {self.smallest:g} J, but it is {self.largest:g} J."
            )

    @property
    def mean_size(self) -> float:
        r"""Mean avalanche in J, :math:`\sqrt{s_\min s_\max}`."""
        return math.sqrt(self.smallest) * math.sqrt(self.largest)

    def size(self, uniform: float) -> float:
        """Avalanche in J at which the distribution function has the value `uniform`, between 0 and 1."""
        low, high = self.smallest**-0.5, self.largest**-0.5
        return float((low - uniform * (low - high)) ** -2)


Smooth = Logistic | Pair
Avalanche = Step | Logistic | Pair | Latching | Stochastic


@dataclass(frozen=True)
class Loss:
    r"""The whole loss law, :math:`\gamma_0 + \nu_0e^{-\Delta/k_BT} + \gamma_\mathrm{mb}(E)`.

    Attributes:
        baseline: :math:`\gamma_0`, 1/s.
        attempt: :math:`\nu_0`, 1/s; 0 leaves thermal activation out.
        gap: :math:`\Delta`, J.
        temperature: K; 0 freezes thermal activation out.
        avalanche: one of the laws of this module, or None.
        status: how far the numbers can be trusted.
    """

    baseline: float = 0.0
    attempt: float = 0.0
    gap: float = 0.0
    temperature: float = 300.0
    avalanche: Avalanche | None = None
    status: Status = Status.ENGINEERING

    def __post_init__(self) -> None:
        units = {"baseline": "1 / s", "attempt": "1 / s", "gap": "J", "temperature": "K"}
        _convert(self, units, positive=False)
        if self.avalanche is not None:
            laws = (Step, Logistic, Pair, Latching, Stochastic)
            advice = "a law: Step, Logistic, Pair, Latching, Stochastic, or None"
            checks.made_of("avalanche of Loss", self.avalanche, laws, advice)

    @cached_property
    def thermal(self) -> float:
        """Rate of thermal activation, 1/s."""
        return thermal_rate(self.attempt, self.gap, self.temperature)

    @cached_property
    def held(self) -> float:
        """Rate without avalanches, 1/s."""
        return self.baseline + self.thermal


def thermal_rate(attempt: float, gap: float, temperature: float) -> float:
    r"""Rate of thermally activated escape, :math:`\nu_0e^{-\Delta/k_BT}` (Arrhenius), 1/s.

    Args:
        attempt: :math:`\nu_0`, 1/s.
        gap: :math:`\Delta`, J.
        temperature: K; at 0 nothing escapes over a positive gap.

    Raises:
        SpecError: a negative argument, or one that is not finite.
    """
    attempt = si("attempt", attempt, "1 / s", least=0.0)
    gap = si("gap", gap, "J", least=0.0)
    temperature = si("temperature", temperature, "K", least=0.0)
    if gap == 0.0:
        return attempt
    energy = BOLTZMANN * temperature
    return attempt * math.exp(-gap / energy) if energy > 0.0 and gap / energy < 745.0 else 0.0


def retention_gap(time: float, attempt: float, temperature: float) -> float:
    r"""Gap that keeps energy for a time, :math:`\Delta = k_BT\ln(\nu_0t)`, J: there the escape rate is :math:`1/t`.

    Args:
        time: :math:`t`, s.
        attempt: :math:`\nu_0`, 1/s.
        temperature: K.

    Returns:
        The gap; 0 where the time is shorter than one attempt.

    Raises:
        SpecError: an argument that is not positive and finite.
    """
    time = si("time", time, "s", positive=True)
    attempt = si("attempt", attempt, "1 / s", positive=True)
    temperature = si("temperature", temperature, "K", positive=True)
    return max(0.0, BOLTZMANN * temperature * math.log(attempt * time))
