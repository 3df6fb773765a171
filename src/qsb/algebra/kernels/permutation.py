"""Lindblad right-hand sides in all sectors of total spin, on packed real states S + A (see `qsb.algebra.sectors`).

With H = Hr + i Hi the Hamiltonian part of a packed state R is -[Hr, R^T] + [Hi, R]; jumps have real coefficients and
commute with the transposition, so they act on R as on the state itself. A local jump moves weight within a sector and
to both neighbours, always as an outer product of one coefficient a row, so that every pass is a multiply-add along
contiguous rows.
"""

from __future__ import annotations

from typing import Any

import numba
import numpy as np
from numpy.typing import NDArray

Real = NDArray[np.float64]
Integers = NDArray[np.int64]

#: diagonals on each side of the main one
_REACH = 2


@numba.njit(inline="always", fastmath={"contract"})  # type: ignore[untyped-decorator, unused-ignore]
def _moved(
    out: Real, factor: float, weight: Real, r: int, n: int, x: Real, at: int, size: int, row: int, shift: int
) -> None:
    """out[c] += factor weight[r + c] X[row, c + shift] where the source has such a column; X has `size` columns."""
    low, high = max(0, -shift), min(n, size - shift)
    if high > low:
        source = at + row * size + shift + low
        count = high - low
        o, w, s = out[low:high], weight[r + low : r + high], x[source : source + count]
        for c in range(count):
            o[c] += factor * w[c] * s[c]


@numba.njit(inline="always", fastmath={"contract"})  # type: ignore[untyped-decorator, unused-ignore]
def _commute(
    out: Real, sign: float, left: Real, right: Real, a: int, r: int, n: int, x: Real, at: int
) -> None:
    """Out += sign (H X)[a] - (X H)[a] of one row: entries left[k, r + a] of H from its rows, right[k, r + c] as columns.

    `right[k, r + c]` is H[c + k, c].
    """
    for k in range(-_REACH, _REACH + 1):
        h = sign * left[_REACH + k, r + a]
        if h != 0.0 and 0 <= a + k < n:
            source = at + (a + k) * n
            s = x[source : source + n]
            for c in range(n):
                out[c] += h * s[c]
        low, high = max(0, -k), min(n, n - k)
        if high > low:
            source = at + a * n + k + low
            count = high - low
            o, w, t = out[low:high], right[_REACH + k, r + low : r + high], x[source : source + count]
            for c in range(count):
                o[c] -= sign * w[c] * t[c]


@numba.njit(inline="always")  # type: ignore[untyped-decorator, unused-ignore]
def _flip(out: Real, sign: float, anti: Real, turn: float, a: int, r: int, n: int, x: Real, at: int) -> None:
    """The same for an antidiagonal H[a, n-1-a] = anti[r + a], whose transpose is `turn` times itself."""
    h = sign * anti[r + a]
    source = at + (n - 1 - a) * n
    last = at + a * n + n - 1
    for c in range(n):
        out[c] += h * x[source + c] - sign * turn * anti[r + c] * x[last - c]


@numba.njit(cache=True, fastmath={"contract"})  # type: ignore[untyped-decorator, unused-ignore]
def _sector(
    b: int,
    where: tuple[Integers, Integers, Integers],
    h: tuple[Real, Real, Real, Real, Real, bool, bool],
    jumps: tuple[Real, Real, Real, Real, Real, Real],
    x: Real,
    previous: Real,
    numbers: tuple[float, float, float],
    turned: Real,
    out: Real,
) -> None:
    """Sector b of `advance`."""
    sizes, rows, entries = where
    real, imaginary, imaginary_right, anti_real, anti_imaginary, has_imaginary, has_anti = h
    within, below, above, factors, rates, loss = jumps
    alpha, centre, beta = numbers
    n, r, at, last = sizes[b], rows[b], entries[b], sizes.size - 1
    for a in range(n):
        for c in range(n):
            turned[at + a * n + c] = x[at + c * n + a]
    for a in range(n):
        o = out[at + a * n : at + a * n + n]
        base = at + a * n
        lost = loss[r + a] + centre
        for c in range(n):
            o[c] = -(lost + loss[r + c]) * x[base + c]
        _commute(o, -1.0, real, real, a, r, n, turned, at)
        if has_imaginary:
            _commute(o, 1.0, imaginary, imaginary_right, a, r, n, x, at)
        if has_anti:
            _flip(o, -1.0, anti_real, 1.0, a, r, n, turned, at)
            _flip(o, 1.0, anti_imaginary, -1.0, a, r, n, x, at)
        for q in range(3):
            step = q - 1
            f = factors[q, b] * within[q, r + a]
            if f != 0.0:
                _moved(o, f, within[q], r, n, x, at, n, a + step, step)
            if b > 0:
                f = rates[q] * above[q, r + a]
                if f != 0.0:
                    _moved(o, f, above[q], r, n, x, entries[b - 1], sizes[b - 1], a + step + 1, step + 1)
            if b < last:
                f = rates[q] * below[q, r + a]
                if f != 0.0:
                    _moved(o, f, below[q], r, n, x, entries[b + 1], sizes[b + 1], a + step - 1, step - 1)
        for c in range(n):
            o[c] = alpha * o[c] + beta * previous[base + c]


