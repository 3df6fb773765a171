"""Free fermions: closed forms at large N, the state vector at small N in both parities, refusals, broken states."""

import time
import tracemalloc

import numpy as np
import pytest
from scipy.integrate import quad

import qsb
from qsb.algebra.opsum import OpSum
from qsb.algebra.space import Space
from qsb.algebra.terms import Local, Pair
from qsb.charging.battery import Battery
from qsb.charging.envelope import Gaussian, Piecewise, Ramp, Sinusoidal
from qsb.charging.problem import Problem
from qsb.dynamics import majorana
from qsb.dynamics.plan import plan
from qsb.dynamics.representation import Request
from qsb.dynamics.solve import solve
from qsb.models.ising import ground_energy as ising_ground
from systems import cells, pairs

TIMES = np.array([0.0, 0.3, 1.1, 2.0])
NAMES = {"z": "xyz", "x": "yzx"}


def stages():
    """Return a ramp, a store and a discharge with H_B off."""
    return qsb.Protocol(
        (
            qsb.Stage("charge", 0.7, Ramp(0.2, 1.0, 0.5)),
            qsb.Stage("store", 0.4),
            qsb.Stage("discharge", 0.9, Sinusoidal(2.0, 0.3), battery=False),
        )
    )


PROTOCOLS = {
    "quench": qsb.quench(2.0),
    "steps": qsb.quench(2.0, Piecewise((0.0, 0.8, 1.5), (1.0, -0.5))),
    "stages": stages(),
}


def disordered(n, geometry, axis, start, interacting, protocol, seed=0):
    """Return a problem with unlike couplings of all kinds."""
    rng, (x, y, z) = np.random.default_rng(seed + 100 * n), NAMES[axis]
    name = {"x": x, "y": y}
    bonds = n if geometry == "ring" and n > 2 else n - 1

    def couplings(*axes):
        return tuple(Pair(name[a], name[b], rng.normal(size=bonds), geometry) for a, b in axes) if n > 1 else ()

    meter = (Local(z, rng.normal(size=n) + 0.2),) + (couplings("xx", "xy", "yy") if interacting else ())
    charger = (Local(z, 0.3), *couplings("xx", "yx" if n % 2 else "yy"))
    drives = ((OpSum((Local(z, 0.4), *couplings("xy"))), Gaussian(1.0, 0.3, 2.0)),) if protocol == "stages" else ()
    if start in ("flipped", "mixed"):
        r = np.zeros((n, 3))
        r[:, "xyz".index(z)] = np.where(np.arange(n) == 1, 1.0, -1.0) * (0.8 if start == "mixed" else 1.0)
        start = qsb.Start("product", bloch=r)
    else:
        start = qsb.Start(start)
    battery = Battery(Space.spins(n), OpSum(meter), OpSum(charger), OpSum((Local(z, 0.1),)), drives, start=start)
    return Problem(battery, PROTOCOLS[protocol], (), TIMES)


CASES = [
    (n, geometry, axis, start, interacting, protocol)
    for n in range(1, 8)
    for geometry in ("chain", "ring")
    for axis, start in (("z", "down"), ("z", "flipped"), ("z", "ground"), ("x", "ground"), ("x", "flipped"))
    for interacting, protocol in (((n + len(start)) % 2 == 0, ("quench", "steps", "stages")[(n + len(start)) % 3]),)
]


