"""Small, empty, degenerate and huge: the corners of a problem, each with its exact answer."""

import time
import tracemalloc

import numpy as np
import pytest
from scipy.linalg import expm
from scipy.special import erf

import qsb
from qsb.algebra.space import Boson, Group
from qsb.charging.envelope import Constant, Function, Gaussian, Piecewise, Ramp
from qsb.charging.protocol import Stage
from qsb.dynamics.plan import plan
from qsb.dynamics.solve import solve
from qsb.errors import CutoffError
from qsb.runs.figures import DEFAULT_FIGURES
from systems import accepting, cells, field_energy, in_all, pairs

FIGURES = [*DEFAULT_FIGURES, "passive_energy", "capacity", "energy_std", "purity", "work_power", "heat_power"]
CLOSE = 1e-9
#: a spread is the root of a variance, so rounding of the variance shows as its root
SPREAD = 1e-7
HALF_FIELD = np.array([0.5, 0.0, 0.5])


def bloch(t, start, strength=0.0, frequency=1.0, emission=0.0, pumping=0.0, dephasing=0.0):
    """Return Bloch vectors (T, 3) of one damped driven cell, from the affine Bloch equations and one exponential each.

    x' = -w y - G x, y' = w x - 2 lam z - G y, z' = 2 lam y - g_down (1 + z) + g_up (1 - z),
    G = (g_down + g_up)/2 + 2 g_phi.
    """
    wide = (emission + pumping) / 2 + 2 * dephasing
    a = np.zeros((4, 4))
    a[0, :2] = -wide, -frequency
    a[1, :3] = frequency, -wide, -2 * strength
    a[2, 1:] = 2 * strength, -(emission + pumping), pumping - emission
    return np.array([(expm(a * s) @ [*start, 1.0])[:3] for s in np.atleast_1d(t)])


# -- few cells --


@pytest.mark.parametrize("how", [{"field": 0.5}, {"flip": 0.5}, {"field": [0.5]}, {"field": 0.2, "flip": 0.3}])
def test_one_cell_under_any_name_of_the_same_charger(how):
    problem = cells(1, duration=5.0, **how)
    assert accepting(problem) == ["product", "symmetric", "permutation", "ket", "density"]
    for _, data in in_all(problem, FIGURES):
        np.testing.assert_allclose(data["stored_energy"], field_energy(1, 0.5, problem.times), rtol=0, atol=CLOSE)
        np.testing.assert_allclose(data["capacity"], 1.0, rtol=0, atol=CLOSE)


def test_one_noisy_cell_in_every_representation():
    noise = (qsb.emission(0.1), qsb.pumping(0.05), qsb.dephasing(0.03, collective=True))
    problem = cells(1, field=0.4, channels=noise, duration=5.0, start=qsb.Start("product", bloch=HALF_FIELD))
    r = bloch(problem.times, HALF_FIELD, 0.4, emission=0.1, pumping=0.05, dephasing=0.03)
    names = []
    for name, data in in_all(problem, ["stored_energy", "ergotropy", "purity", "energy_std"]):
        names.append(name)
        np.testing.assert_allclose(data["stored_energy"], (r[:, 2] - 0.5) / 2, rtol=0, atol=CLOSE)
        size = np.linalg.norm(r, axis=1)
        np.testing.assert_allclose(data["ergotropy"], (size + r[:, 2]) / 2, rtol=0, atol=CLOSE)
        np.testing.assert_allclose(data["purity"], (1 + size**2) / 2, rtol=0, atol=CLOSE)
        np.testing.assert_allclose(data["energy_std"], np.sqrt(1 - r[:, 2] ** 2) / 2, rtol=0, atol=CLOSE)
    assert {"product", "density"} <= set(names)


@pytest.mark.parametrize("geometry", ["chain", "ring", "all"])
def test_pairs_of_one_cell_do_nothing(geometry):
    problem = cells(1, coupling=pairs(0.7, geometry), duration=3.0)
    for _, data in in_all(problem, FIGURES):
        for figure in ("stored_energy", "power", "ergotropy"):
            np.testing.assert_allclose(data[figure], 0.0, rtol=0, atol=1e-14)
        assert float(data["body_order"]) == 0


