"""Pieces of a report page: one HTML file that needs nothing else."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from html import escape
from importlib.resources import files

__all__ = ["grid", "head", "linked", "section"]

#: characters from which a text is a sentence, not a number or a name
_LONG = 40


def head(title: str, below: str = "") -> str:
    """Everything up to the title, the styles inside; `below` is ready HTML that follows it."""
    style = files("qsb.report").joinpath("style.css").read_text(encoding="utf-8")
    return (
        '<!doctype html><html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>{escape(title)}</title><style>{style}</style></head><body><main><h1>{escape(title)}</h1>{below}"
    )


def linked(reference: str) -> str:
    """A reference with its DOI as a link."""
    before, found, doi = reference.partition("doi:")
    if not found:
        return escape(reference)
    name = doi.split()[0].rstrip(".,;")
    return f'{escape(before)}<a href="https://doi.org/{escape(name)}">doi:{escape(name)}</a>{escape(doi[len(name) :])}'


def section(name: str, title: str, body: str) -> str:
    """A part of the page under its heading."""
    return f'<section id="{name}"><h2>{escape(title)}</h2>{body}</section>'


def grid(header: Sequence[str], rows: Iterable[Sequence[str]], *, caption: str = "", cards: bool = False) -> str:
    """A table of ready HTML cells, or nothing without rows; on a phone it scrolls, or becomes a list of cards.

    A long text that rows of a table that scrolls have in common, one below the other, is one cell beside them all.
    """
    rows = list(rows)
    if not rows:
        return ""
    top = "".join(f'<th scope="col">{escape(h)}</th>' for h in header)
    body = ""
    for i, row in enumerate(rows):
        cells = "".join(_cell(rows, i, k, joined=not cards) for k in range(1, len(row)))
        body += f'<tr><th scope="row">{row[0]}</th>{cells}</tr>'
    title = f"<caption>{escape(caption)}</caption>" if caption else ""
    kind = "cards" if cards else "wide"
    table = f"<table>{title}<thead><tr>{top}</tr></thead><tbody>{body}</tbody></table>"
    return f'<div class="{kind}" tabindex="0">{table}</div>'


def _cell(rows: Sequence[Sequence[str]], i: int, k: int, *, joined: bool) -> str:
    """A cell, those equal to it below it taken in; nothing where one above has taken it in."""
    text = rows[i][k]
    if not joined or len(text) < _LONG:
        return f"<td>{text}</td>"
    if i and k < len(rows[i - 1]) and rows[i - 1][k] == text:
        return ""
    span = next((j for j in range(i, len(rows)) if k >= len(rows[j]) or rows[j][k] != text), len(rows)) - i
    return f'<td rowspan="{span}">{text}</td>' if span > 1 else f"<td>{text}</td>"
