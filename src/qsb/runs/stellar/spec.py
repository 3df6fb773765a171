"""`StellarSpec`: a source, what collects its power, what stores it, and what is asked of the store, as data."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, Any, ClassVar, Literal, Self, get_args, get_origin

from pydantic import Field, ValidationError, model_validator

from qsb.errors import SpecError
from qsb.runs.document import Document, axis_names
from qsb.runs.forms import UnitRangeForm
from qsb.runs.refusal import explain, walk
from qsb.runs.stellar.forms import (
    CollectorForm,
    FlaresForm,
    LoadForm,
    RadiatorForm,
    SourceForm,
    StoreForm,
    TimeForm,
    TimelineForm,
)
from qsb.runs.stellar.measure import measure
from qsb.runs.stellar.storm_form import StormForm

_SCENE = ("source", "collector", "store", "time")


class StellarSpec(Document):
    """A stellar scene as data: a numbers' texts are turned into SI when it is read.

    Attributes:
        kind: "stellar".
        title: for people.
        source: what gives power.
        flares: how the source flares; only of a star.
        storm: harm that comes beside the power; only of a star.
        collector: what takes it up.
        store: what holds it.
        load: what is asked of the store; nothing by default.
        radiator: where waste heat leaves.
        time: how long, in how many intervals.
        timeline: published probabilities to compare; may stand alone.
        seed: of what is random.
        allow_unphysical: whether claims beyond a law of nature are computed, with a stamp on every result.
        report: name of a folder in which `qsb run` writes a report.
        reference: where the scene comes from.
        sweep: dotted path -> values, a list or ``{start, stop, num}``, whose ends may have units.
    """

    optional: ClassVar[tuple[str, ...]] = ("radiator", "load")

    kind: Literal["stellar"]
    title: str = ""
    reference: str = ""
    report: str | None = None
    seed: Annotated[int, Field(ge=0)] = 0
    allow_unphysical: bool = False
    source: SourceForm | None = None
    flares: FlaresForm | None = None
    storm: StormForm | None = None
    collector: CollectorForm | None = None
    store: StoreForm | None = None
    load: LoadForm = LoadForm(power=0.0)
    radiator: RadiatorForm = RadiatorForm()
    time: TimeForm | None = None
    timeline: TimelineForm | None = None
    sweep: dict[str, Annotated[list[Any], Field(min_length=1)] | UnitRangeForm] = Field(default_factory=dict)

    @classmethod
    def _refusal(cls, error: ValidationError) -> str:
        return explain(error, cls, walk)

    @model_validator(mode="after")
    def _whole(self) -> Self:
        given = [name for name in _SCENE if getattr(self, name) is not None]
        missing = [name for name in _SCENE if name not in given]
        if missing and (given or self.timeline is None):
            raise ValueError(f"[{'], ['.join(missing)}] must be given; a spec without a store has [timeline] alone")
        for name in ("flares", "storm"):
            if getattr(self, name) is not None and (self.source is None or self.source.kind != "star"):
                raise ValueError(f"[{name}] needs a star: give [source] with kind = 'star'")
        if self.report is not None and (self.report in ("", ".", "..") or {"/", "\\"} & set(self.report)):
            raise ValueError(f"report = {self.report!r} is no name of a folder; use one name, e.g. 'solar-report'")
        for path, values in self.sweep.items():
            if isinstance(values, UnitRangeForm):
                try:
                    values.ends(self._reader(path))
                except (SpecError, ValueError) as error:
                    raise ValueError(f"sweep.{path}: {error}") from error
        return self

    def axes(self) -> dict[str, list[Any]]:
        """Swept paths and their values; those of ranges in SI."""
        return {
            path: v.values(self._reader(path)) if isinstance(v, UnitRangeForm) else list(v)
            for path, v in self.sweep.items()
        }

    def _reader(self, path: str) -> Callable[[str], float]:
        """What reads a text in the unit of a dotted path."""

        def read(text: str) -> float:
            if not self._leads(path):
                raise SpecError("there is no such key in this spec, so that its unit is not known")
            return measure(text, self.unit_of(path) or "")

        return read

    def to_dict(self) -> dict[str, Any]:
        """The keys that were given, as plain data in SI."""
        found: dict[str, Any] = self.model_dump(exclude_unset=True, exclude_none=True, mode="json")
        return found

    def points(self) -> list[tuple[dict[str, Any], Self]]:
        """As of every spec; swept numbers with units stand in the coordinates in SI.

        Raises:
            SpecError: as `Document.points`.
        """
        found = []
        names = dict(zip(self.axes(), axis_names(list(self.axes())), strict=True))
        for coordinates, point in super().points():
            read = {names[path]: _value(point, path) for path in names}
            found.append(({**coordinates, **read}, point))
        return found

    def unit_of(self, path: str) -> str | None:
        """SI unit of the number at a dotted path; empty where it has none."""
        field = getattr(type(self._table(path)), "model_fields", {}).get(path.rpartition(".")[2])
        return "" if field is None else _unit(field)

    def _table(self, path: str) -> Any:
        """The table, list or free table that holds the last key of a dotted path; None where it leads nowhere."""
        here: Any = self
        for part in path.split(".")[:-1]:
            if isinstance(here, list):
                here = here[int(part)] if part.isdigit() and int(part) < len(here) else None
            else:
                here = here.get(part) if isinstance(here, dict) else getattr(here, part, None)
        return here

    def _leads(self, path: str) -> bool:
        """Whether a dotted path leads to a key that the spec may have."""
        table = self._table(path)
        return isinstance(table, dict | list) or path.rpartition(".")[2] in getattr(type(table), "model_fields", {})


def _value(spec: StellarSpec, path: str) -> Any:
    """The value at a dotted path, as the spec holds it."""
    here: Any = spec
    for part in path.split("."):
        if isinstance(here, list):
            here = here[int(part)]
        else:
            here = here[part] if isinstance(here, dict) else getattr(here, part)
    return here


def _unit(field: Any) -> str:
    """The unit that a field's annotation names."""
    waiting = [*field.metadata, field.annotation]
    while waiting:
        here = waiting.pop()
        if isinstance(here, str):
            return here
        waiting.extend(getattr(here, "__metadata__", ()))
        if get_origin(here) is not Literal:  # whose arguments are words of the file
            waiting.extend(get_args(here))
    return ""


__all__ = ["StellarSpec"]
