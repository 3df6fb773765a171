r"""A buffer that leaks under random flares, from flare to flare in closed form.

With an input :math:`I = p + \sum a_ie^{-\kappa_it}`, p < 0, the energy obeys :math:`\dot E = I - \gamma(E)E` while I is
above zero, and :math:`\dot E = I/\eta - \gamma(E)E` below, where the buffer gives back what there is room for and loses
a share of it on the way; E is never below zero. Between two flares I only falls, so a gap has two parts: `gap` of
`qsb.stellar.kernels.surge` follows each, for it takes inputs of both signs as long as E stays above zero, and the root
of E is found here. `qsb.stellar.kernels.buffer` is the same without losses, and faster.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from qsb.stellar.kernels.draws import (
    AVALANCHE,
    ENERGY,
    GIVEN,
    GONE,
    PEAK,
    UNMET,
    begin,
    first,
    next_flare,
    no_pulses,
    over,
    put,
    wider,
)
from qsb.stellar.kernels.jit import entry, inner
from qsb.stellar.kernels.pulses import (
    AMP,
    Input,
    energy_at,
    input_at,
    input_now,
    pass_time,
    time_of_input,
)
from qsb.stellar.kernels.stretch import EXTRA, PUSH, RATE, THRESHOLD, fall
from qsb.stellar.kernels.surge import gap

__all__ = ["AVALANCHE", "ENERGY", "GIVEN", "PEAK", "UNMET", "given_leaks", "leaky_buffers"]


@inner
def _spent(start: float, span: float, rate: float, inflow: Input) -> float:
    """When an energy that falls is used up, under an input below zero; the span where it is not."""
    if start <= 0.0:
        return 0.0
    if energy_at(span, start, rate, inflow) > 0.0:
        return span
    low, high, t = 0.0, span, 0.5 * span
    for _ in range(100):
        level = energy_at(t, start, rate, inflow)
        if level > 0.0:
            low = t
        else:
            high = t
        step = t - level / (input_at(t, inflow) - rate * level)
        if not low < step < high:
            step = 0.5 * (low + high)
        if abs(step - t) <= 1e-14 * t or high - low <= 1e-15 * high:
            break
        t = step
    return t


@inner
def _drain(
    row: NDArray[np.float64], law: NDArray[np.float64], span: float, pulses: NDArray[np.float64], n: int
) -> None:
    """A time of an input below zero: E falls, to zero if the time is long enough."""
    inflow, threshold = (law[PUSH], pulses, n), law[THRESHOLD]
    left = span
    if row[ENERGY] > threshold:
        fast = law[RATE] + law[EXTRA]
        t = fall(row[ENERGY], threshold, left, fast, inflow)
        t = t if t >= 0.0 else left
        gap(row, law, t, inflow)
        left -= t
    t = _spent(row[ENERGY], left, law[RATE], inflow)
    gap(row, law, t, inflow)
    left -= t
    if left > 0.0:
        missing = pass_time(left, inflow)
        row[ENERGY] = 0.0
        row[GIVEN] += missing
        row[UNMET] -= missing


@inner
def _gap(
    row: NDArray[np.float64],
    fill: NDArray[np.float64],
    empty: NDArray[np.float64],
    span: float,
    pulses: NDArray[np.float64],
    n: int,
) -> None:
    """From a flare to the next one."""
    inflow = (fill[PUSH], pulses, n)
    t = time_of_input(span, 0.0, inflow) if input_now(inflow) > 0.0 else 0.0
    gap(row, fill, t, inflow)
    if t < span:
        more = empty[PUSH] / fill[PUSH]
        for i in range(n):
            pulses[AMP, i] *= more
        _drain(row, empty, span - t, pulses, n)
        for i in range(n):
            pulses[AMP, i] /= more


@entry
def given_leaks(
    row: NDArray[np.float64],
    fill: NDArray[np.float64],
    empty: NDArray[np.float64],
    spans: NDArray[np.float64],
    energies: NDArray[np.float64],
    widths: NDArray[np.float64],
) -> None:
    """Follow an empty buffer through flares that are given.

    Args:
        row: (7) of zeros, in the order of `draws.ENERGY` and so on.
        fill: in the order of `stretch.PUSH` and so on, with a push below zero.
        empty: the same with the push over the share of the drawn energy that arrives.
        spans: from each flare to the next, and from the last to the end, s.
        energies: J.
        widths: s.
    """
    pulses, n = np.empty((4, 64)), no_pulses()
    for i in range(energies.size):
        if n == pulses.shape[1]:
            pulses = wider(pulses)
        n = put(pulses, n, energies[i], widths[i])
        _gap(row, fill, empty, spans[i], pulses, n)
        n = over(spans[i], pulses, n)


@entry
def leaky_buffers(
    rng: np.random.Generator,
    rows: NDArray[np.float64],
    fill: NDArray[np.float64],
    empty: NDArray[np.float64],
    kinds: NDArray[np.float64],
    span: float,
) -> None:
    """Follow empty buffers, one a row, each through a span of time with flares of its own out of one stream.

    Args:
        rng: stream of this block of members; the flares are those of `surge.members`.
        rows: (M, 7) of zeros, in the order of `draws.ENERGY` and so on.
        fill: as of `given_leaks`.
        empty: as of `given_leaks`.
        kinds: (K, 6), as those of `surge.members`.
        span: s.
    """
    due = np.empty(kinds.shape[0])
    pulses = np.empty((4, 64))
    push, more = fill[PUSH], empty[PUSH] / fill[PUSH]
    for m in range(rows.shape[0]):
        row = rows[m]
        n, k = no_pulses(), begin(rng, kinds, due)
        row[GIVEN] = empty[PUSH] * min(due[k], span)
        row[UNMET] = -row[GIVEN]
        while due[k] < span:
            now = due[k]
            energy, width = next_flare(rng, kinds, due, k, row)
            k = first(due)
            left = min(due[k], span) - now
            if n == 0 and row[ENERGY] == 0.0 and energy + push * width <= 0.0 and GONE * width < left:
                given = more * (energy + push * left)  # a flare below the cap that is over before the next
                row[GIVEN] += given
                row[UNMET] -= given
                continue
            if n == pulses.shape[1]:
                pulses = wider(pulses)
            n = put(pulses, n, energy, width)
            _gap(row, fill, empty, left, pulses, n)
            n = over(left, pulses, n)
