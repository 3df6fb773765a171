"""The tables of a stellar spec: their keys, units and defaults. What the numbers mean is checked by what they become.

A number is in the SI unit that its key's annotation names, or a text with a unit that converts to it.
"""

from __future__ import annotations

from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from qsb.runs.forms import Form, TaggedForm
from qsb.runs.stellar.ensemble_form import EnsembleForm
from qsb.runs.stellar.modulation_form import ModulationForm
from qsb.runs.stellar.si_types import (
    Inertia,
    Joule,
    Kelvin,
    Kilogram,
    KilogramPerSecond,
    Metre,
    PerJouleSecond,
    PerSecond,
    Pure,
    Second,
    Sourced,
    SquareMetre,
    StatusWord,
    Tesla,
    Watt,
)
from qsb.stellar.status import Status

#: more intervals than this are refused: each is followed in Python
MOST_STEPS = 200_000


class StarForm(Sourced, TaggedForm):
    """Light of a star: a table, or a black sphere."""

    kind: Literal["star"]
    spectrum: Literal["e490", "g173-extraterrestrial", "g173-global", "g173-direct", "blackbody", "table"] = "e490"
    temperature: Kelvin | None = None
    radius: Metre | None = None
    distance: Metre | None = None
    file: str | None = None
    wavelength_unit: str | None = None
    irradiance_unit: str | None = None

    @model_validator(mode="after")
    def _belongs(self) -> Self:
        owners = {"radius": "blackbody", "file": "table", "wavelength_unit": "table", "irradiance_unit": "table"}
        for key, owner in owners.items():
            given = getattr(self, key) is not None
            if given and self.spectrum != owner:
                raise ValueError(f"{key} belongs to spectrum = {owner!r}, but the spectrum is {self.spectrum!r}")
            if not given and self.spectrum == owner:
                raise ValueError(f"spectrum = {owner!r} needs {key}")
        if self.distance is not None and self.spectrum != "table":
            raise ValueError("distance of a source belongs to spectrum = 'table'; that of the collector is its own")
        if self.temperature is None and self.spectrum in ("blackbody", "table"):
            raise ValueError(f"spectrum = {self.spectrum!r} needs temperature, the star's")
        return self


class KerrForm(Sourced, TaggedForm):
    """Jets of a black hole that spins: `qsb.stellar.kerr.BlandfordZnajek`."""

    kind: Literal["kerr"]
    mass: Kilogram
    spin: Pure
    field: Tesla


class PenroseForm(Sourced, TaggedForm):
    """Matter that splits at a horizon: `qsb.stellar.kerr.Penrose`."""

    kind: Literal["penrose"]
    mass: Kilogram
    spin: Pure
    feed: KilogramPerSecond


class AccretionForm(Sourced, TaggedForm):
    """A thin disk around a black hole: `qsb.stellar.accretion.AccretionDisk`."""

    kind: Literal["accretion"]
    mass: Kilogram
    spin: Pure = 0.0
    rate: KilogramPerSecond
    fuel: Kilogram
    retrograde: bool = False


class PulsarForm(Sourced, TaggedForm):
    """A neutron star that spins down: `qsb.stellar.pulsar.Pulsar`."""

    kind: Literal["pulsar"]
    name: Literal["crab", "vela"] | None = None
    period: Second | None = None
    period_derivative: Pure | None = None
    moment_of_inertia: Inertia = 1e38
    braking_index: Pure = 3.0

    @model_validator(mode="after")
    def _one_way(self) -> Self:
        own = {"period", "period_derivative", "moment_of_inertia", "braking_index"} & self.model_fields_set
        if self.name is not None and own:
            raise ValueError(f"name = {self.name!r} fixes {', '.join(sorted(own))}; give the name, or the numbers")
        if self.name is None and not {"period", "period_derivative"} <= own:
            raise ValueError("a pulsar needs a name, or period and period_derivative")
        return self


class FuelForm(Sourced, TaggedForm):
    """Fuel that is fused or fissioned: `qsb.stellar.fuel.Burner`."""

    kind: Literal["fuel"]
    reaction: str
    mass: Kilogram
    output: Watt
    burnup: Pure = 1.0


SourceForm = Annotated[
    StarForm | KerrForm | PenroseForm | AccretionForm | PulsarForm | FuelForm, Field(discriminator="kind")
]


