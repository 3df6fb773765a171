"""Absorbers of a spec: the shares of a star's light that they take up and turn into work, and those of a flare's."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from qsb.errors import SpecError
from qsb.runs.stellar.forms import BathtubForm, CollectorForm, FractionForm, JunctionForm, SelectiveForm
from qsb.stellar.absorber import bathtub_filter, selective_absorber
from qsb.stellar.blackbody import BlackbodyStar, planck_exitance
from qsb.stellar.junction import shockley_queisser
from qsb.stellar.spectrum import Spectrum
from qsb.stellar.status import Status
from qsb.units import BOLTZMANN, ELEMENTARY_CHARGE, PLANCK, SPEED_OF_LIGHT

__all__ = ["Absorber", "absorber_of"]

RealArray = NDArray[np.float64]


@dataclass(frozen=True)
class Absorber:
    """What an absorber does with light; made by `absorber_of`.

    Attributes:
        taken: share of the star's light that is taken up.
        work: share of the star's light that becomes work.
        status: how far these can be trusted.
        what: the absorber in words.
        reference: where the shares come from.
        spectrum: wavelength in m, irradiance and what is taken of it in W/m^3.
        on: the same two shares for a light that the absorber was not made for, as a flare's.
    """

    taken: float
    work: float
    status: Status
    what: str
    reference: str
    spectrum: tuple[RealArray, RealArray, RealArray]
    on: Callable[[BlackbodyStar], tuple[float, float]]


def absorber_of(light: Spectrum | BlackbodyStar, form: CollectorForm, sink: float) -> Absorber:
    """The absorber of a collector under a light, with its heat rejected at a sink in K.

    Raises:
        SpecError: numbers that it cannot have.
    """
    given = form.reference or "given in the spec"
    at, seen = _sampled(light)
    match form.absorber:
        case FractionForm(absorptance=share, ergotropy=ergotropy):
            what = f"takes {share:g} of all light, {ergotropy:g} of that becomes work"
            both = share, share * ergotropy
            return Absorber(*both, form.status, what, given, (at, seen, share * seen), lambda _: both)
        case BathtubForm(width=width, ergotropy=ergotropy):
            best = bathtub_filter(light, width)
            what = f"bands of {width:.6g} m in all, {ergotropy:g} of what is taken becomes work"

            def in_bands(other: BlackbodyStar) -> tuple[float, float]:
                share = sum(other.fraction(low, high) for low, high in best.bands)
                return share, share * ergotropy

            both = best.fraction, best.fraction * ergotropy
            spectrum = (at, seen, best.absorptance(at) * seen)
            return Absorber(*both, form.status, what, given, spectrum, in_bands)
        case SelectiveForm(concentration=x):
            return _hot(light, x, sink, at, seen)
        case JunctionForm():
            return _cell(light, form.absorber, sink, at, seen)
    raise SpecError("the collector of a star needs an absorber.")


def _hot(light: Any, x: float, sink: float, at: RealArray, seen: RealArray) -> Absorber:
    """The hot absorber of most work; a flare is too short to warm it."""
    hot = selective_absorber(light, sink=sink, concentration=x)
    own = planck_exitance(at, hot.temperature) / x
    what = f"hot absorber at {hot.temperature:.6g} K, concentration {x:g}, Carnot engine to {sink:g} K"

    def below(other: BlackbodyStar) -> tuple[float, float]:
        share = other.fraction(0.0, None if np.isinf(hot.cutoff) else hot.cutoff)
        return share, share * (1 - sink / hot.temperature)

    reference = "qsb.stellar.absorber.selective_absorber: Kirchhoff and Carnot"
    spectrum = (at, seen, np.maximum(seen - own, 0.0))
    return Absorber(hot.heat_fraction, hot.work_fraction, hot.status, what, reference, spectrum, below)


def _cell(light: Any, form: JunctionForm, sink: float, at: RealArray, seen: RealArray) -> Absorber:
    """The best single junction; a flare's photons give the same voltage each."""
    cell = shockley_queisser(light, cell=sink, faces=form.faces, concentration=form.concentration, gap=form.gap)
    edge = PLANCK * SPEED_OF_LIGHT / cell.gap
    what = (
        f"one junction of {cell.gap_eV:.6g} eV at {sink:g} K, {cell.voltage:.6g} V, concentration "
        f"{form.concentration:g}, emits from {form.faces}"
    )

    def above(other: BlackbodyStar) -> tuple[float, float]:
        work = ELEMENTARY_CHARGE * cell.voltage * other.photon_flux(0.0, edge) / other.total
        return other.fraction(0.0, edge), work

    reference = "qsb.stellar.junction.shockley_queisser: detailed balance, radiative losses alone"
    spectrum = (at, seen, np.where(at <= edge, seen, 0.0))
    return Absorber(light.band(0.0, edge) / light.total, cell.efficiency, cell.status, what, reference, spectrum, above)


def _sampled(light: Any) -> tuple[RealArray, RealArray]:
    """Wavelengths in m and spectral irradiance in W/m^3."""
    if isinstance(light, BlackbodyStar):
        thermal = PLANCK * SPEED_OF_LIGHT / (BOLTZMANN * light.temperature)
        at = np.geomspace(thermal / 40, thermal / 0.1, 800)
        return at, np.asarray(light.irradiance(at))
    return np.array(light.wavelength), np.array(light.values)
