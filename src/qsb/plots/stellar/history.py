"""`plot_history`, `plot_ledger`, `plot_work`: powers and store along the time, where every joule and all work go."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from qsb.plots.stellar.scales import needs, scaled, times
from qsb.plots.style import COLOURS, DOUBLE, blank, look, stamp, style

if TYPE_CHECKING:
    import xarray as xr

_POWERS = {
    "inflow_power": "inflow",
    "demand_power": "demand of the load",
    "supplied_power": "supply of the load",
    "waste_power": "waste heat",
}
#: parts of the ledger from the bottom to the top, with a hatch, so that they differ in grey print as well
_LEDGER = (
    ("store_work", "stored work", COLOURS[1], ""),
    ("store_passive", "stored passive energy", COLOURS[5], "...."),
    ("delivered_energy", "delivered", COLOURS[3], ""),
    ("conversion_energy", "conversion loss", COLOURS[6], "////"),
    ("baseline_energy", "baseline leak", COLOURS[2], ""),
    ("thermal_energy", "thermal leak", COLOURS[4], "xxxx"),
    ("avalanche_energy", "avalanche leak", "#8B3A3A", "\\\\\\\\"),
    ("dumped_energy", "refused, heat", "0.75", "----"),
    ("turned_away", "refused, turned away", "0.9", "oooo"),
)
#: the same of work
_WORK = (
    ("store_work", "stored work", COLOURS[1], ""),
    ("drawn_work", "drawn for the load", COLOURS[3], ""),
    ("dephased_work", "dephased", COLOURS[5], "...."),
    ("relaxed_work", "relaxed", COLOURS[2], ""),
    ("avalanche_work", "lost by avalanches", "#8B3A3A", "\\\\\\\\"),
)
#: a part below this share of the whole is not drawn, and named as too small
_SMALL = 2e-3


def plot_history(data: xr.Dataset) -> Figure:
    """Draw the powers, and work and passive energy in the store below them.

    Args:
        data: of a stellar run with a store.

    Raises:
        SpecError: a dataset without a store, or of a sweep.
    """
    needs(data, *_POWERS, "store_work", "store_passive", what="A history")
    with style():
        figure = blank(DOUBLE, 4.2)
        upper, lower = figure.subplots(2, 1, sharex=True)
        _powers(upper, data)
        _store(lower, data)
        return stamp(figure, data)


def _powers(ax: Axes, data: xr.Dataset) -> None:
    at, _ = times(data)
    drawn = {name: data[name].values for name in _POWERS}
    divisor, unit = scaled(max(float(v.max()) for v in drawn.values()), "W")
    for k, (name, values) in enumerate(drawn.items()):
        # a mean belongs to the interval that ends at its time
        ax.plot(at, values / divisor, drawstyle="steps-pre", label=_POWERS[name], **_thin(k))
    ax.set_ylim(bottom=0.0)
    ax.set_ylabel(f"Power ({unit})")
    ax.legend(loc="center left", bbox_to_anchor=(1.01, 0.5))


def _thin(k: int) -> dict[str, Any]:
    """Later lines are thinner, so that a line that lies on another one is seen."""
    return look(k) | {"linewidth": max(1.8 - 0.3 * k, 0.9)}


def _store(ax: Axes, data: xr.Dataset) -> None:
    at, label = times(data)
    work, passive = data["store_work"].values, data["store_passive"].values
    divisor, unit = scaled(float((work + passive).max()), "J")
    parts = [(work, _LEDGER[0]), (passive, _LEDGER[1])]
    drawn = [(v, row) for v, row in parts if float(v.max()) > _SMALL * float((work + passive).max())]
    _stack(ax, at, [v / divisor for v, _ in drawn], [row for _, row in drawn])
    ax.set_ylim(bottom=0.0)
    ax.set_ylabel(f"Energy in the store ({unit})")
    ax.set_xlabel(label)
    ax.set_xlim(at[0], at[-1])
    ax.legend(loc="center left", bbox_to_anchor=(1.01, 0.5))


def _stack(ax: Axes, at: Any, values: list[Any], rows: list[Any]) -> None:
    bottom = np.zeros_like(at)
    for value, (_, text, colour, hatch) in zip(values, rows, strict=True):
        ax.fill_between(
            at, bottom, bottom + value, facecolor=colour, hatch=hatch, edgecolor="white", linewidth=0.0, label=text
        )
        bottom = bottom + value


def plot_ledger(data: xr.Dataset) -> Figure:
    """Draw every entry of the ledger as a stacked area; the line above them is what was there and came in.

    Args:
        data: of a stellar run with a store.

    Raises:
        SpecError: a dataset without a ledger, or of a sweep.
    """
    needs(data, *(row[0] for row in _LEDGER[:-1]), "clipped_energy", "inflow_energy", "ledger_start", what="A ledger")
    values = {row[0]: data[row[0]].values for row in _LEDGER[:-1]}
    values["turned_away"] = data["clipped_energy"].values - values["dumped_energy"]
    whole = float(data["ledger_start"]) + data["inflow_energy"].values
    return _balance(data, _LEDGER, values, (whole, "start and inflow"), "Energy")


def plot_work(data: xr.Dataset) -> Figure:
    """Draw every entry of the work ledger as a stacked area; the line is the work that was there and arrived.

    Args:
        data: of a stellar run with a store.

    Raises:
        SpecError: a dataset without a ledger of work, or of a sweep.
    """
    needs(data, *(row[0] for row in _WORK), "gained_work", "work_ledger_start", what="A ledger of work")
    values = {row[0]: data[row[0]].values for row in _WORK}
    whole = float(data["work_ledger_start"]) + data["gained_work"].values
    return _balance(data, _WORK, values, (whole, "start and gain"), "Work")


def _balance(data: xr.Dataset, rows: Any, values: dict[str, Any], line: tuple[Any, str], what: str) -> Figure:
    """Entries of a ledger as a stack under the line that they add up to."""
    at, label = times(data)
    whole, text = line
    divisor, unit = scaled(float(whole.max()), "J")
    sizes = {row: float(values[row[0]].max()) for row in rows}
    drawn = [row for row in rows if sizes[row] > _SMALL * float(whole.max())]
    small = [row for row in rows if 0 < sizes[row] <= _SMALL * float(whole.max())]
    with style():
        figure = blank(DOUBLE, 3.3)
        ax = figure.subplots()
        _stack(ax, at, [values[row[0]] / divisor for row in drawn], drawn)
        ax.plot(at, whole / divisor, color="black", linewidth=1.2, label=text)
        handles, texts = ax.get_legend_handles_labels()
        ax.legend(handles[::-1], texts[::-1], loc="center left", bbox_to_anchor=(1.01, 0.5))
        ax.set_xlim(at[0], at[-1])
        ax.set_ylim(bottom=0.0)
        ax.set_xlabel(label)
        ax.set_ylabel(f"{what} ({unit})")
        if small:
            names = ", ".join(row[1] for row in small)
            ax.set_title(f"Too small to be seen: {names}", loc="left", color="0.35")
        return stamp(figure, data)


__all__ = ["plot_history", "plot_ledger", "plot_work"]
