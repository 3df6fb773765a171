"""Exponentials of many small matrices at once; SciPy's take them one by one."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from qsb.errors import ConvergenceError

Array = NDArray[Any]

#: degree of the Taylor polynomial on matrices of norm at most one half: 0.5^15/15! = 2e-17
_DEGREE = 14


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
    one = np.broadcast_to(np.eye(g.shape[-1], dtype=g.dtype), g.shape)
    square = g @ g
    # even and odd powers apart: half the products of Horner's rule
    even, odd = (_in_powers_of(square, one, range(k, _DEGREE + 1, 2)) for k in (0, 1))
    out = even + g @ odd
    for _ in range(squarings):
        out = out @ out
    return np.asarray(out)


def _in_powers_of(square: Array, one: Array, degrees: range) -> Array:
    """sum over the degrees k of g^(k - first) / k!, by Horner's rule in g^2."""
    factors = [1.0 / float(np.prod(np.arange(1, k + 1, dtype=float))) for k in degrees]
    total = factors[-1] * one
    for c in reversed(factors[:-1]):
        total = square @ total + c * one
    return np.asarray(total)


__all__ = ["exponentials"]
