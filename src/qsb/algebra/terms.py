"""Terms of an operator sum: products of named site operators, summed over a group or over the pairs of a geometry.

A uniform sum over a group, or over the pairs of a geometry, is *one* term whatever the number of sites.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any, Literal, get_args

import numpy as np
from numpy.typing import NDArray

from qsb import checks
from qsb.algebra.site_operators import adjoint_name, check_operator
from qsb.algebra.space import Space
from qsb.errors import PlanError, SpecError
from qsb.units import format_bytes

Geometry = Literal["chain", "ring", "all", "power-law", "explicit"]
Normalisation = Literal["none", "kac", "sqrt"]
Strength = float | complex | NDArray[Any]

#: most bonds of a coupling that are ever written down one by one
MOST_BONDS = 2**26


def check_finite(what: str, value: Strength) -> None:
    """Refuse strengths that are no finite numbers.

    Raises:
        SpecError: naming `what` and the value.
    """
    try:
        a = np.asarray(value)
    except (TypeError, ValueError) as error:
        raise SpecError(f"{what} must be numbers in rows of one length, but it is {value!r}.") from error
    if a.dtype.kind not in "iufc":
        raise SpecError(f"{what} must be a number, but it is {value!r}.")
    if not np.all(np.isfinite(np.asarray(value))):
        raise SpecError(f"{what} must be finite, but holds {value!r}; NaN and infinity are refused.")


@dataclass(frozen=True)
class Local:
    r"""Sum over a group, :math:`\sum_i c_i\, o_i`; `strength` is one number or one value a site."""

    op: str
    strength: Strength = 1.0
    group: str = "cells"

    def __post_init__(self) -> None:
        """Check the name and the numbers."""
        check_operator(self.op)
        check_finite(f"The strength of sum {self.op}", self.strength)
        checks.word("The group of a sum", self.group)

    def words(self, space: Space) -> Iterator[tuple[complex, tuple[tuple[int, str], ...]]]:
        """Expand into (coefficient, ((site, operator),)) entries."""
        n, at = space.group(self.group).count, space.offset(self.group)
        for i, c in enumerate(per_site(self.strength, n, f"sum {self.op}")):
            if c != 0:
                yield complex(c), ((at + i, self.op),)

    def order(self, space: Space) -> int:
        """Largest number of sites that one product touches."""
        return 1

    def adjoint(self) -> Local:
        """Hermitian adjoint."""
        return replace(self, op=adjoint_name(self.op), strength=np.conjugate(self.strength))


@dataclass(frozen=True)
class Pair:
    r"""Sum over the pairs of a geometry, :math:`\nu\sum_{(i,j)} w_{ij}\, a_i b_j` with i the first site of the bond.

    Geometries: ``chain`` (i, i+1), N-1 bonds; ``ring`` adds (N-1, 0), so N bonds for N >= 3 and one for N =
        2; ``all`` every i < j; ``power-law`` every i < j with weight :math:`|i-j|^{-\alpha}`; ``explicit``
        the upper triangle of a matrix. Normalisation :math:`\nu`: ``none`` 1, ``kac`` 1/N, ``sqrt``
        :math:`1/\sqrt N`, with N the sites of the group.
    """

    first: str
    second: str
    strength: Strength = 1.0
    geometry: Geometry = "chain"
    exponent: float | None = None
    normalisation: Normalisation = "none"
    group: str = "cells"

    def __post_init__(self) -> None:
        """Check names, geometry and numbers."""
        check_operator(self.first)
        check_operator(self.second)
        check_finite(f"The strength of the {self.first}{self.second} coupling", self.strength)
        checks.one_of("Geometry", self.geometry, get_args(Geometry))
        checks.one_of("Normalisation", self.normalisation, get_args(Normalisation))
        checks.word("The group of a coupling", self.group)
        if self.geometry == "power-law":
            if self.exponent is None:
                raise SpecError("A power-law coupling needs a finite exponent, but there is none.")
            checks.number("The exponent of a power-law coupling", self.exponent)
        elif self.exponent is not None:
            raise SpecError(f"An exponent belongs to geometry 'power-law', but the geometry is {self.geometry!r}.")
        if self.geometry == "explicit" and np.ndim(self.strength) != 2:
            raise SpecError("Geometry 'explicit' needs the strength as a square matrix, one row and column a site.")
        if self.geometry in ("all", "power-law") and np.ndim(self.strength) != 0:
            raise SpecError(f"Geometry {self.geometry!r} takes one number; use 'explicit' for a matrix of strengths.")

    def factor(self, space: Space) -> float:
        """The normalisation, 1, 1/N or 1/sqrt(N)."""
        n = space.group(self.group).count
        return {"none": 1.0, "kac": 1.0 / n, "sqrt": 1.0 / float(np.sqrt(n))}[self.normalisation]

    def bonds(self, space: Space) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[Any]]:
        """First sites, second sites (within the group) and weights of all bonds, normalisation included."""
        n = space.group(self.group).count
        _listed(n if self.geometry in ("chain", "ring") else n * (n - 1) // 2, self)
        w = np.asarray(self.strength)
        if self.geometry in ("chain", "ring"):
            i = np.arange(n - 1)
            j = i + 1
            if self.geometry == "ring" and n > 2:
                i, j = np.append(i, n - 1), np.append(j, 0)
            if w.ndim > 1 or (w.ndim == 1 and len(w) != len(i)):
                raise SpecError(
                    f"A {self.geometry} of {n} cells has {len(i)} bonds, but {w.shape} strengths were given."
                )
            weights = np.broadcast_to(w, i.shape)
        else:
            i, j = np.triu_indices(n, 1)
            if self.geometry == "explicit":
                if w.shape != (n, n):
                    raise SpecError(f"The matrix of strengths must be {n} x {n}, but its shape is {w.shape}.")
                if np.any(np.diag(w) != 0) or not (np.allclose(w, w.T) or np.all(np.tril(w) == 0)):
                    raise SpecError("The matrix of strengths must be symmetric or upper triangular with zero diagonal.")
                weights = w[i, j]
            elif self.geometry == "all":
                weights = np.broadcast_to(w, i.shape)
            else:
                weights = w * (j - i).astype(float) ** -float(self.exponent or 0.0)
        return i, j, weights * self.factor(space)

    def alike(self, space: Space) -> complex:
        """The weight of every bond, normalisation included, of a sum over all pairs with one strength."""
        if self.geometry == "all":
            return complex(np.asarray(self.strength).item()) * self.factor(space)
        return complex(self.bonds(space)[2][0])

    def words(self, space: Space) -> Iterator[tuple[complex, tuple[tuple[int, str], ...]]]:
        """Expand into (coefficient, ((site, a), (site, b))) entries."""
        at = space.offset(self.group)
        for i, j, w in zip(*self.bonds(space), strict=True):
            if w != 0:
                yield complex(w), ((at + int(i), self.first), (at + int(j), self.second))

    def order(self, space: Space) -> int:
        """Two, or zero where the geometry has no bond."""
        return 2 if space.group(self.group).count > 1 else 0

    def adjoint(self) -> Pair:
        """Hermitian adjoint."""
        return replace(
            self,
            first=adjoint_name(self.first),
            second=adjoint_name(self.second),
            strength=np.conjugate(self.strength),
        )


@dataclass(frozen=True)
class Global:
    r"""Product over a whole group, :math:`c \prod_i o_i`: the N-body flip of Binder et al. 2015."""

    op: str
    strength: float | complex = 1.0
    group: str = "cells"

    def __post_init__(self) -> None:
        """Check the name and the number."""
        check_operator(self.op)
        check_finite(f"The strength of prod {self.op}", self.strength)
        if np.ndim(self.strength) != 0:
            raise SpecError(f"A product over a group has one strength, but {np.shape(self.strength)} were given.")
        checks.word("The group of a product", self.group)

    def words(self, space: Space) -> Iterator[tuple[complex, tuple[tuple[int, str], ...]]]:
        """Expand into one product over all sites."""
        n, at = space.group(self.group).count, space.offset(self.group)
        if self.strength != 0:
            yield complex(self.strength), tuple((at + i, self.op) for i in range(n))

    def order(self, space: Space) -> int:
        """Number of sites in the group."""
        return space.group(self.group).count

    def adjoint(self) -> Global:
        """Hermitian adjoint."""
        return replace(self, op=adjoint_name(self.op), strength=np.conjugate(self.strength))


@dataclass(frozen=True)
class Word:
    """One coefficient times one product of named site operators."""

    strength: float | complex
    factors: tuple[tuple[int, str], ...]

    def __post_init__(self) -> None:
        """Check names, numbers and that no site occurs twice."""
        checks.several("The factors of a product", self.factors, "pairs of a site and an operator")
        for _, op in self.factors:
            check_operator(op)
        check_finite("The strength of a product", self.strength)
        if len({s for s, _ in self.factors}) != len(self.factors):
            raise SpecError(f"A product may touch each site once, but its factors are {self.factors}.")

    def words(self, space: Space) -> Iterator[tuple[complex, tuple[tuple[int, str], ...]]]:
        """Yield itself, once its sites are known to exist."""
        for site, _ in self.factors:
            space.group_of(site)
        if self.strength != 0:
            yield complex(self.strength), self.factors

    def order(self, space: Space) -> int:
        """Number of factors other than the identity."""
        return sum(op != "i" for _, op in self.factors)

    def adjoint(self) -> Word:
        """Hermitian adjoint."""
        return Word(np.conjugate(self.strength), tuple((s, adjoint_name(o)) for s, o in self.factors))


@dataclass(frozen=True)
class Cross:
    r"""Every site of one group with every site of another, :math:`s\sum_{i\in A}\sum_{j\in B} a_i b_j`.

    One term whatever the numbers of sites: cells in a cavity (A the cells, B the mode), or central spins.
    """

    first: str
    group_a: str
    second: str
    group_b: str
    strength: float | complex = 1.0

    def __post_init__(self) -> None:
        """Check names, the groups and the number."""
        check_operator(self.first)
        check_operator(self.second)
        check_finite(f"The strength of the {self.first}{self.second} cross coupling", self.strength)
        if np.ndim(self.strength) != 0:
            raise SpecError(f"A cross coupling has one strength, but {np.shape(self.strength)} were given; use words.")
        for group in (self.group_a, self.group_b):
            checks.word("A group of a cross coupling", group)
        if self.group_a == self.group_b:
            raise SpecError(f"A cross coupling joins two groups, but both are {self.group_a!r}; use Pair within one.")

    def words(self, space: Space) -> Iterator[tuple[complex, tuple[tuple[int, str], ...]]]:
        """Expand into (coefficient, ((site, a), (site, b))) entries."""
        a, b = space.offset(self.group_a), space.offset(self.group_b)
        for i in range(space.group(self.group_a).count):
            for j in range(space.group(self.group_b).count):
                yield complex(self.strength), ((a + i, self.first), (b + j, self.second))

    def order(self, space: Space) -> int:
        """Number of factors other than the identity."""
        return (self.first != "i") + (self.second != "i")

    def adjoint(self) -> Cross:
        """Hermitian adjoint."""
        return replace(
            self,
            first=adjoint_name(self.first),
            second=adjoint_name(self.second),
            strength=np.conjugate(self.strength),
        )


@dataclass(frozen=True, eq=False)
class Matrix:
    """An opaque operator on the whole space, dense or scipy-sparse: a user's Qobj."""

    data: Any

    def __post_init__(self) -> None:
        """Check shape and numbers."""
        if self.data.ndim != 2 or self.data.shape[0] != self.data.shape[1]:
            raise SpecError(f"An operator must be a square matrix, but its shape is {self.data.shape}.")
        values = self.data.data if hasattr(self.data, "tocsr") else self.data
        check_finite("An operator matrix", values)

    def order(self, space: Space) -> int:
        """Number of sites: nothing smaller is known of an opaque matrix."""
        return space.sites

    def adjoint(self) -> Matrix:
        """Hermitian adjoint."""
        return Matrix(self.data.conj().T)


