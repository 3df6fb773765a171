"""`plot_planes`: curves that are neither runs nor fits, in axes side by side."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from matplotlib.axes import Axes
from matplotlib.axis import Axis
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, LogLocator, NullFormatter

from qsb.errors import SpecError
from qsb.plots.style import DOUBLE, GUIDE, blank, look, marker, style

if TYPE_CHECKING:
    from qsb.studies.study import Plane


def plot_planes(planes: Sequence[Plane]) -> Figure:
    """Draw up to three pairs of axes side by side, each with its legend above, where it covers no data.

    Args:
        planes: the axes' labels (with units) and curves.

    Raises:
        SpecError: on no or more than three planes, a plane without curves, or a curve of unequal lengths.
    """
    if not 1 <= len(planes) <= 3:
        raise SpecError(f"A figure holds one to three planes, but {len(planes)} were given.")
    for plane in planes:
        if not plane.curves:
            raise SpecError(f"The plane of {plane.y!r} against {plane.x!r} has no curve.")
        for text, curve in plane.curves.items():
            if len(curve.x) != len(curve.y):
                raise SpecError(f"The curve {text!r} has {len(curve.x)} abscissae and {len(curve.y)} ordinates.")
    columns = 2 if len(planes) == 1 else 1
    above = max(-(-sum(c.kind != "guide" for c in p.curves.values()) // columns) for p in planes)
    with style():
        figure = blank(DOUBLE, 2.7 + 0.17 * above)
        for ax, plane in zip(figure.subplots(1, len(planes), squeeze=False)[0], planes, strict=True):
            _plane(ax, plane)
            if len(ax.get_legend_handles_labels()[0]) > 1:
                ax.legend(loc="lower left", bbox_to_anchor=(0.0, 1.0), ncols=columns, borderaxespad=0.2)
        return figure


def _plane(ax: Axes, plane: Plane) -> None:
    k = 0
    for text, curve in plane.curves.items():
        if curve.kind == "guide":  # named at its end, so that the legend keeps to the data
            ax.plot(curve.x, curve.y, color=GUIDE, linewidth=0.9, zorder=0)
            end = (curve.x[-1], curve.y[-1])
            ax.annotate(text, end, xytext=(3, 0), textcoords="offset points", color="0.35", va="center")
            continue
        # later lines are thinner, so that a line that lies on another one is seen
        line = look(k) | {"linewidth": max(2.0 - 0.4 * k, 0.9)}
        ax.plot(curve.x, curve.y, label=text, **(line if curve.kind == "line" else marker(k) | {"linestyle": "none"}))
        k += 1
    for axis, scale in ((ax.xaxis, ax.set_xscale), (ax.yaxis, ax.set_yscale)):
        if axis.axis_name in plane.logarithmic:
            scale("log")
            _ticks(axis)
    ax.set_xlabel(plane.x)
    ax.set_ylabel(plane.y)


def _ticks(axis: Axis) -> None:
    """Plain numbers 1, 2, 5, 10 where a logarithmic axis spans little; powers of ten elsewhere."""
    low, high = sorted(axis.get_view_interval())
    if high < 300 * low and low > 1e-3 and high < 1e4:
        axis.set_major_locator(LogLocator(subs=(1.0, 2.0, 5.0)))
        axis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
        axis.set_minor_formatter(NullFormatter())


__all__ = ["plot_planes"]
