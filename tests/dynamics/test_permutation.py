"""One block a total spin: against the 2^N Lindbladian, against PIQS, against closed forms, and at N = 100."""

import itertools

import numpy as np
import pytest
import scipy.linalg as la

import qsb
from qsb.algebra import build
from qsb.algebra.opsum import OpSum
from qsb.algebra.sectors import Banded, Sectors, multiplicity, packed_size
from qsb.algebra.site_operators import SPIN_OPERATORS
from qsb.algebra.space import Space
from qsb.algebra.states import Start
from qsb.algebra.terms import Global, Local, Pair, Word
from qsb.charging.battery import Battery
from qsb.charging.envelope import Gaussian, Ramp, Sinusoidal
from qsb.charging.environment import dephasing, emission, pumping, thermal
from qsb.charging.problem import Problem
from qsb.charging.protocol import Protocol, Stage, quench
from qsb.dynamics.permutation import Permutation
from qsb.dynamics.plan import plan
from qsb.dynamics.representation import Request
from qsb.dynamics.solve import solve
from qsb.dynamics.spin_sectors import couplings, start_blocks
from qsb.dynamics.steady import steady_state
from qsb.errors import PlanError, StructureError
from qsb.runs.figures import FIGURES, Reading, needs
from systems import bloch_steady_energy, cells, pairs, total_spin_bases

METER = OpSum((Local("z", 0.5),))
INTERACTING = OpSum((Local("z", 0.5), Pair("z", "z", 0.15, "all"), Local("x", 0.1)))
FIELD = OpSum((Local("x", 0.5), Pair("x", "x", 0.3, "all", normalisation="kac")))
CHANNELS = {
    "emission": emission(0.3),
    "pumping": pumping(0.2),
    "dephasing": dephasing(0.15),
    "thermal": thermal(0.2, nbar=0.4),
    "collective emission": emission(0.2, collective=True),
    "collective pumping": pumping(0.1, collective=True),
    "collective dephasing": dephasing(0.05, collective=True),
}
MIXED = Start("product", bloch=np.array([0.3, -0.4, 0.5]))


def battery(n, interaction=FIELD, meter=METER, **options):
    """Return n alike cells."""
    return Battery(Space.spins(n), meter, interaction, **options)


def blocks_of(rho, n):
    """Return the blocks of a permutation-symmetric 2^n state, traced over equal sectors."""
    return [sum(b.T @ rho @ b for b in total_spin_bases(n)[jj]) for jj in range(n, -1, -2)]


def full_state(blocks, n):
    """Return the 2^n matrix of blocks."""
    bases = total_spin_bases(n)
    return sum(
        b @ block @ b.T / multiplicity(n, jj)
        for jj, block in zip(range(n, -1, -2), blocks, strict=True)
        for b in bases[jj]
    )


def brute_force(problem, rho, t=0.0):
    """Return the Lindblad right-hand side from Kronecker products, at unit envelopes."""
    space = problem.battery.space
    h = build.dense(problem.battery.battery, space) + build.dense(problem.battery.interaction, space)
    out = -1j * (h @ rho - rho @ h)
    for jump in problem.jumps:
        for rate, op in jump.operators(space):
            a = build.dense(op, space)
            n = a.conj().T @ a
            out = out + rate * (a @ rho @ a.conj().T - (n @ rho + rho @ n) / 2)
    return out


def random_symmetric(n, seed):
    """Return random blocks of a permutation-symmetric state."""
    rng = np.random.default_rng(seed)
    blocks = []
    for jj in range(n, -1, -2):
        a = rng.normal(size=(jj + 1, jj + 1)) + 1j * rng.normal(size=(jj + 1, jj + 1))
        blocks.append(a @ a.conj().T)
    norm = sum(np.trace(b).real for b in blocks)
    return [b / norm for b in blocks]


