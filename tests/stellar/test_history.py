"""A store's history against closed-form answers: balance, regimes, events, ledgers.

The physics notes print results and, for most of them, no parameters. Those of relaxation, dephasing, the square wave,
the sinusoid, the discharge, the crossing with its duty, and the threshold of the logistic law are inferred here: they
are the round numbers that give the printed digits, so these tests say that the digits can be had, and the closed forms
and independent integrations beside them say that the map is right. Printed with their parameters are the stiff
interval, the width of the logistic law, and the ratio of dephasing to relaxation of the steady work fraction.
"""

import math

import numpy as np
import pytest
from scipy.integrate import solve_ivp
from scipy.linalg import expm

from oracle import printed
from qsb.errors import ConvergenceError, SpecError
from qsb.stellar.history import simulate
from qsb.stellar.ledger import Ledger
from qsb.stellar.loss import Latching, Logistic, Loss, Pair, Step, Stochastic
from qsb.stellar.status import Status
from qsb.stellar.store import State, Store

POWER, RATE, LIMIT, FAST = 5e9, 1e-6, 2e15, 4e-6
STEP = Store(Loss(baseline=RATE, avalanche=Step(LIMIT, FAST)))
PLAIN = Store(Loss(baseline=RATE))


def test_relaxation_and_what_leaks():
    run = simulate(PLAIN, [0, 6e5], 2.5e9, start=State(work=1e15))
    assert run.energy[-1] == printed("1.676782546e15")
    assert run.ledger.baseline == printed("8.232174541e14")
    assert run.ledger.relative_residual < 1e-15


def test_work_and_energy_under_dephasing():
    store = Store(Loss(baseline=RATE), eta_in=0.9, dephasing=3 * RATE)
    run = simulate(store, [0, 4e5], POWER)
    assert run.work[-1] == printed("8.978664173e14")
    assert run.energy[-1] == printed("1.648399770e15")
    a = np.array([[-4 * RATE, 0, 0.9 * POWER], [3 * RATE, -RATE, 0.1 * POWER], [0, 0, 0]])
    work, passive, _ = expm(a * 4e5) @ [0, 0, 1]
    assert run.work[-1] == pytest.approx(work, rel=1e-13)
    assert run.energy[-1] == pytest.approx(work + passive, rel=1e-13)
    steady = simulate(store, [0, 1e8], POWER)
    assert steady.work_fraction[-1] == pytest.approx(0.225, rel=1e-13)


def test_square_wave_in_its_steady_state():
    rate, power, period, duty = 1e-5, 2e9, 2e5, 0.3
    times = np.concatenate([[0.0], (np.arange(25)[:, None] * period + [duty * period, period]).ravel()])
    run = simulate(Store(Loss(baseline=rate)), times, np.tile([power, 0.0], 25))
    assert run.energy[-2] == printed("1.043614606e14")
    assert run.energy[-1] == printed("2.573521934e13")
    mean = run.flows["baseline"][-2:].sum() / (rate * period)
    assert mean == pytest.approx(duty * power / rate, rel=1e-13)


def test_sinusoid_in_the_limit_of_short_intervals():
    """The error of holding the mean power goes with even powers of the interval, so two are extrapolated away."""
    rate, omega, power = 2e-5, 2 * math.pi / 86400, 1e9

    def amplitude(count):
        times = np.arange(18 * count + 1) * (86400 / count)
        mean = -np.diff(np.cos(omega * times)) / (omega * np.diff(times))
        energy = simulate(Store(Loss(baseline=rate)), times, power * (1 + mean)).energy[-count:]
        return 2 / count * np.sum(energy * np.exp(-1j * omega * times[-count:]))

    coarse, middle, fine = amplitude(96), amplitude(192), amplitude(384)
    first, second = (4 * middle - coarse) / 3, (4 * fine - middle) / 3
    found = 1j * (16 * second - first) / 15
    assert abs(found) == printed("1.325870898e13")
    assert -np.angle(found) == printed("1.302411762")


