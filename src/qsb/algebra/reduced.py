r"""Reduced states of kets: their spectra and cells, without the global density matrix.

A ket on A and B is a matrix M (rows A, columns B), and :math:`\rho_A = M M^+`. Its eigenvalues fall steeply, which
is used three times over:

1. Lanczos vectors of :math:`\rho_A` take up its weight fast. For any orthonormal set that leaves the weight w outside,
   the partial sums of the sorted eigenvalues of the compression lie below those of :math:`\rho_A` by at most w (a
   positive matrix is the sum of two that are unitarily equivalent to its diagonal blocks padded with zeros: Bourin and
   Lee, Bull. London Math. Soc. 44 (2012) 1085), so that a passive energy is off by at most w times the range of the
   levels. Where w falls below `NEGLIGIBLE`, no more is computed.
2. Elsewhere the rest is small, so that its tridiagonalisation in single precision makes an error of single rounding
   times that small size. It continues the Lanczos recursion exactly: the rest is bordered by its coupling to the last
   vector. Where the bound of that error is above `SINGLE_ERROR`, all is done in double precision.
3. Times do not depend on each other: one thread each, with one BLAS thread in it.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from qsb.algebra import lapack
from qsb.algebra.blocks import RealArray, Spectrum
from qsb.algebra.kernels import threads
from qsb.errors import ConvergenceError

Array = NDArray[Any]

#: weight that is dropped at most
NEGLIGIBLE = 1e-12
#: allowed bound of sum_k |error of eigenvalue k| from single precision in the small rest
SINGLE_ERROR = 5e-9
#: side below which the plain way is the fastest, and below which single precision gains nothing
SMALL_SIDE, SINGLE_SIDE = 192, 384
#: rows of a thin matrix, tried one after the other, and most Lanczos steps, as parts of the side
_THIN, _STEPS = (8, 4), 4
_SINGLE = float(np.finfo(np.float32).eps) / 2


def spectra(psi: Array, dims: tuple[int, ...], subset: Sequence[int]) -> Spectrum:
    """Eigenvalues of the reduced states of kets.

    Args:
        psi: kets, (T, D).
        dims: dimension of each site, first site most significant.
        subset: the sites that are kept, in any order.

    Returns:
        The min(d, D/d) eigenvalues (T, .) that can differ from zero, in no order, and d - D/d zeros.
    """
    kept = int(np.prod([dims[i] for i in subset], dtype=np.int64))
    total = int(np.prod(dims, dtype=np.int64))
    side = min(kept, total // kept)

    def short(ket: Array) -> Array:
        m = matrix(ket, dims, subset)
        return np.ascontiguousarray(m if kept <= total // kept else m.T)

    # neighbours in time have about the same rank: where the first is not thin, looking at all others is wasted
    first = _thinner(short(psi[0])) if side >= SMALL_SIDE else None

    def one(ket: Array) -> RealArray:
        if first is not None and ket is kets[0]:
            return _few(first, side)
        return _small(short(ket)) if side < SMALL_SIDE else _large(short(ket), first is not None)

    kets = list(psi)
    values = np.array(list(threads.each(one, kets, large=side >= SMALL_SIDE // 2)))
    if kept == side:
        return Spectrum.simple(values)
    return Spectrum.counted(np.concatenate([values, np.zeros((len(values), 1))], axis=1), (1,) * side + (kept - side,))


def matrix(ket: Array, dims: tuple[int, ...], subset: Sequence[int]) -> Array:
    """The ket as a matrix: rows the subset, columns the rest; a view where the subset comes first."""
    rest = [i for i in range(len(dims)) if i not in subset]
    kept = int(np.prod([dims[i] for i in subset], dtype=np.int64))
    return ket.reshape(dims).transpose([*subset, *rest]).reshape(kept, -1)


def row_weights(m: Array) -> RealArray:
    """Weight of each row: the diagonal of the reduced state."""
    return np.asarray(np.einsum("ab,ab->a", m.real, m.real) + np.einsum("ab,ab->a", m.imag, m.imag))


def cells(psi: Array, sites: int) -> Array:
    """State of each of N spins, (T, N, 2, 2), from kets (T, 2^N): one product a group of neighbours."""
    out = np.empty((len(psi), sites, 2, 2), dtype=complex)
    width = 4
    for first in range(0, sites, width):
        count = min(width, sites - first)
        inner = 2 ** (sites - first - count)
        for t, ket in enumerate(psi):
            m = ket.reshape(2**first, 2**count, inner)
            if inner >= 2**first:
                rho = np.sum(m @ m.conj().swapaxes(1, 2), axis=0)
            else:
                columns = m.transpose(2, 1, 0)
                rho = np.sum(columns @ columns.conj().swapaxes(1, 2), axis=0)
            for k in range(count):
                part = rho.reshape(2**k, 2, 2 ** (count - k - 1), 2**k, 2, 2 ** (count - k - 1))
                out[t, first + k] = np.einsum("aibajb->ij", part)
    return out


def _small(m: Array) -> RealArray:
    """Plain double precision."""
    return lapack.eigenvalues(m @ m.conj().T)


def _few(thin: Array, side: int) -> RealArray:
    """Eigenvalues from a thinner matrix, and zeros."""
    found = _small(thin) if len(thin) < SMALL_SIDE else _large(thin, False)
    return np.concatenate([found, np.zeros(side - len(found))])


def _large(m: Array, hope: bool) -> RealArray:
    """A thinner matrix, if there is hope for one; Lanczos head in double precision; a rest in single precision."""
    from qsb.algebra.kernels import reduced as kernels

    n = len(m)
    thin = _thinner(m) if hope else None
    if thin is not None:
        return _few(thin, n)
    re, im = _gram(m)
    if n < SINGLE_SIDE:
        return lapack.eigenvalues(re + 1j * im)
    trace = float(np.trace(re))
    steps = n // _STEPS
    q, alpha, beta = np.empty((steps + 1, 2, n)), np.empty(steps), np.empty(steps)
    start = _random(n, 1)[:, 0]
    start = re @ start + 1j * (im @ start)
    start /= np.linalg.norm(start)
    q[0, 0], q[0, 1] = start.real, start.imag
    allowed = SINGLE_ERROR * trace / (np.sqrt(n) * _SINGLE)
    count, left = kernels.head(re, im, q, alpha, beta, trace, NEGLIGIBLE * trace, allowed / 20)
    alpha, beta = alpha[:count], beta[:count]
    if left <= NEGLIGIBLE * trace:
        return np.concatenate([_tridiagonal(alpha, beta[:-1]), np.zeros(n - count)])
    vectors = np.asarray(q[: count + 1, 0] + 1j * q[: count + 1, 1], dtype=np.complex128)
    # rho = sum over the recursion + rest: each vector times (its alpha, and beta times the neighbours)
    images = alpha[:, None] * vectors[:-1] + beta[:, None] * vectors[1:]
    images[1:] += beta[:-1, None] * vectors[:-2]
    images = np.concatenate([images, beta[-1] * vectors[-2:-1]])
    taken = images.T @ vectors.conj()
    tail = np.empty((n + 1, n + 1), dtype=np.complex64)
    size = np.sqrt(kernels.border(re, im, taken, np.asarray(beta[-1] * vectors[-1], dtype=np.complex128), tail))
    if size > allowed:
        return lapack.eigenvalues(re + 1j * im)
    d, e = _reduce_single(tail)
    # the first row repeats the last Lanczos vector: its numbers are known in double precision
    values = _tridiagonal(np.concatenate([alpha, d[1:]]), np.concatenate([beta, e[1:]]))
    # the Lanczos vectors are in the rest with eigenvalue zero once more
    return values[-n:]


def _random(rows: int, columns: int) -> Array:
    """The same random numbers for the same shape."""
    rng = np.random.default_rng(5)
    return rng.normal(size=(rows, columns)) + 1j * rng.normal(size=(rows, columns))


def _thinner(m: Array) -> Array | None:
    """Q^+ M of n/8 or n/4 rows, if no more than `NEGLIGIBLE` of the weight of M lies outside the range of Q.

    Q spans as many random sums of columns of M (Halko, Martinsson, Tropp, SIAM Rev. 53 (2011) 217); what is outside is
    measured, first in a few sums more, then in all of M.
    """
    n, columns = m.shape
    total = float(np.vdot(m, m).real)
    probes = m @ _random(columns, 4)
    for part in _THIN:
        q, _ = np.linalg.qr(_folded(m, n // part))
        outside = probes - q @ (q.conj().T @ probes)
        # the mean square of a probe is twice the weight outside
        lost = float(np.linalg.norm(outside)) ** 2 / (8 * total)
        if lost <= 3 * NEGLIGIBLE:
            thin = q.conj().T @ m
            return thin if total - float(np.vdot(thin, thin).real) <= NEGLIGIBLE * total else None
        # weights that fall geometrically leave the square of that outside of twice as many rows
        if lost**2 > NEGLIGIBLE:
            return None
    return None


def _folded(m: Array, width: int) -> Array:
    """Each column of M with a random phase on one of `width` sums."""
    n, columns = m.shape
    whole = columns - columns % width
    signed = m * np.random.default_rng(6).choice([1.0, -1.0, 1j, -1j], size=columns)
    sums = signed[:, :whole].reshape(n, -1, width).sum(axis=1)
    sums[:, : columns - whole] += signed[:, whole:]
    return np.asarray(sums)


def _gram(m: Array) -> tuple[RealArray, RealArray]:
    """Real and imaginary part of M M^+ in three real products where a complex one has four."""
    from qsb.algebra.kernels import reduced as kernels

    a, b, both = np.empty(m.shape), np.empty(m.shape), np.empty(m.shape)
    kernels.split(m, b, both, a)
    cross = b @ a.T
    sums = both @ both.T
    kernels.planes(sums, cross)
    return sums, cross


def _reduce_single(c: NDArray[np.complex64]) -> tuple[RealArray, RealArray]:
    """Diagonal and off-diagonal of a Hermitian matrix in tridiagonal form (CHETRD); overwrites it.

    Args:
        c: rows of the upper triangle of the transpose, which are the columns of the lower triangle.
    """
    n = len(c)
    d, e, tau = np.empty(n, np.float32), np.empty(n - 1, np.float32), np.empty(n, np.complex64)
    work = np.empty(64 * n, np.complex64)
    info = np.zeros(1, np.intc)
    lapack.call("chetrd", b"L", n, c, n, d, e, tau, work, len(work), info)
    return d.astype(np.float64), e.astype(np.float64)


def _tridiagonal(d: RealArray, e: RealArray) -> RealArray:
    """Eigenvalues of a real symmetric tridiagonal matrix, ascending (DSTERF).

    Raises:
        ConvergenceError: if the iteration fails.
    """
    d, e = np.array(d), np.array(e)
    info = np.zeros(1, np.intc)
    lapack.call("dsterf", len(d), d, e, info)
    if info[0]:
        raise ConvergenceError("the eigenvalues of a reduced state", float(info[0]), 0.0, "report this.")
    return d
