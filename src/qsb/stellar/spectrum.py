r"""Tabulated light: spectral irradiance on its native grid, integrated through its own cumulative.

Between two nodes the irradiance is taken as linear, so every integral is a polynomial in the wavelength and a
band's edge may lie anywhere: bands are differences of one cumulative and add up exactly, whatever the steps.
"""

from __future__ import annotations

import csv
import hashlib
import math
from dataclasses import dataclass, field, replace
from importlib.resources import files
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from qsb import checks
from qsb.errors import SpecError
from qsb.stellar.constants import ASTRONOMICAL_UNIT, NOMINAL_SOLAR_RADIUS
from qsb.stellar.si import si, si_array
from qsb.stellar.status import Status
from qsb.units import PLANCK, SPEED_OF_LIGHT

__all__ = ["Spectrum", "astm_e490", "astm_g173", "spectrum_from_csv"]

_LENGTHS = {"m": 1.0, "mm": 1e-3, "um": 1e-6, "nm": 1e-9, "angstrom": 1e-10}
_IRRADIANCES = {f"W/m2/{unit}": 1 / length for unit, length in _LENGTHS.items()}
_SUN = (NOMINAL_SOLAR_RADIUS / ASTRONOMICAL_UNIT) ** 2
_SHA = {
    "e490.csv": "5af00a781b4bbd7b7ce57efa8487cecf4d09831629770128e2692cf82d9884ef",
    "g173.csv": "91964ac23c0ec82dbbda4a7f160a5f5faf551dfe18ffae7e2446d74b57ee7859",
}


@dataclass(frozen=True, eq=False)
class Spectrum:
    """Spectral irradiance on a grid of wavelengths; nothing outside the grid.

    Attributes:
        wavelength: m, positive and rising.
        values: spectral irradiance at the nodes, W/m^2/m, not negative.
        name: for reports.
        source: where the numbers come from.
        status: how far they can be trusted.
        distance: from the star, m, where it is known.
        dilution: (R/d)^2 of the star's disc at that distance, where it is known: it limits concentration and work.
        sha256: of the file the numbers were read from or copied from; empty where there is none.
        licence: of that file; empty where there is none.
    """

    wavelength: Any
    values: Any
    name: str
    source: str
    status: Status = Status.MEASURED
    distance: float | None = None
    sha256: str = ""
    licence: str = ""
    dilution: float | None = None
    _power: NDArray[np.float64] = field(init=False, repr=False)
    _photons: NDArray[np.float64] = field(init=False, repr=False)

    def __post_init__(self) -> None:
        """Check the table and add up its two cumulatives once."""
        w = si_array("the wavelengths", self.wavelength, "m")
        v = si_array("the irradiance", self.values, "W / m3", least=0.0)
        if w.ndim != 1 or w.shape != v.shape or w.size < 2:
            raise SpecError(f"a spectrum needs two rows of one length, 2 or more: got {w.shape} and {v.shape}.")
        if w[0] <= 0 or np.any(np.diff(w) <= 0):
            raise SpecError("the wavelengths must be positive and rise from node to node.")
        w, v = w.copy(), v.copy()
        for a in (w, v):
            a.setflags(write=False)
        object.__setattr__(self, "wavelength", w)
        object.__setattr__(self, "values", v)
        if self.distance is not None:
            object.__setattr__(self, "distance", si("the distance", self.distance, "m", positive=True))
        if self.dilution is not None and not 0 < si("the dilution", self.dilution, "") <= 1:
            raise SpecError(
                f"the dilution (R/d)^2 of {self.name} is {self.dilution:g}; it lies above 0 and at most at 1."
            )
        step = np.diff(w)
        cells = np.arange(step.size)
        for name, photons in (("_power", False), ("_photons", True)):
            sums = np.concatenate(([0.0], np.cumsum(self._piece(cells, step, photons))))
            object.__setattr__(self, name, sums)

    def _piece(self, cell: Any, t: Any, photons: bool) -> Any:
        """Integral over the first `t` metres of a cell, of I or of I times wavelength over hc."""
        start, width = self.wavelength[cell], self.wavelength[cell + 1] - self.wavelength[cell]
        value = self.values[cell]
        slope = (self.values[cell + 1] - value) / width
        if not photons:
            return t * (value + 0.5 * slope * t)
        first = start * value + 0.5 * (value + start * slope) * t + slope * t**2 / 3
        return t * first / (PLANCK * SPEED_OF_LIGHT)

    def below(self, wavelength: Any, *, photons: bool = False) -> NDArray[np.float64]:
        """Irradiance in W/m^2, or photons in 1/m^2/s, below wavelengths in m, which may be infinite: the cumulative."""
        at = np.clip(np.asarray(wavelength, dtype=float), self.wavelength[0], self.wavelength[-1])
        cell = np.minimum(np.searchsorted(self.wavelength, at, side="right") - 1, self.wavelength.size - 2)
        sums = self._photons if photons else self._power
        return np.asarray(sums[cell] + self._piece(cell, at - self.wavelength[cell], photons))

    def _between(self, low: Any, high: Any, photons: bool) -> float:
        """Difference of a cumulative."""
        first = si("the lower wavelength", low, "m", least=0.0)
        last = math.inf if high is None else si("the upper wavelength", high, "m", positive=True)
        if last < first:
            raise SpecError(f"the band ends at {last:g} m, below its start {first:g} m.")
        low_end, high_end = self.below((first, last), photons=photons)
        return float(high_end - low_end)

    @property
    def total(self) -> float:
        """Irradiance over the whole table, W/m^2."""
        return float(self._power[-1])

    def band(self, low: Any = 0.0, high: Any = None) -> float:
        """Irradiance between two wavelengths in m, W/m^2; `high` left out is the table's end."""
        return self._between(low, high, photons=False)

    def fraction(self, low: Any = 0.0, high: Any = None) -> float:
        """Share of the table's irradiance between two wavelengths in m."""
        return self.band(low, high) / self.total

    def photon_flux(self, low: Any = 0.0, high: Any = None) -> float:
        r"""Photons between two wavelengths, :math:`\int\lambda I_\lambda/hc\,d\lambda`, 1/m^2/s."""
        return self._between(low, high, photons=True)

    def irradiance(self, wavelength: Any) -> NDArray[np.float64]:
        """Spectral irradiance at any wavelengths, W/m^2/m: linear between nodes, zero outside."""
        at = si_array("the wavelength", wavelength, "m")
        return np.asarray(np.interp(at, self.wavelength, self.values, left=0.0, right=0.0))

    def at(self, distance: Any) -> Spectrum:
        """The same light from another distance in m, by the inverse square.

        Raises:
            SpecError: the spectrum does not say at which distance it holds (light at the ground does not).
        """
        if self.distance is None:
            raise SpecError(f"{self.name} holds at no stated distance from the star; it cannot be moved.")
        to = si("the distance", distance, "m", positive=True)
        nearer = (self.distance / to) ** 2
        seen = None if self.dilution is None else self.dilution * nearer
        return replace(self, values=self.values * nearer, distance=to, dilution=seen)


