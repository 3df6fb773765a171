r"""Golden-rule rates between the levels of a small system, each operator A_i coupled to its own bath.

Every operator A_i couples to its own bath at temperature T. Second-order (golden-rule, secular) rates
between the eigenstates of the Hamiltonian, at the actual transition frequencies:

.. math:: \Gamma_{a\to b} = \sum_i |\langle b|A_i|a\rangle|^2\, S(E_a - E_b), \qquad
          S(\omega) = \gamma\,\frac{\omega\,|\omega|^{s-1}}{1 - e^{-\omega/T}}, \qquad
          S(-\omega) = e^{-\omega/T} S(\omega).

Levels closer than a resolution count as one: transitions between levels are summed over the final states of a
level, coherence within a level is kept, coherence between levels is dropped (Breuer and Petruccione, The
Theory of Open Quantum Systems, section 3.3). Units: hbar = k_B = 1.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import exprel

from qsb.errors import SpecError, StructureError

Array = NDArray[np.float64]


@dataclass(frozen=True)
class Levels:
    """Eigenstates of a Hamiltonian grouped into levels, and the jump operators between them.

    Attributes:
        energies: (D,) eigenvalues, ascending.
        states: (D, D) eigenvectors in columns.
        jumps: (M, D, D) the operators A_i in that basis, ``jumps[i, b, a] = <b|A_i|a>``.
        starts: (L + 1,) first eigenstate of every level, and D.
    """

    energies: Array
    states: NDArray[Any]
    jumps: NDArray[Any]
    starts: NDArray[np.int64]

    @property
    def multiplicity(self) -> NDArray[np.int64]:
        """(L,) number of eigenstates in each level."""
        return np.diff(self.starts)

    @property
    def centre(self) -> Array:
        """(L,) mean energy of each level, in the Hamiltonian's unit."""
        return np.add.reduceat(self.energies, self.starts[:-1]) / self.multiplicity


@dataclass(frozen=True)
class Decay:
    """How a state loses its energy to the baths, once coherence between levels is gone.

    Attributes:
        name: which state.
        stored_energy: <H> above the ground energy.
        escape: total rate out of the levels that the state occupies (1/time).
        loss: net -dE/dt, energy given to the baths less energy taken from them; negative where the baths
            heat.
        emitted: energy given to the baths per time, without what is taken back.
        rate: loss / stored_energy (1/time), nan if nothing is stored.
        emission_rate: emitted / stored_energy (1/time).
    """

    name: str
    stored_energy: float
    escape: float
    loss: float
    emitted: float

    @property
    def rate(self) -> float:
        """Net relaxation rate: the fraction of the stored energy lost per time."""
        return self.loss / self.stored_energy if self.stored_energy > 0 else math.nan

    @property
    def emission_rate(self) -> float:
        """The fraction of the stored energy given to the baths per time."""
        return self.emitted / self.stored_energy if self.stored_energy > 0 else math.nan

    def to_dict(self) -> dict[str, Any]:
        """The fields and the two rates as plain data; a rate that is not defined becomes None."""
        rates = {"rate": self.rate, "emission_rate": self.emission_rate}
        return {**asdict(self), **{name: None if math.isnan(r) else r for name, r in rates.items()}}


def bath_spectrum(frequency: ArrayLike, *, rate: float, temperature: float, exponent: float = 1.0) -> Array:
    r"""Noise spectrum S(w) of a bosonic bath at temperature T; w > 0 is energy given to the bath.

    .. math:: S(\omega) = \gamma\,|\omega|^{s-1}\,\frac{\omega}{1 - e^{-\omega/T}}

    s = 1 is ohmic with S(0) = rate * T, s > 1 super-ohmic with S(0) = 0, s = 0 a flat spectral density
    (S = rate * (nbar + 1) for emission, rate * nbar for absorption). At T = 0: S = rate * w^s for w > 0, else
    0.

    Args:
        frequency: w, any shape, unit of energy (hbar = 1).
        rate: the factor gamma; unit energy^(1 - s), so dimensionless for an ohmic bath.
        temperature: T >= 0 in units of energy (k_B = 1).
        exponent: s >= 0.

    Returns:
        S with the shape of ``frequency``; unit 1/time.

    Raises:
        SpecError: a negative or non-finite rate, temperature, exponent, or a frequency that is not finite.
        StructureError: S(0) asked of a bath with s < 1 at T > 0, where it diverges.
    """
    for name, value in (("rate", rate), ("temperature", temperature), ("exponent", exponent)):
        if not (math.isfinite(value) and value >= 0):
            raise SpecError(f"{name} of the bath is {value}: give a finite number that is not negative")
    w = np.asarray(frequency, dtype=np.float64)
    if not np.isfinite(w).all():
        raise SpecError("a transition frequency is not finite")
    size = np.abs(w)
    if exponent < 1 and rate > 0 and temperature > 0 and (size == 0).any():
        raise StructureError(f"S(0) diverges for exponent {exponent} < 1 at temperature {temperature}: use s >= 1")
    emission = np.maximum(w, 0.0)
    if temperature > 0:
        with np.errstate(over="ignore"):
            x = np.clip(w / temperature, -700.0, 700.0)
        emission = np.where(x >= 700.0, w, temperature / exprel(-x))
    shape = np.where(size > 0, size, 1.0) ** (exponent - 1)
    at_zero = temperature if exponent == 1 else 0.0
    return np.asarray(rate * np.where(size > 0, shape * emission, at_zero), dtype=np.float64)


