"""What holds for every store, whatever is done to it: closure, W <= E <= capacity, and no memory of the time axis."""

import math
from dataclasses import fields, replace
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from qsb.errors import SpecError
from qsb.stellar.history import simulate
from qsb.stellar.ledger import LEDGER_TOLERANCE
from qsb.stellar.loss import Loss, Pair
from qsb.stellar.store import State, Store
from stores import EDGES, LAWS, POWERS, SECOND, STARTS, stores

FEW = settings(max_examples=40)
STORES = stores(LAWS.values(), SECOND)


def run(store, inflow, demand, start, edges=EDGES):
    return simulate(store, edges, inflow, demand, start=start, rng=np.random.default_rng(3))


@FEW
@given(store=STORES, inflow=POWERS, demand=POWERS, start=STARTS)
def test_nothing_is_lost_and_nothing_is_impossible(store, inflow, demand, start):
    history = run(store, inflow, demand, start)
    ledger = history.ledger
    assert ledger.relative_residual <= LEDGER_TOLERANCE
    assert np.all(history.work >= 0)
    assert np.all(history.passive >= 0)
    assert np.all(history.work <= history.energy)
    assert np.all(history.energy <= store.capacity_limit)
    entries = [getattr(ledger, field.name) for field in fields(ledger)]
    assert all(entry >= -1e-15 * ledger.throughput for entry in entries)
    assert ledger.delivered + ledger.unserved == pytest.approx(np.dot(demand, np.diff(EDGES)), rel=1e-12)
    assert sum(history.regimes.values()) == pytest.approx(EDGES[-1], rel=1e-12)
    assert 0 <= history.time_full <= EDGES[-1] * (1 + 1e-12)
    assert 0 <= history.time_empty <= EDGES[-1] * (1 + 1e-12)
    times = [event.time for event in history.events]
    assert times == sorted(times)
    untouched = store.eta_in == 1 and store.dephasing == 0 and start.passive == 0
    if untouched and store.loss.avalanche in (None, LAWS["step"]):
        assert np.all(history.passive <= 1e-15 * ledger.throughput)


@FEW
@given(store=STORES, inflow=POWERS, demand=POWERS, start=STARTS, cuts=st.lists(st.floats(0.001, 0.999), max_size=3))
def test_how_the_axis_is_split_makes_no_difference(store, inflow, demand, start, cuts):
    whole = run(store, inflow, demand, start)
    extra = np.unique([a + (b - a) * cut for cut in [0.5, *cuts] for a, b in pairwise(EDGES)])
    edges = np.union1d(EDGES, extra)
    of = np.searchsorted(EDGES, edges[:-1], side="right") - 1
    fine = run(store, np.array(inflow)[of], np.array(demand)[of], start, edges)
    scale = whole.ledger.throughput
    kept = np.isin(edges, EDGES)
    np.testing.assert_allclose(fine.work[kept], whole.work, rtol=0, atol=1e-13 * scale)
    np.testing.assert_allclose(fine.passive[kept], whole.passive, rtol=0, atol=1e-13 * scale)
    for field in fields(whole.ledger):
        found, expected = getattr(fine.ledger, field.name), getattr(whole.ledger, field.name)
        assert found == pytest.approx(expected, rel=0, abs=1e-12 * scale)
    assert fine.regimes == {name: pytest.approx(value, abs=1e-11) for name, value in whole.regimes.items()}


@FEW
@given(store=STORES, inflow=POWERS, demand=POWERS, start=STARTS)
def test_the_end_of_one_run_starts_the_next(store, inflow, demand, start):
    rng = np.random.default_rng(3)
    first = simulate(store, EDGES[:3], inflow[:2], demand[:2], start=start, rng=rng)
    second = simulate(store, EDGES[2:], inflow[2:], demand[2:], start=first.end, rng=rng)
    whole = run(store, inflow, demand, start)
    assert second.end == whole.end
    assert first.events + second.events == whole.events


@FEW
@given(store=STORES, inflow=POWERS, start=STARTS, law=st.sampled_from(["none", "step", "logistic", "pair"]))
def test_more_power_stores_more_and_more_loss_less(store, inflow, start, law):
    """A scalar equation keeps the order of its solutions; latching and random avalanches do not, nor do two rates."""
    store = replace(store, loss=replace(store.loss, avalanche=LAWS[law]), passive_loss=None)
    energy = run(store, inflow, 0.0, start).energy
    more = run(store, 1.2 * np.array(inflow), 0.0, start).energy
    leaky = replace(store, loss=replace(store.loss, baseline=store.loss.baseline + 0.3))
    less = run(leaky, inflow, 0.0, start).energy
    slack = 1e-13 * max(1.0, energy.max())
    assert np.all(more >= energy - slack)
    assert np.all(less <= energy + slack)


