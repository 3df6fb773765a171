"""All papers in one folder: a report each, and a page with the table of verdicts."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from html import escape
from importlib.resources import files
from pathlib import Path
from typing import Any

from qsb.errors import SpecError, last_line
from qsb.report.page import SIGNS
from qsb.report.reproduce import reproduce
from qsb.studies.claim import Verdict
from qsb.studies.papers import PAPERS

#: what marks a folder as a collection of reports, and holds the table as data
TABLE = "verdicts.json"
#: stands for the verdict of a claim that could not be computed
ERROR = "error"


@dataclass(frozen=True)
class Outcome:
    """What became of one paper.

    Attributes:
        key: the paper.
        title: its title.
        state: ``done``, ``left out`` or ``failed``.
        seconds: what it took.
        claims: claim id -> verdict, or ``error`` where it could not be computed.
        why: why it was left out or failed, and what happened in claims that could not be computed.
    """

    key: str
    title: str
    state: str
    seconds: float
    claims: dict[str, str]
    why: str = ""

    @property
    def broken(self) -> bool:
        """Whether it, or one of its claims, failed."""
        return self.state == "failed" or ERROR in self.claims.values()

    def count(self, verdict: Verdict) -> int:
        """Number of claims with this verdict."""
        return sum(v == verdict.value for v in self.claims.values())


def reproduce_all(
    out: str | Path = "report",
    *,
    quick: bool = False,
    slow: bool = False,
    tell: Callable[[str, str], None] = lambda paper, what: None,
) -> list[Outcome]:
    """Recompute every paper, one folder each, and rewrite the table of verdicts after each of them.

    Whatever fails in a paper, or in one of its claims, is recorded there and stops nothing else; what was finished
    before an interruption stays.

    Args:
        out: folder of the reports; former reports in it are replaced one by one.
        quick: fewer and smaller sizes.
        slow: also the papers whose whole run takes minutes; their quick one does not.
        tell: called with (paper, what starts now).

    Returns:
        One `Outcome` a paper, in the order of the keys.

    Raises:
        SpecError: if the folder holds something else, or its parent is missing.
    """
    folder = _target(out)
    folder.mkdir(exist_ok=True)
    outcomes: list[Outcome] = []
    for key, paper in PAPERS.items():
        if paper.slow and not (slow or quick):
            outcomes.append(Outcome(key, paper.title, "left out", 0.0, {}, "slow: ask for it with --slow"))
        else:
            tell(key, "")
            outcomes.append(_one(key, paper.title, folder, quick, lambda step, what, k=key: tell(k, f"{step} {what}")))
        _write(folder / TABLE, json.dumps([asdict(o) for o in outcomes], indent=1, ensure_ascii=False) + "\n")
        _write(folder / "index.html", _page(outcomes, quick))
    return outcomes


def table(outcomes: list[Outcome]) -> str:
    """The table of verdicts as text."""
    header = ("paper", *(v.value for v in Verdict), "seconds", "")
    rows = [
        (o.key, *(str(o.count(v)) if o.state == "done" else "-" for v in Verdict), f"{o.seconds:.0f}", o.why or o.title)
        for o in outcomes
    ]
    widths = [max(len(r[c]) for r in (header, *rows)) for c in range(len(header) - 1)]
    return "\n".join(
        "  ".join([*(f"{v:<{w}}" for v, w in zip(row, widths, strict=False)), row[-1]]).rstrip()
        for row in (header, *rows)
    )


def _one(key: str, title: str, folder: Path, quick: bool, tell: Callable[..., None]) -> Outcome:
    began = time.monotonic()
    try:
        made = reproduce(key, folder / key, quick=quick, tell=tell)
    except Exception as error:  # noqa: BLE001 (whatever happens in one paper, the others are recomputed)
        return Outcome(key, title, "failed", time.monotonic() - began, {}, last_line(error))
    claims: list[dict[str, Any]] = json.loads((made / "claims.json").read_text(encoding="utf-8"))
    verdicts = {c["id"]: ERROR if c["error"] else c["verdict"] for c in claims}
    why = "; ".join(f"{c['id']}: {c['error']}" for c in claims if c["error"])
    return Outcome(key, title, "done", time.monotonic() - began, verdicts, why)


def _target(out: str | Path) -> Path:
    target = Path(out).absolute()
    if not target.parent.is_dir():
        raise SpecError(f"The folder {str(target.parent)!r} does not exist; make it first.")
    if target.exists() and not target.is_dir():
        raise SpecError(f"{str(out)!r} is a file; name a folder for the reports.")
    if target.is_dir() and any(target.iterdir()) and not (target / TABLE).is_file():
        raise SpecError(f"The folder {str(out)!r} is not empty and holds no table of verdicts; name another one.")
    return target


def _page(outcomes: list[Outcome], quick: bool) -> str:
    style = files("qsb.report").joinpath("style.css").read_text(encoding="utf-8")
    head = "".join(
        f'<th scope="col">{escape(h)}</th>' for h in ("Paper", *(f"{SIGNS[v]} {v.value}" for v in Verdict), "Time")
    )
    rows = "".join(_row(o) for o in outcomes)
    note = "Quick runs with fewer and smaller sizes." if quick else "Full runs."
    return (
        '<!doctype html><html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>Published results, recomputed</title><style>{style}</style></head><body><main>"
        "<h1>Published results, recomputed</h1><p>Each number counts claims with that verdict; a verdict is computed "
        f"from the evidence in the paper's own report. {note}</p>"
        f'<div class="wide" tabindex="0"><table><thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table></div>'
        "</main></body></html>\n"
    )


def _row(o: Outcome) -> str:
    name = escape(o.title)
    if o.state != "done":
        span = len(Verdict) + 1
        return f'<tr><th scope="row">{name}</th><td colspan="{span}">{escape(o.state)}: {escape(o.why)}</td></tr>'
    cells = "".join(f"<td>{o.count(v)}</td>" for v in Verdict)
    link = f'<a href="{escape(o.key)}/index.html">{name}</a>' + (f"<br>failed: {escape(o.why)}" if o.why else "")
    return f'<tr><th scope="row">{link}</th>{cells}<td>{o.seconds:.0f} s</td></tr>'


def _write(path: Path, text: str) -> None:
    """Whole or not at all."""
    part = path.with_name(f".{path.name}.{os.getpid()}.part")
    part.write_text(text, encoding="utf-8")
    os.replace(part, path)


__all__ = ["Outcome", "reproduce_all", "table"]
