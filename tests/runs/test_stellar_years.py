"""Ensembles of flare years in a spec: against closed forms, their seeds, what is extrapolated, what is refused."""

import json
from dataclasses import replace

import numpy as np
import pytest

import qsb
from qsb.runs.stellar.text import summary
from qsb.stellar.blackbody import BlackbodyStar
from qsb.stellar.constants import NOMINAL_SOLAR_RADIUS
from qsb.stellar.flare_ensemble import required_storage, simulate_ensemble, size_buffers
from qsb.stellar.flare_process import FlareProcess
from qsb.stellar.history import simulate
from qsb.stellar.leaky_buffer import size_leaky_buffers
from qsb.stellar.loss import Loss, Step
from qsb.stellar.store import Store
from qsb.stellar.surge import exponential_storage, quantile_with_interval

from .test_stellar_spec import edited

DWARF = FlareProcess.m_dwarf()
LAW = {"kind": "step", "threshold": "0.1 TJ", "rate": "1e-3 / s"}
QUANTILES = [0.5, 0.9, 0.99]


def spec(**ensemble):
    """An M dwarf at 0.05 au with an ensemble."""
    flares = {"kind": "process", "process": "m-dwarf", "cap": 1.2, "buffer": "ideal"}
    out = edited("flares", flares | {"ensemble": {"members": 800, "quantiles": QUANTILES} | ensemble})
    out["source"] |= {"temperature": "2824 K", "radius": "0.129 Rsun"}
    out["collector"] |= {"distance": "0.05 au"}
    return out


@pytest.fixture(scope="module")
def data():
    """800 years, one each."""
    return qsb.run({**spec(level=0.999), "seed": 5})


def quiet(data):
    """Work of quiet light, W."""
    return float(data["irradiance_total"]) * 1e6 * float(data["work_share"])


def test_the_buffer_is_the_required_storage_of_the_library(data):
    seconds = required_storage(DWARF, 1.2, 800, seed=5)
    for p in QUANTILES:
        wanted = quantile_with_interval(seconds * quiet(data), p, 0.999)
        found = [float(data[f"ensemble_buffer{end}"].sel(quantile=p)) for end in ("", "_low", "_high")]
        assert found == pytest.approx([wanted.value, wanted.low, wanted.high], rel=1e-9)


def test_the_buffer_has_the_losses_of_the_store(data):
    """A store that loses a thousandth a second, at a step more: the library's buffers, and less than without losses."""
    leaky = spec(level=0.999)
    leaky["flares"].pop("buffer")
    leaky["store"] |= {"eta_out": 0.9, "loss": {"baseline": "1e-3 / s", "avalanche": LAW}}
    found = qsb.run({**leaky, "seed": 5})
    store = Store(Loss(1e-3, avalanche=Step(1e11, 1e-3)), eta_out=0.9)
    sized = size_leaky_buffers(store, DWARF, 1.2, 800, seed=5, quiescent=quiet(found))
    for p in QUANTILES:
        wanted = sized.quantile("peak", p, 0.999)
        got = [float(found[f"ensemble_buffer{end}"].sel(quantile=p)) for end in ("", "_low", "_high")]
        assert got == pytest.approx([wanted.value, wanted.low, wanted.high], rel=1e-9)
    assert (found["ensemble_buffer"].values[1:] < 0.9 * data["ensemble_buffer"].values[1:]).all()
    np.testing.assert_array_equal(found["ensemble_flare"], data["ensemble_flare"])
    assert found["ensemble_buffer"].attrs["status"] == "speculative"  # the step is
    assert "store" in found["ensemble_buffer"].attrs["source"]
    part = next(part for part in json.loads(found.attrs["parts"]) if part["name"] == "ensemble")
    assert "losses of the store" in part["what"]


@pytest.mark.parametrize(
    ("store", "match"),
    [
        ({"eta_in": 0.9}, "flares: ensemble: eta_in of the store is 0.9.*buffer = 'ideal'"),
        ({"dephasing": "1e-6 / s"}, "dephasing of the store is 1e-06"),
        ({"loss": {"avalanche": {"kind": "pair", "coefficient": "1e-20 / J s"}}}, "the store has Pair"),
    ],
    ids=["conversion", "dephasing", "law"],
)
def test_losses_that_the_compiled_loop_does_not_know_are_refused(store, match):
    asked = spec()
    asked["store"] |= store
    qsb.plan(asked)
    asked["flares"].pop("buffer")
    with pytest.raises(qsb.SpecError, match=match):
        qsb.plan(asked)


