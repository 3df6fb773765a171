"""Flares that reach no threshold: most of them."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from qsb.stellar.kernels.draws import ENERGY, FALL, GIVEN, GONE, LARGEST, PEAK, first, next_flare
from qsb.stellar.kernels.jit import inner
from qsb.stellar.kernels.pulses import AMP, KAPPA, Input
from qsb.stellar.kernels.stretch import rise

__all__ = ["quiet", "until_hard"]


@inner
def quiet(row: NDArray[np.float64], rate: float, limit: float, span: float, inflow: Input) -> bool:
    """A gap in which no threshold can be reached, with one exponential a pulse, if it is so."""
    push, pulses, n = inflow
    stored = row[ENERGY]
    if rate == 0.0:
        return False
    rest = push / rate
    most, parts = max(stored, rest), 0.0
    for i in range(n):
        if pulses[KAPPA, i] < 2.0 * rate:
            return False
        most += pulses[AMP, i] / pulses[KAPPA, i]
        parts += pulses[AMP, i] / (pulses[KAPPA, i] - rate)
    if most >= limit:
        return False
    if most > row[PEAK]:
        rise(row, math.inf, span, rate, inflow)
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


@inner
def until_hard(
    rng: np.random.Generator,
    row: NDArray[np.float64],
    store: tuple[float, float, float],
    kinds: NDArray[np.float64],
    due: NDArray[np.float64],
    span: float,
    n: int,
) -> tuple[float, float, float]:
    """Draw the next flare, and deal with it and all after it if they are easy.

    Args:
        rng: stream of the block.
        row: of the member.
        store: push, rate and lowest threshold; no flare is easy where the rate is 0 or the threshold not positive.
        kinds: of flares.
        due: when the next of each kind comes, s.
        span: where to stop, s.
        n: how many pulses go on.

    Returns:
        When the flare came that is not easy, its energy, and its width; the energy is -1 where the stop was reached.
    """
    k = first(due)
    if n > 0 or k > 0 or store[1] == 0.0 or store[2] <= 0.0 or kinds[0, FALL] <= 0.0:
        now = due[k]
        energy, width = next_flare(rng, kinds, due, k, row)
        return now, energy, width
    often = (kinds[0, 0], kinds[0, 1], kinds[0, 2], kinds[0, 3], kinds[0, 4], kinds[0, 5])
    state = (row[ENERGY], row[PEAK], row[GIVEN], row[LARGEST])
    until = span
    for j in range(1, due.size):
        until = min(until, due[j])
    stored, peak, given, largest, now, due[0], energy, width = _easy(rng, often, store, until, due[0], state)
    row[ENERGY], row[PEAK], row[GIVEN], row[LARGEST] = stored, peak, given, largest
    return now, energy, width
