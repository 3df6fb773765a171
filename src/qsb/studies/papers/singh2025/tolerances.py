"""How far a number may be from what a sentence says: round numbers, chosen from the sentences."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING

from qsb.studies.claim import Claim, Evidence, Rule

if TYPE_CHECKING:
    from qsb.studies.papers.singh2025.work import Work

__all__ = ["TOLERANCE", "Measure", "rounding"]

#: slacks, each used where its name says; relative unless it says otherwise
TOLERANCE = {
    "identity": 1e-9,  # two numbers that a theorem makes equal (absolute, in omega0)
    "stays": 0.01,  # "remains nonzero": share of the peak below which the ergotropy counts as gone
    "amplitude": 1e-3,  # a peak is lower by more than this
    "time": 0.10,  # "preserves structure": shift of the first energy maximum
    "likeness": 0.80,  # "preserves structure": smallest correlation of E(t) with and without noise (absolute)
    "exponent": 0.02,  # an exponent equals a whole number
    "gap": 0.02,  # a gap equals 2(J - h)
    "activation": 0.10,  # an activation energy equals the gap
    "decade": 0.5,  # "~ 10^n": decades between ours and the printed power of ten (absolute)
    "whole": 0.02,  # a share that should be all of it
    "noticeable": 1e-3,  # a surge over the quiet power that a load could notice (absolute)
    "drop": 0.01,  # an avalanche takes this share of the energy or more (absolute)
    "negligible": 0.01,  # a loss below this share of what comes in (absolute)
    "unlike": 0.5,  # a cell takes less than this share of what it takes of sunlight (absolute)
    "rate": 0.10,  # two rates that should be one
}


def rounding(printed: str) -> float:
    """What a printed number leaves open: half a unit of its last digit, as a share of it.

    "3.8e26" stands for 3.75e26 to 3.85e26, so that the slack is 0.05/3.8.

    Args:
        printed: its digits, with an exponent or without.
    """
    digits = printed.lower().partition("e")[0]
    return 0.5 * 10.0 ** -len(digits.partition(".")[2]) / abs(float(digits))


#: measures a claim: its evidence, and the rule that combines the readings
Measure = Callable[["Work", Claim], tuple[Iterable[Evidence], Rule]]
