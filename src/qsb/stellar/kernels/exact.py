"""The closed forms of a single store for compiled loops: the same functions, compiled as they stand."""

from __future__ import annotations

from typing import Any

from numba.extending import register_jitable

from qsb.stellar import exponential, riccati
from qsb.stellar.crossing import turning_point
from qsb.stellar.exponential import crossing, phi1, phi2, propagate
from qsb.stellar.riccati import advance, arrival

__all__ = ["advance", "arrival", "crossing", "phi1", "phi2", "propagate", "turning_point"]

_register: Any = register_jitable(error_model="numpy")

for _function in (
    exponential.phi1,
    exponential.phi2,
    exponential.differences,
    exponential.propagate,
    exponential.crossing,
    riccati.less_log,
    riccati.advance,
    riccati.arrival,
    turning_point,
):
    _register(_function)
