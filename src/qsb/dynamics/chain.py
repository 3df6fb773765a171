"""Open chains with neighbours only: bond Hamiltonians, commutators as Pauli strings, and the step of a product formula.

The error of a product formula is local: it is measured on windows of a few cells, where the exact evolution is one
diagonalisation, and the step is the longest one whose measured error is small enough.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from qsb.algebra.opsum import OpSum
from qsb.algebra.pauli import pauli_strings
from qsb.algebra.site_operators import SPIN_OPERATORS
from qsb.algebra.space import Space
from qsb.algebra.states import product_ket
from qsb.algebra.terms import Global, Local, Matrix, Pair
from qsb.dynamics.representation import Array
from qsb.errors import ConvergenceError

Strings = dict[tuple[int, int], complex]

#: cells of the windows on which product formulas are compared with exact evolution
WINDOW = 8
#: steps between two save times from which a product formula is given up
MOST_STEPS = 4096
#: layers of a step, as (share of the step, whether odd bonds), the last one merged with the next step's first
_A1, _B1 = 0.095848502741203681182, 0.42652466131587616168
_A2, _B2 = -0.078111158921637922695, -0.12039526945509726545
#: leapfrog, and eq. (30a) of Barthel and Zhang, arXiv:1901.04974
LAYERS: dict[Any, tuple[tuple[float, bool], ...]] = {
    2: ((0.5, True), (1.0, False), (0.5, True)),
    "4_opt": (
        (_A1, True),
        (_B1, False),
        (_A2, True),
        (_B2, False),
        (0.5 - _A1 - _A2, True),
        (1.0 - 2 * (_B1 + _B2), False),
        (0.5 - _A1 - _A2, True),
        (_B2, False),
        (_A2, True),
        (_B1, False),
        (_A1, True),
    ),
}


def is_chain(op: OpSum, space: Space) -> bool:
    """Whether every product touches one cell, or two that are neighbours on the open chain."""
    n = space.sites
    for t in op.active:
        if isinstance(t, Local):
            continue
        if isinstance(t, Matrix) or (isinstance(t, Global) and n > 2):
            return False
        if isinstance(t, Pair):
            if t.geometry == "explicit":
                i, j, w = t.bonds(space)
                if np.any(np.abs(i - j)[w != 0] > 1):
                    return False
            elif t.geometry != "chain" and n > 2:
                return False
        else:
            for _, factors in t.words(space):
                touched = [s for s, o in factors if o != "i"]
                if touched and max(touched) - min(touched) > 1:
                    return False
    return True


def bonds(op: OpSum, space: Space) -> Array:
    """Bond Hamiltonians (N-1, 4, 4); a one-cell term is shared by the bonds of its cell, a constant left out."""
    n = space.sites
    out = np.zeros((n - 1, 4, 4), dtype=complex)
    for coefficient, word in pauli_words(pauli_strings(op, space), n):
        sites = [s for s, _ in word]
        if len(sites) == 2:
            first, second = (SPIN_OPERATORS[o] for _, o in word)
            out[sites[0]] += coefficient * np.kron(first, second)
        elif sites:
            one, touching = SPIN_OPERATORS[word[0][1]], [b for b in (sites[0] - 1, sites[0]) if 0 <= b < n - 1]
            for b in touching:
                pair = (one, np.eye(2)) if b == sites[0] else (np.eye(2), one)
                out[b] += coefficient / len(touching) * np.kron(*pair)
    return out


def pauli_words(strings: Strings, sites: int) -> list[tuple[float, tuple[tuple[int, str], ...]]]:
    """Hermitian sum c X^x Z^z as real coefficients of products of sigma^x, sigma^y, sigma^z; XZ = -iY."""
    out = []
    for (x, z), c in strings.items():
        word, both = [], x | z
        while both:
            bit = both & -both
            both ^= bit
            name = "y" if x & bit and z & bit else "x" if x & bit else "z"
            word.append((sites - bit.bit_length(), name))
        word.reverse()
        c = c * (-1j) ** ((x & z).bit_count() % 4)
        out.append((float(c.real), tuple(word)))
    return out


def commutator(a: Strings, b: Strings) -> Strings:
    """i[a, b] of two sums of strings; only strings that share a cell are multiplied."""
    at: dict[int, list[tuple[int, int]]] = {}
    for x, z in b:
        both = x | z
        while both:
            bit = both & -both
            both ^= bit
            at.setdefault(bit, []).append((x, z))
    out: Strings = {}
    for (x, z), c in a.items():
        met: set[tuple[int, int]] = set()
        both = x | z
        while both:
            bit = both & -both
            both ^= bit
            met.update(at.get(bit, ()))
        for u, w in met:
            left, right = (z & u).bit_count() & 1, (w & x).bit_count() & 1
            if left != right:  # they anticommute
                key = (x ^ u, z ^ w)
                out[key] = out.get(key, 0) + 2j * c * b[u, w] * (-1) ** left
    return {k: c for k, c in out.items() if abs(c) > 0}


@dataclass(frozen=True)
class Step:
    """A product formula for one segment.

    Attributes:
        order: a key of `LAYERS`.
        length: the longest step.
        error: largest deviation of a cell's state from the exact evolution of the windows.
    """

    order: Any
    length: float
    error: float

    def layers(self, gap: float) -> int:
        """Layers of gates that a gap between save times takes."""
        return self.count(gap) * (len(LAYERS[self.order]) - 1) + 1

    def count(self, gap: float) -> int:
        """Steps in a gap."""
        return max(1, math.ceil(gap / self.length * (1 - 1e-12)))


@dataclass(frozen=True)
class Windows:
    """Short pieces of the chain, evolved exactly.

    Attributes:
        firsts: first cell of each.
        kets: exact states (W, 2^n) at the beginning of the segment.
    """

    firsts: tuple[int, ...]
    kets: Array

    @classmethod
    def of(cls, cells: Array, strength: NDArray[np.float64]) -> Windows:
        """Windows at both ends, in the middle and where the bonds are strongest; `cells` are the start kets (N, 2)."""
        n, width = len(cells), min(WINDOW, len(cells))
        sums = np.convolve(strength, np.ones(width - 1), mode="valid")
        firsts = tuple(sorted({0, (n - width) // 2, n - width, int(np.argmax(sums))}))
        return cls(firsts, np.array([product_ket(cells[k : k + width], width) for k in firsts]))

    def choose(self, h: Array, gap: float, duration: float, tolerance: float) -> Step:
        """The cheapest step whose error on the windows stays below `tolerance` for the whole segment.

        Raises:
            ConvergenceError: if no reasonable step does.
        """
        size = max(float(np.abs(np.linalg.eigvalsh(h)).max()), 1e-300)
        found: list[Step] = []
        for order in LAYERS:
            count = max(1, math.ceil(gap * size))
            while True:
                step = Step(order, gap / count, self._error(h, order, gap / count, duration))
                dear = found and step.layers(gap) >= found[0].layers(gap)
                if step.error <= tolerance or count > MOST_STEPS or dear:
                    break
                # an error of order p falls by the factor that is missing
                power = 2 if order == 2 else 4
                count = math.ceil(count * min(max((step.error / tolerance) ** (1 / power), 1.1), 4.0))
            if step.error <= tolerance:
                found.append(step)
        if not found:
            raise ConvergenceError(
                "the error of the product formula", step.error, tolerance, "raise [solve] tolerance (mps: 1e-6)."
            )
        return min(found, key=lambda s: s.layers(gap))

    def _error(self, h: Array, order: Any, length: float, duration: float) -> float:
        """Largest deviation of a cell's state over all steps of a segment."""
        count = max(1, math.ceil(duration / length * (1 - 1e-12)))
        worst = 0.0
        for first, ket in zip(self.firsts, self.kets, strict=True):
            part = h[first : first + int(math.log2(len(ket))) - 1]
            exact = _exact(part, ket, length * np.arange(1.0, count + 1))
            step, made = _step(part, order, length), np.empty_like(exact)
            psi = ket
            for k in range(count):
                psi = step @ psi
                made[k] = psi
            worst = max(worst, float(np.abs(_cells(made) - _cells(exact)).max()))
        return worst

    def advanced(self, h: Array, duration: float) -> Windows:
        """The windows at the end of a segment."""
        width = int(math.log2(self.kets.shape[1]))
        kets = [
            _exact(h[f : f + width - 1], ket, np.array([duration]))[0]
            for f, ket in zip(self.firsts, self.kets, strict=True)
        ]
        return Windows(self.firsts, np.array(kets))


