r"""How much energy a kilogram can hold, and what one second of sunlight weighs. SI units throughout.

A store of rest mass :math:`M_0` that holds the energy :math:`E` weighs :math:`M_0 + E/c^2`, so its specific
energy

.. math:: \epsilon = \frac{E}{M_0 + E/c^2} \le c^2 = 8.987551787\ldots\times10^{16}\ \mathrm{J/kg},

whatever it is made of; equality needs :math:`M_0 = 0`, that is, a fuel which is converted without remainder.
Each reference value below is computed from measured masses, voltages or binding energies and carries its
source.
"""

import math
import re
from dataclasses import dataclass
from functools import cache
from typing import Any, ClassVar

from qsb.errors import SpecError
from qsb.stellar.constants import (
    AME2020,
    ATOMIC_MASS,
    ATOMS,
    AVOGADRO,
    IAU2015,
    SOLAR_LUMINOSITY,
    SPEED_OF_LIGHT_SQUARED,
)
from qsb.stellar.status import Status
from qsb.units import ELEMENTARY_CHARGE, PLANCK, SPEED_OF_LIGHT

__all__ = [
    "SPEED_OF_LIGHT_SQUARED",
    "Comparison",
    "SpecificEnergy",
    "Store",
    "Sunlight",
    "one_second_of_sunlight",
    "parse_specific_energy",
    "reference_stores",
    "specific_energy_report",
    "table_one",
]

# Molar masses in kg/mol (IUPAC 2021 standard atomic weights): LiCoO2 and the C6 that hosts one lithium.
_LITHIUM_COBALT_OXIDE, _GRAPHITE_HOST = 97.87e-3, 72.066e-3

_PAPER_LUMINOSITY = 3.8e26
_SPECIFIC = {"J/kg": 1.0, "kJ/kg": 1e3, "MJ/kg": 1e6, "GJ/kg": 1e9, "Wh/kg": 3600.0, "kWh/kg": 3.6e6}


@dataclass(frozen=True)
class Store:
    """A known way to hold energy.

    Attributes:
        name: what it is.
        specific_energy: J/kg, computed.
        how: the calculation in words.
        source: where its numbers come from.
        status: how far its number can be trusted.
    """

    name: str
    specific_energy: float
    how: str
    source: str
    status: Status = Status.MEASURED

    def mass_for(self, energy: float) -> float:
        """Mass in kg that holds ``energy`` joules at this specific energy."""
        return energy / self.specific_energy


@dataclass(frozen=True)
class Comparison:
    """A published specific energy beside ours and beside c^2; the verdict is computed.

    The published number stands for the interval ``low`` to ``high`` that it rounds: half a unit of its last
    digit, or half a decade either way for a bare power of ten. A value with "at least" has no upper end.

    Attributes:
        system: as the paper calls it.
        published: J/kg.
        low: smallest value that rounds to it.
        high: largest value that rounds to it, infinite for "at least".
        ours: what we compute for it, None where there is nothing to compute.
        at_least: whether the paper gives a lower end.
    """

    system: str
    published: float
    low: float
    high: float
    ours: Store | None
    at_least: bool = False

    @property
    def status(self) -> Status:
        """Of our value; a target with nothing to compute is speculative."""
        return Status.SPECULATIVE if self.ours is None else self.ours.status

    @property
    def ratio_to_limit(self) -> float:
        """Published value over c^2."""
        return self.published / SPEED_OF_LIGHT_SQUARED

    @property
    def allowed(self) -> bool:
        """Whether some value that rounds to the published one lies at or below c^2."""
        return self.low <= SPEED_OF_LIGHT_SQUARED

    @property
    def agrees(self) -> bool | None:
        """Whether our value rounds to the published one; None where we have none."""
        return None if self.ours is None else self.low <= self.ours.specific_energy <= self.high

    @property
    def verdict(self) -> str:
        """One sentence, composed from the numbers."""
        if not self.allowed:
            return f"forbidden: {self.ratio_to_limit:.6g} times c^2 = {SPEED_OF_LIGHT_SQUARED:.6g} J/kg"
        if self.ours is None:
            return f"allowed: {self.ratio_to_limit:.3g} of c^2"
        word = "agrees" if self.agrees else "disagrees"
        return f"allowed: {self.ratio_to_limit:.3g} of c^2; {word} with {self.ours.specific_energy:.3g} J/kg"


