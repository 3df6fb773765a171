"""n copies, infinitely many, and which states are passive: closed forms, brute force, and properties."""

import itertools
import math
import time

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.optimize import brentq

from qsb.algebra.blocks import Blocks, Spectrum
from qsb.algebra.copies import Copies
from qsb.errors import SpecError, StructureError
from qsb.merit import passivity
from qsb.merit.ergotropy import ergotropy
from qsb.merit.gibbs import entropic_energy, entropy_deficit
from qsb.merit.pairing import _log_cumsum
from qsb.merit.passivity import (
    asymptotic_ergotropy,
    asymptotic_work,
    copied,
    is_completely_passive,
    is_passive,
    n_copy_ergotropy,
    virtual_temperatures,
)

SEEDS = st.integers(0, 2**32 - 1)
CELL = np.diag([0.5, -0.5])


def random_state(rng, size, rank=None):
    """Return a random density matrix."""
    f = rng.normal(size=(size, rank or size)) + 1j * rng.normal(size=(size, rank or size))
    rho = f @ f.conj().T
    return rho / np.trace(rho).real


def random_meter(rng, size):
    """Return a random Hamiltonian."""
    h = rng.normal(size=(size, size)) + 1j * rng.normal(size=(size, size))
    return h + h.conj().T


def gibbs(levels, beta):
    """Return the Gibbs populations."""
    p = np.exp(-beta * (np.asarray(levels) - np.min(levels)))
    return p / p.sum()


def brute(rho, h, copies):
    """Return the work of n copies from matrices of dimension d^n."""
    d = len(h)
    state, meter = np.eye(1), np.zeros((1, 1))
    for _ in range(copies):
        meter = np.kron(meter, np.eye(d)) + np.kron(np.eye(len(meter)), h)
        state = np.kron(state, rho)
    r, e = np.linalg.eigvalsh(state)[::-1], np.linalg.eigvalsh(meter)
    return np.trace(state @ meter).real - r @ e


ROW1 = np.diag([0.5, 0.5, 0.0])
ROW2, LEVELS2 = np.diag([0.538, 0.237, 0.224]) / 0.999, np.diag([0, 0.579, 1])
ROW3 = np.diag([0.7, 0.2, 0.1])
LADDER = np.diag([0.0, 1.0, 2.0])


class TestPrinted:
    """O4 at the accuracy it is printed with."""

    @pytest.mark.parametrize(("n", "work"), list(enumerate([0, 0, 1 / 8, 5 / 16, 3 / 8, 9 / 16], start=1)))
    def test_two_of_three_levels(self, n, work):
        assert n_copy_ergotropy(ROW1, LADDER, n) == pytest.approx(work, abs=1e-12)

    @pytest.mark.parametrize(
        ("n", "each"),
        list(enumerate([0, 0, 0.0012031167, 0.0030818323, 0.0042502716, 0.0046379193, 0.0052699144, 0.0057266726], 1)),
    )
    def test_three_levels(self, n, each):
        assert n_copy_ergotropy(ROW2, LEVELS2, n) / n == pytest.approx(each, abs=6e-11)

    def test_five_copies_wake_what_four_do_not(self):
        works = [n_copy_ergotropy(ROW3, LADDER, n) for n in range(1, 6)]
        assert works == pytest.approx([0, 0, 0, 0, 5 * 3.4e-5], abs=1e-14)
        assert asymptotic_ergotropy(ROW3, LADDER) == pytest.approx(0.0047397928, abs=6e-11)

    @pytest.mark.parametrize("excited", [0.0, 0.1, 0.4, 0.5])
    def test_passive_qubits_are_completely_passive(self, excited):
        rho = np.diag([excited, 1 - excited])
        for n in (1, 2, 5, 40):
            assert n_copy_ergotropy(rho, CELL, n) == pytest.approx(0, abs=1e-12)
        assert asymptotic_ergotropy(rho, CELL) == pytest.approx(0, abs=1e-12)
        assert is_completely_passive(rho, CELL)


