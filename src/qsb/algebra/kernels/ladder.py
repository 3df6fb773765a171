"""Operators on a grid of two ladders (Dicke states x Fock states): what is reached, and a fused Chebyshev recursion.

A grid array is flat, of rows of length L with a margin of zeros around what is used, so that no neighbour is missing.
H acts as

    (H x)[r, c] = (d_r + e_c) x[r, c] + sum_g sum_k w_gk[c] y_g[c + o_gk],     y_g = sum_j u_gj[r] x[r + m_gj],

one group g a product (operator of the rows) x (operator of the columns). Weights are those of a row's class: rows of
one class hold the same columns.
"""

from __future__ import annotations

from typing import Any

import numba
import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


@numba.njit(cache=True)  # type: ignore[untyped-decorator, unused-ignore]
def reach(mask: NDArray[np.bool_], down: Ints, right: Ints, rows: Floats, columns: Floats) -> None:
    """Fill `mask` (R, C) with all that is reached from its set entries.

    Step k leads from (r, c) to (r + down[k], c + right[k]) where rows[k, r] columns[k, c] is not zero.
    """
    height, width = mask.shape
    stack = np.empty(height * width, dtype=np.int64)
    top = 0
    for r in range(height):
        for c in range(width):
            if mask[r, c]:
                stack[top] = r * width + c
                top += 1
    while top > 0:
        top -= 1
        r, c = stack[top] // width, stack[top] % width
        for k in range(down.size):
            if rows[k, r] != 0.0 and columns[k, c] != 0.0:
                i, j = r + down[k], c + right[k]
                if 0 <= i < height and 0 <= j < width and not mask[i, j]:
                    mask[i, j] = True
                    stack[top] = i * width + j
                    top += 1


@numba.njit(cache=True, nogil=True, fastmath={"contract"})  # type: ignore[untyped-decorator, unused-ignore]
def _row(
    i: int,
    x: Floats,
    source: int,
    old: int,
    out: int,
    keep: float,
    scale: float,
    centre: float,
    length: int,
    step: int,
    edge: int,
    low: Ints,
    high: Ints,
    kind: Ints,
    diagonal: Floats,
    level: Floats,
    group: Ints,
    jump: Ints,
    factor: Floats,
    column: Ints,
    shift: Ints,
    weight: Floats,
    margin: int,
    kinds: int,
    y: Floats,
) -> None:
    """Row i of scale (H - centre) v - keep u within its window; v, u and the result begin at `source`, `old`, `out`.

    From one row to the next it is `step` places.

    Indices are unsigned: only then does the compiler know that none wraps around, and use wide registers.
    """
    if high[i] <= low[i]:
        return
    a, b = np.uint64(low[i]), np.uint64(high[i])
    near, far = np.uint64(low[i] - margin), np.uint64(high[i] + margin)
    height = kind.size
    at = (i + edge) * step
    here, there, before = np.uint64(out + at), np.uint64(source + at), np.uint64(old + at)
    e = np.uint64(kind[i] * length)
    d = scale * (diagonal[i] - centre)
    begun = False
    for g in range(group.size - 1):
        filled = False
        begin = group[g]
        if group[g + 1] - begin == 2:  # up and down at once: one pass instead of two
            u = scale * factor[begin * height + i]
            other = scale * factor[(begin + 1) * height + i]
            s = np.uint64(source + at + jump[begin] * step)
            r = np.uint64(source + at + jump[begin + 1] * step)
            for c in range(near, far):
                y[c] = u * x[s + c] + other * x[r + c]
            filled = u != 0.0 or other != 0.0
            begin += 2
        for j in range(begin, group[g + 1]):
            u = scale * factor[j * height + i]
            if u != 0.0:
                s = np.uint64(source + at + jump[j] * step)
                if filled:
                    for c in range(near, far):
                        y[c] += u * x[s + c]
                else:
                    for c in range(near, far):
                        y[c] = u * x[s + c]
                    filled = True
        if not filled:
            continue
        k, last = column[g], column[g + 1]
        if last - k >= 2:
            v, w = np.uint64((k * kinds + kind[i]) * length), np.uint64(((k + 1) * kinds + kind[i]) * length)
            # a shift may be negative; places begin at the margin, so the sum is not
            p, q = np.uint64(shift[k * height + i] + low[i]), np.uint64(shift[(k + 1) * height + i] + low[i])
            v, w, f, h, t, o = v + a, w + a, e + a, here + a, there + a, before + a
            if begun:
                for c in range(b - a):
                    x[h + c] += weight[v + c] * y[p + c] + weight[w + c] * y[q + c]
            else:
                for c in range(b - a):
                    own = (d + scale * level[f + c]) * x[t + c] - keep * x[o + c]
                    x[h + c] = own + weight[v + c] * y[p + c] + weight[w + c] * y[q + c]
                begun = True
            k += 2
        if not begun and k < last:
            for c in range(a, b):
                x[here + c] = (d + scale * level[e + c]) * x[there + c] - keep * x[before + c]
            begun = True
        while k < last:
            v, p = np.uint64((k * kinds + kind[i]) * length) + a, np.uint64(shift[k * height + i] + low[i])
            h = here + a
            for c in range(b - a):
                x[h + c] += weight[v + c] * y[p + c]
            k += 1
    if not begun:
        for c in range(a, b):
            x[here + c] = (d + scale * level[e + c]) * x[there + c] - keep * x[before + c]


