"""The first law of a run: heat and work against an independent integration, and what is refused."""

from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.integrate import solve_ivp

import qsb
from qsb.algebra.build import csr
from qsb.algebra.opsum import OpSum
from qsb.algebra.space import Boson, Group, Space, Spin
from qsb.algebra.states import ModeStart, Start
from qsb.algebra.terms import Cross, Local, Pair
from qsb.charging.battery import Battery
from qsb.charging.envelope import Gaussian, Piecewise, Ramp, Sinusoidal
from qsb.charging.protocol import Stage
from qsb.dynamics.start_states import start_density
from qsb.errors import SpecError
from systems import cells, pairs

SEEDS = st.integers(0, 2**32 - 1)
FIGURES = ["stored_energy", "heat", "drive_work", "charging_efficiency"]


def dense(op, space):
    return csr(op, space).toarray() if op.active else np.zeros((space.dimension,) * 2)


def integrated(problem, envelope, slope, kicks=()):
    """Return (dE_B, dE_C, Q, W): W from <dH/dt> and the switching, nothing from the first law; V switched off last."""
    b, space = problem.battery, problem.battery.space
    h_b, h_c, v = (dense(op, space) for op in (b.battery, b.charger, b.interaction))
    rho0 = start_density(problem)
    d = len(rho0)
    one = np.eye(d)

    def bracket(h):
        return -1j * (np.kron(h, one) - np.kron(one, h.T))

    bare, driven = bracket(h_b + h_c), bracket(v)
    jumps = []
    for j in problem.jumps:
        for rate, op in j.operators(space):
            m = csr(op, space).toarray()
            n = m.conj().T @ m
            jumps.append((rate * (np.kron(m, m.conj()) - (np.kron(n, one) + np.kron(one, n.T)) / 2), j.envelope))

    def rhs(t, y):
        rho = y[:-2]
        lost = sum((1.0 if pulse is None else pulse.value(t)) * (s @ rho) for s, pulse in jumps)
        h = h_b + h_c + envelope(t) * v
        power = slope(t) * (v.T.ravel() @ rho)
        return np.concatenate([(bare + envelope(t) * driven) @ rho + lost, [h.T.ravel() @ lost, power]])

    y = np.concatenate([rho0.ravel(), [0, envelope(0.0) * np.trace(v @ rho0)]]).astype(complex)
    edges = [0.0, *(t for t, _ in kicks), float(problem.times[-1])]
    for k, (a, z) in enumerate(pairwise(edges)):
        y = solve_ivp(rhs, (a, z - 1e-15), y, rtol=1e-9, atol=1e-11, method="DOP853").y[:, -1]
        if k < len(kicks):
            y[-1] += kicks[k][1] * np.trace(v @ y[:-2].reshape(d, d))
    rho = y[:-2].reshape(d, d)
    work = (y[-1] - envelope(edges[-1] - 1e-12) * np.trace(v @ rho)).real
    gained = [np.trace(h @ (rho - rho0)).real for h in (h_b, h_c)]
    return *gained, y[-2].real, work


def check(problem, expected, tolerance=2e-8):
    stored, own, heat, work = expected
    data = qsb.run(problem, FIGURES, peaks=False, tolerance=1e-10)
    assert data["stored_energy"][-1] == pytest.approx(stored, abs=tolerance)
    assert data["heat"][-1] == pytest.approx(heat, abs=tolerance)
    assert data["drive_work"][-1] == pytest.approx(work, abs=tolerance)
    # the first law of the independent numbers, which no line of this package closed
    assert stored + own == pytest.approx(work + heat, abs=tolerance)
    assert data["charging_efficiency"][-1] == pytest.approx(stored / (work + max(-own, 0.0)), rel=1e-6)
    return data


def test_ramped_drive_with_pulsed_losses():
    """Two coupled cells, V ramped and still on at the end, emission with a Gaussian rate, dephasing."""
    ramp, pulse = Ramp(0.2, 1.0, 1.3), Gaussian(0.9, 0.4)
    noise = [qsb.emission(0.3, envelope=pulse), qsb.dephasing(0.05)]
    problem = cells(2, field=0.4, coupling=pairs(0.3), channels=noise, protocol=qsb.quench(2.0, ramp), times=[1.3, 2.0])
    slope = lambda t: 0.8 / 1.3 if t < 1.3 else 0.0  # noqa: E731
    check(problem, integrated(problem, lambda t: 0.2 + 0.8 * min(t / 1.3, 1), slope, [(1.3, 0.0)]))


def test_a_jump_of_the_drive_is_work():
    """V doubles and turns its sign at once."""
    steps = Piecewise((0.0, 0.7, 1.5), (1.0, -2.0))
    problem = cells(2, field=0.4, channels=[qsb.emission(0.3)], protocol=qsb.quench(1.5, steps), times=[0.3, 1.5])
    check(problem, integrated(problem, lambda t: 1.0 if t < 0.7 else -2.0, lambda t: 0.0, [(0.7, -3.0)]))


