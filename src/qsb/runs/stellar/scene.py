"""From a spec to a scene: source, powers that reach the store in every interval, store, and the status of parts."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from qsb.errors import PhysicsBoundError, SpecError
from qsb.runs.document import at
from qsb.runs.stellar.collect import Taken, from_source, from_star
from qsb.runs.stellar.flares import Surge, flaring
from qsb.runs.stellar.forms import LoadForm, LossForm, ShadeForm, StarForm, StoreForm
from qsb.runs.stellar.parts import Part
from qsb.runs.stellar.sources import Light, light_of, source_of
from qsb.runs.stellar.spec import StellarSpec
from qsb.runs.stellar.storm import Storm, storm_of
from qsb.stellar import loss as laws
from qsb.stellar.presets import known_losses
from qsb.stellar.store import State, Store

RealArray = NDArray[np.float64]

_LAWS: dict[str, Any] = {
    "step": laws.Step,
    "logistic": laws.Logistic,
    "pair": laws.Pair,
    "latching": laws.Latching,
    "stochastic": laws.Stochastic,
}


@dataclass(frozen=True)
class Scene:
    """Everything that a run needs; made by `scene_of`.

    Attributes:
        edges: of the intervals, s.
        taken: powers of source and collector in each interval, and what they are made of.
        demand: of the load in each interval, W.
        store: what holds the energy.
        start: its state at the first edge.
        parts: source, collector, store and so on, with status and reference.
        surge: what the flares are; None without flares.
        rng: for what is random.
        stamp: laws of nature that the collector breaks, where that was allowed; empty otherwise.
        checksums: name of a data set -> sha256.
        storm: what harms beside the power; None without a storm.
        refused: what becomes of what a full store does not take, as of `qsb.stellar.history.simulate`.
    """

    edges: RealArray
    taken: Taken
    demand: RealArray
    store: Store
    start: State
    parts: tuple[Part, ...]
    rng: np.random.Generator
    surge: Surge | None = None
    stamp: str = ""
    checksums: dict[str, str] = field(default_factory=dict)
    storm: Storm | None = None
    refused: str = "heat"


def scene_of(spec: StellarSpec) -> Scene:
    """Build the scene of a spec.

    Raises:
        SpecError: on an impossible value, with the path of its table.
        PhysicsBoundError: a collector beyond a law of nature, unless the spec allows it.
    """
    if spec.source is None or spec.collector is None or spec.store is None or spec.time is None:
        raise SpecError("A spec with [timeline] alone has no store to run.")
    with at("time"):
        if spec.time.duration <= 0:
            raise SpecError(f"duration must be positive, but it is {spec.time.duration:g} s.")
    edges = np.linspace(0.0, spec.time.duration, spec.time.steps + 1)
    lit = _lit(spec.collector.shade, edges)
    stamp, storm = "", None
    checksums: dict[str, str] = {}
    more: tuple[Part, ...] = ()
    if isinstance(spec.source, StarForm):
        with at("source"):
            light = light_of(spec.source, spec.collector.distance)
        with at("collector"):
            try:
                taken = from_star(light, spec.collector, spec.radiator.temperature, lit)
            except PhysicsBoundError as error:
                if not spec.allow_unphysical:
                    raise
                stamp = error.stamp
                taken = from_star(light, spec.collector, spec.radiator.temperature, lit, enforced=False)
        source_part, checksums = light.part, _checksums(light)
        if spec.storm is not None:
            with at("storm"):
                solar = spec.source.spectrum.startswith(("e490", "g173"))
                storm = storm_of(spec.storm, light, solar, spec.collector.area)
            more, checksums = (storm.part,), checksums | storm.checksums
    else:
        with at("source"):
            source, source_part = source_of(spec.source)
        with at("collector"):
            taken = from_source(source, spec.collector, edges, lit)
    with at("store"):
        store, parts = _store(spec.store)
        start = State(spec.store.start_work, spec.store.start_passive)
    rng, surge = np.random.default_rng(spec.seed), None
    if spec.flares is not None:
        with at("flares"):
            taken, surge = flaring(spec.flares, taken, edges, rng, store=store, seed=spec.seed)
        years = () if surge.ensemble is None else (surge.ensemble.part,)
        law = () if surge.modulation is None else (surge.modulation,)
        more, checksums = (surge.part, *law, *years, *more), checksums | surge.checksums
    with at("load"):
        demand = _demand(spec.load, edges)
    whole = (source_part, *more, *taken.parts, *parts)
    refused = spec.collector.refused
    return Scene(edges, taken, demand, store, start, whole, rng, surge, stamp, checksums, storm, refused)


def _checksums(light: Light) -> dict[str, str]:
    """Of the table that the light was read from, if it was."""
    sha = getattr(light.light, "sha256", "")
    return {light.light.name: sha} if sha else {}


def _store(form: StoreForm) -> tuple[Store, tuple[Part, ...]]:
    """The store, and its parts with their status."""
    with at("loss"):
        loss, source = _loss(form.loss)
    passive, rest = None, ""
    if form.passive_loss is not None:
        with at("passive_loss"):
            passive, rest = _loss(form.passive_loss)
    store = Store(loss, form.capacity, form.eta_in, form.eta_out, form.dephasing, passive, form.status)
    parts = [
        Part("store", "capacity, mass, efficiencies and dephasing", form.status, form.reference or "given in the spec"),
        Part("loss", f"baseline {loss.baseline:.6g} 1/s, thermal {loss.thermal:.6g} 1/s", loss.status, source),
    ]
    if passive is not None:
        what = f"of passive energy: baseline {passive.baseline:.6g} 1/s, thermal {passive.thermal:.6g} 1/s"
        parts.append(Part("passive loss", what, passive.status, rest))
    law = loss.avalanche
    if law is not None:
        name = type(law).__name__
        parts.append(Part("avalanche", f"law {name}", law.status, form.loss.reference or "given in the spec"))
    return store, tuple(parts)


def _loss(form: LossForm) -> tuple[laws.Loss, str]:
    """The loss law, and where its numbers come from."""
    law = None
    if form.avalanche is not None:
        numbers = form.avalanche.model_dump(exclude={"kind"})
        with at("avalanche"):
            law = _LAWS[form.avalanche.kind](**numbers)
    thermal = {"attempt": form.attempt, "gap": form.gap, "temperature": form.temperature}
    if form.known is None:
        source = form.reference or "given in the spec"
        return laws.Loss(form.baseline or 0.0, **thermal, avalanche=law, status=form.status), source
    table = {known.name: known for known in known_losses()}
    if form.known not in table:
        from qsb.runs.refusal import advice

        raise SpecError(f"known is {form.known!r}{advice(form.known, table)}")
    known = table[form.known]
    made = laws.Loss(known.loss.baseline, **thermal, avalanche=law, status=known.status)
    return made, f"{known.how}; {known.source}"


def _lit(shade: ShadeForm | None, edges: RealArray) -> RealArray:
    """Share of each interval in which the collector has light, exact for any grid."""
    if shade is None:
        return np.ones(len(edges) - 1)
    turns, part = np.divmod((edges - shade.begin) / shade.period, 1.0)
    dark = shade.period * (turns * shade.share + np.minimum(part, shade.share))
    return np.asarray(np.clip(1.0 - np.diff(dark) / np.diff(edges), 0.0, 1.0))


def _demand(form: LoadForm, edges: RealArray) -> RealArray:
    """Mean demand of each interval, W; a profile comes back after its last edge."""
    if form.edges is None or form.powers is None:
        return np.full(len(edges) - 1, form.power or 0.0)
    corners, powers = np.asarray(form.edges), np.asarray(form.powers)
    energy = np.concatenate(([0.0], np.cumsum(powers * np.diff(corners))))
    turns, part = np.divmod(edges, corners[-1])
    given = turns * energy[-1] + np.interp(part, corners, energy)
    return np.asarray(np.maximum(np.diff(given), 0.0) / np.diff(edges))


__all__ = ["Scene", "scene_of"]
