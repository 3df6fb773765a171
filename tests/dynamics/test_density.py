"""`density`: right-hand sides against dense matrices, series against exponentials, everything against QuTiP."""

import dataclasses

import numpy as np
import pytest
import qutip
import scipy.linalg as la

import qsb
from qsb.algebra.build import dense, qobj
from qsb.algebra.hermitian import pack, unpack
from qsb.algebra.opsum import OpSum
from qsb.algebra.space import Space
from qsb.algebra.terms import Global, Local, Pair, Word
from qsb.charging.battery import Battery
from qsb.charging.envelope import Gaussian, Ramp, Sinusoidal
from qsb.charging.environment import Channel
from qsb.charging.problem import Problem
from qsb.charging.protocol import quench
from qsb.dynamics.density import Density
from qsb.dynamics.faber import Faber
from qsb.dynamics.integrate import Taylor
from qsb.dynamics.plan import plan
from qsb.dynamics.readouts import MixedReadout, hermitian_spectra
from qsb.dynamics.representation import Request
from qsb.dynamics.solve import solve
from qsb.errors import ConvergenceError
from systems import cells, pairs

METER = OpSum((Local("z", 0.5),))
LADDER = OpSum((Word(0.7, ((0, "-"),)), Word(0.4j, ((0, "z"),)), Word(0.2, ((0, "+"),))))
TURNED = OpSum((Word(1.0 + 1.0j, ((0, "-"),)),))

CHANNELS = {
    "none": (),
    "local": (qsb.emission(0.2), qsb.pumping(0.05), qsb.dephasing(0.1)),
    "thermal": (qsb.thermal(0.2, nbar=0.4),),
    "unlike": lambda n: (qsb.emission(np.linspace(0.0, 0.3, n)), qsb.dephasing(np.linspace(0.2, 0.0, n))),
    "collective": (qsb.emission(0.2, collective=True), qsb.dephasing(0.1, collective=True)),
    "custom": (Channel("custom", 0.3, operator=LADDER), Channel("custom", 0.1, operator=TURNED)),
    "all": (qsb.emission(0.2), qsb.pumping(0.1, collective=True), Channel("custom", 0.3, operator=LADDER)),
}


def charger(n, seed):
    """Return a Hamiltonian with complex coefficients on every kind of flip."""
    rng = np.random.default_rng(seed)
    terms = [Local(a, rng.normal(size=n)) for a in "xyz"]
    if n > 1:
        terms += [Pair(a, b, float(rng.normal()), "chain") for a in "xyz" for b in "xyz"]
        terms += [Word(0.3 + 0.2j, ((0, "+"), (1, "-"))), Word(0.3 - 0.2j, ((0, "-"), (1, "+")))]
    return OpSum((*terms, Global("y", 0.3)))


def problem(n, channels, envelope=None, duration=2.0, seed=0, **options):
    """Return a generic noisy problem."""
    noise = channels(n) if callable(channels) else channels
    return Problem(Battery(Space.spins(n), METER, charger(n, seed)), quench(duration, envelope), noise, **options)


def jump_pairs(p, t):
    """Return (rate, dense L) at time t."""
    out = []
    for j in p.jumps:
        factor = j.envelope.value(t) if j.envelope else 1.0
        out += [(factor * rate, dense(op, p.battery.space)) for rate, op in j.operators(p.battery.space)]
    return out


def right_hand_side(p, rho, t=0.0, envelope=1.0):
    """Return the Lindblad equation by dense matrices."""
    space = p.battery.space
    h = dense(p.battery.battery, space) + envelope * dense(p.battery.interaction, space)
    out = -1j * (h @ rho - rho @ h)
    for rate, a in jump_pairs(p, t):
        n = a.conj().T @ a
        out = out + rate * (a @ rho @ a.conj().T - (n @ rho + rho @ n) / 2)
    return out


