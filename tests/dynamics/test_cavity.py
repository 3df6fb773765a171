"""Cells in a cavity: closed forms, agreement of representations, conserved numbers found, cutoffs that tell."""

import dataclasses

import numpy as np
import pytest

import qsb
from qsb import Cross, Local, ModeStart
from qsb.algebra import build, ladder
from qsb.algebra.opsum import OpSum
from qsb.algebra.space import Boson, Group, Level, Space, Spin
from qsb.algebra.terms import Matrix, Word
from qsb.dynamics import energy_shell, mirrored
from qsb.dynamics.ladder import sectors
from qsb.dynamics.ladder_chebyshev import GridGenerator, LadderChebyshev
from qsb.dynamics.ladder_frame import LadderFrame
from qsb.dynamics.plan import REPRESENTATIONS
from qsb.dynamics.reached import layout, leaks
from qsb.dynamics.solve import solve
from qsb.errors import ConvergenceError, CutoffError, SpecError

CAVITY = ("symmetric", "ket", "density")


def fock(quanta, kind="ground"):
    return qsb.Start(kind, charger=ModeStart("fock", quanta=quanta))


def coherent(amplitude):
    return qsb.Start(charger=ModeStart("coherent", amplitude=amplitude))


def at(battery, times, channels=(), **more):
    times = np.atleast_1d(np.asarray(times, dtype=float))
    return qsb.Problem(battery, qsb.quench(float(times[-1])), channels, times, **more)


def energies(battery, times, representation="auto"):
    return qsb.run(at(battery, times), ["stored_energy"], representation=representation)["stored_energy"].values


# -- closed forms --


@pytest.mark.parametrize(("cells", "printed"), [(1, 0.7246113538), (2, 1.7733416639), (3, 3.1621477724)])
def test_o27_peak_average_power_from_a_fock_state(cells, printed):
    battery = qsb.models.tavis_cummings(cells, coupling=1.0, cutoff=cells)
    data = qsb.run(at(battery, np.linspace(0, 3, 61)), ["average_power"])
    assert float(data["peak_average_power"]) == pytest.approx(printed, abs=2e-9)


@pytest.mark.parametrize("representation", CAVITY)
def test_o27_two_cells_in_closed_form(representation):
    t = np.linspace(0, 3, 31)
    battery = qsb.models.tavis_cummings(2, coupling=1.0, cutoff=2)
    root = np.sqrt(6) * t
    expected = 2 / 3 * np.sin(root) ** 2 + 4 / 9 * (1 - np.cos(root)) ** 2
    np.testing.assert_allclose(energies(battery, t, representation), expected, rtol=0, atol=1e-12)


@pytest.mark.parametrize(("cells", "start", "printed"), [(2, "fock", 0.7840464242), (4, "fock", 2.3950469435)])
def test_o27_energies_at_a_fixed_time(cells, start, printed):
    battery = qsb.models.tavis_cummings(cells, coupling=1.0, cutoff=cells)
    assert energies(battery, 0.5)[0] == pytest.approx(printed, abs=1e-10)


def test_o27_coherent_start_at_a_fixed_time():
    battery = qsb.models.tavis_cummings(2, coupling=1.0, start=coherent(np.sqrt(2)))
    data = qsb.run(at(battery, 0.5), ["stored_energy", "ergotropy"])
    assert float(data["stored_energy"][0]) == pytest.approx(0.7292449591, abs=1e-10)
    assert float(data["ergotropy"][0]) == pytest.approx(0.7207651090, abs=1e-10)


