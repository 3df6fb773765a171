r"""`trajectories`: kets with quantum jumps, averaged; noise on more cells than a density matrix can hold.

Monte Carlo wave functions (Dalibard, Castin and Molmer 1992; Dum, Zoller and Ritsch 1992): a ket decays under
:math:`-iH - \tfrac12\sum_k\gamma_k L_k^+L_k` until its squared norm has fallen to a uniform random number, then one
:math:`L_k` acts, drawn with weight :math:`\gamma_k\lVert L_k\psi\rVert^2`. The average of the normalised projectors is
the density matrix; figures linear in it have an unbiased average and a standard error.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from threading import Event
from typing import Any

import numpy as np
from numpy.typing import NDArray

from qsb.algebra import build, reduced
from qsb.algebra.kernels import threads
from qsb.charging.problem import Problem, Structure
from qsb.dynamics import costs
from qsb.dynamics.full import FullFrame
from qsb.dynamics.ket import full_lacks
from qsb.dynamics.readouts import statics
from qsb.dynamics.representation import Array, Request, Size, Work
from qsb.dynamics.segment import segments
from qsb.dynamics.series import Series, Value, jackknife
from qsb.dynamics.start_states import start_ket
from qsb.dynamics.whole import whole_only
from qsb.errors import ConvergenceError

#: groups of trajectories whose averages the jackknife leaves out one by one
GROUPS = 50
#: bytes of the states that one thread holds to be read
WINDOW_BYTES = 2**24
#: random numbers that a trajectory begins with
_CHANCES = 64

Sums = dict[str, NDArray[Any]]


@dataclass(frozen=True)
class Trajectories:
    """Samples of kets with quantum jumps, with standard errors; any noise, from a pure start."""

    name: str = "trajectories"
    why: str = "samples of kets with quantum jumps, averaged: every figure has a standard error"
    exact: bool = False

    def accepts(self, structure: Structure) -> str | None:
        """Any noise, as long as the start is a ket."""
        if not structure.dissipative:
            return "there is no noise, so all trajectories are one ket"
        return None if structure.pure_start else "the start is a mixture, and trajectories begin with a ket"

    def lacks(self, problem: Problem, needs: frozenset[str]) -> str | None:
        """What is no average over kets, or too much of one."""
        if reason := whole_only(needs):
            return reason
        if "charger_energy" in needs:
            return "the energy of a charger is read off density matrices, and not sampled"
        lacking = sorted(needs & {"spectrum", "pinched", "populations"})
        if lacking:
            return (
                f"{lacking} of the whole state would be biased: a mixture of few samples looks purer than it is; ask "
                "for subset_ergotropy or local_ergotropy, or for fewer cells (density) or alike ones (permutation)"
            )
        return full_lacks(problem, needs, pure=False)

    def size(self, problem: Problem, request: Request) -> Size:
        """A series, a window of states and their readouts a thread; tables of the Hamiltonian and of the jumps."""
        d, s = problem.battery.space.dimension, problem.structure
        n, drives = s.sites, len(problem.battery.drives) + len(problem.jumps) + 1
        moving = 0 if s.time_independent else drives
        window = max(1, min(len(problem.times), WINDOW_BYTES // (16 * d)))
        ket = 16 * d * (40 + 34 * moving + 4 * window)
        tables = 16 * d * (4 * drives + 24 * n)
        marks = len(problem.times) * (64 * n + 16 * 4 ** len(request.subset)) * GROUPS
        held = min(threads.count(), GROUPS) * ket + tables + marks
        if not problem.battery.space.spins_only or s.opaque:
            return Size(d, held, untimed="the spectrum of a mode or of a user's matrix is not known before it is built")
        return Size(d, held, _work(problem) * request.samples)

    def integrators(self, problem: Problem) -> tuple[str, ...]:
        """The same for every segment: a Taylor series with norm events, of any coefficients."""
        return ("jumps",) * len(segments(problem))

    def simulate(
        self,
        problem: Problem,
        request: Request,
        *,
        tolerance: float,
        progress: Callable[[float], None] | None = None,
    ) -> Series:
        """Run all trajectories, in groups, and average what is read of them.

        Raises:
            ConvergenceError: if a norm event was not located, or a series did not converge.
            CutoffError: if the highest Fock states of a mode are occupied at a save time.
        """
        from qsb.dynamics.solve import verify  # which imports the list of representations

        ensemble = _Ensemble.of(problem, request, tolerance)
        groups = np.array_split(np.arange(request.samples), min(request.samples, GROUPS))
        sums: list[Sums] = []
        stopped = Event()
        try:
            for done, found in enumerate(threads.each(partial(ensemble.group, stopped=stopped), groups)):
                sums.append(found)
                if progress is not None:
                    progress((done + 1) / len(groups))
        finally:
            stopped.set()  # the pool waits for its threads, and a group may take minutes
        total = {name: sum((s[name] for s in sums[1:]), sums[0][name]) for name in sums[0]}
        miss = max(float(s["miss"]) for s in sums)
        if not miss <= 10 * tolerance:
            raise ConvergenceError("the norm at a jump", miss, 10 * tolerance, "raise [solve] tolerance.")
        budget = {"norm_event": miss}
        budget |= {name: float((total[name] / total["count"]).max()) for name in ensemble.frame.highest}
        verify(problem, budget, tolerance)
        others = [{name: total[name] - s[name] for name in total} for s in sums]
        return ensemble.series(total, others, budget)


def _work(problem: Problem) -> Work:
    """One trajectory: a Taylor series, about four terms a unit of phase, in loops of scalars; and readings."""
    space = problem.battery.space
    d, saved = float(min(space.dimension, 2**100)), len(problem.times)
    total = Work(40.0 * d * saved, 64.0 * d * saved, 60.0)
    for s in segments(problem):
        ops = (s.hamiltonian, *(op for op, _ in s.drives))
        phase = costs.WIDTH * costs.energy(s, space) * (s.end - s.start)
        events = sum(float(np.sum(j.rate)) for j in s.jumps) * (s.end - s.start) + 2
        applied = (4.0 if s.constant else 12.0) * phase + 10 * events + costs.saves(s, problem.times)
        # a loop of scalars does a twentieth of what a product of matrices does
        total += Work(80.0 * d * (2 + sum(costs.flips(op, space) for op in ops))) * applied
    return total


@dataclass(frozen=True)
class _Ensemble:
    """A problem in the form of the compiled loop, and what is read of its kets."""

    problem: Problem
    request: Request
    frame: FullFrame
    start: Array
    pieces: tuple[Any, ...]
    battery: tuple[Any, ...]
    charger: tuple[Any, ...] | None
    tolerance: float

    @classmethod
    def of(cls, problem: Problem, request: Request, tolerance: float) -> _Ensemble:
        """Build the tables of all segments."""
        from qsb.dynamics.unravel import hamiltonian, pack, unravel

        space = problem.battery.space
        frame = FullFrame(problem)
        matrix = build.csr(problem.battery.battery, space)
        local = max(0.05 * tolerance, 1e-14)
        charger = None
        if "charger_variance" in request.needs:
            charger = pack([(hamiltonian(frame.charger_sum, space), -1)], space.dimension)
        return cls(
            problem,
            request,
            frame,
            start_ket(problem),
            tuple(unravel(s, space, matrix, local) for s in segments(problem)),
            pack([(hamiltonian(problem.battery.battery, space), -1)], space.dimension),
            charger,
            local,
        )

    def group(self, members: NDArray[np.int64], stopped: Event | None = None) -> Sums:
        """Sums over some trajectories; each has its own stream of random numbers, whoever runs it.

        Nobody wants the sums once `stopped` is set.
        """
        total: Sums = {"count": np.array(0.0), "miss": np.array(0.0), "jumps": np.array(0.0)}
        chances = _CHANCES
        for k in members:
            if stopped is not None and stopped.is_set():
                break
            stream = np.random.SeedSequence(self.request.seed, spawn_key=(int(k),))
            while True:
                found = self._one(np.random.default_rng(stream).random(chances))
                if found is not None:
                    break
                chances *= 2  # the stream begins with the same numbers
            for name, value in found.items():
                total[name] = total[name] + value if name in total else value
        return total

    def _one(self, chances: NDArray[np.float64]) -> Sums | None:
        """Readouts of one trajectory along the save times; None if it needs more random numbers."""
        from qsb.algebra.kernels.jumps import evolve

        psi = self.start.copy()
        memory = np.array([chances[0], 1.0, min(0.5, self.problem.protocol.duration or 0.5)])
        parts: list[Sums] = []
        count, miss = 0, 0.0
        for piece, span, times in self._windows():
            states = np.empty((len(times), len(psi)), dtype=complex)
            jumped, missed = evolve(
                piece.pieces, piece.clocks, piece.jumps, psi, span, times, chances, memory, self.tolerance, states
            )
            if jumped == -1:
                return None
            if jumped == -2:
                raise ConvergenceError("the step of a trajectory", 0.0, 0.0, "raise [solve] tolerance.")
            count, miss = count + jumped, max(miss, missed)
            if len(times):
                parts.append(self._read(piece, times, states))
        out = {name: np.concatenate([p[name] for p in parts]) for name in parts[0]}
        return out | {"count": np.array(1.0), "miss": np.array(miss), "jumps": np.array(float(count))}

    def _windows(self) -> Iterator[tuple[Any, tuple[float, float, float], NDArray[np.float64]]]:
        """(segment, span, save times in it); 0 belongs to the first segment."""
        times, seen = self.problem.times, 0
        room = max(1, WINDOW_BYTES // (16 * len(self.start)))
        for k, piece in enumerate(self.pieces):
            a, b = piece.segment.start, piece.segment.end
            last = int(np.searchsorted(times, b, side="right"))
            if k == len(self.pieces) - 1:
                last = len(times)
            while True:
                here = times[seen : min(seen + room, last)]
                seen += len(here)
                end = b if seen == last else float(here[-1])
                yield piece, (a, end, np.inf), here
                if seen == last:
                    break
                a = end

    def _read(self, piece: Any, times: NDArray[np.float64], kets: Array) -> Sums:
        """Readouts of the normalised kets of one window: everything is linear in the state."""
        from qsb.algebra.kernels.jumps import cells_of

        needs = self.request.needs
        b = _apply(self.battery, kets)  # -i H_B psi
        energy = -np.vecdot(kets, b).imag
        work, heat = np.zeros(len(times)), np.zeros(len(times))
        for f, table in piece.unitary:
            part = 2 * np.vecdot(b, _apply(table, kets)).imag
            work += part if f is None else part * np.array([f(float(t)) for t in times])
        for f, k in piece.heat:
            image = k * kets if k.ndim == 1 else (k @ kets.T).T
            part = np.vecdot(kets, image).real
            heat += part if f is None else part * np.array([f(float(t)) for t in times])
        out: Sums = {"energy": energy, "work_power": work, "heat_power": heat, "power": work + heat}
        out["moment"] = np.vecdot(b, b).real
        for name, states in self.frame.highest.items():
            out[name] = (np.abs(kets[:, states]) ** 2).sum(axis=1)
        if self.charger is not None:
            v = _apply(self.charger, kets)
            out["charger"] = -np.vecdot(kets, v).imag
            out["charger_moment"] = np.vecdot(v, v).real
        if "marginals" in needs and self.problem.structure.charged:
            out["marginals"] = self.frame.marginals_ket(kets)
        elif "marginals" in needs:
            n = self.problem.battery.space.sites
            out["marginals"] = np.zeros((len(times), n, 2, 2), dtype=complex)
            cells_of(kets, n, out["marginals"])
        if "reduced" in needs:
            dims = self.problem.battery.space.dimensions()
            parts = [reduced.matrix(ket, dims, self.request.subset) for ket in kets]
            out["reduced"] = np.array([m @ m.conj().T for m in parts])
        return out

    def series(self, total: Sums, others: list[Sums], budget: dict[str, float]) -> Series:
        """The averages with their standard errors, and those that leave out one group each."""
        times, needs = self.problem.times, self.request.needs
        fixed = {"pure": False, **statics(self.frame, self.request, needs)}
        drive = self._drive()
        start = float(-np.vdot(self.start, _apply(self.battery, self.start[None])[0]).imag)

        def made(sums: Sums, **more: Any) -> Series:
            return Series(times, self._values(sums, fixed), fixed, drive, budget, (), start, **more)

        replicas = tuple(made(s) for s in others)
        linear = ("energy", "power", "work_power", "heat_power")
        errors = {name: jackknife([np.asarray(r.values[name]) for r in replicas]) for name in linear}
        return made(total, errors=errors, replicas=replicas)

    def _drive(self) -> NDArray[np.float64]:
        """The stage's envelope at the save times, each in the segment that ends at or holds it."""
        return np.array([p.segment.drive(float(t)) for p, _, times in self._windows() for t in times])

    def _values(self, sums: Sums, fixed: dict[str, Any]) -> dict[str, Value]:
        """Readouts of the averaged state."""
        from qsb.algebra.blocks import Blocks

        mean = {name: value / sums["count"] for name, value in sums.items()}
        out: dict[str, Value] = {name: mean[name] for name in ("energy", "power", "work_power", "heat_power")}
        out["variance"] = np.maximum(mean["moment"] - mean["energy"] ** 2, 0.0)
        if self.charger is not None:
            out["charger_variance"] = np.maximum(mean["charger_moment"] - mean["charger"] ** 2, 0.0)
        if "marginals" in mean:
            out["marginals"] = mean["marginals"]
        if "reduced" in mean:
            state = Blocks.dense(mean["reduced"])
            out["reduced"] = state.spectrum()
            out["reduced_energy"] = state.expectation(self.frame.subset_hamiltonian(self.request.subset))
        return out


def _apply(table: tuple[Any, ...], kets: Array) -> Array:
    """The first piece of a table times kets (T, D)."""
    from qsb.algebra.kernels.jumps import apply_many

    out = np.empty_like(kets)
    apply_many(0, table, kets, out)
    return out
