"""`plot_ladders`: a run on the scales of specific energy, specific power and throughput."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from qsb.plots.stellar.scales import needs
from qsb.plots.style import ALARM, COLOURS, DOUBLE, blank, stamp, style
from qsb.stellar.accretion import eddington_luminosity
from qsb.stellar.constants import SOLAR_LUMINOSITY, SOLAR_MASS, SPEED_OF_LIGHT_SQUARED

if TYPE_CHECKING:
    import xarray as xr

#: throughputs that people know, W: Kardashev's own types of 1964, and the Sun
_POWERS = (("type I (1964)", 4e12), ("the Sun", SOLAR_LUMINOSITY), ("type III (1964)", 4e37))


def plot_ladders(data: xr.Dataset) -> Figure:
    """Draw specific energy beside known matter and the forbidden zone, specific power, and the Kardashev index.

    Args:
        data: of a stellar run with a store.

    Raises:
        SpecError: a dataset without a ladder, or of a sweep.
    """
    needs(data, "matter_specific_energy", what="A figure of ladders")
    below = ["specific_power"] * ("specific_power" in data) + ["throughput"] * ("throughput" in data)
    with style():
        count = data.sizes["matter"]
        figure = blank(DOUBLE, 0.8 + 0.19 * count + 0.95 * len(below))
        ratios = [0.19 * count + 0.4, *[0.75] * len(below)]
        axes = figure.subplots(1 + len(below), 1, height_ratios=ratios, squeeze=False)[:, 0]
        _energies(axes[0], data)
        for ax, name in zip(axes[1:], below, strict=True):
            if name == "specific_power":
                rungs = (
                    ("the Sun, L/M", SOLAR_LUMINOSITY / SOLAR_MASS),
                    ("Eddington's limit, hydrogen", eddington_luminosity(1.0)),
                )
                _line(ax, float(data[name]), rungs, "Specific power (W/kg)")
            else:
                _line(ax, float(data[name]), _POWERS, "Throughput (W)")
                _index(ax)
        return stamp(figure, data)


def _energies(ax: Axes, data: xr.Dataset) -> None:
    """Known matter from weak to strong, the claim, and what lies beyond c^2."""
    names, values = data["matter"].values, data["matter_specific_energy"].values
    claim = float(data["specific_energy"]) if "specific_energy" in data else None
    top = max(SPEED_OF_LIGHT_SQUARED * 1e3, (claim or 0.0) * 10)
    ax.set_xscale("log")
    ax.set_xlim(1e4, top)
    ax.axvspan(
        SPEED_OF_LIGHT_SQUARED, top, facecolor=ALARM, alpha=0.13, hatch="///", edgecolor=ALARM, linewidth=0.0, zorder=0
    )
    ax.axvline(SPEED_OF_LIGHT_SQUARED, color=ALARM, linewidth=1.0)
    ax.plot(values, range(len(values)), "o", color=COLOURS[1], markersize=3.5)
    ax.set_yticks(range(len(values)), [str(n) for n in names], fontsize=7)
    ax.text(
        np.sqrt(SPEED_OF_LIGHT_SQUARED * top), 0.4, "forbidden", rotation=90, color=ALARM, ha="center", va="bottom",
        fontweight="bold",
    )  # fmt: skip
    if claim is not None:
        ax.axvline(claim, color=COLOURS[2], linewidth=1.3, linestyle="--")
        ax.annotate(
            "this store", (claim, 1.0), xycoords=("data", "axes fraction"), xytext=(0, 2), textcoords="offset points",
            color=COLOURS[2], ha="center", va="bottom",
        )  # fmt: skip
    ax.set_xlabel("Specific energy (J/kg)")


def _line(ax: Axes, value: float, rungs: tuple[tuple[str, float], ...], label: str) -> None:
    """One number on a logarithmic line between things that people know."""
    places = [v for _, v in rungs]
    ax.set_xscale("log")
    ax.set_xlim(min(*places, value) / 300, max(*places, value) * 300)
    ax.set_ylim(0, 1)
    ax.set_yticks([])
    ax.spines["left"].set_visible(False)
    for text, place in rungs:
        ax.plot([place], [0.0], "|", color=COLOURS[1], markersize=14, clip_on=False)
        ax.annotate(text, (place, 0.12), xytext=(0, 4), textcoords="offset points", ha="center", color=COLOURS[1])
    ax.plot([value], [0.0], "v", color=COLOURS[2], markersize=7, clip_on=False, zorder=5)
    ax.annotate(
        f"this run, {value:.3g}", (value, 0.62), ha="center", va="bottom", color=COLOURS[2], annotation_clip=False
    )
    ax.plot([value, value], [0.0, 0.6], color=COLOURS[2], linewidth=0.7)
    ax.set_xlabel(label)


def _index(ax: Axes) -> None:
    """The Kardashev index above an axis of power: linear where the power is logarithmic."""
    above = ax.twiny()
    above.set_xlim(*((np.log10(power) - 6) / 10 for power in ax.get_xlim()))
    above.set_yticks([])
    above.spines["left"].set_visible(False)
    above.spines["top"].set_visible(True)
    above.set_xlabel("Kardashev index $K = (\\log_{10}P/\\mathrm{W} - 6)/10$, of Sagan")


__all__ = ["plot_ladders"]
