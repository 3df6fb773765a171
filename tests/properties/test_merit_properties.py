"""Properties that every figure of merit has, on random states; and negative controls that break them."""

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from qsb.algebra.blocks import Blocks, Factor, Spectrum
from qsb.errors import ConvergenceError
from qsb.merit.correlation import entropy, purity
from qsb.merit.ergotropy import (
    anti_ergotropy,
    anti_passive_energy,
    capacity,
    ergotropy,
    ergotropy_parts,
    extractable_work,
    local_ergotropy,
    passive_energy,
)

SEEDS = st.integers(0, 2**32 - 1)
SIZES = st.integers(1, 7)
TOLERANCE = 1e-10


def complex_normal(rng, *shape):
    """Return complex Gaussian numbers."""
    return rng.normal(size=shape) + 1j * rng.normal(size=shape)


def state_of(rng, size, rank):
    """Return a random state of at most the given rank."""
    factor = complex_normal(rng, size, rank)
    rho = factor @ factor.conj().T
    return rho / np.trace(rho).real


def meter_of(rng, size, degenerate):
    """Return a random Hamiltonian, with repeated levels if asked for."""
    levels = rng.integers(-1, 2, size=size).astype(float) if degenerate else rng.normal(size=size)
    turn = unitary_of(rng, size)
    return (turn * levels) @ turn.conj().T


def unitary_of(rng, size):
    """Return a random unitary."""
    return np.linalg.qr(complex_normal(rng, size, size))[0]


def bounds_hold(rho, meter, work):
    """Whether 0 <= W <= E - E_0."""
    above = np.trace(rho @ meter).real - np.linalg.eigvalsh(meter)[0]
    return 0 <= work <= above + TOLERANCE


@given(seed=SEEDS, size=SIZES, rank=SIZES, degenerate=st.booleans())
def test_ergotropy_and_anti_ergotropy_add_up_to_a_capacity_that_no_unitary_changes(seed, size, rank, degenerate):
    rng = np.random.default_rng(seed)
    rho, meter, turn = state_of(rng, size, rank), meter_of(rng, size, degenerate), unitary_of(rng, size)
    whole = capacity(Blocks.dense(rho).spectrum(), Blocks.dense(meter).spectrum())
    for state in (rho, turn @ rho @ turn.conj().T):
        assert anti_ergotropy(state, meter) >= 0
        assert ergotropy(state, meter) + anti_ergotropy(state, meter) == pytest.approx(whole, abs=TOLERANCE)


@given(seed=SEEDS, size=SIZES, rank=SIZES, degenerate=st.booleans())
def test_ergotropy_lies_between_zero_and_the_energy_above_ground(seed, size, rank, degenerate):
    rng = np.random.default_rng(seed)
    rho, meter = state_of(rng, size, rank), meter_of(rng, size, degenerate)
    work = ergotropy(rho, meter)
    assert bounds_hold(rho, meter, work)
    passive = passive_energy(Blocks.dense(rho).spectrum(), Blocks.dense(meter).spectrum())
    assert work + passive == pytest.approx(np.trace(rho @ meter).real, abs=TOLERANCE)


@given(seed=SEEDS, size=SIZES, rank=SIZES, degenerate=st.booleans())
def test_capacity_and_passive_energy_are_the_same_on_a_whole_orbit(seed, size, rank, degenerate):
    rng = np.random.default_rng(seed)
    rho, meter, turn = state_of(rng, size, rank), meter_of(rng, size, degenerate), unitary_of(rng, size)
    turned = turn @ rho @ turn.conj().T
    levels = Blocks.dense(meter).spectrum()
    before, after = Blocks.dense(rho).spectrum(), Blocks.dense((turned + turned.conj().T) / 2).spectrum()
    assert capacity(before, levels) == pytest.approx(capacity(after, levels), abs=TOLERANCE)
    assert ergotropy(turned, meter) == pytest.approx(
        np.trace(turned @ meter).real - passive_energy(before, levels), abs=TOLERANCE
    )
    for energy in (np.trace(rho @ meter).real, np.trace(turned @ meter).real):
        assert passive_energy(before, levels) - TOLERANCE <= energy
        assert energy <= anti_passive_energy(before, levels) + TOLERANCE


