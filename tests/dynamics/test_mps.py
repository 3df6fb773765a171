"""Matrix-product states: the ket within the reported error, long chains by closed form, and runs that are refused."""

import sys

import numpy as np
import pytest

import qsb
from problems import CHAINS
from qsb.algebra import build
from qsb.algebra.opsum import OpSum
from qsb.algebra.space import Space
from qsb.algebra.terms import Global, Local, Pair, Word
from qsb.charging.battery import Battery
from qsb.charging.envelope import Sinusoidal
from qsb.dynamics.chain import Windows, bonds, commutator, is_chain, pauli_words
from qsb.dynamics.plan import plan
from qsb.dynamics.representation import Request
from qsb.dynamics.solve import solve
from qsb.errors import ConvergenceError, PlanError, PlatformError
from systems import cells, field_energy, pairs


def chain_solved(problem, *, tolerance=1e-6, needs=("energy", "power"), **options):
    """Solve by matrix-product states."""
    made = plan(problem, Request(frozenset(needs), **options), representation="mps")
    return solve(problem, made, tolerance=tolerance)


def test_a_lower_tolerance_gives_a_smaller_error():
    problem = CHAINS["uniform"]
    exact = solve(problem, plan(problem, representation="ket")).values["energy"]
    deviation = []
    for tolerance in (1e-3, 1e-5, 1e-6):
        found = chain_solved(problem, tolerance=tolerance)
        assert found.budget["trotter"] + found.budget["truncation"] <= tolerance
        deviation.append(np.abs(found.values["energy"] - exact).max())
    assert deviation[0] > 10 * deviation[1] > 30 * deviation[2]


def test_forty_cells_that_never_meet_are_forty_cells():
    problem = cells(40, field=0.5, times=[0.0, 1.0, 3.0], duration=3.0)
    found = qsb.run(problem, ["stored_energy", "energy_std"], representation="mps")
    np.testing.assert_allclose(found["stored_energy"], field_energy(40, 0.5, problem.times), rtol=0, atol=1e-9)
    p = field_energy(1, 0.5, problem.times)
    np.testing.assert_allclose(found["energy_std"] ** 2, 40 * p * (1 - p), rtol=0, atol=1e-8)


def test_a_long_flat_chain_by_closed_form():
    """With H_B off, xx bonds commute: an inner cell has <z> = -cos^2(2Jt), an outer one -cos(2Jt)."""
    n, strength, t = 40, 0.4, np.array([0.0, 0.5, 1.5])
    problem = cells(n, coupling=pairs(strength), times=t, protocol=qsb.quench(1.5, battery=False))
    found = qsb.run(problem, ["energy_above_ground", "power"], representation="mps")
    c, s = np.cos(2 * strength * t), np.sin(2 * strength * t)
    expected = ((n - 2) * (1 - c**2) + 2 * (1 - c)) / 2
    power = ((n - 2) * 4 * strength * c * s + 4 * strength * s) / 2
    np.testing.assert_allclose(found["energy_above_ground"], expected, rtol=0, atol=1e-6)
    np.testing.assert_allclose(found["power"], power, rtol=0, atol=1e-6)


@pytest.mark.parametrize("bond", [1, 2])
def test_a_bond_that_is_too_small_is_refused(bond):
    with pytest.raises(ConvergenceError, match=rf"raise bond \(now {bond}\)"):
        chain_solved(CHAINS["uniform"], bond=bond)


def test_the_estimate_stands_for_the_error_where_bonds_are_small():
    """Negative control: with a tolerance that lets it pass, a small bond gives the error that is reported."""
    problem = CHAINS["uniform"]
    exact = solve(problem, plan(problem, representation="ket")).values["energy"]
    found = chain_solved(problem, tolerance=1e-2, bond=4)
    deviation = np.abs(found.values["energy"] - exact).max() / problem.cells
    assert 1e-6 < deviation < found.budget["truncation"] + found.budget["trotter"]
    assert found.budget["energy_drift"] > 1e-7


def test_the_error_of_the_product_formula_is_measured():
    """The windows of a short chain are the chain: what they say is the deviation that is found."""
    problem = CHAINS["uniform"]
    h = bonds(problem.battery.battery + problem.battery.interaction, problem.battery.space)
    down = np.tile([0.0, 1.0], (7, 1)).astype(complex)
    step = Windows.of(down, np.ones(6)).choose(h, 0.4, 2.0, 1e-4)
    found = chain_solved(problem, tolerance=2e-4, needs=("energy", "power", "marginals"))
    exact = solve(problem, plan(problem, Request(frozenset({"energy", "marginals"})), representation="ket"))
    deviation = np.abs(np.asarray(found.values["marginals"]) - np.asarray(exact.values["marginals"])).max()
    assert found.budget["trotter"] == pytest.approx(step.error, rel=1e-9)
    assert 0.2 * step.error < deviation < 1.5 * step.error + found.budget["truncation"]


# -- what is a chain --


