"""Limits of physics, matter and engineering against printed numbers; what is refused and what is stamped."""

import json
import math
from typing import ClassVar

import pytest
from hypothesis import given
from hypothesis import strategies as st

from oracle import printed
from qsb.errors import PhysicsBoundError, QsbError, SpecError
from qsb.stellar import limits
from qsb.stellar.bounds import CLAIMS, bounds_report, specific_energy_bounds, stamps, table_one_bounds
from qsb.stellar.constants import (
    ATOMIC_MASS,
    ATOMS,
    GRAVITATION,
    SOLAR_LUMINOSITY,
    SPEED_OF_LIGHT_SQUARED,
    STEFAN_BOLTZMANN,
)
from qsb.stellar.matter import known_matter, strongest_in_use, strongest_ordinary
from qsb.stellar.scale import (
    one_second_of_sunlight,
    reference_stores,
    specific_energy_report,
    table_one,
)
from qsb.stellar.status import Status
from qsb.stellar.tiers import Bound, Tier, Verdict
from qsb.units import ELEMENTARY_CHARGE, HBAR, SPEED_OF_LIGHT

SUN_SECOND = SOLAR_LUMINOSITY * 1.0


class Quantity:
    """Stands for an astropy quantity: it converts itself, or refuses."""

    def __init__(self, value, **factors):
        self.value, self.factors = value, factors

    def to_value(self, unit):
        if unit not in self.factors:
            raise ValueError(f"no conversion to {unit}")
        return self.value * self.factors[unit]


def row(report, name):
    return next(r for r in report.rows if r.bound == name)


def matter(word):
    return next(s for s in known_matter() if word in s.name)


@pytest.mark.parametrize(
    ("found", "digits"),
    [
        (limits.hoop_energy(1.0), "6.051277822e43"),
        (limits.bekenstein_bits(1.0, SPEED_OF_LIGHT_SQUARED), "2.576908e43"),
        (limits.margolus_levitin_time(1.0), "1.656517537e-34"),
        (limits.margolus_levitin_rate(SPEED_OF_LIGHT_SQUARED), "5.425570e50"),
        (limits.landsberg_efficiency(300.0, 6000.0), "0.9333354167"),
        (limits.LARGEST_POWER_CONJECTURED, "9.0706e51"),
        (limits.field_energy_density(limits.schwinger_field()), "7.752215e24"),
        (limits.radiator_area(SUN_SECOND * 1e-6, 1000.0), "6.751e15"),
        (limits.schwarzschild_radius(SUN_SECOND), "6.33e-18"),
        (STEFAN_BOLTZMANN, "5.670374419e-8"),
    ],
)
def test_closed_forms_have_their_printed_values(found, digits):
    assert found == printed(digits)


@pytest.mark.parametrize(
    ("word", "digits"),
    [
        ("Li-ion cell", "9e5"),
        ("spin lattice", "1.930e6"),
        ("steel", "1.911e5"),
        ("carbon fibre", "3.556e6"),
        ("nanotube", "4.615e7"),
        ("graphene", "5.909e7"),
        ("helium 2 3S", "4.777642e8"),
        ("ionised", "1.301862e9"),
        ("helium-3", "3.520387e14"),
        ("hydrogen, all of it fused", "6.397803e14"),
        ("annihilated", "8.987551787e16"),
    ],
)
def test_known_matter_has_its_printed_values(word, digits):
    assert matter(word).specific_energy == printed(digits)


def test_two_printed_values_have_other_masses():
    """Each differs from ours in the last digits, and by less than its inputs are known to."""
    hafnium = 2446.09e3 * ELEMENTARY_CHARGE / (177.9437 * ATOMIC_MASS)  # four digits of the mass
    assert hafnium == printed("1.326329e12")
    assert matter("178m2Hf").specific_energy == pytest.approx(hafnium, rel=1e-7)
    # 17589.299865 keV of the mass excesses of AME2020, which has u of CODATA 2018, over masses with that of 2022
    mixed = 17589.299865e3 * ELEMENTARY_CHARGE / ((ATOMS["2H"] + ATOMS["3H"]) * ATOMIC_MASS)
    assert mixed == printed("3.373873702e14")
    assert matter("deuterium and tritium").specific_energy == pytest.approx(
        mixed * ATOMIC_MASS / 1.66053906660e-27, rel=1e-11
    )


