"""What a storm does to a collector beside the power that it brings: arrival, push, doses."""

from __future__ import annotations

from dataclasses import dataclass

from qsb.errors import SpecError
from qsb.runs.stellar.cone import cone_of
from qsb.runs.stellar.parts import Part, weakest
from qsb.runs.stellar.sources import Light
from qsb.runs.stellar.storm_form import StormForm
from qsb.stellar.cme import DragModel, density_at, push_on_collector
from qsb.stellar.constants import ASTRONOMICAL_UNIT
from qsb.stellar.dose import fluence_at, particle_dose, sheet_dose
from qsb.stellar.observed import goes
from qsb.stellar.status import Status

__all__ = ["Storm", "storm_of"]

_DRAG = "drag-based model, Vrsnak et al., Solar Phys. 285, 295 (2013), doi:10.1007/s11207-012-0035-4"

_DENSITY = "the inverse square keeps the particles of a steady flow; ejections thin out faster, arXiv:2202.04391"
_FLUENCE = "the inverse square is that of ECSS-E-ST-10-04C inside of 1 au, which beyond takes the fluence of 1 au"

Number = tuple[float, Status, str]


@dataclass(frozen=True)
class Storm:
    """Harm at the collector.

    Attributes:
        numbers: name in the nomenclature -> value, status and source.
        part: what it is.
        checksums: name of a record -> sha256.
    """

    numbers: dict[str, Number]
    part: Part
    checksums: dict[str, str]


def storm_of(form: StormForm, light: Light, solar: bool, area: float | None) -> Storm:
    """The storm of a spec where its collector is.

    Args:
        form: what is known of it.
        light: of the star as it arrives; its distance is that of the collector.
        solar: whether the star is the Sun, whose X-rays the records are.
        area: of the collector, m^2.

    Raises:
        SpecError: light without a distance, a collector inside the origin of the ejection, or one without an area.
    """
    distance = light.light.distance
    if distance is None:
        raise SpecError("a storm needs the distance of the collector from the star; light at the ground has none.")
    given = form.reference or "given in the spec"
    numbers: dict[str, Number] = {}
    told: list[str] = []
    references: list[str] = []
    checksums: dict[str, str] = {}
    if form.speed is not None:
        numbers |= _ejection(form, distance, light, given)
        told.append(f"an ejection of {form.speed:.6g} m/s at {form.origin:.6g} m in a wind of {form.wind:.6g} m/s")
        references.append(_DRAG)
    record = None if form.record is None else goes(form.record.removeprefix("goes-"))
    if form.speed is not None and form.width is not None:
        cone, what = cone_of(form, (form.speed, form.width), distance, light, record, area)
        numbers |= cone
        told.append(what)
    if record is not None:
        where = f"{record.name}, {record.source}, taken as seen from 1 au"
        fluence = record.fluence * (ASTRONOMICAL_UNIT / distance) ** 2
        there = abs(distance / ASTRONOMICAL_UNIT - 1) < 1e-9
        scaled = "" if there else f", scaled to {distance:.6g} m by the inverse square"
        status = record.status if solar and there else Status.ESTABLISHED if solar else Status.ENGINEERING
        numbers["xray_fluence"] = (fluence, status, where + scaled)
        if form.areal is not None:
            how = "at most: all is absorbed" if form.absorption is None else f"absorption {form.absorption:g} m^2/kg"
            dose = sheet_dose(fluence, form.areal, form.absorption)
            source = f"X-ray fluence in a sheet of {form.areal:g} kg/m^2, {how}; {given}"
            numbers["xray_dose"] = (dose, weakest([status, Status.ENGINEERING]), source)
        told.append(f"X-rays of {record.name}")
        references.append(f"{record.source}; licence {record.licence}")
        checksums[record.name] = record.sha256
    if form.protons is not None:
        fluence = fluence_at(form.protons, distance, form.given_at, form.protons_falloff)
        source = f"{given}{_scaled(form.given_at, distance, form.protons_falloff, _FLUENCE)}"
        numbers["particle_fluence"] = (fluence, Status.ENGINEERING, source)
        if form.stopping is not None:
            source = f"fluence times a stopping power of {form.stopping:g} J m^2/kg; {given}"
            numbers["particle_dose"] = (particle_dose(fluence, form.stopping), Status.ENGINEERING, source)
        told.append(f"{form.protons:.6g} particles per m^2 at {form.given_at:.6g} m")
    status = weakest([status for _, status, _ in numbers.values()])
    references.append(given)
    return Storm(numbers, Part("storm", "; ".join(told), status, "; ".join(references)), checksums)


def _scaled(given: float, distance: float, falloff: float, source: str) -> str:
    """How a number of one distance became that of another; nothing where they are the same."""
    if abs(distance / given - 1) < 1e-9:
        return ""
    return f", scaled from {given:.6g} m to {distance:.6g} m by the power -{falloff:g} of the distance ({source})"


def _ejection(form: StormForm, distance: float, light: Light, given: str) -> dict[str, Number]:
    """Arrival of an ejection, and with a density its push beside that of light."""
    model = DragModel(form.drag, form.wind)
    arrival = model.arrival(form.speed, distance, form.origin)
    source = f"{_DRAG}; {given}"
    numbers = {
        "storm_arrival": (arrival.time, arrival.status, source),
        "storm_speed": (arrival.speed, arrival.status, source),
    }
    if form.density is not None:
        density = density_at(form.density, distance, form.given_at, form.density_falloff)
        push = push_on_collector(density, arrival.speed, light.light.total)
        status = weakest([push.status, arrival.status])
        source = f"{given}{_scaled(form.given_at, distance, form.density_falloff, _DENSITY)}"
        numbers["storm_density"] = (density, Status.ENGINEERING, source)
        numbers["ram_pressure"] = (push.ram, status, f"{density:.6g} protons per m^3 at that speed; {given}")
        numbers["light_pressure"] = (push.light, light.part.status, "irradiance over c, all of it absorbed")
        numbers["pressure_ratio"] = (push.ratio, weakest([status, light.part.status]), "ram and radiation pressure")
    return numbers