def test_loss_that_grows_with_the_energy():
    """Riccati: E = [P tanh-like] with root s = sqrt(g^2 + 4kP), derived in docs/devdocs/stellar-store.md."""
    k, g, p, e0, t = 1e-21, RATE, POWER, 3e14, 5e5
    run = simulate(Store(Loss(baseline=g, avalanche=Pair(k))), [0, 1e5, t], p, start=State(work=e0))
    s = math.sqrt(g * g + 4 * k * p)
    y = math.tanh(s * t / 2 + math.atanh((2 * k * e0 + g) / s))
    assert run.energy[-1] == pytest.approx((s * y - g) / (2 * k), rel=1e-13)
    # Integral of E: [ln cosh]/k - g t/(2k).
    begin = math.atanh((2 * k * e0 + g) / s)
    area = (math.log(math.cosh(begin + s * t / 2) / math.cosh(begin)) - g * t / 2) / k
    assert run.ledger.baseline == pytest.approx(g * area, rel=1e-13)
    assert run.regimes == {"smooth": pytest.approx(t)}


def test_discharge_at_constant_power():
    run = simulate(PLAIN, [0, 2e6], 0.0, 1e9, start=State(work=5e15))
    (event,) = run.events
    assert event.kind == "empty"
    assert event.time == printed("1.791759469e6")
    assert run.ledger.delivered / 5e15 == printed("0.3583518938")
    assert run.energy[-1] == 0.0
    assert run.time_empty == pytest.approx(2e6 - event.time)
    assert run.ledger.unserved == pytest.approx(1e9 * (2e6 - event.time))


def test_stiff_interval():
    run = simulate(Store(Loss(baseline=50.0)), [0, 1], 1e9)
    assert run.energy[-1] / 1e9 == pytest.approx(0.02, rel=1e-15)


def test_crossing_and_sliding():
    run = simulate(STEP, [0, 1e6, 2e6], POWER)
    (event,) = run.events
    assert (event.kind, event.energy) == ("threshold", LIMIT)
    assert event.time == printed("510825.6238")
    assert run.energy[-1] == LIMIT
    assert run.flows["avalanche"][-1] / (FAST * LIMIT * 1e6) == pytest.approx(0.375, rel=1e-14)
    assert run.regimes == {"below": pytest.approx(event.time), "sliding": pytest.approx(2e6 - event.time)}
    assert run.status is Status.SPECULATIVE
    for words in ("residual", "sliding      1.4891744e+06 s", "speculative"):
        assert words in str(run)


def test_crossing_time_against_an_event_solver():
    def reached(t, e):
        return e[0] - LIMIT

    reached.terminal = True
    found = solve_ivp(lambda t, e: POWER - RATE * e, [0, 1e6], [0.0], "DOP853", events=reached, rtol=1e-12, atol=1.0)
    assert simulate(STEP, [0, 1e6], POWER).events[0].time == pytest.approx(found.t_events[0][0], rel=1e-9)


@pytest.mark.parametrize(("power", "end", "regime"), [(1e9, 1e9 / RATE, "below"), (1.2e10, 1.2e10 / 5e-6, "above")])
def test_regimes_beside_the_sliding_one(power, end, regime):
    run = simulate(STEP, [0, 1e8], power)
    assert run.energy[-1] == pytest.approx(end, rel=1e-14)
    assert max(run.regimes, key=run.regimes.get) == regime


def test_falling_onto_the_threshold_slides_and_less_power_leaves_it():
    run = simulate(STEP, [0, 1e7, 2e7], [POWER, 1e9], start=State(work=4e15))
    assert [event.kind for event in run.events] == ["fallen"]
    # E - 1e15 decays from 3e15 at the rate 5e-6.
    assert run.events[0].time == pytest.approx(math.log(3) / 5e-6, rel=1e-13)
    assert run.energy[1] == LIMIT
    assert run.energy[2] == pytest.approx(1e15 + 1e15 * math.exp(-10), rel=1e-13)


def test_latching_relaxation_oscillator():
    r = 0.8
    run = simulate(Store(Loss(baseline=RATE, avalanche=Latching(LIMIT, FAST, r))), [0, 3e6], POWER)
    rising = math.log((POWER - RATE * r * LIMIT) / (POWER - RATE * LIMIT)) / RATE
    fast = RATE + FAST
    falling = math.log((fast * LIMIT - POWER) / (fast * r * LIMIT - POWER)) / fast
    starts = [event.time for event in run.events if event.kind == "threshold"]
    stops = [event.time for event in run.events if event.kind == "release"]
    np.testing.assert_allclose(np.diff(starts), rising + falling, rtol=1e-12)
    np.testing.assert_allclose(np.array(stops) - starts[: len(stops)], falling, rtol=1e-10)
    assert len(starts) == 11
    assert sum(run.regimes.values()) == pytest.approx(3e6)


