r"""A store under random flares, from event to event in closed form: :math:`\dot E = I(t) - \gamma(E)E`.

Between two flares the input :math:`I = p + \sum a_ie^{-\kappa_it}` only falls. Wherever the rate of loss is constant,
:math:`\ddot E = \dot I < 0` at every :math:`\dot E = 0`, so E has at most one maximum; once it falls it goes on
falling. A gap between flares is therefore a walk through the phases below in their order, each at most once, and each
event is the only root in a known bracket. Derived in docs/devdocs/stellar-flares.md.
"""

from __future__ import annotations

import math
from typing import Any

import numba
import numpy as np
from numpy.typing import NDArray

_public: Any = numba.njit(cache=True, nogil=True, error_model="numpy")
# what is called by compiled code alone needs no entry from Python, and compiles sooner without
_compiled: Any = numba.njit(cache=True, nogil=True, error_model="numpy", no_cpython_wrapper=True, no_cfunc_wrapper=True)

# What a member carries along: indices of its row.
ENERGY, PEAK, GIVEN, CLIPPED, AVALANCHE, UNMET, LARGEST = range(7)
# What all members share.
PUSH, RATE, THRESHOLD, EXTRA, CAPACITY = range(5)
# What describes a kind of flare.
EVERY, SMALLEST, FALL, SPAN, WIDTH, GROWTH = range(6)
# What describes a pulse that goes on: W, 1/s, s.
AMP, KAPPA, LIFE = range(3)
# Phases of a gap.
BELOW, ABOVE, FULL, SINKING, SLIDING, FALLING, EMPTY, DONE = range(8)

GONE = 28.0
"""Widths after which a pulse is dropped: e^-28 of its energy, 7e-13, is left out."""


@_compiled
def _gain(slow: float, fast: float, span: float) -> float:
    """(e^(-slow t) - e^(-fast t))/(fast - slow), for rates in any order, also equal ones."""
    low, gap = min(slow, fast), abs(fast - slow)
    filled = -math.expm1(-gap * span) / gap if gap * span > 1e-12 else span
    return math.exp(-low * span) * filled


@_compiled
def _input(t: float, push: float, pulses: NDArray[np.float64], n: int) -> float:
    """I(t), W."""
    total = push
    for i in range(n):
        total += pulses[AMP, i] * math.exp(-pulses[KAPPA, i] * t)
    return total


@_compiled
def _now(push: float, pulses: NDArray[np.float64], n: int) -> float:
    """I(0), W."""
    total = push
    for i in range(n):
        total += pulses[AMP, i]
    return total


@_compiled
def _given(t: float, push: float, pulses: NDArray[np.float64], n: int) -> float:
    """Integral of I up to t, J."""
    total = push * t
    for i in range(n):
        total -= pulses[AMP, i] * math.expm1(-pulses[KAPPA, i] * t) / pulses[KAPPA, i]
    return total


@_compiled
def _energy(t: float, start: float, rate: float, push: float, pulses: NDArray[np.float64], n: int) -> float:
    """E(t) at a constant rate of loss, J."""
    kept = math.exp(-rate * t)
    total = start * kept
    if push != 0.0:
        total += push * ((1.0 - kept) / rate if rate * t > 0.1 else _gain(0.0, rate, t))
    for i in range(n):
        kappa = pulses[KAPPA, i]
        # the plain difference loses at most one digit here, and takes one exponential
        if (kappa - rate) * t > 0.1:
            total += pulses[AMP, i] * (kept - math.exp(-kappa * t)) / (kappa - rate)
        else:
            total += pulses[AMP, i] * _gain(rate, kappa, t)
    return total


@_compiled
def _top(span: float, start: float, rate: float, push: float, pulses: NDArray[np.float64], n: int) -> float:
    """Where E is largest, between a rising begin and a falling end: the root of I - rate E, by Newton and bisection."""
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
        level = _energy(t, start, rate, push, pulses, n)
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


