"""Chebyshev expansion of kets on a grid of ladders: save times are read on both sides of centres a window apart.

One real vector is walked with where the start is real up to a phase (`qsb.dynamics.mirrored`), its real and imaginary
parts otherwise; both on the places of the right energy alone (`qsb.dynamics.energy_shell`).
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from qsb.algebra.kernels import threads
from qsb.algebra.ladder import Floats, Grid
from qsb.dynamics import energy_shell
from qsb.dynamics.costs import walkable
from qsb.dynamics.energy_shell import OUTPUT_COST, PARALLEL_PLACES, Shell, term_count
from qsb.dynamics.mirrored import Mirrored, cheapest_centres
from qsb.dynamics.representation import Array, Generator


@dataclass(frozen=True)
class GridGenerator(Generator):
    """A generator -iH whose real H acts on a grid of two ladders.

    Attributes:
        grid: H on the reached states.
    """

    grid: Grid | None = None


@dataclass(frozen=True)
class LadderChebyshev:
    """exp(-iHt) on a grid in Chebyshev polynomials of H, read on both sides of each centre."""

    name: str = "ladder"
    order: float = math.inf
    constant_only: bool = True
    skew_only: bool = True
    stochastic: bool = False
    #: bytes that the states of one window may take
    window_bytes: int = 2**27

    def advance(
        self, generator: Generator, x: Array, start: float, times: Sequence[float], tolerance: float
    ) -> Iterator[Array]:
        """Window after window, from one real vector where the start is real up to a phase."""
        assert isinstance(generator, GridGenerator)
        assert generator.grid is not None
        top = x[np.argmax(np.abs(x))]
        turned = x * (np.conj(top) / abs(top))
        if len(times) and times[-1] > start and np.abs(turned.imag).max() <= np.finfo(float).eps:
            after = np.asarray(times, dtype=float) - start
            room = max(1, int(self.window_bytes // (32 * generator.grid.size)))
            shell = energy_shell.around(generator.grid, x, energy_shell.MARGINS[0])
            walkable(shell.half * float(after[-1]), "ladder")
            centres = cheapest_centres(after, shell.half, room)
            if centres is not None:
                run = Mirrored(generator.grid, after, centres, tolerance, top / abs(top))
                yield from run.states(np.ascontiguousarray(turned.real), shell)
                return
        yield from self._both_parts(generator.grid, x, start, times, tolerance)

    def _both_parts(
        self, grid: Grid, x: Array, start: float, times: Sequence[float], tolerance: float
    ) -> Iterator[Array]:
        """The state at the next centre comes out beside those at the save times."""
        margins = list(energy_shell.MARGINS)
        shell = energy_shell.around(grid, x, margins.pop(0))
        now, at = start, 0
        walkable(shell.half * (times[-1] - start if len(times) else 0.0), "ladder")
        stride = self._stride(grid, start, times, shell.half)
        while at < len(times):
            reach = now + stride / 2
            group = [t for t in times[at:] if t <= reach + 1e-9 * stride]
            last = at + len(group) == len(times)
            following = [] if last else [now + stride]
            wanted = np.array([*group, *following]) - now
            while True:
                states, edge = _window(grid, shell, x, wanted, times[-1])
                # what is left out of a ket is about as long as what lies at the edge
                if edge <= tolerance**2 or not margins:
                    break
                shell = energy_shell.around(grid, x, margins.pop(0))
            yield from states[: len(group)]
            at += len(group)
            if not last:
                x, now = states[-1], following[0]

    def _stride(self, grid: Grid, start: float, times: Sequence[float], half: float) -> float:
        """The distance of centres that costs least; a whole number of save steps where these are equal."""
        whole, count = times[-1] - start, len(times)
        if whole <= 0:
            return 1.0
        room = max(2, int(self.window_bytes // (16 * grid.size)))
        costs: dict[int, float] = {}
        for windows in range(1, 4 * max(count, int(half * whole / 100) + 1) + 1):
            if count / windows > room:
                continue
            terms = term_count(half * whole / windows)
            costs[windows] = 2 * windows * terms + OUTPUT_COST * count * terms / 2
            if len(costs) > 1 and costs[windows] > 2 * min(costs.values()):
                break
        best = min(costs, key=lambda w: costs[w])
        steps = np.diff(np.unique([start, *times]))
        if len(steps) and np.ptp(steps) < 1e-9 * steps[0] and best <= len(steps):
            return float(max(1, round(len(steps) / best)) * (whole / len(steps)))
        return float(whole / best)


def _window(grid: Grid, shell: Shell, x: Array, wanted: NDArray[np.float64], later: float) -> tuple[list[Array], float]:
    """States at the times `wanted` from that of x, and the largest population of the edge.

    Times are known to the rounding of `later`, the last of all.
    """
    # longest first: the later vectors are for these alone; both directions of one step, equal to rounding, are one
    order = np.argsort(-np.abs(wanted), kind="stable")
    falling = np.abs(wanted)[order]
    new = np.concatenate([[True], -np.diff(falling) > 16 * np.finfo(float).eps * later])
    which = np.empty(len(order), dtype=np.int64)
    which[order] = np.cumsum(new) - 1
    reaches = falling[new]
    real = not np.any(x.imag)
    parts = [x.real] if real else [x.real, x.imag]

    def expanded(part: Floats) -> tuple[Floats, Floats]:
        return energy_shell.expand(grid, shell, grid.pad(np.ascontiguousarray(part)), reaches)

    found = list(threads.each(expanded, parts, large=grid.size > PARALLEL_PLACES))
    # what lies outside from the start is as bad
    states, worst = [], float(np.sum(np.abs(x[shell.kept[grid.index] == 0.0]) ** 2))
    for t, k in zip(wanted, which, strict=True):
        sign = 1.0 if t >= 0 else -1.0
        even, odd = [grid.unpad(f[0][k]) for f in found], [grid.unpad(f[1][k]) for f in found]
        state = np.empty(len(x), dtype=complex)
        if real:
            state.real, state.imag = even[0], -sign * odd[0]
        else:
            state.real, state.imag = even[0] + sign * odd[1], even[1] - sign * odd[0]
        state *= np.exp(-1j * shell.centre * t)
        worst = max(worst, float(np.sum(np.abs(state[shell.edge]) ** 2)))
        states.append(state)
    return states, worst
