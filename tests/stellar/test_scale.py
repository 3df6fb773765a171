"""Specific energies against c^2 and against published values."""

import json
import math

import pytest

from oracle import printed
from qsb.errors import SpecError
from qsb.stellar.scale import (
    SPEED_OF_LIGHT_SQUARED,
    Comparison,
    one_second_of_sunlight,
    reference_stores,
    specific_energy_report,
    table_one,
)


def store(word):
    return next(s for s in reference_stores() if word in s.name)


def test_c_squared():
    assert printed("8.987551787e16") == SPEED_OF_LIGHT_SQUARED


def test_target_of_the_paper_is_1112_times_c_squared():
    report = specific_energy_report(1e20)
    assert report.ratio == printed("1112.650")
    assert not report.allowed
    assert report.mass_fraction == printed("0.99910")
    assert report.weighed < SPEED_OF_LIGHT_SQUARED
    assert "1112.65 times c^2" in report.verdict
    assert "forbidden" in report.verdict
    assert "99.910 %" in report.verdict


@pytest.mark.parametrize("value", [0.0, 1.0, 1e6, 1e16, 8.98e16, SPEED_OF_LIGHT_SQUARED])
def test_up_to_c_squared_is_allowed(value):
    report = specific_energy_report(value)
    assert report.allowed
    assert "allowed" in report.verdict


@pytest.mark.parametrize("value", [SPEED_OF_LIGHT_SQUARED * (1 + 1e-12), 9e16, 1e20, 1e300])
def test_above_c_squared_is_forbidden_and_weighs_itself(value):
    report = specific_energy_report(value)
    assert not report.allowed
    assert report.weighed <= SPEED_OF_LIGHT_SQUARED
    assert report.mass_fraction > 0.5


@pytest.mark.parametrize("value", [-1.0, math.nan, math.inf])
def test_impossible_requests_are_refused(value):
    with pytest.raises(SpecError, match="specific energy"):
        specific_energy_report(value)


def test_known_stores_have_their_published_values():
    # Uranium-235: 200 MeV a fission, within 1 % for this pair of fragments.
    assert store("deuterium").specific_energy == pytest.approx(3.373873702e14, rel=2e-9)  # see test_bounds.py
    assert store("uranium").specific_energy == pytest.approx(8.20998e13, rel=0.01)
    assert store("Li-ion cell").specific_energy == 9e5
    assert store("H + H").specific_energy == pytest.approx(2.142576e8, rel=1e-3)
    assert store("active").specific_energy == pytest.approx(1.333e6, rel=1e-3)
    assert store("antimatter").specific_energy == SPEED_OF_LIGHT_SQUARED
    values = [s.specific_energy for s in reference_stores()]
    assert values == sorted(values)
    assert all(s.source and s.how for s in reference_stores())


def test_table_one():
    rows = table_one()
    assert [row.published for row in rows] == [1e6, 1e14, 9e16, 1e20]
    assert [row.allowed for row in rows] == [True, True, True, False]
    assert [row.agrees for row in rows] == [True, True, True, None]
    assert rows[0].published / rows[0].ours.specific_energy == printed("1.11")
    assert rows[1].published / rows[1].ours.specific_energy == printed("1.22")
    assert rows[3].at_least
    assert "1112.65 times c^2" in rows[3].verdict


def test_a_wrong_row_is_found():
    assert "disagrees" in Comparison("broken", 1e9, 5e8, 1.5e9, store("Li-ion cell")).verdict
    assert "forbidden" in Comparison("broken", 9.6e16, 9.55e16, 9.65e16, None).verdict


def test_one_second_of_sunlight():
    sun = one_second_of_sunlight()
    assert sun.energy == 3.828e26
    assert sun.mass_equivalent == printed("4.259224e9")
    assert sun.agrees
    assert sun.masses["Li-ion cell"] == pytest.approx(4.2533e20, rel=1e-4)
    # The paper's own 1e6 J/kg, and its 1e20 J/kg, as quoted in the discussion of its Table 1.
    assert sun.energy / table_one()[0].published == pytest.approx(3.828e20)
    assert sun.energy / 1e20 == pytest.approx(3.828e6)
    assert min(sun.masses.values()) == sun.mass_equivalent
    assert not one_second_of_sunlight(4.0e26).agrees
    assert "4.259e+09 kg" in str(sun)
    with pytest.raises(SpecError, match="luminosity"):
        one_second_of_sunlight(0.0)


def test_report_is_plain_data_and_prints():
    report = specific_energy_report(1e20)
    assert json.loads(json.dumps(report.to_dict()))["ratio"] == report.ratio
    assert len(str(report).splitlines()) == 2 + len(report.stores)
