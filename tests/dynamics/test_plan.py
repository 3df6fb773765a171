"""The planner: what it takes for each class of problem, what it refuses and in which words; it only plans."""

import json
import tracemalloc

import numpy as np
import pytest

import qsb
from qsb.charging.envelope import Sinusoidal
from qsb.dynamics import plan as planner
from qsb.dynamics.plan import REPRESENTATIONS, plan
from qsb.dynamics.representation import Request
from qsb.dynamics.solve import solve
from qsb.units import format_bytes
from systems import cells, pairs

RATES_30 = np.linspace(0.01, 0.05, 30)


def energies(*more):
    """Return a request for energy, power and more."""
    return Request(frozenset({"energy", "power", *more}))


def bloch(*r):
    """Return a product start."""
    return qsb.Start("product", bloch=np.array(r))


def thermal():
    """Return a thermal start."""
    return qsb.Start("thermal", temperature=0.6)


KET_4 = np.eye(16)[3].astype(complex)
UNLIKE = bloch([0, 0, 1.0], [0, 0, -1.0], [1.0, 0, 0], [0, 1.0, 0])
ALONG = bloch([0, 0, 1.0], [0, 0, -1.0], [0, 0, -1.0])

#: what is asked -> (problem, representation)
CHOICES = {
    "field": (cells(6, field=0.5), "product"),
    "field, a million": (cells(10**6, field=0.5), "product"),
    "unlike fields": (cells(6, field=np.linspace(0, 1, 6)), "product"),
    "field with local noise": (cells(6, field=0.5, channels=(qsb.emission(0.1),)), "product"),
    "field with unlike local noise": (cells(30, field=0.5, channels=(qsb.emission(RATES_30),)), "product"),
    "field from a thermal start": (cells(6, field=0.5, start=thermal()), "product"),
    "field from unlike cells": (cells(4, field=0.5, start=UNLIKE), "product"),
    "driven field": (cells(6, field=0.5, protocol=qsb.quench(3.0, Sinusoidal(1.0)), duration=3.0), "product"),
    "field with collective noise": (cells(6, field=0.5, channels=(qsb.emission(0.1, collective=True),)), "symmetric"),
    "field from a symmetric ket that is named": (cells(4, field=0.5, start=qsb.Start("state", array=KET_4)), "ket"),
    "all-to-all": (cells(100, coupling=pairs(0.5, "all")), "symmetric"),
    "ring of three": (cells(3, coupling=pairs(0.5, "ring")), "symmetric"),
    "global flip": (cells(100, flip=0.5), "symmetric"),
    "all-to-all in H_B": (cells(20, field=0.5, coupling=pairs(-0.05, "all", "zz", role="battery")), "symmetric"),
    "ground state outside the sector": (
        cells(8, field=0.5, coupling=pairs(0.5, "all", "zz", role="battery"), frequency=0.1),
        "ket",
    ),
    "all-to-all with collective noise": (
        cells(10, coupling=pairs(0.5, "all"), channels=(qsb.dephasing(0.1, collective=True),)),
        "symmetric",
    ),
    "all-to-all from unlike cells": (cells(4, coupling=pairs(0.5, "all"), start=UNLIKE), "ket"),
    "all-to-all with one odd frequency": (cells(4, coupling=pairs(0.5, "all"), frequency=[1, 1, 1, 2.0]), "ket"),
    "chain": (cells(8, coupling=pairs(0.5)), "fermion"),
    "ring of four": (cells(4, coupling=pairs(0.5, "ring")), "fermion"),
    "thousands in a chain": (cells(2000, coupling=pairs(0.5)), "fermion"),
    "driven ring": (cells(9, coupling=pairs(0.5, "ring", "xy"), protocol=qsb.quench(20.0, Sinusoidal(1.0))), "fermion"),
    "unlike bonds": (cells(5, coupling=pairs([0.5, 0.1, 0.3, -0.2])), "fermion"),
    "chain that stores": (cells(8, coupling=[pairs(0.5), pairs(0.3, axes="yy", role="battery")]), "fermion"),
    "chain from unlike cells along z": (cells(3, coupling=pairs(0.5), start=ALONG), "fermion"),
    "chain from a mixture along z": (cells(4, coupling=pairs(0.5), start=bloch(0, 0, 0.5)), "fermion"),
    "chain with a field": (cells(8, coupling=pairs(0.5), field=0.1), "ket"),
    "chain along the field": (cells(8, coupling=pairs(0.5, axes="zz"), field=0.1), "ket"),
    "chain from cells across the axis": (cells(4, coupling=pairs(0.5), start=bloch(0.6, 0, 0.8)), "ket"),
    "ring from a mixture along z": (cells(4, coupling=pairs(0.5, "ring"), start=bloch(0, 0, 0.5)), "density"),
    "power law": (cells(6, coupling=pairs(0.5, "power-law", exponent=2.0)), "ket"),
    "all-to-all with local noise": (cells(4, coupling=pairs(0.5, "all"), channels=(qsb.emission(0.1),)), "permutation"),
    "all-to-all from a thermal start": (cells(4, coupling=pairs(0.5, "all"), start=thermal()), "permutation"),
    "chain with noise": (cells(4, coupling=pairs(0.5), channels=(qsb.emission(0.1),)), "density"),
    "chain from a mixture": (cells(4, coupling=pairs(0.5), start=bloch(0, 0.1, 0.5)), "density"),
    "local and collective noise": (
        cells(4, field=0.5, channels=(qsb.emission(0.1), qsb.dephasing(0.1, collective=True))),
        "permutation",
    ),
}


