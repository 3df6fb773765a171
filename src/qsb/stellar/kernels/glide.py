"""Stores whose avalanches depend smoothly on the energy, from step to step of an integration: no closed form holds."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from qsb.stellar.kernels.codes import (
    AVALANCHE,
    CLIPPED,
    DRAWN,
    FIRST_REGIME,
    INFLOW,
    MISSING,
    PASSIVE_AREA,
    SMOOTH,
    TIME_EMPTY,
    TIME_FULL,
    WORK_AREA,
    WORK_AVALANCHE,
)
from qsb.stellar.kernels.jit import entry, inner
from qsb.stellar.kernels.radau import FAILED, OUT, UP, Room, advance, rate_at
from qsb.stellar.kernels.regime import Store, climbs, full_after, full_ends, full_phase, incoming

__all__ = ["glide"]

Law = tuple[int, float, float, float]  # see `codes.law_row`


@inner
def _interval(
    store: Store, law: Law, work: float, energy: float, peak: float, power: float, draw: float, span: float,
    sums: NDArray[np.float64], none: NDArray[np.float64], room: Room,
) -> tuple[float, float, float, float]:  # fmt: skip
    """W and E after an interval, the largest E so far, and the share of it where no step could be made, or 0."""
    held, leak, dephasing, capacity, share = store
    gone = 0.0
    while gone < span:
        left = span - gone
        empty, drawn, to_work, to_passive = incoming(store, work, power, draw)
        flow = (*law, to_work + to_passive, to_work, share, held, leak, dephasing)
        rate = rate_at(flow, energy, work, 0.0)[0]
        full, taken = False, power * left
        if energy >= capacity:
            gain = climbs(store, work, energy - work, power - drawn, to_work, rate)
            full = gain > 0 or (gain == 0 and held != leak)
        if full:
            empty, drawn, space, push, decay = full_phase(store, work, energy, power, draw, rate)
            when, out = full_ends(held - leak, work, power, space, push, decay)
            elapsed = min(when, left)
            after, worked, taken = full_after(held - leak, work, energy, power, space, push, decay, elapsed)
            after, arrived, stored = (0.0 if out and when <= left else after), energy, energy * elapsed
            avalanche, lost = rate * stored, rate * worked
        else:
            part, hit, top = advance(flow, energy, work, left, left, capacity, -1.0, 0.0, none, none.shape[1], room)
            elapsed, arrived, after, stored, worked, avalanche, lost, _ = part
            if hit == FAILED:
                return work, energy, peak, elapsed / left
            arrived = capacity if hit == UP else min(max(arrived, 0.0), capacity)
            after = 0.0 if hit == OUT else min(max(after, 0.0), arrived)
            taken, peak = power * elapsed, max(peak, top)
        work, energy = after, arrived
        peak = max(peak, energy)
        gone = span if elapsed >= left else gone + elapsed
        sums[PASSIVE_AREA] += stored - worked
        sums[WORK_AREA] += worked
        sums[INFLOW] += power * elapsed
        sums[DRAWN] += drawn * elapsed
        sums[AVALANCHE] += avalanche
        sums[WORK_AVALANCHE] += lost
        sums[CLIPPED] += power * elapsed - taken
        sums[MISSING] += (draw - drawn) * elapsed
        sums[FIRST_REGIME + SMOOTH] += elapsed
        sums[TIME_FULL] += elapsed if full else 0.0
        sums[TIME_EMPTY] += elapsed if empty else 0.0
    return work, energy, peak, 0.0


@entry
def glide(
    first: int,
    last: int,
    members: NDArray[np.int64],
    spans: NDArray[np.float64],
    inflow: NDArray[np.float64],
    demand: NDArray[np.float64],
    stores: NDArray[np.float64],
    states: NDArray[np.float64],
    counts: NDArray[np.float64],
    history: NDArray[np.float64],
    table: NDArray[np.float64],
    nodes: NDArray[np.float64],
) -> float:
    """Follow members: those that the places `first` to `last` of a list name.

    Args:
        first: first place.
        last: place after the last one.
        members: their numbers.
        spans: widths of the intervals (n), s.
        inflow: (M or 1, n), W.
        demand: of the load (M or 1, n), W.
        stores: (M or 1, 11), as those of `walk.walk`.
        states: (M, 5), as those of `walk.walk`.
        counts: (M, 15) zeros, see `codes.COUNTS`.
        history: (M, n + 1, 2) for W and Q at the edges, or empty.
        table: of the method, `qsb.stellar.smooth.radau`.
        nodes: its sums over columns.

    Returns:
        0, or where a member could not be followed the share of an interval at which its steps had become too short.
    """
    size, n, keep = table.shape[0], spans.size, history.size > 0
    none, sums = np.empty((4, 0)), np.zeros(counts.shape[1])
    room = (table, nodes, np.empty((2 * size, 2 * size + 1)), np.empty((8, size)))
    for place in range(first, last):
        m = members[place]
        row = stores[m if stores.shape[0] > 1 else 0]
        store, law = (row[0], row[1], row[2], row[3], row[4]), (int(row[5]), row[6], row[7], row[8])
        powers, asked = inflow[m if inflow.shape[0] > 1 else 0], demand[m if demand.shape[0] > 1 else 0]
        work, energy = states[m, 0], states[m, 0] + states[m, 1]
        peak = energy
        for k in range(n):
            if keep:
                history[m, k, 0], history[m, k, 1] = work, energy - work
            work, energy, peak, failed = _interval(
                store, law, work, energy, peak, powers[k], asked[k] / row[10], spans[k], sums, none, room
            )
            if failed > 0.0:
                return failed
            for j in range(sums.size):
                counts[m, j] += sums[j]
                sums[j] = 0.0
        if keep:
            history[m, n, 0], history[m, n, 1] = work, energy - work
        states[m, 0], states[m, 1], states[m, 2] = work, energy - work, peak
    return 0.0
