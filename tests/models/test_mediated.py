"""Charger-mediated batteries: closed forms, printed numbers, agreement of representations, cutoffs, refusals."""

import json

import numpy as np
import pytest
import scipy.linalg as la

import qsb
from qsb import ModeStart, Start
from qsb.models import mediated, mediated_channels

FIGURES = ["stored_energy", "ergotropy", "power", "charger_energy"]


def charged_by(kind, **given):
    return Start(charger=ModeStart(kind, **given))


def run(battery, times, channels=(), figures=FIGURES, **options):
    times = np.atleast_1d(np.asarray(times, dtype=float))
    return qsb.run(qsb.Problem(battery, qsb.quench(float(times[-1])), channels, times), figures, **options)


def representation(data):
    return json.loads(data.plan)["representation"]


# -- closed --


@pytest.mark.parametrize("chosen", ["auto", "ket", "density"])
def test_two_qubits_exchange_their_energy(chosen):
    t = np.linspace(0, 4, 9)
    data = run(mediated(coupling=0.7, charger="qubit", battery="qubit", frequency=1.3), t, representation=chosen)
    np.testing.assert_allclose(data["stored_energy"], 1.3 * np.sin(0.7 * t) ** 2, rtol=0, atol=1e-11)
    np.testing.assert_allclose(data["ergotropy"], 1.3 * np.maximum(0, -np.cos(1.4 * t)), rtol=0, atol=1e-11)
    np.testing.assert_allclose(data["power"], 1.3 * 0.7 * np.sin(1.4 * t), rtol=0, atol=1e-10)
    np.testing.assert_allclose(data["charger_energy"], -data["stored_energy"], rtol=0, atol=1e-11)


@pytest.mark.parametrize("quanta", [1, 4])
def test_a_fock_charger_and_a_qubit(quanta):
    t = np.linspace(0, 3, 7)
    data = run(mediated(coupling=0.6, start=charged_by("fock", quanta=quanta)), t)
    np.testing.assert_allclose(data["stored_energy"], np.sin(0.6 * np.sqrt(quanta) * t) ** 2, rtol=0, atol=1e-12)
    assert representation(data) == "symmetric"
    assert json.loads(data.plan)["dimension"] == 2


def test_detuning_bounds_the_energy():
    """g and half the detuning are the legs of the generalised Rabi frequency."""
    t, g, delta = np.linspace(0, 6, 13), 0.4, 0.5
    data = run(mediated(coupling=g, charger="qubit", battery="qubit", charger_frequency=1 + delta), t)
    omega = np.hypot(g, delta / 2)
    np.testing.assert_allclose(data["stored_energy"], (g / omega * np.sin(omega * t)) ** 2, rtol=0, atol=1e-11)


@pytest.mark.parametrize("chosen", ["auto", "ket", "density"])
@pytest.mark.parametrize(
    ("quanta", "t", "energy", "work"), [(2, 1.0, 1.4161468365, 0.8322936731), (5, 0.9, 3.0680052367, 1.7821326372)]
)
def test_o29_two_oscillators_from_a_fock_state(chosen, quanta, t, energy, work):
    """A cutoff of n is exact where quanta are conserved, if the representation can tell."""
    cutoff = quanta if chosen == "auto" else quanta + 6
    start = charged_by("fock", quanta=quanta)
    data = run(mediated(coupling=1.0, battery="oscillator", cutoff=cutoff, start=start), t, representation=chosen)
    assert float(data["stored_energy"][0]) == pytest.approx(energy, abs=1e-10)
    assert float(data["ergotropy"][0]) == pytest.approx(work, abs=1e-10)


def test_o29_a_coherent_charger_gives_work_only():
    t = np.linspace(0, 3, 5)
    start = charged_by("coherent", amplitude=1.1)
    data = run(mediated(coupling=0.8, battery="oscillator", frequency=2.0, start=start), t)
    expected = 2 * 1.1**2 * np.sin(0.8 * t) ** 2
    np.testing.assert_allclose(data["stored_energy"], expected, rtol=0, atol=1e-8)
    np.testing.assert_allclose(data["ergotropy"], expected, rtol=0, atol=1e-8)


def test_a_thermal_charger_gives_no_work_to_an_oscillator():
    data = run(mediated(coupling=1.0, battery="oscillator", start=charged_by("thermal", nbar=0.4)), [0.5, 1.5])
    np.testing.assert_allclose(data["stored_energy"], 0.4 * np.sin([0.5, 1.5]) ** 2, rtol=0, atol=1e-7)
    np.testing.assert_allclose(data["ergotropy"], 0, rtol=0, atol=1e-7)


