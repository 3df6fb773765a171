"""What a user may get wrong is refused before the work, by name, value and remedy, with an error of this package."""

from __future__ import annotations

import json
import os
import sys
import time

import numpy as np
import pytest

import qsb
from qsb import charging as c
from qsb import models
from qsb.algebra.terms import Pair
from qsb.cli import main
from qsb.dynamics.segment import driven_steps, segments
from qsb.models import custom, dicke, ensemble, extended_dicke, ising, two_photon_dicke
from qsb.runs.dataset import remove_stale

BATTERY = ensemble(2, field=0.3)


def problem(envelope=None, **more):
    return qsb.Problem(BATTERY, qsb.quench(1.0, envelope), **more)


def spec(**save):
    return {"model": {"name": "ensemble", "cells": 2, "field": 0.1}, "stage": [{"duration": 1.0}], "save": save}


def superabsorption(**more):
    return models.superabsorption(2, **{"coupling": 1.0, "pump": 1.0, "centre": 0.5, "width": 0.1} | more)


WRONG = {
    "duration": lambda: qsb.quench("x"),
    "duration, huge": lambda: qsb.quench(10**400),
    "duration, complex": lambda: qsb.quench(1j),
    "duration, truth value": lambda: qsb.quench(True),
    "envelope": lambda: qsb.quench(1.0, "x"),
    "no battery": lambda: qsb.Problem(None, None),
    "channels": lambda: qsb.Problem(BATTERY, qsb.quench(1.0), 3),
    "channel": lambda: qsb.Problem(BATTERY, qsb.quench(1.0), ("x",)),
    "times": lambda: problem(times="x"),
    "rate": lambda: qsb.emission("x"),
    "rate, rows": lambda: qsb.emission([[1], [2, 3]]),
    "rate, complex": lambda: qsb.dephasing(1j),
    "collective": lambda: qsb.emission(1.0, collective="no"),
    "temperature": lambda: qsb.thermal(1.0, temperature="x"),
    "nbar": lambda: qsb.thermal(1.0, nbar="x"),
    "constant": lambda: c.Constant([1.0, 2.0]),
    "cosine": lambda: c.Sinusoidal("x"),
    "cosine, huge": lambda: c.Sinusoidal(1.0, amplitude=1e300),
    "gaussian": lambda: c.Gaussian(0.5, 1e-300),
    "ramp": lambda: c.Ramp(0, None, 1),
    "pieces": lambda: c.Piecewise("ab", "c"),
    "no piece": lambda: c.Piecewise((0.0,), ()),
    "table": lambda: c.Table(None, None),
    "function": lambda: c.Function(3, 0.1),
    "function's value": lambda: qsb.run(problem(c.Function(lambda t: None, 0.1))),
    "stages": lambda: qsb.Protocol((3,)),
    "space": lambda: qsb.Battery(None, None),
    "start": lambda: ensemble(2, start="up"),
    "start, cavity": lambda: dicke(2, coupling=0.1, start="up"),
    "charger's start": lambda: qsb.ModeStart("coherent", amplitude="x"),
    "bloch": lambda: qsb.Start("product", bloch="x"),
    "state": lambda: qsb.Start("state", array="x"),
    "frequency": lambda: dicke(2, coupling=0.1, frequency=1e300),
    "cutoff": lambda: dicke(2, coupling=0.1, cutoff=np.array([1, 2])),
    "rotating wave": lambda: two_photon_dicke(2, coupling=0.1, rotating_wave="no"),
    "axis": lambda: ising(2, axis=[]),
    "operator": lambda: custom(3),
    "longest step": lambda: custom(np.diag([1.0, 0.0]), max_step="x"),
    "subset": lambda: qsb.run(problem(), subset=3),
    "subset, part": lambda: qsb.run(problem(), ["subset_ergotropy"], subset=[1.5]),
    "cut": lambda: qsb.run(problem(), ["entanglement_entropy"], cut=1.5),
    "figures": lambda: qsb.run(problem(), 3),
    "figure": lambda: qsb.run(problem(), [[]]),
    "peaks": lambda: qsb.run(problem(), peaks="no"),
    "peaks of a spec": lambda: qsb.run(spec(), peaks="no"),
    "tolerance": lambda: qsb.run(problem(), tolerance="x"),
    "representation": lambda: qsb.run(problem(), representation=[]),
    "progress": lambda: qsb.run(problem(), progress=3),
    "cells": lambda: ensemble(10**30, field=0.1),
    "start, ladder of collisions": lambda: models.collision(4, coupling=0.1, start="up"),
    "start, micromaser": lambda: models.micromaser(4, coupling=0.1, start="up"),
    "start, mediated": lambda: models.mediated(coupling=0.1, start="up"),
    "start, dark state": lambda: models.dark_state(2, start="up"),
    "start, superradiant": lambda: models.superradiant(2, start=3),
    "start, superabsorption": lambda: superabsorption(start="up"),
    "start, star": lambda: models.star(2, coupling=0.1, start="up"),
    "start, central spin": lambda: models.central_spin(2, chargers=2, coupling=0.1, start="up"),
    "start, kitaev": lambda: models.kitaev(3, potential=0.1, charger_potential=0.3, start="up"),
    "start, ssh": lambda: models.ssh(2, intra=0.1, inter=0.2, coupling=0.1, start="up"),
    "start, oscillator": lambda: models.oscillator(1, drive=0.1, chargers=1, start="up"),
    "start, stirap": lambda: models.stirap(rabi=1.0, duration=1.0, start="up"),
    "start's kind": lambda: qsb.Start(np.array([])),
    "mode's kind": lambda: qsb.ModeStart(np.array([])),
    "axis of exchange": lambda: extended_dicke(2, coupling=0.1, exchange=0.1, axis=np.array([])),
    "role of exchange": lambda: extended_dicke(2, coupling=0.1, exchange=0.1, role=np.array([])),
    "cutoff, mediated": lambda: models.mediated(coupling=0.1, cutoff=np.array([])),
    "cutoff, superabsorption": lambda: superabsorption(cutoff=np.array([])),
    "automatic cutoff beyond the collapse": lambda: two_photon_dicke(2, coupling=2.5),
    "fast beyond floats": lambda: qsb.plan(problem(c.Function(lambda t: 1.0, 1e-300))),
}


