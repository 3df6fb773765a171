r"""Chebyshev expansions of a real start: cosine and sine of Ht, from centre to centre.

From a start that is real up to a phase, :math:`\psi(t) \propto e^{-ict}(y(t) - iz(t))` with :math:`y = \cos(H-c)t\,x`
and :math:`z = \sin(H-c)t\,x`, one real vector is enough,

.. math:: y(t+s) = 2\,C_s\,y(t) - y(t-s),\qquad z(t+s) = z(t-s) + 2\,S_s\,y(t),

with C and S of `qsb.dynamics.energy_shell`, so that only y is expanded, around equally spaced centres (`Mirrored`).
Rounding grows at most as the number of centres.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from qsb.algebra.kernels import threads
from qsb.algebra.ladder import Floats, Grid, Ints
from qsb.dynamics import energy_shell
from qsb.dynamics.energy_shell import OUTPUT_COST, PARALLEL_PLACES, Shell, term_count
from qsb.dynamics.representation import Array

#: phase of a long expansion: from there on, its tail is small beside it
_LONG = 600.0
#: centres up to which one real vector is walked with: rounding grows with their number
_MOST_CENTRES = 200


@dataclass(frozen=True)
class Centres:
    """Centres of windows from 0 on, and what is read around them.

    Attributes:
        step: distance of the equally spaced outputs.
        each: outputs from one centre to the next.
        count: outputs in all; the last is the last time.
        place: number of each output among the times, -1 where it is not one, (count + 1,).
        beside: (number among the times, centre, distance from it) of times that are no output.
    """

    step: float
    each: int
    count: int
    place: Ints
    beside: tuple[tuple[int, int, float], ...]

    def cost(self, half: float) -> float:
        """In applications of H to a real vector."""
        windows = -(-self.count // self.each)
        reach = half * self.step * np.arange(1, self.each + 1)
        total = windows * (term_count(float(reach[-1])) + OUTPUT_COST * float(np.sum(reach + 12 * np.cbrt(reach) + 30)))
        far: dict[int, float] = {}
        for _, centre, s in self.beside:
            far[centre] = max(far.get(centre, 0.0), abs(s))
            total += 2 * OUTPUT_COST * term_count(half * abs(s))
        return total + sum(term_count(half * s) for centre, s in far.items() if centre)


def cheapest_centres(times: Floats, half: float, room: int) -> Centres | None:
    """The centres that cost least; None where there would be too many of them.

    Args:
        times: after the start, ascending.
        half: half-width of the spectrum.
        room: states that may be kept.
    """
    whole, near = float(times[-1]), 64 * np.finfo(float).eps * float(times[-1])

    def placed(count: int) -> Ints:
        """Number among the times of each of `count` equally spaced outputs, 0 included."""
        exact = whole / count * np.arange(count + 1)
        at = np.minimum(np.searchsorted(times, exact - near), len(times) - 1)
        return np.asarray(np.where(np.abs(times[at] - exact) <= near, at, -1))

    def made(count: int, each: int, place: Ints) -> Centres:
        step = whole / count
        beside = np.ones(len(times), dtype=bool)
        beside[place[place >= 0]] = False
        others = np.flatnonzero(beside)
        last = (count - 1) // each
        centre = np.minimum(np.round(times[others] / (step * each)).astype(int), last)
        apart = times[others] - centre * step * each
        return Centres(
            step, each, count, place, tuple(zip(others.tolist(), centre.tolist(), apart.tolist(), strict=True))
        )

    found: list[Centres] = []
    counts = np.arange(len(times), len(times) // 2, -1)
    # few numbers pass at their first output, so that uneven grids are not laid out for each of them
    first = times[np.minimum(np.searchsorted(times, whole / counts - near), len(times) - 1)]
    likely = counts[np.abs(first - whole / counts) <= near].tolist()
    grids = (n for n in likely if np.all(placed(n)[1:] >= 0))
    even = next(grids, 0)
    if even:
        most = max(1, min(even, room, int(4 * _LONG * even / (half * whole))))
        place = placed(even)
        # a few outputs more or less matter where there are few of them
        some = np.unique(np.round(np.geomspace(1.0, most, 20)).astype(int))
        found += [made(even, each, place) for each in some.tolist()]
    least = max(1, int(half * whole / (2 * _LONG)))
    tried = np.unique(np.round(least * np.geomspace(1.0, 8.0, 10)).astype(int))
    found += [made(count, 1, placed(count)) for count in tried.tolist() if count <= _MOST_CENTRES]
    found = [c for c in found if -(-c.count // c.each) <= _MOST_CENTRES]
    return min(found, key=lambda c: c.cost(half)) if found else None


class Mirrored:
    """exp(-iHt) of a real start: cosine and sine from centre to centre, each from the two before it."""

    def __init__(self, grid: Grid, times: Floats, centres: Centres, tolerance: float, phase: complex) -> None:
        """Nothing is computed yet.

        Args:
            grid: H.
            times: after the start, ascending.
            centres: see `cheapest_centres`.
            tolerance: its square is the population that the edge of what is kept may have.
            phase: factor of the real start.
        """
        self.grid, self.times, self.centres, self.tolerance, self.phase = grid, times, centres, tolerance, phase
        self.beside: dict[int, list[tuple[int, float]]] = {}
        for k, centre, s in centres.beside:
            self.beside.setdefault(centre, []).append((k, s))

    def states(self, x: Floats, shell: Shell) -> Iterator[Array]:
        """Kets at the times, in order."""
        c, margins = self.centres, list(energy_shell.MARGINS[1:])
        windows = -(-c.count // c.each)
        shape = (c.each + 1, self.grid.size // self.grid.length, self.grid.length)
        # cosine and sine at the centre and the outputs behind it; before the start they mirror those after it
        y, z = np.zeros(shape), np.zeros(shape)
        y[-1] = self.grid.pad(x).reshape(shape[1:])
        ready = {} if c.place[0] < 0 else {0: self._ket(shell, y[-1], z[-1], 0)}
        following = 0
        for window in range(windows):
            outputs = min(c.each, c.count - window * c.each)
            while True:
                cosine, sine, more = self._window(shell, y, z, window, outputs)
                edge = self._edge(shell, cosine, sine, more)
                if edge <= self.tolerance**2 or not margins:
                    break
                wider = energy_shell.around(self.grid, x.astype(complex), margins.pop(0))
                self._turn(y, z, window, shell.centre - wider.centre)
                shell = wider
            y, z = cosine, sine
            for k in range(1, outputs + 1):
                at = int(c.place[window * c.each + k])
                if at >= 0:
                    ready[at] = self._ket(shell, y[k], z[k], at)
            for at, there in more.items():
                ready[at] = self._ket(shell, *there, at)
            while following in ready:
                yield ready.pop(following)
                following += 1

    def _window(
        self, shell: Shell, y: Floats, z: Floats, window: int, outputs: int
    ) -> tuple[Floats, Floats, dict[int, tuple[Floats, Floats]]]:
        """Cosine and sine at a centre and its outputs, and at the times beside it, from those of the window before."""
        c = self.centres
        mine = self.beside.get(window, [])
        apart = [abs(s) for _, s in mine]
        distances = np.array([c.step * k for k in range(1, outputs + 1)] + apart)
        order = np.argsort(-distances, kind="stable")
        rank = np.argsort(order)
        tasks = [(y[-1], distances[order])]
        if mine and window:
            late = np.argsort(-np.array(apart), kind="stable")
            place = np.argsort(late)
            tasks.append((z[-1], np.array(apart)[late]))

        def expanded(task: tuple[Floats, Floats]) -> tuple[Floats, Floats]:
            return energy_shell.expand(self.grid, shell, task[0].reshape(-1), task[1])

        found = list(threads.each(expanded, tasks, large=self.grid.size > PARALLEL_PLACES))
        even, odd = found[0]
        cosine, sine = np.zeros_like(y), np.zeros_like(z)
        cosine[0], sine[0] = y[-1], z[-1]
        for k in range(1, outputs + 1):
            cos, sin = even[rank[k - 1]], odd[rank[k - 1]]
            if window:
                np.subtract(2 * cos, y[c.each - k], out=cosine[k])
                np.add(2 * sin, z[c.each - k], out=sine[k])
            else:
                cosine[k], sine[k] = cos, sin
        more = {}
        for j, (at, s) in enumerate(mine):
            cos, sin = even[rank[outputs + j]], math.copysign(1.0, s) * odd[rank[outputs + j]]
            if window:
                sign = math.copysign(1.0, s)
                cos, sin = cos - sign * found[1][1][place[j]], found[1][0][place[j]] + sin
            more[at] = cos, sin
        return cosine, sine, more

    def _edge(self, shell: Shell, y: Floats, z: Floats, more: dict[int, tuple[Floats, Floats]]) -> float:
        """The largest population of the edge."""
        edge = self.grid.index[shell.edge]
        pairs = [*zip(y, z, strict=True), *more.values()]
        return max(float(sum(np.sum(v.reshape(-1)[edge] ** 2) for v in pair)) for pair in pairs)

    def _turn(self, y: Floats, z: Floats, window: int, change: float) -> None:
        """From one zero of energy to another, `change` below it; the last of y and z are those of the centre."""
        c = self.centres
        for k in range(c.each + 1):
            angle = change * c.step * (c.each * (window - 1) + k)
            cos, sin = math.cos(angle), math.sin(angle)
            y[k], z[k] = cos * y[k] - sin * z[k], cos * z[k] + sin * y[k]

    def _ket(self, shell: Shell, y: Floats, z: Floats, at: int) -> Array:
        """The state of which y and z are cosine and sine."""
        out = np.empty(len(self.grid.index), dtype=complex)
        out.real, out.imag = self.grid.unpad(y), -self.grid.unpad(z)
        out *= self.phase * np.exp(-1j * shell.centre * self.times[at])
        return out
