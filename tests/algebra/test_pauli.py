"""Pauli sums against dense matrices: every length, real and complex, in the product basis and in a sector."""

import itertools

import numpy as np
import pytest

from qsb.algebra.kernels import threads
from qsb.algebra.pauli import Flips, Layout, PauliSum

PAULI = {
    (0, 0): np.eye(2),
    (1, 0): np.array([[0, 1], [1, 0]]),
    (0, 1): np.diag([1, -1]),
    (1, 1): np.array([[0, 1], [1, 0]]) @ np.diag([1, -1]),
}


def dense(sites, strings):
    """Return the matrix from Kronecker products only."""
    total = np.zeros((2**sites, 2**sites), dtype=complex)
    for (x, z), c in strings.items():
        word = np.eye(1)
        for bit in reversed(range(sites)):
            word = np.kron(word, PAULI[x >> bit & 1, z >> bit & 1])
        total += c * word
    return total


def hermitian(sites, count, seed, real):
    """Return random strings of a Hermitian operator; the coefficient of X^x Z^z carries i for each y."""
    rng = np.random.default_rng(seed)
    out = {}
    while len(out) < count:
        x, z = (int(v) for v in rng.integers(1 << sites, size=2))
        ys = bin(x & z).count("1")
        if not (real and ys % 2):
            out[x, z] = rng.normal() * 1j**ys
    return out


def mirror(sites, mask):
    """Return a mask read from the other end."""
    return int(f"{mask:0{sites}b}"[::-1], 2)


def evened(sites, strings):
    """Return the sum of strings and of their reflections."""
    out = dict(strings)
    for (x, z), c in strings.items():
        key = mirror(sites, x), mirror(sites, z)
        out[key] = out.get(key, 0) + c
    return out


def ket(size, seed, complexes=True):
    """Return a random ket."""
    rng = np.random.default_rng(seed)
    psi = rng.normal(size=size) + (1j * rng.normal(size=size) if complexes else 0)
    return psi / np.linalg.norm(psi)


@pytest.mark.parametrize("sites", [1, 2, 3, 4, 5, 6, 7, 8, 9, 10])
@pytest.mark.parametrize("real", [True, False])
@pytest.mark.parametrize("complexes", [True, False])
def test_apply_is_the_matrix(sites, real, complexes):
    strings = hermitian(sites, 3 if sites == 1 and not real else min(12, 2 * sites), sites, real)
    psi = ket(2**sites, 5, complexes)
    h = PauliSum(sites, strings)
    np.testing.assert_allclose(h.apply(psi), dense(sites, strings) @ psi, rtol=0, atol=1e-12)
    assert h.is_real == (not any(c.imag for c in strings.values()))
    assert np.iscomplexobj(h.apply(psi)) == (complexes or not h.is_real)


def test_apply_is_linear_and_touches_nothing():
    h = PauliSum(8, hermitian(8, 20, 1, real=False))
    a, b = ket(256, 1), ket(256, 2)
    before = a.copy()
    np.testing.assert_allclose(h.apply(2 * a + 1j * b), 2 * h.apply(a) + 1j * h.apply(b), atol=1e-12)
    np.testing.assert_array_equal(a, before)
    np.testing.assert_allclose(np.vdot(b, h.apply(a)), np.vdot(h.apply(b), a), atol=1e-12)


@pytest.mark.parametrize("low", range(4))
def test_every_flip_and_sign_of_the_two_lowest_bits(low):
    """Each is a shuffle of its own."""
    for sign in range(8):
        strings = {(8 | low, sign): 0.7}
        psi = ket(64, 3)
        np.testing.assert_allclose(PauliSum(6, strings).apply(psi), dense(6, strings) @ psi, atol=1e-14)


def test_strings_that_share_a_flip_become_one():
    strings = {(4, 0): 1.0, (4, 1): 2.0, (4, 3): -1.0}
    assert len(Flips.of(strings, 0).flips) == 1
    assert len(Flips.of({**strings, (4, 4): 1.0}, 0).flips) == 2, "a sign of a higher bit is its own entry"


