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
def _rows(
    front: int,
    skew: int,
    many: int,
    x: Floats,
    place: Ints,
    started: bool,
    scale: float,
    centre: float,
    edge: int,
    grid: tuple[Any, ...],
    y: Floats,
) -> None:
    """A row of each of `many` vectors, the k-th scale (H - centre) u - v of the two before it, in its window.

    Row r of vector k begins in x at place[k, r], those made being 2, 3, ...; of vector k + 2 row `front` - `skew` k is
    made. Where the recursion has not `started`, v is left out of the first, and the scale is half of it.

    Indices are unsigned: only then does the compiler know that none wraps around, and use wide registers.
    """
    length, low, high, kind, diagonal, level, group, jump, factor, column, shift, weight, margin = grid
    height = kind.size
    kinds = level.size // length
    tall = height + 2 * edge
    keep, whole = 1.0, scale
    for step in range(many):
        i = front - skew * step
        if i < 0 or i >= height or high[i] <= low[i]:
            continue
        begun = started or step > 0
        keep, scale = (1.0, whole) if begun else (0.0, 0.5 * whole)
        old, source, out = step * tall, (step + 1) * tall, (step + 2) * tall
        a, b = np.uint64(low[i]), np.uint64(high[i])
        width = b - a
        near, far = np.uint64(low[i] - margin), np.uint64(high[i] + margin)
        row = i + edge
        h, t, o = np.uint64(place[out + row]) + a, np.uint64(place[source + row]) + a, np.uint64(place[old + row]) + a
        f = np.uint64(kind[i] * length) + a
        d = scale * (diagonal[i] - centre)
        made = False
        for g in range(group.size - 1):
            begin, end, k, last = group[g], group[g + 1], column[g], column[g + 1]
            if end - begin == 2 and last - k == 2 and not made:  # all in one pass
                u, other = scale * factor[begin * height + i], scale * factor[(begin + 1) * height + i]
                s, r = place[source + row + jump[begin]] + low[i], place[source + row + jump[begin + 1]] + low[i]
                v, w = (
                    np.uint64((k * kinds + kind[i]) * length) + a,
                    np.uint64(((k + 1) * kinds + kind[i]) * length) + a,
                )
                sp, rp = np.uint64(s + shift[k * height + i]), np.uint64(r + shift[k * height + i])
                sq, rq = np.uint64(s + shift[(k + 1) * height + i]), np.uint64(r + shift[(k + 1) * height + i])
                for c in range(width):
                    own = (d + scale * level[f + c]) * x[t + c] - keep * x[o + c]
                    p = u * x[sp + c] + other * x[rp + c]
                    q = u * x[sq + c] + other * x[rq + c]
                    x[h + c] = own + weight[v + c] * p + weight[w + c] * q
                made = True
                continue
            filled = False
            for j in range(begin, end):
                u = scale * factor[j * height + i]
                if u != 0.0:
                    z = np.uint64(place[source + row + jump[j]])
                    if filled:
                        for c in range(near, far):
                            y[c] += u * x[z + c]
                    else:
                        for c in range(near, far):
                            y[c] = u * x[z + c]
                        filled = True
            if not filled:
                continue
            if not made:
                for c in range(width):
                    x[h + c] = (d + scale * level[f + c]) * x[t + c] - keep * x[o + c]
                made = True
            while k < last:
                # a shift may be negative; places begin at the margin, so the sum is not
                v, z = np.uint64((k * kinds + kind[i]) * length) + a, np.uint64(shift[k * height + i] + low[i])
                for c in range(width):
                    x[h + c] += weight[v + c] * y[z + c]
                k += 1
        if not made:
            for c in range(width):
                x[h + c] = (d + scale * level[f + c]) * x[t + c] - keep * x[o + c]


