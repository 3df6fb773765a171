"""Lanczos exponentials: exact within the bound that they give, norm kept, closed spaces found."""

import math

import numpy as np
import pytest
import scipy.linalg as la

from qsb.algebra.opsum import OpSum
from qsb.algebra.space import Space
from qsb.algebra.terms import Local, Pair
from qsb.charging.battery import Battery
from qsb.charging.problem import Problem
from qsb.charging.protocol import quench
from qsb.dynamics.integrate import Chebyshev
from qsb.dynamics.ket import Ket
from qsb.dynamics.krylov import Krylov, lanczos
from qsb.dynamics.representation import Request


def hermitian(n, seed, scale=1.0):
    rng = np.random.default_rng(seed)
    h = rng.normal(size=(n, n)) + 1j * rng.normal(size=(n, n))
    return scale * (h + h.conj().T) / 2 / np.sqrt(n)


def ket(n, seed):
    rng = np.random.default_rng(seed)
    return rng.normal(size=n) + 1j * rng.normal(size=n)


@pytest.mark.parametrize("scale", [0.1, 1.0, 5.0])
@pytest.mark.parametrize("most", [3, 6, 12, 24])
def test_the_error_is_never_above_its_bound(scale, most):
    h, x = hermitian(60, 1, scale), ket(60, 2)
    basis = lanczos(lambda v: -1j * (h @ v), x, most)
    assert len(basis.off) == most
    for t in (0.1, 0.5, 1.0):
        error = np.linalg.norm(basis.at([t])[0] - la.expm(-1j * t * h) @ x)
        bound = np.linalg.norm(x) * math.exp(basis.log_bound) * t**most
        assert error <= bound + 1e-13
        # the estimate is of use: it is met within a few orders while the series converges
        if 1e-9 < bound < 1e-2:
            assert error > 1e-4 * bound


@pytest.mark.parametrize("error", [1e-4, 1e-8, 1e-12])
def test_it_stops_when_the_bound_is_met(error):
    h, x = hermitian(80, 3), ket(80, 4)
    basis = lanczos(lambda v: -1j * (h @ v), x, 60, error)
    assert len(basis.off) < 30
    got = basis.at([1.0])[0]
    assert np.linalg.norm(got - la.expm(-1j * h) @ x) <= error * np.linalg.norm(x)
    assert abs(np.linalg.norm(got) / np.linalg.norm(x) - 1) < 1e-14


def test_reach_is_where_the_bound_is_met():
    h, x = hermitian(60, 5), ket(60, 6)
    basis = lanczos(lambda v: -1j * (h @ v), x, 15)
    t = basis.reach(1e-9)
    assert basis.log_bound + 15 * math.log(t) == pytest.approx(math.log(1e-9))
    assert np.linalg.norm(basis.at([t])[0] - la.expm(-1j * t * h) @ x) <= 1e-9 * np.linalg.norm(x)


@pytest.mark.parametrize("rank", [1, 2, 5])
def test_a_closed_space_is_exact_at_any_time(rank):
    """A start within an invariant space of few dimensions ends the recursion there."""
    h = np.zeros((40, 40), dtype=complex)
    h[:rank, :rank] = hermitian(rank, 7)
    x = np.zeros(40, dtype=complex)
    x[:rank] = ket(rank, 8)
    basis = lanczos(lambda v: -1j * (h @ v), x, 30)
    assert len(basis.off) == rank
    assert basis.reach(1e-15) == math.inf
    np.testing.assert_allclose(basis.at([50.0])[0], la.expm(-50j * h) @ x, rtol=0, atol=1e-12)


def generator(cells, duration=8.0):
    meter = OpSum((Local("z", 0.5),))
    chain = OpSum((Pair("x", "x", 0.3, "chain"), Pair("z", "z", 0.2, "chain"), Local("x", 0.5)))
    reduced = Ket().reduce(Problem(Battery(Space.spins(cells), meter, chain), quench(duration)), Request())
    return reduced.start, reduced.generators[0]


@pytest.mark.parametrize("times", [[8.0], list(np.linspace(0, 8, 81)), [0.01, 0.01, 7.9, 8.0]])
def test_krylov_and_chebyshev_agree(times):
    x, g = generator(9)
    a = list(Krylov().advance(g, x, 0.0, times, 1e-8))
    b = list(Chebyshev().advance(g, x, 0.0, times, 1e-8))
    assert len(a) == len(times)
    np.testing.assert_allclose(a, b, rtol=0, atol=2e-13)


def test_little_memory_takes_more_spaces_and_gives_the_same():
    x, g = generator(8)
    (small,) = Krylov(basis_bytes=1).advance(g, x, 0.0, [8.0], 1e-8)
    (large,) = Krylov().advance(g, x, 0.0, [8.0], 1e-8)
    np.testing.assert_allclose(small, large, rtol=0, atol=1e-12)
