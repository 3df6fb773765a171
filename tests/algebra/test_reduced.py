"""Spectra of reduced states: equal to the dense partial trace on every path, within the bounds that are promised."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from qsb.algebra import reduced
from qsb.algebra.kernels import reduced as kernels


@pytest.fixture(autouse=True)
def every_way(monkeypatch):
    """Let small matrices take the ways of large ones."""
    monkeypatch.setattr(reduced, "SINGLE_SIDE", 2)


def ket(dimension, seed):
    rng = np.random.default_rng(seed)
    psi = rng.normal(size=dimension) + 1j * rng.normal(size=dimension)
    return psi / np.linalg.norm(psi)


def graded(n, columns, decay, seed=0, floor=0.0):
    """Return a ket whose Schmidt weights fall by exp(-decay k)."""
    rng = np.random.default_rng(seed)
    u = np.linalg.qr(rng.normal(size=(n, n)) + 1j * rng.normal(size=(n, n)))[0]
    v = np.linalg.qr(rng.normal(size=(columns, n)) + 1j * rng.normal(size=(columns, n)))[0]
    p = np.exp(-decay * np.arange(n)) + floor
    p /= p.sum()
    return ((u * np.sqrt(p)) @ v.T).ravel(), p


def partial_trace(psi, dims, subset):
    """Return the dense partial trace from the global density matrix, one site traced out after another."""
    rho = np.outer(psi, psi.conj()).reshape(*dims, *dims)
    left = list(range(len(dims)))
    for site in sorted(set(left) - set(subset), reverse=True):
        k = left.index(site)
        rho = np.trace(rho, axis1=k, axis2=k + len(left))
        left.remove(site)
    order = [left.index(s) for s in subset]
    n = len(left)
    d = int(np.prod([dims[s] for s in subset]))
    return rho.transpose([*order, *(n + k for k in order)]).reshape(d, d)


def all_values(spectrum):
    """Return all eigenvalues, repeated as often as they occur, descending."""
    return np.sort(np.repeat(spectrum.values[0], spectrum.multiplicity))[::-1]


@st.composite
def kets_and_subsets(draw):
    dims = tuple(draw(st.lists(st.integers(2, 4), min_size=2, max_size=5)))
    sites = draw(st.permutations(range(len(dims))))
    return dims, tuple(sites[: draw(st.integers(1, len(dims) - 1))]), draw(st.integers(0, 10**6))


@settings(max_examples=60, deadline=None)
@given(kets_and_subsets())
def test_the_spectrum_is_that_of_the_dense_partial_trace(case):
    dims, subset, seed = case
    psi = ket(int(np.prod(dims)), seed)
    got = reduced.spectra(psi[None], dims, subset)
    want = np.linalg.eigvalsh(partial_trace(psi, dims, subset))[::-1]
    np.testing.assert_allclose(all_values(got), want, rtol=0, atol=1e-14)
    rows = reduced.row_weights(reduced.matrix(psi, dims, subset))
    np.testing.assert_allclose(rows, np.diag(partial_trace(psi, dims, subset)).real, rtol=0, atol=1e-14)


@pytest.mark.parametrize("sites", [1, 2, 3, 5, 8, 9])
def test_all_cells_in_one_pass(sites):
    psi = np.array([ket(2**sites, seed) for seed in (1, 2)])
    got = reduced.cells(psi, sites)
    for t in range(2):
        for i in range(sites):
            np.testing.assert_allclose(got[t, i], partial_trace(psi[t], (2,) * sites, (i,)), rtol=0, atol=1e-14)


#: decay of the Schmidt weights, side: thin matrix, recursion to the end, single-precision rest, double precision
PATHS = {
    "thin": (2.5, 256, 0.0),
    "thin, then small": (1.2, 512, 0.0),
    "thin, a quarter": (0.6, 256, 0.0),
    "recursion": (0.4, 256, 0.0),
    "single": (0.09, 256, 0.0),
    "single, slowly falling": (0.03, 256, 0.0),
    "flat": (0.0, 256, 0.0),
    "steep over a plateau": (0.7, 256, 1e-6),
}


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize("wide", [1, 2])
def test_large_sides_keep_their_promise(path, wide):
    decay, side, floor = PATHS[path]
    psi, p = graded(side, wide * side, decay, floor=floor)
    got = np.sort(reduced._large(psi.reshape(side, -1), True))[::-1]
    assert len(got) == side
    assert np.abs(got - np.sort(p)[::-1]).sum() <= reduced.SINGLE_ERROR + 1e-11
    # partial sums, and so every passive energy, are off by the dropped weight at most where nothing is in single
    levels = np.repeat(np.arange(9.0), [1, 8, 28, 56, 70, 56, 28, 8, 1]) if side == 256 else np.arange(side) / 64
    assert abs(got @ levels - np.sort(p)[::-1] @ levels) <= 1e-9 * levels[-1]


@pytest.mark.parametrize("decay", [0.02, 0.1, 0.5, 3.0])
@pytest.mark.parametrize("copies", [2, 16, 64])
def test_degenerate_weights_are_all_found(monkeypatch, decay, copies):
    """A recursion from one vector sees one of each group: it goes on from what rounding leaves, orthogonal to it."""
    monkeypatch.setattr(reduced, "_thinner", lambda m: None)
    rng = np.random.default_rng(9)
    u, v = (np.linalg.qr(rng.normal(size=(256, 256)) + 1j * rng.normal(size=(256, 256)))[0] for _ in range(2))
    p = np.repeat(np.exp(-decay * np.arange(256 // copies)), copies)
    p /= p.sum()
    got = np.sort(reduced._large((u * np.sqrt(p)) @ v.T, False))[::-1]
    assert np.abs(got - p).sum() <= reduced.SINGLE_ERROR


def taken(monkeypatch, psi, side):
    """Return the names of the parts that a spectrum went through."""
    seen = []

    def spy(owner, name):
        real = getattr(owner, name)

        def called(*args):
            seen.append(name)
            return real(*args)

        monkeypatch.setattr(owner, name, called)

    for owner, name in ((reduced, "_gram"), (kernels, "border"), (reduced, "_reduce_single")):
        spy(owner, name)
    reduced._large(psi.reshape(side, -1), True)
    return seen


def test_each_path_is_taken_where_it_should(monkeypatch):
    assert taken(monkeypatch, graded(256, 256, 2.5)[0], 256) == []
    assert taken(monkeypatch, graded(256, 256, 0.6)[0], 256) == []
    monkeypatch.setattr(reduced, "_thinner", lambda m: None)
    monkeypatch.setattr(reduced, "SINGLE_ERROR", 1e-19)
    assert taken(monkeypatch, graded(256, 256, 0.6)[0], 256) == ["_gram"]
    monkeypatch.undo()
    monkeypatch.setattr(reduced, "SINGLE_SIDE", 2)
    assert taken(monkeypatch, graded(256, 256, 0.09)[0], 256) == ["_gram", "border", "_reduce_single"]
    assert taken(monkeypatch, graded(256, 256, 0.0)[0], 256) == ["_gram", "border"]


def test_a_truncation_that_drops_weight_is_seen(monkeypatch):
    """Negative control: dropping up to 1e-2 of the weight makes an error of that order, and not more than the bound."""
    psi, p = graded(256, 256, 0.3)
    monkeypatch.setattr(reduced, "NEGLIGIBLE", 1e-2)
    got = np.sort(reduced._large(psi.reshape(256, -1), True))[::-1]
    lost = 1 - got.sum()
    assert 1e-7 < lost <= 1e-2
    levels = np.linspace(0, 1, 256)
    error = abs(got @ levels - np.sort(p)[::-1] @ levels)
    assert 1e-8 < error <= lost


def test_threads_and_batches_change_nothing(monkeypatch):
    psi = np.array([graded(256, 256, d)[0] for d in (0.05, 2.5)])
    dims = (2,) * 16
    monkeypatch.setenv("OMP_NUM_THREADS", "1")
    one = reduced.spectra(psi, dims, tuple(range(8))).values
    monkeypatch.setenv("OMP_NUM_THREADS", "2")
    np.testing.assert_array_equal(reduced.spectra(psi, dims, tuple(range(8))).values, one)
    monkeypatch.setattr(reduced, "SINGLE_SIDE", 384)
    np.testing.assert_allclose(
        np.sort(reduced.spectra(psi, dims, tuple(range(8))).values, axis=1), np.sort(one, axis=1), rtol=0, atol=2e-10
    )
    # the other side of the cut has the same values
    other = reduced.spectra(psi, dims, tuple(range(8, 16))).values
    np.testing.assert_allclose(np.sort(other, axis=1), np.sort(one, axis=1), rtol=0, atol=2e-10)


def test_more_than_half_of_the_sites_adds_zeros():
    psi = ket(2**6, 3)
    got = reduced.spectra(psi[None], (2,) * 6, (0, 2, 3, 5))
    assert got.dimension == 16
    assert got.multiplicity == (1, 1, 1, 1, 12)
