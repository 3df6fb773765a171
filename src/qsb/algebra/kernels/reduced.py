"""Kernels behind the spectra of reduced states: planes of a Gram matrix, the Lanczos head, the bordered tail.

A Hermitian matrix is kept as its real (symmetric) and imaginary (antisymmetric) part, so that every inner loop is a
real dot product. All of them run without the interpreter's lock: threads work on different times.
"""

from __future__ import annotations

from typing import Any

import numba
import numpy as np
from numpy.typing import NDArray

Real = NDArray[np.float64]

#: side of the square tiles in which a matrix and its transpose are read together
_TILE = 32


@numba.njit(cache=True, nogil=True)  # type: ignore[untyped-decorator, unused-ignore]
def split(m: NDArray[np.complex128], im: Real, both: Real, re: Real) -> None:
    """Imaginary part, sum of both parts and real part of a matrix, in one pass."""
    for i in range(m.shape[0]):
        for j in range(m.shape[1]):
            x, y = m[i, j].real, m[i, j].imag
            re[i, j] = x
            im[i, j] = y
            both[i, j] = x + y


@numba.njit(cache=True, nogil=True)  # type: ignore[untyped-decorator, unused-ignore]
def planes(sums: Real, cross: Real) -> None:
    """From S = (A+B)(A+B)^T and C = B A^T to Re = S - C - C^T and Im = C - C^T of (A+iB)(A+iB)^+, in place."""
    n = len(sums)
    for top in range(0, n, _TILE):
        for left in range(top, n, _TILE):
            for i in range(top, min(top + _TILE, n)):
                for j in range(max(i, left), min(left + _TILE, n)):
                    c, d = cross[i, j], cross[j, i]
                    value = sums[i, j] - c - d
                    sums[i, j] = value
                    sums[j, i] = value
                    cross[i, j] = c - d
                    cross[j, i] = d - c


@numba.njit(cache=True, nogil=True, fastmath=True)  # type: ignore[untyped-decorator, unused-ignore]
def head(re: Real, im: Real, q: Real, alpha: Real, beta: Real, trace: float, enough: float, small: float) -> Any:
    """Lanczos steps with full reorthogonalisation on a positive matrix, in its two planes.

    It ends where nothing is left (`enough`) or the rest is small.

    Args:
        re: real part, (n, n).
        im: imaginary part, (n, n).
        q: real and imaginary part of the orthonormal vectors, (steps + 1, 2, n); the first is given.
        alpha: diagonal of the tridiagonal matrix, (steps,), filled.
        beta: its off-diagonal, the coupling to the next vector last, (steps,), filled.
        trace: trace of the matrix.
        enough: stop where the trace outside the vectors is not above this.
        small: a size (Frobenius norm) of the rest that is small.

    Returns:
        Number of steps taken, and the trace outside their vectors.
    """
    n, steps = re.shape[0], len(alpha)
    w = np.empty((2, n))
    rest = trace
    for k in range(steps):
        v = q[k]
        for i in range(n):
            x, y = 0.0, 0.0
            for j in range(n):
                x += re[i, j] * v[0, j] - im[i, j] * v[1, j]
                y += re[i, j] * v[1, j] + im[i, j] * v[0, j]
            w[0, i] = x
            w[1, i] = y
        before = 0.0
        for j in range(n):
            before += w[0, j] * w[0, j] + w[1, j] * w[1, j]
        size = 0.0
        for sweep in range(2):
            if sweep == 1 and size > 1e-4 * before:
                break  # little was cancelled, so little of the others is left
            for m in range(k, -1, -1):
                u = q[m]
                x, y = 0.0, 0.0
                for j in range(n):
                    x += u[0, j] * w[0, j] + u[1, j] * w[1, j]
                    y += u[0, j] * w[1, j] - u[1, j] * w[0, j]
                if m == k and sweep == 0:
                    alpha[k] = x
                for j in range(n):
                    w[0, j] -= x * u[0, j] - y * u[1, j]
                    w[1, j] -= x * u[1, j] + y * u[0, j]
            size = 0.0
            for j in range(n):
                size += w[0, j] * w[0, j] + w[1, j] * w[1, j]
        rest -= alpha[k]
        size = np.sqrt(size)
        beta[k] = size
        if rest <= enough or size <= 1e-300:
            return k + 1, rest
        for j in range(n):
            q[k + 1, 0, j] = w[0, j] / size
            q[k + 1, 1, j] = w[1, j] / size
        # |R|_F^2 <= |R| tr R, and |R| is not above the largest numbers of the recursion's end by much
        if rest * (alpha[k] + 2 * beta[k]) <= small * small:
            return k + 1, rest
    return steps, rest


@numba.njit(cache=True, nogil=True)  # type: ignore[untyped-decorator, unused-ignore]
def border(
    re: Real, im: Real, taken: NDArray[np.complex128], coupling: NDArray[np.complex128], out: NDArray[np.complex64]
) -> float:
    """Upper rows of [[0, c^+], [c, R]]^T in single precision, R = re + i im - taken; returns the squared size of R."""
    n = len(re)
    total = 0.0
    out[0, 0] = 0.0
    for j in range(n):
        out[0, j + 1] = coupling[j]
    for j in range(n):
        for i in range(j, n):
            x = re[j, i] - taken[j, i].real
            y = im[j, i] - taken[j, i].imag
            out[j + 1, i + 1] = x - 1j * y
            total += (1.0 if i == j else 2.0) * (x * x + y * y)
    return total
