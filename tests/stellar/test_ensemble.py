"""Ensembles of stores: each member is what `simulate` says, and every ledger closes."""

from dataclasses import fields, replace
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from qsb.errors import ConvergenceError, SpecError
from qsb.stellar.ensemble import simulate_many
from qsb.stellar.history import simulate
from qsb.stellar.loss import Latching, Logistic, Loss, Step, Stochastic
from qsb.stellar.status import Status
from qsb.stellar.store import State, Store
from stores import EDGES, LAWS, POWERS, SECOND, STARTS, stores

STORES = stores([*LAWS.values(), Step(0.7, 0.1), Latching(0.7, 0.1, 0.9)], SECOND)
MEMBER = st.tuples(STORES, POWERS, POWERS, STARTS)


def compare(found, member, run):
    """One member against `simulate`, as shares of the throughput and of the duration."""
    scale, span = run.ledger.throughput or 1.0, found.times[-1] - found.times[0]
    ledger = found.ledger(member)
    for field in fields(ledger):
        assert getattr(ledger, field.name) == pytest.approx(getattr(run.ledger, field.name), rel=0, abs=1e-12 * scale)
    np.testing.assert_allclose(found.history[member, :, 0], run.work, rtol=0, atol=1e-12 * scale)
    np.testing.assert_allclose(found.history[member, :, 1], run.passive, rtol=0, atol=1e-12 * scale)
    for name, spans in found.regimes.items():
        assert spans[member] == pytest.approx(run.regimes.get(name, 0.0), rel=0, abs=1e-11 * span)
    assert found.time_full[member] == pytest.approx(run.time_full, rel=0, abs=1e-11 * span)
    assert found.time_empty[member] == pytest.approx(run.time_empty, rel=0, abs=1e-11 * span)


def streams(count):
    return np.random.default_rng(3).spawn(count)


@settings(max_examples=100, deadline=None)
@given(members=st.lists(MEMBER, min_size=1, max_size=4))
def test_members_are_what_simulate_says(members):
    """Every law, one rate of loss and two, side by side in one ensemble; random avalanches come from equal streams."""
    stores, inflow, demand, starts = (list(column) for column in zip(*members, strict=True))
    found = simulate_many(stores, EDGES, inflow, demand, start=starts, rng=np.random.default_rng(3), keep=True)
    for m, (stream, (store, power, asked, start)) in enumerate(zip(streams(len(members)), members, strict=True)):
        run = simulate(store, EDGES, power, asked, start=start, rng=stream)
        compare(found, m, run)
        end = found.state(m)
        assert end.latched == run.end.latched
        assert (end.clock is None) == (run.end.clock is None)
        assert end.clock is None or end.clock == pytest.approx(run.end.clock, rel=1e-10, abs=1e-10)
        top = max([*run.energy, *(event.energy for event in run.events)])
        if store.passive_held == store.loss.held and not isinstance(store.loss.avalanche, Stochastic):
            assert found.peak[m] == pytest.approx(top, rel=1e-12)
        else:
            assert found.peak[m] >= top * (1 - 1e-12)
    assert np.all(found.work >= 0)
    assert np.all(found.passive >= 0)
    assert found.work_residual.max() <= 1e-12


@settings(max_examples=60, deadline=None)
@given(members=st.lists(MEMBER, min_size=1, max_size=3), cuts=st.lists(st.floats(0.001, 0.999), max_size=3))
def test_how_the_axis_is_split_makes_no_difference(members, cuts):
    stores, inflow, demand, starts = (list(column) for column in zip(*members, strict=True))
    whole = simulate_many(stores, EDGES, inflow, demand, start=starts, rng=np.random.default_rng(3), keep=True)
    edges = np.union1d(EDGES, [a + (b - a) * cut for cut in [0.5, *cuts] for a, b in pairwise(EDGES)])
    of = np.searchsorted(EDGES, edges[:-1], side="right") - 1
    powers = np.array(inflow)[:, of], np.array(demand)[:, of]
    fine = simulate_many(stores, edges, *powers, start=starts, rng=np.random.default_rng(3), keep=True)
    scale = np.maximum(whole.flows["start"] + whole.flows["inflow"], 1e-300)[:, None]
    np.testing.assert_allclose(fine.history[:, np.isin(edges, EDGES)] / scale[:, None], whole.history / scale[:, None],
                               rtol=0, atol=1e-13)  # fmt: skip
    for name, flow in whole.flows.items():
        np.testing.assert_allclose(fine.flows[name] / scale[:, 0], flow / scale[:, 0], rtol=0, atol=1e-12)
    for name, spans in whole.regimes.items():
        np.testing.assert_allclose(fine.regimes[name], spans, rtol=0, atol=1e-11)
    np.testing.assert_allclose(fine.peak, whole.peak, rtol=1e-12)


