r"""Flares that were observed: GOES X-ray records, a TESS flare of an M dwarf, a catalogue of solar flares.

All tables come with the package, with their origin, the checksum of the original and their licence. They are read
only when they are asked for. GOES-8 to 15 were operated with fluxes scaled by 0.7 (1-8 Angstrom), so that their flare
classes are 0.7 times what physical units give; GOES-16 and later are not scaled. Every record here says which it is.
"""

from __future__ import annotations

import gzip
import math
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any

import numpy as np
from numpy.typing import NDArray

from qsb import checks
from qsb.errors import SpecError
from qsb.stellar.blackbody import BlackbodyStar
from qsb.stellar.constants import ASTRONOMICAL_UNIT, NOMINAL_SOLAR_RADIUS, SOLAR_LUMINOSITY
from qsb.stellar.power_law import PowerLawFit, fit_power_law
from qsb.stellar.si import si, si_array
from qsb.stellar.status import Status
from qsb.stellar.surge import series_storage, surge_line

__all__ = [
    "DIRECTIONS",
    "OPERATIONAL_SCALING",
    "SOLAR_IRRADIANCE",
    "FlareCatalogue",
    "Recording",
    "flare_catalogue",
    "goes",
    "goes_class",
    "tess_flare",
]

SOLAR_IRRADIANCE = SOLAR_LUMINOSITY / (4 * math.pi * ASTRONOMICAL_UNIT**2)
"""Nominal solar luminosity over the sphere of 1 au, 1361.166 W/m^2 (IAU 2015 Resolution B3)."""

DIRECTIONS = {"sphere": 4 * math.pi, "hemisphere": 2 * math.pi}
"""Into how many directions a flare is taken to shine as it does towards the detector, sr.

A sphere is what a thin plasma above the star does, and what equivalent durations and the energies of stellar flares
in units of the star's luminosity mean; it is the default. A hemisphere leaves out what goes down into the star: a
procedure of T. Woods for the energies of solar flares takes it (docs/devdocs/stellar-flares.md).
"""

OPERATIONAL_SCALING = 0.7
"""Operational over physical flux of 1-8 Angstrom on GOES-8 to 15."""

_DARK = 1e-12  # share of a flare's light in a band: below, the rest is 1e12 times what was seen

# (date, satellite) -> table, scaling of the table, what it holds
_GOES = {
    ("2017-09-10", 16): ("goes16-20170910.csv.gz", "physical", "X8.2 flare (the official class is GOES-15's)"),
    ("2017-09-10", 15): ("goes15-20170910.csv.gz", "physical", "X8.2 flare"),
    ("2025-03-28", 18): ("goes18-20250328.csv.gz", "physical", "X1.1 flare"),
    ("2021-01-01", 16): ("goes16-20210101.csv.gz", "physical", "100 quiet minutes, A4 to A7"),
    ("2012-06-01", 15): ("goes15-20120601.csv.gz", "operational", "a whole day, B4.7 to C3.4 (operational classes)"),
}


