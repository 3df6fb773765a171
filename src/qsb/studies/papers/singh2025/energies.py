"""Claims on energies and masses (Sections 1 and 3B, Table 1)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from qsb.stellar import scale
from qsb.studies.claim import Claim, Evidence, Rule
from qsb.studies.papers.singh2025.tolerances import TOLERANCE, Measure

if TYPE_CHECKING:
    from qsb.studies.papers.singh2025.work import Work


def sunlight(w: Work, c: Claim) -> tuple[list[Evidence], Rule]:
    """Nominal solar luminosity times one second."""
    return [
        c.measure(
            "L_sun x 1 s (J)",
            scale.one_second_of_sunlight().energy,
            "==",
            3.8e26,
            reading="IAU nominal luminosity",
            tolerance=TOLERANCE["exponent"],
            rerun="qsb bounds --json",
        )
    ], "all"


def antimatter(w: Work, c: Claim) -> tuple[list[Evidence], Rule]:
    """c^2."""
    return [
        c.measure(
            "c^2 (J/kg)",
            scale.SPEED_OF_LIGHT_SQUARED,
            "==",
            9e16,
            reading="E = m c^2",
            tolerance=TOLERANCE["exponent"],
            rerun="qsb bounds --specific-energy 9e16",
        )
    ], "all"


def target(w: Work, c: Claim) -> tuple[list[Evidence], Rule]:
    """The target over c^2, which is what a body of pure stored energy has."""
    return [
        c.measure(
            "1e20 J/kg / c^2",
            1e20 / scale.SPEED_OF_LIGHT_SQUARED,
            "<=",
            1.0,
            reading="stored energy has mass",
            rerun="qsb bounds --specific-energy 1e20",
        )
    ], "all"


CLAIMS: dict[str, Measure] = {
    "1-E1s": sunlight,
    "3B-antimatter": antimatter,
    "3B-qsb": target,
}
