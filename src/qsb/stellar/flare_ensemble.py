r"""Ensembles of stores under random flares: peaks, spills and required capacities with their intervals.

Each member follows :math:`\dot E = p + \sum_i a_ie^{-(t - t_i)/\tau_i} - \gamma(E)E` in closed form from event to
event: pulses of finite duration that may overlap, a step of the loss with its sliding regime
(`qsb.stellar.kernels.surge`), avalanches that remember or come at random (`kernels.strikes`), a capacity. Two rates of
loss and smooth laws are integrated (`kernels.flowing`). No pulse goes on at the begin of a member.
"""

from __future__ import annotations

import math
import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from qsb import checks
from qsb.errors import ConvergenceError, SpecError
from qsb.stellar.constants import YEAR
from qsb.stellar.flare_process import FlareEvents, FlareProcess
from qsb.stellar.flare_shape import ExponentialPulse
from qsb.stellar.history import weakest
from qsb.stellar.kernels.codes import LATCHING, NONE, STOCHASTIC, law_row
from qsb.stellar.loss import Logistic, Pair, Stochastic
from qsb.stellar.si import si
from qsb.stellar.smooth import SMALLEST, TOO_STEEP, radau
from qsb.stellar.status import Status
from qsb.stellar.store import State, Store
from qsb.stellar.surge import QuantileEstimate, pulse_storage, quantile_with_interval, surge_line

__all__ = [
    "BLOCK",
    "Ensemble",
    "follow",
    "largest_pulse_storage",
    "required_storage",
    "simulate_ensemble",
    "size_buffers",
]

BLOCK = 256
"""Members that share a stream of random numbers; a stream belongs to a block, so threads change nothing."""

Streams = tuple[np.random.Generator, np.random.Generator]
_Five = tuple[float, float, float, float, float]
_KIND = 5  # of the law: column of what the loops take of a store
_COLUMNS = ("end", "peak", "offered", "clipped", "avalanche", "unmet", "largest")


@dataclass(frozen=True, eq=False)
class Ensemble:
    """What became of the members, one value each.

    Attributes:
        end: stored at the end, J.
        peak: largest stored energy, J; without a capacity it is the capacity that would have been needed.
        offered: power offered to the store, integrated, J.
        clipped: refused because the store was full, J.
        avalanche: lost to avalanches, J.
        unmet: power asked for and not there, integrated, J.
        largest: energy of the largest flare on the collector, J; 0 where there was none.
        start: stored at the begin, J.
        years: length of each member.
        seed: of the streams.
        surge_ratio: largest excess power of a flare over the quiescent power, over all members.
        status: the weakest of the parts.
    """

    end: NDArray[np.float64]
    peak: NDArray[np.float64]
    offered: NDArray[np.float64]
    clipped: NDArray[np.float64]
    avalanche: NDArray[np.float64]
    unmet: NDArray[np.float64]
    largest: NDArray[np.float64]
    start: float
    years: float
    seed: int
    surge_ratio: float
    status: Status

    def __len__(self) -> int:
        return len(self.peak)

    @property
    def leaked(self) -> NDArray[np.float64]:
        """Lost at the rate without avalanches, J: what the other entries leave over."""
        return self.start + self.offered + self.unmet - self.clipped - self.avalanche - self.end

    def quantile(self, name: str, probability: float, level: float = 0.95) -> QuantileEstimate:
        """A quantile of one of the attributes with the interval of order statistics.

        Args:
            name: "peak", "clipped", "avalanche", "end", "offered", "unmet", "largest" or "leaked".
            probability: of the quantile.
            level: of the interval.

        Raises:
            SpecError: an unknown name, or probabilities outside 0 to 1.
        """
        checks.one_of("name", name, (*_COLUMNS, "leaked"))
        return replace(quantile_with_interval(getattr(self, name), probability, level), status=self.status)

    def __str__(self) -> str:
        """The surge ratio first, then quantiles."""
        lines = [surge_line(self.surge_ratio), f"{len(self)} members of {self.years:g} years, seed {self.seed}"]
        for name in ("peak", "clipped", "avalanche"):
            lines.append(f"{name:<10}J: {self.quantile(name, 0.5)}")
            lines.append(f"{'':<10}   {self.quantile(name, 0.99)}")
        return "\n".join([*lines, f"status    {self.status}"])