def test_a_squeezed_charger_fills_an_oscillator_with_squeezing():
    """Gaussian by hand: the battery's variances are those of squeezed light behind a beam splitter."""
    r, t = 0.6, 1.0
    data = run(mediated(coupling=1.0, battery="oscillator", start=charged_by("squeezed", squeezing=r)), t)
    through = np.sin(t) ** 2
    variances = through * np.exp([-2 * r, 2 * r]) + 1 - through
    passive = (np.sqrt(variances.prod()) - 1) / 2
    assert float(data["stored_energy"][0]) == pytest.approx(np.sinh(r) ** 2 * through, abs=1e-8)
    assert float(data["ergotropy"][0]) == pytest.approx((variances.sum() - 2) / 4 - passive, abs=1e-8)


@pytest.mark.parametrize("start", [charged_by("thermal", nbar=2.0), charged_by("squeezed", squeezing=0.8 + 0.3j)])
def test_o28_a_qubit_and_any_diagonal_mode(start):
    """E = sum_n p_n sin^2(g sqrt(n) t); the printed number is that of nbar = 2."""
    p = start.charger.populations(200)
    data = run(mediated(coupling=1.0, start=start), 1.0)
    energy = float(data["stored_energy"][0])
    assert energy == pytest.approx(float(p @ np.sin(np.sqrt(np.arange(201))) ** 2), abs=1e-8)
    if start.charger.kind == "thermal":
        assert energy == pytest.approx(0.5000106640, abs=1e-9)


# -- driven, with losses --


@pytest.mark.slow
def test_o30_two_driven_oscillators_late():
    battery = mediated(coupling=0.2, drive=0.1, battery="oscillator", cutoff=14)
    data = run(battery, [10, 20, 50], mediated_channels(0.05), ["stored_energy"], peaks=False)
    np.testing.assert_allclose(data["stored_energy"], [0.4314958051, 0.6008659480, 0.5419987675], rtol=0, atol=3e-8)


def test_o30_two_driven_oscillators():
    battery = mediated(coupling=0.2, drive=0.1, battery="oscillator", cutoff=10)
    data = run(battery, 5.0, mediated_channels(0.05), ["stored_energy", "ergotropy"], peaks=False)
    assert float(data["stored_energy"][0]) == pytest.approx(0.0487191719, abs=1e-8)
    # a vacuum that is driven and loses stays coherent
    assert float(data["ergotropy"][0]) == pytest.approx(0.0487191719, abs=1e-7)


@pytest.mark.parametrize("chosen", ["auto", "density"])
def test_o30_two_driven_qubits_at_rest(chosen):
    battery = mediated(coupling=0.2, drive=1.0, charger="qubit", battery="qubit")
    data = run(battery, 1.0, mediated_channels(1.0), FIGURES, steady=True, peaks=False, representation=chosen)
    assert float(data["steady_stored_energy"]) == pytest.approx(0.4988913525, abs=1e-9)
    assert float(data["steady_ergotropy"]) == pytest.approx(0.0100331215, abs=1e-9)


@pytest.mark.parametrize("detuned", [0.0, 0.3])
@pytest.mark.parametrize("nbar", [0.0, 0.5])
def test_driven_qubits_against_a_dense_liouvillian(detuned, nbar):
    """The frame by hand, D[L] as Kronecker products, the exponential of 16 x 16."""
    g, force, gamma, t = 0.3, 0.5, 0.2, 2.0
    minus, one = np.array([[0, 0], [1, 0]], dtype=complex), np.eye(2)
    a, b = np.kron(minus, one), np.kron(one, minus)
    h = g * (a @ b.T + a.T @ b) + force * (a + a.T) - detuned * (a.T @ a + b.T @ b)
    i4 = np.eye(4)
    whole = -1j * (np.kron(h, i4) - np.kron(i4, h.T))
    for rate, jump in ((gamma * (nbar + 1), a), (gamma * nbar, a.T)):
        n = jump.T @ jump
        whole += rate * (np.kron(jump, jump) - (np.kron(n, i4) + np.kron(i4, n.T)) / 2)
    rho = np.zeros((4, 4), dtype=complex)
    rho[3, 3] = 1
    rho = (la.expm(whole * t) @ rho.ravel()).reshape(4, 4)
    battery = mediated(coupling=g, drive=force, drive_frequency=1 + detuned, charger="qubit", battery="qubit")
    data = run(battery, t, mediated_channels(gamma, nbar=nbar), ["stored_energy", "charger_energy"], peaks=False)
    assert float(data["stored_energy"][0]) == pytest.approx(np.trace(b.T @ b @ rho).real, abs=1e-9)
    assert float(data["charger_energy"][0]) == pytest.approx(np.trace(a.T @ a @ rho).real, abs=1e-9)


