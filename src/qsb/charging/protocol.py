"""`Protocol`: stages, run one after another, in which an envelope switches the charger."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal, get_args

import numpy as np
from numpy.typing import NDArray

from qsb import checks
from qsb.charging.envelope import Constant, Envelope
from qsb.errors import SpecError

StageKind = Literal["charge", "store", "discharge"]


@dataclass(frozen=True)
class Stage:
    r"""One act of a protocol.

    ``charge`` and ``discharge``: :math:`H = H_B + H_C + f(t) V`; ``store``: :math:`H = H_B + H_C`, V off.
    Channels act in every stage.

    Attributes:
        kind: charge, store or discharge (the last two words differ in what a reader calls the energy that
            leaves).
        duration: length, >= 0.
        envelope: f(t), with t since the beginning of the stage.
        battery: whether H_B acts during the stage (off: the rotating-frame idealisation of many papers).
        collisions: number of equal interactions that the stage is made of, each with a fresh copy of every charger in
            its start state; what the last copy took with it is traced out. 0: the charger stays.
    """

    kind: StageKind = "charge"
    duration: float = 1.0
    envelope: Envelope = field(default_factory=Constant)
    battery: bool = True
    collisions: int = 0

    def __post_init__(self) -> None:
        """Check kind and duration."""
        if not isinstance(self.kind, str) or self.kind not in get_args(StageKind):
            raise SpecError(f"A stage is 'charge', 'store' or 'discharge', but it is {self.kind!r}.")
        checks.number("The duration of a stage", self.duration, least=0.0)
        checks.made_of("The envelope of a stage", self.envelope, Envelope, "an envelope, e.g. qsb.charging.Constant()")
        checks.flag("battery of a stage", self.battery)
        if self.kind == "store" and self.envelope != Constant():
            raise SpecError("A 'store' stage has the charger switched off, so it takes no envelope; remove it.")
        n = checks.whole("The number of collisions", self.collisions)
        if n and (self.kind == "store" or not self.duration > 0 or not isinstance(self.envelope, Constant)):
            raise SpecError(
                "A stage of collisions charges or discharges for a positive time under a constant envelope; this one "
                f"is {self.kind!r} for {self.duration!r} under {type(self.envelope).__name__}."
            )

    @property
    def charging(self) -> bool:
        """Whether V is on."""
        return self.kind != "store"

    def drive(self, t: NDArray[np.float64] | float) -> NDArray[np.float64]:
        """Value of the envelope at times since the beginning of the stage, 0 in a store stage."""
        times = np.atleast_1d(np.asarray(t, dtype=float))
        if not self.charging:
            return np.zeros_like(times)
        return np.array([self.envelope.value(float(s)) for s in times])


@dataclass(frozen=True)
class Protocol:
    """A tuple of stages, run one after another."""

    stages: tuple[Stage, ...]

    def __post_init__(self) -> None:
        """Refuse an empty protocol, and what is no stage."""
        stages = checks.several("The stages of a protocol", self.stages, "a list of stages")
        object.__setattr__(self, "stages", stages)
        if not stages:
            raise SpecError("A protocol needs at least one stage.")
        for stage in stages:
            checks.made_of("A stage of a protocol", stage, Stage, "a qsb.Stage")

    @property
    def duration(self) -> float:
        """Sum of the stages' durations."""
        return float(sum(s.duration for s in self.stages))

    @property
    def starts(self) -> tuple[float, ...]:
        """Time at which each stage begins."""
        return tuple(float(sum(s.duration for s in self.stages[:k])) for k in range(len(self.stages)))


def quench(duration: float, envelope: Envelope | None = None, *, battery: bool = True) -> Protocol:
    """One charge stage: the charger is switched on at t = 0 and off at t = `duration`."""
    return Protocol((Stage("charge", duration, Constant() if envelope is None else envelope, battery),))


def collisions(count: int, duration: float = 1.0, *, battery: bool = False) -> Protocol:
    r"""Repeated interactions: `count` times, a fresh copy of the charger meets the battery for `duration`.

    .. math:: \rho_k = \mathrm{tr}_C\!\left[e^{-iH\tau}\,(\rho_{k-1}\otimes\rho_C)\,e^{iH\tau}\right]

    Args:
        count: number of collisions, >= 1.
        duration: :math:`\tau`, of each.
        battery: whether H_B acts meanwhile. Off by default: collision models are written in the rotating frame of a
            charger in resonance, in which every copy arrives with the same phase.
    """
    checks.whole("The number of collisions", count, 1)
    return Protocol((Stage("charge", duration * count, battery=battery, collisions=count),))
