"""Structure flags are read off the terms, and agree with what the matrices say."""

import itertools

import numpy as np
import pytest
import scipy.sparse as sp

from qsb.algebra.build import dense
from qsb.algebra.opsum import OpSum
from qsb.algebra.space import Group, Space, Spin
from qsb.algebra.states import Start
from qsb.algebra.structure import cell_matrices, is_hermitian, is_one_body, is_permutation_symmetric
from qsb.algebra.terms import Global, Local, Matrix, Pair, Word
from qsb.charging.battery import Battery
from qsb.charging.envelope import Gaussian, Piecewise, Ramp, Sinusoidal
from qsb.charging.environment import dephasing, emission, thermal
from qsb.charging.problem import Problem
from qsb.charging.protocol import quench
from qsb.errors import StructureError


def swap_invariant(op, cells):
    """Whether the dense matrix commutes with every exchange of two cells."""
    m = dense(op, Space.spins(cells)).reshape([2] * (2 * cells))
    for i, j in itertools.combinations(range(cells), 2):
        order = list(range(cells))
        order[i], order[j] = j, i
        if not np.allclose(m, m.transpose([*order, *(cells + k for k in order)])):
            return False
    return True


SYMMETRIC = [
    Local("x", 0.3),
    Local("+", np.full(3, 0.3)),
    Pair("x", "x", 0.3, "all"),
    Pair("z", "z", 0.3, "ring"),
    Pair("y", "y", 0.3, "power-law", exponent=0.0),
    Pair("x", "x", np.ones((3, 3)) - np.eye(3), "explicit"),
    Global("+", 0.3),
    Word(0.3, ()),
    Word(0.3, ((1, "i"),)),
]
ASYMMETRIC = [
    Local("x", np.array([0.3, 0.3, 0.2])),
    Pair("x", "x", 0.3, "chain"),
    Pair("x", "y", 0.3, "all"),
    Pair("x", "x", 0.3, "power-law", exponent=1.0),
    Pair("z", "z", np.array([0.1, 0.2, 0.1]), "ring"),
    Word(0.3, ((0, "z"),)),
]


@pytest.mark.parametrize("term", SYMMETRIC, ids=repr)
def test_symmetric_terms(term):
    op = OpSum((term,))
    assert swap_invariant(op, 3)
    assert is_permutation_symmetric(op, Space.spins(3))


@pytest.mark.parametrize("term", ASYMMETRIC, ids=repr)
def test_asymmetric_terms(term):
    op = OpSum((term,))
    assert not swap_invariant(op, 3)
    assert not is_permutation_symmetric(op, Space.spins(3))


def test_two_cells_in_a_chain_are_all_pairs():
    assert is_permutation_symmetric(OpSum((Pair("x", "x", 0.3, "chain"),)), Space.spins(2))
    assert not is_permutation_symmetric(OpSum((Pair("x", "y", 0.3, "chain"),)), Space.spins(2))


def test_an_opaque_matrix_and_two_groups_are_never_called_symmetric():
    assert not is_permutation_symmetric(OpSum((Matrix(np.eye(8)),)), Space.spins(3))
    two = Space((Group("cells", Spin(), 2), Group("drivers", Spin(), 1, "charger")))
    assert not is_permutation_symmetric(OpSum((Local("x", 0.3),)), two)


@pytest.mark.parametrize(
    ("term", "answer"),
    [
        (Local("x", 0.3), True),
        (Word(0.3, ((1, "z"), (0, "i"))), True),
        (Word(0.3, ((1, "z"), (0, "x"))), False),
        (Pair("x", "x", 0.3), False),
        (Pair("x", "x", 0.0), True),
        (Global("x", 0.3), False),
        (Matrix(np.eye(8)), False),
    ],
    ids=repr,
)
def test_one_body(term, answer):
    assert is_one_body(OpSum((term,)), Space.spins(3)) is answer


def test_everything_on_one_cell_is_one_body():
    op = OpSum((Pair("x", "x", 0.3), Global("y", 0.2), Local("z", 0.5)))
    assert is_one_body(op, Space.spins(1))


@pytest.mark.parametrize(
    "op",
    [
        OpSum((Local("z", np.array([0.1, 0.2, 0.3])), Local("x", 0.4))),
        OpSum((Local("z", 0.5), Word(0.3, ((1, "y"), (0, "i"))), Word(0.7, ((2, "i"),)))),
        OpSum((Local("+", 0.2 + 0.1j), Local("-", 0.2 - 0.1j), Local("n", 0.4))),
        OpSum(),
    ],
)
def test_cell_matrices_add_up_to_the_operator(op):
    space = Space.spins(3)
    h = cell_matrices(op, space)
    total = np.zeros((8, 8), dtype=complex)
    for i in range(3):
        factors = [np.eye(2)] * 3
        factors[i] = h[i if len(h) > 1 else 0]
        total += np.kron(np.kron(*factors[:2]), factors[2])
    np.testing.assert_allclose(total, dense(op, space), rtol=0, atol=1e-14)


def test_alike_cells_cost_one_matrix():
    assert cell_matrices(OpSum((Local("z", 0.5), Local("x", 0.1))), Space.spins(10**6)).shape == (1, 2, 2)
    with pytest.raises(StructureError, match="sum over cells"):
        cell_matrices(OpSum((Pair("x", "x", 0.1),)), Space.spins(3))


