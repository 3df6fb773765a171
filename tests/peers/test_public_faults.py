"""Faults found in public battery scripts, each with the value that it gives and the right one.

Not reachable yet: a photon cutoff that is too small. No operator acts on a bosonic site, so nothing is truncated; the
test below holds that door shut.
"""

import itertools
import json
from math import comb

import numpy as np
import pytest
import qutip
from qutip import piqs
from scipy.optimize import brentq
from scipy.signal import argrelextrema

import qsb
from qsb.algebra.blocks import Blocks
from qsb.algebra.build import collective_spins
from qsb.algebra.opsum import OpSum
from qsb.algebra.space import Boson, Group, Space, Spin
from qsb.algebra.states import Start
from qsb.algebra.terms import Local, Pair
from qsb.charging.battery import Battery
from qsb.charging.envelope import Gaussian
from qsb.charging.environment import dephasing, emission
from qsb.charging.problem import Problem
from qsb.charging.protocol import Protocol, Stage, quench
from qsb.errors import ConvergenceError, CutoffError, PlanError, QsbError, StructureError
from qsb.merit.ergotropy import ergotropy, extractable_work
from qsb.runs.dataset import ATTRIBUTES, read, write
from qsb.runs.run import plan, run

CELL = np.diag([1.0, 0.0])  # one cell, level spacing 1, up first
COUPLING = 0.5
OPTIONS = {"atol": 1e-13, "rtol": 1e-11, "nsteps": 10**5, "progress_bar": ""}
#: the generator that PIQS builds loses trace at 1e-8 a unit of time; comparisons with it cannot be tighter
PIQS = 1e-7
RABI = np.sqrt(1 + 4 * COUPLING**2)


def driven(cells=1, times=None, duration=6.0, channels=(), envelope=None, battery=True, interaction=None, start=None):
    """Return cells of gap 1 in a transverse field of 1/2."""
    made = Battery(
        Space.spins(cells),
        OpSum((Local("z", 0.5),)),
        OpSum((interaction or Local("x", COUPLING),)),
        start=start or Start(),
    )
    saved = np.empty(0) if times is None else np.asarray(times, dtype=float)
    return Problem(made, quench(duration, envelope, battery=battery), tuple(channels), saved)


# -- ergotropy by wrong formulas --


def three_forms(rho, meter):
    """Return our ergotropy of a Qobj, an array and Blocks, which must be one number."""
    forms = [
        ergotropy(qutip.Qobj(rho), qutip.Qobj(meter)),
        ergotropy(rho, meter),
        ergotropy(Blocks.dense(rho), Blocks.dense(meter)),
    ]
    assert np.ptp(forms) < 1e-14
    return float(forms[0])


def test_fault_energy_of_the_diagonal_paired_with_sorted_eigenvalues():
    """sum(sorted(p) diag(H)) - sum(p e) forgets tr(rho H): it finds nothing in a full cell."""
    rho = np.diag([1.0, 0.0])
    p, e = np.linalg.eigvalsh(rho), np.linalg.eigvalsh(CELL)
    wrong = np.sum(np.sort(p)[::-1] * np.sort(np.diag(CELL))) - np.sum(np.sort(p)[::-1] * np.sort(e))
    assert wrong == 0
    assert three_forms(rho, CELL) == pytest.approx(1, abs=1e-14)


def test_fault_populations_only():
    """Energy - gap min(p, 1-p) sees no coherence: it finds nothing in a half charged pure cell."""
    rho = np.full((2, 2), 0.5)
    p = rho[0, 0]
    assert p - min(p, 1 - p) == 0
    assert three_forms(rho, CELL) == pytest.approx(0.5, abs=1e-14)
    incoherent, coherent = qsb.ergotropy_parts(rho, CELL)
    assert incoherent == pytest.approx(0, abs=1e-14)
    assert coherent == pytest.approx(0.5, abs=1e-14)


def test_fault_double_loop_is_the_same_number():
    """sum_jk p_j e_k (|<p_j|e_k>|^2 - delta_jk), one overlap at a time, is what one diagonalisation gives."""
    rng = np.random.default_rng(0)
    f = rng.normal(size=(12, 12)) + 1j * rng.normal(size=(12, 12))
    rho = f @ f.conj().T / np.trace(f @ f.conj().T).real
    g = rng.normal(size=(12, 12))
    meter = g + g.T
    p, u = np.linalg.eigh(rho)
    p, u = p[::-1], u[:, ::-1]
    e, v = np.linalg.eigh(meter)
    slow = 0.0
    for j, k in itertools.product(range(12), repeat=2):
        slow += p[j] * e[k] * (abs(np.vdot(u[:, j], v[:, k])) ** 2 - (j == k))
    assert three_forms(rho, meter) == pytest.approx(slow, abs=1e-12)