def _exact(h: Array, ket: Array, times: NDArray[np.float64]) -> Array:
    """Kets (T, D) of the chain of bonds h (n-1, 4, 4)."""
    width = len(h) + 1
    total = np.zeros((len(ket), len(ket)), dtype=complex)
    for b, gate in enumerate(h):
        total += np.kron(np.kron(np.eye(1 << b), gate), np.eye(1 << (width - 2 - b)))
    e, u = np.linalg.eigh(total)
    return np.asarray((np.exp(-1j * np.outer(times, e)) * (u.conj().T @ ket)) @ u.T)


def _step(h: Array, order: Any, length: float) -> Array:
    """One step of a product formula as a matrix; TeNPy calls the bonds between cells 0 and 1, 2 and 3, ... odd."""
    size = 1 << (len(h) + 1)
    out = np.eye(size, dtype=complex)
    e, u = np.linalg.eigh(h)
    for share, odd in LAYERS[order]:
        for b in range(0 if odd else 1, len(h), 2):
            gate = (u[b] * np.exp(-1j * share * length * e[b])) @ u[b].conj().T
            out = np.einsum("ij,ajb->aib", gate, out.reshape(1 << b, 4, -1), optimize=True).reshape(size, size)
    return out


def _cells(kets: Array) -> Array:
    """Cell states (T, n, 2, 2) of kets (T, 2^n)."""
    width = int(math.log2(kets.shape[1]))
    parts: Sequence[Array] = [kets.reshape(len(kets), 1 << i, 2, -1) for i in range(width)]
    return np.stack([np.einsum("taib,tajb->tij", p, p.conj(), optimize=True) for p in parts], axis=1)


__all__ = ["LAYERS", "Step", "Windows", "bonds", "commutator", "is_chain", "pauli_words"]
