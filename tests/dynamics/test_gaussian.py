"""Modes by means and covariance: printed values, plans and refusals, energies that no cutoff holds."""

import json
import time

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import qsb
from qsb.algebra.opsum import OpSum
from qsb.algebra.space import Boson, Group, Space, Spin
from qsb.algebra.states import ModeStart, Start
from qsb.algebra.symplectic import symplectic_eigenvalues
from qsb.algebra.terms import Cross, Local, Word
from qsb.charging.battery import Battery
from qsb.charging.envelope import Gaussian, Sinusoidal
from qsb.charging.environment import Channel, dephasing, emission, pumping, thermal
from qsb.charging.problem import Problem
from qsb.charging.protocol import Protocol, Stage, quench
from qsb.dynamics.bosons import start_moments
from qsb.dynamics.integrate import DormandPrince
from qsb.dynamics.moments import MomentFlow, Moments, packed, unpacked
from qsb.dynamics.plan import plan
from qsb.dynamics.representation import Request
from qsb.dynamics.solve import solve
from qsb.errors import ConvergenceError, PlanError, SpecError
from qsb.models import mediated, mediated_channels, oscillator

WORK = ("stored_energy", "ergotropy")


def alone(duration, **arguments):
    """Return a problem in which V acts alone, with H_B off."""
    stage = Stage("charge", duration, battery=False)
    return Problem(oscillator(1, **arguments), Protocol((stage,)), (), np.array([0.0, duration]))


def temperature(nbar, w):
    """Return the temperature of a mean number."""
    return w / np.log1p(1 / nbar)