@pytest.mark.parametrize(
    ("word", "digits", "electronvolts", "units", "spread"),
    [
        # 4.476 eV, an older bond energy of H2 (ours: 36118.0696 cm^-1 = 4.478070 eV).
        ("H + H", "2.142576e8", 4.476, 2 * ATOMS["1H"], 5e-4),
        # 77.2 keV, evaluated, and 179.947 u; ours is measured directly, 76.79(55) keV.
        ("180mTa", "4.139367e10", 77.2e3, 179.947, 0.55 / 76.79),
        # 200 MeV a fission, a round number; ours are 199.25 MeV of one pair of fragments.
        ("uranium-235", "8.20998e13", 200e6, ATOMS["235U"], 4e-3),
    ],
)
def test_three_printed_values_differ_from_ours_by_their_energy(word, digits, electronvolts, units, spread):
    assert electronvolts * ELEMENTARY_CHARGE / (units * ATOMIC_MASS) == printed(digits)
    ours = matter(word).specific_energy
    assert ours == pytest.approx(float(digits), rel=spread)
    assert ours != pytest.approx(float(digits), rel=1e-4)


def test_known_matter_is_a_ladder_with_sources():
    stores = known_matter()
    energies = [store.specific_energy for store in stores]
    assert energies == sorted(energies)
    assert set(reference_stores()) <= set(stores)
    assert len({store.name for store in stores}) == len(stores)
    assert all(store.source and store.how and isinstance(store.status, Status) for store in stores)
    assert strongest_in_use().name.startswith("uranium-235")
    assert strongest_ordinary().name == "hydrogen, all of it fused"


def test_target_of_the_paper_is_forbidden():
    with pytest.raises(PhysicsBoundError, match=r"1112\.65 times.*host_mass.*VIOLATES c\^2 x1112\.65") as caught:
        bounds_report(energy=1e20, mass=1.0)
    assert caught.value.stamp == "VIOLATES c^2 x1112.65"
    assert isinstance(caught.value, QsbError)


def test_opting_in_stamps_the_report():
    report = bounds_report(energy=1e20, mass=1.0, allow_unphysical=True)
    assert report.stamp == "VIOLATES c^2 x1112.65"
    assert report.verdict is Verdict.FORBIDDEN
    assert str(report).startswith("VIOLATES c^2 x1112.65\n")
    assert report.to_dict()["stamp"] == report.stamp
    assert row(report, "c^2").ratio == printed("1112.650")


def test_the_same_energy_per_kilogram_of_host_is_a_store_of_energy_that_weighs_itself():
    report = bounds_report(energy=1e20, host_mass=1.0)
    assert report.stamp == ""
    assert "99.910 %" in row(report, "c^2").assumption
    assert report.specific_energy == pytest.approx(specific_energy_report(1e20).weighed, rel=1e-14)
    assert report.verdict is Verdict.BEYOND_MATTER


@pytest.mark.parametrize(
    ("energy", "verdict"),
    [(1e6, Verdict.OK), (8e13, Verdict.OK), (5e14, Verdict.BEYOND_TODAY), (7e14, Verdict.BEYOND_MATTER)],
)
def test_verdicts_rise_with_the_specific_energy(energy, verdict):
    assert bounds_report(energy=energy, mass=1.0).verdict is verdict


def test_matter_can_be_named():
    cell = bounds_report(energy=1e7, mass=1.0, matter="Li-ion cell")
    assert row(cell, "Li-ion cell").verdict is Verdict.BEYOND_MATTER
    pair = bounds_report(energy=8e16, mass=1.0, matter="matter and antimatter, annihilated")
    assert pair.verdict is Verdict.BEYOND_TODAY
    with pytest.raises(SpecError, match="Li-ion cell"):
        bounds_report(energy=1e7, mass=1.0, matter="Li-ion cel")


