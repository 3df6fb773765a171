"""Collisions: closed forms, a naive loop with dense matrices, noise, save times inside collisions, refusals."""

import numpy as np
import pytest
import scipy.linalg as la

import qsb
from qsb.algebra.opsum import OpSum
from qsb.algebra.space import Boson, Group, Space, Spin
from qsb.algebra.states import Start
from qsb.algebra.terms import Cross, Local
from qsb.charging.protocol import Protocol, Stage, collisions
from qsb.errors import CutoffError, PlanError, SpecError, StructureError

FIGURES = ["stored_energy", "power", "ergotropy", "purity"]


def battery(levels=12, angle=0.7, ground=0.25, coherence=1.0, first=0):
    """An oscillator that meets qubits, Jaynes-Cummings; `first` is the filled level at the start."""
    space = Space((Group("mode", Boson(levels - 1), 1, "battery"), Group("unit", Spin(), 1, "charger")))
    off = coherence * np.sqrt(ground * (1 - ground))
    unit = np.array([[1 - ground, off], [off, ground]])
    own = np.zeros((levels, levels))
    own[first, first] = 1
    v = OpSum((Cross("a", "mode", "+", "unit", angle), Cross("a+", "mode", "-", "unit", angle)))
    return qsb.Battery(space, OpSum((Local("n", 1.0, "mode"),)), v, start=Start("state", array=np.kron(own, unit)))


def naive(levels, angle, ground, coherence, count, rate=0.0):
    """The textbook loop with dense matrices; energy and state after each collision."""
    a = np.diag(np.sqrt(np.arange(1, levels)), 1)
    plus = np.array([[0, 1], [0, 0]])
    h = angle * (np.kron(a, plus) + np.kron(a.T, plus.T))
    jump = np.sqrt(rate) * np.kron(a, np.eye(2))
    one, n = np.eye(len(h)), jump.T @ jump
    generator = -1j * (np.kron(h, one) - np.kron(one, h.T)) + np.kron(jump, jump)
    generator -= (np.kron(n, one) + np.kron(one, n.T)) / 2
    step = la.expm(generator) if rate else None
    u = la.expm(-1j * h)
    off = coherence * np.sqrt(ground * (1 - ground))
    unit = np.array([[1 - ground, off], [off, ground]])
    rho = np.zeros((levels, levels), dtype=complex)
    rho[0, 0] = 1
    out = [rho]
    for _ in range(count):
        joint = np.kron(out[-1], unit)
        joint = (step @ joint.ravel()).reshape(joint.shape) if rate else u @ joint @ u.conj().T
        out.append(np.einsum("icjc->ij", joint.reshape(levels, 2, levels, 2)))
    return np.array(out)


@pytest.mark.parametrize(("levels", "coherence", "rate"), [(12, 0.0, 0.0), (12, 1.0, 0.0), (12, 0.6, 0.1)])
def test_a_naive_loop_agrees(levels, coherence, rate):
    channels = [qsb.emission(rate, on="mode")] if rate else []
    problem = qsb.Problem(battery(levels, coherence=coherence), collisions(6), channels, np.arange(7.0))
    expected = naive(levels, 0.7, 0.25, coherence, 6, rate)
    data = qsb.run(problem, FIGURES)
    energy = np.einsum("tii,i->t", expected, np.arange(levels)).real
    np.testing.assert_allclose(data["stored_energy"], energy, atol=1e-12)
    np.testing.assert_allclose(data["purity"], np.einsum("tij,tji->t", expected, expected).real, atol=1e-12)
    spectra = np.sort(np.linalg.eigvalsh(expected), axis=1)[:, ::-1]
    np.testing.assert_allclose(data["ergotropy"], energy - spectra @ np.arange(levels), atol=1e-11)
    assert "collisions" in data.attrs["left_out"]


def test_many_noisy_collisions_take_the_whole_map():
    noise, weak = [qsb.emission(0.3, on="mode")], {"angle": 0.1, "ground": 0.9, "coherence": 0.3}
    problem = qsb.Problem(battery(8, **weak), collisions(80), noise, [0.0, 79.0, 80.0])
    expected = naive(8, **weak, count=80, rate=0.3)[[0, 79, 80]]
    data = qsb.run(problem, ["stored_energy"])
    np.testing.assert_allclose(data["stored_energy"], np.einsum("tii,i->t", expected, np.arange(8)).real, atol=1e-12)


