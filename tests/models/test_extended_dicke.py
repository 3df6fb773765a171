"""The extended Dicke battery: its Hamiltonian, its limits, and the symmetric ladder against all configurations."""

import numpy as np
import pytest

import qsb
from qsb.algebra import build
from qsb.errors import SpecError
from qsb.models import dicke, extended_dicke

FIGURES = ["stored_energy", "power", "ergotropy"]


def test_interaction_is_a_square_of_the_collective_spin():
    n, eta = 3, 0.7
    for axis in "xyz":
        for role in ("battery", "charger"):
            made = extended_dicke(n, coupling=0.2, exchange=eta, axis=axis, cutoff=2, role=role)
            bare = dicke(n, coupling=0.2, cutoff=2)
            j = build.dense(qsb.OpSum((qsb.Local(axis, 0.5),)), made.space)
            x = eta / n * (j @ j - n / 4 * np.eye(len(j)))
            for op, old, own in (("battery", bare.battery, "battery"), ("interaction", bare.interaction, "charger")):
                found, base = build.dense(getattr(made, op), made.space), build.dense(old, made.space)
                np.testing.assert_allclose(found, base + x * (role == own), atol=1e-13)


def test_limits():
    for a, b in (
        (extended_dicke(1, coupling=0.3, exchange=2.0), dicke(1, coupling=0.3)),
        (extended_dicke(3, coupling=0.3, exchange=0.0), dicke(3, coupling=0.3)),
    ):
        one, other = (qsb.run(qsb.Problem(m, qsb.quench(3.0)), FIGURES) for m in (a, b))
        for name in FIGURES:
            np.testing.assert_allclose(one[name], other[name], atol=1e-10)


@pytest.mark.parametrize("role", ["battery", "charger"])
def test_the_ladder_agrees_with_all_configurations(role):
    made = extended_dicke(3, coupling=0.2, exchange=0.8, axis="x", cutoff=24, role=role)
    problem = qsb.Problem(made, qsb.quench(2.0), (), np.linspace(0, 2.0, 9))
    one, other = (qsb.run(problem, FIGURES, representation=r) for r in ("symmetric", "ket"))
    for name in FIGURES:
        np.testing.assert_allclose(one[name], other[name], atol=1e-9, err_msg=name)


def test_refusals():
    with pytest.raises(SpecError, match="role"):
        extended_dicke(2, coupling=0.1, exchange=0.1, role="cell")
    with pytest.raises(SpecError, match="exchange"):
        extended_dicke(2, coupling=0.1, exchange=float("nan"))