HERMITIAN = [
    OpSum((Local("x", 0.3), Pair("y", "z", 0.2), Global("y", 0.1))),
    OpSum((Local("+", 0.3 + 0.1j), Local("-", 0.3 - 0.1j))),
    OpSum((Pair("+", "-", 0.3j, "chain"), Pair("-", "+", -0.3j, "chain"))),
    OpSum((Word(0.2j, ((0, "+"), (2, "-"))), Word(-0.2j, ((2, "+"), (0, "-"))))),
    OpSum((Global("+", 1j), Global("-", -1j))),
    OpSum((Matrix(np.diag(np.arange(8.0))), Local("z", 0.1))),
    OpSum((Matrix(np.triu(np.ones((8, 8)))), Matrix(np.tril(np.ones((8, 8)))))),
    OpSum((Matrix(sp.csr_array(np.eye(8))),)),
    OpSum(),
]
NOT_HERMITIAN = [
    OpSum((Local("x", 0.3j),)),
    OpSum((Local("-", 0.3),)),
    OpSum((Pair("+", "-", 0.3, "chain"),)),
    OpSum((Pair("+", "-", 0.3, "chain"), Pair("-", "+", 0.2, "chain"))),
    OpSum((Word(0.2j, ((0, "z"),)),)),
    OpSum((Global("+", 1.0),)),
    OpSum((Matrix(np.triu(np.ones((8, 8)))),)),
    OpSum((Matrix(1j * np.eye(8)),)),
    OpSum((Matrix(np.eye(8)), Local("-", 0.1))),
]


@pytest.mark.parametrize("op", HERMITIAN)
def test_hermitian_sums(op):
    m = dense(op, Space.spins(3))
    assert np.allclose(m, m.conj().T)
    assert is_hermitian(op, Space.spins(3))


@pytest.mark.parametrize("op", NOT_HERMITIAN)
def test_sums_that_are_not_hermitian_are_refused_by_name(op):
    space = Space.spins(3)
    m = dense(op, space)
    assert not np.allclose(m, m.conj().T)
    assert not is_hermitian(op, space)
    meter = OpSum((Local("z", 0.5),))
    with pytest.raises(StructureError, match="V is not Hermitian"):
        Battery(space, meter, op)
    with pytest.raises(StructureError, match="H_B is not Hermitian"):
        Battery(space, op)


def flags(interaction=(), meter=None, channels=(), protocol=None, start=None, cells=3, **more):
    """Return the structure of a problem."""
    battery = Battery(
        Space.spins(cells),
        meter or OpSum((Local("z", 0.5),)),
        OpSum(tuple(interaction)),
        start=start or Start(),
        **more,
    )
    return Problem(battery, protocol or quench(1.0), tuple(channels)).structure


def test_flags_of_the_interaction():
    field = flags([Local("x", 0.5)])
    assert field.one_body
    assert field.permutation_symmetric
    assert field.body_order == 1
    chain = flags([Pair("x", "x", 0.5)])
    assert not chain.one_body
    assert chain.battery_one_body
    assert not chain.permutation_symmetric
    assert chain.body_order == 2
    assert flags([Global("x", 0.5)]).body_order == 3
    driven = flags([Local("x", 0.5)], drives=((OpSum((Pair("x", "x", 0.1),)), Sinusoidal(1.0)),))
    assert driven.body_order == 2
    assert not driven.one_body
    opaque = flags([Matrix(np.eye(8))])
    assert opaque.opaque
    assert not opaque.one_body


def test_flags_of_the_environment():
    assert not flags().dissipative
    assert not flags(channels=[emission(0.0)]).dissipative
    local = flags(channels=[emission(0.1), dephasing(np.array([0.1, 0.0, 0.0]))])
    assert local.dissipative
    assert local.local_noise
    assert not local.collective_noise
    together = flags(channels=[emission(0.1, collective=True)])
    assert together.collective_noise
    assert not together.local_noise
    both = flags(channels=[emission(0.1, collective=True), dephasing(0.1)])
    assert not both.collective_noise
    assert not both.local_noise
    alone = flags(channels=[emission(0.1, collective=True), thermal(0.1, nbar=1.0)], cells=1)
    assert alone.collective_noise
    assert alone.local_noise


def test_flags_of_time():
    assert flags(protocol=quench(1.0)).time_independent
    assert not flags(protocol=quench(1.0, Gaussian(0.5, 0.1))).time_independent
    assert not flags(protocol=quench(1.0, Piecewise((0.0, 0.5), (1.0,)))).time_independent
    assert not flags(channels=[emission(0.1, envelope=Ramp(0.0, 1.0, 1.0))]).time_independent


def test_flags_of_the_start():
    interacting = OpSum((Local("z", 0.5), Pair("z", "z", 0.1, "all")))
    assert flags().product_start
    assert flags().uniform_start
    assert flags().pure_start
    correlated = flags(meter=interacting)
    assert not correlated.product_start
    assert correlated.uniform_start
    unlike = flags(start=Start("product", bloch=np.array([[0, 0, 1.0], [0, 0, 1], [0, 0.5, 0]])))
    assert unlike.product_start
    assert not unlike.uniform_start
    assert not unlike.pure_start
    hot = flags(start=Start("thermal", temperature=1.0))
    assert hot.product_start
    assert not hot.pure_start
    user = flags(start=Start("state", array=np.eye(8)[0]))
    assert user.pure_start
    assert not user.product_start
    unequal = flags(meter=OpSum((Local("z", np.array([0.5, 0.5, 0.6])),)))
    assert unequal.product_start
    assert not unequal.uniform_start
