"""Modulations of flares in a spec: numbers, seeds, parts, ensembles, and what is refused."""

import json

import numpy as np
import pytest

import qsb
from qsb.runs.stellar.inputs import inputs_of
from qsb.runs.stellar.parts import Part
from qsb.runs.stellar.scene import scene_of
from qsb.runs.stellar.spec import StellarSpec
from qsb.runs.stellar.text import summary
from qsb.stellar.constants import YEAR
from qsb.stellar.flare_process import FlareProcess
from qsb.stellar.modulated import ModulatedFlares
from qsb.stellar.modulated_ensemble import size_modulated_buffers
from qsb.stellar.modulation import Rhythms
from qsb.stellar.radio_flux import solar_radio_flux
from qsb.stellar.status import Status
from qsb.stellar.surge import quantile_with_interval

from .test_stellar_spec import edited


def flaring(modulation=None, **keys):
    """The Sun's flares over 8 years, with a modulation."""
    flares = {"kind": "process", "process": "solar", "per_year": 500} | keys
    if modulation is not None:
        flares["modulation"] = modulation
    out = edited("flares", flares)
    out["source"] = {"kind": "star", "spectrum": "e490"}
    out["time"] = {"duration": "8 yr", "steps": 96}
    out["seed"] = 4
    return out


def test_a_run_without_a_modulation_is_unchanged():
    plain = qsb.run(flaring())
    flat = qsb.run(flaring({"kind": "cycle", "amplitude": 0.0, "rotation_amplitude": 0.0}))
    assert float(plain["flare_energy"]) == float(flat["flare_energy"])
    assert float(plain["flare_count"]) == float(flat["flare_count"])
    assert flat["flare_power"].values == pytest.approx(plain["flare_power"].values, rel=1e-9)
    assert "flare_rate" not in plain
    assert "flares_expected" not in plain
    assert not any(part["name"] == "modulation" for part in json.loads(plain.attrs["parts"]))


def test_the_cycle_of_a_run():
    data = qsb.run(flaring({"kind": "cycle", "crest": "1 yr"}))
    law = ModulatedFlares(FlareProcess.solar(per_year=500), Rhythms.solar(0.0))
    rate, steps = data["flare_rate"].values[1:], np.diff(data["elapsed"].values)
    expected = float(data["flares_expected"])
    assert rate @ steps == pytest.approx(expected, rel=1e-12)
    assert data["flare_rate"].attrs["units"] == "1/s"
    assert rate[8:16].mean() > 3 * rate[-16:].mean()
    assert rate.mean() == pytest.approx(law.rate, rel=0.5)
    assert abs(float(data["flare_count"]) - expected) < 4 * expected**0.5
    (part,) = [p for p in json.loads(data.attrs["parts"]) if p["name"] == "modulation"]
    assert part["status"] == "engineering estimate"
    assert "11 yr" in part["what"]
    assert "stellar-flares" in part["reference"]
    assert "flares_expected" in summary(data)
    listed = json.loads(data.attrs["flares"])
    assert len(listed) == 20
    assert max(f["energy_J"] for f in listed) <= float(data["flare_energy"])
    assert max(f["surge"] for f in listed) == pytest.approx(float(data["surge_ratio"]), rel=1e-12)


def test_the_radio_flux_of_a_run():
    data = qsb.run(flaring({"kind": "f10.7", "begin": "2001-01-01"}))
    index = solar_radio_flux().index("2001-01-01")
    wanted = 500 / YEAR * float(index.exposure(8 * YEAR))
    assert float(data["flares_expected"]) == pytest.approx(wanted, rel=1e-12)
    assert json.loads(data.attrs["checksums"])["F10.7"] == solar_radio_flux().sha256
    spec = StellarSpec.of(data.attrs["spec"])
    parts = tuple(
        Part(p["name"], p["what"], Status(p["status"]), p["reference"]) for p in json.loads(data.attrs["parts"])
    )
    said = {i.path: (i.value, i.unit, i.source) for i in inputs_of(spec, parts)}
    assert said["flares.modulation.begin"] == ("2001-01-01", "", "given in the spec")
    assert said["flares.modulation.quiet"] == (65.0, "", "default")


