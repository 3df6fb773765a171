"""Closed-form answers, in every representation that accepts the problem.

Numbers are those of the project's list of oracles; "row" is a row of its table of models. Where each is tested
(every printed digit of those that are looser here: tests/physics/test_printed_numbers.py):

    rows 1, 4, 6, 8, 9, 11, 14, 15, 19      here
    O1, O2, O6                              here as runs; as given states in tests/merit/test_ergotropy.py
    O3                                      here; every representation in tests/properties
    O4, O5, O7                              tests/merit, tests/algebra/test_copies.py
    O9, O10, O12                            here as runs; saturation and violations in tests/merit/test_bound.py
    O11                                     tests/merit/test_bound.py, tests/runs/test_figures.py
    O13                                     tests/merit/test_bound.py
    O16 - O24                               here (O23 and O24 with N = 10^6 in test_edges.py)
    O25, O26 (one battery), O27 - O29, O32  here, the cavities by operators
    O30, O31                                long open ladders: only their closed parts, rows 9 and 11, here
    O33                                     here as a run; spectrum and gaps in tests/models/test_ising.py
"""

from itertools import product
from math import comb

import numpy as np
import pytest
import qutip
from scipy.integrate import quad
from scipy.linalg import expm

import qsb
from qsb.algebra.build import dense
from qsb.algebra.space import Group, Space, Spin
from qsb.algebra.terms import Local, Word
from qsb.charging.envelope import Gaussian, Piecewise, Ramp, Sinusoidal
from qsb.charging.protocol import Stage
from systems import bloch_steady_energy, cells, field_energy, in_all, pairs

CLOSE = 2e-9
MAX_SINC = 0.7246113537767086
POWERS = ["stored_energy", "power", "ergotropy"]


def quiet(duration, envelope=None):
    """Charge with H_B off."""
    return qsb.quench(duration, envelope, battery=False)


@pytest.mark.parametrize("n", [1, 2, 4])
@pytest.mark.parametrize("strength", [0.5, 1.0])
def test_row_1_field(n, strength):
    problem = cells(n, field=strength, duration=7.0)
    rabi = np.hypot(1.0, 2 * strength)
    for _, data in in_all(problem, [*POWERS, "local_ergotropy", "average_power"]):
        expected = field_energy(n, strength, problem.times)
        for figure in ("stored_energy", "ergotropy", "local_ergotropy"):
            np.testing.assert_allclose(data[figure], expected, rtol=0, atol=CLOSE)
        slope = 2 * n * strength**2 / rabi * np.sin(rabi * problem.times)
        np.testing.assert_allclose(data["power"], slope, rtol=0, atol=CLOSE)
        assert float(data["peak_power"]) == pytest.approx(2 * n * strength**2 / rabi, rel=2e-6)


@pytest.mark.parametrize("n", [1, 3, 50, 10**6])
def test_o16_largest_average_power(n):
    data = qsb.run(cells(n, field=0.5, duration=6.0, times=np.linspace(0, 6, 25)), ["average_power"])
    assert float(data["peak_average_power"]) == pytest.approx(2 * n * 0.25 / np.sqrt(2) * MAX_SINC, rel=1e-5)


@pytest.mark.parametrize("strength", [0.5, 1.0])
@pytest.mark.parametrize("charger", ["chain", "ring", "all", "flip"])
def test_o17_two_cells(charger, strength):
    how = {"flip": strength} if charger == "flip" else {"coupling": pairs(strength, charger)}
    problem = cells(2, duration=6.0, **how)
    w = np.hypot(1.0, strength)
    for _, data in in_all(problem, POWERS):
        np.testing.assert_allclose(
            data["stored_energy"], 2 * (strength / w) ** 2 * np.sin(w * problem.times) ** 2, atol=CLOSE
        )
        assert float(data["peak_power"]) == pytest.approx(2 * strength**2 / w, rel=2e-6)
        assert float(data["peak_stored_energy"]) == pytest.approx(2 * (strength / w) ** 2, rel=2e-6)


@pytest.mark.parametrize(
    ("geometry", "degrees"),
    [("chain", [1, 2, 2, 2, 1]), ("ring", [2] * 5), ("all", [4] * 5)],
)
def test_o18_any_graph_without_the_battery(geometry, degrees):
    problem = cells(5, coupling=pairs(0.5, geometry), duration=7.0, protocol=quiet(7.0))
    expected = sum((1 - np.cos(problem.times) ** d) / 2 for d in degrees)
    for _, data in in_all(problem, POWERS):
        np.testing.assert_allclose(data["stored_energy"], expected, rtol=0, atol=CLOSE)


def test_o18_two_neighbours_of_different_strength():
    """Each distinct neighbour contributes one cosine."""
    problem = cells(3, coupling=pairs([0.5, 0.3]), duration=5.0, protocol=quiet(5.0))
    a, b = np.cos(2 * 0.5 * problem.times), np.cos(2 * 0.3 * problem.times)
    for _, data in in_all(problem, POWERS):
        np.testing.assert_allclose(data["stored_energy"], (3 - a - b - a * b) / 2, rtol=0, atol=CLOSE)


@pytest.mark.parametrize(("n", "printed"), [(3, 1.5), (4, 2.3094010768), (5, 3.2475952642)])
def test_o19_all_to_all_without_the_battery(n, printed):
    problem = cells(n, coupling=pairs(0.5, "all"), duration=7.0, protocol=quiet(7.0))
    for _, data in in_all(problem, POWERS):
        assert float(data["peak_power"]) == pytest.approx(printed, rel=1e-6)
        assert float(data["peak_stored_energy"]) == pytest.approx(n if n % 2 == 0 else n / 2, rel=1e-6)


