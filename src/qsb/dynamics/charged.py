"""Readouts where a charger stands beside the battery: spectra and populations are those of the battery's partial trace.

Energy, power and fluctuations of H_B need no partial trace; ergotropy and its kin do, since unitaries on the charger
are no work of the battery.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from qsb.algebra.blocks import Blocks, Factor, Spectrum
from qsb.algebra.space import Boson, Space
from qsb.charging.problem import Problem
from qsb.dynamics.frame import EnergyBasis, Frame, Operator
from qsb.dynamics.readouts import MixedReadout, PureReadout, group_levels, hermitian, padded, statics
from qsb.dynamics.representation import Array, Request
from qsb.dynamics.series import Value

#: how the check of a mode's highest levels is named in budgets, before the name of its group
TAIL = "tail of "
#: readouts of the battery's own state
_STATE = frozenset({"spectrum", "populations", "pinched", "collective_passive"})


class ChargedFrame(Frame, Protocol):
    """A frame that can trace out the charger."""

    def factor(self, psi: Array) -> Array:
        """Kets (T, d) as matrices (T, battery, charger)."""
        ...

    def spectrum(self, psi: Array) -> Spectrum:
        """Eigenvalues of the battery's states, of kets (T, d)."""
        ...

    def battery_density(self, rho: Array) -> Array:
        """States of the battery (T, b, b) of density matrices (T, d, d)."""
        ...

    def battery_marginals(self, rho: Array) -> Array:
        """Cell states (T, C, 2, 2) of battery states (T, b, b)."""
        ...

    def battery_subset(self, rho: Array, subset: tuple[int, ...]) -> Blocks:
        """States of a subset of cells of battery states (T, b, b)."""
        ...


@dataclass(frozen=True)
class ChargedPureReadout(PureReadout):
    """Readouts of kets of battery and charger.

    Attributes:
        frame: the basis.
        request: what is asked.
        own: H_C in the frame.
        start: the initial ket.
    """

    frame: ChargedFrame
    request: Request
    own: Operator
    start: Array

    def observe(self, needs: frozenset[str], x: Array, unitary: Array, dissipative: Array) -> dict[str, Value]:
        """See `Readout`."""
        out = super().observe(needs - _STATE, x, unitary, dissipative)
        if "charger_energy" in needs:
            held = [np.vdot(v, self.own.apply(v)).real for v in (self.start, *x)]
            out["charger_energy"] = np.array(held[1:]) - held[0]
        if not needs & _STATE:
            return out
        if "spectrum" in needs:
            out["spectrum"] = self.frame.spectrum(x)
        if "collective_passive" in needs:
            ladder = np.sort(self.frame.energy_basis().energies)
            out["collective_passive"] = self.frame.spectrum(x).values[:, : len(ladder)] @ ladder
        if needs & {"populations", "pinched"}:
            m = self.frame.factor(x)
            basis = self.frame.energy_basis()
            psi = basis.ket(m.swapaxes(1, 2))
            rate = basis.ket(self.frame.factor(unitary).swapaxes(1, 2))
            p, dp = (np.abs(psi) ** 2).sum(axis=1), 2 * (psi.conj() * rate).real.sum(axis=1)
            _read_levels(out, basis, p, dp)
        if "pinched" in needs:
            rho = psi.swapaxes(1, 2) @ psi.conj()
            out["pinched"] = _pinched(rho, basis, self.frame.null)
        return out

    def statics(self, needs: frozenset[str]) -> dict[str, Any]:
        """See `Readout`."""
        return {"pure": False, **statics(self.frame, self.request, needs)}


@dataclass(frozen=True)
class ChargedMixedReadout(MixedReadout):
    """Readouts of density matrices of battery and charger.

    Attributes:
        own: H_C, (D, D).
        start: the initial state, (D, D).
    """

    frame: ChargedFrame
    request: Request
    own: Array
    start: Array

    def observe(self, needs: frozenset[str], x: Array, unitary: Array, dissipative: Array) -> dict[str, Value]:
        """See `Readout`."""
        out = super().observe(needs - _STATE, x, unitary, dissipative)
        if "charger_energy" in needs:
            out["charger_energy"] = np.einsum("ij,tji->t", self.own, hermitian(x - self.start), optimize=True).real
        if not needs & _STATE:
            return out
        rates = self.frame.battery_density(hermitian(unitary + dissipative))
        read_battery(needs & _STATE, self.frame.battery_density(hermitian(x)), rates, self.frame, self.request, out)
        return out