def random_state(d, seed=1):
    """Return a random density matrix."""
    rng = np.random.default_rng(seed)
    f = rng.normal(size=(d, d)) + 1j * rng.normal(size=(d, d))
    rho = f @ f.conj().T
    return rho / np.trace(rho).real


@pytest.mark.parametrize("name", CHANNELS)
@pytest.mark.parametrize("n", [1, 2, 3, 5])
def test_the_generator_is_the_lindblad_equation(name, n):
    p = problem(n, CHANNELS[name])
    (g,) = Density().reduce(p, Request()).generators
    rho = random_state(2**n)
    expected = right_hand_side(p, rho)
    np.testing.assert_allclose(unpack(g.apply(0.0, pack(rho))), expected, rtol=0, atol=1e-13)
    both = g.apply_unitary(0.0, pack(rho)) + g.apply_dissipative(0.0, pack(rho))
    np.testing.assert_allclose(unpack(both), expected, rtol=0, atol=1e-13)


@pytest.mark.parametrize("name", ["local", "unlike", "all"])
@pytest.mark.parametrize("n", [1, 2, 4])
def test_drives_and_rates_that_change_in_time(name, n):
    f, r = Sinusoidal(1.7, 0.4), Ramp(0.2, 1.0, 2.0)
    noise = CHANNELS[name](n) if callable(CHANNELS[name]) else CHANNELS[name]
    noise = (*noise, dataclasses.replace(noise[0], envelope=r))
    p = problem(n, noise, f)
    (g,) = Density().reduce(p, Request()).generators
    rho = random_state(2**n)
    for t in (0.0, 0.3, 1.9):
        expected = right_hand_side(p, rho, t, f.value(t))
        np.testing.assert_allclose(unpack(g.apply(t, pack(rho))), expected, rtol=0, atol=1e-12)
        both = g.apply_unitary(t, pack(rho)) + g.apply_dissipative(t, pack(rho))
        np.testing.assert_allclose(unpack(both), expected, rtol=0, atol=1e-12)


@pytest.mark.parametrize("name", CHANNELS)
def test_the_spectrum_lies_within_its_extent(name):
    """What the series assumes: decays are bounded, frequencies and the decay at the tip about right."""
    p = problem(3, CHANNELS[name])
    (g,) = Density().reduce(p, Request()).generators
    e = np.linalg.eigvals(g.dense()[0])
    decay, frequency, tip = g.extent()
    assert -e.real.min() <= decay + 1e-12
    assert np.abs(e.imag).max() <= 1.02 * frequency
    highest = e[np.argmax(e.imag)]
    assert -highest.real == pytest.approx(tip, abs=0.1 * decay + 1e-12)


@pytest.mark.parametrize("strength", [0.0, 0.01, 1.0, 30.0])
def test_the_series_is_the_exponential_whatever_dominates(strength):
    """Noise far weaker and far stronger than the Hamiltonian: foci on either axis."""
    noise = tuple(dataclasses.replace(c, rate=c.rate * strength) for c in CHANNELS["all"])
    p = problem(2, noise, duration=6.0)
    reduced = Density().reduce(p, Request())
    (g,) = reduced.generators
    times = [0.01, 0.5, 3.0, 6.0]
    states = list(Faber().advance(g, reduced.start, 0.0, times, 1e-8))
    for t, x in zip(times, states, strict=True):
        expected = la.expm(g.dense()[0] * t) @ reduced.start.ravel()
        np.testing.assert_allclose(x.ravel(), expected, rtol=0, atol=2e-13)


def test_wrong_bounds_cost_time_and_not_digits():
    p = problem(2, CHANNELS["local"], duration=3.0)
    reduced = Density().reduce(p, Request())
    (g,) = reduced.generators
    expected = la.expm(g.dense()[0] * 3.0) @ reduced.start.ravel()
    for factor in (0.3, 0.8, 3.0):
        wrong = dataclasses.replace(g, extent=lambda f=factor: tuple(f * v for v in g.extent()))
        (x,) = Faber().advance(wrong, reduced.start, 0.0, [3.0], 1e-8)
        np.testing.assert_allclose(x.ravel(), expected, rtol=0, atol=1e-12)


