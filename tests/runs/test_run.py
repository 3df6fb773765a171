"""One call: what it returns, what it refuses and in which words, and the scalars that lie between save times."""

import json

import numpy as np
import pytest
from scipy.optimize import minimize_scalar

import qsb
from qsb.algebra.opsum import OpSum
from qsb.algebra.space import Space
from qsb.algebra.terms import Local, Matrix, Pair
from qsb.charging.envelope import Function, Piecewise, Sinusoidal
from qsb.charging.environment import Channel
from qsb.charging.protocol import Stage
from qsb.quantities import names, quantity
from qsb.runs.dataset import ATTRIBUTES
from qsb.runs.figures import DEFAULT_FIGURES
from systems import cells, field_energy, pairs

RABI = np.sqrt(2.0)
STEADY = {"steady_stored_energy", "steady_energy_above_ground", "steady_ergotropy"}
ALWAYS = {
    "charging_time",
    "peak_stored_energy",
    "peak_power",
    "peak_power_time",
    "peak_average_power",
    "ground_energy",
    "body_order",
    "cells",
}
NOISE = (qsb.emission(0.05), qsb.dephasing(0.02))


# -- what comes back --


def test_default_figures_and_scalars():
    data = qsb.run(cells(3, field=0.5))
    found = set(data.data_vars)
    assert found == set(DEFAULT_FIGURES) | ALWAYS | {"peak_ergotropy", "charger_span"}
    assert {n for n in found if quantity(n).kind == "scalar"} == ALWAYS | {"peak_ergotropy", "charger_span"}
    assert all(data[n].dims == () for n in ALWAYS)
    assert set(ATTRIBUTES) <= set(data.attrs)


def test_every_scalar_of_the_nomenclature_comes_with_some_run():
    assert set(names("scalar")) == ALWAYS | {"peak_ergotropy", "charger_span"} | STEADY


def test_the_ergotropy_peak_comes_only_with_the_ergotropy():
    data = qsb.run(cells(2, field=0.5), ["power"])
    assert set(data.data_vars) == {"power", "charger_span"} | ALWAYS


@pytest.mark.parametrize("figures", [["power", "stored_energy", "power"], ("power", "stored_energy")])
def test_figures_in_any_order_and_twice(figures):
    data = qsb.run(cells(2, field=0.5), figures)
    assert {n for n in data.data_vars if quantity(n).kind == "series"} == {"power", "stored_energy"}


def test_provenance():
    problem = cells(3, coupling=pairs(0.5), channels=NOISE, duration=2.0)
    data = qsb.run(problem, ["power"], title="A run", seed=17, spec="cells = 3", tolerance=1e-7)
    assert data.attrs["title"] == "A run"
    assert data.attrs["seed"] == 17
    assert data.attrs["spec"] == "cells = 3"
    assert data.attrs["fingerprint"] == problem.fingerprint
    assert data.attrs["exact"] == 1
    made = json.loads(data.attrs["plan"])
    assert made == qsb.plan(problem, ["power", "stored_energy"]).to_dict()
    assert made["representation"] == "density"
    budget = json.loads(data.attrs["error_budget"])
    assert budget["tolerance"] == 1e-7
    assert {"trace", "hermiticity", "negativity"} <= set(budget)
    assert set(json.loads(data.attrs["versions"])) >= {"qsb", "numpy", "scipy", "xarray"}
    assert "arXiv:1811.04005" in data.attrs["references"]
    assert "hbar = 1" in data.attrs["conventions"]
    assert data.attrs["charging_time_of"] == "stored_energy"
    assert qsb.run(problem, ["power"]).attrs["title"] == "ensemble"


def test_the_same_run_twice_is_the_same_to_the_last_bit():
    for make in (
        lambda: cells(
            3, coupling=pairs(0.5), channels=NOISE, protocol=qsb.quench(3.0, Sinusoidal(1.0)), times=[1.0, 3.0]
        ),
        lambda: cells(11, coupling=pairs(0.5), duration=2.0),
        lambda: cells(10**6, field=0.5, channels=NOISE),
    ):
        a, b = (qsb.run(make(), ["stored_energy", "ergotropy", "power"], seed=s) for s in (0, 0))
        assert a.attrs == b.attrs
        for name in a.variables:
            assert a[name].values.tobytes() == b[name].values.tobytes(), name