@dataclass(frozen=True, eq=False)
class Quartic:
    r"""Four-fermion operators on a group of spins, :math:`\sum_{i<j,\,k<l} M_{(ij),(kl)}\,A_{ij}^\dagger A_{kl}`.

    :math:`A_{ij}^\dagger = c_i^\dagger c_j^\dagger`, with :math:`c_j = \prod_{k<j}(-\sigma^z_k)\,\sigma^-_j` by
    Jordan-Wigner: up is occupied. Of hard-core bosons the strings are left out, :math:`A_{ij} = \sigma^-_j\sigma^-_i`.
    The number of spins up is conserved.

    Attributes:
        strength: M, (N(N-1)/2, N(N-1)/2), pairs i < j in the order of `numpy.triu_indices(N, 1)`.
        fermions: whether the strings are there.
        group: the spins.
    """

    strength: NDArray[Any]
    fermions: bool = True
    group: str = "cells"

    def __post_init__(self) -> None:
        """Check shape and numbers."""
        if self.strength.ndim != 2 or self.strength.shape[0] != self.strength.shape[1]:
            raise SpecError(f"The strengths of pairs are a square matrix, but their shape is {self.strength.shape}.")
        check_finite("The strength of a product of four fermions", self.strength)

    def pairs(self, space: Space) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """First and second sites of the pairs, within the group.

        Raises:
            SpecError: if the matrix does not fit the group.
        """
        n = space.group(self.group).count
        i, j = np.triu_indices(n, 1)
        if len(i) != len(self.strength):
            raise SpecError(
                f"{n} cells have {len(i)} pairs, but the matrix of strengths has {len(self.strength)} rows."
            )
        return i, j

    def words(self, space: Space) -> Iterator[tuple[complex, tuple[tuple[int, str], ...]]]:
        """Expand into products of site operators, one for each entry of M."""
        at = space.offset(self.group)
        first, second = self.pairs(space)
        for p, (i, j) in enumerate(zip(first.tolist(), second.tolist(), strict=True)):
            for q, (k, m) in enumerate(zip(first.tolist(), second.tolist(), strict=True)):
                if self.strength[p, q] != 0:
                    sign, ops = self._product((i, j), (k, m))
                    yield sign * complex(self.strength[p, q]), tuple((at + s, o) for s, o in ops)

    def _product(self, up: tuple[int, int], down: tuple[int, int]) -> tuple[float, list[tuple[int, str]]]:
        """Sign and site operators of one product; a -z to the right of + or to the left of - is 1."""
        ops: list[tuple[int, str]] = []
        sign = 1.0
        for s in range(min(up[0], down[0]), max(up[1], down[1]) + 1):
            if s in up or s in down:
                ops.append((s, "n" if s in up and s in down else "+" if s in up else "-"))
            elif self.fermions and (up[0] < s < up[1]) != (down[0] < s < down[1]):
                ops.append((s, "z"))
                sign = -sign
        return sign, ops

    def order(self, space: Space) -> int:
        """Largest number of sites that one product touches: with its strings, all of them."""
        n = space.group(self.group).count
        return n if self.fermions else min(4, n)

    def adjoint(self) -> Quartic:
        """Hermitian adjoint."""
        return replace(self, strength=self.strength.conj().T)


