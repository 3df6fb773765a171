"""Peaks in continuous time: exact on any grid, at kinks too, and left out with a reason where no grid shows them."""

import dataclasses
from itertools import pairwise

import numpy as np
import pytest
from scipy.optimize import minimize_scalar
from scipy.special import erf

import qsb
from qsb.algebra.opsum import OpSum
from qsb.algebra.space import Space
from qsb.algebra.states import Start
from qsb.algebra.terms import Local, Pair
from qsb.charging.envelope import Constant, Gaussian, Piecewise, Ramp, Sinusoidal, Table
from qsb.charging.protocol import Stage
from qsb.dynamics.plan import plan
from qsb.dynamics.segment import segments, turns
from qsb.dynamics.series import Kink
from qsb.dynamics.solve import solve
from qsb.runs import closer, resolved
from qsb.runs.closer import look_closer
from qsb.runs.figures import Reading
from qsb.runs.peaks import Peaks, earliest
from systems import cells, field_energy, pairs

RABI = np.sqrt(2.0)
SCALARS = ("charging_time", "peak_stored_energy", "peak_power", "peak_power_time", "peak_average_power")
STAGES = qsb.Protocol((Stage("charge", 0.8), Stage("store", 1.2)))


def flip_frequency(n, g):
    """Return w of E = 4 n g^2/w^2 sin^2(w t/2), the energy of the global flip with H_B on."""
    return np.hypot(n, 2 * g)


def flip(n, g, times):
    """Return a global flip that is looked at at few times."""
    return cells(n, flip=g, protocol=qsb.quench(float(times[-1])), times=times)


def largest(f, grid):
    """Return time and value of the largest value of a smooth function, from a fine grid and a search around its top."""
    k = int(np.argmax(f(grid)))
    ends = grid[max(k - 1, 0)], grid[min(k + 1, len(grid) - 1)]
    best = minimize_scalar(lambda t: -f(t), bounds=ends, method="bounded", options={"xatol": 1e-10})
    return float(best.x), -float(best.fun)


def look(problem, figures=("stored_energy", "power")):
    """Return what looking closer finds."""
    made = plan(problem)
    return look_closer(problem, made, Reading(problem, solve(problem, made)), figures, 1e-8)


# -- nothing but rounding --

XY = OpSum((Pair("x", "x", 0.3, "chain"), Pair("y", "y", 0.3, "chain")))


@pytest.mark.parametrize("channels", [(), (qsb.dephasing(0.1),)], ids=["closed", "dephasing"])
@pytest.mark.parametrize(("n", "bloch"), [(2, [0.6, 0.8, 0.0]), (3, [1.0, 0.0, 0.0]), (4, [0.6, 0.5, 0.0])])
def test_a_constant_energy_whose_power_is_rounding_is_answered_at_once(n, bloch, channels, monkeypatch):
    """On the equator <H_B> = 0 and [H_B, H_C] = 0: energies and powers of 1e-16 are no curve to refine."""
    asked, look = [], closer.solve
    monkeypatch.setattr(
        closer, "solve", lambda there, *a, **k: (asked.append(len(there.times)), look(there, *a, **k))[1]
    )
    times = np.linspace(0.0, 20.0, 101)
    z, x = OpSum((Local("z", 0.5),)), OpSum((Local("x", 0.5),))
    start = Start("product", bloch=np.array(bloch))
    battery = qsb.Battery(Space.spins(n), z, x, charger=XY, start=start)
    data = qsb.run(qsb.Problem(battery, qsb.Protocol((Stage("store", 20.0),)), channels, times))
    assert np.abs(data["power"]).max() < 1e-14
    assert sum(asked) <= 50
    for name, of in (("peak_stored_energy", "stored_energy"), ("peak_power", "power"), ("charging_time", "time")):
        assert float(data[name]) == float(data[of][0])
    assert float(data["peak_power_time"]) == 0.0


def test_a_stored_energy_peaks_when_it_is_first_reached():
    """After the field is off the energy stays: of equal values up to rounding the first counts, also far from 0."""
    times = np.linspace(1.0, 9.0, 41)
    stages = qsb.Protocol((Stage("charge", 0.8), Stage("store", 8.2)))
    data = qsb.run(cells(3, field=0.5, protocol=stages, times=times), ["stored_energy", "power"])
    assert float(data["peak_stored_energy"]) == float(data["stored_energy"][0])
    assert float(data["charging_time"]) == 1.0


