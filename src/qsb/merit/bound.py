"""Upper bounds on the charging power P = d<H_B>/dt, each with the assumptions that it needs.

hbar = 1. V is the charger that acts (all of H except H_B); v_max - v_min is its spread of eigenvalues. For
closed evolution P = i<[V, H_B]>. None of these is a measured value: compare, never merge.
"""

import numpy as np
from numpy.typing import ArrayLike, NDArray

from qsb import checks
from qsb.algebra.blocks import RealArray
from qsb.errors import SpecError, StructureError

__all__ = [
    "capacity",
    "fisher",
    "information",
    "locality",
    "norm",
    "producible",
    "producible_std",
    "uncertainty",
    "variance",
]

_POPULATION_TOLERANCE = 1e-6
_LEVEL_TOLERANCE = 1e-9
_EMPTY = 1e-14


def fisher(levels: ArrayLike, populations: ArrayLike, rates: ArrayLike) -> RealArray:
    """Return sqrt(Var(H_B) I_E), I_E = sum_k (dp_k/dt)^2 / p_k over the distinct levels of H_B.

    Holds for any dynamics (Cauchy-Schwarz); Julia-Farre et al. 2020, PR Research 2, 023113, arXiv 1811.04005.
    Saturated at all times by parallel charging and by the global flip.
    Equal levels (to 1e-9 of the largest |level|) are merged first: unmerged ones give a looser number.
    A level that is empty and at rest adds nothing. At the instant when populations leave a single level at a
    finite rate, Var = 0 and I_E diverges; the limit of their product is returned.

    Args:
        levels: energies, shape (L,).
        populations: p_k, shape (..., L).
        rates: dp_k/dt, shape (..., L).

    Returns:
        Bound on |P|, shape (...,).

    Raises:
        SpecError: on shapes that do not fit or NaN.
        StructureError: if a population is below -1e-6.
    """
    energy, weight, rate = _populated(levels, populations, rates)
    shift = energy - (weight @ energy)[..., None]
    spread = (weight * shift**2).sum(axis=-1)
    width = float(np.ptp(energy)) or 1.0
    born, known = _information(weight, rate, width)
    leaving = born.any(axis=-1)
    with np.errstate(invalid="ignore"):
        bound = np.sqrt(spread * np.where(leaving, np.inf, known))
    gain = np.where(born, np.abs(rate), 0.0)
    limit = np.sqrt((gain * shift**2).sum(axis=-1) * gain.sum(axis=-1))
    alone = spread <= 100 * _EMPTY * width**2
    return np.asarray(np.where(leaving & alone, limit, bound), dtype=np.float64)


def information(levels: ArrayLike, populations: ArrayLike, rates: ArrayLike) -> RealArray:
    """Return I_E itself, infinite where an empty level grows at a finite rate; arguments as `fisher`."""
    energy, weight, rate = _populated(levels, populations, rates)
    born, known = _information(weight, rate, float(np.ptp(energy)) or 1.0)
    return np.asarray(np.where(born.any(axis=-1), np.inf, known), dtype=np.float64)


def _information(weight: RealArray, rate: RealArray, width: float) -> tuple[NDArray[np.bool_], RealArray]:
    """Return which levels are empty and grow, and the information of all others."""
    # below _EMPTY a population is rounding; if it grows at a real rate, its term of I_E diverges
    born = (weight <= _EMPTY) & (np.abs(rate) > _LEVEL_TOLERANCE * width)
    return born, np.asarray(np.where(born, 0.0, rate**2 / np.maximum(weight, _EMPTY)).sum(axis=-1))


def _populated(levels: ArrayLike, populations: ArrayLike, rates: ArrayLike) -> tuple[RealArray, RealArray, RealArray]:
    """Return distinct levels with their populations and rates, checked."""
    energy, weight, rate = (
        checks.reals(name, item) for name, item in (("levels", levels), ("populations", populations), ("rates", rates))
    )
    if energy.ndim != 1 or energy.size == 0 or weight.shape[-1:] != energy.shape or rate.shape != weight.shape:
        raise SpecError(
            f"fisher: levels {energy.shape}, populations {weight.shape} and rates {rate.shape} must be (L,), "
            "(..., L) and (..., L)"
        )
    if not (np.isfinite(energy).all() and np.isfinite(weight).all() and np.isfinite(rate).all()):
        raise SpecError("fisher: levels, populations or rates contain NaN or infinity")
    if float(weight.min()) < -_POPULATION_TOLERANCE:
        raise StructureError(f"fisher: a population is {float(weight.min()):.3g}; none may be below 0")
    energy, weight, rate = _distinct(energy, weight, rate)
    return energy, np.maximum(weight, 0.0), rate


def _distinct(energy: RealArray, weight: RealArray, rate: RealArray) -> tuple[RealArray, RealArray, RealArray]:
    """Merge equal levels: sort them and add up their populations and rates."""
    order = np.argsort(energy)
    energy, weight, rate = energy[order], weight[..., order], rate[..., order]
    width = _LEVEL_TOLERANCE * np.abs(energy).max()
    starts = np.concatenate([[0], np.flatnonzero(np.diff(energy) > width) + 1])
    return energy[starts], np.add.reduceat(weight, starts, axis=-1), np.add.reduceat(rate, starts, axis=-1)


def uncertainty(std_battery: ArrayLike, std_charger: ArrayLike) -> RealArray:
    """Return 2 dH_B dV, the Robertson bound on |<[V, H_B]>|; closed evolution.

    Args:
        std_battery: standard deviation of H_B in the state, shape (...,).
        std_charger: standard deviation of V in the state, shape (...,).
    """
    return 2 * _nonnegative("std_battery", std_battery) * _nonnegative("std_charger", std_charger)


