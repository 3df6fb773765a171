"""Polynomials through values, and slopes where they are known, in Newton's form; many at once."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

import numpy as np
from numpy.typing import NDArray

RealArray = NDArray[np.float64]


@dataclass(frozen=True)
class Polynomials:
    """Polynomials in Newton's form: origins and scales (q, 1), scaled nodes and coefficients (q, k)."""

    origin: RealArray
    scale: RealArray
    nodes: RealArray
    coefficients: RealArray


def horner(p: Polynomials, at: RealArray) -> tuple[RealArray, RealArray]:
    """Values and slopes at (q, r)."""
    y = (at - p.origin) / p.scale
    value, slope = np.zeros_like(y), np.zeros_like(y)
    for k in reversed(range(p.nodes.shape[1])):
        step = y - p.nodes[:, k : k + 1]
        slope = slope * step + value
        value = value * step + p.coefficients[:, k : k + 1]
    return value, slope / p.scale


def newton(t: RealArray, values: RealArray, slopes: RealArray | None) -> Polynomials:
    """Polynomials through values, and slopes if there are any, at increasing times, (q, w); divided differences."""
    origin, scale = t[:, :1], np.ptp(t, axis=1)[:, None]
    twice = 1 if slopes is None else 2
    z = np.repeat((t - origin) / scale, twice, axis=1)
    d = np.repeat(values, twice, axis=1)
    coefficients = [d[:, :1]]
    for k in range(1, z.shape[1]):
        gap = z[:, k:] - z[:, :-k]
        if k == 1 and slopes is not None:
            gap[:, ::2] = 1.0
        step = (d[:, 1:] - d[:, :-1]) / gap
        if k == 1 and slopes is not None:
            step[:, ::2] = slopes * scale
        d = step
        coefficients.append(d[:, :1])
    return Polynomials(origin, scale, z, np.concatenate(coefficients, axis=1))


@cache
def left_out_weights(m: int, slopes: bool) -> RealArray:
    r"""What predicts a point that is left out of 2m + 1 at 0, 1, ..., 2m, on any even grid.

    With :math:`l_k(x) = \prod_{j \ne k} (x - x_j) / (x_k - x_j)` a value weighs :math:`l_k`; with slopes it weighs
    :math:`(1 - 2 (x - x_k) l_k'(x_k)) l_k^2`, and its slope :math:`(x - x_k) l_k^2`.

    Returns:
        Weights (2, 1 or 2, 2m + 1, 2m + 1): of the value and the slope that are predicted, by the values and the slopes
        that are known, for each point left out; on the last axis the points, 0 for the one itself.
    """
    count = 2 * m + 1
    out = np.zeros((2, 2 if slopes else 1, count, count))
    for p in range(count):
        x = np.delete(np.arange(float(count)), p)
        off = ~np.eye(len(x), dtype=bool)
        between, away = np.where(off, x[:, None] - x, 1.0), np.where(off, p - x, 1.0)
        # value and slope of l_k at the point, and its slope at its own node
        value = away.prod(axis=1) / between.prod(axis=1)
        slope = value * np.sum(off / away, axis=1)
        own = np.sum(off / between, axis=1)
        others = x.astype(int)
        if not slopes:
            out[:, 0, p, others] = value, slope
            continue
        bent = 1 - 2 * (p - x) * own
        out[:, 0, p, others] = bent * value**2, 2 * bent * value * slope - 2 * own * value**2
        out[:, 1, p, others] = (p - x) * value**2, value**2 + 2 * (p - x) * value * slope
    return out


__all__ = ["Polynomials", "horner", "left_out_weights", "newton"]