@pytest.mark.parametrize("g", [1e-7, 1e-4])
def test_a_weak_field_is_no_rounding(g):
    """E = sin^2(g t) and P = g sin(2 g t) from a start on the pole, H_B off: small, and not level."""
    times = np.linspace(0.0, np.pi / g, 33)
    problem = cells(1, field=g, protocol=qsb.quench(times[-1], battery=False), times=times)
    data = qsb.run(problem, ["stored_energy", "power"])
    assert float(data["peak_power"]) == pytest.approx(g, rel=1e-6)
    assert float(data["peak_stored_energy"]) == pytest.approx(1.0, rel=1e-6)


# -- fast oscillations between the save times --


@pytest.mark.parametrize("g", [0.5, 4.0, 32.0])
@pytest.mark.parametrize("times", [np.linspace(0, 20, 11), [0.0, 20.0], np.linspace(0, 20, 201)], ids=len)
def test_fast_flips_on_a_coarse_grid(g, times):
    """P_max = 2 g^2 N/w and E_max = 4 g^2 N/w^2 with w^2 = N^2 + 4 g^2: 200 oscillations and more in the window."""
    n = 64
    w = flip_frequency(n, g)
    data = qsb.run(flip(n, g, times), ["stored_energy", "power", "ergotropy"])
    assert float(data["peak_power"]) == pytest.approx(2 * g**2 * n / w, rel=1e-6)
    assert float(data["peak_stored_energy"]) == pytest.approx(4 * g**2 * n / w**2, rel=1e-6)
    assert float(data["peak_ergotropy"]) == pytest.approx(4 * g**2 * n / w**2, rel=1e-6)
    assert np.sin(w * float(data["charging_time"]) / 2) ** 2 == pytest.approx(1.0, abs=1e-5)
    assert np.sin(w * float(data["peak_power_time"])) == pytest.approx(1.0, abs=1e-5)
    # the grid itself shows less, so the test would see a maximum that is read off it
    assert float(data["power"].max()) < (1 - 1e-5) * 2 * g**2 * n / w or len(times) > 100


def test_average_power_peaks_in_the_first_oscillation_whatever_the_grid():
    """max of (1 - cos w t)/t is 0.72461... w, at w t/2 = 1.16556..."""
    n, g = 64, 4.0
    w = flip_frequency(n, g)
    data = qsb.run(flip(n, g, [0.0, 7.0, 20.0]), ["average_power"], charging_time_of="average_power")
    # E/t = (4 n g^2/w^2) sin^2(x)/x w/2 at x = w t/2
    assert float(data["peak_average_power"]) == pytest.approx(2 * n * g**2 / w * 0.7246113537767086, rel=1e-6)
    assert float(data["charging_time"]) == pytest.approx(2 * 1.1655611852072112 / w, rel=1e-3)


@pytest.mark.parametrize("periods", [1, 5, 20])
def test_grids_in_step_with_the_oscillation_are_not_believed(periods):
    """Every save time is a full period: energies and powers there are all zero, but not between."""
    n, g = 8, 2.0
    w = flip_frequency(n, g)
    times = 2 * np.pi / w * periods * np.arange(13)
    data = qsb.run(flip(n, g, times), ["stored_energy", "power"])
    np.testing.assert_allclose(data["stored_energy"], 0.0, rtol=0, atol=1e-9)
    assert float(data["peak_stored_energy"]) == pytest.approx(4 * n * g**2 / w**2, rel=1e-6)
    assert float(data["peak_power"]) == pytest.approx(2 * n * g**2 / w, rel=1e-6)


def test_a_grid_in_step_with_a_field():
    """H_B off, E = sin^2(t/2): save times at multiples of 2 pi see nothing at all."""
    times = 2 * np.pi * np.arange(11)
    problem = cells(1, field=0.5, protocol=qsb.quench(times[-1], battery=False), times=times)
    data = qsb.run(problem, ["stored_energy"])
    assert float(data["peak_stored_energy"]) == pytest.approx(1.0, rel=1e-6)
    assert float(data["peak_power"]) == pytest.approx(0.5, rel=1e-6)