@pytest.mark.parametrize(("normalisation", "exponent"), [("none", 1.5), ("sqrt", 1.0), ("kac", 0.5)])
def test_o19_exponents_of_the_normalisations(normalisation, exponent):
    sizes, peaks = (200, 400), []
    for n in sizes:
        strength = {"none": 0.5, "sqrt": 0.5 / np.sqrt(n), "kac": 0.5 / n}[normalisation]
        duration = 3.0 / (strength * np.sqrt(n))
        problem = cells(
            n,
            coupling=pairs(0.5, "all", normalisation=normalisation),
            protocol=quiet(duration),
            times=np.linspace(0, duration, 101),
        )
        peaks.append(float(qsb.run(problem, ["power"])["peak_power"]))
        exact = n * strength * np.sqrt(n - 1) * ((n - 2) / (n - 1)) ** ((n - 2) / 2)
        assert peaks[-1] == pytest.approx(exact, rel=1e-5)
    assert np.log(peaks[1] / peaks[0]) / np.log(2) == pytest.approx(exponent, abs=0.01)


@pytest.mark.parametrize("n", [1, 2, 5, 8])
@pytest.mark.parametrize("strength", [0.5, 2.0])
def test_o20_global_flip(n, strength):
    problem = cells(n, flip=strength, duration=6.0)
    w = np.hypot(n, 2 * strength)
    for _, data in in_all(problem, POWERS):
        expected = 4 * n * strength**2 / w**2 * np.sin(w * problem.times / 2) ** 2
        np.testing.assert_allclose(data["stored_energy"], expected, rtol=0, atol=CLOSE)
        assert float(data["peak_power"]) == pytest.approx(2 * n * strength**2 / w, rel=2e-6)


def test_o20_equal_norm_is_n_squared_times_one_cell():
    one, many = (qsb.run(cells(n, flip=0.5 * n, duration=3.0), ["power"]) for n in (1, 6))
    assert float(many["peak_power"]) == pytest.approx(36 * float(one["peak_power"]), rel=1e-5)


def test_o9_gamma_depends_on_the_resource():
    """Global flip against parallel field, H_B off: N at equal norm, sqrt N at equal variance, 1 at equal coupling."""
    n, lam = 4, 0.5

    def peak(**how):
        return float(qsb.run(cells(n, protocol=quiet(4.0), duration=4.0, **how), ["power"])["peak_power"])

    parallel = peak(field=lam)
    assert peak(flip=lam * n) / parallel == pytest.approx(n, rel=1e-6)
    assert peak(flip=lam * np.sqrt(n)) / parallel == pytest.approx(np.sqrt(n), rel=1e-6)
    assert peak(flip=lam) / parallel == pytest.approx(1.0, rel=1e-6)


@pytest.mark.parametrize("how", [{"field": 0.5}, {"flip": 0.5}])
def test_o10_fisher_bound_is_saturated_by_parallel_and_global(how):
    problem = cells(3, duration=6.0, times=np.linspace(0.1, 6.0, 30), **how)
    for _, data in in_all(problem, ["power", "bound_fisher"]):
        np.testing.assert_allclose(np.abs(data["power"]), data["bound_fisher"], rtol=0, atol=1e-6)


def test_o12_locality_is_saturated_without_the_battery():
    for how in ({"field": 0.5}, {"flip": 0.5}):
        data = qsb.run(cells(4, protocol=quiet(4.0), duration=4.0, **how), ["power", "bound_locality"])
        assert float(data["peak_power"]) == pytest.approx(float(data["bound_locality"].max()), rel=1e-6)


@pytest.mark.parametrize("n", [4, 6])
def test_o21_ring_by_jordan_wigner(n):
    """An even ring is the infinite chain's integrand at k = (2 j - 1) pi / N."""
    h, lam = 0.5, 0.5
    k = (2 * np.arange(1, n + 1) - 1) * np.pi / n
    eps = np.sqrt(h**2 + lam**2 + 2 * h * lam * np.cos(k))
    problem = cells(n, coupling=pairs(lam, "ring"), duration=10.0)
    expected = ((lam * np.sin(k) / eps) ** 2 * np.sin(2 * eps * problem.times[:, None]) ** 2).sum(axis=1)
    for _, data in in_all(problem, POWERS):
        np.testing.assert_allclose(data["stored_energy"], expected, rtol=0, atol=CLOSE)


def test_o21_ring_tends_to_the_infinite_chain():
    h, lam, t = 0.5, 0.5, 1.3

    def part(k):
        eps2 = h**2 + lam**2 + 2 * h * lam * np.cos(k)
        return (lam * np.sin(k)) ** 2 / eps2 * np.sin(2 * np.sqrt(eps2) * t) ** 2

    exact = quad(part, 0, np.pi)[0] / np.pi
    data = qsb.run(cells(12, coupling=pairs(lam, "ring"), protocol=qsb.quench(t), times=[t]), ["stored_energy"])
    assert float(data["stored_energy"][0]) / 12 == pytest.approx(exact, abs=1e-6)


def test_o22_kac_limit_is_one_boson():
    data = qsb.run(
        cells(1000, coupling=pairs(0.5, "all", normalisation="kac"), times=np.linspace(0, 20, 201)), ["stored_energy"]
    )
    assert float(data["peak_stored_energy"]) == pytest.approx(0.125, rel=4e-3)
    assert float(data["peak_power"]) == pytest.approx(0.1767766953, rel=4e-3)


@pytest.mark.parametrize(("strength", "printed"), [(0.5, 16 / 45), (1.0, 0.4539007092)])
@pytest.mark.parametrize("n", [1, 2])
def test_o23_steady_state_of_driven_cells(strength, printed, n):
    noise = (qsb.emission(0.05), qsb.dephasing(0.05))
    problem = cells(n, field=strength, channels=noise, protocol=qsb.quench(800.0), times=[800.0])
    assert bloch_steady_energy(strength, 0.05, 0.05) == pytest.approx(printed, abs=1e-10)
    for _, data in in_all(problem, ["stored_energy"]):
        assert float(data["stored_energy"][0]) == pytest.approx(n * printed, abs=1e-8)


def test_o23_n_driven_qubits_are_n_times_one():
    noise = (qsb.emission(0.05), qsb.dephasing(0.03), qsb.pumping(0.01))
    one, many = (qsb.run(cells(n, field=0.5, channels=noise), POWERS) for n in (1, 4))
    for figure in POWERS:
        np.testing.assert_allclose(many[figure], 4 * one[figure], rtol=0, atol=1e-8)


