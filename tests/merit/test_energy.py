"""Average power, maxima between save points, fluctuations and fractions against closed forms."""

import math

import numpy as np
import pytest
from scipy.interpolate import CubicSpline
from scipy.optimize import brentq

from qsb.errors import ConvergenceError, SpecError
from qsb.merit.energy import (
    _spline_slopes,
    average_power,
    energy_std,
    ergotropy_fraction,
    level_std,
    maximum,
)


def field(times, cells=3, gap=1.0, strength=0.5):
    """Return stored energy and power of parallel charging, row 1 of the models: closed form."""
    rabi = math.sqrt(gap**2 + 4 * strength**2)
    top = cells * gap * 4 * strength**2 / rabi**2
    return top * np.sin(rabi * times / 2) ** 2, top * rabi / 2 * np.sin(rabi * times)


def test_average_power_is_energy_over_time_and_the_power_at_the_start():
    times = np.linspace(0, 5, 11)
    energy, power = field(times)
    average = average_power(energy, power, times)
    assert average[0] == power[0] == 0.0
    assert np.allclose(average[1:], energy[1:] / times[1:])
    linear = average_power(np.stack([2 * times, 3 * times]), np.array([[2.0], [3.0]]) + 0 * times, times)
    assert np.allclose(linear, [[2.0], [3.0]])


def test_largest_average_power_of_a_field_is_the_constant_of_tan_x_equals_2x():
    """O16: max of E/t is (2 N w0 lam^2/O) 0.72461... at O t/2 = 1.16556..."""
    times = np.linspace(0, 3, 61)
    energy, power = field(times)
    average = average_power(energy, power, times)
    slopes = np.concatenate([[field(np.array([1e-9]))[1][0] / 2e-9], (power[1:] - average[1:]) / times[1:]])
    rabi = math.sqrt(2)
    best = brentq(lambda x: math.tan(x) - 2 * x, 1.0, 1.4)
    assert best == pytest.approx(1.1655611852072112, rel=1e-12)
    for given, accuracy in ((slopes, 1e-6), (None, 1e-6)):
        time, value = maximum(times, average, given)
        assert time * rabi / 2 == pytest.approx(best, abs=1e-4)
        assert value == pytest.approx(2 * 3 * 0.25 / rabi * 0.7246113537767086, rel=accuracy)


@pytest.mark.parametrize("slopes", [True, False])
def test_maximum_lies_between_the_points(slopes):
    times = np.linspace(0, 3.5, 15)
    energy, power = field(times)
    time, value = maximum(times, energy, power if slopes else None)
    assert value == pytest.approx(1.5, abs=2e-4)
    assert time == pytest.approx(math.pi / math.sqrt(2), abs=2e-3)
    assert value > energy.max() + 5e-4


@pytest.mark.parametrize("count", [4, 5, 50])
def test_slopes_without_slopes_are_those_of_the_not_a_knot_spline(count):
    rng = np.random.default_rng(count)
    times, values = np.cumsum(rng.random(count) + 0.1), rng.normal(size=count)
    right = CubicSpline(times, values)(times, 1)
    assert np.abs(_spline_slopes(times, values) - right).max() < 1e-12 * np.abs(right).max()


def test_hermite_maximum_converges_with_the_fourth_power_of_the_step():
    errors = []
    for points in (21, 41, 81):
        times = np.linspace(0, 3.3, points)
        errors.append(abs(maximum(times, *field(times))[1] - 1.5))
    assert errors[-1] < 1e-6
    assert errors[-1] < errors[0] / 100


def test_a_cubic_is_found_exactly_and_a_line_at_its_end():
    times = np.array([0.0, 0.3, 1.1, 2.0, 2.2])
    value = 1 + 3 * times - times**3
    assert maximum(times, value) == pytest.approx((1.0, 3.0), abs=1e-12)
    assert maximum(times, value, 3 - 3 * times**2) == pytest.approx((1.0, 3.0), abs=1e-12)
    assert maximum(times, 2 * times) == pytest.approx((2.2, 4.4))
    assert maximum(times, -times) == pytest.approx((0.0, 0.0))