def test_a_mode_that_overflows_between_the_save_times_is_refused():
    # after 9 collisions the ninth level is filled, and the whole train empties it again
    with pytest.raises(CutoffError, match="cutoff of 8"):
        qsb.run(qsb.Problem(battery(9, 1.0, 0.0), collisions(400), (), [0.0, 400.0]), ["stored_energy"])


def test_inside_the_first_collision_it_is_an_ordinary_problem():
    times = np.array([0.0, 0.3, 0.8, 1.0, 1.4])
    data = qsb.run(qsb.Problem(battery(), collisions(3), (), times), FIGURES)
    plain = qsb.run(qsb.Problem(battery(), qsb.quench(1.0, battery=False), (), times[:4]), FIGURES, peaks=False)
    for name in FIGURES:
        np.testing.assert_allclose(data[name][:4], plain[name], atol=1e-11)
    # the second collision begins with the energy that the first one left, and a fresh qubit
    later = qsb.run(qsb.Problem(battery(), collisions(3), (), [1.0, 1.0 + 1e-7]), ["stored_energy", "power"])
    assert float(later["stored_energy"][1]) == pytest.approx(float(later["stored_energy"][0]), abs=1e-6)


def test_a_store_stage_keeps_the_battery():
    protocol = Protocol((*collisions(4, 0.5).stages, Stage("store", 3.0)))
    data = qsb.run(qsb.Problem(battery(angle=1.4), protocol, (), [2.0, 3.0, 5.0]), FIGURES)
    alone = qsb.run(qsb.Problem(battery(angle=1.4), collisions(4, 0.5), (), [2.0]), FIGURES)
    for name in ("stored_energy", "ergotropy"):
        np.testing.assert_allclose(data[name], float(alone[name][0]), atol=1e-11)
    lossy = qsb.Problem(battery(angle=1.4), protocol, [qsb.emission(0.2, on="mode")], [2.0, 3.0, 5.0])
    energy = qsb.run(lossy, ["stored_energy"])["stored_energy"].values
    np.testing.assert_allclose(energy[1:], energy[0] * np.exp(-0.2 * np.array([1.0, 3.0])), atol=1e-10)


def test_what_no_collision_can_be_is_refused():
    with pytest.raises(SpecError, match="whole number, 1 or more"):
        collisions(0)
    with pytest.raises(SpecError, match="whole number"):
        Stage("charge", 1.0, collisions=1.5)
    with pytest.raises(SpecError, match="positive time"):
        Stage("charge", 0.0, collisions=2)
    with pytest.raises(SpecError, match="positive time"):
        Stage("store", 1.0, collisions=2)
    cells = qsb.models.ensemble(2, field=0.5)
    with pytest.raises(PlanError, match="no charger that could be renewed"):
        qsb.run(qsb.Problem(cells, collisions(3)))
    mixed = Protocol((Stage("charge", 1.0), *collisions(2).stages))
    with pytest.raises(PlanError, match="lasting charger"):
        qsb.run(qsb.Problem(battery(), mixed))
    space = battery().space
    bell = np.zeros(24)
    bell[[0, 3]] = np.sqrt(0.5)
    correlated = qsb.Battery(space, battery().battery, battery().interaction, start=Start("state", array=bell))
    with pytest.raises(StructureError, match="correlates"):
        qsb.run(qsb.Problem(correlated, collisions(3)))
    with pytest.raises(SpecError, match="steady state of collisions"):
        qsb.run(qsb.Problem(battery(), collisions(3)), steady=True)


def test_a_long_train_stays_normalised():
    """Thousands of sparse products must not drift; the micromaser's energy after 1000 collisions is an oracle."""
    problem = qsb.Problem(battery(40, 1.0), collisions(1000), (), [0.0, 30.0, 1000.0])
    data = qsb.run(problem, ["stored_energy", "purity"])
    assert float(data["stored_energy"][-1]) == pytest.approx(3.878079, abs=5e-7)
    assert float(data["purity"][-1]) == pytest.approx(0.99956, abs=5e-6)
