"""Solving as planned: what comes back, the self-checks that hold it, and that nothing depends on batches or paths."""

import dataclasses
from dataclasses import dataclass

import numpy as np
import pytest

import qsb
from qsb.charging.envelope import Constant, Piecewise, Sinusoidal
from qsb.charging.protocol import Stage
from qsb.dynamics import integrate
from qsb.dynamics import solve as solving
from qsb.dynamics.plan import plan
from qsb.dynamics.representation import Request
from qsb.dynamics.solve import solve
from systems import cells, pairs

NEEDS = Request(frozenset({"energy", "power", "variance", "spectrum", "levels", "extremes"}))
CHAIN = cells(3, coupling=pairs(0.5), field=0.1, duration=4.0)
FERMIONS = cells(3, coupling=pairs(0.5), duration=4.0)
NOISY = cells(3, coupling=pairs(0.5), channels=(qsb.emission(0.1),), duration=4.0)
FREE = cells(3, field=0.5, channels=(qsb.emission(0.1),), duration=4.0)
COLLECTIVE = cells(3, field=0.5, channels=(qsb.emission(0.1, collective=True),), duration=4.0)
ALL = {"ket": CHAIN, "fermion": FERMIONS, "density": NOISY, "product": FREE, "symmetric": COLLECTIVE}


def solved(problem, **options):
    """Return the series of a problem."""
    return solve(problem, plan(problem, NEEDS), **options)


@pytest.mark.parametrize("name", ALL)
def test_series_have_one_value_a_save_time(name):
    problem = ALL[name]
    assert plan(problem, NEEDS).representation == name
    series = solved(problem)
    assert np.array_equal(series.times, problem.times)
    for readout in ("energy", "power", "work_power", "heat_power", "variance"):
        assert series.values[readout].shape == problem.times.shape
        assert np.all(np.isfinite(series.values[readout]))
    assert series.drive.tolist() == [1.0] * len(problem.times)
    assert series.start_energy == pytest.approx(-1.5, abs=1e-14)
    assert series.statics["extremes"] == pytest.approx((-1.5, 1.5))


@pytest.mark.parametrize("name", ALL)
def test_power_is_the_slope_of_the_energy(name):
    t = np.linspace(0, 4.0, 4001)
    series = solved(dataclasses.replace(ALL[name], times=t))
    slope = np.gradient(series.values["energy"], t, edge_order=2)
    np.testing.assert_allclose(series.values["power"], slope, rtol=0, atol=5e-6)


@pytest.mark.parametrize("name", ALL)
def test_the_self_checks_of_a_good_solution_are_near_rounding(name):
    budget = solved(ALL[name]).budget
    assert budget
    assert set(budget) <= {"norm", "trace", "hermiticity", "negativity", "purity", "energy_drift"}
    assert all(0 <= v < 1e-11 for v in budget.values()), budget


@pytest.mark.parametrize("name", ALL)
def test_batches_change_nothing(name, monkeypatch):
    once = solved(ALL[name])
    monkeypatch.setattr(solving, "BATCH_BYTES", 1)
    monkeypatch.setattr(solving, "KET_BATCH_BYTES", 1)
    many = solved(ALL[name])
    for readout, values in once.values.items():
        other = many.values[readout]
        if isinstance(values, np.ndarray):
            np.testing.assert_allclose(other, values, rtol=0, atol=1e-14)
        else:
            np.testing.assert_allclose(other.moment(2), values.moment(2), rtol=1e-13)


def test_progress_ends_at_one_and_never_falls(monkeypatch):
    monkeypatch.setattr(solving, "KET_BATCH_BYTES", 2**10)
    seen = []
    solved(CHAIN, progress=seen.append)
    assert len(seen) > 2
    assert seen == sorted(seen)
    assert seen[-1] == 1.0


def test_a_looser_tolerance_is_less_exact_and_within_itself():
    problem = cells(3, coupling=pairs(0.5), protocol=qsb.quench(20.0, Sinusoidal(1.3)))
    exact = solved(problem, tolerance=1e-12).values["energy"]
    errors = {tol: np.abs(solved(problem, tolerance=tol).values["energy"] - exact).max() for tol in (1e-4, 1e-8)}
    assert errors[1e-8] < errors[1e-4]
    for tol, error in errors.items():
        assert error < 10 * tol


# -- kinks --


