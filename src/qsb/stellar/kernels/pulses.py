r"""A sum of decaying pulses on top of a constant input, the energy they leave in a store, and when levels are met.

.. math:: I(t) = p + \sum a_ie^{-\kappa_it},\qquad
          E(t) = E_0e^{-\gamma t} + p\frac{1-e^{-\gamma t}}{\gamma}
                 + \sum a_i\frac{e^{-\gamma t}-e^{-\kappa_it}}{\kappa_i-\gamma}.

Derived in docs/devdocs/stellar-flares.md.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from qsb.stellar.kernels.jit import inner

# What describes a pulse that goes on: W, 1/s, s, s; the last is used where pulses are left to decay for some time.
AMP, KAPPA, LIFE, SINCE = range(4)

# p, the pulses, and how many there are.
Input = tuple[float, NDArray[np.float64], int]


@inner
def gain(slow: float, fast: float, span: float) -> float:
    """(e^(-slow t) - e^(-fast t))/(fast - slow), for rates in any order, also equal ones."""
    low, gap = min(slow, fast), abs(fast - slow)
    filled = -math.expm1(-gap * span) / gap if gap * span > 1e-12 else span
    return math.exp(-low * span) * filled


@inner
def faded(x: float) -> float:
    """e^-x; where it is no longer a normal number 0, for the function takes long there."""
    return math.exp(-x) if x < 700.0 else 0.0


@inner
def input_at(t: float, inflow: Input) -> float:
    """I(t), W."""
    push, pulses, n = inflow
    total = push
    for i in range(n):
        total += pulses[AMP, i] * faded(pulses[KAPPA, i] * t)
    return total


@inner
def input_now(inflow: Input) -> float:
    """I(0), W."""
    push, pulses, n = inflow
    total = push
    for i in range(n):
        total += pulses[AMP, i]
    return total


@inner
def given_by(t: float, inflow: Input) -> float:
    """Integral of I up to t, J."""
    push, pulses, n = inflow
    total = push * t
    for i in range(n):
        total -= pulses[AMP, i] * math.expm1(-pulses[KAPPA, i] * t) / pulses[KAPPA, i]
    return total


@inner
def energy_at(t: float, start: float, rate: float, inflow: Input) -> float:
    """E(t) at a constant rate of loss, J."""
    push, pulses, n = inflow
    kept = math.exp(-rate * t)
    total = start * kept
    if push != 0.0:
        total += push * ((1.0 - kept) / rate if rate * t > 0.1 else gain(0.0, rate, t))
    for i in range(n):
        kappa = pulses[KAPPA, i]
        # the plain difference loses at most one digit here, and takes one exponential
        if (kappa - rate) * t > 0.1:
            total += pulses[AMP, i] * (kept - faded(kappa * t)) / (kappa - rate)
        else:
            total += pulses[AMP, i] * gain(rate, kappa, t)
    return total


@inner
def time_of_top(span: float, start: float, rate: float, inflow: Input) -> float:
    """Where E is largest, between a rising begin and a falling end: the root of I - rate E, by Newton and bisection."""
    push, pulses, n = inflow
    low, high = 0.0, span
    slowest = 0.0
    for i in range(n):
        slowest = max(slowest, 1.0 / pulses[KAPPA, i])
    t = min(0.5 * span, 5.0 * slowest)
    if n == 1 and rate > 0.0:
        # one pulse: the two slopes of E = rest + whole e^(-rate t) - part e^(-kappa t) cancel
        part = pulses[AMP, 0] / (pulses[KAPPA, 0] - rate)
        share = part * pulses[KAPPA, 0] / (rate * (start - push / rate + part))
        if share > 0.0 and share != 1.0:
            t = min(max(math.log(share) / (pulses[KAPPA, 0] - rate), 0.0), span)
    for _ in range(200):
        level = energy_at(t, start, rate, inflow)
        power, bend = push, 0.0
        for i in range(n):
            now = pulses[AMP, i] * math.exp(-pulses[KAPPA, i] * t)
            power += now
            bend -= pulses[KAPPA, i] * now
        slope = power - rate * level
        if slope > 0.0:
            low = t
        else:
            high = t
        curve = bend - rate * slope
        step = t - slope / curve if curve != 0.0 else high
        if not low < step < high:
            step = 0.5 * (low + high)
        # E is flat here: an error of 1e-9 in time is one of 1e-18 in the peak
        if abs(step - t) <= 1e-9 * t or high - low <= 1e-15 * span:
            return step
        t = step
    return t


@inner
def _bends(t: float, start: float, rate: float, inflow: Input) -> tuple[float, float, float]:
    """E(t) at a constant rate of loss, and its first two derivatives."""
    push, pulses, n = inflow
    kept = math.exp(-rate * t)
    level, power, change = start * kept, push, 0.0
    if push != 0.0:
        level += push * ((1.0 - kept) / rate if rate * t > 0.1 else gain(0.0, rate, t))
    for i in range(n):
        amp, kappa = pulses[AMP, i], pulses[KAPPA, i]
        now = faded(kappa * t)
        level += amp * ((kept - now) / (kappa - rate) if (kappa - rate) * t > 0.1 else gain(rate, kappa, t))
        power += amp * now
        change -= kappa * amp * now
    slope = power - rate * level
    return level, slope, change - rate * slope


@inner
def time_of_energy(
    low: float, high: float, guess: float, target: float, start: float, rate: float, inflow: Input, upward: bool
) -> float:
    """When E passes a target, upwards or downwards, between two times at which it is on different sides of it.

    Halley's method with bisection behind it: a step that is 1e-6 of the shortest time scale leaves the cube of that, in
    energies the square of it times what was missing.
    """
    fastest = rate
    for i in range(inflow[2]):
        fastest = max(fastest, inflow[1][KAPPA, i])
    t = guess if low < guess < high else 0.5 * (low + high)
    for _ in range(200):
        level, slope, bend = _bends(t, start, rate, inflow)
        off = level - target
        if (off >= 0.0) == upward:
            high = t
        else:
            low = t
        step = off * slope / (slope * slope - 0.5 * off * bend)
        # far out, where E has come to rest, the slope does not account for what is left: steps lead nowhere there
        near = abs(off) <= 2.0 * abs(slope * step)
        part = abs(step) * fastest
        if near and part <= 1e-6 and abs(off) * part * part <= 1e-16 * (start + target) and low <= t - step <= high:
            return t - step
        if not high - low > 1e-16 * high:
            return t
        t = t - step if near and low < t - step < high else 0.5 * (low + high)
    return t


@inner
def time_of_input(span: float, target: float, inflow: Input) -> float:
    """When the input has fallen to a target; the span where it does not."""
    push, pulses, n = inflow
    if push >= target or n == 0 or input_at(span, inflow) > target:
        return span
    if n == 1:
        when: float = math.log(pulses[AMP, 0] / (target - push)) / pulses[KAPPA, 0]
        return min(max(when, 0.0), span)
    low, high = 0.0, span
    t = 0.0
    for _ in range(200):
        level, slope = push - target, 0.0
        for i in range(n):
            now = pulses[AMP, i] * math.exp(-pulses[KAPPA, i] * t)
            level += now
            slope -= pulses[KAPPA, i] * now
        if abs(level) <= 1e-15 * abs(target):
            return t
        if level > 0.0:
            low = t
        else:
            high = t
        # I is convex, so Newton's steps from the left never pass the root
        step = t - level / slope if slope < 0.0 else high
        if not low < step < high:
            step = 0.5 * (low + high)
        if high - low <= 1e-16 * high:
            return step
        t = step
    return t


@inner
def pass_time(span: float, inflow: Input) -> float:
    """Let the pulses decay; what the input gives meanwhile, J."""
    push, pulses, n = inflow
    given = push * span
    for i in range(n):
        left = pulses[AMP, i] * faded(pulses[KAPPA, i] * span)
        given += (pulses[AMP, i] - left) / pulses[KAPPA, i]
        pulses[AMP, i] = left
    return given


@inner
def move_on(span: float, start: float, rate: float, inflow: Input) -> tuple[float, float]:
    """Let the pulses decay; E after it at a constant rate of loss, and what the input gives meanwhile, J."""
    push, pulses, n = inflow
    kept = math.exp(-rate * span)
    after, given = start * kept, push * span
    if push != 0.0:
        after += push * ((1.0 - kept) / rate if rate * span > 0.1 else gain(0.0, rate, span))
    for i in range(n):
        amp, kappa = pulses[AMP, i], pulses[KAPPA, i]
        left = amp * faded(kappa * span)
        after += (amp * kept - left) / (kappa - rate) if (kappa - rate) * span > 0.1 else amp * gain(rate, kappa, span)
        given += (amp - left) / kappa
        pulses[AMP, i] = left
    return after, given
