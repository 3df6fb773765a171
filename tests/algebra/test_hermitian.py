"""Hermitian matrices as real ones, the compiled Lindblad pass on them, and the Bessel functions of their series."""

import numpy as np
import pytest
from scipy.special import ive, jv

from qsb.algebra.hermitian import pack, unpack
from qsb.algebra.kernels import lindblad
from qsb.algebra.kernels.bessel import bessel


def hermitian(shape, seed=0):
    """Return random Hermitian matrices."""
    rng = np.random.default_rng(seed)
    m = rng.normal(size=shape) + 1j * rng.normal(size=shape)
    return m + m.conj().swapaxes(-1, -2)


@pytest.mark.parametrize("shape", [(1, 1), (4, 4), (3, 5, 5)])
def test_packing_loses_nothing(shape):
    rho = hermitian(shape)
    r = pack(rho)
    assert r.dtype == np.float64
    assert r.shape == shape
    np.testing.assert_allclose(unpack(r), rho, rtol=0, atol=1e-15)
    assert np.linalg.norm(r) == pytest.approx(np.linalg.norm(rho), rel=1e-15)
    np.testing.assert_allclose(unpack(r.swapaxes(-1, -2)), rho.conj(), rtol=0, atol=1e-15)


def test_packing_sees_what_is_not_hermitian():
    """Negative control: the anti-Hermitian part is lost."""
    rho = hermitian((4, 4))
    assert np.abs(unpack(pack(rho + 0.1j * np.eye(4))) - rho).max() == pytest.approx(0.1)


@pytest.mark.parametrize("run", ["_serial", "_parallel"])
@pytest.mark.parametrize(
    ("sites", "k", "g"), [(1, 2, 2), (2, 1, 0), (2, 0, 3), (3, 5, 2), (4, 9, 6), (6, 6, 5), (7, 3, 0)]
)
def test_the_pass_is_the_formula(run, sites, k, g):
    """M rho + (M rho)^+ + weight * rho + sum l rho l^+, by dense matrices; D above and below one tile."""
    d, rng = 1 << sites, np.random.default_rng(sites)
    index = np.arange(d)

    def table(count):
        masks = np.sort(rng.choice(d, count, replace=False)).astype(np.int64)
        return masks, rng.normal(size=(count, d))

    (k_masks, k_values), (g_masks, g_values) = table(k), table(g)
    weight = rng.normal(size=(d, d))
    weight = weight + weight.T
    masks = np.array([*(1 << np.arange(sites)), d - 1], dtype=np.int64)
    values = rng.normal(size=(len(masks), d)) * (rng.random((len(masks), d)) < 0.6)
    rho = hermitian((d, d))
    m = np.zeros((d, d), dtype=complex)
    for f, v in zip(k_masks, k_values, strict=True):
        m[index, index ^ f] -= 1j * v
    for f, v in zip(g_masks, g_values, strict=True):
        m[index, index ^ f] += v
    expected = m @ rho + (m @ rho).conj().T + weight * rho
    for f, v in zip(masks, values, strict=True):
        jump = np.zeros((d, d))
        jump[index, index ^ f] = v
        expected += jump @ rho @ jump.T
    x = pack(rho)
    out, turned = np.full_like(x, np.nan), np.full_like(x, np.nan)
    getattr(lindblad, run)(k_masks, k_values, g_masks, g_values, weight, masks, values, x, out, turned)
    np.testing.assert_allclose(unpack(out), expected, rtol=0, atol=1e-12 * np.abs(expected).max())


def test_bessel_functions_of_all_orders():
    z = np.array([0.0, 1e-12, 0.3, 1.0, 7.0, 60.0, 399.5])
    k = np.arange(460)
    out = np.empty((len(z), len(k)))
    bessel(z, False, out)
    np.testing.assert_allclose(out, jv(k[None], z[:, None]), rtol=0, atol=2e-14)
    # the tail is right in relative terms, which absolute comparisons do not see
    assert out[2, 30] == pytest.approx(jv(30, 0.3), rel=1e-12)
    assert out[5, 120] == pytest.approx(jv(120, 60.0), rel=1e-12)
    bessel(z, True, out)
    np.testing.assert_allclose(out, ive(k[None], z[:, None]), rtol=0, atol=2e-15)
    assert np.isfinite(out).all()
