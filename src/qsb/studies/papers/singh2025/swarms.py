"""Claims on flares, swarms and shells (Section 11A): how large surges are, and what buffers and numbers do."""

from __future__ import annotations

import math
from functools import cache
from typing import TYPE_CHECKING

import numpy as np

from qsb.stellar.constants import ASTRONOMICAL_UNIT, GRAVITATION, SOLAR_MASS
from qsb.stellar.history import Run, simulate
from qsb.stellar.loss import Loss
from qsb.stellar.matter import known_matter
from qsb.stellar.observed import Recording, goes, tess_flare
from qsb.stellar.status import Status
from qsb.stellar.store import Store
from qsb.studies.bench import evaluate
from qsb.studies.claim import Claim, Evidence, Rule
from qsb.studies.papers.singh2025.tolerances import TOLERANCE, Measure

if TYPE_CHECKING:
    from qsb.studies.papers.singh2025.work import Work

__all__ = [
    "CLAIMS",
    "HALLOWEEN",
    "HALLOWEEN_SOURCE",
    "buffered",
    "needed_strength",
    "peak_behind",
    "recording",
    "shell_survives",
    "swarm_survives",
]

#: rise of the Sun's whole light in the X17 flare of 28 October 2003
HALLOWEEN = 270e-6
HALLOWEEN_SOURCE = "Woods et al., Geophys. Res. Lett. 31, L10802 (2004), doi:10.1029/2004GL019571, abstract"
#: collectors of a swarm, chance that one is lost, share that must be left
COLLECTORS, LOST, LEFT = 10_000, 1e-3, 0.998


@cache
def recording(star: str) -> Recording:
    """The flare of "sun", GOES-16 of 10 September 2017, or of "dwarf", seen by TESS."""
    return goes("2017-09-10", 16) if star == "sun" else tess_flare()


@cache
def buffered(star: str) -> Run:
    """A swarm behind a buffer that passes on the quiet power and half of the largest surge, through the flare.

    In units of the quiet power, and seconds of it; the buffer has no loss and as much room as `Recording.storage` asks.
    """
    flare = recording(star)
    cap = 1 + 0.5 * flare.surge_ratio
    edges = flare.times[flare.window]
    room = flare.storage(cap) * (1 + 1e-9)
    return simulate(Store(Loss(), capacity=room), edges, 1 + flare.power(edges), cap)


def peak_behind(star: str) -> float:
    """Largest power behind the buffer over the largest in front of it, both as means of an interval."""
    run, flare = buffered(star), recording(star)
    edges = flare.times[flare.window]
    return float((run.flows["delivered"] / np.diff(edges)).max() / (1 + flare.power(edges)).max())


def needed_strength() -> float:
    r"""Strength over density that a closed shell at 1 au needs, :math:`GM/2R`, in J/kg."""
    return GRAVITATION * SOLAR_MASS / (2 * ASTRONOMICAL_UNIT)


def shell_survives() -> float:
    """Chance that none of the parts is lost, which a shell needs that one breach ends."""
    return float((1 - LOST) ** COLLECTORS)


def swarm_survives() -> float:
    """Chance that the share `LEFT` of the parts or more is left: a sum of binomial terms."""
    most = math.floor(COLLECTORS * (1 - LEFT) + 1e-9)
    terms = (
        math.exp(
            math.lgamma(COLLECTORS + 1)
            - math.lgamma(k + 1)
            - math.lgamma(COLLECTORS - k + 1)
            + k * math.log(LOST)
            + (COLLECTORS - k) * math.log1p(-LOST)
        )
        for k in range(most + 1)
    )
    return math.fsum(terms)


