r"""A store under random flares, from event to event in closed form: :math:`\dot E = I(t) - \gamma(E)E`.

Between two flares the input :math:`I = p + \sum a_ie^{-\kappa_it}` only falls. Wherever the rate of loss is constant,
:math:`\ddot E = \dot I < 0` at every :math:`\dot E = 0`, so E has at most one maximum; once it falls it goes on
falling. A gap between flares is therefore a walk through the phases below in their order, each at most once, and each
event is the only root in a known bracket. Derived in docs/devdocs/stellar-flares.md.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from qsb.stellar.kernels.pulses import (
    AMP,
    KAPPA,
    LIFE,
    decay,
    energy_at,
    entry,
    given_by,
    inner,
    input_at,
    input_now,
    time_of_energy,
    time_of_input,
    time_of_top,
)

# What a member carries along: indices of its row.
ENERGY, PEAK, GIVEN, CLIPPED, AVALANCHE, UNMET, LARGEST = range(7)
# What all members share.
PUSH, RATE, THRESHOLD, EXTRA, CAPACITY = range(5)
# What describes a kind of flare.
EVERY, SMALLEST, FALL, SPAN, WIDTH, GROWTH = range(6)
# Phases of a gap.
BELOW, ABOVE, FULL, SINKING, SLIDING, FALLING, DONE = range(7)

GONE = 28.0
"""Widths after which a pulse is dropped: e^-28 of its energy, 7e-13, is left out."""


@inner
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
    if input_now(push, pulses, n) <= rate * start:
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
    end, high = energy_at(span, start, rate, push, pulses, n), span
    if end < target:
        if input_at(span, push, pulses, n) >= rate * end:
            row[PEAK] = max(row[PEAK], end)
            return -1.0
        high = time_of_top(span, start, rate, push, pulses, n)
        top = energy_at(high, start, rate, push, pulses, n)
        if top < target:
            row[PEAK] = max(row[PEAK], top)
            return -1.0
    return time_of_energy(0.0, high, guess, target, start, rate, push, pulses, n)


@inner
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
    if energy_at(span, start, rate, push, pulses, n) >= target:
        return -1.0
    low = 0.0
    if input_now(push, pulses, n) > rate * start:
        low = time_of_top(span, start, rate, push, pulses, n)
    elif start <= target:
        return 0.0
    # once the pulses are over, E falls as one exponential
    rest, whole = push / rate if rate > 0.0 else 0.0, start
    for i in range(n):
        whole += pulses[AMP, i] / (pulses[KAPPA, i] - rate) if pulses[KAPPA, i] > 2.0 * rate else 0.0
    guess = math.log((whole - rest) / (target - rest)) / rate if rate > 0.0 and target > rest and whole > rest else 0.0
    return time_of_energy(low, span, guess, target, start, rate, push, pulses, n)


@inner
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
    given = given_by(span, push, pulses, n)
    before = row[ENERGY]
    after = level if level >= 0.0 else max(energy_at(span, before, rate, push, pulses, n), 0.0)
    if extra > 0.0:
        row[AVALANCHE] += extra / rate * (before + given - after)
    row[GIVEN] += given
    row[ENERGY] = after
    row[PEAK] = max(row[PEAK], after)
    decay(span, pulses, n)


@inner
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
        return BELOW if power > 0.0 or energy > 0.0 else DONE
    if power >= (rate + law[EXTRA]) * threshold:
        return ABOVE
    return SLIDING if power > rate * threshold else FALLING


@inner
def _hold(
    row: NDArray[np.float64],
    law: NDArray[np.float64],
    phase: int,
    span: float,
    pulses: NDArray[np.float64],
    n: int,
) -> tuple[float, int]:
    """Stay full or slide until the input has fallen too far: the time, and the phase after it."""
    push, energy = law[PUSH], row[ENERGY]
    if phase == FULL:
        above = energy > law[THRESHOLD]
        extra = law[EXTRA] if above else 0.0
        loss = (law[RATE] + extra) * energy
        t = time_of_input(span, loss, push, pulses, n)
        row[CLIPPED] += given_by(t, push, pulses, n) - loss * t
        row[AVALANCHE] += extra * energy * t
        after = SINKING if above else FALLING
    else:
        loss = law[RATE] * energy
        t = time_of_input(span, loss, push, pulses, n)
        row[AVALANCHE] += given_by(t, push, pulses, n) - loss * t
        after = FALLING
    row[GIVEN] += given_by(t, push, pulses, n)
    decay(t, pulses, n)
    return t, after


@entry
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
    phase = _begin(row, law, input_now(push, pulses, n))
    while phase != DONE and left > 0.0:
        if phase in (FULL, SLIDING):
            t, phase = _hold(row, law, phase, left, pulses, n)
        elif phase == BELOW:
            target = min(threshold, capacity)
            t = _rise(row, target, left, rate, push, pulses, n)
            if t < 0.0:
                t, phase = 0.0, FALLING
            else:
                _move(row, t, rate, 0.0, target, push, pulses, n)
                phase = _begin(row, law, input_now(push, pulses, n))
        elif phase == ABOVE:
            t = _rise(row, capacity, left, rate + extra, push, pulses, n)
            if t < 0.0:
                t, phase = 0.0, SINKING
            else:
                _move(row, t, rate + extra, extra, capacity, push, pulses, n)
                phase = FULL
        else:
            above = phase == SINKING
            lost, open_ = (rate + extra, extra) if above else (rate, 0.0)
            t = _fall(row[ENERGY], threshold, left, lost, push, pulses, n) if above else -1.0
            if t < 0.0:
                _move(row, left, lost, open_, -1.0, push, pulses, n)
                t, phase = left, DONE
            else:
                _move(row, t, lost, open_, threshold, push, pulses, n)
                phase = SLIDING if input_now(push, pulses, n) > rate * threshold else FALLING
        left -= t


@inner
def over(span: float, pulses: NDArray[np.float64], n: int) -> int:
    """Drop pulses that are over; how many are left."""
    kept = 0
    for i in range(n):
        pulses[LIFE, i] -= span
        if pulses[LIFE, i] > 0.0:
            for j in range(3):
                pulses[j, kept] = pulses[j, i]
            kept += 1
    return kept


@inner
def wider(pulses: NDArray[np.float64]) -> NDArray[np.float64]:
    """The same pulses with as much room again."""
    found = np.empty((3, 2 * pulses.shape[1]))
    for i in range(pulses.shape[1]):
        for j in range(3):
            found[j, i] = pulses[j, i]
    return found


@inner
def _quiet(
    row: NDArray[np.float64], law: NDArray[np.float64], span: float, pulses: NDArray[np.float64], n: int
) -> bool:
    """A gap in which no threshold can be reached, with one exponential a pulse, if it is so."""
    push, rate, stored = law[PUSH], law[RATE], row[ENERGY]
    if rate == 0.0:
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


@entry
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
    pulses[AMP, n], pulses[KAPPA, n], pulses[LIFE, n] = energy / width, 1.0 / width, GONE * width
    if not _quiet(row, law, span, pulses, n + 1):
        gap(row, law, span, pulses, n + 1)
    return over(span, pulses, n + 1)


@inner
def first(due: NDArray[np.float64]) -> int:
    """Which kind of flare comes first."""
    k = 0
    for j in range(1, due.size):
        if due[j] < due[k]:
            k = j
    return k


@inner
def draw(x: float, smallest: float, fall: float, breadth: float, width: float, growth: float) -> tuple[float, float]:
    """Energy in J and width in s of a flare, from a standard exponential number.

    ln(E/smallest) is exponential of rate `fall`, cut at `breadth`: so is the rest of the number after division by it.
    """
    if fall == 0.0:
        y = -breadth * math.expm1(-x)
    else:
        most = abs(fall) * breadth
        y = (x - most * math.floor(x / most)) / abs(fall)
        if fall < 0.0:
            y = breadth - y
    if growth == 1.0 / 3.0:
        z = math.exp(y * (1.0 / 3.0))
        return smallest * z * z * z, width * z
    return smallest * math.exp(y), width * math.exp(growth * y)


@inner
def _easy(
    rng: np.random.Generator,
    kind: tuple[float, float, float, float, float, float],
    store: tuple[float, float, float],
    until: float,
    coming: float,
    state: tuple[float, float, float, float],
) -> tuple[float, float, float, float, float, float, float, float]:
    """Flares of one kind as long as each is over before the next and reaches no threshold.

    Args:
        rng: stream of the block.
        kind: in the order of EVERY and so on.
        store: push, rate and lowest threshold; push not negative, rate and fall positive.
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
        # as `draw`, written out because it is most of the work
        x = rng.standard_exponential()
        if x > most_x:
            x -= most_x * math.floor(x / most_x)
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


