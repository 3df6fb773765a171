"""The interacting battery: mean field, range and isotropy against closed forms and a dense calculation."""

import numpy as np
import pytest

from qsb.studies.papers import study
from qsb.studies.papers.le2018 import mean_field


@pytest.fixture(scope="module")
def made():
    return study("le2018", quick=True)


def test_verdicts(made):
    assert {j.claim.id: j.verdict.value for j in made.judgements} == {
        "advantage": "reproduced",
        "long-range": "reproduced",
        "extensive": "contradicted",
        "mean-field": "reproduced",
        "isotropic": "reproduced",
    }


def test_free_power(made):
    # 2 N lambda^2/Omega with Omega^2 = 1 + 4 lambda^2
    assert float(made.datasets["free"]["peak_power"]) == pytest.approx(8 * 2 * 25 / np.sqrt(101), rel=1e-9)


def test_collective_spin(made):
    # N = 4, all-to-all: X = J (4 (Jx^2 + Jy^2) - 2 N)/2 in the ladder of total spin 2
    m = np.arange(2.0, -3.0, -1)
    up = np.diag(np.sqrt(2 * 3 - m[1:] * (m[1:] + 1)), 1)
    z, x = np.diag(m), (up + up.T) / 2
    y = (up - up.T) / 2j
    battery = z + 0.2 * (2 * (x @ x + y @ y) - 4 * np.eye(5))
    values, vectors = np.linalg.eigh(battery + 200 * x)
    data = made.datasets["all-none"].sel(cells=4)
    psi = vectors @ (np.exp(-1j * values * float(data["time"][50])) * vectors.conj().T[:, 4])
    energy = (psi.conj() @ battery @ psi).real - battery[4, 4].real
    assert float(data["stored_energy"][50]) == pytest.approx(energy, abs=1e-7)


def test_mean_field_without_interaction():
    assert mean_field(5, 0, 3.0) == pytest.approx(15.0, rel=1e-8)