def test_a_black_hole_saturates_two_limits():
    mass = 2e30  # of the Sun: 1.5e77 bits
    energy = mass * SPEED_OF_LIGHT_SQUARED
    radius = limits.schwarzschild_radius(energy)
    bits = math.pi * radius**2 * SPEED_OF_LIGHT**3 / (GRAVITATION * HBAR * math.log(2))
    report = bounds_report(mass=mass, radius=radius, information=bits)
    assert row(report, "hoop").ratio == pytest.approx(1.0, abs=1e-14)
    assert row(report, "Bekenstein").ratio == pytest.approx(1.0, abs=1e-14)
    assert report.stamp == ""
    with pytest.raises(PhysicsBoundError, match="hoop"):
        bounds_report(mass=mass, radius=0.99 * radius)


def test_the_largest_horizon_there_is_fits():
    report = bounds_report(mass=9e52, radius=1.4e26, information=3e122)
    assert row(report, "Bekenstein").ratio == pytest.approx(3e122 / (2.576908e43 * 9e52 * 1.4e26), rel=1e-6)
    with pytest.raises(SpecError, match="1e\\+130"):
        bounds_report(mass=1e53, radius=1.4e26, information=1e131)
    with pytest.raises(SpecError, match="1e\\+60"):
        bounds_report(mass=1e61, radius=1.0)


def test_stamps_of_whatever_was_used():
    class Dataset:
        attrs: ClassVar = {"stamp": "VIOLATES c^2 x1112.65; second law x2"}

    class Clean:
        attrs: ClassVar = {"title": "x"}

    report = bounds_report(energy=1e20, mass=1.0, allow_unphysical=True)
    assert stamps(report) == ("VIOLATES c^2 x1112.65",)
    assert stamps(Dataset(), report, Clean(), None, 3.0, "") == ("VIOLATES c^2 x1112.65", "VIOLATES second law x2")
    assert stamps(bounds_report(energy=1.0, mass=1.0)) == ()
    assert stamps("VIOLATES Landsberg x1.01", Dataset())[0] == "VIOLATES Landsberg x1.01"
    with pytest.raises(PhysicsBoundError) as refusal:
        specific_energy_bounds(1e20)
    assert stamps(refusal.value) == stamps(report)


def test_the_explanation_has_tiers_verdicts_references_and_assumptions():
    report = specific_energy_bounds(1e20, allow_unphysical=True)
    text = report.explain()
    assert text.startswith("VIOLATES c^2 x1112.65\nverdict: FORBIDDEN")
    for each in report.rows:
        assert all(part in text for part in (str(each), each.reference, each.assumption))
    assert text.count("reference:") == len(report.rows)
    assert str(report).splitlines()[-1] == text.splitlines()[-1]
    assert specific_energy_bounds(1e6).stamp == ""


@pytest.mark.parametrize(
    ("name", "claims", "free"),
    [
        ("c^2", {"mass": 2.0}, ("energy", 2 * SPEED_OF_LIGHT_SQUARED)),
        ("hoop", {"radius": 1.0}, ("energy", 6.051277822e43)),
        ("Bekenstein", {"radius": 1.0, "mass": 1.0}, ("information", 2.576908e43)),
        ("Margolus-Levitin", {"mass": 1.0}, ("operation_rate", 5.425570e50)),
        ("dominant energy", {"density": 1.0}, ("stress", SPEED_OF_LIGHT_SQUARED)),
        ("energy flux u c A", {"energy_density": 2.0, "area": 3.0}, ("power", 6 * SPEED_OF_LIGHT)),
        ("energy flux u c A", {"energy_density": 1.0, "radius": 1.0}, ("power", 4 * math.pi * SPEED_OF_LIGHT)),
        ("Landsberg", {"temperature": 300.0, "source_temperature": 6000.0}, ("efficiency", 0.9333354167)),
        ("second law", {"energy": 5.0}, ("work", 5.0)),
    ],
)
def test_each_law_holds_just_below_and_forbids_just_above(name, claims, free):
    key, limit = free
    below = bounds_report(**claims, **{key: limit * (1 - 1e-5)})
    assert row(below, name).verdict is Verdict.OK
    with pytest.raises(PhysicsBoundError, match="physics forbids it") as caught:
        bounds_report(**claims, **{key: limit * (1 + 1e-5)})
    assert caught.value.stamp.startswith(f"VIOLATES {name} x1.00001")
    above = bounds_report(**claims, **{key: limit * (1 + 1e-5)}, allow_unphysical=True)
    assert row(above, name).tier is Tier.HARD
    assert [r.bound for r in above.violated] == [name]


