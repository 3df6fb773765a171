"""M. Singh, "Quantum Stellar Batteries" (2025), doi 10.20944/preprints202508.2028.v2, recomputed.

``texts.toml``: what the paper says and how it can be read; `work`: parameters that it leaves open, and the
runs; `tolerances`: how far a number may be off; `claims`: the measurements, in files named by their subject, from
which the verdicts are computed; `faults`: its inconsistencies. `study` puts them together.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from qsb.errors import SpecError
from qsb.stellar import scale
from qsb.studies.bench import Bench
from qsb.studies.claim import Claim, Judgement, Verdict, judge
from qsb.studies.papers.singh2025.claims import CLAIMS
from qsb.studies.papers.singh2025.faults import faults
from qsb.studies.papers.singh2025.tolerances import TOLERANCE
from qsb.studies.papers.singh2025.work import CELLS, RATE, STRENGTHS, WINDOW, Work, paper
from qsb.studies.study import Panel, Reading, Study, Table

KEY = "singh2025"

#: the parts of the work
STEPS = ("Fig. 1", "Fig. 2", "Fig. 3", "claims", "inconsistencies")


def study(*, quick: bool = False, tell: Callable[[str, str], None] = lambda step, what: None) -> Study:
    """Recompute the paper.

    Args:
        quick: fewer and smaller sizes in the scaling runs.
        tell: called with (step, what starts now).
    """
    texts = paper()
    step = [STEPS[0]]
    bench = Bench(lambda what: tell(step[0], what))
    work = Work(bench, quick, tuple(Reading(**row) for row in texts["reading"]))
    for name, prepare in ((STEPS[0], _fig1), (STEPS[1], _fig2), (STEPS[2], _fig3)):
        step[0] = name
        prepare(work)
    step[0] = STEPS[3]
    judgements = []
    for row in texts["claim"]:
        tell(step[0], row["id"])
        judgements.append(_judge(work, row))
    step[0] = STEPS[4]
    tell(step[0], "")
    found = faults(work, texts["inconsistency"])
    return Study(
        key=KEY,
        title=texts["title"],
        reference=texts["reference"],
        summary=_summary(work, judgements),
        readings=work.readings,
        panels=_panels(work),
        tables=(_table_one(), _exponents(work), _noise(work), _parameters(work)),
        judgements=tuple(judgements),
        inconsistencies=found,
        datasets=bench.datasets,
        specs=bench.specs,
    )


def _judge(work: Work, row: dict[str, Any]) -> Judgement:
    if row["id"] not in CLAIMS:
        raise SpecError(f"Claim {row['id']!r} of the paper has no measurement.")
    claim = Claim(row["id"], row["section"], row["statement"], basis=row.get("basis", "read"))
    evidence, rule = CLAIMS[row["id"]](work, claim)
    items = tuple(evidence)
    again = next((e.rerun for e in items if e.reading.split(",")[0] == work.default), items[0].rerun)
    claim = Claim(claim.id, claim.section, claim.statement, spec=again, basis=claim.basis)
    # Where the readings are not those of the Hamiltonian, the first one is the printed one.
    default = work.default if any(e.reading == work.default for e in items) else items[0].reading
    return judge(claim, items, rule, default=default if rule == "default-reading" else None)


def _fig1(work: Work) -> None:
    for key in work.keys:
        work.data(key)


def _fig2(work: Work) -> None:
    for key in work.charging:
        work.fit(key)


def _fig3(work: Work) -> None:
    for strength in STRENGTHS:
        for key in work.charging:
            work.data(key, "both", strength)


def _panels(work: Work) -> tuple[Panel, ...]:
    label = {r.key: f"{r.key}: {r.label}" for r in work.readings}
    four = f"N = {CELLS}, λ = {STRENGTHS[0]:g} ω0"
    noisy = f"emission and dephasing, γ = {RATE:g} ω0 each"
    default = next(r for r in work.readings if r.default)
    energies = ("stored_energy", "ergotropy", "local_ergotropy")
    noise = {label[k]: {"no noise": work.name(k), "noise": work.name(k, "both")} for k in ("A", default.key, "C", "E")}
    return (
        Panel(
            "fig1",
            "Fig. 1 recomputed: energy, power, ergotropy of the default reading",
            f"Reading {label[default.key]}; {four}, no noise. For a pure start in the ground state the ergotropy is "
            "the stored energy (the lines coincide); what single cells could deliver alone is the local ergotropy.",
            "Stored energy, ergotropy and local ergotropy on the left, power on the right, against time.",
            rows={label[default.key]: {"": work.name(default.key)}},
            columns=(energies, ("power",)),
        ),
        Panel(
            "fig1-readings",
            "Fig. 1 under every reading",
            f"Stored energy, ergotropy and local ergotropy (left) and power (right) under each reading; {four}, no "
            "noise; every row has its own scale.",
            "Ten rows, one for each reading of the paper, with energies on the left and power on the right.",
            rows={label[key]: {"": work.name(key)} for key in work.keys},
            columns=(energies, ("power",)),
        ),
        Panel(
            "fig2",
            "Fig. 2 recomputed: peak power against the number of cells",
            f"Largest power on [0, {WINDOW:g}/ω0] at equal coupling λ = {STRENGTHS[0]:g} ω0, with linear and "
            "quadratic guides; below, local exponents: where they settle, the asymptotics show. Grey: the extrapolated "
            "limit of large N with its interval.",
            "Log-log plot of peak power against N for each reading with guides of slope one and two; below, local "
            "exponents.",
            fits={label[key]: work.fit(key) for key in work.charging},
        ),
        Panel(
            "fig3",
            "Fig. 3 recomputed: decoherence",
            f"Stored energy and ergotropy without noise and with {noisy}; {four}.",
            "Stored energy and ergotropy against time for four readings, with and without noise.",
            rows=noise,
            columns=(("stored_energy",), ("ergotropy",)),
        ),
    )


def _table_one() -> Table:
    rows = []
    for row in scale.table_one():
        ours = "-" if row.ours is None else f"{row.ours.specific_energy:.4g}"
        published = f"{'>= ' if row.at_least else '~ '}{row.published:.0e}"
        rows.append((row.system, published, ours, f"{row.ratio_to_limit:.4g}", row.verdict))
    rows.append(
        (
            "limit: c^2",
            "-",
            f"{scale.SPEED_OF_LIGHT_SQUARED:.10g}",
            "1",
            "exact; no store holds more per kilogram",
        )
    )
    header = ("System", "Paper (J/kg)", "Ours (J/kg)", "Paper / c^2", "Finding")
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
    return Table(
        "parameters",
        "Parameters that the paper leaves open, and the tolerances of the verdicts",
        ("Name", "Value"),
        tuple(rows),
    )


def _summary(work: Work, judgements: list[Judgement]) -> tuple[str, ...]:
    counts = {v: sum(j.verdict is v for j in judgements) for v in Verdict}
    tally = ", ".join(f"{n} {v.value}" for v, n in counts.items())
    default = next(r for r in work.readings if r.default)
    return (
        f"{len(judgements)} claims were judged from computed numbers: {tally}.",
        "The paper states no parameter values and prints two Hamiltonians in Section 17, so its claims were run "
        f"under {len(work.readings)} readings. Default is "
        f"reading {default.key} ({default.label}). {default.why}",
    )


__all__ = ["KEY", "study"]
