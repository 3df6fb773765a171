"""The history of a store under powers that are piecewise constant: exact maps from event to event.

Within an interval `qsb.stellar.phase` says which regime the store is in and when that ends; the map of
`qsb.stellar.exponential` goes there. The laws `Logistic` and `Pair` have no closed form and go through
`qsb.stellar.smooth`.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from qsb import checks
from qsb.errors import SpecError
from qsb.stellar.ledger import REFUSALS, Ledger, WorkLedger
from qsb.stellar.loss import Latching, Logistic, Pair, Smooth, Stochastic
from qsb.stellar.motion import Free, Moved
from qsb.stellar.phase import Event, Phase, find_phase, next_event
from qsb.stellar.si import si_array
from qsb.stellar.smooth import Flow, advance
from qsb.stellar.status import Status
from qsb.stellar.store import State, Store

__all__ = ["Run", "edges_of", "simulate", "weakest"]

_FLOWS = ("inflow", "delivered", "conversion", "baseline", "thermal", "avalanche", "clipped", "unserved")
_WORK = ("gained", "drawn", "relaxation", "dephasing", "avalanche")


@dataclass(frozen=True, eq=False)
class Run:
    """The history of a store; made by `simulate`.

    Attributes:
        times: edges of the intervals, s.
        work: W at the edges, J.
        passive: Q at the edges, J.
        flows: J in each interval under the names of `Ledger`, but for start and end.
        work_flows: J in each interval under the names of `WorkLedger`, but for start and end.
        events: in the order of time.
        regimes: s spent in each avalanche regime of `Phase`; they add up to the duration.
        time_full: s at the capacity.
        time_empty: s with no work left while the load asks for more than comes in.
        ledger: energies of the whole run.
        work_ledger: where its work came from and went.
        end: state at the last edge.
        status: the weakest of the store, its loss and its avalanche law.
    """

    times: NDArray[np.float64]
    work: NDArray[np.float64]
    passive: NDArray[np.float64]
    flows: dict[str, NDArray[np.float64]]
    work_flows: dict[str, NDArray[np.float64]]
    events: tuple[Event, ...]
    regimes: dict[str, float]
    time_full: float
    time_empty: float
    ledger: Ledger
    work_ledger: WorkLedger
    end: State
    status: Status

    @property
    def energy(self) -> NDArray[np.float64]:
        """E = W + Q at the edges, J."""
        return self.work + self.passive

    @property
    def work_fraction(self) -> NDArray[np.float64]:
        """W/E at the edges; NaN where nothing is stored."""
        energy = self.energy
        return np.divide(self.work, energy, out=np.full_like(energy, np.nan), where=energy > 0)

    @property
    def waste(self) -> NDArray[np.float64]:
        """Heat of the store in each interval, J: leaks, conversion losses, and what it refused after absorption."""
        flows = self.flows
        lost = flows["baseline"] + flows["thermal"] + flows["avalanche"] + flows["conversion"]
        return np.asarray(lost + (flows["clipped"] - flows["turned_away"]))

    def __str__(self) -> str:
        """Both ledgers, then how long the run was in which regime."""
        spans = {**self.regimes, "full": self.time_full, "empty": self.time_empty}
        lines = [f"{name:<11}{span:15.7e} s" for name, span in spans.items()]
        return "\n".join([str(self.ledger), "work", str(self.work_ledger), *lines, f"{'status':<11}{self.status}"])


def simulate(
    store: Store,
    times: Any,
    inflow: Any,
    demand: Any = 0.0,
    *,
    start: State | None = None,
    rng: np.random.Generator | None = None,
    refused: str = "heat",
) -> Run:
    """Follow a store under powers that are constant in each interval of a time axis.

    The map over an interval is exact for every law but Logistic and Pair, which are integrated to 1e-12; so the
    result does not depend on how the axis is cut, beyond rounding.

    Args:
        store: what holds the energy.
        times: edges of the intervals, s, increasing; n + 1 of them.
        inflow: absorbed power, W: one number, or one an interval.
        demand: power that the load asks for, W: one number, or one an interval.
        start: at the first edge; an empty store by default.
        rng: for the stochastic law, which needs it.
        refused: what becomes of inflow that a full store does not take: "heat", since it has been absorbed already, or
            "turned away", of a collector that takes up less then. The store is the same with both; its `waste` is not.

    Raises:
        SpecError: shapes that do not fit, negative powers, a start above the capacity, a missing `rng`, another word
            for what is refused.
        ConvergenceError: the ledger of energy or of work does not close, or a smooth law is too steep to integrate.
    """
    checks.one_of("refused", refused, REFUSALS)
    checks.made_of("store", store, Store, "a Store: Store(Loss(baseline=1e-8)) makes one")
    edges = edges_of(times)
    power = _per_interval("inflow", inflow, len(edges) - 1)
    asked = _per_interval("demand", demand, len(edges) - 1)
    walk = _Walk(store, _begin(store, start, rng), rng, float(edges[0]))
    begin = walk.state
    rows, states = [], [begin]
    for until, p, d in zip(edges[1:].tolist(), power.tolist(), asked.tolist(), strict=True):
        rows.append(walk.interval(until, p, d))
        states.append(walk.state)
    columns = [np.array(column) for column in zip(*rows, strict=True)]
    flows = dict(zip(_FLOWS, columns[: len(_FLOWS)], strict=True))
    flows["turned_away"] = flows["clipped"] if refused == "turned away" else np.zeros_like(flows["clipped"])
    works = dict(zip(_WORK, columns[len(_FLOWS) :], strict=True))
    ledger, work_ledger = _ledgers(begin, walk.state, flows, works)
    return Run(
        times=edges,
        work=np.array([state.work for state in states]),
        passive=np.array([state.passive for state in states]),
        flows=flows,
        work_flows=works,
        events=tuple(walk.events),
        regimes=walk.regimes,
        time_full=walk.full,
        time_empty=walk.empty,
        ledger=ledger,
        work_ledger=work_ledger,
        end=walk.state,
        status=weakest(store),
    )


def _ledgers(begin: State, end: State, *flows: dict[str, NDArray[np.float64]]) -> tuple[Ledger, WorkLedger]:
    """The ledgers of energy and of work out of the flows of each, if both close."""
    energy, work = ({name: math.fsum(column) for name, column in of.items()} for of in flows)
    ledger = Ledger(start=begin.energy, end=end.energy, **energy)
    work_ledger = WorkLedger(start=begin.work, end=end.work, throughput=ledger.throughput, **work)
    ledger.check()
    work_ledger.check()
    return ledger, work_ledger


def edges_of(times: Any) -> NDArray[np.float64]:
    """Edges of intervals in s: two or more, increasing."""
    edges = si_array("times", times, "s")
    if edges.ndim != 1 or len(edges) < 2 or np.any(np.diff(edges) <= 0):
        raise SpecError(f"times must be two or more increasing numbers in one row, but it is {times!r}.")
    return edges


def _per_interval(name: str, value: Any, count: int) -> NDArray[np.float64]:
    """One power an interval."""
    found = si_array(name, value, "W", least=0.0)
    if found.ndim and found.shape != (count,):
        shape = found.shape
        raise SpecError(f"{name} must be one number or {count} values (one an interval), but its shape is {shape}.")
    return np.broadcast_to(found, (count,))


def _begin(store: Store, start: State | None, rng: np.random.Generator | None) -> State:
    """The first state, with what its law remembers."""
    if start is not None:
        checks.made_of("start", start, State, "a State: State(work=1e15) makes one")
    state = State() if start is None else start
    law = store.loss.avalanche
    if state.energy > store.capacity_limit:
        raise SpecError(
            f"start holds {state.energy:g} J, more than the capacity of {store.capacity_limit:g} J; lower it, or raise "
            "the capacity."
        )
    if isinstance(law, Latching) and state.energy >= law.threshold:
        state = replace(state, latched=True)
    if isinstance(law, Stochastic):
        if rng is None:
            raise SpecError("the stochastic law needs rng, e.g. numpy.random.default_rng(7).")
        checks.made_of("rng", rng, np.random.Generator, "a numpy Generator: numpy.random.default_rng(7) makes one")
        if state.clock is None:
            state = replace(state, clock=float(rng.exponential()))
    return state


def weakest(store: Store) -> Status:
    """The least firm status of the parts."""
    order = list(Status)
    law = store.loss.avalanche
    parts = [store.status, store.loss.status, store.passive_leak.status] + ([] if law is None else [law.status])
    return max(parts, key=order.index)


def _beyond(start: float, end: float, level: float) -> bool:
    """Whether a level lies between two energies, or on the second."""
    return level >= end if level <= start else level <= end


class _Walk:
    """A store on its way through time: its state, and what is counted along the way."""

    def __init__(self, store: Store, state: State, rng: np.random.Generator | None, time: float) -> None:
        self.store, self.state, self.rng, self.time = store, state, rng, time
        self.events: list[Event] = []
        self.regimes: dict[str, float] = {}
        self.full = self.empty = 0.0

    def interval(self, until: float, inflow: float, demand: float) -> tuple[float, ...]:
        """Go to a time under constant powers; the energies of `_FLOWS` and then of `_WORK` on the way, J."""
        begin, span = self.time, until - self.time
        draw = demand / self.store.eta_out
        worked = warmed = avalanche = clipped = drawn = missing = gone = 0.0
        gained = work_avalanche = 0.0
        while gone < span:
            phase = find_phase(self.store, self.state, inflow, draw)
            elapsed, moved = self._go(phase, begin, gone, span - gone)
            gone = span if elapsed >= span - gone else gone + elapsed
            worked += moved.work_area
            warmed += moved.passive_area
            avalanche += moved.avalanche
            work_avalanche += moved.work_avalanche
            gained += self.store.eta_in * moved.accepted
            clipped += inflow * elapsed - moved.accepted
            drawn += phase.drawn * elapsed
            missing += (draw - phase.drawn) * elapsed
            self.regimes[phase.regime] = self.regimes.get(phase.regime, 0.0) + elapsed
            self.full += elapsed if phase.full else 0.0
            self.empty += elapsed if phase.empty else 0.0
        self.time = until
        loss, rest, given = self.store.loss, self.store.passive_leak, drawn * self.store.eta_out
        leaks = (loss.baseline * worked + rest.baseline * warmed, loss.thermal * worked + rest.thermal * warmed)
        work = (gained, drawn, loss.held * worked, self.store.dephasing * worked, work_avalanche)
        return (inflow * span, given, drawn - given, *leaks, avalanche, clipped, missing * self.store.eta_out, *work)

    def _go(self, phase: Phase, begin: float, gone: float, left: float) -> tuple[float, Moved]:
        """To the next event or to the end, `gone` after `begin`: elapsed time, and what went where."""
        store, state, motion = self.store, self.state, phase.motion
        law = store.loss.avalanche
        if isinstance(law, Logistic | Pair) and isinstance(motion, Free):
            return self._flow(law, motion, begin, gone, left)
        when, kind, level = next_event(store, state, phase, left)
        elapsed = min(when, left)
        moved = motion.after(elapsed)
        work = 0.0 if kind == "empty" and when <= left else moved.work
        energy = work + moved.passive
        if phase.pinned:
            self._set(state.energy, work, moved.passive)
        elif level != state.energy and when < math.inf and _beyond(state.energy, energy, level):
            when = elapsed  # rounding may carry the energy over the level a moment early
            self._set(level, work, moved.passive)
        elif energy > store.capacity_limit or (when <= left and not math.isnan(level)):
            self._set(store.capacity_limit if math.isnan(level) else level, work, moved.passive)
        else:
            self.state = replace(state, work=work, passive=moved.passive)
        if isinstance(law, Stochastic) and phase.regime == "above" and self.state.clock is not None:
            self.state = replace(self.state, clock=max(0.0, self.state.clock - elapsed * law.rate))
        if when <= left and kind:
            before = self.state.work
            size = self._react(kind, begin + (gone + elapsed))
            taken = before - self.state.work
            moved = replace(moved, avalanche=moved.avalanche + size, work_avalanche=moved.work_avalanche + taken)
        return elapsed, moved

    def _flow(self, law: Smooth, motion: Free, begin: float, gone: float, left: float) -> tuple[float, Moved]:
        """The same under a loss that depends smoothly on the energy."""
        limit = self.store.capacity_limit
        flow = Flow(law, sum(motion.powers), motion.powers[0], motion.leaks)
        part = advance(flow, self.state.energy, self.state.work, left, limit)
        level = limit if part.hit == "full" else min(max(part.energy, 0.0), limit)
        work = 0.0 if part.hit == "empty" else min(max(part.work, 0.0), level)
        self._set(level, work, level - work)
        if part.hit:
            self._record(begin + (gone + part.span), part.hit)
        areas = part.work_area, part.stored - part.work_area
        burst = part.avalanche, part.work_avalanche
        return part.span, Moved(self.state.work, self.state.passive, *areas, motion.inflow * part.span, *burst)

    def _set(self, energy: float, work: float, passive: float) -> None:
        """Put the state to an energy; of work and passive energy the smaller one is kept."""
        passive = energy - (max(energy - passive, 0.0) if passive < work else min(work, energy))
        # One of two such differences is exact (Sterbenz), so that W + Q is the energy to the last bit.
        self.state = replace(self.state, work=energy - passive, passive=passive)

    def _record(self, time: float, kind: str, size: float = 0.0) -> None:
        self.events.append(Event(time, kind, self.state.energy, size))

    def _react(self, kind: str, time: float) -> float:
        """What an event changes in the state; the energy that an avalanche takes at once."""
        law = self.store.loss.avalanche
        size = 0.0
        if kind == "release":
            self.state = replace(self.state, latched=False)
        elif kind == "threshold" and isinstance(law, Latching):
            self.state = replace(self.state, latched=True)
        elif kind == "avalanche" and isinstance(law, Stochastic) and self.rng is not None:
            energy = self.state.energy
            size = min(law.size(float(self.rng.random())), energy)
            kept = 1.0 - size / energy
            self.state = replace(
                self.state,
                work=self.state.work * kept,
                passive=self.state.passive * kept,
                clock=float(self.rng.exponential()),
            )
        self._record(time, kind, size)
        return size