class TestPrintedValues:
    @pytest.mark.parametrize(("nbar", "w", "force"), [(0.7, 1.0, 0.8), (2.5, 1.6, -0.3)])
    def test_a_displaced_thermal_mode(self, nbar, w, force):
        start = Start("thermal", temperature=temperature(nbar, w))
        data = qsb.run(alone(1.3, frequency=w, drive=force, start=start), [*WORK, "energy_std", "purity"])
        quanta = (force * 1.3) ** 2
        assert data.stored_energy[-1] == pytest.approx(w * quanta, rel=1e-13)
        assert data.ergotropy[-1] == pytest.approx(w * quanta, rel=1e-12)
        variance = w**2 * (nbar * (nbar + 1) + quanta * (2 * nbar + 1))
        assert data.energy_std[-1] ** 2 == pytest.approx(variance, rel=1e-12)
        np.testing.assert_allclose(data.purity, 1 / (2 * nbar + 1), rtol=1e-12)

    @pytest.mark.parametrize("chi", [0.5, [0.3, -0.4]])
    def test_a_squeezed_thermal_mode(self, chi):
        nbar, w, r = 0.7, 1.2, 0.5 * 1.3
        start = Start("thermal", temperature=temperature(nbar, w))
        data = qsb.run(alone(1.3, frequency=w, squeezing=chi, start=start), [*WORK, "energy_std"])
        assert data.stored_energy[-1] == pytest.approx(w * (2 * nbar + 1) * np.sinh(r) ** 2, rel=1e-12)
        variance = w**2 * ((2 * nbar + 1) ** 2 * np.cosh(4 * r) - 1) / 4
        assert data.energy_std[-1] ** 2 == pytest.approx(variance, rel=1e-12)

    def test_two_oscillators_from_a_coherent_start(self):
        g, alpha, w = 0.4, 1.5 - 0.7j, 1.3
        start = Start(charger=ModeStart("coherent", amplitude=alpha))
        times = np.linspace(0, 9, 31)
        data = qsb.run(
            Problem(mediated(coupling=g, battery="oscillator", frequency=w, start=start), quench(9.0), (), times),
            [*WORK, "energy_std"],
        )
        assert json.loads(data.attrs["plan"])["representation"] == "gaussian"
        assert json.loads(data.attrs["cutoffs"]) == {}
        wanted = w * abs(alpha) ** 2 * np.sin(g * times) ** 2
        np.testing.assert_allclose(data.stored_energy, wanted, rtol=0, atol=1e-12)
        np.testing.assert_allclose(data.ergotropy, wanted, rtol=0, atol=1e-12)
        np.testing.assert_allclose(data.energy_std**2, w * wanted, rtol=0, atol=1e-11)

    @pytest.mark.parametrize(
        ("start", "nbar", "work"),
        [
            (ModeStart("thermal", nbar=2.0), 2.0, lambda c: 0.0),
            (ModeStart("squeezed", squeezing=0.8), np.sinh(0.8) ** 2, None),
        ],
    )
    def test_heat_stays_heat_and_squeezing_is_work(self, start, nbar, work):
        times = np.linspace(0, 4, 9)
        made = oscillator(1, chargers=1, coupling=0.5, start=Start(charger=start))
        data = qsb.run(Problem(made, quench(4.0), (), times), WORK)
        c = np.sin(0.5 * times) ** 2
        np.testing.assert_allclose(data.stored_energy, nbar * c, rtol=0, atol=1e-12)
        if work is None:
            # one mode of the beam splitter's two: variances 1/2 + c (e^{-+2r} - 1)/2
            spread = [(1 + c * (np.exp(s * 1.6) - 1)) / 2 for s in (-1, 1)]
            wanted = nbar * c - (np.sqrt(spread[0] * spread[1]) - 0.5)
        else:
            wanted = np.array([work(x) for x in c])
        np.testing.assert_allclose(data.ergotropy, wanted, rtol=0, atol=1e-10)

    def test_the_driven_charger_with_losses(self):
        """O30: E_B at four times, and the limit w (F/g)^2 that does not know the losses."""
        for battery, channels in (
            (mediated(coupling=0.2, battery="oscillator", drive=0.1), mediated_channels(0.05)),
            (oscillator(coupling=0.2, chargers=1, charger_drive=0.1, frame=1.0), (emission(0.05, on="charger"),)),
        ):
            problem = Problem(battery, quench(50.0), channels, np.array([5.0, 10.0, 20.0, 50.0]))
            data = qsb.run(problem, WORK, steady=True)
            assert json.loads(data.attrs["plan"])["representation"] == "gaussian"
            printed = [0.0487191719, 0.4314958051, 0.6008659480, 0.5419987675]
            np.testing.assert_allclose(data.stored_energy, printed, rtol=0, atol=6e-11)
            np.testing.assert_allclose(data.ergotropy, printed, rtol=0, atol=6e-11)
            assert float(data.steady_stored_energy) == pytest.approx(0.25, rel=1e-12)
            assert float(data.steady_ergotropy) == pytest.approx(0.25, rel=1e-11)

    @pytest.mark.parametrize("loss", [0.05, 0.7])
    def test_the_steady_work_is_that_of_the_drive_alone(self, loss):
        made = oscillator(frequency=1.4, coupling=0.3, chargers=1, charger_drive=0.6, frame=1.4)
        data = qsb.run(Problem(made, quench(1.0), (emission(loss, on="charger"),)), WORK, steady=True)
        assert float(data.steady_stored_energy) == pytest.approx(1.4 * 4.0, rel=1e-11)
        assert float(data.steady_ergotropy) == pytest.approx(1.4 * 4.0, rel=1e-11)

    def test_a_lossy_mode_relaxes_to_its_bath(self):
        start = Start("thermal", temperature=temperature(3.0, 1.0))
        data = qsb.run(
            Problem(oscillator(1, start=start), quench(4.0), (thermal(0.5, nbar=0.4),)),
            ["energy_above_ground"],
            steady=True,
        )
        np.testing.assert_allclose(data.energy_above_ground, 0.4 + 2.6 * np.exp(-0.5 * data.time), rtol=1e-12)
        assert float(data.steady_energy_above_ground) == pytest.approx(0.4, rel=1e-12)


class TestSize:
    def test_a_million_quanta(self):
        start = Start(charger=ModeStart("coherent", amplitude=1000.0))
        problem = Problem(oscillator(chargers=1, coupling=1.0, start=start), quench(3.0))
        begun = time.process_time()
        data = qsb.run(problem)
        assert time.process_time() - begun < 2.0
        np.testing.assert_allclose(data.stored_energy, 1e6 * np.sin(data.time) ** 2, rtol=0, atol=1e-6)
        assert float(data.peak_ergotropy) == pytest.approx(1e6, rel=1e-12)
        assert float(data.charging_time) == pytest.approx(np.pi / 2, rel=1e-8)

    def test_fifty_modes(self):
        made = oscillator(50, frequency=np.linspace(1, 2, 50), hopping=0.3, drive=0.1, squeezing=0.05)
        problem = Problem(made, quench(5.0), (), np.linspace(0, 5, 51))
        assert plan(problem).bytes < 2**28
        begun = time.process_time()
        data = qsb.run(problem, [*WORK, "gaussian_ergotropy"])
        assert time.process_time() - begun < 3.0
        np.testing.assert_allclose(data.ergotropy, data.stored_energy, rtol=1e-12)

    def test_strong_squeezing_hides_the_purity_and_not_the_work(self):
        problem = alone(7.0, squeezing=1.0, start=Start())
        data = qsb.run(problem, [*WORK, "purity"])
        assert float(data.ergotropy[-1]) == pytest.approx(np.sinh(7.0) ** 2, rel=1e-9)
        assert (data.purity == 1).all()
        noisy = Problem(problem.battery, problem.protocol, (emission(1e-9),), problem.times)
        assert float(qsb.run(noisy).ergotropy[-1]) == pytest.approx(np.sinh(7.0) ** 2, rel=1e-6)
        with pytest.raises(ConvergenceError, match="purity"):
            qsb.run(noisy, ["purity"])


