"""A store whose work and passive energy leak at two rates: against ODE solvers, regime by regime."""

import math

import numpy as np
import pytest
from scipy.integrate import solve_ivp

from qsb.errors import SpecError
from qsb.stellar.history import simulate
from qsb.stellar.loss import Logistic, Loss, Pair, Step
from qsb.stellar.status import Status
from qsb.stellar.store import State, Store


def solved(slope, span, start, events=None):
    return solve_ivp(slope, [0, span], start, "DOP853", rtol=1e-12, atol=1e-14, events=events)


def test_a_free_store_and_what_leaks_from_which_part():
    store = Store(Loss(0.5), eta_in=0.7, eta_out=0.8, dephasing=0.3, passive_loss=Loss(1.4))
    run = simulate(store, [0, 2], 3.0, 0.4, start=State(0.8, 0.2))

    def slope(t, y):
        return [2.1 - 0.5 - 0.8 * y[0], 0.9 + 0.3 * y[0] - 1.4 * y[1], 0.5 * y[0] + 1.4 * y[1]]

    work, passive, leaked = solved(slope, 2, [0.8, 0.2, 0]).y[:, -1]
    assert (run.end.work, run.end.passive) == (pytest.approx(work, rel=1e-11), pytest.approx(passive, rel=1e-11))
    assert run.ledger.baseline == pytest.approx(leaked, rel=1e-11)
    assert run.ledger.relative_residual < 1e-15


def test_equal_rates_given_twice_are_one_rate():
    law = Step(1.0, 3.0)
    one = Store(Loss(0.4, avalanche=law), capacity=1.2, eta_in=0.6, dephasing=0.2)
    two = Store(Loss(0.4, avalanche=law), capacity=1.2, eta_in=0.6, dephasing=0.2, passive_loss=Loss(0.4))
    near = Store(Loss(0.4, avalanche=law), capacity=1.2, eta_in=0.6, dephasing=0.2, passive_loss=Loss(0.4 + 1e-9))
    first, second, third = (
        simulate(s, [0, 1, 3, 9, 12], [2.0, 0.1, 9.0, 0.9], [0.3, 0, 1, 0]) for s in (one, two, near)
    )
    np.testing.assert_array_equal(first.work, second.work)
    np.testing.assert_allclose(third.work, first.work, rtol=1e-8)
    np.testing.assert_allclose(third.energy, first.energy, rtol=1e-8)
    assert third.regimes == {name: pytest.approx(span, abs=1e-7) for name, span in first.regimes.items()}


def test_sliding_while_work_and_passive_energy_redistribute():
    """The avalanche takes the surplus of a leak that changes; it closes by itself when the leak has grown to it."""
    store = Store(Loss(2.0, avalanche=Step(1.0, 5.0)), eta_in=1.0, dephasing=0.1, passive_loss=Loss(0.2))
    run = simulate(store, [0, 0.5, 6], 1.0, start=State(0.0, 1.0))

    def slope(t, y):
        leak = 2.0 * y[0] + 0.2 * y[1]
        surplus = max((1.0 - leak) / (y[0] + y[1]), 0.0)
        return [1.0 - (2.1 + surplus) * y[0], 0.1 * y[0] - (0.2 + surplus) * y[1], surplus * (y[0] + y[1])]

    def closes(t, y):
        return 1.0 - 2.0 * y[0] - 0.2 * y[1]

    closes.terminal, closes.direction = True, -1
    found = solved(slope, 6, [0, 1, 0], closes)
    assert run.regimes["sliding"] == pytest.approx(found.t[-1], rel=1e-9)
    assert run.ledger.avalanche == pytest.approx(found.y[2, -1], rel=1e-9)
    rest = solved(lambda t, y: [1.0 - 2.1 * y[0], 0.1 * y[0] - 0.2 * y[1]], 6 - found.t[-1], found.y[:2, -1])
    np.testing.assert_allclose([run.end.work, run.end.passive], rest.y[:, -1], rtol=1e-9)
    assert run.events == ()


