"""How much energy a kilogram of known matter holds: each value computed from measured numbers, with its source.

The stores of `qsb.stellar.scale.reference_stores` are among them. A source that nobody looked into is marked so; what
was read where is in docs/devdocs/stellar-references.md.
"""

from __future__ import annotations

from functools import cache

from qsb.stellar.constants import AME2020, ATOMIC_MASS, ATOMS, SPEED_OF_LIGHT_SQUARED
from qsb.stellar.scale import Store, reference_stores
from qsb.stellar.status import Status
from qsb.units import ELEMENTARY_CHARGE

__all__ = ["known_matter", "strongest_in_use", "strongest_ordinary"]

_VIRIAL = "virial theorem, derived in docs/devdocs/stellar-bounds.md"


def _excited(electronvolts: float, units: float) -> float:
    """J/kg of atoms that each hold an energy in eV and weigh a number of atomic mass units."""
    return electronvolts * ELEMENTARY_CHARGE / (units * ATOMIC_MASS)


def _stressed(name: str, strength: float, density: float, source: str, status: Status) -> Store:
    """A flywheel, spring or magnet whose structure is stressed to its strength everywhere."""
    how = (
        f"strength/density = {strength:g} Pa / {density:g} kg/m^3, all mass evenly stressed; half of it for a thin rim"
    )
    return Store(name, strength / density, how, f"{source}; {_VIRIAL}", status)


def _structures() -> tuple[Store, ...]:
    """What the strength of a structure lets it hold."""
    return (
        _stressed(
            "steel under tension", 1.5e9, 7850.0, "high-strength steel, from memory, not checked", Status.ENGINEERING
        ),
        _stressed(
            "carbon fibre under tension",
            6.4e9,
            1800.0,
            "fibre of the class T1000G (6.37 GPa), the density from memory, not checked",
            Status.ENGINEERING,
        ),
        _stressed(
            "carbon nanotube under tension",
            60e9,
            1300.0,
            "11 to 63 GPa measured: Yu et al., Science 287, 637 (2000), doi:10.1126/science.287.5453.637",
            Status.MEASURED,
        ),
        _stressed(
            "graphene under tension",
            130e9,
            2200.0,
            "130 GPa: Lee et al., Science 321, 385 (2008), doi:10.1126/science.1157996",
            Status.MEASURED,
        ),
    )


def _excitations() -> tuple[Store, ...]:
    """Atoms and nuclei in states above their ground state."""
    return (
        Store(
            "spin lattice, 1 eV per 50 u",
            _excited(1.0, 50.0),
            "one two-level cell of 1 eV for every 50 atomic mass units",
            "definition",
            Status.ENGINEERING,
        ),
        Store(
            "metastable helium 2 3S",
            _excited(19.8196, ATOMS["4He"]),
            "19.8196 eV an atom, which lives for 7870 s",
            "level 159855.97 cm^-1 of NIST ASD; lifetime: Hodgman et al., Phys. Rev. Lett. 103, 053002 (2009), "
            f"doi:10.1103/PhysRevLett.103.053002; {AME2020}",
        ),
        Store(
            "hydrogen, ionised",
            _excited(13.598434, ATOMS["1H"]),
            "13.598434 eV an atom; it recombines at once unless kept apart",
            f"ionisation energy of NIST ASD; {AME2020}",
        ),
        Store(
            "nuclear isomer 180mTa",
            _excited(76.79e3, ATOMS["180Ta"]),
            "76.79(55) keV a nucleus; no decay has been seen",
            "Nesterenko et al. (2022), arXiv:2205.10534",
        ),
        Store(
            "nuclear isomer 178m2Hf",
            _excited(2446.09e3, ATOMS["178Hf"]),
            "2446.09 keV a nucleus, half-life 31 years",
            "energy of ENSDF as public copies of it have it; half-life of NUBASE2020, Chinese Phys. C 45, 030001 "
            "(2021), doi:10.1088/1674-1137/abddae",
        ),
    )


def _fusions() -> tuple[Store, ...]:
    """Fusion beyond deuterium and tritium; masses of neutral atoms, so that the electrons are counted."""
    fuel = ATOMS["2H"] + ATOMS["3He"]
    return (
        Store(
            "deuterium and helium-3, all of it fused",
            (fuel - ATOMS["4He"] - ATOMS["1H"]) / fuel * SPEED_OF_LIGHT_SQUARED,
            "D + 3He -> 4He + H, per kg of fuel atoms",
            AME2020,
        ),
        Store(
            "hydrogen, all of it fused",
            (4 * ATOMS["1H"] - ATOMS["4He"]) / (4 * ATOMS["1H"]) * SPEED_OF_LIGHT_SQUARED,
            "4 H -> 4He with the neutrinos counted, per kg of hydrogen",
            AME2020,
        ),
    )


@cache
def known_matter() -> tuple[Store, ...]:
    """Every known way to hold energy, from weak to strong."""
    stores = (*reference_stores(), *_structures(), *_excitations(), *_fusions())
    return tuple(sorted(stores, key=lambda store: store.specific_energy))


def strongest_in_use() -> Store:
    """The strongest fuel that is used today: uranium-235."""
    return next(store for store in reference_stores() if store.name.startswith("uranium-235"))


def strongest_ordinary() -> Store:
    """The strongest store without antimatter: hydrogen that fuses to helium."""
    return max(
        (store for store in known_matter() if store.specific_energy < SPEED_OF_LIGHT_SQUARED),
        key=lambda store: store.specific_energy,
    )
