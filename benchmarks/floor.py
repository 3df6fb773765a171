"""What the arithmetic alone would take on this machine, from rates that are measured in the same run.

A floor counts the passes over the state that an expansion of the whole window cannot do without (each term applies the
generator once, which reads the state and writes it), and the operations of the spectra that are asked for.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np

#: terms below this do not count
_SMALL = 1e-10


def best(work: Callable[[], object], repeats: int = 9) -> float:
    """Seconds of the fastest of several calls."""
    out = []
    for _ in range(repeats):
        began = time.perf_counter()
        work()
        out.append(time.perf_counter() - began)
    return min(out)


def _copy(size: int, threads: int) -> float:
    """Bytes a second that copies of `size` bytes read and write, split over threads."""
    parts = [(np.ones(size // 8 // threads), np.empty(size // 8 // threads)) for _ in range(threads)]
    times = max(1, 2**22 // size)

    def one(pair: tuple[np.ndarray, np.ndarray]) -> None:
        for _ in range(times):
            np.copyto(pair[1], pair[0])

    with ThreadPoolExecutor(threads) as pool:
        return 2 * size * times / best(lambda: list(pool.map(one, parts)))


def machine() -> dict[str, Any]:
    """Rates: copies by size (best of one and two threads), and matrix products on the BLAS threads that are set."""
    sizes = [2**k for k in range(12, 28, 3)]
    copies = {size: max(_copy(size, 1), _copy(size, 2)) for size in sizes}
    products = {}
    for name, kind, flops in (("real", float, 2), ("complex", complex, 8)):
        a = np.random.default_rng(1).normal(size=(1024, 1024)).astype(kind)
        products[name] = flops * 1024**3 / best(lambda a=a: a @ a, 5)
    return {"copy": copies, "product": products}


def bandwidth(rates: dict[str, Any], size: float) -> float:
    """The fastest that copies of this size or larger go: of short ones the call alone takes longer."""
    large = [rate for s, rate in rates["copy"].items() if s >= size]
    return float(max(large) if large else rates["copy"][max(rates["copy"])])


def terms(width: float, window: float) -> int:
    """Terms of a Chebyshev expansion of exp(-iHt) over a window, for a spectrum of half-width `width`."""
    from scipy.special import jv

    x = width * window
    k = np.arange(int(x + 12 * np.cbrt(x) + 60))
    return int(np.nonzero(np.abs(jv(k, x)) > _SMALL)[0][-1]) + 1


def _chain_width(n: int) -> float:
    """Half-width of the spectrum of W1: dense at N = 6 and 8, linear beyond."""
    x, z = np.array([[0.0, 1], [1, 0]]), np.diag([1.0, -1])
    widths = []
    for m in (6, 8):
        h = sum(np.kron(np.kron(np.eye(2**i), 0.5 * (x + z)), np.eye(2 ** (m - 1 - i))) for i in range(m))
        pair = 0.3 * np.kron(x, x) + 0.2 * np.kron(z, z)
        h = h + sum(np.kron(np.kron(np.eye(2**i), pair), np.eye(2 ** (m - 2 - i))) for i in range(m - 1))
        e = np.linalg.eigvalsh(h)
        widths.append((e[-1] - e[0]) / 2)
    return float(widths[1] + (n - 8) / 2 * (widths[1] - widths[0]))


def _collective_spread(n: int) -> float:
    """Highest less lowest level of W3's Hamiltonian among symmetric states."""
    m = n / 2 - np.arange(n + 1)
    up = np.sqrt(n / 2 * (n / 2 + 1) - m[1:] * (m[1:] + 1))
    jx = (np.diag(up, 1) + np.diag(up, -1)) / 2
    e = np.linalg.eigvalsh(np.diag(m) + jx + 0.15 / n * (4 * jx @ jx - n * np.eye(n + 1)))
    return float(e[-1] - e[0])