def test_events_at_one_moment_are_in_order():
    """A threshold that is the capacity: both are reached at once, and neither time is rounded below the other."""
    store = Store(Loss(avalanche=Latching(1.0, 3.0, 0.6)), capacity=1.0, eta_in=0.9, eta_out=0.5)
    run = simulate(store, [0.0, 0.5, 1.7, 2.0, 4.0], [9.0, 0, 0, 9.0], [9.0, 0, 0, 9.0])
    times = [event.time for event in run.events]
    assert times == sorted(times)
    assert {event.kind for event in run.events} >= {"full", "threshold"}


def test_latched_for_ever_where_the_release_is_out_of_reach():
    run = simulate(Store(Loss(baseline=RATE, avalanche=Latching(LIMIT, FAST, 0.3))), [0, 1e8], POWER)
    assert run.energy[-1] == pytest.approx(1e15, rel=1e-14)
    assert run.end.latched
    assert [event.kind for event in run.events] == ["threshold"]


def test_a_latched_state_below_the_release_lets_go_at_once():
    store = Store(Loss(baseline=RATE, avalanche=Latching(LIMIT, FAST, 0.5)))
    run = simulate(store, [0, 1e5], 0.0, start=State(work=5e14, latched=True))
    assert run.energy[-1] == pytest.approx(5e14 * math.exp(-0.1), rel=1e-14)


def test_logistic_law_goes_to_the_step():
    def end(width):
        store = Store(Loss(baseline=RATE, avalanche=Logistic(LIMIT, FAST, width)))
        return simulate(store, [0, 5e7], POWER).energy[-1]

    assert end(1e13) == printed("1.99495907e15")
    duty = 0.375
    for width in (1e12, 1e11):
        assert end(width) - LIMIT == pytest.approx(-width * math.log(1 / duty - 1), rel=20 * width / LIMIT)


def test_logistic_law_against_an_ode_solver():
    store = Store(Loss(RATE, avalanche=Logistic(LIMIT, FAST, 2e14)), eta_in=0.8, dephasing=5e-7)

    def slope(t, x):
        rate = RATE + FAST / (1 + math.exp(-(x[0] + x[1] - LIMIT) / 2e14))
        work = 0.8 * POWER - 1e9 - (rate + 5e-7) * x[0]
        return [work, 0.2 * POWER + 5e-7 * x[0] - rate * x[1]]

    found = solve_ivp(slope, [0, 8e5], [1e14, 2e14], "DOP853", rtol=1e-12, atol=1.0).y[:, -1]
    run = simulate(store, [0, 8e5], POWER, 1e9, start=State(1e14, 2e14))
    np.testing.assert_allclose([run.work[-1], run.passive[-1]], found, rtol=1e-10)


def test_smooth_law_stops_where_full_or_empty():
    store = Store(Loss(RATE, avalanche=Pair(1e-22)), capacity=1e15, dephasing=1e-7)
    run = simulate(store, [0, 1e6, 3e6], [POWER, 0.0], [0.0, 2e9])
    assert [event.kind for event in run.events] == ["full", "empty"]
    assert run.events[0].energy == 1e15
    assert run.work[-1] == 0.0
    assert run.passive[-1] > 0.0
    free = simulate(Store(store.loss), [0, run.events[0].time], POWER)
    assert free.energy[-1] == pytest.approx(1e15, rel=1e-13)


def test_smooth_law_that_has_hardly_any_work_left_is_empty_at_once():
    """1e-42 J of work and a load of half a watt: what is drawn before it is gone must not exceed it."""
    store = Store(Loss(60.0, avalanche=Logistic(1.0, 3.0, 0.1)), eta_in=0.4, eta_out=0.5)
    run = simulate(store, [0, 0.5, 1.7, 2, 4], [0.3, 0, 0, 0], [0, 0, 0, 0.3])
    assert run.ledger.delivered <= 1e-14
    assert run.time_empty == pytest.approx(2.0)


