"""Work fluctuations: the two-point measurement of energy before and after charging.

    p(m, n) = tr[P'_m L(P_n rho P_n)],   w = e'_m - e_n

over the distinct levels of H (before) and H' (after), P the projectors on their whole eigenspaces, L the charging map
(Talkner, Lutz, Haenggi 2007, arXiv cond-mat/0703189). For a unitary L, w is work; for a channel it is the change of
energy, work and heat together.

The mean of w is tr[H' L(D rho)] - tr[H rho] with D the pinching in the eigenspaces of H. It is the change of <H> if
rho has no coherence between distinct levels of H, and differs from it otherwise by tr[H' L(rho - D rho)]: the first
measurement destroys the coherence (`Work.coherent_shift`).
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from qsb.algebra.blocks import Array, RealArray
from qsb.errors import SpecError, StructureError
from qsb.merit.dense import adjoint, density, eigenbasis, labels, observable
from qsb.merit.reading import numbers

__all__ = ["Work", "two_point_measurement"]

_TOLERANCE = 1e-6


@dataclass(frozen=True, eq=False)
class Work:
    """A distribution of work.

    Attributes:
        values: the distinct amounts w, ascending, (K,), in the unit of H.
        probabilities: p(w), (K,).
        start: distinct levels before, (n,).
        end: distinct levels after, (m,).
        joint: p(m, n), (m, n).
        coherent_shift: the change of <H> minus the mean: what the first measurement takes away.
        start_counts: dimension of each level before.
        end_counts: dimension of each level after.
    """

    values: RealArray
    probabilities: RealArray
    start: RealArray
    end: RealArray
    joint: RealArray
    coherent_shift: float
    start_counts: RealArray
    end_counts: RealArray

    def moment(self, order: int) -> float:
        """<w^order>."""
        return float(self.probabilities @ self.values**order)

    @property
    def mean(self) -> float:
        """<w>."""
        return self.moment(1)

    @property
    def variance(self) -> float:
        """<(w - <w>)^2>."""
        return float(self.probabilities @ (self.values - self.mean) ** 2)

    def exponential(self, beta: float) -> float:
        """<exp(-beta w)>, summed without overflow."""
        logs = -beta * self.values
        top = float(logs[self.probabilities > 0].max())
        return float(np.exp(top) * (self.probabilities @ np.exp(np.minimum(logs - top, 0.0))))

    def jarzynski_defect(self, beta: float) -> float:
        """<exp(-beta w)> Z/Z' - 1 over the levels that were seen; 0 for a Gibbs start and a unital map.

        Jarzynski 1997 (arXiv cond-mat/9610209), Tasaki 2000 (arXiv cond-mat/0009244). Z and Z' count every level with
        its dimension, so that they are those of the whole battery.
        """
        shift = float(self.start.min())
        before = float(self.start_counts @ np.exp(-beta * (self.start - shift)))
        after = float(self.end_counts @ np.exp(-beta * (self.end - shift)))
        return self.exponential(beta) * before / after - 1.0


def two_point_measurement(rho: Any, hamiltonian: Any, evolution: Any, final: Any = None) -> Work:
    """Return the distribution of e'_m - e_n of a charging map.

    Args:
        rho: the start, see `qsb.merit.reading.density`; no batch.
        hamiltonian: H before, (d, d), a Qobj or a sparse matrix.
        evolution: a unitary (d, d), a list of Kraus operators, or a function of a matrix (d, d) (linear, completely
            positive and trace preserving; it is given unnormalised states).
        final: H' after; H by default.

    Raises:
        SpecError: on shapes that do not fit.
        StructureError: if the map does not keep the trace (1e-6), or gives a negative probability.
    """
    before = observable(hamiltonian, "H")
    after = before if final is None else observable(final, "the final H")
    if before.ndim != 2 or after.shape != before.shape:
        raise SpecError(f"two_point_measurement: H is {before.shape} and the final H {after.shape}; give two of (d, d)")
    size = before.shape[0]
    state = density(rho, size)
    if state.ndim != 2:
        raise SpecError("two_point_measurement: give one start state, not a batch")
    channel = _channel(evolution, size)
    start, label, basis = _projected(before)
    end, label_end, basis_end = _projected(after)
    turned = adjoint(basis) @ state @ basis
    joint = np.zeros((len(end), len(start)))
    for n in range(len(start)):
        inside = label == n
        seen = basis[:, inside] @ turned[np.ix_(inside, inside)] @ adjoint(basis[:, inside])
        moved = channel(seen)
        weights = np.einsum("ki,kl,li->i", basis_end.conj(), moved, basis_end).real
        joint[:, n] = np.bincount(label_end, weights=weights, minlength=len(end))
    total, lowest = float(joint.sum()), float(joint.min())
    if abs(total - 1) > _TOLERANCE:
        raise StructureError(
            f"two_point_measurement: the probabilities sum to {total:.9g}; the map must keep the trace"
        )
    if lowest < -_TOLERANCE:
        raise StructureError(f"two_point_measurement: a probability is {lowest:.3g}; the map is not positive")
    joint = np.maximum(joint, 0.0)
    values, where = labels((end[:, None] - start[None, :]).ravel())
    probabilities = np.bincount(where, weights=joint.ravel(), minlength=len(values)).astype(np.float64)
    change = float((np.einsum("ij,ji->", after, channel(state)) - np.einsum("ij,ji->", before, state)).real)
    shift = change - float(probabilities @ values)
    before_counts, after_counts = (np.bincount(found).astype(np.float64) for found in (label, label_end))
    return Work(values, probabilities, start, end, joint, shift, before_counts, after_counts)


def _projected(hamiltonian: Array) -> tuple[RealArray, Any, Array]:
    """Return distinct levels, the level of each eigenvector, and the eigenvectors."""
    levels, basis = eigenbasis(hamiltonian)
    distinct, label = labels(levels)
    return distinct, label, np.eye(len(levels), dtype=complex) if basis is None else basis


def _channel(evolution: Any, size: int) -> Callable[[Array], Array]:
    """Return the map as a function of matrices."""
    if callable(evolution) and not hasattr(evolution, "full"):
        return lambda rho: _moved(evolution(rho), size)
    many = isinstance(evolution, list | tuple) and len(evolution) > 0 and numbers(evolution[0], "the map").ndim == 2
    kraus = [_matrix(k) for k in evolution] if many or _qobjs(evolution) else [_matrix(evolution)]
    if any(k.shape != (size, size) for k in kraus):
        raise SpecError(
            f"two_point_measurement: the map has operators of {kraus[0].shape}; they must be {(size, size)}"
        )
    return lambda rho: np.asarray(sum(k @ rho @ adjoint(k) for k in kraus))


def _moved(value: Any, size: int) -> Array:
    """Refuse what a user's map returns if it is no matrix of the right size."""
    matrix = numbers(value, "what the map returns")
    if matrix.shape != (size, size):
        raise SpecError(f"two_point_measurement: the map returns {matrix.shape}; it must return {(size, size)}")
    return matrix


def _qobjs(value: Any) -> bool:
    """Whether this is a list of Qobj."""
    return isinstance(value, Sequence) and len(value) > 0 and hasattr(value[0], "full")


def _matrix(value: Any) -> Array:
    """The array behind a Qobj or an array."""
    return numbers(value, "an operator of the map")
