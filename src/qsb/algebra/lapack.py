"""BLAS and LAPACK without the interpreter's lock.

NumPy and SciPy hold the lock while they diagonalise one matrix of less than some hundred rows, so that two threads take
as long as one. SciPy publishes the addresses of the routines; called by them, they run side by side.
"""

from __future__ import annotations

import ctypes
from collections.abc import Callable
from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from qsb.errors import ConvergenceError

Array = NDArray[Any]
RealArray = NDArray[np.float64]


@cache
def routine(name: str, arguments: int) -> Callable[..., None]:
    """A LAPACK routine, or of BLAS, by its address; all arguments are pointers."""
    from scipy.linalg import cython_blas, cython_lapack

    capsules = cython_lapack.__pyx_capi__ | cython_blas.__pyx_capi__
    capsule = capsules[name]
    ctypes.pythonapi.PyCapsule_GetName.restype = ctypes.c_char_p
    ctypes.pythonapi.PyCapsule_GetName.argtypes = [ctypes.py_object]
    ctypes.pythonapi.PyCapsule_GetPointer.restype = ctypes.c_void_p
    ctypes.pythonapi.PyCapsule_GetPointer.argtypes = [ctypes.py_object, ctypes.c_char_p]
    label = ctypes.pythonapi.PyCapsule_GetName(capsule)
    address = ctypes.pythonapi.PyCapsule_GetPointer(capsule, label)
    return ctypes.CFUNCTYPE(None, *[ctypes.c_void_p] * arguments)(address)


def call(name: str, *arguments: Array | bytes | int | float) -> None:
    """Call a routine with arrays by their addresses, and letters, integers and numbers by those of copies."""
    made: list[Any] = []
    for a in arguments:
        if isinstance(a, bytes):
            made.append(np.frombuffer(a, dtype=np.uint8))
        elif isinstance(a, np.ndarray):
            made.append(a)
        else:
            made.append(np.array([a], np.intc if isinstance(a, int) else np.float64))
    routine(name, len(made))(*(ctypes.c_void_p(a.ctypes.data) for a in made))


def gram(m: NDArray[np.complex128]) -> NDArray[np.complex128]:
    """Rows of M M^+ of a contiguous complex matrix, right up to and on the diagonal (ZHERK); zeros beyond it."""
    rows, columns = m.shape
    # in columns, what is stored is M^T: (M^T)^+ M^T is the transpose of M M^+, upper where its rows are lower
    out = np.zeros((rows, rows), dtype=complex)
    call("zherk", b"U", b"C", rows, columns, 1.0, m, max(columns, 1), 0.0, out, rows)
    return out


def eigenvalues(rows: Array) -> RealArray:
    """Ascending eigenvalues of a contiguous Hermitian matrix by its lower triangle (ZHEEVD, DSYEVD); overwrites it.

    Raises:
        ConvergenceError: if the iteration fails.
    """
    n = len(rows)
    values, info = np.empty(n), np.zeros(1, np.intc)
    if n == 0:
        return values
    # the lower triangle by rows is the upper one of the complex conjugate by columns
    if np.iscomplexobj(rows):
        work, more, ints = np.empty(66 * n + 2, dtype=complex), np.empty(n + 2), np.empty(2, np.intc)
        call("zheevd", b"N", b"U", n, rows, n, values, work, len(work), more, len(more), ints, len(ints), info)
    else:
        work, ints = np.empty(66 * n + 2), np.empty(2, np.intc)
        call("dsyevd", b"N", b"U", n, rows, n, values, work, len(work), ints, len(ints), info)
    if info[0]:
        raise ConvergenceError("the eigenvalues of a state", float(info[0]), 0.0, "report this.")
    return values


__all__ = ["call", "eigenvalues", "gram", "routine"]
