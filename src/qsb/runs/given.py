"""What a call gives beside a problem or a spec: it takes the place of the spec's own settings, or is refused."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from qsb import checks
from qsb.errors import SpecError
from qsb.runs.figures import DEFAULT_FIGURES

if TYPE_CHECKING:
    from qsb.runs.spec import Spec

__all__ = ["chosen_figures", "refuse_beside_stellar", "with_arguments"]


def chosen_figures(figures: Any) -> tuple[str, ...]:
    """Names of time series; those of every run if none are given, and a single name is a list of one."""
    if figures is None:
        return DEFAULT_FIGURES
    given = (figures,) if isinstance(figures, str) else checks.several("figures", figures, "a list of names")
    return tuple(checks.word("The name of a figure", name) for name in given) or DEFAULT_FIGURES


def refuse_beside_stellar(arguments: dict[str, Any]) -> None:
    """Refuse settings of quantum problems beside a stellar spec."""
    plain = {"problem", "progress"}
    meant = [k for k, v in arguments.items() if k not in plain and v not in (None, "", ()) and v is not True]
    if meant:
        raise SpecError(f"A stellar spec says all of itself; leave out {', '.join(meant)}, or change the spec.")


def with_arguments(spec: Spec, figures: Sequence[str] | None, arguments: dict[str, Any]) -> Spec:
    """The spec with what a call gave in its place; checked like the file, and kept in the dataset."""
    given = {name: value for name, value in arguments.items() if value is not None}
    solve = {name: given[name] for name in type(spec.solve).model_fields if name in given}
    save: dict[str, Any] = {name: given[name] for name in ("cut", "charging_time_of", "steady") if name in given}
    if figures is not None:
        save["figures"] = list(chosen_figures(figures))
    subset = checks.several("subset", arguments["subset"], "a list of cells, e.g. [0, 1]")
    if subset:
        save["cells"] = [int(checks.whole("A cell of the subset", i)) for i in subset]
    if not checks.flag("peaks", arguments.get("peaks", True)):
        save["peaks"] = False
    table = spec.to_dict()
    for key, value in (("solve", solve), ("save", save)):
        if value:
            table[key] = {**table.get(key, {}), **value}
    if arguments.get("title"):
        table["title"] = arguments["title"]
    return type(spec).of(table)
