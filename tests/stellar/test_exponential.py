"""The exact map against exact rational series, a matrix exponential, and itself; levels that the energy reaches."""

import math
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.integrate import solve_ivp
from scipy.linalg import expm

from qsb.stellar.crossing import Course
from qsb.stellar.exponential import crossing, differences, phi1, phi2, propagate
from qsb.stellar.riccati import Riccati


def exact(x, order):
    """phi of an order at -x as a rational series, x at most a few tens."""
    x, total, term = Fraction(x), Fraction(0), Fraction(1, math.factorial(order))
    for k in range(220):
        total += term
        term *= -x / (k + order + 1)
    return float(total)


@pytest.mark.parametrize("x", [0.0, 1e-30, 1e-16, 1e-9, 1e-4, 0.1, 0.4999999, 0.5, 0.7, 1.0, 3.0, 10.0, 50.0])
def test_phi_functions_to_rounding(x):
    assert phi1(x) == pytest.approx(exact(x, 1), rel=4e-16)
    assert phi2(x) == pytest.approx(exact(x, 2), rel=1e-15)


def test_phi_at_stiff_and_huge_arguments():
    assert phi1(50.0) == pytest.approx(0.02, rel=1e-15)
    assert phi1(1e200) == 1e-200
    assert phi2(1e100) == pytest.approx(1e-100)


@pytest.mark.parametrize("x", [-0.6, -3.0, -30.0, -0.2])
def test_phi_functions_of_negative_arguments(x):
    assert phi1(x) == pytest.approx(exact(x, 1), rel=4e-16)
    assert phi2(x) == pytest.approx(exact(x, 2), rel=2e-15)


@pytest.mark.parametrize("x", [0.0, 1e-9, 0.3, 0.999, 1.0, 4.0, 20.0])
@pytest.mark.parametrize("step", [0.0, 1e-12, 1e-5, 0.01, 0.7, 5.0])
def test_divided_differences_to_a_few_roundings(x, step):
    """Against the integral over u of (1 - u)^k e^{-x} phi-like terms: exact rational series where the two meet."""
    y = x + step
    low, high = Fraction(x), Fraction(y)
    for order, found in enumerate(differences(x, y)):
        total, homogeneous, power, factor = (
            Fraction(0),
            Fraction(1),
            Fraction(1),
            Fraction(1, math.factorial(order + 1)),
        )
        for k in range(160):  # (-1)^k h_k(x, y)/(k + 1 + order)!
            total += factor * homogeneous
            power *= low
            homogeneous = high * homogeneous + power
            factor /= -(k + 2 + order)
        assert found == pytest.approx(float(total), rel=5e-15)
        assert differences(y, x)[order] == found


@pytest.mark.parametrize("leak", [0.0, 1e-12, 0.3, 1.2, 50.0])
@pytest.mark.parametrize("rate", [0.0, 1e-12, 0.3, 50.0])
@pytest.mark.parametrize("dephasing", [0.0, 1e-10, 0.9, 40.0])
def test_map_is_the_matrix_exponential(rate, dephasing, leak):
    work, passive, p, q, span = 2.0, 0.7, 1.5, 0.4, 1.3
    a = np.zeros((5, 5))  # W, Q, their integrals, and 1
    a[0] = [-(rate + dephasing), 0, 0, 0, p]
    a[1] = [dephasing, -leak, 0, 0, q]
    a[2, 0] = a[3, 1] = 1.0
    expected = expm(a * span) @ [work, passive, 0, 0, 1]
    found = propagate(work, passive, span, (p, q), (rate + dephasing, leak, dephasing))
    np.testing.assert_allclose(found, expected[:4], rtol=1e-13)


@pytest.mark.parametrize("rate", [0.0, 1e-20, 1e-6, 0.5, 30.0])
@pytest.mark.parametrize(("start", "push"), [(1.0, 40.0), (1.0, 1000.0), (1.0, -2.0), (0.0, 3.0)])
def test_crossing_is_where_the_map_arrives(rate, start, push):
    target = 0.25 if push < 0 else 1.25 if start else 0.05
    when = crossing(start, target, push, rate)
    assert propagate(start, 0.0, when, (push, 0.0), (rate, rate, 0.0))[0] == pytest.approx(target, rel=1e-12)


def test_no_crossing_where_the_fixed_point_lies_before_the_target():
    assert crossing(1.0, 3.0, 2.0, 1.0) == math.inf
    assert crossing(1.0, 2.0, 2.0, 1.0) == math.inf
    assert crossing(1.0, 0.5, 2.0, 1.0) == math.inf
    assert crossing(1.0, 1.0, 2.0, 1.0) == math.inf