def spectrum_from_csv(
    path: str | Path,
    *,
    wavelength_unit: str,
    irradiance_unit: str,
    name: str | None = None,
    source: str = "given by the user",
    status: Status = Status.MEASURED,
    distance: Any = None,
) -> Spectrum:
    """A spectrum from a table of two columns, wavelength and spectral irradiance.

    Lines that begin with # are skipped, and so is one line of headings.

    Args:
        path: of a CSV file.
        wavelength_unit: one of m, mm, um, nm, angstrom; never guessed.
        irradiance_unit: W/m2/m, W/m2/mm, W/m2/um, W/m2/nm or W/m2/angstrom; never guessed.
        name: for reports; the file's name if left out.
        source: where the numbers come from.
        status: how far they can be trusted.
        distance: from the star in m, if the table holds at one.

    Raises:
        SpecError: an unknown unit, or a line that is not two numbers, by its number.
    """
    length = _LENGTHS[checks.one_of("wavelength_unit", wavelength_unit, tuple(_LENGTHS))]
    density = _IRRADIANCES[checks.one_of("irradiance_unit", irradiance_unit, tuple(_IRRADIANCES))]
    try:
        raw = Path(path).read_bytes()
        table = _table(raw.decode("utf-8"), str(path))
    except (OSError, UnicodeDecodeError) as error:
        raise SpecError(f"the spectrum {str(path)!r} cannot be read: {error}") from error
    if table.shape[1] != 2:
        raise SpecError(f"{path}: a spectrum has two columns, but this table has {table.shape[1]}.")
    sha = hashlib.sha256(raw).hexdigest()
    label = name or Path(path).name
    return Spectrum(table[:, 0] * length, table[:, 1] * density, label, source, status, distance, sha)


def astm_e490() -> Spectrum:
    """The Sun above the atmosphere at 1 au: ASTM E490-00a, 0.1195 to 1000 um, 1366.0908 W/m^2."""
    table = _shipped("e490.csv")
    return Spectrum(
        table[:, 0] * 1e-6,
        table[:, 1] * 1e6,
        "ASTM E490-00a",
        "ASTM E490-00a, copied from pyspectral 0.14.3",
        Status.MEASURED,
        ASTRONOMICAL_UNIT,
        _SHA["e490.csv"],
        "Apache-2.0",
        _SUN,
    )


def astm_g173(column: str = "global") -> Spectrum:
    """Reference sunlight of ASTM G173-03, 280 to 4000 nm, modelled with SMARTS 2.9.2.

    Args:
        column: "global" or "direct" (at the ground, air mass 1.5), or "extraterrestrial" (at 1 au).

    Raises:
        SpecError: another column.
    """
    columns = ("extraterrestrial", "global", "direct")
    index = columns.index(checks.one_of("column", column, columns))
    table = _shipped("g173.csv")
    return Spectrum(
        table[:, 0] * 1e-9,
        table[:, 1 + index] * 1e9,
        f"ASTM G173-03 {column}",
        "ASTM G173-03, copied from pvlib 0.16.1",
        Status.ENGINEERING,
        ASTRONOMICAL_UNIT if index == 0 else None,
        _SHA["g173.csv"],
        "BSD-3-Clause",
        _SUN if index == 0 else None,
    )


def _shipped(name: str) -> NDArray[np.float64]:
    """A table of this package."""
    return _table(files("qsb.stellar").joinpath("data", name).read_text(encoding="utf-8"), name)


def _table(text: str, name: str) -> NDArray[np.float64]:
    """Numbers of a CSV text, after comments and at most one line of headings."""
    rows: list[list[float]] = []
    headed = False
    for number, cells in enumerate(csv.reader(text.splitlines()), start=1):
        if not cells or cells[0].lstrip().startswith("#"):
            continue
        try:
            rows.append([float(cell) for cell in cells])
        except ValueError as error:
            if rows or headed:
                raise SpecError(f"{name}, line {number}: {','.join(cells)!r} is not a row of numbers.") from error
            headed = True
            continue
        if len(rows[-1]) != len(rows[0]):
            raise SpecError(f"{name}, line {number}: {len(rows[-1])} columns, but {len(rows[0])} above.")
    if len(rows) < 2:
        raise SpecError(f"{name}: a table needs two rows of numbers or more.")
    return np.array(rows)
