"""Generators of density matrices: matrix-free Lindblad right-hand sides, never a D^2 x D^2 matrix unless D is tiny.

On spins the unknown is the real form R of rho (`qsb.algebra.hermitian`); in other frames it is rho itself.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import scipy.sparse as sp
import scipy.sparse.linalg as spla
from numpy.typing import NDArray

from qsb.algebra import build
from qsb.algebra.hermitian import pack, unpack
from qsb.algebra.opsum import OpSum
from qsb.algebra.space import Space
from qsb.charging.environment import Jump
from qsb.dynamics.frame import Operator, Sparse
from qsb.dynamics.full import operator
from qsb.dynamics.representation import Apply, Array, Generator
from qsb.dynamics.segment import Segment

Coefficient = Callable[[float], float]
Rows = dict[int, Array]

#: a dense matrix of the generator is offered up to 16 x 16 density matrices
DENSE_UNKNOWNS = 256
#: up to this dimension the spectrum of H is found by a full diagonalisation
SPECTRUM_LIMIT = 64


# -- any frame: sparse matrices and complex rho -----------------------------------------------------------------------


def matrix_generator(
    segment: Segment, matrix: Callable[[OpSum], Any], jumps: Callable[[Jump], list[tuple[float, Any]]]
) -> Generator:
    """A Lindblad generator from sparse matrices: any frame, any jumps; it acts on Hermitian rho.

    Args:
        segment: the interval.
        matrix: turns a Hamiltonian into a sparse matrix of the frame.
        jumps: turns a jump into (rate, L) pairs.
    """
    h = matrix(segment.hamiltonian)
    unitary: list[tuple[Coefficient | None, Apply]] = [(None, _commutator(h))]
    unitary += [(f, _commutator(matrix(op))) for op, f in segment.drives]
    constant = [pair for j in segment.jumps for pair in jumps(j)]
    dissipative: list[tuple[Coefficient | None, Apply]] = []
    if constant:
        dissipative.append((None, _dissipator(constant)))
    dissipative += [(f, _dissipator(jumps(j))) for j, f in segment.rated]
    size = h.shape[0]
    decay = sum(2 * rate * _norm(op) ** 2 for rate, op in constant)

    def sparse() -> Any:
        """-i[H, .] + sum rate D[L] on row-major rho, from Kronecker products."""
        one = sp.eye_array(size)
        total = -1j * (sp.kron(h, one) - sp.kron(one, h.T))
        for rate, op in constant:
            n = op.conj().T @ op
            total = total + rate * (sp.kron(op, op.conj()) - (sp.kron(n, one) + sp.kron(one, n.T)) / 2)
        return sp.csr_array(total)

    return Generator(
        segment,
        tuple(unitary),
        tuple(dissipative),
        dense=(lambda: sparse().toarray()[None]) if segment.constant and size * size <= DENSE_UNKNOWNS else None,
        sparse=sparse if segment.constant else None,
        norm=lambda: 2 * _norm(h) + decay,
        extent=lambda: _extent(Sparse(h), size, decay, _dissipator(constant)),
    )


def _norm(m: Any) -> float:
    """Largest absolute row sum: an upper bound of the spectral norm of a Hermitian or ladder matrix."""
    a = abs(sp.csr_array(m))
    return float(max(np.sqrt(a.sum(axis=1).max() * a.sum(axis=0).max()), 1e-300)) if a.nnz else 0.0


def _extent(op: Operator, size: int, decay: float, dissipate: Callable[[Array], Array]) -> tuple[float, float, float]:
    """Fastest decay, the spread of H, and the decay of |highest><lowest|, the coherence of highest frequency.

    Args:
        op: H.
        size: its dimension.
        decay: a bound of all decays.
        dissipate: the dissipator on Hermitian matrices.
    """
    low, high, u, v = _extremes(op, size)
    tip = np.outer(u, v.conj())
    tip = (tip + tip.conj().T) / np.sqrt(2)
    return decay, high - low, float(-np.vdot(tip, dissipate(tip)).real)


def _extremes(op: Operator, size: int) -> tuple[float, float, Array, Array]:
    """Lowest and highest energy of H with their kets, to a few digits."""
    if size <= SPECTRUM_LIMIT:
        e, u = np.linalg.eigh(op.apply(np.eye(size, dtype=complex)))
        return float(e[0]), float(e[-1]), u[:, 0], u[:, -1]
    linear = spla.LinearOperator(
        (size, size), matvec=lambda v: op.apply(np.asarray(v, dtype=complex).ravel()), dtype=complex
    )
    start = np.random.default_rng(5).normal(size=size).astype(complex)
    found = []
    for which in ("SA", "LA"):
        e, u = spla.eigsh(linear, k=1, which=which, v0=start, tol=1e-4, maxiter=20000)
        found.append((float(e[0]), u[:, 0]))
    return found[0][0], found[1][0], found[0][1], found[1][1]


def _commutator(h: Any) -> Apply:
    def apply(rho: Array) -> Array:
        half = -1j * (h @ rho)
        return np.asarray(half + half.conj().T)

    return apply


def _dissipator(pairs: list[tuple[float, Any]]) -> Apply:
    kept = [(rate, sp.csr_array(op), sp.csr_array(op.conj().T)) for rate, op in pairs if rate > 0]
    decay: Any = 0
    for rate, op, adjoint in kept:
        decay = decay + rate / 2 * (adjoint @ op)

    def apply(rho: Array) -> Array:
        half = -(decay @ rho)
        out = half + half.conj().T
        for rate, op, _ in kept:
            # L rho L^+ = L (L rho)^+ of a Hermitian rho. Made Hermitian to the last bit: on what is not, this is a gain
            # without its loss, and rounding would grow exponentially
            half = rate / 2 * (op @ (op @ rho).conj().T)
            out = out + half + half.conj().T
        return np.asarray(out)

    return apply if kept else (lambda rho: np.zeros_like(rho))


# -- spins: compiled passes over the real form ------------------------------------------------------------------------


@dataclass(frozen=True)
class Tables:
    """M rho + (M rho)^+ + weight * rho + sum_k l_k rho l_k^+ + what sparse jumps add, as tables of the kernel.

    Attributes:
        size: D.
        k_masks: flips of K, where M = G - iK.
        k_values: K as sum_x diag(values_x) X^x, (n, D).
        g_masks: the same of G.
        g_values: (m, D).
        weight: (D, D), or (0, 0).
        masks: flips of the jumps of one flip each, l_k = diag(values_k) X^{masks_k}.
        values: (j, D), real.
        sparse: real and imaginary parts of jumps of several flips, as CSR matrices.
    """

    size: int
    k_masks: NDArray[np.int64]
    k_values: NDArray[np.float64]
    g_masks: NDArray[np.int64]
    g_values: NDArray[np.float64]
    weight: NDArray[np.float64]
    masks: NDArray[np.int64]
    values: NDArray[np.float64]
    sparse: tuple[tuple[Any, Any], ...] = ()

    @cached_property
    def _scratch(self) -> NDArray[np.float64]:
        n = self.size if len(self.k_masks) + len(self.g_masks) else 0
        return np.empty((n, n))

    def apply(self, x: Array) -> Array:
        """The real form of the right-hand side."""
        return self.apply_with(self.k_values, self.g_values, x)

    def apply_with(self, k_values: Array, g_values: Array, x: Array) -> Array:
        """The same with other values on the same flips."""
        from qsb.algebra.kernels.lindblad import lindblad

        x = np.ascontiguousarray(x, dtype=np.float64)
        out = np.empty_like(x)
        lindblad(
            self.k_masks, k_values, self.g_masks, g_values, self.weight, self.masks, self.values, x, out, self._scratch
        )
        for real, imag in self.sparse:
            out += _sandwich(real, imag, x)
        return out

    @cached_property
    def decay(self) -> float:
        """A bound of how fast anything decays: Gershgorin discs of the entries of rho, and 2 |L|^2 of sparse jumps."""
        from dataclasses import replace

        total = sum(2 * max(_norm(re + 1j * im), 0.0) ** 2 for re, im in self.sparse)
        if self.weight.size:
            none = np.empty(0, dtype=np.int64), np.empty((0, self.size))
            size = replace(
                self, k_masks=none[0], k_values=none[1], g_masks=none[0], g_values=none[1],
                values=np.abs(self.values), sparse=(),
            ).apply(np.ones((self.size, self.size)))  # fmt: skip
            total += max(0.0, float((size - 2 * self.weight).max()))
        return float(total)


def _sandwich(real: Any, imag: Any, x: Array) -> Array:
    """Real form of L rho L^+ for L = real + i imag."""
    y = real @ (real @ x.T).T
    if imag.nnz:
        # the cross terms i (imag rho real^T - real rho imag^T) see S - A, which is x^T
        y = y + imag @ (imag @ x.T).T + imag @ (real @ x).T - real @ (imag @ x).T
    return np.asarray(y)


def _split(rows: Rows, size: int) -> tuple[NDArray[np.int64], Array, NDArray[np.int64], Array]:
    """Flips and values of K and G of M = G - iK."""
    k = {x: -v.imag for x, v in rows.items() if np.any(v.imag)}
    g = {x: v.real for x, v in rows.items() if np.any(v.real)}
    return (*_stacked(k, size), *_stacked(g, size))


def _stacked(rows: Rows, size: int) -> tuple[NDArray[np.int64], Array]:
    masks = np.array(sorted(rows), dtype=np.int64)
    return masks, np.array([rows[int(x)] for x in masks], dtype=np.float64).reshape(len(masks), size)


def _hamiltonian_rows(op: OpSum, space: Space) -> Rows:
    """Rows of -iH."""
    g = build.gather(op, space)
    return {int(x): -1j * v for x, v in zip(g.flips, g.values, strict=True)}


def _scattered(rows: Rows, size: int) -> Array:
    """The dense matrix of rows."""
    out, index = np.zeros((size, size), dtype=complex), np.arange(size)
    for x, v in rows.items():
        out[index, index ^ x] = v
    return out


@dataclass
class _Noise:
    """Dissipators of constant rate, split by what the kernel can do with them."""

    rows: Rows
    diagonal: Array
    weight: Array
    single: list[tuple[int, Array]]
    sparse: list[tuple[Any, Any]]

    @classmethod
    def of(cls, pairs: Sequence[tuple[float, OpSum]], space: Space) -> _Noise:
        """Jumps of one flip with real values become weights and gathers; all others sparse matrices."""
        size = 1 << space.sites
        index = np.arange(size)
        noise = cls({}, np.zeros(size), np.zeros((size, size)), [], [])
        for rate, op in pairs:
            g = build.gather(op * np.sqrt(rate), space)
            v = _real_values(g.values[0]) if len(g.flips) == 1 else None
            if v is None:
                noise._add_sparse(build.csr(op * np.sqrt(rate), space))
                continue
            f = int(g.flips[0])
            noise.diagonal -= v[index ^ f] ** 2 / 2
            if f == 0:
                noise.weight += np.outer(v, v)
            else:
                noise.single.append((f, v))
        noise.weight += noise.diagonal[:, None] + noise.diagonal[None, :]
        return noise

    def _add_sparse(self, op: Any) -> None:
        op = sp.csr_array(op)
        self.sparse.append((sp.csr_array(op.real), sp.csr_array(op.imag)))
        decay = sp.coo_array(-(op.conj().T @ op) / 2)
        for x in np.unique(decay.row ^ decay.col):
            pick = (decay.row ^ decay.col) == x
            row = self.rows.setdefault(int(x), np.zeros(op.shape[0], dtype=complex))
            np.add.at(row, decay.row[pick], decay.data[pick])


def _real_values(v: Array) -> Array | None:
    """Values times the phase that makes them real (a jump's phase is of no consequence); None if there is none."""
    top = v[np.argmax(np.abs(v))]
    turned = v * (abs(top) / top)
    return np.ascontiguousarray(turned.real) if np.abs(turned.imag).max() <= 1e-15 * abs(top) else None


def _tables(rows: Rows, noise: _Noise | None, size: int) -> Tables:
    """Tables of the Hamiltonian rows and, if any, of the noise."""
    if noise is None:
        none = np.empty(0, dtype=np.int64), np.empty((0, size))
        return Tables(size, *_split(rows, size), np.empty((0, 0)), *none)
    both = dict(rows)
    for x, v in noise.rows.items():
        both[x] = both.get(x, 0) + v
    masks = np.array([f for f, _ in noise.single], dtype=np.int64)
    values = np.array([v for _, v in noise.single], dtype=np.float64).reshape(len(masks), size)
    return Tables(size, *_split(both, size), noise.weight, masks, values, tuple(noise.sparse))


def gather_generator(segment: Segment, space: Space) -> Generator:
    """A Lindblad generator on spins: it acts on the real form of rho, in one compiled pass."""
    size = 1 << space.sites
    rows = _hamiltonian_rows(segment.hamiltonian, space)
    driven = [(_hamiltonian_rows(op, space), f) for op, f in segment.drives]
    pairs = [pair for j in segment.jumps for pair in j.operators(space)]
    noise = _Noise.of(pairs, space) if pairs else None
    rated = tuple((f, _tables({}, _Noise.of(j.operators(space), space), size).apply) for j, f in segment.rated)
    dissipator = _tables({}, noise, size)
    whole = _tables(rows, noise, size)

    def extent() -> tuple[float, float, float]:
        # a small H is scattered from the rows that are there
        h = operator(segment.hamiltonian, space) if size > SPECTRUM_LIMIT else Sparse(1j * _scattered(rows, size))
        return _extent(h, size, whole.decay, lambda rho: unpack(dissipator.apply(pack(rho))))

    def dense() -> Array:
        units = np.eye(size * size).reshape(-1, size, size)
        return np.array([whole.apply(e).ravel() for e in units]).T[None]

    return Generator(
        segment,
        ((None, _tables(rows, None, size).apply), *((f, _tables(r, None, size).apply) for r, f in driven)),
        (*(((None, dissipator.apply),) if noise is not None else ()), *rated),
        dense=dense if segment.constant and size * size <= DENSE_UNKNOWNS else None,
        norm=lambda: sum(extent()[:2]),
        extent=extent,
        whole=_fused(rows, driven, noise, rated, size) if driven or rated else (lambda t, x: whole.apply(x)),
    )


def _fused(
    rows: Rows,
    driven: Sequence[tuple[Rows, Coefficient]],
    noise: _Noise | None,
    rated: Sequence[tuple[Coefficient, Apply]],
    size: int,
) -> Callable[[float, Array], Array]:
    """The right-hand side at time t in one pass: drives are added to the tables, which are small beside rho."""
    # every flip that any part has is kept, so that the values of all parts line up
    union: Rows = {}
    for part in (rows, *(r for r, _ in driven)):
        for x, v in part.items():
            union[x] = union.get(x, 0) + np.full(size, float(np.any(v.real)) + 1j * float(np.any(v.imag)))
    frame = _tables(union, noise, size)
    parts = [_aligned(frame, _tables(rows, noise, size)), *(_aligned(frame, _tables(r, None, size)) for r, _ in driven)]

    def apply(t: float, x: Array) -> Array:
        k, g = parts[0][0].copy(), parts[0][1].copy()
        for (_, f), (dk, dg) in zip(driven, parts[1:], strict=True):
            c = f(t)
            k += c * dk
            g += c * dg
        out = frame.apply_with(k, g, x)
        for f, extra in rated:
            out += f(t) * extra(x)
        return out

    return apply


def _aligned(frame: Tables, part: Tables) -> tuple[Array, Array]:
    """Values of K and G of a part on the flips of the frame."""
    out = []
    for masks, given, values in (
        (frame.k_masks, part.k_masks, part.k_values),
        (frame.g_masks, part.g_masks, part.g_values),
    ):
        full = np.zeros((len(masks), frame.size))
        full[np.searchsorted(masks, given)] = values
        out.append(full)
    return out[0], out[1]
