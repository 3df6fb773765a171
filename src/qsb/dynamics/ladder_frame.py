"""The frame of cells beside one charger: H_B, V and the battery's partial trace on the states that are reached."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from qsb.algebra import ladder, lapack
from qsb.algebra.blocks import Blocks, Spectrum
from qsb.algebra.kernels import threads
from qsb.algebra.ladder import Grid, Layout
from qsb.algebra.opsum import OpSum
from qsb.algebra.space import Boson
from qsb.charging.problem import Problem
from qsb.dynamics.charged import TAIL, top_levels
from qsb.dynamics.energy_shell import PARALLEL_PLACES
from qsb.dynamics.frame import EnergyBasis, Operator, SmallSubsets, Sparse
from qsb.dynamics.full import FullFrame
from qsb.dynamics.reached import cells_alone, layout, leaks
from qsb.dynamics.readouts import padded
from qsb.dynamics.representation import Array
from qsb.dynamics.symmetric import SymmetricFrame


@dataclass(frozen=True)
class Levels:
    """A diagonal operator."""

    values: NDArray[np.float64]

    def apply(self, psi: Array) -> Array:
        """Operator times a ket."""
        return np.asarray(self.values * psi)

    def moments(self, x: Array, rate: Array) -> tuple[float, float, float]:
        """<O>, <O^2> and 2 Re <x|O|rate>."""
        from qsb.algebra.kernels.ladder import moments

        kets = (np.ascontiguousarray(v, dtype=complex) for v in (x, rate))
        a, b, c = moments(self.values, *kets)
        return float(a), float(b), float(c)


@dataclass(frozen=True)
class LadderFrame(SmallSubsets):
    """Readouts on the reached states, row by row of the grid (cells up first, then Fock states upwards)."""

    problem: Problem

    @property
    def charged(self) -> bool:
        """A charger is there."""
        return True

    @cached_property
    def layout(self) -> Layout:
        """The reached states."""
        return layout(self.problem)

    @cached_property
    def cells_frame(self) -> Any:
        """The frame of the battery alone, which knows H_B, its levels and subsets of cells."""
        alone = cells_alone(self.problem)
        return FullFrame(alone) if alone.battery.space.single_mode else SymmetricFrame(alone)

    @property
    def null(self) -> int:
        """2^N - (N+1) dimensions of the battery outside the symmetric sector; none of a mode."""
        return int(self.cells_frame.null)

    @cached_property
    def index(self) -> NDArray[np.int64]:
        """Place of each reached state in the flat grid."""
        return np.flatnonzero(self.layout.mask)

    def matrix(self, op: OpSum) -> Any:
        """Sparse matrix on the reached states."""
        whole = ladder.sparse(ladder.products(op, self.problem.battery.space), self.layout.mask.shape)
        return whole[self.index][:, self.index].tocsr()

    def operator(self, op: OpSum) -> Operator:
        """A grid where all weights are real, a sparse matrix otherwise."""
        found = ladder.real(ladder.products(op, self.problem.battery.space))
        return Sparse(self.matrix(op)) if found is None else Grid(found, self.layout)

    @cached_property
    def _battery(self) -> Operator:
        found = ladder.products(self.problem.battery.battery, self.problem.battery.space)
        if all(set(p.rows) == {0} == set(p.columns) for p in found):
            # of cells that are not tilted, a number for each row
            levels = sum((p.rows[0].real for p in found), np.zeros(len(self.layout.first)))
            return Levels(levels[np.nonzero(self.layout.mask)[0]])
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
        return self.operator(self.charger_sum)

    def charger(self) -> Operator:
        """V."""
        return self._charger

    def levels(self) -> Spectrum:
        """Levels of H_B on all 2^N dimensions of the battery."""
        found: Spectrum = self.cells_frame.levels()
        return found

    def extremes(self) -> tuple[float, float]:
        """Lowest and highest energy of H_B."""
        low, high = self.cells_frame.extremes()
        return float(low), float(high)

    def span(self) -> tuple[float, float]:
        """Lowest and highest eigenvalue of V, for a charger of spins, on the ladders of largest spin."""
        e = np.linalg.eigvalsh(
            ladder.sparse(
                ladder.products(self.charger_sum, self.problem.battery.space), self.layout.mask.shape
            ).toarray()
        )
        return float(e[0]), float(e[-1])

    def energy_basis(self) -> EnergyBasis:
        """Eigenbasis of H_B among the Dicke states."""
        found: EnergyBasis = self.cells_frame.energy_basis()
        return found

    def cells(self) -> tuple[Array, NDArray[np.float64]]:
        """One kind of cell, N times."""
        h, counts = self.cells_frame.cells()
        return h, counts

    def subset_hamiltonian(self, subset: tuple[int, ...]) -> Blocks:
        """H_B of the subset in its own sectors of total spin."""
        found: Blocks = self.cells_frame.subset_hamiltonian(subset)
        return found

    def subset_levels(self, subset: tuple[int, ...]) -> Spectrum:
        """All 2^n levels of the subset."""
        found: Spectrum = self.cells_frame.subset_levels(subset)
        return found

    # -- the battery's state ------------------------------------------------------------------------------------------

    @cached_property
    def _places(self) -> NDArray[np.int64]:
        return self.layout.places()

    def factor(self, psi: Array) -> Array:
        """Kets (T, d) as matrices (T, N+1, columns of the charger)."""
        out = np.zeros((len(psi), self.layout.mask.size), dtype=complex)
        out[:, self.index] = psi
        return out.reshape(len(psi), *self.layout.mask.shape)

    def spectrum(self, psi: Array) -> Spectrum:
        """Eigenvalues of the battery's states: rows that share no columns have no coherence, so class by class."""
        height, width = len(self.layout.first), self.layout.width
        values = np.zeros((len(psi), height))
        classes = self.layout.classes()

        def read(t: int) -> None:
            kept = np.zeros(height * width, dtype=complex)
            kept[self._places] = psi[t]
            # columns that hold nothing to rounding add nothing
            parts = kept.view(float).reshape(height, 2 * width)
            largest = np.maximum(parts.max(axis=0), -parts.min(axis=0))
            used = np.flatnonzero(largest > 1e-18) // 2
            whole = kept.reshape(height, width)[:, used[0] : used[-1] + 1]
            at = 0
            for rows in classes:
                # M M^+ is Hermitian: half of it is enough
                values[t, at : at + len(rows)] = lapack.eigenvalues(lapack.gram(whole[rows]))
                at += len(rows)

        list(threads.each(read, range(len(psi)), large=height * width > PARALLEL_PLACES))
        return padded(np.maximum(-np.sort(-values, axis=1), 0.0), self.null)

    def battery_ket(self, psi: Array) -> Array:
        """The battery's states (T, N+1, N+1) of kets (T, d)."""
        m = self.factor(psi)
        return np.asarray(m @ m.conj().swapaxes(1, 2))

    def battery_density(self, rho: Array) -> Array:
        """The battery's states (T, N+1, N+1): the charger traced out column by column."""
        height = self.layout.mask.shape[0]
        out = np.zeros((len(rho), height, height), dtype=complex)
        r, c = np.nonzero(self.layout.mask)
        for column in np.unique(c):
            here = np.flatnonzero(c == column)
            out[:, r[here][:, None], r[here]] += rho[:, here[:, None], here]
        return out

    def battery_marginals(self, rho: Array) -> Array:
        """The common cell state (T, 1, 2, 2) of battery states (T, N+1, N+1)."""
        return np.asarray(self.cells_frame.marginals_density(rho))

    def battery_subset(self, rho: Array, subset: tuple[int, ...]) -> Blocks:
        """State of any n cells of battery states."""
        found: Blocks = self.cells_frame.reduce_density(rho, subset)
        return found

    def reduce_ket(self, psi: Array, subset: tuple[int, ...]) -> Blocks:
        """State of any n cells."""
        return self.battery_subset(self.battery_ket(psi), subset)

    def reduce_density(self, rho: Array, subset: tuple[int, ...]) -> Blocks:
        """State of any n cells."""
        return self.battery_subset(self.battery_density(rho), subset)

    def marginals_ket(self, psi: Array) -> Array:
        """The common cell state (T, 1, 2, 2)."""
        return self.battery_marginals(self.battery_ket(psi))

    def marginals_density(self, rho: Array) -> Array:
        """The common cell state (T, 1, 2, 2)."""
        return self.battery_marginals(self.battery_density(rho))

    @cached_property
    def highest(self) -> dict[str, NDArray[np.int64]]:
        """States with a mode on its highest levels, where terms lead beyond them."""
        if not leaks(self.problem):
            return {}
        places, out = np.nonzero(self.layout.mask), {}
        space = self.problem.battery.space
        for axis, part in enumerate((space.part("battery"), space.part("charger"))):
            (group,) = part.groups
            if isinstance(group.kind, Boson):
                high = places[axis] > group.kind.highest - top_levels(group.kind.highest)
                out[TAIL + group.name] = np.flatnonzero(high)
        return out
