"""Every two exact representations that accept a problem give the same readouts and the same figures of merit.

The approximate ones are compared within their errors in test_approximate.py.
"""

import itertools
from dataclasses import replace

import numpy as np
import pytest

from problems import DRIVEN, FIELD, INTERACTING, PROBLEMS, TIMES, accepted, battery, cut_of, random_ket, subset_of
from qsb.algebra.blocks import Blocks, Spectrum
from qsb.algebra.build import dense
from qsb.algebra.copies import Copies
from qsb.algebra.opsum import OpSum
from qsb.algebra.space import Space
from qsb.algebra.states import Start
from qsb.algebra.terms import Matrix, Pair
from qsb.charging.envelope import Function, Piecewise
from qsb.charging.environment import dephasing, emission
from qsb.charging.problem import Problem
from qsb.charging.protocol import Protocol, Stage, quench
from qsb.dynamics.plan import REPRESENTATIONS, plan
from qsb.dynamics.product import kinds
from qsb.dynamics.representation import READOUTS, Request
from qsb.dynamics.solve import solve
from qsb.errors import PlanError, SpecError
from qsb.quantities import names
from qsb.runs.run import run

#: readouts that some representation by levels delivers; what only modes have is compared in a file of its own
EVERY = tuple(name for name in READOUTS if name != "gaussian")


def solved(problem, representation):
    """Solve with every readout that this representation delivers."""
    needs = frozenset(n for n in EVERY if representation.lacks(problem, frozenset({n})) is None)
    if problem.cells == 1:
        needs -= {"cut"}
    request = Request(needs, subset_of(problem), cut_of(problem))
    chosen = plan(problem, request, representation=representation.name)
    assert chosen.representation == representation.name
    return solve(problem, chosen, tolerance=1e-11)


def expanded(spectrum):
    """Return all eigenvalues one by one, descending."""
    if isinstance(spectrum, Copies):
        spectrum = spectrum.expand()
    if isinstance(spectrum, Blocks):
        spectrum = spectrum.spectrum()
    assert isinstance(spectrum, Spectrum)
    counts = np.array([int(m) for m in spectrum.multiplicity])
    return np.sort(np.repeat(spectrum.values, counts, axis=-1), axis=-1)[..., ::-1]


def on_union(energies, table, union):
    """Return a table of level populations on the union of the levels of all representations."""
    out = np.zeros((len(table), len(union)))
    for e, column in zip(energies, table.T, strict=True):
        out[:, np.argmin(np.abs(union - e))] += column
    return out


def plain(problem, name, series):
    """Return all readouts of one series as arrays whose shape does not depend on the representation."""
    out = {}
    for key, value in {**series.values, **series.statics}.items():
        if key in ("pure", "energies", "populations", "population_rates", "counts"):
            continue
        if isinstance(value, Spectrum | Copies | Blocks):
            out[key] = expanded(value)
        elif key in ("marginals", "cells"):
            label = kinds(problem).label if name == "product" else np.arange(np.asarray(value).shape[-3])
            wide = np.asarray(value)[..., label, :, :]
            out[key] = np.broadcast_to(wide, (*wide.shape[:-3], problem.cells, 2, 2))
        else:
            out[key] = np.asarray(value)
    out["drive"] = series.drive
    out["start_energy"] = np.array(series.start_energy)
    out["kinks"] = np.array([(k.time, k.energy, k.before, k.after) for k in series.kinks])
    return out


def levels_of(found):
    """Return the distinct energies that any representation reports."""
    every = np.sort(np.concatenate([s.statics["energies"] for s in found]))
    return every[np.concatenate([[True], np.diff(every) > 1e-7])]


@pytest.mark.parametrize("name", PROBLEMS)
def test_every_readout_agrees(name):
    problem, tolerance = PROBLEMS[name]
    found = {r.name: solved(problem, r) for r in accepted(problem)}
    assert len(found) >= 2
    tables = {n: plain(problem, n, s) for n, s in found.items()}
    for a, b in itertools.combinations(found, 2):
        shared = set(tables[a]) & set(tables[b])
        # beside a charger the span of V is read in the full space alone
        span = set() if problem.structure.charged else {"span"}
        assert {"energy", "power", "spectrum", "levels", "extremes"} | span <= shared
        for key in shared:
            assert tables[a][key].shape == tables[b][key].shape, (a, b, key)
            np.testing.assert_allclose(
                tables[a][key], tables[b][key], rtol=0, atol=tolerance, err_msg=f"{key}: {a} against {b}"
            )
        both = [found[a], found[b]]
        if all("populations" in s.values for s in both):
            union = levels_of(both)
            for key in ("populations", "population_rates"):
                left, right = (on_union(s.statics["energies"], s.values[key], union) for s in both)
                np.testing.assert_allclose(left, right, rtol=0, atol=tolerance, err_msg=f"{key}: {a}, {b}")


