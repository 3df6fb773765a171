"""Thin discs around black holes."""

import math

import numpy as np
import pytest

from oracle import printed
from qsb.errors import SpecError
from qsb.stellar.accretion import AccretionDisk, disk_efficiency, eddington_luminosity, isco_radius
from qsb.stellar.constants import SOLAR_MASS
from qsb.stellar.kerr import KerrHole
from qsb.stellar.status import Status
from qsb.units import BOLTZMANN, ELEMENTARY_CHARGE, PLANCK, SPEED_OF_LIGHT

TEN = KerrHole(10 * SOLAR_MASS, 0.0)
DISK = AccretionDisk.at_eddington(TEN, 0.1, fuel=1e27)


@pytest.mark.parametrize(
    ("spin", "retrograde", "radius", "efficiency"),
    [
        (0.0, False, 6.0, "0.0571909584"),
        (0.998, False, 1.2369706552, "0.3209941656"),
        (1.0, False, 1.0, "0.4226497308"),
        (1.0, True, 9.0, "0.0377495514"),
    ],
)
def test_innermost_orbit_and_efficiency(spin, retrograde, radius, efficiency):
    assert isco_radius(spin, retrograde=retrograde) == pytest.approx(radius, rel=1e-10)
    assert disk_efficiency(spin, retrograde=retrograde) == printed(efficiency)


@pytest.mark.parametrize("spin", [0.1, 0.5, 0.9, -0.5, -0.99])
def test_innermost_orbit_is_marginally_stable(spin):
    """r^2 - 6 r + 8 a sqrt(r) - 3 a^2 = 0."""
    r = isco_radius(abs(spin), retrograde=spin < 0)
    assert r * r - 6 * r + 8 * spin * math.sqrt(r) - 3 * spin**2 == pytest.approx(0.0, abs=1e-12)


def test_eddington_luminosity_of_a_sun():
    assert eddington_luminosity(SOLAR_MASS) == printed("1.257065e31")


def test_hottest_ring():
    assert DISK.eddington_ratio == pytest.approx(0.1, rel=1e-14)
    assert DISK.peak_temperature == printed("4.86e6")
    assert DISK.peak_temperature / DISK._scale == printed("0.4878713392")
    assert DISK.temperature(49 / 36 * DISK.inner_radius) == pytest.approx(DISK.peak_temperature, rel=1e-14)
    nearby = [DISK.temperature(x * DISK.inner_radius) for x in (1.3, 49 / 36, 1.45)]
    assert nearby[1] == max(nearby)
    with pytest.raises(SpecError, match="innermost stable orbit"):
        DISK.temperature(0.99 * DISK.inner_radius)


def test_solar_cells_see_almost_nothing_of_it():
    assert DISK.photovoltaic_share == pytest.approx(5.63e-4, abs=1e-6)
    assert 50 < 2.8214 * BOLTZMANN * DISK.peak_temperature / ELEMENTARY_CHARGE < 2000
    assert "heat engine" in DISK.channels[0].converter


def test_band_share_by_brute_force():
    low, high = 50 * ELEMENTARY_CHARGE, 500 * ELEMENTARY_CHARGE
    v = (np.arange(2000) + 0.5) / 2000
    kt = BOLTZMANN * DISK._scale * v**1.5 * (1 - v) ** 0.25
    energies = np.linspace(low, high, 4001)
    middle = (energies[1:] + energies[:-1]) / 2
    x = np.minimum(middle[:, None] / kt, 700)
    inside = (15 / math.pi**4 * x**3 / np.expm1(x) / kt).sum(axis=0) * (energies[1] - energies[0])
    assert DISK.band_share(low, high) == pytest.approx(float(np.mean(6 * v * (1 - v) * inside)), rel=1e-5)
    assert DISK.band_share(1e-6 * ELEMENTARY_CHARGE, 1e8 * ELEMENTARY_CHARGE) == pytest.approx(1.0, abs=1e-6)


def test_light_holds_the_power_and_the_bands():
    distance = 1e11
    light = DISK.light(distance)
    flux = DISK.power(0.0) / (4 * math.pi * distance**2)
    assert light.total == pytest.approx(flux, rel=2e-4)
    hc = PLANCK * SPEED_OF_LIGHT
    for low, high in ((50.0, 500.0), (1.12, 4.0)):
        band = light.band(hc / (high * ELEMENTARY_CHARGE), hc / (low * ELEMENTARY_CHARGE))
        assert band / flux == pytest.approx(
            DISK.band_share(low * ELEMENTARY_CHARGE, high * ELEMENTARY_CHARGE), rel=2e-4
        )
    with pytest.raises(SpecError, match="inside"):
        DISK.light(0.5 * DISK.inner_radius)


def test_power_ends_with_the_fuel():
    assert DISK.power(0.0) == pytest.approx(0.1 * eddington_luminosity(TEN.mass))
    assert DISK.power(2 * DISK.lifetime) == 0.0
    assert DISK.reservoir == pytest.approx(DISK.power(0.0) * DISK.lifetime)
    assert DISK.status is Status.ESTABLISHED


def test_above_eddington_only_when_asked_for():
    rate = 3 * eddington_luminosity(TEN.mass) / (disk_efficiency(0.0) * SPEED_OF_LIGHT**2)
    with pytest.raises(SpecError, match="3 times Eddington"):
        AccretionDisk(TEN, rate, 1e27)
    assert AccretionDisk(TEN, rate, 1e27, super_eddington=True).status is Status.ENGINEERING
    assert AccretionDisk.at_eddington(TEN, 1.0, 1e27).eddington_ratio == 1.0


def test_impossible_requests_are_refused():
    with pytest.raises(SpecError, match="fuel"):
        AccretionDisk(TEN, 1e15, 0.011 * TEN.mass)
    with pytest.raises(SpecError, match="low must be the smaller"):
        DISK.band_share(2 * PLANCK, PLANCK)
