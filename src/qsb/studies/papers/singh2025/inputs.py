"""Claims on inputs besides sunlight (Section 11B): pulsars, accretion, spin of black holes and fusion."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

from qsb.stellar.accretion import AccretionDisk
from qsb.stellar.channel import Channel
from qsb.stellar.constants import ATOMS, GRAVITATION, SOLAR_LUMINOSITY, SOLAR_MASS, SPEED_OF_LIGHT_SQUARED, YEAR
from qsb.stellar.fuel import Burner, reaction
from qsb.stellar.kerr import KerrHole, penrose_gain
from qsb.stellar.pulsar import Pulsar
from qsb.stellar.spectrum import astm_e490
from qsb.stellar.status import Status
from qsb.studies.bench import evaluate
from qsb.studies.claim import Claim, Evidence, Rule
from qsb.studies.papers.singh2025.tolerances import TOLERANCE, Measure
from qsb.units import ELEMENTARY_CHARGE, PLANCK, SPEED_OF_LIGHT

if TYPE_CHECKING:
    from qsb.studies.papers.singh2025.work import Work

__all__ = ["CLAIMS", "JUPITER", "OCEANS", "beam", "burning", "cell_share", "disk", "spin_gain"]

#: deuterium in the oceans, kg
OCEANS = 4.6e16
#: mass of Jupiter, kg: nominal GM of IAU 2015 Resolution B3 over G
JUPITER = 1.2668653e17 / GRAVITATION
#: power of an accretion disc over Eddington's
LUMINOSITY = 0.1
#: photons that a silicon cell takes, eV
CELL = (1.12, 4.0)
_CHOSEN = "masses, power and fuel chosen here"


def beam(pulsar: str, channel: str) -> float:
    """Smallest power that a channel of a known pulsar is thought to have, in Suns."""
    source = Pulsar.known(pulsar)
    share = next(each.low for each in source.channels if each.name == channel)
    return share * source.power(0.0) / SOLAR_LUMINOSITY


@cache
def disk(suns: float) -> AccretionDisk:
    """A disc at a tenth of Eddington's power around a hole without spin, in solar masses; fuel for 1 % of its mass."""
    hole = KerrHole(suns * SOLAR_MASS, 0.0)
    return AccretionDisk.at_eddington(hole, LUMINOSITY, 0.01 * hole.mass)


@cache
def cell_share(suns: float) -> float:
    """Share of a disc's light that a silicon cell could take, over its share of sunlight."""
    low, high = (PLANCK * SPEED_OF_LIGHT / (electronvolts * ELEMENTARY_CHARGE) for electronvolts in reversed(CELL))
    return disk(suns).photovoltaic_share / astm_e490().fraction(low, high)


@cache
def _light(suns: float) -> Channel:
    """The light of a disc in words."""
    return disk(suns).channels[0]


def spin_gain(spin: float) -> float:
    """Most that one particle gains by the Penrose process, over what the same mass of hydrogen gives by fusion."""
    return penrose_gain(spin) * SPEED_OF_LIGHT_SQUARED / reaction("4H").specific_energy


def burning(name: str, kilograms: float) -> float:
    """Years for which a mass of fuel gives one Sun's power."""
    return Burner(reaction(name), kilograms, SOLAR_LUMINOSITY).lifetime / YEAR


def pulsar_beams(w: Work, c: Claim) -> tuple[list[Evidence], Rule]:
    """Radio and gamma-ray beams of the Crab and Vela pulsars, at their least, in Suns."""
    out = []
    for name in ("crab", "vela"):
        source = Pulsar.known(name)
        for channel in ("radio beam", "gamma rays"):
            entry = next(each for each in source.channels if each.name == channel)
            out.append(
                c.measure(
                    "least power of the beam (Suns)",
                    beam(name, channel),
                    ">=",
                    1.0,
                    reading=f"{source.name}, {channel}",
                    rerun=evaluate(__name__, f"beam({name!r}, {channel!r})"),
                    note=f"best value {entry.share * source.power(0.0) / SOLAR_LUMINOSITY:.3g} Suns of "
                    f"{source.power(0.0) / SOLAR_LUMINOSITY:.3g} in all, most of it wind; {entry.spectrum}; converter: "
                    f"{entry.converter}",
                    source=entry.source,
                    status=entry.status,
                )
            )
    return out, "any"


