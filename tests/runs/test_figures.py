"""Every figure of merit against its definition, written out with dense matrices, sorted lists and differences."""

import itertools

import numpy as np
import pytest
from scipy.linalg import expm
from scipy.optimize import brentq

import qsb
from qsb.algebra.build import csr
from qsb.charging.envelope import Constant, Piecewise
from qsb.charging.protocol import Stage
from qsb.quantities import READOUTS, names, quantity
from qsb.runs.figures import DEFAULT_FIGURES, FIGURES, needs
from systems import accepting, cells, pairs

CLOSE = 1e-9

#: figures of cells without a charger; tests/dynamics/test_cavity.py has the charger, and test_gaussian.py the modes
ALONE = set(FIGURES) - {"charger_energy", "gaussian_ergotropy"}


def matrix(op, problem):
    """Return the dense matrix of a sum of terms."""
    d = problem.battery.space.dimension
    return csr(op, problem.battery.space).toarray() if op.active else np.zeros((d, d))


def evolve(problem, h, jumps, times):
    """Return dense states (T, d, d) under a constant generator, from the ground state of H_B."""
    d = len(h)
    one = np.eye(d)
    g = -1j * (np.kron(h, one) - np.kron(one, h.T))
    for rate, jump in jumps:
        n = jump.conj().T @ jump
        g = g + rate * (np.kron(jump, jump.conj()) - (np.kron(n, one) + np.kron(one, n.T)) / 2)
    ground = np.linalg.eigh(matrix(problem.battery.battery, problem))[1][:, 0]
    start = np.outer(ground, ground.conj()).reshape(-1)
    states = np.array([(expm(g * t) @ start).reshape(d, d) for t in times])
    return states, np.array([(g @ s.reshape(-1)).reshape(d, d) for s in states])


def passive(rho, h):
    """Return the lowest energy on the orbit: largest eigenvalue on the lowest level, and so on."""
    return np.sort(np.linalg.eigvalsh(rho))[::-1] @ np.linalg.eigvalsh(h)


def entropy(p):
    """Return -sum p ln p."""
    return -sum(x * np.log(x) for x in p if x > 0)


def gibbs_energy(rho, h):
    """Return the energy of the Gibbs state that is as mixed, by bisection in its temperature."""
    e, s = np.linalg.eigvalsh(h), entropy(np.linalg.eigvalsh(rho))
    if s < 1e-12:
        return e[0]

    def gibbs(beta):
        p = np.exp(-beta * (e - e[0]))
        return p / p.sum()

    beta = brentq(lambda b: entropy(gibbs(b)) - s, 0.0, 200.0 / np.ptp(e), xtol=1e-14)
    return gibbs(beta) @ e


def passive_alike(rho, h, n):
    """Return the same where all cells are turned alike, from |m><m'| in each total spin as J_-^a P J_+^b."""
    up, jz = (sum(sigma(op, i, n) for i in range(n)) for op in "+z")
    jz = jz / 2
    casimir = up.conj().T @ up + jz @ jz + jz
    e, u = np.linalg.eigh(casimir + np.pi * jz)
    total = 0.0
    for twice in range(n, -1, -2):
        j = twice / 2
        top = u[:, np.abs(e - j * (j + 1) - np.pi * j) < 1e-9]
        kets = [top]
        for _ in range(twice):
            kets.append(up.conj().T @ kets[-1])
            kets[-1] = kets[-1] / np.linalg.norm(kets[-1][:, 0])
        r, x = (np.array([[np.trace(a.conj().T @ m @ b) for b in kets] for a in kets]) for m in (rho, h / top.shape[1]))
        total += passive(r, x)
    return total


def pinched(rho, h):
    """Return the state without coherence between different levels."""
    e, u = np.linalg.eigh(h)
    r = u.conj().T @ rho @ u
    r[np.abs(e[:, None] - e[None, :]) > 1e-9] = 0.0
    return u @ r @ u.conj().T


def trace_out(rho, kept, n):
    """Return the state of the kept cells, by a sum over the others."""
    t = rho.reshape([2] * (2 * n))
    out = np.zeros([2] * (2 * len(kept)), dtype=complex)
    rest = [i for i in range(n) if i not in kept]
    for values in itertools.product((0, 1), repeat=len(rest)):
        index = [slice(None)] * (2 * n)
        for i, v in zip(rest, values, strict=True):
            index[i] = index[n + i] = v
        out += t[tuple(index)]
    return out.reshape(2 ** len(kept), -1)