@settings(max_examples=40, deadline=None)
@given(members=st.lists(MEMBER, min_size=1, max_size=3))
def test_the_end_of_one_ensemble_starts_the_next(members):
    stores, inflow, demand, starts = (list(column) for column in zip(*members, strict=True))
    power, asked, ours = np.array(inflow), np.array(demand), streams(len(members))
    whole = simulate_many(stores, EDGES, power, asked, start=starts, rng=np.random.default_rng(3))
    first = simulate_many(stores, EDGES[:3], power[:, :2], asked[:, :2], start=starts, rng=ours)
    states = [first.state(m) for m in range(len(first))]
    second = simulate_many(stores, EDGES[2:], power[:, 2:], asked[:, 2:], start=states, rng=ours)
    np.testing.assert_allclose(second.work, whole.work, rtol=1e-13, atol=1e-15)
    np.testing.assert_allclose(second.energy, whole.energy, rtol=1e-13, atol=1e-15)


def test_the_peak_of_two_rates_may_lie_between_the_edges():
    """E rises while work that keeps becomes passive energy that does not, and falls again."""
    store = Store(Loss(0.0), eta_in=1e-12, dephasing=1.0, passive_loss=Loss(3.0))
    found = simulate_many(store, [0, 3], 2.0, start=State(1.0, 0.0))
    edges = np.linspace(0, 3, 3001)
    fine = simulate(store, edges, 2.0, start=State(1.0, 0.0)).energy
    assert fine.max() > 1.1 * max(fine[0], fine[-1])
    assert found.peak[0] == pytest.approx(fine.max(), rel=1e-6)
    assert found.peak[0] >= fine.max()


def test_random_avalanches_belong_to_the_seed_and_the_member():
    store = Store(Loss(0.1, avalanche=Stochastic(1.0, 5.0, 1e-3, 0.5)))
    edges = np.linspace(0, 40, 81)

    def run(seed, members=6, power=1.0):
        return simulate_many(store, edges, np.full((members, 80), power), rng=np.random.default_rng(seed))

    first = run(7)
    np.testing.assert_array_equal(run(7).work, first.work)
    np.testing.assert_array_equal(run(7, members=3).work, first.work[:3])
    assert len(set(first.work)) == 6
    assert np.all(run(8).work != first.work)
    powers = np.full((6, 80), 1.0)
    powers[0] = 2.0
    other = simulate_many([store, *[replace(store, capacity=99.0)] * 5], edges, powers, rng=np.random.default_rng(7))
    np.testing.assert_array_equal(other.work[1:], first.work[1:])


@pytest.mark.parametrize("law", list(LAWS))
def test_a_year_of_every_law_and_two_rates(law):
    """Hundreds of events a member, against `simulate`; the logistic law is integrated, the others are exact."""
    count, members = 24 * 30, 2
    edges = np.linspace(0.0, count * 3600.0, count + 1)
    rng = np.random.default_rng(4)
    day = np.maximum(0.0, np.sin(2 * np.pi * np.arange(count) / 24))
    inflow, demand = 2e9 * day * rng.uniform(0.5, 1.5, (members, 1)), rng.uniform(0.0, 1e9, (members, count))
    laws = {
        "step": Step(2e13, 1e-5),
        "latching": Latching(2e13, 1e-5, 0.9),
        "stochastic": Stochastic(2e13, 1e-4, 1e9, 1e13),
        "logistic": Logistic(2e13, 1e-5, 1e12),
        "pair": replace(LAWS["pair"], coefficient=1e-19),
    }
    store = Store(Loss(1e-6, avalanche=laws.get(law)), capacity=2.5e13, eta_in=0.9, eta_out=0.8, dephasing=1e-6)
    store = replace(store, passive_loss=Loss(3e-6))
    found = simulate_many(store, edges, inflow, demand, rng=np.random.default_rng(3), keep=True)
    assert found.relative_residual.max() < 1e-13
    assert found.work_residual.max() < 1e-13
    compare(found, 1, simulate(store, edges, inflow[1], demand[1], rng=streams(2)[1]))