class FractionForm(TaggedForm):
    """A share of all light is taken up, a share of that becomes work."""

    kind: Literal["fraction"]
    absorptance: Pure
    ergotropy: Pure


class BathtubForm(TaggedForm):
    """All light in the brightest bands of a total width: `qsb.stellar.absorber.bathtub_filter`."""

    kind: Literal["bathtub"]
    width: Metre
    ergotropy: Pure


class SelectiveForm(TaggedForm):
    """The hot absorber of most work: `qsb.stellar.absorber.selective_absorber`."""

    kind: Literal["selective"]
    concentration: Pure = 1.0


class JunctionForm(TaggedForm):
    """The best single junction: `qsb.stellar.junction.shockley_queisser`."""

    kind: Literal["junction"]
    faces: Literal["front", "both"] = "front"
    concentration: Pure = 1.0
    gap: Joule | None = None


AbsorberForm = Annotated[FractionForm | BathtubForm | SelectiveForm | JunctionForm, Field(discriminator="kind")]


class ShadeForm(Form):
    """Darkness that comes back: the first ``share`` of every ``period`` from ``begin`` on."""

    period: Second
    share: Pure
    begin: Second = 0.0

    @model_validator(mode="after")
    def _possible(self) -> Self:
        if self.period <= 0 or not 0 <= self.share < 1:
            raise ValueError("shade needs a positive period and a share from 0 to below 1")
        return self


class CollectorForm(Sourced):
    """What stands in the way of the source's power, and what it makes of it.

    `refused` says what becomes of what a full store does not take: heat, or light that the collector turns away from.
    """

    area: SquareMetre | None = None
    distance: Metre | None = None
    share: Pure | None = None
    absorber: AbsorberForm | None = None
    efficiencies: dict[str, Pure] = Field(default_factory=dict)
    shade: ShadeForm | None = None
    refused: Literal["heat", "turned away"] = "heat"
    status: StatusWord = Status.ENGINEERING


class ObservedForm(Sourced, TaggedForm):
    """A real record of a flare, `qsb.stellar.observed`, that begins at a time of the run.

    The buffer above `cap` has the losses of the store, or none if it is "ideal".
    """

    kind: Literal["observed"]
    record: Literal["tess", "goes-2012-06-01", "goes-2017-09-10", "goes-2021-01-01", "goes-2025-03-28"]
    begin: Second = 0.0
    colour: Kelvin | None = None
    directions: Literal["sphere", "hemisphere"] = "sphere"
    cap: Pure | None = None
    buffer: Literal["store", "ideal"] = "store"
    ensemble: EnsembleForm | None = None

    @model_validator(mode="after")
    def _own_process(self) -> Self:
        if self.ensemble is not None and self.ensemble.process is None:
            raise ValueError("the ensemble of a record needs a process of its own, e.g. process = 'm-dwarf'")
        if self.ensemble is not None and self.ensemble.anywhere:
            raise ValueError("anywhere of an ensemble belongs to the modulation of a process, not to a record")
        return self


class ProcessForm(Sourced, TaggedForm):
    """Flares drawn from a process, `qsb.stellar.flare_process`, with the seed of the spec."""

    kind: Literal["process"]
    process: Literal["solar", "m-dwarf"]
    superflares: Literal["Okamoto2021", "Vasilyev2024"] | None = None
    per_year: Pure | None = None
    modulation: ModulationForm | None = None
    shape: str = "exponential"
    colour: Kelvin = 9000.0
    cap: Pure | None = None
    buffer: Literal["store", "ideal"] = "store"
    ensemble: EnsembleForm | None = None

    @model_validator(mode="after")
    def _belongs(self) -> Self:
        if self.superflares is not None and self.process != "solar":
            raise ValueError(f"superflares belong to process = 'solar', but the process is {self.process!r}")
        if self.ensemble is not None and self.ensemble.process is not None:
            raise ValueError("the ensemble has the process of its [flares]; leave out its own")
        if self.ensemble is not None and self.ensemble.anywhere and self.modulation is None:
            raise ValueError("anywhere of an ensemble belongs to a modulation, which is not given")
        return self


FlaresForm = Annotated[ObservedForm | ProcessForm, Field(discriminator="kind")]


class StepForm(TaggedForm):
    """`qsb.stellar.loss.Step`."""

    kind: Literal["step"]
    threshold: Joule
    rate: PerSecond


class LogisticForm(TaggedForm):
    """`qsb.stellar.loss.Logistic`."""

    kind: Literal["logistic"]
    threshold: Joule
    rate: PerSecond
    width: Joule


