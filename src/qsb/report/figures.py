"""Panels of a study as figures."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from matplotlib.figure import Figure

from qsb.plots import plot_compare, plot_planes, plot_scaling
from qsb.studies.study import Panel

if TYPE_CHECKING:
    import xarray as xr


def draw(panel: Panel, datasets: Mapping[str, xr.Dataset]) -> Figure:
    """The figure of a panel: curves, fits against the number of cells, or rows of runs."""
    if panel.planes:
        return plot_planes(panel.planes)
    if panel.fits:
        return plot_scaling(panel.fits)
    rows = {title: {text: datasets[name] for text, name in runs.items()} for title, runs in panel.rows.items()}
    return plot_compare(rows, panel.columns)


__all__ = ["draw"]
