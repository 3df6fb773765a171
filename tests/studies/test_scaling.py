"""Exponents with known answers, verdicts that must not be fooled, and refusals by name."""

import json
import math

import numpy as np
import pytest
import xarray as xr
from hypothesis import given
from hypothesis import strategies as st

from qsb.errors import SpecError
from qsb.studies.scaling import VERDICTS, fit_dataset, fit_scaling

SMALL = np.arange(2, 7)
WIDE_RANGE = np.array([2, 3, 4, 5, 6, 8, 10, 15, 20, 30, 50, 100, 200])


def all_to_all_power(n, coupling=0.5, frequency=1.0):
    """O19: peak power of the all-to-all charger without H_B, N >= 3."""
    return n * frequency * coupling * np.sqrt(n - 1) * ((n - 2) / (n - 1)) ** ((n - 2) / 2)


def chain_power_without_meter(n, coupling=0.5, frequency=1.0):
    """O18: peak of d/dt (w0/2) sum_i [1 - cos^{d_i}(2 lam t)] of the open chain, by a fine grid."""
    t = np.linspace(0, math.pi / (4 * coupling), 20001)
    c, s = np.cos(2 * coupling * t), np.sin(2 * coupling * t)
    return float((frequency * coupling * (2 * s + (n - 2) * 2 * c * s)).max())


def chain_power(n, coupling=0.5, frequency=1.0):
    """O21: first peak of dE/dt of the open chain with H_B on, by free fermions.

    With M = (w0/2) 1 + lam superdiag = U s V^T and X = U^T V,
    E = (w0/2) [N - sum_kl X_kl (cos_k cos_l X_kl + sin_k sin_l X_lk)], cos_k = cos(2 s_k t).
    """
    u, s, vt = np.linalg.svd(np.eye(n) * frequency / 2 + coupling * np.eye(n, k=1))
    x = u.T @ vt.T
    t = np.linspace(0, 2.5, 1001)
    c, d = np.cos(2 * np.outer(t, s)), np.sin(2 * np.outer(t, s))
    energy = n - np.einsum("tk,kl,tl->t", c, x * x, c) - np.einsum("tk,kl,tl->t", d, x * x.T, d)
    return float(np.gradient(frequency / 2 * energy, t).max())


def test_free_fermion_oracle_agrees_with_two_cells_and_infinite_chain():
    assert chain_power(2) == pytest.approx(0.4472135955, abs=1e-5)  # O17
    assert (chain_power(121) - chain_power(120)) == pytest.approx(0.3599257326, abs=1e-5)  # O21


# -- exact power laws


@pytest.mark.parametrize(
    ("power", "verdict"),
    [(1.5, "super-extensive"), (1.0, "extensive"), (0.5, "sub-extensive"), (2.0, "super-extensive")],
)
def test_exact_power_law_has_a_zero_width_interval(power, verdict):
    s = fit_scaling(SMALL, 0.3 * SMALL**power, resource="coupling")
    assert s.verdict == verdict
    for e in (s.exponent, s.limit, *(w.exponent for w in s.windows)):
        assert (e.value, e.low, e.high) == pytest.approx((power,) * 3, abs=1e-9)
    assert s.prefactor == pytest.approx(0.3)
    assert s.scatter < 1e-12
    assert [w.smallest for w in s.windows] == [2, 3, 4]
    assert [p.cells for p in s.local] == pytest.approx(np.sqrt(SMALL[1:] * SMALL[:-1]))


def test_three_points_decide_only_when_exact():
    n = np.arange(2, 5)
    assert fit_scaling(n, n, resource="coupling").verdict == "extensive"
    s = fit_scaling(n, n**1.5 * [1.0, 1.01, 1.0], resource="coupling")
    assert s.verdict == "inconclusive"
    assert "3 points" in s.reasons[-1]


# -- the trap: a count posing as an exponent


def test_bond_count_alone_is_no_advantage():
    s = fit_scaling(SMALL, SMALL - 1.0, resource="coupling")
    assert s.exponent.value == pytest.approx(1.461, abs=5e-4)
    assert s.verdict == "no asymptotic advantage shown"
    assert s.limit.low < 1 < s.limit.high
    assert [w.exponent.value for w in s.windows] == sorted((w.exponent.value for w in s.windows), reverse=True)


