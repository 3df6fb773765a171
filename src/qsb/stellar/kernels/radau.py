r"""Work and energy of a store under a smooth loss law and decaying pulses: `qsb.stellar.smooth`, compiled.

.. math:: \dot E = I(t) - [g_Q + \gamma(E)]E - (g_r - g_Q)W,\qquad
          \dot W = I_W(t) - [g_r + \gamma_\varphi + \gamma(E)]W.

Radau IIA with five stages; a step is compared with its halves. With one rate of loss E has an equation of its own, so
that the ten unknowns of a step fall into five and five.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from qsb.stellar.kernels.codes import LOGISTIC, PAIR, SURPLUS
from qsb.stellar.kernels.jit import inner
from qsb.stellar.kernels.pulses import AMP, KAPPA

__all__ = ["DOWN", "FAILED", "OUT", "UP", "Flow", "Part", "Room", "advance", "rate_at"]

# Law, its threshold, rate and width (a constant rate for laws that are not smooth); powers into E and W without pulses;
# share of pulses that goes into W; rates of loss of W and Q, dephasing.
Flow = tuple[int, float, float, float, float, float, float, float, float, float]
# Span, E and W at its end, their integrals, what avalanches took of E and of W, and 1 if E has an extremum inside.
Part = tuple[float, float, float, float, float, float, float, float]
# Coefficients of the method, its nodes, and where it works: (2s, 2s + 1) and (8, s) for s stages.
Room = tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]

# What a stretch ends with: nothing, failure, or one of what is watched: E at a level from below, W used up, E at a
# level from above, an extremum of E.
FAILED, NOTHING, UP, OUT, DOWN, TURN = range(-1, 5)

TOLERANCE = 1e-12
FAINT = 1e-30  # of the energy at the begin: what is left below is not followed to its own accuracy
NO_ENERGY = 1e-290  # J: below, a share of 1e-12 of an energy is no number any more
SEEN = 1e-6  # of the span: visits to a level that are shorter may be missed
NOISE = 1e-11  # of the powers that cancel in the rate of change of E
SMALLEST = 1e-13  # of the span: a step below this makes no headway


@inner
def rate_at(flow: Flow, energy: float, work: float, pulsed: float) -> tuple[float, float, float]:
    """Rate of avalanches in 1/s, and its derivatives by E and by W in 1/(J s)."""
    kind, threshold, rate, width, push, _, _, held, leak, _ = flow
    if kind == PAIR:
        return rate * energy, rate, 0.0
    if kind == SURPLUS:
        taken = (push + pulsed - leak * energy - (held - leak) * work) / energy
        return taken, -(leak + taken) / energy, -(held - leak) / energy
    if kind != LOGISTIC:
        return rate, 0.0, 0.0
    x = (energy - threshold) / width
    small = math.exp(-abs(x))  # never overflows
    share = (1.0 if x >= 0 else small) / (1.0 + small)
    return rate * share, rate * small / (1.0 + small) ** 2 / width, 0.0


@inner
def _eliminate(a: NDArray[np.float64], n: int) -> None:
    """Solve n linear equations whose right-hand side is column n, and leave the solution there."""
    for k in range(n):
        best = k
        for i in range(k + 1, n):
            if abs(a[i, k]) > abs(a[best, k]):
                best = i
        if best != k:
            for j in range(k, n + 1):
                a[k, j], a[best, j] = a[best, j], a[k, j]
        for i in range(k + 1, n):
            factor = a[i, k] / a[k, k]
            for j in range(k + 1, n + 1):
                a[i, j] -= factor * a[k, j]
    for k in range(n - 1, -1, -1):
        total = a[k, n]
        for j in range(k + 1, n):
            total -= a[k, j] * a[j, n]
        a[k, n] = total / a[k, k]


@inner
def climb(flow: Flow, energy: float, work: float, pulsed: float) -> float:
    """Rate of change of E, W; 0 where rounding would decide its sign."""
    _, _, _, _, push, _, _, held, leak, _ = flow
    lost = (leak + rate_at(flow, energy, work, pulsed)[0]) * energy
    more = (held - leak) * work
    found = push + pulsed - lost - more
    return found if abs(found) > NOISE * (abs(push) + pulsed + lost + abs(more)) else 0.0


@inner
def pulses_at(t: float, pulses: NDArray[np.float64], n: int) -> float:
    """What the pulses give at a time, W."""
    total = 0.0
    for i in range(n):
        total += pulses[AMP, i] * math.exp(-pulses[KAPPA, i] * t)
    return total


@inner
def _newton(flow: Flow, energy: float, work: float, span: float, room: Room) -> bool:
    """Stages of E and W in rows 0 and 1 of the values, for the pulses in row 4; whether they were found."""
    table, nodes, a, values = room
    _, _, _, _, push, to_work, share, held, leak, dephasing = flow
    size, excess = nodes.size, held - leak
    for i in range(size):
        values[0, i], values[1, i] = energy, work
    alone = work == 0.0 and to_work == 0.0 and share == 0.0  # E has no other beside it
    for i in range(size):
        values[6, i] = 0.0
    for _ in range(15):
        most = largest = 0.0
        for i in range(size):
            values[2, i], values[3, i], values[7, i] = rate_at(flow, values[0, i], values[1, i], values[4, i])
        # with one rate first E by itself, then W with what changed
        for part in range(1 if excess != 0.0 or alone else 2):
            rows = 2 * size if excess != 0.0 else size
            for i in range(rows):
                stage, of_work = (i, part == 1) if i < size else (i - size, True)
                value = values[1 if of_work else 0, stage]
                defect = value - (work if of_work else energy)
                for j in range(size):
                    weight = span * table[stage, j]
                    e, w, rate, slope, pulsed = values[0, j], values[1, j], values[2, j], values[3, j], values[4, j]
                    if of_work:
                        fade = held + dephasing + rate
                        defect -= weight * (to_work + share * pulsed - fade * w)
                        if excess != 0.0:
                            a[i, j], a[i, size + j] = weight * slope * w, weight * (fade + values[7, j] * w)
                        else:
                            a[i, j] = weight * fade
                            defect -= weight * slope * w * values[5, j]
                    else:
                        out = leak + rate
                        defect -= weight * (push + pulsed - out * e - excess * w)
                        a[i, j] = weight * (out + slope * e)
                        if excess != 0.0:
                            a[i, size + j] = weight * (excess + values[7, j] * e)
                a[i, i] += 1.0
                a[i, rows] = defect
            _eliminate(a, rows)
            for i in range(size):
                if excess != 0.0:
                    values[5, i], values[6, i] = a[i, rows], a[size + i, rows]
                else:
                    values[5 + part, i] = a[i, rows]
        for i in range(size):
            values[0, i] -= values[5, i]
            values[1, i] -= values[6, i]
            most = max(most, abs(values[5, i]), abs(values[6, i]))
            largest = max(largest, abs(values[0, i]))
        if most <= 1e-12 * largest:
            return True
        if not most < math.inf:
            return False
    return False


@inner
def _step(
    flow: Flow, energy: float, work: float, begin: float, span: float, pulses: NDArray[np.float64], n: int, room: Room
) -> Part:
    """One step, `begin` after the pulses were at their amplitudes; not a number where Newton's iteration fails."""
    _, nodes, _, values = room
    size = nodes.size
    for i in range(size):
        values[4, i] = pulses_at(begin + nodes[i] * span, pulses, n)
    if not _newton(flow, energy, work, span, room):
        return span, math.nan, math.nan, 0.0, 0.0, 0.0, 0.0, 0.0
    table = room[0]
    stored = worked = gone = lost = 0.0
    up = down = False
    look = n > 0 or flow[7] != flow[8]
    if look:
        first = climb(flow, energy, work, pulses_at(begin, pulses, n))
        up, down = first > 0.0, first < 0.0
    for i in range(size):
        weight, e, w = span * table[size - 1, i], values[0, i], values[1, i]
        rate = rate_at(flow, e, w, values[4, i])[0]
        stored += weight * e
        worked += weight * w
        gone += weight * rate * e
        lost += weight * rate * w
        if look:
            found = climb(flow, e, w, values[4, i])
            up, down = up or found > 0.0, down or found < 0.0
    return span, values[0, size - 1], values[1, size - 1], stored, worked, gone, lost, 1.0 if up and down else 0.0


