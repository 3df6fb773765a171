"""What a stellar spec claims about its store, held against the limits."""

from __future__ import annotations

from typing import Any

import numpy as np

from qsb.runs.document import at
from qsb.runs.stellar.heat import heat_of
from qsb.runs.stellar.scene import Scene
from qsb.runs.stellar.spec import StellarSpec
from qsb.stellar.bounds import BoundsReport, bounds_report
from qsb.stellar.history import Run

__all__ = ["bounds_of"]


def bounds_of(spec: StellarSpec, scene: Scene, found: Run | None) -> BoundsReport:
    """The bounds report of a spec's claims; before a run, of those that do not need it.

    Raises:
        PhysicsBoundError: a claim beyond a law of nature, unless the spec allows it.
        SpecError: claims that say nothing.
    """
    store = spec.store
    assert store is not None
    energy = store.capacity
    if energy is None:
        energy = scene.start.energy if found is None else float(found.energy.max())
    power = float(scene.taken.work.max())
    claims: dict[str, Any] = {
        "energy": energy,
        "power": power,
        "temperature": spec.radiator.temperature,
        "loss_rate": scene.store.loss.held,
        "radius": store.radius,
        "mass": store.mass,
        "host_mass": store.host_mass,
        "area": spec.radiator.area,
    }
    if found is not None:
        claims["power"] = max(power, float((found.flows["delivered"] / np.diff(scene.edges)).max()))
        # all heat, not that of the leaks alone, so that the row of the radiator is that of the whole run
        claims["loss_rate"] = float(heat_of(scene, found).total.max()) / energy if energy > 0 else None
        claims["work"] = min(float(found.work.max()), energy)
    if scene.taken.efficiency is not None and scene.taken.temperature is not None:
        claims["efficiency"] = scene.taken.efficiency
        claims["source_temperature"] = scene.taken.temperature
    with at("store"):
        return bounds_report(matter=store.matter, allow_unphysical=spec.allow_unphysical, **claims)
