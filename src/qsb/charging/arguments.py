"""Checks of the numbers and words that a model is given; errors name the argument, its value and what it may be."""

from __future__ import annotations

from collections.abc import Sequence
from difflib import get_close_matches
from numbers import Integral

import numpy as np
from numpy.typing import ArrayLike, NDArray

from qsb.errors import SpecError


def count(name: str, value: object, *, least: int = 1) -> int:
    """A whole number, `least` or more.

    Raises:
        SpecError: naming the argument and its value.
    """
    if isinstance(value, bool) or not isinstance(value, Integral) or int(value) < least:
        raise SpecError(f"{name} must be a whole number, {least} or more, but it is {value!r}.")
    return int(value)


def number(name: str, value: object, *, least: float | None = None, positive: bool = False) -> float:
    """One finite real number.

    Raises:
        SpecError: naming the argument and its value, also if it is below `least`, or not positive where it must be.
    """
    a = np.asarray(value)
    if a.ndim or a.dtype.kind not in "iuf" or not np.isfinite(a):
        raise SpecError(f"{name} must be one finite real number, but it is {value!r}.")
    if positive and a <= 0:
        raise SpecError(f"{name} must be positive, but it is {value!r}.")
    if least is not None and a < least:
        raise SpecError(f"{name} must be at least {least:g}, but it is {value!r}.")
    return float(a)


def numbers(name: str, value: ArrayLike, *, least: int = 1) -> NDArray[np.float64]:
    """Finite real numbers in a row, `least` of them or more.

    Raises:
        SpecError: naming the argument and its value.
    """
    a = real(name, value)
    if a.ndim != 1 or len(a) < least:
        raise SpecError(f"{name} must be {least} finite real numbers or more in one row, but it is {value!r}.")
    return a


def real(name: str, value: ArrayLike) -> NDArray[np.float64]:
    """A finite real array of any shape.

    Raises:
        SpecError: naming the argument and its value.
    """
    try:
        a = np.asarray(value)
    except ValueError as error:
        raise SpecError(f"{name} must be numbers in rows of one length, but it is {value!r}.") from error
    if a.dtype.kind not in "iuf" or not np.all(np.isfinite(a)):
        raise SpecError(f"{name} must be real and finite, but it is {value!r}.")
    return a.astype(float)


def sitewise(name: str, value: ArrayLike, sites: int, what: str = "a cell") -> float | NDArray[np.float64]:
    """One number, or one value a site.

    Raises:
        SpecError: on another shape.
    """
    a = real(name, value)
    if a.ndim and a.shape != (sites,):
        raise SpecError(f"{name} must be one number or {sites} values (one {what}), but its shape is {a.shape}.")
    return float(a) if a.ndim == 0 else a


def word(name: str, value: object, known: Sequence[str]) -> str:
    """One of the known words.

    Raises:
        SpecError: with the nearest of them.
    """
    if not isinstance(value, str) or value not in known:
        near = get_close_matches(str(value), known, n=1, cutoff=0.5)
        advice = f", did you mean {near[0]!r}? It" if near else "; it"
        raise SpecError(f"{name} is {value!r}{advice} must be one of {', '.join(known)}.")
    return value


__all__ = ["count", "number", "numbers", "real", "sitewise", "word"]
