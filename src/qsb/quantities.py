"""The nomenclature: what every variable of a dataset is called, measured in, defined by and computed from.

The rows live in ``quantities.toml``. Dataset attributes, axis labels and the glossary page all come from
them, and a variable without a row does not exist.
"""

import re
import sys
import tomllib
from collections.abc import Iterable
from dataclasses import dataclass
from difflib import get_close_matches
from functools import cache
from importlib.resources import files
from types import MappingProxyType

from qsb.errors import SpecError

__all__ = [
    "KINDS",
    "READOUTS",
    "UNITS",
    "Function",
    "Quantity",
    "functions",
    "label",
    "names",
    "nomenclature_markdown",
    "quantity",
]

READOUTS = (
    "energy",
    "power",
    "variance",
    "charger_variance",
    "charger_energy",
    "spectrum",
    "levels",
    "marginals",
    "reduced",
    "populations",
    "pinched",
    "collective_passive",
    "cut",
    "span",
    "rest",
    "transposed",
    "flows",
    "bounded",
    "gaussian",
)
"""What a representation can be asked for; ``quantities.toml`` says what each is."""

UNITS = MappingProxyType(
    {
        "omega0": r"\omega_0",
        "1/omega0": r"1/\omega_0",
        "omega0^2": r"\omega_0^2",
        "1": "",
        "s": r"\mathrm{s}",
        "1/s": r"\mathrm{s}^{-1}",
        "m": r"\mathrm{m}",
        "m^2": r"\mathrm{m}^2",
        "kg": r"\mathrm{kg}",
        "kg/m^2": r"\mathrm{kg/m}^2",
        "kg m/s": r"\mathrm{kg\,m/s}",
        "sr": r"\mathrm{sr}",
        "K": r"\mathrm{K}",
        "J": r"\mathrm{J}",
        "W": r"\mathrm{W}",
        "J/kg": r"\mathrm{J/kg}",
        "W/kg": r"\mathrm{W/kg}",
        "W/m^2": r"\mathrm{W/m}^2",
        "W/m^3": r"\mathrm{W/m}^3",
        "m/s": r"\mathrm{m/s}",
        "Pa": r"\mathrm{Pa}",
        "J/m^2": r"\mathrm{J/m}^2",
        "1/m^2": r"\mathrm{m}^{-2}",
        "1/m^3": r"\mathrm{m}^{-3}",
    },
)
"""Units and how they are typeset: those of the quantum half, ``"1"`` for dimensionless, SI in the stellar half."""

KINDS = MappingProxyType(
    {
        "coordinate": "Coordinates",
        "series": "Along time",
        "scalar": "One number a run",
        "fit": "From a scaling study",
        "error": "Standard errors of sampled series",
        "history": "Stellar runs: along the time",
        "total": "Stellar runs: one number a run",
        "spectral": "Stellar runs: along the wavelength",
        "rung": "Stellar runs: one number a limit or a kind of matter",
        "outlook": "Timelines: along the time from now",
        "rare": "Stellar runs: along the probability of a quantile",
    },
)
"""The kinds of rows and their headings on the glossary page."""


