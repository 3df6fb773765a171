"""`run_stellar`: from a spec to a checked dataset; `plan_stellar`: what it would do."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from qsb.runs.document import at
from qsb.runs.stellar.answers import Answers
from qsb.runs.stellar.buffers import buffered
from qsb.runs.stellar.claims import bounds_of
from qsb.runs.stellar.forms import TimelineForm
from qsb.runs.stellar.heat import Heat, heat_of
from qsb.runs.stellar.parts import Part, speculative_share, weakest
from qsb.runs.stellar.scene import Scene, scene_of
from qsb.runs.stellar.spec import StellarSpec
from qsb.stellar.constants import YEAR
from qsb.stellar.history import Run, simulate
from qsb.stellar.history import weakest as weakest_of_store
from qsb.stellar.kardashev import kardashev_rating, waste_heat
from qsb.stellar.ladders import specific_energy_ladder
from qsb.stellar.loss import Logistic, Pair
from qsb.stellar.status import Status
from qsb.stellar.timeline import Anchor, Timeline
from qsb.stellar.waste import radiator_area, shedding_temperature

if TYPE_CHECKING:
    import xarray as xr

__all__ = ["StellarPlan", "plan_stellar", "run_stellar"]

#: ledger entries that add up over the time of a run, in the order of the balance
ENTRIES = ("inflow", "delivered", "conversion", "baseline", "thermal", "avalanche", "clipped", "unserved")

#: entries of the ledger of work, likewise: name of the series -> name in the ledger
WORK = {
    "gained_work": "gained",
    "drawn_work": "drawn",
    "relaxed_work": "relaxation",
    "dephased_work": "dephasing",
    "avalanche_work": "avalanche",
}


@dataclass(frozen=True)
class StellarPlan:
    """What a stellar run would do.

    Attributes:
        representation: of the store.
        exact: whether every interval is a closed-form map.
        intervals: number of them; 0 for a timeline alone.
        bytes: of the dataset's series.
        seconds: not estimated.
        parts: what the run is made of, with status.
    """

    representation: str
    exact: bool
    intervals: int
    bytes: int
    parts: tuple[Part, ...]
    seconds: float | None = None

    def to_dict(self) -> dict[str, Any]:
        """Plain data for JSON."""
        return {
            "representation": self.representation,
            "integrators": [],
            "exact": self.exact,
            "intervals": self.intervals,
            "bytes": self.bytes,
            "parts": [part.to_dict() for part in self.parts],
        }

    def __str__(self) -> str:
        """The representation, then the parts with their status."""
        how = "closed-form maps from event to event" if self.exact else "a smooth law, integrated to 1e-12"
        lines = [f"{self.representation}: {self.intervals} intervals, {how}"]
        return "\n".join([*lines, *(f"  {p.name}: {p.what} [{p.status}]" for p in self.parts)])


def plan_stellar(spec: StellarSpec) -> StellarPlan:
    """Say what a run would do, and refuse what it would refuse.

    Raises:
        SpecError: on an impossible value, with the path of its table.
        PhysicsBoundError: claims beyond a law of nature, unless the spec allows them.
    """
    if spec.store is None:
        timeline, part = _timeline(spec.timeline or TimelineForm())
        timeline.verdict()
        return StellarPlan("timeline", True, 0, 0, (part,))
    scene = scene_of(spec)
    bounds_of(spec, scene, None)
    return _plan(scene)


def _plan(scene: Scene) -> StellarPlan:
    smooth = isinstance(scene.store.loss.avalanche, Logistic | Pair)
    count = len(scene.edges)
    return StellarPlan("stellar store", not smooth, count - 1, 8 * count * 24, scene.parts)


def run_stellar(spec: StellarSpec) -> xr.Dataset:
    """Run a stellar spec: source, collector, store and load, and the timeline if there is one.

    Raises:
        SpecError: on an impossible value, with the path of its table.
        PhysicsBoundError: claims beyond a law of nature, unless the spec allows them: then every result is stamped.
        ConvergenceError: if the ledger does not close.
    """
    answers = Answers(spec)
    parts: tuple[Part, ...] = ()
    if spec.store is not None:
        scene = scene_of(spec)
        parts = scene.parts
        powers = scene.taken.work, scene.demand
        found = simulate(scene.store, scene.edges, *powers, start=scene.start, rng=scene.rng, refused=scene.refused)
        heat = heat_of(scene, found)
        answers.plan, answers.exact = _plan(scene).to_dict(), _plan(scene).exact
        answers.stamps.append(scene.stamp)
        answers.checksums |= scene.checksums
        _surge(answers, scene, spec.seed)
        _beside(answers, scene)
        _history(answers, scene, found, heat)
        _totals(answers, scene, found)
        _work(answers, found)
        _light(answers, scene)
        _rating(answers, spec, scene, found, heat)
        _bounds(answers, spec, scene, found)
    if spec.timeline is not None:
        with at("timeline"):
            parts = (*parts, _outlook(answers, spec.timeline))
    share = speculative_share(parts)
    source = f"{sum(p.status is Status.SPECULATIVE for p in parts)} of {len(parts)} parts"
    answers.scalar("speculative_share", share, Status.ESTABLISHED, source)
    answers.parts = parts
    return answers.dataset()


def _surge(answers: Answers, scene: Scene, seed: int) -> None:
    """The surge ratio, first of all numbers, and a buffer for the flares."""
    surge, taken = scene.surge, scene.taken
    if surge is None:
        return
    status, source = surge.part.status, f"{surge.part.what}; {surge.part.reference}"
    answers.scalar("surge_ratio", surge.ratio, status, source)
    if np.isfinite(surge.energy):
        answers.scalar("flare_energy", surge.energy, status, source)
    if surge.count is not None:
        answers.scalar("flare_count", surge.count, status, source)
    answers.flares = surge.largest
    answers.coordinate("elapsed", scene.edges)
    if surge.modulation is not None and surge.expected is not None:
        law = weakest([status, surge.modulation.status])
        answers.scalar("flares_expected", surge.expected, law, f"{surge.modulation.reference}; {source}")
        answers.series("flare_rate", surge.rate, law, f"{surge.modulation.reference}; {source}")
    if taken.source is not None:
        answers.series("flare_power", taken.source / (1 + surge.excess) * surge.excess, status, source)
    if surge.cap is not None:
        share, _ = taken.numbers["work_share"]
        cap = surge.cap * share * float((taken.met / (1 + surge.excess)).max())
        held = buffered(taken.work, cap, scene.edges, surge.buffer, seed)
        answers.scalar("buffer_cap", cap, status, "flares, collector")
        origin = "flares, collector"
        if surge.buffer is not None:
            status, origin = weakest([status, weakest_of_store(surge.buffer)]), "flares, collector, store"
        answers.scalar("buffer_size", float(held.max()), status, origin)
        answers.series("buffer_energy", held, status, origin)


def _beside(answers: Answers, scene: Scene) -> None:
    """Years of flares, and the harm of a storm."""
    if scene.surge is not None and scene.surge.ensemble is not None:
        scene.surge.ensemble.sample(answers)
    if scene.storm is not None:
        for name, (value, status, source) in scene.storm.numbers.items():
            answers.scalar(name, value, status, source)


def _history(answers: Answers, scene: Scene, found: Run, heat: Heat) -> None:
    """Powers and energies along the time."""
    taken, steps = scene.taken, np.diff(scene.edges)
    source, collector = scene.parts[0], weakest([scene.parts[0].status, *(p.status for p in taken.parts)])
    status = weakest([collector, found.status])
    answers.coordinate("elapsed", scene.edges)
    if taken.source is not None:
        answers.series("source_power", taken.source, source.status, source.reference)
    answers.series("intercepted_power", taken.met, weakest([source.status, taken.parts[0].status]), "source, collector")
    answers.series("collected_power", heat.collected, collector, "source, collector")
    answers.series("inflow_power", taken.work, collector, "source, collector")
    answers.series("demand_power", scene.demand, Status.ENGINEERING, "load")
    answers.series("supplied_power", found.flows["delivered"] / steps, status, "store, load")
    answers.series("waste_power", heat.total, status, "collector, store")
    for name, values in (("work", found.work), ("passive", found.passive), ("energy", found.energy)):
        answers.series(f"store_{name}", values, status, "source, collector, store, load")
    for name in ENTRIES:
        answers.series(f"{name}_energy", _summed(found.flows[name]), status, "source, collector, store, load")
    dumped = found.flows["clipped"] - found.flows["turned_away"]
    answers.series("dumped_energy", _summed(dumped), status, "source, collector, store, load")
    for name, entry in WORK.items():
        answers.series(name, _summed(found.work_flows[entry]), status, "source, collector, store, load")
    answers.events = [
        {"time_s": e.time, "kind": e.kind, "energy_J": e.energy, "size_J": e.size} for e in found.events[:1000]
    ]


def _summed(flow: Any) -> Any:
    """What a flow adds up to at the edges of the intervals."""
    return np.concatenate(([0.0], np.cumsum(flow)))


def _work(answers: Answers, found: Run) -> None:
    """The ledger of work."""
    ledger, status = found.work_ledger, found.status
    for name in ("start", *WORK.values(), "end"):
        answers.scalar(f"work_ledger_{name}", getattr(ledger, name), status, "source, collector, store, load")
    answers.scalar("work_ledger_residual", ledger.residual, ledger.status, "arithmetic on the ledger")
    answers.scalar("work_ledger_residual_share", ledger.relative_residual, ledger.status, "arithmetic on the ledger")


def _totals(answers: Answers, scene: Scene, found: Run) -> None:
    """The ledger of energy, the times in each regime, and what source and collector are."""
    for name, (value, status) in scene.taken.numbers.items():
        shares = name in ("absorptance", "work_share")  # the collector's as much as the light's
        source = f"{scene.parts[0].reference}; {scene.taken.shares}" if shares else scene.parts[0].reference
        answers.scalar(name, value, weakest((status, scene.parts[0].status)), source)
    ledger, status = found.ledger, found.status
    for name in ("start", *ENTRIES, "dumped", "end"):
        answers.scalar(f"ledger_{name}", getattr(ledger, name), status, "source, collector, store, load")
    answers.scalar("ledger_residual", ledger.residual, ledger.status, "arithmetic on the ledger")
    answers.scalar("ledger_residual_share", ledger.relative_residual, ledger.status, "arithmetic on the ledger")
    asked = ledger.delivered + ledger.unserved
    if asked > 0:
        answers.scalar("served_share", ledger.delivered / asked, status, "store, load")
    spans = {"full": found.time_full, "empty": found.time_empty, **found.regimes}
    for name, span in spans.items():
        answers.scalar(f"time_{name}", span, status, "store")
    answers.scalar("events", len(found.events), status, "store")


def _light(answers: Answers, scene: Scene) -> None:
    """The spectrum and what is taken of it."""
    if scene.taken.spectrum is None:
        return
    wavelength, irradiance, taken = scene.taken.spectrum
    answers.coordinate("wavelength", wavelength)
    source = scene.parts[0]
    answers.spectral("irradiance", irradiance, source.status, source.reference)
    answers.spectral("taken_irradiance", taken, scene.taken.parts[-1].status, scene.taken.parts[-1].what)


def _rating(answers: Answers, spec: StellarSpec, scene: Scene, found: Run, heat: Heat) -> None:
    """Waste heat, its radiator, and the Kardashev index of the throughput."""
    taken, steps = scene.taken, np.diff(scene.edges)
    waste, span = heat.total, steps.sum()
    mean = float(waste @ steps / span)
    status = weakest([found.status, *(p.status for p in taken.parts)])
    kelvin = spec.radiator.temperature
    given = spec.radiator.reference or ("given in the spec" if "radiator" in spec.model_fields_set else "default")
    answers.scalar("mean_waste", mean, status, "collector, store")
    for name in ("collector", "store", "refused"):
        answers.scalar(f"{name}_waste", float(getattr(heat, name) @ steps / span), status, "collector, store")
    answers.scalar("peak_waste", float(waste.max()), status, "collector, store")
    answers.scalar("radiator_temperature", kelvin, Status.ENGINEERING, given)
    answers.scalar("radiator_area", radiator_area(float(waste.max()), kelvin), status, "collector, store, radiator")
    if spec.radiator.area is not None:
        hot = shedding_temperature(float(waste.max()), spec.radiator.area)
        answers.scalar("radiator_reached", hot, status, "collector, store, radiator")
    if mean > 0:
        seen = waste_heat(mean, kelvin)
        answers.scalar("waste_wavelength", seen.peak_wavelength, seen.status, "radiator")
    throughput = float(heat.collected @ steps / span)
    if throughput > 0:
        rating = kardashev_rating(throughput, kelvin)
        answers.scalar("throughput", throughput, status, "source, collector")
        answers.scalar("kardashev_index", rating.index, status, "source, collector")
        answers.kardashev = {"convention": rating.convention, "type_of_1964": rating.type_of_1964}


def _bounds(answers: Answers, spec: StellarSpec, scene: Scene, found: Run) -> None:
    """The bounds report, and the store on the ladders."""
    report = bounds_of(spec, scene, found)
    answers.stamps.append(report.stamp)
    answers.bounds = report.to_dict()
    answers.strings("bound", [row.bound for row in report.rows])
    answers.rungs("bound_ratio", "bound", [row.ratio for row in report.rows], report.status, "claims of the spec")
    ladder = specific_energy_ladder()
    answers.strings("matter", [rung.name for rung in ladder])
    least = weakest([rung.status for rung in ladder])
    energies = [rung.value for rung in ladder]
    answers.rungs("matter_specific_energy", "matter", energies, least, "qsb.stellar.ladders, each rung with its own")
    assert spec.store is not None
    mass = {name: value for name, value, _ in report.claims}.get("mass")
    if mass is None and report.specific_energy is not None and report.energy is not None:
        mass = report.energy / report.specific_energy
    if mass is not None:
        given = spec.store.reference or "given in the spec"
        answers.scalar("store_mass", mass, spec.store.status, given)
        if report.specific_energy is not None:
            answers.scalar("specific_energy", report.specific_energy, spec.store.status, f"energy over mass; {given}")
        peak = max(float(scene.taken.work.max()), float((found.flows["delivered"] / np.diff(scene.edges)).max()))
        source = f"largest inflow or supply over mass; {given}"
        answers.scalar("specific_power", peak / mass, weakest([found.status, spec.store.status]), source)


def _timeline(form: TimelineForm) -> tuple[Timeline, Part]:
    """The timeline of a form, and what it is."""
    if form.anchors is None:
        made = Timeline.paper()
    else:
        made = Timeline(tuple(Anchor(a.time, a.low, a.best, a.high) for a in form.anchors), form.reference)
    what = ", ".join(f"{100 * a.best:g} % by {a.time / YEAR:g} y" for a in made.anchors)
    return made, Part("timeline", what, made.status, made.source)


def _outlook(answers: Answers, form: TimelineForm) -> Part:
    """Probabilities over time with their band, and the verdict."""
    timeline, part = _timeline(form)
    verdict = timeline.verdict(form.risk)
    times = np.linspace(0.0, form.until, 301)
    band = timeline.band(times)
    answers.coordinate("horizon", times)
    for name in ("low", "best", "high"):
        answers.outlook(f"probability_{name}", getattr(band, name), band.status, timeline.source)
    numbers = {
        "third_low": verdict.third[0],
        "third_high": verdict.third[1],
        "reached_first": verdict.reached[0],
        "reached_last": verdict.reached[1],
        "hazard_change": verdict.change,
    }
    for name, value in numbers.items():
        answers.scalar(name, value, verdict.status, timeline.source)
    answers.timeline = {
        "verdict": verdict.word,
        "sentence": verdict.sentence,
        "status": str(verdict.status),
        "source": timeline.source,
        "anchors": [{"time_s": a.time, "low": a.low, "best": a.best, "high": a.high} for a in timeline.anchors],
    }
    if not answers.plan:
        answers.plan = StellarPlan("timeline", True, 0, 0, (part,)).to_dict()
    return part