@pytest.mark.parametrize(
    ("cells", "start", "printed"),
    [(8, "fock", 0.890), (8, "coherent", 0.988), (1, "fock", 0.8160), (1, "coherent", 0.9500)],
)
def test_o27_work_fraction_at_the_fastest_charge(cells, start, printed):
    begin = fock(cells) if start == "fock" else coherent(np.sqrt(cells))
    battery = qsb.models.tavis_cummings(cells, coupling=1.0, start=begin)
    data = qsb.run(
        at(battery, np.linspace(0, 2, 401)), ["average_power", "ergotropy_fraction"], charging_time_of="average_power"
    )
    found = np.interp(float(data["charging_time"]), data["time"], data["ergotropy_fraction"])
    assert found == pytest.approx(printed, abs=6e-4 if cells == 8 else 6e-5)


@pytest.mark.parametrize("representation", CAVITY)
def test_o28_a_cell_and_a_fock_state_are_jaynes_and_cummings(representation):
    t = np.linspace(0, 4, 17)
    battery = qsb.models.tavis_cummings(1, coupling=0.7, cutoff=3, start=fock(3))
    np.testing.assert_allclose(
        energies(battery, t, representation), np.sin(0.7 * np.sqrt(3) * t) ** 2, rtol=0, atol=1e-12
    )


def test_o28_a_cell_and_a_thermal_mode():
    battery = qsb.models.tavis_cummings(1, coupling=1.0, start=qsb.Start(charger=ModeStart("thermal", nbar=2.0)))
    problem = at(battery, 1.0)
    assert energies(battery, 1.0)[0] == pytest.approx(0.5000106640, abs=1e-9)
    # excitation numbers stay apart: blocks of one and two states, not one of all
    assert max(len(m) for m in sectors(problem).members) == 2


@pytest.mark.parametrize("representation", ["symmetric", "ket"])
@pytest.mark.parametrize(
    ("cells", "strength", "t", "printed"), [(2, 0.5, 1, 1.1370363480), (3, 0.05, 10, 1.5315155654)]
)
def test_o28_counter_rotating_terms(representation, cells, strength, t, printed):
    battery = qsb.models.dicke(cells, coupling=strength)
    assert energies(battery, t, representation)[0] == pytest.approx(printed, abs=1e-10)


@pytest.mark.parametrize("quanta", [2, 5])
def test_two_photons_in_the_rotating_wave(quanta):
    t = np.linspace(0, 3, 13)
    battery = qsb.models.two_photon_dicke(1, coupling=0.3, cutoff=quanta, rotating_wave=True, start=fock(quanta))
    expected = np.sin(0.3 * np.sqrt(quanta * (quanta - 1)) * t) ** 2
    for representation in CAVITY:
        np.testing.assert_allclose(energies(battery, t, representation), expected, rtol=0, atol=1e-12)


def test_the_mode_decays_at_the_rate_of_its_loss():
    """Without a coupling the cells do nothing, and a mode of n quanta holds n exp(-kappa t)."""
    battery = qsb.models.tavis_cummings(1, coupling=0.0, cutoff=4, start=fock(4))
    problem = at(battery, np.linspace(0, 3, 4), [qsb.emission(0.4, on="charger")])
    data = qsb.run(problem, ["stored_energy", "charger_energy"])
    np.testing.assert_allclose(data["stored_energy"], 0, atol=1e-12)
    np.testing.assert_allclose(data["charger_energy"], 4 * (np.exp(-0.4 * problem.times) - 1), rtol=0, atol=1e-9)


def test_the_charger_loses_what_the_cells_take():
    battery = qsb.models.tavis_cummings(2, coupling=1.0, cutoff=2)
    data = qsb.run(at(battery, np.linspace(0, 2, 9)), ["stored_energy", "charger_energy"])
    np.testing.assert_allclose(data["stored_energy"] + data["charger_energy"], 0, atol=1e-12)


# -- what the terms conserve --


def test_excitations_that_are_conserved_are_found():
    battery = qsb.models.tavis_cummings(20, coupling=0.1, cutoff=60, start=fock(30))
    assert layout(at(battery, 1.0)).states == 21
    assert qsb.plan(at(battery, 1.0)).dimension == 21
    few = qsb.models.tavis_cummings(20, coupling=0.1, cutoff=60, start=fock(7))
    assert layout(at(few, 1.0)).states == 8


