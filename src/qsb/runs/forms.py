"""The tables of a spec file: their keys, types and defaults. What the numbers mean is checked by what they become."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, Any, Literal, Self, get_args

import numpy as np
from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, model_validator

from qsb.algebra.states import ModeStart, Start
from qsb.charging import environment, protocol
from qsb.charging.envelope import Constant, Envelope, Gaussian, Piecewise, Ramp, SineRamp, Sinusoidal, Table
from qsb.errors import PlanError, SpecError
from qsb.runs.figures import DEFAULT_FIGURES
from qsb.units import format_bytes

#: most save times of one run, and most values of one range: 800 MB of numbers a figure
MOST_TIMES = 10**8


def check_points(points: int, what: str = "save times") -> None:
    """Refuse an absurd number of points before they are written down.

    Raises:
        PlanError: with the bytes of one row of them.
    """
    if points > MOST_TIMES:
        needed = 8 * points
        raise PlanError(
            f"{points} {what} need {format_bytes(needed)} for each row of numbers; ask for {MOST_TIMES} at most.",
            needed,
        )


class Form(BaseModel):
    """A table that knows all its keys."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)


class TaggedForm(Form):
    """A table with a kind."""

    @classmethod
    def kind_of(cls) -> str:
        """The word that chooses this table."""
        return str(get_args(cls.model_fields["kind"].annotation)[0])


class ConstantForm(TaggedForm):
    """`qsb.charging.Constant`."""

    kind: Literal["constant"]
    amplitude: float = 1.0

    def envelope(self) -> Envelope:
        """The envelope."""
        return Constant(self.amplitude)


class CosineForm(TaggedForm):
    """`qsb.charging.Sinusoidal`: both rotating terms are kept."""

    kind: Literal["cosine"]
    frequency: float
    phase: float = 0.0
    amplitude: float = 1.0

    def envelope(self) -> Envelope:
        """The envelope."""
        return Sinusoidal(self.frequency, self.phase, self.amplitude)


class GaussianForm(TaggedForm):
    """`qsb.charging.Gaussian`."""

    kind: Literal["gaussian"]
    centre: float
    width: float
    amplitude: float = 1.0

    def envelope(self) -> Envelope:
        """The envelope."""
        return Gaussian(self.centre, self.width, self.amplitude)


class RampForm(TaggedForm):
    """`qsb.charging.Ramp`."""

    kind: Literal["ramp"]
    start: float
    end: float
    duration: float

    def envelope(self) -> Envelope:
        """The envelope."""
        return Ramp(self.start, self.end, self.duration)


class SineRampForm(TaggedForm):
    """`qsb.charging.SineRamp`."""

    kind: Literal["sine-ramp"]
    start: float
    end: float
    duration: float

    def envelope(self) -> Envelope:
        """The envelope."""
        return SineRamp(self.start, self.end, self.duration)


class PiecewiseForm(TaggedForm):
    """`qsb.charging.Piecewise`."""

    kind: Literal["piecewise"]
    edges: list[float]
    values: list[float]

    def envelope(self) -> Envelope:
        """The envelope."""
        return Piecewise(tuple(self.edges), tuple(self.values))


class TableForm(TaggedForm):
    """`qsb.charging.Table`."""

    kind: Literal["table"]
    times: list[float]
    values: list[float]

    def envelope(self) -> Envelope:
        """The envelope."""
        return Table(tuple(self.times), tuple(self.values))


ENVELOPES = (ConstantForm, CosineForm, GaussianForm, RampForm, SineRampForm, PiecewiseForm, TableForm)

EnvelopeForm = Annotated[
    Annotated[
        ConstantForm | CosineForm | GaussianForm | RampForm | SineRampForm | PiecewiseForm | TableForm,
        Field(discriminator="kind"),
    ],
    # envelope = "constant" is short for {kind = "constant"}
    BeforeValidator(lambda v: {"kind": v} if isinstance(v, str) else v),
]


class ChargerForm(Form):
    """How the charger begins: `qsb.algebra.states.ModeStart`."""

    state: Literal["vacuum", "fock", "coherent", "thermal", "squeezed"]
    quanta: int | None = None
    amplitude: float | list[float] | None = None
    nbar: float | None = None
    squeezing: float | list[float] | None = None

    def start(self) -> ModeStart:
        """The charger's start; an amplitude or squeezing of two numbers is a real and an imaginary part."""
        alpha, zeta = _complex("amplitude", self.amplitude), _complex("squeezing", self.squeezing)
        return ModeStart(self.state, self.quanta, alpha, self.nbar, zeta)


def _complex(name: str, value: float | list[float] | None) -> complex | None:
    """One number, or a real and an imaginary part."""
    if not isinstance(value, list):
        return value
    if len(value) != 2:
        raise SpecError(f"{name} must be one number or [real, imaginary], but it is {value!r}.")
    return complex(*value)


