r"""One flare that is over before the next comes, and the gap after it, in scalars: most gaps are of this kind.

With one pulse :math:`E = r + he^{-\gamma t} - qe^{-\kappa t}`, where :math:`r = p/\gamma`,
:math:`q = e/(1 - \gamma/\kappa)` for a pulse that has the energy e left to give, and :math:`h = E_0 - r + q`. The
maximum is where the two slopes cancel; on its way up E is concave. Levels are met at roots of a sum of two
exponentials, by Halley's method from a guess that is close: what the pulse alone would take on the way up, what the
slow exponential alone would take on the way down.
"""

from __future__ import annotations

import math

from qsb.stellar.kernels.jit import inner

__all__ = ["Law", "alone"]

Law = tuple[float, float, float, float, float]  # push, rate, threshold, rate of avalanches, capacity

# Halley's method makes about the cube of a step, in widths: what remains is below 1e-13 of the pulse.
_CLOSE = 3e-5
_NEAR = 0.03  # widths from which on exponentials are followed by their series

# E_0, r, rate, energy left in the pulse, kappa, q: what a stretch of constant rate is.
Course = tuple[float, float, float, float, float, float]


@inner
def _course(stored: float, rest: float, rate: float, energy: float, kappa: float) -> Course:
    return stored, rest, rate, energy, kappa, energy / (1.0 - rate / kappa)


@inner
def _root(low: float, high: float, t: float, target: float, course: Course, sign: float) -> tuple[float, float]:
    """When E is at a target, between two times, and e^(-kappa t) then; its difference from it changes to `sign`."""
    stored, rest, rate, _, kappa, part = course
    level, slow, quick = target - rest, (stored - rest + part) * math.exp(-rate * t), part * math.exp(-kappa * t)
    for _ in range(100):
        off = slow - quick - level
        if off * sign > 0.0:
            high = t
        else:
            low = t
        fast = kappa * quick
        slope, bend = fast - rate * slow, rate * rate * slow - kappa * fast
        step = -off * slope / (slope * slope - 0.5 * off * bend)
        d = kappa * step
        if abs(d) <= _CLOSE:
            return min(max(t + step, low), high), quick / part * (1.0 - d + 0.5 * d * d)
        if not low < t + step < high:
            step = 0.5 * (low + high) - t
            d = kappa * step
        t += step
        if abs(d) < _NEAR:
            d2, s = d * d, rate * step
            quick *= 1.0 - d + d2 * (0.5 - d / 6.0 + d2 * (1.0 / 24.0 - d / 120.0 + d2 / 720.0))
            slow *= 1.0 - s + s * s * (0.5 - s / 6.0 + s * s * (1.0 / 24.0 - s / 120.0 + s * s / 720.0))
        else:
            slow, quick = (stored - rest + part) * math.exp(-rate * t), part * math.exp(-kappa * t)
    return t, quick / part


@inner
def _up(target: float, course: Course, left: float, peak: float) -> tuple[float, float, float]:
    """When E rises to a target, -1 where it does not, and e^(-kappa t) then; the largest E so far."""
    stored, rest, rate, energy, kappa, part = course
    if max(stored, rest) + energy < min(target, peak):
        return -1.0, 1.0, peak
    whole = stored - rest + part
    if kappa * part <= rate * whole:
        return -1.0, 1.0, peak
    when = left
    if whole > 0.0:
        when = min(left, math.log(kappa * part / (rate * whole)) / (kappa - rate))
    top = rest + whole * math.exp(-rate * when) - part * math.exp(-kappa * when)
    if top < target:
        return -1.0, 1.0, max(peak, top)
    rising = (target - stored) / energy
    guess = -math.log1p(-rising) / kappa if rising < 1.0 else 0.0
    t, kept = _root(0.0, when, min(guess, when), target, course, 1.0)
    return t, kept, peak


@inner
def _down(target: float, course: Course, left: float) -> tuple[float, float]:
    """When E, at or above a target and perhaps rising first, falls to it, and e^(-kappa t) then; -1 if not before."""
    stored, rest, rate, _, kappa, part = course
    # y of ln(1 + y); the slow exponential alone arrives later, and that is a bound
    y = (stored - target + part) / (target - rest)
    high = math.log1p(y) / rate if y > 0.1 else y / rate
    x = kappa * high
    if y > 0.1 and x > 40.0:
        return (high, 0.0) if high < left else (-1.0, 0.0)
    guess = high if y > 0.1 else high * (6.0 + y) / (6.0 + 4.0 * y)
    if stored == target and 1.0 < x < 2.5:
        # without the slow decay x = u/(1 - e^-u) = 1 + u/2 + u^2/12 with u = kappa t
        guess = 3.0 * (math.sqrt(1.0 + 4.0 / 3.0 * (x - 1.0)) - 1.0) / kappa
    t, kept = _root(0.0, high, guess, target, course, -1.0)
    return (t, kept) if t < left else (-1.0, 0.0)


