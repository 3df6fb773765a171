"""Two competitors in turn, so that both meet the same machine."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from statistics import median

import numpy as np

#: error of the energy per cell above which an answer does not count as equal
EQUAL = 1e-8


@dataclass(frozen=True)
class Row:
    """One line of the table; times in seconds."""

    problem: str
    ours: float
    our_error: float
    peer: str
    theirs: float | None
    their_error: float | None
    floor: float
    floor_of: str

    def markdown(self) -> str:
        """The line."""
        theirs = (
            "-" if self.theirs is None else f"{_time(self.theirs)} ({self.their_error:.0e}{_miss(self.their_error)})"
        )
        ratio = "-" if self.theirs is None else f"**{self.theirs / self.ours:.1f}**"
        above = f"{self.ours / self.floor:.0f} x ({_time(self.floor)}, {self.floor_of})"
        ours = f"{_time(self.ours)} ({self.our_error:.0e}{_miss(self.our_error)})"
        return f"| {self.problem} | {ours} | {self.peer} | {theirs} | {ratio} | {above} |"


def _time(seconds: float) -> str:
    return f"{1e3 * seconds:.3g} ms" if seconds < 1 else f"{seconds:.3g} s"


def _miss(error: float | None) -> str:
    return ", not equal" if error is not None and error > EQUAL else ""


def race(
    problem: str,
    cells: int,
    reference: np.ndarray,
    ours: Callable[[], np.ndarray],
    peers: dict[str, Callable[[], np.ndarray]],
    floor: float,
    floor_of: str,
    repeats: int = 5,
) -> list[Row]:
    """Run ours and each peer in turn, once to warm up and then `repeats` times; one row a peer."""
    everyone = {"qsb": ours, **peers}
    errors = {name: float(np.abs(solve() - reference).max()) / cells for name, solve in everyone.items()}
    times: dict[str, list[float]] = {name: [] for name in everyone}
    for _ in range(repeats):
        for name, solve in everyone.items():
            began = time.perf_counter()
            solve()
            times[name].append(time.perf_counter() - began)
    # the smaller half: what disturbs a run only makes it longer
    typical = {name: median(sorted(t)[: (len(t) + 1) // 2]) for name, t in times.items()}
    rows = [
        Row(problem, typical["qsb"], errors["qsb"], name, typical[name], errors[name], floor, floor_of)
        for name in peers
    ]
    return rows or [Row(problem, typical["qsb"], errors["qsb"], "-", None, None, floor, floor_of)]
