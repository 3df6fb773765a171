"""Speed of ensembles of stores: `python benchmarks/stellar_store.py`, then the page docs/devdocs/stellar-speed.md.

Ours, a loop over time in numpy, and `scipy.integrate.solve_ivp` restarted in each interval, on the same powers. Each
runs in a fresh process (`measure.py`) with one thread; what is compared is CPU time a store and interval. Errors are
those of the final W and E against `qsb.stellar.history.simulate`, as a share of the throughput.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent
RESULTS = HERE / "stellar_store.json"
PAGE = ROOT / "docs" / "devdocs" / "stellar-speed.md"
HOUR = 3600.0
PASSES = 3
# The runs end at noon: at night an empty store would agree with anything.
#: case -> what is in it
CASES = {
    "leak": "leak and dephasing",
    "load": "the same with a capacity and a load",
    "all": "the same with a step law: sliding, full, empty",
    "two": "the same with a rate of its own for passive energy",
    "latching": "capacity, load and a latching law",
    "stochastic": "capacity, load and random avalanches",
    "logistic": "capacity, load and a logistic law, integrated",
}
#: contestant -> case -> members and intervals; times grow in proportion, so that few will do where much is to be done
LARGE, SMALL = (500, 8748), (50, 972)
SIZES = {
    "ours": {"leak": LARGE, "load": LARGE, "all": LARGE, "two": SMALL, "latching": SMALL, "stochastic": SMALL,
             "logistic": (5, 972)},
    "numpy": {"leak": LARGE},
    "solve_ivp": {"leak": (1, 108), "load": (1, 108)},
}  # fmt: skip
Arrays = dict[str, np.ndarray]


def store(case: str) -> Any:
    """The store of a case."""
    from qsb.stellar.loss import Latching, Logistic, Loss, Step, Stochastic
    from qsb.stellar.store import Store

    step = Step(2e13, 1e-4)
    laws = {
        "all": step,
        "two": step,
        "latching": Latching(2e13, 1e-5, 0.9),
        "stochastic": Stochastic(2e13, 1e-4, 1e9, 1e13),
        "logistic": Logistic(2e13, 1e-5, 1e12),
    }
    return Store(
        Loss(1e-6, avalanche=laws.get(case)),
        capacity=None if case == "leak" else 2.5e13,
        eta_in=0.9,
        eta_out=0.9,
        dephasing=1e-6,
        passive_loss=Loss(2e-6) if case == "two" else None,
    )


def powers(case: str, members: int, count: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Edges, and inflow and demand of each member: day and night, and a load that is drawn anew each hour."""
    edges = np.arange(count + 1) * HOUR
    rng = np.random.default_rng(1)
    day = np.maximum(0.0, np.sin(2 * np.pi * np.arange(count) / 24))
    inflow = 1.4e9 * day * rng.uniform(0.5, 1.5, (members, 1))
    demand = rng.uniform(0.0, 0.6e9, (members, count)) if case != "leak" else np.zeros((members, count))
    return edges, inflow, demand


def ours(case: str, members: int, count: int) -> tuple[Arrays, dict[str, Any]]:
    """`simulate_many`."""
    from qsb.stellar.ensemble import simulate_many

    edges, inflow, demand = powers(case, members, count)
    began = time.process_time()
    found = simulate_many(store(case), edges, inflow, demand, rng=np.random.default_rng(3))
    spent = time.process_time() - began
    shares = {name: float(spans.mean() / edges[-1]) for name, spans in found.regimes.items()}
    shares |= {"full": float(found.time_full.mean() / edges[-1]), "empty": float(found.time_empty.mean() / edges[-1])}
    worst = float(max(found.relative_residual.max(), found.work_residual.max()))
    return {"W": found.work, "E": found.energy}, {"cpu": spent, "shares": shares, "residual": worst}