def test_o24_self_discharge():
    """Populations decay at the emission rate g, coherences at g/2 + 2 g_phi; W = (|r| + z)/2."""
    start = qsb.Start("product", bloch=np.array([0.6, 0.0, 0.7]))
    protocol = qsb.Protocol((Stage("store", 8.0),))
    for n in (1, 3):
        problem = cells(
            n, channels=(qsb.emission(0.1), qsb.dephasing(0.02)), protocol=protocol, times=[1.0, 4.0, 8.0], start=start
        )
        for _, data in in_all(problem, ["ergotropy", "local_ergotropy"]):
            np.testing.assert_allclose(
                data["local_ergotropy"], n * np.array([0.6532933806, 0.2903980586, 0.0697170340]), rtol=0, atol=1e-9
            )
            if n == 1:
                np.testing.assert_allclose(data["ergotropy"], data["local_ergotropy"], rtol=0, atol=1e-9)


@pytest.mark.parametrize("kind", ["emission", "pumping", "thermal"])
def test_o24_populations_relax(kind):
    rate, nbar, t = 0.3, 0.4, np.array([0.0, 1.0, 5.0])
    up, down = {"emission": (0.0, rate), "pumping": (rate, 0.0), "thermal": (rate * nbar, rate * (nbar + 1))}[kind]
    channel = qsb.thermal(rate, nbar=nbar) if kind == "thermal" else getattr(qsb, kind)(rate)
    start = qsb.Start("product", bloch=np.array([0.0, 0.0, 0.2]))
    steady = up / (up + down)
    expected = steady + (0.6 - steady) * np.exp(-(up + down) * t) - 0.6
    problem = cells(2, channels=(channel,), protocol=qsb.Protocol((Stage("store", 5.0),)), times=t, start=start)
    for _, data in in_all(problem, ["stored_energy"]):
        np.testing.assert_allclose(data["stored_energy"], 2 * expected, rtol=0, atol=1e-9)


def test_thermal_by_temperature_is_thermal_by_occupation():
    nbar = 1 / np.expm1(1 / 0.7)
    pair = [
        cells(2, field=0.4, channels=(c,)) for c in (qsb.thermal(0.1, nbar=nbar), qsb.thermal(0.1, temperature=0.7))
    ]
    a, b = (qsb.run(p, ["stored_energy"])["stored_energy"] for p in pair)
    np.testing.assert_allclose(a, b, rtol=0, atol=1e-12)


def ladder(n, rate, t):
    """Return the energy above ground of n cells that radiate collectively: the rate equations of the Dicke ladder."""
    j = n / 2
    m = np.arange(-j, j + 1)
    out = rate * (j + m) * (j - m + 1)
    generator = np.diag(-out) + np.diag(out[1:], 1)
    return np.array([(m + j) @ expm(generator * s)[:, -1] for s in t])


@pytest.mark.parametrize(("n", "peak", "when"), [(3, 3.2248468321, 0.15670737), (4, 4.8574088539, 0.21355450)])
def test_o25_superradiance(n, peak, when):
    times = np.linspace(0.0, 1.0, 401)
    channel = qsb.emission(1.0, collective=True)
    problem = cells(
        n, channels=(channel,), protocol=qsb.Protocol((Stage("store", 1.0),)), times=times, start=qsb.Start("up")
    )
    for _, data in in_all(problem, ["energy_above_ground", "power"]):
        np.testing.assert_allclose(data["energy_above_ground"], ladder(n, 1.0, times), rtol=0, atol=1e-8)
        k = int(np.argmin(data["power"].values))
        assert -float(data["power"][k]) == pytest.approx(peak, abs=2e-4)
        assert times[k] == pytest.approx(when, abs=2e-3)


def test_o25_two_cells_have_no_burst():
    times = np.linspace(0.0, 2.0, 21)
    problem = cells(
        2,
        channels=(qsb.emission(1.0, collective=True),),
        protocol=qsb.Protocol((Stage("store", 2.0),)),
        times=times,
        start=qsb.Start("up"),
    )
    for _, data in in_all(problem, ["energy_above_ground"]):
        np.testing.assert_allclose(data["energy_above_ground"], 2 * (1 + times) * np.exp(-2 * times), rtol=0, atol=1e-9)


def test_tilted_cells_hold_work_before_any_charging():
    """All down is no eigenstate with a tilt: W(0) = N (sqrt(1/4 + eps^2) - 1/2)."""
    problem = cells(3, tilt=0.5, field=0.2, start=qsb.Start("down"), times=[0.0])
    for _, data in in_all(problem, ["ergotropy"]):
        assert float(data["ergotropy"][0]) == pytest.approx(3 * 0.2071067812, abs=1e-9)


@pytest.mark.parametrize("n", [1, 4])
def test_o3_ergotropy_of_a_pure_state_is_its_energy_above_ground(n):
    problem = cells(n, field=0.3, coupling=pairs(0.4, axes="xy"), frequency=list(np.linspace(0.8, 1.2, n)))
    for _, data in in_all(problem, ["ergotropy", "energy_above_ground", "purity"]):
        np.testing.assert_allclose(data["ergotropy"], data["energy_above_ground"], rtol=0, atol=CLOSE)
        np.testing.assert_allclose(data["purity"], 1.0, rtol=0, atol=CLOSE)


@pytest.mark.parametrize(
    ("envelope", "area"),
    [
        (Gaussian(5.0, 0.4, 0.7), 0.7 * 0.4 * np.sqrt(2 * np.pi)),
        (Ramp(0.0, 1.0, 4.0), 2.0 + 6.0),
        (Piecewise((1.0, 2.0, 4.0), (0.3, -0.2)), 0.3 - 0.4),
        (Sinusoidal(0.7, 0.2), (np.sin(0.7 * 10 + 0.2) - np.sin(0.2)) / 0.7),
    ],
    ids=["gaussian", "ramp", "piecewise", "cosine"],
)
def test_pulse_area_without_the_battery(envelope, area):
    """V commutes with itself, so E = N sin^2(lam int f)."""
    problem = cells(2, field=0.5, protocol=quiet(10.0, envelope), times=[10.0])
    for _, data in in_all(problem, POWERS):
        assert float(data["stored_energy"][0]) == pytest.approx(2 * np.sin(0.5 * area) ** 2, abs=1e-9)