class TestHundredThousandCopies:
    """A hundred thousand copies: in a fraction of a second, near their limit, or refused at once."""

    #: two eigenvalues and two levels, of unlike multiplicities
    RHO, H = np.diag([0.45, 0.45, 0.1]), np.diag([0.0, 1.0, 1.0])

    def test_exact_and_logarithmic_multiplicities_meet(self, monkeypatch):
        logs = [n_copy_ergotropy(self.RHO, self.H, n) for n in (40, 100, 300)]
        monkeypatch.setattr(passivity, "_LARGEST_EXACT", math.inf)
        exact = [n_copy_ergotropy(self.RHO, self.H, n) for n in (40, 100, 300)]
        np.testing.assert_allclose(logs, exact, rtol=1e-13)

    def test_the_limit(self):
        # an n-copy passive state falls short of the Gibbs state of equal entropy by order ln n/n
        limit, copies = asymptotic_ergotropy(self.RHO, self.H), np.array([1000, 10_000, 100_000])
        start = time.process_time()
        each = np.array([n_copy_ergotropy(self.RHO, self.H, int(n)) / n for n in copies])
        assert time.process_time() - start < 5.0
        short = limit - each
        assert np.all(short > 0)
        np.testing.assert_array_less(short, 0.03 * np.log(copies) / copies)
        assert short[-1] == pytest.approx(1.526e-6, rel=1e-3)

    def test_logarithms_of_multinomials(self):
        types = np.array([[7, 0, 3], [1, 1, 1], [30, 20, 50], [0, 0, 9]])
        for shares in types:
            n = int(shares.sum())
            exact = math.factorial(n) // math.prod(math.factorial(int(k)) for k in shares) * 2 ** int(shares[1])
            found = passivity._log_counts(shares[None, :], np.log([1.0, 2.0, 1.0]))[0]
            assert found == pytest.approx(math.log(exact), rel=1e-14, abs=1e-14)

    def test_cumulated_logarithms_keep_the_smallest(self):
        logs = np.array([0.0, 3.0, 900.0, 900.5, 2.0, 5000.0, 4999.0])
        expected = np.logaddexp.accumulate(logs)
        np.testing.assert_allclose(_log_cumsum(logs), expected, rtol=1e-15)

    def test_pairs_of_levels_at_any_number(self):
        rho = np.diag([0.7, 0.3])
        assert n_copy_ergotropy(rho, CELL, 10**9) == pytest.approx(0.4e9, rel=1e-14)
        assert n_copy_ergotropy(np.diag([0.3, 0.7]), CELL, 10**9) == 0.0

    @pytest.mark.parametrize("copies", [10**6, 10**9, 2**60])
    def test_too_many_are_refused_at_once(self, copies):
        start = time.process_time()
        with pytest.raises(SpecError, match=r"types|which floats do not count"):
            n_copy_ergotropy(self.RHO, self.H, copies)
        assert time.process_time() - start < 0.1

    def test_a_large_batch_is_refused(self):
        with pytest.raises(SpecError, match="fewer states at once"):
            n_copy_ergotropy(np.broadcast_to(ROW3, (1000, 3, 3)), LEVELS2, 500)


