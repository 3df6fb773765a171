"""Golden-rule rates against closed forms, an explicit dissipator, and broken inputs."""

import json
import math
import time

import numpy as np
import pytest

from qsb.errors import PlanError, SpecError, StructureError
from qsb.studies.goldenrule import activation_energy, bath_spectrum, decay, escape_rate, level_rates, levels
from qsb.studies.relaxation import compare_relaxation, ising_storage, local_operators, stored_states

BATH = {"rate": 0.3, "temperature": 0.7}
SX, SZ = np.array([[0, 1], [1, 0]]), np.diag([1, -1])
SY = np.array([[0, -1j], [1j, 0]])


def spectrum(w, rate=0.3, temperature=0.7):
    return rate * temperature if w == 0 else rate * w / (1 - math.exp(-w / temperature))


def at(operator, i, n):
    return np.kron(np.kron(np.eye(2**i), operator), np.eye(2 ** (n - i - 1)))


def chain(n, j, h, coupling, **more):
    return levels(ising_storage(n, j, h), local_operators(n, coupling), **more)


def explicit_loss(h, operators, rho):
    """-tr(H D(rho)) with jumps A(w) gathered over equal Bohr frequencies: no grouping into levels."""
    e, v = np.linalg.eigh(h)
    gaps = e[None, :] - e[:, None]
    loss = 0.0
    for a in operators:
        a = v.conj().T @ a @ v
        for w in np.unique(np.round(gaps, 8)):
            same = np.abs(gaps - w) < 1e-7
            jump = v @ np.where(same, a, 0) @ v.conj().T
            square = jump.conj().T @ jump
            d = jump @ rho @ jump.conj().T - 0.5 * (square @ rho + rho @ square)
            loss -= spectrum(gaps[same].mean() if w else 0) * np.trace(h @ d).real
    return loss


# -- operators and bath


def test_chain_and_operators_match_kronecker_products():
    n, j, h = 3, 0.8, 0.3
    expected = -j * sum(at(SZ, i, n) @ at(SZ, i + 1, n) for i in range(n - 1))
    expected = expected - h * sum(at(SX, i, n) for i in range(n))
    np.testing.assert_allclose(ising_storage(n, j, h), expected, atol=1e-15)
    for name, op in (("sx", SX), ("sy", SY), ("sz", SZ)):
        np.testing.assert_allclose(local_operators(n, name), [at(op, i, n) for i in range(n)], atol=1e-15)


def test_chain_spectrum_is_the_free_fermion_one():
    # O33: all sums of +-s_k, s_k the singular values of h + J superdiag
    for h, first in ((0.1, 1.98e-8), (1.0, 0.3690734379), (2.0, 2.190247140)):
        e = np.linalg.eigvalsh(ising_storage(8, 1.0, h))
        s = np.linalg.svd(h * np.eye(8) + np.eye(8, k=1), compute_uv=False)
        signs = np.array(np.meshgrid(*[[-1, 1]] * 8)).reshape(8, -1)
        np.testing.assert_allclose(e, np.sort(s @ signs), atol=1e-11)
        assert e[1] - e[0] == pytest.approx(first, abs=1e-9)


@pytest.mark.parametrize("exponent", [0.0, 0.5, 1.0, 3.0])
def test_bath_obeys_detailed_balance(exponent):
    w = np.array([1e-3, 0.1, 1.0, 7.0])
    up = bath_spectrum(w, **BATH, exponent=exponent)
    down = bath_spectrum(-w, **BATH, exponent=exponent)
    np.testing.assert_allclose(down / up, np.exp(-w / 0.7), rtol=1e-12)
    nbar = 1 / np.expm1(w / 0.7)
    np.testing.assert_allclose(up, 0.3 * w**exponent * (nbar + 1), rtol=1e-12)


def test_bath_limits():
    assert bath_spectrum(0.0, **BATH) == pytest.approx(0.21)
    assert bath_spectrum(1e-12, **BATH) == pytest.approx(0.21)
    assert bath_spectrum(0.0, **BATH, exponent=2.0) == 0.0
    np.testing.assert_allclose(bath_spectrum([-2.0, 0.0, 2.0], rate=0.3, temperature=0.0), [0, 0, 0.6])
    np.testing.assert_allclose(bath_spectrum([-9.0, 9.0], rate=1.0, temperature=1e-310), [0, 9], atol=1e-300)
    with pytest.raises(StructureError, match="diverges"):
        bath_spectrum(0.0, **BATH, exponent=0.5)


# -- J = 0: independent cells, exactly


