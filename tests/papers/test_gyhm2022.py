"""The locality bound over chargers of several orders, and closed forms of two of them."""

import numpy as np
import pytest

from qsb.studies.papers import study


@pytest.fixture(scope="module")
def made():
    return study("gyhm2022", quick=True)


def test_verdicts(made):
    assert {j.claim.id: j.verdict.value for j in made.judgements} == {
        "quadratic": "reproduced",
        "global-needed": "reproduced",
        "all-cells-in-one-term": "contradicted",
        "two-body": "reproduced",
    }


def test_closed_forms(made):
    pairs = made.datasets["all-pairs"]
    n = pairs["cells"].values
    np.testing.assert_allclose(
        pairs["peak_power"], n * np.sqrt(n - 1) * ((n - 2) / (n - 1)) ** ((n - 2) / 2), rtol=1e-6
    )
    # 2 Jx^2 - N/2 of Jx = N/2 and 0, N even
    np.testing.assert_allclose(pairs["charger_span"], n**2 / 2, rtol=1e-9)
    ring = made.datasets["ring"]
    np.testing.assert_allclose(ring["peak_power"], ring["cells"], rtol=1e-6)


def test_ring_beside_the_battery_by_free_fermions(made):
    # E = (2 w/N) sum_k (lam sin k/eps)^2 sin^2(2 eps t) of the even ring, k = (2n - 1) pi/N; w = lam = 1, h = 1/2
    data = made.datasets["ring-beside-battery"].sel(cells=8)
    k = (2 * np.arange(1, 9) - 1) * np.pi / 8
    eps = np.sqrt(0.25 + 1 + np.cos(k))
    t = data["time"].values[:, None]
    energy = ((np.sin(k) / eps) ** 2 * np.sin(2 * eps * t) ** 2).sum(axis=1)
    np.testing.assert_allclose(data["stored_energy"], energy, atol=1e-8)
