"""The full frame: every configuration of every site, 2^N for spins."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from qsb.algebra import build, reduced
from qsb.algebra import structure as read
from qsb.algebra.blocks import Blocks, Spectrum
from qsb.algebra.opsum import OpSum
from qsb.algebra.pauli import PauliSum
from qsb.algebra.quartic import PairSum
from qsb.algebra.space import Boson, Space
from qsb.algebra.terms import Matrix, Word
from qsb.charging.problem import Problem
from qsb.dynamics import charged
from qsb.dynamics.frame import EnergyBasis, Operator, Sparse
from qsb.dynamics.lanczos import exact_extremes
from qsb.dynamics.representation import Array
from qsb.errors import PlanError

#: largest space whose interacting battery Hamiltonian is diagonalised in full
DENSE_LIMIT = 4096


def operator(op: OpSum, space: Space) -> Operator:
    """Matrix-free where the terms are named spin operators or four-fermion ones, a sparse matrix otherwise."""
    if space.spins_only and op.quartic and not op.opaque:
        return PairSum.of(op, space)
    if space.spins_only and not op.opaque:
        return PauliSum.of(op, space)
    return Sparse(build.csr(op, space))


def diagonal_of(op: Operator) -> NDArray[np.float64] | None:
    """The diagonal of an operator that has nothing else; None of others."""
    if isinstance(op, PauliSum):
        return op.diagonal if op.is_diagonal else None
    m = op.matrix.tocoo() if isinstance(op, Sparse) else None
    if m is not None and np.all(m.row == m.col):
        return np.asarray(op.matrix.diagonal().real)  # type: ignore[attr-defined]
    return None


@dataclass(frozen=True)
class FullFrame:
    """Readouts in the product basis; site 0 is the most significant index."""

    problem: Problem
    null: int = 0

    @property
    def space(self) -> Space:
        """The sites."""
        return self.problem.battery.space

    @property
    def charged(self) -> bool:
        """Whether the battery is a part of the space, so that its state is a partial trace."""
        return self.problem.structure.charged

    @property
    def meter(self) -> OpSum:
        """H_B on the battery's own sites."""
        return self.problem.meter

    @property
    def cells_space(self) -> Space:
        """The battery's own sites."""
        return self.problem.cells_space

    @cached_property
    def _one_body(self) -> bool:
        return self.problem.structure.battery_one_body

    @cached_property
    def _meter(self) -> Operator:
        return operator(self.meter, self.cells_space) if self.charged else self._battery

    @cached_property
    def _battery(self) -> Operator:
        return operator(self.problem.battery.battery, self.space)

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
        return operator(self.charger_sum, self.space)

    def charger(self) -> Operator:
        """V."""
        return self._charger

    @cached_property
    def _diagonal(self) -> NDArray[np.float64] | None:
        return diagonal_of(self._meter)

    @cached_property
    def _dense_eigen(self) -> tuple[NDArray[np.float64], Array]:
        if self.cells_space.dimension > DENSE_LIMIT:
            raise PlanError(
                f"The levels of an interacting H_B on {self.cells_space.dimension} dimensions need a full "
                "diagonalisation, allowed up to "
                f"{DENSE_LIMIT}; ask for figures that do not need them, or fewer cells.",
                16 * self.cells_space.dimension**2,
            )
        e, u = np.linalg.eigh(build.dense(self.meter, self.cells_space))
        return e, u

    def energy_basis(self) -> EnergyBasis:
        """Diagonal H_B: the frame itself; sum over cells: local rotations; otherwise a dense diagonalisation."""
        return self._energy_basis

    @cached_property
    def _energy_basis(self) -> EnergyBasis:
        if self._diagonal is not None:
            return EnergyBasis(self._diagonal)
        if self._one_body:
            h = read.cell_matrices(self.meter, self.cells_space)
            e, u = np.linalg.eigh(h)
            return EnergyBasis(_sum_levels(e, self.cells_space.sites), _local_rotation(u, self.cells_space.sites))
        e2, u2 = self._dense_eigen
        return EnergyBasis(e2, lambda psi: np.asarray(psi @ u2.conj()))

    def levels(self) -> Spectrum:
        """Energy levels of H_B, with multiplicities where they are binomial."""
        if self._one_body:
            h = read.cell_matrices(self.meter, self.cells_space)
            return _one_body_levels(np.asarray(np.linalg.eigvalsh(h), dtype=np.float64), self.cells_space.sites)
        if self._diagonal is not None:
            return Spectrum.simple(np.sort(self._diagonal))
        return Spectrum.simple(self._dense_eigen[0])

    def extremes(self) -> tuple[float, float]:
        """Lowest and highest energy of H_B."""
        if self._one_body:
            return read_extremes(self.meter, self.cells_space)
        if self._diagonal is not None:
            return float(self._diagonal.min()), float(self._diagonal.max())
        return exact_extremes(self._meter, self.cells_space.dimension)

    def span(self) -> tuple[float, float]:
        """Lowest and highest eigenvalue of V."""
        if self.problem.structure.spins and read.is_one_body(self.charger_sum, self.space):
            return read_extremes(self.charger_sum, self.space)
        if not self.charger_sum:
            return 0.0, 0.0
        return exact_extremes(self._charger, self.space.dimension)

    def cells(self) -> tuple[Array, NDArray[np.float64]]:
        """One Hamiltonian a cell, each counted once."""
        h = read.cell_matrices(self.meter, self.cells_space)
        n = self.cells_space.sites
        return np.asarray(np.broadcast_to(h, (n, 2, 2))), np.ones(n)

    # -- subsets ------------------------------------------------------------------------------------------------------

    def _inside(self, subset: tuple[int, ...]) -> tuple[OpSum, Space]:
        """Terms of H_B wholly inside the subset, on a space of just those cells."""
        place = {site: k for k, site in enumerate(subset)}
        words = []
        for c, factors in self.problem.battery.battery.words(self.space):
            acting = tuple((s, o) for s, o in factors if o != "i")
            if all(s in place for s, _ in acting):
                words.append(Word(c, tuple((place[s], o) for s, o in acting)))
        return OpSum(tuple(words)), Space.spins(len(subset))

    def subset_hamiltonian(self, subset: tuple[int, ...]) -> Blocks:
        """Dense H_B of the subset."""
        op, space = self._inside(subset)
        return Blocks.dense(build.dense(op, space))

    def _inside_diagonal(self, subset: tuple[int, ...]) -> NDArray[np.float64] | None:
        """Diagonal of that part, if it has nothing else."""
        op, space = self._inside(subset)
        inside = PauliSum.of(op, space)
        return inside.diagonal if inside.is_diagonal else None

    def subset_levels(self, subset: tuple[int, ...]) -> Spectrum:
        """Its levels."""
        diagonal = self._inside_diagonal(subset)
        if diagonal is not None:
            return Spectrum.simple(np.sort(diagonal))
        op, space = self._inside(subset)
        return Spectrum.simple(np.linalg.eigvalsh(build.dense(op, space)))

    def spectrum_ket(self, psi: Array, subset: tuple[int, ...]) -> Spectrum:
        """Eigenvalues of the partial trace over all other sites."""
        return reduced.spectra(psi, self.space.dimensions(), subset)

    def energy_ket(self, psi: Array, subset: tuple[int, ...]) -> NDArray[np.float64]:
        """Energy of the part of H_B inside the subset: a weighted sum of |psi|^2 where that part is diagonal."""
        weights = self._inside_diagonal(subset)
        out = np.empty(len(psi))
        for t, ket in enumerate(psi):
            m = reduced.matrix(ket, self.space.dimensions(), subset)
            if weights is not None:
                out[t] = weights @ reduced.row_weights(m)
            else:
                (h,) = self.subset_hamiltonian(subset).blocks
                out[t] = np.vdot(m, np.asarray(h) @ m).real
        return out

    def reduce_density(self, rho: Array, subset: tuple[int, ...]) -> Blocks:
        """Partial trace over all other sites."""
        return Blocks.dense(partial_density(rho, self.space.dimensions(), subset))

    def marginals_ket(self, psi: Array) -> Array:
        """State of each cell."""
        if not self.charged:
            return reduced.cells(psi, self.space.sites)
        dims = self.space.dimensions()
        return np.stack([_partial(psi, dims, (i,)) for i in self.space.sites_of("battery")], axis=1)

    def marginals_density(self, rho: Array) -> Array:
        """State of each cell."""
        dims = self.space.dimensions()
        return np.stack([partial_density(rho, dims, (i,)) for i in self.space.sites_of("battery")], axis=1)

    # -- the battery beside a charger ---------------------------------------------------------------------------------

    def factor(self, psi: Array) -> Array:
        """Kets (T, D) as matrices (T, battery, charger)."""
        return np.array([_split(ket, self.space.dimensions(), self.space.sites_of("battery")) for ket in psi])

    def spectrum(self, psi: Array) -> Spectrum:
        """Eigenvalues of the battery's states, of kets (T, D)."""
        return charged.battery_spectrum(self.factor(psi), self.null)

    def battery_density(self, rho: Array) -> Array:
        """The battery's states (T, d, d): all charger sites traced out."""
        return partial_density(rho, self.space.dimensions(), self.space.sites_of("battery"))

    def battery_marginals(self, rho: Array) -> Array:
        """State of each cell of battery states."""
        dims = self.cells_space.dimensions()
        return np.stack([partial_density(rho, dims, (i,)) for i in range(len(dims))], axis=1)

    def battery_subset(self, rho: Array, subset: tuple[int, ...]) -> Blocks:
        """State of some cells of battery states."""
        sites = self.space.sites_of("battery")
        inside = tuple(sites.index(i) for i in subset)
        return Blocks.dense(partial_density(rho, self.cells_space.dimensions(), inside))

    @cached_property
    def highest(self) -> dict[str, NDArray[np.int64]]:
        """States with a mode on its highest levels, where terms may lead beyond them."""
        from qsb.dynamics.reached import may_leak

        modes = any(isinstance(g.kind, Boson) for g in self.space.groups)
        return charged.highest(self.problem) if modes and may_leak(self.problem) else {}