@pytest.mark.parametrize(
    ("frequency", "field", "duration"),
    [
        ([1.0, 40.0], [0.5, 2.0], 6.0),
        ([7.61, 11.55], [0.86, 2.87], 30.0),
        ([11.65, 9.52], [1.85, 1.19], 30.0),
        ([4.45, 11.73], [1.79, 0.79], 30.0),
    ],
    ids=["slow and fast", "one top", "close tops", "very close tops"],
)
def test_two_frequencies_in_one_curve(frequency, field, duration):
    """Two cells beat, so that many tops come close to the largest one; only that one is the answer."""
    rabi = [np.hypot(w, 2 * lam) for w, lam in zip(frequency, field, strict=True)]

    def power(t):
        return sum(2 * w * lam**2 / r * np.sin(r * t) for w, lam, r in zip(frequency, field, rabi, strict=True))

    def energy(t):
        return sum(field_energy(1, lam, t, w) for w, lam in zip(frequency, field, strict=True))

    problem = cells(2, frequency=frequency, field=field, duration=duration, times=np.linspace(0, duration, 8))
    data = qsb.run(problem, ["stored_energy", "power"])
    grid = np.linspace(0, duration, 100_001)
    for name, f in (("peak_power", power), ("peak_stored_energy", energy)):
        assert float(data[name]) == pytest.approx(largest(f, grid)[1], rel=1e-6), name


def test_the_earliest_of_equal_maxima_is_the_charging_time():
    n, g = 8, 2.0
    w = flip_frequency(n, g)
    data = qsb.run(flip(n, g, np.linspace(0, 5, 51)), ["stored_energy", "power"])
    assert float(data["charging_time"]) == pytest.approx(np.pi / w, abs=1e-3)
    assert float(data["peak_power_time"]) == pytest.approx(np.pi / 2 / w, abs=1e-3)


def test_what_lies_outside_the_window_is_not_found():
    """Saved from 2.8 on, after the first maximum at pi/O = 2.22 and before the second one."""
    problem = cells(1, field=0.5, duration=3.5, times=[2.8, 3.5])
    data = qsb.run(problem, ["stored_energy"])
    assert float(data["peak_stored_energy"]) == pytest.approx(field_energy(1, 0.5, 2.8), abs=1e-8)
    assert float(data["charging_time"]) == 2.8


@pytest.mark.parametrize("representation", ["ket", "density", "symmetric"])
def test_every_representation_looks_closer(representation):
    n, g = 4, 6.0
    w = flip_frequency(n, g)
    data = qsb.run(flip(n, g, [0.0, 5.0]), ["stored_energy"], representation=representation)
    assert float(data["peak_power"]) == pytest.approx(2 * n * g**2 / w, rel=1e-6)


def test_a_noisy_oscillation():
    """Two damped driven cells, by the affine Bloch equations."""
    w, lam, loss, blur = 9.0, 3.0, 0.3, 0.1
    wide = loss / 2 + 2 * blur
    a = np.array([[-wide, -w, 0, 0], [w, -wide, -2 * lam, 0], [0, 2 * lam, -loss, -loss], [0, 0, 0, 0]])
    values, vectors = np.linalg.eig(a)
    weights = vectors * np.linalg.solve(vectors, np.array([0, 0, -1.0, 1.0]))

    def bloch(t):
        r = (np.exp(np.multiply.outer(t, values)) @ weights.T).real
        return r[..., :3]

    def stored(t):
        return w * (1 + bloch(t)[..., 2])

    functions = {
        "peak_stored_energy": stored,
        "peak_power": lambda t: w * (2 * lam * bloch(t)[..., 1] - loss * (1 + bloch(t)[..., 2])),
        "peak_ergotropy": lambda t: w * (np.linalg.norm(bloch(t), axis=-1) + bloch(t)[..., 2]),
        "peak_average_power": lambda t: stored(t) / t,
    }
    noise = (qsb.emission(loss), qsb.dephasing(blur))
    data = qsb.run(cells(2, frequency=w, field=lam, channels=noise, duration=30.0, times=np.linspace(0, 30, 4)))
    for name, f in functions.items():
        assert float(data[name]) == pytest.approx(largest(f, np.linspace(1e-3, 30, 20_001))[1], rel=1e-6), name


