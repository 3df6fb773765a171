"""`plot_overview`: what `--plot` draws of a stellar run, or of a sweep over one or two keys."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
from matplotlib.figure import Figure

from qsb.errors import SpecError
from qsb.plots.stellar.history import plot_history
from qsb.plots.stellar.timeline import plot_timeline
from qsb.plots.style import COLOURS, DOUBLE, blank, stamp, style
from qsb.quantities import label
from qsb.runs.stellar.text import varying

if TYPE_CHECKING:
    import xarray as xr

#: scalars that a sweep draws unasked, if they differ between its points
_TOLD = (
    "surge_ratio",
    "buffer_size",
    "irradiance_total",
    "work_share",
    "served_share",
    "ledger_delivered",
    "ledger_clipped",
    "ledger_avalanche",
    "ledger_end",
    "radiator_area",
    "kardashev_index",
    "specific_energy",
)


def plot_overview(data: xr.Dataset, series: Sequence[str] | None = None) -> Figure:
    """Draw powers and store of one run, a timeline that stands alone, or scalars of a sweep against its axes.

    Args:
        data: of a stellar run or a sweep.
        series: scalars of a sweep; the most telling ones that differ if None.

    Raises:
        SpecError: more than two swept keys, a name that the dataset lacks, or nothing that differs.
    """
    axes = [str(d) for d in data["speculative_share"].dims]
    if not axes:
        return plot_history(data) if "store_energy" in data else plot_timeline(data)
    if len(axes) > 2:
        raise SpecError(f"A figure shows at most two swept axes, but there are {axes}; select one: data.sel(...).")
    lacking = [name for name in series or () if name not in data]
    if lacking:
        raise SpecError(f"The dataset has no {lacking[0]!r}; it has {', '.join(map(str, data.data_vars))}.")
    drawn = list(series or [name for name in varying(data) if name in _TOLD])
    if not drawn:
        raise SpecError("No scalar that is drawn unasked differs between the points; name some with `series`.")
    columns = 1 if len(drawn) == 1 else 2
    rows = -(-len(drawn) // columns)
    with style():
        figure = blank(DOUBLE, 0.4 + 2.0 * rows)
        grid = np.atleast_1d(figure.subplots(rows, columns)).ravel()
        for ax, name in zip(grid, drawn, strict=False):
            at, values = data[axes[-1]].values, data[name].values
            if len(axes) == 1:
                ax.plot(at, values, "o-", color=COLOURS[1], markersize=3)
                ax.set_ylabel(_folded(label(name)))
            else:
                first = data[axes[0]].values
                mesh = ax.pcolormesh(at, first, values, shading="nearest", cmap="viridis", rasterized=True)
                figure.colorbar(mesh, ax=ax, label=_folded(label(name)))
                ax.set_ylabel(_axis(data, axes[0]))
            ax.set_xlabel(_axis(data, axes[-1]))
        for ax in grid[len(drawn) :]:
            ax.remove()
        return stamp(figure, data)


def _folded(text: str) -> str:
    """Words, and below them symbol and unit."""
    words, symbol = text.split(" $", 1)
    return f"{words}\n${symbol}"


def _axis(data: xr.Dataset, name: str) -> str:
    """A swept key with its SI unit."""
    unit = str(data[name].attrs.get("units", "1"))
    return str(data[name].attrs.get("long_name", name)) + (f" ({unit})" if unit != "1" else "")


__all__ = ["plot_overview"]