def test_two_broken_laws_are_both_stamped():
    report = bounds_report(energy=1e20, mass=1.0, work=2e20, allow_unphysical=True)
    assert report.stamp == "VIOLATES c^2 x1112.65; second law x2"


def test_the_conjecture_forbids_nothing():
    report = bounds_report(power=1e53)
    conjecture = row(report, "c^5/4G")
    assert conjecture.tier is Tier.CONJECTURE
    assert conjecture.status is Status.SPECULATIVE
    assert conjecture.verdict is Verdict.BEYOND_MATTER
    assert report.verdict is Verdict.BEYOND_TODAY
    assert report.stamp == ""


def test_status_is_of_the_rows_that_give_the_verdict():
    assert bounds_report(energy=1e20, mass=1.0, power=1.0, allow_unphysical=True).status is Status.ESTABLISHED
    assert bounds_report(energy=7e14, mass=1.0).status is Status.MEASURED
    assert bounds_report(energy=1e14, mass=1.0).status is Status.ENGINEERING
    assert bounds_report(energy=1e5, mass=1.0).status is Status.ENGINEERING


def test_schwinger_field():
    assert limits.schwinger_field() == pytest.approx(1.3233e18, rel=1e-4)
    report = bounds_report(electric_field=2 * limits.schwinger_field())
    assert row(report, "Schwinger").ratio == pytest.approx(4.0)
    assert report.verdict is Verdict.BEYOND_MATTER


def test_engineering_of_one_second_of_sunlight():
    report = bounds_report(energy=SUN_SECOND, power=SOLAR_LUMINOSITY, loss_rate=1e-6, temperature=1000.0)
    assert report.mass_equivalent == printed("4.259224e9")
    assert report.reaction_force == printed("1.276883e18")
    assert row(report, "inertia").claimed == report.mass_equivalent
    assert row(report, "reaction force").claimed == report.reaction_force
    radiator = row(report, "radiator area")
    assert radiator.claimed == printed("6.751e15")
    # Without an area the yardstick is 70 kW at the same temperature.
    assert radiator.ratio == pytest.approx(SUN_SECOND * 1e-6 / 70e3)
    assert report.verdict is Verdict.BEYOND_TODAY
    assert report.stamp == ""
    large = bounds_report(energy=SUN_SECOND, loss_rate=1e-6, temperature=1000.0, area=7e15)
    assert row(large, "radiator area").verdict is Verdict.OK


def test_one_second_of_sunlight_at_the_target_weighs_more_than_its_host():
    assert one_second_of_sunlight().energy / 1e20 == printed("3.8e6")
    assert one_second_of_sunlight().mass_equivalent == printed("4.26e9")


def test_table_one():
    ion, fission, pair, target = table_one_bounds()
    assert ion.ratio == printed("1.11")
    assert fission.ratio == printed("1.22")
    assert [r.verdict for r in (ion, fission, pair)] == [Verdict.OK] * 3
    assert pair.ratio == pytest.approx(9e16 / 8.987551787e16, rel=1e-9)
    assert target.verdict is Verdict.FORBIDDEN
    assert target.ratio == printed("1112.65")
    assert target.status is Status.SPECULATIVE
    assert [r.bound for r in (ion, fission, pair, target)] == [entry.system for entry in table_one()]


