"""Make `references/W2_*.npz` with numpy and scipy alone: `python benchmarks/dicke_reference.py 100 400 norm`.

One Chebyshev expansion of the whole window. H and the start are real, so all its vectors are; parity keeps half of the
states. The ergotropy is that of all 2^N dimensions: N + 1 populations fill the ground level and the N levels above it,
so the passive energy above the ground is 1 - (the largest population).
"""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
from floor import dicke_matrix, terms
from scipy.sparse.linalg import eigsh
from scipy.special import jv

#: vectors that are added to all save times together
_BLOCK = 64
_MARGIN = 1.02
_NOTHING = 1e-18


def states(n: int, n_max: int, variant: str, times: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Amplitudes (times, states) of the even sector, and which states those are; without the phase of the centre."""
    whole = dicke_matrix(n, n_max, variant)
    photons, down = np.divmod(np.arange(whole.shape[0]), n + 1)
    start = n * (n + 1) + n
    even = np.flatnonzero((photons + n - down) % 2 == (photons[start] + n - down[start]) % 2)
    h = whole[even][:, even].tocsr()
    low, high = np.sort(eigsh(h, k=2, which="BE", return_eigenvectors=False, tol=1e-4))
    centre, width = (high + low) / 2, _MARGIN * (high - low) / 2
    count = terms(width, times[-1]) + 60
    parts = np.zeros((2, len(times), len(even)))
    before, now = np.zeros(len(even)), (even == start).astype(float)
    for first in range(0, count, _BLOCK):
        held, orders = [], range(first, min(first + _BLOCK, count))
        for k in orders:
            held.append(now)
            after = (h @ now - centre * now) / width
            before, now = now, after if k == 0 else 2 * after - before
        for part in (0, 1):
            mine = [k for k in orders if k % 2 == part]
            signs = np.array([(1, -1, -1, 1)[k % 4] * (1 if k == 0 else 2) for k in mine])
            weights = signs * jv(np.array(mine), width * times[:, None])
            live = np.abs(weights).max(axis=1) > _NOTHING  # an early time is done before the last one
            parts[part, live] += weights[live] @ np.array([held[k - first] for k in mine])
    return parts[0] + 1j * parts[1], even


def main(n: int, n_max: int, variant: str) -> None:
    """Solve, check the norm, save."""
    times = np.linspace(0.0, 10.0, 101)
    found, even = states(n, n_max, variant, times)
    levels = n - np.arange(n + 1)  # above the ground
    e, w = np.zeros(len(times)), np.zeros(len(times))
    for k, psi in enumerate(found):
        m = np.zeros((n_max + 1) * (n + 1), dtype=complex)
        m[even] = psi
        m = m.reshape(n_max + 1, n + 1)
        e[k] = (np.abs(m) ** 2).sum(axis=0) @ levels
        w[k] = e[k] - (1 - np.linalg.eigvalsh(m.T @ m.conj())[-1])
    drift = float(np.abs((np.abs(found) ** 2).sum(axis=1) - 1).max())
    path = Path(__file__).resolve().parent / "references" / f"W2_n{n}_{variant}.npz"
    np.savez_compressed(path, t=times, E=e, ergotropy=w, n_max=n_max)
    print(f"{path.name}: norm drift {drift:.1e}")


if __name__ == "__main__":
    main(int(sys.argv[1]), int(sys.argv[2]), sys.argv[3])
