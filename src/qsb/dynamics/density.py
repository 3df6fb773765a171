"""`density`: the full density matrix, matrix-free, for anything that is small."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from qsb.algebra import build
from qsb.algebra.hermitian import pack
from qsb.algebra.opsum import OpSum
from qsb.algebra.space import Space
from qsb.algebra.terms import Matrix
from qsb.charging.environment import Jump
from qsb.charging.problem import Problem, Structure
from qsb.dynamics import costs
from qsb.dynamics.charged import ChargedMixedReadout
from qsb.dynamics.faber import Faber
from qsb.dynamics.full import FullFrame
from qsb.dynamics.integrate import DormandPrince, Propagator
from qsb.dynamics.ket import full_lacks
from qsb.dynamics.lindblad import gather_generator, matrix_generator
from qsb.dynamics.readouts import MixedReadout
from qsb.dynamics.representation import BATCH_BYTES, Array, Generator, Readout, Reduced, Request, Size, Work
from qsb.dynamics.segment import segments
from qsb.dynamics.start_states import start_density
from qsb.dynamics.whole import WHOLE, WholeReadout

#: a series costs less than an exponential and products with it above 4 x 4 density matrices
PROPAGATOR_UNKNOWNS = 16


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
        """States of a window of the series, a batch of them with both derivatives (twice while stacked), a few more.

        A number of the state is real on spins and complex elsewhere.
        """
        d, saved = problem.battery.space.dimension, len(problem.times)
        state = (8 if _named(problem) else 16) * d * d
        series = Faber()
        window = min(saved, max(1, series.window_bytes // state))
        block = min(32, max(1, series.block_bytes // state))
        batch = min(saved, max(1, BATCH_BYTES // (3 * state)))
        return Size(d * d, state * (window + block + 9 * batch + 30), self._work(problem))

    def _work(self, problem: Problem) -> Work:
        """Applications of the generator, and one diagonalisation a save time."""
        b, saved = problem.battery, len(problem.times)
        d = float(min(b.space.dimension, 2**100))  # refused long before
        flips = sum(t.order(b.space) > 0 for op in (b.battery, b.charger, b.interaction) for t in op.active)
        row = 4.0 * (flips + min(b.space.sites**2, 64)) + 2 * b.space.sites
        apply = Work(row * d**2, 48.0 * d**2, 6.0)
        total = apply * (2 * saved) + Work(22.0 * saved * d**3, 0.0, 10.0 * saved)
        for s in segments(problem):
            here = costs.saves(s, problem.times)
            if s.constant:
                phase = 2.0 * b.space.sites * (s.end - s.start) + 60
                total += apply * phase + Work(2.0 * here * phase * d**2)
            else:
                applied = costs.runge_kutta(0.9 * b.space.sites, s, here)
                total += apply * applied + costs.stages(applied, d**2)
        return total

    def integrators(self, problem: Problem) -> tuple[str, ...]:
        """One a segment, by the size of the block and whether anything changes inside."""
        constant = Propagator() if problem.battery.space.dimension**2 <= PROPAGATOR_UNKNOWNS else Faber()
        return tuple(constant.name if s.constant else DormandPrince().name for s in segments(problem))

    def reduce(self, problem: Problem, request: Request) -> Reduced:
        """Compiled passes over the real form on spins, sparse matrices elsewhere."""
        space = problem.battery.space
        start, generators = start_density(problem), tuple[Generator, ...]()
        if _named(problem):
            start = pack(start)
            generators = tuple(gather_generator(s, space) for s in segments(problem))
        else:

            def pairs(j: Jump) -> list[tuple[float, object]]:
                return [(rate, build.csr(op, space)) for rate, op in j.operators(space)]

            generators = tuple(matrix_generator(s, lambda op: build.csr(op, space), pairs) for s in segments(problem))
        frame = FullFrame(problem)
        charger: Array | None = None
        if "charger_variance" in request.needs:
            charger = _dense(frame.charger_sum, space)
        meter = _dense(problem.battery.battery, space)
        readout: Readout = MixedReadout(frame, request, meter, charger)
        if space.charged:
            own = _dense(problem.battery.charger, space)
            readout = ChargedMixedReadout(frame, request, meter, charger, own, start)
        if request.needs & WHOLE:
            readout = WholeReadout(readout, frame, request)
        return Reduced(start, generators, readout)


def _dense(op: OpSum, space: Space) -> Array:
    """Dense matrix of an operator, scattered from its few flips where the sites are spins."""
    if not space.spins_only:
        return build.dense(op, space)
    size, g = space.dimension, build.gather(op, space)
    out, row = np.zeros((size, size), dtype=complex), np.arange(size)
    for x, v in zip(g.flips, g.values, strict=True):
        out[row, row ^ x] = v
    return out


def _named(problem: Problem) -> bool:
    """Whether all sites are spins and no Hamiltonian is a user's matrix, which may flip everything at once."""
    b = problem.battery
    parts = (b.battery, b.charger, b.interaction, *(op for op, _ in b.drives))
    return b.space.spins_only and not any(isinstance(t, Matrix) for op in parts for t in op.active)
