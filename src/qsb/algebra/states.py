"""Start states and their small representations: Bloch vectors, spin-coherent states, thermal states."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal, get_args

import numpy as np
from numpy.typing import NDArray

from qsb.algebra.copies import log_binomial
from qsb.errors import SpecError, StructureError

StartKind = Literal["ground", "down", "up", "thermal", "product", "state"]


@dataclass(frozen=True, eq=False)
class Start:
    """How a run begins.

    Attributes:
        kind: ``ground`` of the battery Hamiltonian (default), ``down``, ``up``, ``thermal`` (Gibbs state of
            the battery Hamiltonian), ``product`` (Bloch vectors), ``state`` (a ket or density matrix of the
            whole space).
        temperature: of a thermal start, in units of energy (k_B = 1).
        bloch: (3,) for all cells alike or (N, 3); length at most 1.
        array: (D,) ket or (D, D) density matrix.
    """

    kind: StartKind = "ground"
    temperature: float | None = None
    bloch: NDArray[np.float64] | None = None
    array: NDArray[Any] | None = None

    def __post_init__(self) -> None:
        """Refuse impossible states by name and value."""
        if self.kind not in get_args(StartKind):
            raise SpecError(f"A start is one of {', '.join(get_args(StartKind))}, but it is {self.kind!r}.")
        for kind, name in (("product", "bloch"), ("state", "array")):
            if self.kind == kind and getattr(self, name) is None:
                raise SpecError(f"A {kind} start needs {name}.")
        if self.kind == "thermal":
            t = self.temperature
            if t is None or not np.isfinite(t) or t <= 0:
                raise SpecError(f"A thermal start needs a positive finite temperature, but it is {t!r}.")
        if self.kind == "product":
            r = np.asarray(self.bloch, dtype=float)
            if r.shape[-1:] != (3,) or r.ndim > 2 or not np.all(np.isfinite(r)):
                raise SpecError(f"A product start needs finite Bloch vectors (3,) or (N, 3), but has {self.bloch!r}.")
            if np.any(np.linalg.norm(r, axis=-1) > 1 + 1e-12):
                raise SpecError("A Bloch vector is longer than 1: that is no state; shorten it.")
        if self.kind == "state":
            _check_state(np.asarray(self.array))

    @property
    def pure_by_kind(self) -> bool:
        """Whether the start is surely a ket."""
        if self.kind in ("ground", "down", "up"):
            return True
        if self.kind == "product":
            return bool(np.all(np.abs(np.linalg.norm(np.asarray(self.bloch), axis=-1) - 1) < 1e-12))
        return self.kind == "state" and np.asarray(self.array).ndim == 1


def _check_state(a: NDArray[Any]) -> None:
    if not np.all(np.isfinite(a)):
        raise SpecError("The start state holds NaN or infinity.")
    if a.ndim == 1:
        if abs(np.linalg.norm(a) - 1) > 1e-9:
            raise SpecError(f"The start ket must have norm 1, but its norm is {np.linalg.norm(a):.12g}.")
        return
    if a.ndim != 2 or a.shape[0] != a.shape[1]:
        raise SpecError(f"The start state must be a ket or a square matrix, but its shape is {a.shape}.")
    if np.abs(a - a.conj().T).max() > 1e-9:
        raise StructureError("The start density matrix is not Hermitian.")
    if abs(np.trace(a).real - 1) > 1e-9:
        raise SpecError(f"The start density matrix must have trace 1, but its trace is {np.trace(a).real:.12g}.")
    lowest = float(np.linalg.eigvalsh(a)[0])
    if lowest < -1e-9:
        raise StructureError(f"The start density matrix has a negative eigenvalue, {lowest:.3g}.")


def bloch_density(r: NDArray[np.float64]) -> NDArray[np.complex128]:
    """Density matrices (..., 2, 2) of Bloch vectors (..., 3)."""
    r = np.asarray(r, dtype=float)
    out = np.empty((*r.shape[:-1], 2, 2), dtype=complex)
    out[..., 0, 0] = (1 + r[..., 2]) / 2
    out[..., 1, 1] = (1 - r[..., 2]) / 2
    out[..., 0, 1] = (r[..., 0] - 1j * r[..., 1]) / 2
    out[..., 1, 0] = (r[..., 0] + 1j * r[..., 1]) / 2
    return out


def bloch_ket(r: NDArray[np.float64]) -> NDArray[np.complex128]:
    """Kets (..., 2) of unit Bloch vectors (..., 3), with a real non-negative larger component."""
    rho = bloch_density(r)
    up = rho[..., 0, 0].real >= 0.5
    column = np.where(up[..., None], rho[..., :, 0], rho[..., :, 1])
    return np.asarray(column / np.linalg.norm(column, axis=-1, keepdims=True))


def cell_ground(h: NDArray[np.complex128]) -> NDArray[np.complex128]:
    """Ground kets (C, 2) of cell Hamiltonians (C, 2, 2).

    Raises:
        StructureError: if a cell is degenerate, so that its ground state is not unique.
    """
    e, v = np.linalg.eigh(h)
    if np.any(e[:, 1] - e[:, 0] <= 1e-12 * np.maximum(np.abs(e).max(), 1e-300)):
        raise StructureError(
            "The ground level of the battery Hamiltonian is degenerate, so the ground state is not unique; name a "
            "start: "
            "'down', 'up', 'product' or 'thermal'."
        )
    ground = v[:, :, 0]
    # A smooth phase: real positive larger component, so that uniform cells give uniform kets.
    big = np.take_along_axis(ground, np.abs(ground).argmax(axis=1)[:, None], axis=1)
    return np.asarray(ground * (np.abs(big) / big))


def cell_gibbs(h: NDArray[np.complex128], temperature: float) -> NDArray[np.complex128]:
    """Gibbs states (C, 2, 2) of cell Hamiltonians (C, 2, 2)."""
    e, v = np.linalg.eigh(h)
    p = np.exp(-(e - e[:, :1]) / temperature)
    p /= p.sum(axis=1, keepdims=True)
    return np.asarray(np.einsum("cik,ck,cjk->cij", v, p, v.conj()))


def product_ket(kets: NDArray[np.complex128], count: int) -> NDArray[np.complex128]:
    """Tensor product (2^N,) of cell kets (N, 2), or of one ket (1, 2) repeated."""
    out = np.ones(1, dtype=complex)
    for i in range(count):
        out = np.kron(out, kets[i if len(kets) > 1 else 0])
    return out


def product_density(cells: NDArray[np.complex128], count: int) -> NDArray[np.complex128]:
    """Tensor product (2^N, 2^N) of cell states (N, 2, 2), or of one state repeated."""
    out = np.ones((1, 1), dtype=complex)
    for i in range(count):
        out = np.kron(out, cells[i if len(cells) > 1 else 0])
    return out


def spin_coherent(ket: NDArray[np.complex128], count: int) -> NDArray[np.complex128]:
    """The product of `count` equal cell kets in the Dicke basis m = N/2 .. -N/2: sqrt(C(N,k)) a^(N-k) b^k."""
    k = np.arange(count + 1)
    with np.errstate(divide="ignore"):
        la, lb = np.log(np.abs(ket[0])), np.log(np.abs(ket[1]))
    weight = 0.5 * log_binomial(count)
    with np.errstate(invalid="ignore"):
        weight = weight + np.where(count - k > 0, (count - k) * la, 0.0) + np.where(k > 0, k * lb, 0.0)
    phase = np.exp(1j * ((count - k) * np.angle(ket[0]) + k * np.angle(ket[1])))
    return np.asarray(np.exp(weight) * phase)
