"""`OpSum`: words, adjoints, scaling, geometries, normalisations, and what is refused."""

import itertools

import numpy as np
import pytest

from qsb.algebra.build import dense
from qsb.algebra.opsum import OpSum
from qsb.algebra.site_operators import SPIN_OPERATORS
from qsb.algebra.space import Boson, Group, Level, Space, Spin
from qsb.algebra.terms import Global, Local, Matrix, Pair, Word
from qsb.errors import SpecError, StructureError


def kron(*factors):
    """Return a tensor product."""
    out = np.ones((1, 1))
    for f in factors:
        out = np.kron(out, f)
    return out


def placed(cells, **sites):
    """Return named operators at sites (s0="x", ...) among identities."""
    return kron(*(SPIN_OPERATORS[sites.get(f"s{i}", "i")] for i in range(cells)))


def words(term, cells):
    """Return the expanded words as a list."""
    return list(term.words(Space.spins(cells)))


def test_the_operators_are_pauli_matrices_with_up_first():
    up, down = np.eye(2)
    s = SPIN_OPERATORS
    np.testing.assert_array_equal(s["z"] @ up, up)
    np.testing.assert_array_equal(s["-"] @ up, down)
    np.testing.assert_array_equal(s["+"] @ down, up)
    np.testing.assert_array_equal(s["-"] @ down, 0 * up)
    np.testing.assert_array_equal(s["n"], s["+"] @ s["-"])
    np.testing.assert_array_equal(s["x"], s["+"] + s["-"])
    np.testing.assert_array_equal(s["y"], -1j * (s["+"] - s["-"]))
    np.testing.assert_array_equal(s["x"] @ s["y"], 1j * s["z"])


def test_local_words_are_one_a_site_and_skip_zeros():
    assert words(Local("x", 0.5), 3) == [(0.5, ((i, "x"),)) for i in range(3)]
    assert words(Local("-", np.array([1.0, 0.0, 2j])), 3) == [(1.0, ((0, "-"),)), (2j, ((2, "-"),))]


def test_the_first_cell_is_the_most_significant():
    op = OpSum((Local("z", np.array([1.0, 0.0])),))
    np.testing.assert_array_equal(np.diag(dense(op, Space.spins(2))).real, [1, 1, -1, -1])


@pytest.mark.parametrize(
    ("geometry", "cells", "expected"),
    [
        ("chain", 4, [(0, 1), (1, 2), (2, 3)]),
        ("chain", 2, [(0, 1)]),
        ("chain", 1, []),
        ("ring", 4, [(0, 1), (1, 2), (2, 3), (3, 0)]),
        ("ring", 3, [(0, 1), (1, 2), (2, 0)]),
        ("ring", 2, [(0, 1)]),
        ("ring", 1, []),
        ("all", 4, [(0, 1), (0, 2), (0, 3), (1, 2), (1, 3), (2, 3)]),
        ("all", 1, []),
    ],
)
def test_geometries_have_their_bonds(geometry, cells, expected):
    term = Pair("x", "y", 0.3, geometry)
    i, j, w = term.bonds(Space.spins(cells))
    assert list(zip(i.tolist(), j.tolist(), strict=True)) == expected
    np.testing.assert_array_equal(w, np.full(len(expected), 0.3))
    assert words(term, cells) == [(0.3, ((a, "x"), (b, "y"))) for a, b in expected]


def test_a_ring_of_two_has_one_bond():
    space = Space.spins(2)
    ring, chain = (OpSum((Pair("x", "x", 0.7, g),)) for g in ("ring", "chain"))
    np.testing.assert_array_equal(dense(ring, space), dense(chain, space))


def test_the_closing_bond_of_a_ring_starts_at_the_last_cell():
    op = OpSum((Pair("x", "y", np.array([1.0, 2.0, 4.0]), "ring"),))
    expected = placed(3, s0="x", s1="y") + 2 * placed(3, s1="x", s2="y") + 4 * placed(3, s2="x", s0="y")
    np.testing.assert_array_equal(dense(op, Space.spins(3)), expected)


def test_power_law_weights_fall_with_distance():
    term = Pair("x", "x", 2.0, "power-law", exponent=1.5)
    i, j, w = term.bonds(Space.spins(4))
    np.testing.assert_allclose(w, 2.0 / (j - i) ** 1.5, rtol=1e-15)
    flat = Pair("x", "x", 2.0, "power-law", exponent=0.0).bonds(Space.spins(4))[2]
    np.testing.assert_array_equal(flat, 2.0)


