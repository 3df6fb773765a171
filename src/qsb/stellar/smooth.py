r"""The store under a loss rate that depends smoothly on the energy, where no closed form holds.

With the rates of `qsb.stellar.store`, :math:`\dot E = p_E - [g_Q + \gamma_\mathrm{mb}(E)]E - (g_r - g_Q)W` and
:math:`\dot W = p_W - [g_r + \gamma_\varphi + \gamma_\mathrm{mb}(E)]W` are solved by the collocation method Radau
IIA with five stages (order 9, L-stable: Hairer and Wanner, J. Comput. Appl. Math. 111, 93 (1999),
doi:10.1016/S0377-0427(99)00134-X). It preserves linear invariants, so the energy ledger closes to rounding at every
step size. Steps are halved and compared, in what they hold at the end, in its mean and in what
avalanches took: the difference is at most 1e-12 of the energy, which leaves about 2e-15 of error a step. What is left
of an energy below 1e-30 of it is followed to that share alone.

With two rates E may rise and fall again within a step. Its rate of change is looked at in all stages, and where it
changes its sign the step ends at the extremum, so that no visit to the capacity is skipped.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cache

import numpy as np
from numpy.polynomial import legendre
from numpy.typing import NDArray

from qsb.errors import ConvergenceError
from qsb.stellar.crossing import root
from qsb.stellar.loss import Smooth
from qsb.stellar.motion import Leaks

__all__ = ["SMALLEST", "TOO_STEEP", "Flow", "Stretch", "advance", "radau"]

_STAGES = 5
_TOLERANCE = 1e-12
_NOTHING = 1e-290  # J: below, a share of 1e-12 of an energy is no number any more
_FAINT = 1e-30  # of the energy at the begin: what is left below is not followed to its own accuracy
_SEEN = 1e-6  # of the span: visits to the capacity that are shorter may be missed
_NOISE = 1e-11  # of the powers that cancel in the rate of change of E
SMALLEST = 1e-13
"""Share of the span below which a step makes no headway."""
TOO_STEEP = "give the avalanche law a larger width, or take Step."
"""What to do then."""


@dataclass(frozen=True)
class Flow:
    """What drives a store over a time of constant power.

    Attributes:
        law: avalanche law with a smooth rate.
        push: power into E, W.
        to_work: power into W, W.
        leaks: rates without avalanches.
    """

    law: Smooth
    push: float
    to_work: float
    leaks: Leaks

    def climb(self, energy: float, work: float) -> float:
        """Rate of change of E, W; 0 where rounding would decide its sign."""
        leaks = self.leaks
        lost = (leaks.passive + self.law.at(energy)[0]) * energy
        more = leaks.excess * work
        found = self.push - lost - more
        return found if abs(found) > _NOISE * (abs(self.push) + lost + abs(more)) else 0.0


@dataclass(frozen=True)
class Stretch:
    """What a time of smooth flow did.

    Attributes:
        span: s.
        energy: E at its end, J.
        work: W at its end, J.
        stored: integral of E, J s.
        work_area: integral of W, J s.
        avalanche: energy lost to avalanches, J.
        work_avalanche: the share of that which was work, J.
        turns: whether E has an extremum inside.
        hit: "full" or "empty" where it ended there, else an empty text.
    """

    span: float
    energy: float
    work: float
    stored: float = 0.0
    work_area: float = 0.0
    avalanche: float = 0.0
    work_avalanche: float = 0.0
    turns: bool = False
    hit: str = ""


@cache
def radau() -> NDArray[np.float64]:
    """Coefficients of Radau IIA, one row a stage; the last row holds the weights."""
    difference = np.zeros(_STAGES + 1)
    difference[_STAGES - 1 :] = -1.0, 1.0
    nodes = np.sort(legendre.legroots(difference).real)
    nodes[-1] = 1.0
    # In Legendre polynomials the matrix that is inverted is well conditioned; in powers it would cost three digits.
    integrals = [legendre.legval(nodes, legendre.legint(row, lbnd=-1)) for row in np.eye(_STAGES)]
    values = legendre.legvander(nodes, _STAGES - 1)
    return np.asarray(np.linalg.solve(values.T, np.array(integrals)).T / 2.0)


def _step(flow: Flow, energy: float, work: float, span: float) -> Stretch:
    """One step; not a number where Newton's iteration does not converge."""
    matrix, leaks = span * radau(), flow.leaks
    unit = np.eye(_STAGES)
    energies, works = np.full(_STAGES, energy), np.full(_STAGES, work)
    for _ in range(15):
        rates, slopes = np.array([flow.law.at(float(x)) for x in energies]).T
        out, fade = leaks.passive + rates, leaks.work + leaks.dephasing + rates
        climbs = flow.push - out * energies - leaks.excess * works
        defect = np.concatenate(
            [energies - energy - matrix @ climbs, works - work - matrix @ (flow.to_work - fade * works)]
        )
        jacobian = np.block(
            [
                [unit + matrix * (out + slopes * energies), matrix * leaks.excess],
                [matrix * (slopes * works), unit + matrix * fade],
            ]
        )
        change = np.linalg.solve(jacobian, defect)
        energies, works = energies - change[:_STAGES], works - change[_STAGES:]
        if np.abs(change).max() <= max(1e-12 * np.abs(energies).max(), _NOTHING):
            break
    else:
        return Stretch(span, np.nan, np.nan)
    rates = np.array([flow.law.at(float(x))[0] for x in energies])
    weights = matrix[-1]
    turns = False
    if leaks.excess:
        climbs = np.array([flow.climb(float(e), float(w)) for e, w in zip(energies, works, strict=True)])
        first = flow.climb(energy, work)
        turns = max(first, climbs.max()) > 0.0 > min(first, climbs.min())
    areas = float(weights @ energies), float(weights @ works)
    gone = float(weights @ (rates * energies)), float(weights @ (rates * works))
    return Stretch(span, float(energies[-1]), float(works[-1]), *areas, *gone, turns)


