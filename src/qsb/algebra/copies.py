"""`Copies`: the spectrum of N alike two-level cells, closed at any N, and its expansion into N+1 values."""

from __future__ import annotations

from dataclasses import dataclass
from math import comb

import numpy as np
from numpy.typing import NDArray
from scipy.special import gammaln

from qsb.algebra.blocks import RealArray, Spectrum
from qsb.errors import SpecError

#: up to this many cells multiplicities are exact integers
EXACT_CELLS = 2000


def log_binomial(n: int) -> NDArray[np.float64]:
    """Natural logarithms of C(n, k) for k = 0..n, bitwise symmetric in k and n-k."""
    k = np.arange(n + 1, dtype=float)
    low = np.minimum(k, n - k)
    return np.asarray(gammaln(n + 1.0) - gammaln(low + 1) - gammaln(n - low + 1))


@dataclass(frozen=True, eq=False)
class Copies:
    r"""Spectrum of N equal two-level cells.

    A state's eigenvalues multiply, :math:`r_1^{N-k} r_2^k` with multiplicity C(N, k); a Hamiltonian's levels
    add, :math:`(N-k)e_1 + k e_2`.

    Attributes:
        cell: the two values of one cell, (..., 2).
        count: N.
        additive: whether values add (levels) or multiply (eigenvalues of a state).
    """

    cell: Spectrum
    count: int
    additive: bool = False

    def __post_init__(self) -> None:
        """Check that the cell has two values."""
        if self.cell.values.shape[-1] != 2 or self.count < 1:
            raise SpecError(
                f"Copies: needs two values a cell and N >= 1, but has {self.cell.values.shape} and N = {self.count}"
            )

    @property
    def log_dimension(self) -> float:
        """N log 2."""
        return float(self.count * np.log(2.0))

    def moment(self, power: int) -> RealArray:
        """Sum of m v^power for a state: the single-cell moment to the N, so purity costs nothing at N = 10^6."""
        if self.additive:
            return self.expand().moment(power)
        return np.asarray(self.cell.moment(power) ** self.count)

    def expand(self) -> Spectrum:
        """The N+1 distinct values with their multiplicities."""
        n, v = self.count, self.cell.values
        k = np.arange(n + 1)
        if self.additive:
            values, logs = (n - k) * v[..., :1] + k * v[..., 1:], None
        else:
            v = np.clip(v, 0.0, None)
            with np.errstate(divide="ignore", invalid="ignore"):
                a = np.where(n - k > 0, (n - k) * np.log(v[..., :1]), 0.0)
                b = np.where(k > 0, k * np.log(v[..., 1:]), 0.0)
            logs = a + b
            values = np.exp(logs)
        if n <= EXACT_CELLS:
            counted = Spectrum.counted(values, [comb(n, int(i)) for i in k])
            return Spectrum(counted.values, counted.multiplicity, counted.log_multiplicity, logs)
        return Spectrum.logged(values, log_binomial(n), logs)


def combine(a: Spectrum, b: Spectrum, *, additive: bool) -> Spectrum:
    """Spectrum of a tensor product: values multiply (states) or add (Hamiltonians), multiplicities multiply."""

    def cross(x: NDArray[np.float64], y: NDArray[np.float64]) -> NDArray[np.float64]:
        wide = x[..., :, None] + y[..., None, :]
        return np.asarray(wide.reshape(*wide.shape[:-2], -1))

    log_m = (a.log_multiplicity[:, None] + b.log_multiplicity[None, :]).ravel()
    if additive:
        values, logs = cross(a.values, b.values), None
    else:
        with np.errstate(divide="ignore"):
            la = a.log_values if a.log_values is not None else np.log(a.values)
            lb = b.log_values if b.log_values is not None else np.log(b.values)
        logs = cross(la, lb)
        values = np.exp(logs)
    if a.multiplicity is not None and b.multiplicity is not None:
        return Spectrum(values, tuple(x * y for x in a.multiplicity for y in b.multiplicity), log_m, logs)
    return Spectrum.logged(values, log_m, logs)
