"""`ket`: the full state vector, matrix-free, for closed dynamics from a pure start."""

from __future__ import annotations

from dataclasses import dataclass

from qsb.algebra.space import Boson
from qsb.charging.problem import Problem, Structure
from qsb.dynamics.charged import ChargedPureReadout
from qsb.dynamics.closed import closed_generator
from qsb.dynamics.frame import PureReadout
from qsb.dynamics.full import DENSE_LIMIT, FullFrame, is_opaque, operator, start_ket
from qsb.dynamics.integrate import KET_EIGEN_LIMIT, choose
from qsb.dynamics.representation import Reduced, Request, Size, batch_bytes
from qsb.dynamics.segment import segments


@dataclass(frozen=True)
class Ket:
    """2^N amplitudes; every closed problem with a pure start."""

    name: str = "ket"
    why: str = "no noise and a pure start, so a state vector carries everything"
    exact: bool = True

    def accepts(self, structure: Structure) -> str | None:
        """Exact without noise and from a ket."""
        if structure.dissipative:
            return "there is noise, so the state does not stay a ket"
        if not structure.pure_start:
            return "the start is a mixture"
        return None

    def lacks(self, problem: Problem, needs: frozenset[str]) -> str | None:
        """Interacting H_B: its full spectrum only up to dimension 4096."""
        return full_lacks(problem, needs, pure=True)

    def size(self, problem: Problem, request: Request) -> Size:
        """Ten vectors and diagonals, the states of an expansion's window, and a batch of save states."""
        d = problem.battery.space.dimension
        window = min(len(problem.times), max(1, 2**28 // (16 * d)))
        dense = 3 * 16 * d * d if d <= KET_EIGEN_LIMIT else 0
        return Size(d, 16 * d * (10 + window) + batch_bytes(problem, d) + dense)

    def integrators(self, problem: Problem) -> tuple[str, ...]:
        """One a segment, by the size of the block and whether anything changes inside."""
        d = problem.battery.space.dimension
        return tuple(
            choose(d, constant=s.constant, skew=True, eigen_limit=KET_EIGEN_LIMIT).name for s in segments(problem)
        )

    def reduce(self, problem: Problem, request: Request) -> Reduced:
        """Matrix-free -iH for each segment."""
        space = problem.battery.space
        d = space.dimension
        generators = tuple(
            closed_generator(s, lambda op: operator(op, space), d, KET_EIGEN_LIMIT) for s in segments(problem)
        )
        frame = FullFrame(problem)
        start = start_ket(problem)
        if space.charged:
            own = operator(problem.battery.charger, space)
            return Reduced(start, generators, ChargedPureReadout(frame, request, own, start))
        return Reduced(start, generators, PureReadout(frame, request))


def full_lacks(problem: Problem, needs: frozenset[str], *, pure: bool) -> str | None:
    """Readouts that the full frame cannot deliver for this battery."""
    s, space = problem.structure, problem.battery.space
    d = problem.cells_space.dimension
    if "marginals" in needs and (is_opaque(problem) or not problem.cells_space.single_spin_group):
        return "local ergotropy needs cells that are spins, and an H_B written with named operators"
    if "span" in needs and any(isinstance(g.kind, Boson) for g in space.groups):
        return "the norm of a V that acts on a mode grows with the cutoff, so its span says nothing"
    if "reduced" in needs and (is_opaque(problem) or not problem.cells_space.spins_only):
        return "the ergotropy of a subset needs sites that are spins, and an H_B written with named operators"
    if "marginals" in needs and not s.battery_one_body:
        return (
            "local ergotropy is defined for an H_B that is a sum over cells; this one couples them (use "
            "subset_ergotropy)"
        )
    alone = pure and not s.charged
    heavy = needs & ({"pinched", "populations"} if alone else {"pinched", "populations", "levels"})
    if heavy and not s.battery_one_body and d > DENSE_LIMIT:
        return f"{sorted(heavy)} need all levels of an interacting H_B on {d} dimensions (allowed up to {DENSE_LIMIT})"
    if "cut" in needs and not pure:
        return "the entropy of a cut measures entanglement for pure states only; ask for purity instead"
    if "locality" in needs and not s.battery_one_body:
        return "the locality bound is derived for an H_B that is a sum over cells"
    return None
