"""Neutron stars that spin down."""

import math

import numpy as np
import pytest

from oracle import printed
from qsb.errors import SpecError
from qsb.stellar.channel import isotropic_flux
from qsb.stellar.pulsar import Pulsar, beam_fraction


@pytest.mark.parametrize(("name", "power"), [("crab", "4.463439e31"), ("vela", "6.92355e29")])
def test_known_pulsars(name, power):
    assert Pulsar.known(name).power(0.0) == printed(power)


def test_the_power_often_quoted_for_the_crab_is_that_of_an_older_epoch():
    assert Pulsar(0.0331, 4.23e-13).power(0.0) == printed("4.6e31")


def test_dipole_in_closed_form():
    star = Pulsar(0.0333924123, 4.20972e-13)
    tau, now = star.spin_down_time, star.power(0.0)
    assert tau == pytest.approx(star.lifetime)
    assert star.reservoir == pytest.approx(now * tau, rel=1e-14)
    for t in (0.0, 1e3, tau, 30 * tau):
        assert star.energy(t) == pytest.approx(now * tau * t / (t + tau), rel=1e-13)


@pytest.mark.parametrize("index", [1.4, 2.5, 3.0, 5.0])
def test_energy_is_the_integral_of_the_power(index):
    star = Pulsar(0.1, 1e-13, braking_index=index)
    x, w = np.polynomial.legendre.leggauss(40)
    end = 0.7 * star.lifetime
    given = sum(b / 2 * end * star.power((a + 1) / 2 * end) for a, b in zip(x, w, strict=True))
    assert star.energy(end) == pytest.approx(given, rel=1e-10)
    assert star.energy(1e12 * star.lifetime) == pytest.approx(star.reservoir, rel=1e-2)


def test_beams_sweep_little_of_the_sky():
    alpha, rho = 1.0, 0.1
    assert beam_fraction(alpha, rho) == pytest.approx(math.sin(alpha) * math.sin(rho), rel=1e-14)
    assert beam_fraction(alpha, rho, beams=2) == pytest.approx(2 * math.sin(alpha) * math.sin(rho), rel=1e-14)
    assert beam_fraction(0.0, rho) == pytest.approx((1 - math.cos(rho)) / 2)
    assert beam_fraction(math.pi / 2, math.pi / 2, beams=2) == pytest.approx(1.0)
    assert beam_fraction(math.pi / 2, 0.1, beams=2) == pytest.approx(math.sin(0.1))


@pytest.mark.parametrize("name", ["crab", "vela"])
def test_most_of_the_power_is_wind(name):
    channels = {channel.name: channel for channel in Pulsar.known(name).channels}
    assert sum(channel.share for channel in channels.values()) == pytest.approx(1.0, rel=1e-15)
    assert channels["wind"].share > 0.9
    radio = channels["radio beam"]
    assert radio.share * Pulsar.known(name).power(0.0) == pytest.approx(1e22)
    assert radio.low < 1e-6 < radio.high == 1e-2
    assert channels["wind"].low < channels["wind"].share < channels["wind"].high < 1


@pytest.mark.parametrize(("name", "kiloparsec", "millijansky"), [("crab", 2.0, 14.0), ("vela", 0.28, 1050.0)])
def test_radio_of_young_pulsars_by_their_flux(name, kiloparsec, millijansky):
    """7.4e27 erg/s d^2 S(1400 MHz), as population studies use; distances and fluxes from memory, not checked."""
    star = Pulsar.known(name)
    radio = star.channels[-1]
    share = 7.4e20 * kiloparsec**2 * millijansky / star.power(0.0)
    assert radio.low < share < radio.high
    assert radio.share / 10 < share < 10 * radio.share
    assert share < 1e-7


def test_an_old_pulsar_gives_a_hundredth_as_radio_at_most():
    old = Pulsar(2.0, 1e-16).channels[-1]
    assert old.share == old.high == 1e-2


def test_no_flux_inside_the_light_cylinder():
    star = Pulsar.known("crab")
    assert star.nearest == pytest.approx(1.593e6, rel=1e-3)
    with pytest.raises(SpecError, match="inside"):
        isotropic_flux(star, 0.0, 1e6)
    assert isotropic_flux(star, 0.0, 1e10) == pytest.approx(star.power(0.0) / (4e20 * math.pi))
    with pytest.raises(SpecError, match="a source of power"):
        isotropic_flux(1.0, 0.0, 1e10)


@pytest.mark.parametrize(
    "call",
    [
        lambda: Pulsar(0.0, 1e-13),
        lambda: Pulsar(0.1, -1e-13),
        lambda: Pulsar(0.1, 1e-13, braking_index=1.0),
        lambda: Pulsar.known("carb"),
        lambda: Pulsar.known("crab").power(-1.0),
        lambda: beam_fraction(2.0, 0.1),
        lambda: beam_fraction(1.0, 0.1, beams=3),
    ],
)
def test_impossible_requests_are_refused(call):
    with pytest.raises(SpecError):
        call()