@pytest.mark.parametrize("n", [1, 2, 3, 4, 5])
@pytest.mark.parametrize("name", [*CHANNELS, "closed", "everything"])
def test_the_right_hand_side_is_that_of_the_full_space(n, name):
    channels = {"closed": (), "everything": tuple(CHANNELS.values())}.get(name, (CHANNELS.get(name),))
    terms = OpSum((*FIELD.terms, Local("y", 0.7), Global("x", 0.4), Global("y", 0.3), Pair("y", "y", -0.2, "all")))
    problem = Problem(battery(n, terms), quench(1.0), channels)
    where = Sectors(n)
    generator = Permutation().reduce(problem, Request()).generators[0]
    blocks = random_symmetric(n, 3)
    got = generator.apply(0.0, where.pack(blocks))
    expected = blocks_of(brute_force(problem, full_state(blocks, n)), n)
    for b, block in enumerate(expected):
        np.testing.assert_allclose(where.unpack(got, b), block, rtol=0, atol=1e-12)
    parts = generator.apply_unitary(0.0, where.pack(blocks)) + generator.apply_dissipative(0.0, where.pack(blocks))
    np.testing.assert_allclose(parts, got, rtol=0, atol=1e-13)


def test_the_comparison_sees_a_wrong_coefficient(monkeypatch):
    """Negative control: jumps to the sector above that are one part in a thousand too strong."""
    within, below, above = couplings(4)._moves
    monkeypatch.setitem(couplings(4).__dict__, "_moves", (within, below * 1.001, above))
    with pytest.raises(AssertionError):
        test_the_right_hand_side_is_that_of_the_full_space(4, "emission")


@pytest.mark.parametrize("n", [1, 2, 3, 4, 5, 8])
def test_operators_are_those_of_each_sector(n):
    space, where = Space.spins(n), Sectors(n)
    for name in SPIN_OPERATORS:
        for term in (Local(name, 0.3), Pair(name, name, 0.7, "all"), Global(name, 1.1), Word(0.3, ())):
            made = Banded.of(OpSum((term,)), space, where)
            for b, jj in enumerate(where.twice_j):
                expected = build.collective(OpSum((term,)), space, int(jj))
                np.testing.assert_allclose(made.dense(b), expected, rtol=0, atol=1e-12)


def test_packing_keeps_states_and_scalar_products():
    where = Sectors(5)
    rho, op = random_symmetric(5, 1), random_symmetric(5, 2)
    x = where.pack(rho)
    assert x.size == packed_size(5) == where.entries[-1]
    for b, block in enumerate(rho):
        np.testing.assert_allclose(where.unpack(x, b), block, rtol=0, atol=1e-16)
    product = sum(np.trace(a @ b).real for a, b in zip(rho, op, strict=True))
    assert x @ where.pack(op) == pytest.approx(product, abs=1e-14)


# -- whole runs --

RUNS = {
    "constant": (quench(2.0), (emission(0.2), dephasing(0.1)), Start("down")),
    "mixed start": (quench(2.0), (emission(0.2), pumping(0.1)), MIXED),
    "collective and local": (quench(2.0), (emission(0.2), emission(0.1, collective=True)), Start("up")),
    "drive": (quench(2.0, Sinusoidal(1.3, 0.4)), (dephasing(0.1),), Start("thermal", temperature=0.7)),
    "rates in time": (
        quench(2.0, Gaussian(0.8, 0.3)),
        (emission(0.3, envelope=Ramp(1.0, 0.2, 1.5)), dephasing(0.05, collective=True, envelope=Sinusoidal(0.3))),
        Start("up"),
    ),
    "stages": (
        Protocol((Stage("charge", 0.7), Stage("store", 0.5), Stage("discharge", 0.8, battery=False))),
        (thermal(0.2, nbar=0.3),),
        Start("down"),
    ),
}
ALL = (
    "stored_energy",
    "power",
    "work_power",
    "heat_power",
    "ergotropy",
    "capacity",
    "purity",
    "energy_std",
    "incoherent_ergotropy",
    "coherent_ergotropy",
    "subset_ergotropy",
    "bound_fisher",
    "bound_uncertainty",
)