def mediated(g, levels, quanta):
    """Return a resonant mode with `quanta` excitations that charges one cell, rotating-wave coupling."""
    a = qutip.tensor(qutip.destroy(levels), qutip.qeye(2))
    up = qutip.tensor(qutip.qeye(levels), qutip.sigmap())
    meter = qutip.tensor(qutip.qeye(levels), qutip.sigmaz() / 2)
    start = qutip.tensor(qutip.basis(levels, quanta), qutip.basis(2, 1))
    return meter, g * (a * up + (a * up).dag()), a.dag() * a, start


@pytest.mark.parametrize("quanta", [1, 3])
def test_row_4_a_mode_charges_a_cell(quanta):
    meter, coupling, mode, start = mediated(0.3, quanta + 2, quanta)
    battery = qsb.models.custom(meter, coupling, charger=mode, start=start)
    problem = qsb.Problem(battery, qsb.quench(8.0), (), np.linspace(0, 8, 41))
    data = qsb.run(problem, ["stored_energy"])
    np.testing.assert_allclose(
        data["stored_energy"], np.sin(0.3 * np.sqrt(quanta) * problem.times) ** 2, rtol=0, atol=CLOSE
    )


def test_row_4_ergotropy_of_a_cell_charged_by_a_cell():
    """E_B = sin^2(g t), W_B = max(0, -cos 2 g t): the battery alone is mixed while it is entangled with the charger."""
    g = 0.4
    space = Space((Group("charger", Spin(), 1, "charger"), Group("cells", Spin(), 1)))
    battery = qsb.Battery(
        space,
        qsb.OpSum((Local("z", 0.5),)),
        qsb.OpSum((Word(g, ((0, "-"), (1, "+"))), Word(g, ((0, "+"), (1, "-"))))),
        charger=qsb.OpSum((Local("z", 0.5, "charger"),)),
        start=qsb.Start("product", bloch=np.array([[0, 0, 1.0], [0, 0, -1.0]])),
    )
    problem = qsb.Problem(battery, qsb.quench(9.0), (), np.linspace(0, 9, 46))
    data = qsb.run(problem, ["stored_energy", "subset_ergotropy"], subset=(1,))
    np.testing.assert_allclose(data["stored_energy"], np.sin(g * problem.times) ** 2, rtol=0, atol=CLOSE)
    np.testing.assert_allclose(
        data["subset_ergotropy"], np.maximum(0.0, -np.cos(2 * g * problem.times)), rtol=0, atol=1e-8
    )


def test_row_6_isotropic_interactions_are_invisible():
    """XXX couplings commute with every collective spin, so a polarised start does not feel them."""
    coupling = [pairs(0.8, axes=a + a) for a in "xyz"]
    bare = qsb.run(cells(4, field=0.4, duration=6.0), POWERS)
    dressed = qsb.run(cells(4, field=0.4, coupling=coupling, duration=6.0), POWERS)
    np.testing.assert_allclose(dressed["stored_energy"], bare["stored_energy"], rtol=0, atol=CLOSE)


def test_row_14_two_photons():
    """RWA: E = sin^2(g sqrt(n (n - 1)) t)."""
    n, g = 4, 0.2
    a = qutip.tensor(qutip.destroy(n + 1), qutip.qeye(2))
    up = qutip.tensor(qutip.qeye(n + 1), qutip.sigmap())
    v = g * (a * a * up + (a * a * up).dag())
    meter = qutip.tensor(qutip.qeye(n + 1), qutip.sigmaz() / 2)
    battery = qsb.models.custom(
        meter, v, charger=0.5 * a.dag() * a, start=qutip.tensor(qutip.basis(n + 1, n), qutip.basis(2, 1))
    )
    problem = qsb.Problem(battery, qsb.quench(5.0), (), np.linspace(0, 5, 21))
    expected = np.sin(g * np.sqrt(n * (n - 1)) * problem.times) ** 2
    np.testing.assert_allclose(qsb.run(problem, ["stored_energy"])["stored_energy"], expected, rtol=0, atol=CLOSE)


def test_row_15_three_levels():
    """Constant equal drives on a ladder: P_3 = sin^4(W t / sqrt 2)."""
    one, two, three = (qutip.basis(3, k) for k in range(3))
    v = one * two.dag() + two * three.dag()
    meter = 2.0 * three * three.dag()
    battery = qsb.models.custom(meter, 0.6 * (v + v.dag()), start=one)
    problem = qsb.Problem(battery, qsb.quench(6.0, battery=False), (), np.linspace(0, 6, 31))
    expected = 2.0 * np.sin(0.6 * problem.times / np.sqrt(2)) ** 4
    np.testing.assert_allclose(qsb.run(problem, ["stored_energy"])["stored_energy"], expected, rtol=0, atol=CLOSE)


# -- thermal and inverted cells --


@pytest.mark.parametrize(("beta", "printed"), [(0.5, 0.2449186624), (2.0, 0.7615941560)])
@pytest.mark.parametrize("n", [1, 3])
def test_o2_o6_gibbs_and_inverted_cells(beta, printed, n):
    """W(+beta) = 0, W(-beta) = N tanh(beta/2), and the capacity of both is N tanh(beta/2)."""
    hot = cells(n, start=qsb.Start("thermal", temperature=1 / beta), times=[0.0])
    inverted = cells(n, start=qsb.Start("product", bloch=np.array([0, 0, np.tanh(beta / 2)])), times=[0.0])
    for problem, work in ((hot, 0.0), (inverted, n * printed)):
        for _, data in in_all(problem, ["ergotropy", "local_ergotropy", "capacity", "energy_std"]):
            assert float(data["ergotropy"][0]) == pytest.approx(work, abs=1e-9)
            assert float(data["local_ergotropy"][0]) == pytest.approx(work, abs=1e-9)
            assert float(data["capacity"][0]) == pytest.approx(n * printed, abs=1e-9)
            assert float(data["energy_std"][0]) == pytest.approx(np.sqrt(n) / 2 / np.cosh(beta / 2), abs=1e-9)