def test_a_cavity_couples_to_one_cell_at_a_time():
    assert at(qsb.models.dicke(5, coupling=0.1, cutoff=30), 1.0).structure.body_order == 1
    assert at(anisotropic(3, 16, fock(1)), 1.0).structure.body_order == 2


def test_parity_is_found_and_a_coherent_state_has_none():
    even = qsb.models.dicke(4, coupling=0.1, cutoff=30)
    assert layout(at(even, 1.0)).states == (5 * 31 + 1) // 2
    both = qsb.models.dicke(4, coupling=0.1, cutoff=30, start=coherent(1.0))
    assert layout(at(both, 1.0)).states == 5 * 31
    two = qsb.models.two_photon_dicke(4, coupling=0.01, cutoff=30, start=fock(4))
    assert layout(at(two, 1.0)).states == 5 * 16


def test_loss_opens_lower_sectors_and_keeps_them_apart():
    battery = qsb.models.tavis_cummings(3, coupling=0.1, cutoff=9, start=fock(5))
    problem = at(battery, 1.0, [qsb.emission(0.1, on="charger")])
    assert layout(problem).states == sum(min(k, 3) + 1 for k in range(6))
    assert sorted(len(m) for m in sectors(problem).members) == [1, 2, 3, 4, 4, 4]
    assert qsb.plan(problem).dimension == 1 + 4 + 9 + 3 * 16


def test_a_full_cutoff_is_exact_where_nothing_leads_beyond_it():
    assert not leaks(at(qsb.models.tavis_cummings(3, coupling=0.1, cutoff=3), 1.0))
    assert leaks(at(qsb.models.dicke(3, coupling=0.1, cutoff=3), 1.0))


# -- agreement --


FIGURES = [
    "stored_energy", "power", "ergotropy", "incoherent_ergotropy", "local_ergotropy", "subset_ergotropy", "purity",
    "capacity", "energy_std", "bound_fisher", "charger_energy",
]  # fmt: skip


def anisotropic(cells, cutoff, start, **more):
    """Different rotating and counter-rotating terms, a dispersive one, cells that couple, a tilted H_B."""
    space = Space((Group("cells", Spin(), cells), Group("mode", Boson(cutoff), 1, "charger")))
    v = OpSum(
        (
            Cross("+", "cells", "a", "mode", 0.3),
            Cross("-", "cells", "a+", "mode", 0.3),
            Cross("+", "cells", "a+", "mode", 0.1),
            Cross("-", "cells", "a", "mode", 0.1),
            Cross("z", "cells", "n", "mode", 0.05),
            qsb.Pair("x", "x", 0.2, "all"),
            *more.get("terms", ()),
        )
    )
    meter = OpSum((Local("z", 0.5), Local("x", more.get("tilt", 0.0))))
    return qsb.Battery(space, meter, v, OpSum((Local("n", 0.9, "mode"), Local("nn", 0.02, "mode"))), start=start)


CASES = {
    "dicke": qsb.models.dicke(2, coupling=0.3, cutoff=24),
    "one cell": qsb.models.dicke(1, coupling=0.3, cutoff=15),
    "coherent": qsb.models.tavis_cummings(2, coupling=0.4, cutoff=17, start=coherent(0.8 + 0.3j)),
    "two photons": qsb.models.two_photon_dicke(2, coupling=0.03, cutoff=20, start=fock(2)),
    "anisotropic": anisotropic(3, 16, fock(1)),
    "tilted": anisotropic(2, 16, fock(1), tilt=0.3),
    "from up": anisotropic(2, 16, fock(0, "up")),
    "complex": anisotropic(2, 16, fock(1), terms=(Cross("y", "cells", "x", "mode", 0.07),)),
}