@given(seed=SEEDS, size=SIZES, rank=SIZES, degenerate=st.booleans())
def test_both_parts_of_ergotropy_are_non_negative_and_add_up(seed, size, rank, degenerate):
    rng = np.random.default_rng(seed)
    rho, meter = state_of(rng, size, rank), meter_of(rng, size, degenerate)
    incoherent, coherent = ergotropy_parts(rho, meter)
    assert incoherent >= 0
    assert coherent >= 0
    assert incoherent + coherent == pytest.approx(ergotropy(rho, meter), abs=TOLERANCE)


@given(seed=SEEDS, size=SIZES, degenerate=st.booleans())
def test_kets_factors_and_matrices_are_one_state(seed, size, degenerate):
    rng = np.random.default_rng(seed)
    psi = complex_normal(rng, size)
    psi /= np.linalg.norm(psi)
    meter = meter_of(rng, size, degenerate)
    rho = np.outer(psi, psi.conj())
    assert ergotropy(psi, meter) == pytest.approx(ergotropy(rho, meter), abs=TOLERANCE)
    assert ergotropy_parts(psi, meter) == pytest.approx(ergotropy_parts(rho, meter), abs=1e-8)


@given(seed=SEEDS, cells=st.integers(1, 3), rank=st.integers(1, 8))
def test_local_ergotropy_is_at_most_global_without_interactions(seed, cells, rank):
    rng = np.random.default_rng(seed)
    rho = state_of(rng, 2**cells, rank)
    single = [meter_of(rng, 2, False) for _ in range(cells)]
    meter = sum(np.kron(np.kron(np.eye(2**i), h), np.eye(2 ** (cells - i - 1))) for i, h in enumerate(single))
    marginals = []
    for i in range(cells):
        split = rho.reshape(2**i, 2, 2 ** (cells - i - 1), 2**i, 2, 2 ** (cells - i - 1))
        marginals.append(np.einsum("aibajb->ij", split))
    assert local_ergotropy(np.stack(marginals), np.stack(single), np.ones(cells)) <= (ergotropy(rho, meter) + TOLERANCE)


@st.composite
def block_shapes(draw):
    """Draw sizes and multiplicities of one to three blocks."""
    shapes = draw(st.lists(st.tuples(st.integers(1, 4), st.integers(1, 5)), min_size=1, max_size=3))
    return shapes, draw(st.integers(0, 4))


@given(seed=SEEDS, shape=block_shapes(), low_rank=st.booleans())
def test_blocks_with_multiplicities_are_the_dense_state(seed, shape, low_rank):
    rng = np.random.default_rng(seed)
    shapes, null = shape
    raw = [complex_normal(rng, size, rng.integers(1, size + 2)) for size, _ in shapes]
    trace = sum(count * (np.abs(f) ** 2).sum() for f, (_, count) in zip(raw, shapes, strict=True))
    factors = [f / np.sqrt(trace) for f in raw]
    counts = tuple(count for _, count in shapes)
    parts = [Factor(f) if low_rank else f @ f.conj().T for f in factors]
    state = Blocks(tuple(parts), counts, null=null)
    meters = [meter_of(rng, size, False) for size, _ in shapes]
    extra = [np.eye(1) * level for level in rng.normal(size=null)]
    meter = Blocks((*meters, *extra), (*counts, *[1] * null))
    rho_dense = direct_sum([np.kron(f @ f.conj().T, np.eye(m)) for f, m in zip(factors, counts, strict=True)], null)
    meter_dense = direct_sum(
        [np.kron(h, np.eye(m)) for h, m in zip([*meters, *extra], meter.multiplicity, strict=True)]
    )
    assert ergotropy(state, meter) == pytest.approx(ergotropy(rho_dense, meter_dense), abs=TOLERANCE)
    assert ergotropy_parts(state, meter) == pytest.approx(ergotropy_parts(rho_dense, meter_dense), abs=1e-8)
    assert purity(state.spectrum()) == pytest.approx(np.trace(rho_dense @ rho_dense).real, abs=TOLERANCE)
    dense = Blocks.dense(rho_dense).spectrum()
    assert entropy(state.spectrum()) == pytest.approx(entropy(dense), abs=1e-8)
    levels = meter.spectrum()
    assert capacity(state.spectrum(), levels) == pytest.approx(
        capacity(dense, Blocks.dense(meter_dense).spectrum()), abs=TOLERANCE
    )


