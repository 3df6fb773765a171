"""Local noise on cells beside a charger: against density matrices, PIQS, closed forms; sizes, cutoffs, refusals."""

import itertools
import json
from dataclasses import replace

import numpy as np
import pytest
import scipy.linalg as la

import qsb
from chargers import CHARGERS, channels, everything, fields, fock
from qsb import Cross, Local, ModeStart
from qsb.algebra.opsum import OpSum
from qsb.algebra.sectors import Sectors, packed_size
from qsb.algebra.space import Group, Level, Space, Spin
from qsb.algebra.states import Start
from qsb.algebra.terms import Word
from qsb.charging.envelope import Gaussian, Ramp, Sinusoidal
from qsb.charging.problem import Problem
from qsb.charging.protocol import Protocol, Stage, quench
from qsb.dynamics.charged_sectors import reached
from qsb.dynamics.permutation import Permutation
from qsb.dynamics.plan import plan
from qsb.dynamics.representation import Request
from qsb.dynamics.solve import solve
from qsb.errors import CutoffError, PlanError

# -- whole runs --

FIGURES = [
    "stored_energy", "power", "work_power", "heat_power", "ergotropy", "incoherent_ergotropy", "coherent_ergotropy",
    "local_ergotropy", "subset_ergotropy", "capacity", "purity", "energy_std", "bound_fisher", "charger_energy",
]  # fmt: skip
LOCAL = (qsb.emission(0.1), qsb.dephasing(0.07), qsb.thermal(0.05, nbar=0.3))
LOSS = (qsb.emission(0.15, on="charger"), qsb.dephasing(0.03, on="charger"))
DICKE = qsb.models.dicke
TAVIS = qsb.models.tavis_cummings


def mode(kind, **more):
    return Start(charger=ModeStart(kind, **more))


FEW = (*LOCAL[:2], *LOSS)
RAMPED = (
    qsb.emission(0.3, envelope=Ramp(1.0, 0.2, 1.5)),
    qsb.emission(0.2, on="charger", envelope=Sinusoidal(0.0, 0.0)),
)
STAGES = Protocol((Stage("charge", 0.6), Stage("store", 0.4), Stage("discharge", 0.5, battery=False)))
ONE = DICKE(2, coupling=0.15, cutoff=11, start=fock(1))
HOT = Start("thermal", temperature=0.6, charger=ModeStart())
RUNS = {
    "dicke": (ONE, quench(1.5), (*LOCAL, *LOSS)),
    "three cells": (TAVIS(3, coupling=0.3, cutoff=11, start=fock(3)), quench(1.5), FEW),
    "coherent": (TAVIS(2, coupling=0.4, cutoff=11, start=mode("coherent", amplitude=0.4 + 0.2j)), quench(1.5), FEW),
    "thermal charger, gain": (
        TAVIS(2, coupling=0.4, cutoff=11, start=mode("thermal", nbar=0.1)),
        quench(1.5),
        (*LOCAL, *LOSS, qsb.pumping(0.02, on="charger")),
    ),
    "hot cells without noise": (TAVIS(3, coupling=0.3, cutoff=9, start=HOT), quench(1.5), ()),
    "two photons": (qsb.models.two_photon_dicke(2, coupling=0.03, cutoff=12, start=fock(2)), quench(1.5), FEW),
    "stages": (ONE, STAGES, (*LOCAL, *LOSS)),
    "drive": (ONE, quench(1.5, Sinusoidal(1.3, 0.4)), FEW),
    "rates in time": (ONE, quench(1.5, Gaussian(0.8, 0.3)), RAMPED),
}


def agree(a, b, atol=1e-9):
    for figure in FIGURES:
        power = 2 if figure == "energy_std" else 1
        np.testing.assert_allclose(a[figure] ** power, b[figure] ** power, rtol=0, atol=atol, err_msg=figure)


def run(problem, representation, tolerance=1e-6):
    return qsb.run(problem, FIGURES, representation=representation, subset=(0,), tolerance=tolerance)


