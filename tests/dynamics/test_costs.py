"""What an integrator is expected to do, held against what it does: counts, not times."""

import tracemalloc

import numpy as np
import pytest

import qsb
from qsb.algebra.opsum import OpSum
from qsb.algebra.space import Space
from qsb.algebra.terms import Global, Local, Matrix, Pair, Word
from qsb.charging.envelope import Sinusoidal
from qsb.charging.protocol import collisions
from qsb.dynamics import costs, energies, ket
from qsb.dynamics.chebyshev import PauliVectors
from qsb.dynamics.plan import REPRESENTATIONS, plan
from qsb.dynamics.representation import Generator, Request, Work
from qsb.dynamics.solve import solve
from systems import cells, pairs

DRIVE = qsb.quench(10.0, Sinusoidal(1.0, 0.2))
CHAIN = [pairs(0.3), pairs(0.2, axes="zz")]
LOCAL = (qsb.emission(0.05), qsb.dephasing(0.05))
TOGETHER = (qsb.emission(0.05, collective=True),)
TIMES = np.linspace(0.0, 10.0, 21)
DRIVEN = {
    "ket": cells(9, field=0.5, coupling=CHAIN, protocol=DRIVE, times=TIMES),
    "density": cells(4, field=0.5, coupling=CHAIN, channels=LOCAL, protocol=DRIVE, times=TIMES),
    "symmetric": cells(40, field=0.5, coupling=pairs(0.01, "all"), protocol=DRIVE, times=TIMES),
    "symmetric, noisy": cells(15, field=0.5, channels=TOGETHER, protocol=DRIVE, times=TIMES),
}


@pytest.mark.parametrize("name", DRIVEN)
def test_the_expected_number_of_applications_is_about_the_actual_one(name, monkeypatch):
    problem, counted, expected = DRIVEN[name], [], []
    made = plan(problem, representation=name.split(",")[0])
    apply, count = Generator.apply, costs.runge_kutta

    def counting(self, t, x):
        counted.append(1)
        return apply(self, t, x)

    def telling(*args):
        expected.append(count(*args))
        return expected[-1]

    monkeypatch.setattr(Generator, "apply", counting)
    monkeypatch.setattr(costs, "runge_kutta", telling)
    solve(problem, made)
    size = next(r for r in REPRESENTATIONS if r.name == made.representation).size(problem, made.request)
    assert size.work == made.work
    assert 1 / 3 < sum(expected) / len(counted) < 3


@pytest.mark.parametrize(
    ("op", "expected"),
    [
        (Local("x", -0.5), 2.5),
        (Local("z", np.array([0.1, 0.2, 0.3, 0.4, -0.5])), 1.5),
        (Pair("x", "x", 0.5, "chain"), 2.0),
        (Pair("x", "x", 0.5, "all", normalisation="kac"), 1.0),
        (Global("x", 0.7), 0.7),
        (Word(0.3j, ((0, "+"), (1, "-"))), 0.3),
    ],
)
def test_the_weight_is_the_sum_of_all_coefficients(op, expected):
    space = Space.spins(5)
    assert costs.weight(OpSum((op,)), space) == pytest.approx(expected)
    assert costs.weight(OpSum((op,)), space) == pytest.approx(sum(abs(c) for c, _ in OpSum((op,)).words(space)))


def test_the_weight_of_a_matrix_is_not_known():
    assert np.isnan(costs.weight(OpSum((Matrix(np.eye(4)),)), Space.spins(2)))


ENERGIES = {
    "real": ([pairs(0.3), pairs(0.2, axes="zz")], 201, 10.0),
    "complex": ([pairs(0.3), pairs(0.25, axes="xy")], 201, 10.0),
    "several windows": ([pairs(0.3), pairs(0.25, axes="xy")], 801, 40.0),
}


@pytest.mark.parametrize("name", ENERGIES)
def test_the_plan_of_energies_without_states_describes_them(name, monkeypatch):
    """Vectors and bytes are those of the run, which are not those of a run that reads states."""
    coupling, count, duration = ENERGIES[name]
    times = np.linspace(0.0, duration, count)
    # unlike cells, so that no reflection halves the kets
    frequency = np.linspace(0.8, 1.2, 11)
    problem = cells(11, frequency=frequency, field=0.5, coupling=coupling, duration=duration, times=times)
    made = plan(problem, representation="ket")
    states = plan(problem, Request(frozenset({"energy", "power", "variance"})), representation="ket")
    assert made.work != states.work
    assert made.bytes < states.bytes
    vectors, make = [], PauliVectors.make

    def counting(self, *rows):
        vectors.append(1)
        make(self, *rows)

    with monkeypatch.context() as patched:
        patched.setattr(PauliVectors, "make", counting)
        solve(problem, made)
    tracemalloc.start()
    solve(problem, made)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert 0.3 * made.bytes < peak < made.bytes
    with monkeypatch.context() as patched:
        patched.setattr(ket, "_product", lambda strings, dimension: Work(calls=1e9))
        products = plan(problem, representation="ket").work.calls / 1e9 - energies.BOUNDING
    # complex vectors take two real products each
    expected = products / (1 if name == "real" else 2)
    assert 1 / 2 < expected / len(vectors) < 2


def test_few_times_of_a_long_window_are_planned_with_states():
    """Two times are cheaper from states, and so they are run."""
    problem = cells(9, field=0.5, coupling=CHAIN, times=[0.0, 40.0], duration=40.0)
    few, more = plan(problem, representation="ket"), Request(frozenset({"energy", "power", "variance"}))
    assert few.work == plan(problem, more, representation="ket").work


@pytest.mark.parametrize("name", ["trajectories", "mps"])
def test_work_grows_with_what_is_asked(name):
    noise = LOCAL if name == "trajectories" else ()
    few, more = Request(samples=10, bond=8), Request(samples=40, bond=64)
    problem = cells(12, field=0.5, coupling=CHAIN, channels=noise, duration=4.0, times=[0.0, 2.0, 4.0])
    small, large = (plan(problem, request, representation=name).work for request in (few, more))
    assert large.flops > 2 * small.flops > 0


def test_the_work_of_a_named_integrator_is_not_that_of_the_planners_own():
    problem = cells(9, field=0.5, coupling=CHAIN)
    assert plan(problem, integrator="chebyshev").seconds > 0
    named = plan(problem, integrator="dop853")
    assert named.work == Work()
    assert "another integrator" in str(named)


@pytest.mark.parametrize("representation", REPRESENTATIONS, ids=lambda r: r.name)
def test_every_representation_estimates_its_time_or_says_why_not(representation):
    if representation.name in ("gaussian", "collision"):
        modes = qsb.Problem(qsb.models.oscillator(2, drive=0.3), qsb.quench(5.0))
        units = qsb.Problem(qsb.models.collision(9, coupling=0.3), collisions(20))
        made = plan(modes if representation.name == "gaussian" else units)
        assert made.representation == representation.name
        assert made.seconds > 0
        return
    noise = LOCAL if representation.name in ("density", "permutation", "trajectories") else ()
    coupled = () if representation.name in ("product", "symmetric", "permutation") else pairs(0.3)
    problem = cells(5, field=0.0 if representation.name == "fermion" else 0.5, coupling=coupled, channels=noise)
    made = plan(problem, representation=representation.name)
    assert made.seconds > 0
    assert not made.untimed
