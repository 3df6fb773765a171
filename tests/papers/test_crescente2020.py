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


@pytest.mark.parametrize("cells", [2, 8])
def test_terms_that_the_paper_may_leave_out_hardly_count(made, cells):
    # all terms of a^2 + a+^2, and not 2 a+a + 1
    top, g = 2 * cells + 12, 0.001
    lower = np.diag(np.sqrt(np.arange(1.0, top + 1)), 1)
    k = np.arange(cells + 1)
    raised = np.diag(np.sqrt((cells - k[:-1]) * (k[:-1] + 1.0)), -1)
    h = np.kron(np.diag(k - 0.0), np.eye(top + 1)) + 0.5 * np.kron(np.eye(cells + 1), lower.T @ lower)
    h = h + g * np.kron(raised + raised.T, lower @ lower + (lower @ lower).T)
    values, vectors = np.linalg.eigh(h)
    times = made.datasets[f"full-{cells}"]["time"].values[1:]
    psi = vectors @ (np.exp(-1j * np.outer(values, times)) * vectors[2 * cells][:, None])
    energy = k @ (np.abs(psi.reshape(cells + 1, top + 1, -1)) ** 2).sum(axis=1)
    power = float(made.datasets[f"full-{cells}"]["peak_average_power"])
    assert power == pytest.approx((energy / times).max(), rel=0.01)


def test_the_report_says_that_readings_were_added(made):
    assert any("Readings were added after" in note for note in made.summary)