def figures(problem, representation, names=ALL):
    """Return figures of one representation."""
    subset = (0, 1) if problem.cells > 2 else (0,)
    request = Request(needs(tuple(names), problem), subset)
    made = plan(problem, request, representation=representation)
    reading = Reading(problem, solve(problem, made, tolerance=1e-11))
    return {name: FIGURES[name](reading) for name in names}


@pytest.mark.parametrize(
    ("n", "name"), [*((n, k) for n in (2, 4) for k in RUNS), (1, "constant"), (5, "constant"), (1, "rates in time")]
)
@pytest.mark.parametrize("meter", [METER, INTERACTING], ids=["free", "interacting"])
def test_every_figure_is_that_of_the_full_density_matrix(n, name, meter):
    protocol, channels, start = RUNS[name]
    problem = Problem(battery(n, meter=meter, start=start), protocol, channels, np.array([0.0, 0.6, 2.0]))
    names = ALL if meter is INTERACTING else (*ALL, "local_ergotropy")
    got, expected = figures(problem, "permutation", names), figures(problem, "density", names)
    for key in names:
        power, tolerance = (2, 1e-9) if key in ("energy_std", "bound_uncertainty") else (1, 2e-9)
        np.testing.assert_allclose(got[key] ** power, expected[key] ** power, rtol=0, atol=tolerance, err_msg=key)


def w3(n, times=(0.0, 4.0, 9.0, 20.0), **more):
    """Return the workload W3: field, Kac all-to-all, emission and dephasing on every cell."""
    coupling = pairs(0.3, "all", normalisation="kac")
    channels = (qsb.emission(0.05), qsb.dephasing(0.05))
    return cells(n, field=0.5, coupling=coupling, channels=channels, times=times, **more)


def test_six_cells_give_the_ergotropy_of_the_full_matrix():
    got, expected = (figures(w3(6, (0.0, 3.0)), r, ("ergotropy", "power")) for r in ("permutation", "density"))
    for key, value in got.items():
        np.testing.assert_allclose(value, expected[key], rtol=0, atol=1e-10)


def test_blocks_without_their_multiplicities_have_a_wrong_ergotropy():
    """Negative control: the matrix that PIQS evolves, read as a state, overstates the ergotropy by a tenth and more."""
    problem = w3(8, np.linspace(0.0, 20.0, 21))
    reduced = Permutation().reduce(problem, Request())
    right = figures(problem, "permutation", ("ergotropy",))["ergotropy"]
    where = Sectors(8)
    series = solve(problem, plan(problem, representation="permutation"))
    (generator,) = reduced.generators
    x = reduced.start @ la.expm(20.0 * generator.dense()[0]).T
    values = np.sort(np.concatenate([np.linalg.eigvalsh(where.unpack(x, b)) for b in range(5)]))[::-1]
    levels = np.sort(Banded.of(METER, Space.spins(8)).bands[2].real)
    wrong = series.values["energy"][-1] - values @ levels
    assert wrong / right[-1] > 1.1


def test_energies_are_those_of_piqs():
    """PIQS's dephasing has J_z = sigma_z/2 in it, hence four times the rate; its trace holds to 1e-8 only."""
    from qutip import qeye
    from qutip.piqs.piqs import Dicke, dicke, jspin

    n = 8
    jx, _, jz = jspin(n)
    h = jz + jx + 0.3 / n * 0.5 * (4 * jx * jx - n * qeye(jx.shape[0]))
    system = Dicke(
        n, hamiltonian=h, emission=0.05, dephasing=4 * 0.05, pumping=0.02, collective_emission=0.03,
        collective_pumping=0.01, collective_dephasing=4 * 0.02,
    )  # fmt: skip
    size = jz.shape[0]
    step = la.expm(system.liouvillian().full())
    rho = dicke(n, n / 2, -n / 2).full().ravel(order="F")
    expected = []
    for _ in range(6):
        expected.append(np.trace(jz.full() @ rho.reshape(size, size, order="F")).real)
        rho = step @ rho
    channels = (
        emission(0.05), dephasing(0.05), pumping(0.02), emission(0.03, collective=True),
        pumping(0.01, collective=True), dephasing(0.02, collective=True),
    )  # fmt: skip
    problem = Problem(battery(n), quench(5.0), channels, np.arange(6.0))
    series = solve(problem, plan(problem, representation="permutation"), tolerance=1e-11)
    assert np.abs(np.eye(size).ravel() @ system.liouvillian().full()).max() > 1e-9
    np.testing.assert_allclose(series.values["energy"], expected, rtol=0, atol=2e-7)


