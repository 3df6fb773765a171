"""Sweeps equal their single runs, resume after any interruption, and refuse before they start."""

import json
import os
import signal
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

import qsb
from qsb.runs.batch import in_batches
from sweeps import resumes_after_an_interruption

SPEC = """
[model]
name = "ensemble"
cells = 2
field = 0.5
[[channel]]
kind = "emission"
rate = 0.05
[[stage]]
duration = 2.0
[save]
points = 5
[sweep]
"model.cells" = [1, 2, 3]
"channel.0.rate" = [0.0, 0.1]
"""


def test_a_sweep_is_its_single_runs():
    data = qsb.sweep(SPEC)
    assert data["ergotropy"].dims == ("cells", "rate", "time")
    one = qsb.run(SPEC.split("[sweep]")[0].replace("cells = 2", "cells = 3").replace("0.05", "0.1"))
    np.testing.assert_array_equal(data["ergotropy"].sel(cells=3, rate=0.1), one["ergotropy"])
    assert float(data["peak_power"].sel(cells=3, rate=0.1)) == float(one["peak_power"])


def test_an_executor_gives_the_same():
    with ThreadPoolExecutor(2) as pool:
        other = qsb.sweep(SPEC, executor=pool)
    np.testing.assert_array_equal(other["ergotropy"], qsb.sweep(SPEC)["ergotropy"])


def test_an_interrupted_sweep_resumes(tmp_path, monkeypatch):
    resumes_after_an_interruption(SPEC, "power", tmp_path, monkeypatch)


def test_a_broken_point_is_computed_again(tmp_path):
    qsb.sweep(SPEC, store=tmp_path)
    victim = sorted(tmp_path.glob("*.nc"))[2]
    victim.write_bytes(victim.read_bytes()[:100])
    np.testing.assert_array_equal(qsb.sweep(SPEC, store=tmp_path)["power"], qsb.sweep(SPEC)["power"])


def test_a_killed_sweep_leaves_a_store_that_resumes(tmp_path):
    many = SPEC.replace("[1, 2, 3]", "[1, 2, 3, 4]").replace("[0.0, 0.1]", "{start = 0.0, stop = 0.2, num = 12}")
    (tmp_path / "spec.toml").write_text(many)
    store = tmp_path / "store"
    command = [sys.executable, "-m", "qsb", "run", str(tmp_path / "spec.toml"), "--store", str(store)]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    for _ in range(600):
        if len(list(store.glob("*.nc"))) >= 3:
            break
        time.sleep(0.05)
    os.kill(process.pid, signal.SIGKILL)
    process.wait()
    before = len(list(store.glob("*.nc")))
    assert 3 <= before < 48
    for path in store.glob("*.nc"):
        qsb.read(path)
    data = qsb.sweep(many, store=store)
    assert data["peak_power"].shape == (4, 12)


def test_a_point_that_cannot_be_done_is_refused_before_the_first_one(tmp_path):
    wide = SPEC.replace("field = 0.5", 'field = 0.5\ncoupling = [{axes = "xx", strength = 0.1}]')
    with pytest.raises(qsb.PlanError, match="cells = 30"):
        qsb.sweep(wide.replace("[1, 2, 3]", "[1, 30]"), store=tmp_path)
    assert not list(tmp_path.glob("*.nc"))


def test_a_spec_without_axes_is_refused():
    with pytest.raises(qsb.SpecError, match="sweep"):
        qsb.sweep(SPEC.split("[sweep]")[0])


@pytest.mark.parametrize("store", [False, True])
@pytest.mark.parametrize("points", [5, 21])
def test_rates_that_are_swept_together_have_the_peaks_of_single_runs(points, store):
    """The power jumps at 2.2, between the save times or on one of them: peaks are found beside it all the same."""
    spec = qsb.load_spec(
        {
            "model": {"name": "ensemble", "cells": 2, "field": 0.5, "coupling": [{"axes": "xx", "geometry": "all"}]},
            "channel": [{"kind": "emission", "rate": 0.1}, {"kind": "dephasing", "rate": 0.02}],
            "stage": [
                {"duration": 4.0, "envelope": {"kind": "piecewise", "edges": [0.0, 2.2, 4.0], "values": [0.5, -1.0]}},
                *([{"kind": "store", "duration": 0.3}] if store else []),
            ],
            "save": {"points": points},
            "sweep": {"channel.0.rate": [0.0, 0.1], "channel.1.rate": [0.0, 0.3]},
        }
    )
    together = qsb.run(spec)
    assert in_batches(spec, None) is not None
    assert together.attrs["left_out"] == "{}"
    for point, alone in spec.points():
        one = qsb.run(alone)
        for name in ("peak_power", "peak_power_time", "peak_stored_energy", "peak_ergotropy", "charging_time"):
            key = {f"channel.{k}.rate": point[f"channel.{k}.rate"] for k in (0, 1)}
            assert float(together[name].sel(key)) == pytest.approx(float(one[name]), rel=1e-6)


RATES = SPEC.replace('"model.cells" = [1, 2, 3]\n', "")


def test_steady_states_come_with_a_sweep_over_rates():
    swept = RATES.replace("[0.0, 0.1]", "[0.05, 0.1]").replace("points = 5", "points = 5\nsteady = true")
    one = qsb.run(swept.split("[sweep]")[0])
    data = qsb.run(swept)
    assert set(data.data_vars) == set(one.data_vars)
    assert float(data["steady_ergotropy"][0]) == pytest.approx(float(one["steady_ergotropy"]), abs=1e-12)


def test_arguments_of_a_run_reach_every_point_of_a_sweep():
    told = []
    data = qsb.run(RATES, ["purity"], representation="density", peaks=False, title="mine", progress=told.append)
    assert "peak_power" not in data
    assert "power" not in data
    assert told[-1] == 1.0
    assert json.loads(data.attrs["plan"]) == ["density", "density"]
    assert data.attrs["title"] == "mine"
    assert qsb.load_spec(data.attrs["spec"]).figures == ("purity",)
    with pytest.raises(qsb.SpecError, match="Integrator 'bad' is unknown"):
        qsb.run(RATES, integrator="bad")
