"""One charger and one battery: transfer times and energies against their closed forms."""

import numpy as np
import pytest

from qsb.studies.papers import study


@pytest.fixture(scope="module")
def made():
    return study("andolina2018", quick=True)


def test_verdicts(made):
    assert {j.claim.id: j.verdict.value for j in made.judgements} == {
        "tls-tls": "reproduced",
        "ho-tls": "reproduced",
        "ho-ho": "reproduced",
        "coherent": "reproduced",
        "balance": "reproduced",
    }


def test_jaynes_cummings(made):
    data = made.datasets["ho-tls-4"]
    assert data["stored_energy"].values == pytest.approx(np.sin(0.05 * 2 * data["time"].values) ** 2, abs=1e-9)


def test_work_of_a_fock_charger(made):
    # binomial populations of the battery, sorted by hand
    data = made.datasets["ho-ho"].sel(quanta=2)
    at = 60
    p = np.sin(0.05 * float(data["time"][at])) ** 2
    populations = np.array([(1 - p) ** 2, 2 * p * (1 - p), p**2])
    passive = np.sort(populations)[::-1] @ np.arange(3)
    assert float(data["stored_energy"][at]) == pytest.approx(2 * p, abs=1e-9)
    assert float(data["ergotropy"][at]) == pytest.approx(2 * p - passive, abs=1e-9)


def test_rabi_balance_of_a_dense_calculation(made):
    n = 40
    a = np.diag(np.sqrt(np.arange(1.0, n + 1)), 1)
    number, z, x = np.diag(np.arange(n + 1.0)), np.diag([0.5, -0.5]), np.array([[0, 1.0], [1, 0]])
    cell, mode = np.kron(z, np.eye(n + 1)), np.kron(np.eye(2), number)
    values, vectors = np.linalg.eigh(cell + mode + 0.5 * np.kron(x, a + a.T))
    start = np.zeros(2 * (n + 1))
    start[n + 1 + 4] = 1
    data = made.datasets["balance-dicke"]
    psi = vectors @ (np.exp(-1j * values * float(data["time"][-1])) * (vectors.T @ start))
    assert float(data["stored_energy"][-1]) == pytest.approx((psi.conj() @ cell @ psi).real + 0.5, abs=1e-8)
    assert float(data["charger_energy"][-1]) == pytest.approx((psi.conj() @ mode @ psi).real - 4, abs=1e-7)


def test_times_with_a_closed_form_have_no_loose_threshold(made):
    (claim,) = (j for j in made.judgements if j.claim.id == "ho-tls")
    assert max(e.tolerance for e in claim.evidence) <= 1e-6
