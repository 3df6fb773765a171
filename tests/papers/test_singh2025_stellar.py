"""The paper's stellar sections: every verdict follows from numbers, and another number gives another verdict."""

import contextlib
import dataclasses
import io
import re

import pytest

from qsb.stellar.status import Status
from qsb.studies.bench import Bench
from qsb.studies.claim import Claim, Verdict, judge
from qsb.studies.papers.singh2025 import balance, collector, energies, inputs, prospects, swarms
from qsb.studies.papers.singh2025.claims import CLAIMS
from qsb.studies.papers.singh2025.stellar_faults import FINDS
from qsb.studies.papers.singh2025.tables import coverage
from qsb.studies.papers.singh2025.tolerances import TOLERANCE
from qsb.studies.papers.singh2025.work import Work, paper
from qsb.studies.study import Reading

R, C, I = Verdict.REPRODUCED, Verdict.CONTRADICTED, Verdict.INCONCLUSIVE
TEXTS = paper()
MODULES = (energies, collector, balance, prospects, swarms, inputs)
STELLAR = [name for module in MODULES for name in module.CLAIMS]

#: what the numbers say, and one input that would say something else: what is replaced, by what, and the new verdict
TAMPERED = {
    "1-E1s": (R, C, "energies.scale.SOLAR_LUMINOSITY", 4.0e26),
    "3B-lithium": (R, C, "energies.stored", lambda name: 1e9),
    "3B-fission": (I, R, "energies.burned", lambda: 8e13),
    "3B-antimatter": (R, C, "energies.scale.SPEED_OF_LIGHT_SQUARED", 8e16),
    "3B-qsb": (C, R, "energies.TARGET", 1e16),
    "3B-metastable": (C, I, "energies.TARGET", 1e12),
    "9-hazard": (I, C, "energies.strongest_ordinary", lambda: dataclasses.replace(FUEL, specific_energy=1e21)),
    "3C-power": (I, C, "collector.COLD", 200.0),
    "3C-matched": (R, C, "collector.sunshine", None),
    "4B-goal": (R, C, "balance.storing_gain", lambda cap: 0.9),
    "15-gap": (R, C, "balance.thermal_ratio", lambda kelvin: 1.5),
    "15-range": (R, C, "balance.THRESHOLD", None),
    "15-avalanche": (C, R, "balance._LAWS", None),
}
