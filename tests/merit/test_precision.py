"""Fluctuations and Fisher information: closed forms, QuTiP, and what must hold for every state."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from qsb.errors import SpecError, StructureError
from qsb.merit import bound
from qsb.merit.precision import classical_fisher, quantum_fisher, quantum_fisher_rate, relative_fluctuation

SX, SY, SZ = (np.array(m, dtype=complex) for m in ([[0, 1], [1, 0]], [[0, -1j], [1j, 0]], [[1, 0], [0, -1]]))
SEEDS = st.integers(0, 2**32 - 1)


def random_state(rng, size, rank):
    a = rng.normal(size=(size, rank)) + 1j * rng.normal(size=(size, rank))
    rho = a @ a.conj().T
    return rho / np.trace(rho).real


def random_hermitian(rng, size):
    a = rng.normal(size=(size, size)) + 1j * rng.normal(size=(size, size))
    return a + a.conj().T


def test_relative_fluctuation_of_independent_cells_falls_with_the_root_of_their_number():
    p = 0.3
    one = math.sqrt(p * (1 - p)) / p
    for n in (1, 4, 100):
        assert relative_fluctuation(math.sqrt(n * p * (1 - p)), n * p) == pytest.approx(one / math.sqrt(n))
    assert np.isnan(relative_fluctuation([0.0, 1.0], [0.0, 2.0])).tolist() == [True, False]
    with pytest.raises(SpecError, match="standard deviation"):
        relative_fluctuation(-1.0, 1.0)


def test_information_of_a_driven_cell_is_the_square_of_its_rabi_frequency():
    """p = sin^2(lam t): I = 4 lam^2 at all times; N cells: N times that."""
    t, strength = np.linspace(0.1, 1.4, 7), 0.7
    p, dp = np.sin(strength * t) ** 2, strength * np.sin(2 * strength * t)
    found = classical_fisher([0.0, 1.0], np.stack([1 - p, p], -1), np.stack([-dp, dp], -1))
    assert np.allclose(found, 4 * strength**2)
    assert classical_fisher([0.0, 1.0], [1.0, 0.0], [-0.2, 0.2]) == np.inf
    assert bound.fisher([0.0, 1.0], [1.0, 0.0], [-0.2, 0.2]) == pytest.approx(0.2)


@pytest.mark.parametrize(("cells", "expected"), [(1, 1.0), (3, 9.0), (5, 25.0)])
def test_ghz_states_have_the_heisenberg_limit(cells, expected):
    """G = sum sz/2: F_Q = N^2 for GHZ, N for |+>^N."""
    g = np.diag([cells / 2 - bin(i).count("1") for i in range(2**cells)])
    psi = np.zeros(2**cells)
    psi[[0, -1]] = math.sqrt(0.5)
    assert quantum_fisher(psi, g) == pytest.approx(expected)
    assert quantum_fisher(np.full(2**cells, 2 ** (-cells / 2)), g) == pytest.approx(cells)


def test_mixed_cell_has_the_square_of_its_transverse_bloch_vector():
    """rho = (1 + r.sigma)/2, G = sz/2: F_Q = x^2 + y^2."""
    r = np.array([0.3, -0.4, 0.5])
    rho = (np.eye(2) + r[0] * SX + r[1] * SY + r[2] * SZ) / 2
    assert quantum_fisher(rho, SZ / 2) == pytest.approx(0.25)
    assert quantum_fisher(np.stack([rho, np.eye(2) / 2]), SZ / 2) == pytest.approx([0.25, 0.0])


def test_information_is_the_curvature_of_the_fidelity_of_qutip():
    """4 (1 - F)/dt^2 ... with QuTiP's fidelity sqrt F: F_Q = 8 (1 - sqrt F)/d^2."""
    qutip = pytest.importorskip("qutip")
    rng = np.random.default_rng(3)
    rho, g = random_state(rng, 4, 4), random_hermitian(rng, 4)
    d = 1e-3
    u = (qutip.Qobj(g) * (-1j * d)).expm()
    state = qutip.Qobj(rho)
    found = 8 * (1 - qutip.fidelity(state, u * state * u.dag())) / d**2
    assert quantum_fisher(state, qutip.Qobj(g)) == pytest.approx(found, rel=1e-3)


@settings(max_examples=60, deadline=None)
@given(SEEDS, st.integers(2, 5), st.integers(1, 5))
def test_energy_measurements_never_beat_the_quantum_information(seed, size, rank):
    """I_E <= F_Q <= 4 Var H, for closed evolution from any state; convex in the state."""
    rng = np.random.default_rng(seed)
    rho, h = random_state(rng, size, rank), random_hermitian(rng, size)
    rate = -1j * (h @ rho - rho @ h)
    levels = np.arange(size, dtype=float)
    quantum = quantum_fisher(rho, h)
    classical = classical_fisher(levels, np.diagonal(rho).real, np.diagonal(rate).real)
    variance = (np.trace(rho @ h @ h) - np.trace(rho @ h) ** 2).real
    assert classical <= quantum * (1 + 1e-9) + 1e-9
    assert quantum <= 4 * variance * (1 + 1e-9)
    assert quantum == pytest.approx(quantum_fisher_rate(rho, rate), rel=1e-9)
    other = random_state(rng, size, size)
    assert quantum_fisher((rho + other) / 2, h) <= (quantum + quantum_fisher(other, h)) / 2 * (1 + 1e-9)


def test_what_is_refused():
    with pytest.raises(StructureError, match="trace 2"):
        quantum_fisher(np.eye(2), SZ)
    with pytest.raises(StructureError, match="generator is not Hermitian"):
        quantum_fisher(np.eye(2) / 2, np.array([[0, 1], [0, 0]]))
    with pytest.raises(SpecError, match="do not fit"):
        quantum_fisher_rate(np.eye(2) / 2, np.zeros((3, 3)))
    with pytest.raises(StructureError, match="eigenvalue"):
        quantum_fisher(np.diag([1.5, -0.5]), SZ)
