"""Ensembles of stores under flares: against an ODE solver, against Campbell's theorem, against themselves."""

import math
from dataclasses import replace

import numpy as np
import pytest

from qsb.errors import ConvergenceError, SpecError
from qsb.stellar.constants import YEAR
from qsb.stellar.flare_ensemble import follow, largest_pulse_storage, required_storage, simulate_ensemble
from qsb.stellar.flare_process import FlareEvents, FlareProcess, Population
from qsb.stellar.flare_shape import Davenport2014, ExponentialPulse
from qsb.stellar.loss import Latching, Logistic, Loss, Pair, Step, Stochastic
from qsb.stellar.power_law import TruncatedPareto
from qsb.stellar.status import Status
from qsb.stellar.store import State, Store
from qsb.stellar.surge import exponential_storage, quantile_with_interval, series_storage
from stellar import flow_reference
from stellar.surge_reference import solve

LEAK = 1 / (30 * 86400)
SUN = FlareProcess.solar()
STEP = Loss(LEAK, avalanche=Step(1e24, 1e-5))
CASES = {
    "no threshold": (Store(Loss(LEAK)), 0.0),
    "capacity alone": (Store(Loss(LEAK), capacity=1.2e24), 0.0),
    "step and capacity": (Store(STEP, capacity=1.2e24), 0.0),
    "near the threshold": (Store(STEP, capacity=1.2e24), 0.9 * 1e24 * LEAK),
    "sliding": (Store(STEP, capacity=1.2e24), 1.3 * 1e24 * LEAK),
}


@pytest.mark.parametrize("case", list(CASES))
def test_a_year_agrees_with_an_ode_solver(case):
    store, push = CASES[case]
    events = SUN.sample(0.35, np.random.default_rng(3))
    wanted = solve(store, events, push=push)
    found = follow(store, events, quiescent=SUN.luminosity, surplus=push)
    got = (found.end[0], found.peak[0], found.clipped[0], found.avalanche[0])
    assert got == pytest.approx(wanted, rel=1e-9, abs=1e-9 * wanted[1])
    if case != "no threshold":
        assert wanted[2] > 0  # the case is one in which the capacity matters


# 3000 flares a year with widths of hours: dozens go on at a time
CROWD = FlareProcess((Population(3000 / YEAR, TruncatedPareto(1.8, 1e25, 1e27), "crowd", "made up"),), 1e26, "star")
LAWS = {
    "none": None,
    "step": Step(3e26, 2e-5),
    "latching": Latching(3e26, 2e-5, 0.9),
    "stochastic": Stochastic(3e26, 1e-3, 1e24, 1e26),
    "logistic": Logistic(3e26, 2e-5, 2e25),
    "pair": Pair(1e-32),
}


def test_crowded_pulses_agree_with_an_ode_solver():
    events = CROWD.sample(0.02, np.random.default_rng(4))
    wanted = solve(Store(Loss(LEAK, avalanche=LAWS["step"]), capacity=5e26), events)
    found = follow(Store(Loss(LEAK, avalanche=LAWS["step"]), capacity=5e26), events, quiescent=1e26)
    got = (found.end[0], found.peak[0], found.clipped[0], found.avalanche[0])
    assert got == pytest.approx(wanted, rel=1e-9, abs=1e-9 * wanted[1])


@pytest.mark.parametrize("second", [None, 8 * LEAK, 0.0])
@pytest.mark.parametrize("law", list(LAWS))
def test_every_law_and_two_rates_agree_with_an_ode_solver(law, second):
    rest = None if second is None else Loss(second)
    store = Store(Loss(5 * LEAK, avalanche=LAWS[law]), capacity=4e26, eta_in=0.6, dephasing=1e-5, passive_loss=rest)
    events = CROWD.sample(0.01, np.random.default_rng(1))
    push, start = 4e20, State(2e26, 5e25)
    wanted = flow_reference.solve(store, events, 1.0, push, np.random.default_rng(7), (start.work, start.passive))
    found = follow(store, events, quiescent=1e26, surplus=push, start=start, rng=np.random.default_rng(7))
    got = (found.end[0], found.peak[0], found.clipped[0], found.avalanche[0])
    assert got == pytest.approx(wanted, rel=1e-9, abs=1e-9 * wanted[1])
    assert bool(wanted[3] > 0.1 * wanted[1]) is (law != "none")
    assert wanted[2] > 0


