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