class PairForm(TaggedForm):
    """`qsb.stellar.loss.Pair`."""

    kind: Literal["pair"]
    coefficient: PerJouleSecond


class LatchingForm(TaggedForm):
    """`qsb.stellar.loss.Latching`."""

    kind: Literal["latching"]
    threshold: Joule
    rate: PerSecond
    release: Pure


class StochasticForm(TaggedForm):
    """`qsb.stellar.loss.Stochastic`."""

    kind: Literal["stochastic"]
    threshold: Joule
    rate: PerSecond
    smallest: Joule
    largest: Joule


AvalancheForm = Annotated[
    StepForm | LogisticForm | PairForm | LatchingForm | StochasticForm, Field(discriminator="kind")
]


class LossForm(Sourced):
    """How the store leaks: a known loss by name, or numbers."""

    known: str | None = None
    baseline: PerSecond | None = None
    attempt: PerSecond = 0.0
    gap: Joule = 0.0
    temperature: Kelvin = 300.0
    avalanche: AvalancheForm | None = None
    status: StatusWord = Status.ENGINEERING

    @model_validator(mode="after")
    def _one_baseline(self) -> Self:
        if self.known is not None and self.baseline is not None:
            raise ValueError(f"known = {self.known!r} has a baseline; give known or baseline, not both")
        return self


class StoreForm(Sourced):
    """What holds the energy, and what it claims to weigh."""

    capacity: Joule | None = None
    mass: Kilogram | None = None
    host_mass: Kilogram | None = None
    radius: Metre | None = None
    matter: str | None = None
    eta_in: Pure = 1.0
    eta_out: Pure = 1.0
    dephasing: PerSecond = 0.0
    start_work: Joule = 0.0
    start_passive: Joule = 0.0
    loss: LossForm = LossForm()
    passive_loss: LossForm | None = None
    status: StatusWord = Status.ENGINEERING


class LoadForm(Sourced):
    """What is asked of the store: one power, or powers between edges that come back after the last one."""

    power: Watt | None = None
    edges: list[Second] | None = None
    powers: list[Watt] | None = None

    @model_validator(mode="after")
    def _one_profile(self) -> Self:
        if (self.power is None) == (self.edges is None):
            raise ValueError("give power, or edges with powers")
        if (self.edges is None) != (self.powers is None):
            raise ValueError("edges and powers belong together")
        if self.edges is not None and self.powers is not None:
            if len(self.edges) != len(self.powers) + 1:
                raise ValueError(
                    f"there are {len(self.edges)} edges and {len(self.powers)} powers; give one edge more than powers"
                )
            if self.edges[0] != 0 or any(a >= b for a, b in zip(self.edges, self.edges[1:], strict=False)):
                raise ValueError("the edges must rise from 0")
        return self


class RadiatorForm(Sourced):
    """Where the waste heat leaves."""

    temperature: Kelvin = 300.0
    area: SquareMetre | None = None


class TimeForm(Form):
    """How long, and in how many intervals of equal length."""

    duration: Second
    steps: Annotated[int, Field(ge=1, le=MOST_STEPS)] = 500


class AnchorForm(Form):
    """`qsb.stellar.timeline.Anchor`."""

    time: Second
    low: Pure
    best: Pure
    high: Pure


class TimelineForm(Sourced):
    """Published probabilities of a future event; without anchors those of "Quantum Stellar Batteries"."""

    anchors: list[AnchorForm] | None = None
    risk: PerSecond = 0.0
    until: Second = 3000 * 365.25 * 86400.0

    @model_validator(mode="after")
    def _whose(self) -> Self:
        if self.anchors is not None and not self.reference:
            raise ValueError("anchors need reference, who gives them")
        return self


__all__ = [
    "AbsorberForm",
    "AccretionForm",
    "AnchorForm",
    "BathtubForm",
    "CollectorForm",
    "FlaresForm",
    "FractionForm",
    "FuelForm",
    "JunctionForm",
    "KerrForm",
    "LoadForm",
    "LossForm",
    "ObservedForm",
    "PenroseForm",
    "ProcessForm",
    "PulsarForm",
    "RadiatorForm",
    "SelectiveForm",
    "ShadeForm",
    "SourceForm",
    "StarForm",
    "StoreForm",
    "TimeForm",
    "TimelineForm",
]