@dataclass(frozen=True, eq=False)
class Recording:
    """Light of a star over time.

    Attributes:
        times: s after the first sample.
        values: in `unit`.
        unit: of the values.
        quiescent: level without the flare, in the unit.
        reference: what the star's whole quiescent light is in the unit; excess over this is the surge ratio.
        window: samples that hold the flare.
        name: what was observed.
        begin: time of the first sample.
        scaling: "physical" or "operational" for GOES; "relative" for a star whose flux has no absolute scale.
        source: where the numbers come from.
        licence: of the numbers.
        sha256: of the file they were copied from.
        spikes: how many samples the origin flags; they are kept.
        star: for a star other than the Sun.
        status: measured.
    """

    times: NDArray[np.float64]
    values: NDArray[np.float64]
    unit: str
    quiescent: float
    reference: float
    window: slice
    name: str
    begin: str
    scaling: str
    source: str
    licence: str
    sha256: str
    spikes: int
    star: BlackbodyStar | None = None
    status: Status = Status.MEASURED

    @property
    def ratio(self) -> NDArray[np.float64]:
        """Excess over the star's whole quiescent light, dimensionless, sample by sample."""
        return (self.values - self.quiescent) / self.reference

    @property
    def peak(self) -> float:
        """Largest value, in the unit."""
        return float(self.values.max())

    @property
    def surge_ratio(self) -> float:
        """Largest excess over the star's whole quiescent light."""
        return float(self.ratio[self.window].max())

    @property
    def fluence(self) -> float:
        """Excess of the window integrated over time, by trapezoids, in the unit times s."""
        part = self.window
        return float(np.trapezoid(self.values[part] - self.quiescent, self.times[part]))

    @property
    def equivalent_duration(self) -> float:
        """Time in s for which the quiescent star gives as much as the flare did in the band; a lower bound if cut."""
        return self.fluence / self.reference

    @property
    def half_width(self) -> float:
        """Time in s between the first and the last sample above half of the largest excess."""
        excess = self.values - self.quiescent
        high = np.flatnonzero(excess > 0.5 * excess.max())
        return float(self.times[high[-1]] - self.times[high[0]])

    def energy(self, distance: Any = ASTRONOMICAL_UNIT, directions: str = "sphere") -> float:
        r"""Energy in the band, :math:`\Omega d^2` times the fluence, J.

        Args:
            distance: of the detector from the star, m.
            directions: into which it went as it came here: "sphere" (:math:`\Omega = 4\pi`) or "hemisphere"
                (:math:`2\pi`), see `DIRECTIONS`.

        Raises:
            SpecError: a record without an absolute scale, or another word for the directions.
        """
        if self.unit != "W/m2":
            raise SpecError(
                f"{self.name} has no absolute scale; flare_energy(9000.0) estimates its energy from a colour."
            )
        d = si("distance", distance, "m", positive=True)
        return _solid_angle(directions) * d * d * self.fluence

    def flare_energy(
        self,
        temperature: Any = 9000.0,
        band: tuple[float, float] = (600e-9, 1000e-9),
        directions: str = "sphere",
    ) -> float:
        r"""Energy over all wavelengths if the flare is a blackbody, J.

        :math:`(\Omega/4\pi)L_\star\,t_\mathrm{ED}\,F_\star/F_\mathrm{flare}`, F being the share of each blackbody's
        light inside the band; 600 to 1000 nm, taken as a box, stands for the response of TESS.

        Args:
            temperature: of the flare, K.
            band: of the detector, m.
            directions: "sphere", into which the star shines as well, or "hemisphere" for half of it; see `DIRECTIONS`.

        Raises:
            SpecError: a record without a star, a temperature that is not positive or gives no light in the band, or
                another word for the directions.
        """
        share = _solid_angle(directions) / DIRECTIONS["sphere"]
        return share * self._colour(temperature, band) * self.equivalent_duration

    def flare_surge_ratio(self, temperature: Any = 9000.0, band: tuple[float, float] = (600e-9, 1000e-9)) -> float:
        """Largest excess over all wavelengths, over the star's luminosity; as `flare_energy`.

        Raises:
            SpecError: a record without a star, or a temperature that is not positive.
        """
        star = self._colour(temperature, band)
        return star * self.surge_ratio / self._luminosity()

    def _luminosity(self) -> float:
        if self.star is None:
            raise SpecError(f"{self.name} comes without the star's temperature and radius; use energy().")
        return self.star.luminosity

    def _colour(self, temperature: Any, band: tuple[float, float]) -> float:
        """Flare luminosity over all wavelengths for each unit of relative excess in the band, W."""
        luminosity = self._luminosity()
        assert self.star is not None
        flare = BlackbodyStar(temperature)
        share = flare.fraction(*band)
        if share < _DARK:
            raise SpecError(
                f"a flare of {flare.temperature:g} K has the share {share:.3g} of its light in the band of the "
                "detector, so that none was seen in it; give a hotter one: 9000 K is usual."
            )
        return luminosity * self.star.fraction(*band) / share

    def storage(self, cap: float) -> float:
        """Storage that keeps the bus at a cap, in seconds of quiescent power; see `surge.series_storage`.

        Args:
            cap: in units of the quiescent power, above 1.

        Raises:
            SpecError: a cap at or below 1, which quiet light alone would break.
        """
        value = checks.number("cap", cap, positive=True)
        if value <= 1:
            raise SpecError(f"cap must be above 1, the quiescent power itself, but it is {value:g}.")
        part = self.window
        return series_storage(self.times[part], 1 + self.ratio[part], value)

    def power(self, times: Any, quiescent: Any = 1.0) -> NDArray[np.float64]:
        """Mean excess power in each interval of a time axis, W, for a collector with a quiescent power.

        The record is linear between samples and zero outside the window; where the mean is below the quiescent level it
        is noise, and zero is given. It can be the `inflow` of `qsb.stellar.history.simulate`.

        Args:
            times: edges of the intervals, s after the first sample, increasing; n + 1 of them.
            quiescent: power of the collector in quiet light, W.

        Raises:
            SpecError: edges that do not rise, or a negative power.
        """
        edges = si_array("times", times, "s")
        if edges.ndim != 1 or len(edges) < 2 or np.any(np.diff(edges) <= 0):
            raise SpecError(f"times must be two or more increasing numbers in one row, but it is {times!r}.")
        scale = si("quiescent", quiescent, "W", least=0.0)
        t, r = self.times[self.window], self.ratio[self.window]
        sums = np.concatenate(([0.0], np.cumsum(0.5 * (r[1:] + r[:-1]) * np.diff(t))))
        at = np.clip(edges, t[0], t[-1])
        cell = np.clip(np.searchsorted(t, at, side="right") - 1, 0, len(t) - 2)
        gone = at - t[cell]
        slope = (r[cell + 1] - r[cell]) / (t[cell + 1] - t[cell])
        until = sums[cell] + gone * (r[cell] + 0.5 * slope * gone)
        return scale * np.maximum(np.diff(until) / np.diff(edges), 0.0)

    def __str__(self) -> str:
        """The surge ratio first."""
        peak = f"peak {self.peak:.6e} {self.unit}"
        if self.unit == "W/m2":
            peak += f" ({goes_class(self.peak)} in {self.scaling} units)"
        return "\n".join(
            [
                surge_line(self.surge_ratio),
                f"{self.name}, from {self.begin}, {len(self.times)} samples, {self.spikes} flagged",
                f"{peak}, quiescent {self.quiescent:.6e} {self.unit}",
                f"equivalent duration {self.equivalent_duration:.6g} s",
                f"source {self.source}; licence {self.licence}; status {self.status}",
            ]
        )


