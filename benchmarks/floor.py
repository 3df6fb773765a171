"""Rates of this machine, measured in the run whose figures they are compared with."""

from __future__ import annotations

import time

import numpy as np


def best(work: object, repeats: int = 7) -> float:
    """Seconds of the fastest of several calls."""
    out = []
    for _ in range(repeats):
        began = time.perf_counter()
        work()  # type: ignore[operator]
        out.append(time.perf_counter() - began)
    return min(out)


def bytes_per_second() -> float:
    """Bytes that a copy reads and writes in a second, far beyond the caches."""
    source = np.ones(2**24)
    target = np.empty_like(source)
    return 2 * source.nbytes / best(lambda: np.copyto(target, source))


def flops_per_second() -> float:
    """Operations of a complex matrix product in a second (8 n^3)."""
    a = np.ones((768, 768), dtype=complex)
    return 8 * 768**3 / best(lambda: a @ a)
