"""How far a number may be from what a sentence says; set before anything was computed."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING

from qsb.studies.claim import Claim, Evidence, Rule

if TYPE_CHECKING:
    from qsb.studies.papers.singh2025.work import Work

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
    "order": 0.15,  # a tabulated value with one or two digits
}

#: measures a claim: its evidence, and the rule that combines the readings
Measure = Callable[["Work", Claim], tuple[Iterable[Evidence], Rule]]
