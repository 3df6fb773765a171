"""Many stores side by side: the history of each under its own powers, in compiled loops over all cores.

The physics is that of `qsb.stellar.history.simulate`, whose results these are to rounding. Each law has a loop of its
own: `kernels.store` one rate of loss with a step or without avalanches, `kernels.walk` two rates and avalanches that
remember or come at random, `kernels.glide` those that depend smoothly on the energy. Members may differ in all this.
"""

from __future__ import annotations

import math
import os
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from qsb import checks
from qsb.errors import ConvergenceError, SpecError
from qsb.stellar.history import edges_of, weakest
from qsb.stellar.kernels.codes import COUNTS, LATCHING, LOGISTIC, NONE, REGIMES, STEP, STOCHASTIC, law_row
from qsb.stellar.ledger import LEDGER_TOLERANCE, Ledger
from qsb.stellar.si import si_array
from qsb.stellar.smooth import SMALLEST, TOO_STEEP, radau
from qsb.stellar.status import Status
from qsb.stellar.store import State, Store

__all__ = ["Ensemble", "simulate_many"]

Array = NDArray[np.float64]
_KIND, _THRESHOLD = 5, 6  # columns of the rows of stores
_WORTH = 200_000  # intervals from which a second thread pays for waking it


@dataclass(frozen=True, eq=False)
class Ensemble:
    """Histories of many stores; made by `simulate_many`. Arrays have one entry a member.

    Attributes:
        work: W at the end, J.
        passive: Q at the end, J.
        peak: largest energy on the way, J.
        flows: the entries of `Ledger` by name, J.
        regimes: s spent in each regime of `qsb.stellar.phase.Phase`; those of a member add up to the duration.
        time_full: s at the capacity.
        time_empty: s with no work left while the load asks for more than comes in.
        work_residual: what the balance of W does not account for, as a share of the throughput.
        latched: whether a latching avalanche is going on at the end.
        clock: mean number of random avalanches until the next one; not a number for laws without them.
        times: edges of the intervals, s.
        history: W and Q at the edges, (members, edges, 2), J; None unless it was asked for.
        status: the weakest of the stores, their losses and avalanche laws.
    """

    work: Array
    passive: Array
    peak: Array
    flows: dict[str, Array]
    regimes: dict[str, Array]
    time_full: Array
    time_empty: Array
    work_residual: Array
    latched: NDArray[np.bool_]
    clock: Array
    times: Array
    history: Array | None
    status: Status

    def __len__(self) -> int:
        """How many members there are."""
        return len(self.work)

    @property
    def energy(self) -> Array:
        """E = W + Q at the end, J."""
        return self.work + self.passive

    def ledger(self, member: int) -> Ledger:
        """The ledger of one member."""
        return Ledger(**{name: float(column[member]) for name, column in self.flows.items()})

    def state(self, member: int) -> State:
        """The state of one member at the end, from which another run can go on."""
        clock = float(self.clock[member])
        return State(
            float(self.work[member]),
            float(self.passive[member]),
            bool(self.latched[member]),
            None if math.isnan(clock) else clock,
        )

    @property
    def relative_residual(self) -> Array:
        """Size of the residual of each energy ledger as a share of its throughput."""
        f = self.flows
        gone = ("end", "delivered", "conversion", "baseline", "thermal", "avalanche", "clipped")
        scale = f["start"] + f["inflow"]
        return np.abs(scale - sum(f[name] for name in gone)) / np.where(scale > 0, scale, 1.0)


def simulate_many(
    stores: Store | Sequence[Store],
    times: Any,
    inflow: Any,
    demand: Any = 0.0,
    *,
    start: State | Sequence[State] | None = None,
    rng: np.random.Generator | Sequence[np.random.Generator] | None = None,
    keep: bool = False,
) -> Ensemble:
    """Follow many stores under powers that are constant in each interval of a common time axis.

    Each member has a stream of random numbers of its own, so that its avalanches depend on the seed and on its place,
    and neither on the other members, on threads, nor on how the axis is cut.

    Args:
        stores: one for all members, or one a member.
        times: edges of the intervals, s, increasing; n + 1 of them.
        inflow: absorbed power, W: one number, (n) for all members, or (members, n).
        demand: power that the load asks for, W: the same shapes.
        start: at the first edge, for all or one a member; empty stores by default.
        rng: for stochastic laws, which need it: one whose children (`Generator.spawn`) the members get, or one a
            member, which goes on where it is if another run continues this one.
        keep: whether W and Q at all edges are kept: 16 bytes a member and edge.

    Raises:
        SpecError: shapes that do not fit, negative powers, a start above the capacity, a missing `rng`.
        ConvergenceError: a ledger of energy or of work that does not close, or a law too steep to integrate.
    """
    edges = edges_of(times)
    spans = np.diff(edges)
    several = [stores] if isinstance(stores, Store) else list(checks.several("stores", stores, "stores"))
    first = State() if start is None else start
    starts = [first] if isinstance(first, State) else list(checks.several("start", first, "a State, or one a member"))
    power, asked = _powers("inflow", inflow, len(spans)), _powers("demand", demand, len(spans))
    count = _members({"stores": len(several), "start": len(starts), "inflow": len(power), "demand": len(asked)})
    rows = np.array([_row(i, store) for i, store in enumerate(several)])
    streams = _streams(rng, count) if np.any(rows[:, _KIND] == STOCHASTIC) else []
    states = _states(starts, several, rows, streams, count)
    begin, counts = states.copy(), np.zeros((count, len(COUNTS)))
    history = np.empty((count, len(edges), 2) if keep else (0, 0, 2))
    _followed(spans, streams, power, asked, rows, states, counts, history)
    sums = dict(zip(COUNTS, counts.T, strict=True))
    found = _gathered(several, begin, states, sums, edges, history if keep else None)
    _check(found)
    return found