def test_a_year_of_days_and_nights():
    """Thousands of events a member: threshold, capacity, empty, on an axis whose steps differ in their last digit."""
    count, members = 24 * 365, 3
    edges = np.linspace(0.0, count * 3600.0, count + 1)
    rng = np.random.default_rng(4)
    day = np.maximum(0.0, np.sin(2 * np.pi * np.arange(count) / 24))
    inflow = 2e9 * day * rng.uniform(0.5, 1.5, (members, 1))
    demand = rng.uniform(0.0, 1e9, (members, count))
    law = Step(2e13, 1e-5)
    store = Store(Loss(1e-6, avalanche=law), capacity=2.5e13, eta_in=0.9, eta_out=0.8, dephasing=1e-6)
    found = simulate_many(store, edges, inflow, demand, keep=True)
    assert found.relative_residual.max() < 1e-13
    assert found.work_residual.max() < 1e-13
    assert min(found.time_full.max(), found.time_empty.min(), found.regimes["above"].max()) > 0
    run = simulate(store, edges, inflow[1], demand[1])
    compare(found, 1, run)


def test_members_may_share_everything_but_one():
    start = [State(0.1 * m) for m in range(3)]
    store = Store(Loss(0.3), capacity=1.0)
    found = simulate_many(store, EDGES, 0.2, start=start)
    assert len(found) == 3
    assert np.all(np.diff(found.work) > 0)
    more = simulate_many(store, EDGES, np.arange(12.0).reshape(3, 4))
    assert more.flows["inflow"] == pytest.approx([(np.arange(4) + 4 * m) @ np.diff(EDGES) for m in range(3)])
    several = simulate_many([store, replace(store, capacity=0.5)], EDGES, 3.0)
    assert several.work == pytest.approx([1.0, 0.5])
    assert several.status is Status.ENGINEERING
    assert several.history is None


def test_threads_give_the_same(monkeypatch):
    from qsb.stellar import ensemble

    store = Store(Loss(0.3, avalanche=Step(1.0, 2.0)), capacity=1.2)
    inflow = np.random.default_rng(0).uniform(0, 4, (7, 4))
    alone = simulate_many(store, EDGES, inflow)
    monkeypatch.setattr(ensemble, "_WORTH", 1)
    monkeypatch.setattr(ensemble.os, "sched_getaffinity", lambda process: range(3), raising=False)
    for name in ("NUMBA_NUM_THREADS", "OMP_NUM_THREADS"):
        monkeypatch.delenv(name, raising=False)
    np.testing.assert_array_equal(simulate_many(store, EDGES, inflow).work, alone.work)


def test_a_smooth_law_that_is_too_steep_is_refused():
    store = Store(Loss(0.1, avalanche=Logistic(1.0, 1e6, 1e-13)))
    with pytest.raises(ConvergenceError, match="larger width"):
        simulate_many(store, [0, 10], 3.0)


RANDOM = Store(Loss(0.1, avalanche=Stochastic(1.0, 5.0, 1e-3, 0.5)))


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda s: simulate_many([s, RANDOM], EDGES, 1.0), "the stochastic law needs rng"),
        (lambda s: simulate_many(RANDOM, EDGES, 1.0, rng=7), "rng must be a Generator"),
        (lambda s: simulate_many(RANDOM, EDGES, 1.0, rng=[7]), "rng 0 must be a numpy Generator"),
        (lambda s: simulate_many([s, RANDOM], EDGES, 1.0, rng=streams(3)), "rng holds 3 streams for 2 members"),
        (lambda s: simulate_many(s, EDGES, np.ones((2, 3))), "inflow must be one number, 4 values"),
        (lambda s: simulate_many(s, EDGES, np.full((2, 4), np.nan)), "inflow must be finite and not negative"),
        (lambda s: simulate_many(s, EDGES, np.full((2, 4), -1.0)), "inflow must be finite and not negative"),
        (lambda s: simulate_many([s, s], EDGES, np.ones((3, 4))), "for one or for all members"),
        (lambda s: simulate_many(s, EDGES, 1.0, start=State(5.0)), "start 0 holds 5 J, more than the capacity"),
        (lambda s: simulate_many([s, 3.0], EDGES, 1.0), "store 1 must be a Store"),
        (lambda s: simulate_many(s, EDGES, 1.0, start=["full"]), "start 0 must be a State"),
        (lambda s: simulate_many(s, EDGES, 1.0, start=0.5), "start must be a State, or one a member"),
        (lambda s: simulate_many(s, [0.0], 1.0), "times must be two or more"),
    ],
)
def test_wrong_requests_are_refused(call, words):
    with pytest.raises(SpecError, match=words):
        call(Store(Loss(0.1), capacity=1.0))
