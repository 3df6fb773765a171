"""Density matrices of cells and charger in the blocks that the dynamics leaves apart.

The Hamiltonian, and the decay L^+L of each jump L, join states into components (excitation numbers, parities). Where
each jump leads from a component into one other, no coherence ever arises between components, and the state is one block
for each of them.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray
from scipy.sparse.csgraph import connected_components

from qsb.algebra.opsum import OpSum
from qsb.charging.environment import Jump
from qsb.dynamics.charged import ChargedFrame, read_battery
from qsb.dynamics.lindblad import DENSE_UNKNOWNS
from qsb.dynamics.readouts import POSITIVITY_LIMIT, statics
from qsb.dynamics.representation import Apply, Array, Generator, Request
from qsb.dynamics.segment import Segment
from qsb.dynamics.series import Value

Ints = NDArray[np.int64]
Matrix = Callable[[OpSum], Any]


@dataclass(frozen=True)
class Sectors:
    """The blocks of a state: which states each holds, and where its entries lie in one flat array.

    Attributes:
        members: states of each block, ascending.
        offset: where each block begins, and after the last one the number of all entries.
    """

    members: tuple[Ints, ...]
    offset: tuple[int, ...]

    @classmethod
    def of(cls, pattern: Any, jumps: list[Any], start: Any) -> Sectors:
        """Blocks of a Hamiltonian's pattern, jump matrices and a start's pattern of non-zero entries (sparse, d x d).

        One block of all states where a jump, or the start, joins components coherently.
        """
        for op in jumps:
            if not _one_to_one(op):  # otherwise L^+L is diagonal
                pattern = pattern + abs(op.conj().T @ op)
        _, label = connected_components(sp.csr_array(abs(pattern)), directed=False)
        joined = np.any(label[start.row] != label[start.col])
        for op in jumps:
            m = op.tocoo()
            pairs = np.unique(np.stack([label[m.col], label[m.row]]), axis=1)
            joined = joined or len(np.unique(pairs[0])) < pairs.shape[1]
        if joined:
            label = np.zeros(len(label), dtype=np.int64)
        members = tuple(np.flatnonzero(label == k) for k in range(label.max() + 1))
        return cls(members, tuple(np.concatenate([[0], np.cumsum([len(m) ** 2 for m in members])]).tolist()))

    @property
    def entries(self) -> int:
        """Number of entries of all blocks."""
        return self.offset[-1]

    def block(self, x: Array, k: int) -> Array:
        """Block k (..., n, n) of flat states (..., entries), a view."""
        n = len(self.members[k])
        return x[..., self.offset[k] : self.offset[k + 1]].reshape(*x.shape[:-1], n, n)

    def flatten(self, rho: Any) -> Array:
        """Flat state of a sparse density matrix (d, d)."""
        return np.concatenate([rho[m][:, m].toarray().reshape(-1) for m in self.members]).astype(complex)

    def functional(self, matrix: Any) -> Any:
        """Row vector f with f x = tr(matrix rho), sparse; matrix joins no blocks."""
        position, values = [], []
        for k, m in enumerate(self.members):
            part = sp.csr_array(matrix)[m][:, m].tocoo()
            position.append(self.offset[k] + part.col.astype(np.int64) * len(m) + part.row)
            values.append(part.data)
        where = np.concatenate(position)
        return sp.csr_array((np.concatenate(values), (np.zeros(len(where), dtype=np.int64), where)), (1, self.entries))

    def partial_trace(self, row: Ints, column: Ints, height: int) -> Any:
        """Sparse matrix from flat states to battery states (height^2), charger states `column` traced out."""
        target, source = [], []
        for k, m in enumerate(self.members):
            n = len(m)
            order = np.argsort(column[m], kind="stable")
            cuts = np.flatnonzero(np.diff(column[m][order])) + 1
            for same in np.split(order, cuts):
                i, j = np.meshgrid(same, same, indexing="ij")
                source.append((self.offset[k] + i * n + j).reshape(-1))
                target.append((row[m][i] * height + row[m][j]).reshape(-1))
        where, to = np.concatenate(source), np.concatenate(target)
        return sp.csr_array((np.ones(len(where)), (to, where)), (height**2, self.entries))


def sector_generator(
    segment: Segment, sectors: Sectors, matrix: Matrix, jumps: Callable[[Jump], tuple[float, Any]]
) -> Generator:
    """A Lindblad generator on flat states, block by block."""
    unitary: list[tuple[Callable[[float], float] | None, Apply]] = [
        (None, _commutator(sectors, matrix(segment.hamiltonian)))
    ]
    unitary += [(f, _commutator(sectors, matrix(op))) for op, f in segment.drives]
    constant = [jumps(j) for j in segment.jumps]
    dissipative: list[tuple[Callable[[float], float] | None, Apply]] = []
    if constant:
        dissipative.append((None, _dissipator(sectors, constant)))
    dissipative += [(f, _dissipator(sectors, [jumps(j)])) for j, f in segment.rated]
    width, damping = _width(sectors, matrix(segment.hamiltonian)), sum(rate * _largest(op) for rate, op in constant)

    def dense() -> Array:
        out = np.empty((sectors.entries,) * 2, dtype=complex)
        for k, m in enumerate(sectors.members):
            n = len(m)
            for i in range(n):
                for j in range(n):
                    # the generator may assume Hermitian blocks: |i><j| is a sum of two
                    e = np.zeros((2, sectors.entries), dtype=complex)
                    sectors.block(e[0], k)[i, j] += 0.5
                    sectors.block(e[0], k)[j, i] += 0.5
                    sectors.block(e[1], k)[i, j] -= 0.5j
                    sectors.block(e[1], k)[j, i] += 0.5j
                    at = sectors.offset[k] + i * n + j
                    out[:, at] = generator.apply(segment.start, e[0]) + 1j * generator.apply(segment.start, e[1])
        return out[None]

    generator = Generator(
        segment,
        tuple(unitary),
        tuple(dissipative),
        dense=dense if segment.constant and sectors.entries <= DENSE_UNKNOWNS else None,
        norm=lambda: width + 2 * damping,
        bounds=lambda: (-damping, width),
    )
    return generator


def _width(sectors: Sectors, h: Any) -> float:
    """Largest difference of two energies of one block, by Gershgorin's discs."""
    diagonal = h.diagonal().real
    radius = np.asarray(abs(h).sum(axis=1)).reshape(-1) - np.abs(diagonal)
    return float(max((diagonal[m] + radius[m]).max() - (diagonal[m] - radius[m]).min() for m in sectors.members))


