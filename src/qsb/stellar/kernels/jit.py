"""How the loops of this folder are compiled."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

import numba

__all__ = ["entry", "inner"]

Function = TypeVar("Function", bound=Callable[..., Any])

_compile: Any = numba.njit


def entry(function: Function) -> Function:
    """Compile what Python calls."""
    compiled: Function = _compile(cache=True, nogil=True, error_model="numpy")(function)
    return compiled


def inner(function: Function) -> Function:
    """Compile what compiled code alone calls: without entries from Python it is ready sooner."""
    options = {"no_cpython_wrapper": True, "no_cfunc_wrapper": True}
    compiled: Function = _compile(cache=True, nogil=True, error_model="numpy", **options)(function)
    return compiled
