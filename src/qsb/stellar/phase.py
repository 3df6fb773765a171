r"""Which of its regimes a store is in, how it moves there, and what ends that.

Three things can be held still: the energy at the capacity (inflow is refused), the energy at the threshold of a
step law (the avalanche is open for a share of the time), and the work at zero (the load is served from the inflow
alone). Each is the solution in Filippov's sense of a right-hand side that jumps (Filippov, Differential Equations
with Discontinuous Righthand Sides (Kluwer, 1988), doi:10.1007/978-94-015-7793-9).
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from qsb.stellar.crossing import ROUNDING, TIE
from qsb.stellar.loss import Latching, Logistic, Pair, Step, Stochastic
from qsb.stellar.motion import Free, Full, Leaks, Sliding
from qsb.stellar.store import State, Store

__all__ = ["Event", "Phase", "find_phase", "next_event"]


@dataclass(frozen=True)
class Phase:
    """What holds until the next event.

    Attributes:
        motion: how the store moves.
        drawn: power drawn out of W for the load, W; where it is full and out of work it is what the inflow gives.
        regime: "below", "sliding", "above" the threshold, "latched", or "smooth" for a law without threshold.
        full: whether the energy is held at the capacity.
        empty: whether the work is held at zero.
    """

    motion: Free | Full | Sliding
    drawn: float
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


@dataclass(frozen=True)
class _Scene:
    """A store in a state, under constant powers: what its regime is decided by.

    Attributes:
        leaks: rates without avalanches.
        state: where it is.
        net: power into the energy before losses, W.
        to_work: power into the work before losses, W.
    """

    leaks: Leaks
    state: State
    net: float
    to_work: float

    def gain(self, avalanche: float) -> int:
        r"""Sign of :math:`\dot E` under a rate of avalanches; where it vanishes, of what it is next.

        With two rates an energy at rest does not stay so: where :math:`\dot E = 0` it is
        :math:`\ddot E = -(g_r - g_Q)\dot W`.
        """
        leaks, work = self.leaks, self.state.work
        lost = leaks.power(work, self.state.passive) + avalanche * self.state.energy
        gain = self.net - lost
        # Q is E - W, good to a rounding of E, however small the powers are
        noise = TIE * (abs(self.net) + lost) + ROUNDING * abs(leaks.excess) * self.state.energy
        if leaks.excess and abs(gain) <= noise:
            rate = leaks.work + leaks.dephasing + avalanche
            gain = -leaks.excess * (self.to_work - rate * work)
            if abs(gain) <= TIE * abs(leaks.excess) * (abs(self.to_work) + rate * work):
                return 0
        return (gain > 0.0) - (gain < 0.0)


def find_phase(store: Store, state: State, inflow: float, draw: float) -> Phase:
    """The regime that a state enters under a constant inflow (W) and a constant draw out of its work (W)."""
    leaks = Leaks(store.loss.held, store.passive_held, store.dephasing)
    arriving = store.eta_in * inflow
    empty = state.work == 0.0 and arriving < draw
    drawn = arriving if empty else draw
    to_work, to_passive = 0.0 if empty else arriving - drawn, (1.0 - store.eta_in) * inflow
    scene = _Scene(leaks, state, inflow - drawn, to_work)
    avalanche, regime = _avalanche(store, scene)
    powers = to_work, to_passive
    if regime == "sliding":
        law = store.loss.avalanche
        fastest = law.rate if isinstance(law, Step) else 0.0
        slide = Sliding(state.work, state.energy, powers, leaks, fastest, inflow)
        return Phase(slide, drawn, regime, False, empty)
    if state.energy >= store.capacity_limit and _stays_full(scene, avalanche):
        return _full(store, scene, inflow, draw, avalanche, regime)
    return Phase(Free(state.work, state.passive, powers, leaks, avalanche, inflow), drawn, regime, False, empty)


def _stays_full(scene: _Scene, avalanche: float) -> bool:
    """Whether a store at its capacity has to refuse inflow, now or in a moment."""
    gain = scene.gain(avalanche)
    return gain > 0 or (gain == 0 and scene.leaks.excess != 0.0)


def _full(store: Store, scene: _Scene, inflow: float, draw: float, avalanche: float, regime: str) -> Phase:
    """The phase of a store that is held at its capacity."""
    state, leaks, share = scene.state, scene.leaks, store.eta_in
    rest = (leaks.passive + avalanche) * state.energy
    empty = state.work == 0.0 and share * min(inflow, draw + rest) < draw
    drawn = draw
    if empty:  # all that is held is passive; with share = 1 none of the inflow becomes so, and all is passed on
        drawn = share * (inflow if share == 1.0 else min(inflow, rest / (1.0 - share)))
    return Phase(
        Full(state.work, state.energy, share, drawn, leaks, avalanche, inflow, empty), drawn, regime, True, empty
    )


def _avalanche(store: Store, scene: _Scene) -> tuple[float, str]:
    """Rate of avalanches that are not held, and name of the regime."""
    law, energy = store.loss.avalanche, scene.state.energy
    if law is None:
        return 0.0, "below"
    if isinstance(law, Logistic | Pair):
        return law.at(energy)[0], "smooth"
    if isinstance(law, Latching):
        return (law.rate, "latched") if scene.state.latched else (0.0, "below")
    rate = law.rate if isinstance(law, Step) else 0.0
    if energy != law.threshold:
        return (0.0, "below") if energy < law.threshold else (rate, "above")
    rises = scene.gain(0.0)
    if isinstance(law, Stochastic):
        return 0.0, "above" if rises > 0 else "below"
    resting = scene.leaks.excess != 0.0  # an energy that rests for good is as well held by an avalanche of rate zero
    if rises < 0 or (rises == 0 and not resting):
        return 0.0, "below"
    rises_still = scene.gain(rate)
    if rises_still > 0 or (rises_still == 0 and not resting):
        return rate, "above"
    return 0.0, "sliding"


def next_event(store: Store, state: State, phase: Phase, span: float) -> tuple[float, str, float]:
    """Time to the next event in s, its kind (empty for none to tell of), and the energy reached (NaN for none).

    Events later than the span may be missing.
    """
    law, energy, motion = store.loss.avalanche, state.energy, phase.motion
    if isinstance(law, Latching):
        # A state that a user gives, or rounding, may be beyond the level already.
        beyond = energy <= law.release * law.threshold if state.latched else energy >= law.threshold
        if beyond:
            return 0.0, "release" if state.latched else "threshold", energy
    found = [(math.inf, "", math.nan), (motion.ends(), "", math.nan), (motion.empties(), "empty", math.nan)]
    if isinstance(law, Stochastic) and phase.regime == "above" and state.clock is not None:
        found.append((state.clock / law.rate, "avalanche", math.nan))
    if isinstance(motion, Free):
        levels = [("full", store.capacity_limit)] if store.capacity_limit < math.inf else []
        if isinstance(law, Latching):
            levels.append(("release", law.release * law.threshold) if state.latched else ("threshold", law.threshold))
        elif isinstance(law, Step | Stochastic):
            levels.append(("threshold" if phase.regime == "below" else "fallen", law.threshold))
        found += [(motion.reaches(level, span), kind, level) for kind, level in levels]
    return min(found, key=lambda event: event[0])
