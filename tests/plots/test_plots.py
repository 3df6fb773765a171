"""Figures: units on every axis, data as given, legends beside the data, files whole and reproducible."""

import numpy as np
import pytest
from matplotlib.figure import Figure

import qsb
from qsb.plots import plot_compare, plot_scaling, plot_series, save
from qsb.studies.scaling import fit_scaling

SPEC = {
    "model": {"name": "ensemble", "cells": 2, "field": 0.5},
    "channel": [{"kind": "emission", "rate": 0.1}],
    "stage": [{"duration": 4.0}],
    "save": {"points": 21, "figures": ["stored_energy", "power", "ergotropy", "ergotropy_fraction", "bound_fisher"]},
}


@pytest.fixture(scope="module")
def data():
    """One run; its ergotropy fraction is NaN at t = 0."""
    return qsb.run(SPEC)


def swept(**axes):
    return qsb.sweep({**SPEC, "sweep": axes})


def legends(figure):
    return [*figure.legends, *(ax.get_legend() for ax in figure.axes if ax.get_legend())]


def assert_sound(figure):
    """Every axis says what it shows in which unit, and no legend lies on data."""
    assert isinstance(figure, Figure)
    figure.canvas.draw()
    renderer = figure.canvas.get_renderer()
    whole = figure.bbox
    for legend in legends(figure):
        box = legend.get_window_extent(renderer)
        assert box.x0 >= whole.x0 - 1
        assert box.x1 <= whole.x1 + 1
        assert box.y0 >= whole.y0 - 1
        assert box.y1 <= whole.y1 + 1
        for ax in figure.axes:
            assert not box.padded(-1).overlaps(ax.get_window_extent(renderer))
    return " ".join(t for ax in figure.axes for t in (ax.get_xlabel(), ax.get_ylabel(), ax.get_title(loc="right")))


def test_a_run(data):
    figure = plot_series(data)
    words = assert_sound(figure)
    assert r"Time $t$ ($1/\omega_0$)" in words
    assert r"\omega_0" in words
    drawn = {line.get_label().split("  ")[-1]: line for ax in figure.axes for line in ax.lines}
    np.testing.assert_array_equal(drawn["Stored energy"].get_ydata(), data["stored_energy"])
    np.testing.assert_array_equal(drawn["Stored energy"].get_xdata(), data["time"])


def test_one_save_point_is_a_point():
    figure = plot_series(qsb.run({**SPEC, "save": {"points": 1}}))
    assert all(line.get_marker() == "o" for ax in figure.axes for line in ax.lines if len(line.get_xdata()) == 1)
    assert_sound(figure)


def test_few_values_of_an_axis_are_lines():
    figure = plot_series(swept(**{"channel.0.rate": [0.0, 0.1, 0.2]}), ["stored_energy", "power"])
    assert [len(ax.lines) for ax in figure.axes] == [3, 3]
    assert_sound(figure)
    assert len({(line.get_color(), str(line.get_linestyle())) for line in figure.axes[0].lines}) == 3


def test_many_values_are_scalars_and_two_axes_are_maps():
    many = swept(**{"channel.0.rate": {"start": 0.0, "stop": 0.2, "num": 10}})
    figure = plot_series(many, ["peak_power"])
    np.testing.assert_array_equal(figure.axes[0].lines[0].get_ydata(), many["peak_power"])
    assert "Peak power" in assert_sound(figure)
    two = swept(**{"channel.0.rate": [0.0, 0.1], "model.field": [0.1, 0.2, 0.3]})
    figure = plot_series(two, ["peak_power"])
    np.testing.assert_allclose(np.ravel(figure.axes[0].collections[0].get_array()), np.ravel(two["peak_power"]))
    assert_sound(figure)
    three = swept(**{"channel.0.rate": [0.0, 0.1], "model.field": [0.1, 0.2], "model.cells": [1, 2]})
    with pytest.raises(qsb.SpecError, match="two swept axes"):
        plot_series(three)


def test_names_that_are_not_there(data):
    with pytest.raises(qsb.SpecError, match="capacity"):
        plot_series(data, ["capacity"])


def test_compare(data):
    other = qsb.run({**SPEC, "channel": []})
    figure = plot_compare({"A": {"noise": data, "none": other}}, [["stored_energy", "ergotropy"], ["power"]])
    words = assert_sound(figure)
    assert r"Power $P$ ($\omega_0^2$)" in words
    lines = [line for line in figure.axes[0].lines if len(line.get_xdata()) == 21]
    assert len(lines) == 4
    np.testing.assert_array_equal(lines[0].get_ydata(), data["stored_energy"])
    assert lines[0].get_linewidth() > lines[-1].get_linewidth()
    with pytest.raises(qsb.SpecError, match="different units"):
        plot_compare({"A": {"": data}}, [["stored_energy", "power"]])
    with pytest.raises(qsb.SpecError, match="capacity"):
        plot_compare({"A": {"": data}}, [["capacity"]])
    with pytest.raises(qsb.SpecError, match="at least one"):
        plot_compare({}, [["power"]])


def test_scaling_with_guides_of_slope_one_and_two():
    n = np.array([2, 3, 4, 6, 8, 12])
    fits = {f"law {a}": fit_scaling(n, n**a, resource="coupling", figure="peak_power") for a in (1.0, 1.5)}
    figure = plot_scaling(fits)
    words = assert_sound(figure)
    assert "Number of cells $N$" in words
    assert r"\omega_0^2" in words
    upper, lower = figure.axes
    slopes = []
    for line in upper.lines:
        x, y = (np.asarray(v, dtype=float) for v in line.get_data())
        slopes.append(round(float(np.diff(np.log(y))[-1] / np.diff(np.log(x))[-1]), 6))
    assert sorted(slopes) == [1.0, 1.0, 1.5, 2.0]
    assert upper.get_xscale() == upper.get_yscale() == lower.get_xscale() == "log"
    mixed = fits | {"other": fit_scaling(n, n, resource="coupling", figure="peak_ergotropy")}
    with pytest.raises(qsb.SpecError, match="one figure"):
        plot_scaling(mixed)


@pytest.mark.parametrize("kind", ["png", "pdf", "svg"])
def test_the_same_figure_gives_the_same_file(data, tmp_path, kind):
    paths = [save(plot_series(data, ["power"]), tmp_path / f"{k}.{kind}") for k in range(2)]
    assert paths[0].read_bytes() == paths[1].read_bytes()


def test_a_file_is_written_whole_or_not_at_all(data, tmp_path, monkeypatch):
    path = save(plot_series(data, ["power"]), tmp_path / "f.png")
    before = path.read_bytes()
    figure = plot_series(data, ["stored_energy"])

    def broken(name, **options):
        with open(name, "wb") as f:
            f.write(b"half")
        raise OSError("disk full")

    monkeypatch.setattr(figure, "savefig", broken)
    with pytest.raises(OSError, match="disk full"):
        save(figure, path)
    assert path.read_bytes() == before
    assert [p.name for p in tmp_path.iterdir()] == ["f.png"]


def test_wrong_names_of_files(data, tmp_path):
    figure = plot_series(data, ["power"])
    with pytest.raises(qsb.SpecError, match=r"\.png, \.pdf or \.svg"):
        save(figure, tmp_path / "f.bmp")
    with pytest.raises(qsb.SpecError, match="does not exist"):
        save(figure, tmp_path / "no" / "f.png")
