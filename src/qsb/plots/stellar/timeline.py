"""`plot_timeline`: published probabilities, the band that their intervals allow, and the verdict."""

from __future__ import annotations

import json
import textwrap
from typing import TYPE_CHECKING

from matplotlib.figure import Figure

from qsb.plots.stellar.scales import needs
from qsb.plots.style import COLOURS, SINGLE, blank, stamp, style
from qsb.stellar.constants import YEAR

if TYPE_CHECKING:
    import xarray as xr


#: what the anchors are for: the first two share a label
_ROLES = ("published, fits the law", "_", "published, tests it")


def plot_timeline(data: xr.Dataset) -> Figure:
    """Draw the probabilities by the laws through the first two anchors, the anchors, and the verdict above them.

    Args:
        data: of a stellar run with a timeline.

    Raises:
        SpecError: a dataset without a timeline, or of a sweep.
    """
    needs(data, "probability_low", "probability_best", "probability_high", what="A timeline")
    told = json.loads(data.attrs["timeline"])
    years = data["horizon"].values / YEAR
    low, best, high = (100 * data[f"probability_{name}"].values for name in ("low", "best", "high"))
    with style():
        figure = blank(SINGLE + 2.2, 3.2)
        ax = figure.subplots()
        ax.fill_between(years, low, high, color=COLOURS[5], alpha=0.45, linewidth=0, label="what the intervals allow")
        ax.plot(years, best, color=COLOURS[1], label="law through the best values of the first two")
        for k, anchor in enumerate(told["anchors"]):
            at = anchor["time_s"] / YEAR
            middle, ends = 100 * anchor["best"], (100 * anchor["low"], 100 * anchor["high"])
            ax.errorbar(
                [at], [middle], yerr=[[middle - ends[0]], [ends[1] - middle]], fmt="o" if k < 2 else "D", capsize=3,
                color=COLOURS[0] if k < 2 else COLOURS[2], label=_ROLES[k],
            )  # fmt: skip
        ax.set_xlim(0.0, years[-1])
        ax.set_ylim(0.0, 102.0)
        ax.set_xlabel("Time from now (yr)")
        ax.set_ylabel("Probability by then (%)")
        ax.legend(loc="lower right")
        ax.set_title("\n".join(textwrap.wrap(f"Verdict: {told['verdict']} [{told['status']}]", 70)), loc="left")
        return stamp(figure, data)


__all__ = ["plot_timeline"]
