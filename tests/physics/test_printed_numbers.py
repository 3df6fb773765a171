"""Numbers of the project's list of oracles at every digit that is printed, one test a number or closed form.

What other tests hold as tightly is not here: single states in tests/merit, models in tests/models, curves in
tests/dynamics/test_oracles.py. "row" is a row of the table of models, "O" an oracle, "3." a finding about
the seed paper. A tolerance is half a unit of the last printed digit, rounded up.
"""

import itertools
import math

import numpy as np
import pytest

import qsb
from qsb.algebra import build
from qsb.models import (
    dicke,
    mediated,
    mediated_channels,
    stirap,
    superradiant,
    superradiant_channels,
    tavis_cummings,
)
from qsb.models.ising import gap
from systems import cells, pairs

TEN = 6e-11
NOISE = (qsb.emission(0.05), qsb.dephasing(0.05))
MAX_SINC = 0.7246113537767086


def off(duration):
    """Charge with H_B off."""
    return qsb.quench(duration, battery=False)


def at(battery, times, channels=()):
    """Return a charging with its save times."""
    times = np.atleast_1d(np.asarray(times, dtype=float))
    return qsb.Problem(battery, qsb.quench(float(times[-1])), channels, times)


def fock(quanta):
    """Return an empty battery beside a mode of so many quanta."""
    return qsb.Start(charger=qsb.ModeStart("fock", quanta=quanta))


def slope(sizes, values):
    """Return the unweighted slope of the logarithms."""
    return float(np.polyfit(np.log(sizes), np.log(values), 1)[0])


def limit(values):
    """Return the limit of values at N, 2 N, 4 N whose corrections are powers of 1/N."""
    once = [2 * b - a for a, b in itertools.pairwise(values)]
    return (4 * once[1] - once[0]) / 3


def peak(problem, figure="power"):
    """Return the largest value of a figure."""
    return float(qsb.run(problem, [figure])[f"peak_{figure}"])


# -- fields, flips, pairs --


def test_row_1_exponent_is_exactly_one():
    sizes = (1, 2, 10, 1000)
    for figure in ("power", "stored_energy"):
        assert slope(sizes, [peak(cells(n, field=0.5, duration=3.0), figure) for n in sizes]) == pytest.approx(
            1, abs=1e-9
        )


def test_o16_largest_average_power_and_its_time():
    problem = cells(3, field=0.5, duration=3.0, times=np.linspace(0, 3, 61))
    data = qsb.run(problem, ["average_power"], charging_time_of="average_power")
    assert float(data["peak_average_power"]) == pytest.approx(2 * 3 * 0.25 / math.sqrt(2) * MAX_SINC, abs=TEN)
    # an error e of the place is e^2 of the maximum, so the place has half the digits
    assert float(data["charging_time"]) * math.sqrt(2) / 2 == pytest.approx(1.1655611852072112, abs=1e-6)


@pytest.mark.parametrize(("strength", "printed"), [(0.5, 0.4472135955), (1.0, math.sqrt(2))])
@pytest.mark.parametrize("charger", ["chain", "all", "flip"])
def test_o17_two_cells(charger, strength, printed):
    how = {"flip": strength} if charger == "flip" else {"coupling": pairs(strength, charger)}
    assert peak(cells(2, duration=3.0, **how)) == pytest.approx(printed, abs=TEN)


@pytest.mark.parametrize(("n", "printed"), [(3, 1.5), (4, 2.3094010768), (5, 3.2475952642)])
def test_o19_all_to_all(n, printed):
    assert peak(cells(n, coupling=pairs(0.5, "all"), duration=3.0, protocol=off(3.0))) == pytest.approx(
        printed, abs=TEN
    )


def test_o19_limit():
    """P_max -> exp(-1/2) lam N^(3/2)."""
    found = []
    for n in (100, 200, 400):
        duration = 3.0 / math.sqrt(n)
        problem = cells(n, coupling=pairs(0.5, "all"), protocol=off(duration), times=np.linspace(0, duration, 61))
        found.append(peak(problem) / n**1.5)
    assert limit(found) == pytest.approx(0.5 * math.exp(-0.5), abs=1e-7)


