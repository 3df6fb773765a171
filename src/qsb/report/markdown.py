"""The report as Markdown, for reading beside the code."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from qsb.report.page import SIGNS
from qsb.studies.study import Study


def markdown(study: Study, versions: Mapping[str, str], made: str) -> str:
    """The whole report; figures are links to ``figures/``."""
    claims = (
        (
            j.claim.id,
            j.claim.section,
            j.claim.statement,
            f"{SIGNS[j.verdict]} {j.verdict.value}",
            j.conclusion,
            f"`{j.claim.spec}`",
        )
        for j in study.judgements
    )
    readings = ((r.key + (" (default)" if r.default else ""), r.label, f"`{r.hamiltonian}`", r.why) for r in study.readings)
    faults = ((i.section, i.statement, i.found) for i in study.inconsistencies)
    blocks = [
        f"# {study.title}, recomputed",
        study.reference,
        *study.summary,
        made,
        "## How the paper can be read",
        _grid(("Reading", "In words", "Hamiltonian", "What speaks for it"), readings),
        "## Claims and verdicts",
        _grid(("Claim", "Section", "What the paper says", "Verdict", "Numbers", "Rerun"), claims),
        "## Figures",
        *(f"### {p.title}\n\n![{p.alt}](figures/{p.id}.png)\n\n{p.caption}" for p in study.panels),
        "## Tables",
        *(f"### {t.caption}\n\n{_grid(t.header, t.rows)}" for t in study.tables),
        "## Where the paper contradicts itself or a calculation",
        _grid(("Section", "What is printed", "What was computed"), faults),
        "## How to run it again",
        f"`qsb reproduce {study.key}`; one number: the command beside it, from the folder of this report. Every comparison "
        "with its tolerance is in `claims.json`.",
        f"Computed with {', '.join(f'{name} {number}' for name, number in versions.items())}.",
    ]
    return "\n\n".join(blocks) + "\n"


def _grid(header: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [header, ["---"] * len(header), *rows]
    return "\n".join("| " + " | ".join(_cell(c) for c in line) + " |" for line in lines)


def _cell(text: str) -> str:
    """One line, and no bar that would end the cell."""
    return " ".join(text.split()).replace("|", "\\|")


__all__ = ["markdown"]
