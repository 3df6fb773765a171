"""Constants of the stellar layer, each once and with its source; SI units.

h, hbar, k, c and e are exact and stand in `qsb.units`. Measured constants are those of CODATA 2022
(arXiv:2409.03787), masses of neutral atoms those of AME2020 (doi:10.1088/1674-1137/abddaf), the Sun's those of
IAU 2015 Resolution B3 (arXiv:1510.07674), which are exact by convention.
"""

import math
from types import MappingProxyType

from qsb.units import BOLTZMANN, PLANCK, SPEED_OF_LIGHT

__all__ = [
    "AME2020",
    "ASTRONOMICAL_UNIT",
    "ATOMIC_MASS",
    "ATOMS",
    "AVOGADRO",
    "CODATA2022",
    "ELECTRON_MASS",
    "GRAVITATION",
    "IAU2015",
    "NOMINAL_SOLAR_RADIUS",
    "NOMINAL_SOLAR_TEMPERATURE",
    "PARSEC",
    "PROTON_MASS",
    "SOLAR_LUMINOSITY",
    "SOLAR_MASS",
    "SPEED_OF_LIGHT_SQUARED",
    "STEFAN_BOLTZMANN",
    "THOMSON",
    "VACUUM_PERMEABILITY",
    "VACUUM_PERMITTIVITY",
    "WIEN",
    "YEAR",
]

CODATA2022 = "CODATA 2022, arXiv:2409.03787"
"""How its constants are cited."""

AME2020 = "AME2020, Chinese Phys. C 45, 030003 (2021), doi:10.1088/1674-1137/abddaf"
"""How its masses are cited."""

IAU2015 = "IAU 2015 Resolution B3, arXiv:1510.07674"
"""How the nominal solar values are cited."""

SPEED_OF_LIGHT_SQUARED = SPEED_OF_LIGHT**2
"""c^2, J/kg (exact)."""

STEFAN_BOLTZMANN = 2 * math.pi**5 * BOLTZMANN**4 / (15 * PLANCK**3 * SPEED_OF_LIGHT**2)
"""Stefan-Boltzmann constant 2 pi^5 k^4/(15 h^3 c^2), W/(m^2 K^4) (exact)."""

WIEN = 4.965114231744276
"""Root of x = 5 (1 - e^-x): photon energy over kT where the Planck spectrum per wavelength is largest."""

AVOGADRO = 6.02214076e23
"""Avogadro constant, 1/mol (exact)."""

GRAVITATION = 6.67430e-11
"""Newtonian constant of gravitation G, m^3/(kg s^2): CODATA 2022, relative uncertainty 2.2e-5."""

VACUUM_PERMITTIVITY = 8.8541878188e-12
"""Vacuum electric permittivity, F/m: CODATA 2022."""

VACUUM_PERMEABILITY = 1.25663706127e-6
"""Vacuum magnetic permeability, N/A^2: CODATA 2022."""

ELECTRON_MASS = 9.1093837139e-31
"""Mass of the electron, kg: CODATA 2022."""

PROTON_MASS = 1.67262192595e-27
"""Mass of the proton, kg: CODATA 2022."""

ATOMIC_MASS = 1.66053906892e-27
"""Atomic mass constant u, kg: CODATA 2022."""

THOMSON = 6.6524587051e-29
"""Thomson cross-section of the electron, m^2: CODATA 2022."""

ATOMS = MappingProxyType(
    {
        "n": 1.00866491590,
        "1H": 1.007825031898,
        "2H": 2.014101777844,
        "3H": 3.01604928132,
        "3He": 3.01602932197,
        "4He": 4.00260325413,
        "92Zr": 91.90503534,
        "141Pr": 140.9076596,
        "178Hf": 177.9437083,
        "180Ta": 179.9474676,
        "235U": 235.0439281,
    }
)
"""Masses of neutral atoms, and of the neutron, in atomic mass units: AME2020.

The neutron's stands here because the reactions of the layer mix it with these atoms; CODATA 2022 has 1.6e-10 u more.
"""

ASTRONOMICAL_UNIT = 149_597_870_700.0
"""au, m (exact): IAU 2012 Resolution B2."""

PARSEC = ASTRONOMICAL_UNIT * 648_000 / math.pi
"""pc, m (exact): IAU 2015 Resolution B2."""

YEAR = 365.25 * 86400.0
"""Julian year, s (exact)."""

SOLAR_LUMINOSITY = 3.828e26
"""Nominal solar luminosity, W: IAU 2015 Resolution B3."""

NOMINAL_SOLAR_RADIUS = 6.957e8
"""Nominal solar radius, m: IAU 2015 Resolution B3."""

NOMINAL_SOLAR_TEMPERATURE = 5772.0
"""Nominal effective temperature of the Sun, K: IAU 2015 Resolution B3."""

SOLAR_MASS = 1.3271244e20 / GRAVITATION
"""Mass of the Sun, kg: nominal GM of IAU 2015 Resolution B3 over `GRAVITATION`, whose uncertainty it has."""
