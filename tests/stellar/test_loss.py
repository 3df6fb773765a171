"""Loss laws: thermal activation, the gap for a retention time, avalanche rates and sizes."""

import math

import numpy as np
import pytest

from oracle import printed
from qsb.errors import SpecError
from qsb.stellar.loss import Latching, Logistic, Loss, Pair, Step, Stochastic, retention_gap, thermal_rate
from qsb.stellar.presets import known_loss, known_losses
from qsb.stellar.status import Status
from qsb.units import BOLTZMANN, ELEMENTARY_CHARGE

YEAR = 365.25 * 86400


def test_thermal_rate_of_one_electronvolt_at_room_temperature():
    loss = Loss(baseline=1e-8, attempt=1e13, gap=ELEMENTARY_CHARGE, temperature=300)
    assert loss.thermal == pytest.approx(1e13 * math.exp(-ELEMENTARY_CHARGE / (BOLTZMANN * 300)), rel=1e-15)
    # the last digit of 1.587593755e-4 is that of k rounded to 8.617333262e-5 eV/K
    assert 1e13 * math.exp(-1 / (8.617333262e-5 * 300)) == printed("1.587593755e-4")
    assert loss.thermal == printed("1.58759376e-4")
    assert loss.held == pytest.approx(1e-8 + 1.587593755e-4, rel=5e-10)


@pytest.mark.parametrize(("years", "gap"), [(1, "1.220238"), (1e9, "1.755976")])
def test_gap_for_a_retention_time(years, gap):
    found = retention_gap(years * YEAR, 1e13, 300)
    assert found / ELEMENTARY_CHARGE == printed(gap)
    assert thermal_rate(1e13, found, 300) * years * YEAR == pytest.approx(1, rel=1e-12)


def test_thermal_rate_at_its_ends():
    assert thermal_rate(1e13, 1e-19, 0) == 0.0
    assert thermal_rate(1e13, 0, 0) == 1e13
    assert thermal_rate(1e13, 1.0, 1e-30) == 0.0
    assert retention_gap(1e-20, 1e13, 300) == 0.0


def test_logistic_rate_and_slope():
    law = Logistic(2e15, 4e-6, 1e13)
    assert law.at(2e15)[0] == pytest.approx(2e-6)
    for energy in (0.0, 1.99e15, 2.005e15, 1e18):
        step = 1e9
        slope = (law.at(energy + step)[0] - law.at(energy - step)[0]) / (2 * step)
        assert law.at(energy)[1] == pytest.approx(slope, rel=1e-5, abs=1e-30)
    assert law.at(0.0)[0] < 1e-90
    assert law.at(1e18)[0] == 4e-6


def test_sizes_of_avalanches_follow_the_power_law(rng):
    law = Stochastic(1.0, 1.0, smallest=1.0, largest=1e4)
    assert law.size(0.0) == pytest.approx(1.0)
    assert law.size(1.0) == pytest.approx(1e4)
    assert law.mean_size == pytest.approx(100.0)
    sizes = np.array([law.size(u) for u in rng.random(20000)])
    # The share above s is (s^-1/2 - M^-1/2)/(m^-1/2 - M^-1/2).
    for s in (4.0, 100.0, 2500.0):
        share = (s**-0.5 - 0.01) / 0.99
        assert np.mean(sizes > s) == pytest.approx(share, abs=4 * math.sqrt(share * (1 - share) / 20000))
    deviation = math.sqrt((1e6 - 1) / 3 / 99 * 100 - 1e4)
    assert sizes.mean() == pytest.approx(100.0, abs=4 * deviation / math.sqrt(20000))


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda: Step(-1.0, 1e-6), "threshold of Step"),
        (lambda: Step(1e15, math.nan), "rate of Step"),
        (lambda: Logistic(1e15, 1e-6, 0.0), "width of Logistic"),
        (lambda: Pair("much"), "coefficient of Pair"),
        (lambda: Latching(1e15, 1e-6, 1.0), "release of Latching must be below 1"),
        (lambda: Stochastic(1e15, 1e-6, 2.0, 1.0), "largest of Stochastic"),
        (lambda: Loss(baseline=-1e-9), "baseline of Loss"),
        (lambda: Loss(avalanche=1e-6), "avalanche of Loss"),
        (lambda: retention_gap(0.0, 1e13, 300), "time"),
        (lambda: thermal_rate(1e13, 1e-19, -1.0), "temperature"),
    ],
)
def test_wrong_laws_are_refused(make, words):
    with pytest.raises(SpecError, match=words):
        make()


def test_every_law_says_how_far_to_trust_it():
    laws = [Step(1, 1), Logistic(1, 1, 1), Pair(1), Latching(1, 1, 0.5), Stochastic(1, 1, 1, 2), Loss()]
    assert all(isinstance(law.status, Status) for law in laws)


def test_quantities_with_units_are_converted():
    class Quantity:
        def __init__(self, value, factors):
            self.value, self.factors = value, factors

        def to_value(self, unit):
            return self.value * self.factors[unit]

    loss = Loss(baseline=Quantity(1.0, {"1 / s": 1 / 86400}), gap=Quantity(1.0, {"J": ELEMENTARY_CHARGE}), attempt=1e13)
    assert loss.baseline == 1 / 86400
    assert loss.gap == ELEMENTARY_CHARGE


@pytest.mark.parametrize(
    ("name", "rate"),
    [
        ("178m2Hf", "7.1e-10"),
        ("lithium-ion", "1e-8"),
        ("one percent a day", "1.16e-7"),
        ("metastable helium", "1.27e-4"),
        ("transmon", "1e4"),
    ],
)
def test_losses_of_known_stores(name, rate):
    assert known_loss(name).baseline == printed(rate)


def test_known_losses_have_sources_and_rise():
    rates = [entry.loss.baseline for entry in known_losses()]
    assert rates == sorted(rates)
    assert all(entry.source and entry.how and isinstance(entry.status, Status) for entry in known_losses())
    with pytest.raises(SpecError, match="did you mean 'transmon'"):
        known_loss("transmom")
