"""Flares as they come: when, how large, how wide, and which pulses of them go on."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from qsb.stellar.kernels.jit import inner
from qsb.stellar.kernels.pulses import AMP, KAPPA, LIFE

__all__ = ["GONE", "begin", "draw", "first", "next_flare", "no_pulses", "over", "put", "wider"]

# What a member carries along: indices of its row.
ENERGY, PEAK, GIVEN, CLIPPED, AVALANCHE, UNMET, LARGEST = range(7)
# What describes a kind of flare.
EVERY, SMALLEST, FALL, SPAN, WIDTH, GROWTH = range(6)

GONE = 28.0
"""Widths after which a pulse is dropped: e^-28 of its energy, 7e-13, is left out."""


@inner
def first(due: NDArray[np.float64]) -> int:
    """Which kind of flare comes first."""
    k = 0
    for j in range(1, due.size):
        if due[j] < due[k]:
            k = j
    return k


@inner
def begin(rng: np.random.Generator, kinds: NDArray[np.float64], due: NDArray[np.float64]) -> int:
    """When the first flare of each kind comes, and which kind that is."""
    for j in range(due.size):
        due[j] = rng.standard_exponential() * kinds[j, EVERY]
    return first(due)


@inner
def draw(x: float, smallest: float, fall: float, breadth: float, width: float, growth: float) -> tuple[float, float]:
    """Energy in J and width in s of a flare, from a standard exponential number.

    ln(E/smallest) is exponential of rate `fall`, cut at `breadth`: so is the rest of the number after division by it.
    """
    if fall == 0.0:
        y = -breadth * math.expm1(-x)
    else:
        most = abs(fall) * breadth
        if x > most:
            x -= most * math.floor(x / most)
        y = x / abs(fall)
        if fall < 0.0:
            y = breadth - y
    if growth == 1.0 / 3.0:
        z = math.exp(y * (1.0 / 3.0))
        return smallest * z * z * z, width * z
    return smallest * math.exp(y), width * math.exp(growth * y)


@inner
def next_flare(
    rng: np.random.Generator, kinds: NDArray[np.float64], due: NDArray[np.float64], k: int, row: NDArray[np.float64]
) -> tuple[float, float]:
    """Energy and width of the flare of a kind that is due, and when the next of that kind comes."""
    energy, width = draw(rng.standard_exponential(), kinds[k, 1], kinds[k, 2], kinds[k, 3], kinds[k, 4], kinds[k, 5])
    row[LARGEST] = max(row[LARGEST], energy)
    due[k] += rng.standard_exponential() * kinds[k, EVERY]
    return energy, width


@inner
def over(span: float, pulses: NDArray[np.float64], n: int) -> int:
    """Drop pulses that are over; how many are left."""
    kept = 0
    for i in range(n):
        pulses[LIFE, i] -= span
        if pulses[LIFE, i] > 0.0:
            for j in range(pulses.shape[0]):
                pulses[j, kept] = pulses[j, i]
            kept += 1
    return kept


@inner
def no_pulses() -> int:
    """Zero that is no literal: for a literal the functions that it is given to would be compiled a second time."""
    return int(np.int64(0))


@inner
def put(pulses: NDArray[np.float64], n: int, energy: float, width: float) -> int:
    """Put a pulse beside n others, if it has any energy; how many there are then."""
    if energy <= 0.0:
        return n
    pulses[AMP, n], pulses[KAPPA, n], pulses[LIFE, n] = energy / width, 1.0 / width, GONE * width
    return n + 1


@inner
def wider(pulses: NDArray[np.float64]) -> NDArray[np.float64]:
    """The same pulses with as much room again."""
    found = np.empty((4, 2 * pulses.shape[1]))
    for i in range(pulses.shape[1]):
        for j in range(4):
            found[j, i] = pulses[j, i]
    return found