@pytest.mark.parametrize("coupling", ["sz", "sy"])
def test_without_exchange_every_cell_is_alone(coupling):
    n, h = 5, 0.4
    found = chain(n, 0.0, h, coupling)
    emit, absorb = spectrum(2 * h), spectrum(-2 * h)
    np.testing.assert_allclose(found.multiplicity, [math.comb(n, k) for k in range(n + 1)])
    assert escape_rate(found, [0], **BATH) == pytest.approx(n * absorb)
    generator = level_rates(found, **BATH)
    for k in range(n + 1):
        if k:
            assert generator[k - 1, k] == pytest.approx(k * emit)
        if k < n:
            assert generator[k + 1, k] == pytest.approx((n - k) * absorb)
    plus, minus = np.array([1, 1]) / math.sqrt(2), np.array([1, -1]) / math.sqrt(2)
    for k in range(n + 1):  # k excited cells: a product state inside a degenerate level
        ket = np.ones(1)
        for i in range(n):
            ket = np.kron(ket, minus if i < k else plus)
        d = decay(found, ket, **BATH)
        assert d.stored_energy == pytest.approx(2 * h * k)
        assert d.loss == pytest.approx(2 * h * (k * emit - (n - k) * absorb))
        assert d.emitted == pytest.approx(2 * h * k * emit)
        assert d.escape == pytest.approx(k * emit + (n - k) * absorb)
    assert decay(found, ket, **BATH).rate == pytest.approx(emit)


def test_longitudinal_coupling_moves_no_energy_of_an_uncoupled_cell():
    found = chain(4, 0.0, 0.4, "sx")
    assert not np.any(level_rates(found, **BATH))


# -- h = 0: flips of a classical chain


def test_flips_without_field_cost_4j_in_the_bulk_and_2j_at_an_edge():
    n, j = 8, 0.9
    found = chain(n, j, 0.0, "sx")
    assert found.multiplicity[0] == 2
    assert escape_rate(found, [0, 1], **BATH) == pytest.approx((n - 2) * spectrum(-4 * j) + 2 * spectrum(-2 * j))
    kets = stored_states(n)
    bulk = decay(found, kets["bulk flip"], **BATH)
    # cell 4 flips back (4J); 3 and 5 move a wall for nothing; 0 and 7 are edges (2J); 1, 2, 6 are bulk (4J)
    assert bulk.stored_energy == pytest.approx(4 * j)
    heating = 4 * j * 3 * spectrum(-4 * j) + 2 * j * 2 * spectrum(-2 * j)
    assert bulk.loss == pytest.approx(4 * j * spectrum(4 * j) - heating)
    assert bulk.emission_rate == pytest.approx(spectrum(4 * j))
    edge = decay(found, kets["edge flip"], **BATH)
    assert edge.stored_energy == pytest.approx(2 * j)
    assert edge.emission_rate == pytest.approx(spectrum(2 * j))
    neel = decay(found, kets["neel"], **BATH)
    assert neel.stored_energy == pytest.approx(2 * j * (n - 1))
    assert neel.loss == pytest.approx((n - 2) * 4 * j * spectrum(4 * j) + 2 * 2 * j * spectrum(2 * j))
    # a wall in the bulk only moves: nothing is given to the bath
    wall = decay(found, kets["domain wall"], **BATH)
    assert wall.stored_energy == pytest.approx(2 * j)
    assert wall.emitted == pytest.approx(0, abs=1e-12)


def test_sz_moves_nothing_without_field():
    found = chain(5, 1.0, 0.0, "sz")
    assert not np.any(level_rates(found, **BATH))


def test_activation_is_4j_in_the_bulk_and_2j_at_the_edges():
    t = np.array([0.10, 0.11])
    c = compare_relaxation(8, 1.0, 0.0, t, coupling="sx")
    # edges win at low temperature
    assert activation_energy(t, [x.escape_per_cell for x in c])[0] == pytest.approx(2, abs=1e-3)
    bulk = [bath_spectrum(-4.0, rate=1.0, temperature=x) for x in t]
    assert activation_energy(t, bulk)[0] == pytest.approx(4, abs=1e-3)


# -- general truths


@pytest.mark.parametrize(("j", "h"), [(1.0, 0.1), (1.0, 0.0), (0.0, 0.5), (1.0, 1.0)])
@pytest.mark.parametrize("coupling", ["sx", "sy", "sz"])
def test_generator_conserves_and_balances(j, h, coupling):
    found = chain(4, j, h, coupling)
    g = level_rates(found, **BATH)
    np.testing.assert_allclose(g.sum(axis=0), 0, atol=1e-12)
    weight = found.multiplicity * np.exp(-(found.centre - found.centre[0]) / 0.7)
    flow = g * weight
    np.testing.assert_allclose(flow, flow.T, atol=1e-12)
    np.testing.assert_allclose(g @ weight, 0, atol=1e-12)  # the Gibbs state stays
    off = g - np.diag(np.diag(g))
    assert (off >= 0).all()


