r"""Light of a star that is a black sphere: closed forms for its bands, powers and photons.

With :math:`x = hc/\lambda kT` the share of a blackbody's radiant power below a wavelength is

.. math:: F(x) = \frac{15}{\pi^4}\int_x^\infty \frac{t^3\,dt}{e^t-1}
       = \frac{15}{\pi^4}\sum_{n\ge1} e^{-nx}\left(\frac{x^3}{n}+\frac{3x^2}{n^2}+\frac{6x}{n^3}+\frac{6}{n^4}\right).
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from qsb.errors import SpecError
from qsb.stellar.constants import (
    ASTRONOMICAL_UNIT,
    NOMINAL_SOLAR_RADIUS,
    NOMINAL_SOLAR_TEMPERATURE,
    STEFAN_BOLTZMANN,
)
from qsb.stellar.si import si, si_array
from qsb.stellar.status import Status
from qsb.units import BOLTZMANN, PLANCK, SPEED_OF_LIGHT

__all__ = ["BlackbodyStar", "planck_exitance"]

_NODES, _WEIGHTS = np.polynomial.legendre.leggauss(32)
_ORDERS = np.arange(1.0, 41.0)
_TOTAL = {3: math.pi**4 / 15, 2: 2 * 1.2020569031595942}


def tail(power: int, x: float) -> float:
    r"""Integral of :math:`t^p/(e^t-1)` from `x` up, p = 2 (photons) or 3 (power), to rounding.

    The series where it converges fast, else the whole less a Gauss-Legendre rule: the integrand's nearest pole
    is at :math:`2\pi i`.
    """
    if x < 2.0:
        t = 0.5 * x * (_NODES + 1)
        return _TOTAL[power] - float(0.5 * x * (_WEIGHTS @ (t**power / np.expm1(t)))) if x > 0 else _TOTAL[power]
    if x > 700.0:
        return 0.0
    n = _ORDERS
    if power == 3:
        terms = x**3 / n + 3 * x**2 / n**2 + 6 * x / n**3 + 6 / n**4
    else:
        terms = x**2 / n + 2 * x / n**2 + 2 / n**3
    return float(np.exp(-n * x) @ terms)


def planck_exitance(wavelength: Any, temperature: Any) -> NDArray[np.float64]:
    r""":math:`\pi B_\lambda(T) = 2\pi hc^2\lambda^{-5}/(e^{hc/\lambda kT}-1)` in W/m^2/m.

    Args:
        wavelength: m, above zero.
        temperature: K, above zero.

    Raises:
        SpecError: a wavelength or a temperature that is not positive.
    """
    at = si_array("the wavelength", wavelength, "m")
    kelvin = si("the temperature", temperature, "K", positive=True)
    if np.any(at <= 0):
        raise SpecError("the wavelength must be positive everywhere.")
    x = PLANCK * SPEED_OF_LIGHT / (at * BOLTZMANN * kelvin)
    # exp(-x)/(1 - exp(-x)) does not overflow at short wavelengths.
    return np.asarray(2 * math.pi * PLANCK * SPEED_OF_LIGHT**2 / at**5 * (np.exp(-x) / -np.expm1(-x)))


@dataclass(frozen=True)
class BlackbodyStar:
    r"""A spherical blackbody seen from a distance: :math:`I_\lambda = (R/d)^2\,\pi B_\lambda(T)`.

    Attributes:
        temperature: effective temperature, K.
        radius: m.
        distance: from the star's centre, m; not below the radius.
        name: for reports.
        status: the Planck law is established; a real star's spectrum departs from it.
    """

    temperature: Any
    radius: Any = NOMINAL_SOLAR_RADIUS
    distance: Any = ASTRONOMICAL_UNIT
    name: str = "blackbody star"
    status: Status = field(default=Status.ESTABLISHED, init=False)

    def __post_init__(self) -> None:
        """Turn the numbers into SI and refuse a place inside the star."""
        object.__setattr__(self, "temperature", si("the temperature", self.temperature, "K", positive=True))
        object.__setattr__(self, "radius", si("the radius", self.radius, "m", positive=True))
        object.__setattr__(self, "distance", si("the distance", self.distance, "m", positive=True))
        if self.distance < self.radius:
            raise SpecError(f"the distance {self.distance:g} m lies inside the star of radius {self.radius:g} m.")

    @classmethod
    def sun(cls, distance: Any = ASTRONOMICAL_UNIT) -> BlackbodyStar:
        """The Sun with its nominal radius and effective temperature."""
        return cls(NOMINAL_SOLAR_TEMPERATURE, NOMINAL_SOLAR_RADIUS, distance, name="Sun, blackbody")

    @property
    def dilution(self) -> float:
        r""":math:`(R/d)^2`; its inverse is the largest concentration of the light that optics can reach."""
        return float((self.radius / self.distance) ** 2)

    @property
    def luminosity(self) -> float:
        r""":math:`4\pi R^2\sigma T^4`, W."""
        return float(4 * math.pi * self.radius**2 * STEFAN_BOLTZMANN * self.temperature**4)

    def at(self, distance: Any) -> BlackbodyStar:
        """The same star from another distance in m."""
        return BlackbodyStar(self.temperature, self.radius, distance, self.name)

    def irradiance(self, wavelength: Any) -> NDArray[np.float64]:
        """Spectral irradiance, W/m^2/m."""
        return np.asarray(self.dilution * planck_exitance(wavelength, self.temperature))

    def _x(self, wavelength: float) -> float:
        """Photon energy over kT; infinite at wavelength zero."""
        if wavelength == 0:
            return math.inf
        return float(PLANCK * SPEED_OF_LIGHT / (wavelength * BOLTZMANN * self.temperature))

    def fraction(self, low: Any = 0.0, high: Any = None) -> float:
        """Share of the star's power between two wavelengths in m; `high` left out is infinity."""
        x_low, x_high = self._edges(low, high)
        return (tail(3, x_high) - tail(3, x_low)) / _TOTAL[3]

    def band(self, low: Any = 0.0, high: Any = None) -> float:
        """Irradiance between two wavelengths, W/m^2."""
        return float(self.dilution * STEFAN_BOLTZMANN * self.temperature**4 * self.fraction(low, high))

    def photon_flux(self, low: Any = 0.0, high: Any = None) -> float:
        r"""Photons between two wavelengths, 1/m^2/s: :math:`(R/d)^2\,2\pi c(kT/hc)^3\int t^2dt/(e^t-1)`."""
        x_low, x_high = self._edges(low, high)
        scale = 2 * math.pi * SPEED_OF_LIGHT * (BOLTZMANN * self.temperature / (PLANCK * SPEED_OF_LIGHT)) ** 3
        return float(self.dilution * scale * (tail(2, x_high) - tail(2, x_low)))

    @property
    def total(self) -> float:
        """Irradiance over all wavelengths, W/m^2."""
        return float(self.dilution * STEFAN_BOLTZMANN * self.temperature**4)

    def _edges(self, low: Any, high: Any) -> tuple[float, float]:
        """Photon energies over kT of the two ends of a band."""
        first = si("the lower wavelength", low, "m", least=0.0)
        last = math.inf if high is None else si("the upper wavelength", high, "m", positive=True)
        if last < first:
            raise SpecError(f"the band ends at {last:g} m, below its start {first:g} m.")
        return self._x(first), 0.0 if last == math.inf else self._x(last)
