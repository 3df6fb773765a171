"""Checks of the numbers and words that a model is given; errors name the argument, its value and what it may be."""

from __future__ import annotations

from collections.abc import Sequence
from difflib import get_close_matches
from numbers import Integral
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from qsb.errors import SpecError


def whole(name: str, value: object, least: int = 1) -> int:
    """A whole number of at least `least`.

    Raises:
        SpecError: otherwise.
    """
    if isinstance(value, bool) or not isinstance(value, Integral) or int(value) < least:
        raise SpecError(f"{name} must be a whole number >= {least}, but it is {value!r}.")
    return int(value)


def real(name: str, value: ArrayLike) -> NDArray[np.float64]:
    """A finite real array of any shape.

    Raises:
        SpecError: otherwise.
    """
    try:
        a = np.asarray(value)
    except ValueError as error:
        raise SpecError(f"{name} must be numbers in rows of one length, but it is {value!r}.") from error
    if a.dtype.kind not in "iuf" or not np.all(np.isfinite(a)):
        raise SpecError(f"{name} must be real and finite, but it is {value!r}.")
    return a.astype(float)


def number(name: str, value: Any, *, least: float | None = None, positive: bool = False) -> float:
    """One finite real number.

    Raises:
        SpecError: otherwise, or if it is below `least`, or not positive where it must be.
    """
    a = real(name, value)
    if a.ndim:
        raise SpecError(f"{name} must be one number, but it is {value!r}.")
    if positive and a <= 0:
        raise SpecError(f"{name} must be positive, but it is {value!r}.")
    if least is not None and a < least:
        raise SpecError(f"{name} must be at least {least:g}, but it is {value!r}.")
    return float(a)


def sitewise(name: str, value: ArrayLike, count: int, what: str = "a cell") -> float | NDArray[np.float64]:
    """One number, or `count` of them.

    Raises:
        SpecError: on another shape.
    """
    a = real(name, value)
    if a.ndim and a.shape != (count,):
        raise SpecError(f"{name} must be one number or {count} values (one {what}), but its shape is {a.shape}.")
    return float(a) if a.ndim == 0 else a


def word(name: str, value: object, known: Sequence[str]) -> str:
    """One of a list of words.

    Raises:
        SpecError: otherwise, with the nearest one.
    """
    if value not in known:
        near = get_close_matches(str(value), known, n=1, cutoff=0.5)
        advice = f", did you mean {near[0]!r}? It" if near else "; it"
        raise SpecError(f"{name} is {value!r}{advice} must be one of {', '.join(known)}.")
    return str(value)
