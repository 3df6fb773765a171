"""Spec files: they load, run and come back; every wrong key and value is refused with its path."""

import copy
import math
from pathlib import Path

import numpy as np
import pytest

import qsb
from qsb.runs.spec import Spec

EXAMPLES = sorted((Path(__file__).parents[2] / "examples").glob("*.toml"))
BASE = {
    "title": "t",
    "model": {"name": "ensemble", "cells": 2, "field": 0.5, "coupling": [{"axes": "xx", "strength": 0.3}]},
    "channel": [{"kind": "emission", "rate": 0.05}],
    "stage": [{"kind": "charge", "duration": 2.0}],
    "save": {"points": 5, "figures": ["stored_energy", "ergotropy"]},
}


def edited(path, value):
    """Return the base spec with one dotted path set."""
    out = copy.deepcopy(BASE)
    here = out
    *way, last = path.split(".")
    for part in way:
        here = here[int(part)] if isinstance(here, list) else here.setdefault(part, {})
    here[last] = value
    return out


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda p: p.stem)
def test_examples_load_and_come_back(path):
    spec = qsb.load_spec(path)
    assert qsb.load_spec(spec.to_toml()) == spec
    for _, point in spec.points():
        assert qsb.plan(point).exact


def test_examples_run():
    data = qsb.run(next(p for p in EXAMPLES if p.stem == "charge-store-discharge"))
    assert data["stored_energy"].sizes["time"] == 221
    million = qsb.run(next(p for p in EXAMPLES if p.stem == "million-cells"))
    assert int(million["cells"]) == 10**6


def test_a_spec_is_the_problem_it_says():
    data = qsb.run(BASE)
    battery = qsb.models.ensemble(2, field=0.5, coupling={"axes": "xx", "strength": 0.3})
    problem = qsb.Problem(battery, qsb.quench(2.0), [qsb.emission(0.05)], np.linspace(0, 2, 5))
    np.testing.assert_array_equal(data["ergotropy"], qsb.run(problem)["ergotropy"])
    assert data.attrs["fingerprint"] == problem.fingerprint
    assert Spec.of(data.attrs["spec"]) == Spec.of(BASE)


@pytest.mark.parametrize(
    ("path", "value", "words"),
    [
        ("model.celss", 3, ["model", "celss", "cells"]),
        ("model.name", "ensmble", ["ensemble"]),
        ("model.name", "custom", ["Python"]),
        ("model.cells", 0, ["model", "cells", "0"]),
        ("model.cells", 2.5, ["cells"]),
        ("model.field", math.nan, ["field", "nan"]),
        ("model.field", [0.1, 0.2, 0.3], ["field", "2"]),
        ("model.coupling.0.axs", "xx", ["coupling.0.axs", "axes"]),
        ("model.coupling.0.geometry", "chian", ["coupling.0", "chain"]),
        ("model.coupling.0.axes", "xw", ["axes", "xw"]),
        ("channel.0.rate", -0.1, ["channel.0", "negative", "-0.1"]),
        ("channel.0.rate", math.nan, ["channel.0", "nan"]),
        ("channel.0.rate", "much", ["channel.0.rate", "much"]),
        ("channel.0.rte", 1.0, ["channel.0.rte", "'rate'"]),
        ("channel.0.kind", "emision", ["channel.0.kind", "'emission'"]),
        ("channel.0.nbar", 0.1, ["channel.0", "thermal"]),
        ("stage.0.duration", -1.0, ["stage.0", "-1.0"]),
        ("stage.0.envelope", "cosin", ["stage.0.envelope", "'cosine'"]),
        ("stage.0.envelope", "gaussian", ["stage.0.envelope.centre"]),
        ("stage.0.envelope", {"kind": "cosine", "frequncy": 1.0}, ["frequncy", "'frequency'"]),
        ("stage.0.envelope", {"kind": "gaussian", "centre": 1.0, "width": 0.0}, ["stage.0", "width"]),
        ("stage", [], ["stage"]),
        ("stgae", [], ["stgae", "'stage'"]),
        ("save.figures", ["ergotrophy"], ["'ergotropy'"]),
        ("save.times", [1.0], ["points or times"]),
        ("save.points", 0, ["save.points", "0"]),
        ("save.figures", ["subset_ergotropy"], ["cells"]),
        ("save.figures", ["entanglement_entropy"], ["cut"]),
        ("save.charging_time_of", "peak_power", ["charging_time_of"]),
        ("start", {"state": "thermal"}, ["start", "temperature"]),
        ("start", {"state": "up", "temperature": 1.0}, ["start", "temperature"]),
        ("start", {"state": "product", "bloch": [1.0, 1.0, 1.0]}, ["start", "longer than 1"]),
        ("start", {"state": "grond"}, ["start.state", "'ground'"]),
        ("solve.tolerance", 0.0, ["tolerance"]),
        ("solve.representation", "tensor", ["tensor", "mps", "density"]),
        ("solve.memory", "lots", ["lots", "GiB"]),
        ("solve.sede", 1, ["solve.sede", "'seed'"]),
        ("sweep", {"model.celss": [1, 2]}, ["celss", "'cells'"]),
        ("sweep", {"channel.1.rate": [0.1]}, ["channel", "'1'"]),
        ("sweep", {"chanel.0.rate": [0.1]}, ["'channel'"]),
        ("sweep", {"model.cells": []}, ["sweep.model.cells"]),
        ("sweep", {"model.cells": {"start": 1, "stop": 3}}, ["num"]),
        ("sweep", {"model.cells": 3}, ["list"]),
    ],
)
def test_what_is_wrong_is_named(path, value, words):
    with pytest.raises(qsb.SpecError) as caught:
        qsb.run(edited(path, value))
    for word in words:
        assert word in str(caught.value)