@pytest.mark.parametrize("name", CHOICES)
def test_the_cheapest_exact_representation_is_taken(name):
    problem, expected = CHOICES[name]
    made = plan(problem)
    assert made.representation == expected
    assert made.exact
    order = [r.name for r in REPRESENTATIONS]
    assert [r.representation for r in made.refused] == order[: order.index(expected)]
    assert all(r.reason for r in made.refused)


@pytest.mark.parametrize("rate", [0.0, np.zeros(5)])
def test_a_rate_of_zero_is_no_noise(rate):
    problem = cells(5, coupling=pairs(0.5), channels=(qsb.emission(rate),))
    assert plan(problem).representation == "fermion"
    problem = cells(5, coupling=pairs(0.5), field=0.1, channels=(qsb.emission(rate),))
    assert plan(problem).representation == "ket"


def test_what_is_asked_may_need_another_representation():
    """Without energy coherence a product state is no product any more."""
    problem = cells(5, field=0.5)
    assert plan(problem, energies()).representation == "product"
    made = plan(problem, energies("pinched"))
    assert made.representation == "symmetric"
    assert made.refused[0].reason == "the state without energy coherence is no product"


@pytest.mark.parametrize(
    ("name", "unknowns"),
    [
        ("field, a million", 4),
        ("all-to-all", 101),
        ("chain", 120),
        ("chain with a field", 256),
        ("chain with noise", 256),
        ("global flip", 101),
    ],
)
def test_dimension(name, unknowns):
    assert plan(CHOICES[name][0]).dimension == unknowns


# -- refusals --


def test_thirty_cells_with_unlike_local_noise_are_refused_with_bytes_and_advice():
    problem = cells(30, coupling=pairs(0.5), channels=(qsb.emission(RATES_30),))
    with pytest.raises(qsb.PlanError) as caught:
        qsb.plan(problem)
    error, text = caught.value, str(caught.value)
    assert error.bytes_needed >= 16 * 4**30
    assert format_bytes(error.bytes_needed) in text
    assert "the limit is 4 GiB" in text
    for reason in (
        "product: a Hamiltonian term touches two cells or more",
        "symmetric: the Hamiltonian changes under exchange of cells",
        "fermion: there is noise",
        "ket: there is noise",
        "density: it needs",
    ):
        assert reason in text
    assert "What to do: " in text
    assert "take at most" in text
    assert "drop the couplings, or the noise" in text