def test_fault_clipping_hides_solver_errors():
    """max(0, W) and renormalised eigenvalues turn a matrix that is no state into a result; ours refuses it."""
    broken = np.diag([1.05, -0.05])
    clipped = np.clip(np.linalg.eigvalsh(broken), 0, None)
    clipped /= clipped.sum()
    assert np.array_equal(np.sort(clipped), [0, 1])  # looks like a perfect battery
    for rho, meter in (
        (broken, CELL),
        (qutip.Qobj(broken), qutip.Qobj(CELL)),
        (Blocks.dense(broken), Blocks.dense(CELL)),
    ):
        with pytest.raises(StructureError, match="eigenvalue"):
            ergotropy(rho, meter)
    assert max(0.0, 0.3 - 0.4) == 0.0
    with pytest.raises(ConvergenceError):
        extractable_work(0.3, 0.4, 1.0)
    with pytest.raises(QsbError, match="trace"):
        ergotropy(0.9 * np.diag([0.5, 0.5]), CELL)


def levels_of(cells):
    """Return energies above empty in the Dicke basis, m = N/2 first."""
    return np.arange(cells, -1, -1.0)


def test_fault_symmetric_levels_only():
    """Pairing N+1 eigenvalues with the ladder 0..N allows collective unitaries only, and misses work."""
    n = 4
    rho = np.eye(n + 1) / (n + 1)
    r, energy = np.linalg.eigvalsh(rho)[::-1], float(np.trace(rho @ np.diag(levels_of(n))))
    symmetric_only = energy - float(r @ np.sort(levels_of(n)))
    every = np.repeat(np.arange(n + 1.0), [comb(n, k) for k in range(n + 1)])
    right = energy - float(np.concatenate([r, np.zeros(2**n - n - 1)]) @ every)
    assert symmetric_only == pytest.approx(0, abs=1e-14)
    assert right == pytest.approx(1.2, abs=1e-14)
    # ours: the symmetric block and, on the null dimensions, the levels of the other sectors
    others = (np.diag([3.0, 2.0, 1.0]), np.diag([2.0]))
    meter = Blocks((np.diag(levels_of(n)), *others), (1, 3, 2))
    assert float(ergotropy(Blocks((rho,), (1,), 2**n - n - 1), meter)) == pytest.approx(1.2, abs=1e-14)


def test_fault_symmetric_levels_only_in_a_run():
    """The same in a run with collective losses: more than the ladder gives, and what the full space gives."""
    problem = driven(4, [6.0], 6.0, [emission(0.05, collective=True), dephasing(0.1, collective=True)])
    mine = run(problem, ["ergotropy", "energy_above_ground"], representation="symmetric")
    full = run(problem, ["ergotropy"], representation="density")
    assert float(mine["ergotropy"][0]) == pytest.approx(float(full["ergotropy"][0]), abs=1e-10)
    spins = collective_spins(4)
    h = spins["z"] + 2 * COUPLING * spins["x"]
    start = np.zeros((5, 5))
    start[4, 4] = 1
    rho = qutip.mesolve(
        qutip.Qobj(h),
        qutip.Qobj(start),
        [0, 6.0],
        [np.sqrt(0.05) * qutip.Qobj(spins["-"]), np.sqrt(0.1) * 2 * qutip.Qobj(spins["z"])],
        options=OPTIONS,
    ).states[-1]
    r = np.linalg.eigvalsh(rho.full())[::-1]
    ladder = float(mine["energy_above_ground"][0]) - float(r @ np.arange(5.0))
    assert float(mine["ergotropy"][0]) > ladder + 0.05


def test_fault_the_state_of_the_last_loop():
    """A loop over N that keeps the last state scales every ratio wrongly; each run has its own."""
    one = run(driven(1, [2.0], 2.0, [emission(0.3)]), ["ergotropy", "stored_energy"])
    for n in (1, 2, 5, 9):
        data = run(driven(n, [2.0], 2.0, [emission(0.3)]), ["ergotropy", "stored_energy", "local_ergotropy"])
        assert float(data["stored_energy"][0]) == pytest.approx(n * float(one["stored_energy"][0]), abs=1e-10)
        assert float(data["local_ergotropy"][0]) == pytest.approx(n * float(one["ergotropy"][0]), abs=1e-10)
        assert float(data["ergotropy"][0]) >= float(data["local_ergotropy"][0]) - 1e-10
        assert int(data["cells"]) == n