def test_count_and_bound_each_unmask_it():
    by_count = fit_scaling(SMALL, SMALL - 1.0, resource="coupling", counts={"bonds": SMALL - 1})
    by_bound = fit_scaling(SMALL, SMALL - 1.0, resource="coupling", bound=2.0 * (SMALL - 1))
    assert by_count.counts[0].accounts
    assert by_count.counts[0].ratio.value == pytest.approx(0, abs=1e-12)
    assert by_bound.bound.forbids
    assert by_bound.bound.tightest == pytest.approx(0.5)
    assert by_count.verdict == by_bound.verdict == "no asymptotic advantage shown"


def test_three_sizes_of_the_bond_count_are_unmasked_by_the_count():
    n = np.arange(2, 5)
    s = fit_scaling(n, n - 1.0, resource="coupling", counts={"bonds": n - 1})
    assert s.exponent.value == pytest.approx(1.593, abs=5e-4)
    assert s.verdict == "no asymptotic advantage shown"


def test_bond_count_does_not_explain_a_true_power_law():
    # negative control: y / (N - 1) has the slope 0.04 on N = 2..6, but its limit is 1/2
    s = fit_scaling(SMALL, SMALL**1.5, resource="coupling", counts={"bonds": SMALL - 1})
    assert abs(s.counts[0].ratio.value) < 0.05
    assert not s.counts[0].accounts
    assert s.verdict == "super-extensive"


def test_linear_bound_overrules_a_clean_super_linear_slope():
    assert fit_scaling(SMALL, SMALL**1.5, resource="norm", bound=100.0 * SMALL).verdict == VERDICTS[3]
    assert fit_scaling(SMALL, SMALL**1.5, resource="norm", bound=100.0 * SMALL**2).verdict == VERDICTS[0]


def test_broken_bound_is_said_and_nothing_is_concluded():
    s = fit_scaling(SMALL, SMALL**1.5, resource="coupling", bound=0.5 * SMALL**1.5)
    assert s.bound.violated
    assert s.verdict == "inconclusive"
    assert any("2 of it" in r and "wrong" in r for r in s.reasons)


def test_verdict_never_depends_on_names():
    y = SMALL - 1.0
    verdicts = {
        fit_scaling(SMALL, y, resource=r, figure=f, counts={c: SMALL - 1}).verdict
        for r, f, c in [
            ("coupling", "peak_power", "bonds"),
            ("global flip", "N^2", "quadratic quantum advantage"),
        ]
    }
    assert verdicts == {"no asymptotic advantage shown"}


# -- closed-form chargers


@pytest.mark.parametrize(
    ("normalisation", "exponent", "verdict"),
    [(0.0, 1.5, "super-extensive"), (0.5, 1.0, "extensive"), (1.0, 0.5, "sub-extensive")],
)
def test_all_to_all_exponent_follows_its_normalisation(normalisation, exponent, verdict):
    n = np.array([3.0, 4, 6, 10, 20, 40, 80, 160])
    y = all_to_all_power(n) * n**-normalisation
    # O12: k = 2, span of lam sum_{i<j} sx sx = lam (N(N-1)/2 + floor(N/2))
    bound = 0.5 * n**-normalisation * (n * (n - 1) / 2 + np.floor(n / 2))
    s = fit_scaling(n, y, resource="coupling", bound=bound)
    assert s.limit.low <= exponent <= s.limit.high
    assert s.limit.value == pytest.approx(exponent, abs=0.01)
    assert s.verdict == verdict
    assert not s.bound.violated
    assert s.bound.growth_limit.value == pytest.approx(2 - normalisation, abs=0.05)


@pytest.mark.parametrize("power", [chain_power, chain_power_without_meter])
def test_open_chain_is_no_advantage_on_few_cells(power):
    y = [power(int(k)) for k in SMALL]
    bound = 2 * 0.5 * (SMALL - 1.0)  # O12: 2 w0 (2 lam (N-1)) / 2
    s = fit_scaling(SMALL, y, resource="coupling", counts={"bonds": SMALL - 1}, bound=bound)
    assert s.verdict == "no asymptotic advantage shown"
    assert s.bound.forbids
    assert s.counts[0].accounts
    assert not s.bound.violated


def test_open_chain_with_meter_is_unmasked_by_drift_alone():
    y = [chain_power(int(k)) for k in SMALL]
    s = fit_scaling(SMALL, y, resource="coupling")
    assert s.exponent.low > 1.05
    assert s.verdict in ("no asymptotic advantage shown", "inconclusive")


