"""Magnus steps: agreement with Runge-Kutta and QuTiP, norm, pulses that are not skipped, the error control."""

from dataclasses import replace

import numpy as np
import pytest

from qsb.algebra import build
from qsb.algebra.opsum import OpSum
from qsb.algebra.space import Space
from qsb.algebra.terms import Local, Pair
from qsb.charging.battery import Battery
from qsb.charging.envelope import Function, Gaussian, Ramp, Sinusoidal, Table
from qsb.charging.problem import Problem
from qsb.charging.protocol import quench
from qsb.dynamics import magnus
from qsb.dynamics.ket import Ket
from qsb.dynamics.magnus import Magnus
from qsb.dynamics.plan import plan
from qsb.dynamics.representation import Request
from qsb.dynamics.solve import solve
from qsb.errors import ConvergenceError

DURATION = 3.0
METER = OpSum((Local("z", 0.5),))
CHAIN = OpSum((Pair("x", "x", 0.5, "chain"), Pair("z", "z", 0.2, "chain"), Local("y", 0.3)))

ENVELOPES = {
    "cosine": Sinusoidal(1.7, 0.4),
    "fast cosine": Sinusoidal(12.0, 0.0, 2.0),
    "gaussian": Gaussian(1.4, 0.5, 2.0),
    "short pulse": Gaussian(1.53, 0.004, 60.0),
    "ramp": Ramp(0.2, 1.5, 2.0),
    "table": Table((0.0, 0.7, 1.1, 2.5), (0.0, 1.0, -0.4, 0.8)),
}


def problem(envelope, cells=4, times=(0.0, 1.0, 2.0, DURATION)):
    return Problem(Battery(Space.spins(cells), METER, CHAIN), quench(DURATION, envelope), (), np.array(times))


def solved(p, integrator, tolerance):
    """Solve with every time-dependent segment by one integrator."""
    made = plan(p, Request(frozenset({"energy", "power", "marginals"})), representation="ket")
    assert "dop853" in made.integrators
    names = tuple(integrator if name == "dop853" else name for name in made.integrators)
    return solve(p, replace(made, integrators=names), tolerance=tolerance)


@pytest.mark.parametrize("tolerance", [1e-5, 1e-8])
@pytest.mark.parametrize("name", ENVELOPES)
def test_it_agrees_with_runge_kutta_within_the_tolerance(name, tolerance):
    p = problem(ENVELOPES[name])
    truth = solved(p, "dop853", 1e-12)
    got = solved(p, "magnus", tolerance)
    for key in ("energy", "power", "marginals"):
        assert np.abs(got.values[key] - truth.values[key]).max() <= tolerance, key
    # the norm is kept at any tolerance
    assert got.budget["norm"] < 1e-12


@pytest.mark.parametrize("name", ["cosine", "gaussian", "ramp", "table"])
def test_it_agrees_with_qutip(name):
    qutip = pytest.importorskip("qutip")
    envelope = ENVELOPES[name]
    p = problem(envelope)
    space = p.battery.space
    h0, v, meter = (qutip.Qobj(build.dense(op, space)) for op in (METER, CHAIN, METER))
    options = {"atol": 1e-12, "rtol": 1e-10, "max_step": 0.02, "nsteps": 10**5, "progress_bar": ""}
    start = qutip.basis(space.dimension, space.dimension - 1)
    found = qutip.sesolve([h0, [v, lambda t: envelope.value(t)]], start, p.times, e_ops=[meter], options=options)
    np.testing.assert_allclose(solved(p, "magnus", 1e-9).values["energy"], found.expect[0], rtol=0, atol=2e-8)


def test_a_pulse_much_shorter_than_the_save_step_is_not_skipped():
    """The pulse of area 60 * 0.004 * sqrt(2 pi) turns the cells; without it they stay."""
    short = solved(problem(ENVELOPES["short pulse"], times=(0.0, DURATION)), "magnus", 1e-8).values["energy"]
    none = solved(problem(Gaussian(1.53, 0.004, 1e-30), times=(0.0, DURATION)), "magnus", 1e-8).values["energy"]
    assert abs(none[-1] - none[0]) < 1e-9
    assert short[-1] - short[0] > 0.1


def test_a_long_first_step_does_not_miss_a_feature_that_max_step_announces():
    """Negative control: a function that lies about its longest step loses the pulse, an honest one does not."""

    def pulse(t):
        return 60 * np.exp(-(((t - 1.37) / 0.004) ** 2) / 2)

    honest = solved(problem(Function(pulse, 0.004), times=(0.0, DURATION)), "magnus", 1e-6).values["energy"]
    lying = solved(problem(Function(pulse, 10.0), times=(0.0, DURATION)), "magnus", 1e-6).values["energy"]
    assert honest[-1] - honest[0] > 0.1
    assert abs(lying[-1] - lying[0]) < 1e-6


def test_save_times_do_not_change_the_result():
    many = solved(problem(ENVELOPES["cosine"], times=tuple(np.linspace(0, DURATION, 61))), "magnus", 1e-9)
    few = solved(problem(ENVELOPES["cosine"]), "magnus", 1e-9)
    assert abs(many.values["energy"][-1] - few.values["energy"][-1]) < 1e-9


def test_a_constant_hamiltonian_is_exact_in_one_step():
    """All of A_2 and A_3 vanish, and the weights of A_1 add up to 1."""
    np.testing.assert_allclose(magnus._MIX.sum(), 1.0, rtol=0, atol=1e-15)
    p = problem(Function(lambda t: 1.0, 10.0))
    reduced = Ket().reduce(p, Request())
    (g,) = reduced.generators
    (got,) = Magnus(fixed_step=DURATION).advance(g, reduced.start, 0.0, [DURATION], 1e-8)
    h = build.dense(METER + CHAIN, p.battery.space)
    e, u = np.linalg.eigh(h)
    np.testing.assert_allclose(got, (u * np.exp(-1j * e * DURATION)) @ u.conj().T @ reduced.start, rtol=0, atol=1e-12)


def test_an_envelope_that_no_step_resolves_is_refused():
    """Noise of every frequency: halving the step never helps."""

    def noise(t):
        return float(np.sin(1e9 * t) * 1e9)

    reduced = Ket().reduce(problem(Function(noise, 1e-3), cells=2), Request())
    with pytest.raises(ConvergenceError, match="Magnus step"):
        list(Magnus().advance(reduced.generators[0], reduced.start, 0.0, [DURATION], 1e-12))


def test_the_error_control_is_needed():
    """Negative control: the longest steps that miss no feature miss the tolerance."""
    p = problem(ENVELOPES["fast cosine"])
    truth = solved(p, "dop853", 1e-12).values["energy"]
    reduced = Ket().reduce(p, Request())
    loose = Magnus(fixed_step=p.protocol.stages[0].envelope.max_step(0.0))
    (x,) = loose.advance(reduced.generators[0], reduced.start, 0.0, [DURATION], 1e-8)
    h = build.dense(METER, p.battery.space)
    assert abs(np.vdot(x, h @ x).real - truth[-1]) > 1e-7
