"""Free fermions: levels of spin chains that a Jordan-Wigner transformation makes quadratic, over both parities.

Every level of an open chain is a sum of half the energies of its modes with either sign. Of a ring, each parity has
modes of its own, and half of their sums are levels of the spins.
"""

from __future__ import annotations

from dataclasses import replace
from math import fsum

import numpy as np

from qsb.algebra.blocks import RealArray
from qsb.algebra.jordan_wigner import Near, form, quadratic_near
from qsb.algebra.majorana_modes import Modes, ground_parity, mode_energies, normal_modes
from qsb.algebra.opsum import OpSum
from qsb.algebra.space import Space
from qsb.errors import StructureError

#: energies of two levels closer than this, relative to their size, are one level
DEGENERATE = 1e-9


def _sectors(near: Near) -> list[tuple[RealArray, float, int, int]]:
    """(mode energies, shift, parity of the lowest state, parity that is physical): one entry a sector.

    An open chain has one, whose levels of both parities are all physical (0).
    """
    if not near.closed:
        a = form(near)
        return [(mode_energies(a), a.shift, 0, 0)]
    forms = [(form(near, p), p) for p in (1, -1)]
    return [(mode_energies(a), a.shift, ground_parity(a), p) for a, p in forms]


def _lowest_two(e: RealArray, shift: float, ground: int, parity: int) -> list[float]:
    """The two lowest physical levels of a sector."""
    base = shift - fsum(e) / 2
    if parity == 0:
        return [base, base + float(e[0])]
    if ground == parity:
        return [base, base + float(e[0] + e[1])] if len(e) > 1 else [base]
    return [base + float(v) for v in e[:2]]


def extremes(op: OpSum, space: Space, *, axis: str | None = None) -> tuple[float, float]:
    """Lowest and highest energy, over both parities.

    Raises:
        StructureError: if the operator is not quadratic.
    """
    near = quadratic_near(op, space, axis)
    sectors = _sectors(near)
    low = min(_lowest_two(*s)[0] for s in sectors)
    if not near.closed:
        return low, 2 * sectors[0][1] - low
    minus = replace(near, site=-near.site, bond=-near.bond, edge=-near.edge, wound=-near.wound)
    return low, -min(_lowest_two(*s)[0] for s in _sectors(minus))


def ground_energy(op: OpSum, space: Space, *, axis: str | None = None) -> float:
    """Lowest energy, over both parities.

    Raises:
        StructureError: if the operator is not quadratic.
    """
    return min(_lowest_two(*s)[0] for s in _sectors(quadratic_near(op, space, axis)))


def gap(op: OpSum, space: Space, *, axis: str | None = None) -> float:
    """Distance of the two lowest levels, over both parities; absolute error a few 1e-16 of the largest level.

    Raises:
        StructureError: if the operator is not quadratic.
    """
    sectors = _sectors(quadratic_near(op, space, axis))
    if len(sectors) == 1:
        return float(sectors[0][0][0])
    low, second, *_ = sorted(v for s in sectors for v in _lowest_two(*s))
    return second - low


def lowest_levels(energies: RealArray, count: int) -> RealArray:
    """The lowest sums of +-e/2, ascending, (count,) or all 2^N if they are fewer."""
    lowest = np.zeros(1)  # smallest sums over subsets of the modes so far
    for mode in np.sort(energies):
        if len(lowest) >= count and mode > lowest[-1]:
            break  # no level with this mode, or a larger one, is among the lowest
        lowest = np.sort(np.concatenate([lowest, lowest + mode]))[:count]
    return np.asarray(lowest - fsum(energies) / 2)


def all_levels(near: Near) -> RealArray:
    """All 2^N levels of a quadratic operator, ascending; those of a ring from its two parities."""
    found = []
    for e, shift, ground, parity in _sectors(near):
        level, odd = np.zeros(1), np.zeros(1, dtype=bool)
        for mode in e:
            level = np.concatenate([level - mode / 2, level + mode / 2])
            odd = np.concatenate([odd, ~odd])
        if parity:
            # where a mode vanishes, levels of both parities coincide and either choice is right
            level = level[odd != ((ground or 1) == parity)]
        found.append(level + shift)
    return np.sort(np.concatenate(found))


def ground_modes(near: Near) -> tuple[Modes, int, int]:
    """Modes of the ground state's sector, the mode that is excited in it (-1 for none), and its parity.

    Raises:
        StructureError: if the ground level is degenerate.
    """
    sectors = _sectors(near)
    two = [_lowest_two(*s) for s in sectors]
    ordered = sorted(v for pair in two for v in pair)
    second = float(sectors[0][0][0]) if len(sectors) == 1 else ordered[1] - ordered[0]
    if second <= DEGENERATE * max(abs(ordered[0]), abs(ordered[0] + second), 1e-300):
        raise StructureError(
            "The ground level of the battery Hamiltonian is degenerate, so the ground state is not unique; name a "
            "start: "
            "'down', 'up', 'product', 'thermal' or a state."
        )
    best = int(np.argmin([pair[0] for pair in two]))
    parity = sectors[best][3]
    made = normal_modes(form(near, parity or 1))
    if parity == 0 or made.parity == parity:
        return made, -1, made.parity
    return made, int(np.argmin(made.energies)), parity
