"""Ensembles of stores: each member is what `simulate` says, and every ledger closes."""

from dataclasses import fields, replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from qsb.errors import SpecError
from qsb.stellar.ensemble import simulate_many
from qsb.stellar.history import simulate
from qsb.stellar.loss import Latching, Loss, Pair, Step
from qsb.stellar.status import Status
from qsb.stellar.store import State, Store
from stores import EDGES, POWERS, STARTS, stores

STORES = stores([None, Step(1.0, 3.0), Step(0.7, 0.1)])
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


@settings(max_examples=60, deadline=None)
@given(members=st.lists(MEMBER, min_size=1, max_size=4))
def test_members_are_what_simulate_says(members):
    stores, inflow, demand, starts = (list(column) for column in zip(*members, strict=True))
    found = simulate_many(stores, EDGES, inflow, demand, start=starts, keep=True)
    for m, (store, power, asked, start) in enumerate(members):
        run = simulate(store, EDGES, power, asked, start=start)
        compare(found, m, run)
        tops = [*run.energy, *(event.energy for event in run.events)]
        assert found.peak[m] == pytest.approx(max(tops), rel=1e-12)
    assert np.all(found.work >= 0)
    assert np.all(found.passive >= 0)
    assert found.work_residual.max() <= 1e-12


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


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda s: simulate_many(replace(s, loss=Loss(avalanche=Pair(1.0))), EDGES, 1.0), "the avalanche law Pair"),
        (lambda s: simulate_many([s, replace(s, loss=Loss(avalanche=Latching(1, 1, 0.5)))], EDGES, 1.0), "store 1 has"),
        (lambda s: simulate_many(replace(s, passive_loss=Loss(1.0)), EDGES, 1.0), "takes one rate"),
        (lambda s: simulate_many(s, EDGES, np.ones((2, 3))), "inflow must be one number, 4 values"),
        (lambda s: simulate_many(s, EDGES, np.full((2, 4), np.nan)), "inflow must be finite and not negative"),
        (lambda s: simulate_many(s, EDGES, np.full((2, 4), -1.0)), "inflow must be finite and not negative"),
        (lambda s: simulate_many([s, s], EDGES, np.ones((3, 4))), "for one or for all members"),
        (lambda s: simulate_many(s, EDGES, 1.0, start=State(5.0)), "start 0 holds 5 J, more than the capacity"),
        (lambda s: simulate_many([s, 3.0], EDGES, 1.0), "store 1 must be a Store"),
        (lambda s: simulate_many(s, EDGES, 1.0, start=["full"]), "start 0 must be a State"),
        (lambda s: simulate_many(s, [0.0], 1.0), "times must be two or more"),
    ],
)
def test_wrong_requests_are_refused(call, words):
    with pytest.raises(SpecError, match=words):
        call(Store(Loss(0.1), capacity=1.0))
