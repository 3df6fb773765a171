"""Ergotropy against closed forms, and against the wrong formulas in circulation."""

import itertools
import math

import numpy as np
import pytest
import scipy.sparse

from qsb.algebra.blocks import Blocks, Factor, Spectrum
from qsb.errors import ConvergenceError, SpecError, StructureError
from qsb.merit.ergotropy import (
    anti_ergotropy,
    anti_passive_energy,
    capacity,
    ergotropy,
    ergotropy_parts,
    extractable_work,
    local_ergotropy,
    passive_energy,
    pinch,
)

SX = np.array([[0, 1], [1, 0]], dtype=complex)
SY = np.array([[0, -1j], [1j, 0]])
SZ = np.diag([1.0 + 0j, -1.0])
CELL = SZ / 2
UP, DOWN = np.array([1.0, 0.0]), np.array([0.0, 1.0])


def qubit(x, y, z):
    """Return the density matrix of a Bloch vector."""
    return (np.eye(2) + x * SX + y * SY + z * SZ) / 2


def product(*factors):
    """Return the Kronecker product, first factor most significant."""
    result = np.eye(1)
    for factor in factors:
        result = np.kron(result, factor)
    return result


def cells(count):
    """Return H_B of `count` cells with unit gap, dense."""
    return sum(product(np.eye(2**i), CELL, np.eye(2 ** (count - i - 1))) for i in range(count))


def marginal(psi, cell, count):
    """Return the reduced state of one cell of a pure state."""
    split = psi.reshape(2**cell, 2, 2 ** (count - cell - 1))
    return np.einsum("aib,ajb->ij", split, split.conj())


def local(psi, count):
    """Return the sum of the cells' own ergotropies."""
    marginals = np.stack([marginal(psi, i, count) for i in range(count)])
    return local_ergotropy(marginals, np.stack([CELL] * count), np.ones(count))


def ket(*levels):
    """Return a basis state; 0 is up, 1 is down."""
    return product(*[[UP, DOWN][level][:, None] for level in levels])[:, 0].astype(complex)


class TestQubit:
    """O1: W = (|r| + r_z)/2, incoherent part max(0, r_z)."""

    @pytest.mark.parametrize(
        ("bloch", "work", "incoherent"),
        [
            ((0.3, -0.4, 0.5), 0.6035533906, 0.5),
            ((0.6, 0.0, -0.2), 0.2162277660, 0.0),
            ((0.0, 0.0, 1.0), 1.0, 1.0),
            ((0.0, 0.0, -1.0), 0.0, 0.0),
            ((0.0, 0.0, 0.0), 0.0, 0.0),
        ],
    )
    def test_ergotropy_and_its_parts(self, bloch, work, incoherent):
        assert ergotropy(qubit(*bloch), CELL) == pytest.approx(work, abs=1e-10)
        parts = ergotropy_parts(qubit(*bloch), CELL)
        assert parts == pytest.approx((incoherent, work - incoherent), abs=1e-10)

    def test_capacity_is_the_length_of_the_bloch_vector(self):
        levels = Spectrum.simple([0.5, -0.5])
        state = Blocks.dense(qubit(0.3, -0.4, 0.5)).spectrum()
        assert capacity(state, levels) == pytest.approx(math.sqrt(0.5), abs=1e-12)

    @pytest.mark.parametrize("beta", [0.1, 0.5, 2.0, 20.0])
    def test_gibbs_states_are_passive_and_inverted_ones_are_not(self, beta):
        excited = 1 / (1 + math.exp(beta))
        gibbs = np.diag([excited, 1 - excited])
        assert ergotropy(gibbs, CELL) == 0.0
        work = ergotropy(gibbs[::-1, ::-1], CELL)
        assert work == pytest.approx(math.tanh(beta / 2), abs=1e-12)
        levels = Spectrum.simple([0.5, -0.5])
        assert capacity(Spectrum.simple(np.diag(gibbs)), levels) == pytest.approx(work, abs=1e-12)

    def test_printed_values_of_the_inverted_qubit(self):
        for beta, work in ((0.5, 0.2449186624), (2.0, 0.7615941560)):
            excited = 1 / (1 + math.exp(-beta))
            assert ergotropy(np.diag([excited, 1 - excited]), CELL) == pytest.approx(work, abs=1e-10)


