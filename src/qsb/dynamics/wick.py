"""What is read off the covariance of a Gaussian state, and the covariance that a run starts from."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from qsb.algebra import gaussian as ga
from qsb.algebra import states
from qsb.algebra import structure as read
from qsb.algebra.blocks import Spectrum
from qsb.algebra.copies import Copies
from qsb.algebra.fermion import all_levels, extremes, ground_modes
from qsb.algebra.gaussian import Skew
from qsb.algebra.jordan_wigner import Near, QuadraticForm, form
from qsb.algebra.majorana_modes import mode_energies, normal_modes
from qsb.algebra.opsum import OpSum
from qsb.charging.problem import Problem
from qsb.dynamics.full import read_extremes
from qsb.dynamics.product import start_cells, tensor_spectrum
from qsb.dynamics.representation import Request
from qsb.dynamics.series import Value

RealArray = NDArray[np.float64]

#: most eigenvalues of a subset's state that are kept, over all save times
SUBSET_VALUES = 2**24


def _near(problem: Problem, op: OpSum) -> Near:
    """An accepted operator with the spins turned along the chosen axis."""
    near = Near.of(op, problem.battery.space)
    assert near is not None
    return near.turned(problem.structure.fermion_axis)


def strength(problem: Problem) -> tuple[bool, float]:
    """Whether N x N matrices carry every Hamiltonian, and a bound of the largest energy of a mode."""
    b, slim, norm = problem.battery, True, 0.0
    for op in (b.battery, b.charger, b.interaction, *(op for op, _ in b.drives)):
        near = _near(problem, op)
        pairs = np.concatenate([near.bond, near.edge[None], near.wound[None]])
        slim = slim and not np.any(pairs[:, [1, 2], [2, 1]])
        norm += 2 * float(np.abs(near.site[:, 3]).max()) + 4 * float(np.abs(pairs).sum(axis=(1, 2)).max())
    return slim, norm


def start_covariance(problem: Problem) -> tuple[Skew, int]:
    """The covariance at t = 0, and the parity of the start (+1 where it has none).

    Raises:
        StructureError: if the ground state is asked for and is not unique.
    """
    b, n = problem.battery, problem.battery.space.sites
    if problem.structure.product_start:
        z = _polarisation(problem)
        pure = b.start.pure_by_kind
        z = np.broadcast_to(np.sign(z) if pure else z, (n,))
        return ga.product_covariance(z), (-1 if pure and np.count_nonzero(z < 0) % 2 else 1)
    near = _near(problem, b.battery)
    if b.start.kind == "ground":
        modes, excited, parity = ground_modes(near)
        occupied = -np.ones(n)
        if excited >= 0:
            occupied[excited] = 1.0
        return ga.mode_covariance(modes, occupied), parity
    modes = normal_modes(form(near))
    return ga.mode_covariance(modes, -np.tanh(modes.energies / (2 * float(b.start.temperature or 0.0)))), 1


def _polarisation(problem: Problem) -> RealArray:
    """Bloch components of a product start along the axis, (1,) or (N,)."""
    rho = start_cells(problem)
    if problem.structure.fermion_axis == "z":
        return np.asarray((rho[:, 0, 0] - rho[:, 1, 1]).real)
    return np.asarray(2 * (rho[:, 0, 1].real if problem.structure.fermion_axis == "x" else -rho[:, 0, 1].imag))


def _levels_by_cell(problem: Problem) -> tuple[RealArray, NDArray[np.int64]]:
    """Different pairs of levels whose sums are those of H_B, and how often each occurs; not for coupled rings."""
    b, n = problem.battery, problem.battery.space.sites
    if problem.structure.battery_one_body:
        e = np.linalg.eigvalsh(read.cell_matrices(b.battery, b.space))
        e = np.broadcast_to(e, (n, 2))
    else:
        a = form(_near(problem, b.battery))
        half = mode_energies(a) / 2
        e = np.stack([-half, half], axis=1) + a.shift / n
    kinds, counts = np.unique(e, axis=0, return_counts=True)
    return kinds, counts


def _weights_by_mode(problem: Problem) -> tuple[RealArray, NDArray[np.int64]]:
    """Different pairs of eigenvalues whose products are those of a mixed start, and how often each occurs."""
    if problem.structure.product_start:
        nu = np.broadcast_to(np.abs(_polarisation(problem)), (problem.battery.space.sites,))
    else:
        e = mode_energies(form(_near(problem, problem.battery.battery)))
        nu = np.tanh(e / (2 * float(problem.battery.start.temperature or 0.0)))
    kinds, counts = np.unique(np.stack([(1 + nu) / 2, (1 - nu) / 2], axis=1), axis=0, return_counts=True)
    return kinds, counts


def _distinct(counts: NDArray[np.int64]) -> float:
    return 1.0 if len(counts) == 1 else float(np.exp(min(700.0, np.log(counts + 1.0).sum())))


def distinct_levels(problem: Problem) -> float:
    """How many different levels of H_B are written down; 1 if alike cells need no list."""
    if problem.structure.battery_one_body:
        return _distinct(_levels_by_cell(problem)[1])
    return float(2.0 ** min(problem.battery.space.sites, 1000))


def distinct_weights(problem: Problem) -> float:
    """How many different eigenvalues of a mixed start are written down; 1 if alike modes need no list."""
    if problem.structure.product_start:
        return _distinct(_weights_by_mode(problem)[1])
    return float(2.0 ** min(problem.battery.space.sites, 1000))


@dataclass(frozen=True)
class GaussRead:
    """Readouts of covariances.

    Attributes:
        problem: what is solved.
        request: what is asked.
        parity: of the start.
    """

    problem: Problem
    request: Request
    parity: int

    def form(self, op: OpSum) -> QuadraticForm:
        """The Majorana form of an operator in the parity of the start."""
        return form(_near(self.problem, op), self.parity)

    @cached_property
    def battery(self) -> QuadraticForm:
        """H_B."""
        return self.form(self.problem.battery.battery)

    @cached_property
    def charger_sum(self) -> OpSum:
        """V with all drives."""
        b = self.problem.battery
        return OpSum(b.interaction.terms + tuple(t for op, _ in b.drives for t in op.terms))

    @cached_property
    def _charger(self) -> QuadraticForm:
        return self.form(self.charger_sum)

    @cached_property
    def _subset(self) -> tuple[int, int, Near]:
        """First cell, number of cells, and the part of H_B within them."""
        first, count = min(self.request.subset), len(self.request.subset)
        return first, count, _near(self.problem, self.problem.battery.battery).inside(first, count)

    @cached_property
    def _subset_form(self) -> QuadraticForm:
        return form(self._subset[2], self.parity)

    def window(self, needs: frozenset[str]) -> tuple[int, int]:
        """First cell and number of the cells that the readouts look at."""
        if not needs <= {"cut", "reduced"}:
            return 0, self.problem.battery.space.sites
        ends = [(0, self.request.cut)] if "cut" in needs else []
        ends += [(min(self.request.subset), max(self.request.subset) + 1)] if "reduced" in needs else []
        low = min((a for a, _ in ends), default=0)
        return low, max((b for _, b in ends), default=0) - low

    def observe(self, needs: frozenset[str], state: Skew, origin: int = 0) -> dict[str, Any]:
        """Readouts of one state, of all cells or of those from `origin` on, that are no sums over modes."""
        out: dict[str, Any] = {}
        if "variance" in needs:
            out["variance"] = ga.variance(self.battery, state)
        if "charger_variance" in needs:
            out["charger_variance"] = ga.variance(self._charger, state)
        if "marginals" in needs:
            r = np.zeros((len(state.ab), 3))
            r[:, "xyz".index(self.problem.structure.fermion_axis)] = -np.diagonal(state.ab)
            out["marginals"] = states.bloch_density(r)
        if "cut" in needs:
            out["cut"] = ga.block_entropy(state, 0, self.request.cut)
        if "reduced" in needs:
            first, count, _ = self._subset
            block = state.inside(first - origin, count)
            values = np.ones(1)
            for nu in ga.polarisations(block):
                values = np.concatenate([values * (1 + nu), values * (1 - nu)]) / 2
            out["reduced"] = values
            out["reduced_energy"] = ga.energy(self._subset_form, block)
        return out

    def spectrum(self, count: int) -> Value:
        """Eigenvalues of the state at `count` times: they never change."""
        s = self.problem.structure
        if s.pure_start:
            return Spectrum.counted(np.tile([1.0, 0.0], (count, 1)), (1, 2**s.sites - 1))
        pairs, counts = _weights_by_mode(self.problem)
        return tensor_spectrum(np.broadcast_to(pairs, (count, *pairs.shape)), counts)

    def _levels(self) -> Spectrum | Copies:
        near = _near(self.problem, self.problem.battery.battery)
        if near.closed:
            return Spectrum.simple(all_levels(near))
        pairs, counts = _levels_by_cell(self.problem)
        return tensor_spectrum(pairs, counts, sums=True)

    def statics(self, needs: frozenset[str]) -> dict[str, Any]:
        """See `Readout`."""
        b, s = self.problem.battery, self.problem.structure
        out: dict[str, Any] = {"pure": s.pure_start}
        if needs & {"extremes", "levels"}:
            one = s.battery_one_body
            out["extremes"] = read_extremes(b.battery, b.space) if one else self._extremes(b.battery)
        if "levels" in needs:
            out["levels"] = self._levels()
        if "span" in needs:
            out["span"] = self._extremes(self.charger_sum) if self.charger_sum else (0.0, 0.0)
        if "marginals" in needs:
            h = read.cell_matrices(b.battery, b.space)
            out["cells"], out["counts"] = np.asarray(np.broadcast_to(h, (s.sites, 2, 2))), np.ones(s.sites)
        if "reduced" in needs:
            out["reduced_levels"] = Spectrum.simple(all_levels(self._subset[2]))
        return out

    def _extremes(self, op: OpSum) -> tuple[float, float]:
        return extremes(op, self.problem.battery.space, axis=self.problem.structure.fermion_axis)
