"""Spin chains: Hamiltonians by Kronecker products, closed forms of their charging, disorder with its streams."""

import numpy as np
import pytest

import qsb
from qsb.algebra import build
from qsb.errors import SpecError
from qsb.models import chain, xxz, xyz

PAULI = {"x": np.array([[0, 1], [1, 0]]), "y": np.array([[0, -1j], [1j, 0]]), "z": np.diag([1, -1])}


def at(axis, site, n):
    """Return a Pauli matrix of one of n cells."""
    out = np.eye(1)
    for k in range(n):
        out = np.kron(out, PAULI[axis] if k == site else np.eye(2))
    return out


def pair(a, b, i, j, n):
    """Return a product of two Pauli matrices."""
    return at(a, i, n) @ at(b, j, n)


WEIGHTS = {
    "chain": {(0, 1): 1, (1, 2): 1, (2, 3): 1},
    "ring": {(0, 1): 1, (1, 2): 1, (2, 3): 1, (3, 0): 1},
    "all": {(a, b): 1 for a in range(4) for b in range(a + 1, 4)},
    "power-law": {(a, b): (b - a) ** -1.5 for a in range(4) for b in range(a + 1, 4)},
}


@pytest.mark.parametrize("geometry", WEIGHTS)
@pytest.mark.parametrize("role", ["battery", "charger"])
def test_hamiltonian(geometry, role):
    exponent = 1.5 if geometry == "power-law" else None
    made = chain(
        4, jx=0.3, jy=-0.2, jz=0.7, dm=0.4, frequency=[1.0, 0.8, 1.2, 0.9], field=0.5, axis="y", role=role,
        geometry=geometry, exponent=exponent,
    )  # fmt: skip
    x = sum(
        w * (0.3 * pair("x", "x", i, j, 4) - 0.2 * pair("y", "y", i, j, 4) + 0.7 * pair("z", "z", i, j, 4)
             + 0.4 * (pair("x", "y", i, j, 4) - pair("y", "x", i, j, 4)))
        for (i, j), w in WEIGHTS[geometry].items()
    )  # fmt: skip
    meter = sum(f / 2 * at("z", i, 4) for i, f in enumerate([1.0, 0.8, 1.2, 0.9]))
    drive = 0.5 * sum(at("y", i, 4) for i in range(4))
    np.testing.assert_allclose(build.dense(made.battery, made.space), meter + x * (role == "battery"), atol=1e-14)
    np.testing.assert_allclose(build.dense(made.interaction, made.space), drive + x * (role == "charger"), atol=1e-14)


def test_named_chains():
    a, b = xxz(4, coupling=0.4, anisotropy=0.5, field=0.3), chain(4, jx=0.4, jy=0.4, jz=0.2, field=0.3)
    np.testing.assert_array_equal(build.dense(a.battery, a.space), build.dense(b.battery, b.space))
    a, b = xyz(4, coupling=0.8, gamma=0.5, anisotropy=2.0), chain(4, jx=0.3, jy=0.1, jz=0.4)
    np.testing.assert_allclose(build.dense(a.battery, a.space), build.dense(b.battery, b.space), atol=1e-15)


def test_isotropic_interactions_are_invisible_to_a_polarised_start():
    figures = ["stored_energy", "power"]
    with_them = qsb.run(qsb.Problem(xxz(6, coupling=0.7, field=0.5, start=qsb.Start("down")), qsb.quench(5.0)), figures)
    field = qsb.run(qsb.Problem(chain(6, field=0.5), qsb.quench(5.0)), figures)
    np.testing.assert_allclose(with_them.stored_energy, field.stored_energy, atol=1e-12)
    np.testing.assert_allclose(with_them.power, field.power, atol=1e-11)
    anisotropic = xxz(6, coupling=0.7, anisotropy=0.5, field=0.5, start=qsb.Start("down"))
    other = qsb.run(qsb.Problem(anisotropic, qsb.quench(5.0)), figures)
    assert np.abs(other.stored_energy - field.stored_energy).max() > 0.1


def test_two_cells_charged_by_their_coupling():
    # E = 2 w lam^2/(w^2 + lam^2) sin^2(sqrt(w^2 + lam^2) t); its largest power 2 w lam^2/sqrt(w^2 + lam^2)
    t = np.linspace(0, 4.0, 801)
    d = qsb.run(qsb.Problem(chain(2, jx=0.5, role="charger"), qsb.quench(4.0), (), t), ["stored_energy", "power"])
    np.testing.assert_allclose(d.stored_energy, 0.4 * np.sin(np.sqrt(1.25) * t) ** 2, atol=1e-12)
    assert abs(float(d.peak_power) - 0.4472135955) < 5e-11


@pytest.mark.parametrize("geometry", ["chain", "ring", "all"])
def test_ising_graphs_with_the_meter_off(geometry):
    n, lam, t = 6, 0.5, np.linspace(0, 6.0, 61)
    degrees = {"chain": [1, 2, 2, 2, 2, 1], "ring": [2] * 6, "all": [5] * 6}[geometry]
    off = qsb.Protocol((qsb.Stage("charge", 6.0, battery=False),))
    d = qsb.run(qsb.Problem(chain(n, jx=lam, role="charger", geometry=geometry), off, (), t), ["stored_energy"])
    exact = sum((1 - np.cos(2 * lam * t) ** k) / 2 for k in degrees)
    np.testing.assert_allclose(d.stored_energy, exact, atol=1e-12)


