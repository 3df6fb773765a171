r"""Damage channels of flares: what X-rays and particles leave in matter, apart from any power they bring.

A dose is energy per mass, in Gy = J/kg. Nothing here is added to a power: a flare that is negligible as power may
still harm, and reports show the two side by side.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

from qsb.errors import SpecError
from qsb.stellar.constants import ASTRONOMICAL_UNIT
from qsb.stellar.observed import Recording
from qsb.stellar.si import si
from qsb.stellar.status import Status
from qsb.units import ELEMENTARY_CHARGE

__all__ = [
    "MEV_CM2_PER_G",
    "DamageReport",
    "damage_report",
    "fluence_at",
    "particle_dose",
    "sheet_dose",
    "surface_dose",
]


def surface_dose(fluence: Any, absorption: Any) -> float:
    r"""Dose at the surface, :math:`\Phi\mu_\mathrm{en}/\rho`, Gy.

    Args:
        fluence: J/m^2.
        absorption: mass energy-absorption coefficient at the photon energy, m^2/kg.

    Raises:
        SpecError: negative numbers.
    """
    return si("fluence", fluence, "J / m2", least=0.0) * si("absorption", absorption, "m2 / kg", least=0.0)


def sheet_dose(fluence: Any, areal: Any, absorption: Any | None = None) -> float:
    r"""Mean dose in a sheet, :math:`\Phi(1 - e^{-\mu s})/s`, Gy; without a coefficient the bound :math:`\Phi/s`.

    Args:
        fluence: straight on, J/m^2.
        areal: mass per area s, kg/m^2.
        absorption: mass energy-absorption coefficient mu, m^2/kg; None if all is absorbed.

    Raises:
        SpecError: negative numbers, or no mass.
    """
    all_of_it = si("fluence", fluence, "J / m2", least=0.0) / si("areal", areal, "kg / m2", positive=True)
    if absorption is None:
        return all_of_it
    depth = si("absorption", absorption, "m2 / kg", least=0.0) * si("areal", areal, "kg / m2", positive=True)
    return -math.expm1(-depth) * all_of_it


def fluence_at(fluence: Any, distance: Any, given: Any = ASTRONOMICAL_UNIT, falloff: float = 2.0) -> float:
    r"""Fluence of particles at a distance from the star, :math:`\Phi(d) = \Phi(d_0)(d_0/d)^k`, 1/m^2.

    The inverse square, k = 2, is what the European standard for missions prescribes inside of 1 au (ECSS-E-ST-10-04C,
    clause 9.2.2.2 d); beyond, it takes the fluence of 1 au itself, k = 0, so as not to promise too little. Particles
    follow the field and scatter, so that no power holds for all: transport models find peak intensities that fall with
    k of 1.7 at least (arXiv:1706.05443), and hydrogen and helium of one event on one field line fell with k = 4
    between 0.65 and 1 au (arXiv:2502.17806).

    Args:
        fluence: particles per m^2 at the distance `given`.
        distance: from the star's centre, m.
        given: where the fluence is known, m from the star's centre.
        falloff: k, not negative.

    Raises:
        SpecError: negative numbers, or distances that are not positive.
    """
    ratio = si("given", given, "m", positive=True) / si("distance", distance, "m", positive=True)
    return float(si("fluence", fluence, "1 / m2", least=0.0) * ratio ** si("falloff", falloff, "", least=0.0))


def particle_dose(fluence: Any, stopping: Any) -> float:
    r"""Dose of particles that pass through, :math:`\Phi S/\rho`, Gy.

    Args:
        fluence: particles per m^2.
        stopping: mass stopping power, J m^2/kg; tables give it in `MEV_CM2_PER_G`.

    Raises:
        SpecError: negative numbers.
    """
    return si("fluence", fluence, "1 / m2", least=0.0) * si("stopping", stopping, "J m2 / kg", least=0.0)


MEV_CM2_PER_G = 1e6 * ELEMENTARY_CHARGE * 1e-4 / 1e-3
"""One MeV cm^2/g, the unit of tables of stopping powers, in J m^2/kg."""


@dataclass(frozen=True)
class DamageReport:
    """One flare's X-rays in a sheet, beside its power.

    Attributes:
        surge_ratio: largest excess over the quiescent power.
        fluence: of 1-8 Angstrom over the record, J/m^2.
        areal: mass per area of the sheet, kg/m^2.
        dose: mean in the sheet, Gy; an upper bound where no coefficient was given.
        bound: whether it is the bound.
        status: of the record.
    """

    surge_ratio: float
    fluence: float
    areal: float
    dose: float
    bound: bool
    status: Status = Status.MEASURED

    def __str__(self) -> str:
        """The surge ratio first."""
        from qsb.stellar.surge import surge_line

        kind = "at most " if self.bound else ""
        return "\n".join(
            [
                surge_line(self.surge_ratio),
                f"X-ray fluence 1-8 Angstrom {self.fluence:.6g} J/m2",
                f"dose in a sheet of {self.areal:g} kg/m2: {kind}{self.dose:.4g} Gy",
                "channels not in this number: energetic protons, the blast of an ejection, induced currents",
                f"status {self.status}",
            ]
        )


def damage_report(recording: Recording, areal: Any, absorption: Any | None = None) -> DamageReport:
    """What the X-rays of a recorded flare leave in a sheet of matter where they were measured.

    Args:
        recording: in W/m^2, as `observed.goes` gives.
        areal: mass per area of the sheet, kg/m^2.
        absorption: mass energy-absorption coefficient, m^2/kg; None for the bound that all is absorbed.

    Raises:
        SpecError: a record without an absolute scale, or numbers that are not positive.
    """
    if recording.unit != "W/m2":
        raise SpecError(f"{recording.name} is in units of the {recording.unit}; a dose needs W/m2.")
    dose = sheet_dose(recording.fluence, areal, absorption)
    mass = si("areal", areal, "kg / m2", positive=True)
    return DamageReport(recording.surge_ratio, recording.fluence, mass, dose, absorption is None, recording.status)
