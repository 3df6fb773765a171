"""Start states: ground, Gibbs, product and spin-coherent ones."""

import numpy as np
import pytest
import scipy.linalg as la

from qsb.algebra.build import collective, dense
from qsb.algebra.opsum import OpSum
from qsb.algebra.space import Space
from qsb.algebra.states import (
    ModeStart,
    Start,
    bloch_density,
    bloch_ket,
    cell_gibbs,
    cell_ground,
    product_density,
    product_ket,
    spin_coherent,
)
from qsb.algebra.terms import Local, Pair
from qsb.charging.battery import Battery
from qsb.charging.problem import Problem
from qsb.charging.protocol import quench
from qsb.dynamics.start_states import ground_ket, start_density, start_ket
from qsb.dynamics.symmetric import start_dicke
from qsb.errors import SpecError, StructureError

X, Y, Z = (np.array(m) for m in ([[0, 1], [1, 0]], [[0, -1j], [1j, 0]], [[1, 0], [0, -1]]))


def unit(seed):
    """Return a random unit vector."""
    r = np.random.default_rng(seed).normal(size=3)
    return r / np.linalg.norm(r)


def problem_of(meter, start, cells):
    """Return a problem with this meter and start."""
    return Problem(Battery(Space.spins(cells), meter, start=start), quench(1.0))


@pytest.mark.parametrize("r", [unit(1), 0.4 * unit(2), np.zeros(3), np.array([0, 0, 1.0]), np.array([0, 0, -1.0])])
def test_bloch_vectors_are_expectations(r):
    rho = bloch_density(r)
    assert np.trace(rho) == pytest.approx(1)
    np.testing.assert_allclose([np.trace(rho @ s).real for s in (X, Y, Z)], r, rtol=0, atol=1e-15)


@pytest.mark.parametrize("r", [unit(s) for s in range(6)] + [np.array([0, 0, 1.0]), np.array([0, 0, -1.0])])
def test_bloch_kets_are_the_pure_densities(r):
    psi = bloch_ket(r)
    np.testing.assert_allclose(np.outer(psi, psi.conj()), bloch_density(r), rtol=0, atol=1e-15)


@pytest.mark.parametrize("seed", range(4))
def test_ground_kets_have_the_lowest_energy(seed):
    rng = np.random.default_rng(seed)
    h = rng.normal(size=(3, 2, 2)) + 1j * rng.normal(size=(3, 2, 2))
    h = h + h.conj().swapaxes(1, 2)
    kets = cell_ground(h)
    for k, m in zip(kets, h, strict=True):
        assert np.linalg.norm(k) == pytest.approx(1, abs=1e-14)
        np.testing.assert_allclose(m @ k, np.linalg.eigvalsh(m)[0] * k, rtol=0, atol=1e-13)


def test_the_empty_battery_is_all_down():
    meter = OpSum((Local("z", 0.5),))
    for start in (Start(), Start("down")):
        psi = start_ket(problem_of(meter, start, 3))
        np.testing.assert_allclose(np.abs(psi), np.eye(8)[7], atol=1e-15)
    np.testing.assert_array_equal(start_ket(problem_of(meter, Start("up"), 3)), np.eye(8)[0])
    flipped = OpSum((Local("z", -0.5),))
    np.testing.assert_allclose(np.abs(start_ket(problem_of(flipped, Start(), 3))), np.eye(8)[0], atol=1e-15)


def test_degenerate_ground_levels_are_refused():
    with pytest.raises(StructureError, match="degenerate"):
        cell_ground(np.zeros((1, 2, 2), dtype=complex))
    with pytest.raises(StructureError, match="degenerate"):
        ground_ket(OpSum((Pair("z", "z", -1.0),)), Space.spins(3))
    with pytest.raises(StructureError, match="degenerate"):
        start_ket(problem_of(OpSum((Local("z", np.array([0.5, 0.0])),)), Start(), 2))


