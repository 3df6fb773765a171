"""From pydantic's errors to sentences: the path of the key, what is wrong, the nearest valid key or what is allowed."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from difflib import get_close_matches
from typing import Any, get_args

from pydantic import ValidationError

from qsb.runs.forms import (
    ENVELOPES,
    ChannelForm,
    Form,
    RangeForm,
    SaveForm,
    SolveForm,
    StageForm,
    StartForm,
    TaggedForm,
    UnitRangeForm,
)

_FORMS: dict[str, type[Form]] = {
    "channel": ChannelForm,
    "stage": StageForm,
    "start": StartForm,
    "save": SaveForm,
    "solve": SolveForm,
    "sweep": RangeForm,
}
_ALTERNATIVES = ("RangeForm", "UnitRangeForm", "float", "int", "str")


#: from pydantic's path and the form of the whole file: the keys of the path, and the form that its last key is of
Locate = Callable[[tuple[int | str, ...], type[Form]], tuple[list[int | str], type[Form]]]


def explain(error: ValidationError, top: type[Form], locate: Locate | None = None) -> str:
    """Every fault in one sentence each; `top` is the form of the whole file."""
    return " ".join(dict.fromkeys(_sentences(error, top, locate or _locate)))


def advice(word: object, known: Sequence[str] | Mapping[str, Any]) -> str:
    """The nearest known word, or all of them."""
    near = get_close_matches(str(word), list(known), n=1, cutoff=0.5)
    return f"; did you mean {near[0]!r}?" if near else f"; known are {', '.join(known)}."


def _locate(at: tuple[int | str, ...], top: type[Form]) -> tuple[list[int | str], type[Form]]:
    """For specs of charging: unions stand under ``envelope`` alone."""
    tags = {str(form.kind_of()): form for form in ENVELOPES}
    # pydantic puts the tag and the alternative of a union into the path; they are no keys of the file
    parts = [p for k, p in enumerate(at) if not (k and at[k - 1] == "envelope" and p in tags)]
    parts = [p for p in parts if p not in _ALTERNATIVES and "[" not in str(p)]
    tag = next((str(p) for k, p in enumerate(at) if k and at[k - 1] == "envelope" and p in tags), None)
    return parts, tags[tag] if tag else _FORMS.get(str(parts[0]), top) if len(parts) > 1 else top


def walk(at: tuple[int | str, ...], top: type[Form]) -> tuple[list[int | str], type[Form]]:
    """For any form whose tables are forms, or unions of forms with a ``kind``."""
    parts: list[int | str] = []
    owner, choices = top, {"": top}
    for part in at:
        if str(part) in choices:  # the tag of a union
            choices = {"": choices[str(part)]}
            continue
        if part in _ALTERNATIVES or "[" in str(part):
            continue
        owner = choices.get("", owner)
        parts.append(part)
        if isinstance(part, str) and part in owner.model_fields:
            choices = _choices(owner.model_fields[part].annotation)
    return parts, owner


def _choices(annotation: Any) -> dict[str, type[Form]]:
    """Forms of an annotation by their tag, or one form without a tag; none for plain values."""
    found: list[type[Form]] = []
    waiting = [annotation]
    while waiting:
        here = waiting.pop()
        if isinstance(here, type) and issubclass(here, Form):
            found.append(here)
        else:
            waiting.extend(get_args(here))
    return {form.kind_of() if len(found) > 1 and issubclass(form, TaggedForm) else "": form for form in found}


def _sentences(error: ValidationError, top: type[Form], locate: Locate) -> Iterator[str]:
    for fault in error.errors():
        at = fault["loc"]
        parts, form = locate(at, top)
        path = ".".join(str(p) for p in parts)
        message = fault["msg"].removeprefix("Value error, ").rstrip(".")
        match fault["type"]:
            case "extra_forbidden":
                yield f"{path}: unknown key{advice(parts[-1], list(form.model_fields))}"
            case "missing":
                yield f"{path} is missing; it must be given."
            case "literal_error" | "union_tag_invalid":
                allowed = str(fault["ctx"].get("expected") or fault["ctx"].get("expected_tags"))
                # an unknown kind of a union comes with its whole table
                given = fault["input"].get("kind") if fault["type"] == "union_tag_invalid" else fault["input"]
                words = allowed.replace(" or ", ", ").replace("'", "").split(", ")
                yield f"{path} is {given!r}{advice(given, words)}"
            case "value_error":
                yield f"{path}: {message}." if not message.endswith("?") else f"{path}: {message}"
            case _ if parts[0] == "sweep" and form in (RangeForm, UnitRangeForm) and len(parts) < 4:
                yield f"{path} is {fault['input']!r}: it must be a list of values, or {{start, stop, num}}."
            case _:
                yield f"{path} is {fault['input']!r}: {message[0].lower() + message[1:]}."


__all__ = ["advice", "explain", "walk"]
