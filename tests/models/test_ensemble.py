"""The driven ensemble: its operators against Kronecker products, and its refusals."""

import time

import numpy as np
import pytest

import qsb
from qsb.algebra import build
from qsb.models import ensemble

PAULI = {"x": np.array([[0, 1], [1, 0]]), "y": np.array([[0, -1j], [1j, 0]]), "z": np.diag([1, -1])}
UP = np.array([[0, 1], [0, 0]])
N = 4
BONDS = {
    "chain": {(0, 1): 1, (1, 2): 1, (2, 3): 1},
    "ring": {(0, 1): 1, (1, 2): 1, (2, 3): 1, (3, 0): 1},
    "all": {(a, b): 1 for a in range(N) for b in range(a + 1, N)},
    "power-law": {(a, b): (b - a) ** -2.0 for a in range(N) for b in range(a + 1, N)},
}


def at(op, site):
    """Return a cell operator on four cells."""
    out = np.eye(1)
    for k in range(N):
        out = np.kron(out, op if k == site else np.eye(2))
    return out


def operators(**arguments):
    """Return dense H_B and V."""
    b = ensemble(N, **arguments)
    return build.dense(b.battery, b.space), build.dense(b.interaction, b.space)


@pytest.mark.parametrize("role", ["charger", "battery"])
@pytest.mark.parametrize("geometry", BONDS)
@pytest.mark.parametrize("axes", ["xx", "zz", "xy", "yz"])
def test_couplings(axes, geometry, role):
    exponent = 2.0 if geometry == "power-law" else None
    h, v = operators(coupling={"axes": axes, "strength": 0.3, "geometry": geometry, "exponent": exponent, "role": role})
    pairs = 0.3 * sum(w * at(PAULI[axes[0]], a) @ at(PAULI[axes[1]], b) for (a, b), w in BONDS[geometry].items())
    bare = sum(at(PAULI["z"], i) for i in range(N)) / 2
    np.testing.assert_allclose(h, bare + (pairs if role == "battery" else 0), atol=1e-14)
    np.testing.assert_allclose(v, pairs if role == "charger" else 0 * pairs, atol=1e-14)


@pytest.mark.parametrize(("word", "factor"), [("none", 1.0), ("kac", 1 / N), ("sqrt", 1 / 2)])
def test_normalisations(word, factor):
    _, v = operators(coupling={"geometry": "all", "normalisation": word})
    _, plain = operators(coupling={"geometry": "all"})
    np.testing.assert_allclose(v, factor * plain, atol=1e-14)


def test_one_value_a_bond_and_a_matrix():
    _, v = operators(coupling={"strength": [0.1, 0.2, 0.3]})
    x = [at(PAULI["x"], i) for i in range(N)]
    expected = 0.1 * x[0] @ x[1] + 0.2 * x[1] @ x[2] + 0.3 * x[2] @ x[3]
    np.testing.assert_allclose(v, expected, atol=1e-14)
    matrix = np.zeros((N, N))
    for k, w in enumerate([0.1, 0.2, 0.3]):
        matrix[k, k + 1] = matrix[k + 1, k] = w
    _, v = operators(coupling={"strength": matrix, "geometry": "explicit"})
    np.testing.assert_allclose(v, expected, atol=1e-14)


@pytest.mark.parametrize(("axes", "second"), [("+-", UP.T), ("-+", UP.T), ("++", UP), ("--", UP)])
def test_ladder_axes_come_with_their_adjoints(axes, second):
    _, v = operators(coupling={"axes": axes, "strength": 0.4})
    hop = sum(at(UP, i) @ at(second, i + 1) for i in range(N - 1))
    np.testing.assert_allclose(v, 0.4 * (hop + hop.T), atol=1e-14)


def test_fields_tilts_and_the_flip():
    f, e, lam = np.array([1.0, 1.1, 0.9, 1.2]), np.array([0.1, 0.0, -0.1, 0.2]), np.array([0.5, 0.4, 0.3, 0.2])
    h, v = operators(frequency=f, tilt=e, field=lam, flip=0.7)
    np.testing.assert_allclose(h, sum(f[i] / 2 * at(PAULI["z"], i) + e[i] * at(PAULI["x"], i) for i in range(N)))
    np.testing.assert_allclose(v, sum(lam[i] * at(PAULI["x"], i) for i in range(N)) + 0.7 * np.eye(2**N)[::-1])


def test_an_extensive_flip_is_as_strong_as_a_field():
    _, flip = operators(flip=0.7, flip_normalisation="extensive")
    _, field = operators(field=0.7)
    np.testing.assert_allclose(flip, N * 0.7 * np.eye(2**N)[::-1], atol=1e-14)
    assert np.linalg.norm(flip, 2) == pytest.approx(np.linalg.norm(field, 2))


def test_a_million_uniform_cells_are_a_few_terms():
    began = time.perf_counter()
    battery = ensemble(10**6, field=0.5, coupling={"geometry": "all", "normalisation": "kac"})
    assert len(battery.battery.active) == 1
    assert len(battery.interaction.active) == 2
    assert time.perf_counter() - began < 1.0


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ({"frequency": [1.0, 2.0]}, "frequency"),
        ({"field": np.inf}, "field"),
        ({"tilt": "a"}, "tilt"),
        ({"flip": [1.0]}, "flip"),
        ({"flip_normalisation": "extensiv"}, "extensive"),
        ({"coupling": {"axs": "xx"}}, "axes"),
        ({"coupling": {"geometry": "chian"}}, "chain"),
        ({"coupling": {"normalisation": "kca"}}, "kac"),
        ({"coupling": {"role": "charger2"}}, "charger"),
        ({"coupling": {"axes": "z"}}, "axes"),
        ({"coupling": {"strength": [0.1]}}, "coupling.0"),
        ({"coupling": "xx"}, "coupling"),
        ({"coupling": {"geometry": "power-law"}}, "exponent"),
    ],
)
def test_wrong_arguments_are_named(arguments, words):
    with pytest.raises(qsb.SpecError, match=words):
        ensemble(N, **arguments)
