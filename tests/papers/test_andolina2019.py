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


def test_locked_energy_of_a_dense_ladder(made):
    # k cells up beside n - k quanta; the Fock charger leaves the cells diagonal in k, and the best unitary puts the
    # likeliest k into the lowest level and all others into the n levels above it
    n = 8
    k = np.arange(n)
    hop = (n - k) * np.sqrt(k + 1.0)
    values, vectors = np.linalg.eigh(np.diag(hop, 1) + np.diag(hop, -1))
    times = np.linspace(1e-3, 1.6 / np.sqrt(n), 4001)
    weights = np.abs(vectors @ (np.exp(-1j * np.outer(values, times)) * vectors[0][:, None])) ** 2
    energy = np.arange(n + 1) @ weights
    at = int(np.argmax(energy / times))
    share, _, stored = _fractions(made.datasets["fock-8"])
    assert stored == pytest.approx(energy[at], rel=1e-3)
    assert (1 - share) * stored == pytest.approx(1 - weights[:, at].max(), rel=2e-3)


def test_freedom_rests_on_a_bound_and_not_on_a_fit_through_noise(made):
    (claim,) = (j for j in made.judgements if j.claim.id == "freedom")
    locked = [e for e in claim.evidence if "locked energy" in e.quantity]
    assert len(locked) == 2
    assert all(e.value < 1 for e in locked)