def test_the_buffer_of_one_flare_leaks_as_well():
    """What is above the cap goes in, a share of it dephases or leaks, and what fits below the cap is drawn."""
    asked = spec()
    asked["flares"] = {"kind": "observed", "record": "tess", "begin": "1 h", "cap": 1.2, "buffer": "ideal"}
    asked["time"] = {"duration": "6 h", "steps": 500}
    asked["store"] |= {"eta_in": 0.9, "eta_out": 0.8, "dephasing": "1e-5 / s", "loss": {"baseline": "1e-4 / s"}}
    ideal = qsb.run(asked)
    asked["flares"].pop("buffer")
    leaky = qsb.run(asked)
    assert 0 < float(leaky["buffer_size"]) < float(ideal["buffer_size"])
    above = leaky["inflow_power"].values[1:] - float(leaky["buffer_cap"])
    store = Store(Loss(1e-4), eta_in=0.9, eta_out=0.8, dephasing=1e-5)
    run = simulate(store, leaky["elapsed"].values, np.maximum(above, 0.0), np.maximum(-above, 0.0))
    np.testing.assert_allclose(leaky["buffer_energy"], run.energy, rtol=1e-9, atol=1e-9 * run.energy.max())
    assert "store" in leaky["buffer_size"].attrs["source"]


def test_flares_of_an_ensemble_keep_their_energy_on_a_brighter_star():
    brighter = spec(level=0.999)
    brighter["source"]["radius"] = "0.258 Rsun"
    data = qsb.run({**brighter, "seed": 5})
    star = BlackbodyStar(2824.0, 0.258 * NOMINAL_SOLAR_RADIUS)
    seconds = required_storage(replace(DWARF, luminosity=star.luminosity), 1.2, 800, seed=5)
    wanted = quantile_with_interval(seconds * quiet(data), 0.9, 0.999).value
    assert wanted != pytest.approx(quantile_with_interval(required_storage(DWARF, 1.2, 800, seed=5), 0.9, 0.999).value)
    assert float(data["ensemble_buffer"].sel(quantile=0.9)) == pytest.approx(wanted, rel=1e-9)


def test_the_intervals_hold_the_closed_form_of_the_largest_flare(data):
    for p in QUANTILES:
        low, high = (float(data[f"ensemble_flare_{end}"].sel(quantile=p)) for end in ("low", "high"))
        assert low < DWARF.largest(p) < high
        assert low < float(data["ensemble_flare"].sel(quantile=p)) < high


def test_a_flare_of_another_colour_asks_for_what_the_absorber_makes_of_it():
    asked = spec(level=0.999)
    asked["collector"]["absorber"] = {"kind": "junction", "gap": "1.1 eV"}
    data = qsb.run(asked)
    star = BlackbodyStar(2824.0, 0.129 * NOMINAL_SOLAR_RADIUS)
    # one flare of 9000 K on the cell, W for each W of the flare's own, from the series of the same run
    excess = data["flare_power"].values[1:] / star.luminosity
    k = int(np.argmax(excess))
    gain = (float(data["inflow_power"][k + 1]) / quiet(data) - 1) / excess[k]
    assert gain != pytest.approx(1.0, rel=0.05)
    for p in (0.9, 0.99):
        energy = DWARF.largest(p)
        width = float(DWARF.duration(energy))
        height = gain * quiet(data) * energy / width / star.luminosity
        alone = exponential_storage(height, width, 0.2 * quiet(data))
        low, high = (float(data[f"ensemble_buffer_{end}"].sel(quantile=p)) for end in ("low", "high"))
        assert low < alone < high


def test_seeds(data):
    same = qsb.run({**spec(level=0.999, seed=5), "seed": 1})
    np.testing.assert_array_equal(same["ensemble_buffer"], data["ensemble_buffer"])
    other = qsb.run({**spec(level=0.999, seed=6), "seed": 5})
    assert (other["ensemble_flare"].values != data["ensemble_flare"].values).all()
    np.testing.assert_array_equal(other["flare_power"], data["flare_power"])


def test_what_is_extrapolated_is_said(data):
    # the median of a year's largest flare is near 1e26 J, up to which the law was observed
    far = data["ensemble_extrapolated"].values > 0
    assert far[1:].all()
    np.testing.assert_array_equal(far, data["ensemble_flare"].values > 1e26)
    assert "extrapolated" in data["ensemble_buffer"].attrs["source"]
    assert "0.9, 0.99" in data["ensemble_flare"].attrs["source"]
    assert "extrapolated" in summary(data)
    few = qsb.run(spec(years=0.002, quantiles=[0.5, 0.9]))
    assert few["ensemble_extrapolated"].values.tolist() == [0.0, 0.0]
    assert "extrapolated" not in few["ensemble_buffer"].attrs["source"]
    assert "ensemble" in [part["name"] for part in json.loads(few.attrs["parts"])]


