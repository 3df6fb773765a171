"""Free fermions against dense matrices, closed forms and known numbers; a wrong sign of the ring is seen."""

import numpy as np
import pytest

from qsb.algebra import gaussian
from qsb.algebra.build import dense
from qsb.algebra.fermion import all_levels, extremes, gap, ground_energy, ground_modes, lowest_levels
from qsb.algebra.jordan_wigner import Near, form, is_closed, quadratic_axes, quadratic_form
from qsb.algebra.majorana_modes import ground_parity, mode_energies, normal_modes, pfaffian
from qsb.algebra.opsum import OpSum
from qsb.algebra.space import Space
from qsb.algebra.terms import Global, Local, Matrix, Pair, Word
from qsb.errors import SpecError, StructureError

#: names of the spin operators once `axis` plays the part of z
NAMES = {
    "z": dict(zip("xyz", "xyz", strict=True)),
    "x": dict(zip("xyz", "yzx", strict=True)),
    "y": dict(zip("xyz", "zxy", strict=True)),
}


def disordered(n, geometry, axis="z", couplings=("xx", "yy", "xy", "yx"), seed=1):
    """Return a quadratic operator with random couplings and fields."""
    rng, name = np.random.default_rng(seed + 10 * n), NAMES[axis]
    bonds = n if geometry == "ring" and n > 2 else n - 1
    terms = [Local(name["z"], rng.normal(size=n)), Local("i", 0.3)]
    if n > 1:
        terms += [Pair(name[a], name[b], rng.normal(size=bonds), geometry) for a, b in couplings]
    return OpSum(tuple(terms))


def tfim(coupling, field, geometry="chain"):
    """Return -J xx - h z."""
    return OpSum((Pair("x", "x", -coupling, geometry), Local("z", -field)))


CASES = [
    (n, geometry, axis, couplings)
    for n in range(1, 6)
    for geometry in ("chain", "ring")
    for axis, couplings in (("z", ("xx", "yy")), ("z", ("xx", "xy", "yx")), ("x", ("xx", "yx")), ("y", ("yy",)))
]


@pytest.mark.parametrize(("n", "geometry", "axis", "couplings"), CASES)
def test_levels_and_ground_state_are_those_of_the_matrix(n, geometry, axis, couplings):
    op, space = disordered(n, geometry, axis, couplings), Space.spins(n)
    e, u = np.linalg.eigh(dense(op, space))
    assert axis in quadratic_axes([op], space)
    near = Near.of(op, space).turned(axis)
    assert near.closed == (geometry == "ring" and n > 2)
    np.testing.assert_allclose(all_levels(near), e, rtol=0, atol=1e-12)
    assert extremes(op, space, axis=axis) == pytest.approx((e[0], e[-1]), abs=1e-12)
    assert ground_energy(op, space, axis=axis) == pytest.approx(e[0], abs=1e-12)
    assert gap(op, space, axis=axis) == pytest.approx(e[1] - e[0], abs=1e-12)
    modes, excited, parity = ground_modes(near)
    occupied = -np.ones(n)
    if excited >= 0:
        occupied[excited] = 1.0
    state, a = gaussian.mode_covariance(modes, occupied), form(near, parity)
    spins = dense(OpSum((Global(NAMES[axis]["z"], 1.0),)), space)
    assert parity == round((u[:, 0].conj() @ spins @ u[:, 0]).real)
    assert gaussian.energy(a, state) == pytest.approx(e[0], abs=1e-12)
    assert gaussian.variance(a, state) < 1e-11
    assert state.square() == pytest.approx(2 * n, abs=1e-11)
    for i in range(n):
        for j in range(i + 1, n):
            for axes in ("xx", "yy", "xy", "yx", "zz", "xz"):
                word = OpSum((Word(1.0, tuple((k, NAMES[axis][a]) for k, a in zip((i, j), axes, strict=True))),))
                expected = (u[:, 0].conj() @ dense(word, space) @ u[:, 0]).real
                assert gaussian.correlation(state, axes, i, j) == pytest.approx(expected, abs=1e-11)
    for first in range(n):
        p = np.linalg.svd(u[:, 0].reshape(2**first, -1), compute_uv=False) ** 2
        expected = -np.sum(p[p > 0] * np.log(p[p > 0]))
        assert gaussian.block_entropy(state, 0, first) == pytest.approx(expected, abs=1e-10)