def _largest(op: Any) -> float:
    """A bound of the largest eigenvalue of L^+ L: itself for a jump on one ladder, where L^+ L is diagonal."""
    return float(abs(op.conj().T @ op).sum(axis=1).max(initial=0.0))


def _one_to_one(op: Any) -> bool:
    """Whether a jump leads from each state to at most one other, and to each from at most one: a jump on one ladder."""
    entries = op.tocoo()
    return all(len(np.unique(k)) == len(k) for k in (entries.row, entries.col))


def _commutator(sectors: Sectors, h: Any) -> Apply:
    from qsb.algebra.kernels import ladder

    parts = []
    for m in sectors.members:
        part = sp.csr_array(h[m][:, m])
        parts.append(sp.csr_array(part.real) if not np.any(part.data.imag) else part)

    def apply(x: Array) -> Array:
        out = np.zeros_like(x)
        for k, part in enumerate(parts):
            rho = sectors.block(x, k)
            if np.iscomplexobj(part.data):
                product = np.asarray(part @ rho)
            else:  # a real matrix acts on real and imaginary parts side by side
                product = np.asarray(part @ np.ascontiguousarray(rho).view(np.float64)).view(np.complex128)
            ladder.commute(product, sectors.block(out, k))
        return out

    return apply


def _dissipator(sectors: Sectors, pairs: list[tuple[float, Any]]) -> Apply:
    """Sum of rate D[L]: compiled moves for jumps on one ladder, sparse products for sums over several."""
    single = [(rate, op) for rate, op in pairs if _one_to_one(op)]
    several = [(rate, op) for rate, op in pairs if not _one_to_one(op)]
    if not several:
        return _moves(sectors, single)
    first, second = _moves(sectors, single), _products(sectors, several)
    return lambda x: first(x) + second(x)


def _products(sectors: Sectors, pairs: list[tuple[float, Any]]) -> Apply:
    """The same for jumps of any pattern, on Hermitian blocks."""
    decays = []
    moves = []
    for rate, op in pairs:
        loss, op = sp.csr_array(op.conj().T @ op) * (rate / 2), sp.csr_array(op)
        for k, m in enumerate(sectors.members):
            decays.append((k, loss[m][:, m]))
            rows = op[m]
            origins = [o for o, n in enumerate(sectors.members) if rows[:, n].nnz]
            moves += [(o, k, rate / 2, sp.csr_array(rows[:, sectors.members[o]])) for o in origins]

    def apply(x: Array) -> Array:
        out = np.zeros_like(x)
        for k, loss in decays:
            half = loss @ sectors.block(x, k)
            sectors.block(out, k)[...] -= half + half.conj().T
        for origin, k, weight, op in moves:
            half = weight * (op @ (op @ sectors.block(x, origin)).conj().T)
            sectors.block(out, k)[...] += half + half.conj().T
        return out

    return apply


