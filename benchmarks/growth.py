"""How cost grows with size in each representation: `python benchmarks/growth.py` draws what `run.py` measured."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from dataclasses import dataclass
from math import log
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent
#: calls of one size are repeated until this is spent
_REPEATED = 0.4
#: times below this, in units of the shortest, are the cost of any call and tell no exponent
_CONSTANT = 5.0
#: sizes of a fit; the largest ones where fewer are beyond that, and no fit where there are fewer than three
_WANTED, _FEWEST = 5, 3


@dataclass(frozen=True)
class Family:
    """One line of the figure.

    Attributes:
        sizes: numbers of cells, ascending.
        quick: the same, to try the harness.
        polynomial: whether the exponent is in N; else it is in the number of unknowns.
        what: the problem in words.
    """

    sizes: tuple[int, ...]
    quick: tuple[int, ...]
    polynomial: bool
    what: str


FAMILIES = {
    "product": Family(
        (10, 1000, 10**5, 400_000, 800_000, 1_600_000, 3_200_000, 6_400_000),
        (4, 40, 400),
        True,
        "independent cells with local noise: E and ergotropy",
    ),
    "symmetric": Family(
        (25, 50, 100, 200, 300, 400, 550, 700, 900, 1100), (4, 8, 16, 32), True, "all to all, closed: E and ergotropy"
    ),
    "symmetric+boson": Family(
        (8, 16, 32, 48, 64, 80, 100, 128, 160, 200), (3, 4, 5), True, "Dicke, 6N + 20 quanta: E and ergotropy"
    ),
    "permutation": Family((4, 8, 16, 32, 40, 48, 56, 64, 80, 96), (2, 3, 4), True, "W3: E, P and ergotropy"),
    "fermion": Family(
        (16, 32, 64, 128, 256, 384, 512, 768, 1024, 1536), (4, 8, 16), True, "chain of xx couplings: E and P"
    ),
    "mps": Family((8, 24, 32, 40, 52, 64, 80), (4, 6, 8), True, "W1 up to t = 0.2, bond 32: E"),
    "ket": Family((6, 8, 10, 12, 14, 15, 16, 17, 18, 19), (4, 6, 8), False, "W1: E and P"),
    "density": Family((2, 3, 4, 5, 6, 7, 8, 9), (2, 3, 4), False, "W3: E, P and ergotropy"),
    "trajectories": Family((3, 5, 7, 8, 9, 10, 11, 12, 13), (2, 3, 4), False, "W3, 20 trajectories: E"),
}


def quanta(n: int) -> int:
    """Cutoff of the cavity, with an empty tail at every size."""
    return 6 * n + 20


def problem(name: str, n: int) -> tuple[Any, dict[str, Any]]:
    """The problem of a family at one size, and what is asked of it."""
    import numpy as np
    import ours

    import qsb

    window, times = qsb.quench(10.0), np.linspace(0.0, 10.0, 51)
    everything = ["stored_energy", "power", "ergotropy"]
    if name == "product":
        cells = qsb.models.ensemble(n, field=0.5)
        noise = [qsb.emission(0.05), qsb.dephasing(0.05)]
        return qsb.Problem(cells, window, noise, times), {"figures": ["stored_energy", "ergotropy"]}
    if name == "symmetric":
        coupling = {"axes": "xx", "strength": 0.3, "geometry": "all", "normalisation": "kac"}
        made = qsb.Problem(qsb.models.ensemble(n, field=0.5, coupling=coupling), window, (), times)
        return made, {"figures": ["stored_energy", "ergotropy"]}
    if name == "symmetric+boson":
        made, _ = ours.dicke(n, quanta(n), "norm")
        return made, {"figures": ["stored_energy", "ergotropy"]}
    if name == "fermion":
        cells = qsb.models.ensemble(n, coupling={"axes": "xx", "strength": 0.5})
        return qsb.Problem(cells, window, (), times), {"figures": ["stored_energy", "power"]}
    if name == "mps":
        made, wanted = ours.long_chain(n, 0.2)
        return made, {**wanted, "bond": 32}
    if name == "ket":
        return ours.chain(n)
    if name == "trajectories":
        return ours.jumps(n, 20)
    return ours.noisy(n)[0], {"figures": everything}


def series(name: str, seconds: float, quick: bool) -> tuple[dict[str, Any], dict[str, Any]]:
    """Times of one family, from the smallest size on until `seconds` would be exceeded."""
    import qsb

    family = FAMILIES[name]
    taken = name.split("+")[0]
    points: list[dict[str, float]] = []
    began = time.perf_counter()
    for n in family.quick if quick else family.sizes:
        made, wanted = problem(name, n)
        options = {"representation": taken, **{k: v for k, v in wanted.items() if k != "representation"}}
        if not points:
            qsb.run(made, **options, peaks=False)
        walls: list[float] = []
        while not walls or (sum(walls) < _REPEATED and len(walls) < 5):
            start = time.perf_counter()
            data = qsb.run(made, **options, peaks=False)
            walls.append(time.perf_counter() - start)
        unknowns = json.loads(data.attrs["plan"])["dimension"]
        points.append({"size": n, "unknowns": unknowns, "seconds": min(walls)})
        if len(points) > 1:
            ahead = points[-1]["seconds"] ** 2 / points[-2]["seconds"]
            if time.perf_counter() - began + ahead > seconds:
                break
    return {}, {"points": points, "seconds": time.perf_counter() - began}


def fit(points: list[dict[str, float]], over: str) -> dict[str, float] | None:
    """Exponent of a power law with its 95 % interval (least squares of logarithms, Student's t).

    The sizes whose time is still that of any call are left out as long as five others are there.
    """
    from scipy.stats import t as student

    shortest = min((p["seconds"] for p in points), default=0.0)
    used = [p for p in points if p["seconds"] >= _CONSTANT * shortest]
    used = used if len(used) >= _WANTED else points[-_WANTED:]
    x, y = [log(p[over]) for p in used], [log(p["seconds"]) for p in used]
    if len(used) < _FEWEST or max(x) == min(x):
        return None
    mx, my = sum(x) / len(x), sum(y) / len(y)
    sxx = sum((a - mx) ** 2 for a in x)
    slope = sum((a - mx) * (b - my) for a, b in zip(x, y, strict=True)) / sxx
    rest = sum((b - my - slope * (a - mx)) ** 2 for a, b in zip(x, y, strict=True))
    half = float(student.ppf(0.975, len(x) - 2)) * (rest / (len(x) - 2) / sxx) ** 0.5
    return {"exponent": slope, "half": half, "first": used[0][over], "last": used[-1][over], "points": len(used)}


def floor_of(name: str, rates: dict[str, Any] | None, n: int) -> float | None:
    """Seconds of the passes over the state alone, where that is known."""
    import floor

    if not rates:
        return None
    known: dict[str, Callable[[], tuple[float, str]]] = {
        "ket": lambda: floor.chain(rates, n, False),
        "density": lambda: floor.noisy(rates, n, True),
        "permutation": lambda: floor.noisy(rates, n, False),
        "symmetric+boson": lambda: floor.dicke(rates, n, quanta(n), "norm"),
        "trajectories": lambda: floor.jumps(rates, n, 20),
    }
    return known[name]()[0] if name in known else None


def draw(results: dict[str, Any], path: Path) -> bool:
    """The figure: polynomial families against N, exponential ones against the unknowns; False if nothing is there."""
    from qsb.plots.style import DASHES, DOUBLE, GUIDE, blank, marker, style

    rates = results.get("rates")
    if rates:
        rates = {**rates, "copy": {float(k): v for k, v in rates["copy"].items()}}
    shown = {k: v["told"]["points"] for k, v in results["growth"].items() if v["status"] == "done"}
    if not shown:
        return False
    with style():
        figure = blank(DOUBLE, 4.2)
        axes = figure.subplots(1, 2, sharey=True)
        for k, (name, family) in enumerate(FAMILIES.items()):
            if name not in shown:
                continue
            over, at = ("size", axes[0]) if family.polynomial else ("unknowns", axes[1])
            points = shown[name]
            x, found = [p[over] for p in points], fit(points, over)
            label = name if found is None else rf"{name}: {found['exponent']:.2f} $\pm$ {found['half']:.2f}"
            at.loglog(x, [p["seconds"] for p in points], linestyle="-", linewidth=0.8, label=label, **marker(k))
            least = [floor_of(name, rates, int(p["size"])) for p in points]
            if all(least):
                at.loglog(x, least, color=marker(k)["color"], linestyle=DASHES[2], linewidth=0.8)
        for at, label in zip(axes, ("cells N", "unknowns"), strict=True):
            at.loglog([], [], color=GUIDE, linestyle=DASHES[2], label="floor, in the line's colour")
            at.set_xlabel(label)
            at.legend(
                title="exponent, 95 % interval",
                loc="upper center",
                bbox_to_anchor=(0.5, -0.2),
                labelspacing=0.25,
                handlelength=2.2,
            )
        axes[0].set_ylabel("time of a run (s)")
        path.parent.mkdir(parents=True, exist_ok=True)
        figure.savefig(path, dpi=200)
    return True


if __name__ == "__main__":
    read = json.loads((HERE / "results.json").read_text(encoding="utf-8"))
    draw(read, HERE.parent / "docs" / "images" / "growth.png")
