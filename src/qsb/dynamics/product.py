"""`product`: cells that never interact, each with its own Bloch vector; alike cells are one.

A cell's state is rho = (1 + r.sigma)/2, kept as the real vector (1, r). N independent driven and damped cells are N
times one: a million cells of one kind cost four numbers.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from qsb.algebra import states
from qsb.algebra import structure as read
from qsb.algebra.blocks import Spectrum
from qsb.algebra.copies import Copies, combine, log_binomial
from qsb.algebra.opsum import OpSum
from qsb.algebra.space import Space
from qsb.algebra.terms import per_site
from qsb.charging.environment import Jump
from qsb.charging.problem import Problem, Structure
from qsb.dynamics import costs
from qsb.dynamics.full import read_extremes
from qsb.dynamics.integrate import choose
from qsb.dynamics.representation import Apply, Array, Generator, Reduced, Request, Size, Work
from qsb.dynamics.segment import Segment, segments
from qsb.dynamics.series import Value
from qsb.dynamics.whole import parts

#: largest number of distinct (eigenvalue, multiplicity) pairs that unlike kinds of cells may expand to
EXPANSION_LIMIT = 2**20


@dataclass(frozen=True)
class Kinds:
    """Cells sorted into kinds that evolve alike.

    Attributes:
        first: index of one cell of each kind, (C,).
        counts: how many there are, (C,).
        label: kind of each cell, (N,), or (1,) where all are alike.
    """

    first: NDArray[np.int64]
    counts: NDArray[np.int64]
    label: NDArray[np.int64]


def _cell_rows(problem: Problem) -> list[Array]:
    """Everything that distinguishes cells, each (1, k) if all are alike or (N, k)."""
    b, space = problem.battery, problem.battery.space
    ops = [b.battery, b.charger, b.interaction, *(op for op, _ in b.drives)]
    rows = [read.cell_matrices(op, space).reshape(-1, 4) for op in ops]
    rows.append(start_cells(problem).reshape(-1, 4))
    rows += [np.atleast_1d(np.asarray(j.rate, dtype=complex))[:, None] for j in problem.jumps]
    return rows


def kinds(problem: Problem) -> Kinds:
    """Group equal cells."""
    n, rows = problem.battery.space.sites, _cell_rows(problem)
    if all(len(r) == 1 for r in rows):
        return Kinds(np.zeros(1, dtype=np.int64), np.array([n]), np.zeros(1, dtype=np.int64))
    table = np.concatenate([np.broadcast_to(r, (n, r.shape[1])) for r in rows if len(r) == n], axis=1)
    flat = np.ascontiguousarray(np.concatenate([table.real, table.imag], axis=1) + 0.0)
    keys = flat.view([("", flat.dtype)] * flat.shape[1]).ravel()
    _, first, label, counts = np.unique(keys, return_index=True, return_inverse=True, return_counts=True)
    return Kinds(first, counts, label.ravel())


def start_cells(problem: Problem) -> Array:
    """Cell states (1, 2, 2) or (N, 2, 2)."""
    b, start = problem.battery, problem.battery.start
    if start.kind in ("up", "down"):
        return states.bloch_density(np.array([[0.0, 0.0, 1.0 if start.kind == "up" else -1.0]]))
    if start.kind == "product":
        return states.bloch_density(np.atleast_2d(np.asarray(start.bloch)))
    h = read.cell_matrices(b.battery, b.space)
    if start.kind == "thermal":
        return states.cell_gibbs(h, float(start.temperature or 0.0))
    k = states.cell_ground(h)
    return np.asarray(np.einsum("ci,cj->cij", k, k.conj()))


def _pick(values: Array, first: NDArray[np.int64]) -> Array:
    return np.broadcast_to(values, (len(first), *values.shape[1:])) if len(values) == 1 else values[first]


def _vectors(h: Array) -> NDArray[np.float64]:
    """(h_0, h) of Hermitian h_0 + h.sigma, (C, 4)."""
    return np.stack(
        [(h[:, 0, 0] + h[:, 1, 1]).real / 2, h[:, 0, 1].real, -h[:, 0, 1].imag, (h[:, 0, 0] - h[:, 1, 1]).real / 2],
        axis=1,
    )


def _precession(h: NDArray[np.float64]) -> NDArray[np.float64]:
    """dr/dt = 2 h x r as matrices (C, 4, 4) on (1, r)."""
    out = np.zeros((len(h), 4, 4))
    _, x, y, z = 2 * h.T
    out[:, 1, 2], out[:, 1, 3], out[:, 2, 3] = -z, y, -x
    out[:, 2, 1], out[:, 3, 1], out[:, 3, 2] = z, -y, x
    return out


def _relaxation(op: str, rates: NDArray[np.float64]) -> NDArray[np.float64]:
    """rate * D[op] as matrices (C, 4, 4) on (1, r): sigma^-+ pull z to -+1, sigma^z shrinks x and y at 2 rate."""
    one = np.zeros((4, 4))
    if op == "z":
        one[1, 1] = one[2, 2] = -2.0
    else:
        one[1, 1] = one[2, 2] = -0.5
        one[3, 3], one[3, 0] = -1.0, -1.0 if op == "-" else 1.0
    return rates[:, None, None] * one


def _times(m: Array) -> Apply:
    def apply(x: Array) -> Array:
        return np.asarray(np.matmul(m, x[:, :, None]))[:, :, 0]

    return apply


def _jump(j: Jump, space: Space, kind: Kinds) -> Array:
    """The dissipator of one jump on each kind of cell, (C, 4, 4)."""
    rates = per_site(j.rate, space.sites, "A rate") if np.ndim(j.rate) else np.full(1, float(np.asarray(j.rate)))
    assert isinstance(j.op, str)
    matrices = _relaxation(j.op, _pick(np.asarray(rates, dtype=float), kind.first))
    return np.broadcast_to(matrices, (len(kind.first), 4, 4))


def _generator(segment: Segment, space: Space, kind: Kinds) -> Generator:
    c = len(kind.first)

    def cells(op: OpSum) -> Array:
        return _precession(_pick(_vectors(read.cell_matrices(op, space)), kind.first))

    def jump(j: Jump) -> Array:
        return _jump(j, space, kind)

    h = cells(segment.hamiltonian)
    d = sum((jump(j) for j in segment.jumps), np.zeros((c, 4, 4)))
    unitary: list[tuple[Callable[[float], float] | None, Apply]] = [(None, _times(h))]
    unitary += [(f, _times(cells(op))) for op, f in segment.drives]
    dissipative: list[tuple[Callable[[float], float] | None, Apply]] = [(None, _times(d))] if segment.jumps else []
    dissipative += [(f, _times(jump(j))) for j, f in segment.rated]
    total = np.broadcast_to(h + d, (c, 4, 4))
    return Generator(
        segment,
        tuple(unitary),
        tuple(dissipative),
        dense=(lambda: total) if segment.constant else None,
        norm=lambda: float(np.linalg.norm(total, axis=(1, 2)).max()),
    )


@dataclass(frozen=True)
class ProductReadout:
    """Readouts of cell states (T, C, 4), each (1, r)."""

    problem: Problem
    request: Request
    kind: Kinds

    @cached_property
    def _space(self) -> Space:
        return self.problem.battery.space

    @cached_property
    def _matrices(self) -> Array:
        return _pick(read.cell_matrices(self.problem.battery.battery, self._space), self.kind.first)

    @cached_property
    def _battery(self) -> NDArray[np.float64]:
        return _vectors(self._matrices)

    @cached_property
    def _levels(self) -> NDArray[np.float64]:
        """Both levels of each kind, ascending, (C, 2): h_0 -+ |h|."""
        size = np.linalg.norm(self._battery[:, 1:], axis=1)
        return np.asarray(self._battery[:, :1] + np.stack([-size, size], axis=1))

    @cached_property
    def _charger(self) -> NDArray[np.float64]:
        b = self.problem.battery
        v = OpSum(b.interaction.terms + tuple(t for op, _ in b.drives for t in op.terms))
        return _vectors(_pick(read.cell_matrices(v, self._space), self.kind.first))

    def _cell_sum(self, h: NDArray[np.float64], x: Array, counts: NDArray[np.int64]) -> NDArray[np.float64]:
        """sum over cells of tr(h x): pairwise summation keeps 10^6 terms accurate."""
        return np.asarray((np.einsum("ci,tci->tc", h, x) * counts).sum(axis=1))

    def _variance(self, h: NDArray[np.float64], x: Array) -> NDArray[np.float64]:
        """|h|^2 - (h.r)^2 of each cell, added up."""
        mean = np.einsum("ci,tci->tc", h[:, 1:], x[:, :, 1:])
        square = (h[:, 1:] ** 2).sum(axis=1)
        return np.asarray((np.maximum(square - mean**2, 0.0) * self.kind.counts).sum(axis=1))

    def observe(self, needs: frozenset[str], x: Array, unitary: Array, dissipative: Array) -> dict[str, Value]:
        """See `Readout`."""
        out: dict[str, Value] = {}
        h, counts = self._battery, self.kind.counts
        if needs & {"energy", "power", "variance"}:
            out["energy"] = self._cell_sum(h, x, counts)
            work, heat = self._cell_sum(h, unitary, counts), self._cell_sum(h, dissipative, counts)
            out |= {"work_power": work, "heat_power": heat, "power": work + heat}
        if "variance" in needs:
            out["variance"] = self._variance(h, x)
        if "charger_variance" in needs:
            out["charger_variance"] = self._variance(self._charger, x)
        if "spectrum" in needs:
            out["spectrum"] = tensor_spectrum(_eigenvalues(x), counts)
        if "populations" in needs:
            self._populations(x, unitary + dissipative, out)
        if "marginals" in needs:
            out["marginals"] = states.bloch_density(x[:, :, 1:])
        if "reduced" in needs:
            chosen = self._subset_counts()
            out["reduced"] = tensor_spectrum(_eigenvalues(x)[:, chosen > 0], chosen[chosen > 0])
            out["reduced_energy"] = self._cell_sum(h, x, chosen)
        if "cut" in needs:
            out["cut"] = np.zeros(len(x))
        if "transposed" in needs:
            # the transpose of one factor of a product leaves its eigenvalues
            out["transposed"] = tensor_spectrum(_eigenvalues(x), counts)
        if "rest" in needs:
            left = counts - self._subset_counts()
            some = left > 0
            nothing = Spectrum.simple(np.ones((len(x), 1)))
            out["rest"] = tensor_spectrum(_eigenvalues(x)[:, some], left[some]) if some.any() else nothing
        if "flows" in needs:
            out["flows"] = self._flows(x)
        return out

    def _flows(self, x: Array) -> NDArray[np.float64]:
        """Energy that each jump gives to each part of H, (T, jumps, parts)."""
        space, kind = self._space, self.kind
        operators = [_vectors(_pick(read.cell_matrices(op, space), kind.first)) for op in parts(self.problem)]
        out = np.empty((len(x), len(self.problem.jumps), len(operators)))
        for c, jump in enumerate(self.problem.jumps):
            moved = np.matmul(_jump(jump, space, kind), x[..., None])[..., 0]
            for a, h in enumerate(operators):
                out[:, c, a] = self._cell_sum(h, moved, kind.counts)
        return out

    def _subset_counts(self) -> NDArray[np.int64]:
        label = self.kind.label
        chosen = (
            label[np.array(self.request.subset)] if len(label) > 1 else np.zeros(len(self.request.subset), dtype=int)
        )
        return np.bincount(chosen, minlength=len(self.kind.first))

    def _populations(self, x: Array, rate: Array, out: dict[str, Value]) -> None:
        """Binomial occupation of the N+1 levels of alike cells, and its rate."""
        n = int(self.kind.counts[0])
        h = self._battery[0, 1:]
        size = float(np.linalg.norm(h))
        axis = h / size if size > 0 else np.array([0.0, 0.0, 1.0])
        p = np.clip((1 + x[:, 0, 1:] @ axis) / 2, 0.0, 1.0)
        dp = rate[:, 0, 1:] @ axis / 2
        log_c = log_binomial(n)

        def pmf(m: int, q: NDArray[np.float64]) -> Array:
            j, logs = np.arange(m + 1), (log_c if m == n else log_binomial(m))
            with np.errstate(divide="ignore", invalid="ignore"):
                a = np.where(j > 0, j * np.log(q)[:, None], 0.0)
                b = np.where(m - j > 0, (m - j) * np.log1p(-q)[:, None], 0.0)
            return np.asarray(np.exp(logs + a + b))

        out["populations"] = pmf(n, p)
        # d/dp of the binomial: n (B_{k-1}^{n-1} - B_k^{n-1}), finite at p = 0 and 1
        lower = pmf(n - 1, p) if n > 1 else np.ones((len(p), 1))
        step = np.zeros((len(p), n + 1))
        step[:, 1:] += lower
        step[:, :-1] -= lower
        out["population_rates"] = n * step * dp[:, None]

    def statics(self, needs: frozenset[str]) -> dict[str, Any]:
        """See `Readout`."""
        s = self.problem.structure
        out: dict[str, Any] = {"pure": s.pure_start and not s.dissipative}
        e, counts = self._levels, self.kind.counts
        if needs & {"extremes", "levels"}:
            out["extremes"] = (float((e[:, 0] * counts).sum()), float((e[:, 1] * counts).sum()))
        if "levels" in needs:
            merged, where = np.unique(e, axis=0, return_inverse=True)
            out["levels"] = tensor_spectrum(
                merged, np.bincount(where.ravel(), weights=counts).astype(np.int64), sums=True
            )
        if "span" in needs:
            b = self.problem.battery
            out["span"] = read_extremes(
                OpSum(b.interaction.terms + tuple(t for op, _ in b.drives for t in op.terms)), self._space
            )
        if "marginals" in needs:
            out["cells"], out["counts"] = self._matrices, counts.astype(float)
        if "reduced" in needs:
            chosen = self._subset_counts()
            out["reduced_levels"] = tensor_spectrum(e[chosen > 0], chosen[chosen > 0], sums=True)
        if "populations" in needs:
            n = int(counts[0])
            k = np.arange(n + 1)
            out["energies"] = (n - k) * e[0, 0] + k * e[0, 1]
        return out

    def check(self, x: Array) -> dict[str, float]:
        """Trace and positivity of every cell; a Bloch vector is Hermitian by its form."""
        length = np.linalg.norm(x[:, :, 1:], axis=-1)
        return {
            "trace": float(np.abs(x[:, :, 0] - 1).max()),
            "negativity": float(max(0.0, (length.max() - 1) / 2)) if np.isfinite(length).all() else np.nan,
        }


def _eigenvalues(x: Array) -> NDArray[np.float64]:
    """(1 +- |r|)/2 of each cell, descending, (T, C, 2)."""
    length = np.linalg.norm(x[:, :, 1:], axis=-1)
    return np.stack([(1 + length) / 2, (1 - length) / 2], axis=-1)


def tensor_spectrum(cells: Array, counts: NDArray[np.int64], *, sums: bool = False) -> Spectrum | Copies:
    """Spectrum of a product over kinds of two-level cells.

    Args:
        cells: the two values of each kind, (..., C, 2).
        counts: cells of each kind, (C,).
        sums: False for states (eigenvalues multiply), True for Hamiltonians (levels add).

    Returns:
        `Copies` for one kind, which stays closed at any N; an expanded `Spectrum` for several.
    """
    if len(counts) == 1:
        return Copies(Spectrum.simple(cells[..., 0, :]), int(counts[0]), additive=sums)
    total: Spectrum | None = None
    for c, count in enumerate(counts):
        part = Copies(Spectrum.simple(cells[..., c, :]), int(count), additive=sums).expand()
        total = part if total is None else combine(total, part, additive=sums)
    assert total is not None
    return total


@dataclass(frozen=True)
class Product:
    """One Bloch vector a kind of cell."""

    name: str = "product"
    why: str = "cells never meet, so each kind of cell is one Bloch vector"
    exact: bool = True

    def accepts(self, structure: Structure) -> str | None:
        """Exact where nothing couples cells and the start is a product."""
        if not structure.spins:
            return "the sites are not one group of spins"
        if structure.opaque:
            return "a term is an opaque matrix"
        if not structure.one_body:
            return "a Hamiltonian term touches two cells or more"
        if structure.dissipative and not structure.local_noise:
            return "the noise is collective"
        if not structure.product_start:
            return "the start is not a product of cell states"
        return None

    def lacks(self, problem: Problem, needs: frozenset[str]) -> str | None:
        """Global spectra of many unlike cells have too many distinct eigenvalues."""
        if "pinched" in needs:
            return "the state without energy coherence is no product"
        if "collective_passive" in needs:
            return "sectors of total spin are read in the Dicke basis, or in the sectors themselves"
        kind = kinds(problem)
        if needs & {"spectrum", "levels", "transposed", "rest"} and len(kind.counts) > 1:
            distinct = float(np.exp(min(700.0, np.log(kind.counts + 1.0).sum())))
            if distinct > EXPANSION_LIMIT:
                return (
                    f"the global spectrum of {len(kind.counts)} kinds of cells has {distinct:.2g} distinct values "
                    f"(allowed: {EXPANSION_LIMIT})"
                )
        if "populations" in needs:
            if len(kind.counts) > 1:
                return "level populations are read for cells of one kind"
            if len(problem.times) * (problem.battery.space.sites + 1) > 2**27:
                return "the table of level populations over time does not fit in 1 GiB"
        return None

    def size(self, problem: Problem, request: Request) -> Size:
        """Four numbers a kind of cell, superoperators and the batch of save states."""
        c = len(kinds(problem).counts)
        batch = min(len(problem.times), max(1, 2**23 // c))
        saved = len(problem.times)
        # of one kind the binomial levels are written down where a spectrum is read
        wide = c == 1 and bool(request.needs & {"spectrum", "levels", "populations"})
        levels = min(problem.battery.space.sites + 1, 2**20) if wide else 0
        work = Work(4e3 * c + 100.0 * c * saved, 6000.0 * c * saved + 1000.0 * levels, 40.0 * saved)
        for s in segments(problem):
            if not s.constant:
                # of single cells, whose frequencies are a few times the strength of one term
                applied = costs.runge_kutta(1.5, s, costs.saves(s, problem.times))
                work += costs.stages(applied, 4.0 * c)
        return Size(4 * c, 8 * c * (4 * 40 + 16 * 6) + 8 * 4 * c * batch + 96 * levels, work)

    def integrators(self, problem: Problem) -> tuple[str, ...]:
        """One a segment, by the size of the block and whether anything changes inside."""
        return tuple(choose(4, constant=s.constant, skew=False).name for s in segments(problem))

    def reduce(self, problem: Problem, request: Request) -> Reduced:
        """Superoperators of each kind."""
        kind = kinds(problem)
        # tr(sigma rho) = 2 (h_0, h) of the expansion of rho
        start = 2 * _vectors(_pick(start_cells(problem), kind.first))
        generators = tuple(_generator(s, problem.battery.space, kind) for s in segments(problem))
        return Reduced(start, generators, ProductReadout(problem, request, kind))
