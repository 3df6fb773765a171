"""Fermionic chains: Hamiltonians by matrices of fermions, the modes of a ring, quenches at hundreds of cells."""

import numpy as np
import pytest

import qsb
from qsb.algebra import build
from qsb.errors import SpecError, StructureError
from qsb.models import kitaev
from qsb.models.kitaev import dispersion

DOWN = np.array([[0, 0], [1, 0]])
OFF = qsb.Protocol((qsb.Stage("charge", 3.0, battery=False),))


def lowering(n):
    """Return the operators that empty each site, as matrices."""
    out = []
    for j in range(n):
        c = np.eye(1)
        for k in range(n):
            c = np.kron(c, np.diag([-1, 1]) if k < j else DOWN if k == j else np.eye(2))
        out.append(c)
    return out


def fermions(n, mu, hopping, pairing, closing):
    """Return the Hamiltonian; `closing` is the factor of the bond from the last site to the first."""
    c = lowering(n)
    h = -mu * sum(a.T @ a - np.eye(2**n) / 2 for a in c)
    for j in range(n):
        sign = closing if j == n - 1 else 1.0
        a, b = c[j], c[(j + 1) % n]
        bond = sign * (-hopping * a.T @ b + pairing * a @ b)
        h = h + bond + bond.T
    return h


@pytest.mark.parametrize(("boundary", "closing"), [("open", 0.0), ("periodic", 1.0), ("antiperiodic", -1.0)])
@pytest.mark.parametrize("start", ["down", "up"])
@pytest.mark.parametrize("n", [4, 5])
def test_hamiltonian_in_the_sector_of_the_start(boundary, closing, start, n):
    made = kitaev(
        n, potential=0.7, hopping=0.4, pairing=0.3, charger_hopping=0.2, boundary=boundary, start=qsb.Start(start)
    )
    odd = np.bitwise_count(~np.arange(2**n) & (2**n - 1)) % 2
    inside = np.flatnonzero(odd == (n % 2 if start == "up" else 0))
    for op, exact in (
        (made.battery, fermions(n, 0.7, 0.4, 0.3, closing)),
        (made.interaction, fermions(n, 0.0, 0.2, 0.0, closing)),
    ):
        found = build.dense(op, made.space)
        np.testing.assert_allclose(found[np.ix_(inside, inside)], exact[np.ix_(inside, inside)], atol=1e-14)
        assert np.all(np.abs(np.delete(found, inside, axis=0)[:, inside]) < 1e-15)


def test_a_ring_of_spins_is_antiperiodic_for_even_fermions():
    one, other = (
        kitaev(5, hopping=0.4, pairing=0.2, boundary=b, start=qsb.Start("down")) for b in ("ring", "antiperiodic")
    )
    np.testing.assert_array_equal(*(build.dense(m.battery, m.space) for m in (one, other)))


def test_levels_of_a_ring_are_sums_of_its_modes():
    n, mu, hopping, pairing = 6, 0.7, 0.4, 0.3
    k = (2 * np.arange(n) + 1) * np.pi / n
    e = dispersion(k, mu, hopping, pairing)
    lowest = np.linalg.eigvalsh(fermions(n, mu, hopping, pairing, -1.0))[0]
    assert abs(lowest + e.sum() / 2) < 1e-12


def test_quench_of_a_ring_of_two_hundred():
    # pairs (k, -k) are two-level systems: p_k(t) = (2 Delta sin k/E_k)^2 sin^2(E_k t), two fermions of frequency 1 each
    n, mu, hopping, pairing = 200, 0.3, 0.5, 0.35
    t = np.linspace(0, 3.0, 31)
    made = kitaev(
        n, charger_potential=mu, charger_hopping=hopping, charger_pairing=pairing, boundary="antiperiodic",
    )  # fmt: skip
    problem = qsb.Problem(made, OFF, (), t)
    assert qsb.plan(problem).representation == "fermion"
    d = qsb.run(problem, ["stored_energy", "power", "ergotropy"])
    k = (2 * np.arange(n // 2) + 1) * np.pi / n
    e = dispersion(k, mu, hopping, pairing)
    p = (2 * pairing * np.sin(k) / e) ** 2 * np.sin(np.outer(t, e)) ** 2
    np.testing.assert_allclose(d.stored_energy, 2 * p.sum(axis=1), atol=1e-10)
    np.testing.assert_allclose(d.ergotropy, 2 * p.sum(axis=1), atol=1e-10)


@pytest.mark.parametrize("boundary", ["open", "ring", "periodic", "antiperiodic"])
def test_free_fermions_agree_with_kets(boundary):
    made = kitaev(
        7, potential=-0.9, hopping=0.2, pairing=0.3, charger_hopping=0.5, charger_pairing=-0.2, boundary=boundary
    )
    found = [qsb.run(qsb.Problem(made, OFF), ["stored_energy", "power"], representation=r) for r in ("fermion", "ket")]
    assert float(found[0].stored_energy.max()) > 0.1
    np.testing.assert_allclose(found[0].stored_energy, found[1].stored_energy, atol=1e-10)
    np.testing.assert_allclose(found[0].power, found[1].power, atol=1e-10)


def test_refusals():
    with pytest.raises(SpecError, match="boundary is 'closed'"):
        kitaev(4, boundary="closed")
    with pytest.raises(SpecError, match="cells must be a whole number, 3 or more"):
        kitaev(2, boundary="ring")
    for start in (qsb.Start("product", bloch=(1.0, 0.0, 0.0)), qsb.Start("thermal", temperature=1.0)):
        with pytest.raises(StructureError, match="only for one parity"):
            kitaev(4, boundary="periodic", start=start)
    # one cell up: an odd start
    z = np.array([[0, 0, 1.0]] + [[0, 0, -1.0]] * 3)
    odd = kitaev(4, hopping=0.4, boundary="periodic", start=qsb.Start("product", bloch=z))
    ring = kitaev(4, hopping=0.4, boundary="ring")
    np.testing.assert_array_equal(*(build.dense(m.battery, m.space) for m in (odd, ring)))


@pytest.mark.parametrize(("coupling", "peak"), [(0.1, 0.0196604325), (0.5, 0.3599257326), (1.0, 0.9044373838)])
def test_first_power_peak_of_a_long_ising_ring(coupling, peak):
    # H = sum sz/2 + lam sum sx sx; a ring of 200 has not met itself before t = 3
    made = kitaev(200, charger_hopping=-coupling, charger_pairing=-coupling, boundary="ring")
    d = qsb.run(qsb.Problem(made, qsb.quench(2.0), (), np.linspace(0, 2.0, 81)), ["stored_energy", "power"])
    assert float(d.peak_power) / 200 == pytest.approx(peak, abs=1e-9)
