r"""Parts of a gap between two flares: to a level or to the end, at a constant rate of loss, or held at a level.

Between two flares the input :math:`I = p + \sum a_ie^{-\kappa_it}` only falls. Wherever the rate of loss is constant,
:math:`\ddot E = \dot I < 0` at every :math:`\dot E = 0`, so E has at most one maximum; once it falls it goes on
falling. Each event is therefore the only root in a known bracket. Derived in docs/devdocs/stellar-flares.md.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from qsb.stellar.kernels.draws import AVALANCHE, CLIPPED, ENERGY, GIVEN, PEAK
from qsb.stellar.kernels.jit import inner
from qsb.stellar.kernels.pulses import (
    AMP,
    KAPPA,
    Input,
    energy_at,
    input_at,
    input_now,
    move_on,
    pass_time,
    time_of_energy,
    time_of_input,
    time_of_top,
)

__all__ = ["fall", "fill", "move", "rise"]

# What all members share: push (W), rate without avalanches (1/s), threshold (J), rate of avalanches (1/s), capacity
# (J), number of the law and its two numbers, see `codes.law_row`.
PUSH, RATE, THRESHOLD, EXTRA, CAPACITY, KIND, LOW, HIGH = range(8)


@inner
def rise(row: NDArray[np.float64], target: float, span: float, rate: float, inflow: Input) -> float:
    """When E rises to a target; -1 where it does not. A maximum on the way is noted as a peak."""
    push, pulses, n = inflow
    start = row[ENERGY]
    if input_now(inflow) <= rate * start:
        return -1.0
    most = push * span if push > 0.0 else 0.0
    if push > 0.0 and rate > 0.0:
        most = min(most, max(push / rate - start, 0.0))
    most += start
    for i in range(n):
        most += pulses[AMP, i] / pulses[KAPPA, i]
    if most < target and most <= row[PEAK]:
        return -1.0
    # without losses the last pulse alone would get there at about
    guess = 0.0
    if n > 0:
        rising = (target - start) * pulses[KAPPA, n - 1] / pulses[AMP, n - 1]
        guess = -math.log1p(-rising) / pulses[KAPPA, n - 1] if rising < 1.0 else 0.0
    end, high = energy_at(span, start, rate, inflow), span
    if end < target:
        if input_at(span, inflow) >= rate * end:
            row[PEAK] = max(row[PEAK], end)
            return -1.0
        high = time_of_top(span, start, rate, inflow)
        top = energy_at(high, start, rate, inflow)
        if top < target:
            row[PEAK] = max(row[PEAK], top)
            return -1.0
    return time_of_energy(0.0, high, guess, target, start, rate, inflow, True)


@inner
def fall(start: float, target: float, span: float, rate: float, inflow: Input) -> float:
    """When E, at or above a target, falls to it; -1 where it does not."""
    push, pulses, n = inflow
    if start <= target and input_now(inflow) <= rate * start:
        return 0.0
    # as if the pulses were over, E would fall as one exponential, and later
    rest, whole, bound = push / rate if rate > 0.0 else 0.0, start, rate > 0.0
    for i in range(n):
        bound = bound and pulses[KAPPA, i] > 2.0 * rate
        whole += pulses[AMP, i] / (pulses[KAPPA, i] - rate) if bound else 0.0
    high, guess = span, 0.5 * span
    if rate > 0.0 and target > rest and whole > target:
        guess = math.log1p((whole - target) / (target - rest)) / rate
        # pulses that go on keep E below that; a little more for its rounding
        high = min(span, guess * (1.0 + 1e-9)) if bound else span
    if high == span and energy_at(span, start, rate, inflow) >= target:
        return -1.0
    return time_of_energy(0.0, high, guess, target, start, rate, inflow, False)


@inner
def move(row: NDArray[np.float64], span: float, rate: float, extra: float, level: float, inflow: Input) -> None:
    """Go on for a time at a rate of loss, `extra` of it by avalanches; E ends at the level if that is not -1."""
    before = row[ENERGY]
    after, given = level, 0.0
    if level >= 0.0:
        given = pass_time(span, inflow)
    else:
        after, given = move_on(span, before, rate, inflow)
        after = max(after, 0.0)
    if extra > 0.0:
        row[AVALANCHE] += extra / rate * (before + given - after)
    row[GIVEN] += given
    row[ENERGY] = after
    row[PEAK] = max(row[PEAK], after)


@inner
def fill(row: NDArray[np.float64], span: float, rate: float, extra: float, inflow: Input) -> float:
    """Stay full until the input has fallen to what is lost, `extra` of the rate by avalanches; the time."""
    energy = row[ENERGY]
    t = time_of_input(span, rate * energy, inflow)
    given = pass_time(t, inflow)
    row[CLIPPED] += given - rate * energy * t
    row[AVALANCHE] += extra * energy * t
    row[GIVEN] += given
    return t
