"""Charging precision: fluctuations against the mean, and the classical and quantum Fisher information.

The classical information says how fast the distribution of the battery's energy can be told from itself a moment
later; the quantum one is its maximum over all measurements.
"""

from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from qsb import checks
from qsb.algebra.blocks import Array, RealArray
from qsb.errors import SpecError
from qsb.merit.bound import information
from qsb.merit.dense import adjoint, density, observable

__all__ = ["classical_fisher", "quantum_fisher", "quantum_fisher_rate", "relative_fluctuation"]

#: pairs of eigenvalues whose sum is below this carry no information that rounding would not make
_EMPTY = 1e-12


def relative_fluctuation(std: ArrayLike, above_ground: ArrayLike, tolerance: float = 1e-12) -> RealArray:
    """Return dH_B / (tr[H_B rho] - E_0), the relative error of one charging; NaN where nothing is stored.

    Unit 1. Friis, Huber 2018, Quantum 2, 61 (arXiv 1708.00749). N independent cells give 1/sqrt(N) times one.

    Args:
        std: standard deviation of H_B, shape (...,), >= 0.
        above_ground: energy above the ground level, shape (...,).
        tolerance: energies up to this count as none.
    """
    spread, energy = checks.alike(std=std, above_ground=above_ground)
    if not (spread >= 0).all():
        raise SpecError(f"relative_fluctuation: a standard deviation is {spread.min()}; it must be >= 0")
    some = energy > checks.number("tolerance", tolerance)
    return np.where(some, spread / np.where(some, energy, 1.0), np.nan)


def classical_fisher(levels: ArrayLike, populations: ArrayLike, rates: ArrayLike) -> RealArray:
    """Return I_E = sum_k (dp_k/dt)^2 / p_k over the distinct levels of H_B: the information of energy on time.

    Unit omega0^2. Holds for any dynamics. Julia-Farre et al. 2020, PR Research 2, 023113 (arXiv 1811.04005);
    `qsb.merit.bound.fisher` is its bound on the power. A level that is empty and at rest adds nothing, although
    the limit of its term may be finite; one that is empty and grows makes the information infinite.

    Args, shapes and errors are those of `qsb.merit.bound.fisher`.
    """
    return information(levels, populations, rates)


def quantum_fisher(state: Any, generator: Any) -> Any:
    """Return F_Q = 2 sum_kl (r_k - r_l)^2 / (r_k + r_l) |<k|G|l>|^2 of a state under exp(-i theta G).

    Unit that of G squared. 4 Var G for a pure state, never more for a mixed one (Braunstein, Caves 1994,
    doi:10.1103/PhysRevLett.72.3439). With G = H it is the information on time of closed evolution, and
    F_Q >= I of every measurement.

    Args:
        state: see `qsb.merit.reading.density`, batch (...,).
        generator: Hermitian G, (..., d, d).
    """
    g = observable(generator, "the generator")
    rho = density(state, g.shape[-1])
    return quantum_fisher_rate(rho, -1j * (g @ rho - rho @ g))


def quantum_fisher_rate(state: Any, rate: ArrayLike) -> Any:
    """Return F_Q = 2 sum_kl |<k|drho/dt|l>|^2 / (r_k + r_l), the information of a moving state on time.

    Holds for any dynamics, open ones as well. Pairs with r_k + r_l < 1e-12 are left out: at an instant where the
    rank changes this is the value beside the jump that the formula gives, and may differ from the limit.

    Args:
        state: rho, see `qsb.merit.reading.density`, batch (...,).
        rate: drho/dt, Hermitian and traceless, (..., d, d).

    Returns:
        Information in the unit of 1/time^2: a float, or an array of the batch shape.
    """
    rho = density(state)
    moved: Array = observable(rate, "the rate of the state")
    if moved.shape[-1] != rho.shape[-1]:
        raise SpecError(f"quantum_fisher_rate: the state is {rho.shape} and its rate {moved.shape}; they do not fit")
    weights, basis = np.linalg.eigh(rho)
    turned = adjoint(basis) @ moved @ basis
    total = weights[..., :, None] + weights[..., None, :]
    seen = total > _EMPTY
    return (2 * np.where(seen, np.abs(turned) ** 2 / np.where(seen, total, 1.0), 0.0).sum(axis=(-1, -2)))[()]