RATES = st.sampled_from([0.0, 1e-9, 0.1, 0.5, 1.0, 1.001, 7.0])
COURSES = st.builds(
    lambda work, passive, p, q, g, leak, turning: Course(work, passive, (p, q), (g + turning, leak, turning)),
    *[st.sampled_from([0.0, 0.3, 1.0, 2.5])] * 2,
    st.sampled_from([-0.5, 0.0, 0.2, 1.0, 3.0]),
    st.sampled_from([0.0, 0.4, 2.0]),
    *[RATES] * 3,
)


@settings(max_examples=150, deadline=None)
@given(course=COURSES, level=st.sampled_from([0.1, 0.5, 1.0, 1.4, 2.0, 4.0]), span=st.sampled_from([0.3, 2.0, 20.0]))
def test_the_first_crossing_is_found_and_is_the_first(course, level, span):
    times = np.linspace(0.0, span, 2000)
    side = np.sign(np.array([course.energy(float(t)) for t in times]) - level)
    begin = course.work + course.passive
    when = course.first(level, span)
    if begin == level:
        # The side is told by where the energy goes, which the first sample has to show.
        side[0] = side[1]
    if abs(begin - level) < 1e-9 and begin != level:
        return
    changed = np.flatnonzero(side[1:] != side[0])
    if when == math.inf:
        assert not np.any(side[1:] * side[0] < 0)
        return
    assert course.energy(when) == pytest.approx(level, rel=1e-14)
    first = times[1 + changed[0]] if len(changed) else span
    assert when <= first * (1 + 1e-12)  # a visit between two samples is found too
    if begin != level:
        assert all(side[times < when - 1e-9 * span] == side[0])


def test_a_short_visit_between_two_rates_is_seen():
    """With two rates the energy may dip, or peak, once; a level that is only just touched is found."""
    dip = Course(1.0, 0.0, (0.0, 0.4), (2.0, 0.1, 0.0))
    peak = Course(1.0, 0.0, (0.0, 2.0), (1.0, 3.0, 1.0))  # work turns into passive energy, which leaks fast
    for course, sign in ((dip, -1.0), (peak, 1.0)):
        turn = course.turning_point
        assert 0 < turn < math.inf
        at = course.energy(turn)
        for step in (1e-3, 1e-2):
            assert sign * (at - course.energy(turn - step)) > 0
            assert sign * (at - course.energy(turn + step)) > 0
        near = at - sign * 1e-9
        first = course.first(near, 10.0)
        assert first == pytest.approx(turn, abs=2e-4)
        assert first < turn


@pytest.mark.parametrize(
    ("start", "push", "linear", "square"),
    [
        (0.3, 1.0, 2.0, 0.4),  # relaxes
        (0.3, 1.0, 2.0, -0.4),
        (0.3, 1.0, 2.0, 1e-13),  # nearly linear
        (0.3, 1.0, 2.0, 0.0),
        (0.9, -0.1, 0.02, -0.3),  # circular: no fixed point
        (0.5, -0.3, 0.6, 0.7),  # leaves an unstable fixed point
        (0.0, 0.25, 1.0, 1.0),  # a double fixed point
        (0.5, 0.25, 1.0, 1.0),  # on it
        (0.0, 0.0, 0.0, 0.0),
    ],
)
def test_quadratic_equation_against_an_ode_solver(start, push, linear, square):
    equation = Riccati(start, push, linear, square)
    for span in (1e-6, 0.2, 0.9):
        found = solve_ivp(
            lambda t, y: [push - linear * y[0] + square * y[0] ** 2, y[0]],
            [0, span],
            [start, 0],
            "DOP853",
            rtol=1e-13,
            atol=1e-16,
        ).y[:, -1]
        np.testing.assert_allclose(equation.after(span), found, rtol=2e-12, atol=1e-15)
        level = equation.after(span)[0]
        if abs(equation.speed) > 1e-9:
            assert equation.reaches(level) == pytest.approx(span, rel=1e-8)
            assert equation.reaches(start - 0.1 * np.sign(equation.speed)) == math.inf


def test_a_level_beyond_the_fixed_point_is_never_reached():
    equation = Riccati(0.3, 1.0, 2.0, 0.4)
    fixed = (1.0 - math.sqrt(1.0 - 0.4)) / 0.4
    assert equation.reaches(fixed + 1e-9) == math.inf
    assert equation.reaches(fixed - 1e-9) < math.inf
    assert equation.after(200.0)[0] == pytest.approx(fixed, rel=1e-14)
