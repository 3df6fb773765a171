"""The storage model: Hamiltonian, free-fermion spectrum, tiny splittings, quenches and barriers."""

from decimal import Decimal, getcontext

import numpy as np
import pytest

import qsb
from qsb.algebra import build
from qsb.models.ising import gap, ground_energy, ising, metastability, modes, quench, spectrum

X, Z = np.array([[0, 1], [1, 0]]), np.diag([1, -1])


def at(op, site, n):
    """Return a cell operator on n cells."""
    out = np.eye(1)
    for k in range(n):
        out = np.kron(out, op if k == site else np.eye(2))
    return out


def dense(n, j=1.0, h=0.1, g=0.0, weights=None):
    """Return -J sum w zz - h sum x - g sum z by Kronecker products."""
    pairs = {(i, i + 1): 1.0 for i in range(n - 1)} if weights is None else weights
    out = np.zeros((2**n, 2**n))
    for (a, b), w in pairs.items():
        out -= j * w * at(Z, a, n) @ at(Z, b, n)
    for i in range(n):
        out -= np.broadcast_to(h, n)[i] * at(X, i, n) + np.broadcast_to(g, n)[i] * at(Z, i, n)
    return out


WEIGHTS = {
    "chain": {(0, 1): 1, (1, 2): 1, (2, 3): 1},
    "ring": {(0, 1): 1, (1, 2): 1, (2, 3): 1, (3, 0): 1},
    "all": {(a, b): 1 for a in range(4) for b in range(a + 1, 4)},
    "power-law": {(a, b): (b - a) ** -1.5 for a in range(4) for b in range(a + 1, 4)},
}


@pytest.mark.parametrize("geometry", WEIGHTS)
def test_hamiltonian(geometry):
    exponent = 1.5 if geometry == "power-law" else None
    field = [0.1, 0.2, 0.3, 0.4]
    battery = ising(
        4, exchange=0.7, transverse=field, longitudinal=0.2, geometry=geometry, exponent=exponent, field=0.5
    )
    found = build.dense(battery.battery, battery.space)
    np.testing.assert_allclose(found, dense(4, 0.7, np.array(field), 0.2, WEIGHTS[geometry]), atol=1e-14)
    np.testing.assert_allclose(
        build.dense(battery.interaction, battery.space), 0.5 * sum(at(X, i, 4) for i in range(4))
    )


@pytest.mark.parametrize("n", [1, 2, 3, 6])
@pytest.mark.parametrize(("j", "h"), [(1.0, 0.1), (1.0, 1.0), (1.0, 2.0), (0.0, 0.5), (1.0, 0.0)])
def test_spectrum(n, j, h):
    exact = np.linalg.eigvalsh(dense(n, j, h))
    np.testing.assert_allclose(spectrum(n, j, h), exact, atol=1e-12)
    np.testing.assert_allclose(spectrum(n, j, h, levels=2), exact[:2], atol=1e-12)
    assert ground_energy(n, j, h) == pytest.approx(exact[0], abs=1e-12)


def test_o33():
    """Printed values of the open chain of eight."""
    assert gap(8).splitting == pytest.approx(1.98e-8, rel=1e-3)
    assert gap(8).above == pytest.approx(1.8172891377, abs=1e-10)
    assert gap(8, 1.0, 1.0).splitting == pytest.approx(0.3690734379, abs=1e-10)
    assert gap(8, 1.0, 2.0).splitting == pytest.approx(2.1902471399, abs=1e-10)
    found = quench(6, 1.0, 0.5)
    assert found.above_ground == pytest.approx(2.5220295708, abs=1e-10)
    assert found.variance == pytest.approx(5.0, abs=1e-12)


def test_modes_at_the_critical_field():
    k = np.arange(1, 21)
    np.testing.assert_allclose(modes(20, 1.0, 1.0), np.sort(2 * np.cos(k * np.pi / 41)), atol=1e-13)


@pytest.mark.parametrize(("n", "h"), [(8, "0.1"), (40, "0.1"), (25, "0.3")])
def test_tiny_splittings_keep_their_digits(n, h):
    """The smallest singular value from 120-digit arithmetic: inverse iteration on the bidiagonal matrix."""
    getcontext().prec = 120
    field, one = Decimal(h), Decimal(1)
    v = [one] * n
    for _ in range(30):
        # solve M^T y = v, then M x = y, for M with h on the diagonal and 1 above it
        y = []
        for k in range(n):
            y.append((v[k] - (y[-1] if k else 0)) / field)
        x = [Decimal(0)] * n
        for k in reversed(range(n)):
            x[k] = (y[k] - (x[k + 1] if k + 1 < n else 0)) / field
        size = sum(c * c for c in x).sqrt()
        v = [c / size for c in x]
    exact = 2 / size.sqrt()
    found = gap(n, 1.0, float(h))
    assert found.splitting == pytest.approx(float(exact), rel=1e-10)
    assert found.log_splitting == pytest.approx(float(exact.ln()), abs=1e-10)