@pytest.mark.parametrize("what", WRONG)
def test_wrong_arguments_meet_a_sentence(what):
    with pytest.raises(qsb.SpecError):
        WRONG[what]()


HUGE = {
    "levels of collisions": lambda: models.collision(10**30, coupling=0.1),
    "cutoff of a micromaser": lambda: models.micromaser(10**5, coupling=0.1),
    "cutoff": lambda: dicke(2, coupling=0.1, cutoff=10**30),
    "cutoff that could be counted": lambda: qsb.plan(
        qsb.Problem(dicke(2, coupling=0.1, cutoff=10**9), qsb.quench(1.0))
    ),
    "amplitude": lambda: qsb.Problem(
        dicke(2, coupling=0.1, start=qsb.Start("down", charger=qsb.ModeStart("coherent", amplitude=1e6))),
        qsb.quench(1.0),
    ),
    "quanta": lambda: qsb.Problem(
        dicke(2, coupling=0.1, start=qsb.Start("down", charger=qsb.ModeStart("fock", quanta=10**30))), qsb.quench(1.0)
    ),
    "points": lambda: qsb.run(spec(points=10**10)),
    "range": lambda: qsb.run(spec() | {"sweep": {"model.field": {"start": 0.0, "stop": 1.0, "num": 10**10}}}),
    "bonds": lambda: (
        ensemble(10**6, coupling=[{"axes": "xy", "geometry": "power-law", "exponent": 1.0}]).space
        and qsb.plan(
            qsb.Problem(
                ensemble(10**6, coupling=[{"axes": "xx", "geometry": "power-law", "exponent": 1.0}]), qsb.quench(1.0)
            )
        )
    ),
}


@pytest.mark.parametrize("what", HUGE)
def test_huge_requests_are_refused_with_their_bytes(what):
    with pytest.raises(qsb.PlanError) as caught:
        HUGE[what]()
    assert caught.value.bytes_needed > 2**29


def test_ten_million_cells_in_a_cavity_are_planned_without_a_list_of_them():
    start = qsb.Start("down", charger=qsb.ModeStart("vacuum"))
    began = time.process_time()
    with pytest.raises(qsb.PlanError):
        qsb.plan(qsb.Problem(dicke(10**7, coupling=0.1, cutoff=100, start=start), qsb.quench(1.0)))
    assert time.process_time() - began < 2.0


def test_absurdly_fast_drives_are_refused_before_the_work():
    fast = problem(c.Sinusoidal(1e9))
    assert driven_steps(fast) == pytest.approx(1e9 / (np.pi / 2))
    with pytest.raises(qsb.PlanError, match=r"7\.6e\+09 applications.*days at least.*What to do"):
        qsb.plan(fast)


ENDLESS = {
    "dicke": lambda g: dicke(2, coupling=g),
    "two photons": lambda g: two_photon_dicke(2, coupling=g, cutoff=20),
    "exchange": lambda g: extended_dicke(2, coupling=0.1, exchange=g),
    "driven charger": lambda g: models.mediated(coupling=0.1, drive=g),
    "stirap": lambda g: models.stirap(rabi=g, duration=1.0),
    "stirap off resonance": lambda g: models.stirap(rabi=1.0, duration=1.0, detuning=g),
    "pumped cavity": lambda g: superabsorption(coupling=g),
    "pumped cavity, its frequency": lambda g: superabsorption(cavity=g, pump_frequency=1.0),
    "pumped cavity, the laser's": lambda g: superabsorption(pump_frequency=g),
    "parallel": lambda g: ensemble(2, frequency=g, field=0.1),
    "pairs": lambda g: ensemble(3, field=0.1, coupling=[{"axes": "xx", "geometry": "chain", "strength": g}]),
}


