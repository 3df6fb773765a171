"""Read a state and a Hamiltonian in whatever form they come, as checked `Blocks`.

A Qobj, an array, a sparse matrix or `Blocks` are all read here, so that every figure of merit accepts the same
and refuses the same.
"""

from typing import Any

import numpy as np

from qsb.algebra.blocks import Array, Blocks, Factor, RealArray, Spectrum
from qsb.errors import SpecError, StructureError

__all__ = [
    "check_trace",
    "dense_state",
    "eigenvalues",
    "energy_scale",
    "is_qobj",
    "numbers",
    "read_operator",
    "read_pair",
    "read_state",
]

_TRACE_TOLERANCE = 1e-6
_STATE_TOLERANCE = 1e-6
_HERMITIAN_TOLERANCE = 1e-9


def energy_scale(levels: Spectrum) -> RealArray:
    """Return the largest |level|, which sets the rounding of energies; shape of the batch of levels."""
    return np.asarray(np.abs(levels.values).max(axis=-1), dtype=np.float64)


def eigenvalues(state: Blocks) -> Spectrum:
    """Return the eigenvalues of a state after the check that it is positive."""
    spectrum = state.spectrum()
    lowest = float(spectrum.weights().min())
    if lowest < -_STATE_TOLERANCE:
        raise StructureError(
            f"rho has an eigenvalue of weight {lowest:.3g}; a state has none below 0: check what produced it"
        )
    return spectrum


def is_qobj(value: Any) -> bool:
    """Tell a QuTiP Qobj without importing QuTiP."""
    return hasattr(value, "full") and hasattr(value, "isket")


def numbers(value: Any, name: str) -> Array:
    """Return the array behind a Qobj, a sparse matrix or an array-like, refusing what holds no numbers."""
    if is_qobj(value):
        array = np.asarray(value.full())
    elif hasattr(value, "toarray"):
        array = np.asarray(value.toarray())
    else:
        try:
            array = np.asarray(value)
        except (TypeError, ValueError) as error:
            raise SpecError(f"{name} is no array of numbers ({error}); give rows of one length") from error
    if array.size == 0:
        raise SpecError(f"{name} is empty, of shape {array.shape}; give a Qobj, an array or Blocks")
    if not np.issubdtype(array.dtype, np.number):
        raise SpecError(f"{name} is a {type(value).__name__}, not numbers; give a Qobj, an array or Blocks")
    return array


def read_pair(rho: Any, hamiltonian: Any) -> tuple[Blocks, Blocks]:
    """Return state and Hamiltonian as `Blocks` of one decomposition, after all checks."""
    meter = read_operator(hamiltonian)
    state = read_state(rho, meter.dimension)
    state.match(meter)
    check_trace(state)
    return state, meter


def read_operator(hamiltonian: Any) -> Blocks:
    """Return a Hamiltonian as `Blocks`, square, finite and Hermitian."""
    if isinstance(hamiltonian, Blocks):
        meter = hamiltonian
    else:
        matrix = numbers(hamiltonian, "H")
        if matrix.ndim < 2 or matrix.shape[-1] != matrix.shape[-2]:
            raise SpecError(f"H has shape {matrix.shape}; it must be square, (..., d, d)")
        meter = Blocks.dense(matrix)
    return _hermitian(meter, "H", _HERMITIAN_TOLERANCE)


def read_state(rho: Any, dimension: int) -> Blocks:
    """Return a state of the given dimension as `Blocks`: a matrix, or a factor for kets; finite and Hermitian."""
    state = rho if isinstance(rho, Blocks) else _state(rho, dimension)
    return _hermitian(state, "rho", _STATE_TOLERANCE)


def dense_state(rho: Any, dimension: int) -> Array:
    """Return a state as density matrices (..., d, d) after all checks; `Blocks` must be a single block.

    Raises:
        SpecError: as `read_pair`, and on `Blocks` of several blocks, which are not written on the whole space.
        StructureError: as `read_pair`, an eigenvalue below -1e-6 included.
    """
    state = read_state(rho, dimension)
    if len(state.blocks) != 1 or state.multiplicity != (1,) or state.null or state.dimension != dimension:
        raise SpecError(
            f"rho is written in {len(state.blocks)} blocks of dimension {state.dimension} in all; this figure needs "
            f"the state on the whole space, as one matrix ({dimension}, {dimension})"
        )
    check_trace(state)
    eigenvalues(state)
    (block,) = state.blocks
    return block.dense() if isinstance(block, Factor) else block


def check_trace(state: Blocks) -> None:
    """Refuse a state whose trace is off 1 by more than 1e-6."""
    trace = state.trace()
    worst = float(trace.flat[np.argmax(np.abs(trace - 1))])
    if abs(worst - 1) > _TRACE_TOLERANCE:
        raise StructureError(f"rho has trace {worst:.9g}; a state has trace 1: normalise it first")


def _state(rho: Any, dimension: int) -> Blocks:
    """Return a state of the given dimension as one block: a matrix, or a factor for kets."""
    array = numbers(rho, "rho")
    if array.ndim >= 2 and array.shape[-2:] == (dimension, dimension):
        return Blocks.dense(array)
    if array.ndim == 2 and array.shape == (dimension, 1):
        return Blocks.pure(array[:, 0])
    if array.ndim >= 1 and array.shape[-1] == dimension and not is_qobj(rho):
        return Blocks.pure(array)
    raise SpecError(
        f"rho has shape {array.shape} and H has dimension {dimension}; rho must be "
        f"(..., {dimension}, {dimension}) or a ket (..., {dimension})"
    )


def _hermitian(operator: Blocks, name: str, tolerance: float) -> Blocks:
    """Return the operator with its blocks made exactly Hermitian, refusing NaN and non-Hermitian ones."""
    blocks: list[Array | Factor] = []
    for block in operator.blocks:
        matrix = block.array if isinstance(block, Factor) else block
        if not np.isfinite(matrix).all():
            raise SpecError(f"{name} contains NaN or infinity; check what produced it")
        if isinstance(block, Factor):
            blocks.append(block)
            continue
        adjoint = np.conj(np.swapaxes(matrix, -1, -2))
        gap = float(np.abs(matrix - adjoint).max())
        if gap > tolerance * max(float(np.abs(matrix).max()), np.finfo(float).tiny):
            raise StructureError(f"{name} is not Hermitian: it differs from its adjoint by {gap:.3g}")
        blocks.append(matrix if gap == 0 else (matrix + adjoint) / 2)
    return Blocks(tuple(blocks), operator.multiplicity, operator.null)
