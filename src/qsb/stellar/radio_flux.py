r"""The radio flux of the Sun at 10.7 cm, day by day, and the factor on the rate of flares that is taken from it.

F10.7 stays near :math:`F_0` = 65 solar flux units (1e-22 W/(m^2 Hz)) when the Sun has no active regions, and grows with
them; the yearly numbers of flares are proportional to it, with correlations of 0.87 to 0.91 in the cycles 22 to 24.
So a rate of flares is taken as

.. math:: \lambda(t) \propto \max(F_{10.7}(t) - F_0, 0) .

It holds the cycle and the rotation together, with all that is irregular in them. Values above 400 sfu are bursts of
single flares, and are cut there. Sources are in docs/devdocs/stellar-flares.md.
"""

from __future__ import annotations

import gzip
import hashlib
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from qsb import checks
from qsb.errors import SpecError
from qsb.stellar.modulation import Index
from qsb.stellar.status import Status

__all__ = ["QUIET_FLUX", "RADIO_CAP", "RadioFlux", "radio_flux_from_csv", "solar_radio_flux"]

QUIET_FLUX = 65.0
"""F10.7 without active regions, sfu: 64 by extrapolation (NGDC), 67 as a base level (Hathaway 2010)."""

RADIO_CAP = 400.0
"""What is above this many sfu is taken as this."""

_DAY = np.timedelta64(1, "D")


@dataclass(frozen=True, eq=False)
class RadioFlux:
    """F10.7 of some days.

    Attributes:
        days: dates, rising.
        values: sfu, one a day.
        name: of the series.
        source: where the numbers come from.
        licence: of the numbers.
        sha256: of the file they were read or copied from.
        status: measured.

    Raises:
        SpecError: fewer than two days, days that do not rise, or negative values.
    """

    days: NDArray[np.datetime64]
    values: NDArray[np.float64]
    name: str
    source: str
    licence: str
    sha256: str
    status: Status = Status.MEASURED

    def __post_init__(self) -> None:
        try:
            days = np.asarray(self.days, "datetime64[D]")
        except (ValueError, TypeError) as error:
            raise SpecError(f"days of RadioFlux must be dates like '2000-01-01': {error}") from error
        values = checks.row("values of RadioFlux", self.values, 2)
        if days.shape != values.shape:
            raise SpecError(f"there are {days.size} days of RadioFlux, but {values.size} values.")
        late = np.flatnonzero(np.diff(days) < _DAY)
        if late.size:
            raise SpecError(f"days of RadioFlux must rise, but after {days[late[0]]} comes {days[late[0] + 1]}.")
        if values.min() < 0:
            raise SpecError(f"F10.7 must not be negative, but it is {values.min():g} sfu on {days[values.argmin()]}.")
        object.__setattr__(self, "days", days)
        object.__setattr__(self, "values", values)

    def __len__(self) -> int:
        return len(self.days)

    def index(self, begin: str | None = None, *, quiet: float = QUIET_FLUX, most: float = RADIO_CAP) -> Index:
        """The factor on a rate from a day on; its mean over all days of the series is 1.

        So a rate of 200 flares a year is the mean of all these days, and a year of large activity has more.

        Args:
            begin: first day, "2000-01-01"; that of the series if it is left out.
            quiet: flux without flares, sfu.
            most: larger values are taken as this, sfu.

        Raises:
            SpecError: a day that is none or that the series does not have, or fluxes that do not rise.
        """
        low = checks.number("quiet", quiet, least=0.0)
        high = checks.number("most", most, positive=True)
        if high <= low:
            raise SpecError(f"most must be above quiet = {low:g} sfu, but it is {high:g} sfu.")
        seconds = (self.days - self.days[0]).astype(float) * 86400.0
        excess = np.clip(self.values, low, high) - low
        name = f"{self.name} less {low:g} sfu"
        if not excess.any():
            raise SpecError(f"{self.name} is nowhere above quiet = {low:g} sfu, so that there would be no flares.")
        whole = Index(seconds, excess, name, self.source)
        first = 0 if begin is None else self._day(begin)
        return Index(
            seconds[first:] - seconds[first],
            excess[first:] / whole.mean,
            f"{name}, from {self.days[first]}",
            self.source,
        )

    def _day(self, begin: str) -> int:
        """Place of a day in the series."""
        wrong = SpecError(f"begin is {begin!r}, which is no date; write it like '2000-01-01'.")
        try:
            day = np.datetime64(checks.word("begin", begin), "D")
        except ValueError as error:
            raise wrong from error
        if np.isnat(day) or str(day) != begin:  # numpy also reads years alone, hours, "today" and nothing at all
            raise wrong
        place = int(np.searchsorted(self.days, day))
        if place > len(self.days) - 2 or self.days[place] != day:
            span = f"{self.days[0]} to {self.days[-2]}"
            raise SpecError(f"begin is {begin}, but {self.name} has days from {span} to begin with; take one of them.")
        return place

    def __str__(self) -> str:
        """What it is and how large."""
        return (
            f"{self.name}, {len(self)} days from {self.days[0]} to {self.days[-1]}, {self.values.min():g} to "
            f"{self.values.max():g} sfu; source {self.source}; licence {self.licence}; status {self.status}"
        )


@cache
def solar_radio_flux() -> RadioFlux:
    """F10.7 at 1 au of each day from 1957-10-01 to 2025-07-20, which comes with the package."""
    raw = gzip.decompress(files("qsb.stellar").joinpath("data", "f107.csv.gz").read_bytes()).decode("utf-8")
    lines = raw.splitlines()
    notes = [line[2:] for line in lines if line.startswith("# ")]
    head = dict(note.split(": ", 1) for note in notes[2:] if ": " in note)
    values = np.array(lines[len(notes) + 1 :], float)
    days = np.datetime64(head["begin"], "D") + np.arange(len(values))
    source = notes[1].removeprefix("From ")
    return RadioFlux(days, values, "F10.7", source, head["Licence"], head["sha256 of the original"])


def radio_flux_from_csv(
    path: str | Path, *, source: str = "given by the user", licence: str = "the user's", name: str = "F10.7"
) -> RadioFlux:
    """F10.7 from a table of two columns, date and sfu: ``2000-01-01,129.9``.

    Lines that begin with # are skipped, and so is one line of headings. Days that are missing are bridged by a line.

    Args:
        path: of a CSV file.
        source: where the numbers come from.
        licence: of the numbers.
        name: for reports.

    Raises:
        SpecError: a file that cannot be read, or a line that is not a date and a number, by its number.
    """
    checks.made_of("path", path, (str, Path), "a text or a pathlib.Path")
    try:
        raw = Path(path).read_bytes()
        lines = raw.decode("utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise SpecError(f"the table {str(path)!r} cannot be read: {error}") from error
    days: list[np.datetime64] = []
    values: list[float] = []
    for number, line in enumerate(lines, 1):
        if not line.strip() or line.startswith("#"):
            continue
        row = _row(line)
        if row is None and not days:
            continue  # the line of headings
        if row is None:
            raise SpecError(f"{path}, line {number}: {line!r} is not a date and a number, like '2000-01-01,129.9'.")
        days.append(row[0])
        values.append(row[1])
    found: Any = np.array(days, "datetime64[D]")
    return RadioFlux(found, np.array(values), name, source, licence, hashlib.sha256(raw).hexdigest())


def _row(line: str) -> tuple[np.datetime64, float] | None:
    """A day and its flux; None where a line has neither."""
    cells = line.split(",")
    try:
        return (np.datetime64(cells[0].strip(), "D"), float(cells[1])) if len(cells) == 2 else None
    except ValueError:
        return None
