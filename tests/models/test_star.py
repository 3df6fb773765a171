"""Central spins and stars: closed forms, mixtures over total spins, the printed maximum, refusals."""

import json
from math import comb

import numpy as np
import pytest

import qsb
from qsb import ModeStart, Start
from qsb.models import central_spin, star

FIGURES = ["stored_energy", "ergotropy", "power", "charger_energy"]


def run(battery, times, channels=(), figures=FIGURES, **options):
    times = np.atleast_1d(np.asarray(times, dtype=float))
    return qsb.run(qsb.Problem(battery, qsb.quench(float(times[-1])), channels, times), figures, **options)


@pytest.mark.parametrize(("chargers", "quanta"), [(7, 1), (4, None), (6, 3)])
def test_one_battery_spin_flops_with_one_frequency(chargers, quanta):
    t, a = np.linspace(0, 2, 9), 0.5
    q = chargers if quanta is None else quanta
    battery = central_spin(1, chargers=chargers, coupling=a, frequency=1.2, quanta=quanta)
    data = run(battery, t)
    assert json.loads(data.plan)["representation"] == "symmetric"
    assert json.loads(data.plan)["dimension"] == 2
    rate = a * np.sqrt(q * (chargers - q + 1))
    np.testing.assert_allclose(data["stored_energy"], 1.2 * np.sin(rate * t) ** 2, rtol=0, atol=1e-11)
    np.testing.assert_allclose(data["ergotropy"], 1.2 * np.maximum(0, -np.cos(2 * rate * t)), rtol=0, atol=1e-11)
    np.testing.assert_allclose(data["charger_energy"], -data["stored_energy"], rtol=0, atol=1e-11)


@pytest.mark.parametrize("chargers", [1, 9])
def test_the_largest_average_power_of_one_battery_spin(chargers):
    """0.72461 B A sqrt(N) of Peng et al., exact for one battery spin: the maximum of sin(x)^2/x."""
    battery = central_spin(1, chargers=chargers, coupling=0.4, quanta=1)
    data = run(battery, np.linspace(0, 3 / np.sqrt(chargers), 41), figures=["average_power"])
    assert float(data["peak_average_power"]) == pytest.approx(0.7246113537767086 * 0.4 * np.sqrt(chargers), abs=1e-8)


@pytest.mark.parametrize("chosen", ["auto", "ket", "density"])
def test_several_battery_spins_in_every_representation(chosen):
    battery = central_spin(2, chargers=3, coupling=0.4, longitudinal=0.3, charger_frequency=0.7, quanta=2)
    figures = [*FIGURES, "local_ergotropy", "purity", "capacity"]
    found = run(battery, [0.5, 1.7], figures=figures, representation=chosen)
    expected = run(battery, [0.5, 1.7], figures=figures, representation="symmetric")
    for name in figures:
        np.testing.assert_allclose(found[name], expected[name], rtol=0, atol=1e-9, err_msg=name)


def test_the_isotropic_coupling_conserves_the_total_spin():
    """V = 2A S.J of two spins: singlet and triplet differ by 2A, so that up-down swaps with the frequency A."""
    t = np.linspace(0, 3, 7)
    data = run(central_spin(1, chargers=1, coupling=0.5, longitudinal=1.0), t)
    np.testing.assert_allclose(data["stored_energy"], np.sin(0.5 * t) ** 2, rtol=0, atol=1e-12)


def test_hundreds_of_chargers():
    data = run(central_spin(5, chargers=400, coupling=0.01), np.linspace(0, 4, 9))
    assert json.loads(data.plan)["dimension"] == 6
    assert 0 < float(data["peak_stored_energy"]) <= 5 + 1e-9


def test_a_star_is_square_root_of_n_times_as_fast():
    t, j = np.linspace(0, 3, 7), 0.6
    for n in (1, 4, 9):
        data = run(star(n, coupling=j), t)
        np.testing.assert_allclose(data["stored_energy"], np.sin(j / 2 * np.sqrt(n) * t) ** 2, rtol=0, atol=1e-11)