def cavity(noise, start=None):
    """One cell in a lossy mode, which its drive modulates."""
    space = Space((Group("cells", Spin(), 1, "battery"), Group("mode", Boson(6), 1, "charger")))
    meter, own = OpSum((Local("z", 0.5, "cells"),)), OpSum((Local("n", 1.2, "mode"),))
    v = OpSum((Cross("+", "cells", "a", "mode", 0.3), Cross("-", "cells", "a+", "mode", 0.3)))
    battery = Battery(space, meter, v, own, start=start or Start("down", charger=ModeStart("fock", quanta=1)))
    return qsb.Problem(battery, qsb.quench(2.0, Sinusoidal(1.1, 0.4)), noise, np.array([0.5, 2.0]))


def test_a_lossy_mode_is_in_the_balance():
    problem = cavity([qsb.emission(0.05, on="charger"), qsb.emission(0.1)])
    data = check(problem, integrated(problem, lambda t: np.cos(1.1 * t + 0.4), lambda t: -1.1 * np.sin(1.1 * t + 0.4)))
    assert data["heat"][-1] < 0


def test_without_channels_there_is_no_heat_and_any_representation_gives_the_work():
    """Field from empty cells: W = E, efficiency 1; 10^6 cells as well. A constant V: W = <V>_0 - <V>_t."""
    for n in (1, 10**6):
        data = qsb.run(cells(n, field=0.5, times=[0.0, 1.0]), FIGURES)
        assert np.all(data["heat"] == 0)
        assert data["drive_work"].values == pytest.approx(data["stored_energy"].values)
        assert data["charging_efficiency"].values[1] == pytest.approx(1.0)
        assert np.isnan(data["charging_efficiency"].values[0])


def test_a_store_stage_of_a_million_cells_loses_heat_and_takes_no_work():
    """O24: energy falls as exp(-gamma t) at the rate that the figure says; nothing else changes it."""
    n, rate = 10**6, 0.1
    stages = qsb.Protocol((Stage("store", 5.0),))
    times = np.linspace(0, 5, 11)
    problem = cells(n, channels=[qsb.emission(rate)], protocol=stages, times=times, start=Start("up"))
    data = qsb.run(problem, ["stored_energy", "heat", "drive_work", "self_discharge_rate"])
    assert data["heat"].values / n == pytest.approx(np.expm1(-rate * times), abs=1e-9)
    assert data["drive_work"].values / n == pytest.approx(0.0, abs=1e-9)
    assert data["self_discharge_rate"].values == pytest.approx(rate, rel=1e-8)


@settings(max_examples=6, deadline=None)
@given(SEEDS, st.integers(1, 2), st.booleans())
def test_heat_is_what_a_constant_hamiltonian_loses(seed, n, coupled):
    """Constant H: Q = d<H> = dE_B + d<V>, so that W = <V>_0 - <V>_t; efficiency at most 1 with losses alone."""
    rng = np.random.default_rng(seed)
    noise = [qsb.emission(float(rng.uniform(0.01, 0.5)))]
    charger = {"coupling": pairs(float(rng.uniform(0.2, 1)))} if coupled and n > 1 else {}
    problem = cells(n, channels=noise, times=[0.0, 0.4, 3.0], duration=3.0, field=float(rng.uniform(0.1, 1)), **charger)
    data = qsb.run(problem, FIGURES, peaks=False)
    b, space = problem.battery, problem.battery.space
    one = replace(problem, times=np.array([0.0, 3.0]))
    expected = integrated(one, lambda t: 1.0, lambda t: 0.0)
    assert data["drive_work"][-1] == pytest.approx(expected[3], abs=1e-7)
    assert data["heat"][-1] == pytest.approx(expected[2], abs=1e-7)
    assert np.nanmax(data["charging_efficiency"]) <= 1 + 1e-6
    assert dense(b.battery, space).shape == (2**n, 2**n)


def test_the_save_times_play_no_part():
    problem = cells(2, coupling=pairs(0.7), channels=[qsb.emission(0.2)], times=[20.0])
    fine = replace(problem, times=np.linspace(0, 20, 40))
    a, b = (qsb.run(p, ["heat"], peaks=False, tolerance=1e-10)["heat"].values[-1] for p in (problem, fine))
    assert a == pytest.approx(b, abs=1e-8)


def test_what_is_refused():
    noisy = cells(2, field=0.5, channels=[qsb.emission(0.1)], protocol=qsb.quench(1.0, battery=False), times=[1.0])
    with pytest.raises(SpecError, match="H_B switched off"):
        qsb.run(noisy, ["heat"])
    plain = cells(2, field=0.5, times=[1.0])
    b = plain.battery
    mixed = Battery(b.space, b.battery, b.interaction, OpSum((Pair("z", "z", 0.1),)))
    with pytest.raises(SpecError, match="own cells"):
        qsb.run(qsb.Problem(mixed, qsb.quench(1.0)), ["drive_work"])
    lossy = cells(2, field=0.5, channels=[qsb.emission(0.1)], times=[1.0, 2.0])
    with pytest.raises(SpecError, match="charging_time_of"):
        qsb.run(lossy, ["heat"], charging_time_of="heat")
    with pytest.raises(qsb.PlanError, match="flows"):
        qsb.run(lossy, ["heat"], representation="permutation")
    for name in ("negativity", "mutual_information", "subset_entropy"):
        with pytest.raises(SpecError, match="cells of the subset"):
            qsb.run(plain, [name])
    with pytest.raises(SpecError, match="leave some out"):
        qsb.run(plain, ["negativity"], subset=[0, 1])
