"""The Dicke battery's headline: N^(3/2) at equal coupling, N at g/sqrt(N); numbers of an independent calculation."""

import numpy as np
import pytest

from qsb.studies.papers import study


@pytest.fixture(scope="module")
def made():
    return study("ferraro2018", quick=True)


def test_verdicts(made):
    assert {j.claim.id: j.verdict.value for j in made.judgements} == {
        "sqrt-N": "reproduced",
        "advantage": "contradicted",
        "few-cells": "reproduced",
    }


#: dense exact diagonalisation: slope of log P on log N over these N
@pytest.mark.parametrize(("name", "last", "slope"), [("lambda0.05-bare", 8, 1.46), ("lambda0.5-bare", 8, 1.5043)])
def test_slopes_of_an_independent_calculation(made, name, last, slope):
    data = made.datasets[name].sel(cells=slice(2, last))
    found = np.polyfit(np.log(data["cells"]), np.log(data["peak_average_power"]), 1)[0]
    assert found == pytest.approx(slope, abs=0.01)
