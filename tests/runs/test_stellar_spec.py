"""Stellar specs: numbers with units, refusals with the nearest key, round trips, and what importing them costs."""

import copy
import math
import subprocess
import sys
import tomllib
from pathlib import Path

import numpy as np
import pytest

import qsb
from qsb.runs.stellar.inputs import inputs_of
from qsb.runs.stellar.measure import measure
from qsb.runs.stellar.parts import Part
from qsb.runs.stellar.scene import scene_of
from qsb.runs.stellar.spec import StellarSpec
from qsb.stellar.status import Status

EXAMPLES = Path(__file__).parents[2] / "examples"
BASE = {
    "kind": "stellar",
    "source": {"kind": "star", "spectrum": "blackbody", "temperature": "5772 K", "radius": "1 Rsun"},
    "collector": {
        "area": "1 km2",
        "distance": "1 au",
        "absorber": {"kind": "fraction", "absorptance": 0.7, "ergotropy": 0.4},
    },
    "store": {"capacity": "1 TJ", "mass": "1e7 kg", "loss": {"baseline": "1e-8 / s"}},
    "load": {"power": "300 MW"},
    "time": {"duration": "1 d", "steps": 24},
}


def edited(path, value):
    """The base spec with one dotted path set, or taken away for None."""
    out = copy.deepcopy(BASE)
    here = out
    *way, last = path.split(".")
    for part in way:
        here = here.setdefault(part, {})
    if value is None:
        del here[last]
    else:
        here[last] = value
    return out


@pytest.mark.parametrize(
    ("text", "unit", "value"),
    [
        ("1 au", "m", 149597870700.0),
        ("1e6 km2", "m2", 1e12),
        ("2 km^2", "m^2", 2e6),
        ("50 kWh", "J", 1.8e8),
        ("1 kW h", "J", 3.6e6),
        ("1 %", "", 0.01),
        ("3 / yr", "1 / s", 3 / (365.25 * 86400)),
        ("1 Msun/yr", "kg / s", 1.3271244e20 / 6.67430e-11 / (365.25 * 86400)),
        ("10 min", "s", 600.0),
        ("1 mG", "T", 1e-7),
        ("0.8 eV", "J", 0.8 * 1.602176634e-19),
        ("4.2 W / m2", "W / m^2", 4.2),
        ("1 g cm^2", "kg m2", 1e-7),
        ("7 MJ/kg", "J / kg", 7e6),
        (3, "m", 3.0),
        ("2.5", "", 2.5),
    ],
)
def test_units(text, unit, value):
    assert measure(text, unit) == pytest.approx(value, rel=1e-15)


@pytest.mark.parametrize(
    ("text", "unit", "words"),
    [
        ("1 aux", "m", ["'aux'", "'au'"]),
        ("1 kg", "m", ["1 kg", "in m"]),
        ("1 m", "", ["pure number"]),
        ("much", "m", ["much", "1 m"]),
        (True, "m", ["True"]),
        (math.inf, "m", ["inf"]),
        ("1e999 m", "m", ["finite"]),
        ("1e-308 K", "K", ["1e-308", "smaller"]),
        (-1e-70, "", ["-1e-70", "smaller"]),
        (1e61, "s", ["larger"]),
        ([1], "m", ["[1]"]),
        ("1 m2", "m", ["in m"]),
    ],
)
def test_units_that_are_refused(text, unit, words):
    with pytest.raises(qsb.SpecError) as caught:
        measure(text, unit)
    for word in words:
        assert word in str(caught.value)


