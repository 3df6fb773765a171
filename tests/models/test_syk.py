"""SYK batteries: the sum over all indices, dense exponentials, statistics of the couplings, costs."""

import numpy as np
import pytest
import scipy.linalg as la

import qsb
from qsb.algebra import build
from qsb.errors import PlanError, SpecError
from qsb.models import syk
from qsb.models.syk import pair_couplings


def off(duration):
    """Return a charging stage with H_B off, as in the paper."""
    return qsb.Protocol((qsb.Stage("charge", duration, battery=False),))


def lowering(n, string):
    """Return the operators that empty each site, as matrices."""
    out = []
    for j in range(n):
        c = np.eye(1)
        for k in range(n):
            c = np.kron(c, string if k < j else np.array([[0, 0], [1, 0]]) if k == j else np.eye(2))
        out.append(c)
    return out


def whole(n, seed, sign):
    """Return J_ijkl, antisymmetric (-1) or symmetric (1) in each pair, from the independent ones."""
    pairs = pair_couplings(n, seed)
    i, j = np.triu_indices(n, 1)
    out = np.zeros((n,) * 4, dtype=complex)
    for p in range(len(i)):
        for q in range(len(i)):
            for a, b, f in ((i[p], j[p], 1), (j[p], i[p], sign)):
                for c, d, g in ((i[q], j[q], 1), (j[q], i[q], sign)):
                    out[a, b, c, d] = f * g * pairs[p, q]
    return out


@pytest.mark.parametrize("charger", ["fermions", "bosons"])
def test_the_sum_over_all_indices(charger):
    n = 4
    sign, string = (-1, np.diag([-1, 1])) if charger == "fermions" else (1, np.eye(2))
    j, c = whole(n, 5, sign), lowering(n, string)
    exact = 0.7 * sum(
        j[a, b, k, m] * c[a].T @ c[b].T @ c[k] @ c[m]
        for a in range(n) for b in range(n) for k in range(n) for m in range(n)
    )  # fmt: skip
    made = syk(n, seed=5, coupling=0.7, charger=charger)
    found = build.dense(made.interaction, made.space)
    # c_k c_m is minus A_km for fermions and A_km for bosons, of one distribution
    np.testing.assert_allclose(found, exact if charger == "fermions" else -exact, atol=1e-13)
    np.testing.assert_allclose(build.dense(made.battery, made.space)[0, 1], -0.5j)


@pytest.mark.parametrize("battery", [True, False])
@pytest.mark.parametrize("n", [5, 8])
def test_charging_by_a_dense_exponential(n, battery):
    made = syk(n, seed=2, frequency=1.3)
    h, v = (build.dense(op, made.space) for op in (made.battery, made.interaction))
    t = np.array([0.0, 0.4, 1.1])
    protocol = qsb.Protocol((qsb.Stage("charge", 1.1, battery=battery),))
    d = qsb.run(qsb.Problem(made, protocol, (), t), ["stored_energy", "power", "ergotropy"])
    total = v + h * battery
    e, u = np.linalg.eigh(h)
    energies, powers = [], []
    for now in t:
        psi = la.expm(-1j * now * total) @ u[:, 0]
        energies.append(np.vdot(psi, h @ psi).real - e[0])
        powers.append(2 * np.vdot(h @ psi, -1j * total @ psi).real)
    np.testing.assert_allclose(d.stored_energy, energies, atol=1e-10)
    np.testing.assert_allclose(d.ergotropy, energies, atol=1e-10)
    np.testing.assert_allclose(d.power, powers, atol=1e-9)


def test_statistics_of_the_couplings():
    n = 12
    j = np.array([pair_couplings(n, s) for s in range(40)])
    np.testing.assert_array_equal(j, j.conj().swapaxes(1, 2))
    off_diagonal = ~np.eye(j.shape[1], dtype=bool)
    size = n**3 * np.abs(j) ** 2
    assert size[:, off_diagonal].mean() == pytest.approx(1.0, abs=0.01)
    assert np.einsum("spp->sp", size).mean() == pytest.approx(1.0, abs=0.1)
    assert n**3 * (j[:, off_diagonal].real ** 2).mean() == pytest.approx(0.5, abs=0.01)
    np.testing.assert_array_equal(pair_couplings(6, 3), pair_couplings(6, 3))


def test_the_parallel_comparison():
    t = np.linspace(0, 2.0, 21)
    d = qsb.run(qsb.Problem(syk(10, charger="parallel", coupling=0.6), off(2.0), (), t))
    np.testing.assert_allclose(d.stored_energy, 10 * np.sin(0.6 * t) ** 2, atol=1e-12)


def test_a_file_with_seeds(tmp_path):
    spec = {
        "model": {"name": "syk", "cells": 6},
        "stage": [{"kind": "charge", "duration": 2.0, "battery": False}],
        "save": {"points": 21, "figures": ["stored_energy", "power", "ergotropy"]},
        "sweep": {"model.seed": [0, 1, 2]},
    }
    data = qsb.sweep(spec, store=tmp_path / "out")
    assert data.stored_energy.dims == ("seed", "time")
    assert float(data.stored_energy.max()) > 1


def test_the_planner_knows_its_memory():
    plan = qsb.plan(qsb.Problem(syk(16), off(2.0)))
    assert plan.representation == "ket"
    with pytest.raises(PlanError, match="GiB"):
        qsb.plan(qsb.Problem(syk(30), off(2.0)))


def test_refusals():
    with pytest.raises(SpecError, match="cells must be at least 2"):
        syk(1)
    with pytest.raises(SpecError, match=r"16 x 2\^100 bytes"):
        syk(100)
    with pytest.raises(SpecError, match="did you mean 'fermions'"):
        syk(4, charger="fermion")
    with pytest.raises(SpecError, match="seed"):
        syk(4, seed=0.5)