def _kinds(process: FlareProcess, scale: float) -> NDArray[np.float64]:
    """What the kernel needs to know of the flares."""
    rows = []
    for kind in sorted(process.populations, key=lambda kind: -kind.rate):
        law, width = kind.law, float(process.duration(kind.law.low))
        rows.append([1 / kind.rate, law.low * scale, law.exponent - 1, law.span, width, process.duration.exponent])
    return np.array(rows)


def _law(store: Store, surplus: float) -> NDArray[np.float64]:
    """Push, rate, threshold, extra rate and capacity of a store whose energy obeys one equation, and its law."""
    kind, threshold, extra, low, high = law_row(store.loss.avalanche)
    if threshold > store.capacity_limit:
        kind, threshold, extra = NONE, math.inf, 0.0
    return np.array([surplus, store.loss.held, threshold, extra, store.capacity_limit, kind, low, high])


def _flows(store: Store) -> bool:
    """Whether there is no closed form: two rates of loss, or a law that is smooth in the energy."""
    return isinstance(store.loss.avalanche, Logistic | Pair) or store.passive_held != store.loss.held


def _flow(store: Store, state: State) -> tuple[_Five, tuple[int, float, float, float, float], tuple[float, float]]:
    """What the loops of `kernels.flowing` take of a store and its start."""
    share = store.eta_in if store.passive_held != store.loss.held else 0.0  # with one rate nothing depends on W
    start = (state.work, state.passive) if share else (0.0, state.energy)
    rates = store.loss.held, store.passive_held, store.dephasing
    return (*rates, store.capacity_limit, share), law_row(store.loss.avalanche), start


def _room() -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
    """The method of `kernels.radau`, and where it works: one for each thread."""
    table = radau()
    size = len(table)
    return table, table.sum(axis=1), np.empty((2 * size, 2 * size + 1)), np.empty((8, size))


def _fine(failed: float) -> None:
    if failed:
        raise ConvergenceError("the step of the loss law between two flares", failed, SMALLEST, TOO_STEEP)


def _start(store: Store, start: Any) -> State:
    state = start if isinstance(start, State) else State(si("start", start, "J", least=0.0))
    if state.energy > store.capacity_limit:
        raise SpecError(f"start holds {state.energy:g} J, more than the capacity of {store.capacity_limit:g} J.")
    return state


def _exponential(process: FlareProcess) -> None:
    checks.made_of("process", process, FlareProcess, "a FlareProcess: FlareProcess.solar() makes one")
    if not isinstance(process.shape, ExponentialPulse):
        raise SpecError(f"ensembles take exponential pulses, but the flares have the shape {process.shape.name}.")


def simulate_ensemble(
    store: Store,
    process: FlareProcess,
    members: int,
    *,
    seed: int,
    years: float = 1.0,
    quiescent: Any = 1.0,
    surplus: Any = 0.0,
    start: Any = 0.0,
    threads: int | None = None,
) -> Ensemble:
    """Follow many stores through years of flares.

    The result of a member depends on the seed, the process, and its place among the members; neither on how many
    members follow nor on threads.

    Args:
        store: any; with one rate of loss its efficiencies play no part, for then E obeys an equation of its own.
        process: of the flares, exponential pulses.
        members: how many.
        seed: of the streams, a whole number.
        years: Julian years of each member.
        quiescent: power that the collector gives in quiet light, W; flares add to it in proportion.
        surplus: constant power into the store beside the flares, W.
        start: stored at the begin, J, as work, or a `State`.
        threads: to use; all cores of this process by default.

    Raises:
        SpecError: another shape, negative powers, a start above the capacity.
        ConvergenceError: a member whose energies do not balance, or a law too steep to integrate.
    """
    checks.made_of("store", store, Store, "a Store: Store(Loss(baseline=1e-8)) makes one")
    _exponential(process)
    scale = si("quiescent", quiescent, "W", positive=True) / process.luminosity
    push, state = si("surplus", surplus, "W", least=0.0), _start(store, start)
    span = checks.number("years", years, positive=True) * YEAR
    block = _block(store, state, push, _kinds(process, scale), span)
    rows = _run(block, checks.whole("members", members, 1), seed, threads, state.energy)
    status = max(process.status, weakest(store), key=list(Status).index)
    return _gathered(rows, _surge(rows, process, scale), state.energy, span / YEAR, seed, status)


