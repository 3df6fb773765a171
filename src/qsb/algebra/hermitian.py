"""Hermitian matrices as real ones: rho = S + iA, S symmetric and A antisymmetric, is kept as R = S + A.

R has as many real numbers as rho has freedoms, the map is linear and keeps the Frobenius norm, and R^T = S - A is
the real form of the complex conjugate.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray


def pack(rho: NDArray[Any]) -> NDArray[np.float64]:
    """Real form (..., D, D) of Hermitian matrices (..., D, D)."""
    return np.ascontiguousarray(rho.real + rho.imag, dtype=np.float64)


def unpack(r: NDArray[np.float64]) -> NDArray[np.complex128]:
    """Hermitian matrices (..., D, D) of real forms (..., D, D)."""
    turned = r.swapaxes(-1, -2)
    out = np.empty(r.shape, dtype=complex)
    np.add(r, turned, out=out.real)
    np.subtract(r, turned, out=out.imag)
    out *= 0.5
    return out
