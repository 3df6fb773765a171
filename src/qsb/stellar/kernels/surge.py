r"""A store under random flares, from event to event in closed form: :math:`\dot E = I(t) - \gamma(E)E`, with a step.

A gap between flares is a walk through the phases below in their order, each at most once, see
`qsb.stellar.kernels.stretch`. Derived in docs/devdocs/stellar-flares.md.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from qsb.stellar.kernels.alone import alone
from qsb.stellar.kernels.draws import (
    AVALANCHE,
    ENERGY,
    EVERY,
    FALL,
    GIVEN,
    GONE,
    LARGEST,
    PEAK,
    begin,
    first,
    next_flare,
    over,
    with_pulse,
)
from qsb.stellar.kernels.jit import entry, inner
from qsb.stellar.kernels.pulses import AMP, KAPPA, Input, decay, given_by, input_now, time_of_input
from qsb.stellar.kernels.stretch import CAPACITY, EXTRA, PUSH, RATE, THRESHOLD, fall, fill, move, rise

__all__ = ["given_flares", "members"]

# Phases of a gap.
BELOW, ABOVE, FULL, SINKING, SLIDING, FALLING, DONE = range(7)


@inner
def _begin(row: NDArray[np.float64], law: NDArray[np.float64], power: float) -> int:
    """The first phase of a gap."""
    energy, threshold, rate, full = row[ENERGY], law[THRESHOLD], law[RATE], row[ENERGY] >= law[CAPACITY]
    fast = rate + law[EXTRA]
    if energy == threshold and power < fast * threshold:
        return SLIDING if power > rate * threshold else FALLING
    if energy >= threshold:
        if not full:
            return ABOVE
        return FULL if power > fast * energy else SINKING
    if full:
        return FULL if power > rate * energy else FALLING
    return BELOW if power > 0.0 or energy > 0.0 else DONE


@inner
def _slide(row: NDArray[np.float64], rate: float, span: float, inflow: Input) -> float:
    """Stay at the threshold until the input has fallen to what is lost without avalanches; the time."""
    loss = rate * row[ENERGY]
    t = time_of_input(span, loss, inflow)
    given = given_by(t, inflow)
    row[AVALANCHE] += given - loss * t
    row[GIVEN] += given
    decay(t, inflow)
    return t


@inner
def _gap(
    row: NDArray[np.float64], law: NDArray[np.float64], span: float, pulses: NDArray[np.float64], n: int
) -> None:
    """From a flare to the next one, through the phases in their order."""
    rate, threshold, extra, capacity = law[RATE], law[THRESHOLD], law[EXTRA], law[CAPACITY]
    inflow = (law[PUSH], pulses, n)
    left = span
    phase = _begin(row, law, input_now(inflow))
    while phase != DONE and left > 0.0:
        if phase == FULL:
            above = row[ENERGY] >= threshold
            t = fill(row, left, rate + extra if above else rate, extra if above else 0.0, inflow)
            phase = SINKING if above else FALLING
        elif phase == SLIDING:
            t, phase = _slide(row, rate, left, inflow), FALLING
        elif phase == BELOW:
            target = min(threshold, capacity)
            t = rise(row, target, left, rate, inflow)
            if t < 0.0:
                t, phase = 0.0, FALLING
            else:
                move(row, t, rate, 0.0, target, inflow)
                phase = _begin(row, law, input_now(inflow))
        elif phase == ABOVE:
            t = rise(row, capacity, left, rate + extra, inflow)
            if t < 0.0:
                t, phase = 0.0, SINKING
            else:
                move(row, t, rate + extra, extra, capacity, inflow)
                phase = FULL
        else:
            above = phase == SINKING
            lost, open_ = (rate + extra, extra) if above else (rate, 0.0)
            t = fall(row[ENERGY], threshold, left, lost, inflow) if above else -1.0
            if t < 0.0:
                move(row, left, lost, open_, -1.0, inflow)
                t, phase = left, DONE
            else:
                move(row, t, lost, open_, threshold, inflow)
                phase = SLIDING if input_now(inflow) > rate * threshold else FALLING
        left -= t


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
        rise(row, math.inf, span, rate, (push, pulses, n))
    after, given = rest + (stored - rest + parts) * math.exp(-rate * span), push * span
    for i in range(n):
        kappa = pulses[KAPPA, i]
        left = pulses[AMP, i] * math.exp(-kappa * span)
        given += (pulses[AMP, i] - left) / kappa
        after -= left / (kappa - rate)
        pulses[AMP, i] = left
    row[ENERGY], row[GIVEN], row[PEAK] = after, row[GIVEN] + given, max(row[PEAK], after)
    return True


@inner
def _flare(
    row: NDArray[np.float64],
    law: NDArray[np.float64],
    span: float,
    energy: float,
    width: float,
    pulses: NDArray[np.float64],
    n: int,
) -> tuple[NDArray[np.float64], int]:
    """A flare and the gap after it, whatever happens; the pulses that go on."""
    if n == 0 and GONE * width <= span and alone(row, law, span, energy, width):
        return pulses, 0
    found = with_pulse(pulses, n, energy, width)
    if not _quiet(row, law, span, found, n + 1):
        _gap(row, law, span, found, n + 1)
    return found, over(span, found, n + 1)


@entry
def given_flares(
    row: NDArray[np.float64],
    law: NDArray[np.float64],
    spans: NDArray[np.float64],
    energies: NDArray[np.float64],
    widths: NDArray[np.float64],
) -> None:
    """Follow a store through flares that are given.

    Args:
        row: (7), as those of `members`.
        law: as that of `members`.
        spans: from the begin to the first flare, from flare to flare, and to the end, s.
        energies: J.
        widths: s.
    """
    pulses, n = np.empty((3, 64)), 0
    _gap(row, law, spans[0], pulses, 0)
    for i in range(energies.size):
        pulses, n = _flare(row, law, spans[i + 1], energies[i], widths[i], pulses, n)


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
    every, smallest, fall_, breadth, width0, growth = kind
    push, rate, limit = store
    stored, peak, given, largest = state
    rest, now, energy, width = push / rate, coming, -1.0, 0.0
    most_x, scale, cubic = fall_ * breadth, growth / fall_, growth == 1.0 / 3.0
    while coming < until:
        now = coming
        # as `draw`, written out because it is most of the work
        x = rng.standard_exponential()
        if x > most_x:
            x -= most_x * math.floor(x / most_x)
        grown = math.exp(x * scale)
        width = width0 * grown
        energy = smallest * (grown * grown * grown if cubic else math.exp(x / fall_))
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
        n, k = 0, begin(rng, kinds, due)
        _gap(row, law, min(due[k], span), pulses, n)
        while due[k] < span:
            energy, now, width = -1.0, due[k], 0.0
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
                energy, width = next_flare(rng, kinds, due, k, row)
            k = first(due)
            if energy >= 0.0:
                pulses, n = _flare(row, law, min(due[k], span) - now, energy, width, pulses, n)