@pytest.mark.parametrize("n", [200, 600, 1000, 5000])
def test_refusals_are_sentences_at_any_size(n):
    """4^600 bytes leave the range of a float."""
    problem = cells(n, coupling=pairs(0.5), channels=(qsb.emission(0.1),))
    with pytest.raises(qsb.PlanError, match=r"about 10\^\d+ B") as caught:
        plan(problem)
    assert caught.value.bytes_needed > 4**n
    most = int(str(caught.value).split("take at most ")[1].split()[0])
    assert 8 <= most <= 13


def test_run_refuses_what_plan_refuses():
    problem = cells(30, coupling=pairs(0.5), channels=(qsb.emission(RATES_30),))
    with pytest.raises(qsb.PlanError, match="What to do"):
        qsb.run(problem)


def test_the_advice_is_true():
    """With as many cells, or as much memory, as the refusal says, the plan is exact; with one more it is not."""
    limit = 10 * 2**20

    def made(n, memory):
        return plan(cells(n, coupling=pairs(0.5), channels=(qsb.emission(0.1),)), memory=memory)

    with pytest.raises(qsb.PlanError) as caught:
        made(20, limit)
    text = str(caught.value)
    most = int(text.split("take at most ")[1].split()[0])
    assert made(most, limit).representation == "density"
    assert made(20, caught.value.bytes_needed).bytes == caught.value.bytes_needed
    for more in (made(most + 1, limit), made(20, caught.value.bytes_needed - 1)):
        assert more.representation == "trajectories"
        assert not more.exact
        assert "approximate" in str(more)
        assert any(r.representation == "density" and "it needs" in r.reason for r in more.refused)


def test_trajectories_that_do_not_fit_are_named_with_their_bytes():
    problem = cells(30, coupling=pairs(0.5), channels=(qsb.emission(RATES_30),))
    with pytest.raises(qsb.PlanError, match=r"allow .* and accept the errors of trajectories") as caught:
        plan(problem)
    assert caught.value.bytes_needed >= 16 * 4**30
    with pytest.raises(qsb.PlanError) as caught:
        plan(problem, representation="trajectories")
    assert 16 * 2**30 < caught.value.bytes_needed < 4**30
    assert plan(problem, memory=caught.value.bytes_needed).representation == "trajectories"


def test_a_long_closed_chain_is_a_matrix_product_state_if_nothing_exact_fits():
    made = plan(
        cells(40, coupling=pairs(0.5), field=0.1), Request(frozenset({"energy", "power", "marginals"}), bond=64)
    )
    assert (made.representation, made.exact) == ("mps", False)
    assert made.dimension == 2 * 40 * 64**2
    assert {r.representation for r in made.refused} >= {"ket", "density", "trajectories"}
    assert made.to_dict()["exact"] is False
    assert plan(cells(12, coupling=pairs(0.5), field=0.1)).representation == "ket"


@pytest.mark.parametrize(
    ("problem", "advice"),
    [
        (cells(30, coupling=pairs(0.5, "all"), channels=(qsb.emission(RATES_30),)), "make the noise collective"),
        (cells(30, coupling=pairs(0.5, "all"), channels=(qsb.emission(RATES_30),)), "give all cells one rate"),
        (cells(2000, coupling=pairs(0.5, "all"), channels=(qsb.emission(0.1),)), "take at most"),
        (cells(30, field=RATES_30, channels=(qsb.emission(0.1, collective=True),)), "make the noise local"),
        (cells(30, coupling=pairs(0.5), channels=(qsb.emission(0.1),)), "drop the couplings"),
        (cells(40, coupling=pairs(0.5, "ring"), field=0.1), "take at most"),
    ],
    ids=["collective", "alike", "many", "local", "drop", "fewer"],
)
def test_advice_fits_the_problem(problem, advice):
    with pytest.raises(qsb.PlanError, match=advice):
        plan(problem)


