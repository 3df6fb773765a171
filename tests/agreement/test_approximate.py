"""Trajectories and matrix-product states agree with every exact representation that accepts a problem.

Trajectories within `SIGMAS` of their standard errors, matrix-product states within the error that they report.
"""

import itertools
import json
from dataclasses import replace

import numpy as np
import pytest

import qsb
from problems import CHAINS, DRIVEN_STAGES, LONGER, NOISY, PROBLEMS, accepted, accepting, cut_of, subset_of
from qsb.dynamics.plan import REPRESENTATIONS, plan
from qsb.dynamics.representation import Request
from qsb.dynamics.segment import segments
from qsb.dynamics.solve import solve
from qsb.runs.figures import needs
from systems import cells, pairs

TRAJECTORIES, MPS = (next(r for r in REPRESENTATIONS if r.name == name) for name in ("trajectories", "mps"))
#: modes have a file of their own, and only `collision` renews a charger
SPINS = tuple(r for r in REPRESENTATIONS if r.name not in ("gaussian", "collision"))
EVERY = {**{name: problem for name, (problem, _) in PROBLEMS.items()}, **NOISY, **CHAINS}
assert len(EVERY) == len(PROBLEMS) + len(NOISY) + len(CHAINS)
SAMPLED = {name: p for name, p in EVERY.items() if TRAJECTORIES in accepting(p)}
NETWORKS = {name: p for name, p in EVERY.items() if MPS in accepting(p, frozenset({"energy", "power"}))}

#: largest deviation in standard errors; a normal number is beyond it once in 150,000 times, and the seed is fixed
SIGMAS = 4.5
SAMPLES = 400
LINEAR = ("stored_energy", "power", "work_power", "heat_power")
FIGURES = (*LINEAR, "energy_std", "local_ergotropy", "subset_ergotropy", "entanglement_entropy")


def delivered(problem, representation, figures=FIGURES):
    """Return the figures that a representation delivers; one cell has no cut."""
    if problem.cells == 1:
        figures = [f for f in figures if f != "entanglement_entropy"]
    return [f for f in figures if representation.lacks(problem, needs((f,), problem)) is None]


def asked(problem, representation, figures, **more):
    """Run with the figures that the representation delivers."""
    wanted = delivered(problem, representation, figures)
    options = {"subset": subset_of(problem), "cut": cut_of(problem) or None, "peaks": False, **more}
    return qsb.run(problem, wanted, representation=representation.name, **options)


def deviations(found, exact, figure):
    """Return deviations in standard errors, once enough trajectories have jumped for these to be known."""
    late = found["time"].values >= 1.0
    error = found[f"{figure}_error"].values[late]
    return np.abs(found[figure].values - exact[figure].values)[late] / np.maximum(error, 1e-9)


def within_the_standard_errors(found, exact):
    """Assert that all figures which two runs share agree."""
    shared = [f for f in FIGURES if f in found and f in exact]
    assert set(shared) >= {"stored_energy", "power", "energy_std"}
    for figure in shared:
        assert deviations(found, exact, figure).max() < SIGMAS, figure


@pytest.mark.parametrize("name", SAMPLED)
def test_trajectories_within_their_standard_errors(name):
    problem = SAMPLED[name]
    found = asked(problem, TRAJECTORIES, FIGURES, samples=SAMPLES, seed=5)
    assert found["stored_energy_error"].values[-1] < 0.1 * problem.cells
    others = accepted(problem)
    assert others
    for other in others:
        within_the_standard_errors(found, asked(problem, other, FIGURES))


@pytest.mark.parametrize(("kind", "rate"), [(qsb.emission, 0.5), (qsb.dephasing, 0.2), (qsb.pumping, 0.5)])
def test_a_rate_that_is_wrong_by_a_tenth_does_not_pass(kind, rate):
    """Negative control: the same comparison sees the wrong rate, and lets the right one pass."""
    start = qsb.Start("up") if kind is qsb.emission else None

    def problem(r):
        field = 0.5 if kind is qsb.dephasing else 0.0
        return cells(7, field=field, channels=(kind(r),), start=start, times=LONGER, duration=4.0)

    found = asked(problem(rate), TRAJECTORIES, LINEAR, samples=2000, seed=1)
    product = SPINS[0]
    right, wrong = (asked(problem(r), product, LINEAR) for r in (rate, 1.1 * rate))
    for figure in LINEAR:
        assert deviations(found, right, figure).max() < SIGMAS
    assert deviations(found, wrong, "stored_energy").max() > SIGMAS + 2