def test_hopeless_bounds_are_refused():
    p = problem(2, CHANNELS["local"], duration=3.0)
    reduced = Density().reduce(p, Request())
    (g,) = reduced.generators
    wrong = dataclasses.replace(g, extent=lambda: (1e-6, 1e-6, 1e-6))
    with pytest.raises(ConvergenceError, match="Faber"):
        list(Faber().advance(wrong, reduced.start, 0.0, [3.0], 1e-8))


def test_a_state_that_stands_still_stays():
    p = cells(3, start=qsb.Start("product", bloch=np.array([0, 0, 0.3])))
    reduced = Density().reduce(p, Request())
    states = list(Faber().advance(reduced.generators[0], reduced.start, 0.0, [1.0, 20.0], 1e-8))
    for x in states:
        np.testing.assert_allclose(x, reduced.start, rtol=0, atol=1e-14)


def test_complex_states_are_advanced_as_they_are():
    """Frames of sparse matrices keep rho itself."""
    p = cells(4, field=0.5, channels=(qsb.emission(0.2, collective=True),), duration=3.0)
    from qsb.dynamics.symmetric import Symmetric

    reduced = Symmetric().reduce(p, Request())
    (g,) = reduced.generators
    (x,) = Faber().advance(g, reduced.start, 0.0, [3.0], 1e-8)
    (y,) = Taylor().advance(g, reduced.start, 0.0, [3.0], 1e-8)
    np.testing.assert_allclose(x, y, rtol=0, atol=1e-13)
    np.testing.assert_allclose(x.ravel(), la.expm(g.dense()[0] * 3.0) @ reduced.start.ravel(), rtol=0, atol=1e-12)
    np.testing.assert_allclose(g.sparse().toarray(), g.dense()[0], rtol=0, atol=0)


# -- QuTiP --


def by_qutip(p, envelope=None):
    """Return <H_B> at the save times from QuTiP's mesolve."""
    space = p.battery.space
    meter, v = qobj(p.battery.battery, space), qobj(p.battery.interaction, space)
    h = [meter, [v, lambda t: envelope.value(t)]] if envelope else meter + v
    jumps = [np.sqrt(rate) * qobj(op, space) for j in p.jumps for rate, op in j.operators(space)]
    down = qutip.tensor([qutip.basis(2, 1)] * space.sites)
    options = {"method": "vern9", "atol": 1e-12, "rtol": 1e-11, "max_step": 0.05 if envelope else 0}
    return qutip.mesolve(h, down, p.times, c_ops=jumps, e_ops=[meter], options=options).expect[0]


@pytest.mark.parametrize("name", ["local", "unlike", "collective", "custom", "all"])
@pytest.mark.parametrize("n", [2, 3])
def test_energies_are_those_of_qutip(name, n):
    p = problem(n, CHANNELS[name], times=np.linspace(0, 2.0, 9))
    series = solve(p, plan(p, representation="density"))
    np.testing.assert_allclose(series.values["energy"], by_qutip(p), rtol=0, atol=2e-10)


def test_driven_energies_are_those_of_qutip():
    f = Gaussian(1.0, 0.3, 2.0)
    p = problem(2, CHANNELS["local"], f, times=np.linspace(0, 2.0, 9))
    series = solve(p, plan(p, representation="density"))
    np.testing.assert_allclose(series.values["energy"], by_qutip(p, f), rtol=0, atol=1e-8)


def test_a_wrong_rate_is_seen():
    """Negative control of the comparison."""
    p = problem(2, CHANNELS["local"], times=np.linspace(0, 2.0, 9))
    other = problem(2, (qsb.emission(0.21), *CHANNELS["local"][1:]), times=p.times)
    series = solve(other, plan(other, representation="density"))
    assert np.abs(series.values["energy"] - by_qutip(p)).max() > 1e-4


# -- readouts --


