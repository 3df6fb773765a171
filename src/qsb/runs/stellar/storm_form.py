"""The table of a storm: an ejection, X-rays and particles that reach the collector."""

from __future__ import annotations

from typing import Literal, Self

from pydantic import model_validator

from qsb.runs.stellar.si_types import (
    Kilogram,
    KilogramPerSquareMetre,
    Metre,
    MetrePerSecond,
    PerCubicMetre,
    PerMetre,
    PerSquareMetre,
    Pure,
    Radian,
    Sourced,
    SquareMetrePerKilogram,
    StoppingPower,
)
from qsb.stellar.constants import ASTRONOMICAL_UNIT, NOMINAL_SOLAR_RADIUS

__all__ = ["ONE_FLARE", "StormForm"]

#: records of one flare each; the others are a quiet stretch and a day of small flares
ONE_FLARE = ("goes-2017-09-10", "goes-2025-03-28")

#: key -> the key that it belongs to
_BELONGS = {
    "drag": "speed",
    "wind": "speed",
    "mass": "width",
    "width": "speed",
    "origin": "speed",
    "density": "speed",
    "density_falloff": "density",
    "areal": "record",
    "absorption": "record",
    "stopping": "protons",
    "protons_falloff": "protons",
}


class StormForm(Sourced):
    """Harm beside power: `qsb.stellar.cme` and `qsb.stellar.dose`; any of its three parts.

    An ejection has `speed`, at `origin`, and `density`; X-rays are those of a record, and fall on a sheet of the mass
    per area `areal`; particles have the fluence `protons`. Density and fluence are those at the distance `given_at`
    from the star, and fall off with powers of the distance from there to the collector.
    """

    #: full angle of the cone that an ejection fills; without `mass` it has what goes with the X-rays of the record
    width: Radian | None = None
    mass: Kilogram | None = None
    speed: MetrePerSecond | None = None
    drag: PerMetre = 0.2e-10
    wind: MetrePerSecond = 4e5
    origin: Metre = 20 * NOMINAL_SOLAR_RADIUS
    density: PerCubicMetre | None = None
    density_falloff: Pure = 2.0
    record: Literal["goes-2012-06-01", "goes-2017-09-10", "goes-2021-01-01", "goes-2025-03-28"] | None = None
    areal: KilogramPerSquareMetre | None = None
    absorption: SquareMetrePerKilogram | None = None
    protons: PerSquareMetre | None = None
    protons_falloff: Pure = 2.0
    stopping: StoppingPower | None = None
    given_at: Metre = ASTRONOMICAL_UNIT

    @model_validator(mode="after")
    def _parts(self) -> Self:
        if self.speed is None and self.record is None and self.protons is None:
            raise ValueError("a storm needs speed (an ejection), record (X-rays) or protons (particles)")
        for key, owner in _BELONGS.items():
            if key in self.model_fields_set and getattr(self, key) is not None and getattr(self, owner) is None:
                raise ValueError(f"{key} belongs to {owner}, which is not given")
        if "given_at" in self.model_fields_set and self.density is None and self.protons is None:
            raise ValueError("given_at belongs to density or protons, and neither is given")
        if self.width is not None and self.mass is None and self.record is None:
            raise ValueError("width needs mass, or a record whose X-rays say how much is ejected in the mean")
        if self.width is not None and self.mass is None and self.record not in ONE_FLARE:
            known = " or ".join(ONE_FLARE)
            raise ValueError(
                f"width needs mass, for the X-rays of {self.record} are not those of one flare, which an ejection goes "
                f"with; give mass, or record = {known}"
            )
        return self