@pytest.mark.parametrize("sites", [10, 11, 12, 13])
@pytest.mark.parametrize("sign", [1, -1])
@pytest.mark.parametrize("real", [True, False])
def test_a_reflected_layout_is_the_sector(sites, sign, real):
    strings = evened(sites, hermitian(sites, 10, 7, real))
    layout = Layout.reflected(sites, sign)
    assert layout.dimension < 2**sites
    index = np.array([mirror(sites, k) for k in range(2**sites)])
    psi = ket(2**sites, 9)
    psi = psi + sign * psi[index]
    psi /= np.linalg.norm(psi)
    packed = layout.fold(psi)
    np.testing.assert_allclose(layout.unfold(packed), psi, rtol=0, atol=1e-15)
    assert np.linalg.norm(packed) == pytest.approx(1.0, abs=1e-13)
    whole, inside = PauliSum(sites, strings), PauliSum(sites, strings, layout)
    np.testing.assert_allclose(layout.unfold(inside.apply(packed)), whole.apply(psi), rtol=0, atol=1e-13)
    np.testing.assert_allclose(layout.unfold(inside.diagonal * packed), whole.diagonal * psi, rtol=0, atol=1e-13)


def test_a_state_outside_the_sector_does_not_come_back():
    psi = ket(1024, 1)
    layout = Layout.reflected(10, 1)
    assert np.abs(layout.unfold(layout.fold(psi)) - psi).max() > 1e-3


@pytest.mark.parametrize("layout", [Layout.plain(11), Layout.reflected(10, 1), Layout.reflected(11, -1)])
def test_random_kets_are_in_the_layout(layout):
    v = layout.random(3)
    assert v.shape == (layout.dimension,)
    assert np.linalg.norm(v) == pytest.approx(1.0)
    np.testing.assert_allclose(layout.fold(layout.unfold(v)), v, rtol=0, atol=1e-15)


@pytest.mark.parametrize("layout", [Layout.plain(7), Layout.reflected(12, 1)])
def test_moments(layout):
    rng = np.random.default_rng(0)
    n = layout.sites
    strings = {(0, 1 << i): 0.4 for i in range(n)} | {(0, 3 << i): 0.1 for i in range(n - 1)}
    h = PauliSum(n, strings, layout)
    x = layout.random(1) * np.exp(0.3j)
    u = rng.normal(size=x.size) + 1j * rng.normal(size=x.size)
    hx = h.apply(x)
    expected = np.vdot(x, hx).real, np.vdot(hx, hx).real, 2 * np.vdot(hx, u).real
    np.testing.assert_allclose(h.moments(x, u), expected, rtol=0, atol=1e-12)


def test_threads_give_the_same(monkeypatch):
    h = PauliSum(9, hermitian(9, 15, 2, real=True))
    layout = Layout.reflected(12, 1)
    inside = PauliSum(12, evened(12, hermitian(12, 10, 7, real=True)), layout)
    psi, packed = ket(512, 4), layout.random(5)
    one = h.apply(psi), inside.apply(packed)
    monkeypatch.setattr(threads, "WORTH", 0)
    for count in (2, 3, 7):
        monkeypatch.setattr(threads, "count", lambda count=count: count)
        for a, b in zip(one, (h.apply(psi), inside.apply(packed)), strict=True):
            np.testing.assert_array_equal(a, b)


def test_a_loop_that_fails_says_so(monkeypatch):
    monkeypatch.setattr(threads, "WORTH", 0)
    monkeypatch.setattr(threads, "count", lambda: 2)

    def loop(first, last):
        if first:
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        threads.spread(loop, 4, 1.0)


@pytest.mark.parametrize(("value", "expected"), [("1", 1), ("0", 1), ("", None), ("many", None), ("999", None)])
def test_the_environment_bounds_the_threads(monkeypatch, value, expected):
    monkeypatch.setenv("NUMBA_NUM_THREADS", value)
    monkeypatch.delenv("OMP_NUM_THREADS", raising=False)
    threads.count.cache_clear()
    try:
        assert threads.count() == expected if expected else threads.count() >= 1
    finally:
        threads.count.cache_clear()


def test_norm_bound():
    for real, seed in itertools.product([True, False], range(3)):
        strings = hermitian(4, 6, seed, real)
        reach = np.abs(np.linalg.eigvalsh(dense(4, strings))).max()
        assert reach <= PauliSum(4, strings).norm_bound + 1e-12
