r"""A buffer without losses under flares that are given: :math:`\dot E = I(t)`, at least 0, from flare to flare.

Between two flares :math:`I = p + \sum a_ie^{-\kappa_it}` with p < 0 only falls: E rises until I = 0, falls from
there, and stays at 0 once it is there. `qsb.stellar.kernels.buffer` draws flares of one rate as they are needed; here
they come in rows, so that any process can make them. It stands alone, for it needs little of what the stores of other
kernels need.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any, TypeVar

import numba
import numpy as np
from numpy.typing import NDArray

# Columns of a result.
END, PEAK, OFFERED, UNMET, LARGEST = range(5)
COLUMNS = 5
# What describes a pulse that goes on: W, 1/s, s.
_AMP, _KAPPA, _LIFE = range(3)
# Widths after which a pulse is dropped: e^-28 of its energy, 7e-13, is left out.
_GONE = 28.0

Function = TypeVar("Function", bound=Callable[..., Any])
_compile: Any = numba.njit(cache=True, nogil=True, error_model="numpy")


def _compiled(function: Function) -> Function:
    """The same function, compiled when it is first called."""
    found: Function = _compile(function)
    return found


@_compiled
def _given_by(t: float, push: float, pulses: NDArray[np.float64], n: int) -> float:
    """Integral of I up to t, J."""
    total = push * t
    for i in range(n):
        total -= pulses[_AMP, i] * math.expm1(-pulses[_KAPPA, i] * t) / pulses[_KAPPA, i]
    return total


@_compiled
def _turn(push: float, pulses: NDArray[np.float64], n: int) -> float:
    """When an input above zero has fallen to zero: I is convex, so that Newton's steps rise to the root."""
    t = 0.0
    for _ in range(1000):
        level, slope = push, 0.0
        for i in range(n):
            now = pulses[_AMP, i] * math.exp(-pulses[_KAPPA, i] * t)
            level += now
            slope += pulses[_KAPPA, i] * now
        step = level / slope
        t += step
        # E is flat there: an error of 1e-9 in time is one of 1e-18 in E
        if step <= 1e-9 * t:
            break
    return t


@_compiled
def _until_next(row: NDArray[np.float64], push: float, span: float, pulses: NDArray[np.float64], n: int) -> int:
    """From a flare to the next one; how many pulses go on."""
    start, power, most = row[END], push, row[END]
    for i in range(n):
        power += pulses[_AMP, i]
        most += pulses[_AMP, i] / pulses[_KAPPA, i]
    if power > 0.0 and most > row[PEAK]:
        row[PEAK] = max(row[PEAK], start + _given_by(min(_turn(push, pulses, n), span), push, pulses, n))
    given = _given_by(span, push, pulses, n)
    row[OFFERED] += given
    row[UNMET] += max(0.0, -(start + given))
    row[END] = max(0.0, start + given)
    kept = 0
    for i in range(n):
        left = pulses[_LIFE, i] - span
        if left > 0.0:
            pulses[_AMP, kept] = pulses[_AMP, i] * math.exp(-pulses[_KAPPA, i] * span)
            pulses[_KAPPA, kept] = pulses[_KAPPA, i]
            pulses[_LIFE, kept] = left
            kept += 1
    return kept


@_compiled
def _wider(pulses: NDArray[np.float64]) -> NDArray[np.float64]:
    """The same pulses with as much room again."""
    found = np.empty((3, 2 * pulses.shape[1]))
    found[:, : pulses.shape[1]] = pulses
    return found


@_compiled
def buffers_given(
    rows: NDArray[np.float64],
    push: float,
    firsts: NDArray[np.int64],
    times: NDArray[np.float64],
    energies: NDArray[np.float64],
    widths: NDArray[np.float64],
    span: float,
) -> None:
    """Follow empty buffers, one a row, each through a span of time with flares of its own.

    Args:
        rows: (M, 5) of zeros, in the order of END and so on, J.
        push: quiet input less the cap, W; negative.
        firsts: (M + 1) where the flares of each buffer begin in the next three; the last is their number.
        times: of the flares, s, increasing for each buffer.
        energies: J.
        widths: s.
        span: s.
    """
    pulses = np.empty((3, 64))
    for m in range(rows.shape[0]):
        row, begin, end, n = rows[m], firsts[m], firsts[m + 1], 0
        quiet = times[begin] if begin < end else span
        row[OFFERED] = push * quiet
        row[UNMET] = -row[OFFERED]
        for i in range(begin, end):
            row[LARGEST] = max(row[LARGEST], energies[i])
            if n == pulses.shape[1]:
                pulses = _wider(pulses)
            pulses[_AMP, n], pulses[_KAPPA, n], pulses[_LIFE, n] = (
                energies[i] / widths[i],
                1.0 / widths[i],
                _GONE * widths[i],
            )
            n = _until_next(row, push, (times[i + 1] if i + 1 < end else span) - times[i], pulses, n + 1)
