"""The report as one HTML file that needs nothing else: styles, figures and links are inside."""

from __future__ import annotations

from collections.abc import Mapping
from html import escape

from qsb.report.html import grid, head, linked, section
from qsb.studies.claim import Evidence, Judgement, Verdict
from qsb.studies.study import Inconsistency, Panel, Reading, Study, Table

#: a sign beside the word, so that a verdict does not hang on its colour
SIGNS = {Verdict.REPRODUCED: "✓", Verdict.CONTRADICTED: "✗", Verdict.INCONCLUSIVE: "?"}


#: how a claim's sentence is known
BASES = {"read": "read there", "memory": "from memory", "derived": "derived from its model"}


def page(study: Study, images: Mapping[str, str], versions: Mapping[str, str], made: str) -> str:
    """The whole page.

    Args:
        study: what was computed.
        images: panel id -> data address of its picture.
        versions: package -> version.
        made: one sentence on when and how long.
    """
    sections = [
        ("readings", "Readings", "How the paper can be read", _readings(study.readings)),
        ("claims", "Claims", "Claims and verdicts", _claims(study.judgements)),
        ("figures", "Figures", "Figures", "".join(_figure(p, images[p.id]) for p in study.panels)),
        ("tables", "Tables", "Tables", "".join(_table(t) for t in study.tables)),
        (
            "inconsistencies",
            "Inconsistencies",
            "Where the paper contradicts itself or a calculation",
            _faults(study.inconsistencies),
        ),
        ("evidence", "Every number", "Every number, and how to compute it again", _evidence(study.judgements)),
        ("again", "Run it again", "How to run it again", _again(study, versions)),
    ]
    filled = [(name, short, title, body) for name, short, title, body in sections if body]
    links = " ".join(f'<a href="#{name}">{short}</a>' for name, short, _, _ in filled)
    parts = [
        head(f"{study.title}, recomputed", f'<p class="reference">{linked(study.reference)}</p>'),
        _summary(study, made),
        f'<nav aria-label="Contents">{links}</nav>',
        *(section(name, title, body) for name, _, title, body in filled),
        "</main></body></html>\n",
    ]
    return "\n".join(parts)


def _summary(study: Study, made: str) -> str:
    tally = [(v, sum(j.verdict is v for j in study.judgements)) for v in Verdict]
    boxes = "".join(f'<li class="{v.value}"><b>{n}</b> {SIGNS[v]} {v.value}</li>' for v, n in tally)
    text = "".join(f"<p>{escape(p)}</p>" for p in study.summary)
    return f'<ul class="tally">{boxes}</ul>{text}<p class="made">{escape(made)}</p>'


def _readings(readings: tuple[Reading, ...]) -> str:
    rows = [
        (
            escape(r.key) + (" <b>(default)</b>" if r.default else ""),
            escape(r.label),
            f"<code>{escape(r.hamiltonian)}</code>",
            escape(r.why),
        )
        for r in readings
    ]
    return grid(("Reading", "In words", "Hamiltonian", "What speaks for it"), rows, cards=True)


def _badge(verdict: Verdict) -> str:
    return f'<span class="badge {verdict.value}">{SIGNS[verdict]} {verdict.value}</span>'


def _claims(judgements: tuple[Judgement, ...]) -> str:
    rows = [
        (
            f'<a href="#claim-{escape(j.claim.id)}">{escape(j.claim.id)}</a>',
            escape(j.claim.section),
            escape(f"{j.claim.statement} ({BASES[j.claim.basis]})"),
            _badge(j.verdict),
            escape(j.conclusion),
            f"<code>{escape(j.claim.spec)}</code>",
        )
        for j in judgements
    ]
    return grid(("Claim", "Section", "What the paper says", "Verdict", "Numbers", "Rerun"), rows, cards=True)


def _figure(panel: Panel, image: str) -> str:
    return (
        f'<figure id="{escape(panel.id)}"><h3>{escape(panel.title)}</h3>'
        f'<img src="{image}" alt="{escape(panel.alt)}"><figcaption>{escape(panel.caption)}</figcaption></figure>'
    )


def _table(table: Table) -> str:
    rows = [[escape(c) for c in row] for row in table.rows]
    return f'<div id="{escape(table.id)}">{grid(table.header, rows, caption=table.caption)}</div>'


def _faults(faults: tuple[Inconsistency, ...]) -> str:
    rows = [(escape(f.section), escape(f.statement), escape(f.found)) for f in faults]
    return grid(("Section", "What is printed", "What was computed"), rows, cards=True)


def _evidence(judgements: tuple[Judgement, ...]) -> str:
    return "".join(
        f'<details id="claim-{escape(j.claim.id)}" open><summary><b>{escape(j.claim.id)}</b> '
        f"({escape(j.claim.section)}) {_badge(j.verdict)}</summary>"
        f"<p>{escape(j.claim.statement)}</p>{_items(j.evidence)}</details>"
        for j in judgements
    )


def _items(evidence: tuple[Evidence, ...]) -> str:
    """Every comparison; where inputs are stated, a column says where they come from and how firm they are."""
    rows, stated = [], any(item.source or item.status for item in evidence)
    for item in evidence:
        plain = item.to_dict()
        state = "undecided" if not plain["decided"] else "holds" if plain["holds"] else "fails"
        rows.append(
            (
                escape(plain["reading"]),
                escape(plain["quantity"]),
                _value(plain["value"]),
                escape(f"{plain['relation']} ") + _value(plain["expected"]),
                _value(plain["tolerance"]),
                state,
                escape(plain["note"]),
                *([_origin(item)] if stated else []),
                f"<code>{escape(plain['rerun'])}</code>",
            )
        )
    inputs = ("Inputs",) if stated else ()
    return grid(("Reading", "Quantity", "Found", "Asked", "Tolerance", "State", "Note", *inputs, "Rerun"), rows)


def _origin(item: Evidence) -> str:
    """Where the inputs come from and how firm they are; nothing where neither is stated."""
    return linked(item.source) + (f" [{escape(item.status)}]" if item.status else "")


def _value(value: object) -> str:
    if value is None:
        return "-"
    return f"{value:.6g}" if isinstance(value, float) else escape(str(value))


def _again(study: Study, versions: Mapping[str, str]) -> str:
    listed = ", ".join(f"{name} {number}" for name, number in versions.items())
    return (
        f"<p>Everything: <code>qsb reproduce {escape(study.key)}</code>. One number: go to the folder of this report "
        "and run the command beside it. The specs are in <code>specs/</code>, the data in <code>data/</code>, "
        "the verdicts in <code>claims.json</code>, checksums of all files in <code>manifest.json</code>.</p>"
        f"<p>Computed with {escape(listed)}.</p>"
    )


__all__ = ["BASES", "SIGNS", "page"]
