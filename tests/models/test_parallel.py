"""Parallel, k-local and global charging: closed forms and the three values of the advantage."""

import numpy as np
import pytest

import qsb
from qsb.algebra import build
from qsb.errors import SpecError
from qsb.models import parallel

N, FIELD = 6, 0.4
GAMMA = {"coupling": lambda k: 1.0, "variance": np.sqrt, "norm": float}


def off(duration):
    """Return a charging stage with H_B off."""
    return qsb.Protocol((qsb.Stage("charge", duration, battery=False),))


@pytest.mark.parametrize("resource", GAMMA)
@pytest.mark.parametrize("block", [1, 2, 3, 6])
def test_advantage(resource, block):
    made = parallel(N, resource=resource, block=block, field=FIELD)
    gamma = GAMMA[resource](block)
    t = np.linspace(0, np.pi / 2 / FIELD / gamma, 41)
    d = qsb.run(qsb.Problem(made, off(t[-1]), (), t), ["stored_energy", "power", "ergotropy"])
    np.testing.assert_allclose(d.stored_energy, N * np.sin(gamma * FIELD * t) ** 2, atol=1e-11)
    np.testing.assert_allclose(d.ergotropy, d.stored_energy, atol=1e-10)
    assert float(d.peak_power) == pytest.approx(N * gamma * FIELD, rel=1e-9)


@pytest.mark.parametrize("block", [1, 2, 3, 6])
def test_resources_are_what_they_say(block):
    down = np.zeros(2**N)
    down[-1] = 1.0
    norm, variance = (
        build.dense(parallel(N, resource=r, block=block, field=FIELD).interaction, qsb.Space.spins(N))
        for r in ("norm", "variance")
    )
    assert np.linalg.norm(norm, 2) == pytest.approx(N * FIELD, rel=1e-12)
    assert np.linalg.norm(variance @ down) ** 2 == pytest.approx(N * FIELD**2, rel=1e-12)


@pytest.mark.parametrize("block", [1, 2, 6])
def test_blocks_are_two_level_systems_with_the_meter_on(block):
    g, t = FIELD, np.linspace(0, 6.0, 61)
    rabi = np.sqrt(block**2 + 4 * g**2)
    d = qsb.run(qsb.Problem(parallel(N, resource="coupling", block=block, field=g), qsb.quench(6.0), (), t))
    np.testing.assert_allclose(d.stored_energy, N * (2 * g / rabi) ** 2 * np.sin(rabi * t / 2) ** 2, atol=1e-11)


def test_representations():
    for block, expected in ((1, "product"), (40, "symmetric")):
        problem = qsb.Problem(parallel(40, resource="norm", block=block), off(1.0))
        assert qsb.plan(problem).representation == expected


def test_refusals():
    with pytest.raises(SpecError, match=r"may be one of \[1, 2, 3, 6\]"):
        parallel(6, resource="norm", block=4)
    with pytest.raises(SpecError, match="resource is 'norms', did you mean 'norm'"):
        parallel(6, resource="norms")
    with pytest.raises(SpecError, match="needs resource"):
        qsb.load_spec({"model": {"name": "parallel", "cells": 3}, "stage": [{"kind": "charge"}]})
