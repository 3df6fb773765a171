"""Pair the eigenvalues of a state with the levels of a Hamiltonian, each with multiplicities of any size.

The passive state puts the largest eigenvalue on the lowest level. With multiplicities m_k (state) and g_l
(levels) the two sorted lists are stacks of unequal slabs; what counts is the mean energy <e>_k of the levels
that slab k of the state lies on, because

    E_passive = sum_k m_k r_k <e>_k .

Exact integers are stacked as integers. If only logarithms are known the cumulated multiplicities are kept as
logarithms; a rounding error delta of these moves a weight of at most delta C_k (r_k - r_{k+1}) at the edge
C_k, and these sum to delta: the energy is good to delta times the span of the levels.
"""

from collections.abc import Callable
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from qsb.algebra.blocks import RealArray, Spectrum
from qsb.algebra.copies import Copies
from qsb.errors import SpecError

__all__ = ["paired_energy"]

_DIMENSION_TOLERANCE = 1e-9
# Below this all edges are exact as floats; a sum F(C_k) of levels is rounded by eps C_k |e|, and r_k C_k <= 1.
_LARGEST_COUNT = 2**53
# Sums within so many powers of two are added as floats.
_POWERS = 512
# log(N!) at N = 10^6 is 1.3e7, so binomials formed from it carry 4e-9 where their logarithm is at most 7e5.
_ALIGNED_TOLERANCE = 1e-14


def paired_energy(state: Spectrum | Copies, levels: Spectrum | Copies) -> RealArray:
    """Return the energy of the state whose eigenvalues, largest first, fill the levels, lowest first.

    Equal two-level cells fill cell by cell: r_1^(N-k) r_2^k and (N-k) e_1 + k e_2 have the same
    multiplicities, so N cells have N times the energy of one, at any N.

    Args:
        state: eigenvalues of the state, batch (...,).
        levels: energies; batch axes broadcast with those of the state.

    Returns:
        Energies, shape (...,).

    Raises:
        SpecError: if the two dimensions differ.
    """
    if isinstance(state, Copies) and isinstance(levels, Copies) and state.count == levels.count:
        return np.asarray(state.count * paired_energy(state.cell, levels.cell), dtype=np.float64)
    state, levels = (item.expand() if isinstance(item, Copies) else item for item in (state, levels))
    _check_dimensions(state, levels)
    energies = np.sort(levels.values, axis=-1)
    if state.is_simple and levels.is_simple and state.log_values is None:
        descending = -np.sort(-state.values, axis=-1)
        return np.asarray((descending * energies).sum(axis=-1), dtype=np.float64)
    if _countable(state, levels):
        return _paired_counted(state, levels)
    batch = np.broadcast_shapes(state.values.shape[:-1], levels.values.shape[:-1])
    keys = state.values if state.log_values is None else state.log_values
    order = np.argsort(-keys, axis=-1, kind="stable")
    weights = np.take_along_axis(state.weights(), order, axis=-1)
    ranks = np.argsort(levels.values, axis=-1, kind="stable")
    rows = [_rows(array, batch) for array in (order, weights, ranks, energies)]
    return _paired_rows(state, levels, rows, shared=levels.values.ndim == 1).reshape(batch)


def _countable(state: Spectrum, levels: Spectrum) -> bool:
    """Whether one set of levels serves all states, and all multiplicities are exact as floats."""
    known = state.multiplicity is not None and levels.multiplicity is not None and state.log_values is None
    return known and levels.values.ndim == 1 and (state.dimension or 0) < _LARGEST_COUNT


def _paired_counted(state: Spectrum, levels: Spectrum) -> RealArray:
    """All rows at once: sum_k r_k (F(C_k) - F(C_{k-1})) with F(c) the sum of the c lowest levels, C_k the edges."""
    order = np.argsort(-state.values, axis=-1, kind="stable")
    edges = np.cumsum(np.array(state.multiplicity, dtype=np.float64)[order], axis=-1)
    rank = np.argsort(levels.values, kind="stable")
    counts, energies = np.array(levels.multiplicity, dtype=np.float64)[rank], levels.values[rank]
    filled = np.interp(edges, np.append(0.0, np.cumsum(counts)), np.append(0.0, np.cumsum(counts * energies)))
    shares = np.diff(filled, axis=-1, prepend=0.0)
    return np.asarray((np.take_along_axis(state.values, order, axis=-1) * shares).sum(axis=-1), dtype=np.float64)


def _rows(array: NDArray[Any], batch: tuple[int, ...]) -> NDArray[Any]:
    """Broadcast the leading axes to `batch` and flatten them into one."""
    return np.broadcast_to(array, (*batch, array.shape[-1])).reshape(-1, array.shape[-1])


