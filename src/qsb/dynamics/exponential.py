"""Exponentials of many small matrices at once; SciPy's take them one by one."""

from __future__ import annotations

from math import factorial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from qsb.errors import ConvergenceError

Array = NDArray[Any]

#: factors 1/k! of the Taylor polynomial on matrices of norm at most one half, 0.5^16/16! = 7e-19; four powers a row
_FACTORS = np.array([1.0 / factorial(k) for k in range(16)]).reshape(4, 4)


def exponentials(matrices: Array) -> Array:
    """exp of a batch of real or complex matrices (B, n, n), by scaling, a Taylor polynomial and squaring.

    Raises:
        ConvergenceError: if a matrix is not finite.
    """
    norms = np.abs(matrices).sum(axis=-2).max(axis=-1, initial=0.0)
    largest = float(norms.max(initial=0.0))
    if not np.isfinite(largest):
        raise ConvergenceError("a generator's norm", largest, np.inf, "check the rates and the model's parameters.")
    squarings = max(0, int(np.ceil(np.log2(max(2 * largest, 1.0)))))
    g = matrices / 2.0**squarings
    # Paterson and Stockmeyer: Horner's rule in g^4 over polynomials of degree three, six products in all
    square = g @ g
    cube, fourth = square @ g, square @ square
    diagonal = np.arange(g.shape[-1])
    out: Array = np.zeros((1, 1, 1))
    for k, (constant, first, second, third) in enumerate(_FACTORS[::-1]):
        cubic = first * g + second * square + third * cube
        cubic[:, diagonal, diagonal] += constant
        out = out @ fourth + cubic if k else cubic
    for _ in range(squarings):
        out = out @ out
    return np.asarray(out)


__all__ = ["exponentials"]