@dataclass(frozen=True, eq=False)
class FlareCatalogue:
    """Sizes of many flares.

    Attributes:
        sizes: peak count rates, 1/s.
        name: what was observed.
        source: where the numbers come from.
        licence: of the numbers.
        sha256: of the file they were copied from.
        status: measured.
    """

    sizes: NDArray[np.float64]
    name: str
    source: str
    licence: str
    sha256: str
    status: Status = Status.MEASURED

    def __len__(self) -> int:
        return len(self.sizes)

    def fit(self) -> PowerLawFit:
        """Exponent of the tail, where it begins, by `power_law.fit_power_law`."""
        return fit_power_law(self.sizes)


def goes_class(flux: float) -> str:
    """Letter and number of a flare with a peak in W/m^2: A from 1e-8, B, C, M, X from 1e-4; cut to one decimal.

    Raises:
        SpecError: a flux that is not positive.
    """
    value = checks.number("flux", flux, positive=True)
    scales = {"X": 1e-4, "M": 1e-5, "C": 1e-6, "B": 1e-7, "A": 1e-8}
    letter = next((name for name, low in scales.items() if value >= low * (1 - 1e-12)), "A")
    return f"{letter}{math.floor(value / scales[letter] * 10 + 1e-9) / 10:.1f}"


