"""Operators of one site by name: of a spin, of a mode, and of a site with levels."""

from __future__ import annotations

import re

import numpy as np
from numpy.typing import NDArray

from qsb.algebra.space import Boson, Level, Spin
from qsb.errors import SpecError

#: Spin operators by name: Pauli matrices, ladder operators, |up><up|, identity.
SPIN_OPERATORS: dict[str, NDArray[np.complex128]] = {
    "i": np.array([[1, 0], [0, 1]], dtype=complex),
    "x": np.array([[0, 1], [1, 0]], dtype=complex),
    "y": np.array([[0, -1j], [1j, 0]], dtype=complex),
    "z": np.array([[1, 0], [0, -1]], dtype=complex),
    "+": np.array([[0, 1], [0, 0]], dtype=complex),
    "-": np.array([[0, 0], [1, 0]], dtype=complex),
    "n": np.array([[1, 0], [0, 0]], dtype=complex),
}
#: Mode operators by name as polynomials {(creations, annihilations): c} in normal order; ``x`` and ``p`` carry no
#: 1/sqrt(2). A truncated mode has their exact matrix elements between the Fock states that are kept.
BOSON_OPERATORS: dict[str, dict[tuple[int, int], complex]] = {
    "i": {(0, 0): 1.0},
    "a": {(0, 1): 1.0},
    "a+": {(1, 0): 1.0},
    "n": {(1, 1): 1.0},
    "x": {(0, 1): 1.0, (1, 0): 1.0},
    "p": {(0, 1): -1j, (1, 0): 1j},
    "nn": {(2, 2): 1.0, (1, 1): 1.0},
    "aa": {(0, 2): 1.0},
    "a+a+": {(2, 0): 1.0},
    "xx": {(0, 2): 1.0, (2, 0): 1.0, (1, 1): 2.0, (0, 0): 1.0},
}
#: Operators of a site with levels: ``j|k`` is |j><k|, levels counted from 0, the lowest of a spectrum that ascends.
LEVEL_OPERATOR = re.compile(r"(0|[1-9][0-9]*)\|(0|[1-9][0-9]*)")
#: Each operator's adjoint; those that are not listed are their own.
ADJOINT = {"+": "-", "-": "+", "a": "a+", "a+": "a", "aa": "a+a+", "a+a+": "aa"}


def check_operator(name: str) -> None:
    """Refuse a name that no site operator has.

    Raises:
        SpecError: with all names.
    """
    known = isinstance(name, str) and (name in SPIN_OPERATORS or name in BOSON_OPERATORS or is_transition(name))
    if not known:
        raise SpecError(
            f"Operator {name!r} is unknown; the spin operators are {sorted(SPIN_OPERATORS)}, those of a mode are "
            f"{sorted(BOSON_OPERATORS)}, and 'j|k' is |j><k| of a site with levels."
        )


def is_transition(name: str) -> bool:
    """Whether a name is ``j|k``."""
    return isinstance(name, str) and LEVEL_OPERATOR.fullmatch(name) is not None


def transition(name: str) -> tuple[int, int]:
    """(j, k) of the operator ``j|k``, |j><k|."""
    j, k = name.split("|")
    return int(j), int(k)


def adjoint_name(name: str) -> str:
    """Name of the adjoint of a site operator."""
    return "|".join(reversed(name.split("|"))) if "|" in name else ADJOINT.get(name, name)


def operators_of(kind: Spin | Boson | Level) -> tuple[str, ...]:
    """Names of the operators that act on a site of this kind; of levels also ``j|k`` for |j><k|."""
    if isinstance(kind, Spin):
        return tuple(SPIN_OPERATORS)
    return tuple(BOSON_OPERATORS) if isinstance(kind, Boson) else ("i",)


def acts_on(name: str, kind: Spin | Boson | Level) -> bool:
    """Whether an operator acts on a site of this kind, and between levels that it has."""
    if isinstance(kind, Level) and is_transition(name):
        return max(transition(name)) < kind.levels
    return name in operators_of(kind)
