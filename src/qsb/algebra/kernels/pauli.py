"""Sums of Pauli strings on kets, and what a Chebyshev expansion needs around them.

A product of Pauli operators is written X^x Z^z with bit masks x and z (Z acts first), so its matrix has one
entry a row: ``<k| X^x Z^z |k ^ x> = (-1)^popcount(z & (k ^ x))``.

Vectors are real. A complex ket is a real vector with one more lowest bit (0 real, 1 imaginary part). Vectors are cut
into blocks that stay in cache; a list of blocks says which ones are computed. Where the state is even or odd under an
exchange of two halves of the bits, only blocks on one side of the diagonal are, and their transposes are written.
"""

# mypy: disable-error-code="untyped-decorator, unused-ignore, call-arg"

from __future__ import annotations

from typing import Any

import numba
import numpy as np
from numpy.typing import NDArray

from qsb.algebra.kernels.lanes import (
    ROW,
    combine_complex,
    combine_real,
    sum_row_complex,
    sum_row_real,
    transpose_pairs,
    transpose_quad,
)

Ints = NDArray[np.int64]
Reals = NDArray[np.float64]


def _compiled(function: Any) -> Any:
    """Compile a loop that may run beside others."""
    fast = {"contract", "reassoc", "nsz", "arcp"}  # NaN and infinity keep their meaning: growth is told by them
    return numba.njit(cache=True, nogil=True, fastmath=fast, error_model="numpy")(function)


@numba.njit(inline="always")
def _mirror(out: Reals, at: int, full: Reals, to: int, side: int, pair: int, sign: float) -> None:
    """Write the transpose of a block of side x side numbers, each of 1 + pair doubles."""
    if pair == 0:
        for i in range(0, side, 4):
            for j in range(0, side, 4):
                transpose_quad(out, full, at + i * side + j, side, to + j * side + i, side, sign)
    else:
        for i in range(0, side, 2):
            for j in range(0, side, 2):
                source, target = at + 2 * (i * side + j), to + 2 * (j * side + i)
                transpose_pairs(out, full, source, 2 * side, target, 2 * side, sign)


@_compiled
def step(
    first: int,
    last: int,
    blocks: Ints,
    mirrors: Ints,
    side: int,
    size: int,
    pair: int,
    sign: float,
    diagonal: Reals,
    flips: Ints,
    signs: Ints,
    weights: Reals,
    bounds: Ints,
    alpha: float,
    beta: float,
    gamma: float,
    src: Reals,
    prev: Reals,
    out: Reals,
    full: Reals,
) -> None:
    """out = (alpha diagonal + beta) src + sum_e w_e X^x_e Z^z_e src + gamma prev on blocks first..last.

    `src` holds all blocks; `diagonal`, `prev` and `out` only the listed ones, in order. With `full` not empty, the
    result is written there too, block and mirror image.
    """
    for p in range(first, last):
        o, q = p * size, blocks[p] * size
        for r in range(0, size, ROW):
            if pair == 0:
                sum_row_real(out, src, prev, diagonal, flips, signs, weights, bounds, o + r, q + r, alpha, beta, gamma)
            else:
                sum_row_complex(
                    out, src, prev, diagonal, flips, signs, weights, bounds, o + r, q + r, alpha, beta, gamma
                )
        if full.size > 0:
            for i in range(size):
                full[q + i] = out[o + i]
            if mirrors[p] >= 0:
                _mirror(out, o, full, mirrors[p] * size, side, pair, sign)


@_compiled
def unpack(
    first: int,
    last: int,
    blocks: Ints,
    mirrors: Ints,
    side: int,
    size: int,
    pair: int,
    sign: float,
    factors: Reals,
    packed: Reals,
    full: Reals,
) -> None:
    """Write listed blocks times their factors, and mirror images, to where they belong in the whole vector."""
    for p in range(first, last):
        o, q = p * size, blocks[p] * size
        factor = factors[p]
        for i in range(size):
            full[q + i] = factor * packed[o + i]
        if mirrors[p] >= 0:
            _mirror(full, q, full, mirrors[p] * size, side, pair, sign)


@_compiled
def accumulate(
    first: int,
    last: int,
    rows: Reals,
    stride: int,
    coefficients: Reals,
    counts: Ints,
    pair: int,
    scales: Reals,
    size: int,
    out: Reals,
) -> None:
    """out_t += sum_even c_tk phi_k - i sum_odd c_tk phi_k on chunks of 256 amplitudes (or what a block has).

    Args:
        first: first chunk.
        last: end of the chunks.
        rows: vectors phi_k, the first one even, `stride` doubles apart, `1 + pair` doubles an amplitude.
        stride: as said.
        coefficients: (T, K).
        counts: of vectors with a coefficient that matters, (T,).
        pair: 0 for real vectors, 1 for complex ones.
        scales: factor of each block.
        size: amplitudes of a block.
        out: complex amplitudes (T, L) as doubles (T, 2 L).
    """
    chunk = min(size, 256)
    wide = ROW // 4 if pair else ROW // 2
    length = out.shape[1] // 2
    width = coefficients.shape[1]
    table = coefficients.reshape(-1)
    target = out.reshape(-1)
    for c in range(first, last):
        amplitude = c * chunk
        scale = scales[amplitude // size]
        for t in range(0, counts.size, 2):
            u = min(t + 1, counts.size - 1)
            count = max(counts[t], counts[u])
            if count > 0:
                second = scale if u > t else 0.0
                even = (count + 1) // 2
                odd = count - even
                for a in range(amplitude, amplitude + chunk, wide):
                    to, too = 2 * (t * length + a), 2 * (u * length + a)
                    if pair == 0:
                        combine_real(
                            target, rows, table, to, too, a, stride, t * width, u * width, even, odd, scale, second
                        )
                    else:
                        combine_complex(
                            target, rows, table, to, too, 2 * a, stride, t * width, u * width, even, odd, scale, second
                        )


@_compiled
def moments(first: int, last: int, size: int, h: Reals, x: Reals, u: Reals, out: Reals) -> None:
    """Partial sums of |x|^2, h |x|^2, h^2 |x|^2 and 2 h Re(x* u) over chunks of amplitudes, (chunks, 4)."""
    for c in range(first, last):
        n = 0.0
        e = 0.0
        v = 0.0
        p = 0.0
        for i in range(c * size, min((c + 1) * size, h.size)):
            w = x[2 * i] * x[2 * i] + x[2 * i + 1] * x[2 * i + 1]
            n += w
            e += h[i] * w
            v += h[i] * h[i] * w
            p += h[i] * (x[2 * i] * u[2 * i] + x[2 * i + 1] * u[2 * i + 1])
        out[c, 0] = n
        out[c, 1] = e
        out[c, 2] = v
        out[c, 3] = 2.0 * p