def _powers(name: str, value: Any, count: int) -> Array:
    """Powers as rows of intervals; one row for all members."""
    if isinstance(value, np.ndarray) and value.dtype == np.float64 and value.ndim == 2 and value.size:
        # What is fine as it stands is not copied: ensembles are large. They are looked at in parts that fit into a
        # cache. A number that is none fails the comparison.
        many = max(1, 16384 // max(1, count))
        parts = (value[m : m + many] for m in range(0, len(value), many))
        fits = value.flags.c_contiguous and value.shape[1] == count
        if fits and all(part.min() >= 0.0 and part.max() <= checks.LARGEST for part in parts):
            return value
    found = si_array(name, value, "W", least=0.0)
    if found.ndim > 2 or (found.ndim and found.shape[-1] != count):
        raise SpecError(
            f"{name} must be one number, {count} values (one an interval) or rows of as many (one a member), but its "
            f"shape is {found.shape}."
        )
    rows = found if found.ndim == 2 else np.broadcast_to(found, (1, count))
    return np.ascontiguousarray(rows)


def _members(counts: dict[str, int]) -> int:
    """How many members there are: every number is this or 1."""
    count = max(counts.values())
    if any(n not in (1, count) for n in counts.values()):
        told = ", ".join(f"{name} {n}" for name, n in counts.items())
        raise SpecError(f"stores, start, inflow and demand must be for one or for all members, but there are: {told}.")
    return count


def _row(index: int, store: object) -> tuple[float, ...]:
    """What the loops take of a store: see `kernels.walk.walk`."""
    checks.made_of(f"store {index}", store, Store, "a Store: Store(Loss(baseline=1e-8)) makes one")
    assert isinstance(store, Store)
    law = law_row(store.loss.avalanche)
    rates = store.loss.held, store.passive_held, store.dephasing
    return (*rates, store.capacity_limit, store.eta_in, *law, store.eta_out)


def _streams(rng: object, count: int) -> list[np.random.Generator]:
    """A stream of random numbers for each member."""
    advice = "a numpy Generator: numpy.random.default_rng(7) makes one"
    if rng is None:
        raise SpecError("the stochastic law needs rng, e.g. numpy.random.default_rng(7).")
    if isinstance(rng, np.random.Generator):
        try:
            return list(rng.spawn(count))
        except TypeError:
            raise SpecError("rng was made without a seed sequence and has no children; give one a member.") from None
    several = list(checks.several("rng", rng, "a Generator, or Generators, one a member"))
    for m, stream in enumerate(several):
        checks.made_of(f"rng {m}", stream, np.random.Generator, advice)
    if len(several) != count:
        raise SpecError(f"rng holds {len(several)} streams for {count} members; give one, or one a member.")
    return several


def _states(
    starts: list[State], stores: list[Store], rows: Array, streams: list[np.random.Generator], count: int
) -> Array:
    """W, Q, E, whether latched, and the clock of every member."""
    found = np.empty((count, 5))
    for m in range(count):
        state, store, row = starts[m % len(starts)], stores[m % len(stores)], rows[m % len(rows)]
        checks.made_of(f"start {m}", state, State, "a State: State(work=1e15) makes one")
        if state.energy > store.capacity_limit:
            raise SpecError(
                f"start {m} holds {state.energy:g} J, more than the capacity of {store.capacity_limit:g} J; lower it, "
                "or raise the capacity."
            )
        clock = math.nan if state.clock is None else state.clock
        if row[_KIND] == STOCHASTIC and state.clock is None:
            clock = float(streams[m].exponential())
        latched = state.latched or (row[_KIND] == LATCHING and state.energy >= row[_THRESHOLD])
        found[m] = state.work, state.passive, state.energy, latched, clock
    return found


def _followed(
    spans: Array,
    streams: list[np.random.Generator],
    power: Array,
    asked: Array,
    rows: Array,
    states: Array,
    counts: Array,
    history: Array,
) -> None:
    """Follow the members, those of each law in a loop of its own."""
    kinds, two_rates = rows[:, _KIND], rows[:, 0] != rows[:, 1]
    smooth, drawn = kinds >= LOGISTIC, kinds == STOCHASTIC
    plain = ((kinds == NONE) | (kinds == STEP)) & ~two_rates
    widths, which = np.unique(spans, return_inverse=True)
    axis = spans, widths, which.astype(np.int64).ravel()
    data = power, asked, rows, states, counts, history

    def over(chosen: NDArray[np.bool_], weight: int, loop: Callable[..., None], *arguments: Any) -> None:
        members = np.flatnonzero(np.broadcast_to(chosen, len(states)))
        if members.size:
            _spread(loop, members.size, weight * members.size * len(spans), (members, *arguments))

    if plain.any():
        from qsb.stellar.kernels.store import follow

        over(plain, 1, follow, *axis, *data)
    rest = ~(plain | smooth)
    if rest.any():
        from qsb.stellar.kernels.walk import walk

        def random(first: int, last: int, members: NDArray[np.int64], *arguments: Any) -> None:
            for place in range(first, last):
                walk(streams[members[place]], place, place + 1, members, *arguments)

        over(rest & ~drawn, 3, partial(walk, None), *axis, *data)
        over(rest & drawn, 3, random, *axis, *data)
    if smooth.any():
        from qsb.stellar.kernels.glide import glide

        def steady(*arguments: Any) -> None:
            failed = glide(*arguments)
            if failed:
                raise ConvergenceError("the step of the smooth loss law", failed, SMALLEST, TOO_STEEP)

        over(smooth, 300, steady, spans, *data, radau(), radau().sum(axis=1))


def _spread(loop: Callable[..., None], items: int, steps: int, arguments: tuple[Any, ...]) -> None:
    """Share members among threads; the loop does not hold the interpreter's lock."""
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    asked = [os.environ.get(name, "") for name in ("NUMBA_NUM_THREADS", "OMP_NUM_THREADS")]
    parts = min([cores, items, *(max(1, int(text)) for text in asked if text.isdigit())]) if steps >= _WORTH else 1
    if parts == 1:
        loop(0, items, *arguments)
        return
    edges = [items * k // parts for k in range(parts + 1)]
    with ThreadPoolExecutor(parts) as pool:
        for done in [pool.submit(loop, a, b, *arguments) for a, b in pairwise(edges)]:
            done.result()


def _gathered(
    stores: list[Store], begin: Array, end: Array, sums: dict[str, Array], edges: Array, history: Array | None
) -> Ensemble:
    """The record of what the kernel counted."""

    def of(name: str) -> Array:
        return np.array([float(getattr(store, name)) for store in stores])

    def rates(name: str) -> tuple[Array, Array]:
        pairs = [(getattr(store.loss, name), getattr(store.passive_leak, name)) for store in stores]
        found = np.array(pairs)
        return found[:, 0], found[:, 1]

    (base, rest), (hot, warm) = rates("baseline"), rates("thermal")
    eta, drawn = of("eta_out"), sums["drawn"]
    flows = {
        "start": begin[:, 2],
        "inflow": sums["inflow"],
        "delivered": drawn * eta,
        "conversion": drawn - drawn * eta,
        "baseline": base * sums["work_area"] + rest * sums["passive_area"],
        "thermal": hot * sums["work_area"] + warm * sums["passive_area"],
        "avalanche": sums["avalanche"],
        "clipped": sums["clipped"],
        "end": end[:, 0] + end[:, 1],
        "unserved": sums["missing"] * eta,
    }
    gained = of("eta_in") * (flows["inflow"] - flows["clipped"])
    leaked = (base + hot + of("dephasing")) * sums["work_area"] + sums["work_avalanche"]
    scale = flows["start"] + flows["inflow"]
    residual = np.abs(begin[:, 0] + gained - drawn - leaked - end[:, 0]) / np.where(scale > 0, scale, 1.0)
    return Ensemble(
        work=end[:, 0],
        passive=end[:, 1],
        peak=end[:, 2],
        flows=flows,
        regimes={name: sums[name] for name in REGIMES},
        time_full=sums["full"],
        time_empty=sums["empty"],
        work_residual=residual,
        latched=end[:, 3] != 0.0,
        clock=end[:, 4],
        times=edges,
        history=history,
        status=max((weakest(store) for store in stores), key=list(Status).index),
    )


def _check(found: Ensemble) -> None:
    """Refuse an ensemble in which a ledger does not close."""
    for what, residuals in (("energy", found.relative_residual), ("work", found.work_residual)):
        worst = int(np.argmax(residuals))
        if not residuals[worst] <= LEDGER_TOLERANCE:
            raise ConvergenceError(
                f"the residual of the ledger of {what} of member {worst}, as a share of the throughput,",
                float(residuals[worst]),
                LEDGER_TOLERANCE,
                "cut the time axis into fewer intervals.",
            )
