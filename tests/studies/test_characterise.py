"""Datasheets from runs, and the store that they make against the Lindblad equation of the same cells.

Where the (W, Q) model is exact and where it is an approximation is derived in docs/devdocs/stellar-store.md.
"""

import math

import numpy as np
import pytest

import qsb
from qsb.charging.protocol import Protocol, Stage
from qsb.datasheet import Datasheet, Measure
from qsb.errors import SpecError
from qsb.models import oscillator
from qsb.stellar.history import simulate
from qsb.stellar.loss import Loss
from qsb.stellar.store import State, Store
from qsb.studies.characterise import characterise, levels
from qsb.units import HBAR, Scale

FIGURES = ["energy_above_ground", "ergotropy"]
SCALE = Scale(2e10)
GAMMA, KAPPA = 0.3, 0.1


def cell(x, z, count=1):
    return qsb.models.ensemble(count, field=0.5, start=qsb.Start("product", bloch=(x, 0.0, z)))


def stands(battery, channels, span=6.0, points=601):
    times = np.linspace(0.0, span, points)
    return qsb.run(qsb.Problem(battery, Protocol((Stage("store", span),)), channels, times), figures=FIGURES)


@pytest.fixture(scope="module")
def charged():
    battery = qsb.models.ensemble(2, field=0.5)
    return qsb.run(
        qsb.Problem(battery, qsb.quench(math.pi, battery=False), (), np.linspace(0, math.pi, 101)), figures=FIGURES
    )


def compared(sheet, data, since=0.0):
    """Largest distance of the store from the run in the window, as a share of the energy at its begin."""
    cells = float(data["cells"])
    times = data["time"].values / SCALE.omega0
    inside = (times >= since / SCALE.omega0) & (times <= since / SCALE.omega0 + sheet.window * (1 + 1e-12))
    energy, work = (data[f].values[inside] / cells * HBAR * SCALE.omega0 for f in FIGURES)
    store = Store.from_datasheet(sheet, 1)
    run = simulate(store, times[inside], 0.0, start=State(work[0], max(0.0, energy[0] - work[0])))
    return max(np.abs(run.work - work).max(), np.abs(run.energy - energy).max()) / energy[0]


def test_numbers_of_a_charged_cell(charged):
    """A pi/2 pulse about x: E = sin^2(t/2), full at t = pi, all of it work; power 1/pi."""
    up = cell(0.0, 1.0, 2)
    sheet = characterise(charged, stands(up, [qsb.emission(GAMMA)]), up, SCALE, mass=Measure(1e-25, 1e-27))
    quantum = HBAR * SCALE.omega0
    assert sheet.energy.value == pytest.approx(quantum, rel=1e-12)
    assert sheet.power.value == pytest.approx(quantum * SCALE.omega0 / math.pi, rel=1e-12)
    assert sheet.ergotropy_fraction.value == pytest.approx(1.0, abs=1e-12)
    assert sheet.gap.value == sheet.capacity.value == pytest.approx(quantum, rel=1e-15)
    assert sheet.relaxation.value == pytest.approx(GAMMA * SCALE.omega0, rel=1e-9)
    assert sheet.specific_energy == pytest.approx(quantum / 1e-25)
    assert len(sheet.runs) == 2
    assert sheet.runs[0] == charged.attrs["fingerprint"]
    assert Datasheet.from_json(sheet.to_json()) == sheet
    assert "relaxation" in str(sheet)


def test_pure_dephasing_of_a_cell_on_the_equator_is_the_model(charged):
    """z = 0: E = omega/2 stays, W = omega c/2 decays at 2 kappa, at all times."""
    battery = cell(1.0, 0.0)
    data = stands(battery, [qsb.dephasing(KAPPA)])
    sheet = characterise(charged, data, battery, SCALE)
    assert sheet.relaxation.value == 0.0
    assert sheet.dephasing.value == pytest.approx(2 * KAPPA * SCALE.omega0, rel=1e-9)
    assert sheet.misfit < 1e-9
    assert compared(sheet, data) < 1e-9


def test_a_displaced_thermal_mode_that_emits_is_the_model():
    """W = omega |alpha|^2 and Q = omega n both decay at gamma."""
    battery = oscillator(1, drive=1.0, start=qsb.Start("thermal", temperature=0.8))
    stages = Protocol((Stage("charge", 1.0, battery=False), Stage("store", 6.0)))
    times = np.concatenate([np.linspace(0, 1, 21)[:-1], np.linspace(1, 7, 301)])
    data = qsb.run(qsb.Problem(battery, stages, [qsb.emission(GAMMA)], times), figures=[*FIGURES, "gaussian_ergotropy"])
    np.testing.assert_allclose(data["ergotropy"], data["gaussian_ergotropy"], atol=1e-9)
    sheet = characterise(data, data, battery, SCALE, since=1.0, gap=1.0)
    assert 0.1 < sheet.ergotropy_fraction.value < 0.9
    assert sheet.capacity is None
    assert sheet.relaxation.value == pytest.approx(GAMMA * SCALE.omega0, rel=1e-7)
    assert sheet.dephasing.value < 1e-7 * sheet.relaxation.value
    assert compared(sheet, data, since=1.0) < 1e-7


@pytest.mark.parametrize("theta", [0.2, 0.02])
def test_a_weakly_excited_cell_is_the_model_to_first_order(charged, theta):
    """W = omega c^2/4: it decays at twice the rate of the coherence, gamma + 4 kappa; the error goes as E/omega."""
    battery = cell(math.sin(theta), -math.cos(theta))
    data = stands(battery, [qsb.emission(GAMMA), qsb.dephasing(KAPPA)])
    sheet = characterise(charged, data, battery, SCALE)
    excited = math.sin(theta / 2) ** 2
    assert sheet.relaxation.value == pytest.approx(GAMMA * SCALE.omega0, rel=1e-9)
    assert sheet.dephasing.value == pytest.approx(4 * KAPPA * SCALE.omega0, rel=0.05 * excited)
    assert sheet.misfit < 0.02 * excited
    assert compared(sheet, data) == pytest.approx(sheet.misfit, rel=1e-3, abs=1e-10)


