"""Purity and entropies: how mixed a state is, and how entangled a cut of a pure state.

Entropies are in natural units (nats), S = -sum_k m_k r_k ln r_k.
"""

import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike

from qsb.algebra.blocks import RealArray, Spectrum
from qsb.algebra.copies import Copies
from qsb.errors import SpecError, StructureError

__all__ = ["entanglement_entropy", "entropy", "purity", "schmidt_entropy"]

_TOLERANCE = 1e-6


def purity(state: Spectrum | Copies) -> RealArray:
    """Return tr(rho^2) = sum_k m_k r_k^2, shape (...,); 1 for a pure state, 1/d for the most mixed one."""
    return state.moment(2)


def entropy(state: Spectrum | Copies) -> RealArray:
    """Return the von Neumann entropy S = -sum_k m_k r_k ln r_k in nats, shape (...,).

    Rounding noise below zero (weights above -1e-6) counts as zero.

    Raises:
        StructureError: if the state has a weight m_k r_k below -1e-6.
    """
    if isinstance(state, Copies):
        return state.count * entropy(state.cell)
    weights = state.weights()
    lowest = float(weights.min())
    if lowest < -_TOLERANCE:
        raise StructureError(f"entropy: the state has an eigenvalue of weight {lowest:.3g}; a state has none below 0")
    if state.log_values is not None:
        logs = np.where(weights > 0, state.log_values, 0.0)
    else:
        logs = np.log(np.where(state.values > 0, state.values, 1.0))
    return np.asarray(-(np.maximum(weights, 0) * logs).sum(axis=-1) + 0.0, dtype=np.float64)


def schmidt_entropy(singular_values: ArrayLike) -> RealArray:
    """Return the entanglement entropy -sum_k s_k^2 ln s_k^2 in nats of a pure state from its Schmidt values.

    Args:
        singular_values: s_k >= 0, shape (..., K), with sum s_k^2 = 1.

    Raises:
        StructureError: if the squares do not sum to 1 (1e-6).
    """
    weights = np.asarray(singular_values, dtype=np.float64) ** 2
    total = weights.sum(axis=-1)
    if not (np.abs(total - 1) <= _TOLERANCE).all():
        worst = float(total.flat[int(np.argmax(np.abs(total - 1)))])
        raise StructureError(f"schmidt_entropy: the squares sum to {worst:.9g}, a state's to 1: normalise it first")
    return entropy(Spectrum.simple(weights))


def entanglement_entropy(psi: ArrayLike, cells_cut: Sequence[int], dims: Sequence[int]) -> RealArray:
    """Return the entanglement entropy (nats) between some cells and the rest in a pure state.

    Args:
        psi: amplitudes, shape (..., prod(dims)); cell 0 is the most significant digit.
        cells_cut: the cells on one side of the cut; none or all of them give 0.
        dims: dimension of each cell.

    Returns:
        Entropy, shape (...,).

    Raises:
        SpecError: on a cell that is out of range or named twice, or a wrong length of psi.
        StructureError: if psi is not normalised (1e-6).
    """
    amplitudes = np.asarray(psi)
    count = len(dims)
    inside = [int(cell) for cell in cells_cut]
    if len(set(inside)) != len(inside) or not all(0 <= cell < count for cell in inside):
        raise SpecError(
            f"entanglement_entropy: the cut is {list(cells_cut)}; name each of the cells 0..{count - 1} at most once"
        )
    dimension = math.prod(dims)
    if amplitudes.ndim < 1 or amplitudes.shape[-1] != dimension:
        raise SpecError(
            f"entanglement_entropy: psi has shape {amplitudes.shape}; its last axis must be {dimension}, "
            "the product of the cells' dimensions"
        )
    batch = amplitudes.shape[:-1]
    lead = len(batch)
    outside = [cell for cell in range(count) if cell not in inside]
    axes = [*range(lead), *(lead + cell for cell in inside), *(lead + cell for cell in outside)]
    size = math.prod(dims[cell] for cell in inside)
    matrix = amplitudes.reshape(*batch, *dims).transpose(axes).reshape(*batch, size, -1)
    return schmidt_entropy(np.linalg.svd(matrix, compute_uv=False))
