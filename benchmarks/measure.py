"""One measurement in a fresh process: `python benchmarks/measure.py REQUEST`, JSON in, one line of JSON out.

Walls are of whole calls, building included; a small call before them, which loads compiled code, is not counted.
"""

from __future__ import annotations

import importlib
import json
import os
import sys
import time
import warnings
from pathlib import Path
from typing import Any

import numpy as np

HERE = Path(__file__).resolve().parent
#: seconds and calls after which a short call is not repeated any more
SECONDS, CALLS = 1.0, 7


def busy() -> float:
    """CPU seconds that all processes of this machine have used; NaN where that cannot be read."""
    try:
        ticks = Path("/proc/stat").read_text(encoding="ascii").splitlines()[0].split()[1:]
    except OSError:
        return float("nan")
    user, nice, system, _, _, irq, softirq, *_ = (int(t) for t in ticks)
    return (user + nice + system + irq + softirq) / os.sysconf("SC_CLK_TCK")


def own() -> float:
    """CPU seconds of this process and of its children that have ended."""
    t = os.times()
    return t.user + t.system + t.children_user + t.children_system


def peak_megabytes() -> float:
    """Largest resident memory of this process; the kernel's figure for this program, not for what started it."""
    try:
        for line in Path("/proc/self/status").read_text(encoding="ascii").splitlines():
            if line.startswith("VmHWM:"):
                return int(line.split()[1]) / 1024
    except OSError:
        pass
    import resource

    most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return most / (2**20 if sys.platform == "darwin" else 2**10)


def called(task: str) -> Any:
    """The function that ``module.function`` names."""
    module, name = task.split(".")
    return getattr(importlib.import_module(module), name)


def timed(function: Any, args: dict[str, Any]) -> tuple[dict[str, np.ndarray], dict[str, Any], dict[str, Any]]:
    """Call until a second is spent; arrays and told of the last call, and the times."""
    walls: list[float] = []
    everyone, mine, began = busy(), own(), time.perf_counter()
    while not walls or (sum(walls) < SECONDS and len(walls) < CALLS):
        start = time.perf_counter()
        arrays, told = function(**args)
        walls.append(time.perf_counter() - start)
    spent, used = time.perf_counter() - began, own() - mine
    if "seconds" in told:  # what measures processes of its own says how long they took
        walls = [told.pop("seconds")]
    other = max(0.0, busy() - everyone - used) / spent
    return arrays, told, {"walls": walls, "cpu": used / len(walls), "other_cores": other}


def judged(arrays: dict[str, np.ndarray], request: dict[str, Any]) -> dict[str, Any]:
    """Errors; a reference that cannot be had takes no time from a row."""
    try:
        return {"errors": errors(arrays, request["reference"], request["cells"], request)}
    except Exception as error:  # noqa: BLE001 - the measurement stands, and the page says that nothing judges it
        return {"unjudged": f"{type(error).__name__}: {error}"[:300]}


def errors(arrays: dict[str, np.ndarray], name: str, cells: int, task: dict[str, Any]) -> dict[str, float]:
    """Largest deviations per cell from a reference."""
    from references import reference

    found = reference(name, task)
    out = {}
    for key, values in arrays.items():
        if key in found and found[key].shape == values.shape:
            out[key] = float(np.max(np.abs(values - found[key]))) / cells
    return out


def profile(function: Any, args: dict[str, Any]) -> dict[str, Any]:
    """Shares of one call: what its stages take with all that they call, and functions by themselves."""
    import cProfile
    import pstats

    recorder = cProfile.Profile()
    recorder.runcall(function, **args)
    stats = pstats.Stats(recorder).stats  # type: ignore[attr-defined]
    total = sum(entry[2] for entry in stats.values())

    def label(where: tuple[str, int, str]) -> str:
        path, _, name = where
        if path.startswith("~"):
            return name.strip("<>").replace("built-in method ", "")
        parts = Path(path).parts
        keep = parts[parts.index("qsb") + 1 :] if "qsb" in parts else parts[-2:]
        return "/".join(keep) + ":" + name

    stages: dict[str, float] = {}
    alone: dict[str, float] = {}
    for where, (_, _, tottime, _, callers) in stats.items():
        alone[label(where)] = alone.get(label(where), 0.0) + tottime / total
        for caller, entry in callers.items():
            if caller[2] == "run" and caller[0].endswith(str(Path("runs") / "run.py")):
                stages[label(where)] = stages.get(label(where), 0.0) + entry[3] / total
    return {"stages": _largest(stages, 5, 0.03), "alone": _largest(alone, 8, 0.03), "seconds": total}


def _largest(shares: dict[str, float], count: int, least: float) -> list[list[Any]]:
    ranked = sorted(shares.items(), key=lambda item: -item[1])
    return [[name, share] for name, share in ranked[:count] if share >= least]


def main() -> None:
    """Do what the request says; what goes wrong is the answer too."""
    request = json.loads(sys.argv[1])
    warnings.filterwarnings("ignore")
    sys.path.insert(0, str(HERE))
    record: dict[str, Any] = {"status": "done"}
    try:
        began = time.perf_counter()
        function = called(request["task"])
        if request.get("small"):
            function(**request["small"])
        record["before"] = time.perf_counter() - began
        if request.get("profile"):
            record["profile"] = profile(function, request["args"])
        else:
            arrays, told, times = timed(function, request["args"])
            # memory before anything else is loaded to judge the answer
            record |= times | {"told": told, "megabytes": peak_megabytes()}
            if request.get("save"):
                np.savez(request["save"], **arrays)
            if request.get("reference"):
                record |= judged(arrays, request)
    except Exception as error:  # noqa: BLE001 - a row that fails is shown as such
        record |= {"status": "failed", "reason": f"{type(error).__name__}: {error}".split("\n")[0][:300]}
    print("RECORD " + json.dumps(record), flush=True)


if __name__ == "__main__":
    main()
