"""The report as one HTML file that needs nothing else: styles, figures and links are inside."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from html import escape
from importlib.resources import files

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
    style = files("qsb.report").joinpath("style.css").read_text(encoding="utf-8")
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
        _head(study, style),
        _summary(study, made),
        f'<nav aria-label="Contents">{links}</nav>',
        *(_section(name, title, body) for name, _, title, body in filled),
        "</main></body></html>\n",
    ]
    return "\n".join(parts)


def _head(study: Study, style: str) -> str:
    return (
        '<!doctype html><html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>{escape(study.title)}, recomputed</title><style>{style}</style></head><body><main>"
        f"<h1>{escape(study.title)}, recomputed</h1>"
        f'<p class="reference">{_linked(study.reference)}</p>'
    )


def _linked(reference: str) -> str:
    """A reference with its DOI as a link."""
    before, found, doi = reference.partition("doi:")
    if not found:
        return escape(reference)
    name = doi.split()[0].rstrip(".,;")
    return f'{escape(before)}<a href="https://doi.org/{escape(name)}">doi:{escape(name)}</a>{escape(doi[len(name) :])}'


def _summary(study: Study, made: str) -> str:
    tally = [(v, sum(j.verdict is v for j in study.judgements)) for v in Verdict]
    boxes = "".join(f'<li class="{v.value}"><b>{n}</b> {SIGNS[v]} {v.value}</li>' for v, n in tally)
    text = "".join(f"<p>{escape(p)}</p>" for p in study.summary)
    return f'<ul class="tally">{boxes}</ul>{text}<p class="made">{escape(made)}</p>'


def _section(name: str, title: str, body: str) -> str:
    return f'<section id="{name}"><h2>{escape(title)}</h2>{body}</section>'


def _grid(header: Sequence[str], rows: Iterable[Sequence[str]], *, caption: str = "", cards: bool = False) -> str:
    """A table of ready HTML cells, or nothing without rows; on a phone it scrolls, or becomes a list of cards."""
    rows = list(rows)
    if not rows:
        return ""
    head = "".join(f'<th scope="col">{escape(h)}</th>' for h in header)
    body = "".join(
        "<tr>" + f'<th scope="row">{row[0]}</th>' + "".join(f"<td>{c}</td>" for c in row[1:]) + "</tr>" for row in rows
    )
    title = f"<caption>{escape(caption)}</caption>" if caption else ""
    kind = "cards" if cards else "wide"
    return f'<div class="{kind}" tabindex="0"><table>{title}<thead><tr>{head}</tr></thead><tbody>{body}</tbody></table></div>'


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
    return _grid(("Reading", "In words", "Hamiltonian", "What speaks for it"), rows, cards=True)


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
    return _grid(("Claim", "Section", "What the paper says", "Verdict", "Numbers", "Rerun"), rows, cards=True)


def _figure(panel: Panel, image: str) -> str:
    return (
        f'<figure id="{escape(panel.id)}"><h3>{escape(panel.title)}</h3>'
        f'<img src="{image}" alt="{escape(panel.alt)}"><figcaption>{escape(panel.caption)}</figcaption></figure>'
    )


def _table(table: Table) -> str:
    rows = [[escape(c) for c in row] for row in table.rows]
    return f'<div id="{escape(table.id)}">{_grid(table.header, rows, caption=table.caption)}</div>'


def _faults(faults: tuple[Inconsistency, ...]) -> str:
    rows = [(escape(f.section), escape(f.statement), escape(f.found)) for f in faults]
    return _grid(("Section", "What is printed", "What was computed"), rows, cards=True)


def _evidence(judgements: tuple[Judgement, ...]) -> str:
    return "".join(
        f'<details id="claim-{escape(j.claim.id)}" open><summary><b>{escape(j.claim.id)}</b> ({escape(j.claim.section)}) '
        f"{_badge(j.verdict)}</summary><p>{escape(j.claim.statement)}</p>{_items(j.evidence)}</details>"
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
                *([escape(f"{plain['source']} [{plain['status']}]")] if stated else []),
                f"<code>{escape(plain['rerun'])}</code>",
            )
        )
    inputs = ("Inputs",) if stated else ()
    return _grid(("Reading", "Quantity", "Found", "Asked", "Tolerance", "State", "Note", *inputs, "Rerun"), rows)


def _value(value: object) -> str:
    if value is None:
        return "-"
    return f"{value:.6g}" if isinstance(value, float) else escape(str(value))


def _again(study: Study, versions: Mapping[str, str]) -> str:
    listed = ", ".join(f"{name} {number}" for name, number in versions.items())
    return (
        f"<p>Everything: <code>qsb reproduce {escape(study.key)}</code>. One number: go to the folder of this report and "
        "run the command beside it. The specs are in <code>specs/</code>, the data in <code>data/</code>, the verdicts "
        "in <code>claims.json</code>, checksums of all files in <code>manifest.json</code>.</p>"
        f"<p>Computed with {escape(listed)}.</p>"
    )


__all__ = ["BASES", "SIGNS", "page"]
