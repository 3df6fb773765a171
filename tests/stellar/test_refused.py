"""What a full store refuses: heat unless the collector turned away from it, in closed form, with its ledger."""

import math

import numpy as np
import pytest

from qsb.errors import SpecError
from qsb.stellar.history import simulate
from qsb.stellar.ledger import LEDGER_TOLERANCE, REFUSALS, Ledger
from qsb.stellar.loss import Loss
from qsb.stellar.store import State, Store
from qsb.stellar.waste import radiator_area, shedding_temperature

POWER, RATE, LIMIT = 5e9, 1e-6, 1e15
STORE = Store(Loss(RATE), capacity=LIMIT)


def balance(ledger):
    """What is not among stored, delivered and heat, or turned away, as a share of the throughput."""
    gone = ledger.end + ledger.delivered + ledger.waste + ledger.turned_away
    return abs(ledger.start + ledger.inflow - gone) / ledger.throughput


def test_all_that_a_full_store_is_offered_is_heat():
    """It leaks RATE * LIMIT and takes as much; the rest of POWER was absorbed and has nowhere to go but out."""
    run = simulate(STORE, [0, 1e5, 3e5], POWER, start=State(work=LIMIT))
    assert run.ledger.waste == pytest.approx(POWER * 3e5, rel=1e-14)
    assert run.ledger.dumped == run.ledger.clipped == pytest.approx((POWER - RATE * LIMIT) * 3e5, rel=1e-14)
    np.testing.assert_allclose(run.waste, POWER * np.diff(run.times), rtol=1e-14)
    away = simulate(STORE, [0, 1e5, 3e5], POWER, start=State(work=LIMIT), refused="turned away")
    assert away.ledger.waste == pytest.approx(RATE * LIMIT * 3e5, rel=1e-14)
    assert away.ledger.turned_away == away.ledger.clipped == run.ledger.clipped
    assert away.ledger.dumped == 0.0
    np.testing.assert_allclose(away.waste, RATE * LIMIT * np.diff(run.times), rtol=1e-14)
    np.testing.assert_array_equal(away.energy, run.energy)
    for ledger in (run.ledger, away.ledger):
        assert ledger.relative_residual <= 1e-15
        assert balance(ledger) <= 1e-15


@pytest.mark.parametrize("refused", REFUSALS)
def test_filling_and_then_full_under_a_load(refused):
    """Full at t = -ln(1 - x)/g with x = g E/(P - d); from then on P - d - g E is refused."""
    store, load, span = Store(Loss(RATE), capacity=LIMIT, eta_out=0.8), 8e8, 2e6
    net = POWER - load / 0.8
    full = -math.log1p(-RATE * LIMIT / net) / RATE
    run = simulate(store, np.linspace(0, span, 12), POWER, load, refused=refused, start=State(work=0.0))
    refusal = (net - RATE * LIMIT) * (span - full)
    assert run.time_full == pytest.approx(span - full, rel=1e-12)
    assert run.ledger.clipped == pytest.approx(refusal, rel=1e-12)
    heat = POWER * span - load * span - LIMIT - (refusal if refused == "turned away" else 0.0)
    assert run.ledger.waste == pytest.approx(heat, rel=1e-12)
    assert run.waste.sum() == pytest.approx(heat, rel=1e-12)
    assert balance(run.ledger) <= LEDGER_TOLERANCE


def test_what_an_empty_store_does_not_give_is_no_heat():
    run = simulate(Store(Loss()), [0, 10], 1.0, 3.0)
    assert (run.ledger.delivered, run.ledger.unserved, run.ledger.waste) == (10.0, 20.0, 0.0)


def test_another_word_is_refused():
    with pytest.raises(SpecError, match="refused is 'turned', did you mean 'turned away'"):
        simulate(STORE, [0, 1], 1.0, refused="turned")


def test_the_ledger_tells_both():
    entries = dict.fromkeys(("delivered", "conversion", "thermal", "avalanche", "unserved", "baseline"), 0.0)
    ledger = Ledger(start=0.0, inflow=3.0, clipped=2.0, end=1.0, turned_away=0.5, **entries)
    ledger.check()
    assert (ledger.dumped, ledger.waste) == (1.5, 1.5)
    assert "turned_away" in str(ledger)


def test_the_temperature_of_a_given_radiator_is_the_inverse_of_its_area():
    assert shedding_temperature(1e9, radiator_area(1e9, 320.0)) == pytest.approx(320.0, rel=1e-14)
    assert shedding_temperature(0.0, 1.0) == 0.0
    with pytest.raises(SpecError, match="area"):
        shedding_temperature(1.0, 0.0)
