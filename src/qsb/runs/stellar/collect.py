"""What a collector makes of a source's power in every interval: work, heat, and what it lets pass."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from qsb.errors import SpecError
from qsb.runs.stellar.absorb import absorber_of
from qsb.runs.stellar.forms import BathtubForm, CollectorForm, FractionForm
from qsb.runs.stellar.parts import Part
from qsb.runs.stellar.sources import Light
from qsb.stellar.blackbody import BlackbodyStar
from qsb.stellar.ceilings import enforce
from qsb.stellar.channel import Source, isotropic_flux
from qsb.stellar.kerr import BlandfordZnajek
from qsb.stellar.pulsar import Pulsar
from qsb.stellar.status import Status
from qsb.stellar.waste import harvest

__all__ = ["Taken", "from_source", "from_star"]

RealArray = NDArray[np.float64]

#: a cubic through so many knots stands for a power that has no closed form, within the error
_KNOTS, _FADED = 24, 1e-6


@dataclass(frozen=True)
class Taken:
    """Powers in every interval, W; made by `from_star` and `from_source`.

    Attributes:
        source: of the source over the whole sphere; None where it is not known.
        met: that meets the collector.
        work: passed on to the store.
        heat: rejected by the collector.
        numbers: scalars of source and collector by the names of the nomenclature: value and status.
        parts: of the collector.
        shares: where the shares come from that are taken up and become work.
        spectrum: wavelength, irradiance and what is taken of it, SI; None where the source is no light.
        temperature: of the source's light, K; None where it has none.
        efficiency: work over the light, which Landsberg's share limits; of a grey absorber over what it takes up.
        on: shares of another light that are taken up and become work; None where the source is no light.
        interpolation: largest relative error of the source's power that was found between knots.
    """

    source: RealArray | None
    met: RealArray
    work: RealArray
    heat: RealArray
    numbers: dict[str, tuple[float, Status]]
    parts: tuple[Part, ...]
    shares: str
    spectrum: tuple[RealArray, RealArray, RealArray] | None = None
    temperature: float | None = None
    efficiency: float | None = None
    on: Callable[[BlackbodyStar], tuple[float, float]] | None = None
    interpolation: float = 0.0


def from_star(light: Light, form: CollectorForm, sink: float, lit: RealArray, *, enforced: bool = True) -> Taken:
    """Light on an area, through an absorber.

    Args:
        light: as it arrives.
        form: the collector.
        sink: where heat is rejected, K.
        lit: share of each interval with light.
        enforced: whether shares above their ceilings are refused.

    Raises:
        SpecError: no area, or keys that belong to other sources.
        PhysicsBoundError: shares above their ceilings.
    """
    if form.area is None or form.absorber is None:
        raise SpecError("the collector of a star needs area and absorber.")
    if form.share is not None or form.efficiencies:
        raise SpecError(
            "share and efficiencies belong to sources that are no stars; a star's collector has an absorber."
        )
    absorber = absorber_of(light.light, form, sink)
    taken, work, status = absorber.taken, absorber.work, absorber.status
    if enforced and isinstance(form.absorber, FractionForm | BathtubForm):
        # a table that does not say from which solid angle it comes has the ceiling of its star's temperature
        seen = light.temperature if light.light.dilution is None else light.light
        enforce(seen, sink, absorptance=taken, ergotropy=form.absorber.ergotropy)
    irradiance = light.light.total
    met = irradiance * form.area * lit
    power = None if light.luminosity is None else np.full(lit.shape, light.luminosity)
    numbers = {
        "irradiance_total": (irradiance, light.part.status),
        "absorptance": (taken, status),
        "work_share": (work, status),
    }
    if light.luminosity is not None:
        numbers["quiet_power"] = (light.luminosity, light.part.status)
    parts = (
        Part("collector", f"{form.area:.6g} m^2; {_refusal(form)}", form.status, form.reference or "given in the spec"),
        Part("absorber", absorber.what, status, absorber.reference),
    )
    return Taken(
        source=power,
        met=met,
        work=met * work,
        heat=met * (taken - work),
        numbers=numbers,
        parts=parts,
        shares=absorber.reference,
        spectrum=absorber.spectrum,
        on=absorber.on,
        temperature=light.temperature,
        # The light in a band may give more work a joule than the whole light does.
        efficiency=form.absorber.ergotropy if isinstance(form.absorber, FractionForm) else work,
    )


def from_source(source: Source, form: CollectorForm, edges: RealArray, lit: RealArray) -> Taken:
    """Power of a source that is no star, channel by channel.

    Args:
        source: whose power.
        form: the collector: its share of the sphere, or area and distance, and efficiencies by channel.
        edges: of the intervals, s.
        lit: share of each interval with power.

    Raises:
        SpecError: neither share nor area with distance, a place too near, or an efficiency of no channel.
    """
    share = _share(source, form)
    if form.absorber is not None:
        raise SpecError("absorber belongs to stars; give efficiencies by channel, e.g. efficiencies = {jets = 0.1}.")
    if not form.efficiencies:
        names = ", ".join(channel.name for channel in source.channels)
        raise SpecError(f"efficiencies must name the channels that have a converter; this source has {names}.")
    power, error = _power(source, edges)
    now = harvest(source, 0.0, form.efficiencies, intercepted=share)
    work = now.work / now.power
    heat = now.heat / now.power
    parts = [
        Part(
            "collector",
            f"{share:.6g} of the sphere, each channel taken as even over it; {_refusal(form)}",
            form.status,
            form.reference or "given in the spec",
        ),
        *(
            Part(
                f"channel {channel.name}",
                f"{channel.share:.4g} of the power ({channel.low:.4g} to {channel.high:.4g}), {channel.spectrum}; "
                + (
                    f"converted at {form.efficiencies[channel.name]:g}"
                    if channel.name in form.efficiencies
                    else "no converter"
                ),
                channel.status,
                channel.source,
            )
            for channel in source.channels
        ),
        *(
            Part(f"converter of {channel.name}", channel.converter, Status.SPECULATIVE, "none has been built")
            for channel in source.channels
            if channel.name in form.efficiencies and channel.converter.startswith("none")
        ),
    ]
    numbers = {
        "quiet_power": (float(power[0]), source.status),
        "work_share": (work / share if share > 0 else 0.0, form.status),
        "source_reservoir": (source.reservoir, source.status),
        "source_lifetime": (source.lifetime, source.status),
        "source_nearest": (source.nearest, source.status),
    }
    met = power * share * lit
    return Taken(
        source=power,
        met=met,
        work=power * work * lit,
        heat=power * heat * lit,
        numbers=numbers,
        parts=tuple(parts),
        shares=form.reference or "efficiencies given in the spec",
        interpolation=error,
    )


def _refusal(form: CollectorForm) -> str:
    """What becomes of what a full store does not take, in words."""
    return "what a full store refuses is " + ("heat" if form.refused == "heat" else "turned away and not taken up")


def _share(source: Source, form: CollectorForm) -> float:
    """Share of the sphere that the collector covers."""
    if form.share is not None:
        if form.area is not None or form.distance is not None:
            raise SpecError("give share, or area and distance, not both.")
        return form.share
    if form.area is None or form.distance is None:
        raise SpecError("the collector needs share, or area and distance.")
    isotropic_flux(source, 0.0, form.distance)  # refuses a place where there is no flux yet
    share = form.area / (4 * math.pi * form.distance**2)
    if share > 1:
        raise SpecError(f"an area of {form.area:.6g} m^2 is {share:.6g} times the sphere at that distance.")
    return share


def _power(source: Source, edges: RealArray) -> tuple[RealArray, float]:
    """Mean power of the source in every interval, W, and the error of the cubic between knots if there is one."""
    steps = np.diff(edges)
    if isinstance(source, Pulsar):
        return np.diff([source.energy(float(t)) for t in edges]) / steps, 0.0
    if not isinstance(source, BlandfordZnajek):  # constant until it is empty
        return source.power(0.0) * np.diff(np.minimum(edges, source.lifetime)) / steps, 0.0
    middles = 0.5 * (edges[:-1] + edges[1:])
    from scipy.interpolate import CubicSpline

    knots = np.linspace(0.0, edges[-1], _KNOTS + 1)
    curve = CubicSpline(knots, [source.power(float(t)) for t in knots])
    between = 0.5 * (knots[:-1] + knots[1:])
    true = np.array([source.power(float(t)) for t in between])
    error = float(np.max(np.abs(curve(between) / true - 1.0)))
    if error > _FADED:
        raise SpecError(f"the source fades too fast for {_KNOTS} knots (error {error:.2g}); shorten the duration.")
    return np.asarray(curve(middles)), error