def test_thermal_state_loses_nothing(rng):
    h = ising_storage(4, 1.0, 0.3)
    e, v = np.linalg.eigh(h)
    p = np.exp(-(e - e[0]) / 0.7)
    rho = (v * (p / p.sum())) @ v.T
    d = decay(chain(4, 1.0, 0.3, "sx"), rho, **BATH)
    assert d.loss == pytest.approx(0, abs=1e-12)
    assert d.emitted > 0.01
    # negative control: at another temperature of the bath it does
    assert abs(decay(chain(4, 1.0, 0.3, "sx"), rho, rate=0.3, temperature=0.8).loss) > 1e-3


@pytest.mark.parametrize(("j", "h"), [(1.0, 0.37), (1.0, 0.0), (0.0, 0.5)])
@pytest.mark.parametrize("coupling", ["sx", "sy", "sz"])
def test_loss_is_that_of_the_explicit_secular_dissipator(j, h, coupling, rng):
    n = 3
    found = chain(n, j, h, coupling)
    ket = rng.standard_normal(8) + 1j * rng.standard_normal(8)
    ket /= np.linalg.norm(ket)
    matrix = rng.standard_normal((8, 8)) + 1j * rng.standard_normal((8, 8))
    mixed = matrix @ matrix.conj().T
    mixed /= np.trace(mixed).real
    for state, rho in ((ket, np.outer(ket, ket.conj())), (mixed, mixed)):
        expected = explicit_loss(ising_storage(n, j, h), local_operators(n, coupling), rho)
        assert decay(found, state, **BATH).loss == pytest.approx(expected, abs=1e-10)


def test_degenerate_levels_do_not_depend_on_the_basis(rng):
    # a relabelling of the cells' basis rotates the eigenvectors inside the degenerate levels
    h, a = ising_storage(4, 1.0, 0.0), local_operators(4, "sx")
    shuffle = rng.permutation(16)
    ket = stored_states(4)["bulk flip"]
    one = levels(h, a)
    two = levels(h[np.ix_(shuffle, shuffle)], a[:, shuffle][:, :, shuffle])
    np.testing.assert_allclose(level_rates(one, **BATH), level_rates(two, **BATH), atol=1e-12)
    assert decay(one, ket, **BATH).loss == pytest.approx(decay(two, ket[shuffle], **BATH).loss)


# -- the comparison


def test_comparison_at_small_field():
    (c,) = compare_relaxation(8, 1.0, 0.1, [0.5], coupling="sz")
    assert c.gap == pytest.approx(1.8172891377, abs=1e-7)
    assert c.uncoupled.rate == pytest.approx(spectrum(0.2, 1.0, 0.5))
    assert c.equal_gap.rate == pytest.approx(spectrum(c.gap, 1.0, 0.5))
    assert c.equal_flip.rate == pytest.approx(spectrum(4.0, 1.0, 0.5))
    assert c.escape_uncoupled == pytest.approx(spectrum(-0.2, 1.0, 0.5))
    assert c.escape_equal_gap == pytest.approx(spectrum(-c.gap, 1.0, 0.5))
    # coupled by sz, both the doublet and what is stored relax far more slowly than uncoupled cells
    assert c.escape_ratio() < 1e-3
    assert all(c.ratio(name) < 0.2 for name in c.stored)
    plain = c.to_dict()
    assert json.loads(json.dumps(plain, allow_nan=False)) == plain


def test_coupling_by_sx_speeds_up_what_stores_energy():
    (c,) = compare_relaxation(8, 1.0, 0.1, [0.5], coupling="sx")
    assert c.uncoupled.rate == 0  # not the square of a rounding error
    assert c.ratio("neel") == math.inf
    assert c.ratio("neel", "equal_gap") > 1
    assert c.escape_ratio("equal_gap") < 1


def test_coarse_resolution_joins_the_bands_and_meets_the_classical_flip():
    (c,) = compare_relaxation(8, 1.0, 0.1, [0.2], coupling="sx", resolution=0.3)
    assert c.levels == 8
    assert c.stored["bulk flip"].rate == pytest.approx(4.0, rel=0.02)
    assert c.ratio("bulk flip", "equal_flip") == pytest.approx(1.0, rel=0.02)


