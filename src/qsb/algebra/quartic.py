r"""Four-fermion operators on kets without a matrix of the whole space.

:math:`\sum_{PQ} M_{PQ} A_P^\dagger A_Q` has about :math:`\binom{N}{2}^2/16` elements a row, 46 million in all at
N = 16, and as many Pauli strings as make a product of strings hopeless. But every element goes through a state with two
fewer particles, so that M itself, 120 x 120 numbers at N = 16, is all that is stored: of each such state the pairs of
empty sites are filled, multiplied by M, and filled again. Nothing mixes sectors of particle number, though kets hold
them all, since battery Hamiltonians change it.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from math import comb
from typing import Any

import numpy as np
from numpy.typing import NDArray

from qsb.algebra.opsum import OpSum
from qsb.algebra.pauli import PauliSum
from qsb.algebra.space import Space
from qsb.algebra.terms import Quartic


@dataclass(frozen=True, eq=False)
class PairSum:
    """A matrix-free operator: four-fermion terms, and named spin operators beside them.

    Attributes:
        sites: number of spins.
        quartic: (strength, fermions) of each matrix of four-fermion operators.
        rest: everything else; None if there is nothing.
    """

    sites: int
    quartic: tuple[tuple[NDArray[np.complex128], bool], ...]
    rest: PauliSum | None

    @classmethod
    def of(cls, op: OpSum, space: Space) -> PairSum:
        """Sort the terms of an operator on one group of spins, or on several of which one has the pairs."""
        sums: dict[bool, NDArray[np.complex128]] = {}
        others = []
        for t in op.active:
            if isinstance(t, Quartic) and space.group(t.group).count == space.sites:
                t.pairs(space)
                sums[t.fermions] = sums.get(t.fermions, 0) + np.asarray(t.strength, dtype=complex)
            else:
                others.append(t)
        rest = PauliSum.of(OpSum(tuple(others)), space) if others else None
        return cls(space.sites, tuple((m, f) for f, m in sums.items()), rest)

    @cached_property
    def _table(self) -> NDArray[np.int64]:
        """Number of the pair (i, j), (N, N)."""
        out = np.zeros((self.sites, self.sites), dtype=np.int64)
        i, j = np.triu_indices(self.sites, 1)
        out[i, j] = np.arange(len(i))
        return out

    @cached_property
    def _planes(self) -> tuple[tuple[NDArray[np.float64], NDArray[np.float64], float], ...]:
        """Real and imaginary parts of each M, and the factor of an occupied site inside a pair."""
        return tuple(
            (np.ascontiguousarray(m.real), np.ascontiguousarray(m.imag), -1.0 if fermions else 1.0)
            for m, fermions in self.quartic
        )

    def apply(self, psi: NDArray[Any]) -> NDArray[Any]:
        """Operator times a ket, (2^N,)."""
        from qsb.algebra.kernels import quartic, threads

        x = np.ascontiguousarray(psi, dtype=complex)
        work = 2.0 * products(self.sites)
        parts = threads.count() if work >= threads.WORTH else 1
        out = np.zeros((parts, len(x)), dtype=complex)
        for re, im, string in self._planes:
            threads.spread(quartic.apply, parts, work, self.sites, string, self._table, re, im, x, out)
        total: NDArray[np.complex128] = out.sum(axis=0) if parts > 1 else out[0]
        return total if self.rest is None else np.asarray(total + self.rest.apply(x))


def products(sites: int) -> int:
    """Complex multiplications of one product with a ket: the squared number of empty pairs of every state."""
    return sum(comb(sites, e) * comb(e, 2) ** 2 for e in range(sites + 1))
