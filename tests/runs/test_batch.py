"""Sweeps over rates, all points together, against the same points one by one."""

import json

import numpy as np
import pytest

import qsb
from qsb.runs import batch, sweep

SPEC = """
title = "noise"
[model]
name = "ensemble"
cells = 3
field = 0.5
coupling = [{axes = "xx", strength = 0.3, geometry = "all", normalisation = "kac"}]
[[channel]]
kind = "emission"
rate = 0.05
[[channel]]
kind = "dephasing"
rate = 0.02
[[stage]]
duration = 6.0
[save]
points = 61
figures = ["stored_energy", "power", "ergotropy", "average_power"]
[sweep]
"channel.0.rate" = [0.0, 0.1]
"channel.1.rate" = {start = 0.0, stop = 0.1, num = 3}
"""


def one_by_one(spec, monkeypatch):
    """Return the same sweep without batches."""
    monkeypatch.setattr(sweep, "in_batches", lambda *_: None)
    return qsb.sweep(spec)


@pytest.mark.parametrize("peaks", ["true", "false"])
def test_together_is_one_by_one(monkeypatch, peaks):
    spec = SPEC.replace("points = 61", f"points = 61\npeaks = {peaks}")
    seen = []
    together = qsb.sweep(spec, progress=seen.append)
    assert seen[-1] == 1.0
    apart = one_by_one(spec, monkeypatch)
    assert set(together.data_vars) == set(apart.data_vars)
    assert dict(together.sizes) == dict(apart.sizes)
    assert ("peak_power" in together) == (peaks == "true")
    for name in together.data_vars:
        assert together[name].dims == apart[name].dims
        assert together[name].attrs == apart[name].attrs
        loose = 1e-4 if name.endswith("time") else 2e-6 if name == "peak_ergotropy" else 1e-8
        np.testing.assert_allclose(together[name], apart[name], rtol=0, atol=loose, err_msg=name)
    for key in ("spec", "title", "fingerprint", "charging_time_of", "exact", "conventions"):
        assert together.attrs[key] == apart.attrs[key], key
    assert len(json.loads(together.attrs["plan"])) == 6
    assert json.loads(together.attrs["left_out"]) == json.loads(apart.attrs["left_out"])


def test_a_sweep_over_rates_goes_together(monkeypatch):
    taken = []
    inner = batch.Family.solve
    monkeypatch.setattr(batch.Family, "solve", lambda *a: (taken.append(len(a[1])), inner(*a))[1])
    qsb.sweep(SPEC)
    assert taken[0] == 6


@pytest.mark.parametrize(
    "change",
    [
        ('"channel.0.rate" = [0.0, 0.1]', '"model.field" = [0.1, 0.2]'),
        ("cells = 3", "cells = 12"),
        ("duration = 6.0", 'duration = 6.0\nenvelope = {kind = "cosine", frequency = 1.0}'),
    ],
    ids=["not a rate", "too large", "driven"],
)
def test_other_sweeps_go_one_by_one(change):
    spec = qsb.load_spec(SPEC.replace(*change))
    assert batch.in_batches(spec) is None


@pytest.mark.parametrize("bad", ["-0.1", "nan", "inf", '"much"', "true"])
def test_bad_rates_are_refused_by_name(bad):
    with pytest.raises(qsb.QsbError, match=r"rate|channel"):
        qsb.sweep(SPEC.replace("[0.0, 0.1]", f"[0.0, {bad}]"))


def test_a_store_still_gets_every_point(tmp_path):
    data = qsb.sweep(SPEC, store=tmp_path)
    assert len(list(tmp_path.glob("*.nc"))) == 6
    np.testing.assert_allclose(data["ergotropy"], qsb.sweep(SPEC)["ergotropy"], rtol=0, atol=1e-9)


@pytest.mark.parametrize("points", [5, 61])
@pytest.mark.parametrize("figure", ["ergotropy_fraction", "self_discharge_rate"])
def test_the_largest_of_what_is_no_number_is_refused(figure, points):
    """At t = 0 the battery holds nothing: there is no fraction of it, and no rate at which it is lost."""
    spec = SPEC.replace("points = 61", f'points = {points}\ncharging_time_of = "{figure}"')
    with pytest.raises(qsb.SpecError, match=rf"{figure} is no number at t = 0, .*charging_time_of"):
        qsb.sweep(spec)
    alone = qsb.load_spec(spec).points()[1][1]
    with pytest.raises(qsb.SpecError, match=rf"{figure} is no number at t = 0, .*charging_time_of"):
        qsb.run(alone)