def accretion(w: Work, c: Claim) -> tuple[list[Evidence], Rule]:
    """Power of a disc in Suns, and how long its fuel lasts."""
    out = []
    for suns in (10.0, 1e8):
        source = disk(suns)
        rows = (
            ("power (Suns)", source.power(0.0) / SOLAR_LUMINOSITY, f"disk({suns}).power(0.0) / {SOLAR_LUMINOSITY}"),
            ("lifetime (y)", source.lifetime / YEAR, f"disk({suns}).lifetime / {YEAR}"),
        )
        out += [
            c.measure(
                quantity,
                value,
                ">=",
                1.0,
                reading=f"disc around {suns:g} solar masses",
                rerun=evaluate(__name__, call),
                note=f"a tenth of Eddington's power, no spin, fuel of 1 % of its mass; {source.peak_temperature:.3g} K",
                source=f"{_light(suns).source}; {_CHOSEN}",
                status=Status.ENGINEERING,
            )
            for quantity, value, call in rows
        ]
    return out, "any"


def spin(w: Work, c: Claim) -> tuple[list[Evidence], Rule]:
    """Gain of the Penrose process per mass thrown in, beside hydrogen fusion."""
    out = []
    for a in (0.3, 0.7, 0.998):
        hole = KerrHole(10 * SOLAR_MASS, a)
        out.append(
            c.measure(
                "most gain per mass / hydrogen fusion",
                spin_gain(a),
                ">",
                1.0,
                reading=f"Penrose process, spin {a:g}",
                rerun=evaluate(__name__, f"spin_gain({a})"),
                note=f"{penrose_gain(a):.4g} of c^2; ten solar masses hold {hole.rotational_energy:.3g} J, one Sun for "
                f"{hole.rotational_energy / SOLAR_LUMINOSITY / YEAR:.3g} y",
                source="Bardeen, Press and Teukolsky, doi:10.1086/151796; Wald, doi:10.1086/152959",
                status=Status.ESTABLISHED,
            )
        )
    return out, "any"


def fusion(w: Work, c: Claim) -> tuple[list[Evidence], Rule]:
    """How long fuel lasts at one Sun's power."""
    rows = (
        (
            "D-T, all deuterium of the oceans and as much tritium",
            "D-T",
            OCEANS * (ATOMS["2H"] + ATOMS["3H"]) / ATOMS["2H"],
            f"{OCEANS:g} kg: Max Planck Institute for Plasma Physics, glossary, 'Deuterium'",
        ),
        ("4H, a Jupiter of hydrogen", "4H", JUPITER, "mass of Jupiter: IAU 2015 Resolution B3, arXiv:1510.07674"),
    )
    return [
        c.measure(
            "time at one Sun's power (y)",
            burning(name, mass),
            ">=",
            1.0,
            reading=reading,
            rerun=evaluate(__name__, f"burning({name!r}, {mass})"),
            note=f"{reaction(name).specific_energy:.4g} J/kg; a rate of "
            f"{SOLAR_LUMINOSITY / reaction(name).specific_energy:.3g} kg/s",
            source=f"{source}; {reaction(name).source}",
            status=Status.ENGINEERING,
        )
        for reading, name, mass, source in rows
    ], "any"


def couplings(w: Work, c: Claim) -> tuple[list[Evidence], Rule]:
    """Share of a disc's light that a solar cell takes, beside its share of sunlight."""
    return [
        c.measure(
            "share that silicon takes / its share of sunlight",
            cell_share(suns),
            "<",
            TOLERANCE["unlike"],
            reading=f"disc around {suns:g} solar masses",
            rerun=evaluate(__name__, f"cell_share({suns})"),
            note=f"photons of {CELL[0]:g} to {CELL[1]:g} eV; {_light(suns).spectrum}",
            source=f"{_light(suns).source}; {astm_e490().name}; {_CHOSEN}",
            status=Status.ENGINEERING,
        )
        for suns in (10.0, 1e8)
    ], "all"


CLAIMS: dict[str, Measure] = {
    "11B-pulsar": pulsar_beams,
    "11B-disk": accretion,
    "11B-spin": spin,
    "11B-fusion": fusion,
    "11B-couplings": couplings,
}
