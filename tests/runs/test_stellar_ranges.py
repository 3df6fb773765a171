"""Ranges of a stellar sweep with units, and the list of what a spec may name."""

import numpy as np
import pytest

import qsb
from qsb.catalogue import CATALOGUES
from qsb.stellar.constants import ASTRONOMICAL_UNIT

from .test_stellar_spec import edited


def axis(path, **values):
    """The values of one swept range."""
    return qsb.load_spec(edited("sweep", {path: values})).axes()[path]


def test_a_range_with_units_is_a_range_in_si():
    found = axis("collector.distance", start="0.5 au", stop="2 au", num=4)
    assert found == pytest.approx([k * ASTRONOMICAL_UNIT for k in (0.5, 1.0, 1.5, 2.0)], rel=1e-14)
    mixed = axis("store.capacity", start=1e11, stop="0.01 PJ", num=3, spacing="log")
    assert mixed == pytest.approx([1e11, 1e12, 1e13], rel=1e-12)
    assert axis("time.steps", start=10, stop=30, num=3) == [10, 20, 30]
    assert axis("store.eta_out", start="50 %", stop=1.0, num=2) == [0.5, 1.0]


def test_a_sweep_over_it():
    spec = edited("sweep", {"collector.distance": {"start": "0.5 au", "stop": "2 au", "num": 4}})
    data = qsb.run(spec)
    assert data["distance"].attrs["units"] == "m"
    np.testing.assert_allclose(data["distance"] / ASTRONOMICAL_UNIT, [0.5, 1.0, 1.5, 2.0])
    flux = data["irradiance_total"].values
    np.testing.assert_allclose(flux / flux[1], [4.0, 1.0, 1 / 2.25, 0.25], rtol=1e-12)
    again = qsb.load_spec(data.attrs["spec"])
    assert again.axes() == qsb.load_spec(spec).axes()
    assert 'start = "0.5 au"' in data.attrs["spec"]


@pytest.mark.parametrize(
    ("path", "values", "match"),
    [
        ("collector.distance", {"start": "0.5 kg", "stop": "2 au", "num": 4}, r"distance: '0\.5 kg' must be in m"),
        ("collector.distance", {"start": "0.5 parsek", "stop": "2 au", "num": 4}, "unknown unit 'parsek'"),
        ("collector.distanse", {"start": "1 au", "stop": "2 au", "num": 4}, "no such key"),
        ("store.passive_loss.baseline", {"start": "1 / s", "stop": "2 / s", "num": 4}, "no such key"),
        ("store.capacity", {"start": "0 J", "stop": "2 J", "num": 4, "spacing": "log"}, "positive start"),
        ("store.capacity", {"start": -1.0, "stop": 2.0, "num": 4, "spacing": "log"}, "positive start"),
        ("store.capacity", {"start": "1 J", "stop": "2 J"}, "num is missing"),
        ("store.capacity", {"start": "1 J", "stop": "2 J", "num": 0}, "sweep.*num"),
        ("store.capacity", 3.0, r"list of values, or \{start, stop, num\}"),
    ],
)
def test_ranges_that_are_none(path, values, match):
    with pytest.raises(qsb.SpecError, match=match):
        qsb.load_spec(edited("sweep", {path: values}))


def test_a_quantum_sweep_has_no_units():
    spec = {"model": {"name": "ensemble", "cells": 1, "field": 0.5}, "stage": [{"duration": 1.0}]}
    with pytest.raises(qsb.SpecError, match="start"):
        qsb.load_spec({**spec, "sweep": {"model.field": {"start": "1 J", "stop": 2.0, "num": 3}}})


def test_the_list_names_what_specs_may_name():
    rows = CATALOGUES["stellar"]()
    named = {
        "source": ["star", "kerr", "penrose", "accretion", "pulsar", "fuel"],
        "absorber": ["fraction", "bathtub", "selective", "junction"],
        "avalanche": ["step", "logistic", "pair", "latching", "stochastic"],
        "flares": ["observed", "process"],
        "spectrum": ["e490", "g173-extraterrestrial", "g173-global", "g173-direct", "blackbody", "table"],
        "record": ["tess", "goes-2012-06-01", "goes-2017-09-10", "goes-2021-01-01", "goes-2025-03-28"],
        "process": ["solar", "m-dwarf"],
        "superflares": ["Okamoto2021", "Vasilyev2024"],
        "shape": ["exponential", "davenport2014", "tovarmendoza2022"],
        "reaction": ["D-T", "D-3He", "4H", "235U"],
        "pulsar": ["crab", "vela"],
    }
    for key, words in named.items():
        assert [row.partition(" ")[2] for row in rows if row.startswith(f"{key} ")] == words
    assert {"known lithium-ion", "known one percent a day", "matter Li-ion cell"} <= set(rows)
    assert all(text and "\n" not in text for text in rows.values())
    assert "concentration" in rows["absorber junction"]
    assert "[measured]" in rows["record tess"]


@pytest.mark.parametrize("row", [row for row in CATALOGUES["stellar"]() if row.startswith(("known ", "matter "))])
def test_listed_losses_and_matter_can_be_named(row):
    key, _, word = row.partition(" ")
    spec = edited("store.loss", {"known": word}) if key == "known" else edited("store.matter", word)
    qsb.plan({**spec, "allow_unphysical": True})
