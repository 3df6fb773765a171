"""The measured order of every integrator is the declared one; exact ones are exact at any number of steps."""

import math

import numpy as np
import pytest
import scipy.linalg as la

from qsb.algebra.build import dense
from qsb.algebra.hermitian import unpack
from qsb.algebra.opsum import OpSum
from qsb.algebra.space import Boson, Group, Space, Spin
from qsb.algebra.states import ModeStart, Start
from qsb.algebra.terms import Cross, Local, Pair
from qsb.charging.battery import Battery
from qsb.charging.envelope import Gaussian, Sinusoidal
from qsb.charging.environment import dephasing, emission
from qsb.charging.problem import Problem
from qsb.charging.protocol import quench
from qsb.dynamics.bosons import Bosons
from qsb.dynamics.damped import DampedChebyshev
from qsb.dynamics.density import Density
from qsb.dynamics.faber import Faber
from qsb.dynamics.integrate import INTEGRATORS, Chebyshev, DormandPrince, Eigen, Propagator, Taylor, choose
from qsb.dynamics.ket import Ket
from qsb.dynamics.krylov import Krylov
from qsb.dynamics.ladder_chebyshev import LadderChebyshev
from qsb.dynamics.magnus import Magnus
from qsb.dynamics.moments import MomentFlow
from qsb.dynamics.plan import plan
from qsb.dynamics.representation import Request
from qsb.dynamics.solve import solve
from qsb.dynamics.symmetric import Symmetric
from qsb.errors import ConvergenceError
from qsb.models import oscillator

DURATION = 3.0
ROUNDING = 3e-13
ORDER_TOLERANCE = 0.2

METER = OpSum((Local("z", 0.5),))
CHAIN = OpSum((Pair("x", "x", 0.5, "chain"), Local("y", 0.3)))


def ket_problem(envelope=None, cells=3):
    """Return a closed chain."""
    return Problem(Battery(Space.spins(cells), METER, CHAIN), quench(DURATION, envelope))


def noisy_problem(envelope=None, cells=2):
    """Return a noisy chain."""
    return Problem(
        Battery(Space.spins(cells), METER, CHAIN), quench(DURATION, envelope), (emission(0.2), dephasing(0.1))
    )


def only_generator(problem):
    """Return the start and the single generator of a problem."""
    representation = Density() if problem.channels else Ket()
    reduced = representation.reduce(problem, Request())
    (generator,) = reduced.generators
    return reduced.start, generator


def exact(problem):
    """Return the final state by one dense exponential, built from Kronecker products only."""
    space = problem.battery.space
    h = dense(METER + CHAIN, space)
    start = only_generator(problem)[0]
    if not problem.channels:
        return la.expm(-1j * h * DURATION) @ start
    d = space.dimension
    one = np.eye(d)
    total = -1j * (np.kron(h, one) - np.kron(one, h.T))
    for name, rate in (("-", 0.2), ("z", 0.1)):
        for i in range(space.sites):
            a = dense(OpSum((Local(name, np.eye(space.sites)[i]),)), space)
            n = a.conj().T @ a
            total += rate * (np.kron(a, a.conj()) - (np.kron(n, one) + np.kron(one, n.T)) / 2)
    return (la.expm(total * DURATION) @ unpack(start).ravel()).reshape(d, d)


def last(integrator, generator, start, times, tolerance=1e-8):
    """Return the state at the last time; of a density matrix, which is advanced in its real form, itself."""
    states = list(integrator.advance(generator, start, 0.0, times, tolerance))
    assert len(states) == len(times)
    return states[-1] if generator.skew else unpack(states[-1])


EXACT = [
    (Eigen(), ket_problem()),
    (Chebyshev(), ket_problem()),
    (Chebyshev(window_phase=2.0), ket_problem()),
    (Chebyshev(window_phase=0.05), ket_problem()),
    (Chebyshev(window_bytes=300), ket_problem()),
    (Krylov(), ket_problem()),
    (Krylov(), ket_problem(cells=6)),
    (Krylov(basis_bytes=1), ket_problem(cells=5)),
    (Taylor(), ket_problem()),
    (Taylor(), noisy_problem()),
    (Taylor(stride=1.0), noisy_problem()),
    (Taylor(stride=12.0), noisy_problem()),
    (Propagator(), noisy_problem()),
    (Propagator(), ket_problem()),
    (Faber(), ket_problem()),
    (Faber(), noisy_problem()),
    (Faber(window_phase=2.0), noisy_problem()),
    (Faber(window_bytes=600), noisy_problem()),
    (Faber(window_phase=0.05), noisy_problem()),
    (Faber(window_bytes=300), noisy_problem()),
]


