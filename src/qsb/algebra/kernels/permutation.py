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

from qsb.algebra.sectors import LANES, REACH

Real = NDArray[np.float64]
Tables = tuple[Any, ...]

#: numbers beside a state that may be read, and count for nothing
MARGIN = LANES + 8
#: polynomials that are held until they are added to the results, a multiple of four; and entries that are added at once
CHUNK = 16
_PIECE = 256
#: rows that are transposed together
_TILE = 8


@numba.njit(inline="always", fastmath={"contract"})  # type: ignore[untyped-decorator, unused-ignore]
def _start(
    o: Real, count: Any, lost: float, loss: Real, h: float, bands: Real, r: int, t: Real, tt: int, x: Real, at: int
) -> None:
    """o = -(lost + loss) x + (H[c, c] - h) t, all that lies on diagonals."""
    first, one, other = np.uint64(r), np.uint64(at), np.uint64(tt)
    d = bands[REACH]
    for c in range(count):
        o[c] = (d[first + c] - h) * t[other + c] - (lost + loss[first + c]) * x[one + c]


@numba.njit(inline="always", fastmath={"contract"})  # type: ignore[untyped-decorator, unused-ignore]
def _commute(
    o: Real, count: Any, sign: float, left: Real, right: Real, k: int, a: int, r: int, n: int, x: Real, at: int
) -> None:
    """Row a of o += sign (H X - X H) for the diagonals k and -k of H.

    They are left[k, r + a] = H[a, a + k] by rows, and right[k, r + c] = H[c + k, c] by columns.
    Entries of H beyond the sector are zero, so that what lies beside a row, or beside X, does not matter.
    """
    h, g = sign * left[REACH + k, r + a], sign * left[REACH - k, r + a]
    lower = np.uint64(at + min(n - 1, a + k) * n)
    upper = np.uint64(at + max(0, a - k) * n)
    ahead, behind = np.uint64(at + a * n + k), np.uint64(at + a * n - k)
    v, w = right[REACH + k], right[REACH - k]
    first = np.uint64(r)
    for c in range(count):
        o[c] += (
            h * x[lower + c] + g * x[upper + c] - sign * (v[first + c] * x[ahead + c] + w[first + c] * x[behind + c])
        )


@numba.njit(inline="always", fastmath={"contract"})  # type: ignore[untyped-decorator, unused-ignore]
def _moved(
    o: Real,
    count: Any,
    f: float,
    u: Real,
    g: float,
    v: Real,
    h: float,
    w: Real,
    r: int,
    x: Real,
    own: int,
    up: int,
    down: int,
) -> None:
    """o[c] += f u x[own + c] + g v x[up + c] + h w x[down + c]; weights vanish where the source has no such column."""
    first, i, j, k = np.uint64(r), np.uint64(own), np.uint64(up), np.uint64(down)
    for c in range(count):
        o[c] += f * u[first + c] * x[i + c] + g * v[first + c] * x[j + c] + h * w[first + c] * x[k + c]


@numba.njit(inline="always")  # type: ignore[untyped-decorator, unused-ignore]
def _flip(o: Real, sign: float, anti: Real, turn: float, a: int, r: int, n: int, x: Real, at: int) -> None:
    """The same for an antidiagonal H[a, n-1-a] = anti[r + a], whose transpose is `turn` times itself."""
    h = sign * anti[r + a]
    source = at + (n - 1 - a) * n
    last = at + a * n + n - 1
    for c in range(n):
        o[c] += h * x[source + c] - sign * turn * anti[r + c] * x[last - c]


