"""Driven chargers with losses: steady energy and work against closed forms and dense generators."""

import numpy as np
import pytest

from qsb.studies.papers import study


@pytest.fixture(scope="module")
def made():
    return study("farina2019", quick=True)


def test_verdicts(made):
    assert {j.claim.id: j.verdict.value for j in made.judgements} == {
        "coherent": "reproduced",
        "heat": "reproduced",
        "qubits": "reproduced",
        "interplay": "reproduced",
        "interplay-peak": "contradicted",
    }


def test_oscillators_follow_their_amplitudes(made):
    # a' = -i(g b + F) - gamma a/2, b' = -i g a, and the battery is in the coherent state of amplitude b
    data = made.datasets["oscillators-0.4-0"]
    matrix = np.array([[-0.2, -0.2j], [-0.2j, 0]])
    values, vectors = np.linalg.eig(matrix)
    steady = -np.linalg.solve(matrix, np.array([-0.05j, 0]))
    weights = np.linalg.solve(vectors, -steady)
    b = [(steady + vectors @ (np.exp(values * t) * weights))[1] for t in data["time"].values]
    assert data["stored_energy"].values == pytest.approx(np.abs(b) ** 2, abs=1e-7)


def test_steady_qubits_of_an_independent_calculation(made):
    data = made.datasets["qubits-0"]
    assert float(data["steady_stored_energy"]) == pytest.approx(0.4988913525, abs=1e-9)
    assert float(data["steady_ergotropy"]) == pytest.approx(0.0100331215, abs=1e-9)


def test_warm_qubits_of_a_dense_generator(made):
    down = np.array([[0, 0], [1, 0.0]])
    a, b, one = np.kron(down, np.eye(2)), np.kron(np.eye(2), down), np.eye(4)
    h = 0.2 * (a @ b.T + a.T @ b) + a + a.T
    generator = -1j * (np.kron(h, one) - np.kron(one, h.T))
    for rate, jump in ((1.5, a), (0.5, a.T)):
        square = jump.T @ jump
        generator = generator + rate * (np.kron(jump, jump) - (np.kron(square, one) + np.kron(one, square)) / 2)
    state = np.linalg.svd(generator)[2][-1].conj().reshape(4, 4)
    state = np.einsum("kikj->ij", (state / np.trace(state)).reshape(2, 2, 2, 2))
    length = np.sqrt(4 * abs(state[0, 1]) ** 2 + (state[0, 0] - state[1, 1]).real ** 2)
    z = (state[0, 0] - state[1, 1]).real
    assert float(made.datasets["qubits-0.5"]["steady_ergotropy"]) == pytest.approx((length + z) / 2, abs=1e-8)


def test_losses_below_and_above_critical_damping(made):
    (claim,) = (j for j in made.judgements if j.claim.id == "coherent")
    losses = sorted({float(e.quantity.rsplit(" ", 1)[1]) for e in claim.evidence})
    assert losses[0] < 4 * 0.2 < losses[-1]
    assert losses[-1] >= 2.9 * losses[0]
