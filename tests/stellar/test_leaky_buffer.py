"""Buffers with losses under flares: a closed form for single flares, fine steps for crowds, the limit of no loss."""

import math
from dataclasses import replace

import numpy as np
import pytest
from scipy.optimize import brentq

from qsb.errors import SpecError
from qsb.stellar.constants import YEAR
from qsb.stellar.flare_ensemble import size_buffers
from qsb.stellar.flare_process import FlareProcess, Population
from qsb.stellar.flare_shape import Davenport2014
from qsb.stellar.history import simulate
from qsb.stellar.kernels import leak
from qsb.stellar.kernels.leak import AVALANCHE, ENERGY, GIVEN, PEAK, UNMET
from qsb.stellar.leaky_buffer import laws_of, size_leaky_buffers
from qsb.stellar.loss import Latching, Loss, Step
from qsb.stellar.power_law import TruncatedPareto
from qsb.stellar.status import Status
from qsb.stellar.store import Store

DWARF = FlareProcess.m_dwarf()


def followed(store, push, events):
    """A row of the kernel after given (time, energy, width) up to the time of the last, which has no energy."""
    times, energies, widths = np.array(events).T
    row = np.zeros(7)
    leak.given_leaks(row, *laws_of(store, push), np.diff(times), energies[:-1].copy(), widths[:-1].copy())
    return row


def test_one_flare_rises_leaks_and_is_spent():
    """A e^(-kt) - C into a buffer that leaks at g: largest where I = gE, empty where the closed form vanishes."""
    amp, width, cap, rate, eta = 5.0, 600.0, 1.0, 1e-3, 0.8
    kappa = 1 / width

    def energy(t, start=0.0, scale=1.0, amp=amp):
        """E after a time, where the input is `scale` times itself."""
        kept = math.exp(-rate * t)
        left = scale * amp * (kept - math.exp(-kappa * t)) / (kappa - rate) - scale * cap * (1 - kept) / rate
        return start * kept + left

    cross = width * math.log(amp / cap)
    top = brentq(lambda t: amp * math.exp(-kappa * t) - cap - rate * energy(t), 1.0, cross, xtol=1e-10)
    there = energy(cross)
    spent = brentq(lambda t: energy(t, there, 1 / eta, cap), 0.1, 1e5, xtol=1e-9)
    end = 5e3
    late = math.exp(-kappa * spent) - math.exp(-kappa * (end - cross))
    missing = (cap * (end - cross - spent) - cap * width * late) / eta
    row = followed(Store(Loss(rate), eta_out=eta), -cap, [(0.0, amp * width, width), (end, 0.0, 1.0)])
    assert row[PEAK] == pytest.approx(energy(top), rel=1e-12)
    assert row[ENERGY] == 0.0
    assert row[UNMET] == pytest.approx(missing, rel=1e-10)
    given = amp * width * (1 - cap / amp) - cap * cross
    given += (amp * width * (cap / amp - math.exp(-kappa * end)) - cap * (end - cross)) / eta
    assert row[GIVEN] == pytest.approx(given, rel=1e-12)


@pytest.mark.parametrize("eta", [1.0, 0.7])
@pytest.mark.parametrize("law", [None, Step(900.0, 4e-3), Step(900.0, 1e-4)], ids=["leak", "slides", "rises above"])
def test_crowds_agree_with_fine_steps(law, eta):
    """The same flares through `simulate`, whose powers are means over short intervals: another code and other maps."""
    rng = np.random.default_rng(5)
    times = np.sort(rng.uniform(0.0, 2e4, 30))
    events = [(t, e, w) for t, e, w in zip(times, rng.exponential(900.0, 30), rng.uniform(60, 600, 30), strict=True)]
    events.append((2.2e4, 0.0, 1.0))
    store = Store(Loss(2e-4, avalanche=law), eta_out=eta)
    row = followed(store, -1.0, events)
    edges = np.union1d(np.linspace(0.0, 2.2e4, 22001), times)
    energy = np.zeros(len(edges))
    for at, e, w in events[:-1]:
        energy += e * -np.expm1(-np.maximum(edges - at, 0.0) / w)
    power = np.diff(energy) / np.diff(edges) - 1.0
    fine = simulate(store, edges, np.maximum(power, 0.0), np.maximum(-power, 0.0))
    assert row[PEAK] == pytest.approx(fine.energy.max(), rel=1e-5)
    assert row[ENERGY] == pytest.approx(fine.energy[-1], rel=1e-4, abs=1e-3)
    before = times[0] / eta  # the kernel's row begins with the first flare
    assert row[UNMET] == pytest.approx(fine.ledger.unserved / eta - before, rel=1e-5)
    assert row[AVALANCHE] == pytest.approx(fine.ledger.avalanche, rel=1e-4)
    assert (fine.ledger.avalanche > 1.0) == (law is not None)
    assert fine.time_empty > 100.0