# -- closed forms --


@pytest.mark.parametrize(
    ("n", "peak", "when"), [(3, 3.2248468321, 0.15670737), (4, 4.8574088539, 0.21355450), (5, 6.8787328739, None)]
)
def test_superradiant_bursts(n, peak, when):
    """O25: N inverted cells that decay together."""
    problem = Problem(battery(n, OpSum()), quench(2.0), (emission(1.0, collective=True),))
    problem = Problem(
        battery(n, OpSum(), start=Start("up")), problem.protocol, problem.channels, np.linspace(0.0, 0.5, 51)
    )
    data = qsb.run(problem, ["power"], representation="permutation")
    loss = -data["power"].values
    fit = np.polyfit(problem.times[np.argmax(loss) + np.arange(-2, 3)], loss[np.argmax(loss) + np.arange(-2, 3)], 4)
    roots = np.roots(np.polyder(fit))
    top = roots[np.argmin(np.abs(roots - problem.times[np.argmax(loss)]))].real
    assert np.polyval(fit, top) == pytest.approx(peak, abs=2e-7)
    if when is not None:
        assert top == pytest.approx(when, abs=1e-5)


def test_independent_cells_agree_with_the_product_at_thirty():
    start = Start("product", bloch=np.array([0.2, 0.1, -0.7]))
    problem = cells(
        30, field=0.5, channels=(qsb.emission(0.1), qsb.dephasing(0.03)), times=[0.0, 1.0, 4.0], duration=4.0,
        start=start,
    )  # fmt: skip
    names = ("stored_energy", "power", "ergotropy", "capacity", "purity", "energy_std", "local_ergotropy")
    got, expected = figures(problem, "permutation", names), figures(problem, "product", names)
    for key in names:
        np.testing.assert_allclose(got[key], expected[key], rtol=1e-9, atol=1e-9, err_msg=key)


def test_a_hundred_cells_stay_a_state():
    problem = w3(100, (0.0, 0.05, 0.2), protocol=qsb.quench(0.2), duration=0.2)
    made = plan(problem, Request(frozenset({"energy", "power"})))
    assert made.representation == "permutation"
    assert made.dimension == 176851
    series = solve(problem, made)
    assert series.budget["trace"] < 1e-11
    assert series.budget["negativity"] < 1e-11
    # the mean field of the first instant: E = N (Omega t)^2/4 to second order in t
    assert series.values["energy"][1] + 50 == pytest.approx(100 * 0.05**2 / 4, rel=2e-2)


@pytest.mark.parametrize(("temperature", "meter"), [(0.7, METER), (0.4, INTERACTING)])
@pytest.mark.parametrize("n", [1, 2, 3, 4])
def test_thermal_starts_are_gibbs_states(n, temperature, meter):
    problem = Problem(battery(n, meter=meter, start=Start("thermal", temperature=temperature)), quench(1.0))
    h = build.dense(meter, Space.spins(n))
    gibbs = la.expm(-h / temperature)
    expected = blocks_of(gibbs / np.trace(gibbs), n)
    for got, block in zip(start_blocks(problem, Sectors(n)), expected, strict=True):
        np.testing.assert_allclose(got, block, rtol=0, atol=1e-13)


