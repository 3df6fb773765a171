"""`permutation`: one block a total spin, for collective terms and noise that is alike on all cells.

Local noise leaves the symmetric sector, but never distinguishes cells: the state stays
rho = (+)_j rho_j (x) 1_{d_j}/d_j, which is (N+1)(N+2)(N+3)/6 real numbers. Figures of the whole 2^N-dimensional
state need each eigenvalue of rho_j divided by d_j and counted d_j times; a matrix of the blocks alone has the right
energy and purely wrong entropy, ergotropy and purity.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from qsb.algebra import states
from qsb.algebra.blocks import Blocks, Spectrum
from qsb.algebra.kernels import threads
from qsb.algebra.sectors import Banded, Sectors, packed_size
from qsb.algebra.terms import Global, Local, Pair
from qsb.charging.problem import Problem, Structure
from qsb.dynamics import costs
from qsb.dynamics.frame import EnergyBasis
from qsb.dynamics.integrate import choose
from qsb.dynamics.reached import cells_alone
from qsb.dynamics.representation import BATCH_BYTES, Array, Reduced, Request, Size, Work
from qsb.dynamics.segment import Segment, segments
from qsb.dynamics.series import Value
from qsb.dynamics.spin_sectors import rate_of, sector_generator, start_blocks
from qsb.dynamics.symmetric import SECTOR_LIMIT, SymmetricFrame
from qsb.dynamics.whole import whole_only
from qsb.errors import StructureError

Real = NDArray[np.float64]

#: largest number of unknowns whose propagator is kept; above, an expansion is cheaper
DENSE_UNKNOWNS = 165
#: states times (size of a sector)^3 from which the spectra of sectors are found side by side
THREADED_SPECTRA = 1_000_000
#: rows of a sector up to which a compiled loop takes half of LAPACK's time or less, and states from which loading pays
SMALL_SECTOR, MANY_STATES = 12, 20_000
#: most cells of which every state is checked for positivity, though no spectrum is asked for
POSITIVITY_CELLS = 12


@dataclass(frozen=True)
class PermutationReadout:
    """Readouts of packed states (T, n)."""

    problem: Problem
    request: Request
    sectors: Sectors

    @cached_property
    def _frame(self) -> SymmetricFrame:
        """What does not depend on the state is the same as for Dicke states."""
        return SymmetricFrame(self.problem)

    @cached_property
    def _battery(self) -> Banded:
        return Banded.of(self.problem.battery.battery, self.problem.battery.space, self.sectors)

    @cached_property
    def _energy(self) -> Real:
        return self._battery.packed()

    @cached_property
    def _energy_squared(self) -> Real:
        return self.sectors.pack([h @ h for h in self._battery.blocks])

    @cached_property
    def _charger(self) -> tuple[Real, Real]:
        v = Banded.of(self._frame.charger_sum, self.problem.battery.space, self.sectors)
        return v.packed(), self.sectors.pack([h @ h for h in v.blocks])

    @cached_property
    def _diagonal(self) -> NDArray[np.int64]:
        """Packed positions of the diagonals, row by row."""
        s = self.sectors
        inside = np.arange(s.rows[-1]) - np.repeat(s.rows[:-1], s.sizes)
        return np.asarray(np.repeat(s.entries[:-1], s.sizes) + inside * np.repeat(s.sizes + 1, s.sizes))

    @cached_property
    def _counted(self) -> tuple[tuple[int, ...], Real]:
        """Multiplicity of every eigenvalue, and its logarithm."""
        s = self.sectors
        counts = tuple(d for d, size in zip(s.multiplicities, s.sizes, strict=True) for _ in range(size))
        return counts, np.repeat(s.log_multiplicities, s.sizes)

    @cached_property
    def _kept(self) -> dict[str, Any]:
        return {}

    def _eigenvalues(self, x: Array) -> Real:
        """Eigenvalues of all blocks (T, D), traces adding up to one; those of the last batch are kept."""
        if self._kept.get("x") is not x:
            self._kept.update(x=x, values=_spectra(self.sectors, x))
        return np.asarray(self._kept["values"])

    def _spectrum(self, values: Real) -> Spectrum:
        """Spectrum of the whole state: each eigenvalue of a block is shared by d_j equal sectors."""
        counts, logs = self._counted
        return Spectrum(values * np.exp(-logs), counts, logs)

    def observe(self, needs: frozenset[str], x: Array, unitary: Array, dissipative: Array) -> dict[str, Value]:
        """See `Readout`."""
        out: dict[str, Value] = {}
        if needs & {"energy", "power", "variance"}:
            out["energy"] = x @ self._energy
            work, heat = unitary @ self._energy, dissipative @ self._energy
            out |= {"work_power": work, "heat_power": heat, "power": work + heat}
        if "variance" in needs:
            out["variance"] = np.maximum(x @ self._energy_squared - np.asarray(out["energy"]) ** 2, 0.0)
        if "charger_variance" in needs:
            v, square = self._charger
            out["charger_variance"] = np.maximum(x @ square - (x @ v) ** 2, 0.0)
        if "spectrum" in needs:
            out["spectrum"] = self._spectrum(self._eigenvalues(x))
        if "collective_passive" in needs:
            out["collective_passive"] = self._collective_passive(x)
        if "populations" in needs or "pinched" in needs:
            self._populations(needs, x, unitary + dissipative, out)
        if "marginals" in needs:
            spins = np.stack([self.sectors.spins[a].packed() for a in "xyz"], axis=1)
            out["marginals"] = states.bloch_density(x @ spins * (2 / self.sectors.cells))[:, None]
        if "reduced" in needs:
            reduced = self._reduced(x)
            out["reduced"] = reduced.spectrum()
            out["reduced_energy"] = reduced.expectation(self._frame.subset_hamiltonian(self.request.subset))
        return out

    def _collective_passive(self, x: Array) -> Real:
        """Largest eigenvalue on the lowest level, sector by sector: what unitaries alike on all cells reach."""
        values, energies, rows = self._eigenvalues(x), self._basis[0].energies, self.sectors.rows
        total = np.zeros(len(x))
        for a, e in pairwise(rows):
            total += np.sort(values[:, a:e], axis=1)[:, ::-1] @ np.sort(energies[a:e])
        return total

    # -- energy levels ------------------------------------------------------------------------------------------------

    @cached_property
    def _basis(self) -> tuple[EnergyBasis, list[Array] | None]:
        """Energies of all rows, and the eigenbasis of H_B in each sector; None where it is the sector's own."""
        h = self._battery
        if h.is_diagonal:
            return EnergyBasis(h.bands[len(h.bands) // 2].real.copy()), None
        found = [np.linalg.eigh(block) for block in h.blocks]
        return EnergyBasis(np.concatenate([e for e, _ in found])), [u for _, u in found]

    def _in_basis(self, x: Array, sector: int) -> Array:
        rho, turned = self.sectors.unpack(x, sector), self._basis[1]
        return rho if turned is None else turned[sector].conj().T @ rho @ turned[sector]

    def _weights(self, x: Array) -> Real:
        """Diagonal in the energy basis, (T, D)."""
        if self._basis[1] is None:
            return np.asarray(x[:, self._diagonal])
        parts = [np.einsum("tii->ti", self._in_basis(x, b)).real for b in range(len(self.sectors.sizes))]
        return np.concatenate(parts, axis=1)

    def _populations(self, needs: frozenset[str], x: Array, rate: Array, out: dict[str, Value]) -> None:
        energies, label = self._basis[0].groups()
        order = np.argsort(label, kind="stable")
        first = np.searchsorted(label[order], np.arange(len(energies)))
        out["populations"] = np.add.reduceat(self._weights(x)[:, order], first, axis=1)
        out["population_rates"] = np.add.reduceat(self._weights(rate)[:, order], first, axis=1)
        if "pinched" not in needs:
            return
        values = []
        for b, (a, e) in enumerate(zip(self.sectors.rows[:-1], self.sectors.rows[1:], strict=True)):
            own = label[a:e]
            rho = self._in_basis(x, b)
            if len(np.unique(own)) == len(own):
                values.append(np.einsum("tii->ti", rho).real)
            else:
                values.append(np.linalg.eigvalsh(np.where(own[:, None] == own[None, :], rho, 0.0)))
        out["pinched"] = self._spectrum(np.concatenate(values, axis=1))

    # -- subsets -------------------------------------------------------------------------------------------------------

    def _reduced(self, x: Array) -> Blocks:
        """State of any subset: cells are traced out one by one."""
        size = len(self.request.subset)
        blocks = [self.sectors.unpack(x, b) for b in range(len(self.sectors.sizes))]
        for n in range(self.sectors.cells, size, -1):
            blocks = without_one(blocks, n)
        counts = Sectors(size).multiplicities
        return Blocks(tuple(b / d for b, d in zip(blocks, counts, strict=True)), counts)

    def statics(self, needs: frozenset[str]) -> dict[str, Any]:
        """See `Readout`."""
        frame = self._frame
        out: dict[str, Any] = {"pure": False}
        if "extremes" in needs or "levels" in needs:
            out["extremes"] = frame.extremes()
        if "levels" in needs:
            out["levels"] = frame.levels()
        if "span" in needs:
            out["span"] = frame.span()
        if "marginals" in needs:
            out["cells"], out["counts"] = frame.cells()
        if "reduced" in needs:
            out["reduced_levels"] = frame.subset_levels(self.request.subset)
        if "populations" in needs:
            out["energies"] = self._basis[0].groups()[0]
        return out

    def check(self, x: Array) -> dict[str, float]:
        """Deviation of the trace, and the most negative eigenvalue; packed states are Hermitian by construction."""
        if not np.isfinite(x).all():
            return {"trace": np.nan}
        trace = x[:, self._diagonal].sum(axis=1)
        every = "spectrum" in self.request.needs or self.sectors.cells <= POSITIVITY_CELLS
        lowest = self._eigenvalues(x if every else x[-1:]).min()
        return {"trace": float(np.abs(trace - 1).max()), "negativity": float(max(0.0, -lowest))}


def _spectra(s: Sectors, x: Array) -> Real:
    """Eigenvalues of all sectors' blocks (T, D)."""
    # the first sectors are the largest
    largest = int(s.sizes[0])
    if largest <= SMALL_SECTOR and len(x) >= MANY_STATES:
        from qsb.algebra.kernels import spectra

        out = np.empty((len(x), int(s.rows[-1])))
        work = len(x) * float(np.sum(s.sizes**3))
        threads.spread(spectra.packed, len(x), 10 * work, np.ascontiguousarray(x), s.entries, s.sizes, s.rows, out)
        if np.isfinite(out).all():
            return out

    def one(b: int) -> Array:
        return np.linalg.eigvalsh(s.unpack(x, b))

    large = len(x) * largest**3 > THREADED_SPECTRA
    return np.concatenate(list(threads.each(one, range(len(s.sizes)), large=large)), axis=1)


def without_one(blocks: list[Array], cells: int) -> list[Array]:
    """Trace one cell out of a permutation-symmetric state.

    Total spin j of N cells is j' = j -+ 1/2 of N-1 cells in shares of d_j'/d_j; both arrows of the last cell add up,
    each with its Clebsch-Gordan coefficients.

    Args:
        blocks: (..., 2j+1, 2j+1) for j = N/2, N/2-1, ...
        cells: N > 1.

    Returns:
        Blocks for j' = (N-1)/2, (N-3)/2, ...
    """
    lead = blocks[0].shape[:-2]
    out = [np.zeros((*lead, size, size), dtype=complex) for size in range(cells, 0, -2)]
    for k, rho in enumerate(blocks):
        jj = cells - 2 * k
        raised = np.arange(jj, -1, -1)  # j + m of each row
        if jj > 0:
            share = (cells - k + 1) * jj / (cells * (jj + 1))
            up, down = np.sqrt(raised / jj), np.sqrt((jj - raised) / jj)
            out[k] += share * (np.outer(up, up) * rho)[..., :-1, :-1]
            out[k] += share * (np.outer(down, down) * rho)[..., 1:, 1:]
        if k > 0:
            share = k * (jj + 2) / (cells * (jj + 1))
            up, down = np.sqrt((jj - raised + 1) / (jj + 2)), np.sqrt((raised + 1) / (jj + 2))
            out[k - 1][..., 1:, 1:] += share * np.outer(up, up) * rho
            out[k - 1][..., :-1, :-1] += share * np.outer(down, down) * rho
    return out


@dataclass(frozen=True)
class Permutation:
    """One density matrix a total spin."""

    name: str = "permutation"
    why: str = "every term is collective and noise is alike on all cells, so one block a total spin carries everything"
    exact: bool = True

    def accepts(self, structure: Structure) -> str | None:
        """Exact where nothing distinguishes cells."""
        if not (structure.spins or (structure.charged and structure.battery_symmetric)):
            return "the battery is not one group of alike spins"
        if structure.opaque:
            return "a term is an opaque matrix"
        if not structure.permutation_symmetric:
            if structure.charged:
                return "not every term is collective on one group of cells beside one charger group"
            return "the Hamiltonian changes under exchange of cells"
        if structure.dissipative and not structure.symmetric_noise:
            if structure.charged:
                return "the noise differs from cell to cell, or acts on single spins of the charger"
            return "the noise differs from cell to cell"
        if not structure.symmetric_start:
            return "the start is not known to be permutation symmetric"
        return None

    def lacks(self, problem: Problem, needs: frozenset[str]) -> str | None:
        """Cuts of mixtures, cells of an interacting H_B, and sectors that are too many."""
        if reason := whole_only(needs):
            return reason
        s, n = problem.structure, problem.cells
        if s.charged:
            # which needs the readout of this module
            from qsb.dynamics import charged_permutation

            if reason := charged_permutation.lacks(problem, needs):
                return reason
        if "marginals" in needs and not s.battery_one_body:
            return (
                "local ergotropy is defined for an H_B that is a sum over cells; this one couples them (use "
                "subset_ergotropy)"
            )
        if "locality" in needs and not s.battery_one_body:
            return "the locality bound is derived for an H_B that is a sum over cells"
        if "cut" in needs:
            return "the entropy of a cut measures entanglement for pure states only; ask for purity instead"
        interacting = ("span" in needs and s.body_order > 1) or not s.battery_one_body
        if interacting and n > SECTOR_LIMIT:
            return f"the sectors of an interacting H_B or V are diagonalised up to N = {SECTOR_LIMIT}, and N is {n}"
        if not s.battery_one_body and problem.battery.start.kind == "ground":
            try:
                start_blocks(cells_alone(problem), Sectors(n))
            except StructureError as error:
                return str(error)
        return None

    def size(self, problem: Problem, request: Request) -> Size:
        """Packed states: a batch of save times, a window of the expansion, stages or a propagator; and one sector."""
        if problem.structure.charged:
            from qsb.dynamics import charged_permutation

            return charged_permutation.size(problem, request)
        cells, times = problem.battery.space.sites, len(problem.times)
        n, widest = packed_size(cells), (cells + 1) ** 2
        room = max(1, BATCH_BYTES // (24 * n))
        batch = 8 * 8 * n * min(times, room)
        window = min(8 * n * times, 2**26) + 24 * 8 * n
        dense = 12 * 8 * n**2 if n <= DENSE_UNKNOWNS else 0
        read = 4 * 16 * widest * min(times, room) + 40 * 16 * (cells + 2) ** 2
        return Size(n, batch + window + dense + read, self._work(problem, request, n))

    def _work(self, problem: Problem, request: Request, n: int) -> Work:
        """Applications of the right-hand side, and eigenvalues at the save times."""
        cells, times = problem.battery.space.sites, len(problem.times)
        total = Work(calls=40.0 * times, flops=6.0 * n * times)
        if request.needs & {"spectrum", "collective_passive"}:
            # sum over j of (16/3) (2j+1)^3 real operations
            total += Work(flops=times * (cells + 2.0) ** 4, calls=cells * 5.0)
        for s in segments(problem):
            length = s.end - s.start
            phase = length * _rate_bound(problem, s)
            if s.constant and n <= DENSE_UNKNOWNS:
                total += Work(flops=30.0 * n**3 + 2.0 * times * n**2, calls=200.0)
            elif s.constant:
                total += Work(flops=120.0 * n * (1.3 * phase + 40), traffic=60.0 * n * phase, calls=phase / 100 + 10)
            else:
                applied = costs.runge_kutta(0.25 * phase / length, s, costs.saves(s, problem.times)) if length else 1.0
                total += Work(flops=130.0 * n, traffic=100.0 * n) * applied + costs.stages(applied, n)
        return total

    def integrators(self, problem: Problem) -> tuple[str, ...]:
        """One a segment, by the number of unknowns and whether anything changes inside."""
        if problem.structure.charged:
            from qsb.dynamics import charged_permutation

            return charged_permutation.integrators(problem)
        n = packed_size(problem.battery.space.sites)
        small = n <= DENSE_UNKNOWNS
        constant = "propagator" if small else "faber"
        varying = choose(n, constant=False, skew=False).name
        return tuple(constant if s.constant else varying for s in segments(problem))

    def reduce(self, problem: Problem, request: Request) -> Reduced:
        """Diagonals of each segment's Hamiltonian, and its rates; sparse rows of it beside a charger."""
        if problem.structure.charged:
            from qsb.dynamics import charged_permutation

            return charged_permutation.reduce(problem, request)
        space = problem.battery.space
        where = Sectors(space.sites)
        generators = tuple(sector_generator(s, space, where, DENSE_UNKNOWNS) for s in segments(problem))
        start = where.pack(start_blocks(problem, where))
        return Reduced(start, generators, PermutationReadout(problem, request, where))


def _rate_bound(problem: Problem, segment: Segment) -> float:
    """About the fastest oscillation or decay, read off the terms."""
    n = problem.battery.space.sites
    total = 0.0
    for op in (segment.hamiltonian, *(op for op, _ in segment.drives)):
        for t in op.active:
            if isinstance(t, Local):
                total += 2 * n * abs(complex(np.asarray(t.strength).flat[0]))
            elif isinstance(t, Pair):
                total += n**2 / 2 * abs(complex(np.asarray(t.strength).flat[0])) * t.factor(problem.battery.space)
            elif isinstance(t, Global):
                total += 2 * abs(t.strength)
    for jump in (*segment.jumps, *(j for j, _ in segment.rated)):
        (together, _), rate = rate_of(jump)
        total += rate * (n**2 / 4 if together else n)
    return total
