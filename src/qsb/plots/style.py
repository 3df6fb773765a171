"""How every figure looks: colours for colour-blind readers, line styles that survive grey print, paper sizes.

Figures are made without pyplot, so nothing here is global: they can be drawn in threads and without a display.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import matplotlib as mpl
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

if TYPE_CHECKING:
    import xarray as xr

#: widths of one and two columns of a journal page, in inches
SINGLE, DOUBLE = 3.4, 7.0

#: Okabe and Ito's palette (2008), black first, without the yellow that white paper hides
COLOURS = ("#000000", "#0072B2", "#D55E00", "#009E73", "#CC79A7", "#56B4E9", "#E69F00")
DASHES: tuple[Any, ...] = ("-", (0, (5, 1.5)), (0, (1, 1.2)), (0, (4, 1.2, 1, 1.2)), (0, (8, 1.5, 1, 1.5, 1, 1.5)))
MARKERS = ("o", "s", "^", "D", "v", "P", "X", "<", ">", "*")
GUIDE = "0.55"
#: for what no law of nature allows
ALARM = "#B22222"

_RC: dict[Any, Any] = {
    "font.size": 8.5,
    "axes.labelsize": 8.5,
    "axes.titlesize": 8.5,
    "xtick.labelsize": 8,
    "ytick.labelsize": 8,
    "legend.fontsize": 8,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.linewidth": 0.7,
    "lines.linewidth": 1.3,
    "lines.markersize": 4,
    "legend.frameon": False,
    "legend.handlelength": 2.8,
    "mathtext.fontset": "dejavusans",
    "svg.hashsalt": "qsb",
    "pdf.fonttype": 42,
}


@contextmanager
def style() -> Iterator[None]:
    """Sizes, fonts and lines of all figures, for the time of a `with` block."""
    with mpl.rc_context(_RC):
        yield


def blank(width: float, height: float) -> Figure:
    """An empty figure with its own canvas and a layout that keeps labels apart."""
    figure = Figure(figsize=(width, height), layout="constrained")
    FigureCanvasAgg(figure)
    return figure


def stamp(figure: Figure, data: xr.Dataset) -> Figure:
    """Put the laws of nature that a dataset breaks above its figure; nothing where it breaks none."""
    broken = str(data.attrs.get("stamp", ""))
    if broken:
        figure.suptitle(broken, color=ALARM, fontweight="bold", fontsize=10)
    return figure


def look(k: int) -> dict[str, Any]:
    """Colour and dash of the k-th line; no two of the first 35 look alike, not even in grey."""
    return {"color": COLOURS[k % len(COLOURS)], "linestyle": DASHES[k % len(DASHES)]}


def marker(k: int) -> dict[str, Any]:
    """Colour and marker of the k-th set of points; open and filled in turn, so that points on points show."""
    colour = COLOURS[k % len(COLOURS)]
    face = colour if k % 2 == 0 else "none"
    return {"color": colour, "marker": MARKERS[k % len(MARKERS)], "markerfacecolor": face, "markeredgecolor": colour}
