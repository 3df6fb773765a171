"""Stellar runs: the schema, the physics of the examples, the stamp, and sweeps that resume."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

import qsb
from qsb.quantities import quantity
from qsb.runs.dataset import check
from qsb.runs.stellar.text import summary
from qsb.stellar.blackbody import BlackbodyStar
from qsb.stellar.ceilings import landsberg
from qsb.stellar.hazard import Weibull
from qsb.stellar.junction import shockley_queisser
from qsb.stellar.observed import goes, tess_flare
from qsb.stellar.pulsar import Pulsar
from qsb.stellar.spectrum import astm_e490
from qsb.stellar.status import Status
from qsb.stellar.surge import series_storage
from qsb.units import ELEMENTARY_CHARGE, PLANCK, SPEED_OF_LIGHT
from sweeps import resumes_after_an_interruption

from .test_stellar_spec import BASE, EXAMPLES, edited

NAMES = ("solar-buffer", "m-dwarf-flare", "pulsar", "kerr", "timeline")


@pytest.fixture(scope="module")
def runs():
    """Every stellar example, run once."""
    return {name: qsb.run(EXAMPLES / f"{name}.toml") for name in NAMES}


@pytest.mark.parametrize("name", NAMES)
def test_every_variable_has_unit_status_and_source(runs, name):
    data = check(runs[name])
    for key, values in data.data_vars.items():
        assert values.attrs["units"] == quantity(key).unit
        assert Status(values.attrs["status"])
        assert values.attrs["source"]
    parts = json.loads(data.attrs["parts"])
    assert all(part["status"] and part["reference"] and part["what"] for part in parts)
    speculative = sum(part["status"] == "speculative" for part in parts)
    assert float(data["speculative_share"]) == pytest.approx(speculative / len(parts))
    assert data.attrs["stamp"] == ""


def test_a_number_without_status_is_refused(runs):
    data = runs["kerr"].copy()
    del data["throughput"].attrs["status"]
    with pytest.raises(qsb.SpecError, match="throughput has no status"):
        check(data)


@pytest.mark.parametrize("name", NAMES[:4])
def test_the_ledger_closes_at_every_time(runs, name):
    data = runs[name]
    gone = ("delivered", "conversion", "baseline", "thermal", "avalanche", "clipped")
    spent = data["store_energy"] + sum(data[f"{key}_energy"] for key in gone)
    came = float(data["ledger_start"]) + data["inflow_energy"]
    np.testing.assert_allclose(spent, came, rtol=1e-11, atol=1e-12 * float(came.max()))
    assert float(data["ledger_residual_share"]) <= 1e-12
    spans = sum(
        float(data[f"time_{r}"]) for r in ("below", "sliding", "above", "latched", "smooth") if f"time_{r}" in data
    )
    assert spans == pytest.approx(float(data["elapsed"][-1]), rel=1e-9)
    steps = np.diff(data["elapsed"].values)
    assert float(data["inflow_power"].values[1:] @ steps) == pytest.approx(float(data["ledger_inflow"]), rel=1e-12)


@pytest.mark.parametrize("name", NAMES)
def test_netcdf_gives_the_same_back(runs, name, tmp_path):
    qsb.write(runs[name], tmp_path / "a.nc")
    back = qsb.read(tmp_path / "a.nc")
    assert back.identical(runs[name].assign_coords()) or back.equals(runs[name])
    assert back.attrs == runs[name].attrs
    assert qsb.load_spec(back.attrs["spec"]).to_toml() == runs[name].attrs["spec"]
    assert "qsb" in qsb.citation(back)


def test_the_solar_buffer_carries_the_shade(runs):
    data = runs["solar-buffer"]
    best = shockley_queisser(astm_e490())
    assert float(data["work_share"]) == pytest.approx(best.efficiency, rel=1e-9)
    quiet = best.efficiency * astm_e490().total * 1e6
    # three shades of 0.0485 sidereal days
    shade = 1 - 3 * 0.0485 * 23.93447 / 72
    assert float(data["ledger_inflow"]) == pytest.approx(quiet * shade * 3 * 86400, rel=1e-9)
    assert float(data["served_share"]) == 1.0
    # what the shade draws, less the last bit of it that the ends of the run do not see
    dip = 2e12 - float(data["store_energy"].min())
    assert dip == pytest.approx(365e6 / 0.94 * 0.0485 * 23.93447 * 3600, rel=2e-3)
    sums = json.loads(data.attrs["checksums"])
    xray = goes("2017-09-10")
    assert sums == {"ASTM E490-00a": astm_e490().sha256, xray.name: xray.sha256}


def test_the_flare_asks_for_the_buffer_that_its_record_says(runs):
    data, record = runs["m-dwarf-flare"], tess_flare()
    assert float(data["surge_ratio"]) == pytest.approx(record.flare_surge_ratio(9000.0), rel=1e-14)
    assert float(data["surge_ratio"]) == pytest.approx(2.38, abs=0.005)
    assert json.loads(data.attrs["checksums"]) == {record.name: record.sha256}
    assert next(iter(data.data_vars)) == "surge_ratio"
    # the same from the record's own samples: a flare's photons above the gap give the cell's voltage each
    star = BlackbodyStar(2824.0, 0.129 * 6.957e8, 0.05 * 149597870700.0)
    cell = shockley_queisser(star, gap=1.1 * ELEMENTARY_CHARGE)
    flare = BlackbodyStar(9000.0)
    edge = PLANCK * SPEED_OF_LIGHT / cell.gap
    share = ELEMENTARY_CHARGE * cell.voltage * flare.photon_flux(0.0, edge) / flare.total
    factor = record.flare_surge_ratio(9000.0) / record.surge_ratio * share / cell.efficiency
    part = record.window
    seconds = series_storage(record.times[part], 1 + np.maximum(record.ratio[part], 0) * factor, 1.2)
    quiet = cell.efficiency * star.total * 1e6
    assert float(data["buffer_size"]) == pytest.approx(quiet * seconds, rel=2e-3)


def test_the_pulsar_fades_as_its_closed_form_says(runs):
    data, crab = runs["pulsar"], Pulsar.known("crab")
    steps = np.diff(data["elapsed"].values)
    assert float(data["source_power"].values[1:] @ steps) == pytest.approx(crab.energy(40 * 86400.0), rel=1e-12)
    assert float(data["source_power"][0]) > float(data["source_power"][-1])


def test_the_jets_hold_the_store_at_its_threshold(runs):
    data = runs["kerr"]
    assert float(data["time_sliding"]) > 30 * 86400
    assert float(data["store_energy"].max()) == pytest.approx(4e29, rel=1e-12)
    assert data.attrs["status"] == "speculative"


def test_a_timeline_alone(runs):
    data = runs["timeline"]
    told = json.loads(data.attrs["timeline"])
    assert told["verdict"].startswith("consistent only with a hazard that rises")
    year = 365.25 * 86400
    law = Weibull.through(100 * year, 0.05, 500 * year, 0.25)
    at = data["horizon"].values
    best = [law.probability(float(t)) for t in at]
    np.testing.assert_allclose(data["probability_best"], best, rtol=1e-12)
    assert "ledger_residual" not in data


def test_anchors_of_ones_own():
    anchors = [
        {"time": "10 yr", "low": 0.1, "best": 0.1, "high": 0.1},
        {"time": "20 yr", "low": 0.19, "best": 0.19, "high": 0.19},
        {"time": "30 yr", "low": 0.25, "best": 0.271, "high": 0.3},
    ]
    data = qsb.run({"kind": "stellar", "timeline": {"anchors": anchors, "reference": "here", "risk": "0.01 / yr"}})
    assert json.loads(data.attrs["timeline"])["verdict"] == "consistent"


def test_the_summary_says_the_surge_first_and_every_unit(runs):
    lines = summary(runs["m-dwarf-flare"]).splitlines()
    assert lines[1].startswith("surge ratio: largest excess over quiescent power = 2.38")
    text = summary(runs["solar-buffer"])
    for words in ("ledger_residual", "Waste heat", "radiator_area", "[speculative]", "Sagan", "c^2", "Made of"):
        assert words in text
    assert "surge" not in text


def test_a_surge_that_is_no_power_problem_is_called_so():
    spec = edited("flares", {"kind": "observed", "record": "goes-2017-09-10"})
    assert "WARNING" in summary(qsb.run(spec))


def test_a_drawn_sample_follows_its_seed():
    spec = edited("flares", {"kind": "process", "process": "m-dwarf", "cap": 1.5})
    one, two = (qsb.run({**spec, "seed": 7}) for _ in range(2))
    other = qsb.run({**spec, "seed": 8})
    np.testing.assert_array_equal(one["flare_power"], two["flare_power"])
    assert float(one["flare_energy"]) != float(other["flare_energy"])
    steps = np.diff(one["elapsed"].values)
    inside = float(one["flare_power"].values[1:] @ steps)
    # the flares are those of an M dwarf, over this source's own quiet power
    assert inside > 0
    assert one.attrs["seed"] == 7


BEYOND = {**edited("store.capacity", "1e20 J"), "title": "beyond"}
BEYOND["store"] |= {"mass": "1 kg"}


def test_beyond_a_law_of_nature_it_raises_or_stamps(tmp_path):
    with pytest.raises(qsb.PhysicsBoundError, match=r"1112\.65") as caught:
        qsb.run(BEYOND)
    with pytest.raises(qsb.PhysicsBoundError):
        qsb.plan(BEYOND)
    data = qsb.run({**BEYOND, "allow_unphysical": True})
    assert data.attrs["stamp"] == caught.value.stamp == "VIOLATES c^2 x1112.65"
    assert summary(data).splitlines()[1] == data.attrs["stamp"]
    qsb.write(data, tmp_path / "a.nc")
    assert qsb.read(tmp_path / "a.nc").attrs["stamp"] == data.attrs["stamp"]


def test_a_collector_beyond_its_ceilings_raises_or_stamps():
    spec = edited("collector.absorber", {"kind": "fraction", "absorptance": 1.2, "ergotropy": 0.4})
    with pytest.raises(qsb.PhysicsBoundError, match="Kirchhoff"):
        qsb.run(spec)
    assert "Kirchhoff" in qsb.run({**spec, "allow_unphysical": True}).attrs["stamp"]
    spec = edited("collector.absorber", {"kind": "fraction", "absorptance": 1.0, "ergotropy": 0.95})
    with pytest.raises(qsb.PhysicsBoundError, match="Landsberg"):
        qsb.run(spec)


def test_a_narrow_band_may_give_more_work_a_joule_than_all_light():
    """Landsberg's share is that of the whole light: photons above its mean energy carry less entropy each joule."""
    spec = edited("collector.absorber", {"kind": "bathtub", "width": "100 nm", "ergotropy": 0.935})
    data = qsb.run(spec)
    assert landsberg(5772.0, 300.0) < 0.935
    row = next(row for row in json.loads(data.attrs["bounds"])["rows"] if row["bound"] == "Landsberg")
    assert row["claimed"] == pytest.approx(float(data["work_share"]), rel=1e-15)
    assert row["verdict"] == "ok"