def direct_sum(parts, null=0):
    """Return the dense direct sum with `null` zero dimensions at the end."""
    size = sum(len(part) for part in parts) + null
    dense, at = np.zeros((size, size), dtype=complex), 0
    for part in parts:
        dense[at : at + len(part), at : at + len(part)] = part
        at += len(part)
    return dense


@st.composite
def stacks(draw):
    """Draw two lists of multiplicities of equal sum."""
    counts = st.lists(st.integers(1, 9), min_size=1, max_size=6)
    upper, lower = draw(counts), draw(counts)
    gap = sum(upper) - sum(lower)
    upper[-1] += max(-gap, 0)
    lower[-1] += max(gap, 0)
    return upper, lower


@given(seed=SEEDS, counts=stacks(), scale=st.sampled_from([1, 10**30, 10**400]))
@settings(max_examples=200)
def test_pairing_of_any_multiplicities_is_the_pairing_of_every_level(seed, counts, scale):
    """Scaling all multiplicities by a common factor scales the energy; logarithms agree with integers."""
    rng = np.random.default_rng(seed)
    upper, lower = counts
    values, energies = rng.random(len(upper)), rng.normal(size=len(lower))
    expected = np.sort(np.repeat(values, upper))[::-1] @ np.sort(np.repeat(energies, lower))
    log_values = np.log(values) - np.log(10.0) * (len(str(scale)) - 1)
    exact = Spectrum.counted(np.exp(log_values), [count * scale for count in upper])
    state = Spectrum(exact.values, exact.multiplicity, exact.log_multiplicity, log_values)
    levels = Spectrum.counted(energies, [count * scale for count in lower])
    assert passive_energy(state, levels) == pytest.approx(expected, abs=1e-9)
    by_logs = Spectrum.logged(energies, levels.log_multiplicity)
    assert passive_energy(state, by_logs) == pytest.approx(expected, abs=1e-8)


@given(seed=SEEDS, size=st.integers(2, 6))
def test_no_permutation_of_levels_beats_the_passive_one(seed, size):
    rng = np.random.default_rng(seed)
    weights, energies = rng.dirichlet(np.ones(size)), rng.normal(size=size)
    reachable = [float(weights @ energies[list(p)]) for p in itertools.permutations(range(size))]
    state, levels = Spectrum.simple(weights), Spectrum.simple(energies)
    assert passive_energy(state, levels) == pytest.approx(min(reachable), abs=1e-12)
    assert anti_passive_energy(state, levels) == pytest.approx(max(reachable), abs=1e-12)


class TestNegativeControls:
    """Each check above fails on an input or a formula that is broken on purpose."""

    def broken(self, rho, meter):
        """Ergotropy with the levels sorted the wrong way round."""
        values = np.sort(np.linalg.eigvalsh(rho))
        return np.trace(rho @ meter).real - values @ np.linalg.eigvalsh(meter)

    def test_bounds_see_a_wrong_order(self):
        rng = np.random.default_rng(1)
        rho, meter = state_of(rng, 4, 4), meter_of(rng, 4, False)
        assert bounds_hold(rho, meter, ergotropy(rho, meter))
        assert not bounds_hold(rho, meter, self.broken(rho, meter))

    def test_pairing_sees_forgotten_multiplicities(self):
        state = Spectrum.counted([0.4, 0.2], [1, 3])
        levels, ladder = Spectrum.counted([0.0, 1.0], [3, 1]), Spectrum.simple([0.0, 1.0])
        plain = Spectrum.simple([0.4, 0.2])
        assert abs(passive_energy(state, levels) - passive_energy(plain, ladder)) < 1e-12
        state, levels = Spectrum.counted([0.25, 0.25], [1, 3]), Spectrum.counted([0.0, 1.0], [2, 2])
        assert abs(passive_energy(state, levels) - 0.25) > 0.2

    def test_an_inconsistent_energy_raises(self):
        with pytest.raises(ConvergenceError):
            extractable_work(0.0, 1e-6, 1.0)

    def test_the_orbit_check_sees_a_map_that_is_not_unitary(self):
        rng = np.random.default_rng(2)
        rho, meter = state_of(rng, 3, 3), Blocks.dense(meter_of(rng, 3, False)).spectrum()
        damped = 0.5 * rho + 0.5 * np.eye(3) / 3
        before = capacity(Blocks.dense(rho).spectrum(), meter)
        assert capacity(Blocks.dense(damped).spectrum(), meter) == pytest.approx(before / 2, abs=TOLERANCE)
