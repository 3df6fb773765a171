"""Four-fermion terms: site operators, the compiled product and Jordan-Wigner matrices agree."""

import numpy as np
import pytest

from qsb.algebra import build
from qsb.algebra.opsum import OpSum
from qsb.algebra.quartic import PairSum, products
from qsb.algebra.space import Boson, Group, Space, Spin
from qsb.algebra.structure import body_order, is_hermitian
from qsb.algebra.terms import Local, Quartic, Word
from qsb.charging.battery import Battery
from qsb.errors import SpecError, StructureError


def lowering(n, fermions=True):
    """Return the operators that empty each site, as matrices."""
    down, string = np.array([[0, 0], [1, 0]]), np.diag([-1, 1]) if fermions else np.eye(2)
    out = []
    for j in range(n):
        c = np.eye(1)
        for k in range(n):
            c = np.kron(c, string if k < j else down if k == j else np.eye(2))
        out.append(c)
    return out


def hermitian(size, seed=1):
    """Return a random Hermitian matrix."""
    a, b = np.random.default_rng(seed).normal(size=(2, size, size))
    return (a + 1j * b) + (a + 1j * b).conj().T


@pytest.mark.parametrize("fermions", [True, False])
@pytest.mark.parametrize("n", [2, 3, 5, 6])
def test_matches_matrices_of_fermions(n, fermions):
    m = hermitian(n * (n - 1) // 2)
    c = lowering(n, fermions)
    pairs = [c[j] @ c[i] for i, j in zip(*np.triu_indices(n, 1), strict=True)]
    exact = sum(m[p, q] * pairs[p].conj().T @ pairs[q] for p in range(len(m)) for q in range(len(m)))
    op, space = OpSum((Quartic(m, fermions),)), Space.spins(n)
    np.testing.assert_allclose(build.dense(op, space), exact, atol=1e-12)
    words = OpSum(tuple(Word(w, factors) for w, factors in op.words(space)))
    g = build.gather(words, space)
    by_words, row = np.zeros_like(exact), np.arange(2**n)
    for x, v in zip(g.flips, g.values, strict=True):
        by_words[row, row ^ x] = v
    np.testing.assert_allclose(by_words, exact, atol=1e-12)
    product = PairSum.of(op, space)
    np.testing.assert_allclose(np.array([product.apply(v) for v in np.eye(2**n)]).T, exact, atol=1e-12)


def test_large_products_are_shared_among_threads_without_a_difference():
    n = 11
    op = PairSum.of(OpSum((Quartic(hermitian(55)), Local("y", 0.3))), Space.spins(n))
    rng = np.random.default_rng(0)
    x, y = rng.normal(size=(2, 2**n)) + 1j * rng.normal(size=(2, 2**n))
    # Hermitian, and number-conserving but for the field
    assert abs(np.vdot(y, op.apply(x)) - np.conj(np.vdot(x, op.apply(y)))) < 1e-9
    only = PairSum(n, op.quartic, None)
    ups = n - np.bitwise_count(np.arange(2**n)).astype(int)
    sector = np.where(ups == 5, x, 0)
    assert np.all(only.apply(sector)[ups != 5] == 0)
    assert products(16) == 74219520


def test_beside_other_groups():
    m = hermitian(3)
    space = Space((Group("mode", Boson(1), 1, "charger"), Group("cells", Spin(), 3), Group("other", Spin(), 1)))
    inner = build.dense(OpSum((Quartic(m),)), Space.spins(3))
    exact = np.kron(np.kron(np.eye(2), inner), np.eye(2))
    np.testing.assert_allclose(build.dense(OpSum((Quartic(m),)), space), exact, atol=1e-14)


def test_what_it_says_of_itself():
    space, m = Space.spins(6), hermitian(15)
    assert is_hermitian(OpSum((Quartic(m),)), space)
    assert not is_hermitian(OpSum((Quartic(m + 1j * np.eye(15)),)), space)
    assert body_order(OpSum((Quartic(m),)), space) == 6
    assert body_order(OpSum((Quartic(m, False),)), space) == 4
    np.testing.assert_allclose(OpSum((Quartic(1j * m),)).adjoint().terms[0].strength, -1j * m)
    assert not OpSum((Quartic(0 * m),))


def test_refusals():
    with pytest.raises(SpecError, match="15 pairs"):
        PairSum.of(OpSum((Quartic(hermitian(14)),)), Space.spins(6))
    with pytest.raises(SpecError, match="square"):
        Quartic(np.zeros((3, 2)))
    with pytest.raises(SpecError, match="finite"):
        Quartic(np.full((3, 3), np.nan))
    with pytest.raises(StructureError, match="Hermitian"):
        Battery(Space.spins(3), OpSum((Local("z"),)), OpSum((Quartic(1j * np.eye(3)),)))