@pytest.mark.parametrize(
    ("r", "total", "incoherent"), [((0.3, -0.4, 0.5), 0.6035533906, 0.5), ((0.6, 0.0, -0.2), 0.2162277660, 0.0)]
)
def test_o1_parts_of_the_ergotropy_of_a_cell(r, total, incoherent):
    problem = cells(1, start=qsb.Start("product", bloch=np.array(r)), times=[0.0])
    for name in ("ket", "density", "symmetric"):
        if name == "ket":
            continue  # the cell is mixed
        data = qsb.run(problem, ["ergotropy", "incoherent_ergotropy", "coherent_ergotropy"], representation=name)
        assert float(data["ergotropy"][0]) == pytest.approx(total, abs=1e-10)
        assert float(data["incoherent_ergotropy"][0]) == pytest.approx(incoherent, abs=1e-10)
        assert float(data["coherent_ergotropy"][0]) == pytest.approx(total - incoherent, abs=1e-10)


# -- free decay and driven decay, as functions of time --


def bloch(t, start, strength=0.0, emission=0.0, pumping=0.0, dephasing=0.0, frequency=1.0):
    """Return O23's Bloch vectors (T, 3), with pumping: one exponential of the affine equations a time."""
    wide = (emission + pumping) / 2 + 2 * dephasing
    a = np.zeros((4, 4))
    a[0, :2] = -wide, -frequency
    a[1, :3] = frequency, -wide, -2 * strength
    a[2, 1:] = 2 * strength, -(emission + pumping), pumping - emission
    return np.array([(expm(a * s) @ [*start, 1.0])[:3] for s in t])


@pytest.mark.parametrize("strength", [0.0, 0.5])
@pytest.mark.parametrize(
    "rates",
    [
        {"emission": 0.3},
        {"pumping": 0.3},
        {"dephasing": 0.3},
        {"emission": 0.2, "pumping": 0.1, "dephasing": 0.05},
    ],
    ids=["emission", "pumping", "dephasing", "all"],
)
def test_o23_o24_bloch_equations(strength, rates):
    start = np.array([0.48, -0.36, 0.5])
    noise = tuple(getattr(qsb, kind)(rate) for kind, rate in rates.items())
    for n in (1, 2):
        problem = cells(
            n, field=strength, channels=noise, duration=6.0, times=np.linspace(0, 6, 13),
            start=qsb.Start("product", bloch=start),
        )  # fmt: skip
        r = bloch(problem.times, start, strength, **rates)
        size, z = np.linalg.norm(r, axis=1), r[:, 2]
        up, down = rates.get("pumping", 0.0), rates.get("emission", 0.0)
        expected = {
            "stored_energy": n * (z - 0.5) / 2,
            "local_ergotropy": n * (size + z) / 2,
            "ergotropy": n * (size + z) / 2,
            "passive_energy": -n * size / 2,
            "capacity": n * size,
            "purity": ((1 + size**2) / 2) ** n,
            "energy_std": np.sqrt(n * (1 - z**2)) / 2,
            "work_power": n * strength * r[:, 1],
            "heat_power": n * (up * (1 - z) - down * (1 + z)) / 2,
        }
        for _, data in in_all(problem, list(expected)):
            for figure, value in expected.items():
                np.testing.assert_allclose(data[figure], value, rtol=0, atol=1e-9, err_msg=figure)


def test_o23_dephasing_by_half_a_pauli_matrix_is_a_quarter_of_it():
    """gamma D[sz/2] is gamma/4 D[sz]: it decays coherence at gamma/2, and the steady energy is another."""
    half = qsb.charging.Channel("custom", 0.05, operator=qsb.OpSum((Local("z", 0.5),)))
    for channel, printed in ((half, 0.24969), (qsb.dephasing(0.05 / 4), 0.24969), (qsb.dephasing(0.05), 0.35556)):
        problem = cells(1, field=0.5, channels=(qsb.emission(0.05), channel), protocol=qsb.quench(900.0), times=[900.0])
        for _, data in in_all(problem, ["stored_energy"]):
            assert float(data["stored_energy"][0]) == pytest.approx(printed, abs=5e-6)


# -- noise on many-body states --


def ghz(n):
    """Return (|all up> + |all down>) / sqrt 2."""
    psi = np.zeros(2**n, dtype=complex)
    psi[[0, -1]] = np.sqrt(0.5)
    return qsb.Start("state", array=psi)


@pytest.mark.parametrize("n", [2, 4])
@pytest.mark.parametrize(("emission", "dephasing"), [(0.3, 0.0), (0.0, 0.1), (0.2, 0.05)])
def test_ghz_in_losses(n, emission, dephasing):
    """With p = exp(-g t): the branch of all up becomes binomial, the coherence is c = exp(-N(g/2 + 2 g_phi)t)/2."""
    t = np.linspace(0.0, 3.0, 7)
    noise = tuple(c for c in (qsb.emission(emission), qsb.dephasing(dephasing)) if np.any(c.rate))
    problem = cells(n, channels=noise, protocol=qsb.Protocol((Stage("store", 3.0),)), times=t, start=ghz(n))
    expected = {"energy_above_ground": [], "ergotropy": [], "purity": []}
    for s in t:
        p, c = np.exp(-emission * s), np.exp(-n * (emission / 2 + 2 * dephasing) * s) / 2
        rho = np.array([[p**n / 2, c], [c, ((1 - p) ** n + 1) / 2]])
        middle = [p**k * (1 - p) ** (n - k) / 2 for k in range(1, n) for _ in range(comb(n, k))]
        values = np.sort([*np.linalg.eigvalsh(rho), *middle])[::-1]
        levels = np.sort([k for k in range(n + 1) for _ in range(comb(n, k))])
        expected["energy_above_ground"].append(n * p / 2)
        expected["ergotropy"].append(n * p / 2 - values @ levels)
        expected["purity"].append(values @ values)
    for _, data in in_all(problem, [*expected, "local_ergotropy"]):
        for figure, value in expected.items():
            np.testing.assert_allclose(data[figure], value, rtol=0, atol=1e-9, err_msg=figure)
        np.testing.assert_allclose(data["local_ergotropy"], 0.0, rtol=0, atol=1e-9)