@inner
def _joined(first: Part, second: Part) -> Part:
    """Two stretches, one after the other."""
    return (
        first[0] + second[0], second[1], second[2], first[3] + second[3], first[4] + second[4],
        first[5] + second[5], first[6] + second[6], max(first[7], second[7]),
    )  # fmt: skip


@inner
def _halves(
    flow: Flow, energy: float, work: float, begin: float, span: float, pulses: NDArray[np.float64], n: int, room: Room
) -> Part:
    """Two steps of half the span."""
    half = span / 2.0
    first = _step(flow, energy, work, begin, half, pulses, n, room)
    return _joined(first, _step(flow, first[1], first[2], begin + half, half, pulses, n, room))


@inner
def _watched(flow: Flow, part: Part, pulsed: float) -> float:
    """What may reach a level: E, or where E is held the rate that holds it."""
    return rate_at(flow, part[1], part[2], pulsed)[0] if flow[0] == SURPLUS else part[1]


@inner
def _above(code: int, level: float, flow: Flow, part: Part, pulsed: float) -> float:
    """What has to vanish: E above or below a level, W below zero, or the rate of change of E."""
    if code == UP:
        return _watched(flow, part, pulsed) - level
    if code == OUT:
        return -part[2]
    if code == DOWN:
        return level - _watched(flow, part, pulsed)
    return level * climb(flow, part[1], part[2], pulsed)