@dataclass(frozen=True)
class Quantity:
    """One row of the nomenclature.

    Attributes:
        name: the variable's name in a dataset.
        kind: a key of `KINDS`.
        symbol: LaTeX without the dollar signs.
        unit: a key of `UNITS`.
        long_name: for people, starts with a capital.
        definition: the equation and the assumption that it rests on; Markdown with LaTeX.
        reference: arXiv or DOI identifiers, or where it is derived.
        needs: the readouts that it is computed from, of `READOUTS`.
    """

    name: str
    kind: str
    symbol: str
    unit: str
    long_name: str
    definition: str
    reference: str
    needs: tuple[str, ...]

    def __post_init__(self) -> None:
        """Refuse a row that the rest of the package could not use."""
        checks: tuple[tuple[str, str, Iterable[str]], ...] = (
            ("kind", self.kind, KINDS),
            ("unit", self.unit, UNITS),
            *(("readout", need, READOUTS) for need in self.needs),
        )
        for what, value, known in checks:
            if value not in known:
                raise SpecError(f"quantity {self.name!r} has the {what} {value!r}; known are {', '.join(known)}")
        for field in ("symbol", "long_name", "definition", "reference"):
            if not getattr(self, field).strip():
                raise SpecError(f"quantity {self.name!r} has an empty {field}; fill it in quantities.toml")

    @property
    def attributes(self) -> dict[str, str]:
        """Attributes of a dataset variable: ``units``, ``long_name``, ``symbol``."""
        return {"units": self.unit, "long_name": self.long_name, "symbol": self.symbol}


@dataclass(frozen=True)
class Function:
    """A figure of merit that is a function; one row of ``functions.toml``.

    Attributes:
        module: of `qsb.merit`.
        name: of the function.
        arguments: as it is called.
        unit: a key of `UNITS`.
        symbol: LaTeX without the dollar signs.
        definition: the equation and the assumption that it rests on; Markdown with LaTeX.
        reference: arXiv or DOI identifiers, or where it is derived.
        figure: the variable of a dataset that has the same definition, or empty.
    """

    module: str
    name: str
    arguments: str
    unit: str
    symbol: str = ""
    definition: str = ""
    reference: str = ""
    figure: str = ""

    def __post_init__(self) -> None:
        """Refuse a row without a definition, or with two."""
        if self.unit not in UNITS:
            raise SpecError(f"function {self.name!r} has the unit {self.unit!r}; known are {', '.join(UNITS)}")
        own = [bool(text.strip()) for text in (self.symbol, self.definition, self.reference)]
        if any(own) if self.figure else not all(own):
            raise SpecError(
                f"function {self.name!r} needs symbol, definition and reference, or the figure that has them, not both"
            )


@cache
def _rows() -> MappingProxyType[str, Quantity]:
    """Read the table once."""
    table = tomllib.loads(files("qsb").joinpath("quantities.toml").read_text(encoding="utf-8"))
    rows = {name: Quantity(name=name, **row | {"needs": tuple(row["needs"])}) for name, row in table.items()}
    errors = [_error_of(row) for row in rows.values() if row.kind == "series"]
    return MappingProxyType(rows | {row.name: row for row in errors})


@cache
def functions() -> tuple[Function, ...]:
    """All figures of merit that are functions, in the order of their table.

    Raises:
        SpecError: on a row that is not whole, or names a figure that does not exist.
    """
    table = tomllib.loads(files("qsb").joinpath("functions.toml").read_text(encoding="utf-8"))
    rows = tuple(Function(module, name, **row) for module, rows in table.items() for name, row in rows.items())
    for row in rows:
        if row.figure:
            quantity(row.figure)
    return rows


def _error_of(row: Quantity) -> Quantity:
    """The row of a series' standard error; it follows from that of the series, so that none can be forgotten."""
    return Quantity(
        f"{row.name}_error",
        "error",
        rf"\delta ({row.symbol})",
        row.unit,
        f"Standard error of {row.long_name[0].lower()}{row.long_name[1:]}",
        f"The standard error of `{row.name}` over the samples, by the jackknife.",
        "doi:10.1214/aos/1176345462",
        row.needs,
    )


def names(kind: str | None = None) -> tuple[str, ...]:
    """Names of all quantities, or of one kind, in the order of the table.

    Args:
        kind: a key of `KINDS`, or None for all.

    Raises:
        SpecError: an unknown kind.
    """
    if kind is not None and kind not in KINDS:
        raise SpecError(f"unknown kind of quantity {kind!r}; known are {', '.join(KINDS)}")
    return tuple(name for name, row in _rows().items() if kind in (None, row.kind))


