"""SI at the edge: plain numbers are SI already, astropy quantities are converted."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from qsb import checks
from qsb.errors import SpecError

__all__ = ["si", "si_array"]


def _plain(name: str, value: Any, unit: str) -> Any:
    """The value in SI units; anything with `to_value`, as astropy's quantities, is asked for them."""
    if not hasattr(value, "to_value"):
        return value
    try:
        return value.to_value(unit)
    except Exception as error:  # astropy's own class of unit errors is not loaded for those who do not use it
        raise SpecError(f"{name} must be given in {unit}, or in a unit that converts to it: {error}") from error


def si(
    name: str,
    value: Any,
    unit: str,
    *,
    positive: bool = False,
    least: float | None = None,
    most: float = checks.LARGEST,
) -> float:
    """One number in SI units.

    Args:
        name: of the argument, for refusals.
        value: a number in `unit`, or an astropy quantity.
        unit: SI unit as astropy spells it: "J", "W", "m", "kg", "K", "1 / s", "W / m2".
        positive: whether it must be above zero.
        least: what it must not fall below.
        most: largest size.

    Raises:
        SpecError: naming the argument, its value and what it may be.
    """
    return checks.number(name, _plain(name, value, unit), positive=positive, least=least, most=most)


def si_array(name: str, value: Any, unit: str, *, least: float | None = None) -> NDArray[np.float64]:
    """Numbers in SI units, of any shape; see `si`."""
    return checks.numbers(name, _plain(name, value, unit), least=least)