def test_flares_of_a_process_keep_their_energy_on_another_star():
    """Flares have joules of their own: on a brighter star they are a smaller share of its light."""
    spec = edited("flares", {"kind": "process", "process": "m-dwarf"})
    data = qsb.run({**spec, "seed": 7})
    steps = np.diff(data["elapsed"].values)
    inside = float(data["flare_power"].values[1:] @ steps)
    # one may be cut by the end of the run
    assert 0.5 * float(data["flare_energy"]) < inside <= float(data["flare_energy"]) * (1 + 1e-12)


def test_a_recorded_flare_keeps_its_energy_on_another_star():
    """The X8.2 flare under a star of half the Sun's radius and temperature: the same joules, 64 times the share."""
    record = goes("2017-09-10")
    spec = edited("flares", {"kind": "observed", "record": "goes-2017-09-10"})
    spec["source"] |= {"temperature": 2886.0, "radius": "0.5 Rsun"}
    data = qsb.run({**spec, "time": {"duration": 7200.0, "steps": 720}})
    inside = float(data["flare_power"].values[1:] @ np.diff(data["elapsed"].values))
    assert float(data["flare_energy"]) == pytest.approx(record.energy(), rel=1e-12)
    assert inside == pytest.approx(record.energy(), rel=1e-3)
    assert float(data["surge_ratio"]) == pytest.approx(64 * record.surge_ratio, rel=2e-3)


