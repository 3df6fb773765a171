"""Ladders for tables and figures: printed values, order, and what every row must say."""

import json

import pytest

from oracle import printed
from qsb.stellar.ladders import kardashev_ladder, power_ladder, specific_energy_ladder
from qsb.stellar.matter import known_matter
from qsb.stellar.status import Status
from qsb.stellar.tiers import Tier


@pytest.mark.parametrize(
    ("ladder", "unit"), [(specific_energy_ladder, "J/kg"), (power_ladder, "W"), (kardashev_ladder, "")]
)
def test_rows_rise_and_say_what_they_are(ladder, unit):
    rows = ladder()
    values = [row.value for row in rows]
    assert values == sorted(values)
    assert len({row.name for row in rows}) == len(rows)
    for row in rows:
        assert row.name
        assert row.source
        assert row.unit == unit
        assert isinstance(row.tier, Tier)
        assert isinstance(row.status, Status)
        assert json.loads(json.dumps(row.to_dict()))["value"] == row.value


def test_specific_energies_end_beyond_the_limit():
    rows = specific_energy_ladder()
    assert len(rows) == len(known_matter()) + 1
    target, limit = rows[-1], rows[-2]
    assert (target.value, target.forbidden, target.status) == (1e20, True, Status.SPECULATIVE)
    assert limit.value == pytest.approx(8.987551787e16, rel=1e-10)
    assert not any(row.forbidden for row in rows[:-1])
    assert [row.tier for row in rows].count(Tier.HARD) == 2


@pytest.mark.parametrize(
    ("ladder", "name", "digits"),
    [
        (power_ladder, "the Sun", "3.828e26"),
        (power_ladder, "sunlight that meets the Earth", "1.736e17"),
        (power_ladder, "c^5/4G", "9.0706e51"),
        (power_ladder, "electricity of mankind", "3.365e12"),
        (power_ladder, "primary energy of mankind", "1.965e13"),
        (kardashev_ladder, "the Sun", "2.058297193"),
        (kardashev_ladder, "primary energy of mankind", "0.7293287722"),
        # 1361.166 W/m^2 of the nominal luminosity; the printed 1.123942321 has 1361.0 (test_kardashev.py)
        (kardashev_ladder, "sunlight that meets the Earth", "1.12395"),
        (kardashev_ladder, "Kardashev's type I", "0.6602"),
    ],
)
def test_printed_values(ladder, name, digits):
    assert next(row for row in ladder() if row.name == name).value == printed(digits)
