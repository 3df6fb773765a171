"""The page from the results: `python benchmarks/page.py`. Its numbers are those of `results.json` and `rows.py`."""

from __future__ import annotations

import json
from pathlib import Path
from statistics import median
from typing import Any

from rows import CORES, EQUAL, QUIET, Goal, Row, table

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent
PAGE = ROOT / "docs" / "devdocs" / "benchmarks.md"
FIGURE = ROOT / "docs" / "images" / "growth.png"
#: what README.md takes from the page stands between these
MARKS = ("<!-- benchmarks: begin -->", "<!-- benchmarks: end -->")


# -- what the records say -----------------------------------------------------------------------------------------


def summary(records: list[dict[str, Any]] | None) -> dict[str, Any]:
    """Of one contestant: the median over its processes of their shortest call, the largest errors and memory."""
    if not records:
        return {"status": "not run", "reason": "the time was spent, or the row was left out"}
    done = [r for r in records if r["status"] == "done"]
    if len(done) < len(records) or not done:
        return next(r for r in records if r["status"] != "done")
    return {
        "status": "done",
        "seconds": median(min(r["walls"]) for r in done),
        "errors": {k: max(r["errors"][k] for r in done) for k in done[0].get("errors", {})},
        "megabytes": max(r["megabytes"] for r in done),
        "other": max(r["other_cores"] for r in done),
        "told": done[0]["told"],
        "count": len(done),
    }