@pytest.mark.parametrize("law", [None, *(LAWS[name] for name in LAWS if name not in ("none", "pair"))])
def test_two_rates_that_are_nearly_one_are_one(law):
    """The integration and the closed forms are two ways to the same numbers."""
    events = CROWD.sample(0.02, np.random.default_rng(4))
    for capacity in (4e26, None):
        store = Store(Loss(LEAK, avalanche=law), capacity=capacity, eta_in=0.6, dephasing=1e-5)
        near = replace(store, passive_loss=Loss(LEAK * (1 + 1e-15)))
        one, two = (follow(s, events, quiescent=1e26, rng=np.random.default_rng(7)) for s in (store, near))
        for name in ("end", "peak", "offered", "clipped", "avalanche"):
            assert getattr(two, name) == pytest.approx(getattr(one, name), rel=0, abs=1e-11 * one.peak[0])


def events_of(process, seed, years):
    """The flares of the first member, drawn again out of its stream."""
    rng = np.random.Generator(np.random.PCG64(np.random.SeedSequence(seed, spawn_key=(0,))))
    (kind,) = process.populations
    times, energies, now = [], [], rng.standard_exponential() / kind.rate
    while now < years * YEAR:
        x, most = rng.standard_exponential(), (kind.law.exponent - 1) * kind.law.span
        times.append(now)
        energies.append(kind.law.low * math.exp(math.fmod(x, most) / (kind.law.exponent - 1)))
        now += rng.standard_exponential() / kind.rate
    energies = np.array(energies)
    widths = process.duration(energies)
    return FlareEvents(
        np.array(times), energies, widths, years * YEAR, process.luminosity, ExponentialPulse(), Status.ESTABLISHED
    )


@pytest.mark.parametrize("process", [SUN, FlareProcess.m_dwarf(per_year=3e4), CROWD])
@pytest.mark.parametrize("law", list(LAWS))
def test_a_member_is_what_follow_says(process, law):
    """The loops over members take short cuts where flares are easy; with the same flares they must not be seen."""
    events = events_of(process, 11, 4000 / process.rate / YEAR)
    total = events.energies.sum() / events.duration / (5 * LEAK)  # what there would be on the average, J
    factor = total / 3e26
    threshold = {"threshold": 1.5 * total} if hasattr(LAWS[law], "threshold") else {}
    sizes = {
        name: getattr(LAWS[law], name) * factor for name in ("width", "smallest", "largest") if hasattr(LAWS[law], name)
    }
    scaled = replace(LAWS[law], **threshold, **sizes) if law not in ("none", "pair") else LAWS[law]
    scaled = Pair(1e-32 / factor) if law == "pair" else scaled
    store = Store(Loss(5 * LEAK, avalanche=scaled), capacity=4 * total)
    # once to the end, once cut where a flare goes on
    part = events.times <= events.times[-1] - events.duration / 3
    cut = float(
        events.times[part][-1] + min(0.5 * (events.times[~part][0] - events.times[part][-1]), events.widths[part][-1])
    )
    short = replace(
        events, times=events.times[part], energies=events.energies[part], widths=events.widths[part], duration=cut
    )
    for flares, push in ((events, 0.0), (short, 8.0 * LEAK * total)):
        luck = np.random.Generator(np.random.PCG64(np.random.SeedSequence(11, spawn_key=(0, 1))))
        given = {"quiescent": process.luminosity, "surplus": push, "start": 0.1 * total}
        wanted = follow(store, flares, rng=luck, **given)
        found = simulate_ensemble(store, process, 1, seed=11, years=flares.duration / YEAR, **given)
        for name in ("end", "peak", "offered", "clipped", "avalanche", "largest"):
            scale = wanted.peak[0] + wanted.offered[0]
            assert getattr(found, name) == pytest.approx(getattr(wanted, name), rel=0, abs=3e-12 * scale)
        assert wanted.avalanche[0] > 0 or law == "none"


