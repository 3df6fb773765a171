"""Compiled loops over spin configurations; the only module that imports numba.

A product of Pauli operators is written X^x Z^z with bit masks x and z (Z acts first), so its matrix has one entry a row:
``<k| X^x Z^z |k ^ x> = (-1)^popcount(z & (k ^ x))``.
"""

from __future__ import annotations

import numba
import numpy as np
from numpy.typing import NDArray


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


@numba.njit(cache=True, parallel=True)  # type: ignore[untyped-decorator, unused-ignore]
def apply_strings(
    diag: NDArray[np.float64],
    flips: NDArray[np.int64],
    signs: NDArray[np.int64],
    coefficients: NDArray[np.complex128],
    psi: NDArray[np.complex128],
    out: NDArray[np.complex128],
) -> None:
    """out = (diag + sum_t c_t X^{x_t} Z^{z_t}) psi, gathered row by row: no matrix is stored."""
    for k in numba.prange(psi.size):
        acc = diag[k] * psi[k]
        for t in range(flips.size):
            j = k ^ flips[t]
            if signs[t] != 0 and _odd(signs[t] & j):
                acc -= coefficients[t] * psi[j]
            else:
                acc += coefficients[t] * psi[j]
        out[k] = acc


@numba.njit(cache=True, parallel=True)  # type: ignore[untyped-decorator, unused-ignore]
def apply_strings_real(
    diag: NDArray[np.float64],
    flips: NDArray[np.int64],
    signs: NDArray[np.int64],
    coefficients: NDArray[np.float64],
    psi: NDArray[np.complex128],
    out: NDArray[np.complex128],
) -> None:
    """As `apply_strings` for a real matrix: half the multiplications."""
    for k in numba.prange(psi.size):
        acc = diag[k] * psi[k]
        for t in range(flips.size):
            j = k ^ flips[t]
            if signs[t] != 0 and _odd(signs[t] & j):
                acc -= coefficients[t] * psi[j]
            else:
                acc += coefficients[t] * psi[j]
        out[k] = acc


@numba.njit(cache=True, parallel=True)  # type: ignore[untyped-decorator, unused-ignore]
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
    size = rho.shape[0]
    for r in numba.prange(size):
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
