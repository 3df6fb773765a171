"""Compiled loops of the stellar half; only this folder of it imports numba."""
