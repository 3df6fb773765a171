"""`Spec`: the file form of a problem. Pure data: nothing in it is evaluated, and an unknown key is refused."""

from __future__ import annotations

import inspect
import itertools
import tomllib
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Annotated, Any

import numpy as np
import tomlkit
from pydantic import Field, ValidationError, field_validator

from qsb.charging import protocol
from qsb.charging.problem import Problem
from qsb.errors import QsbError, SpecError
from qsb.models import MODELS
from qsb.runs.forms import ChannelForm, Form, RangeForm, SaveForm, SolveForm, StageForm, StartForm
from qsb.runs.refusal import advice, explain

#: a sweep with more points than this is refused: it is a typing error more often than a plan
MOST_POINTS = 1_000_000


class Spec(Form):
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
    """

    title: str = ""
    model: dict[str, Any]
    start: StartForm = StartForm()
    channel: list[ChannelForm] = Field(default_factory=list)
    stage: Annotated[list[StageForm], Field(min_length=1)]
    save: SaveForm = SaveForm()
    solve: SolveForm = SolveForm()
    sweep: dict[str, Annotated[list[Any], Field(min_length=1)] | RangeForm] = Field(default_factory=dict)

    @classmethod
    def of(cls, source: Any) -> Spec:
        """A spec from a spec, a mapping, a path, or TOML text.

        Raises:
            SpecError: names the path of the key, its value, and the nearest valid key or what is allowed.
        """
        if isinstance(source, Spec):
            return source
        table = _plain(source) if isinstance(source, Mapping) else _parse(source)
        try:
            return cls.model_validate(table)
        except ValidationError as error:
            raise SpecError(explain(error, cls)) from error

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
        with _at("start"):
            start = self.start.start()
        with _at("model"):
            given = {k: v for k, v in self.model.items() if k != "name"}
            battery = MODELS[self.model["name"]](**given, start=start)
        channels, stages = [], []
        for i, channel in enumerate(self.channel):
            with _at(f"channel.{i}"):
                channels.append(channel.channel())
        for i, stage in enumerate(self.stage):
            with _at(f"stage.{i}"):
                stages.append(stage.stage())
        whole = protocol.Protocol(tuple(stages))
        return Problem(battery, whole, tuple(channels), self.save.grid(whole.duration))

    def to_dict(self) -> dict[str, Any]:
        """The keys that were given, as plain data."""
        return self.model_dump(exclude_unset=True, exclude_none=True)

    def to_toml(self) -> str:
        """The spec as TOML; `Spec.of` reads back an equal spec."""
        return tomlkit.dumps(_tables_last(self.to_dict()))

    def axes(self) -> dict[str, list[Any]]:
        """Swept paths and their values; empty without a sweep."""
        return {path: v.values() if isinstance(v, RangeForm) else list(v) for path, v in self.sweep.items()}

    def points(self) -> list[tuple[dict[str, Any], Spec]]:
        """(coordinates, spec) of every point of the sweep, last axis fastest; one point without a sweep.

        An axis is named by the last part of its path, or by its whole path where two axes would share a name.

        Raises:
            SpecError: on a path that leads nowhere, or too many points.
        """
        axes = self.axes()
        if not axes:
            return [({}, self)]
        count = int(np.prod([len(v) for v in axes.values()], dtype=object))
        if count > MOST_POINTS:
            raise SpecError(f"The sweep has {count} points; at most {MOST_POINTS} are run. Shorten its axes.")
        names = axis_names(list(axes))
        bare = {k: v for k, v in self.to_dict().items() if k != "sweep"}
        out = []
        for values in itertools.product(*axes.values()):
            table = _plain(bare)
            for path, value in zip(axes, values, strict=True):
                _put(table, path, value)
            coordinates = dict(zip(names, values, strict=True))
            with _at(f"sweep, at the point {', '.join(f'{k} = {v}' for k, v in coordinates.items())}"):
                out.append((coordinates, Spec.of(table)))
        return out


def load_spec(source: Any) -> Spec:
    """Read a spec: a path of a TOML file, TOML text, or a mapping.

    Raises:
        SpecError: names the path of the key, its value, and the nearest valid key or what is allowed.
    """
    return Spec.of(source)


class _at:
    """Puts the path of a table in front of an error that is raised inside."""

    def __init__(self, path: str) -> None:
        self.path = path

    def __enter__(self) -> None:
        return None

    def __exit__(self, kind: Any, error: BaseException | None, trace: Any) -> None:
        if isinstance(error, QsbError) and type(error).__init__ is Exception.__init__:
            raise type(error)(f"{self.path}: {error}") from error


def _parse(source: Any) -> dict[str, Any]:
    """TOML of a path or a text; a text has a line break or an equals sign."""
    if isinstance(source, str) and ("\n" in source or "=" in source):
        text, where = source, "The spec"
    elif isinstance(source, str | Path):
        where = repr(str(source))
        try:
            text = Path(source).read_text(encoding="utf-8")
        except FileNotFoundError as error:
            raise SpecError(f"There is no spec file {where}.") from error
        except (OSError, UnicodeDecodeError) as error:
            raise SpecError(f"The spec file {where} cannot be read: {error}.") from error
    else:
        raise SpecError(f"A spec is a path, TOML text or a mapping, but a {type(source).__name__} was given.")
    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise SpecError(f"{where} is not TOML: {error}.") from error


def _plain(value: Any) -> Any:
    """A deep copy of lists, tables and plain numbers; arrays become lists."""
    if isinstance(value, Mapping):
        return {str(k): _plain(v) for k, v in value.items()}
    if isinstance(value, np.ndarray | np.generic):
        return value.tolist()
    if isinstance(value, list | tuple):
        return [_plain(v) for v in value]
    return value


def _tables_last(value: Any) -> Any:
    """Plain values before tables, as TOML needs them."""
    if isinstance(value, list):
        return [_tables_last(v) for v in value]
    if not isinstance(value, dict):
        return value
    order = sorted(value, key=lambda k: _is_table(value[k]))
    return {k: _tables_last(value[k]) for k in order}


def _is_table(value: Any) -> bool:
    return isinstance(value, dict) or (isinstance(value, list) and any(isinstance(v, dict) for v in value))


def _file_models() -> list[str]:
    return [name for name in MODELS if name != "custom"]


def _arguments(model: Callable[..., Any]) -> dict[str, inspect.Parameter]:
    """Arguments of a model that a file may give."""
    return {k: p for k, p in inspect.signature(model).parameters.items() if k != "start"}


def axis_names(paths: list[str]) -> list[str]:
    """Names of swept axes: the last part of each path, or the whole path where two would share it."""
    last = [p.rpartition(".")[2] for p in paths]
    return [
        name if last.count(name) == 1 and not name.isdigit() else path for name, path in zip(last, paths, strict=True)
    ]


def _put(table: dict[str, Any], path: str, value: Any) -> None:
    """Set the value that a dotted path names; list entries by number.

    Raises:
        SpecError: if a part before the last leads nowhere.
    """
    here: Any = table
    *way, last = path.split(".")
    for k, part in enumerate([*way, last]):
        final = k == len(way)
        if isinstance(here, list):
            if not part.isdigit() or int(part) >= len(here):
                raise SpecError(
                    f"sweep.{path}: {'.'.join(way[:k])} has the entries 0..{len(here) - 1}; {part!r} is none of them."
                )
            if final:
                here[int(part)] = value
            else:
                here = here[int(part)]
        elif isinstance(here, dict):
            if final:
                here[part] = value
            elif part in here:
                here = here[part]
            elif k == 0 and part in ("start", "save", "solve"):
                here = here.setdefault(part, {})
            else:
                raise SpecError(f"sweep.{path}: there is no {'.'.join(way[: k + 1])}{advice(part, here)}")
        else:
            raise SpecError(f"sweep.{path}: {'.'.join(way[:k])} is a value, so it has no {part!r}.")


__all__ = ["Spec", "axis_names", "load_spec"]
