"""Hazards through published probabilities, and what they say about each other."""

import math

import numpy as np
import pytest

from oracle import printed
from qsb.errors import ConvergenceError, SpecError
from qsb.stellar.constants import YEAR
from qsb.stellar.hazard import PiecewiseHazard, Weibull
from qsb.stellar.status import Status
from qsb.stellar.timeline import Anchor, Timeline

PAPER = Timeline.paper()


@pytest.mark.parametrize(
    ("p500", "shape", "p1000", "t60"),
    [(0.20, "0.9135", "0.3432", "2346.9"), (0.25, "1.0714", "0.4537", "1474.3"), (0.30, "1.2049", "0.5605", "1094.1")],
)
def test_weibull_through_two_points(p500, shape, p1000, t60):
    law = Weibull.through(100 * YEAR, 0.05, 500 * YEAR, p500)
    assert law.shape == printed(shape)
    assert law.probability(100 * YEAR) == pytest.approx(0.05, rel=1e-13)
    assert law.probability(500 * YEAR) == pytest.approx(p500, rel=1e-13)
    assert law.probability(1000 * YEAR) == printed(p1000)
    assert law.time_of(0.6) / YEAR == printed(t60)
    assert law.probability(law.time_of(0.6)) == pytest.approx(0.6, rel=1e-13)
    # In (ln t, ln H) the law is a straight line through both points.
    h1, h2 = -math.log(0.95), -math.log1p(-p500)
    w = math.log(10) / math.log(5)
    assert -math.log1p(-law.probability(1000 * YEAR)) == pytest.approx(h1 ** (1 - w) * h2**w, rel=1e-13)


def test_first_and_last_point_force_the_middle_one():
    law = Weibull.through(100 * YEAR, 0.05, 1000 * YEAR, 0.6)
    assert law.probability(500 * YEAR) == printed("0.3194")


def test_constant_hazard():
    law = PiecewiseHazard.through([100 * YEAR], [0.05])
    assert law.rates[0] * YEAR == printed("5.129329e-4")
    assert law.probability(500 * YEAR) == printed("0.2262")
    assert law.probability(1000 * YEAR) == printed("0.4013")
    weibull = Weibull(1.0, 1 / law.rates[0])
    risk = 1e-3 / YEAR
    assert weibull.probability(700 * YEAR, risk) == pytest.approx(law.probability(700 * YEAR, risk), rel=1e-12)
    assert weibull.rate(YEAR) == pytest.approx(law.rate(YEAR))


def test_pieces_fit_exactly():
    law = PAPER.piecewise()
    assert [h * YEAR for h in law.rates] == [printed("5.13e-4"), printed("5.91e-4"), printed("1.257e-3")]
    for t, p in ((100, 0.05), (500, 0.25), (1000, 0.60)):
        assert law.probability(t * YEAR) == pytest.approx(p, rel=1e-13)
    assert law.rate(500 * YEAR) == law.rates[2]
    assert law.rate(0.0) == law.rates[0]


@pytest.mark.parametrize("mu", [1e-5, 1e-3, 1e-2])
def test_competing_risk_by_quadrature(mu):
    x, w = np.polynomial.legendre.leggauss(80)
    law = PAPER.piecewise()
    expected = 0.0
    for begin, end in ((0, 100), (100, 500), (500, 1000)):
        t = begin + (end - begin) * (x + 1) / 2
        density = [law.rate(s * YEAR) * YEAR * (1 - law.probability(s * YEAR)) for s in t]
        expected += float(np.sum(w / 2 * (end - begin) * np.array(density) * np.exp(-mu * t)))
    assert law.probability(1000 * YEAR, mu / YEAR) == pytest.approx(expected, rel=1e-12)
    weibull = Weibull.through(100 * YEAR, 0.05, 500 * YEAR, 0.25)
    t = 1000 * ((x + 1) / 2) ** 4
    density = [weibull.rate(s * YEAR) * YEAR * (1 - weibull.probability(s * YEAR)) for s in t]
    expected = float(np.sum(w / 2 * 4000 * ((x + 1) / 2) ** 3 * np.array(density) * np.exp(-mu * t)))
    assert weibull.probability(1000 * YEAR, mu / YEAR) == pytest.approx(expected, rel=1e-9)


def test_probability_at_a_millennium_under_one_per_mille_a_year():
    assert PAPER.verdict(1e-3 / YEAR).unconditional == pytest.approx(0.36934, abs=5e-6)


def test_the_printed_probability_belongs_to_a_weibull_law_near_all_anchors():
    """35.35 % was printed beside the exact pieces; the least squares of a Weibull law in (ln t, ln H) give it.

    That law misses the anchors (55.3 % instead of 60 % at 1000 y), so the pieces, which fit them exactly, stay the
    model of the verdict.
    """
    law = Weibull.fitted([100 * YEAR, 500 * YEAR, 1000 * YEAR], [0.05, 0.25, 0.60])
    assert law.probability(1000 * YEAR, 1e-3 / YEAR) == printed("0.3535")
    assert law.shape == pytest.approx(1.2202, abs=5e-5)
    assert law.probability(1000 * YEAR) == pytest.approx(0.5532, abs=5e-5)
    t, h = np.log([100.0, 500.0, 1000.0]), np.log(-np.log1p([-0.05, -0.25, -0.60]))
    slope = np.sum((t - t.mean()) * (h - h.mean())) / np.sum((t - t.mean()) ** 2)
    assert law.shape == pytest.approx(slope, rel=1e-12)
    two = Weibull.fitted([1.0, 2.0], [0.1, 0.3])
    assert two.probability(2.0) == pytest.approx(0.3, rel=1e-12)


