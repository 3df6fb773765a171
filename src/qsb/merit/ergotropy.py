"""Ergotropy and its kin: the work that cyclic unitaries on the whole battery can extract.

    W(rho, H) = tr(rho H) - E_passive,   E_passive = sum_k r_k e_k,   r_1 >= r_2 >= ..., e_1 <= e_2 <= ...

over all dimensions of the battery, each eigenvalue r_k and level e_k counted with its multiplicity
(Allahverdyan, Balian, Nieuwenhuizen 2004, arXiv cond-mat/0401574). Energies come in the unit of H. A result
below zero by more than rounding means that the state is not a state: it raises and is never clipped.
"""

from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from qsb import checks
from qsb.algebra.blocks import Array, Blocks, Factor, RealArray, Spectrum
from qsb.algebra.copies import Copies
from qsb.errors import ConvergenceError, SpecError
from qsb.merit.pairing import paired_energy
from qsb.merit.reading import eigenvalues, energy_scale, is_qobj, read_pair

__all__ = [
    "anti_ergotropy",
    "anti_passive_energy",
    "capacity",
    "ergotropy",
    "ergotropy_parts",
    "extractable_work",
    "local_ergotropy",
    "passive_energy",
    "pinch",
]

_WORK_TOLERANCE = 1e-9
# Levels closer than this, relative to the largest |level|, are one degenerate level.
_LEVEL_TOLERANCE = 1e-9


def passive_energy(state: Spectrum | Copies, levels: Spectrum | Copies) -> RealArray:
    """Return the lowest energy on the unitary orbit of a state: sum_k r_k e_k, r descending, e ascending.

    Args:
        state: eigenvalues of the state with multiplicities, batch (...,). Zeros count: include them.
        levels: all levels of the battery with multiplicities; the same total dimension.

    Returns:
        Energies, shape (...,), in the unit of the levels.

    Raises:
        SpecError: if the dimensions differ.
    """
    _spectra(state, levels)
    return paired_energy(state, levels)


def anti_passive_energy(state: Spectrum | Copies, levels: Spectrum | Copies) -> RealArray:
    """Return the highest energy on the unitary orbit of a state: sum_k r_k e_k, both descending.

    Args, returns and errors are those of `passive_energy`.
    """
    _spectra(state, levels)
    if isinstance(levels, Copies):
        turned: Spectrum | Copies = Copies(_mirrored(levels.cell), levels.count, additive=True)
    else:
        turned = _mirrored(levels)
    return np.asarray(-paired_energy(state, turned), dtype=np.float64)


def _spectra(*given: object) -> None:
    """Refuse what is no spectrum."""
    for name, one in zip(("state", "levels"), given, strict=True):
        checks.made_of(name, one, (Spectrum, Copies), "a Spectrum: qsb.Spectrum.simple of eigenvalues makes one")


def _mirrored(levels: Spectrum) -> Spectrum:
    """Return the levels of -H."""
    return Spectrum(-levels.values, levels.multiplicity, levels.log_multiplicity)


def capacity(state: Spectrum | Copies, levels: Spectrum | Copies) -> RealArray:
    """Return the battery capacity: highest minus lowest energy on the unitary orbit.

    C = sum_k e_k (r_k ascending - r_k descending), Yang et al. 2023, PRL 131, 030402 (arXiv 2302.09905).
    Args and errors are those of `passive_energy`; shape (...,), in the unit of the levels.
    """
    return np.asarray(anti_passive_energy(state, levels) - passive_energy(state, levels), dtype=np.float64)


def extractable_work(energy: ArrayLike, passive: ArrayLike, scale: ArrayLike) -> RealArray:
    """Return energy - passive, refusing what only an error of the solver can produce.

    Args:
        energy: tr(rho H), shape (...,).
        passive: passive energy of the same state, shape (...,).
        scale: size of the energies that were subtracted, e.g. the largest |level|; sets the rounding.

    Returns:
        Non-negative work, shape (...,); rounding noise between -1e-9 scale and 0 becomes 0.

    Raises:
        ConvergenceError: if the difference is below -1e-9 scale.
        SpecError: if it is NaN.
    """
    work = np.asarray(energy, dtype=np.float64) - np.asarray(passive, dtype=np.float64)
    if np.isnan(work).any():
        raise SpecError("ergotropy: an energy is NaN; check the state that it was computed from")
    bound = np.broadcast_to(_WORK_TOLERANCE * np.asarray(scale, dtype=np.float64), work.shape)
    worst = np.argmin(work + bound)
    if work.flat[worst] < -bound.flat[worst]:
        raise ConvergenceError(
            "ergotropy",
            float(work.flat[worst]),
            float(-bound.flat[worst]),
            "energy and eigenvalues do not belong to one state: tighten the solver's tolerance",
        )
    return np.where(work < 0, 0.0, work)


