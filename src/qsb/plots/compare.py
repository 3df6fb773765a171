"""`plot_compare`: runs side by side, one row of panels a group of runs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from qsb.errors import SpecError
from qsb.plots.style import DOUBLE, blank, look, style
from qsb.quantities import label, quantity

if TYPE_CHECKING:
    import xarray as xr


def plot_compare(rows: Mapping[str, Mapping[str, xr.Dataset]], columns: Sequence[Sequence[str]]) -> Figure:
    """Draw one row a group of runs and one column a set of series; all panels of a column share their axes' label.

    Rows are small on purpose: ten of them fit on a page, each with few lines. Every row keeps its own scale, since a
    common one would flatten most of them.

    Args:
        rows: title of the row -> (label of the run -> run); a single run may have the label "".
        columns: names of the series of each column; series of one column share their unit.

    Raises:
        SpecError: on an empty request, a run without one of the series, or series of different units in a column.
    """
    if not rows or not columns or not all(rows.values()) or not all(columns):
        raise SpecError("A comparison needs at least one run and one series.")
    for names in columns:
        units = {quantity(n).unit for n in names}
        if len(units) > 1:
            raise SpecError(f"The series {', '.join(names)} have different units and cannot share a panel.")
    for title, runs in rows.items():
        for text, data in runs.items():
            lacking = [n for names in columns for n in names if n not in data or data[n].dims != ("time",)]
            if lacking:
                which = ", ".join(t for t in (title, text) if t)
                raise SpecError(f"The run {which!r} has no time series {', '.join(lacking)}: ask for them as figures.")
    with style():
        figure = blank(DOUBLE, 0.75 + (1.0 if len(rows) > 3 else 1.7) * len(rows))
        grid = figure.subplots(len(rows), len(columns), sharex="col", squeeze=False)
        for line, (title, runs) in zip(grid, rows.items(), strict=True):
            for ax, names in zip(line, columns, strict=True):
                _panel(ax, runs, names)
            line[0].annotate(
                title, (0.0, 1.0), xycoords="axes fraction", xytext=(0, 2), textcoords="offset points", va="bottom"
            )
        for ax in grid[-1]:
            ax.set_xlabel(label("time"))
        for k, names in enumerate(columns):
            energies = len(names) > 1 and quantity(names[0]).unit == "omega0"
            for ax in grid[:, k]:
                ax.set_ylabel("")
            figure.align_ylabels(grid[:, k])
            grid[0, k].set_title(r"Energy ($\omega_0$)" if energies else label(names[0]), loc="right")
        found = {text: h for ax in grid.ravel() for h, text in zip(*ax.get_legend_handles_labels(), strict=True)}
        if len(found) > 1:
            figure.legend(list(found.values()), list(found), loc="outside upper center", ncols=min(len(found), 4))
        return figure


def _panel(ax: Axes, runs: Mapping[str, xr.Dataset], names: Sequence[str]) -> None:
    ax.axhline(0.0, color="0.8", linewidth=0.6, zorder=0)
    k = 0
    for text, data in runs.items():
        for name in names:
            whole = [text] if text else []
            if len(names) > 1:
                whole.append(f"{quantity(name).long_name.lower()} ${quantity(name).symbol}$")
            # later lines are thinner, so that a line that lies on another one is seen
            shown = look(k) | {"linewidth": max(2.0 - 0.5 * k, 0.9)}
            if data.sizes["time"] == 1:
                shown = {"color": shown["color"], "marker": "o"}
            ax.plot(data["time"].values, data[name].values, label=", ".join(whole) or "_", **shown)
            k += 1


__all__ = ["plot_compare"]
