"""Modulations of a rate: their integrals and inverses, and the flares that follow from them."""

import gzip
import hashlib
import math
from importlib.resources import files
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.integrate import quad
from scipy.stats import chi2, kstest, poisson

from qsb.errors import SpecError
from qsb.stellar.constants import YEAR
from qsb.stellar.flare_process import FlareEvents, FlareProcess
from qsb.stellar.modulated import ModulatedFlares
from qsb.stellar.modulation import CARRINGTON, SOLAR_CYCLE, Index, Rhythm, Rhythms
from qsb.stellar.radio_flux import RadioFlux, radio_flux_from_csv, solar_radio_flux
from qsb.stellar.status import Status

SUN = FlareProcess.solar()
SOLAR = Rhythms.solar()
DEEP = Rhythms((Rhythm(SOLAR_CYCLE, 1.0, 2 * YEAR), Rhythm(CARRINGTON, 0.5)), "made up")
TABLE = Index([0.0, 1e6, 2e6, 5e6, 6e6], [0.0, 2.0, 0.0, 0.0, 3.0], "a table", "made up")


@pytest.mark.parametrize("law", [SOLAR, DEEP, TABLE], ids=["solar", "deep", "table"])
def test_an_exposure_is_the_integral_of_its_factor(law):
    end = min(law.extent, 3 * YEAR)
    corners = np.unique(np.concatenate((np.linspace(0, end, 160), TABLE.times if law is TABLE else [0.0])))
    wanted = np.cumsum([quad(lambda t: float(law.factor(t)), a, b, epsrel=1e-12)[0] for a, b in pairwise(corners)])
    assert law.exposure(corners[1:]) == pytest.approx(wanted, rel=1e-11, abs=1e-6)
    assert float(law.exposure(0.0)) == 0.0
    assert np.all(law.factor(corners) >= 0)


@pytest.mark.parametrize("law", [SOLAR, DEEP, TABLE], ids=["solar", "deep", "table"])
def test_elapsed_time_inverts_the_exposure(law):
    rng = np.random.default_rng(1)
    wanted = float(law.exposure(min(law.extent, 40 * YEAR))) * rng.random((50, 4))
    times = law.elapsed(wanted)
    assert times.shape == wanted.shape
    assert law.exposure(times) == pytest.approx(wanted, rel=1e-11)
    assert law.elapsed([]).shape == (0,)
    assert float(law.elapsed(0.0)) == pytest.approx(0.0, abs=1e-3)
    order = np.argsort(wanted, axis=None)
    assert np.all(np.diff(times.ravel()[order]) >= 0)


@settings(max_examples=40, deadline=None)
@given(
    st.floats(1e3, 1e9),
    st.floats(0, 1),
    st.floats(-1e9, 1e9),
    st.floats(0.01, 0.9),
    st.floats(1e-3, 1.0),
)
def test_rhythms_of_any_numbers_are_inverted(period, amplitude, crest, second, share):
    law = Rhythms((Rhythm(period, amplitude, crest), Rhythm(period * second, 0.7 * amplitude)), "made up")
    t = 3.7 * period * share
    again = float(law.elapsed(law.exposure(t)))
    # where the factor is small the time is not sharp, the exposure is
    assert float(law.exposure(again)) == pytest.approx(float(law.exposure(t)), rel=1e-11, abs=1e-9 * period)
    assert 0 <= float(law.factor(t)) <= law.most * (1 + 1e-12)


def test_the_mean_of_rhythms_is_one():
    assert float(DEEP.exposure(1e5 * YEAR)) / (1e5 * YEAR) == pytest.approx(1.0, abs=1e-4)
    assert DEEP.extent == math.inf
    assert DEEP.most == 3.0
    assert "100 % with 11 yr and 50 % with 27.2753 d" in DEEP.name
    top, bottom = SOLAR.factor([0.0, 5.5 * YEAR])
    assert top == pytest.approx(SOLAR.most, rel=1e-12)
    assert bottom < 0.3


