"""Every number that a stellar spec puts in, with unit, source and status: what a report lists."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from qsb.runs.forms import Form
from qsb.runs.stellar.forms import PulsarForm
from qsb.runs.stellar.parts import Part, weakest
from qsb.runs.stellar.spec import StellarSpec
from qsb.stellar.pulsar import ATNF, BRAKING, Pulsar
from qsb.stellar.status import Status

__all__ = ["Input", "inputs_of"]

#: a table -> the part of the run whose status its numbers share; a part's name is that of its table elsewhere
_PARTS = {"passive_loss": "passive loss", "absorber": "absorber", "shade": "collector"}
#: choices of the scene rather than knowledge
_CHOSEN = ("load", "radiator", "time")


@dataclass(frozen=True)
class Input:
    """One number, or word, of a spec.

    Attributes:
        path: dotted, as in the file.
        value: in SI.
        unit: SI, empty for pure numbers and words.
        source: where it comes from.
        status: how far it can be trusted.
    """

    path: str
    value: Any
    unit: str
    source: str
    status: Status


def inputs_of(spec: StellarSpec, parts: tuple[Part, ...]) -> tuple[Input, ...]:
    """All numbers and words of a spec, defaults among them, in the order of its tables."""
    found: list[Input] = []
    for name in ("source", "flares", "storm", "collector", "store", "load", "radiator", "time", "timeline"):
        form = getattr(spec, name)
        if form is not None and (name == "timeline" or spec.store is not None):
            given = name in spec.model_fields_set
            found += _walk(spec, form, name, {part.name: part for part in parts}, "", given)
    return tuple(found)


def _walk(
    spec: StellarSpec, form: Form, path: str, parts: dict[str, Part], reference: str, given: bool
) -> Iterator[Input]:
    """Numbers of a table and of those below it."""
    own = getattr(form, "reference", "") or reference
    for key in type(form).model_fields:
        value = getattr(form, key)
        if key in ("reference", "status") or value is None or value == {}:
            continue
        if isinstance(form, PulsarForm) and form.name is not None and key in ("moment_of_inertia", "braking_index"):
            continue  # the name fixes them
        here = f"{path}.{key}"
        said = given and key in form.model_fields_set
        if isinstance(value, Form):
            yield from _walk(spec, value, here, parts, own, said)
            continue
        if isinstance(value, list) and value and isinstance(value[0], Form):
            for k, entry in enumerate(value):
                yield from _walk(spec, entry, f"{here}.{k}", parts, own, said)
            continue
        entries = value.items() if isinstance(value, dict) else [("", value)]
        for word, entry in entries:
            source = "default" if not said else own or "given in the spec"
            place = f"{here}.{word}" if word else here
            status = _status(path, parts)
            if not (said and own):  # a choice without a reference is no firmer than an estimate
                status = weakest((status, Status.ENGINEERING))
            yield Input(place, entry, spec.unit_of(here) or "", source, status)
    if isinstance(form, PulsarForm) and form.name is not None:
        yield from _pulsar(spec, form.name, path)


def _pulsar(spec: StellarSpec, name: str, path: str) -> Iterator[Input]:
    """The numbers that the name of a pulsar stands for."""
    star = Pulsar.known(name)
    told = {
        "period": (star.period, ATNF, Status.MEASURED),
        "period_derivative": (star.period_derivative, ATNF, Status.MEASURED),
        "moment_of_inertia": (star.moment_of_inertia, "a round number, good to a factor of two", Status.ENGINEERING),
        "braking_index": (star.braking_index, BRAKING[name], Status.ENGINEERING),
    }
    for key, (value, source, status) in told.items():
        yield Input(f"{path}.{key}", value, spec.unit_of(f"{path}.{key}") or "", source, status)


def _status(path: str, parts: dict[str, Part]) -> Status:
    """Status of the numbers of a table: that of the nearest part that is made of it."""
    tables = path.split(".")
    if tables[0] in _CHOSEN:
        return Status.ENGINEERING
    for table in reversed(tables):
        name = _PARTS.get(table, table)
        if name in parts:
            return parts[name].status
    return Status.SPECULATIVE
