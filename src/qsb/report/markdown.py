"""The report as Markdown, for reading beside the code."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from qsb.report.page import BASES, SIGNS
from qsb.studies.study import Study


def markdown(study: Study, versions: Mapping[str, str], made: str) -> str:
    """The whole report; figures are links to ``figures/``."""
    claims = (
        (
            j.claim.id,
            j.claim.section,
            f"{j.claim.statement} ({BASES[j.claim.basis]})",
            f"{SIGNS[j.verdict]} {j.verdict.value}",
            j.conclusion,
            f"`{j.claim.spec}`",
        )
        for j in study.judgements
    )
    readings = (
        (r.key + (" (default)" if r.default else ""), r.label, f"`{r.hamiltonian}`", r.why) for r in study.readings
    )
    inputs = (
        (
            j.claim.id,
            e.reading,
            e.quantity,
            _say(e.value),
            f"{e.relation} {_say(e.expected)}",
            f"{e.source} [{e.status}]",
        )
        for j in study.judgements
        for e in j.evidence
        if e.source or e.status
    )
    faults = ((i.section, i.statement, i.found) for i in study.inconsistencies)
    blocks = [
        f"# {study.title}, recomputed",
        study.reference,
        *study.summary,
        made,
        *_part(
            "How the paper can be read", grid(("Reading", "In words", "Hamiltonian", "What speaks for it"), readings)
        ),
        *_part(
            "Claims and verdicts",
            grid(("Claim", "Section", "What the paper says", "Verdict", "Numbers", "Rerun"), claims),
        ),
        *_part("Figures", *(f"### {p.title}\n\n![{p.alt}](figures/{p.id}.png)\n\n{p.caption}" for p in study.panels)),
        *_part("Tables", *(f"### {t.caption}\n\n{grid(t.header, t.rows)}" for t in study.tables)),
        *_part(
            "Where the paper contradicts itself or a calculation",
            grid(("Section", "What is printed", "What was computed"), faults),
        ),
        *_part(
            "Where the inputs come from",
            grid(("Claim", "Reading", "Quantity", "Found", "Asked", "Inputs"), inputs),
        ),
        "## How to run it again",
        f"`qsb reproduce {study.key}`; one number: the command beside it, from the folder of this report. Every "
        "comparison with its tolerance is in `claims.json`.",
        f"Computed with {', '.join(f'{name} {number}' for name, number in versions.items())}.",
    ]
    return "\n\n".join(blocks) + "\n"


def _say(value: object) -> str:
    """A number with six digits, or a word."""
    return f"{value:.6g}" if isinstance(value, float) else str(value)


def _part(title: str, *blocks: str) -> list[str]:
    """A heading and what is below it, or nothing where nothing is below it."""
    below = [b for b in blocks if b]
    return [f"## {title}", *below] if below else []


def grid(header: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A table, or nothing without rows."""
    filled = list(rows)
    if not filled:
        return ""
    lines = [header, ["---"] * len(header), *filled]
    return "\n".join("| " + " | ".join(_cell(c) for c in line) + " |" for line in lines)


def _cell(text: str) -> str:
    """One line, and no bar that would end the cell."""
    return " ".join(text.split()).replace("|", "\\|")


__all__ = ["grid", "markdown"]