@_compiled
def _reach(
    low: float,
    high: float,
    guess: float,
    target: float,
    start: float,
    rate: float,
    push: float,
    pulses: NDArray[np.float64],
    n: int,
) -> float:
    """When E passes a target, upwards or downwards, between two times at which it is on different sides of it."""
    upward = _energy(high, start, rate, push, pulses, n) >= target
    t = guess if low < guess < high else 0.5 * (low + high)
    for _ in range(200):
        level = _energy(t, start, rate, push, pulses, n)
        if abs(level - target) <= 1e-15 * target:
            return t
        if (level >= target) == upward:
            high = t
        else:
            low = t
        slope = _input(t, push, pulses, n) - rate * level
        step = t - (level - target) / slope if slope != 0.0 else high
        if not low < step < high:
            step = 0.5 * (low + high)
        if high - low <= 1e-16 * high:
            return step
        t = step
    return t


@_compiled
def _sink(span: float, target: float, push: float, pulses: NDArray[np.float64], n: int) -> float:
    """When the input has fallen to a target; the span where it does not."""
    if _input(span, push, pulses, n) > target:
        return span
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


@_compiled
def _rise(
    row: NDArray[np.float64],
    target: float,
    span: float,
    rate: float,
    push: float,
    pulses: NDArray[np.float64],
    n: int,
) -> float:
    """When E rises to a target; -1 where it does not. A maximum on the way is noted as a peak."""
    start = row[ENERGY]
    if _now(push, pulses, n) <= rate * start:
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
    end, high = _energy(span, start, rate, push, pulses, n), span
    if end < target:
        if _input(span, push, pulses, n) >= rate * end:
            row[PEAK] = max(row[PEAK], end)
            return -1.0
        high = _top(span, start, rate, push, pulses, n)
        top = _energy(high, start, rate, push, pulses, n)
        if top < target:
            row[PEAK] = max(row[PEAK], top)
            return -1.0
    return _reach(0.0, high, guess, target, start, rate, push, pulses, n)


@_compiled
def _fall(
    start: float,
    target: float,
    span: float,
    rate: float,
    push: float,
    pulses: NDArray[np.float64],
    n: int,
) -> float:
    """When E, at or above a target, falls to it; -1 where it does not."""
    if _energy(span, start, rate, push, pulses, n) >= target:
        return -1.0
    low = 0.0
    if _now(push, pulses, n) > rate * start:
        low = _top(span, start, rate, push, pulses, n)
    elif start <= target:
        return 0.0
    # once the pulses are over, E falls as one exponential
    rest, whole = push / rate if rate > 0.0 else 0.0, start
    for i in range(n):
        whole += pulses[AMP, i] / (pulses[KAPPA, i] - rate) if pulses[KAPPA, i] > 2.0 * rate else 0.0
    guess = math.log((whole - rest) / (target - rest)) / rate if rate > 0.0 and target > rest and whole > rest else 0.0
    return _reach(low, span, guess, target, start, rate, push, pulses, n)


@_compiled
def _age(span: float, pulses: NDArray[np.float64], n: int) -> None:
    """Let the pulses decay."""
    for i in range(n):
        pulses[AMP, i] *= math.exp(-pulses[KAPPA, i] * span)


@_compiled
def _move(
    row: NDArray[np.float64],
    span: float,
    rate: float,
    extra: float,
    level: float,
    push: float,
    pulses: NDArray[np.float64],
    n: int,
) -> None:
    """Go on for a time at a rate of loss, `extra` of it by avalanches; E ends at the level if that is not -1."""
    given = _given(span, push, pulses, n)
    before = row[ENERGY]
    after = level if level >= 0.0 else max(_energy(span, before, rate, push, pulses, n), 0.0)
    if extra > 0.0:
        row[AVALANCHE] += extra / rate * (before + given - after)
    row[GIVEN] += given
    row[ENERGY] = after
    row[PEAK] = max(row[PEAK], after)
    _age(span, pulses, n)


@_compiled
def _begin(row: NDArray[np.float64], law: NDArray[np.float64], power: float) -> int:
    """The first phase of a gap."""
    energy, threshold, rate = row[ENERGY], law[THRESHOLD], law[RATE]
    if energy >= law[CAPACITY]:
        above = energy > threshold
        if power > (rate + law[EXTRA] if above else rate) * energy:
            return FULL
        return SINKING if above else FALLING
    if energy > threshold:
        return ABOVE
    if energy < threshold:
        return BELOW if power > 0.0 or energy > 0.0 else EMPTY
    if power >= (rate + law[EXTRA]) * threshold:
        return ABOVE
    return SLIDING if power > rate * threshold else FALLING


