"""Storms of a spec: arrival, push and doses against printed answers, their status, and what is refused."""

import json
import math

import pytest

import qsb
from qsb.errors import SpecError
from qsb.runs.stellar.text import summary
from qsb.stellar.ejection import mass_from_xrays
from qsb.stellar.observed import goes

from .test_stellar_spec import BASE, edited

STORM = {
    "speed": "2000 km / s",
    "wind": "450 km / s",
    "drag": "0.1e-7 / km",
    "density": "20 / cm3",
    "record": "goes-2017-09-10",
    "areal": "2.33 kg / m2",
    "protons": "1e13 / m2",
    "stopping": "10 MeV cm2 / g",
}


def stormy(**change):
    """The Sun at 1 au with a storm; None takes a key away."""
    storm = {key: value for key, value in (STORM | change).items() if value is not None}
    spec = edited("storm", storm)
    spec["source"] = {"kind": "star", "spectrum": "e490"}
    return spec


def test_the_printed_answers():
    data = qsb.run(stormy())
    assert float(data["storm_arrival"]) / 3600 == pytest.approx(27.0132990, abs=5e-8)
    assert float(data["storm_speed"]) / 1e3 == pytest.approx(1068.1845, abs=5e-5)
    ram = 20e6 * 1.67262192595e-27 * float(data["storm_speed"]) ** 2
    light = float(data["irradiance_total"]) / 299792458
    assert float(data["ram_pressure"]) == pytest.approx(ram, rel=1e-12)
    assert float(data["light_pressure"]) == pytest.approx(light, rel=1e-12)
    assert float(data["pressure_ratio"]) == pytest.approx(ram / light, rel=1e-12)
    assert float(data["xray_fluence"]) == pytest.approx(3.146690834, rel=1e-8)
    assert float(data["xray_dose"]) == pytest.approx(1.350511, abs=5e-7)
    assert float(data["particle_dose"]) == pytest.approx(1.602177, abs=5e-7)
    units = {"storm_arrival": "s", "storm_speed": "m/s", "ram_pressure": "Pa", "xray_fluence": "J/m^2"}
    units |= {"xray_dose": "J/kg", "particle_fluence": "1/m^2", "particle_dose": "J/kg", "pressure_ratio": "1"}
    assert {name: data[name].attrs["units"] for name in units} == units
    record = goes("2017-09-10")
    assert json.loads(data.attrs["checksums"])[record.name] == record.sha256
    assert "Storm:" in summary(data)
    assert "at most" in data["xray_dose"].attrs["source"]


def test_the_extreme_ejection_does_not_push_as_hard_as_light_does():
    """2.0e-7 Pa against 4.54e-6 Pa: 20 protons per cm^3 that arrive at 2445 km/s."""
    storm = stormy(speed="2445 km / s", wind="2445 km / s")
    data = qsb.run({**storm, "source": BASE["source"]})
    assert float(data["storm_speed"]) == pytest.approx(2.445e6, rel=1e-12)
    assert float(data["ram_pressure"]) == pytest.approx(2.0e-7, abs=5e-9)
    assert float(data["light_pressure"]) == pytest.approx(4.54e-6, abs=1e-8)


def test_distance_status_and_coefficient():
    far = stormy(absorption="0.1 m2 / kg")
    far["collector"]["distance"] = "2 au"
    here, there = qsb.run(stormy()), qsb.run(far)
    assert float(there["xray_fluence"]) == pytest.approx(float(here["xray_fluence"]) / 4, rel=1e-12)
    assert here["xray_fluence"].attrs["status"] == "measured"
    assert there["xray_fluence"].attrs["status"] == "established theory"
    assert "inverse square" in there["xray_fluence"].attrs["source"]
    assert float(there["xray_dose"]) == pytest.approx(0.1 * float(there["xray_fluence"]), rel=0.13)
    assert float(there["xray_dose"]) < 0.1 * float(there["xray_fluence"])
    assert there["storm_arrival"] > here["storm_arrival"]
    star = stormy()
    star["source"] = BASE["source"]
    assert qsb.run(star)["xray_fluence"].attrs["status"] == "engineering estimate"


