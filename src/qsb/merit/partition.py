r"""Work by unitaries on blocks of cells: from single cells (k = 1) over groups of k to the whole battery (k = N).

.. math:: W_{\mathcal P} = \sum_{B\in\mathcal P} W(\rho_B, H_B), \qquad
   W_k = \max_{\text{blocks of at most } k} W_{\mathcal P}

for a battery of cells that do not interact, :math:`H_B = \sum_{i\in B} h_i`. Coarser partitions never give less, since
products of unitaries are unitaries: W_1 is the local ergotropy, W_N the ergotropy, and :math:`W_N - W_1 \ge 0` the
ergotropic gap (Alimuddin, Guha, Parashar 2019, PRA 99, 052320, arXiv 1902.04869). A gap is no proof of entanglement:
products of pure states have none, but products of unlike mixed cells do.
"""

from collections.abc import Sequence
from itertools import combinations
from math import prod
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from qsb import checks
from qsb.algebra.blocks import Array, RealArray
from qsb.errors import SpecError
from qsb.merit.ergotropy import ergotropy
from qsb.merit.reading import dense_state, numbers, read_operator

__all__ = ["ergotropic_gap", "k_local_ergotropy"]

#: cells up to which the best of all partitions is searched
SEARCH_LIMIT = 10


def k_local_ergotropy(rho: Any, cells: Sequence[ArrayLike], blocks: int | Sequence[Sequence[int]]) -> Any:
    """Return the work by unitaries that each act on one block of cells.

    Args:
        rho: state of all cells, the first most significant: a matrix or ket as for `qsb.ergotropy`.
        cells: the Hamiltonian (d_i, d_i) of each cell; H_B is their sum.
        blocks: a partition, e.g. ``[(0, 1), (2,)]``; or k, for the best partition into blocks of at most k cells
            (up to 10 cells; for a batch, the best one of each state).

    Returns:
        Work in the unit of the Hamiltonians: a float, or an array of the batch shape.

    Raises:
        SpecError: if the blocks are no partition, k is not in 1..N, or there are too many cells to search; else as
            `qsb.ergotropy`.
        StructureError, ConvergenceError: as `qsb.ergotropy`.

    Examples:
        >>> cell, ghz = [[0.5, 0.0], [0.0, -0.5]], np.zeros(8)
        >>> ghz[[0, 7]] = 0.5**0.5
        >>> [round(float(k_local_ergotropy(ghz, [cell] * 3, k)), 6) for k in (1, 2, 3)]
        [0.0, 0.5, 1.5]
    """
    meters = _cells(cells)
    dims = [len(h) for h in meters]
    whole = dense_state(rho, prod(dims))
    n = len(meters)
    if isinstance(blocks, (int, np.integer)) and not isinstance(blocks, bool):
        return _best(whole, meters, int(blocks))[()]
    parts = []
    for block in checks.several("blocks", blocks, "a partition, e.g. [(0, 1), (2,)], or a number k"):
        cells_of = checks.several("A block", block, "the numbers of its cells, e.g. (0, 1)")
        parts.append(tuple(checks.whole("A cell of a block", i) for i in cells_of))
    if sorted(i for part in parts for i in part) != list(range(n)) or not all(parts):
        raise SpecError(f"k_local_ergotropy: the blocks are {parts}; they must hold each of the cells 0..{n - 1} once")
    return np.asarray(sum(_work(whole, meters, tuple(sorted(part))) for part in parts))[()]


def ergotropic_gap(rho: Any, cells: Sequence[ArrayLike]) -> Any:
    """Return the ergotropy minus the sum of those of single cells, >= 0: the work that correlations hide.

    Args, returns and errors are those of `k_local_ergotropy` without its blocks.
    """
    meters = _cells(cells)
    whole = dense_state(rho, prod(len(h) for h in meters))
    n = len(meters)
    alone = sum(_work(whole, meters, (i,)) for i in range(n))
    gap = np.asarray(_work(whole, meters, tuple(range(n))) - alone)
    # both are sums of rounded energies
    return np.where(gap > 1e-12 * sum(float(np.abs(h).max()) for h in meters), gap, 0.0)[()]


def _best(whole: Array, meters: list[Array], most: int) -> RealArray:
    """Return the largest work over all partitions into blocks of at most `most` cells.

    The block of the lowest cell is one of the subsets with it; the rest is partitioned as well as it can be.
    """
    n = len(meters)
    if not 1 <= most <= n:
        raise SpecError(f"k_local_ergotropy: k is {most}; it must be in 1..{n}, the number of cells")
    if most in (1, n):
        parts = [tuple(range(n))] if most == n else [(i,) for i in range(n)]
        return np.asarray(sum(_work(whole, meters, part) for part in parts))
    if n > SEARCH_LIMIT:
        raise SpecError(
            f"k_local_ergotropy: all partitions of {n} cells are too many to search (limit {SEARCH_LIMIT}); give one"
        )
    subsets = {p: _work(whole, meters, p) for k in range(1, most + 1) for p in combinations(range(n), k)}
    best: dict[tuple[int, ...], RealArray] = {(): np.zeros(whole.shape[:-2])}
    for size in range(1, n + 1):
        for left in combinations(range(n), size):
            first, others = left[0], left[1:]
            choices = [
                subsets[first, *more] + best[tuple(i for i in others if i not in more)]
                for k in range(min(most, size))
                for more in combinations(others, k)
            ]
            best[left] = np.max(choices, axis=0)
    return best[tuple(range(n))]


def _work(whole: Array, meters: list[Array], block: tuple[int, ...]) -> RealArray:
    """Return the ergotropy of a block of cells, in ascending order."""
    dims = [len(h) for h in meters]
    n, lead = len(dims), whole.ndim - 2
    split = whole.reshape(*whole.shape[:-2], *dims, *dims)
    rows = list(range(1, n + 1))
    columns = [n + 1 + i if i in block else 1 + i for i in range(n)]
    kept = [1 + i for i in block] + [n + 1 + i for i in block]
    size = prod(dims[i] for i in block)
    state = np.einsum(split, [..., *rows, *columns], [..., *kept]).reshape(*whole.shape[:lead], size, size)
    own = np.zeros((size, size), dtype=complex)
    for at, i in enumerate(block):
        before = prod(dims[k] for k in block[:at])
        after = prod(dims[k] for k in block[at + 1 :])
        own += np.kron(np.kron(np.eye(before), meters[i]), np.eye(after))
    return np.asarray(ergotropy(state, own))


def _cells(cells: Sequence[ArrayLike]) -> list[Array]:
    """Return the Hamiltonian of each cell after its checks."""
    meters = []
    for i, cell in enumerate(checks.several("cells", cells, "the Hamiltonian of each cell")):
        matrix = numbers(cell, f"the Hamiltonian of cell {i}")
        if matrix.ndim != 2:
            raise SpecError(f"the Hamiltonian of cell {i} has shape {matrix.shape}; give one (d, d) for each cell")
        (block,) = read_operator(matrix).blocks
        meters.append(np.asarray(block))
    if not meters:
        raise SpecError("there are no cells; give the Hamiltonian of each cell")
    return meters
