"""Measure the table: `python benchmarks/run.py [--only W1,W3] [--quick] [--resume] [--tenpy PYTHON] [--minutes 25]`.

Every measurement is a fresh process. A first pass measures each row once, ours and the peer in turn; further passes
repeat the short rows while there is time. `results.json` is written after each measurement, so that `--resume` goes on
from there.
"""

from __future__ import annotations

import argparse
import hashlib
import importlib.util
import json
import os
import platform
import re
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from growth import FAMILIES, draw
from page import missed, write_page
from rows import CORES, Row, Task, table

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent
PASSES = 3
#: what the figures depend on here, beside the package
MEASURING = ("rows", "ours", "peers", "peers_tenpy", "measure", "start", "growth")
#: a row is repeated if its first pass took no longer than this
SHORT = 45.0
#: seconds of all of growth's families together
GROWTH_SECONDS = 180.0


class Session:
    """Results, the file that holds them, and the time that is left."""

    def __init__(self, chosen: argparse.Namespace) -> None:
        self.path: Path = chosen.out
        self.deadline = time.monotonic() + 60 * chosen.minutes
        self.tenpy: str | None = chosen.tenpy
        self.blas: int | None = chosen.blas
        found = importlib.util.find_spec("qsb")
        if found is None or not Path(str(found.origin)).is_relative_to(ROOT):
            raise SystemExit(
                f"The installed qsb is not this tree's: set PYTHONPATH={ROOT / 'src'}, or pip install -e ."
            )
        mark = fingerprint()
        self.folder = Path(tempfile.gettempdir()) / f"qsb-benchmarks-{mark}"
        self.folder.mkdir(exist_ok=True)
        self.results: dict[str, Any] = {"fingerprint": mark, "quick": chosen.quick, "rows": {}, "growth": {}}
        if (chosen.resume or chosen.only) and self.path.is_file():
            kept = json.loads(self.path.read_text(encoding="utf-8"))
            if kept.get("fingerprint") == mark and kept.get("quick") == chosen.quick:
                self.results = kept
            else:
                print("the results that are there belong to another state of the code: measuring anew", flush=True)
        self.results["sessions"] = [*self.results.get("sessions", []), described()]

    @property
    def left(self) -> float:
        """Seconds."""
        return self.deadline - time.monotonic()

    def write(self) -> None:
        """Whole or not at all."""
        part = self.path.with_name(f".{self.path.name}.part")
        part.write_text(json.dumps(self.results, indent=1) + "\n", encoding="utf-8")
        os.replace(part, self.path)

    def interpreter(self, task: Task) -> str | None:
        """Which Python runs a task; None if there is none."""
        if not task.tenpy:
            return sys.executable
        return self.tenpy or (sys.executable if importlib.util.find_spec("tenpy") else None)

    def measure(self, task: Task, **more: Any) -> dict[str, Any]:
        """Run one task in a fresh process; what came of it."""
        python = self.interpreter(task)
        if python is None:
            return {"status": "absent", "reason": "TeNPy is not installed; name an interpreter with --tenpy"}
        cap = min(task.cap, self.left)
        if cap < 5:
            return {"status": "not run", "reason": "the time of this session was spent"}
        request = {"task": task.name, "args": task.args, "small": task.small, **more}
        blas = self.blas if self.blas and task.name.startswith("ours.") else task.blas
        began = time.monotonic()
        record = talk([python, str(HERE / "measure.py"), json.dumps(request)], cap, self.environment(blas))
        if record["status"] == "not finished" and cap < task.cap:
            record["reason"] += " that this session had left"
        return record | {
            "blas": blas,
            "process": time.monotonic() - began,
            "at": time.strftime("%Y-%m-%d %H:%M:%S"),
        }

    def environment(self, blas: int) -> dict[str, str]:
        """Threads, and compiled code that this session's measurements share."""
        cores, few = str(CORES), str(blas)
        return {
            **os.environ,
            "OMP_NUM_THREADS": cores,
            "NUMBA_NUM_THREADS": cores,
            "OPENBLAS_NUM_THREADS": few,
            "MKL_NUM_THREADS": few,
            "MPLBACKEND": "Agg",
            "NUMBA_CACHE_DIR": str(self.folder / "numba"),
        }


