"""Quantum jumps: the density matrix within the standard errors, reproducible, and events where they belong."""

import json

import numpy as np
import pytest

import qsb
from problems import LONGER, NOISE, NOISY
from qsb.algebra.build import dense
from qsb.algebra.kernels import jumps as kernel
from qsb.algebra.opsum import OpSum
from qsb.algebra.space import Space
from qsb.algebra.terms import Global, Local, Matrix, Pair, Word
from qsb.charging.envelope import Function, Ramp, Sinusoidal
from qsb.dynamics import trajectories
from qsb.dynamics.plan import plan
from qsb.dynamics.representation import Request
from qsb.dynamics.segment import segments
from qsb.dynamics.series import jackknife
from qsb.dynamics.solve import solve
from qsb.dynamics.unravel import hamiltonian, pack, panels, unravel
from qsb.errors import ConvergenceError, PlanError, SpecError
from systems import cells, pairs


def sampled(problem, samples=400, seed=1, needs=("energy", "power"), **options):
    """Solve by trajectories."""
    request = Request(frozenset(needs), samples=samples, seed=seed)
    return solve(problem, plan(problem, request, representation="trajectories"), **options)


def test_standard_errors_are_honest():
    """Deviations of many seeds from the exact value have the spread that each run reports."""
    problem = cells(2, field=0.5, channels=NOISE, times=[0.0, 3.0], duration=3.0)
    exact = solve(problem, plan(problem, representation="density")).values["energy"][1]
    runs = [sampled(problem, 40, seed) for seed in range(50)]
    z = np.array([(r.values["energy"][1] - exact) / r.errors["energy"][1] for r in runs])
    assert abs(z.mean()) < 4 / np.sqrt(50)
    assert 0.7 < z.std() < 1.35


def test_errors_fall_with_the_root_of_the_samples():
    problem = NOISY["field, local"]
    few, many = sampled(problem, 100), sampled(problem, 1600)
    ratio = np.sqrt(np.mean(few.errors["energy"][2:] ** 2) / np.mean(many.errors["energy"][2:] ** 2))
    assert 3.0 < ratio < 5.3


def test_the_jackknife_of_a_mean_is_its_standard_error():
    x = np.random.default_rng(2).normal(size=30)
    left_out = [np.array([(x.sum() - v) / 29]) for v in x]
    assert jackknife(left_out)[0] == pytest.approx(x.std(ddof=1) / np.sqrt(30), rel=1e-12)


def test_the_same_seed_gives_the_same_numbers_however_many_threads(monkeypatch):
    problem = NOISY["all-to-all, local"]
    found = []
    for many in (1, 2, 3):
        monkeypatch.setattr(trajectories.threads, "count", lambda many=many: many)
        found.append(sampled(problem, 75, needs=("energy", "power", "marginals")))
    for other in found[1:]:
        for name in ("energy", "power", "marginals"):
            np.testing.assert_array_equal(found[0].values[name], other.values[name])
    assert np.abs(sampled(problem, 75, seed=2).values["energy"] - found[0].values["energy"]).max() > 1e-3


def test_trajectories_do_not_depend_on_the_save_times(monkeypatch):
    """Save times only look, also where they are looked at in several windows."""
    fine = cells(3, field=0.5, channels=NOISE, times=np.linspace(0, 4, 41), duration=4.0)
    few = sampled(NOISY["field, local"], 50).values["energy"]
    np.testing.assert_allclose(sampled(fine, 50).values["energy"][::5], few, rtol=0, atol=1e-7)
    monkeypatch.setattr(trajectories, "WINDOW_BYTES", 16 * 8 * 7)
    np.testing.assert_allclose(sampled(fine, 50).values["energy"][::5], few, rtol=0, atol=1e-7)


def test_the_tolerance_bounds_the_error_of_each_trajectory():
    problem = NOISY["rates that change"]
    tight = sampled(problem, 50, tolerance=1e-11).values["energy"]
    for tolerance in (1e-4, 1e-8):
        loose = sampled(problem, 50, tolerance=tolerance).values["energy"]
        assert np.abs(loose - tight).max() < 10 * tolerance


# -- events --


def one_trajectory(problem, chances, times, tolerance=1e-10):
    """Return (jumps, deviation of the norm, states) of one trajectory with given random numbers."""
    (segment,) = segments(problem)
    battery = dense(problem.battery.battery, problem.battery.space)
    made = unravel(segment, problem.battery.space, battery, tolerance)
    psi = trajectories.start_ket(problem)
    states = np.empty((len(times), len(psi)), dtype=complex)
    memory = np.array([chances[0], 1.0, 0.3])
    span = (segment.start, segment.end, np.inf)
    found = kernel.evolve(
        made.pieces, made.clocks, made.jumps, psi, span, np.asarray(times), chances, memory, tolerance, states
    )
    return (*found, states)


