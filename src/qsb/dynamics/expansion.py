r"""Chebyshev expansions on grids of ladders: real vectors, time reversal, and only the states of the right energy.

For a real H each polynomial :math:`T_k(h)` acts on the real and the imaginary part of a state alone, and one set of
vectors gives both directions of time,

.. math:: \psi(t \pm s) = e^{\mp i c s}\,(C_s \mp i S_s)\,\psi(t),\qquad
          C_s = \sum_{k\ \mathrm{even}} (2-\delta_{k0})(-1)^{k/2} J_k(bs)\,T_k,\quad
          S_s = \sum_{k\ \mathrm{odd}} 2(-1)^{(k-1)/2} J_k(bs)\,T_k,

h = (H - c)/b. So save times are read around centres a window apart, on both sides of each.

From a start that is real up to a phase, :math:`\psi(t) \propto e^{-ict}(y(t) - iz(t))` with :math:`y = \cos(H-c)t\,x`
and :math:`z = \sin(H-c)t\,x`, one real vector is enough,

.. math:: y(t+s) = 2\,C_s\,y(t) - y(t-s),\qquad z(t+s) = z(t-s) + 2\,S_s\,y(t),

so that only y is expanded, around equally spaced centres (`Mirrored`). Rounding grows at most as the number of centres.

A state keeps its distribution of energies. Where Gershgorin's disc of a grid place (the classical range of energies
there) lies outside it, amplitudes fall off exponentially; such places are left out, which narrows the spectrum that
the polynomials must cover. What is left at the edge is measured in every state that comes out, and where it is too
much the window is widened and the step made again.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.special import jv

from qsb.algebra.kernels import threads
from qsb.algebra.ladder import Floats, Grid, Ints
from qsb.dynamics.costs import affordable
from qsb.dynamics.faber import Faber
from qsb.dynamics.representation import Array, Generator
from qsb.errors import ConvergenceError

#: standard deviations of the energy, and of its change at one step, that the first window of places holds, and later
#: ones where it turns out to be too narrow
_MARGINS = (12.0, 17.0, math.inf)
#: adding a vector to one state that comes out, relative to the making of the vector
_OUTPUT_COST = 0.12
#: coefficients up to this size are left out
_NEGLIGIBLE = 1e-16
#: added to every amplitude: without it, those far from the start are denormal, and cost a hundred times as much each
_FLOOR = 1e-60
#: by how much vectors of a damped expansion may grow, which amplifies rounding
GROWTH = 1e4
#: phase of a long expansion: from there on, its tail is small beside it
_LONG = 600.0
#: centres up to which one real vector is walked with: rounding grows with their number
_MOST_CENTRES = 200
#: places from which a second thread pays
PARALLEL_PLACES = 50_000


@dataclass(frozen=True)
class GridGenerator(Generator):
    """A generator -iH whose real H acts on a grid of two ladders.

    Attributes:
        grid: H on the reached states.
    """

    grid: Grid | None = None


@dataclass(frozen=True)
class _Shell:
    """The places that are kept, and the spectrum on them."""

    window: tuple[Ints, Ints]
    edge: Ints
    centre: float
    half: float
    kept: Floats


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
            shell = _shell(generator.grid, x, _MARGINS[0])
            _walkable(shell.half * float(after[-1]), "ladder")
            centres = _centres(after, shell.half, room)
            if centres is not None:
                run = Mirrored(generator.grid, after, centres, tolerance, top / abs(top))
                yield from run.states(np.ascontiguousarray(turned.real), shell)
                return
        yield from self._both_parts(generator.grid, x, start, times, tolerance)

    def _both_parts(
        self, grid: Grid, x: Array, start: float, times: Sequence[float], tolerance: float
    ) -> Iterator[Array]:
        """The state at the next centre comes out beside those at the save times."""
        margins = list(_MARGINS)
        shell = _shell(grid, x, margins.pop(0))
        now, at = start, 0
        _walkable(shell.half * (times[-1] - start if len(times) else 0.0), "ladder")
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
                shell = _shell(grid, x, margins.pop(0))
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
            terms = _terms(half * whole / windows)
            costs[windows] = 2 * windows * terms + _OUTPUT_COST * count * terms / 2
            if len(costs) > 1 and costs[windows] > 2 * min(costs.values()):
                break
        best = min(costs, key=lambda w: costs[w])
        steps = np.diff(np.unique([start, *times]))
        if len(steps) and np.ptp(steps) < 1e-9 * steps[0] and best <= len(steps):
            return float(max(1, round(len(steps) / best)) * (whole / len(steps)))
        return float(whole / best)


def _walkable(turned: float, name: str) -> None:
    """Refuse to expand what turns through absurdly many radians, once the spectrum is known.

    Raises:
        PlanError: with the applications, the time and what to do.
    """
    affordable(
        turned,
        f"The spectrum that the start reaches turns through {turned:.2g} radians, so integrator {name!r}",
        "write the fastest energies in other units; or lower the coupling or the cutoff",
    )


def _terms(phase: float) -> int:
    """Number of polynomials that exp(-i phase h) takes to rounding."""
    return int(phase + 12 * phase ** (1 / 3) + 30)


def _shell(grid: Grid, x: Array, margin: float) -> _Shell:
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
    return _Shell((low, high), edge, (top + bottom) / 2, max((top - bottom) / 2, 1e-12), padded)


def _window(
    grid: Grid, shell: _Shell, x: Array, wanted: NDArray[np.float64], later: float
) -> tuple[list[Array], float]:
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

    def both(part: Floats) -> tuple[Floats, Floats]:
        return _expand(grid, shell, (grid.pad(np.ascontiguousarray(part)) + _FLOOR) * shell.kept, reaches)

    found: list[Any] = [None] * len(parts)

    def half(k: int) -> None:
        found[k] = both(parts[k])

    list(threads.each(half, range(len(parts)), large=grid.size > PARALLEL_PLACES))
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


def _expand(grid: Grid, shell: _Shell, v: Floats, reaches: NDArray[np.float64]) -> tuple[Floats, Floats]:
    """C_s v and S_s v, each (reaches, size), for the times s, longest first."""
    weights, needed = _weights(tuple(np.round(shell.half * reaches, 13).tolist()))
    return grid.expand(v, weights, needed, shell.half, shell.centre, shell.window)


@lru_cache(maxsize=16)
def _weights(phases: tuple[float, ...]) -> tuple[Floats, Ints]:
    """Coefficients (phases, terms) of C and S, and how many are needed; equal windows ask for the same ones."""
    from qsb.algebra.kernels.bessel import bessel

    k = np.arange(_terms(float(phases[0])) + 10)
    table = np.empty((len(phases), len(k)))
    bessel(np.array(phases), False, table)
    # from the last function that is not negligible on, all smaller ones fall off faster than exponentially
    needed = np.array([np.flatnonzero(np.abs(row) > _NEGLIGIBLE)[-1] + 1 for row in table], dtype=np.int64)
    weights = np.where(k == 0, 1.0, 2.0) * np.array([1.0, 1.0, -1.0, -1.0])[k % 4] * table
    return weights, needed


@dataclass(frozen=True)
class _Centres:
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
        total = windows * (_terms(float(reach[-1])) + _OUTPUT_COST * float(np.sum(reach + 12 * np.cbrt(reach) + 30)))
        far: dict[int, float] = {}
        for _, centre, s in self.beside:
            far[centre] = max(far.get(centre, 0.0), abs(s))
            total += 2 * _OUTPUT_COST * _terms(half * abs(s))
        return total + sum(_terms(half * s) for centre, s in far.items() if centre)


def _centres(times: Floats, half: float, room: int) -> _Centres | None:
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

    def made(count: int, each: int, place: Ints) -> _Centres:
        step = whole / count
        beside = np.ones(len(times), dtype=bool)
        beside[place[place >= 0]] = False
        others = np.flatnonzero(beside)
        last = (count - 1) // each
        centre = np.minimum(np.round(times[others] / (step * each)).astype(int), last)
        apart = times[others] - centre * step * each
        return _Centres(
            step, each, count, place, tuple(zip(others.tolist(), centre.tolist(), apart.tolist(), strict=True))
        )

    found: list[_Centres] = []
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

    def __init__(self, grid: Grid, times: Floats, centres: _Centres, tolerance: float, phase: complex) -> None:
        """Nothing is computed yet.

        Args:
            grid: H.
            times: after the start, ascending.
            centres: see `_centres`.
            tolerance: its square is the population that the edge of what is kept may have.
            phase: factor of the real start.
        """
        self.grid, self.times, self.centres, self.tolerance, self.phase = grid, times, centres, tolerance, phase
        self.beside: dict[int, list[tuple[int, float]]] = {}
        for k, centre, s in centres.beside:
            self.beside.setdefault(centre, []).append((k, s))

    def states(self, x: Floats, shell: _Shell) -> Iterator[Array]:
        """Kets at the times, in order."""
        c, margins = self.centres, list(_MARGINS[1:])
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
                wider = _shell(self.grid, x.astype(complex), margins.pop(0))
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
        self, shell: _Shell, y: Floats, z: Floats, window: int, outputs: int
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
            return _expand(self.grid, shell, (task[0].reshape(-1) + _FLOOR) * shell.kept, task[1])

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

    def _edge(self, shell: _Shell, y: Floats, z: Floats, more: dict[int, tuple[Floats, Floats]]) -> float:
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

    def _ket(self, shell: _Shell, y: Floats, z: Floats, at: int) -> Array:
        """The state of which y and z are cosine and sine."""
        out = np.empty(len(self.grid.index), dtype=complex)
        out.real, out.imag = self.grid.unpad(y), -self.grid.unpad(z)
        out *= self.phase * np.exp(-1j * shell.centre * self.times[at])
        return out


@dataclass(frozen=True)
class DampedChebyshev:
    r"""exp(tL) of a Lindbladian that is mostly Hamiltonian, in Chebyshev polynomials of imaginary argument.

    .. math:: e^{tL} = J_0(bt) + 2\sum_{k\ge 1} J_k(bt)\,\varphi_k(L/b), \qquad
              \varphi_{k+1}(z) = 2 z\,\varphi_k(z) + \varphi_{k-1}(z)

    b bounds the differences of energies. Off the axis the polynomials grow as exp(k damping/b), by which rounding is
    amplified: windows are so short that this stays small. A Lindbladian that is mostly damping is left to `Faber`.
    """

    name: str = "damped"
    order: float = math.inf
    constant_only: bool = True
    skew_only: bool = False
    stochastic: bool = False
    #: longest window in units of one over the damping
    longest: float = 3.0
    #: save times of one window
    outputs: int = 4

    def advance(
        self, generator: Generator, x: Array, start: float, times: Sequence[float], tolerance: float
    ) -> Iterator[Array]:
        """Window by window, each with several save times; long ways are walked in equal strides."""
        assert generator.bounds is not None
        low, width = generator.bounds()
        b = 1.02 * width - low + 1e-12
        reach = self.longest / max(-low, 1e-300)
        _walkable(b * (times[-1] - start if len(times) else 0.0), "damped")
        if low < 0 and _terms(b * reach) * math.asinh(-low / b) > math.log(GROWTH):
            yield from Faber().advance(generator, x, start, times, tolerance)
            return
        now, at = start, 0
        while at < len(times):
            group = [t for t in times[at : at + self.outputs] if t - now <= reach]
            if not group:
                strides = math.ceil((times[at] - now) / reach)
                step = (times[at] - now) / strides
                x, now = self._window(generator, x, now, np.array([step]), b)[0], now + step
                continue
            states = self._window(generator, x, now, np.array(group) - now, b)
            yield from states
            x, now, at = states[-1], group[-1], at + len(group)

    def _window(self, generator: Generator, x: Array, now: float, steps: NDArray[np.float64], b: float) -> list[Array]:
        phases = b * steps
        terms = _terms(float(phases.max()))
        k = np.arange(terms)
        weights = np.where(k == 0, 1.0, 2.0) * jv(k, phases[:, None])
        out = [w * x for w in weights[:, 0]]
        previous, current = x, generator.apply(now, x) / b
        size = float(np.linalg.norm(x))
        for j in range(1, terms):
            for total, w in zip(out, weights[:, j], strict=True):
                if abs(w) > 1e-17:
                    total += w * current
            if float(np.linalg.norm(current)) > GROWTH * size:
                raise ConvergenceError(
                    "the growth of the Chebyshev recursion", GROWTH, 1.0, "its bounds are too narrow: report this."
                )
            following = generator.apply(now, current)
            following *= 2 / b
            following += previous
            previous, current = current, following
        return out