def test_a_smooth_law_that_is_steep_at_the_begin_finds_when_the_work_ends():
    """A step over the steep begin agrees with its halves at its end, and yet the moment inside it was 3 % wrong."""
    law = Logistic(0.002029093151354007, 0.01, 8.116372605416028e-05)
    store = Store(Loss(2.13e-9, avalanche=law), eta_in=0.9, eta_out=0.9)
    begin = State(work=0.0184234, passive=0.02048384 - 0.0184234)
    runs = [
        simulate(store, np.linspace(0.0, 54314.11355, n + 1), 0.0, 1.6323672802238485e-05, start=begin)
        for n in (1, 2, 500)
    ]
    found = [[event.time for event in run.events if event.kind == "empty"] for run in runs]
    assert [len(times) for times in found] == [1, 1, 1]
    assert found[0] == pytest.approx(found[2], rel=1e-10)
    for run in runs[:2]:
        assert run.ledger.delivered == pytest.approx(runs[2].ledger.delivered, rel=1e-10)
        assert run.ledger.baseline == pytest.approx(runs[2].ledger.baseline, rel=1e-10)


def test_a_smooth_law_decays_to_nothing():
    """Through numbers that have no share of 1e-12 any more, with a thousand times of decay in one interval."""
    run = simulate(Store(Loss(38.0, avalanche=Pair(1e12))), [0.0, 1e-4, 26.0, 60.0], 0.0, start=State(work=7e-14))
    assert run.end.energy <= 1e-60 * 7e-14  # a share of 1e-30 of each interval's begin is followed, and no less
    assert run.ledger.leak == pytest.approx(7e-14, rel=1e-12)


def test_a_smooth_law_with_two_rates_may_stand_for_a_thousand_lifetimes():
    """Followed to its own accuracy the rest of the energy became smaller than any number, and no step was accurate."""
    store = Store(Loss(0.0, avalanche=Pair(2.2e-8)), 45657.358, dephasing=0.1, passive_loss=Loss(0.488))
    begin = State(work=45657.358)
    long, short = (simulate(store, [0.0, span], 0.0, start=begin) for span in (14844.0, 400.0))
    assert 0.0 <= long.end.energy < 1e-25
    cut = simulate(store, np.linspace(0.0, 29688.0, 121), 0.0, start=begin)
    assert 0.0 <= cut.end.energy <= 1e-300
    for name in ("baseline", "avalanche"):
        assert getattr(long.ledger, name) == pytest.approx(getattr(short.ledger, name), rel=1e-11)


def test_stochastic_avalanches_carry_off_the_surplus():
    """What they take on average is the power that the baseline does not: the long-run balance."""
    law = Stochastic(LIMIT, rate=1e-3, smallest=1e12, largest=1e14)
    store = Store(Loss(baseline=RATE, avalanche=law))
    run = simulate(store, [0, 1e6, 2e7], POWER, rng=np.random.default_rng(5))
    jumps = [event for event in run.events if event.kind == "avalanche"]
    assert run.ledger.avalanche == pytest.approx(sum(event.size for event in jumps), rel=1e-12)
    assert all(1e12 <= event.size <= 1e14 for event in jumps)
    expected = law.rate * run.regimes["above"]
    assert len(jumps) == pytest.approx(expected, abs=4 * math.sqrt(expected))
    assert run.flows["avalanche"][1] / 1.9e7 == pytest.approx(POWER - RATE * LIMIT, rel=0.1)


def test_full_store_refuses_what_it_cannot_hold():
    store = Store(Loss(baseline=RATE), capacity=1e15, eta_out=0.5)
    run = simulate(store, [0, 1e6, 2e6], POWER, [0.0, 1e9])
    (event,) = run.events
    assert (event.kind, event.energy) == ("full", 1e15)
    assert event.time == pytest.approx(-math.log1p(-0.2) / RATE, rel=1e-13)
    assert np.all(run.energy[1:] == 1e15)
    assert run.flows["clipped"][1] == pytest.approx((POWER - 1e9 - 2e9) * 1e6, rel=1e-13)
    assert run.flows["conversion"][1] == pytest.approx(1e9 * 1e6, rel=1e-13)
    assert run.time_full == pytest.approx(2e6 - event.time)


