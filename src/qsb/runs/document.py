"""What every spec file can do, whatever it describes: come from TOML, go back to it, and be swept."""

from __future__ import annotations

import itertools
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, Self

import numpy as np
import tomlkit
from pydantic import ValidationError

from qsb.errors import QsbError, SpecError
from qsb.runs.forms import Form, RangeForm
from qsb.runs.refusal import advice, explain

#: a sweep with more points than this is refused: it is a typing error more often than a plan
MOST_POINTS = 1_000_000


class Document(Form):
    """The common part of specs; a subclass has the keys ``title`` and ``sweep``."""

    #: tables that a sweep may reach into though the file leaves them out
    optional: ClassVar[tuple[str, ...]] = ()

    if TYPE_CHECKING:  # declared by the subclasses, so that each keeps its own order of keys
        title: str
        sweep: dict[str, Any]

    @classmethod
    def of(cls, source: Any) -> Self:
        """A spec from a spec, a mapping, a path, or TOML text.

        Raises:
            SpecError: names the path of the key, its value, and the nearest valid key or what is allowed.
        """
        if isinstance(source, cls):
            return source
        try:
            return cls.model_validate(table_of(source))
        except ValidationError as error:
            raise SpecError(cls._refusal(error)) from error

    @classmethod
    def _refusal(cls, error: ValidationError) -> str:
        """The sentences about what is wrong."""
        return explain(error, cls)

    def to_dict(self) -> dict[str, Any]:
        """The keys that were given, as plain data."""
        return self.model_dump(exclude_unset=True, exclude_none=True)

    def to_toml(self) -> str:
        """The spec as TOML; `of` reads back an equal spec."""
        return tomlkit.dumps(_tables_last(self.to_dict()))

    def axes(self) -> dict[str, list[Any]]:
        """Swept paths and their values; empty without a sweep."""
        return {path: v.values() if isinstance(v, RangeForm) else list(v) for path, v in self.sweep.items()}

    def unit_of(self, path: str) -> str | None:
        """SI unit of the number at a dotted path; None where the numbers of a spec have no SI units."""
        return None

    def points(self) -> list[tuple[dict[str, Any], Self]]:
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
            table = plain(bare)
            for path, value in zip(axes, values, strict=True):
                _put(table, path, value, self.optional)
            coordinates = dict(zip(names, values, strict=True))
            with at(f"sweep, at the point {', '.join(f'{k} = {v}' for k, v in coordinates.items())}"):
                out.append((coordinates, type(self).of(table)))
        return out


class at:
    """Puts the path of a table in front of an error that is raised inside."""

    def __init__(self, path: str) -> None:
        self.path = path

    def __enter__(self) -> None:
        return None

    def __exit__(self, kind: Any, error: BaseException | None, trace: Any) -> None:
        if isinstance(error, QsbError) and type(error).__init__ is Exception.__init__:
            raise type(error)(f"{self.path}: {error}") from error


def table_of(source: Any) -> dict[str, Any]:
    """Plain data of a mapping, or of TOML in a path or a text; a text has a line break or an equals sign.

    Raises:
        SpecError: no such file, one that cannot be read, or what is no TOML.
    """
    if isinstance(source, Mapping):
        found: dict[str, Any] = plain(source)
        return found
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


def plain(value: Any) -> Any:
    """A deep copy of lists, tables and plain numbers; arrays become lists."""
    if isinstance(value, Mapping):
        return {str(k): plain(v) for k, v in value.items()}
    if isinstance(value, np.ndarray | np.generic):
        return value.tolist()
    if isinstance(value, list | tuple):
        return [plain(v) for v in value]
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


def axis_names(paths: list[str]) -> list[str]:
    """Names of swept axes: the last part of each path, or the whole path where two would share it."""
    last = [p.rpartition(".")[2] for p in paths]
    return [
        name if last.count(name) == 1 and not name.isdigit() else path for name, path in zip(last, paths, strict=True)
    ]


def _put(table: dict[str, Any], path: str, value: Any, optional: tuple[str, ...]) -> None:
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
            elif k == 0 and part in optional:
                here = here.setdefault(part, {})
            else:
                raise SpecError(f"sweep.{path}: there is no {'.'.join(way[: k + 1])}{advice(part, here)}")
        else:
            raise SpecError(f"sweep.{path}: {'.'.join(way[:k])} is a value, so it has no {part!r}.")


__all__ = ["MOST_POINTS", "Document", "at", "axis_names", "plain", "table_of"]
