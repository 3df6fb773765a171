r"""Spin operators as sums of Pauli strings, multiplied with kets without a matrix.

A ket is handled as a vector of doubles. A real operator multiplies real and imaginary parts alike, so a complex ket is
a real vector with one more, lowest, bit; an imaginary coefficient i b of a string is b times the rotation
:math:`X Z` of that bit. Every operator is thus a *real* sum of strings, and a real ket under a real operator stays
real at half the cost.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from qsb.algebra.opsum import OpSum
from qsb.algebra.space import Space

Ints = NDArray[np.int64]
Reals = NDArray[np.float64]
Strings = dict[tuple[int, int], complex]

#: X^x Z^z expansions of the spin operators, as (flip bit, sign bit, coefficient); y = i X Z
_PAULI: dict[str, tuple[tuple[int, int, complex], ...]] = {
    "i": ((0, 0, 1.0),),
    "x": ((1, 0, 1.0),),
    "y": ((1, 1, 1j),),
    "z": ((0, 1, 1.0),),
    "+": ((1, 0, 0.5), (1, 1, -0.5)),
    "-": ((1, 0, 0.5), (1, 1, 0.5)),
    "n": ((0, 0, 0.5), (0, 1, 0.5)),
}
#: bits of a block that is worked on in one go where nothing else sets its size
_BLOCK_BITS = 10
#: amplitudes below which rows of vector registers do not fill
_TINY = 5


def aligned(*shape: int) -> Reals:
    """Doubles that start at a line of the cache, not yet set: registers are then loaded from one line, not two."""
    count = math.prod(shape)
    raw = np.empty(count + 7)
    first = -raw.ctypes.data // 8 % 8
    return raw[first : first + count].reshape(shape)


def pauli_strings(op: OpSum, space: Space) -> Strings:
    """Expand a spin operator into {(x, z): c}, meaning sum c X^x Z^z; site i is bit N-1-i of the masks."""
    n = space.sites
    total: Strings = {}
    for coefficient, factors in op.words(space):
        partial: Strings = {(0, 0): coefficient}
        for site, name in factors:
            bit = 1 << (n - 1 - site)
            step: Strings = {}
            for (x, z), c in partial.items():
                for fx, fz, f in _PAULI[name]:
                    key = (x | bit if fx else x, z | bit if fz else z)
                    step[key] = step.get(key, 0) + c * f
            partial = step
        for key, c in partial.items():
            total[key] = total.get(key, 0) + c
    return {k: c for k, c in total.items() if c != 0}


@dataclass(frozen=True, eq=False)
class Layout:
    """Which amplitudes a vector holds, and in which order.

    Bit `places[b]` of an index in the layout is bit b of the index in the product basis. The vector is cut into blocks
    of `1 << low` amplitudes; it holds those in `blocks`. With `sign` 1 or -1 the state is even or odd under the
    exchange of the two halves of the bits below `2 * half`, and `mirrors` names the image of each block, -1 for its
    own. Amplitudes of a block with an image count twice, so they are held times sqrt(2): the norm is that of the whole.

    Attributes:
        sites: number of spins.
        low: bits of a block.
        places: place of each bit of the product basis.
        blocks: numbers of the held blocks, (P,).
        mirrors: numbers of their images, (P,).
        sign: 1 or -1 with an exchange, 0 without.
    """

    sites: int
    low: int
    places: tuple[int, ...]
    blocks: Ints
    mirrors: Ints
    sign: int = 0

    @classmethod
    def plain(cls, sites: int) -> Layout:
        """Every amplitude, in the order of the product basis."""
        low = min(sites, _BLOCK_BITS)
        blocks = np.arange(1 << (sites - low), dtype=np.int64)
        return cls(sites, low, tuple(range(sites)), blocks, np.full(len(blocks), -1, dtype=np.int64))

    @classmethod
    def reflected(cls, sites: int, sign: int) -> Layout:
        """Half of the amplitudes of a state that is even (1) or odd (-1) under reflection of the row of sites.

        With the cells of the left half outwards in one index and those of the right half in the other, the state is a
        symmetric (antisymmetric) matrix, one for each value of a middle cell: the blocks below its diagonal are held.
        """
        h = sites // 2
        t = min(5, max(3, h - 4))
        high = h - t
        places = [0] * sites
        for k in range(h):
            places[k] = k if k < t else t + k
            places[sites - 1 - k] = t + k if k < t else t + high + k
        if sites % 2:
            places[h] = sites - 1
        held = [
            (m << 2 * high | i << high | j, -1 if i == j else m << 2 * high | j << high | i)
            for m in range(1 + sites % 2)
            for i in range(1 << high)
            for j in range(i + 1)
        ]
        blocks, mirrors = np.array(held, dtype=np.int64).T
        return cls(sites, 2 * t, tuple(places), np.ascontiguousarray(blocks), np.ascontiguousarray(mirrors), sign)

    def random(self, seed: int) -> Reals:
        """A random real ket of the layout, of length 1."""
        out = np.random.default_rng(seed).normal(size=(len(self.blocks), 1 << self.low))
        if self.sign:
            side = 1 << (self.low // 2)
            own = out[self.mirrors < 0].reshape(-1, side, side)
            out[self.mirrors < 0] = (own + self.sign * own.transpose(0, 2, 1)).reshape(len(own), -1) / 2
        return np.asarray(out.ravel() / np.linalg.norm(out))

    @property
    def dimension(self) -> int:
        """Amplitudes that are held."""
        return len(self.blocks) << self.low

    @cached_property
    def scales(self) -> Reals:
        """Factor of the amplitudes of each block, (P,)."""
        return np.where(self.mirrors >= 0, np.sqrt(2.0), 1.0)

    def masks(self, mask: int) -> int:
        """A mask of the product basis in the layout."""
        return sum(1 << self.places[b] for b in range(self.sites) if mask >> b & 1)

    def strings(self, strings: Strings) -> Strings:
        """Strings in the layout."""
        return {(self.masks(x), self.masks(z)): c for (x, z), c in strings.items()}

    @cached_property
    def source(self) -> Ints:
        """Product-basis index of each amplitude, (P, 2^low)."""
        inside = self._scatter(np.arange(1 << self.low, dtype=np.int64))
        return np.asarray(self._scatter(self.blocks << self.low)[:, None] | inside[None, :])

    @cached_property
    def image(self) -> Ints:
        """Product-basis index of the mirror image of each amplitude that has one, (P', 2^low)."""
        side = 1 << (self.low // 2)
        inside = np.arange(1 << self.low, dtype=np.int64).reshape(side, side).T.ravel()
        paired = self.mirrors[self.mirrors >= 0]
        return np.asarray(self._scatter(paired << self.low)[:, None] | self._scatter(inside)[None, :])

    def _scatter(self, index: Ints) -> Ints:
        out = np.zeros_like(index)
        for b, place in enumerate(self.places):
            out |= (index >> place & 1) << b
        return out

    @property
    def is_plain(self) -> bool:
        """Whether it is the product basis as it stands."""
        return self.sign == 0 and self.places == tuple(range(self.sites))

    def fold(self, psi: NDArray[Any]) -> NDArray[Any]:
        """A ket of the product basis that has the symmetry, in the layout."""
        if self.is_plain:
            return psi
        return np.asarray((psi[self.source] * self.scales[:, None]).ravel())

    def unfold(self, packed: NDArray[Any]) -> NDArray[Any]:
        """Back to all 2^N amplitudes of the product basis."""
        if self.is_plain:
            return packed
        out = np.empty(1 << self.sites, dtype=packed.dtype)
        parts = packed.reshape(len(self.blocks), -1) / self.scales[:, None]
        out[self.source] = parts
        if self.sign:
            out[self.image] = self.sign * parts[self.mirrors >= 0]
        return out

    def diagonal(self, strings: Strings) -> Reals:
        """Diagonal sum_z c Z^z over the held amplitudes, by one product of signs of high and of low bits."""
        low_mask = (1 << self.low) - 1
        groups: dict[int, Reals] = {}
        inside = np.arange(1 << self.low, dtype=np.int64)
        for (x, z), c in self.strings(strings).items():
            if x == 0:
                total = groups.setdefault(z >> self.low, np.zeros(1 << self.low))
                total += np.real(c) * _signs(inside, z & low_mask)
        if not groups:
            return np.zeros(self.dimension)
        high = np.stack([_signs(self.blocks, z) for z in groups], axis=1)
        return np.asarray((high @ np.stack(list(groups.values()))).ravel())


def _signs(index: Ints, mask: int) -> Reals:
    return np.asarray(1.0 - 2.0 * (np.bitwise_count(index & mask) & 1))


@dataclass(frozen=True)
class Flips:
    """The strings that flip something, as `the rows of `kernels.lanes`` takes them."""

    flips: Ints
    signs: Ints
    weights: Reals
    bounds: Ints

    @classmethod
    def of(cls, strings: Strings, pair: int) -> Flips:
        """Sort strings by their two lowest flips; `pair` is 1 if the lowest bit tells real from imaginary part."""
        found: dict[tuple[int, int, int, int], Reals] = {}
        lanes = np.arange(4)
        for (x, z), c in strings.items():
            if x == 0:
                continue
            parts = [(x << pair, z << pair, c.real)]
            if c.imag:
                parts.append((x << 1 | 1, z << 1 | 1, c.imag))
            for fx, fz, weight in parts:
                if weight:
                    low = fx & 3
                    key = low, int(bool(fz >> 2)), fx & ~3, fz & ~3
                    lane = weight * (1.0 - 2.0 * (np.bitwise_count((lanes ^ low) & fz & 3) & 1))
                    found[key] = found.get(key, np.zeros(4)) + lane
        order = sorted(found)
        count = np.zeros(9, dtype=np.int64)
        for low, signed, _, _ in order:
            count[2 * low + signed + 1] += 1
        return cls(
            np.array([k[2] for k in order], dtype=np.int64),
            np.array([k[3] for k in order], dtype=np.int64),
            np.array([found[k] for k in order]).reshape(-1),
            np.cumsum(count),
        )


@dataclass(frozen=True, eq=False)
class PauliSum:
    """A matrix-free spin operator on kets of a layout; costs eight bytes an amplitude for the diagonal.

    Attributes:
        sites: number of spins.
        strings: {(x, z): c} in the product basis.
        layout: of the kets; the product basis by default.
    """

    sites: int
    strings: Strings
    layout: Layout = field(default=None)  # type: ignore[assignment]

    def __post_init__(self) -> None:
        """Take the product basis where no layout is named."""
        if self.layout is None:
            object.__setattr__(self, "layout", Layout.plain(self.sites))

    @classmethod
    def of(cls, op: OpSum, space: Space, layout: Layout | None = None) -> PauliSum:
        """Expand an `OpSum` on spins."""
        return cls(space.sites, pauli_strings(op, space), layout)  # type: ignore[arg-type]

    @cached_property
    def diagonal(self) -> Reals:
        """Diagonal of a Hermitian operator, (D,)."""
        found = self.layout.diagonal(self.strings)
        out = aligned(len(found))
        out[:] = found
        return out

    @cached_property
    def is_diagonal(self) -> bool:
        """Whether nothing flips."""
        return all(x == 0 for x, _ in self.strings)

    @cached_property
    def is_real(self) -> bool:
        """Whether all matrix elements are real."""
        return not any(complex(c).imag for c in self.strings.values())

    @cached_property
    def norm_bound(self) -> float:
        """Sum of |c|: no eigenvalue is larger in modulus."""
        return float(sum(abs(c) for c in self.strings.values()))

    @property
    def dimension(self) -> int:
        """Amplitudes of a ket."""
        return self.layout.dimension

    @property
    def is_tiny(self) -> bool:
        """Whether a ket is shorter than a row of registers."""
        return self.sites < _TINY

    @cached_property
    def _matrix(self) -> NDArray[Any]:
        """Dense matrix of a few spins."""
        index = np.arange(1 << self.sites)
        out = np.zeros((len(index), len(index)), dtype=complex)
        for (x, z), c in self.strings.items():
            if x:
                out[index, index ^ x] += c * _signs(index ^ x, z)
        out[index, index] += self.diagonal
        return out

    @cached_property
    def _flips(self) -> dict[int, Flips]:
        return {}

    def flips(self, pair: int) -> Flips:
        """Strings for real (0) or complex (1) vectors."""
        if pair not in self._flips:
            self._flips[pair] = Flips.of(self.layout.strings(self.strings), pair)
        return self._flips[pair]

    def apply(self, psi: NDArray[Any]) -> NDArray[Any]:
        """Operator times a ket (D,); real where both are real."""
        if self.is_diagonal:
            return np.asarray(self.diagonal * psi)
        if self.is_tiny:
            matrix = self._matrix.real if self.is_real else self._matrix
            return np.asarray(matrix @ psi)
        pair = int(np.iscomplexobj(psi) or not self.is_real)
        x = np.ascontiguousarray(psi, dtype=complex if pair else float).view(float)
        whole = x if self.layout.is_plain else self.expand(x, pair, 1 / self.layout.scales)
        out = aligned(len(x))
        self.multiply(whole, out, pair)
        if not self.layout.is_plain:
            blocks = out.reshape(len(self.layout.scales), -1)
            blocks *= self.layout.scales[:, None]
        return np.asarray(out.view(complex) if pair else out)

    def expand(self, packed: Reals, pair: int, factors: Reals | None = None) -> Reals:
        """Doubles of all blocks from those of the held ones times a factor each."""
        from qsb.algebra.kernels import pauli, threads

        a = self.layout
        whole = aligned((1 << self.sites) << pair)
        shape = a.blocks, a.mirrors, 1 << (a.low // 2), (1 << a.low) << pair, pair, float(a.sign)
        factors = np.ones(len(a.blocks)) if factors is None else factors
        threads.spread(pauli.unpack, len(a.blocks), 2.0 * whole.size, *shape, factors, packed, whole)
        return whole

    def multiply(
        self,
        whole: Reals,
        out: Reals,
        pair: int,
        factors: tuple[float, float, float] = (1.0, 0.0, 0.0),
        previous: Reals | None = None,
        image: Reals | None = None,
    ) -> None:
        """out = (a H + b) whole + c previous on the held blocks, with (a, b, c) = `factors`.

        Args:
            whole: doubles of all blocks, without factors.
            out: doubles of the held blocks, without factors.
            pair: 0 for real vectors, 1 for complex ones.
            factors: as said.
            previous: as `out`, if c is not 0.
            image: where all blocks of the result are written too, if given.
        """
        from qsb.algebra.kernels import pauli, threads

        a, b, c = factors
        y, f = self.layout, self.flips(pair)
        size = (1 << y.low) << pair
        threads.spread(
            pauli.step,
            len(y.blocks),
            out.size * (2.0 + len(f.flips)),
            *(y.blocks, y.mirrors, 1 << (y.low // 2), size, pair, float(y.sign)),
            *(self.diagonal, f.flips, f.signs, f.weights if a == 1.0 else a * f.weights, f.bounds),
            *(a, b, c, whole, whole if previous is None else previous, out),
            np.empty(0) if image is None else image,
        )

    def moments(self, x: NDArray[Any], rate: NDArray[Any]) -> tuple[float, float, float]:
        """<H>, <H^2> and 2 Re <x|H|rate> of a diagonal operator in one pass."""
        from qsb.algebra.kernels import pauli, threads

        h = self.diagonal
        size = 4096
        chunks = -(-h.size // size)
        out = np.empty((chunks, 4))
        parts = [np.ascontiguousarray(v, dtype=complex).view(float) for v in (x, rate)]
        threads.spread(pauli.moments, chunks, 8.0 * h.size, size, h, *parts, out)
        _, energy, square, power = out.sum(axis=0)
        return float(energy), float(square), float(power)
