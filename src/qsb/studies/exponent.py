"""Exponents of a power law from few points: slope, local exponents, windows, and the limit of infinite N."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import stdtrit

Array = NDArray[np.float64]


@dataclass(frozen=True)
class Estimate:
    """An exponent and its interval at the stated confidence (``low == high`` for exact data)."""

    value: float
    low: float
    high: float

    def __str__(self) -> str:
        """Value and interval with three decimals."""
        # adding 0.0 turns "-0.000" into "0.000"
        value, low, high = (round(x, 3) + 0.0 for x in (self.value, self.low, self.high))
        return f"{value:.3f} [{low:.3f}, {high:.3f}]"


@dataclass(frozen=True)
class Window:
    """Exponent of the data that are left after the smallest N were dropped."""

    smallest: int
    points: int
    exponent: Estimate


@dataclass(frozen=True)
class LocalExponent:
    """d log y / d log N between two neighbouring sizes; ``cells`` is their geometric mean."""

    cells: float
    exponent: float


def _regress(n: Array, y: Array, corrections: int, confidence: float) -> tuple[Array, Array, float]:
    """Coefficients of log y on 1, log N, 1/N, ... and their half-widths (nan without degrees of freedom)."""
    design = np.column_stack([np.ones_like(n), np.log(n), *(n ** -float(k + 1) for k in range(corrections))])
    q, r = np.linalg.qr(design)
    coefficients = np.linalg.solve(r, q.T @ np.log(y))
    freedom = n.size - design.shape[1]
    residual = np.log(y) - design @ coefficients
    if freedom < 1:
        return coefficients, np.full(coefficients.size, math.nan), math.nan
    scatter = math.sqrt(float(residual @ residual) / freedom)
    inverse = np.linalg.inv(r)
    spread = scatter * np.sqrt((inverse**2).sum(axis=1))
    return coefficients, float(stdtrit(freedom, 0.5 + confidence / 2)) * spread, scatter


def slope_of(n: Array, y: Array, confidence: float) -> tuple[Estimate, float, float]:
    """Slope of log y on log N with its Student interval, the prefactor, and the scatter of log y.

    Args:
        n: (K,) positive sizes, ascending, K >= 3.
        y: (K,) positive values.
        confidence: level of the interval.
    """
    c, half, scatter = _regress(n, y, 0, confidence)
    return Estimate(float(c[1]), float(c[1] - half[1]), float(c[1] + half[1])), math.exp(c[0]), scatter


def limit_of(n: Array, y: Array, confidence: float) -> Estimate:
    r"""Exponent for N to infinity, from :math:`\log y = c + a\log N + b/N\,(+ d/N^2)`.

    This is the extrapolation of the local exponents :math:`a - b/N - 2d/N^2` in 1/N, with the weights that
    independent errors of log y ask for. The quadratic model decides where its coefficient is significant. The
    interval is that of the deciding model, widened to hold the other model's value as well.

    Args:
        n: (K,) positive sizes, ascending, K >= 3. With K = 3 the 1/N model passes through all points and the
            interval of the plain slope stands in.
        y: (K,) positive values.
        confidence: level of the interval.
    """
    straight, straight_half, _ = _regress(n, y, 1, confidence)
    if n.size == 3:
        raw, _, _ = slope_of(n, y, confidence)
        return _hull(float(straight[1]), raw.low, raw.high)
    curved, curved_half, _ = _regress(n, y, 2, confidence)
    best, half, other = straight[1], straight_half[1], curved[1]
    if abs(curved[3]) > curved_half[3]:  # false when nan: four points fit the curved model exactly
        best, half, other = curved[1], curved_half[1], straight[1]
    return _hull(float(best), float(best - half), float(best + half), float(other))


def _hull(value: float, *others: float) -> Estimate:
    return Estimate(value, min(value, *others), max(value, *others))


def local_of(n: Array, y: Array) -> tuple[LocalExponent, ...]:
    """Local exponents between neighbouring sizes."""
    steps = np.diff(np.log(y)) / np.diff(np.log(n))
    return tuple(LocalExponent(float(m), float(s)) for m, s in zip(np.sqrt(n[1:] * n[:-1]), steps, strict=True))


def windows_of(n: Array, y: Array, confidence: float) -> tuple[Window, ...]:
    """Slopes with the smallest sizes dropped one after another, down to three points."""
    return tuple(Window(int(n[k]), n.size - k, slope_of(n[k:], y[k:], confidence)[0]) for k in range(n.size - 2))