def test_fault_a_passive_state_for_every_pair_of_levels():
    """Levels with multiplicities: twelve cells have 13 levels, not 4096 states times 4096 transitions."""
    data = run(driven(12, [2.0], 2.0, [emission(0.1)]), ["ergotropy"])
    planned = json.loads(data.attrs["plan"])
    assert planned["representation"] == "product"
    assert planned["dimension"] == 4
    from qsb.dynamics.symmetric import SymmetricFrame

    levels = SymmetricFrame(driven(12)).levels()
    assert levels.values.shape == (13,)
    assert levels.dimension == 2**12


# -- permutation symmetry without degeneracy --


def test_fault_the_piqs_matrix_is_not_a_density_matrix_for_nonlinear_functions():
    """PIQS keeps the sum over the d_j copies of a block; purity and ergotropy need each copy."""
    n, rate, width, t = 3, 0.05, 0.3, 8.0
    model = piqs.Dicke(n, emission=rate, dephasing=4 * width)  # its dephasing is rate/4 D[sigma^z] a cell
    jx, _, jz = piqs.jspin(n)
    model.hamiltonian = jz + 2 * COUPLING * jx
    rho = qutip.mesolve(model.liouvillian(), piqs.ground(n), [0, t], options=OPTIONS).states[-1]
    data = run(driven(n, [t], t, [emission(rate), dephasing(width)]), ["ergotropy", "purity", "energy_above_ground"])
    assert (rho * jz).tr().real + n / 2 == pytest.approx(float(data["energy_above_ground"][0]), abs=PIQS)
    naive = (rho * rho).tr().real
    truth = float(data["purity"][0])
    parts, at = [], 0
    for twice_j in (3, 1):
        copies = 1 if twice_j == 3 else 2
        parts.append((rho.full()[at : at + twice_j + 1, at : at + twice_j + 1] / copies, copies))
        at += twice_j + 1
    state = Blocks(tuple(b for b, _ in parts), tuple(m for _, m in parts))
    meter = Blocks((np.diag([1.5, 0.5, -0.5, -1.5]), np.diag([0.5, -0.5])), (1, 2))
    assert state.dimension == 8
    assert float(state.purity()) == pytest.approx(truth, abs=PIQS)
    assert abs(naive - truth) > 1e-3
    assert float(ergotropy(state, meter)) == pytest.approx(float(data["ergotropy"][0]), abs=PIQS)
    naive_work = float(ergotropy(rho.full(), jz.full()))
    assert abs(naive_work - float(data["ergotropy"][0])) > 1e-3


# -- start states --


@pytest.mark.parametrize("cells", [1, 2, 6])
def test_fault_a_battery_that_starts_full(cells):
    """`jmat` puts m = +N/2 first, so basis(N+1, 0) is the full battery: energy 6 of 6 for six cells."""
    jz = qutip.jmat(cells / 2, "z")
    assert qutip.expect(jz, qutip.basis(cells + 1, 0)) + cells / 2 == cells
    assert qutip.expect(jz, qutip.basis(cells + 1, cells)) + cells / 2 == 0
    for representation in ("product", "symmetric", "ket", "density"):
        empty = run(driven(cells), ["energy_above_ground", "ergotropy"], representation=representation)
        assert float(empty["energy_above_ground"][0]) == pytest.approx(0, abs=1e-12)
        assert float(empty["ergotropy"][0]) == pytest.approx(0, abs=1e-12)
        assert float(empty["peak_stored_energy"]) > 0.1
        up = run(driven(cells, start=Start("up")), ["energy_above_ground"], representation=representation)
        assert float(up["energy_above_ground"][0]) == pytest.approx(cells, abs=1e-12)


# -- truncation --


def test_fault_silent_truncation_is_not_reachable():
    """A mode whose highest states fill up is refused; a small sector is taken only where it is exact."""
    space = Space((Group("cells", Spin(), 1), Group("mode", Boson(10), 1, "charger")))
    drive = Battery(space, OpSum((Local("z", 0.5),)), OpSum((Local("x", 1.0, "mode"),)))
    with pytest.raises(CutoffError, match="cutoff of 10"):
        run(Problem(drive, quench(4.0)), ["stored_energy"])
    noisy = driven(4, channels=[emission(0.1)], interaction=Pair("x", "x", 0.3, "all"))
    with pytest.raises(PlanError, match="symmetric"):
        plan(noisy, representation="symmetric")
    chain = driven(4, interaction=Pair("x", "x", 0.3, "chain"))
    with pytest.raises(PlanError, match="exchange"):
        plan(chain, representation="symmetric")
    assert plan(noisy).exact
    assert plan(noisy).dimension == 5**2 + 3**2 + 1  # one block a total spin
    assert plan(driven(50, interaction=Pair("x", "x", 0.3, "all"))).dimension == 51