def nats(rho):
    """Return the von Neumann entropy."""
    p = np.linalg.eigvalsh(rho)
    p = p[p > 1e-15]
    return -(p * np.log(p)).sum()


def others(subset, n):
    """Return the cells that are not in the subset."""
    return [i for i in range(n) if i not in subset]


def half_transposed(rho, subset, n):
    """Return the negativity, by swapping the digits of rows and columns one by one."""
    out = np.zeros_like(rho)
    masks = sum(1 << (n - 1 - i) for i in subset)
    for a, b in itertools.product(range(2**n), repeat=2):
        out[(a & ~masks) | (b & masks), (b & ~masks) | (a & masks)] = rho[a, b]
    return (np.abs(np.linalg.eigvalsh(out)).sum() - 1) / 2


def information(rho, rate, h):
    """Return sum_k p'_k^2 / p_k over different levels; infinite where an empty one grows at a rate."""
    e, u = np.linalg.eigh(h)
    p, dp = (np.einsum("ki,kl,li->i", u.conj(), a, u).real for a in (rho, rate))
    level = np.unique(np.round(e, 9))
    p, dp = (np.array([a[np.abs(e - x) < 1e-8].sum() for x in level]) for a in (p, dp))
    if np.any((p < 1e-13) & (np.abs(dp) > 1e-9)):
        return np.inf
    return (dp[p > 1e-13] ** 2 / p[p > 1e-13]).sum()


def fisher(rho, rate, h):
    """Return (Var sum_k p'_k^2 / p_k)^(1/2) over different levels; its limit where a single level is left at a rate."""
    e, u = np.linalg.eigh(h)
    p, dp = (np.einsum("ki,kl,li->i", u.conj(), a, u).real for a in (rho, rate))
    level = np.unique(np.round(e, 9))
    p, dp = (np.array([a[np.abs(e - x) < 1e-8].sum() for x in level]) for a in (p, dp))
    filled = p > 1e-13
    if filled.sum() == 1:  # p_k = dp_k t and Var = sum dp_k gap_k^2 t for small t
        return np.sqrt(max((dp[~filled] * (level[~filled] - level[filled]) ** 2).sum() * dp[~filled].sum(), 0.0))
    variance = p @ level**2 - (p @ level) ** 2
    return np.sqrt(variance * (dp[filled] ** 2 / p[filled]).sum())


