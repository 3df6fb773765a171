r"""Mass, width and energy of a coronal mass ejection, and what of it reaches a collector.

An ejection fills a cone of the full angle w evenly, and keeps it on its way:

.. math::
    \Omega = 2\pi(1 - \cos(w/2)),\qquad E = \tfrac12Mv^2,\qquad
    \frac{\mathrm dM}{\mathrm dA} = \frac{M}{\Omega d^2} .

A collector of the area A inside the cone, straight on, is hit by the share :math:`A/(\Omega d^2)`. When it arrives, and
with which speed, says `qsb.stellar.cme`. Derived, with sources and limits, in docs/devdocs/stellar-flares.md.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

from qsb.errors import SpecError
from qsb.stellar.constants import PROTON_MASS
from qsb.stellar.si import si
from qsb.stellar.status import Status
from qsb.units import SPEED_OF_LIGHT

__all__ = [
    "BOLOMETRIC_OVER_XRAY",
    "OBSERVED",
    "XRAY_MASS",
    "Ejection",
    "Impact",
    "cone_solid_angle",
    "mass_from_xrays",
]

OBSERVED = {
    "mass": (1e10, 5e13, "kg"),
    "speed": (2e4, 3.5e6, "m/s"),
    "energy": (1e20, 1e26, "J"),
}
"""What coronagraphs have seen of the Sun: smallest, largest, unit.