@inner
def _kept(x: float) -> float:
    """e^-x, or 0 below rounding."""
    return math.exp(-x) if x < 40.0 else 0.0


@inner
def _after(span: float, course: Course) -> float:
    """E after a time."""
    stored, rest, rate, _, kappa, part = course
    return rest + (stored - rest + part) * math.exp(-rate * span) - part * _kept(kappa * span)


@inner
def _until(level: float, push: float, energy: float, kappa: float, left: float) -> tuple[float, float]:
    """When the input has fallen to a level that it is above, and e^(-kappa t) then."""
    t = min(max(math.log(energy * kappa / (level - push)) / kappa, 0.0), left) if push < level else left
    return t, _kept(kappa * t)


@inner
def _crest(
    stored: float, peak: float, law: Law, energy: float, kappa: float, left: float
) -> tuple[float, float, float, float, float, float]:
    """Above the threshold, or on it and rising, until it is met or nothing is left.

    Returns:
        E, the largest E so far, what is left of the pulse and of the time, and what avalanches took and was refused.
    """
    push, rate, threshold, extra, capacity = law
    fast, avalanche, clipped = rate + extra, 0.0, 0.0
    rest = push / fast
    course = _course(stored, rest, fast, energy, kappa)
    if stored < capacity:
        t, kept, peak = _up(capacity, course, left, peak)
        if t >= 0.0:
            avalanche = stored + push * t + energy * (1.0 - kept) - capacity
            stored, energy, left = capacity, energy * kept, left - t
    if stored >= capacity:
        peak = max(peak, capacity)
        if push + energy * kappa > fast * stored:
            t, kept = _until(fast * stored, push, energy, kappa, left)
            clipped = push * t + energy * (1.0 - kept) - fast * stored * t
            avalanche += fast * stored * t
            energy, left = energy * kept, left - t
        course = _course(stored, rest, fast, energy, kappa)
    t, kept = _down(threshold, course, left)
    level = threshold
    if t < 0.0:
        t, kept, level = left, _kept(kappa * left), _after(left, course)
    avalanche += stored + push * t + energy * (1.0 - kept) - level
    return level, peak, energy * kept, left - t, extra / fast * avalanche, clipped


@inner
def alone(
    stored: float, peak: float, law: Law, span: float, energy: float, width: float
) -> tuple[float, float, float, float]:
    """A flare by itself and the gap after it.

    Args:
        stored: E, J.
        peak: largest E so far, J.
        law: push, rate, threshold, rate of avalanches and capacity, see `qsb.stellar.kernels.stretch`.
        span: to the next flare, s; the pulse is over by then.
        energy: of the flare, J.
        width: of the flare, s.

    Returns:
        E, which is -1 where this arithmetic would not hold; the largest E so far, and what avalanches took and was
        refused.
    """
    push, rate, threshold, extra, capacity = law
    kappa, left, fast, limit = 1.0 / width, span, rate + extra, min(threshold, capacity)
    avalanche = clipped = 0.0
    if rate == 0.0 or fast * width >= 0.5 or push >= fast * limit or threshold == capacity < math.inf:
        return -1.0, peak, 0.0, 0.0
    if stored < limit:
        course = _course(stored, push / rate, rate, energy, kappa)
        if stored - course[1] + course[5] <= 0.0:  # it would rise for ever
            return -1.0, peak, 0.0, 0.0
        t, kept, peak = _up(limit, course, left, peak)
        if t < 0.0:
            stored = _after(left, course)
            return stored, max(peak, stored), 0.0, 0.0
        stored, energy, left = limit, energy * kept, left - t
    power = push + energy * kappa
    if stored > threshold or (stored == threshold and power >= fast * threshold):
        stored, peak, energy, left, avalanche, clipped = _crest(stored, peak, law, energy, kappa, left)
        power = push + energy * kappa
    elif stored == capacity and power > rate * stored:
        t, kept = _until(rate * stored, push, energy, kappa, left)
        clipped = push * t + energy * (1.0 - kept) - rate * stored * t
        energy, left = energy * kept, left - t
    peak = max(peak, stored)
    if stored == threshold and left > 0.0 and power > rate * threshold:
        t, kept = _until(rate * threshold, push, energy, kappa, left)
        avalanche += push * t + energy * (1.0 - kept) - rate * threshold * t
        energy, left = energy * kept, left - t
    if left > 0.0:
        stored = _after(left, _course(stored, push / rate, rate, energy, kappa))
    return stored, max(peak, stored), avalanche, clipped