def ergotropy(rho: Any, hamiltonian: Any) -> Any:
    """Return the maximal work W = tr(rho H) - E_passive by cyclic unitaries on all dimensions.

    Args:
        rho: a state as a QuTiP Qobj (ket or operator), an array (..., d, d), kets (..., d), or `Blocks`. An
            array whose last two axes are (d, d) is read as a density matrix; give a batch of d kets as
            `Blocks.pure(psi)`.
        hamiltonian: a Qobj, an array (..., d, d), a sparse matrix, or `Blocks` in the decomposition of rho;
            its further blocks are the levels on the null dimensions of rho.

    Returns:
        Work in the unit of H: a float, or an array of the batch shape.

    Raises:
        SpecError: on NaN, infinity, or shapes that do not fit.
        StructureError: if H or rho is not Hermitian, the trace is off 1 by > 1e-6, or an eigenvalue of rho is
            below -1e-6.
        ConvergenceError: if the work comes out below zero by more than rounding.

    Examples:
        >>> float(ergotropy([1.0, 0.0], [[0.5, 0.0], [0.0, -0.5]]))  # an excited cell
        1.0
    """
    state, meter = read_pair(rho, hamiltonian)
    return _work(state.expectation(meter), eigenvalues(state), meter.spectrum())[()]


def anti_ergotropy(rho: Any, hamiltonian: Any) -> Any:
    """Return the energy that cyclic unitaries can still store: A = E_anti-passive - tr(rho H) >= 0.

    Ergotropy and anti-ergotropy add up to the capacity, which no unitary changes (Yang et al. 2023, PRL 131,
    030402, arXiv 2302.09905). It is the ergotropy of the same state for -H.

    Args and errors are those of `ergotropy`.

    Examples:
        >>> float(anti_ergotropy([0.0, 1.0], [[0.5, 0.0], [0.0, -0.5]]))  # an empty cell
        1.0
    """
    state, meter = read_pair(rho, hamiltonian)
    levels = meter.spectrum()
    top = anti_passive_energy(eigenvalues(state), levels)
    return extractable_work(top, state.expectation(meter), energy_scale(levels))[()]


def ergotropy_parts(rho: Any, hamiltonian: Any) -> tuple[Any, Any]:
    """Return (incoherent, coherent) ergotropy; they add up to `ergotropy`.

    The incoherent part is the ergotropy of rho pinched in the eigenspaces of H, the coherent part is the rest
    (Francica et al. 2020, arXiv 2006.05424). Levels closer than 1e-9 of the largest |level| count as one.

    Args and errors are those of `ergotropy`.
    """
    state, meter = read_pair(rho, hamiltonian)
    energy, levels = state.expectation(meter), meter.spectrum()
    total = _work(energy, eigenvalues(state), levels)
    incoherent = _work(energy, _pinched(state, meter, levels).spectrum(), levels)
    coherent = extractable_work(total, incoherent, energy_scale(levels))
    return incoherent[()], coherent[()]


def pinch(rho: Any, hamiltonian: Any) -> Any:
    """Return rho without coherences between different levels of H: sum_n P_n rho P_n.

    Args:
        rho: as for `ergotropy`.
        hamiltonian: as for `ergotropy`. Levels closer than 1e-9 of the largest |level| count as one.

    Returns:
        `Blocks` for `Blocks`, a Qobj operator for a Qobj, else an array (..., d, d).
    """
    state, meter = read_pair(rho, hamiltonian)
    pinched = _pinched(state, meter, meter.spectrum())
    if isinstance(rho, Blocks):
        return pinched
    (block,) = pinched.blocks
    matrix = block.dense() if isinstance(block, Factor) else block
    if is_qobj(rho):
        side = rho.dims[0]
        return type(rho)(matrix, dims=[side, side])
    return matrix