def test_a_table_with_gaps_of_activity_has_no_flares_in_them():
    assert TABLE.mean == pytest.approx(3.5 / 6, rel=1e-14)
    flares = ModulatedFlares(FlareProcess.solar(per_year=50_000), TABLE)
    events = flares.sample(6e6 / YEAR, np.random.default_rng(5))
    assert not np.any((events.times > 2e6) & (events.times < 5e6))
    assert np.any(events.times > 5e6)
    assert events.times.max() <= 6e6
    with pytest.raises(SpecError, match=r"a table ends after 0\.190129 years"):
        flares.sample(1.0, np.random.default_rng(5))
    with pytest.raises(SpecError, match="beyond"):
        TABLE.elapsed(1e9)


@pytest.mark.parametrize(
    ("make", "match"),
    [
        (lambda: Rhythm(0.0, 0.5), "period of Rhythm"),
        (lambda: Rhythm(1.0, 1.5), "at most 1"),
        (lambda: Rhythm(1.0, -0.1), "amplitude"),
        (lambda: Rhythms((), "x"), "one Rhythm or more"),
        (lambda: Rhythms((Rhythm(1.0, 0.5), Rhythm(1.0, 0.2)), "x"), "different periods"),
        (lambda: Rhythms((Rhythm(1.0, 0.5), Rhythm(0.5, 0.2), Rhythm(1 / 3, 0.2)), "x"), "add up to that of another"),
        (lambda: Rhythms((0.5,), "x"), "a part of Rhythms"),
        (lambda: Index([0.0, 1.0], [0.0, 0.0], "x", "x"), "one of them must be above 0"),
        (lambda: Index([0.0, 1.0], [1.0, -1.0], "x", "x"), "must not be negative"),
        (lambda: Index([1.0, 2.0], [1.0, 1.0], "x", "x"), "rise from 0"),
        (lambda: Index([0.0, 1.0], [1.0, 1.0, 1.0], "x", "x"), "2 times"),
        (lambda: ModulatedFlares(SUN, 2.0), "modulation"),
        (lambda: ModulatedFlares(SOLAR, SOLAR), "process"),
        (lambda: SOLAR.elapsed(-1.0), "exposures"),
        (lambda: ModulatedFlares(SUN, SOLAR).sample(0.0, np.random.default_rng(1)), "years"),
        (lambda: ModulatedFlares(SUN, SOLAR).sample(1.0, 7), "Generator"),
        (lambda: ModulatedFlares(SUN, SOLAR).sample(1e9, np.random.default_rng(1)), "sample fewer years"),
        (lambda: TABLE.begins(np.random.default_rng(1), 2, YEAR), "fewer than 1"),
    ],
)
def test_what_a_modulation_cannot_be(make, match):
    with pytest.raises(SpecError, match=match):
        make()


def test_without_a_modulation_seeds_and_flares_are_unchanged():
    """A factor of 1 draws the very flares of the process; and the process draws what it always drew."""
    flat = ModulatedFlares(SUN, Rhythms((Rhythm(YEAR, 0.0),), "none"))
    a, b = SUN.sample(3.0, np.random.default_rng(11)), flat.sample(3.0, np.random.default_rng(11))
    assert np.array_equal(a.energies, b.energies)
    assert b.times == pytest.approx(a.times, rel=1e-13)
    assert np.array_equal(a.widths, b.widths)
    rng = np.random.default_rng(11)
    count = int(rng.poisson(SUN.rate * 3 * YEAR))
    times = 3 * YEAR * rng.random(count)
    assert np.array_equal(a.times, np.sort(times))