@pytest.mark.parametrize("n", [2, 4])
def test_flip_under_local_dephasing_is_a_damped_rotation(n):
    """N dephased cells that only flip together: one two-level system whose coherence decays at G = 2 N g_phi.

    With H_B off, z'' + G z' + 4 g^2 z = 0, z(0) = -1, z'(0) = 0.
    """
    g, rate = 0.5, 0.03
    wide = 2 * n * rate
    turn = np.sqrt(4 * g**2 - wide**2 / 4)
    problem = cells(n, flip=g, channels=(qsb.dephasing(rate),), protocol=quiet(9.0), times=np.linspace(0, 9, 19))
    t = problem.times
    z = -np.exp(-wide * t / 2) * (np.cos(turn * t) + wide / 2 / turn * np.sin(turn * t))
    y = np.exp(-wide * t / 2) * 2 * g / turn * np.sin(turn * t)
    size = np.hypot(y, z)
    # the smaller of both eigenvalues sits on the first excited level, of energy 1
    work = n * (1 + z) / 2 - (1 - size) / 2
    for _, data in in_all(problem, ["stored_energy", "power", "ergotropy"]):
        np.testing.assert_allclose(data["stored_energy"], n * (1 + z) / 2, rtol=0, atol=1e-9)
        np.testing.assert_allclose(data["power"], n * g * y, rtol=0, atol=1e-9)
        np.testing.assert_allclose(data["ergotropy"], np.maximum(work, 0), rtol=0, atol=1e-9)


@pytest.mark.parametrize("chargers", [1, 2, 3])
def test_row_19_dark_states(chargers):
    """Collective loss of n full chargers and an empty battery: E = (n/(n+1))^2, W = max(0, 2E - 1)."""
    space = Space((Group("charger", Spin(), chargers, "charger"), Group("cells", Spin(), 1)))
    jump = qsb.OpSum((Local("-", 1.0, "charger"), Local("-", 1.0)))
    start = np.zeros(2 ** (chargers + 1), dtype=complex)
    start[1] = 1.0
    battery = qsb.Battery(
        space,
        qsb.OpSum((Local("z", 0.5),)),
        charger=qsb.OpSum((Local("z", 0.5, "charger"),)),
        start=qsb.Start("state", array=start),
    )
    channel = qsb.charging.Channel("custom", 1.0, operator=jump)
    problem = qsb.Problem(battery, qsb.Protocol((Stage("store", 60.0),)), (channel,), np.array([60.0]))
    data = qsb.run(problem, ["stored_energy", "subset_ergotropy"], subset=(chargers,))
    steady = (chargers / (chargers + 1)) ** 2
    assert float(data["stored_energy"][0]) == pytest.approx(steady, abs=1e-9)
    assert float(data["subset_ergotropy"][0]) == pytest.approx(max(0.0, 2 * steady - 1), abs=1e-9)


# -- further closed charging --


@pytest.mark.parametrize(("strength", "printed"), [(0.1, 0.0196604325), (0.5, 0.3599257326), (1.0, 0.9044373838)])
def test_o21_first_power_peak_per_site_of_the_infinite_chain(strength, printed):
    # the ends of a ring of eight meet only after the peak
    problem = cells(8, coupling=pairs(strength, "ring"), duration=1.2, times=np.linspace(0, 1.2, 13))
    assert float(qsb.run(problem, ["power"])["peak_power"]) / 8 == pytest.approx(printed, rel=1e-6)


@pytest.mark.parametrize("n", [2, 5])
@pytest.mark.parametrize("strength", [0.1, 0.5, 1.3])
def test_o21_levels_of_the_open_chain_are_signed_sums_of_singular_values(n, strength):
    h = 0.5
    s = np.linalg.svd(h * np.eye(n) + strength * np.eye(n, k=1))[1]
    battery = cells(n, coupling=pairs(strength)).battery
    found = np.linalg.eigvalsh(dense(battery.battery + battery.interaction, battery.space))
    expected = np.sort([sum(x) for x in product(*((-v, v) for v in s))])
    np.testing.assert_allclose(found, expected, rtol=0, atol=1e-12)
    if strength == h:
        np.testing.assert_allclose(
            np.sort(s), np.sort(2 * h * np.cos(np.arange(1, n + 1) * np.pi / (2 * n + 1))), rtol=0, atol=1e-12
        )


@pytest.mark.parametrize("strength", [0.1, 0.5, 1.0])
def test_a_bipartite_chain_discharges_as_it_charges(strength):
    """From all up the energy falls exactly as it rises from all down."""
    up, down = (
        qsb.run(cells(4, coupling=pairs(strength), start=qsb.Start(s)), ["stored_energy"]) for s in ("up", "down")
    )
    np.testing.assert_allclose(up["stored_energy"], -down["stored_energy"], rtol=0, atol=CLOSE)
    assert float(up["stored_energy"].max()) == pytest.approx(0.0, abs=1e-9)


@pytest.mark.parametrize("how", [{"coupling": pairs(0.5)}, {"coupling": pairs(0.5, "all")}, {"flip": 0.5}])
@pytest.mark.parametrize("n", [2, 4])
def test_parity_forbids_local_work(how, n):
    """No cell has coherence and none inverts, so no work comes out of single cells at any time."""
    for _, data in in_all(cells(n, **how), ["local_ergotropy", "ergotropy"]):
        np.testing.assert_allclose(data["local_ergotropy"], 0.0, rtol=0, atol=1e-9)
        assert float(data["ergotropy"].max()) > 0.1


