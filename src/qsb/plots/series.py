"""`plot_series`: what one run, or a sweep, computed."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from qsb.errors import SpecError
from qsb.plots.style import DOUBLE, SINGLE, blank, look, style
from qsb.quantities import label, names, quantity

if TYPE_CHECKING:
    import xarray as xr

#: series that share a panel, in this order; the rest has a panel each
_PANELS = (
    (
        "stored_energy",
        "energy_above_ground",
        "ergotropy",
        "symmetric_ergotropy",
        "asymptotic_ergotropy",
        "local_ergotropy",
        "ergotropic_gap",
        "subset_ergotropy",
        "incoherent_ergotropy",
        "coherent_ergotropy",
        "drive_work",
        "heat",
    ),
    ("passive_energy", "capacity", "anti_ergotropy", "energy_std"),
    (
        "power",
        "average_power",
        "work_power",
        "heat_power",
        "bound_fisher",
        "bound_uncertainty",
        "bound_locality",
        "bound_norm",
        "bound_capacity",
        "bound_variance",
    ),
    ("ergotropy_fraction", "purity", "charging_efficiency"),
    ("entanglement_entropy", "subset_entropy", "mutual_information", "energy_coherence"),
    ("negativity", "log_negativity"),
)
#: a panel holds this many lines of a sweep, more become a map
MOST_LINES = 8


def plot_series(data: xr.Dataset, series: Sequence[str] | None = None) -> Figure:
    """Draw the time series of a run: one panel for each kind of quantity.

    A sweep over one axis with at most eight values and common save times gives one line a value; any other sweep over
    one axis draws its scalars against the axis, and one over two axes draws them as maps.

    Args:
        data: what `qsb.run` or `qsb.sweep` returned.
        series: names of the variables to draw; all if None.

    Raises:
        SpecError: on a name that the dataset lacks, or more than two swept axes.
    """
    if data.attrs.get("kind") == "stellar":
        from qsb.plots.stellar.overview import plot_overview

        return plot_overview(data, series)
    axes = [str(d) for d in data.dims if d != "time"]
    if len(axes) > 2:
        raise SpecError(
            f"A figure shows at most two swept axes, but there are {axes}; select one first: data.sel(...)."
        )
    drawn = _named(data, series, over_time=not axes or _few(data, axes))
    with style():
        if not axes:
            return _run(data, drawn)
        if _few(data, axes):
            return _lines(data, drawn, axes[0])
        return _maps(data, drawn, axes) if len(axes) == 2 else _scalars(data, drawn, axes[0])


def _few(data: xr.Dataset, axes: list[str]) -> bool:
    return len(axes) == 1 and data.sizes[axes[0]] <= MOST_LINES and "time" in data.dims


def _named(data: xr.Dataset, wanted: Sequence[str] | None, *, over_time: bool) -> list[str]:
    """Variables to draw; constants of the model are not drawn unasked."""
    if wanted is None:
        kind = "series" if over_time else "scalar"
        dull = {"ground_energy", "body_order", "cells", "drive"}
        wanted = [n for n in names(kind) if n in data and n not in dull]
    for name in wanted:
        if name not in data:
            raise SpecError(f"The dataset has no {name!r}; it has {', '.join(map(str, data.data_vars))}.")
    if not wanted:
        raise SpecError("The dataset holds nothing that can be drawn; ask for figures, e.g. 'stored_energy'.")
    return list(wanted)


def _panels(drawn: list[str]) -> list[list[str]]:
    """Names by panel."""
    together = [[n for n in group if n in drawn] for group in _PANELS]
    alone = [[n] for n in drawn if not any(n in group for group in _PANELS)]
    return [group for group in together if group] + alone


def _folded(text: str) -> str:
    """A label that would be longer than its axis on two lines, the symbol and the unit on the second."""
    words, symbol = text.split(" $", 1)
    return text if len(words) <= 16 else f"{words}\n${symbol}"


def _run(data: xr.Dataset, drawn: list[str]) -> Figure:
    panels = _panels(drawn)
    figure = blank(SINGLE + 1.6, 0.5 + 1.75 * len(panels))
    grid = np.atleast_1d(figure.subplots(len(panels), 1, sharex=True))
    for ax, group in zip(grid, panels, strict=True):
        for k, name in enumerate(group):
            _line(
                ax, data["time"].values, data[name].values, f"${quantity(name).symbol}$  {quantity(name).long_name}", k
            )
        shared = quantity(group[0])
        ax.set_ylabel(_folded(label(group[0])) if len(group) == 1 else _unit_label(shared.unit))
        if len(group) > 1:
            ax.legend(loc="center left", bbox_to_anchor=(1.01, 0.5))
        ax.axhline(0.0, color="0.8", linewidth=0.6, zorder=0)
    grid[-1].set_xlabel(label("time"))
    if len(drawn) > 1:
        figure.set_size_inches(DOUBLE, figure.get_figheight())
    return figure


def _lines(data: xr.Dataset, drawn: list[str], axis: str) -> Figure:
    """One panel a series, one line a value of the axis, one legend for all."""
    columns = 1 if len(drawn) == 1 else 2
    rows = -(-len(drawn) // columns)
    figure = blank(SINGLE + 1.2 if columns == 1 else DOUBLE, 0.7 + 1.9 * rows)
    grid = np.atleast_1d(figure.subplots(rows, columns, sharex=True)).ravel()
    for ax, name in zip(grid, drawn, strict=False):
        for k, value in enumerate(data[axis].values):
            _line(
                ax,
                data["time"].values,
                data[name].isel({axis: k}).values,
                f"{_axis_label(data, axis)} = {_short(value)}",
                k,
            )
        ax.set_ylabel(label(name))
    _close(figure, grid, len(drawn), columns)
    return figure


def _close(figure: Figure, grid: Any, used: int, columns: int) -> None:
    """Label the lowest panels, remove empty ones, and put one legend above all."""
    for ax in grid[used:]:
        ax.remove()
    for ax in grid[max(used - columns, 0) : used]:
        ax.set_xlabel(label("time"))
        ax.tick_params(labelbottom=True)
    handles, labels = grid[0].get_legend_handles_labels()
    longest = max(len(text) for text in labels)
    across = max(1, min(len(labels), int(figure.get_figwidth() * 12 / (longest + 7))))
    figure.legend(handles, labels, loc="outside upper center", ncols=across)


def _scalars(data: xr.Dataset, drawn: list[str], axis: str) -> Figure:
    columns = 1 if len(drawn) == 1 else 2
    rows = -(-len(drawn) // columns)
    figure = blank(SINGLE if columns == 1 else DOUBLE, 0.3 + 1.9 * rows)
    grid = np.atleast_1d(figure.subplots(rows, columns)).ravel()
    for ax, name in zip(grid, drawn, strict=False):
        ax.plot(data[axis].values, data[name].values, marker="o", markersize=3, **look(1))
        ax.set_ylabel(label(name))
        ax.set_xlabel(_axis_label(data, axis))
    for ax in grid[len(drawn) :]:
        ax.remove()
    return figure


def _maps(data: xr.Dataset, drawn: list[str], axes: list[str]) -> Figure:
    columns = 1 if len(drawn) == 1 else 2
    rows = -(-len(drawn) // columns)
    figure = blank(SINGLE + 0.6 if columns == 1 else DOUBLE, 2.4 * rows)
    grid = np.atleast_1d(figure.subplots(rows, columns)).ravel()
    for ax, name in zip(grid, drawn, strict=False):
        mesh = ax.pcolormesh(
            data[axes[1]].values,
            data[axes[0]].values,
            data[name].values,
            shading="nearest",
            cmap="viridis",
            rasterized=True,
        )
        figure.colorbar(mesh, ax=ax, label=label(name))
        ax.set_xlabel(_axis_label(data, axes[1]))
        ax.set_ylabel(_axis_label(data, axes[0]))
    for ax in grid[len(drawn) :]:
        ax.remove()
    return figure


def _line(ax: Axes, times: Any, values: Any, text: str, k: int) -> None:
    """A line, or a point where there is one save time."""
    if len(times) == 1:
        ax.plot(times, values, "o", color=look(k)["color"], label=text)
    else:
        ax.plot(times, values, label=text, **look(k))


def _axis_label(data: xr.Dataset, axis: str) -> str:
    return label(axis) if axis in names() else str(data[axis].attrs.get("long_name", axis)).replace("_", " ")


def _unit_label(unit: str) -> str:
    return {"omega0": r"Energy ($\omega_0$)", "omega0^2": r"Power ($\omega_0^2$)"}.get(unit, "Dimensionless")


def _short(value: Any) -> str:
    return f"{value:.4g}" if isinstance(value, float | np.floating) else str(value)


__all__ = ["MOST_LINES", "plot_series"]
