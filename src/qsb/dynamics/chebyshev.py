r"""Chebyshev expansion of a closed evolution: many save times from one recursion.

With H scaled into [-1, 1], :math:`\tilde H = (H - c)/h`,

.. math:: e^{-iHt} = e^{-ict} \sum_k (2 - \delta_{k0}) (-i)^k J_k(ht)\, T_k(\tilde H),

and the coefficients fall faster than exponentially beyond k = ht (Tal-Ezer and Kosloff, J. Chem. Phys. 81, 3967,
1984). The vectors :math:`T_k \psi` of a real H stay real where :math:`\psi` is. Coefficients depend on the time and
vectors do not, so the states at all save times of a window are products of a small matrix with the vectors.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from qsb.algebra.pauli import PauliSum, aligned
from qsb.dynamics.representation import Array, Generator
from qsb.errors import ConvergenceError

Reals = NDArray[np.float64]

#: states of one window, and vectors that are held together, where memory does not forbid
MANY = 32
#: bytes of states that stay in cache
CACHE = 2**23
#: coefficients below it are left out
NEGLIGIBLE = 1e-17
#: growth of a Chebyshev vector that shows energies outside the bounds; T_k of a state inside never exceeds 1
GROWTH = 1.5
#: how often bounds that are too narrow are widened, each time by a half
ATTEMPTS = 24


class Vectors(Protocol):
    """A recursion T_0 x, T_1 x, ... with room for a few vectors at once."""

    @property
    def room(self) -> int:
        """An even number of vectors that are held together."""
        ...

    def fill(self, count: int) -> float:
        """Make the next `count` vectors; returns the length of the last one."""
        ...

    def add(self, coefficients: Reals, counts: NDArray[np.int64], out: Array) -> None:
        """out_t += sum_even c_tk T_k x - i sum_odd c_tk T_k x over the vectors held, the first `counts[t]` of them."""
        ...


def terms(phase: float) -> int:
    """Number of terms up to which J_k(phase) matters at double precision."""
    return int(phase + 8.5 * phase ** (1 / 3) + 22)


def bessel(z: Reals, count: int) -> Reals:
    """J_0(z), ..., J_{count-1}(z) for z >= 0, (T, count): Miller's backward recurrence, a series for small z.

    J_{k-1} = (2k/z) J_k - J_{k+1} is stable downwards; J_0 + 2 (J_2 + J_4 + ...) = 1 sets the scale. Each row starts
    where its values are below rounding (DLMF 3.6(vi), 10.12.4), at 1e-250, so that no value overflows.
    """
    small = z < 1e-2
    safe = np.where(small, 1.0, z)
    begin = np.array([terms(v) + 16 for v in safe])
    top = max(int(begin.max()), count)
    out = np.zeros((top + 2, len(z)))
    for k in range(top, 0, -1):
        out[k] = np.where(begin == k, 1e-250, out[k])
        out[k - 1] = (2 * k / safe) * out[k] - out[k + 1]
    out /= out[0] + 2 * out[2::2].sum(axis=0)
    h = z / 2
    for k in range(top + 2):
        series = h**k / math.factorial(k) * (1 - h**2 / (k + 1) * (1 - h**2 / (2 * (k + 2)))) if k < 9 else 0.0
        out[k] = np.where(small, series, out[k])
    return np.ascontiguousarray(out[:count].T)


class PauliVectors:
    """Vectors of a Pauli sum in its layout: compiled, real where they can be."""

    def __init__(self, operator: PauliSum, x: Array, centre: float, half: float, room: int) -> None:
        """Take the first vector."""
        self.operator, self.room = operator, room
        self.centre, self.half = centre, half
        real = operator.is_real and not np.any(x.imag)
        self.pair = 0 if real else 1
        layout = operator.layout
        self.length = x.size << self.pair
        self.rows = aligned(room, self.length)
        scales = layout.scales
        first = x.real if real else np.ascontiguousarray(x).view(float)
        self.rows[room - 1] = (first.reshape(len(scales), -1) / scales[:, None]).ravel()
        self.whole: list[Reals] = []
        if not layout.is_plain:
            self.whole = [operator.expand(self.rows[room - 1], self.pair)]
            self.whole.append(aligned(len(self.whole[0])))
        self.made = 0

    def fill(self, count: int) -> float:
        """See `Vectors`."""
        for j in range(count):
            self.make(j, (j - 1) % self.room, (j - 2) % self.room)
        return float(np.linalg.norm(self.rows[count - 1]))

    def make(self, row: int, last: int, before: int) -> None:
        """Make the next vector from the two in these rows; the very first one comes from where it was put."""
        if self.made == 0:
            self.rows[row] = self.rows[self.room - 1]
        else:
            factor = 1.0 if self.made == 1 else 2.0
            previous = self.rows[before] if self.made > 1 else None
            image = self.whole[1] if self.whole else None
            factors = factor / self.half, -factor * self.centre / self.half, 0.0 if previous is None else -1.0
            self.operator.multiply(self.newest(last), self.rows[row], self.pair, factors, previous, image)
            self.whole.reverse()
        self.made += 1

    def newest(self, row: int) -> Reals:
        """All blocks of the vector that was made last, which is in this row."""
        return self.whole[0] if self.whole else self.rows[row]

    def go_back(self, row: int) -> None:
        """Let the recursion go on from the vector in this row."""
        if self.whole:
            self.whole[0] = self.operator.expand(self.rows[row], self.pair)

    def add(self, coefficients: Reals, counts: NDArray[np.int64], out: Array, first: int = 0) -> None:
        """See `Vectors`; `first` is the row of the first vector."""
        from qsb.algebra.kernels import pauli, threads

        layout = self.operator.layout
        size = 1 << layout.low
        threads.spread(
            pauli.accumulate,
            out.shape[1] // min(size, 256),
            2.0 * float(counts.sum()) * self.length,
            *(self.rows[first:].reshape(-1), self.length, np.ascontiguousarray(coefficients), counts, self.pair),
            *(layout.scales, size, out.view(float)),
        )


class PlainVectors:
    """Vectors of any generator, by its own products."""

    def __init__(self, generator: Generator, now: float, x: Array, centre: float, half: float, room: int) -> None:
        """Take the first vector."""
        self.room = room
        self.generator, self.now, self.centre, self.half = generator, now, centre, half
        self.rows = np.empty((self.room, x.size), dtype=complex)
        self.rows[-1] = x
        self.made = 0

    def fill(self, count: int) -> float:
        """See `Vectors`; H x comes from dx/dt = -iHx."""
        for j in range(count):
            last = self.rows[j - 1]
            if self.made == 0:
                self.rows[0] = last
            else:
                scaled = (1j * self.generator.apply(self.now, last) - self.centre * last) / self.half
                self.rows[j] = scaled if self.made == 1 else 2 * scaled - self.rows[j - 2]
            self.made += 1
        return float(np.linalg.norm(self.rows[count - 1]))

    def add(self, coefficients: Reals, counts: NDArray[np.int64], out: Array) -> None:
        """See `Vectors`."""
        phases = np.where(np.arange(coefficients.shape[1]) % 2, -1j, 1.0)
        out += (coefficients * phases) @ self.rows[: coefficients.shape[1]]


@dataclass(frozen=True)
class Chebyshev:
    """exp(-iHt) in Chebyshev polynomials of H: matrix-free, many save times from one expansion, error near rounding."""

    name: str = "chebyshev"
    order: float = math.inf
    constant_only: bool = True
    skew_only: bool = True
    stochastic: bool = False
    #: bytes that the save states of one window, and the vectors held together, may take
    window_bytes: int = 3 * 2**27
    #: largest half-width x time of one window
    window_phase: float = 400.0

    def advance(
        self, generator: Generator, x: Array, start: float, times: Sequence[float], tolerance: float
    ) -> Iterator[Array]:
        """Expand window by window, each with dense output at its save times."""
        assert generator.bounds is not None
        if "bounds" not in generator.kept:
            generator.kept["bounds"] = generator.bounds()
        origin: tuple[float, Array] | None = (start, x)
        at, now = 0, start
        while at < len(times):
            low, high = generator.kept["bounds"]
            half = max((high - low) / 2, 1e-12)
            group = self._group(times, at, now, half, x.nbytes)
            stride = 0
            if not group:  # one save time lies beyond a window: walk there in equal strides
                stride = math.ceil((times[at] - now) * half / self.window_phase)
                group = [now + (times[at] - now) / stride]
            if origin is not None and not _again(origin, now, group[-1], half, self.window_phase):
                origin = None
            base, vector = origin if origin is not None else (now, x)
            states = self._window(generator, vector, base, group)
            x, now = states[-1].copy(), group[-1]
            if not stride:
                at += len(group)
                yield from states[:-1]
                # the states of this window are let go before the next one is made
                del states
                yield x

    def _group(self, times: Sequence[float], at: int, now: float, half: float, size: int) -> list[float]:
        room = together(size, self.window_bytes)
        ahead = len(times) - at
        # as few windows as fit, of equal length
        room = math.ceil(ahead / math.ceil(ahead / room))
        return [t for t in times[at : at + room] if (t - now) * half <= self.window_phase]

    def _window(self, generator: Generator, x: Array, now: float, times: list[float]) -> Array:
        """States at times, (T, D), from the state x at time now; bounds that prove too narrow are widened."""
        norm = float(np.linalg.norm(x))
        for _ in range(ATTEMPTS):
            low, high = generator.kept["bounds"]
            out = self._expand(generator, x, now, times, norm)
            if out is not None:
                return out
            wide = (high - low) / 4 + 0.02 * max(abs(low), abs(high))
            generator.kept["bounds"] = low - wide, high + wide
        raise ConvergenceError(
            "the Chebyshev recursion", GROWTH, 1.0, "no bounds of its spectrum were found: report this."
        )

    def _expand(self, generator: Generator, x: Array, now: float, times: list[float], norm: float) -> Array | None:
        """One expansion; None if its vectors grow."""
        low, high = generator.kept["bounds"]
        centre, half = (high + low) / 2, max((high - low) / 2, 1e-12)
        phases = np.array([(t - now) * half for t in times])
        count = terms(float(phases.max()))
        k = np.arange(count)
        coefficients = np.where(k % 4 < 2, 2.0, -2.0) * bessel(phases, count)
        coefficients[:, 0] /= 2
        matter = np.abs(coefficients) > NEGLIGIBLE
        ends = np.where(matter.any(axis=1), count - matter[:, ::-1].argmax(axis=1), 0)
        count = int(ends.max())
        room = max(2, min(MANY, self.window_bytes // (2 * x.nbytes)) // 2 * 2)
        vectors: Any = _vectors(generator, now, x, centre, half, room)
        out = aligned(len(times), 2 * x.size).view(complex)
        out[:] = 0.0
        for done in range(0, count, vectors.room):
            width = min(vectors.room, count - done)
            with np.errstate(over="ignore", invalid="ignore"):  # far outside the bounds they grow beyond any float
                longest = vectors.fill(width)
            if not longest <= GROWTH * norm:
                return None
            counts = np.clip(ends - done, 0, width).astype(np.int64)
            vectors.add(coefficients[:, done : done + width], counts, out)
        if centre:
            for row, t in zip(out, times, strict=True):
                row *= np.exp(-1j * centre * (t - now))
        return out


def expansion_bytes(size: int, count: int, most: int = Chebyshev.window_bytes) -> int:
    """Bytes of the states of one window and of the vectors held together, for kets of `size` bytes or less."""
    states = min(count * size, max(size, min(most // 2, max(MANY * size, CACHE))))
    return states + max(2 * size, min(most // 2, MANY * size))


def _again(origin: tuple[float, Array], now: float, end: float, half: float, most: float) -> bool:
    """Whether expanding a real start once more costs less than going on from a complex state, which costs twice."""
    start, x = origin
    if now == start:
        return True
    if np.any(x.imag) or (end - start) * half > most:
        return False
    return terms((end - start) * half) <= 2 * terms((end - now) * half)


def _vectors(generator: Generator, now: float, x: Array, centre: float, half: float, room: int) -> Vectors:
    """Compiled vectors where the generator has a Pauli sum."""
    operator = generator.kernel
    if isinstance(operator, PauliSum) and not operator.is_tiny:
        return PauliVectors(operator, x, centre, half, room)
    return PlainVectors(generator, now, x, centre, half, room)


def together(size: int, most: int) -> int:
    """How many states of `size` bytes one window gives.

    More of them share an expansion, and cost memory traffic once they leave the cache.
    """
    return max(1, min(most // (2 * size), max(MANY, CACHE // size)))