@numba.njit(cache=True, fastmath={"contract"})  # type: ignore[untyped-decorator, unused-ignore]
def _sector(
    b: int,
    where: Tables,
    h: Tables,
    jumps: Tables,
    x: Real,
    previous: Real,
    numbers: tuple[float, float, float],
    room: Real,
    out: Real,
) -> None:
    """Sector b of `_advance`; `room` takes one row, and the transposed sector behind a margin."""
    sizes, rows, entries = where
    real, imaginary, imaginary_right, anti_real, anti_imaginary, has_real, has_imaginary, has_anti = h
    within, below, above, factors, rates, loss = jumps
    alpha, centre, beta = numbers
    n, r, at, last = sizes[b], rows[b], entries[b] + MARGIN, sizes.size - 1
    wide = np.uint64((n + LANES - 1) // LANES * LANES)
    count = np.uint64(n)
    o, turned = room[: sizes[0] + LANES], room[sizes[0] + LANES :]
    for low in range(0, n, _TILE):
        tile = np.uint64(min(_TILE, n - low))
        for a in range(n):
            column, row = np.uint64(at + low * n + a), np.uint64(MARGIN + a * n + low)
            for c in range(tile):
                turned[row + c] = x[column + c * count]
    for a in range(n):
        base = np.uint64(at + a * n)
        _start(o, wide, loss[r + a] + centre, loss, real[REACH, r + a], real, r, turned, MARGIN + a * n, x, at + a * n)
        if has_real:
            for k in range(1, REACH + 1):
                _commute(o, wide, -1.0, real, real, k, a, r, n, turned, MARGIN)
        if has_imaginary:
            for k in range(1, REACH + 1):
                _commute(o, wide, 1.0, imaginary, imaginary_right, k, a, r, n, x, at)
        if has_anti:
            _flip(o, -1.0, anti_real, 1.0, a, r, n, turned, MARGIN)
            _flip(o, 1.0, anti_imaginary, -1.0, a, r, n, x, at)
        for q in range(3):
            step = q - 1
            f, g, d = factors[q, b] * within[q, r + a], rates[q] * above[q, r + a], rates[q] * below[q, r + a]
            if f != 0.0 or g != 0.0 or d != 0.0:
                own = at + max(0, min(n - 1, a + step)) * n + step
                up, down = own, own
                if b > 0:
                    up = entries[b - 1] + MARGIN + (a + step + 1) * (n + 2) + step + 1
                if b < last:
                    down = entries[b + 1] + MARGIN + max(0, min(n - 3, a + step - 1)) * (n - 2) + step - 1
                _moved(o, wide, f, within[q], g, above[q], d, below[q], r, x, own, up, down)
        for c in range(count):
            out[base + c] = alpha * o[c] + beta * previous[base + c]


@numba.njit(cache=True)  # type: ignore[untyped-decorator, unused-ignore]
def _advance(
    where: Tables,
    h: Tables,
    jumps: Tables,
    x: Real,
    previous: Real,
    numbers: tuple[float, float, float],
    room: Real,
    out: Real,
) -> None:
    """out = alpha (G - centre) x + beta previous on states with margins, sector by sector."""
    for b in range(where[0].size):
        _sector(b, where, h, jumps, x, previous, numbers, room, out)


@numba.njit(cache=True)  # type: ignore[untyped-decorator, unused-ignore]
def _room(where: Tables) -> Real:
    """Room for one row and one transposed sector."""
    widest = where[0][0]
    return np.zeros(widest + LANES + widest * widest + 2 * MARGIN)


@numba.njit(cache=True)  # type: ignore[untyped-decorator, unused-ignore]
def expand(
    where: Tables,
    h: Tables,
    jumps: Tables,
    x: Real,
    coefficients: Real,
    numbers: tuple[float, float, float],
) -> tuple[Real, Real]:
    """Sums over k of coefficients[k, m] F_k(G) x, with Faber polynomials of an ellipse by their recursion.

    F_0 = 1, F_1 = scale (G - centre), F_2 = F_1^2 - 2 ratio, F_{k+1} = F_1 F_k - ratio F_{k-1}. The one compiled entry:
    G x itself is the sum with coefficients 0, 1 at scale 1 and centre 0.

    Args:
        where: sizes (B,), first rows (B+1,) and first entries (B+1,) of the sectors.
        h: diagonals of Hr (5, D), of Hi (5, D) and of its transpose (5, D), antidiagonals of both (D,); whether there
            is an Hr, an Hi, an antidiagonal.
        jumps: coefficients (3, D) of the jumps -, z, + within a sector, from the sector below and from the one above,
            one number for each row they arrive at; rates within each sector (3, B) and between sectors (3,); half the
            loss rate of each row (D,).
        x: packed state (n,).
        coefficients: (K, M).
        numbers: scale, centre, ratio.

    Returns:
        The sums (M, n), and the norm of each F_k(G) x, (K,).
    """
    scale, centre, ratio = numbers
    terms, count = coefficients.shape
    n = x.size
    out, norms = np.zeros((count, n)), np.zeros(terms)
    # the last two polynomials of one chunk come first in the next
    chunk = min(CHUNK, (terms + 3) // 4 * 4)
    held = np.zeros((chunk + 2, n + 2 * MARGIN))
    for i in range(n):
        held[2, MARGIN + i] = x[i]
    room = _room(where)
    for start in range(0, terms, chunk):
        end = min(terms, start + chunk)
        for k in range(start, end):
            at = k - start + 2
            if k > 0:
                beta = 0.0 if k == 1 else (-2.0 * ratio if k == 2 else -ratio)
                _advance(where, h, jumps, held[at - 1], held[at - 2], (scale, centre, beta), room, held[at])
            norms[k] = _norm(held[at, MARGIN : MARGIN + n])
        _gather(held, coefficients[start:end], out)
        for i in range(held.shape[1]):
            held[0, i], held[1, i] = held[chunk, i], held[chunk + 1, i]
    return out, norms


@numba.njit(cache=True, fastmath={"contract", "reassoc"})  # type: ignore[untyped-decorator, unused-ignore]
def _norm(x: Real) -> float:
    total = 0.0
    for i in range(x.size):
        total += x[i] * x[i]
    return np.sqrt(total)  # type: ignore[no-any-return]


@numba.njit(cache=True, fastmath={"contract", "reassoc"})  # type: ignore[untyped-decorator, unused-ignore]
def _gather(held: Real, coefficients: Real, out: Real) -> None:
    """out[m] += sum_k coefficients[k, m] held[k + 2], four polynomials in one pass, a piece of the state at a time."""
    terms, count = coefficients.shape
    n = out.shape[1]
    for low in range(0, n, _PIECE):
        high = min(n, low + _PIECE)
        for m in range(count):
            total = out[m, low:high]
            for k in range(0, terms, 4):
                a = coefficients[k, m]
                b = coefficients[k + 1, m] if k + 1 < terms else 0.0
                c = coefficients[k + 2, m] if k + 2 < terms else 0.0
                d = coefficients[k + 3, m] if k + 3 < terms else 0.0
                if abs(a) + abs(b) + abs(c) + abs(d) > 1e-20:
                    p = held[k + 2, MARGIN + low : MARGIN + high]
                    q = held[k + 3, MARGIN + low : MARGIN + high]
                    r = held[k + 4, MARGIN + low : MARGIN + high]
                    s = held[k + 5, MARGIN + low : MARGIN + high]
                    for i in range(total.size):
                        total[i] += a * p[i] + b * q[i] + c * r[i] + d * s[i]


__all__ = ["expand"]
