"""The right-hand side on blocks of total spin times a charger, against Kronecker products on the full space."""

import numpy as np
import pytest

import qsb
from chargers import CHARGERS, channels, everything, fields
from qsb import Local, ModeStart
from qsb.algebra import build
from qsb.algebra.opsum import OpSum
from qsb.algebra.packed import Entries, components
from qsb.algebra.states import Start
from qsb.charging.envelope import Gaussian, Ramp, Sinusoidal
from qsb.charging.problem import Problem
from qsb.charging.protocol import quench
from qsb.dynamics.charged_sectors import reached
from qsb.dynamics.permutation import Permutation
from qsb.dynamics.representation import Request
from qsb.dynamics.spin_sectors import couplings
from systems import total_spin_bases

SIZES = [
    (1, "mode"), (2, "mode"), (3, "mode"), (4, "mode"), (1, "spin"), (3, "spin"), (4, "spin"), (2, "two spins"),
]  # fmt: skip


def start_off_axis():
    return Start("product", bloch=np.array([0.3, -0.4, 0.5]), charger=ModeStart("fock", quanta=1))


def isometries(n, charger):
    """Return for each total spin the isometries (full space, (2j+1) K) of its equal sectors."""
    group = CHARGERS[charger]
    other = np.eye(4) if charger == "mode" else total_spin_bases(group.count)[group.count][0]
    return [[np.kron(b, other) for b in total_spin_bases(n)[jj]] for jj in range(n, -1, -2)]


def brute_force(problem, rho, t):
    """Return the Lindblad right-hand side from Kronecker products."""
    b, space = problem.battery, problem.battery.space
    drive = problem.protocol.stages[0].envelope.value(t)
    h = build.dense(b.battery, space) + build.dense(b.charger, space) + drive * build.dense(b.interaction, space)
    h = h + sum(f.value(t) * build.dense(op, space) for op, f in b.drives)
    out = -1j * (h @ rho - rho @ h)
    for jump in problem.jumps:
        factor = 1.0 if jump.envelope is None else jump.envelope.value(t)
        for rate, op in jump.operators(space):
            m = build.dense(op, space)
            d = m.conj().T @ m
            out = out + factor * rate * (m @ rho @ m.conj().T - (d @ rho + rho @ d) / 2)
    return out


def random_blocks(sizes, seed):
    """Return random Hermitian blocks, traces adding up to one."""
    rng = np.random.default_rng(seed)
    found = [rng.normal(size=(s, s)) + 1j * rng.normal(size=(s, s)) for s in sizes]
    found = [f @ f.conj().T for f in found]
    return [f / sum(np.trace(g).real for g in found) for f in found]


def packed(blocks):
    return np.concatenate([(b.real + b.imag).ravel() for b in blocks])


def compare(problem, n, charger, t=0.0):
    """Compare the right-hand side at a random state with that of the full space."""
    bases = isometries(n, charger)
    sizes = [bs[0].shape[1] for bs in bases]
    found = reached(problem)
    assert found.blocks.sizes.tolist() == sizes  # nothing is conserved
    blocks = random_blocks(sizes, 3)
    rho = sum(m @ block @ m.T / len(bs) for bs, block in zip(bases, blocks, strict=True) for m in bs)
    whole = brute_force(problem, rho, t)
    expected = packed([sum(m.T @ whole @ m for m in bs) for bs in bases])
    (generator,) = Permutation().reduce(problem, Request()).generators
    got = generator.apply(t, packed(blocks))
    np.testing.assert_allclose(got, expected, rtol=0, atol=2e-13 * max(1, np.abs(expected).max()))
    parts = generator.apply_unitary(t, packed(blocks)) + generator.apply_dissipative(t, packed(blocks))
    np.testing.assert_allclose(parts, got, rtol=0, atol=1e-12)


@pytest.mark.parametrize(("n", "charger"), SIZES)
@pytest.mark.parametrize("name", [*channels("mode"), "closed", "all"])
def test_the_right_hand_side_is_that_of_the_full_space(n, charger, name):
    each = channels(charger, n)
    chosen = {"closed": (), "all": tuple(each.values())}.get(name, (each.get(name),))
    # that every coherence is there, whatever the start: a mixed product of cells
    battery = qsb.Battery(**{**fields(everything(n, charger)), "start": start_off_axis()})
    compare(Problem(battery, quench(1.0), chosen), n, charger)


def test_drives_and_rates_that_change_are_those_of_the_full_space():
    b = everything(3, "mode")
    drive = (OpSum((Local("x", 0.4, "charger"), Local("z", 0.2))), Sinusoidal(1.3, 0.4))
    battery = qsb.Battery(**{**fields(b), "start": start_off_axis(), "drives": (drive,)})
    noise = (
        qsb.emission(0.3, envelope=Ramp(1.0, 0.2, 2.0)),
        qsb.dephasing(0.1),
        qsb.emission(0.2, on="charger", envelope=Gaussian(1.0, 0.5)),
    )
    problem = Problem(battery, quench(2.0, Gaussian(0.8, 0.6, 1.5)), noise)
    for t in (0.1, 0.7):
        compare_driven(problem, t)


def compare_driven(problem, t):
    """Compare at a time of the first segment."""
    found = reached(problem)
    bases = isometries(3, "mode")
    blocks = random_blocks(found.blocks.sizes, 5)
    rho = sum(m @ block @ m.T / len(bs) for bs, block in zip(bases, blocks, strict=True) for m in bs)
    whole = brute_force(problem, rho, t)
    expected = packed([sum(m.T @ whole @ m for m in bs) for bs in bases])
    generator = next(
        g for g in Permutation().reduce(problem, Request()).generators if g.segment.start <= t < g.segment.end
    )
    np.testing.assert_allclose(generator.apply(t, packed(blocks)), expected, rtol=0, atol=1e-11)


def test_the_comparison_sees_a_wrong_coefficient(monkeypatch):
    """Negative control: jumps from the sector below that are one part in a thousand too strong."""
    c = couplings(3)
    monkeypatch.setitem(c.__dict__, "below", c.below * 1.001)
    with pytest.raises(AssertionError):
        test_the_right_hand_side_is_that_of_the_full_space(3, "mode", "emission")


def test_blocks_are_as_small_as_coherences_allow():
    """A jump that leads from one block to two makes coherence between these two, and so on."""
    none, three = Entries.joined([]), np.arange(3)

    def entries(row, column):
        return Entries(np.array(row), np.array(column), np.ones(len(row)))

    start = entries([0], [0])
    # 0-1 joined by H; a jump from both to 2 and 3
    h, jump = entries([0, 1], [1, 0]), entries([2, 3], [0, 1])
    assert components(h, [], start, 4).tolist() == [0, 0, 1, 2]
    assert components(h, [jump], start, 4).tolist() == [0, 0, 1, 1]
    assert len(np.unique(components(none, [], entries([0, 0], [0, 2]), 3))) == 2
    assert components(none, [entries(three[1:], three[:-1])], start, 3).tolist() == [0, 1, 2]