def quantity(name: str) -> Quantity:
    """Row of one quantity.

    Args:
        name: as in `names`.

    Raises:
        SpecError: there is no such row; the message gives the nearest name, or all of them.
    """
    rows = _rows()
    if name in rows:
        return rows[name]
    near = get_close_matches(str(name), rows, n=1, cutoff=0.6)
    advice = f"did you mean {near[0]!r}?" if near else f"known are {', '.join(rows)}"
    raise SpecError(f"unknown quantity {name!r}; {advice}")


def label(name: str) -> str:
    r"""Axis label, e.g. ``Stored energy $E$ ($\omega_0$)``; a dimensionless quantity has no parenthesis.

    Raises:
        SpecError: as `quantity`.
    """
    row = quantity(name)
    unit = UNITS[row.unit]
    return f"{row.long_name} ${row.symbol}$" + (f" (${unit}$)" if unit else "")


_DERIVED = re.compile(r"docs/devdocs/([a-z-]+)\.md")


def _link(reference: str) -> str:
    """A reference as Markdown: identifiers become links, the rest stays as it is."""
    parts = []
    for part in reference.split("; "):
        if part.startswith("arXiv:"):
            parts.append(f"[{part}](https://arxiv.org/abs/{part.removeprefix('arXiv:')})")
        elif part.startswith("doi:"):
            parts.append(f"[{part}](https://doi.org/{part.removeprefix('doi:')})")
        else:
            parts.append(_DERIVED.sub(r"[\1](devdocs/\1.md)", part))
    return "; ".join(parts)


_ERRORS = (
    "A run that samples (`trajectories`) gives each series `X` of the section above with its standard error `X_error`, "
    "in the unit of `X`: the jackknife over groups of samples. Figures that are not linear in the state are also "
    "biased, by the order of the squared relative error."
)


_FUNCTIONS = (
    "Figures of merit of `qsb.merit` that take states, spectra, numbers or series, also those that are no variable of "
    "a dataset. This section is generated from `src/qsb/functions.toml`."
)


def nomenclature_markdown() -> str:
    """The glossary page ``docs/nomenclature.md``, one section a kind and one paragraph a quantity."""
    lines = [
        "# Nomenclature",
        "",
        "Every variable that a dataset may hold. This page is generated from `src/qsb/quantities.toml`:",
        "change that file, then run `python -m qsb.quantities > docs/nomenclature.md`.",
        "",
        r"Units: $\hbar = 1$; `omega0` ($\omega_0$) is the angular frequency a model's `frequency` sets.",
        "Stellar runs are in SI units.",
    ]
    for kind, heading in KINDS.items():
        lines += ["", f"## {heading}"]
        if kind == "error":
            lines += ["", _ERRORS]
            continue
        for name in names(kind):
            row = quantity(name)
            needs = f" Computed from: {', '.join(row.needs)}." if row.needs else ""
            lines += [
                "",
                f"### `{name}`",
                "",
                f"{row.long_name}, ${row.symbol}$, in `{row.unit}`.",
                "",
                f"{row.definition}{needs} Reference: {_link(row.reference)}.",
            ]
    return "\n".join([*lines, *_functions_markdown()]) + "\n"


def _functions_markdown() -> list[str]:
    """The section on functions: one paragraph each, a link where a variable has the same definition."""
    lines = ["", "## Functions of states", "", _FUNCTIONS]
    for row in functions():
        lines += ["", f"### `{row.module}.{row.name}({row.arguments})`", ""]
        if row.figure:
            same = quantity(row.figure)
            lines.append(f"${same.symbol}$, in `{row.unit}`: as `{row.figure}` above.")
        else:
            lines += [f"${row.symbol}$, in `{row.unit}`.", "", f"{row.definition} Reference: {_link(row.reference)}."]
    return lines


if __name__ == "__main__":
    sys.stdout.write(nomenclature_markdown())
