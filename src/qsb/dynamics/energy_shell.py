r"""Chebyshev expansions on a grid of ladders, restricted to the states of the right energy: the energy shell.

A state keeps its distribution of energies. Where Gershgorin's disc of a grid place (the classical range of energies
there) lies outside it, amplitudes fall off exponentially; such places are left out, which narrows the spectrum that
the polynomials must cover. What is left at the edge is measured in every state that comes out, and where it is too
much the window is widened and the step made again.

For a real H each polynomial :math:`T_k(h)` acts on the real and the imaginary part of a state alone, and one set of
vectors gives both directions of time,

.. math:: \psi(t \pm s) = e^{\mp i c s}\,(C_s \mp i S_s)\,\psi(t),\qquad
          C_s = \sum_{k\ \mathrm{even}} (2-\delta_{k0})(-1)^{k/2} J_k(bs)\,T_k,\quad
          S_s = \sum_{k\ \mathrm{odd}} 2(-1)^{(k-1)/2} J_k(bs)\,T_k,

h = (H - c)/b.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from qsb.algebra.ladder import Floats, Grid, Ints
from qsb.dynamics.representation import Array

#: standard deviations of the energy, and of its change at one step, that the first window of places holds, and later
#: ones where it turns out to be too narrow
MARGINS = (12.0, 17.0, math.inf)
#: adding a vector to one state that comes out, relative to the making of the vector
OUTPUT_COST = 0.12
#: coefficients up to this size are left out
_NEGLIGIBLE = 1e-16
#: added to every amplitude: without it, those far from the start are denormal, and cost a hundred times as much each
FLOOR = 1e-60
#: places from which a second thread pays
PARALLEL_PLACES = 50_000


@dataclass(frozen=True)
class Shell:
    """The places that are kept, and the spectrum on them.

    Attributes:
        window: first and last-plus-one kept place of each row of the padded grid.
        edge: kept states from which H leads to reached ones that are left out.
        centre: middle of the bounds of H there.
        half: half of their width.
        kept: 1 at places of the padded grid that are kept, 0 elsewhere.
    """

    window: tuple[Ints, Ints]
    edge: Ints
    centre: float
    half: float
    kept: Floats


def term_count(phase: float) -> int:
    """Number of polynomials that exp(-i phase h) takes to rounding."""
    return int(phase + 12 * phase ** (1 / 3) + 30)


def around(grid: Grid, x: Array, margin: float) -> Shell:
    """Places whose classical energies touch those of a state, `margin` standard deviations to both sides."""
    centre, radius = grid.discs()
    mask = grid.layout.mask
    hx = grid.apply(x)
    energy = float(np.vdot(x, hx).real)
    spread = math.sqrt(max(float(np.linalg.norm(hx)) ** 2 - energy**2, 0.0))
    allowed = mask
    if margin < math.inf:
        # the energy of a single step keeps a start that is close to an eigenstate from shutting itself in
        steps = np.abs(np.diff(centre, axis=0)).max(initial=0.0) + np.abs(np.diff(centre, axis=1)).max(initial=0.0)
        wide = margin * (spread + float(steps))
        allowed = mask & (centre - radius <= energy + wide) & (centre + radius >= energy - wide)
    low, high = grid.window(allowed)
    columns = grid.layout.columns()
    inside = (np.arange(grid.layout.width) >= (low - grid.margin)[:, None]) & (
        np.arange(grid.layout.width) < (high - grid.margin)[:, None]
    )
    kept = np.zeros(mask.shape, dtype=bool)
    r, c = np.nonzero(inside & (columns < mask.shape[1]))
    kept[r, columns[r, c]] = True
    kept &= mask
    bottom, top = float((centre - radius)[kept].min()), float((centre + radius)[kept].max())
    edge = np.flatnonzero(grid.edge_of(kept)[mask])
    padded = grid.pad(kept[mask].astype(float))
    return Shell((low, high), edge, (top + bottom) / 2, max((top - bottom) / 2, 1e-12), padded)


def expand(grid: Grid, shell: Shell, v: Floats, reaches: NDArray[np.float64]) -> tuple[Floats, Floats]:
    """C_s v and S_s v of v on the kept places, each (reaches, size), for the times s, longest first."""
    weights, needed = _weights(tuple(np.round(shell.half * reaches, 13).tolist()))
    return grid.expand((v + FLOOR) * shell.kept, weights, needed, shell.half, shell.centre, shell.window)


@lru_cache(maxsize=16)
def _weights(phases: tuple[float, ...]) -> tuple[Floats, Ints]:
    """Coefficients (phases, terms) of C and S, and how many are needed; equal windows ask for the same ones."""
    from qsb.algebra.kernels.bessel import bessel

    k = np.arange(term_count(float(phases[0])) + 10)
    table = np.empty((len(phases), len(k)))
    bessel(np.array(phases), False, table)
    # from the last function that is not negligible on, all smaller ones fall off faster than exponentially
    needed = np.array([np.flatnonzero(np.abs(row) > _NEGLIGIBLE)[-1] + 1 for row in table], dtype=np.int64)
    weights = np.where(k == 0, 1.0, 2.0) * np.array([1.0, 1.0, -1.0, -1.0])[k % 4] * table
    return weights, needed