@pytest.mark.parametrize("n", [3, 4])
def test_partly_polarised_chargers_are_a_mixture_over_total_spins(n):
    t, j, p, b = np.linspace(0, 5, 6), 0.8, 0.4, -0.7
    battery = star(n, coupling=j, polarisation=p, battery_polarisation=b)
    data = run(battery, t, figures=["stored_energy", "ergotropy"], peaks=False)
    up, down = (1 + b) / 2, (1 - b) / 2
    excited = np.full(len(t), up)
    for k in range(n // 2 + 1):
        spin, copies = n / 2 - k, comb(n, k) - (comb(n, k - 1) if k else 0)
        for m in np.arange(-spin, spin + 1):
            weight = copies * ((1 + p) / 2) ** (n / 2 + m) * ((1 - p) / 2) ** (n / 2 - m)
            lower, higher = (np.sqrt(max(0.0, spin * (spin + 1) - m * (m + s))) for s in (-1, 1))
            excited += weight * (down * np.sin(j / 2 * lower * t) ** 2 - up * np.sin(j / 2 * higher * t) ** 2)
    np.testing.assert_allclose(data["stored_energy"], excited - up, rtol=0, atol=1e-9)
    np.testing.assert_allclose(data["ergotropy"], np.maximum(0, 2 * excited - 1), rtol=0, atol=1e-9)


def test_one_unpolarised_charger_gives_energy_and_no_work():
    data = run(star(1, coupling=1.0, polarisation=0.0), [1.0, 2.0, 3.0], peaks=False)
    np.testing.assert_allclose(data["stored_energy"], np.sin([0.5, 1.0, 1.5]) ** 2 / 2, rtol=0, atol=1e-11)
    np.testing.assert_allclose(data["ergotropy"], 0, atol=1e-9)


@pytest.mark.parametrize(
    ("build", "match"),
    [
        (lambda: central_spin(0, chargers=2, coupling=1.0), "cells"),
        (lambda: central_spin(1, chargers=0, coupling=1.0), "chargers"),
        (lambda: central_spin(1, chargers=2, coupling=1.0, quanta=3), "quanta must be 2 at most"),
        (lambda: central_spin(1, chargers=2, coupling=1.0, quanta=1, start=Start("up")), "exclude"),
        (lambda: star(2, coupling=1.0, polarisation=1.5), r"polarisation must lie in \[-1, 1\]"),
        (lambda: star(2, coupling=1.0, polarisation=0.5, start=Start("down")), "exclude"),
        (lambda: star(2, coupling=np.inf), "coupling"),
        (lambda: star(2, coupling=1.0, frequency=0), "frequency must be positive"),
    ],
)
def test_impossible_arguments(build, match):
    with pytest.raises(qsb.SpecError, match=match):
        build()


def test_specs():
    for model, energy in (
        ({"name": "central_spin", "cells": 1, "chargers": 4, "coupling": 0.5}, np.sin(1) ** 2),
        ({"name": "star", "chargers": 4, "coupling": 1.0}, np.sin(1) ** 2),
    ):
        spec = {"model": model, "stage": [{"duration": 1.0}], "save": {"points": 2, "figures": FIGURES}}
        assert float(qsb.run(spec)["stored_energy"][-1]) == pytest.approx(energy, abs=1e-11)
    given = {
        "model": {"name": "central_spin", "cells": 1, "chargers": 4, "coupling": 0.5},
        "start": {"state": "ground"},
    }
    given["start"]["charger"] = {"state": "fock", "quanta": 2}
    spec = given | {"stage": [{"duration": 1.0}], "save": {"points": 2, "figures": ["stored_energy"]}}
    assert float(qsb.run(spec)["stored_energy"][-1]) == pytest.approx(np.sin(0.5 * np.sqrt(6)) ** 2, abs=1e-11)


def test_a_start_of_its_own():
    battery = central_spin(1, chargers=3, coupling=0.5, start=Start(charger=ModeStart("fock", quanta=0)))
    np.testing.assert_allclose(run(battery, [1.0, 2.0])["stored_energy"], 0, atol=1e-12)
