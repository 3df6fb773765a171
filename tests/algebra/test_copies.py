"""`Copies`: N alike two-level cells at any N."""

import itertools
from math import comb, log

import numpy as np
import pytest

from qsb.algebra.blocks import Spectrum
from qsb.algebra.copies import EXACT_CELLS, Copies, combine, log_binomial
from qsb.errors import SpecError


def every_product(cells):
    """Return all products of one value a cell."""
    return np.sort([np.prod(c) for c in itertools.product(*cells)])


def every_sum(cells):
    """Return all sums of one value a cell."""
    return np.sort([np.sum(c) for c in itertools.product(*cells)])


def repeated(spectrum):
    """Return all values one by one, ascending."""
    return np.sort(np.repeat(spectrum.values, [int(m) for m in spectrum.multiplicity], axis=-1), axis=-1)


@pytest.mark.parametrize("count", [1, 2, 5])
@pytest.mark.parametrize("cell", [(0.8, 0.2), (1.0, 0.0), (0.5, 0.5)])
def test_a_state_of_copies_has_all_products(count, cell):
    wide = Copies(Spectrum.simple(cell), count).expand()
    np.testing.assert_allclose(repeated(wide), every_product([cell] * count), rtol=1e-13, atol=0)
    assert wide.dimension == 2**count
    assert float(wide.moment(1)) == pytest.approx(1, abs=1e-14)


@pytest.mark.parametrize("count", [1, 2, 5])
def test_a_hamiltonian_of_copies_has_all_sums(count):
    wide = Copies(Spectrum.simple((-0.4, 0.7)), count, additive=True).expand()
    np.testing.assert_allclose(repeated(wide), every_sum([(-0.4, 0.7)] * count), rtol=0, atol=1e-14)
    assert wide.multiplicity == tuple(comb(count, k) for k in range(count + 1))


def test_batches_expand_along_time():
    cell = np.array([[0.9, 0.1], [0.6, 0.4], [1.0, 0.0]])
    wide = Copies(Spectrum.simple(cell), 3).expand()
    assert wide.values.shape == (3, 4)
    for row, values in zip(cell, wide.values, strict=True):
        np.testing.assert_allclose(values, [row[0] ** (3 - k) * row[1] ** k for k in range(4)], rtol=1e-14)


@pytest.mark.parametrize("power", [0, 1, 2, 3])
def test_moments_of_states_are_powers_of_the_cells(power):
    copies = Copies(Spectrum.simple((0.7, 0.3)), 6)
    expected = (0.7**power + 0.3**power) ** 6
    assert float(copies.moment(power)) == pytest.approx(expected, rel=1e-13)
    assert float(copies.expand().moment(power)) == pytest.approx(expected, rel=1e-13)


def test_moments_of_hamiltonians_are_traces():
    copies = Copies(Spectrum.simple((-0.5, 0.5)), 4, additive=True)
    assert float(copies.moment(1)) == pytest.approx(0, abs=1e-13)
    assert float(copies.moment(2)) == pytest.approx(2**4 * 4 / 4, rel=1e-13)


@pytest.mark.parametrize("count", [EXACT_CELLS, EXACT_CELLS + 1, 1_000_000])
def test_huge_numbers_of_copies_stay_normalised(count):
    copies = Copies(Spectrum.simple((0.999, 0.001)), count)
    wide = copies.expand()
    assert wide.values.shape == (count + 1,)
    assert (wide.multiplicity is None) == (count > EXACT_CELLS)
    assert float(wide.moment(1)) == pytest.approx(1, abs=1e-7 if count > 10**5 else 1e-10)
    assert float(np.sum(wide.weights() * np.arange(count + 1))) == pytest.approx(0.001 * count, rel=1e-6)
    assert float(copies.moment(1)) == pytest.approx(1, abs=1e-9)
    assert copies.log_dimension == pytest.approx(count * log(2), rel=1e-15)
    assert wide.log_dimension == pytest.approx(count * log(2), rel=1e-9)


def test_exact_multiplicities_go_beyond_floats():
    wide = Copies(Spectrum.simple((0.5, 0.5)), EXACT_CELLS).expand()
    assert wide.multiplicity[EXACT_CELLS // 2] == comb(EXACT_CELLS, EXACT_CELLS // 2) > 2**1024
    assert float(wide.moment(1)) == pytest.approx(1, abs=1e-10)
    assert wide.dimension == 2**EXACT_CELLS


def test_log_binomials():
    for n in (1, 2, 9, 60):
        np.testing.assert_allclose(log_binomial(n), [log(comb(n, k)) for k in range(n + 1)], rtol=1e-13, atol=1e-13)
    big = log_binomial(1_000_001)
    np.testing.assert_array_equal(big, big[::-1])


def test_combine_is_the_tensor_product():
    a, b = (0.7, 0.3), (0.6, 0.4)
    both = combine(Copies(Spectrum.simple(a), 2).expand(), Copies(Spectrum.simple(b), 3).expand(), additive=False)
    np.testing.assert_allclose(repeated(both), every_product([a] * 2 + [b] * 3), rtol=1e-13)
    sums = combine(
        Copies(Spectrum.simple(a), 2, additive=True).expand(),
        Copies(Spectrum.simple(b), 3, additive=True).expand(),
        additive=True,
    )
    np.testing.assert_allclose(repeated(sums), every_sum([a] * 2 + [b] * 3), rtol=1e-13)


def test_combine_keeps_zeros_and_logarithms():
    pure = combine(Copies(Spectrum.simple((1.0, 0.0)), 2).expand(), Spectrum.simple((0.9, 0.1)), additive=False)
    np.testing.assert_allclose(repeated(pure), every_product([(1.0, 0.0), (1.0, 0.0), (0.9, 0.1)]), atol=0)
    far = combine(Copies(Spectrum.simple((0.9, 0.1)), 5000).expand(), Spectrum.simple((0.5, 0.5)), additive=False)
    assert far.multiplicity is None
    assert float(far.moment(1)) == pytest.approx(1, abs=1e-9)


def test_impossible_copies_are_refused():
    with pytest.raises(SpecError):
        Copies(Spectrum.simple((0.5, 0.3, 0.2)), 2)
    with pytest.raises(SpecError):
        Copies(Spectrum.simple((0.5, 0.5)), 0)
