"""Operators on a grid of two ladders (Dicke states x Fock states): what is reached, and a fused Chebyshev recursion.

A grid array is flat, of rows of length L with a margin of zeros around what is used, so that no neighbour is missing.
H acts as

    (H x)[r, c] = (d_r + e_c) x[r, c] + sum_g sum_k w_gk[c] y_g[c + o_gk],     y_g = sum_j u_gj[r] x[r + m_gj],

one group g a product (operator of the rows) x (operator of the columns). Weights are those of a row's class: rows of one
class hold the same columns.
"""

from __future__ import annotations

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


@numba.njit(inline="always")  # type: ignore[untyped-decorator, unused-ignore]
def _step(
    x: Floats,
    old: Floats,
    out: Floats,
    keep: float,
    scale: float,
    centre: float,
    length: int,
    rows: Ints,
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
    y: Floats,
    margin: int,
) -> None:
    """out = scale (H - centre) x - keep old on the columns low..high of each of the rows."""
    for i in range(rows.size):
        a, b = low[i], high[i]
        if b <= a:
            continue
        # views that begin at zero: only then does the compiler know that no index wraps around, and use wide registers
        n, at = b - a, rows[i] * length + a
        here, there, before = out[at : at + n], x[at : at + n], old[at : at + n]
        e = level[kind[i], a:b]
        d = scale * (diagonal[i] - centre)
        for c in range(n):
            here[c] = (d + scale * e[c]) * there[c] - keep * before[c]
        wide = y[: n + 2 * margin]
        for g in range(group.size - 1):
            filled = False
            for j in range(group[g], group[g + 1]):
                u = scale * factor[j, i]
                if u != 0.0:
                    start = at + jump[j] * length - margin
                    source = x[start : start + n + 2 * margin]
                    if filled:
                        for c in range(n + 2 * margin):
                            wide[c] += u * source[c]
                    else:
                        for c in range(n + 2 * margin):
                            wide[c] = u * source[c]
                        filled = True
            if not filled:
                continue
            k, last = column[g], column[g + 1]
            if last - k >= 2:
                left, right = y[margin + shift[k, i] :][:n], y[margin + shift[k + 1, i] :][:n]
                v, w = weight[k, kind[i], a:b], weight[k + 1, kind[i], a:b]
                for c in range(n):
                    here[c] += v[c] * left[c] + w[c] * right[c]
                k += 2
            while k < last:
                left, v = y[margin + shift[k, i] :][:n], weight[k, kind[i], a:b]
                for c in range(n):
                    here[c] += v[c] * left[c]
                k += 1


@numba.njit(cache=True, nogil=True, fastmath={"contract"})  # type: ignore[untyped-decorator, unused-ignore]
def recur(
    block: Floats,
    done: int,
    scale: float,
    centre: float,
    length: int,
    rows: Ints,
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
) -> None:
    """Fill the rows of `block` (K, size) from `done` on with v_k = 2 h v_{k-1} - v_{k-2}, h = scale (H - centre).

    With done = 1 the second row is h v_0.
    """
    y = np.zeros(length)
    for k in range(done, block.shape[0]):
        twice = 1.0 if k == 1 else 2.0
        keep = 0.0 if k == 1 else 1.0
        old = block[k - 2] if k > 1 else block[0]
        _step(
            block[k - 1],
            old,
            block[k],
            keep,
            twice * scale,
            centre,
            length,
            rows,
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
            y,
            margin,
        )