def test_where_a_law_was_observed():
    sun, rare = FlareProcess.solar(), FlareProcess.solar("Okamoto2021")
    assert [sun.extrapolated(e) for e in (5e24, 5e25, 5e27)] == [False, True, False]
    assert [rare.extrapolated(e) for e in (5e24, 5e26, 2e27)] == [False, True, False]


def test_the_ensemble_of_a_record_names_its_process():
    record = spec(process="m-dwarf", per_year=40.0, years=2.0)
    record["flares"] |= {"kind": "observed", "record": "tess", "process": None}
    record["flares"].pop("process")
    data = qsb.run(record)
    assert float(data["ensemble_span"]) == 2 * 365.25 * 86400
    rate = FlareProcess.m_dwarf(per_year=40.0)
    low, high = (float(data[f"ensemble_flare_{end}"].sel(quantile=0.9)) for end in ("low", "high"))
    assert low < rate.largest(0.9, 2.0) < high


def test_a_sweep_keeps_the_quantiles():
    data = qsb.run({**spec(members=300, years=0.02, quantiles=[0.5, 0.9]), "sweep": {"flares.cap": [1.002, 1.005]}})
    assert data["ensemble_buffer"].dims == ("cap", "quantile")
    assert (data["ensemble_buffer"].values[0] > data["ensemble_buffer"].values[1]).all()
    np.testing.assert_array_equal(data["ensemble_flare"].values[0], data["ensemble_flare"].values[1])


def test_buffers_have_the_same_flares_as_stores():
    buffers = size_buffers(DWARF, 1.2, 300, seed=2, years=0.05, quiescent=1e9)
    stores = simulate_ensemble(Store(Loss(1e-8)), DWARF, 300, seed=2, years=0.05, quiescent=1e9)
    assert buffers.largest == pytest.approx(stores.largest, rel=1e-12)
    assert buffers.peak == pytest.approx(1e9 * required_storage(DWARF, 1.2, 300, seed=2, years=0.05), rel=1e-9)
    assert buffers.surge_ratio == pytest.approx(stores.surge_ratio, rel=1e-12)
    assert buffers.status == DWARF.status
    assert np.abs(buffers.leaked).max() < 1e-12 * np.abs(buffers.offered).max()
    assert (buffers.end <= buffers.peak).all()
    with pytest.raises(qsb.SpecError, match="quiescent"):
        size_buffers(DWARF, 1.2, 3, seed=2, quiescent=0.0)
    with pytest.raises(qsb.SpecError, match="above 1"):
        size_buffers(DWARF, 1.0, 3, seed=2)


@pytest.mark.parametrize(
    ("change", "match"),
    [
        ({"members": 300, "quantiles": [0.5, 0.99]}, "needs 368 members or more, but there are 300"),
        ({"quantiles": [0.9, 0.5]}, "must rise"),
        ({"quantiles": [0.5, 1.0]}, "between 0 and 1"),
        ({"level": 1.0}, "level must be between"),
        ({"process": "solar"}, "leave out its own"),
        ({"superflares": "Okamoto2021"}, "process of its own"),
        ({"member": 3}, r"flares\.ensemble\.member: unknown key; did you mean 'members'"),
        ({"years": 1e9}, "flares are to be expected"),
    ],
    ids=lambda c: next(iter(c)) if isinstance(c, dict) else "",
)
def test_what_an_ensemble_cannot_be(change, match):
    with pytest.raises(qsb.SpecError, match=match):
        qsb.plan(spec(**change))


def test_the_fewest_members_have_both_ends():
    data = qsb.run(spec(members=368, years=0.002, quantiles=[0.5, 0.99]))
    assert np.isfinite(data["ensemble_flare_high"]).all()


def test_what_flares_cannot_have_an_ensemble():
    without = spec()
    without["flares"].pop("cap")
    with pytest.raises(qsb.SpecError, match="flares: ensemble: an ensemble sizes a buffer; give cap"):
        qsb.plan(without)
    shaped = spec()
    shaped["flares"]["shape"] = "davenport2014"
    with pytest.raises(qsb.SpecError, match="Davenport 2014; give no shape"):
        qsb.plan(shaped)
    record = edited("flares", {"kind": "observed", "record": "tess", "cap": 1.2, "ensemble": {"members": 400}})
    with pytest.raises(qsb.SpecError, match="needs a process of its own"):
        qsb.plan(record)
    dark = spec()
    dark["collector"]["absorber"] = {"kind": "fraction", "absorptance": 0.5, "ergotropy": 0.0}
    with pytest.raises(qsb.SpecError, match="no work of the flares' light"):
        qsb.plan(dark)
