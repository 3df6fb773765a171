r"""Nuclear fuel: what its masses give per kilogram, in which particles, and a burner that draws it down. SI units.

Energy of a reaction :math:`Q = (m_\mathrm{before} - m_\mathrm{after})c^2`. Of two products at low energy the lighter
one takes :math:`Q(Q + 2m_2c^2)/(2Mc^2)` with :math:`M` the mass before and :math:`m_2` that of the other one.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import Any

from qsb.checks import made_of, number, one_of
from qsb.errors import SpecError
from qsb.stellar.channel import Channel, steady
from qsb.stellar.constants import AME2020, ATOMIC_MASS, ATOMS, SPEED_OF_LIGHT_SQUARED
from qsb.stellar.scale import reference_stores
from qsb.stellar.si import si
from qsb.stellar.status import Status
from qsb.units import ELEMENTARY_CHARGE

__all__ = ["Burner", "Reaction", "reaction", "reactions"]

_HEAT = "a blanket or a wall that is run as a heat engine"


@dataclass(frozen=True)
class Reaction:
    """A reaction of nuclei.

    Attributes:
        name: short name, as `reaction` takes it.
        equation: what becomes what.
        energy: J per reaction, neutrinos counted.
        fuel_mass: kg of fuel atoms per reaction.
        channels: in which particles the energy comes.
        source: where the masses come from.
        status: measured.
    """

    name: str
    equation: str
    energy: float
    fuel_mass: float
    channels: tuple[Channel, ...]
    source: str
    status: Status = Status.MEASURED

    @property
    def specific_energy(self) -> float:
        """J per kg of fuel atoms."""
        return self.energy / self.fuel_mass

    @property
    def recoverable(self) -> float:
        """Share of the energy that is no neutrino."""
        return 1 - sum(channel.share for channel in self.channels if channel.name.endswith("neutrinos"))


def _channel(name: str, share: float, spectrum: str, converter: str, status: Status, source: str) -> Channel:
    return Channel(name, share, share, share, spectrum, converter, status, source)


def _two(name: str, lost: float, before: float, light: str, converter: str) -> tuple[Channel, ...]:
    """Channels of a reaction with an alpha particle and a lighter product; masses in atomic mass units."""
    share = (lost + 2 * ATOMS["4He"]) / (2 * before)
    total = lost * ATOMIC_MASS * SPEED_OF_LIGHT_SQUARED / (1e6 * ELEMENTARY_CHARGE)
    kinematics = f"energy and momentum at rest; masses of {AME2020}"
    return (
        _channel(light, share, f"{share * total:.4g} MeV each", converter, Status.MEASURED, kinematics),
        _channel(
            "alpha particles",
            1 - share,
            f"{(1 - share) * total:.4g} MeV each",
            "the plasma that they heat, or slowing in a field",
            Status.MEASURED,
            f"{kinematics}; {name}",
        ),
    )


@cache
def reactions() -> tuple[Reaction, ...]:
    """Reactions with energies from measured masses: D-T, D-3He, 4H (as in the Sun) and 235U.

    Side reactions are left out; a plasma of D and 3He makes neutrons by d + d.
    """
    unit = ATOMIC_MASS * SPEED_OF_LIGHT_SQUARED
    dt = ATOMS["2H"] + ATOMS["3H"] - ATOMS["4He"] - ATOMS["n"]
    dhe = ATOMS["2H"] + ATOMS["3He"] - ATOMS["4He"] - ATOMS["1H"]
    pp = 4 * ATOMS["1H"] - ATOMS["4He"]
    uranium = next(store for store in reference_stores() if "uranium" in store.name)
    chains = "two pp neutrinos of 0.265 MeV on average, or for 15 % of the chains one and the 0.86 MeV of 7Be"
    evaluated = "ENDF/B-VIII.0, energy release of 235U (MF 1, MT 458), as public copies of it have it"
    neutrinos, antineutrinos = 0.023, 8.75 / 202.1554
    return (
        Reaction(
            "D-T",
            "d + t -> alpha + n",
            dt * unit,
            (ATOMS["2H"] + ATOMS["3H"]) * ATOMIC_MASS,
            _two("D-T", dt, ATOMS["2H"] + ATOMS["3H"], "neutrons", _HEAT),
            AME2020,
        ),
        Reaction(
            "D-3He",
            "d + 3He -> alpha + p",
            dhe * unit,
            (ATOMS["2H"] + ATOMS["3He"]) * ATOMIC_MASS,
            _two("D-3He", dhe, ATOMS["2H"] + ATOMS["3He"], "protons", "slowing in a field, as current"),
            AME2020,
        ),
        Reaction(
            "4H",
            "4 H -> 4He + 2 neutrinos + light, electrons counted",
            pp * unit,
            4 * ATOMS["1H"] * ATOMIC_MASS,
            (
                Channel(
                    "heat of the star",
                    1 - neutrinos,
                    0.975,
                    0.980,
                    "gamma rays and motion, thermal long before they leave",
                    "an absorber for the star's light",
                    Status.ENGINEERING,
                    "the rest",
                ),
                Channel(
                    "neutrinos",
                    neutrinos,
                    0.020,
                    0.025,
                    "0.61 MeV of 26.73 MeV in the Sun: 0.53 by the branch without beryllium, 1.1 by that with it",
                    "none: matter is transparent to them",
                    Status.ENGINEERING,
                    f"derived in docs/devdocs/stellar-sources.md: {chains}",
                ),
            ),
            AME2020,
        ),
        Reaction(
            "235U",
            "235U + n -> 141Pr + 92Zr + 3 n after the beta decays",
            uranium.specific_energy * ATOMS["235U"] * ATOMIC_MASS,
            ATOMS["235U"] * ATOMIC_MASS,
            (
                Channel(
                    "heat of fragments",
                    1 - antineutrinos,
                    0.955,
                    0.957,
                    "fragments of about 170 MeV together, then neutrons, beta and gamma rays, within centimetres",
                    _HEAT,
                    Status.ENGINEERING,
                    "the rest",
                ),
                Channel(
                    "antineutrinos",
                    antineutrinos,
                    0.043,
                    0.045,
                    "8.75 of 202.16 MeV, spread over the years in which the fragments decay",
                    "none: matter is transparent to them",
                    Status.MEASURED,
                    evaluated,
                ),
            ),
            uranium.source,
        ),
    )


def reaction(name: str) -> Reaction:
    """The reaction of a name.

    Args:
        name: "D-T", "D-3He", "4H" or "235U".

    Raises:
        SpecError: another name.
    """
    table = {each.name: each for each in reactions()}
    return table[one_of("name", name, tuple(table))]


@dataclass(frozen=True)
class Burner:
    """Fuel that reacts at a steady rate until the part that may burn is gone.

    Args:
        reaction: which one; `reaction` makes it.
        mass: kg of fuel atoms.
        output: W, all particles together.
        burnup: share of the fuel that reacts before it must be changed, above 0 and at most 1.

    Raises:
        SpecError: numbers that are not positive, a burnup above 1.
    """

    reaction: Reaction
    mass: float
    output: float
    burnup: float = 1.0
    status: Status = Status.ENGINEERING

    def __post_init__(self) -> None:
        made_of("reaction", self.reaction, Reaction, 'a Reaction: reaction("D-T") makes one')
        object.__setattr__(self, "mass", si("mass", self.mass, "kg", positive=True))
        object.__setattr__(self, "output", si("output", self.output, "W", positive=True))
        share = number("burnup", self.burnup, positive=True)
        if share > 1:
            raise SpecError(f"burnup is {share:g}; no more than all of the fuel reacts: give at most 1.")
        object.__setattr__(self, "burnup", share)

    @property
    def reservoir(self) -> float:
        """Energy of the fuel that reacts, J."""
        return self.burnup * self.mass * self.reaction.specific_energy

    @property
    def lifetime(self) -> float:
        """Time until the fuel must be changed, s."""
        return self.reservoir / self.output

    @property
    def nearest(self) -> float:
        """No distance is too small, m."""
        return 0.0

    @property
    def channels(self) -> tuple[Channel, ...]:
        """The particles of the reaction."""
        return self.reaction.channels

    def power(self, t: Any) -> float:
        """Power in W, all particles together: constant while there is fuel, then 0.

        Raises:
            SpecError: a negative time.
        """
        return steady(self.output, self.lifetime, t)

    def heat(self, t: Any) -> float:
        """Heat beside the power, W: none, all that the reaction gives leaves as particles."""
        return steady(0.0, self.lifetime, t)
