"""QuTiP 5 agrees with every run; and the two QuTiP habits that give wrong batteries."""

import numpy as np
import pytest
import qutip
from scipy.integrate import quad

from qsb.algebra.opsum import OpSum
from qsb.algebra.space import Space
from qsb.algebra.states import Start
from qsb.algebra.terms import Global, Local, Pair
from qsb.charging.battery import Battery
from qsb.charging.envelope import Gaussian, Piecewise, Ramp, Sinusoidal
from qsb.charging.environment import dephasing, emission, pumping, thermal
from qsb.charging.problem import Problem
from qsb.charging.protocol import Protocol, Stage, quench
from qsb.runs.run import run

TIMES = np.linspace(0.0, 3.0, 7)
AGREEMENT = 1e-8
OPTIONS = {"atol": 1e-12, "rtol": 1e-10, "nsteps": 200_000, "store_states": True, "progress_bar": ""}
PAULI = {"x": qutip.sigmax(), "y": qutip.sigmay(), "z": qutip.sigmaz()}
LOWER = qutip.basis(2, 1) * qutip.basis(2, 0).dag()  # |down><up| with index 0 = up


# -- the QuTiP side, built from tensor products only --


def at(op, site, cells):
    """Return a cell operator on the whole space."""
    return qutip.tensor([op if k == site else qutip.qeye(2) for k in range(cells)])


def field(name, strengths):
    """Return sum_i c_i sigma_i."""
    n = len(strengths)
    return sum(c * at(PAULI[name], i, n) for i, c in enumerate(strengths))


def bonds(a, b, weights, cells):
    """Return sum w_ij a_i b_j over a dict of bonds."""
    return sum(w * at(PAULI[a], i, cells) * at(PAULI[b], j, cells) for (i, j), w in weights.items())


def chain(strength, cells):
    """Return the bonds of an open chain."""
    return {(i, i + 1): strength for i in range(cells - 1)}


def lowest(meter):
    """Return the ground ket."""
    return meter.groundstate()[1]


def work(rho, meter):
    """Return the ergotropy of a density matrix: its energy less that of its passive state."""
    r = np.sort(np.linalg.eigvalsh(rho.full()))[::-1]
    e = np.sort(np.linalg.eigvalsh(meter.full()))
    return (rho * meter).tr().real - float(r @ e)


def evolved(hamiltonian, start, jumps=(), times=TIMES, **options):
    """Return density matrices at the save times."""
    options = {**OPTIONS, **options}
    if jumps:
        found = qutip.mesolve(hamiltonian, start, times, c_ops=list(jumps), options=options).states
    else:
        found = qutip.sesolve(hamiltonian, start, times, options=options).states
    return [qutip.ket2dm(s) if s.isket else s for s in found]


def jumps_of(op, rates):
    """Return sqrt(rate_i) op_i."""
    n = len(rates)
    return [np.sqrt(r) * at(op, i, n) for i, r in enumerate(rates) if r > 0]


# -- the qsb side --


def problem(cells, interaction, meter=None, protocol=None, channels=(), start=None):
    """Return a battery with H_B = sum sz/2 unless told otherwise."""
    battery = Battery(
        Space.spins(cells),
        meter or OpSum((Local("z", 0.5),)),
        OpSum(tuple(interaction)),
        start=start or Start(),
    )
    return Problem(battery, protocol or quench(3.0), tuple(channels), TIMES)


def agree(mine, meter, states):
    """Compare E, W and purity at every save time."""
    data = run(mine, ["stored_energy", "ergotropy", "purity"], tolerance=1e-10)
    energy = np.array([(s * meter).tr().real for s in states])
    expected = {
        "stored_energy": energy - energy[0],
        "ergotropy": np.array([work(s, meter) for s in states]),
        "purity": np.array([(s * s).tr().real for s in states]),
    }
    for name, values in expected.items():
        np.testing.assert_allclose(data[name].values, values, rtol=0, atol=AGREEMENT, err_msg=name)
    assert np.abs(expected["stored_energy"]).max() > 1e-3, "nothing was charged: the comparison is empty"


