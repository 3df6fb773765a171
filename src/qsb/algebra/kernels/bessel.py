"""Bessel functions of all integer orders at many arguments, by backward recurrence: relative precision in the tail."""

from __future__ import annotations

import numba
import numpy as np
from numpy.typing import NDArray

_LARGE = 1e250


@numba.njit(cache=True)  # type: ignore[untyped-decorator, unused-ignore]
def bessel(z: NDArray[np.float64], modified: bool, out: NDArray[np.float64]) -> None:
    """J_k(z), or e^{-z} I_k(z) if modified, for k < K and z >= 0, into out (T, K).

    Backward recurrence from far above the turning point k = z (J. C. P. Miller), scaled by
    J_0 + 2 (J_2 + J_4 + ...) = 1 or I_0 + 2 (I_1 + I_2 + ...) = e^z.
    """
    terms = out.shape[1]
    for i in range(z.size):
        x = z[i]
        row = out[i]
        if x < 1e-300:
            for k in range(terms):
                row[k] = 1.0 if k == 0 else 0.0
            continue
        top = max(terms, int(x + 12.0 * (x + 1.0) ** (1 / 3))) + 40
        above, here, total = 0.0, 1e-250, 0.0
        for k in range(top, -1, -1):
            if k < terms:
                row[k] = here
            if modified or k % 2 == 0:
                total += here if k == 0 else 2 * here
            below = 2 * k / x * here + (above if modified else -above)
            above, here = here, below
            if abs(here) > _LARGE:
                above /= _LARGE
                here /= _LARGE
                total /= _LARGE
                for j in range(k, terms):
                    row[j] /= _LARGE
        for k in range(terms):
            row[k] /= total
