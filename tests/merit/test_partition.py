"""Work by blocks of cells, from local to global; the ergotropic gap; the numbers of O5."""

import itertools
import math
from typing import ClassVar

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from qsb.errors import SpecError, StructureError
from qsb.merit.ergotropy import anti_ergotropy, ergotropy
from qsb.merit.partition import ergotropic_gap, k_local_ergotropy

SEEDS = st.integers(0, 2**32 - 1)
CELL = np.diag([0.5, -0.5])
UP, DOWN = np.eye(2)


def ket(*levels):
    """Return a basis state; 0 is up, 1 is down."""
    out = np.ones(1)
    for level in levels:
        out = np.kron(out, (UP, DOWN)[level])
    return out


def random_state(rng, size, rank):
    """Return a random density matrix."""
    f = rng.normal(size=(size, rank)) + 1j * rng.normal(size=(size, rank))
    rho = f @ f.conj().T
    return rho / np.trace(rho).real


def meter(cells):
    """Return the sum of cells' Hamiltonians."""
    out = np.zeros((1, 1))
    for h in cells:
        out = np.kron(out, np.eye(len(h))) + np.kron(np.eye(len(out)), h)
    return out


def partitions(items):
    """Yield all set partitions."""
    if not items:
        yield []
        return
    first, *rest = items
    for k in range(len(rest) + 1):
        for more in itertools.combinations(rest, k):
            for others in partitions([i for i in rest if i not in more]):
                yield [(first, *more), *others]


SINGLET = (ket(0, 1) - ket(1, 0)) / math.sqrt(2)
BELL = (ket(0, 0) + ket(1, 1)) / math.sqrt(2)


def w_state(n):
    """Return one excitation shared by n cells."""
    return sum(ket(*(int(i != j) for i in range(n))) for j in range(n)) / math.sqrt(n)


def ghz(n):
    """Return all up plus all down."""
    return (ket(*[0] * n) + ket(*[1] * n)) / math.sqrt(2)


class TestPrinted:
    """O5 and O7: global against local, at the accuracy it is printed with."""

    CASES: ClassVar = {
        "bell": (BELL, 1, 0),
        "singlet": (SINGLET, 1, 0),
        "tilted 0.9": (math.cos(0.9) * ket(1, 1) + math.sin(0.9) * ket(0, 0), 1.2272020947, 0.4544041894),
        "tilted 0.3": (math.cos(0.3) * ket(1, 1) + math.sin(0.3) * ket(0, 0), 0.1746643851, 0),
        "plus plus": (np.full(4, 0.5), 1, 1),
        "ghz 3": (ghz(3), 1.5, 0),
        "ghz 6": (ghz(6), 3, 0),
        "w 2": (w_state(2), 1, 0),
        "w 3": (w_state(3), 1, 0),
        "w 5": (w_state(5), 1, 0),
    }

    @pytest.mark.parametrize("name", CASES)
    def test_global_local_and_gap(self, name):
        psi, work, alone = self.CASES[name]
        n = round(math.log2(len(psi)))
        cells = [CELL] * n
        assert k_local_ergotropy(psi, cells, n) == pytest.approx(work, abs=6e-11)
        assert k_local_ergotropy(psi, cells, 1) == pytest.approx(alone, abs=6e-11)
        assert ergotropic_gap(psi, cells) == pytest.approx(work - alone, abs=1.2e-10)

    @pytest.mark.parametrize("share", [0.0, 0.35, 1.0])
    def test_werner(self, share):
        rho = share * np.outer(SINGLET, SINGLET) + (1 - share) * np.eye(4) / 4
        assert k_local_ergotropy(rho, [CELL] * 2, 2) == pytest.approx(share, abs=1e-12)
        assert k_local_ergotropy(rho, [CELL] * 2, 1) == 0.0
        assert ergotropic_gap(rho, [CELL] * 2) == pytest.approx(share, abs=1e-12)
        # O6: C = 2 x, the sum of what comes out and what still goes in
        capacity = ergotropy(rho, meter([CELL] * 2)) + anti_ergotropy(rho, meter([CELL] * 2))
        assert capacity == pytest.approx(2 * share, abs=1e-12)

    def test_even_mixture_of_full_and_empty(self):
        rho = np.diag([0.5, 0, 0, 0.5])
        assert k_local_ergotropy(rho, [CELL] * 2, 2) == pytest.approx(0.5, abs=1e-12)
        assert ergotropic_gap(rho, [CELL] * 2) == pytest.approx(0.5, abs=1e-12)

    def test_ghz_in_between(self):
        """k < N cells of a GHZ state are an even mixture of all up and all down, E = 0, passive energy 1/2 - k/2."""
        for k in (2, 3, 4):
            found = k_local_ergotropy(ghz(5), [CELL] * 5, [tuple(range(k)), *((i,) for i in range(k, 5))])
            assert found == pytest.approx(k / 2 - 0.5, abs=1e-12)
        # two and two and one; three and two; four and one
        assert [k_local_ergotropy(ghz(5), [CELL] * 5, k) for k in range(1, 6)] == pytest.approx([0, 1, 1.5, 1.5, 2.5])


