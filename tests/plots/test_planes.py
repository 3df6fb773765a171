"""Curves in axes side by side: what cannot be drawn is refused, legends lie outside the data."""

import pytest

from qsb.errors import SpecError
from qsb.plots import plot_planes
from qsb.studies.study import Curve, Plane

CURVES = {"a": Curve([1, 2], [1, 2]), "b": Curve([1, 2], [2, 1], "points"), "c": Curve([1, 2], [1, 1], "guide")}


def test_axes_scales_and_labels():
    figure = plot_planes([Plane("N", "E (1)", CURVES, "xy"), Plane("t", "P (1)", {"a": CURVES["a"]})])
    first, second = figure.axes
    assert (first.get_xscale(), first.get_yscale(), second.get_xscale()) == ("log", "log", "linear")
    assert (first.get_xlabel(), first.get_ylabel()) == ("N", "E (1)")
    assert len(first.get_lines()) == 3
    assert second.get_legend() is None
    figure.canvas.draw()
    assert first.get_legend().get_window_extent().y0 >= first.get_window_extent().y1 - 1


def test_what_cannot_be_drawn_is_refused():
    with pytest.raises(SpecError, match="one to three"):
        plot_planes([])
    with pytest.raises(SpecError, match="no curve"):
        plot_planes([Plane("N", "E", {})])
    with pytest.raises(SpecError, match="2 abscissae and 1 ordinates"):
        plot_planes([Plane("N", "E", {"a": Curve([1, 2], [1])})])
