"""Nuclear fuels, and where the power of a source ends."""

import math

import pytest

from oracle import printed
from qsb.errors import SpecError
from qsb.stellar.accretion import AccretionDisk
from qsb.stellar.channel import Channel, Source
from qsb.stellar.constants import ASTRONOMICAL_UNIT, SOLAR_LUMINOSITY, SOLAR_MASS
from qsb.stellar.fuel import Burner, reaction, reactions
from qsb.stellar.kerr import BlandfordZnajek, KerrHole, Penrose
from qsb.stellar.limits import radiator_area
from qsb.stellar.pulsar import Pulsar
from qsb.stellar.scale import reference_stores
from qsb.stellar.star import Star
from qsb.stellar.status import Status
from qsb.stellar.waste import harvest, shell_radius, shell_temperature
from qsb.units import ELEMENTARY_CHARGE

HOLE = KerrHole(10 * SOLAR_MASS, 0.5)
SOURCES = [
    Penrose(HOLE, 1e10),
    BlandfordZnajek(HOLE, 1e4),
    AccretionDisk.at_eddington(HOLE, 0.1, 1e27),
    Pulsar.known("crab"),
    *(Burner(each, 1.0, 1e9) for each in reactions()),
    Star.sun(),
]


@pytest.mark.parametrize(
    ("name", "specific", "mev"),
    [
        ("D-T", "3.37387371e14", "17.5893"),  # 3.373873702e14 with another u, see test_bounds.py
        ("D-3He", "3.520387e14", "18.3531"),
        ("4H", "6.397803e14", "26.7310"),
        ("235U", "8.179183e13", "199.2497"),
    ],
)
def test_energies_from_masses(name, specific, mev):
    found = reaction(name)
    assert found.specific_energy == printed(specific)
    assert found.energy / (1e6 * ELEMENTARY_CHARGE) == printed(mev)


def test_the_round_200_mev_of_a_fission_are_near():
    found = reaction("235U")
    assert 200e6 * ELEMENTARY_CHARGE / found.fuel_mass == printed("8.20998e13")
    assert found.energy / (1e6 * ELEMENTARY_CHARGE) == pytest.approx(200.0, rel=0.005)


def test_same_numbers_as_the_ladder_of_stores():
    stores = {store.name: store.specific_energy for store in reference_stores()}
    for word, name in (("tritium", "D-T"), ("uranium", "235U")):
        expected = next(value for key, value in stores.items() if word in key)
        assert reaction(name).specific_energy == pytest.approx(expected, rel=1e-12)


def test_neutrons_take_four_fifths_of_deuterium_and_tritium():
    neutrons = next(c for c in reaction("D-T").channels if c.name == "neutrons")
    assert neutrons.share * 17.5893 == pytest.approx(14.028, abs=0.002)
    assert reaction("D-T").recoverable == 1.0
    assert reaction("235U").recoverable == pytest.approx(1 - 8.75 / 202.1554, rel=1e-14)
    assert 1 - reaction("4H").recoverable == pytest.approx((0.85 * 0.53 + 0.15 * 1.126) / 26.731, rel=0.01)


@pytest.mark.parametrize("source", SOURCES, ids=lambda s: f"{type(s).__name__}")
def test_every_source_answers_alike(source):
    assert isinstance(source, Source)
    assert isinstance(source.status, Status)
    assert sum(channel.share for channel in source.channels) == pytest.approx(1.0, rel=1e-14)
    assert source.power(0.0) > 0
    assert source.lifetime == pytest.approx(source.reservoir / source.power(0.0), rel=1e-12)
    assert source.nearest >= 0
    assert source.heat(0.0) == (source.power(0.0) if isinstance(source, BlandfordZnajek) else 0.0)
    assert all(c.spectrum and c.converter and c.source for c in source.channels)
    for ask in (source.power, source.heat):
        with pytest.raises(SpecError, match="t must be finite and not negative"):
            ask(-1.0)


def test_fuel_is_burnt_once():
    burner = Burner(reaction("D-T"), 1.0, 1e9, burnup=0.3)
    assert burner.reservoir == pytest.approx(0.3 * 3.373873702e14)
    assert burner.power(0.999 * burner.lifetime) == 1e9
    assert burner.power(burner.lifetime) == 0.0
    with pytest.raises(SpecError, match="burnup"):
        Burner(reaction("D-T"), 1.0, 1e9, burnup=1.1)
    with pytest.raises(SpecError, match="D-3He"):
        reaction("D-He3")


def test_every_watt_ends_somewhere():
    burner = Burner(reaction("D-T"), 1.0, 1e9)
    found = harvest(burner, 0.0, {"neutrons": 0.4}, intercepted=0.9)
    share = burner.channels[0].share
    assert found.work == pytest.approx(0.4 * 0.9 * share * 1e9)
    assert found.heat == pytest.approx(0.6 * 0.9 * share * 1e9)
    assert found.work + found.heat + found.missed == pytest.approx(found.power, rel=1e-15)
    assert "waste heat" in str(found)


@pytest.mark.parametrize(
    ("efficiencies", "intercepted", "word"),
    [
        ({"light": 0.4}, 1.0, "neutrons"),
        ({"neutrons": 1.2}, 1.0, "efficiency"),
        ({"neutrons": 0.4}, 1.1, "intercepted"),
    ],
)
def test_a_harvest_that_cannot_be_is_refused(efficiencies, intercepted, word):
    with pytest.raises(SpecError, match=word):
        harvest(Burner(reaction("D-T"), 1.0, 1e9), 0.0, efficiencies, intercepted=intercepted)


def test_a_channel_with_shares_out_of_order_is_refused():
    with pytest.raises(SpecError, match="rise in 0 to 1"):
        Channel("x", 0.5, 0.6, 0.7, "", "", Status.MEASURED, "")


def test_closed_shell():
    assert shell_temperature(SOLAR_LUMINOSITY, ASTRONOMICAL_UNIT) == printed("393.6179327")
    assert shell_radius(SOLAR_LUMINOSITY, 300.0) / ASTRONOMICAL_UNIT == printed("1.7215009")
    area = radiator_area(SOLAR_LUMINOSITY, 300.0)
    assert area == pytest.approx(4 * math.pi * shell_radius(SOLAR_LUMINOSITY, 300.0) ** 2)
