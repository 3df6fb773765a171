"""The time of a plan: from rates that are measured once and kept; an estimate, not a promise."""

import json

import pytest

import qsb
from qsb.dynamics import pace as module
from qsb.dynamics.pace import Pace, measure, pace
from qsb.dynamics.representation import Work
from qsb.errors import SpecError
from qsb.units import format_seconds
from systems import cells, pairs

SLOW = Pace(flops=1e9, bandwidth=1e8, call=1e-3)


@pytest.fixture(autouse=True)
def own_cache(tmp_path, monkeypatch):
    """Each test has a cache of its own."""
    monkeypatch.setenv("QSB_CACHE", str(tmp_path / "cache"))
    pace.cache_clear()
    yield tmp_path / "cache" / "pace.json"
    pace.cache_clear()


def test_seconds_add_up():
    assert SLOW.seconds(Work(flops=2e9, traffic=3e8, calls=4.0)) == pytest.approx(2 + 3 + 0.004)
    assert SLOW.seconds(Work() + Work(1e9) + Work(calls=1000)) == pytest.approx(2.0)


def test_rates_are_of_this_world():
    found = measure()
    assert 1e8 < found.flops < 1e12
    assert 1e8 < found.bandwidth < 1e12
    assert 1e-7 < found.call < 1e-2


def test_rates_are_measured_once_and_kept(own_cache, monkeypatch):
    first = pace()
    kept = json.loads(own_cache.read_text(encoding="utf-8"))
    assert kept["flops"] == first.flops
    monkeypatch.setattr(module, "measure", lambda: pytest.fail("measured again"))
    pace.cache_clear()
    assert pace() == first


@pytest.mark.parametrize("content", ["", "{", "[]", '{"machine": "another", "flops": 1, "bandwidth": 1, "call": 1}'])
def test_a_cache_that_cannot_be_used_is_measured_again(own_cache, monkeypatch, content):
    own_cache.parent.mkdir()
    own_cache.write_text(content, encoding="utf-8")
    monkeypatch.setattr(module, "measure", lambda: SLOW)
    assert pace() == SLOW
    assert json.loads(own_cache.read_text(encoding="utf-8"))["call"] == 1e-3


def test_a_cache_that_cannot_be_written_is_no_error(tmp_path, monkeypatch):
    (tmp_path / "file").write_text("", encoding="utf-8")
    monkeypatch.setenv("QSB_CACHE", str(tmp_path / "file"))
    monkeypatch.setattr(module, "measure", lambda: SLOW)
    assert pace() == SLOW


def test_a_plan_says_how_long(monkeypatch):
    monkeypatch.setattr(module, "measure", lambda: SLOW)
    made = qsb.plan(cells(8, coupling=pairs(0.5)))
    assert f"about {format_seconds(made.seconds)}" in str(made)
    assert made.to_dict()["work"].keys() == {"flops", "traffic", "calls"}


@pytest.mark.parametrize(
    ("time", "text"),
    [
        (0.0, "0 us"),
        (2.4e-5, "24 us"),
        (0.0456, "46 ms"),
        (12.3, "12 s"),
        (300.0, "5 min"),
        (9000.0, "2.5 h"),
        (86400 * 30, "30 days"),
        (86400 * 365.25 * 1e6, "about 10^6 years"),
        (float("inf"), "for ever"),
    ],
)
def test_times_for_people(time, text):
    assert format_seconds(time) == text


@pytest.mark.parametrize("time", [-1.0, float("nan")])
def test_a_time_that_is_none_is_refused(time):
    with pytest.raises(SpecError, match="negative or not a number"):
        format_seconds(time)


# -- the integrator may be named --


@pytest.mark.parametrize("name", ["eigen", "chebyshev", "dop853"])
def test_a_named_integrator_gives_the_same(name):
    problem = cells(3, coupling=pairs(0.5), field=0.2, duration=3.0)
    ours = qsb.run(problem, ["power"], integrator=name)
    assert json.loads(ours.attrs["plan"])["integrators"] == [name]
    assert abs(ours["power"] - qsb.run(problem, ["power"])["power"]).max() < 1e-8


@pytest.mark.parametrize(
    ("name", "problem", "words"),
    [
        ("krylof", cells(2, field=0.5), "is unknown"),
        ("chebyshev", cells(2, coupling=pairs(), channels=(qsb.emission(0.1),)), "holds none here"),
        ("eigen", cells(8, coupling=pairs(), field=0.1), "needs a dense generator"),
    ],
)
def test_an_integrator_that_cannot_is_refused(name, problem, words):
    with pytest.raises(qsb.QsbError, match=words):
        qsb.run(problem, ["power"], integrator=name)