@pytest.mark.parametrize("cells", [3, 11])
def test_the_ground_state_of_an_interacting_meter(cells):
    op, space = OpSum((Local("z", 0.5), Local("x", 0.3), Pair("x", "x", 0.2))), Space.spins(cells)
    psi = ground_ket(op, space)
    from qsb.dynamics.full import operator

    hpsi = operator(op, space).apply(psi)
    energy = float(np.vdot(psi, hpsi).real)
    np.testing.assert_allclose(hpsi, energy * psi, rtol=0, atol=1e-9)
    if cells == 3:
        assert energy == pytest.approx(np.linalg.eigvalsh(dense(op, space))[0], abs=1e-13)


@pytest.mark.parametrize("temperature", [0.01, 0.5, 3.0, 1e4])
def test_gibbs_states_of_cells(temperature):
    h = np.array([[[0.5, 0.2], [0.2, -0.5]], [[0.1, -0.3j], [0.3j, 0.4]]])
    for rho, m in zip(cell_gibbs(h, temperature), h, strict=True):
        e, u = np.linalg.eigh(m)
        p = np.exp(-(e - e[0]) / temperature)
        np.testing.assert_allclose(rho, (u * (p / p.sum())) @ u.conj().T, rtol=0, atol=1e-14)
        np.testing.assert_allclose(rho @ m, m @ rho, rtol=0, atol=1e-14)


def test_an_interacting_gibbs_state():
    op = OpSum((Local("z", 0.5), Pair("x", "x", 0.4)))
    rho = start_density(problem_of(op, Start("thermal", temperature=0.7), 3))
    h = dense(op, Space.spins(3))
    e, u = np.linalg.eigh(h)
    expected = (u * np.exp(-e / 0.7)) @ u.conj().T
    np.testing.assert_allclose(rho, expected / np.trace(expected), rtol=0, atol=1e-14)


def test_products_put_the_first_cell_first():
    kets = np.array([bloch_ket(unit(s)) for s in range(3)])
    psi = product_ket(kets, 3)
    np.testing.assert_allclose(psi, np.kron(np.kron(kets[0], kets[1]), kets[2]), rtol=0, atol=1e-15)
    cells = np.array([0.8 * unit(s) for s in range(3)])
    rho = product_density(bloch_density(cells), 3)
    expected = np.kron(np.kron(*bloch_density(cells[:2])), bloch_density(cells[2]))
    np.testing.assert_allclose(rho, expected, rtol=0, atol=1e-15)
    np.testing.assert_allclose(product_ket(kets[:1], 3), np.kron(np.kron(kets[0], kets[0]), kets[0]), atol=1e-15)


def dicke_isometry(cells):
    """Return the symmetric states as columns."""
    downs = np.array([bin(k).count("1") for k in range(2**cells)])
    out = np.zeros((2**cells, cells + 1))
    for k in range(cells + 1):
        out[downs == k, k] = 1 / np.sqrt((downs == k).sum())
    return out


@pytest.mark.parametrize("cells", [1, 2, 5])
@pytest.mark.parametrize("ket", [bloch_ket(unit(3)), np.array([1, 0j]), np.array([0j, 1]), np.array([0.6, -0.8j])])
def test_spin_coherent_states_are_products_in_the_dicke_basis(cells, ket):
    full = product_ket(ket[None], cells)
    np.testing.assert_allclose(spin_coherent(ket, cells), dicke_isometry(cells).T @ full, rtol=0, atol=1e-14)
    np.testing.assert_allclose(dicke_isometry(cells) @ spin_coherent(ket, cells), full, rtol=0, atol=1e-14)


@pytest.mark.parametrize("cells", [1000, 100_000])
def test_spin_coherent_states_of_many_cells_are_normalised(cells):
    psi = spin_coherent(bloch_ket(unit(4)), cells)
    assert np.linalg.norm(psi) == pytest.approx(1, abs=1e-9)
    m = cells / 2 - np.arange(cells + 1)
    assert float(np.abs(psi) ** 2 @ m) * 2 / cells == pytest.approx(unit(4)[2], abs=1e-9)