#: small ones, for density matrices
NOISY = {
    "dicke": qsb.models.dicke(2, coupling=0.15, cutoff=9, start=fock(1)),
    "one cell": qsb.models.dicke(1, coupling=0.3, cutoff=9),
    "coherent": qsb.models.tavis_cummings(2, coupling=0.4, cutoff=9, start=coherent(0.4 + 0.2j)),
    "tilted": anisotropic(2, 9, fock(0), tilt=0.3),
}


def agree(part, whole):
    for figure in FIGURES:
        # the root of a variance that vanishes up to rounding
        near = 1e-7 if figure == "energy_std" else 1e-8
        np.testing.assert_allclose(part[figure], whole[figure], rtol=0, atol=near, err_msg=figure)


@pytest.mark.parametrize("name", CASES)
def test_the_sectors_are_the_whole_space(name):
    problem = at(CASES[name], np.linspace(0, 3, 4))
    whole, part = (
        qsb.run(problem, FIGURES, representation=r, subset=(0,), tolerance=1e-6) for r in ("ket", "symmetric")
    )
    agree(part, whole)


@pytest.mark.parametrize("name", NOISY)
def test_the_sectors_are_the_whole_space_with_noise(name):
    channels = [
        qsb.emission(0.1, on="charger"),
        qsb.thermal(0.02, nbar=0.1, on="charger"),
        qsb.dephasing(0.01, on="charger"),
        qsb.emission(0.05, collective=True),
        qsb.dephasing(0.01, collective=True),
    ]
    problem = at(NOISY[name], np.linspace(0, 1, 3), channels)
    whole, part = (
        qsb.run(problem, FIGURES, representation=r, subset=(0,), tolerance=1e-5) for r in ("density", "symmetric")
    )
    agree(part, whole)


def test_a_charger_of_spins_is_a_ladder_too():
    """Central spins: cells beside a bath of alike spins that starts with three of them up."""
    space = Space((Group("bath", Spin(), 4, "charger"), Group("cells", Spin(), 2)))
    v = OpSum((Cross("+", "cells", "-", "bath", 0.3), Cross("-", "cells", "+", "bath", 0.3)))
    battery = qsb.Battery(space, OpSum((Local("z", 0.5),)), v, OpSum((Local("z", 0.5, "bath"),)), start=fock(3, "down"))
    problem = at(battery, np.linspace(0, 4, 9))
    assert qsb.plan(problem).dimension == 3
    figures = ["stored_energy", "ergotropy", "charger_energy"]
    runs = [qsb.run(problem, figures, representation=r) for r in CAVITY[:2]]
    for figure in figures:
        np.testing.assert_allclose(runs[0][figure], runs[1][figure], rtol=0, atol=1e-10)


def test_a_drive_that_oscillates():
    space = Space((Group("cells", Spin(), 2), Group("mode", Boson(14), 1, "charger")))
    battery = qsb.Battery(
        space, OpSum((Local("z", 0.5),)), OpSum((Cross("x", "cells", "x", "mode", 0.2),)),
        OpSum((Local("n", 1.0, "mode"),)), start=fock(1),
    )  # fmt: skip
    stage = qsb.Stage("charge", 2.0, qsb.charging.Sinusoidal(1.3))
    problem = qsb.Problem(battery, qsb.Protocol((stage,)), (), np.linspace(0, 2, 5))
    a, b = (qsb.run(problem, ["stored_energy", "ergotropy"], representation=r) for r in ("symmetric", "ket"))
    np.testing.assert_allclose(a["ergotropy"], b["ergotropy"], rtol=0, atol=1e-8)


