"""Versions of this package and of those that computed."""

from __future__ import annotations

from functools import cache

__all__ = ["versions"]


@cache
def versions() -> dict[str, str]:
    """Name of a package -> its version."""
    from importlib.metadata import version

    return {name: version(name) for name in ("qsb", "numpy", "scipy", "numba", "xarray")}
