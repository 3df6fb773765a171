r"""Energy and power of a closed evolution at any number of times, without the states.

The state is :math:`\psi(t) = \sum_k c_k(t)\,\phi_k` with the Chebyshev vectors :math:`\phi_k = T_k(\tilde H)\psi_0` and
coefficients that alone depend on the time (`qsb.dynamics.chebyshev`), so that

.. math:: \langle H_B\rangle(t) = \sum_{kl} c_k^* c_l\, \langle\phi_k|H_B|\phi_l\rangle, \qquad
          \dot c_k = \tfrac{h}{2} s_k (J_{k-1} - J_{k+1})(ht)

give energy and power at all times from one matrix of inner products, which is a product of matrices; the norm comes
from the same with 1 for :math:`H_B`. With :math:`c_k` real for even k and imaginary for odd k, the vectors of a real H
from a real start need the products of even with even and of odd with odd ones only.

All vectors at once do not fit the memory: some are held, and the later ones pass by; then these are made once more.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from qsb.algebra.kernels import threads
from qsb.algebra.pauli import PauliSum, aligned
from qsb.dynamics.chebyshev import ATTEMPTS, GROWTH, PauliVectors, terms
from qsb.dynamics.readouts import PureReadout
from qsb.dynamics.reflection import SectorReadout
from qsb.dynamics.representation import Array, Generator, Reduced, Work
from qsb.errors import ConvergenceError

Reals = NDArray[np.float64]

#: half-width x time of one window: a complex start has twice the vectors and four times the products
REAL_PHASE, COMPLEX_PHASE = 320.0, 110.0
#: vectors that pass by together, those that are held, and the most bytes of all of them
PASSING, HELD, LARGEST = 16, 64, 3 * 2**27
#: readouts that do not depend on the state
STATICS = frozenset({"extremes", "levels", "span", "locality"})
#: doubles of each vector that one product of matrices takes
_CHUNK = 1024
#: products with H that find the bounds of its spectrum
BOUNDING = 40
#: slices of vectors are multiplied at a part of the pace of large matrices
_SMALL = 2.0
#: coefficients below it are left out, from where all further ones are
SMALLEST = 1e-15


def meter(reduced: Reduced, needs: frozenset[str], integrators: Sequence[str], count: int) -> PauliSum | None:
    """H_B where energy and power at so many times cost less without states; None elsewhere."""
    if not suffices(needs, integrators):
        return None
    readout = reduced.readout
    if isinstance(readout, SectorReadout):
        battery: Any = readout.battery
    else:
        battery = readout.frame.battery() if type(readout) is PureReadout else None
    vectors = 0
    for generator in reduced.generators:
        operator = generator.kernel
        if not isinstance(operator, PauliSum) or operator.is_tiny or not isinstance(battery, PauliSum):
            return None
        low, high = bounds(generator)
        vectors += terms((high - low) / 2 * (generator.segment.end - generator.segment.start))
    return battery if not battery.is_tiny and many(count, vectors) else None


def suffices(needs: frozenset[str], integrators: Sequence[str]) -> bool:
    """Whether energy and power are all that is asked of states that Chebyshev expansions advance."""
    return not needs - STATICS - {"energy", "power"} and set(integrators) == {"chebyshev"}


def many(count: int, vectors: int) -> bool:
    """Whether so many times cost less without states, which would be sums of so many vectors."""
    return 4 * count >= vectors


def bounds(generator: Generator) -> tuple[float, float]:
    """Bounds of the spectrum of H, found once."""
    assert generator.bounds is not None
    if "bounds" not in generator.kept:
        generator.kept["bounds"] = generator.bounds()
    low, high = generator.kept["bounds"]
    return low, high


@dataclass(frozen=True)
class Span:
    """A segment as its cost sees it: half-width of the spectrum x time, one product with H, save times inside."""

    phase: float
    product: Work
    saved: int


def cost(spans: Sequence[Span], dimension: int, image: Work | None, *, real: bool) -> tuple[Work, int]:
    """What walking through constant segments takes, and its bytes at most.

    Args:
        spans: the segments.
        dimension: amplitudes of a ket.
        image: one product with H_B; None where that is diagonal.
        real: whether H and the start are; after the first window a ket is complex.
    """
    total, most = Work(), 0
    for span in spans:
        first = min(span.phase, REAL_PHASE) if real else 0.0
        equal = math.ceil((span.phase - first) / COMPLEX_PHASE)
        windows = [(1, first, False)] if first else []
        windows += [(equal, (span.phase - first) / equal, True)] if equal else []
        total += span.product * BOUNDING
        for times, phase, pair in windows:
            work, held = _window_cost(span, phase, dimension << pair, image, pair=pair)
            total, most, real = total + work * times, max(most, held), False
    return total, most


def _window_cost(span: Span, phase: float, length: int, image: Work | None, *, pair: bool) -> tuple[Work, int]:
    """The same of one window, whose vectors are `length` doubles long."""
    count, saved = terms(phase), span.saved * phase / span.phase
    step, held = rooms(8 * length, count)
    kept = held + (step if held < count else 0)
    made = sum(count - base for base in range(0, count, held))
    # of H_B and of 1, half of all pairs, and of complex vectors twice as many
    inner = length * count * (count + step) * (1 + pair)
    batches = sum(-(-(count - base) // step) for base in range(0, count, held))
    forms = 2.0 * saved * count**2 * (1 + pair)
    work = (span.product * (1 + pair) + (Work() if image is None else image * (1 + pair))) * made
    work += Work(
        _SMALL * inner + forms,
        8.0 * length * count * count / (2 * step),
        12.0 * (1 + pair) * batches * -(-length // _CHUNK),
    )
    doubles = length * (kept + (0 if image is None else step) + 8) + saved * 5 * count + (1 + pair) * count**2
    # each thread takes parts of the new vectors, times H_B and times 1, and adds up products of its own
    doubles += threads.count() * (1 + pair) * step * (2 * min(_CHUNK, length) + held + step)
    return work, int(8 * doubles)


@dataclass(frozen=True)
class Energies:
    """<H_B>, its rate and the norm of the state at times, each (T,), and the state at the end."""

    energy: Reals
    power: Reals
    norm: Reals
    end: Array


def advance(generator: Generator, battery: PauliSum, x: Array, start: float, times: Reals, end: float) -> Energies:
    """Walk through a segment with a constant H.

    Args:
        generator: -iH with a Pauli sum as its kernel.
        battery: H_B, in the layout of the kernel.
        x: ket at the start, (D,).
        start: where the segment starts.
        times: increasing, all in (start, end], (T,).
        end: where the segment ends.
    """
    found: list[Energies] = []
    left, now, attempts = times, start, 0
    while now < end:
        low, high = bounds(generator)
        real = generator.kernel.is_real and not np.any(x.imag)
        stride = (REAL_PHASE if real else COMPLEX_PHASE) / max((high - low) / 2, 1e-12)
        # a real start reaches further than the windows after it, which are equal
        shorter = now + stride if real else now + (end - now) / math.ceil((end - now) / stride)
        to = end if end - now <= stride else shorter
        inside = left[left <= to] if to < end else left
        # no name, which would hold the vectors of one window while the next makes its own
        made = _Window(generator.kernel, battery, x, (low, high), inside - now, to - now).read(float(np.linalg.norm(x)))
        if made is None:  # energies outside the bounds: wider ones make shorter windows
            attempts += 1
            if attempts == ATTEMPTS:
                raise ConvergenceError(
                    "the Chebyshev recursion", GROWTH, 1.0, "no bounds of its spectrum were found: report this."
                )
            wide = (high - low) / 4 + 0.02 * max(abs(low), abs(high))
            generator.kept["bounds"] = low - wide, high + wide
            continue
        found.append(made)
        left, now, x, attempts = left[len(inside) :], to, made.end, 0
    energy, power, norm = (np.concatenate(p) for p in zip(*((f.energy, f.power, f.norm) for f in found), strict=True))
    return Energies(energy, power, norm, x)


class _Window:
    """The vectors of one expansion, and their inner products."""

    def __init__(
        self,
        operator: PauliSum,
        battery: PauliSum,
        x: Array,
        bounds: tuple[float, float],
        times: Reals,
        length: float,
    ) -> None:
        """Coefficients, and room for the vectors."""
        low, high = bounds
        self.battery, self.size, self.length = battery, x.size, length
        self.centre, self.half = (high + low) / 2, max((high - low) / 2, 1e-12)
        self.c, self.rate = _coefficients(self.half, np.append(times, length))
        self.count = self.c.shape[1]
        pair = int(not operator.is_real or bool(np.any(x.imag)))
        self.step, self.held = rooms(8 * x.size << pair, self.count)
        extra = self.step if self.held < self.count else 0
        self.vectors = PauliVectors(operator, x, self.centre, self.half, self.held + extra)
        self.pair, self.rows = self.vectors.pair, self.vectors.rows
        weights = np.repeat(operator.layout.scales**2, x.size // len(operator.layout.scales))
        self.weights = np.repeat(weights, 1 + self.pair)
        self.images = None if battery.is_diagonal else aligned(self.step, self.vectors.length)
        self.diagonal = np.repeat(battery.diagonal, 1 + self.pair) * self.weights
        half = (self.count + 1) // 2
        # products of even with even, of odd with odd, and of even with odd vectors: of H_B, and of 1
        self.products = np.zeros((4 if self.pair else 2, 2, half, half))
        self.last, self.before = self.held + extra - 1, 0

    def read(self, norm: float) -> Energies | None:
        """Make all vectors as often as needed; None if they grow."""
        end = aligned(1, 2 * self.size).view(complex)
        end[:] = 0.0
        asked = len(self.c) > 1
        for base in range(0, self.count if asked else 1, self.held):
            if base:
                self.last, self.before = self.held - 1, self.held - 2
                self.vectors.go_back(self.last)
            for first in range(base, self.count, self.step):
                width = min(self.step, self.count - first)
                at = min(first - base, self.held)
                with np.errstate(over="ignore", invalid="ignore"):  # outside the bounds they grow beyond any float
                    longest = self._fill(at, width)
                if not base:
                    if not longest <= GROWTH * norm:
                        return None
                    self.vectors.add(self.c[-1:, first : first + width], np.array([width]), end, at)
                if asked:
                    self._multiply(base, first, at, width)
        end *= np.exp(-1j * self.centre * self.length)
        return Energies(*self._forms(), end[0])

    def _fill(self, at: int, width: int) -> float:
        """The next vectors, into rows `at`, ..., and H_B times them where it is not diagonal."""
        for j in range(width):
            self.vectors.make(at + j, self.last, self.before)
            self.last, self.before = at + j, self.last
            if self.images is not None:
                self.battery.multiply(self.vectors.newest(at + j), self.images[j], self.pair)
        return float(np.linalg.norm(self.rows[at + width - 1]))

    def _multiply(self, base: int, first: int, at: int, width: int) -> None:
        """Inner products of the held vectors, up to the new ones, with the new ones in rows `at`, ..."""
        upto = min(at + width, self.held)
        chunks = -(-self.vectors.length // _CHUNK)
        shape = len(self.products), 2, (upto + 1) // 2, (width + 1) // 2
        found: list[Reals] = []

        def loop(begin: int, stop: int) -> None:
            total, room = np.zeros(shape), np.empty((2, 2, shape[3], _CHUNK))
            for c in range(begin, stop):
                self._products(slice(c * _CHUNK, (c + 1) * _CHUNK), upto, at, width, room, total)
            found.append(total)

        threads.spread(loop, chunks, float(upto * width * self.vectors.length))
        here = slice(base // 2, (base + upto + 1) // 2), slice(first // 2, (first + width + 1) // 2)
        self.products[:, :, *here] = sum(found)

    def _products(self, part: slice, upto: int, at: int, width: int, room: Reals, total: Reals) -> None:
        """Add the products over a part of the amplitudes; `room` is for (even, odd) x (H_B, 1) times new vectors."""
        held, new, weights = self.rows[:upto, part], self.rows[at : at + width, part], self.weights[part]
        room = room[..., : held.shape[1]]
        for odd in (0, 1):
            if self.images is not None:
                np.multiply(self.images[odd:width:2, part], weights, out=room[odd, 0])
            else:
                np.multiply(new[odd::2], self.diagonal[part], out=room[odd, 0])
            np.multiply(new[odd::2], weights, out=room[odd, 1])
            total[odd] += _inner(held[odd::2], room[odd])
        if self.pair:
            # Im <a|b> = Re a Im b - Im a Re b
            turned = room.reshape(*room.shape[:3], -1, 2)[..., ::-1] * np.array([1.0, -1.0])
            turned = turned.reshape(room.shape)
            total[2] += _inner(held[0::2], turned[1])
            total[3] += _inner(held[1::2], turned[0])

    def _forms(self) -> tuple[Reals, Reals, Reals]:
        """<H_B>, its rate and the norm at the times."""
        c, rate = self.c[:-1], self.rate[:-1]
        square, energy, power = np.zeros((3, len(c)))
        for odd in (0, 1):
            a, b = c[:, odd::2], rate[:, odd::2]
            for k in (0, 1):
                upper = self.products[odd, k]
                m = np.triu(upper) + np.triu(upper, 1).T
                image = a @ m
                if k:
                    square += (image * a).sum(axis=1)
                else:
                    energy += (image * a).sum(axis=1)
                    power += 2 * (image * b).sum(axis=1)
        if self.pair:
            for k in (0, 1):
                # with even before odd from one order of the products, with odd before even from the other
                m = np.triu(self.products[2, k]) - np.triu(self.products[3, k], 1).T
                image, other = c[:, 0::2] @ m, c[:, 1::2] @ m.T
                value = 2 * (image * c[:, 1::2]).sum(axis=1)
                if k:
                    square += value
                else:
                    energy += value
                    power += 2 * ((image * rate[:, 1::2]).sum(axis=1) + (other * rate[:, 0::2]).sum(axis=1))
        return energy, power, np.sqrt(square)


def _inner(a: Reals, b: Reals) -> Reals:
    """a b^T for each of two b."""
    return np.asarray((a @ b.reshape(-1, b.shape[-1]).T).reshape(len(a), 2, -1).swapaxes(0, 1))


def rooms(size: int, count: int) -> tuple[int, int]:
    """Vectors that pass by together and vectors that are held, of `count` of `size` bytes."""
    most = max(10, min(PASSING + HELD, LARGEST // size))
    step = min(PASSING, most // 5) // 2 * 2
    return step, min(-(-count // step), most // step - 1) * step


def _coefficients(half: float, times: Reals) -> tuple[Reals, Reals]:
    """Coefficients with their signs and their rates, (T, K): even and odd vectors as in `chebyshev.Vectors.add`."""
    from qsb.algebra.kernels.bessel import bessel

    phases = half * times
    count = terms(float(phases.max()))
    j = np.empty((len(times), count + 2))
    bessel(phases, False, j)
    signs = np.where(np.arange(count) % 4 < 2, 2.0, -2.0)
    c = signs * j[:, :count]
    c[:, 0] /= 2
    count = max(2, int(np.flatnonzero((np.abs(c) > SMALLEST).any(axis=0)).max()) + 1)
    count += count % 2
    rate = np.empty_like(c)
    rate[:, 1:] = signs[1:] * (half / 2) * (j[:, : len(signs) - 1] - j[:, 2 : len(signs) + 1])
    rate[:, 0] = -half * j[:, 1]
    return c[:, :count], rate[:, :count]
