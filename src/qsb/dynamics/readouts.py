"""Readouts of kets and density matrices, written once for every frame: from amplitudes to energies and spectra."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Protocol, runtime_checkable

import numpy as np
from numpy.typing import NDArray

from qsb.algebra import lapack
from qsb.algebra.blocks import Spectrum
from qsb.algebra.hermitian import unpack
from qsb.algebra.kernels import threads
from qsb.algebra.pauli import PauliSum
from qsb.dynamics.frame import Frame, Operator
from qsb.dynamics.representation import Array, Request
from qsb.dynamics.series import Value

#: states larger than this are checked for positivity only through their trace
POSITIVITY_LIMIT = 64
#: dimension from which spectra of several states are found side by side
THREADED_SPECTRUM = 128
#: kets up to this length are read in batches, longer ones each in one compiled pass
SHORT = 4096


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
    if "populations" in needs:
        out["energies"] = frame.energy_basis().groups()[0]
    return out


def group_levels(values: Array, label: NDArray[np.int64], count: int) -> NDArray[np.float64]:
    """Sum (T, d) over basis states of equal label, (T, count)."""
    out = np.zeros((values.shape[0], count))
    for t, row in enumerate(values):
        out[t] = np.bincount(label, weights=row, minlength=count)
    return out


@runtime_checkable
class Diagonal(Protocol):
    """An operator that reads a ket and its rate in one pass where it is diagonal."""

    def moments(self, x: Array, rate: Array) -> tuple[float, float, float]:
        """<O>, <O^2> and 2 Re <x|O|rate>."""
        ...


def read_energy(op: Operator, x: Array, unitary: Array) -> dict[str, Value]:
    """<H>, its variance and its rate 2 Re <x|H|dx/dt> in kets (T, d)."""
    if isinstance(op, PauliSum) and op.is_diagonal and x.shape[1] <= SHORT:
        weights, h = x.real**2 + x.imag**2, op.diagonal
        energy, square, power = weights @ h, weights @ h**2, 2 * (x.conj() * unitary).real @ h
    elif isinstance(op, Diagonal) and (op.is_diagonal if isinstance(op, PauliSum) else True):
        found = np.array([op.moments(v, u) for v, u in zip(x, unitary, strict=True)])
        energy, square, power = np.ascontiguousarray(found.T)
    else:
        hx = [op.apply(v) for v in x]
        energy = np.array([np.vdot(v, w).real for v, w in zip(x, hx, strict=True)])
        square = np.array([np.vdot(w, w).real for w in hx])
        power = np.array([2 * np.vdot(w, u).real for w, u in zip(hx, unitary, strict=True)])
    return {
        "energy": energy,
        "variance": np.maximum(square - energy**2, 0.0),
        "work_power": power,
        "heat_power": np.zeros_like(energy),
        "power": power,
    }


def read_variance(op: Operator, x: Array) -> NDArray[np.float64]:
    """Variance of an operator in kets (T, d)."""
    hx = [op.apply(v) for v in x]
    mean = np.array([np.vdot(v, w).real for v, w in zip(x, hx, strict=True)])
    square = np.array([np.vdot(w, w).real for w in hx])
    return np.asarray(np.maximum(square - mean**2, 0.0))


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
            out |= read_energy(frame.battery(), x, unitary)
        if "charger_variance" in needs:
            out["charger_variance"] = read_variance(frame.charger(), x)
        if "spectrum" in needs:
            out["spectrum"] = _pure_spectrum(x, frame.null)
        if "collective_passive" in needs:
            out["collective_passive"] = np.sum(np.abs(x) ** 2, axis=1) * frame.energy_basis().energies.min()
        if "populations" in needs or "pinched" in needs:
            self._populations(needs, x, unitary, out)
        if "marginals" in needs:
            out["marginals"] = frame.marginals_ket(x)
        if "reduced" in needs:
            out["reduced"] = frame.spectrum_ket(x, self.request.subset)
            out["reduced_energy"] = frame.energy_ket(x, self.request.subset)
        if "cut" in needs:
            out["cut"] = _entropy(frame.spectrum_ket(x, tuple(range(self.request.cut))))
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
        """Deviation of the norm from 1, and the population of the highest Fock states of each mode."""
        found = {"norm": max(abs(float(np.sqrt(np.vdot(v, v).real)) - 1) for v in x)}
        high = {name: np.abs(x[:, states]) ** 2 for name, states in self.frame.highest.items()}
        return found | {name: float(p.sum(axis=1).max()) for name, p in high.items()}


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


@dataclass(frozen=True)
class MixedReadout:
    """Readouts of density matrices (T, d, d) in a frame; real arrays are their real forms (`qsb.algebra.hermitian`)."""

    frame: Frame
    request: Request
    battery_matrix: Array
    charger_matrix: Array | None
    #: the states that were looked at last, and their eigenvalues: `check` and `observe` see the same batch
    _seen: list[tuple[Array, NDArray[np.float64]]] = field(
        default_factory=list, compare=False, repr=False, kw_only=True
    )

    @cached_property
    def _battery(self) -> tuple[Functional, Functional]:
        """tr[H_B .] and tr[H_B^2 .]."""
        h = self.battery_matrix
        return Functional.of(h), Functional.of(_square(h))

    @cached_property
    def _charger(self) -> tuple[Functional, Functional]:
        v = self.charger_matrix
        assert v is not None
        return Functional.of(v), Functional.of(_square(v))

    def observe(self, needs: frozenset[str], x: Array, unitary: Array, dissipative: Array) -> dict[str, Value]:
        """See `Readout`."""
        out: dict[str, Value] = {}
        frame = self.frame
        if needs & {"energy", "power", "variance"}:
            mean, square = self._battery
            energy, work, heat = mean(x), mean(unitary), mean(dissipative)
            out["energy"] = energy
            out["variance"] = np.maximum(square(x) - energy**2, 0.0)
            out |= {"work_power": work, "heat_power": heat, "power": work + heat}
        if "charger_variance" in needs:
            mean, square = self._charger
            out["charger_variance"] = np.maximum(square(x) - mean(x) ** 2, 0.0)
        if "spectrum" in needs:
            out["spectrum"] = padded(self._eigenvalues(x)[:, ::-1], frame.null)
        if "collective_passive" in needs:
            out["collective_passive"] = self._eigenvalues(x)[:, ::-1] @ np.sort(frame.energy_basis().energies)
        if not needs & {"populations", "pinched", "marginals", "reduced"}:
            return out
        rho = hermitian(x)
        if needs & {"populations", "pinched"}:
            self._populations(needs, rho, hermitian(unitary + dissipative), out)
        if "marginals" in needs:
            out["marginals"] = frame.marginals_density(rho)
        if "reduced" in needs:
            state = frame.reduce_density(rho, self.request.subset)
            out["reduced"] = state.spectrum()
            out["reduced_energy"] = state.expectation(frame.subset_hamiltonian(self.request.subset))
        return out

    def _eigenvalues(self, x: Array) -> NDArray[np.float64]:
        """Ascending eigenvalues (T, d), computed once for a batch."""
        if not self._seen or self._seen[0][0] is not x:
            self._seen[:] = [(x, hermitian_spectra(x))]
        return self._seen[0][1]

    def _populations(self, needs: frozenset[str], rho: Array, rate: Array, out: dict[str, Value]) -> None:
        basis = self.frame.energy_basis()
        energies, label = basis.groups()
        turned = basis.density(rho)
        out["populations"] = group_levels(np.einsum("tii->ti", turned).real, label, len(energies))
        out["population_rates"] = group_levels(np.einsum("tii->ti", basis.density(rate)).real, label, len(energies))
        if "pinched" in needs:
            masked = np.where(label[:, None] == label[None, :], turned, 0.0)
            out["pinched"] = padded(hermitian_spectra(masked)[:, ::-1], self.frame.null)

    def statics(self, needs: frozenset[str]) -> dict[str, Any]:
        """See `Readout`."""
        return {"pure": False, **statics(self.frame, self.request, needs)}

    def check(self, x: Array) -> dict[str, float]:
        """Deviations of trace and Hermiticity, the most negative eigenvalue, and the population of highest Fock states.

        A real form is always Hermitian.
        """
        # one number that is not finite makes the sum not finite, and no mask as long as the states is made
        if not np.isfinite(x.sum()):
            return {"trace": np.nan}
        trace = np.einsum("tii->t", x)
        out = {"trace": float(np.abs(trace - 1).max()), "hermiticity": 0.0}
        if np.iscomplexobj(x):
            out["hermiticity"] = float(max(np.abs(m - m.conj().T).max() for m in x))
        if x.shape[1] <= POSITIVITY_LIMIT or "spectrum" in self.request.needs:
            lowest = self._eigenvalues(x)[:, 0].min()
        else:
            lowest = hermitian_spectra(x[-1:])[0, 0]
        out["negativity"] = float(max(0.0, -lowest))
        if self.frame.highest:
            p = np.einsum("tii->ti", x).real
            out |= {name: float(p[:, s].sum(axis=1).max()) for name, s in self.frame.highest.items()}
        return out


@dataclass(frozen=True)
class Functional:
    """rho -> tr[A rho] of a Hermitian A: a diagonal, or the few entries that are not zero."""

    rows: NDArray[np.int64]
    columns: NDArray[np.int64]
    values: Array

    @classmethod
    def of(cls, a: Array) -> Functional:
        """Keep what is not zero."""
        rows, columns = np.nonzero(a)
        return cls(rows, columns, a[rows, columns])

    def __call__(self, x: Array) -> NDArray[np.float64]:
        """Values (T,) of matrices (T, d, d) or of real forms."""
        if np.iscomplexobj(x):
            return np.asarray((x[:, self.columns, self.rows] @ self.values).real)
        # tr[A rho] = sum Re A Re rho + Im A Im rho, and Re A is symmetric, Im A antisymmetric: the packed A does it
        return np.asarray(x[:, self.rows, self.columns] @ (self.values.real + self.values.imag))


def _square(a: Array) -> Array:
    """A @ A, without a product of matrices where A is diagonal."""
    d = np.diagonal(a)
    return np.diag(d * d) if not np.any(a - np.diag(d)) else np.asarray(a @ a)


def hermitian(x: Array) -> Array:
    """Density matrices from themselves or from their real forms."""
    return x if np.iscomplexobj(x) else unpack(x)


def hermitian_spectra(x: Array) -> NDArray[np.float64]:
    """Ascending eigenvalues (T, d) of Hermitian matrices or real forms (T, d, d), two at a time where they are large.

    Two diagonalisations side by side beat one on two threads.
    """
    count, d = x.shape[:2]

    def one(m: Array) -> Array:
        return np.asarray(np.linalg.eigvalsh(hermitian(m)))

    if d < THREADED_SPECTRUM or count == 1:
        room = max(1, 2**22 // (16 * d * d))
        return np.concatenate([one(x[k : k + room]) for k in range(0, count, room)])
    return np.array(list(threads.each(lambda m: lapack.eigenvalues(np.array(hermitian(m), order="C")), list(x))))
