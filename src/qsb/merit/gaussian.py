r"""Figures of Gaussian states of harmonic modes, straight from means and a covariance, at any energy.

Quadratures :math:`R = (q_1..q_M, p_1..p_M)` with :math:`a = (q + ip)/\sqrt2`, so that the vacuum has V = 1/2 and a
coherent state the means :math:`\sqrt2(\mathrm{Re}\,\alpha, \mathrm{Im}\,\alpha)`. H is either the frequencies of
:math:`\sum_k\omega_k a_k^\dagger a_k`, (M,), or the matrix h of :math:`\tfrac12R^ThR`, (2M, 2M), whose ground energy
is left out too: all energies are measured from the ground level.

Williamson's theorem writes V as a product of thermal modes of mean numbers :math:`\nu_k - \tfrac12` up to a Gaussian
unitary. Gaussian unitaries alone reach the energy :math:`\sum_k\omega_k(\nu_k-\tfrac12)`, largest number with lowest
frequency (Friis and Huber 2018, arXiv 1708.00749); all unitaries reach the passive state, which pairs the sorted
product of geometric spectra with the sorted levels. For one mode both are the same.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from qsb.algebra import quanta, symplectic
from qsb.algebra.blocks import RealArray
from qsb.algebra.symplectic import Quadratic
from qsb.errors import SpecError, StructureError
from qsb.merit.ergotropy import extractable_work

__all__ = [
    "energy",
    "energy_std",
    "ergotropy",
    "gaussian_ergotropy",
    "passive_energy",
    "purity",
    "symplectic_eigenvalues",
]

#: asymmetry of a covariance, and violation of the uncertainty relation, relative to its size, that are refused
_TOLERANCE = 1e-6


def symplectic_eigenvalues(covariance: ArrayLike) -> RealArray:
    """Return the symplectic eigenvalues nu_k >= 1/2, descending, (..., M).

    Args:
        covariance: real symmetric, (..., 2M, 2M).

    Raises:
        SpecError: on NaN or a shape that is none of a covariance.
        StructureError: if it is not symmetric, or breaks the uncertainty relation V + i Omega/2 >= 0.

    Examples:
        >>> symplectic_eigenvalues([[2.0, 0.0], [0.0, 0.125]]).round(9).tolist()  # a squeezed vacuum
        [0.5]
    """
    return symplectic.symplectic_eigenvalues(_covariance(covariance))


def energy(covariance: ArrayLike, means: ArrayLike, hamiltonian: ArrayLike) -> RealArray:
    """Return <H> above the ground energy, (...,).

    Args:
        covariance: (..., 2M, 2M).
        means: (..., 2M), with the same leading axes.
        hamiltonian: frequencies (M,), or h (2M, 2M), positive definite.

    Raises:
        SpecError: on NaN, or shapes that do not fit.
        StructureError: on what is no covariance, or an H without positive frequencies.

    Examples:
        >>> float(energy([[0.5, 0.0], [0.0, 0.5]], [2.0, 0.0], [1.0]))  # a coherent state of 2 quanta
        2.0
    """
    given = _Given.of(covariance, means, hamiltonian)
    return given.shaped(given.energy)


def energy_std(covariance: ArrayLike, means: ArrayLike, hamiltonian: ArrayLike) -> RealArray:
    r"""Return the energy fluctuation, (...,).

    .. math:: \sqrt{\tfrac12\mathrm{tr}(hVhV) + \tfrac18\mathrm{tr}(h\Omega h\Omega) + r^ThVhr}

    Args and errors are those of `energy`.
    """
    given = _Given.of(covariance, means, hamiltonian)
    return given.shaped(np.sqrt(given.meter.variance(given.r, given.v)))


def passive_energy(covariance: ArrayLike, hamiltonian: ArrayLike) -> RealArray:
    """Return the lowest energy that unitaries reach, above the ground energy; means do not matter.

    Of several mixed modes the largest eigenvalues are paired with the lowest levels until the rest, which has a
    rigorous bound, is below 1e-9 of it.

    Args and errors are those of `energy`.

    Raises:
        ConvergenceError: if that takes more than 2^20 eigenvalues.
    """
    given = _Given.of(covariance, None, hamiltonian)
    return given.shaped(quanta.Ladders(given.frequencies).passive(given.numbers))


def ergotropy(covariance: ArrayLike, means: ArrayLike, hamiltonian: ArrayLike) -> RealArray:
    r"""Return the work that unitaries extract, :math:`W = E - E_\mathrm{passive}`, (...,).

    For one mode :math:`W = E - \omega(\sqrt{\det V}-\tfrac12)` above the ground energy. Args and errors are those of
    `passive_energy`, with the means.

    Examples:
        >>> float(ergotropy([[1.5, 0.0], [0.0, 1.5]], [2.0, 0.0], [1.0]))  # a displaced thermal mode
        2.0
    """
    given = _Given.of(covariance, means, hamiltonian)
    return given.work(quanta.Ladders(given.frequencies).passive(given.numbers))


def gaussian_ergotropy(covariance: ArrayLike, means: ArrayLike, hamiltonian: ArrayLike) -> RealArray:
    """Return the work that Gaussian unitaries extract: displacements, squeezers, beam splitters; at most the ergotropy.

    Args and errors are those of `energy`.
    """
    given = _Given.of(covariance, means, hamiltonian)
    return given.work(quanta.gaussian_passive(given.numbers, given.frequencies))


def purity(covariance: ArrayLike) -> RealArray:
    r"""Return :math:`\mathrm{tr}\,\rho^2 = 1/\sqrt{\det 2V}`, (...,).

    Args and errors are those of `symplectic_eigenvalues`.
    """
    return np.asarray(np.exp(-np.linalg.slogdet(2 * _covariance(covariance))[1] / 2))


@dataclass(frozen=True, eq=False)
class _Given:
    """Checked arguments, the batch flattened."""

    v: RealArray
    r: RealArray
    meter: Quadratic
    frequencies: RealArray
    batch: tuple[int, ...]

    @classmethod
    def of(cls, covariance: ArrayLike, means: ArrayLike | None, hamiltonian: ArrayLike) -> "_Given":
        v = _covariance(covariance)
        n = v.shape[-1]
        r = np.zeros(v.shape[:-1]) if means is None else np.asarray(means, dtype=np.float64)
        if r.shape != v.shape[:-1] or not np.isfinite(r).all():
            raise SpecError(f"means have shape {r.shape}; they must be finite numbers of shape {v.shape[:-1]}")
        h = np.asarray(hamiltonian, dtype=np.float64)
        if h.shape == (n // 2,):
            h = np.diag(np.concatenate([h, h]))
        if h.shape != (n, n) or not np.isfinite(h).all() or np.abs(h - h.T).max() > _TOLERANCE * np.abs(h).max():
            raise SpecError(
                f"the Hamiltonian has shape {h.shape}; it must be {n // 2} frequencies or a real symmetric ({n}, {n})"
            )
        meter = Quadratic((h + h.T) / 2, np.zeros(n), 0.0)
        frequencies = meter.frequencies
        if frequencies is None:
            raise StructureError(
                "the Hamiltonian is not positive definite; each normal mode needs a positive frequency"
            )
        return cls(v.reshape(-1, n, n), r.reshape(-1, n), meter, frequencies, v.shape[:-2])

    @property
    def numbers(self) -> RealArray:
        return np.maximum(symplectic.symplectic_eigenvalues(self.v) - 0.5, 0.0)

    @property
    def energy(self) -> RealArray:
        return self.meter.mean(self.r, self.v) - self.meter.lowest

    def work(self, passive: RealArray) -> RealArray:
        return self.shaped(extractable_work(self.energy, passive, self.energy + self.frequencies[-1]))

    def shaped(self, values: RealArray) -> RealArray:
        return np.asarray(values).reshape(self.batch)


def _covariance(covariance: ArrayLike) -> RealArray:
    v = np.asarray(covariance, dtype=np.float64)
    n = v.shape[-1] if v.ndim >= 2 else 0
    if n == 0 or n % 2 or v.shape[-2] != n or not np.isfinite(v).all():
        raise SpecError(f"a covariance is made of finite numbers (..., 2M, 2M), but its shape is {v.shape}")
    size = float(np.abs(v).max())
    lost = float(np.abs(v - np.swapaxes(v, -1, -2)).max())
    if lost > _TOLERANCE * size:
        raise StructureError(f"the covariance is not symmetric: it differs from its transpose by {lost:.3g}")
    v = (v + np.swapaxes(v, -1, -2)) / 2
    broken = symplectic.uncertainty_violation(v.reshape(-1, n, n))
    if broken > _TOLERANCE:
        raise StructureError(
            f"the covariance breaks the uncertainty relation by {broken:.3g} of its size; with a = (q + ip)/sqrt(2) "
            "the vacuum has V = 1/2"
        )
    return v
