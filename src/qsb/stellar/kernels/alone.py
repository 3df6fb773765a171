r"""One flare that is over before the next comes, and the gap after it, in scalars: most gaps are of this kind.

With one pulse :math:`E = r + he^{-\gamma t} - qe^{-\kappa t}`, where :math:`r = p/\gamma`, :math:`q = a/(\kappa - \gamma)` and
:math:`h = E_0 - r + q`. The maximum is where the two slopes cancel, before the point of inflexion; on its way up E is
concave. Levels are met at roots of a sum of two exponentials, by Halley's method from a bound that is close: what the
pulse alone would take on the way up, and what the slow exponential alone would take on the way down.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from qsb.stellar.kernels.draws import AVALANCHE, CLIPPED, ENERGY, GIVEN, PEAK
from qsb.stellar.kernels.jit import inner
from qsb.stellar.kernels.stretch import CAPACITY, EXTRA, PUSH, RATE, THRESHOLD

__all__ = ["alone"]

_CLOSE = 1e-6  # widths; Halley's method makes its cube of a step of this size


@inner
def _root(
    low: float, high: float, t: float, level: float, whole: float, rate: float, part: float, kappa: float, sign: float
) -> float:
    """Where h e^(-rate t) - q e^(-kappa t) is a level, between two times; its difference there changes to `sign`."""
    for _ in range(100):
        slow, quick = whole * math.exp(-rate * t), part * math.exp(-kappa * t)
        off = slow - quick - level
        if off * sign > 0.0:
            high = t
        else:
            low = t
        slope = kappa * quick - rate * slow
        bend = rate * rate * slow - kappa * kappa * quick
        step = off * slope / (slope * slope - 0.5 * off * bend)
        if abs(step) * kappa <= _CLOSE:
            return min(max(t - step, low), high)
        t = t - step if low < t - step < high else 0.5 * (low + high)
    return t


@inner
def _up(
    target: float, stored: float, rate: float, push: float, amp: float, kappa: float, left: float, peak: float
) -> tuple[float, float]:
    """When E rises to a target, -1 where it does not; and the largest E on the way that is larger than the peak."""
    rest, part = push / rate, amp / (kappa - rate)
    whole, ratio = stored - rest + part, rate / kappa
    if max(stored, rest) + amp / kappa < min(target, peak) or part <= ratio * whole:
        return -1.0, peak
    when = left
    if whole > 0.0:
        when = min(left, math.log(part / (ratio * whole)) / (kappa - rate))
    top = rest + whole * math.exp(-rate * when) - part * math.exp(-kappa * when)
    if top < target:
        return -1.0, max(peak, top)
    rising = (target - stored) * kappa / amp
    guess = -math.log1p(-rising) / kappa if rising < 1.0 else 0.0
    return _root(0.0, when, min(guess, when), target - rest, whole, rate, part, kappa, 1.0), peak


@inner
def _down(target: float, stored: float, rate: float, push: float, amp: float, kappa: float, left: float) -> float:
    """When E, at or above a target and perhaps rising first, falls to it; -1 where it does not in what is left."""
    rest, part = push / rate, amp / (kappa - rate)
    whole = stored - rest + part
    high = math.log(whole / (target - rest)) / rate
    t, x = high, kappa * high
    if x < 40.0:
        if stored == target and 1.0 < x < 2.5:
            # without the slow decay x = u/(1 - e^-u) = 1 + u/2 + u^2/12 with u = kappa t
            t = 3.0 * (math.sqrt(1.0 + 4.0 / 3.0 * (x - 1.0)) - 1.0) / kappa
        t = _root(0.0, high, t, target - rest, whole, rate, part, kappa, -1.0)
    return t if t < left else -1.0


@inner
def _after(span: float, stored: float, rate: float, push: float, amp: float, kappa: float) -> float:
    """E after a time."""
    rest, part = push / rate, amp / (kappa - rate)
    found = rest + (stored - rest + part) * math.exp(-rate * span)
    return found - part * math.exp(-kappa * span) if kappa * span < 40.0 else found


@inner
def _until(level: float, push: float, amp: float, kappa: float, left: float) -> float:
    """When the input has fallen to a level that it is above."""
    return min(max(math.log(amp / (level - push)) / kappa, 0.0), left) if push < level else left


@inner
def _crest(
    row: NDArray[np.float64], law: NDArray[np.float64], stored: float, amp: float, kappa: float, left: float
) -> tuple[float, float, float]:
    """Above the threshold, or on it and rising, until it is met or nothing is left: E, the amplitude and what is left."""
    push, rate, threshold, extra, capacity = law[PUSH], law[RATE], law[THRESHOLD], law[EXTRA], law[CAPACITY]
    fast = rate + extra
    if stored < capacity:
        t, row[PEAK] = _up(capacity, stored, fast, push, amp, kappa, left, row[PEAK])
        if t >= 0.0:
            kept = math.exp(-kappa * t)
            row[AVALANCHE] += extra / fast * (stored + push * t + amp * (1.0 - kept) / kappa - capacity)
            stored, amp, left = capacity, amp * kept, left - t
    if stored >= capacity:
        row[PEAK] = max(row[PEAK], capacity)
        if push + amp > fast * stored:
            t = _until(fast * stored, push, amp, kappa, left)
            kept = math.exp(-kappa * t)
            row[CLIPPED] += push * t + amp * (1.0 - kept) / kappa - fast * stored * t
            row[AVALANCHE] += extra * stored * t
            amp, left = amp * kept, left - t
    begun = stored
    gone = _down(threshold, stored, fast, push, amp, kappa, left)
    if gone < 0.0:
        gone, stored = left, _after(left, stored, fast, push, amp, kappa)
    else:
        stored = threshold
    kept = math.exp(-kappa * gone)
    row[AVALANCHE] += extra / fast * (begun + push * gone + amp * (1.0 - kept) / kappa - stored)
    return stored, amp * kept, left - gone


@inner
def alone(row: NDArray[np.float64], law: NDArray[np.float64], span: float, energy: float, width: float) -> bool:
    """A flare by itself and the gap after it; False, and nothing done, where this arithmetic would not hold.

    Args:
        row: of a member, see `qsb.stellar.kernels.draws`.
        law: see `qsb.stellar.kernels.stretch`.
        span: to the next flare, s; the pulse is over by then.
        energy: of the flare, J.
        width: of the flare, s.
    """
    push, rate, threshold, extra, capacity = law[PUSH], law[RATE], law[THRESHOLD], law[EXTRA], law[CAPACITY]
    stored, kappa, left, fast = row[ENERGY], 1.0 / width, span, rate + extra
    amp, limit = energy * kappa, min(threshold, capacity)
    if rate == 0.0 or fast * width >= 0.5 or push >= fast * limit or threshold == capacity < math.inf:
        return False
    rest, part = push / rate, amp / (kappa - rate)
    if stored < limit:
        if stored - rest + part <= 0.0:  # it would rise for ever
            return False
        t, row[PEAK] = _up(limit, stored, rate, push, amp, kappa, left, row[PEAK])
        if t < 0.0:
            stored, left = _after(left, stored, rate, push, amp, kappa), 0.0
        else:
            stored, amp, left = limit, amp * math.exp(-kappa * t), left - t
    if stored > threshold or (stored == threshold < capacity and push + amp >= fast * threshold):
        stored, amp, left = _crest(row, law, stored, amp, kappa, left)
    elif stored == capacity and push + amp > rate * stored:
        row[PEAK] = max(row[PEAK], stored)
        t = _until(rate * stored, push, amp, kappa, left)
        kept = math.exp(-kappa * t)
        row[CLIPPED] += push * t + amp * (1.0 - kept) / kappa - rate * stored * t
        amp, left = amp * kept, left - t
    if stored == threshold and left > 0.0 and push + amp > rate * threshold:
        row[PEAK] = max(row[PEAK], stored)
        t = _until(rate * threshold, push, amp, kappa, left)
        kept = math.exp(-kappa * t)
        row[AVALANCHE] += push * t + amp * (1.0 - kept) / kappa - rate * threshold * t
        amp, left = amp * kept, left - t
    if left > 0.0:
        stored = _after(left, stored, rate, push, amp, kappa)
    row[ENERGY], row[GIVEN] = stored, row[GIVEN] + energy + push * span
    row[PEAK] = max(row[PEAK], stored)
    return True
