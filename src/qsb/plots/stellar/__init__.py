"""Stellar runs as figures: spectrum, powers and store, ledgers, flares, rare years, bounds, ladders, timeline."""

from __future__ import annotations

from qsb.plots.stellar.bounds import plot_bounds
from qsb.plots.stellar.flares import plot_flares
from qsb.plots.stellar.history import plot_history, plot_ledger, plot_work
from qsb.plots.stellar.ladder import plot_ladders
from qsb.plots.stellar.quantiles import plot_quantiles
from qsb.plots.stellar.spectrum import plot_spectrum
from qsb.plots.stellar.timeline import plot_timeline

__all__ = [
    "plot_bounds",
    "plot_flares",
    "plot_history",
    "plot_ladders",
    "plot_ledger",
    "plot_quantiles",
    "plot_spectrum",
    "plot_timeline",
    "plot_work",
]
