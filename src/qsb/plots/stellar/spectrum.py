"""`plot_spectrum`: the light at the collector, and what the absorber takes of it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, LogLocator, NullFormatter

from qsb.plots.stellar.scales import needs
from qsb.plots.style import COLOURS, SINGLE, blank, stamp, style

if TYPE_CHECKING:
    import xarray as xr

#: share of the light that may lie outside the axes
_HIDDEN = 0.01


def plot_spectrum(data: xr.Dataset) -> Figure:
    """Draw spectral irradiance and the part that is taken up.

    Args:
        data: of a stellar run whose source is a star.

    Raises:
        SpecError: a dataset without a spectrum, or of a sweep.
    """
    needs(data, "irradiance", "taken_irradiance", what="A spectrum")
    at, seen = data["wavelength"].values, data["irradiance"].values
    taken = data["taken_irradiance"].values
    sums = np.concatenate(([0.0], np.cumsum(0.5 * (seen[1:] + seen[:-1]) * np.diff(at))))
    ends = np.interp([0.2 * _HIDDEN * sums[-1], (1 - _HIDDEN) * sums[-1]], sums, at) * 1e6
    with style():
        figure = blank(SINGLE + 2.2, 2.9)
        ax = figure.subplots()
        # W/m^3 over 1e6 is W/m^2/um
        ax.fill_between(at * 1e6, taken * 1e-6, color=COLOURS[5], linewidth=0, label="taken up")
        ax.plot(at * 1e6, seen * 1e-6, color=COLOURS[0], linewidth=0.8, label="arrives")
        ax.set_xscale("log")
        ax.set_xlim(*ends)
        ax.xaxis.set_major_locator(LogLocator(subs=(1.0, 2.0, 5.0)))
        ax.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
        ax.xaxis.set_minor_formatter(NullFormatter())
        ax.set_ylim(0.0, 1.05 * float(seen.max()) * 1e-6)
        ax.set_xlabel(r"Wavelength $\lambda$ ($\mathrm{\mu m}$)")
        ax.set_ylabel("Spectral irradiance $I_\\lambda$\n($\\mathrm{W\\,m^{-2}\\,\\mu m^{-1}}$)")
        ax.legend(loc="upper right")
        return stamp(figure, data)


__all__ = ["plot_spectrum"]