def _block(
    store: Store, state: State, push: float, kinds: NDArray[np.float64], span: float
) -> Callable[[Streams, NDArray[np.float64]], None]:
    """What follows the members of a block, in the loop of the law of the store."""
    if _flows(store):
        from qsb.stellar.kernels.flowing import flowing

        row, law_, start = _flow(store, state)
        return lambda streams, part: _fine(
            flowing(streams[0], streams[1], part, row, law_, start, push, kinds, span, _room())
        )
    law = _law(store, push)
    if law[_KIND] in (LATCHING, STOCHASTIC):
        from qsb.stellar.kernels.strikes import striking

        return lambda streams, part: striking(*streams, part, law, kinds, span)
    from qsb.stellar.kernels.surge import members

    return lambda streams, part: members(streams[0], part, law, kinds, span)


def _surge(rows: NDArray[np.float64], process: FlareProcess, scale: float) -> float:
    """Surge ratio of the largest flare of all members."""
    largest = float(rows[:, -1].max()) / scale
    return largest / float(process.duration(largest)) / process.luminosity if largest else 0.0


def _run(
    follow_block: Callable[[Streams, NDArray[np.float64]], None],
    count: int,
    seed: int,
    threads: int | None,
    begin: float = 0.0,
) -> NDArray[np.float64]:
    """Rows of all members, block by block, each block with streams of its own for flares and for avalanches."""
    key = checks.whole("seed", seed)
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    workers = cores if threads is None else checks.whole("threads", threads, 1)
    rows = np.zeros((count, len(_COLUMNS)))
    rows[:, :2] = begin  # stored, and the largest so far

    def stream(*place: int) -> np.random.Generator:
        return np.random.Generator(np.random.PCG64(np.random.SeedSequence(key, spawn_key=place)))

    def block(first: int) -> None:
        number = first // BLOCK
        follow_block((stream(number), stream(number, 1)), rows[first : first + BLOCK])

    firsts = range(0, count, BLOCK)
    if workers == 1 or count <= BLOCK:
        for first in firsts:
            block(first)
    else:
        with ThreadPoolExecutor(workers, thread_name_prefix="qsb-surge") as pool:
            list(pool.map(block, firsts))
    return rows


def _gathered(
    rows: NDArray[np.float64],
    ratio: float,
    start: float,
    years: float,
    seed: int,
    status: Status,
) -> Ensemble:
    """Named columns, checked."""
    columns = dict(zip(_COLUMNS, rows.T.copy(), strict=True))
    found = Ensemble(**columns, start=start, years=years, seed=seed, surge_ratio=ratio, status=status)
    worst = float(np.min(found.leaked / (start + np.abs(found.offered) + 1e-300)))
    if not worst >= -1e-9:
        raise ConvergenceError("the smallest leak, as a share of what came in,", worst, -1e-9, "report this case.")
    return found


def follow(
    store: Store,
    events: FlareEvents,
    *,
    quiescent: Any = 1.0,
    surplus: Any = 0.0,
    start: Any = 0.0,
    rng: np.random.Generator | None = None,
) -> Ensemble:
    """One store through flares that are given: the same arithmetic as an ensemble of one member.

    Args:
        store: see `simulate_ensemble`.
        events: exponential pulses.
        quiescent: power that the collector gives in quiet light, W.
        surplus: constant power into the store beside the flares, W.
        start: stored at the begin, J, as work, or a `State`.
        rng: for the stochastic law, which needs it.

    Raises:
        SpecError: see `simulate_ensemble`.
    """
    checks.made_of("store", store, Store, "a Store: Store(Loss(baseline=1e-8)) makes one")
    checks.made_of("events", events, FlareEvents, "the FlareEvents of FlareProcess.sample")
    if not isinstance(events.shape, ExponentialPulse):
        raise SpecError(f"ensembles take exponential pulses, but the flares have the shape {events.shape.name}.")
    push, state = si("surplus", surplus, "W", least=0.0), _start(store, start)
    scale = si("quiescent", quiescent, "W", positive=True) / events.luminosity
    luck = np.random.default_rng(0) if rng is None else rng
    advice = "a numpy Generator: numpy.random.default_rng(7) makes one"
    checks.made_of("rng", luck, np.random.Generator, advice)
    if isinstance(store.loss.avalanche, Stochastic) and rng is None:
        raise SpecError("the stochastic law needs rng, e.g. numpy.random.default_rng(7).")
    row = np.zeros(len(_COLUMNS))
    row[:2], row[-1] = state.energy, events.energies.max(initial=0.0) * scale
    spans = np.diff(np.concatenate([[0.0], events.times, [events.duration]]))
    pulses = spans, events.energies * scale, np.ascontiguousarray(events.widths)
    law = _law(store, push)
    if _flows(store):
        from qsb.stellar.kernels.flowing import given_flows

        case, law_, begin = _flow(store, state)
        _fine(given_flows(luck, row, case, law_, begin, push, *pulses, _room()))
    elif law[_KIND] in (LATCHING, STOCHASTIC):
        from qsb.stellar.kernels.strikes import given_strikes

        given_strikes(luck, row, law, *pulses)
    else:
        from qsb.stellar.kernels.surge import given_flares

        given_flares(row, law, *pulses)
    status = max(events.status, weakest(store), key=list(Status).index)
    return _gathered(row[None, :], events.surge_ratio, state.energy, events.duration / YEAR, 0, status)


