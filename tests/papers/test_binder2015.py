"""The global flip: N times as fast as the field at equal norm; checked by the closed forms and by another route."""

import numpy as np
import pytest

from qsb.runs.spec import load_spec
from qsb.studies.advantage import advantage
from qsb.studies.papers import study


@pytest.fixture(scope="module")
def made():
    return study("binder2015", quick=True)


def test_verdicts(made):
    assert {j.claim.id: j.verdict.value for j in made.judgements} == {
        "qubit": "reproduced",
        "n-fold": "reproduced",
        "separable-ends": "reproduced",
        "any-resource": "contradicted",
    }


def test_closed_forms(made):
    n = made.datasets["parallel"]["cells"].values
    np.testing.assert_allclose(made.datasets["parallel"]["peak_power"], n, rtol=1e-9)
    np.testing.assert_allclose(made.datasets["global-norm"]["peak_power"], n**2, rtol=1e-9)
    np.testing.assert_allclose(made.datasets["global-norm"]["charging_time"], np.pi / (2 * n), rtol=1e-9)
    # two levels with the detuning N omega
    np.testing.assert_allclose(
        made.datasets["global-coupling-beside-battery"]["peak_power"], 2 * n / np.sqrt(n**2 + 4), rtol=1e-8
    )


def test_advantage_by_the_function_that_reads_the_charger():
    spec = {
        "model": {"name": "parallel", "cells": 4, "block": 4, "resource": "norm"},
        "stage": [{"duration": 1.65, "battery": False}],
        "save": {"points": 161},
    }
    found = advantage(load_spec(spec).problem(), resource="equal norm", of="time")
    assert found.gamma == pytest.approx(4, rel=1e-8)