class TestAgainstMatrices:
    """Types and multinomials give what the matrices of n copies give."""

    @given(seed=SEEDS, size=st.integers(2, 4), copies=st.integers(1, 4), rank=st.integers(1, 4))
    def test_n_copies(self, seed, size, copies, rank):
        rng = np.random.default_rng(seed)
        rho, h = random_state(rng, size, min(rank, size)), random_meter(rng, size)
        expected = brute(rho, h, copies)
        assert n_copy_ergotropy(rho, h, copies) == pytest.approx(expected, abs=1e-10 * copies)

    @given(seed=SEEDS, size=st.integers(3, 4), copies=st.integers(2, 4))
    def test_logarithms_of_multiplicities(self, seed, size, copies):
        rng = np.random.default_rng(seed)
        rho, h = random_state(rng, size, size - 1), random_meter(rng, size)
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(passivity, "_LARGEST_EXACT", 0.0)
            assert n_copy_ergotropy(rho, h, copies) == pytest.approx(brute(rho, h, copies), abs=1e-10 * copies)

    def test_degenerate_eigenvalues_and_levels_are_counted_together(self):
        rho, h = np.diag([0.4, 0.4, 0.1, 0.1]), np.diag([1.0, 0.0, 0.0, 2.0])
        for n in (2, 3, 4):
            assert n_copy_ergotropy(rho, h, n) == pytest.approx(brute(rho, h, n), abs=1e-12)
        assert copied(Spectrum.simple(np.diag(rho)), 3).values.shape == (4,)
        assert copied(Spectrum.simple(np.diag(rho)), 3).dimension == 4**3

    def test_blocks_with_null_levels(self):
        """One symmetric qutrit in the four dimensions of two cells."""
        state = Blocks((np.diag([0.3, 0.6, 0.1]),), (1,), null=1)
        meter = Blocks((np.diag([1.0, 0.0, -1.0]), np.zeros((1, 1))), (1, 1))
        whole, h = np.diag([0.3, 0.6, 0.1, 0.0]), np.diag([1.0, 0.0, -1.0, 0.0])
        for n in (1, 2, 3):
            assert n_copy_ergotropy(state, meter, n) == pytest.approx(brute(whole, h, n), abs=1e-12)
        assert asymptotic_ergotropy(state, meter) == pytest.approx(asymptotic_ergotropy(whole, h), abs=1e-12)

    def test_a_batch(self, rng):
        rho = np.array([random_state(rng, 3) for _ in range(5)])
        h = random_meter(rng, 3)
        for function in (asymptotic_ergotropy, lambda r, x: n_copy_ergotropy(r, x, 3), is_passive):
            together = function(rho, h)
            assert together.shape == (5,)
            assert list(together) == pytest.approx([function(r, h) for r in rho], abs=1e-12)

    def test_qobj_and_kets(self):
        qutip = pytest.importorskip("qutip")
        h = qutip.Qobj(LADDER)
        assert n_copy_ergotropy(qutip.Qobj(ROW3), h, 5) == pytest.approx(5 * 3.4e-5, abs=1e-12)
        assert asymptotic_ergotropy(qutip.basis(3, 2), h) == 2.0
        assert is_passive(qutip.basis(3, 0), h)
        assert not is_passive(qutip.basis(3, 1), h)

    def test_small_eigenvalues_of_many_copies_do_not_vanish(self):
        """p^n below 1e-300 keeps its logarithm: W_n/n still rises to its limit."""
        works = [n_copy_ergotropy(np.diag([0.999, 0.00099, 0.00001]), LADDER, n) / n for n in (50, 100, 120)]
        limit = asymptotic_ergotropy(np.diag([0.999, 0.00099, 0.00001]), LADDER)
        assert 0 < works[0] < works[1] < works[2] < limit


