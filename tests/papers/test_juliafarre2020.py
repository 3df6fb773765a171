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
