"""Purity and entropies against closed forms."""

import math

import numpy as np
import pytest

from qsb.algebra.blocks import Blocks, Spectrum
from qsb.errors import SpecError, StructureError
from qsb.merit.correlation import entanglement_entropy, entropy, purity, schmidt_entropy


def test_most_mixed_and_pure_states():
    mixed = Spectrum.counted([1 / 64], [64])
    assert purity(mixed) == pytest.approx(1 / 64)
    assert entropy(mixed) == pytest.approx(math.log(64))
    pure = Blocks.pure(np.array([0.6, 0.8j])).spectrum()
    assert purity(pure) == pytest.approx(1)
    assert entropy(pure) == pytest.approx(0, abs=1e-12)


@pytest.mark.parametrize("count", [3, 1000, 10**6])
def test_entropy_and_purity_of_copies_are_extensive_and_exponential(count):
    excited = 0.3
    ups = np.arange(count + 1.0)
    log_counts = np.concatenate([[0.0], np.cumsum(np.log((count - ups[:-1]) / ups[1:]))])
    log_values = ups * math.log(excited) + (count - ups) * math.log(1 - excited)
    state = Spectrum.logged(np.exp(log_values), np.maximum(log_counts, 0), log_values)
    one = -excited * math.log(excited) - (1 - excited) * math.log(1 - excited)
    assert entropy(state) == pytest.approx(count * one, rel=1e-6)
    assert purity(state) == pytest.approx(math.exp(count * math.log(0.58)), rel=1e-6, abs=1e-300)


def test_empty_levels_with_logarithms_add_nothing():
    state = Spectrum.logged([1.0, 0.0], [0.0, 5.0], [0.0, -np.inf])
    assert entropy(state) == 0.0


def test_negative_weights_are_refused_but_rounding_is_not():
    assert entropy(Spectrum.simple([1.0, -1e-12])) == pytest.approx(0, abs=1e-10)
    with pytest.raises(StructureError, match=r"-0\.2"):
        entropy(Spectrum.simple([1.2, -0.2]))


def basis(*bits):
    """Return a product state."""
    psi = np.zeros(2 ** len(bits))
    psi[int("".join(map(str, bits)), 2)] = 1
    return psi


def test_entanglement_of_known_states():
    bell = (basis(0, 0) + basis(1, 1)) / math.sqrt(2)
    assert entanglement_entropy(bell, [0], [2, 2]) == pytest.approx(math.log(2))
    ghz = (basis(0, 0, 0, 0) + basis(1, 1, 1, 1)) / math.sqrt(2)
    for cut in ([0], [1, 3], [0, 1, 2]):
        assert entanglement_entropy(ghz, cut, [2] * 4) == pytest.approx(math.log(2))
    w = (basis(1, 0, 0) + basis(0, 1, 0) + basis(0, 0, 1)) / math.sqrt(3)
    expected = math.log(3) - 2 / 3 * math.log(2)
    assert entanglement_entropy(w, [1], [2] * 3) == pytest.approx(expected)
    assert entanglement_entropy(basis(0, 1, 1), [0, 2], [2] * 3) == pytest.approx(0, abs=1e-12)


def test_which_cells_are_cut_matters():
    """Cells 0 and 2 share a Bell pair, cell 1 is apart: cell 0 is the most significant digit."""
    psi = (basis(0, 0, 0) + basis(1, 0, 1)) / math.sqrt(2)
    assert entanglement_entropy(psi, [1], [2] * 3) == pytest.approx(0, abs=1e-12)
    assert entanglement_entropy(psi, [0], [2] * 3) == pytest.approx(math.log(2))
    assert entanglement_entropy(psi, [0, 2], [2] * 3) == pytest.approx(0, abs=1e-12)


def test_both_sides_agree_and_empty_sides_are_unentangled(rng):
    dims = [2, 3, 4]
    psi = rng.normal(size=(5, 24)) + 1j * rng.normal(size=(5, 24))
    psi /= np.linalg.norm(psi, axis=-1, keepdims=True)
    one = entanglement_entropy(psi, [1], dims)
    assert one.shape == (5,)
    assert np.allclose(one, entanglement_entropy(psi, [2, 0], dims), atol=1e-12)
    assert np.allclose(entanglement_entropy(psi, [], dims), 0, atol=1e-10)
    assert np.allclose(entanglement_entropy(psi, [0, 1, 2], dims), 0, atol=1e-10)
    matrix = psi[0].reshape(2, 3, 4).transpose(1, 0, 2).reshape(3, 8)
    marginal = Blocks.dense(matrix @ matrix.conj().T).spectrum()
    assert one[0] == pytest.approx(entropy(marginal), abs=1e-12)


def test_schmidt_values_of_a_bell_pair():
    assert schmidt_entropy([math.sqrt(0.5)] * 2) == pytest.approx(math.log(2))


@pytest.mark.parametrize(
    ("call", "error", "words"),
    [
        (lambda: schmidt_entropy([1.0, 1.0]), StructureError, "sum to 2"),
        (lambda: schmidt_entropy([np.nan, 1.0]), StructureError, "sum to nan"),
        (lambda: entanglement_entropy([1.0, 0], [1], [2]), SpecError, r"the cut is \[1\]"),
        (lambda: entanglement_entropy([1.0, 0], [0, 0], [2]), SpecError, "at most once"),
        (lambda: entanglement_entropy([1.0, 0, 0], [0], [2]), SpecError, "must be 2"),
        (lambda: entanglement_entropy([1.0, 1.0], [0], [2]), StructureError, "normalise"),
    ],
)
def test_what_is_refused(call, error, words):
    with pytest.raises(error, match=words):
        call()
