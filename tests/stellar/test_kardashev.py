"""The Kardashev index and the waste heat of a throughput."""

import json
import math

import pytest

from oracle import printed
from qsb.errors import SpecError
from qsb.stellar.constants import ASTRONOMICAL_UNIT, SOLAR_LUMINOSITY, YEAR
from qsb.stellar.kardashev import kardashev_rating, waste_heat
from qsb.stellar.status import Status


@pytest.mark.parametrize(
    ("power", "digits", "own"),
    [
        (SOLAR_LUMINOSITY, "2.058297193", "II"),
        (620e18 / YEAR, "0.7293287722", "I"),
        (1361.0 * math.pi * 6.371e6**2, "1.123942321", "I"),
        (4e12, "0.6602", "I"),
        (1e6, "0.0000000000", ""),
        (4e37, "3.1602", "III"),
    ],
)
def test_index_has_its_printed_values(power, digits, own):
    rating = kardashev_rating(power)
    assert rating.index == printed(digits)
    assert rating.type_of_1964 == own


def test_waste_heat_at_300_kelvin():
    heat = waste_heat(SOLAR_LUMINOSITY)
    assert heat.peak_wavelength == printed("9.66e-6")
    assert heat.peak_wavelength * 300.0 == pytest.approx(2.897771955e-3, rel=5e-10)
    assert heat.radius == pytest.approx(1.7215009 * ASTRONOMICAL_UNIT, rel=5e-8)
    assert heat.flux * heat.area == pytest.approx(SOLAR_LUMINOSITY, rel=1e-14)


def test_a_shell_at_one_astronomical_unit_is_at_its_printed_temperature():
    assert waste_heat(SOLAR_LUMINOSITY, 393.6179327).radius == pytest.approx(ASTRONOMICAL_UNIT, rel=5e-9)


def test_rating_names_its_convention_and_its_status():
    rating = kardashev_rating(2e13, temperature=255.0)
    text = str(rating)
    assert "Sagan" in text
    assert "type I of Kardashev (1964)" in text
    assert "um" in text
    assert "below type I" in str(kardashev_rating(1e6))
    assert rating.status is Status.ESTABLISHED
    plain = json.loads(json.dumps(rating.to_dict(), allow_nan=False))
    assert plain["waste_heat"]["temperature_K"] == 255.0
    assert plain["convention"] == rating.convention


class Joules:
    """Stands for an astropy quantity of energy."""

    def to_value(self, unit):
        if unit != "J":
            raise ValueError(f"no conversion from J to {unit}")
        return 1.0


@pytest.mark.parametrize("power", [0.0, -1.0, math.nan, math.inf, "much", Joules()])
def test_what_is_no_throughput_is_refused(power):
    with pytest.raises(SpecError, match="power"):
        kardashev_rating(power)


def test_a_temperature_must_be_positive():
    with pytest.raises(SpecError, match="temperature"):
        kardashev_rating(1e13, temperature=0.0)
