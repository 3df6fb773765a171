"""Asymptotic freedom: extractable fractions against an independent calculation."""

import numpy as np
import pytest

from qsb.studies.papers import study
from qsb.studies.papers.andolina2019 import _fractions


@pytest.fixture(scope="module")
def made():
    return study("andolina2019", quick=True)


def test_verdicts(made):
    assert {j.claim.id: j.verdict.value for j in made.judgements} == {
        "suppression": "reproduced",
        "mitigation": "reproduced",
        "freedom": "reproduced",
        "local": "contradicted",
    }


@pytest.mark.parametrize(
    ("kind", "cells", "fraction"),
    [("fock", 8, 0.890), ("coherent", 8, 0.988), ("fock", 1, 0.8160), ("coherent", 1, 0.9500)],
)
def test_fractions_of_an_independent_calculation(made, kind, cells, fraction):
    assert _fractions(made.datasets[f"{kind}-{cells}"])[0] == pytest.approx(fraction, abs=1e-3)


@pytest.mark.parametrize(("cells", "power"), [(1, 0.7246113538), (2, 1.7733416639)])
def test_power_of_a_fock_charger(made, cells, power):
    assert float(made.datasets[f"fock-{cells}"]["peak_average_power"]) == pytest.approx(power, rel=1e-7)


def test_two_cells(made):
    data = made.datasets["fock-2"]
    u = np.sqrt(6) * data["time"].values
    exact = 2 / 3 * np.sin(u) ** 2 + 4 / 9 * (1 - np.cos(u)) ** 2
    assert data["stored_energy"].values == pytest.approx(exact, abs=1e-9)
