"""What integrators cost: how often they apply a generator, from the strengths of its terms, without building it.

The constants are fits to runs of small problems; a time that follows from them is right within a factor of about three.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from qsb.algebra.opsum import OpSum
from qsb.algebra.space import Space
from qsb.algebra.terms import Cross, Global, Local, Matrix, Pair, Quartic, Word
from qsb.dynamics.representation import Work
from qsb.dynamics.segment import Segment
from qsb.errors import PlanError
from qsb.units import format_seconds

#: half-width of a spectrum in units of the sum of |coefficients|: 0.53 and 0.73 in two chains of 12 to 16 cells
WIDTH = 0.6
#: length of a Runge-Kutta step at the default tolerance, in units of the inverse speed of a state
_STEP = 0.35
#: applications of the generator in a step of DOP853
_STAGES = 12
#: times at which an envelope is looked at
_LOOKS = 16
#: most applications of a generator that a run may take: hours of the smallest one
MOST_APPLICATIONS = 10**8
#: operators that are diagonal in the basis of levels
_DIAGONAL = ("i", "z", "n", "nn")


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


def strongest(op: OpSum, space: Space, *, moving: bool = False) -> float:
    """The largest |coefficient| of one product of site operators: an energy that H surely has differences of.

    Terms with the same operators are added first, so that what a rotating frame takes away does not count.

    Args:
        op: the operator.
        space: its sites.
        moving: leave out what is diagonal in the basis of levels, which conservation laws may make idle.
    """
    found: dict[object, Any] = {}
    most = 0.0
    for term in op.active:
        if isinstance(term, Matrix):
            data = term.data.data if hasattr(term.data, "tocsr") else term.data
            most = max(most, float(np.abs(data).max(initial=0.0)))
            continue
        key, strength, names = _parted(term, space)
        if not (moving and all(map(_diagonal, names))):
            found[key] = found.get(key, 0.0) + strength
    return max([most, *(float(np.abs(total).max(initial=0.0)) for total in found.values())])


def _parted(term: Local | Pair | Global | Cross | Word | Quartic, space: Space) -> tuple[object, Any, tuple[str, ...]]:
    """What tells a term from others, its coefficients, and the operators of a product."""
    kind, c = type(term), np.asarray(term.strength)
    if isinstance(term, Word):
        return (kind, term.factors), c, tuple(o for _, o in term.factors)
    if isinstance(term, Cross):
        return (kind, term.first, term.group_a, term.second, term.group_b), c, (term.first, term.second)
    if isinstance(term, Pair):
        key = (kind, term.first, term.second, term.geometry, term.exponent, term.group)
        # one cell has no pair
        return key, c * (term.factor(space) if term.order(space) else 0.0), (term.first, term.second)
    if isinstance(term, Quartic):
        return (kind, term.fermions, term.group), c, ("+", "-")
    return (kind, term.op, term.group), c, (term.op,)


def _diagonal(name: str) -> bool:
    """Whether a site operator is diagonal: also the projector ``j|j``."""
    first, bar, second = name.partition("|")
    return first == second if bar else name in _DIAGONAL


def phase(segment: Segment, space: Space, *, moving: bool = False) -> float:
    """The angle that the strongest product of H turns through in a segment, an estimate from below.

    A drive counts with the median of its |envelope|, which a narrow pulse does not spoil.
    """
    length = segment.end - segment.start
    most = strongest(segment.hamiltonian, space, moving=moving)
    times = np.linspace(segment.start, segment.end, _LOOKS)
    for op, f in segment.drives:
        c = strongest(op, space, moving=moving)
        most = max(most, c and c * float(np.median([abs(f(float(t))) for t in times])))
    return length * most


def affordable(applications: float, because: str, advice: str) -> None:
    """Refuse what takes absurdly many applications of a generator.

    Args:
        applications: how many at least.
        because: begins the sentence, with what makes them so many.
        advice: what to do.

    Raises:
        PlanError: with the number, the time and the advice.
    """
    if applications > MOST_APPLICATIONS:
        from qsb.dynamics.pace import pace

        took = format_seconds(pace().seconds(Work(calls=5 * applications)))
        raise PlanError(
            f"{because} takes {applications:.2g} applications of the generator, {took} at least (at most "
            f"{MOST_APPLICATIONS:.0e} are run). What to do: shorten the protocol; or {advice}."
        )


def walkable(turned: float, name: str) -> None:
    """Refuse to expand what turns through absurdly many radians, once the spectrum is known.

    Args:
        turned: half-width of the spectrum times the time.
        name: of the integrator.

    Raises:
        PlanError: with the applications, the time and what to do.
    """
    affordable(
        turned,
        f"The spectrum that the start reaches turns through {turned:.2g} radians, so integrator {name!r}",
        "write the fastest energies in other units; or lower the coupling or the cutoff",
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