def by_definition(problem, jumps, subset):
    """Return every figure of a problem with a constant charger, from dense states."""
    b, n = problem.battery, problem.cells
    h_b, v = matrix(b.battery, problem), matrix(b.interaction, problem)
    h = h_b + v
    local = [meter_of(problem, i) for i in range(n)]
    states, rates = evolve(problem, h, jumps, problem.times)
    low, high = np.linalg.eigvalsh(h_b)[[0, -1]]
    span = np.ptp(np.linalg.eigvalsh(v))
    h_s = meter_of(problem, *subset)
    out = {name: [] for name in ALONE if name != "entanglement_entropy"}
    for t, rho, rate in zip(problem.times, states, rates, strict=True):
        energy = np.trace(rho @ h_b).real
        work = np.trace((-1j * (h @ rho - rho @ h)) @ h_b).real
        power = np.trace(rate @ h_b).real
        std = np.sqrt(max(np.trace(rho @ h_b @ h_b).real - energy**2, 0))
        v_std = np.sqrt(np.trace(rho @ v @ v).real - np.trace(rho @ v).real ** 2)
        w, w_inc = energy - passive(rho, h_b), energy - passive(pinched(rho, h_b), h_b)
        cell_states = [trace_out(rho, [i], n) for i in range(n)]
        r_s = trace_out(rho, list(subset), n)
        row = {
            "drive": 1.0,
            "stored_energy": energy - np.trace(states[0] @ h_b).real,
            "energy_above_ground": energy - low,
            "power": power,
            "average_power": power if t == 0 else (energy - np.trace(states[0] @ h_b).real) / t,
            "work_power": work,
            "heat_power": power - work,
            "ergotropy": w,
            "symmetric_ergotropy": energy - passive_alike(rho, h_b, n),
            "asymptotic_ergotropy": energy - gibbs_energy(rho, h_b),
            "anti_ergotropy": -passive(rho, -h_b) - energy,
            "ergotropy_fraction": w / (energy - low) if energy - low > 1e-9 else np.nan,
            "local_ergotropy": sum(
                np.trace(r @ x).real - passive(r, x) for r, x in zip(cell_states, local, strict=True)
            ),
            "subset_ergotropy": np.trace(r_s @ h_s).real - passive(r_s, h_s),
            "incoherent_ergotropy": w_inc,
            "coherent_ergotropy": w - w_inc,
            "passive_energy": passive(rho, h_b),
            "capacity": -passive(rho, -h_b) - passive(rho, h_b),
            "energy_std": std,
            "purity": np.trace(rho @ rho).real,
            "bound_fisher": fisher(rho, rate, h_b),
            "bound_uncertainty": 2 * std * v_std,
            "bound_locality": problem.structure.body_order
            * max(np.ptp(np.linalg.eigvalsh(x)) for x in local)
            * span
            / 2,
            "bound_norm": (high - low) * span / 2,
            "bound_variance": (high - low) * v_std,
            "bound_capacity": (-passive(rho, -h_b) - passive(rho, h_b)) * span / 2,
            "relative_fluctuation": std / (energy - low) if energy - low > 1e-9 else np.nan,
            "self_discharge_rate": -power / (energy - low) if energy - low > 1e-9 else np.nan,
            "fisher_information": information(rho, rate, h_b),
            "energy_coherence": nats(pinched(rho, h_b)) - nats(rho),
            "subset_entropy": nats(r_s),
            # H is constant, so that the channels are all that changes <H>; the drive is switched on and off
            "heat": np.trace((rho - states[0]) @ h).real,
            "drive_work": np.trace((states[0] - rho) @ v).real,
        }
        row["ergotropic_gap"] = w - row["local_ergotropy"]
        if len(subset) < n:
            row["mutual_information"] = nats(r_s) + nats(trace_out(rho, others(subset, n), n)) - nats(rho)
            row["negativity"] = half_transposed(rho, subset, n)
            row["log_negativity"] = np.log(2 * row["negativity"] + 1)
        gain, paid = row["stored_energy"], row["drive_work"]
        row["charging_efficiency"] = gain / paid if paid > 1e-9 else np.nan
        for name, value in row.items():
            out[name].append(value)
    return {name: np.array(values) for name, values in out.items() if values}


def meter_of(problem, *chosen):
    """Return the dense H_B of the chosen cells alone."""
    picked = {k: np.broadcast_to(x, problem.cells)[list(chosen)] for k, x in METERS[id(problem)].items()}
    battery = qsb.models.ensemble(len(chosen), **picked)
    return csr(battery.battery, battery.space).toarray()


METERS = {}


def made(n, meter, noise=(), **charger):
    """Return a problem that remembers its per-cell meter."""
    problem = cells(n, channels=noise, times=[0.0, 0.4, 1.1, 2.5], duration=2.5, **meter, **charger)
    METERS[id(problem)] = meter
    return problem


def sigma(op, site, n):
    """Return a ladder or Pauli matrix of one site, by Kronecker products."""
    single = {"-": np.array([[0, 0], [1, 0]]), "+": np.array([[0, 1], [0, 0]]), "z": np.diag([1, -1])}[op]
    return np.kron(np.kron(np.eye(2**site), single), np.eye(2 ** (n - site - 1))).astype(complex)


NOISE = (qsb.emission(0.1), qsb.dephasing(0.05))
LOCAL = [[(0.1, sigma("-", i, n)) for i in range(n)] + [(0.05, sigma("z", i, n)) for i in range(n)] for n in (2, 3)]
COLLECTIVE = [(0.2, sum(sigma("-", i, 3) for i in range(3)))]
UNLIKE = {"frequency": np.array([1.0, 1.3, 0.7]), "tilt": np.array([0.0, 0.2, 0.1])}