class TestManyCopies:
    """The limit, and that it is one."""

    @given(seed=SEEDS, size=st.integers(2, 5), rank=st.integers(1, 5))
    def test_it_is_never_below_any_number_of_copies(self, seed, size, rank):
        rng = np.random.default_rng(seed)
        rho, h = random_state(rng, size, min(rank, size)), random_meter(rng, size)
        limit = asymptotic_ergotropy(rho, h)
        energy = np.trace(rho @ h).real
        assert limit <= energy - np.linalg.eigvalsh(h)[0] + 1e-10
        for n in (1, 2, 4):
            assert n_copy_ergotropy(rho, h, n) / n <= limit + 1e-10

    def test_the_limit_is_approached(self):
        limit = asymptotic_ergotropy(ROW3, LADDER)
        gaps = [limit - n_copy_ergotropy(ROW3, LADDER, n) / n for n in (20, 40, 80, 160)]
        assert all(b < a for a, b in itertools.pairwise(gaps))
        assert 0 < gaps[-1] < 0.07 * limit

    @given(seed=SEEDS, size=st.integers(2, 6))
    def test_against_a_search_for_the_temperature(self, seed, size):
        rng = np.random.default_rng(seed)
        p, e = rng.dirichlet(np.ones(size)), np.sort(rng.normal(size=size))

        def entropy(q):
            return -sum(x * math.log(x) for x in q if x > 0)

        beta = brentq(lambda b: entropy(gibbs(e, b)) - entropy(p), 0.0, 600 / (e[1] - e[0]), xtol=1e-13)
        expected = p @ e - gibbs(e, beta) @ e
        found = asymptotic_work(p @ e, Spectrum.simple(p), Spectrum.simple(e))
        assert found == pytest.approx(expected, abs=2e-8)

    @pytest.mark.parametrize("beta", [0.0, 1e-13, 1e-9, 1e-5, 0.01, 1.0, 7.0, 30.0, 700.0])
    def test_gibbs_states_give_their_own_temperature(self, beta):
        """Close to the most mixed state too, where entropies alone have lost half of their digits."""
        e = np.array([-0.3, 0.1, 0.1, 0.9, 2.0])
        state, levels = Spectrum.simple(gibbs(e, beta)), Spectrum.simple(e)
        energy, found = entropic_energy(state, levels)
        assert energy == pytest.approx(gibbs(e, beta) @ e, abs=1e-14)
        if 1e-9 <= beta <= 30:
            assert found == pytest.approx(beta, rel=1e-6)
        assert is_completely_passive(np.diag(gibbs(e, beta)), np.diag(e))

    def test_the_lowest_level_and_the_most_mixed_state(self):
        h = np.diag([0.0, 0.0, 1.0])
        assert asymptotic_ergotropy(np.diag([0.9, 0.1, 0.0]), h) == 0.0
        assert is_completely_passive(np.diag([0.9, 0.1, 0.0]), h)
        assert entropic_energy(Spectrum.simple([0.5, 0.5, 0.0]), Spectrum.simple([0.0, 0.0, 1.0]))[1] == np.inf
        assert entropic_energy(Spectrum.simple([1 / 3] * 3), Spectrum.simple([0.0, 0.0, 1.0]))[1] == pytest.approx(0)
        assert asymptotic_ergotropy(np.diag([0.2, 0.3, 0.5]), np.eye(3)) == 0.0

    @pytest.mark.parametrize("count", [1, 3, 50])
    def test_alike_cells_are_closed_at_any_number(self, count):
        state, levels = Copies(Spectrum.simple([0.8, 0.2]), count), Copies(Spectrum.simple([-0.5, 0.5]), count, True)
        energy, beta = entropic_energy(state, levels)
        assert energy == pytest.approx(-0.3 * count, abs=1e-12 * count)
        assert beta == pytest.approx(math.log(4), rel=1e-10)
        wide, same = entropic_energy(state.expand(), levels.expand())
        assert wide == pytest.approx(energy, abs=1e-11 * count)
        assert same == pytest.approx(beta, rel=1e-10)
        assert asymptotic_work(
            0.3 * 10**6, Copies(Spectrum.simple([0.8, 0.2]), 10**6), Copies(Spectrum.simple([-0.5, 0.5]), 10**6, True)
        ) == pytest.approx(0.6 * 10**6, rel=1e-12)

    @given(seed=SEEDS, size=st.integers(1, 8))
    def test_the_deficit_is_ln_d_minus_the_entropy(self, seed, size):
        p = np.random.default_rng(seed).dirichlet(np.ones(size) * 0.5)
        expected = math.log(size) + sum(x * math.log(x) for x in p if x > 0)
        assert entropy_deficit(Spectrum.simple(p)) == pytest.approx(expected, abs=1e-13)

    def test_the_deficit_of_a_nearly_mixed_state_has_all_its_digits(self):
        small = 2.0**-30
        found = entropy_deficit(Spectrum.simple([0.5 * (1 + small), 0.5 * (1 - small)]))
        assert found == pytest.approx(small**2 / 2, rel=1e-6)


class TestPassive:
    """What is passive, and what stays so."""

    @given(seed=SEEDS, size=st.integers(2, 6))
    def test_the_passive_state_of_any_state_is_passive_and_gibbs_states_completely(self, seed, size):
        rng = np.random.default_rng(seed)
        h = random_meter(rng, size)
        e, u = np.linalg.eigh(h)
        p = np.sort(rng.dirichlet(np.ones(size)))[::-1]
        passive, thermal = (u * p) @ u.conj().T, (u * gibbs(e, 0.7)) @ u.conj().T
        assert is_passive(passive, h)
        assert is_passive(thermal, h)
        assert is_completely_passive(thermal, h)
        assert not is_passive((u * p[::-1]) @ u.conj().T, h)

    def test_passive_but_not_completely(self):
        for rho, h in ((ROW1, LADDER), (ROW2, LEVELS2), (ROW3, LADDER)):
            assert is_passive(rho, h)
            assert not is_completely_passive(rho, h)

    def test_coherence_is_not_passive(self):
        assert not is_passive([[0.3, 0.1], [0.1, 0.7]], CELL)

    def test_sorting_energies_the_wrong_way_is_seen(self):
        """Negative control: the anti-passive state is no passive one."""
        assert not is_passive(np.diag([0.1, 0.2, 0.7]), LADDER)


