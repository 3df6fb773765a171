"""Ladders of specific energies, powers and Kardashev indices, as rows for tables and figures. SI units."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

from qsb.stellar.accretion import eddington_luminosity
from qsb.stellar.constants import (
    ASTRONOMICAL_UNIT,
    IAU2015,
    SOLAR_LUMINOSITY,
    SOLAR_MASS,
    SPEED_OF_LIGHT_SQUARED,
    YEAR,
)
from qsb.stellar.kardashev import TYPES_OF_1964, kardashev_rating
from qsb.stellar.limits import LARGEST_POWER_CONJECTURED
from qsb.stellar.matter import known_matter
from qsb.stellar.pulsar import ATNF, Pulsar
from qsb.stellar.scale import table_one
from qsb.stellar.status import Status
from qsb.stellar.tiers import Tier

__all__ = ["Rung", "kardashev_ladder", "power_ladder", "specific_energy_ladder"]

# Mean radius of the Earth, m; demand of mankind, W: 620 EJ, and 29 500 TWh, a year.
_EARTH = 6.371e6
_PRIMARY, _ELECTRIC = 620e18 / YEAR, 3.365e12
_MEMORY = "from memory, not checked"
_REVIEW = "620 EJ in 2023: Energy Institute, Statistical Review of World Energy 2024"
_EMBER = "29 500 TWh a year, rounded; 29 471 in 2023: Ember, Global Electricity Review 2024"


@dataclass(frozen=True)
class Rung:
    """One row of a ladder.

    Attributes:
        name: what it is.
        value: in `unit`.
        unit: SI, or empty for an index.
        tier: what stands behind it: HARD for a law of nature, or a claim that only a law can judge.
        status: how far the value can be trusted.
        source: where it comes from.
        forbidden: whether a law of nature rules it out.
    """

    name: str
    value: float
    unit: str
    tier: Tier
    status: Status
    source: str
    forbidden: bool = False

    def to_dict(self) -> dict[str, Any]:
        """Plain data for JSON and for tables."""
        return {
            "name": self.name,
            "value": self.value,
            "unit": self.unit,
            "tier": str(self.tier),
            "status": str(self.status),
            "source": self.source,
            "forbidden": self.forbidden,
        }


def specific_energy_ladder() -> tuple[Rung, ...]:
    """Known matter in J/kg from weak to strong, c^2, and what the paper's Table 1 aims at beyond it."""
    rows = [
        Rung(
            store.name,
            store.specific_energy,
            "J/kg",
            Tier.MATTER if store.specific_energy < SPEED_OF_LIGHT_SQUARED else Tier.HARD,
            store.status,
            store.source,
        )
        for store in known_matter()
    ]
    aims = [
        Rung(entry.system, entry.published, "J/kg", Tier.HARD, entry.status, "Table 1 of the paper", not entry.allowed)
        for entry in table_one()
        if entry.ours is None
    ]
    return _sorted([*rows, *aims])


def power_ladder() -> tuple[Rung, ...]:
    """Powers in W from a human to the largest one that is conjectured."""
    sunlight = SOLAR_LUMINOSITY / (4 * math.pi * ASTRONOMICAL_UNIT**2) * math.pi * _EARTH**2
    crab = Pulsar.known("crab")
    built, found, measured = Tier.ENGINEERING, Tier.MATTER, Status.MEASURED
    eddington = eddington_luminosity(SOLAR_MASS)
    return _sorted(
        [
            Rung("a human at rest", 100.0, "W", built, Status.ENGINEERING, f"a round number, {_MEMORY}"),
            Rung("a large power station", 1e9, "W", built, Status.ENGINEERING, "a round number"),
            Rung("electricity of mankind", _ELECTRIC, "W", built, measured, _EMBER),
            Rung("primary energy of mankind", _PRIMARY, "W", built, measured, _REVIEW),
            Rung("sunlight that meets the Earth", sunlight, "W", found, measured, f"{IAU2015}; radius of 6371 km"),
            Rung("the Sun", SOLAR_LUMINOSITY, "W", found, measured, IAU2015),
            Rung("spin-down of the Crab pulsar", crab.power(0.0), "W", found, crab.status, ATNF),
            Rung("Eddington's, one solar mass", eddington, "W", found, Status.ESTABLISHED, "4 pi G M m_p c / sigma_T"),
            Rung(
                "c^5/4G",
                LARGEST_POWER_CONJECTURED,
                "W",
                Tier.CONJECTURE,
                Status.SPECULATIVE,
                "Gibbons (2002), arXiv:hep-th/0210109; counterexamples in doi:10.3390/universe7110403",
            ),
        ]
    )


def kardashev_ladder() -> tuple[Rung, ...]:
    """Sagan's index of the powers of `power_ladder`, without the conjecture, and of Kardashev's own three types."""
    source = "Kardashev, Sov. Astron. 8, 217 (1964)"
    types = [(f"Kardashev's type {n}", p, Tier.CONJECTURE, Status.SPECULATIVE, source) for n, p in TYPES_OF_1964]
    powers = [(r.name, r.value, r.tier, r.status, r.source) for r in power_ladder() if r.tier is not Tier.CONJECTURE]
    return _sorted(
        [
            Rung(name, kardashev_rating(power).index, "", tier, status, origin)
            for name, power, tier, status, origin in (*powers, *types)
        ]
    )


def _sorted(rungs: list[Rung]) -> tuple[Rung, ...]:
    """From small to large."""
    return tuple(sorted(rungs, key=lambda rung: rung.value))