class TestPureState:
    """O3: W = E - E_ground, always."""

    def test_pure_state_gives_all_its_energy(self, rng):
        matrix = rng.normal(size=(6, 6)) + 1j * rng.normal(size=(6, 6))
        meter = matrix + matrix.conj().T
        psi = rng.normal(size=6) + 1j * rng.normal(size=6)
        psi /= np.linalg.norm(psi)
        energy = (psi.conj() @ meter @ psi).real
        expected = energy - np.linalg.eigvalsh(meter)[0]
        assert ergotropy(psi, meter) == pytest.approx(expected, abs=1e-12)
        assert ergotropy(np.outer(psi, psi.conj()), meter) == pytest.approx(expected, abs=1e-12)
        assert ergotropy(psi[:, None], meter) == pytest.approx(expected, abs=1e-12)

    def test_a_batch_of_kets_is_a_batch_of_results(self, rng):
        psi = rng.normal(size=(5, 3, 4)) + 1j * rng.normal(size=(5, 3, 4))
        psi /= np.linalg.norm(psi, axis=-1, keepdims=True)
        work = ergotropy(psi, cells(2))
        assert work.shape == (5, 3)
        assert work[4, 1] == pytest.approx(ergotropy(psi[4, 1], cells(2)), abs=1e-12)