class TestVirtualTemperatures:
    """One for each pair of levels; all agree in Gibbs states alone."""

    def test_closed_form(self):
        t = virtual_temperatures(ROW3, LADDER)
        assert t[0, 1] == pytest.approx(1 / math.log(3.5))
        assert t[1, 2] == pytest.approx(1 / math.log(2))
        assert t[0, 2] == pytest.approx(2 / math.log(7))
        assert np.isnan(np.diag(t)).all()
        assert np.array_equal(t, t.T, equal_nan=True)

    @given(seed=SEEDS, size=st.integers(2, 6), temperature=st.floats(0.2, 5))
    def test_gibbs_states_have_one(self, seed, size, temperature):
        rng = np.random.default_rng(seed)
        h = random_meter(rng, size) / size
        e, u = np.linalg.eigh(h)
        t = virtual_temperatures((u * gibbs(e, 1 / temperature)) @ u.conj().T, h)
        assert t[~np.eye(size, dtype=bool)] == pytest.approx(temperature, rel=1e-4)

    def test_inverted_equal_and_empty_pairs(self):
        t = virtual_temperatures(np.diag([0.2, 0.4, 0.4, 0.0, 0.0]), np.diag([0.0, 1.0, 2.0, 3.0, 4.0]))
        assert t[0, 1] < 0
        assert np.isinf(t[1, 2])
        assert t[0, 3] == 0
        assert np.isnan(t[3, 4])

    def test_a_degenerate_level_is_read_in_the_eigenbasis_of_the_state(self):
        rho = np.zeros((3, 3))
        rho[0, 0], rho[1:, 1:] = 0.5, [[0.25, 0.15], [0.15, 0.25]]
        t = virtual_temperatures(rho, np.diag([0.0, 1.0, 1.0]))
        assert sorted(t[0, 1:]) == pytest.approx(sorted([1 / math.log(0.5 / 0.4), 1 / math.log(0.5 / 0.1)]))
        assert np.isnan(t[1, 2])

    def test_coherence_is_refused(self):
        with pytest.raises(StructureError, match=r"coherence 0\.1"):
            virtual_temperatures([[0.3, 0.1], [0.1, 0.7]], CELL)
        with pytest.raises(SpecError, match="one matrix"):
            virtual_temperatures(Blocks((np.eye(2) / 4,) * 2, (1, 1)), Blocks((CELL, CELL), (1, 1)))


class TestRefused:
    """What has no answer."""

    @pytest.mark.parametrize("copies", [0, -1, 1.5, True])
    def test_copies(self, copies):
        with pytest.raises(SpecError, match="whole number"):
            n_copy_ergotropy(ROW3, LADDER, copies)

    def test_too_many_types(self):
        with pytest.raises(SpecError, match="types, and the limit"):
            n_copy_ergotropy(np.diag(np.arange(1, 9) / 36), np.diag(np.arange(8.0)), 40)

    def test_logarithms_alone(self):
        with pytest.raises(SpecError, match="exact multiplicities"):
            copied(Spectrum.logged([0.5], [math.log(2)]), 2)

    def test_a_batch_of_hamiltonians(self):
        with pytest.raises(SpecError, match="one Hamiltonian"):
            n_copy_ergotropy(ROW3, np.stack([LADDER] * 2), 2)
        with pytest.raises(SpecError, match="one Hamiltonian"):
            asymptotic_ergotropy(ROW3, np.stack([LADDER] * 2))

    def test_dimensions(self):
        with pytest.raises(SpecError, match="exp"):
            entropic_energy(Spectrum.simple([1.0]), Spectrum.simple([0.0, 1.0]))
        with pytest.raises(SpecError, match="must serve all"):
            entropic_energy(Spectrum.simple([1.0, 0.0]), Spectrum.simple([[0.0, 1.0]]))

    def test_one_copy_is_the_ergotropy(self, rng):
        rho, h = random_state(rng, 4), random_meter(rng, 4)
        assert n_copy_ergotropy(rho, h, 1) == pytest.approx(ergotropy(rho, h), abs=1e-12)