@pytest.mark.parametrize("name", RUNS)
def test_every_figure_is_that_of_the_full_density_matrix(name):
    battery, protocol, noise = RUNS[name]
    problem = Problem(battery, protocol, noise, np.linspace(0.0, 1.5, 4))
    assert plan(problem).representation == "permutation"
    agree(run(problem, "permutation", 1e-5), run(problem, "density", 1e-5), 1e-8)


@pytest.mark.parametrize("n", [1, 2, 3])
@pytest.mark.parametrize("charger", ["spin", "two spins"])
def test_every_figure_beside_spins_is_that_of_the_full_density_matrix(n, charger):
    battery = qsb.Battery(**{**fields(everything(n, charger, n)), "start": fock(1, "down")})
    problem = Problem(battery, quench(1.0), tuple(channels(charger, n).values()), np.linspace(0.0, 1.0, 3))
    agree(run(problem, "permutation", 1e-9), run(problem, "density", 1e-9))


@pytest.mark.parametrize(
    "start", [fock(2), Start(charger=ModeStart("coherent", amplitude=0.3j))], ids=["fock", "coherent"]
)
def test_without_local_noise_it_is_the_symmetric_sector(start):
    battery = qsb.models.tavis_cummings(5, coupling=0.3, cutoff=12, start=start)
    noise = (*LOSS, qsb.emission(0.1, collective=True), qsb.dephasing(0.02, collective=True))
    problem = Problem(battery, quench(2.0), noise, np.linspace(0.0, 2.0, 5))
    agree(run(problem, "permutation"), run(problem, "symmetric"))
    # only the largest spin is ever reached
    assert len(reached(problem).state[0]) == len(np.unique(reached(problem).state[0] * 100 + reached(problem).state[1]))
    assert reached(problem).state[0].max() < 6


def test_two_photon_loss_is_that_of_the_full_space():
    loss = qsb.charging.Channel("custom", 0.2, operator=OpSum((Local("aa", 1j, "mode"),)))
    battery = DICKE(2, coupling=0.15, cutoff=11, start=fock(2))
    assert [g.name for g in battery.space.groups] == ["cells", "mode"]
    problem = Problem(battery, quench(1.0), (loss, qsb.emission(0.1)), np.linspace(0.0, 1.0, 3))
    agree(run(problem, "permutation", 1e-5), run(problem, "density", 1e-5), 1e-8)


def test_energies_are_those_of_piqs_beside_a_cavity():
    """PIQS's dephasing has J_z = sigma_z/2 in it, hence four times the rate."""
    import qutip
    from qutip.piqs.piqs import Dicke, dicke, jspin

    n, k = 4, 5
    jx, _, jz = jspin(n)
    one, unit = qutip.qeye(k), qutip.qeye(jz.shape[0])
    cells = Dicke(n, hamiltonian=jz, emission=0.1, dephasing=4 * 0.05, pumping=0.02, collective_emission=0.03)
    a = qutip.destroy(k)
    mode = qutip.liouvillian(a.dag() * a, [np.sqrt(0.15) * a])
    whole = qutip.super_tensor(cells.liouvillian(), qutip.to_super(one))
    whole = whole + qutip.super_tensor(qutip.to_super(unit), mode)
    whole = whole + qutip.liouvillian(0.2 * qutip.tensor(2 * jx, a + a.dag()))
    rho = qutip.tensor(dicke(n, n / 2, -n / 2), qutip.fock_dm(k, 1))
    number = qutip.tensor(unit, a.dag() * a)
    found = qutip.mesolve(
        whole, rho, np.linspace(0.0, 2.0, 5), e_ops=[qutip.tensor(jz, one), number],
        options={"atol": 1e-11, "rtol": 1e-9},
    )  # fmt: skip
    noise = (
        qsb.emission(0.1), qsb.dephasing(0.05), qsb.pumping(0.02), qsb.emission(0.03, collective=True),
        qsb.emission(0.15, on="charger"),
    )  # fmt: skip
    problem = Problem(DICKE(n, coupling=0.2, cutoff=k - 1, start=fock(1)), quench(2.0), noise, np.linspace(0.0, 2.0, 5))
    request = Request(frozenset({"energy", "charger_energy"}))
    reduced = Permutation().reduce(problem, request)
    (generator,) = reduced.generators
    # by the exponential: so few Fock states are no cavity, and a run would refuse them
    dense = np.array([generator.apply(0.0, e) for e in np.eye(reduced.start.size)]).T
    x = np.array([la.expm(t * dense) @ reduced.start for t in problem.times])
    values = reduced.readout.observe(request.needs, x, 0 * x, 0 * x)
    np.testing.assert_allclose(values["energy"], found.expect[0], rtol=0, atol=2e-8)
    np.testing.assert_allclose(values["charger_energy"], found.expect[1] - 1, rtol=0, atol=2e-8)