@numba.njit(cache=True, nogil=True, fastmath={"contract"})  # type: ignore[untyped-decorator, unused-ignore]
def _collect(
    even: Floats, odd: Floats, at: int, next_: int, w: Floats, z: Floats, x: Floats, rows: Ints, a: int, b: int
) -> None:
    """Add to row `at` of `even` and `odd` w[k] times the eight rows of x, and to row `next_` z[k] times, for a..b.

    Rows 0, 2, 4, 6 belong to `odd`; both outputs at once, so that rows are read once.
    """
    for half in range(2):
        p, q = np.uint64(rows[half]), np.uint64(rows[half + 2])
        r, s = np.uint64(rows[half + 4]), np.uint64(rows[half + 6])
        t, n = np.uint64(at), np.uint64(next_)
        w0, w1, w2, w3 = w[half], w[half + 2], w[half + 4], w[half + 6]
        z0, z1, z2, z3 = z[half], z[half + 2], z[half + 4], z[half + 6]
        total = odd if half == 0 else even
        if at == next_:
            for c in range(np.uint64(a), np.uint64(b)):
                total[t + c] += w0 * x[p + c] + w1 * x[q + c] + w2 * x[r + c] + w3 * x[s + c]
        else:
            for c in range(np.uint64(a), np.uint64(b)):
                xp, xq, xr, xs = x[p + c], x[q + c], x[r + c], x[s + c]
                total[t + c] += w0 * xp + w1 * xq + w2 * xr + w3 * xs
                total[n + c] += z0 * xp + z1 * xq + z2 * xr + z3 * xs


@numba.njit(cache=True, nogil=True)  # type: ignore[untyped-decorator, unused-ignore]
def _pair(tall: int, length: int) -> Ints:
    """Where the rows of a vector and of its image begin, the first twice: nothing comes before it."""
    place = np.empty(3 * tall, dtype=np.int64)
    for r in range(tall):
        place[r] = place[tall + r] = r * length
        place[2 * tall + r] = (tall + r) * length
    return place


@numba.njit(cache=True, nogil=True, fastmath={"contract"})  # type: ignore[untyped-decorator, unused-ignore]
def apply(x: Floats, centre: float, scale: float, size: int, edge: int, grid: tuple[Any, ...]) -> None:
    """The second `size` places of x become scale (H - centre) times the first."""
    length, height = grid[0], grid[3].size
    y = np.zeros(length)
    place = _pair(height + 2 * edge, length)
    for i in range(height):
        _rows(i, 1, 1, x, place, False, 2.0 * scale, centre, edge, grid, y)


@numba.njit(cache=True, nogil=True, fastmath={"contract"})  # type: ignore[untyped-decorator, unused-ignore]
def apply_ket(
    psi: NDArray[np.complex128],
    index: Ints,
    size: int,
    edge: int,
    grid: tuple[Any, ...],
    out: NDArray[np.complex128],
) -> None:
    """H psi of a ket whose entries belong at the places `index` of a padded array."""
    length, height = grid[0], grid[3].size
    place = _pair(height + 2 * edge, length)
    x, y = np.zeros(2 * size), np.zeros(length)
    for k in range(index.size):
        x[index[k]] = psi[k].real
    for i in range(height):
        _rows(i, 1, 1, x, place, False, 2.0, 0.0, edge, grid, y)
    for k in range(index.size):
        out[k] = x[size + index[k]]
        x[index[k]] = psi[k].imag
    for i in range(height):
        _rows(i, 1, 1, x, place, False, 2.0, 0.0, edge, grid, y)
    for k in range(index.size):
        out[k] += complex(0.0, x[size + index[k]])


@numba.njit(cache=True, nogil=True, fastmath={"contract", "reassoc"})  # type: ignore[untyped-decorator, unused-ignore]
def moments(h: Floats, x: NDArray[np.complex128], u: NDArray[np.complex128]) -> tuple[float, float, float]:
    """<h>, <h^2> and 2 Re <x|h|u> of a diagonal operator."""
    a, b, c = 0.0, 0.0, 0.0
    for k in range(h.size):
        p = h[k] * (x[k].real * x[k].real + x[k].imag * x[k].imag)
        a += p
        b += h[k] * p
        c += h[k] * (x[k].real * u[k].real + x[k].imag * u[k].imag)
    return a, b, 2.0 * c