#: roots of variances: where they vanish, rounding of 1e-16 shows as 1e-8, so their squares are compared
SQUARE_ROOTS = frozenset({"energy_std", "bound_uncertainty", "bound_variance"})
#: sums of roots of eigenvalues, of which those that are rounding count with their root
ROOTS = frozenset({"negativity", "log_negativity"})
#: quotients and positions of maxima amplify rounding
DIVIDED = frozenset({"ergotropy_fraction", "charging_time", "peak_power_time", "bound_fisher", "fisher_information"})
#: quotients that grow without limit where little is stored, so that their relative error is compared
GROWING = frozenset({"relative_fluctuation", "self_discharge_rate", "charging_efficiency"})


def figures_of(problem, representation):
    """Return every figure that one representation delivers, and the scalars."""
    kept = []
    options = {"subset": subset_of(problem), "cut": cut_of(problem) or None, "representation": representation}
    for figure in names("series"):
        try:
            run_plan(problem, figure, options)
        except (PlanError, SpecError):
            continue
        kept.append(figure)
    return run(problem, kept, tolerance=1e-11, **options)


def run_plan(problem, figure, options):
    """Plan one figure."""
    from qsb.runs.run import plan as plan_run

    return plan_run(problem, [figure], **options)


@pytest.mark.parametrize("name", PROBLEMS)
def test_every_figure_agrees(name):
    problem, tolerance = PROBLEMS[name]
    found = {r.name: figures_of(problem, r.name) for r in accepted(problem)}
    for a, b in itertools.combinations(found, 2):
        shared = set(found[a].data_vars) & set(found[b].data_vars)
        assert {"stored_energy", "power", "ergotropy", "capacity", "purity"} <= shared
        if np.ptp(found[a]["stored_energy"].values) < 1e-12:
            shared -= {"charging_time", "peak_power_time"}  # of what never changes there is no first maximum
        for key in sorted(shared):
            left, right = found[a][key].values, found[b][key].values
            if key in SQUARE_ROOTS:
                left, right = left**2, right**2
            np.testing.assert_allclose(
                left,
                right,
                rtol=1e-7 if key in GROWING else 0,
                atol=1e-6 if key in ROOTS else 1e-8 if key in DIVIDED | GROWING else max(tolerance, 1e-10),
                err_msg=f"{key}: {a} against {b}",
            )


def test_every_pair_of_representations_is_compared():
    met = set()
    for problem, _ in PROBLEMS.values():
        met |= set(itertools.combinations([r.name for r in accepted(problem)], 2))
    # modes have a file of their own, and nobody but `collision` renews a charger
    names_here = [r.name for r in REPRESENTATIONS if r.exact and r.name not in ("gaussian", "collision")]
    assert met == set(itertools.combinations(names_here, 2))


def test_every_readout_is_delivered_by_two_representations():
    for readout in EVERY:
        assert any(len(accepted(p, {readout})) >= 2 for p, _ in PROBLEMS.values()), readout


def test_the_chebyshev_ket_agrees_with_the_dicke_basis_and_with_cells():
    problem = Problem(battery(11, FIELD), quench(3.0), (), np.array([0.0, 1.0, 3.0]))
    wanted = Request(frozenset({"energy", "power", "variance"}))
    made = plan(problem, wanted, representation="ket")
    assert made.integrators == ("chebyshev",)
    ket = solve(problem, made, tolerance=1e-11)
    for other in ("product", "symmetric"):
        series = solve(problem, plan(problem, wanted, representation=other), tolerance=1e-11)
        for key in ("energy", "power", "variance"):
            np.testing.assert_allclose(ket.values[key], series.values[key], rtol=0, atol=1e-11)


@pytest.mark.parametrize("name", ["closed interacting battery", "closed stages", "open collective"])
def test_an_opaque_matrix_gives_what_its_named_terms_give(name):
    problem, tolerance = PROBLEMS[name]
    b = problem.battery

    def hidden(op):
        return OpSum((Matrix(dense(op, b.space)),)) if op else op

    opaque = replace(b, battery=hidden(b.battery), interaction=hidden(b.interaction), start=Start("down"))
    named = replace(problem, battery=replace(b, start=Start("down")))
    matrix = replace(problem, battery=opaque)
    assert matrix.structure.opaque
    assert not named.structure.opaque
    request = Request(frozenset({"energy", "power", "spectrum", "levels", "pinched", "populations", "span"}))
    expected = solve(named, plan(named, request, representation="density"), tolerance=1e-11)
    for r in accepted(matrix):
        got = solve(matrix, plan(matrix, request, representation=r.name), tolerance=1e-11)
        for key in ("energy", "power", "work_power", "heat_power", "populations"):
            np.testing.assert_allclose(got.values[key], expected.values[key], rtol=0, atol=tolerance, err_msg=key)
        for key in ("spectrum", "pinched"):
            np.testing.assert_allclose(
                expanded(got.values[key]), expanded(expected.values[key]), rtol=0, atol=tolerance
            )


