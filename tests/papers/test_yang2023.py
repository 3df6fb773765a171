"""Capacity: constant under unitaries, changed by noise; against dense matrices of this file."""

import numpy as np
import pytest

from qsb.studies.papers import study


@pytest.fixture(scope="module")
def made():
    return study("yang2023", quick=True)


def test_verdicts(made):
    assert {j.claim.id: j.verdict.value for j in made.judgements} == {
        "state-function": "reproduced",
        "entropy": "reproduced",
        "majorisation": "reproduced",
        "entanglement": "reproduced",
        "power": "reproduced",
    }


def test_capacity_of_mixed_cells_by_sorting(made):
    r = np.hypot(0.3, 0.5)
    weights, levels = np.array([1.0]), np.array([0.0])
    for _ in range(4):
        weights = np.kron(weights, [(1 + r) / 2, (1 - r) / 2])
        levels = np.add.outer(levels, [0.5, -0.5]).ravel()
    levels, weights = np.sort(levels), np.sort(weights)
    expected = levels @ weights - levels @ weights[::-1]
    np.testing.assert_allclose(made.datasets["unitary"]["capacity"], expected, rtol=1e-9)


def test_hot_cells_have_the_capacity_of_gibbs_states(made):
    # three cells: the capacity of equal independent qubits adds up, w tanh(w/2T) each
    np.testing.assert_allclose(made.datasets["hot-field"]["capacity"], 3 * np.tanh(0.5), rtol=1e-9)


def test_closed_forms(made):
    (table,) = (t for t in made.tables if t.id == "values")
    for _, computed, form in table.rows:
        assert float(computed) == pytest.approx(float(form), abs=1e-6)