@numba.njit(cache=True, nogil=True)  # type: ignore[untyped-decorator, unused-ignore]
def _places(height: int, edge: int, length: int, many: int, skew: int) -> Ints:
    """Where the rows of many + 2 vectors begin.

    The first two and the last two share whole arrays, which come first; of the others as many rows as are in use at a
    time are kept.
    """
    tall = height + 2 * edge
    slots = skew * (many - 1) + 3 * edge + 1
    place = np.empty((many + 2) * tall, dtype=np.int64)
    for k in range(many + 2):
        for r in range(tall):
            if k < 2 or k >= many:
                place[k * tall + r] = ((k if k < 2 else k - many) * tall + r) * length
            else:
                place[k * tall + r] = (2 * tall + (k - 2) * slots + r % slots) * length
    return place


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
    touched stays in the cache: of six of them only the rows in use are kept, the last two take the place of the two
    that the sweep began from. Rows of all outputs lie side by side.

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
    length, low, high, margin = grid[0], grid[1], grid[2], grid[12]
    height, many = grid[3].size, 8
    tall, skew = height + 2 * edge, max(edge, 1)
    y = np.zeros(length)
    place = _places(height, edge, length, many, skew)
    x = np.zeros(place.max() + length)
    x[size : 2 * size] = v
    rows = np.empty(many, dtype=np.int64)
    w, z = np.empty(many), np.empty(many)
    outputs = needed.size
    for r in range(tall):
        for j in range(outputs):
            for c in range(length):
                even[(r * outputs + j) * length + c] += weights[j, 0] * v[r * length + c]
    # rows of which parts are kept were another row before: what neighbours read beyond the window is made zero
    left, right = np.zeros(tall, dtype=np.int64), np.zeros(tall, dtype=np.int64)
    first, behind = np.zeros(tall, dtype=np.int64), np.zeros(tall, dtype=np.int64)
    for r in range(tall):
        left[r], right[r] = length, 0
        for i in range(max(r - 2 * edge, 0), min(r + 1, height)):
            if high[i] > low[i]:
                left[r], right[r] = min(left[r], low[i] - margin), max(right[r], high[i] + margin)
        first[r], behind[r] = right[r], right[r]
        if edge <= r < height + edge and high[r - edge] > low[r - edge]:
            first[r], behind[r] = low[r - edge], high[r - edge]
    for done in range(1, needed[0], many):  # odd, so that the first, third, ... of the eight belong to `odd`
        for k in range(2, many):
            for r in range(edge):
                at = place[k * tall + r]
                x[at + left[r] : at + right[r]] = 0.0
        for front in range(height + edge + skew * many):
            for k in range(many - 2):
                i = front - skew * k
                if 0 <= i < height + edge:
                    at = place[(k + 2) * tall + i + edge]
                    for c in range(left[i + edge], first[i + edge]):
                        x[at + c] = 0.0
                    for c in range(behind[i + edge], right[i + edge]):
                        x[at + c] = 0.0
            _rows(front, skew, many, x, place, done > 1, 2.0 * scale, centre, edge, grid, y)
            i = front - skew * (many - 1)
            if 0 <= i < height and high[i] > low[i]:
                for k in range(many):
                    rows[k] = place[(k + 2) * tall + i + edge]
                j = 0
                while j < outputs and needed[j] > done:
                    other = j + 1 if j + 1 < outputs and needed[j + 1] > done else j
                    for k in range(many):
                        w[k], z[k] = weights[j, done + k], weights[other, done + k]
                    at = (i + edge) * outputs * length
                    _collect(even, odd, at + j * length, at + other * length, w, z, x, rows, low[i], high[i])
                    j = other + 1


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
