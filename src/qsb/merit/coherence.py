"""Coherence of a state in the eigenbasis of H_B (Baumgratz, Cramer, Plenio 2014, arXiv 1311.0275).

Two questions differ where H_B has degenerate levels. *Between levels*: the free states are those that commute with H_B,
and coherence inside an eigenspace does not count, because it carries no phase that runs with energy (and no coherent
ergotropy). *In a basis*: every off-diagonal element counts. `relative_entropy` answers the first and depends on H_B
alone; `l1_norm` sums matrix elements between distinct levels and depends, inside the eigenspaces, on the basis.
"""

from typing import Any

import numpy as np

from qsb.algebra.blocks import Array, RealArray, Spectrum
from qsb.algebra.copies import Copies
from qsb.errors import SpecError, StructureError
from qsb.merit.correlation import entropy
from qsb.merit.dense import adjoint, density, eigenbasis, labels, observable
from qsb.merit.reading import numbers

__all__ = ["entropy_gain", "l1_norm", "relative_entropy"]


def relative_entropy(rho: Any, hamiltonian: Any) -> Any:
    """Return C = S(D rho) - S(rho) in nats, D the pinching in the eigenspaces of H.

    The smallest relative entropy to a state without coherence between distinct levels (equal to 1e-9 of the largest
    |level|): 0 exactly for those, at most ln(number of distinct levels).

    Args:
        rho: see `qsb.merit.reading.density`, batch (...,).
        hamiltonian: H, (d, d).
    """
    turned, label = _turned(rho, hamiltonian, degenerate=True)
    kept = np.where(label[:, None] == label[None, :], turned, 0.0)
    pinched, whole = (Spectrum.simple(np.linalg.eigvalsh(m)) for m in (kept, turned))
    return entropy_gain(pinched, whole)[()]


def entropy_gain(pinched: Spectrum | Copies, whole: Spectrum | Copies | None) -> RealArray:
    """Return S(pinched) - S(whole), rounding below zero removed; None for a pure whole."""
    before = entropy(whole) if whole is not None else 0.0
    return np.asarray(np.maximum(entropy(pinched) - before, 0.0), dtype=np.float64)


def l1_norm(rho: Any, hamiltonian: Any, basis: Any = None) -> Any:
    """Return sum |<k|rho|l>| over eigenvectors k, l of **distinct** levels of H.

    Unit 1; at most d - 1.

    Args:
        rho: see `qsb.merit.reading.density`, batch (...,).
        hamiltonian: H, (d, d).
        basis: eigenvectors of H as columns, (d, d). Not needed where H is diagonal (the basis that it is written in)
            or has no degenerate level.

    Raises:
        StructureError: if H has a degenerate level and no basis is singled out, or the basis is not one of H.
    """
    turned, label = _turned(rho, hamiltonian, basis)
    apart = label[:, None] != label[None, :]
    return np.abs(np.where(apart, turned, 0.0)).sum(axis=(-1, -2))[()]


def _turned(
    rho: Any, hamiltonian: Any, basis: Any = None, *, degenerate: bool = False
) -> tuple[Array, np.ndarray[Any, np.dtype[np.int64]]]:
    """Return the state in the eigenbasis of H, and the level of each eigenvector."""
    meter = observable(hamiltonian, "H")
    if meter.ndim != 2:
        raise SpecError(f"coherence: H has shape {meter.shape}; give one H, (d, d)")
    state = density(rho, len(meter))
    if basis is None:
        levels, vectors = eigenbasis(meter)
    else:
        vectors = numbers(basis, "the basis")
        if vectors.shape != meter.shape:
            raise SpecError(f"coherence: the basis has shape {vectors.shape}; it must be {meter.shape}")
        inside = adjoint(vectors) @ meter @ vectors
        levels = np.diagonal(inside).real
        scale = max(float(np.abs(meter).max()), np.finfo(float).tiny)
        off = max(
            np.abs(inside - np.diag(levels)).max() / scale,
            np.abs(adjoint(vectors) @ vectors - np.eye(len(meter))).max(),
        )
        if off > 1e-9:
            raise StructureError(f"coherence: the basis is off an orthonormal eigenbasis of H by {off:.3g}")
    distinct, label = labels(levels)
    if basis is None and vectors is not None and len(distinct) < len(levels) and not degenerate:
        raise StructureError(
            "coherence: H has a degenerate level and is not diagonal, so that its eigenbasis is not unique; give the "
            "basis, or ask for relative_entropy, which needs none"
        )
    return state if vectors is None else adjoint(vectors) @ state @ vectors, label