def test_density_and_fluence_are_scaled_to_the_collector():
    """Given at 1 au and asked for at half of it: four times as much, or 2^2.4 for what an ejection's inside does."""
    near = stormy()
    near["collector"]["distance"] = "0.5 au"
    here, there = qsb.run(stormy()), qsb.run(near)
    assert float(here["storm_density"]) == pytest.approx(20e6, rel=1e-12)
    assert float(there["storm_density"]) == pytest.approx(80e6, rel=1e-12)
    assert float(there["particle_fluence"]) == pytest.approx(4e13, rel=1e-12)
    assert float(there["particle_dose"]) == pytest.approx(4 * float(here["particle_dose"]), rel=1e-12)
    ram = 80e6 * 1.67262192595e-27 * float(there["storm_speed"]) ** 2
    assert float(there["ram_pressure"]) == pytest.approx(ram, rel=1e-12)
    # both pressures fall with the square; what is left is the drag, which has had less time to slow it down
    speeds = float(there["storm_speed"]) / float(here["storm_speed"])
    assert float(there["pressure_ratio"]) == pytest.approx(float(here["pressure_ratio"]) * speeds**2, rel=1e-12)
    for name in ("storm_density", "particle_fluence"):
        assert "scaled from" not in here[name].attrs["source"]
        assert "by the power -2 of the distance" in there[name].attrs["source"]
    steep = stormy(density_falloff=2.4, protons_falloff=0.0)
    steep["collector"]["distance"] = "0.5 au"
    data = qsb.run(steep)
    assert float(data["storm_density"]) == pytest.approx(20e6 * 2**2.4, rel=1e-12)
    assert float(data["particle_fluence"]) == pytest.approx(1e13, rel=1e-12)


def test_numbers_may_be_given_at_another_distance():
    at_collector = stormy(given_at="0.5 au")
    at_collector["collector"]["distance"] = "0.5 au"
    data = qsb.run(at_collector)
    assert float(data["storm_density"]) == pytest.approx(20e6, rel=1e-12)
    assert float(data["particle_fluence"]) == pytest.approx(1e13, rel=1e-12)
    assert float(data["xray_fluence"]) == pytest.approx(4 * 3.146690834, rel=1e-8)  # a record is one of 1 au


def test_nothing_is_added_to_the_power():
    calm = stormy()
    calm.pop("storm")
    for name in ("ledger_inflow", "peak_waste", "ledger_end"):
        assert float(qsb.run(stormy())[name]) == float(qsb.run(calm)[name])


@pytest.mark.parametrize("key", ["speed", "record", "protons"])
def test_each_part_alone(key):
    spec = edited("storm", {key: STORM[key]})
    names = {"speed": "storm_arrival", "record": "xray_fluence", "protons": "particle_fluence"}
    data = qsb.run(spec)
    assert [name in data for name in names.values()] == [k == key for k in names]
    assert "xray_dose" not in data
    assert "pressure_ratio" not in data


def test_the_mass_of_an_ejection_and_what_of_it_hits():
    """A cone of 60 degrees at 1 au on 1 km^2, by hand."""
    data = qsb.run(stormy(width="60 deg", mass="1e13 kg"))
    said = {name: float(data[name]) for name in data.data_vars if str(name).startswith("ejection_")}
    omega = 2 * math.pi * (1 - math.cos(math.radians(30)))
    foot, speed = omega * 149597870700.0**2, float(data["storm_speed"])
    assert said["ejection_mass"] == 1e13
    assert said["ejection_solid_angle"] == pytest.approx(omega, rel=1e-12)
    assert said["ejection_energy"] == pytest.approx(0.5e13 * 4e12, rel=1e-12)
    assert said["ejection_share"] == pytest.approx(1e6 / foot, rel=1e-12)
    assert said["ejection_column"] == pytest.approx(1e13 / foot, rel=1e-12)
    assert said["ejection_fluence"] == pytest.approx(0.5e13 / foot * speed**2, rel=1e-12)
    assert said["ejection_hit_energy"] == pytest.approx(said["ejection_fluence"] * 1e6, rel=1e-12)
    assert said["ejection_hit_momentum"] == pytest.approx(1e13 / foot * speed * 1e6, rel=1e-12)
    light = float(data["light_pressure"])
    assert said["ejection_light_time"] == pytest.approx(1e13 / foot * speed / light, rel=1e-12)
    # the push at the density given, over the time in which that depth passes, is the impulse
    passing = said["ejection_depth"] / speed
    assert float(data["ram_pressure"]) * passing == pytest.approx(1e13 / foot * speed, rel=1e-12)
    energy = goes("2017-09-10").energy()
    assert said["ejection_over_flare"] == pytest.approx(2e25 / (100 * energy), rel=1e-12)
    units = {name: data[name].attrs["units"] for name in said}
    assert units["ejection_solid_angle"] == "sr"
    assert units["ejection_column"] == "kg/m^2"
    assert units["ejection_hit_momentum"] == "kg m/s"
    assert {data[name].attrs["status"] for name in said} == {"engineering estimate"}
    assert "1e+13 kg in 0.8418 sr" in data.attrs["parts"]