def modes(h=None, v=None, *, start=None, drives=()):
    """Return two battery modes and one charger mode without cutoffs."""
    space = Space((Group("cells", Boson(), 2), Group("charger", Boson(), 1, "charger")))
    meter = h or OpSum((Local("n", np.array([1.0, 1.3])),))
    hop = OpSum((Cross("a", "charger", "a+", "cells", 0.3), Cross("a+", "charger", "a", "cells", 0.3)))
    return Battery(space, meter, v or hop, OpSum((Local("n", 1.1, "charger"),)), drives, start or Start())


class TestPlans:
    def test_the_plan_says_why_and_needs_no_cutoff(self):
        made = plan(Problem(modes(), quench(1.0), (emission(0.1), pumping(0.02, on="charger"))))
        assert (made.representation, made.exact, made.dimension) == ("gaussian", True, 43)
        assert made.integrators == ("moments",)
        assert "without a cutoff" in made.why
        assert "moments" in str(made)

    def test_changing_terms_are_integrated(self):
        driven = modes(drives=((OpSum((Local("x", 0.2, "charger"),)), Sinusoidal(1.0)),))
        assert plan(Problem(driven, quench(1.0))).integrators == ("dop853",)

    @pytest.mark.parametrize(
        ("problem", "reason"),
        [
            (Problem(modes(v=OpSum((Local("nn", 0.1),))), quench(1.0)), "nn, is more than quadratic"),
            (Problem(modes(v=OpSum((Word(0.1, ((0, "x"), (1, "x"), (2, "x"))),))), quench(1.0)), "x x x, is more than"),
            (Problem(modes(), quench(1.0), (dephasing(0.1),)), "n, is more than linear"),
            (Problem(modes(start=Start(charger=ModeStart("fock", quanta=2))), quench(1.0)), "Fock state of 2 quanta"),
            (Problem(modes(h=OpSum((Local("n", np.array([1.0, 0.0])),))), quench(1.0)), "no positive frequency"),
            (Problem(modes(h=OpSum((Local("n"), Local("xx", -0.5)))), quench(1.0)), "no positive frequency"),
        ],
    )
    def test_what_is_not_gaussian_is_refused_with_the_reason(self, problem, reason):
        with pytest.raises(PlanError, match=reason) as caught:
            plan(problem)
        assert "the modes cells, charger have no cutoff" in str(caught.value)

    @pytest.mark.parametrize(
        ("need", "reason"),
        [
            ("populations", "not read from a covariance"),
            ("pinched", "not read from a covariance"),
            ("bounded", "no highest level"),
            ("span", "no largest eigenvalue"),
            ("marginals", "cells that are spins"),
            ("reduced", "cells that are spins"),
        ],
    )
    def test_readouts_that_it_lacks_are_named(self, need, reason):
        with pytest.raises(PlanError, match=reason):
            plan(Problem(modes(), quench(1.0)), Request(frozenset({"energy", need})), representation="gaussian")

    def test_level_populations_go_to_a_truncated_representation(self):
        problem = Problem(oscillator(cutoff=30, drive=0.1), quench(1.0))
        assert qsb.plan(problem).representation == "gaussian"
        assert qsb.plan(problem, ["incoherent_ergotropy"]).representation == "ket"
        with pytest.raises(SpecError, match="no highest level"):
            qsb.plan(problem, ["capacity"])

    def test_gaussian_ergotropy_is_for_modes(self):
        with pytest.raises(PlanError, match="covariance"):
            qsb.plan(Problem(qsb.models.ensemble(2, field=0.5), quench(1.0)), ["gaussian_ergotropy"])

    def test_spins_beside_a_mode_are_no_gaussian_state(self):
        space = Space((Group("cells", Spin(), 1), Group("charger", Boson(20), 1, "charger")))
        v = OpSum((Cross("+", "cells", "a", "charger", 0.1), Cross("-", "cells", "a+", "charger", 0.1)))
        with pytest.raises(PlanError, match="not all harmonic modes"):
            plan(Problem(Battery(space, OpSum((Local("z", 0.5),)), v), quench(1.0)), representation="gaussian")

    def test_an_amplifier_has_no_steady_state(self):
        problem = Problem(oscillator(squeezing=0.5, frame=1.0), quench(1.0), (emission(0.3),))
        with pytest.raises(SpecError, match=r"grows at the rate 0\.35"):
            qsb.run(problem, steady=True)
        below = Problem(oscillator(squeezing=0.5, frame=1.0), quench(1.0), (emission(2.0),))
        assert float(qsb.run(below, steady=True).steady_stored_energy) == pytest.approx(2 * 0.25 / (4 - 1), rel=1e-12)

    def test_moments_is_for_covariances(self):
        with pytest.raises(SpecError, match="moments"):
            plan(Problem(qsb.models.ensemble(2, field=0.5), quench(1.0)), integrator="moments")


