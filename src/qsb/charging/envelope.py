"""`Envelope`: the functions of time that switch a charger, a drive or a rate.

Every envelope knows its breakpoints and the longest step that cannot miss it, so that no integrator skips a
pulse.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol, runtime_checkable

import numpy as np
from numpy.typing import NDArray

from qsb import checks
from qsb.errors import SpecError

#: narrowest pulse, relative to the time of its centre: a thousand floats lie within a width
_LEAST_WIDTH = 2.0**-42


@runtime_checkable
class Envelope(Protocol):
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


def _inside(times: Sequence[float], duration: float) -> tuple[float, ...]:
    return tuple(sorted({float(t) for t in times if 0.0 < t < duration}))


def _row(name: str, values: object) -> NDArray[np.float64]:
    """A list of finite real numbers."""
    found = checks.numbers(name, values)
    if found.ndim != 1:
        raise SpecError(f"{name} must be a list of numbers, but their shape is {found.shape}.")
    return found


@dataclass(frozen=True)
class Constant:
    """f(t) = amplitude."""

    amplitude: float = 1.0

    def __post_init__(self) -> None:
        """Check the number."""
        checks.number("The amplitude of an envelope", self.amplitude)

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
            checks.number(f"The {name} of an envelope", v)

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
        centre = checks.number("The centre of a pulse", self.centre)
        checks.number("The amplitude of a pulse", self.amplitude)
        width = checks.number("The width of a pulse", self.width, positive=True)
        if width < _LEAST_WIDTH * max(abs(centre), np.finfo(float).tiny / _LEAST_WIDTH):
            raise SpecError(
                f"A pulse of width {width:g} around t = {centre:g} is too narrow for floating-point times, which lie "
                f"{np.spacing(abs(centre)):.1g} apart there; make it wider, {_LEAST_WIDTH * abs(centre):.1g} at least, "
                "or start its stage closer to it."
            )

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
        # beyond 40 widths it is below the smallest float; far beyond, the square would leave the range
        away = min(abs(t - self.centre), 40 * self.width) / self.width
        return float(self.amplitude * np.exp(-(away**2) / 2))

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
class _Rise:
    """From `start` at t = 0 to `end` at t = `duration`, constant after."""

    start: float
    end: float
    duration: float

    def __post_init__(self) -> None:
        """Check the numbers."""
        checks.number("The start of a ramp", self.start)
        checks.number("The end of a ramp", self.end)
        checks.number("The duration of a ramp", self.duration, positive=True)

    @property
    def constant(self) -> bool:
        """Whether start and end are equal."""
        return self.start == self.end

    @property
    def stepwise(self) -> bool:
        """Whether the value is constant between breakpoints."""
        return self.constant

    def breakpoints(self, duration: float) -> tuple[float, ...]:
        """The end of the ramp."""
        return _inside([self.duration], duration)

    def max_step(self, t: float) -> float:
        """A quarter of the ramp while it lasts."""
        return self.duration / 4 if t < self.duration else np.inf

    def peak(self, duration: float) -> float:
        """The larger modulus of both ends."""
        return max(abs(self.start), abs(self.end))

    def _passed(self, t: float) -> float:
        """The part of the ramp that is over, 0 to 1."""
        return min(max(t / self.duration, 0.0), 1.0)


@dataclass(frozen=True)
class Ramp(_Rise):
    """Linear from `start` at t = 0 to `end` at t = `duration`, constant after."""

    def value(self, t: float) -> float:
        """The ramp."""
        return float(self.start + (self.end - self.start) * self._passed(t))


@dataclass(frozen=True)
class SineRamp(_Rise):
    r"""From `start` to `end` as :math:`\sin^2\frac{\pi t}{2T}`, T = `duration`, constant after: level at both ends."""

    def value(self, t: float) -> float:
        """The ramp."""
        risen = float(np.sin(np.pi / 2 * self._passed(t)) ** 2)
        return float(self.start * (1 - risen) + self.end * risen)


@dataclass(frozen=True)
class Piecewise:
    """Constant pieces: `values[k]` on [edges[k], edges[k+1]), zero outside."""

    edges: tuple[float, ...]
    values: tuple[float, ...]

    def __post_init__(self) -> None:
        """Check the lengths and the order."""
        edges, values = _row("The edges of an envelope", self.edges), _row("The values of an envelope", self.values)
        if len(edges) != len(values) + 1 or not len(values):
            raise SpecError(
                f"{len(values)} pieces need {len(values) + 1} edges, and there is one piece at least, but there are "
                f"{len(edges)} edges."
            )
        back = np.flatnonzero(np.diff(edges) <= 0)
        if len(back):
            k = int(back[0])
            raise SpecError(f"The edges of an envelope must increase, but {edges[k + 1]:g} comes after {edges[k]:g}.")
        object.__setattr__(self, "edges", tuple(edges.tolist()))
        object.__setattr__(self, "values", tuple(values.tolist()))

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
        k = bisect_right(self.edges, t) - 1
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
        times, values = _row("The times of an envelope", self.times), _row("The values of an envelope", self.values)
        if len(times) != len(values) or len(times) < 2:
            raise SpecError(
                f"A table needs as many values as times, two at least; it has {len(times)} and {len(values)}."
            )
        if np.any(np.diff(times) <= 0):
            raise SpecError("The times of a tabulated envelope must increase.")
        object.__setattr__(self, "times", tuple(times.tolist()))
        object.__setattr__(self, "values", tuple(values.tolist()))

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
        k = bisect_right(self.times, t)
        if k == 0 or k == len(self.times):
            return self.values[0 if k == 0 else -1]
        a, b = self.times[k - 1], self.times[k]
        return self.values[k - 1] + (self.values[k] - self.values[k - 1]) * ((t - a) / (b - a))

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
        checks.number("The longest step of a function envelope", self.step, positive=True)
        if not callable(self.function):
            raise SpecError(f"A function envelope needs a function of t, but it is {self.function!r}.")
        breaks = _row("The breaks of a function envelope", self.breaks)
        object.__setattr__(self, "breaks", tuple(breaks.tolist()))
        if not (isinstance(self.bound, float) and np.isnan(self.bound)):
            checks.number("The bound of a function envelope", self.bound, least=0.0)

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
        found = self.function(t)
        try:
            v = complex(found)
        except (TypeError, ValueError) as error:
            raise SpecError(f"An envelope must return a real finite number, but f({t:.6g}) = {found!r}.") from error
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
