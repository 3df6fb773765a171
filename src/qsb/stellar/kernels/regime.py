"""What holds a store at its capacity, for compiled loops: the arithmetic of `qsb.stellar.phase` and `motion`."""

from __future__ import annotations

import math

from qsb.stellar.crossing import ROUNDING, TIE
from qsb.stellar.kernels.exact import crossing, phi1, phi2
from qsb.stellar.kernels.jit import inner

__all__ = ["climbs", "full_after", "full_ends", "full_phase", "incoming"]

Store = tuple[float, float, float, float, float]  # g_r, g_Q, dephasing (1/s), capacity (J), eta_in


@inner
def climbs(store: Store, work: float, passive: float, net: float, to_work: float, avalanche: float) -> int:
    """Sign of the rate of change of E under a rate of avalanches; where it vanishes, of what it is next."""
    held, leak, dephasing, _, _ = store
    excess = held - leak
    lost = held * (work + passive) if excess == 0.0 else held * work + leak * passive
    lost += avalanche * (work + passive)
    gain = net - lost
    # Q is E - W, good to a rounding of E, however small the powers are
    noise = TIE * (abs(net) + lost) + ROUNDING * abs(excess) * (work + passive)
    if excess != 0.0 and abs(gain) <= noise:
        rate = held + dephasing + avalanche
        gain = -excess * (to_work - rate * work)
        if abs(gain) <= TIE * abs(excess) * (abs(to_work) + rate * work):
            return 0
    if gain == 0.0:
        return 0
    return 1 if gain > 0.0 else -1


@inner
def incoming(store: Store, work: float, power: float, draw: float) -> tuple[bool, float, float, float]:
    """Whether W is held at zero, what is drawn, and what comes into W and into Q, W."""
    arriving = store[4] * power
    empty = work == 0.0 and arriving < draw
    drawn = arriving if empty else draw
    return empty, drawn, 0.0 if empty else arriving - drawn, (1.0 - store[4]) * power


@inner
def full_phase(
    store: Store, work: float, energy: float, power: float, draw: float, avalanche: float
) -> tuple[bool, float, float, float, float]:
    """At the capacity: whether W is held at zero, what is drawn, what would be taken without work, q and kappa."""
    held, leak, dephasing, _, share = store
    rest = (leak + avalanche) * energy
    empty = work == 0.0 and share * min(power, draw + rest) < draw
    drawn = draw
    if empty:
        drawn = share * (power if share == 1.0 else min(power, rest / (1.0 - share)))
    room = drawn + rest
    decay = (1.0 - share) * held + share * leak + dephasing + avalanche
    return empty, drawn, room, 0.0 if empty else share * room - drawn, decay


@inner
def full_ends(excess: float, work: float, power: float, room: float, push: float, decay: float) -> tuple[float, bool]:
    """When a full store lets go by itself or is out of work, s, and whether it is the latter."""
    when = crossing(work, (power - room) / excess, push, decay) if excess != 0.0 else math.inf
    out = crossing(work, 0.0, push, decay) if work > 0.0 else math.inf
    return min(when, out), out < when


@inner
def full_after(
    excess: float, work: float, energy: float, power: float, room: float, push: float, decay: float, span: float
) -> tuple[float, float, float]:
    """W after a time at the capacity, its integral, and what was taken of the inflow."""
    x = decay * span
    first = phi1(x)
    after = min(max(work * math.exp(-x) + push * span * first, 0.0), energy)
    area = (work * first + push * span * phi2(x)) * span
    return after, area, min(room * span + excess * area, power * span)