def test_a_report_is_frozen_prints_and_becomes_json():
    report = bounds_report(energy=1e14, mass=1.0, radius=1.0, power=1e3, work=1e13, temperature=300.0, loss_rate=1e-9)
    with pytest.raises(AttributeError):
        report.energy = 2.0
    text = str(report)
    for found in report.rows:
        assert f"{found.bound}: " in text
        assert found.reference
        assert found.assumption
        assert f"[{found.status}]" in text
    assert "black hole" in text
    assert "pushes with" in text
    assert "verdict: beyond today" in text
    plain = json.loads(json.dumps(report.to_dict(), allow_nan=False))
    assert plain["claims"]["energy"] == {"value": 1e14, "unit": "J"}
    assert {"bound", "tier", "limit", "claimed", "ratio", "verdict", "reference", "assumption", "status"} <= set(
        plain["rows"][0]
    )
    assert Tier(plain["rows"][0]["tier"]) is Tier.HARD


def test_work_from_an_empty_store_has_an_infinite_ratio():
    report = bounds_report(energy=0.0, work=1.0, allow_unphysical=True)
    assert row(report, "second law").ratio == math.inf
    assert json.loads(json.dumps(report.to_dict(), allow_nan=False))["rows"][0]["ratio"] is None
    assert row(bounds_report(energy=0.0, work=0.0), "second law").ratio == 0.0


def test_quantities_with_units_are_converted():
    grams = Quantity(1000.0, kg=1e-3)
    kilowatt_hours = Quantity(1.0, J=3.6e6)
    report = bounds_report(energy=kilowatt_hours, mass=grams)
    assert report.claims == (("energy", 3.6e6, "J"), ("mass", 1.0, "kg"))
    with pytest.raises(SpecError, match="mass must be given in kg"):
        bounds_report(energy=1.0, mass=kilowatt_hours)


@pytest.mark.parametrize(
    ("claims", "words"),
    [
        ({}, "nothing to compare"),
        ({"radius": 1.0}, "nothing to compare"),
        ({"energy": -1.0, "mass": 1.0}, "energy"),
        ({"energy": 1.0, "mass": 0.0}, "mass must be positive"),
        ({"energy": math.nan, "mass": 1.0}, "energy"),
        ({"energy": 1.0, "mass": 1.0, "host_mass": 1.0}, "give one of them"),
        ({"energy": 1.0, "mas": 1.0}, "'mass'"),
        ({"host_mass": 1.0}, "host_mass says nothing alone; give energy"),
        ({"work": 1.0}, "work says nothing alone; give energy"),
        ({"efficiency": 0.5, "temperature": 300.0}, "source_temperature"),
        ({"energy_density": 1.0}, "give power and area or radius"),
        ({"stress": 1.0}, "density"),
        ({"information": 1.0, "energy": 1.0}, "radius"),
        ({"operation_rate": 1.0}, "energy or mass"),
        ({"energy": 1.0, "loss_rate": 1.0}, "temperature"),
        ({"efficiency": 0.1, "temperature": 400.0, "source_temperature": 300.0}, "not hotter"),
        ({"energy": 1.0, "mass": 1.0, "allow_unphysical": "yes"}, "allow_unphysical"),
    ],
)
def test_claims_that_make_no_sense_are_refused(claims, words):
    with pytest.raises(SpecError, match=words):
        bounds_report(**claims)


@given(
    energy=st.floats(1e-30, 1e45),
    host=st.floats(1e-30, 1e40),
)
def test_no_host_is_light_enough_to_beat_c_squared(energy, host):
    report = bounds_report(energy=energy, host_mass=host)
    assert row(report, "c^2").ratio <= 1.0 + 1e-14


@given(claimed=st.floats(0.0, 1e60), limit=st.floats(1e-60, 1e60))
def test_a_verdict_is_ok_exactly_within_the_limit(claimed, limit):
    found = Bound("b", Tier.HARD, limit, claimed, "J", "r", "a", Status.ESTABLISHED)
    assert (found.verdict is Verdict.OK) == (claimed <= limit * (1 + 1e-14))


def test_every_claim_has_a_unit_and_a_meaning():
    assert all(meaning and isinstance(unit, str) for unit, meaning in CLAIMS.values())
