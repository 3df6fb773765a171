"""To QuTiP and back: the operators give mesolve the energies of a run, and a problem made of them is the same one."""

import numpy as np
import pytest
import qutip

import qsb
from qsb.charging.envelope import Constant, Gaussian, Ramp
from qsb.charging.protocol import Protocol, Stage, collisions
from qsb.errors import PlanError, SpecError

COUPLING = [{"axes": "xx", "strength": 0.3}]
TIMES = np.linspace(0.0, 4.0, 9)
STAGES = Protocol(
    (Stage("charge", 1.5, Ramp(0.0, 1.0, 1.0)), Stage("store", 1.0), Stage("discharge", 1.5, Gaussian(0.8, 0.2, 1.0)))
)

PROBLEMS = {
    "closed": qsb.Problem(qsb.models.ensemble(3, field=0.4, coupling=COUPLING), qsb.quench(4.0), (), TIMES),
    "noisy": qsb.Problem(
        qsb.models.ensemble(2, field=0.4, coupling=COUPLING),
        qsb.quench(4.0),
        [qsb.emission(0.1), qsb.dephasing(0.05), qsb.thermal(0.1, nbar=0.3, collective=True)],
        TIMES,
    ),
    "stages": qsb.Problem(qsb.models.ensemble(2, field=0.4), STAGES, [qsb.emission(0.2)], TIMES),
    "rates": qsb.Problem(
        qsb.models.ensemble(2, field=0.4), qsb.quench(4.0), [qsb.emission(0.2, envelope=Ramp(0.0, 1.0, 4.0))], TIMES
    ),
    "frame": qsb.Problem(qsb.models.ensemble(2, field=0.4), qsb.quench(4.0, battery=False), (), TIMES),
    "cavity": qsb.Problem(qsb.models.tavis_cummings(2, coupling=0.4, cutoff=4), qsb.quench(4.0), (), TIMES),
    "lossy": qsb.Problem(
        qsb.models.tavis_cummings(2, coupling=0.4, cutoff=4), qsb.quench(4.0), [qsb.emission(0.1, on="mode")], TIMES
    ),
}


@pytest.mark.parametrize("name", PROBLEMS)
def test_mesolve_finds_the_energies_of_a_run(name):
    problem = PROBLEMS[name]
    p = qsb.to_qutip(problem)
    options = {"atol": 1e-12, "rtol": 1e-10, "nsteps": 10**5, "progress_bar": "", "max_step": min(p.max_step, 1.0)}
    c_ops = [qutip.QobjEvo([c]) if isinstance(c, list) else c for c in p.c_ops]
    solved = qutip.mesolve(qutip.QobjEvo(p.H), p.rho0, p.times, c_ops, e_ops=[p.H_B], options=options)
    energy = solved.expect[0] - qutip.expect(p.H_B, p.rho0)
    data = qsb.run(problem, ["stored_energy"], peaks=False)
    np.testing.assert_allclose(data["stored_energy"], energy, atol=2e-7)


@pytest.mark.parametrize("name", PROBLEMS)
def test_there_and_back_it_is_the_same_battery(name):
    problem = PROBLEMS[name]
    p = qsb.to_qutip(problem)
    again = qsb.from_qutip(
        p.H_B, p.V, p.c_ops, times=p.times, H_C=p.H_C, rho0=p.rho0, chargers=p.chargers, max_step=p.max_step
    )
    figures = ["stored_energy", "power", "ergotropy"]
    first, second = (qsb.run(q, figures, peaks=False) for q in (problem, again))
    for figure in figures:
        np.testing.assert_allclose(second[figure], first[figure], atol=1e-7)


def test_from_qutip_needs_a_length_and_chargers_that_exist():
    sz, sx = qutip.sigmaz(), qutip.sigmax()
    with pytest.raises(SpecError, match="needs duration or times"):
        qsb.from_qutip(sz, sx)
    with pytest.raises(SpecError, match="times is empty"):
        qsb.from_qutip(sz, sx, times=[])
    pair = qutip.tensor(sz, qutip.qeye(2))
    start = qutip.tensor(qutip.basis(2, 1), qutip.basis(2, 0))
    with pytest.raises(SpecError, match=r"tensor factors 0\.\.1"):
        qsb.from_qutip(pair, None, duration=1.0, chargers=[2], rho0=start)
    with pytest.raises(SpecError, match="as a ket or a density matrix"):
        qsb.from_qutip(pair, None, duration=1.0, chargers=[1])
    with pytest.raises(SpecError, match="H_B acts on the chargers"):
        qsb.from_qutip(qutip.tensor(sz, sz), None, duration=1.0, chargers=[1], rho0=start)


def test_a_charger_before_the_battery_and_of_three_levels():
    """Excitation exchange of a qubit battery with a three-level charger whose two upper levels are a qubit."""
    lower = qutip.basis(3, 1) * qutip.basis(3, 2).dag()
    h_b = qutip.tensor(qutip.qeye(3), qutip.sigmaz() / 2)
    v = 0.3 * qutip.tensor(lower, qutip.sigmap())
    start = qutip.tensor(qutip.basis(3, 2), qutip.basis(2, 1))
    times = np.linspace(0, 6, 13)
    h_c = qutip.tensor(qutip.num(3), qutip.qeye(2))
    problem = qsb.from_qutip(h_b, v + v.dag(), times=times, H_C=h_c, rho0=start, chargers=[0])
    data = qsb.run(problem, ["stored_energy", "ergotropy"], peaks=False)
    p = np.sin(0.3 * times) ** 2
    np.testing.assert_allclose(data["stored_energy"], p, atol=1e-10)
    np.testing.assert_allclose(data["ergotropy"], np.maximum(0, 2 * p - 1), atol=1e-10)


@pytest.mark.parametrize("chargers", [[0], (0,), np.array([0]), np.array([0, 1])])
def test_chargers_may_be_an_array(chargers):
    """An array [0] is false and one of two entries neither true nor false."""
    h_b = qutip.tensor(*[qutip.qeye(2)] * len(chargers), qutip.sigmaz())
    start = qutip.tensor(*[qutip.basis(2, 0)] * len(chargers), qutip.basis(2, 1))
    problem = qsb.from_qutip(h_b, duration=1.0, rho0=start, chargers=chargers)
    assert list(problem.battery.space.sites_of("charger")) == list(range(len(chargers)))
    assert problem.battery.space.cells == 1


def test_what_qutip_cannot_hold_is_refused():
    with pytest.raises(PlanError, match="is the most that is handed to QuTiP"):
        qsb.to_qutip(qsb.Problem(qsb.models.ensemble(16, field=0.1), qsb.quench(1.0)))
    with pytest.raises(PlanError, match="of 1000000 sites"):
        qsb.to_qutip(qsb.Problem(qsb.models.ensemble(10**6, field=0.1), qsb.quench(1.0)))
    battery = qsb.models.collision(5, coupling=0.3)
    with pytest.raises(SpecError, match="renew the charger"):
        qsb.to_qutip(qsb.Problem(battery, collisions(3)))
    assert isinstance(STAGES.stages[1].envelope, Constant)