def test_a_ring_of_two_is_a_chain_of_two_is_a_pair():
    made = [cells(2, coupling=pairs(0.5, geometry), duration=4.0) for geometry in ("chain", "ring", "all")]
    made.append(cells(2, coupling=pairs(0.5, "power-law", exponent=3.0), duration=4.0))
    made.append(cells(2, coupling=pairs([[0, 0.5], [0.5, 0]], "explicit"), duration=4.0))
    first, *rest = (qsb.run(p, FIGURES, representation="ket") for p in made)
    for other in rest:
        for figure in FIGURES:
            np.testing.assert_allclose(other[figure], first[figure], rtol=0, atol=1e-13)


def test_a_ring_of_three_has_one_bond_more_than_a_chain():
    """With H_B off, every site of the ring has two neighbours and the chain's ends have one."""
    t = np.array([0.4])
    for geometry, degrees in (("chain", [1, 2, 1]), ("ring", [2, 2, 2])):
        problem = cells(3, coupling=pairs(0.5, geometry), protocol=qsb.quench(1.0, battery=False), times=t)
        expected = sum((1 - np.cos(t[0]) ** d) / 2 for d in degrees)
        for _, data in in_all(problem, ["stored_energy"]):
            assert float(data["stored_energy"][0]) == pytest.approx(expected, abs=CLOSE)


# -- nothing happens --


@pytest.mark.parametrize(
    "how", [{}, {"field": 0.0}, {"flip": 0.0}, {"coupling": pairs(0.0)}, {"field": [0.0, 0.0, 0.0]}]
)
def test_zero_coupling_leaves_the_battery_empty(how):
    problem = cells(3, duration=5.0, **how)
    asked = [*FIGURES, "ergotropy_fraction", "bound_fisher", "bound_norm", "bound_locality", "bound_uncertainty"]
    for _, data in in_all(problem, asked):
        for figure in asked:
            if figure == "ergotropy_fraction":
                assert np.all(np.isnan(data[figure])), "a share of nothing is undefined"
            elif figure in ("capacity", "purity", "passive_energy"):
                expected = {"capacity": 3.0, "purity": 1.0, "passive_energy": -1.5}[figure]
                np.testing.assert_allclose(data[figure], expected, rtol=0, atol=CLOSE)
            else:
                rooted = figure in ("energy_std", "bound_uncertainty")
                np.testing.assert_allclose(data[figure], 0.0, rtol=0, atol=SPREAD if rooted else 1e-12)
        assert float(data["peak_stored_energy"]) == pytest.approx(0.0, abs=1e-12)
        assert float(data["peak_power"]) == pytest.approx(0.0, abs=1e-12)
        assert float(data["charger_span"]) == 0.0


def test_zero_coupling_with_losses_keeps_the_empty_battery_and_drains_a_full_one():
    noise = (qsb.emission(0.2), qsb.dephasing(0.1))
    for start, above in (("ground", lambda t: 0 * t), ("up", lambda t: 2 * np.exp(-0.2 * t))):
        problem = cells(2, channels=noise, duration=9.0, start=qsb.Start(start))
        for _, data in in_all(problem, ["energy_above_ground", "heat_power", "work_power"]):
            np.testing.assert_allclose(data["energy_above_ground"], above(problem.times), rtol=0, atol=CLOSE)
            np.testing.assert_allclose(data["heat_power"], -0.2 * above(problem.times), rtol=0, atol=CLOSE)
            np.testing.assert_allclose(data["work_power"], 0.0, rtol=0, atol=1e-12)


# -- degenerate batteries --


@pytest.mark.parametrize("frequency", [0.0, [1.0, 0.0, 1.0]])
@pytest.mark.parametrize("representation", ["product", "ket", "density"])
def test_a_degenerate_ground_level_is_no_start(frequency, representation):
    problem = cells(3, frequency=frequency, field=0.5)
    with pytest.raises(qsb.StructureError, match=r"degenerate.*name a start"):
        qsb.run(problem, ["stored_energy"], representation=representation)