def test_without_a_mass_the_x_rays_say_it():
    data = qsb.run(stormy(width="90 deg"))
    assert float(data["ejection_mass"]) == pytest.approx(mass_from_xrays(goes("2017-09-10").energy()), rel=1e-12)
    assert "arXiv:1209.6410" in data["ejection_mass"].attrs["source"]
    assert "outside" in data["ejection_mass"].attrs["source"]
    assert "arXiv:1209.6410" in data.attrs["references"]
    assert "ejection_mass" not in qsb.run(stormy())


@pytest.mark.parametrize(
    ("change", "match"),
    [
        ({"speed": None}, "belongs to speed"),
        ({"record": None}, "areal belongs to record"),
        ({"protons": None}, "stopping belongs to protons"),
        ({"density": None, "density_falloff": 2.0}, "density_falloff belongs to density"),
        ({"density": None, "protons": None, "stopping": None, "given_at": "1 au"}, "given_at belongs to density or"),
        ({"density_falloff": -1.0}, "falloff"),
        ({"record": "tess"}, "storm.record is 'tess'"),
        ({"mass": "1e13 kg"}, "mass belongs to width"),
        ({"width": "60 deg", "record": None, "areal": None}, "width needs mass, or a record"),
        ({"width": "400 deg"}, "storm.width"),
        ({"width": "60 km"}, "storm.width"),
        ({"density": "20 kg / m3"}, "must be in 1 / m3"),
        ({"origin": "2 au"}, "storm: distance is .* inside the origin"),
        ({"spead": 1.0}, "unknown key; did you mean 'speed'"),
    ],
    ids=lambda c: next(iter(c)) if isinstance(c, dict) else "",
)
def test_what_a_storm_cannot_be(change, match):
    with pytest.raises(qsb.SpecError, match=match):
        qsb.plan(stormy(**change))


def test_where_there_is_no_storm():
    with pytest.raises(qsb.SpecError, match="needs speed"):
        qsb.plan(edited("storm", {}))
    ground = stormy()
    ground["source"]["spectrum"] = "g173-global"
    ground["collector"].pop("distance")
    with pytest.raises(qsb.SpecError, match="light at the ground has none"):
        qsb.plan(ground)
    hole = stormy()
    hole["source"] = {"kind": "penrose", "mass": "10 Msun", "spin": 0.9, "feed": "1 kg / s"}
    with pytest.raises(qsb.SpecError, match=r"\[storm\] needs a star"):
        qsb.plan(hole)


@pytest.mark.parametrize("record", ["goes-2012-06-01", "goes-2021-01-01"])
def test_the_mass_of_an_ejection_is_not_taken_from_what_is_no_single_flare(record):
    cone = stormy(width="60 deg", record=record)
    with pytest.raises(SpecError, match=f"the X-rays of {record} are not those of one flare"):
        qsb.run(cone)
    given = qsb.run(stormy(width="60 deg", mass="1e13 kg", record=record))
    assert "ejection_mass" in given
    assert "ejection_over_flare" not in given
