"""From an `OpSum` to numbers: XOR-gather rows, CSR, dense, Qobj, collective spins."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray

from qsb.algebra.opsum import OpSum
from qsb.algebra.pauli import pauli_strings
from qsb.algebra.site_operators import BOSON_OPERATORS, SPIN_OPERATORS, acts_on, transition
from qsb.algebra.space import Boson, Level, Space, Spin
from qsb.algebra.terms import Global, Local, Matrix, Pair, Quartic
from qsb.errors import StructureError


@dataclass(frozen=True)
class Gather:
    """An operator as sum_x diag(values_x) X^x: one row of values a flip mask, (n, D)."""

    flips: NDArray[np.int64]
    values: NDArray[np.complex128]


def gather(op: OpSum, space: Space) -> Gather:
    """XOR-gather rows of any operator on spins (an opaque matrix included), for small spaces."""
    size = 1 << space.sites
    rows: dict[int, NDArray[np.complex128]] = {}
    index = np.arange(size)
    named = OpSum(tuple(t for t in op.active if not isinstance(t, Matrix)))
    for (x, z), c in pauli_strings(named, space).items():
        signs = 1.0 - 2.0 * (np.bitwise_count((index ^ x) & z) & 1)
        rows[x] = rows.get(x, np.zeros(size, dtype=complex)) + c * signs
    for t in op.active:
        if isinstance(t, Matrix):
            m = sp.coo_array(t.data)
            for x in np.unique(m.row ^ m.col):
                pick = (m.row ^ m.col) == x
                row = rows.setdefault(int(x), np.zeros(size, dtype=complex))
                np.add.at(row, m.row[pick], m.data[pick])
    kept = sorted(x for x, v in rows.items() if np.any(v))
    values = np.array([rows[x] for x in kept], dtype=complex).reshape(len(kept), size)
    return Gather(np.array(kept, dtype=np.int64), values)


def _site_matrix(kind: Spin | Boson | Level, name: str) -> NDArray[np.complex128]:
    if isinstance(kind, Spin):
        return SPIN_OPERATORS[name]
    if isinstance(kind, Boson) and name in BOSON_OPERATORS:
        return boson_matrix(name, kind.highest)
    if name == "i":
        return np.eye(kind.dimension, dtype=complex)
    if acts_on(name, kind):
        out = np.zeros((kind.dimension, kind.dimension), dtype=complex)
        out[transition(name)] = 1.0
        return out
    raise StructureError(f"Operator {name!r} cannot act on a site of kind {type(kind).__name__}.")


def boson_matrix(name: str, cutoff: int) -> NDArray[np.complex128]:
    """Matrix elements of a mode operator between the Fock states 0..cutoff, exact for every pair of them."""
    size = cutoff + 1
    out = np.zeros((size, size), dtype=complex)
    for offset, w in boson_band(name, cutoff).items():
        n = np.arange(max(0, -offset), size - max(0, offset))
        out[n, n + offset] = w[n]
    return out


def boson_band(name: str, cutoff: int) -> dict[int, NDArray[np.complex128]]:
    r"""Diagonals of a mode operator, {j - i: elements (i, j) by row}; as long as a column, zero outside the matrix.

    :math:`a^{\dagger c}a^d|n\rangle = \sqrt{n!\,(n-d+c)!}/(n-d)!\;|n-d+c\rangle`.
    """
    out: dict[int, NDArray[np.complex128]] = {}
    n = np.arange(cutoff + 1)
    for (creations, annihilations), c in BOSON_OPERATORS[name].items():
        weight = np.ones(cutoff + 1)
        for k in range(annihilations):
            weight = weight * np.sqrt(np.maximum(n - k, 0))
        for k in range(creations):
            weight = weight * np.sqrt(np.maximum(n - annihilations + k + 1, 0))
        to = n - annihilations + creations
        kept = (n >= annihilations) & (to <= cutoff)
        if np.any(kept):
            w = out.setdefault(annihilations - creations, np.zeros(cutoff + 1, dtype=complex))
            w[to[kept]] += c * weight[kept]
    return out


def csr(op: OpSum, space: Space) -> Any:
    """Sparse matrix (scipy ``csr_array``) of an operator on the whole space."""
    kinds = [g.kind for g in space.groups for _ in range(g.count)]
    dims = [k.dimension for k in kinds]
    total: Any = sp.csr_array((space.dimension, space.dimension), dtype=complex)
    for t in op.active:
        if isinstance(t, Matrix):
            total = total + sp.csr_array(t.data)
            continue
        if isinstance(t, Quartic):
            total = total + _quartic(t, space)
            continue
        for c, factors in t.words(space):
            total = total + c * _word(dict(factors), kinds, dims)
    return sp.csr_array(total)


def _quartic(term: Quartic, space: Space) -> Any:
    """Sparse matrix of four-fermion operators, B+ (M x 1) B with the pair operators stacked in B."""
    n = space.group(term.group).count
    size = 1 << n
    index = np.arange(size)
    removed = []
    for i, j in zip(*term.pairs(space), strict=True):
        pair = 1 << (n - 1 - int(i)) | 1 << (n - 1 - int(j))
        inside = (1 << (n - 1 - int(i))) - (1 << (n - int(j)))  # sites between the two
        full = index[(index & pair) == 0]
        crossed = int(j - i - 1) - np.bitwise_count(full & inside).astype(int)
        sign = 1.0 - 2.0 * (crossed & 1) if term.fermions else np.ones(len(full))
        removed.append(sp.csr_array((sign, (full | pair, full)), shape=(size, size)))
    stacked = sp.csr_array(sp.vstack(removed))
    inner = stacked.T @ (sp.kron(sp.csr_array(term.strength), sp.eye_array(size), format="csr") @ stacked)
    before, after = 1, 1
    names = [g.name for g in space.groups]
    for k, g in enumerate(space.groups):
        if k < names.index(term.group):
            before *= g.kind.dimension**g.count
        elif k > names.index(term.group):
            after *= g.kind.dimension**g.count
    return sp.kron(sp.kron(sp.eye_array(before), inner), sp.eye_array(after))


def _word(factors: dict[int, str], kinds: list[Spin | Boson | Level], dims: list[int]) -> Any:
    """Kronecker product of one word, with runs of identities merged into one factor."""
    out: Any = sp.csr_array(np.ones((1, 1), dtype=complex))
    run = 1
    for site, kind in enumerate(kinds):
        if site in factors:
            if run > 1:
                out, run = sp.kron(out, sp.eye_array(run), format="csr"), 1
            out = sp.kron(out, sp.csr_array(_site_matrix(kind, factors[site])), format="csr")
        else:
            run *= dims[site]
    return sp.kron(out, sp.eye_array(run), format="csr") if run > 1 else out


def dense(op: OpSum, space: Space) -> NDArray[np.complex128]:
    """Dense matrix of an operator on the whole space."""
    return np.asarray(csr(op, space).toarray(), dtype=complex)


def qobj(op: OpSum, space: Space) -> Any:
    """The operator as a `qutip.Qobj` with one tensor factor a site."""
    import qutip

    dims = list(space.dimensions())
    return qutip.Qobj(csr(op, space).tocsr(), dims=[dims, dims])


def collective(op: OpSum, space: Space, twice_j: int | None = None) -> NDArray[np.complex128]:
    r"""A permutation-symmetric operator inside the sector of total spin j, in the basis m = j, j-1, ..., -j.

    Uses :math:`\sum_i \sigma^a_i = 2J_a`, :math:`\sum_{i<j}\sigma^a_i\sigma^a_j = (4J_a^2 - N)/2` and, for
    the product over all cells, :math:`\prod_i \sigma^x_i |j,m\rangle = (-1)^{N/2-j}|j,-m\rangle`.

    Args:
        op: sum whose terms are permutation symmetric (`structure.is_permutation_symmetric`).
        space: one group of N spins.
        twice_j: 2j; N by default (the symmetric sector).

    Returns:
        (2j+1, 2j+1) matrix.
    """
    n = space.sites
    jj = n if twice_j is None else twice_j
    spins = collective_spins(jj)
    total = np.zeros((jj + 1, jj + 1), dtype=complex)
    for t in op.active:
        if isinstance(t, Local):
            total += complex(np.asarray(t.strength).flat[0]) * _collective_sum(t.op, spins, n)
        elif isinstance(t, Pair):
            if n > 1:
                weight = t.alike(space)
                # of unlike operators half of the sum with its mirror image, which stands elsewhere in `op`
                a, b = (_collective_sum(o, spins, n) for o in (t.first, t.second))
                square = _anticommutator(t.first, t.second) / 2
                total += weight / 2 * ((a @ b + b @ a) / 2 - _collective_square(square, spins, n))
        elif isinstance(t, Global):
            total += complex(t.strength) * _collective_product(t.op, spins, n, jj)
        elif not isinstance(t, Matrix):
            for c, factors in t.words(space):
                one = factors[0][1] if n == 1 and factors else "i"
                total += c * (_collective_sum(one, spins, n) if one != "i" else np.eye(jj + 1))
    return total


def collective_spins(twice_j: int) -> dict[str, NDArray[np.complex128]]:
    """Matrices of J_x, J_y, J_z, J_+, J_- for total spin j, m descending."""
    j = twice_j / 2
    m = j - np.arange(twice_j + 1)
    up = np.sqrt(np.maximum(j * (j + 1) - m[1:] * (m[1:] + 1), 0.0))
    plus = np.diag(up, 1).astype(complex)
    minus = plus.conj().T
    return {
        "x": (plus + minus) / 2,
        "y": (plus - minus) / 2j,
        "z": np.diag(m).astype(complex),
        "+": plus,
        "-": minus,
    }


def _collective_sum(name: str, spins: dict[str, NDArray[np.complex128]], n: int) -> NDArray[np.complex128]:
    one = np.eye(len(spins["z"]), dtype=complex)
    if name == "i":
        return n * one
    if name == "n":
        return n / 2 * one + spins["z"]
    return spins[name] if name in "+-" else 2 * spins[name]


def _anticommutator(first: str, second: str) -> NDArray[np.complex128]:
    a, b = SPIN_OPERATORS[first], SPIN_OPERATORS[second]
    return a @ b + b @ a


def _collective_square(square: NDArray[np.complex128], spins: dict[str, Any], n: int) -> NDArray[np.complex128]:
    """Sum over cells of o^2, where o^2 is 0, the identity or a projector."""
    one = np.eye(len(spins["z"]), dtype=complex)
    return np.asarray(square[0, 0] * (n / 2 * one + spins["z"]) + square[1, 1] * (n / 2 * one - spins["z"]))


def _collective_product(name: str, spins: dict[str, Any], n: int, twice_j: int) -> NDArray[np.complex128]:
    size = twice_j + 1
    k = np.arange(size)  # number of lowerings from m = j
    downs = (n - twice_j) // 2 + k  # down spins in the state: each singlet pair adds one
    out = np.zeros((size, size), dtype=complex)
    if name == "x":
        out[size - 1 - k, k] = (-1.0) ** ((n - twice_j) // 2)
    elif name == "y":
        out[size - 1 - k, k] = 1j**n * (-1.0) ** k
    elif name == "z":
        out[k, k] = (-1.0) ** downs
    elif name == "i":
        out[k, k] = 1.0
    elif twice_j == n:  # n, + and - projectors reach only the fully symmetric sector
        at = {"n": (0, 0), "+": (0, size - 1), "-": (size - 1, 0)}[name]
        out[at] = 1.0
    return out
