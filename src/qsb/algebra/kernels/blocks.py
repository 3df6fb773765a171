"""Lindblad right-hand sides on Hermitian blocks S + iA of any sizes, packed as real S + A one block after another.

With H = Hr + i Hi the Hamiltonian part of a packed block R is -[Hr, R^T] + [Hi, R]. H has a few entries a row; a jump
leads from each state to one other at most, so that it moves entries of a block into another along stretches of equal
distance between a state and the one it comes from. Every pass is a multiply-add along contiguous rows.
"""

from __future__ import annotations

from typing import Any

import numba
import numpy as np
from numpy.typing import NDArray

Real = NDArray[np.float64]
Tables = tuple[Any, ...]

#: rows that are transposed together
_TILE = 8


@numba.njit(inline="always", fastmath={"contract"})  # type: ignore[untyped-decorator, unused-ignore]
def _add(o: Real, to: int, count: int, f: float, v: Real, at: int) -> None:
    """o[to + c] += f v[at + c]; unsigned places, of which the compiler knows that they do not wrap."""
    i, j = np.uint64(to), np.uint64(at)
    for c in range(np.uint64(count)):
        o[i + c] += f * v[j + c]


@numba.njit(inline="always", fastmath={"contract"})  # type: ignore[untyped-decorator, unused-ignore]
def _add_weighted(o: Real, to: int, count: int, f: float, w: Real, first: int, v: Real, at: int) -> None:
    """o[to + c] += f w[first + c] v[at + c]."""
    i, j, k = np.uint64(to), np.uint64(at), np.uint64(first)
    for c in range(np.uint64(count)):
        o[i + c] += f * w[k + c] * v[j + c]


@numba.njit(inline="always", fastmath={"contract"})  # type: ignore[untyped-decorator, unused-ignore]
def _start(
    o: Real, n: int, r: int, a: int, centre: float, d: Real, loss: Real, t: Real, tt: int, x: Real, at: int
) -> None:
    """o = (d_c - d_a) t - (loss_a + loss_c + centre) x, all that lies on diagonals."""
    first, one, other = np.uint64(r), np.uint64(at), np.uint64(tt)
    energy, lost = d[r + a], loss[r + a] + centre
    for c in range(np.uint64(n)):
        o[c] = (d[first + c] - energy) * t[other + c] - (lost + loss[first + c]) * x[one + c]


@numba.njit(cache=True)  # type: ignore[untyped-decorator, unused-ignore]
def _transpose(n: int, x: Real, at: int, t: Real) -> None:
    """Write the transposed block that begins at `at` to the beginning of t."""
    for low in range(0, n, _TILE):
        tile, count = np.uint64(min(_TILE, n - low)), np.uint64(n)
        for a in range(n):
            column, row = np.uint64(at + low * n + a), np.uint64(a * n + low)
            for c in range(tile):
                t[row + c] = x[column + c * count]


@numba.njit(cache=True, fastmath={"contract"})  # type: ignore[untyped-decorator, unused-ignore]
def advance(
    where: Tables,
    h: Tables,
    jumps: Tables,
    x: Real,
    previous: Real,
    numbers: tuple[float, float, float],
    room: Real,
    out: Real,
) -> None:
    """out = alpha (G - centre) x + beta previous on packed states: a step of a polynomial's recursion.

    Args:
        where: sizes (B,), first states (B+1,) and first entries (B+1,) of the blocks.
        h: diagonal of H (S,); its other entries by rows: first of each state (S+1,), column within the block, real and
            imaginary part; the same by columns: first run of each block (B+1,), runs (distance from column to row,
            first column, columns, first value), real and imaginary values; whether there is a real, an imaginary H.
        jumps: first piece of each block (B+1,), pieces (origin, jump, first weight), for each state of a piece where in
            the origin it comes from and its weight; first stretch of each piece, stretches (distance, first state,
            states); rates of the jumps, and half the loss rate of each state (S,).
        x: state (n,).
        previous: another.
        numbers: alpha, centre, beta.
        room: zeros for one row and one transposed block.
        out: state.
    """
    sizes, rows, entries = where
    diagonal, left, column, real, imaginary, run_first, runs, real_right, imaginary_right, has_real, has_imaginary = h
    first, pieces, source, weight, stretch_first, stretches, rates, loss = jumps
    alpha, centre, beta = numbers
    widest = sizes.max()
    o, t = room[:widest], room[widest:]
    for b in range(sizes.size):
        n, r, at = sizes[b], rows[b], entries[b]
        if has_real:
            _transpose(n, x, at, t)
        for a in range(n):
            base = at + a * n
            _start(o, n, r, a, centre, diagonal, loss, t, a * n, x, base)
            if has_real or has_imaginary:
                for k in range(left[r + a], left[r + a + 1]):
                    if real[k] != 0.0:
                        _add(o, 0, n, -real[k], t, column[k] * n)
                    if imaginary[k] != 0.0:
                        _add(o, 0, n, imaginary[k], x, at + column[k] * n)
                for k in range(run_first[b], run_first[b + 1]):
                    shift, low, count, p = runs[k, 0], runs[k, 1], runs[k, 2], runs[k, 3]
                    if has_real:
                        _add_weighted(o, low, count, 1.0, real_right, p, t, a * n + low + shift)
                    if has_imaginary:
                        _add_weighted(o, low, count, -1.0, imaginary_right, p, x, base + low + shift)
            for k in range(first[b], first[b + 1]):
                origin, p = pieces[k, 0], pieces[k, 2]
                f = rates[pieces[k, 1]] * weight[p + a]
                if f != 0.0:
                    begin = entries[origin] + source[p + a] * sizes[origin]
                    for q in range(stretch_first[k], stretch_first[k + 1]):
                        shift, low, count = stretches[q, 0], stretches[q, 1], stretches[q, 2]
                        _add_weighted(o, low, count, f, weight, p + low, x, begin + low + shift)
            i = np.uint64(base)
            for c in range(np.uint64(n)):
                out[i + c] = alpha * o[c] + beta * previous[i + c]


__all__ = ["advance"]
