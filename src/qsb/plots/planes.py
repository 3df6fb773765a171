"""`plot_planes`: curves that are neither runs nor fits, in axes side by side."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from matplotlib.axes import Axes
from matplotlib.figure import Figure

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
    above = max(-(-len(p.curves) // columns) for p in planes)
    with style():
        figure = blank(DOUBLE, 2.7 + 0.17 * above)
        for ax, plane in zip(figure.subplots(1, len(planes), squeeze=False)[0], planes, strict=True):
            _plane(ax, plane)
            if len(plane.curves) > 1:
                ax.legend(loc="lower left", bbox_to_anchor=(0.0, 1.0), ncols=columns, borderaxespad=0.2)
        return figure


def _plane(ax: Axes, plane: Plane) -> None:
    k = 0
    for text, curve in plane.curves.items():
        if curve.kind == "guide":
            ax.plot(curve.x, curve.y, color=GUIDE, linewidth=0.9, zorder=0, label=text)
            continue
        # later lines are thinner, so that a line that lies on another one is seen
        line = look(k) | {"linewidth": max(2.0 - 0.4 * k, 0.9)}
        ax.plot(curve.x, curve.y, label=text, **(line if curve.kind == "line" else marker(k) | {"linestyle": "none"}))
        k += 1
    if "x" in plane.logarithmic:
        ax.set_xscale("log")
    if "y" in plane.logarithmic:
        ax.set_yscale("log")
    ax.set_xlabel(plane.x)
    ax.set_ylabel(plane.y)


__all__ = ["plot_planes"]
