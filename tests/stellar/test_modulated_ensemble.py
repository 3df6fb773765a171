"""Ensembles under flares whose rate changes: against single histories, closed forms, and those of one rate."""

import math

import numpy as np
import pytest
from scipy.integrate import quad
from scipy.stats import ks_2samp

from qsb.errors import SpecError
from qsb.stellar.constants import YEAR
from qsb.stellar.flare_ensemble import follow, required_storage, simulate_ensemble
from qsb.stellar.flare_process import FlareEvents, FlareProcess, Population
from qsb.stellar.flare_shape import Davenport2014
from qsb.stellar.loss import Loss, Step
from qsb.stellar.modulated import ModulatedFlares
from qsb.stellar.modulated_ensemble import _draw, simulate_modulated, size_modulated_buffers
from qsb.stellar.modulation import Index, Rhythm, Rhythms
from qsb.stellar.power_law import TruncatedPareto
from qsb.stellar.store import Store
from qsb.stellar.surge import quantile_with_interval, series_storage

LEAK = 1 / (30 * 86400)
SUN = FlareProcess.solar()
FLAT = Rhythms((Rhythm(YEAR, 0.0),), "none")
DWARF = FlareProcess.m_dwarf(per_year=400)
CROWD = FlareProcess((Population(2000 / YEAR, TruncatedPareto(1.8, 3e26, 1e27), "crowd", "made up"),), 1e23, "star")


def flares_of(process, law, seed, span, members, anywhere=False):
    """The flares that a first block draws, as events of each member."""
    rng = np.random.Generator(np.random.PCG64(np.random.SeedSequence(seed, spawn_key=(0,))))
    flares = ModulatedFlares(process, law)
    drawn = _draw(flares, rng, members, span, anywhere)
    widths = process.duration(drawn.energies)
    for a, b in zip(drawn.firsts[:-1], drawn.firsts[1:], strict=True):
        parts = drawn.times[a:b], drawn.energies[a:b], widths[a:b]
        yield FlareEvents(*parts, span, process.luminosity, process.shape, process.status)


def test_buffers_are_the_storage_of_their_flares():
    """Pulses that overlap, a rate that changes within days: against the polygon of a fine grid."""
    law = Rhythms((Rhythm(3 * 86400.0, 0.9),), "made up")
    span = 0.02 * YEAR
    found = size_modulated_buffers(ModulatedFlares(CROWD, law), 1.5, 3, seed=8, years=0.02, quiescent=1e23)
    for k, events in enumerate(flares_of(CROWD, law, 8, span, 3)):
        marks = [events.times + w * events.widths for w in np.concatenate(([-1e-9], np.geomspace(1e-6, 30, 400)))]
        grid = np.unique(np.clip(np.concatenate([*marks, np.linspace(0, span, 4000)]), 0, span))
        since = grid[:, None] - events.times
        pulses = np.where(since >= 0, np.exp(-np.maximum(since, 0) / events.widths), 0.0)
        ratio = 1 + (pulses * events.energies / events.widths).sum(axis=1) / 1e23
        assert found.peak[k] == pytest.approx(1e23 * series_storage(grid, ratio, 1.5), rel=2e-4)
        assert found.largest[k] == events.energies.max()
    assert np.all(found.unmet >= 0)
    assert found.end == pytest.approx(found.offered + found.unmet, rel=1e-9, abs=1e-12 * found.peak.max())


def test_a_flat_factor_is_the_ensemble_of_one_rate():
    flares = ModulatedFlares(DWARF, FLAT)
    a = required_storage(DWARF, 1.001, 1000, seed=3)
    b = size_modulated_buffers(flares, 1.001, 1000, seed=4).peak
    assert a.min() > 0
    assert ks_2samp(a, b).pvalue > 1e-3
    c = size_modulated_buffers(ModulatedFlares(DWARF, Rhythms.solar(0.5 * YEAR)), 1.001, 1000, seed=4).peak
    assert ks_2samp(a, c).pvalue < 1e-6


def test_years_around_a_maximum_ask_for_more():
    top, calm = (ModulatedFlares(DWARF, Rhythms.solar(crest * YEAR)) for crest in (0.5, 6.0))
    high = size_modulated_buffers(top, 1.001, 800, seed=1)
    low = size_modulated_buffers(calm, 1.001, 800, seed=1)
    assert np.quantile(high.peak, 0.9) > 2 * np.quantile(low.peak, 0.9)
    for flares, found in ((top, high), (calm, low)):
        estimate = quantile_with_interval(found.largest, 0.9, level=0.9999)
        exact = flares.largest(0.9) / DWARF.luminosity
        assert estimate.low < exact < estimate.high
    assert high.surge_ratio > 0
    assert high.status is top.status


def test_members_that_begin_anywhere_live_through_the_whole_cycle():
    law = Rhythms((Rhythm(11 * YEAR, 1.0),), "made up")
    flares = ModulatedFlares(DWARF, law)
    counts = np.array([len(e) for e in flares_of(DWARF, law, 2, YEAR, 256, anywhere=True)])
    together = np.array([len(e) for e in flares_of(DWARF, law, 2, YEAR, 256)])
    assert counts.min() < 40
    assert counts.max() > 700
    assert together.std() < 2 * math.sqrt(together.mean())
    # the mean over all begins is that of the process
    assert abs(counts.mean() - 400) < 4 * counts.std() / 16
    for events in flares_of(DWARF, law, 2, YEAR, 8, anywhere=True):
        assert np.all(np.diff(events.times) >= 0)
        assert events.times.min() >= 0
        assert events.times.max() <= YEAR
    table = Index([0.0, YEAR, 4 * YEAR], [0.0, 0.0, 2.0], "late", "made up")
    spread = [len(e) for e in flares_of(DWARF, table, 2, YEAR, 64, anywhere=True)]
    assert min(spread) < 30
    assert max(spread) > 400
    assert size_modulated_buffers(flares, 1.2, 5, seed=2, anywhere=True).peak.shape == (5,)


