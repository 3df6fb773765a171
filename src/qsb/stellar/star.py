r"""A star as a source: its light at any distance, its power, and how long its hydrogen lasts. SI units."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

from qsb import checks
from qsb.errors import SpecError
from qsb.stellar.blackbody import BlackbodyStar
from qsb.stellar.channel import Channel, steady
from qsb.stellar.constants import IAU2015, NOMINAL_SOLAR_RADIUS, SOLAR_MASS
from qsb.stellar.fuel import reaction
from qsb.stellar.light import Light, is_light
from qsb.stellar.si import si
from qsb.stellar.spectrum import Spectrum, astm_e490, astm_g173
from qsb.stellar.status import Status

__all__ = ["SOLAR_SPECTRA", "Star"]

SOLAR_SPECTRA = ("ASTM-E490", "ASTM-G173", "blackbody")
"""Spectra of `Star.sun`; that of G173 is the one above the atmosphere, 280 to 4000 nm only."""

# Part of a star's mass that is hydrogen and burns before it leaves the main sequence: an estimate by round numbers, a
# tenth of the mass with 70 % of hydrogen in it (from memory, not checked); it gives the Sun 8e9 years.
_BURNS = 0.07


@dataclass(frozen=True)
class Star:
    r"""A star that shines steadily into all directions.

    Attributes:
        shine: its light at some distance: a table that says its distance, or a `BlackbodyStar`.
        radius: m; with the distance it says how far the light can be concentrated.
        name: for reports.
        mass: kg; left out, the star shines for ever.
        source: where its numbers come from.
    """

    shine: Light
    radius: Any
    name: str = "star"
    mass: Any = None
    source: str = "given by the user"

    def __post_init__(self) -> None:
        """Turn the numbers into SI and refuse light that does not say where it holds."""
        is_light(self.shine)
        if self.shine.distance is None:
            raise SpecError(f"{self.shine.name} holds at no stated distance from the star; give its distance.")
        object.__setattr__(self, "radius", si("the radius", self.radius, "m", positive=True))
        if self.mass is not None:
            object.__setattr__(self, "mass", si("the mass", self.mass, "kg", positive=True))

    @classmethod
    def sun(cls, spectrum: str = "ASTM-E490") -> Star:
        """The Sun.

        Args:
            spectrum: one of `SOLAR_SPECTRA`.

        Raises:
            SpecError: another spectrum.
        """
        name = checks.one_of("spectrum", spectrum, SOLAR_SPECTRA)
        shine: Light = BlackbodyStar.sun()
        if name != "blackbody":
            shine = astm_e490() if name == "ASTM-E490" else astm_g173("extraterrestrial")
        origin = shine.source if isinstance(shine, Spectrum) else IAU2015
        return cls(shine, NOMINAL_SOLAR_RADIUS, f"Sun, {name}", SOLAR_MASS, origin)

    @classmethod
    def blackbody(cls, temperature: Any, radius: Any, *, mass: Any = None, name: str = "blackbody star") -> Star:
        """A spherical blackbody.

        Args:
            temperature: K.
            radius: m.
            mass: kg.
            name: for reports.

        Raises:
            SpecError: numbers that are not positive.
        """
        r = si("the radius", radius, "m", positive=True)
        return cls(BlackbodyStar(temperature, r, r, name), r, name, mass)

    @property
    def status(self) -> Status:
        """That of its light."""
        return self.shine.status

    def light(self, distance: Any) -> Light:
        """Its light at a distance in m.

        Raises:
            SpecError: a place inside the star.
        """
        d = si("the distance", distance, "m", positive=True)
        if d < self.radius:
            raise SpecError(f"the distance {d:g} m lies inside the star of radius {self.radius:g} m.")
        return self.shine.at(d)

    def dilution(self, distance: Any) -> float:
        r""":math:`(R/d)^2`, the inverse of the largest concentration."""
        return float((self.radius / si("the distance", distance, "m", positive=True)) ** 2)

    @property
    def luminosity(self) -> float:
        r""":math:`4\pi d^2` times the irradiance, W; of a table what the table holds."""
        distance = self.shine.distance
        return 4 * math.pi * float(distance or 0.0) ** 2 * self.shine.total

    @property
    def reservoir(self) -> float:
        """What the fusion of its hydrogen will give as light, J, or infinite for a star without a mass.

        An engineering estimate: 7 % of the mass is hydrogen that burns; evolution is left out.
        """
        if self.mass is None:
            return math.inf
        burning = reaction("4H")
        return float(_BURNS * self.mass * burning.specific_energy * burning.recoverable)

    @property
    def lifetime(self) -> float:
        """Reservoir over luminosity, s."""
        return self.reservoir / self.luminosity

    @property
    def nearest(self) -> float:
        """Its surface, m."""
        return float(self.radius)

    @property
    def channels(self) -> tuple[Channel, ...]:
        """One channel: starlight."""
        return (
            Channel(
                "starlight",
                1.0,
                1.0,
                1.0,
                f"{self.shine.name}, in all directions",
                "an absorber with a heat engine, or a cell",
                self.status,
                self.source,
            ),
        )

    def power(self, t: Any) -> float:
        """Luminosity in W while there is hydrogen, then 0.

        Raises:
            SpecError: a negative time.
        """
        return steady(self.luminosity, self.lifetime, t)

    def heat(self, t: Any) -> float:
        """Heat beside the power, W: none, all of it leaves as light (or as neutrinos, which are not counted)."""
        return steady(0.0, self.lifetime, t)