def numpy(case: str, members: int, count: int) -> tuple[Arrays, dict[str, Any]]:
    """The exact map in a loop over time, all members at once; with no level that anything could cross."""
    edges, inflow, _ = powers(case, members, count)
    it = store(case)
    began = time.process_time()
    rate, fast = it.loss.held, it.loss.held + it.dephasing
    work, energy, area = np.zeros(members), np.zeros(members), np.zeros(members)
    for k, h in enumerate(np.diff(edges)):
        keep, fade = np.exp(-rate * h), np.exp(-fast * h)
        power = inflow[:, k]
        area += energy * (1 - keep) / rate + power * (h - (1 - keep) / rate) / rate
        work = work * fade + it.eta_in * power * (1 - fade) / fast
        energy = energy * keep + power * (1 - keep) / rate
    return {"W": work, "E": energy}, {"cpu": time.process_time() - began, "lost": float(rate * area.sum())}


def solve_ivp(case: str, members: int, count: int) -> tuple[Arrays, dict[str, Any]]:
    """An adaptive method, restarted where the powers change, with events where the store is full or out of work."""
    edges, inflow, demand = powers(case, members, count)
    it = store(case)
    began = time.process_time()
    ends = [_one(it, edges, inflow[m], demand[m]) for m in range(members)]
    spent = time.process_time() - began
    return {"W": np.array([e[0] for e in ends]), "E": np.array([e[1] for e in ends])}, {"cpu": spent}


def _one(it: Any, edges: np.ndarray, inflow: np.ndarray, demand: np.ndarray) -> tuple[float, float]:
    from scipy.integrate import solve_ivp as solve

    rate, fast, top = it.loss.held, it.loss.held + it.dephasing, it.capacity_limit
    work = energy = 0.0
    for k, power in enumerate(inflow):
        now, draw = edges[k], demand[k] / it.eta_out
        while now < edges[k + 1]:
            empty = work <= 0.0 and it.eta_in * power < draw
            drawn = it.eta_in * power if empty else draw
            full = energy >= top and power - drawn > rate * energy
            taken = drawn + rate * energy if full else power

            def slope(
                t: float, y: np.ndarray, taken: float = taken, drawn: float = drawn, fix: Any = (empty, full)
            ) -> Any:
                to_work = 0.0 if fix[0] else it.eta_in * taken - drawn - fast * y[0]
                return [to_work, 0.0 if fix[1] else taken - drawn - rate * y[1]]

            def used_up(t: float, y: np.ndarray) -> float:
                return float(y[0])

            def filled(t: float, y: np.ndarray) -> float:
                return float(y[1] - top)

            used_up.terminal = filled.terminal = True  # type: ignore[attr-defined]
            used_up.direction, filled.direction = -1, 1  # type: ignore[attr-defined]
            events = [] if top == np.inf else [*([] if empty else [used_up]), *([] if full else [filled])]
            found = solve(slope, [now, edges[k + 1]], [work, energy], "DOP853", events=events, rtol=1e-12, atol=1.0)
            work, energy, now = float(found.y[0, -1]), float(found.y[1, -1]), float(found.t[-1])
            if found.status == 1:
                work = 0.0 if abs(work) < 1e-9 * top else work
                energy = top if abs(energy - top) < 1e-9 * top else energy
    return work, energy


# -- the session --------------------------------------------------------------------------------------------------


def error(case: str, who: str, arrays: Any, members: int, count: int) -> float:
    """Of the final W and E of up to three members, as a share of the throughput."""
    from qsb.stellar.history import simulate

    edges, inflow, demand = powers(case, members, count)
    worst = 0.0
    streams = np.random.default_rng(3).spawn(members)
    for m in range(min(1 if case == "logistic" else 3, members)):
        run = simulate(store(case), edges, inflow[m], demand[m], rng=streams[m])
        for key, exact in (("W", run.work[-1]), ("E", run.energy[-1])):
            worst = max(worst, abs(float(arrays[key][m]) - exact) / run.ledger.throughput)
    return worst