def levels(hamiltonian: ArrayLike, operators: ArrayLike, resolution: float | None = None) -> Levels:
    """Diagonalise H, group its eigenvalues and take the jump operators to the eigenbasis.

    Args:
        hamiltonian: (D, D) Hermitian.
        operators: (M, D, D) Hermitian operators A_i, one for each bath.
        resolution: eigenvalues whose distance to the next is at most this form one level; unit of energy.
            Golden-rule rates need levels that are far apart compared with the rates themselves. Default:
            1e-10 of the span.

    Returns:
        `Levels`.

    Raises:
        SpecError: shapes that do not fit or values that are not finite.
        StructureError: H or an operator is not Hermitian.
    """
    h, a = np.asarray(hamiltonian), np.asarray(operators)
    if h.ndim != 2 or h.shape[0] != h.shape[1] or a.ndim != 3 or a.shape[1:] != h.shape:
        raise SpecError(f"H must be (D, D) and the operators (M, D, D), but the shapes are {h.shape} and {a.shape}")
    if not (np.isfinite(h).all() and np.isfinite(a).all()):
        raise SpecError("H or an operator has a value that is not finite")
    for name, matrix in (("H", h), ("an operator", a)):
        off = np.abs(matrix - matrix.conj().swapaxes(-1, -2)).max(initial=0.0)
        if off > 1e-10 * max(1.0, np.abs(matrix).max(initial=0.0)):
            raise StructureError(f"{name} is not Hermitian: golden-rule rates need observables")
    energies, states = np.linalg.eigh(h)
    width = 1e-10 * float(energies[-1] - energies[0]) if resolution is None else float(resolution)
    if not (math.isfinite(width) and width >= 0):
        raise SpecError(f"resolution is {resolution}: give a finite energy that is not negative")
    starts = np.concatenate([[0], np.flatnonzero(np.diff(energies) > width) + 1, [energies.size]])
    jumps = states.conj().T @ (a @ states)
    # a forbidden move is 0, not the rounding of the eigenvectors
    jumps[np.abs(jumps) < 1e-13 * np.abs(a).max(initial=0.0)] = 0.0
    return Levels(energies, states, jumps, starts.astype(np.int64))


def level_rates(found: Levels, *, rate: float, temperature: float, exponent: float = 1.0) -> Array:
    r"""Generator of the level populations, :math:`\dot p = G p`, initial states averaged over their level.

    .. math:: G_{BA} = \frac{1}{g_A}\sum_{a\in A,\,b\in B,\,i}
              |\langle b|A_i|a\rangle|^2 S(E_A - E_B), \quad B \ne A

    and columns that sum to 0. Detailed balance: :math:`g_A G_{BA} = g_B G_{AB}\, e^{(E_A - E_B)/T}`.

    Args:
        found: from `levels`.
        rate: strength of the baths, see `bath_spectrum`.
        temperature: of all baths.
        exponent: of the spectral density.

    Returns:
        (L, L) array, unit 1/time.
    """
    weight = (np.abs(found.jumps) ** 2).sum(axis=0)
    first = found.starts[:-1]
    between = np.add.reduceat(np.add.reduceat(weight, first, axis=0), first, axis=1) / found.multiplicity
    generator = between * _spectrum(found, rate, temperature, exponent)
    generator[np.diag_indices_from(generator)] -= generator.sum(axis=0)
    return np.asarray(generator, dtype=np.float64)


def decay(
    found: Levels,
    state: ArrayLike,
    *,
    rate: float,
    temperature: float,
    exponent: float = 1.0,
    name: str = "state",
) -> Decay:
    r"""Energy loss of a chosen state, degenerate levels treated exactly.

    .. math:: -\frac{dE}{dt} = \sum_{A\ne B,\,i} (E_A - E_B)\, S(E_A - E_B)\,
              \mathrm{tr}[\Pi_B A_i \Pi_A \rho\, \Pi_A A_i]

    Args:
        found: from `levels`.
        state: ket (D,) or density matrix (D, D) in the basis of the Hamiltonian.
        rate: strength of the baths, see `bath_spectrum`.
        temperature: of all baths.
        exponent: of the spectral density.
        name: for print.

    Returns:
        `Decay`.

    Raises:
        SpecError: a state of the wrong shape, not finite, or not normalised to 1e-6.
    """
    factor = _factor(found, state)
    flow = np.zeros((found.centre.size, found.centre.size))
    occupation = np.zeros(found.centre.size)
    for a, (low, high) in enumerate(zip(found.starts[:-1], found.starts[1:], strict=True)):
        inside = factor[low:high]
        occupation[a] = float((np.abs(inside) ** 2).sum())
        if occupation[a] > 1e-15:
            reached = (np.abs(found.jumps[:, :, low:high] @ inside) ** 2).sum(axis=(0, 2))
            flow[:, a] = np.add.reduceat(reached, found.starts[:-1])
    flow *= _spectrum(found, rate, temperature, exponent)
    given = found.centre[None, :] - found.centre[:, None]
    # H itself, not the mean energies of its levels, says what is stored
    stored = float((np.abs(factor) ** 2).sum(axis=1) @ found.energies) - float(found.energies[0])
    return Decay(
        name=name,
        stored_energy=stored,
        escape=float(flow.sum()),
        loss=float((flow * given).sum()),
        emitted=float((flow * np.maximum(given, 0.0)).sum()),
    )


