"""`plot_flares`: the surge of a flaring star, and the buffer that keeps the inflow below a cap."""

from __future__ import annotations

from typing import TYPE_CHECKING

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from qsb.plots.stellar.scales import needs, readable, scaled, times
from qsb.plots.style import COLOURS, SINGLE, blank, stamp, style

if TYPE_CHECKING:
    import xarray as xr


def plot_flares(data: xr.Dataset) -> Figure:
    """Draw the star's power over its quiet power, the rate of flares if it changes, and with a cap inflow and buffer.

    Args:
        data: of a stellar run with flares.

    Raises:
        SpecError: a dataset without flares, or of a sweep.
    """
    needs(data, "flare_power", "quiet_power", "surge_ratio", what="A figure of flares")
    more = [_rate] if "flare_rate" in data else []
    more += [_inflow, _buffer] if "buffer_energy" in data else []
    at, label = times(data)
    with style():
        figure = blank(SINGLE + 2.6, 1.2 + (1.55 * (1 + len(more)) if more else 1.6))
        axes = figure.subplots(1 + len(more), 1, sharex=True, squeeze=False)[:, 0]
        ratio = 1 + data["flare_power"].values / float(data["quiet_power"])
        axes[0].plot(at, ratio, drawstyle="steps-pre", color=COLOURS[2])
        axes[0].axhline(1.0, color="0.6", linewidth=0.8, zorder=0)
        axes[0].set_ylabel("Power of the star\nover its quiet power")
        surge = float(data["surge_ratio"])
        axes[0].set_title(rf"Surge ratio $\Delta P/L$ = {surge:.4g}, at a moment", loc="right")
        for ax, draw in zip(axes[1:], more, strict=True):
            draw(ax, data)
        axes[-1].set_xlabel(label)
        axes[-1].set_xlim(at[0], at[-1])
        figure.align_ylabels(axes)
        return stamp(figure, data)


def _rate(ax: Axes, data: xr.Dataset) -> None:
    at, _ = times(data)
    ax.plot(at, 86400.0 * data["flare_rate"].values, drawstyle="steps-pre", color=COLOURS[3])
    ax.set_ylim(bottom=0.0)
    ax.set_ylabel("Rate of flares $\\lambda$\n(1/d)")
    found, wanted = int(data["flare_count"]), float(data["flares_expected"])
    ax.set_title(f"{found} flares, {wanted:.1f} to expect", loc="right")


def _inflow(ax: Axes, data: xr.Dataset) -> None:
    at, _ = times(data)
    power, cap = data["inflow_power"].values, float(data["buffer_cap"])
    divisor, unit = scaled(float(power.max()), "W")
    ax.fill_between(
        at, cap / divisor, power / divisor, where=power > cap, step="pre", color=COLOURS[6], linewidth=0,
        label="into the buffer",
    )  # fmt: skip
    ax.plot(at, power / divisor, drawstyle="steps-pre", color=COLOURS[0], label="inflow")
    ax.axhline(cap / divisor, color=COLOURS[1], linestyle="--", linewidth=1.0, label=f"cap, {readable(cap, 'W')}")
    ax.set_ylim(bottom=0.0)
    ax.set_ylabel(f"Inflow $P_\\mathrm{{in}}$\n({unit})")
    ax.legend(loc="center left", bbox_to_anchor=(1.01, 0.5))


def _buffer(ax: Axes, data: xr.Dataset) -> None:
    at, _ = times(data)
    held, size = data["buffer_energy"].values, float(data["buffer_size"])
    divisor, unit = scaled(size, "J")
    ax.fill_between(at, held / divisor, color=COLOURS[5], linewidth=0)
    ax.axhline(size / divisor, color="0.35", linewidth=0.8, linestyle=":")
    ax.set_title(f"Size of the buffer: {readable(size, 'J')}", loc="right")
    ax.set_ylim(0.0, 1.1 * size / divisor if size > 0 else 1.0)
    ax.set_ylabel(f"Energy in the buffer\n$B$ ({unit})")


__all__ = ["plot_flares"]