@pytest.mark.parametrize(("n", "geometry", "axis", "start", "interacting", "protocol"), CASES)
def test_chains_and_rings_are_those_of_the_state_vector(n, geometry, axis, start, interacting, protocol):
    problem = disordered(n, geometry, axis, start, interacting, protocol)
    readouts = {"energy", "power", "variance", "charger_variance", "reduced", "extremes", "span"}
    readouts |= ({"cut"} if n > 1 else set()) | (set() if interacting else {"marginals"})
    request = Request(frozenset(readouts), tuple(range(min(1, n - 1), min(n, 3))), n // 2)
    found, expected = (
        solve(problem, plan(problem, request, representation=name), tolerance=1e-11) for name in ("fermion", "ket")
    )
    close = 1e-9 if protocol == "stages" else 1e-11
    for name in expected.values:
        if name == "reduced":
            size = expected.values[name].values.shape[-1]
            values = [np.sort(s.values[name].values)[:, -size:] for s in (found, expected)]
            np.testing.assert_allclose(*values, rtol=0, atol=close)
        elif name != "spectrum":
            np.testing.assert_allclose(found.values[name], expected.values[name], rtol=0, atol=close, err_msg=name)
    for name in ("extremes", "span"):
        np.testing.assert_allclose(found.statics[name], expected.statics[name], rtol=0, atol=1e-10)
    kinks = [
        [(k.time, k.energy, k.before, k.after) for k in s.kinks if abs(k.after - k.before) > 1e-10]
        for s in (found, expected)
    ]
    assert len(kinks[0]) == len(kinks[1])
    if kinks[0]:
        np.testing.assert_allclose(*kinks, rtol=0, atol=close)


@pytest.mark.parametrize(("protocol", "interacting"), [("quench", True), ("steps", False), ("stages", True)])
def test_a_mixture_along_the_axis_is_that_of_the_density_matrix(protocol, interacting):
    problem = disordered(3, "chain", "z", "mixed", interacting, protocol)
    figures = ["stored_energy", "power", "ergotropy", "capacity", "purity", "energy_std", "subset_ergotropy"]
    a, b = (qsb.run(problem, figures, subset=(1, 2), representation=r, tolerance=1e-11) for r in ("fermion", "density"))
    for figure in figures:
        np.testing.assert_allclose(a[figure], b[figure], rtol=0, atol=1e-8, err_msg=figure)


def test_the_parity_of_the_start_decides_the_ring(monkeypatch):
    """Negative control: a ring in the wrong parity does not pass."""
    right = majorana.start_covariance
    monkeypatch.setattr(majorana, "start_covariance", lambda p: (right(p)[0], -right(p)[1]))
    with pytest.raises(AssertionError):
        test_chains_and_rings_are_those_of_the_state_vector(4, "ring", "z", "down", False, "quench")


# -- closed forms --


def ring_energy(n, strength, t, frequency=1.0):
    """Return O21 of an even ring, a site: (w0/N) sum over k = (2m-1) pi/N of (lam sin k/eps)^2 sin^2(2 eps t)."""
    k = (2 * np.arange(1, n + 1) - 1) * np.pi / n
    h = frequency / 2
    eps = np.sqrt(h**2 + strength**2 + 2 * h * strength * np.cos(k))
    return frequency * np.mean(
        (strength * np.sin(k) / eps) ** 2 * np.sin(2 * eps * np.asarray(t)[:, None]) ** 2, axis=1
    )


def chain_energy(strength, t, h=0.5):
    """Return O21 of the infinite chain, a site."""

    def part(k):
        eps2 = h**2 + strength**2 + 2 * h * strength * np.cos(k)
        return (strength * np.sin(k)) ** 2 / eps2 * np.sin(2 * np.sqrt(eps2) * t) ** 2

    return 2 * h / np.pi * quad(part, 0, np.pi, limit=200)[0]


@pytest.mark.parametrize("n", [4, 10, 100])
@pytest.mark.parametrize("strength", [0.1, 0.5, 1.0])
def test_o21_even_rings(n, strength):
    problem = cells(n, coupling=pairs(strength, "ring"), duration=30.0)
    data = qsb.run(problem, ["stored_energy", "ergotropy"])
    np.testing.assert_allclose(data["stored_energy"] / n, ring_energy(n, strength, problem.times), rtol=0, atol=1e-12)
    np.testing.assert_allclose(data["ergotropy"], data["stored_energy"], rtol=0, atol=1e-10)
    assert "fermion" in data.attrs["plan"]


@pytest.mark.parametrize(("strength", "printed"), [(0.1, 0.0196604325), (0.5, 0.3599257326), (1.0, 0.9044373838)])
def test_o21_the_infinite_chain(strength, printed):
    """First peak of the power a site; a large ring is the infinite chain until signals have gone around."""
    problem = cells(200, coupling=pairs(strength, "ring"), duration=2.0, times=np.linspace(0, 2, 81))
    data = qsb.run(problem, ["power", "stored_energy"])
    assert float(data["peak_power"]) / 200 == pytest.approx(printed, abs=2e-9)
    for k in (20, 80):
        expected = chain_energy(strength, problem.times[k])
        assert float(data["stored_energy"][k]) / 200 == pytest.approx(expected, abs=1e-12)


@pytest.mark.parametrize("geometry", ["chain", "ring"])
@pytest.mark.parametrize("strength", [0.5, 1.0])
def test_o17_two_cells(geometry, strength):
    problem = cells(2, coupling=pairs(strength, geometry), duration=6.0)
    data = qsb.run(problem, ["stored_energy"], representation="fermion")
    w = np.hypot(1.0, strength)
    expected = 2 * (strength / w) ** 2 * np.sin(w * problem.times) ** 2
    np.testing.assert_allclose(data["stored_energy"], expected, rtol=0, atol=1e-12)
    assert float(data["peak_power"]) == pytest.approx(2 * strength**2 / w, rel=2e-6)


@pytest.mark.parametrize(("n", "geometry"), [(2, "ring"), (3, "chain"), (64, "chain"), (65, "ring"), (64, "ring")])
def test_o18_degrees(n, geometry):
    off = qsb.quench(7.0, battery=False)
    problem = cells(n, coupling=pairs(0.5, geometry), duration=7.0, protocol=off)
    degrees = np.full(n, 2) if geometry == "ring" and n > 2 else np.array([1] + [2] * (n - 2) + [1])
    expected = sum((1 - np.cos(problem.times) ** d) / 2 for d in degrees)
    data = qsb.run(problem, ["stored_energy"], representation="fermion")
    np.testing.assert_allclose(data["stored_energy"], expected, rtol=0, atol=1e-11)


def test_one_cell_never_charges():
    data = qsb.run(cells(1, coupling=pairs(0.5), duration=3.0), ["stored_energy", "power"], representation="fermion")
    assert np.abs(data["stored_energy"].values).max() < 1e-15
    assert np.abs(data["power"].values).max() < 1e-15


def test_the_storage_chain_from_its_ground_state():
    """A field quench of the storage model along its own axis: what was given to it is conserved afterwards."""
    battery = qsb.models.ising(120, exchange=1.0, transverse=2.0, field=0.5)
    stages = qsb.Protocol((qsb.Stage("charge", 1.0), qsb.Stage("store", 3.0)))
    problem = qsb.Problem(battery, stages, (), np.linspace(0, 4, 41))
    data = qsb.run(problem, ["stored_energy", "energy_above_ground", "energy_std"])
    assert "fermion" in data.attrs["plan"]
    stored = data["stored_energy"].values
    np.testing.assert_allclose(stored[10:], stored[10], rtol=1e-12)
    assert stored[10] > 0.1
    assert float(data["ground_energy"]) == pytest.approx(ising_ground(120, 1.0, 2.0), rel=1e-13)


# -- large --


def test_a_thousand_cells():
    problem = cells(1000, coupling=pairs(0.5, "ring"), duration=10.0, times=np.linspace(0, 10, 21))
    data = qsb.run(problem, ["stored_energy"])
    np.testing.assert_allclose(data["stored_energy"] / 1000, ring_energy(1000, 0.5, problem.times), rtol=0, atol=1e-12)


@pytest.mark.slow
def test_two_thousand_cells_conserve_energy():
    """Total energy of a disordered quench, and the entropy of the half chain, in seconds."""
    rng = np.random.default_rng(5)
    unlike = rng.uniform(0.3, 0.7, 1999)
    began = time.process_time()
    meter = cells(2000, coupling=[pairs(unlike, role="battery")], duration=10.0, start=qsb.Start("down"))
    data = qsb.run(meter, ["stored_energy"])
    assert np.abs(data["stored_energy"]).max() < 1e-9
    charged = cells(2000, coupling=pairs(unlike), duration=10.0, times=[10.0])
    entropy = float(qsb.run(charged, ["entanglement_entropy"], cut=1000)["entanglement_entropy"][0])
    assert 0 < entropy < 1000 * np.log(2)
    assert time.process_time() - began < 120


@pytest.mark.parametrize(
    ("axes", "readouts", "protocol"),
    [
        (["xx"], (), "quench"),
        (["xx"], ("variance", "cut"), "quench"),
        (["xx", "xy"], ("variance",), "quench"),
        (["xx"], (), "steps"),
        (["xx", "xy"], (), "steps"),
        (["xx"], (), "stages"),
    ],
)
def test_the_estimate_covers_what_a_solution_takes(axes, readouts, protocol):
    charger = [pairs(0.5, axes=a) for a in axes]
    problem = cells(100, coupling=charger, protocol=PROTOCOLS[protocol], times=TIMES)
    made = plan(problem, Request(frozenset({"energy", "power", "extremes", *readouts}), cut=50))
    assert made.representation == "fermion"
    solve(problem, made)
    tracemalloc.start()
    solve(problem, made)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert 0.3 * made.bytes < peak < made.bytes


def test_solving_again_builds_nothing(monkeypatch):
    problem = cells(20, coupling=pairs(0.5), duration=5.0)
    made = plan(problem)
    first = solve(problem, made)

    def never(*_):
        raise AssertionError("the modes are there")

    monkeypatch.setattr(majorana, "normal_modes", never)
    again = solve(Problem(problem.battery, problem.protocol, (), np.array([1.25])), made, again=first)
    assert again.values["energy"][0] == pytest.approx(first.values["energy"][10], abs=1e-13)
    assert problem.times[10] == 1.25


# -- refusals --


@pytest.mark.parametrize(
    ("problem", "options", "words"),
    [
        (cells(4, coupling=pairs(0.5), field=0.1), {}, "neither a field along one axis"),
        (cells(4, coupling=pairs(0.5), tilt=0.1), {}, "neither a field along one axis"),
        (cells(4, coupling=pairs(0.5)), {"figures": ["bound_fisher"]}, "occupations of energy levels"),
        (cells(4, coupling=pairs(0.5)), {"figures": ["subset_ergotropy"], "subset": (0, 2)}, "not neighbours"),
        (cells(60, coupling=pairs(0.5)), {"figures": ["subset_ergotropy"], "subset": tuple(range(30))}, "2\\^30"),
        (
            cells(
                30, coupling=pairs(0.5), frequency=np.linspace(1, 2, 30), start=qsb.Start("thermal", temperature=1.0)
            ),
            {"figures": ["ergotropy"]},
            "different levels",
        ),
    ],
)
def test_what_cannot_be_delivered_is_refused(problem, options, words):
    with pytest.raises(qsb.PlanError, match=words):
        qsb.plan(problem, **{"figures": ["stored_energy"], "representation": "fermion"} | options)


def test_a_degenerate_ground_state_is_refused():
    battery = Battery(Space.spins(4), OpSum((Pair("x", "x", 1.0),)), OpSum((Local("z", 0.3),)))
    with pytest.raises(qsb.StructureError, match="degenerate"):
        qsb.run(Problem(battery, qsb.quench(1.0)), ["stored_energy"])


@pytest.mark.parametrize("n", [4, 300])
def test_subsets_and_cells_of_large_chains(n):
    """Deep in a uniform chain every block is alike; its ergotropy lies between zero and its energy."""
    problem = cells(n, coupling=pairs(0.5, "ring"), duration=2.0, times=[0.5, 1.5])
    figures = ["subset_ergotropy", "local_ergotropy", "stored_energy", "energy_std"]
    left, right = (qsb.run(problem, figures, subset=s) for s in ((0, 1, 2), (1, 2, 3)))
    np.testing.assert_allclose(left["subset_ergotropy"], right["subset_ergotropy"], rtol=0, atol=1e-11)
    assert np.all(left["subset_ergotropy"] <= 3 / n * left["stored_energy"] + 1e-12)


@pytest.mark.parametrize("axes", ["xx", "xy"])
@pytest.mark.parametrize(("subset", "cut"), [((2, 3), None), ((3, 4, 5), 2), ((), 4), ((1, 0), None)])
def test_blocks_alone_are_those_of_the_state_vector(axes, subset, cut):
    """Where nothing else is asked, only the block's part of the covariance is made."""
    charger = [pairs(0.5, "ring"), pairs(0.3, axes=axes, role="battery")]
    problem = cells(6, coupling=charger, times=[0.0, 0.4, 1.3], duration=2.0)
    figures = (["subset_ergotropy"] if subset else []) + (["entanglement_entropy"] if cut else [])
    found, expected = (
        qsb.run(problem, figures, subset=subset, cut=cut, representation=r, tolerance=1e-11) for r in ("fermion", "ket")
    )
    for figure in figures:
        np.testing.assert_allclose(found[figure], expected[figure], rtol=0, atol=1e-11)


# -- broken states are not returned --


@pytest.mark.parametrize("protocol", ["quench", "stages"])
def test_a_state_that_is_none_is_not_returned(monkeypatch, protocol):
    problem = cells(5, coupling=pairs(0.5), protocol=PROTOCOLS[protocol], times=TIMES)
    made = plan(problem, Request(frozenset({"energy", "power", "variance"})))
    name = "at" if protocol == "quench" else "walk"
    right = getattr(majorana.Leg, name)

    def spoiled(self, *arguments):
        found = right(self, *arguments)
        if protocol == "quench":
            return majorana.Skew(1.001 * found.ab, found.aa, found.bb)
        return (majorana.Skew(np.nan * s.ab, s.aa, s.bb) for s in found)

    monkeypatch.setattr(majorana.Leg, name, spoiled)
    with pytest.raises(qsb.ConvergenceError, match=r"purity|energy_drift"):
        solve(problem, made)


def test_sums_that_disagree_with_the_covariance_are_not_returned(monkeypatch):
    right = majorana.Leg.energies
    monkeypatch.setattr(majorana.Leg, "energies", lambda self, t: (right(self, t)[0] + 0.1, right(self, t)[1]))
    problem = cells(5, coupling=pairs(0.5), duration=2.0)
    with pytest.raises(qsb.ConvergenceError, match="energy_drift"):
        solve(problem, plan(problem))
