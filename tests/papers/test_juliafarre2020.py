"""Fisher bound, entanglement by the variance, and normalisations; against closed forms of all pairs."""

import numpy as np
import pytest

from qsb.studies.papers import study


@pytest.fixture(scope="module")
def made():
    return study("juliafarre2020", quick=True)


def test_verdicts(made):
    assert {j.claim.id: j.verdict.value for j in made.judgements} == {
        "power-bound": "reproduced",
        "saturated": "reproduced",
        "variance": "reproduced",
        "bare-coupling": "reproduced",
        "normalised": "reproduced",
        "entangled-but-extensive": "reproduced",
    }


@pytest.mark.parametrize(("name", "power"), [("none", 0), ("sqrt", 0.5), ("kac", 1)])
def test_peak_power_of_all_pairs(made, name, power):
    data = made.datasets[f"pairs-{name}"]
    n = data["cells"].values.astype(float)
    expected = n * np.sqrt(n - 1) * ((n - 2) / (n - 1)) ** ((n - 2) / 2) / n**power
    np.testing.assert_allclose(data["peak_power"], expected, rtol=1e-6)


def test_dicke_energy_of_an_independent_calculation(made):
    # dense matrices, N = 2, lambda = 0.5, t = 1
    data = made.datasets["dicke-none"].sel(cells=2)
    assert float(data["stored_energy"].interp(time=1.0)) == pytest.approx(1.1370363480, abs=1e-6)


def test_fisher_information_tends_to_a_constant(made):
    """It grows at every N, so that it is a limit exponent that is judged; against the symmetric states of N = 24."""
    (found,) = [j for j in made.judgements if j.claim.id == "entangled-but-extensive"]
    (speed,) = [e for e in found.evidence if "Fisher" in e.quantity]
    assert speed.holds
    data = made.datasets["pairs-sqrt"]
    peaks = data["peak_power_time"].values
    rises = [np.interp(t, data["time"], row) for t, row in zip(peaks, data["fisher_information"].values, strict=True)]
    assert (np.diff(rises) > 0).all()

    n, j = 24, 12.0
    m = np.arange(j, -j - 1, -1)
    up = np.sqrt(j * (j + 1) - m[1:] * (m[1:] + 1))
    w, q = np.linalg.eigh((np.diag(up, 1) + np.diag(up, -1)) / 2)
    times = peaks[-1] + np.array([-1e-4, 0, 1e-4])
    p = np.abs(q @ (np.exp(-2j * np.outer(w**2, times) / np.sqrt(n)) * q[-1][:, None])) ** 2
    some = p[:, 1] > 1e-14
    rate = (p[:, 2] - p[:, 0]) / 2e-4
    assert rises[-1] == pytest.approx(np.sum(rate[some] ** 2 / p[some, 1]), rel=2e-3)
