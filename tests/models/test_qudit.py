"""Cells of any spectrum: closed forms, matrices built by hand, decay, refusals."""

import json

import numpy as np
import pytest
import scipy.linalg as la

import qsb
from qsb.algebra.build import dense
from qsb.algebra.opsum import OpSum
from qsb.algebra.space import Boson, Group, Level, Space, Spin
from qsb.algebra.terms import Cross, Local, Pair, Word
from qsb.models import qudit, qudit_decay

FIGURES = ["stored_energy", "ergotropy", "power"]


def run(battery, times, channels=(), figures=FIGURES, on=True, **options):
    times = np.atleast_1d(np.asarray(times, dtype=float))
    stage = qsb.Protocol((qsb.Stage("charge", float(times[-1]), battery=on),))
    return qsb.run(qsb.Problem(battery, stage, channels, times), figures, **options)


@pytest.mark.parametrize(("cells", "d"), [(1, 3), (2, 4)])
def test_equidistant_levels_with_the_weights_of_a_spin_turn_like_one(cells, d):
    t, lam = np.linspace(0, 4, 9), 0.4
    battery = qudit(cells, levels=np.arange(d), field=lam, weights="spin")
    omega = np.sqrt(1 + 4 * lam**2)
    expected = cells * (d - 1) * 4 * lam**2 / omega**2 * np.sin(omega * t / 2) ** 2
    data = run(battery, t)
    np.testing.assert_allclose(data["stored_energy"], expected, rtol=0, atol=1e-11)
    np.testing.assert_allclose(data["ergotropy"], expected, rtol=0, atol=1e-11)


def test_transitions_between_all_levels():
    t, lam, e = np.linspace(0, 3, 7), 0.3, np.array([0.0, 0.2, 0.9, 1.7])
    data = run(qudit(1, levels=e, field=lam, transitions="all"), t, on=False)
    expected = e.sum() * 4 / 16 * np.sin(2 * lam * t) ** 2
    np.testing.assert_allclose(data["stored_energy"], expected, rtol=0, atol=1e-12)


def test_the_joint_flip_fills_all_cells_at_once():
    t, e = np.linspace(0, 2, 5), [0.0, 0.3, 1.1]
    data = run(qudit(3, levels=e, flip=0.8), t, on=False)
    np.testing.assert_allclose(data["stored_energy"], 3 * 1.1 * np.sin(0.8 * t) ** 2, rtol=0, atol=1e-12)
    assert int(data["body_order"]) == 3


@pytest.mark.parametrize("geometry", ["all", "chain", "ring"])
def test_two_level_qudits_are_spins_turned_round(geometry):
    """Level 0 is the lowest: an exchange of qudits is (xx + yy)/2 of spins."""
    t = np.linspace(0, 3, 4)
    battery = qudit(3, levels=[0.0, 1.0], field=0.4, exchange=0.6, geometry=geometry)
    coupling = {"axes": "+-", "strength": 0.6, "geometry": geometry}
    spins = qsb.models.ensemble(3, field=0.4, coupling=coupling)
    for figure in ("stored_energy", "power"):
        found, expected = run(battery, t)[figure], run(spins, t)[figure]
        np.testing.assert_allclose(found, expected, rtol=0, atol=1e-10)


def test_three_cells_of_three_levels_against_matrices_by_hand():
    e, w, lam, j, t = np.array([0.0, 0.7, 1.0]), np.array([1.0, np.sqrt(2)]), 0.3, 0.2, 1.7
    low = np.diag(w, 1)

    def at(op, i):
        return np.kron(np.kron(np.eye(3**i), op), np.eye(3 ** (2 - i)))

    meter = sum(at(np.diag(e), i) for i in range(3))
    h = meter + lam * sum(at(low + low.T, i) for i in range(3))
    h += j / 3 * sum(at(low, i) @ at(low.T, k) + at(low.T, i) @ at(low, k) for i, k in ((0, 1), (1, 2)))
    psi = la.expm(-1j * h * t)[:, 0]
    options = {"field": lam, "exchange": j, "weights": "sqrt", "geometry": "chain", "normalisation": "kac"}
    battery = qudit(3, levels=e, **options)
    assert np.abs(dense(battery.battery, battery.space) - meter).max() == 0
    expected = np.vdot(psi, meter @ psi).real
    assert float(run(battery, t)["stored_energy"][0]) == pytest.approx(expected, abs=1e-11)
    # with noise that is too weak to see, the density matrix says the same, levels and all
    data = run(battery, t, qudit_decay(3, [1e-12, 1e-12]), ["stored_energy", "ergotropy", "capacity"], peaks=False)
    assert json.loads(data.plan)["representation"] == "density"
    assert float(data["stored_energy"][0]) == pytest.approx(expected, abs=1e-9)
    assert float(data["ergotropy"][0]) == pytest.approx(expected, abs=1e-9)
    assert float(data["capacity"][0]) == pytest.approx(3.0, abs=1e-9)


def test_a_qutrit_decays_step_by_step():
    """From the top: p2 = exp(-g2 t), p1 of Bateman's chain; its ergotropy by sorting."""
    rates, t, e = np.array([0.3, 0.8]), np.linspace(0, 4, 9), np.array([0.0, 0.4, 1.0])
    battery = qudit(1, levels=e, start=qsb.Start("state", array=np.eye(3)[2]))
    data = run(battery, t, qudit_decay(1, rates), ["energy_above_ground", "ergotropy"], peaks=False)
    p2 = np.exp(-0.8 * t)
    p1 = 0.8 / (0.3 - 0.8) * (np.exp(-0.8 * t) - np.exp(-0.3 * t))
    p = np.stack([1 - p1 - p2, p1, p2], axis=1)
    np.testing.assert_allclose(data["energy_above_ground"], p @ e, rtol=0, atol=1e-9)
    np.testing.assert_allclose(data["ergotropy"], p @ e - -np.sort(-p, axis=1) @ e, rtol=0, atol=1e-9)