def test_sliding_that_opens_wholly_and_leaves_upwards():
    """Passive energy leaks fast and is replaced by work, which does not: the surplus grows beyond the avalanche."""
    store = Store(Loss(0.1, avalanche=Step(1.0, 1.0)), passive_loss=Loss(3.0))
    run = simulate(store, [0, 2], 2.0, start=State(0.5, 0.5))

    def slope(t, y):
        share = min((2.0 - 0.1 * y[0] - 3.0 * y[1]) / (y[0] + y[1]), 1.0)
        return [2.0 - (0.1 + share) * y[0], -(3.0 + share) * y[1], share * (y[0] + y[1])]

    def opens(t, y):
        return 1.0 - 0.1 * y[0] - 3.0 * y[1]

    opens.terminal = True
    first = solved(slope, 2, [0.5, 0.5, 0], opens)
    second = solved(slope, 2 - first.t[-1], first.y[:, -1])
    assert run.regimes == {"sliding": pytest.approx(first.t[-1]), "above": pytest.approx(2 - first.t[-1])}
    np.testing.assert_allclose([run.end.work, run.end.passive, run.ledger.avalanche], second.y[:, -1], rtol=1e-9)
    assert run.end.energy > 1.0


def test_a_full_store_whose_leak_outgrows_the_inflow_lets_go():
    store = Store(Loss(2.0), capacity=1.0, eta_in=0.9, dephasing=0.0, passive_loss=Loss(0.1))
    run = simulate(store, [0, 20], 0.6, start=State(0.0, 1.0))

    def slope(t, y):
        leak = 2.0 * y[0] + 0.1 * y[1]
        taken = min(leak, 0.6)
        return [0.9 * taken - 2.0 * y[0], 0.1 * taken - 0.1 * y[1], 0.6 - taken]

    def lets_go(t, y):
        return 0.6 - 2.0 * y[0] - 0.1 * y[1]

    lets_go.terminal = True
    first = solved(slope, 20, [0, 1, 0], lets_go)
    second = solved(slope, 20 - first.t[-1], first.y[:, -1])
    assert run.time_full == pytest.approx(first.t[-1], rel=1e-9)
    np.testing.assert_allclose([run.end.work, run.end.passive, run.ledger.clipped], second.y[:, -1], rtol=1e-9)
    assert run.energy[-1] < 1.0


def test_a_visit_to_the_threshold_in_the_middle_of_an_interval():
    """The energy peaks inside the interval and is below the threshold at both of its ends."""
    loss = Loss(0.0, avalanche=Step(1.32, 50.0))
    start = State(1.0, 0.0)
    store = Store(loss, eta_in=1e-12, dephasing=1.0, passive_loss=Loss(3.0))
    free = simulate(
        Store(Loss(), eta_in=1e-12, dephasing=1.0, passive_loss=Loss(3.0)), np.linspace(0, 3, 601), 2.0, start=start
    )
    assert free.energy.max() > 1.32 > max(free.energy[0], free.energy[-1])
    run = simulate(store, [0, 3], 2.0, start=start)
    (event,) = run.events
    assert event.kind == "threshold"
    assert run.regimes["sliding"] > 0
    assert run.energy[-1] < 1.32
    assert run.ledger.avalanche > 0
    fine = simulate(store, np.linspace(0, 3, 301), 2.0, start=start)
    assert fine.work[-1] == pytest.approx(run.work[-1], rel=1e-13)
    assert fine.ledger.avalanche == pytest.approx(run.ledger.avalanche, rel=1e-12)


@pytest.mark.parametrize("law", [Logistic(1.0, 3.0, 0.1), Pair(0.5)])
def test_smooth_laws(law):
    store = Store(Loss(0.1, avalanche=law), eta_in=0.7, dephasing=0.6, passive_loss=Loss(2.0))
    run = simulate(store, [0, 3], 2.0, 0.2, start=State(0.6, 0.1))

    def slope(t, y):
        rate = law.at(y[0] + y[1])[0]
        return [1.4 - 0.2 - (0.7 + rate) * y[0], 0.6 + 0.6 * y[0] - (2.0 + rate) * y[1], 0.1 * y[0] + 2.0 * y[1]]

    work, passive, leaked = solved(slope, 3, [0.6, 0.1, 0.0]).y[:, -1]
    np.testing.assert_allclose(
        [run.end.work, run.end.passive, run.ledger.baseline], [work, passive, leaked], rtol=1e-10
    )