def test_a_quiet_record_counts_no_flare():
    spec = edited("flares", {"kind": "observed", "record": "goes-2021-01-01"})
    assert "flare_count" not in qsb.run(spec)
    assert int(qsb.run(edited("flares", {"kind": "observed", "record": "tess"}))["flare_count"]) == 1


def test_shares_of_an_absorber_say_that_they_are_its_own(runs):
    source = runs["solar-buffer"]["absorptance"].attrs["source"]
    assert "E490" in source
    assert "shockley_queisser" in source
    assert "chosen here" in runs["pulsar"]["work_share"].attrs["source"]


def test_beams_are_said_to_be_counted_as_even(runs):
    collector = next(p for p in json.loads(runs["pulsar"].attrs["parts"]) if p["name"] == "collector")
    assert "even over it" in collector["what"]


def test_a_record_that_ends_too_early_says_so(runs):
    flares = next(p for p in json.loads(runs["m-dwarf-flare"].attrs["parts"]) if p["name"] == "flares")
    assert "lower bounds" in flares["what"]


def test_one_point_beyond_stamps_the_sweep():
    spec = {**edited("sweep", {"store.capacity": ["1 TJ", "1e24 J"]}), "allow_unphysical": True}
    data = qsb.run(spec)
    assert data.attrs["stamp"].startswith("VIOLATES c^2")
    with pytest.raises(qsb.PhysicsBoundError):
        qsb.run({**spec, "allow_unphysical": False})


