"""`Study`: a paper worked through, as plain data that a report can write."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

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
class Panel:
    """A figure of the paper, computed: which datasets or fits to draw, and what to say below.

    Attributes:
        id: e.g. ``"fig1"``.
        title: one line.
        caption: what is shown, with parameters.
        alt: the figure in words, for those who cannot see it.
        rows: title of a row -> (label of a run -> name of a dataset of the study); one row of panels each.
        columns: the series of each column of panels.
        fits: label -> `Scaling`, for a figure against the number of cells; then there are no rows.
    """

    id: str
    title: str
    caption: str
    alt: str
    rows: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    columns: tuple[tuple[str, ...], ...] = ()
    fits: Mapping[str, Scaling] = field(default_factory=dict)


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