def _moves(sectors: Sectors, pairs: list[tuple[float, Any]]) -> Apply:
    from qsb.algebra.kernels import ladder

    size = sum(len(m) for m in sectors.members)
    home = np.empty(size, dtype=np.int64)
    place = np.empty(size, dtype=np.int64)
    for k, m in enumerate(sectors.members):
        home[m], place[m] = k, np.arange(len(m))
    rates = np.zeros(size)
    moves: list[tuple[int, int, Ints, Array, float]] = []
    for rate, op in pairs:
        rates += rate * np.abs((op.conj().T @ op).diagonal())
        entries = op.tocoo()
        source, weight = np.full(size, -1, dtype=np.int64), np.zeros(size, dtype=complex)
        source[entries.row], weight[entries.row] = entries.col, entries.data
        for k, m in enumerate(sectors.members):
            there = source[m]
            for origin in np.unique(home[there[there >= 0]]):
                local = np.where((there >= 0) & (home[there] == origin), place[there], -1)
                moves.append((int(origin), k, local, weight[m], rate))

    def apply(x: Array) -> Array:
        out = np.zeros_like(x)
        for k, m in enumerate(sectors.members):
            ladder.decay(sectors.block(x, k), rates[m], sectors.block(out, k))
        for origin, k, local, weight, rate in moves:
            ladder.jump(sectors.block(x, origin), local, weight, rate, sectors.block(out, k))
        return out

    return apply


@dataclass(frozen=True)
class SectorReadout:
    """Readouts of flat states (T, entries) of battery and charger.

    Attributes:
        frame: what is known of the battery.
        request: what is asked.
        sectors: the blocks.
        meters: functionals of H_B and H_C, their squares, and of V and its square where asked for.
        trace_out: from flat states to battery states.
        height: number of Dicke states of the battery.
        start: the initial flat state.
    """

    frame: ChargedFrame
    request: Request
    sectors: Sectors
    meters: dict[str, Any]
    trace_out: Any
    height: int
    start: Array

    def _read(self, name: str, x: Array) -> NDArray[np.float64]:
        return np.asarray((self.meters[name] @ x.T)[0].real)

    def _battery(self, x: Array) -> Array:
        return np.asarray((self.trace_out @ x.T).T.reshape(len(x), self.height, self.height))

    def observe(self, needs: frozenset[str], x: Array, unitary: Array, dissipative: Array) -> dict[str, Value]:
        """See `Readout`."""
        out: dict[str, Value] = {}
        if needs & {"energy", "power", "variance"}:
            energy = self._read("battery", x)
            work, heat = self._read("battery", unitary), self._read("battery", dissipative)
            out |= {"energy": energy, "work_power": work, "heat_power": heat, "power": work + heat}
            out["variance"] = np.maximum(self._read("battery squared", x) - energy**2, 0.0)
        if "charger_variance" in needs:
            out["charger_variance"] = np.maximum(self._read("charger squared", x) - self._read("charger", x) ** 2, 0.0)
        if "charger_energy" in needs:
            out["charger_energy"] = self._read("own", x) - self._read("own", self.start[None])
        if needs & {"spectrum", "collective_passive", "populations", "pinched", "marginals", "reduced"}:
            rates = self._battery(unitary + dissipative)
            read_battery(needs, self._battery(x), rates, self.frame, self.request, out)
        return out

    def statics(self, needs: frozenset[str]) -> dict[str, Any]:
        """See `Readout`."""
        return {"pure": False, **statics(self.frame, self.request, needs)}

    def check(self, x: Array) -> dict[str, float]:
        """Trace, Hermiticity, positivity (of large blocks only that of the battery's state), highest Fock states."""
        if not np.isfinite(x).all():
            return {"trace": np.nan}
        blocks = [self.sectors.block(x, k) for k in range(len(self.sectors.members))]
        diagonals = [np.einsum("tii->ti", b) for b in blocks]
        trace = sum(d.sum(axis=1) for d in diagonals)
        small = [b for b in blocks if b.shape[1] <= POSITIVITY_LIMIT]
        seen = small if len(small) == len(blocks) else [*small, self._battery(x)]
        populations = np.zeros((len(x), sum(len(m) for m in self.sectors.members)))
        for m, d in zip(self.sectors.members, diagonals, strict=True):
            populations[:, m] = d.real
        return {
            "trace": float(np.abs(trace - 1).max()),
            "hermiticity": float(max(np.abs(b - b.conj().swapaxes(1, 2)).max() for b in blocks)),
            "negativity": float(max(0.0, -min(np.linalg.eigvalsh(b).min() for b in seen))),
            **{name: float(populations[:, s].sum(axis=1).max()) for name, s in self.frame.highest.items()},
        }
