"""In which form the power of a source comes, and what every source of power says about itself. SI units."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, Protocol, runtime_checkable

from qsb.checks import made_of, number
from qsb.errors import SpecError
from qsb.stellar.si import si
from qsb.stellar.status import Status

__all__ = ["Channel", "Source", "isotropic_flux", "steady"]


@dataclass(frozen=True)
class Channel:
    """One form in which a source gives its power; a converter is made for one channel, never for all.

    Attributes:
        name: what it is, e.g. "radio beam".
        share: of the source's power, between 0 and 1; the shares of one source sum to 1.
        low: smallest share that is thought possible.
        high: largest share that is thought possible.
        spectrum: what arrives, in words with units.
        converter: what could take it, in words.
        status: how firm the share is.
        source: where the share comes from.

    Raises:
        SpecError: shares that are not ordered 0 <= low <= share <= high <= 1.
    """

    name: str
    share: float
    low: float
    high: float
    spectrum: str
    converter: str
    status: Status
    source: str

    def __post_init__(self) -> None:
        values = [number(f"the share of the channel {self.name!r}", v) for v in (self.low, self.share, self.high)]
        if not 0 <= values[0] <= values[1] <= values[2] <= 1:
            raise SpecError(
                f"the channel {self.name!r} has the shares {values} (lowest, best, highest); they must rise in 0 to 1."
            )


@runtime_checkable
class Source(Protocol):
    """What every source of power answers, in SI units."""

    @property
    def status(self) -> Status:
        """How far its numbers can be trusted."""

    @property
    def channels(self) -> tuple[Channel, ...]:
        """The forms in which its power comes; their shares sum to 1."""

    @property
    def reservoir(self) -> float:
        """All energy that it can still give, J."""

    @property
    def lifetime(self) -> float:
        """Reservoir over the power at t = 0, s: when it is empty if the power is constant, else a time scale."""

    @property
    def nearest(self) -> float:
        """Distance in m from which on its power can be called a flux; 0 where it has no such limit."""

    def power(self, t: Any) -> float:
        """Power in W that leaves it, in all channels together, at the time t in s after now."""

    def heat(self, t: Any) -> float:
        """Waste heat in W that the source makes beside its power; a converter's own is in `qsb.stellar.waste`."""


def steady(output: float, lifetime: float, t: Any) -> float:
    """Power in W of a source that gives the same until it is empty.

    Args:
        output: W.
        lifetime: s.
        t: s, not negative.

    Raises:
        SpecError: a negative time.
    """
    return output if si("t", t, "s", least=0.0) < lifetime else 0.0


def isotropic_flux(source: Source, t: Any, distance: Any) -> float:
    r"""Power over the whole sphere, :math:`P(t)/4\pi d^2`, in W/m^2; beams are brighter inside and dark outside.

    Args:
        source: whose power.
        t: s, not negative.
        distance: m, not below the source's ``nearest``.

    Raises:
        SpecError: no source, or a distance inside the region where the power has not become a flux.
    """
    made_of("source", source, Source, "a source of power, e.g. a Pulsar")
    d = si("distance", distance, "m", positive=True)
    if d < source.nearest:
        raise SpecError(
            f"distance is {d:.6g} m, inside {source.nearest:.6g} m, within which this source has no flux to speak of; "
            "stay outside."
        )
    return source.power(t) / (4 * math.pi * d * d)
