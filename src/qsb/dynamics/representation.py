"""`Representation`: an exact reduction of a problem to a small linear system, and what may be read out of it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from qsb.algebra.blocks import Spectrum
from qsb.algebra.copies import Copies
from qsb.charging.problem import Problem, Structure
from qsb.dynamics.segment import Segment

Array = NDArray[Any]
Apply = Callable[[Array], Array]


@dataclass(frozen=True)
class Generator:
    r"""The linear right-hand side of one segment, :math:`\dot x = G(t)x = \sum_k c_k(t)\,G_k x`.

    Attributes:
        segment: the interval.
        unitary: (c, apply) pairs that come from the Hamiltonian; c is None for constant 1.
        dissipative: the same from the channels.
        skew: whether G = -iH with H Hermitian and x a ket.
        dense: builds the dense matrix of a constant generator, (B, n, n) acting on x reshaped to (B, n), or
            None.
        norm: an upper bound, or a good estimate, of the operator norm of G over the segment.
        bounds: for a skew generator, (lowest, highest) bounds of the spectrum of H; None otherwise.
        kept: what an integrator has made of this generator and can use again (eigenvectors, exponentials).
    """

    segment: Segment
    unitary: tuple[tuple[Callable[[float], float] | None, Apply], ...]
    dissipative: tuple[tuple[Callable[[float], float] | None, Apply], ...] = ()
    skew: bool = False
    dense: Callable[[], Array] | None = None
    norm: Callable[[], float] = field(default=lambda: 1.0)
    bounds: Callable[[], tuple[float, float]] | None = None
    kept: dict[str, Any] = field(default_factory=dict)

    @property
    def constant(self) -> bool:
        """Whether G does not depend on time."""
        return all(c is None for c, _ in self.unitary + self.dissipative)

    def apply_unitary(self, t: float, x: Array) -> Array:
        """Hamiltonian part of dx/dt."""
        return _sum(self.unitary, t, x)

    def apply_dissipative(self, t: float, x: Array) -> Array:
        """Dissipative part of dx/dt."""
        return _sum(self.dissipative, t, x)

    def apply(self, t: float, x: Array) -> Array:
        """The whole dx/dt."""
        out = _sum(self.unitary, t, x)
        if self.dissipative:
            out = out + _sum(self.dissipative, t, x)
        return out


def _sum(pieces: tuple[tuple[Callable[[float], float] | None, Apply], ...], t: float, x: Array) -> Array:
    total: Array | None = None
    for c, apply in pieces:
        part = apply(x)
        if c is not None:
            part = c(t) * part
        total = part if total is None else total + part
    return np.zeros_like(x) if total is None else total


#: a readout over time: an array (T, ...) or a spectrum of batch (T,)
Value = NDArray[Any] | Spectrum | Copies


class Readout(Protocol):
    """Reads primitive figures off a batch of reduced states; names are listed in `READOUTS`."""

    def observe(self, needs: frozenset[str], x: Array, unitary: Array, dissipative: Array) -> dict[str, Value]:
        """Time-dependent readouts.

        Args:
            needs: names of readouts.
            x: states, (T, *shape).
            unitary: Hamiltonian part of dx/dt, same shape.
            dissipative: dissipative part of dx/dt, same shape.
        """
        ...

    def statics(self, needs: frozenset[str]) -> dict[str, Any]:
        """Readouts that do not depend on the state: levels, ground, top, cells, span."""
        ...

    def check(self, x: Array) -> dict[str, float]:
        """Violations of what every state obeys (trace, norm, positivity), as non-negative numbers."""
        ...


@dataclass(frozen=True)
class Reduced:
    """A reduced linear system: start, one generator a segment, readout."""

    start: Array
    generators: tuple[Generator, ...]
    readout: Readout


@dataclass(frozen=True)
class Size:
    """Cost of a reduction: number of complex unknowns and peak bytes."""

    dimension: int
    bytes: int


#: bytes that one batch of states (with two derivatives) may take
BATCH_BYTES = 2**27


def batch_bytes(problem: Problem, unknowns: int) -> int:
    """Bytes of one batch of save states: state and both derivatives, twice while they are stacked, and what is read."""
    room = max(1, BATCH_BYTES // (3 * 16 * unknowns))
    return 8 * 16 * unknowns * min(len(problem.times), room)


#: Primitive readouts, and what each is. Figures of merit name the ones that they need.
READOUTS: dict[str, str] = {
    "energy": "<H_B>",
    "power": "d<H_B>/dt and its Hamiltonian (work) and dissipative (heat) parts",
    "variance": "Var H_B",
    "charger_variance": "Var V, at unit envelope",
    "spectrum": "eigenvalues of the state with multiplicities",
    "levels": "energy levels of H_B with multiplicities",
    "extremes": "lowest and highest energy of H_B",
    "marginals": "state of each cell",
    "reduced": "state of a subset of cells",
    "populations": "occupation of each distinct energy level, and its rate",
    "pinched": "spectrum of the state without coherence between distinct energy levels",
    "cut": "entropy of the first cells of a pure state",
    "span": "lowest and highest eigenvalue of V",
}


class Representation(Protocol):
    """One entry of the planner's ordered list."""

    @property
    def name(self) -> str:
        """Its name, as in ``representation = "..."`` of a spec."""
        ...

    def accepts(self, structure: Structure) -> str | None:
        """None if the reduction is exact for this structure, otherwise the reason why not."""
        ...

    def lacks(self, problem: Problem, needs: frozenset[str]) -> str | None:
        """None if all readouts can be delivered for this problem, otherwise which cannot and why."""
        ...

    def size(self, problem: Problem) -> Size:
        """Unknowns and bytes, without building anything."""
        ...

    def reduce(self, problem: Problem, request: Request) -> Reduced:
        """Build the reduced system."""
        ...


@dataclass(frozen=True)
class Request:
    """What is asked of a reduction beside the problem itself.

    Attributes:
        needs: names of readouts.
        subset: cells of the ``reduced`` readout.
        cut: number of first cells of the ``cut`` readout.
    """

    needs: frozenset[str] = frozenset({"energy", "power"})
    subset: tuple[int, ...] = ()
    cut: int = 0