def test_numbers_are_those_of_the_integrated_rate():
    """Counts of eight stretches of a cycle, each Poisson with the integral of the rate over it."""
    flares = ModulatedFlares(FlareProcess.solar(per_year=2000), DEEP)
    events = flares.sample(11.0, np.random.default_rng(3))
    edges = np.linspace(0, 11 * YEAR, 9)
    wanted = flares.rate * np.diff(DEEP.exposure(edges))
    assert flares.expected(11.0) == pytest.approx(wanted.sum(), rel=1e-12)
    assert flares.expected(11 / 8, 11 * YEAR / 8) == pytest.approx(wanted[1], rel=1e-9)
    assert wanted.max() > 20 * wanted.min()
    low, high = poisson.interval(1 - 1e-4, wanted.sum())
    assert low <= len(events) <= high
    found = np.histogram(events.times, edges)[0]
    assert chi2.sf(((found - wanted) ** 2 / wanted).sum(), 8) > 1e-3
    # a homogeneous process of the same number is far from it
    flat = len(events) / 8
    assert chi2.sf(((found - flat) ** 2 / flat).sum(), 8) < 1e-12


@pytest.mark.parametrize("law", [DEEP, SOLAR], ids=["deep", "solar"])
def test_rescaled_times_are_even(law):
    flares = ModulatedFlares(SUN, law)
    events = flares.sample(22.0, np.random.default_rng(8))
    assert kstest(flares.rescaled(events), "uniform").pvalue > 1e-3
    assert kstest(events.times / events.duration, "uniform").pvalue < 1e-9
    # flares that know of no cycle fail the test
    assert kstest(flares.rescaled(SUN.sample(22.0, np.random.default_rng(8))), "uniform").pvalue < 1e-9
    # the rotation is in the phases
    many = ModulatedFlares(FlareProcess.solar(per_year=5_000), law).sample(11.0, np.random.default_rng(9))
    plain = Rhythms((law.parts[0],), "no rotation")
    turns = many.times / CARRINGTON % 1.0
    assert kstest(turns, "uniform", method="asymp").pvalue < 1e-9
    # a law without it cannot tell, for its turns are short
    assert kstest(ModulatedFlares(SUN, plain).rescaled(many), "uniform", method="asymp").pvalue > 1e-6


def test_waiting_times_in_the_exposure_are_exponential():
    flares = ModulatedFlares(SUN, DEEP)
    events = flares.sample(30.0, np.random.default_rng(2))
    gaps = np.diff(DEEP.exposure(events.times)) * flares.rate
    assert kstest(gaps, "expon").pvalue > 1e-3
    assert kstest(np.diff(events.times) * len(events) / events.duration, "expon").pvalue < 1e-6


def test_the_largest_flare_of_a_year_depends_on_the_year():
    top = ModulatedFlares(SUN, Rhythms.solar(0.5 * YEAR))
    calm = ModulatedFlares(SUN, Rhythms.solar(6 * YEAR))
    assert top.largest(0.5) > SUN.largest(0.5) > calm.largest(0.5)
    rng = np.random.default_rng(4)
    below = sum(top.sample(1.0, rng).energies.max(initial=0.0) < top.largest(0.8) for _ in range(200))
    low, high = np.array([0.8 - 4 * 0.0283, 0.8 + 4 * 0.0283]) * 200
    assert low < below < high
    assert top.extrapolated(5e25)
    assert top.status is Status.ENGINEERING
    assert top.name.startswith("Sun, cosines of 9")
    assert top.with_luminosity(1e24).luminosity == 1e24
    assert isinstance(top.sample(0.1, rng), FlareEvents)
    assert top.rates(0.0).shape == ()
    none = ModulatedFlares(SUN, Index([0.0, YEAR, 2 * YEAR, 3 * YEAR], [0.0, 0.0, 0.0, 1.0], "late", "made up"))
    with pytest.raises(SpecError, match="there are no flares"):
        none.largest(0.5)