@pytest.mark.parametrize(
    ("path", "value", "words"),
    [
        ("kind", "stelar", ["kind", "'stellar'"]),
        ("sorce", {}, ["sorce", "'source'"]),
        ("source.temperatur", 1.0, ["source.temperatur", "'temperature'"]),
        ("source.kind", "sun", ["source is 'sun'", "star"]),
        ("source.temperature", "5 m", ["source.temperature", "in K"]),
        ("source.file", "a.csv", ["source", "file", "table"]),
        ("source.radius", None, ["source", "radius"]),
        ("collector.distanse", "1 au", ["collector.distanse", "'distance'"]),
        ("collector.absorber.kind", "bathtube", ["collector.absorber", "'bathtub'"]),
        ("collector.absorber.width", 1.0, ["collector.absorber.width", "absorptance"]),
        ("collector.absorber", None, ["collector", "absorber"]),
        ("collector.efficiencies", {"jets": 0.1}, ["collector", "efficiencies"]),
        ("collector.area", -1.0, ["collector.area", "-1.0", "greater than 0"]),
        ("store.dephasing", "-1 / s", ["store.dephasing", "greater than or equal to 0"]),
        ("store.capcity", "1 J", ["store.capcity", "'capacity'"]),
        ("store.capacity", "1 W", ["store.capacity", "in J"]),
        ("store.eta_in", 1.5, ["store", "eta_in", "1.5"]),
        ("store.status", "sure", ["store.status", "measured"]),
        ("store.loss", {"known": "lithium"}, ["store", "loss", "'lithium-ion'"]),
        ("store.loss.known", "lithium-ion", ["store.loss", "known or baseline"]),
        ("store.loss.avalanche", {"kind": "stop"}, ["store.loss.avalanche", "'step'"]),
        ("store.loss.avalanche", {"kind": "step", "treshold": 1.0}, ["treshold", "'threshold'"]),
        ("store.loss.avalanche", {"kind": "step", "threshold": 1.0, "rate": -1.0}, ["store", "loss", "rate"]),
        ("store.matter", "unobtainium", ["unobtainium"]),
        ("load.power", None, ["load", "power"]),
        ("load", {"edges": [0.0, 1.0], "powers": [1.0, 2.0]}, ["load", "2 edges", "2 powers"]),
        ("load", {"edges": [1.0, 2.0], "powers": [1.0]}, ["rise from 0"]),
        ("load", {"edges": [0.0, 1.0], "powers": [-1.0]}, ["load.powers.0", "-1.0"]),
        ("time.steps", 0, ["time.steps", "0"]),
        ("time.duration", "0 s", ["time", "duration"]),
        ("time", None, ["time", "must be given"]),
        ("collector.shade", {"period": 0.0, "share": 0.1}, ["shade", "period"]),
        ("flares", {"kind": "observed", "record": "tes"}, ["flares.record", "'tess'"]),
        ("flares", {"kind": "observed", "record": "tess", "cap": 0.9}, ["flares", "cap", "0.9"]),
        ("flares", {"kind": "process", "process": "m-dwarf", "superflares": "Okamoto2021"}, ["flares", "superflares"]),
        ("report", "../there", ["report", "name of a folder"]),
        ("sweep", {"store.capacity": []}, ["sweep.store.capacity"]),
        ("sweep", {"stor.capacity": [1.0]}, ["'store'"]),
        ("sweep", {"store.capcity": [1.0]}, ["capcity", "'capacity'"]),
        ("timeline", {"anchors": [{"time": "1 yr", "low": 0.1, "best": 0.1, "high": 0.1}]}, ["timeline", "reference"]),
    ],
)
def test_what_is_wrong_is_named(path, value, words):
    with pytest.raises(qsb.SpecError) as caught:
        qsb.run(edited(path, value))
    for word in words:
        assert word in str(caught.value)


def test_flares_belong_to_stars():
    with pytest.raises(qsb.SpecError, match="flares"):
        qsb.run(
            {**edited("source", {"kind": "pulsar", "name": "crab"}), "flares": {"kind": "observed", "record": "tess"}}
        )


@pytest.mark.parametrize(
    ("source", "words"),
    [
        ({"kind": "pulsar"}, ["period"]),
        ({"kind": "pulsar", "name": "crab", "period": 1.0}, ["crab", "period"]),
        ({"kind": "kerr", "mass": "1 Msun", "spin": 2.0, "field": 1.0}, ["source", "spin"]),
        ({"kind": "fuel", "reaction": "D-D", "mass": 1.0, "output": 1.0}, ["source", "D-T"]),
        ({"kind": "accretion", "mass": "1 Msun", "rate": "1 Msun / yr", "fuel": 1.0}, ["source", "Eddington"]),
    ],
)
def test_other_sources_are_checked(source, words):
    spec = edited("source", source)
    spec["collector"] = {"share": 0.1, "efficiencies": {"jets": 0.5}}
    with pytest.raises(qsb.SpecError) as caught:
        qsb.run(spec)
    for word in words:
        assert word in str(caught.value)


