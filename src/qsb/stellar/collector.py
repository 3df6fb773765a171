r"""What a surface takes up from a star: power, photons, and the most work that it could become. SI units.

.. math:: P_\mathrm{abs} = A\int a(\lambda)\,I_\lambda\,d\lambda, \qquad
          \dot N = A\int a(\lambda)\,\frac{\lambda I_\lambda}{hc}\,d\lambda .
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Protocol, runtime_checkable

import numpy as np
from numpy.typing import NDArray

from qsb import checks
from qsb.stellar.bands import Bands
from qsb.stellar.ceilings import Ceiling, any_device, ceilings, enforce
from qsb.stellar.light import Light
from qsb.stellar.si import si
from qsb.stellar.status import Status

__all__ = ["Absorber", "Collector", "Shining", "Uptake"]


@runtime_checkable
class Absorber(Protocol):
    """What every absorber answers; `qsb.stellar.absorber` and `qsb.stellar.bands` have some."""

    @property
    def status(self) -> Status:
        """How far its numbers can be trusted."""

    def absorptance(self, wavelength: Any) -> NDArray[np.float64]:
        """Share of the light that is absorbed at wavelengths in m, 0 to 1."""

    def absorbed(self, light: Light) -> tuple[float, float]:
        """Absorbed power in W/m^2, and photons in 1/m^2/s."""


@runtime_checkable
class Shining(Protocol):
    """Whatever sends light: a `Star`, an `AccretionDisk`."""

    def light(self, distance: Any) -> Light:
        """Its light at a distance in m."""


@dataclass(frozen=True)
class Uptake:
    """What a collector takes up; made by `Collector.uptake`.

    Attributes:
        incident: light that meets the collector, W.
        power: absorbed, W.
        fraction: absorbed over incident; the absorptance for this light.
        photons: absorbed, 1/s.
        emitted: what the absorber sends back at its own temperature, W; 0 where it has none.
        exergy_factor: most work over the *incident* light, for any device; 1 where its solid angle is unknown.
        status: the looser one of light and absorber.
    """

    incident: float
    power: float
    fraction: float
    photons: float
    emitted: float
    exergy_factor: float
    status: Status

    @property
    def net(self) -> float:
        """Absorbed less emitted, W."""
        return self.power - self.emitted

    @property
    def largest_work(self) -> float:
        """Ceiling of the work, W: incident times the exergy factor, and no more than is absorbed."""
        return min(self.incident * self.exergy_factor, self.power)

    def __str__(self) -> str:
        """One line."""
        return (
            f"{self.power:.6g} W of {self.incident:.6g} W absorbed ({self.fraction:.4f}), "
            f"{self.photons:.4g} photons/s, "
            f"{self.emitted:.4g} W sent back; at most {self.largest_work:.6g} W of work [{self.status}]"
        )


@dataclass(frozen=True)
class Collector:
    """A flat surface that faces its star.

    Attributes:
        area: m^2.
        distance: from the star, m.
        absorber: what takes the light; all of it if left out.
        sink: temperature of the surroundings, K.
    """

    area: Any
    distance: Any
    absorber: Absorber = Bands()  # noqa: RUF009  # a frozen value, shared by design
    sink: Any = 300.0

    def __post_init__(self) -> None:
        """Turn the numbers into SI and refuse what does not absorb."""
        for name, unit in (("area", "m2"), ("distance", "m"), ("sink", "K")):
            object.__setattr__(self, name, si(f"the {name}", getattr(self, name), unit, positive=True))
        checks.made_of("absorber", self.absorber, Absorber, "an absorber, e.g. a TableAbsorber")

    def _light(self, star: Shining) -> Light:
        """The light that arrives."""
        checks.made_of("star", star, Shining, "what has light(distance), e.g. a Star")
        return star.light(self.distance)

    def uptake(self, star: Shining) -> Uptake:
        """All that can be said about what is taken up.

        Args:
            star: whose light: a `Star`, an `AccretionDisk`.

        Raises:
            SpecError: no star, a place inside it, or surroundings as hot as its light.
        """
        light = self._light(star)
        power, photons = self.absorber.absorbed(light)
        emission = getattr(self.absorber, "emission", None)
        order = list(Status)
        return Uptake(
            incident=self.area * light.total,
            power=self.area * power,
            fraction=power / light.total,
            photons=self.area * photons,
            emitted=0.0 if emission is None else self.area * emission(),
            exergy_factor=any_device(light, self.sink).value,
            status=max(light.status, self.absorber.status, key=order.index),
        )

    def power(self, star: Shining) -> float:
        """Absorbed power, W."""
        return float(self.area * self.absorber.absorbed(self._light(star))[0])

    def photon_flux(self, star: Shining) -> float:
        """Absorbed photons, 1/s."""
        return float(self.area * self.absorber.absorbed(self._light(star))[1])

    def ceilings(self, star: Shining, *, ergotropy: float | None = None) -> tuple[Ceiling, ...]:
        """The table of `qsb.stellar.ceilings` for this light and this absorber.

        Args:
            star: whose light.
            ergotropy: claimed work over absorbed energy.
        """
        light = self._light(star)
        taken = self.absorber.absorbed(light)[0] / light.total
        return ceilings(light, self.sink, absorptance=taken, ergotropy=ergotropy)

    def work(self, star: Shining, ergotropy: float, *, converter: str = "any") -> float:
        r"""Work :math:`\eta_\mathrm{erg}P_\mathrm{abs}`, W, or a refusal above the ceiling of the converter.

        Args:
            star: whose light.
            ergotropy: work over absorbed energy.
            converter: whose ceiling holds; see `qsb.stellar.ceilings.enforce`.

        Raises:
            PhysicsBoundError: the light cannot give as much.
        """
        light = self._light(star)
        taken = self.absorber.absorbed(light)[0] / light.total
        enforce(light, self.sink, absorptance=taken, ergotropy=ergotropy, converter=converter)
        return float(self.area * taken * light.total * ergotropy)
