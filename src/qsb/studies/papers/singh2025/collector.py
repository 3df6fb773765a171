"""Claims on the collector (Section 3C): what eq. (2) leaves out, and what a spectral filter improves."""

from __future__ import annotations

from typing import TYPE_CHECKING

from qsb.stellar.absorber import SelectiveAbsorber, bathtub_filter, matched_filter, selective_absorber
from qsb.stellar.ceilings import landsberg
from qsb.stellar.constants import IAU2015, NOMINAL_SOLAR_TEMPERATURE, STEFAN_BOLTZMANN
from qsb.stellar.limits import LANDSBERG
from qsb.stellar.spectrum import Spectrum, astm_e490
from qsb.stellar.status import Status
from qsb.studies.bench import evaluate
from qsb.studies.claim import Claim, Evidence, Rule
from qsb.studies.papers.singh2025.tolerances import TOLERANCE, Measure

if TYPE_CHECKING:
    from qsb.studies.papers.singh2025.work import Work

__all__ = ["CLAIMS", "best_band", "flat_band", "kept", "proportional", "selective", "work_share"]

#: bandwidth of the filters, m, and the range over which an unselective absorber spreads it
WIDTH, RANGE = 400e-9, (280e-9, 4000e-9)
#: temperatures of the collector, K: cold, and that of the surroundings
COLD, WARM = 30.0, 300.0
_LANDSBERG = f"{LANDSBERG}; solar temperature of {IAU2015}"


def sunshine() -> Spectrum:
    """The light that falls on the collector."""
    return astm_e490()


def kept(kelvin: float) -> float:
    r"""Share of full sunlight at 1 au that a black surface keeps, :math:`1 - \sigma T^4/I`; negative if it loses."""
    return float(1 - STEFAN_BOLTZMANN * kelvin**4 / sunshine().total)


def work_share(sink: float) -> float:
    """Largest share of sunlight that any device turns into work, with surroundings in K (Landsberg)."""
    return landsberg(NOMINAL_SOLAR_TEMPERATURE, sink)


def best_band() -> float:
    """Share of sunlight in the best bands of total width `WIDTH`."""
    return bathtub_filter(sunshine(), WIDTH).fraction


def flat_band() -> float:
    """Share of sunlight that the same integral of the absorptance takes when spread evenly over `RANGE`."""
    low, high = RANGE
    return WIDTH / (high - low) * sunshine().fraction(low, high)


def proportional() -> float:
    """Share of sunlight that an absorptance proportional to the spectrum takes, scaled to 1 at its peak."""
    found = matched_filter(sunshine(), WIDTH)
    return found.captured / found.peak / sunshine().total


def selective() -> SelectiveAbsorber:
    """The absorber that takes only what outshines its own emission, where it gives most work."""
    return selective_absorber(sunshine(), sink=WARM)


def charging(w: Work, c: Claim) -> tuple[list[Evidence], Rule]:
    """What of eta_abs I A, at eta_abs = 1, is stored: as energy by a cold or a warm collector, and as work."""
    light = sunshine()
    rows = [
        (f"energy, collector at {kelvin:g} K", "kept share of absorbed sunlight", kept(kelvin), f"kept({kelvin})")
        for kelvin in (COLD, WARM)
    ]
    rows.append(
        (
            f"work, surroundings at {WARM:g} K",
            "largest work over absorbed sunlight (Landsberg)",
            work_share(WARM),
            f"work_share({WARM})",
        )
    )
    return [
        c.measure(
            quantity,
            value,
            "==",
            1.0,
            reading=reading,
            tolerance=TOLERANCE["whole"],
            rerun=evaluate(__name__, call),
            note="black, one face, 1 au, no concentration" if reading.startswith("energy") else "any device",
            source=f"{light.name}, {light.total:.1f} W/m^2" if reading.startswith("energy") else _LANDSBERG,
            status=light.status if reading.startswith("energy") else Status.ESTABLISHED,
        )
        for reading, quantity, value, call in rows
    ], "all"


def matched(w: Work, c: Claim) -> tuple[list[Evidence], Rule]:
    """Three meanings of a matched filter, each against the absorber without it."""
    light, hot = sunshine(), selective()
    source = f"{light.name}; Kirchhoff's law: an absorptance is at most 1; bandwidth and surroundings chosen here"
    black = kept(hot.temperature)
    rows = (
        (
            "as in signal theory: absorptance proportional to the spectrum, against black",
            "absorbed share of sunlight",
            proportional(),
            1.0,
            "proportional()",
            "a black surface takes all of it",
        ),
        (
            f"fixed bandwidth of {1e9 * WIDTH:g} nm, against the same spread evenly",
            "absorbed share of sunlight",
            best_band(),
            flat_band(),
            "best_band()",
            f"evenly over {1e9 * RANGE[0]:g} to {1e9 * RANGE[1]:g} nm",
        ),
        (
            "hot absorber that emits what it absorbs, against black at its temperature",
            "net absorbed share of sunlight",
            hot.heat_fraction,
            black,
            "selective().heat_fraction",
            f"{hot.temperature:.1f} K, absorbs below {1e6 * hot.cutoff:.3f} um; work is {hot.work_fraction:.4f} of it",
        ),
    )
    return [
        c.measure(
            quantity,
            value,
            ">",
            against,
            reading=reading,
            tolerance=TOLERANCE["amplitude"],
            rerun=evaluate(__name__, call),
            note=note,
            source=source,
            status=Status.ENGINEERING,
        )
        for reading, quantity, value, against, call, note in rows
    ], "any"


CLAIMS: dict[str, Measure] = {"3C-power": charging, "3C-matched": matched}