def test_the_known_channels_are_named():
    spec = {**edited("source", {"kind": "pulsar", "name": "crab"}), "collector": {"share": 0.1}}
    with pytest.raises(qsb.SpecError, match="wind, gamma rays, radio beam"):
        qsb.run(spec)
    spec["collector"] = {"share": 0.1, "efficiencies": {"radio": 0.5}}
    with pytest.raises(qsb.SpecError, match="no channel 'radio'"):
        qsb.run(spec)


@pytest.mark.parametrize("path", sorted(EXAMPLES.glob("*.toml")), ids=lambda p: p.stem)
def test_every_stellar_example_comes_back_in_si(path):
    if tomllib.loads(path.read_text(encoding="utf-8")).get("kind") != "stellar":
        return
    spec = qsb.load_spec(path)
    assert isinstance(spec, StellarSpec)
    assert qsb.load_spec(spec.to_toml()) == spec
    assert qsb.load_spec(spec.to_toml()).to_toml() == spec.to_toml()


def test_texts_and_numbers_are_the_same_spec():
    other = copy.deepcopy(BASE)
    other["collector"] |= {"area": 1e6, "distance": 149597870700.0}
    assert StellarSpec.of(other).to_toml() == StellarSpec.of(BASE).to_toml()


def test_shade_is_exact_on_any_grid():
    shade = {"period": "5 h", "share": 0.3, "begin": "1.3 h"}
    powers = []
    for steps in (1, 24, 1001):
        spec = edited("collector.shade", shade)
        spec["time"] = {"duration": "25 h", "steps": steps}
        scene = scene_of(StellarSpec.of(spec))
        powers.append(float(scene.taken.met.mean()))
        assert scene.taken.met.min() >= 0
    quiet = float(scene_of(StellarSpec.of(BASE)).taken.met[0])
    # five whole periods: the same share wherever they begin
    np.testing.assert_allclose(powers, 0.7 * quiet, rtol=1e-12)


def test_a_profile_of_the_load_comes_back():
    spec = edited("load", {"edges": ["0 h", "2 h", "3 h"], "powers": ["1 W", "4 W"]})
    demand = scene_of(StellarSpec.of(spec)).demand
    np.testing.assert_allclose(demand[:6], [1, 1, 4, 1, 1, 4], rtol=1e-12)


def test_every_number_that_is_put_in_has_unit_source_and_status():
    spec = StellarSpec.of(BASE)
    part = Part("store", "", Status.SPECULATIVE, "")
    found = {i.path: i for i in inputs_of(spec, (part,))}
    capacity = found["store.capacity"]
    assert (capacity.value, capacity.unit, capacity.source) == (1e12, "J", "given in the spec")
    assert capacity.status is Status.SPECULATIVE
    assert found["store.eta_out"].source == "default"
    assert found["radiator.temperature"].unit == "K"
    assert found["store.loss.baseline"].unit == "1/s"
    assert all(i.source and i.status for i in found.values())


def test_quantum_settings_beside_a_stellar_spec_are_refused():
    with pytest.raises(qsb.SpecError, match="figures, seed"):
        qsb.run(BASE, ["power"], seed=3)
    with pytest.raises(qsb.SpecError, match="representation"):
        qsb.plan(BASE, representation="ket")


def test_a_quantum_spec_loads_nothing_stellar():
    code = (
        "import sys, qsb; qsb.load_spec({'model': {'name': 'ensemble', 'cells': 1}, 'stage': [{'duration': 1.0}]});"
        "print([m for m in sys.modules if 'stellar' in m])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, check=True, text=True)
    assert done.stdout.strip() == "[]"


def test_words_have_no_unit_and_choices_are_no_knowledge():
    spec = StellarSpec.of(BASE)
    part = Part("source", "", Status.MEASURED, "")
    found = {i.path: i for i in inputs_of(spec, (part,))}
    assert found["source.kind"].unit == ""
    assert found["source.temperature"].status is Status.ENGINEERING
    cited = StellarSpec.of(edited("source.reference", "a paper"))
    assert {i.path: i for i in inputs_of(cited, (part,))}["source.temperature"].status is Status.MEASURED
    alone = StellarSpec.of({"kind": "stellar", "timeline": {}})
    assert {i.path.split(".")[0] for i in inputs_of(alone, ())} == {"timeline"}
