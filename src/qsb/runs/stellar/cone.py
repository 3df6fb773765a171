"""The cone of an ejection: how much is in it, and what of it reaches the collector of a spec."""

from __future__ import annotations

from qsb.errors import SpecError
from qsb.runs.stellar.parts import weakest
from qsb.runs.stellar.sources import Light
from qsb.runs.stellar.storm_form import ONE_FLARE, StormForm
from qsb.stellar.cme import DragModel, density_at
from qsb.stellar.ejection import Ejection
from qsb.stellar.observed import Recording
from qsb.stellar.status import Status

__all__ = ["cone_of"]


def cone_of(
    form: StormForm,
    start: tuple[float, float],
    distance: float,
    light: Light,
    record: Recording | None,
    area: float | None,
) -> tuple[dict[str, tuple[float, Status, str]], str]:
    """Mass and energy of an ejection, and what of it reaches the collector.

    Args:
        form: of the storm.
        start: speed at the origin in m/s, and full angle of the cone in rad.
        distance: of the collector from the star, m.
        light: of the star at the collector.
        record: whose X-rays say the mass where the form does not.
        area: of the collector, m^2.

    Returns:
        Numbers by their names in the nomenclature, each with status and source; and one line about the ejection.

    Raises:
        SpecError: a collector without an area, or numbers that an ejection cannot have.
    """
    if area is None:
        raise SpecError("an ejection with a width hits an area; give that of the collector.")
    speed, width = start
    given = form.reference or "given in the spec"
    if form.mass is not None:
        ejection = Ejection(form.mass, width, speed, given)
    else:
        assert record is not None  # the form sees to it
        ejection = Ejection.from_xrays(record.energy(), width, speed)
    arrival = DragModel(form.drag, form.wind).arrival(speed, distance, form.origin)
    hit = ejection.on_target(area, distance, arrival.speed)
    source = "; ".join((ejection.source, *ejection.notes))
    there = f"a cone of {width:.6g} rad, evenly filled, straight on, at the speed on arrival; {source}"
    status, bright = ejection.status, weakest([hit.status, light.part.status])
    numbers: dict[str, tuple[float, Status, str]] = {
        "ejection_mass": (ejection.mass, status, source),
        "ejection_solid_angle": (ejection.solid_angle, status, f"a cone of {width:.6g} rad; {given}"),
        "ejection_energy": (ejection.kinetic_energy, status, f"all of it as fast as its front; {source}"),
        "ejection_share": (hit.share, hit.status, there),
        "ejection_column": (hit.column, hit.status, there),
        "ejection_fluence": (hit.fluence, hit.status, there),
        "ejection_hit_energy": (hit.energy, hit.status, there),
        "ejection_hit_momentum": (hit.momentum, hit.status, there),
        "ejection_light_time": (hit.light_time(light.light.total), bright, f"{there}; light that is all absorbed"),
    }
    if form.density:
        density = density_at(form.density, distance, form.given_at, form.density_falloff)
        numbers["ejection_depth"] = (hit.depth(density), hit.status, f"{density:.6g} protons per m^3; {there}")
    if record is not None and form.record in ONE_FLARE:
        how = f"light of the flare taken as 100 times the X-rays of {record.name}; {source}"
        numbers["ejection_over_flare"] = (ejection.over_flare(record.energy()), Status.ENGINEERING, how)
    return numbers, f"{ejection.mass:.4g} kg in {ejection.solid_angle:.4g} sr"
