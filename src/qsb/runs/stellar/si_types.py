"""Types of the keys of a stellar spec: numbers in SI units, a status, and a table that has a source.

A number is in the SI unit that its type names, or a text with a unit that converts to it.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Annotated, Any

from pydantic import BeforeValidator, Field

from qsb.errors import SpecError
from qsb.runs.forms import Form
from qsb.runs.refusal import advice
from qsb.runs.stellar.measure import measure
from qsb.stellar.status import Status


def _in(unit: str) -> Callable[[Any], Any]:
    """A reader of numbers in a unit, whose refusals pydantic puts beside the key."""

    def read(value: Any) -> Any:
        try:
            return measure(value, unit)
        except SpecError as error:
            raise ValueError(str(error)) from error

    read.__doc__ = unit
    return read


Pure = Annotated[float, BeforeValidator(_in("")), ""]
Metre = Annotated[float, BeforeValidator(_in("m")), Field(gt=0), "m"]
SquareMetre = Annotated[float, BeforeValidator(_in("m2")), Field(gt=0), "m^2"]
Radian = Annotated[float, BeforeValidator(_in("rad")), Field(gt=0, le=2 * math.pi), "rad"]
Second = Annotated[float, BeforeValidator(_in("s")), "s"]
PerSecond = Annotated[float, BeforeValidator(_in("1 / s")), Field(ge=0), "1/s"]
Kilogram = Annotated[float, BeforeValidator(_in("kg")), Field(gt=0), "kg"]
KilogramPerSecond = Annotated[float, BeforeValidator(_in("kg / s")), Field(ge=0), "kg/s"]
Kelvin = Annotated[float, BeforeValidator(_in("K")), Field(ge=0), "K"]
Joule = Annotated[float, BeforeValidator(_in("J")), Field(ge=0), "J"]
Watt = Annotated[float, BeforeValidator(_in("W")), Field(ge=0), "W"]
Tesla = Annotated[float, BeforeValidator(_in("T")), Field(gt=0), "T"]
PerJouleSecond = Annotated[float, BeforeValidator(_in("1 / J s")), Field(ge=0), "1/(J s)"]
MetrePerSecond = Annotated[float, BeforeValidator(_in("m / s")), Field(gt=0), "m/s"]
PerMetre = Annotated[float, BeforeValidator(_in("1 / m")), Field(gt=0), "1/m"]
PerSquareMetre = Annotated[float, BeforeValidator(_in("1 / m2")), Field(ge=0), "1/m^2"]
PerCubicMetre = Annotated[float, BeforeValidator(_in("1 / m3")), Field(ge=0), "1/m^3"]
KilogramPerSquareMetre = Annotated[float, BeforeValidator(_in("kg / m2")), Field(gt=0), "kg/m^2"]
SquareMetrePerKilogram = Annotated[float, BeforeValidator(_in("m2 / kg")), Field(ge=0), "m^2/kg"]
StoppingPower = Annotated[float, BeforeValidator(_in("J m2 / kg")), Field(ge=0), "J m^2/kg"]
Inertia = Annotated[float, BeforeValidator(_in("kg m2")), Field(ge=0), "kg m^2"]


def _status(value: Any) -> Any:
    """A word becomes a status; another word is refused with the known ones."""
    if not isinstance(value, str) or value not in list(Status):
        raise ValueError(f"{value!r} is no status{advice(value, [str(s) for s in Status])}")
    return Status(value)


StatusWord = Annotated[Status, BeforeValidator(_status)]


class Sourced(Form):
    """A table that may say where its numbers come from."""

    reference: str = ""


__all__ = [
    "Inertia",
    "Joule",
    "Kelvin",
    "Kilogram",
    "KilogramPerSecond",
    "KilogramPerSquareMetre",
    "Metre",
    "MetrePerSecond",
    "PerCubicMetre",
    "PerJouleSecond",
    "PerMetre",
    "PerSecond",
    "PerSquareMetre",
    "Pure",
    "Radian",
    "Second",
    "Sourced",
    "SquareMetre",
    "SquareMetrePerKilogram",
    "StatusWord",
    "StoppingPower",
    "Tesla",
    "Watt",
]
