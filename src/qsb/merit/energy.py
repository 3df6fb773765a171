"""Figures of time series of energy: average power, maxima between save points, fluctuations, fractions.

Energies are in the unit of H (hbar = 1), powers in that unit squared, times in its inverse.
"""

import numpy as np
from numpy.typing import ArrayLike
from scipy.linalg import solve_banded

from qsb.algebra.blocks import RealArray
from qsb.errors import ConvergenceError, SpecError

__all__ = ["average_power", "energy_std", "ergotropy_fraction", "level_std", "maximum"]

_VARIANCE_TOLERANCE = 1e-9
# Maxima closer than the error of the interpolant are recurrences of one maximum; the error estimate counts
# between these two fractions of the range of the series.
_TIE_RANGE = (1e-9, 1e-4)


def average_power(stored: ArrayLike, power: ArrayLike, times: ArrayLike) -> RealArray:
    """Return E(t)/t, and its limit P(0) = dE/dt at t = 0.

    Args:
        stored: stored energy E(t), shape (..., T), with E(0) = 0.
        power: dE/dt, shape (..., T); used at t = 0 only.
        times: times since the start of charging, shape (T,), none negative.

    Returns:
        Average power, shape (..., T).

    Raises:
        SpecError: on a negative time or shapes that do not fit.
    """
    energy, slope, time = (np.asarray(item, dtype=np.float64) for item in (stored, power, times))
    if time.ndim != 1 or energy.shape != slope.shape or energy.shape[-1:] != time.shape:
        raise SpecError(
            f"average_power: stored {energy.shape}, power {slope.shape} and times {time.shape} do not fit; "
            "they must be (..., T), (..., T) and (T,)"
        )
    if not (time >= 0).all():
        raise SpecError(f"average_power: the earliest time is {time.min()}; times must be >= 0")
    start = time == 0
    return np.where(start, slope, energy / np.where(start, 1.0, time))


def maximum(times: ArrayLike, values: ArrayLike, slopes: ArrayLike | None = None) -> tuple[float, float]:
    """Return (time, value) of the largest value of a smooth series, also between its points.

    With slopes the interpolant is the cubic Hermite polynomial through values and slopes, without them the
    not-a-knot cubic spline; below four points the largest point is returned. Of maxima that are equal to the
    accuracy of the interpolant (recurrences; at most 1e-4 of the range apart) the earliest counts.

    Args:
        times: increasing, shape (T,).
        values: shape (T,).
        slopes: derivatives of the values, shape (T,), or None.

    Raises:
        SpecError: if there are no points, the shapes differ, times do not increase, or a number is NaN.
    """
    time, value = np.asarray(times, dtype=np.float64), np.asarray(values, dtype=np.float64)
    if time.ndim != 1 or time.size == 0 or value.shape != time.shape:
        raise SpecError(f"maximum: times {time.shape} and values {value.shape} must both be (T,) with T >= 1")
    if not (np.isfinite(time).all() and np.isfinite(value).all()):
        raise SpecError("maximum: times or values contain NaN or infinity; check the series")
    if not (np.diff(time) > 0).all():
        raise SpecError("maximum: the times do not increase; sort them and drop repetitions")
    if slopes is not None:
        slope = np.asarray(slopes, dtype=np.float64)
        if slope.shape != time.shape or not np.isfinite(slope).all():
            raise SpecError(f"maximum: slopes {slope.shape} must be finite numbers of shape {time.shape}")
    if time.size < 4:
        return float(time[np.argmax(value)]), float(value.max())
    if slopes is None:
        slope = _spline_slopes(time, value)
    found_times, found_values, error = _turning_points(time, value, slope)
    spread = float(np.ptp(value))
    tie = min(max(2 * error, _TIE_RANGE[0] * spread), _TIE_RANGE[1] * spread)
    every_time, every_value = np.concatenate([time, found_times]), np.concatenate([value, found_values])
    first = every_time[every_value >= every_value.max() - tie].min()
    near = every_time <= first + (np.diff(time).max() if spread > 0 else 0.0)
    best = int(np.argmax(np.where(near, every_value, -np.inf)))
    return float(every_time[best]), float(every_value[best])