@pytest.mark.parametrize("ends", ["xx", "yy", "xy", "yx"])
@pytest.mark.parametrize("n", [3, 4, 5])
def test_a_string_between_the_ends_closes_a_ring_for_both_parities(n, ends):
    space = Space.spins(n)
    string = Word(0.8, ((0, ends[0]), *((j, "z") for j in range(1, n - 1)), (n - 1, ends[1])))
    op = OpSum((*disordered(n, "chain").terms, string))
    e = np.linalg.eigvalsh(dense(op, space))
    near = Near.of(op, space)
    assert not near.closed
    assert quadratic_axes([op], space) == ("z",)
    np.testing.assert_allclose(all_levels(near), e, rtol=0, atol=1e-12)
    assert extremes(op, space) == pytest.approx((e[0], e[-1]), abs=1e-12)
    assert np.abs(all_levels(Near(n, near.site, near.bond, near.edge, -near.wound)) - e).max() > 0.01
    other = OpSum((Word(1.0, ((0, "y"), *((j, "x") for j in range(1, n - 1)), (n - 1, "y"))),))
    assert quadratic_axes([other], space) == ()


def test_the_sign_of_the_ring_matters():
    """Negative control: with the parities exchanged the levels are not those of the spins."""
    op, space = disordered(5, "ring"), Space.spins(5)
    e = np.linalg.eigvalsh(dense(op, space))
    near = Near.of(op, space)
    wrong = Near(near.cells, near.site, near.bond, -near.edge)
    assert np.abs(all_levels(near) - e).max() < 1e-12
    assert np.abs(all_levels(wrong) - e).max() > 0.1


@pytest.mark.parametrize("n", [1, 2, 5, 40])
def test_o21_modes_at_h_equal_lambda(n):
    """s_k = 2h cos(k pi/(2N+1)), and e_k = 2 s_k."""
    e = mode_energies(quadratic_form(OpSum((Local("z", 0.7), Pair("x", "x", 0.7))), Space.spins(n)))
    k = np.arange(1, n + 1)
    np.testing.assert_allclose(e, np.sort(4 * 0.7 * np.cos(k * np.pi / (2 * n + 1))), rtol=0, atol=1e-13)


def test_o21_singular_values():
    """Every level of the open chain is a sum of +-s_k of h on the diagonal and lambda beside it."""
    h, strength, n = 0.5, 0.8, 6
    s = np.linalg.svd(h * np.eye(n) + strength * np.eye(n, k=1), compute_uv=False)
    op = OpSum((Local("z", h), Pair("x", "x", strength)))
    signs = np.array(np.meshgrid(*[[-1, 1]] * n)).reshape(n, -1)
    np.testing.assert_allclose(all_levels(Near.of(op, Space.spins(n))), np.sort(s @ signs), rtol=0, atol=1e-12)


@pytest.mark.parametrize(("field", "printed"), [(1.0, 0.3690734379), (2.0, 2.1902471399)])
def test_o33_gaps(field, printed):
    op = OpSum((Pair("z", "z", -1.0), Local("x", -field)))
    assert quadratic_axes([op], Space.spins(8)) == ("x",)
    assert gap(op, Space.spins(8)) == pytest.approx(printed, abs=1e-10)


def test_o33_doublet():
    space, op = Space.spins(8), tfim(1.0, 0.1)
    e = mode_energies(quadratic_form(op, space))
    assert gap(op, space) == pytest.approx(2 * 0.1**8 * (1 - 0.1**2), rel=1e-6)
    assert e[1] == pytest.approx(1.8172891377, abs=1e-10)


@pytest.mark.parametrize("n", [200, 2000])
def test_the_critical_chain_is_known_in_closed_form(n):
    """J = h = 1: E_0 = 1 - 1/sin(pi/(2(2N+1))), and the gap is 4 sin(pi/(2(2N+1)))."""
    half = np.pi / (2 * (2 * n + 1))
    assert ground_energy(tfim(1.0, 1.0), Space.spins(n)) == pytest.approx(1 - 1 / np.sin(half), rel=1e-14)
    assert gap(tfim(1.0, 1.0), Space.spins(n)) == pytest.approx(4 * np.sin(half), abs=2e-14)


