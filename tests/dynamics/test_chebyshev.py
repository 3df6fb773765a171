"""Chebyshev windows against dense exponentials."""

from functools import cache

import numpy as np
import pytest
import scipy.linalg as la
from scipy.special import jv

from qsb.algebra.opsum import OpSum
from qsb.algebra.pauli import Layout, PauliSum
from qsb.dynamics import chebyshev
from qsb.dynamics.chebyshev import Chebyshev, bessel, expansion_bytes, terms, together
from qsb.dynamics.lanczos import exact_extremes, spectral_bounds
from qsb.dynamics.representation import Generator
from qsb.dynamics.segment import Segment

GAPS = {
    "even": np.linspace(0.0, 3.0, 31),
    "irregular": np.sort(np.random.default_rng(2).random(23)) * 4,
    "equal": np.array([0.0, 0.0, 1.0, 1.0, 1.0, 2.0]),
    "tiny": np.array([1e-300, 1e-14, 1e-9, 1e-4, 1.0, 1.0 + 1e-12]),
    "huge": np.array([0.1, 300.0]),
}


@cache
def strings(sites, real, seed=0):
    """Return a random Hermitian operator and its matrix."""
    rng = np.random.default_rng(seed)
    found = {}
    for _ in range(4 * sites):
        x, z = (int(v) for v in rng.integers(1 << sites, size=2))
        ys = bin(x & z).count("1")
        if not (real and ys % 2):
            found[x, z] = 0.3 * rng.normal() * 1j**ys
    h = PauliSum(sites, found)
    return found, np.array([h.apply(v) for v in np.eye(1 << sites, dtype=complex)]).T


def generator(op, dimension, bounds=None, kernel=True):
    """Return -iH."""
    return Generator(
        Segment(0.0, 1.0, OpSum(()), (), (), (), np.inf, lambda t: 1.0, 0),
        ((None, lambda x: -1j * op.apply(x)),),
        skew=True,
        bounds=bounds or (lambda: spectral_bounds(op, dimension)),
        kernel=op if kernel else None,
    )


def ket(size, complexes):
    """Return a random ket as the integrators get it."""
    rng = np.random.default_rng(6)
    psi = rng.normal(size=size) + (1j * rng.normal(size=size) if complexes else 0j)
    return psi / np.linalg.norm(psi)


def worst(integrator, made, h, psi, times, start=0.0):
    """Return the largest error of any amplitude at any time."""
    e, u = la.eigh(h)
    c = u.conj().T @ psi
    got = list(integrator.advance(made, psi, start, [float(start + t) for t in times], 1e-8))
    assert len(got) == len(times)
    return max(np.abs(g - u @ (np.exp(-1j * e * t) * c)).max() for g, t in zip(got, times, strict=True))


@pytest.mark.parametrize("gaps", GAPS)
@pytest.mark.parametrize("real", [True, False])
@pytest.mark.parametrize("complexes", [True, False])
def test_every_start_under_every_operator(gaps, real, complexes):
    found, h = strings(6, real)
    op = PauliSum(6, found)
    assert worst(Chebyshev(), generator(op, 64), h, ket(64, complexes), GAPS[gaps], start=0.7) < 2e-12


@pytest.mark.parametrize("sites", [1, 2, 3, 4, 5])
@pytest.mark.parametrize("kernel", [True, False])
def test_few_cells(sites, kernel):
    found, h = strings(sites, real=False)
    op = PauliSum(sites, found)
    size = 2**sites
    assert worst(Chebyshev(), generator(op, size, kernel=kernel), h, ket(size, True), GAPS["even"]) < 1e-12


@pytest.mark.parametrize("options", [{"window_bytes": 1}, {"window_bytes": 9000}, {"window_phase": 0.3}])
@pytest.mark.parametrize("complexes", [True, False])
def test_short_windows(options, complexes):
    found, h = strings(6, real=True)
    op = PauliSum(6, found)
    for gaps in ("even", "irregular", "equal"):
        assert worst(Chebyshev(**options), generator(op, 64), h, ket(64, complexes), GAPS[gaps]) < 1e-11


