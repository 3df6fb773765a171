"""One limit beside one claim, and the limits of each tier that a set of claims suffices for.

`qsb.stellar.bounds` gathers them into a report.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from qsb.stellar import limits
from qsb.stellar.constants import SPEED_OF_LIGHT_SQUARED
from qsb.stellar.matter import strongest_in_use
from qsb.stellar.scale import Store, specific_energy_report
from qsb.stellar.status import Status
from qsb.units import SPEED_OF_LIGHT

__all__ = ["Bound", "Tier", "Verdict", "hard_bounds", "known_matter_bounds", "todays_bounds"]

# Today's yardsticks of engineering: kg, W and N, the last from pounds-force.
_STATION_MASS = 419_725.0
_STATION_HEAT = 70e3
_ROCKET_THRUST = 8.8e6 * 4.4482216152605
_STATION = "NASA, Space Station Facts and Figures: 419,725 kg"
_STATION_COOLING = "NASA and Boeing, Active Thermal Control System (ATCS) Overview: two loops of 35 kW"
_ROCKET = "NASA, Space Launch System fact sheet: 8.8 million pounds of thrust, Block 1"

# Products of a few factors round; a black hole sits on two limits exactly.
_ROUNDING = 1e-14


class Tier(StrEnum):
    """What stands behind a limit."""

    HARD = "HARD"
    MATTER = "MATTER"
    ENGINEERING = "ENGINEERING"
    CONJECTURE = "CONJECTURE"


class Verdict(StrEnum):
    """What a comparison says, from harmless to impossible."""

    OK = "ok"
    BEYOND_TODAY = "beyond today"
    BEYOND_MATTER = "beyond known matter"
    FORBIDDEN = "FORBIDDEN"


_BEYOND = {
    Tier.HARD: Verdict.FORBIDDEN,
    Tier.MATTER: Verdict.BEYOND_MATTER,
    Tier.ENGINEERING: Verdict.BEYOND_TODAY,
    Tier.CONJECTURE: Verdict.BEYOND_MATTER,
}


@dataclass(frozen=True)
class Bound:
    """One claim beside one limit; ratio and verdict are computed.

    Attributes:
        bound: name of the limit.
        tier: what stands behind it.
        limit: the largest value that it allows.
        claimed: the value asked about.
        unit: of both.
        reference: where the limit comes from.
        assumption: what it takes for granted.
        status: how far the limit can be trusted.
        least_claimed: smallest value that rounds to the claimed one, where that is a rounded publication.
    """

    bound: str
    tier: Tier
    limit: float
    claimed: float
    unit: str
    reference: str
    assumption: str
    status: Status
    least_claimed: float | None = None

    @property
    def ratio(self) -> float:
        """Claimed value over limit; infinite where the limit is zero and the claim is not."""
        if self.limit == 0:
            return math.inf if self.claimed > 0 else 0.0
        return self.claimed / self.limit

    @property
    def verdict(self) -> Verdict:
        """Whether the claim, or what it rounds, keeps within the limit, and what it is beyond if it does not."""
        least = self.claimed if self.least_claimed is None else self.least_claimed
        return Verdict.OK if least <= self.limit * (1 + _ROUNDING) else _BEYOND[self.tier]

    def __str__(self) -> str:
        """One line: tier, name, numbers and verdict."""
        numbers = f"{self.claimed:.6g} of {self.limit:.6g} {self.unit}".rstrip()
        return f"{self.tier:<11} {self.bound}: {numbers}, x{self.ratio:.6g}: {self.verdict} [{self.status}]"

    def to_dict(self) -> dict[str, Any]:
        """Plain data for JSON; an infinite ratio is None."""
        return {
            "bound": self.bound,
            "tier": str(self.tier),
            "limit": self.limit,
            "claimed": self.claimed,
            "unit": self.unit,
            "ratio": self.ratio if math.isfinite(self.ratio) else None,
            "verdict": str(self.verdict),
            "reference": self.reference,
            "assumption": self.assumption,
            "status": str(self.status),
        }


def hard_bounds(claims: Mapping[str, float], weighed: float | None) -> Iterator[Bound]:
    """Laws of nature, each where the claims suffice for it.

    Args:
        claims: values in SI units, by name.
        weighed: mass of the whole store, kg, if known.
    """

    def row(bound: str, limit: float, claimed: str | float, unit: str, reference: str, assumption: str) -> Bound:
        value = claims[claimed] if isinstance(claimed, str) else claimed
        return Bound(bound, Tier.HARD, limit, value, unit, reference, assumption, Status.ESTABLISHED)

    energy, radius = claims.get("energy"), claims.get("radius")
    rest = 0.0 if weighed is None else weighed * SPEED_OF_LIGHT_SQUARED
    total = max(rest, energy or 0.0)
    if energy is not None and weighed is not None:
        note = "per kilogram of the whole store as weighed, whatever it is made of"
        if "host_mass" in claims:
            share = specific_energy_report(energy / claims["host_mass"]).mass_fraction
            percent = f"{100 * share:.3f}" if share > 1e-3 else f"{100 * share:.2g}"
            note += f"; {percent} % of the weighed mass is the stored energy itself"
        yield row("c^2", SPEED_OF_LIGHT_SQUARED, energy / weighed, "J/kg", "special relativity", note)
    if radius is not None and total > 0:
        reference = "Thorne, in Magic Without Magic, ed. Klauder (1972); exact for a sphere in general relativity"
        yield row("hoop", limits.hoop_energy(radius), total, "J", reference, "a sphere that has not collapsed")
    if "information" in claims and radius is not None:
        reference = "Bekenstein (1981), doi:10.1103/PhysRevD.23.287; proof: Casini (2008), arXiv:0804.2182"
        note = "total energy with rest mass, weak gravity; objections in arXiv:hep-th/0007237"
        yield row("Bekenstein", limits.bekenstein_bits(radius, total), "information", "bit", reference, note)
    if "operation_rate" in claims:
        reference = "Margolus and Levitin (1998), arXiv:quant-ph/9710043; Lloyd (2000), arXiv:quant-ph/9908043"
        note = "all of the energy, rest mass included, stands above the ground state"
        yield row("Margolus-Levitin", limits.margolus_levitin_rate(total), "operation_rate", "1/s", reference, note)
    if "stress" in claims:
        limit = limits.largest_stress(claims["density"])
        reference = (
            "Hawking and Ellis, The Large Scale Structure of Space-Time (1973), chapter 4; derived in "
            "docs/devdocs/stellar-bounds.md"
        )
        yield row("dominant energy", limit, "stress", "Pa", reference, "energy flows nowhere faster than light")
    if "energy_density" in claims:
        limit = limits.energy_flux_power(claims["energy_density"], _surface(claims))
        note = "the density is the largest on the surface; without area, the surface of the sphere"
        yield row("energy flux u c A", limit, "power", "W", "dominant energy condition", note)
    if "efficiency" in claims:
        limit = limits.landsberg_efficiency(claims["temperature"], claims["source_temperature"])
        note = "black radiation, reversible, into surroundings"
        yield row("Landsberg", limit, "efficiency", "", limits.LANDSBERG, note)
    if "work" in claims and energy is not None:
        reference = "Allahverdyan et al. (2004), doi:10.1209/epl/i2004-10101-2, arXiv:cond-mat/0401574"
        yield row("second law", energy, "work", "J", reference, "cyclic unitaries extract no more than the energy")


def _surface(claims: Mapping[str, float]) -> float:
    """Area that the power crosses: as given, or of the sphere."""
    return claims["area"] if "area" in claims else 4 * math.pi * claims["radius"] ** 2


def known_matter_bounds(
    claims: Mapping[str, float], weighed: float | None, store: Store, *, chosen: bool
) -> Iterator[Bound]:
    """What known matter does, and the conjectured largest power.

    Args:
        claims: values in SI units, by name.
        weighed: mass of the whole store, kg, if known.
        store: the matter to compare with.
        chosen: whether the caller named it.
    """
    if "energy" in claims and weighed is not None:
        note = "made of it wholly" if chosen else "the strongest matter without antimatter"
        yield Bound(
            store.name,
            Tier.MATTER,
            store.specific_energy,
            claims["energy"] / weighed,
            "J/kg",
            store.source,
            f"{note}: {store.how}",
            store.status,
        )
    if "electric_field" in claims:
        yield Bound(
            "Schwinger",
            Tier.MATTER,
            limits.field_energy_density(limits.schwinger_field()),
            limits.field_energy_density(claims["electric_field"]),
            "J/m^3",
            "Schwinger (1951), doi:10.1103/PhysRev.82.664",
            "a static electric field in vacuum, which makes electron-positron pairs above that density",
            Status.ESTABLISHED,
        )
    if "power" in claims:
        yield Bound(
            "c^5/4G",
            Tier.CONJECTURE,
            limits.LARGEST_POWER_CONJECTURED,
            claims["power"],
            "W",
            "Gibbons (2002), arXiv:hep-th/0210109; counterexamples in doi:10.3390/universe7110403",
            "a conjecture, which forbids nothing",
            Status.SPECULATIVE,
        )


def todays_bounds(claims: Mapping[str, float], weighed: float | None) -> Iterator[Bound]:
    """What has been built, as a yardstick; arguments as of `hard_bounds`."""

    def row(bound: str, limit: float, claimed: float, unit: str, reference: str, assumption: str) -> Bound:
        return Bound(bound, Tier.ENGINEERING, limit, claimed, unit, reference, assumption, Status.ENGINEERING)

    if "energy" in claims:
        energy = claims["energy"]
        if weighed is not None:
            fuel = strongest_in_use()
            yield row("fuel in use", fuel.specific_energy, energy / weighed, "J/kg", fuel.source, fuel.how)
        inertia = energy / SPEED_OF_LIGHT_SQUARED
        note = "E/c^2 has to be held and moved; mass of the International Space Station"
        yield row("inertia", _STATION_MASS, inertia, "kg", _STATION, note)
    if "power" in claims:
        note = "P/c as a beam of light; thrust of the Space Launch System at lift-off"
        yield row("reaction force", _ROCKET_THRUST, claims["power"] / SPEED_OF_LIGHT, "N", _ROCKET, note)
    if "loss_rate" in claims:
        kelvin = claims["temperature"]
        needed = limits.radiator_area(claims["loss_rate"] * claims["energy"], kelvin)
        limit = claims.get("area", limits.radiator_area(_STATION_HEAT, kelvin))
        reference, note = "Stefan-Boltzmann law", "black, one face, cold sky; the limit is the area that was given"
        if "area" not in claims:
            reference = f"Stefan-Boltzmann law; {_STATION_COOLING}"
            note = "black, one face, cold sky; the limit sheds the 70 kW of the International Space Station"
        yield row("radiator area", limit, needed, "m^2", reference, note)
