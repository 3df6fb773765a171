"""Coherence in the eigenbasis of H_B: known states and what must hold for every state."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from qsb.errors import StructureError
from qsb.merit.coherence import l1_norm, relative_entropy
from qsb.merit.ergotropy import pinch

SEEDS = st.integers(0, 2**32 - 1)
PLUS = np.array([1, 1]) / np.sqrt(2)


def binary(p):
    return -p * np.log(p) - (1 - p) * np.log(1 - p)


def random_state(rng, size, rank):
    a = rng.normal(size=(size, rank)) + 1j * rng.normal(size=(size, rank))
    rho = a @ a.conj().T
    return rho / np.trace(rho).real


def test_a_cell_by_its_bloch_vector():
    """C = h((1+z)/2) - h((1+|r|)/2) and l1 = sqrt(x^2 + y^2)."""
    x, y, z = 0.3, -0.4, 0.5
    rho = np.array([[1 + z, x - 1j * y], [x + 1j * y, 1 - z]]) / 2
    h = np.diag([0.5, -0.5])
    assert relative_entropy(rho, h) == pytest.approx(binary((1 + z) / 2) - binary((1 + np.sqrt(0.5)) / 2))
    assert l1_norm(rho, h) == pytest.approx(0.5)


@pytest.mark.parametrize("size", [2, 3, 5])
def test_even_superpositions_are_the_most_coherent(size):
    psi = np.full(size, size**-0.5)
    h = np.diag(np.arange(size, dtype=float))
    assert relative_entropy(psi, h) == pytest.approx(np.log(size))
    assert l1_norm(psi, h) == pytest.approx(size - 1)


def test_coherence_inside_a_degenerate_level_does_not_count():
    """(|ud> + |du>)/sqrt 2 has one energy; (|uu> + |dd>)/sqrt 2 has two."""
    h = np.diag([1.0, 0.0, 0.0, -1.0])
    inside, apart = np.array([0, 1, 1, 0]) / np.sqrt(2), np.array([1, 0, 0, 1]) / np.sqrt(2)
    assert relative_entropy(inside, h) == pytest.approx(0.0, abs=1e-14)
    assert l1_norm(inside, h) == 0.0
    assert relative_entropy(apart, h) == pytest.approx(np.log(2))
    assert l1_norm(apart, h) == pytest.approx(1.0)


def test_a_degenerate_level_without_a_basis_is_refused_for_l1_alone():
    turn = np.linalg.qr(np.random.default_rng(1).normal(size=(3, 3)))[0]
    h = turn @ np.diag([0.0, 0.0, 1.0]) @ turn.T
    psi = turn @ np.array([0.6, 0.0, 0.8])
    with pytest.raises(StructureError, match="degenerate"):
        l1_norm(psi, h)
    assert l1_norm(psi, h, turn) == pytest.approx(2 * 0.48)
    assert relative_entropy(psi, h) == pytest.approx(binary(0.36))
    with pytest.raises(StructureError, match="off an orthonormal eigenbasis"):
        l1_norm(psi, h, np.eye(3))


@settings(max_examples=60, deadline=None)
@given(SEEDS, st.integers(2, 6), st.integers(1, 6), st.booleans())
def test_properties(seed, size, rank, degenerate):
    """Between 0 and the logarithm of the number of levels; 0 for pinched states; unchanged by exp(-iHt)."""
    rng = np.random.default_rng(seed)
    energies = rng.integers(0, 3, size).astype(float) if degenerate else np.arange(size) + rng.random(size) / 2
    rho, h = random_state(rng, size, rank), np.diag(energies)
    found, sized = relative_entropy(rho, h), l1_norm(rho, h)
    assert -1e-12 <= found <= np.log(len(set(energies))) + 1e-12
    assert 0 <= sized <= size - 1 + 1e-12
    assert relative_entropy(pinch(rho, h), h) == pytest.approx(0.0, abs=1e-9)
    assert l1_norm(pinch(rho, h), h) == pytest.approx(0.0, abs=1e-12)
    phases = np.exp(-1j * energies * 0.7)
    later = phases[:, None] * rho * phases.conj()
    assert relative_entropy(later, h) == pytest.approx(found, abs=1e-10)
    assert l1_norm(later, h) == pytest.approx(sized, abs=1e-10)
    # the smallest relative entropy to any incoherent state is reached by the pinched one
    free = np.diag(rng.dirichlet(np.ones(size)))
    distance = np.trace(rho @ (logm(rho) - logm(free))).real
    assert found <= distance + 1e-9


def logm(rho):
    e, u = np.linalg.eigh(rho)
    return (u * np.log(np.maximum(e, 1e-14))) @ u.conj().T


def test_batch_and_qobj():
    qutip = pytest.importorskip("qutip")
    kets = np.stack([PLUS, [1, 0], PLUS])
    h = np.diag([1.0, 0.0])
    assert relative_entropy(kets, h) == pytest.approx([np.log(2), 0, np.log(2)], abs=1e-14)
    assert l1_norm(qutip.Qobj(PLUS), qutip.Qobj(h)) == pytest.approx(1.0)
