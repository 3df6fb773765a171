"""`Spec`: the file form of a problem. Pure data: nothing in it is evaluated, and an unknown key is refused."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Literal

from pydantic import Field, field_validator

from qsb.charging import protocol
from qsb.charging.problem import Problem
from qsb.errors import SpecError
from qsb.models import MODELS
from qsb.runs.document import Document, at, axis_names, table_of
from qsb.runs.forms import ChannelForm, RangeForm, SaveForm, SolveForm, StageForm, StartForm
from qsb.runs.refusal import advice

if TYPE_CHECKING:
    from qsb.runs.stellar.spec import StellarSpec

#: what a file may describe; the first is meant where it does not say
KINDS = ("charging", "stellar")


class Spec(Document):
    """A problem, what to compute of it, and axes to sweep, as data.

    Attributes:
        title: for people.
        model: ``name`` is a key of `qsb.models.MODELS`; the other keys are that function's arguments.
        start: the initial state.
        channel: the environment.
        stage: the protocol, in order.
        save: save times and figures of merit.
        solve: tolerance, representation, memory, seed.
        sweep: dotted path -> values, a list or ``{start, stop, num}``.
        kind: what the file describes; "stellar" is for `qsb.runs.stellar.spec.StellarSpec`.
    """

    optional: ClassVar[tuple[str, ...]] = ("start", "save", "solve")

    title: str = ""
    model: dict[str, Any]
    start: StartForm = StartForm()
    channel: list[ChannelForm] = Field(default_factory=list)
    stage: Annotated[list[StageForm], Field(min_length=1)]
    save: SaveForm = SaveForm()
    solve: SolveForm = SolveForm()
    sweep: dict[str, Annotated[list[Any], Field(min_length=1)] | RangeForm] = Field(default_factory=dict)
    kind: Literal["charging"] = "charging"

    @field_validator("model")
    @classmethod
    def _known_model(cls, table: dict[str, Any]) -> dict[str, Any]:
        name = table.get("name")
        if name not in MODELS:
            raise ValueError(f"name = {name!r} is no model{advice(name, _file_models())}")
        if name == "custom":
            raise ValueError("name = 'custom' takes operators, not text: use qsb.models.custom in Python")
        known = _arguments(MODELS[name])
        for key in table:
            if key not in known and key != "name":
                raise ValueError(f"unknown key {key!r}{advice(key, known)}")
        missing = [k for k, p in known.items() if p.default is inspect.Parameter.empty and k not in table]
        if missing:
            raise ValueError(f"the model {name!r} needs {', '.join(missing)}")
        return table

    @property
    def figures(self) -> tuple[str, ...]:
        """Names of the time series."""
        return tuple(self.save.figures)

    @property
    def subset(self) -> tuple[int, ...]:
        """Cells of ``subset_ergotropy``."""
        return tuple(self.save.cells)

    @property
    def cut(self) -> int | None:
        """First cells on one side of the cut of ``entanglement_entropy``."""
        return self.save.cut

    def problem(self) -> Problem:
        """The problem.

        Raises:
            SpecError: on an impossible value, with the path of its table.
            StructureError: on ill-defined physics, likewise.
        """
        with at("start"):
            start = self.start.start()
        with at("model"):
            given = {k: v for k, v in self.model.items() if k != "name"}
            battery = MODELS[self.model["name"]](**given, start=start)
        channels, stages = [], []
        for i, channel in enumerate(self.channel):
            with at(f"channel.{i}"):
                channels.append(channel.channel())
        for i, stage in enumerate(self.stage):
            with at(f"stage.{i}"):
                stages.append(stage.stage())
        whole = protocol.Protocol(tuple(stages))
        return Problem(battery, whole, tuple(channels), self.save.grid(whole.duration))


def load_spec(source: Any) -> Spec | StellarSpec:
    """Read a spec: a path of a TOML file, TOML text, or a mapping; its ``kind`` says which sort it is.

    Raises:
        SpecError: names the path of the key, its value, and the nearest valid key or what is allowed.
    """
    if isinstance(source, Document):
        return source  # type: ignore[return-value]
    table = table_of(source)
    kind = table.get("kind", KINDS[0])
    if kind not in KINDS:
        raise SpecError(f"kind is {kind!r}{advice(kind, KINDS)}")
    if kind == "stellar":
        from qsb.runs.stellar.spec import StellarSpec

        return StellarSpec.of(table)
    return Spec.of(table)


def _file_models() -> list[str]:
    return [name for name in MODELS if name != "custom"]


def _arguments(model: Callable[..., Any]) -> dict[str, inspect.Parameter]:
    """Arguments of a model that a file may give."""
    return {k: p for k, p in inspect.signature(model).parameters.items() if k != "start"}


__all__ = ["Spec", "axis_names", "load_spec"]
