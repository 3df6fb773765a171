"""What every run obeys, on random small batteries: bounds, balances, symmetries and reproducibility."""

import itertools
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from qsb.algebra.opsum import OpSum
from qsb.algebra.space import Space
from qsb.algebra.states import Start
from qsb.algebra.terms import Global, Local, Pair, Word
from qsb.charging.battery import Battery
from qsb.charging.envelope import Constant, Function, Gaussian, Piecewise, Ramp, Sinusoidal
from qsb.charging.environment import Channel, dephasing, emission, pumping, thermal
from qsb.charging.problem import Problem
from qsb.charging.protocol import Protocol, Stage, quench
from qsb.errors import QsbError, SpecError
from qsb.runs.run import run

FEW = settings(max_examples=20)
SEEDS = st.integers(0, 2**32 - 1)
CELLS = st.integers(1, 3)
AXES = st.sampled_from("xyz")
DURATION = 2.0
TIMES = np.linspace(0.0, DURATION, 9)
ROUNDING = 1e-9
#: where envelopes of this file may jump or kink
KINKS = (0.0, 0.7, 1.6, DURATION)
CLOSED_BOUNDS = ("bound_fisher", "bound_uncertainty", "bound_locality", "bound_norm", "bound_variance")


def cells_of(rng, count):
    """Return a random H_B that is a sum over cells."""
    return OpSum((Local("z", rng.uniform(0.2, 0.8, count)), Local("x", rng.uniform(-0.4, 0.4, count))))


def charger_of(rng, count):
    """Return a random V with fields, pairs and a global flip."""
    first, second = rng.choice(list("xyz"), 2)
    j = np.triu(rng.normal(size=(count, count)), 1)
    pairs = (Pair(first, second, j, "explicit"),) if count > 1 else ()
    return OpSum((Local("x", rng.normal(size=count)), Global("y", rng.normal()), *pairs))


def start_of(rng, count, mixed):
    """Return a random start."""
    if not mixed:
        return Start()
    r = rng.normal(size=(count, 3))
    return Start("product", bloch=0.8 * r / np.linalg.norm(r, axis=1, keepdims=True))


def channels_of(rng, count):
    """Return random losses."""
    return (
        emission(rng.uniform(0, 0.5, count)),
        dephasing(float(rng.uniform(0, 0.3))),
        thermal(float(rng.uniform(0, 0.2)), nbar=float(rng.uniform(0, 1))),
    )


def envelope_of(rng):
    """Return a random envelope."""
    every = (
        Constant(float(rng.normal())),
        Sinusoidal(float(rng.uniform(0.5, 3)), float(rng.uniform(0, 6))),
        Gaussian(float(rng.uniform(0.5, 1.5)), float(rng.uniform(0.1, 0.5)), float(rng.normal())),
        Ramp(float(rng.normal()), float(rng.normal()), KINKS[2]),
        Piecewise(KINKS[:3], (float(rng.normal()), float(rng.normal()))),
    )
    return every[rng.integers(len(every))]


def random_problem(seed, count, *, closed=True, mixed=False, driven=False, times=TIMES):
    """Return a random small problem."""
    rng = np.random.default_rng(seed)
    battery = Battery(
        Space.spins(count), cells_of(rng, count), charger_of(rng, count), start=start_of(rng, count, mixed)
    )
    channels = () if closed else channels_of(rng, count)
    return Problem(battery, quench(DURATION, envelope_of(rng) if driven else None), channels, times)


def series(problem, *figures, **options):
    """Return figures as arrays."""
    data = run(problem, list(figures), tolerance=1e-10, **options)
    return [data[name].values for name in figures]


@FEW
@given(seed=SEEDS, cells=CELLS, closed=st.booleans(), mixed=st.booleans())
def test_work_lies_between_zero_and_the_energy_above_ground(seed, cells, closed, mixed):
    problem = random_problem(seed, cells, closed=closed, mixed=mixed)
    local, whole, above, coherent, incoherent, purity = series(
        problem,
        "local_ergotropy",
        "ergotropy",
        "energy_above_ground",
        "coherent_ergotropy",
        "incoherent_ergotropy",
        "purity",
    )
    assert np.all(local >= 0)
    assert np.all(whole >= local - ROUNDING)
    assert np.all(above >= whole - ROUNDING)
    assert np.all(coherent >= 0)
    assert np.all(incoherent >= 0)
    np.testing.assert_allclose(coherent + incoherent, whole, rtol=0, atol=ROUNDING)
    assert np.all(purity <= 1 + ROUNDING)
    assert np.all(purity >= 0.5**cells - ROUNDING)


