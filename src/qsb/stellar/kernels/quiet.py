"""Flares that reach no threshold: most of them."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from qsb.stellar.kernels.alone import Law, alone
from qsb.stellar.kernels.draws import (
    AVALANCHE,
    CLIPPED,
    ENERGY,
    FALL,
    GIVEN,
    GONE,
    LARGEST,
    PEAK,
    first,
    next_flare,
)
from qsb.stellar.kernels.jit import inner
from qsb.stellar.kernels.pulses import AMP, KAPPA, LIFE, SINCE, Input, energy_at
from qsb.stellar.kernels.stretch import move, rise

__all__ = ["quiet", "until_hard"]


@inner
def quiet(
    row: NDArray[np.float64], rate: float, extra: float, lower: float, upper: float, span: float, inflow: Input
) -> bool:
    """A gap in which E stays between two levels, so that nothing happens, if it is so.

    Args:
        row: of the member.
        rate: of loss, 1/s.
        extra: what avalanches are of it, 1/s.
        lower: a level that E must not fall to, J; negative for none. E has no minimum, so that its ends tell.
        upper: a level that E must not rise to, J.
        span: s.
        inflow: with the pulses, which decay.
    """
    push, pulses, n = inflow
    stored = row[ENERGY]
    if rate == 0.0:
        return False
    most = max(stored, push / rate)
    for i in range(n):
        most += pulses[AMP, i] / pulses[KAPPA, i]
    if most >= upper or (lower >= 0.0 and min(stored, energy_at(span, stored, rate, inflow)) <= lower):
        return False
    if most > row[PEAK]:
        rise(row, math.inf, span, rate, inflow)
    move(row, span, rate, extra, -1.0, inflow)
    return True


@inner
def _easy(
    rng: np.random.Generator,
    row: NDArray[np.float64],
    law: Law,
    stepping: bool,
    kind: NDArray[np.float64],
    until: float,
    coming: float,
    pulses: NDArray[np.float64],
    n: int,
) -> tuple[float, float, float, float, int]:
    """Flares of one kind as long as each has no other beside it or, if it has, reaches no threshold and no new peak.

    Until a threshold is reached everything is linear: E is what there would be with all pulses over, as if each had
    given e/(1 - rate*width) at once, less what those that go on still lack. So pulses are remembered, and looked at
    when something else happens.

    Args:
        rng: stream of the block.
        row: of the member.
        law: push, not negative, rate, not zero, threshold, rate of avalanches, capacity.
        stepping: whether thresholds are those of a step law, so that `alone` can deal with them.
        kind: of flares.
        until: where to stop, s.
        coming: when the next flare comes, s.
        pulses: that go on; all decay faster than twice the rate.
        n: how many.

    Returns:
        When the flare came that is not easy and when the next comes, its energy and width, and how many pulses go on;
        the energy is -1 where the stop was reached.
    """
    every, smallest, fall, breadth, width0, growth = kind[0], kind[1], kind[2], kind[3], kind[4], kind[5]
    push, rate, threshold, _, capacity = law
    slow, peak, given, largest = row[ENERGY], row[PEAK], row[GIVEN], row[LARGEST]
    limit, avalanche, clipped = min(threshold, capacity), 0.0, 0.0
    rest, now, energy, width = push / rate, coming, -1.0, 0.0
    most_x, scale, cubic = fall * breadth, growth / fall, growth == 1.0 / 3.0
    for i in range(n):
        slow += pulses[AMP, i] / (pulses[KAPPA, i] - rate)
        given += pulses[AMP, i] / pulses[KAPPA, i]
        pulses[SINCE, i], pulses[LIFE, i] = now, pulses[LIFE, i] + now
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
        ratio, most, late = rate * width, max(slow, rest) + energy, GONE * width >= span
        if most >= limit or ratio >= 0.5:
            if late or n > 0 or not stepping:
                break
            stored, peak, lost, refused = alone(slow, peak, law, span, energy, width)
            if stored < 0.0:
                break
            slow, avalanche, clipped = stored, avalanche + lost, clipped + refused
            given += energy + push * span
            energy = -1.0
            continue
        part = energy / (1.0 - ratio)
        whole = slow - rest + part
        after = rest + whole * math.exp(-rate * span)
        if n == pulses.shape[1]:
            break
        if most > peak:
            if late or n > 0:
                break
            # E = rest + whole e^(-rate t) - part e^(-t/width), largest where its two slopes cancel
            peak = max(peak, after)
            if 0.0 < ratio * whole < part:
                when = width / (1.0 - ratio) * math.log(part / (ratio * whole))
                peak = max(peak, rest + whole * (1.0 - ratio) * math.exp(-rate * when))
        slow = after
        given += energy + push * span
        if late or n > 0:
            pulses[AMP, n], pulses[KAPPA, n] = energy / width, 1.0 / width
            pulses[LIFE, n], pulses[SINCE, n] = now + GONE * width, now
            n = _going_on(now + span, pulses, n + 1)
        energy = -1.0
    if energy < 0.0:
        now = until
    n = _going_on(now, pulses, n)
    for i in range(n):
        kappa = pulses[KAPPA, i]
        left = pulses[AMP, i] * math.exp(-kappa * (now - pulses[SINCE, i]))
        slow -= left / (kappa - rate)
        given -= left / kappa
        pulses[AMP, i], pulses[LIFE, i] = left, pulses[LIFE, i] - now
    row[ENERGY], row[PEAK], row[GIVEN], row[LARGEST] = slow, peak, given, largest
    row[AVALANCHE] += avalanche
    row[CLIPPED] += clipped
    return now, coming, energy, width, n


@inner
def _going_on(now: float, pulses: NDArray[np.float64], n: int) -> int:
    """Drop pulses that are over at a time; how many are left."""
    kept = 0
    for i in range(n):
        if pulses[LIFE, i] > now:
            for j in range(4):
                pulses[j, kept] = pulses[j, i]
            kept += 1
    return kept


@inner
def until_hard(
    rng: np.random.Generator,
    row: NDArray[np.float64],
    law: Law,
    stepping: bool,
    kinds: NDArray[np.float64],
    due: NDArray[np.float64],
    span: float,
    pulses: NDArray[np.float64],
    n: int,
) -> tuple[float, float, float, int]:
    """Draw the next flare, and deal with it and all after it if they are easy.

    Args:
        rng: stream of the block.
        row: of the member.
        law: push, rate, threshold, rate of avalanches, capacity.
        stepping: see `_easy`.
        kinds: of flares.
        due: when the next of each kind comes, s.
        span: where to stop, s.
        pulses: that go on.
        n: how many.

    Returns:
        When the flare came that is not easy, its energy, its width, and how many pulses go on then; the energy is -1
        where the stop was reached.
    """
    k = first(due)
    easy = k == 0 and law[1] > 0.0 and kinds[0, FALL] > 0.0
    if n > 0 or not stepping:
        easy = easy and row[ENERGY] < min(law[2], law[4])
    for i in range(n):
        easy = easy and pulses[KAPPA, i] > 2.0 * law[1]
    if not easy:
        now = due[k]
        energy, width = next_flare(rng, kinds, due, k, row)
        return now, energy, width, n
    until = span
    for j in range(1, due.size):
        until = min(until, due[j])
    now, due[0], energy, width, n = _easy(rng, row, law, stepping, kinds[0], until, due[0], pulses, n)
    return now, energy, width, n