PROBLEMS = {
    "closed field": (made(3, {"frequency": 1.0}, field=0.5), []),
    "closed tilted field": (made(3, {"frequency": 1.0, "tilt": 0.4}, field=0.5), []),
    "closed unlike chain": (made(3, UNLIKE, coupling=pairs(0.6)), []),
    "closed all-to-all": (made(3, {"frequency": 1.0}, coupling=pairs(0.6, "all")), []),
    "noisy field": (made(3, {"frequency": 1.0}, NOISE, field=0.5), LOCAL[1]),
    "noisy unlike fields": (made(3, UNLIKE, NOISE, field=[0.5, 0.3, 0.7]), LOCAL[1]),
    "noisy pair": (made(2, {"frequency": 1.0}, NOISE, coupling=pairs(0.7)), LOCAL[0]),
    "noisy tilted chain": (made(3, {"frequency": 1.0, "tilt": 0.4}, NOISE, coupling=pairs(0.6)), LOCAL[1]),
    "collective noise": (
        made(3, {"frequency": 1.0}, (qsb.emission(0.2, collective=True),), flip=0.3, field=0.3),
        COLLECTIVE,
    ),
}


#: roots and quotients of what may be the rounding of zero
ROOTS = {
    "energy_std",
    "bound_uncertainty",
    "bound_variance",
    "bound_fisher",
    "fisher_information",
    "relative_fluctuation",
    "negativity",
    "log_negativity",
}


def delivers(problem, figure, subset, representation):
    """Return whether a representation has the figure, of this subset."""
    try:
        return bool(qsb.plan(problem, [figure], subset=subset, representation=representation))
    except (qsb.PlanError, qsb.SpecError):
        return False


@pytest.mark.parametrize("name", PROBLEMS)
def test_every_figure_is_what_its_definition_says(name):
    problem, jumps = PROBLEMS[name]
    subset = (0, problem.cells - 1)
    expected = by_definition(problem, jumps, subset)
    for representation in accepting(problem):
        able = [f for f in expected if delivers(problem, f, subset, representation)]
        assert "ergotropy" in able
        data = qsb.run(problem, able, subset=subset, representation=representation, tolerance=1e-11)
        for figure in able:
            # the spread of an eigenstate is the root of a rounding error
            loose = 1e-7 if figure in ROOTS else CLOSE
            np.testing.assert_allclose(
                data[figure], expected[figure], rtol=0, atol=loose, err_msg=f"{figure} by {representation}"
            )


def test_the_definitions_see_a_difference():
    """The comparison is no tautology: other couplings give other figures."""
    a, b = (by_definition(made(3, UNLIKE, NOISE, coupling=pairs(s)), LOCAL[1], (0, 2)) for s in (0.6, 0.61))
    same = {f for f in a if np.allclose(a[f], b[f], rtol=0, atol=1e-7, equal_nan=True)}
    assert same == {"drive"}


@pytest.mark.parametrize("cut", [1, 2, 3])
def test_entanglement_entropy_is_that_of_the_singular_values(cut):
    problem = cells(4, field=0.2, coupling=pairs(0.6), times=[0.0, 0.7, 2.5], duration=2.5)
    h = matrix(problem.battery.battery, problem) + matrix(problem.battery.interaction, problem)
    expected = []
    for t in problem.times:
        s = np.linalg.svd(expm(-1j * h * t)[:, -1].reshape(2**cut, -1))[1] ** 2
        s = s[s > 1e-15]
        expected.append(-(s * np.log(s)).sum())
    assert max(expected) > 0.1
    data = qsb.run(problem, ["entanglement_entropy"], cut=cut, tolerance=1e-11)
    np.testing.assert_allclose(data["entanglement_entropy"], expected, rtol=0, atol=1e-9)
    assert data["entanglement_entropy"].attrs["cut"] == str(cut)


@pytest.mark.parametrize("n", [2, 5])
def test_entropy_of_a_flip_is_that_of_a_biased_coin(n):
    """The global flip moves between all down and all up: S = h(p) at every cut, in the sector and in full."""
    problem = cells(n, flip=0.6 * n, times=np.linspace(0.1, 3, 8), duration=3.0)
    p = (0.6 * n) ** 2 * 4 / (n**2 + 4 * (0.6 * n) ** 2) * np.sin(np.hypot(n, 1.2 * n) * problem.times / 2) ** 2
    expected = -(p * np.log(p) + (1 - p) * np.log1p(-p))
    for representation in accepting(problem, {"cut"}):
        for cut in range(1, n):
            data = qsb.run(problem, ["entanglement_entropy"], cut=cut, representation=representation, tolerance=1e-11)
            np.testing.assert_allclose(data["entanglement_entropy"], expected, rtol=0, atol=1e-8)