@inner
def _located(
    code: int, level: float, flow: Flow, start: Part, end: Part, begin: float,
    pulses: NDArray[np.float64], n: int, room: Room,
) -> Part:  # fmt: skip
    """The step, shorter than one that is given, at whose end `_above` vanishes: `qsb.stellar.crossing.root`."""
    energy, work, span = start[1], start[2], end[0]
    low, high, found = 0.0, span, end
    below = _above(code, level, flow, start, pulses_at(begin, pulses, n))
    above = _above(code, level, flow, end, pulses_at(begin + span, pulses, n))
    if below >= 0.0:  # by rounding
        return end
    upward, kept, count = above > 0.0, 0, 0
    while above != 0.0 and high - low > 1e-15 * span:
        share = 0.5 if count % 4 == 3 else above / (above - below)
        middle = high - share * (high - low)
        if not low < middle < high:
            middle = low + 0.5 * (high - low)
            if not low < middle < high:
                break
        part = _halves(flow, energy, work, begin, middle, pulses, n, room)
        value = _above(code, level, flow, part, pulses_at(begin + middle, pulses, n))
        count += 1
        if value == 0.0 or (value > 0.0) == upward:
            high, above, found = middle, value, part
            below, kept = (below / 2.0 if kept > 0 else below), 1
        else:
            low, below = middle, value
            above, kept = (above / 2.0 if kept < 0 else above), -1
    return found


@inner
def _cut(
    flow: Flow, start: Part, step: Part, upper: float, lower: float, begin: float,
    pulses: NDArray[np.float64], n: int, room: Room,
) -> tuple[Part, int]:  # fmt: skip
    """The part of a step up to the extremum of E and up to the first thing that is watched, and what it ends with.

    TURN says that the step holds two extrema or more.
    """
    hit = NOTHING
    now = pulses_at(begin, pulses, n)
    before = _watched(flow, start, now)
    for code in (TURN, UP, OUT, DOWN):
        level, wanted = 0.0, False
        if code == TURN:
            if step[7] > 0.0:
                upward = climb(flow, start[1], start[2], now)
                after = climb(flow, step[1], step[2], pulses_at(begin + step[0], pulses, n))
                if upward * after > 0.0:
                    return step, TURN
                level, wanted = -1.0 if upward > 0.0 else 1.0, upward * after < 0.0
        elif code == OUT:
            wanted = start[2] > 0.0 and step[2] <= 0.0
        else:
            level = upper if code == UP else lower
            end = _watched(flow, step, pulses_at(begin + step[0], pulses, n))
            wanted = before < level <= end if code == UP else before > level >= end
        if wanted:
            part = _located(code, level, flow, start, step, begin, pulses, n, room)
            if code != TURN:
                step, hit = part, code
            elif part[0] > SMALLEST * step[0]:
                step = part
    return step, hit