def test_expansion_on_the_grid_is_the_exponential_and_widens_a_window_that_is_too_narrow(monkeypatch):
    problem = at(qsb.models.dicke(12, coupling=0.12, cutoff=60), np.linspace(0, 4, 9))
    frame = LadderFrame(problem)
    b = problem.battery
    whole = frame.matrix(b.battery + b.charger + b.interaction).toarray().real
    e, u = np.linalg.eigh(whole)
    start = np.zeros(len(e))
    r, c = np.nonzero(frame.layout.mask)
    start[(r == 12) & (c == 12)] = 1.0
    expected = (u * np.exp(-1j * np.outer(problem.times[1:], e))[:, None, :] @ (u.T @ start)[:, None])[..., 0]
    grid = ladder.Grid(ladder.real(ladder.products(b.battery + b.charger + b.interaction, b.space)), frame.layout)
    np.testing.assert_allclose(grid.apply(start), whole @ start, rtol=0, atol=1e-12)
    for margins in ((0.5, 1.0, np.inf), (10.0, np.inf), (np.inf,)):
        monkeypatch.setattr(energy_shell, "MARGINS", margins)
        generator = GridGenerator(None, (), skew=True, grid=grid)
        # a start that is real up to a phase takes one real vector, any other one two
        for x, phase in ((start + 0j, 1.0), (np.exp(0.7j) * start, np.exp(0.7j)), (expected[0], None)):
            times = problem.times[1:] if phase is not None else problem.times[2:] - problem.times[1]
            states = list(LadderChebyshev().advance(generator, x, 0.0, times, 1e-12))
            there = expected[1:] if phase is None else phase * expected
            np.testing.assert_allclose(states, there, rtol=0, atol=1e-11)
        beside = np.sort(np.append(problem.times[1:], [0.13, 0.9, 1.01, 3.72]))
        states = list(LadderChebyshev().advance(generator, start + 0j, 0.0, beside, 1e-12))
        there = u * np.exp(-1j * np.outer(beside, e))[:, None, :] @ (u.T @ start)
        np.testing.assert_allclose(states, there, rtol=0, atol=1e-11)


def test_many_uneven_times_are_laid_out_at_once(monkeypatch):
    """A grid with a probe in every interval: only the numbers of outputs that its first times allow are tried."""
    times = np.linspace(0.0, 30.0, 2001)
    times = np.sort(np.append(times[1:], times[:-1] + 0.618 * times[1]))
    calls = []
    search = np.searchsorted
    monkeypatch.setattr(mirrored.np, "searchsorted", lambda *a, **k: calls.append(1) or search(*a, **k))
    found = mirrored.cheapest_centres(times, 40.0, 1000)
    monkeypatch.undo()
    assert len(calls) < 50
    assert found.count * found.step == pytest.approx(30.0, rel=1e-15)
    reached = np.append(found.place[found.place >= 0], [k for k, _, _ in found.beside])
    assert sorted(reached) == list(range(len(times)))


def test_a_second_look_goes_on_from_states_on_the_way():
    problem = at(qsb.models.dicke(20, coupling=0.1, cutoff=80), np.linspace(0, 4, 41))
    plan = qsb.plan(problem, ["stored_energy"])
    assert plan.integrators == ("ladder",)
    first = solve(problem, plan)
    assert len(first.marks.held) > 10
    between = dataclasses.replace(problem, times=np.array([0.0, 0.05, 0.7, 2.63, 2.64, 3.999]))
    again, alone = solve(between, plan, again=first), solve(between, plan)
    for name in ("energy", "power"):
        np.testing.assert_allclose(again.values[name], alone.values[name], rtol=0, atol=1e-11)
    # a mark that is wrong is used, and seen
    first.marks.held[10] = (first.marks.held[10][0], 1.1 * first.marks.held[10][1])
    with pytest.raises(ConvergenceError, match="norm"):
        solve(dataclasses.replace(problem, times=np.array([first.marks.held[10][0] + 0.01])), plan, again=first)


# -- ergotropy is the battery's, on all of its levels --