@pytest.mark.parametrize("coupling", ["sx", "sz"])
def test_cell_in_the_mean_field_of_its_neighbours_does_as_well_as_a_bulk_flip(coupling):
    (c,) = compare_relaxation(8, 1.0, 0.1, [0.2], coupling=coupling, resolution=0.3)
    gap = 2 * math.hypot(2.0, 0.1)
    element = (0.2 if coupling == "sz" else 4.0) / gap  # sine and cosine of the axis' tilt
    assert c.mean_field.rate == pytest.approx(element**2 * spectrum(gap, 1.0, 0.2))
    assert c.escape_mean_field == pytest.approx(element**2 * spectrum(-gap, 1.0, 0.2))
    assert c.ratio("bulk flip", "mean_field") == pytest.approx(1, abs=0.05)


def test_field_zero_has_no_uncoupled_gap():
    (c,) = compare_relaxation(4, 1.0, 0.0, [0.5], coupling="sx")
    assert math.isnan(c.uncoupled.rate)
    assert math.isnan(c.ratio("neel"))
    assert c.escape_uncoupled == 0
    json.dumps(c.to_dict(), allow_nan=False)


def test_eight_cells_take_less_than_a_second():
    start = time.process_time()
    compare_relaxation(8, 1.0, 0.1, [0.2, 0.5, 1.0, 2.0], coupling="sz")
    assert time.process_time() - start < 2.0  # 0.3 s on an idle core


# -- refusals


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda: bath_spectrum(1.0, rate=-1, temperature=1), SpecError, "rate of the bath is -1"),
        (lambda: bath_spectrum(1.0, rate=1, temperature=-1), SpecError, "temperature of the bath"),
        (lambda: bath_spectrum(1.0, rate=1, temperature=math.nan), SpecError, "temperature of the bath"),
        (lambda: bath_spectrum(math.nan, rate=1, temperature=1), SpecError, "not finite"),
        (lambda: ising_storage(0, 1, 1), SpecError, "cells is 0"),
        (lambda: ising_storage(3, math.nan, 1), SpecError, "must be finite"),
        (lambda: ising_storage(14, 1, 1), PlanError, "N <= 10"),
        (lambda: local_operators(3, "s+"), SpecError, "none of sx, sy, sz"),
        (lambda: levels(np.eye(4), np.zeros((2, 3, 3))), SpecError, "shapes"),
        (lambda: levels(np.full((2, 2), math.nan), SX[None]), SpecError, "not finite"),
        (lambda: levels(np.array([[0, 1], [0, 0]]), SX[None]), StructureError, "H is not Hermitian"),
        (
            lambda: levels(np.eye(2), np.array([[[0, 1], [0, 0]]])),
            StructureError,
            "operator is not Hermitian",
        ),
        (lambda: levels(np.eye(2), SX[None], resolution=-1), SpecError, "resolution"),
        (lambda: decay(chain(2, 1, 1, "sx"), np.ones(4), **BATH), SpecError, "norm 4"),
        (lambda: decay(chain(2, 1, 1, "sx"), np.ones(3), **BATH), SpecError, "finite ket"),
        (lambda: decay(chain(2, 1, 1, "sx"), np.diag([2, -1, 0, 0]), **BATH), StructureError, "negative"),
        (lambda: decay(chain(2, 1, 1, "sx"), np.eye(4, k=1), **BATH), StructureError, "not Hermitian"),
        (lambda: escape_rate(chain(2, 1, 0, "sx"), [0], **BATH), SpecError, "cuts a degenerate level"),
        (lambda: escape_rate(chain(2, 1, 1, "sx"), [], **BATH), SpecError, "must name eigenstates"),
        (lambda: escape_rate(chain(2, 1, 1, "sx"), [4], **BATH), SpecError, "must name eigenstates"),
        (lambda: stored_states(3), SpecError, "at least 4"),
        (lambda: compare_relaxation(4, 0.0, 0.1, [1.0]), SpecError, "J > 0"),
        (
            lambda: compare_relaxation(4, 1.0, 0.1, [1.0], resolution=3.0),
            SpecError,
            "cuts a degenerate level",
        ),
        (
            lambda: compare_relaxation(4, 1.0, 0.1, [1.0])[0].ratio("full"),
            SpecError,
            "no stored state 'full'",
        ),
        (lambda: activation_energy([1.0], [1.0]), SpecError, "at least 2"),
        (lambda: activation_energy([1.0, 1.0], [1.0, 2.0]), SpecError, "distinct"),
    ],
)
def test_wrong_requests_are_refused_by_name(call, error, message):
    with pytest.raises(error, match=message):
        call()