# -- where no grid is enough --


def test_too_many_oscillations_give_no_peaks_and_a_reason():
    problem = cells(1, frequency=1e6, field=2e5, duration=20.0, times=np.linspace(0, 20, 5))
    data = qsb.run(problem, ["stored_energy", "ergotropy"])
    assert not {*SCALARS, "peak_ergotropy"} & set(data.data_vars)
    assert data.attrs["left_out"].startswith("peaks: 60000 times, or 40 halvings")
    assert {"stored_energy", "ergotropy", "ground_energy", "cells"} <= set(data.data_vars)


def test_nothing_is_left_out_where_peaks_are_found():
    data = qsb.run(flip(64, 4.0, [0.0, 1.0]), ["stored_energy"])
    assert data.attrs["left_out"] == ""
    assert set(SCALARS) <= set(data.data_vars)


@pytest.mark.parametrize("limit", ["MOST_POINTS", "MOST_LEVELS"])
def test_both_limits_end_the_search(monkeypatch, limit):
    problem = flip(64, 4.0, [0.0, 20.0])
    assert look(problem).resolved
    monkeypatch.setattr(closer, limit, {"MOST_POINTS": 100, "MOST_LEVELS": 3}[limit])
    given_up = look(problem)
    assert not given_up.resolved
    assert given_up.tops == {}
    data = qsb.run(problem, ["stored_energy"])
    assert not set(SCALARS) & set(data.data_vars)
    assert "shorten the window" in data.attrs["left_out"]


def test_a_limit_that_lets_aliases_pass_would_be_seen(monkeypatch):
    """With any error allowed and no look from near, the coarse grid is believed, and the peak comes out wrong."""
    monkeypatch.setattr(resolved, "RESOLUTION", 1e9)
    monkeypatch.setattr(resolved, "ELSEWHERE", 1e9)
    monkeypatch.setattr(resolved, "FINE", 1e9)
    n, g = 64, 4.0
    data = qsb.run(flip(n, g, np.linspace(0, 20, 11)), ["power"])
    assert abs(float(data["peak_power"]) / (2 * g**2 * n / flip_frequency(n, g)) - 1) > 1e-4


# -- kinks --


@pytest.mark.parametrize("times", [[0.0, 0.5, 1.0, 1.5, 2.0], [0.0, 2.0], [0.0, 0.8, 2.0]], ids=["off", "ends", "on"])
@pytest.mark.parametrize("channels", [(), (qsb.emission(1e-12),)], ids=["closed", "open"])
def test_a_switch_is_a_peak_of_its_own(times, channels):
    """The charger goes off at 0.8 while the power still rises: P(0.8) from the left and E(0.8) are the largest."""
    data = qsb.run(cells(2, field=0.5, channels=channels, protocol=STAGES, times=times), ["stored_energy", "power"])
    assert float(data["peak_power_time"]) == pytest.approx(0.8, abs=1e-9)
    assert float(data["peak_power"]) == pytest.approx(1 / RABI * np.sin(RABI * 0.8), rel=1e-8)
    assert float(data["peak_stored_energy"]) == pytest.approx(field_energy(2, 0.5, 0.8), rel=1e-8)
    assert float(data["charging_time"]) == pytest.approx(0.8, abs=1e-6)


@pytest.mark.parametrize("switch", [0.99, 1.4])
def test_an_ergotropy_that_peaks_at_a_switch_is_that_of_the_switch(switch):
    """It climbs until the charger goes off, and falls from there on: a corner between two save times."""
    protocol = qsb.Protocol((Stage("charge", switch), Stage("store", 2.0 - switch)))
    noise = (qsb.emission(0.3), qsb.dephasing(0.05))
    problem = cells(2, field=0.6, protocol=protocol, channels=noise, times=np.linspace(0.0, 2.0, 8))
    found = qsb.run(problem, ["ergotropy"])
    there = qsb.run(dataclasses.replace(problem, times=np.array([0.0, switch])), ["ergotropy"], peaks=False)
    assert float(found["peak_ergotropy"]) == pytest.approx(float(there["ergotropy"][-1]), abs=1e-12)