def test_ergotropy_counts_all_levels_of_the_cells_not_the_ladder():
    n = 4
    battery = qsb.models.tavis_cummings(n, coupling=1.0, cutoff=n)
    problem = at(battery, [0.4, 0.8])
    data = qsb.run(problem, ["ergotropy", "stored_energy"], representation="symmetric")
    full = qsb.run(problem, ["ergotropy"], representation="ket")
    np.testing.assert_allclose(data["ergotropy"], full["ergotropy"], rtol=0, atol=1e-12)
    # negative control: sorted against the N+1 energies of the ladder it comes out too small
    frame = LadderFrame(problem)
    h = build.dense(battery.battery + battery.charger + battery.interaction, battery.space)
    e, u = np.linalg.eigh(h)
    psi = np.zeros(len(h), dtype=complex)
    psi[(2**n - 1) * (n + 1) + n] = 1.0
    ladder_work = []
    for t in problem.times:
        m = ((u * np.exp(-1j * e * t)) @ (u.conj().T @ psi)).reshape(2**n, n + 1)
        p = np.sort(np.linalg.eigvalsh(m @ m.conj().T))[::-1][: n + 1]
        ladder_work.append(float(data["stored_energy"].sel(time=t)) - p @ np.arange(n + 1))
    assert frame.null == 2**n - (n + 1)
    assert np.all(data["ergotropy"].values - ladder_work > 1e-3)


def test_bounds_that_assume_a_charger_without_a_state_are_refused():
    problem = at(qsb.models.dicke(2, coupling=0.1, cutoff=20), 1.0)
    for figure in ("bound_locality", "bound_norm", "bound_variance", "bound_uncertainty"):
        with pytest.raises(SpecError, match="bound_fisher"):
            qsb.run(problem, [figure])
    with pytest.raises(SpecError, match="belong to the charger"):
        qsb.run(problem, ["subset_ergotropy"], subset=(2,))


# -- cutoffs --


def test_a_cutoff_that_is_too_low_is_refused_and_named():
    """Dicke, N = 10, cutoff 40 = 4N: the highest five Fock states reach a population of 1e-5."""
    problem = at(qsb.models.dicke(10, coupling=0.5, normalisation="sqrt", cutoff=40), np.linspace(0, 10, 101))
    with pytest.raises(CutoffError, match=r"cutoff of 40 is too low: raise it, e\.g\. to 80"):
        qsb.run(problem, ["stored_energy"])


@pytest.mark.parametrize("representation", ["symmetric", "ket"])
def test_an_automatic_cutoff_grows_until_the_tail_is_empty(representation):
    space = Space((Group("cells", Spin(), 2), Group("mode", Boson(5, grows=4), 1, "charger")))
    battery = qsb.Battery(
        space, OpSum((Local("z", 0.5),)), OpSum((Cross("x", "cells", "x", "mode", 0.5),)),
        OpSum((Local("n", 1.0, "mode"),)), start=fock(2),
    )  # fmt: skip
    data = qsb.run(at(battery, 1.0), ["stored_energy"], representation=representation)
    assert data.attrs["cutoffs"] == '{"mode": 20}'
    assert float(data["stored_energy"][0]) == pytest.approx(1.1370363480, abs=1e-8)


def test_growth_ends():
    """Beyond the spectral collapse of the two-photon coupling no cutoff is large enough."""
    battery = qsb.models.two_photon_dicke(1, coupling=0.4, cutoff=20)
    kind = battery.space.group("mode").kind
    assert kind.grows == 0
    with pytest.raises(CutoffError, match="'auto'"):
        qsb.run(at(battery, 12.0), ["stored_energy"])


def test_a_start_that_does_not_fit_is_refused():
    with pytest.raises(SpecError, match="cutoff of 3"):
        at(qsb.models.dicke(4, coupling=0.1, cutoff=3), 1.0)
    with pytest.raises(SpecError, match="beyond the cutoff"):
        at(qsb.models.dicke(2, coupling=0.1, cutoff=8, start=coherent(2.0)), 1.0)
    start = qsb.Start(charger=ModeStart("thermal", nbar=3.0))
    with pytest.raises(SpecError, match="beyond the cutoff"):
        at(qsb.models.dicke(2, coupling=0.1, cutoff=8, start=start), 1.0)