def test_mean_is_campbells():
    found = simulate_ensemble(Store(Loss(LEAK)), SUN, 4000, seed=1, quiescent=SUN.luminosity)
    mean = SUN.yearly()[0]
    wanted = mean * -math.expm1(-LEAK * YEAR) / (LEAK * YEAR)
    assert wanted == pytest.approx(5.9143e24, rel=5e-5)
    assert abs(found.end.mean() - wanted) < 4 * found.end.std() / math.sqrt(4000)
    assert abs(found.offered.mean() - mean) < 4 * found.offered.std() / math.sqrt(4000)
    assert found.leaked.min() > 0


def test_threads_and_more_members_change_nothing():
    store = CASES["step and capacity"][0]
    a = simulate_ensemble(store, SUN, 700, seed=5, quiescent=SUN.luminosity, threads=1)
    b = simulate_ensemble(store, SUN, 300, seed=5, quiescent=SUN.luminosity, threads=2)
    for name in ("end", "peak", "clipped", "avalanche", "offered"):
        assert np.array_equal(getattr(a, name)[:300], getattr(b, name))
    other = simulate_ensemble(store, SUN, 300, seed=6, quiescent=SUN.luminosity)
    assert not np.array_equal(other.end, b.end)
    assert a.peak.max() <= store.capacity
    assert str(a).startswith("surge ratio: ")


def test_energies_scale_with_the_collector():
    store = Store(Loss(LEAK), capacity=4e24)
    small = Store(Loss(LEAK), capacity=4e12)
    a = simulate_ensemble(store, SUN, 50, seed=2, quiescent=SUN.luminosity)
    b = simulate_ensemble(small, SUN, 50, seed=2, quiescent=SUN.luminosity * 1e-12)
    assert b.peak == pytest.approx(1e-12 * a.peak, rel=1e-12)
    assert b.clipped == pytest.approx(1e-12 * a.clipped, rel=1e-9, abs=1.0)
    assert a.surge_ratio == pytest.approx(b.surge_ratio, rel=1e-12)


def test_superflares_of_a_rare_kind_are_there():
    rare = FlareProcess.solar("Vasilyev2024")
    found = simulate_ensemble(Store(Loss(LEAK)), rare, 3000, seed=9, quiescent=rare.luminosity)
    years = np.count_nonzero(found.largest >= 1e27)
    assert abs(years - 30) < 4 * math.sqrt(30)
    both = simulate_ensemble(Store(Loss(LEAK)), SUN, 100, seed=9, quiescent=SUN.luminosity)
    assert both.largest.max() < 1e27


def test_required_storage_is_the_formula_for_single_flares():
    """One flare at a time: storage for the largest, by the closed form."""
    m = FlareProcess.m_dwarf(per_year=40)
    found = required_storage(m, 1.2, 400, seed=3)
    sizes = simulate_ensemble(Store(Loss(1e-9)), m, 400, seed=3, quiescent=m.luminosity).largest
    widths = m.duration(sizes)
    alone = [exponential_storage(e / w / m.luminosity, w, 0.2) for e, w in zip(sizes, widths, strict=True)]
    assert found == pytest.approx(alone, rel=1e-9, abs=1e-9 * max(alone))
    busy = FlareProcess.m_dwarf(per_year=4000)
    exact = largest_pulse_storage(busy, 1.2, 0.9)
    estimate = quantile_with_interval(required_storage(busy, 1.2, 1000, seed=4), 0.9, level=0.999)
    assert 0 < estimate.low < exact < estimate.high
    assert (
        0 < largest_pulse_storage(busy.with_shape(Davenport2014()), 1.05, 0.9) < largest_pulse_storage(busy, 1.05, 0.9)
    )