def test_nothing_is_random():
    a, b = (qsb.run(cells(3, coupling=pairs(0.5)), seed=s) for s in (0, 1))
    assert a.attrs.pop("seed") == 0
    assert b.attrs.pop("seed") == 1
    assert a.identical(b)


def test_progress_is_told():
    seen = []
    qsb.run(cells(3, field=0.5), ["power"], progress=seen.append)
    assert seen[-1] == 1.0
    assert all(0 < x <= 1 for x in seen)


# -- scalars between save times --


def coarse(n, *, channels=(), points=6, duration=5.0, **how):
    """Return a problem whose save times miss every maximum."""
    how = how or {"field": 0.5}
    return cells(n, channels=channels, duration=duration, times=np.linspace(0, duration, points), **how)


@pytest.mark.parametrize("points", [2, 3, 6, 23])
@pytest.mark.parametrize("representation", ["product", "symmetric", "ket", "density"])
def test_peaks_lie_between_the_save_times(points, representation):
    """E = N/2 sin^2(O t/2), whose first maximum is at pi/O and whose power is largest at pi/(2 O)."""
    data = qsb.run(coarse(2, points=points), representation=representation)
    assert float(data["peak_stored_energy"]) == pytest.approx(1.0, rel=1e-5)
    assert float(data["charging_time"]) == pytest.approx(np.pi / RABI, abs=2e-3)
    assert float(data["peak_power"]) == pytest.approx(RABI / 2, rel=1e-5)
    assert float(data["peak_power_time"]) == pytest.approx(np.pi / 2 / RABI, abs=2e-3)
    assert float(data["peak_ergotropy"]) == pytest.approx(1.0, rel=1e-5)
    best = minimize_scalar(lambda t: -field_energy(2, 0.5, t) / t, bounds=(0.5, 2.2), method="bounded")
    assert float(data["peak_average_power"]) == pytest.approx(-best.fun, rel=1e-5)
    assert float(data["ground_energy"]) == -1.0
    assert float(data["cells"]) == 2
    assert float(data["body_order"]) == 1
    assert float(data["charger_span"]) == pytest.approx(2.0)


def test_the_earliest_of_equal_maxima_counts():
    data = qsb.run(coarse(2, points=31, duration=20.0), ["stored_energy"])
    assert float(data["charging_time"]) == pytest.approx(np.pi / RABI, abs=1e-2)


def test_peaks_do_not_depend_on_the_grid_of_a_noisy_run():
    """With losses neither maximum has a closed form, and a fine grid shows both."""
    fine = qsb.run(coarse(2, channels=NOISE, points=4001))
    rough = qsb.run(coarse(2, channels=NOISE, points=4))
    for name in ("peak_stored_energy", "peak_power", "peak_average_power", "peak_ergotropy"):
        assert float(rough[name]) == pytest.approx(float(fine[name]), rel=1e-5), name
        series = name.removeprefix("peak_")
        assert float(fine[name]) == pytest.approx(float(fine[series].max()), rel=1e-5), name


def test_a_maximum_before_the_first_save_time_is_outside_the_window():
    problem = cells(1, field=0.5, duration=3.5, times=np.linspace(2.8, 3.5, 8))
    data = qsb.run(problem, ["stored_energy", "power"])
    assert float(data["charging_time"]) == pytest.approx(2.8)
    assert float(data["peak_stored_energy"]) == pytest.approx(field_energy(1, 0.5, 2.8), abs=1e-9)
    assert float(data["peak_power"]) == pytest.approx(float(data["power"].max()), abs=1e-6)