def local_ergotropy(marginals: ArrayLike, hamiltonians: ArrayLike, counts: ArrayLike) -> Any:
    """Return the work that unitaries on single cells extract: sum_c counts_c W(marginal_c, H_c).

    Never above the global ergotropy if the cells do not interact; the difference is the ergotropic gap
    (Alimuddin et al. 2019, arXiv 1902.04869).

    Args:
        marginals: reduced states of C representative cells, shape (..., C, d, d).
        hamiltonians: their Hamiltonians, shape (C, d, d).
        counts: how many cells each stands for, shape (C,).

    Returns:
        Work in the unit of the Hamiltonians, a float or an array of the batch shape.

    Raises:
        SpecError, StructureError, ConvergenceError: as `ergotropy`.
    """
    states, meters = np.asarray(marginals), np.asarray(hamiltonians)
    number = np.asarray(counts, dtype=np.float64)
    if states.ndim < 3 or meters.ndim != 3 or states.shape[-3:] != meters.shape:
        raise SpecError(
            f"local_ergotropy: marginals {states.shape} and hamiltonians {meters.shape} do not fit; they "
            "must be (..., C, d, d) and (C, d, d)"
        )
    if number.shape != meters.shape[:1] or not (number > 0).all():
        raise SpecError(
            f"local_ergotropy: counts are {number}; give one positive number for each of {len(meters)} cells"
        )
    return (np.asarray(ergotropy(states, meters)) * number).sum(axis=-1)[()]


def _work(energy: RealArray, spectrum: Spectrum, levels: Spectrum) -> RealArray:
    """Return the energy minus the passive energy of `spectrum`, checked."""
    return extractable_work(energy, passive_energy(spectrum, levels), energy_scale(levels))


def _pinched(state: Blocks, meter: Blocks, levels: Spectrum) -> Blocks:
    """Return the state pinched in the eigenspaces of the Hamiltonian, block by block."""
    width = _LEVEL_TOLERANCE * float(energy_scale(levels).max())
    blocks = [
        _pinched_block(block, other.dense() if isinstance(other, Factor) else other, width)
        for block, other in zip(state.blocks, meter.blocks, strict=False)
    ]
    return Blocks(tuple(blocks), state.multiplicity, state.null)


def _pinched_block(block: Array | Factor, meter: Array, width: float) -> Array | Factor:
    """Return sum_n P_n block P_n; a factor stays one, (P_1 F, P_2 F, ...), while that is the smaller form."""
    label, basis = _eigenspaces(meter, width)
    count = int(label.max()) + 1
    adjoint = None if basis is None else np.conj(np.swapaxes(basis, -1, -2))
    if isinstance(block, Factor) and count * block.array.shape[-1] < block.array.shape[-2]:
        factor = block.array if adjoint is None else adjoint @ block.array
        member = label[..., :, None] == np.arange(count)
        split = factor[..., :, None, :] * member[..., :, :, None]
        split = split.reshape(*split.shape[:-2], -1)
        return Factor(split if basis is None else basis @ split)
    dense = block.dense() if isinstance(block, Factor) else block
    same = label[..., :, None] == label[..., None, :]
    if basis is None:
        return np.asarray(dense * same)
    return np.asarray(basis @ ((adjoint @ dense @ basis) * same) @ adjoint)


def _eigenspaces(meter: Array, width: float) -> tuple[Array, Array | None]:
    """Return which distinct level each basis vector belongs to, and the basis (None: the given one)."""
    diagonal = np.diagonal(meter, axis1=-2, axis2=-1)
    basis: Array | None = None
    if np.count_nonzero(meter) == np.count_nonzero(diagonal):
        order = np.argsort(diagonal.real, axis=-1)
        levels = np.take_along_axis(diagonal.real, order, axis=-1)
    else:
        levels, basis = np.linalg.eigh(meter)
        order = np.broadcast_to(np.arange(levels.shape[-1]), levels.shape)
    jumps = np.diff(levels, axis=-1, prepend=levels[..., :1]) > width
    label = np.empty_like(order)
    np.put_along_axis(label, order, np.cumsum(jumps, axis=-1), axis=-1)
    return label, basis