def surge(w: Work, c: Claim) -> tuple[list[Evidence], Rule]:
    """Largest excess over the star's whole quiet light, for two flares of the Sun and one of an M dwarf."""
    sun, dwarf = recording("sun"), recording("dwarf")
    rows = (
        (
            "Sun, X17 flare of 2003-10-28, all wavelengths",
            HALLOWEEN,
            "HALLOWEEN",
            "one of the largest on record",
            HALLOWEEN_SOURCE,
            Status.MEASURED,
        ),
        (
            "Sun, X8.2 flare of 2017-09-10, 1-8 Angstrom",
            sun.surge_ratio,
            "recording('sun').surge_ratio",
            f"{sun.name}; peak {sun.peak:.4g} {sun.unit}",
            sun.source,
            sun.status,
        ),
        (
            "M dwarf TIC 358108509, all wavelengths",
            dwarf.flare_surge_ratio(),
            "recording('dwarf').flare_surge_ratio()",
            f"{dwarf.surge_ratio:.4g} in the band of TESS; a flare of 9000 K is assumed",
            dwarf.source,
            Status.ENGINEERING,
        ),
    )
    return [
        c.measure(
            "largest excess over quiet starlight",
            value,
            ">=",
            TOLERANCE["noticeable"],
            reading=reading,
            rerun=evaluate(__name__, call),
            note=note,
            source=source,
            status=status,
        )
        for reading, value, call, note, source, status in rows
    ], "all"


def buffer(w: Work, c: Claim) -> tuple[list[Evidence], Rule]:
    """Peak power behind a buffer over that in front of it, and what the buffer could not take."""
    out = []
    for reading, star in (("M dwarf TIC 358108509, band of TESS", "dwarf"), ("Sun, X8.2 flare of 2017-09-10", "sun")):
        run, flare = buffered(star), recording(star)
        cap = 1 + 0.5 * flare.surge_ratio
        rows = (
            (
                "largest power behind the buffer / in front",
                peak_behind(star),
                "<",
                1.0,
                TOLERANCE["noticeable"],
                f"peak_behind({star!r})",
                f"capped at {cap:.6g} of the quiet power; holds {flare.storage(cap):.4g} s of it",
            ),
            (
                "share of the light that is refused",
                run.ledger.clipped / run.ledger.inflow,
                "<=",
                TOLERANCE["negligible"],
                0.0,
                f"buffered({star!r}).ledger.clipped / buffered({star!r}).ledger.inflow",
                f"residual of the ledger {run.ledger.relative_residual:.1e}",
            ),
        )
        out += [
            c.measure(
                quantity,
                value,
                relation,  # type: ignore[arg-type]
                limit,
                reading=reading,
                tolerance=slack,
                rerun=evaluate(__name__, call),
                note=note,
                source=f"{flare.source}; the buffer is chosen here",
                status=Status.ENGINEERING,
            )
            for quantity, value, relation, limit, slack, call, note in rows
        ]
    return out, "any"


def shell(w: Work, c: Claim) -> tuple[list[Evidence], Rule]:
    """Strength that a shell needs beside the strongest material, and chances of survival of a swarm and of a shell."""
    best = max((m for m in known_matter() if "under tension" in m.name), key=lambda m: m.specific_energy)
    return [
        c.measure(
            f"strength over density needed at 1 au / that of {best.name.removesuffix(' under tension')}",
            needed_strength() / best.specific_energy,
            ">",
            1.0,
            reading="a closed shell at rest",
            rerun=evaluate(__name__, f"needed_strength() / {best.specific_energy!r}"),
            note=f"{needed_strength():.4g} J/kg needed: no known material carries it, before any damage",
            source=f"{best.source}; GM of IAU 2015 Resolution B3",
            status=best.status,
        ),
        c.measure(
            f"chance that {100 * LEFT:g} % of a swarm are left",
            swarm_survives(),
            ">",
            shell_survives(),
            reading="parts lost independently",
            rerun=evaluate(__name__, "swarm_survives()"),
            note=f"{COLLECTORS} parts, each lost with a chance of {LOST:g}; a shell that one breach ends has "
            f"{shell_survives():.4g}",
            source="numbers chosen here; the paper gives none",
            status=Status.SPECULATIVE,
        ),
    ], "all"


CLAIMS: dict[str, Measure] = {"11A-surge": surge, "11A-buffer": buffer, "11A-shell": shell}
