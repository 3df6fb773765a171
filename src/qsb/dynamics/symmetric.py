"""`symmetric`: the N+1 Dicke states |N/2, m>, for collective terms, collective noise and a symmetric start."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property
from math import comb
from typing import Any

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray

from qsb.algebra import build, states
from qsb.algebra import structure as read
from qsb.algebra.blocks import Blocks, Spectrum
from qsb.algebra.copies import log_binomial
from qsb.algebra.opsum import OpSum
from qsb.algebra.sectors import multiplicity
from qsb.algebra.space import Space
from qsb.algebra.terms import Global, Local, Pair, Word
from qsb.charging.environment import Jump
from qsb.charging.problem import Problem, Structure
from qsb.dynamics import costs
from qsb.dynamics.chebyshev import MANY, terms
from qsb.dynamics.closed import closed_generator
from qsb.dynamics.frame import EnergyBasis, Operator, SmallSubsets, Sparse
from qsb.dynamics.full import read_extremes
from qsb.dynamics.integrate import EIGEN_LIMIT, PROPAGATOR_LIMIT, Taylor, choose
from qsb.dynamics.ket import full_lacks
from qsb.dynamics.lindblad import matrix_generator
from qsb.dynamics.readouts import MixedReadout, PureReadout
from qsb.dynamics.representation import Array, Readout, Reduced, Request, Size, Work, batch_bytes
from qsb.dynamics.segment import segments
from qsb.dynamics.start_states import start_density
from qsb.dynamics.whole import whole_only
from qsb.errors import StructureError

#: interacting collective H_B or V: all sectors are diagonalised up to this many cells
SECTOR_LIMIT = 256


def sectors(op: OpSum, space: Space) -> list[tuple[int, NDArray[np.float64]]]:
    """(2j, ascending eigenvalues) of a collective operator in every sector of total spin."""
    n = space.sites
    return [
        (jj, np.asarray(np.linalg.eigvalsh(build.collective(op, space, jj)), dtype=np.float64))
        for jj in range(n, -1, -2)
    ]


def collective_extremes(op: OpSum, space: Space) -> tuple[float, float]:
    """Lowest and highest eigenvalue of a collective operator on all 2^N dimensions."""
    if read.is_one_body(op, space):
        return read_extremes(op, space)
    found = sectors(op, space)
    return float(min(e[0] for _, e in found)), float(max(e[-1] for _, e in found))


@dataclass(frozen=True)
class SymmetricFrame(SmallSubsets):
    """Readouts in the Dicke basis m = N/2, ..., -N/2; the rest of the 2^N dimensions is empty."""

    problem: Problem

    @property
    def cells_count(self) -> int:
        """N."""
        return self.problem.battery.space.sites

    @property
    def null(self) -> int:
        """2^N - (N+1) dimensions outside the symmetric sector."""
        return int(2**self.cells_count) - (self.cells_count + 1)

    def matrix(self, op: OpSum) -> Any:
        """Sparse matrix of a collective operator."""
        return sp.csr_array(build.collective(op, self.problem.battery.space))

    @cached_property
    def _battery(self) -> Operator:
        return Sparse(self.matrix(self.problem.battery.battery))

    def battery(self) -> Operator:
        """H_B."""
        return self._battery

    @cached_property
    def charger_sum(self) -> OpSum:
        """V with all drives."""
        b = self.problem.battery
        return OpSum(b.interaction.terms + tuple(t for op, _ in b.drives for t in op.terms))

    @cached_property
    def _charger(self) -> Operator:
        return Sparse(self.matrix(self.charger_sum))

    def charger(self) -> Operator:
        """V."""
        return self._charger

    @cached_property
    def _one_body(self) -> bool:
        return self.problem.structure.battery_one_body

    def levels(self) -> Spectrum:
        """Levels of H_B on all 2^N dimensions: binomial for a sum over cells, sector by sector otherwise."""
        n, op, space = self.cells_count, self.problem.battery.battery, self.problem.battery.space
        if self._one_body:
            e = np.linalg.eigvalsh(read.cell_matrices(op, space))[0]
            k = np.arange(n + 1)
            return Spectrum.counted((n - k) * e[0] + k * e[1], [comb(n, int(i)) for i in k])
        found = sectors(op, space)
        values = np.concatenate([e for _, e in found])
        counts = [multiplicity(n, jj) for jj, e in found for _ in e]
        return Spectrum.counted(values, counts)

    def extremes(self) -> tuple[float, float]:
        """Lowest and highest energy of H_B."""
        return collective_extremes(self.problem.battery.battery, self.problem.battery.space)

    def span(self) -> tuple[float, float]:
        """Lowest and highest eigenvalue of V."""
        return collective_extremes(self.charger_sum, self.problem.battery.space) if self.charger_sum else (0.0, 0.0)

    def energy_basis(self) -> EnergyBasis:
        """The Dicke basis itself if H_B is diagonal in it, otherwise a diagonalisation of N+1 dimensions."""
        return self._energy_basis

    @cached_property
    def _energy_basis(self) -> EnergyBasis:
        h = build.collective(self.problem.battery.battery, self.problem.battery.space)
        if not np.any(h - np.diag(np.diag(h))):
            return EnergyBasis(np.diag(h).real.copy())
        e, u = np.linalg.eigh(h)
        return EnergyBasis(e, lambda psi: np.asarray(psi @ u.conj()))

    def cells(self) -> tuple[Array, NDArray[np.float64]]:
        """One kind of cell, N times."""
        h = read.cell_matrices(self.problem.battery.battery, self.problem.battery.space)
        return h[:1], np.array([float(self.cells_count)])

    # -- subsets: only their number matters ----------------------------------------------------------------------

    def _inside(self, count: int) -> tuple[OpSum, Space]:
        """H_B of `count` cells; normalisations keep the N of the whole battery."""
        space = Space.spins(count)
        terms: list[Any] = []
        for t in self.problem.battery.battery.active:
            if isinstance(t, Local):
                terms.append(replace(t, strength=complex(np.asarray(t.strength).flat[0])))
            elif isinstance(t, Pair) and count > 1:
                weight = t.alike(self.problem.battery.space)
                terms.append(replace(t, strength=weight, geometry="all", exponent=None, normalisation="none"))
            elif (isinstance(t, Global) and count == self.cells_count) or (isinstance(t, Word) and not t.order(space)):
                terms.append(t)
        return OpSum(tuple(terms)), space

    def subset_hamiltonian(self, subset: tuple[int, ...]) -> Blocks:
        """H_B of the subset in its own sectors of total spin."""
        op, space = self._inside(len(subset))
        n = len(subset)
        blocks = tuple(build.collective(op, space, jj) for jj in range(n, -1, -2))
        return Blocks(blocks, tuple(multiplicity(n, jj) for jj in range(n, -1, -2)))

    def subset_levels(self, subset: tuple[int, ...]) -> Spectrum:
        """All 2^n levels of the subset."""
        return self.subset_hamiltonian(subset).spectrum()

    def split(self, psi: Array, n: int) -> Array:
        """Amplitudes (T, n+1, N-n+1) of a Dicke superposition cut into n and N-n cells.

        |N,k> = sum_l sqrt(C(n,l) C(N-n,k-l) / C(N,k)) |n,l>|N-n,k-l>, with k, l numbers of down cells.
        """
        total = self.cells_count
        left, right = np.meshgrid(np.arange(n + 1), np.arange(total - n + 1), indexing="ij")
        a, b, c = log_binomial(n), log_binomial(total - n), log_binomial(total)
        weight = np.exp((a[left] + b[right] - c[left + right]) / 2)
        return np.asarray(psi[:, left + right] * weight)

    def _as_blocks(self, rho: Array, n: int) -> Blocks:
        return Blocks((rho,), (1,), 2**n - (n + 1))

    def reduce_ket(self, psi: Array, subset: tuple[int, ...]) -> Blocks:
        """State of any n cells: it lives in their own symmetric sector."""
        m = self.split(psi, len(subset))
        return self._as_blocks(m @ m.conj().swapaxes(1, 2), len(subset))

    def reduce_density(self, rho: Array, subset: tuple[int, ...]) -> Blocks:
        """The same of a mixture, eigenvector by eigenvector."""
        n = len(subset)
        p, u = np.linalg.eigh(rho)
        out = np.zeros((len(rho), n + 1, n + 1), dtype=complex)
        for k in range(rho.shape[1]):
            m = self.split(u[:, :, k], n)
            out += p[:, k, None, None] * (m @ m.conj().swapaxes(1, 2))
        return self._as_blocks(out, n)

    def _bloch(self, expectation: Any) -> Array:
        spins = build.collective_spins(self.cells_count)
        r = np.stack([2 / self.cells_count * expectation(spins[a]) for a in "xyz"], axis=-1)
        return states.bloch_density(r)[:, None]

    def marginals_ket(self, psi: Array) -> Array:
        """The common cell state (T, 1, 2, 2), from 2<J>/N."""
        return self._bloch(lambda j: np.einsum("ti,ti->t", psi.conj(), psi @ j.T).real)

    def marginals_density(self, rho: Array) -> Array:
        """The common cell state (T, 1, 2, 2), from 2<J>/N."""
        return self._bloch(lambda j: np.einsum("ij,tji->t", j, rho).real)


@dataclass(frozen=True)
class Symmetric:
    """N+1 amplitudes, or their density matrix under collective noise; times the states of a charger beside them."""

    name: str = "symmetric"
    why: str = "every term is collective and the start is symmetric, so N+1 Dicke states carry everything"
    exact: bool = True

    def accepts(self, structure: Structure) -> str | None:
        """Exact for collective terms, collective noise and a symmetric start."""
        if not structure.spins and not structure.charged:
            return "the sites are not one group of spins"
        if structure.opaque:
            return "a term is an opaque matrix"
        if not structure.permutation_symmetric:
            if structure.charged:
                return "not every term is collective on one group of cells beside one charger group"
            return "the Hamiltonian changes under exchange of cells"
        if structure.dissipative and not structure.collective_noise:
            return "the noise acts on single cells"
        if not structure.uniform_start:
            return "the start is not known to be permutation symmetric"
        return None

    def lacks(self, problem: Problem, needs: frozenset[str]) -> str | None:
        """The symmetric sector must hold the start, and sectors must be few enough."""
        if reason := whole_only(needs):
            return reason
        s, n = problem.structure, problem.cells
        if problem.cells_space.single_mode:
            return full_lacks(problem, needs, pure=False)
        start = problem.battery.start
        mixed_start = start.kind == "thermal" or not replace(start, charger=None).pure_by_kind
        if mixed_start and n > 1:
            return "a mixture of equal cell states leaves the symmetric sector"
        if "marginals" in needs and not s.battery_one_body:
            return (
                "local ergotropy is defined for an H_B that is a sum over cells; this one couples them (use "
                "subset_ergotropy)"
            )
        if "locality" in needs and not s.battery_one_body:
            return "the locality bound is derived for an H_B that is a sum over cells"
        if s.charged and needs & {"cut", "span"}:
            return "entanglement across a cut and the span of V are read in the full space where a charger is there"
        if "cut" in needs and s.dissipative:
            return "the entropy of a cut measures entanglement for pure states only; ask for purity instead"
        interacting = ("span" in needs and s.body_order > 1) or not s.battery_one_body
        if interacting and n > SECTOR_LIMIT:
            return f"the sectors of an interacting H_B or V are diagonalised up to N = {SECTOR_LIMIT}, and N is {n}"
        if not s.battery_one_body and problem.battery.start.kind == "ground":
            try:
                _ground(problem)
            except StructureError as error:
                return str(error)
        return None

    def size(self, problem: Problem, request: Request) -> Size:
        """(N+1) times the charger's states, as far as reached, or its square; the dense work of small ones."""
        d = problem.cells + 1
        if problem.structure.charged:
            from qsb.dynamics import ladder

            return ladder.size(problem, request)
        if problem.structure.dissipative:
            dense = 12 * 16 * d**4 if d * d <= 256 else 0
            return Size(d * d, 16 * d * d * 30 + batch_bytes(problem, d * d) + dense, _mixed_work(problem))
        window = min(len(problem.times), max(1, 2**28 // (16 * d)))
        held = 16 * d * (10 + window) + batch_bytes(problem, d, ket=True) + 4 * 16 * d * d
        return Size(d, held, _pure_work(problem))

    def integrators(self, problem: Problem) -> tuple[str, ...]:
        """One a segment, by the size of the block and whether anything changes inside."""
        n, structure = problem.battery.space.sites, problem.structure
        if structure.charged:
            from qsb.dynamics import ladder

            return tuple(ladder.integrator(problem, s) for s in segments(problem))
        pure = structure.pure_start and not structure.dissipative
        unknowns = n + 1 if pure else (n + 1) ** 2
        return tuple(choose(unknowns, constant=s.constant, skew=pure).name for s in segments(problem))

    def reduce(self, problem: Problem, request: Request) -> Reduced:
        """Collective matrices for each segment."""
        if problem.structure.charged:
            from qsb.dynamics import ladder

            return ladder.reduce(problem, request)
        frame = SymmetricFrame(problem)
        psi = start_dicke(problem)
        parts = segments(problem)
        readout: Readout
        if not problem.structure.dissipative and problem.structure.pure_start:
            generators = tuple(
                closed_generator(s, lambda op: Sparse(frame.matrix(op)), len(psi), EIGEN_LIMIT) for s in parts
            )
            return Reduced(psi, generators, PureReadout(frame, request))

        def pairs(j: Jump) -> list[tuple[float, Any]]:
            assert isinstance(j.op, str)
            rate = float(np.asarray(j.rate).flat[0])
            return [(rate, frame.matrix(OpSum((Local(j.op, 1.0, j.group),))))]

        generators = tuple(matrix_generator(s, frame.matrix, pairs) for s in parts)
        charger = (
            build.collective(frame.charger_sum, problem.battery.space) if "charger_variance" in request.needs else None
        )
        readout = MixedReadout(
            frame, request, build.collective(problem.battery.battery, problem.battery.space), charger
        )
        rho = start_density(problem) if psi is None else np.outer(psi, psi.conj())
        return Reduced(rho, generators, readout)


def _pure_work(problem: Problem) -> Work:
    """A dense diagonalisation, an expansion in products with five diagonals, or Runge-Kutta steps; and readings."""
    d, space = float(problem.cells + 1), problem.battery.space
    total = Work(0.0, 160.0 * d * len(problem.times), 80.0 * len(problem.times))
    for s in segments(problem):
        saved, size = costs.saves(s, problem.times), costs.energy(s, space)
        if not s.constant:
            applied = costs.runge_kutta(0.3 * size, s, saved)
            total += costs.stages(applied, 2 * d) + Work(0.0, 200.0 * d, 2.0) * applied
        elif d <= EIGEN_LIMIT:
            total += Work(40.0 * d**3 + 8.0 * saved * d**2, 0.0, 200.0)
        else:
            windows = -(-saved // MANY) or 1
            count = windows * terms(costs.WIDTH * size * (s.end - s.start) / windows)
            total += Work(4.0 * d * MANY, 1200.0 * d, 20.0) * count
    return total


def _mixed_work(problem: Problem) -> Work:
    """Exponentials of small generators, or series and Runge-Kutta steps with products of sparse matrices."""
    d, space = float(problem.cells + 1), problem.battery.space
    n = d * d
    total = Work(0.0, 160.0 * n * len(problem.times), 60.0 * len(problem.times))
    for s in segments(problem):
        saved, size = costs.saves(s, problem.times), costs.energy(s, space)
        decay = sum(float(np.max(j.rate)) * d**2 / 2 for j in (*s.jumps, *(j for j, _ in s.rated)))
        apply = Work(0.0, 400.0 * n, 12.0)
        if not s.constant:
            applied = costs.runge_kutta(0.12 * (size + decay), s, saved)
            total += costs.stages(applied, 2 * n) + apply * applied
        elif n <= PROPAGATOR_LIMIT:
            total += Work(200.0 * n**3 + 8.0 * saved * n**2, 0.0, 200.0)
        else:
            phase = (2 * costs.WIDTH * size + decay) * (s.end - s.start)
            total += apply * (10.0 * (phase / Taylor().stride + saved))
    return total


def start_dicke(problem: Problem) -> Any:
    """The initial ket (N+1,) in the Dicke basis; None for a mixed single cell."""
    b, n = problem.battery, problem.battery.space.sites
    start = b.start
    if not start.pure_by_kind:
        return None
    if start.kind in ("up", "down"):
        out = np.zeros(n + 1, dtype=complex)
        out[0 if start.kind == "up" else -1] = 1.0
        return out
    if start.kind == "product":
        return states.spin_coherent(states.bloch_ket(np.atleast_2d(np.asarray(start.bloch))[0]), n)
    if start.kind == "state":
        return np.asarray(start.array, dtype=complex)
    if problem.structure.battery_one_body:
        return states.spin_coherent(states.cell_ground(read.cell_matrices(b.battery, b.space))[0], n)
    return _ground(problem)


def _ground(problem: Problem) -> Array:
    """Ground state of an interacting collective H_B, where it lies in the symmetric sector and is unique."""
    op, space = problem.meter, problem.cells_space
    found = sectors(op, space)
    lowest = sorted((float(e[0]), -jj) for jj, e in found)
    scale = max(abs(float(e).real) for _, es in found for e in es) or 1.0
    second = sorted(float(v) for jj, e in found for v in np.repeat(e[:2], min(2, multiplicity(space.sites, jj))))[1:2]
    if second and second[0] - lowest[0][0] <= 1e-9 * scale:
        raise StructureError("the ground level of H_B is degenerate, so the ground state is not unique; name a start")
    if -lowest[0][1] != space.sites:
        raise StructureError("the ground state of H_B lies outside the symmetric sector")
    return np.asarray(np.linalg.eigh(build.collective(op, space))[1][:, 0], dtype=complex)