def test_a_smooth_law_sees_a_short_visit_to_the_capacity():
    pair = Loss(0.0, avalanche=Pair(1e-3))
    start, rest = State(1.0, 0.0), Loss(3.0)
    free = simulate(
        Store(pair, eta_in=1e-12, dephasing=1.0, passive_loss=rest), np.linspace(0, 3, 601), 2.0, start=start
    )
    peak = free.energy.max()
    store = Store(pair, eta_in=1e-12, dephasing=1.0, passive_loss=rest, capacity=peak - 1e-5)
    run = simulate(store, [0, 3], 2.0, start=start)
    assert [event.kind for event in run.events] == ["full"]
    assert 0 < run.time_full < 0.1
    assert run.ledger.clipped > 0


def test_the_second_loss_has_no_avalanche_and_counts_for_the_status():
    with pytest.raises(SpecError, match="passive_loss of Store must have no avalanche"):
        Store(Loss(), passive_loss=Loss(avalanche=Step(1.0, 1.0)))
    with pytest.raises(SpecError, match="passive_loss of Store must be a Loss"):
        Store(Loss(), passive_loss=0.1)
    run = simulate(Store(Loss(), passive_loss=Loss(0.1, status=Status.SPECULATIVE)), [0, 1], 1.0)
    assert run.status is Status.SPECULATIVE
    assert math.isfinite(run.end.energy)


def test_a_full_store_of_heat_that_stays_passes_on_what_comes_in():
    """No leak of passive energy and all inflow is work: the load takes it and nothing moves."""
    store = Store(Loss(1e-3), capacity=1.0, passive_loss=Loss())
    run = simulate(store, [0, 5], 1.0, 2.0, start=State(0.0, 1.0))
    assert (run.ledger.delivered, run.ledger.unserved, run.ledger.clipped) == (5.0, 5.0, 0.0)
    assert (run.end.work, run.end.passive) == (0.0, 1.0)


def test_a_threshold_is_met_before_the_work_ends_however_long_the_interval():
    """After the work has ended the same formula turns again, and what it then crosses hid the first crossing."""
    loss = Loss(1e-3, avalanche=Step(500.0, 1e-2))
    store = Store(loss, 1e3, eta_in=0.7, eta_out=0.8, dephasing=1e-3, passive_loss=Loss(2e-3))
    begin = State(work=568.3725755292868, passive=431.6274244707132)
    ends = [
        simulate(store, np.linspace(0.0, 429.438, n + 1), 21.97163300852353, 19.456648210224785, start=begin)
        for n in (1, 2, 100)
    ]
    assert [event.kind for event in ends[0].events] == [event.kind for event in ends[2].events]
    assert ends[0].events[0].kind == "fallen"
    for other in ends[1:]:
        assert other.end.passive == pytest.approx(ends[0].end.passive, rel=1e-12)


def test_a_full_store_lets_go_though_its_powers_are_small_beside_a_rounding_of_its_energy():
    """The surplus is known to a rounding of E times a rate; the store was held full for ever by such a rounding."""
    store = Store(
        Loss(3.868248901177525e-09),
        2571736.2321152366,
        eta_in=0.5,
        eta_out=0.9,
        dephasing=1e-4,
        passive_loss=Loss(0.011498632359715932),
    )
    run = simulate(store, [0.0, 16957.70191577373], 6.837012490894473, start=State(work=store.capacity_limit))
    assert run.time_full == pytest.approx(2.324353, rel=1e-5)
    assert run.end.energy < 0.2 * store.capacity_limit
    assert run.ledger.relative_residual <= 1e-15