# -- what is refused --


@pytest.mark.parametrize(
    ("build_it", "match"),
    [
        (lambda: ModeStart("squeezed"), "squeezed"),
        (lambda: ModeStart("fock"), "needs quanta"),
        (lambda: ModeStart("fock", quanta=1.5), "whole number"),
        (lambda: ModeStart("vacuum", nbar=1.0), "takes no nbar"),
        (lambda: ModeStart("thermal", nbar=-1.0), "negative"),
        (lambda: ModeStart("coherent", amplitude=np.inf), "finite"),
        (lambda: Cross("x", "cells", "x", "cells"), "two groups"),
        (lambda: Cross("x", "cells", "b", "mode"), "unknown"),
        (lambda: Cross("x", "cells", "x", "mode", np.ones(2)), "one strength"),
        (lambda: Boson(0), "cutoff"),
        (lambda: qsb.models.dicke(0, coupling=0.1), "cells"),
        (lambda: qsb.models.dicke(2, coupling=np.nan), "coupling"),
        (lambda: qsb.models.dicke(2, coupling=0.1, cutoff="big"), "'auto'"),
        (lambda: qsb.models.dicke(2, coupling=0.1, normalisation="sqr"), "sqrt"),
        (lambda: qsb.models.dicke(2, coupling=0.1, frequency=-1.0), "positive"),
        (lambda: qsb.Start("state", array=np.ones(1), charger=ModeStart()), "already"),
    ],
)
def test_impossible_requests_are_refused(build_it, match):
    with pytest.raises(SpecError, match=match):
        build_it()


def test_operators_are_checked_against_the_kind_of_their_group():
    space = Space((Group("cells", Spin(), 2), Group("mode", Boson(4), 1, "charger"), Group("atom", Level(3), 1)))
    meter = OpSum((Local("z", 0.5),))
    for term, match in (
        (Local("a", 1.0), "'a' does not act on group 'cells'"),
        (Cross("x", "cells", "z", "mode"), "'z' does not act on group 'mode'"),
        (Word(1.0, ((3, "x"),)), "'x' does not act on group 'atom'"),
    ):
        with pytest.raises(SpecError, match=match):
            qsb.Battery(space, meter, OpSum((term,)))
    with pytest.raises(SpecError, match="H_B acts on the charger group mode"):
        qsb.Battery(space, OpSum((Local("n", 1.0, "mode"),)))
    with pytest.raises(qsb.StructureError, match="not Hermitian"):
        qsb.Battery(space, meter, OpSum((Cross("+", "cells", "a", "mode"),)))
    assert qsb.Battery(space, meter, OpSum((Cross("+", "cells", "a", "mode"), Cross("-", "cells", "a+", "mode"))))


def test_single_cells_and_local_noise_leave_the_symmetric_states():
    battery = qsb.models.dicke(2, coupling=0.1, cutoff=12)
    local = at(battery, 1.0, [qsb.emission(0.1)])
    symmetric = next(r for r in REPRESENTATIONS if r.name == "symmetric")
    assert "single cells" in symmetric.accepts(local.structure)
    chosen = qsb.plan(local).representation
    assert chosen == "permutation"
    space = battery.space
    uneven = qsb.Battery(space, battery.battery, OpSum((Word(0.1, ((0, "x"), (2, "x"))),)), start=fock(1))
    assert "collective" in symmetric.accepts(at(uneven, 1.0).structure)
    atom = Space((Group("cells", Spin(), 1), Group("atom", Level(3), 1, "charger")))
    start = qsb.Start("state", array=np.eye(6)[0])
    with pytest.raises(SpecError, match="custom"):
        at(qsb.Battery(atom, OpSum((Local("z", 0.5),)), start=start), 1.0, [qsb.emission(0.1, on="charger")])