@pytest.mark.parametrize("c", [0.0, 2.5, -1e6])
def test_a_multiple_of_one(c):
    op = PauliSum(5, {(0, 0): c})
    assert worst(Chebyshev(), generator(op, 32), c * np.eye(32), ket(32, True), GAPS["even"]) < 1e-9 * max(
        1, abs(c) / 1e6
    )


def test_the_states_that_were_given_stay():
    """No window may reuse the memory of the last one."""
    found, _ = strings(6, real=True)
    made = generator(PauliSum(6, found), 64)
    states = list(Chebyshev(window_bytes=9000).advance(made, ket(64, False), 0.0, [0.1 * k for k in range(40)], 1e-8))
    copies = [
        s.copy()
        for s in Chebyshev(window_bytes=9000).advance(made, ket(64, False), 0.0, [0.1 * k for k in range(40)], 1e-8)
    ]
    np.testing.assert_array_equal(states, copies)


def test_bounds_that_are_too_narrow_are_found_out_and_kept():
    found, h = strings(6, real=True)
    made = generator(PauliSum(6, found), 64, bounds=lambda: (-0.5, 0.1))
    assert worst(Chebyshev(), made, h, ket(64, False), GAPS["even"]) < 1e-12
    low, high = made.kept["bounds"]
    e = np.linalg.eigvalsh(h)
    assert low < 0.9 * e[0]
    assert high > 0.9 * e[-1]


def test_a_wrong_operator_is_seen():
    """The comparison itself can fail."""
    found, h = strings(6, real=True)
    assert worst(Chebyshev(), generator(PauliSum(6, found), 64), 1.0001 * h, ket(64, False), [3.0]) > 1e-5


def test_the_real_start_is_expanded_again_only_while_that_is_cheaper(monkeypatch):
    found, h = strings(6, real=True)
    pairs = []
    original = chebyshev.PauliVectors.__init__

    def spy(self, *args):
        original(self, *args)
        pairs.append(self.pair)

    monkeypatch.setattr(chebyshev.PauliVectors, "__init__", spy)
    times = np.linspace(0, 60, 61)
    assert (
        worst(Chebyshev(window_bytes=2 * 15 * 1024), generator(PauliSum(6, found), 64), h, ket(64, False), times)
        < 1e-11
    )
    assert pairs == sorted(pairs)
    assert pairs.count(0) >= 2
    assert 1 <= pairs.count(1) < len(pairs) == 5


def test_bessel():
    z = np.concatenate([[0.0, 1e-300, 1e-12, 1e-5, 5e-3, 9.99e-3, 1e-2, 0.5, 3.3], np.linspace(1, 400, 50)])
    count = terms(400.0)
    np.testing.assert_allclose(bessel(z, count), jv(np.arange(count)[None], z[:, None]), rtol=0, atol=2e-14)
    for v in z:
        assert np.abs(jv(terms(v) + np.arange(3), v)).max() < 1e-16


@pytest.mark.parametrize("real", [True, False])
def test_bounds_hold_the_spectrum(real):
    for sites, layout in ((7, Layout.plain(7)), (10, Layout.plain(10))):
        found, h = strings(sites, real)
        e = np.linalg.eigvalsh(h)
        op = PauliSum(sites, found, layout)
        low, high = spectral_bounds(op, op.dimension, (-op.norm_bound, op.norm_bound))
        assert e[0] - 0.2 * (e[-1] - e[0]) < low <= e[0]
        assert e[-1] <= high < e[-1] + 0.2 * (e[-1] - e[0])
        np.testing.assert_allclose(exact_extremes(op, op.dimension), (e[0], e[-1]), rtol=0, atol=1e-9)


def test_memory_of_a_window():
    assert together(10**9, 10**6) == 1
    assert together(16, 2**27) == 2**19
    for size in (100, 10**5, 10**7, 10**9):
        states = min(201, together(size, Chebyshev.window_bytes))
        assert states * size <= expansion_bytes(size, 201)
