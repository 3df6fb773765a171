"""Blocks and Spectrum: multiplicities of any size give the figures of the full space."""

import math

import numpy as np
import pytest

from qsb.algebra.blocks import Blocks, Factor, Spectrum
from qsb.errors import SpecError


def random_state(rng, dimension, rank=None):
    """Return a random density matrix."""
    shape = (dimension, rank or dimension)
    factor = rng.normal(size=shape) + 1j * rng.normal(size=shape)
    rho = factor @ factor.conj().T
    return rho / np.trace(rho).real


def expanded(blocks):
    """Return the dense matrix that `blocks` abbreviates: the definition, written by kron."""
    parts = []
    for block, count in zip(blocks.blocks, blocks.multiplicity, strict=True):
        matrix = block.array @ block.array.conj().T if isinstance(block, Factor) else block
        parts.append(np.kron(matrix, np.eye(count)))
    parts.append(np.zeros((blocks.null, blocks.null)))
    size = sum(len(part) for part in parts)
    dense, at = np.zeros((size, size), dtype=complex), 0
    for part in parts:
        dense[at : at + len(part), at : at + len(part)] = part
        at += len(part)
    return dense


def listed(spectrum):
    """Return every eigenvalue as often as it occurs, sorted."""
    return np.sort(np.repeat(spectrum.values, spectrum.multiplicity))


@pytest.fixture
def example(rng):
    factor = Factor(rng.normal(size=(4, 2)) + 1j * rng.normal(size=(4, 2)))
    wide = Factor(rng.normal(size=(2, 5)) + 0j)
    return Blocks((random_state(rng, 3), factor, wide), (2, 3, 1), null=5)


def test_figures_of_blocks_are_those_of_the_dense_matrix(example):
    dense = expanded(example)
    assert example.dimension == len(dense) == 25
    assert example.trace() == pytest.approx(np.trace(dense).real, abs=1e-12)
    assert example.purity() == pytest.approx(np.trace(dense @ dense).real, rel=1e-12)
    assert np.allclose(listed(example.spectrum()), np.linalg.eigvalsh(dense), atol=1e-12)
    assert example.spectrum().dimension == 25


def test_expectation_is_the_trace_with_the_dense_operator(rng, example):
    hermitian = [random_state(rng, d) - 0.3 * np.eye(d) for d in (3, 4, 2)]
    meter = Blocks((*hermitian, random_state(rng, 5)), (2, 3, 1, 1))
    expected = np.trace(expanded(example) @ expanded(meter)).real
    assert example.expectation(meter) == pytest.approx(expected, rel=1e-12)
    diagonal = Blocks(tuple(np.diag(np.arange(d) - 1.0) for d in (3, 4, 2, 5)), (2, 3, 1, 1))
    expected = np.trace(expanded(example) @ expanded(diagonal)).real
    assert example.expectation(diagonal) == pytest.approx(expected, rel=1e-12)


def test_expectation_with_factors_on_both_sides_and_a_batch(rng):
    kets = rng.normal(size=(6, 4)) + 1j * rng.normal(size=(6, 4))
    matrix = random_state(rng, 4)
    expected = np.einsum("ti,ij,tj->t", kets.conj(), matrix, kets).real
    assert np.allclose(Blocks.pure(kets).expectation(Blocks.dense(matrix)), expected, atol=1e-12)
    stacked = Blocks.dense(np.stack([matrix] * 6))
    assert np.allclose(Blocks.pure(kets).expectation(stacked), expected, atol=1e-12)
    root = Factor(np.linalg.cholesky(matrix))
    assert np.allclose(Blocks.pure(kets).expectation(Blocks((root,), (1,))), expected, atol=1e-12)


def test_batch_axes_broadcast_over_blocks(rng):
    batch = np.stack([random_state(rng, 2) for _ in range(7)])
    state = Blocks((batch / 2, np.eye(1) / 2), (1, 1), null=1)
    assert state.batch == (7,)
    assert state.spectrum().values.shape == (7, 4)
    assert np.allclose(state.trace(), 1, atol=1e-12)
    for row in range(7):
        one = Blocks((batch[row] / 2, np.eye(1) / 2), (1, 1), null=1)
        assert state.purity()[row] == pytest.approx(one.purity(), rel=1e-12)


def test_pure_state_keeps_one_vector_and_counts_its_zeros():
    state = Blocks.pure(np.array([0.6, 0, 0, 0.8j]))
    spectrum = state.spectrum()
    assert spectrum.values == pytest.approx([1.0, 0.0])
    assert spectrum.multiplicity == (1, 3)
    assert state.purity() == pytest.approx(1.0)