def test_thousands_of_cells():
    found = gap(3000, 1.0, 0.5)
    assert found.splitting == 0.0
    assert found.log_splitting == pytest.approx(3000 * np.log(0.5) + np.log(2 * 0.75), rel=1e-12)
    assert found.above == pytest.approx(1.0, abs=1e-5)
    assert ground_energy(2000, 1.0, 1.0) / 2000 == pytest.approx(-4 / np.pi, abs=1e-3)


@pytest.mark.parametrize("n", [1, 2, 3, 5])
@pytest.mark.parametrize("bloch", [(1.0, 0.0, 0.0), (0.0, 0.0, 1.0), (0.6, 0.0, 0.8), (0.3, 0.2, -0.5)])
def test_quench(n, bloch):
    h = dense(n, 0.8, 0.3)
    cell = (np.eye(2) + bloch[0] * X + bloch[1] * np.array([[0, -1j], [1j, 0]]) + bloch[2] * Z) / 2
    rho = np.eye(1)
    for _ in range(n):
        rho = np.kron(rho, cell)
    energy = np.trace(rho @ h).real
    found = quench(n, 0.8, 0.3, bloch=bloch)
    assert found.energy == pytest.approx(energy, abs=1e-12)
    assert found.above_ground == pytest.approx(energy - np.linalg.eigvalsh(h)[0], abs=1e-12)
    assert found.variance == pytest.approx(np.trace(rho @ h @ h).real - energy**2, abs=1e-11)


def classical(state, j, g):
    """Return the energy at h = 0 of an order given as +1 and -1, g lowering +1."""
    s = np.array(state)
    return -j * (s[1:] * s[:-1]).sum() - g * s.sum()


def test_metastability_is_the_classical_landscape():
    n, j, g = 8, 1.0, 0.3
    found = metastability(n, j, 0.0, g)
    false, true = classical([-1] * n, j, g), classical([1] * n, j, g)
    assert found.stored_energy == pytest.approx(false - true)
    edge = [classical([1] * k + [-1] * (n - k), j, g) - false for k in range(n + 1)]
    bulk = [classical([-1] + [1] * k + [-1] * (n - 1 - k), j, g) - false for k in range(n - 1)]
    assert found.edge_barrier == pytest.approx(max(edge))
    assert found.bulk_barrier == pytest.approx(max(bulk))
    assert found.edge_droplet == next(k for k in range(1, n) if edge[k] < -1e-12)
    assert found.bulk_droplet is None or bulk[found.bulk_droplet] < 0
    assert found.metastable
    assert not metastability(n, j, 0.0, 0.0).metastable
    assert not metastability(n, j, 0.0, 1.5).metastable
    assert metastability(8).splitting == gap(8).splitting


def test_the_ordered_ground_state_of_a_run_is_named_when_it_is_degenerate():
    with pytest.raises(qsb.StructureError, match="degenerate"):
        qsb.run(qsb.Problem(ising(6, transverse=0.0, field=0.2), qsb.quench(1.0)))
    battery = ising(6, transverse=0.0, field=0.2, start=qsb.Start("up"))
    assert qsb.run(qsb.Problem(battery, qsb.quench(1.0)))["stored_energy"][0] == 0


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: ising(0), "cells"),
        (lambda: ising(4, transverse=[0.1, 0.2]), "transverse"),
        (lambda: ising(4, exchange=np.nan), "exchange"),
        (lambda: ising(4, axis="w"), "axis"),
        (lambda: ising(4, geometry="explicit"), "geometry"),
        (lambda: spectrum(40), "levels"),
        (lambda: quench(4, bloch=(1.0, 1.0, 0.0)), "bloch"),
        (lambda: metastability(4, 1.0, 2.0), "ordered"),
        (lambda: metastability(1), "at least 2"),
    ],
)
def test_wrong_requests_are_refused_by_name(call, words):
    with pytest.raises(qsb.QsbError, match=words):
        call()