class TestGap:
    """What the gap says and does not say."""

    def test_product_of_pure_states_has_none(self, rng):
        psi = np.ones(1)
        for _ in range(3):
            one = rng.normal(size=2) + 1j * rng.normal(size=2)
            psi = np.kron(psi, one / np.linalg.norm(one))
        assert ergotropic_gap(psi, [CELL] * 3) == pytest.approx(0.0, abs=1e-12)

    def test_unlike_mixed_cells_have_one_without_any_correlation(self):
        """Excited 0.1 at gap 1, 0.45 at gap 1.1: the level of du, higher by 0.1, holds .405 and that of ud .055."""
        rho = np.kron(np.diag([0.1, 0.9]), np.diag([0.45, 0.55]))
        gap = ergotropic_gap(rho, [CELL, 1.1 * CELL])
        assert gap == pytest.approx((0.405 - 0.055) * 0.1, abs=1e-12)

    def test_alike_mixed_qubits_have_none(self):
        rho = np.diag([0.3, 0.7])
        assert ergotropic_gap(np.kron(np.kron(rho, rho), rho), [CELL] * 3) == 0.0


class TestProperties:
    """Order under refinement, all partitions, and matrices written out."""

    @settings(max_examples=15)
    @given(seed=SEEDS, rank=st.integers(1, 8))
    def test_coarser_never_gives_less_and_the_best_is_the_best(self, seed, rank):
        rng = np.random.default_rng(seed)
        cells = [np.diag(rng.normal(size=2)) for _ in range(4)]
        rho = random_state(rng, 16, rank)
        every = {tuple(sorted(p)): k_local_ergotropy(rho, cells, p) for p in partitions([0, 1, 2, 3])}
        assert len(every) == 15
        for fine, coarse in itertools.permutations(every, 2):
            if all(any(set(a) <= set(b) for b in coarse) for a in fine):
                assert every[fine] <= every[coarse] + 1e-10
        works = [k_local_ergotropy(rho, cells, k) for k in (1, 2, 3, 4)]
        for k, work in enumerate(works, start=1):
            best = max(w for p, w in every.items() if max(map(len, p)) <= k)
            assert work == pytest.approx(best, abs=1e-10)
        assert works[3] == pytest.approx(ergotropy(rho, meter(cells)), abs=1e-10)
        assert ergotropic_gap(rho, cells) == pytest.approx(works[3] - works[0], abs=1e-10)

    @given(seed=SEEDS)
    def test_no_product_of_unitaries_extracts_more(self, seed):
        rng = np.random.default_rng(seed)
        cells = [np.diag([0.0, 1.0, 1.5]), CELL, np.array([[0.1, 0.3], [0.3, -0.2]])]
        rho, h = random_state(rng, 12, 2), meter(cells)
        limit = k_local_ergotropy(rho, cells, [(0, 1), (2,)])
        for _ in range(5):
            a, b = (np.linalg.qr(rng.normal(size=(d, d)) + 1j * rng.normal(size=(d, d)))[0] for d in (6, 2))
            u = np.kron(a, b)
            assert np.trace((rho - u @ rho @ u.conj().T) @ h).real <= limit + 1e-10

    def test_blocks_of_cells_that_are_no_neighbours(self):
        """Two Bell pairs of cells (0, 2) and (1, 3)."""
        psi = np.einsum("ac,bd->abcd", BELL.reshape(2, 2), BELL.reshape(2, 2)).ravel()
        assert k_local_ergotropy(psi, [CELL] * 4, [(2, 0), (3, 1)]) == pytest.approx(2.0, abs=1e-12)
        assert k_local_ergotropy(psi, [CELL] * 4, [(0, 1), (2, 3)]) == pytest.approx(0.0, abs=1e-12)
        assert k_local_ergotropy(psi, [CELL] * 4, 2) == pytest.approx(2.0, abs=1e-12)

    def test_a_batch_and_a_qobj(self, rng):
        rho = np.array([random_state(rng, 8, 3) for _ in range(4)])
        cells = [CELL, 2 * CELL, CELL]
        for blocks in (1, 2, 3, [(0, 2), (1,)]):
            found = k_local_ergotropy(rho, cells, blocks)
            assert list(found) == pytest.approx([k_local_ergotropy(r, cells, blocks) for r in rho], abs=1e-12)
        qutip = pytest.importorskip("qutip")
        one = qutip.Qobj(rho[0], dims=[[2, 2, 2], [2, 2, 2]])
        assert k_local_ergotropy(one, [qutip.Qobj(c) for c in cells], 2) == pytest.approx(
            k_local_ergotropy(rho[0], cells, 2), abs=1e-12
        )

    @pytest.mark.parametrize(
        ("blocks", "words"),
        [
            (0, "k is 0"),
            (4, "k is 4"),
            ([(0, 1)], "each of the cells"),
            ([(0, 1), (1, 2)], "each of the cells"),
            ([(0, 1), (2,), ()], "each of the cells"),
        ],
    )
    def test_refused(self, blocks, words):
        with pytest.raises(SpecError, match=words):
            k_local_ergotropy(ghz(3), [CELL] * 3, blocks)

    def test_more_is_refused(self):
        with pytest.raises(SpecError, match="rho has shape"):
            k_local_ergotropy(BELL, [CELL] * 3, 1)
        with pytest.raises(SpecError, match="cell 1 has shape"):
            k_local_ergotropy(BELL, [CELL, np.ones(2)], 1)
        with pytest.raises(StructureError, match="H is not Hermitian"):
            k_local_ergotropy(BELL, [CELL, [[0, 1], [0, 0]]], 1)
        with pytest.raises(SpecError, match="no cells"):
            ergotropic_gap(BELL, [])
        with pytest.raises(SpecError, match="too many to search"):
            k_local_ergotropy(np.eye(2**11)[0], [CELL] * 11, 2)
