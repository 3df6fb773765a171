r"""What `permutation` says and reads of cells beside one charger, whose states `charged_sectors` holds.

Figures of energy are read off the packed state itself. Those of the battery's own state need its sectors, which may
hold many more numbers than the blocks that are reached: they are laid out for a bounded number of states at once.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray

from qsb.algebra import ladder
from qsb.algebra.opsum import OpSum
from qsb.algebra.packed import Entries
from qsb.algebra.sectors import packed_size
from qsb.algebra.space import Boson, Group, Space
from qsb.charging.problem import Problem
from qsb.dynamics import costs
from qsb.dynamics.charged_sectors import ChargedSectors, Reached, reached, terms
from qsb.dynamics.packed_blocks import block_generator, real_weights
from qsb.dynamics.permutation import POSITIVITY_CELLS, PermutationReadout
from qsb.dynamics.reached import cells_alone
from qsb.dynamics.representation import BATCH_BYTES, Array, Reduced, Request, Size, Work
from qsb.dynamics.segment import segments
from qsb.dynamics.series import Value

Real = NDArray[np.float64]

#: states of all sectors up to which the reached ones are looked for to plan; above, all of them count
MOST_STATES = 2**20
#: entries of a state up to which its time is estimated
MOST_ENTRIES = 2**30
#: operations up to which the whole state is checked for positivity at every save time; of others the last of a batch
POSITIVITY_WORK = 20_000
#: readouts of the battery's own state, and those of its rate of change
_STATE = frozenset(
    {"variance", "spectrum", "collective_passive", "populations", "pinched", "marginals", "reduced"}
)  # fmt: skip
_RATES = frozenset({"populations", "pinched"})


@dataclass(frozen=True)
class ChargedSectorReadout:
    """Readouts of packed states (T, n) of cells and charger: the battery's are those of its own sectors.

    Attributes:
        problem: what is solved.
        request: what is asked.
        found: the reached states.
    """

    problem: Problem
    request: Request
    found: Reached

    @cached_property
    def _inner(self) -> PermutationReadout:
        return PermutationReadout(cells_alone(self.problem), self.request, self.found.where.cells)

    @cached_property
    def _meter(self) -> Callable[[Array], Real]:
        return self.found.functional(self.found.matrix(self.problem.battery.battery))

    @cached_property
    def _own(self) -> Callable[[Array], Real]:
        return self.found.functional(self.found.matrix(self.problem.battery.charger))

    @cached_property
    def _interaction(self) -> tuple[Callable[[Array], Real], Callable[[Array], Real]]:
        """V and its square, as far as it stays within the cutoff."""
        b, size = self.problem.battery, self.found.blocks.states
        v = self.found.matrix(OpSum(b.interaction.terms + tuple(t for op, _ in b.drives for t in op.terms)))
        whole = sp.csr_array((v.value, (v.row, v.column)), (size, size))
        square = (whole @ whole).tocoo()
        both = (v, Entries(square.row.astype(np.int64), square.col.astype(np.int64), square.data))
        one, two = (self.found.functional(m) for m in both)
        return one, two

    @cached_property
    def _kept(self) -> dict[str, Any]:
        return {}

    def _battery(self, x: Array) -> Array:
        """Packed states of the battery (T, n); those of the last batch are kept, for `check` sees it first."""
        if self._kept.get("x") is not x:
            self._kept.update(x=x, battery=self.found.battery(x))
        return np.asarray(self._kept["battery"])

    def observe(self, needs: frozenset[str], x: Array, unitary: Array, dissipative: Array) -> dict[str, Value]:
        """See `Readout`."""
        out: dict[str, Value] = {}
        if needs & _STATE:
            battery = self._battery(x)
            moving = bool(needs & _RATES)
            rates = [
                self.found.battery(part) if moving else np.zeros_like(battery[:1]) for part in (unitary, dissipative)
            ]
            out = self._inner.observe(needs & _STATE, battery, *rates)
        if needs & {"energy", "power", "variance"}:
            # without the state of the battery, which may be much larger than that of both
            work, heat = self._meter(unitary), self._meter(dissipative)
            out |= {"energy": self._meter(x), "work_power": work, "heat_power": heat, "power": work + heat}
        if "charger_variance" in needs:
            v, square = self._interaction
            out["charger_variance"] = np.maximum(square(x) - v(x) ** 2, 0.0)
        if "charger_energy" in needs:
            out["charger_energy"] = self._own(x) - self._own(self.found.start[None])
        return out

    def statics(self, needs: frozenset[str]) -> dict[str, Any]:
        """See `Readout`."""
        return self._inner.statics(needs)

    def check(self, x: Array) -> dict[str, float]:
        """Trace, positivity (of large blocks in the last state only), and the highest levels of a mode."""
        if not np.isfinite(x).all():
            return {"trace": np.nan}
        read = "spectrum" in self.request.needs or self.found.where.cells.cells <= POSITIVITY_CELLS
        out = self._inner.check(self._battery(x) if read else self.found.battery(x[-1:]))
        every = _cheap(self.found)
        lowest = float(self.found.blocks.spectra(x if every else x[-1:]).min())
        out["negativity"] = max(out["negativity"], -lowest)
        out["trace"] = float(np.abs(x[:, self.found.blocks.diagonal].sum(axis=1) - 1).max())
        tails = self.found.highest.items()
        return out | {name: float(x[:, at].sum(axis=1).max()) for name, at in tails}


def lacks(problem: Problem, needs: frozenset[str]) -> str | None:
    """What is not read beside a charger, and jumps that leave one ladder."""
    if needs & {"cut", "span"}:
        return "entanglement across a cut and the span of V are read in the full space where a charger is there"
    space = problem.battery.space
    small = ChargedSectors(Space(tuple(_few(g) for g in space.groups)))
    for jump in problem.jumps:
        if isinstance(jump.op, OpSum):
            m = small.matrix(jump.op)
            try:
                real_weights(m.value)
            except ValueError:
                return "the elements of a custom jump have no common phase"
            if not m.one_to_one:
                return "a custom jump is a sum of steps along more than one ladder"
    return None


def _few(group: Group) -> Group:
    """A group whose ladders have the same steps in fewer states."""
    if isinstance(group.kind, Boson):
        return replace(group, kind=Boson(min(group.kind.highest, 8)))
    return replace(group, count=min(group.count, 8))


def _reading(cells: int, needs: frozenset[str]) -> int:
    """Bytes that reading one state takes: the battery's packed sectors, and spectra of the largest."""
    whole, widest = packed_size(cells), (cells + 1) ** 2
    if not needs & _STATE and cells > POSITIVITY_CELLS:
        return 0
    return 8 * whole * (4 if needs & _RATES else 2) + 4 * 16 * widest


