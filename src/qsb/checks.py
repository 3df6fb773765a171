"""Arguments that users give: what is no number, word or object of the right kind is refused by name and value.

Every public constructor asks here, so that a wrong type meets a sentence and no traceback of NumPy's.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from difflib import get_close_matches
from numbers import Integral, Real
from typing import Any

import numpy as np
from numpy.typing import NDArray

from qsb.errors import SpecError

#: largest number of the physics: beyond, its square times a few others leaves the range of floats
LARGEST = 1e60


def number(
    name: str, value: object, *, positive: bool = False, least: float | None = None, most: float = LARGEST
) -> float:
    """One finite real number.

    Args:
        name: begins the sentence of a refusal.
        value: what was given.
        positive: whether it must be above zero.
        least: what it must not fall below.
        most: largest size, where products of it stay within the range of floats.

    Raises:
        SpecError: naming the argument, its value and what it may be.
    """
    a = value.item() if isinstance(value, np.ndarray) and value.ndim == 0 else value
    if isinstance(a, bool | np.bool_) or not isinstance(a, Real):
        raise SpecError(f"{name} must be one real number, but it is {_shown(value)}.")
    found = _float(a)
    wanted = "positive and finite" if positive else "finite" if least is None else f"finite and at least {least:g}"
    if least == 0.0:
        wanted = "finite and not negative"
    if not np.isfinite(found) or (positive and found <= 0) or (least is not None and found < least):
        raise SpecError(f"{name} must be {wanted}, but it is {_shown(value)}.")
    _in_range(name, found, most)
    return found


def numbers(name: str, value: object, *, least: float | None = None) -> NDArray[np.float64]:
    """Finite real numbers of any shape.

    Raises:
        SpecError: naming the argument, its value and what it may be.
    """
    try:
        a = np.asarray(value)
    except (ValueError, TypeError) as error:
        raise SpecError(f"{name} must be numbers in rows of one length, but it is {_shown(value)}.") from error
    if a.dtype.kind not in "iuf" and a.size:
        raise SpecError(f"{name} must be real numbers, but it is {_shown(value)}.")
    found = a.astype(float)
    wanted = "finite" if least is None else "finite and not negative" if least == 0.0 else f"at least {least:g}"
    if not np.all(np.isfinite(found)) or (least is not None and np.any(found < least)):
        raise SpecError(f"{name} must be {wanted}, but it is {_shown(value)}.")
    if found.size:
        _in_range(name, float(np.abs(found).max()))
    return found


def whole(name: str, value: object, least: int = 0) -> int:
    """One whole number.

    Raises:
        SpecError: naming the argument, its value and the least one.
    """
    if isinstance(value, bool | np.bool_) or not isinstance(value, Integral) or int(value) < least:
        raise SpecError(f"{name} must be a whole number, {least} or more, but it is {_shown(value)}.")
    return int(value)


def flag(name: str, value: object) -> bool:
    """True or False, and no text that only looks like one of them.

    Raises:
        SpecError: naming the argument and its value.
    """
    if not isinstance(value, bool | np.bool_):
        raise SpecError(f"{name} must be True or False, but it is {_shown(value)}.")
    return bool(value)


def word(name: str, value: object) -> str:
    """A text.

    Raises:
        SpecError: naming the argument and its value.
    """
    if not isinstance(value, str):
        raise SpecError(f"{name} must be a text, but it is {_shown(value)}.")
    return value


def row(name: str, value: object, least: int = 1) -> NDArray[np.float64]:
    """Finite real numbers in one row.

    Args:
        name: begins the sentence of a refusal.
        value: what was given.
        least: how many there must be, or more.

    Raises:
        SpecError: naming the argument, its value and what it may be.
    """
    a = numbers(name, value)
    if a.ndim != 1 or len(a) < least:
        raise SpecError(f"{name} must be {least} finite real numbers or more in one row, but it is {_shown(value)}.")
    return a


def sitewise(name: str, value: object, sites: int, what: str = "a cell") -> float | NDArray[np.float64]:
    """One number, or one value a site.

    Raises:
        SpecError: naming the argument and its shape.
    """
    a = numbers(name, value)
    if a.ndim and a.shape != (sites,):
        raise SpecError(f"{name} must be one number or {sites} values (one {what}), but its shape is {a.shape}.")
    return float(a) if a.ndim == 0 else a


def one_of(name: str, value: object, known: Sequence[str]) -> str:
    """One of the known words.

    Raises:
        SpecError: with the nearest of them.
    """
    if not isinstance(value, str) or value not in known:
        near = get_close_matches(str(value), known, n=1, cutoff=0.5)
        advice = f", did you mean {near[0]!r}? It" if near else "; it"
        raise SpecError(f"{name} is {value!r}{advice} must be one of {', '.join(known)}.")
    return value


def made_of(name: str, value: object, kind: type | tuple[type, ...], advice: str) -> None:
    """Refuse what is no object of a kind.

    Args:
        name: begins the sentence of a refusal.
        value: what was given.
        kind: the class or classes that are right.
        advice: what to give, e.g. ``"a Protocol: qsb.quench(10.0) makes one"``.

    Raises:
        SpecError: naming the argument, its value and what it must be.
    """
    if not isinstance(value, kind):
        raise SpecError(f"{name} must be {advice}, but it is {_shown(value)}.")


def several(name: str, value: Any, advice: str) -> tuple[Any, ...]:
    """The entries of a list, tuple or array; a text or a single object is none.

    Raises:
        SpecError: naming the argument, its value and what it must be.
    """
    if isinstance(value, str | bytes | dict) or not isinstance(value, Iterable):
        raise SpecError(f"{name} must be {advice}, but it is {_shown(value)}.")
    return tuple(value)


def _float(value: Real) -> float:
    """A float; infinite where an integer is beyond all floats."""
    try:
        return float(value)
    except OverflowError:
        return float("inf")


def _in_range(name: str, found: float, most: float = LARGEST) -> None:
    if abs(found) > most:
        raise SpecError(
            f"{name} is {found:g}, beyond {most:g}, where products leave the range of floating point; write it in "
            "other units."
        )


def _shown(value: object) -> str:
    """A value in a sentence: its text, cut where it is long."""
    text = repr(value)
    return text if len(text) <= 100 else f"{text[:60]}... ({type(value).__name__})"


__all__ = [
    "LARGEST",
    "flag",
    "made_of",
    "number",
    "numbers",
    "one_of",
    "row",
    "several",
    "sitewise",
    "whole",
    "word",
]
