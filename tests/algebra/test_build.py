"""From `OpSum` to numbers: Pauli strings, kernels, gather rows, sparse matrices and collective sectors."""

import itertools
from math import comb

import numpy as np
import pytest
import qutip
import scipy.sparse as sp

from qsb.algebra.build import collective, collective_spins, csr, dense, gather, qobj
from qsb.algebra.hermitian import pack, unpack
from qsb.algebra.kernels import lindblad, threads
from qsb.algebra.opsum import OpSum
from qsb.algebra.pauli import PauliSum, pauli_strings
from qsb.algebra.site_operators import SPIN_OPERATORS
from qsb.algebra.space import Boson, Group, Space, Spin
from qsb.algebra.terms import Global, Local, Matrix, Pair, Word
from qsb.dynamics.symmetric import multiplicity, sectors
from qsb.errors import StructureError

NAMES = "ixyz+-n"


def explicit(op, cells):
    """Return the dense matrix word by word, from Kronecker products only."""
    total = np.zeros((2**cells, 2**cells), dtype=complex)
    for c, factors in op.words(Space.spins(cells)):
        at = dict(factors)
        out = np.ones((1, 1))
        for i in range(cells):
            out = np.kron(out, SPIN_OPERATORS[at.get(i, "i")])
        total += c * out
    return total


def from_strings(strings, cells):
    """Return sum c X^x Z^z as a dense matrix, with site i at bit N-1-i."""
    x, z, one = SPIN_OPERATORS["x"], SPIN_OPERATORS["z"], np.eye(2)
    total = np.zeros((2**cells, 2**cells), dtype=complex)
    for (mx, mz), c in strings.items():
        out = np.ones((1, 1))
        for i in range(cells):
            bit = 1 << (cells - 1 - i)
            out = np.kron(out, (x if mx & bit else one) @ (z if mz & bit else one))
        total += c * out
    return total