@pytest.mark.parametrize(("n", "strength"), [(3, 0.5), (6, 1.3)])
def test_o20_global_flip(n, strength):
    """E_max = 4 N lam^2/(N^2 + 4 lam^2), P_max = 2 N lam^2/sqrt(N^2 + 4 lam^2), N^2 times one cell's with N lam."""
    problem = cells(n, flip=strength, duration=3.0, times=np.linspace(0, 3, 61))
    wide = n**2 + 4 * strength**2
    assert peak(problem) == pytest.approx(2 * n * strength**2 / math.sqrt(wide), abs=TEN)
    assert peak(problem, "stored_energy") == pytest.approx(4 * n * strength**2 / wide, abs=TEN)
    one, many = (cells(k, flip=k * strength, duration=3.0, times=np.linspace(0, 3, 121)) for k in (1, n))
    assert peak(many) == pytest.approx(n**2 * peak(one), rel=1e-9)


def test_o20_power_of_a_flip_of_fixed_strength_does_not_grow():
    """Exponent 0: P_max -> 2 lam^2, and E_max N -> 4 lam^2."""
    problem = cells(1000, flip=0.5, protocol=qsb.quench(0.01), times=np.linspace(0, 0.01, 41))
    data = qsb.run(problem, ["power"])
    # corrections of 1/N^2
    assert float(data["peak_power"]) == pytest.approx(0.5, abs=1e-6)
    assert float(data["peak_stored_energy"]) * 1e3 == pytest.approx(1.0, abs=2e-6)


@pytest.mark.parametrize(("strength", "printed"), [(0.1, 0.0196604325), (0.5, 0.3599257326), (1.0, 0.9044373838)])
def test_o21_first_power_peak_of_the_infinite_chain(strength, printed):
    assert peak(cells(200, coupling=pairs(strength, "ring"), duration=2.0)) / 200 == pytest.approx(printed, abs=TEN)


def test_o22_one_boson_of_the_kac_limit():
    """E_max -> 0.125, P_max -> 0.1767766953 in total, E(t) -> lam^2/W^2 sin^2(W t)."""
    runs = []
    for n in (100, 200, 400):
        problem = cells(n, coupling=pairs(0.5, "all", normalisation="kac"), duration=3.0, times=np.linspace(0, 3, 31))
        runs.append(qsb.run(problem, ["stored_energy"]))
    assert limit([float(d["peak_stored_energy"]) for d in runs]) == pytest.approx(0.125, abs=1e-7)
    assert limit([float(d["peak_power"]) for d in runs]) == pytest.approx(0.1767766953, abs=1e-7)
    curve = 0.25 / 2 * np.sin(math.sqrt(2) * runs[0]["time"].values) ** 2
    np.testing.assert_allclose(limit([d["stored_energy"].values for d in runs]), curve, rtol=0, atol=1e-6)


def test_o22_below_minus_half_the_power_is_extensive():
    """At lam = -1 the pole is unstable; above -1/2 the power stays of order one."""

    def growth(strength):
        sizes = (100, 200, 400)
        kac = pairs(strength, "all", normalisation="kac")
        return slope(sizes, [peak(cells(n, coupling=kac, times=np.linspace(0, 20, 201))) for n in sizes])

    assert growth(-1.0) == pytest.approx(1.0, abs=0.02)
    assert growth(-0.3) == pytest.approx(0.0, abs=0.02)


def test_o22_a_chain_does_not_know_the_sign():
    one, other = (qsb.run(cells(5, coupling=pairs(s)), ["stored_energy", "power"]) for s in (0.7, -0.7))
    for figure in ("stored_energy", "power"):
        np.testing.assert_allclose(one[figure], other[figure], rtol=0, atol=1e-12)


def test_row_21_all_pairs_are_a_square_of_the_collective_spin():
    """c sum_{i<j} sx sx = c (2 Jx^2 - N/2)."""
    n = 4
    made, field = (cells(n, **how).battery for how in ({"coupling": pairs(0.7, "all")}, {"field": 0.5}))
    jx = build.dense(field.interaction, field.space)
    found = build.dense(made.interaction, made.space)
    np.testing.assert_allclose(found, 0.7 * (2 * jx @ jx - n / 2 * np.eye(2**n)), rtol=0, atol=1e-13)


# -- bounds --


@pytest.mark.parametrize(("n", "ratio"), [(3, 0.436), (4, 0.386), (5, 0.378), (6, 0.375)])
def test_o12_share_of_the_locality_bound_up_to_time_ten(n, ratio):
    """Of four cells a recurrence at t = 15.3 reaches 0.390; 0.386 is the maximum before it."""
    problem = cells(n, coupling=pairs(0.5), duration=10.0, times=np.linspace(0, 10, 101))
    data = qsb.run(problem, ["power", "bound_locality"])
    assert float(data["peak_power"]) / float(data["bound_locality"].max()) == pytest.approx(ratio, abs=5e-4)


