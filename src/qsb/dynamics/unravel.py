r"""What the compiled loop of quantum jumps takes for one segment: pieces of G, polynomials of time, jumps.

:math:`G(t) = -iH(t) - \tfrac12\sum_k \gamma_k(t) L_k^+ L_k`. A Hamiltonian on spins is split into its diagonal, its
products of sigma^x (diagonal between two Walsh-Hadamard transforms) and sparse rows; anything else is sparse rows.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import reduce
from typing import Any

import numpy as np
import scipy.sparse as sp
from numpy.polynomial import Chebyshev, Polynomial
from numpy.typing import NDArray

from qsb.algebra import build
from qsb.algebra.kernels import jumps as kernel
from qsb.algebra.opsum import OpSum
from qsb.algebra.pauli import pauli_strings
from qsb.algebra.space import Space
from qsb.charging.environment import Jump
from qsb.dynamics.representation import Array
from qsb.dynamics.segment import Coefficient, Segment
from qsb.errors import ConvergenceError

#: degree of the polynomial that stands for an envelope on a panel, and the most panels of a segment
DEGREE, MOST_PANELS = 8, 20_000
#: products of sigma^x from which two transforms are cheaper than gathering them one by one
FEW_FLIPS = 3
_KINDS = {"-": kernel.LOWER, "+": kernel.RAISE, "z": kernel.TURN}


@dataclass(frozen=True)
class Piece:
    """One operator in the form of the compiled loop: -i(diagonal + crossed between transforms + rows), or a decay.

    Attributes:
        diagonal: (D,) complex.
        crossed: (D,) real, 1/D included; None without such a part.
        rows: what is left, sparse; None if nothing is.
    """

    diagonal: Array
    crossed: NDArray[np.float64] | None = None
    rows: Any = None


def hamiltonian(op: OpSum, space: Space) -> Piece:
    """-iH as a piece."""
    if not space.spins_only or op.opaque:
        return _sparse(-1j * build.csr(op, space))
    size = space.dimension
    masks, signs, rest = np.zeros(size, dtype=complex), np.zeros(size), {}
    strings = pauli_strings(op, space)
    woven = sum(1 for x, z in strings if x and not z) >= FEW_FLIPS
    for (x, z), c in strings.items():
        if x == 0:
            masks[z] = c
        elif z == 0 and woven:
            signs[x] = c.real
        else:
            rest[x, z] = c
    crossed = _walsh(signs) / size if woven else None
    return Piece(-1j * _walsh(masks.real), crossed, -1j * _gathered(rest, size) if rest else None)


def _walsh(v: NDArray[np.float64]) -> NDArray[np.float64]:
    """sum_z c_z (-1)^(z.k) for all k: the diagonal of a sum of products of sigma^z."""
    h, size = 1, len(v)
    while h < size:
        w = v.reshape(-1, 2, h)
        v = np.stack([w[:, 0] + w[:, 1], w[:, 0] - w[:, 1]], axis=1).ravel()
        h *= 2
    return v


def _gathered(strings: dict[tuple[int, int], complex], size: int) -> Any:
    """Sparse matrix of sum c X^x Z^z; strings that flip the same spins share their entries."""
    index = np.arange(size)
    flips = sorted({x for x, _ in strings})
    values = np.zeros((size, len(flips)), dtype=complex)
    for (x, z), c in strings.items():
        values[:, flips.index(x)] += c * (1.0 - 2.0 * (np.bitwise_count((index ^ x) & z) & 1))
    columns = index[:, None] ^ np.array(flips)
    starts = len(flips) * np.arange(size + 1)
    return sp.csr_array((values.ravel(), columns.ravel(), starts), shape=(size, size))


def _sparse(matrix: Any) -> Piece:
    """Any matrix: its diagonal and its other entries."""
    diagonal = np.asarray(matrix.diagonal(), dtype=complex)
    rows = sp.csr_array(matrix - sp.diags_array(diagonal))
    rows.eliminate_zeros()
    return Piece(diagonal, None, rows if rows.nnz else None)


def _sum(a: Piece, b: Piece) -> Piece:
    """Both at once, where at most one has a crossed part."""
    rows = a.rows if b.rows is None else b.rows if a.rows is None else sp.csr_array(a.rows + b.rows)
    return Piece(a.diagonal + b.diagonal, b.crossed if a.crossed is None else a.crossed, rows)


def decay(jumps: Sequence[Jump], space: Space) -> Piece:
    """-(1/2) sum gamma L^+ L."""
    size = space.dimension
    diagonal, rows = np.zeros(size), sp.csr_array((size, size), dtype=complex)
    index = np.arange(size)
    for j in jumps:
        if simple(j, space):
            for rate, site, name in _local(j, space):
                up = (index >> (space.sites - 1 - site)) & 1 == 0
                diagonal += rate * (1.0 if name == "z" else up if name == "-" else ~up)
        else:
            for rate, op in j.operators(space):
                m = build.csr(op, space)
                rows = rows + rate * (m.conj().T @ m)
    return _sum(Piece(-diagonal / 2 + 0j), _sparse(-rows / 2))


def simple(jump: Jump, space: Space) -> bool:
    """Whether every operator of the jump is one named operator on one spin."""
    return space.spins_only and isinstance(jump.op, str) and not jump.collective


def _local(jump: Jump, space: Space) -> list[tuple[float, int, str]]:
    """(rate, site, name) of a simple jump."""
    words = ((rate, next(op.words(space))[1][0]) for rate, op in jump.operators(space))
    return [(rate, site, name) for rate, (site, name) in words]


def pack(pieces: Sequence[tuple[Piece, int]], size: int) -> tuple[Any, ...]:
    """The ``pieces`` argument of the compiled loop, from (piece, index of its coefficient or -1)."""
    blank = np.zeros(2 * size)
    starts, columns, entries = _stack([p.rows for p, _ in pieces], size)
    return (
        np.array([p.diagonal for p, _ in pieces], dtype=complex),
        np.array([blank if p.crossed is None else np.repeat(p.crossed, 2) for p, _ in pieces]),
        np.array([p.crossed is not None for p, _ in pieces]),
        starts,
        columns,
        entries,
        np.array([clock for _, clock in pieces], dtype=np.int64),
    )


def _stack(matrices: Sequence[Any], size: int) -> tuple[Array, Array, Array]:
    """Sparse matrices (or None) one after another: starts (K, D + 1), columns, entries."""
    starts = np.zeros((len(matrices), size + 1), dtype=np.int64)
    columns, entries, at = [np.zeros(0, dtype=np.int32)], [np.zeros(0, dtype=complex)], 0
    for k, m in enumerate(matrices):
        if m is not None:
            starts[k] = at + m.indptr
            at += m.nnz
            columns.append(m.indices.astype(np.int32))
            entries.append(m.data.astype(complex))
        else:
            starts[k] = at
    return starts, np.concatenate(columns), np.concatenate(entries)


@dataclass(frozen=True)
class Unravelled:
    """One segment for the compiled loop.

    Attributes:
        segment: the interval.
        pieces: of G.
        clocks: panels and polynomials of the coefficients.
        jumps: as the loop takes them.
        unitary: the pieces of -iH alone, for readouts, each with its coefficient (None for 1).
        heat: Hermitian matrices K with tr[K rho] = tr[H_B D rho], each with its coefficient.
    """

    segment: Segment
    pieces: tuple[Any, ...]
    clocks: tuple[Any, ...]
    jumps: tuple[Any, ...]
    unitary: tuple[tuple[Coefficient | None, tuple[Any, ...]], ...]
    heat: tuple[tuple[Coefficient | None, Any], ...]


def unravel(segment: Segment, space: Space, battery: Any, tolerance: float) -> Unravelled:
    """Build everything that one segment needs.

    Args:
        segment: the interval.
        space: the sites.
        battery: H_B as a sparse matrix, for the heat.
        tolerance: of the polynomials that stand for envelopes.

    Raises:
        ConvergenceError: if an envelope is no smooth function between its breaks.
    """
    size = space.dimension
    factors = [f for _, f in segment.drives] + [f for _, f in segment.rated]
    still = hamiltonian(segment.hamiltonian, space)
    driven = [hamiltonian(op, space) for op, _ in segment.drives]
    first = len(driven)
    pieces = [(_sum(still, decay(segment.jumps, space)), -1), *((p, k) for k, p in enumerate(driven))]
    pieces += [(decay([j], space), first + k) for k, (j, _) in enumerate(segment.rated)]
    unitary: list[tuple[Coefficient | None, tuple[Any, ...]]] = [(None, pack([(still, -1)], size))]
    unitary += [(f, pack([(p, -1)], size)) for p, (_, f) in zip(driven, segment.drives, strict=True)]
    heat: list[tuple[Coefficient | None, Any]] = [(None, _heat(segment.jumps, space, battery))]
    heat += [(f, _heat([j], space, battery)) for j, f in segment.rated]
    timed = [(j, -1) for j in segment.jumps] + [(j, first + k) for k, (j, _) in enumerate(segment.rated)]
    return Unravelled(
        segment,
        pack(pieces, size),
        panels(factors, segment, tolerance),
        _jumps(timed, space),
        tuple(unitary),
        tuple((f, k) for f, k in heat if k is not None),
    )


def _jumps(timed: Sequence[tuple[Jump, int]], space: Space) -> tuple[Any, ...]:
    """The ``jumps`` argument of the compiled loop."""
    table: list[tuple[int, int, float, int, int]] = []
    matrices: list[Any] = []
    for jump, clock in timed:
        if simple(jump, space):
            for rate, site, name in _local(jump, space):
                table.append((_KINDS[name], 1 << (space.sites - 1 - site), rate, clock, -1))
        else:
            for rate, op in jump.operators(space):
                table.append((kernel.GENERAL, 0, rate, clock, len(matrices)))
                matrices.append(sp.csr_array(build.csr(op, space)))
    columns = list(zip(*table, strict=True)) if table else [()] * 5
    types = (np.int64, np.int64, np.float64, np.int64, np.int64)
    named = tuple(np.array(c, dtype=t) for c, t in zip(columns, types, strict=True))
    return (*named, *_stack(matrices, space.dimension))


def _heat(jumps: Sequence[Jump], space: Space, battery: Any) -> Any:
    """sum gamma (L^+ H_B L - {L^+ L, H_B}/2): a diagonal (D,), a sparse matrix, or None."""
    parts = []
    for rate, op in (pair for j in jumps for pair in j.operators(space)):
        m = build.csr(op, space)
        adjoint = m.conj().T
        half = (adjoint @ m) @ battery / 2
        parts.append(rate * (adjoint @ battery @ m - half - half.conj().T))
    if not parts:
        return None
    total = _sparse(sp.csr_array(reduce(lambda a, b: a + b, parts)))
    return total.diagonal.real if total.rows is None else sp.csr_array(total.rows + sp.diags_array(total.diagonal))


def panels(factors: Sequence[Coefficient], segment: Segment, tolerance: float) -> tuple[Any, ...]:
    """Panels on which every envelope is a polynomial to `tolerance` of its size: edges and coefficients.

    Raises:
        ConvergenceError: if halving does not get there.
    """
    a, b = segment.start, segment.end
    if not factors:
        return np.array([a, b]), np.zeros((1, 0, 1))
    count = max(1, int(np.ceil((b - a) / segment.max_step))) if np.isfinite(segment.max_step) else 1
    waiting = list(np.linspace(a, b, count + 1))[::-1]
    edges, values = [waiting.pop()], []
    while waiting:
        left, right = edges[-1], waiting[-1]
        found = [_polynomial(f, left, right) for f in factors]
        if max(miss for _, miss in found) <= tolerance:
            values.append([p for p, _ in found])
            edges.append(waiting.pop())
        else:
            waiting.append((left + right) / 2)
        if len(edges) > MOST_PANELS or len(waiting) > MOST_PANELS or right - left < 1e-12 * max(abs(b), b - a):
            miss = max(miss for _, miss in found)
            raise ConvergenceError(
                f"the polynomial of an envelope near t = {left:.6g}",
                miss,
                tolerance,
                "name the envelope's breaks, smooth it, or raise [solve] tolerance.",
            )
    return np.array(edges), np.array(values)


def _polynomial(f: Coefficient, left: float, right: float) -> tuple[NDArray[np.float64], float]:
    """Coefficients of f in (t - left) from Chebyshev points, and the relative miss between these."""
    nodes = np.cos(np.pi * (np.arange(DEGREE + 1) + 0.5) / (DEGREE + 1))
    middle, half = (left + right) / 2, (right - left) / 2
    seen = np.array([f(middle + half * u) for u in nodes])
    fit = Chebyshev.fit(nodes, seen, DEGREE, domain=[-1, 1])
    probes = np.concatenate([(nodes[1:] + nodes[:-1]) / 2, [-0.999, 0.999]])
    there = np.array([f(middle + half * u) for u in probes])
    size = max(float(np.abs(seen).max()), float(np.abs(there).max()), 1e-300)
    shifted = fit.convert(kind=Polynomial)(Polynomial([-1.0, 1.0 / half]))
    coefficients = np.zeros(DEGREE + 1)
    coefficients[: len(shifted.coef)] = shifted.coef
    return coefficients, float(np.abs(fit(probes) - there).max()) / size


__all__ = ["Unravelled", "decay", "hamiltonian", "pack", "panels", "unravel"]
