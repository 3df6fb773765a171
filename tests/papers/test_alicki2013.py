"""Work of n copies: exact values, and the limit by a Gibbs state of equal entropy that is found here."""

import numpy as np
import pytest
from scipy.optimize import brentq

from qsb.studies.papers import alicki2013, study


@pytest.fixture(scope="module")
def made():
    return study("alicki2013", quick=True)


def test_verdicts(made):
    assert {j.claim.id: j.verdict.value for j in made.judgements} == {
        "boost": "reproduced",
        "limit": "reproduced",
        "complete": "reproduced",
    }


#: W_n of n = 1..6 of weights (1/2, 1/2, 0), and W_n/n of n = 1..8 of the paper's, by sorting dense spectra
HALF = [0, 0, 1 / 8, 5 / 16, 3 / 8, 9 / 16]
PAPER = [0, 0, 0.0012031167, 0.0030818323, 0.0042502716, 0.0046379193, 0.0052699144, 0.0057266726]


@pytest.mark.parametrize(
    ("name", "work"), [("half", [w / n for n, w in enumerate(HALF, 1)]), ("paper", PAPER), ("steps", [0, 0, 0, 0])]
)
def test_work_of_few_copies(made, name, work):
    levels, weights = alicki2013.STATES[name]
    found = alicki2013._copies(levels, weights, 8).work[: len(work)]
    np.testing.assert_allclose(found, work, atol=1e-10)


@pytest.mark.parametrize("name", ["paper", "steps"])
def test_limit_is_above_the_gibbs_state_of_equal_entropy(name):
    levels, weights = (np.asarray(a) for a in alicki2013.STATES[name])
    p = weights / weights.sum()

    def gibbs(beta):
        q = np.exp(-beta * levels)
        return q / q.sum()

    def excess(beta):
        q = gibbs(beta)
        return p @ np.log(p) - q @ np.log(q)

    tau = gibbs(brentq(excess, 1e-3, 50, xtol=1e-14))
    found = alicki2013._copies(*alicki2013.STATES[name], 8).limit
    assert found == pytest.approx((p - tau) @ levels, abs=1e-10)


@pytest.mark.parametrize("name", ["paper", "half", "steps"])
def test_three_numbers_of_copies_remove_the_logarithm(made, name):
    found = alicki2013._copies(*alicki2013.STATES[name], 128)
    assert found.extrapolated == pytest.approx(found.limit, rel=0.01)


def test_extrapolation_is_exact_for_what_it_assumes():
    n = (16, 32, 64)
    work = tuple(0.2 - (0.3 + 0.5 * np.log(k)) / k for k in n)
    assert alicki2013.Copies(n, work, 0.2).extrapolated == pytest.approx(0.2, abs=1e-12)
