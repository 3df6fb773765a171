"""Upper bounds on the charging power P = d<H_B>/dt, each with the assumptions that it needs.

hbar = 1. V is the charger that acts (all of H except H_B); v_max - v_min is its spread of eigenvalues. For
closed evolution P = i<[V, H_B]>. None of these is a measured value: compare, never merge.
"""

import numpy as np
from numpy.typing import ArrayLike

from qsb.algebra.blocks import RealArray
from qsb.errors import SpecError, StructureError

__all__ = ["advantage", "fisher", "locality", "norm", "uncertainty", "variance"]

_POPULATION_TOLERANCE = 1e-6
_LEVEL_TOLERANCE = 1e-9
_EMPTY = 1e-14


def fisher(levels: ArrayLike, populations: ArrayLike, rates: ArrayLike) -> RealArray:
    """Return sqrt(Var(H_B) I_E), I_E = sum_k (dp_k/dt)^2 / p_k over the distinct levels of H_B.

    Holds for any dynamics (Cauchy-Schwarz); Julia-Farre et al. 2020, PR Research 2, 023113, arXiv 1811.04005.
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
    energy, weight, rate = (np.asarray(item, dtype=np.float64) for item in (levels, populations, rates))
    if energy.ndim != 1 or weight.shape[-1:] != energy.shape or rate.shape != weight.shape:
        raise SpecError(
            f"fisher: levels {energy.shape}, populations {weight.shape} and rates {rate.shape} must be (L,), "
            "(..., L) and (..., L)"
        )
    if not (np.isfinite(energy).all() and np.isfinite(weight).all() and np.isfinite(rate).all()):
        raise SpecError("fisher: levels, populations or rates contain NaN or infinity")
    if float(weight.min()) < -_POPULATION_TOLERANCE:
        raise StructureError(f"fisher: a population is {float(weight.min()):.3g}; none may be below 0")
    energy, weight, rate = _distinct(energy, weight, rate)
    weight = np.maximum(weight, 0.0)
    shift = energy - (weight @ energy)[..., None]
    spread = (weight * shift**2).sum(axis=-1)
    width = float(np.ptp(energy)) or 1.0
    # below _EMPTY a population is rounding; if it grows at a real rate, its term of I_E diverges
    born = (weight <= _EMPTY) & (np.abs(rate) > _LEVEL_TOLERANCE * width)
    information = np.where(born, 0.0, rate**2 / np.maximum(weight, _EMPTY)).sum(axis=-1)
    leaving = born.any(axis=-1)
    with np.errstate(invalid="ignore"):
        bound = np.sqrt(spread * np.where(leaving, np.inf, information))
    gain = np.where(born, np.abs(rate), 0.0)
    limit = np.sqrt((gain * shift**2).sum(axis=-1) * gain.sum(axis=-1))
    alone = spread <= 100 * _EMPTY * width**2
    return np.asarray(np.where(leaving & alone, limit, bound), dtype=np.float64)


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


def advantage(power: ArrayLike, parallel_power: ArrayLike) -> RealArray:
    """Return the ratio of a charging power to that of parallel charging **at a stated equal resource**.

    Args:
        power: of the collective charger, shape (...,).
        parallel_power: of the parallel charger with the same norm, variance or coupling, shape (...,), > 0.

    Raises:
        SpecError: if the parallel power is not positive.
    """
    base = np.asarray(parallel_power, dtype=np.float64)
    if not (base > 0).all():
        raise SpecError(f"advantage: the parallel power is {base}; a ratio needs a positive one")
    return np.asarray(np.asarray(power, dtype=np.float64) / base)


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
