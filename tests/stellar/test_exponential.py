"""The exact map against exact rational series, a matrix exponential, and itself."""

import math
from fractions import Fraction

import numpy as np
import pytest
from scipy.linalg import expm

from qsb.stellar.exponential import crossing, phi1, phi2, propagate


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


@pytest.mark.parametrize("rate", [0.0, 1e-12, 0.3, 50.0])
@pytest.mark.parametrize("dephasing", [0.0, 1e-10, 0.9, 40.0])
def test_map_is_the_matrix_exponential(rate, dephasing):
    work, passive, p, q, span = 2.0, 0.7, 1.5, 0.4, 1.3
    a = np.zeros((4, 4))  # W, Q, the integral of E, and 1
    a[0] = [-(rate + dephasing), 0, 0, p]
    a[1] = [dephasing, -rate, 0, q]
    a[2] = [1, 1, 0, 0]
    expected = expm(a * span) @ [work, passive, 0, 1]
    np.testing.assert_allclose(propagate(work, passive, span, p, q, rate, dephasing), expected[:3], rtol=1e-13)


@pytest.mark.parametrize("rate", [0.0, 1e-20, 1e-6, 0.5, 30.0])
@pytest.mark.parametrize(("start", "push"), [(1.0, 40.0), (1.0, 1000.0), (1.0, -2.0), (0.0, 3.0)])
def test_crossing_is_where_the_map_arrives(rate, start, push):
    target = 0.25 if push < 0 else 1.25 if start else 0.05
    when = crossing(start, target, push, rate)
    assert propagate(start, 0.0, when, push, 0.0, rate, 0.0)[0] == pytest.approx(target, rel=1e-12)


def test_no_crossing_where_the_fixed_point_lies_before_the_target():
    assert crossing(1.0, 3.0, 2.0, 1.0) == math.inf
    assert crossing(1.0, 2.0, 2.0, 1.0) == math.inf
    assert crossing(1.0, 0.5, 2.0, 1.0) == math.inf
    assert crossing(1.0, 1.0, 2.0, 1.0) == math.inf
