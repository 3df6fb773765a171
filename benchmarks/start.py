"""What a user waits for before anything is computed: imports, help, and compiled code that is not there yet."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
REPEATS = 5

_CELLS = """
[model]
name = "ensemble"
cells = {cells}
field = 0.5
[[model.coupling]]
axes = "xx"
strength = 0.3
geometry = "{geometry}"
[[stage]]
kind = "charge"
duration = 10.0
[save]
points = 51
figures = ["stored_energy", "power"{more}]
"""
_NOISE = """
[[channel]]
kind = "emission"
rate = 0.05
[[channel]]
kind = "dephasing"
rate = 0.05
"""
#: specs that are not in examples/
SPECS = {
    "chain": _CELLS.format(cells=14, geometry="chain", more=""),
    "noisy": _CELLS.format(cells=8, geometry="all", more=', "ergotropy"') + _NOISE,
    "jumps": _CELLS.format(cells=6, geometry="chain", more="")
    + _NOISE
    + '[solve]\nrepresentation = "trajectories"\nsamples = 20\n',
}


def spent(*words: str, **environment: str) -> float:
    """Seconds of one process."""
    began = time.perf_counter()
    done = subprocess.run(
        [sys.executable, *words], env={**os.environ, **environment}, cwd=ROOT, capture_output=True, text=True
    )
    if done.returncode:
        raise RuntimeError((done.stderr.strip().splitlines() or ["no message"])[-1])
    return time.perf_counter() - began


def _shortest(*words: str) -> float:
    return min(spent(*words) for _ in range(REPEATS))


def code(code: str) -> tuple[dict[str, Any], dict[str, Any]]:
    """A fresh interpreter that runs a line, less one that runs none."""
    bare = _shortest("-c", "pass")
    return {}, {"seconds": _shortest("-c", code) - bare, "bare": bare}


def module(words: list[str]) -> tuple[dict[str, Any], dict[str, Any]]:
    """The command line, the interpreter included."""
    return {}, {"seconds": _shortest("-m", "qsb", *words)}


def cold(name: str) -> tuple[dict[str, Any], dict[str, Any]]:
    """`qsb run` with empty caches, less the same with what it left there."""
    with tempfile.TemporaryDirectory() as folder:
        path = ROOT / "examples" / f"{name}.toml"
        if name in SPECS:
            path = Path(folder) / "spec.toml"
            path.write_text(SPECS[name], encoding="utf-8")
        caches = {"NUMBA_CACHE_DIR": f"{folder}/numba", "QSB_CACHE": f"{folder}/qsb"}
        first, *more = (spent("-m", "qsb", "run", str(path), **caches) for _ in range(3))
    return {}, {"seconds": max(0.0, first - min(more)), "cold": first, "warm": min(more)}