def half(cells):
    """Return sum sz/2 of the QuTiP side."""
    return field("z", [0.5] * cells)


def closed_field():
    m = half(3)
    return problem(3, [Local("x", 0.5)]), m, evolved(m + field("x", [0.5] * 3), lowest(m))


def closed_chain():
    m = half(4)
    return problem(4, [Pair("x", "x", 0.5)]), m, evolved(m + bonds("x", "x", chain(0.5, 4), 4), lowest(m))


def closed_ring():
    m = half(4)
    w = {**chain(0.4, 4), (3, 0): 0.4}
    return problem(4, [Pair("x", "x", 0.4, "ring")]), m, evolved(m + bonds("x", "x", w, 4), lowest(m))


def closed_ring_of_unlike_axes():
    """The bond (3, 0) is x on cell 3 and y on cell 0."""
    m = half(4)
    s = [0.4, 0.3, 0.2, 0.5]
    w = {(0, 1): s[0], (1, 2): s[1], (2, 3): s[2], (3, 0): s[3]}
    return problem(4, [Pair("x", "y", np.array(s), "ring")]), m, evolved(m + bonds("x", "y", w, 4), lowest(m))


def kac_all_to_all():
    m = half(4)
    w = {(i, j): 0.8 / 4 for i in range(4) for j in range(i + 1, 4)}
    mine = problem(4, [Pair("x", "x", 0.8, "all", normalisation="kac")])
    return mine, m, evolved(m + bonds("x", "x", w, 4), lowest(m))


def global_flip():
    m = half(3)
    return problem(3, [Global("x", 0.9)]), m, evolved(m + 0.9 * qutip.tensor([PAULI["x"]] * 3), lowest(m))


def tilted_meter():
    m = half(3) + field("x", [0.35] * 3)
    mine = problem(3, [Pair("x", "x", 0.5), Local("y", 0.2)], OpSum((Local("z", 0.5), Local("x", 0.35))))
    return mine, m, evolved(m + bonds("x", "x", chain(0.5, 3), 3) + field("y", [0.2] * 3), lowest(m))


def inhomogeneous():
    z, x, b = [0.5, 0.65, 0.4], [0.2, -0.3, 0.5], [0.6, 0.25]
    m = field("z", z)
    mine = problem(
        3, [Local("x", np.array(x)), Pair("x", "x", np.array(b), "chain")], OpSum((Local("z", np.array(z)),))
    )
    h = m + field("x", x) + bonds("x", "x", {(0, 1): b[0], (1, 2): b[1]}, 3)
    return mine, m, evolved(h, lowest(m))


def power_law():
    m = half(4)
    w = {(i, j): 0.6 / (j - i) ** 1.7 / 2.0 for i in range(4) for j in range(i + 1, 4)}  # 1/sqrt(4)
    mine = problem(4, [Pair("x", "x", 0.6, "power-law", 1.7, "sqrt")])
    return mine, m, evolved(m + bonds("x", "x", w, 4), lowest(m))


def explicit_axes():
    """YY, ZZ and XY couplings, one of them by an explicit matrix."""
    m = half(3)
    j = np.array([[0, 0.3, -0.2], [0.3, 0, 0.5], [-0.2, 0.5, 0]])
    mine = problem(3, [Pair("y", "y", 0.4), Pair("z", "z", j, "explicit"), Pair("x", "y", 0.3, "all"), Local("x", 0.1)])
    h = m + bonds("y", "y", chain(0.4, 3), 3) + field("x", [0.1] * 3)
    h += bonds("z", "z", {(0, 1): 0.3, (0, 2): -0.2, (1, 2): 0.5}, 3)
    h += bonds("x", "y", {(0, 1): 0.3, (0, 2): 0.3, (1, 2): 0.3}, 3)
    return mine, m, evolved(h, lowest(m))


def interacting_battery():
    z = [0.5, 0.6, 0.7]
    m = field("z", z) + bonds("z", "z", chain(0.2, 3), 3) + bonds("x", "x", chain(0.1, 3), 3)
    meter = OpSum((Local("z", np.array(z)), Pair("z", "z", 0.2), Pair("x", "x", 0.1)))
    return problem(3, [Local("x", 0.5)], meter), m, evolved(m + field("x", [0.5] * 3), lowest(m))


