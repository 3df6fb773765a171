"""Ergotropy under collective unitaries: against sectors built another way, and against the global one."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.linalg import expm

import qsb
from qsb.algebra.blocks import Blocks
from qsb.algebra.sectors import multiplicity
from qsb.errors import SpecError, StructureError
from qsb.merit.collective import sector_blocks, spin_sectors, symmetric_ergotropy
from qsb.merit.ergotropy import ergotropy

SEEDS = st.integers(0, 2**32 - 1)
SZ, SM = np.diag([0.5, -0.5]), np.array([[0.0, 0.0], [1.0, 0.0]])


def total(single, count):
    """Return the sum of a one-cell operator over all cells."""
    return sum(np.kron(np.kron(np.eye(2**i), single), np.eye(2 ** (count - i - 1))) for i in range(count))


def random_state(rng, size):
    """Return a random density matrix."""
    f = rng.normal(size=(size, size)) + 1j * rng.normal(size=(size, size))
    rho = f @ f.conj().T
    return rho / np.trace(rho).real


def ladder(count):
    """Return J_z of the Dicke states."""
    return np.diag(np.arange(count + 1)[::-1] - count / 2)


def in_full(count, block):
    """Return a state in the Dicke ladder as `Blocks` on all 2^N dimensions, and the sectors of J_z."""
    spins = range(count, -1, -2)
    meter = Blocks(tuple(ladder(jj) for jj in spins), tuple(multiplicity(count, jj) for jj in spins))
    return Blocks((block,), (1,), null=2**count - count - 1), meter


class TestSectors:
    """The basis |j, m, k> itself."""

    @pytest.mark.parametrize("count", [1, 2, 3, 6])
    def test_it_is_orthonormal_and_carries_the_spin(self, count):
        jz, jm = total(SZ, count), total(SM, count)
        whole = np.concatenate([b.reshape(2**count, -1) for b in spin_sectors(count)], axis=1)
        assert np.allclose(whole.T @ whole, np.eye(2**count), atol=1e-12)
        for twice, basis in zip(range(count, -1, -2), spin_sectors(count), strict=True):
            j = twice / 2
            assert basis.shape == (2**count, twice + 1, multiplicity(count, twice))
            for k in range(basis.shape[2]):
                b = basis[:, :, k]
                assert np.allclose(b.T @ jz @ b, ladder(twice), atol=1e-12)
                steps = [math.sqrt(j * (j + 1) - m * (m - 1)) for m in j - np.arange(twice)]
                assert np.allclose(b.T @ jm @ b, np.diag(steps, -1), atol=1e-12)


class TestAgainstGlobal:
    """The two ergotropies of one state."""

    def test_both_of_a_battery_in_a_lossy_cavity(self):
        """N = 4 cells, g = 0.5, cavity loss 0.2, t = 3: 0.0256 against 0.8236, a factor of 32.

        The published package `qenvs` 0.3.2 prints both (energy 1.51883) under one name. Reference digits: QuTiP
        5.3 `mesolve` at rtol 1e-10.
        """
        battery = qsb.models.tavis_cummings(cells=4, coupling=0.5)
        problem = qsb.Problem(battery, qsb.quench(3.0), [qsb.emission(0.2, on="mode")], np.array([0.0, 3.0]))
        data = qsb.run(problem, ["energy_above_ground", "ergotropy", "symmetric_ergotropy"], tolerance=1e-9)
        assert data["energy_above_ground"][1] == pytest.approx(1.5188304771, abs=1e-8)
        assert data["symmetric_ergotropy"][1] == pytest.approx(0.0256165249, abs=1e-8)
        assert data["ergotropy"][1] == pytest.approx(0.8235770495, abs=1e-8)

    @pytest.mark.parametrize("count", [2, 3, 5])
    def test_even_mixture_of_the_ladder(self, count):
        """Nothing in the ladder; in full, the N+1 equal weights go to the lowest N+1 of 2^N levels."""
        block = np.eye(count + 1) / (count + 1)
        assert symmetric_ergotropy(block, ladder(count), cells=count) == 0.0
        state, meter = in_full(count, block)
        assert symmetric_ergotropy(state, meter) == 0.0
        # the ground level once, then N levels of energy 1 above it: 0 - (-N/2 + N/(N+1))
        assert ergotropy(state, meter) == pytest.approx(count / 2 - count / (count + 1), abs=1e-12)

    @given(seed=SEEDS, count=st.integers(1, 4))
    def test_it_is_between_zero_and_the_global_one(self, seed, count):
        rng = np.random.default_rng(seed)
        rho, h = random_state(rng, 2**count), total(SZ, count) + 0.3 * total(np.array([[0, 1], [1, 0]]), count)
        assert 0 <= symmetric_ergotropy(rho, h, cells=count) <= ergotropy(rho, h) + 1e-10

    def test_for_pure_dicke_states_they_agree(self, rng):
        psi = rng.normal(size=5) + 1j * rng.normal(size=5)
        psi /= np.linalg.norm(psi)
        state, meter = in_full(4, np.outer(psi, psi.conj()))
        assert symmetric_ergotropy(psi, ladder(4), cells=4) == pytest.approx(ergotropy(state, meter), abs=1e-12)
        assert symmetric_ergotropy(state, meter) == pytest.approx(ergotropy(state, meter), abs=1e-12)


class TestAgainstSearch:
    """Unitaries made of collective spins: none beats it, and the best of them reaches it."""

    @given(seed=SEEDS, count=st.integers(2, 4))
    def test_no_collective_unitary_extracts_more(self, seed, count):
        rng = np.random.default_rng(seed)
        rho, h = random_state(rng, 2**count), total(SZ, count)
        jm = total(SM, count)
        j = (jm + jm.T, 1j * (jm - jm.T), h)
        work = symmetric_ergotropy(rho, h, cells=count)
        for _ in range(3):
            a, b, c = (j[i] for i in rng.integers(0, 3, size=3))
            x = rng.normal() * a + rng.normal() * (b @ c + c @ b) + rng.normal() * (a @ a)
            u = expm(1j * x)
            left = np.trace(u @ rho @ u.conj().T @ h).real
            assert np.trace(rho @ h).real - left <= work + 1e-10
            assert symmetric_ergotropy(u @ rho @ u.conj().T, h, cells=count) == pytest.approx(
                work - np.trace(rho @ h).real + left, abs=1e-9
            )

    def test_the_best_unitary_reaches_it(self, rng):
        """U = sum_j U_j (x) 1, built from the sectors, extracts what was promised."""
        count = 3
        rho, h = random_state(rng, 8), total(SZ, count)
        u = np.zeros((8, 8), dtype=complex)
        for basis in spin_sectors(count):
            block = sum(b.T @ rho @ b for b in np.moveaxis(basis, 2, 0))
            _, vectors = np.linalg.eigh(block)
            turn = vectors.conj().T  # ascending weights on descending levels
            for b in np.moveaxis(basis, 2, 0):
                u += b @ turn @ b.T
        assert np.allclose(u @ u.conj().T, np.eye(8), atol=1e-12)
        extracted = np.trace(rho @ h).real - np.trace(u @ rho @ u.conj().T @ h).real
        assert symmetric_ergotropy(rho, h, cells=count) == pytest.approx(extracted, abs=1e-12)

    def test_two_cells_by_hand(self):
        """Triplet and singlet: |ud> is half of each, and the singlet's half gives nothing."""
        rho = np.zeros((4, 4))
        rho[1, 1] = 1.0
        assert symmetric_ergotropy(rho, total(SZ, 2), cells=2) == pytest.approx(0.5, abs=1e-12)
        assert ergotropy(rho, total(SZ, 2)) == pytest.approx(1.0, abs=1e-12)

    def test_which_cell_is_which_does_not_matter(self, rng):
        rho = random_state(rng, 8)
        moved = rho.reshape((2,) * 6).transpose(1, 2, 0, 4, 5, 3).reshape(8, 8)
        h = total(SZ, 3)
        assert symmetric_ergotropy(rho, h, cells=3) == pytest.approx(symmetric_ergotropy(moved, h, cells=3), abs=1e-12)

    def test_a_ladder_sorted_against_the_wrong_levels_is_seen(self):
        """Negative control: the ladder of j = 1 is not that of two distinguishable cells."""
        state = np.diag([0.2, 0.5, 0.3])
        full, meter = in_full(2, state)
        assert symmetric_ergotropy(state, ladder(2), cells=2) == pytest.approx(-0.1 + 0.3)
        assert ergotropy(full, meter) == pytest.approx(-0.1 + 0.5)


