"""Correlations across a cut: negativity, logarithmic negativity, mutual information. Natural logarithms.

    N = (||rho^{T_A}||_1 - 1)/2,   E_N = ln ||rho^{T_A}||_1 = ln(2N + 1),   I(A:B) = S_A + S_B - S_AB

(Vidal, Werner 2002, arXiv quant-ph/0102117). N > 0 proves entanglement; N = 0 does not exclude it, except for two
qubits, a qubit and a qutrit, and pure states. For a pure state I = 2 S_A and ||rho^{T_A}||_1 is the square of the sum
of the Schmidt coefficients.
"""

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from qsb import checks
from qsb.algebra.blocks import Array, RealArray, Spectrum
from qsb.algebra.copies import Copies
from qsb.errors import SpecError, StructureError
from qsb.merit.correlation import entropy
from qsb.merit.dense import density

__all__ = [
    "log_negativity",
    "mutual_information",
    "negativity",
    "negativity_of_transpose",
    "partial_trace",
    "partial_transpose",
    "schmidt_negativity",
]

_TOLERANCE = 1e-6
#: negative parts up to this many roundings a dimension are none
_NOISE = 16 * float(np.finfo(float).eps)


def negativity(rho: Any, cells: Sequence[int], dims: Sequence[int]) -> Any:
    """Return N across the cut between some cells and the rest.

    Args:
        rho: states on prod(dims) dimensions, see `qsb.merit.reading.density`; cell 0 is the most significant digit.
        cells: the cells on one side of the cut; none or all of them give 0.
        dims: dimension of each cell.

    Returns:
        Number (unit 1) or an array of the batch shape; at most (d - 1)/2 with d the smaller side.
    """
    turned = _transposed(_whole(rho, dims), _inside(cells, dims), dims)
    return negativity_of_transpose(Spectrum.simple(np.linalg.eigvalsh(turned)))[()]


def log_negativity(rho: Any, cells: Sequence[int], dims: Sequence[int]) -> Any:
    """Return E_N = ln(2N + 1) in nats; additive for products of states. Arguments as `negativity`."""
    return np.log1p(2 * np.asarray(negativity(rho, cells, dims)))[()]


def negativity_of_transpose(spectrum: Spectrum | Copies) -> RealArray:
    """Return N from the eigenvalues of rho^{T_A}: the sum of the negative ones, positive; shape (...,)."""
    if isinstance(spectrum, Copies):
        # a product of equal cells: its partial transpose is the state itself in another basis
        return np.zeros(spectrum.cell.values.shape[:-1])
    weights = spectrum.weights()
    total = weights.sum(axis=-1)
    if not (np.abs(total - 1) <= _TOLERANCE).all():
        raise StructureError(f"negativity: the eigenvalues of the partial transpose sum to {total}; a state's sum to 1")
    found = np.where(weights < -_NOISE, -weights, 0.0).sum(axis=-1)
    return np.asarray(found, dtype=np.float64)


def schmidt_negativity(reduced: Spectrum | Copies) -> RealArray:
    """Return N = ((sum_k s_k)^2 - 1)/2 of a pure state from the eigenvalues s_k^2 of one side, shape (...,).

    Accurate to about 1e-7: the root of an eigenvalue that is rounding (1e-16) is 1e-8, and those are left out.
    """
    known = reduced.expand() if isinstance(reduced, Copies) else reduced
    counts = np.exp(known.log_multiplicity)
    # a zero of a reduced state comes with rounding of its own size, and the root makes 1e-8 of 1e-16
    safe = np.where(known.values > _NOISE, known.values, 0.0)
    roots = (np.sqrt(safe) * np.where(known.values > _NOISE, counts, 0.0)).sum(axis=-1)
    return np.asarray(np.maximum(roots**2 - 1, 0.0) / 2, dtype=np.float64)


def mutual_information(rho: Any, cells: Sequence[int], dims: Sequence[int]) -> Any:
    """Return I(A:B) = S_A + S_B - S_AB >= 0 in nats, all correlations across the cut, classical ones as well.

    Arguments as `negativity`. At most twice the entropy of the smaller side.
    """
    whole, inside = _whole(rho, dims), _inside(cells, dims)
    rest = [cell for cell in range(len(dims)) if cell not in inside]
    parts = [np.linalg.eigvalsh(partial_trace(whole, kept, dims)) for kept in (inside, rest)]
    one, other = (entropy(Spectrum.simple(p)) for p in parts)
    return np.maximum(one + other - entropy(Spectrum.simple(np.linalg.eigvalsh(whole))), 0.0)[()]


def partial_trace(rho: ArrayLike, cells: Sequence[int], dims: Sequence[int]) -> Array:
    """Return the states (..., d_A, d_A) of some cells of matrices (..., D, D); the cells in the given order."""
    kept = _inside(cells, dims)
    matrix = _sized(np.asarray(rho), dims)
    rest = [cell for cell in range(len(dims)) if cell not in kept]
    lead, count = matrix.ndim - 2, len(dims)
    order = [lead + c for c in (*kept, *rest)] + [lead + count + c for c in (*kept, *rest)]
    size = math.prod(dims[c] for c in kept)
    other = math.prod(dims[c] for c in rest)
    batch = matrix.shape[:-2]
    split = matrix.reshape(*batch, *dims, *dims).transpose(*range(lead), *order)
    return np.asarray(np.einsum("...arbr->...ab", split.reshape(*batch, size, other, size, other)))


def partial_transpose(rho: ArrayLike, cells: Sequence[int], dims: Sequence[int]) -> Array:
    """Return rho^{T_A}, the transpose on some cells alone, of matrices (..., D, D)."""
    return _transposed(_sized(np.asarray(rho), dims), _inside(cells, dims), dims)


def _transposed(matrix: Array, inside: list[int], dims: Sequence[int]) -> Array:
    """Swap row and column digits of the cells inside."""
    lead, count = matrix.ndim - 2, len(dims)
    axes = list(range(lead + 2 * count))
    for cell in inside:
        axes[lead + cell], axes[lead + count + cell] = axes[lead + count + cell], axes[lead + cell]
    return matrix.reshape(*matrix.shape[:-2], *dims, *dims).transpose(axes).reshape(matrix.shape)


def _whole(rho: Any, dims: Sequence[int]) -> Array:
    """The state on all cells."""
    return density(rho, math.prod(_dims(dims)))


def _sized(matrix: Array, dims: Sequence[int]) -> Array:
    """Refuse matrices of another size than the cells'."""
    size = math.prod(_dims(dims))
    if matrix.ndim < 2 or matrix.shape[-2:] != (size, size):
        raise SpecError(
            f"the matrix has shape {matrix.shape}; cells of dimensions {list(dims)} need (..., {size}, {size})"
        )
    return matrix


def _dims(dims: Sequence[int]) -> list[int]:
    """Refuse what is no list of dimensions."""
    return [checks.whole("The dimension of a cell", d, 1) for d in checks.several("dims", dims, "a dimension a cell")]


def _inside(cells: Sequence[int], dims: Sequence[int]) -> list[int]:
    """Refuse cells that are not there or named twice."""
    named = checks.several("cells", cells, "the numbers of the cells on one side of the cut")
    inside = [checks.whole("A cell of the cut", cell) for cell in named]
    count = len(_dims(dims))
    if len(set(inside)) != len(inside) or not all(cell < count for cell in inside):
        raise SpecError(f"the cut is {list(cells)}; name each of the cells 0..{count - 1} at most once")
    return inside