def test_a_degenerate_interacting_ground_level_is_no_start():
    """-zz on a chain is lowest all up and all down."""
    problem = cells(3, frequency=0.0, coupling=pairs(-1.0, axes="zz", role="battery"), field=0.5)
    with pytest.raises(qsb.StructureError, match="degenerate"):
        qsb.run(problem, ["stored_energy"])


@pytest.mark.parametrize("kind", ["down", "up", "product", "thermal"])
def test_cells_without_a_gap_store_nothing(kind):
    more = {"product": {"bloch": HALF_FIELD}, "thermal": {"temperature": 0.5}}.get(kind, {})
    problem = cells(2, frequency=0.0, field=0.5, start=qsb.Start(kind, **more), duration=4.0)
    for _, data in in_all(problem, FIGURES):
        for figure in ("stored_energy", "energy_above_ground", "power", "ergotropy", "capacity"):
            np.testing.assert_allclose(data[figure], 0.0, rtol=0, atol=1e-13)
        if kind == "thermal":
            np.testing.assert_allclose(data["purity"], 0.25, rtol=0, atol=1e-12)


def test_one_cell_without_a_gap_does_not_disturb_the_others():
    problem = cells(3, frequency=[1.0, 0.0, 1.0], field=0.5, start=qsb.Start("down"), duration=6.0)
    for _, data in in_all(problem, ["stored_energy", "ergotropy", "capacity"]):
        expected = field_energy(2, 0.5, problem.times)
        np.testing.assert_allclose(data["stored_energy"], expected, rtol=0, atol=CLOSE)
        np.testing.assert_allclose(data["ergotropy"], expected, rtol=0, atol=CLOSE)
        np.testing.assert_allclose(data["capacity"], 2.0, rtol=0, atol=CLOSE)


def test_an_inverted_cell_is_full_when_it_is_down():
    """A negative frequency makes up the ground level of that cell."""
    problem = cells(2, frequency=[-1.0, -1.0], start=qsb.Start("down"), times=[0.0])
    for _, data in in_all(problem, ["energy_above_ground", "ergotropy"]):
        assert float(data["ergotropy"][0]) == pytest.approx(2.0, abs=1e-12)


def test_equal_gaps_from_different_cells_are_one_level():
    """Frequencies 1, 1 and 2: levels 0, 1, 1, 2, 2, 3, 3, 4 above the ground; two of them are occupied and mixed."""
    start = qsb.Start("state", array=np.diag([0, 0.5, 0, 0, 0, 0, 0.5, 0]).astype(complex))  # |uud><uud| and |ddu><ddu|
    problem = cells(3, frequency=[1.0, 1.0, 2.0], start=start, times=[0.0])
    data = qsb.run(problem, ["ergotropy", "passive_energy", "energy_above_ground"])
    assert float(data["energy_above_ground"][0]) == pytest.approx(2.0, abs=1e-12)
    assert float(data["passive_energy"][0]) + 2.0 == pytest.approx(0.5, abs=1e-12)
    assert float(data["ergotropy"][0]) == pytest.approx(1.5, abs=1e-12)


# -- times --


@pytest.mark.parametrize("channels", [(), (qsb.emission(0.2),)], ids=["closed", "open"])
def test_zero_duration(channels):
    """Nothing is stored, and the power is the right limit at 0: 2 lam y per cell on its way, minus losses."""
    tilted = qsb.Start("product", bloch=np.array([0.0, 0.6, 0.0]))
    problem = qsb.Problem(qsb.models.ensemble(2, field=0.5, start=tilted), qsb.quench(0.0), channels)
    assert problem.times.tolist() == [0.0]
    lost = 0.2 * 0.5 if channels else 0.0
    for _, data in in_all(problem, FIGURES):
        assert float(data["stored_energy"][0]) == 0.0
        expected = 2 * (0.5 * 2 * 0.5 * 0.6 - lost)
        assert float(data["power"][0]) == pytest.approx(expected, abs=1e-12)
        assert float(data["average_power"][0]) == pytest.approx(expected, abs=1e-12)
        assert float(data["charging_time"]) == 0.0
        assert float(data["peak_stored_energy"]) == 0.0


