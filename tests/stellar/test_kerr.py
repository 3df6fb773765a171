"""Energy in the spin of black holes."""

import math

import numpy as np
import pytest

from oracle import printed
from qsb.errors import SpecError
from qsb.stellar.constants import SOLAR_MASS
from qsb.stellar.kerr import (
    BlandfordZnajek,
    KerrHole,
    Penrose,
    blandford_znajek_fraction,
    penrose_gain,
    rotational_fraction,
)
from qsb.stellar.status import Status
from qsb.units import SPEED_OF_LIGHT

MILLIARD = KerrHole(1e9 * SOLAR_MASS, 0.9)


@pytest.mark.parametrize(
    ("spin", "expected"), [(0.0, "0.0000000000"), (0.9, "0.1526836794"), (0.998, "0.2708861809"), (1.0, "0.2928932188")]
)
def test_rotational_fraction(spin, expected):
    assert rotational_fraction(spin) == printed(expected)


@pytest.mark.parametrize(("spin", "expected"), [(0.0, "0.0000000000"), (0.9, "0.0900983940"), (1.0, "0.2071067812")])
def test_gain_of_one_particle(spin, expected):
    assert penrose_gain(spin) == printed(expected)


@pytest.mark.parametrize("spin", [1e-8, 1e-3, 0.5, 0.9, 0.998, 1.0])
def test_small_spins_keep_their_digits_and_what_leaves_is_less_than_what_is_there(spin):
    rest = math.sqrt((1 + math.sqrt(1 - spin**2)) / 2)
    assert rotational_fraction(spin) == pytest.approx(1 - rest, abs=3e-16)
    assert penrose_gain(spin) == pytest.approx((math.sqrt(2 / (1 + math.sqrt(1 - spin**2))) - 1) / 2, abs=3e-16)
    assert 0 < blandford_znajek_fraction(spin) < rotational_fraction(spin)


def test_small_spin_gives_half_of_its_energy_to_the_jets():
    assert rotational_fraction(1e-4) == pytest.approx(1e-8 / 8, rel=1e-7)
    assert blandford_znajek_fraction(1e-4) == pytest.approx(rotational_fraction(1e-4) / 2, rel=1e-7)


def test_all_of_the_spin_by_quadrature():
    """ln M falls by the integral of a / 2(1 + s)^2."""
    s, w = np.polynomial.legendre.leggauss(40)
    s, w = (s + 1) / 2, w / 2
    expected = 1 - math.exp(-np.sum(w * s / (2 * (1 + s) ** 2)))
    assert blandford_znajek_fraction(1.0) == pytest.approx(expected, rel=1e-12)
    assert blandford_znajek_fraction(1.0) == pytest.approx(0.0921, abs=5e-5)


def test_irreducible_mass_is_that_of_the_horizon():
    hole = MILLIARD
    area = 8 * math.pi * hole.gravitational_radius * hole.horizon_radius
    assert area == pytest.approx(16 * math.pi * (hole.irreducible_mass / hole.mass * hole.gravitational_radius) ** 2)
    assert hole.rotational_energy == pytest.approx((hole.mass - hole.irreducible_mass) * SPEED_OF_LIGHT**2)


def test_power_of_a_field():
    assert BlandfordZnajek(MILLIARD, 1.0).power(0.0) == printed("4.756794e38")


def test_power_goes_with_the_squares_of_field_and_mass():
    base = BlandfordZnajek(MILLIARD, 1.0).power(0.0)
    twice = BlandfordZnajek(KerrHole(2e9 * SOLAR_MASS, 0.9), 2.0).power(0.0)
    assert twice / base == pytest.approx(16.0, rel=1e-14)


def test_power_in_the_words_of_the_equation():
    hole = MILLIARD
    flux = 2 * math.pi * hole.horizon_radius**2
    y = hole.horizon_frequency * hole.gravitational_radius / SPEED_OF_LIGHT
    power = 0.053 / (1.25663706127e-6 * SPEED_OF_LIGHT) * flux**2 * hole.horizon_frequency**2
    expected = power * (1 + 1.38 * y**2 - 9.2 * y**4)
    assert BlandfordZnajek(hole, 1.0).power(0.0) == pytest.approx(expected, rel=1e-13)


