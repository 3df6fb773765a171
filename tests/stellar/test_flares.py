"""Shapes, processes, power laws and storage of flares, against closed forms and the printed numbers."""

import math
from itertools import pairwise

import numpy as np
import pytest
from scipy.integrate import quad

from oracle import printed
from qsb.errors import SpecError
from qsb.stellar.constants import YEAR
from qsb.stellar.flare_process import SUPERFLARES, DurationLaw, FlareProcess
from qsb.stellar.flare_shape import (
    Davenport2014,
    ExponentialPulse,
    TovarMendoza2022,
    crossings,
    flare_shape,
    half_width,
)
from qsb.stellar.history import simulate
from qsb.stellar.loss import Loss
from qsb.stellar.power_law import TruncatedPareto, fit_power_law, fit_truncated
from qsb.stellar.status import Status
from qsb.stellar.store import Store
from qsb.stellar.surge import (
    exponential_storage,
    pulse_storage,
    quantile_with_interval,
    series_storage,
    surge_line,
)

SHAPES = [ExponentialPulse(), Davenport2014(), Davenport2014("paper"), TovarMendoza2022()]


def test_printed_numbers_of_the_templates():
    assert Davenport2014("paper").area == printed("1.827044811")
    # the area of a program that takes twice the width for its duration of 1
    assert Davenport2014().cumulative(Davenport2014().end) / 2 == printed("0.913442428")
    assert Davenport2014().area == printed("1.826884856")
    assert half_width(Davenport2014("paper")) == printed("0.913056")
    rounded = Davenport2014("paper")
    assert float(rounded.profile(-1.0)) == pytest.approx(0.005, abs=1e-12)
    assert 1 - float(rounded.profile(1e-12)) == pytest.approx(0.008, abs=1e-9)
    assert TovarMendoza2022().peak == printed("0.950155")
    # derived in docs/devdocs/stellar-flares.md
    assert TovarMendoza2022().area == printed("2.040873175")


@pytest.mark.parametrize("shape", SHAPES, ids=lambda s: f"{s.name}{getattr(s, 'digits', '')}")
def test_a_cumulative_is_the_integral_of_its_shape(shape):
    for x in (-1.5, -0.6, -0.1, 0.0, 0.3, 4.0):
        pieces = [p for p in (-3.0, -1.0, 0.0) if p < x] + [x]
        wanted = sum(quad(lambda y: float(shape.profile(y)), a, b, epsabs=1e-13)[0] for a, b in pairwise(pieces))
        assert float(shape.cumulative(x)) == pytest.approx(wanted, abs=2e-10)
    assert float(shape.cumulative(shape.end)) == pytest.approx(shape.area, rel=1e-14)
    assert float(shape.cumulative(shape.begin)) == pytest.approx(0.0, abs=1e-16)
    far = shape.profile([-1e6, -50.0, 1e6])
    assert np.isfinite(far).all()
    assert far[0] == far[1] == 0.0


@pytest.mark.parametrize("shape", SHAPES, ids=lambda s: f"{s.name}{getattr(s, 'digits', '')}")
@pytest.mark.parametrize("level", [0.02, 0.3, 0.9])
def test_storage_of_a_pulse_is_the_integral_above_the_cap(shape, level):
    grid = np.linspace(-2.0, 40.0, 2_000_001)
    wanted = np.trapezoid(np.maximum(5 * shape.profile(grid) - 5 * level, 0.0), grid) * 600
    # the grid rounds the corners of jumps: two of them, a step wide, of height 5 at most
    assert pulse_storage(shape, 5.0, 600.0, 5 * level) == pytest.approx(wanted, abs=0.1)


def test_printed_storage():
    assert exponential_storage(5.0, 600.0, 1.0) == printed("1434.337253")
    assert pulse_storage(ExponentialPulse(), 5.0, 600.0, 1.0) == printed("1434.337253")
    # derived in docs/devdocs/stellar-flares.md
    assert pulse_storage(Davenport2014("paper"), 5.0, 600.0, 1.0) == printed("1967.912476")
    assert pulse_storage(TovarMendoza2022(), 5.0, 600.0, 1.0) == printed("2141.805499")
    assert exponential_storage(5.0, 600.0, 5.0) == 0.0
    for cap in (4.9, 4.9951, 4.9949, 4.999999):
        assert exponential_storage(5.0, 600.0, cap) == pytest.approx(
            pulse_storage(ExponentialPulse(), 5.0, 600.0, cap), rel=1e-6
        )