class TestFlow:
    def flow(self, n=4, seed=0):
        rng = np.random.default_rng(seed)
        noise = rng.normal(size=(n, n))
        return Moments(rng.normal(size=(n, n)) - np.eye(n), rng.normal(size=n), noise @ noise.T)

    @pytest.mark.parametrize("h", [0.01, 0.7, 11.0])
    def test_leap_series_and_a_dense_exponential_agree(self, h):
        import scipy.linalg as la

        flow, x = self.flow(), packed(np.arange(4.0), np.diag(np.arange(1.0, 5.0)))
        dense = np.array([flow.apply(e) for e in np.eye(21)]).T
        symmetric = np.eye(21)
        symmetric[5:, 5:] = (np.eye(16) + np.eye(16).reshape(4, 4, 16).swapaxes(0, 1).reshape(16, 16)) / 2
        wanted = la.expm(h * dense @ symmetric) @ x
        e, w, q = flow.leap(h)
        r, v = unpacked(x)
        np.testing.assert_allclose(packed(e @ r + w, e @ v @ e.T + q), wanted, rtol=1e-11)
        if h < 0.1:
            np.testing.assert_allclose(flow.terms(x, h).sum(axis=0), wanted, rtol=1e-14)

    def test_times_far_and_near_give_one_trajectory(self):
        problem = Problem(
            modes(start=Start(charger=ModeStart("squeezed", squeezing=0.5))), quench(30.0), (emission(0.1),)
        )
        times = np.unique(np.concatenate([np.linspace(0, 30, 7), np.linspace(4, 6, 300), [0.001, 29.9]]))
        dense, sparse = (
            solve(Problem(problem.battery, problem.protocol, problem.channels, t), plan(problem)).values["energy"]
            for t in (times, np.array([0.0, 5.0, 30.0]))
        )
        np.testing.assert_allclose(dense[np.isin(times, [0.0, 5.0, 30.0])], sparse, rtol=1e-12)
        made = plan(problem, integrator="dop853")
        np.testing.assert_allclose(solve(problem, made).values["energy"][-1], sparse[-1], rtol=1e-8)

    def test_a_broken_state_is_not_returned(self, monkeypatch):
        monkeypatch.setattr("qsb.dynamics.bosons.start_moments", lambda problem: (np.zeros(6), 0.3 * np.eye(6)))
        with pytest.raises(ConvergenceError, match="uncertainty"):
            qsb.run(Problem(modes(), quench(1.0)))

    @pytest.mark.parametrize("name", [MomentFlow().name, DormandPrince().name])
    def test_integrators_agree_under_a_jump_with_a_constant(self, name):
        """D[a + c] is D[a] and a drive, -i[H, .] with H = (c* a - c a+)/2i."""
        shifted = OpSum((Local("a", 1.0, "charger"), Word(0.4 - 0.3j, ())))
        force = -0.25 * (0.4 - 0.3j) / 2j
        drive = OpSum((Local("a+", force, "charger"), Local("a", force.conjugate(), "charger")))
        one = Problem(modes(), quench(2.0), (Channel("custom", 0.25, operator=shifted),))
        b = modes()
        two = Problem(modes(v=b.interaction + drive), quench(2.0), (emission(0.25, on="charger"),))
        found = [solve(p, plan(p, integrator=name)).values["energy"] for p in (one, two)]
        np.testing.assert_allclose(*found, rtol=0, atol=1e-9)
        assert np.ptp(found[0]) > 1e-3