@numba.njit(cache=True, nogil=True, fastmath={"contract"})  # type: ignore[untyped-decorator, unused-ignore]
def _collect(total: Floats, at: int, w: Floats, x: Floats, place: Ints, start: int, a: int, b: int) -> None:
    """Add w[k] times the four rows of x that begin at place[k] + start, for the places a..b."""
    p, q = np.uint64(place[0] + start), np.uint64(place[1] + start)
    r, s = np.uint64(place[2] + start), np.uint64(place[3] + start)
    t = np.uint64(at)
    w0, w1, w2, w3 = w[0], w[1], w[2], w[3]
    for c in range(np.uint64(a), np.uint64(b)):
        total[t + c] += w0 * x[p + c] + w1 * x[q + c] + w2 * x[r + c] + w3 * x[s + c]


@numba.njit(cache=True, nogil=True, fastmath={"contract"})  # type: ignore[untyped-decorator, unused-ignore]
def apply(x: Floats, centre: float, scale: float, size: int, edge: int, grid: tuple[Any, ...]) -> None:
    """The second `size` places of x become scale (H - centre) times the first."""
    length, low, high, kind, diagonal, level, group, jump, factor, column, shift, weight, margin = grid
    y = np.zeros(length)
    for i in range(kind.size):
        _row(
            i, x, 0, 0, size, 0.0, scale, centre, length, length, edge, low, high, kind,
            diagonal, level, group, jump, factor, column, shift, weight, margin, level.size // length, y,
        )  # fmt: skip


