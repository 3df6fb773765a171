"""Precision of displacements and squeezing; against moments that are found here by Gaussian formulas."""

import numpy as np
import pytest

from qsb.studies.papers import friis2018, study


@pytest.fixture(scope="module")
def made():
    return study("friis2018", quick=True)


def test_verdicts(made):
    assert {j.claim.id: j.verdict.value for j in made.judgements} == {
        "closed-forms": "reproduced",
        "vanishing": "reproduced",
        "less-than-possible": "reproduced",
    }


def test_handed_over_states(made):
    amplitude = made.datasets["coherent"]["amplitude"].values
    np.testing.assert_allclose(made.datasets["coherent"]["stored_energy"].values.ravel(), amplitude**2, rtol=1e-7)
    np.testing.assert_allclose(made.datasets["coherent"]["energy_std"].values.ravel(), amplitude, rtol=1e-7)


@pytest.mark.parametrize("kind", ["displacement", "squeezing"])
def test_moments_by_the_covariance_matrix(kind):
    # H = (x^2 + p^2 - 1)/2: mean tr(S)/2 + d.d/2 - 1/2, variance tr(S^2)/2 + d.S d - 1/4, S the covariance matrix
    nbar, reach = 0.5, 0.6
    s, d = (nbar + 0.5) * np.eye(2), np.zeros(2)
    if kind == "displacement":
        d[0] = np.sqrt(2) * reach
    else:
        s = s @ np.diag([np.exp(2 * reach), np.exp(-2 * reach)])
    found = friis2018._charge(kind, nbar, 90, reach)
    assert found.gain[-1] == pytest.approx((np.trace(s) + d @ d - 1) / 2 - nbar, rel=1e-7)
    assert found.variance[-1] == pytest.approx(np.trace(s @ s) / 2 + d @ s @ d - 0.25, rel=1e-6)


def test_sentences_are_true_as_they_stand(made):
    assert not any("is at most 0" in j.conclusion or "e-08 equals 0" in j.conclusion for j in made.judgements)