@pytest.mark.parametrize("kind", ["collective", "alike", "local"])
def test_following_the_advice_about_noise_works(kind):
    if kind == "alike":
        problem = cells(30, coupling=pairs(0.5, "all"), channels=(qsb.emission(0.1),))
    elif kind == "collective":
        problem = cells(30, coupling=pairs(0.5, "all"), channels=(qsb.emission(0.1, collective=True),))
    else:
        problem = cells(30, field=RATES_30, channels=(qsb.emission(0.1),))
    assert plan(problem).representation == {"collective": "symmetric", "alike": "permutation", "local": "product"}[kind]


@pytest.mark.parametrize(
    ("representation", "name", "reason"),
    [
        ("product", "chain", "touches two cells or more"),
        ("product", "field with collective noise", "the noise is collective"),
        ("product", "field from a symmetric ket that is named", "not a product of cell states"),
        ("symmetric", "chain", "changes under exchange of cells"),
        ("symmetric", "field with local noise", "acts on single cells"),
        ("symmetric", "field from unlike cells", "not known to be permutation symmetric"),
        ("symmetric", "field from a thermal start", "leaves the symmetric sector"),
        ("fermion", "chain with a field", "neither a field along one axis nor a coupling of chain neighbours"),
        ("fermion", "chain along the field", "neither a field along one axis nor a coupling of chain neighbours"),
        ("fermion", "power law", "neither a field along one axis nor a coupling of chain neighbours"),
        ("fermion", "all-to-all", "neither a field along one axis nor a coupling of chain neighbours"),
        ("fermion", "global flip", "neither a field along one axis nor a coupling of chain neighbours"),
        ("fermion", "chain with noise", "does not stay one"),
        ("fermion", "chain from cells across the axis", "cells must point along z"),
        ("fermion", "ring from a mixture along z", "a mixture of both parities"),
        ("ket", "field with local noise", "there is noise"),
        ("ket", "chain from a mixture", "the start is a mixture"),
        ("density", "all-to-all", "it needs"),
        ("ket", "field, a million", "it needs"),
    ],
)
def test_a_representation_that_does_not_fit_is_refused_with_its_reason(representation, name, reason):
    with pytest.raises(qsb.PlanError) as caught:
        plan(CHOICES[name][0], representation=representation)
    text = str(caught.value)
    assert reason in text
    others = {r.name for r in REPRESENTATIONS} - {representation}
    assert not any(f"  {other}:" in text for other in others), "only the one that was asked for is judged"


def test_a_representation_that_fits_is_taken_though_it_costs_more():
    for representation in ("product", "symmetric", "ket", "density"):
        made = plan(cells(4, field=0.5), representation=representation)
        assert made.representation == representation
        assert made.refused == ()


@pytest.mark.parametrize("word", ["kett", "", "Density", "tensor"])
def test_unknown_representations_are_named(word):
    with pytest.raises(qsb.SpecError, match=r"is unknown; it is 'auto' or one of \['product'"):
        plan(cells(2, field=0.5), representation=word)


@pytest.mark.parametrize(("memory", "words"), [("4 gigs", "unknown unit"), ("much", "number"), ("0 B", "no memory")])
def test_memory_that_is_none(memory, words):
    with pytest.raises(qsb.SpecError, match=words):
        plan(cells(2, field=0.5), memory=memory)


def test_memory_is_read_with_its_unit():
    problem = cells(12, coupling=pairs(0.5, "ring"))
    needed = plan(problem).bytes
    assert plan(problem, memory=f"{needed} B").bytes == needed
    with pytest.raises(qsb.PlanError, match=r"allow .* with memory=") as caught:
        plan(problem, memory=f"{needed / 1024 - 1:.3f} KiB")
    assert caught.value.bytes_needed == needed