class TestRead:
    """Forms of input, batches and refusals."""

    def test_a_batch_and_a_qobj(self, rng):
        rho = np.array([random_state(rng, 8) for _ in range(3)])
        h = total(SZ, 3)
        found = symmetric_ergotropy(rho, h, cells=3)
        assert list(found) == pytest.approx([symmetric_ergotropy(r, h, cells=3) for r in rho], abs=1e-12)
        qutip = pytest.importorskip("qutip")
        one = symmetric_ergotropy(qutip.Qobj(rho[0], dims=[[2] * 3] * 2), qutip.Qobj(h, dims=[[2] * 3] * 2), cells=3)
        assert one == pytest.approx(found[0], abs=1e-12)

    def test_blocks_are_what_the_matrix_is(self, rng):
        rho, h = random_state(rng, 16), total(SZ, 4)
        state, meter = sector_blocks(rho, 4), sector_blocks(h, 4, alike=True)
        assert state.trace() == pytest.approx(1.0)
        assert state.expectation(meter) == pytest.approx(np.trace(rho @ h).real)
        assert symmetric_ergotropy(state, meter) == pytest.approx(symmetric_ergotropy(rho, h, cells=4), abs=1e-12)

    def test_many_cells_as_blocks(self):
        """Multiplicities beyond a float: N = 1100 half in each of two sectors."""
        count = 1100
        spins = (count, count - 2)
        counts = tuple(multiplicity(count, jj) for jj in spins)
        top = [np.diag(np.eye(jj + 1)[0] / 2 / c) for jj, c in zip(spins, counts, strict=True)]
        rest = 2**count - sum(c * (jj + 1) for jj, c in zip(spins, counts, strict=True))
        meter = Blocks((ladder(count), ladder(count - 2), np.zeros((1, 1))), (*counts, rest))
        state = Blocks(tuple(top), counts, null=rest)
        assert symmetric_ergotropy(state, meter) == pytest.approx(count / 2 + (count - 2) / 2, rel=1e-12)

    def test_refused(self):
        h = total(SZ, 2)
        with pytest.raises(SpecError, match="give the number of cells"):
            symmetric_ergotropy(np.eye(4) / 4, h)
        with pytest.raises(SpecError, match="dimension 4, but 5 cells have 6"):
            symmetric_ergotropy(np.eye(4) / 4, h, cells=5)
        with pytest.raises(StructureError, match="changes when cells are exchanged"):
            symmetric_ergotropy(np.eye(4) / 4, np.diag([1.0, 0.5, -0.5, -1.0]), cells=2)
        with pytest.raises(SpecError, match="up to N = 10"):
            sector_blocks(np.eye(2), 11)