# -- the first maximum --


@pytest.mark.parametrize("points", [7, 9, 12, 21])
def test_fault_maxima_on_the_grid(points):
    """The largest save point is late or early by half a step; E' = 0 is found between the points."""
    times = np.linspace(0, 1.7 * np.pi / RABI, points)
    data = run(driven(3, times, times[-1]), ["stored_energy"])
    truth, height = np.pi / RABI, 3 * 4 * COUPLING**2 / RABI**2
    step = times[1]
    assert float(data["charging_time"]) == pytest.approx(truth, abs=0.02 * step)
    assert float(data["peak_stored_energy"]) == pytest.approx(height, rel=2e-3 * (7 / points) ** 2)
    on_grid = times[np.argmax(data["stored_energy"].values)]
    assert abs(on_grid - truth) >= abs(float(data["charging_time"]) - truth)


def test_the_charging_time_of_a_grid_that_misses_the_maximum_by_half_a_step():
    step = np.pi / RABI / 3.5
    times = step * np.arange(7)
    data = run(driven(1, times, times[-1]), ["stored_energy", "power"])
    assert abs(times[np.argmax(data["stored_energy"].values)] - np.pi / RABI) == pytest.approx(step / 2, rel=1e-6)
    assert float(data["charging_time"]) == pytest.approx(np.pi / RABI, abs=1e-6)


def test_the_peak_of_the_average_power_of_a_coarse_grid():
    """Largest sin^2(x)/x = 0.7246..., at x = 1.16556."""
    x = brentq(lambda s: np.tan(s) - 2 * s, 0.5, 1.5)
    truth = 2 * COUPLING**2 / RABI * np.sin(x) ** 2 / x
    assert np.sin(x) ** 2 / x == pytest.approx(0.7246113537767086, abs=1e-12)
    data = run(driven(1, np.linspace(0, 6, 25), 6.0), ["average_power"])
    assert float(data["peak_average_power"]) == pytest.approx(truth, rel=1e-3)
    fine = run(driven(1, np.linspace(0, 6, 401), 6.0), ["average_power"])
    assert float(fine["peak_average_power"]) == pytest.approx(truth, rel=1e-8)


def test_fault_no_first_maximum():
    """A series that only rises has no inner maximum: `argrelextrema(...)[0][0]` fails, ours is the end."""
    times = np.linspace(0, 0.5 * np.pi / RABI, 11)
    data = run(driven(2, times, times[-1]), ["stored_energy"])
    with pytest.raises(IndexError):
        _ = argrelextrema(data["stored_energy"].values, np.greater)[0][0]
    assert float(data["charging_time"]) == times[-1]
    assert float(data["peak_stored_energy"]) == float(data["stored_energy"][-1])


def test_fault_the_wrong_time_list():
    """The time of the maximum belongs to the same run: saved there, the energy is the peak."""
    for cells, strength in ((2, 0.3), (3, 1.5)):
        term = Pair("x", "x", strength, "chain")
        first = run(driven(cells, interaction=term, duration=4.0), ["stored_energy"])
        at = float(first["charging_time"])
        assert 0 < at <= 4.0
        again = run(driven(cells, [at], 4.0, interaction=term), ["stored_energy", "power"])
        assert float(again["stored_energy"][0]) == pytest.approx(float(first["peak_stored_energy"]), abs=1e-6)
        assert abs(float(again["power"][0])) < 1e-4


# -- time evolution --


def test_fault_one_exponential_a_point(monkeypatch):
    """201 save times of a constant Hamiltonian cost one diagonalisation."""
    from qsb.dynamics import integrate

    calls = []
    eigh = np.linalg.eigh
    problem = driven(5, interaction=Pair("x", "x", 0.4, "chain"))
    monkeypatch.setattr(integrate.np.linalg, "eigh", lambda m: (calls.append(m.shape), eigh(m))[1])
    data = run(problem, ["stored_energy"], representation="ket")
    assert len(data["time"]) == 201
    assert calls.count((32, 32)) == 1