@FEW
@given(seed=SEEDS, cells=CELLS, mixed=st.booleans(), driven=st.booleans())
def test_closed_evolution_keeps_capacity_purity_and_passive_energy(seed, cells, mixed, driven):
    problem = random_problem(seed, cells, mixed=mixed, driven=driven)
    capacity, purity, passive, work = series(problem, "capacity", "purity", "passive_energy", "ergotropy")
    for conserved in (capacity, purity, passive):
        np.testing.assert_allclose(conserved, conserved[0], rtol=0, atol=ROUNDING)
    # capacity = W + anti-ergotropy, the work of the same state against -H_B
    battery = problem.battery
    mirrored = replace(
        problem,
        battery=replace(
            battery, battery=battery.battery * -1.0, charger=battery.battery * 2.0, start=_as_state(battery)
        ),
    )
    straight = replace(problem, battery=replace(battery, start=_as_state(battery)))
    (anti,) = series(mirrored, "ergotropy")
    (again,) = series(straight, "ergotropy")
    np.testing.assert_allclose(again, work, rtol=0, atol=ROUNDING)
    np.testing.assert_allclose(work + anti, capacity, rtol=0, atol=ROUNDING)
    assert np.all(work <= capacity + ROUNDING)


def _as_state(battery):
    """Return the start as an explicit matrix, so that it does not change with H_B."""
    from qsb.dynamics.start_states import start_density

    return Start("state", array=start_density(Problem(battery, quench(1.0))))


@FEW
@given(seed=SEEDS, cells=CELLS, mixed=st.booleans(), driven=st.booleans())
def test_power_of_closed_charging_keeps_every_bound(seed, cells, mixed, driven):
    problem = random_problem(seed, cells, mixed=mixed, driven=driven)
    power, *bounds = series(problem, "power", *CLOSED_BOUNDS)
    for name, bound in zip(CLOSED_BOUNDS, bounds, strict=True):
        assert np.all(np.abs(power) <= bound + 1e-7), name
    uncertainty, norm, variance = bounds[1], bounds[3], bounds[4]
    assert np.all(uncertainty <= variance + 1e-7)
    assert np.all(variance <= norm + 1e-7)


@FEW
@given(seed=SEEDS, cells=CELLS, driven=st.booleans())
def test_power_of_open_charging_keeps_the_fisher_bound(seed, cells, driven):
    problem = random_problem(seed, cells, closed=False, mixed=True, driven=driven)
    power, bound = series(problem, "power", "bound_fisher")
    assert np.all(np.abs(power) <= bound + 1e-7)


def test_the_bounds_are_not_kept_by_any_number():
    """Negative control: twice the power of parallel charging breaks the bound that it saturates."""
    battery = Battery(Space.spins(2), OpSum((Local("z", 0.5),)), OpSum((Local("x", 0.5),)))
    power, fisher = series(Problem(battery, quench(DURATION), (), TIMES), "power", "bound_fisher")
    assert not np.all(np.abs(2 * power) <= fisher + 1e-7)


def gauss_nodes():
    """Return save times and weights that integrate the power between the kinks of every envelope."""
    nodes, weights = np.polynomial.legendre.leggauss(24)
    times, factors = [0.0], [0.0]
    for a, b in itertools.pairwise(KINKS):
        times += [*((a + b) / 2 + (b - a) / 2 * nodes), b]
        factors += [*((b - a) / 2 * weights), 0.0]
    return np.array(times), np.array(factors)


@FEW
@given(seed=SEEDS, cells=CELLS, closed=st.booleans(), driven=st.booleans())
def test_work_and_heat_add_up_to_the_change_of_energy(seed, cells, closed, driven):
    times, weights = gauss_nodes()
    problem = random_problem(seed, cells, closed=closed, mixed=True, driven=driven, times=times)
    stored, power, work, heat = series(problem, "stored_energy", "power", "work_power", "heat_power")
    np.testing.assert_allclose(work + heat, power, rtol=0, atol=ROUNDING)
    if closed:
        assert np.abs(heat).max() <= ROUNDING
    assert weights @ power == pytest.approx(stored[-1], abs=1e-8)
    assert weights @ work + weights @ heat == pytest.approx(stored[-1], abs=1e-8)