def test_the_block_entropy_of_the_critical_ring_grows_with_a_third_of_half():
    """S = (c/3) ln L + const with c = 1/2 for the Ising ring (Calabrese, Cardy 2004, hep-th/0405152)."""
    n = 400
    modes, _, _ = ground_modes(Near.of(tfim(1.0, 1.0, "ring"), Space.spins(n)))
    state = gaussian.mode_covariance(modes, -np.ones(n))
    chord = np.log([n / np.pi * np.sin(np.pi * size / n) for size in (50, 200)])
    s = [gaussian.block_entropy(state, 0, size) for size in (50, 200)]
    assert (s[1] - s[0]) / (chord[1] - chord[0]) == pytest.approx(1 / 6, abs=1e-4)
    assert gaussian.block_entropy(state, 130, 50) == pytest.approx(s[0], abs=1e-9)


def test_correlations_of_the_critical_chain():
    """Deep in the chain <x_i x_{i+1}> = 2/pi, <z_i> = 2/pi (P. Pfeuty 1970)."""
    n = 600
    modes = normal_modes(quadratic_form(tfim(1.0, 1.0, "ring"), Space.spins(n), parity=1))
    state = gaussian.mode_covariance(modes, -np.ones(n))
    assert gaussian.correlation(state, "xx", 300, 301) == pytest.approx(2 / np.pi, abs=1e-5)
    assert -state.ab[300, 300] == pytest.approx(2 / np.pi, abs=1e-5)


@pytest.mark.parametrize("size", [0, 2, 6])
def test_a_pfaffian_is_the_root_of_the_determinant(size):
    a = np.random.default_rng(size).normal(size=(size, size))
    a = a - a.T
    assert pfaffian(a) ** 2 == pytest.approx(np.linalg.det(a) if size else 1.0, rel=1e-10)
    block = np.array([[0.0, 3.0], [-3.0, 0.0]])
    assert pfaffian(block) == pytest.approx(3.0)
    swap = np.eye(size) if size < 2 else np.eye(size)[[1, 0, *range(2, size)]]
    assert pfaffian(swap @ a @ swap.T) == pytest.approx(np.linalg.det(swap) * pfaffian(a), rel=1e-10)


@pytest.mark.parametrize("couplings", [("xx",), ("xx", "xy"), ("xy",)])
def test_modes_are_orthogonal_whatever_vanishes(couplings):
    """Zero modes at the ends of a chain without fields, and degenerate ones."""
    op = OpSum(tuple(Pair(a, b, 0.5) for a, b in couplings))
    a = quadratic_form(op, Space.spins(9))
    m = normal_modes(a)
    frame = np.hstack([m.left, m.right])
    if m.bipartite:
        zero = np.zeros((9, 9))
        frame = np.block([[m.left, zero], [zero, m.right]])
    np.testing.assert_allclose(frame.T @ frame, np.eye(18), rtol=0, atol=1e-13)
    core = frame.T @ a.matrix.toarray() @ frame
    expected = np.block([[np.zeros((9, 9)), np.diag(m.energies)], [-np.diag(m.energies), np.zeros((9, 9))]])
    np.testing.assert_allclose(core, expected, rtol=0, atol=1e-13)
    np.testing.assert_allclose(np.sort(m.energies), mode_energies(a), rtol=0, atol=1e-13)


def test_parity_without_modes_is_that_of_the_modes():
    for n in range(1, 6):
        for couplings in (("xx", "yy"), ("xx", "xy")):
            a = form(Near.of(disordered(n, "ring", couplings=couplings), Space.spins(n)), -1)
            assert ground_parity(a) == normal_modes(a).parity


def test_lowest_levels():
    e = np.array([0.3, 1.0, 0.7, 2.0])
    whole = np.sort([s @ e / 2 for s in np.array(np.meshgrid(*[[-1, 1]] * 4)).reshape(4, -1).T])
    for count in (1, 5, 16, 99):
        np.testing.assert_allclose(lowest_levels(e, count), whole[:count], rtol=0, atol=1e-14)


