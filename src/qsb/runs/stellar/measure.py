"""Numbers with units in a stellar spec: "1 au", "1e6 km2", "50 kW h", "1e-8 / s" become SI."""

from __future__ import annotations

import math
import re
from functools import cache
from typing import Any

from qsb import checks
from qsb.errors import SpecError
from qsb.runs.refusal import advice
from qsb.stellar.constants import (
    ASTRONOMICAL_UNIT,
    NOMINAL_SOLAR_RADIUS,
    PARSEC,
    SOLAR_LUMINOSITY,
    SOLAR_MASS,
    YEAR,
)
from qsb.units import ELEMENTARY_CHARGE, SPEED_OF_LIGHT

__all__ = ["measure", "pretty_unit"]

# Exponents of m, kg, s, K, T: the tesla stands beside them, for no stellar input mixes it with amperes.
_Dimension = tuple[int, int, int, int, int]
_NONE: _Dimension = (0, 0, 0, 0, 0)
_LENGTH, _MASS, _TIME = (1, 0, 0, 0, 0), (0, 1, 0, 0, 0), (0, 0, 1, 0, 0)
_ENERGY, _POWER = (2, 1, -2, 0, 0), (2, 1, -3, 0, 0)

_PREFIXES = {"": 1.0, "f": 1e-15, "p": 1e-12, "n": 1e-9, "u": 1e-6, "m": 1e-3, "c": 1e-2, "k": 1e3}
_PREFIXES |= {"M": 1e6, "G": 1e9, "T": 1e12, "P": 1e15, "E": 1e18}
_PREFIXED: dict[str, tuple[float, _Dimension]] = {
    "m": (1.0, _LENGTH),
    "g": (1e-3, _MASS),
    "s": (1.0, _TIME),
    "K": (1.0, (0, 0, 0, 1, 0)),
    "J": (1.0, _ENERGY),
    "W": (1.0, _POWER),
    "eV": (ELEMENTARY_CHARGE, _ENERGY),
    "Wh": (3600.0, _ENERGY),
    "Hz": (1.0, (0, 0, -1, 0, 0)),
    "T": (1.0, (0, 0, 0, 0, 1)),
    "G": (1e-4, (0, 0, 0, 0, 1)),
    "Pa": (1.0, (-1, 1, -2, 0, 0)),
}
_ALONE: dict[str, tuple[float, _Dimension]] = {
    "au": (ASTRONOMICAL_UNIT, _LENGTH),
    "ly": (SPEED_OF_LIGHT * YEAR, _LENGTH),
    "pc": (PARSEC, _LENGTH),
    "kpc": (1e3 * PARSEC, _LENGTH),
    "Rsun": (NOMINAL_SOLAR_RADIUS, _LENGTH),
    "Msun": (SOLAR_MASS, _MASS),
    "t": (1e3, _MASS),
    "Lsun": (SOLAR_LUMINOSITY, _POWER),
    "erg": (1e-7, _ENERGY),
    "min": (60.0, _TIME),
    "h": (3600.0, _TIME),
    "d": (86400.0, _TIME),
    "yr": (YEAR, _TIME),
    "kyr": (1e3 * YEAR, _TIME),
    "Myr": (1e6 * YEAR, _TIME),
    "Gyr": (1e9 * YEAR, _TIME),
    "rad": (1.0, _NONE),
    "deg": (math.pi / 180, _NONE),
    "%": (1e-2, _NONE),
    "1": (1.0, _NONE),
}
_NUMBER = re.compile(r"\s*([+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?)\s*(.*?)\s*")
_FACTOR = re.compile(r"([A-Za-z%]+|1)(?:\^?([+-]?\d+))?")


@cache
def _units() -> dict[str, tuple[float, _Dimension]]:
    """Every accepted spelling; a name of its own goes before a prefixed one ("min" is a minute)."""
    table = {
        prefix + base: (power * factor, dimension)
        for prefix, power in _PREFIXES.items()
        for base, (factor, dimension) in _PREFIXED.items()
    }
    return table | _ALONE


def _read_unit(unit: str) -> tuple[float, _Dimension]:
    """Factor to SI and dimension of "W / m2", "1 / s", "kg m^2", "Msun/yr".

    Raises:
        SpecError: an unknown unit, or text that is none.
    """
    factor, total, sign = 1.0, _NONE, 1
    for part in re.findall(r"/|[^\s*/·]+", unit):
        if part == "/":
            sign = -1
            continue
        found = _FACTOR.fullmatch(part)
        if found is None or found[1] not in _units():
            known = [*_PREFIXED, *_ALONE]
            raise SpecError(f"unknown unit {part!r}{advice(part, known)}")
        value, dimension = _units()[found[1]]
        power = sign * int(found[2] or 1)
        factor *= value**power
        total = tuple(a + power * b for a, b in zip(total, dimension, strict=True))  # type: ignore[assignment]
    return factor, total


def measure(value: Any, unit: str) -> float:
    """A number in an SI unit from a plain number, which is SI already, or a text with a unit.

    Args:
        value: e.g. ``1.5e11`` or ``"1 au"``.
        unit: SI unit, e.g. "m", "J", "W / m2", or "" for a pure number.

    Raises:
        SpecError: no number, an unknown unit, a unit of another kind, or a number that is not finite or of absurd size.
    """
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        raise SpecError(f"{value!r} is no number; give one in {unit or 'no unit'}, or a text with a unit")
    if isinstance(value, str):
        found = _NUMBER.fullmatch(value)
        if found is None:
            raise SpecError(f"cannot read {value!r} as a number with a unit; write it like '1 {unit}'")
        factor, dimension = _read_unit(found[2])
        if dimension != _read_unit(unit)[1]:
            asked = f"in {unit}, or in a unit that converts to it" if unit else "a pure number"
            raise SpecError(f"{value!r} must be {asked}")
        number = float(found[1]) * factor
    else:
        number = float(value)
    if not math.isfinite(number):
        raise SpecError(f"{value!r} is not a finite number")
    if number and not 1 / checks.LARGEST <= abs(number) <= checks.LARGEST:
        word = "larger" if abs(number) > 1 else "smaller"
        raise SpecError(f"{value!r} is {word} than any number that is computed with: 1e-60 to 1e60 in {unit or 'size'}")
    return number


def pretty_unit(unit: str) -> str:
    """A unit of the nomenclature for people: "m^2" as m², "1" as nothing."""
    return "" if unit == "1" else unit.replace("^2", "²").replace("^3", "³")
