"""Self-discharge: O24's closed forms, fits that know when a decay is not exponential."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from qsb.errors import SpecError
from qsb.merit.discharge import decay_rate, fit_decay, free_decay, half_life


def test_o24_ergotropy_of_a_stored_cell():
    """Printed: W(1, 4, 8) of r = (.6, 0, .7), gamma = .1, gamma_phi = .02."""
    r = free_decay((0.6, 0.0, 0.7), [1.0, 4.0, 8.0], emission=0.1, dephasing=0.02)
    work = (np.linalg.norm(r, axis=-1) + r[:, 2]) / 2
    assert work == pytest.approx([0.6532933806, 0.2903980586, 0.0697170340], abs=1e-10)


def test_energy_of_emitting_cells_is_exponential_and_ergotropy_is_not():
    times = np.linspace(0, 8, 81)
    r = free_decay((0.6, 0.0, 0.7), times, emission=0.1, dephasing=0.02)
    energy = (1 + r[:, 2]) / 2
    assert decay_rate(energy, -0.1 * energy) == pytest.approx(0.1)
    fit = fit_decay(times, energy)
    assert (fit.rate, fit.low, fit.high) == pytest.approx((0.1, 0.1, 0.1), abs=1e-12)
    assert fit.residual < 1e-12
    assert fit.half_life == pytest.approx(10 * np.log(2))
    work = fit_decay(times, (np.linalg.norm(r, axis=-1) + r[:, 2]) / 2)
    assert work.rate > 0.2
    assert work.residual > 0.01
    assert work.low < work.rate < work.high


@settings(max_examples=50, deadline=None)
@given(st.floats(0.05, 3.0), st.floats(0.1, 100.0), st.integers(5, 60))
def test_an_exponential_is_found_whatever_its_scale_and_grid(rate, scale, count):
    times = np.sort(np.random.default_rng(count).uniform(0, 4 / rate, count)) + np.arange(count) * 1e-3 / rate
    values = scale * np.exp(-rate * times)
    assert fit_decay(times, values).rate == pytest.approx(rate, rel=1e-9)
    assert decay_rate(values, -rate * values) == pytest.approx(rate)
    if values[-1] < values[0] / 2:
        assert half_life(times, values) == pytest.approx(np.log(2) / rate, rel=1e-9)


def test_the_interval_covers_the_rate_at_its_level():
    """Noise of 1 % on ln E: 95 % intervals of 400 fits cover the true rate in 92 to 98 of 100."""
    rng = np.random.default_rng(8)
    times = np.linspace(0, 3, 25)
    hit = 0
    for _ in range(400):
        fit = fit_decay(times, np.exp(-0.4 * times + 0.01 * rng.normal(size=25)))
        hit += fit.low <= 0.4 <= fit.high
    assert 0.92 <= hit / 400 <= 0.98


def test_half_life_of_what_ends_and_of_what_does_not():
    assert half_life([0.0, 1.0, 2.0], [1.0, 0.6, 0.0]) == pytest.approx(1 + 1 / 6)
    assert np.isnan(half_life([0.0, 1.0], [1.0, 0.9]))
    assert fit_decay([0.0, 1.0, 2.0], [1.0, 1.0, 1.0]).half_life == np.inf
    assert np.isnan(decay_rate([0.0, 1.0], [-1.0, -1.0])).tolist() == [True, False]


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: fit_decay([0.0, 1.0], [1.0, 0.5]), "three positive values"),
        (lambda: fit_decay([0.0, 1.0, 2.0], [1.0, 0.5, 0.0]), "three positive values"),
        (lambda: fit_decay([0.0, 1.0, 2.0], [1.0, 0.5, 0.2], 1.5), "level is 1.5"),
        (lambda: half_life([0.0, 1.0], [0.0, 0.5]), "must be positive"),
        (lambda: half_life([1.0, 0.0], [1.0, 0.5]), "must increase"),
        (lambda: half_life([0.0, 1.0], [1.0]), "must both be"),
        (lambda: free_decay((1.0, 1.0, 0.0), [0.0]), "length <= 1"),
        (lambda: free_decay((0.0, 0.0, 1.0), [0.0], emission=-1.0), ">= 0"),
    ],
)
def test_what_is_refused(call, words):
    with pytest.raises(SpecError, match=words):
        call()
