"""Daemonic ergotropy against closed forms, conditional states written out, and its bounds."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from qsb.errors import SpecError, StructureError
from qsb.merit.daemonic import daemonic_ergotropy, daemonic_gain
from qsb.merit.ergotropy import ergotropy

SEEDS = st.integers(0, 2**32 - 1)
CELL = np.diag([0.5, -0.5])
BELL = np.array([1.0, 0.0, 0.0, 1.0]) / math.sqrt(2)
TURNED = np.array([[1.0, 1.0], [1.0, -1.0]]) / math.sqrt(2)


def random_state(rng, size, rank):
    """Return a random density matrix."""
    f = rng.normal(size=(size, rank)) + 1j * rng.normal(size=(size, rank))
    rho = f @ f.conj().T
    return rho / np.trace(rho).real


def random_effects(rng, count, size):
    """Return a random measurement of `count` effects."""
    f = rng.normal(size=(count, size, size)) + 1j * rng.normal(size=(count, size, size))
    raw = np.array([x @ x.conj().T for x in f])
    e, u = np.linalg.eigh(raw.sum(axis=0))
    root = (u / np.sqrt(e)) @ u.conj().T
    return np.array([root @ x @ root for x in raw])


def outcome_by_outcome(rho, h, effects):
    """Return sum_a p_a W(rho_a) from normalised states."""
    b, total = len(h), 0.0
    for effect in effects:
        joint = rho @ np.kron(np.eye(b), effect)
        own = np.trace(joint.reshape(b, len(effect), b, len(effect)), axis1=1, axis2=3)
        p = np.trace(own).real
        total += p * ergotropy((own + own.conj().T) / 2 / p, h)
    return total


class TestClosedForms:
    """States for which the answer is known."""

    @pytest.mark.parametrize("basis", [np.eye(2), TURNED])
    def test_bell_state_any_basis(self, basis):
        """Pure together: each outcome leaves a pure state, so E - E_0 = 1/2; without the outcome nothing."""
        assert daemonic_ergotropy(BELL, CELL, basis) == pytest.approx(0.5, abs=1e-12)
        assert daemonic_gain(BELL, CELL, basis) == pytest.approx(0.5, abs=1e-12)

    def test_product_state_gains_nothing(self):
        rho = np.kron([[0.3, 0.1], [0.1, 0.7]], [[0.5, 0.2], [0.2, 0.5]])
        assert daemonic_gain(rho, CELL, TURNED) == pytest.approx(0.0, abs=1e-12)
        alone = ergotropy([[0.3, 0.1], [0.1, 0.7]], CELL)
        assert daemonic_ergotropy(rho, CELL, TURNED) == pytest.approx(alone, abs=1e-12)

    @pytest.mark.parametrize("share", [0.0, 0.3, 0.8, 1.0])
    def test_werner_state(self, share):
        """Outcomes leave cells with |r| = x, half of them up, half down: W_D = (1/2)(x + x)/2 + 0 = x/2."""
        rho = share * np.outer(BELL, BELL) + (1 - share) * np.eye(4) / 4
        assert daemonic_ergotropy(rho, CELL, np.eye(2)) == pytest.approx(share / 2, abs=1e-12)
        assert daemonic_ergotropy(rho, CELL, TURNED) == pytest.approx(share / 2, abs=1e-12)

    def test_classical_correlation_needs_its_own_basis(self):
        """(|uu><uu| + |dd><dd|)/2: z tells up from down and gains 1/2, x tells nothing."""
        rho = np.diag([0.5, 0.0, 0.0, 0.5])
        assert daemonic_ergotropy(rho, CELL, np.eye(2)) == pytest.approx(0.5, abs=1e-12)
        assert daemonic_ergotropy(rho, CELL, TURNED) == pytest.approx(0.0, abs=1e-12)

    @pytest.mark.parametrize("sharpness", [0.0, 0.4, 1.0])
    def test_unsharp_measurement(self, sharpness):
        """Effects (1 +- s sz)/2 on a Bell state leave z = +-s with probability 1/2 each: W_D = s/2."""
        effects = np.array([np.diag([1 + sharpness, 1 - sharpness]) / 2, np.diag([1 - sharpness, 1 + sharpness]) / 2])
        assert daemonic_ergotropy(BELL, CELL, effects) == pytest.approx(sharpness / 2, abs=1e-12)

    @given(seed=SEEDS, b=st.integers(2, 4), a=st.integers(2, 4))
    def test_pure_states_of_both_give_all_their_energy_in_every_basis(self, seed, b, a):
        rng = np.random.default_rng(seed)
        psi = rng.normal(size=b * a) + 1j * rng.normal(size=b * a)
        psi /= np.linalg.norm(psi)
        basis = np.linalg.qr(rng.normal(size=(a, a)) + 1j * rng.normal(size=(a, a)))[0]
        h = np.diag(np.sort(rng.normal(size=b)))
        m = psi.reshape(b, a)
        above = np.trace(m @ m.conj().T @ h).real - h[0, 0]
        assert daemonic_ergotropy(psi, h, basis) == pytest.approx(above, abs=1e-10)


class TestProperties:
    """What holds for every state and measurement."""

    @given(seed=SEEDS, b=st.integers(2, 4), a=st.integers(2, 3), count=st.integers(1, 4), rank=st.integers(1, 6))
    def test_between_the_ergotropy_and_the_energy_and_by_outcomes(self, seed, b, a, count, rank):
        rng = np.random.default_rng(seed)
        rho, h = random_state(rng, b * a, rank), np.diag(rng.normal(size=b))
        effects = random_effects(rng, count, a)
        own = np.trace(rho.reshape(b, a, b, a), axis1=1, axis2=3)
        work = daemonic_ergotropy(rho, h, effects)
        above = np.trace(own @ h).real - np.diag(h).min()
        assert ergotropy(own, h) - 1e-10 <= work <= above + 1e-10
        assert work == pytest.approx(outcome_by_outcome(rho, h, effects), abs=1e-10)
        assert daemonic_gain(rho, h, effects) == pytest.approx(work - ergotropy(own, h), abs=1e-10)

    @given(seed=SEEDS)
    def test_a_coarser_measurement_tells_less(self, seed):
        rng = np.random.default_rng(seed)
        rho, h, effects = random_state(rng, 9, 3), np.diag([0.0, 1.0, 1.7]), random_effects(rng, 4, 3)
        coarse = np.array([effects[0] + effects[1], effects[2] + effects[3]])
        assert daemonic_ergotropy(rho, h, coarse) <= daemonic_ergotropy(rho, h, effects) + 1e-10
        assert daemonic_gain(rho, h, [np.eye(3)]) == pytest.approx(0.0, abs=1e-12)

    def test_a_batch_and_a_qobj(self, rng):
        rho = np.array([random_state(rng, 6, 4) for _ in range(6)]).reshape(2, 3, 6, 6)
        h, basis = np.diag([0.0, 1.0]), np.eye(3)
        found = daemonic_ergotropy(rho, h, basis)
        assert found.shape == (2, 3)
        assert found[1, 2] == pytest.approx(daemonic_ergotropy(rho[1, 2], h, basis), abs=1e-12)
        qutip = pytest.importorskip("qutip")
        one = qutip.Qobj(rho[0, 0], dims=[[2, 3], [2, 3]])
        assert daemonic_ergotropy(one, qutip.Qobj(h), basis) == pytest.approx(found[0, 0], abs=1e-12)

    def test_measuring_the_wrong_side_is_seen(self):
        """Negative control: battery and ancilla are not interchangeable."""
        rho = np.kron(np.diag([1.0, 0.0]), np.eye(2) / 2)
        assert daemonic_ergotropy(rho, CELL, np.eye(2)) == pytest.approx(1.0)
        swapped = np.kron(np.eye(2) / 2, np.diag([1.0, 0.0]))
        assert daemonic_ergotropy(swapped, CELL, np.eye(2)) == pytest.approx(0.0)


@pytest.mark.parametrize(
    ("rho", "measurement", "error", "words"),
    [
        (BELL, np.ones((2, 2)), StructureError, "not orthonormal"),
        (BELL, [np.eye(2), np.eye(2)], StructureError, "do not add up to 1"),
        (BELL, [np.diag([2.0, 1.0]), np.diag([-1.0, 0.0])], StructureError, "eigenvalue -1"),
        (BELL, [[[0.5, 1.0], [0.0, 0.5]], [[0.5, -1.0], [0.0, 0.5]]], StructureError, "not Hermitian"),
        (BELL, [1.0, 0.0], SpecError, "measurement has shape"),
        (BELL, np.full((2, 2), np.nan), SpecError, "NaN"),
        (BELL, np.eye(3), SpecError, "rho has shape"),
        (2 * BELL, np.eye(2), StructureError, "trace 4"),
    ],
)
def test_refused(rho, measurement, error, words):
    with pytest.raises(error, match=words):
        daemonic_ergotropy(rho, CELL, measurement)


def test_one_hamiltonian_for_all_states():
    with pytest.raises(SpecError, match="one Hamiltonian"):
        daemonic_ergotropy(BELL, np.stack([CELL] * 2), np.eye(2))