def required_storage(
    process: FlareProcess,
    cap: float,
    members: int,
    *,
    seed: int,
    years: float = 1.0,
    threads: int | None = None,
) -> NDArray[np.float64]:
    """Storage that keeps a bus at a cap through years of flares, in seconds of the quiescent power, one a member.

    The store takes what is above the cap and gives it back below; flares that overlap or follow each other before it
    is empty add up, exactly. It leaks nothing, which asks for the most.

    Args:
        process: of the flares, exponential pulses.
        cap: in units of the quiescent power, above 1.
        members: how many.
        seed: of the streams, a whole number.
        years: Julian years of each member.
        threads: to use; all cores of this process by default.

    Raises:
        SpecError: a cap at or below 1, which quiet light alone would break; another shape.
    """
    return size_buffers(process, cap, members, seed=seed, years=years, threads=threads).peak


def size_buffers(
    process: FlareProcess,
    cap: float,
    members: int,
    *,
    seed: int,
    years: float = 1.0,
    quiescent: Any = 1.0,
    threads: int | None = None,
) -> Ensemble:
    """Buffers without losses that keep a bus at a cap through years of flares: `required_storage` with all entries.

    The `peak` of a member is the storage that its flares ask for, its `largest` the largest of them on the collector,
    both in J; its `unmet` is the room below the cap that nothing fills.

    Args:
        process: of the flares, exponential pulses.
        cap: in units of the quiescent power, above 1.
        members: how many.
        seed: of the streams, a whole number.
        years: Julian years of each member.
        quiescent: power that the collector gives in quiet light, W.
        threads: to use; all cores of this process by default.

    Raises:
        SpecError: as `required_storage`, or a power that is not positive.
    """
    _exponential(process)
    value = checks.number("cap", cap, positive=True)
    if value <= 1:
        raise SpecError(f"cap must be above 1, the quiescent power itself, but it is {value:g}.")
    power = si("quiescent", quiescent, "W", positive=True)
    scale = power / process.luminosity
    kinds, push = _kinds(process, scale), (1 - value) * power
    span = checks.number("years", years, positive=True) * YEAR
    from qsb.stellar.kernels import buffer

    def block(streams: Streams, part: NDArray[np.float64]) -> None:
        buffer.buffers(streams[0], part, push, kinds, span)

    rows = _run(block, checks.whole("members", members, 1), seed, threads)
    return _gathered(rows, _surge(rows, process, scale), 0.0, span / YEAR, seed, process.status)


def largest_pulse_storage(process: FlareProcess, cap: float, probability: float, years: float = 1.0) -> float:
    """Quantile of the storage for the largest flare alone, in seconds of the quiescent power, for any shape.

    In closed form, without sampling: the storage for one flare grows with its energy, so its quantile is the storage
    for the quantile of the largest energy. Flares that overlap ask for more; see `required_storage`.

    Args:
        process: of the flares, any shape.
        cap: in units of the quiescent power, above 1.
        probability: of the quantile.
        years: Julian years.

    Raises:
        SpecError: a cap at or below 1, or a probability outside `FlareProcess.largest`.
    """
    value = checks.number("cap", cap, positive=True)
    if value <= 1:
        raise SpecError(f"cap must be above 1, the quiescent power itself, but it is {value:g}.")
    energy = process.largest(probability, years)
    width = float(process.duration(energy))
    amplitude = energy / (width * process.shape.area * process.luminosity)
    return pulse_storage(process.shape, amplitude, width, value - 1)
