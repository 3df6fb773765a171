r"""Closed forms of the limits that no store escapes. SI units throughout.

Each function takes numbers in SI units or astropy quantities and returns the largest value that is possible;
`qsb.stellar.bounds` compares claims with them. The derivations are in docs/devdocs/stellar-bounds.md.
"""

from __future__ import annotations

import math
from typing import Any

from qsb.errors import SpecError
from qsb.stellar.constants import (
    ELECTRON_MASS,
    GRAVITATION,
    SPEED_OF_LIGHT_SQUARED,
    STEFAN_BOLTZMANN,
    VACUUM_PERMITTIVITY,
)
from qsb.stellar.si import si
from qsb.units import ELEMENTARY_CHARGE, HBAR, SPEED_OF_LIGHT

__all__ = [
    "LANDSBERG",
    "LARGEST_CLAIM",
    "LARGEST_POWER_CONJECTURED",
    "bekenstein_bits",
    "energy_flux_power",
    "field_energy_density",
    "hoop_energy",
    "landsberg_efficiency",
    "largest_stress",
    "margolus_levitin_rate",
    "margolus_levitin_time",
    "radiator_area",
    "schwarzschild_radius",
    "schwinger_field",
]

LANDSBERG = "Landsberg and Tonge, J. Appl. Phys. 51, R1 (1980), derived in docs/devdocs/stellar-bounds.md"
"""How the largest work of black radiation is cited."""

LARGEST_CLAIM = 1e130
"""Largest energy, rate or information that is compared: 10^123 bits fit the Hubble radius, and no formula has two."""

LARGEST_POWER_CONJECTURED = SPEED_OF_LIGHT**5 / (4 * GRAVITATION)
"""c^5/4G, W: a conjecture (Gibbons, arXiv:hep-th/0210109) with counterexamples (doi:10.3390/universe7110403)."""


def hoop_energy(radius: Any) -> float:
    r"""Largest energy inside a sphere that has not collapsed: :math:`E < c^4 R/2G`, J.

    Args:
        radius: of the sphere, m.

    Raises:
        SpecError: a radius that is not positive.
    """
    return SPEED_OF_LIGHT**4 * si("radius", radius, "m", positive=True) / (2 * GRAVITATION)


def schwarzschild_radius(energy: Any) -> float:
    r"""Radius :math:`2GE/c^4` below which the energy is a black hole, m.

    Args:
        energy: all of it, rest mass included, J.

    Raises:
        SpecError: a negative energy.
    """
    return 2 * GRAVITATION * si("energy", energy, "J", least=0.0, most=LARGEST_CLAIM) / SPEED_OF_LIGHT**4


def bekenstein_bits(radius: Any, energy: Any) -> float:
    r"""Most information in a sphere: :math:`2\pi R E/(\hbar c \ln 2)`, bit.

    A black hole saturates it. Source: Bekenstein, Phys. Rev. D 23, 287 (1981), doi:10.1103/PhysRevD.23.287.

    Args:
        radius: of the sphere, m.
        energy: all of it, rest mass included, J.

    Raises:
        SpecError: a radius that is not positive or a negative energy.
    """
    size, held = si("radius", radius, "m", positive=True), si("energy", energy, "J", least=0.0, most=LARGEST_CLAIM)
    return 2 * math.pi * size * held / (HBAR * SPEED_OF_LIGHT * math.log(2))


def margolus_levitin_time(energy: Any) -> float:
    r"""Shortest time to an orthogonal state: :math:`\pi\hbar/2E`, s.

    Source: Margolus and Levitin, Physica D 120, 188 (1998), arXiv:quant-ph/9710043.

    Args:
        energy: mean energy above the ground state, J.

    Raises:
        SpecError: an energy that is not positive.
    """
    return math.pi * HBAR / (2 * si("energy", energy, "J", positive=True, most=LARGEST_CLAIM))


def margolus_levitin_rate(energy: Any) -> float:
    r"""Most orthogonal states passed a second: :math:`2E/\pi\hbar`, 1/s; see `margolus_levitin_time`."""
    return 2 * si("energy", energy, "J", least=0.0, most=LARGEST_CLAIM) / (math.pi * HBAR)


def largest_stress(density: Any) -> float:
    r"""Largest stress by the dominant energy condition: :math:`|\sigma| \le \rho c^2`, Pa.

    Args:
        density: of mass, energy included, kg/m^3.

    Raises:
        SpecError: a density that is not positive.
    """
    return si("density", density, "kg / m3", positive=True) * SPEED_OF_LIGHT_SQUARED


def energy_flux_power(energy_density: Any, area: Any) -> float:
    r"""Largest power through a surface: :math:`u c A`, W, since energy moves no faster than light.

    Args:
        energy_density: the largest on the surface, J/m^3.
        area: of the surface, m^2.

    Raises:
        SpecError: a negative density or an area that is not positive.
    """
    density = si("energy_density", energy_density, "J / m3", least=0.0)
    return density * SPEED_OF_LIGHT * si("area", area, "m2", positive=True)


def landsberg_efficiency(temperature: Any, source_temperature: Any) -> float:
    r"""Most work from a joule of black radiation: :math:`1 - \frac43 x + \frac13 x^4`, :math:`x = T/T_\star`.

    Source: Landsberg and Tonge, J. Appl. Phys. 51, R1 (1980).

    Args:
        temperature: of the surroundings that take the heat, K.
        source_temperature: of the radiation, K; not below the former.

    Raises:
        SpecError: a temperature that is not positive, or surroundings hotter than the source.
    """
    cold = si("temperature", temperature, "K", positive=True)
    hot = si("source_temperature", source_temperature, "K", positive=True)
    if cold > hot:
        raise SpecError(
            f"temperature is {cold:g} K, above source_temperature, which is {hot:g} K; give surroundings that are not "
            "hotter than the radiation."
        )
    x = cold / hot
    return 1 - 4 * x / 3 + x**4 / 3


def radiator_area(power: Any, temperature: Any) -> float:
    r"""Smallest area that sheds a power: :math:`P/\sigma T^4`, m^2 (black, one face, towards a cold sky).

    Args:
        power: W.
        temperature: K.

    Raises:
        SpecError: a negative power or a temperature that is not positive.
    """
    heat = si("power", power, "W", least=0.0, most=LARGEST_CLAIM)
    kelvin = si("temperature", temperature, "K", positive=True)
    return heat / (STEFAN_BOLTZMANN * kelvin**4)


def field_energy_density(electric_field: Any) -> float:
    r"""Energy density of an electric field: :math:`\varepsilon_0 F^2/2`, J/m^3.

    Args:
        electric_field: V/m.

    Raises:
        SpecError: a negative field.
    """
    return VACUUM_PERMITTIVITY * si("electric_field", electric_field, "V / m", least=0.0) ** 2 / 2


def schwinger_field() -> float:
    r"""Field :math:`m_e^2c^3/e\hbar` in which the vacuum makes electron-positron pairs, V/m.

    Source: Schwinger, Phys. Rev. 82, 664 (1951), doi:10.1103/PhysRev.82.664.
    """
    return ELECTRON_MASS**2 * SPEED_OF_LIGHT**3 / (ELEMENTARY_CHARGE * HBAR)
