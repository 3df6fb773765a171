"""Ensembles of stores and buffers under flares whose rate changes with time.

As `qsb.stellar.flare_ensemble`, with flares of `ModulatedFlares`: they are drawn first, block by block of members, and
then followed. A member lives through the modulation from its begin, or from a time of its own (`anywhere`): a buffer
for the years around a maximum, or for years of which nobody knows where in the cycle they lie.
"""

from __future__ import annotations

import dataclasses
import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from qsb import checks
from qsb.errors import SpecError
from qsb.stellar.constants import YEAR
from qsb.stellar.flare_ensemble import _COLUMNS, BLOCK, Ensemble, _gathered, follow
from qsb.stellar.flare_process import FlareEvents
from qsb.stellar.flare_shape import ExponentialPulse
from qsb.stellar.history import weakest
from qsb.stellar.leaky_buffer import laws_of
from qsb.stellar.modulated import ModulatedFlares
from qsb.stellar.si import si
from qsb.stellar.status import Status
from qsb.stellar.store import Store

__all__ = ["simulate_modulated", "size_modulated_buffers"]

_HELD = 5e7
"""Flares to expect of one block, which is drawn at once: some gigabytes."""


@dataclasses.dataclass(frozen=True)
class _Drawn:
    """Flares of a block of members, one member after the other.

    Attributes:
        firsts: where those of each begin; the last is their number.
        times: s after the begin of the member, increasing for each.
        energies: J.
    """

    firsts: NDArray[np.int64]
    times: NDArray[np.float64]
    energies: NDArray[np.float64]


def _draw(flares: ModulatedFlares, rng: np.random.Generator, count: int, span: float, anywhere: bool) -> _Drawn:
    """Flares of the first members of a block, exact by the change of time.

    The begins of a whole block are drawn first and then one member after the other, so that fewer members of a block
    have the same flares.
    """
    modulation = flares.modulation
    begins = (modulation.begins(rng, BLOCK, span) if anywhere else np.zeros(BLOCK))[:count]
    before = modulation.exposure(begins)
    exposure = np.maximum(modulation.exposure(begins + span) - before, 0.0)
    reached, energies = [], []
    for m in range(count):
        numbers = [int(rng.poisson(kind.rate * exposure[m])) for kind in flares.populations]
        shares = rng.random(sum(numbers))
        order = np.argsort(shares)
        reached.append(before[m] + exposure[m] * shares[order])
        laws = zip(flares.populations, numbers, strict=True)
        energies.append(np.concatenate([kind.law.sample(rng, number) for kind, number in laws])[order])
    numbers = [len(each) for each in reached]
    times = np.clip(modulation.elapsed(np.concatenate(reached)) - np.repeat(begins, numbers), 0.0, span)
    firsts = np.concatenate(([0], np.cumsum(numbers)))
    for a, b in pairwise(firsts.tolist()):
        np.maximum.accumulate(times[a:b], out=times[a:b])  # rounding might swap two
    return _Drawn(firsts, times, np.concatenate(energies))