@pytest.mark.parametrize("what", ENDLESS)
def test_absurdly_large_energies_are_refused_before_the_work(what):
    with pytest.raises(qsb.PlanError, match=r"The Hamiltonian turns .* What to do: shorten the protocol; or"):
        qsb.plan(qsb.Problem(ENDLESS[what](1e30), qsb.quench(1.0)))
    qsb.plan(qsb.Problem(ENDLESS[what](1.0), qsb.quench(1.0)))


def test_the_refusal_of_large_energies_tells_the_time():
    with pytest.raises(qsb.PlanError, match=r"1e\+30 radians, .*1e\+30 applications.*years at least"):
        qsb.plan(qsb.Problem(ENDLESS["stirap"](2e30), qsb.quench(1.0)))


def test_what_a_rotating_frame_takes_away_is_not_counted():
    fast = superabsorption(frequency=1e11, cavity=1e11)
    assert qsb.plan(qsb.Problem(fast, qsb.quench(1.0))).integrators == ("dop853", "dop853")


def test_what_conservation_makes_idle_is_not_counted():
    lit = qsb.Start("down", charger=qsb.ModeStart("coherent", amplitude=20.0))
    fast = models.tavis_cummings(10, coupling=0.1, frequency=1e9, cavity=1e9, cutoff=700, start=lit)
    assert qsb.plan(qsb.Problem(fast, qsb.quench(1.0))).integrators == ("ladder",)


def test_wide_spectra_of_ladders_are_refused_once_they_are_known(monkeypatch):
    monkeypatch.setattr("qsb.dynamics.costs.MOST_APPLICATIONS", 100)
    wide = dicke(10, coupling=3.0, cutoff=400)
    with pytest.raises(qsb.PlanError, match=r"spectrum that the start reaches turns.*applications.*What to do"):
        qsb.run(qsb.Problem(wide, qsb.quench(30.0)), integrator="ladder")


def test_an_automatic_cutoff_that_ends_is_not_advised_again(monkeypatch):
    monkeypatch.setattr(sys.modules["qsb.models.dicke"], "DOUBLINGS", 1)
    with pytest.raises(qsb.errors.CutoffError, match=r"automatic cutoff of \d+ .*raised no further") as caught:
        qsb.run(qsb.Problem(dicke(1, coupling=4.0), qsb.quench(2.0)), ["stored_energy"], peaks=False)
    assert "take cutoff" not in str(caught.value)


def test_beyond_the_collapse_a_cutoff_may_be_given():
    with pytest.raises(qsb.SpecError, match=r"collapsed: 2 \|g\| N = 0\.25 reaches omega_c/2 = 0\.25"):
        two_photon_dicke(1, coupling=0.125)
    assert two_photon_dicke(2, coupling=2.5, cutoff=20).space.dimension == 84
    assert two_photon_dicke(2, coupling=2.5, rotating_wave=True).space.dimension > 4


def test_the_time_of_a_fast_drive_is_estimated():
    slow, fast = (qsb.plan(problem(c.Sinusoidal(w))).work.calls for w in (1.0, 1e5))
    assert fast > 60 * 1e5 / 2 > slow


def test_peaks_of_a_pulse_below_the_errors_of_steps_are_given_up(monkeypatch):
    monkeypatch.setattr("qsb.runs.closer._DOUBTFUL", 100)
    pulsed = qsb.Problem(BATTERY, qsb.quench(10.0, c.Gaussian(0.7, 1e-9)))
    data = qsb.run(pulsed, ["stored_energy"])
    assert "errors of the solver's steps" in data.attrs["left_out"]
    assert "peak_power" not in data


def test_a_narrow_pulse_kicks_by_its_area():
    # f = A g with area A sqrt(2 pi) w: a rotation by 2 lambda times the area about x, from down
    width, area = 1e-9, 0.4
    pulse = c.Gaussian(0.5, width, area / (np.sqrt(2 * np.pi) * width))
    data = qsb.run(qsb.Problem(ensemble(1, field=1.0), qsb.quench(1.0, pulse), times=[1.0]), peaks=False)
    assert float(data["stored_energy"][-1]) == pytest.approx(np.sin(area) ** 2, abs=1e-7)


def test_fast_decay_takes_no_series_of_endless_length():
    data = qsb.run(problem(channels=(qsb.emission(1e10),)), ["stored_energy"], peaks=False)
    assert float(data["stored_energy"][-1]) == pytest.approx(0.0, abs=1e-8)