@dataclass(frozen=True)
class SpecificEnergy:
    """What mass-energy says about a specific energy; made by `specific_energy_report`.

    Attributes:
        specific_energy: the value asked about, J/kg.
        limit: c^2, J/kg.
        ratio: value over limit.
        allowed: whether a store of that specific energy can exist.
        weighed: J per kg of what the scales show, if the value is meant per kg of the *empty* store; never
            above c^2.
        mass_fraction: share of the weighed mass that is the stored energy itself, in that reading.
        verdict: one sentence, composed from the numbers.
        stores: known stores from weak to strong.
        status: established theory.
    """

    status: ClassVar[Status] = Status.ESTABLISHED
    specific_energy: float
    limit: float
    ratio: float
    allowed: bool
    weighed: float
    mass_fraction: float
    verdict: str
    stores: tuple[Store, ...]

    def __str__(self) -> str:
        """The verdict, then how the value compares with each known store."""
        width = max(len(store.name) for store in self.stores)
        lines = [
            f"  {store.name:<{width}}  {store.specific_energy:9.3g} J/kg   "
            f"{self.specific_energy / store.specific_energy:.4g} times it"
            for store in self.stores
        ]
        return "\n".join([self.verdict, f"{self.specific_energy:g} J/kg against known stores:", *lines])

    def to_dict(self) -> dict[str, Any]:
        """Plain data for JSON."""
        return {
            "specific_energy_J_per_kg": self.specific_energy,
            "limit_J_per_kg": self.limit,
            "ratio": self.ratio,
            "allowed": self.allowed,
            "weighed_J_per_kg": self.weighed,
            "mass_fraction": self.mass_fraction,
            "verdict": self.verdict,
            "stores": [
                {
                    "name": store.name,
                    "specific_energy_J_per_kg": store.specific_energy,
                    "ratio": self.specific_energy / store.specific_energy,
                    "how": store.how,
                    "source": store.source,
                }
                for store in self.stores
            ],
        }


@dataclass(frozen=True)
class Sunlight:
    """One second of sunlight, as stored energy.

    Attributes:
        luminosity: W.
        energy: J.
        mass_equivalent: E/c^2, kg: what it weighs in any store.
        published: the paper's value, J.
        agrees: whether ours rounds to the paper's value at its two digits.
        masses: kg of each known store that would hold it, by name.
        source: of the luminosity.
        status: measured.
    """

    status: ClassVar[Status] = Status.MEASURED
    luminosity: float
    energy: float
    mass_equivalent: float
    published: float
    agrees: bool
    masses: dict[str, float]
    source: str

    def __str__(self) -> str:
        """The energy, what it weighs, and the mass of each known store that would hold it."""
        head = f"one second of sunlight is {self.energy:.4g} J and weighs {self.mass_equivalent:.4g} kg; it would fill"
        return "\n".join([head, *(f"  {mass:9.3g} kg  {name}" for name, mass in self.masses.items())])


@cache
def reference_stores() -> tuple[Store, ...]:
    """Known stores from weak to strong, each computed from measured numbers."""
    wavenumber = PLANCK * SPEED_OF_LIGHT * 100.0
    # Half of the lithium moves at a mean 3.7 V; each mole of it needs 2 mol of LiCoO2 and 1 mol of C6.
    active = AVOGADRO * ELEMENTARY_CHARGE * 3.7 / (2 * _LITHIUM_COBALT_OXIDE + _GRAPHITE_HOST)
    # The extra neutron that starts the reaction comes from the one before, so only uranium is weighed.
    fission = ATOMS["235U"] + ATOMS["n"] - (ATOMS["141Pr"] + ATOMS["92Zr"] + 3 * ATOMS["n"])
    fuel = ATOMS["2H"] + ATOMS["3H"]
    fusion = fuel - (ATOMS["4He"] + ATOMS["n"])
    return (
        Store(
            "Li-ion cell",
            250.0 * 3600.0,
            "250 Wh/kg, the cell with its housing",
            "Schmuch et al., Nature Energy 3, 267 (2018), doi:10.1038/s41560-018-0107-2",
        ),
        Store(
            "Li-ion, active materials alone",
            active,
            "LiCoO2 and graphite: F x 3.7 V over the mass of 2 LiCoO2 and C6",
            "Faraday constant exact, IUPAC atomic weights; "
            "cell: Tarascon and Armand, Nature 414, 359 (2001), doi:10.1038/35104644",
        ),
        Store(
            "H + H -> H2, the strongest reaction per mass",
            36118.0696 * wavenumber / (2 * ATOMS["1H"] * ATOMIC_MASS),
            "dissociation energy of H2, 36118.0696 cm^-1, over two hydrogen atoms",
            "Liu et al., J. Chem. Phys. 130, 174306 (2009), doi:10.1063/1.3120443",
        ),
        Store(
            "uranium-235, all of it fissioned",
            fission / ATOMS["235U"] * SPEED_OF_LIGHT_SQUARED,
            "235U + n -> 141Pr + 92Zr + 3 n after the beta decays (neutrinos counted), per kg of 235U",
            AME2020,
        ),
        Store(
            "deuterium and tritium, all of it fused",
            fusion / fuel * SPEED_OF_LIGHT_SQUARED,
            "D + T -> 4He + n, masses of neutral atoms",
            AME2020,
        ),
        Store(
            "matter and antimatter, annihilated",
            SPEED_OF_LIGHT_SQUARED,
            "c^2, per kg of both together; no store can hold more",
            "c is exact in the SI",
            Status.ESTABLISHED,
        ),
    )


