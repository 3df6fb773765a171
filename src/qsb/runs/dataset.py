"""The checked `xarray.Dataset`: what a run returns, and how it is written and read.

Every variable has a row in `quantities.toml` and carries its unit, name and symbol; every dataset carries
what is needed to make it again.
"""

from __future__ import annotations

import os
import re
import time
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from qsb import checks
from qsb.errors import ConvergenceError, SpecError
from qsb.quantities import names, quantity

if TYPE_CHECKING:
    import xarray as xr

#: attributes that every dataset of a run carries
ATTRIBUTES = (
    "title",
    "spec",
    "fingerprint",
    "plan",
    "exact",
    "versions",
    "seed",
    "error_budget",
    "references",
    "charging_time_of",
    "conventions",
)

#: attributes that every dataset of a stellar run carries
STELLAR_ATTRIBUTES = (
    *(a for a in ATTRIBUTES if a != "charging_time_of"),
    *("kind", "status", "stamp", "checksums", "parts", "bounds", "timeline", "kardashev", "events"),
)

#: figures that may be undefined at single times, where they are NaN
_MAY_BE_NAN = frozenset({"ergotropy_fraction", "relative_fluctuation", "self_discharge_rate", "charging_efficiency"})
#: figures of which infinity is a true statement, beside the bounds
_MAY_BE_INFINITE = frozenset({"fisher_information"})

CONVENTIONS = (
    "hbar = 1; sigma^z = diag(+1, -1), up is excited, cell 0 is the most significant bit; power at a save time is "
    "the limit from the "
    "left (at t = 0 from the right); D[L]rho = L rho L^+ - {L^+L, rho}/2"
)


def variable(name: str, dims: tuple[str, ...], values: Any) -> tuple[tuple[str, ...], Any, dict[str, str]]:
    """(dims, values, attributes) of one variable, for `xarray.Dataset`.

    Raises:
        SpecError: if the quantity has no row.
    """
    return dims, values, dict(quantity(name).attributes)


def check(dataset: xr.Dataset) -> xr.Dataset:
    """Return the dataset if it keeps the schema.

    Raises:
        SpecError: on a variable without a row, a wrong unit or a missing attribute.
        ConvergenceError: on NaN or infinity in a figure that is always defined.
    """
    import xarray as xr

    checks.made_of("The dataset", dataset, xr.Dataset, "an xarray.Dataset: qsb.run returns one")
    stellar = dataset.attrs.get("kind") == "stellar"
    missing = [a for a in (STELLAR_ATTRIBUTES if stellar else ATTRIBUTES) if a not in dataset.attrs]
    if missing:
        raise SpecError(f"The dataset lacks the attributes {missing}; it was not made by a run, or was changed.")
    named = {k: v for k, v in dataset.coords.items() if k in names("coordinate")}
    for key, data in (named | dict(dataset.data_vars)).items():
        name = str(key)
        row = quantity(name)
        if stellar and key in dataset.data_vars and not {"status", "source"} <= set(data.attrs):
            raise SpecError(f"Variable {name} has no status or no source; every stellar number says both.")
        if data.attrs.get("units") != row.unit:
            raise SpecError(f"Variable {name} is in {data.attrs.get('units')!r}, but its unit is {row.unit!r}.")
        values = np.asarray(data.values, dtype=float)
        bad = np.isinf(values) if name in _MAY_BE_NAN or "bound" in name else ~np.isfinite(values)
        if name.startswith("bound") or name in _MAY_BE_INFINITE:
            bad = np.isnan(values)  # an infinite bound is a true statement
        if np.any(bad):
            raise ConvergenceError(
                name, float(values[bad][0]), 0.0, "a figure must be a number: check the model's parameters."
            )
    return dataset


def check_file(path: str | Path) -> Path:
    """The path of a file that can be written.

    Raises:
        SpecError: if its folder is missing, or a folder has its name.
    """
    checks.made_of("The name of a file", path, (str, Path), "a text or a pathlib.Path")
    target = Path(path)
    if not target.parent.is_dir():
        raise SpecError(f"The folder {str(target.parent)!r} of {target.name!r} does not exist; make it first.")
    if target.is_dir():
        raise SpecError(f"{str(target)!r} is a folder; name a file, e.g. {str(target / 'result.nc')!r}.")
    return target


#: seconds after which an unfinished file is nobody's, whichever machine wrote it
_STALE = 7 * 86400.0
_PART = re.compile(r"\.(?P<name>.+)\.(?P<pid>\d+)\.part")


def remove_stale(folder: Path, name: str | None = None) -> None:
    """Remove unfinished files that a killed process left: its number is nobody's now and they are a minute old.

    A folder may be shared between machines, whose processes have numbers that mean nothing here: a young file stays.

    Args:
        folder: where to look.
        name: of the finished file; all of them if None.
    """
    for part in folder.glob(".*.part"):
        found = _PART.fullmatch(part.name)
        if found is None or (name is not None and found["name"] != name):
            continue
        with suppress(OSError):
            age = time.time() - part.stat().st_mtime
            if part.is_file() and (age > _STALE or (age > 60.0 and not _alive(int(found["pid"])))):
                part.unlink()


def _alive(pid: int) -> bool:
    """Whether a process of this machine has the number; True where that cannot be asked harmlessly."""
    if os.name != "posix":
        return True
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except (PermissionError, OverflowError):
        return True
    return True


def write(dataset: xr.Dataset, path: str | Path) -> Path:
    """Write NetCDF (HDF5) so that a reader sees the old file or the whole new one.

    Raises:
        SpecError: if the folder does not exist or the dataset breaks the schema.
    """
    target = check_file(path)
    remove_stale(target.parent, target.name)
    part = target.with_name(f".{target.name}.{os.getpid()}.part")
    try:
        check(dataset).to_netcdf(part, engine="h5netcdf")
        os.replace(part, target)
    finally:
        part.unlink(missing_ok=True)
    return target


def read(path: str | Path) -> xr.Dataset:
    """Read a dataset into memory and check it.

    Raises:
        SpecError: if there is no such file, or it is not a dataset of a run.
    """
    import xarray as xr

    checks.made_of("The name of a file", path, (str, Path), "a text or a pathlib.Path")
    source = Path(path)
    if not source.is_file():
        raise SpecError(f"There is no file {str(source)!r}.")
    try:
        with xr.open_dataset(source, engine="h5netcdf") as opened:
            loaded = opened.load()
    except (OSError, ValueError, KeyError) as error:
        raise SpecError(f"{str(source)!r} is not a NetCDF file that can be read: {error}") from error
    return check(loaded)
