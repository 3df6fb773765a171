"""`gaussian`: harmonic modes whose state is Gaussian and stays so; means and a covariance carry everything.

Terms are at most quadratic in a and a+, jumps linear. There is no cutoff: energies may be as large as floating point
holds, and M modes cost 2M means and a 2M x 2M covariance.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from qsb.algebra import quanta, symplectic
from qsb.algebra.opsum import OpSum
from qsb.algebra.space import Space
from qsb.algebra.states import ModeStart
from qsb.algebra.symplectic import Quadratic
from qsb.charging.environment import Jump
from qsb.charging.problem import Problem, Structure
from qsb.dynamics.moments import Moments, packed, unpacked
from qsb.dynamics.representation import BATCH_BYTES, Apply, Array, Generator, Reduced, Request, Size, Work
from qsb.dynamics.segment import Segment, segments
from qsb.dynamics.series import Value
from qsb.dynamics.whole import whole_only

RealArray = NDArray[np.float64]
Piece = tuple[Callable[[float], float] | None, Apply]

#: a purity is told where rounding of the covariance leaves this much of it unknown at most
_KNOWN = 1e-7


def _hamiltonian(op: OpSum, space: Space) -> Moments:
    r""":math:`\dot r = \Omega(hr + f)`."""
    q, form = Quadratic.of(op, space), symplectic.omega(space.sites)
    return Moments(form @ q.matrix, form @ q.vector, np.zeros_like(q.matrix))


def _jump(jump: Jump, space: Space) -> Moments:
    r"""Of a jump :math:`L = l\cdot R + c`, times its rate.

    .. math:: A = \Omega\,\mathrm{Im}(l^*l^T),\quad D = \Omega\,\mathrm{Re}(l^*l^T)\Omega^T,\quad
              d = -\mathrm{Im}(\Omega l\,c^*)
    """
    form, n = symplectic.omega(space.sites), 2 * space.sites
    total = Moments(np.zeros((n, n)), np.zeros(n), np.zeros((n, n)))
    for rate, op in jump.operators(space):
        row, c = symplectic.linear(op, space)
        square = np.outer(row.conj(), row)
        noise = form @ square.real @ form.T
        total += Moments(form @ square.imag, -((form @ row) * np.conj(c)).imag, (noise + noise.T) / 2) * rate
    return total


def _generator(segment: Segment, space: Space) -> Generator:
    """Sum of the constant pieces, and every piece with its envelope."""
    still = _hamiltonian(segment.hamiltonian, space)
    moving = [(f, _hamiltonian(op, space)) for op, f in segment.drives]
    lossy = [_jump(j, space) for j in segment.jumps]
    rated = [(f, _jump(j, space)) for j, f in segment.rated]
    unitary: list[Piece] = [(None, still.apply), *((f, m.apply) for f, m in moving)]
    dissipative: list[Piece] = [(f, m.apply) for f, m in rated]
    total = still
    if lossy:
        loss = sum(lossy[1:], lossy[0])
        total = still + loss
        dissipative.insert(0, (None, loss.apply))

    def whole(t: float, x: Array) -> Array:
        return sum(((m * f(t)) for f, m in (*moving, *rated)), total).apply(x)

    return Generator(
        segment,
        tuple(unitary),
        tuple(dissipative),
        norm=lambda: 2 * total.norm + float(np.abs(total.force).max()),
        whole=whole,
        kernel=total if segment.constant else None,
    )


def start_moments(problem: Problem) -> tuple[RealArray, RealArray]:
    """Means and covariance at t = 0, of all sites in their order."""
    b, space = problem.battery, problem.battery.space
    r, v = np.zeros(2 * space.sites), np.eye(2 * space.sites) / 2
    own = _quadratures(space, "battery")
    meter = Quadratic.of(problem.meter, problem.cells_space)
    r[own], v[np.ix_(own, own)] = meter.gibbs(float(b.start.temperature or 0.0))
    mean, spread = symplectic.mode_moments(b.start.charger or ModeStart())
    for site in space.sites_of("charger"):
        pair = [site, space.sites + site]
        r[pair], v[np.ix_(pair, pair)] = mean, spread
    return r, v


def _quadratures(space: Space, role: Any) -> NDArray[np.int64]:
    sites = np.array(space.sites_of(role), dtype=np.int64)
    return np.concatenate([sites, space.sites + sites])


@dataclass(frozen=True)
class BosonReadout:
    """Readouts of packed means and covariances (T, 1 + n + n^2)."""

    problem: Problem
    request: Request

    @cached_property
    def _space(self) -> Space:
        return self.problem.battery.space

    @cached_property
    def _own(self) -> NDArray[np.int64]:
        return _quadratures(self._space, "battery")

    @cached_property
    def _meter(self) -> Quadratic:
        return Quadratic.of(self.problem.meter, self.problem.cells_space)

    @cached_property
    def _ladders(self) -> quanta.Ladders:
        frequencies = self._meter.frequencies
        assert frequencies is not None
        return quanta.Ladders(frequencies)

    @cached_property
    def _start(self) -> tuple[RealArray, RealArray]:
        return start_moments(self.problem)

    @cached_property
    def _closed(self) -> bool:
        """Whether unitaries alone act on the battery, so that no symplectic eigenvalue changes."""
        return not (self.problem.structure.dissipative or self.problem.structure.charged)

    def _part(self, x: Array) -> tuple[RealArray, RealArray]:
        """Means and covariance of the battery."""
        r, v = unpacked(x)
        if not self._space.charged:
            return r, v
        return r[:, self._own], v[:, self._own[:, None], self._own]

    def observe(self, needs: frozenset[str], x: Array, unitary: Array, dissipative: Array) -> dict[str, Value]:
        """See `Readout`."""
        out: dict[str, Value] = {}
        r, v = self._part(x)
        if needs & {"energy", "power", "variance"}:
            work, heat = (self._meter.rate(r, *self._part(rate)) for rate in (unitary, dissipative))
            out["energy"] = self._meter.mean(r, v)
            out |= {"work_power": work, "heat_power": heat, "power": work + heat}
        if "variance" in needs:
            out["variance"] = self._meter.variance(r, v)
        if "charger_variance" in needs:
            b = self.problem.battery
            whole = OpSum(b.interaction.terms + tuple(t for op, _ in b.drives for t in op.terms))
            out["charger_variance"] = Quadratic.of(whole, self._space).variance(*unpacked(x))
        if "charger_energy" in needs:
            own = Quadratic.of(self.problem.battery.charger, self._space)
            first = own.mean(*(part[None] for part in self._start))
            out["charger_energy"] = own.mean(*unpacked(x)) - first
        if needs & {"spectrum", "gaussian"}:
            out |= self._spectra(needs, v)
        if "cut" in needs:
            sites = np.arange(self.request.cut)
            first_cells = np.concatenate([sites, self._space.sites + sites])
            nu = symplectic.symplectic_eigenvalues(unpacked(x)[1][:, first_cells[:, None], first_cells])
            out["cut"] = symplectic.entropy(nu - 0.5)
        return out

    def _spectra(self, needs: frozenset[str], v: RealArray) -> dict[str, Value]:
        """Purity, and passive energies under all unitaries, Gaussian ones, and those of many copies."""
        times, lowest, out = len(v), self._meter.lowest, dict[str, Value]()
        if self._closed:
            # kept by the dynamics, and better known at the start than from a covariance that was squeezed since
            v = self._start[1][None]
        nu = symplectic.symplectic_eigenvalues(v)
        numbers = np.maximum(nu - 0.5, 0.0)

        def kept(values: RealArray) -> RealArray:
            return np.broadcast_to(values, (times,)).copy()

        if "gaussian" in needs:
            out["gaussian_passive"] = kept(lowest + quanta.gaussian_passive(numbers, self._ladders.frequencies))
        if "spectrum" in needs:
            blur = v.shape[-1] * np.finfo(float).eps * np.abs(v).max(axis=(1, 2)) ** 2
            purity = np.exp(-np.log(2 * np.maximum(nu, 0.5)).sum(axis=-1))
            out["purity"] = kept(np.where(blur <= _KNOWN, purity, np.nan))
        if {"spectrum", "levels"} <= needs:
            out["passive"] = kept(lowest + self._ladders.passive(numbers))
            many = quanta.completely_passive(numbers, self._ladders.frequencies)
            out["completely_passive"] = kept(lowest + many)
        return out

    def statics(self, needs: frozenset[str]) -> dict[str, Any]:
        """See `Readout`."""
        low = self._meter.lowest
        scale = abs(low) + float(self._ladders.frequencies.sum())
        return {"pure": self.problem.structure.pure_start and self._closed, "extremes": (low, np.inf), "scale": scale}

    def check(self, x: Array) -> dict[str, float]:
        """Drift of the constant 1, and the uncertainty relation."""
        return {
            "trace": float(np.abs(x[:, 0] - 1).max()),
            "uncertainty": symplectic.uncertainty_violation(unpacked(x)[1]),
        }


@dataclass(frozen=True)
class Bosons:
    """2M means and a 2M x 2M covariance; at most quadratic terms, linear jumps, a Gaussian start."""

    name: str = "gaussian"
    why: str = "the modes stay in a Gaussian state, so means and a covariance carry everything, without a cutoff"
    exact: bool = True

    def accepts(self, structure: Structure) -> str | None:
        """Exact for modes, at most quadratic terms, linear jumps and a Gaussian start."""
        return structure.not_gaussian or None

    def lacks(self, problem: Problem, needs: frozenset[str]) -> str | None:
        """Level populations, and what needs a largest energy or cells that are spins."""
        if Quadratic.of(problem.meter, problem.cells_space).frequencies is None:
            return (
                "H_B has a normal mode of no positive frequency, so that it is unbounded or its ground state not unique"
            )
        if needs & {"populations", "pinched"}:
            return "the occupations of energy levels are not read from a covariance"
        if "bounded" in needs:
            return "harmonic modes have no highest level, so nothing bounds the energy of their anti-passive state"
        if "span" in needs or "locality" in needs:
            return "a V that acts on a mode has no largest eigenvalue"
        reason = whole_only(needs)
        if reason is not None:
            return reason
        if needs & {"marginals", "reduced", "collective_passive"}:
            return "local and collective ergotropies are read for cells that are spins"
        if "cut" in needs and not (problem.structure.pure_start and not problem.structure.dissipative):
            return "the entropy of a cut measures entanglement for pure states only; ask for purity instead"
        return None

    def size(self, problem: Problem, request: Request) -> Size:
        """Covariances: a series of 40 terms and its block, a batch of save times with both derivatives, and a few."""
        n, parts, saved = 2 * problem.battery.space.sites, segments(problem), len(problem.times)
        state = 8 * (1 + n + n * n)
        batch = min(saved, max(1, BATCH_BYTES // (3 * state)))
        held = state * (40 + 256 + 6 * batch + 30)
        spectra = 60.0 * n**3 * saved if request.needs & {"spectrum", "gaussian"} else 0.0
        applied = 40.0 * len(parts) + 10.0 * saved
        driven = sum(not s.constant for s in parts)
        applied += 12.0 * saved * driven
        return Size(1 + n + n * n, held, Work(2.0 * n**3 * applied + spectra, 16.0 * n * n * applied, 12.0 * applied))

    def integrators(self, problem: Problem) -> tuple[str, ...]:
        """Flows where nothing changes, Runge-Kutta elsewhere."""
        return tuple("moments" if s.constant else "dop853" for s in segments(problem))

    def reduce(self, problem: Problem, request: Request) -> Reduced:
        """Drift, force and diffusion of every segment."""
        generators = tuple(_generator(s, problem.battery.space) for s in segments(problem))
        return Reduced(packed(*start_moments(problem)), generators, BosonReadout(problem, request))
