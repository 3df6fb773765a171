"""The SSH lattice: its Hamiltonian as spins, transfer through edge modes, and none without them."""

import numpy as np
import pytest

import qsb
from qsb.algebra.opsum import OpSum
from qsb.algebra.space import Group, Space, Spin
from qsb.algebra.terms import Local, Pair, Word
from qsb.errors import SpecError
from qsb.models import ssh
from qsb.models.ssh import single_excitation

FIGURES = ["stored_energy", "power", "ergotropy"]


def as_spins(pairs, intra, inter, coupling, *, roles):
    """Return the same battery as a row of spins, charger atom first and battery atom last."""
    n = 2 * pairs + 2
    lattice = np.array([0.0] + [intra if j % 2 == 0 else inter for j in range(n - 3)] + [0.0]) / 2
    ends = np.zeros(n - 1)
    ends[[0, -1]] = coupling / 2
    z = np.ones(n)
    z[-1] = 0.0
    if roles:
        space = Space((Group("lattice", Spin(), n - 1, "charger"), Group("cells", Spin(), 1)))
        bonds = OpSum(tuple(Word(w, ((i, a), (i + 1, a))) for i, w in enumerate(lattice) if w for a in "xy"))
        links = OpSum(tuple(Word(coupling / 2, ((i, a), (i + 1, a))) for i in (0, n - 2) for a in "xy"))
        ket = np.zeros(2**n)
        ket[(2**n - 1) ^ (1 << (n - 1))] = 1.0
        start = qsb.Start("state", array=ket)
        own = OpSum((Local("n", 1.0, "lattice"),)) + bonds
        return qsb.Battery(space, OpSum((Local("n", 1.0, "cells"),)), links, charger=own, start=start)
    bloch = np.tile([0.0, 0.0, -1.0], (n, 1))
    bloch[0, 2] = 1.0
    bonds = OpSum(tuple(Pair(a, a, lattice) for a in "xy"))
    links = OpSum(tuple(Pair(a, a, ends) for a in "xy"))
    meter = OpSum((Local("z", (1 - z) / 2),))
    own = OpSum((Local("z", z / 2),)) + bonds
    return qsb.Battery(Space.spins(n), meter, links, charger=own, start=qsb.Start("product", bloch=bloch))


def test_agrees_with_spins_of_all_configurations():
    made, whole = ssh(2, intra=0.6, inter=0.9, coupling=0.3), as_spins(2, 0.6, 0.9, 0.3, roles=True)
    found = [qsb.run(qsb.Problem(b, qsb.quench(12.0)), FIGURES) for b in (made, whole)]
    assert float(found[0].ergotropy.max()) > 0.1
    for name in FIGURES:
        np.testing.assert_allclose(found[0][name], found[1][name], atol=1e-10, err_msg=name)


def test_agrees_with_free_fermions_at_a_hundred_sites():
    made, chain = ssh(50, intra=0.8, inter=0.9, coupling=0.5), as_spins(50, 0.8, 0.9, 0.5, roles=False)
    problem = qsb.Problem(chain, qsb.quench(150.0))
    assert qsb.plan(problem).representation == "fermion"
    energies = [qsb.run(p, ["stored_energy"]).stored_energy for p in (qsb.Problem(made, qsb.quench(150.0)), problem)]
    assert float(energies[0].max()) > 0.1
    np.testing.assert_allclose(*energies, atol=1e-9)


def test_one_excitation_by_its_eigenvectors():
    made = ssh(3, intra=0.5, inter=1.0, coupling=0.2, detuning=0.1, charger_site=1, battery_site=4)
    t = np.linspace(0, 60.0, 61)
    e, u = np.linalg.eigh(single_excitation(made))
    amplitude = (u[0] * u[1]) @ np.exp(-1j * np.outer(e, t))
    d = qsb.run(qsb.Problem(made, qsb.quench(60.0), (), t), FIGURES)
    p = np.abs(amplitude) ** 2
    np.testing.assert_allclose(d.stored_energy, p, atol=1e-10)
    np.testing.assert_allclose(d.ergotropy, np.maximum(0, 2 * p - 1), atol=1e-10)


@pytest.mark.parametrize("pairs", [2, 4])
def test_edge_modes_carry_all_and_their_absence_nothing(pairs):
    # through the gap J = g^2 w^(M-1)/v^M, the corner of the inverse of the lattice: E = sin^2(J t) for small g
    g, v, w = {2: 0.02, 4: 0.005}[pairs], 0.5, 1.0
    t = np.pi / 2 / (g**2 * w ** (pairs - 1) / v**pairs)
    times = np.array([0.0, t])
    full, none = (
        float(
            qsb.run(
                qsb.Problem(ssh(pairs, intra=a, inter=b, coupling=g), qsb.quench(t), (), times), FIGURES
            ).stored_energy[-1]
        )
        for a, b in ((v, w), (w, v))
    )
    assert full > 0.99
    assert none == pytest.approx(np.sin(np.pi / 2 * (v / w) ** (2 * pairs - 1)) ** 2, rel=2e-2)
    assert none < 0.05


def test_a_hundred_cells_in_a_file():
    spec = {
        "model": {"name": "ssh", "pairs": 100},
        "stage": [{"kind": "charge", "duration": 5.0}],
        "save": {"points": 3},
    }
    assert abs(float(qsb.run(spec).stored_energy[-1])) < 1e-6


def test_refusals():
    with pytest.raises(SpecError, match=r"battery_site must be one of 0\.\.5"):
        ssh(3, battery_site=6)
    with pytest.raises(SpecError, match="whole state"):
        ssh(3, start=qsb.Start("down"))
    two = np.zeros(16)
    two[1] = 1.0
    with pytest.raises(SpecError, match="two excitations"):
        ssh(3, start=qsb.Start("state", array=two))