class StartForm(Form):
    """The initial state."""

    state: Literal["ground", "down", "up", "thermal", "product"] = "ground"
    temperature: float | None = None
    bloch: list[float] | list[list[float]] | None = None
    charger: ChargerForm | None = None

    @model_validator(mode="after")
    def _belongs(self) -> Self:
        for key, state in (("temperature", "thermal"), ("bloch", "product")):
            given = getattr(self, key) is not None
            if given and self.state != state:
                raise ValueError(f"{key} belongs to state = {state!r}, but the state is {self.state!r}; remove it")
            if not given and self.state == state:
                raise ValueError(f"state = {state!r} needs {key}")
        return self

    def start(self) -> Start:
        """The start."""
        bloch = None if self.bloch is None else np.asarray(self.bloch, dtype=float)
        charger = None if self.charger is None else self.charger.start()
        return Start(self.state, self.temperature, bloch, charger=charger)


class ChannelForm(Form):
    """One channel of the environment."""

    kind: Literal["emission", "pumping", "dephasing", "thermal"]
    rate: float | list[float]
    on: str = "battery"
    collective: bool = False
    nbar: float | list[float] | None = None
    temperature: float | None = None
    envelope: EnvelopeForm | None = None

    def channel(self) -> environment.Channel:
        """The channel."""
        return environment.Channel(
            self.kind,
            self.rate if isinstance(self.rate, float | int) else np.asarray(self.rate),
            self.on,
            self.collective,
            self.nbar if self.nbar is None or isinstance(self.nbar, float | int) else np.asarray(self.nbar),
            self.temperature,
            envelope=None if self.envelope is None else self.envelope.envelope(),
        )


class StageForm(Form):
    """One stage of the protocol."""

    kind: Literal["charge", "store", "discharge"] = "charge"
    duration: float
    envelope: EnvelopeForm = ConstantForm(kind="constant")
    battery: bool = True
    collisions: Annotated[int, Field(ge=0)] = 0

    def stage(self) -> protocol.Stage:
        """The stage."""
        return protocol.Stage(self.kind, self.duration, self.envelope.envelope(), self.battery, self.collisions)


class SaveForm(Form):
    """What is kept, and when."""

    points: Annotated[int, Field(ge=1)] | None = None
    times: list[float] | None = None
    figures: list[str] = list(DEFAULT_FIGURES)
    cells: list[int] = []
    cut: int | None = None
    charging_time_of: str = "stored_energy"
    peaks: bool = True
    steady: bool = False

    @model_validator(mode="after")
    def _one_grid(self) -> Self:
        if self.points is not None and self.times is not None:
            raise ValueError("give points or times, not both")
        return self

    def grid(self, duration: float) -> np.ndarray[Any, np.dtype[np.float64]]:
        """The save times; the end alone for one point."""
        if self.times is not None:
            return np.asarray(self.times, dtype=float)
        points = self.points or 201
        check_points(points)
        if duration == 0 or points == 1:
            return np.array([duration], dtype=float)
        return np.linspace(0.0, duration, points)


class SolveForm(Form):
    """How it is solved."""

    tolerance: float | None = None
    representation: str = "auto"
    integrator: str = "auto"
    memory: int | str = "4 GiB"
    samples: Annotated[int, Field(ge=2)] | None = None
    bond: Annotated[int, Field(ge=1)] | None = None
    seed: Annotated[int, Field(ge=0)] = 0


class RangeForm(Form):
    """An axis from start to stop, both included."""

    start: float | int
    stop: float | int
    num: Annotated[int, Field(ge=1)]
    spacing: Literal["linear", "log"] = "linear"

    @model_validator(mode="after")
    def _positive(self) -> Self:
        if self.spacing == "log" and not (self.start > 0 and self.stop > 0):
            raise ValueError("a logarithmic range needs a positive start and stop")
        return self

    def values(self) -> list[Any]:
        """The values; whole numbers where both ends are and all values are."""
        return _between(self.start, self.stop, self.num, self.spacing)


class UnitRangeForm(Form):
    """An axis from start to stop, both included, whose ends may be texts with units."""

    start: float | int | str
    stop: float | int | str
    num: Annotated[int, Field(ge=1)]
    spacing: Literal["linear", "log"] = "linear"

    def ends(self, read: Callable[[str], float]) -> tuple[float | int, float | int]:
        """Both ends as numbers.

        Args:
            read: what makes a number of a text.

        Raises:
            ValueError: a logarithmic range that is not positive; and what `read` raises.
        """
        start, stop = (read(end) if isinstance(end, str) else end for end in (self.start, self.stop))
        if self.spacing == "log" and not (start > 0 and stop > 0):
            raise ValueError("a logarithmic range needs a positive start and stop")
        return start, stop

    def values(self, read: Callable[[str], float]) -> list[Any]:
        """The values, as those of `RangeForm`."""
        return _between(*self.ends(read), self.num, self.spacing)


def _between(start: float | int, stop: float | int, num: int, spacing: str) -> list[Any]:
    """Values from start to stop; whole numbers where both ends are and all values are."""
    check_points(num, "values of a range")
    make = np.geomspace if spacing == "log" else np.linspace
    values = make(start, stop, num)
    if isinstance(start, int) and isinstance(stop, int) and np.all(values == np.round(values)):
        return [int(v) for v in values]
    return [float(v) for v in values]