@pytest.mark.parametrize("t", [0.0, 1.7, 5.0])
@pytest.mark.parametrize("channels", [(), (qsb.dephasing(0.1),)], ids=["closed", "open"])
def test_one_save_point(t, channels):
    one = cells(2, field=0.5, channels=channels, duration=5.0, times=[t])
    many = cells(2, field=0.5, channels=channels, duration=5.0, times=np.unique([0.0, 0.9, 1.7, 3.1, 5.0]))
    at = int(np.flatnonzero(many.times == t)[0])
    for name, data in in_all(one, FIGURES):
        reference = qsb.run(many, FIGURES, representation=name, tolerance=1e-11)
        assert data.sizes["time"] == 1
        for figure in FIGURES:
            assert float(data[figure][0]) == pytest.approx(float(reference[figure][at]), abs=CLOSE)
        assert float(data["peak_stored_energy"]) == pytest.approx(float(data["stored_energy"][0]), abs=1e-12)
        assert float(data["charging_time"]) == t


def test_energy_is_counted_from_the_start_and_not_from_the_first_save_time():
    problem = cells(2, field=0.5, duration=6.0, times=[2.0, 3.0, 4.0])
    for _, data in in_all(problem, ["stored_energy", "average_power", "energy_above_ground"]):
        expected = field_energy(2, 0.5, problem.times)
        np.testing.assert_allclose(data["stored_energy"], expected, rtol=0, atol=CLOSE)
        np.testing.assert_allclose(data["energy_above_ground"], expected, rtol=0, atol=CLOSE)
        np.testing.assert_allclose(data["average_power"], expected / problem.times, rtol=0, atol=CLOSE)


@pytest.mark.parametrize(
    ("times", "words"),
    [
        ([0.0, 1.0, 1.0], "increasing"),
        ([1.0, 0.5], "increasing"),
        ([-0.1, 1.0], r"\[0, 5\]"),
        ([0.0, 5.1], r"\[0, 5\]"),
        ([0.0, np.nan], "finite"),
        ([[0.0, 1.0]], "increasing"),
    ],
)
def test_save_times_that_are_none(times, words):
    with pytest.raises(qsb.SpecError, match=words):
        cells(1, field=0.5, duration=5.0, times=times)


# -- stages --


def protocol(*stages):
    """Return a protocol of stages."""
    return qsb.Protocol(tuple(stages))


def test_a_stored_pure_state_keeps_its_energy_and_a_second_charge_goes_on():
    """During the store stage the cell precesses by w t about z: the second pulse meets that phase."""
    stages = protocol(Stage("charge", 1.0), Stage("store", 2.0), Stage("charge", 1.0))
    t = np.array([0.5, 1.0, 2.0, 3.0, 3.5, 4.0])
    problem = cells(2, field=0.5, protocol=stages, times=t)

    def evolve(s):
        r = bloch(min(s, 1.0), [0, 0, -1.0], 0.5)[0]
        r = bloch(min(max(s - 1.0, 0.0), 2.0), r, 0.0)[0]
        return bloch(max(s - 3.0, 0.0), r, 0.5)[0]

    r = np.array([evolve(s) for s in t])
    for _, data in in_all(problem, [*FIGURES, "drive"]):
        np.testing.assert_allclose(data["stored_energy"], r[:, 2] + 1, rtol=0, atol=CLOSE)
        np.testing.assert_allclose(data["drive"], [1, 1, 0, 0, 1, 1])
        # the left limit at t = 1 (still charging) and at t = 3 (still stored)
        np.testing.assert_allclose(data["power"], [1, 1, 0, 0, 1, 1] * (2 * 0.5 * r[:, 1]), rtol=0, atol=CLOSE)