def test_a_switch_on_has_its_right_limit():
    """H_B off, y = -sin(2 lam t): the charger grows fivefold at 0.5, and the power jumps up just after it."""
    envelope = Piecewise((0.0, 0.5, 0.6), (1.0, 5.0))
    problem = cells(1, field=0.5, protocol=qsb.quench(1.0, envelope, battery=False), times=[0.0, 0.3, 1.0])
    data = qsb.run(problem, ["power", "stored_energy"])
    # angle: 0.5 at 0.5, then 5 t: P = (5/2) sin(angle), still rising at its end, angle 1.0
    assert float(data["peak_power"]) == pytest.approx(2.5 * np.sin(1.0), rel=1e-8)
    assert float(data["peak_power_time"]) == pytest.approx(0.6, abs=1e-9)
    assert float(data["peak_stored_energy"]) == pytest.approx(np.sin(0.5) ** 2, rel=1e-8)


def test_the_power_just_after_a_switch_can_be_the_largest():
    """H_B off: at the switch the angle is 1.5, so the power falls soon after; its top is close by or at the switch."""
    envelope = Piecewise((0.0, 1.8, 3.0), (1.0, 3.0))
    problem = cells(1, field=0.5, protocol=qsb.quench(3.0, envelope, battery=False), times=[0.0, 1.0, 3.0])
    data = qsb.run(problem, ["power"])
    # P = (3/2) sin(1.8 + 3 (t - 1.8)) falls from the switch on until angle 3 pi/2; the maximum at 2 pi + pi/2 is later
    assert float(data["peak_power_time"]) == pytest.approx(1.8, abs=1e-9)
    assert float(data["peak_power"]) == pytest.approx(1.5 * np.sin(1.8), rel=1e-8)


def test_a_kink_outside_the_window_does_not_count():
    problem = cells(1, field=0.5, protocol=STAGES, times=[1.0, 1.5, 2.0])
    data = qsb.run(problem, ["power", "stored_energy"])
    assert float(data["peak_power"]) == pytest.approx(0.0, abs=1e-12)
    assert float(data["peak_stored_energy"]) == pytest.approx(field_energy(1, 0.5, 0.8), abs=1e-9)


@pytest.mark.parametrize("width", [0.3, 0.01])
def test_a_short_pulse_between_the_save_times(width):
    """H_B off: the energy rises within a few widths and stays; all power is in the pulse."""
    pulse = Gaussian(10.3, width, 0.3 / width)
    problem = cells(1, field=0.5, protocol=qsb.quench(20.0, pulse, battery=False), times=[0.0, 7.0, 20.0])
    data = qsb.run(problem, ["stored_energy", "power"], tolerance=1e-10)

    def power(t):
        angle = 0.3 * np.sqrt(np.pi / 2) * (1 + erf((t - 10.3) / (width * np.sqrt(2))))
        return 0.5 * 0.3 / width * np.exp(-(((t - 10.3) / width) ** 2) / 2) * np.sin(angle)

    when, top = largest(power, np.linspace(10.3 - 5 * width, 10.3 + 5 * width, 1001))
    assert data.attrs["left_out"] == ""
    assert float(data["peak_power"]) == pytest.approx(top, rel=1e-6)
    assert float(data["peak_power_time"]) == pytest.approx(when, abs=1e-2 * width)


@pytest.mark.parametrize("count", [5, 21, 101])
@pytest.mark.parametrize("representation", ["ket", "density", "fermion"])
@pytest.mark.parametrize(
    "envelope", [Table((0.0, 0.73, 1.1), (0.0, 1.0, 0.0)), Ramp(0.0, 1.5, 0.73)], ids=["table", "ramp"]
)
def test_power_that_turns_a_corner_where_the_drive_does(envelope, representation, count):
    """No cubic passes a corner: the largest power lies on the knot, where its slope jumps."""
    battery = qsb.models.ensemble(2, frequency=1.3, coupling={"axes": "xx", "strength": 0.8})
    found = qsb.Problem(battery, qsb.quench(1.2, envelope), (), np.linspace(0, 1.2, count))
    there = dataclasses.replace(found, times=np.unique(np.append(np.linspace(0, 1.2, 1201), 0.73)))
    known = qsb.run(there, ["power"], representation=representation, peaks=False)["power"].values
    data = qsb.run(found, ["power", "ergotropy"], representation=representation)
    assert float(data["peak_power"]) == pytest.approx(known.max(), rel=1e-6)


