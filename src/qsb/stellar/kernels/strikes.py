r"""A store under random flares whose avalanches remember or come at random, from event to event in closed form.

A latching avalanche changes the rate of loss from when the threshold is reached until the release; a random one takes
its energy at once and leaves the rate alone. Between such events E has one maximum at most, see
`qsb.stellar.kernels.stretch`.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from qsb.stellar.kernels.codes import LATCHING
from qsb.stellar.kernels.draws import AVALANCHE, ENERGY, begin, first, no_pulses, over, put, wider
from qsb.stellar.kernels.jit import entry, inner
from qsb.stellar.kernels.pulses import Input, input_now
from qsb.stellar.kernels.quiet import quiet, until_hard
from qsb.stellar.kernels.stretch import CAPACITY, EXTRA, HIGH, KIND, LOW, PUSH, RATE, THRESHOLD, fall, fill, move, rise

__all__ = ["given_strikes", "striking"]

# What a member remembers: whether an avalanche goes on, and the mean number of random ones until the next.
LATCHED, CLOCK = range(2)


@inner
def _latching(
    row: NDArray[np.float64], law: NDArray[np.float64], span: float, inflow: Input, memory: NDArray[np.float64]
) -> None:
    """From a flare to the next one, through as many avalanches as there are."""
    threshold, extra, capacity = law[THRESHOLD], law[EXTRA], law[CAPACITY]
    left, falling = span, False
    while left > 0.0:
        open_ = extra if memory[LATCHED] > 0.0 else 0.0
        rate, energy = law[RATE] + open_, row[ENERGY]
        if not falling and energy >= capacity and input_now(inflow) > rate * energy:
            t, falling = fill(row, left, rate, open_, inflow), True
        else:
            target = capacity if open_ > 0.0 else min(threshold, capacity)
            t = -1.0 if falling else rise(row, target, left, rate, inflow)
            if t >= 0.0:
                move(row, t, rate, open_, target, inflow)
                if target >= threshold:
                    memory[LATCHED] = 1.0
            else:
                t = fall(energy, law[LOW], left, rate, inflow) if open_ > 0.0 else -1.0
                if t < 0.0:
                    t = left
                    move(row, t, rate, open_, -1.0, inflow)
                else:
                    move(row, t, rate, open_, law[LOW], inflow)
                    memory[LATCHED], falling = 0.0, False
        left -= t


@inner
def _random(
    luck: np.random.Generator,
    row: NDArray[np.float64],
    law: NDArray[np.float64],
    span: float,
    inflow: Input,
    memory: NDArray[np.float64],
) -> None:
    """From a flare to the next one, with the avalanches that come meanwhile."""
    rate, threshold, often, capacity = law[RATE], law[THRESHOLD], law[EXTRA], law[CAPACITY]
    left, falling = span, False
    while left > 0.0:
        energy, power = row[ENERGY], input_now(inflow)
        rising = not falling and power > rate * energy
        above = energy > threshold or (energy == threshold and rising)
        until = min(left, memory[CLOCK] / often) if above else left
        if rising and energy >= capacity:
            t = fill(row, until, rate, 0.0, inflow)
            falling = t < until
        else:
            target = capacity if above else min(threshold, capacity)
            t = -1.0 if falling else rise(row, target, until, rate, inflow)
            if t >= 0.0:
                move(row, t, rate, 0.0, target, inflow)
            else:
                t = fall(energy, threshold, until, rate, inflow) if above else -1.0
                falling = t >= 0.0 or not above
                level = threshold if t >= 0.0 else -1.0
                t = t if t >= 0.0 else until
                move(row, t, rate, 0.0, level, inflow)
        if above:
            memory[CLOCK] -= t * often
            if t == until < left or memory[CLOCK] <= 0.0:
                size = min((law[LOW] - luck.random() * (law[LOW] - law[HIGH])) ** -2.0, row[ENERGY])
                row[ENERGY] -= size
                row[AVALANCHE] += size
                memory[CLOCK], falling = luck.standard_exponential(), False
        left -= t


@inner
def _gap(
    luck: np.random.Generator,
    row: NDArray[np.float64],
    law: NDArray[np.float64],
    span: float,
    inflow: Input,
    memory: NDArray[np.float64],
) -> None:
    """From a flare to the next one."""
    if law[KIND] == LATCHING:
        _latching(row, law, span, inflow, memory)
    else:
        _random(luck, row, law, span, inflow, memory)


@inner
def _remember(
    luck: np.random.Generator, row: NDArray[np.float64], law: NDArray[np.float64], memory: NDArray[np.float64]
) -> None:
    """What a member remembers at its begin."""
    memory[LATCHED] = 1.0 if law[KIND] == LATCHING and row[ENERGY] >= law[THRESHOLD] else 0.0
    memory[CLOCK] = 0.0 if law[KIND] == LATCHING else luck.standard_exponential()


@inner
def _flare(
    luck: np.random.Generator,
    row: NDArray[np.float64],
    law: NDArray[np.float64],
    span: float,
    energy: float,
    width: float,
    pulses: NDArray[np.float64],
    n: int,
    memory: NDArray[np.float64],
) -> int:
    """A flare and the gap after it; how many pulses go on."""
    n = put(pulses, n, energy, width)
    inflow = (law[PUSH], pulses, n)
    latched, random = memory[LATCHED] > 0.0, law[KIND] != LATCHING
    high = latched or (random and row[ENERGY] > law[THRESHOLD])
    extra, lower, used = 0.0, -1.0, 0.0
    upper = law[CAPACITY] if high else min(law[THRESHOLD], law[CAPACITY])
    if latched:
        extra, lower = law[EXTRA], law[LOW]
    elif high:
        lower, used = law[THRESHOLD], span * law[EXTRA]
    calm = used == 0.0 or used < memory[CLOCK]
    if calm and quiet(row, law[RATE] + extra, extra, lower, upper, span, inflow):
        memory[CLOCK] -= used
    else:
        _gap(luck, row, law, span, inflow, memory)
    return over(span, pulses, n)


@entry
def given_strikes(
    luck: np.random.Generator,
    row: NDArray[np.float64],
    law: NDArray[np.float64],
    spans: NDArray[np.float64],
    energies: NDArray[np.float64],
    widths: NDArray[np.float64],
) -> None:
    """Follow a store through flares that are given: `surge.given_flares` with a stream of random avalanches."""
    pulses, n, memory = np.empty((4, 64)), no_pulses(), np.empty(2)
    _remember(luck, row, law, memory)
    for i in range(spans.size):
        energy, width = (energies[i - 1], widths[i - 1]) if i > 0 else (0.0, 0.0)
        if n == pulses.shape[1]:
            pulses = wider(pulses)
        n = _flare(luck, row, law, spans[i], energy, width, pulses, n, memory)


@entry
def striking(
    rng: np.random.Generator,
    luck: np.random.Generator,
    rows: NDArray[np.float64],
    law: NDArray[np.float64],
    kinds: NDArray[np.float64],
    span: float,
) -> None:
    """Follow stores through flares of their own: `surge.members`, whose flares these are, with random avalanches.

    Args:
        rng: stream of flares of this block of members.
        luck: stream of their avalanches.
        rows: as those of `surge.members`.
        law: as that of `surge.members`.
        kinds: as those of `surge.members`.
        span: s.
    """
    due, memory = np.empty(kinds.shape[0]), np.empty(2)
    pulses = np.empty((4, 64))
    for m in range(rows.shape[0]):
        row, n = rows[m], no_pulses()
        begin(rng, kinds, due)
        _remember(luck, row, law, memory)
        now, energy, width = 0.0, 0.0, 0.0  # before the first flare
        while True:
            if energy >= 0.0:
                if n == pulses.shape[1]:
                    pulses = wider(pulses)
                n = _flare(luck, row, law, min(due[first(due)], span) - now, energy, width, pulses, n, memory)
            if due[first(due)] >= span:
                break
            limit = 0.0 if memory[LATCHED] > 0.0 else law[THRESHOLD]
            plain = (law[PUSH], law[RATE], limit, law[EXTRA], law[CAPACITY])
            now, energy, width, n = until_hard(rng, row, plain, False, kinds, due, span, pulses, n)
