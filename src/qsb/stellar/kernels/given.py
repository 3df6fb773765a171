r"""A buffer without losses under flares that are given: the arithmetic of `qsb.stellar.kernels.buffer`.

There the flares are drawn at one rate as they are needed; here they come in rows, so that any process can make them.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from qsb.stellar.kernels.pulses import (
    AMP,
    KAPPA,
    LIFE,
    decay,
    entry,
    given_by,
    inner,
    input_at,
    input_now,
    time_of_top,
)
from qsb.stellar.kernels.surge import ENERGY, GIVEN, GONE, LARGEST, PEAK, UNMET, over, wider


@inner
def _until_next(row: NDArray[np.float64], push: float, span: float, pulses: NDArray[np.float64], n: int) -> None:
    """From a flare to the next: E rises while I > 0, and then falls to 0 at most."""
    start = row[ENERGY]
    if input_now(push, pulses, n) > 0.0:
        most = start
        for i in range(n):
            most += pulses[AMP, i] / pulses[KAPPA, i]
        if most > row[PEAK]:
            falls = input_at(span, push, pulses, n) < 0.0
            top = time_of_top(span, start, 0.0, push, pulses, n) if falls else span
            row[PEAK] = max(row[PEAK], start + given_by(top, push, pulses, n))
    given = given_by(span, push, pulses, n)
    row[GIVEN] += given
    row[UNMET] += max(0.0, -(start + given))
    row[ENERGY] = max(0.0, start + given)
    decay(span, pulses, n)


@entry
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
        rows: (M, 7) of zeros, in the order of `surge.ENERGY` and so on.
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
        row[GIVEN] = push * quiet
        row[UNMET] = -row[GIVEN]
        for i in range(begin, end):
            left = (times[i + 1] if i + 1 < end else span) - times[i]
            row[LARGEST] = max(row[LARGEST], energies[i])
            if n == pulses.shape[1]:
                pulses = wider(pulses)
            pulses[AMP, n], pulses[KAPPA, n], pulses[LIFE, n] = energies[i] / widths[i], 1.0 / widths[i], GONE * widths[i]
            _until_next(row, push, left, pulses, n + 1)
            n = over(left, pulses, n + 1)
