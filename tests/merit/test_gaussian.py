"""Figures of Gaussian states against closed forms, and against sorted spectra that are written down."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from qsb.algebra.quanta import Ladders, completely_passive, gaussian_passive, lowest_sums
from qsb.algebra.symplectic import omega
from qsb.errors import ConvergenceError, SpecError, StructureError
from qsb.merit import gaussian


def thermal(*numbers):
    """Return the covariance of thermal modes."""
    return np.diag(np.tile(np.array(numbers) + 0.5, 2))


def symplectic(modes, seed, strength=0.6):
    """Return a random Gaussian unitary as its symplectic matrix."""
    import scipy.linalg as la

    rng = np.random.default_rng(seed)
    h = rng.normal(size=(2 * modes, 2 * modes)) * strength
    return la.expm(omega(modes) @ (h + h.T) / 2)


def brute(numbers, frequencies, levels):
    """Return the passive energy from a table of eigenvalues, and the population that it leaves out."""
    n = np.arange(levels)
    p, e = np.ones(1), np.zeros(1)
    for nbar, w in zip(numbers, frequencies, strict=True):
        one = (1 / (nbar + 1)) * (nbar / (nbar + 1)) ** n
        p, e = np.outer(p, one).ravel(), np.add.outer(e, w * n).ravel()
    # only levels below the first that the table cuts off are all there
    e = np.sort(e)
    e = e[e < min(frequencies) * levels]
    p = np.sort(p)[::-1][: len(e)]
    return float(p @ e), 1 - p.sum()


def test_one_mode_has_closed_forms():
    nbar, r, alpha, w = 0.7, 0.45, 1.3 - 0.4j, 1.7
    v = np.diag([np.exp(-2 * r), np.exp(2 * r)]) * (nbar + 0.5)
    means = np.sqrt(2) * np.array([alpha.real, alpha.imag])
    energy = w * ((2 * nbar + 1) * np.sinh(r) ** 2 + nbar + abs(alpha) ** 2)
    assert gaussian.energy(v, means, [w]) == pytest.approx(energy, rel=1e-14)
    assert gaussian.passive_energy(v, [w]) == pytest.approx(w * nbar, rel=1e-13)
    assert gaussian.ergotropy(v, means, [w]) == pytest.approx(energy - w * nbar, rel=1e-13)
    assert gaussian.gaussian_ergotropy(v, means, [w]) == pytest.approx(energy - w * nbar, rel=1e-13)
    assert gaussian.purity(v) == pytest.approx(1 / (2 * nbar + 1), rel=1e-13)


def test_a_coherent_state_has_poisson_fluctuations():
    assert gaussian.energy_std(thermal(0.0), [np.sqrt(2) * 3.0, 0.0], [2.0]) == pytest.approx(6.0, rel=1e-14)


@pytest.mark.parametrize(
    ("numbers", "frequencies"),
    [((1.2, 0.3), (1.0, 1.0)), ((0.4, 0.9), (1.0, 1.7)), ((0.5, 0.2, 0.1), (1.0, 1.1, 2.0)), ((1.0, 0.0), (1.0, 1.3))],
)
def test_several_modes_pair_sorted_eigenvalues_with_sorted_levels(numbers, frequencies):
    wanted, left_out = brute(numbers, frequencies, 70)
    assert left_out < 1e-9
    found = Ladders(np.array(frequencies)).passive(np.array([numbers]))[0]
    assert found == pytest.approx(wanted, abs=1e-7)
    by_gaussian = gaussian_passive(np.array(numbers), np.array(frequencies))
    at_best = completely_passive(np.array([numbers]), np.array(frequencies))[0]
    assert at_best < found < by_gaussian


def test_a_gibbs_state_is_passive_under_everything():
    w = np.array([1.0, 1.4, 2.3])
    numbers = 1 / np.expm1(w / 3.0)
    for found in (
        Ladders(w).passive(numbers[None])[0],
        gaussian_passive(numbers, w),
        completely_passive(numbers[None], w)[0],
    ):
        assert found == pytest.approx(numbers @ w, rel=1e-12)


def test_the_bound_of_the_rest_holds():
    ladders, n = Ladders(np.array([1.0, 1.3])), np.array([2.0, 0.7])
    exact = ladders.passive(n[None])[0]
    beta = np.log1p(1 / n)
    for count in (4, 16, 64, 256):
        low, high = ladders._enclose(beta, n, count)
        assert low <= exact * (1 + 1e-12) <= high * (1 + 2e-12)


def test_what_cannot_be_enclosed_is_refused():
    with pytest.raises(ConvergenceError, match="gaussian_ergotropy"):
        Ladders(np.array([1.0, 1.1, 1.2, 1.3])).passive(np.array([[30.0, 20.0, 9.0, 5.0]]))


def test_lowest_sums_are_all_of_them():
    steps = np.array([1.0, 1.5, 0.7])
    n = np.arange(12)
    every = np.sort((steps[0] * n[:, None, None] + steps[1] * n[:, None] + steps[2] * n).ravel())
    np.testing.assert_allclose(lowest_sums(steps, 60), every[:60], rtol=0, atol=1e-12)


@settings(max_examples=30, deadline=None)
@given(seed=st.integers(0, 10_000), modes=st.integers(1, 3))
def test_gaussian_unitaries_change_no_symplectic_eigenvalue_and_no_passive_energy(seed, modes):
    rng = np.random.default_rng(seed)
    numbers = np.sort(rng.uniform(0, 0.8, modes))[::-1]
    w = rng.uniform(0.5, 2.0, modes)
    s = symplectic(modes, seed)
    v = s @ thermal(*numbers) @ s.T
    nu = gaussian.symplectic_eigenvalues(v)
    assert (nu >= 0.5 - 1e-9).all()
    np.testing.assert_allclose(nu, numbers + 0.5, rtol=1e-8)
    assert gaussian.passive_energy(v, w) == pytest.approx(gaussian.passive_energy(thermal(*numbers), w), rel=1e-7)
    means = rng.normal(size=2 * modes)
    all_of_it = gaussian.ergotropy(v, means, w)
    assert -1e-9 <= gaussian.gaussian_ergotropy(v, means, w) <= all_of_it + 1e-8
    assert all_of_it <= gaussian.energy(v, means, w) + 1e-9


def test_a_coupled_hamiltonian_is_met_in_its_normal_modes():
    s = symplectic(2, 3)
    w = np.array([0.8, 1.9])
    h = s.T @ np.diag(np.tile(w, 2)) @ s
    inverse = np.linalg.inv(s)
    ground = inverse @ inverse.T / 2
    assert gaussian.energy(ground, np.zeros(4), h) == pytest.approx(0.0, abs=1e-12)
    v = inverse @ thermal(0.4, 0.1) @ inverse.T
    assert gaussian.energy(v, np.zeros(4), h) == pytest.approx(0.4 * 0.8 + 0.1 * 1.9, rel=1e-11)
    assert gaussian.gaussian_ergotropy(v, np.zeros(4), h) == pytest.approx(0.0, abs=1e-11)


def test_batches_keep_their_shape():
    v = np.broadcast_to(thermal(0.2, 0.1), (3, 2, 4, 4))
    assert gaussian.ergotropy(v, np.ones((3, 2, 4)), [1.0, 1.5]).shape == (3, 2)
    assert gaussian.purity(v).shape == (3, 2)


@pytest.mark.parametrize(
    ("call", "error", "match"),
    [
        (lambda: gaussian.purity(np.eye(3)), SpecError, "2M, 2M"),
        (lambda: gaussian.purity(np.eye(2) * np.nan), SpecError, "finite"),
        (lambda: gaussian.purity([[0.5, 0.1], [0.0, 0.5]]), StructureError, "not symmetric"),
        (lambda: gaussian.purity(0.4 * np.eye(2)), StructureError, "uncertainty"),
        (lambda: gaussian.purity(np.diag([3.0, 0.05])), StructureError, "uncertainty"),
        (lambda: gaussian.energy(np.eye(2), [0.0], [1.0]), SpecError, "means"),
        (lambda: gaussian.energy(np.eye(2), [0.0, 0.0], [1.0, 2.0, 3.0]), SpecError, "frequencies"),
        (lambda: gaussian.energy(np.eye(2), [0.0, 0.0], [-1.0]), StructureError, "positive definite"),
    ],
)
def test_what_is_no_state_or_hamiltonian_is_refused(call, error, match):
    with pytest.raises(error, match=match):
        call()


def test_large_squeezed_or_wide_covariances_pass_their_check():
    r = np.arcsinh(np.sqrt(1e3))
    assert gaussian.symplectic_eigenvalues(np.diag([np.exp(2 * r), np.exp(-2 * r)]) / 2)[0] == pytest.approx(0.5)
    s = symplectic(12, 1, 0.1)
    np.testing.assert_allclose(gaussian.symplectic_eigenvalues(s @ s.T / 2), 0.5, rtol=1e-9)
    with pytest.raises(StructureError, match="uncertainty"):
        gaussian.symplectic_eigenvalues(s @ s.T / 2 - 0.01 * np.eye(24))