# -- closed forms --


@pytest.mark.parametrize("n", [1, 2, 5, 40])
def test_one_excitation_is_shared_by_a_lossy_mode_and_a_bright_state(n):
    r"""Amplitudes of mode and bright state obey i dc/dt = [[-i kappa/2, G], [G, -i gamma/2]] c with G = g sqrt(N)."""
    g, gamma, kappa = 0.3, 0.1, 0.25
    t = np.linspace(0.0, 6.0, 7)
    battery = qsb.models.tavis_cummings(n, coupling=g, cutoff=6, start=fock(1))
    problem = Problem(battery, quench(6.0), (qsb.emission(gamma), qsb.emission(kappa, on="charger")), t)
    data = qsb.run(problem, ["stored_energy", "charger_energy", "purity"], representation="permutation")
    h = np.array([[-0.5j * kappa, g * np.sqrt(n)], [g * np.sqrt(n), -0.5j * gamma]])
    c = np.array([la.expm(-1j * h * s) @ [1.0, 0.0] for s in t])
    bright = np.abs(c[:, 1]) ** 2
    np.testing.assert_allclose(data["stored_energy"], bright, rtol=0, atol=1e-11)
    np.testing.assert_allclose(data["charger_energy"], np.abs(c[:, 0]) ** 2 - 1, rtol=0, atol=1e-11)
    np.testing.assert_allclose(data["purity"], bright**2 + (1 - bright) ** 2, rtol=0, atol=1e-11)


@pytest.mark.parametrize("n", [2, 3, 12])
def test_dephasing_carries_the_excitation_to_dark_states(n):
    r"""Coherence between two cells decays at 4 gamma_phi, between a cell and the mode at 2 gamma_phi.

    With p = sum_i rho_ii and b = <bright|rho|bright>: b' = -2 G Im s - gamma b - 4 gamma_phi (b - p/N).
    """
    g, gamma, kappa, phi = 0.3, 0.1, 0.25, 0.2
    t = np.linspace(0.0, 6.0, 7)
    battery = qsb.models.tavis_cummings(n, coupling=g, cutoff=6, start=fock(1))
    noise = (qsb.emission(gamma), qsb.dephasing(phi), qsb.emission(kappa, on="charger"))
    problem = Problem(battery, quench(6.0), noise, t)
    whole = g * np.sqrt(n)
    # mode, bright, all cells, Im of the coherence between bright state and mode
    m = np.array(
        [
            [-kappa, 0, 0, 2 * whole],
            [0, -gamma - 4 * phi, 4 * phi / n, -2 * whole],
            [0, 0, -gamma, -2 * whole],
            [-whole, whole, 0, -(kappa + gamma) / 2 - 2 * phi],
        ]
    )
    x = np.array([la.expm(m * s) @ [1.0, 0, 0, 0] for s in t])
    series = solve(
        problem, plan(problem, Request(frozenset({"energy", "spectrum", "charger_energy"}))), tolerance=1e-10
    )
    np.testing.assert_allclose(series.values["energy"] + n / 2, x[:, 2], rtol=0, atol=1e-11)
    np.testing.assert_allclose(series.values["charger_energy"], x[:, 0] - 1, rtol=0, atol=1e-11)
    # the battery: one bright state, N - 1 equal dark ones, and the ground state
    s = series.values["spectrum"]
    purity = (s.values**2 * np.array([float(k) for k in s.multiplicity])).sum(axis=1)
    bright, dark = x[:, 1], x[:, 2] - x[:, 1]
    np.testing.assert_allclose(purity, bright**2 + dark**2 / (n - 1) + (1 - x[:, 2]) ** 2, rtol=0, atol=1e-11)


