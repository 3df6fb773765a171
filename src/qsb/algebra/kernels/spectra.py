"""Eigenvalues of many small Hermitian matrices, packed as S + A (see `qsb.algebra.hermitian`).

LAPACK, called once a matrix, spends most of its time on a matrix of three rows in getting there. Here each is reduced
to a real tridiagonal matrix by reflections (its phases drop out), whose eigenvalues the implicit QL method finds.
"""

from __future__ import annotations

from typing import Any

import numba
import numpy as np
from numpy.typing import NDArray

Real = NDArray[np.float64]
Complex = NDArray[np.complex128]

_SWEEPS = 60


@numba.njit(cache=True, error_model="numpy", fastmath={"contract"})  # type: ignore[untyped-decorator, unused-ignore]
def _tridiagonal(a: Complex, n: int, v: Complex, w: Complex, d: Real, e: Real) -> None:
    """Diagonal d and moduli e[k] below it of the tridiagonal form of a, whose lower triangle is used up."""
    for k in range(n - 1):
        d[k] = a[k, k].real
        first = a[k + 1, k]
        top, rest = first.real**2 + first.imag**2, 0.0
        for i in range(k + 2, n):
            rest += a[i, k].real ** 2 + a[i, k].imag ** 2
        size = top + rest
        e[k] = np.sqrt(size)
        if rest <= 1e-34 * size or size < 1e-290:
            continue
        # x - alpha e_1 with alpha = -|x| x_1/|x_1|, where nothing cancels; H = 1 - 2 v v^+ / |v|^2
        head = np.sqrt(top)
        phase = first * (1.0 / head) if head > 0.0 else 1.0 + 0.0j
        for i in range(k + 1, n):
            v[i] = a[i, k]
        v[k + 1] = phase * (head + e[k])
        scale = 1.0 / (size + head * e[k])
        along = 0.0
        for i in range(k + 1, n):
            s = 0.0j
            for j in range(k + 1, i + 1):
                s += a[i, j] * v[j]
            for j in range(i + 1, n):
                s += np.conj(a[j, i]) * v[j]
            w[i] = s * scale
            along += (np.conj(v[i]) * w[i]).real
        half = 0.5 * scale * along
        for i in range(k + 1, n):
            w[i] -= half * v[i]
        for i in range(k + 1, n):
            for j in range(k + 1, i + 1):
                a[i, j] -= v[i] * np.conj(w[j]) + w[i] * np.conj(v[j])
    d[n - 1] = a[n - 1, n - 1].real


@numba.njit(cache=True, error_model="numpy", fastmath={"contract"})  # type: ignore[untyped-decorator, unused-ignore]
def _diagonal(d: Real, e: Real, n: int) -> bool:
    """Eigenvalues, in d and in no order, of the tridiagonal matrix; False where it does not settle."""
    e[n - 1] = 0.0
    for first in range(n):
        for sweep in range(_SWEEPS):
            last = first
            while last < n - 1 and abs(e[last]) > 1.1e-16 * (abs(d[last]) + abs(d[last + 1])):
                last += 1
            if last == first:
                break
            if sweep == _SWEEPS - 1:
                return False
            # Wilkinson's shift, then one sweep of plane rotations from the bottom up
            g = (d[first + 1] - d[first]) / (2.0 * e[first])
            r = np.sqrt(g * g + 1.0)
            g = d[last] - d[first] + e[first] / (g + (r if g >= 0.0 else -r))
            s, c, p = 1.0, 1.0, 0.0
            whole = True
            for i in range(last - 1, first - 1, -1):
                f, b = s * e[i], c * e[i]
                r = np.sqrt(f * f + g * g)
                e[i + 1] = r
                if r == 0.0:
                    d[i + 1] -= p
                    e[last] = 0.0
                    whole = False
                    break
                s, c = f / r, g / r
                g = d[i + 1] - p
                r = (d[i] - g) * s + 2.0 * c * b
                p = s * r
                d[i + 1] = g + p
                g = c * r - b
            if whole:
                d[first] -= p
                e[first] = g
                e[last] = 0.0
    return True


@numba.njit(cache=True, nogil=True, error_model="numpy")  # type: ignore[untyped-decorator, unused-ignore]
def packed(first: int, last: int, x: Real, entries: Any, sizes: Any, rows: Any, out: Real) -> None:
    """Eigenvalues out[t, rows[b] : rows[b+1]], rising, of the blocks x[t, entries[b] : entries[b+1]]; NaN if none."""
    most = sizes.max()
    a = np.empty((most, most), dtype=np.complex128)
    v, w = np.empty(most, dtype=np.complex128), np.empty(most, dtype=np.complex128)
    d, e = np.empty(most), np.empty(most)
    for t in range(first, last):
        for b in range(len(sizes)):
            n, at, to = sizes[b], entries[b], rows[b]
            for i in range(n):
                for j in range(i + 1):
                    low, high = x[t, at + i * n + j], x[t, at + j * n + i]
                    a[i, j] = complex(0.5 * (low + high), 0.5 * (low - high))
            _tridiagonal(a, n, v, w, d, e)
            good = _diagonal(d, e, n)
            for i in range(n):
                value = d[i] if good else np.nan
                k = i
                while k > 0 and out[t, to + k - 1] > value:
                    out[t, to + k] = out[t, to + k - 1]
                    k -= 1
                out[t, to + k] = value


__all__ = ["packed"]