@pytest.mark.parametrize("battery", [True, False])
@pytest.mark.parametrize("how", [{"field": 0.5}, {"coupling": pairs()}, {"coupling": pairs(0.5, "all")}, {"flip": 0.5}])
def test_o9_to_o12_thirty_two_runs_break_no_bound(how, battery):
    """N = 3..6, four chargers, H_B on and off: no power above a bound by more than 4.5e-9."""
    bounds = ["bound_fisher", "bound_uncertainty", "bound_locality", "bound_norm", "bound_variance", "bound_capacity"]
    for n in (3, 4, 5, 6):
        problem = cells(n, protocol=qsb.quench(20.0, battery=battery), times=np.linspace(0, 20, 201), **how)
        data = qsb.run(problem, ["power", *bounds], peaks=False)
        for name in bounds:
            assert float((np.abs(data["power"]) - data[name]).max()) < 4.5e-9, (n, name)


# -- noise --


@pytest.mark.parametrize(
    ("n", "printed", "when"),
    [(3, 3.2248468321, 0.15670737), (4, 4.8574088539, 0.21355450), (5, 6.8787328739, None)],
)
def test_o25_burst(n, printed, when):
    t = (0.233 if when is None else when) + np.linspace(-0.04, 0.04, 41)
    problem = at(superradiant(n), t, superradiant_channels(1.0))
    power = -qsb.run(problem, ["power"], peaks=False, tolerance=1e-12)["power"].values
    fit = np.polynomial.Polynomial.fit(t, power, 12)
    top = min((r.real for r in fit.deriv().roots() if abs(r.imag) < 1e-9), key=lambda r: abs(r - t[power.argmax()]))
    assert float(fit(top)) == pytest.approx(printed, abs=TEN)
    if when is not None:
        assert top == pytest.approx(when, abs=6e-9)


def test_o25_both_populations_of_two_cells():
    """p_2 = exp(-2 G t) and p_1 = 2 G t exp(-2 G t), from the mean and the square of the energy."""
    t = np.linspace(0, 2, 9)
    data = qsb.run(at(superradiant(2), t, superradiant_channels(1.0)), ["energy_above_ground", "energy_std", "power"])
    mean = data["energy_above_ground"].values
    square = data["energy_std"].values ** 2 + mean**2
    np.testing.assert_allclose((square - mean) / 2, np.exp(-2 * t), rtol=0, atol=1e-8)
    np.testing.assert_allclose(2 * mean - square, 2 * t * np.exp(-2 * t), rtol=0, atol=1e-8)
    assert np.all(np.diff(-data["power"]) < 0)


def test_o25_exponents_of_the_burst():
    """Towards 2 together, 1 apart."""
    sizes = (8, 16, 32, 64)
    together = []
    for n in sizes:
        t = np.linspace(0, 8.0 / n, 201)
        problem = at(superradiant(n), t, superradiant_channels(1.0))
        together.append(-float(qsb.run(problem, ["power"], peaks=False)["power"].min()))
    local = np.diff(np.log(together)) / math.log(2)
    assert np.all(np.diff(local) > 0)
    assert 1.85 < local[-1] < 2
    store = qsb.Protocol((qsb.Stage("store", 1.0),))
    apart = [
        cells(n, channels=(qsb.emission(1.0),), protocol=store, times=[0.0, 1.0], start=qsb.Start("up")) for n in sizes
    ]
    losses = [-float(qsb.run(p, ["power"], peaks=False)["power"][0]) for p in apart]
    assert slope(sizes, losses) == pytest.approx(1.0, abs=1e-9)


def test_o30_two_driven_qubits_at_rest():
    battery = mediated(coupling=0.2, drive=1.0, charger="qubit", battery="qubit")
    data = qsb.run(at(battery, 1.0, mediated_channels(1.0)), ["stored_energy", "ergotropy"], steady=True, peaks=False)
    assert float(data["steady_stored_energy"]) == pytest.approx(0.4988913525, abs=TEN)
    assert float(data["steady_ergotropy"]) == pytest.approx(0.0100331215, abs=TEN)


# -- cavities, modes, levels --