def test_an_inverted_cell_is_an_approximation_of_three_percent(charged):
    """W = 2E - omega falls to zero when half the energy is left; through its half-life the exponential misses 2.5 %."""
    up = cell(0.0, 1.0)
    data = stands(up, [qsb.emission(GAMMA)], points=2401)
    sheet = characterise(charged, data, up, SCALE)
    ratio = math.log(2) / math.log(4 / 3)  # rate of work over that of energy: 2 u - 1 = 1/2 at u = 3/4
    worst = 1 - 2 * (ratio / 2) ** (1 / (1 - ratio))
    worst = abs(worst + (ratio / 2) ** (ratio / (1 - ratio)))
    assert sheet.dephasing.value / sheet.relaxation.value == pytest.approx(ratio - 1, rel=5e-3)
    assert sheet.misfit == pytest.approx(worst, rel=0.02)
    assert worst == pytest.approx(0.0251, abs=5e-4)
    assert compared(sheet, data) == pytest.approx(sheet.misfit, rel=1e-9)
    assert sheet.dephasing.uncertainty > 0.2 * sheet.dephasing.value


def test_a_store_of_many_cells(charged):
    up = cell(0.0, 1.0)
    sheet = characterise(charged, stands(up, [qsb.emission(GAMMA)]), up, SCALE)
    store = Store.from_datasheet(sheet, 1e20, eta_out=0.9)
    assert store.capacity == pytest.approx(1e20 * sheet.capacity.value)
    assert (store.eta_in, store.eta_out, store.dephasing) == (
        sheet.ergotropy_fraction.value,
        0.9,
        sheet.dephasing.value,
    )
    assert store.loss == Loss(sheet.relaxation.value, gap=sheet.gap.value)
    warm = Store.from_datasheet(sheet, 1e20, attempt=1e6, temperature=0.1)
    expected = 1e6 * math.exp(-sheet.gap.value / (1.380649e-23 * 0.1))
    assert warm.loss.held == pytest.approx(sheet.relaxation.value + expected)


def test_levels_of_uniform_uneven_and_interacting_cells():
    assert levels(qsb.models.ensemble(3, frequency=2.0)) == (pytest.approx(2.0), pytest.approx(2.0))
    assert levels(qsb.models.ensemble(2, frequency=[1.0, 3.0])) == (pytest.approx(1.0), pytest.approx(2.0))
    coupling = {"axes": "zz", "strength": 0.25, "geometry": "chain", "role": "battery"}
    battery = qsb.models.ensemble(2, frequency=1.0, coupling=coupling)
    # Energies 1 + 1/4, -1/4 twice, -1 + 1/4.
    assert levels(battery) == (pytest.approx(0.5), pytest.approx(1.0))


def test_rates_that_make_no_store_are_refused(charged):
    up = cell(0.0, 1.0)
    with pytest.raises(SpecError, match="the standing run lacks ergotropy"):
        characterise(charged, stands(up, []).drop_vars("ergotropy"), up, SCALE)
    with pytest.raises(SpecError, match="before the third time"):
        characterise(charged, stands(up, [qsb.emission(GAMMA)], points=4), up, SCALE)
    with pytest.raises(SpecError, match="needs work and three times"):
        characterise(charged, stands(cell(0.0, -1.0), [qsb.emission(GAMMA)]), up, SCALE)
    with pytest.raises(SpecError, match="this is no store"):
        characterise(charged, stands(cell(0.0, 0.2), [qsb.pumping(GAMMA)]), up, SCALE)
    idle = stands(up, [qsb.emission(GAMMA)])
    with pytest.raises(SpecError, match="stores nothing"):
        characterise(idle, idle, up, SCALE)
    with pytest.raises(SpecError, match="dimensions, beyond 1024"):
        levels(qsb.models.ensemble(11, coupling={"axes": "zz", "strength": 0.1, "role": "battery"}))
    with pytest.raises(SpecError, match="give gap and capacity"):
        levels(oscillator(1))


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"energy": 1.0}, "energy of Datasheet"),
        ({"ergotropy_fraction": Measure(1.1)}, "at most 1"),
        ({"misfit": -1.0}, "misfit of Datasheet"),
        ({"name": 3}, "name of Datasheet"),
        ({"runs": "abc"}, "runs of Datasheet"),
    ],
)
def test_a_wrong_datasheet_is_refused(change, words):
    plain = {"name": "cell", "ergotropy_fraction": Measure(0.5)}
    plain |= dict.fromkeys(["energy", "power", "relaxation", "dephasing", "gap"], Measure(1.0, 0.1))
    assert Store.from_datasheet(Datasheet(**plain), 3).capacity is None
    with pytest.raises(SpecError, match=words):
        Datasheet(**(plain | change))
    with pytest.raises(SpecError, match="no work in a charged cell"):
        Store.from_datasheet(Datasheet(**(plain | {"ergotropy_fraction": Measure(0.0)})), 3)


@pytest.mark.parametrize("text", ["{", "[]", '{"name": "a"}', '{"colour": 1}'])
def test_text_that_is_no_datasheet_is_refused(text):
    with pytest.raises(SpecError, match="a datasheet"):
        Datasheet.from_json(text)


def test_a_negative_measure_is_refused():
    with pytest.raises(SpecError, match="uncertainty of a Measure"):
        Measure(1.0, -0.1)