def test_noise_may_heat_a_chain():
    """N = 4, strength 1/2, rates 0.05: more energy than the closed maximum, less power, less ergotropy.

    Without noise the first maximum of the power, 1.1551, is overtaken by a recurrence at t = 15.3.
    """
    noise = (qsb.emission(0.05), qsb.dephasing(0.05))
    grid = np.linspace(0, 20, 201)
    closed = qsb.run(cells(4, coupling=pairs(0.5), times=grid), POWERS)
    first = qsb.run(cells(4, coupling=pairs(0.5), duration=3.0, times=grid[:31]), ["power"])
    noisy = qsb.run(cells(4, coupling=pairs(0.5), channels=noise, times=grid), POWERS)
    assert float(closed["peak_stored_energy"]) == pytest.approx(1.1924, abs=6e-5)
    assert float(first["peak_power"]) == pytest.approx(1.1551, abs=6e-5)
    assert float(closed["peak_power"]) == pytest.approx(1.169480, abs=2e-6)
    assert float(closed["peak_power_time"]) == pytest.approx(15.335, abs=5e-3)
    assert float(noisy["stored_energy"][-1]) == pytest.approx(1.3520, abs=6e-5)
    assert float(noisy["peak_power"]) == pytest.approx(1.0689, abs=6e-5)
    assert float(noisy["ergotropy"].max()) == pytest.approx(0.7854, abs=6e-5)  # on this grid; 0.785537 between
    assert float(noisy["peak_ergotropy"]) == pytest.approx(0.785537, abs=2e-6)


def test_noise_reduces_the_amplitude_of_a_field():
    noise = (qsb.emission(0.05), qsb.dephasing(0.05))
    data = qsb.run(cells(4, field=0.5, channels=noise), ["stored_energy"])
    assert float(data["peak_stored_energy"]) == pytest.approx(1.854, abs=6e-4)


def test_o33_quench_of_the_storage_chain():
    start = qsb.Start("product", bloch=np.array([1.0, 0.0, 0.0]))
    battery = qsb.models.ising(6, exchange=1.0, transverse=0.5, start=start)
    problem = qsb.Problem(battery, qsb.quench(3.0), (), np.array([0.0, 1.0, 3.0]))
    data = qsb.run(problem, ["energy_above_ground", "energy_std", "ergotropy"])
    np.testing.assert_allclose(data["energy_above_ground"], 2.5220295708, rtol=0, atol=1e-9)
    np.testing.assert_allclose(data["ergotropy"], 2.5220295708, rtol=0, atol=1e-9)
    np.testing.assert_allclose(data["energy_std"], np.sqrt(5.0), rtol=0, atol=1e-9)


# -- modes and ladders, by operators --


def test_row_8_displacement_of_a_thermal_mode():
    """dE = w |a|^2, Var = w^2 [n (n + 1) + |a|^2 (2 n + 1)]."""
    w, nbar, pull, t = 1.3, 0.2, 0.5, np.array([0.0, 0.5, 1.0])
    a = qutip.destroy(40)
    battery = qsb.models.custom(
        w * a.dag() * a, 1j * pull * (a.dag() - a), start=qutip.thermal_dm(40, nbar, method="analytic")
    )
    data = qsb.run(
        qsb.Problem(battery, qsb.quench(1.0, battery=False), (), t), ["stored_energy", "energy_std", "ergotropy"]
    )
    moved = (pull * t) ** 2
    np.testing.assert_allclose(data["stored_energy"], w * moved, rtol=0, atol=CLOSE)
    np.testing.assert_allclose(data["ergotropy"], w * moved, rtol=0, atol=1e-8)
    np.testing.assert_allclose(
        data["energy_std"] ** 2, w**2 * (nbar * (nbar + 1) + moved * (2 * nbar + 1)), rtol=0, atol=1e-8
    )


def test_row_8_squeezing_of_a_thermal_mode():
    """dE = w (2n + 1) sinh^2 r, Var = w^2 [(2n + 1)^2 cosh 4r - 1]/4."""
    w, nbar, r = 1.3, 0.1, 0.25
    a = qutip.destroy(50)
    battery = qsb.models.custom(
        w * a.dag() * a, 0.5j * (a * a - a.dag() * a.dag()), start=qutip.thermal_dm(50, nbar, method="analytic")
    )
    data = qsb.run(
        qsb.Problem(battery, qsb.quench(r, battery=False), (), np.array([r])), ["stored_energy", "energy_std"]
    )
    assert float(data["stored_energy"][0]) == pytest.approx(w * (2 * nbar + 1) * np.sinh(r) ** 2, abs=1e-8)
    variance = w**2 * ((2 * nbar + 1) ** 2 * np.cosh(4 * r) - 1) / 4
    assert float(data["energy_std"][0]) ** 2 == pytest.approx(variance, abs=1e-7)


@pytest.mark.parametrize("loss", [1.0, 2.0])
def test_row_9_driven_mode_charges_a_mode_whatever_it_loses(loss):
    """At zero temperature E(inf) = (F/g)^2: the driven mode ends empty, the battery in a coherent state."""
    push, g, levels = 0.3, 1.0, 8
    a, b = (
        qutip.tensor(qutip.destroy(levels), qutip.qeye(levels)),
        qutip.tensor(qutip.qeye(levels), qutip.destroy(levels)),
    )
    v = g * (a * b.dag() + a.dag() * b) + push * (a + a.dag())
    start = qutip.tensor(qutip.basis(levels, 0), qutip.basis(levels, 0))
    battery = qsb.models.custom(b.dag() * b, v, start=start)
    channels = qsb.models.custom_channels([np.sqrt(loss) * a])
    problem = qsb.Problem(battery, qsb.quench(80.0, battery=False), channels, np.array([80.0]))
    data = qsb.run(problem, ["stored_energy"])
    assert float(data["stored_energy"][0]) == pytest.approx((push / g) ** 2, abs=1e-7)