def test_a_switched_charger_peaks_at_the_switch():
    """The power is largest just before the charger goes off, and that instant is not saved."""
    stages = qsb.Protocol((Stage("charge", 0.8), Stage("store", 1.2)))
    data = qsb.run(cells(1, field=0.5, protocol=stages, times=[0.0, 0.5, 1.0, 1.5, 2.0]), ["stored_energy", "power"])
    assert float(data["peak_power_time"]) == pytest.approx(0.8, abs=1e-9)
    assert float(data["peak_power"]) == pytest.approx(0.5 / RABI * np.sin(RABI * 0.8), rel=1e-6)
    assert float(data["peak_stored_energy"]) == pytest.approx(field_energy(1, 0.5, 0.8), abs=1e-8)
    assert float(data["charging_time"]) == pytest.approx(0.8, abs=1e-9)


@pytest.mark.parametrize("timed", ["power", "energy_above_ground", "average_power", "ergotropy", "capacity"])
def test_charging_time_of_another_figure(timed):
    data = qsb.run(coarse(2, channels=NOISE, points=41), ["stored_energy"], charging_time_of=timed)
    assert data.attrs["charging_time_of"] == timed
    assert {n for n in data.data_vars if quantity(n).kind == "series"} == {"stored_energy"}
    full = qsb.run(coarse(2, channels=NOISE, points=2001), [timed])
    expected = float(full["time"][int(np.argmax(full[timed].values))])
    assert float(data["charging_time"]) == pytest.approx(expected, abs=2e-2)  # the capacity is flat at its maximum


# -- a representation by name --


@pytest.mark.parametrize("representation", ["product", "symmetric", "ket", "density"])
def test_a_representation_that_is_asked_for_is_used(representation):
    data = qsb.run(cells(2, field=0.5), representation=representation)
    made = json.loads(data.attrs["plan"])
    assert made["representation"] == representation
    np.testing.assert_allclose(data["stored_energy"], field_energy(2, 0.5, data["time"].values), rtol=0, atol=1e-8)


@pytest.mark.parametrize(
    ("problem", "figure", "representation", "reason"),
    [
        (cells(3, field=0.5), "coherent_ergotropy", "product", "is no product"),
        (cells(2, coupling=pairs(0.5), channels=NOISE), "entanglement_entropy", "auto", "for pure states only"),
        (cells(2, coupling=pairs(0.5)), "entanglement_entropy", "density", "for pure states only"),
        (cells(3, field=[0.1, 0.2, 0.3]), "bound_fisher", "product", "cells of one kind"),
        (cells(3, coupling=pairs(0.5, role="battery"), field=0.5), "local_ergotropy", "auto", "sum over cells"),
        (cells(3, coupling=pairs(0.5, role="battery"), field=0.5), "bound_locality", "auto", "sum over cells"),
        (cells(300, coupling=pairs(0.5, "all")), "bound_norm", "symmetric", "up to N = 256"),
    ],
)
def test_a_figure_that_a_representation_cannot_give_is_refused_with_the_reason(problem, figure, representation, reason):
    with pytest.raises(qsb.PlanError, match=reason) as caught:
        qsb.run(problem, [figure], representation=representation, cut=1)
    assert "What to do" in str(caught.value)


def test_opaque_operators_name_no_cells():
    meter = np.kron(np.diag([1.0, 0.0]), np.eye(2)) + np.kron(np.eye(2), np.diag([1.0, 0.0]))
    flip = np.fliplr(np.eye(4))
    battery = qsb.Battery(Space.spins(2), OpSum((Matrix(meter),)), OpSum((Matrix(flip),)))
    problem = qsb.Problem(battery, qsb.quench(2.0))
    assert float(qsb.run(problem)["peak_stored_energy"]) == pytest.approx(1.0, rel=1e-6)
    with pytest.raises(qsb.PlanError, match="opaque"):
        qsb.run(problem, ["local_ergotropy"])


# -- refusals by name --


