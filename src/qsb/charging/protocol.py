"""`Protocol`: stages, and the envelopes that switch the charger.

Every envelope knows its breakpoints and the longest step that cannot miss it, so that no integrator skips a
pulse.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from numbers import Integral
from typing import Literal, runtime_checkable
from typing import Protocol as TypingProtocol

import numpy as np
from numpy.typing import NDArray

from qsb.errors import SpecError

StageKind = Literal["charge", "store", "discharge"]


@runtime_checkable
class Envelope(TypingProtocol):
    """A dimensionless real function of the time since its stage began."""

    @property
    def constant(self) -> bool:
        """Whether the value never changes."""
        ...

    @property
    def stepwise(self) -> bool:
        """Whether the value is constant between breakpoints."""
        ...

    def value(self, t: float) -> float:
        """Value at time t; at a jump, the value just after it."""
        ...

    def breakpoints(self, duration: float) -> tuple[float, ...]:
        """Times strictly inside (0, duration) that no step may cross."""
        ...

    def max_step(self, t: float) -> float:
        """Longest step allowed in the smooth piece that begins at (or holds) t."""
        ...

    def peak(self, duration: float) -> float:
        """An upper bound of |value| on [0, duration]."""
        ...


def _finite(name: str, value: float, positive: bool = False) -> None:
    if not np.isfinite(value) or (positive and value <= 0):
        raise SpecError(f"{name} must be {'positive and ' if positive else ''}finite, but it is {value!r}.")


def _inside(times: list[float], duration: float) -> tuple[float, ...]:
    return tuple(sorted({float(t) for t in times if 0.0 < t < duration}))


@dataclass(frozen=True)
class Constant:
    """f(t) = amplitude."""

    amplitude: float = 1.0

    def __post_init__(self) -> None:
        """Check the number."""
        _finite("The amplitude of an envelope", self.amplitude)

    @property
    def constant(self) -> bool:
        """True."""
        return True

    @property
    def stepwise(self) -> bool:
        """Whether the value is constant between breakpoints."""
        return True

    def value(self, t: float) -> float:
        """The amplitude."""
        return self.amplitude

    def breakpoints(self, duration: float) -> tuple[float, ...]:
        """None."""
        return ()

    def max_step(self, t: float) -> float:
        """Unlimited."""
        return np.inf

    def peak(self, duration: float) -> float:
        """Modulus of the amplitude."""
        return abs(self.amplitude)


@dataclass(frozen=True)
class Sinusoidal:
    """f(t) = amplitude * cos(frequency * t + phase); both rotating terms are kept, no rotating-wave approximation."""

    frequency: float
    phase: float = 0.0
    amplitude: float = 1.0

    def __post_init__(self) -> None:
        """Check the numbers."""
        for name, v in (("frequency", self.frequency), ("phase", self.phase), ("amplitude", self.amplitude)):
            _finite(f"The {name} of an envelope", v)

    @property
    def constant(self) -> bool:
        """Whether the frequency is zero."""
        return self.frequency == 0.0

    @property
    def stepwise(self) -> bool:
        """Whether the value is constant between breakpoints."""
        return self.constant

    def value(self, t: float) -> float:
        """amplitude * cos(frequency * t + phase)."""
        return float(self.amplitude * np.cos(self.frequency * t + self.phase))

    def breakpoints(self, duration: float) -> tuple[float, ...]:
        """None: it is smooth."""
        return ()

    def max_step(self, t: float) -> float:
        """A quarter of a period."""
        return float(np.pi / 2 / abs(self.frequency)) if self.frequency else np.inf

    def peak(self, duration: float) -> float:
        """Modulus of the amplitude."""
        return abs(self.amplitude)


@dataclass(frozen=True)
class Gaussian:
    """f(t) = amplitude * exp(-(t - centre)^2 / (2 width^2))."""

    centre: float
    width: float
    amplitude: float = 1.0

    def __post_init__(self) -> None:
        """Check the numbers."""
        _finite("The centre of a pulse", self.centre)
        _finite("The amplitude of a pulse", self.amplitude)
        _finite("The width of a pulse", self.width, positive=True)

    @property
    def constant(self) -> bool:
        """False."""
        return False

    @property
    def stepwise(self) -> bool:
        """Whether the value is constant between breakpoints."""
        return False

    def value(self, t: float) -> float:
        """The Gaussian."""
        return float(self.amplitude * np.exp(-(((t - self.centre) / self.width) ** 2) / 2))

    def breakpoints(self, duration: float) -> tuple[float, ...]:
        """Centre and centre +- 9 widths (where the pulse is below 1e-17 of its peak)."""
        return _inside([self.centre - 9 * self.width, self.centre, self.centre + 9 * self.width], duration)

    def max_step(self, t: float) -> float:
        """One width inside the pulse, unlimited outside."""
        return self.width if abs(t - self.centre) <= 9 * self.width * (1 + 1e-9) else np.inf

    def peak(self, duration: float) -> float:
        """Modulus of the amplitude."""
        return abs(self.amplitude)


@dataclass(frozen=True)
class Ramp:
    """Linear from `start` at t = 0 to `end` at t = `duration`, constant after."""

    start: float
    end: float
    duration: float

    def __post_init__(self) -> None:
        """Check the numbers."""
        _finite("The start of a ramp", self.start)
        _finite("The end of a ramp", self.end)
        _finite("The duration of a ramp", self.duration, positive=True)

    @property
    def constant(self) -> bool:
        """Whether start and end are equal."""
        return self.start == self.end

    @property
    def stepwise(self) -> bool:
        """Whether the value is constant between breakpoints."""
        return self.constant

    def value(self, t: float) -> float:
        """The ramp."""
        return float(self.start + (self.end - self.start) * min(max(t / self.duration, 0.0), 1.0))

    def breakpoints(self, duration: float) -> tuple[float, ...]:
        """The end of the ramp."""
        return _inside([self.duration], duration)

    def max_step(self, t: float) -> float:
        """A quarter of the ramp while it lasts."""
        return self.duration / 4 if t < self.duration else np.inf

    def peak(self, duration: float) -> float:
        """The larger modulus of both ends."""
        return max(abs(self.start), abs(self.end))


@dataclass(frozen=True)
class SineRamp:
    r"""From `start` to `end` as :math:`\sin^2\frac{\pi t}{2T}`, T = `duration`, constant after: level at both ends."""

    start: float
    end: float
    duration: float

    def __post_init__(self) -> None:
        """Check the numbers."""
        _finite("The start of a ramp", self.start)
        _finite("The end of a ramp", self.end)
        _finite("The duration of a ramp", self.duration, positive=True)

    @property
    def constant(self) -> bool:
        """Whether start and end are equal."""
        return self.start == self.end

    @property
    def stepwise(self) -> bool:
        """Whether the value is constant between breakpoints."""
        return self.constant

    def value(self, t: float) -> float:
        """The ramp."""
        risen = float(np.sin(np.pi / 2 * min(max(t / self.duration, 0.0), 1.0)) ** 2)
        return float(self.start * (1 - risen) + self.end * risen)

    def breakpoints(self, duration: float) -> tuple[float, ...]:
        """The end of the ramp."""
        return _inside([self.duration], duration)

    def max_step(self, t: float) -> float:
        """A quarter of the ramp while it lasts."""
        return self.duration / 4 if t < self.duration else np.inf

    def peak(self, duration: float) -> float:
        """The larger modulus of both ends."""
        return max(abs(self.start), abs(self.end))


@dataclass(frozen=True)
class Piecewise:
    """Constant pieces: `values[k]` on [edges[k], edges[k+1]), zero outside."""

    edges: tuple[float, ...]
    values: tuple[float, ...]

    def __post_init__(self) -> None:
        """Check the lengths and the order."""
        if len(self.edges) != len(self.values) + 1:
            raise SpecError(
                f"{len(self.values)} pieces need {len(self.values) + 1} edges, but there are {len(self.edges)}."
            )
        if not np.all(np.isfinite([*self.edges, *self.values])):
            raise SpecError("The edges and values of an envelope must be finite.")
        if np.any(np.diff(self.edges) <= 0):
            raise SpecError(f"The edges of an envelope must increase, but they are {list(self.edges)}.")

    @property
    def constant(self) -> bool:
        """False: it is constant only between breakpoints."""
        return False

    @property
    def stepwise(self) -> bool:
        """Whether the value is constant between breakpoints."""
        return True

    def value(self, t: float) -> float:
        """The piece that holds t."""
        k = int(np.searchsorted(self.edges, t, side="right")) - 1
        return float(self.values[k]) if 0 <= k < len(self.values) else 0.0

    def breakpoints(self, duration: float) -> tuple[float, ...]:
        """All edges."""
        return _inside(list(self.edges), duration)

    def max_step(self, t: float) -> float:
        """Unlimited between edges."""
        return np.inf

    def peak(self, duration: float) -> float:
        """Largest modulus of the values."""
        return float(max(abs(v) for v in self.values))


@dataclass(frozen=True)
class Table:
    """Linear interpolation of (times, values), held constant outside the table."""

    times: tuple[float, ...]
    values: tuple[float, ...]

    def __post_init__(self) -> None:
        """Check the lengths and the order."""
        if len(self.times) != len(self.values) or len(self.times) < 2:
            raise SpecError(
                f"A table needs as many values as times, two at least; it has {len(self.times)} and {len(self.values)}."
            )
        if not np.all(np.isfinite([*self.times, *self.values])):
            raise SpecError("The times and values of an envelope must be finite.")
        if np.any(np.diff(self.times) <= 0):
            raise SpecError("The times of a tabulated envelope must increase.")

    @property
    def constant(self) -> bool:
        """Whether all values are equal."""
        return len(set(self.values)) == 1

    @property
    def stepwise(self) -> bool:
        """Whether the value is constant between breakpoints."""
        return self.constant

    def value(self, t: float) -> float:
        """Linear interpolation."""
        return float(np.interp(t, self.times, self.values))

    def breakpoints(self, duration: float) -> tuple[float, ...]:
        """All table times."""
        return _inside(list(self.times), duration)

    def max_step(self, t: float) -> float:
        """Unlimited between table times: the function is linear there."""
        return np.inf

    def peak(self, duration: float) -> float:
        """Largest modulus of the values."""
        return float(max(abs(v) for v in self.values))


@dataclass(frozen=True)
class Function:
    """A user's Python function f(t), real; never written in a spec file.

    Attributes:
        function: the callable.
        step: the longest step that cannot miss a feature of it: the user must say.
        breaks: times at which it jumps or kinks.
        bound: an upper bound of |f|, for the power bounds.
    """

    function: Callable[[float], float]
    step: float
    breaks: tuple[float, ...] = ()
    bound: float = np.nan

    def __post_init__(self) -> None:
        """Check the step."""
        _finite("The longest step of a function envelope", self.step, positive=True)

    @property
    def constant(self) -> bool:
        """False."""
        return False

    @property
    def stepwise(self) -> bool:
        """Whether the value is constant between breakpoints."""
        return False

    def value(self, t: float) -> float:
        """The function.

        Raises:
            SpecError: if it returns a number that is complex or not finite.
        """
        v = complex(self.function(t))
        if v.imag != 0 or not np.isfinite(v.real):
            raise SpecError(f"An envelope must return a real finite number, but f({t:.6g}) = {v!r}.")
        return v.real

    def breakpoints(self, duration: float) -> tuple[float, ...]:
        """The stated breaks."""
        return _inside(list(self.breaks), duration)

    def max_step(self, t: float) -> float:
        """The stated step."""
        return self.step

    def peak(self, duration: float) -> float:
        """The stated bound."""
        return self.bound


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
    envelope: Envelope = Constant()
    battery: bool = True
    collisions: int = 0

    def __post_init__(self) -> None:
        """Check kind and duration."""
        if self.kind not in ("charge", "store", "discharge"):
            raise SpecError(f"A stage is 'charge', 'store' or 'discharge', but it is {self.kind!r}.")
        if not np.isfinite(self.duration) or self.duration < 0:
            raise SpecError(f"The duration of a stage must be finite and not negative, but it is {self.duration!r}.")
        if self.kind == "store" and self.envelope != Constant():
            raise SpecError("A 'store' stage has the charger switched off, so it takes no envelope; remove it.")
        n = self.collisions
        if isinstance(n, bool) or not isinstance(n, Integral) or n < 0:
            raise SpecError(f"The number of collisions must be a whole number, 0 or more, but it is {n!r}.")
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
        """Refuse an empty protocol."""
        if not self.stages:
            raise SpecError("A protocol needs at least one stage.")

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
    return Protocol((Stage("charge", duration, envelope or Constant(), battery),))


def collisions(count: int, duration: float = 1.0, *, battery: bool = False) -> Protocol:
    r"""Repeated interactions: `count` times, a fresh copy of the charger meets the battery for `duration`.

    .. math:: \rho_k = \mathrm{tr}_C\!\left[e^{-iH\tau}\,(\rho_{k-1}\otimes\rho_C)\,e^{iH\tau}\right]

    Args:
        count: number of collisions, >= 1.
        duration: :math:`\tau`, of each.
        battery: whether H_B acts meanwhile. Off by default: collision models are written in the rotating frame of a
            charger in resonance, in which every copy arrives with the same phase.
    """
    if count < 1:
        raise SpecError(f"There must be one collision or more, but the number is {count!r}.")
    return Protocol((Stage("charge", duration * count, battery=battery, collisions=count),))