@pytest.mark.parametrize(
    ("term", "expected"),
    [
        (Local("x", 0.3), True),
        (Pair("x", "y", 0.3, "chain"), True),
        (Pair("x", "x", 0.3, "ring"), False),
        (Pair("x", "x", 0.3, "all"), False),
        (Pair("x", "x", np.diag([1.0, 1, 1], 1), "explicit"), True),
        (Pair("x", "x", np.diag([1.0, 1], 2), "explicit"), False),
        (Word(0.3, ((2, "x"), (1, "z"))), True),
        (Word(0.3, ((0, "x"), (2, "z"))), False),
        (Global("x", 0.2), False),
    ],
)
def test_chains(term, expected):
    assert is_chain(OpSum((term,)), Space.spins(4)) is expected


def test_bonds_and_words_are_the_operator():
    space = Space.spins(4)
    op = OpSum(
        (
            Local("z", np.array([0.1, 0.2, 0.3, 0.4])),
            Local("y", 0.7),
            Pair("x", "y", 0.3),
            Pair("y", "z", [0.1, 0.5, 0.2]),
        )
    )
    whole = build.dense(op, space)
    total = sum(np.kron(np.kron(np.eye(1 << b), g), np.eye(1 << (2 - b))) for b, g in enumerate(bonds(op, space)))
    np.testing.assert_allclose(total, whole, atol=1e-14)
    words = OpSum(tuple(Word(c, w) for c, w in pauli_words(build.pauli_strings(op, space), 4)))
    np.testing.assert_allclose(build.dense(words, space), whole, atol=1e-14)


def test_the_commutator_of_strings_is_that_of_matrices():
    space = Space.spins(4)
    a = OpSum((Local("z", 0.5), Pair("x", "y", 0.3), Local("x", 0.2)))
    b = OpSum((Local("z", np.array([0.5, 0.1, 0.2, 0.3])), Pair("z", "z", 0.4), Local("y", 0.3)))
    made = commutator(build.pauli_strings(a, space), build.pauli_strings(b, space))
    words = OpSum(tuple(Word(c, w) for c, w in pauli_words(made, 4)))
    left, right = build.dense(a, space), build.dense(b, space)
    np.testing.assert_allclose(build.dense(words, space), 1j * (left @ right - right @ left), atol=1e-14)


# -- requests --

INTERACTING = Battery(
    Space.spins(4),
    OpSum((Local("z", 0.5), Pair("z", "z", 0.2))),
    OpSum((Local("x", 0.5), Pair("x", "x", 0.3))),
    start=qsb.Start("down"),
)


@pytest.mark.parametrize(
    ("problem", "needs", "words"),
    [
        (cells(5, coupling=pairs(0.3, "ring")), (), "a ring is not cut open"),
        (cells(5, coupling=pairs(0.3), channels=(qsb.emission(0.1),)), (), "there is noise"),
        (cells(5, coupling=pairs(0.3), start=qsb.Start("thermal", temperature=1.0)), (), "the start is a mixture"),
        (cells(2, coupling=pairs(0.3)), (), "fewer than three cells"),
        (cells(5, coupling=pairs(0.3), protocol=qsb.quench(20.0, Sinusoidal(1.0))), (), "an envelope changes"),
        (cells(5, coupling=pairs(0.3)), ("populations",), "cannot be read off a network"),
        (cells(5, coupling=pairs(0.3)), ("span",), "the span of a V"),
        (qsb.Problem(INTERACTING, qsb.quench(1.0)), ("extremes",), "levels of an H_B that couples cells"),
        (cells(3, coupling=pairs(0.3), start=qsb.Start("state", array=np.eye(8)[0])), (), "begins with a product"),
    ],
    ids=["ring", "noise", "mixture", "two", "envelope", "populations", "span", "levels", "state"],
)
def test_what_is_refused(problem, needs, words):
    with pytest.raises(PlanError, match=words):
        plan(problem, Request(frozenset({"energy", "power", *needs})), representation="mps")


def test_an_interacting_battery_has_its_energy_and_power():
    problem = qsb.Problem(INTERACTING, qsb.quench(1.0), (), np.linspace(0, 1, 3))
    exact = solve(problem, plan(problem, representation="ket"))
    found = chain_solved(problem)
    for name in ("energy", "power"):
        np.testing.assert_allclose(found.values[name], exact.values[name], rtol=0, atol=1e-5)


def test_a_missing_extra_is_named(monkeypatch):
    monkeypatch.setitem(sys.modules, "tenpy", None)
    with pytest.raises(PlatformError, match=r'pip install "qsb\[mps\]"'):
        chain_solved(CHAINS["uniform"])


def test_planning_does_not_import_tenpy():
    import subprocess

    code = (
        "import sys, qsb; m = qsb.models.ensemble(40, field=0.1, coupling={'strength': 0.3}); "
        "print(qsb.plan(qsb.Problem(m, qsb.quench(1.0)), ['power']).representation, 'tenpy' in sys.modules)"
    )
    answer = subprocess.run([sys.executable, "-c", code], capture_output=True, check=True, text=True)
    assert answer.stdout.split() == ["mps", "False"]
