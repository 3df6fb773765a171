r"""Every watt ends somewhere: work, waste heat or empty space; and how warm a closed shell becomes. SI units.

A closed shell around a source of luminosity :math:`L` that keeps nothing radiates all of it from its outer face,
:math:`L = 4\pi r^2 \sigma T^4`.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from qsb.checks import made_of, number
from qsb.errors import SpecError
from qsb.stellar.channel import Source
from qsb.stellar.constants import STEFAN_BOLTZMANN
from qsb.stellar.limits import radiator_area
from qsb.stellar.si import si
from qsb.stellar.status import Status

__all__ = ["Harvest", "harvest", "radiator_area", "shedding_temperature", "shell_radius", "shell_temperature"]


def shell_temperature(luminosity: Any, radius: Any) -> float:
    r"""Temperature :math:`T = (L/4\pi r^2\sigma)^{1/4}` in K of a closed black shell that radiates outward only.

    Args:
        luminosity: W, positive.
        radius: m, positive.

    Raises:
        SpecError: a value that is not positive.
    """
    power, r = si("luminosity", luminosity, "W", positive=True), si("radius", radius, "m", positive=True)
    return float((power / (4 * math.pi * r * r * STEFAN_BOLTZMANN)) ** 0.25)


def shedding_temperature(power: Any, area: Any) -> float:
    r"""Temperature :math:`T = (P/\sigma A)^{1/4}` in K at which an area sheds a power: the inverse of `radiator_area`.

    Args:
        power: W, not negative.
        area: m^2, positive; black, one face, towards a cold sky.

    Raises:
        SpecError: a negative power or an area that is not positive.
    """
    heat, face = si("power", power, "W", least=0.0), si("area", area, "m2", positive=True)
    return float((heat / (face * STEFAN_BOLTZMANN)) ** 0.25)


def shell_radius(luminosity: Any, temperature: Any) -> float:
    r"""Radius :math:`r = \sqrt{L/4\pi\sigma T^4}` in m at which a closed black shell has a temperature in K.

    Raises:
        SpecError: a value that is not positive.
    """
    power = si("luminosity", luminosity, "W", positive=True)
    kelvin = si("temperature", temperature, "K", positive=True)
    return math.sqrt(power / (4 * math.pi * STEFAN_BOLTZMANN)) / kelvin**2


@dataclass(frozen=True)
class Harvest:
    """Where the power of a source goes; ``work + heat + missed`` is ``power``. Made by `harvest`.

    Attributes:
        power: of the source, W.
        work: what the converters deliver, W.
        heat: what the converters must reject, W.
        missed: what passes by, and every channel without a converter, W.
        work_by_channel: W of each channel.
        status: engineering estimate: efficiencies are the caller's.
    """

    power: float
    work: float
    heat: float
    missed: float
    work_by_channel: dict[str, float]
    status: Status = Status.ENGINEERING

    def __str__(self) -> str:
        """One line with the four powers."""
        return (
            f"of {self.power:.4g} W: work {self.work:.4g} W, waste heat {self.heat:.4g} W, "
            f"not taken {self.missed:.4g} W"
        )


def harvest(source: Source, t: Any, efficiencies: Mapping[str, float], *, intercepted: float = 1.0) -> Harvest:
    """What converters make of a source, channel by channel.

    Args:
        source: whose power.
        t: s, not negative.
        efficiencies: work over what arrives, between 0 and 1, by name of the channel; a channel that is not named
            has no converter and passes by.
        intercepted: share of the power that meets the collector, between 0 and 1.

    Raises:
        SpecError: a channel that the source does not have, or a share outside 0 to 1.
    """
    made_of("source", source, Source, "a source of power, e.g. a Pulsar")
    names = [channel.name for channel in source.channels]
    unknown = [name for name in efficiencies if name not in names]
    if unknown:
        raise SpecError(f"this source has no channel {unknown[0]!r}; its channels are {', '.join(names)}.")
    met = _share("intercepted", intercepted)
    power = source.power(t)
    work, taken = {}, 0.0
    for channel in source.channels:
        if channel.name in efficiencies:
            arrived = power * met * channel.share
            work[channel.name] = arrived * _share(f"the efficiency of {channel.name!r}", efficiencies[channel.name])
            taken += arrived
    total = math.fsum(work.values())
    return Harvest(power=power, work=total, heat=taken - total, missed=power - taken, work_by_channel=work)


def _share(name: str, value: object) -> float:
    found = number(name, value, least=0.0)
    if found > 1:
        raise SpecError(f"{name} must be between 0 and 1, but it is {found:g}.")
    return found