# -- the table of quantities and the functions are one list --


def test_every_series_of_the_nomenclature_has_its_function_and_the_other_way_round():
    assert set(FIGURES) == set(names("series"))
    assert set(DEFAULT_FIGURES) <= set(FIGURES)


@pytest.mark.parametrize("name", sorted(ALONE))
def test_every_figure_can_be_asked_alone(name):
    """Alone, so that `needs` must name all that the figure reads."""
    # unitaries alike on all cells ask for cells that are alike
    geometry = "all" if name == "symmetric_ergotropy" else "chain"
    problem = cells(3, coupling=pairs(0.5, geometry), times=[0.0, 1.0], duration=1.0)
    data = qsb.run(problem, [name], subset=(0, 1), cut=1)
    assert set(data.data_vars) & set(names("series")) == {name}
    assert data[name].dims == ("time",)
    assert data[name].dtype == float


@pytest.mark.parametrize("name", sorted(ALONE - {"entanglement_entropy"}))
@pytest.mark.parametrize("how", [{"field": 0.5}, {"coupling": pairs(0.5)}], ids=["product", "density"])
def test_every_figure_but_the_entropy_of_a_cut_can_be_asked_alone_with_noise(name, how):
    problem = cells(2, channels=NOISE, times=[0.0, 1.0], duration=1.0, **how)
    data = qsb.run(problem, [name], subset=(0,))
    assert np.all(np.isfinite(data[name][1]))


def test_needs_are_readouts():
    pure, mixed = cells(2, field=0.5), cells(2, field=0.5, channels=NOISE)
    extra = {"extremes", "locality"}
    for name in FIGURES:
        for problem in (pure, mixed):
            assert needs((name,), problem) <= set(READOUTS) | extra
        assert set(quantity(name).needs) <= needs((name,), mixed)


def test_a_pure_state_needs_no_spectra():
    problem = cells(3, coupling=pairs(0.5))
    pure = ("ergotropy", "passive_energy", "capacity", "purity", "ergotropy_fraction", "asymptotic_ergotropy")
    for name in (*pure, "anti_ergotropy", "ergotropic_gap"):
        assert not needs((name,), problem) & {"spectrum", "levels"}


# -- bounds follow the drive --


def test_closed_bounds_scale_with_the_envelope_and_hold():
    envelope = Piecewise((0.0, 1.0, 2.0, 3.0), (1.0, -2.0, 0.5))
    stages = qsb.Protocol((Stage("charge", 3.0, envelope), Stage("store", 1.0), Stage("charge", 1.0, Constant(-1.0))))
    times = np.linspace(0, 5, 51)
    problem = cells(3, coupling=pairs(0.5), protocol=stages, times=times)
    bounds = ["bound_norm", "bound_locality", "bound_variance", "bound_uncertainty", "bound_fisher"]
    data = qsb.run(problem, ["power", "drive", *bounds])
    for bound in bounds:
        assert np.all(np.abs(data["power"]) <= data[bound] + 1e-8), bound
    f = np.abs(data["drive"].values)
    np.testing.assert_allclose(data["bound_norm"], f * data["bound_norm"].values[0], rtol=0, atol=1e-12)
    stored = (times > 3) & (times <= 4)
    for bound in bounds:
        np.testing.assert_allclose(data[bound][stored], 0.0, rtol=0, atol=1e-6)


@pytest.mark.parametrize("bound", ["bound_norm", "bound_locality", "bound_variance", "bound_uncertainty"])
def test_closed_bounds_are_not_written_for_several_drives(bound):
    problem = cells(2, field=0.5)
    battery = problem.battery
    more = qsb.Battery(
        battery.space, battery.battery, battery.interaction, drives=((battery.interaction, Constant(0.3)),)
    )
    several = qsb.Problem(more, qsb.quench(2.0))
    with pytest.raises(qsb.SpecError, match=f"{bound}.*one interaction"):
        qsb.run(several, [bound])
    assert np.all(np.isfinite(qsb.run(several, ["bound_fisher"])["bound_fisher"]))