def _blocks(work: Callable[[int, np.random.Generator], None], count: int, seed: int, threads: int | None) -> None:
    """Do something for each block of members, with a stream of its own, so that threads change nothing."""
    key = checks.whole("seed", seed)
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    workers = cores if threads is None else checks.whole("threads", threads, 1)

    def block(first: int) -> None:
        work(first, np.random.Generator(np.random.PCG64(np.random.SeedSequence(key, spawn_key=(first // BLOCK,)))))

    firsts = range(0, count, BLOCK)
    if workers == 1 or count <= BLOCK:
        for first in firsts:
            block(first)
    else:
        with ThreadPoolExecutor(workers, thread_name_prefix="qsb-modulated") as pool:
            list(pool.map(block, firsts))


def _checked(flares: ModulatedFlares, members: int, years: float, anywhere: bool) -> tuple[int, float]:
    """Members and length in s of an ensemble that is possible."""
    advice = "ModulatedFlares(FlareProcess.solar(), Rhythms.solar())"
    checks.made_of("flares", flares, ModulatedFlares, advice)
    if not isinstance(flares.shape, ExponentialPulse):
        raise SpecError(f"ensembles take exponential pulses, but the flares have the shape {flares.shape.name}.")
    span = checks.number("years", years, positive=True) * YEAR
    if span > flares.modulation.extent:
        known = flares.modulation.extent / YEAR
        raise SpecError(f"{flares.modulation.name} has {known:.6g} years, fewer than the {years:g} of each member.")
    checks.flag("anywhere", anywhere)
    count = checks.whole("members", members, 1)
    held = flares.rate * span * min(count, BLOCK)
    if held > _HELD:
        raise SpecError(
            f"{held:.3g} flares are to be expected of {min(count, BLOCK)} members, which are drawn at once, more than "
            f"{_HELD:g}; take fewer years, or one rate at all times, whose flares are drawn as they are needed."
        )
    return count, span


def simulate_modulated(
    store: Store,
    flares: ModulatedFlares,
    members: int,
    *,
    seed: int,
    years: float = 1.0,
    quiescent: Any = 1.0,
    surplus: Any = 0.0,
    start: Any = 0.0,
    anywhere: bool = False,
) -> Ensemble:
    """Follow many stores through years of flares that come and go; each as `flare_ensemble.follow` does.

    A member depends on the seed, the flares and its place among the members, not on how many follow.

    Args:
        store: one that `follow` takes.
        flares: exponential pulses.
        members: how many.
        seed: of the streams, a whole number.
        years: Julian years of each member.
        quiescent: power that the collector gives in quiet light, W; flares add to it in proportion.
        surplus: constant power into the store beside the flares, W.
        start: stored at the begin, J.
        anywhere: whether each member begins at a time of its own, see `Modulation.begins`.

    Raises:
        SpecError: as `follow`, years that the modulation does not have, or more flares than can be held.
        ConvergenceError: a member whose energies do not balance.
    """
    count, span = _checked(flares, members, years, anywhere)
    found: dict[int, list[Ensemble]] = {}

    def work(first: int, rng: np.random.Generator) -> None:
        drawn = _draw(flares, rng, min(BLOCK, count - first), span, anywhere)
        widths = flares.process.duration(drawn.energies)
        found[first] = [
            follow(
                store,
                FlareEvents(
                    drawn.times[a:b],
                    drawn.energies[a:b],
                    widths[a:b],
                    span,
                    flares.luminosity,
                    flares.shape,
                    flares.status,
                ),
                quiescent=quiescent,
                surplus=surplus,
                start=start,
            )
            for a, b in zip(drawn.firsts[:-1].tolist(), drawn.firsts[1:].tolist(), strict=True)
        ]

    _blocks(work, count, seed, 1)
    return _joined([one for first in sorted(found) for one in found[first]], seed)


def _joined(single: list[Ensemble], seed: int) -> Ensemble:
    """Ensembles of one member as one."""
    rows: dict[str, Any] = {
        entry.name: np.concatenate([getattr(one, entry.name) for one in single])
        for entry in dataclasses.fields(Ensemble)
        if isinstance(getattr(single[0], entry.name), np.ndarray)
    }
    order = list(Status)
    return dataclasses.replace(
        single[0],
        **rows,
        seed=seed,
        surge_ratio=max(one.surge_ratio for one in single),
        status=max((one.status for one in single), key=order.index),
    )


def size_modulated_buffers(
    flares: ModulatedFlares,
    cap: float,
    members: int,
    *,
    seed: int,
    years: float = 1.0,
    quiescent: Any = 1.0,
    anywhere: bool = False,
    store: Store | None = None,
    threads: int | None = None,
) -> Ensemble:
    """Buffers that keep a bus at a cap while flares come and go; see `flare_ensemble.size_buffers`.

    Args:
        flares: exponential pulses.
        cap: in units of the quiescent power, above 1.
        members: how many.
        seed: of the streams, a whole number.
        years: Julian years of each member.
        quiescent: power that the collector gives in quiet light, W.
        anywhere: whether each member begins at a time of its own, see `Modulation.begins`.
        store: whose losses the buffers have, see `leaky_buffer.size_leaky_buffers`; None for none.
        threads: to use; all cores of this process by default.

    Raises:
        SpecError: a cap at or below 1, another shape, a power that is not positive, years that the modulation does not
            have, more flares than can be held, a store that `leaky_buffer.laws_of` does not take.
        ConvergenceError: a leaky buffer whose energies do not balance.
    """
    count, span = _checked(flares, members, years, anywhere)
    value = checks.number("cap", cap, positive=True)
    if value <= 1:
        raise SpecError(f"cap must be above 1, the quiescent power itself, but it is {value:g}.")
    power = si("quiescent", quiescent, "W", positive=True)
    scale, push = power / flares.luminosity, (1 - value) * power
    if store is not None:
        return _leaky(store, flares, scale, push, count, seed, span, anywhere, threads)
    from qsb.stellar.kernels import given

    rows = np.zeros((count, given.COLUMNS))

    def work(first: int, rng: np.random.Generator) -> None:
        part = rows[first : first + BLOCK]
        drawn = _draw(flares, rng, len(part), span, anywhere)
        widths = flares.process.duration(drawn.energies)
        given.buffers_given(part, push, drawn.firsts, drawn.times, drawn.energies * scale, widths, span)

    _blocks(work, count, seed, threads)
    return _buffers(rows, flares, scale, span / YEAR, seed)


def _leaky(
    store: Store,
    flares: ModulatedFlares,
    scale: float,
    push: float,
    count: int,
    seed: int,
    span: float,
    anywhere: bool,
    threads: int | None,
) -> Ensemble:
    """The same with the losses of a store."""
    from qsb.stellar.kernels import leak

    fill, empty = laws_of(store, push)
    rows = np.zeros((count, len(_COLUMNS)))

    def work(first: int, rng: np.random.Generator) -> None:
        part = rows[first : first + BLOCK]
        drawn = _draw(flares, rng, len(part), span, anywhere)
        energies, widths = drawn.energies * scale, flares.process.duration(drawn.energies)
        for row, (a, b) in zip(part, pairwise(drawn.firsts.tolist()), strict=True):
            times = drawn.times[a:b]
            row[leak.GIVEN] = empty[0] * (times[0] if b > a else span)
            row[leak.UNMET] = -row[leak.GIVEN]
            row[_COLUMNS.index("largest")] = energies[a:b].max(initial=0.0)
            leak.given_leaks(row, fill, empty, np.diff(times, append=span), energies[a:b], widths[a:b])

    _blocks(work, count, seed, threads)
    top = float(rows[:, _COLUMNS.index("largest")].max()) / scale
    ratio = top / float(flares.process.duration(top)) / flares.luminosity if top else 0.0
    status = max(flares.status, weakest(store), key=list(Status).index)
    return _gathered(rows, ratio, 0.0, span / YEAR, seed, status)


def _buffers(rows: NDArray[np.float64], flares: ModulatedFlares, scale: float, years: float, seed: int) -> Ensemble:
    """Named columns of buffers, which neither leak nor refuse."""
    from qsb.stellar.kernels import given

    column = rows.T.copy()
    none, top = np.zeros(len(rows)), float(rows[:, given.LARGEST].max()) / scale
    ratio = top / float(flares.process.duration(top)) / flares.luminosity if top else 0.0
    return Ensemble(
        end=column[given.END],
        peak=column[given.PEAK],
        offered=column[given.OFFERED],
        clipped=none,
        avalanche=none.copy(),
        unmet=column[given.UNMET],
        largest=column[given.LARGEST],
        start=0.0,
        years=years,
        seed=seed,
        surge_ratio=ratio,
        status=flares.status,
    )