def test_fault_a_partial_trace_over_numbers_that_are_typed_in():
    """Subsets are named by the cells that stay, in any number of cells and any order."""
    z = np.array([0.5, 0.6, 0.7, 0.8])
    battery = Battery(Space.spins(4), OpSum((Local("z", z),)), OpSum((Local("x", np.array([0.5, 0.1, 0.9, 0.3])),)))
    problem = Problem(battery, quench(1.0), (), np.array([1.0]))
    alone = []
    for i in range(4):
        one = Battery(Space.spins(1), OpSum((Local("z", z[i]),)), OpSum((Local("x", [0.5, 0.1, 0.9, 0.3][i]),)))
        alone.append(float(run(Problem(one, quench(1.0), (), np.array([1.0])), ["ergotropy"])["ergotropy"][0]))
    for subset in ((0,), (3,), (2, 0), (0, 2), (1, 2, 3), (3, 2, 1, 0)):
        for representation in ("product", "ket", "density"):
            data = run(problem, ["subset_ergotropy"], subset=subset, representation=representation)
            expected = sum(alone[i] for i in subset)
            assert float(data["subset_ergotropy"][0]) == pytest.approx(expected, abs=1e-10)


# -- skipped pulses --

PULSE = Gaussian(61.0, 0.002, 300.0)
#: H_B off: E = sin^2 of half the area 2 * int f V
PULSE_ENERGY = float(np.sin(COUPLING * 300.0 * 0.002 * np.sqrt(2 * np.pi)) ** 2)


def test_the_pulse_is_skipped_by_adaptive_steps_that_do_not_know_it():
    """The fault: an adaptive solver grows its step through the dark and reports an empty cell."""
    h = qutip.QobjEvo([0 * qutip.sigmaz(), [COUPLING * qutip.sigmax(), lambda t: PULSE.value(t)]])
    psi = qutip.sesolve(h, qutip.basis(2, 1), [0, 100.0], options={"progress_bar": ""}).states[-1]
    assert abs(psi[0, 0]) ** 2 < 1e-6
    assert PULSE_ENERGY > 0.4


@pytest.mark.parametrize("count", [1, 2, 3, 4, 7, 10, 31, 101])
@pytest.mark.parametrize("representation", ["product", "ket", "density"])
def test_fault_skipped_pulses(count, representation):
    """A pulse of width 0.002 in a run of 100 is met with any number of save points."""
    times = np.linspace(0, 100.0, count + 1)[1:]
    problem = driven(1, times, 100.0, envelope=PULSE, battery=False)
    data = run(problem, ["stored_energy"], representation=representation)
    assert float(data["stored_energy"][-1]) == pytest.approx(PULSE_ENERGY, abs=1e-7)


def test_pulses_in_noise_and_in_a_later_stage_are_met():
    quiet = Stage("charge", 50.0, Gaussian(11.0, 0.002, 300.0), battery=False)
    battery = driven(1).battery
    protocol = Protocol((Stage("store", 30.0), quiet, Stage("store", 20.0)))
    for channels in ((), (dephasing(1e-9),)):
        data = run(Problem(battery, protocol, channels, np.array([100.0])), ["stored_energy"])
        assert float(data["stored_energy"][0]) == pytest.approx(PULSE_ENERGY, abs=1e-6)


@pytest.mark.parametrize("representation", ["product", "density"])
def test_pulses_of_the_noise_are_met(representation):
    """A burst of decay: p = exp(-int gamma)."""
    burst = emission(1.0, envelope=Gaussian(61.0, 0.002, 100.0))
    problem = Problem(
        Battery(Space.spins(1), OpSum((Local("z", 0.5),)), start=Start("up")),
        quench(100.0),
        (burst,),
        np.array([100.0]),
    )
    data = run(problem, ["energy_above_ground"], representation=representation)
    lost = np.exp(-100.0 * 0.002 * np.sqrt(2 * np.pi))
    assert float(data["energy_above_ground"][0]) == pytest.approx(lost, abs=1e-7)


# -- results without their origin --


def test_fault_arrays_without_their_origin(tmp_path):
    """A file holds everything that made it, and reads back equal."""
    data = run(driven(2, channels=[emission(0.1)]), title="two noisy cells")
    path = write(data, tmp_path / "run.nc")
    back = read(path)
    assert set(ATTRIBUTES) <= set(back.attrs)
    assert back.attrs["fingerprint"] == driven(2, channels=[emission(0.1)]).fingerprint
    for name in data.variables:
        assert np.array_equal(data[name].values, back[name].values)
        assert back[name].attrs["units"] == data[name].attrs["units"]
    del back.attrs["fingerprint"]
    with pytest.raises(QsbError, match="fingerprint"):
        write(back, tmp_path / "anonymous.nc")
