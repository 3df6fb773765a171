"""Many small linear systems of one shape, advanced together: what a sweep over rates comes down to.

A generator is affine in the rates of its channels, G = G_0 + sum_k r_k G_k, so the reduced problem is built once a
channel, not once a point. The exponentials of all points are one batch of matrix products, and equal steps double:
from x(0..k) and exp(k h G) follow x(k..2k).
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from qsb.algebra.kernels import threads
from qsb.charging.environment import Channel
from qsb.charging.problem import Problem
from qsb.dynamics.exponential import exponentials
from qsb.dynamics.plan import REPRESENTATIONS, Plan
from qsb.dynamics.representation import Reduced
from qsb.dynamics.series import Kink, Series
from qsb.dynamics.solve import note_kink, verify
from qsb.dynamics.solve import start_energy as energy_of_start

Array = NDArray[Any]

#: largest generator whose exponentials are taken in batches
LARGEST = 128
#: bytes that the matrices of one batch of points may take, and of the points that are advanced together: a cache's
_BATCH_BYTES, _CACHE_BYTES = 2**26, 2**21


@dataclass(frozen=True)
class Affine:
    """The parts of one segment's generator, real (n, n): Hamiltonian, and each channel at rate one."""

    unitary: Array
    channels: Array


@dataclass(frozen=True)
class Family:
    """Problems that differ in the rates of their channels alone, reduced together.

    Attributes:
        problem: one of them.
        plan: how it is solved.
        reduced: its reduced system: start and readout serve all.
        parts: one a segment.
    """

    problem: Problem
    plan: Plan
    reduced: Reduced
    parts: tuple[Affine, ...]

    @classmethod
    def of(cls, problem: Problem, plan: Plan) -> Family | None:
        """Reduce with no channel, and with each alone at rate one; None where that is no small constant real system."""
        representation: Any = next(r for r in REPRESENTATIONS if r.name == plan.representation)
        if hasattr(representation, "simulate") or not problem.structure.dissipative:
            return None

        def generators(channels: tuple[Channel, ...]) -> list[Array] | None:
            made = representation.reduce(dataclasses.replace(problem, channels=channels), plan.request)
            out = []
            for g in made.generators:
                if not g.constant or g.dense is None or np.size(made.start) > LARGEST:
                    return None
                dense = g.dense()
                if np.iscomplexobj(dense) or dense.shape[0] != 1:
                    return None
                out.append(dense[0])
            return out

        found = [generators(())] + [generators((dataclasses.replace(c, rate=1.0),)) for c in problem.channels]
        if any(f is None for f in found):
            return None
        whole: list[list[Array]] = [f for f in found if f is not None]
        parts = tuple(
            Affine(bare, np.array([with_one - bare for with_one in ones])) for bare, *ones in zip(*whole, strict=True)
        )
        return cls(problem, plan, representation.reduce(problem, plan.request), parts)

    def solve(self, rates: NDArray[np.float64], times: NDArray[np.float64], tolerance: float) -> Iterator[Series]:
        """Readouts of points (B, channels), in batches: all times of the first point, then of the second, ...

        Raises:
            ConvergenceError: if a state fails its checks.
        """
        n = int(np.size(self.reduced.start))
        room = max(1, _BATCH_BYTES // (8 * max(n * n, 3 * n * len(times))))
        for first in range(0, len(rates), room):
            yield self._batch(rates[first : first + room], times, tolerance)

    def kinks(self, rates: NDArray[np.float64]) -> list[tuple[Kink, ...]]:
        """Of each point (B, channels) the instants at which its power jumps or turns."""
        found: list[list[Kink]] = [[] for _ in rates]
        both = zip(self.reduced.generators, self.parts, strict=True)
        walk = [(g, part) for g, part in both if g.segment.end > g.segment.start]
        if len(walk) < 2:
            return [() for _ in rates]
        n = int(np.size(self.reduced.start))
        room = max(1, _BATCH_BYTES // (8 * n * n))
        for first in range(0, len(rates), room):
            some = rates[first : first + room]
            x = np.broadcast_to(self.reduced.start.reshape(-1), (len(some), n))
            for (old, left), (new, right) in pairwise(walk):
                noise = np.tensordot(some, left.channels, axes=1)
                _, x = _along(left.unitary + noise, x, old.segment.start, (), old.segment.end)
                energy, before = self._energies(some, left, x)
                _, after = self._energies(some, right, x)
                for k in range(len(some)):
                    kink = Kink(new.segment.start, float(energy[k]), float(before[k]), float(after[k]))
                    note_kink(found[first + k], old.segment, new.segment, kink)
        return [tuple(f) for f in found]

    def _energies(self, rates: NDArray[np.float64], part: Affine, x: Array) -> tuple[Array, Array]:
        """<H_B> and its rate (B,) in the states (B, n) of the points under one segment."""
        noise = np.tensordot(rates, part.channels, axes=1)
        pieces = (x, x @ part.unitary.T, (noise @ x[:, :, None])[:, :, 0])
        shaped = (np.ascontiguousarray(p).reshape(-1, *self.reduced.start.shape) for p in pieces)
        read = self.reduced.readout.observe(frozenset({"energy", "power"}), *shaped)
        return np.asarray(read["energy"]), np.asarray(read["power"])

    def _batch(self, rates: NDArray[np.float64], times: NDArray[np.float64], tolerance: float) -> Series:
        readout, needs = self.reduced.readout, self.plan.request.needs
        points, n = len(rates), self.reduced.start.size
        room = max(1, _CACHE_BYTES // (8 * max(n * n, 3 * n * len(times))))
        some = [rates[k : k + room] for k in range(0, points, room)]
        parts = threads.each(lambda r: self._advanced(r, times), some, large=points * n**3 > threads.WORTH)
        shape = (-1, *self.reduced.start.shape)
        x, u, d = (np.concatenate(p).reshape(shape) for p in zip(*parts, strict=True))
        budget = readout.check(x)
        verify(self.problem, budget, tolerance)
        return Series(
            np.tile(times, points),
            readout.observe(needs, x, u, d),
            readout.statics(needs),
            np.tile(self._drives(times), points),
            budget,
            start_energy=energy_of_start(self.reduced),
        )

    def _drives(self, times: NDArray[np.float64]) -> list[float]:
        segments = [g.segment for g in self.reduced.generators]
        return [s.drive(float(t)) for s in segments for t in _inside(times, s.start, s.end)]

    def _advanced(self, rates: NDArray[np.float64], times: NDArray[np.float64]) -> tuple[Array, Array, Array]:
        """States, and their unitary and dissipative rates, (B, T, n) each."""
        x = np.broadcast_to(self.reduced.start.reshape(-1), (len(rates), self.reduced.start.size))
        found: list[tuple[Array, Array, Array]] = []
        for generator, part in zip(self.reduced.generators, self.parts, strict=True):
            a, b = generator.segment.start, generator.segment.end
            if b == a:
                continue
            noise = np.tensordot(rates, part.channels, axes=1)
            states, x = _along(part.unitary + noise, x, a, _inside(times, a, b), b)
            found.append((states, states @ part.unitary.T, states @ noise.swapaxes(1, 2)))
        x, unitary, dissipative = (np.concatenate(parts, axis=1) for parts in zip(*found, strict=True))
        return x, unitary, dissipative


def _inside(times: NDArray[np.float64], a: float, b: float) -> NDArray[np.float64]:
    """The save times of a segment: its end belongs to it, its start to the one before."""
    return np.asarray(times[((times > a) | ((times == a) & (a == 0.0))) & (times <= b)] if b > a else times[:0])


def _along(g: Array, x: Array, start: float, times: Sequence[float] | Array, end: float) -> tuple[Array, Array]:
    """States (B, T, n) at the times of a segment, and at its end (B, n)."""
    at = np.asarray(times, dtype=float)
    here = at if len(at) else np.array([start])
    x = _once(here[0] - start, g, x, end - start)
    steps = np.diff(here)
    if len(steps) and np.ptp(steps) <= 1e-9 * steps.mean():
        states = _doubled(exponentials(steps.mean() * g), x, len(here))
    else:
        rows = [x]
        for h in steps:
            rows.append(_once(h, g, rows[-1], end - start))
        states = np.stack(rows, axis=1)
    return states[:, len(here) - len(at) :], _once(end - here[-1], g, states[:, -1], end - start)


def _once(h: float, g: Array, x: Array, whole: float) -> Array:
    """One step; none where it is rounding of the whole segment."""
    return x if h <= 1e-13 * whole else (exponentials(h * g) @ x[:, :, None])[:, :, 0]


def _doubled(step: Array, x: Array, count: int) -> Array:
    """x, exp(hG) x, exp(2hG) x, ...: (B, count, n)."""
    out = np.empty((x.shape[0], count, x.shape[1]))
    out[:, 0] = x
    done = 1
    while done < count:
        more = min(done, count - done)
        out[:, done : done + more] = out[:, :more] @ step.swapaxes(1, 2)
        done += more
        if done < count:
            step = step @ step
    return out


__all__ = ["LARGEST", "Family"]
