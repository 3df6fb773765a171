"""`ket`: the full state vector, matrix-free, for closed dynamics from a pure start."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from qsb.algebra.pauli import PauliSum, Strings, pauli_strings
from qsb.algebra.quartic import products
from qsb.algebra.space import Boson
from qsb.algebra.terms import Quartic
from qsb.charging.problem import Problem, Structure
from qsb.dynamics import costs, energies
from qsb.dynamics.charged import ChargedPureReadout
from qsb.dynamics.chebyshev import MANY, expansion_bytes, terms
from qsb.dynamics.closed import closed_generator
from qsb.dynamics.full import DENSE_LIMIT, FullFrame, is_opaque, operator
from qsb.dynamics.integrate import KET_EIGEN_LIMIT, choose
from qsb.dynamics.lanczos import STEPS
from qsb.dynamics.readouts import PureReadout
from qsb.dynamics.reflection import SectorReadout, find
from qsb.dynamics.representation import Reduced, Request, Size, Work, batch_bytes
from qsb.dynamics.segment import Segment, segments
from qsb.dynamics.start_states import start_ket
from qsb.dynamics.whole import whole_only

#: largest number of sites whose work is estimated; more do not fit any memory
ESTIMATED = 40
#: a complex product with numbers from scattered places costs as much as this many operations in a row
SCATTERED = 50.0
#: half-width of the spectrum of four-fermion terms, in units of the root of the sum of their |M|^2
PAIR_WIDTH = 0.74


def _work(problem: Problem, request: Request) -> Work:
    """Expansions or Runge-Kutta steps of the segments, one product with H a save time, and the spectra of parts."""
    space, times = problem.battery.space, np.asarray(problem.times)
    d, n = float(space.dimension), space.sites
    total = Work()
    for s in segments(problem):
        if s.hamiltonian.quartic:
            total = total + _quartic_work(problem, s)
            continue
        flips = len(
            {x for op in (s.hamiltonian, *(op for op, _ in s.drives)) for x, _ in pauli_strings(op, space)} - {0}
        )
        saved, size = costs.saves(s, times), costs.energy(s, space)
        product = Work(4 * d * (flips + 3), 64 * d, 3.0)
        if not s.constant:
            applied = costs.runge_kutta(0.4 * size, s, saved)
            total += product * (2 * applied) + costs.stages(applied, 2 * d) + Work(calls=10.0 * saved)
        elif d <= KET_EIGEN_LIMIT:
            total += product * saved + Work(40 * d**3 + 8 * d**2 * saved, 0.0, 200 + 10.0 * saved)
        else:
            windows = -(-saved // MANY) or 1
            count = windows * terms(costs.WIDTH * size * (s.end - s.start) / windows)
            total += product * (count + saved) + Work(
                4 * d * saved * count / windows, 32 * d * saved * count / windows / MANY, 10.0 * saved
            )
    for name, k in (("reduced", len(request.subset)), ("cut", request.cut)):
        if name in request.needs:
            total += costs.spectra((2**k, 2 ** (n - k)), len(times))
    return total


def _without_states(problem: Problem, request: Request) -> Size | None:
    """The size of energy and power from products of vectors, where these are all that is asked and cost less."""
    space, times = problem.battery.space, np.asarray(problem.times)
    parts = [s for s in segments(problem) if s.end > s.start]
    names = {"chebyshev" if s.constant and not s.hamiltonian.quartic else "" for s in parts}
    if space.dimension <= KET_EIGEN_LIMIT or space.charged or not energies.suffices(request.needs, tuple(names)):
        return None
    d = space.dimension
    strings = [pauli_strings(s.hamiltonian, space) for s in parts]
    spans = [
        energies.Span(costs.WIDTH * costs.energy(s, space) * (s.end - s.start), _product(p, d), costs.saves(s, times))
        for s, p in zip(parts, strings, strict=True)
    ]
    if not energies.many(len(times), sum(terms(s.phase) for s in spans)):
        return None
    battery = pauli_strings(problem.battery.battery, space)
    real = _is_real(problem, [*strings, battery])
    image = _product(battery, d) if any(x for x, _ in battery) else None
    work, held = energies.cost(spans, d, image, real=real)
    return Size(d, 16 * d * 12 + held, work)


def _product(strings: Strings, dimension: int) -> Work:
    """One product of a Pauli sum with a vector of real numbers."""
    flips = len({x for x, _ in strings} - {0})
    return Work(2.0 * dimension * (flips + 3), 32.0 * dimension, 3.0)


def _is_real(problem: Problem, strings: Sequence[Strings]) -> bool:
    """Whether the start and all operators surely have real numbers."""
    start = problem.battery.start
    given = start.array if start.kind == "state" else start.bloch if start.kind == "product" else None
    turned = given is not None and bool(np.any(np.imag(given) if start.kind == "state" else np.asarray(given)[..., 1]))
    return not turned and not any(complex(c).imag for each in strings for c in each.values())


def _quartic_work(problem: Problem, segment: Segment) -> Work:
    """The same of four-fermion terms, whose spectrum is about as wide as that of a random matrix; others are small."""
    space = problem.battery.space
    squares = sum(float(np.sum(np.abs(t.strength) ** 2)) for t in segment.hamiltonian.active if isinstance(t, Quartic))
    half = PAIR_WIDTH * math.sqrt(squares)
    saved = int(np.sum((np.asarray(problem.times) > segment.start) & (np.asarray(problem.times) <= segment.end)))
    count = terms(half * (segment.end - segment.start)) + saved + STEPS
    return Work(SCATTERED * count * products(space.sites), 16.0 * count * space.dimension * (saved + 8.0), 20.0 * count)


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
        if reason := whole_only(needs):
            return reason
        return full_lacks(problem, needs, pure=True)

    def size(self, problem: Problem, request: Request) -> Size:
        """Twelve vectors and diagonals, what an expansion holds, and a batch of save states; less in a sector."""
        d = problem.battery.space.dimension
        dense = 3 * 16 * d * d if d <= KET_EIGEN_LIMIT else 0
        held = 16 * d * 12 + expansion_bytes(16 * d, len(problem.times)) + batch_bytes(problem, d, ket=True) + dense
        space = problem.battery.space
        if not space.spins_only or problem.structure.opaque:
            return Size(d, held, untimed="the spectrum of a mode or of a user's matrix is not known before it is built")
        if space.sites > ESTIMATED:
            return Size(d, held, untimed=f"more than {ESTIMATED} cells fit no memory")
        return _without_states(problem, request) or Size(d, held, _work(problem, request))

    def integrators(self, problem: Problem) -> tuple[str, ...]:
        """One a segment, by the size of the block and whether anything changes inside."""
        d = problem.battery.space.dimension
        return tuple(
            choose(d, constant=s.constant, skew=True, eigen_limit=KET_EIGEN_LIMIT).name for s in segments(problem)
        )

    def reduce(self, problem: Problem, request: Request) -> Reduced:
        """Matrix-free -iH for each segment."""
        space = problem.battery.space
        parts, start, frame = segments(problem), start_ket(problem), FullFrame(problem)
        whole = PureReadout(frame, request)
        if space.charged:
            whole = ChargedPureReadout(frame, request, operator(problem.battery.charger, space), start)
        acting = [s.hamiltonian for s in parts] + [op for s in parts for op, _ in s.drives]
        acting += [problem.battery.battery, frame.charger_sum]
        if not space.spins_only or problem.structure.opaque or any(op.quartic for op in acting):
            sparse = tuple(
                closed_generator(s, lambda op: operator(op, space), len(start), KET_EIGEN_LIMIT) for s in parts
            )
            return Reduced(start, sparse, whole)
        strings = [pauli_strings(op, space) for op in acting]
        layout = find(space.sites, strings, start)
        generators = tuple(
            closed_generator(s, lambda op: PauliSum.of(op, space, layout), layout.dimension, KET_EIGEN_LIMIT)
            for s in parts
        )
        if layout.is_plain:
            return Reduced(start, generators, whole)
        battery, charger = (PauliSum(space.sites, s, layout) for s in strings[-2:])
        return Reduced(layout.fold(start), generators, SectorReadout(layout, battery, charger, whole))


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
    if "collective_passive" in needs:
        return "sectors of total spin are not formed in the full space (only for alike cells: symmetric, permutation)"
    alone = pure and not s.charged
    heavy = needs & ({"pinched", "populations"} if alone else {"pinched", "populations", "levels"})
    if heavy and not s.battery_one_body and d > DENSE_LIMIT:
        return f"{sorted(heavy)} need all levels of an interacting H_B on {d} dimensions (allowed up to {DENSE_LIMIT})"
    if "cut" in needs and not pure:
        return "the entropy of a cut measures entanglement for pure states only; ask for purity instead"
    if "locality" in needs and not s.battery_one_body:
        return "the locality bound is derived for an H_B that is a sum over cells"
    return None
