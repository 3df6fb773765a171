"""Generators of density matrices: matrix-free Lindblad right-hand sides, never a D^2 x D^2 matrix unless D is tiny."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import scipy.sparse as sp

from qsb.algebra import build
from qsb.algebra.opsum import OpSum
from qsb.algebra.pauli import PauliSum
from qsb.algebra.space import Space
from qsb.charging.environment import Jump
from qsb.dynamics.representation import Apply, Array, Generator
from qsb.dynamics.segment import Segment

#: dense propagators act on d^2 unknowns: up to 16 x 16 density matrices
DENSE_UNKNOWNS = 256


def matrix_generator(
    segment: Segment, matrix: Callable[[OpSum], Any], jumps: Callable[[Jump], list[tuple[float, Any]]]
) -> Generator:
    """A Lindblad generator from sparse matrices: any frame, any jumps.

    Args:
        segment: the interval.
        matrix: turns a Hamiltonian into a sparse matrix of the frame.
        jumps: turns a jump into (rate, L) pairs.
    """
    h = matrix(segment.hamiltonian)
    unitary: list[tuple[Callable[[float], float] | None, Apply]] = [(None, _commutator(h))]
    unitary += [(f, _commutator(matrix(op))) for op, f in segment.drives]
    constant = [pair for j in segment.jumps for pair in jumps(j)]
    dissipative: list[tuple[Callable[[float], float] | None, Apply]] = []
    if constant:
        dissipative.append((None, _dissipator(constant)))
    dissipative += [(f, _dissipator(jumps(j))) for j, f in segment.rated]
    size = h.shape[0]
    norm = 2 * _norm(h) + sum(2 * rate * _norm(op) ** 2 for rate, op in constant)
    return _density_generator(segment, unitary, dissipative, size, norm)


def gather_generator(segment: Segment, space: Space) -> Generator:
    """A Lindblad generator on spins from XOR-gather rows: one compiled pass a term."""
    unitary: list[tuple[Callable[[float], float] | None, Apply]] = [
        (None, _gathered(-1j, segment.hamiltonian, [], space))
    ]
    unitary += [(f, _gathered(-1j, op, [], space)) for op, f in segment.drives]
    constant = [pair for j in segment.jumps for pair in j.operators(space)]
    dissipative: list[tuple[Callable[[float], float] | None, Apply]] = []
    if constant:
        dissipative.append((None, _gathered(0.0, OpSum(), constant, space)))
    dissipative += [(f, _gathered(0.0, OpSum(), j.operators(space), space)) for j, f in segment.rated]
    norm = 2 * PauliSum.of(segment.hamiltonian, space).norm_bound
    norm += sum(2 * rate * PauliSum.of(op, space).norm_bound ** 2 for rate, op in constant)
    return _density_generator(segment, unitary, dissipative, 1 << space.sites, norm)


def _density_generator(
    segment: Segment,
    unitary: list[tuple[Callable[[float], float] | None, Apply]],
    dissipative: list[tuple[Callable[[float], float] | None, Apply]],
    size: int,
    norm: float,
) -> Generator:
    def dense() -> Array:
        """Columns of the superoperator: images of Hermitian basis matrices, combined."""
        n = size * size
        out = np.empty((n, n), dtype=complex)
        for k in range(n):
            i, j = divmod(k, size)
            e = np.zeros((size, size), dtype=complex)
            e[i, j] = 1.0
            # apply() may assume a Hermitian argument: split |i><j| into Hermitian parts.
            real, imag = (e + e.T) / 2, (e - e.T) / 2j
            out[:, k] = (generator.apply(segment.start, real) + 1j * generator.apply(segment.start, imag)).ravel()
        return out[None]

    generator = Generator(
        segment,
        tuple(unitary),
        tuple(dissipative),
        dense=dense if segment.constant and size * size <= DENSE_UNKNOWNS else None,
        norm=lambda: norm,
    )
    return generator


def _norm(m: Any) -> float:
    """Largest absolute row sum: an upper bound of the spectral norm of a Hermitian or ladder matrix."""
    a = abs(m)
    return float(max(np.sqrt(a.sum(axis=1).max() * a.sum(axis=0).max()), 1e-300)) if m.nnz else 0.0


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
            # L rho L^+ = (L (L rho)^+)^+ and rho is Hermitian
            out = out + rate * (op @ (op @ rho).conj().T).conj().T
        return np.asarray(out)

    return apply if kept else (lambda rho: np.zeros_like(rho))


def _gathered(factor: complex, h: OpSum, pairs: list[tuple[float, OpSum]], space: Space) -> Apply:
    """rho -> A rho + rho A^+ + sum rate L rho L^+, A = factor * H - sum rate L^+L / 2."""
    from qsb.algebra.kernels.lindblad import lindblad_half

    size = 1 << space.sites
    rows: dict[int, Array] = {}
    start = build.gather(h, space)
    for x, v in zip(start.flips, start.values, strict=True):
        rows[int(x)] = factor * v
    single: list[tuple[int, Array]] = []
    several: list[Any] = []
    for rate, op in pairs:
        g = build.gather(op * np.sqrt(rate), space)
        if len(g.flips) == 1:
            single.append((int(g.flips[0]), g.values[0]))
            occupied = np.abs(g.values[0][np.arange(size) ^ g.flips[0]]) ** 2
            rows[0] = rows.get(0, np.zeros(size, dtype=complex)) - occupied / 2
        else:
            several.append(build.csr(op * np.sqrt(rate), space))
    flips = np.array(sorted(rows), dtype=np.int64)
    values = np.array([rows[int(x)] for x in flips], dtype=complex).reshape(len(flips), size)
    jump_flips = np.array([x for x, _ in single], dtype=np.int64)
    left = np.array([v for _, v in single], dtype=complex).reshape(len(single), size)
    extra = _dissipator([(1.0, op) for op in several]) if several else None

    def apply(rho: Array) -> Array:
        half = np.empty_like(rho)
        lindblad_half(flips, values, jump_flips, left, left.conj(), np.ascontiguousarray(rho), half)
        out = half + half.conj().T
        return out if extra is None else np.asarray(out + extra(rho))

    return apply
