"""How fast this machine is: three rates, measured once and kept, that turn `Work` into seconds.

A run's time is estimated as flops / rate + traffic / bandwidth + calls x (time of a call). The rates are those of one
core, measured in a tenth of a second and written to the user's cache; `QSB_CACHE` names another folder.
"""

from __future__ import annotations

import json
import os
import platform
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import asdict, dataclass
from functools import cache
from pathlib import Path

import numpy as np

from qsb.dynamics.representation import Work

#: what a rate from the cache may lie between: anything else is measured again
_SANE = {"flops": (1e7, 1e13), "bandwidth": (1e7, 1e13), "call": (1e-8, 1e-1)}


@dataclass(frozen=True)
class Pace:
    """Rates of one core.

    Attributes:
        flops: floating-point operations a second, of a matrix product.
        bandwidth: bytes a second that a copy reads and writes, out of cache.
        call: seconds of one step of Python that calls compiled code on a small array.
    """

    flops: float
    bandwidth: float
    call: float

    def seconds(self, work: Work) -> float:
        """Estimated time of some work."""
        return work.flops / self.flops + work.traffic / self.bandwidth + work.calls * self.call


def _best(function: Callable[[], object], repeats: int) -> float:
    """Shortest of several runs."""
    times = []
    for _ in range(repeats):
        began = time.perf_counter()
        function()
        times.append(time.perf_counter() - began)
    return min(times)


def measure() -> Pace:
    """Time a matrix product, a copy and a small step."""
    from qsb.algebra.kernels.threads import one_blas_thread

    a = np.random.default_rng(1).normal(size=(384, 384))
    large, small = np.ones(2**22), np.ones(64, dtype=complex)
    other = np.empty_like(large)

    def steps() -> None:
        x = small
        for _ in range(200):
            x = small + 0.5 * x

    with one_blas_thread():
        product = _best(lambda: a @ a, 5)
    copy = _best(lambda: np.copyto(other, large), 5)
    # a step of an integrator is about five such operations
    return Pace(2 * 384**3 / product, 2 * large.nbytes / copy, 5 * _best(steps, 5) / 200)


def _folder() -> Path:
    """The user's cache of this package."""
    named = os.environ.get("QSB_CACHE")
    if named:
        return Path(named)
    if sys.platform == "win32":
        return Path(os.environ.get("LOCALAPPDATA", Path.home() / "AppData" / "Local")) / "qsb" / "cache"
    if sys.platform == "darwin":
        return Path.home() / "Library" / "Caches" / "qsb"
    return Path(os.environ.get("XDG_CACHE_HOME", Path.home() / ".cache")) / "qsb"


def _machine() -> str:
    """What the rates belong to."""
    return f"{platform.node()} {platform.machine()} {os.cpu_count()} cores, numpy {np.__version__}"


@cache
def pace() -> Pace:
    """The rates of this machine: from the cache, or measured now and kept there.

    A cache that cannot be read or written is passed over: it costs a tenth of a second, not an error.
    """
    path, machine = _folder() / "pace.json", _machine()
    try:
        kept = json.loads(path.read_text(encoding="utf-8"))
        rates = {name: float(kept[name]) for name in _SANE}
        if kept["machine"] == machine and all(low < rates[n] < high for n, (low, high) in _SANE.items()):
            return Pace(**rates)
    except (OSError, ValueError, KeyError, TypeError):
        pass
    found = measure()
    part = path.with_name(f".pace.{os.getpid()}.part")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        part.write_text(json.dumps({"machine": machine, **asdict(found)}), encoding="utf-8")
        os.replace(part, path)
    except OSError:
        with suppress(OSError):
            part.unlink(missing_ok=True)
    return found


__all__ = ["Pace", "measure", "pace"]