def test_baths_of_one_temperature_leave_every_part_in_its_gibbs_state():
    """Excitations are conserved, so exp(-beta (number of excitations)) is stationary; its ergotropy is zero."""
    nbar = 0.1
    battery = qsb.models.tavis_cummings(3, coupling=0.4, cutoff=16, start=fock(1))
    noise = (qsb.thermal(0.4, nbar=nbar), qsb.thermal(0.6, nbar=nbar, on="charger"))
    problem = Problem(battery, quench(1.0), noise, np.linspace(0.0, 1.0, 3))
    data = qsb.run(problem, ["stored_energy", "ergotropy"], steady=True, tolerance=1e-9)
    assert float(data["steady_stored_energy"]) == pytest.approx(3 * nbar / (1 + 2 * nbar), abs=1e-8)
    assert float(data["steady_ergotropy"]) == pytest.approx(0.0, abs=1e-8)


# -- cutoffs --


def test_cutoffs_are_watched_and_raised():
    def problem(cutoff):
        battery = DICKE(2, coupling=0.2, cutoff=cutoff, start=fock(1))
        return Problem(battery, quench(1.0), LOCAL, np.linspace(0.0, 1.0, 3))

    with pytest.raises(CutoffError, match="mode"):
        qsb.run(problem(6), ["stored_energy"])
    grown = qsb.run(problem("auto"), ["stored_energy", "ergotropy"])
    wide = qsb.run(problem(30), ["stored_energy", "ergotropy"])
    assert json.loads(grown.attrs["plan"])["representation"] == "permutation"
    for figure in ("stored_energy", "ergotropy"):
        np.testing.assert_allclose(grown[figure], wide[figure], rtol=0, atol=1e-7)


def test_a_cutoff_that_nothing_leads_beyond_is_exact():
    still = qsb.models.tavis_cummings(3, coupling=0.3, cutoff=3, start=fock(3))
    found = reached(Problem(still, quench(1.0), (qsb.emission(0.1), qsb.emission(0.1, on="charger"))))
    assert not found.leaks
    assert not found.highest
    assert reached(Problem(still, quench(1.0), (qsb.pumping(0.1),))).leaks
    assert reached(Problem(still, quench(1.0), (qsb.pumping(0.1, on="charger"),))).leaks


# -- sizes --


def test_what_is_conserved_makes_small_blocks():
    noise = (qsb.emission(0.1), qsb.dephasing(0.1), qsb.emission(0.1, on="charger"))
    few = Problem(qsb.models.tavis_cummings(20, coupling=0.1, cutoff=30, start=fock(2)), quench(1.0), noise)
    # excitations 0, 1, 2 of j = 10; 1, 2 of j = 9 (one singlet fewer down); 2 of j = 8
    assert sorted(reached(few).blocks.sizes) == [1, 1, 1, 2, 2, 3]
    assert plan(few).dimension == 3 * 1 + 2 * 4 + 9
    parity = Problem(DICKE(4, coupling=0.1, cutoff=9), quench(1.0), noise)
    assert sorted(reached(parity).blocks.sizes) == [5, 5, 15, 15, 25, 25]
    start = Start(charger=ModeStart("coherent", amplitude=0.5))
    whole = Problem(DICKE(4, coupling=0.1, cutoff=9, start=start), quench(1.0), noise)
    assert sorted(reached(whole).blocks.sizes) == [10, 30, 50]
    assert plan(whole).dimension == packed_size(4) * 100


@pytest.mark.parametrize("envelope", [None, Sinusoidal(1.0)], ids=["constant", "driven"])
@pytest.mark.parametrize("n", [4, 12])
def test_the_estimate_covers_what_a_solution_takes(n, envelope):
    import tracemalloc

    battery = DICKE(n, coupling=0.05, cutoff=11, start=fock(1))
    problem = Problem(battery, quench(1.0, envelope), (*LOCAL, *LOSS), np.linspace(0.0, 1.0, 5))
    made = plan(problem, Request(frozenset({"energy", "power", "spectrum", "levels"})))
    assert made.representation == "permutation"
    solve(problem, made, tolerance=1e-4)
    reached.cache_clear()
    tracemalloc.start()
    solve(problem, plan(problem, made.request), tolerance=1e-4)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert 0.1 * made.bytes < peak < made.bytes + 2**20


