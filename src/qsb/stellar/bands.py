"""Absorbers that are known by their bands, or by a table: how much of a light they take. SI units."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from qsb.errors import SpecError
from qsb.stellar.light import Light, is_light
from qsb.stellar.si import si, si_array
from qsb.stellar.spectrum import Spectrum
from qsb.stellar.status import Status
from qsb.units import PLANCK, SPEED_OF_LIGHT

__all__ = ["Banded", "Bands", "TableAbsorber"]

_HC = PLANCK * SPEED_OF_LIGHT


class Banded:
    """What every absorber of bands can do; `bands` holds (low, high) in m, and `high` may be infinite."""

    bands: tuple[tuple[float, float], ...]

    def absorptance(self, wavelength: Any) -> NDArray[np.float64]:
        """1 inside a band, 0 outside, at wavelengths in m."""
        at = si_array("the wavelength", wavelength, "m")
        inside = np.zeros(at.shape, bool)
        for low, high in self.bands:
            inside |= (at >= low) & (at <= high)
        return inside.astype(float)

    def absorbed(self, light: Light) -> tuple[float, float]:
        """Absorbed power in W/m^2 and photons in 1/m^2/s, exact for the light given."""
        is_light(light)
        if isinstance(light, Spectrum):
            power, photons = (light.below(self.bands, photons=each) for each in (False, True))
            return float((power[:, 1] - power[:, 0]).sum()), float((photons[:, 1] - photons[:, 0]).sum())
        ends = [(low, None if math.isinf(high) else high) for low, high in self.bands]
        return (
            math.fsum(light.band(low, high) for low, high in ends),
            math.fsum(light.photon_flux(low, high) for low, high in ends),
        )


@dataclass(frozen=True)
class Bands(Banded):
    """Absorptance 1 in its bands, 0 elsewhere; without any given, a black surface.

    Attributes:
        bands: (low, high) in m, rising, apart; `high` may be infinite.
        status: exact for the bands given.
    """

    bands: tuple[tuple[float, float], ...] = ((0.0, math.inf),)
    status: Status = Status.ESTABLISHED

    def __post_init__(self) -> None:
        """Refuse bands that overlap or do not rise."""
        found: list[tuple[float, float]] = []
        for low, high in self.bands:
            first = si("a band's start", low, "m", least=0.0)
            last = math.inf if high == math.inf else si("a band's end", high, "m", positive=True)
            if last <= first or (found and first < found[-1][1]):
                raise SpecError(f"the bands {self.bands} m must rise and not overlap.")
            found.append((first, last))
        object.__setattr__(self, "bands", tuple(found))


@dataclass(frozen=True, eq=False)
class TableAbsorber:
    """A measured or designed absorptance: linear between nodes, nothing outside them.

    Attributes:
        wavelength: m, positive and rising.
        values: absorptance at the nodes, 0 to 1.
        name: for reports.
        source: where the numbers come from.
        status: how far they can be trusted.
    """

    wavelength: Any
    values: Any
    name: str = "absorber"
    source: str = "given by the user"
    status: Status = Status.MEASURED

    def __post_init__(self) -> None:
        """Check the table as a spectrum's is checked, and that nothing absorbs more than arrives."""
        table = Spectrum(self.wavelength, self.values, self.name, self.source)
        if table.values.max() > 1:
            raise SpecError(f"the absorptance of {self.name} reaches {table.values.max():g}; by Kirchhoff at most 1.")
        object.__setattr__(self, "wavelength", table.wavelength)
        object.__setattr__(self, "values", table.values)

    def absorptance(self, wavelength: Any) -> NDArray[np.float64]:
        """Share that is absorbed at wavelengths in m."""
        at = si_array("the wavelength", wavelength, "m")
        return np.asarray(np.interp(at, self.wavelength, self.values, left=0.0, right=0.0))

    def absorbed(self, light: Light) -> tuple[float, float]:
        """Absorbed power in W/m^2 and photons in 1/m^2/s.

        Between the nodes of light and absorber the integrand of a table is a cubic at most, for which Gauss's rule of 2
        points is exact; for a blackbody 8 points and cells of at most 1 % in wavelength leave less than 1e-12.
        """
        is_light(light)
        low, high = float(self.wavelength[0]), float(self.wavelength[-1])
        if isinstance(light, Spectrum):
            knots, points = light.wavelength[(light.wavelength > low) & (light.wavelength < high)], 2
        else:
            knots, points = np.geomspace(low, high, 2 + math.ceil(100 * math.log(high / low))), 8
        edges = np.union1d(knots, self.wavelength)
        s, weights = np.polynomial.legendre.leggauss(points)
        at = edges[:-1, None] + np.diff(edges)[:, None] * 0.5 * (s + 1)
        taken = light.irradiance(at) * self.absorptance(at)
        half = 0.5 * np.diff(edges)
        return float(half @ (taken @ weights)), float(half @ ((taken * at / _HC) @ weights))
