"""Collisional charging: printed oracles, the closed form of the weak limit, verdicts."""

import numpy as np
import pytest

from qsb.studies.papers import study
from qsb.studies.papers.seah2021 import best_incoherent


@pytest.fixture(scope="module")
def made():
    return study("seah2021", quick=True)


def test_verdicts(made):
    assert {j.claim.id: j.verdict.value for j in made.judgements} == {
        "random-walk": "reproduced",
        "spread": "reproduced",
        "speed-up": "reproduced",
        "efficient": "reproduced",
    }


def test_a_qubit_is_not_used_better(made):
    """The speed-up is one of interaction time; by the qubit the reading fails."""
    (speed,) = [j for j in made.judgements if j.claim.id == "speed-up"]
    assert {e.reading: e.holds for e in speed.evidence if e.reading == "qubit"} == {"qubit": False}


def test_twenty_collisions_of_a_dense_map(made):
    data = made.datasets["twenty"]
    assert float(data["stored_energy"][0, -1]) == pytest.approx(5.4755934225, abs=6e-11)
    assert float(data["stored_energy"][2, -1]) == pytest.approx(10.4406124317, abs=6e-11)
    assert float(data["ergotropy"][0, -1]) == pytest.approx(1.7252012555, abs=6e-11)
    assert float(data["ergotropy"][2, -1]) == pytest.approx(9.3236156591, abs=6e-11)


def test_the_coherent_power_from_a_map_written_here(made):
    data = made.datasets["power-coherent"]
    angle, q, count = 0.3, 0.4, 40
    size = count + 1
    v = np.zeros((2 * size, 2 * size))  # ladder x qubit, upper level first
    for n in range(1, size):
        v[2 * (n - 1), 2 * n + 1] = v[2 * n + 1, 2 * (n - 1)] = angle
    e, u = np.linalg.eigh(v)
    step = (u * np.exp(-1j * e)) @ u.T
    off = np.sqrt(q * (1 - q))
    unit = np.array([[1 - q, off], [off, q]])
    rho = np.zeros((size, size), dtype=complex)
    rho[0, 0] = 1
    for _ in range(count):
        joint = step @ np.kron(rho, unit) @ step.conj().T
        rho = joint.reshape(size, 2, size, 2).trace(axis1=1, axis2=3)
    energy = np.arange(size) @ rho.diagonal().real
    assert float(data["stored_energy"].sel(coupling=angle, ground=q)[-1]) == pytest.approx(energy, abs=1e-10)


def test_the_best_incoherent_stream():
    assert best_incoherent() == pytest.approx((1.1655611852, 0.7246113538), abs=1e-7)
