"""What integrators cost: how often they apply a generator, from the strengths of its terms, without building it.

The constants are fits to runs of small problems; a time that follows from them is right within a factor of about three.
"""

from __future__ import annotations

import numpy as np

from qsb.algebra.opsum import Cross, Global, Local, Matrix, OpSum, Pair, Word
from qsb.algebra.space import Space
from qsb.dynamics.representation import Work
from qsb.dynamics.segment import Segment

#: half-width of a spectrum in units of the sum of |coefficients|: 0.53 and 0.73 in two chains of 12 to 16 cells
WIDTH = 0.6
#: length of a Runge-Kutta step at the default tolerance, in units of the inverse speed of a state
_STEP = 0.35
#: applications of the generator in a step of DOP853
_STAGES = 12
#: times at which an envelope is looked at
_LOOKS = 16


def weight(op: OpSum, space: Space) -> float:
    """Sum of |coefficients| over the products of single-site operators, a bound of the norm on spins; NaN if unknown.

    Sums over all pairs are not expanded. The norm of a mode has no bound, nor has a matrix of a user.
    """
    total = 0.0
    for term in op.active:
        if isinstance(term, Matrix | Cross) or not space.spins_only:
            return float("nan")
        if isinstance(term, Word | Global):
            total += abs(term.strength)
            continue
        n = space.group(term.group).count
        if isinstance(term, Local):
            total += float(np.abs(np.broadcast_to(np.asarray(term.strength), (n,))).sum())
        elif isinstance(term, Pair):
            alike = term.geometry == "all"
            total += n * (n - 1) / 2 * abs(term.alike(space)) if alike else float(np.abs(term.bonds(space)[2]).sum())
    return total


def energy(segment: Segment, space: Space) -> float:
    """The weight of H, each drive at the average of its |envelope|."""
    times = np.linspace(segment.start, segment.end, _LOOKS)
    return weight(segment.hamiltonian, space) + sum(
        weight(op, space) * float(np.mean([abs(f(float(t))) for t in times])) for op, f in segment.drives
    )


def saves(segment: Segment, times: np.ndarray) -> int:
    """Save times in a segment."""
    return int(np.sum((times > segment.start) & (times <= segment.end)))


def runge_kutta(speed: float, segment: Segment, saved: int) -> float:
    """Applications by DOP853 of a generator under which a state of norm 1 moves at `speed`.

    Each save time ends a step, and a new one begins with an application of its own.
    """
    length = segment.end - segment.start
    steps = max(length * speed / _STEP, length / segment.max_step) + 0.5 * saved
    return _STAGES * max(steps, 1.6 * saved) + saved


def stages(applied: float, numbers: float) -> Work:
    """What the stages of DOP853 cost beside the generator: sums of up to twelve of them, by NumPy."""
    return Work(0.0, applied * 12 * 8.0 * numbers, 7.0 * applied)


def spectra(sizes: tuple[int, int], count: int) -> Work:
    """Spectra of `count` reduced states of kets of a x b amplitudes: a product of matrices and a diagonalisation each.

    Diagonalisation runs at a few per cent of the pace of a product.
    """
    a, b = float(min(sizes)), float(max(sizes))
    return Work(count * (8.0 * a**2 * b + 100.0 * a**3), 0.0, 20.0 * count)


def flips(op: OpSum, space: Space) -> int:
    """About how many products of an operator turn a spin over, in which a ket is read at another place."""
    count = 0
    for term in op.active:
        if isinstance(term, Local):
            count += space.group(term.group).count * (term.op != "z")
        elif isinstance(term, Pair):
            n = space.group(term.group).count
            bonds = n if term.geometry in ("chain", "ring") else n * (n - 1) // 2
            count += bonds * ((term.first, term.second) != ("z", "z"))
        else:
            count += 1
    return count