@_compiled
def _hold(
    row: NDArray[np.float64],
    law: NDArray[np.float64],
    phase: int,
    span: float,
    pulses: NDArray[np.float64],
    n: int,
) -> tuple[float, int]:
    """Stay full, slide, or stay empty until the input has fallen too far: the time, and the phase after it."""
    push, energy = law[PUSH], row[ENERGY]
    if phase == EMPTY:
        row[UNMET] -= _given(span, push, pulses, n)
        after, t = DONE, span
    elif phase == FULL:
        above = energy > law[THRESHOLD]
        extra = law[EXTRA] if above else 0.0
        loss = (law[RATE] + extra) * energy
        t = _sink(span, loss, push, pulses, n)
        row[CLIPPED] += _given(t, push, pulses, n) - loss * t
        row[AVALANCHE] += extra * energy * t
        after = SINKING if above else FALLING
    else:
        loss = law[RATE] * energy
        t = _sink(span, loss, push, pulses, n)
        row[AVALANCHE] += _given(t, push, pulses, n) - loss * t
        after = FALLING
    row[GIVEN] += _given(t, push, pulses, n)
    _age(t, pulses, n)
    return t, after


@_public
def gap(
    row: NDArray[np.float64],
    law: NDArray[np.float64],
    span: float,
    pulses: NDArray[np.float64],
    n: int,
) -> None:
    """From a flare to the next one, through the phases in their order."""
    push, rate, threshold, extra, capacity = law[PUSH], law[RATE], law[THRESHOLD], law[EXTRA], law[CAPACITY]
    left = span
    phase = _begin(row, law, _now(push, pulses, n))
    while phase != DONE and left > 0.0:
        if phase in (FULL, SLIDING, EMPTY):
            t, phase = _hold(row, law, phase, left, pulses, n)
        elif phase == BELOW:
            target = min(threshold, capacity)
            t = _rise(row, target, left, rate, push, pulses, n)
            if t < 0.0:
                t, phase = 0.0, FALLING
            else:
                _move(row, t, rate, 0.0, target, push, pulses, n)
                phase = _begin(row, law, _now(push, pulses, n))
        elif phase == ABOVE:
            t = _rise(row, capacity, left, rate + extra, push, pulses, n)
            if t < 0.0:
                t, phase = 0.0, SINKING
            else:
                _move(row, t, rate + extra, extra, capacity, push, pulses, n)
                phase = FULL
        else:
            above = phase == SINKING
            target = threshold if above else 0.0
            lost, open_ = (rate + extra, extra) if above else (rate, 0.0)
            t = _fall(row[ENERGY], target, left, lost, push, pulses, n) if above or push < 0.0 else -1.0
            if t < 0.0:
                _move(row, left, lost, open_, -1.0, push, pulses, n)
                t, phase = left, DONE
            else:
                _move(row, t, lost, open_, target, push, pulses, n)
                power = _now(push, pulses, n)
                phase = (SLIDING if power > rate * threshold else FALLING) if above else EMPTY
        left -= t


@_compiled
def _over(span: float, pulses: NDArray[np.float64], n: int) -> int:
    """Drop pulses that are over; how many are left."""
    kept = 0
    for i in range(n):
        pulses[LIFE, i] -= span
        if pulses[LIFE, i] > 0.0:
            for j in range(3):
                pulses[j, kept] = pulses[j, i]
            kept += 1
    return kept


@_compiled
def _wider(pulses: NDArray[np.float64]) -> NDArray[np.float64]:
    """The same pulses with as much room again."""
    found = np.empty((3, 2 * pulses.shape[1]))
    for i in range(pulses.shape[1]):
        for j in range(3):
            found[j, i] = pulses[j, i]
    return found


