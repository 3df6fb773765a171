"""`plot_compare`: the same series of several runs, side by side."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np
from matplotlib.figure import Figure

from qsb.errors import SpecError
from qsb.plots.style import DOUBLE, SINGLE, blank, look, style
from qsb.quantities import label

if TYPE_CHECKING:
    import xarray as xr


def plot_compare(datasets: Mapping[str, xr.Dataset], series: Sequence[str]) -> Figure:
    """Draw one panel a series and one line a run, with one legend below all panels.

    Later lines are thinner, so that a line that lies on another one is seen.

    Args:
        datasets: label -> run; save times may differ.
        series: names of variables along time that every run has.

    Raises:
        SpecError: on an empty request, or a run without one of the series.
    """
    if not datasets or not series:
        raise SpecError("A comparison needs at least one run and one series.")
    for text, data in datasets.items():
        lacking = [n for n in series if n not in data or data[n].dims != ("time",)]
        if lacking:
            raise SpecError(f"The run {text!r} has no time series {', '.join(lacking)}; compute them: figures = [...].")
    columns = min(len(series), 2)
    rows = -(-len(series) // columns)
    across = 1 if columns == 1 else 2
    with style():
        below = 0.17 * -(-len(datasets) // across)
        figure = blank(SINGLE + 1.2 if columns == 1 else DOUBLE, 0.35 + 2.0 * rows + below)
        grid = np.atleast_1d(figure.subplots(rows, columns, sharex=True)).ravel()
        for ax, name in zip(grid, series, strict=False):
            ax.axhline(0.0, color="0.8", linewidth=0.6, zorder=0)
            for k, (text, data) in enumerate(datasets.items()):
                width = 2.0 - 1.2 * k / max(len(datasets) - 1, 1)
                shown = look(k) | {"linewidth": width}
                if data.sizes["time"] == 1:
                    shown = {"color": shown["color"], "marker": "o"}
                ax.plot(data["time"].values, data[name].values, label=text, **shown)
            ax.set_ylabel(label(name))
        for ax in grid[len(series) :]:
            ax.remove()
        for ax in grid[max(len(series) - columns, 0) : len(series)]:
            ax.set_xlabel(label("time"))
            ax.tick_params(labelbottom=True)
        handles, labels = grid[0].get_legend_handles_labels()
        figure.legend(handles, labels, loc="outside lower center", ncols=across)
        return figure


__all__ = ["plot_compare"]