class TestManyCopies:
    """O4: passive states that n copies activate."""

    def levels_and_weights(self, energies, weights, copies):
        tuples = list(itertools.product(range(len(energies)), repeat=copies))
        energy = np.array([sum(energies[i] for i in item) for item in tuples])
        weight = np.array([math.prod(weights[i] for i in item) for item in tuples])
        return energy, weight

    def work(self, energies, weights, copies):
        energy, weight = self.levels_and_weights(energies, weights, copies)
        passive = passive_energy(Spectrum.simple(weight), Spectrum.simple(energy))
        return float(extractable_work(energy @ weight, passive, np.abs(energy).max()))

    def grouped_work(self, energies, weights, copies):
        """Return the same from types (n_1, n_2, n_3) with multinomial multiplicities."""
        types = [t for t in itertools.product(range(copies + 1), repeat=3) if sum(t) == copies]
        counts = [math.factorial(copies) // math.prod(map(math.factorial, t)) for t in types]
        energy = np.array(types) @ np.array(energies)
        weight = np.prod(np.array(weights) ** np.array(types), axis=1)
        state, levels = Spectrum.counted(weight, counts), Spectrum.counted(energy, counts)
        total = (np.array(counts) * weight * energy).sum()
        return total - float(passive_energy(state, levels))

    @pytest.mark.parametrize("way", ["work", "grouped_work"])
    @pytest.mark.parametrize(
        ("energies", "weights", "expected"),
        [
            ((0, 1, 2), (0.5, 0.5, 0), [0, 0, 1 / 8, 5 / 16, 3 / 8, 9 / 16]),
            (
                (0, 0.579, 1),
                (0.538 / 0.999, 0.237 / 0.999, 0.224 / 0.999),
                [0, 0, 3 * 0.0012031167, 4 * 0.0030818323, 5 * 0.0042502716, 6 * 0.0046379193],
            ),
            ((0, 1, 2), (0.7, 0.2, 0.1), [0, 0, 0, 0, 5 * 3.4e-5, None]),
        ],
    )
    def test_work_of_n_copies(self, way, energies, weights, expected):
        for copies, value in enumerate(expected, start=1):
            if value is not None:
                assert getattr(self, way)(energies, weights, copies) == pytest.approx(value, abs=1e-9)

    def test_seven_and_eight_copies_by_multiplicities(self):
        energies, weights = (0, 0.579, 1), np.array([0.538, 0.237, 0.224]) / 0.999
        assert self.grouped_work(energies, weights, 7) / 7 == pytest.approx(0.0052699144, abs=1e-10)
        assert self.grouped_work(energies, weights, 8) / 8 == pytest.approx(0.0057266726, abs=1e-10)

    @pytest.mark.parametrize("copies", range(1, 7))
    def test_passive_qubits_are_completely_passive(self, copies):
        assert self.work((0, 1), (0.6, 0.4), copies) == pytest.approx(0, abs=1e-12)


class TestGlobalAgainstLocal:
    """O5 and O7: correlations hide work from single-cell unitaries."""

    @staticmethod
    def tilted(angle):
        return math.cos(angle) * ket(1, 1) + math.sin(angle) * ket(0, 0)

    CASES = (
        ("bell", (ket(0, 0) + ket(1, 1)) / math.sqrt(2), 1, 0),
        ("singlet", (ket(0, 1) - ket(1, 0)) / math.sqrt(2), 1, 0),
        ("tilted 0.9", math.cos(0.9) * ket(1, 1) + math.sin(0.9) * ket(0, 0), 1.2272020947, 0.4544041894),
        ("tilted 0.3", math.cos(0.3) * ket(1, 1) + math.sin(0.3) * ket(0, 0), 0.1746643851, 0),
        ("plus plus", np.full(4, 0.5 + 0j), 1, 1),
        ("ghz 5", (ket(*[0] * 5) + ket(*[1] * 5)) / math.sqrt(2), 2.5, 0),
        ("w 2", sum(ket(*(int(i != j) for i in range(2))) for j in range(2)) / math.sqrt(2), 1, 0),
        ("w 4", sum(ket(*(int(i != j) for i in range(4))) for j in range(4)) / 2, 1, 0),
    )

    @pytest.mark.parametrize(("psi", "work", "alone"), [case[1:] for case in CASES], ids=[c[0] for c in CASES])
    def test_pure_states(self, psi, work, alone):
        count = round(math.log2(len(psi)))
        assert ergotropy(psi, cells(count)) == pytest.approx(work, abs=1e-10)
        assert local(psi, count) == pytest.approx(alone, abs=1e-10)

    @pytest.mark.parametrize("share", [0.0, 0.2, 0.7, 1.0])
    def test_werner_state(self, share):
        singlet = (ket(0, 1) - ket(1, 0)) / math.sqrt(2)
        rho = share * np.outer(singlet, singlet.conj()) + (1 - share) * np.eye(4) / 4
        assert ergotropy(rho, cells(2)) == pytest.approx(share, abs=1e-12)
        state, levels = Blocks.dense(rho).spectrum(), Blocks.dense(cells(2)).spectrum()
        assert capacity(state, levels) == pytest.approx(2 * share, abs=1e-12)
        mixed = np.stack([np.eye(2) / 2] * 2)
        assert local_ergotropy(mixed, np.stack([CELL] * 2), [1, 1]) == 0.0

    def test_even_mixture_of_empty_and_full(self):
        assert ergotropy(np.diag([0.5, 0, 0, 0.5]), cells(2)) == pytest.approx(0.5, abs=1e-12)

    def test_counts_stand_for_equal_cells(self):
        marginals = np.stack([qubit(0.3, -0.4, 0.5), qubit(0.6, 0, -0.2)])
        work = local_ergotropy(np.stack([marginals] * 3), np.stack([CELL] * 2), [10**6, 2])
        assert work == pytest.approx([10**6 * 0.6035533905932737 + 2 * 0.2162277660168379] * 3, rel=1e-12)


class TestCapacity:
    """O6: highest minus lowest energy on the orbit."""

    @pytest.mark.parametrize("count", [1, 2, 4])
    def test_pure_states_of_n_cells_have_capacity_n(self, count):
        levels = Blocks.dense(cells(count)).spectrum()
        state = Blocks.pure(ket(*[1] * count)).spectrum()
        assert capacity(state, levels) == pytest.approx(count, abs=1e-12)
        assert anti_passive_energy(state, levels) == pytest.approx(count / 2, abs=1e-12)

    def test_it_is_ergotropy_plus_what_can_still_be_stored(self, rng):
        matrix = rng.normal(size=(5, 5)) + 1j * rng.normal(size=(5, 5))
        rho = matrix @ matrix.conj().T
        rho /= np.trace(rho).real
        meter = np.diag([0.0, 0.3, 0.3, 1.0, 2.0])
        state, levels = Blocks.dense(rho).spectrum(), Blocks.dense(meter).spectrum()
        storable = ergotropy(rho, -meter)
        assert capacity(state, levels) == pytest.approx(ergotropy(rho, meter) + storable, abs=1e-12)
        assert anti_ergotropy(rho, meter) == pytest.approx(storable, abs=1e-12)

    def test_what_a_qubit_can_still_store(self):
        """A = (|r| - r_z)/2; a Gibbs qubit has W = 0 and stores tanh(beta/2), its capacity."""
        assert anti_ergotropy(qubit(0.3, -0.4, 0.5), CELL) == pytest.approx((math.sqrt(0.5) - 0.5) / 2, abs=1e-12)
        for beta, capacity_of_it in ((0.5, 0.2449186624), (2.0, 0.7615941560)):
            excited = 1 / (1 + math.exp(beta))
            gibbs = np.diag([excited, 1 - excited])
            assert anti_ergotropy(gibbs, CELL) == pytest.approx(capacity_of_it, abs=1e-10)
            assert ergotropy(gibbs, CELL) == 0.0
        assert list(anti_ergotropy(np.array([UP, DOWN, UP]), CELL)) == [0.0, 1.0, 0.0]


class TestQutritAndPinching:
    """A state whose work sits in coherence alone, and degenerate levels."""

    RHO = np.array([[0.5, 0.2, 0.1], [0.2, 0.3, 0.05], [0.1, 0.05, 0.2]])
    METER = np.diag([0.0, 1.0, 2.5])

    def test_qutrit_with_coherence(self):
        values = np.sort(np.linalg.eigvalsh(self.RHO))[::-1]
        incoherent, coherent = ergotropy_parts(self.RHO, self.METER)
        assert np.trace(self.RHO @ self.METER) == pytest.approx(0.8)
        assert incoherent == 0.0
        assert coherent == pytest.approx(0.8 - values @ [0, 1, 2.5], abs=1e-12)
        assert coherent > 0.05

    def test_coherence_inside_a_degenerate_level_is_not_coherence_of_energy(self):
        rho = np.zeros((4, 4))
        rho[1:3, 1:3] = [[0.5, 0.5], [0.5, 0.5]]
        meter = cells(2)
        assert np.allclose(pinch(rho, meter), rho)
        assert ergotropy_parts(rho, meter) == pytest.approx((1.0, 0.0), abs=1e-12)

    def test_nearly_equal_levels_count_as_one(self):
        rho = np.full((2, 2), 0.5)
        assert np.allclose(pinch(rho, np.diag([1.0, 1.0 + 1e-12])), rho)
        assert np.allclose(pinch(rho, np.diag([1.0, 1.0 + 1e-6])), np.eye(2) / 2)

    @pytest.mark.parametrize("rotated", [False, True])
    def test_pinching_kets_matches_pinching_matrices(self, rng, rotated):
        meter = cells(3)
        if rotated:
            turn, _ = np.linalg.qr(rng.normal(size=(8, 8)) + 1j * rng.normal(size=(8, 8)))
            meter = turn @ meter @ turn.conj().T
        psi = rng.normal(size=(4, 8)) + 1j * rng.normal(size=(4, 8))
        psi /= np.linalg.norm(psi, axis=-1, keepdims=True)
        rho = np.einsum("ti,tj->tij", psi, psi.conj())
        levels, basis = np.linalg.eigh(meter)
        projectors = [
            basis[:, g] @ basis[:, g].conj().T for g in (np.isclose(levels, x) for x in (-1.5, -0.5, 0.5, 1.5))
        ]
        expected = sum(p @ rho @ p for p in projectors)
        assert np.allclose(pinch(psi, meter), expected, atol=1e-12)
        assert np.allclose(pinch(rho, meter), expected, atol=1e-12)
        for one, other in zip(ergotropy_parts(psi, meter), ergotropy_parts(rho, meter), strict=True):
            assert np.allclose(one, other, atol=1e-10)

    def test_blocks_stay_blocks(self, rng):
        rho = Blocks((self.RHO / 4, Factor(np.array([[0.5], [0.5]]) + 0j)), (2, 1), null=1)
        meter = Blocks((self.METER, CELL, np.eye(1)), (2, 1, 1))
        pinched = pinch(rho, meter)
        assert isinstance(pinched, Blocks)
        assert pinched.trace() == pytest.approx(1.0)
        assert pinched.spectrum().dimension == 9


class TestMultiplicities:
    """Ergotropy of N cells from N+1 values against all 2^N levels."""

    @staticmethod
    def binomial(count):
        return [math.comb(count, k) for k in range(count + 1)]

    @pytest.mark.parametrize("count", range(1, 9))
    @pytest.mark.parametrize("excited", [0.2, 0.5, 0.9])
    def test_product_states_against_dense(self, count, excited):
        ups = np.arange(count + 1)
        counts = self.binomial(count)
        values = excited**ups * (1 - excited) ** (count - ups)
        single = np.array([excited, 1 - excited])
        dense = np.prod(list(itertools.product(single, repeat=count)), axis=1)
        full = np.sum(list(itertools.product([0.5, -0.5], repeat=count)), axis=1)
        expected = np.sort(dense)[::-1] @ np.sort(full)
        levels = Spectrum.counted(ups - count / 2, counts)
        logs = Spectrum.logged(ups - count / 2, np.log(counts))
        for state in (
            Spectrum.counted(values, counts),
            Spectrum.logged(values, np.log(counts)),
            Spectrum.logged(0 * values, np.log(counts), np.log(values)),
            Spectrum.simple(dense),
        ):
            assert passive_energy(state, levels) == pytest.approx(expected, abs=1e-12)
            assert passive_energy(state, logs) == pytest.approx(expected, abs=1e-12)

    @pytest.mark.parametrize("count", range(2, 9))
    def test_symmetric_pure_state_sees_every_level(self, count):
        """Dicke mixtures: N+1 values, all else null; sorted against 2^N levels, not N+1."""
        weights = np.arange(1, count + 2) / sum(range(1, count + 2))
        null = 2**count - count - 1
        state = Spectrum.counted(np.append(weights, 0.0), [1] * (count + 1) + [null] if null else [1] * (count + 1))
        levels = Spectrum.counted(np.arange(count + 1) - count / 2, self.binomial(count))
        full = np.sort(np.sum(list(itertools.product([0.5, -0.5], repeat=count)), axis=1))
        expected = np.sort(weights)[::-1] @ full[: count + 1]
        assert passive_energy(state, levels) == pytest.approx(expected, abs=1e-12)
        ladder = np.sort(weights)[::-1] @ (np.arange(count + 1) - count / 2)
        assert ladder > expected + 1e-3

    def test_random_multiplicities_against_repetition(self, rng):
        for _ in range(50):
            upper, lower = rng.integers(1, 6, size=4), rng.integers(1, 6, size=7)
            upper[-1] += max(lower.sum() - upper.sum(), 0)
            lower[-1] += max(upper.sum() - lower.sum(), 0)
            weights, energies = rng.random((3, 4)), rng.normal(size=7)
            full = np.sort(np.repeat(energies, lower))
            expected = [np.sort(np.repeat(row, upper))[::-1] @ full for row in weights]
            counted = passive_energy(Spectrum.counted(weights, upper), Spectrum.counted(energies, lower))
            logged = passive_energy(Spectrum.logged(weights, np.log(upper)), Spectrum.logged(energies, np.log(lower)))
            assert counted == pytest.approx(expected, rel=1e-12)
            assert logged == pytest.approx(expected, rel=1e-10)

    def test_levels_may_have_a_batch_too(self, rng):
        weights, energies = rng.random((3, 1, 4)), rng.normal(size=(5, 2))
        state, levels = Spectrum.simple(weights), Spectrum.counted(energies, [1, 3])
        found = passive_energy(state, levels)
        assert found.shape == (3, 5)
        for i, j in itertools.product(range(3), range(5)):
            one = np.sort(weights[i, 0])[::-1] @ np.sort(np.repeat(energies[j], [1, 3]))
            assert found[i, j] == pytest.approx(one, rel=1e-12)

    @pytest.mark.parametrize("count", [1100, 2000])
    @pytest.mark.parametrize("excited", [0.1, 0.8])
    def test_exact_integers_beyond_a_float(self, count, excited):
        ups = np.arange(count + 1)
        log_values = ups * math.log(excited) + (count - ups) * math.log(1 - excited)
        logs = Spectrum.counted(np.zeros(count + 1), self.binomial(count))
        state = Spectrum(np.exp(log_values), logs.multiplicity, logs.log_multiplicity, log_values)
        levels = Spectrum.counted(ups - count / 2, self.binomial(count))
        work = state.weights() @ levels.values - passive_energy(state, levels)
        assert work == pytest.approx(count * max(0, 2 * excited - 1), abs=1e-8)

    def test_exact_integers_beyond_a_float_that_do_not_line_up(self):
        """Half of 2^1200 dimensions full: the lower half of the levels is filled evenly."""
        count = 1200
        state = Spectrum.counted([2.0 ** -(count // 2), 0.0], [2 ** (count // 2), 2**count - 2 ** (count // 2)])
        levels = Spectrum.counted(np.arange(count + 1) - count / 2, self.binomial(count))
        left, energy = 2 ** (count // 2), 0
        for k, size in enumerate(self.binomial(count)):
            taken = min(left, size)
            energy, left = energy + taken * (2 * k - count), left - taken
        assert left == 0
        expected = energy / 2 ** (count // 2) / 2
        assert passive_energy(state, levels) == pytest.approx(expected, rel=1e-12)
        by_logs = Spectrum.logged(levels.values, levels.log_multiplicity)
        assert passive_energy(state, by_logs) == pytest.approx(expected, rel=1e-10)

    @pytest.mark.parametrize("excited", [0.0, 0.2, 0.5, 0.8, 1.0])
    @pytest.mark.parametrize("aligned", [True, False])
    def test_a_million_cells(self, excited, aligned, monkeypatch):
        """N equal thermal cells give N times the work of one, where p^k underflows and C(N, k) overflows."""
        if not aligned:
            monkeypatch.setattr("qsb.merit.pairing._ALIGNED_TOLERANCE", -1.0)
        count = 10**6
        ups = np.arange(count + 1.0)
        steps = np.log((count - ups[:-1]) / ups[1:])
        log_counts = np.maximum(np.concatenate([[0.0], np.cumsum(steps)]), 0.0)
        terms = [np.zeros(count + 1), np.zeros(count + 1)]
        for i, (p, n) in enumerate(((excited, ups), (1 - excited, count - ups))):
            terms[i] = n * math.log(p) if p else np.where(n > 0, -np.inf, 0.0)
        state = Spectrum.logged(np.zeros(count + 1), log_counts, terms[0] + terms[1])
        levels = Spectrum.logged(ups - count / 2, log_counts)
        passive = passive_energy(state, levels)
        assert passive == pytest.approx(count * (min(excited, 1 - excited) - 0.5), abs=count * 1e-7)
        work = extractable_work(count * (excited - 0.5), passive, count / 2 * 100)
        assert work == pytest.approx(count * max(0, 2 * excited - 1), abs=count * 1e-7)


class TestKnownFaults:
    """Formulas that public scripts use, what they give, and what is true."""

    def test_populations_in_place_of_energy_give_nothing_for_a_full_cell(self):
        rho = np.diag([1.0, 0.0])
        values, levels = np.sort(np.linalg.eigvalsh(rho))[::-1], np.sort(np.diag(CELL).real)
        wrong = np.sum(values * np.diag(np.diag(levels))) - np.sum(values * levels)
        assert wrong == 0
        assert ergotropy(rho, CELL) == 1.0

    def test_populations_alone_give_nothing_for_a_half_charged_pure_cell(self):
        rho = np.full((2, 2), 0.5)
        energy, excited = 0.5, 0.5
        assert energy - min(excited, 1 - excited) == 0
        assert ergotropy(rho, CELL) == pytest.approx(0.5, abs=1e-12)

    def test_negative_work_raises_and_is_not_clipped(self):
        with pytest.raises(ConvergenceError, match=r"ergotropy is -0\.001.*tolerance"):
            extractable_work(-0.501, -0.5, 0.5)
        assert extractable_work(-0.5 - 1e-12, -0.5, 0.5) == 0.0
        with pytest.raises(ConvergenceError):
            extractable_work([0.0, -0.6, 0.0], -0.5, 0.5)

    def test_a_matrix_with_negative_eigenvalues_is_not_renormalised(self):
        with pytest.raises(StructureError, match=r"eigenvalue of weight -0\.1"):
            ergotropy(np.diag([1.1, -0.1]), CELL)

    def test_symmetric_levels_only_are_another_figure(self):
        """Two equal Dicke weights at N = 2: the ladder hides the dark level."""
        rho = np.zeros((4, 4))
        rho[0, 0] = 0.4
        rho[1:3, 1:3] = 0.15
        rho[3, 3] = 0.3
        ladder = np.diag([0.4, 0.3, 0.3])
        on_ladder = ergotropy(ladder, np.diag([1.0, 0.0, -1.0]))
        assert ergotropy(rho, cells(2)) == pytest.approx(0.1 + 0.4 - 0.0, abs=1e-12)
        assert on_ladder == pytest.approx(0.1 + 0.1, abs=1e-12)

    def test_permutation_blocks_need_their_degeneracy(self):
        """N = 8 full cells under local decay: the blocks of QuTiP's PIQS without multiplicity read 4.4075."""
        piqs = pytest.importorskip("qutip.piqs.piqs")
        count, time = 8, 0.3
        start = piqs.excited(count)
        generator = piqs.Dicke(count, emission=1.0).liouvillian().full()
        vector = start.full().reshape(-1, order="F")
        term = vector
        for order in range(1, 80):
            term = generator @ term * (time / order)
            vector = vector + term
        rho = vector.reshape(start.shape, order="F")
        meter = piqs.jspin(count, "z").full()
        assert ergotropy(rho, meter) == pytest.approx(4.4075, abs=5e-5)
        blocks, energies, degeneracy, at = [], [], [], 0
        for spin in np.arange(count / 2, -0.5, -1):
            size = int(2 * spin + 1)
            part = slice(at, at + size)
            many = int(piqs.state_degeneracy(count, spin))
            blocks.append(rho[part, part] / many)
            energies.append(meter[part, part])
            degeneracy.append(many)
            at += size
        state, full = Blocks(tuple(blocks), tuple(degeneracy)), Blocks(tuple(energies), tuple(degeneracy))
        assert state.dimension == 2**count
        expected = count * (2 * math.exp(-time) - 1)
        assert expected == pytest.approx(3.8531, abs=5e-5)
        # PIQS itself loses 3e-9 of the trace here: its rates are rounded.
        assert ergotropy(state, full) == pytest.approx(expected, abs=1e-8)


class TestWhatIsAccepted:
    """Qobj, arrays, sparse matrices and Blocks give one answer."""

    def test_qobj(self):
        qutip = pytest.importorskip("qutip")
        meter = qutip.Qobj(CELL)
        rho = qutip.Qobj(qubit(0.3, -0.4, 0.5))
        assert ergotropy(rho, meter) == pytest.approx(0.6035533906, abs=1e-10)
        assert isinstance(float(ergotropy(qutip.basis(2, 0), meter)), float)
        assert ergotropy(qutip.basis(2, 0), meter) == pytest.approx(1.0)
        two = qutip.tensor(qutip.basis(2, 0), (qutip.basis(2, 0) + qutip.basis(2, 1)).unit())
        full = qutip.Qobj(cells(2), dims=[[2, 2], [2, 2]])
        pinched = pinch(two, full)
        assert isinstance(pinched, qutip.Qobj)
        assert pinched.dims == [[2, 2], [2, 2]]
        assert ergotropy_parts(two, full) == pytest.approx((1.0, 0.5), abs=1e-12)
        with pytest.raises(SpecError, match="rho has shape"):
            ergotropy(qutip.basis(2, 0).dag(), meter)

    def test_sparse_and_lists(self):
        assert ergotropy([0.0, 1.0], scipy.sparse.csr_matrix(CELL)) == 0.0
        assert ergotropy([[1.0, 0.0], [0.0, 0.0]], CELL.tolist()) == 1.0

    def test_blocks_with_levels_on_the_null_part(self, rng):
        """Symmetric states of three cells: the two doublets are levels of H but empty in the state."""
        psi = rng.normal(size=(6, 4)) + 1j * rng.normal(size=(6, 4))
        psi /= np.linalg.norm(psi, axis=-1, keepdims=True)
        state = Blocks((Factor(psi[..., None]),), (1,), null=4)
        meter = Blocks((np.diag([1.5, 0.5, -0.5, -1.5]), CELL), (1, 2))
        energy = (np.abs(psi) ** 2) @ [1.5, 0.5, -0.5, -1.5]
        assert np.allclose(ergotropy(state, meter), energy + 1.5, atol=1e-12)

    def test_a_state_slightly_off_hermitian_is_taken_at_its_hermitian_part(self):
        rho = qubit(0.3, 0.0, 0.0) + np.array([[0, 1e-9], [0, 0]])
        assert ergotropy(rho, CELL) == pytest.approx(0.15, abs=1e-8)

    @pytest.mark.parametrize(
        ("rho", "meter", "error", "words"),
        [
            (np.array([[0.5, 0.5], [0.0, 0.5]]), CELL, StructureError, "rho is not Hermitian"),
            (np.eye(2) / 2, np.array([[0, 1], [0, 0]]), StructureError, "H is not Hermitian"),
            (np.eye(2) / 2, np.diag([1j, 0]), StructureError, "H is not Hermitian"),
            (np.eye(2), CELL, StructureError, "trace 2"),
            (np.array([1.0, 1.0]), CELL, StructureError, "trace 2"),
            (np.array([[np.nan, 0], [0, 1]]), CELL, SpecError, "rho contains NaN"),
            (np.eye(2) / 2, np.diag([np.inf, 0]), SpecError, "H contains NaN or infinity"),
            (np.eye(3) / 3, CELL, SpecError, r"rho has shape \(3, 3\) and H has dimension 2"),
            (np.eye(2) / 2, np.ones(2), SpecError, "H has shape"),
            (np.eye(2) / 2, "sz", SpecError, "H is a str"),
            (Blocks.dense(np.eye(3) / 3), CELL, SpecError, "3x1 and the operator 2x1"),
        ],
    )
    def test_what_is_refused(self, rho, meter, error, words):
        with pytest.raises(error, match=words):
            ergotropy(rho, meter)

    def test_dimensions_must_agree_with_all_zeros_counted(self):
        levels = Spectrum.counted([0.0, 1.0], [1, 3])
        with pytest.raises(SpecError, match=r"dimension 2 and the levels 4.*zeros too"):
            passive_energy(Spectrum.simple([1.0, 0.0]), levels)
        with pytest.raises(SpecError, match="levels 4"):
            capacity(Spectrum.logged([1.0, 0.0], [0.0, 0.0]), levels)
        with pytest.raises(SpecError, match="exp"):
            passive_energy(Spectrum.counted([1.0, 0.0], [1, 2**200]), Spectrum.counted([0.0], [2**201]))

    def test_local_ergotropy_refuses_what_does_not_fit(self):
        with pytest.raises(SpecError, match="do not fit"):
            local_ergotropy(np.eye(2) / 2, CELL, [1])
        with pytest.raises(SpecError, match="counts"):
            local_ergotropy(np.eye(2)[None] / 2, CELL[None], [1, 1])
        with pytest.raises(SpecError, match="counts"):
            local_ergotropy(np.eye(2)[None] / 2, CELL[None], [-1])

    def test_nan_energy_is_refused(self):
        with pytest.raises(SpecError, match="NaN"):
            extractable_work(np.nan, 0.0, 1.0)