def _spline_slopes(x: RealArray, y: RealArray) -> RealArray:
    """Slopes at the points of the not-a-knot cubic spline through four points or more (de Boor 1978, chapter IV).

    SciPy's own splines bring its optimisers along, 14 MB for one banded system.
    """
    h = np.diff(x)
    m = np.diff(y) / h
    bands, right = np.zeros((3, len(x))), np.empty(len(x))
    # h_i s_{i-1} + 2 (h_{i-1} + h_i) s_i + h_{i-1} s_{i+1} = 3 (h_i m_{i-1} + h_{i-1} m_i)
    bands[1, 1:-1] = 2 * (h[:-1] + h[1:])
    bands[0, 2:] = h[:-1]
    bands[2, :-2] = h[1:]
    right[1:-1] = 3 * (h[1:] * m[:-1] + h[:-1] * m[1:])
    # the third derivative does not jump at the first and at the last inner point
    first, last = x[2] - x[0], x[-1] - x[-3]
    bands[1, 0], bands[0, 1] = h[1], first
    right[0] = ((h[0] + 2 * first) * h[1] * m[0] + h[0] ** 2 * m[1]) / first
    bands[1, -1], bands[2, -2] = h[-2], last
    right[-1] = (h[-1] ** 2 * m[-2] + (2 * last + h[-1]) * h[-2] * m[-1]) / last
    return np.asarray(solve_banded((1, 1), bands, right))


def _turning_points(time: RealArray, value: RealArray, slope: RealArray) -> tuple[RealArray, RealArray, float]:
    """Return times and values of the turning points of the cubic Hermite interpolant, and its error."""
    step, rise = np.diff(time), np.diff(value)
    first = step * slope[:-1]
    second = 3 * rise - 2 * first - step * slope[1:]
    third = first + step * slope[1:] - 2 * rise
    # first + 2 second s + 3 third s^2 = 0, by the form of the roots that does not cancel.
    inside = second**2 - 3 * first * third
    stable = -(second + np.copysign(np.sqrt(np.maximum(inside, 0)), second))
    with np.errstate(divide="ignore", invalid="ignore"):
        roots = np.stack([stable / (3 * third), first / stable])
    good = (roots > 0) & (roots < 1) & (inside >= 0)
    part = np.where(good, roots, 0.0)
    height = value[:-1] + part * (first + part * (second + part * third))
    # The error of the cubic is step^4/384 times the fourth derivative, here from steps of the third one.
    third_derivative = 6 * third / step**3
    fourth = np.abs(np.diff(third_derivative)) / ((step[1:] + step[:-1]) / 2)
    error = float((fourth * np.maximum(step[1:], step[:-1]) ** 4).max() / 384)
    return (time[:-1] + part * step)[good], height[good], error


def energy_std(mean: ArrayLike, mean_square: ArrayLike) -> RealArray:
    """Return the energy fluctuation sqrt(<H^2> - <H>^2).

    Args:
        mean: <H>, shape (...,).
        mean_square: <H^2>, shape (...,), in the unit of H squared.

    Raises:
        ConvergenceError: if the variance is below zero by more than 1e-9 of <H^2>.
    """
    first, second = np.asarray(mean, dtype=np.float64), np.asarray(mean_square, dtype=np.float64)
    variance = np.asarray(second - first**2)
    bound = np.broadcast_to(-_VARIANCE_TOLERANCE * np.maximum(np.abs(second), first**2), variance.shape)
    worst = int(np.argmin(variance - bound))
    if not (variance >= bound).all():
        raise ConvergenceError(
            "energy variance",
            float(variance.flat[worst]),
            float(bound.flat[worst]),
            "both moments must come from one state: tighten the solver's tolerance",
        )
    return np.asarray(np.sqrt(np.maximum(variance, 0)), dtype=np.float64)


def level_std(levels: ArrayLike, populations: ArrayLike) -> RealArray:
    """Return the energy fluctuation from populations: sqrt(sum_k p_k (e_k - <e>)^2), free of cancellation.

    Args:
        levels: energies, shape (L,).
        populations: p_k, shape (..., L), summing to 1.
    """
    energy, weight = np.asarray(levels, dtype=np.float64), np.asarray(populations, dtype=np.float64)
    if energy.ndim != 1 or weight.shape[-1:] != energy.shape:
        raise SpecError(f"level_std: levels {energy.shape} and populations {weight.shape} must be (L,) and (..., L)")
    shift = energy - (weight @ energy)[..., None]
    return np.asarray(np.sqrt(np.maximum((weight * shift**2).sum(axis=-1), 0)), dtype=np.float64)


def ergotropy_fraction(work: ArrayLike, above_ground: ArrayLike, tolerance: float = 1e-12) -> RealArray:
    """Return ergotropy / energy above ground, the share of the energy that is work; NaN where there is none.

    Args:
        work: ergotropy, shape (...,).
        above_ground: tr(rho H) - E_0, shape (...,).
        tolerance: energies up to this count as none.
    """
    energy = np.asarray(above_ground, dtype=np.float64)
    some = energy > tolerance
    return np.where(some, np.asarray(work, dtype=np.float64) / np.where(some, energy, 1.0), np.nan)