def talk(command: list[str], cap: float, environment: dict[str, str]) -> dict[str, Any]:
    """Start a process, and stop it and what it started after `cap` seconds."""
    process = subprocess.Popen(
        command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, start_new_session=True
    )
    try:
        out, err = process.communicate(timeout=cap)
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
        process.communicate()
        return {"status": "not finished", "reason": f"stopped after {cap:.0f} s"}
    for line in out.splitlines():
        if line.startswith("RECORD "):
            found: dict[str, Any] = json.loads(line.removeprefix("RECORD "))
            return {k: _plain(v) if isinstance(v, str) else v for k, v in found.items()}
    last = (err.strip().splitlines() or ["no message"])[-1]
    return {"status": "failed", "reason": _plain(f"the process ended with code {process.returncode}: {last}"[:300])}


def _plain(text: str) -> str:
    """Without the folders of this machine."""
    return re.sub(r"(?<![\w.])/(?:[^\s/'\")]+/)+", "", text)


def fingerprint() -> str:
    """Of everything that the figures depend on here; the stellar half has benchmarks of its own."""
    told = hashlib.sha256()
    for path in [
        *sorted(p for p in (ROOT / "src").rglob("*.py") if "stellar" not in p.parts),
        *(HERE / f"{n}.py" for n in MEASURING),
    ]:
        told.update(path.read_bytes())
    return told.hexdigest()[:12]


def described() -> dict[str, Any]:
    """Machine, versions, state of the code, date."""

    def git(*words: str) -> str:
        done = subprocess.run(["git", "-C", str(ROOT), *words], capture_output=True, text=True, check=False)
        return done.stdout.strip()

    versions = {}
    for name in ("qsb", "numpy", "scipy", "numba", "qutip", "quspin", "physics-tenpy"):
        try:
            versions[name] = version(name)
        except PackageNotFoundError:
            versions[name] = "absent"
    model = ""
    if Path("/proc/cpuinfo").is_file():
        names = [
            v for v in Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines() if v.startswith("model name")
        ]
        model = names[0].split(":")[1].strip() if names else ""
    return {
        "date": time.strftime("%Y-%m-%d %H:%M"),
        "machine": f"{os.cpu_count()} cores, {model or platform.machine()}, {platform.system()}",
        "python": platform.python_version(),
        "versions": versions,
        "commit": git("rev-parse", "--short=10", "HEAD"),
        "changed": bool(git("status", "--porcelain", "--", "src")),
        "load": os.getloadavg()[0] if hasattr(os, "getloadavg") else None,
    }


def contestants(row: Row, turn: int) -> Iterator[tuple[str, Task]]:
    """Ours, the peer, ours; the peer first where its answer is the reference, and in every second pass."""
    everyone = list(row.ours.items())
    if row.theirs is not None:
        everyone.insert(0 if row.reference == "peer" else 1, ("peer", row.theirs))
    yield from reversed(everyone) if turn % 2 and row.reference != "peer" else everyone


def one_pass(session: Session, row: Row, turn: int) -> None:
    """Measure everyone of a row once; a contestant that failed is not asked again."""
    kept = session.results["rows"].setdefault(row.key, {"problem": row.problem, "records": {}})
    against = str(session.folder / f"{row.key}.npz")
    for who, task in contestants(row, turn):
        records = kept["records"].setdefault(who, [])
        if len(records) > turn or any(r["status"] != "done" for r in records):
            continue
        save = {"save": against} if who == "peer" else {}
        wanted = row.reference if who != "peer" or row.reference != "peer" else ""
        found = session.measure(task, reference=wanted, cells=row.cells, against=against, **save)
        if found["status"] == "not run":
            print(f"{row.key} {who}: {found['reason']}", flush=True)
            continue
        records.append(found)
        session.write()
        print(f"{row.key:<16} {who:<8} pass {turn + 1}: {line(found)}   [{session.left:.0f} s left]", flush=True)


def line(record: dict[str, Any]) -> str:
    """A record in a few words."""
    if record["status"] != "done":
        return f"{record['status']}: {record['reason']}"
    errors = ", ".join(f"{k} {v:.0e}" for k, v in record.get("errors", {}).items())
    return f"{min(record['walls']):.4g} s, {record['megabytes']:.0f} MB, {errors or 'no reference'}"