@pytest.mark.parametrize(("name", "factor"), [("none", 1.0), ("kac", 0.25), ("sqrt", 0.5)])
@pytest.mark.parametrize("geometry", ["chain", "ring", "all"])
def test_normalisations_use_the_number_of_cells(name, factor, geometry):
    plain = OpSum((Pair("x", "x", 0.8, geometry),))
    scaled = OpSum((Pair("x", "x", 0.8, geometry, normalisation=name),))
    space = Space.spins(4)
    np.testing.assert_allclose(dense(scaled, space), factor * dense(plain, space), rtol=1e-15)


def test_explicit_matrices_are_symmetric_or_upper_triangular():
    upper = np.array([[0, 1.0, 2.0], [0, 0, 3.0], [0, 0, 0]])
    space = Space.spins(3)
    a = dense(OpSum((Pair("z", "x", upper, "explicit"),)), space)
    b = dense(OpSum((Pair("z", "x", upper + upper.T, "explicit"),)), space)
    np.testing.assert_array_equal(a, b)
    expected = placed(3, s0="z", s1="x") + 2 * placed(3, s0="z", s2="x") + 3 * placed(3, s1="z", s2="x")
    np.testing.assert_array_equal(a, expected)
    for bad in (upper.T, upper + np.eye(3), np.array([[0, 1, 2], [5, 0, 3], [0, 0, 0]])):
        with pytest.raises(SpecError, match="symmetric"):
            Pair("z", "x", bad, "explicit").bonds(space)
    with pytest.raises(SpecError, match="4 x 4"):
        Pair("z", "x", upper, "explicit").bonds(Space.spins(4))


def test_per_bond_strengths_must_match_the_bonds():
    with pytest.raises(SpecError, match="3 bonds"):
        Pair("x", "x", np.ones(4), "chain").bonds(Space.spins(4))
    with pytest.raises(SpecError, match="4 bonds"):
        Pair("x", "x", np.ones(3), "ring").bonds(Space.spins(4))
    with pytest.raises(SpecError, match="shape"):
        list(Local("x", np.ones(3)).words(Space.spins(4)))


@pytest.mark.parametrize("name", SPIN_OPERATORS)
def test_a_global_term_is_the_product_over_all_cells(name):
    op = OpSum((Global(name, 0.5 - 0.2j),))
    expected = (0.5 - 0.2j) * kron(*[SPIN_OPERATORS[name]] * 3)
    np.testing.assert_array_equal(dense(op, Space.spins(3)), expected)


RANDOM = OpSum(
    (
        Local("+", np.array([0.3j, -0.2, 0.1])),
        Local("n", 0.7),
        Pair("+", "-", np.array([0.5, 0.2j]), "chain"),
        Pair("y", "z", 0.3 - 0.1j, "power-law", exponent=2.0),
        Global("-", 1j),
        Word(0.4 + 0.3j, ((2, "x"), (0, "+"))),
        Matrix(np.arange(64).reshape(8, 8) * (1 + 0.5j)),
    )
)


def test_the_adjoint_is_the_conjugate_transpose():
    space = Space.spins(3)
    np.testing.assert_allclose(dense(RANDOM.adjoint(), space), dense(RANDOM, space).conj().T, rtol=0, atol=1e-15)
    np.testing.assert_array_equal(dense(RANDOM.adjoint().adjoint(), space), dense(RANDOM, space))


@pytest.mark.parametrize("factor", [2.0, -0.5, 1j, 0.0])
def test_scaling_and_adding_are_linear(factor):
    space = Space.spins(3)
    d = dense(RANDOM, space)
    np.testing.assert_allclose(dense(RANDOM * factor, space), factor * d, rtol=1e-15, atol=1e-15)
    np.testing.assert_allclose(dense(factor * RANDOM, space), factor * d, rtol=1e-15, atol=1e-15)
    both = RANDOM + Local("x", 0.3) + OpSum((Local("z", 0.1),))
    extra = dense(OpSum((Local("x", 0.3), Local("z", 0.1))), space)
    np.testing.assert_allclose(dense(both, space), d + extra, rtol=1e-15, atol=1e-14)


