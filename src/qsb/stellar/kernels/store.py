r"""Many stores side by side under piecewise constant powers: one rate of loss, a step law, a capacity, a load.

The physics is that of `qsb.stellar.phase` with :math:`g_r = g_Q`. Both E and W are monotone in an interval, so that the
state at its end tells whether anything happened inside; where nothing did, the interval costs two multiply-adds with
factors that depend on its width alone, and where E is held at the threshold one more exponential. Everything else goes
through `_events`, from event to event.

`follow` is one long loop on purpose: with the quiet interval in a function of its own it takes 1.6 times as long where
numba copies that in, and 3.4 times where it calls it. Members side by side in vector instructions were tried: they are
10 to 25 % faster where there are no avalanches, since reading powers and events remain, and slower with a threshold.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from qsb.stellar.kernels.codes import (
    ABOVE,
    AVALANCHE,
    BELOW,
    CLIPPED,
    DRAWN,
    FIRST_REGIME,
    INFLOW,
    MISSING,
    PASSIVE_AREA,
    SLIDING,
    TIME_EMPTY,
    TIME_FULL,
    WORK_AREA,
    WORK_AVALANCHE,
)
from qsb.stellar.kernels.jit import entry, inner

__all__ = ["follow"]

_BLOCK = 64  # intervals whose sums are added up by themselves, so that rounding grows with the root of the number
Store = tuple[float, float, float, float, float, float]  # held, dephasing, threshold, extra, capacity, share
_TERMS = tuple(1.0 / math.factorial(k + 2) for k in range(13))  # of phi_2; at x = 1/2 what is left out is below 1e-16


@inner
def _three(x: float) -> tuple[float, float, float]:
    """e^{-x}, phi_1 and phi_2 of `qsb.stellar.exponential` for x of at least 0, with one transcendental function."""
    if x >= 0.5:
        zeroth = math.exp(-x)
        first = (1.0 - zeroth) / x
        return zeroth, first, (1.0 - first) / x
    # 1/(k + 2)! (-x)^k in pairs and pairs of pairs: half of the products do not wait for the others
    y = x * x
    z = y * y
    low = (_TERMS[0] - x * _TERMS[1]) + y * (_TERMS[2] - x * _TERMS[3]) + z * (_TERMS[4] - x * _TERMS[5])
    high = (_TERMS[6] - x * _TERMS[7]) + y * (_TERMS[8] - x * _TERMS[9])
    high += z * (_TERMS[10] - x * _TERMS[11] + y * _TERMS[12])
    second = low + y * z * high
    first = 1.0 - x * second
    return 1.0 - x * first, first, second


@inner
def _crossing(value: float, target: float, push: float, rate: float) -> float:
    distance, speed = target - value, push - rate * target
    if distance == 0.0 or speed == 0.0 or (distance > 0.0) != (speed > 0.0):
        return math.inf
    straight = distance / speed
    x = rate * straight
    return straight * (math.log1p(x) / x if x != 0.0 else 1.0)


@inner
def _factors(widths: NDArray[np.float64], rate: float, dephasing: float, out: NDArray[np.float64]) -> None:
    """What multiplies state and power in the map of E, of its integral, and of W and its integral."""
    for u in range(widths.size):
        h = widths[u]
        row = out[u]
        row[0], first, second = _three(rate * h)
        row[1], row[2] = h * first, h * h * second
        row[3], first, second = _three((rate + dephasing) * h)
        row[4], row[5] = h * first, h * h * second


@inner
def _events(
    work: float, energy: float, power: float, draw: float, span: float, store: Store, sums: NDArray[np.float64]
) -> tuple[float, float, float]:
    """An interval in which something happens, or something is held: W and E at its end, and the largest E."""
    held, dephasing, threshold, extra, capacity, share = store
    peak, gone = energy, 0.0
    while gone < span:
        left = span - gone
        empty = work == 0.0 and share * power < draw
        drawn = share * power if empty else draw
        to_work = 0.0 if empty else share * power - drawn
        net, accepted = power - drawn, power
        avalanche, regime, full = 0.0, BELOW, False
        if energy > threshold or (energy == threshold and net >= (held + extra) * energy):
            avalanche, regime = extra, ABOVE
        elif energy == threshold and net > held * energy:
            avalanche, regime = (net - held * energy) / energy, SLIDING
        rate = held + avalanche
        if regime != SLIDING and energy >= capacity and net > rate * energy:
            full, rest = True, rate * energy
            empty = work == 0.0 and share * min(power, draw + rest) < draw
            cut = power if share == 1.0 else min(power, rest / (1.0 - share))
            drawn = share * cut if empty else draw
            accepted = min(power, drawn + rest)
            to_work = 0.0 if empty else share * accepted - drawn
        fast, when, level = rate + dephasing, math.inf, capacity
        if regime != SLIDING and not full:
            if energy < threshold < capacity or (energy > threshold and net < rate * energy):
                level = threshold
            when = _crossing(energy, level, net, rate) if level < math.inf else math.inf
        elapsed = min(when, left)
        fade, first, second = _three(fast * elapsed)
        after = work * fade + to_work * elapsed * first
        if after <= 0.0 < work:
            out = _crossing(work, 0.0, to_work, fast)
            if out <= elapsed:
                when, elapsed, level = out, out, -1.0
                fade, first, second = _three(fast * elapsed)
                after = 0.0
        after = max(after, 0.0)
        work_area = elapsed * (work * first + to_work * elapsed * second)
        if regime == SLIDING or full:
            arrived, area = energy, energy * elapsed
        else:
            if dephasing != 0.0:
                fade, first, second = _three(rate * elapsed)
            arrived = max(energy * fade + net * elapsed * first, 0.0)
            area = elapsed * (energy * first + net * elapsed * second)
            # Rounding may carry the energy over a level a moment early.
            if (energy < threshold) != (arrived < threshold) and energy != threshold:
                arrived = threshold
            arrived = min(arrived, capacity)
            if when <= left and level >= 0.0:
                arrived = level
        work, energy = min(after, arrived), arrived
        peak = max(peak, energy)
        gone = span if elapsed >= left else gone + elapsed
        sums[PASSIVE_AREA] += area - work_area
        sums[WORK_AREA] += work_area
        sums[INFLOW] += power * elapsed
        sums[DRAWN] += drawn * elapsed
        sums[AVALANCHE] += avalanche * area
        sums[WORK_AVALANCHE] += avalanche * work_area
        sums[CLIPPED] += (power - accepted) * elapsed
        sums[MISSING] += (draw - drawn) * elapsed
        sums[FIRST_REGIME + regime] += elapsed
        sums[TIME_FULL] += elapsed if full else 0.0
        sums[TIME_EMPTY] += elapsed if empty else 0.0
    return work, energy, peak


@entry
def follow(
    first: int,
    last: int,
    members: NDArray[np.int64],
    spans: NDArray[np.float64],
    widths: NDArray[np.float64],
    which: NDArray[np.int64],
    inflow: NDArray[np.float64],
    demand: NDArray[np.float64],
    stores: NDArray[np.float64],
    states: NDArray[np.float64],
    counts: NDArray[np.float64],
    history: NDArray[np.float64],
) -> None:
    """Follow members: those that the places `first` to `last` of a list name.

    Args:
        first: first place.
        last: place after the last one.
        members: their numbers.
        spans: widths of the intervals (n), s.
        widths: the different ones among them, s.
        which: index of each span in `widths`.
        inflow: (M or 1, n), W.
        demand: of the load (M or 1, n), W.
        stores: (M or 1, 11), as those of `walk.walk`.
        states: (M, 5), as those of `walk.walk`.
        counts: (M, 15) zeros, see `codes.COUNTS`.
        history: (M, n + 1, 2) for W and Q at the edges, or empty.
    """
    below, above = np.empty((widths.size, 6)), np.empty((widths.size, 6))
    sums, n, keep = np.zeros(counts.shape[1]), spans.size, history.size > 0
    for place in range(first, last):
        m = members[place]
        row = stores[m if stores.shape[0] > 1 else 0]
        store = (row[0], row[2], row[6], row[7], row[3], row[4])
        held, dephasing, threshold, extra, capacity, share = store
        if place == first or stores.shape[0] > 1:
            _factors(widths, held, dephasing, below)
            _factors(widths, held + extra, dephasing, above)
        powers, asked = inflow[m if inflow.shape[0] > 1 else 0], demand[m if demand.shape[0] > 1 else 0]
        work, energy = states[m, 0], states[m, 0] + states[m, 1]
        peak, inverse = energy, 1.0 / row[10]
        for begin in range(0, n, _BLOCK):
            sums[:] = 0.0
            area = warm = came = taken = upper = lost = over = under = surplus = worn = kept = 0.0
            for k in range(begin, min(begin + _BLOCK, n)):
                if keep:
                    history[m, k, 0], history[m, k, 1] = work, energy - work
                power, out, h = powers[k], asked[k] * inverse, spans[k]
                high = energy > threshold
                f = above[which[k]] if high else below[which[k]]
                arriving = share * power
                empty = work == 0.0 and arriving < out
                drawn = arriving if empty else out
                to_work, net, accepted = (0.0 if empty else arriving - out), power - drawn, power
                full = False
                if energy >= capacity and energy != threshold:
                    rest = (held + extra if high else held) * energy
                    if net > rest:
                        full = True
                        empty = work == 0.0 and share * min(power, out + rest) < out
                        drawn = share * min(power, rest / (1.0 - share)) if empty else out
                        accepted = min(power, drawn + rest)
                        to_work = 0.0 if empty else share * accepted - drawn
                if energy == threshold and held * energy < net < (held + extra) * energy:
                    # held there: the rate of the avalanche is what the powers make it
                    pace, standing = net / energy - held, energy * h
                    zeroth, once, twice = _three((held + dephasing + pace) * h)
                    w = work * zeroth + to_work * h * once
                    if w > 0.0 or (work == 0.0 and to_work >= 0.0):
                        ours = h * (work * once + to_work * h * twice)
                        area += standing
                        warm += ours
                        came += power * h
                        taken += drawn * h
                        kept += h
                        surplus += pace * standing
                        worn += pace * ours
                        if empty:
                            sums[TIME_EMPTY] += h
                            sums[MISSING] += (out - drawn) * h
                        work = min(w, energy)
                        continue
                w = work * f[3] + to_work * f[4]
                e = energy if full else energy * f[0] + net * f[1]
                quiet = full or (energy != threshold and (e > threshold) == high and e != threshold and e < capacity)
                if not (quiet and (w > 0.0 or (work == 0.0 and to_work >= 0.0))):
                    work, energy, top = _events(work, energy, power, out, h, store, sums)
                    peak = max(peak, top)
                    continue
                part = energy * h if full else energy * f[1] + net * f[2]
                ours = work * f[4] + to_work * f[5]
                if full:
                    sums[TIME_FULL] += h
                    sums[CLIPPED] += (power - accepted) * h
                if empty:
                    sums[TIME_EMPTY] += h
                    sums[MISSING] += (out - drawn) * h
                area += part
                warm += ours
                came += power * h
                taken += drawn * h
                if high:
                    upper += part
                    lost += ours
                    over += h
                else:
                    under += h
                work, energy = min(w, e), e
                peak = max(peak, e)
            sums[PASSIVE_AREA] += area - warm
            sums[WORK_AREA] += warm
            sums[INFLOW] += came
            sums[DRAWN] += taken
            sums[AVALANCHE] += extra * upper + surplus
            sums[WORK_AVALANCHE] += extra * lost + worn
            sums[FIRST_REGIME + SLIDING] += kept
            sums[FIRST_REGIME + BELOW] += under
            sums[FIRST_REGIME + ABOVE] += over
            for j in range(sums.size):
                counts[m, j] += sums[j]
        if keep:
            history[m, n, 0], history[m, n, 1] = work, energy - work
        states[m, 0], states[m, 1], states[m, 2] = work, energy - work, peak