def test_multiplicities_beyond_a_float():
    huge = 2**5000
    state = Blocks((np.array([[0.25]]), np.array([[0.75]])), (1, 1), null=huge - 2)
    assert state.dimension == huge
    assert state.spectrum().dimension == huge
    assert state.spectrum().log_dimension == pytest.approx(5000 * math.log(2), rel=1e-14)
    assert state.spectrum().moment(2) == pytest.approx(0.625, rel=1e-12)
    counted = Spectrum.counted([2.0**-1000, 0.0], [2**1000, 2**4000])
    assert counted.moment(1) == pytest.approx(1.0, rel=1e-12)
    assert counted.weights() == pytest.approx([1.0, 0.0], rel=1e-12)
    many = Blocks((np.array([[2.0**-1040]]),), (2**1040,))
    assert many.trace() == pytest.approx(1.0, rel=1e-12)


def test_moments_where_values_underflow():
    cells, up = 10**6, 0.3
    log_values = np.array([cells * math.log(up), cells * math.log(1 - up)])
    spectrum = Spectrum.logged([0.0, 0.0], -log_values + np.log([0.4, 0.6]), log_values)
    assert spectrum.values.max() == 0.0
    assert spectrum.moment(1) == pytest.approx(1.0, rel=1e-9)
    assert spectrum.weights() == pytest.approx([0.4, 0.6], rel=1e-9)
    assert np.isneginf(np.log(spectrum.moment(2), where=spectrum.moment(2) > 0, out=np.array(-np.inf)))


@pytest.mark.parametrize("power", [0, 1, 2, 3])
def test_moment_is_the_sum_over_all_dimensions(power):
    values, counts = np.array([0.5, -0.1, 0.0]), [1, 3, 2]
    expected = (np.repeat(values, counts) ** power).sum()
    assert Spectrum.counted(values, counts).moment(power) == pytest.approx(expected)
    assert Spectrum.logged(values, np.log(counts)).moment(power) == pytest.approx(expected)
    positive = np.array([0.5, 0.1, 0.2])
    by_logs = Spectrum.logged(positive, np.log(counts), np.log(positive)).moment(power)
    assert by_logs == pytest.approx((np.repeat(positive, counts) ** power).sum())


def test_a_simple_spectrum_knows_that_it_is_one():
    assert Spectrum.simple([1.0, 2.0]).is_simple
    assert Spectrum.counted([1.0, 2.0], [1, 1]).is_simple
    assert not Spectrum.counted([1.0, 2.0], [1, 2]).is_simple
    assert Spectrum.logged([1.0, 2.0], [0.0, 0.0]).dimension is None


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda: Spectrum.simple([]), "no values"),
        (lambda: Spectrum.simple(1.0), "no values"),
        (lambda: Spectrum.simple([1.0, np.nan]), "NaN"),
        (lambda: Spectrum.simple([1.0, 1j]), "complex"),
        (lambda: Spectrum.counted([1.0], [0]), "multiplicity 0"),
        (lambda: Spectrum.counted([1.0], [1.5]), "1.5"),
        (lambda: Spectrum.counted([1.0, 2.0], [1]), "2 values"),
        (lambda: Spectrum.logged([1.0], [-1.0]), "below 0"),
        (lambda: Spectrum.logged([1.0], [0.0], [np.nan]), "log_values"),
        (lambda: Spectrum.logged([1.0], [0.0], [0.0, 0.0]), "log_values"),
        (lambda: Spectrum.simple([1.0]).moment(-1), "power"),
        (lambda: Blocks((), ()), "0 blocks"),
        (lambda: Blocks((np.eye(2),), (0,)), "multiplicity 0"),
        (lambda: Blocks((np.eye(2),), (1,), null=-1), "null.* is -1"),
        (lambda: Blocks((np.ones((2, 3)),), (1,)), "shape"),
        (lambda: Blocks((np.ones((3, 2, 2)), np.ones((4, 2, 2))), (1, 1)), "batch"),
        (lambda: Factor(np.ones(3)), "Factor"),
        (lambda: Blocks.pure(np.array(1.0)), "single number"),
        (lambda: Blocks.dense(np.eye(2)).match(Blocks.dense(np.eye(3))), "blocks 2x1 and the operator 3x1"),
        (lambda: Blocks((np.eye(2),), (1,), null=1).match(Blocks.dense(np.eye(2))), "dimension 3"),
    ],
)
def test_what_is_not_a_spectrum_or_blocks_is_refused_by_name(make, words):
    with pytest.raises(SpecError, match=words):
        make()


def test_the_comparison_with_the_dense_matrix_sees_a_lost_multiplicity(example):
    forgotten = Blocks(example.blocks, (1, 1, 1), null=example.null)
    assert abs(forgotten.purity() - np.trace(expanded(example) @ expanded(example)).real) > 1e-3