def test_what_does_not_fit_is_refused_with_figures():
    start = Start(charger=ModeStart("coherent", amplitude=3.0))
    problem = Problem(DICKE(60, coupling=0.01, cutoff=100, start=start), quench(1.0), (qsb.emission(0.1),))
    with pytest.raises(PlanError, match=r"permutation: it needs .*iB") as caught:
        plan(problem, representation="permutation")
    assert caught.value.bytes_needed > 8 * packed_size(60) * 101**2
    endless = Problem(DICKE(10_000, coupling=0.01, cutoff=100, start=fock(1)), quench(1.0), (qsb.emission(0.1),))
    with pytest.raises(PlanError, match=r"permutation: it needs .*iB"):
        plan(endless, representation="permutation")


@pytest.mark.parametrize(("cells", "cutoff"), [(30, 60), (60, 100)])
def test_planning_allocates_no_state(cells, cutoff):
    """Where nothing is conserved a state may be of any size: that is a refusal, and no failed allocation."""
    import tracemalloc

    battery = DICKE(cells, coupling=0.1, cutoff=cutoff, start=mode("coherent", amplitude=1.0))
    problem = Problem(battery, quench(1.0), LOCAL[:1], np.linspace(0.0, 1.0, 3))
    tracemalloc.start()
    try:
        with pytest.raises(PlanError, match="it needs"):
            plan(problem, representation="permutation", memory="1 MiB")
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    states = sum(range(cells + 1, 0, -2)) * (cutoff + 5)
    assert peak < 2000 * states


def test_what_is_read_of_many_cells_fits_the_plan():
    """One excitation among 100 cells is five numbers, but the battery's sectors are 176 851 a save time."""
    import tracemalloc

    battery = qsb.models.tavis_cummings(100, coupling=0.1, cutoff=6, start=fock(1))
    problem = Problem(battery, quench(0.5), (qsb.emission(0.1), *LOSS[:1]), np.linspace(0.0, 0.5, 101))
    for figures in (["stored_energy", "charger_energy"], ["ergotropy", "incoherent_ergotropy"]):
        made = qsb.plan(problem, figures)
        assert made.representation == "permutation"
        qsb.run(replace(problem, times=problem.times[::50]), figures)
        tracemalloc.start()
        qsb.run(problem, figures)
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        assert peak < made.bytes + 2**20


@pytest.mark.parametrize("start", ["down", "up"])
def test_steady_states_that_are_reached_slowly_are_those_of_the_null_space(start):
    """A weakly coupled lossless mode loses its quanta through the cell, a hundred times as slowly as the cell."""
    battery = DICKE(1, coupling=0.01, cutoff=9, start=Start(start, charger=ModeStart()), cavity=1.16)
    problem = Problem(battery, quench(1.0), (qsb.emission(0.12),), np.linspace(0.0, 1.0, 3))
    figures = ["stored_energy", "ergotropy"]
    made = [qsb.run(problem, figures, representation=r, steady=True, peaks=False) for r in ("permutation", "density")]
    for name in ("steady_stored_energy", "steady_ergotropy"):
        np.testing.assert_allclose(made[0][name], made[1][name], rtol=0, atol=1e-9)


def test_a_steady_state_beyond_the_cutoff_is_refused_and_raises_an_automatic_one():
    """A mode with gain 0.1 and loss 0.4 ends with 1/3 of a quantum, more than a short run sees."""
    noise = (qsb.pumping(0.1, on="charger"), qsb.emission(0.4, on="charger"), qsb.emission(0.3))
    narrow = Problem(TAVIS(1, coupling=0.1, cutoff=8), quench(1e-3), noise, np.array([0.0, 1e-3]))
    with pytest.raises(CutoffError, match="raise it"):
        qsb.run(narrow, ["stored_energy"], steady=True)
    grows = replace(narrow, battery=TAVIS(1, coupling=0.1, cutoff="auto"))
    found = qsb.run(grows, ["stored_energy"], steady=True)
    wide = qsb.run(replace(narrow, battery=TAVIS(1, coupling=0.1, cutoff=40)), ["stored_energy"], steady=True)
    assert json.loads(found.attrs["cutoffs"])["mode"] < 40
    np.testing.assert_allclose(found["steady_stored_energy"], wide["steady_stored_energy"], rtol=0, atol=1e-7)


