r"""Lindblad right-hand sides of density matrices of spins, in real arithmetic.

A Hermitian rho = S + iA is kept as the real matrix R = S + A (`qsb.algebra.hermitian`), whose transpose is S - A.
For any complex M = G - iK, the Hermitian matrix ``M rho + (M rho)^+`` has the real form
``(G R - K R^T) + (K R + G R^T)^T``, so products of the real tables G and K with [R^T | R] are all there is to do.
"""

from __future__ import annotations

import numba
import numpy as np
from numpy.typing import NDArray

#: multiply-adds below which one thread is not slower than several, on a machine that others use as well
PARALLEL_WORK = 20_000_000
#: columns of R that are treated together: their products stay in the cache next to the core
TILE = 32

Real = NDArray[np.float64]
Masks = NDArray[np.int64]


@numba.njit(cache=True, fastmath={"contract"})  # type: ignore[untyped-decorator, unused-ignore]
def _products(masks: Masks, values: Real, tile: Real, m: int, y: Real) -> None:
    """y = sum_t diag(values_t) X^{masks_t} tile for rows of m numbers, four terms in one pass over a row."""
    n = masks.size
    for r in range(y.size // m):
        a = y[r * m : (r + 1) * m]
        for i in range(m):
            a[i] = 0.0
        t = 0
        while t + 4 <= n:
            v0, v1, v2, v3 = values[t, r], values[t + 1, r], values[t + 2, r], values[t + 3, r]
            o0, o1 = (r ^ masks[t]) * m, (r ^ masks[t + 1]) * m
            o2, o3 = (r ^ masks[t + 2]) * m, (r ^ masks[t + 3]) * m
            s0, s1, s2, s3 = tile[o0 : o0 + m], tile[o1 : o1 + m], tile[o2 : o2 + m], tile[o3 : o3 + m]
            for i in range(m):
                a[i] += v0 * s0[i] + v1 * s1[i] + v2 * s2[i] + v3 * s3[i]
            t += 4
        while t < n:
            v0, o0 = values[t, r], (r ^ masks[t]) * m
            s0 = tile[o0 : o0 + m]
            for i in range(m):
                a[i] += v0 * s0[i]
            t += 1


@numba.njit(cache=True, fastmath={"contract"})  # type: ignore[untyped-decorator, unused-ignore]
def _columns(
    b: int, k_masks: Masks, k_values: Real, g_masks: Masks, g_values: Real, x: Real, out: Real, turned: Real
) -> None:
    """Columns of tile b of G R - K R^T into `out`, and of K R + G R^T, transposed, into the same rows of `turned`."""
    d = x.shape[0]
    w = min(TILE, d)
    m, c0, h = 2 * w, b * w, min(8, d)
    tile, y = np.empty(d * m), np.empty(d * m)
    for r in range(d):
        o = r * m + w
        for i in range(w):
            tile[o + i] = x[r, c0 + i]
    for r0 in range(0, d, h):
        for i in range(w):
            for r in range(r0, r0 + h):
                tile[r * m + i] = x[c0 + i, r]
    _products(k_masks, k_values, tile, m, y)
    for r in range(d):
        for i in range(w):
            out[r, c0 + i] = -y[r * m + i]
    for r0 in range(0, d, h):
        for i in range(w):
            for r in range(r0, r0 + h):
                turned[c0 + i, r] = y[r * m + w + i]
    if g_masks.size:
        _products(g_masks, g_values, tile, m, y)
        for r in range(d):
            for i in range(w):
                out[r, c0 + i] += y[r * m + w + i]
        for r0 in range(0, d, h):
            for i in range(w):
                for r in range(r0, r0 + h):
                    turned[c0 + i, r] += y[r * m + i]


@numba.njit(cache=True, fastmath={"contract"})  # type: ignore[untyped-decorator, unused-ignore]
def _row(r: int, weight: Real, masks: Masks, values: Real, x: Real, out: Real, turned: Real) -> None:
    """Row r of out + turned + weight * R + sum_k l_k R l_k^T, where l_k = diag(values_k) X^{masks_k}."""
    d = x.shape[0]
    o = out[r]
    if turned.size:
        for c in range(d):
            o[c] += turned[r, c]
    else:
        for c in range(d):
            o[c] = 0.0
    if weight.size:
        for c in range(d):
            o[c] += weight[r, c] * x[r, c]
    for k in range(masks.size):
        v = values[k, r]
        if v == 0.0:
            continue
        f = masks[k]
        u, s = values[k], x[r ^ f]
        step = f & -f
        if step >= 8:  # c ^ f runs upwards inside blocks of the lowest flipped bit
            for c0 in range(0, d, step):
                left, factor, right = o[c0 : c0 + step], u[c0 : c0 + step], s[c0 ^ f : (c0 ^ f) + step]
                for i in range(step):
                    left[i] += v * factor[i] * right[i]
        else:
            for c in range(d):
                if u[c] != 0.0:
                    o[c] += v * u[c] * s[c ^ f]


@numba.njit(cache=True, fastmath={"contract"})  # type: ignore[untyped-decorator, unused-ignore]
def _serial(
    k_masks: Masks, k_values: Real, g_masks: Masks, g_values: Real, weight: Real, masks: Masks, values: Real,
    x: Real, out: Real, turned: Real,
) -> None:  # fmt: skip
    if turned.size:
        for b in range(max(1, x.shape[0] // TILE)):
            _columns(b, k_masks, k_values, g_masks, g_values, x, out, turned)
    for r in range(x.shape[0]):
        _row(r, weight, masks, values, x, out, turned)


@numba.njit(cache=True, parallel=True, fastmath={"contract"})  # type: ignore[untyped-decorator, unused-ignore]
def _parallel(
    k_masks: Masks, k_values: Real, g_masks: Masks, g_values: Real, weight: Real, masks: Masks, values: Real,
    x: Real, out: Real, turned: Real,
) -> None:  # fmt: skip
    if turned.size:
        for b in numba.prange(max(1, x.shape[0] // TILE)):
            _columns(b, k_masks, k_values, g_masks, g_values, x, out, turned)
    for r in numba.prange(x.shape[0]):
        _row(r, weight, masks, values, x, out, turned)


def lindblad(
    k_masks: Masks, k_values: Real, g_masks: Masks, g_values: Real, weight: Real, masks: Masks, values: Real,
    x: Real, out: Real, turned: Real,
) -> None:  # fmt: skip
    """Real form of M rho + (M rho)^+ + weight * rho + sum_k l_k rho l_k^+, without any matrix of the generator.

    Args:
        k_masks: flips of K, where M = G - iK and K = sum_x diag(k_values_x) X^x, (n,).
        k_values: (n, D).
        g_masks: the same of G.
        g_values: (m, D).
        weight: symmetric factors of the entries of rho, (D, D); (0, 0) for none.
        masks: flips of the jumps l_k = diag(values_k) X^{masks_k}.
        values: (j, D).
        x: R, the real form of rho, (D, D).
        out: the result, (D, D).
        turned: scratch, (D, D); (0, 0) if neither K nor G has terms.
    """
    work = x.size * (2 * k_masks.size + 2 * g_masks.size + masks.size)
    run = _parallel if work >= PARALLEL_WORK else _serial
    run(k_masks, k_values, g_masks, g_values, weight, masks, values, x, out, turned)