def test_many_unlike_cells_have_too_many_eigenvalues_for_their_spectrum():
    problem = cells(1000, field=np.linspace(0.1, 1, 1000), channels=(qsb.emission(0.1),))
    assert plan(problem, energies()).representation == "product"
    with pytest.raises(qsb.PlanError, match="1000 kinds of cells"):
        plan(problem, energies("spectrum", "levels", "extremes"))


# -- what a plan says --


def test_a_plan_reads_as_a_few_lines():
    made = plan(cells(4, coupling=pairs(0.5), channels=(qsb.emission(0.1),)))
    first, second, *rest = str(made).splitlines()
    assert first.startswith("density: noise on cells that interact")
    assert "exact; 256 complex unknowns" in second
    assert format_bytes(made.bytes) in second
    assert [line.split(":")[0].strip() for line in rest] == [
        "not product",
        "not gaussian",
        "not symmetric",
        "not permutation",
        "not fermion",
        "not ket",
    ]
    assert str(plan(cells(5, field=[1, 1, 1, 2, 2.0]))).splitlines()[0].endswith("(2 kinds among 5 cells)")


@pytest.mark.parametrize("name", CHOICES)
def test_a_plan_is_plain_data(name):
    made = plan(CHOICES[name][0])
    data = json.loads(json.dumps(made.to_dict()))
    assert data["representation"] == made.representation
    assert data["bytes"] == made.bytes
    assert len(data["refused"]) == len(made.refused)
    assert set(data["structure"]) == set(problem_flags())


def problem_flags():
    """Return the names of the structure's flags."""
    return cells(1, field=0.5).structure.__dataclass_fields__


def test_integrators_are_named_a_segment():
    stages = qsb.Protocol(
        (qsb.Stage("charge", 1.0), qsb.Stage("store", 1.0), qsb.Stage("charge", 2.0, Sinusoidal(1.0)))
    )
    made = plan(cells(3, coupling=pairs(0.5), protocol=stages, times=[4.0]))
    assert made.integrators == ("modes", "modes", "dop853")
    made = plan(cells(3, coupling=pairs(0.5), field=0.1, protocol=stages, times=[4.0]))
    assert made.integrators == ("eigen", "eigen", "dop853")
    assert "eigen (2 segments), dop853" in str(made)
    noisy = plan(cells(3, coupling=pairs(0.5), channels=(qsb.emission(0.1),), protocol=stages, times=[4.0]))
    assert noisy.integrators == ("faber", "faber", "dop853")
    assert plan(cells(2, coupling=pairs(0.5), channels=(qsb.emission(0.1),))).integrators == ("propagator",)
    assert plan(cells(12, coupling=pairs(0.5), field=0.1)).integrators == ("chebyshev",)
    assert plan(cells(5, coupling=pairs(0.5), channels=(qsb.emission(0.1),))).integrators == ("faber",)


# -- it only plans --


def test_planning_builds_nothing(monkeypatch):
    for representation in REPRESENTATIONS:

        def never(*_, **__):
            raise AssertionError("a plan was asked for, not a matrix")

        way = "reduce" if hasattr(representation, "reduce") else "simulate"
        monkeypatch.setattr(type(representation), way, never)
    monkeypatch.setattr("qsb.algebra.build.csr", never)
    monkeypatch.setattr("qsb.algebra.build.dense", never)
    monkeypatch.setattr("qsb.algebra.pauli.PauliSum.of", never)
    for problem, expected in CHOICES.values():
        if problem.battery.start.kind == "ground" and not problem.structure.battery_one_body:
            continue  # whether an interacting ground state is symmetric is read off its sectors
        before = problem.fingerprint
        assert plan(problem).representation == expected
        assert plan(problem) == plan(problem)
        assert problem.fingerprint == before


