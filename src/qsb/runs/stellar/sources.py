"""Sources of a spec: light of stars, and everything else that gives power."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

from qsb.errors import SpecError
from qsb.runs.stellar.forms import AccretionForm, FuelForm, KerrForm, PenroseForm, PulsarForm, StarForm
from qsb.runs.stellar.parts import Part, weakest
from qsb.stellar.blackbody import BlackbodyStar
from qsb.stellar.channel import Source
from qsb.stellar.constants import ASTRONOMICAL_UNIT, NOMINAL_SOLAR_TEMPERATURE
from qsb.stellar.spectrum import Spectrum, astm_e490, astm_g173, spectrum_from_csv
from qsb.stellar.status import Status

__all__ = ["Light", "light_of", "source_of"]


@dataclass(frozen=True)
class Light:
    """Light of a star as it arrives.

    Attributes:
        light: its spectrum at the collector.
        temperature: of the star, K: what its ceilings are computed for.
        part: what it is, with status and reference.
    """

    light: Spectrum | BlackbodyStar
    temperature: float
    part: Part

    @property
    def luminosity(self) -> float | None:
        """Power over the whole sphere, W; None where the light holds at no stated distance."""
        far = self.light.distance
        return None if far is None else 4 * math.pi * far**2 * self.light.total


def light_of(form: StarForm, distance: float | None) -> Light:
    """The light of a star at a distance in m; at its own distance if that is None.

    Raises:
        SpecError: a wrong file or unit, or light at the ground that is to be moved.
    """
    kelvin = NOMINAL_SOLAR_TEMPERATURE if form.temperature is None else form.temperature
    light: Spectrum | BlackbodyStar
    if form.spectrum == "blackbody":
        assert form.radius is not None  # the form sees to it
        light = BlackbodyStar(kelvin, form.radius, ASTRONOMICAL_UNIT if distance is None else distance)
        what = f"black sphere of {kelvin:g} K and {form.radius:.6g} m"
        reference = f"Planck's law; {form.reference or 'temperature and radius given in the spec'}"
        # no star is a black sphere, however well its temperature and radius are known
        return Light(light, kelvin, Part("source", what, Status.ENGINEERING, reference))
    if form.spectrum == "table":
        light = spectrum_from_csv(
            form.file or "",
            wavelength_unit=form.wavelength_unit or "",
            irradiance_unit=form.irradiance_unit or "",
            source=form.reference or "given by the user",
            distance=form.distance,
        )
    elif form.spectrum == "e490":
        light = astm_e490()
    else:
        light = astm_g173(form.spectrum.removeprefix("g173-"))
    if distance is not None:
        light = light.at(distance)
    what = f"{light.name}, {light.total:.6g} W/m^2 at the collector"
    return Light(light, kelvin, Part("source", what, light.status, light.source))


def source_of(form: Any) -> tuple[Source, Part]:
    """A source of power that is no star, and what it is.

    Raises:
        SpecError: numbers that it cannot have.
    """
    from qsb.stellar.accretion import AccretionDisk
    from qsb.stellar.fuel import Burner, reaction
    from qsb.stellar.kerr import BlandfordZnajek, KerrHole, Penrose
    from qsb.stellar.pulsar import ATNF, Pulsar

    source: Source
    match form:
        case KerrForm():
            source = BlandfordZnajek(KerrHole(form.mass, form.spin), form.field)
            what = f"jets of a hole of {form.mass:.6g} kg, spin {form.spin:g}, field {form.field:.6g} T"
            known = "Blandford and Znajek (1977), doi:10.1093/mnras/179.3.433; mass, spin and field"
        case PenroseForm():
            source = Penrose(KerrHole(form.mass, form.spin), form.feed)
            what = f"Penrose process on a hole of {form.mass:.6g} kg, spin {form.spin:g}, fed {form.feed:.6g} kg/s"
            known = "Wald (1974), doi:10.1086/152959; mass, spin and feed"
        case AccretionForm():
            source = AccretionDisk(KerrHole(form.mass, form.spin), form.rate, form.fuel, form.retrograde)
            what = f"thin disc around a hole of {form.mass:.6g} kg, spin {form.spin:g}, {form.rate:.6g} kg/s"
            known = "Shakura and Sunyaev, Astron. Astrophys. 24, 337 (1973); mass, spin and rate"
        case PulsarForm():
            if form.name is not None:
                source = Pulsar.known(form.name)
                known = f"{ATNF}; moment of inertia"
            else:
                assert form.period is not None
                assert form.period_derivative is not None
                numbers = (form.period, form.period_derivative, form.moment_of_inertia, form.braking_index)
                source, known = Pulsar(*numbers), "magnetic braking; all of its numbers"
            what = (
                f"pulsar of period {source.period:.8g} s, derivative {source.period_derivative:.6g}, braking index "
                f"{source.braking_index:g}, moment of inertia {source.moment_of_inertia:g} kg m^2"
            )
        case FuelForm():
            source = Burner(reaction(form.reaction), form.mass, form.output, form.burnup)
            what = f"{form.reaction}, {form.mass:.6g} kg of fuel"
            known = f"{source.reaction.source}; mass, output and burnup"
        case _:
            raise SpecError(f"{form!r} is no source of power.")
    # numbers without a reference are no firmer than an estimate, whatever the theory
    status = source.status if form.reference else weakest((source.status, Status.ENGINEERING))
    return source, Part("source", what, status, f"{known}: {form.reference or 'chosen in the spec or by default'}")