def test_the_collective_ground_state_is_the_full_one():
    op = OpSum((Local("z", 0.5), Pair("x", "x", -0.2, "all"), Local("x", 0.1)))
    problem = problem_of(op, Start(), 4)
    small = start_dicke(problem)
    h = collective(op, Space.spins(4))
    assert np.vdot(small, h @ small).real == pytest.approx(np.linalg.eigvalsh(h)[0], abs=1e-13)
    overlap = np.vdot(dicke_isometry(4) @ small, start_ket(problem))
    assert abs(overlap) == pytest.approx(1, abs=1e-12)


@pytest.mark.parametrize(
    ("error", "build"),
    [
        (SpecError, lambda: Start("thermal")),
        (SpecError, lambda: Start("thermal", temperature=-1.0)),
        (SpecError, lambda: Start("thermal", temperature=np.nan)),
        (SpecError, lambda: Start("product", bloch=np.array([0, 0, 1.1]))),
        (SpecError, lambda: Start("product", bloch=np.array([0, 0]))),
        (SpecError, lambda: Start("product", bloch=np.array([0, np.nan, 0]))),
        (SpecError, lambda: Start("state", array=np.array([1.0, 1.0]))),
        (SpecError, lambda: Start("state", array=np.array([np.nan, 1.0]))),
        (SpecError, lambda: Start("state", array=np.eye(2))),
        (SpecError, lambda: Start("state", array=np.ones((2, 3)))),
        (StructureError, lambda: Start("state", array=np.array([[0.5, 0.3], [0.1, 0.5]]))),
        (StructureError, lambda: Start("state", array=np.diag([1.2, -0.2]))),
    ],
)
def test_impossible_starts_are_refused(error, build):
    with pytest.raises(error):
        build()


@pytest.mark.parametrize("kind", ["groud", "Down", ""])
def test_unknown_kinds_of_start_are_refused(kind):
    with pytest.raises(SpecError):
        Start(kind)


@pytest.mark.parametrize("missing", ["product", "state"])
def test_a_start_without_its_numbers_is_refused(missing):
    with pytest.raises(SpecError):
        Start(missing)


def test_a_start_of_the_wrong_size_is_refused():
    meter = OpSum((Local("z", 0.5),))
    with pytest.raises(SpecError, match="dimension 8"):
        problem_of(meter, Start("state", array=np.eye(4)[0]), 3)
    with pytest.raises(SpecError, match="one Bloch vector a cell"):
        problem_of(meter, Start("product", bloch=np.zeros((2, 3))), 3)


@pytest.mark.parametrize("zeta", [0.0, 0.7, -0.4, 0.5 * np.exp(0.8j)])
def test_a_squeezed_mode_is_the_exponential_of_two_quanta(zeta):
    wide, kept = 120, 60
    a = np.diag(np.sqrt(np.arange(1.0, wide)), 1)
    expected = la.expm((np.conj(zeta) * a @ a - zeta * a.T @ a.T) / 2)[: kept + 1, 0]
    start = ModeStart("squeezed", squeezing=zeta)
    np.testing.assert_allclose(start.ket(kept), expected, rtol=0, atol=1e-11)
    assert start.populations(kept) @ np.arange(kept + 1) == pytest.approx(np.sinh(abs(zeta)) ** 2, abs=1e-9)
    assert start.pure


def test_the_reach_of_a_start_holds_its_tail():
    for kind, given in (("thermal", {"nbar": 1.5}), ("squeezed", {"squeezing": 0.9}), ("fock", {"quanta": 4})):
        start = ModeStart(kind, **given)
        assert len(start.populations(int(start.reach) + 1)) == int(start.reach) + 2
    with pytest.raises(SpecError, match="squeezed start of mean number"):
        ModeStart("squeezed", squeezing=0.9).ket(20)
    with pytest.raises(SpecError, match="needs squeezing"):
        ModeStart("squeezed")
    with pytest.raises(SpecError, match="takes no squeezing"):
        ModeStart("fock", quanta=1, squeezing=0.1)