@FEW
@given(store=STORES, inflow=POWERS, start=STARTS)
def test_two_rates_of_loss_keep_the_order_too_without_an_avalanche(store, inflow, start):
    """Linear with a matrix that has no negative entry off the diagonal, so work and passive energy both keep it."""
    store = replace(store, loss=replace(store.loss, avalanche=None), capacity=None)
    first = run(store, inflow, 0.0, start)
    more = run(store, 1.2 * np.array(inflow), 0.0, start)
    rest = store.passive_leak
    less = run(replace(store, passive_loss=Loss(rest.held + 0.4)), inflow, 0.0, start)
    slack = 1e-13 * max(1.0, first.energy.max())
    assert np.all(more.work >= first.work - slack)
    assert np.all(more.passive >= first.passive - slack)
    assert np.all(less.passive <= first.passive + slack)
    np.testing.assert_array_equal(less.work, first.work)


@FEW
@given(store=STORES, inflow=POWERS, demand=POWERS, start=STARTS)
def test_dephasing_takes_work_and_no_energy(store, inflow, demand, start):
    """Without a load and at one rate the energy does not know of dephasing, and the more of it, the less work."""
    store = replace(store, loss=replace(store.loss, avalanche=LAWS["step"]), passive_loss=None)
    mild, strong = (run(replace(store, dephasing=rate), inflow, 0.0, start) for rate in (0.1, 2.0))
    np.testing.assert_allclose(mild.energy, strong.energy, rtol=1e-12, atol=1e-14)
    assert np.all(strong.work <= mild.work + 1e-14)


@FEW
@given(store=STORES, inflow=POWERS, demand=POWERS, start=STARTS, power=st.sampled_from([1e-20, 1e3, 1e21]))
def test_the_unit_of_energy_is_free(store, inflow, demand, start, power):
    """Multiplying every energy by a number multiplies every result by it."""
    law = store.loss.avalanche
    names = {"threshold", "width", "smallest", "largest"} & {field.name for field in fields(law)} if law else set()
    scaled = replace(law, **{name: getattr(law, name) * power for name in names}) if law else None
    if isinstance(law, Pair):
        scaled = Pair(law.coefficient / power)
    capacity = None if store.capacity is None else store.capacity * power
    large = replace(store, capacity=capacity, loss=replace(store.loss, avalanche=scaled))
    begin = State(start.work * power, start.passive * power)
    expected = run(store, inflow, demand, start)
    found = run(large, np.array(inflow) * power, np.array(demand) * power, begin)
    scale = expected.ledger.throughput
    np.testing.assert_allclose(found.energy / power, expected.energy, rtol=0, atol=1e-12 * scale)
    np.testing.assert_allclose(found.work / power, expected.work, rtol=0, atol=1e-12 * scale)


class Quantity:
    """What astropy's quantities are to `si`: a value, and the sizes of its unit in SI units."""

    def __init__(self, value, size, unit):
        self.value, self.size, self.unit = value, size, unit

    def to_value(self, unit):
        if unit != self.unit:
            raise ValueError(f"no {unit}")
        return self.value * self.size


@settings(max_examples=20)
@given(hours=st.floats(0.1, 1e4), kilowatts=st.floats(0.0, 1e6), percent=st.floats(0.0, 50.0))
def test_units_go_round(hours, kilowatts, percent):
    """Hours, kilowatts, kilowatt hours and percent a day in, the same out."""
    leak = Quantity(percent / 100, 1 / 86400, "1 / s")
    store = Store(Loss(leak), capacity=Quantity(2 * hours * kilowatts + 1.0, 3.6e6, "J"), passive_loss=Loss(leak))
    run = simulate(store, Quantity(np.array([0.0, hours]), 3600.0, "s"), Quantity(kilowatts, 1e3, "W"))
    assert run.times[-1] / 3600 == pytest.approx(hours, rel=1e-15)
    assert run.ledger.inflow / 3.6e6 == pytest.approx(hours * kilowatts, rel=1e-14)
    x = percent / 100 * hours / 24
    kept = -math.expm1(-x) / x if x else 1.0
    assert run.end.energy / 3.6e6 == pytest.approx(hours * kilowatts * kept, rel=1e-13, abs=1e-300)
    with pytest.raises(SpecError, match="baseline of Loss must be given in 1 / s"):
        Loss(Quantity(1.0, 1.0, "s"))