@settings(max_examples=6, deadline=None)
@given(seed=st.integers(0, 10_000), loss=st.sampled_from([0.0, 0.3]))
def test_every_state_keeps_the_uncertainty_relation(seed, loss):
    rng = np.random.default_rng(seed)
    f, j, k, g, e = rng.uniform(-0.4, 0.4, 5)
    made = oscillator(
        2, frequency=rng.uniform(0.6, 2, 2), drive=f, squeezing=rng.uniform(-0.3, 0.3, 2), hopping=j, pairing=k,
        chargers=1, coupling=g, charger_drive=e,
        start=Start("thermal", temperature=0.5, charger=ModeStart("squeezed", squeezing=complex(*rng.normal(size=2)))),
    )  # fmt: skip
    channels = (emission(loss), pumping(loss / 3, on="charger")) if loss else ()
    problem = Problem(made, Protocol((Stage("charge", 1.5, Gaussian(0.7, 0.4)), Stage("store", 0.5))), channels)
    made = plan(problem, Request(frozenset({"energy", "power", "spectrum"})))
    series = solve(problem, made)
    assert series.budget["uncertainty"] < 1e-9
    assert (series.values["purity"] <= 1 + 1e-9).all()
    if not loss:
        # a symplectic flow keeps the symplectic eigenvalues of all modes together
        whole = symplectic_eigenvalues(start_moments(problem)[1])
        last = None
        for generator, name in zip(series.reduced.generators, made.integrators, strict=True):
            x = series.reduced.start if last is None else last
            flow = MomentFlow() if name == "moments" else DormandPrince()
            (last,) = flow.advance(generator, x, generator.segment.start, [generator.segment.end], 1e-10)
        np.testing.assert_allclose(symplectic_eigenvalues(unpacked(last)[1]), whole, rtol=1e-6)


class TestModel:
    def test_from_a_spec(self):
        data = qsb.run(
            """
            [model]
            name = "oscillator"
            modes = 2
            frequency = [1.0, 1.2]
            chargers = 1
            coupling = 0.3
            squeezing = [0.1, 0.05]
            [start.charger]
            state = "coherent"
            amplitude = 30.0
            [[channel]]
            kind = "thermal"
            rate = 0.02
            nbar = 0.5
            on = "charger"
            [[stage]]
            duration = 3.0
            [save]
            points = 7
            figures = ["stored_energy", "gaussian_ergotropy", "charger_energy", "energy_std", "asymptotic_ergotropy"]
            """
        )
        assert data.gaussian_ergotropy[-1] > 10
        assert (data.asymptotic_ergotropy >= data.gaussian_ergotropy - 1e-9).all()

    @pytest.mark.parametrize(
        ("arguments", "match"),
        [
            ({"coupling": 0.1}, "needs charger modes"),
            ({"charger_drive": 0.1}, "needs charger modes"),
            ({"modes": 2, "frequency": [1.0]}, "frequency"),
            ({"frequency": -1.0}, "frequency"),
            ({"squeezing": [1.0, 2.0, 3.0]}, "squeezing"),
            ({"cutoff": 0}, "cutoff"),
            ({"chargers": True}, "chargers"),
            ({"geometry": "star"}, "geometry"),
        ],
    )
    def test_impossible_arguments_are_refused(self, arguments, match):
        with pytest.raises(SpecError, match=match):
            oscillator(**arguments)

    def test_a_sweep(self):
        data = qsb.sweep(
            {
                "model": {"name": "oscillator", "chargers": 1, "coupling": 0.2, "charger_drive": 0.1, "frame": 1.0},
                "channel": [{"kind": "emission", "rate": 0.05, "on": "charger"}],
                "stage": [{"duration": 5.0}],
                "save": {"points": 3},
                "sweep": {"channel.0.rate": [0.01, 0.05, 0.4]},
            }
        )
        assert data.sizes["rate"] == 3
        assert float(data.stored_energy.sel(rate=0.05)[-1]) == pytest.approx(0.0487191719, abs=1e-10)

    def test_entanglement_of_a_two_mode_squeezed_vacuum(self):
        made = oscillator(2, pairing=1.0)
        problem = Problem(made, Protocol((Stage("charge", 0.8, battery=False),)), (), np.array([0.8]))
        data = qsb.run(problem, ["entanglement_entropy", "stored_energy"], cut=1)
        c, s = np.cosh(0.8) ** 2, np.sinh(0.8) ** 2
        assert float(data.entanglement_entropy[0]) == pytest.approx(c * np.log(c) - s * np.log(s), rel=1e-11)
        assert float(data.stored_energy[0]) == pytest.approx(2 * s, rel=1e-12)