def dicke_matrix(n: int, n_max: int, variant: str) -> Any:
    """H of W2 as a CSR matrix over mode x collective spin, m = n/2 ... -n/2."""
    import scipy.sparse as sp

    g = 0.5 / np.sqrt(n) if variant == "norm" else 0.5
    m = n / 2 - np.arange(n + 1)
    a = sp.diags([np.sqrt(np.arange(1.0, n_max + 1))], [1])
    up = sp.diags([np.sqrt(n / 2 * (n / 2 + 1) - m[1:] * (m[1:] + 1))], [1])
    free = sp.kron(sp.diags([np.arange(n_max + 1.0)], [0]), sp.eye(n + 1)) + sp.kron(
        sp.eye(n_max + 1), sp.diags([m], [0])
    )
    return (free + g * sp.kron(a + a.T, up + up.T)).tocsr()


def chain(rates: dict[str, Any], n: int, spectra: bool) -> tuple[float, str]:
    """Passes over a real vector of half the size (the reflection); a real spectrum a time."""
    size = 8 * 2 ** (n - 1)
    count = terms(_chain_width(n), 20.0)
    seconds = count * 2 * size / bandwidth(rates, size)
    text = f"{count} passes over half of the real amplitudes"
    if spectra:
        seconds += 201 * 4 / 3 * 2 ** (3 * (n // 2)) / rates["product"]["real"]
        text += " and 201 real symmetric spectra"
    return seconds, text


def dicke(rates: dict[str, Any], n: int, n_max: int, variant: str) -> tuple[float, str]:
    """Passes over a real vector of half the size (the parity), and a real spectrum a time."""
    from scipy.sparse.linalg import eigsh

    matrix = dicke_matrix(n, n_max, variant)
    low, high = eigsh(matrix, k=2, which="BE", return_eigenvectors=False, tol=1e-2)
    size = 8 * matrix.shape[0] / 2
    count = terms(float(high - low) / 2, 10.0)
    seconds = count * 2 * size / bandwidth(rates, size) + 101 * 4 / 3 * (n + 1) ** 3 / rates["product"]["real"]
    return seconds, f"{count} passes over half of the real amplitudes and 101 real symmetric spectra"


def noisy(rates: dict[str, Any], n: int, dense: bool) -> tuple[float, str]:
    """Passes over a Hermitian matrix, whole or by blocks of total spin, and a spectrum a time."""
    blocks = [2**n] if dense else [n - 2 * k + 1 for k in range(n // 2 + 1)]
    size = 8 * sum(b * b for b in blocks)
    count = terms(_collective_spread(n), 20.0)
    spectra = 101 * 16 / 3 * sum(b**3 for b in blocks) / rates["product"]["complex"]
    what = "the density matrix" if dense else "its blocks"
    return count * 2 * size / bandwidth(rates, size) + spectra, f"{count} passes over {what} and 101 Hermitian spectra"


def jumps(rates: dict[str, Any], n: int, samples: int) -> tuple[float, str]:
    """Passes over a ket, for each sample."""
    size = 16 * 2**n
    count = terms(_collective_spread(n) / 2, 20.0)
    return samples * count * 2 * size / bandwidth(rates, size), f"{samples} times {count} passes over a ket"


def grid(rates: dict[str, Any], side: int) -> tuple[float, str]:
    """One product of a propagator with the 35 unknowns of four alike cells, a time and point."""
    return side**2 * 101 * 2 * 35**2 / rates["product"][
        "real"
    ], "a product with a propagator of size 35 a time and point"


FLOORS = {f.__name__: f for f in (chain, dicke, noisy, jumps, grid)}


def everything(wanted: dict[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
    """Rates, and the floor of every row that has one."""
    rates = machine()
    found = {key: FLOORS[name](rates, **args) for key, (name, args) in wanted.items()}
    return {}, {"rates": rates, "floors": {key: {"seconds": s, "of": text} for key, (s, text) in found.items()}}
