"""States and operators as arrays: a QuTiP Qobj, kets, density matrices or `Blocks` of one block, checked."""

from typing import Any

import numpy as np

from qsb.algebra.blocks import Array, Blocks, Factor, RealArray
from qsb.errors import SpecError, StructureError
from qsb.merit.reading import is_qobj, numbers

__all__ = ["adjoint", "density", "eigenbasis", "ket", "labels", "observable"]

_STATE_TOLERANCE = 1e-6
_HERMITIAN_TOLERANCE = 1e-9
#: levels closer than this, relative to the largest |level|, are one degenerate level
LEVEL_TOLERANCE = 1e-9


def adjoint(matrix: Array) -> Array:
    """Return the conjugate transpose of the last two axes."""
    return np.conj(np.swapaxes(matrix, -1, -2))


def density(state: Any, dimension: int | None = None, name: str = "rho") -> Array:
    """Return density matrices (..., d, d), exactly Hermitian, after the checks that make them states.

    Args:
        state: a Qobj (ket or operator), an array (..., d, d), kets (..., d), or `Blocks` of one block. Where the
            dimension is not given, an array with two equal last axes is read as density matrices.
        dimension: d, where it is known.
        name: what the state is called in errors.

    Raises:
        SpecError: on NaN, infinity, or a shape that does not fit.
        StructureError: if a state is not Hermitian, its trace is off 1 or an eigenvalue is negative, by > 1e-6.
    """
    psi = _amplitudes(state, dimension, name)
    if psi is not None:
        return psi[..., :, None] * np.conj(psi[..., None, :])
    rho = _finite(_numbers(state, name), name)
    size = rho.shape[-1] if dimension is None else dimension
    if rho.ndim < 2 or rho.shape[-2:] != (size, size):
        raise SpecError(f"{name} has shape {rho.shape}; it must be (..., {size}, {size}) or kets (..., {size})")
    rho = _hermitian(rho, name, _STATE_TOLERANCE)
    _check_trace(np.einsum("...ii->...", rho).real, name)
    lowest = float(np.linalg.eigvalsh(rho)[..., 0].min())
    if lowest < -_STATE_TOLERANCE:
        raise StructureError(f"{name} has an eigenvalue {lowest:.3g}; a state has none below 0")
    return rho


def ket(state: Any, dimension: int | None = None, name: str = "psi") -> Array:
    """Return kets (..., d), normalised to 1e-6; density matrices are refused.

    Args and errors are those of `density`; a square array is a batch of kets here.
    """
    psi = _amplitudes(state, dimension, name, square=True)
    if psi is None:
        raise SpecError(f"{name} must be a ket, a state vector; this figure is defined for pure states")
    return psi


def observable(operator: Any, name: str = "H") -> Array:
    """Return Hermitian matrices (..., d, d) from a Qobj, an array, a sparse matrix or `Blocks` of one block.

    Raises:
        SpecError: on NaN, infinity, or a shape that is not square.
        StructureError: if it is not Hermitian.
    """
    matrix = _finite(_numbers(operator, name), name)
    if matrix.ndim < 2 or matrix.shape[-1] != matrix.shape[-2]:
        raise SpecError(f"{name} has shape {matrix.shape}; it must be square, (..., d, d)")
    return _hermitian(matrix, name, _HERMITIAN_TOLERANCE)


def eigenbasis(hamiltonian: Array) -> tuple[RealArray, Array | None]:
    """Return levels and eigenvectors of one Hermitian (d, d); None for the given basis where it is diagonal.

    Only a Hamiltonian that is not diagonal is diagonalised, so that degenerate levels of a diagonal one keep the
    basis that they are written in.
    """
    diagonal = np.diagonal(hamiltonian)
    if np.count_nonzero(hamiltonian) == np.count_nonzero(diagonal):
        return np.asarray(diagonal.real, dtype=np.float64), None
    values, vectors = np.linalg.eigh(hamiltonian)
    return values, vectors


def labels(levels: RealArray) -> tuple[RealArray, np.ndarray[Any, np.dtype[np.int64]]]:
    """Return the distinct levels, ascending, and which of them each of the given ones is (equal to 1e-9)."""
    order = np.argsort(levels, kind="stable")
    ranked = levels[order]
    new = np.diff(ranked, prepend=-np.inf) > LEVEL_TOLERANCE * float(np.abs(levels).max())
    label = np.empty(len(levels), dtype=np.int64)
    label[order] = np.cumsum(new) - 1
    return np.asarray(ranked[new], dtype=np.float64), label


def _numbers(value: Any, name: str) -> Array:
    """Return the array behind a Qobj, a sparse matrix, one block or an array-like."""
    if not isinstance(value, Blocks):
        return numbers(value, name)
    (block,) = _one_block(value, name)
    return block.dense() if isinstance(block, Factor) else block


def _one_block(value: Blocks, name: str) -> tuple[Array | Factor, ...]:
    """Refuse states of several blocks: what is asked needs all matrix elements."""
    if len(value.blocks) != 1 or value.multiplicity != (1,) or value.null:
        raise SpecError(f"{name} has several blocks; this figure needs one whole matrix: give the state as an array")
    return value.blocks


def _amplitudes(value: Any, dimension: int | None, name: str, *, square: bool = False) -> Array | None:
    """Return kets (..., d) where the value holds kets, None where it holds matrices."""
    if isinstance(value, Blocks):
        (block,) = _one_block(value, name)
        if not isinstance(block, Factor) or block.array.shape[-1] != 1:
            return None
        psi = block.array[..., 0]
    else:
        psi = _numbers(value, name)
        if is_qobj(value):
            if not value.isket:
                return None
            psi = psi[:, 0]
        elif psi.ndim == 2 and psi.shape[1] == 1 and psi.shape[0] > 1:
            psi = psi[:, 0]
        elif psi.ndim >= 2 and psi.shape[-1] == psi.shape[-2] and not square:
            return None
    if psi.ndim < 1 or (dimension is not None and psi.shape[-1] != dimension):
        raise SpecError(f"{name} has shape {psi.shape}; its last axis must be the dimension {dimension}")
    psi = _finite(psi, name)
    _check_trace((np.abs(psi) ** 2).sum(axis=-1), name)
    return psi


def _finite(array: Array, name: str) -> Array:
    """Refuse NaN and infinity."""
    if not np.isfinite(array).all():
        raise SpecError(f"{name} contains NaN or infinity; check what produced it")
    return array


def _hermitian(matrix: Array, name: str, tolerance: float) -> Array:
    """Return the Hermitian part, refusing more than rounding beside it."""
    other = adjoint(matrix)
    gap = float(np.abs(matrix - other).max(initial=0.0))
    if gap > tolerance * max(float(np.abs(matrix).max(initial=0.0)), np.finfo(float).tiny):
        raise StructureError(f"{name} is not Hermitian: it differs from its adjoint by {gap:.3g}")
    return np.asarray((matrix + other) / 2)


def _check_trace(trace: RealArray, name: str) -> None:
    """Refuse what is not normalised."""
    worst = float(np.atleast_1d(trace).flat[int(np.argmax(np.abs(trace - 1)))])
    if abs(worst - 1) > _STATE_TOLERANCE:
        raise StructureError(f"{name} has trace {worst:.9g}; a state has trace 1: normalise it first")