# -- operators --


@pytest.mark.parametrize("cutoff", [1, 2, 6])
def test_mode_operators_are_exact_between_the_kept_states(cutoff):
    wide = cutoff + 4
    a = np.diag(np.sqrt(np.arange(1, wide + 1)), 1)
    x, n = a + a.T, a.T @ a
    expected = {
        "i": np.eye(wide + 1), "a": a, "a+": a.T, "n": n, "x": x, "p": 1j * (a.T - a), "nn": n @ n, "aa": a @ a,
        "a+a+": a.T @ a.T, "xx": x @ x,
    }  # fmt: skip
    for name, matrix in expected.items():
        kept = matrix[: cutoff + 1, : cutoff + 1]
        np.testing.assert_allclose(build.boson_matrix(name, cutoff), kept, rtol=0, atol=1e-12, err_msg=name)


def test_cross_terms_in_every_form():
    space = Space((Group("cells", Spin(), 2), Group("mode", Boson(3), 1, "charger")))
    op = OpSum((Cross("+", "cells", "a", "mode", 0.4), Cross("-", "cells", "a+", "mode", 0.4)))
    words = OpSum(tuple(Word(c, f) for c, f in op.words(space)))
    np.testing.assert_allclose(build.dense(op, space), build.dense(words, space), rtol=0, atol=1e-14)
    np.testing.assert_allclose(build.qobj(op, space).full(), build.dense(op, space), rtol=0, atol=1e-14)
    assert op.order(space) == 2
    assert op.adjoint().adjoint() == op
    on_grid = ladder.sparse(ladder.products(op, space), (3, 4)).toarray()
    whole = np.linalg.eigvalsh(build.dense(op, space))
    assert all(np.abs(whole - e).min() < 1e-12 for e in np.linalg.eigvalsh(on_grid))
    with pytest.raises(qsb.StructureError, match="opaque"):
        ladder.products(OpSum((Matrix(np.eye(16)),)), space)


# -- the example of the design --


def test_a_lossy_cavity_from_a_spec():
    text = """
    [model]
    name = "dicke"
    cells = 2
    coupling = 0.2
    cutoff = 20
    [start]
    charger = {state = "coherent", amplitude = [0.6, 0.2]}
    [[channel]]
    kind = "emission"
    rate = 0.05
    on = "charger"
    [[stage]]
    duration = 1.0
    [save]
    points = 3
    figures = ["stored_energy", "ergotropy"]
    [solve]
    tolerance = 1e-6
    """
    data = qsb.run(text)
    assert float(data["stored_energy"][-1]) > 0
    with pytest.raises(SpecError, match="amplitude"):
        qsb.load_spec(text.replace("[0.6, 0.2]", "[0.6]")).problem()
    with pytest.raises(SpecError, match="alpha"):
        qsb.load_spec(text.replace("amplitude =", "alpha ="))


def test_damping_beyond_all_energies_is_followed():
    start = qsb.Start(charger=qsb.ModeStart("vacuum"))
    battery = qsb.models.dicke(1, coupling=0.2, start=start)
    problem = qsb.Problem(battery, qsb.quench(1.0), [qsb.pumping(2.0, on="mode")], np.linspace(0.0, 1.0, 3))
    found, other = (qsb.run(problem, ["stored_energy"], peaks=False, integrator=name) for name in ("auto", "faber"))
    np.testing.assert_allclose(found["stored_energy"], other["stored_energy"], atol=1e-10)


def test_a_large_cutoff_is_planned_without_its_matrix():
    import tracemalloc

    problem = qsb.Problem(qsb.models.tavis_cummings(2, coupling=0.1, cutoff=8000), qsb.quench(1.0))
    tracemalloc.start()
    qsb.plan(problem, ["stored_energy"])
    most = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert most < 2**26