def _cheap(found: Reached) -> bool:
    """Whether spectra of all blocks cost little beside all else."""
    return float(np.sum(found.blocks.sizes**3)) <= POSITIVITY_WORK


def reduce(problem: Problem, request: Request) -> Reduced:
    """Generators and readouts on the reached states."""
    found = reached(problem)
    generators = tuple(block_generator(s, t) for s, t in zip(segments(problem), terms(problem), strict=True))
    readout = ChargedSectorReadout(problem, request, found)
    return Reduced(found.start, generators, readout, _reading(problem.cells, request.needs))


def integrators(problem: Problem) -> tuple[str, ...]:
    """A series where nothing changes inside a segment, Runge-Kutta steps elsewhere."""
    return tuple("faber" if s.constant else "dop853" for s in segments(problem))


def size(problem: Problem, request: Request) -> Size:
    """Packed states: a batch of save times, a window of the expansion or stages; the partial trace, and one block."""
    space, times = problem.battery.space, len(problem.times)
    levels = ladder.ladder_dimension(space.part("charger").groups[0])
    states = (space.cells // 2 + 1) * ((space.cells + 1) // 2 + 1) * levels
    if states > MOST_STATES:
        n = packed_size(space.cells) * levels**2
        return Size(n, 8 * 30 * n, untimed="so many states are not looked at before they fit")
    found = reached(problem)
    n, widest, read = int(found.blocks.entries[-1]), int(found.blocks.sizes.max()), _reading(space.cells, request.needs)
    batch = min(times, max(1, BATCH_BYTES // (24 * n + read)))
    held = 8 * n * (30 if n < 2**21 else 16) + min(8 * n * times, 2**26) + (8 * 8 * n + read) * batch
    # of the last state of each batch the battery is always looked at
    held += _reading(space.cells, _STATE)
    # sparse matrices of all states, about eight entries a row and jump
    tables = 16 * 12 * states * (4 + 3 * len(problem.jumps))
    spectra = 3 * 16 * widest**2 * (batch if _cheap(found) else 2)
    if n > MOST_ENTRIES:
        return Size(n, held + tables + spectra, untimed="its terms are not laid out before so large a state fits")
    return Size(n, held + tables + spectra, _work(problem, request, found))


def _work(problem: Problem, request: Request, found: Reached) -> Work:
    """Applications of the right-hand side, and eigenvalues at the save times."""
    n, times, cells = float(found.blocks.entries[-1]), len(problem.times), problem.battery.space.cells
    total = Work(calls=60.0 * times, flops=300.0 * n * times)
    if request.needs & {"spectrum", "collective_passive"}:
        total += Work(flops=times * (cells + 2.0) ** 4, calls=cells * 5.0)
    if _cheap(found):
        total += Work(flops=30.0 * times * float(np.sum(found.blocks.sizes**3)), calls=20.0 * times)
    for s, t in zip(segments(problem), terms(problem), strict=True):
        states = found.blocks.states
        each = 2.0 * len(t.hamiltonians.row) / states + 2.0 * len(t.rates) + 3.0
        apply = Work(flops=12.0 * each * n + 60.0 * each * states)
        length, speed = s.end - s.start, t.width + t.decay
        if s.constant:
            total += apply * (1.3 * length * speed + 60.0) + Work(calls=2.0 * length * speed + 200)
        else:
            applied = costs.runge_kutta(0.25 * speed, s, costs.saves(s, problem.times)) if length else 1.0
            total += apply * applied + costs.stages(applied, n)
    return total
