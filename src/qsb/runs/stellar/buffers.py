"""The buffer of one run: what a store must hold that takes the inflow above a cap and gives it back below."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from qsb.stellar.history import simulate
from qsb.stellar.store import Store

__all__ = ["buffered"]

RealArray = NDArray[np.float64]


def buffered(work: RealArray, cap: float, edges: RealArray, store: Store | None, seed: int) -> RealArray:
    """Energy in the buffer at the edges of the intervals, J; it begins empty.

    Args:
        work: inflow of each interval, W.
        cap: above which the buffer takes it, W.
        edges: of the intervals, s.
        store: whose losses and efficiencies the buffer has, and no capacity; None for none of them.
        seed: of random avalanches, which are others than those of the run.
    """
    if store is None:
        held = [0.0]
        for step in ((work - cap) * np.diff(edges)).tolist():
            held.append(max(0.0, held[-1] + step))
        return np.array(held)
    powers = np.maximum(work - cap, 0.0), np.maximum(cap - work, 0.0)
    endless = replace(store, capacity=None)
    return simulate(endless, edges, *powers, rng=np.random.default_rng((seed, 1))).energy