def label(case):
    """Name a case by its integrator."""
    return repr(case) if not isinstance(case, Problem) else f"{case.cells} cells, {len(case.channels)} channels"


@pytest.mark.parametrize(("integrator", "problem"), EXACT, ids=label)
@pytest.mark.parametrize("count", [1, 2, 3, 37])
def test_exact_integrators_have_no_step(integrator, problem, count):
    assert integrator.order == math.inf
    start, generator = only_generator(problem)
    truth = exact(problem)
    even = np.linspace(0, DURATION, count + 1)[1:]
    uneven = DURATION * np.sort(np.append(np.random.default_rng(4).random(count - 1), 1.0))
    for times in (even, uneven, np.concatenate([[0.0], even])):
        got = last(integrator, generator, start, [float(t) for t in times])
        np.testing.assert_allclose(got, truth, rtol=0, atol=ROUNDING)


@pytest.mark.parametrize(("integrator", "problem"), EXACT, ids=label)
def test_exact_integrators_ignore_the_asked_tolerance(integrator, problem):
    start, generator = only_generator(problem)
    loose = last(integrator, generator, start, [DURATION], 1e-2)
    np.testing.assert_allclose(loose, exact(problem), rtol=0, atol=ROUNDING)


@pytest.mark.parametrize("narrow", [(-0.2, 0.2), (0.5, 0.5), (3.0, 3.1)])
def test_chebyshev_widens_bounds_that_are_too_narrow(narrow):
    start, generator = only_generator(ket_problem())
    from dataclasses import replace

    generator = replace(generator, bounds=lambda: narrow, kept={})
    got = last(Chebyshev(), generator, start, [DURATION])
    np.testing.assert_allclose(got, exact(ket_problem()), rtol=0, atol=ROUNDING)


def test_chebyshev_gives_up_on_a_generator_that_has_no_bounds():
    start, generator = only_generator(ket_problem())
    from dataclasses import replace

    endless = replace(
        generator, bounds=lambda: (-1.0, 1.0), kept={}, kernel=None, unitary=((None, lambda x: -1j * 1e12 * x),)
    )
    with pytest.raises(ConvergenceError, match="bounds"):
        last(Chebyshev(), endless, start, [DURATION])


def error_at(step, problem, truth):
    """Return the error of fixed steps."""
    start, generator = only_generator(problem)
    return float(np.abs(last(DormandPrince(fixed_step=step), generator, start, [DURATION]) - truth).max())


def measured_order(problem, counts, integrate=error_at):
    """Return the slope of log error on log step, for equal steps that hit the end."""
    start, generator = only_generator(problem)
    truth = last(DormandPrince(fixed_step=DURATION / 400), generator, start, [DURATION])
    steps = np.array([DURATION / n for n in counts])
    errors = np.array([integrate(h, problem, truth) for h in steps])
    assert errors.min() > 1e-13, "the window reaches rounding"
    assert np.all(np.diff(errors) < 0)
    return float(np.polyfit(np.log(steps), np.log(errors), 1)[0])


SMOOTH = {
    "ket, sinusoidal": (ket_problem(Sinusoidal(1.7, 0.4)), (14, 18, 22, 28)),
    "density, sinusoidal": (noisy_problem(Sinusoidal(1.7, 0.4)), (14, 18, 22, 28)),
}


@pytest.mark.parametrize("name", SMOOTH)
def test_dormand_prince_has_its_declared_order(name):
    problem, counts = SMOOTH[name]
    assert measured_order(problem, counts) == pytest.approx(DormandPrince().order, abs=ORDER_TOLERANCE)


def magnus_error(step, problem, truth):
    """Return the error of fixed Magnus steps."""
    start, generator = only_generator(problem)
    return float(np.abs(last(Magnus(fixed_step=step), generator, start, [DURATION]) - truth).max())