@pytest.mark.parametrize(
    ("envelope", "corners"),
    [
        (Gaussian(1.0, 0.1), 0),
        (Table((0.5, 1.0), (0.2, 1.0)), 2),
        (Table((0.5, 1.0, 1.5), (0.5, 1.0, 1.5)), 2),
        (Ramp(0.0, 1.0, 0.7), 1),
        (Piecewise((0.0, 1.0, 1.5), (1.0, 2.0)), 2),
    ],
)
def test_corners_are_those_of_the_envelope(envelope, corners):
    """The centre of a pulse, and a knot on a straight line, cut the protocol but are no corners."""
    pieces = segments(cells(1, field=0.3, protocol=qsb.quench(2.0, envelope), times=[0.0, 2.0]))
    assert sum(turns(a, b) for a, b in pairwise(pieces)) == corners


def test_an_oscillating_drive():
    """H_B off: E = sin^2 A and P = lam f sin 2A with A = lam sin(w t)/w."""
    lam, w = 2.0, 1.5
    drive = qsb.quench(10.0, Sinusoidal(w), battery=False)
    data = qsb.run(cells(1, field=lam, protocol=drive, times=[0.0, 3.0, 10.0]), ["stored_energy"], tolerance=1e-10)
    grid = np.linspace(0, 10, 20_001)
    _, top = largest(lambda t: lam * np.cos(w * t) * np.sin(2 * lam * np.sin(w * t) / w), grid)
    assert float(data["peak_power"]) == pytest.approx(top, rel=1e-6)
    assert float(data["peak_stored_energy"]) == pytest.approx(np.sin(lam / w) ** 2, rel=1e-6)


# -- parts --


def test_of_power_takes_both_sides_of_a_kink():
    times = np.array([0.0, 1.0, 2.0, 3.0])
    power = np.array([0.0, 1.0, 0.5, 0.25])
    after = Peaks(times, (Kink(1.5, 1.0, 2.0, 7.0),))
    assert after.of_power(power) == (1.5, 7.0)
    before = Peaks(times, (Kink(1.5, 1.0, 7.0, 2.0),))
    assert before.of_power(power) == (1.5, 7.0)


def test_of_energy_counts_from_the_start():
    """The energy of a kink is that of the state, so what the start held is taken off."""
    peaks = Peaks(np.array([0.0, 1.0, 3.0]), (Kink(2.0, 4.0, 1.0, -1.0),))
    t, e = peaks.of_energy(np.array([0.0, 1.0, 0.5]), np.array([1.0, 1.0, -0.5]), 1.5)
    assert (t, e) == pytest.approx((2.0, 2.5))


def test_earliest_of_values_that_differ_by_rounding():
    assert earliest([(3.0, 1.0 + 1e-12), (1.0, 1.0), (2.0, 0.5)]) == (1.0, 1.0)
    assert earliest([(3.0, 1.0 + 1e-6), (1.0, 1.0)]) == (3.0, 1.0 + 1e-6)
    assert earliest([(2.0, -1.0), (1.0, -1.0)]) == (1.0, -1.0)
    assert earliest([(2.0, 0.0), (1.0, 0.0)]) == (1.0, 0.0)


@pytest.mark.parametrize("stages", [2, 5])
def test_stages_that_change_nothing_change_no_peak(stages):
    whole = cells(3, coupling=pairs(0.5), duration=5.0, times=np.linspace(0, 5, 6))
    cut = qsb.Protocol(tuple(Stage("charge", 5.0 / stages, Constant(1.0)) for _ in range(stages)))
    a, b = (qsb.run(p, ["ergotropy"]) for p in (whole, dataclasses.replace(whole, protocol=cut)))
    for name in SCALARS:
        assert float(a[name]) == pytest.approx(float(b[name]), rel=1e-6), name


