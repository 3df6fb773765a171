"""The two-photon battery: N^2 at equal coupling, N at g/N; a dense calculation of its ladder."""

import numpy as np
import pytest

from qsb.studies.papers import study


@pytest.fixture(scope="module")
def made():
    return study("crescente2020", quick=True)


def test_verdicts(made):
    assert {j.claim.id: j.verdict.value for j in made.judgements} == {
        "quadratic": "reproduced",
        "energy": "reproduced",
        "fluctuations": "inconclusive",
        "single-photon": "reproduced",
        "faster": "reproduced",
        "resource": "contradicted",
    }


@pytest.mark.parametrize("cells", [2, 4])
def test_ladder(made, cells):
    # k cells up beside 2(N - k) quanta
    k = np.arange(cells)
    quanta = 2 * (cells - k)
    hop = np.sqrt(quanta * (quanta - 1) * (cells - k) * (k + 1))
    values, vectors = np.linalg.eigh(np.diag(hop, 1) + np.diag(hop, -1))
    data = made.datasets[f"rotating-{cells}"]
    psi = vectors @ (np.exp(-1j * np.outer(values, data["time"].values)) * vectors[0][:, None])
    assert data["stored_energy"].values == pytest.approx(np.arange(cells + 1) @ np.abs(psi) ** 2, abs=1e-8)


def test_scaled_coupling_scales_the_power(made):
    whole, scaled = (float(made.datasets[f"{kind}-8"]["peak_average_power"]) for kind in ("rotating", "scaled"))
    assert scaled == pytest.approx(whole / 8, rel=1e-8)