def test_verdict_on_the_paper():
    found = PAPER.verdict()
    assert found.word == "consistent only with a hazard that rises"
    assert found.third == pytest.approx((0.3432, 0.5605), abs=6e-5)
    assert np.array(found.reached) / YEAR == pytest.approx([1094.06, 2346.88], abs=5e-3)
    assert found.forced == printed("0.3194")
    assert found.constant == pytest.approx((0.2262, 0.4013), abs=5e-5)
    assert found.change == pytest.approx(1.466, abs=5e-4)
    assert found.unconditional == pytest.approx(0.6, rel=1e-13)
    assert found.status is Status.SPECULATIVE
    assert "34 to 56 % at 1000 y" in str(found)
    assert "competing risk" not in str(found)
    assert "competing risk of 0.001 per year" in str(PAPER.verdict(1e-3 / YEAR))


def test_the_verdict_survives_the_rounding_of_five_per_cent():
    first = Anchor(100 * YEAR, 0.045, 0.05, 0.055)
    found = Timeline((first, *PAPER.anchors[1:]), "rounded").verdict()
    assert found.word == "consistent only with a hazard that rises"
    assert found.third[1] < 0.6


def test_the_verdict_changes_with_the_numbers():
    def word(low, best, high):
        return Timeline((*PAPER.anchors[:2], Anchor(1000 * YEAR, low, best, high)), "made up").verdict().word

    assert word(0.5, 0.6, 1.0) == "consistent"
    assert word(0.31, 0.315, 0.32) == "consistent only with a hazard that falls"


def test_band_holds_every_law_inside_the_intervals(rng):
    first, last = Anchor(100 * YEAR, 0.04, 0.05, 0.06), PAPER.anchors[2]
    line = Timeline((first, PAPER.anchors[1], last), "wide")
    times = np.array([0.0, 10.0, 100.0, 300.0, 500.0, 1000.0, 3000.0]) * YEAR
    band = line.band(times)
    for p, q in zip(rng.uniform(0.04, 0.06, 40), rng.uniform(0.2, 0.3, 40), strict=True):
        law = Weibull.through(100 * YEAR, p, 500 * YEAR, q)
        curve = np.array([law.probability(t) for t in times])
        assert np.all(band.low <= curve + 1e-15)
        assert np.all(curve <= band.high + 1e-15)
    assert np.all((band.low <= band.best) & (band.best <= band.high))


class Years:
    """A quantity that knows its unit, as astropy's do."""

    def __init__(self, number):
        self.number = number

    def to_value(self, unit):
        if unit != "s":
            raise ValueError(f"years are no {unit}")
        return self.number * YEAR


def test_quantities_with_units_are_taken():
    law = PiecewiseHazard.through([Years(100)], [0.05])
    assert law.probability(Years(500)) == printed("0.2262")
    with pytest.raises(SpecError, match="years are no 1 / s"):
        law.probability(Years(500), Years(1))


@pytest.mark.parametrize(
    "call",
    [
        lambda: Weibull(0.0, 1.0),
        lambda: Weibull.through(1.0, 0.5, 2.0, 0.4),
        lambda: Weibull.through(2.0, 0.4, 1.0, 0.5),
        lambda: Weibull.through(1.0, 0.0, 2.0, 0.5),
        lambda: Weibull.through(1.0, 0.5, 2.0, 1.0),
        lambda: Weibull.fitted([1.0], [0.5]),
        lambda: Weibull.fitted([2.0, 1.0], [0.4, 0.5]),
        lambda: PiecewiseHazard((1.0,), (1.0,)),
        lambda: PiecewiseHazard((2.0, 1.0), (1.0, 1.0, 1.0)),
        lambda: PiecewiseHazard((), (-1.0,)),
        lambda: PiecewiseHazard.through([1.0, 2.0], [0.5]),
        lambda: PiecewiseHazard.through([1.0, 2.0], [0.5, 0.4]),
        lambda: PAPER.piecewise().probability(-1.0),
        lambda: PAPER.verdict(-1.0),
        lambda: Anchor(1.0, 0.5, 0.4, 0.6),
        lambda: Timeline(PAPER.anchors[:2], "two"),
        lambda: Timeline((*PAPER.anchors[:2], Anchor(1000 * YEAR, 0.25, 0.6, 1.0)), "overlap"),
        lambda: Timeline((1, 2, 3), "numbers"),
    ],
)
def test_impossible_requests_are_refused(call):
    with pytest.raises(SpecError):
        call()


def test_a_quadrature_that_fails_its_check_is_not_returned():
    with pytest.raises(ConvergenceError, match="two quadratures"):
        Weibull(50.0, 1.0).probability(1e6, 1e-1)
