"""Frames: the basis in which a reduced state is written, and the readouts of kets and density matrices in it.

A frame knows H_B and V as operators, the full spectrum of H_B, its own energy basis and how to trace out
cells. `PureReadout` and `MixedReadout` are written once for every frame.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
import scipy.sparse.linalg as spla
from numpy.typing import NDArray

from qsb.algebra.blocks import Blocks, Spectrum
from qsb.dynamics.representation import Array, Request
from qsb.dynamics.series import Value

#: energy levels closer than this, relative to the largest, count as one
LEVEL_TOLERANCE = 1e-9
#: states larger than this are checked for positivity only through their trace
POSITIVITY_LIMIT = 64


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

    def reduce_ket(self, psi: Array, subset: tuple[int, ...]) -> Blocks:
        """Reduced states of kets (T, d)."""
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


def statics(frame: Frame, request: Request, needs: frozenset[str]) -> dict[str, Any]:
    """Readouts that do not depend on the state."""
    out: dict[str, Any] = {}
    if "extremes" in needs or "levels" in needs:
        out["extremes"] = frame.extremes()
    if "levels" in needs:
        out["levels"] = frame.levels()
    if "span" in needs:
        out["span"] = frame.span()
    if "marginals" in needs:
        out["cells"], out["counts"] = frame.cells()
    if "reduced" in needs:
        out["reduced_levels"] = frame.subset_levels(request.subset)
        out["reduced_hamiltonian"] = frame.subset_hamiltonian(request.subset)
    if "populations" in needs:
        out["energies"] = frame.energy_basis().groups()[0]
    return out


def group_levels(values: Array, label: NDArray[np.int64], count: int) -> NDArray[np.float64]:
    """Sum (T, d) over basis states of equal label, (T, count)."""
    out = np.zeros((values.shape[0], count))
    for t, row in enumerate(values):
        out[t] = np.bincount(label, weights=row, minlength=count)
    return out


def _inner(a: Array, b: Array) -> NDArray[np.float64]:
    return np.asarray(np.einsum("ti,ti->t", a.conj(), b).real)


@dataclass(frozen=True)
class PureReadout:
    """Readouts of kets (T, d) in a frame."""

    frame: Frame
    request: Request

    def observe(self, needs: frozenset[str], x: Array, unitary: Array, dissipative: Array) -> dict[str, Value]:
        """See `Readout`."""
        out: dict[str, Value] = {}
        frame = self.frame
        if needs & {"energy", "power", "variance"}:
            hx = np.array([frame.battery().apply(v) for v in x])
            energy = _inner(x, hx)
            out["energy"] = energy
            out["variance"] = np.maximum(_inner(hx, hx) - energy**2, 0.0)
            out["work_power"] = 2 * _inner(hx, unitary)
            out["heat_power"] = np.zeros_like(energy)
            out["power"] = out["work_power"]
        if "charger_variance" in needs:
            vx = np.array([frame.charger().apply(v) for v in x])
            out["charger_variance"] = np.maximum(_inner(vx, vx) - _inner(x, vx) ** 2, 0.0)
        if "spectrum" in needs:
            out["spectrum"] = _pure_spectrum(x, frame.null)
        if "populations" in needs or "pinched" in needs:
            self._populations(needs, x, unitary, out)
        if "marginals" in needs:
            out["marginals"] = frame.marginals_ket(x)
        if "reduced" in needs:
            _read_subset(out, frame.reduce_ket(x, self.request.subset), frame, self.request)
        if "cut" in needs:
            out["cut"] = _entropy(frame.reduce_ket(x, tuple(range(self.request.cut))).spectrum())
        return out

    def _populations(self, needs: frozenset[str], x: Array, unitary: Array, out: dict[str, Value]) -> None:
        basis = self.frame.energy_basis()
        energies, label = basis.groups()
        psi, rate = basis.ket(x), basis.ket(unitary)
        p = group_levels(np.abs(psi) ** 2, label, len(energies))
        out["populations"] = p
        out["population_rates"] = group_levels(2 * (psi.conj() * rate).real, label, len(energies))
        if "pinched" in needs:
            # |psi> pinched is a mixture of its normalised projections, which are orthogonal.
            zeros = x.shape[1] + self.frame.null - len(energies)
            out["pinched"] = padded(p, zeros)

    def statics(self, needs: frozenset[str]) -> dict[str, Any]:
        """See `Readout`."""
        return {"pure": True, **statics(self.frame, self.request, needs)}

    def check(self, x: Array) -> dict[str, float]:
        """Deviation of the norm from 1."""
        return {"norm": float(np.abs(np.linalg.norm(x, axis=1) - 1).max())}


def _pure_spectrum(x: Array, null: int) -> Spectrum:
    norms = np.sum(np.abs(x) ** 2, axis=1)[:, None]
    return padded(norms, x.shape[1] - 1 + null)


def padded(values: NDArray[np.float64], zeros: int) -> Spectrum:
    """Eigenvalues (T, K) of multiplicity one, and `zeros` further zeros."""
    if zeros == 0:
        return Spectrum.simple(values)
    wide = np.concatenate([values, np.zeros((len(values), 1))], axis=1)
    return Spectrum.counted(wide, (1,) * values.shape[1] + (zeros,))


def _entropy(s: Spectrum) -> NDArray[np.float64]:
    v = np.clip(s.values, 1e-300, None)
    return np.asarray(-np.sum(np.where(s.values > 0, s.weights() * np.log(v), 0.0), axis=-1))


def _read_subset(out: dict[str, Value], state: Blocks, frame: Frame, request: Request) -> None:
    out["reduced"] = state.spectrum()
    out["reduced_energy"] = state.expectation(frame.subset_hamiltonian(request.subset))


@dataclass(frozen=True)
class MixedReadout:
    """Readouts of density matrices (T, d, d) in a frame."""

    frame: Frame
    request: Request
    battery_matrix: Array
    charger_matrix: Array | None

    def observe(self, needs: frozenset[str], x: Array, unitary: Array, dissipative: Array) -> dict[str, Value]:
        """See `Readout`."""
        out: dict[str, Value] = {}
        frame = self.frame
        if needs & {"energy", "power", "variance"}:
            h = self.battery_matrix
            energy, work, heat = _trace(h, x), _trace(h, unitary), _trace(h, dissipative)
            out["energy"] = energy
            out["variance"] = np.maximum(_trace(h @ h, x) - energy**2, 0.0)
            out |= {"work_power": work, "heat_power": heat, "power": work + heat}
        if "charger_variance" in needs:
            v = self.charger_matrix
            assert v is not None
            out["charger_variance"] = np.maximum(_trace(v @ v, x) - _trace(v, x) ** 2, 0.0)
        if "spectrum" in needs:
            out["spectrum"] = padded(np.linalg.eigvalsh(x)[:, ::-1], frame.null)
        if "populations" in needs or "pinched" in needs:
            self._populations(needs, x, unitary + dissipative, out)
        if "marginals" in needs:
            out["marginals"] = frame.marginals_density(x)
        if "reduced" in needs:
            _read_subset(out, frame.reduce_density(x, self.request.subset), frame, self.request)
        return out

    def _populations(self, needs: frozenset[str], x: Array, rate: Array, out: dict[str, Value]) -> None:
        basis = self.frame.energy_basis()
        energies, label = basis.groups()
        rho = basis.density(x)
        out["populations"] = group_levels(np.einsum("tii->ti", rho).real, label, len(energies))
        out["population_rates"] = group_levels(np.einsum("tii->ti", basis.density(rate)).real, label, len(energies))
        if "pinched" in needs:
            masked = np.where(label[:, None] == label[None, :], rho, 0.0)
            out["pinched"] = padded(np.linalg.eigvalsh(masked)[:, ::-1], self.frame.null)

    def statics(self, needs: frozenset[str]) -> dict[str, Any]:
        """See `Readout`."""
        return {"pure": False, **statics(self.frame, self.request, needs)}

    def check(self, x: Array) -> dict[str, float]:
        """Deviations of trace and Hermiticity, and the most negative eigenvalue."""
        if not np.isfinite(x).all():
            return {"trace": np.nan}
        trace = np.einsum("tii->t", x)
        out = {
            "trace": float(np.abs(trace - 1).max()),
            "hermiticity": float(np.abs(x - x.conj().swapaxes(1, 2)).max()),
        }
        looked = x if x.shape[1] <= POSITIVITY_LIMIT else x[-1:]
        out["negativity"] = float(max(0.0, -np.linalg.eigvalsh(looked).min()))
        return out


def _trace(a: Array, x: Array) -> NDArray[np.float64]:
    return np.asarray(np.einsum("ij,tji->t", a, x, optimize=True).real)


def spectral_bounds(op: Operator, dimension: int, safe: tuple[float, float] | None = None) -> tuple[float, float]:
    """Bounds of a Hermitian operator's spectrum: Lanczos estimates widened by their residuals, within `safe`."""
    rng = np.random.default_rng(7)
    v = rng.normal(size=dimension) + 1j * rng.normal(size=dimension)
    v /= np.linalg.norm(v)
    alpha: list[float] = []
    beta: list[float] = []
    previous = np.zeros_like(v)
    for _ in range(min(40, dimension)):
        w = op.apply(v)
        alpha.append(float(np.vdot(v, w).real))
        w = w - alpha[-1] * v - (beta[-1] * previous if beta else 0.0)
        b = float(np.linalg.norm(w))
        beta.append(b)
        if b < 1e-10:
            break
        previous, v = v, w / b
    k = len(alpha)
    t = np.diag(alpha) + np.diag(beta[: k - 1], 1) + np.diag(beta[: k - 1], -1)
    e, u = np.linalg.eigh(t)
    margin = 0.02 * (e[-1] - e[0]) + 1e-9
    low = float(e[0] - beta[k - 1] * abs(u[-1, 0]) - margin)
    high = float(e[-1] + beta[k - 1] * abs(u[-1, -1]) + margin)
    if safe is not None:
        low, high = max(low, safe[0]), min(high, safe[1])
    return low, high


def exact_extremes(op: Operator, dimension: int) -> tuple[float, float]:
    """Lowest and highest eigenvalue of a Hermitian operator, by Lanczos to 1e-10 (dense below dimension 65)."""
    if dimension <= 64:
        e = np.linalg.eigvalsh(np.array([op.apply(v) for v in np.eye(dimension, dtype=complex)]).T)
        return float(e[0]), float(e[-1])
    linear = spla.LinearOperator(
        (dimension, dimension), matvec=lambda v: op.apply(np.asarray(v, dtype=complex).ravel()), dtype=complex
    )
    start = np.random.default_rng(11).normal(size=dimension).astype(complex)
    low = spla.eigsh(linear, k=1, which="SA", return_eigenvectors=False, tol=1e-10, v0=start, maxiter=20000)
    high = spla.eigsh(linear, k=1, which="LA", return_eigenvectors=False, tol=1e-10, v0=start, maxiter=20000)
    return float(low[0]), float(high[0])
