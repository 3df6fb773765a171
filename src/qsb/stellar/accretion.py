r"""Power of matter that falls through a thin disc into a black hole, and how hot the disc is. SI units.

Matter spirals to the innermost stable circular orbit :math:`r` (in :math:`GM/c^2`) and radiates what binds it there,
:math:`\eta = 1 - \sqrt{1 - 2/(3r)}` of its :math:`c^2`. Derived in docs/devdocs/stellar-sources.md.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from qsb.checks import flag, made_of
from qsb.errors import SpecError
from qsb.stellar.blackbody import planck_exitance
from qsb.stellar.channel import Channel, steady
from qsb.stellar.constants import GRAVITATION, PROTON_MASS, STEFAN_BOLTZMANN, THOMSON
from qsb.stellar.kerr import KerrHole
from qsb.stellar.si import si
from qsb.stellar.spectrum import Spectrum
from qsb.stellar.status import Status
from qsb.units import BOLTZMANN, ELEMENTARY_CHARGE, PLANCK, SPEED_OF_LIGHT

__all__ = ["AccretionDisk", "disk_efficiency", "eddington_luminosity", "isco_radius"]

_GROWTH = 0.01  # of the hole's mass up to which it counts as constant; its spin changes by a few hundredths
# Photons that a silicon cell takes: above its gap of 1.12 eV; the upper end, 4 eV, beyond which sunlight is weak, is
# chosen here.
_SILICON = (1.12 * ELEMENTARY_CHARGE, 4.0 * ELEMENTARY_CHARGE)


def isco_radius(spin: float, *, retrograde: bool = False) -> float:
    """Radius of the innermost stable circular orbit in GM/c^2: 6 without spin, 1 to 9 with it.

    Established theory: Bardeen, Press and Teukolsky, Astrophys. J. 178, 347 (1972), doi:10.1086/151796.

    Args:
        spin: a, between 0 and 1.
        retrograde: whether the disc turns against the hole.

    Raises:
        SpecError: a spin outside 0 to 1.
    """
    a = KerrHole(1.0, spin).spin
    against = flag("retrograde", retrograde)
    z1 = 1 + ((1 - a) * (1 + a)) ** (1 / 3) * ((1 + a) ** (1 / 3) + (1 - a) ** (1 / 3))
    z2 = math.sqrt(3 * a * a + z1 * z1)
    shift = math.sqrt(max(0.0, (3 - z1) * (3 + z1 + 2 * z2)))
    return 3 + z2 + (shift if against else -shift)


def disk_efficiency(spin: float, *, retrograde: bool = False) -> float:
    r"""Energy radiated over the :math:`c^2` of what falls in, :math:`1 - \sqrt{1 - 2/(3r)}`: 0.0377 to 0.4226.

    Light that the hole swallows and the push of light on the hole's spin are left out; they keep a below 0.998
    (Thorne, Astrophys. J. 191, 507 (1974), doi:10.1086/152991).

    Raises:
        SpecError: a spin outside 0 to 1.
    """
    return 1 - math.sqrt(1 - 2 / (3 * isco_radius(spin, retrograde=retrograde)))


def eddington_luminosity(mass: Any) -> float:
    r"""Luminosity :math:`4\pi GMm_pc/\sigma_T` in W at which light holds up ionised hydrogen.

    Args:
        mass: kg, positive.

    Raises:
        SpecError: a mass that is not positive.
    """
    kilograms = si("mass", mass, "kg", positive=True)
    return 4 * math.pi * GRAVITATION * kilograms * PROTON_MASS * SPEED_OF_LIGHT / THOMSON


@dataclass(frozen=True)
class AccretionDisk:
    r"""A steady thin disc of Shakura and Sunyaev (Astron. Astrophys. 24, 337 (1973)) around a black hole.

    Power :math:`\eta\dot M c^2`. Temperature with the Newtonian profile

    .. math:: \sigma T^4 = \frac{3GM\dot M}{8\pi r^3}\left(1 - \sqrt{r_\mathrm{in}/r}\right)

    and :math:`r_\mathrm{in}` at the innermost stable orbit: at a = 0 it gives 1/12 of :math:`\dot Mc^2` in all, more
    than :math:`\eta = 0.057`, so temperatures are good to about a tenth. The growth of the hole is left out.

    Args:
        hole: mass and spin.
        rate: kg/s that falls in.
        fuel: kg that there is.
        retrograde: whether the disc turns against the hole.
        super_eddington: whether a power above Eddington's is accepted, where a thin disc is no model.

    Raises:
        SpecError: numbers that are not positive, fuel above 1 % of the hole, a power above Eddington's.
    """

    hole: KerrHole
    rate: float
    fuel: float
    retrograde: bool = False
    super_eddington: bool = False

    def __post_init__(self) -> None:
        made_of("hole", self.hole, KerrHole, "a KerrHole")
        object.__setattr__(self, "rate", si("rate", self.rate, "kg / s", positive=True))
        object.__setattr__(self, "fuel", si("fuel", self.fuel, "kg", positive=True))
        if self.fuel > _GROWTH * self.hole.mass:
            raise SpecError(
                f"fuel is {self.fuel:.6g} kg, more than {100 * _GROWTH:g} % of the hole of {self.hole.mass:.6g} kg, "
                "whose mass and spin are kept constant; give less, then take the new hole."
            )
        if self.eddington_ratio > 1 and not flag("super_eddington", self.super_eddington):
            raise SpecError(
                f"the power is {self.eddington_ratio:.6g} times Eddington's, and light would blow matter away; lower "
                "the rate, or give super_eddington=True and trust nothing but the order of magnitude."
            )

    @classmethod
    def at_eddington(cls, hole: KerrHole, ratio: float, fuel: Any, *, retrograde: bool = False) -> AccretionDisk:
        """The disc whose power is a given share of Eddington's, at most 1.

        Raises:
            SpecError: a share that is not positive, or above 1.
        """
        share = si("ratio", ratio, "", positive=True)
        drawn = disk_efficiency(hole.spin, retrograde=retrograde) * SPEED_OF_LIGHT**2
        return cls(hole, share * eddington_luminosity(hole.mass) / drawn, fuel, retrograde)

    @property
    def status(self) -> Status:
        """Established theory; an engineering estimate above Eddington's power."""
        return Status.ESTABLISHED if self.eddington_ratio <= 1 else Status.ENGINEERING

    @property
    def efficiency(self) -> float:
        """Energy radiated over the c^2 of what falls in."""
        return disk_efficiency(self.hole.spin, retrograde=self.retrograde)

    @property
    def eddington_ratio(self) -> float:
        """Power over Eddington's; rounding aside at most 1 without the flag."""
        ratio = self.efficiency * self.rate * SPEED_OF_LIGHT**2 / eddington_luminosity(self.hole.mass)
        return 1.0 if abs(ratio - 1) < 1e-12 else ratio

    @property
    def inner_radius(self) -> float:
        """Innermost stable orbit, m."""
        return isco_radius(self.hole.spin, retrograde=self.retrograde) * self.hole.gravitational_radius

    @property
    def nearest(self) -> float:
        """The innermost stable orbit, m."""
        return self.inner_radius

    @property
    def reservoir(self) -> float:
        """What the fuel radiates in all, J."""
        return self.efficiency * self.fuel * SPEED_OF_LIGHT**2

    @property
    def lifetime(self) -> float:
        """Time until the fuel is gone, s."""
        return self.fuel / self.rate

    def power(self, t: Any) -> float:
        """Radiated power in W: constant while there is fuel, then 0.

        Raises:
            SpecError: a negative time.
        """
        return steady(self.efficiency * self.rate * SPEED_OF_LIGHT**2, self.lifetime, t)

    def heat(self, t: Any) -> float:
        """Heat beside the power, W: none, what is not radiated falls into the hole with the matter."""
        return steady(0.0, self.lifetime, t)

    def light(self, distance: Any) -> Spectrum:
        r"""Its light at a distance in m, as if it shone evenly into all directions.

        .. math:: I_\lambda = \frac{P}{4\pi d^2}\int_0^1 6v(1-v)\,\frac{\pi B_\lambda(T(v))}{\sigma T^4}\,dv ,

        tabulated from the Wien tail of the hottest ring to 10^5 times its peak wavelength.

        Raises:
            SpecError: a place inside the inner edge.
        """
        d = si("distance", distance, "m", positive=True)
        if d < self.nearest:
            raise SpecError(f"distance is {d:.6g} m, inside the innermost stable orbit at {self.inner_radius:.6g} m.")
        wavelength = PLANCK * SPEED_OF_LIGHT / (BOLTZMANN * self.peak_temperature) * np.geomspace(1 / 60, 2e4, 2001)
        nodes, weights = np.polynomial.legendre.leggauss(400)
        v = (nodes + 1) / 2
        kelvin = self._scale * v**1.5 * (1 - v) ** 0.25
        ring = np.array([planck_exitance(wavelength, each) / (STEFAN_BOLTZMANN * each**4) for each in kelvin])
        values = self.power(0.0) / (4 * math.pi * d * d) * (weights / 2 * 6 * v * (1 - v)) @ ring
        return Spectrum(wavelength, values, "disc", "Shakura and Sunyaev (1973), rings as blackbodies", self.status, d)

    def temperature(self, radius: Any) -> float:
        """Temperature in K of the face of the disc at a radius in m; 0 at the inner edge.

        Raises:
            SpecError: a radius inside the inner edge, where nothing orbits.
        """
        r = si("radius", radius, "m", positive=True)
        if r < self.inner_radius:
            raise SpecError(f"radius is {r:.6g} m, inside the innermost stable orbit at {self.inner_radius:.6g} m.")
        x = r / self.inner_radius
        return self._scale * float(x**-0.75 * (1 - x**-0.5) ** 0.25)

    @property
    def peak_temperature(self) -> float:
        """Highest temperature, K, at 49/36 of the inner radius: (6/7)^1.5 (1/7)^0.25 = 0.4879 of the scale."""
        return self._scale * float((6 / 7) ** 1.5 * (1 / 7) ** 0.25)

    @property
    def _scale(self) -> float:
        """(3 G M rate / (8 pi sigma r_in^3))^(1/4), K."""
        flux = 3 * GRAVITATION * self.hole.mass * self.rate / (8 * math.pi * self.inner_radius**3)
        return float((flux / STEFAN_BOLTZMANN) ** 0.25)

    def band_share(self, low: Any, high: Any) -> float:
        r"""Share of the disc's light in photons between two energies, each ring a blackbody, the disc without end.

        With :math:`v = \sqrt{r_\mathrm{in}/r}` a ring has the share :math:`6v(1 - v)\,dv` of the power.

        Args:
            low: smallest photon energy, J.
            high: largest photon energy, J, above `low`.

        Raises:
            SpecError: energies that are not positive and ordered.
        """
        least, most = si("low", low, "J", positive=True), si("high", high, "J", positive=True)
        if least >= most:
            raise SpecError(f"low is {least:.6g} J and high {most:.6g} J; low must be the smaller.")
        nodes, weights = np.polynomial.legendre.leggauss(400)
        v = (nodes + 1) / 2
        thermal = BOLTZMANN * self._scale * v**1.5 * (1 - v) ** 0.25
        inside = _share_below(most / thermal) - _share_below(least / thermal)
        return float(np.sum(weights / 2 * 6 * v * (1 - v) * inside))

    @property
    def photovoltaic_share(self) -> float:
        """Share of the light that a silicon cell could take, photons of 1.12 to 4 eV: a ceiling of its absorptance."""
        return self.band_share(*_SILICON)

    @property
    def channels(self) -> tuple[Channel, ...]:
        """One channel: the disc's thermal light, most of it far from what solar cells take."""
        kelvin = self.peak_temperature
        volts = 2.8214 * BOLTZMANN * kelvin / ELEMENTARY_CHARGE
        return (
            Channel(
                "disc light",
                1.0,
                1.0,
                1.0,
                f"sum of blackbodies up to {kelvin:.3g} K, photons near {volts:.3g} eV",
                f"an absorber that is run as a heat engine; silicon could take {self.photovoltaic_share:.2g} of it",
                self.status,
                "Shakura and Sunyaev, Astron. Astrophys. 24, 337 (1973)",
            ),
        )


def _share_below(x: NDArray[np.float64]) -> NDArray[np.float64]:
    r"""Share of a blackbody's power in photons below :math:`x k_B T`; good to 1e-9."""
    small = np.minimum(x, 1.0)
    near = small**3 / 3 - small**4 / 8 + small**5 / 60 - small**7 / 5040 + small**9 / 272160 - small**11 / 13305600
    large = np.clip(x, 1.0, 700.0)
    n = np.arange(1, 31)[:, None]
    far = np.exp(-n * large) * (large**3 / n + 3 * large**2 / n**2 + 6 * large / n**3 + 6 / n**4)
    share: NDArray[np.float64] = np.where(x < 1, 15 / math.pi**4 * near, 1 - 15 / math.pi**4 * far.sum(axis=0))
    return share
