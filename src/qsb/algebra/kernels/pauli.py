"""Sums of Pauli strings on kets.

A product of Pauli operators is written X^x Z^z with bit masks x and z (Z acts first), so its matrix has one
entry a row: ``<k| X^x Z^z |k ^ x> = (-1)^popcount(z & (k ^ x))``.
"""

from __future__ import annotations

from typing import Any

import numba
import numpy as np
from numpy.typing import NDArray

#: multiply-adds below which one thread is faster than several
PARALLEL_WORK = 200_000


@numba.njit(inline="always")  # type: ignore[untyped-decorator, unused-ignore]
def _odd(v: int) -> int:
    """Parity of the number of set bits of a non-negative 64-bit integer."""
    v ^= v >> 32
    v ^= v >> 16
    v ^= v >> 8
    v ^= v >> 4
    return (0x6996 >> (v & 15)) & 1


@numba.njit(cache=True, parallel=True)  # type: ignore[untyped-decorator, unused-ignore]
def diagonal(masks: NDArray[np.int64], coefficients: NDArray[np.complex128], size: int) -> NDArray[np.complex128]:
    """Diagonal of sum_t c_t Z^{z_t} over `size` = 2^N configurations."""
    out = np.empty(size, dtype=np.complex128)
    for k in numba.prange(size):
        acc = 0.0 + 0.0j
        for t in range(masks.size):
            acc += -coefficients[t] if _odd(masks[t] & k) else coefficients[t]
        out[k] = acc
    return out


@numba.njit(inline="always")  # type: ignore[untyped-decorator, unused-ignore]
def _row(
    k: int,
    diag: NDArray[np.float64],
    flips: NDArray[np.int64],
    signs: NDArray[np.int64],
    coefficients: NDArray[Any],
    psi: NDArray[np.complex128],
) -> complex:
    """Entry k of (diag + sum_t c_t X^{x_t} Z^{z_t}) psi."""
    acc = diag[k] * psi[k]
    for t in range(flips.size):
        j = k ^ flips[t]
        if signs[t] != 0 and _odd(signs[t] & j):
            acc -= coefficients[t] * psi[j]
        else:
            acc += coefficients[t] * psi[j]
    return acc  # type: ignore[no-any-return]


@numba.njit(cache=True)  # type: ignore[untyped-decorator, unused-ignore]
def _strings_serial(
    diag: NDArray[np.float64],
    flips: NDArray[np.int64],
    signs: NDArray[np.int64],
    coefficients: NDArray[Any],
    psi: NDArray[np.complex128],
    out: NDArray[np.complex128],
) -> None:
    for k in range(psi.size):
        out[k] = _row(k, diag, flips, signs, coefficients, psi)


@numba.njit(cache=True, parallel=True)  # type: ignore[untyped-decorator, unused-ignore]
def _strings_parallel(
    diag: NDArray[np.float64],
    flips: NDArray[np.int64],
    signs: NDArray[np.int64],
    coefficients: NDArray[Any],
    psi: NDArray[np.complex128],
    out: NDArray[np.complex128],
) -> None:
    for k in numba.prange(psi.size):
        out[k] = _row(k, diag, flips, signs, coefficients, psi)


def apply_strings(
    diag: NDArray[np.float64],
    flips: NDArray[np.int64],
    signs: NDArray[np.int64],
    coefficients: NDArray[Any],
    psi: NDArray[np.complex128],
    out: NDArray[np.complex128],
) -> None:
    """out = (diag + sum_t c_t X^{x_t} Z^{z_t}) psi, gathered row by row: no matrix is stored.

    Real coefficients take half the multiplications; small vectors are not worth waking threads for.
    """
    run = _strings_parallel if psi.size * (1 + flips.size) >= PARALLEL_WORK else _strings_serial
    run(diag, flips, signs, coefficients, psi, out)