Masses of 1e13 to a few 1e16 g (5e16 g are taken), in the mean 1.4e15 g, and kinetic with potential energies of 1e27 to
1e33 erg, in the mean 2.6e30 erg: Schwenn, Living Rev. Solar Phys. 3, 2 (2006), after Vourlidas et al. (2002) and
Gopalswamy (2004); Chen (2011) has 1e11 to 1e13 kg. Projected speeds of 20 to 3500 km/s, in the mean 300 (minimum) to
500 km/s (maximum): Chen, Living Rev. Solar Phys. 8, 1 (2011). Widths of 20 to 120 degrees have no typical value, and
nearly half of all ejections are narrower: Robbrecht et al., ApJ 691, 1222 (2009), arXiv:0810.1252. Masses should be
measured above some 10 solar radii, where they no longer grow: Vourlidas et al. (2010), arXiv:1008.3737.
"""

XRAY_MASS = "log M[g] = 0.63 log E[erg] - 2.57: Aarnio et al., ApJ 760, 9 (2012), arXiv:1209.6410"
"""How `mass_from_xrays` is cited."""

BOLOMETRIC_OVER_XRAY = 100.0
"""Light of a solar flare over its soft X-rays: two orders of magnitude (Kretzschmar et al. 2010, arXiv:1003.5258)."""


def cone_solid_angle(width: Any) -> float:
    r""":math:`2\pi(1 - \cos(w/2)) = 4\pi\sin^2(w/4)`, sr; all directions for a full turn.

    Args:
        width: full angle w of the cone, rad.

    Raises:
        SpecError: an angle that is not positive, or above a full turn.
    """
    w = si("width", width, "rad", positive=True)
    if w > 2 * math.pi:
        raise SpecError(f"width must be at most 2 pi, all directions, but it is {w:g} rad; 60 degrees are 1.047 rad.")
    return 4 * math.pi * math.sin(w / 4) ** 2


def mass_from_xrays(energy: Any) -> float:
    r"""Mass of the ejection that goes with a flare's X-rays in the mean, kg.

    :math:`\log_{10}M[\mathrm g] = 0.63\log_{10}E[\mathrm{erg}] - 2.57` with E in the band of GOES, 1 to 8 Angstrom,
    from the flares of the Sun (`XRAY_MASS`). Single ejections scatter by an order of magnitude around such a law (from
    memory, not checked), 10 % of the X-class flares have none (Yashiro et al. 2005, in Chen 2011), and of other stars
    the law is carried on. With the peak flux instead of the energy the exponent is 0.70, from 1e-7 to 1e-4 W/m^2
    (Aarnio et al. 2011, arXiv:1011.0424).

    Args:
        energy: of the flare in 1 to 8 Angstrom, into all directions, J.

    Raises:
        SpecError: an energy that is not positive.
    """
    erg = si("energy", energy, "J", positive=True) * 1e7
    return 10 ** (0.63 * math.log10(erg) - 2.57) * 1e-3


@dataclass(frozen=True)
class Impact:
    """What of an ejection reaches a collector that stands straight in its way.

    Attributes:
        share: of the ejection that hits it.
        mass: that hits it, kg.
        momentum: that it gets if all stops, kg m/s.
        energy: kinetic, that hits it, J.
        column: mass per area, kg/m^2.
        impulse: momentum per area, Pa s.
        fluence: kinetic energy per area, J/m^2.
        status: the weakest of the ejection and the cone.
    """

    share: float
    mass: float
    momentum: float
    energy: float
    column: float
    impulse: float
    fluence: float
    status: Status = Status.ENGINEERING

    def depth(self, density: Any) -> float:
        """How deep along its way an ejection of this column is at a number of protons per m^3, m.

        Raises:
            SpecError: a density that is not positive.
        """
        return self.column / (si("density", density, "1 / m3", positive=True) * PROTON_MASS)

    def light_time(self, irradiance: Any) -> float:
        """How long light of an irradiance in W/m^2, all of it absorbed, pushes for the same momentum, s.

        Raises:
            SpecError: an irradiance that is not positive.
        """
        return self.impulse * SPEED_OF_LIGHT / si("irradiance", irradiance, "W / m2", positive=True)


@dataclass(frozen=True)
class Ejection:
    """A coronal mass ejection.

    Attributes:
        mass: kg.
        width: full angle of its cone, rad.
        speed: where it was measured, m/s.
        source: where the numbers come from.
        status: how far they can be trusted.

    Raises:
        SpecError: numbers that are not positive, a width above a full turn, or a speed above a tenth of that of light,
            for which Newton's energy would not do.
    """

    mass: float
    width: float
    speed: float
    source: str = "given"
    status: Status = Status.ENGINEERING

    def __post_init__(self) -> None:
        object.__setattr__(self, "mass", si("mass of Ejection", self.mass, "kg", positive=True))
        object.__setattr__(self, "width", si("width of Ejection", self.width, "rad", positive=True))
        object.__setattr__(self, "speed", _speed(self.speed))
        cone_solid_angle(self.width)

    @classmethod
    def from_xrays(cls, energy: Any, width: Any, speed: Any) -> Ejection:
        """One with the mass that goes with a flare's X-rays in the mean, see `mass_from_xrays`.

        Args:
            energy: of the flare in 1 to 8 Angstrom, into all directions, J.
            width: full angle of the cone, rad.
            speed: m/s.

        Raises:
            SpecError: as `mass_from_xrays` and `Ejection`.
        """
        return cls(mass_from_xrays(energy), width, speed, XRAY_MASS)

    @property
    def solid_angle(self) -> float:
        """Of its cone, sr."""
        return cone_solid_angle(self.width)

    @property
    def sky_share(self) -> float:
        """Share of all directions, which is the chance that one in a random direction meets a place."""
        return self.solid_angle / (4 * math.pi)

    @property
    def kinetic_energy(self) -> float:
        """J, of mass that moves with the speed of the front: an upper estimate, for the rest is slower."""
        return 0.5 * self.mass * self.speed**2

    @property
    def momentum(self) -> float:
        """Of all its parts along their ways, kg m/s."""
        return self.mass * self.speed

    @property
    def notes(self) -> tuple[str, ...]:
        """What of it is outside what was seen of the Sun, see `OBSERVED`."""
        found = []
        own = {"mass": self.mass, "speed": self.speed, "energy": self.kinetic_energy}
        for name, value in own.items():
            low, high, unit = OBSERVED[name]
            if not low <= value <= high:
                found.append(
                    f"its {name} of {value:.4g} {unit} is outside the {low:g} to {high:g} {unit} seen of the Sun"
                )
        return tuple(found)

    def over_flare(self, xrays: Any) -> float:
        """Kinetic energy over all the light of the flare that came with it, taken as 100 times its X-rays.

        Both are fed by one magnetic field, and for the Sun they are of the same size (Chen 2011); of 399 large flares
        the ejections had 7 +- 14 % of the magnetic energy that was set free (Aschwanden et al. 2017,
        arXiv:1701.01176). On active stars ejections have about a hundredth of what the Sun's laws would give (Moschou
        et al. 2019, arXiv:1904.09598).

        Args:
            xrays: energy of the flare in 1 to 8 Angstrom, into all directions, J.

        Raises:
            SpecError: an energy that is not positive.
        """
        return self.kinetic_energy / (BOLOMETRIC_OVER_XRAY * si("xrays", xrays, "J", positive=True))

    def on_target(self, area: Any, distance: Any, speed: Any | None = None) -> Impact:
        """What reaches a collector inside the cone, straight on; one that is larger than the cone's foot gets all.

        Args:
            area: of the collector, m^2.
            distance: from the star, m.
            speed: on arrival, m/s; that of the ejection if it is not given.

        Raises:
            SpecError: numbers that are not positive, or a speed above a tenth of that of light.
        """
        a, d = si("area", area, "m2", positive=True), si("distance", distance, "m", positive=True)
        v = self.speed if speed is None else _speed(speed)
        foot = self.solid_angle * d * d
        share, column = min(1.0, a / foot), self.mass / foot
        hit = share * self.mass
        return Impact(share, hit, hit * v, 0.5 * hit * v * v, column, column * v, 0.5 * column * v * v, self.status)

    def __str__(self) -> str:
        """Its numbers, then what is unusual about them."""
        lines = [
            f"ejection of {self.mass:.4g} kg at {self.speed:.4g} m/s, {self.kinetic_energy:.4g} J, cone of "
            f"{math.degrees(self.width):.4g} degrees, {self.solid_angle:.4g} sr: {100 * self.sky_share:.3g} % of all "
            "directions",
            *self.notes,
            f"source {self.source}; status {self.status}",
        ]
        return "\n".join(lines)


def _speed(value: Any) -> float:
    """A speed that Newton's laws hold for."""
    v = si("speed", value, "m / s", positive=True)
    if v > 0.1 * SPEED_OF_LIGHT:
        raise SpecError(f"speed must be at most a tenth of that of light, 2.998e7 m/s, but it is {v:g} m/s.")
    return v
