r"""Ergotropy under unitaries that treat all cells alike: work inside the sectors of total spin, never across them.

What commutes with every exchange of N spins is :math:`\bigoplus_j U_j\otimes 1_{d_j}`. Such unitaries act on what is
left of a state when the :math:`d_j` equal sectors of total spin j are traced over,
:math:`\rho_j = \mathrm{tr}_{d_j}[P_j\rho P_j]` of trace p_j, and extract

.. math:: W_{\mathrm{sym}} = \mathrm{tr}(\rho H) - \sum_j \sum_k r_{j,k}^{\downarrow}\,e_{j,k}^{\uparrow},

eigenvalues of each :math:`\rho_j` against the 2j+1 levels of H in that sector, each once. A state in the Dicke ladder
(j = N/2) is sorted against N+1 levels where the ergotropy sorts it against all 2^N: both are right, and a mixture
may have thirty times more of the latter. For a pure state in the sector of the ground level they agree.
"""

from functools import cache
from math import sqrt
from typing import Any

import numpy as np
from numpy.typing import NDArray

from qsb import checks
from qsb.algebra.blocks import Array, Blocks, Factor, RealArray, Spectrum
from qsb.errors import SpecError, StructureError
from qsb.merit.ergotropy import extractable_work, passive_energy
from qsb.merit.reading import check_trace, dense_state, eigenvalues, energy_scale, read_operator, read_state

__all__ = ["sector_blocks", "spin_sectors", "symmetric_ergotropy"]

#: cells up to which states of all 2^N dimensions are brought into sectors of total spin
CELLS_LIMIT = 10
_COLLECTIVE_TOLERANCE = 1e-9


def symmetric_ergotropy(rho: Any, hamiltonian: Any, cells: int | None = None) -> Any:
    """Return the work that collective unitaries extract, those that commute with every exchange of cells.

    Never above `qsb.ergotropy`, which allows unitaries on all 2^N dimensions. Name the one that is meant.

    Args:
        rho: `Blocks`, one block for each total spin with its multiplicity (the decomposition of a permutation-symmetric
            state); or, with `cells` = N, a matrix or ket as for `qsb.ergotropy` of dimension N+1 (the Dicke ladder
            m = N/2, ..., -N/2) or 2^N (N spins, any state).
        hamiltonian: in the same form; of dimension 2^N it must not change when cells are exchanged.
        cells: N, where rho is no `Blocks`.

    Returns:
        Work in the unit of H: a float, or an array of the batch shape.

    Raises:
        SpecError: if `cells` is missing, or fits neither N+1 nor 2^N, or 2^N is asked for more than 10 cells.
        StructureError: if H tells cells apart; else as `qsb.ergotropy`.

    Examples:
        >>> from qsb.merit.ergotropy import ergotropy
        >>> ladder = np.diag([1.0, 1.0, 1.0]) / 3  # two cells, each Dicke state as likely
        >>> float(symmetric_ergotropy(ladder, np.diag([1.0, 0.0, -1.0]), cells=2))
        0.0
        >>> state, meter = Blocks((ladder,), (1,), null=1), Blocks((np.diag([1.0, 0.0, -1.0]), np.eye(1) * 0), (1, 1))
        >>> round(float(ergotropy(state, meter)), 6)
        0.333333
    """
    state, meter = _in_sectors(rho, hamiltonian, cells)
    state.match(meter)
    check_trace(state)
    eigenvalues(state)
    energy = state.expectation(meter)
    lowest = np.zeros(np.broadcast_shapes(state.batch, meter.batch))
    for block, h, count in zip(state.blocks, meter.blocks, state.multiplicity, strict=False):
        own = Blocks((block,), (1,)).spectrum()
        levels = Blocks((h,), (1,)).spectrum()
        # m p_k sums to the weight of the sector where m alone may be no float
        lowest = lowest + passive_energy(Spectrum.simple(_counted(own, count)), _each(levels))
    scale = energy_scale(meter.spectrum())
    return extractable_work(energy, lowest, scale)[()]


def _counted(own: Spectrum, count: int) -> RealArray:
    """Return the eigenvalues of one block one by one, each with the weight of all its copies."""
    repeats = np.array(own.multiplicity, dtype=np.int64)
    values = np.repeat(own.values, repeats, axis=-1)
    return Spectrum.counted(values, [count] * values.shape[-1]).weights()


def _each(levels: Spectrum) -> Spectrum:
    """Return levels one by one."""
    return Spectrum.simple(np.repeat(levels.values, np.array(levels.multiplicity, dtype=np.int64), axis=-1))