def test_kinks_are_where_the_charger_switches():
    stages = qsb.Protocol(
        (
            Stage("charge", 1.0, Piecewise((0.0, 0.4, 1.0), (1.0, 0.5))),
            Stage("store", 1.0),
            Stage("charge", 1.0, Constant(-1.0)),
        )
    )
    problem = cells(2, field=0.5, protocol=stages, times=[0.2, 3.0])
    series = solved(problem)
    assert [k.time for k in series.kinks] == pytest.approx([0.4, 1.0, 2.0])
    first, second, third = series.kinks
    assert first.after == pytest.approx(first.before / 2)
    assert second.after == pytest.approx(0.0, abs=1e-14)
    assert third.before == pytest.approx(0.0, abs=1e-14)
    assert abs(third.after) > 0.01


def test_a_charger_that_goes_on_makes_no_kink():
    stages = qsb.Protocol((Stage("charge", 1.0), Stage("discharge", 1.0)))
    assert solved(cells(2, field=0.5, protocol=stages, times=[2.0])).kinks == ()
    assert solved(cells(2, field=0.5, times=[2.0])).kinks == ()


# -- broken solutions are not returned --


@dataclass(frozen=True)
class Broken:
    """An integrator that spoils every state."""

    spoil: object
    name: str = "broken"

    def advance(self, generator, x, start, times, tolerance):
        inner = integrate.choose(x.size, constant=generator.constant, skew=generator.skew)
        for state in inner.advance(generator, x, start, times, tolerance):
            yield self.spoil(state)


def first_entry(value):
    """Return a function that writes into the first entry."""

    def spoil(x):
        out = x.copy()
        out.flat[0] += value
        return out

    return spoil


BREAKS = {
    "norm": ("ket", lambda x: 1.001 * x, "norm|conserved energy"),
    "NaN": ("ket", lambda x: x * np.nan, "nan"),
    "another state": ("ket", lambda x: x[::-1].copy(), "conserved energy"),
    "trace": ("density", lambda x: 1.001 * x, "trace"),
    "hermiticity": ("symmetric", first_entry(1e-3j), "hermiticity|trace"),
    "negative": ("density", lambda x: x + 0.5 * (x - np.eye(8) / 8), "negativity"),
    "NaN in a matrix": ("density", lambda x: x * np.nan, "nan"),
    "trace of a cell": ("product", lambda x: 1.001 * x, "trace"),
    "negative cell": ("product", lambda x: x * np.array([1.0, 1.9, 1.9, 1.9]), "negativity"),
    "trace in the sector": ("symmetric", lambda x: 1.001 * x, "trace"),
}


@pytest.mark.parametrize("name", BREAKS)
def test_a_state_that_is_none_is_not_returned(name, monkeypatch):
    representation, spoil, words = BREAKS[name]
    problem = ALL[representation]
    if representation == "ket" and name == "another state":
        unlike = [1.0, 1.4, 0.3]
        problem = cells(3, coupling=pairs(0.5), field=0.1, frequency=unlike, duration=4.0, start=qsb.Start("down"))
    made = plan(problem, NEEDS)
    broken = Broken(spoil)
    monkeypatch.setattr(solving, "INTEGRATORS", (broken,))
    made = dataclasses.replace(made, integrators=("broken",) * len(made.integrators))
    with pytest.raises(qsb.ConvergenceError, match=words) as caught:
        solve(problem, made)
    assert not caught.value.value <= caught.value.bound
    assert "tolerance" in caught.value.remedy


def test_the_harness_of_broken_integrators_breaks_nothing_by_itself(monkeypatch):
    made = plan(CHAIN, NEEDS)
    expected = solve(CHAIN, made).values["energy"]
    monkeypatch.setattr(solving, "INTEGRATORS", (Broken(lambda x: x),))
    found = solve(CHAIN, dataclasses.replace(made, integrators=("broken",))).values["energy"]
    np.testing.assert_allclose(found, expected, rtol=0, atol=1e-14)


def test_a_short_step_is_not_repeated_to_make_up_a_long_one():
    """One pair of save times lies 1e-11 apart: its exponential would make up the other steps 10^9 times over."""
    times = np.concatenate([np.linspace(0, 1, 30), [0.4 + 1e-11, 0.4, 0.7133, 0.9021]])
    problem = cells(1, field=0.5, channels=(qsb.emission(0.1),), duration=1.0, times=np.unique(times))
    series = solve(problem, plan(problem))
    alone = cells(1, field=0.5, channels=(qsb.emission(0.1),), duration=1.0, times=[0.9021])
    k = int(np.searchsorted(problem.times, 0.9021))
    assert series.values["energy"][k] == pytest.approx(solve(alone, plan(alone)).values["energy"][0], abs=1e-12)