def test_open_chain_falls_to_exponent_one():
    y = [chain_power(int(k)) for k in WIDE_RANGE]
    s = fit_scaling(WIDE_RANGE, y, resource="coupling", counts={"bonds": WIDE_RANGE - 1})
    assert s.local[-1].exponent == pytest.approx(1, abs=0.01)
    assert s.limit.value == pytest.approx(1, abs=0.02)
    assert s.verdict in ("extensive", "no asymptotic advantage shown")


# -- noise


@pytest.mark.parametrize("truth", [0.5, 1.0, 1.5, 2.0])
def test_interval_covers_at_its_nominal_rate(truth):
    rng = np.random.default_rng(11)
    n, repetitions = np.arange(2, 11), 400
    hits = sum(
        (e := fit_scaling(n, n**truth * np.exp(0.05 * rng.standard_normal(9)), resource="x").exponent).low
        <= truth
        <= e.high
        for _ in range(repetitions)
    )
    spread = math.sqrt(0.95 * 0.05 / repetitions)
    assert abs(hits / repetitions - 0.95) < 3 * spread


def test_coverage_test_notices_a_wrong_level():
    # negative control: an interval asked at 80 % must fail the 95 % check
    rng = np.random.default_rng(11)
    n = np.arange(2, 11)
    fits = [fit_scaling(n, n * np.exp(0.05 * rng.standard_normal(9)), resource="x", confidence=0.8) for _ in range(400)]
    rate = np.mean([f.exponent.low <= 1 <= f.exponent.high for f in fits])
    assert abs(rate - 0.95) > 3 * math.sqrt(0.95 * 0.05 / 400)
    assert abs(rate - 0.80) < 3 * math.sqrt(0.80 * 0.20 / 400)


def test_noise_around_linear_growth_is_almost_never_an_advantage():
    rng = np.random.default_rng(5)
    n = np.arange(2, 11)
    verdicts = [
        fit_scaling(n, f(n) * np.exp(0.05 * rng.standard_normal(9)), resource="x").verdict
        for _ in range(200)
        for f in (lambda k: 1.0 * k, lambda k: k - 1.0)
    ]
    assert verdicts.count("super-extensive") / len(verdicts) < 0.05


def test_too_much_noise_is_inconclusive():
    n = np.arange(2, 7)
    s = fit_scaling(n, n * [1.5, 0.6, 1.4, 0.7, 1.5], resource="x")
    assert s.verdict == "inconclusive"


def test_odd_and_even_cells_widen_the_interval():
    n = np.arange(3, 13)
    smooth = fit_scaling(n, n**1.5, resource="x")
    uneven = fit_scaling(n, n**1.5 * np.where(n % 2, 0.8, 1.0), resource="x")
    assert uneven.exponent.high - uneven.exponent.low > 0.1 > smooth.exponent.high - smooth.exponent.low
    assert uneven.exponent.low < 1.5 < uneven.exponent.high
    assert any("alternate" in r for r in uneven.reasons)
    assert not any("alternate" in r for r in smooth.reasons)


@given(
    power=st.floats(0.1, 3),
    factor=st.floats(1e-6, 1e6),
    noise=st.lists(st.floats(-0.2, 0.2), min_size=3, max_size=9),
    seed=st.integers(0, 99),
)
def test_any_data_give_a_consistent_answer_in_any_order(power, factor, noise, seed):
    n = np.arange(2, 2 + len(noise))
    y = factor * n**power * np.exp(noise)
    s = fit_scaling(n, y, resource="x", counts={"bonds": n - 1}, bound=2 * y)
    mixed = np.random.default_rng(seed).permutation(n.size)
    again = fit_scaling(n[mixed], y[mixed], resource="x", counts={"bonds": (n - 1)[mixed]}, bound=2 * y[mixed])
    assert s == again
    assert s.verdict in VERDICTS
    assert s.exponent.low <= s.exponent.value <= s.exponent.high
    assert s.limit.low <= s.limit.value <= s.limit.high
    assert json.loads(json.dumps(s.to_dict(), allow_nan=False)) == s.to_dict()
    assert s.verdict in str(s)


# -- print and refusals