def read_battery(
    needs: frozenset[str], rho: Array, rates: Array, frame: ChargedFrame, request: Request, out: dict[str, Value]
) -> None:
    """Readouts of the battery's states (T, b, b) and their rates of change, added to `out`."""
    if needs & {"spectrum", "collective_passive"}:
        values = np.linalg.eigvalsh(rho)[:, ::-1]
        out["spectrum"] = padded(values, frame.null)
    if "collective_passive" in needs:
        out["collective_passive"] = values @ np.sort(frame.energy_basis().energies)
    if needs & {"populations", "pinched"}:
        basis = frame.energy_basis()
        turned, moved = basis.density(rho), basis.density(rates)
        _read_levels(out, basis, np.einsum("tii->ti", turned).real, np.einsum("tii->ti", moved).real)
        if "pinched" in needs:
            out["pinched"] = _pinched(turned, basis, frame.null)
    if "marginals" in needs:
        out["marginals"] = frame.battery_marginals(rho)
    if "reduced" in needs:
        state = frame.battery_subset(rho, request.subset)
        out["reduced"] = state.spectrum()
        out["reduced_energy"] = state.expectation(frame.subset_hamiltonian(request.subset))


def battery_spectrum(m: Array, null: int) -> Spectrum:
    """Eigenvalues of M M^+ from kets as matrices (T, battery, charger), by the smaller of the two Gram matrices."""
    found = Blocks((Factor(m),), (1,), null).spectrum()
    return replace(found, values=np.maximum(found.values, 0.0))


def _read_levels(out: dict[str, Value], basis: EnergyBasis, p: Array, rates: Array) -> None:
    """Populations of the distinct levels of H_B, and their rates."""
    energies, label = basis.groups()
    out["populations"] = group_levels(p, label, len(energies))
    out["population_rates"] = group_levels(rates, label, len(energies))


def _pinched(rho: Array, basis: EnergyBasis, null: int) -> Spectrum:
    """Spectrum of battery states (T, b, b), in the energy basis, without coherence between distinct levels."""
    _, label = basis.groups()
    if len(set(label.tolist())) == len(label):
        return padded(np.maximum(np.einsum("tii->ti", rho).real, 0.0), null)
    masked = np.where(label[:, None] == label[None, :], rho, 0.0)
    return padded(np.linalg.eigvalsh(masked)[:, ::-1], null)


def top_levels(cutoff: int) -> int:
    """How many of the highest Fock states are watched: two in a hundred, five at least, at most half of all."""
    return min(max(5, (cutoff + 1) // 50), (cutoff + 1) // 2)


def watched(problem: Problem) -> list[tuple[str, int, int]]:
    """(group, index of its first site, cutoff) of every group of modes that has one."""
    space = problem.battery.space
    modes = [(g.name, space.offset(g.name), g.kind) for g in space.groups if isinstance(g.kind, Boson)]
    return [(name, at, kind.cutoff) for name, at, kind in modes if kind.cutoff is not None]


def widened(problem: Problem, name: str) -> Problem | None:
    """The same problem with the cutoff of a mode doubled; None where that is not allowed, or not known how."""
    battery = problem.battery
    group = battery.space.group(name)
    assert isinstance(group.kind, Boson)
    if group.kind.cutoff is None or group.kind.grows < 1 or problem.structure.opaque or battery.start.kind == "state":
        return None
    wider = replace(group, kind=Boson(2 * group.kind.cutoff, group.kind.grows - 1 or -1))
    groups = tuple(wider if g.name == name else g for g in battery.space.groups)
    return replace(problem, battery=replace(battery, space=Space(groups)))


def highest(problem: Problem) -> dict[str, NDArray[np.int64]]:
    """States of the whole space in which a site of a mode is on its highest levels, by name of the check."""
    space = problem.battery.space
    out = {}
    for name, at, cutoff in watched(problem):
        inner = space.dimension
        found = np.zeros(space.dimension, dtype=bool)
        for site, d in enumerate(space.dimensions()):
            inner //= d
            if at <= site < at + space.group(name).count:
                found |= (np.arange(space.dimension) // inner) % d > cutoff - top_levels(cutoff)
        out[TAIL + name] = np.flatnonzero(found)
    return out
