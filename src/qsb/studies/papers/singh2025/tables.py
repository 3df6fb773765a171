"""Tables of the report: Table 1, exponents, noise, sections of the paper, and what was chosen here."""

from __future__ import annotations

from qsb.stellar import scale
from qsb.stellar.status import Status
from qsb.studies.claim import Judgement, Verdict
from qsb.studies.papers.singh2025.tolerances import TOLERANCE
from qsb.studies.papers.singh2025.work import CELLS, RATE, STRENGTHS, WINDOW, Work
from qsb.studies.study import Table

__all__ = ["coverage", "tables"]

#: why a section holds no claim, in words of the table
KINDS = {
    "nothing": "nothing computable",
    "elsewhere": "judged elsewhere",
    "outside": "not computed",
}


def tables(work: Work, sections: list[dict[str, str]], judgements: list[Judgement]) -> tuple[Table, ...]:
    """All tables of the report."""
    return (_table_one(), coverage(sections, judgements), _exponents(work), _noise(work), _parameters(work))


def coverage(sections: list[dict[str, str]], judgements: list[Judgement]) -> Table:
    """Each section of the paper with its claims and verdicts, or the reason why it has none."""
    rows = []
    for section in sections:
        here = [j for j in judgements if j.claim.section.split(",")[0] == section["id"]]
        counts = {v: sum(j.verdict is v for j in here) for v in Verdict}
        found = ", ".join(f"{n} {v.value}" for v, n in counts.items() if n) or KINDS[section.get("kind", "nothing")]
        names = ", ".join(j.claim.id for j in here) or "-"
        rows.append((f"{section['id']}: {section['about']}", found, names, section.get("why", "")))
    header = ("Section", "Verdicts", "Claims", "Note")
    return Table("sections", "Sections of the paper, and what could be judged in them", header, tuple(rows))


def _table_one() -> Table:
    rows = []
    for row in scale.table_one():
        ours = "-" if row.ours is None else f"{row.ours.specific_energy:.4g}"
        published = f"{'>= ' if row.at_least else '~ '}{row.published:.0e}"
        source = "Table 1 of the paper" if row.ours is None else row.ours.source
        rows.append((row.system, published, ours, f"{row.ratio_to_limit:.4g}", row.verdict, source, str(row.status)))
    rows.append(
        (
            "limit: c^2",
            "-",
            f"{scale.SPEED_OF_LIGHT_SQUARED:.10g}",
            "1",
            "no store holds more per kilogram",
            "c is exact in the SI",
            str(Status.ESTABLISHED),
        )
    )
    header = ("System", "Paper (J/kg)", "Ours (J/kg)", "Paper / c^2", "Finding", "From", "Status")
    return Table("table1", "Table 1 recomputed: specific energies beside c^2", header, tuple(rows))


def _exponents(work: Work) -> Table:
    rows = []
    for r in work.readings:
        if r.key not in work.charging:
            continue
        few, fit, normed = work.slope(r.key), work.fit(r.key), work.equal_norm(r.key)
        rows.append(
            (
                f"{r.key}: {r.label}",
                f"{few.exponent.value:.3f} ({few.exponent.low:.3f} to {few.exponent.high:.3f})",
                f"{fit.cells[0]}-{fit.cells[-1]}",
                f"{fit.local[-1].exponent:.3f}",
                f"{fit.limit.value:.3f} ({fit.limit.low:.3f} to {fit.limit.high:.3f})",
                fit.verdict,
                normed.verdict,
            )
        )
    header = (
        "Reading",
        "Slope on N = 2-6 (95 %)",
        "N",
        "Last local exponent",
        "Limit of large N",
        "At equal coupling",
        "At equal operator norm",
    )
    return Table("exponents", "Exponents of the peak power by reading", header, tuple(rows))


def _noise(work: Work) -> Table:
    rows = []
    for strength in STRENGTHS:
        for key in work.charging:
            runs = [work.data(key, noise, strength) for noise in ("closed", "relaxation", "dephasing", "both")]
            cells = [f"{float(d['peak_stored_energy']):.4g} / {float(d['peak_ergotropy']):.4g}" for d in runs]
            rows.append((f"{key}, λ = {strength:g}", *cells))
    header = ("Reading", "No noise", "Relaxation", "Dephasing", "Both")
    caption = f"Peak stored energy / peak ergotropy (ω0), N = {CELLS}, each rate {RATE:g} ω0, window {WINDOW:g}/ω0"
    return Table("noise", caption, header, tuple(rows))


def _parameters(work: Work) -> Table:
    rows = [
        ("frequency ω0", "1 (unit)"),
        ("coupling λ", ", ".join(f"{s:g}" for s in STRENGTHS)),
        ("window", f"[0, {WINDOW:g}]/ω0"),
        ("noise rates", f"{RATE:g} ω0 (the paper's)"),
    ]
    rows += [(f"tolerance: {name}", f"{value:g}") for name, value in TOLERANCE.items()]
    rows.append(("tolerance: digits that are printed", "half a unit of the last one"))
    return Table(
        "parameters",
        "Parameters that the paper leaves open, and the tolerances of the verdicts",
        ("Name", "Value"),
        tuple(rows),
    )