@pytest.mark.parametrize(
    "problem",
    [
        cells(24, coupling=pairs(0.5), field=0.1),
        cells(24, coupling=pairs(0.5)),
        cells(24, coupling=pairs(0.5, "all"), channels=(qsb.emission(RATES_30[:24]),)),
        cells(10**6, field=0.5, channels=(qsb.emission(0.1),)),
    ],
    ids=["chain", "fermions", "noise", "million"],
)
def test_planning_takes_no_memory(problem):
    refusal = None
    tracemalloc.start()
    try:
        plan(problem, memory="1 MiB")
    except qsb.PlanError as error:
        refusal = error
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert refusal is None or refusal.bytes_needed > 2**24 * 16
    assert peak < 2**21


@pytest.mark.parametrize(("n", "channels"), [(12, ()), (14, ()), (4, (qsb.emission(0.1),)), (6, (qsb.emission(0.1),))])
def test_the_estimate_covers_what_a_solution_takes(n, channels):
    problem = cells(n, coupling=pairs(0.5), field=0.1, channels=channels, duration=1.0, times=np.linspace(0, 1, 11))
    made = plan(problem)
    solve(problem, made)  # whatever is compiled or imported first
    tracemalloc.start()
    solve(problem, made)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert 0.02 * made.bytes < peak < made.bytes + 2**20


def test_reasons_come_from_the_first_that_fits(monkeypatch):
    """The order of the list is the order of the judgement."""
    monkeypatch.setattr(planner, "REPRESENTATIONS", tuple(reversed(REPRESENTATIONS)))
    assert plan(cells(3, field=0.5)).representation == "density"


@pytest.mark.parametrize(
    ("problem", "name", "words"),
    [
        (cells(4, coupling=pairs(0.3)), "faber", "takes no integrator"),
        (cells(3, field=0.5, channels=(qsb.emission(0.1),)), "damped", "noisy cells in a cavity"),
        (cells(3, field=0.5, coupling=pairs(0.3)), "ladder", "cells in a cavity"),
    ],
)
def test_integrators_that_cannot_advance_a_problem_are_refused(problem, name, words):
    with pytest.raises(qsb.SpecError, match=words):
        plan(problem, integrator=name)


def test_planning_takes_no_memory_however_many_cells_or_quanta():
    """All pairs of 10^5 cells are 5 10^9 bonds, and a grid of 10^6 cells and 4 10^6 quanta would be terabytes."""
    many = cells(10**5, coupling=pairs(0.5, "all"))
    large = qsb.models.dicke(cells=10**6, coupling=0.1, cutoff=4 * 10**6)
    tracemalloc.start()
    try:
        made = plan(many, memory="1 TiB")
        with pytest.raises(qsb.PlanError):
            plan(qsb.Problem(large, qsb.quench(1.0)))
        assert tracemalloc.get_traced_memory()[1] < 2**28
    finally:
        tracemalloc.stop()
    assert made.representation == "symmetric"


def test_a_time_that_nobody_knows_is_not_given_as_zero():
    lossy = (qsb.emission(0.1, collective=True),)
    cavity = qsb.models.dicke(cells=3, coupling=0.3, cutoff=12)
    made = plan(qsb.Problem(cavity, qsb.quench(1.0), lossy))
    assert made.seconds is None
    assert "time not estimated (how far the decays of a mode reach" in str(made)
    assert made.to_dict()["work"] == {"flops": 0.0, "traffic": 0.0, "calls": 0.0}
    assert plan(cells(20, coupling=pairs(0.5, "all"), channels=lossy)).seconds > 0
    assert plan(qsb.Problem(cavity, qsb.quench(1.0))).seconds > 0
    assert plan(cells(20, coupling=pairs(0.5, "all"))).seconds > 0
    assert plan(cells(10**6, field=0.5)).seconds > 0
