r"""Quadratic forms of harmonic modes, and what the covariance matrix of a Gaussian state says.

M modes have the quadratures :math:`R = (q_1..q_M, p_1..p_M)`, :math:`a = (q + ip)/\sqrt2`, :math:`[R_i, R_j] =
i\Omega_{ij}`. A Gaussian state is its means :math:`r = \langle R\rangle` and its covariance
:math:`V_{ij} = \tfrac12\langle\{R_i - r_i, R_j - r_j\}\rangle`; the vacuum has :math:`V = \tfrac12`.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from qsb.algebra.opsum import OpSum
from qsb.algebra.site_operators import BOSON_OPERATORS
from qsb.algebra.space import Boson, Space
from qsb.algebra.states import ModeStart
from qsb.algebra.terms import Matrix
from qsb.errors import StructureError

RealArray = NDArray[np.float64]
ComplexArray = NDArray[np.complex128]

#: coefficients of a and of a+ in (q, p)
_LADDER = {0: np.array([1.0, 1.0j]) / np.sqrt(2), 1: np.array([1.0, -1.0j]) / np.sqrt(2)}
#: a frequency below this share of the largest one is none
FLAT = 1e-12


def omega(modes: int) -> RealArray:
    """The symplectic form, (2M, 2M)."""
    one, nothing = np.eye(modes), np.zeros((modes, modes))
    return np.block([[nothing, one], [-one, nothing]])


# -- operators --------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, eq=False)
class Quadratic:
    r"""A Hermitian operator :math:`\tfrac12 R^T h R + f\cdot R + c`.

    Attributes:
        matrix: h, real symmetric (2M, 2M).
        vector: f, (2M,).
        constant: c.
    """

    matrix: RealArray
    vector: RealArray
    constant: float

    @classmethod
    def of(cls, op: OpSum, space: Space) -> Quadratic:
        """Read a sum of at most quadratic terms (see `why_not_quadratic`) on a space of modes alone."""
        m = space.sites
        h = np.zeros((2 * m, 2 * m), dtype=complex)
        f, c = np.zeros(2 * m, dtype=complex), 0.0j
        for weight, factors in _monomials(op, space):
            if not factors:
                c += weight
            elif len(factors) == 1:
                ((site, kind),) = factors
                f[[site, m + site]] += weight * _LADDER[kind]
            else:
                (i, first), (j, second) = factors
                pair = weight * np.outer(_LADDER[first], _LADDER[second])
                h[np.ix_([i, m + i], [j, m + j])] += pair
                h[np.ix_([j, m + j], [i, m + i])] += pair.T
                # A B = {A, B}/2 + [A, B]/2
                c += 0.5j * (pair[0, 1] - pair[1, 0]) if i == j else 0.0
        return cls(h.real, f.real, float(c.real))

    def mean(self, r: RealArray, v: RealArray) -> RealArray:
        """Expectation values in states with means (T, 2M) and covariances (T, 2M, 2M)."""
        own = np.einsum("ij,tij->t", self.matrix, v) + np.einsum("ti,ti->t", r @ self.matrix, r)
        return np.asarray(own / 2 + r @ self.vector + self.constant)

    def rate(self, r: RealArray, dr: RealArray, dv: RealArray) -> RealArray:
        """Rates of change of the mean, from those of r and V."""
        force = r @ self.matrix + self.vector
        return np.asarray(np.einsum("ij,tij->t", self.matrix, dv) / 2 + np.einsum("ti,ti->t", force, dr))

    def variance(self, r: RealArray, v: RealArray) -> RealArray:
        r""":math:`\tfrac12\mathrm{tr}(hVhV) + \tfrac18\mathrm{tr}(h\Omega h\Omega) + (hr+f)^TV(hr+f)`."""
        h, force = self.matrix, r @ self.matrix + self.vector
        hv, ho = h @ v, h @ omega(len(h) // 2)
        spread = np.einsum("tij,tji->t", hv, hv) / 2 + np.einsum("ij,ji->", ho, ho) / 8
        return np.asarray(np.maximum(spread + np.einsum("ti,tij,tj->t", force, v, force), 0.0))

    @property
    def frequencies(self) -> RealArray | None:
        """Frequencies of the normal modes, ascending (M,); None of a form that is unbounded or has a flat direction."""
        e = np.linalg.eigvalsh(self.matrix)
        if e[0] <= FLAT * max(abs(e[0]), abs(e[-1])):
            return None
        return symplectic_eigenvalues(self.matrix)[::-1]

    @property
    def lowest(self) -> float:
        r"""The ground energy, :math:`\tfrac12\sum_k\omega_k + c - \tfrac12 f^T h^{-1} f`."""
        frequencies = self.frequencies
        assert frequencies is not None
        shift = self.vector @ np.linalg.solve(self.matrix, self.vector) / 2
        return float(frequencies.sum() / 2 + self.constant - shift)

    def gibbs(self, temperature: float) -> tuple[RealArray, RealArray]:
        r"""Means and covariance of the Gibbs state; the ground state at temperature 0.

        .. math:: V = \tfrac12 h^{-1/2}\,W\coth(W/2T)\,h^{-1/2},\qquad W^2 = h^{1/2}\Omega^T h\,\Omega\,h^{1/2}
        """
        e, u = np.linalg.eigh(self.matrix)
        root, inverse = (u * np.sqrt(e)) @ u.T, (u / np.sqrt(e)) @ u.T
        form = omega(len(e) // 2)
        squares, w = np.linalg.eigh(root @ form.T @ self.matrix @ form @ root)
        each = np.sqrt(squares)
        spread = each if temperature == 0 else each / np.tanh(each / (2 * temperature))
        v = inverse @ ((w * spread) @ w.T) @ inverse / 2
        return np.asarray(-np.linalg.solve(self.matrix, self.vector)), np.asarray((v + v.T) / 2)


def linear(op: OpSum, space: Space) -> tuple[ComplexArray, complex]:
    """A jump operator l.R + c (see `why_not_linear`) as l, (2M,), and c."""
    m = space.sites
    row, c = np.zeros(2 * m, dtype=complex), 0.0j
    for weight, factors in _monomials(op, space):
        if factors:
            ((site, kind),) = factors
            row[[site, m + site]] += weight * _LADDER[kind]
        else:
            c += weight
    return row, c


def _monomials(op: OpSum, space: Space) -> Iterator[tuple[complex, tuple[tuple[int, int], ...]]]:
    """(weight, ((site, 0 for a or 1 for a+), ...)) of every product of ladder operators, in normal order on a site."""
    for term in op.active:
        if isinstance(term, Matrix):
            raise StructureError("A matrix is not read as a polynomial of ladder operators.")
        for weight, word in term.words(space):
            parts: list[tuple[complex, tuple[tuple[int, int], ...]]] = [(weight, ())]
            for site, name in word:
                parts = [
                    (w * c, (*head, *((site, 1),) * up, *((site, 0),) * down))
                    for w, head in parts
                    for (up, down), c in BOSON_OPERATORS[name].items()
                ]
            yield from parts


def why_not_quadratic(ops: Iterable[OpSum], space: Space) -> str | None:
    """None if every term is at most quadratic in a and a+ of modes, otherwise the reason why not."""
    return _why_not(ops, space, 2, "a Hamiltonian term", "quadratic")


def why_not_linear(ops: Iterable[OpSum], space: Space) -> str | None:
    """None if every jump operator is linear in a and a+ of modes, otherwise the reason why not."""
    return _why_not(ops, space, 1, "a jump operator", "linear")


def _why_not(ops: Iterable[OpSum], space: Space, most: int, what: str, degree: str) -> str | None:
    for op in ops:
        for term in op.active:
            if isinstance(term, Matrix):
                return f"{what} is an opaque matrix"
            for _, word in term.words(space):
                if sum(max(up + down for up, down in BOSON_OPERATORS[name]) for _, name in word) > most:
                    names = " ".join(name for _, name in word)
                    return (
                        f"{what}, {names}, is more than {degree} in a and a+, and takes a Gaussian state out of those"
                    )
    return None


def modes_only(space: Space) -> bool:
    """Whether every site is a harmonic mode."""
    return all(isinstance(g.kind, Boson) for g in space.groups)


# -- states -----------------------------------------------------------------------------------------------------------


def mode_moments(start: ModeStart) -> tuple[RealArray, RealArray]:
    r"""Means (2,) and covariance (2, 2) of (q, p) of one mode in a Gaussian start.

    A squeezed vacuum has :math:`\langle a^2\rangle = -e^{i\theta}\sinh r\cosh r`.
    """
    alpha, zeta = complex(start.amplitude or 0.0), complex(start.squeezing or 0.0)
    r, theta = abs(zeta), float(np.angle(zeta))
    turned = np.array([[np.cos(theta), np.sin(theta)], [np.sin(theta), -np.cos(theta)]])
    v = np.cosh(2 * r) * np.eye(2) - np.sinh(2 * r) * turned
    return np.sqrt(2) * np.array([alpha.real, alpha.imag]), v * (0.5 + float(start.nbar or 0.0))


def symplectic_eigenvalues(v: RealArray) -> RealArray:
    r"""Symplectic eigenvalues of positive matrices (..., 2M, 2M), descending (..., M).

    The spectrum of :math:`i\sqrt V\,\Omega\sqrt V` is :math:`\pm\nu_k` (Williamson 1936).
    """
    e, u = np.linalg.eigh(v)
    factor = u * np.sqrt(np.maximum(e, 0.0))[..., None, :]
    m = v.shape[-1] // 2
    pairs = np.linalg.eigvalsh(1j * (np.swapaxes(factor, -1, -2) @ omega(m) @ factor))
    return np.asarray(np.maximum(pairs[..., m:], 0.0)[..., ::-1])


def uncertainty_violation(v: RealArray) -> float:
    r"""How far the worst of covariances (T, 2M, 2M) breaks :math:`V + \tfrac i2\Omega\ge0`, as a share of its size."""
    if not np.isfinite(v).all():
        return np.nan
    n = v.shape[-1]
    size = np.maximum(np.abs(v).sum(axis=-1).max(axis=-1), 1.0)
    scaled = (v + 0.5j * omega(n // 2)) / size[:, None, None]
    if n > 16:
        # a Cholesky factor is much cheaper than the eigenvalues, and exists if none is below minus the shift
        for shift in (1e-13, 1e-12, 1e-11):
            try:
                np.linalg.cholesky(scaled + shift * np.eye(n))
            except np.linalg.LinAlgError:
                continue
            return shift
    return float(max(0.0, -np.linalg.eigvalsh(scaled)[:, 0].min()))


def entropy(numbers: RealArray) -> RealArray:
    r""":math:`\sum_k[(\bar n_k+1)\ln(\bar n_k+1) - \bar n_k\ln\bar n_k]` over the last axis, nats."""
    n = np.maximum(numbers, 1e-300)
    # (n + 1) ln(n + 1) - n ln n without the difference of large numbers
    return np.asarray((np.log1p(n) + n * np.log1p(1 / n)).sum(axis=-1))


__all__ = [
    "Quadratic",
    "entropy",
    "linear",
    "mode_moments",
    "modes_only",
    "omega",
    "symplectic_eigenvalues",
    "uncertainty_violation",
    "why_not_linear",
    "why_not_quadratic",
]