@pytest.mark.parametrize(
    ("figures", "options", "words"),
    [
        (["stored_enrgy"], {}, "did you mean 'stored_energy'"),
        (["peak_power"], {}, "'peak_power' is no time series; scalars come with every run"),
        (["time"], {}, "is no time series"),
        (["subset_ergotropy"], {}, "needs the cells of the subset"),
        (["subset_ergotropy"], {"subset": (0, 0)}, "different cells"),
        (["subset_ergotropy"], {"subset": (3,)}, r"in 0\.\.2, but it is \[3\]"),
        (["subset_ergotropy"], {"subset": (-1,)}, "different cells"),
        (["entanglement_entropy"], {}, "needs the cut"),
        (["entanglement_entropy"], {"cut": 0}, "both sides"),
        (["entanglement_entropy"], {"cut": 3}, r"1\.\.2, but it is 3"),
        (["power"], {"tolerance": 1.0}, "tolerance must lie between"),
        (["power"], {"tolerance": 0.0}, "tolerance must lie between"),
        (["power"], {"tolerance": np.nan}, "tolerance must lie between"),
        (["power"], {"charging_time_of": "peak_power"}, "must be a time series"),
        (["power"], {"charging_time_of": "powr"}, "did you mean 'power'"),
        (["power"], {"representation": "kett"}, "is unknown"),
        (["power"], {"memory": "4 gigs"}, "unknown unit"),
    ],
)
def test_impossible_requests(figures, options, words):
    with pytest.raises(qsb.SpecError, match=words):
        qsb.run(cells(3, coupling=pairs(0.5)), figures, **options)


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda x: qsb.models.ensemble(2, field=x), "field must be finite"),
        (lambda x: qsb.models.ensemble(2, field=[0.1, x]), "field must be finite"),
        (lambda x: qsb.models.ensemble(2, frequency=x), "frequency must be finite"),
        (lambda x: qsb.models.ensemble(2, tilt=x), "tilt must be finite"),
        (lambda x: qsb.models.ensemble(2, flip=x), "flip must be finite"),
        (lambda x: qsb.models.ensemble(2, coupling=pairs(x)), "strength must be finite"),
        (lambda x: Local("x", x), "strength of sum x"),
        (lambda x: Pair("x", "x", x), "xx coupling"),
        (lambda x: OpSum((Local("x", 1.0),)) * x, "factor"),
        (lambda x: Matrix(np.full((2, 2), x)), "operator matrix"),
        (lambda x: qsb.emission(x), "rate of emission"),
        (lambda x: qsb.dephasing([0.1, x]), "rate of dephasing"),
        (lambda x: qsb.thermal(0.1, nbar=x), "nbar"),
        (lambda x: qsb.thermal(0.1, temperature=x), "temperature"),
        (lambda x: qsb.quench(x), "duration"),
        (lambda x: Sinusoidal(x), "frequency of an envelope"),
        (lambda x: Piecewise((0.0, 1.0), (x,)), "envelope"),
        (lambda x: qsb.Start("thermal", temperature=x), "temperature"),
        (lambda x: qsb.Start("product", bloch=np.array([0, 0, x])), "finite"),
    ],
)
def test_numbers_that_are_none_are_refused_by_name(make, bad, words):
    with pytest.raises(qsb.SpecError, match=words):
        make(bad)


@pytest.mark.parametrize("bad", [np.nan, np.inf, 1j])
def test_an_envelope_that_returns_no_number(bad):
    envelope = Function(lambda t: bad if t > 0.5 else 1.0, 0.1)
    with pytest.raises(qsb.SpecError, match="real finite number"):
        qsb.run(cells(2, field=0.5, protocol=qsb.quench(1.0, envelope), times=[1.0]), ["power"])


@pytest.mark.parametrize(
    "make",
    [qsb.emission, qsb.pumping, qsb.dephasing, lambda r: qsb.thermal(r, nbar=0.1), lambda r: qsb.thermal(0.1, nbar=r)],
)
@pytest.mark.parametrize("rate", [-0.1, [0.1, -1e-9]])
def test_negative_rates(make, rate):
    with pytest.raises(qsb.SpecError, match="not negative"):
        make(rate)


def test_rates_of_other_cells_than_there_are():
    with pytest.raises(qsb.SpecError, match=r"one rate or 3 rates"):
        cells(3, field=0.5, channels=(qsb.emission([0.1, 0.2]),))


