"""Bounds on power: where closed forms saturate them, and that no evolution breaks them."""

import math

import numpy as np
import pytest

import qsb
from qsb.errors import SpecError, StructureError
from qsb.merit import bound
from qsb.merit.advantage import quantum_advantage
from qsb.merit.ergotropy import capacity

SX = np.array([[0.0, 1.0], [1.0, 0.0]])
TIMES = np.linspace(0.0, 3.0, 13)


def binomial(cells, excited, rate):
    """Return level populations of independent cells and their rates."""
    ups = np.arange(cells + 1)
    count = np.array([math.comb(cells, k) for k in ups], dtype=float)
    p, dp = excited[:, None], rate[:, None]
    with np.errstate(divide="ignore", invalid="ignore"):
        up = np.where(ups > 0, ups * p ** np.maximum(ups - 1, 0), 0) * (1 - p) ** (cells - ups)
        down = np.where(cells - ups > 0, (cells - ups) * (1 - p) ** np.maximum(cells - ups - 1, 0), 0) * p**ups
    return count * p**ups * (1 - p) ** (cells - ups), count * dp * (up - down)


@pytest.mark.parametrize("cells", [1, 2, 5, 9])
@pytest.mark.parametrize("gap", [0.0, 1.0])
def test_parallel_charging_saturates_the_fisher_bound_at_all_times(cells, gap):
    """O10, with (gap 1) and without (gap 0) H_B during charging."""
    rabi, strength = math.sqrt(gap**2 + 1), 0.5
    excited = 4 * strength**2 / rabi**2 * np.sin(rabi * TIMES / 2) ** 2
    rate = 4 * strength**2 / rabi**2 * rabi / 2 * np.sin(rabi * TIMES)
    populations, rates = binomial(cells, excited, rate)
    levels = np.arange(cells + 1) - cells / 2
    found = bound.fisher(levels, populations, rates)
    assert np.allclose(found, np.abs(cells * rate), atol=1e-10)


def test_global_flip_saturates_fisher_locality_and_norm():
    """O10, O12, O9: two levels, V = lam prod sx, k = N, v = +-lam, H_B off: E = N w0 sin^2(lam t)."""
    cells, strength = 5, 0.4
    full = np.sin(strength * TIMES) ** 2
    rate = strength * np.sin(2 * strength * TIMES)
    populations, rates = np.stack([1 - full, full], axis=-1), np.stack([-rate, rate], axis=-1)
    power = cells * rate
    found = bound.fisher([-cells / 2, cells / 2], populations, rates)
    assert np.allclose(found, np.abs(power), atol=1e-12)
    top = cells * strength
    assert bound.locality(cells, 1.0, strength, -strength) == pytest.approx(top)
    assert bound.norm(cells, strength, -strength) == pytest.approx(top)
    fine = np.linspace(0, 10, 4001)
    assert (cells * strength * np.sin(2 * strength * fine)).max() == pytest.approx(top, rel=1e-5)


def test_parallel_charging_saturates_locality_but_not_the_norm_bound():
    """O12 with k = 1: P_max = N w0 lam, H_B off; v = +-N lam; the norm bound is N times that (O9)."""
    cells, strength = 6, 0.3
    parallel = cells * strength
    assert bound.locality(1, 1.0, parallel, -parallel) == pytest.approx(parallel)
    assert bound.norm(cells, parallel, -parallel) == pytest.approx(cells * parallel)
    gamma = quantum_advantage(
        bound.norm(cells, parallel, -parallel), resource="equal norm", amount=parallel, cells=cells
    )
    assert gamma == pytest.approx(cells)


def test_equal_variance_gives_root_n():
    """O9: dV of the parallel field in the empty state is lam sqrt(N); the bound is sqrt(N) x N w0 lam."""
    cells, strength = 9, 0.3
    found = bound.variance(cells, strength * math.sqrt(cells))
    amount = strength * math.sqrt(cells)
    assert quantum_advantage(found, resource="equal variance", amount=amount, cells=cells) == pytest.approx(3.0)
    assert bound.uncertainty(cells / 2, strength * math.sqrt(cells)) == pytest.approx(found)


def test_equal_single_cell_coupling_gives_no_advantage():
    """O9: the global flip reaches N w0 lam, as the parallel field does."""
    assert quantum_advantage(7 * 0.4, resource="equal coupling", amount=0.4, cells=7) == pytest.approx(1.0)