@pytest.mark.parametrize("excited", [0.75, 0.2])
def test_row_11_one_collision(excited):
    """A qubit with excitation probability 1 - q meets a ladder: d<n> = (1-2q) sin^2, dVar = sin^2 - (1-2q)^2 sin^4."""
    levels, angle = 7, 0.6
    lower = qutip.Qobj(np.eye(levels, k=1))
    v = angle * qutip.tensor(lower, qutip.sigmap())
    meter = qutip.tensor(qutip.Qobj(np.diag(np.arange(levels))), qutip.qeye(2))
    start = qutip.tensor(qutip.fock_dm(levels, 3), qutip.Qobj(np.diag([excited, 1 - excited])))
    battery = qsb.models.custom(meter, v + v.dag(), start=start)
    data = qsb.run(
        qsb.Problem(battery, qsb.quench(1.0, battery=False), (), np.array([1.0])), ["stored_energy", "energy_std"]
    )
    bias, s = 2 * excited - 1, np.sin(angle) ** 2
    assert float(data["stored_energy"][0]) == pytest.approx(bias * s, abs=1e-10)
    assert float(data["energy_std"][0]) ** 2 == pytest.approx(s - bias**2 * s**2, abs=1e-9)


def cavity(n, levels, quanta, *, rotating=True, g=1.0):
    """Return n cells in a resonant cavity with `quanta` photons or a state of the mode."""
    a = qutip.tensor(qutip.destroy(levels), *[qutip.qeye(2)] * n)

    def on(op, i):
        return qutip.tensor(qutip.qeye(levels), *[op if k == i else qutip.qeye(2) for k in range(n)])

    raise_all = sum(on(qutip.sigmap(), i) for i in range(n))
    v = g * (a * raise_all + (a * raise_all).dag()) if rotating else None
    if not rotating:
        v = g * (raise_all + raise_all.dag()) * (a + a.dag())
    mode = qutip.basis(levels, quanta) if isinstance(quanta, int) else quanta
    down = [qutip.basis(2, 1)] * n
    start = qutip.tensor(mode, *(down if mode.isket else [qutip.ket2dm(d) for d in down]))
    meter = sum(on(qutip.sigmaz() / 2, i) for i in range(n))
    return qsb.models.custom(meter, v, charger=a.dag() * a, start=start)


def test_o27_two_cells_in_a_cavity():
    """E = (2/3) sin^2(sqrt6 t) + (4/9) (1 - cos(sqrt6 t))^2, whose maximum is 16/9."""
    problem = qsb.Problem(cavity(2, 4, 2), qsb.quench(3.0), (), np.linspace(0, 3, 31))
    data = qsb.run(problem, ["stored_energy", "average_power"])
    x = np.sqrt(6) * problem.times
    expected = 2 / 3 * np.sin(x) ** 2 + 4 / 9 * (1 - np.cos(x)) ** 2
    np.testing.assert_allclose(data["stored_energy"], expected, rtol=0, atol=CLOSE)
    assert float(data["peak_stored_energy"]) == pytest.approx(16 / 9, rel=1e-5)


@pytest.mark.parametrize(("n", "printed"), [(1, 0.7246113538), (2, 1.7733416639), (3, 3.1621477724)])
def test_o27_average_power_of_a_cavity(n, printed):
    problem = qsb.Problem(cavity(n, n + 2, n), qsb.quench(2.0), (), np.linspace(0, 2, 41))
    assert float(qsb.run(problem, ["average_power"])["peak_average_power"]) == pytest.approx(printed, rel=1e-5)


def test_o28_thermal_mode_and_counter_rotating_terms():
    thermal = qutip.thermal_dm(60, 2.0, method="analytic")
    problem = qsb.Problem(cavity(1, 60, thermal), qsb.quench(1.0), (), np.array([1.0]))
    assert float(qsb.run(problem, ["stored_energy"])["stored_energy"][0]) == pytest.approx(0.5000106640, abs=1e-9)
    problem = qsb.Problem(cavity(2, 40, 2, rotating=False, g=0.5), qsb.quench(1.0), (), np.array([1.0]))
    assert float(qsb.run(problem, ["stored_energy"])["stored_energy"][0]) == pytest.approx(1.1370363480, abs=1e-9)


def test_o29_two_modes():
    """Two photons, g t = 1: E = 2 sin^2(1)."""
    a, b = qutip.tensor(qutip.destroy(4), qutip.qeye(4)), qutip.tensor(qutip.qeye(4), qutip.destroy(4))
    v = a * b.dag()
    start = qutip.tensor(qutip.basis(4, 2), qutip.basis(4, 0))
    battery = qsb.models.custom(b.dag() * b, v + v.dag(), charger=a.dag() * a, start=start)
    data = qsb.run(qsb.Problem(battery, qsb.quench(1.0), (), np.array([1.0])), ["stored_energy"])
    assert float(data["stored_energy"][0]) == pytest.approx(2 * np.sin(1.0) ** 2, abs=1e-9)
    assert 2 * np.sin(1.0) ** 2 == pytest.approx(1.4161468365, abs=1e-10)


@pytest.mark.parametrize(("duration", "printed"), [(5.0, 0.4596193210), (50.0, 0.9984578397)])
def test_o32_linear_ramps_in_counter_intuitive_order(duration, printed):
    """The upper drive first: its ramp falls from 1 to 0 while the lower one rises."""
    one, two, three = (qutip.basis(3, k) for k in range(3))
    first, second = one * two.dag(), two * three.dag()
    meter = qsb.models.custom(three * three.dag()).battery
    lower, upper = (qsb.models.custom(x + x.dag()).battery for x in (first, second))
    base = qsb.models.custom(three * three.dag(), start=one)
    battery = qsb.Battery(
        base.space,
        meter,
        drives=((lower, Ramp(0.0, 1.0, duration)), (upper, Ramp(1.0, 0.0, duration))),
        start=base.start,
    )
    problem = qsb.Problem(battery, qsb.quench(duration, battery=False), (), np.array([duration]))
    data = qsb.run(problem, ["stored_energy"], tolerance=1e-11)
    assert float(data["stored_energy"][0]) == pytest.approx(printed, abs=2e-9)