@pytest.mark.parametrize("channels", [(), (qsb.emission(0.2),)], ids=["closed", "open"])
def test_segments_are_walked_to_their_end_wherever_the_save_times_are(channels):
    """Save times inside the first and the third stage, none on an edge: the state still goes through every edge."""
    stages = protocol(Stage("charge", 1.0), Stage("store", 2.0), Stage("charge", 1.0))
    t = np.array([0.4, 0.7, 3.2, 3.9])
    problem = cells(2, field=0.5, channels=channels, protocol=stages, times=t)
    rate = 0.2 if channels else 0.0

    def evolve(s):
        r = bloch(min(s, 1.0), [0, 0, -1.0], 0.5, emission=rate)[0]
        r = bloch(min(max(s - 1.0, 0.0), 2.0), r, 0.0, emission=rate)[0]
        return bloch(max(s - 3.0, 0.0), r, 0.5, emission=rate)[0]

    z = np.array([evolve(s)[2] for s in t])
    for _, data in in_all(problem, ["stored_energy"]):
        np.testing.assert_allclose(data["stored_energy"], z + 1, rtol=0, atol=CLOSE)


def test_discharge_by_the_reversed_charger_undoes_the_charge_with_the_battery_off():
    stages = protocol(Stage("charge", 1.3, battery=False), Stage("discharge", 1.3, Constant(-1.0), battery=False))
    problem = cells(3, coupling=pairs(0.5), protocol=stages, times=np.linspace(0, 2.6, 27))
    for _, data in in_all(problem, ["stored_energy", "power"]):
        e, p = data["stored_energy"].values, data["power"].values
        np.testing.assert_allclose(e, e[::-1], rtol=0, atol=CLOSE)
        np.testing.assert_allclose(p[1:13], -p[-2:-14:-1], rtol=0, atol=CLOSE)
        assert e[13] > 0.5


@pytest.mark.parametrize(
    ("where", "channels"),
    [(0, ()), (1, ()), (2, ()), (1, (qsb.emission(0.1),))],
    ids=["first", "middle", "last", "open"],
)
def test_a_stage_of_zero_duration_changes_nothing(where, channels):
    stages = [Stage("charge", 1.0, Ramp(0.0, 1.0, 0.6)), Stage("store", 1.0)]
    with_empty = stages.copy()
    with_empty.insert(where, Stage("discharge", 0.0, Constant(5.0)))
    a, b = (
        cells(2, field=0.5, channels=channels, protocol=protocol(*s), times=np.linspace(0, 2, 9))
        for s in (stages, with_empty)
    )
    for name, data in in_all(a, FIGURES):
        other = qsb.run(b, FIGURES, representation=name, tolerance=1e-11)
        for figure in FIGURES:
            np.testing.assert_allclose(other[figure], data[figure], rtol=0, atol=1e-12, err_msg=figure)


@pytest.mark.parametrize("channels", [(), (qsb.emission(0.1),)], ids=["closed", "open"])
def test_breakpoints_at_save_times_give_the_power_from_the_left(channels):
    """At t = 0.1 + 0.2 and 0.7 the charger switches from 1 to -0.5 to 0.3; y goes on without a jump and P does not."""
    edges, values = (0.0, 0.1 + 0.2, 0.7, 1.0), (1.0, -0.5, 0.3)
    t = np.array([0.1, 0.1 + 0.2, 0.5, 0.7, 1.0])
    problem = cells(2, field=0.5, channels=channels, protocol=qsb.quench(1.0, Piecewise(edges, values)), times=t)
    rate = 0.1 if channels else 0.0

    def evolve(s):
        r = np.array([0, 0, -1.0])
        for a, b, v in zip(edges[:-1], edges[1:], values, strict=True):
            r = bloch(min(max(s - a, 0.0), b - a), r, 0.5 * v, emission=rate)[0]
        return r

    r = np.array([evolve(s) for s in t])
    left = np.array([1.0, 1.0, -0.5, -0.5, 0.3])
    for _, data in in_all(problem, ["stored_energy", "power", "work_power", "heat_power", "drive"]):
        np.testing.assert_allclose(data["drive"], left)
        np.testing.assert_allclose(data["stored_energy"], 1 + r[:, 2], rtol=0, atol=CLOSE)
        np.testing.assert_allclose(data["work_power"], left * r[:, 1], rtol=0, atol=CLOSE)
        np.testing.assert_allclose(data["heat_power"], -rate * (1 + r[:, 2]), rtol=0, atol=CLOSE)
        np.testing.assert_allclose(data["power"], data["work_power"] + data["heat_power"], rtol=0, atol=1e-12)


