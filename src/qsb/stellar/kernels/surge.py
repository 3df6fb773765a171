r"""A store under random flares, from event to event in closed form: :math:`\dot E = I(t) - \gamma(E)E`, with a step.

A gap between flares is a walk through the phases below in their order, each at most once, see
`qsb.stellar.kernels.stretch`. Derived in docs/devdocs/stellar-flares.md.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from qsb.stellar.kernels.alone import alone
from qsb.stellar.kernels.draws import (
    AVALANCHE,
    CLIPPED,
    ENERGY,
    GIVEN,
    GONE,
    PEAK,
    begin,
    first,
    no_pulses,
    over,
    put,
    wider,
)
from qsb.stellar.kernels.jit import entry, inner
from qsb.stellar.kernels.pulses import Input, input_now, pass_time, time_of_input
from qsb.stellar.kernels.quiet import quiet, until_hard
from qsb.stellar.kernels.stretch import CAPACITY, EXTRA, PUSH, RATE, THRESHOLD, fall, fill, move, rise

__all__ = ["gap", "given_flares", "members"]

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
    given = pass_time(t, inflow)
    row[AVALANCHE] += given - loss * t
    row[GIVEN] += given
    return t


@inner
def gap(row: NDArray[np.float64], law: NDArray[np.float64], span: float, inflow: Input) -> None:
    """From a flare to the next one, through the phases in their order."""
    rate, threshold, extra, capacity = law[RATE], law[THRESHOLD], law[EXTRA], law[CAPACITY]
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
def _flare(
    row: NDArray[np.float64],
    law: NDArray[np.float64],
    span: float,
    energy: float,
    width: float,
    pulses: NDArray[np.float64],
    n: int,
) -> int:
    """A flare and the gap after it, whatever happens; how many pulses go on."""
    n = put(pulses, n, energy, width)
    inflow = (law[PUSH], pulses, n)
    high = row[ENERGY] > law[THRESHOLD]
    extra, lower = (law[EXTRA], law[THRESHOLD]) if high else (0.0, -1.0)
    upper = law[CAPACITY] if high else min(law[THRESHOLD], law[CAPACITY])
    if not quiet(row, law[RATE] + extra, extra, lower, upper, span, inflow):
        gap(row, law, span, inflow)
    return over(span, pulses, n)


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
    pulses, n = np.empty((4, 64)), no_pulses()
    plain = (law[PUSH], law[RATE], law[THRESHOLD], law[EXTRA], law[CAPACITY])
    for i in range(spans.size):
        span = spans[i]
        energy, width = (energies[i - 1], widths[i - 1]) if i > 0 else (0.0, 0.0)
        if energy > 0.0 and n == 0 and GONE * width <= span:
            stored, peak, lost, refused = alone(row[ENERGY], row[PEAK], plain, span, energy, width)
            if stored >= 0.0:
                row[ENERGY], row[PEAK], row[GIVEN] = stored, peak, row[GIVEN] + energy + law[PUSH] * span
                row[AVALANCHE] += lost
                row[CLIPPED] += refused
                continue
        if n == pulses.shape[1]:
            pulses = wider(pulses)
        n = _flare(row, law, span, energy, width, pulses, n)


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
    plain = (law[PUSH], law[RATE], law[THRESHOLD], law[EXTRA], law[CAPACITY])
    due = np.empty(kinds.shape[0])
    pulses = np.empty((4, 64))
    for m in range(rows.shape[0]):
        row, n = rows[m], no_pulses()
        begin(rng, kinds, due)
        now, energy, width = 0.0, 0.0, 0.0  # before the first flare
        while True:
            if energy >= 0.0:
                if n == pulses.shape[1]:
                    pulses = wider(pulses)
                n = _flare(row, law, min(due[first(due)], span) - now, energy, width, pulses, n)
            if due[first(due)] >= span:
                break
            now, energy, width, n = until_hard(rng, row, plain, True, kinds, due, span, pulses, n)