def test_slow_spin_is_a_force_free_monopole():
    """Poynting flux B^2 (Omega r sin)^2 / mu_0 c of field lines that turn at half the horizon's rate, integrated."""
    hole = KerrHole(1e9 * SOLAR_MASS, 1e-3)
    nodes, weights = np.polynomial.legendre.leggauss(20)
    rate = hole.horizon_frequency / 2
    share = 2 * math.pi * float(np.sum(weights * (1 - nodes**2)))
    power = (hole.horizon_radius**2 * rate) ** 2 * share / (1.25663706127e-6 * SPEED_OF_LIGHT)
    # kappa = 0.053 is 1/(6 pi) = 0.05305 to two digits.
    assert BlandfordZnajek(hole, 1.0).power(0.0) == pytest.approx(power * 0.053 * 6 * math.pi, rel=1e-6)


def test_the_largest_gain_is_that_of_photons_from_a_turning_point_on_the_horizon():
    for spin in (0.3, 0.9, 0.9999):
        edge = 1 + math.sqrt(1 - spin**2)
        r = edge * (1 + 1e-10)
        root = math.sqrt(r * r - 2 * r + spin**2)
        whole = (-2 * spin + math.sqrt(2 * r) * root) / (r - 2)
        ahead, behind = ((-2 * spin + sign * r * root) / (r - 2) for sign in (1, -1))
        lost = (ahead - whole) / (ahead - behind)
        assert -lost == pytest.approx(penrose_gain(spin), rel=1e-4)
        # Reversible: the hole takes energy and angular momentum in the ratio of its own turning.
        assert lost - spin / (2 * edge) * behind * lost == pytest.approx(0.0, abs=1e-4)


def test_what_the_jets_carry_is_what_the_hole_loses():
    source = BlandfordZnajek(MILLIARD, 1.0)
    assert source.reservoir + source.lost == pytest.approx(MILLIARD.rotational_energy, rel=1e-14)
    x, w = np.polynomial.legendre.leggauss(12)
    end = 0.5 * source.lifetime
    given = sum(w / 2 * end * source.power((x + 1) / 2 * end) for x, w in zip(x, w, strict=True))
    later = source.hole_at(end)
    assert given == pytest.approx((MILLIARD.mass - later.mass) * SPEED_OF_LIGHT**2, rel=1e-9)
    assert later.spin < MILLIARD.spin
    assert later.irreducible_mass > MILLIARD.irreducible_mass
    rest = BlandfordZnajek(later, 1.0).reservoir
    assert given + rest == pytest.approx(source.reservoir, rel=1e-9)
    assert source.power(50 * source.lifetime) < 1e-9 * source.power(0.0)


def test_penrose_is_a_ceiling_that_says_when_it_ends():
    source = Penrose(MILLIARD, 1e20)
    assert source.power(0.0) == pytest.approx(1e20 * SPEED_OF_LIGHT**2 * 0.0900983940, rel=1e-9)
    assert source.status is Status.SPECULATIVE
    assert source.power(0.009 * source.lifetime) == source.power(0.0)
    with pytest.raises(SpecError, match="1 % of the spin energy"):
        source.power(0.011 * source.lifetime)


@pytest.mark.parametrize("spin", [-0.1, 1.0000001, math.nan])
def test_no_hole_spins_faster_than_one(spin):
    with pytest.raises(SpecError, match="spin"):
        KerrHole(SOLAR_MASS, spin)


@pytest.mark.parametrize("spin", [0.0, 1.0])
@pytest.mark.parametrize("source", [Penrose, BlandfordZnajek])
def test_a_hole_gives_power_between_the_ends_only(source, spin):
    with pytest.raises(SpecError, match="0 < spin < 1"):
        source(KerrHole(SOLAR_MASS, spin), 1.0)
    with pytest.raises(SpecError, match="KerrHole"):
        source(0.9, 1.0)
