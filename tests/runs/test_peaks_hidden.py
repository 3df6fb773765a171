"""Peaks that few values tell of: beside a kink, between equal ones, and where there is none but rounding."""

import numpy as np
import pytest

import qsb
from qsb.charging.protocol import Stage
from qsb.runs import closer
from systems import cells, pairs


def test_an_ergotropy_that_peaks_between_the_last_save_time_and_a_kink():
    """Of a pure state W = E - E_0: both peak at once, at 4.3156, after which the switch at 4.405 makes E constant."""
    coupling = [{"axes": "xz", "strength": -0.7125595575196222, "geometry": "all", "role": "battery"}]
    battery = qsb.models.ensemble(3, field=0.3, flip=1.4820462038888556, coupling=coupling, start=qsb.Start("down"))
    stages = qsb.Protocol((Stage("charge", 4.405095734964197), Stage("store", 1.5949042650358032, battery=False)))
    problem = qsb.Problem(battery, stages, (), np.geomspace(0.006, 5.9994, 15))
    by_energy, by_work = (
        float(qsb.run(problem, ["ergotropy"], charging_time_of=name)["charging_time"])
        for name in ("stored_energy", "ergotropy")
    )
    assert by_energy == pytest.approx(4.3155995, abs=1e-5)
    assert by_work == pytest.approx(by_energy, abs=1e-5)


def test_between_close_save_times_the_rounding_of_a_constant_energy_is_no_power(monkeypatch):
    """From the top level of H_B = z/2 each + yy nothing moves, however wide the steps between the times differ."""
    asked, look = [], closer.solve
    monkeypatch.setattr(
        closer, "solve", lambda there, *a, **k: (asked.append(len(there.times)), look(there, *a, **k))[1]
    )
    battery = {"coupling": [pairs(1.1927134316081465, axes="yy", role="battery")], "start": qsb.Start("up")}
    problem = cells(2, field=0.0, protocol=qsb.quench(6.0), times=np.geomspace(0.006, 5.9994, 400), **battery)
    data = qsb.run(problem, ["stored_energy"])
    assert data.attrs["left_out"] == ""
    assert abs(float(data["peak_stored_energy"])) < 1e-14
    assert sum(asked) <= 500


def test_a_power_that_rounding_almost_hides_is_answered():
    """Collective emission at a rate of 5e-6 moves E by 6e-7 and P by 1e-11 only: no halving tells more of P."""
    stages = qsb.Protocol((Stage("charge", 1 / 3), *(Stage(k, 1 / 3, battery=False) for k in ("discharge", "charge"))))
    channel = qsb.emission(5.544654395566509e-06, collective=True)
    start = qsb.Start("thermal", temperature=0.27530470888444114)
    times = np.linspace(0.0, 1.0, 8)
    data = qsb.run(cells(4, field=0.0, channels=(channel,), protocol=stages, times=times, start=start))
    assert data.attrs["left_out"] == ""
    assert float(data["peak_power"]) == pytest.approx(-5.7158508e-07, rel=1e-6)


def test_of_equal_powers_the_first_counts():
    """H_B off, E = n sin^2(g t): P = n g sin(2 g t) is largest at t = pi/(4 g), and again each pi/g later."""
    g = 0.9
    stages = qsb.quench(20.0, battery=False)
    for points in range(61, 81):
        data = qsb.run(cells(2, field=g, protocol=stages, times=np.linspace(0.0, 20.0, points)), ["power"])
        assert float(data["peak_power_time"]) == pytest.approx(np.pi / (4 * g), abs=1e-5), points


def test_the_first_of_more_equal_maxima_than_are_solved_for_again():
    """E = sin^2(t): 60 equal maxima, of which the points show later ones larger."""
    times = np.linspace(0.0, 60 * np.pi * 1.0137, 2001)
    data = qsb.run(cells(1, field=1.0, protocol=qsb.quench(times[-1], battery=False), times=times), ["power"])
    assert float(data["charging_time"]) == pytest.approx(np.pi / 2, abs=1e-5)
    assert float(data["peak_power_time"]) == pytest.approx(np.pi / 4, abs=1e-5)