def test_readouts_of_real_forms_are_those_of_the_matrices():
    p = cells(3, coupling=pairs(0.5), frequency=[1.0, 0.7, 1.3], tilt=0.2, channels=(qsb.emission(0.1),))
    needs = frozenset(
        {
            "energy",
            "power",
            "variance",
            "charger_variance",
            "spectrum",
            "populations",
            "pinched",
            "marginals",
            "reduced",
        }
    )
    readout = Density().reduce(p, Request(needs, (0, 2))).readout
    rho = np.array([random_state(8, s) for s in range(4)])
    rate = np.array([right_hand_side(p, m) for m in rho])
    real = readout.observe(needs, pack(rho), pack(rate), pack(0 * rate))
    full = readout.observe(needs, rho, rate, 0 * rate)
    for name, value in full.items():
        if isinstance(value, np.ndarray):
            np.testing.assert_allclose(real[name], value, rtol=0, atol=1e-13)
        else:
            np.testing.assert_allclose(real[name].values, value.values, rtol=0, atol=1e-13)
    h = dense(p.battery.battery, p.battery.space)
    np.testing.assert_allclose(real["energy"], np.einsum("ij,tji->t", h, rho).real, rtol=0, atol=1e-13)
    v = dense(p.battery.interaction, p.battery.space)
    mean = np.einsum("ij,tji->t", v, rho).real
    np.testing.assert_allclose(
        real["charger_variance"], np.einsum("ij,tji->t", v @ v, rho).real - mean**2, rtol=0, atol=1e-13
    )


def test_spectra_side_by_side_are_those_one_after_the_other(monkeypatch):
    rho = np.array([random_state(16, s) for s in range(5)])
    expected = np.linalg.eigvalsh(rho)
    for limit in (1, 2**30):
        monkeypatch.setattr("qsb.dynamics.readouts.THREADED_SPECTRUM", limit)
        np.testing.assert_allclose(hermitian_spectra(rho), expected, rtol=0, atol=1e-14)
        np.testing.assert_allclose(hermitian_spectra(pack(rho)), expected, rtol=0, atol=1e-14)


def test_the_check_sees_each_violation():
    p = cells(2, coupling=pairs(0.5), channels=(qsb.emission(0.1),))
    readout = Density().reduce(p, Request(frozenset({"energy", "power", "spectrum"}))).readout
    assert isinstance(readout, MixedReadout)
    good = pack(random_state(4))[None]
    assert max(readout.check(good).values()) < 1e-14
    assert readout.check(1.01 * good)["trace"] == pytest.approx(0.01)
    assert readout.check(good + 0.5 * (good - np.eye(4) / 4) * 20)["negativity"] > 0.1
    assert np.isnan(readout.check(good * np.nan)["trace"])
    assert readout.check(random_state(4)[None] + 1e-3j)["hermiticity"] == pytest.approx(2e-3)


def test_an_interacting_battery_with_hidden_structure_conserves_its_books():
    """Inhomogeneous couplings: d<H_B>/dt is work and heat, and energies agree with a fine slope."""
    rng = np.random.default_rng(2)
    strength = np.triu(rng.normal(size=(4, 4)), 1) * 0.3
    strength = strength + strength.T
    t = np.linspace(0, 3, 601)
    p = cells(
        4,
        field=0.5,
        coupling={"axes": "xx", "strength": strength, "geometry": "explicit"},
        channels=(qsb.emission(0.05), qsb.dephasing(0.05)),
        duration=3.0,
        times=t,
    )
    series = solve(p, plan(p))
    assert plan(p).representation == "density"
    slope = np.gradient(series.values["energy"], t, edge_order=2)
    np.testing.assert_allclose(series.values["power"], slope, rtol=0, atol=1e-4)
    np.testing.assert_allclose(
        series.values["work_power"] + series.values["heat_power"], series.values["power"], rtol=0, atol=1e-14
    )
    assert max(series.budget.values()) < 1e-13
