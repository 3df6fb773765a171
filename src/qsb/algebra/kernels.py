"""Compiled loops over spin configurations; the only module that imports numba.

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


@numba.njit(inline="always")  # type: ignore[untyped-decorator, unused-ignore]
def _lindblad_row(
    r: int,
    flips: NDArray[np.int64],
    values: NDArray[np.complex128],
    jump_flips: NDArray[np.int64],
    jump_left: NDArray[np.complex128],
    jump_right: NDArray[np.complex128],
    rho: NDArray[np.complex128],
    out: NDArray[np.complex128],
) -> None:
    """Row r of `lindblad_half`."""
    size = rho.shape[0]
    for c in range(size):
        out[r, c] = 0.0
    for t in range(flips.size):
        a = values[t, r]
        if a != 0.0:
            j = r ^ flips[t]
            for c in range(size):
                out[r, c] += a * rho[j, c]
    for k in range(jump_flips.size):
        left = 0.5 * jump_left[k, r]
        if left != 0.0:
            f = jump_flips[k]
            j = r ^ f
            for c in range(size):
                out[r, c] += left * jump_right[k, c] * rho[j, c ^ f]


@numba.njit(cache=True)  # type: ignore[untyped-decorator, unused-ignore]
def _lindblad_serial(
    flips: NDArray[np.int64],
    values: NDArray[np.complex128],
    jump_flips: NDArray[np.int64],
    jump_left: NDArray[np.complex128],
    jump_right: NDArray[np.complex128],
    rho: NDArray[np.complex128],
    out: NDArray[np.complex128],
) -> None:
    for r in range(rho.shape[0]):
        _lindblad_row(r, flips, values, jump_flips, jump_left, jump_right, rho, out)


@numba.njit(cache=True, parallel=True)  # type: ignore[untyped-decorator, unused-ignore]
def _lindblad_parallel(
    flips: NDArray[np.int64],
    values: NDArray[np.complex128],
    jump_flips: NDArray[np.int64],
    jump_left: NDArray[np.complex128],
    jump_right: NDArray[np.complex128],
    rho: NDArray[np.complex128],
    out: NDArray[np.complex128],
) -> None:
    for r in numba.prange(rho.shape[0]):
        _lindblad_row(r, flips, values, jump_flips, jump_left, jump_right, rho, out)


def lindblad_half(
    flips: NDArray[np.int64],
    values: NDArray[np.complex128],
    jump_flips: NDArray[np.int64],
    jump_left: NDArray[np.complex128],
    jump_right: NDArray[np.complex128],
    rho: NDArray[np.complex128],
    out: NDArray[np.complex128],
) -> None:
    """out = A rho + (1/2) sum_k l_k rho l_k^+, where A = sum_x diag(values_x) X^x and l_k = diag(left_k) X^{x_k}.

    For a Hermitian `rho` the Lindblad right-hand side is ``out + out^+``.
    """
    work = rho.size * (1 + flips.size + jump_flips.size)
    run = _lindblad_parallel if work >= PARALLEL_WORK else _lindblad_serial
    run(flips, values, jump_flips, jump_left, jump_right, rho, out)