def test_basis_states_in_place_of_levels_are_merged():
    """O10's trap: 2^N populations of equal energy give the number of the levels."""
    levels = np.array([0.0, 1.0, 1.0, 2.0])
    populations = np.array([0.1, 0.3, 0.2, 0.4])
    rates = np.array([-0.4, 0.3, -0.2, 0.3])
    merged = bound.fisher([0.0, 1.0, 2.0], [0.1, 0.5, 0.4], [-0.4, 0.1, 0.3])
    assert bound.fisher(levels, populations, rates) == pytest.approx(merged, rel=1e-12)
    looser = math.sqrt((populations * (levels - 1.3) ** 2).sum() * (rates**2 / populations).sum())
    assert looser > merged * 1.05


def test_random_closed_evolutions_break_no_bound(rng):
    """P = i<[V, H_B]> on 4 cells with random chargers, against O10 and O11, O12 and both of O9."""
    cells = 4
    sites = [np.kron(np.kron(np.eye(2**i), SX), np.eye(2 ** (cells - i - 1))) for i in range(cells)]
    ups = cells - np.array([bin(i).count("1") for i in range(2**cells)])
    energies = ups - cells / 2
    worst = 0.0
    for _ in range(20):
        charger = sum(rng.normal() * site for site in sites)
        charger = charger + sum(rng.normal() * a @ b for a in sites for b in sites if a is not b)
        spectrum = np.linalg.eigvalsh(charger)
        psi = rng.normal(size=2**cells) + 1j * rng.normal(size=2**cells)
        psi /= np.linalg.norm(psi)
        change = -1j * charger @ psi
        rate = 2 * (psi.conj() * change).real
        power = rate @ energies
        mean, square = (psi.conj() @ charger @ psi).real, np.linalg.norm(charger @ psi) ** 2
        weights = np.abs(psi) ** 2
        std_charger = math.sqrt(square - mean**2)
        std_battery = math.sqrt(weights @ (energies - weights @ energies) ** 2)
        limits = [
            bound.fisher(energies, weights, rate),
            bound.uncertainty(std_battery, std_charger),
            bound.locality(2, 1.0, spectrum[-1], spectrum[0]),
            bound.norm(cells, spectrum[-1], spectrum[0]),
            bound.variance(cells, std_charger),
            bound.capacity(cells, spectrum[-1], spectrum[0]),
            bound.producible(cells, cells, 1.0, std_charger),
        ]
        worst = max(worst, *(abs(power) / limit for limit in limits))
    assert worst <= 1 + 1e-12
    # The check can fail: the same evolutions break bounds that are too small by a factor of two.
    assert worst > 0.5


def test_levels_that_are_empty_and_at_rest_add_nothing():
    assert bound.fisher([0.0, 1.0, 5.0], [0.5, 0.5, 0.0], [-0.1, 0.1, 0.0]) == pytest.approx(0.1)
    assert bound.fisher([0.0, 1.0], [1.0, 0.0], [0.0, 0.0]) == 0.0


def test_leaving_a_single_level_at_a_finite_rate_takes_the_limit():
    """Pumping from empty: p = rate t, P = gap rate; Var I_E -> gap^2 rate^2."""
    at_start = bound.fisher([0.0, 2.0], [1.0, 0.0], [-0.3, 0.3])
    later = bound.fisher([0.0, 2.0], [1 - 3e-7, 3e-7], [-0.3, 0.3])
    assert at_start == pytest.approx(0.6, rel=1e-12)
    assert later == pytest.approx(at_start, rel=1e-6)
    assert np.isinf(bound.fisher([0.0, 1.0, 2.0], [0.5, 0.5, 0.0], [0.0, -0.3, 0.3]))


@pytest.mark.parametrize(
    ("call", "error", "words"),
    [
        (lambda: bound.fisher([0.0, 1.0], [1.0], [0.0]), SpecError, "must be"),
        (lambda: bound.fisher([0.0], [np.nan], [0.0]), SpecError, "NaN"),
        (lambda: bound.fisher([0.0, 1.0], [1.1, -0.1], [0.0, 0.0]), StructureError, r"-0\.1"),
        (lambda: bound.uncertainty(-1.0, 1.0), SpecError, "std_battery"),
        (lambda: bound.uncertainty(1.0, np.nan), SpecError, "std_charger"),
        (lambda: bound.locality(-1, 1.0, 1.0, -1.0), SpecError, "body_order"),
        (lambda: bound.locality(1, -1.0, 1.0, -1.0), SpecError, "largest_cell_gap"),
        (lambda: bound.norm(1.0, -1.0, 1.0), SpecError, "v_max"),
        (lambda: bound.norm(1.0, np.nan, 1.0), SpecError, "v_max"),
        (lambda: bound.capacity(-1.0, 1.0, -1.0), SpecError, "work_range"),
        (lambda: bound.producible_std(4, 5, 1.0), SpecError, "depth is 5"),
        (lambda: bound.producible(4, 0, 1.0, 1.0), SpecError, "depth is 0"),
    ],
)
def test_what_is_refused(call, error, words):
    with pytest.raises(error, match=words):
        call()