def goes(date: str, satellite: int | None = None, scaling: str = "physical") -> Recording:
    """A record of the Sun's 1-8 Angstrom flux.

    The quiescent level is the median of the first 300 samples; of a record without a flare, of all. Samples that the
    origin flags as hit by particles are kept.

    Args:
        date: "2017-09-10" (X8.2), "2025-03-28" (X1.1), "2021-01-01" (100 quiet minutes) or "2012-06-01" (a day of small
            flares).
        satellite: 15 or 16 for 2017-09-10, which both saw; else the one there is.
        scaling: "physical" for W/m^2, or "operational" for what GOES-8 to 15 were operated with, 0.7 times that.

    Raises:
        SpecError: a day or satellite that does not come with the package, or operational units of GOES-16 or later.
    """
    checks.one_of("date", date, sorted({day for day, _ in _GOES}))
    there = [number for day, number in _GOES if day == date]
    number = there[0] if satellite is None else checks.whole("satellite", satellite, 1)
    if number not in there:
        raise SpecError(f"satellite is {number}; of {date} there is GOES-{' and '.join(str(n) for n in there)}.")
    wanted = checks.one_of("scaling", scaling, ("physical", "operational"))
    if wanted == "operational" and number >= 16:
        raise SpecError(f"GOES-{number} has no operational scaling: GOES-16 and later give physical units only.")
    file, stored, what = _GOES[date, number]
    head, rows = _read(file)
    factor = 1.0 if wanted == stored else (1 / OPERATIONAL_SCALING if wanted == "physical" else OPERATIONAL_SCALING)
    flux = factor * _column(rows, 0)
    count = 300 if "flare" in what and "a whole day" not in what else len(flux)
    return Recording(
        times=float(head["step"]) * np.arange(len(flux), dtype=float),
        values=flux,
        unit="W/m2",
        quiescent=float(np.median(flux[:count])),
        reference=SOLAR_IRRADIANCE,
        window=slice(None),
        name=f"GOES-{number}, 1-8 Angstrom: {what}",
        begin=head["begin"],
        scaling=wanted,
        source=head["From"],
        licence=head["Licence"],
        sha256=head["sha256 of the original"],
        spikes=sum(cells[1] != "0" for cells in rows),
    )


def tess_flare() -> Recording:
    """The last day of TIC 358108509, an M dwarf, in TESS sector 1: a flare to 3.43 times the quiescent flux.

    The record ends while the flare goes on, so its energy is a lower bound. The quiescent level is the median of all
    18101 good points of the sector. The window begins with the last sample below that level before the peak.
    """
    head, rows = _read("tess-358108509.csv.gz")
    rows = tuple(cells for cells in rows if cells[1] != "nan")
    flux = _column(rows, 1)
    quiescent, top = float(head["quiescent"]), int(np.argmax(flux))
    before = np.flatnonzero(flux[:top] <= quiescent)[-1]
    after = np.flatnonzero(flux[top:] <= quiescent)
    last = top + int(after[0]) if len(after) else len(flux)
    return Recording(
        times=86400.0 * np.array([float(cells[0]) for cells in rows]),
        values=flux / quiescent,
        unit="quiescent flux",
        quiescent=1.0,
        reference=1.0,
        window=slice(int(before), last),
        name="TIC 358108509, TESS band: a flare, cut by the end of the sector",
        begin=f"BJD {float(head['begin']) + 2457000:.6f}",
        scaling="relative",
        source=head["From"],
        licence=head["Licence"],
        sha256=head["sha256 of the original"],
        spikes=sum(cells[2] != "0" for cells in rows),
        star=BlackbodyStar(float(head["temperature"]), float(head["radius"]) * NOMINAL_SOLAR_RADIUS),
    )


def flare_catalogue() -> FlareCatalogue:
    """12773 solar flares of 1980 to 1989: peak count rates of the Solar Maximum Mission's hard X-rays."""
    head, rows = _read("smm-flares.csv.gz")
    sizes = _column(rows, 0)
    return FlareCatalogue(sizes, head["title"], head["From"], head["Licence"], head["sha256 of the original"])


def _solid_angle(directions: str) -> float:
    """Of a convention, sr."""
    return DIRECTIONS[checks.one_of("directions", directions, tuple(DIRECTIONS))]


def _column(rows: tuple[tuple[str, ...], ...], index: int) -> NDArray[np.float64]:
    """A column of numbers that were stored with 32 bits, as those very numbers."""
    return np.array([cells[index] for cells in rows], np.float32).astype(float)


@cache
def _read(name: str) -> tuple[dict[str, str], tuple[tuple[str, ...], ...]]:
    """Head and rows of a table of this package."""
    text = gzip.decompress(files("qsb.stellar").joinpath("data", name).read_bytes()).decode("utf-8")
    lines = text.splitlines()
    notes = [line[2:] for line in lines if line.startswith("# ")]
    head = {"title": notes[0], "From": notes[1].removeprefix("From ")}
    for note in notes[2:]:
        key, colon, value = note.partition(": ")
        if colon:
            head[key] = value
    return head, tuple(tuple(line.split(",")) for line in lines[len(notes) + 1 :])