def test_segments_are_cut_once():
    asked = problem()
    assert segments(asked)[0] is segments(asked)[0]


def test_a_peak_in_one_of_many_pieces_is_found():
    values = np.zeros(60)
    values[37], values[45] = 3.0, -2.0
    edges = np.linspace(0.0, 6.0, 61)
    battery = ensemble(1, field=1.0, frequency=1.0)
    one = qsb.Problem(battery, qsb.quench(6.0, c.Piecewise(tuple(edges), tuple(values))))
    fine = qsb.Problem(battery, one.protocol, times=np.linspace(0, 6, 24001))
    found, close = qsb.run(one, ["power"]), qsb.run(fine, ["power"], peaks=False)
    assert float(found["peak_power"]) == pytest.approx(float(close["power"].max()), rel=1e-6)


def test_files_are_checked_before_the_work(tmp_path, monkeypatch, capsys):
    path = tmp_path / "spec.toml"
    path.write_text(
        'sweep = {"model.field" = [0.1, 0.2]}\n[model]\nname = "ensemble"\ncells = 2\nfield = 0.1\n[[stage]]\n'
        "duration = 1.0\n"
    )
    (tmp_path / "taken").mkdir()
    (tmp_path / "file").write_text("")
    monkeypatch.setattr("qsb.runs.sweep.compute", lambda *a: pytest.fail("the work has begun"))
    for options, told in (
        (["--out", str(tmp_path / "taken")], "is a folder; name a file"),
        (["--plot", str(tmp_path / "taken.txt")], "png"),
        (["--store", str(tmp_path / "file")], "is a file; name a folder"),
        (["--store", str(tmp_path / "file" / "below")], "lies below one"),
    ):
        monkeypatch.setattr("sys.argv", ["qsb", "run", str(path), *options])
        with pytest.raises(SystemExit) as stopped:
            main()
        assert stopped.value.code == 2
        assert told in capsys.readouterr().err


def test_what_killed_writers_left_is_removed(tmp_path):
    dead, alive, young, other = (
        tmp_path / name
        for name in (".a.nc.99999999.part", f".b.nc.{os.getpid()}.part", ".c.nc.99999998.part", ".notes.part")
    )
    for part in (dead, alive, young, other):
        part.write_text("half")
    for part in (dead, alive, other):
        os.utime(part, (time.time() - 3600,) * 2)
    remove_stale(tmp_path)
    assert [p.exists() for p in (dead, alive, young, other)] == [False, True, True, True]


@pytest.mark.parametrize("asked", [True, False])
def test_sweeps_say_why_figures_are_left_out(asked, monkeypatch):
    table = spec(peaks=asked, points=9) | {
        "channel": [{"kind": "emission", "rate": 0.1}],
        "sweep": {"channel.0.rate": [0.1, 0.2]},
    }
    together = json.loads(qsb.sweep(table).attrs["left_out"])
    monkeypatch.setattr("qsb.runs.sweep.in_batches", lambda *a: None)
    assert json.loads(qsb.sweep(table).attrs["left_out"]) == together
    assert together == ({} if asked else {"peaks": "peaks: not asked for"})


def test_mirrored_couplings_of_unlike_operators_are_symmetric():
    space = qsb.Space.spins(4)
    meter = qsb.OpSum((qsb.Local("z", 0.5),))
    for a, b in (("x", "y"), ("x", "z"), ("+", "-")):
        v = qsb.OpSum((Pair(a, b, 0.3, "all"), Pair(b, a, 0.3, "all"), qsb.Local("x", 0.4)))
        asked = qsb.Problem(qsb.Battery(space, meter, v), qsb.quench(3.0), (qsb.emission(0.1),))
        assert qsb.plan(asked).representation == "permutation"
        whole, sectors = (qsb.run(asked, representation=r, peaks=False) for r in ("density", "permutation"))
        for name in ("stored_energy", "power", "ergotropy"):
            np.testing.assert_allclose(sectors[name], whole[name], atol=1e-7)
    closed = qsb.Problem(qsb.Battery(space, meter, v), qsb.quench(3.0))
    np.testing.assert_allclose(
        *(qsb.run(closed, representation=r, peaks=False)["stored_energy"] for r in ("ket", "symmetric")), atol=1e-8
    )


def test_one_of_two_mirrored_couplings_is_not_symmetric():
    v = qsb.OpSum((Pair("x", "y", 0.3, "all"), Pair("y", "x", 0.2, "all")))
    battery = qsb.Battery(qsb.Space.spins(3), qsb.OpSum((qsb.Local("z", 0.5),)), v)
    assert not qsb.Problem(battery, qsb.quench(1.0)).structure.permutation_symmetric