@entry
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
        law: in the order of PUSH, not negative, and so on; an infinite threshold or capacity is none.
        kinds: (K, 6) in the order of EVERY (mean gap, s) and so on; the first is the most frequent.
        span: s.
    """
    simple = law[RATE] > 0.0 and kinds[0, FALL] > 0.0
    store = (law[PUSH], law[RATE], min(law[THRESHOLD], law[CAPACITY]))
    often = (kinds[0, 0], kinds[0, 1], kinds[0, 2], kinds[0, 3], kinds[0, 4], kinds[0, 5])
    due = np.empty(kinds.shape[0])
    pulses = np.empty((3, 64))
    for m in range(rows.shape[0]):
        row = rows[m]
        for j in range(due.size):
            due[j] = rng.standard_exponential() * kinds[j, EVERY]
        n, k = 0, first(due)
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
                energy, width = draw(
                    rng.standard_exponential(), kinds[k, 1], kinds[k, 2], kinds[k, 3], kinds[k, 4], kinds[k, 5]
                )
                row[LARGEST] = max(row[LARGEST], energy)
                due[k] = now + rng.standard_exponential() * kinds[k, EVERY]
            k = first(due)
            if energy >= 0.0:
                if n == pulses.shape[1]:
                    pulses = wider(pulses)
                n = flare(row, law, min(due[k], span) - now, energy, width, pulses, n)