def locality(body_order: int, largest_cell_gap: float, v_max: float, v_min: float) -> float:
    """Return k gap (v_max - v_min)/2; closed evolution, H_B a sum of single-cell terms.

    A charger whose terms touch at most k cells shifts H_B by at most k gap, so exp(i H_B s) V exp(-i H_B s)
    is band-limited and Bernstein's inequality bounds its derivative. Content of Gyhm, Safranek, Rosa 2022,
    PRL 128, 140501 (arXiv 2108.02491); saturated by parallel charging (k = 1) and by the global flip (k = N)
    without H_B. Corollary: k fixed and a spread of V that is extensive give extensive power at most.

    Args:
        body_order: k, the largest number of cells in one term of V.
        largest_cell_gap: highest minus lowest level of a cell of H_B, the largest over cells.
        v_max: largest eigenvalue of V.
        v_min: smallest eigenvalue of V.
    """
    if body_order < 0:
        raise SpecError(f"locality: body_order is {body_order}; it must be >= 0")
    return float(body_order * _nonnegative("largest_cell_gap", largest_cell_gap) * _span(v_max, v_min) / 2)


def norm(span_battery: float, v_max: float, v_min: float) -> float:
    """Return span(H_B) (v_max - v_min)/2: no charger of this spread beats it, whatever it couples.

    The locality bound at k = N, |<i[V, H_B]>| <= 2 (span_B/2) (span_V/2); closed evolution. For N equal cells
    it is N times what a parallel charger with the same operator norm reaches.

    Args:
        span_battery: highest minus lowest level of H_B.
        v_max: largest eigenvalue of V.
        v_min: smallest eigenvalue of V.
    """
    return float(_nonnegative("span_battery", span_battery) * _span(v_max, v_min) / 2)


def variance(span_battery: float, std_charger: ArrayLike) -> RealArray:
    """Return span(H_B) dV: the uncertainty bound with dH_B <= span/2; closed evolution.

    Args:
        span_battery: highest minus lowest level of H_B.
        std_charger: standard deviation of V in the state, shape (...,).
    """
    return _nonnegative("span_battery", span_battery) * _nonnegative("std_charger", std_charger)


def capacity(work_range: ArrayLike, v_max: float, v_min: float) -> RealArray:
    """Return C (v_max - v_min)/2 with C the capacity of the state; closed evolution, any H_B.

    E(s) = tr[H_B e^{-iVs} rho e^{iVs}] stays within the capacity C = highest minus lowest energy on the unitary orbit
    and has no frequency above v_max - v_min, so Bernstein's inequality bounds its derivative. At most `norm`, and
    equal to it for pure states; zero for the most mixed state, which no unitary charges. Saturated by a Gibbs (or any
    diagonal) cell under the transverse field when its Bloch vector is across. Capacity: Yang et al. 2023, PRL 131,
    030402 (arXiv 2302.09905).

    Args:
        work_range: capacity of the state, shape (...,); constant under unitaries.
        v_max: largest eigenvalue of V.
        v_min: smallest eigenvalue of V.
    """
    return np.asarray(_nonnegative("work_range", work_range) * _span(v_max, v_min) / 2)


def producible_std(cells: int, depth: int, cell_gap: float) -> float:
    """Return the largest dH_B of a k-producible state: (gap/2) sqrt(r k^2 + (N - rk)^2), r = floor(N/k).

    H_B a sum of equal single-cell terms of N cells; a k-producible state is a mixture of products of states of at
    most k cells. A pure block of m cells has Var <= (m gap/2)^2, which a GHZ state of it saturates, and a mixture
    adds the variance of its means: this bound is for **pure** states. Standard (Toth 2012, arXiv:1006.4368; Hyllus et
    al. 2012, arXiv:1006.4366).

    Args:
        cells: N.
        depth: k, 1 <= k <= N; 1 for products.
        cell_gap: highest minus lowest level of one cell.
    """
    if not 1 <= depth <= cells:
        raise SpecError(f"producible_std: the depth is {depth}; it must lie between 1 and the {cells} cells")
    whole = cells // depth
    square = whole * depth**2 + (cells - whole * depth) ** 2
    return float(_nonnegative("cell_gap", cell_gap) / 2 * np.sqrt(square))


def producible(cells: int, depth: int, cell_gap: float, std_charger: ArrayLike) -> RealArray:
    """Return 2 dV max dH_B over pure k-producible states: the uncertainty bound at entanglement depth k.

    Closed evolution, H_B a sum of N equal single-cell terms. Mixtures of k-producible states keep it, since power is
    linear in the state and the variance of V concave. A power above it shows that more than k cells are entangled.
    sqrt(N) dV gap for products, `variance` at k = N. Saturated by the parallel field (k = 1) and by the global flip
    (k = N), both without H_B, at half charge.

    Args:
        cells: N.
        depth: k.
        cell_gap: highest minus lowest level of one cell.
        std_charger: standard deviation of V in the state, shape (...,).
    """
    return uncertainty(producible_std(cells, depth, cell_gap), std_charger)


def _nonnegative(name: str, value: ArrayLike) -> RealArray:
    """Return the numbers, refusing NaN and negative ones."""
    number = np.asarray(value, dtype=np.float64)
    if not (number >= 0).all():
        raise SpecError(f"{name} is {number}; it must be >= 0")
    return number


def _span(v_max: float, v_min: float) -> float:
    """Return v_max - v_min, refusing swapped arguments and NaN."""
    if not v_max >= v_min:
        raise SpecError(f"v_max is {v_max} and v_min {v_min}; the first must not be below the second")
    return float(v_max) - float(v_min)