def test_the_first_of_equal_maxima_counts():
    times = np.linspace(0, 20, 401)
    time, _ = maximum(times, np.sin(times) ** 2, np.sin(2 * times))
    assert time == pytest.approx(math.pi / 2, abs=1e-5)
    time, _ = maximum(times, np.sin(times) ** 2)
    assert time == pytest.approx(math.pi / 2, abs=1e-4)
    rising = np.sin(times) ** 2 * (1 + 1e-3 * times)
    time, _ = maximum(times, rising)
    assert time == pytest.approx(11 * math.pi / 2, abs=0.01)
    assert maximum(times, 0 * times) == (0.0, 0.0)
    assert maximum(times, 0 * times + 3.0, 0 * times) == (0.0, 3.0)


def test_few_points_are_taken_as_they_are():
    assert maximum([2.0], [5.0]) == (2.0, 5.0)
    assert maximum([0.0, 1.0, 2.0], [0.0, 3.0, 1.0]) == (1.0, 3.0)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (([], []), "T >= 1"),
        (([0.0, 1.0], [0.0]), "must both be"),
        (([0.0, 0.0], [0.0, 1.0]), "do not increase"),
        (([0.0, 1.0], [0.0, np.nan]), "NaN"),
        (([0.0, 1.0], [0.0, 1.0], [1.0]), "slopes"),
        (([0.0, 1.0], [0.0, 1.0], [1.0, np.nan]), "slopes"),
    ],
)
def test_a_series_without_a_maximum_is_refused(arguments, words):
    with pytest.raises(SpecError, match=words):
        maximum(*arguments)


def test_average_power_refuses_what_does_not_fit():
    with pytest.raises(SpecError, match=r"-1\.0"):
        average_power([0.0, 1.0], [0.0, 1.0], [-1.0, 1.0])
    with pytest.raises(SpecError, match="do not fit"):
        average_power([0.0, 1.0], [0.0], [0.0, 1.0])


def test_fluctuations_of_n_independent_cells():
    cells, excited = 6, 0.3
    ups = np.arange(cells + 1)
    populations = np.array([math.comb(cells, k) * excited**k * (1 - excited) ** (cells - k) for k in ups])
    levels = ups - cells / 2
    expected = math.sqrt(cells * excited * (1 - excited))
    assert level_std(levels, populations) == pytest.approx(expected, rel=1e-12)
    assert energy_std(populations @ levels, populations @ levels**2) == pytest.approx(expected, rel=1e-12)
    assert level_std(levels + 1e8, np.stack([populations] * 2)) == pytest.approx([expected] * 2, rel=1e-6)


def test_quench_of_the_storage_chain_has_variance_five():
    """O33: |+>^6 under -J sum zz - h sum x: Var = J^2 (N - 1) = 5 with J = 1."""
    count, field_strength = 6, 0.5
    z = 1 - 2 * ((np.arange(2**count)[:, None] >> np.arange(count)) & 1)
    bonds = -(z[:, 1:] * z[:, :-1]).sum(axis=1)
    mean = bonds.mean() - field_strength * count
    square = ((bonds - field_strength * count) ** 2).mean()
    assert energy_std(mean, square) == pytest.approx(math.sqrt(5), rel=1e-12)


def test_a_negative_variance_is_an_error_and_rounding_is_zero():
    assert energy_std(1.0, 1.0 - 1e-13) == 0.0
    with pytest.raises(ConvergenceError, match=r"energy variance is -0\.5"):
        energy_std(1.0, 0.5)
    with pytest.raises(ConvergenceError):
        energy_std(np.nan, 1.0)
    with pytest.raises(SpecError, match="levels"):
        level_std([0.0, 1.0], [1.0])


def test_fraction_is_undefined_where_there_is_no_energy():
    fraction = ergotropy_fraction([0.0, 0.5, 0.9], [0.0, 1.0, 0.9])
    assert np.isnan(fraction[0])
    assert fraction[1:] == pytest.approx([0.5, 1.0])
