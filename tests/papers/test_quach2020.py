"""Dark-state charging against sums over total spin and the first step of the decay."""

import numpy as np
import pytest

from qsb.studies.papers import study
from qsb.studies.papers.quach2020 import dark_energy


@pytest.fixture(scope="module")
def made():
    return study("quach2020", quick=True)


def test_verdicts(made):
    assert {j.claim.id: j.verdict.value for j in made.judgements} == {
        "single": "reproduced",
        "stable": "reproduced",
        "power": "reproduced",
        "capacity": "reproduced",
        "capacity-limit": "contradicted",
    }


def test_energies_of_an_independent_calculation(made):
    assert float(made.datasets["equal-1"]["steady_stored_energy"]) == pytest.approx(1 / 4, abs=1e-9)
    assert float(made.datasets["equal-2"]["steady_stored_energy"]) == pytest.approx(7 / 12, abs=1e-9)
    assert float(made.datasets["equal-2"]["steady_ergotropy"]) == pytest.approx(1 / 9, abs=1e-9)
    assert dark_energy(2) == pytest.approx(7 / 12, abs=1e-14)


def test_capacity_is_judged_by_the_energy_density(made):
    """A slope over few N is no exponent: E/N rises at every N although the exponent tends to 1."""
    (found,) = [j for j in made.judgements if j.claim.id == "capacity"]
    assert not any("slope" in e.quantity for e in found.evidence)
    assert found.evidence[-1].value == pytest.approx(dark_energy(100) / 100 / (dark_energy(99) / 99) - 1, rel=1e-9)


def test_one_pair(made):
    # half of |ud> is dark; the bright half decays at twice the rate, and the battery's share is |(1 - exp(-t))/2|^2
    data = made.datasets["equal-1"]
    assert data["stored_energy"].values == pytest.approx((1 - np.exp(-data["time"].values)) ** 2 / 4, abs=1e-8)