def spent(session: Session, row: Row) -> float:
    """Seconds that the first pass of a row took, all processes together."""
    records = session.results["rows"].get(row.key, {}).get("records", {})
    return sum(r[0].get("process", 0.0) for r in records.values() if r)


def floors(session: Session, rows: list[Row]) -> None:
    """Rates of the machine and floors, once a session and state of the code."""
    wanted = {row.key: row.floor for row in rows if row.floor}
    known = session.results.get("floors", {})
    if wanted and not set(wanted) <= set(known):
        found = session.measure(Task("floor.everything", {"wanted": wanted}))
        if found["status"] == "done":
            session.results |= {"rates": found["told"]["rates"], "floors": known | found["told"]["floors"]}
        else:
            session.results["floors"] = known | {key: {"of": found["reason"]} for key in wanted}
        session.write()


def profiles(session: Session, rows: list[Row]) -> None:
    """Where the time goes in the rows that miss a goal of speed."""
    for row in rows:
        kept = session.results["rows"].get(row.key, {})
        who = next(iter(row.ours))
        records = kept.get("records", {}).get(who, [])
        done = bool(records) and records[0]["status"] == "done"
        if "profile" in kept or not done or not missed(row, kept) or row.group in ("start", "cold"):
            continue
        if 3 * records[0]["process"] < session.left:
            kept["profile"] = session.measure(row.ours[who], profile=True).get("profile")
            session.write()


def grow(session: Session, quick: bool) -> None:
    """One process a representation."""
    share = (GROWTH_SECONDS if not quick else 20.0) / len(FAMILIES)
    for name in FAMILIES:
        if name in session.results["growth"]:
            continue
        task = Task("growth.series", {"name": name, "seconds": share, "quick": quick}, cap=4 * share + 30)
        found = session.measure(task)
        if found["status"] == "not run":
            continue
        session.results["growth"][name] = found
        session.write()
        told = [[p["size"], float(f"{p['seconds']:.3g}")] for p in found.get("told", {}).get("points", [])]
        print(f"growth {name}: {told or found.get('reason')}", flush=True)


def measure_all(session: Session, chosen: argparse.Namespace) -> None:
    """Floors, the first pass, growth, what limits us, and repetitions while there is time."""
    rows = table(chosen.quick)
    groups = {g.strip() for g in chosen.only.split(",")} if chosen.only else set()
    unknown = groups - {r.group for r in rows} - {r.key for r in rows} - {"growth"}
    if unknown:
        raise SystemExit(f"--only knows {sorted({r.group for r in rows} | {'growth'})}, not {sorted(unknown)}")
    mine = [r for r in rows if not groups or {r.group, r.key} & groups]
    if groups and not chosen.resume:  # what is named is measured anew, the rest is kept
        for row in mine:
            session.results["rows"].pop(row.key, None)
        if "growth" in groups:
            session.results["growth"] = {}
    floors(session, mine)
    for row in mine:
        one_pass(session, row, 0)
    if not groups or "growth" in groups:
        grow(session, chosen.quick)
    profiles(session, mine)
    for turn in range(1, PASSES):
        for row in sorted(mine, key=lambda r: spent(session, r)):
            if row.group != "cold" and 1.3 * spent(session, row) < min(SHORT, session.left):
                one_pass(session, row, turn)


def main() -> None:
    """Measure, then write the page and the figure."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", default="", help="groups or keys of rows, with commas; 'growth' is one too")
    parser.add_argument("--quick", action="store_true", help="sizes that only try the harness")
    parser.add_argument("--resume", action="store_true", help="keep what was measured in the same state of the code")
    parser.add_argument("--tenpy", help="a Python interpreter that has TeNPy, if this one has not")
    parser.add_argument("--minutes", type=float, default=25.0, help="when everything has to have ended")
    parser.add_argument("--blas", type=int, help=f"BLAS threads of ours instead of {CORES}")
    parser.add_argument("--out", type=Path, default=HERE / "results.json")
    parser.add_argument("--no-page", action="store_true", help="leave docs/ as it is")
    chosen = parser.parse_args()
    session = Session(chosen)
    measure_all(session, chosen)
    session.results["sessions"][-1]["ended"] = time.strftime("%Y-%m-%d %H:%M")
    session.write()
    if not chosen.no_page:
        draw(session.results, ROOT / "docs" / "images" / "growth.png")
        write_page(session.results)


if __name__ == "__main__":
    main()