SWEEP = edited("sweep", {"store.capacity": ["0.1 TJ", "1 TJ", "10 TJ"], "collector.distance": ["0.9 au", "1 au"]})


def test_a_sweep_is_its_single_runs_in_si():
    data = qsb.run(SWEEP)
    assert data["ledger_clipped"].dims == ("capacity", "distance")
    np.testing.assert_allclose(data["capacity"], [1e11, 1e12, 1e13])
    assert data["capacity"].attrs["units"] == "J"
    assert data["distance"].attrs["units"] == "m"
    one = qsb.run(edited("store.capacity", "10 TJ"))
    point = data.isel(capacity=2, distance=1)
    np.testing.assert_array_equal(point["store_energy"], one["store_energy"])
    assert json.loads(data.attrs["plan"]) == ["stellar store"] * 6


def test_series_on_different_times_are_left_out_with_the_reason():
    data = qsb.run(edited("sweep", {"time.steps": [10, 20]}))
    assert "store_energy" not in data
    assert "ledger_end" in data
    assert "different save times" in json.loads(data.attrs["left_out"])["store_energy"]


def test_an_interrupted_sweep_resumes(tmp_path, monkeypatch):
    resumes_after_an_interruption(SWEEP, "ledger_end", tmp_path, monkeypatch)


def test_a_killed_sweep_leaves_a_store_that_resumes(tmp_path):
    many = {**BASE, "sweep": {"store.capacity": {"start": 1e11, "stop": 1e13, "num": 30, "spacing": "log"}}}
    many["time"] = {"duration": "30 d", "steps": 300}
    spec = qsb.load_spec(many)
    path, store = tmp_path / "spec.toml", tmp_path / "store"
    path.write_text(spec.to_toml())
    command = [sys.executable, "-m", "qsb", "run", str(path), "--store", str(store)]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    for _ in range(1200):
        if len(list(store.glob("*.nc"))) >= 3:
            break
        time.sleep(0.05)
    os.kill(process.pid, signal.SIGKILL)
    process.wait()
    before = len(list(store.glob("*.nc")))
    assert 3 <= before < 30
    data = qsb.sweep(spec, store=store)
    assert data["ledger_end"].shape == (30,)


@pytest.mark.parametrize(
    "source",
    [
        {"kind": "penrose", "mass": "10 Msun", "spin": 0.9, "feed": "1 kg / s"},
        {"kind": "accretion", "mass": "10 Msun", "spin": 0.5, "rate": "1e12 kg / s", "fuel": "1e18 kg"},
        {"kind": "pulsar", "period": "0.033 s", "period_derivative": 4e-13},
        {"kind": "fuel", "reaction": "D-T", "mass": "1 kg", "output": "1 GW"},
    ],
    ids=lambda s: s["kind"],
)
def test_every_other_source_runs(source):
    spec = edited("source", source)
    names = {"penrose": "fast matter", "accretion": None, "pulsar": "wind", "fuel": None}
    channel = names[source["kind"]]
    if channel is None:
        with pytest.raises(qsb.SpecError, match="this source has") as caught:
            qsb.run({**spec, "collector": {"share": 0.1}})
        channel = str(caught.value).split("this source has ")[1].split(", ")[0].rstrip(".")
    data = qsb.run({**spec, "collector": {"share": 0.1, "efficiencies": {channel: 0.1}}})
    assert float(data["quiet_power"]) > 0
    assert float(data["source_reservoir"]) > 0
    assert any(p["name"] == f"channel {channel}" for p in json.loads(data.attrs["parts"]))