@pytest.mark.parametrize("envelope", [Sinusoidal(1.7, 0.4), Gaussian(1.4, 0.9, 2.0)])
def test_magnus_has_its_declared_order(envelope):
    problem = ket_problem(envelope)
    start, generator = Ket().reduce(problem, Request()).start, Ket().reduce(problem, Request()).generators
    if len(generator) > 1:  # the centre of the pulse is a breakpoint: both halves are measured together
        truth = through(DormandPrince(fixed_step=DURATION / 400), generator, start)
        steps = DURATION / np.array([20, 30, 44, 60])
        errors = [np.abs(through(Magnus(fixed_step=h), generator, start) - truth).max() for h in steps]
        slope = float(np.polyfit(np.log(steps), np.log(errors), 1)[0])
    else:
        slope = measured_order(problem, (20, 30, 44, 60), magnus_error)
    assert slope == pytest.approx(Magnus().order, abs=ORDER_TOLERANCE)


def through(integrator, generators, x):
    """Return the state at the end of all segments."""
    for g in generators:
        *_, x = integrator.advance(g, x, g.segment.start, [g.segment.end], 1e-8)
    return x


def test_the_order_measurement_sees_a_lower_order():
    """Negative control: the classical Runge-Kutta method measures as 4."""

    def classical(h, problem, truth):
        x, g = only_generator(problem)
        for k in range(round(DURATION / h)):
            t = k * h
            a = g.apply(t, x)
            b = g.apply(t + h / 2, x + h / 2 * a)
            c = g.apply(t + h / 2, x + h / 2 * b)
            d = g.apply(t + h, x + h * c)
            x = x + h / 6 * (a + 2 * b + 2 * c + d)
        return float(np.abs(x - truth).max())

    problem, _ = SMOOTH["ket, sinusoidal"]
    slope = measured_order(problem, (60, 90, 130, 200), classical)
    assert slope == pytest.approx(4, abs=ORDER_TOLERANCE)
    assert abs(slope - DormandPrince().order) > 3


ADAPTIVE = {
    "sinusoidal ket": ket_problem(Sinusoidal(1.7, 0.4)),
    "fast sinusoidal ket": ket_problem(Sinusoidal(12.0, 0.0, 2.0)),
    "narrow pulse ket": ket_problem(Gaussian(1.5, 0.02, 12.0)),
    "narrow pulse with noise": noisy_problem(Gaussian(1.5, 0.02, 12.0)),
}


@pytest.mark.parametrize("tolerance", [1e-6, 1e-8, 1e-10])
@pytest.mark.parametrize("name", ADAPTIVE)
def test_adaptive_steps_keep_the_asked_tolerance(name, tolerance):
    problem = ADAPTIVE[name]
    representation = Density() if problem.channels else Ket()
    times = np.linspace(0, DURATION, 7)
    saved = Problem(problem.battery, problem.protocol, problem.channels, times)
    needs = Request(frozenset({"energy", "power", "marginals"}))
    made = plan(saved, needs, representation=representation.name)
    assert set(made.integrators) == {"dop853"}
    truth = solve(saved, made, tolerance=1e-13)
    got = solve(saved, made, tolerance=tolerance)
    for key in ("energy", "power", "marginals"):
        assert np.abs(got.values[key] - truth.values[key]).max() <= tolerance, key


def test_a_long_run_keeps_the_asked_tolerance():
    """Errors add up over 40 periods and stay below the tolerance."""
    battery = Battery(Space.spins(2), METER, CHAIN, start=Start("down"))
    problem = Problem(battery, quench(150.0, Sinusoidal(1.7)), (), np.array([150.0]))
    made = plan(problem, representation="ket")
    truth = solve(problem, made, tolerance=1e-12).values["energy"]
    for tolerance in (1e-6, 1e-8):
        assert np.abs(solve(problem, made, tolerance=tolerance).values["energy"] - truth).max() <= tolerance


def test_save_times_do_not_change_the_order():
    """Save times are step ends: with many of them the fixed-step error is not larger."""
    problem, _ = SMOOTH["ket, sinusoidal"]
    start, generator = only_generator(problem)
    truth = last(DormandPrince(fixed_step=DURATION / 400), generator, start, [DURATION])
    few = last(DormandPrince(fixed_step=DURATION / 20), generator, start, [DURATION])
    times = [float(t) for t in np.linspace(0, DURATION, 61)[1:]]
    many = last(DormandPrince(fixed_step=DURATION / 20), generator, start, times)
    assert np.abs(many - truth).max() <= np.abs(few - truth).max()


def cavity(channels=(), cells=1, cutoff=3):
    """Return a cell in a cavity, on the states that are reached."""
    space = Space((Group("cells", Spin(), cells), Group("mode", Boson(cutoff), 1, "charger")))
    v = OpSum((Cross("x", "cells", "x", "mode", 0.3),))
    start = Start("up", charger=ModeStart())
    return Problem(Battery(space, METER, v, OpSum((Local("n", 0.9, "mode"),)), start=start), quench(DURATION), channels)


