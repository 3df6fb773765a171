"""Energy and power from products of Chebyshev vectors, against those of states at the same times."""

from dataclasses import replace

import numpy as np
import pytest

import qsb
from qsb.dynamics import energies
from qsb.dynamics.plan import REPRESENTATIONS
from qsb.dynamics.solve import solve
from qsb.errors import ConvergenceError

X, Y, Z = ({"axes": a, "strength": s} for a, s in (("xx", 0.3), ("xy", 0.25), ("zz", 0.2)))


def _problem(n=10, coupling=(X, Z), window=8.0, count=161):
    model = qsb.models.ensemble(n, field=0.5, coupling=list(coupling))
    return qsb.Problem(model, qsb.quench(window), (), np.linspace(0.0, window, count))


def _both(problem):
    """The series without states, and with them: the variance needs states."""
    made = qsb.plan(problem, ["stored_energy", "power"], representation="ket", integrator="chebyshev")
    request = replace(made.request, needs=made.request.needs | {"variance"})
    times = np.setdiff1d(np.linspace(0.03, problem.times[-1] - 0.01, 25), problem.times)
    one, two = (solve(problem, p, probes=times) for p in (made, replace(made, request=request)))
    assert "variance" not in one.values, "states were made"
    assert "variance" in two.values
    return one, two


def _agree(one, two, bound=2e-12):
    for name in ("energy", "power", "work_power", "heat_power"):
        assert np.abs(one.values[name] - two.values[name]).max() < bound, name
    for a, b in zip(one.probes, two.probes, strict=True):
        assert np.abs(a - b).max() < bound
    assert one.start_energy == two.start_energy
    assert np.array_equal(one.drive, two.drive)
    assert set(one.budget) == set(two.budget)
    assert max(one.budget.values()) < 1e-12
    assert len(one.kinks) == len(two.kinks)
    for a, b in zip(one.kinks, two.kinks, strict=True):
        assert abs(a.before - b.before) + abs(a.after - b.after) < bound


@pytest.mark.parametrize("coupling", [(X, Z), (X, Y)], ids=["real", "complex"])
@pytest.mark.parametrize("n", [9, 10])
def test_states_and_products_agree(n, coupling):
    _agree(*_both(_problem(n, coupling)))


@pytest.mark.parametrize("coupling", [(X, Z), (X, Y)], ids=["real", "complex"])
def test_any_room_and_any_window(monkeypatch, coupling):
    """Vectors that pass by several times, and windows that start from complex states."""
    monkeypatch.setattr(energies, "PASSING", 6)
    monkeypatch.setattr(energies, "HELD", 26)
    monkeypatch.setattr(energies, "REAL_PHASE", 30.0)
    monkeypatch.setattr(energies, "COMPLEX_PHASE", 17.0)
    _agree(*_both(_problem(10, coupling)))


def test_stages_and_a_battery_that_is_not_diagonal():
    """A jump of the drive inside the window; H_B = sum x + zz, from its ground state, flips cells."""
    space = qsb.Space.spins(10)
    h = qsb.OpSum((qsb.Local("x", 0.4), qsb.Pair("z", "z", 0.2)))
    v = qsb.OpSum((qsb.Local("z", 0.5), qsb.Pair("x", "x", 0.3)))
    battery = qsb.Battery(space, h, v, start=qsb.Start("down"))
    stages = (qsb.Stage("charge", 3.0), qsb.Stage("store", 1.0), qsb.Stage("charge", 4.0))
    problem = qsb.Problem(battery, qsb.Protocol(stages), (), np.linspace(0.0, 8.0, 241))
    _agree(*_both(problem))


def test_narrow_bounds_are_widened_and_hopeless_ones_refused():
    problem = _problem(10)
    made = qsb.plan(problem, ["stored_energy", "power"], integrator="chebyshev")
    reduced = next(r for r in REPRESENTATIONS if r.name == "ket").reduce(problem, made.request)
    generator, battery = reduced.generators[0], reduced.readout.battery
    right = energies.advance(generator, battery, reduced.start, 0.0, problem.times[1:], 8.0)
    low, high = generator.kept["bounds"]
    generator.kept["bounds"] = low / 3, high / 3
    found = energies.advance(generator, battery, reduced.start, 0.0, problem.times[1:], 8.0)
    assert np.abs(found.energy - right.energy).max() < 1e-11
    assert generator.kept["bounds"][1] > high / 2
    with pytest.raises(ConvergenceError, match="bounds"):
        energies.advance(generator, battery, reduced.start * np.nan, 0.0, problem.times[1:], 8.0)


def test_few_times_take_states():
    made = qsb.plan(_problem(count=5), ["stored_energy", "power"], integrator="chebyshev")
    assert "variance" in solve(_problem(count=5), made).values


def test_a_norm_that_is_lost_is_seen(monkeypatch):
    """A state that the coefficients do not keep normalised fails the check of the norm."""
    right = energies._coefficients
    monkeypatch.setattr(energies, "_coefficients", lambda *a: tuple(1.001 * c for c in right(*a)))
    problem = _problem(10)
    with pytest.raises(ConvergenceError, match="norm"):
        solve(problem, qsb.plan(problem, ["stored_energy", "power"], integrator="chebyshev"))