def test_storage_of_a_series_counts_surges_that_follow_each_other():
    # two triangles of height 3 above a cap of 1; between them 0.5 below it for 2 s is given back
    times = [0.0, 1.0, 2.0, 4.0, 5.0, 6.0]
    power = [1.0, 4.0, 1.0, 1.0, 4.0, 1.0]
    assert series_storage(times, power, 1.0) == pytest.approx(6.0)
    assert series_storage(times, [1.0, 4.0, 0.5, 0.5, 4.0, 1.0], 1.0) < 6.0
    t = np.linspace(0.0, 12000.0, 400001)
    assert series_storage(t, 5 * np.exp(-t / 600), 1.0) == printed("1434.337253")
    with pytest.raises(SpecError, match="rising"):
        series_storage([1.0, 0.0], [1.0, 1.0], 1.0)


def test_the_surge_ratio_comes_first_and_warns():
    assert surge_line(2.4).startswith("surge ratio: ")
    assert "WARNING" not in surge_line(2.4)
    assert "WARNING" in surge_line(9.5e-7)
    assert str(FlareProcess.solar().sample(1, np.random.default_rng(1))).startswith("surge ratio: ")


def test_printed_moments_of_the_truncated_law():
    for exponent, mean in ((1.8, "3.600360036e23"), (2.0, "1.15130406e23"), (2.2, "5.4000054e22")):
        assert TruncatedPareto(exponent, 1e22, 1e27).mean == printed(mean)
    sun = FlareProcess.solar()
    mean, spread = sun.yearly()
    assert mean == printed("7.200720e25")
    assert spread == printed("1.154758e26")
    assert sun.largest(0.5) == printed("1.147800e25")


@pytest.mark.parametrize("exponent", [0.5, 1.0, 1.8, 2.0, 3.5])
def test_a_law_agrees_with_itself(exponent):
    law = TruncatedPareto(exponent, 2.0, 500.0)
    u = np.linspace(0.0, 1.0, 21)
    assert 1 - law.survival(law.quantile(u)) == pytest.approx(u, abs=1e-12)
    norm = quad(lambda x: x**-exponent, 2.0, 500.0)[0]
    for k in (1, 2, 3):
        assert law.moment(k) == pytest.approx(quad(lambda x, k=k: x ** (k - exponent), 2.0, 500.0)[0] / norm, rel=1e-8)
    fit = fit_truncated(law.sample(np.random.default_rng(5), 20000), 2.0, 500.0)
    assert abs(fit.exponent - exponent) < 4 * fit.error
    assert fit.distance < 0.02


def test_error_of_an_exponent_is_that_of_its_scatter():
    law = TruncatedPareto(1.8, 1.0, 100.0)
    rng = np.random.default_rng(11)
    fits = [fit_truncated(law.sample(rng, 500), 1.0, 100.0) for _ in range(300)]
    assert np.std([f.exponent for f in fits]) == pytest.approx(fits[0].error, rel=0.15)
    tail = fit_power_law(TruncatedPareto(2.5, 1.0, 1e12).sample(rng, 4000), low=1.0)
    assert tail.error == pytest.approx((tail.exponent - 1) / math.sqrt(4000), rel=1e-12)
    assert abs(tail.exponent - 2.5) < 4 * tail.error