LOSSY = (emission(0.3, on="charger"), emission(0.2, collective=True))


@pytest.mark.parametrize("count", [1, 2, 5, 37])
@pytest.mark.parametrize(
    ("integrator", "problem"),
    [
        (LadderChebyshev(), cavity()),
        (LadderChebyshev(), cavity(cells=4, cutoff=12)),
        (LadderChebyshev(window_bytes=4000), cavity(cells=4, cutoff=12)),
        (DampedChebyshev(), cavity(LOSSY)),
        (DampedChebyshev(longest=0.3, outputs=2), cavity(LOSSY)),
    ],
    ids=label,
)
def test_integrators_of_ladders_have_no_step(integrator, problem, count):
    """Against the dense exponential of what the generator offers."""
    assert integrator.order == math.inf
    reduced = Symmetric().reduce(problem, Request())
    (generator,) = reduced.generators
    truth = la.expm(generator.dense()[0] * DURATION) @ reduced.start
    even = np.linspace(0, DURATION, count + 1)[1:]
    uneven = DURATION * np.sort(np.append(np.random.default_rng(4).random(count - 1), 1.0))
    for times in (even, uneven, np.concatenate([[0.0], even])):
        *_, got = integrator.advance(generator, reduced.start, 0.0, [float(t) for t in times], 1e-13)
        np.testing.assert_allclose(got, truth, rtol=0, atol=ROUNDING)


def test_damped_chebyshev_refuses_bounds_that_are_too_narrow():
    reduced = Symmetric().reduce(cavity(LOSSY), Request())
    from dataclasses import replace

    narrow = replace(reduced.generators[0], bounds=lambda: (-0.001, 0.05))
    with pytest.raises(ConvergenceError, match="bounds"):
        last(DampedChebyshev(longest=1e9), narrow, reduced.start, [400 * DURATION])


@pytest.mark.parametrize("count", [1, 2, 7, 40])
def test_the_flow_of_moments_is_exact_at_any_number_of_steps(count):
    assert MomentFlow().order == math.inf
    assert MomentFlow().constant_only
    problem = Problem(oscillator(2, drive=0.3, squeezing=0.2, hopping=0.4), quench(DURATION), (emission(0.2),))
    (generator,) = Bosons().reduce(problem, Request()).generators
    start = Bosons().reduce(problem, Request()).start
    # on the means and the upper triangle of a symmetric covariance
    dense = np.array([generator.apply(0.0, e) for e in symmetric_basis(4)]).T
    weights = np.linalg.lstsq(symmetric_basis(4).T, start, rcond=None)[0]
    back = np.linalg.lstsq(symmetric_basis(4).T, dense, rcond=None)[0]
    truth = symmetric_basis(4).T @ (la.expm(back * DURATION) @ weights)
    even = np.linspace(0, DURATION, count + 1)[1:]
    uneven = DURATION * np.sort(np.append(np.random.default_rng(4).random(count - 1), 1.0))
    for times in (even, uneven, np.concatenate([[0.0], even])):
        *_, got = MomentFlow().advance(generator, start, 0.0, [float(t) for t in times], 1e-13)
        np.testing.assert_allclose(got, truth, rtol=0, atol=ROUNDING * np.abs(truth).max())


def symmetric_basis(n):
    """Return packed unit states (1, r, V) with V = V^T, one a row."""
    out = list(np.eye(1 + n + n * n)[: 1 + n])
    for i in range(n):
        for j in range(i, n):
            v = np.zeros((n, n))
            v[i, j] = v[j, i] = 1.0
            out.append(np.concatenate([np.zeros(1 + n), v.ravel()]))
    return np.array(out)


def test_every_integrator_is_measured_here():
    measured = {type(i) for i, _ in EXACT} | {DormandPrince, Magnus, LadderChebyshev, DampedChebyshev, MomentFlow}
    assert measured == {type(i) for i in INTEGRATORS}
    assert not any(i.stochastic for i in INTEGRATORS)


def test_the_choice_respects_what_integrators_declare():
    by_name = {i.name: i for i in INTEGRATORS}
    for dimension in (2, 200, 1000, 100_000):
        for constant in (False, True):
            for skew in (False, True):
                taken = by_name[choose(dimension, constant=constant, skew=skew).name]
                assert constant or not taken.constant_only
                assert skew or not taken.skew_only
