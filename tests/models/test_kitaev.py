"""Fermionic chains: Hamiltonians by matrices of fermions, the modes of a ring, quenches at hundreds of cells."""

import numpy as np
import pytest

import qsb
from qsb.algebra import build
from qsb.errors import SpecError, StructureError
from qsb.models import kitaev
from qsb.models.kitaev import dispersion

DOWN = np.array([[0, 0], [1, 0]])
#: factor of the bond that closes a ring of fermions
CLOSING = {"periodic": 1.0, "antiperiodic": -1.0}
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
@pytest.mark.parametrize("n", [3, 4, 5])
def test_hamiltonian_is_that_of_the_fermions(boundary, closing, n):
    made = kitaev(n, potential=0.7, hopping=0.4, pairing=0.3, charger_hopping=0.2, boundary=boundary)
    for op, exact in (
        (made.battery, fermions(n, 0.7, 0.4, 0.3, closing)),
        (made.interaction, fermions(n, 0.0, 0.2, 0.0, closing)),
    ):
        np.testing.assert_allclose(build.dense(op, made.space), exact, atol=1e-14)


@pytest.mark.parametrize("n", [3, 4, 5])
def test_a_ring_of_spins_is_antiperiodic_for_even_fermions_and_periodic_for_odd_ones(n):
    odd = np.bitwise_count(~np.arange(2**n) & (2**n - 1)) % 2
    ring, periodic, antiperiodic = (
        build.dense(made.battery, made.space)
        for made in (kitaev(n, hopping=0.4, pairing=0.2, boundary=b) for b in ("ring", "periodic", "antiperiodic"))
    )
    np.testing.assert_allclose(ring, np.where(odd[:, None], periodic, antiperiodic), atol=1e-15)


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


def evolved(n, own, other, closing, times):
    """Return the lowest energy of H_B and the energy above it after a start there, from matrices of fermions."""
    h = fermions(n, *own, closing)
    v = fermions(n, *other, closing)
    levels, states = np.linalg.eigh(h)
    assert levels[1] - levels[0] > 1e-3
    e, u = np.linalg.eigh(h + v)
    psi = u @ (np.exp(-1j * np.outer(e, times)) * (u.T @ states[:, 0])[:, None])
    energy = np.einsum("it,ij,jt->t", psi.conj(), h, psi).real
    return levels[0], energy - levels[0]


@pytest.mark.parametrize("representation", ["fermion", "ket"])
@pytest.mark.parametrize("boundary", ["periodic", "antiperiodic"])
@pytest.mark.parametrize("own", [(-1.0, 0.7, 0.3), (0.9, 0.15, -0.2), (-0.3, -0.6, 0.5)])
@pytest.mark.parametrize("n", [3, 4, 5, 6])
def test_ring_of_fermions_starts_in_its_ground_state(n, own, boundary, representation):
    # (-1, 0.7, 0.3) periodic at N = 4: an odd state, -2.56619, lies below the lowest even one, -2.16619
    other = (0.4, 0.25, -0.35)
    lowest, stored = evolved(n, own, other, CLOSING[boundary], np.linspace(0, 3.0, 7))
    made = kitaev(
        n, **dict(zip(("potential", "hopping", "pairing"), own, strict=True)),
        **dict(zip(("charger_potential", "charger_hopping", "charger_pairing"), other, strict=True)),
        boundary=boundary,
    )  # fmt: skip
    problem = qsb.Problem(made, qsb.quench(3.0), (), np.linspace(0, 3.0, 7))
    found = qsb.run(problem, ["stored_energy", "ergotropy"], representation=representation)
    assert float(np.abs(stored).max()) > 1e-3
    assert float(found.ground_energy) == pytest.approx(lowest, abs=1e-12)
    np.testing.assert_allclose(found.stored_energy, stored, atol=1e-9)
    np.testing.assert_allclose(found.ergotropy, stored, atol=1e-9)


@pytest.mark.parametrize("boundary", ["periodic", "antiperiodic"])
@pytest.mark.parametrize("n", [4, 5])
def test_thermal_start_of_a_ring_of_fermions(n, boundary):
    # both parities are populated: the work of unitaries orders all 2^N levels of the fermions
    own, temperature = (-1.0, 0.7, 0.3), 0.8
    h, v = fermions(n, *own, CLOSING[boundary]), fermions(n, 0.4, 0.25, -0.35, CLOSING[boundary])
    levels, u = np.linalg.eigh(h)
    p = np.exp(-levels / temperature)
    p /= p.sum()
    e, w = np.linalg.eigh(h + v)
    turn = w @ np.diag(np.exp(-2.0j * e)) @ w.T
    rho = turn @ (u * p) @ u.T @ turn.conj().T
    energy = float(np.trace(rho @ h).real)
    start = qsb.Start("thermal", temperature=temperature)
    made = kitaev(
        n, potential=-1.0, hopping=0.7, pairing=0.3, charger_potential=0.4, charger_hopping=0.25,
        charger_pairing=-0.35, boundary=boundary, start=start,
    )  # fmt: skip
    for representation in ("fermion", "density"):
        problem = qsb.Problem(made, qsb.quench(2.0), (), [0.0, 2.0])
        d = qsb.run(problem, ["stored_energy", "ergotropy"], representation=representation)
        assert float(d.stored_energy[-1]) == pytest.approx(energy - p @ levels, abs=1e-8)
        assert float(d.ergotropy[-1]) == pytest.approx(energy - p @ levels, abs=1e-8)


def test_refusals():
    with pytest.raises(SpecError, match="boundary is 'closed'"):
        kitaev(4, boundary="closed")
    with pytest.raises(SpecError, match="cells must be a whole number, 3 or more"):
        kitaev(2, boundary="ring")
    # mu = 2 t_h: the mode of k = pi vanishes, so that two states are lowest
    made = kitaev(4, potential=1.0, hopping=0.5, pairing=0.3, boundary="periodic")
    with pytest.raises(StructureError, match="degenerate"):
        qsb.run(qsb.Problem(made, qsb.quench(1.0)), ["stored_energy"])


@pytest.mark.parametrize(("coupling", "peak"), [(0.1, 0.0196604325), (0.5, 0.3599257326), (1.0, 0.9044373838)])
def test_first_power_peak_of_a_long_ising_ring(coupling, peak):
    # H = sum sz/2 + lam sum sx sx; a ring of 200 has not met itself before t = 3
    made = kitaev(200, charger_hopping=-coupling, charger_pairing=-coupling, boundary="ring")
    d = qsb.run(qsb.Problem(made, qsb.quench(2.0), (), np.linspace(0, 2.0, 81)), ["stored_energy", "power"])
    assert float(d.peak_power) / 200 == pytest.approx(peak, abs=1e-9)
