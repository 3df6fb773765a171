"""M. Singh, "Quantum Stellar Batteries" (2025), doi 10.20944/preprints202508.2028.v2, recomputed.

``texts.toml``: what the paper says and how it can be read; `work`: parameters that it leaves open, and the
runs; `tolerances`: how far a number may be off; `claims`: the measurements, in files named by their subject, from
which the verdicts are computed; `faults`: its inconsistencies; `panels` and `tables`: what is shown. `study` puts them
together.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from typing import Any

from qsb.errors import SpecError
from qsb.studies.bench import Bench
from qsb.studies.claim import Claim, Judgement, Verdict, broken, judge
from qsb.studies.papers.singh2025.claims import CLAIMS
from qsb.studies.papers.singh2025.faults import faults
from qsb.studies.papers.singh2025.panels import panels
from qsb.studies.papers.singh2025.tables import tables
from qsb.studies.papers.singh2025.work import STRENGTHS, Work, paper
from qsb.studies.study import Reading, Study

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
        summary=_summary(work, judgements, texts["section"]),
        readings=work.readings,
        panels=panels(work),
        tables=tables(work, texts["section"], judgements),
        judgements=tuple(judgements),
        inconsistencies=found,
        datasets=bench.datasets,
        specs=bench.specs,
    )


def _judge(work: Work, row: dict[str, Any]) -> Judgement:
    if row["id"] not in CLAIMS:
        raise SpecError(f"Claim {row['id']!r} of the paper has no measurement.")
    claim = Claim(row["id"], row["section"], row["statement"], basis=row.get("basis", "read"))
    try:
        evidence, rule = CLAIMS[row["id"]](work, claim)
        items = tuple(evidence)
    except Exception as error:  # noqa: BLE001 (whatever happens in one claim, the others are judged)
        return broken(replace(claim, spec=f"qsb reproduce {KEY}" + (" --quick" if work.quick else "")), error)
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


def _summary(work: Work, judgements: list[Judgement], sections: list[dict[str, str]]) -> tuple[str, ...]:
    counts = {v: sum(j.verdict is v for j in judgements) for v in Verdict}
    tally = ", ".join(f"{n} {v.value}" for v, n in counts.items())
    default = next(r for r in work.readings if r.default)
    trust = Counter(e.status for j in judgements for e in j.evidence if e.status)
    failed = [j.claim.id for j in judgements if j.error]
    silent = [f"{s['id']} ({s['about']})" for s in sections if s.get("kind") == "nothing"]
    return (
        f"{len(judgements)} claims were judged from computed numbers: {tally}."
        + (f" What could not be computed counts as inconclusive: {', '.join(failed)}." if failed else ""),
        "The paper states no parameter values and prints two Hamiltonians in Section 17, so its claims were run "
        f"under {len(work.readings)} readings. Default is "
        f"reading {default.key} ({default.label}). {default.why}",
        "Numbers of the stellar sections by how far their inputs can be trusted: "
        f"{', '.join(f'{n} {status}' for status, n in trust.most_common())}.",
        f"No verdict is given where nothing is said that could be computed: Sections {', '.join(silent)}. The table of "
        "sections says why, and which claims stand in the others.",
    )


__all__ = ["KEY", "study"]