def test_probes_lie_beside_equally_many_save_times():
    times = np.linspace(0.0, 10.0, 101)
    found = closer.probes(times)
    assert len(found) == 25
    nearest = np.abs(found[:, None] - times).min(axis=1) / 0.1
    np.testing.assert_allclose(nearest, 0.3819660112501051, rtol=1e-9)
    assert len(closer.probes(times[:3])) == 24
    assert not len(closer.probes(times[:1]))


def dense_peaks(seed, cells, points, duration):
    """A random battery of few cells, uneven save times, and its peaks from a dense diagonalisation on a fine grid."""
    r = np.random.default_rng(seed)
    bonds = np.triu(r.normal(size=(cells, cells)), 1) * 0.5
    field, frequency = r.normal(size=cells), 1 + 0.3 * r.normal(size=cells)
    coupling = [{"axes": "zz", "strength": bonds, "geometry": "explicit"}]
    battery = qsb.models.ensemble(cells, frequency=frequency, field=field, coupling=coupling, start=qsb.Start("down"))
    times = np.sort(r.random(points)) * duration
    times[0] = 0.0

    def site(op, i):
        return np.kron(np.kron(np.eye(2**i), op), np.eye(2 ** (cells - i - 1)))

    x, z = np.array([[0, 1], [1, 0.0]]), np.diag([1.0, -1.0])
    meter = sum(w / 2 * site(z, i) for i, w in enumerate(frequency))
    h = meter + sum(f * site(x, i) for i, f in enumerate(field))
    h = h + sum(bonds[i, j] * site(z, i) @ site(z, j) for i in range(cells) for j in range(i + 1, cells))
    e, u = np.linalg.eigh(h)
    t = np.linspace(0, times[-1], 40001)
    psi = u @ (np.exp(-1j * e[:, None] * t) * u.T[:, -1:])
    energy = np.einsum("it,it->t", psi.conj(), meter @ psi).real
    power = 2 * np.einsum("it,it->t", (meter @ psi).conj(), -1j * (h @ psi)).real
    stored = energy - energy[0]
    average = stored / np.where(t > 0, t, 1)
    return qsb.Problem(battery, qsb.quench(duration), (), times), (stored.max(), power.max(), average.max())


@pytest.mark.parametrize(
    "case", [(271, 3, 20, 8.0), (30, 2, 12, 4.0), (104, 4, 80, 12.0), (1097, 3, 8, 7.361755420813423), (5, 3, 25, 10.0)]
)
def test_a_maximum_in_a_long_interval_beside_short_ones_is_found(case):
    problem, expected = dense_peaks(*case)
    data = qsb.run(problem, ["stored_energy", "power", "average_power"])
    for name, value in zip(("peak_stored_energy", "peak_power", "peak_average_power"), expected, strict=True):
        assert float(data[name]) == pytest.approx(value, rel=2e-6)


def test_no_peak_lies_below_a_saved_value():
    start = qsb.Start("up", charger=qsb.ModeStart())
    battery = qsb.models.tavis_cummings(1, coupling=0.3, cutoff=40, start=start)
    data = qsb.run(qsb.Problem(battery, qsb.quench(6.0), (), np.linspace(0, 6, 7)), ["ergotropy"])
    assert float(data["peak_ergotropy"]) >= float(data["ergotropy"].max())


@pytest.mark.parametrize("points", [41, 150])
def test_a_second_look_after_a_first_one_without_states(points):
    coupling = [{"axes": "xx", "strength": 0.7}, {"axes": "zz", "strength": 0.5, "geometry": "all"}]
    battery = qsb.models.ensemble(10, field=0.6, coupling=coupling)
    found = [
        float(
            qsb.run(qsb.Problem(battery, qsb.quench(10.0), (), np.linspace(0, 10, n)), ["stored_energy", "power"])[
                "peak_power"
            ]
        )
        for n in (points, 801)
    ]
    assert found[0] == pytest.approx(found[1], rel=1e-7)