def test_decay_together_is_faster_than_alone():
    """Two qudits on their first level: gamma D[sum |0><1|] from both up has the rate 2 gamma, as Dicke's ladder."""
    start = qsb.Start("state", array=np.eye(9)[4])
    battery = qudit(2, levels=[0.0, 1.0, 2.0], start=start)
    for together, expected in ((True, 2 * np.exp(-1.0) + np.exp(-1.0)), (False, 2 * np.exp(-0.5))):
        channels = qudit_decay(2, [0.5, 0.0], collective=together)
        data = run(battery, 1.0, channels, ["energy_above_ground"], peaks=False)
        assert float(data["energy_above_ground"][0]) == pytest.approx(expected, abs=1e-9)


def test_a_ladder_of_many_levels_is_an_oscillator():
    t = np.linspace(0, 1.5, 4)
    battery = qudit(1, levels=np.arange(40), field=0.8, weights="sqrt")
    np.testing.assert_allclose(run(battery, t)["stored_energy"], 4 * 0.8**2 * np.sin(t / 2) ** 2, rtol=0, atol=1e-9)


def test_many_cells_start_empty():
    """3^7 states, above what is diagonalised in full, of which all but the lowest have neighbours of equal energy."""
    battery = qudit(7, levels=[0.0, 0.5, 1.0], field=0.3, weights="spin")
    omega = np.sqrt(0.25 + 4 * 0.3**2)
    data = run(battery, 1.5, figures=["stored_energy"], peaks=False)
    expected = 7 * 4 * 0.3**2 / omega**2 * np.sin(omega * 1.5 / 2) ** 2
    assert float(data["stored_energy"][0]) == pytest.approx(expected, abs=1e-9)


# -- operators between levels --


def test_operators_between_levels_in_every_form():
    space = Space((Group("cells", Level(3), 2), Group("mode", Boson(2), 1, "charger"), Group("spin", Spin(), 1)))
    jump = np.zeros((3, 3))
    jump[0, 2] = 1

    def at(first, second, third=None):
        return np.kron(np.kron(np.kron(first, second), np.eye(3) if third is None else third), np.eye(2))

    one, a = np.eye(3), np.diag(np.sqrt([1.0, 2.0]), 1)
    for op, expected in (
        (OpSum((Local("0|2", 0.5),)), 0.5 * (at(jump, one) + at(one, jump))),
        (OpSum((Pair("0|2", "2|0", 0.5),)), 0.5 * at(jump, jump.T)),
        (OpSum((Cross("2|0", "cells", "a", "mode", 0.5),)), 0.5 * (at(jump.T, one, a) + at(one, jump.T, a))),
        (OpSum((Word(0.5j, ((1, "0|2"), (2, "a+"))),)), 0.5j * at(one, jump, a.T)),
    ):
        np.testing.assert_array_equal(dense(op, space), expected)
        np.testing.assert_array_equal(dense(op.adjoint(), space), expected.conj().T)


@pytest.mark.parametrize("name", ["0|3", "x", "n", "a"])
def test_a_cell_has_no_other_operators(name):
    space = Space((Group("cells", Level(3), 1),))
    with pytest.raises(qsb.SpecError, match="j and k below 3"):
        OpSum((Local(name),)).check(space)


@pytest.mark.parametrize("name", ["0|", "|1", "a|b", "01|1", "-1|0", "0|1|2"])
def test_no_operator_has_such_a_name(name):
    with pytest.raises(qsb.SpecError, match="unknown"):
        Local(name)


def test_a_spin_has_no_levels_by_number():
    with pytest.raises(qsb.SpecError, match="does not act"):
        OpSum((Local("0|1"),)).check(Space.spins(1))


@pytest.mark.parametrize(
    ("given", "match"),
    [
        ({"levels": [1.0]}, "levels must be 2 finite"),
        ({"levels": [0.0, 0.0, 1.0]}, "lowest level"),
        ({"levels": [0.0, 2.0, 1.0]}, "ascend"),
        ({"levels": [[0.0, 1.0]]}, "one row"),
        ({"levels": np.arange(65)}, "64"),
        ({"weights": "spins"}, "did you mean 'spin'"),
        ({"transitions": "all", "weights": "sqrt"}, "ladder"),
        ({"geometry": "power-law"}, "chain, ring, all"),
        ({"normalisation": "half"}, "none, kac, sqrt"),
        ({"cells": 0}, "cells must be a whole number"),
    ],
)
def test_impossible_arguments(given, match):
    with pytest.raises(qsb.SpecError, match=match):
        qudit(**({"cells": 2, "levels": [0.0, 1.0, 2.0]} | given))


def test_impossible_decay():
    with pytest.raises(qsb.SpecError, match="negative"):
        qudit_decay(1, [-0.1])


def test_a_spec():
    spec = {
        "model": {"name": "qudit", "cells": 2, "levels": [0.0, 0.4, 1.0], "flip": 0.5},
        "stage": [{"duration": 1.0, "battery": False}],
        "save": {"points": 2, "figures": ["stored_energy", "ergotropy"]},
    }
    assert float(qsb.run(spec)["ergotropy"][-1]) == pytest.approx(2 * np.sin(0.5) ** 2, abs=1e-11)