def local_emission():
    m = half(3)
    h = m + bonds("x", "x", chain(0.5, 3), 3)
    return (
        problem(3, [Pair("x", "x", 0.5)], channels=[emission(0.1)]),
        m,
        evolved(h, lowest(m), jumps_of(LOWER, [0.1] * 3)),
    )


def local_dephasing():
    m = half(3)
    h = m + bonds("x", "x", chain(0.5, 3), 3)
    rates = [0.1, 0.05, 0.2]
    mine = problem(3, [Pair("x", "x", 0.5)], channels=[dephasing(np.array(rates))])
    return mine, m, evolved(h, lowest(m), jumps_of(PAULI["z"], rates))


def local_pumping_of_independent_cells():
    m = half(3)
    h = m + field("x", [0.4] * 3)
    c = jumps_of(LOWER.dag(), [0.1] * 3) + jumps_of(LOWER, [0.05] * 3)
    return problem(3, [Local("x", 0.4)], channels=[pumping(0.1), emission(0.05)]), m, evolved(h, lowest(m), c)


def thermal_occupation():
    m = half(3)
    h = m + field("x", [0.4] * 3) + bonds("z", "z", chain(0.3, 3), 3)
    c = jumps_of(LOWER, [0.1 * 1.6] * 3) + jumps_of(LOWER.dag(), [0.1 * 0.6] * 3)
    mine = problem(3, [Local("x", 0.4), Pair("z", "z", 0.3)], channels=[thermal(0.1, nbar=0.6)])
    return mine, m, evolved(h, lowest(m), c)


def thermal_temperature():
    """Each cell has its own frequency, so its own occupation at the common temperature."""
    gaps, rate, t = np.array([1.0, 1.4, 0.7]), 0.15, 0.9
    nbar = 1 / (np.exp(gaps / t) - 1)
    m = field("z", gaps / 2)
    h = m + field("x", [0.4] * 3)
    c = jumps_of(LOWER, rate * (nbar + 1)) + jumps_of(LOWER.dag(), rate * nbar)
    mine = problem(3, [Local("x", 0.4)], OpSum((Local("z", gaps / 2),)), channels=[thermal(rate, temperature=t)])
    return mine, m, evolved(h, lowest(m), c)


def collective_emission():
    m = half(3)
    total = sum(at(LOWER, i, 3) for i in range(3))
    mine = problem(3, [Local("x", 0.5)], channels=[emission(0.2, collective=True)])
    return mine, m, evolved(m + field("x", [0.5] * 3), lowest(m), [np.sqrt(0.2) * total])


def thermal_start():
    m = half(3) + field("x", [0.2] * 3)
    p = (-m / 0.8).expm()
    mine = problem(
        3,
        [Pair("x", "x", 0.5)],
        OpSum((Local("z", 0.5), Local("x", 0.2))),
        channels=[emission(0.05)],
        start=Start("thermal", temperature=0.8),
    )
    return mine, m, evolved(m + bonds("x", "x", chain(0.5, 3), 3), p / p.tr(), jumps_of(LOWER, [0.05] * 3))


def gaussian_pulse():
    m, v = half(2), field("x", [1.0] * 2)
    h = qutip.QobjEvo([m, [v, lambda t: 1.5 * np.exp(-(((t - 1.2) / 0.1) ** 2) / 2)]])
    mine = problem(2, [Local("x", 1.0)], protocol=quench(3.0, Gaussian(1.2, 0.1, 1.5)), channels=[emission(0.1)])
    return mine, m, evolved(h, lowest(m), jumps_of(LOWER, [0.1] * 2), max_step=0.02)