SAME = {
    "ladders": (
        OpSum((Pair("+", "-", 0.3), Pair("-", "+", 0.3), Local("n", 0.4))),
        OpSum((Pair("x", "x", 0.15), Pair("y", "y", 0.15), Local("z", 0.2), Local("i", 0.2))),
    ),
    "explicit": (
        OpSum((Pair("x", "y", 0.3 * (np.eye(4, k=1) + np.eye(4, k=3)), "explicit"), Local("z", 0.5))),
        OpSum((Pair("x", "y", 0.3), Word(0.3, ((0, "x"), (3, "y"))), Local("z", 0.5))),
    ),
    "words": (
        OpSum((*(Word(0.2, ((i + 1, "y"), (i, "x"))) for i in range(3)), Word(0.7, ((2, "z"),)), Word(0.1, ()))),
        OpSum((Pair("x", "y", 0.2), Word(0.7, ((2, "z"),)), Local("i", 0.025))),
    ),
    "normalised": (OpSum((Pair("x", "x", 0.8, "ring", None, "kac"),)), OpSum((Pair("x", "x", 0.2, "ring"),))),
}


@pytest.mark.parametrize("name", SAME)
def test_one_operator_written_in_two_ways_is_one_form(name):
    space = Space.spins(4)
    a, b = (quadratic_form(op, space, axis="z", parity=1) for op in SAME[name])
    np.testing.assert_allclose(a.matrix.toarray(), b.matrix.toarray(), rtol=0, atol=1e-15)
    assert a.shift == pytest.approx(b.shift, abs=1e-15)
    for op in SAME[name]:
        levels = np.linalg.eigvalsh(dense(op, space))
        np.testing.assert_allclose(all_levels(Near.of(op, space)), levels, rtol=0, atol=1e-13)


@pytest.mark.parametrize("geometry", ["all", "power-law"])
def test_three_cells_that_all_meet_are_a_ring(geometry):
    op = OpSum((Local("z", 0.5), Pair("x", "x", 0.4, geometry, 1.0 if geometry == "power-law" else None)))
    levels = np.linalg.eigvalsh(dense(op, Space.spins(3)))
    np.testing.assert_allclose(all_levels(Near.of(op, Space.spins(3))), levels, rtol=0, atol=1e-13)
    assert quadratic_axes([op], Space.spins(4)) == ()


@pytest.mark.parametrize(
    "extra",
    [
        Local("x", 0.1),
        Pair("z", "z", 0.1),
        Pair("n", "n", 0.1),
        Pair("x", "z", 0.1),
        Pair("x", "x", 0.1, "all"),
        Global("x", 0.1),
        Global("z", 0.1),
        Word(0.1, ((0, "x"), (2, "x"))),
        Word(0.1, ((0, "x"), (1, "z"), (2, "x"))),
        Pair("x", "x", np.eye(4, k=2), "explicit"),
        Matrix(np.eye(16)),
    ],
    ids=lambda t: type(t).__name__,
)
def test_what_is_not_quadratic_is_refused(extra):
    op = OpSum((Local("z", 0.5), Pair("x", "x", 0.3), extra))
    assert quadratic_axes([op], Space.spins(4)) == ()
    with pytest.raises(StructureError, match="not quadratic"):
        ground_energy(op, Space.spins(4))


def test_refusals():
    ring = OpSum((Local("z", 0.5), Pair("x", "x", 0.3, "ring")))
    with pytest.raises(StructureError, match="parity"):
        quadratic_form(ring, Space.spins(4))
    with pytest.raises(StructureError, match="degenerate"):
        ground_modes(Near.of(OpSum((Pair("x", "x", 0.3),)), Space.spins(4)))
    state = gaussian.product_covariance(np.ones(3))
    for axes, i, j in (("xx", 1, 1), ("xq", 0, 1), ("xx", 0, 3)):
        with pytest.raises(SpecError, match="correlation"):
            gaussian.correlation(state, axes, i, j)


def test_a_million_alike_cells_take_no_memory():
    op = OpSum((Local("z", 0.5), Pair("x", "x", 0.3, "ring")))
    near = Near.of(op, Space.spins(10**6))
    assert near.site.shape == (1, 4)
    assert near.bond.shape == (1, 4, 4)
    assert is_closed(op, Space.spins(10**6))
