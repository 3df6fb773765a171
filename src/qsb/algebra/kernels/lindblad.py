"""Lindblad right-hand sides on density matrices of spins, gathered row by row."""

from __future__ import annotations

import numba
import numpy as np
from numpy.typing import NDArray

#: multiply-adds below which one thread is faster than several
PARALLEL_WORK = 200_000


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