def _paired_rows(state: Spectrum, levels: Spectrum, rows: list[NDArray[Any]], shared: bool) -> RealArray:
    """Return the paired energy row by row; rows with one sequence of multiplicities share the stacking."""
    order, weights, ranks, energies = rows
    upper: NDArray[Any]
    lower: NDArray[Any]
    fill: Callable[[NDArray[Any], NDArray[Any], RealArray], RealArray]
    if state.dimension is not None and levels.dimension is not None:
        # Cumulated multiplicities must stay exact: machine integers where they fit, Python's beyond.
        kind = np.int64 if state.dimension < 2**62 else np.object_
        upper = np.array(state.multiplicity, dtype=kind)
        lower = np.array(levels.multiplicity, dtype=kind)
        fill = _fill_counted
    else:
        upper, lower, fill = state.log_multiplicity, levels.log_multiplicity, _fill_logged
    _, codes = np.unique(upper, return_inverse=True)
    found: dict[bytes, RealArray] = {}
    result = np.empty(len(order))
    for row in range(len(order)):
        key = codes[order[row]].tobytes()
        mean = found.get(key)
        if mean is None:
            mean = fill(upper[order[row]], lower[ranks[row]], np.asarray(energies[row], dtype=np.float64))
            if shared:
                found[key] = mean
        result[row] = weights[row] @ mean
    return result


def _fill_counted(upper: NDArray[Any], lower: NDArray[Any], energies: RealArray) -> RealArray:
    """Return the mean energy below each slab of the state, from exact integer multiplicities."""
    if np.array_equal(upper, lower):
        return energies
    tops, floors = np.cumsum(upper), np.cumsum(lower)
    edges = np.unique(np.concatenate([tops, floors]))
    widths = np.diff(np.concatenate([np.zeros(1, dtype=edges.dtype), edges]))
    slab = np.searchsorted(tops, edges)
    level = np.searchsorted(floors, edges)
    share = np.asarray(widths / upper[slab], dtype=np.float64)
    mean = np.bincount(slab, weights=share * energies[level], minlength=len(upper))
    return np.asarray(mean, dtype=np.float64)


def _fill_logged(upper: RealArray, lower: RealArray, energies: RealArray) -> RealArray:
    """Return the mean energy below each slab of the state, from logarithms of multiplicities."""
    if upper.shape == lower.shape:
        tolerance = _ALIGNED_TOLERANCE * max(1.0, float(upper.max()))
        if np.abs(upper - lower).max() <= tolerance:
            return energies
    tops, floors = _log_cumsum(upper), _log_cumsum(lower)
    tops[-1] = floors[-1] = max(tops[-1], floors[-1])
    edges = np.unique(np.concatenate([tops, floors]))
    before = np.concatenate([[-np.inf], edges[:-1]])
    slab = np.searchsorted(tops, edges)
    level = np.searchsorted(floors, edges)
    with np.errstate(divide="ignore"):
        share = np.exp(edges + np.log(-np.expm1(before - edges)) - upper[slab])
    total = np.bincount(slab, weights=share, minlength=len(upper))
    energy = np.bincount(slab, weights=share * energies[level], minlength=len(upper))
    # A slab thinner than the rounding of its edge has no share of its own: it lies on the level at that edge.
    edge = energies[np.searchsorted(floors, tops)]
    return np.where(total > 0, energy / np.where(total > 0, total, 1.0), edge)


def _log_cumsum(logs: RealArray) -> RealArray:
    """Return ln of the cumulated exponentials; rounding does not add up as it does in a chain of logarithms.

    A sum is a float times a power of two that is a multiple of 2^`_POWERS`: its relative error is that of the terms and
    of one sum of floats.
    """
    power = np.rint(logs / np.log(2.0))
    mantissa = np.exp(logs - power * np.log(2.0))
    # sums never fall, so that those of one multiple stand in a row, and are no smaller than its lowest power
    reach = np.floor_divide(np.maximum.accumulate(power), _POWERS)
    starts = np.append(np.flatnonzero(np.diff(reach, prepend=-np.inf)), len(logs))
    out, held, before = np.empty_like(logs), 0.0, 0.0
    for low, high in pairwise(starts.tolist()):
        base = float(reach[low]) * _POWERS
        held *= 2.0 ** max(before - base, -1000.0)
        sums = held + np.cumsum(
            np.ldexp(mantissa[low:high], np.maximum(power[low:high] - base, -1000).astype(np.int32))
        )
        out[low:high] = np.log(sums) + base * np.log(2.0)
        held, before = float(sums[-1]), base
    return np.asarray(np.maximum.accumulate(out))


def _check_dimensions(state: Spectrum, levels: Spectrum) -> None:
    """Refuse a state and levels of different total dimension."""
    if state.dimension is not None and levels.dimension is not None:
        same = state.dimension == levels.dimension
    else:
        gap = abs(state.log_dimension - levels.log_dimension)
        same = gap <= _DIMENSION_TOLERANCE * max(1.0, levels.log_dimension)
    if not same:
        raise SpecError(
            f"the state has dimension {_dimension(state)} and the levels {_dimension(levels)}; include all "
            "eigenvalues of the state (zeros too) and all levels of the battery, with their multiplicities"
        )


def _dimension(spectrum: Spectrum) -> str:
    """Return the dimension for a sentence, as e^x where it is too long or only known by its logarithm."""
    if spectrum.dimension is not None and spectrum.log_dimension < 50:
        return str(spectrum.dimension)
    return f"exp({spectrum.log_dimension:.12g})"
