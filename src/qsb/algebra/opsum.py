"""`OpSum`: a Hamiltonian as a sum of named terms, from which every representation is derived."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any, get_args

import numpy as np

from qsb import checks
from qsb.algebra.site_operators import acts_on, operators_of
from qsb.algebra.space import Level, Space
from qsb.algebra.terms import Cross, Global, Local, Matrix, Pair, Quartic, Term, Word, check_finite, is_zero
from qsb.errors import SpecError, StructureError


@dataclass(frozen=True)
class OpSum:
    """A sum of terms; add them with ``+``, scale them with ``*``.

    Attributes:
        terms: the terms, in the order they were added.
    """

    terms: tuple[Term, ...] = ()

    def __post_init__(self) -> None:
        """Refuse what is no term."""
        terms = checks.several("The terms of an operator sum", self.terms, "a list of terms")
        for t in terms:
            checks.made_of("A term of an operator sum", t, get_args(Term), "a term, e.g. qsb.Local('x', 0.5)")
        object.__setattr__(self, "terms", terms)

    def __add__(self, other: OpSum | Term) -> OpSum:
        """Sum of two operator sums."""
        return OpSum(self.terms + (other.terms if isinstance(other, OpSum) else (other,)))

    def __mul__(self, factor: float | complex) -> OpSum:
        """Every strength times a number."""
        check_finite("A factor", factor)
        scaled: list[Term] = []
        for t in self.terms:
            if isinstance(t, Matrix):
                scaled.append(Matrix(t.data * factor))
            else:
                strength: Any = np.asarray(t.strength) * factor if np.ndim(t.strength) else t.strength * factor
                scaled.append(replace(t, strength=strength))
        return OpSum(tuple(scaled))

    __rmul__ = __mul__

    def __bool__(self) -> bool:
        """Whether any term is there that does not vanish."""
        return bool(self.active)

    @cached_property
    def active(self) -> tuple[Term, ...]:
        """Terms that do not vanish."""
        return tuple(t for t in self.terms if not is_zero(t))

    @property
    def quartic(self) -> bool:
        """Whether a term is a matrix of four-fermion operators, which has its own kernel."""
        return any(isinstance(t, Quartic) for t in self.active)

    @property
    def opaque(self) -> bool:
        """Whether a term is an opaque matrix."""
        return any(isinstance(t, Matrix) for t in self.active)

    def adjoint(self) -> OpSum:
        """Hermitian adjoint, term by term."""
        return OpSum(tuple(t.adjoint() for t in self.terms))

    def words(self, space: Space) -> Iterator[tuple[complex, tuple[tuple[int, str], ...]]]:
        """Expand all named terms into products of site operators.

        Raises:
            StructureError: if a term is an opaque matrix.
        """
        for t in self.active:
            if isinstance(t, Matrix):
                raise StructureError("An opaque matrix cannot be expanded into named operators.")
            yield from t.words(space)

    def order(self, space: Space) -> int:
        """Largest number of sites touched by one product (the k of a k-local operator)."""
        return max((t.order(space) for t in self.active), default=0)

    def check(self, space: Space) -> None:
        """Refuse operators that do not act on the kind of their site.

        Raises:
            SpecError: naming the operator, the group and what acts on it.
        """
        for t in self.terms:
            for group, op in _acting(t, space):
                kind = space.group(group).kind
                if not acts_on(op, kind):
                    levels = f" and 'j|k' with j and k below {kind.levels}" if isinstance(kind, Level) else ""
                    raise SpecError(
                        f"Operator {op!r} does not act on group {group!r}, whose sites are of kind "
                        f"{type(kind).__name__}; known there are {', '.join(operators_of(kind))}{levels}."
                    )


def _acting(term: Term, space: Space) -> Iterator[tuple[str, str]]:
    """(group, operator) of every factor of a term."""
    if isinstance(term, Local | Global):
        yield term.group, term.op
    elif isinstance(term, Quartic):
        yield from ((term.group, "+"), (term.group, "-"))
    elif isinstance(term, Pair):
        yield from ((term.group, term.first), (term.group, term.second))
    elif isinstance(term, Cross):
        yield from ((term.group_a, term.first), (term.group_b, term.second))
    elif isinstance(term, Word):
        for site, op in term.factors:
            yield space.group_of(site).name, op
