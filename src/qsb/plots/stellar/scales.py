"""SI numbers on axes that people read: a prefix or a power of ten, and times in minutes, days or years."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from qsb.errors import SpecError
from qsb.stellar.constants import YEAR

if TYPE_CHECKING:
    import xarray as xr

__all__ = ["needs", "readable", "scaled", "times"]

_PREFIXES = {-15: "f", -12: "p", -9: "n", -6: "µ", -3: "m", 0: "", 3: "k", 6: "M", 9: "G", 12: "T", 15: "P", 18: "E"}
_TIMES = (("yr", YEAR), ("d", 86400.0), ("h", 3600.0), ("min", 60.0), ("s", 1.0))


def scaled(largest: float, unit: str) -> tuple[float, str]:
    """Divisor and unit for values up to `largest`: "TJ", or a power of ten beyond the prefixes."""
    if not largest > 0:
        return 1.0, unit
    power = 3 * math.floor(math.log10(largest) / 3)
    if power in _PREFIXES and not unit.startswith("k"):
        return 10.0**power, _PREFIXES[power] + unit
    return 10.0**power, rf"$10^{{{power}}}$ {unit}"


def readable(value: float, unit: str) -> str:
    """One number with its unit for people: "1.72e+11 J" as "172 GJ"."""
    divisor, written = scaled(abs(value), unit)
    return f"{value / divisor:.4g} {written}".strip()


def times(data: xr.Dataset) -> tuple[NDArray[np.float64], str]:
    """Times of a run and the label of their axis."""
    seconds = np.asarray(data["elapsed"].values, dtype=float)
    for name, length in _TIMES:
        if seconds[-1] >= 2 * length:
            return seconds / length, f"Time $t$ ({name})"
    return seconds, "Time $t$ (s)"


def needs(data: xr.Dataset, *names: str, what: str) -> None:
    """Refuse a dataset that lacks variables, or has swept axes.

    Raises:
        SpecError: saying what is missing.
    """
    lacking: list[Any] = [name for name in names if name not in data]
    if lacking:
        raise SpecError(f"{what} needs {', '.join(lacking)}, which this dataset lacks.")
    known = {"elapsed", "wavelength", "horizon", "bound", "matter", "quantile"}
    swept = [str(d) for d in data.dims if d not in known]
    if swept:
        raise SpecError(f"{what} shows one run, but {', '.join(swept)} is swept; select a point: data.isel(...).")
