"""Generators and start states in all sectors of total spin: collective terms, alike local noise, collective noise."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cache, cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from qsb.algebra import states
from qsb.algebra import structure as read
from qsb.algebra.sectors import Banded, Sectors, padded
from qsb.algebra.space import Space
from qsb.charging.environment import Jump
from qsb.charging.problem import Problem
from qsb.dynamics.representation import Array, Generator
from qsb.dynamics.segment import Coefficient, Segment
from qsb.errors import StructureError

Real = NDArray[np.float64]

#: order of the jumps in the kernels: a jump moves a state by -1, 0, +1 rows
_JUMPS = "-z+"
#: coefficients of G itself among the polynomials of G
_FIRST = np.array([[0.0], [1.0]])


@dataclass(frozen=True)
class Couplings:
    r"""What the jumps sigma^-, sigma^z, sigma^+ do to sectors of N spins, at rate one.

    For a permutation-symmetric state, with |j,m><j,m'| averaged over the d_j equal sectors,

    .. math:: \sum_i \sigma^q_i |j,m\rangle\langle j,m'| \sigma^{q\dagger}_i
        = a_j A A' |j\rangle\langle j| + b_j B B' |j-1\rangle\langle j-1| + c_j C C' |j+1\rangle\langle j+1|

    at m+q, m'+q, where :math:`a_j = (N/2+1)/(2j(j+1))`, :math:`b_j = (N/2+j+1)/(2j(2j+1))` and
    :math:`c_j = (N/2-j)/(2(j+1)(2j+1))` (Chase, Geremia, Phys. Rev. A 78, 052101 (2008)); A, B, C are square roots of
    products of two of j, m. Every array is written by the row at which the jump arrives.

    Attributes:
        sectors: of N spins.
    """

    sectors: Sectors

    @cached_property
    def within(self) -> Real:
        """A, (3, D)."""
        j, m = self.sectors.j, self.sectors.m
        return np.array([np.sqrt((j + m + 1) * (j - m)), 2 * m, np.sqrt((j - m + 1) * (j + m))])

    @cached_property
    def above(self) -> Real:
        """sqrt(b) B from sector j+1, (3, D); zero in the largest sector."""
        j, m = self.sectors.j + 1, self.sectors.m
        b = np.sqrt((self.sectors.cells / 2 + j + 1) / (2 * j * (2 * j + 1)))
        moved = [np.sqrt((j + m + 1) * (j + m)), 2 * np.sqrt((j + m) * (j - m)), np.sqrt((j - m + 1) * (j - m))]
        return np.where(2 * self.sectors.j < self.sectors.cells, b * np.array(moved), 0.0)

    @cached_property
    def below(self) -> Real:
        """sqrt(c) C from sector j-1, (3, D); sectors without one keep zeros."""
        j, m = np.maximum(self.sectors.j - 1, 0.0), self.sectors.m
        c = np.sqrt((self.sectors.cells / 2 - j) / (2 * (j + 1) * (2 * j + 1)))
        moved = np.array([(j - m) * (j - m + 1), 4 * (j + m + 1) * (j - m + 1), (j + m) * (j + m + 1)])
        out = c * np.sqrt(np.maximum(moved, 0.0))
        return np.where(self.sectors.j >= 1, out, 0.0)

    @cached_property
    def local(self) -> Real:
        """a_j, (B,)."""
        j = self.sectors.twice_j / 2
        return np.where(j > 0, (self.sectors.cells / 2 + 1) / (2 * np.maximum(j, 0.5) * (j + 1)), 0.0)

    @cached_property
    def local_loss(self) -> Real:
        """Sum over cells of <L^+ L>, (3, D)."""
        n, m = self.sectors.cells, self.sectors.m
        return np.array([n / 2 + m, np.full(len(m), float(n)), n / 2 - m])

    @cached_property
    def collective_loss(self) -> Real:
        """<L^+ L> of the sum over cells, (3, D)."""
        j, m = self.sectors.j, self.sectors.m
        return np.array([(j + m) * (j - m + 1), 4 * m**2, (j - m) * (j + m + 1)])

    def arrays(self, rates: Real) -> tuple[Array, ...]:
        """Kernel arguments at `rates` (2, 3): local, collective; jumps in the order -, z, +."""
        local, together = rates
        factors = local[:, None] * self.local + together[:, None]
        loss = padded((local @ self.local_loss + together @ self.collective_loss) / 2)
        return *self._moves, np.ascontiguousarray(factors), np.ascontiguousarray(local), loss

    @cached_property
    def _moves(self) -> tuple[Array, Array, Array]:
        return padded(self.within), padded(self.below), padded(self.above)


@cache
def couplings(cells: int) -> Couplings:
    """Those of N spins, kept."""
    return Couplings(Sectors(cells))


def rate_of(jump: Jump) -> tuple[tuple[int, int], float]:
    """Place in the table of rates (2, 3), and the rate."""
    assert isinstance(jump.op, str)
    return (int(jump.collective), _JUMPS.index(jump.op)), float(np.asarray(jump.rate).flat[0])


def fastest(rates: Real, cells: int) -> float:
    """A bound of all decays at `rates` (2, 3): local, collective; jumps in the order -, z, +."""
    (down, phase, up), (cdown, cphase, cup) = rates.tolist()
    decay = cells * max(down + up, (down + up) / 2 + 2 * phase)
    ladder = (cdown + cup) * (2 if cdown and cup else 1)
    return float(decay + ladder * ((cells + 1) / 2) ** 2 + 2 * cphase * cells**2)


@dataclass(frozen=True)
class Parts:
    """The Hamiltonian and the rates of one segment as functions of time."""

    segment: Segment
    sectors: Sectors
    constant: Banded
    drives: tuple[tuple[Banded, Coefficient], ...]
    rates: Real
    rated: tuple[tuple[tuple[int, int], float, Coefficient], ...]

    @classmethod
    def of(cls, segment: Segment, space: Space, sectors: Sectors) -> Parts:
        """Read the terms."""
        rates = np.zeros((2, 3))
        for j in segment.jumps:
            place, rate = rate_of(j)
            rates[place] += rate
        return cls(
            segment,
            sectors,
            Banded.of(segment.hamiltonian, space, sectors),
            tuple((Banded.of(op, space, sectors), f) for op, f in segment.drives),
            rates,
            tuple((*rate_of(j), f) for j, f in segment.rated),
        )

    @cached_property
    def where(self) -> tuple[Array, ...]:
        """Kernel arguments: where each sector lies."""
        return self.sectors.sizes, self.sectors.rows, self.sectors.entries

    def hamiltonian(self, t: float) -> tuple[Any, ...]:
        """Kernel arguments of H(t)."""
        if not self.drives:
            return self._constant
        bands, anti = self.constant.bands.copy(), self.constant.anti.copy()
        for op, f in self.drives:
            value = f(t)
            bands += value * op.bands
            anti += value * op.anti
        return _hamiltonian(bands, anti)

    @cached_property
    def _constant(self) -> tuple[Any, ...]:
        return _hamiltonian(self.constant.bands, self.constant.anti)

    @cached_property
    def no_hamiltonian(self) -> tuple[Any, ...]:
        """Kernel arguments of H = 0."""
        return _hamiltonian(np.zeros_like(self.constant.bands), np.zeros_like(self.constant.anti))

    def jumps(self, t: float) -> tuple[Array, ...]:
        """Kernel arguments of the rates at t."""
        if not self.rated:
            return self._jumps
        rates = self.rates.copy()
        for place, rate, f in self.rated:
            rates[place] += rate * f(t)
        return couplings(self.sectors.cells).arrays(rates)

    @cached_property
    def _jumps(self) -> tuple[Array, ...]:
        return couplings(self.sectors.cells).arrays(self.rates)

    @cached_property
    def no_jumps(self) -> tuple[Array, ...]:
        """Kernel arguments without noise."""
        return couplings(self.sectors.cells).arrays(np.zeros((2, 3)))

    def act(self, h: tuple[Any, ...], jumps: tuple[Array, ...], x: Array) -> Array:
        """One application."""
        from qsb.algebra.kernels.permutation import expand

        return np.asarray(expand(self.where, h, jumps, x, _FIRST, (1.0, 0.0, 0.0))[0][0])

    def expand(self, x: Array, coefficients: Array, numbers: tuple[float, float, float]) -> tuple[Array, Array]:
        """Sum of Faber polynomials."""
        from qsb.algebra.kernels.permutation import expand

        out, sizes = expand(self.where, self._constant, self._jumps, x, coefficients, numbers)
        return np.asarray(out), np.asarray(sizes)

    def dense(self) -> Array:
        """The matrix."""
        h, jumps = self._constant, self._jumps
        return np.array([self.act(h, jumps, e) for e in np.eye(int(self.sectors.entries[-1]))]).T[None]

    def extent(self) -> tuple[float, float, float]:
        """Fastest decay, a sum of those of cells; highest frequency, the widest sector of H; a decay in between."""
        decay = fastest(self.rates, self.sectors.cells)
        spans = [np.ptp(np.linalg.eigvalsh(h)) for h in self.constant.blocks]
        return decay, float(max(spans)), decay / 2


def _hamiltonian(bands: Array, anti: Array) -> tuple[Any, ...]:
    """Split H into real and imaginary parts; H[c+k, c] is H[c, c+k] of the real, minus that of the imaginary part."""
    real, imaginary = padded(bands.real), padded(bands.imag)
    flips = bool(np.any(anti))
    parts = (real, imaginary, -imaginary, anti.real.copy(), anti.imag.copy())
    return (*parts, flips or bool(np.any(real)), bool(np.any(imaginary)), flips)


@dataclass(frozen=True)
class SectorGenerator(Generator):
    """A generator that adds its terms up before it acts: one pass over the state at any number of drives.

    Attributes:
        parts: Hamiltonian and rates.
    """

    parts: Parts = field(kw_only=True)

    @property
    def constant(self) -> bool:
        """Whether G does not depend on time."""
        return self.segment.constant

    def apply_unitary(self, t: float, x: Array) -> Array:
        """Hamiltonian part of dx/dt."""
        return self.parts.act(self.parts.hamiltonian(t), self.parts.no_jumps, x)

    def apply_dissipative(self, t: float, x: Array) -> Array:
        """Dissipative part of dx/dt."""
        return self.parts.act(self.parts.no_hamiltonian, self.parts.jumps(t), x)

    def apply(self, t: float, x: Array) -> Array:
        """The whole dx/dt."""
        return self.parts.act(self.parts.hamiltonian(t), self.parts.jumps(t), x)


def sector_generator(segment: Segment, space: Space, sectors: Sectors, dense_limit: int) -> SectorGenerator:
    """The right-hand side of one segment on packed states.

    Args:
        segment: the interval.
        space: one group of N spins.
        sectors: those of N spins.
        dense_limit: up to this many unknowns a dense matrix is offered.
    """
    p = Parts.of(segment, space, sectors)
    small = segment.constant and int(sectors.entries[-1]) <= dense_limit
    return SectorGenerator(
        segment,
        (),
        dense=p.dense if small else None,
        norm=lambda: sum(p.extent()[:2]),
        extent=p.extent if segment.constant else None,
        expand=p.expand if segment.constant else None,
        parts=p,
    )


def start_blocks(problem: Problem, sectors: Sectors) -> list[Array]:
    """The start, one Hermitian block (2j+1, 2j+1) a sector; the traces add up to one.

    Raises:
        StructureError: if the ground state is asked for and is not unique.
    """
    b, n = problem.battery, sectors.cells
    blocks = [np.zeros((size, size), dtype=complex) for size in sectors.sizes]
    one_body = problem.structure.battery_one_body
    if b.start.kind == "ground" and not one_body:
        sector, ket = _ground(Banded.of(b.battery, b.space, sectors))
        blocks[sector] = np.outer(ket, ket.conj())
    elif b.start.kind == "thermal" and not one_body:
        return _gibbs(Banded.of(b.battery, b.space, sectors), float(b.start.temperature or 0.0))
    elif b.start.pure_by_kind:
        ket = states.spin_coherent(_cell_ket(problem), n)
        blocks[0] = np.outer(ket, ket.conj())
    else:
        if b.start.kind == "thermal":
            cell = states.cell_gibbs(read.cell_matrices(b.battery, b.space), float(b.start.temperature or 0.0))[0]
        else:
            cell = states.bloch_density(np.atleast_2d(np.asarray(b.start.bloch)))[0]
        return _alike(cell, sectors)
    return blocks


def _cell_ket(problem: Problem) -> Array:
    """The common ket of a pure product of alike cells."""
    b = problem.battery
    if b.start.kind in ("up", "down"):
        return np.array([1.0, 0.0] if b.start.kind == "up" else [0.0, 1.0], dtype=complex)
    if b.start.kind == "product":
        return np.asarray(states.bloch_ket(np.atleast_2d(np.asarray(b.start.bloch))[0]))
    return np.asarray(states.cell_ground(read.cell_matrices(b.battery, b.space))[0])


def _ground(h: Banded) -> tuple[int, Array]:
    """Sector and ket of a ground state that is unique among all 2^N dimensions."""
    found = [np.linalg.eigvalsh(block) for block in h.blocks]
    sector = int(np.argmin([e[0] for e in found]))
    scale = max(float(np.abs(e).max()) for e in found) or 1.0
    close = [np.count_nonzero(e - found[sector][0] <= 1e-9 * scale) for e in found]
    if sum(c * d for c, d in zip(close, h.sectors.multiplicities, strict=True)) > 1:
        raise StructureError("the ground level of H_B is degenerate, so the ground state is not unique; name a start")
    return sector, np.asarray(np.linalg.eigh(h.blocks[sector])[1][:, 0], dtype=complex)


def _gibbs(h: Banded, temperature: float) -> list[Array]:
    """exp(-H/T)/Z, with the number of equal sectors in the weight of each."""
    found = [np.linalg.eigh(block) for block in h.blocks]
    logs = [d - e / temperature for (e, _), d in zip(found, h.sectors.log_multiplicities, strict=True)]
    top = max(float(w.max()) for w in logs)
    total = sum(float(np.exp(w - top).sum()) for w in logs)
    return [(u * (np.exp(w - top) / total)) @ u.conj().T for (_, u), w in zip(found, logs, strict=True)]


def _alike(cell: Array, sectors: Sectors) -> list[Array]:
    """N copies of a mixed cell p |n><n| + q |-n><-n|: weight d_j p^(N/2+m) q^(N/2-m) on each state m along n."""
    q, p = np.clip(np.linalg.eigvalsh(cell), 1e-300, None)
    r = np.array([2 * cell[1, 0].real, 2 * cell[1, 0].imag, (cell[0, 0] - cell[1, 1]).real])
    length = float(np.linalg.norm(r))
    axis = r / length if length > 0 else np.array([0.0, 0.0, 1.0])
    along = sectors.spins["x"] * axis[0] + sectors.spins["y"] * axis[1] + sectors.spins["z"] * axis[2]
    out = []
    for block, d in zip(along.blocks, sectors.log_multiplicities, strict=True):
        m = (len(block) - 1) / 2 - np.arange(len(block))[::-1]
        u = np.linalg.eigh(block)[1]
        half = sectors.cells / 2
        out.append((u * np.exp(d + (half + m) * np.log(p) + (half - m) * np.log(q))) @ u.conj().T)
    return out