def random_sum(cells, seed, hermitian=True):
    """Return a sum with every kind of term and every operator."""
    rng = np.random.default_rng(seed)
    terms = [Local(o, rng.normal(size=cells) + 1j * rng.normal(size=cells)) for o in NAMES]
    terms += [Pair(a, b, complex(*rng.normal(size=2)), "all") for a, b in itertools.product("xz+n", "yz-")]
    terms += [Global(o, complex(*rng.normal(size=2))) for o in "xyz+n"]
    terms += [Word(complex(*rng.normal(size=2)), ((cells - 1, "y"), (0, "+"), (cells // 2, "n")))]
    op = OpSum(tuple(terms))
    return op + op.adjoint() if hermitian else op


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("kind", [Local, Global])
def test_every_operator_expands_into_its_strings(name, kind):
    op = OpSum((kind(name, 0.7 - 0.3j),))
    np.testing.assert_allclose(from_strings(pauli_strings(op, Space.spins(3)), 3), explicit(op, 3), rtol=0, atol=1e-15)


@pytest.mark.parametrize("seed", range(3))
def test_any_sum_expands_into_its_strings(seed):
    op = random_sum(4, seed, hermitian=False)
    np.testing.assert_allclose(from_strings(pauli_strings(op, Space.spins(4)), 4), explicit(op, 4), rtol=0, atol=1e-13)


def test_cancelling_words_leave_no_strings():
    op = OpSum((Pair("x", "x", 0.5), Pair("x", "x", -0.5)))
    assert pauli_strings(op, Space.spins(3)) == {}
    assert not np.any(PauliSum.of(op, Space.spins(3)).apply(np.ones(8, dtype=complex)))


def large_sum(cells, seed):
    """Return a Hermitian sum with every operator and few strings: a product of N ladders alone has 2^N of them."""
    rng = np.random.default_rng(seed)
    terms = [Local(o, rng.normal(size=cells) + 1j * rng.normal(size=cells)) for o in NAMES]
    terms += [Pair(a, b, complex(*rng.normal(size=2)), "chain") for a, b in ("xx", "yz", "+-", "nx", "zz")]
    terms += [Global(o, complex(*rng.normal(size=2))) for o in "xyz"]
    terms += [Word(complex(*rng.normal(size=2)), ((cells - 1, "y"), (0, "+"), (cells // 2, "n")))]
    op = OpSum(tuple(terms))
    return op + op.adjoint()


@pytest.mark.parametrize(("cells", "make"), [(3, random_sum), (5, random_sum), (6, large_sum), (13, large_sum)])
def test_apply_is_the_matrix_in_serial_and_in_parallel(cells, make, monkeypatch):
    op, space = make(cells, 1), Space.spins(cells)
    total = PauliSum.of(op, space)
    rng = np.random.default_rng(2)
    psi = rng.normal(size=2**cells) + 1j * rng.normal(size=2**cells)
    expected = csr(op, space) @ psi
    monkeypatch.setattr(threads, "count", lambda: 2)
    for worth in (threads.WORTH, 0, 2**62):
        monkeypatch.setattr(threads, "WORTH", worth)
        np.testing.assert_allclose(total.apply(psi), expected, rtol=0, atol=1e-13 * np.abs(expected).max())


@pytest.mark.parametrize(
    "coupling", [Pair("x", "x", 0.3), Pair("y", "y", 0.3), Pair("x", "y", 0.3), Pair("z", "z", 0.3)]
)
def test_apply_keeps_real_coefficients_real(coupling):
    """y y is real, x y is not: both paths give the matrix."""
    op, space = OpSum((coupling, Local("z", np.arange(5.0)))), Space.spins(5)
    psi = np.random.default_rng(0).normal(size=32) + 0j
    np.testing.assert_allclose(PauliSum.of(op, space).apply(psi), explicit(op, 5) @ psi, rtol=0, atol=1e-13)


def test_apply_does_not_change_its_argument():
    op, space = random_sum(3, 5), Space.spins(3)
    psi = np.ones(8, dtype=complex)
    PauliSum.of(op, space).apply(psi)
    np.testing.assert_array_equal(psi, 1)


def test_the_norm_bound_is_one():
    for seed in range(3):
        op = random_sum(4, seed)
        reach = np.abs(np.linalg.eigvalsh(explicit(op, 4))).max()
        assert reach <= PauliSum.of(op, Space.spins(4)).norm_bound + 1e-12


@pytest.mark.parametrize("seed", range(2))
def test_gather_rows_are_the_matrix(seed):
    cells, space = 4, Space.spins(4)
    rng = np.random.default_rng(seed)
    opaque = sp.random_array((16, 16), density=0.3, rng=rng).tocsr()
    opaque = opaque + opaque.T
    op = random_sum(cells, seed, hermitian=False) + Matrix(opaque)
    rows = gather(op, space)
    assert list(rows.flips) == sorted(set(rows.flips))
    total = np.zeros((16, 16), dtype=complex)
    for flip, values in zip(rows.flips, rows.values, strict=True):
        for k in range(16):
            total[k, k ^ flip] += values[k]
    named = OpSum(tuple(t for t in op.terms if not isinstance(t, Matrix)))
    np.testing.assert_allclose(total, explicit(named, cells) + opaque.toarray(), rtol=0, atol=1e-13)


def test_gather_of_nothing():
    rows = gather(OpSum(), Space.spins(2))
    assert rows.flips.shape == (0,)
    assert rows.values.shape == (0, 4)


@pytest.mark.parametrize("seed", range(2))
def test_csr_dense_and_qobj_are_the_matrix(seed):
    op, space = random_sum(3, seed, hermitian=False), Space.spins(3)
    expected = explicit(op, 3)
    np.testing.assert_allclose(csr(op, space).toarray(), expected, rtol=0, atol=1e-14)
    np.testing.assert_allclose(dense(op, space), expected, rtol=0, atol=1e-14)
    made = qobj(op, space)
    assert made.dims == [[2, 2, 2], [2, 2, 2]]
    np.testing.assert_allclose(made.full(), expected, rtol=0, atol=1e-14)


def test_qobj_sites_are_those_of_tensor():
    x, z, one = qutip.sigmax(), qutip.sigmaz(), qutip.qeye(2)
    op = OpSum((Word(0.7, ((0, "x"), (2, "z"))),))
    assert (qobj(op, Space.spins(3)) - 0.7 * qutip.tensor(x, one, z)).norm() < 1e-14


def test_operators_act_on_their_own_kind():
    space = Space((Group("cells", Spin(), 1), Group("mode", Boson(2), 1, "charger")))
    assert csr(OpSum((Local("x", 1.0),)), space).shape == (6, 6)
    np.testing.assert_array_equal(dense(OpSum((Local("x", 1.0),)), space), np.kron(SPIN_OPERATORS["x"], np.eye(3)))
    with pytest.raises(StructureError, match="Boson"):
        csr(OpSum((Local("z", 1.0, "mode"),)), space)


def test_the_density_kernel_is_the_lindblad_equation_in_serial_and_in_parallel(monkeypatch):
    from qsb.charging.battery import Battery
    from qsb.charging.environment import dephasing, emission, pumping
    from qsb.charging.problem import Problem
    from qsb.charging.protocol import quench
    from qsb.dynamics.lindblad import gather_generator
    from qsb.dynamics.segment import segments

    cells, space = 3, Space.spins(3)
    v = OpSum((Pair("x", "y", 0.3, "all"), Local("x", np.array([0.1, 0.5, -0.3])), Global("y", 0.2)))
    channels = (
        emission(np.array([0.1, 0.0, 0.4])),
        pumping(0.2),
        dephasing(0.3),
        emission(0.5, collective=True),
        dephasing(0.25, collective=True),
    )
    problem = Problem(Battery(space, OpSum((Local("z", 0.5),)), v), quench(1.0), channels)
    generator = gather_generator(segments(problem)[0], space)
    rng = np.random.default_rng(3)
    f = rng.normal(size=(8, 8)) + 1j * rng.normal(size=(8, 8))
    rho = f @ f.conj().T
    h = explicit(OpSum((Local("z", 0.5),)) + v, cells)
    expected = -1j * (h @ rho - rho @ h)
    jumps = [(r, OpSum((Word(1.0, ((i, "-"),)),))) for i, r in enumerate((0.1, 0.0, 0.4))]
    jumps += [(0.2, OpSum((Word(1.0, ((i, "+"),)),))) for i in range(3)]
    jumps += [(0.3, OpSum((Word(1.0, ((i, "z"),)),))) for i in range(3)]
    jumps += [(0.5, OpSum((Local("-"),))), (0.25, OpSum((Local("z"),)))]
    for rate, op in jumps:
        a = explicit(op, cells)
        n = a.conj().T @ a
        expected = expected + rate * (a @ rho @ a.conj().T - (n @ rho + rho @ n) / 2)
    for limit in (0, 2**62):
        monkeypatch.setattr(lindblad, "PARALLEL_WORK", limit)
        np.testing.assert_allclose(unpack(generator.apply(0.0, pack(rho))), expected, rtol=0, atol=1e-12)


# -- collective sectors --


def symmetric_sum(seed):
    """Return a sum of all collective terms."""
    rng = np.random.default_rng(seed)
    terms = [Local(o, float(rng.normal())) for o in "ixyzn"]
    terms += [Local("+", 0.3 + 0.2j), Local("-", 0.3 - 0.2j)]
    terms += [Pair(o, o, float(rng.normal()), "all") for o in "xyzn"]
    terms += [
        Pair("+", "+", 0.4, "all", normalisation="kac"),
        Pair("-", "-", 0.4, "all", normalisation="kac"),
    ]
    terms += [Global(o, float(rng.normal())) for o in "xyzni"]
    terms += [Global("+", 0.3j), Global("-", -0.3j), Word(0.25, ())]
    return OpSum(tuple(terms))


def dicke_isometry(cells):
    """Return the symmetric states m = N/2 .. -N/2 as columns, by counting bits."""
    downs = np.array([bin(k).count("1") for k in range(2**cells)])
    out = np.zeros((2**cells, cells + 1))
    for k in range(cells + 1):
        out[downs == k, k] = 1 / np.sqrt(comb(cells, k))
    return out


@pytest.mark.parametrize("cells", [1, 2, 3, 4, 5])
@pytest.mark.parametrize("seed", [0, 1])
def test_the_symmetric_sector_is_the_symmetric_subspace(cells, seed):
    op, space = symmetric_sum(seed), Space.spins(cells)
    full, iso = explicit(op, cells), dicke_isometry(cells)
    np.testing.assert_allclose(full @ iso, iso @ (iso.T @ full @ iso), rtol=0, atol=1e-12)
    np.testing.assert_allclose(collective(op, space), iso.T @ full @ iso, rtol=0, atol=1e-12)


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("kind", ["local", "pair", "global"])
def test_every_collective_term_alone(name, kind):
    term = {"local": Local(name, 0.7), "pair": Pair(name, name, 0.7, "all"), "global": Global(name, 0.7)}[kind]
    op = OpSum((term,))
    for cells in (1, 2, 4):
        iso = dicke_isometry(cells)
        np.testing.assert_allclose(
            collective(op, Space.spins(cells)), iso.T @ explicit(op, cells) @ iso, rtol=0, atol=1e-12
        )


@pytest.mark.parametrize("cells", [2, 3, 4, 5])
def test_all_sectors_with_multiplicities_are_the_whole_spectrum(cells):
    op = symmetric_sum(7)
    found = [v for jj, e in sectors(op, Space.spins(cells)) for v in np.repeat(e, multiplicity(cells, jj))]
    assert len(found) == 2**cells
    np.testing.assert_allclose(np.sort(found), np.linalg.eigvalsh(explicit(op, cells)), rtol=0, atol=1e-12)


@pytest.mark.parametrize("name", "xyz")
@pytest.mark.parametrize("cells", [2, 3, 4, 5])
def test_the_signs_of_global_flips_in_every_sector(name, cells):
    """Traces with a field tell the sign that each sector's flip carries, which a spectrum alone may hide."""
    op = OpSum((Global(name, 1.0), Local(name, 0.37), Local("z", 0.21)))
    found = [v for jj, e in sectors(op, Space.spins(cells)) for v in np.repeat(e, multiplicity(cells, jj))]
    np.testing.assert_allclose(np.sort(found), np.linalg.eigvalsh(explicit(op, cells)), rtol=0, atol=1e-12)


def test_multiplicities_fill_the_space():
    assert multiplicity(4, 4) == 1
    assert multiplicity(4, 2) == 3
    assert multiplicity(4, 0) == 2
    for n in (1, 7, 50, 1001):
        assert sum((jj + 1) * multiplicity(n, jj) for jj in range(n, -1, -2)) == 2**n


@pytest.mark.parametrize("twice_j", [0, 1, 2, 5, 40])
def test_collective_spins_obey_their_algebra(twice_j):
    s, j = collective_spins(twice_j), twice_j / 2
    np.testing.assert_allclose(s["x"] @ s["y"] - s["y"] @ s["x"], 1j * s["z"], rtol=0, atol=1e-11)
    total = s["x"] @ s["x"] + s["y"] @ s["y"] + s["z"] @ s["z"]
    np.testing.assert_allclose(total, j * (j + 1) * np.eye(twice_j + 1), rtol=0, atol=1e-11)
    assert s["z"][0, 0] == j


@pytest.mark.parametrize("twice_j", [1, 4])
def test_collective_spins_are_qutips(twice_j):
    for axis, name in (("x", "x"), ("y", "y"), ("z", "z"), ("+", "+"), ("-", "-")):
        np.testing.assert_allclose(
            collective_spins(twice_j)[axis], qutip.jmat(twice_j / 2, name).full(), rtol=0, atol=1e-14
        )
