"""The pages that guide a reader name everything that there is to choose from."""

import re
from pathlib import Path

import pytest

from qsb import quantities
from qsb.models import MODELS
from qsb.runs.citation import references

DOCS = Path(__file__).resolve().parents[1] / "docs"


def text(name):
    return (DOCS / name).read_text(encoding="utf-8")


def rows(page, heading):
    """Cells of the tables under a heading."""
    part = re.split(r"^##+ ", page, flags=re.MULTILINE)
    section = next(p for p in part if p.startswith(heading))
    return [
        [cell.strip() for cell in line.strip("|").split(" | ")]
        for line in section.splitlines()
        if line.startswith("| ")
    ]


@pytest.mark.parametrize("name", sorted(MODELS))
def test_every_model_has_its_rows_and_a_spec(name):
    page = text("models.md")
    tables = [*rows(page, "Fields and couplings"), *rows(page, "Chargers with a state of their own")]
    chosen, checked = ([r for r in t if r[0] == f"`{name}`"] for t in (tables, rows(page, "What they are checked")))
    assert [len(row) for row in (*chosen, *checked)] == [4, 3]
    assert all(chosen[0])
    assert checked[0][1]
    assert f'    "{name}": ' in page or name in ("custom", "oscillator")


def test_sources_of_the_models_are_in_the_bibliography():
    known = {identifier for entry in references().values() for identifier in entry.ids}
    table = rows(text("models.md"), "What they are checked")
    named = {part for row in table for part in row[2].split(", ") if ":" in part}
    assert len(named) > 15
    assert named - known == set()


def test_every_published_battery_has_a_home_or_a_reason():
    listed = rows(text("models.md"), "Published batteries")[1:]
    assert len(listed) >= 24
    for battery, here in listed:
        assert any(f"`{name}`" in here for name in [*MODELS, "oscillator"]) or "bound_" in here, battery


@pytest.mark.parametrize("name", [n for kind in ("series", "scalar", "fit") for n in quantities.names(kind)])
def test_every_figure_is_discussed(name):
    assert f"`{name}`" in text("merits.md")


@pytest.mark.parametrize("row", quantities.functions(), ids=lambda row: row.name)
def test_every_function_is_discussed_by_its_name_or_by_its_figure(row):
    page = text("merits.md")
    assert f"`{row.figure}`" in page if row.figure else f"`{row.name}`" in page


def test_pages_are_reached_from_the_index():
    index = text("index.md")
    toctree = index[index.index("```{toctree}") :]
    for page in DOCS.glob("*.md"):
        if page.stem != "index":
            assert f"\n{page.stem}\n" in toctree
