"""`plot_scaling`: a figure against the number of cells, with guides, and its local exponents below."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FixedLocator, NullFormatter, NullLocator, ScalarFormatter

from qsb.errors import SpecError
from qsb.plots.style import DOUBLE, GUIDE, blank, look, marker, style
from qsb.quantities import label, names

if TYPE_CHECKING:
    from qsb.studies.scaling import Scaling


def plot_scaling(fits: Mapping[str, Scaling], guides: Sequence[float] = (1.0, 2.0)) -> Figure:
    """Draw values against N in logarithmic axes with guides :math:`N^a`, and local exponents below them.

    Where the local exponents level off, the asymptotics show; the bar at the right edge is the extrapolated limit with
    its interval. A fitted slope is written in the legend.

    Args:
        fits: label -> what `qsb.studies.scaling.fit_scaling` returned.
        guides: exponents of the guides.

    Raises:
        SpecError: on no fit, or fits of different figures.
    """
    if not fits:
        raise SpecError("There is no fit to draw.")
    figures = {f.figure for f in fits.values()}
    if len(figures) > 1:
        raise SpecError(f"Fits of one figure share a plot, but there are {sorted(figures)}.")
    (name,) = figures
    with style():
        below = 0.17 * -(-len(fits) // 2)
        figure = blank(DOUBLE, 5.0 + below)
        upper, lower = figure.subplots(2, 1, sharex=True, height_ratios=[1.7, 1.0])
        for k, (text, fit) in enumerate(fits.items()):
            few = f"  (slope {_two(fit.exponent.value)}, limit {_two(fit.limit.value)})"
            shown = marker(k) | {"linestyle": look(k)["linestyle"], "linewidth": 0.9}
            upper.plot(fit.cells, fit.values, label=text + few, **shown)
            lower.plot([p.cells for p in fit.local], [p.exponent for p in fit.local], **shown)
        sizes = sorted({n for fit in fits.values() for n in fit.cells})
        _guides(upper, fits, guides, sizes)
        _limits(lower, fits, sizes)
        for a in guides:
            lower.axhline(a, color=GUIDE, linewidth=0.8, zorder=0)
        upper.set_yscale("log")
        upper.set_ylabel(label(name) if name in names() else name)
        lower.set_ylabel("Local exponent\nd log y / d log N")
        lower.set_xlabel("Number of cells $N$")
        _ticks(lower, sizes)
        figure.legend(*upper.get_legend_handles_labels(), loc="outside lower center", ncols=2)
        return figure


def _two(value: float) -> str:
    """Two decimals, without a minus before zero."""
    return f"{round(value, 2) + 0.0:.2f}"


def _guides(ax: Axes, fits: Mapping[str, Scaling], guides: Sequence[float], sizes: list[int]) -> None:
    """Straight lines from the largest value at the smallest N, each named at its end."""
    first = max(fit.values[0] for fit in fits.values()) * 1.6
    n = np.array([sizes[0], sizes[-1]], dtype=float)
    for a in guides:
        y = first * (n / n[0]) ** a
        ax.plot(n, y, color=GUIDE, linewidth=0.8, zorder=0)
        ax.annotate(
            "$N$" if a == 1 else f"$N^{{{a:g}}}$",
            (n[1], y[1]),
            xytext=(3, 0),
            textcoords="offset points",
            color="0.35",
            va="center",
        )


def _limits(ax: Axes, fits: Mapping[str, Scaling], sizes: list[int]) -> None:
    """Extrapolated exponents with their intervals, to the right of the data."""
    right = sizes[-1] * np.geomspace(1.18, 1.9, max(len(fits), 2))
    for k, fit in enumerate(fits.values()):
        shown = marker(k)
        low, high = fit.limit.value - fit.limit.low, fit.limit.high - fit.limit.value
        ax.errorbar(
            right[k],
            fit.limit.value,
            yerr=[[low], [high]],
            fmt=shown["marker"],
            color=shown["color"],
            mfc=shown["markerfacecolor"],
            elinewidth=1.0,
            capsize=1.5,
            markersize=3,
        )
    ax.axvspan(sizes[-1] * 1.08, sizes[-1] * 2.05, color="0.94", zorder=-1, linewidth=0)
    ax.annotate(
        r"$N\to\infty$",
        (sizes[-1] * 1.48, 1.0),
        xycoords=("data", "axes fraction"),
        ha="center",
        va="bottom",
        color="0.35",
    )


def _ticks(ax: Axes, sizes: list[int]) -> None:
    """Whole numbers of cells on the logarithmic axis."""
    ax.set_xscale("log")
    wanted = [n for n in (1, 2, 3, 4, 6, 8, 12, 16, 24, 32, 64, 128, 256, 512, 1024) if sizes[0] <= n <= sizes[-1]]
    ax.xaxis.set_major_locator(FixedLocator(wanted if len(wanted) > 1 else sizes))
    ax.xaxis.set_major_formatter(ScalarFormatter())
    ax.xaxis.set_minor_locator(NullLocator())
    ax.xaxis.set_minor_formatter(NullFormatter())
    ax.set_xlim(sizes[0] * 0.93, sizes[-1] * 2.05)


__all__ = ["plot_scaling"]