def test_forty_cells_in_a_cavity_stay_a_state():
    battery = qsb.models.tavis_cummings(40, coupling=0.1, cutoff=12, start=fock(10))
    noise = (qsb.emission(0.05), qsb.dephasing(0.05), qsb.emission(0.1, on="charger"))
    problem = Problem(battery, quench(0.5), noise, np.linspace(0.0, 0.5, 3))
    made = plan(problem, Request(frozenset({"energy", "power", "spectrum", "levels", "extremes"})))
    assert made.representation == "permutation"
    series = solve(problem, made)
    assert series.budget["trace"] < 1e-12
    assert series.budget["negativity"] < 1e-12
    # to second order in time the cells take g^2 N n t^2
    short = solve(Problem(battery, quench(1e-3), noise, np.array([0.0, 1e-3])), made, tolerance=1e-8)
    assert np.diff(short.values["energy"])[0] == pytest.approx(0.1**2 * 40 * 10 * 1e-6, rel=1e-3)


# -- refusals --


def beside(group, operator="z"):
    space = Space((Group("cells", Spin(), 2), group))
    v = OpSum((Cross("+", "cells", "-", "charger", 0.3), Cross("-", "cells", "+", "charger", 0.3)))
    if isinstance(group.kind, Level):
        v = OpSum((Word(0.3, ((0, "x"), (2, "0|1"))), Word(0.3, ((0, "x"), (2, "1|0")))))
    return qsb.Battery(space, OpSum((Local("z", 0.5),)), v, start=fock(0, "down"))


MULTI = qsb.charging.Channel("custom", 0.1, operator=OpSum((Local("-", 1.0), Local("-", 1.0, "charger"))))
TURNED = qsb.charging.Channel("custom", 0.1, operator=OpSum((Local("-", 1.0), Local("z", 1j))))
OSCILLATOR = qsb.models.oscillator(chargers=1, coupling=1.0, cutoff=4)
NOT_ALIKE = (qsb.emission(np.array([0.1, 0.2])),)


@pytest.mark.parametrize(
    ("battery", "noise", "reason"),
    [
        (beside(CHARGERS["two spins"]), (qsb.emission(0.1, on="charger"),), "single spins of the charger"),
        (beside(CHARGERS["spin"]), NOT_ALIKE, "differs from cell to cell"),
        (beside(CHARGERS["spin"]), (MULTI, qsb.emission(0.1)), "more than one ladder"),
        (beside(CHARGERS["spin"]), (TURNED, qsb.emission(0.1)), "no common phase"),
        (OSCILLATOR, (qsb.emission(0.1),), "not one group of alike spins"),
    ],
    ids=["a charger of single spins", "unlike cells", "two ladders", "phases", "a battery that is a mode"],
)  # fmt: skip
def test_refusals(battery, noise, reason):
    with pytest.raises(PlanError, match=reason):
        plan(Problem(battery, quench(1.0), noise), representation="permutation")


def test_cuts_and_the_span_of_v_are_not_read():
    problem = Problem(beside(CHARGERS["spin"]), quench(1.0), (qsb.emission(0.1),))
    for name in ("cut", "span"):
        assert "charger" in Permutation().lacks(problem, frozenset({name}))


def test_sectors_and_levels_are_counted():
    for n, k in itertools.product((1, 2, 5), (1, 3)):
        battery = DICKE(n, coupling=0.1, cutoff=k, start=Start(charger=ModeStart("fock", quanta=1)))
        found = reached(
            Problem(battery, quench(1.0), (qsb.emission(0.1), qsb.pumping(0.1), qsb.emission(0.1, on="charger")))
        )
        assert found.blocks.states == int(Sectors(n).rows[-1]) * (k + 1)
        assert found.blocks.entries[-1] <= packed_size(n) * (k + 1) ** 2