def table_one() -> tuple[Comparison, ...]:
    """Table 1 of "Quantum Stellar Batteries": the paper's rows beside our values and c^2."""
    ion, _, _, fission, _, annihilation = reference_stores()
    half_decade = math.sqrt(10)
    return (
        Comparison("Li-ion battery (state-of-art)", 1e6, 1e6 / half_decade, 1e6 * half_decade, ion),
        Comparison("Fission fuel (effective)", 1e14, 1e14 / half_decade, 1e14 * half_decade, fission),
        Comparison("Matter–antimatter (theoretical)", 9e16, 8.5e16, 9.5e16, annihilation),
        Comparison("Hypothetical QSB target window", 1e20, 1e20, math.inf, None, at_least=True),
    )


def specific_energy_report(specific_energy_J_per_kg: float) -> SpecificEnergy:
    r"""Compare a specific energy with :math:`c^2` and with known stores.

    Per kg of the whole store a value :math:`\epsilon > c^2` is impossible. Read per kg of the *empty* store
    it makes the whole weigh :math:`1 + \epsilon/c^2` kg, so what the scales show holds
    :math:`\epsilon/(1 + \epsilon/c^2) < c^2`.

    Args:
        specific_energy_J_per_kg: J/kg, not negative.

    Returns:
        The numbers and a sentence made of them.

    Raises:
        SpecError: a negative value, or one that is not finite.
    """
    value = float(specific_energy_J_per_kg)
    if not (math.isfinite(value) and value >= 0):
        raise SpecError(f"the specific energy is {value!r} J/kg; give a finite number that is not negative")
    ratio = value / SPEED_OF_LIGHT_SQUARED
    allowed = ratio <= 1.0
    weighed, share = value / (1 + ratio), ratio / (1 + ratio)
    stores = reference_stores()
    return SpecificEnergy(
        specific_energy=value,
        limit=SPEED_OF_LIGHT_SQUARED,
        ratio=ratio,
        allowed=allowed,
        weighed=weighed,
        mass_fraction=share,
        verdict=_sentence(value, ratio, weighed, share, stores),
        stores=stores,
    )


def parse_specific_energy(text: str) -> float:
    """Read "1e20", "1e20J/kg", "250 Wh/kg" as J/kg.

    Args:
        text: a number in J/kg, or one with J/kg, kJ/kg, MJ/kg, GJ/kg, Wh/kg or kWh/kg.

    Raises:
        SpecError: no number, or another unit.
    """
    match = re.fullmatch(r"\s*(\S*?)\s*((?:[kMG]?J|k?Wh)/kg)?\s*", text)
    number, unit = match.groups() if match else (text, None)
    try:
        return float(number) * _SPECIFIC[unit or "J/kg"]
    except ValueError as error:
        raise SpecError(
            f"cannot read {text!r} as a specific energy; write it like '1e20J/kg', in one of {', '.join(_SPECIFIC)}."
        ) from error


def one_second_of_sunlight(luminosity: float = SOLAR_LUMINOSITY) -> Sunlight:
    """Energy that the Sun emits in one second, what it weighs, and how much of each known store holds it.

    Args:
        luminosity: W, positive.

    Raises:
        SpecError: a luminosity that is not positive and finite.
    """
    if not (math.isfinite(luminosity) and luminosity > 0):
        raise SpecError(f"the luminosity is {luminosity!r} W; it must be positive and finite")
    energy = luminosity * 1.0
    return Sunlight(
        luminosity=luminosity,
        energy=energy,
        mass_equivalent=energy / SPEED_OF_LIGHT_SQUARED,
        published=_PAPER_LUMINOSITY,
        agrees=abs(energy - _PAPER_LUMINOSITY) <= 0.05e26,
        masses={store.name: store.mass_for(energy) for store in reference_stores()},
        source=f"nominal solar luminosity, {IAU2015}" if luminosity == SOLAR_LUMINOSITY else "given by the caller",
    )


def _sentence(value: float, ratio: float, weighed: float, share: float, stores: tuple[Store, ...]) -> str:
    """The verdict on one specific energy."""
    limit = f"c^2 = {SPEED_OF_LIGHT_SQUARED:.6g} J/kg"
    if ratio > 1:
        return (
            f"{value:g} J/kg is {ratio:.6g} times {limit} and forbidden: stored energy weighs E/c^2, so no "
            "store holds more than c^2 per kilogram. Meant per kilogram of the empty store, the filled one "
            f"would weigh {1 + ratio:.6g} kg, {100 * share:.3f} % of it the energy itself, and hold "
            f"{weighed:.6g} J/kg."
        )
    beaten = [store for store in stores if store.specific_energy < value]
    beside = "below every known store here"
    if beaten:
        beside = f"above {beaten[-1].name} ({beaten[-1].specific_energy:.3g} J/kg)"
    return f"{value:g} J/kg is {ratio:.4g} of {limit} and allowed by mass-energy; it is {beside}."
