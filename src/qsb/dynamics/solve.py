"""From a plan to time series of readouts: walk through the segments, read batches of states, check every one."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator
from contextlib import nullcontext
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from qsb.algebra.blocks import Spectrum
from qsb.algebra.copies import Copies
from qsb.algebra.kernels import threads
from qsb.algebra.pauli import PauliSum
from qsb.charging.problem import Problem
from qsb.dynamics import energies
from qsb.dynamics.charged import TAIL
from qsb.dynamics.integrate import INTEGRATORS, NEEDS_DENSE
from qsb.dynamics.ladder_chebyshev import GridGenerator
from qsb.dynamics.plan import REPRESENTATIONS, Plan
from qsb.dynamics.representation import BATCH_BYTES, KET_BATCH_BYTES, Array, Generator, Reduced, Simulation
from qsb.dynamics.segment import Segment, turns
from qsb.dynamics.series import Kink, Series, Value
from qsb.errors import ConvergenceError, CutoffError, PlanError

#: a time, the state there, and the generator that led to it
_Step = tuple[float, Array, Generator]
#: states on a grid from which it pays to make the next ones while some are read
AHEAD_PLACES = 5_000
#: bytes of states between the save times that are read together
_HELD_BYTES = 2**22
#: integrators whose states on the way are kept for a second look, how many of them, and the bytes that they may take
_MARKING, _MARKS, _MARKED_BYTES = frozenset({"ladder"}), 32, 2**26
#: unknowns up to which one BLAS thread is faster than several
SMALL = 2**16
#: bytes of states whose spectra are found together, which shares what is learnt from the first of them
SPECTRA_BYTES = 2**24
#: readouts of a ket that diagonalise: as many states are read together as there are threads for them
_SPECTRA = frozenset({"reduced", "cut"})


def solve(
    problem: Problem,
    plan: Plan,
    *,
    tolerance: float = 1e-8,
    progress: Callable[[float], None] | None = None,
    again: Series | None = None,
    probes: NDArray[np.float64] | None = None,
) -> Series:
    """Solve a problem as planned.

    Args:
        problem: the problem that the plan was made for.
        plan: from `plan`.
        tolerance: bound on the error of the state; every self-check must hold within ten times of it.
        progress: called with the fraction of save times that are done.
        again: what the same problem gave at other save times; what was built for it is used again.
        probes: times between the save times at which energy and power alone are read.

    Raises:
        ConvergenceError: if norm, trace, Hermiticity, positivity or the conserved energy fails its check.
    """
    representation: Any = next(r for r in REPRESENTATIONS if r.name == plan.representation)
    built = None if again is None else again.reduced
    if hasattr(representation, "simulate"):
        if again is not None and built is not None and hasattr(built, "series"):
            more: Series = built.series(problem, plan.request, tolerance=tolerance, statics=again.statics)
            return more
        return _simulate(representation, problem, plan, tolerance, progress, probes)
    reduced = representation.reduce(problem, plan.request) if built is None else built
    # threads that wait for each other cost more than a small product takes; and the kernels of kets have threads of
    # their own, from which those of BLAS, which spin, would take the cores
    first = reduced.generators[0]
    own = isinstance(first.kernel, PauliSum) or isinstance(first, GridGenerator)
    calm = threads.one_blas_thread() if own or reduced.start.size <= SMALL else nullcontext()
    with calm:
        return _solve(problem, plan, reduced, tolerance, progress, again, probes)


def _simulate(
    representation: Simulation,
    problem: Problem,
    plan: Plan,
    tolerance: float,
    progress: Callable[[float], None] | None,
    probes: NDArray[np.float64] | None,
) -> Series:
    """Run a simulation; what is exact is read at the probes in the same go."""
    if probes is None or not plan.exact:
        return representation.simulate(problem, plan.request, tolerance=tolerance, progress=progress)
    more = replace(problem, times=np.union1d(problem.times, probes))
    found = representation.simulate(more, plan.request, tolerance=tolerance, progress=progress)
    saved = np.isin(more.times, problem.times)
    between = found.rows(~saved)
    told = between.times, np.asarray(between.values["energy"]), np.asarray(between.values["power"])
    return replace(found.rows(saved), probes=told)


def _solve(
    problem: Problem,
    plan: Plan,
    reduced: Reduced,
    tolerance: float,
    progress: Callable[[float], None] | None,
    again: Series | None,
    probes: NDArray[np.float64] | None,
) -> Series:
    """Walk, read, check."""
    needs = plan.request.needs
    inside = np.union1d(problem.times, np.empty(0) if probes is None else probes)
    battery = energies.meter(reduced, needs, plan.integrators, len(inside))
    if battery is not None:
        return _without_states(problem, reduced, battery, inside, probes is not None, needs, tolerance, progress, again)
    batches: list[dict[str, Value]] = []
    drive: list[float] = []
    budget: dict[str, float] = {}
    kinks: list[Kink] = []
    done, total = 0, len(problem.times)
    between = _Between(reduced, np.empty(0) if probes is None else np.setdiff1d(probes, problem.times))
    # a first look without states has left none on the way
    marks = _Marks() if again is None or again.marks is None else again.marks
    walked: dict[str, float] = {}
    for x, unitary, dissipative, f in _batches(problem, reduced, plan, tolerance, walked, kinks, between, marks):
        for name, value in reduced.readout.check(x).items():
            # written so that NaN stays
            budget[name] = budget[name] if value <= budget.get(name, -1.0) else value
        verify(problem, budget, tolerance)
        batches.append(reduced.readout.observe(needs, x, unitary, dissipative))
        drive += f
        done += len(x)
        if progress is not None:
            progress(done / total)
    budget |= walked
    values = {name: join([b[name] for b in batches]) for name in batches[0]}
    start = start_energy(reduced)
    statics = reduced.readout.statics(needs) if again is None else again.statics
    told = between.told() if probes is not None else None
    marks = marks.done()
    return Series(
        problem.times, values, statics, np.array(drive), budget, tuple(kinks), start, reduced, told, marks=marks
    )


@dataclass
class _Marks:
    """States on the way, from which a second look at the same problem goes on.

    Attributes:
        held: times and kets, ascending; the start of every segment among them.
        known: whether the whole protocol was walked through, so that nothing is added.
    """

    held: list[tuple[float, Array]] = field(default_factory=list)
    known: bool = False

    def done(self) -> _Marks:
        """For a second look."""
        return replace(self, known=True)

    def add(self, t: float, x: Array) -> None:
        """Keep a state."""
        if not self.known:
            self.held.append((t, x))

    def legs(self, a: float, b: float, inside: list[float]) -> list[tuple[float, Array, list[float]]]:
        """From which state to which times: each time from the last mark before it."""
        marks = [m for m in self.held if a <= m[0] < b]
        starts = np.array([t for t, _ in marks])
        before = np.searchsorted(starts, inside, side="left") - 1
        return [(*marks[k], [t for t, j in zip(inside, before, strict=True) if j == k]) for k in np.unique(before)]


def _without_states(
    problem: Problem,
    reduced: Reduced,
    battery: PauliSum,
    times: NDArray[np.float64],
    probed: bool,
    needs: frozenset[str],
    tolerance: float,
    progress: Callable[[float], None] | None,
    again: Series | None,
) -> Series:
    """Energy and power at save times and probes from products of Chebyshev vectors, with the same checks."""
    budget: dict[str, float] = {}
    kinks: list[Kink] = []
    drive: dict[float, float] = {}
    first, x = reduced.generators[0], reduced.start
    parts: list[NDArray[np.float64]] = []
    if times[0] == first.segment.start:
        drive[times[0]] = first.segment.drive(float(times[0]))
        rates = first.apply_unitary(0.0, x), first.apply_dissipative(0.0, x)
        parts.append(np.array(_observe_energy(reduced, x, *rates))[:, None])
    previous: Generator | None = None
    for generator in reduced.generators:
        a, b = generator.segment.start, generator.segment.end
        if b == a:
            continue
        if previous is not None:
            _kink(reduced, previous, generator, x, kinks)
        previous = generator
        inside = times[(times > a) & (times <= b)]
        drive |= {float(t): generator.segment.drive(float(t)) for t in inside}
        before = _total_energy(generator, a, x)
        found = energies.advance(generator, battery, x, a, inside, b)
        x = found.end
        norms = np.append(found.norm, np.linalg.norm(x))
        budget["norm"] = max(budget.get("norm", 0.0), float(np.abs(norms - 1).max()))
        verify(problem, budget, tolerance)
        _conserve(generator, before, _total_energy(generator, b, x), b, budget, tolerance)
        parts.append(np.array([found.energy, found.power]))
        if progress is not None:
            progress(float(np.mean(problem.times <= b)))
    energy, power = np.concatenate(parts, axis=1)
    saved = np.isin(times, problem.times)
    values: dict[str, Value] = {"energy": energy[saved], "power": power[saved], "work_power": power[saved]}
    values["heat_power"] = np.zeros(int(saved.sum()))
    statics = reduced.readout.statics(needs) if again is None else again.statics
    told = (times[~saved], energy[~saved], power[~saved]) if probed else None
    series = np.array([drive[float(t)] for t in problem.times])
    return Series(problem.times, values, statics, series, budget, tuple(kinks), start_energy(reduced), reduced, told)


@dataclass
class _Between:
    """Energy and power at times that nobody asked to save."""

    reduced: Reduced
    times: NDArray[np.float64]
    held: list[tuple[Array, Array, Array]] = field(default_factory=list)
    seen: list[NDArray[np.float64]] = field(default_factory=list)

    def read(self, x: Array, unitary: Array, dissipative: Array) -> None:
        """Take one state in; small ones are read together."""
        self.held.append((x, unitary, dissipative))
        if len(self.held) * x.nbytes >= _HELD_BYTES:
            self._flush()

    def _flush(self) -> None:
        if self.held:
            parts = (np.array(part) for part in zip(*self.held, strict=True))
            found = self.reduced.readout.observe(frozenset({"energy", "power"}), *parts)
            self.seen.append(np.array([found["energy"], found["power"]]))
            self.held = []

    def told(self) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
        """Times, energies and powers."""
        self._flush()
        energy, power = np.concatenate([np.empty((2, 0)), *self.seen], axis=1)
        return self.times, energy, power


def join(parts: list[Value]) -> Value:
    """Concatenate readouts along time."""
    first = parts[0]
    if len(parts) == 1:
        return first
    if isinstance(first, Copies):
        cells = [p.cell for p in parts if isinstance(p, Copies)]
        return Copies(Spectrum.simple(np.concatenate([c.values for c in cells])), first.count, first.additive)
    if isinstance(first, Spectrum):
        spectra = [p for p in parts if isinstance(p, Spectrum)]
        values = np.concatenate([s.values for s in spectra])
        known = [s.log_values for s in spectra if s.log_values is not None]
        logs = np.concatenate(known) if known else None
        return Spectrum(values, first.multiplicity, first.log_multiplicity, logs)
    return np.concatenate([np.asarray(p) for p in parts])


def _batches(
    problem: Problem,
    reduced: Reduced,
    plan: Plan,
    tolerance: float,
    budget: dict[str, float],
    kinks: list[Kink],
    between: _Between,
    marks: _Marks,
) -> Iterator[tuple[Array, Array, Array, list[float]]]:
    """Yield states, both parts of their derivative and drives, a bounded number of save times at once."""
    most = KET_BATCH_BYTES if reduced.generators[0].skew else BATCH_BYTES
    room = max(1, int(most // (3 * reduced.start.nbytes + reduced.reading)))
    reading = isinstance(reduced.generators[0], GridGenerator) and "spectrum" in plan.request.needs
    if reading or plan.request.needs & _SPECTRA:
        room = max(min(threads.count(), 4), room, min(SPECTRA_BYTES // (3 * reduced.start.nbytes), 8))
    held: list[tuple[Array, Array, Array]] = []
    drive: list[float] = []
    silent = set(between.times.tolist())
    times = np.union1d(problem.times, between.times)
    walk = _walk(times, reduced, plan, tolerance, budget, kinks, marks)
    if threads.count() > 1 and reading and reduced.start.size > AHEAD_PLACES:
        # the next states are made while these are diagonalised
        walk = itertools.chain.from_iterable(threads.ahead(_chunks(walk, room)))
    for t, x, generator in walk:
        rates = generator.apply_unitary(t, x), generator.apply_dissipative(t, x)
        if t in silent:
            between.read(x, *rates)
            continue
        if room == 1:  # nothing to stack
            yield x[None], rates[0][None], rates[1][None], [generator.segment.drive(t)]
            continue
        held.append((x, *rates))
        drive.append(generator.segment.drive(t))
        if len(held) == room:
            yield (*(np.array(part) for part in zip(*held, strict=True)), drive)  # type: ignore[misc]
            held, drive = [], []
    if held:
        yield (*(np.array(part) for part in zip(*held, strict=True)), drive)  # type: ignore[misc]


def _chunks(items: Iterator[_Step], most: int) -> Iterator[list[_Step]]:
    """Up to so many at once."""
    while chunk := list(itertools.islice(items, most)):
        yield chunk


def _walk(
    times: NDArray[np.float64],
    reduced: Reduced,
    plan: Plan,
    tolerance: float,
    budget: dict[str, float],
    kinks: list[Kink],
    marks: _Marks,
) -> Iterator[_Step]:
    """Yield (time, state, generator of the segment that ends at or holds the time); 0 belongs to the first.

    A second look goes from mark to time, and not through the whole protocol with its kinks.
    """
    x = reduced.start
    first = reduced.generators[0]
    if times[0] == first.segment.start:
        yield float(times[0]), x, first
    previous: Generator | None = None
    for generator, name in zip(reduced.generators, plan.integrators, strict=True):
        a, b = generator.segment.start, generator.segment.end
        inside = [float(t) for t in times[(times > a) & (times <= b)]]
        if b == a:
            continue
        if previous is not None and not marks.known:
            _kink(reduced, previous, generator, x, kinks)
        previous = generator
        integrator = next(i for i in INTEGRATORS if i.name == name)
        if name in NEEDS_DENSE and generator.dense is None:
            raise PlanError(
                f"Integrator {name!r} needs a dense generator, and one of {x.size} unknowns is not built; choose "
                "another."
            )
        marks.add(a, x)
        legs = [(a, x, inside if inside and inside[-1] == b else [*inside, b])]
        if marks.known:
            legs = marks.legs(a, b, inside)
        apart = max(1, -(-len(inside) // min(_MARKS, int(_MARKED_BYTES // x.nbytes) or 1)))
        for begin, mark, stops in legs:
            before = _total_energy(generator, begin, mark)
            states = integrator.advance(generator, mark, begin, stops, tolerance)
            for k, x in enumerate(states):
                if k < len(inside):
                    yield stops[k], x, generator
                    if name in _MARKING and k % apart == apart - 1:
                        marks.add(stops[k], x)
            _conserve(generator, before, _total_energy(generator, stops[-1], x), stops[-1], budget, tolerance)


def _kink(reduced: Reduced, old: Generator, new: Generator, x: Array, kinks: list[Kink]) -> None:
    """Note a jump or a corner of the power where two segments meet."""
    t = new.segment.start
    power, energy = [], 0.0
    for generator in (old, new):
        energy, rate = _observe_energy(reduced, x, generator.apply_unitary(t, x), generator.apply_dissipative(t, x))
        power.append(rate)
    note_kink(kinks, old.segment, new.segment, Kink(t, energy, power[0], power[1]))


def note_kink(kinks: list[Kink], old: Segment, new: Segment, found: Kink) -> None:
    """Keep a kink if the power jumps or turns there."""
    if turns(old, new) or abs(found.after - found.before) > 1e-9 * max(abs(found.before), abs(found.after), 1e-300):
        kinks.append(found)


def start_energy(reduced: Reduced) -> float:
    """<H_B> in the initial state."""
    nothing = np.zeros_like(reduced.start)
    return _observe_energy(reduced, reduced.start, nothing, nothing)[0]


def _observe_energy(reduced: Reduced, x: Array, unitary: Array, dissipative: Array) -> tuple[float, float]:
    """<H_B> and its rate in one state."""
    read = reduced.readout.observe(frozenset({"energy", "power"}), x[None], unitary[None], dissipative[None])
    return float(np.asarray(read["energy"])[0]), float(np.asarray(read["power"])[0])


def _total_energy(generator: Generator, t: float, x: Array) -> tuple[float, float] | None:
    """<H> and the length of H x of a ket under a constant H, from dx/dt = -iHx; None elsewhere."""
    if not (generator.skew and generator.constant):
        return None
    hx = 1j * generator.apply_unitary(t, x)
    return float(np.vdot(x, hx).real), float(np.linalg.norm(hx))


def _conserve(
    generator: Generator,
    before: tuple[float, float] | None,
    after: tuple[float, float] | None,
    end: float,
    budget: dict[str, float],
    tolerance: float,
) -> None:
    """Check that a constant Hamiltonian kept its energy, relative to the size of H in the state."""
    if before is None or after is None:
        return
    drift = abs(after[0] - before[0]) / max(before[1], 1.0)
    budget["energy_drift"] = max(budget.get("energy_drift", 0.0), drift)
    if not drift <= 10 * tolerance:
        raise ConvergenceError(
            f"the drift of the conserved energy up to t = {end:g}",
            drift,
            10 * tolerance,
            "lower [solve] tolerance, or report this.",
        )


def verify(problem: Problem, budget: dict[str, float], tolerance: float) -> None:
    """Raise at the first self-check that fails; NaN fails."""
    for name, value in budget.items():
        if not value <= 10 * tolerance:
            if name.startswith(TAIL):
                mode = name.removeprefix(TAIL)
                kind: Any = problem.battery.space.group(mode).kind
                raise CutoffError(mode, kind.cutoff, value, 10 * tolerance, automatic=kind.grows != 0)
            raise ConvergenceError(
                f"the {name} violation of the state",
                value,
                10 * tolerance,
                "lower [solve] tolerance, or report this.",
            )