@pytest.mark.parametrize(
    ("normalisation", "strength", "sizes", "window", "printed", "close"),
    [
        ("none", 0.05, (2, 4, 6, 8, 10), 20.0, 1.4614, 6e-5),
        ("none", 0.5, (2, 4, 6, 8), 1.5, 1.5043, 6e-5),
        ("sqrt", 0.05, (2, 4, 6, 8, 10), 30.0, 0.962, 5e-4),
        ("sqrt", 0.5, (2, 4, 6, 8), 2.0, 0.952, 5e-4),
    ],
)
def test_row_3_exponents_of_even_dicke_batteries(normalisation, strength, sizes, window, printed, close):
    """With N = 3, 5, ... as well the slopes are 1.4638, 1.5039, 0.965 and 0.953."""
    grid = np.linspace(0, window, 61)
    made = [dicke(n, coupling=strength, normalisation=normalisation) for n in sizes]
    assert slope(sizes, [peak(at(b, grid), "average_power") for b in made]) == pytest.approx(printed, abs=close)


@pytest.mark.parametrize("quanta", [1, 3])
def test_row_4_two_oscillators(quanta):
    """E_B = n w sin^2(g t)."""
    t = np.linspace(0, 4, 17)
    made = mediated(coupling=0.7, frequency=1.3, battery="oscillator", cutoff=quanta, start=fock(quanta))
    found = qsb.run(at(made, t), ["stored_energy"])["stored_energy"]
    np.testing.assert_allclose(found, 1.3 * quanta * np.sin(0.7 * t) ** 2, rtol=0, atol=1e-11)


@pytest.mark.parametrize(("n", "printed"), [(1, 0.7246113538), (2, 1.7733416639), (3, 3.1621477724)])
def test_o27_average_power_of_a_fock_charger(n, printed):
    made = tavis_cummings(n, coupling=1.0, cutoff=n)
    assert peak(at(made, np.linspace(0, 2, 81)), "average_power") == pytest.approx(printed, abs=TEN)


def test_o27_largest_energy_of_two_cells():
    made = tavis_cummings(2, coupling=1.0, cutoff=2)
    assert peak(at(made, np.linspace(0, 2, 81)), "stored_energy") == pytest.approx(16 / 9, abs=TEN)


def test_o27_separatrix():
    """N quanta beside N cells: Pbar/N^(3/2) -> max tanh^2(u)/u, P/N^(3/2) -> 4/(3 sqrt 3); row 10 quotes 0.58258."""
    u = np.linspace(1.0, 1.2, 200001)
    assert (np.tanh(u) ** 2 / u).max() == pytest.approx(0.5825829084, abs=TEN)
    assert 4 / (3 * math.sqrt(3)) == pytest.approx(0.7698003589, abs=TEN)
    average, power = [], []
    for n in (100, 200, 400):
        t = np.linspace(0, 2.2 / math.sqrt(n), 41)
        data = qsb.run(at(tavis_cummings(n, coupling=1.0, cutoff=n), t), ["average_power", "power"])
        average.append(float(data["peak_average_power"]) / n**1.5)
        power.append(float(data["peak_power"]) / n**1.5)
    assert limit(average) == pytest.approx(0.5825829084, abs=1e-6)
    assert limit(power) == pytest.approx(0.7698003589, abs=1e-6)
    assert slope((200, 400), [average[1] * 200**1.5, average[2] * 400**1.5]) == pytest.approx(1.5, abs=1e-3)


def test_o27_divided_by_the_root_of_n_the_exponent_is_one():
    sizes = (200, 400)
    made = [tavis_cummings(n, coupling=1.0, cutoff=n, normalisation="sqrt") for n in sizes]
    powers = [peak(at(b, np.linspace(0, 2.2, 41)), "average_power") for b in made]
    assert slope(sizes, powers) == pytest.approx(1.0, abs=1e-3)


def test_o27_with_many_more_quanta_than_cells_the_power_is_linear():
    """Pbar = N 0.72461 g sqrt(n), here with corrections of N/n."""
    quanta = 10**5
    for n in (4, 8):
        made = tavis_cummings(n, coupling=1.0, cutoff=quanta, start=fock(quanta))
        found = peak(at(made, np.linspace(0, 2 / math.sqrt(quanta), 41)), "average_power")
        assert found == pytest.approx(n * MAX_SINC * math.sqrt(quanta), rel=n / quanta)


def test_o28_thermal_mode():
    made = tavis_cummings(1, coupling=1.0, start=qsb.Start(charger=qsb.ModeStart("thermal", nbar=2.0)))
    found = qsb.run(at(made, 1.0), ["stored_energy"])["stored_energy"]
    assert float(found[0]) == pytest.approx(0.5000106640, abs=TEN)


