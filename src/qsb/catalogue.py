"""What can be named in a spec or on the command line, each with a line about it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Literal

Kind = Literal[
    "models",
    "figures",
    "channels",
    "envelopes",
    "representations",
    "integrators",
    "papers",
    "references",
    "stellar",
]


def _models() -> dict[str, str]:
    from qsb.models import MODELS

    return {name: _first_line(model) for name, model in MODELS.items()}


def _figures() -> dict[str, str]:
    from qsb.quantities import names, quantity

    return {
        name: f"{quantity(name).long_name} ({quantity(name).unit})"
        for kind in ("series", "scalar")
        for name in names(kind)
    }


def _channels() -> dict[str, str]:
    from qsb.charging import environment

    return {name: _first_line(getattr(environment, name)) for name in ("emission", "pumping", "dephasing", "thermal")}


def _envelopes() -> dict[str, str]:
    from qsb.runs.forms import ENVELOPES

    return {form.kind_of(): ", ".join(k for k in form.model_fields if k != "kind") for form in ENVELOPES}


def _representations() -> dict[str, str]:
    from qsb.dynamics.plan import REPRESENTATIONS

    return {r.name: _first_line(type(r)) for r in REPRESENTATIONS}


def _integrators() -> dict[str, str]:
    from qsb.dynamics.integrate import INTEGRATORS

    return {i.name: _first_line(type(i)) for i in INTEGRATORS}


def _papers() -> dict[str, str]:
    from qsb.studies.papers import PAPERS

    return {key: paper.title + (" (slow)" if paper.slow else "") for key, paper in PAPERS.items()}


def _references() -> dict[str, str]:
    from qsb.runs.citation import references

    return {key: str(entry) for key, entry in references().items()}


def _stellar() -> dict[str, str]:
    from qsb.runs.stellar.choices import choices

    return choices()


def known_bounds() -> dict[str, str]:
    """Bounds on a run, and what they assume."""
    from qsb.quantities import names, quantity

    return {n: quantity(n).definition for n in names("series") if n.startswith("bound_")}


CATALOGUES: Mapping[str, Callable[[], dict[str, str]]] = {
    "models": _models,
    "figures": _figures,
    "channels": _channels,
    "envelopes": _envelopes,
    "representations": _representations,
    "integrators": _integrators,
    "papers": _papers,
    "references": _references,
    "stellar": _stellar,
}


def _first_line(thing: Any) -> str:
    return (thing.__doc__ or "").strip().splitlines()[0].replace(":math:", "").replace("`", "")
