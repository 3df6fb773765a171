r"""Which of its regimes a store is in, and the constant powers and rates of that regime.

Three things can be held still: the energy at the capacity (inflow is refused), the energy at the threshold of a
step law (the avalanche is open for a share of the time), and the work at zero (the load is served from the inflow
alone). Each is the solution in Filippov's sense of a right-hand side that jumps (Filippov, Differential Equations
with Discontinuous Righthand Sides, 1988). Between changes of regime everything is constant, so that every change
has a closed-form time.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from qsb.stellar.exponential import crossing
from qsb.stellar.loss import Latching, Logistic, Pair, Step, Stochastic
from qsb.stellar.store import State, Store

__all__ = ["Event", "Phase", "find_phase", "next_event"]


@dataclass(frozen=True)
class Phase:
    """What is constant until the next event.

    Attributes:
        accepted: inflow that is taken, W.
        drawn: power drawn out of W for the load, W.
        rate: rate of loss with avalanches, 1/s.
        avalanche: the avalanches' part of it, 1/s.
        regime: "below", "sliding", "above" the threshold, "latched", or "smooth" for a law without threshold.
        full: whether the energy is held at the capacity.
        empty: whether the work is held at zero.
    """

    accepted: float
    drawn: float
    rate: float
    avalanche: float
    regime: str
    full: bool
    empty: bool

    @property
    def pinned(self) -> bool:
        """Whether the energy does not move."""
        return self.full or self.regime == "sliding"


@dataclass(frozen=True)
class Event:
    """Something that happened at one moment.

    Attributes:
        time: s.
        kind: "threshold" (E_c reached from below), "fallen" (E_c reached from above), "release" (a latched
            avalanche stops), "avalanche" (one of the stochastic law), "full" or "empty".
        energy: stored energy then, J; for an avalanche after it.
        size: of an avalanche, J.
    """

    time: float
    kind: str
    energy: float
    size: float = 0.0


def find_phase(store: Store, state: State, inflow: float, draw: float) -> Phase:
    """The regime that a state enters under a constant inflow (W) and a constant draw out of its work (W)."""
    held, energy = store.loss.held, state.energy
    empty = state.work == 0.0 and store.eta_in * inflow < draw
    drawn = store.eta_in * inflow if empty else draw
    net = inflow - drawn
    avalanche, regime = _avalanche(store, state, net)
    rate = held + avalanche
    full = energy >= store.capacity_limit and net > rate * energy and regime != "sliding"
    accepted = inflow
    if full:
        accepted = min(inflow, draw + rate * energy)
        drawn, empty = draw, state.work == 0.0 and store.eta_in * accepted < draw
        if empty:  # then eta_in < 1, for the energy that is held is all passive
            accepted = min(inflow, rate * energy / (1.0 - store.eta_in))
            drawn = store.eta_in * accepted
    return Phase(accepted, drawn, rate, avalanche, regime, full, empty)


def _avalanche(store: Store, state: State, net: float) -> tuple[float, str]:
    """Rate of avalanches and name of the regime, where `net` is the power into the energy before losses."""
    law, held, energy = store.loss.avalanche, store.loss.held, state.energy
    if law is None:
        return 0.0, "below"
    if isinstance(law, Logistic | Pair):
        return law.at(energy)[0], "smooth"
    if isinstance(law, Latching):
        return (law.rate, "latched") if state.latched else (0.0, "below")
    rate = law.rate if isinstance(law, Step) else 0.0
    if energy < law.threshold or (energy == law.threshold and net <= held * energy):
        return 0.0, "below"
    if energy > law.threshold or isinstance(law, Stochastic) or net >= (held + rate) * energy:
        return rate, "above"
    return (net - held * energy) / energy, "sliding"


def next_event(store: Store, state: State, phase: Phase) -> tuple[float, str, float]:
    """Time to the next event in s, its kind, and the energy that is reached (NaN where it is none to be set)."""
    law, energy = store.loss.avalanche, state.energy
    found = [(math.inf, "", math.nan)]
    to_work = store.eta_in * phase.accepted - phase.drawn
    if state.work > 0.0:
        found.append((crossing(state.work, 0.0, to_work, phase.rate + store.dephasing), "empty", math.nan))
    if isinstance(law, Stochastic) and phase.regime == "above" and state.clock is not None:
        found.append((state.clock / law.rate, "avalanche", math.nan))
    if isinstance(law, Latching):
        # A state that a user gives, or rounding, may be beyond the level already.
        beyond = energy <= law.release * law.threshold if state.latched else energy >= law.threshold
        if beyond:
            return 0.0, "release" if state.latched else "threshold", energy
    if not phase.pinned:
        push = phase.accepted - phase.drawn
        levels = [("full", store.capacity_limit)] if energy < store.capacity_limit < math.inf else []
        if isinstance(law, Latching):
            levels.append(("release", law.release * law.threshold) if state.latched else ("threshold", law.threshold))
        elif isinstance(law, Step | Stochastic):
            levels.append(("threshold" if energy < law.threshold else "fallen", law.threshold))
        found += [(crossing(energy, level, push, phase.rate), kind, level) for kind, level in levels]
    return min(found, key=lambda event: event[0])