def test_fuel_runs_out():
    spec = edited("source", {"kind": "fuel", "reaction": "D-T", "mass": "1 kg", "output": "1e10 W"})
    spec["collector"] = {"share": 1.0, "efficiencies": {"alpha particles": 0.3}}
    spec["store"]["capacity"] = None
    spec["store"].pop("capacity")
    data = qsb.run(spec)
    energy = float(data["source_power"].values[1:] @ np.diff(data["elapsed"].values))
    assert energy == pytest.approx(float(data["source_reservoir"]), rel=1e-12)


@pytest.mark.parametrize(
    "absorber",
    [
        {"kind": "bathtub", "width": "0.5 um", "ergotropy": 0.6},
        {"kind": "selective", "concentration": 1000.0},
        {"kind": "junction", "gap": "1.3 eV", "faces": "both"},
    ],
    ids=lambda a: a["kind"],
)
def test_every_absorber_keeps_its_shares_in_order(absorber):
    data = qsb.run(edited("collector.absorber", absorber))
    assert 0 < float(data["work_share"]) < float(data["absorptance"]) <= 1
    seen, taken = data["irradiance"].values, data["taken_irradiance"].values
    assert (taken <= seen * (1 + 1e-12)).all()
    at = data["wavelength"].values
    share = np.trapezoid(taken, at) / np.trapezoid(seen, at)
    assert share == pytest.approx(float(data["absorptance"]), rel=0.03)


@pytest.mark.parametrize(
    "law",
    [
        {"kind": "logistic", "threshold": "0.5 TJ", "rate": "1e-4 / s", "width": "0.05 TJ"},
        {"kind": "pair", "coefficient": "1e-18 / J s"},
        {"kind": "latching", "threshold": "0.5 TJ", "rate": "1e-3 / s", "release": 0.5},
        {"kind": "stochastic", "threshold": "0.5 TJ", "rate": "1e-3 / s", "smallest": "1 GJ", "largest": "100 GJ"},
    ],
    ids=lambda a: a["kind"],
)
def test_every_law_of_avalanches_runs(law):
    spec = edited("store.loss.avalanche", law)
    spec["store"]["passive_loss"] = {"baseline": "1e-6 / s"}
    spec["store"]["eta_in"] = 0.9
    spec["load"] = {"power": "10 MW"}
    data = qsb.run(spec)
    assert float(data["ledger_avalanche"]) > 0
    assert qsb.plan(spec).exact == bool(data.attrs["exact"]) == (law["kind"] not in ("logistic", "pair"))
    assert "passive loss" in data.attrs["parts"]


def test_the_light_of_a_users_table(tmp_path):
    at = np.linspace(0.3, 2.0, 50)
    table = tmp_path / "light.csv"
    table.write_text("\n".join(f"{x},{y}" for x, y in zip(at, np.ones(50), strict=True)))
    source = {
        "kind": "star",
        "spectrum": "table",
        "file": str(table),
        "wavelength_unit": "um",
        "irradiance_unit": "W/m2/um",
    }
    source |= {"temperature": "5000 K", "distance": "1 au", "reference": "a flat lamp"}
    data = qsb.run({**edited("source", source)})
    assert float(data["irradiance_total"]) == pytest.approx(1.7, rel=1e-9)
    assert data["irradiance_total"].attrs["source"] == "a flat lamp"
    assert len(json.loads(data.attrs["checksums"])["light.csv"]) == 64


def test_examples_take_seconds():
    """Every example makes its dataset in a few seconds of one core; imports and figures come on top."""
    spent = {}
    for name in NAMES:
        begin = time.process_time()
        qsb.run(Path(EXAMPLES) / f"{name}.toml")
        spent[name] = time.process_time() - begin
    assert max(spent.values()) < 20, spent