def measure(passes: int) -> dict[str, Any]:
    """All contestants, each pass in fresh processes; the smallest CPU time counts."""
    from run import described, talk

    found: dict[str, Any] = {"session": described(), "rows": {}}
    one = dict.fromkeys(("OMP_NUM_THREADS", "NUMBA_NUM_THREADS", "OPENBLAS_NUM_THREADS"), "1")
    for _ in range(passes):
        for who, cases in SIZES.items():
            for case, (members, count) in cases.items():
                args = {"case": case, "members": members, "count": count}
                with tempfile.TemporaryDirectory() as folder:
                    save = str(Path(folder) / "ends.npz")
                    request = {"task": f"stellar_store.{who}", "args": args, "save": save}
                    request["small"] = {"case": case, "members": 1, "count": 3}
                    command = [sys.executable, str(HERE / "measure.py"), json.dumps(request)]
                    record = talk(command, 120.0, {**os.environ, **one})
                    if record["status"] != "done":
                        raise SystemExit(f"{who} {case}: {record['reason']}")
                    off = error(case, who, np.load(save), members, count)
                told = record["told"]
                kept = found["rows"].setdefault(f"{case}-{who}", {**told, "error": off, "ns": np.inf})
                kept["ns"] = min(kept["ns"], 1e9 * told["cpu"] / (members * count))
                kept["other"] = max(kept.get("other", 0.0), record["other_cores"])
                print(f"{case:<6}{who:<10}{kept['ns']:12.4g} ns a store and interval, error {off:.1e}", flush=True)
    return found


def page(found: dict[str, Any]) -> str:
    """The page, whose numbers are all those of the results."""
    rows, session = found["rows"], found["session"]
    lines = [
        "# Speed of ensembles of stores",
        "",
        "Made by `python benchmarks/stellar_store.py`. CPU time of one thread for one store over one hour of a year, "
        "the smallest of several processes; error of the final work and energy against "
        "`qsb.stellar.history.simulate`, as a share of the throughput.",
        "",
        f"{session['machine']}, Python {session['python']}, {session['date']}; versions "
        + ", ".join(f"{name} {v}" for name, v in session["versions"].items() if name in ("numpy", "scipy", "numba"))
        + f". Other processes used up to {max(r['other'] for r in rows.values()):.1f} cores meanwhile, which makes CPU "
        "times longer, not shorter.",
        "",
        "| case | how | ns | error | against ours |",
        "|---|---|---|---|---|",
    ]
    for case, what in CASES.items():
        mine = rows[f"{case}-ours"]
        for who in SIZES:
            row = rows.get(f"{case}-{who}")
            if row is None:
                continue
            ratio = "" if who == "ours" else f"{row['ns'] / mine['ns']:.3g}"
            name = {"ours": "`simulate_many`", "numpy": "numpy loop", "solve_ivp": "`solve_ivp`"}[who]
            lines.append(f"| {what} | {name} | {row['ns']:.3g} | {row['error']:.0e} | {ratio} |")
    whole = rows["all-ours"]["shares"]
    told = ", ".join(f"{name} {100 * share:.0f} %" for name, share in whole.items() if share > 0)
    best, worst = rows["leak-ours"]["ns"], rows["all-ours"]["ns"]
    lines += [
        "",
        f"With the step law the stores spend their time thus: {told}. Per core that is {1e9 / best:.2g} store-steps a "
        f"second where nothing happens and {1e9 / worst:.2g} where everything does; the goal was 1e8 a core. Members "
        "side by side in vector instructions gained 10 to 25 % where nothing happens and lost with a threshold, so "
        "that they were given up: reading the powers and the events remain.",
        "",
        "**What is equal and what is not.** All rows of a case have the same powers and accuracy. `solve_ivp` (DOP853, "
        "relative tolerance 1e-12) is restarted in each interval and stopped by events at the capacity and at zero "
        "work; the laws it solves only with code of the user's own for their regimes, so it is not run there. The "
        "numpy loop is over time with all stores at once and evaluates the same exact map; it keeps one "
        "integral of the ledger, and knows of no level, so it is run where there is none. Ours keeps the whole ledger "
        "of energy and that of work, and checks both: their largest residual was "
        f"{max(rows[f'{c}-ours']['residual'] for c in CASES):.0e} "
        "of the throughput.",
        "",
    ]
    return "\n".join(lines)


def main() -> None:
    """Measure, write the results, write the page."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--page", action="store_true", help="only the page, from the results that are there")
    parser.add_argument("--passes", type=int, default=PASSES)
    chosen = parser.parse_args()
    if not chosen.page:
        RESULTS.write_text(json.dumps(measure(chosen.passes), indent=1) + "\n", encoding="utf-8")
    PAGE.write_text(page(json.loads(RESULTS.read_text(encoding="utf-8"))), encoding="utf-8")


if __name__ == "__main__":
    main()