def sinusoidal_drive():
    """Both rotating terms: strongly driven, far from the rotating-wave approximation."""
    m, v = half(3), bonds("x", "x", chain(0.8, 3), 3) + field("x", [0.6] * 3)
    h = qutip.QobjEvo([m, [v, lambda t: np.cos(1.1 * t + 0.3)]])
    mine = problem(
        3,
        [Pair("x", "x", 0.8), Local("x", 0.6)],
        protocol=quench(3.0, Sinusoidal(1.1, 0.3)),
        channels=[dephasing(0.1)],
    )
    return mine, m, evolved(h, lowest(m), jumps_of(PAULI["z"], [0.1] * 3), max_step=0.05)


def staged(pieces, meter, start, jumps):
    """Return density matrices at the save times from QuTiP runs stage by stage."""
    out, now, rho = [qutip.ket2dm(start)], 0.0, qutip.ket2dm(start)
    for duration, hamiltonian in pieces:
        inside = np.round(TIMES[(now + 1e-9 < TIMES) & (now + duration + 1e-9 >= TIMES)] - now, 9)
        stops = np.unique(np.concatenate([[0.0], inside, [duration]]))
        found = qutip.mesolve(hamiltonian, rho, stops, c_ops=jumps, options={**OPTIONS, "max_step": 0.05}).states
        out += [s for t, s in zip(stops, found, strict=True) if t in inside]
        now, rho = now + duration, found[-1]
    assert len(out) == len(TIMES)
    return out


def ramp_store_discharge():
    m, v = half(2), bonds("x", "x", {(0, 1): 1.2}, 2) + field("x", [0.7] * 2)
    protocol = Protocol(
        (
            Stage("charge", 1.25, Ramp(0.0, 1.0, 1.25)),
            Stage("store", 0.5),
            Stage("discharge", 1.25, battery=False),
        )
    )
    mine = problem(2, [Pair("x", "x", 1.2), Local("x", 0.7)], protocol=protocol, channels=[emission(0.1)])
    pieces = [(1.25, qutip.QobjEvo([m, [v, lambda t: t / 1.25]])), (0.5, m), (1.25, v)]
    return mine, m, staged(pieces, m, lowest(m), jumps_of(LOWER, [0.1] * 2))


def piecewise():
    m, v = half(2), field("x", [0.7] * 2) + bonds("y", "y", {(0, 1): 0.3}, 2)
    protocol = quench(3.0, Piecewise((0.0, 0.8, 1.3, 2.2), (1.0, -1.5, 0.4)))
    mine = problem(2, [Local("x", 0.7), Pair("y", "y", 0.3)], protocol=protocol, channels=[dephasing(0.1)])
    pieces = [(0.8, m + v), (0.5, m - 1.5 * v), (0.9, m + 0.4 * v), (0.8, m)]
    return mine, m, staged(pieces, m, lowest(m), jumps_of(PAULI["z"], [0.1] * 2))


CASES = [
    closed_field,
    closed_chain,
    closed_ring,
    closed_ring_of_unlike_axes,
    kac_all_to_all,
    global_flip,
    tilted_meter,
    inhomogeneous,
    power_law,
    explicit_axes,
    interacting_battery,
    local_emission,
    local_dephasing,
    local_pumping_of_independent_cells,
    thermal_occupation,
    thermal_temperature,
    collective_emission,
    thermal_start,
    gaussian_pulse,
    sinusoidal_drive,
    ramp_store_discharge,
    piecewise,
]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.__name__)
def test_qutip_agrees(case):
    agree(*case())


def test_the_comparison_sees_a_wrong_factor():
    """Negative control: half a coupling on the QuTiP side does not pass."""
    m = half(3)
    with pytest.raises(AssertionError, match="stored_energy"):
        agree(problem(3, [Pair("x", "x", 0.5)]), m, evolved(m + bonds("x", "x", chain(0.25, 3), 3), lowest(m)))


# -- two habits that give wrong batteries --


RATE = 0.05


def steady_energy(channels):
    """Return E(t -> infinity) of one driven cell with noise."""
    battery = Battery(Space.spins(1), OpSum((Local("z", 0.5),)), OpSum((Local("x", 0.5),)))
    done = Problem(battery, quench(2000.0), tuple(channels), np.array([2000.0]))
    return float(run(done, ["energy_above_ground"])["energy_above_ground"][-1])