@pytest.mark.parametrize(
    ("shape", "tau", "printed"),
    [("linear", 5.0, 0.4596193210), ("linear", 50.0, 0.9984578397), ("sine", 50.0, 0.9999829611)],
)
def test_o32_ramps(shape, tau, printed):
    """P_3 from <H> = P_2 + 2 P_3 and <H^2> = P_2 + 4 P_3."""
    problem = at(stirap(rabi=1.0, duration=tau, shape=shape, levels=[0.0, 1.0, 2.0]), tau)
    data = qsb.run(problem, ["stored_energy", "energy_std"], peaks=False, tolerance=1e-12)
    mean, variance = float(data["stored_energy"][0]), float(data["energy_std"][0]) ** 2
    assert (variance + mean**2 - mean) / 2 == pytest.approx(printed, abs=TEN)


def test_o33_splittings():
    """1.98e-8 = 2 h^N (1 - h^2); at h = 2 the dense matrix says 2.1902471399, not the 2.1902471388 of the list."""
    assert gap(8, 1.0, 0.1).splitting == pytest.approx(1.98e-8, abs=5e-11)
    assert gap(8, 1.0, 0.1).splitting == pytest.approx(2 * 0.1**8 * (1 - 0.1**2), rel=1e-6)
    battery = qsb.models.ising(8, exchange=1.0, transverse=2.0)
    e = np.linalg.eigvalsh(build.dense(battery.battery, battery.space))
    assert e[1] - e[0] == pytest.approx(2.1902471399, abs=TEN)
    assert gap(8, 1.0, 2.0).splitting == pytest.approx(e[1] - e[0], abs=1e-12)


# -- findings about the seed paper --


def test_3_3_tilted_cells():
    problem = cells(3, tilt=0.5, field=0.2, start=qsb.Start("down"), times=[0.0])
    assert float(qsb.run(problem, ["ergotropy"])["ergotropy"][0]) / 3 == pytest.approx(0.2071067812, abs=TEN)


@pytest.mark.parametrize("strength", [0.1, 0.5])
@pytest.mark.parametrize("charger", ["chain", "all", "flip"])
def test_3_8_no_cell_gives_work(charger, strength):
    how = {"flip": strength} if charger == "flip" else {"coupling": pairs(strength, charger)}
    for n in (2, 5, 8):
        data = qsb.run(cells(n, times=np.linspace(0, 20, 201), **how), ["local_ergotropy"], peaks=False)
        assert float(data["local_ergotropy"].max()) < 1e-12


@pytest.mark.parametrize(("n", "work", "energy"), [(3, 0.634, 1.78), (8, 0.774, 3.71)])
def test_3_8_strongly_coupled_neighbours_invert(n, work, energy):
    grid = np.linspace(0, 20, 1001)
    data = qsb.run(cells(n, coupling=pairs(1.0), times=grid), ["local_ergotropy"])
    assert float(data["local_ergotropy"].max()) == pytest.approx(work, abs=5e-4)
    assert float(data["peak_stored_energy"]) == pytest.approx(energy, abs=5e-3)
    for how in ({"coupling": pairs(1.0, "all")}, {"flip": 1.0}):
        data = qsb.run(cells(n, times=grid[::5], **how), ["local_ergotropy"], peaks=False)
        assert float(data["local_ergotropy"].max()) < 1e-12


def test_3_9_a_ring_has_the_exponent_one():
    """The first peak of rings of 6 to 16 cells; 1.000 is printed."""
    sizes = (6, 8, 12, 16)
    powers = [peak(cells(n, coupling=pairs(0.5, "ring"), duration=1.5, times=np.linspace(0, 1.5, 31))) for n in sizes]
    assert slope(sizes, powers) == pytest.approx(1.0, abs=5e-4)


def test_3_11_strong_pairs_lose_amplitude():
    closed, noisy = (
        peak(cells(4, coupling=pairs(1.0), channels=c, times=np.linspace(0, 20, 201)), "stored_energy")
        for c in ((), NOISE)
    )
    assert closed == pytest.approx(2.350, abs=5e-4)
    assert noisy == pytest.approx(2.016, abs=5e-4)


@pytest.mark.parametrize(("channels", "printed"), [((), 1.3729), (NOISE, 1.3896)])
def test_3_12_slope_of_three_small_chains(channels, printed):
    """Of the first power peak."""
    sizes, grid = (2, 3, 4), np.linspace(0, 3, 31)
    powers = [peak(cells(n, coupling=pairs(0.5), channels=channels, duration=3.0, times=grid)) for n in sizes]
    assert slope(sizes, powers) == pytest.approx(printed, abs=6e-5)
