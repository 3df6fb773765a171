"""Frames: the basis in which a reduced state is written.

A frame knows H_B and V as operators, the full spectrum of H_B, its own energy basis and how to trace out cells; what is
read from kets and density matrices in it is written once in `qsb.dynamics.readouts`.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from qsb.algebra.blocks import Blocks, Spectrum
from qsb.dynamics.representation import Array

#: energy levels closer than this, relative to the largest, count as one
LEVEL_TOLERANCE = 1e-9


class Operator(Protocol):
    """Something that multiplies kets."""

    def apply(self, psi: Array) -> Array:
        """Operator times a ket (D,)."""
        ...


@dataclass(frozen=True)
class Sparse:
    """A scipy-sparse (or dense) matrix as an `Operator`."""

    matrix: Any

    def apply(self, psi: Array) -> Array:
        """Matrix times ket or matrix."""
        return np.asarray(self.matrix @ psi)


@dataclass(frozen=True)
class EnergyBasis:
    """Eigenbasis of H_B inside the frame.

    Attributes:
        energies: energy of each basis state, (d,).
        to: maps kets (..., d) into the basis; None for the identity.
    """

    energies: NDArray[np.float64]
    to: Callable[[Array], Array] | None = None

    def ket(self, psi: Array) -> Array:
        """A batch of kets in the energy basis."""
        return psi if self.to is None else self.to(psi)

    def density(self, rho: Array) -> Array:
        """A batch of density matrices in the energy basis, U^+ rho U."""
        if self.to is None:
            return rho
        # rows first; for a Hermitian matrix (or its derivative) columns are the conjugate of rows
        half = self.to(np.swapaxes(rho, -1, -2))
        return np.conj(self.to(np.conj(np.swapaxes(half, -1, -2))))

    def groups(self) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
        """Distinct levels (L,), ascending, and the level of each basis state (d,)."""
        order = np.argsort(self.energies, kind="stable")
        e = self.energies[order]
        scale = max(float(np.abs(e).max()), 1e-300)
        new = np.concatenate([[True], np.diff(e) > LEVEL_TOLERANCE * scale])
        label = np.empty(len(e), dtype=np.int64)
        label[order] = np.cumsum(new) - 1
        return e[new], label


class Frame(Protocol):
    """A basis with what the readouts need from it."""

    @property
    def null(self) -> int:
        """Number of dimensions of the whole space on which every state of the frame vanishes."""
        ...

    @property
    def highest(self) -> dict[str, NDArray[np.int64]]:
        """States with a mode on its highest levels, by name of the check; none where nothing leads beyond them."""
        ...

    def battery(self) -> Operator:
        """H_B."""
        ...

    def charger(self) -> Operator:
        """V with all drives at unit envelope."""
        ...

    def levels(self) -> Spectrum:
        """All energy levels of H_B, on the whole space."""
        ...

    def extremes(self) -> tuple[float, float]:
        """Lowest and highest energy of H_B on the whole space."""
        ...

    def span(self) -> tuple[float, float]:
        """Lowest and highest eigenvalue of V on the whole space."""
        ...

    def energy_basis(self) -> EnergyBasis:
        """Eigenbasis of H_B within the frame."""
        ...

    def cells(self) -> tuple[Array, NDArray[np.float64]]:
        """Hamiltonians (C, d, d) and counts (C,) of the kinds of cells, in the order of `marginals`."""
        ...

    def subset_levels(self, subset: tuple[int, ...]) -> Spectrum:
        """Energy levels of the part of H_B that lies wholly inside the subset."""
        ...

    def subset_hamiltonian(self, subset: tuple[int, ...]) -> Blocks:
        """That part of H_B, in the decomposition of the reduced states."""
        ...

    def spectrum_ket(self, psi: Array, subset: tuple[int, ...]) -> Spectrum:
        """Eigenvalues (T, .) of the reduced states of kets (T, d)."""
        ...

    def energy_ket(self, psi: Array, subset: tuple[int, ...]) -> NDArray[np.float64]:
        """Energy (T,) of the part of H_B inside the subset in kets (T, d)."""
        ...

    def reduce_density(self, rho: Array, subset: tuple[int, ...]) -> Blocks:
        """Reduced states of density matrices (T, d, d)."""
        ...

    def marginals_ket(self, psi: Array) -> Array:
        """Cell states (T, C, 2, 2) of kets."""
        ...

    def marginals_density(self, rho: Array) -> Array:
        """Cell states (T, C, 2, 2) of density matrices."""
        ...


class SmallSubsets:
    """Spectrum and energy of a subset, for frames that have its state as small blocks (`reduce_ket`)."""

    @property
    def highest(self) -> dict[str, NDArray[np.int64]]:
        """None: no mode is cut."""
        return {}

    def reduce_ket(self, psi: Array, subset: tuple[int, ...]) -> Blocks:
        """Reduced states of kets (T, d)."""
        raise NotImplementedError

    def subset_hamiltonian(self, subset: tuple[int, ...]) -> Blocks:
        """The subset's part of H_B in the same blocks."""
        raise NotImplementedError

    def spectrum_ket(self, psi: Array, subset: tuple[int, ...]) -> Spectrum:
        """Eigenvalues of the state of the subset."""
        return self.reduce_ket(psi, subset).spectrum()

    def energy_ket(self, psi: Array, subset: tuple[int, ...]) -> NDArray[np.float64]:
        """Energy of the subset's own part of H_B."""
        return self.reduce_ket(psi, subset).expectation(self.subset_hamiltonian(subset))