def qutip_steady_energy(*jumps):
    """Return the same from QuTiP with given jump operators, each at the same rate."""
    h0 = qutip.sigmaz() / 2
    rho = qutip.steadystate(h0 + 0.5 * qutip.sigmax(), [np.sqrt(RATE) * jump for jump in jumps])
    return (rho * h0).tr().real + 0.5


def test_trap_destroy_raises_the_spin():
    """`destroy(2)` is |0><1|, which raises the spin in the basis of sigma^z: written as a loss, it pumps."""
    assert qutip.destroy(2) == qutip.sigmap()
    assert qutip.destroy(2) != qutip.sigmam()
    assert qutip.sigmam() == LOWER
    loss = steady_energy([emission(RATE), dephasing(RATE)])
    trap = steady_energy([pumping(RATE), dephasing(RATE)])
    assert loss == pytest.approx(16 / 45, abs=1e-9)
    assert trap == pytest.approx(0.6444444444, abs=1e-9)
    assert qutip_steady_energy(qutip.sigmam(), qutip.sigmaz()) == pytest.approx(loss, abs=AGREEMENT)
    assert qutip_steady_energy(qutip.destroy(2), qutip.sigmaz()) == pytest.approx(trap, abs=AGREEMENT)


def test_trap_basis_0_is_the_full_cell():
    """`basis(2, 0)` is up: with H_B = +sum sz/2 their product is a full battery, whose energy only falls."""
    up = qutip.tensor([qutip.basis(2, 0)] * 3)
    assert qutip.expect(half(3), up) == pytest.approx(1.5)
    full = problem(3, [Local("x", 0.5)], start=Start("up"))
    data = run(full, ["stored_energy", "ergotropy"])
    assert float(data["ergotropy"][0]) == pytest.approx(3.0, abs=1e-12)
    assert float(data["stored_energy"].max()) <= 1e-12
    energy = np.array([qutip.expect(half(3), s) for s in evolved(half(3) + field("x", [0.5] * 3), up)])
    np.testing.assert_allclose(data["stored_energy"].values, energy - energy[0], rtol=0, atol=AGREEMENT)


def test_trap_dephasing_with_half_the_operator():
    """D[sz/2] is D[sz] at a quarter of the rate: E_ss 0.24969 instead of 0.35556."""
    plus = (qutip.basis(2, 0) + qutip.basis(2, 1)).unit()
    bare = qutip.sigmaz() / 2
    for jump, factor in ((qutip.sigmaz(), 2.0), (qutip.sigmaz() / 2, 0.5)):
        rho = qutip.mesolve(bare, plus, [0.0, 4.0], c_ops=[np.sqrt(RATE) * jump], options=OPTIONS).states[-1]
        assert abs(rho[0, 1]) == pytest.approx(0.5 * np.exp(-factor * RATE * 4.0), abs=AGREEMENT)
    ours = steady_energy([emission(RATE), dephasing(RATE)])
    trap = steady_energy([emission(RATE), dephasing(RATE / 4)])
    assert ours == pytest.approx(0.3555555556, abs=1e-9)
    assert trap == pytest.approx(0.24969, abs=1e-5)
    assert qutip_steady_energy(qutip.sigmam(), qutip.sigmaz()) == pytest.approx(ours, abs=AGREEMENT)
    assert qutip_steady_energy(qutip.sigmam(), qutip.sigmaz() / 2) == pytest.approx(trap, abs=AGREEMENT)
    for rate, value in ((RATE, ours), (RATE / 4, trap)):
        width = RATE / 2 + 2 * rate
        z = -RATE * (width**2 + 1) / (RATE * (width**2 + 1) + width)
        assert value == pytest.approx((1 + z) / 2, abs=1e-9)


def test_the_pulse_of_the_comparison_is_not_empty():
    """The Gaussian case turns the cells by the area of the pulse, 2 * 1.5 * 0.1 * sqrt(2 pi) = 0.75 rad."""
    area = 2 * quad(lambda t: 1.5 * np.exp(-(((t - 1.2) / 0.1) ** 2) / 2), 0, 3, points=[1.2])[0]
    assert area == pytest.approx(0.7519884824, abs=1e-8)
