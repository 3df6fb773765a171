"""To and from QuTiP: a `Problem` from operators, and the operators of a `Problem` for `mesolve`."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from qsb import checks
from qsb.algebra import build
from qsb.algebra.opsum import OpSum
from qsb.charging.envelope import Envelope
from qsb.charging.problem import Problem
from qsb.charging.protocol import quench
from qsb.dynamics.segment import Coefficient, Segment, segments
from qsb.dynamics.start_states import start_density, start_ket
from qsb.errors import PlanError, SpecError
from qsb.models.custom import custom, custom_channels
from qsb.units import format_bytes

#: bytes of one dense matrix above which nothing is handed to QuTiP
LIMIT = 2**31


@dataclass(frozen=True)
class QutipProblem:
    """What `qutip.mesolve` needs, and what `from_qutip` makes the same problem of.

    ``qutip.mesolve(qutip.QobjEvo(p.H), p.rho0, p.times, p.c_ops, e_ops=[p.H_B])`` gives the energies of a run. Pass
    ``options={"max_step": p.max_step}`` where anything depends on time, or QuTiP may step over a pulse.

    Attributes:
        H: the whole Hamiltonian as QuTiP's list ``[H0, [V1, c1], ...]``.
        H_B: the energy meter.
        H_C: the charger's own Hamiltonian.
        V: the rest, as a list of Qobj and ``[Qobj, coefficient]``; also minus H_B in stages that leave it out.
        c_ops: collapse operators, square roots of rates included; ``[L, c]`` where a rate depends on time.
        rho0: the start, a ket or a density matrix.
        times: save times.
        chargers: tensor factors that are no part of the battery.
        max_step: the longest step that misses no feature; infinite where nothing depends on time.
        duration: of the protocol.
    """

    H: list[Any]
    H_B: Any
    H_C: Any
    V: list[Any]
    c_ops: list[Any]
    rho0: Any
    times: NDArray[np.float64]
    chargers: tuple[int, ...] = ()
    max_step: float = np.inf
    duration: float = 0.0


def from_qutip(
    H_B: Any,
    V: Any = None,
    c_ops: Sequence[Any] = (),
    *,
    duration: float | None = None,
    times: ArrayLike | None = None,
    H_C: Any = None,
    rho0: Any = None,
    chargers: Sequence[int] = (),
    max_step: float | None = None,
    tlist: ArrayLike | None = None,
    args: dict[str, Any] | None = None,
) -> Problem:
    r"""A problem from QuTiP's operators: one charge stage, :math:`H(t) = H_B + H_C + V(t)`.

    Args:
        H_B: the energy meter, a Qobj or matrix.
        V: what charges: a Qobj, a matrix, a QobjEvo, or QuTiP's list with coefficients.
        c_ops: collapse operators as for `mesolve`.
        duration: length of the stage; the last of `times` if None.
        times: save times; 201 equal steps if None.
        H_C: the charger's own Hamiltonian, constant.
        rho0: the start, a ket or a density matrix; the ground state of H_B if None.
        chargers: tensor factors that are no part of the battery.
        max_step: the longest step that cannot miss a feature of a coefficient that is a function.
        tlist: times of array coefficients.
        args: arguments of the coefficients.

    Raises:
        SpecError: if neither `duration` nor `times` says how long; and as `qsb.models.custom`.
        StructureError: as `qsb.models.custom`.
    """
    if duration is None and times is None:
        raise SpecError("from_qutip needs duration or times: how long the battery is charged.")
    saved = np.empty(0) if times is None else checks.numbers("times", times)
    if duration is None and not saved.size:
        raise SpecError("times is empty; give save times, or a duration.")
    endless = isinstance(max_step, float) and max_step == np.inf  # as `to_qutip` says that nothing depends on time
    step = None if endless else max_step
    options = {"max_step": step, "tlist": tlist, "args": args}
    if saved.ndim > 1:
        raise SpecError(f"times must be one row of save times, but the shape is {saved.shape}.")
    battery = custom(H_B, V, charger=H_C, start=rho0, chargers=chargers, **options)  # type: ignore[arg-type]
    channels = custom_channels(c_ops, **options)  # type: ignore[arg-type]
    return Problem(battery, quench(float(saved.flat[-1]) if duration is None else duration), channels, saved)


def to_qutip(problem: Problem) -> QutipProblem:
    """The operators of a problem, one tensor factor a site.

    Raises:
        PlanError: if a matrix of the whole space would not fit.
        SpecError: if the charger is renewed by collisions, which no Hamiltonian does.
    """
    checks.made_of("The problem", problem, Problem, "a qsb.Problem")
    space = problem.battery.space
    if 16 * space.dimension**2 > LIMIT:
        raise PlanError(
            f"A density matrix of {space.sites} sites takes {format_bytes(16 * space.dimension**2)}, and "
            f"{format_bytes(LIMIT)} is the most that is handed to QuTiP; take fewer cells or a lower cutoff.",
            16 * space.dimension**2,
        )
    if problem.structure.collisional:
        raise SpecError("Collisions renew the charger between the stages; QuTiP's mesolve has nothing of the kind.")
    import qutip

    cut = _Cut(problem, tuple(segments(problem)))
    meter, own = build.qobj(problem.battery.battery, space), build.qobj(problem.battery.charger, space)
    v = cut.timed(problem.battery.interaction, None)
    for op, envelope in problem.battery.drives:
        v += cut.timed(op, envelope)
    stages = [problem.protocol.stages[s.stage] for s in cut.parts]
    v += cut.on(meter, [0.0 if s.battery else -1.0 for s in stages])
    dims = [list(space.dimensions())] * 2
    pure = problem.battery.start.pure_by_kind
    state = start_ket(problem) if pure else start_density(problem)
    rho0 = qutip.Qobj(state, dims=[dims[0], [1] * space.sites] if pure else dims)
    c_ops = cut.collapse()
    moving = any(isinstance(term, list) for term in (*v, *c_ops))
    return QutipProblem(
        [meter + own, *v],
        meter,
        own,
        v,
        c_ops,
        rho0,
        np.array(problem.times),
        tuple(space.sites_of("charger")),
        cut.max_step if moving else np.inf,
        problem.protocol.duration,
    )


@dataclass(frozen=True)
class _Cut:
    """A problem and its segments."""

    problem: Problem
    parts: tuple[Segment, ...]

    def drive(self, values: Sequence[Coefficient | float]) -> Callable[[float], float]:
        """A coefficient c(t) of absolute time from one value a segment; `from_qutip` reads its ``breaks``."""
        edges = (*(s.start for s in self.parts), self.parts[-1].end)

        def coefficient(t: float) -> float:
            # a time on an edge belongs to the segment that ends there
            value = values[min(max(int(np.searchsorted(edges, t, side="left")) - 1, 0), len(values) - 1)]
            return float(value(t)) if callable(value) else float(value)

        coefficient.breaks = edges[1:-1]  # type: ignore[attr-defined]
        return coefficient

    @property
    def max_step(self) -> float:
        """The longest step that sees every segment."""
        return min(min(s.max_step, s.end - s.start) for s in self.parts)

    def on(self, matrix: Any, values: Sequence[Coefficient | float]) -> list[Any]:
        """A term: a Qobj where it never changes, nothing where it is never on."""
        if all(not callable(f) for f in values) and len(set(values)) == 1:
            return [matrix * values[0]] if values[0] else []
        return [[matrix, self.drive(values)]]

    def timed(self, op: OpSum, envelope: Envelope | None) -> list[Any]:
        """A term with its envelope, or the stages' where it has none."""
        if not op:
            return []
        return self.on(build.qobj(op, self.problem.battery.space), [self._charging(p, envelope) for p in self.parts])

    def collapse(self) -> list[Any]:
        """Square roots of rates times jump operators; QuTiP's coefficients are amplitudes."""
        space, out = self.problem.battery.space, list[Any]()
        for jump in self.problem.jumps:
            factor = None
            if jump.envelope is not None:
                rates = [self._inside(part, jump.envelope) for part in self.parts]
                factor = self.drive([_root(rate) for rate in rates])
            for rate, op in jump.operators(space):
                matrix = np.sqrt(rate) * build.qobj(op, space)
                out.append(matrix if factor is None else [matrix, factor])
        return out

    def _charging(self, part: Segment, envelope: Envelope | None) -> Coefficient | float:
        stage = self.problem.protocol.stages[part.stage]
        return self._inside(part, envelope or stage.envelope) if stage.charging else 0.0

    def _inside(self, part: Segment, envelope: Envelope) -> Coefficient | float:
        """An envelope in a segment, of absolute time, never evaluated beyond the segment's own side of a jump."""
        if envelope.constant:
            return envelope.value(0.0)
        origin = self.problem.protocol.starts[part.stage]
        low, high = part.start - origin, float(np.nextafter(part.end - origin, part.start - origin))
        return lambda t: envelope.value(min(max(t - origin, low), high))


def _root(rate: Coefficient | float) -> Coefficient | float:
    return (lambda t: float(np.sqrt(rate(t)))) if callable(rate) else float(np.sqrt(rate))


__all__ = ["QutipProblem", "from_qutip", "to_qutip"]