Term = Local | Pair | Global | Cross | Word | Quartic | Matrix


def _listed(bonds: int, pair: Pair) -> None:
    """Refuse bonds that do not fit into memory one by one.

    Raises:
        PlanError: with the bytes of their list.
    """
    if bonds > MOST_BONDS:
        needed = 24 * bonds
        raise PlanError(
            f"The {pair.first}{pair.second} coupling of geometry {pair.geometry!r} has {bonds} bonds, whose list needs "
            f"{format_bytes(needed)}; take fewer cells, or geometry 'all' with one strength.",
            needed,
        )


def per_site(strength: Strength, count: int, what: str) -> NDArray[Any]:
    """Broadcast one number, or pass one value a site, as an array of length `count`.

    Raises:
        SpecError: if an array of another length is given.
    """
    a = np.asarray(strength)
    if a.ndim == 0:
        return np.broadcast_to(a, (count,))
    if a.shape != (count,):
        raise SpecError(f"{what} needs one number or {count} values (one a cell), but the shape is {a.shape}.")
    return a


def is_zero(term: Term) -> bool:
    """Whether a term vanishes because all its strengths are zero."""
    if isinstance(term, Matrix):
        data = term.data.data if hasattr(term.data, "tocsr") else term.data
        return not np.any(data)
    return not np.any(np.asarray(term.strength))