def test_trajectories_whose_noise_vanishes_are_every_closed_representation():
    """Closed dynamics are a limit of trajectories: at a rate of 1e-14 none of them jumps."""
    axial = cells(5, coupling=pairs(0.4), times=LONGER, duration=4.0)
    alike = cells(4, field=0.5, coupling=[pairs(0.4, "all"), pairs(0.3, "all", axes="zz")], times=LONGER, duration=4.0)
    unlike = cells(4, field=0.5, coupling=[pairs(0.4, "all"), pairs(0.3, axes="yz")], times=LONGER, duration=4.0)
    free = cells(4, field=0.5, times=LONGER, duration=4.0)
    driven = replace(unlike, protocol=DRIVEN_STAGES)
    met = set()
    for closed in (free, axial, alike, driven):
        noisy = replace(closed, channels=(qsb.emission(1e-14),))
        request = Request(frozenset({"energy", "power", "variance"}), samples=3, seed=1)
        found = solve(noisy, plan(noisy, request, representation="trajectories"), tolerance=1e-10)
        for other in accepting(closed, frozenset({"energy", "power"})):
            tolerance = 1e-6 if other is MPS else 1e-11
            exact = solve(closed, plan(closed, request, representation=other.name), tolerance=tolerance)
            for name in ("energy", "power", "variance"):
                bound = max(1e-9, 4 * closed.cells * reported(exact.budget) if other is MPS else 0.0)
                np.testing.assert_allclose(found.values[name], exact.values[name], rtol=0, atol=bound, err_msg=name)
            met.add(other.name)
    assert met == {r.name for r in SPINS} - {"trajectories"}


# -- matrix-product states --


def reported(budget):
    """Return the error that a run reports of the states of its cells."""
    return budget["trotter"] + budget["truncation"]


def within_the_reported_error(found, exact, cells):
    """Assert that all figures of a run agree with an exact one; each sums over cells, or over the ends of bonds."""
    budget = json.loads(found.attrs["error_budget"])
    assert reported(budget) <= budget["tolerance"] == 1e-6
    shared = [f for f in FIGURES if f in found and f in exact]
    assert set(shared) >= {"stored_energy", "power"}
    for figure in shared:
        # a root of 1e-16 is 1e-8
        room = 4 * cells * reported(budget) + (1e-7 if figure == "energy_std" else 1e-12)
        assert np.abs(found[figure] - exact[figure]).values.max() < room, figure


@pytest.mark.parametrize("name", NETWORKS)
def test_matrix_product_states_within_the_error_that_they_report(name):
    problem = NETWORKS[name]
    found = asked(problem, MPS, FIGURES)
    assert found.attrs["exact"] == 0
    for other in accepted(problem):
        within_the_reported_error(found, asked(problem, other, FIGURES), problem.cells)


def test_a_coupling_that_is_wrong_by_a_ten_thousandth_does_not_pass():
    """Negative control."""
    chain = cells(4, field=0.5, coupling=pairs(0.3), times=[0.0, 1.0, 2.0], duration=2.0)
    wrong = cells(4, field=0.5, coupling=pairs(0.3 * 1.0001), times=[0.0, 1.0, 2.0], duration=2.0)
    found, ket = asked(chain, MPS, ("stored_energy", "power")), next(r for r in REPRESENTATIONS if r.name == "ket")
    within_the_reported_error(found, asked(chain, ket, ("stored_energy", "power")), 4)
    with pytest.raises(AssertionError, match="stored_energy"):
        within_the_reported_error(found, asked(wrong, ket, ("stored_energy", "power")), 4)


# -- what is covered --


def test_every_pair_with_an_approximate_representation_is_compared():
    """Those that need noise and those that bear none meet in the limit of vanishing noise, which is tested above."""
    met = {frozenset((TRAJECTORIES.name, r.name)) for p in SAMPLED.values() for r in accepted(p)}
    met |= {frozenset((MPS.name, r.name)) for p in NETWORKS.values() for r in accepted(p)}
    closed = {frozenset((TRAJECTORIES.name, name)) for name in ("ket", "fermion", "mps")}
    assert not met & closed
    names = [r.name for r in SPINS]
    every = {frozenset(pair) for pair in itertools.combinations(names, 2)}
    exact = {frozenset(pair) for pair in itertools.combinations([r.name for r in SPINS if r.exact], 2)}
    assert met | closed == every - exact


def strengths(problem):
    """Return the coefficients of all terms and the rates of all channels."""
    b = problem.battery
    terms = [t for op in (b.battery, b.charger, b.interaction) for t in op.active]
    return [getattr(t, "strength", 0.0) for t in terms] + [c.rate for c in problem.channels]


def features(problem):
    """Return what is special about a problem."""
    rings = [t for t in problem.battery.interaction.active if getattr(t, "geometry", "") == "ring"]
    found = {
        "one cell": problem.cells == 1,
        "two cells": problem.cells == 2,
        "odd ring": bool(rings) and problem.cells % 2 == 1 and problem.cells > 1,
        "time-dependent": not all(s.constant for s in segments(problem)),
        "disordered": any(np.ptp(np.abs(np.atleast_1d(s))) > 0 for s in strengths(problem)),
    }
    return {name for name, there in found.items() if there}


#: what a representation does not accept: each refusal is a sentence of `accepts` or `lacks`
#: (a ring of three is all to all)
REFUSED = {
    "product": {"odd ring"},
    "symmetric": {"disordered"},
    "permutation": {"disordered"},
    "mps": {"one cell", "two cells", "odd ring", "time-dependent"},
}


@pytest.mark.parametrize("representation", SPINS, ids=lambda r: r.name)
def test_edge_cases_are_compared_in_each_representation_that_accepts_them(representation):
    met = set()
    for problem in EVERY.values():
        if representation in accepting(problem, frozenset({"energy", "power"})):
            met |= features(problem)
    every = {"one cell", "two cells", "odd ring", "time-dependent", "disordered"}
    assert met == every - REFUSED.get(representation.name, set())
