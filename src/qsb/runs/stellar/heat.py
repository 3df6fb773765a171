"""Where the heat of a stellar run comes from: every joule that is taken up is stored, delivered, or heat."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from qsb.runs.stellar.scene import Scene
from qsb.stellar.history import Run

__all__ = ["Heat", "heat_of"]

RealArray = NDArray[np.float64]


@dataclass(frozen=True)
class Heat:
    """Powers in every interval, W; made by `heat_of`.

    Attributes:
        collected: what the collector takes up, as work and as heat.
        collector: heat of the collector.
        store: leaks and conversion losses of the store.
        refused: absorbed, offered to a full store, and not taken by it.
    """

    collected: RealArray
    collector: RealArray
    store: RealArray
    refused: RealArray

    @property
    def total(self) -> RealArray:
        """All that the radiator must shed."""
        return np.asarray(self.collector + self.store + self.refused)


def heat_of(scene: Scene, found: Run) -> Heat:
    """The heat of collector and store, and what was taken up.

    What a full store refuses was absorbed and is heat, unless the collector turns away from it: then that share of the
    light is not taken up at all, neither as work nor as heat. Powers are constant in an interval, and so is the
    collector's heat a joule of work; so the share is that of the energies of the interval.

    Args:
        scene: powers of the collector.
        found: history of the store under them.
    """
    taken, flows, spans = scene.taken, found.flows, np.diff(scene.edges)
    offered = flows["inflow"]
    away = np.divide(flows["turned_away"], offered, out=np.zeros_like(offered), where=offered > 0)
    lost = sum(flows[name] for name in ("conversion", "baseline", "thermal", "avalanche"))
    return Heat(
        collected=(taken.work + taken.heat) * (1.0 - away),
        collector=taken.heat * (1.0 - away),
        store=np.asarray(lost / spans),
        refused=(flows["clipped"] - flows["turned_away"]) / spans,
    )
