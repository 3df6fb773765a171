"""`plot_quantiles`: the largest flare and the buffer of rare years, with their intervals."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, LogLocator, NullFormatter
from numpy.typing import NDArray

from qsb.plots.stellar.scales import needs, scaled
from qsb.plots.style import COLOURS, SINGLE, blank, stamp, style
from qsb.stellar.constants import YEAR

if TYPE_CHECKING:
    import xarray as xr

#: quantity -> its axis, in words
_DRAWN = {
    "ensemble_flare": "Largest flare\n$E_\\mathrm{max}$",
    "ensemble_buffer": "Buffer\n$B$",
}
#: values that differ by more than this stand on a logarithmic axis, which begins so far below the smallest
_WIDE = 5.0


def plot_quantiles(data: xr.Dataset) -> Figure:
    """Draw quantiles over years of flares against the time in which they are exceeded once.

    A quantile p of members that last T is exceeded by a share 1 - p of them, once in T/(1 - p).

    Args:
        data: of a stellar run with an ensemble of flares.

    Raises:
        SpecError: a dataset without an ensemble, or of a sweep.
    """
    needs(data, *_DRAWN, "ensemble_span", "ensemble_extrapolated", what="A figure of rare years")
    every = float(data["ensemble_span"]) / YEAR / (1 - data["quantile"].values)
    with style():
        figure = blank(SINGLE + 2.6, 4.0)
        axes = figure.subplots(2, 1, sharex=True)
        for ax, (name, words) in zip(axes, _DRAWN.items(), strict=True):
            _curve(ax, data, name, every)
            ax.set_ylabel(f"{words} ({_unit(data, name)})")
        _times(axes[-1], every)
        handles, texts = axes[0].get_legend_handles_labels()
        figure.legend(handles, texts, loc="outside lower center", ncols=len(texts))
        figure.align_ylabels(axes)
        return stamp(figure, data)


def _unit(data: xr.Dataset, name: str) -> str:
    return scaled(float(data[f"{name}_high"].max()), "J")[1]


def _curve(ax: Axes, data: xr.Dataset, name: str, every: NDArray[np.float64]) -> None:
    """Band, line and marks of one quantity."""
    divisor, _ = scaled(float(data[f"{name}_high"].max()), "J")
    value, low, high = (data[f"{name}{end}"].values / divisor for end in ("", "_low", "_high"))
    if not value.any():
        ax.annotate("none needed", (0.5, 0.5), xycoords="axes fraction", ha="center", color="0.35")
    far = data["ensemble_extrapolated"].values > 0
    level = 100 * float(data["ensemble_level"])
    if len(every) > 1:
        ax.fill_between(every, low, high, color=COLOURS[5], alpha=0.45, linewidth=0, label=f"{level:g} % interval")
    else:  # a band has no width at a single place
        ax.vlines(every, low, high, color=COLOURS[5], linewidth=4, label=f"{level:g} % interval")
    ax.plot(every, value, color=COLOURS[1], label="quantile")
    for chosen, face, words in ((~far, COLOURS[1], "as far as observed"), (far, "white", "extrapolated")):
        if chosen.any():
            ax.plot(every[chosen], value[chosen], "o", color=COLOURS[1], markerfacecolor=face, label=words)
    there = value[value > 0]
    if there.size and high.max() / there.min() > _WIDE:
        ax.set_yscale("log", nonpositive="clip")
        ax.set_ylim(bottom=there.min() / _WIDE)
    else:
        ax.set_ylim(bottom=0.0)


def _times(ax: Axes, every: NDArray[np.float64]) -> None:
    """Years on a logarithmic axis, written out."""
    ax.set_xscale("log")
    ax.xaxis.set_major_locator(LogLocator(subs=(1.0, 2.0, 5.0)))
    ax.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
    ax.xaxis.set_minor_formatter(NullFormatter())
    ax.set_xlim(every[0] / 1.1, every[-1] * 1.1)
    ax.set_xlabel("Exceeded once in (yr)")


__all__ = ["plot_quantiles"]