@pytest.mark.parametrize(
    ("battery", "interaction", "charger", "words"),
    [
        ((Local("+", 1.0),), (), (), "H_B is not Hermitian"),
        ((Local("z", 0.5),), (Local("-", 1.0),), (), "V is not Hermitian"),
        ((Local("z", 0.5),), (Local("x", 0.5j),), (), "V is not Hermitian"),
        ((Local("z", 0.5),), (Pair("+", "-", 0.5),), (), "V is not Hermitian"),
        ((Local("z", 0.5),), (Matrix(np.triu(np.ones((4, 4)))),), (), "V is not Hermitian"),
        ((Local("z", 0.5),), (), (Local("z", 1j),), "H_C is not Hermitian"),
    ],
)
def test_hamiltonians_that_are_not_hermitian(battery, interaction, charger, words):
    with pytest.raises(qsb.StructureError, match=words):
        qsb.Battery(Space.spins(2), OpSum(battery), OpSum(interaction), OpSum(charger))


def test_ladder_operators_with_their_adjoints_are_hermitian():
    battery = qsb.Battery(
        Space.spins(2), OpSum((Local("z", 0.5),)), OpSum((Pair("+", "-", 0.5j), Pair("-", "+", -0.5j)))
    )
    assert qsb.run(qsb.Problem(battery, qsb.quench(1.0)), ["power"]).attrs["exact"] == 1


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ({"kind": "emision", "rate": 0.1}, "'emision'"),
        ({"kind": "thermal", "rate": 0.1}, "either nbar or temperature"),
        ({"kind": "thermal", "rate": 0.1, "nbar": 1.0, "temperature": 1.0}, "not both"),
        ({"kind": "emission", "rate": 0.1, "nbar": 1.0}, "belong to a thermal channel"),
        ({"kind": "emission", "rate": np.array([0.1, 0.2]), "collective": True}, "has one rate"),
        ({"kind": "custom", "rate": 0.1}, "needs its jump operator"),
    ],
)
def test_channels_that_are_none(arguments, words):
    with pytest.raises(qsb.SpecError, match=words):
        Channel(**arguments)


def test_a_temperature_needs_a_positive_gap():
    with pytest.raises(qsb.StructureError, match="positive frequency"):
        cells(2, frequency=-1.0, channels=(qsb.thermal(0.1, temperature=1.0),))
    with pytest.raises(qsb.StructureError, match="give nbar"):
        cells(2, tilt=0.2, channels=(qsb.thermal(0.1, temperature=1.0),))


def test_a_figure_that_is_no_number_is_never_returned(monkeypatch):
    monkeypatch.setitem(qsb.runs.run.FIGURES, "ergotropy", lambda r: np.full(len(r.series.times), np.nan))
    with pytest.raises(qsb.ConvergenceError, match="ergotropy"):
        qsb.run(cells(2, field=0.5), ["ergotropy"])


def test_a_window_that_no_grid_resolves_gives_no_peaks_and_says_so():
    """A million oscillations between two save times: the series are right and there are no scalars of maxima."""
    problem = cells(1, frequency=1e6, field=2e5, duration=20.0, times=[0.0, 20.0])
    data = qsb.run(problem, ["stored_energy"])
    expected = field_energy(1, 2e5, 20.0, 1e6)
    assert float(data["stored_energy"][1]) == pytest.approx(expected, abs=1e-3 * 1e6)
    assert "peak_power" not in data
    assert "charging_time" not in data
    assert "shorten the window" in data.attrs["left_out"]


@pytest.mark.parametrize(
    ("name", "value"),
    [("samples", 0), ("bond", 0), ("tolerance", 0), ("tolerance", "x"), ("cut", 1.0), ("subset", ["a"])],
)
def test_arguments_beside_a_spec_are_checked_like_its_keys(name, value):
    spec = {"model": {"name": "ensemble", "cells": 2, "field": 0.5}, "stage": [{"duration": 1.0}]}
    with pytest.raises(qsb.SpecError):
        qsb.run(spec, **{name: value})


def test_no_memory_is_not_the_default_memory():
    with pytest.raises(qsb.PlanError, match="the limit is 0"):
        qsb.run(cells(2, field=0.5), memory=0)