@inner
def _compared(
    flow: Flow,
    energy: float,
    work: float,
    now: float,
    trial: float,
    most: float,
    pulses: NDArray[np.float64],
    n: int,
    room: Room,
) -> tuple[Part, bool, float]:
    """Two halves of a step, whether they agree with the whole, and a factor for the size of the next.

    They are compared as in `qsb.stellar.smooth`: ends, means beside `most`, which was there before, and avalanches.
    """
    whole = _step(flow, energy, work, now, trial, pulses, n, room)
    step = _halves(flow, energy, work, now, trial, pulses, n, room)
    held = max(energy, abs(step[1]), FAINT * most)
    beside = max(held, most)
    if beside == 0.0:
        beside = 1.0
    error = abs(whole[1] - step[1]) + abs(whole[2] - step[2])
    areas = (abs(whole[3] - step[3]) + abs(whole[4] - step[4])) / trial
    gone = abs(whole[5] - step[5]) + abs(whole[6] - step[6])
    error += (areas / beside + gone / max(beside, abs(step[5]))) * held
    if not error < math.inf:
        return step, False, 0.2
    if error <= NO_ENERGY:
        return step, True, 4.0
    ratio = error / (TOLERANCE * held)
    return step, ratio <= 1.0, min(4.0, max(0.2, 0.9 * ratio**-0.1))


@inner
def advance(
    flow: Flow, energy: float, work: float, span: float, trial: float, upper: float, lower: float, begin: float,
    pulses: NDArray[np.float64], n: int, room: Room,
) -> tuple[Part, int, float]:  # fmt: skip
    """Follow the flow for a time, or until E, or the rate that holds it, reaches one of two levels, or W is used up.

    Args:
        flow: see `Flow`.
        energy: E at the begin, J.
        work: W at the begin, J; where it is zero it does not end the stretch.
        span: s.
        trial: the first step to try, s; short where pulses are.
        upper: level that ends the stretch from below, J or 1/s.
        lower: level that ends it from above.
        begin: s after the pulses were at their amplitudes.
        pulses: see `qsb.stellar.kernels.pulses`.
        n: how many there are.
        room: see `Room`.

    Returns:
        The stretch, what ended it, and the largest E at the ends of its steps, which are where it is largest.
    """
    total, peak = (0.0, energy, work, 0.0, 0.0, 0.0, 0.0, 0.0), energy
    while total[0] < span:
        trial, now = min(trial, span - total[0]), begin + total[0]
        start = (0.0, total[1], total[2], 0.0, 0.0, 0.0, 0.0, 0.0)
        step, fine, factor = _compared(flow, total[1], total[2], now, trial, energy, pulses, n, room)
        if not fine:
            trial *= min(factor, 0.5)
            if trial < SMALLEST * span:
                return (trial, total[1], total[2], 0.0, 0.0, 0.0, 0.0, 0.0), FAILED, peak
            continue
        found, hit = _cut(flow, start, step, upper, lower, now, pulses, n, room)
        if hit == TURN:
            if trial > SEEN * span and max(total[1], found[1]) > max(FAINT * energy, NO_ENERGY):
                trial *= 0.5
                continue
            hit = NOTHING
        elif hit != NOTHING and found[0] > SMALLEST * span:
            _, fine, _ = _compared(flow, total[1], total[2], now, found[0], energy, pulses, n, room)
            if not fine:
                trial = 0.5 * found[0]  # the way there is steeper than that to the end of the step
                continue
        total = _joined(total, found)
        peak = max(peak, found[1])
        if hit != NOTHING:
            return total, hit, peak
        trial *= factor
    return (span, total[1], total[2], total[3], total[4], total[5], total[6], total[7]), NOTHING, peak