def _partial(psi: Array, dims: tuple[int, ...], subset: tuple[int, ...]) -> Array:
    """Reduced states (T, d, d) of kets (T, D)."""
    out = []
    for ket in psi:
        m = _split(ket, dims, subset)
        out.append(m @ m.conj().T)
    return np.array(out)


def _split(ket: Array, dims: tuple[int, ...], subset: tuple[int, ...]) -> Array:
    """A ket as a matrix (d, D/d): the sites of the subset against all others."""
    rest = [i for i in range(len(dims)) if i not in subset]
    kept = int(np.prod([dims[i] for i in subset]))
    return ket.reshape(dims).transpose([*subset, *rest]).reshape(kept, -1)


def partial_density(rho: Array, dims: tuple[int, ...], subset: tuple[int, ...]) -> Array:
    """Reduced states (T, d, d) of density matrices (T, D, D)."""
    n = len(dims)
    rest = [i for i in range(n) if i not in subset]
    kept = int(np.prod([dims[i] for i in subset]))
    axes = [
        0,
        *(1 + i for i in subset),
        *(1 + i for i in rest),
        *(1 + n + i for i in subset),
        *(1 + n + i for i in rest),
    ]
    m = rho.reshape(len(rho), *dims, *dims).transpose(axes)
    m = m.reshape(len(rho), kept, rho.shape[1] // kept, kept, rho.shape[1] // kept)
    return np.asarray(np.einsum("tarbr->tab", m))


def _sum_levels(e: NDArray[np.float64], sites: int) -> NDArray[np.float64]:
    """All 2^N sums of cell energies, in the product order."""
    total = np.zeros(1)
    for i in range(sites):
        total = (total[:, None] + e[i if len(e) > 1 else 0][None, :]).ravel()
    return total


def _one_body_levels(e: NDArray[np.float64], sites: int) -> Spectrum:
    if len(e) == 1 and sites > 1:
        k = np.arange(sites + 1)
        from math import comb

        return Spectrum.counted((sites - k) * e[0, 0] + k * e[0, 1], [comb(sites, int(i)) for i in k])
    return Spectrum.simple(np.sort(_sum_levels(e, sites)))


def _local_rotation(u: Array, sites: int) -> Callable[[Array], Array]:
    """Kets (..., 2^N) into the eigenbasis of each cell: multiply every axis by its u^+."""

    def rotate(psi: Array) -> Array:
        lead = psi.shape[:-1]
        x = psi.reshape(-1, *([2] * sites))
        for i in range(sites):
            x = np.moveaxis(np.tensordot(u[i if len(u) > 1 else 0].conj().T, x, axes=(1, 1 + i)), 0, 1 + i)
        return np.asarray(x.reshape(*lead, -1))

    return rotate


def read_extremes(op: OpSum, space: Space) -> tuple[float, float]:
    """Lowest and highest eigenvalue of a sum over cells."""
    e = np.linalg.eigvalsh(read.cell_matrices(op, space))
    times = space.sites if len(e) == 1 else 1
    return float(times * e[:, 0].sum()), float(times * e[:, 1].sum())


def is_opaque(problem: Problem) -> bool:
    """Whether H_B itself is a user's matrix, so that nothing is known of its cells."""
    return any(isinstance(t, Matrix) for t in problem.battery.battery.active)
