r"""The Kardashev index of a throughput, and the waste heat that goes with it. SI units throughout.

The index is Sagan's continuous one, :math:`K = (\log_{10} P/\mathrm{W} - 6)/10`. Kardashev's own types of 1964 are
three powers, about 4e12, 4e26 and 4e37 W, and differ from it: his type I has K = 0.66. Both speak of a power that is
used, not of stored energy. What is used in a steady state is radiated at last, so each rating carries the infrared
light by which it can be seen.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, ClassVar

from qsb.stellar.constants import STEFAN_BOLTZMANN, WIEN
from qsb.stellar.limits import radiator_area
from qsb.stellar.si import si
from qsb.stellar.status import Status
from qsb.units import BOLTZMANN, PLANCK, SPEED_OF_LIGHT

__all__ = ["TYPES_OF_1964", "KardashevRating", "WasteHeat", "kardashev_rating", "waste_heat"]

_WIEN_DISPLACEMENT = PLANCK * SPEED_OF_LIGHT / (BOLTZMANN * WIEN)

TYPES_OF_1964 = (("I", 4e12), ("II", 4e26), ("III", 4e37))
"""Kardashev's own types and their powers, W."""

# "About 4e12 W" stands for what rounds to it.
_LEAST = 3.5 / 4


@dataclass(frozen=True)
class WasteHeat:
    """The light of a power that is radiated by a black surface.

    Attributes:
        power: W.
        temperature: of the surface, K.
        peak_wavelength: where its spectrum per wavelength is largest, m.
        flux: W/m^2 that the surface sheds.
        area: of the surface, one face, m^2.
        radius: of a sphere of that area, m.
        status: established theory.
    """

    status: ClassVar[Status] = Status.ESTABLISHED
    power: float
    temperature: float
    peak_wavelength: float
    flux: float
    area: float
    radius: float

    def __str__(self) -> str:
        """One line."""
        return (
            f"{self.power:.6g} W leave as heat at {self.temperature:g} K: brightest at "
            f"{self.peak_wavelength * 1e6:.4g} um, from {self.area:.6g} m^2, a sphere of {self.radius:.6g} m "
            f"[{self.status}]"
        )


@dataclass(frozen=True)
class KardashevRating:
    """A throughput on Kardashev's scale.

    Attributes:
        power: the throughput, W.
        index: Sagan's index.
        convention: how the index is defined.
        type_of_1964: the highest of Kardashev's own types that the power reaches; empty below type I.
        waste_heat: how it can be seen.
        status: the index is a definition and as good as the power is.
    """

    status: ClassVar[Status] = Status.ESTABLISHED
    convention: ClassVar[str] = "Sagan: K = (log10(P / W) - 6) / 10, on throughput"
    power: float
    index: float
    type_of_1964: str
    waste_heat: WasteHeat

    def __str__(self) -> str:
        """The index with its convention, Kardashev's own type, and the waste heat."""
        own = f"type {self.type_of_1964}" if self.type_of_1964 else "below type I"
        return f"K = {self.index:.4f} ({self.convention}); {own} of Kardashev (1964) [{self.status}]\n{self.waste_heat}"

    def to_dict(self) -> dict[str, Any]:
        """Plain data for JSON."""
        return {
            "power_W": self.power,
            "index": self.index,
            "convention": self.convention,
            "type_of_1964": self.type_of_1964,
            "status": str(self.status),
            "waste_heat": {
                "temperature_K": self.waste_heat.temperature,
                "peak_wavelength_m": self.waste_heat.peak_wavelength,
                "flux_W_per_m2": self.waste_heat.flux,
                "area_m2": self.waste_heat.area,
                "radius_m": self.waste_heat.radius,
            },
        }


def waste_heat(power: Any, temperature: Any = 300.0) -> WasteHeat:
    r"""What a power looks like once it is heat: :math:`\lambda = hc/(4.965\,kT)`, :math:`A = P/\sigma T^4`.

    Args:
        power: W, or an astropy quantity.
        temperature: of the black surface that sheds it, K.

    Raises:
        SpecError: a value that is not positive and finite.
    """
    watts = si("power", power, "W", positive=True)
    kelvin = si("temperature", temperature, "K", positive=True)
    area = radiator_area(watts, kelvin)
    return WasteHeat(
        power=watts,
        temperature=kelvin,
        peak_wavelength=_WIEN_DISPLACEMENT / kelvin,
        flux=STEFAN_BOLTZMANN * kelvin**4,
        area=area,
        radius=math.sqrt(area / (4 * math.pi)),
    )


def kardashev_rating(power: Any, temperature: Any = 300.0) -> KardashevRating:
    """Rate a throughput; stored energy has no place on this scale, and a quantity in joules is refused.

    Sources: Kardashev, Sov. Astron. 8, 217 (1964); the index is Sagan's (1973; from memory, not checked).

    Args:
        power: used in a steady state, W, or an astropy quantity.
        temperature: at which it is shed, K.

    Raises:
        SpecError: a value that is not positive and finite, or not a power.
    """
    watts = si("power", power, "W", positive=True)
    reached = [name for name, about in TYPES_OF_1964 if watts >= _LEAST * about]
    return KardashevRating(
        power=watts,
        index=(math.log10(watts) - 6) / 10,
        type_of_1964=reached[-1] if reached else "",
        waste_heat=waste_heat(watts, temperature),
    )
