"""`fermion`: chains and rings that a Jordan-Wigner transformation turns into free fermions, at thousands of cells.

The state is Gaussian and stays so: its covariance, a real antisymmetric 2N x 2N matrix, carries everything. Where
nothing changes in time, normal modes turn by their phases, and energy and power at any time are quadratic sums of N
cosines and sines.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from qsb.charging.problem import Problem, Structure
from qsb.dynamics.majorana import EACH, Flow
from qsb.dynamics.product import EXPANSION_LIMIT
from qsb.dynamics.representation import Request, Size, Work
from qsb.dynamics.segment import segments
from qsb.dynamics.series import Series
from qsb.dynamics.whole import whole_only
from qsb.dynamics.wick import SUBSET_VALUES, distinct_levels, distinct_weights, strength

#: largest ring of which all levels are written down
RING_LEVELS = 16


@dataclass(frozen=True)
class Fermion:
    """A 2N x 2N covariance; neighbours' couplings across an axis, fields along it, and a Gaussian start."""

    name: str = "fermion"
    why: str = "the cells are free fermions after a Jordan-Wigner transformation, so a covariance carries everything"
    exact: bool = True

    def accepts(self, structure: Structure) -> str | None:
        """Exact for quadratic Hamiltonians without noise and a Gaussian start."""
        if not structure.spins:
            return "the sites are not one group of spins"
        if structure.opaque:
            return "a term is an opaque matrix"
        if structure.dissipative:
            return "there is noise, under which a Gaussian state of fermions does not stay one"
        if not structure.fermion_axis:
            return (
                "a Hamiltonian term is neither a field along one axis nor a coupling of chain neighbours in the plane "
                "across it"
            )
        if not structure.fermion_start:
            return f"the start is not a Gaussian state of fermions: cells must point along {structure.fermion_axis}"
        if structure.fermion_ring and not structure.fermion_parity:
            return "the start is a mixture of both parities, for which a ring is two different chains"
        return None

    def lacks(self, problem: Problem, needs: frozenset[str]) -> str | None:
        """Level populations, and global spectra with too many different values."""
        if reason := whole_only(needs):
            return reason
        s = problem.structure
        if "collective_passive" in needs:
            return "sectors of total spin are not read from a covariance"
        if needs & {"pinched", "populations"}:
            return "the occupations of energy levels are not read from a covariance"
        if "marginals" in needs and not s.battery_one_body:
            return (
                "local ergotropy is defined for an H_B that is a sum over cells; this one couples them (use "
                "subset_ergotropy)"
            )
        if "locality" in needs and not s.battery_one_body:
            return "the locality bound is derived for an H_B that is a sum over cells"
        if "cut" in needs and not s.pure_start:
            return "the entropy of a cut measures entanglement for pure states only; ask for purity instead"
        if "levels" in needs:
            if s.fermion_ring and not s.battery_one_body and s.sites > RING_LEVELS:
                return f"all levels of a coupled ring are written down up to N = {RING_LEVELS}, and N is {s.sites}"
            if distinct_levels(problem) > EXPANSION_LIMIT:
                return f"H_B has more than {EXPANSION_LIMIT} different levels"
        if "spectrum" in needs and not s.pure_start:
            distinct = distinct_weights(problem)
            if distinct > EXPANSION_LIMIT or distinct * len(problem.times) > 2**26:
                return f"the spectrum of the state has {distinct:.2g} different values at each of the save times"
        return None

    def declines(self, problem: Problem, request: Request) -> str | None:
        """Subsets that are no block of neighbours, or too many cells for all eigenvalues of their state."""
        if "reduced" not in request.needs:
            return None
        count = len(request.subset)
        if max(request.subset) - min(request.subset) + 1 != count:
            return f"the cells {list(request.subset)} are not neighbours in a row"
        if len(problem.times) * 2**count > SUBSET_VALUES:
            return (
                f"the state of {count} cells has 2^{count} eigenvalues at each of {len(problem.times)} times (allowed "
                f"together: {SUBSET_VALUES})"
            )
        return None

    def size(self, problem: Problem, request: Request) -> Size:
        """Modes, covariance and coefficients of each constant segment; the stages of Runge-Kutta in a driven one.

        Counted in real N x N matrices, as measured; a Hamiltonian with xy or yx couplings needs 2N x 2N ones.
        """
        n, times, parts = problem.battery.space.sites, len(problem.times), segments(problem)
        slim, norm = strength(problem)
        driven = [s for s in parts if not s.constant]
        each = bool(request.needs & EACH)
        matrices = (11 if slim else 26) + (8 if each else 0) + 12 * (len(parts) - 1) + (135 if driven else 0)
        subset = 8 * 6 * times * 2 ** len(request.subset) if "reduced" in request.needs else 0
        held = 8 * n * n * matrices + 8 * n * (200 + 6 * min(times, 256)) + 8 * 16 * times + subset + 2**17
        stages = sum(24 * (10 + 3 * norm * (s.end - s.start)) for s in driven)
        flops = n**3 * (
            (30.0 if slim else 150.0) * (len(parts) - len(driven)) + (14.0 if slim else 36.0) * each * times
        )
        flops += n * n * (8.0 * times + 40.0 * stages)
        traffic = 8.0 * n * n * (matrices * len(parts) + 2.0 * times + 20.0 * stages)
        calls = 200.0 * len(parts) + 30.0 * times * each + 10.0 * stages
        return Size(n * (2 * n - 1), int(held), Work(flops, traffic, calls))

    def integrators(self, problem: Problem) -> tuple[str, ...]:
        """Normal modes where nothing changes, Runge-Kutta elsewhere."""
        return tuple("modes" if s.constant else "dop853" for s in segments(problem))

    def simulate(
        self,
        problem: Problem,
        request: Request,
        *,
        tolerance: float,
        progress: Callable[[float], None] | None = None,
    ) -> Series:
        """Solve from start to end and read at the save times."""
        return Flow(problem).series(problem, request, tolerance=tolerance, progress=progress)