def random_density(cells, seed, rank=3):
    """Return a random mixture."""
    rng = np.random.default_rng(seed)
    f = rng.normal(size=(2**cells, rank)) + 1j * rng.normal(size=(2**cells, rank))
    rho = f @ f.conj().T
    return rho / np.trace(rho).real


def equal_series(first, second):
    """Compare all figures of two problems that differ in how their start is written."""
    a, b = figures_of(first, "density"), figures_of(second, "density")
    assert set(a.data_vars) == set(b.data_vars)
    for key in set(a.data_vars) - {"peak_ergotropy"}:  # on four points the interpolants of W and of E differ
        power = 2 if key in SQUARE_ROOTS else 1
        np.testing.assert_allclose(a[key].values ** power, b[key].values ** power, rtol=0, atol=1e-8, err_msg=key)


def test_a_users_density_matrix_starts_like_the_ket_it_is_made_of():
    psi = random_ket(3, 5)
    for channels in ((), (emission(0.2),)):
        ket = Problem(battery(3, FIELD, start=Start("state", array=psi)), quench(2.0), channels, TIMES)
        rho = Problem(
            battery(3, FIELD, start=Start("state", array=np.outer(psi, psi.conj()))),
            quench(2.0),
            channels,
            TIMES,
        )
        equal_series(ket, rho)


def test_a_users_gibbs_matrix_starts_like_the_thermal_start():
    meter = dense(INTERACTING, Space.spins(3))
    e, u = np.linalg.eigh(meter)
    p = np.exp(-e / 0.7)
    gibbs = (u * (p / p.sum())) @ u.conj().T
    for start in (Start("thermal", temperature=0.7), Start("state", array=gibbs)):
        problem = Problem(battery(3, FIELD, INTERACTING, start=start), quench(2.0), (dephasing(0.1),), TIMES)
        if start.kind == "thermal":
            expected = problem
    equal_series(expected, problem)


def test_a_mixture_evolves_linearly():
    """The density representation of a rank-3 start is the sum of three kets' evolutions."""
    rho = random_density(3, 8)
    p, u = np.linalg.eigh(rho)
    inter = (Pair("x", "x", 0.5, "chain"), Pair("y", "z", 0.2, "ring"))
    mixed = Problem(battery(3, inter, start=Start("state", array=rho)), quench(2.0), (), TIMES)
    energy = run(mixed, ["energy_above_ground"])["energy_above_ground"].values
    parts = 0.0
    for weight, ket in zip(p, u.T, strict=True):
        if weight > 1e-12:
            pure = Problem(battery(3, inter, start=Start("state", array=ket)), quench(2.0), (), TIMES)
            made = run(pure, ["energy_above_ground"], representation="ket")
            parts = parts + weight * made["energy_above_ground"].values
    np.testing.assert_allclose(energy, parts, rtol=0, atol=1e-11)


@pytest.mark.parametrize("origin", [0.0, 0.3, 0.7, 1.1, 1.7, 2.3])
def test_a_function_that_jumps_in_a_later_stage_is_the_piecewise_envelope(origin):
    """Stage times are differences of absolute ones: rounding must not put a jump on the wrong side of its edge."""
    edges = (0.1, 0.6)
    step = Function(lambda t: 2.0 if edges[0] <= t < edges[1] else 0.0, 0.5, edges, 2.0)
    found = []
    for envelope in (step, Piecewise(edges, (2.0,))):
        before = (Stage("charge", origin),) if origin else ()
        protocol = Protocol((*before, Stage("charge", 1.0, envelope)))
        problem = Problem(battery(1, FIELD), protocol, (), protocol.duration * np.array([0.0, 0.5, 1.0]))
        found.append(solve(problem, plan(problem), tolerance=1e-11))
    first, second = ([(k.time, k.energy, k.before, k.after) for k in s.kinks] for s in found)
    np.testing.assert_allclose(found[0].values["energy"], found[1].values["energy"], rtol=0, atol=DRIVEN)
    np.testing.assert_allclose(found[0].values["power"], found[1].values["power"], rtol=0, atol=DRIVEN)
    assert len(first) == len(second)
    np.testing.assert_allclose(first, second, rtol=0, atol=DRIVEN)


def test_the_comparison_sees_a_broken_representation(monkeypatch):
    """Negative control: a wrong cell state in the Dicke basis does not pass."""
    from qsb.dynamics.symmetric import SymmetricFrame

    monkeypatch.setattr(SymmetricFrame, "marginals_ket", lambda self, psi: np.full((len(psi), 1, 2, 2), 0.5))
    with pytest.raises(AssertionError, match="marginals"):
        test_every_readout_agrees("closed field")
