"""Compiled loops, one subject a module; the only folder that imports numba. Every kernel is cached on disk."""
