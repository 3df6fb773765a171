"""Free-energy bounds: relative entropies written out, limits, and their order among the kinds of work."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.linalg import logm
from scipy.optimize import minimize_scalar

from qsb.algebra.blocks import Spectrum
from qsb.algebra.copies import Copies
from qsb.errors import SpecError, StructureError
from qsb.merit.ergotropy import ergotropy, pinch
from qsb.merit.free_energy import bath_work, free_energy, free_energy_bound, incoherent_free_energy_bound
from qsb.merit.gibbs import entropic_energy
from qsb.merit.passivity import asymptotic_ergotropy

SEEDS = st.integers(0, 2**32 - 1)
CELL = np.diag([0.5, -0.5])


def random_state(rng, size, rank):
    """Return a random density matrix."""
    f = rng.normal(size=(size, rank)) + 1j * rng.normal(size=(size, rank))
    rho = f @ f.conj().T
    return rho / np.trace(rho).real


def random_meter(rng, size):
    """Return a random Hamiltonian."""
    h = rng.normal(size=(size, size)) + 1j * rng.normal(size=(size, size))
    return (h + h.conj().T) / 2


def gibbs_state(h, temperature):
    """Return the Gibbs state."""
    e, u = np.linalg.eigh(h)
    p = np.exp(-(e - e[0]) / temperature)
    return (u * (p / p.sum())) @ u.conj().T


def spectra(rho, h):
    """Return energy, eigenvalues and levels."""
    return np.trace(rho @ h).real, Spectrum.simple(np.linalg.eigvalsh(rho)), Spectrum.simple(np.linalg.eigvalsh(h))


class TestClosedForms:
    """Qubits, Gibbs states, limits."""

    @pytest.mark.parametrize("temperature", [0.1, 0.5, 1.0, 7.0])
    def test_most_mixed_qubit(self, temperature):
        """F - F(tau) = T ln cosh(1/(2T)): E = 0, S = ln 2, Z = 2 cosh(1/(2T))."""
        expected = temperature * math.log(math.cosh(0.5 / temperature))
        assert free_energy_bound(np.eye(2) / 2, CELL, temperature) == pytest.approx(expected, abs=1e-12)

    @pytest.mark.parametrize("temperature", [0.3, 1.0])
    def test_coherence_is_locked_without_a_reference(self, temperature):
        """|+>: the phase is worth T ln 2, all of its entropy once dephased."""
        psi = np.full(2, math.sqrt(0.5))
        whole = free_energy_bound(psi, CELL, temperature)
        locked = whole - incoherent_free_energy_bound(psi, CELL, temperature)
        assert locked == pytest.approx(temperature * math.log(2), abs=1e-12)
        assert free_energy(psi, CELL, temperature) == pytest.approx(0.0, abs=1e-12)

    def test_at_zero_temperature_both_are_the_energy_above_ground(self, rng):
        rho, h = random_state(rng, 4, 4), random_meter(rng, 4)
        above = np.trace(rho @ h).real - np.linalg.eigvalsh(h)[0]
        for bound in (free_energy_bound, incoherent_free_energy_bound):
            assert bound(rho, h, 0) == pytest.approx(above, abs=1e-12)
            assert bound(rho, h, 1e-5) == pytest.approx(above, abs=1e-4)
        assert free_energy(rho, h, 0) == pytest.approx(np.trace(rho @ h).real, abs=1e-12)

    @given(seed=SEEDS, size=st.integers(2, 5), temperature=st.floats(0.05, 50))
    def test_the_bath_gives_nothing_for_its_own_gibbs_state(self, seed, size, temperature):
        h = random_meter(np.random.default_rng(seed), size)
        rho = gibbs_state(h, temperature)
        assert free_energy_bound(rho, h, temperature) == pytest.approx(0.0, abs=1e-11)
        assert free_energy(rho, h, temperature) == pytest.approx(
            -temperature * math.log(np.exp(-np.linalg.eigvalsh(h) / temperature).sum()), abs=1e-9
        )

    def test_alike_cells_add_up(self):
        state, levels = Copies(Spectrum.simple([0.8, 0.2]), 40), Copies(Spectrum.simple([-0.5, 0.5]), 40, True)
        one = bath_work(0.3, state.cell, levels.cell, 0.7)
        assert bath_work(12.0, state, levels, 0.7) == pytest.approx(40 * one, rel=1e-11)


class TestProperties:
    """Relative entropy, order, and the minimum over temperatures."""

    @settings(max_examples=30)
    @given(seed=SEEDS, size=st.integers(2, 5), temperature=st.floats(0.2, 10))
    def test_it_is_the_relative_entropy_to_the_gibbs_state(self, seed, size, temperature):
        rng = np.random.default_rng(seed)
        rho, h = random_state(rng, size, size), random_meter(rng, size)
        tau = gibbs_state(h, temperature)
        expected = temperature * np.trace(rho @ (logm(rho) - logm(tau))).real
        assert free_energy_bound(rho, h, temperature) == pytest.approx(expected, abs=1e-7)
        dephased = pinch(rho, h)
        expected = temperature * np.trace(dephased @ (logm(dephased) - logm(tau))).real
        assert incoherent_free_energy_bound(rho, h, temperature) == pytest.approx(expected, abs=1e-7)

    @given(seed=SEEDS, size=st.integers(2, 5), rank=st.integers(1, 5), temperature=st.floats(0, 20))
    def test_order(self, seed, size, rank, temperature):
        """W <= W_inf <= F(rho) - F(tau) at every temperature; without a reference never more than with."""
        rng = np.random.default_rng(seed)
        rho, h = random_state(rng, size, min(rank, size)), random_meter(rng, size)
        bound = free_energy_bound(rho, h, temperature)
        assert ergotropy(rho, h) <= asymptotic_ergotropy(rho, h) + 1e-10
        assert asymptotic_ergotropy(rho, h) <= bound + 1e-10
        assert 0 <= incoherent_free_energy_bound(rho, h, temperature) <= bound + 1e-10

    @settings(max_examples=30)
    @given(seed=SEEDS, size=st.integers(2, 5))
    def test_the_asymptotic_ergotropy_is_the_minimum_over_temperatures(self, seed, size):
        rng = np.random.default_rng(seed)
        rho, h = random_state(rng, size, size), random_meter(rng, size)
        energy, state, levels = spectra(rho, h)
        _, beta = entropic_energy(state, levels)
        at = float(1 / beta)
        assert bath_work(energy, state, levels, at) == pytest.approx(asymptotic_ergotropy(rho, h), abs=1e-10)
        found = minimize_scalar(
            lambda log_t: float(bath_work(energy, state, levels, math.exp(log_t))),
            bounds=(math.log(at) - 2, math.log(at) + 2),
            method="bounded",
            options={"xatol": 1e-7},
        )
        assert found.fun == pytest.approx(asymptotic_ergotropy(rho, h), abs=1e-8)

    def test_ergotropy_may_beat_the_bound_without_a_reference(self):
        """Unitaries use coherence: W of |+> is 1/2, the dephased state at T = 1 is worth ln cosh(1/2) = 0.12."""
        psi = np.full(2, math.sqrt(0.5))
        assert ergotropy(psi, CELL) == pytest.approx(0.5)
        assert incoherent_free_energy_bound(psi, CELL, 1.0) == pytest.approx(math.log(math.cosh(0.5)), abs=1e-12)

    def test_a_batch(self, rng):
        rho, h = np.array([random_state(rng, 3, 3) for _ in range(4)]), random_meter(rng, 3)
        for function in (free_energy, free_energy_bound, incoherent_free_energy_bound):
            found = function(rho, h, 0.6)
            assert list(found) == pytest.approx([function(r, h, 0.6) for r in rho], abs=1e-12)


def test_refused():
    for bad in (-1.0, math.nan, math.inf):
        with pytest.raises(SpecError, match=r"temperature.* must be finite and not negative"):
            free_energy_bound(np.eye(2) / 2, CELL, bad)
    with pytest.raises(SpecError, match="must serve all"):
        free_energy_bound(np.eye(2) / 2, np.stack([CELL] * 2), 1.0)
    with pytest.raises(StructureError, match="eigenvalue"):
        incoherent_free_energy_bound(np.diag([1.1, -0.1]), CELL, 1.0)