def test_threads_and_more_members_change_nothing():
    flares = ModulatedFlares(DWARF, Rhythms.solar())
    a = size_modulated_buffers(flares, 1.2, 600, seed=5, threads=1, anywhere=True)
    b = size_modulated_buffers(flares, 1.2, 300, seed=5, threads=2, anywhere=True)
    assert np.array_equal(a.peak[:300], b.peak)
    assert np.array_equal(a.unmet[:300], b.unmet)
    assert not np.array_equal(size_modulated_buffers(flares, 1.2, 300, seed=6).peak, b.peak)
    few = size_modulated_buffers(flares, 1.2, 3, seed=5, anywhere=True)
    assert np.array_equal(few.peak, a.peak[:3])


def test_stores_are_followed_one_by_one():
    store = Store(Loss(LEAK, avalanche=Step(1e24, 1e-5)), capacity=1.2e24)
    law = Rhythms.solar()
    found = simulate_modulated(store, ModulatedFlares(SUN, law), 4, seed=7, years=0.5, quiescent=SUN.luminosity)
    for k, events in enumerate(flares_of(SUN, law, 7, 0.5 * YEAR, 4)):
        alone = follow(store, events, quiescent=SUN.luminosity)
        for name in ("end", "peak", "clipped", "avalanche", "offered"):
            assert getattr(found, name)[k] == getattr(alone, name)[0]
    assert found.seed == 7
    assert len(found) == 4
    assert found.years == pytest.approx(0.5)
    assert str(found).startswith("surge ratio: ")


def test_the_mean_is_campbells_with_the_changing_rate():
    law = Rhythms((Rhythm(0.7 * YEAR, 1.0, 0.1 * YEAR),), "made up")
    kind = Population(200 / YEAR, TruncatedPareto(1.8, 1e22, 1e23), "small ones", "made up")
    star = FlareProcess((kind,), SUN.luminosity, "star")
    found = simulate_modulated(Store(Loss(LEAK)), ModulatedFlares(star, law), 300, seed=1, quiescent=SUN.luminosity)
    weighed = quad(lambda t: float(law.factor(t)) * math.exp(-LEAK * (YEAR - t)), 0, YEAR, limit=200)[0]
    wanted = kind.rate * kind.law.mean * weighed
    assert abs(found.end.mean() - wanted) < 4 * found.end.std() / math.sqrt(300)
    flat = simulate_ensemble(Store(Loss(LEAK)), star, 300, seed=1, quiescent=SUN.luminosity)
    assert abs(flat.end.mean() - wanted) > 8 * flat.end.std() / math.sqrt(300)


@pytest.mark.parametrize(
    ("change", "match"),
    [
        ({"cap": 1.0}, "cap must be above 1"),
        ({"members": 0}, "members"),
        ({"years": 0.0}, "years"),
        ({"quiescent": 0.0}, "quiescent"),
        ({"seed": -1}, "seed"),
        ({"anywhere": 1}, "anywhere"),
        ({"flares": DWARF}, "flares"),
        ({"flares": ModulatedFlares(DWARF.with_shape(Davenport2014()), FLAT)}, "exponential pulses"),
        ({"flares": ModulatedFlares(DWARF, Index([0.0, 1e6], [1.0, 1.0], "short", "x"))}, "short has 0.0316"),
    ],
)
def test_what_an_ensemble_cannot_be(change, match):
    asked = {"flares": ModulatedFlares(DWARF, FLAT), "cap": 1.2, "members": 2, "seed": 1} | change
    with pytest.raises(SpecError, match=match):
        size_modulated_buffers(**asked)


def test_buffers_leak_as_the_store_does():
    flares = ModulatedFlares(FlareProcess.m_dwarf(per_year=4000), Rhythms.solar())
    ideal = size_modulated_buffers(flares, 1.02, 30, seed=5, years=0.5)
    tight = size_modulated_buffers(flares, 1.02, 30, seed=5, years=0.5, store=Store(Loss(0.0)))
    for name in ("peak", "unmet", "end", "offered"):
        np.testing.assert_allclose(getattr(tight, name), getattr(ideal, name), rtol=1e-9, atol=1e-9 * ideal.peak.max())
    np.testing.assert_array_equal(tight.largest, ideal.largest)
    leaky = size_modulated_buffers(flares, 1.02, 30, seed=5, years=0.5, store=Store(Loss(1e-3)))
    assert (leaky.peak < ideal.peak).all()
    assert (leaky.leaked > 0).all()
    # of the same flares as one pulse after the other: the leak of a run of its own
    few = size_modulated_buffers(flares, 1.02, 3, seed=5, years=0.5, store=Store(Loss(1e-3)), threads=1)
    np.testing.assert_array_equal(few.peak, leaky.peak[:3])
    with pytest.raises(SpecError, match="passive energy"):
        size_modulated_buffers(flares, 1.02, 3, seed=5, store=Store(Loss(1e-3), dephasing=1e-6))


def test_more_flares_than_can_be_held_are_refused_before_memory_is_asked_for():
    flares = ModulatedFlares(SUN, Rhythms.solar())
    for ask in (
        lambda: size_modulated_buffers(flares, 1.2, 300, seed=1, years=1e4),
        lambda: simulate_modulated(Store(Loss(LEAK)), flares, 300, seed=1, years=1e4),
    ):
        with pytest.raises(SpecError, match="flares are to be expected of 256 members, which are drawn at once"):
            ask()
