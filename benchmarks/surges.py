"""Stores under flares, side by side with scipy: `python benchmarks/surges.py`; it prints the rows of its page.

One process, one thread. Both solve the same problem, a year of 200 exponential pulses with a leak and, where stated, an
avalanche law, a second rate of loss and a capacity. scipy's `solve_ivp` (DOP853) is restarted at every flare and
stopped at every event, at the relative tolerance that keeps its error below 1e-9; its answers with 1e-12 are the
reference for both. Times are of the CPU, the least of several; ours hold the drawing of the flares, the peer's do not.
"""

from __future__ import annotations

import sys
import time
from dataclasses import replace
from pathlib import Path

import numpy as np

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "tests" / "stellar"))

import flow_reference  # noqa: E402
import surge_reference  # noqa: E402

from qsb.stellar.flare_ensemble import follow, simulate_ensemble  # noqa: E402
from qsb.stellar.flare_process import FlareEvents, FlareProcess  # noqa: E402
from qsb.stellar.loss import Latching, Logistic, Loss, Step, Stochastic  # noqa: E402
from qsb.stellar.store import Store  # noqa: E402

LEAK = 1 / (30 * 86400)
MEMBERS, REPEATS, YEARS = 20000, 5, 3
LOOSE = 1e-10
STEP = Store(Loss(LEAK, avalanche=Step(1e25, 1e-5)), capacity=2e25)
CASES = {
    "leak alone": (Store(Loss(LEAK)), 0.0),
    "capacity of 2e25 J": (Store(Loss(LEAK), capacity=2e25), 0.0),
    "step at 1e25 J, capacity of 2e25 J": (STEP, 0.0),
    "the same with a constant inflow, E at rest at 0.8 of the step": (STEP, 0.8e25 * LEAK),
    "the same, held at the step (sliding) between flares": (STEP, 1.5e25 * LEAK),
    "latching from 1e25 J to 0.8 of it": (replace(STEP, loss=Loss(LEAK, avalanche=Latching(1e25, 1e-5, 0.8))), 0.0),
    "random avalanches above 1e25 J": (
        replace(STEP, loss=Loss(LEAK, avalanche=Stochastic(1e25, 1e-5, 1e22, 1e24))),
        0.0,
    ),
    "logistic, 5e23 J wide": (replace(STEP, loss=Loss(LEAK, avalanche=Logistic(1e25, 1e-5, 5e23))), 0.0),
    "the step with two rates of loss": (replace(STEP, passive_loss=Loss(3 * LEAK), eta_in=0.7, dephasing=1e-7), 0.0),
}


def solve(store: Store, events: FlareEvents, push: float, rtol: float) -> np.ndarray:
    """End, peak, clipped energy and energy lost to avalanches of the peer, J."""
    if isinstance(store.loss.avalanche, Step | None) and store.passive_loss is None:
        return np.array(surge_reference.solve(store, events, push=push, rtol=rtol))
    return np.array(flow_reference.solve(store, events, 1.0, push, np.random.default_rng(7), rtol=rtol))


def rate(store: Store, push: float, sun: FlareProcess) -> float:
    """Years per second of CPU, drawing included; as many years as take about half a second."""
    members, best = 20, np.inf
    for _ in range(REPEATS + 3):
        begun = time.process_time()
        simulate_ensemble(store, sun, members, seed=1, quiescent=sun.luminosity, surplus=push, threads=1)
        spent = (time.process_time() - begun) / members
        best = min(best, spent)
        members = int(min(MEMBERS, max(20, 0.5 / spent)))
    return 1 / best


def compared(store: Store, push: float, sun: FlareProcess) -> tuple[float, float, float]:
    """Seconds of the peer per year, largest relative error of ours, and of the peer's."""
    seconds, ours, theirs = np.inf, 0.0, 0.0
    for seed in range(YEARS):
        events = sun.sample(1.0, np.random.default_rng(seed))
        exact = solve(store, events, push, 1e-12)
        begun = time.process_time()
        loose = solve(store, events, push, LOOSE)
        seconds = min(seconds, time.process_time() - begun)
        one = follow(store, events, quiescent=sun.luminosity, surplus=push, rng=np.random.default_rng(7))
        found = np.array([one.end[0], one.peak[0], one.clipped[0], one.avalanche[0]])
        scale = np.maximum(exact, 1e-9 * exact[1])
        ours = max(ours, float(np.max(np.abs(found - exact) / scale)))
        theirs = max(theirs, float(np.max(np.abs(loose - exact) / scale)))
    return seconds, ours, theirs


def main() -> None:
    """Print the table."""
    sun = FlareProcess.solar()
    simulate_ensemble(Store(Loss(LEAK)), sun, 1, seed=1, quiescent=sun.luminosity)
    print("| store | years/s, ours | years/s, `solve_ivp` | ratio | largest error, ours | its |")
    print("|---|---|---|---|---|---|")
    for name, (store, push) in CASES.items():
        fast = rate(store, push, sun)
        seconds, ours, theirs = compared(store, push, sun)
        print(
            f"| {name} | {fast:.3g} | {1 / seconds:.2g} | {fast * seconds:.2g} | {ours:.0e} | {theirs:.0e} |",
            flush=True,
        )


if __name__ == "__main__":
    main()
