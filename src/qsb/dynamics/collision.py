r"""`collision`: repeated interactions with fresh chargers, as powers of one map of the battery.

.. math:: \rho_k = \Phi(\rho_{k-1}),\qquad
    \Phi(\rho) = \mathrm{tr}_C\!\left[e^{\tau\mathcal L}(\rho\otimes\rho_C)\right]

Without noise :math:`\Phi` has the Kraus operators :math:`K_{jm} = \sqrt{p_m}\,\langle j|U|m\rangle` of the charger's
eigenstates m and any basis j; where these are sparse, as those of ladders are, a collision costs a product with a
sparse matrix. Between two collisions the joint state is known as well, so that save times may lie anywhere.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import scipy.sparse as sp
import scipy.sparse.linalg as spla

from qsb.algebra import build
from qsb.algebra.hermitian import pack
from qsb.algebra.kernels import threads
from qsb.charging.environment import Jump
from qsb.charging.problem import Problem, Structure
from qsb.charging.protocol import Protocol, Stage
from qsb.dynamics.charged import TAIL
from qsb.dynamics.density import Density
from qsb.dynamics.full import FullFrame
from qsb.dynamics.lindblad import matrix_generator
from qsb.dynamics.representation import BATCH_BYTES, Array, Generator, Reduced, Request, Size, Work
from qsb.dynamics.segment import Segment, segments
from qsb.dynamics.series import Series, Value
from qsb.dynamics.start_states import start_density
from qsb.errors import StructureError

#: entries of Kraus operators below this are rounding of exact zeros
ZERO = 1e-15
#: a product start may miss the product of its parts by this much
PRODUCT = 1e-10
#: battery dimension up to which the map of a noisy collision is made whole; above, it is applied anew each time
WHOLE = 24


@dataclass(frozen=True)
class Collision:
    """One map of the battery a collision, exact; charger and battery within a collision in full."""

    name: str = "collision"
    why: str = "a fresh charger at each collision, so the battery goes through one map again and again"
    exact: bool = True
    #: that it can renew the charger
    renews: bool = True

    def accepts(self, structure: Structure) -> str | None:
        """Collisions only."""
        return None if structure.collisional else "no stage renews the charger"

    def lacks(self, problem: Problem, needs: frozenset[str]) -> str | None:
        """Constant generators; the battery's sites before the charger's; figures as those of a density matrix."""
        space = problem.battery.space
        if not space.charged:
            return "there is no charger that could be renewed"
        roles = [g.role for g in space.groups]
        if roles != sorted(roles):  # 'battery' comes before 'charger'
            return "the charger's groups stand before the battery's in the space"
        if problem.battery.drives or any(j.envelope is not None for j in problem.jumps):
            return "an envelope changes from one collision to the next"
        if any(s.charging and not s.collisions for s in problem.protocol.stages):
            return "a stage of collisions and one with a lasting charger do not follow each other"
        return Density().lacks(problem, needs)

    def size(self, problem: Problem, request: Request) -> Size:
        """The joint unitary with what its diagonalisation takes, a batch of joint states, and the map."""
        joint, own = problem.battery.space.dimension, problem.cells_space.dimension
        saved = min(len(problem.times), max(1, BATCH_BYTES // (48 * min(joint, 2**40) ** 2)))
        held = 16 * joint**2 * (6 + 4 * saved) + (16 * own**4 if problem.jumps and own <= WHOLE else 32 * 16 * own**2)
        if problem.jumps or joint > 2**20:
            return Size(
                own**2, held, untimed="how many products a noisy collision takes is not known before it is built"
            )
        # a diagonalisation, two products of matrices a save time, and a sparse product a collision
        count, times = sum(s.collisions for s in problem.protocol.stages), len(problem.times)
        flops = (60.0 + 32.0 * times) * float(joint) ** 3 + 100.0 * count * own**2
        return Size(own**2, held, Work(flops, 160.0 * count * own**2, 30.0 * count + 300.0 * times))

    def integrators(self, problem: Problem) -> tuple[str, ...]:
        """One map a stage."""
        return ("map",) * len(segments(problem))

    def simulate(
        self,
        problem: Problem,
        request: Request,
        *,
        tolerance: float,
        progress: Callable[[float], None] | None = None,
    ) -> Series:
        """Walk from collision to collision, and read at the save times.

        Raises:
            ConvergenceError: if a state fails its checks.
        """
        with threads.one_blas_thread():
            return _Walk.of(problem, request, tolerance).run(progress)


@dataclass
class _Step:
    """What one stage does to the battery.

    Attributes:
        segment: the stage.
        period: duration of one collision; of the whole stage where there is none.
        count: number of collisions; 0 where V is off.
        joint: (rho joint, s) to the joint state s later.
        whole: battery state to battery state over one period.
    """

    segment: Segment
    period: float
    count: int
    joint: Callable[[Array, float], Array]
    whole: Callable[[Array], Array]


@dataclass
class _Walk:
    """One run."""

    problem: Problem
    reduced: Reduced
    needs: frozenset[str]
    tolerance: float
    battery: Array
    charger: Array
    steps: list[_Step]
    real: bool
    #: battery states with a mode on its highest level, by name of the check; the largest population so far
    highest: dict[str, Array]
    tails: dict[str, float]

    @classmethod
    def of(cls, problem: Problem, request: Request, tolerance: float) -> _Walk:
        """Split the start, and make the map of each stage."""
        stages = tuple(replace(s, collisions=0) for s in problem.protocol.stages)
        plain = replace(problem, protocol=Protocol(stages))
        reduced = Density().reduce(plain, request)
        rho, charger = _apart(start_density(plain), problem.cells_space.dimension)
        kept = [s for s in problem.protocol.stages if s.duration > 0]
        steps = [_step(problem, stage, segment, charger) for stage, segment in zip(kept, segments(plain), strict=True)]
        real = reduced.start.dtype == np.float64
        high = {
            name: np.unique(states // len(charger))
            for name, states in FullFrame(plain).highest.items()
            if plain.battery.space.group(name.removeprefix(TAIL)).role == "battery"
        }
        return cls(plain, reduced, request.needs, tolerance, rho, charger, steps, real, high, dict.fromkeys(high, 0.0))

    def _collide(self, step: _Step, times: int) -> None:
        """Go through collisions that nobody reads, and watch the highest levels of the battery's modes."""
        for _ in range(times):
            self.battery = step.whole(self.battery)
            for name, states in self.highest.items():
                here = float(self.battery[states, states].real.sum())
                self.tails[name] = max(self.tails[name], here)

    def run(self, progress: Callable[[float], None] | None) -> Series:
        """All stages."""
        from qsb.dynamics.solve import join, start_energy, verify  # which imports the list of representations

        times, batches = self.problem.times, list[dict[str, Value]]()
        budget: dict[str, float] = {}
        drive = [step.segment.drive(t) for step in self.steps for t in _inside(times, step)]
        waiting: list[tuple[Generator, float, Array]] = []
        room = max(1, BATCH_BYTES // (48 * self.problem.battery.space.dimension**2))
        done = 0

        def read() -> None:
            for name, value in (*self._checked([x for _, _, x in waiting]).items(), *self.tails.items()):
                budget[name] = budget[name] if value <= budget.get(name, -1.0) else value
            verify(self.problem, budget, self.tolerance)
            batches.append(self._observe(waiting))
            waiting.clear()

        for step, generator in zip(self.steps, self.reduced.generators, strict=True):
            for t, joint in self._states(step, _inside(times, step)):
                waiting.append((generator, t, joint))
                done += 1
                if len(waiting) == room:
                    read()
                    if progress is not None:
                        progress(done / len(times))
        if waiting:
            read()
        values = {name: join([b[name] for b in batches]) for name in batches[0]}
        statics = self.reduced.readout.statics(self.needs)
        start = start_energy(self.reduced)
        return Series(times, values, statics, np.array(drive), budget, (), start)

    def _states(self, step: _Step, wanted: list[float]) -> Any:
        """Yield (time, joint state) at the save times of a stage; leave the battery's state at its end."""
        done, last = 0, max(step.count, 1)
        for t in wanted:
            since = t - step.segment.start
            # a time on an edge belongs to the collision that ends there, except the very first
            k = min(max(int(np.ceil(since / step.period - 1e-9)) - 1, 0), last - 1)
            self._collide(step, k - done)
            done = k
            yield t, step.joint(np.kron(self.battery, self.charger), since - k * step.period)
        self._collide(step, last - done)

    def _checked(self, joints: list[Array]) -> dict[str, float]:
        return self.reduced.readout.check(self._form(np.stack(joints)))

    def _form(self, rho: Array) -> Array:
        """As the readout takes it: packed into a real matrix where all sites are spins."""
        return pack(rho) if self.real else rho

    def _observe(self, waiting: list[tuple[Generator, float, Array]]) -> dict[str, Value]:
        x = self._form(np.stack([rho for _, _, rho in waiting]))
        unitary = np.stack([g.apply_unitary(t, row) for (g, t, _), row in zip(waiting, x, strict=True)])
        dissipative = np.stack([g.apply_dissipative(t, row) for (g, t, _), row in zip(waiting, x, strict=True)])
        return self.reduced.readout.observe(self.needs, x, unitary, dissipative)


def _inside(times: Array, step: _Step) -> list[float]:
    """Save times in (start, end] of a stage, and t = 0 in the first."""
    a, b = step.segment.start, step.segment.end
    return [float(t) for t in times if a < t <= b or (t == a == 0.0)]


def _apart(rho: Array, own: int) -> tuple[Array, Array]:
    """Battery's and charger's states of a start, which must be their product.

    Raises:
        StructureError: if the start holds correlations, which no fresh copy could have.
    """
    parts = rho.reshape(own, len(rho) // own, own, -1)
    battery, charger = np.einsum("icjc->ij", parts), np.einsum("icid->cd", parts)
    if np.abs(np.kron(battery, charger) - rho).max() > PRODUCT:
        raise StructureError(
            "The start correlates battery and charger, but each collision begins with a fresh charger: give the "
            "product of two states."
        )
    return battery, charger


def _step(problem: Problem, stage: Stage, segment: Segment, charger: Array) -> _Step:
    """The map of a stage, closed or noisy."""
    count = stage.collisions
    period = stage.duration / max(count, 1)
    joint = _unitary(problem, segment) if not segment.jumps else _noisy(problem, segment)
    own = problem.cells_space.dimension

    def through(rho: Array) -> Array:
        parts = joint(np.kron(rho, charger), period).reshape(own, len(charger), own, len(charger))
        return np.asarray(np.einsum("icjc->ij", parts))

    whole: Callable[[Array], Array] = through
    if count > 1 and not segment.jumps:
        whole = _kraus_map(_propagator(problem, segment, period), charger, own)
    elif count > own * own and own <= WHOLE:
        basis = np.eye(own * own).reshape(own * own, own, own)
        whole = _on_entries(np.stack([through(e).ravel() for e in basis], axis=1))

    return _Step(segment, period, count, joint, whole)


def _eigen(problem: Problem, segment: Segment) -> tuple[Array, Array]:
    e, v = np.linalg.eigh(build.dense(segment.hamiltonian, problem.battery.space))
    return e, v


def _propagator(problem: Problem, segment: Segment, s: float) -> Array:
    e, v = _eigen(problem, segment)
    return np.asarray((v * np.exp(-1j * e * s)) @ v.conj().T)


def _unitary(problem: Problem, segment: Segment) -> Callable[[Array, float], Array]:
    """(rho, s) to U(s) rho U(s)^+; one diagonalisation serves all s."""
    e, v = _eigen(problem, segment)

    def joint(rho: Array, s: float) -> Array:
        phase = np.exp(-1j * e * s)
        inner = (v.conj().T @ rho @ v) * np.outer(phase, phase.conj())
        return np.asarray(v @ inner @ v.conj().T)

    return joint


def _noisy(problem: Problem, segment: Segment) -> Callable[[Array, float], Array]:
    """(rho, s) to exp(s L) rho by products with the sparse Liouvillian."""
    space = problem.battery.space

    def pairs(j: Jump) -> list[tuple[float, Any]]:
        return [(rate, build.csr(op, space)) for rate, op in j.operators(space)]

    made = matrix_generator(segment, lambda op: build.csr(op, space), pairs).sparse
    assert made is not None  # envelopes are constant
    liouvillian = made()

    def joint(rho: Array, s: float) -> Array:
        return np.asarray(spla.expm_multiply(liouvillian * s, rho.ravel().astype(complex))).reshape(rho.shape)

    return joint


def _kraus_map(u: Array, charger: Array, own: int) -> Callable[[Array], Array]:
    """The map of one closed collision: a sparse matrix on vec(rho) where few entries are there, products elsewhere."""
    p, m = np.linalg.eigh(charger)
    parts = u.reshape(own, len(charger), own, len(charger))
    kraus = [
        np.sqrt(weight) * np.einsum("iajb,b->aij", parts, m[:, k])[row]
        for k, weight in enumerate(p)
        if weight > 0
        for row in range(len(charger))
    ]
    for k in kraus:
        k[np.abs(k) < ZERO] = 0.0
    if sum(np.count_nonzero(k) ** 2 for k in kraus) < own**3:
        total = sum(sp.kron(sp.csr_array(k), sp.csr_array(k.conj())) for k in kraus)
        return _on_entries(sp.csr_array(total))
    return lambda rho: np.asarray(sum(k @ rho @ k.conj().T for k in kraus))


def _on_entries(matrix: Any) -> Callable[[Array], Array]:
    """A map of matrices from its matrix on their entries, row by row."""
    return lambda rho: np.asarray(matrix @ rho.ravel()).reshape(rho.shape)