@numba.njit(cache=True, nogil=True, fastmath={"contract"})  # type: ignore[untyped-decorator, unused-ignore]
def expand(
    v: Floats,
    even: Floats,
    odd: Floats,
    weights: Floats,
    needed: Ints,
    centre: float,
    scale: float,
    size: int,
    edge: int,
    grid: tuple[Any, ...],
) -> None:
    """Add sum_k w[s, k] T_k(h) v over even k to `even` and over odd k to `odd`, h = scale (H - centre).

    Eight vectors are made in one sweep over the rows, each a step of rows behind the one before it, so that all that is
    touched stays in the cache. Rows of all vectors, and of all outputs, lie side by side: few pages of memory are in
    use at a time.

    Args:
        v: padded array, `size` places.
        even: (rows, outputs, length), flat.
        odd: likewise.
        weights: (outputs, terms).
        needed: number of terms of each output, descending.
        centre: of the spectrum.
        scale: one over its half-width.
        size: places of a padded array.
        edge: rows of zeros around.
        grid: as `Grid` makes it.
    """
    length, low, high, kind, diagonal, level, group, jump, factor, column, shift, weight, margin = grid
    height, many, ring = kind.size, 8, 10
    y = np.zeros(length)
    x = np.zeros(ring * size)
    for r in range(size // length):
        x[r * ring * length : (r * ring + 1) * length] = v[r * length : (r + 1) * length]
    place = np.empty(many, dtype=np.int64)
    w = np.empty(4)
    # divisions cost as much as the work on a short row, so they are made once for all rows
    slot = np.empty(many + 2, dtype=np.int64)
    kinds = level.size // length
    skew = max(edge, 1)
    outputs = needed.size
    for r in range(size // length):
        for j in range(outputs):
            for c in range(length):
                even[(r * outputs + j) * length + c] += weights[j, 0] * v[r * length + c]
    for done in range(1, needed[0], many):  # odd, so that the first, third, ... of the eight belong to `odd`
        for k in range(many + 2):
            slot[k] = ((done + k - 2 + ring) % ring) * length
        for k in range(many):
            place[k] = slot[2 + k // 4 + 2 * (k % 4)]
        for front in range(height + skew * many):
            for k in range(many):
                i = front - skew * k
                if 0 <= i < height:
                    begun = done + k > 1
                    _row(
                        i,
                        x,
                        slot[k + 1],
                        slot[k],
                        slot[k + 2],
                        1.0 if begun else 0.0,
                        2.0 * scale if begun else scale,
                        centre,
                        length,
                        ring * length,
                        edge,
                        low,
                        high,
                        kind,
                        diagonal,
                        level,
                        group,
                        jump,
                        factor,
                        column,
                        shift,
                        weight,
                        margin,
                        kinds,
                        y,
                    )
            i = front - skew * (many - 1)
            if 0 <= i < height and high[i] > low[i]:
                start = (i + edge) * ring * length
                for j in range(outputs):
                    at = ((i + edge) * outputs + j) * length
                    if needed[j] <= done:
                        break
                    for k in range(4):
                        w[k] = weights[j, done + 2 * k]
                    _collect(odd, at, w, x, place[:4], start, low[i], high[i])
                    for k in range(4):
                        w[k] = weights[j, done + 1 + 2 * k]
                    _collect(even, at, w, x, place[4:], start, low[i], high[i])


@numba.njit(cache=True, nogil=True)  # type: ignore[untyped-decorator, unused-ignore]
def commute(product: NDArray[np.complex128], out: NDArray[np.complex128]) -> None:
    """out += -i (M - M^+) for M = H rho, tile by tile; rho Hermitian, so that this is -i [H, rho]."""
    size, tile = product.shape[0], 32
    for top in range(0, size, tile):
        for left in range(0, size, tile):
            for i in range(top, min(top + tile, size)):
                for j in range(left, min(left + tile, size)):
                    d = product[i, j] - np.conj(product[j, i])
                    out[i, j] += complex(d.imag, -d.real)


@numba.njit(cache=True, nogil=True)  # type: ignore[untyped-decorator, unused-ignore]
def jump(
    rho: NDArray[np.complex128],
    source: Ints,
    weight: NDArray[np.complex128],
    rate: float,
    out: NDArray[np.complex128],
) -> None:
    """out += rate L rho L^+ for an L with one entry a row, <i|L|source_i> = weight_i; none where source is negative."""
    for i in range(out.shape[0]):
        if source[i] >= 0:
            w = rate * weight[i]
            for j in range(out.shape[1]):
                if source[j] >= 0:
                    out[i, j] += w * np.conj(weight[j]) * rho[source[i], source[j]]


@numba.njit(cache=True, nogil=True)  # type: ignore[untyped-decorator, unused-ignore]
def decay(rho: NDArray[np.complex128], rates: Floats, out: NDArray[np.complex128]) -> None:
    """out -= (rates_i + rates_j)/2 rho, entry by entry."""
    for i in range(rho.shape[0]):
        for j in range(rho.shape[1]):
            out[i, j] -= 0.5 * (rates[i] + rates[j]) * rho[i, j]
