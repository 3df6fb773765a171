"""`density`: the full density matrix, matrix-free, for anything that is small."""

from __future__ import annotations

from dataclasses import dataclass

from qsb.algebra import build
from qsb.charging.environment import Jump
from qsb.charging.problem import Problem, Structure
from qsb.dynamics.charged import ChargedMixedReadout
from qsb.dynamics.frame import MixedReadout
from qsb.dynamics.full import FullFrame, start_density
from qsb.dynamics.integrate import choose
from qsb.dynamics.ket import full_lacks
from qsb.dynamics.lindblad import DENSE_UNKNOWNS, gather_generator, matrix_generator
from qsb.dynamics.representation import Array, Reduced, Request, Size, batch_bytes
from qsb.dynamics.segment import segments


@dataclass(frozen=True)
class Density:
    """4^N entries of a density matrix; every problem."""

    name: str = "density"
    why: str = "noise on cells that interact or differ, so the full density matrix is needed"
    exact: bool = True

    def accepts(self, structure: Structure) -> str | None:
        """Always exact."""
        return None

    def lacks(self, problem: Problem, needs: frozenset[str]) -> str | None:
        """As the full frame, and no cut entropy."""
        return full_lacks(problem, needs, pure=False)

    def size(self, problem: Problem, request: Request) -> Size:
        """Twenty matrices (stages and eigenvalue work), a batch of save states, and what small exponentials take."""
        d = problem.battery.space.dimension
        unknowns = d * d
        dense = 12 * 16 * unknowns**2 if unknowns <= DENSE_UNKNOWNS else 0
        return Size(unknowns, 16 * unknowns * 20 + batch_bytes(problem, unknowns) + dense)

    def integrators(self, problem: Problem) -> tuple[str, ...]:
        """One a segment, by the size of the block and whether anything changes inside."""
        unknowns = problem.battery.space.dimension**2
        return tuple(choose(unknowns, constant=s.constant, skew=False).name for s in segments(problem))

    def reduce(self, problem: Problem, request: Request) -> Reduced:
        """Gather kernels on spins, sparse matrices elsewhere."""
        space = problem.battery.space

        def pairs(j: Jump) -> list[tuple[float, object]]:
            return [(rate, build.csr(op, space)) for rate, op in j.operators(space)]

        spins = space.spins_only and not problem.structure.opaque
        generators = tuple(
            gather_generator(s, space) if spins else matrix_generator(s, lambda op: build.csr(op, space), pairs)
            for s in segments(problem)
        )
        frame = FullFrame(problem)
        charger: Array | None = None
        if "charger_variance" in request.needs:
            charger = build.dense(frame.charger_sum, space)
        meter, start = build.dense(problem.battery.battery, space), start_density(problem)
        if space.charged:
            own = build.dense(problem.battery.charger, space)
            return Reduced(start, generators, ChargedMixedReadout(frame, request, meter, charger, own, start))
        return Reduced(start, generators, MixedReadout(frame, request, meter, charger))
