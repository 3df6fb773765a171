"""Figures of stellar runs: axes with units, the stamp above what no law allows, and what cannot be drawn."""

import re

import numpy as np
import pytest
from matplotlib.text import Text

import qsb
from qsb.plots import plot_series, save, stellar
from qsb.plots.stellar.scales import readable, scaled
from qsb.report.stellar import FIGURES

YEARS = {"process": "m-dwarf", "members": 300, "years": 0.05, "quantiles": [0.5, 0.8, 0.9, 0.95], "level": 0.9}
SPEC = {
    "kind": "stellar",
    "source": {"kind": "star", "spectrum": "blackbody", "temperature": "3000 K", "radius": "0.13 Rsun"},
    "flares": {
        "kind": "observed",
        "record": "tess",
        "begin": "10 min",
        "cap": 1.2,
        "buffer": "ideal",
        "ensemble": YEARS,
    },
    "collector": {
        "area": "1 km2",
        "distance": "0.05 au",
        "absorber": {"kind": "fraction", "absorptance": 0.7, "ergotropy": 0.4},
    },
    "store": {"capacity": "1 TJ", "mass": "1e7 kg", "eta_in": 0.9, "loss": {"baseline": "1e-5 / s"}},
    "load": {"power": "100 MW"},
    "timeline": {},
    "time": {"duration": "2 h", "steps": 60},
}


@pytest.fixture(scope="module")
def data():
    """A run that has everything."""
    return qsb.run(SPEC)


def texts(figure):
    """Every text of a figure."""
    return [t.get_text() for t in figure.findobj(Text)]


@pytest.mark.parametrize("name", stellar.__all__)
def test_every_axis_has_its_unit(data, name, tmp_path):
    figure = getattr(stellar, name)(data)
    save(figure, tmp_path / "a.png")
    for ax in figure.axes:
        for label in (ax.get_xlabel(), ax.get_ylabel()):
            dimensionless = "over its quiet power" in label
            assert not label or dimensionless or re.search(r"\(.+\)", label), label
    assert any(ax.get_xlabel() for ax in figure.axes)
    assert not any("VIOLATES" in t for t in texts(figure))


@pytest.mark.parametrize("name", stellar.__all__)
def test_the_stamp_stands_above_every_figure(name):
    beyond = {**SPEC, "store": {**SPEC["store"], "capacity": "1e28 J"}, "allow_unphysical": True}
    figure = getattr(stellar, name)(qsb.run(beyond))
    assert any(t.startswith("VIOLATES c^2") for t in texts(figure))


@pytest.mark.parametrize("name", stellar.__all__)
def test_what_lacks_the_numbers_or_is_swept_is_refused(data, name):
    draw = getattr(stellar, name)
    with pytest.raises(qsb.SpecError, match="lacks"):
        draw(data.drop_vars([v for v in data.data_vars if data[v].dims] + ["surge_ratio"]))
    with pytest.raises(qsb.SpecError, match="swept"):
        draw(qsb.run({**SPEC, "sweep": {"store.eta_out": [0.8, 0.9]}}))


def test_the_stack_of_the_ledger_ends_at_the_line(data):
    figure = stellar.plot_ledger(data)
    ax = figure.axes[0]
    line = ax.lines[0].get_ydata()
    top = np.max([c.get_paths()[0].vertices[:, 1].max() for c in ax.collections])
    assert top == pytest.approx(line.max(), rel=5e-3)  # parts that are too small to be seen are left out


def test_the_stack_of_the_work_ends_at_the_line(data):
    figure = stellar.plot_work(data)
    ax = figure.axes[0]
    top = np.max([c.get_paths()[0].vertices[:, 1].max() for c in ax.collections])
    assert top == pytest.approx(ax.lines[0].get_ydata().max(), rel=1e-2)
    assert "Work" in ax.get_ylabel()


def test_plot_draws_runs_and_sweeps(data, tmp_path):
    save(plot_series(data), tmp_path / "a.png")
    swept = {**SPEC, "sweep": {"store.capacity": ["0.05 TJ", "0.1 TJ", "1 TJ"]}}
    one = plot_series(qsb.run(swept))
    assert any("Capacity (J)" in t for t in texts(one))
    two = qsb.run({**swept, "sweep": {**swept["sweep"], "collector.distance": ["0.05 au", "0.06 au"]}})
    save(plot_series(two), tmp_path / "b.png")
    assert any("Distance (m)" in t for t in texts(plot_series(two)))
    assert len(plot_series(two, ["ledger_end"]).axes) == 2
    with pytest.raises(qsb.SpecError, match="no 'power'"):
        plot_series(two, ["power"])
    alone = qsb.run({"kind": "stellar", "timeline": {}})
    assert any("Probability" in t for t in texts(plot_series(alone)))


def test_every_figure_of_a_report_is_one_of_these():
    assert {draw.__name__ for _, draw, _, _ in FIGURES.values()} == set(stellar.__all__)


@pytest.mark.parametrize(
    ("value", "unit", "text"),
    [(1.721e11, "J", "172.1 GJ"), (5.0, "W", "5 W"), (4e29, "J", r"400 $10^{27}$ J"), (0.0, "J", "0 J")],
)
def test_readable_numbers(value, unit, text):
    assert readable(value, unit) == text


def test_a_prefix_is_never_put_before_another():
    assert scaled(1e6, "kg") == (1e6, r"$10^{6}$ kg")
