"""`plot_ladders`: a run on the scales of specific energy and of throughput, and its specific power."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from qsb.plots.stellar.scales import needs
from qsb.plots.style import ALARM, COLOURS, DOUBLE, blank, stamp, style
from qsb.stellar.accretion import eddington_luminosity
from qsb.stellar.constants import SOLAR_LUMINOSITY, SOLAR_MASS, SPEED_OF_LIGHT_SQUARED
from qsb.stellar.kardashev import TYPES_OF_1964
from qsb.stellar.ladders import power_ladder
from qsb.stellar.tiers import Tier

if TYPE_CHECKING:
    import xarray as xr

#: inches a rung takes, and what an axis takes beside its rungs
_RUNG, _AXIS = 0.165, 0.75


def plot_ladders(data: xr.Dataset) -> Figure:
    """Draw specific energy beside known matter and the forbidden zone, throughput with its index, and specific power.

    Args:
        data: of a stellar run with a store.

    Raises:
        SpecError: a dataset without a ladder, or of a sweep.
    """
    needs(data, "matter_specific_energy", what="A figure of ladders")
    powers = [(rung.name, rung.value) for rung in power_ladder() if rung.tier is not Tier.CONJECTURE]
    powers += [(f"Kardashev's type {name} (1964)", value) for name, value in TYPES_OF_1964]
    powers.sort(key=lambda rung: rung[1])
    heights = [_RUNG * data.sizes["matter"] + 0.1]
    drawn = [name for name in ("throughput", "specific_power") if name in data]
    heights += [_RUNG * len(powers) if name == "throughput" else 2.5 * _RUNG for name in drawn]
    with style():
        figure = blank(DOUBLE, sum(heights) + _AXIS * len(heights) + 0.2)
        axes = figure.subplots(len(heights), 1, height_ratios=heights, squeeze=False)[:, 0]
        _energies(axes[0], data)
        for ax, name in zip(axes[1:], drawn, strict=True):
            if name == "throughput":
                _rungs(ax, powers, float(data[name]), "this run")
                ax.set_xlim(1.0, 1e40)
                ax.set_xlabel("Throughput (W)")
                _index(ax)
            else:
                built = [
                    ("the Sun, power over mass", SOLAR_LUMINOSITY / SOLAR_MASS),
                    ("Eddington's limit, hydrogen", eddington_luminosity(1.0)),
                ]
                _rungs(ax, built, float(data[name]), "this run")
                places = [value for _, value in built] + [float(data[name])]
                ax.set_xlim(min(places) / 100, max(places) * 100)
                ax.set_xlabel("Specific power (W/kg)")
        return stamp(figure, data)


def _energies(ax: Axes, data: xr.Dataset) -> None:
    """Known matter from weak to strong, the claim, and what lies beyond c^2."""
    rungs = list(zip(map(str, data["matter"].values), data["matter_specific_energy"].values.tolist(), strict=True))
    claim = float(data["specific_energy"]) if "specific_energy" in data else None
    _rungs(ax, rungs, claim, "this store")
    top = max(*(value for _, value in rungs), claim or 0.0) * 300
    ax.set_xlim(1e4 if claim is None else min(1e4, claim / 10), top)
    shade: dict[str, Any] = {
        "facecolor": ALARM,
        "alpha": 0.13,
        "hatch": "///",
        "edgecolor": ALARM,
        "linewidth": 0.0,
        "zorder": 0,
    }
    ax.axvspan(SPEED_OF_LIGHT_SQUARED, top, **shade)
    ax.axvline(SPEED_OF_LIGHT_SQUARED, color=ALARM, linewidth=1.0)
    middle = float(np.sqrt(SPEED_OF_LIGHT_SQUARED * top))
    ax.text(middle, 0.4, "forbidden", rotation=90, color=ALARM, ha="center", va="bottom", fontweight="bold")
    ax.set_xlabel("Specific energy (J/kg)")


def _rungs(ax: Axes, rungs: Sequence[tuple[str, float]], claim: float | None, name: str) -> None:
    """Named values from small to large on a logarithmic axis, and a claim as a line with its name above."""
    values = [value for _, value in rungs]
    ax.set_xscale("log")
    ax.plot(values, range(len(values)), "o", color=COLOURS[1], markersize=3.5)
    ax.set_yticks(range(len(values)), [text for text, _ in rungs], fontsize=7)
    ax.set_ylim(-0.6, len(values) - 0.4)
    if claim is not None:
        ax.axvline(claim, color=COLOURS[2], linewidth=1.3, linestyle="--")
        place: dict[str, Any] = {"xycoords": ("data", "axes fraction"), "xytext": (2, 2), "textcoords": "offset points"}
        ax.annotate(f"{name}, {claim:.3g}", (claim, 1.0), color=COLOURS[2], ha="center", va="bottom", **place)


def _index(ax: Axes) -> None:
    """The Kardashev index below the power: linear where the power is logarithmic."""
    below = ax.secondary_xaxis(-0.34, functions=(lambda p: p, lambda p: p))
    index = np.arange(0.0, 3.5, 0.5)
    below.set_xticks(10 ** (10 * index + 6), [f"{k:g}" for k in index])
    below.tick_params(which="minor", length=0)
    below.set_xlabel("Kardashev index $K = (\\log_{10}P/\\mathrm{W} - 6)/10$, of Sagan")


__all__ = ["plot_ladders"]