# -- pulses --


SHORT = {
    "gaussian": (Gaussian(777.7, 1e-3, 1e3), np.sqrt(2 * np.pi)),
    "piecewise": (Piecewise((777.7, 777.7 + 1e-4), (1e4,)), 1.0),
    "function": (Function(lambda t: 1e3 * (777.7 <= t < 777.702), 50.0, (777.7, 777.702)), 2.0),
}


@pytest.mark.parametrize("name", SHORT)
@pytest.mark.parametrize("representation", ["product", "symmetric", "ket", "density"])
def test_a_short_pulse_in_a_long_window_is_met(name, representation):
    envelope, area = SHORT[name]
    for times in ([1000.0], [0.0, 250.0, 777.7, 1000.0]):
        problem = cells(2, field=0.5, protocol=qsb.quench(1000.0, envelope, battery=False), times=times)
        energy = solve(problem, plan(problem, representation=representation), tolerance=1e-10).values["energy"]
        assert energy[-1] == pytest.approx(2 * np.sin(0.5 * area) ** 2 - 1, abs=1e-8)


@pytest.mark.parametrize("name", SHORT)
def test_the_peaks_of_a_short_pulse_are_met(name):
    """The energy stays at its maximum after the pulse; the power is largest inside it, between all save times."""
    envelope, area = SHORT[name]
    problem = cells(2, field=0.5, protocol=qsb.quench(1000.0, envelope, battery=False), times=[0.0, 500.0, 1000.0])
    data = qsb.run(problem, ["stored_energy"])
    assert data.attrs["left_out"] == ""
    assert float(data["peak_stored_energy"]) == pytest.approx(2 * np.sin(0.5 * area) ** 2, rel=1e-5)
    height = {"gaussian": 1e3, "piecewise": 1e4, "function": 1e3}[name]
    if name == "gaussian":
        x = np.linspace(-5, 5, 100_001)
        angle = np.sqrt(np.pi / 2) * (1 + erf(x / np.sqrt(2)))
        expected = (height * np.exp(-(x**2) / 2) * np.sin(angle)).max()
    else:
        expected = height * np.sin(min(area, np.pi / 2))
    assert float(data["peak_power"]) == pytest.approx(expected, rel=1e-4)
    assert abs(float(data["peak_power_time"]) - 777.7) < 5e-3


def test_a_short_pulse_under_losses_is_met():
    """Emission alone after a pi/2-like pulse at t = 90; what is lost during the pulse itself is 1e-3 of it."""
    problem = cells(
        1,
        field=0.5,
        channels=(qsb.emission(0.05),),
        protocol=qsb.quench(100.0, Piecewise((90.0, 90.001), (2e3,)), battery=False),
        times=[100.0],
    )
    expected = np.sin(1.0) ** 2 * np.exp(-0.05 * 10)
    for _, data in in_all(problem, ["stored_energy"]):
        assert float(data["stored_energy"][0]) == pytest.approx(expected, abs=1e-4)


# -- starts --


@pytest.mark.parametrize("n", [1, 3])
def test_a_thermal_battery_charged_by_a_field(n):
    """Everything scales by tanh(beta/2); the start is passive, so all that is stored can be had back."""
    temperature = 0.7
    factor = np.tanh(0.5 / temperature)
    problem = cells(n, field=0.5, start=qsb.Start("thermal", temperature=temperature), duration=6.0)
    for _, data in in_all(problem, FIGURES):
        expected = factor * field_energy(n, 0.5, problem.times)
        np.testing.assert_allclose(data["stored_energy"], expected, rtol=0, atol=CLOSE)
        np.testing.assert_allclose(data["ergotropy"], expected, rtol=0, atol=CLOSE)
        np.testing.assert_allclose(data["passive_energy"], -n * factor / 2, rtol=0, atol=CLOSE)
        np.testing.assert_allclose(data["capacity"], n * factor, rtol=0, atol=CLOSE)
        np.testing.assert_allclose(data["purity"], ((1 + factor**2) / 2) ** n, rtol=0, atol=CLOSE)