def _joined(first: Stretch, second: Stretch) -> Stretch:
    """Two stretches, one after the other."""
    return Stretch(
        first.span + second.span,
        second.energy,
        second.work,
        first.stored + second.stored,
        first.work_area + second.work_area,
        first.avalanche + second.avalanche,
        first.work_avalanche + second.work_avalanche,
        first.turns or second.turns,
        second.hit,
    )


def _halves(flow: Flow, energy: float, work: float, span: float) -> Stretch:
    """Two steps of half the span."""
    first = _step(flow, energy, work, span / 2.0)
    return _joined(first, _step(flow, first.energy, first.work, span / 2.0))


def _accepted(flow: Flow, energy: float, work: float, span: float, most: float) -> tuple[Stretch | None, float]:
    """A step and its halves compared: the halves where they agree, and a factor for the size of the next step.

    Means and avalanches need to be right beside `most`, an energy that was there before: they add up with its own.
    """
    whole, halves = _step(flow, energy, work, span), _halves(flow, energy, work, span)
    # ends alone would let a step pass that ends at rest and has not followed the way there
    ends = abs(whole.energy - halves.energy) + abs(whole.work - halves.work)
    areas = (abs(whole.stored - halves.stored) + abs(whole.work_area - halves.work_area)) / span
    gone = abs(whole.avalanche - halves.avalanche) + abs(whole.work_avalanche - halves.work_avalanche)
    held = max(energy, abs(halves.energy), _FAINT * most)
    beside = max(held, most) or 1.0  # an empty store that nothing enters has no scale and no error
    error = ends + (areas / beside + gone / max(beside, abs(halves.avalanche))) * held
    scale = _TOLERANCE * held
    if not np.isfinite(error):
        return None, 0.2
    if error <= _NOTHING:
        return halves, 4.0
    ratio = error / scale
    return (halves if ratio <= 1.0 else None), min(4.0, max(0.2, 0.9 * ratio**-0.1))


def _located(flow: Flow, energy: float, work: float, span: float, above: Callable[[Stretch], float]) -> Stretch:
    """The step, shorter than `span`, at whose end `above` vanishes."""
    begin, end = above(Stretch(0.0, energy, work)), above(_halves(flow, energy, work, span))
    if begin >= 0.0:  # by rounding
        return _halves(flow, energy, work, span)
    when = root(lambda t: above(_halves(flow, energy, work, t)), 0.0, begin, span, end, 1e-15 * span)
    return _halves(flow, energy, work, when)


def _ends(flow: Flow, begin: Stretch, step: Stretch, capacity: float) -> list[tuple[str, Stretch]]:
    """The parts of a step after which the store is full or its work is used up."""
    watched: list[tuple[str, bool, Callable[[Stretch], float]]] = [
        ("full", begin.energy < capacity, lambda s: s.energy - capacity),
        ("empty", begin.work > 0.0, lambda s: -s.work),
    ]
    return [
        (hit, _located(flow, begin.energy, begin.work, step.span, above))
        for hit, begun, above in watched
        if begun and above(step) >= 0.0
    ]


def advance(flow: Flow, energy: float, work: float, span: float, capacity: float) -> Stretch:
    """Follow the flow for a time, or until the store is full or its work is used up.

    Args:
        flow: powers and rates.
        energy: E at the begin, J.
        work: W at the begin, J; where it is zero it does not end the stretch.
        span: s.
        capacity: J, infinite for none.

    Raises:
        ConvergenceError: no step, however short, was accurate.
    """
    total = Stretch(0.0, energy, work)
    trial = span
    while total.span < span:
        trial = min(trial, span - total.span)
        step, factor = _accepted(flow, total.energy, total.work, trial, energy)
        if step is None:
            trial *= min(factor, 0.5)
            if trial < SMALLEST * span:
                raise ConvergenceError("the step of the smooth loss law", trial / span, SMALLEST, TOO_STEEP)
            continue
        if step.turns and max(total.energy, step.energy) > max(_FAINT * energy, _NOTHING):
            part = _to_the_turn(flow, total, step)
            if part is None and trial > _SEEN * span:
                trial *= 0.5
                continue
            step = step if part is None else part
        ends = _ends(flow, total, step, capacity)
        if ends:
            hit, found = min(ends, key=lambda end: end[1].span)
            short = found.span <= SMALLEST * span
            if not short and _accepted(flow, total.energy, total.work, found.span, energy)[0] is None:
                trial = 0.5 * found.span  # the way to the hit is steeper than that to the end of the step
                continue
            return replace(_joined(total, found), hit=hit)
        total = _joined(total, step)
        trial *= factor
    return replace(total, span=span)


def _to_the_turn(flow: Flow, begin: Stretch, step: Stretch) -> Stretch | None:
    """The part of a step up to the extremum of E; None where it holds two or more."""
    upward, after = flow.climb(begin.energy, begin.work), flow.climb(step.energy, step.work)
    if upward == 0.0 or after == 0.0:
        return step
    if (upward > 0.0) == (after > 0.0):
        return None
    sign = -1.0 if upward > 0.0 else 1.0
    found = _located(flow, begin.energy, begin.work, step.span, lambda s: sign * flow.climb(s.energy, s.work))
    return found if found.span > SMALLEST * step.span else step
