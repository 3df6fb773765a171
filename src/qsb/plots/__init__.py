"""Datasets and fits as figures; every label with its unit comes from the nomenclature."""

from __future__ import annotations

from qsb.plots.compare import plot_compare
from qsb.plots.planes import plot_planes
from qsb.plots.save import save
from qsb.plots.scaling import plot_scaling
from qsb.plots.series import plot_series

__all__ = ["plot_compare", "plot_planes", "plot_scaling", "plot_series", "save"]