def test_superflare_scenarios_disagree_sixtyfold():
    rates = {name: FlareProcess.solar(name).exceedance(1e27) * YEAR for name in SUPERFLARES}
    assert rates["Okamoto2021"] == pytest.approx(1 / 6000)
    assert rates["Vasilyev2024"] == pytest.approx(1 / 100)
    assert FlareProcess.solar().exceedance(1.0000001e27) == 0.0
    assert FlareProcess.solar().status is Status.ENGINEERING
    for name, kind in SUPERFLARES.items():
        # measured elsewhere; nobody has seen one of the Sun
        assert FlareProcess.solar(name).status is kind.status is Status.SPECULATIVE
        assert "measured on Sun-like stars" in kind.source
        assert "arXiv:" in kind.source
    with pytest.raises(SpecError, match="Okamoto2021"):
        FlareProcess.solar("Okamoto")


def test_samples_are_seeded_and_follow_their_law():
    process = FlareProcess.solar()
    a, b = (process.sample(50, np.random.default_rng(3)) for _ in range(2))
    assert np.array_equal(a.times, b.times)
    assert np.array_equal(a.energies, b.energies)
    assert abs(len(a) - 10000) < 4 * 100
    assert np.all(np.diff(a.times) >= 0)
    fit = fit_truncated(a.energies, 1e22, 1e27)
    assert abs(fit.exponent - 1.8) < 4 * fit.error
    assert DurationLaw()(8 * 1.5e23) == pytest.approx(420.0)
    with pytest.raises(SpecError, match="Generator"):
        process.sample(1, 3)
    with pytest.raises(SpecError, match="fewer years"):
        process.sample(1e9, np.random.default_rng(1))


@pytest.mark.parametrize("name", ["exponential", "davenport2014", "tovarmendoza2022"])
def test_power_of_a_sample_is_an_inflow_that_keeps_the_energy(name):
    process = FlareProcess.m_dwarf(per_year=300, shape=flare_shape(name))
    events = process.sample(0.2, np.random.default_rng(8))
    edges = np.linspace(-1e6, events.duration + 3e6, 777)
    power = events.power(edges, quiescent=process.luminosity)
    assert float(power @ np.diff(edges)) == pytest.approx(events.energies.sum(), rel=1e-12)
    finer = events.power(np.linspace(edges[0], edges[-1], 2 * 776 + 1), quiescent=process.luminosity)
    assert 0.5 * (finer[::2] + finer[1::2]) == pytest.approx(power, rel=1e-9, abs=1e-12 * power.max())
    run = simulate(Store(Loss(1e-7)), edges, events.power(edges, quiescent=1e9))
    assert run.ledger.inflow == pytest.approx(1e9 * events.energies.sum() / process.luminosity, rel=1e-12)


def test_crossings_of_a_jump_and_refusals():
    assert crossings(Davenport2014(), 0.995)[1] == pytest.approx(0.0, abs=1e-12)
    with pytest.raises(SpecError, match="peak"):
        crossings(TovarMendoza2022(), 0.96)
    with pytest.raises(SpecError, match="digits"):
        Davenport2014("printed")
    with pytest.raises(SpecError, match="davenport2014"):
        flare_shape("davenport")
    with pytest.raises(SpecError, match="above low"):
        TruncatedPareto(1.8, 2.0, 1.0)
    with pytest.raises(SpecError, match="outside"):
        fit_truncated(np.linspace(1, 3, 20), 1.5, 4.0)


def test_quantile_intervals_cover():
    rng = np.random.default_rng(21)
    hits = 0
    for _ in range(400):
        found = quantile_with_interval(rng.random(300), 0.9)
        hits += found.low <= 0.9 <= found.high
    assert 0.92 < hits / 400 <= 1.0  # 0.95 at least, four standard errors allowed
    small = quantile_with_interval(np.arange(10.0), 0.99)
    assert small.high == math.inf
    assert quantile_with_interval(np.arange(10.0), 0.01).low == -math.inf


def test_values_at_one_end_of_the_law_fix_a_steep_exponent():
    """Mean of ln(x/low) of 1e-4: the cut is far away, so that alpha - 1 is its inverse."""
    fit = fit_truncated(np.full(20, math.exp(1e-4)), 1.0, 1e5)
    assert fit.exponent - 1 == pytest.approx(1e4, rel=1e-9)
    assert fit.error == pytest.approx(1e4 / math.sqrt(20), rel=1e-9)