@numba.njit(cache=True)  # type: ignore[untyped-decorator, unused-ignore]
def advance(
    where: tuple[Integers, Integers, Integers],
    h: tuple[Real, Real, Real, Real, Real, bool, bool],
    jumps: tuple[Real, Real, Real, Real, Real, Real],
    x: Real,
    previous: Real,
    numbers: tuple[float, float, float],
    turned: Real,
    out: Real,
) -> None:
    """out = alpha (G - centre) x + beta previous, sector by sector.

    Args:
        where: sizes (B,), first rows (B+1,) and first entries (B+1,) of the sectors.
        h: diagonals of Hr (5, D), of Hi (5, D) and of its transpose (5, D), antidiagonals of both (D,), whether there
            is an Hi, whether there is an antidiagonal.
        jumps: coefficients (3, D) of the jumps -, z, + within a sector, from the sector below and from the one above,
            one number for each row they arrive at; rates within each sector (3, B) and between sectors (3,); half the
            loss rate of each row (D,).
        x: packed state (n,).
        previous: packed state (n,).
        numbers: alpha, centre, beta.
        turned: room for the transposed sectors (n,).
        out: result (n,), none of the others.
    """
    for b in range(where[0].size):
        _sector(b, where, h, jumps, x, previous, numbers, turned, out)


@numba.njit(cache=True)  # type: ignore[untyped-decorator, unused-ignore]
def matrix(
    where: tuple[Integers, Integers, Integers],
    h: tuple[Real, Real, Real, Real, Real, bool, bool],
    jumps: tuple[Real, Real, Real, Real, Real, Real],
) -> Real:
    """The dense matrix (n, n) of G, column by column."""
    n = where[2][-1]
    columns = np.empty((n, n))
    x, turned, none = np.zeros(n), np.empty(n), np.zeros(n)
    for k in range(n):
        x[k] = 1.0
        advance(where, h, jumps, x, none, (1.0, 0.0, 0.0), turned, columns[k])
        x[k] = 0.0
    return columns.T.copy()


@numba.njit(cache=True)  # type: ignore[untyped-decorator, unused-ignore]
def expand(
    where: tuple[Integers, Integers, Integers],
    h: tuple[Real, Real, Real, Real, Real, bool, bool],
    jumps: tuple[Real, Real, Real, Real, Real, Real],
    x: Real,
    coefficients: Real,
    numbers: tuple[float, float, float],
    out: Real,
    sizes: Real,
) -> None:
    """out[m] = sum_k coefficients[k, m] F_k(G) x, Faber polynomials of an ellipse by their recursion.

    F_0 = 1, F_1 = scale (G - centre), F_2 = F_1^2 - 2 ratio, F_{k+1} = F_1 F_k - ratio F_{k-1}.

    Args:
        where: see `advance`.
        h: see `advance`.
        jumps: see `advance`.
        x: packed state (n,).
        coefficients: (K, M).
        numbers: scale, centre, ratio.
        out: results (M, n).
        sizes: takes the largest entry of each F_k(G) x, (K,).
    """
    scale, centre, ratio = numbers
    terms, count = coefficients.shape
    n = x.size
    older, newer, spare, turned = np.zeros(n), x.copy(), np.empty(n), np.empty(n)
    for k in range(terms):
        if k > 0:
            beta = 0.0 if k == 1 else (-2.0 * ratio if k == 2 else -ratio)
            advance(where, h, jumps, newer, older, (scale, centre, beta), turned, spare)
            older, newer, spare = newer, spare, older
        largest = 0.0
        for i in range(n):
            largest = max(largest, abs(newer[i]))
        sizes[k] = largest
        for m in range(count):
            c = coefficients[k, m]
            if k == 0:
                for i in range(n):
                    out[m, i] = c * newer[i]
            elif abs(c) * largest > 1e-18:
                for i in range(n):
                    out[m, i] += c * newer[i]


__all__ = ["advance", "expand", "matrix"]