def test_full_of_passive_energy_and_out_of_work_at_once():
    """W = 0 and E at the capacity: the leak makes room for (1 - eta_in) of what is taken."""
    store = Store(Loss(baseline=RATE), capacity=1e15, eta_in=0.5)
    run = simulate(store, [0, 1e6], POWER, 4e9, start=State(0.0, 1e15))
    assert run.ledger.delivered == pytest.approx(0.5 * (1e9 / 0.5) * 1e6, rel=1e-13)
    assert run.end == State(0.0, 1e15)
    assert (run.time_full, run.time_empty) == (1e6, 1e6)


def test_against_small_steps_of_euler():
    """Everything at once: threshold, capacity, empty store, dephasing; the crude method is good to its step."""
    law = Step(1.5e15, FAST)
    store = Store(Loss(RATE, avalanche=law), capacity=1.6e15, eta_in=0.8, eta_out=0.9, dephasing=4e-7)
    power, asked, span, count = [6e9, 5e9, 1.5e10, 5e8], [1e9, 0.0, 5e8, 4e9], 4e5, 8000
    run = simulate(store, np.arange(5) * span, power, asked)
    work = passive = delivered = 0.0
    h = span / count
    for p, d in zip(power, asked, strict=True):
        for _ in range(count):
            rate = RATE + (FAST if work + passive > 1.5e15 else 0.0)
            taken = min(d / 0.9, work / h + 0.8 * p)
            work, passive = (
                work + h * (0.8 * p - taken - (rate + 4e-7) * work),
                passive + h * (0.2 * p + 4e-7 * work - rate * passive),
            )
            work = max(work, 0.0)
            over = work + passive - 1.6e15
            if over > 0:  # refuse both parts of the inflow in their proportion
                work, passive = work - 0.8 * over, passive - 0.2 * over
            delivered += taken * 0.9 * h
    assert {"threshold", "full", "empty"} <= {event.kind for event in run.events}
    assert {"below", "sliding", "above"} <= set(run.regimes)
    assert run.work[-1] == pytest.approx(work, abs=2e-3 * 1.6e15)
    assert run.passive[-1] == pytest.approx(passive, rel=2e-3)
    assert run.ledger.delivered == pytest.approx(delivered, rel=2e-3)


def test_a_ledger_that_does_not_close_is_refused():
    entries = dict.fromkeys(("start", "delivered", "conversion", "thermal", "avalanche", "clipped", "unserved"), 0.0)
    Ledger(inflow=1.0, baseline=0.25, end=0.75, **entries).check()
    broken = Ledger(inflow=1.0, baseline=0.25, end=0.75 + 2e-12, **entries)
    with pytest.raises(ConvergenceError, match="residual of the energy ledger"):
        broken.check()
    assert "residual" in str(broken)
    assert broken.waste == broken.leak == 0.25


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: simulate(PLAIN, [0.0], 1.0), "times must be two or more"),
        (lambda: simulate(PLAIN, [0.0, 0.0], 1.0), "times must be two or more"),
        (lambda: simulate(PLAIN, [0, 1, 2], [1.0, 2.0, 3.0]), "inflow must be one number or 2 values"),
        (lambda: simulate(PLAIN, [0, 1], -1.0), "inflow must be finite and not negative"),
        (lambda: simulate(PLAIN, [0, 1], 1.0, [math.nan]), "demand must be finite"),
        (lambda: simulate("store", [0, 1], 1.0), "store must be a Store"),
        (lambda: simulate(Store(Loss(), capacity=1.0), [0, 1], 0.0, start=State(2.0)), "more than the capacity"),
        (lambda: simulate(Store(Loss(avalanche=Stochastic(1, 1, 1, 2))), [0, 1], 0.0), "needs rng"),
        (lambda: Store(Loss(), eta_in=1.1), "eta_in of Store must be at most 1"),
        (lambda: Store(1e-8), "loss of Store"),
        (lambda: State(work=-1.0), "work of State"),
    ],
)
def test_wrong_requests_are_refused(call, words):
    with pytest.raises(SpecError, match=words):
        call()
