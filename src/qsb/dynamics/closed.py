"""Generators of kets: dx/dt = -iH(t)x, in any frame."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from qsb.algebra.opsum import OpSum
from qsb.dynamics.frame import Operator
from qsb.dynamics.lanczos import spectral_bounds
from qsb.dynamics.representation import Apply, Array, Generator
from qsb.dynamics.segment import Segment

Build = Callable[[OpSum], Operator]


def closed_generator(segment: Segment, build: Build, dimension: int, dense_limit: int) -> Generator:
    """Assemble -iH(t) from the segment's constant Hamiltonian and its drives.

    Args:
        segment: the interval.
        build: turns an `OpSum` into an operator of the frame.
        dimension: dimension of the kets.
        dense_limit: up to this dimension a dense matrix is offered.
    """
    constant = build(segment.hamiltonian)
    pieces: list[tuple[Callable[[float], float] | None, Apply]] = [(None, _minus_i(constant))]
    pieces += [(f, _minus_i(build(op))) for op, f in segment.drives]

    def dense() -> Array:
        columns = [constant.apply(v) for v in np.eye(dimension, dtype=complex)]
        return -1j * np.array(columns).T[None]

    def bounds() -> tuple[float, float]:
        reach = getattr(constant, "norm_bound", None)
        return spectral_bounds(constant, dimension, (-reach, reach) if reach is not None else None)

    return Generator(
        segment,
        tuple(pieces),
        skew=True,
        dense=dense if segment.constant and dimension <= dense_limit else None,
        bounds=bounds,
        kernel=constant if segment.constant else None,
    )


def _minus_i(op: Operator) -> Apply:
    return lambda x: -1j * op.apply(x)