def escape_rate(
    found: Levels, manifold: Sequence[int], *, rate: float, temperature: float, exponent: float = 1.0
) -> float:
    """Rate out of a set of eigenstates into all others, averaged over the set (1/time).

    Args:
        found: from `levels`.
        manifold: indices of eigenstates, e.g. ``(0, 1)`` for the ordered doublet. Must hold whole levels.
        rate: strength of the baths, see `bath_spectrum`.
        temperature: of all baths.
        exponent: of the spectral density.

    Raises:
        SpecError: an index out of range, none at all, or a level cut in two.
    """
    inside = np.zeros(found.energies.size, dtype=bool)
    if len(manifold) == 0 or min(manifold) < 0 or max(manifold) >= inside.size:
        raise SpecError(f"manifold {tuple(manifold)} must name eigenstates from 0 to {inside.size - 1}")
    inside[list(manifold)] = True
    held = np.add.reduceat(inside.astype(np.int64), found.starts[:-1])
    if ((held > 0) & (held < found.multiplicity)).any():
        raise SpecError(f"manifold {tuple(manifold)} cuts a degenerate level in two: name all its eigenstates")
    chosen = held > 0
    generator = level_rates(found, rate=rate, temperature=temperature, exponent=exponent)
    return float((generator[~chosen][:, chosen] @ found.multiplicity[chosen]).sum() / inside.sum())


def activation_energy(temperatures: ArrayLike, escapes: ArrayLike) -> Array:
    r"""Local slope :math:`-d\ln\Gamma / d(1/T)` between neighbouring temperatures: the energy that activates.

    Args:
        temperatures: (K,) positive, K >= 2, no two alike.
        escapes: (K,) positive rates.

    Returns:
        (K - 1,) array in units of energy.
    """
    t, g = np.asarray(temperatures, dtype=np.float64), np.asarray(escapes, dtype=np.float64)
    if t.ndim != 1 or t.shape != g.shape or t.size < 2:
        raise SpecError(f"temperatures {t.shape} and escapes {g.shape} must be two equally long lists of at least 2")
    if not ((t > 0) & (g > 0) & np.isfinite(t) & np.isfinite(g)).all() or np.unique(t).size < t.size:
        raise SpecError("activation energy needs positive, finite, distinct temperatures and positive rates")
    return np.asarray(-np.diff(np.log(g)) / np.diff(1.0 / t), dtype=np.float64)


def _spectrum(found: Levels, rate: float, temperature: float, exponent: float) -> Array:
    """S(E_A - E_B) at [B, A]; 0 on the diagonal: a move within a level changes neither level nor energy."""
    centre = found.centre
    given = centre[None, :] - centre[:, None]
    apart = ~np.eye(centre.size, dtype=bool)
    out = np.zeros_like(given)
    out[apart] = bath_spectrum(given[apart], rate=rate, temperature=temperature, exponent=exponent)
    return out


def _factor(found: Levels, state: ArrayLike) -> NDArray[Any]:
    """F with rho = F F^+ in the eigenbasis, shape (D, r)."""
    rho, size = np.asarray(state), found.energies.size
    if rho.shape not in ((size,), (size, size)) or not np.isfinite(rho).all():
        raise SpecError(f"the state must be a finite ket ({size},) or density matrix ({size}, {size}), not {rho.shape}")
    if rho.ndim == 1:
        factor = found.states.conj().T @ rho[:, None]
    else:
        if np.abs(rho - rho.conj().T).max() > 1e-8:
            raise StructureError("the density matrix is not Hermitian")
        p, v = np.linalg.eigh(rho)
        if p[0] < -1e-8:
            raise StructureError(f"the density matrix has the negative eigenvalue {p[0]:.3g}")
        keep = p > 1e-14
        factor = found.states.conj().T @ (v[:, keep] * np.sqrt(p[keep]))
    norm = float((np.abs(factor) ** 2).sum())
    if abs(norm - 1) > 1e-6:
        raise SpecError(f"the state has the norm {norm:.6g}: normalise it to 1")
    return np.asarray(factor)
