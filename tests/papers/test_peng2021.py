"""Central spins: exponents, and the prefactor of the abstract against the limit of a Tavis-Cummings battery."""

import numpy as np
import pytest

from qsb.studies.papers import study
from qsb.studies.papers.peng2021 import SINE


@pytest.fixture(scope="module")
def made():
    return study("peng2021", quick=True)


def test_verdicts(made):
    assert {j.claim.id: j.verdict.value for j in made.judgements} == {
        "single": "reproduced",
        "lower": "reproduced",
        "upper": "reproduced",
        "prefactor": "contradicted",
        "bound": "reproduced",
        "every-bath": "contradicted",
    }


def test_the_abstract_prints_an_upper_bound(made):
    """0.72 as a value that is reached is a reading of ours, and the formula as a bound is what was read."""
    basis = {j.claim.id: j.claim.basis for j in made.judgements}
    assert (basis["bound"], basis["prefactor"]) == ("read", "derived")


def test_the_window_holds_the_slowest_peak(made):
    """A polarised bath beside 32 spins, the most of a full run, peaks at 3.0057/sqrt(N N_B)."""
    cells, bath = 32, 500
    k = np.arange(cells)
    hop = np.sqrt((bath - k) * (k + 1.0) * (cells - k) * (k + 1))
    values, vectors = np.linalg.eigh(np.diag(hop, 1) + np.diag(hop, -1))
    t = np.linspace(1e-3, 6, 6001) / np.sqrt(bath * cells)
    psi = vectors @ (np.exp(-1j * np.outer(values, t)) * vectors[0][:, None])
    slowest = t[np.argmax(np.arange(cells + 1) @ np.abs(psi) ** 2 / t)] * np.sqrt(bath * cells)
    assert slowest == pytest.approx(3.0057, abs=2e-3)
    for name, data in made.datasets.items():
        if name.startswith("polarised"):
            n = int(name.partition("-")[2])
            assert slowest * 1.1 < float(data["time"][-1]) * np.sqrt(bath * n)


def test_one_bath_spin(made):
    # one quantum between the bath spin and the symmetric state of the battery: sin(sqrt(N_B) t)^2
    data = made.datasets["one"]
    assert data["peak_average_power"].values == pytest.approx(SINE * np.sqrt(data["cells"].values), rel=1e-8)


def test_ladder(made):
    cells, bath = 4, 500
    k = np.arange(cells)
    q = cells - k
    hop = np.sqrt(q * (bath - q + 1.0) * (cells - k) * (k + 1))
    values, vectors = np.linalg.eigh(np.diag(hop, 1) + np.diag(hop, -1))
    data = made.datasets["quanta-4"]
    psi = vectors @ (np.exp(-1j * np.outer(values, data["time"].values)) * vectors[0][:, None])
    assert data["stored_energy"].values == pytest.approx(np.arange(cells + 1) @ np.abs(psi) ** 2, abs=1e-8)