def _in_sectors(rho: Any, hamiltonian: Any, cells: int | None) -> tuple[Blocks, Blocks]:
    """Return state and Hamiltonian as one block for each total spin."""
    if isinstance(rho, Blocks) and cells is None:
        meter = read_operator(hamiltonian)
        return read_state(rho, meter.dimension), meter
    if cells is None:
        raise SpecError(
            "symmetric_ergotropy: cells is missing; give the number of cells >= 1, or rho as `Blocks` of total spins"
        )
    cells = checks.whole("cells", cells, 1)
    meter = read_operator(hamiltonian)
    dimension = meter.dimension
    # no power of two is written down for a number of cells that no matrix has
    if dimension != cells + 1 and (dimension.bit_length() != cells + 1 or dimension != 1 << cells):
        raise SpecError(
            f"symmetric_ergotropy: H has dimension {dimension}, but {cells} cells have {cells + 1} (the Dicke ladder) "
            f"or 2^{cells} (all states)"
        )
    state = Blocks.dense(dense_state(rho, dimension))
    if dimension == cells + 1:
        return state, meter
    (h,) = meter.blocks
    turned = sector_blocks(h.dense() if isinstance(h, Factor) else h, cells, alike=True)
    return sector_blocks(np.asarray(state.blocks[0]), cells), turned


def sector_blocks(operator: Array, cells: int, *, alike: bool = False) -> Blocks:
    r"""Return an operator on N spins averaged over all exchanges of cells, as one block for each total spin.

    Block j is :math:`\mathrm{tr}_{d_j}[P_j O P_j]/d_j`, so that the `Blocks` have the trace of the operator.

    Args:
        operator: Hermitian, (..., 2^N, 2^N); index 0 is up, the first cell the most significant bit.
        cells: N, up to 10.
        alike: whether the operator must be unchanged by exchanges already.

    Raises:
        SpecError: if N is too large or does not fit.
        StructureError: if `alike` and it is not.
    """
    if operator.shape[-1] != 2**cells or cells > CELLS_LIMIT:
        raise SpecError(
            f"sector_blocks: the operator has shape {operator.shape} for {cells} cells; all 2^N dimensions are brought "
            f"into sectors up to N = {CELLS_LIMIT}: give larger ones as `Blocks`, or in the Dicke ladder"
        )
    blocks: list[Array] = []
    counts = []
    rest = float(np.sum(np.abs(operator) ** 2)) if alike else 0.0
    for basis in spin_sectors(cells):
        size, count = basis.shape[1:]
        block = np.zeros((*operator.shape[:-2], size, size), dtype=np.result_type(operator, float))
        for k in range(count):
            block += basis[:, :, k].T @ operator @ basis[:, :, k]
        block /= count
        rest -= count * float(np.sum(np.abs(block) ** 2))
        blocks.append(block)
        counts.append(count)
    scale = float(np.sum(np.abs(operator) ** 2))
    if alike and rest > _COLLECTIVE_TOLERANCE * scale:
        raise StructureError(
            f"symmetric_ergotropy: H changes when cells are exchanged (by {sqrt(rest / scale):.3g} of its norm), so "
            "collective unitaries cannot be measured by it alone; take `qsb.ergotropy`"
        )
    return Blocks(tuple(blocks), tuple(counts))


@cache
def spin_sectors(cells: int) -> tuple[NDArray[np.float64], ...]:
    """Return orthonormal states |j, m, k> of N spins as real arrays (2^N, 2j+1, d_j), j and m descending.

    In each of the d_j equal sectors J_- leads from the highest state, which J_+ sends to zero, down to the lowest.
    """
    ups = np.array([cells - int(i).bit_count() for i in range(2**cells)])
    lower = np.zeros((2**cells, 2**cells))
    for cell in range(cells):
        bit = 1 << (cells - 1 - cell)
        up = np.flatnonzero(np.arange(2**cells) & bit == 0)
        lower[up | bit, up] = 1.0
    found = []
    for twice in range(cells, -1, -2):
        here = np.flatnonzero(ups == (cells + twice) // 2)
        above = np.flatnonzero(ups == (cells + twice) // 2 + 1)
        if len(above):
            raised = lower[np.ix_(here, above)].T
            _, _, rows = np.linalg.svd(raised)
            highest = rows[len(above) :].T
        else:
            highest = np.eye(len(here))
        basis = np.zeros((2**cells, twice + 1, highest.shape[1]))
        basis[here, 0] = highest
        j = twice / 2
        for step in range(twice):
            m = j - step
            basis[:, step + 1] = lower @ basis[:, step] / sqrt(j * (j + 1) - m * (m - 1))
        found.append(basis)
    return tuple(found)