def test_a_lossy_charger_gives_what_two_damped_amplitudes_give():
    """Without a drive two oscillators at T = 0 follow their amplitudes: a' = -gamma a/2 - i g b, b' = -i g a."""
    g, gamma, t = 0.5, 0.4, 2.5
    amplitudes = la.expm(t * np.array([[-gamma / 2, -1j * g], [-1j * g, 0]])) @ [1.3, 0]
    battery = mediated(coupling=g, battery="oscillator", cutoff=16, start=charged_by("coherent", amplitude=1.3))
    data = run(battery, t, mediated_channels(gamma), ["stored_energy"], peaks=False)
    assert float(data["stored_energy"][0]) == pytest.approx(abs(amplitudes[1]) ** 2, abs=1e-7)


def test_a_warm_bath_heats_a_battery_that_it_meets_through_the_charger():
    """The steady state of a bath on the charger alone is thermal on both, and holds no work."""
    battery = mediated(coupling=0.5, charger="qubit", battery="qubit", start=charged_by("vacuum"))
    data = run(battery, 1.0, mediated_channels(0.4, nbar=0.7), FIGURES, steady=True, peaks=False)
    assert float(data["steady_stored_energy"]) == pytest.approx(0.7 / (2 * 0.7 + 1), abs=1e-9)
    assert float(data["steady_ergotropy"]) == pytest.approx(0, abs=1e-9)


def test_the_mixed_state_of_a_battery_mode_agrees_with_the_full_density_matrix():
    battery = mediated(coupling=0.5, drive=0.2, battery="oscillator", cutoff=6)
    figures = [*FIGURES, "purity", "coherent_ergotropy", "energy_std", "bound_fisher"]
    found = [
        run(battery, [0.4, 1.0], mediated_channels(0.3, nbar=0.05), figures, representation=name, tolerance=1e-4,
            peaks=False)
        for name in ("symmetric", "density")
    ]  # fmt: skip
    for name in figures:
        np.testing.assert_allclose(found[0][name], found[1][name], rtol=0, atol=1e-6, err_msg=name)


# -- cutoffs and refusals --


def test_a_low_cutoff_is_told_and_an_automatic_one_is_raised():
    start = charged_by("fock", quanta=3)
    with pytest.raises(qsb.SpecError, match="raise the cutoff"):
        run(mediated(coupling=1.0, battery="oscillator", cutoff=2, start=start), 1.0)
    driven = mediated(coupling=0.05, drive=1.0, battery="oscillator", cutoff=4)
    with pytest.raises(qsb.ConvergenceError, match="cutoff"):
        run(driven, 2.0, peaks=False, representation="ket")
    # a mode on resonance that is coupled to nothing holds (F t)^2 quanta, more than the first guess
    grown = run(mediated(coupling=0.0, drive=1.5, cutoff="auto"), 8.0, (), ["charger_energy"], peaks=False)
    assert json.loads(grown.cutoffs)["charger"] >= 200
    assert float(grown["charger_energy"][0]) == pytest.approx(144, abs=1e-5)


@pytest.mark.parametrize(
    ("given", "match"),
    [
        ({"charger": "qbit"}, "did you mean 'qubit'"),
        ({"battery": "spin"}, "qubit, oscillator"),
        ({"frequency": 0.0}, "frequency must be positive"),
        ({"charger_frequency": -1.0}, "charger_frequency must be positive"),
        ({"coupling": np.nan}, "coupling must be finite"),
        ({"drive_frequency": 1.0}, "needs a drive"),
        ({"cutoff": 0}, "cutoff"),
    ],
)
def test_impossible_arguments(given, match):
    with pytest.raises(qsb.SpecError, match=match):
        mediated(**({"coupling": 1.0} | given))


def test_a_qubit_charger_has_no_coherent_start():
    with pytest.raises(qsb.SpecError, match="spins"):
        run(mediated(coupling=1.0, charger="qubit", start=charged_by("coherent", amplitude=1.0)), 1.0)


def test_capacity_of_a_mode_is_refused():
    with pytest.raises(qsb.SpecError, match="grows with its cutoff"):
        run(mediated(coupling=1.0, battery="oscillator"), 1.0, figures=["capacity"])


def test_local_ergotropy_of_a_mode_is_refused_with_the_reason():
    with pytest.raises(qsb.PlanError, match="cells that are spins"):
        run(mediated(coupling=1.0, battery="oscillator"), 1.0, figures=["local_ergotropy"])


def test_a_spec_with_a_squeezed_charger():
    spec = """
    [model]
    name = "mediated"
    coupling = 1.0
    battery = "oscillator"
    [start]
    charger = {state = "squeezed", squeezing = [0.3, 0.4]}
    [[channel]]
    kind = "emission"
    rate = 0.0
    on = "charger"
    [[stage]]
    duration = 1.0
    [save]
    points = 2
    figures = ["stored_energy"]
    """
    data = qsb.run(spec)
    assert float(data["stored_energy"][-1]) == pytest.approx(np.sinh(0.5) ** 2 * np.sin(1) ** 2, abs=1e-8)
    loaded = qsb.load_spec(spec)
    assert qsb.load_spec(loaded.to_toml()) == loaded