def test_text_names_resource_numbers_and_reasons():
    text = str(fit_scaling(SMALL, SMALL - 1.0, resource="coupling", counts={"bonds": SMALL - 1}, figure="peak_power"))
    for part in (
        "peak_power",
        "equal coupling",
        "1.461",
        "N to infinity",
        "per bonds",
        "because",
        "1.710 at 2.4",
    ):
        assert part in text


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"resource": ""}, "resource is missing"),
        ({"resource": "  "}, "resource is missing"),
        ({"cells": [2, 3], "values": [1, 2]}, "at least 3"),
        ({"values": [1, 2, 0.0, 4, 5]}, "value 0"),
        ({"values": [1, 2, -3.0, 4, 5]}, "-3"),
        ({"values": [1, 2, math.nan, 4, 5]}, "not finite"),
        ({"values": [1, 2, math.inf, 4, 5]}, "not finite"),
        ({"values": [1, 2, 3j, 4, 5]}, "real numbers"),
        ({"values": [1, 2, 3, 4]}, "4 entries for 5"),
        ({"values": [[1, 2, 3, 4, 5]]}, "one-dimensional"),
        ({"cells": [2, 3, 3, 4, 5]}, "N = 3 is given more than once"),
        ({"cells": [2, 2.5, 3, 4, 5]}, "positive integers"),
        ({"cells": [0, 2, 3, 4, 5]}, "positive integers"),
        ({"cells": ["a", 2, 3, 4, 5]}, "cells must be real numbers"),
        ({"counts": {"bonds": [0, 1, 2, 3, 4]}}, "count 'bonds'"),
        ({"bound": [1, 2, 3, math.nan, 4]}, "bound"),
        ({"confidence": 95}, "between 0 and 1"),
    ],
)
def test_wrong_requests_are_refused_by_name(change, message):
    request = {"cells": SMALL, "values": SMALL**1.5, "resource": "coupling", **change}
    with pytest.raises(SpecError, match=message):
        fit_scaling(request.pop("cells"), request.pop("values"), **request)


def test_resource_cannot_be_forgotten():
    with pytest.raises(SpecError, match="resource is missing"):
        fit_scaling(SMALL, SMALL)


# -- datasets


def sweep(**more):
    n = SMALL.astype(float)
    time = np.linspace(0, 1, 4)
    return xr.Dataset(
        {
            "peak_power": ("cells", n - 1),
            "peak_stored_energy": ("cells", n),
            "charger_span": ("cells", 2 * (n - 1)),
            "bound_locality": (("cells", "time"), np.outer(2 * (n - 1), [0.1, 1.0, 0.7, 0.2])),
            "power": (("cells", "time"), np.ones((5, 4))),
        },
        coords={"cells": SMALL, "time": time},
    ).assign(**more)


def test_dataset_brings_its_span_and_its_bound():
    s = fit_dataset(sweep(), resource="coupling")
    assert s.figure == "peak_power"
    assert s.counts[0].name == "charger span"
    assert s.bound.tightest == pytest.approx(0.5)
    assert s.verdict == "no asymptotic advantage shown"
    n = SMALL
    by_hand = fit_scaling(
        n,
        n - 1.0,
        resource="coupling",
        counts={"charger span": 2.0 * (n - 1)},
        bound=2.0 * (n - 1),
        figure="peak_power",
    )
    assert s == by_hand


def test_power_bound_is_not_held_against_an_energy():
    s = fit_dataset(sweep(), "peak_stored_energy", resource="coupling")
    assert s.bound is None
    assert s.counts == ()
    assert s.verdict == "extensive"


def test_undefined_bound_is_left_out():
    nothing = xr.DataArray(np.full((5, 4), math.nan), dims=("cells", "time"))
    assert fit_dataset(sweep(bound_locality=nothing), resource="coupling").bound is None


def test_dataset_requests_are_refused_by_name():
    with pytest.raises(SpecError, match="did you mean 'peak_power'"):
        fit_dataset(sweep(), "peak_pwer", resource="coupling")
    with pytest.raises(SpecError, match="no swept dimension 'size'"):
        fit_dataset(sweep(), over="size", resource="coupling")
    with pytest.raises(SpecError, match="reduce time first"):
        fit_dataset(sweep(), "power", resource="coupling")
    with pytest.raises(SpecError, match="resource is missing"):
        fit_dataset(sweep())
