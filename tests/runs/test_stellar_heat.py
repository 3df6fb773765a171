"""Heat and work of stellar runs: what is refused, closed forms of the radiator, and balances that close."""

import json

import numpy as np
import pytest

import qsb
from qsb.plots import stellar
from qsb.runs.stellar.text import summary
from qsb.stellar.constants import STEFAN_BOLTZMANN

from .test_stellar_spec import EXAMPLES, edited

LEAK = 1e-6


def full(refused=None, **radiator):
    """A store of 1 TJ that is full from the start and serves no load."""
    spec = edited("load", {"power": 0.0})
    spec["store"] |= {"start_work": "1 TJ", "loss": {"baseline": LEAK}, "dephasing": 1e-7}
    spec["radiator"] = {"temperature": "320 K"} | radiator
    if refused is not None:
        spec["collector"]["refused"] = refused
    return spec


def met(data):
    """Light on the collector, W."""
    return float(data["irradiance_total"]) * 1e6


def unaccounted(data):
    """What is taken up and neither stored, delivered nor heat, as a share of what was there and is taken up."""
    steps = np.diff(data["elapsed"].values)
    collected, waste = (float(data[name].values[1:] @ steps) for name in ("collected_power", "waste_power"))
    came = float(data["ledger_start"]) + collected
    return abs(came - float(data["ledger_end"]) - float(data["ledger_delivered"]) - waste) / came


def test_all_that_a_full_store_is_offered_leaves_as_heat():
    """Nothing is delivered and nothing more is stored: the radiator sheds all that the collector takes up."""
    data = qsb.run(full())
    taken = 0.7 * met(data)
    assert float(data["mean_waste"]) == pytest.approx(taken, rel=1e-13)
    assert float(data["peak_waste"]) == pytest.approx(taken, rel=1e-13)
    assert float(data["collector_waste"]) == pytest.approx(0.6 * taken, rel=1e-13)
    assert float(data["store_waste"]) == pytest.approx(LEAK * 1e12, rel=1e-13)
    assert float(data["refused_waste"]) == pytest.approx(0.4 * taken - LEAK * 1e12, rel=1e-12)
    assert float(data["radiator_area"]) == pytest.approx(taken / (STEFAN_BOLTZMANN * 320.0**4), rel=1e-12)
    assert float(data["ledger_dumped"]) == float(data["ledger_clipped"])
    assert float(data["throughput"]) == pytest.approx(taken, rel=1e-13)
    assert unaccounted(data) <= 1e-12


def test_light_that_is_turned_away_is_neither_work_nor_heat():
    """The collector takes up what makes the work that leaks, and the heat that goes with it: LEAK E/0.4 in all."""
    data = qsb.run(full("turned away"))
    taken = LEAK * 1e12 / 0.4
    assert float(data["mean_waste"]) == pytest.approx(taken, rel=1e-12)
    assert float(data["collector_waste"]) == pytest.approx(0.6 * taken, rel=1e-12)
    assert float(data["refused_waste"]) == 0.0
    assert float(data["throughput"]) == pytest.approx(taken, rel=1e-12)
    assert float(data["ledger_dumped"]) == 0.0
    assert float(data["ledger_clipped"]) == float(qsb.run(full())["ledger_clipped"])
    assert unaccounted(data) <= 1e-12
    for name in ("ledger_residual_share", "work_ledger_residual_share"):
        assert float(data[name]) <= 1e-12
    collector = next(part for part in json.loads(data.attrs["parts"]) if part["name"] == "collector")
    assert "turned away" in collector["what"]


def test_the_temperature_that_a_given_area_reaches():
    data = qsb.run(full(area="0.5 km2"))
    hot = (0.7 * met(data) / (5e5 * STEFAN_BOLTZMANN)) ** 0.25
    assert float(data["radiator_reached"]) == pytest.approx(hot, rel=1e-12)
    assert "radiator_reached" not in qsb.run(full())


@pytest.mark.parametrize("refused", ["heat", "turned away"])
@pytest.mark.parametrize("name", ["solar-buffer", "m-dwarf-flare", "pulsar", "kerr"])
def test_every_joule_of_the_examples_is_somewhere(name, refused):
    spec = qsb.load_spec(EXAMPLES / f"{name}.toml").to_dict()
    spec["collector"]["refused"] = refused
    if "flares" in spec:
        spec["flares"].pop("ensemble")
    data = qsb.run(spec)
    assert unaccounted(data) <= 1e-12
    means = sum(float(data[f"{part}_waste"]) for part in ("collector", "store", "refused"))
    assert means == pytest.approx(float(data["mean_waste"]), rel=1e-12)
    assert (float(data["refused_waste"]) > 0) == (refused == "heat" and float(data["ledger_clipped"]) > 0)


def test_the_work_ledger_of_a_run():
    data = qsb.run(full())
    gone = ("drawn", "dephased", "relaxed", "avalanche")
    spent = data["store_work"] + sum(data[f"{name}_work"] for name in gone)
    came = float(data["work_ledger_start"]) + data["gained_work"]
    np.testing.assert_allclose(spent, came, rtol=1e-12)
    assert float(data["work_ledger_residual_share"]) <= 1e-12
    pairs = {"gained_work": "gained", "drawn_work": "drawn", "relaxed_work": "relaxation"}
    pairs |= {"dephased_work": "dephasing", "avalanche_work": "avalanche"}
    for series, entry in pairs.items():
        assert float(data[series][-1]) == pytest.approx(float(data[f"work_ledger_{entry}"]), rel=1e-12)
    assert (data["store_work"] <= data["store_energy"]).all()
    # dephased work is no heat until it leaks
    assert float(data["work_ledger_dephasing"]) > 0
    text = summary(data)
    assert text.index("Energy ledger:") < text.index("Work ledger:") < text.index("Waste heat:")


def test_the_ledger_of_a_figure_says_what_became_of_the_refused():
    words = {"heat": "refused, heat", "turned away": "refused, turned away"}
    for refused, text in words.items():
        figure = stellar.plot_ledger(qsb.run(full(refused)))
        shown = [entry.get_text() for entry in figure.axes[0].get_legend().get_texts()]
        assert [word for word in shown if word.startswith("refused")] == [text]


def test_another_word_is_refused():
    with pytest.raises(qsb.SpecError, match=r"collector\.refused"):
        qsb.plan(full("reflected"))


def test_the_conventions_of_a_dataset_say_that_what_is_refused_is_heat():
    data = qsb.run(full())
    assert float(data["refused_waste"]) > 0
    assert "clips had been absorbed and is waste heat" in data.attrs["conventions"]
    assert "no waste heat" not in data.attrs["conventions"]
