"""`Representation`: an exact reduction of a problem to a small linear system, and what may be read out of it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from qsb.charging.problem import Problem, Structure
from qsb.dynamics.segment import Segment
from qsb.dynamics.series import Series, Value

Array = NDArray[Any]
Apply = Callable[[Array], Array]
#: (x, coefficients (K, M), (scale, centre, ratio)) to sums of polynomials in G on x, and the length of each term
Expand = Callable[[Array, Array, tuple[float, float, float]], tuple[Array, Array]]


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
        sparse: builds the sparse matrix of a constant generator, acting on x.ravel(), or None.
        norm: an upper bound, or a good estimate, of the operator norm of G over the segment.
        bounds: for a skew generator, (lowest, highest) bounds of the spectrum of H; None otherwise.
        expand: compiled sum of Faber polynomials, (x, coefficients (K, M), (scale, centre, ratio)) to the M sums and
            the norm of each polynomial times x; None to build them from `apply`.
        extent: of a dissipative generator, (fastest decay, highest frequency, decay of the highest frequency): its
            spectrum lies about within -decay <= Re <= 0 and |Im| <= frequency.
        whole: (t, x) -> dx/dt in one pass, where that is less work than the sum of the pieces.
        kernel: H of a constant skew generator, where an integrator can do more with it than multiply; None otherwise.
        kept: what an integrator has made of this generator and can use again (eigenvectors, exponentials).
    """

    segment: Segment
    unitary: tuple[tuple[Callable[[float], float] | None, Apply], ...]
    dissipative: tuple[tuple[Callable[[float], float] | None, Apply], ...] = ()
    skew: bool = False
    dense: Callable[[], Array] | None = None
    sparse: Callable[[], Any] | None = None
    norm: Callable[[], float] = field(default=lambda: 1.0)
    bounds: Callable[[], tuple[float, float]] | None = None
    expand: Expand | None = None
    extent: Callable[[], tuple[float, float, float]] | None = None
    whole: Callable[[float, Array], Array] | None = None
    kernel: Any = None
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
        if self.whole is not None:
            return self.whole(t, x)
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
    # np.zeros takes no time where nothing reads it; np.zeros_like writes
    return np.zeros(x.shape, x.dtype) if total is None else total


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
    """A reduced linear system.

    Attributes:
        start: the initial state.
        generators: one a segment.
        readout: reads states.
        reading: bytes that reading one state takes beside the state and its derivatives.
    """

    start: Array
    generators: tuple[Generator, ...]
    readout: Readout
    reading: int = 0


@dataclass(frozen=True)
class Work:
    """What a run costs in units that a machine can be timed by.

    Attributes:
        flops: floating-point operations in compiled loops and BLAS.
        traffic: bytes moved between memory and cores.
        calls: calls from Python into compiled code; each costs microseconds whatever its size.
    """

    flops: float = 0.0
    traffic: float = 0.0
    calls: float = 0.0

    def __add__(self, other: Work) -> Work:
        """Both, one after the other."""
        return Work(self.flops + other.flops, self.traffic + other.traffic, self.calls + other.calls)

    def __mul__(self, times: float) -> Work:
        """The same many times."""
        return Work(self.flops * times, self.traffic * times, self.calls * times)


@dataclass(frozen=True)
class Size:
    """Cost of a reduction: number of complex unknowns, peak bytes, and the work of a whole run.

    `untimed` says why the work is not known, where it is not.
    """

    dimension: int
    bytes: int
    work: Work = Work()
    untimed: str = ""


#: bytes that one batch of states (with two derivatives) may take; kets are read one by one sooner, for they fill memory
BATCH_BYTES, KET_BATCH_BYTES = 2**26, 2**21


def batch_bytes(problem: Problem, unknowns: int, *, ket: bool = False) -> int:
    """Bytes of one batch of save states: state and both derivatives, twice while they are stacked, and what is read."""
    room = max(1, (KET_BATCH_BYTES if ket else BATCH_BYTES) // (3 * 16 * unknowns))
    return 8 * 16 * unknowns * min(len(problem.times), room)


#: Primitive readouts, and what each is. Figures of merit name the ones that they need.
READOUTS: dict[str, str] = {
    "energy": "<H_B>",
    "power": "d<H_B>/dt and its Hamiltonian (work) and dissipative (heat) parts",
    "variance": "Var H_B",
    "charger_variance": "Var V, at unit envelope",
    "charger_energy": "<H_C> minus its start value, of a charger beside the battery",
    "spectrum": "eigenvalues of the state with multiplicities",
    "levels": "energy levels of H_B with multiplicities",
    "extremes": "lowest and highest energy of H_B",
    "marginals": "state of each cell",
    "reduced": "state of a subset of cells",
    "populations": "occupation of each distinct energy level, and its rate",
    "pinched": "spectrum of the state without coherence between distinct energy levels",
    "collective_passive": "lowest energy that unitaries alike on all cells reach, inside the sectors of total spin",
    "rest": "state of the battery without the subset",
    "transposed": "eigenvalues of the battery's state, transposed on the subset",
    "flows": "energy that each channel gives to each part of H, at unit envelopes",
    "cut": "entropy of the first cells of a pure state",
    "span": "lowest and highest eigenvalue of V",
    "bounded": "that H_B has a highest level",
    "gaussian": "lowest energy that Gaussian unitaries of modes reach",
}


class Representation(Protocol):
    """One entry of the planner's ordered list."""

    @property
    def name(self) -> str:
        """Its name, as in ``representation = "..."`` of a spec."""
        ...

    @property
    def why(self) -> str:
        """One clause that says why it is enough, printed when it is chosen."""
        ...

    @property
    def exact(self) -> bool:
        """Whether its only errors are rounding and the integrator's tolerance."""
        ...

    def accepts(self, structure: Structure) -> str | None:
        """None if the reduction is exact for this structure, otherwise the reason why not."""
        ...

    def lacks(self, problem: Problem, needs: frozenset[str]) -> str | None:
        """None if all readouts can be delivered for this problem, otherwise which cannot and why."""
        ...

    def size(self, problem: Problem, request: Request) -> Size:
        """Unknowns, bytes and work, without building anything."""
        ...

    def integrators(self, problem: Problem) -> tuple[str, ...]:
        """Names of the integrators, one a segment, without building anything."""
        ...


class Reduction(Representation, Protocol):
    """A representation that is a linear system, advanced by integrators."""

    def reduce(self, problem: Problem, request: Request) -> Reduced:
        """Build the reduced system."""
        ...


class Simulation(Representation, Protocol):
    """A representation that is no linear system of fixed size: samples of kets, or tensors that grow."""

    def simulate(
        self,
        problem: Problem,
        request: Request,
        *,
        tolerance: float,
        progress: Callable[[float], None] | None = None,
    ) -> Series:
        """Solve from start to end and read at the save times."""
        ...


@dataclass(frozen=True)
class Request:
    """What is asked of a reduction beside the problem itself.

    Attributes:
        needs: names of readouts.
        subset: cells of the ``reduced`` readout.
        cut: number of first cells of the ``cut`` readout.
        samples: number of trajectories, where the state is sampled.
        bond: largest bond dimension, where the state is a matrix-product state.
        seed: of everything random.
    """

    needs: frozenset[str] = frozenset({"energy", "power"})
    subset: tuple[int, ...] = ()
    cut: int = 0
    samples: int = 200
    bond: int = 128
    seed: int = 0