def test_no_losses_are_those_of_the_buffer_without():
    numbers = {"seed": 2, "years": 0.05, "quiescent": 1e9}
    ideal = size_buffers(DWARF, 1.2, 300, **numbers)
    leaky = size_leaky_buffers(Store(Loss()), DWARF, 1.2, 300, **numbers)
    for name in ("end", "peak", "unmet", "offered", "largest"):
        expected = getattr(ideal, name)
        assert getattr(leaky, name) == pytest.approx(expected, rel=1e-9, abs=1e-9 * np.abs(expected).max())
    assert np.abs(leaky.leaked).max() < 1e-12 * np.abs(leaky.offered).max()


def test_losses_ask_for_less_and_the_largest_flare_for_its_closed_form():
    """Forty flares a year stand alone, so that a member's buffer is that of its largest flare."""
    rare, rate = FlareProcess.m_dwarf(per_year=40), 3e-4
    found = size_leaky_buffers(Store(Loss(rate)), rare, 1.02, 300, seed=3, quiescent=rare.luminosity)
    ideal = size_buffers(rare, 1.02, 300, seed=3, quiescent=rare.luminosity)
    np.testing.assert_array_equal(found.largest, ideal.largest)
    assert (found.peak <= ideal.peak * (1 + 1e-12)).all()
    asked = ideal.peak > 0
    assert np.count_nonzero(asked) > 20
    assert np.median(found.peak[asked] / ideal.peak[asked]) < 0.97
    cap = 0.02 * rare.luminosity
    for largest, peak in zip(found.largest, found.peak, strict=True):
        width = float(rare.duration(largest))
        amp, kappa = largest / width, 1 / width
        if amp <= cap:
            assert peak == 0.0
            continue

        def energy(t, amp=amp, kappa=kappa):
            kept = math.exp(-rate * t)
            return amp * (kept - math.exp(-kappa * t)) / (kappa - rate) - cap * (1 - kept) / rate

        cross = math.log(amp / cap) / kappa

        def climb(t, amp=amp, kappa=kappa, energy=energy):
            return amp * math.exp(-kappa * t) - cap - rate * energy(t)

        assert peak == pytest.approx(energy(brentq(climb, 1e-9 * cross, cross, xtol=1e-9 * cross)), rel=1e-9)
    assert found.leaked.min() >= 0
    assert found.leaked.max() > 0


def test_threads_and_more_members_change_nothing():
    store = Store(Loss(1e-5, avalanche=Step(1e12, 1e-3)), eta_out=0.9)
    numbers = {"seed": 5, "years": 0.02, "quiescent": 1e9}
    one = size_leaky_buffers(store, DWARF, 1.01, 600, threads=1, **numbers)
    two = size_leaky_buffers(store, DWARF, 1.01, 300, threads=2, **numbers)
    for name in ("peak", "avalanche", "unmet"):
        np.testing.assert_array_equal(getattr(one, name)[:300], getattr(two, name))
    assert one.avalanche.max() > 0
    assert one.status is Status.SPECULATIVE  # the step is
    scaled = replace(store, loss=replace(store.loss, avalanche=Step(1e15, 1e-3)))
    large = size_leaky_buffers(scaled, DWARF, 1.01, 300, threads=1, **(numbers | {"quiescent": 1e12}))
    assert large.peak == pytest.approx(1e3 * two.peak, rel=1e-10)


def test_many_flares_at_once_have_room():
    """More pulses than the kernel starts with room for: 64."""
    crowd = FlareProcess((Population(2e5 / YEAR, TruncatedPareto(1.8, 1e25, 1e27), "crowd", "made up"),), 1e23, "star")
    found = size_leaky_buffers(Store(Loss(1e-5)), crowd, 3.5, 3, seed=1, years=0.01, quiescent=1e23)
    ideal = size_buffers(crowd, 3.5, 3, seed=1, years=0.01, quiescent=1e23)
    assert (found.peak > 0).all()
    assert (found.peak < ideal.peak).all()


@pytest.mark.parametrize(
    ("store", "match"),
    [
        (Store(Loss(), eta_in=0.9), "eta_in of the store is 0.9, so passive energy gathers"),
        (Store(Loss(), dephasing=1e-6), "dephasing of the store is 1e-06"),
        (Store(Loss(avalanche=Latching(1e9, 1e-3, 0.5))), "the store has Latching"),
        (Loss(), "a Store"),
    ],
    ids=["conversion", "dephasing", "law", "no store"],
)
def test_what_a_leaky_buffer_cannot_be(store, match):
    with pytest.raises(SpecError, match=match):
        size_leaky_buffers(store, DWARF, 1.2, 3, seed=1)


def test_what_its_flares_cannot_be():
    store = Store(Loss(1e-8))
    with pytest.raises(SpecError, match="above 1"):
        size_leaky_buffers(store, DWARF, 1.0, 3, seed=1)
    with pytest.raises(SpecError, match="Davenport"):
        size_leaky_buffers(store, DWARF.with_shape(Davenport2014()), 1.2, 3, seed=1)
    with pytest.raises(SpecError, match="quiescent"):
        size_leaky_buffers(store, DWARF, 1.2, 3, seed=1, quiescent=0.0)
