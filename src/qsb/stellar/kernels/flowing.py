r"""A store under random flares where no closed form holds: two rates of loss, or avalanches smooth in the energy.

Work and energy go from event to event by `qsb.stellar.kernels.radau`; a gap in which no level can be reached and no
peak be made is a sum of exponentials. Held at the capacity W is one exponential; held at the threshold of a step it
obeys a Riccati equation whose coefficients run, which is integrated. There a rate of avalanches that vanishes, or is
all there is, and comes back within a step of the integration is passed over.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from qsb.stellar.kernels.codes import LATCHING, LOGISTIC, NONE, STEP, STOCHASTIC, SURPLUS
from qsb.stellar.kernels.draws import (
    AVALANCHE,
    CLIPPED,
    ENERGY,
    GIVEN,
    PEAK,
    begin,
    first,
    next_flare,
    no_pulses,
    over,
    put,
    wider,
)
from qsb.stellar.kernels.exact import crossing, propagate
from qsb.stellar.kernels.jit import entry, inner
from qsb.stellar.kernels.pulses import AMP, KAPPA, Input, gain, input_at, input_now, pass_time
from qsb.stellar.kernels.radau import DOWN, FAILED, UP, Room, advance, rate_at
from qsb.stellar.kernels.regime import Store, climbs, full_after, full_phase

__all__ = ["flowing", "given_flows"]

Law = tuple[int, float, float, float, float]  # see `codes.law_row`
# What a member remembers: W, whether an avalanche goes on, the mean number of random ones until the next.
WORK, LATCHED, CLOCK = range(3)
# What a phase must be after what ended the one before; without it rounding could bring that back.
_ALL = 1e250  # W: no inflow is larger
_ANY, _FREE, _BELOW, _ABOVE = range(4)


@inner
def _calm(
    row: NDArray[np.float64], store: Store, limit: float, span: float, inflow: Input, memory: NDArray[np.float64]
) -> bool:
    """A gap in which E stays below a limit and below its peak so far, in closed form, if it is so."""
    push, pulses, n = inflow
    held, leak, dephasing, _, share = store
    energy, work, slowest, fast = row[ENERGY], memory[WORK], min(held, leak), held + dephasing
    most = energy + (min(push * span, max(push / slowest - energy, 0.0)) if slowest > 0.0 else push * span)
    for i in range(n):
        most += pulses[AMP, i] / pulses[KAPPA, i]
        if pulses[KAPPA, i] < 2.0 * max(fast, leak):
            return False
    if most >= limit or most > row[PEAK]:
        return False
    powers = share * push, (1.0 - share) * push
    after, heat, _, _ = propagate(work, energy - work, span, powers, (fast, leak, dephasing))
    turned = gain(fast, leak, span)
    for i in range(n):
        amp, kappa = pulses[AMP, i], pulses[KAPPA, i]
        after += share * amp * gain(fast, kappa, span)
        seeped = gain(leak, kappa, span)
        heat += (1.0 - share) * amp * seeped + dephasing * share * amp * (turned - seeped) / (kappa - fast)
    row[GIVEN] += pass_time(span, inflow)
    row[ENERGY], memory[WORK] = after + heat, after
    return True


@inner
def _surplus(
    t: float, store: Store, work: float, energy: float, room: float, push: float, decay: float, inflow: Input
) -> float:
    """What a full store refuses at a time, W; negative where it lets go."""
    excess = store[0] - store[1]
    return input_at(t, inflow) - room - excess * full_after(excess, work, energy, 0.0, room, push, decay, t)[0]


@inner
def _lets_go(
    store: Store, work: float, energy: float, room: float, push: float, decay: float, span: float, inflow: Input
) -> float:
    """When a full store needs all of the input, s; the span where it does not.

    The input falls, and what is taken with two rates may fall too: it is looked at four times in each width of a pulse,
    and once the pulses are over there is a closed form.
    """
    _, pulses, n = inflow
    low, below = 0.0, _surplus(0.0, store, work, energy, room, push, decay, inflow)
    if below <= 0.0:
        return 0.0
    while low < span:
        step = math.inf
        for i in range(n):
            if pulses[KAPPA, i] * low < 40.0:
                step = min(step, 0.25 / pulses[KAPPA, i])
        if step == math.inf:
            excess = store[0] - store[1]
            if excess == 0.0:
                return low if inflow[0] <= room else span
            now = full_after(excess, work, energy, 0.0, room, push, decay, low)[0]
            return min(span, low + crossing(now, (inflow[0] - room) / excess, push, decay))
        high = min(low + step, span)
        above = _surplus(high, store, work, energy, room, push, decay, inflow)
        if above <= 0.0:
            for _ in range(200):
                middle = high - above / (above - below) * (high - low) if above < below else 0.5 * (low + high)
                if not low < middle < high or high - low <= 1e-15 * high:
                    break
                value = _surplus(middle, store, work, energy, room, push, decay, inflow)
                if value <= 0.0:
                    high, above, below = middle, value, below / 2.0
                else:
                    low, below, above = middle, value, above / 2.0
            return high
        low, below = high, above
    return span


@inner
def _levels(
    store: Store, law: Law, forced: int, energy: float, work: float, power: float, latched: bool
) -> tuple[float, float, float, bool, bool]:
    """Rate of avalanches, levels that end the phase from below and from above, whether above or on the threshold."""
    kind, threshold, quick, low, _ = law
    capacity = store[3]
    if kind >= LOGISTIC:
        flow = (kind, threshold, quick, low, power, 0.0, 0.0, store[0], store[1], 0.0)
        return rate_at(flow, energy, work, 0.0)[0], capacity, -1.0, False, False
    if kind == NONE:
        return 0.0, capacity, -1.0, False, False
    if kind == LATCHING:
        return (quick, capacity, low, False, False) if latched else (0.0, min(threshold, capacity), -1.0, False, False)
    rate = quick if kind == STEP else 0.0
    above = energy > threshold
    if energy == threshold and forced != _BELOW:
        above = forced == _ABOVE or climbs(store, work, energy - work, power, store[4] * power, 0.0) > 0
        asked = above and kind == STEP and forced != _ABOVE
        if asked and climbs(store, work, energy - work, power, store[4] * power, rate) <= 0:
            return 0.0, quick, 0.0, False, True
    return (rate, capacity, threshold, True, False) if above else (0.0, min(threshold, capacity), -1.0, False, False)


@inner
def _gap(
    luck: np.random.Generator,
    row: NDArray[np.float64],
    store: Store,
    law: Law,
    span: float,
    inflow: Input,
    memory: NDArray[np.float64],
    room: Room,
) -> float:
    """From a flare to the next one; the share of the gap at which steps had become too short, or 0."""
    push, pulses, n = inflow
    kind, threshold, quick, _, _ = law
    held, leak, dephasing, capacity, share = store
    limit = min(threshold, capacity)
    if kind == LOGISTIC:
        limit = min(threshold - 40.0 * law[3], capacity)  # below it the rate is less than e^-40 of its largest
    if kind <= LOGISTIC and memory[LATCHED] == 0.0 and _calm(row, store, limit, span, inflow, memory):
        return 0.0
    fastest = 0.0
    for i in range(n):
        fastest = max(fastest, pulses[KAPPA, i])
    left, forced = span, _ANY
    while left > 0.0:
        energy, work, power = row[ENERGY], memory[WORK], input_now(inflow)
        latched = memory[LATCHED] > 0.0
        if kind == LATCHING and (energy <= law[3] if latched else energy >= threshold):
            memory[LATCHED], forced = 0.0 if latched else 1.0, _ANY
            continue
        rate, upper, lower, above, slides = _levels(store, law, forced, energy, work, power, latched)
        until = min(left, memory[CLOCK] / quick) if above and kind == STOCHASTIC else left
        trial = min(until, 0.5 / fastest) if n > 0 else until
        elapsed, avalanche, taken, full = until, 0.0, math.nan, False
        if energy >= capacity and not slides and forced == _ANY:
            full = climbs(store, work, energy - work, power, share * power, rate) > 0
        if full:
            _, _, space, drift, decay = full_phase(store, work, energy, power, 0.0, rate)
            elapsed = _lets_go(store, work, energy, space, drift, decay, until, inflow)
            work, _, taken = full_after(held - leak, work, energy, _ALL, space, drift, decay, elapsed)
            avalanche, forced = rate * energy * elapsed, _FREE if elapsed < until else _ANY
        else:
            flow = (
                SURPLUS if slides else kind if kind >= LOGISTIC else NONE,
                threshold, quick if kind >= LOGISTIC else rate, law[3], push, share * push, share,
                held, leak, dephasing,
            )  # fmt: skip
            part, hit, top = advance(flow, energy, work, until, trial, upper, lower, 0.0, pulses, n, room)
            elapsed, arrived, work, _, _, avalanche, _, _ = part
            if hit == FAILED:
                return elapsed / span
            forced = _ANY
            if slides:
                arrived = energy
                forced = _ABOVE if hit == UP else _BELOW if hit == DOWN else _ANY
            elif hit in (UP, DOWN):
                arrived = upper if hit == UP else lower
            energy = min(max(arrived, 0.0), capacity)
            row[PEAK] = max(row[PEAK], energy, min(top, capacity))
        given = pass_time(elapsed, inflow)
        row[GIVEN] += given
        row[AVALANCHE] += avalanche
        if full:
            row[CLIPPED] += max(given - taken, 0.0)
        if above and kind == STOCHASTIC:
            memory[CLOCK] -= elapsed * quick
            if elapsed == until < left or memory[CLOCK] <= 0.0:
                size = min((law[3] - luck.random() * (law[3] - law[4])) ** -2.0, energy)
                work *= 1.0 - size / energy
                energy -= size
                row[AVALANCHE] += size
                memory[CLOCK], forced = luck.standard_exponential(), _ANY
        row[ENERGY], memory[WORK] = energy, min(max(work, 0.0), energy)
        left -= elapsed
    return 0.0


@inner
def _remember(
    luck: np.random.Generator, store: Store, law: Law, start: tuple[float, float], memory: NDArray[np.float64]
) -> None:
    """What a member remembers at its begin."""
    memory[WORK] = start[0]
    memory[LATCHED] = 1.0 if law[0] == LATCHING and start[0] + start[1] >= law[1] else 0.0
    memory[CLOCK] = luck.standard_exponential() if law[0] == STOCHASTIC else 0.0


@entry
def given_flows(
    luck: np.random.Generator,
    row: NDArray[np.float64],
    store: Store,
    law: Law,
    start: tuple[float, float],
    push: float,
    spans: NDArray[np.float64],
    energies: NDArray[np.float64],
    widths: NDArray[np.float64],
    room: Room,
) -> float:
    """Follow a store through flares that are given: `surge.given_flares` with what `flowing` takes."""
    pulses, n, memory = np.empty((4, 64)), no_pulses(), np.empty(3)
    _remember(luck, store, law, start, memory)
    failed = 0.0
    for i in range(spans.size):
        if n == pulses.shape[1]:
            pulses = wider(pulses)
        if i > 0:
            n = put(pulses, n, energies[i - 1], widths[i - 1])
        failed = max(failed, _gap(luck, row, store, law, spans[i], (push, pulses, n), memory, room))
        n = over(spans[i], pulses, n)
    return failed


@entry
def flowing(
    rng: np.random.Generator,
    luck: np.random.Generator,
    rows: NDArray[np.float64],
    store: Store,
    law: Law,
    start: tuple[float, float],
    push: float,
    kinds: NDArray[np.float64],
    span: float,
    room: Room,
) -> float:
    """Follow stores through flares of their own: `surge.members`, whose flares these are.

    Args:
        rng: stream of flares of this block of members.
        luck: stream of their random avalanches.
        rows: as those of `surge.members`.
        store: rates of loss of W and Q, dephasing, capacity, eta_in.
        law: see `codes.law_row`.
        start: W and Q at the begin, J.
        push: constant inflow, W.
        kinds: as those of `surge.members`.
        span: s.
        room: table and nodes of the method, and where it works.

    Returns:
        0, or where a member could not be followed the share of a gap at which its steps had become too short.
    """
    due, memory, failed = np.empty(kinds.shape[0]), np.empty(3), 0.0
    pulses = np.empty((4, 64))
    for m in range(rows.shape[0]):
        row, n = rows[m], no_pulses()
        k = begin(rng, kinds, due)
        _remember(luck, store, law, start, memory)
        now = 0.0
        while True:
            left = min(due[k], span) - now
            failed = max(failed, _gap(luck, row, store, law, left, (push, pulses, n), memory, room))
            n = over(left, pulses, n)
            if due[k] >= span:
                break
            if n == pulses.shape[1]:
                pulses = wider(pulses)
            now = due[k]
            energy, width = next_flare(rng, kinds, due, k, row)
            n, k = put(pulses, n, energy, width), first(due)
    return failed
