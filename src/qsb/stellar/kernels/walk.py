r"""Stores with two rates of loss, or with avalanches that remember or come at random, from event to event.

The arithmetic is that of `qsb.stellar.history.simulate`, by the functions of `qsb.stellar.kernels.exact`. An interval
in which nothing happens is a linear map of W and Q whose factors depend on its width alone: E stays between the levels
if it does so at both ends and, with two rates, its rate of change has one sign there, for it has at most one extremum.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

from qsb.stellar.exponential import differences
from qsb.stellar.kernels.codes import (
    ABOVE,
    AVALANCHE,
    BELOW,
    CLIPPED,
    DRAWN,
    FIRST_REGIME,
    INFLOW,
    LATCHED,
    LATCHING,
    MISSING,
    NONE,
    PASSIVE_AREA,
    SLIDING,
    STEP,
    STOCHASTIC,
    TIME_EMPTY,
    TIME_FULL,
    WORK_AREA,
    WORK_AVALANCHE,
)
from qsb.stellar.kernels.exact import advance, arrival, crossing, phi1, phi2, propagate, turning_point
from qsb.stellar.kernels.jit import entry, inner
from qsb.stellar.kernels.regime import Store, climbs, full_after, full_ends, full_phase, incoming

__all__ = ["walk"]

Law = tuple[int, float, float, float, float]  # see `codes.law_row`
State = tuple[float, float, bool, float]  # W, Q, whether latched, mean number of avalanches until the next
# How the store moves, regime, rate of avalanches, what is drawn, whether W is held at zero, and three powers or rates:
# into W and Q; or while full what would be taken without work, q and kappa.
Phase = tuple[int, int, float, float, bool, float, float, float]

_FREE, _FULL, _SLIDE = range(3)
_NOTHING, _EMPTIES, _STRIKES, _FILLS, _LEVEL = range(5)
_BLOCK = 64  # intervals whose sums are added up by themselves, so that rounding grows with the root of the number


@inner
def _regime(
    store: Store, law: Law, latched: bool, work: float, passive: float, net: float, to_work: float
) -> tuple[float, int]:
    """Rate of avalanches that are not held, and number of the regime."""
    kind, threshold, quick, _, _ = law
    if kind == LATCHING:
        return (quick, LATCHED) if latched else (0.0, BELOW)
    energy = work + passive
    if kind == NONE or energy < threshold:
        return 0.0, BELOW
    rate = quick if kind == STEP else 0.0
    if energy > threshold:
        return rate, ABOVE
    rises = climbs(store, work, passive, net, to_work, 0.0)
    if kind == STOCHASTIC:
        return 0.0, ABOVE if rises > 0 else BELOW
    resting = store[0] != store[1]  # an energy that rests for good is as well held by an avalanche of rate zero
    if rises < 0 or (rises == 0 and not resting):
        return 0.0, BELOW
    still = climbs(store, work, passive, net, to_work, rate)
    if still > 0 or (still == 0 and not resting):
        return rate, ABOVE
    return 0.0, SLIDING


@inner
def _phase(store: Store, law: Law, state: State, power: float, draw: float) -> Phase:
    """The regime that a store enters."""
    work, passive, latched, _ = state
    empty, drawn, to_work, to_passive = incoming(store, work, power, draw)
    net = power - drawn
    avalanche, regime = _regime(store, law, latched, work, passive, net, to_work)
    if regime == SLIDING:
        return _SLIDE, regime, 0.0, drawn, empty, to_work, to_passive, 0.0
    if work + passive >= store[3]:
        gain = climbs(store, work, passive, net, to_work, avalanche)
        if gain > 0 or (gain == 0 and store[0] != store[1]):
            empty, drawn, room, push, decay = full_phase(store, work, work + passive, power, draw, avalanche)
            return _FULL, regime, avalanche, drawn, empty, push, decay, room
    return _FREE, regime, avalanche, drawn, empty, to_work, to_passive, 0.0


@inner
def _reach(store: Store, state: State, phase: Phase, level: float, span: float) -> float:
    """When the energy of a free store reaches a level; infinite if never, or with two rates not within the span."""
    held, leak, dephasing, _, _ = store
    work, passive, _, _ = state
    avalanche, powers = phase[2], (phase[5], phase[6])
    rates = held + dephasing + avalanche, leak + avalanche, dephasing
    begin = work + passive
    if held == leak:
        return crossing(begin, level, powers[0] + powers[1], rates[1])
    turn = min(turning_point(work, passive, powers, rates), span)
    w, q, _, _ = propagate(work, passive, turn, powers, rates)
    at_turn = w + q
    low, below, high, above = 0.0, begin - level, turn, at_turn - level
    if begin == level or turn <= 0.0 or below * above > 0.0:
        if turn == span or at_turn == level:
            return math.inf
        w, q, _, _ = propagate(work, passive, span, powers, rates)
        low, below, high, above = turn, above, span, w + q - level
        if below * above > 0.0:
            return math.inf
    # regula falsi (Illinois rule), every fourth time halving: `qsb.stellar.crossing.root`
    upward, kept, count = above > 0.0, 0, 0
    while above != 0.0 and high > low:
        share = 0.5 if count % 4 == 3 else above / (above - below)
        middle = high - share * (high - low)
        if not low < middle < high:
            middle = low + 0.5 * (high - low)
            if not low < middle < high:
                break
        w, q, _, _ = propagate(work, passive, middle, powers, rates)
        found = w + q - level
        count += 1
        if found == 0.0 or (found > 0.0) == upward:
            high, above, below, kept = middle, found, below / 2.0 if kept > 0 else below, 1
        else:
            low, below, above, kept = middle, found, above / 2.0 if kept < 0 else above, -1
    return high


@inner
def _next(store: Store, law: Law, state: State, phase: Phase, power: float, span: float) -> tuple[float, int, float]:
    """When the phase ends, s, what ends it, and the energy reached then; infinite and not a number for none."""
    held, leak, dephasing, capacity, _ = store
    kind, threshold, quick, low, _ = law
    work, passive, latched, clock = state
    mode, regime, avalanche, _, _, push, other, room = phase
    energy, excess = work + passive, held - leak
    when, what, level = math.inf, _NOTHING, math.nan
    if mode == _FULL:
        when, out = full_ends(excess, work, power, room, push, other)
        what = _EMPTIES if out else _NOTHING
    elif mode == _SLIDE:
        linear, square = excess + dephasing + (push + other) / energy, excess / energy
        surplus = push + other - leak * energy
        if excess != 0.0:
            when = arrival(work, push, linear, square, surplus / excess)
            when = min(when, arrival(work, push, linear, square, (surplus - quick * energy) / excess))
        out_of = arrival(work, push, linear, square, 0.0) if work > 0.0 else math.inf
        if out_of < when:
            when, what = out_of, _EMPTIES
    elif work > 0.0:
        when = crossing(work, 0.0, push, held + dephasing + avalanche)
        what = _EMPTIES
    if kind == STOCHASTIC and regime == ABOVE and clock / quick < when:
        when, what = clock / quick, _STRIKES
    if mode == _FREE:
        if capacity < math.inf:
            # once the work is used up another motion begins, and what this one would do later has more turns
            found = _reach(store, state, phase, capacity, min(span, when))
            if found < when:
                when, what, level = found, _FILLS, capacity
        if kind != NONE:
            target = low if kind == LATCHING and latched else threshold
            found = _reach(store, state, phase, target, min(span, when))
            if found < when:
                when, what, level = found, _LEVEL, target
    return when, what, level


@inner
def _moved(
    store: Store, law: Law, state: State, phase: Phase, power: float, span: float
) -> tuple[float, float, float, float, float, float, float]:
    """W and Q after a time, their integrals, what was taken, and what avalanches took of E and of W."""
    held, leak, dephasing, _, _ = store
    work, passive, _, _ = state
    mode, _, avalanche, _, _, push, other, room = phase
    energy, excess = work + passive, held - leak
    if mode == _FREE:
        rates = held + dephasing + avalanche, leak + avalanche, dephasing
        after, heat, area, warm = propagate(work, passive, span, (push, other), rates)
        return after, heat, area, warm, power * span, avalanche * (area + warm), avalanche * area
    whole = energy * span
    if mode == _FULL:
        after, area, taken = full_after(excess, work, energy, power, room, push, other, span)
        return after, energy - after, area, whole - area, taken, avalanche * whole, avalanche * area
    linear, square = excess + dephasing + (push + other) / energy, excess / energy
    found, area = advance(work, push, linear, square, span)
    after, surplus = min(max(found, 0.0), energy), push + other - leak * energy
    open_ = min(max(surplus * span - excess * area, 0.0), law[2] * whole)
    # with two rates the share of the avalanche in W changes with W: what the others leave over
    lost = surplus / energy * area if excess == 0.0 else push * span - (held + dephasing) * area - (after - work)
    return after, energy - after, area, whole - area, power * span, open_, lost


@inner
def _put(energy: float, work: float, passive: float) -> tuple[float, float]:
    """W and Q whose sum is an energy to the last bit; of both the smaller one is kept."""
    passive = energy - (max(energy - passive, 0.0) if passive < work else min(work, energy))
    return energy - passive, passive


@inner
def _strike(rng: Any, law: Law, work: float, passive: float) -> tuple[float, float, float, float]:
    """A random avalanche: W and Q after it, its size, and the clock of the next."""
    if rng is None:
        return work, passive, 0.0, math.inf
    energy = work + passive
    size = min((law[3] - rng.random() * (law[3] - law[4])) ** -2.0, energy)
    kept = 1.0 - size / energy
    return work * kept, passive * kept, size, rng.standard_exponential()


@inner
def _events(
    rng: Any,
    store: Store,
    law: Law,
    state: State,
    power: float,
    draw: float,
    span: float,
    peak: float,
    sums: NDArray[np.float64],
) -> tuple[State, float]:
    """An interval in which something happens, or something is held: the state at its end, and the largest E."""
    kind, threshold, quick, low, _ = law
    gone = 0.0
    while gone < span:
        left = span - gone
        work, passive, latched, clock = state
        energy = work + passive
        if kind == LATCHING and (energy <= low if latched else energy >= threshold):
            state = work, passive, not latched, clock
            continue
        phase = _phase(store, law, state, power, draw)
        when, what, level = _next(store, law, state, phase, power, left)
        elapsed = min(when, left)
        after, heat, area, warm, taken, avalanche, lost = _moved(store, law, state, phase, power, elapsed)
        mode, regime, open_, drawn, empty, push, other, _ = phase
        if mode == _FREE and store[0] != store[1]:
            rates = store[0] + store[2] + open_, store[1] + open_, store[2]
            turn = turning_point(work, passive, (push, other), rates)
            if 0.0 < turn < elapsed:
                w, q, _, _ = propagate(work, passive, turn, (push, other), rates)
                peak = max(peak, w + q)
        if what == _EMPTIES and when <= left:
            after = 0.0
        arrived = after + heat
        if mode != _FREE:
            after, heat = _put(energy, after, heat)
        elif level != energy and when < math.inf and (level >= arrived if level <= energy else level <= arrived):
            when = elapsed  # rounding may carry the energy over the level a moment early
            after, heat = _put(level, after, heat)
        elif arrived > store[3] or (when <= left and not math.isnan(level)):
            after, heat = _put(store[3] if math.isnan(level) else level, after, heat)
        peak = max(peak, after + heat)
        if kind == STOCHASTIC and regime == ABOVE:
            clock = max(0.0, clock - elapsed * quick)
        if when <= left:
            if what == _STRIKES:
                before = after
                after, heat, size, clock = _strike(rng, law, after, heat)
                avalanche += size
                lost += before - after
            elif what == _LEVEL and kind == LATCHING:
                latched = not latched
        state = after, heat, latched, clock
        gone = span if elapsed >= left else gone + elapsed
        sums[PASSIVE_AREA] += warm
        sums[WORK_AREA] += area
        sums[INFLOW] += power * elapsed
        sums[DRAWN] += drawn * elapsed
        sums[AVALANCHE] += avalanche
        sums[WORK_AVALANCHE] += lost
        sums[CLIPPED] += power * elapsed - taken
        sums[MISSING] += (draw - drawn) * elapsed
        sums[FIRST_REGIME + regime] += elapsed
        sums[TIME_FULL] += elapsed if mode == _FULL else 0.0
        sums[TIME_EMPTY] += elapsed if empty else 0.0
    return state, peak


@inner
def _factors(widths: NDArray[np.float64], store: Store, avalanche: float, out: NDArray[np.float64]) -> None:
    """What multiplies state and powers in the maps of W, of Q, and of their integrals."""
    fast, leak, dephasing = store[0] + store[2] + avalanche, store[1] + avalanche, store[2]
    for u in range(widths.size):
        h, row = widths[u], out[u]
        x, y = fast * h, leak * h
        row[0], row[1], row[2] = math.exp(-x), h * phi1(x), h * h * phi2(x)
        row[3], row[4], row[5] = math.exp(-y), h * phi1(y), h * h * phi2(y)
        first, second, third = differences(x, y)
        turned = dephasing * h
        row[6], row[7], row[8] = turned * first, turned * h * second, turned * h * h * third


@inner
def _bounds(law: Law, capacity: float, energy: float, latched: bool) -> tuple[float, float]:
    """The levels between which nothing happens."""
    kind, threshold, _, low, _ = law
    if kind == LATCHING:
        return (low, capacity) if latched else (-1.0, min(threshold, capacity))
    return (threshold, capacity) if energy > threshold else (-1.0, min(threshold, capacity))


@entry
def walk(
    rng: Any,
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
        rng: stream of random avalanches; None where there are none.
        first: first place.
        last: place after the last one.
        members: their numbers.
        spans: widths of the intervals (n), s.
        widths: the different ones among them, s.
        which: index of each span in `widths`.
        inflow: (M or 1, n), W.
        demand: of the load (M or 1, n), W.
        stores: (M or 1, 11): rates of loss of W and of Q, dephasing, capacity, eta_in, `codes.law_row`, eta_out.
        states: (M, 5): W and Q, overwritten, the largest E on the way, J, whether latched, and the clock.
        counts: (M, 15) zeros, see `codes.COUNTS`.
        history: (M, n + 1, 2) for W and Q at the edges, or empty.
    """
    shut, open_ = np.empty((widths.size, 9)), np.empty((widths.size, 9))
    sums, n, keep = np.zeros(counts.shape[1]), spans.size, history.size > 0
    for place in range(first, last):
        m = members[place]
        row = stores[m if stores.shape[0] > 1 else 0]
        store, law = (row[0], row[1], row[2], row[3], row[4]), (int(row[5]), row[6], row[7], row[8], row[9])
        held, leak, _, capacity, _ = store
        kind, quick = law[0], law[2]
        if place == first or stores.shape[0] > 1:
            _factors(widths, store, 0.0, shut)
            _factors(widths, store, 0.0 if kind == STOCHASTIC else quick, open_)
        powers, asked = inflow[m if inflow.shape[0] > 1 else 0], demand[m if demand.shape[0] > 1 else 0]
        work, passive, latched, clock = states[m, 0], states[m, 1], states[m, 3] != 0.0, states[m, 4]
        peak = work + passive
        for k in range(n):
            if keep:
                history[m, k, 0], history[m, k, 1] = work, passive
            power, out, h = powers[k], asked[k] / row[10], spans[k]
            energy = work + passive
            least, most = _bounds(law, capacity, energy, latched)
            high = latched or energy > law[1]
            f = open_[which[k]] if high else shut[which[k]]
            rate = quick if high and kind != STOCHASTIC else 0.0
            empty, drawn, to_work, to_passive = incoming(store, work, power, out)
            w = work * f[0] + to_work * f[1]
            q = passive * f[3] + to_passive * f[4] + (work * f[6] + to_work * f[7])
            e, left = w + q, clock - quick * h if high and kind == STOCHASTIC else 1.0
            quiet = least < energy < most and least < e < most and left > 0.0
            if held != leak:
                net = power - drawn
                begin, end = net - (held * work + leak * passive), net - (held * w + leak * q)
                quiet = quiet and (begin - rate * energy) * (end - rate * e) > 0.0
            if quiet and (w > 0.0 or (work == 0.0 and to_work >= 0.0)):
                area, warm = work * f[1] + to_work * f[2], passive * f[4] + to_passive * f[5]
                warm += work * f[7] + to_work * f[8]
                sums[PASSIVE_AREA] += warm
                sums[WORK_AREA] += area
                sums[INFLOW] += power * h
                sums[DRAWN] += drawn * h
                sums[AVALANCHE] += rate * (area + warm)
                sums[WORK_AVALANCHE] += rate * area
                sums[FIRST_REGIME + (LATCHED if latched else ABOVE if high else BELOW)] += h
                if empty:
                    sums[TIME_EMPTY] += h
                    sums[MISSING] += (out - drawn) * h
                work, passive, peak = w, q, max(peak, e)
                clock = left if high and kind == STOCHASTIC else clock
            else:
                state, peak = _events(rng, store, law, (work, passive, latched, clock), power, out, h, peak, sums)
                work, passive, latched, clock = state
            if k % _BLOCK == _BLOCK - 1 or k == n - 1:
                for j in range(sums.size):
                    counts[m, j] += sums[j]
                    sums[j] = 0.0
        if keep:
            history[m, n, 0], history[m, n, 1] = work, passive
        states[m, 0], states[m, 1], states[m, 2], states[m, 3], states[m, 4] = work, passive, peak, latched, clock