class TestRuns:
    """The figure of a run is the function of its states."""

    def test_in_the_ladder_and_in_all_sectors(self):
        times = np.array([0.0, 0.5, 1.5])
        battery = qsb.models.ensemble(3, field=0.4, coupling={"axes": "xx", "strength": 0.3, "geometry": "all"})
        noise = [qsb.emission(0.2), qsb.dephasing(0.1)]
        problem = qsb.Problem(battery, qsb.quench(1.5), noise, times)
        data = qsb.run(problem, ["symmetric_ergotropy", "ergotropy"], representation="permutation", tolerance=1e-10)
        assert np.all(data["symmetric_ergotropy"] <= data["ergotropy"] + 1e-12)
        together = qsb.Problem(battery, qsb.quench(1.5), [qsb.emission(0.2, collective=True)], times)
        found = [
            qsb.run(together, ["symmetric_ergotropy"], representation=r, tolerance=1e-10)["symmetric_ergotropy"].values
            for r in ("symmetric", "permutation")
        ]
        np.testing.assert_allclose(found[0], found[1], rtol=0, atol=1e-9)

    def test_unlike_cells_are_refused_with_the_reason(self):
        battery = qsb.models.ensemble(3, frequency=np.array([1.0, 1.2, 1.4]), field=0.4)
        with pytest.raises(qsb.PlanError, match="sectors of total spin"):
            qsb.run(qsb.Problem(battery, qsb.quench(1.0)), ["symmetric_ergotropy"])
