"""`Study`: a paper worked through, as plain data that a report can write."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

from qsb.studies.claim import Judgement
from qsb.studies.scaling import Scaling

if TYPE_CHECKING:
    import xarray as xr


@dataclass(frozen=True)
class Reading:
    """One way to read a paper that leaves its model open.

    Attributes:
        key: short name, as in the tables.
        label: a few words.
        hamiltonian: the formula in plain text.
        why: what in the paper speaks for it.
        default: whether it is the default reading.
    """

    key: str
    label: str
    hamiltonian: str
    why: str
    default: bool = False


@dataclass(frozen=True)
class Curve:
    """One line or set of points.

    Attributes:
        x: abscissae.
        y: ordinates, as many.
        kind: ``line``, ``points``, or ``guide`` (a grey line to compare with).
    """

    x: Sequence[float]
    y: Sequence[float]
    kind: Literal["line", "points", "guide"] = "line"


@dataclass(frozen=True)
class Plane:
    """One pair of axes: labels with their units, and curves by label.

    Attributes:
        x: label of the abscissa.
        y: label of the ordinate.
        curves: label -> curve.
        logarithmic: which axes are logarithmic: ``""``, ``"x"``, ``"y"`` or ``"xy"``.
    """

    x: str
    y: str
    curves: Mapping[str, Curve]
    logarithmic: Literal["", "x", "y", "xy"] = ""


@dataclass(frozen=True)
class Panel:
    """A figure of the paper, computed: which datasets, fits or curves to draw, and what to say below.

    Attributes:
        id: e.g. ``"fig1"``.
        title: one line.
        caption: what is shown, with parameters.
        alt: the figure in words, for those who cannot see it.
        rows: title of a row -> (label of a run -> name of a dataset of the study); one row of panels each.
        columns: the series of each column of panels.
        fits: label -> `Scaling`, for a figure against the number of cells; then there are no rows.
        planes: pairs of axes side by side, for what is neither a run nor a fit; then there are no rows and fits.
    """

    id: str
    title: str
    caption: str
    alt: str
    rows: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    columns: tuple[tuple[str, ...], ...] = ()
    fits: Mapping[str, Scaling] = field(default_factory=dict)
    planes: tuple[Plane, ...] = ()


@dataclass(frozen=True)
class Table:
    """Rows of text under a header."""

    id: str
    caption: str
    header: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]


@dataclass(frozen=True)
class Inconsistency:
    """What a paper says, and what a calculation or its own other sentences say."""

    id: str
    section: str
    statement: str
    found: str


@dataclass(frozen=True)
class Study:
    """Everything that was computed for one paper.

    Attributes:
        key: e.g. ``"singh2025"``.
        title: the paper's title.
        reference: author, year, identifier.
        summary: paragraphs that say what was done, composed from the numbers.
        readings: the ways in which the paper was read.
        panels: its figures.
        tables: its tables and ours.
        judgements: its claims with verdicts.
        inconsistencies: where it contradicts itself or a calculation.
        datasets: every run, by name.
        specs: TOML text of every run, by name.
    """

    key: str
    title: str
    reference: str
    summary: tuple[str, ...]
    readings: tuple[Reading, ...]
    panels: tuple[Panel, ...]
    tables: tuple[Table, ...]
    judgements: tuple[Judgement, ...]
    inconsistencies: tuple[Inconsistency, ...]
    datasets: Mapping[str, xr.Dataset]
    specs: Mapping[str, str]
