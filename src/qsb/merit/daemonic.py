r"""Daemonic ergotropy: the work from a battery when a measurement beside it says which unitary to apply.

An ancilla (a charger, a memory) is measured with effects :math:`E_a \ge 0`, :math:`\sum_a E_a = 1`. Outcome a comes
with probability p_a and leaves the battery in rho_a, on which the best unitary of that outcome acts:

.. math:: W_D = \sum_a p_a W(\rho_a, H) = \mathrm{tr}(\rho_B H) - \sum_a p_a E_{\mathrm{passive}}(\rho_a),
   \qquad p_a\rho_a = \mathrm{tr}_A[\rho\,(1\otimes E_a)]

(Francica, Goold, Plastina, Paternostro 2017, npj Quantum Inf. 3, 12, arXiv 1608.00124). It is never below the
ergotropy of rho_B, and equal to it for a product state. What the measurement and the memory cost is not counted.
For a pure state of both, every complete projective measurement gives E - E_0: no choice of basis matters.
"""

from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from qsb.algebra.blocks import Array, Blocks, RealArray, Spectrum
from qsb.errors import SpecError, StructureError
from qsb.merit.ergotropy import extractable_work, passive_energy
from qsb.merit.reading import dense_state, energy_scale, numbers, read_operator

__all__ = ["daemonic_ergotropy", "daemonic_gain"]

_EFFECT_TOLERANCE = 1e-9


def daemonic_ergotropy(rho: Any, hamiltonian: Any, measurement: ArrayLike) -> Any:
    """Return the mean work from the battery when the outcome of a measurement of the ancilla is known.

    Args:
        rho: state of battery (x) ancilla, the battery first: a matrix or ket as for `qsb.ergotropy`.
        hamiltonian: of the battery alone, (b, b).
        measurement: what is measured on the ancilla: effects (M, a, a) that add up to 1, or an orthonormal basis as
            the columns of one matrix (a, a).

    Returns:
        Work in the unit of H: a float, or an array of the batch shape.

    Raises:
        SpecError: if dimensions do not fit.
        StructureError: if the measurement is none: effects below 0 or not adding up to 1, columns not orthonormal;
            else as `qsb.ergotropy`.

    Examples:
        >>> bell, cell = np.array([1.0, 0.0, 0.0, 1.0]) / np.sqrt(2), [[0.5, 0.0], [0.0, -0.5]]
        >>> round(float(daemonic_ergotropy(bell, cell, np.eye(2))), 12)  # the cell alone is worth nothing
        0.5
    """
    work, _ = _both(rho, hamiltonian, measurement)
    return work[()]


def daemonic_gain(rho: Any, hamiltonian: Any, measurement: ArrayLike) -> Any:
    """Return what the outcome is worth: daemonic ergotropy minus the ergotropy of the battery's own state, >= 0.

    Args, returns and errors are those of `daemonic_ergotropy`.
    """
    work, alone = _both(rho, hamiltonian, measurement)
    return np.where(work > alone, work - alone, 0.0)[()]


def _both(rho: Any, hamiltonian: Any, measurement: ArrayLike) -> tuple[RealArray, RealArray]:
    """Return the work with the outcome and without."""
    meter = read_operator(hamiltonian)
    effects = _effects(measurement)
    b, a = meter.dimension, effects.shape[-1]
    if meter.batch:
        raise SpecError(f"H has the batch shape {meter.batch}; give one Hamiltonian for all states")
    joint = dense_state(rho, b * a)
    batch, whole = joint.shape[:-2], joint.reshape(-1, b, a, b, a)
    told = np.einsum("txiyj,mji->tmxy", whole, effects, optimize=True)
    told = (told + np.conj(np.swapaxes(told, -1, -2))) / 2
    levels = meter.spectrum()
    own = told.sum(axis=1)
    energy = Blocks.dense(own).expectation(meter)
    scale = energy_scale(levels)
    with_outcome = passive_energy(Spectrum.simple(np.linalg.eigvalsh(told)), levels).sum(axis=1)
    without = passive_energy(Spectrum.simple(np.linalg.eigvalsh(own)), levels)
    work, alone = (extractable_work(energy, passive, scale).reshape(batch) for passive in (with_outcome, without))
    return work, alone


def _effects(measurement: ArrayLike) -> Array:
    """Return the effects (M, a, a) of a measurement after its checks."""
    given = numbers(measurement, "measurement")
    if given.ndim not in (2, 3) or given.shape[-1] != given.shape[-2] or given.size == 0:
        raise SpecError(
            f"measurement has shape {given.shape}; give effects (M, a, a), or an orthonormal basis as columns (a, a)"
        )
    if not np.isfinite(given).all():
        raise SpecError("measurement contains NaN or infinity")
    if given.ndim == 2:
        gap = float(np.abs(given.conj().T @ given - np.eye(len(given))).max())
        if gap > _EFFECT_TOLERANCE:
            raise StructureError(f"the columns of the measurement are not orthonormal: off by {gap:.3g}")
        return np.asarray(np.einsum("im,jm->mij", given, given.conj()))
    adjoint = np.conj(np.swapaxes(given, -1, -2))
    gap = float(np.abs(given - adjoint).max())
    if gap > _EFFECT_TOLERANCE:
        raise StructureError(f"an effect of the measurement is not Hermitian: it differs from its adjoint by {gap:.3g}")
    lowest = float(np.linalg.eigvalsh((given + adjoint) / 2).min())
    if lowest < -_EFFECT_TOLERANCE:
        raise StructureError(f"an effect of the measurement has the eigenvalue {lowest:.3g}; none may be below 0")
    gap = float(np.abs(given.sum(axis=0) - np.eye(given.shape[-1])).max())
    if gap > _EFFECT_TOLERANCE:
        raise StructureError(f"the effects of the measurement do not add up to 1: off by {gap:.3g}")
    return given