@_compiled
def _quiet(
    row: NDArray[np.float64], law: NDArray[np.float64], span: float, pulses: NDArray[np.float64], n: int
) -> bool:
    """A gap in which no threshold can be reached, with one exponential a pulse, if it is so."""
    push, rate, stored = law[PUSH], law[RATE], row[ENERGY]
    if push < 0.0 or rate == 0.0:
        return False
    rest = push / rate
    most, parts = max(stored, rest), 0.0
    for i in range(n):
        if pulses[KAPPA, i] < 2.0 * rate:
            return False
        most += pulses[AMP, i] / pulses[KAPPA, i]
        parts += pulses[AMP, i] / (pulses[KAPPA, i] - rate)
    if most >= min(law[THRESHOLD], law[CAPACITY]):
        return False
    if most > row[PEAK]:
        whole, ratio = stored - rest + parts, rate / pulses[KAPPA, 0]
        if (
            n == 1
            and 0.0 < ratio * whole < parts
            and parts < ratio * whole * math.exp(span * (pulses[KAPPA, 0] - rate))
        ):
            when = math.log(parts / (ratio * whole)) / (pulses[KAPPA, 0] - rate)
            row[PEAK] = max(row[PEAK], rest + whole * (1.0 - ratio) * math.exp(-rate * when))
        else:
            _rise(row, math.inf, span, rate, push, pulses, n)
    after, given = rest + (stored - rest + parts) * math.exp(-rate * span), push * span
    for i in range(n):
        kappa = pulses[KAPPA, i]
        left = pulses[AMP, i] * math.exp(-kappa * span)
        given += (pulses[AMP, i] - left) / kappa
        after -= left / (kappa - rate)
        pulses[AMP, i] = left
    row[ENERGY], row[GIVEN], row[PEAK] = after, row[GIVEN] + given, max(row[PEAK], after)
    return True


@_public
def flare(
    row: NDArray[np.float64],
    law: NDArray[np.float64],
    span: float,
    energy: float,
    width: float,
    pulses: NDArray[np.float64],
    n: int,
) -> int:
    """A flare and the gap after it, whatever happens; how many pulses go on."""
    push = law[PUSH]
    if n == 0 and push < 0.0 and row[ENERGY] == 0.0 and energy + push * width <= 0.0 and GONE * width < span:
        given = energy + push * span
        row[GIVEN] += given
        row[UNMET] -= given
        return 0
    pulses[AMP, n], pulses[KAPPA, n], pulses[LIFE, n] = energy / width, 1.0 / width, GONE * width
    if not _quiet(row, law, span, pulses, n + 1):
        gap(row, law, span, pulses, n + 1)
    return _over(span, pulses, n + 1)


@_compiled
def _first(due: NDArray[np.float64]) -> int:
    """Which kind of flare comes first."""
    k = 0
    for j in range(1, due.size):
        if due[j] < due[k]:
            k = j
    return k


@_compiled
def _draw(
    rng: np.random.Generator, smallest: float, fall: float, breadth: float, width: float, growth: float
) -> tuple[float, float]:
    """Energy in J and width in s of a flare; ln(E/smallest) is exponential of rate `fall`, cut at `breadth`."""
    most = fall * breadth
    if most > 1.0:
        x = rng.standard_exponential()
        while x > most:
            x = rng.standard_exponential()
        y = x / fall
    elif fall == 0.0:
        y = breadth * rng.random()
    else:
        y = -math.log1p(rng.random() * math.expm1(-most)) / fall
    if growth == 1.0 / 3.0:
        z = math.exp(y * (1.0 / 3.0))
        return smallest * z * z * z, width * z
    return smallest * math.exp(y), width * math.exp(growth * y)