def test_unlike_mixed_cells_add_up():
    vectors = np.array([[0.3, -0.4, 0.5], [0.0, 0.2, -0.9], [0.1, 0.1, 0.1]])
    problem = cells(3, field=0.4, channels=(qsb.dephasing(0.05),), start=qsb.Start("product", bloch=vectors))
    r = [bloch(problem.times, v, 0.4, dephasing=0.05) for v in vectors]
    stored = sum((x[:, 2] - v[2]) / 2 for x, v in zip(r, vectors, strict=True))
    local = sum((np.linalg.norm(x, axis=1) + x[:, 2]) / 2 for x in r)
    for _, data in in_all(problem, ["stored_energy", "local_ergotropy", "ergotropy"]):
        np.testing.assert_allclose(data["stored_energy"], stored, rtol=0, atol=CLOSE)
        np.testing.assert_allclose(data["local_ergotropy"], local, rtol=0, atol=CLOSE)
        assert np.all(data["ergotropy"] >= local - CLOSE)


def test_a_users_ket_and_its_projector_are_one_start():
    ghz = np.zeros(8, dtype=complex)
    ghz[[0, -1]] = np.sqrt(0.5), 1j * np.sqrt(0.5)
    figures = [*FIGURES, "local_ergotropy"]
    a, b = (
        qsb.run(cells(3, field=0.5, coupling=pairs(0.3), start=qsb.Start("state", array=s), duration=4.0), figures)
        for s in (ghz, np.outer(ghz, ghz.conj()))
    )
    for figure in figures:
        np.testing.assert_allclose(a[figure], b[figure], rtol=0, atol=1e-8, err_msg=figure)
    assert float(a["energy_above_ground"][0]) == pytest.approx(1.5, abs=1e-12)
    assert float(a["local_ergotropy"][0]) == pytest.approx(0.0, abs=1e-12)


@pytest.mark.parametrize(
    ("array", "error", "words"),
    [
        (np.array([1.0, 1.0, 0, 0]), qsb.SpecError, "norm"),
        (np.array([1.0, np.nan, 0, 0]), qsb.SpecError, "NaN"),
        (np.array([1.0, 0.0]), qsb.SpecError, "dimension 4"),
        (np.eye(4), qsb.SpecError, "trace"),
        (np.diag([1.2, -0.2, 0, 0]), qsb.StructureError, "negative"),
        (np.array([[0.5, 0.1, 0, 0], [0, 0.5, 0, 0], [0] * 4, [0] * 4]), qsb.StructureError, "Hermitian"),
        (np.zeros((4, 3)), qsb.SpecError, "shape"),
    ],
)
def test_states_that_are_none(array, error, words):
    with pytest.raises(error, match=words):
        cells(2, field=0.5, start=qsb.Start("state", array=array.astype(complex)))


# -- a million cells --

MILLION = 10**6


def million(**how):
    """Return a million driven cells with four kinds of noise, three stages and 40 save times."""
    noise = (qsb.emission(0.05), qsb.dephasing(0.02), qsb.pumping(0.01), qsb.thermal(0.03, nbar=0.5))
    return cells(MILLION, field=0.5, channels=noise, duration=20.0, times=np.linspace(0.0, 20.0, 40), **how)


def test_a_million_noisy_cells_are_a_million_times_one():
    problem = million()
    asked = ["stored_energy", "ergotropy", "local_ergotropy", "passive_energy", "capacity", "power", "energy_std"]
    assert qsb.plan(problem, asked).representation == "product"
    data = qsb.run(problem, asked, tolerance=1e-11)
    down, up = 0.05 + 0.03 * 1.5, 0.01 + 0.03 * 0.5
    r = bloch(problem.times, [0, 0, -1.0], 0.5, emission=down, pumping=up, dephasing=0.02)
    size, z = np.linalg.norm(r, axis=1), r[:, 2]
    for figure, expected in {
        "stored_energy": (1 + z) / 2,
        "ergotropy": (size + z) / 2,
        "local_ergotropy": (size + z) / 2,
        "passive_energy": -size / 2,
        "capacity": size,
        "power": 0.5 * r[:, 1] * 2 / 2 - down * (1 + z) / 2 + up * (1 - z) / 2,
    }.items():
        np.testing.assert_allclose(data[figure] / MILLION, expected, rtol=0, atol=1e-10, err_msg=figure)
    np.testing.assert_allclose(data["energy_std"], np.sqrt(MILLION * (1 - z**2)) / 2, rtol=1e-9, atol=1e-4)


