"""The ledger of work: closed forms, ODE solvers, and closure for every store."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.integrate import quad, solve_ivp

from qsb.errors import ConvergenceError
from qsb.stellar.ensemble import simulate_many
from qsb.stellar.history import simulate
from qsb.stellar.ledger import LEDGER_TOLERANCE, WorkLedger
from qsb.stellar.loss import Latching, Logistic, Loss, Pair, Step, Stochastic
from qsb.stellar.riccati import Riccati
from qsb.stellar.square import squared
from qsb.stellar.store import State, Store
from stores import EDGES, POWERS, STARTS, stores

LAWS = [
    None,
    Step(1.0, 3.0),
    Latching(1.0, 3.0, 0.6),
    Stochastic(1.0, 5.0, 1e-3, 0.5),
    Logistic(1.0, 3.0, 0.1),
    Pair(0.5),
]
STORES = stores(LAWS, st.sampled_from([None, Loss(), Loss(0.2), Loss(0.7), Loss(9.0)]))


def test_work_that_stands():
    """W = W0 exp(-(g + f)t): of what is gone, g/(g + f) relaxed and f/(g + f) dephased, and that is passive energy."""
    g, f, w0, t = 2e-6, 3e-6, 4e15, 5e5
    run = simulate(Store(Loss(1.5e-6, attempt=5e-7, gap=0.0), dephasing=f), [0, 1e5, t], 0.0, start=State(work=w0))
    gone, ledger = -w0 * math.expm1(-(g + f) * t), run.work_ledger
    assert ledger.relaxation == pytest.approx(g / (g + f) * gone, rel=1e-13)
    assert ledger.dephasing == pytest.approx(f / (g + f) * gone, rel=1e-13)
    assert ledger.lost == pytest.approx(gone, rel=1e-13)
    assert (ledger.gained, ledger.drawn, ledger.avalanche) == (0.0, 0.0, 0.0)
    assert ledger.change == pytest.approx(-gone, rel=1e-13)
    # dephasing loses no energy: E decays with the leak alone
    assert run.ledger.leak == pytest.approx(-w0 * math.expm1(-g * t), rel=1e-13)
    assert ledger.relative_residual < 1e-15


def test_steady_state_of_the_notes():
    """Dephasing three times as fast as relaxation: of the inflow a share 0.9, of that 3/4 dephases and 1/4 relaxes."""
    rate, power = 1e-6, 5e9
    start = State(0.225 * power / rate, 0.775 * power / rate)
    run = simulate(Store(Loss(rate), eta_in=0.9, dephasing=3 * rate), [0, 1e6], power, start=start)
    gained = 0.9 * power * 1e6
    assert run.work_ledger.gained == pytest.approx(gained, rel=1e-14)
    assert run.work_ledger.dephasing == pytest.approx(0.75 * gained, rel=1e-13)
    assert run.work_ledger.relaxation == pytest.approx(0.25 * gained, rel=1e-13)
    assert run.work_ledger.change == pytest.approx(0.0, abs=1e-13 * gained)


def test_full_and_refused_and_drawn():
    """Held full by work that a load draws: what arrives as work is what is taken, times its share."""
    store = Store(Loss(1e-6), capacity=1e15, eta_out=0.5)
    run = simulate(store, [0, 1e6], 5e9, 1e9, start=State(work=1e15))
    ledger = run.work_ledger
    assert ledger.drawn == pytest.approx(2e15, rel=1e-14) == 2 * run.ledger.delivered
    assert ledger.gained == pytest.approx(3e15, rel=1e-14)
    assert ledger.relaxation == pytest.approx(1e15, rel=1e-14)
    assert ledger.residual == pytest.approx(0.0, abs=1e-15 * ledger.throughput)


def test_sliding_with_one_rate_takes_work_in_proportion():
    law = Step(1.0, 3.0)
    run = simulate(Store(Loss(0.4, avalanche=law), eta_in=0.6, dephasing=0.2), [0, 2], 2.0, start=State(0.3, 0.7))
    surplus = 2.0 - 0.4

    def slope(t, y):
        return [1.2 - (0.6 + surplus) * y[0], surplus * y[0]]

    found = solve_ivp(slope, [0, 2], [0.3, 0.0], "DOP853", rtol=1e-12, atol=1e-14).y[:, -1]
    assert run.regimes == {"sliding": 2.0}
    assert (run.end.work, run.work_ledger.avalanche) == (pytest.approx(found[0]), pytest.approx(found[1], rel=1e-11))
    assert run.ledger.avalanche == pytest.approx(surplus * 2, rel=1e-14)


@pytest.mark.parametrize(("work_rate", "rest"), [(0.5, 2.4), (2.4, 0.5)])
def test_sliding_with_two_rates(work_rate, rest):
    store = Store(Loss(work_rate, avalanche=Step(1.0, 9.0)), eta_in=0.6, dephasing=0.2, passive_loss=Loss(rest))
    run = simulate(store, [0, 0.7, 3], 4.0, 0.3, start=State(0.2, 0.8))

    def slope(t, y):
        take = 3.7 - rest - (work_rate - rest) * y[0]
        return [2.1 - (work_rate + 0.2 + take) * y[0], take * y[0], take]

    found = solve_ivp(slope, [0, 3], [0.2, 0.0, 0.0], "DOP853", rtol=1e-12, atol=1e-14).y[:, -1]
    assert run.regimes == {"sliding": 3.0}
    assert run.work_ledger.avalanche == pytest.approx(found[1], rel=1e-11)
    assert run.ledger.avalanche == pytest.approx(found[2], rel=1e-11)
    assert run.work_ledger.relative_residual < 1e-14


EQUATIONS = {
    "to a fixed point": (Riccati(0.2, 1.0, 3.0, 0.7), 1e5),
    "down to it": (Riccati(0.9, 0.3, 3.0, -2.0), 1e5),
    "from one fixed point to the other": (Riccati(1e-3, 0.0, -2.0, -1.0), 300.0),
    "the same downwards": (Riccati(0.999, 0.0, 2.0, 2.0), 300.0),
    "circular": (Riccati(-0.4, 1.0, 0.3, 1.3), 1.2),
    "double root": (Riccati(0.1, 1.0, 2.0, 1.0), 1e5),
    "nearly linear": (Riccati(0.3, 1.0, 1e-9, 1e-12), 1e3),
    "at rest": (Riccati(0.5, 0.5, 1.0, 0.0), 1e5),
    "runs away": (Riccati(0.7, 0.0, 0.1, 0.5), 3.0),
}


@pytest.mark.parametrize("name", list(EQUATIONS))
def test_the_integral_of_the_square(name):
    equation, longest = EQUATIONS[name]
    for span in (1e-9 * longest, 1e-3 * longest, 0.1 * longest, longest):

        def integrand(x):
            return equation.after(math.expm1(x))[0] ** 2 * math.exp(x)

        exact = quad(integrand, 0.0, math.log1p(span), epsabs=0.0, epsrel=1e-12, limit=500)[0]
        assert squared(equation, span) == pytest.approx(exact, rel=2e-12)
        # and it is what the equation of motion says, where that does not cancel and W does not run from a fixed point
        if equation.square > 0.1 and span > 0.05 and equation.linear > 2 * equation.square * equation.start:
            end, area = equation.after(span)
            by_motion = (end - equation.start - equation.push * span + equation.linear * area) / equation.square
            assert squared(equation, span) == pytest.approx(by_motion, rel=1e-11)


def test_a_smooth_law_and_its_share_of_the_work():
    law = Logistic(1.0, 3.0, 0.1)
    store = Store(Loss(0.1, avalanche=law), eta_in=0.7, dephasing=0.6, passive_loss=Loss(2.0))
    run = simulate(store, [0, 3], 2.0, 0.2, start=State(0.6, 0.1))

    def slope(t, y):
        rate = law.at(y[0] + y[1])[0]
        return [1.2 - (0.7 + rate) * y[0], 0.6 + 0.6 * y[0] - (2.0 + rate) * y[1], rate * y[0], 0.6 * y[0]]

    found = solve_ivp(slope, [0, 3], [0.6, 0.1, 0.0, 0.0], "DOP853", rtol=1e-12, atol=1e-14).y[:, -1]
    assert [run.work_ledger.avalanche, run.work_ledger.dephasing] == pytest.approx(found[2:], rel=1e-10)


def test_random_avalanches_take_work_in_proportion():
    store = Store(Loss(avalanche=Stochastic(1.0, 5.0, 1e-3, 0.5)), eta_in=0.5)
    run = simulate(store, [0, 6], 1.0, start=State(0.25, 0.25), rng=np.random.default_rng(3))
    assert len([event for event in run.events if event.kind == "avalanche"]) > 5
    # the share of work is one half throughout, so that it is of what was lost
    assert run.work_ledger.avalanche == pytest.approx(run.ledger.avalanche / 2, rel=1e-12)
    assert run.work_ledger.avalanche > 0


@settings(max_examples=60)
@given(store=STORES, inflow=POWERS, demand=POWERS, start=STARTS)
def test_no_work_is_lost_unsaid(store, inflow, demand, start):
    run = simulate(store, EDGES, inflow, demand, start=start, rng=np.random.default_rng(3))
    work, energy = run.work_ledger, run.ledger
    slack = 1e-15 * energy.throughput
    assert work.relative_residual <= LEDGER_TOLERANCE
    assert np.all(run.work <= run.energy)
    for name in ("start", "gained", "drawn", "relaxation", "dephasing", "avalanche", "end"):
        assert getattr(work, name) >= -slack
    # work is a part of the energy, entry by entry
    assert work.gained <= energy.inflow - energy.clipped + slack
    assert work.relaxation <= energy.baseline + energy.thermal + slack
    assert work.avalanche <= energy.avalanche + slack
    assert work.drawn == pytest.approx(energy.delivered + energy.conversion, rel=1e-12, abs=slack)
    # what is passive came in as such or by dephasing, and has leaks of its own
    passive = (energy.inflow - energy.clipped - work.gained) + work.dephasing
    passive -= (energy.leak - work.relaxation - work.avalanche) + (run.passive[-1] - run.passive[0])
    assert abs(passive) <= 2 * LEDGER_TOLERANCE * energy.throughput
    for name, column in run.work_flows.items():
        assert math.fsum(column) == getattr(work, name)


def test_the_same_balance_as_of_many_stores():
    store = Store(Loss(0.4, avalanche=Step(1.0, 3.0)), capacity=1.2, eta_in=0.6, eta_out=0.8, dephasing=0.3)
    many = simulate_many(store, EDGES, [2.5, 0.0, 9.0, 1.0], 0.4)
    one = simulate(store, EDGES, [2.5, 0.0, 9.0, 1.0], 0.4)
    assert one.work_ledger.end == pytest.approx(many.work[0], rel=1e-12)
    assert max(one.work_ledger.relative_residual, many.work_residual[0]) <= 1e-14


def test_a_ledger_of_work_that_does_not_close_is_refused():
    entries = dict.fromkeys(("drawn", "relaxation", "dephasing", "avalanche"), 0.0)
    WorkLedger(start=1.0, gained=1.0, end=2.0, throughput=3.0, **entries).check()
    broken = WorkLedger(start=1.0, gained=1.0, end=2.0 + 6e-12, throughput=3.0, **entries)
    with pytest.raises(ConvergenceError, match="residual of the work ledger"):
        broken.check()
    assert "throughput" not in str(broken).splitlines()[0]
    assert "gained" in str(broken)


def test_a_run_tells_its_work():
    text = str(simulate(Store(Loss(1e-6), dephasing=1e-6), [0, 1e5], 1e9))
    assert text.index("unserved") < text.index("work") < text.index("dephasing")
