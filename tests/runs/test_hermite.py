"""Local interpolation: machine precision on smooth curves, an honest error, the largest top of many."""

import numpy as np
import pytest

from qsb.runs.hermite import ORDERS, Curves
from qsb.runs.polynomials import left_out_weights


def wave(t):
    """Return a beat with a slow decay."""
    return np.sin(3 * t) ** 2 * np.exp(-0.05 * t) + 0.1 * np.cos(4.3 * t)


def slope(t):
    """Return its derivative."""
    fast = 3 * np.sin(6 * t) - 0.05 * np.sin(3 * t) ** 2
    return fast * np.exp(-0.05 * t) - 0.43 * np.sin(4.3 * t)


def curve(points, slopes=True, end=20.0):
    """Return the wave on an even grid."""
    t = np.linspace(0, end, points)
    return Curves(t, wave(t)[None], slope(t)[None] if slopes else None)


def miss(c, size, noise=0.0):
    """Return the estimated error of the only curve."""
    return c.miss(tuple(np.array([s]) for s in size), np.array([noise]))[0]


def largest_miss(c, rng):
    """Return the largest error of value and slope at random times inside."""
    at = np.sort(rng.uniform(c.times[0], c.times[-1], 300))
    interval = np.searchsorted(c.times, at) - 1
    value, rate = c.inside(np.zeros_like(interval), interval, at[:, None])
    return np.abs(value[:, 0] - wave(at)).max(), np.abs(rate[:, 0] - slope(at)).max()


@pytest.mark.parametrize(("points", "limit"), [(51, 5e-3), (101, 1e-5), (201, 1e-11)])
def test_the_error_falls_with_a_high_power_of_the_step(points, limit, rng):
    value, rate = largest_miss(curve(points), rng)
    assert value < limit
    assert rate < 1e3 * limit


@pytest.mark.parametrize("slopes", [True, False])
@pytest.mark.parametrize("points", [61, 101, 151, 201, 401])
def test_the_estimate_is_no_smaller_than_a_tenth_of_the_error(points, slopes, rng):
    c = curve(points, slopes)
    size = float(np.ptp(c.values)), float(np.ptp(slope(c.times)))
    value, rate = largest_miss(c, rng)
    true = max(value / size[0], rate / size[1] if slopes else 0.0)
    estimate = miss(c, size).max()
    assert estimate >= 0.1 * true - 1e-13
    assert estimate <= 1e4 * true + 1e-10


def test_a_polynomial_of_low_degree_is_met_exactly():
    t = np.array([0.0, 0.3, 0.4, 1.1, 1.5, 2.2, 2.3, 3.0, 3.1])
    c = Curves(t, (t**3 - t)[None], (3 * t**2 - 1)[None])
    at = np.array([[0.1], [0.8], [2.9]])
    value, rate = c.inside(np.zeros(3, dtype=int), np.searchsorted(t, at[:, 0]) - 1, at)
    np.testing.assert_allclose(value, at**3 - at, rtol=0, atol=1e-12)
    np.testing.assert_allclose(rate, 3 * at**2 - 1, rtol=0, atol=1e-11)
    assert miss(c, (1.0, 1.0)).max() < 1e-12


@pytest.mark.parametrize("points", [1, 2, 3, 4])
def test_few_points(points):
    c = curve(points, end=0.5)
    ((tops,),) = c.tops([lambda t, e, p: e], 4)
    assert max(v for _, v in tops) >= c.values.max() - 1e-12
    assert miss(c, (1.0, 1.0)).shape == (points,)


def test_rounding_counts_as_nothing():
    t = np.linspace(0, 1, 9)
    c = Curves(t, 1e-14 * np.cos(40 * t)[None], -4e-13 * np.sin(40 * t)[None])
    assert miss(c, (2e-14, 8e-13), 1e-12).max() == 0.0
    assert miss(c, (2e-14, 8e-13)).max() > 1e-3


@pytest.mark.parametrize(
    ("function", "true"),
    [(lambda t, e, p: e, wave), (lambda t, e, p: p, slope), (lambda t, e, p: e / (1 + t), lambda t: wave(t) / (1 + t))],
    ids=["value", "slope", "mean"],
)
@pytest.mark.parametrize("points", [201, 1001, 20001])
def test_the_largest_of_many_tops(function, true, points):
    """However fine the grid, points near one top do not push the others out."""
    grid = np.linspace(0, 20, 2_000_001)
    found = max(v for _, v in curve(points).tops([function], 12)[0][0])
    assert found == pytest.approx(true(grid).max(), abs=1e-9)


def test_orders_are_increasing():
    assert list(ORDERS) == sorted(set(ORDERS))


@pytest.mark.parametrize("slopes", [True, False])
@pytest.mark.parametrize("even", [True, False])
def test_curves_together_are_what_they_are_alone(slopes, even):
    t = np.linspace(0, 20, 101) if even else np.linspace(0, 20**0.5, 101) ** 2
    factors = np.array([[1.0], [-0.3], [1e-3], [5.0]])
    values, rates = factors * wave(t) + factors**2 * np.sin(t), factors * slope(t) + factors**2 * np.cos(t)
    functions = [lambda t, e, p: e, lambda t, e, p: -e]
    together = Curves(t, values, rates if slopes else None)
    sizes = np.ptp(values, axis=1), np.ptp(rates, axis=1)
    misses, tops = together.miss(sizes, np.zeros(4)), together.tops(functions, 12)
    for k in range(4):
        alone = Curves(t, values[k : k + 1], rates[k : k + 1] if slopes else None)
        np.testing.assert_allclose(misses[k], miss(alone, [s[k] for s in sizes]), rtol=1e-6, atol=1e-14)
        assert together.miss_at(k, 30, 33, [s[k] for s in sizes], 0.0) == pytest.approx(misses[k, 30:33].max())
        for f, found in enumerate(alone.tops(functions, 12)):
            best, whole = max(found[0], key=lambda x: x[1]), max(tops[f][k], key=lambda x: x[1])
            assert best == pytest.approx(whole, abs=1e-9)


@pytest.mark.parametrize("slopes", [True, False])
@pytest.mark.parametrize("m", ORDERS)
def test_weights_of_a_point_left_out_meet_every_polynomial_of_their_degree(slopes, m):
    weights, x = left_out_weights(m, slopes), np.arange(2 * m + 1.0)
    for degree in range(4 * m if slopes else 2 * m):
        y, dy = (x / x[-1]) ** degree, degree * (x / x[-1]) ** max(degree - 1, 0) / x[-1]
        found = weights[:, 0] @ y + (weights[:, 1] @ dy if slopes else 0.0)
        rounding = 1e-14 * np.abs(weights).sum(axis=(1, 3))
        assert (np.abs(found - np.array([y, dy])) <= rounding).all()


@pytest.mark.parametrize("part", np.linspace(0.0, 1.0, 41))
def test_of_equal_maxima_none_is_passed_over_wherever_it_lies_between_two_looks(part):
    """sin^2: a maximum in the middle between a point and the look beside it shows in neither more than in the other."""
    t = np.linspace(0.0, 12.0, 97)
    # the first maximum at this part of the first eighth of an interval, and the second at a point
    first = t[8] + part * (t[1] - t[0]) / 8
    w = np.pi / (t[40] - first)
    value, rate = np.cos(w * (t - first)) ** 2, -w * np.sin(2 * w * (t - first))
    ((tops,),) = Curves(t, value[None], rate[None]).tops([lambda t, e, p: e], 48)
    assert min(time for time, v in tops if v >= 1 - 1e-9) == pytest.approx(first, abs=1e-7)