@FEW
@given(seed=SEEDS, closed=st.booleans())
def test_relabelled_cells_give_the_same_figures(seed, closed):
    rng = np.random.default_rng(seed)
    n, order = 3, rng.permutation(3)
    z, x, rates, bloch = (
        rng.uniform(0.2, 0.8, n),
        rng.normal(size=n),
        rng.uniform(0, 0.4, n),
        rng.normal(size=(n, 3)),
    )
    bloch *= 0.9 / np.linalg.norm(bloch, axis=1, keepdims=True)
    j = rng.normal(size=(n, n))
    j = np.triu(j, 1) + np.triu(j, 1).T

    def build(p):
        battery = Battery(
            Space.spins(n),
            OpSum((Local("z", z[p]),)),
            OpSum((Local("x", x[p]), Pair("x", "x", j[np.ix_(p, p)], "explicit"))),
            start=Start("product", bloch=bloch[p]),
        )
        return Problem(battery, quench(DURATION), () if closed else (emission(rates[p]), pumping(0.1)), TIMES)

    figures = (
        "stored_energy",
        "ergotropy",
        "local_ergotropy",
        "capacity",
        "purity",
        "power",
        "incoherent_ergotropy",
    )
    for a, b in zip(series(build(np.arange(n)), *figures), series(build(order), *figures), strict=True):
        np.testing.assert_allclose(a, b, rtol=0, atol=ROUNDING)
    place = [int(np.flatnonzero(order == k)[0]) for k in (0, 2)]
    (a,) = series(build(np.arange(n)), "subset_ergotropy", subset=(0, 2))
    (b,) = series(build(order), "subset_ergotropy", subset=place)
    np.testing.assert_allclose(a, b, rtol=0, atol=ROUNDING)


@FEW
@given(seed=SEEDS, cells=CELLS, closed=st.booleans(), cut=st.floats(0.05, 1.95))
def test_one_stage_in_two_parts_is_the_same(seed, cells, closed, cut):
    whole = random_problem(seed, cells, closed=closed)
    parts = replace(whole, protocol=Protocol((Stage("charge", cut), Stage("discharge", DURATION - cut))))
    figures = ("stored_energy", "power", "ergotropy", "purity")
    for a, b in zip(series(whole, *figures), series(parts, *figures), strict=True):
        np.testing.assert_allclose(a, b, rtol=0, atol=ROUNDING)


@FEW
@given(seed=SEEDS, closed=st.booleans(), cut=st.floats(0.05, 1.95))
def test_an_envelope_in_two_parts_is_the_same(seed, closed, cut):
    """A second stage sees the time since its own beginning."""
    rng = np.random.default_rng(seed)
    frequency, phase = float(rng.uniform(0.5, 3)), float(rng.uniform(0, 6))
    one = random_problem(seed, 2, closed=closed)
    whole = replace(one, protocol=quench(DURATION, Sinusoidal(frequency, phase)))
    later = Sinusoidal(frequency, phase + frequency * cut)
    parts = replace(
        one,
        protocol=Protocol((Stage("charge", cut, Sinusoidal(frequency, phase)), Stage("charge", DURATION - cut, later))),
    )
    figures = ("stored_energy", "power", "ergotropy")
    for a, b in zip(series(whole, *figures), series(parts, *figures), strict=True):
        np.testing.assert_allclose(a, b, rtol=0, atol=1e-8)


@FEW
@given(seed=SEEDS, cells=CELLS, closed=st.booleans(), driven=st.booleans(), count=st.integers(1, 40))
def test_results_do_not_depend_on_the_save_grid(seed, cells, closed, driven, count):
    rng = np.random.default_rng(seed)
    other = np.unique(np.concatenate([rng.uniform(0, DURATION, count), TIMES[3:6]]))
    a = random_problem(seed, cells, closed=closed, driven=driven)
    b = random_problem(seed, cells, closed=closed, driven=driven, times=other)
    at = np.flatnonzero(np.isin(other, TIMES[3:6]))
    figures = ("stored_energy", "power", "ergotropy", "drive")
    for x, y in zip(series(a, *figures), series(b, *figures), strict=True):
        np.testing.assert_allclose(x[3:6], y[at], rtol=0, atol=1e-8)


@FEW
@given(seed=SEEDS, cells=CELLS, closed=st.booleans(), driven=st.booleans())
def test_equal_problems_have_equal_fingerprints_and_numbers(seed, cells, closed, driven):
    a, b = (random_problem(seed, cells, closed=closed, mixed=True, driven=driven) for _ in range(2))
    assert a is not b
    assert a.fingerprint == b.fingerprint
    first, second = run(a), run(b)
    assert first.attrs["fingerprint"] == a.fingerprint
    for name in first.data_vars:
        assert np.array_equal(first[name].values, second[name].values), name