def test_a_file_of_ones_own(tmp_path):
    path = tmp_path / "flux.csv"
    days = np.datetime64("2000-01-01") + np.arange(4000)
    path.write_text("date,sfu\n" + "".join(f"{day},{65 + k % 3}\n" for k, day in enumerate(days)))
    index = {"kind": "f10.7", "begin": "2000-01-01", "file": str(path), "reference": "my antenna"}
    data = qsb.run(flaring(index))
    assert float(data["flares_expected"]) == pytest.approx(4000, rel=1e-3)
    (part,) = [p for p in json.loads(data.attrs["parts"]) if p["name"] == "modulation"]
    assert part["reference"] == "my antenna"


def test_an_ensemble_lives_through_the_modulation():
    keys = {"process": "m-dwarf", "per_year": 400, "cap": 1.001}
    asked = {"members": 300, "quantiles": [0.5, 0.9], "seed": 3, "level": 0.9}
    cycle = {"kind": "cycle", "crest": "0.5 yr", "reference": "assumed"}
    spec = flaring(cycle, **keys, ensemble=asked)
    spec["source"] = {"kind": "star", "spectrum": "blackbody", "temperature": "2824 K", "radius": "0.129 Rsun"}
    spec["time"] = {"duration": "1 d", "steps": 4}
    data = qsb.run(spec)
    law = Rhythms((Rhythms.solar(0.5 * YEAR).parts[0], Rhythms.solar().parts[1]), "crests of their own")
    flares = ModulatedFlares(FlareProcess.m_dwarf(per_year=400), law)
    power = float(data["irradiance_total"]) * 1e6 * float(data["work_share"])
    store = scene_of(StellarSpec.of(data.attrs["spec"])).store
    ideal = qsb.run(spec | {"flares": spec["flares"] | {"buffer": "ideal"}})
    for run, losses in ((data, store), (ideal, None)):
        wanted = size_modulated_buffers(flares, 1.001, 300, seed=3, quiescent=power, store=losses)
        estimate = quantile_with_interval(wanted.peak, 0.9, 0.9)
        assert float(run["ensemble_buffer"].sel(quantile=0.9)) == pytest.approx(estimate.value, rel=1e-9)
    assert float(data["ensemble_buffer"].sel(quantile=0.9)) < float(ideal["ensemble_buffer"].sel(quantile=0.9))
    spec["flares"]["ensemble"] |= {"anywhere": True}
    loose = qsb.run(spec)
    assert float(loose["ensemble_buffer"].sel(quantile=0.5)) < float(data["ensemble_buffer"].sel(quantile=0.5))
    (part,) = [p for p in json.loads(loose.attrs["parts"]) if p["name"] == "ensemble"]
    assert "each from a time of its own" in part["what"]


@pytest.mark.parametrize(
    ("modulation", "keys", "match"),
    [
        ({"kind": "cycle", "amplitude": 1.5}, {}, "flares: modulation: amplitude of Rhythm must be at most 1"),
        ({"kind": "cycle", "period": "0 yr"}, {}, "flares: modulation: period"),
        ({"kind": "cycle", "period": "1 km"}, {}, "modulation.*period"),
        ({"kind": "tides"}, {}, "modulation"),
        ({"kind": "f10.7", "begin": "1900-01-01"}, {}, "flares: modulation: begin is 1900-01-01"),
        ({"kind": "f10.7", "begin": "2000-01-01", "file": "none.csv"}, {}, "needs reference"),
        ({"kind": "f10.7", "begin": "2000-01-01", "file": "none.csv", "reference": "x"}, {}, "cannot be read"),
        ({"kind": "f10.7", "begin": "2020-01-01"}, {}, "ends after 5.54962 years"),
        (None, {"cap": 1.2, "ensemble": {"members": 500, "anywhere": True}}, "belongs to a modulation"),
        (
            {"kind": "f10.7", "begin": "2015-01-01"},
            {"cap": 1.2, "ensemble": {"members": 500, "years": 20}},
            "fewer than the 20 of each member",
        ),
    ],
)
def test_what_a_modulation_of_a_spec_cannot_be(modulation, keys, match):
    with pytest.raises(qsb.SpecError, match=match):
        qsb.plan(flaring(modulation, **keys))


def test_the_list_of_choices_names_the_modulations():
    from qsb.runs.stellar.choices import choices

    found = choices()
    assert "crest" in found["modulation cycle"]
    assert "begin" in found["modulation f10.7"]
