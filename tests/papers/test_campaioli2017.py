"""Advantage at equal energy and variance, by interaction order, and without entanglement."""

import numpy as np
import pytest

from qsb.studies.papers import campaioli2017, study


@pytest.fixture(scope="module")
def made():
    return study("campaioli2017", quick=True)


def test_verdicts(made):
    assert {j.claim.id: j.verdict.value for j in made.judgements} == {
        "two-constraints": "reproduced",
        "order": "reproduced",
        "no-entanglement": "reproduced",
    }


def test_all_pairs_by_a_closed_form(made):
    # peak power N lam sqrt(N-1) ((N-2)/(N-1))^((N-2)/2); the field of the norm N^2 lam/4 (N even) has that power
    (order,) = (j for j in made.judgements if j.claim.id == "order")
    found = [e.value for e in order.evidence if "all pairs" in e.quantity]
    n = np.array([4, 6, 8])
    power = n * np.sqrt(n - 1) * ((n - 2) / (n - 1)) ** ((n - 2) / 2)
    np.testing.assert_allclose(found, power / (n**2 / 4), rtol=1e-6)


def test_hot_cells_by_dense_matrices(made):
    n, temperature = 3, campaioli2017.TEMPERATURE
    half = np.tanh(0.5 / temperature)
    cell = np.diag([(1 - half) / 2, (1 + half) / 2])
    rho = np.kron(np.kron(cell, cell), cell)
    flip = np.fliplr(np.eye(8))
    step = np.cos(0.7) * np.eye(8) - 1j * np.sin(0.7) * flip
    assert float(made.datasets["hot-flip"]["purity"].sel(cells=n)[0]) == pytest.approx(np.trace(rho @ rho), rel=1e-9)
    moved = step @ rho @ step.conj().T
    turned = moved.reshape(2, 4, 2, 4).transpose(2, 1, 0, 3).reshape(8, 8)
    assert np.linalg.eigvalsh(turned).min() > 0


def test_no_charger_is_faster_than_the_flip(made):
    # the time of the field is pi/2, the limits are pi/(2 N) and pi/(2 sqrt N)
    (claim,) = (j for j in made.judgements if j.claim.id == "two-constraints")
    limits = [e for e in claim.evidence if "speed limit" in e.quantity]
    assert [e.reading for e in limits] == ["energy", "variance"]
    assert [e.value for e in limits] == pytest.approx([1.0, 1.0], abs=1e-8)


def test_the_norm_of_all_pairs_is_said_to_be_half_the_width(made):
    # by the largest absolute eigenvalue instead, 6 and not 4 for four cells, the advantage would be smaller
    (order,) = (j for j in made.judgements if j.claim.id == "order")
    assert all(
        "half the width of the spectrum" in " ".join(e.note.split()) for e in order.evidence if "xx" in e.quantity
    )