@pytest.mark.parametrize(("source", "words"), [("none.toml", "none.toml"), ("a = = 1", "TOML"), (3, "path")])
def test_sources_that_are_none(source, words):
    with pytest.raises(qsb.SpecError, match=words):
        qsb.load_spec(source)


@pytest.mark.parametrize(
    "envelope",
    [
        "constant",
        {"kind": "cosine", "frequency": 1.0, "phase": 0.1},
        {"kind": "gaussian", "centre": 1.0, "width": 0.2},
        {"kind": "ramp", "start": 0.0, "end": 1.0, "duration": 1.0},
        {"kind": "sine-ramp", "start": 0.0, "end": 1.0, "duration": 1.0},
        {"kind": "piecewise", "edges": [0.0, 1.0, 2.0], "values": [1.0, -1.0]},
        {"kind": "table", "times": [0.0, 1.0, 2.0], "values": [0.0, 1.0, 0.0]},
    ],
    ids=lambda e: e if isinstance(e, str) else e["kind"],
)
def test_every_envelope_runs_and_comes_back(envelope):
    spec = Spec.of(edited("stage.0.envelope", envelope))
    assert qsb.load_spec(spec.to_toml()) == spec
    assert float(qsb.run(spec)["peak_stored_energy"]) > 0


@pytest.mark.parametrize(
    ("start", "energy"),
    [
        ({"state": "ground"}, -1.0),
        ({"state": "down"}, -1.0),
        ({"state": "up"}, 1.0),
        ({"state": "thermal", "temperature": 0.5}, -math.tanh(1.0)),
        ({"state": "product", "bloch": [0.0, 0.0, 0.5]}, 0.5),
        ({"state": "product", "bloch": [[0.0, 0.0, 0.5], [0.6, 0.0, 0.0]]}, 0.25),
    ],
)
def test_every_start(start, energy):
    data = qsb.run(edited("start", start), ["energy_above_ground"])
    assert float(data["energy_above_ground"][0]) + float(data["ground_energy"]) == pytest.approx(energy, abs=1e-12)


def test_one_point_is_the_end():
    assert qsb.run(edited("save.points", 1))["time"].values.tolist() == [2.0]


def test_axes_and_their_names():
    spec = Spec.of(
        edited(
            "sweep",
            {
                "model.cells": {"start": 1, "stop": 3, "num": 3},
                "channel.0.rate": {"start": 0.01, "stop": 1.0, "num": 3, "spacing": "log"},
            },
        )
    )
    axes = spec.axes()
    assert axes["model.cells"] == [1, 2, 3]
    np.testing.assert_allclose(axes["channel.0.rate"], [0.01, 0.1, 1.0])
    points = spec.points()
    assert len(points) == 9
    assert points[1][0] == {"cells": 1, "rate": pytest.approx(0.1)}
    two = edited("channel", [{"kind": "emission", "rate": 0.1}, {"kind": "dephasing", "rate": 0.1}])
    two["sweep"] = {"channel.0.rate": [0.1], "channel.1.rate": [0.2]}
    assert list(Spec.of(two).points()[0][0]) == ["channel.0.rate", "channel.1.rate"]


@pytest.mark.parametrize(
    "wrong", [["charge"], ["charge", "store"], [], {}, {"a": 1}, 1, 1.5, True, np.ones(2)], ids=repr
)
@pytest.mark.parametrize("path", ["stage.0.kind", "channel.0.kind", "start.state", "stage.0.envelope.kind"])
def test_a_kind_that_is_no_word_is_refused_with_its_path_and_the_known_ones(path, wrong):
    spec = edited("stage.0.envelope", {"kind": "constant"})
    *way, last = path.split(".")
    here = spec.setdefault("start", {}) if way == ["start"] else spec
    for part in way if way != ["start"] else ():
        here = here[int(part)] if isinstance(here, list) else here[part]
    here[last] = wrong
    with pytest.raises(qsb.SpecError, match=path.removesuffix(".kind")) as caught:
        Spec.of(spec).problem()
    known = {"stage.0.kind": "charge", "channel.0.kind": "emission", "start.state": "ground"}.get(path, "constant")
    assert known in str(caught.value)


def test_nothing_in_a_spec_is_evaluated():
    with pytest.raises(qsb.SpecError):
        qsb.run(edited("model.field", "__import__('os').getcwd()"))
