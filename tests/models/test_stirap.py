"""The three-level battery: closed forms, printed numbers, ramps that end, refusals."""

import numpy as np
import pytest

import qsb
from qsb.charging import SineRamp
from qsb.models import stirap

FIGURES = ["stored_energy", "ergotropy", "power"]


def third(tau, shape, *, rabi=1.0, **more):
    """P_3 at the end, from a battery whose level 3 alone holds energy of note."""
    battery = stirap(rabi=rabi, duration=tau, shape=shape, levels=[0.0, 1e-6, 1.0], **more)
    data = qsb.run(qsb.Problem(battery, qsb.quench(tau), (), [0.0, tau]), FIGURES, peaks=False)
    return float(data["stored_energy"][-1])


@pytest.mark.parametrize(
    ("shape", "tau", "printed"),
    [("linear", 5.0, 0.4596193210), ("linear", 50.0, 0.9984578397), ("sine", 50.0, 0.9999829611)],
)
def test_o32_ramps(shape, tau, printed):
    battery = stirap(rabi=1.0, duration=tau, shape=shape, levels=[0.0, 1.0, 2.0])
    problem = qsb.Problem(battery, qsb.quench(tau), (), [tau])
    data = qsb.run(problem, [*FIGURES, "energy_std"], peaks=False, tolerance=1e-11)
    mean, square = float(data["stored_energy"][0]), float(data["energy_std"][0]) ** 2
    # <H> = P2 + 2 P3 and <H^2> = P2 + 4 P3
    assert (square + mean**2 - mean) / 2 == pytest.approx(printed, abs=1e-9)


def test_constant_drives():
    t = np.linspace(0, 4, 9)
    battery = stirap(rabi=0.7, duration=4.0, shape="constant", levels=[0.0, 1.0, 2.0])
    data = qsb.run(qsb.Problem(battery, qsb.quench(4.0), (), t), FIGURES)
    third, second = np.sin(0.7 * t / np.sqrt(2)) ** 4, np.sin(np.sqrt(2) * 0.7 * t) ** 2 / 2
    np.testing.assert_allclose(data["stored_energy"], 2 * third + second, rtol=0, atol=1e-11)
    np.testing.assert_allclose(data["ergotropy"], 2 * third + second, rtol=0, atol=1e-11)


def middle(**more):
    """The largest population of level 2, from <H> = P2 + 2 P3 and <H^2> = P2 + 4 P3."""
    battery = stirap(rabi=3.0, duration=40.0, shape="gaussian", levels=[0.0, 1.0, 2.0], **more)
    problem = qsb.Problem(battery, qsb.quench(40.0), (), np.linspace(0, 40, 41))
    data = qsb.run(problem, ["stored_energy", "energy_std"], peaks=False)
    mean = data["stored_energy"].values
    return float((2 * mean - mean**2 - data["energy_std"].values ** 2).max())


def test_pulses_in_the_counter_intuitive_order():
    """The dark state has no part in level 2; in the other order the state follows what is bright."""
    assert third(40.0, "gaussian", rabi=3.0) > 0.9999
    assert middle() < 0.01
    assert middle(delay=-8.0) > 0.4


def test_detuning_of_the_middle_level_keeps_the_dark_state():
    assert third(200.0, "sine", detuning=0.3) > 0.999


def test_it_is_not_monotone_in_the_duration():
    found = [third(tau, "linear") for tau in (4.0, 6.0, 8.0, 10.0, 12.0, 14.0)]
    assert np.any(np.diff(found) < 0)


def test_a_sine_ramp_stays_where_it_ends():
    ramp = SineRamp(0.2, 1.0, 2.0)
    assert [ramp.value(t) for t in (-1.0, 0.0, 1.0, 2.0, 9.0)] == pytest.approx([0.2, 0.2, 0.6, 1.0, 1.0])
    assert ramp.value(3.0) == 1.0
    assert ramp.breakpoints(5.0) == (2.0,)
    assert ramp.max_step(1.0) == 0.5
    assert ramp.max_step(3.0) == np.inf
    assert ramp.peak(5.0) == 1.0
    assert not ramp.constant
    assert SineRamp(1.0, 1.0, 2.0).stepwise
    with pytest.raises(qsb.SpecError, match="duration of a ramp"):
        SineRamp(0.0, 1.0, 0.0)


def test_charge_stays_after_the_ramps():
    battery = stirap(rabi=1.0, duration=60.0, levels=[0.0, 1.0, 2.0])
    stages = qsb.Protocol((qsb.Stage("charge", 60.0), qsb.Stage("store", 20.0)))
    data = qsb.run(qsb.Problem(battery, stages, (), [60.0, 70.0, 80.0]), ["stored_energy"], peaks=False)
    np.testing.assert_allclose(data["stored_energy"], 2.0, rtol=0, atol=1e-3)
    assert np.ptp(data["stored_energy"].values) < 1e-9


@pytest.mark.parametrize(
    ("given", "match"),
    [
        ({"shape": "sin"}, "did you mean 'sine'"),
        ({"levels": [0.0, 1.0]}, "levels must be 3"),
        ({"levels": [0.0, 1.0, 2.0, 3.0]}, "three numbers"),
        ({"levels": [0.0, 2.0, 1.0]}, "ascend"),
        ({"duration": 0.0}, "duration must be positive"),
        ({"width": 1.0}, "belong to shape 'gaussian'"),
        ({"rabi": np.inf}, "rabi"),
    ],
)
def test_impossible_arguments(given, match):
    with pytest.raises(qsb.SpecError, match=match):
        stirap(**({"rabi": 1.0, "duration": 5.0} | given))


def test_a_spec():
    spec = {
        "model": {"name": "stirap", "rabi": 1.0, "duration": 50.0, "shape": "sine", "levels": [0.0, 1.0, 2.0]},
        "stage": [{"duration": 50.0}],
        "save": {"points": 2, "figures": FIGURES, "peaks": False},
    }
    assert float(qsb.run(spec)["stored_energy"][-1]) > 1.999
