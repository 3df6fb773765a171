"""The XYZ battery: verdicts, the closed form of a polarised start, a dense ground state, a dense Gibbs state."""

import numpy as np
import pytest
import scipy.linalg as la

from qsb.studies.papers import study

X, Y, Z = np.array([[0, 1], [1, 0]]), np.array([[0, -1j], [1j, 0]]), np.diag([1, -1])


@pytest.fixture(scope="module")
def made():
    return study("ghosh2020", quick=True)


def test_verdicts(made):
    assert {j.claim.id: j.verdict.value for j in made.judgements} == {
        "enhancement": "reproduced",
        "size": "reproduced",
        "temperature": "reproduced",
        "disorder": "reproduced",
    }


def test_a_polarised_start(made):
    """E/N = (1 - cos 2t)/2 + (J/4)(1 - gamma - Delta) sin^2 2t of a product state."""
    data = made.datasets["polarised"]
    t = data["time"].values
    closed = (1 - np.cos(2 * t)) / 2 + 0.5 * np.sin(2 * t) ** 2
    for n in data["cells"].values:
        np.testing.assert_allclose(data["stored_energy"].sel(cells=n) / n, closed, atol=1e-7)


def one(op, i, n):
    return np.kron(np.kron(np.eye(2**i), op), np.eye(2 ** (n - i - 1)))


def chain(n, j, gamma, delta):
    h = sum(one(Z, i, n) for i in range(n)) / 2
    for i in range(n):
        for op, weight in ((X, 1 + gamma), (Y, 1 - gamma), (Z, delta)):
            h = h + j / 4 * weight * one(op, i, n) @ one(op, (i + 1) % n, n)
    return h


def test_dense_states(made):
    n, t = 6, float(made.datasets["cold"]["time"][9])
    turn = la.expm(-1j * t * sum(one(X, i, n) for i in range(n)))
    h = chain(n, 1.0, 0.5, -0.5)
    e, u = np.linalg.eigh(h)
    psi = turn @ u[:, 0]
    found = float(made.datasets["correlated"]["stored_energy"].sel(cells=n)[9])
    assert found == pytest.approx(np.vdot(psi, h @ psi).real - e[0], abs=1e-8)
    h = chain(n, 1.0, 0.5, 0.5)
    rho = la.expm(-h / 0.5)
    rho /= np.trace(rho)
    stored = np.trace(h @ (turn @ rho @ turn.conj().T - rho)).real
    assert float(made.datasets["warm"]["stored_energy"].sel(temperature=0.5)[9]) == pytest.approx(stored, abs=1e-8)
