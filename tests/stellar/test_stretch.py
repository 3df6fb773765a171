"""When a store under pulses falls to a level: from far, with hardly any loss, deep in the tail of its exponentials."""

import numba
import numpy as np
import pytest

from qsb.stellar.kernels import pulses, stretch


@numba.njit
def fallen(start, target, span, rate, push, room, n):
    """Return when the energy has fallen to the target, the energy then, and at the end."""
    inflow = (push, room, n)
    t = stretch.fall(start, target, span, rate, inflow)
    there = pulses.energy_at(t, start, rate, inflow) if t >= 0.0 else np.nan
    return t, there, pulses.energy_at(span, start, rate, inflow)


@numba.njit
def passed(start, target, span, rate, push, room, n):
    """Return the same by bisection and Halley's steps alone, from the middle."""
    inflow = (push, room, n)
    t = pulses.time_of_energy(0.0, span, 0.5 * span, target, start, rate, inflow, False)
    return t, pulses.energy_at(t, start, rate, inflow)


def cases(count):
    """Yield stores that fall to a level, over many decades."""
    rng = np.random.default_rng(0)
    while count:
        n = int(rng.integers(0, 4))
        room = np.zeros((4, 64))
        room[pulses.AMP, :n], room[pulses.KAPPA, :n] = 10 ** rng.uniform(-3, 3, n), 10 ** rng.uniform(-5, -1, n)
        room[pulses.LIFE, :n] = 28 / room[pulses.KAPPA, :n]
        rate, push = 10 ** rng.uniform(-9, -2), -(10 ** rng.uniform(-3, 3)) if rng.random() < 0.8 else 0.0
        start, span = 10 ** rng.uniform(-2, 5), 10 ** rng.uniform(1, 8)
        target = start * float(rng.choice([0.0, 0.1, 0.9, 0.999]))
        yield start, target, span, rate, push, room, n
        count -= 1


def test_the_energy_is_the_level_when_it_has_fallen_to_it():
    asked = 0
    for start, target, span, rate, push, room, n in cases(4000):
        t, there, end = fallen(start, target, span, rate, push, room, n)
        if end >= target:
            assert t == -1.0
            continue
        asked += 1
        moved = start + (room[pulses.AMP, :n] / room[pulses.KAPPA, :n]).sum() - push * t
        assert there == pytest.approx(target, abs=1e-10 * moved)
        t, there = passed(start, target, span, rate, push, room, n)
        assert there == pytest.approx(target, abs=1e-10 * (moved - push * t))
    assert asked > 1000
