"""Segments: the pieces of a protocol on which nothing jumps."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise
from weakref import WeakKeyDictionary

import numpy as np

from qsb.algebra.opsum import OpSum
from qsb.charging.envelope import Envelope
from qsb.charging.environment import Jump
from qsb.charging.problem import Problem, canonical
from qsb.charging.protocol import Stage
from qsb.errors import SpecError

Coefficient = Callable[[float], float]

#: step of one-sided slopes at a breakpoint, relative to the shorter neighbour, and their error relative to the value
_SLOPE_STEP, _SLOPE_NOISE = 1e-4, 1e-9
#: shortest step of a drive, relative to the duration of the protocol, that times as floats can take
_SHORTEST = 2.0**-48


@dataclass(frozen=True)
class Segment:
    """An interval (start, end] with a smooth generator.

    Attributes:
        start: absolute time.
        end: absolute time.
        hamiltonian: the constant part, constant envelopes multiplied in.
        drives: (V, f) for envelopes that vary inside the segment; f takes absolute time.
        jumps: dissipators with constant rates.
        rated: (jump, f) with time-dependent rates.
        max_step: longest step that misses nothing.
        drive: value of the stage's envelope, a function of absolute time (0 in a store stage).
        stage: index of the stage.
    """

    start: float
    end: float
    hamiltonian: OpSum
    drives: tuple[tuple[OpSum, Coefficient], ...]
    jumps: tuple[Jump, ...]
    rated: tuple[tuple[Jump, Coefficient], ...]
    max_step: float
    drive: Coefficient
    stage: int

    @property
    def constant(self) -> bool:
        """Whether the generator does not change inside the segment."""
        return not self.drives and not self.rated

    @cached_property
    def fixed(self) -> str:
        """A text that is equal for equal constant parts."""
        return canonical((self.hamiltonian, self.jumps))


#: the segments of problems that are in use: planning asks for them again and again
_CUT: WeakKeyDictionary[Problem, tuple[Segment, ...]] = WeakKeyDictionary()


def _clamped(envelope: Envelope, origin: float, a: float, b: float) -> Coefficient:
    """The envelope in absolute time on stage times [a, b), never evaluated beyond the segment's own side of a jump.

    The limits are stage times: t - origin may lie on the wrong side of an edge by rounding.
    """
    last = float(np.nextafter(b, a))

    def value(t: float) -> float:
        return envelope.value(min(max(t - origin, a), last))

    return value


def _not_negative(jump: Jump, factor: Coefficient) -> Coefficient:
    """A rate's envelope that refuses to turn negative: that would be no master equation."""

    def value(t: float) -> float:
        f = factor(t)
        if f < 0:
            what = "a custom jump" if isinstance(jump.op, OpSum) else f"the jump {jump.op!r}"
            raise SpecError(f"The rate of {what} is negative at t = {t:.6g}: its envelope is {f:.6g}; keep it >= 0.")
        return f

    return value


def segments(problem: Problem) -> list[Segment]:
    """Cut the protocol at stage edges and at the breakpoints of every envelope.

    A protocol of zero duration gives one segment of zero length, so that powers at t = 0 exist.
    """
    if problem not in _CUT:
        _CUT[problem] = tuple(_cut(problem))
    return list(_CUT[problem])


def _cut(problem: Problem) -> list[Segment]:
    """See `segments`."""
    out: list[Segment] = []
    for index, (stage, origin) in enumerate(zip(problem.protocol.stages, problem.protocol.starts, strict=True)):
        if stage.duration == 0 and problem.protocol.duration > 0:
            continue
        envelopes = [e for _, e in _driven(problem, stage)] + [j.envelope for j in problem.jumps if j.envelope]
        cuts = {0.0, stage.duration}
        for e in envelopes:
            cuts.update(e.breakpoints(stage.duration))
        edges = sorted(cuts) if stage.duration > 0 else [0.0, 0.0]
        for a, b in pairwise(edges):
            out.append(_segment(problem, stage, index, origin, a, b))
    return out


def driven_steps(problem: Problem) -> float:
    """Steps that the drives alone ask for: the lengths of the segments in which something changes, by their steps."""
    return sum((s.end - s.start) / s.max_step for s in segments(problem) if not s.constant)


def turns(old: Segment, new: Segment) -> bool:
    """Whether the generator may jump or turn a corner where two segments meet.

    It does not at breakpoints that only guide the steps, such as the centre of a pulse: there each coefficient has one
    slope on both sides.
    """
    before, after = ([f for _, f in (*s.drives, *s.rated)] for s in (old, new))
    if not before and not after:
        return old.fixed != new.fixed
    if old.stage != new.stage or len(before) != len(after):
        return True
    t, h = new.start, _SLOPE_STEP * min(old.end - old.start, new.end - new.start)
    for f, g in zip(before, after, strict=True):
        left, right = [f(t - k * h) for k in range(3)], [g(t + k * h) for k in range(3)]
        # slopes of second order, in units of 2h
        falls, rises = 3 * left[0] - 4 * left[1] + left[2], 4 * right[1] - 3 * right[0] - right[2]
        noise = _SLOPE_NOISE * float(np.abs([*left, *right]).max())
        jumps = abs(right[0] - left[0]) > noise
        if jumps or abs(rises - falls) > 1e-3 * max(abs(rises), abs(falls)) + noise:
            return True
    return False


def _driven(problem: Problem, stage: Stage) -> list[tuple[OpSum, Envelope]]:
    """Interaction terms that are on during a stage, with their envelopes in stage time."""
    if not stage.charging:
        return []
    return [(problem.battery.interaction, stage.envelope), *problem.battery.drives]


def _resolvable(problem: Problem, step: float, t: float) -> None:
    """Refuse a drive that changes faster than floating-point times tell apart."""
    least = _SHORTEST * problem.protocol.duration
    if step < least:
        raise SpecError(
            f"A drive changes within {step:.3g} after t = {t:.6g}, which floating-point times of a protocol of "
            f"duration {problem.protocol.duration:.6g} do not resolve; make it slower than {least:.1g}, or the "
            "protocol shorter."
        )


def _segment(problem: Problem, stage: Stage, index: int, origin: float, a: float, b: float) -> Segment:
    start, end = origin + a, origin + b
    middle = (a + b) / 2
    hamiltonian = problem.battery.charger
    if stage.battery:
        hamiltonian = hamiltonian + problem.battery.battery
    drives: list[tuple[OpSum, Coefficient]] = []
    steps = [np.inf]
    for op, envelope in _driven(problem, stage):
        if not op:
            continue
        if envelope.stepwise:
            hamiltonian = hamiltonian + op * envelope.value(middle)
        else:
            drives.append((op, _clamped(envelope, origin, a, b)))
            steps.append(envelope.max_step(middle))
    jumps: list[Jump] = []
    rated: list[tuple[Jump, Coefficient]] = []
    for j in problem.jumps:
        if j.envelope is None:
            jumps.append(j)
        else:
            rated.append((j, _not_negative(j, _clamped(j.envelope, origin, a, b))))
            steps.append(j.envelope.max_step(middle))
    _resolvable(problem, min(steps), origin + a)
    drive = _clamped(stage.envelope, origin, a, b) if stage.charging else (lambda t: 0.0)
    return Segment(start, end, hamiltonian, tuple(drives), tuple(jumps), tuple(rated), float(min(steps)), drive, index)
