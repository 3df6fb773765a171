"""Mass, cone and impact of ejections: closed forms, the published relation, limits, refusals."""

import math

import numpy as np
import pytest

from qsb.errors import SpecError
from qsb.stellar import observed
from qsb.stellar.cme import radiation_pressure, ram_pressure
from qsb.stellar.constants import ASTRONOMICAL_UNIT
from qsb.stellar.ejection import OBSERVED, Ejection, cone_solid_angle, mass_from_xrays
from qsb.stellar.status import Status

USUAL = Ejection(1.4e12, math.radians(60), 5e5)


def test_solid_angles_of_cones():
    assert cone_solid_angle(2 * math.pi) == pytest.approx(4 * math.pi, rel=1e-15)
    assert cone_solid_angle(math.pi) == pytest.approx(2 * math.pi, rel=1e-15)
    assert cone_solid_angle(math.radians(60)) == pytest.approx(2 * math.pi * (1 - math.cos(math.pi / 6)), rel=1e-14)
    # small cones do not cancel: pi w^2/4
    assert cone_solid_angle(1e-9) == pytest.approx(math.pi * 2.5e-19, rel=1e-14)
    # against directions drawn on the sphere
    rng = np.random.default_rng(1)
    inside = np.mean(2 * rng.random(200_000) - 1 > math.cos(math.radians(30)))
    assert abs(inside - USUAL.sky_share) < 4 * math.sqrt(USUAL.sky_share / 200_000)


def test_the_published_relation():
    """log M[g] = 0.63 log E[erg] - 2.57 (arXiv:1209.6410)."""
    for erg in (1e27, 1e30, 1e33):
        wanted = 10 ** (0.63 * math.log10(erg) - 2.57)
        assert mass_from_xrays(erg * 1e-7) * 1e3 == pytest.approx(wanted, rel=1e-12)
    flare = observed.goes("2017-09-10")
    large = Ejection.from_xrays(flare.energy(), math.radians(90), 2e6)
    assert large.mass == pytest.approx(8.45e13, rel=2e-3)
    assert "mass of 8.4" in large.notes[0]
    assert 0.1 < large.over_flare(flare.energy()) < 10
    assert "arXiv:1209.6410" in str(large)


def test_what_was_seen_of_the_sun_is_not_noted():
    assert USUAL.notes == ()
    assert USUAL.kinetic_energy == pytest.approx(0.5 * 1.4e12 * 2.5e11)
    assert OBSERVED["energy"][0] < USUAL.kinetic_energy < OBSERVED["energy"][1]
    assert USUAL.momentum == 7e17
    assert len(Ejection(1e9, 1.0, 1e4).notes) == 3
    assert USUAL.status is Status.ENGINEERING
    assert "3.35 % of all directions" not in str(USUAL)
    assert f"{100 * USUAL.sky_share:.3g} % of all directions" in str(USUAL)


def test_what_reaches_a_collector_adds_up():
    """The column over the whole foot of the cone is the whole ejection, at any distance."""
    for distance in (0.05 * ASTRONOMICAL_UNIT, ASTRONOMICAL_UNIT):
        foot = USUAL.solid_angle * distance**2
        hit = USUAL.on_target(1e6, distance)
        assert hit.column * foot == pytest.approx(USUAL.mass, rel=1e-14)
        assert hit.share == pytest.approx(1e6 / foot, rel=1e-14)
        assert hit.mass == pytest.approx(hit.column * 1e6, rel=1e-14)
        assert hit.momentum == pytest.approx(hit.impulse * 1e6, rel=1e-14)
        assert hit.energy == pytest.approx(hit.fluence * 1e6, rel=1e-14)
        whole = USUAL.on_target(2 * foot, distance)
        assert (whole.share, whole.mass) == (1.0, USUAL.mass)
        assert whole.energy == pytest.approx(USUAL.kinetic_energy, rel=1e-14)
    near, far = (USUAL.on_target(1e6, d * ASTRONOMICAL_UNIT) for d in (0.5, 1.0))
    assert near.fluence / far.fluence == pytest.approx(4.0, rel=1e-14)
    slow = USUAL.on_target(1e6, ASTRONOMICAL_UNIT, speed=2.5e5)
    assert slow.energy / far.energy == pytest.approx(0.25, rel=1e-14)
    assert slow.mass == far.mass


def test_the_impulse_is_the_ram_pressure_over_the_time_of_passing():
    hit = USUAL.on_target(1.0, ASTRONOMICAL_UNIT)
    density = 10e6
    passing = hit.depth(density) / USUAL.speed
    assert hit.impulse == pytest.approx(ram_pressure(density, USUAL.speed) * passing, rel=1e-14)
    assert hit.light_time(1361.0) == pytest.approx(hit.impulse / radiation_pressure(1361.0), rel=1e-14)
    # an ejection as it usually is pushes as much as seconds of sunlight
    assert 1 < hit.light_time(1361.0) < 60


@pytest.mark.parametrize(
    ("make", "match"),
    [
        (lambda: cone_solid_angle(0.0), "width"),
        (lambda: cone_solid_angle(60.0), "at most 2 pi"),
        (lambda: mass_from_xrays(0.0), "energy"),
        (lambda: Ejection(0.0, 1.0, 1e6), "mass of Ejection"),
        (lambda: Ejection(1e12, 7.0, 1e6), "at most 2 pi"),
        (lambda: Ejection(1e12, 1.0, 1e8), "a tenth of that of light"),
        (lambda: USUAL.on_target(0.0, 1e11), "area"),
        (lambda: USUAL.on_target(1.0, 0.0), "distance"),
        (lambda: USUAL.on_target(1.0, 1e11, speed=1e8), "a tenth"),
        (lambda: USUAL.on_target(1.0, 1e11).depth(0.0), "density"),
        (lambda: USUAL.on_target(1.0, 1e11).light_time(0.0), "irradiance"),
        (lambda: USUAL.over_flare(-1.0), "xrays"),
    ],
)
def test_what_an_ejection_cannot_be(make, match):
    with pytest.raises(SpecError, match=match):
        make()


def test_the_convention_of_directions():
    """4 pi is the default and unchanged; 2 pi is half of it."""
    flare = observed.goes("2017-09-10")
    assert flare.energy() == flare.energy(directions="sphere") == pytest.approx(8.8494e23, rel=5e-6)
    assert flare.energy(directions="hemisphere") == pytest.approx(0.5 * flare.energy(), rel=1e-15)
    assert flare.energy(2 * ASTRONOMICAL_UNIT, "hemisphere") == pytest.approx(2 * flare.energy(), rel=1e-14)
    star = observed.tess_flare()
    assert star.flare_energy(9000.0, directions="hemisphere") == pytest.approx(
        0.5 * star.flare_energy(9000.0), rel=1e-15
    )
    for call in (flare.energy, star.flare_energy):
        with pytest.raises(SpecError, match="directions"):
            call(directions="disc")