@pytest.mark.parametrize("threshold", [0.9, 0.5, 0.03])
def test_a_jump_happens_where_the_norm_reaches_the_random_number(threshold):
    """An excited cell alone decays at t = -ln(r)/gamma, to the tolerance and not at the end of a step."""
    problem = cells(1, channels=(qsb.emission(0.7),), start=qsb.Start("up"), duration=9.0, times=[9.0])
    event = -np.log(threshold) / 0.7
    times = [event - 1e-8, event + 1e-8, 9.0]
    count, miss, states = one_trajectory(problem, np.array([threshold, 0.5, 0.4, 0.5]), times)
    assert count == 1
    assert miss < 1e-10
    np.testing.assert_allclose(np.abs(states[:, 0]), [1, 0, 0], atol=1e-12)


def test_a_jump_under_a_changing_rate_happens_where_its_integral_says():
    problem = cells(
        1, channels=(qsb.emission(0.7, envelope=Ramp(0.0, 1.0, 4.0)),), start=qsb.Start("up"), duration=4.0, times=[4.0]
    )
    event = np.sqrt(-2 * 4.0 * np.log(0.6) / 0.7)  # integral of 0.7 t/4
    count, _, states = one_trajectory(problem, np.array([0.6, 0.5, 0.4, 0.5]), [event - 1e-7, event + 1e-7])
    assert count == 1
    np.testing.assert_allclose(np.abs(states[:, 0]), [1, 0], atol=1e-12)


def test_waiting_times_are_exponential():
    """<H_B> of decaying cells is that of exp(-gamma t), and every cell jumps once."""
    problem = cells(4, channels=(qsb.emission(0.5),), start=qsb.Start("up"), duration=40.0, times=[0.0, 1, 2, 4, 40])
    found = sampled(problem, 500)
    expected = 4 * np.exp(-0.5 * problem.times) - 2
    z = (found.values["energy"] - expected)[1:4] / found.errors["energy"][1:4]
    assert np.abs(z).max() < 4
    ensemble = trajectories._Ensemble.of(problem, Request(), 1e-8)
    assert ensemble.group(np.arange(50))["jumps"] == 200


@pytest.mark.parametrize("kind", ["down", "singlet", "nearly dark", "amplitudes of rounding"])
def test_a_dark_state_never_jumps(kind):
    if kind == "amplitudes of rounding":
        ket = np.array([1e-17, 1e-17, 0, 1.0])
        problem = cells(2, channels=(qsb.emission(2.0),), start=qsb.Start("state", array=ket), duration=50.0)
        energy = -1.0
    elif kind == "singlet":
        ket = np.array([0, 1, -1, 0]) / np.sqrt(2)
        problem = cells(
            2, channels=(qsb.emission(2.0, collective=True),), start=qsb.Start("state", array=ket), duration=50.0
        )
        energy = 0.0
    else:
        problem = cells(2, channels=(qsb.emission(2.0),), start=qsb.Start("down"), duration=50.0)
        energy = -1.0
    chances = np.array([0.999999 if kind in ("down", "singlet") else 1.0, 0.5, 0.7, 0.5, 0.6, 0.5])
    count, _, states = one_trajectory(problem, chances, problem.times)
    assert count == 0
    found = sampled(problem, 20)
    np.testing.assert_allclose(found.values["energy"], energy, atol=1e-12)
    np.testing.assert_allclose(found.errors["energy"], 0, atol=1e-14)
    np.testing.assert_allclose(np.linalg.norm(states, axis=1), 1, atol=1e-12)


def test_random_numbers_that_run_out_are_drawn_again_from_the_same_stream(monkeypatch):
    problem = NOISY["field, local"]
    plenty = sampled(problem, 20).values["energy"]
    monkeypatch.setattr(trajectories, "_CHANCES", 1)
    np.testing.assert_array_equal(sampled(problem, 20).values["energy"], plenty)


# -- pieces --

OPERATORS = {
    "field": OpSum((Local("z", 0.5), Local("x", 0.3))),
    "many flips": OpSum((Local("x", 0.3), Pair("x", "x", 0.4, "all"), Pair("z", "z", 0.2, "ring"), Global("x", 0.1))),
    "y and mixed": OpSum((Local("y", 0.3), Pair("x", "z", 0.4, "chain"), Pair("y", "y", 0.2, "all"), Local("x", 0.1))),
    "ladders": OpSum((Word(0.2j, ((0, "+"), (2, "-"))), Word(-0.2j, ((0, "-"), (2, "+"))))),
    "opaque": OpSum((Matrix(np.diag(np.arange(16.0)) + np.eye(16)[::-1]), Local("x", 0.1))),
}


@pytest.mark.parametrize("name", OPERATORS)
def test_a_piece_is_its_operator(name):
    space = Space.spins(4)
    rng = np.random.default_rng(3)
    kets = rng.normal(size=(3, 16)) + 1j * rng.normal(size=(3, 16))
    found = np.empty_like(kets)
    kernel.apply_many(0, pack([(hamiltonian(OPERATORS[name], space), -1)], 16), kets, found)
    np.testing.assert_allclose(found, -1j * kets @ dense(OPERATORS[name], space).T, rtol=0, atol=1e-13)