def test_vanishing_terms_are_no_terms():
    zeros = OpSum((Local("x", 0.0), Pair("x", "x", np.zeros(2)), Global("x", 0.0), Word(0.0, ((0, "x"),))))
    assert not zeros
    assert zeros.active == ()
    assert zeros.order(Space.spins(3)) == 0
    assert not np.any(dense(zeros, Space.spins(3)))
    assert not OpSum((Matrix(np.zeros((8, 8))),))
    assert zeros + Local("x", 1.0)


def test_order_is_the_largest_number_of_cells_a_product_touches():
    space = Space.spins(4)
    for term, k in (
        (Local("x"), 1),
        (Pair("x", "x"), 2),
        (Global("x"), 4),
        (Word(1.0, ((0, "x"), (1, "i"), (2, "z"), (3, "y"))), 3),
        (Matrix(np.eye(16)), 4),
    ):
        assert OpSum((term,)).order(space) == k
    assert OpSum((Local("x"), Pair("x", "x"))).order(space) == 2
    assert OpSum((Pair("x", "x"),)).order(Space.spins(1)) == 0


def test_groups_have_their_own_terms():
    space = Space((Group("cells", Spin(), 2), Group("drivers", Spin(), 2, "charger")))
    op = OpSum((Local("z", 1.0, "drivers"), Pair("x", "x", 0.5, "all", normalisation="kac", group="drivers")))
    expected = placed(4, s2="z") + placed(4, s3="z") + 0.25 * placed(4, s2="x", s3="x")
    np.testing.assert_array_equal(dense(op, space), expected)
    assert space.cells == 2
    assert space.sites == 4
    assert not space.single_spin_group
    with pytest.raises(SpecError, match="no group 'cell'"):
        dense(OpSum((Local("z", 1.0, "cell"),)), space)


def test_spaces_count_exactly():
    assert Space.spins(1000).dimension == 2**1000
    mixed = Space((Group("a", Spin(), 2), Group("mode", Boson(4), 1, "charger"), Group("b", Level(3), 1)))
    assert mixed.dimension == 4 * 5 * 3
    assert mixed.dimensions() == (2, 2, 5, 3)
    assert mixed.offset("b") == 3
    for groups in ((Group("a", Spin(), 1), Group("a", Spin(), 1)), (Group("a", Spin(), 0),)):
        with pytest.raises(SpecError):
            Space(groups)


@pytest.mark.parametrize(
    "build",
    [
        lambda: Local("q"),
        lambda: Pair("x", "q"),
        lambda: Global("sx"),
        lambda: Word(1.0, ((0, "Z"),)),
        lambda: Local("x", np.nan),
        lambda: Local("x", np.array([1.0, np.inf])),
        lambda: Pair("x", "x", np.nan),
        lambda: Global("x", np.inf),
        lambda: Word(np.nan, ((0, "x"),)),
        lambda: Matrix(np.array([[np.nan, 0], [0, 1]])),
        lambda: Matrix(np.ones((2, 3))),
        lambda: Word(1.0, ((0, "x"), (0, "z"))),
        lambda: Pair("x", "x", 1.0, "line"),
        lambda: Pair("x", "x", 1.0, "chain", normalisation="Kac"),
        lambda: Pair("x", "x", 1.0, "power-law"),
        lambda: Pair("x", "x", 1.0, "chain", exponent=2.0),
        lambda: Pair("x", "x", 1.0, "explicit"),
        lambda: Pair("x", "x", np.ones(3), "all"),
        lambda: OpSum((Local("x"),)) * np.nan,
    ],
)
def test_impossible_terms_are_refused(build):
    with pytest.raises(SpecError):
        build()


def test_a_word_outside_the_space_is_refused():
    for site in (-1, 3):
        with pytest.raises(SpecError, match="outside"):
            dense(OpSum((Word(1.0, ((site, "x"),)),)), Space.spins(3))


def test_an_opaque_matrix_has_no_words():
    with pytest.raises(StructureError, match="opaque"):
        list(OpSum((Matrix(np.eye(2)),)).words(Space.spins(1)))


@pytest.mark.parametrize(("first", "second"), list(itertools.product("xyz+-n", repeat=2)))
def test_pairs_of_all_operators(first, second):
    op = OpSum((Pair(first, second, 0.7, "chain"),))
    expected = 0.7 * (placed(3, s0=first, s1=second) + placed(3, s1=first, s2=second))
    np.testing.assert_array_equal(dense(op, Space.spins(3)), expected)
