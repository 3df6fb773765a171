"""Routines called by their addresses give what NumPy gives."""

import numpy as np
import pytest

from qsb.algebra import lapack


@pytest.mark.parametrize("n", [1, 2, 7, 60])
@pytest.mark.parametrize("real", [True, False])
def test_eigenvalues_are_numpys(n: int, real: bool) -> None:
    rng = np.random.default_rng(n)
    m = rng.normal(size=(n, n)) + (0.0 if real else 1j * rng.normal(size=(n, n)))
    h = m + m.conj().T
    upper_unused = np.tril(h)  # the other triangle is never read
    assert lapack.eigenvalues(upper_unused.copy()) == pytest.approx(np.linalg.eigvalsh(h), abs=1e-13 * n)


def test_the_gram_matrix_is_the_lower_triangle_of_the_product() -> None:
    rng = np.random.default_rng(1)
    m = rng.normal(size=(5, 9)) + 1j * rng.normal(size=(5, 9))
    assert lapack.gram(m) == pytest.approx(np.tril(m @ m.conj().T), abs=1e-14)