def test_the_radio_flux_of_the_package():
    flux = solar_radio_flux()
    assert (str(flux.days[0]), str(flux.days[-1]), len(flux)) == ("1957-10-01", "2025-07-20", 24765)
    assert flux.values[0] == 269.8
    assert flux.values[flux.days == np.datetime64("2011-03-07")] == 924.4
    assert int(np.count_nonzero(flux.values > 400)) == 7
    assert flux.status is Status.MEASURED
    assert "no licensing requirements" in flux.licence
    raw = gzip.decompress(files("qsb.stellar").joinpath("data", "f107.csv.gz").read_bytes())
    assert hashlib.sha256(raw).hexdigest() == "4f5570447af618c1e09390d2992d67c5a07307cb430165cd8f69eb70ba2c5ab7"
    whole = flux.index()
    assert whole.mean == pytest.approx(1.0, rel=1e-12)
    assert whole.status is Status.ENGINEERING
    # a maximum, a minimum
    high, low = flux.index("2001-07-01"), flux.index("2008-07-01")
    assert float(high.exposure(YEAR)) / YEAR > 1.5
    assert float(low.exposure(YEAR)) / YEAR < 0.2
    assert high.factor(0.0) == pytest.approx(
        float(whole.factor((flux.days == np.datetime64("2001-07-01")).argmax() * 86400.0))
    )
    # the burst of one flare is no activity
    assert whole.values.max() < 6.5
    assert str(flux).startswith("F10.7, 24765 days from 1957-10-01 to 2025-07-20, ")


def test_a_table_of_ones_own(tmp_path):
    path = tmp_path / "flux.csv"
    path.write_text("# mine\ndate,sfu\n2000-01-01,165.0\n2000-01-02,265.0\n2000-01-04,65.0\n")
    flux = radio_flux_from_csv(path, source="my antenna")
    index = flux.index()
    assert index.times.tolist() == [0.0, 86400.0, 3 * 86400.0]
    assert index.values / index.values[0] == pytest.approx([1.0, 2.0, 0.0])
    assert index.mean == pytest.approx(1.0)
    assert index.source == "my antenna"
    assert flux.sha256 == hashlib.sha256(path.read_bytes()).hexdigest()
    path.write_text("2000-01-01,165.0\n2000-01-02\n")
    with pytest.raises(SpecError, match="line 2"):
        radio_flux_from_csv(path)
    path.write_text("2000-01-02,165.0\n2000-01-01,165.0\n")
    with pytest.raises(SpecError, match="must rise, but after 2000-01-02 comes 2000-01-01"):
        radio_flux_from_csv(path)
    path.write_text("2000-01-01,60.0\n2000-01-02,61.0\n")
    with pytest.raises(SpecError, match="nowhere above quiet = 65"):
        radio_flux_from_csv(path).index()
    with pytest.raises(SpecError, match="cannot be read"):
        radio_flux_from_csv(tmp_path / "none.csv")


@pytest.mark.parametrize(
    ("keys", "match"),
    [
        ({"begin": "1950-01-01"}, "take one of them"),
        ({"begin": "2025-07-20"}, "take one of them"),
        ({"begin": "the first of May"}, "no date"),
        ({"quiet": 500.0}, "most must be above quiet"),
        ({"quiet": -1.0}, "quiet"),
    ],
)
def test_what_an_index_of_the_radio_flux_cannot_be(keys, match):
    with pytest.raises(SpecError, match=match):
        solar_radio_flux().index(**keys)


def test_radio_fluxes_are_positive_and_one_a_day():
    days = np.array(["2000-01-01", "2000-01-02"], "datetime64[D]")
    with pytest.raises(SpecError, match="must not be negative, but it is -1 sfu on 2000-01-02"):
        RadioFlux(days, [70.0, -1.0], "x", "x", "x", "x")
    with pytest.raises(SpecError, match="must be dates like"):
        RadioFlux(["a", "b"], [70.0, 71.0], "x", "x", "x", "x")
    with pytest.raises(SpecError, match="path"):
        radio_flux_from_csv(None)
    with pytest.raises(SpecError, match="2 days of RadioFlux, but 3"):
        RadioFlux(days, [70.0, 71.0, 72.0], "x", "x", "x", "x")


@pytest.mark.parametrize("begin", ["", "today", "2000", "2000-01", "2000-01-01T05", "NaT"])
def test_a_begin_is_a_whole_date_and_nothing_else(begin):
    with pytest.raises(SpecError, match="which is no date; write it like"):
        solar_radio_flux().index(begin)