def test_required_storage_adds_up_flares_that_overlap():
    crowd = FlareProcess((Population(2000 / YEAR, TruncatedPareto(1.8, 3e26, 1e27), "crowd", "made up"),), 1e23, "star")
    found = required_storage(crowd, 1.5, 1, seed=8, years=0.02)[0]
    # the same flares again, from the same stream
    rng = np.random.Generator(np.random.PCG64(np.random.SeedSequence(8, spawn_key=(0,))))
    population = crowd.populations[0]
    now, times, energies = rng.standard_exponential() / population.rate, [], []
    fall, span = 0.8, population.law.span
    while now < 0.02 * YEAR:
        y = math.fmod(rng.standard_exponential(), fall * span) / fall
        times.append(now)
        energies.append(population.law.low * math.exp(y))
        now += rng.standard_exponential() / population.rate
    grid = np.sort(np.concatenate([np.linspace(0, 0.02 * YEAR, 200001), times, np.nextafter(times, 0)]))
    power = np.ones_like(grid)
    for t, e in zip(times, energies, strict=True):
        w = float(crowd.duration(e))
        power += np.where(grid >= t, e / w * np.exp(-np.maximum(grid - t, 0) / w), 0.0) / 1e23
    assert found == pytest.approx(
        series_storage(np.unique(grid), power[np.unique(grid, return_index=True)[1]], 1.5), rel=1e-6
    )


@pytest.mark.parametrize("exponent", [0.4, 1.0, 1.3, 2.5])
def test_energies_of_the_kernel_follow_their_law(exponent):
    """One flare a member at most matters: the largest of a year with few flares has the distribution e^(-n S(E))."""
    law = TruncatedPareto(exponent, 1e22, 3e23)
    star = FlareProcess((Population(2 / YEAR, law, "few", "made up"),), 1e26, "star")
    sizes = simulate_ensemble(Store(Loss(LEAK)), star, 6000, seed=3, quiescent=1e26).largest
    for probability in (0.3, 0.6, 0.9):
        below = np.mean(sizes <= star.largest(probability))
        assert abs(below - probability) < 4 * math.sqrt(probability * (1 - probability) / 6000)


def test_refusals():
    events = SUN.sample(0.1, np.random.default_rng(3))
    with pytest.raises(SpecError, match="stochastic law needs rng"):
        follow(Store(Loss(LEAK, avalanche=Stochastic(1e24, 1e-5, 1e22, 1e23))), events)
    with pytest.raises(SpecError, match="rng must be a numpy Generator"):
        follow(Store(Loss(LEAK)), events, rng=7)
    with pytest.raises(SpecError, match="holds 2 J, more than the capacity"):
        follow(Store(Loss(LEAK), capacity=1.0), events, start=State(1.0, 1.0))
    with pytest.raises(ConvergenceError, match="larger width"):
        follow(Store(Loss(LEAK, avalanche=Logistic(1e22, 1e3, 1e5))), events, quiescent=SUN.luminosity)
    with pytest.raises(SpecError, match="exponential"):
        simulate_ensemble(Store(Loss(LEAK)), SUN.with_shape(Davenport2014()), 10, seed=1)
    with pytest.raises(SpecError, match="above 1"):
        required_storage(SUN, 1.0, 10, seed=1)
    with pytest.raises(SpecError, match="capacity"):
        simulate_ensemble(Store(Loss(LEAK), capacity=1.0), SUN, 10, seed=1, start=2.0)
    with pytest.raises(SpecError, match="members"):
        simulate_ensemble(Store(Loss(LEAK)), SUN, 0, seed=1)
