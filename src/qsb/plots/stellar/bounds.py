"""`plot_bounds`: every claim over its limit on a logarithmic axis, with what is forbidden shaded."""

from __future__ import annotations

import json
import math
from typing import TYPE_CHECKING, Any

from matplotlib.figure import Figure
from matplotlib.patches import Patch

from qsb.plots.stellar.scales import needs
from qsb.plots.style import ALARM, COLOURS, DOUBLE, MARKERS, blank, stamp, style

if TYPE_CHECKING:
    import xarray as xr

_TIERS = {"HARD": COLOURS[0], "MATTER": COLOURS[1], "ENGINEERING": COLOURS[3], "CONJECTURE": COLOURS[4]}
#: ratios beyond these are drawn at the edge and named
_LEAST, _MOST = 1e-12, 1e24


def plot_bounds(data: xr.Dataset) -> Figure:
    """Draw the bounds report: claim over limit of each row; beyond 1 a hard limit forbids.

    Args:
        data: of a stellar run with a store.

    Raises:
        SpecError: a dataset without a bounds report, or of a sweep.
    """
    needs(data, "bound_ratio", what="A figure of bounds")
    rows = json.loads(data.attrs["bounds"])["rows"][::-1]
    ratios = [row["claimed"] / row["limit"] if row["limit"] else math.inf for row in rows]
    shown = [min(max(r, _LEAST), _MOST) for r in ratios]
    with style():
        figure = blank(DOUBLE, 0.9 + 0.27 * len(rows))
        ax = figure.subplots()
        ax.set_xscale("log")
        low = min(*shown, 1e-3) / 10
        # room for the numbers at the right end
        high = max(*shown, 1.0) * (max(*shown, 1.0) / low) ** 0.14
        ax.set_xlim(low, high)
        ax.set_ylim(-0.7, len(rows) - 0.3)
        ax.axvspan(1.0, high, facecolor=ALARM, alpha=0.13, hatch="///", edgecolor=ALARM, linewidth=0.0, zorder=0)
        ax.axvline(1.0, color=ALARM, linewidth=1.0)
        for k, (row, value) in enumerate(zip(rows, shown, strict=True)):
            colour, place = _TIERS[row["tier"]], list(_TIERS).index(row["tier"])
            ax.plot([low, value], [k, k], color=colour, linewidth=0.8, alpha=0.6)
            ax.plot([value], [k], marker=MARKERS[place], color=colour, linestyle="none")
            text = "0" if ratios[k] == 0 else f"{ratios[k]:.3g}" + (" (off the axis)" if value != ratios[k] else "")
            beside: dict[str, Any] = {"xytext": (6, 0), "textcoords": "offset points", "va": "center", "fontsize": 7.5}
            # a number beside the limit stays readable on the line that it crosses
            box = {"facecolor": "white", "edgecolor": "none", "pad": 0.8}
            ax.annotate(text, (value, k), **beside, bbox=box)
        ax.set_yticks(range(len(rows)), [f"{_raised(row['bound'])} [{row['verdict']}]" for row in rows])
        ax.set_xlabel("Claim over limit $r$ (dimensionless)")
        marks = [
            ax.plot([], [], marker=MARKERS[k], color=c, linestyle="none", label=tier.lower())[0]
            for k, (tier, c) in enumerate(_TIERS.items())
            if any(row["tier"] == tier for row in rows)
        ]
        zone = Patch(
            facecolor=ALARM, alpha=0.2, hatch="///", edgecolor=ALARM, label="beyond the limit; forbidden if hard"
        )
        figure.legend(handles=[*marks, zone], loc="outside lower center", ncols=len(marks) + 1)
        return stamp(figure, data)


def _raised(text: str) -> str:
    """Powers as people write them."""
    return text.replace("^2", "²").replace("^5", "⁵")


__all__ = ["plot_bounds"]