def test_a_million_inverted_cells_lose_their_work_before_their_energy():
    """From all up: p = exp(-g t), E = N p, W = N max(0, 2 p - 1), which ends at t = ln 2 / g."""
    t = np.array([0.0, 1.0, np.log(2) / 0.3 - 1e-3, 3.0, 8.0])
    problem = cells(
        MILLION,
        channels=(qsb.emission(0.3),),
        protocol=protocol(Stage("store", 8.0)),
        times=t,
        start=qsb.Start("up"),
    )
    p = np.exp(-0.3 * t)
    data = qsb.run(problem, ["energy_above_ground", "ergotropy", "ergotropy_fraction"])
    np.testing.assert_allclose(data["energy_above_ground"], MILLION * p, rtol=1e-9)
    np.testing.assert_allclose(data["ergotropy"], MILLION * np.maximum(0, 2 * p - 1), rtol=1e-9, atol=1e-3)
    np.testing.assert_allclose(data["ergotropy_fraction"], np.maximum(0, 2 - 1 / p), rtol=0, atol=1e-9)


def test_a_million_cells_take_milliseconds_and_little_memory():
    problem = million()
    made = plan(problem)
    solve(problem, made)  # whatever is compiled or imported first
    tracemalloc.start()
    began = time.perf_counter()
    solve(problem, made)
    took, peak = time.perf_counter() - began, tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert took < 0.5
    assert peak < 2**22
    assert made.dimension == 4
    assert made.bytes < 2**20


def test_five_hundred_cells_of_as_many_gaps():
    """Every cell its own frequency: the energy is the sum over cells."""
    n = 500
    frequency = np.linspace(0.5, 1.5, n)
    problem = cells(n, frequency=frequency, field=0.5, duration=3.0, times=[0.0, 3.0])
    data = qsb.run(problem, ["stored_energy", "ergotropy"])
    exact = sum(field_energy(1, 0.5, 3.0, w) for w in frequency.tolist())
    assert float(data["stored_energy"][1]) == pytest.approx(exact, rel=1e-9)
    assert float(data["ergotropy"][1]) == pytest.approx(exact, rel=1e-9)


@pytest.mark.parametrize("times", [[0.0, 1e-12, 2e-12, 1.0], [0.5, 0.5 + 1e-12, 0.5 + 2e-12, 1.0]])
@pytest.mark.parametrize("channels", [(), (qsb.emission(0.05),)])
def test_save_times_that_nearly_touch(times, channels):
    found = qsb.run(cells(2, field=0.5, channels=channels, times=times, duration=1.0), peaks=False)
    whole = qsb.run(cells(2, field=0.5, channels=channels, times=[1.0], duration=1.0), peaks=False)
    assert float(found["stored_energy"][-1]) == pytest.approx(float(whole["stored_energy"][-1]), abs=1e-12)


@pytest.mark.parametrize("representation", ["ket", "density", "trajectories"])
def test_a_battery_mode_without_a_charger_that_overflows_is_refused(representation):
    """Whatever holds the mode: a drive beyond the cutoff must not give numbers of the cut."""
    space = qsb.Space((Group("mode", Boson(8), 1, "battery"),))
    battery = qsb.Battery(space, qsb.OpSum((qsb.Local("n", 1.0, "mode"),)), qsb.OpSum((qsb.Local("x", 1.0, "mode"),)))
    noise = () if representation == "ket" else (qsb.emission(0.1, on="mode"),)
    problem = qsb.Problem(battery, qsb.quench(3.0), noise, np.linspace(0, 3, 4))
    with pytest.raises(CutoffError, match="cutoff of 8"):
        qsb.run(problem, ["stored_energy"], representation=representation, samples=8)
