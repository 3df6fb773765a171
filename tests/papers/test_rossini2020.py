"""SYK batteries: verdicts, the parallel closed form, a dense sample, the interval from resampling."""

import numpy as np
import pytest
import scipy.linalg as la

from qsb.algebra import build
from qsb.models import syk
from qsb.studies.exponent import Estimate
from qsb.studies.papers import PAPERS, study
from qsb.studies.papers.rossini2020 import average, within


@pytest.fixture(scope="module")
def made():
    return study("rossini2020", quick=True)


def test_verdicts(made):
    assert {j.claim.id: j.verdict.value for j in made.judgements} == {
        "super-extensive": "reproduced",
        # eight samples at N = 10 leave these exponents open, whatever the slopes
        "three-halves": "inconclusive",
        "statistics": "inconclusive",
        "norm": "reproduced",
    }
    assert PAPERS["rossini2020"].slow


def test_parallel_cells(made):
    """E = N sin^2(J t) with H_B off: the largest E/t is N times max sin^2(x)/x."""
    for n in (4, 10):
        found = float(made.datasets[f"parallel-N{n}"]["peak_average_power"][0])
        assert found == pytest.approx(n * 0.7246113538, abs=1e-6)


def test_a_dense_sample(made):
    n, seed = 6, 3
    battery = syk(n, seed=seed)
    h, v = (build.dense(op, battery.space) for op in (battery.battery, battery.interaction))
    e, u = np.linalg.eigh(h)
    times = np.linspace(0.01, 3.0, 1500)
    w, q = la.eigh(v)
    kets = q @ (np.exp(-1j * np.outer(w, times)) * (q.conj().T @ u[:, 0])[:, None])
    stored = np.einsum("it,ij,jt->t", kets.conj(), h, kets).real - e[0]
    found = float(made.datasets["fermions-N6"]["peak_average_power"].sel(seed=seed))
    assert found == pytest.approx((stored / times).max(), rel=1e-5)


def test_resampling_finds_the_scatter_of_the_samples():
    """Of y = N^1.5 with 10 % noise in each of 25 samples, the interval of the slope is that of its closed form."""
    rng = np.random.default_rng(1)
    cells = (4, 6, 8, 10, 12)
    found = average({n: n**1.5 * (1 + 0.1 * rng.standard_normal(25)) for n in cells})
    x = np.log(cells)
    error = 0.1 / 5 / np.sqrt(np.sum((x - x.mean()) ** 2))
    assert found.slope.low < 1.5 < found.slope.high
    assert (found.slope.high - found.slope.low) / 2 == pytest.approx(1.96 * error, rel=0.35)


def test_few_samples_do_not_narrow_the_interval():
    """Four samples at each N: means of resamples scatter by the standard error, not by sqrt(3)/2 of it."""
    rng = np.random.default_rng(5)
    cells = (4, 6, 8, 10, 12, 14, 16)
    samples = {n: n**1.5 * (1 + 0.1 * rng.standard_normal(4)) for n in cells}
    found = average(samples)
    x = np.log(cells) - np.mean(np.log(cells))
    error = np.array([s.std(ddof=1) / np.sqrt(s.size) / s.mean() for s in samples.values()])
    expected = 1.96 * np.sqrt(np.sum((x * error) ** 2)) / np.sum(x**2)
    assert (found.slope.high - found.slope.low) / 2 == pytest.approx(expected, rel=0.08)


def test_an_interval_decides_only_where_it_lies_on_one_side():
    assert within(Estimate(1.49, 1.39, 1.57), 1.5) == 1.49
    assert within(Estimate(1.2, 1.1, 1.3), 1.5) == 1.2
    assert np.isnan(within(Estimate(1.49, 1.29, 1.57), 1.5))
    assert np.isnan(within(Estimate(1.6, 1.4, 1.7), 1.5))