@FEW
@given(seed=SEEDS, cells=CELLS)
def test_different_problems_have_different_fingerprints(seed, cells):
    a = random_problem(seed, cells, closed=False, mixed=True)
    b, c = a.battery, a.channels
    changed = [
        replace(a, times=TIMES[:-1]),
        replace(a, times=TIMES**2 / DURATION),
        replace(a, battery=replace(b, battery=b.battery * 1.5)),
        replace(a, channels=(emission(c[0].rate * 1.5), *c[1:])),
        replace(a, battery=replace(b, start=Start("product", bloch=b.start.bloch * 0.5))),
        replace(a, protocol=quench(DURATION + 1e-9)),
        replace(a, protocol=quench(DURATION, battery=False)),
        replace(a, channels=c[:-1]),
        replace(a, channels=(c[1], c[0], c[2])),
        replace(a, battery=replace(b, start=Start("up"))),
        replace(a, battery=replace(b, interaction=b.interaction * 1.5)),
        replace(a, battery=replace(b, charger=OpSum((Local("x", 1e-6),)))),
        replace(a, battery=replace(b, interaction=b.interaction + Word(1e-3, ((0, "z"),)))),
    ]
    marks = [a.fingerprint, *(p.fingerprint for p in changed)]
    assert len(set(marks)) == len(marks)


def test_a_number_is_the_same_number_as_integer_and_as_float():
    """Equal problems: 1 and 1.0 are one strength."""
    marks = set()
    for one, two in ((1, 2), (1.0, 2.0), (np.float64(1.0), np.float64(2.0))):
        battery = Battery(Space.spins(2), OpSum((Local("z", one),)), OpSum((Local("x", two),)))
        marks.add(Problem(battery, quench(two, Sinusoidal(one)), (emission(one),), TIMES).fingerprint)
    assert len(marks) == 1


def function_mark(function):
    """Return the fingerprint of a problem driven by a Python function."""
    battery = Battery(Space.spins(1), OpSum((Local("z", 0.5),)), OpSum((Local("x", 0.5),)))
    return Problem(battery, quench(DURATION, Function(function, 0.1)), (), TIMES).fingerprint


class Shape:
    """A callable with a parameter."""

    def __init__(self, width):
        self.width = width

    def __call__(self, t):
        return float(np.exp(-((t / self.width) ** 2)))


def table(values):
    """Return a function that closes over an array."""
    grid = np.linspace(0, DURATION, len(values))
    return lambda t: float(np.interp(t, grid, values))


UNEQUAL = {
    "names of what is called": (lambda t: float(np.sin(t)), lambda t: float(np.cos(t))),
    "arrays closed over": (table(np.array([0.0, 1.0])), table(np.array([1.0, 0.0]))),
    "attributes of a callable": (Shape(0.1), Shape(0.2)),
    "numbers closed over": ((lambda a: lambda t: a * t)(1.0), (lambda a: lambda t: a * t)(2.0)),
    "constants": (lambda t: 2.0 * t, lambda t: 3.0 * t),
}


@pytest.mark.parametrize("difference", UNEQUAL)
def test_different_functions_have_different_fingerprints(difference):
    first, second = UNEQUAL[difference]
    assert first(0.3) != second(0.3)
    assert function_mark(first) != function_mark(second)


def test_equal_functions_have_equal_fingerprints():
    def build(width):
        return lambda t: sum(float(np.exp(-((t - c) ** 2) / width)) for c in (0.5, 1.0))

    assert function_mark(build(0.1)) == function_mark(build(0.1))
    assert function_mark(build(0.1)) != function_mark(build(0.2))


def test_a_rate_that_turns_negative_is_refused():
    """The envelope of a rate is a factor >= 0: a negative rate is no master equation."""
    battery = Battery(Space.spins(1), OpSum((Local("z", 0.5),)), OpSum((Local("x", 0.5),)))
    losses = emission(1.0, envelope=Sinusoidal(1.0, 3.0))
    with pytest.raises(QsbError, match="negative"):
        run(Problem(battery, quench(5.0), (losses,), np.array([5.0])))


def test_a_custom_channel_with_several_rates_is_refused():
    battery = Battery(Space.spins(2), OpSum((Local("z", 0.5),)), OpSum((Local("x", 0.5),)))
    with pytest.raises(SpecError, match="rate"):
        Problem(
            battery, quench(1.0), (Channel("custom", np.array([0.1, 0.2]), operator=OpSum((Local("-"),))),), TIMES[:2]
        )