def test_a_dzyaloshinskii_moriya_term_is_a_twist_of_an_open_xx_chain():
    a, b = chain(6, jx=0.3, jy=0.3, dm=0.4, jz=0.2), chain(6, jx=0.5, jy=0.5, jz=0.2)
    one, other = (np.linalg.eigvalsh(build.dense(m.battery, m.space)) for m in (a, b))
    np.testing.assert_allclose(one, other, atol=1e-12)


def test_free_chains_at_hundreds_of_cells():
    made = chain(200, jx=0.4, jy=-0.2, dm=0.3, role="charger", frequency_disorder=0.5, coupling_disorder=0.3, seed=4)
    problem = qsb.Problem(made, qsb.quench(2.0))
    assert qsb.plan(problem).representation == "fermion"
    assert float(qsb.run(problem, ["stored_energy"]).stored_energy.max()) > 1
    small = chain(7, jx=0.4, jy=-0.2, dm=0.3, role="charger", frequency_disorder=0.5, coupling_disorder=0.3, seed=4)
    found = [
        qsb.run(qsb.Problem(small, qsb.quench(2.0)), ["stored_energy", "power"], representation=r)
        for r in ("fermion", "ket")
    ]
    np.testing.assert_allclose(found[0].stored_energy, found[1].stored_energy, atol=1e-11)
    np.testing.assert_allclose(found[0].power, found[1].power, atol=1e-11)


def test_kac_sum_keeps_the_norm_extensive():
    for n, alpha in ((5, 0.0), (8, 1.3), (8, 40.0)):
        made = chain(n, jz=0.6, frequency=0.0, geometry="power-law", exponent=alpha, normalisation="kac-sum")
        assert abs(np.diagonal(build.dense(made.battery, made.space)).real.max() - 0.6 * (n - 1)) < 1e-12
    for geometry in ("chain", "ring", "all"):
        made = chain(5, jz=0.6, frequency=0.0, geometry=geometry, normalisation="kac-sum")
        assert abs(np.diagonal(build.dense(made.battery, made.space)).real.max() - 0.6 * 4) < 1e-12
    # a million cells in all-to-all coupling are not written down
    chain(10**6, jz=0.6, geometry="all", normalisation="kac-sum")


def test_disorder_has_streams_and_a_seed():
    def fields(**options):
        made = chain(5, jx=0.2, field=0.5, geometry="power-law", exponent=1.0, **options)
        return made.battery.terms[0].strength, made.battery.terms[1].strength, made.interaction.terms[0].strength

    base = fields(frequency_disorder=0.2, coupling_disorder=0.3, field_disorder=0.4, seed=3)
    for a, b in zip(
        base, fields(frequency_disorder=0.2, coupling_disorder=0.3, field_disorder=0.4, seed=3), strict=True
    ):
        np.testing.assert_array_equal(a, b)
    np.testing.assert_array_equal(fields(coupling_disorder=0.3, seed=3)[1], base[1])
    assert np.all(np.abs(base[0] - 0.5) <= 0.1)
    assert np.all(np.abs(base[2] - 0.5) <= 0.4)
    assert not np.array_equal(fields(coupling_disorder=0.3, seed=4)[1], base[1])


def test_a_sweep_over_seeds_in_a_file(tmp_path):
    spec = qsb.load_spec(
        {
            "model": {
                "name": "xxz",
                "cells": 3,
                "coupling": 0.4,
                "anisotropy": 0.0,
                "field": 0.5,
                "field_disorder": 0.2,
            },
            "stage": [{"kind": "charge", "duration": 1.0}],
            "save": {"points": 5, "figures": ["stored_energy"]},
            "sweep": {"model.seed": [0, 1, 2]},
        }
    )
    data = qsb.sweep(spec, store=tmp_path / "out")
    assert data.stored_energy.dims == ("seed", "time")
    assert float(data.stored_energy.std("seed").max()) > 1e-3


def test_refusals():
    for options, match in (
        ({"axis": "w"}, "axis is 'w'"),
        ({"geometry": "rings"}, "did you mean 'ring'"),
        ({"exponent": 1.0}, "power-law"),
        ({"geometry": "power-law"}, "power-law"),
        ({"frequency": [1.0, 2.0]}, "3 values"),
        ({"field_disorder": -1.0}, "field_disorder must be finite and not negative"),
        ({"seed": -1}, "seed must be a whole number, 0 or more"),
        ({"jx": [1.0]}, "jx must be one real number"),
    ):
        with pytest.raises(SpecError, match=match):
            chain(3, **options)
    with pytest.raises(SpecError, match="unknown key 'anisotropi'; did you mean 'anisotropy'"):
        qsb.load_spec(
            {"model": {"name": "xxz", "cells": 3, "coupling": 1.0, "anisotropi": 1.0}, "stage": [{"kind": "charge"}]}
        )