@pytest.mark.parametrize("bloch", [(0.0, 0.0, 0.0), (0.3, -0.4, 0.5), (0.0, 0.0, -0.9), (0.6, 0.0, -0.8)])
def test_alike_cells_start_as_their_product(bloch):
    start = Start("product", bloch=np.array(bloch))
    cell = 0.5 * (np.eye(2) + sum(r * SPIN_OPERATORS[a] for r, a in zip(bloch, "xyz", strict=True)))
    rho = np.ones((1, 1))
    for n in range(1, 5):
        rho = np.kron(rho, cell)
        problem = Problem(battery(n, start=start), quench(1.0))
        for got, block in zip(start_blocks(problem, Sectors(n)), blocks_of(rho, n), strict=True):
            np.testing.assert_allclose(got, block, rtol=0, atol=1e-13)


def test_hot_and_polarised_starts_of_sixty_cells_keep_their_trace():
    for r in (0.0, 0.5, 1 - 1e-9):
        problem = Problem(battery(60, start=Start("product", bloch=np.array([0.0, 0.0, r]))), quench(1.0))
        assert sum(np.trace(b).real for b in start_blocks(problem, Sectors(60))) == pytest.approx(1.0, abs=1e-11)


# -- steady states --


@pytest.mark.parametrize("n", [1, 3, 8, 22])
def test_the_steady_state_of_driven_cells_is_that_of_the_bloch_equations(n):
    """O23, by the null vector and, at more cells, by waiting."""
    problem = cells(n, field=0.5, channels=(qsb.emission(0.4), qsb.dephasing(0.3)))
    reduced = Permutation().reduce(problem, Request())
    x = steady_state(problem, reduced, Permutation().integrators(problem), 1e-9)
    energy = x @ Banded.of(problem.battery.battery, problem.battery.space).packed()
    assert energy / n + 0.5 == pytest.approx(bloch_steady_energy(0.5, 0.4, 0.3), abs=1e-9)
    assert reduced.readout.check(x[None])["negativity"] < 1e-9


# -- what it takes and what it refuses --


@pytest.mark.parametrize(
    ("problem", "reason"),
    [
        (cells(3, coupling=pairs(0.5)), "changes under exchange of cells"),
        (cells(3, field=0.5, channels=(qsb.emission(np.array([0.1, 0.2, 0.1])),)), "differs from cell to cell"),
        (cells(2, field=0.5, start=Start("state", array=np.eye(4)[0])), "not known to be permutation symmetric"),
        (cells(2, field=0.5, start=Start("product", bloch=np.eye(3)[:2])), "not known to be permutation symmetric"),
    ],
)
def test_refusals(problem, reason):
    with pytest.raises(PlanError, match=reason):
        plan(problem, representation="permutation")


def test_alike_rates_that_are_written_out_are_alike():
    problem = cells(4, coupling=pairs(0.5, "all"), channels=(qsb.emission(np.full(4, 0.1)),))
    assert plan(problem).representation == "permutation"


def test_a_singlet_ground_state_is_one_and_a_degenerate_one_is_refused():
    antiferro = OpSum(tuple(Pair(a, a, 0.5, "all") for a in "xyz"))
    blocks = start_blocks(Problem(battery(2, meter=antiferro), quench(1.0)), Sectors(2))
    assert [np.trace(b).real for b in blocks] == [0.0, 1.0]
    with pytest.raises(StructureError, match="degenerate"):
        start_blocks(Problem(battery(4, meter=antiferro), quench(1.0)), Sectors(4))


def test_multiplicities_fill_the_space():
    for n in (1, 2, 7, 100):
        where = Sectors(n)
        assert sum(int(s) * d for s, d in zip(where.sizes, where.multiplicities, strict=True)) == 2**n


def test_the_estimate_covers_what_a_solution_takes():
    import tracemalloc

    for n, envelope in itertools.product((6, 24), (None, Sinusoidal(1.0))):
        problem = w3(n, np.linspace(0.0, 1.0, 11), protocol=qsb.quench(1.0, envelope), duration=1.0)
        made = plan(problem, Request(frozenset({"energy", "power", "spectrum", "levels"})))
        assert made.representation == "permutation"
        solve(problem, made)
        tracemalloc.start()
        solve(problem, made)
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        assert 0.02 * made.bytes < peak < made.bytes + 2**20, (n, envelope)