def test_envelopes_are_polynomials_between_their_breaks():
    problem = cells(1, field=0.5, protocol=qsb.quench(9.0, Sinusoidal(3.0, 0.4)), times=[9.0])
    (segment,) = segments(problem)
    (f,) = (f for _, f in segment.drives)
    edges, values = panels([f], segment, 1e-11)
    assert len(edges) < 60
    for t in np.random.default_rng(1).uniform(0, 9, 200):
        k = np.searchsorted(edges, t, side="right") - 1
        assert np.polyval(values[k, 0][::-1], t - edges[k]) == pytest.approx(f(t), abs=3e-11)


def test_an_envelope_with_a_hidden_jump_is_refused():
    protocol = qsb.quench(4.0, Function(lambda t: float(t > 1.2345), 0.5, (), 1.0))
    problem = cells(2, field=0.5, channels=NOISE, protocol=protocol, times=[4.0])
    with pytest.raises(ConvergenceError, match="breaks"):
        sampled(problem, 10)


# -- requests --


def test_beside_a_charger_cells_are_read_and_the_charger_is_not():
    battery = qsb.models.tavis_cummings(2, coupling=0.4, cutoff=9, start=qsb.Start("up"))
    problem = qsb.Problem(battery, qsb.quench(1.0), (qsb.emission(0.5),), np.array([0.0, 1.0]))
    found = sampled(problem, 50, needs=("energy", "marginals"), tolerance=1e-3).values
    ups = found["marginals"][:, :, 0, 0].real
    assert ups.shape == (2, 2)
    np.testing.assert_allclose(ups.sum(axis=1) - 1, found["energy"], rtol=0, atol=1e-12)
    with pytest.raises(PlanError, match="energy of a charger"):
        plan(problem, Request(frozenset({"charger_energy"})), representation="trajectories")


def test_figures_of_the_whole_state_are_refused_with_advice():
    with pytest.raises(PlanError, match="looks purer than it is; ask for subset_ergotropy"):
        qsb.run(NOISY["field, local"], ["ergotropy"], representation="trajectories")


@pytest.mark.parametrize(
    ("problem", "words"),
    [
        (cells(3, coupling=pairs(0.3)), "there is no noise"),
        (cells(3, channels=NOISE, start=qsb.Start("thermal", temperature=1.0)), "the start is a mixture"),
    ],
    ids=["closed", "mixture"],
)
def test_problems_that_are_not_sampled(problem, words):
    with pytest.raises(PlanError, match=words):
        plan(problem, representation="trajectories")


@pytest.mark.parametrize(("name", "value"), [("samples", 1), ("samples", 2.5), ("bond", 0), ("seed", -1)])
def test_impossible_sizes_are_refused(name, value):
    with pytest.raises(SpecError, match=f"{name} must be a whole number"):
        qsb.run(NOISY["field, local"], ["power"], **{name: value})


SPEC = """
[model]
name = "ensemble"
cells = 3
field = 0.5
[[channel]]
kind = "dephasing"
rate = 0.2
[[stage]]
kind = "charge"
duration = 4.0
[save]
points = 9
figures = ["stored_energy", "local_ergotropy", "drive"]
[solve]
representation = "trajectories"
samples = 30
seed = 7
"""


def test_a_spec_says_how_many_samples_and_the_dataset_that_it_is_not_exact():
    data = qsb.run(SPEC)
    again = qsb.run(qsb.load_spec(SPEC).problem(), ["stored_energy"], representation="trajectories", samples=30, seed=7)
    np.testing.assert_array_equal(data["stored_energy"], again["stored_energy"])
    made = json.loads(data.attrs["plan"])
    assert (data.attrs["exact"], data.attrs["seed"], made["exact"]) == (0, 7, False)
    assert (made["representation"], made["samples"]) == ("trajectories", 30)
    assert {"stored_energy_error", "local_ergotropy_error"} <= set(data.data_vars)
    assert "drive_error" not in data
    assert data["stored_energy_error"].attrs["units"] == "omega0"
    assert "peak_power" not in data
    assert data.attrs["left_out"].startswith("peaks")
    assert qsb.run(SPEC, seed=8)["stored_energy"].values[-1] != data["stored_energy"].values[-1]


def test_progress_is_told():
    seen = []
    sampled(NOISY["custom"], 30, progress=seen.append)
    assert seen[-1] == 1.0
    assert seen == sorted(seen)


def test_an_interruption_does_not_wait_for_the_other_trajectories():
    ran = []

    class Counting(trajectories._Ensemble):
        def _one(self, chances):
            ran.append(1)
            return super()._one(chances)

    def stop(_):
        raise KeyboardInterrupt

    problem = cells(2, field=0.5, channels=NOISE, times=LONGER, duration=4.0)
    made = plan(problem, Request(samples=20_000), representation="trajectories")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(trajectories, "_Ensemble", Counting)
        with pytest.raises(KeyboardInterrupt):
            solve(problem, made, progress=stop)
    assert len(ran) < 10_000
