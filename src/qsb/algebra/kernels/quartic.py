"""Products of a matrix of four-fermion operators with a ket: remove two, multiply by the matrix, put two back."""

from __future__ import annotations

from typing import Any

import numba
import numpy as np
from numpy.typing import NDArray

Real = NDArray[np.float64]
Int = NDArray[np.int64]


@numba.njit(cache=True, nogil=True, fastmath=True)  # type: ignore[untyped-decorator, unused-ignore]
def apply(first: int, last: int, sites: int, string: float, table: Int, re: Real, im: Real, x: Any, out: Any) -> None:
    """out[part] = sum over the states that a part owns of A+_P M_PQ A_Q x, for parts first..last-1 of len(out).

    A state with two fewer up has a bit 1 at each empty site; x at the states with one pair of them filled goes through
    the rows and columns of M that belong to its empty pairs. Parts share the states by a hash, so that their numbers
    of empty sites are alike; each part has its own output, since two states may fill up to the same one.

    Args:
        first: first part.
        last: one past the last part.
        sites: N.
        string: -1 for fermions, 1 for hard-core bosons: factor of an occupied site inside a pair.
        table: number of the pair (i, j), (N, N).
        re: real part of M, (P, P).
        im: imaginary part of M.
        x: ket, (2^N,) complex.
        out: (parts, 2^N) complex, zeros.
    """
    parts = len(out)
    most = sites * (sites - 1) // 2 + 1
    empty, sign = np.empty(sites, np.int64), np.empty(sites)
    pair, state = np.empty(most, np.int64), np.empty(most, np.int64)
    weight, a, b = np.empty(most), np.empty(most), np.empty(most)
    for m in range(1 << sites):
        owner = ((m * 40503) >> 12) % parts
        if owner < first or owner >= last:
            continue
        count, parity = 0, 1.0
        for j in range(sites):
            if (m >> (sites - 1 - j)) & 1:
                empty[count] = j
                sign[count] = parity
                count += 1
            else:
                parity *= string
        pairs = 0
        for i in range(count):
            for j in range(i + 1, count):
                filled = m ^ (1 << (sites - 1 - empty[i])) ^ (1 << (sites - 1 - empty[j]))
                w = sign[i] * sign[j]
                pair[pairs], state[pairs], weight[pairs] = table[empty[i], empty[j]], filled, w
                a[pairs], b[pairs] = w * x[filled].real, w * x[filled].imag
                pairs += 1
        if pairs == 0:
            continue
        # two rows at once read indices and amplitudes once; a row of weight zero makes their number even
        pair[pairs], state[pairs], weight[pairs] = pair[pairs - 1], state[pairs - 1], 0.0
        for p in range(0, pairs, 2):
            u, v, y, z = re[pair[p]], im[pair[p]], re[pair[p + 1]], im[pair[p + 1]]
            c, d, e, f = 0.0, 0.0, 0.0, 0.0
            for q in range(pairs):
                k, s, t = pair[q], a[q], b[q]
                c += u[k] * s - v[k] * t
                d += u[k] * t + v[k] * s
                e += y[k] * s - z[k] * t
                f += y[k] * t + z[k] * s
            out[owner, state[p]] += weight[p] * complex(c, d)
            out[owner, state[p + 1]] += weight[p + 1] * complex(e, f)
