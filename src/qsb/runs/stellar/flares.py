"""Flares of a spec: a real record or a drawn sample, added to the quiet light and to what a collector takes of it."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from qsb.errors import SpecError
from qsb.runs.document import at
from qsb.runs.stellar.collect import Taken
from qsb.runs.stellar.ensembles import Years, process_of, years_of
from qsb.runs.stellar.forms import ObservedForm, ProcessForm
from qsb.runs.stellar.modulations import modulated_by
from qsb.runs.stellar.parts import Part, weakest
from qsb.stellar.blackbody import BlackbodyStar
from qsb.stellar.constants import SOLAR_LUMINOSITY, YEAR
from qsb.stellar.flare_process import FlareEvents, FlareProcess
from qsb.stellar.flare_shape import flare_shape
from qsb.stellar.modulated import ModulatedFlares
from qsb.stellar.observed import Recording, goes, tess_flare
from qsb.stellar.status import Status
from qsb.stellar.store import Store

__all__ = ["Surge", "flaring"]

RealArray = NDArray[np.float64]

#: flares of a sample that are listed
_LISTED = 20
#: records of one flare each; the others are a quiet stretch and a day of small flares
_SINGLE = ("tess", "goes-2017-09-10", "goes-2025-03-28")


@dataclass(frozen=True)
class Surge:
    """What the flares of a run are.

    Attributes:
        ratio: largest excess over the quiet power of the source, at a moment.
        excess: of each interval, mean over the quiet power.
        energy: of the flares, into all directions, J.
        count: flares; None for a record whose flares nobody counted.
        part: what they are, with status and reference.
        cap: of the buffered inflow over the quiet inflow; None for no buffer.
        checksums: name of a record -> sha256.
        ensemble: years of flares to sample; None for none.
        buffer: the store whose losses the buffer has; None for a buffer without losses.
        largest: of a sample, at most `_LISTED` flares in the order of time.
        modulation: what the modulation of their rate is; None without one.
        expected: flares to expect in the run; None without a modulation.
        rate: mean of each interval, 1/s; None without a modulation.
    """

    ratio: float
    excess: RealArray
    energy: float
    count: int | None
    part: Part
    cap: float | None
    checksums: dict[str, str]
    ensemble: Years | None = None
    buffer: Store | None = None
    largest: list[dict[str, float]] = field(default_factory=list)
    modulation: Part | None = None
    expected: float | None = None
    rate: RealArray | None = None


def flaring(
    form: Any, taken: Taken, edges: RealArray, rng: np.random.Generator, *, store: Store, seed: int = 0
) -> tuple[Taken, Surge]:
    """What source and collector give with flares.

    The collector takes a flare's light as a black sphere's of the flare's colour, if there is one, else as the star's.

    Args:
        form: the flares.
        taken: the quiet powers.
        edges: of the intervals, s.
        rng: for a drawn sample.
        store: whose losses a buffer has, unless the flares ask for an ideal one.
        seed: of the spec, for an ensemble that has none of its own.

    Raises:
        SpecError: numbers that the flares cannot have.
    """
    if form.cap is not None and form.cap <= 1:
        raise SpecError(f"cap must be above 1, the quiet power itself, but it is {form.cap:g}.")
    power = None if taken.source is None else float(taken.source[0])
    surge = _recorded(form, edges, power) if isinstance(form, ObservedForm) else _drawn(form, edges, rng, power)
    quiet = taken.numbers
    shares = quiet["absorptance"][0], quiet["work_share"][0]
    if form.colour is not None and taken.on is not None:
        shares = taken.on(BlackbodyStar(form.colour))
    surge = replace(surge, buffer=None if form.buffer == "ideal" else store)
    if form.ensemble is not None:
        surge = replace(surge, ensemble=_years(form, taken, shares[1], seed, surge.buffer))
    arriving = taken.met * surge.excess
    more = replace(
        taken,
        source=None if taken.source is None else taken.source * (1 + surge.excess),
        met=taken.met + arriving,
        work=taken.work + arriving * shares[1],
        heat=taken.heat + arriving * (shares[0] - shares[1]),
    )
    return more, surge


def _years(form: Any, taken: Taken, share: float, seed: int, store: Store | None) -> Years:
    """The ensemble of a spec: of its own process, or of that of its flares."""
    asked = form.ensemble
    own = asked.process is not None
    process = process_of(asked.process, asked.superflares, asked.per_year) if own else _process(form)[0]
    if taken.source is not None:
        process = _under(process, float(taken.source[0]))
    work = taken.numbers["work_share"][0]
    least = weakest([taken.numbers["irradiance_total"][1], *(part.status for part in taken.parts)])
    quiet = float(taken.met.max()) * work
    streams = seed if asked.seed is None else asked.seed
    with at("ensemble"):
        return years_of(asked, process, form.cap, quiet, share / work if work > 0 else 0.0, streams, least, store)


def _recorded(form: ObservedForm, edges: RealArray, quiet: float | None) -> Surge:
    """A real record, whose window begins at a time of the run; it keeps its energy under another quiet power."""
    record: Recording = tess_flare() if form.record == "tess" else goes(form.record.removeprefix("goes-"))
    factor, energy, how = 1.0, None, "in the band of the record"
    if form.colour is not None:
        ratio = record.flare_surge_ratio(form.colour)
        factor, energy = ratio / record.surge_ratio, record.flare_energy(form.colour, directions=form.directions)
        how = f"over all wavelengths, for a flare of the colour of {form.colour:g} K"
    elif record.unit == "W/m2":
        energy = record.energy(directions=form.directions)
    if quiet is not None:
        factor *= (SOLAR_LUMINOSITY if record.star is None else record.star.luminosity) / quiet
    first = float(record.times[record.window][0])
    excess = factor * record.power(edges - form.begin + first, 1.0)
    if energy is not None:
        how += f"; energy into a {form.directions}"
    cut = "; it is cut, so that its energy and its buffer are lower bounds" if form.record == "tess" else ""
    what = f"{record.name}, from {record.begin}; {how}{cut}"
    status = Status.MEASURED if form.colour is None else Status.ENGINEERING
    part = Part("flares", what, status, f"{record.source}; licence {record.licence}")
    found = float("nan") if energy is None else energy
    count = 1 if form.record in _SINGLE else None
    return Surge(factor * record.surge_ratio, excess, found, count, part, form.cap, {record.name: record.sha256})


def _drawn(form: ProcessForm, edges: RealArray, rng: np.random.Generator, quiet: float | None) -> Surge:
    """A sample of a process over the duration of the run; its flares keep their energy under another quiet power."""
    process, checksums = _process(form)
    if quiet is not None:
        process = _under(process, quiet)
    events = process.sample(float(edges[-1]) / YEAR, rng)
    excess = events.power(edges, 1.0)
    populations = "; ".join(f"{kind.name}: {kind.source}" for kind in process.populations)
    what = f"{len(events)} flares of {process.name}, shape {process.shape.name}"
    part = Part("flares", what, process.status, populations)
    found = Surge(
        events.surge_ratio,
        excess,
        float(events.energies.sum()),
        len(events),
        part,
        form.cap,
        checksums,
        largest=_largest(events),
    )
    if not isinstance(process, ModulatedFlares):
        return found
    law = process.modulation
    exposure = np.diff(law.exposure(edges))
    return replace(
        found,
        modulation=Part("modulation", f"of the rate of flares: {law.name}", law.status, law.source),
        expected=process.rate * float(exposure.sum()),
        rate=process.rate * exposure / np.diff(edges),
    )


def _largest(events: FlareEvents) -> list[dict[str, float]]:
    """The largest flares of a sample, in the order of time."""
    chosen = np.sort(np.argsort(events.energies)[-_LISTED:])
    peaks = events.amplitudes
    return [
        {
            "time_s": float(events.times[k]),
            "energy_J": float(events.energies[k]),
            "width_s": float(events.widths[k]),
            "peak_W": float(peaks[k]),
            "surge": float(peaks[k]) / events.luminosity,
        }
        for k in chosen
    ]


def _process(form: ProcessForm) -> tuple[FlareProcess | ModulatedFlares, dict[str, str]]:
    """The process of a spec's flares, in their shape, and the checksums of the tables that it takes."""
    process = process_of(form.process, form.superflares, form.per_year).with_shape(flare_shape(form.shape))
    if form.modulation is None:
        return process, {}
    with at("modulation"):
        modulation, checksums = modulated_by(form.modulation)
        return ModulatedFlares(process, modulation), checksums


def _under(process: FlareProcess | ModulatedFlares, quiet: float) -> FlareProcess | ModulatedFlares:
    """The same flares, which keep their energy, under another quiet power in W."""
    if isinstance(process, ModulatedFlares):
        return process.with_luminosity(quiet)
    return replace(process, luminosity=quiet)
