r"""A buffer without losses under random flares: :math:`\dot E = I(t)`, at least 0, from flare to flare in closed form.

Between two flares :math:`I = p + \sum a_ie^{-\kappa_it}` with p < 0 only falls. So E rises, if it does, until I = 0,
and then falls, until it is 0 and stays there: at the end it is :math:`\max(0, E_0 + \int I)`, and the one root, that
of I, is needed where E may become larger than it ever was. `qsb.stellar.kernels.surge` has losses and thresholds as
well, and takes longer to compile and to run.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from qsb.stellar.kernels.draws import (
    ENERGY,
    GIVEN,
    GONE,
    PEAK,
    UNMET,
    begin,
    first,
    next_flare,
    no_pulses,
    over,
    put,
    wider,
)
from qsb.stellar.kernels.jit import entry, inner
from qsb.stellar.kernels.pulses import AMP, KAPPA, Input, given_by, input_now, pass_time

__all__ = ["buffers"]


@inner
def _turn(inflow: Input) -> float:
    """When an input above zero has fallen to zero.

    I is convex and falls, so that Newton's steps from the left rise to the root and never pass it. E is flat there: an
    error of 1e-9 in time is one of 1e-18 in E.
    """
    push, pulses, n = inflow
    t = 0.0
    for _ in range(1000):
        level, slope = push, 0.0
        for i in range(n):
            now = pulses[AMP, i] * math.exp(-pulses[KAPPA, i] * t)
            level += now
            slope += pulses[KAPPA, i] * now
        step = level / slope
        t += step
        if step <= 1e-9 * t:
            break
    return t


@inner
def _gap(row: NDArray[np.float64], span: float, inflow: Input) -> None:
    """From a flare to the next one."""
    _, pulses, n = inflow
    start = row[ENERGY]
    if input_now(inflow) > 0.0:
        most = start
        for i in range(n):
            most += pulses[AMP, i] / pulses[KAPPA, i]
        if most > row[PEAK]:
            row[PEAK] = max(row[PEAK], start + given_by(min(_turn(inflow), span), inflow))
    given = pass_time(span, inflow)
    row[GIVEN] += given
    row[UNMET] += max(0.0, -(start + given))
    row[ENERGY] = max(0.0, start + given)


@entry
def buffers(
    rng: np.random.Generator, rows: NDArray[np.float64], push: float, kinds: NDArray[np.float64], span: float
) -> None:
    """Follow empty buffers, one a row, each through a span of time with flares of its own out of one stream.

    Args:
        rng: stream of this block of members; the flares are those of `surge.members`.
        rows: (M, 7) of zeros, in the order of `draws.ENERGY` and so on.
        push: quiet input less the cap, W; negative.
        kinds: (K, 6), as those of `surge.members`.
        span: s.
    """
    due = np.empty(kinds.shape[0])
    pulses = np.empty((4, 64))
    for m in range(rows.shape[0]):
        row = rows[m]
        n, k = no_pulses(), begin(rng, kinds, due)
        row[GIVEN] = push * min(due[k], span)
        row[UNMET] = -row[GIVEN]
        while due[k] < span:
            now = due[k]
            energy, width = next_flare(rng, kinds, due, k, row)
            k = first(due)
            left = min(due[k], span) - now
            if n == 0 and row[ENERGY] == 0.0 and energy + push * width <= 0.0 and GONE * width < left:
                given = energy + push * left  # a flare below the cap that is over before the next
                row[GIVEN] += given
                row[UNMET] -= given
                continue
            if n == pulses.shape[1]:
                pulses = wider(pulses)
            n = put(pulses, n, energy, width)
            _gap(row, left, (push, pulses, n))
            n = over(left, pulses, n)