def ghz(cells):
    psi = np.zeros(2**cells)
    psi[[0, -1]] = np.sqrt(0.5)
    return psi


def ising_energies(cells, gap=1.0):
    return gap * (cells / 2 - np.array([bin(i).count("1") for i in range(2**cells)]))


@pytest.mark.parametrize(("cells", "depth"), [(1, 1), (4, 1), (5, 2), (6, 3), (7, 3), (7, 7)])
def test_o13_blocks_of_ghz_states_have_the_largest_spread(cells, depth):
    """O13: a product of GHZ states of k cells, and of the rest, reaches r k^2 + (N - rk)^2."""
    gap = 1.3
    sizes = [depth] * (cells // depth) + ([cells % depth] if cells % depth else [])
    psi = np.ones(1)
    for size in sizes:
        psi = np.kron(psi, ghz(size))
    energies, p = ising_energies(cells, gap), psi**2
    spread = math.sqrt(p @ energies**2 - (p @ energies) ** 2)
    assert bound.producible_std(cells, depth, gap) == pytest.approx(spread, rel=1e-12)


def test_o13_no_random_product_of_blocks_spreads_further(rng):
    """Blocks of at most k cells in random states; GHZ states of more cells do break the number."""
    for cells, depth in [(4, 2), (5, 2), (6, 3)]:
        limit = bound.producible_std(cells, depth, 1.0)
        energies = ising_energies(cells)
        for _ in range(40):
            psi, left = np.ones(1), cells
            while left:
                size = int(rng.integers(1, min(depth, left) + 1))
                part = rng.normal(size=2**size) * (rng.random(2**size) < 0.5) + 1e-3
                psi, left = np.kron(psi, part / np.linalg.norm(part)), left - size
            p = psi**2
            assert math.sqrt(max(p @ energies**2 - (p @ energies) ** 2, 0)) <= limit * (1 + 1e-9)
        p = ghz(cells) ** 2
        assert math.sqrt(p @ energies**2) > limit


def test_producible_bound_is_met_by_the_field_and_by_the_flip():
    """k = 1 at half charge: N w lam with dV = sqrt(N) lam; k = N: N w lam with dV = lam."""
    cells, strength = 5, 0.4
    assert bound.producible(cells, 1, 1.0, strength * math.sqrt(cells)) == pytest.approx(cells * strength)
    assert bound.producible(cells, cells, 1.0, strength) == pytest.approx(cells * strength)


def test_capacity_bound_is_met_by_a_mixed_cell_across_the_field():
    """Bloch vector (0, r, 0), H = (w/2) sz, V = lam sx: P = w lam r = C (2 lam)/2 with C = w r."""
    gap, strength, r = 1.4, 0.3, 0.6
    sy, sz = np.array([[0, -1j], [1j, 0]]), np.diag([1.0, -1.0])
    rho, meter, v = (np.eye(2) + r * sy) / 2, gap / 2 * sz, strength * SX
    power = np.trace(rho @ (1j * (v @ meter - meter @ v))).real
    work = capacity(*(qsb.Blocks.dense(m).spectrum() for m in (rho, meter)))
    assert bound.capacity(work, strength, -strength) == pytest.approx(abs(power), rel=1e-12)
    assert bound.capacity(0.0, 1.0, -1.0) == 0.0


def test_capacity_bound_holds_for_mixed_states_and_is_below_the_norm_bound(rng):
    """Random mixed states, chargers and H_B: no violation, and the most mixed state has no power."""
    worst = 0.0
    for _ in range(300):
        size, rank = int(rng.integers(2, 7)), int(rng.integers(1, 7))
        a = rng.normal(size=(size, rank)) + 1j * rng.normal(size=(size, rank))
        rho = a @ a.conj().T
        rho /= np.trace(rho).real
        meter, v = (m + m.conj().T for m in rng.normal(size=(2, size, size)) + 1j * rng.normal(size=(2, size, size)))
        power = abs(np.trace(rho @ (1j * (v @ meter - meter @ v))).real)
        e, u = np.linalg.eigvalsh(meter), np.linalg.eigvalsh(v)
        work = capacity(*(qsb.Blocks.dense(m).spectrum() for m in (rho, meter)))
        limit = float(bound.capacity(work, u[-1], u[0]))
        assert limit <= bound.norm(e[-1] - e[0], u[-1], u[0]) * (1 + 1e-12)
        worst = max(worst, power / limit)
    assert 0.5 < worst <= 1 + 1e-12
