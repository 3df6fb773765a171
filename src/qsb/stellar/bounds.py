r"""What physics, known matter and today's engineering let a store be: one report of limits beside claims.

Four tiers. A HARD limit is a law of nature: a claim beyond it raises `PhysicsBoundError`, or, if the caller opts in,
puts a stamp on the report that goes with every result made from it. MATTER is the best that known matter does,
ENGINEERING what has been built. CONJECTURE is listed and forbids nothing. ::

    print(bounds_report(energy=1e14, mass=1.0))
    report = bounds_report(energy=1e20, mass=1.0, allow_unphysical=True)
    report.stamp        # "VIOLATES c^2 x1112.65"

The derivations are in docs/devdocs/stellar-bounds.md.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from qsb import checks
from qsb.errors import PhysicsBoundError, SpecError
from qsb.stellar import limits
from qsb.stellar.constants import SPEED_OF_LIGHT_SQUARED
from qsb.stellar.matter import known_matter, strongest_ordinary
from qsb.stellar.scale import Store, table_one
from qsb.stellar.si import si
from qsb.stellar.status import Status
from qsb.stellar.tiers import Bound, Tier, Verdict, hard_bounds, known_matter_bounds, todays_bounds
from qsb.units import SPEED_OF_LIGHT

__all__ = [
    "CLAIMS",
    "Bound",
    "BoundsReport",
    "Tier",
    "Verdict",
    "bounds_report",
    "specific_energy_bounds",
    "stamps",
    "table_one_bounds",
]

#: what can be claimed: the SI unit as astropy spells it, and what it means
CLAIMS: Mapping[str, tuple[str, str]] = {
    "energy": ("J", "stored energy"),
    "mass": ("kg", "mass of the whole store as the scales show it, stored energy included"),
    "host_mass": ("kg", "mass of the empty store, instead of `mass`"),
    "radius": ("m", "radius of a sphere around the store"),
    "power": ("W", "power in or out"),
    "temperature": ("K", "temperature at which heat is given away"),
    "work": ("J", "extractable work (ergotropy) of the stored energy"),
    "efficiency": ("", "work per energy of absorbed black radiation"),
    "source_temperature": ("K", "temperature of that radiation"),
    "loss_rate": ("1 / s", "share of the energy that becomes heat in a second"),
    "area": ("m2", "area of the surface that radiates, or that the power crosses"),
    "energy_density": ("J / m3", "largest energy density on the surface that the power crosses"),
    "electric_field": ("V / m", "field that holds the energy"),
    "stress": ("Pa", "largest stress in the structure"),
    "density": ("kg / m3", "mass density where that stress is"),
    "information": ("bit", "information held inside `radius`"),
    "operation_rate": ("1 / s", "orthogonal states passed in a second, by all parts together"),
}

_VIOLATES = "VIOLATES "

# What may be as large as `limits.LARGEST_CLAIM`.
_LARGE = frozenset(("energy", "work", "information", "operation_rate"))

_POSITIVE = frozenset(("mass", "host_mass", "radius", "temperature", "source_temperature", "area", "density"))

# A claim of the left says nothing alone: each group needs one of its members.
_PARTNERS: Mapping[str, tuple[tuple[str, ...], ...]] = {
    "host_mass": (("energy",),),
    "work": (("energy",),),
    "efficiency": (("temperature",), ("source_temperature",)),
    "source_temperature": (("efficiency",),),
    "loss_rate": (("energy",), ("temperature",)),
    "energy_density": (("power",), ("area", "radius")),
    "stress": (("density",),),
    "information": (("radius",), ("energy", "mass")),
    "operation_rate": (("energy", "mass"),),
}


@dataclass(frozen=True)
class BoundsReport:
    """Claims beside their limits; made by `bounds_report`.

    Attributes:
        claims: name, value in SI and unit of what was claimed.
        rows: the comparisons, hard ones first.
        energy: stored energy, J; None if none was claimed.
        power: W; None if none was claimed.
        specific_energy: stored energy per weighed kilogram, J/kg; None where one of them is missing.
        ladder: known matter from weak to strong.
    """

    claims: tuple[tuple[str, float, str], ...]
    rows: tuple[Bound, ...]
    energy: float | None
    power: float | None
    specific_energy: float | None
    ladder: tuple[Store, ...]

    @property
    def deciding(self) -> tuple[Bound, ...]:
        """The rows that count: all but a conjecture."""
        return tuple(row for row in self.rows if row.tier is not Tier.CONJECTURE)

    @property
    def verdict(self) -> Verdict:
        """The worst verdict of the rows that count."""
        order = list(Verdict)
        return max((row.verdict for row in self.deciding), key=order.index)

    @property
    def status(self) -> Status:
        """How far the verdict can be trusted.

        One broken limit suffices, so the firmest of those that give the verdict; "ok" needs all, so the loosest.
        """
        order = list(Status)
        found = sorted((row.status for row in self.deciding if row.verdict is self.verdict), key=order.index)
        return found[-1] if self.verdict is Verdict.OK else found[0]

    @property
    def violated(self) -> tuple[Bound, ...]:
        """The laws of nature that the claims break."""
        return tuple(row for row in self.rows if row.verdict is Verdict.FORBIDDEN)

    @property
    def stamp(self) -> str:
        """What every result made from these claims must carry; empty where they break no law."""
        broken = "; ".join(f"{row.bound} x{row.ratio:.6g}" for row in self.violated)
        return _VIOLATES + broken if broken else ""

    @property
    def mass_equivalent(self) -> float | None:
        """What the stored energy weighs, E/c^2, kg."""
        return None if self.energy is None else self.energy / SPEED_OF_LIGHT_SQUARED

    @property
    def schwarzschild_radius(self) -> float | None:
        """Radius below which the stored energy alone is a black hole, 2GE/c^4, m."""
        return None if self.energy is None else limits.schwarzschild_radius(self.energy)

    @property
    def reaction_force(self) -> float | None:
        """Force of the power if it comes or goes as a beam of light, P/c, N."""
        return None if self.power is None else self.power / SPEED_OF_LIGHT

    def __str__(self) -> str:
        """The stamp if there is one, the verdict, the rows, the weight, and known matter beside the claim."""
        lines = [self.stamp] if self.stamp else []
        lines += [f"verdict: {self.verdict} [{self.status}]", *(f"  {row}" for row in self.rows)]
        if self.energy is not None:
            lines.append(
                f"the energy weighs {self.mass_equivalent:.6g} kg; within {self.schwarzschild_radius:.6g} m it is a "
                "black hole"
            )
        if self.power is not None:
            lines.append(f"as a beam of light the power pushes with {self.reaction_force:.6g} N")
        if self.specific_energy is not None:
            width = max(len(store.name) for store in self.ladder)
            lines.append(f"{self.specific_energy:.6g} J/kg against known matter:")
            lines += [
                f"  {store.name:<{width}}  {store.specific_energy:10.4g} J/kg   "
                f"{self.specific_energy / store.specific_energy:.4g} times it [{store.status}]"
                for store in self.ladder
            ]
        return "\n".join(lines)

    def explain(self) -> str:
        """The report as text, each row with its reference, its assumption and its status."""
        lines = str(self).splitlines()
        start = next(i for i, line in enumerate(lines) if line.startswith("verdict:")) + 1
        told = [
            line
            for row in self.rows
            for line in (f"  {row}", f"      reference: {row.reference}", f"      assumption: {row.assumption}")
        ]
        return "\n".join([*lines[:start], *told, *lines[start + len(self.rows) :]])

    def to_dict(self) -> dict[str, Any]:
        """Plain data for JSON."""
        return {
            "claims": {name: {"value": value, "unit": unit} for name, value, unit in self.claims},
            "verdict": str(self.verdict),
            "status": str(self.status),
            "stamp": self.stamp,
            "rows": [row.to_dict() for row in self.rows],
            "mass_equivalent_kg": self.mass_equivalent,
            "schwarzschild_radius_m": self.schwarzschild_radius,
            "reaction_force_N": self.reaction_force,
            "specific_energy_J_per_kg": self.specific_energy,
            "known_matter": [
                {
                    "name": store.name,
                    "specific_energy_J_per_kg": store.specific_energy,
                    "how": store.how,
                    "source": store.source,
                    "status": str(store.status),
                }
                for store in self.ladder
            ],
        }


def bounds_report(
    energy: Any = None,
    mass: Any = None,
    radius: Any = None,
    power: Any = None,
    temperature: Any = None,
    *,
    matter: str | None = None,
    allow_unphysical: bool = False,
    **more: Any,
) -> BoundsReport:
    """Compare what is claimed for a store with every limit that the claims suffice for.

    All values are numbers in SI units or astropy quantities; `CLAIMS` lists them with their meaning.

    Args:
        energy: stored energy, J.
        mass: of the whole store as weighed, stored energy included, kg; ``host_mass`` gives the empty store's.
        radius: of a sphere around it, m.
        power: W.
        temperature: at which heat is given away, K.
        matter: name of a store of `qsb.stellar.matter.known_matter` that it is made of; else the specific energy is
            held against the strongest matter without antimatter.
        allow_unphysical: whether claims beyond a law of nature are reported, with a stamp, and not refused.
        **more: the other names of `CLAIMS`.

    Raises:
        SpecError: an unknown name, a value that is out of range, or claims that cannot be compared with anything.
        PhysicsBoundError: a law of nature is broken and `allow_unphysical` is false.
    """
    first = {"energy": energy, "mass": mass, "radius": radius, "power": power, "temperature": temperature}
    unphysical = checks.flag("allow_unphysical", allow_unphysical)
    claims = _claims({**first, **more})
    made_of = strongest_ordinary() if matter is None else _named(matter)
    weighed = _weighed(claims)
    rows = (
        *hard_bounds(claims, weighed),
        *known_matter_bounds(claims, weighed, made_of, chosen=matter is not None),
        *todays_bounds(claims, weighed),
    )
    if not rows:
        raise SpecError(
            "bounds_report has nothing to compare; give energy (with mass, radius, ...), power, or stress with density."
        )
    report = BoundsReport(
        claims=tuple((name, value, CLAIMS[name][0]) for name, value in claims.items()),
        rows=rows,
        energy=claims.get("energy"),
        power=claims.get("power"),
        specific_energy=None if weighed is None or "energy" not in claims else claims["energy"] / weighed,
        ladder=known_matter(),
    )
    if report.violated and not unphysical:
        raise PhysicsBoundError(_refusal(report), report.stamp)
    return report


def specific_energy_bounds(specific_energy: Any, *, allow_unphysical: bool = False) -> BoundsReport:
    """The report on a claim of energy per kilogram of the whole store.

    Args:
        specific_energy: J/kg, or an astropy quantity.
        allow_unphysical: as of `bounds_report`.

    Raises:
        SpecError: a negative value.
        PhysicsBoundError: more than c^2, unless `allow_unphysical`.
    """
    claimed = si("specific_energy", specific_energy, "J / kg", least=0.0)
    return bounds_report(energy=claimed, mass=1.0, allow_unphysical=allow_unphysical)


def stamps(*things: object) -> tuple[str, ...]:
    """What everything made from these things must carry: each broken law once, in the order in which it is met.

    A dataset, a figure or a page is made from reports, stores, refusals or other datasets; whoever makes one passes
    all of them and puts these texts on it.

    Args:
        things: a text; an object with a `stamp`, as a `BoundsReport` or a `PhysicsBoundError` has; one with `attrs`
            that hold "stamp", as a dataset; None and whatever has neither counts for nothing.
    """
    found: dict[str, None] = {}
    for thing in things:
        attributes = getattr(thing, "attrs", None)
        held = attributes.get("stamp") if isinstance(attributes, Mapping) else getattr(thing, "stamp", thing)
        if isinstance(held, str) and held:
            found |= dict.fromkeys(held.split("; "))
    broken = dict.fromkeys(text.removeprefix(_VIOLATES) for text in found)
    return tuple(_VIOLATES + text for text in broken)


def table_one_bounds() -> tuple[Bound, ...]:
    """Table 1 of "Quantum Stellar Batteries": each row beside its own kind of matter, the target beside c^2.

    A published value breaks a limit only if all that rounds to it does (see `qsb.stellar.scale.Comparison`).
    """
    rows = []
    for entry in table_one():
        store = entry.ours
        below = store is not None and store.specific_energy < SPEED_OF_LIGHT_SQUARED
        rows.append(
            Bound(
                bound=entry.system,
                tier=Tier.MATTER if below else Tier.HARD,
                limit=SPEED_OF_LIGHT_SQUARED if store is None else store.specific_energy,
                claimed=entry.published,
                unit="J/kg",
                reference="c is exact in the SI" if store is None else store.source,
                assumption="per kg of the whole store" if store is None else store.how,
                status=entry.status,
                least_claimed=entry.low,
            )
        )
    return tuple(rows)


def _claims(given: Mapping[str, Any]) -> dict[str, float]:
    """The claims that were made, in SI units, in the order of `CLAIMS`."""
    for name in given:
        checks.one_of("a claim of bounds_report", name, tuple(CLAIMS))
    found = {}
    for name, (unit, _) in CLAIMS.items():
        if given.get(name) is not None:
            positive = name in _POSITIVE
            most = limits.LARGEST_CLAIM if name in _LARGE else checks.LARGEST
            found[name] = si(name, given[name], unit, positive=positive, least=None if positive else 0.0, most=most)
    if "mass" in found and "host_mass" in found:
        raise SpecError("mass is of the whole store and host_mass of the empty one; give one of them.")
    for name, groups in _PARTNERS.items():
        missing = [" or ".join(group) for group in groups if not set(group) & set(found)]
        if name in found and missing:
            raise SpecError(f"{name} says nothing alone; give {' and '.join(missing)} as well.")
    return found


def _named(matter: object) -> Store:
    """A store of the table, by name."""
    stores = {store.name: store for store in known_matter()}
    return stores[checks.one_of("matter", matter, tuple(stores))]


def _weighed(claims: Mapping[str, float]) -> float | None:
    """What the scales show, kg: a host and the energy in it, or the mass as given."""
    if "host_mass" in claims:
        return claims["host_mass"] + claims["energy"] / SPEED_OF_LIGHT_SQUARED
    return claims.get("mass")


def _refusal(report: BoundsReport) -> str:
    """Which law is broken by how much, and what can be done."""
    broken = "; ".join(
        f"{row.bound} allows {row.limit:.6g} {row.unit}".rstrip() + f" and {row.claimed:.6g} is claimed, "
        f"{row.ratio:.6g} times as much ({row.assumption})"
        for row in report.violated
    )
    return (
        f"physics forbids it: {broken}. Claim less, give host_mass in place of mass if a mass is meant without the "
        f"energy in it, or say allow_unphysical=True, and every result carries the stamp {report.stamp!r}."
    )