@_compiled
def _easy(
    rng: np.random.Generator,
    kind: tuple[float, float, float, float, float, float],
    store: tuple[float, float, float],
    until: float,
    coming: float,
    state: tuple[float, float, float, float],
) -> tuple[float, float, float, float, float, float, float, float]:
    """Flares of one kind as long as each is over before the next and reaches no threshold.

    Such a flare costs one exponential, and one logarithm more where it may be a new peak.

    Args:
        rng: stream of the block.
        kind: in the order of EVERY and so on.
        store: push, rate and lowest threshold; push not negative, rate positive, fall times breadth above 1.
        until: where to stop, s.
        coming: when the next flare comes, s.
        state: energy, peak, energy given so far, largest flare.

    Returns:
        The state, when the flare came that is not easy and when the next comes, its energy and width; the energy is -1
        where the stop was reached.
    """
    every, smallest, fall, breadth, width0, growth = kind
    push, rate, limit = store
    stored, peak, given, largest = state
    rest, now, energy, width = push / rate, coming, -1.0, 0.0
    most_x, scale, cubic = fall * breadth, growth / fall, growth == 1.0 / 3.0
    while coming < until:
        now = coming
        # as `_draw`, written out because it is most of the work
        x = rng.standard_exponential()
        while x > most_x:
            x = rng.standard_exponential()
        grown = math.exp(x * scale)
        width = width0 * grown
        energy = smallest * (grown * grown * grown if cubic else math.exp(x / fall))
        largest = max(largest, energy)
        coming = now + rng.standard_exponential() * every
        span = min(coming, until) - now
        ratio, most = rate * width, max(stored, rest) + energy
        if most >= limit or ratio >= 0.5 or GONE * width >= span:
            return stored, peak, given, largest, now, coming, energy, width
        # E = rest + whole e^(-rate t) - part e^(-t/width), largest where its two slopes cancel
        part = energy / (1.0 - ratio)
        whole = stored - rest + part
        if most > peak and 0.0 < ratio * whole < part:
            when = width / (1.0 - ratio) * math.log(part / (ratio * whole))
            peak = max(peak, rest + whole * (1.0 - ratio) * math.exp(-rate * when))
        stored = rest + whole * math.exp(-rate * span)
        peak = max(peak, stored)
        given += energy + push * span
    return stored, peak, given, largest, now, coming, -1.0, width


@_public
def members(
    rng: np.random.Generator,
    rows: NDArray[np.float64],
    law: NDArray[np.float64],
    kinds: NDArray[np.float64],
    span: float,
) -> None:
    """Follow stores, one a row, each through a span of time with flares of its own out of one stream.

    Args:
        rng: stream of this block of members.
        rows: (M, 7), in the order of ENERGY and so on; ENERGY and PEAK hold the start.
        law: in the order of PUSH and so on; an infinite threshold or capacity is none.
        kinds: (K, 6) in the order of EVERY (mean gap, s) and so on; the first is the most frequent.
        span: s.
    """
    simple = law[PUSH] >= 0.0 and law[RATE] > 0.0 and kinds[0, FALL] * kinds[0, SPAN] > 1.0
    store = (law[PUSH], law[RATE], min(law[THRESHOLD], law[CAPACITY]))
    often = (kinds[0, 0], kinds[0, 1], kinds[0, 2], kinds[0, 3], kinds[0, 4], kinds[0, 5])
    due = np.empty(kinds.shape[0])
    pulses = np.empty((3, 64))
    for m in range(rows.shape[0]):
        row = rows[m]
        for j in range(due.size):
            due[j] = rng.standard_exponential() * kinds[j, EVERY]
        n, k = 0, _first(due)
        gap(row, law, min(due[k], span), pulses, n)
        while due[k] < span:
            energy = -1.0
            if simple and n == 0 and k == 0:
                state = (row[ENERGY], row[PEAK], row[GIVEN], row[LARGEST])
                until = span
                for j in range(1, due.size):
                    until = min(until, due[j])
                stored, peak, given, largest, now, due[0], energy, width = _easy(
                    rng, often, store, until, due[0], state
                )
                row[ENERGY], row[PEAK], row[GIVEN], row[LARGEST] = stored, peak, given, largest
            else:
                now = due[k]
                energy, width = _draw(rng, kinds[k, 1], kinds[k, 2], kinds[k, 3], kinds[k, 4], kinds[k, 5])
                row[LARGEST] = max(row[LARGEST], energy)
                due[k] = now + rng.standard_exponential() * kinds[k, EVERY]
            k = _first(due)
            if energy >= 0.0:
                if n == pulses.shape[1]:
                    pulses = _wider(pulses)
                n = flare(row, law, min(due[k], span) - now, energy, width, pulses, n)