def sides(row: Row, kept: dict[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
    """Ours that the goals are about, and the peer."""
    records = kept.get("records", {})
    ours = summary(records.get(next(iter(row.ours))))
    if row.theirs is None:
        return ours, {"status": "not run", "reason": row.remark}
    return ours, summary(records.get("peer"))


def attained(row: Row, goal: Goal, kept: dict[str, Any]) -> float | None:
    """What was measured of a goal's quantity; None if it could not be."""
    ours, peer = sides(row, kept)
    if ours["status"] != "done" or (goal.kind == "speed" and peer["status"] != "done"):
        return None
    if goal.kind == "speed":
        return float(peer["seconds"] / ours["seconds"])
    return float(ours[goal.kind])


def reached(row: Row, goal: Goal, kept: dict[str, Any]) -> bool | None:
    """Whether a goal is reached; None where there is nothing to compare. A wrong or missing answer reaches none."""
    ours, _ = sides(row, kept)
    if ours["status"] in ("failed", "not finished") or not equal(row, ours):
        return False
    value = attained(row, goal, kept)
    if value is None:
        return None
    return value >= goal.value if goal.kind == "speed" else value <= goal.value


def equal(row: Row, side: dict[str, Any]) -> bool:
    """Whether an answer is as accurate as it has to be."""
    return not row.exact or side.get("errors", {}).get("E", 0.0) <= EQUAL


def missed(row: Row, kept: dict[str, Any]) -> list[Goal]:
    """Goals that are not reached, by measurement or because there is no answer, or a wrong one."""
    return [goal for goal in row.goals if reached(row, goal, kept) is False]


# -- words --------------------------------------------------------------------------------------------------------


def time_text(seconds: float) -> str:
    """With a unit and three digits."""
    for unit, size in (("s", 1.0), ("ms", 1e-3)):
        if abs(seconds) >= size:
            return f"{_three(seconds / size)} {unit}"
    return f"{_three(seconds / 1e-6)} µs"


def _three(value: float) -> str:
    """Three digits, never an exponent for what is not small."""
    return f"{value:.0f}" if abs(value) >= 100 else f"{value:.3g}"


def goal_text(goal: Goal) -> str:
    """What is asked for."""
    if goal.kind == "speed":
        if goal.value < 1:
            return f"at most {_three(1 / goal.value)} times as long"
        return f"at least {_three(goal.value)} times faster"
    return f"under {time_text(goal.value)}" if goal.kind == "seconds" else f"at most {goal.value:.0f} MB"


def verdict(row: Row, kept: dict[str, Any]) -> str:
    """Yes, no, or why there is no answer, one for each goal."""
    ours, _ = sides(row, kept)
    if ours["status"] != "done":
        return "not run" if ours["status"] == "not run" else f"no: {ours['status']}"
    if not equal(row, ours):
        return f"no: error {ours['errors']['E']:.0e}"
    words = {True: "yes", False: "**no**", None: "no comparison"}
    return ", ".join(words[reached(row, goal, kept)] for goal in row.goals) or "-"


def side_text(row: Row, side: dict[str, Any]) -> str:
    """Time, or the state; a dagger where other work ran beside it, a star where the answer is not equal."""
    if side["status"] != "done":
        return str(side["status"])
    marks = "†" * (side["other"] > QUIET) + "\\*" * (not equal(row, side))
    return time_text(side["seconds"]) + marks


def errors_text(side: dict[str, Any]) -> str:
    """Errors per cell by name."""
    if side["status"] != "done":
        return "-"
    return ", ".join(f"{k} {v:.0e}" for k, v in side["errors"].items()) or "no reference"


def _line(*cells: str) -> str:
    return "| " + " | ".join(c or "-" for c in cells) + " |"


def _head(*cells: str) -> list[str]:
    return [_line(*cells), "|" + "---|" * len(cells)]


# -- sections -----------------------------------------------------------------------------------------------------


def speed_table(rows: list[Row], results: dict[str, Any]) -> list[str]:
    """Times, ratios, goals."""
    lines = _head("problem", "`qsb.run`", "solution alone", "peer", "its time", "ratio", "goal", "reached")
    for row in rows:
        kept = results["rows"].get(row.key, {})
        ours, peer = sides(row, kept)
        alone = summary(kept.get("records", {}).get("solve")) if "solve" in row.ours else None
        both = ours["status"] == peer["status"] == "done"
        lines.append(
            _line(
                row.problem,
                side_text(row, ours),
                side_text(row, alone) if alone else "-",
                row.peer,
                side_text(row, peer),
                f"**{_three(peer['seconds'] / ours['seconds'])}**" if both else "-",
                "; ".join(goal_text(g) for g in row.goals),
                verdict(row, kept),
            )
        )
    return lines


def accuracy_table(rows: list[Row], results: dict[str, Any]) -> list[str]:
    """Errors, memory, floors."""
    lines = _head(
        "problem", "as", "our error per cell", "the peer's", "our peak", "the peer's", "floor", "ours above it"
    )
    for row in rows:
        ours, peer = sides(row, results["rows"].get(row.key, {}))
        low = results.get("floors", {}).get(row.key, {})
        done = ours["status"] == "done"
        lines.append(
            _line(
                row.problem,
                ours["told"].get("representation", "") if done else ours["status"],
                errors_text(ours),
                errors_text(peer),
                f"{ours['megabytes']:.0f} MB" if done else "-",
                f"{peer['megabytes']:.0f} MB" if peer["status"] == "done" else "-",
                f"{time_text(low['seconds'])}: {low['of']}" if "seconds" in low else low.get("of", "-"),
                f"{_three(ours['seconds'] / low['seconds'])} x" if done and "seconds" in low else "-",
            )
        )
    return lines


def remarks(rows: list[Row], results: dict[str, Any]) -> list[str]:
    """What a row's numbers need to be read rightly."""
    lines = []
    for row in rows:
        ours, peer = sides(row, results["rows"].get(row.key, {}))
        told = [row.remark] if row.remark else []
        for who, side in (("ours", ours), ("the peer", peer)):
            said = side.get("told", {})
            if "standard_error" in said:
                told.append(f"{who} states a standard error of {said['standard_error'] / row.cells:.1e} per cell")
            if row.group == "W6" and said.get("budget"):
                told.append(f"{who} reports " + ", ".join(f"{k} {v:.1e}" for k, v in said["budget"].items()))
        if row.reference == "peer":
            told.append("without an independent reference: the error is the distance to the peer")
        if told:
            lines.append(f"- {row.problem}: {'; '.join(told)}.")
    return lines


def shortfalls(rows: list[Row], results: dict[str, Any]) -> list[str]:
    """By how much each goal is missed, and where the time goes."""
    lines = []
    for row in rows:
        kept = results["rows"].get(row.key, {})
        for goal in missed(row, kept):
            value = attained(row, goal, kept)
            if value is None or not equal(row, sides(row, kept)[0]):
                continue
            factor = goal.value / value if goal.kind == "speed" else value / goal.value
            got = {
                "speed": f"{_three(value)} times as fast",
                "seconds": time_text(value),
                "megabytes": f"{value:.0f} MB",
            }
            lines.append(
                f"- {row.problem}: {got[goal.kind]}, where the goal is {goal_text(goal)}: "
                f"missed by a factor of {_three(factor)}.{_limits(row, kept, results)}"
            )
        ours, _ = sides(row, kept)
        if ours["status"] in ("failed", "not finished"):
            lines.append(f"- {row.problem}: no answer of ours; the reason is below.")
        elif not equal(row, ours):
            lines.append(
                f"- {row.problem}: the error per cell is {ours['errors']['E']:.1e}, where {EQUAL:.0e} is asked."
            )
    return lines or ["Every goal that could be measured is reached."]


def _limits(row: Row, kept: dict[str, Any], results: dict[str, Any]) -> str:
    """Measured shares of the time, and the distance to the floor."""
    out = ""
    found = kept.get("profile")
    if found:
        for name, title in (("stages", "Stages with all that they call"), ("alone", "Functions by themselves")):
            if found[name]:
                out += f" {title}: " + ", ".join(f"`{where}` {100 * share:.0f} %" for where, share in found[name]) + "."
    ours, _ = sides(row, kept)
    low = results.get("floors", {}).get(row.key, {})
    if "seconds" in low:
        out += f" The floor ({low['of']}) is {_three(ours['seconds'] / low['seconds'])} times below."
    return out


def failures(rows: list[Row], results: dict[str, Any]) -> list[str]:
    """Whoever did not give an answer, with the reason."""
    lines = []
    for row in rows:
        records = results["rows"].get(row.key, {}).get("records", {})
        everyone = [*row.ours, *(["peer"] if row.theirs else [])]
        if not records:
            lines.append(f"- {row.problem}: not run, neither ours nor the peer.")
            continue
        for who in everyone:
            side = summary(records.get(who))
            if side["status"] != "done":
                name = row.peer if who == "peer" else f"ours (`{who}`)"
                lines.append(f"- {row.problem}: {name} {side['status']}: {side['reason'].replace('|', '/')}.")
    return lines


def waiting(rows: list[Row], results: dict[str, Any]) -> list[str]:
    """Start-up and first runs."""
    lines = _head("what", "time", "beside it", "goal", "reached")
    for row in rows:
        kept = results["rows"].get(row.key, {})
        ours, peer = sides(row, kept)
        told = ours.get("told", {})
        beside = f"{row.peer} {time_text(peer['seconds'])}" if peer["status"] == "done" else ""
        if "cold" in told:
            beside = f"the first run {time_text(told['cold'])}, later ones {time_text(told['warm'])}"
        goals = "; ".join(goal_text(g) for g in row.goals)
        lines.append(_line(row.problem, side_text(row, ours), beside, goals, verdict(row, kept)))
    return lines


def growth(results: dict[str, Any]) -> list[str]:
    """The figure and the exponents."""
    from growth import FAMILIES, fit

    if not results["growth"]:
        return ["Not measured in this run."]
    lines = []
    if FIGURE.is_file():
        lines += ["![Time of a run against size, log-log, one line a representation](../images/growth.png)", ""]
    lines += _head("representation", "problem", "cost grows as", "fitted over", "largest", "its time")
    for name, family in FAMILIES.items():
        found = results["growth"].get(name, {"status": "not run", "reason": "the time was spent"})
        if found["status"] != "done":
            lines.append(
                _line(name, family.what, f"{found['status']}: {found['reason']}".replace("|", "/"), "", "", "")
            )
            continue
        points = found["told"]["points"]
        over = "size" if family.polynomial else "unknowns"
        law = fit(points, over)
        base = "N" if family.polynomial else "unknowns"
        span = f"{law['points']} sizes, {base} = {law['first']:.0f} to {law['last']:.0f}" if law else ""
        last = points[-1]
        lines.append(
            _line(
                name,
                family.what,
                f"{base}^({law['exponent']:.2f} ± {law['half']:.2f})" if law else "too few sizes",
                span,
                f"N = {last['size']:.0f}",
                time_text(last["seconds"]),
            )
        )
    return lines


def rates_text(results: dict[str, Any]) -> str:
    """Rates of the machine in one sentence."""
    rates = results.get("rates")
    if not rates:
        return "The rates of the machine were not measured."
    copies = {float(k): v for k, v in rates["copy"].items()}
    few, many = max(copies, key=lambda size: copies[size]), max(copies)
    products = rates["product"]
    return (
        f"Measured in this run: copies move {copies[many] / 1e9:.1f} GB/s (reading and writing) at "
        f"{many / 2**20:.0f} MiB and {copies[few] / 1e9:.1f} GB/s at {few / 2**10:.0f} KiB; matrix products make "
        f"{products['real'] / 1e9:.0f} (real) and {products['complex'] / 1e9:.0f} (complex) Gflop/s."
    )


def session_text(results: dict[str, Any]) -> list[str]:
    """Where and when."""
    lines = []
    for session in results["sessions"]:
        versions = ", ".join(f"{k} {v}" for k, v in session["versions"].items())
        changed = " with changes that are not committed" if session["changed"] else ""
        lines.append(
            f"- {session['date']}: {session['machine']}; Python {session['python']}, {versions}; "
            f"commit {session['commit']}{changed}."
        )
    return lines


def disturbed(results: dict[str, Any]) -> str:
    """How much of the measuring was beside other work."""
    records = [
        r for kept in results["rows"].values() for many in kept["records"].values() for r in many if "other_cores" in r
    ]
    loud = [r["other_cores"] for r in records if r["other_cores"] > QUIET]
    if not loud:
        return f"During none of the {len(records)} measurements did other processes use more than {QUIET} cores."
    return (
        f"During {len(loud)} of the {len(records)} measurements other processes used more than {QUIET} cores (up to "
        f"{max(loud):.1f}); such times are marked †, and are too long."
    )


METHOD = """## How each number was measured

Every measurement is a process of its own, ours and the peer's in turn on the same machine: `qsb.run`, the peer, the
solution alone, and in later passes in the other order. {cores} cores: numba and OpenMP have {cores} threads in all of
them; BLAS has {cores} in ours{blas} and 1 in the peers, where OpenMP's and BLAS's threads would fight for the cores.

A process first solves a small size, so that imports and compiled code are loaded, then the whole problem, again and
again until a second is spent. Its time is the shortest call, since what disturbs only makes it longer; the table shows
the median over the processes. A call holds everything from the parameters to the arrays. `qsb.run` also plans, checks
itself, searches the largest values in continuous time and makes the dataset; "solution alone" gives the figures at the
save times, which is what the peers do. Ratios are of `qsb.run`.

Errors are the largest deviation over all save times, divided by N, from references that come from no peer's solver (see
`benchmarks/README.md`). An answer whose energy misses {equal:.0e} per cell is marked \\* and counts as not equal. Peaks
are the kernel's high-water mark of resident memory, imports included. CPU use of other processes is the machine's busy
time less the measured process's. {disturbed}

A floor counts what an expansion over the whole window cannot leave out: its terms each read and write the state once,
and each spectrum takes so many operations. {rates} A row that avoids such work may lie below its floor.

Profiles are of one more call under Python's profiler, which makes small calls look larger than they are. A first run is
`qsb run` of a spec with empty caches of numba and of `qsb`, less the same with what it left there.
"""


def page(results: dict[str, Any]) -> str:
    """The whole page."""
    rows = table(results["quick"])
    solved = [r for r in rows if r.group not in ("start", "cold")]
    started = [r for r in rows if r.group in ("start", "cold")]
    told = [reached(r, g, results["rows"].get(r.key, {})) for r in rows for g in r.goals]
    lines = ["# Benchmarks", ""]
    if results["quick"]:
        lines += ["**These sizes only try the harness; the numbers say nothing about speed.**", ""]
    lines += [
        f"Of {len(told)} goals {told.count(True)} are reached, {told.count(False)} are not, and for {told.count(None)} "
        "there is nothing to compare. This page is made by `python benchmarks/run.py`.",
        "",
        *session_text(results),
        "",
        "## Side by side",
        "",
        *speed_table(solved, results),
        "",
        "† measured while other processes ran; \\* not as accurate as asked.",
        "",
        *remarks(solved, results),
        "",
        "## Accuracy, memory, floors",
        "",
        *accuracy_table(solved, results),
        "",
        "## What a user waits for",
        "",
        *waiting(started, results),
        "",
        "## What is not reached",
        "",
        *shortfalls(rows, results),
        "",
    ]
    failed = failures(rows, results)
    if failed:
        lines += ["## What gave no answer", "", *failed, ""]
    lines += ["## How cost grows", "", *growth(results), ""]
    blas = {r.get("blas") for k in results["rows"].values() for m in k["records"].values() for r in m} - {
        1,
        CORES,
        None,
    }
    lines.append(
        METHOD.format(
            cores=CORES,
            blas="".join(f" (some with {b})" for b in sorted(blas)),
            equal=EQUAL,
            disturbed=disturbed(results),
            rates=rates_text(results),
        )
    )
    return "\n".join(lines)


def readme(results: dict[str, Any], text: str) -> str:
    """README.md with its block made anew: the rows that were measured on both sides, or a link alone."""
    before, rest = text.split(MARKS[0])
    after = rest.split(MARKS[1])[1]
    lines = []
    for row in [] if results["quick"] else table():
        ours, peer = sides(row, results["rows"].get(row.key, {}))
        if row.group in ("start", "cold") or not ours["status"] == peer["status"] == "done":
            continue
        ratio = f"{_three(peer['seconds'] / ours['seconds'])}"
        lines.append(_line(row.problem, side_text(row, ours), f"{row.peer}: {side_text(row, peer)}", ratio))
    if lines:
        lines = [*_head("problem", "`qsb.run`", "best peer", "ratio"), *lines, ""]
    where = "[docs/devdocs/benchmarks.md](docs/devdocs/benchmarks.md)"
    lines.append(
        "Measured side by side in one run on two cores, each answer compared with an independent reference. Errors, "
        f"memory,\nfloors, how cost grows, and what is not reached: {where}."
    )
    return before + MARKS[0] + "\n" + "\n".join(lines) + "\n" + MARKS[1] + after


def write_page(results: dict[str, Any]) -> None:
    """The page, and README's block."""
    PAGE.write_text(page(results), encoding="utf-8")
    front = ROOT / "README.md"
    text = front.read_text(encoding="utf-8")
    if all(mark in text for mark in MARKS):
        front.write_text(readme(results, text), encoding="utf-8")


if __name__ == "__main__":
    write_page(json.loads((HERE / "results.json").read_text(encoding="utf-8")))
