"""Sectors: found where they are, not found where they are not, and the same readouts inside and outside."""

import numpy as np
import pytest

import qsb
from qsb.algebra.pauli import Layout, pauli_strings
from qsb.dynamics import ket as module
from qsb.dynamics.plan import plan
from qsb.dynamics.reflection import SectorReadout, find
from qsb.dynamics.representation import Request
from qsb.dynamics.solve import solve
from systems import cells, pairs

ZZ = pairs(0.2, axes="zz")
NEEDS = frozenset(
    {
        "energy",
        "power",
        "variance",
        "charger_variance",
        "spectrum",
        "extremes",
        "marginals",
        "reduced",
        "populations",
        "cut",
    }
)
TIMES = [0.0, 0.3, 1.7, 1.75]


def chain(n, **more):
    """Return the interacting chain of the speed table."""
    return cells(n, field=0.5, coupling=[pairs(0.3), ZZ], duration=2.0, times=TIMES, **more)


def solved(problem, needs=NEEDS, **more):
    """Return the series and whether a sector was used."""
    request = Request(needs, subset=(1, 2), cut=4, **more)
    made = plan(problem, request, representation="ket")
    series = solve(problem, made)
    return series, isinstance(series.reduced.readout, SectorReadout)


def same(a, b, tolerance=1e-12):
    """Assert that two series agree in all readouts."""
    assert a.values.keys() == b.values.keys()
    for name in a.values:
        left, right = (getattr(s.values[name], "values", s.values[name]) for s in (a, b))
        np.testing.assert_allclose(left, right, rtol=0, atol=tolerance, err_msg=name)


PROBLEMS = {
    "even": chain(10),
    "odd": chain(11),
    "ring": cells(10, field=0.4, coupling=[pairs(0.3, "ring"), pairs(0.1, "ring", "yy")], duration=2.0, times=TIMES),
    "power law": cells(10, coupling=[pairs(0.3, "power-law", exponent=2.0)], duration=2.0, times=TIMES),
    "uniform product": chain(10, start=qsb.Start("product", bloch=np.array([0.6, 0.0, 0.8]))),
    "complex product": chain(10, start=qsb.Start("product", bloch=np.array([0.0, 0.6, 0.8]))),
    "mirrored product": chain(
        10, start=qsb.Start("product", bloch=np.array([[0, 0, (-1.0) ** min(k, 9 - k)] for k in range(10)]))
    ),
    "mirrored fields": cells(
        10, field=[0.1, 0.2, 0.3, 0.4, 0.5, 0.5, 0.4, 0.3, 0.2, 0.1], coupling=pairs(0.3), duration=2.0, times=TIMES
    ),
}


@pytest.mark.parametrize("name", PROBLEMS)
def test_inside_and_outside_agree(name, monkeypatch):
    inside, used = solved(PROBLEMS[name])
    assert used
    assert inside.reduced.start.size < PROBLEMS[name].battery.space.dimension
    monkeypatch.setattr(module, "find", lambda sites, operators, start: Layout.plain(sites))
    outside, used = solved(PROBLEMS[name])
    assert not used
    same(inside, outside)


OUTSIDE = {
    "one odd field": cells(10, field=[0.5] * 9 + [0.4], coupling=pairs(0.3), duration=2.0, times=TIMES),
    "one odd frequency": chain(10, frequency=[1.0] * 9 + [1.1]),
    "one odd bond": cells(10, field=0.5, coupling=pairs([0.3] * 8 + [0.31]), duration=2.0, times=TIMES),
    "a start at one end": chain(10, start=qsb.Start("product", bloch=np.array([[0, 0, 1.0]] + [[0, 0, -1.0]] * 9))),
    "alternating start": chain(
        10, start=qsb.Start("product", bloch=np.array([[0, 0, (-1.0) ** k] for k in range(10)]))
    ),
    "few cells": chain(8),
}


@pytest.mark.parametrize("name", OUTSIDE)
def test_what_is_not_symmetric_stays_whole(name):
    _, used = solved(OUTSIDE[name], frozenset({"energy", "power"}))
    assert not used


def test_an_odd_state():
    """(|up, down, ...> - |..., down, up>) / sqrt 2 changes sign under reflection."""
    n = 10
    psi = np.zeros(2**n, dtype=complex)
    psi[2**n - 1 - 2 ** (n - 1)], psi[2**n - 2] = 2**-0.5, -(2**-0.5)
    problem = chain(n, start=qsb.Start("state", array=psi))
    strings = [pauli_strings(problem.battery.interaction, problem.battery.space)]
    assert find(n, strings, psi).sign == -1
    assert find(n, strings, np.abs(psi)).sign == 1
    assert find(n, strings, psi + 1e-3 * np.abs(psi)).sign == 0
    series, used = solved(problem)
    assert used
    np.testing.assert_allclose(np.asarray(series.values["energy"])[0], -(n - 2) / 2, atol=1e-14)


def test_a_symmetric_hamiltonian_of_a_battery_that_is_not_is_no_sector():
    """H_B alone is read out, so it must be in the sector too, although it is off while charging."""
    stage = qsb.Stage("charge", 2.0, battery=False)
    skewed = cells(
        10,
        field=0.5,
        frequency=[1.0] * 9 + [1.1],
        coupling=pairs(0.3),
        protocol=qsb.Protocol((stage,)),
        times=TIMES,
    )
    _, used = solved(skewed, frozenset({"energy"}))
    assert not used


def test_drives_work_inside():
    from qsb.charging.envelope import Sinusoidal

    problem = cells(
        10,
        field=0.5,
        coupling=pairs(0.3),
        protocol=qsb.quench(1.0, Sinusoidal(2.0)),
        duration=1.0,
        times=[0.0, 0.5, 1.0],
    )
    series, used = solved(problem, frozenset({"energy", "power"}))
    assert used
    small = cells(
        4, field=0.5, coupling=pairs(0.3), protocol=qsb.quench(1.0, Sinusoidal(2.0)), duration=1.0, times=[0.0]
    )
    assert not solved(small, frozenset({"energy"}))[1]
    assert series.budget["norm"] < 1e-7
