r"""Passivity of one copy, of n copies and of any number: which states hide work that only many copies release.

A passive state gives no work to a unitary, but n copies of it may (Alicki and Fannes 2013, PRE 87, 042123, arXiv
1211.1209). With n to infinity what each copy gives is

.. math:: W_\infty = \mathrm{tr}(\rho H) - \mathrm{tr}(\tau H), \qquad S(\tau) = S(\rho), \;\tau \text{ a Gibbs state},

and a state that no number of copies activates is a Gibbs state of a temperature >= 0, or lies in the lowest level
(Pusz and Woronowicz 1978, doi:10.1007/BF01614224; Lenard 1978, doi:10.1007/BF01011769). Each pair of levels of a
diagonal state has a virtual temperature (Brunner et al. 2012, arXiv 1106.2138); they all agree in Gibbs states alone.
"""

from math import comb, log, prod
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import gammaln

from qsb import checks
from qsb.algebra.blocks import Blocks, Factor, RealArray, Spectrum
from qsb.algebra.copies import Copies
from qsb.errors import SpecError, StructureError
from qsb.merit.ergotropy import extractable_work, passive_energy, pinch
from qsb.merit.gibbs import entropic_energy
from qsb.merit.reading import eigenvalues, energy_scale, read_pair

__all__ = [
    "asymptotic_ergotropy",
    "asymptotic_work",
    "copied",
    "is_completely_passive",
    "is_passive",
    "n_copy_ergotropy",
    "virtual_temperatures",
]

#: types (ways to share n copies among the distinct eigenvalues) that are written down at most
TYPES_LIMIT = 200_000
#: numbers that the types of all states of a batch hold at most
NUMBERS_LIMIT = 2**25
#: ln of the largest dimension whose multiplicities are all exact as floats; beyond it their logarithms are kept
_LARGEST_EXACT = 53 * log(2.0)
#: ln of the smallest eigenvalue that is held as a float; below it its logarithm is kept
_SMALLEST_LOG = -600.0
#: coherence between levels, relative to the largest entry of rho, above which a state has no populations
_COHERENCE_TOLERANCE = 1e-9


def n_copy_ergotropy(rho: Any, hamiltonian: Any, copies: int) -> Any:
    r"""Return the work that one unitary on n copies extracts from rho^{(x)n} with H summed over the copies.

    Exact without a matrix of dimension d^n: copies that share eigenvalues (n_1, ..., n_K) are one type, of
    multiplicity n!/(n_1! ... n_K!) times those of the eigenvalues. Divide by n for the work of a copy: at 10^5 copies
    it is good to about 1e-11 of the largest |level|.

    Args:
        rho: as for `qsb.ergotropy`.
        hamiltonian: of one copy, as for `qsb.ergotropy`; one for all states of a batch.
        copies: n >= 1.

    Returns:
        Work in the unit of H: a float, or an array of the batch shape.

    Raises:
        SpecError: if n is no whole number >= 1, or the types are more than 200 000; else as `qsb.ergotropy`.

    Examples:
        >>> passive = [[0.5, 0.0, 0.0], [0.0, 0.5, 0.0], [0.0, 0.0, 0.0]]
        >>> [round(float(n_copy_ergotropy(passive, [[0, 0, 0], [0, 1, 0], [0, 0, 2]], n)), 6) for n in (1, 2, 3)]
        [0.0, 0.0, 0.125]
    """
    state, meter = read_pair(rho, hamiltonian)
    n, levels = _whole(copies), _shared(meter)
    own, energy, scale = eigenvalues(state), state.expectation(meter), energy_scale(levels)
    if levels.dimension == 2:
        # alike two-level cells fill cell by cell, see `qsb.merit.pairing`
        return np.asarray(n * extractable_work(energy, passive_energy(own, levels), scale))[()]
    passive = passive_energy(copied(own, n), copied(levels, n, additive=True))
    return extractable_work(n * energy, passive, n * scale)[()]


def asymptotic_ergotropy(rho: Any, hamiltonian: Any) -> Any:
    r"""Return the work of a copy in the limit of many copies: E minus the Gibbs energy of equal entropy.

    It is the limit of `n_copy_ergotropy`/n, which never exceeds it, and the smallest `free_energy_bound` over all
    temperatures, reached at that of the Gibbs state (Alicki and Fannes 2013, arXiv 1211.1209).

    Args and errors are those of `qsb.ergotropy`; one Hamiltonian serves all states of a batch.
    """
    state, meter = read_pair(rho, hamiltonian)
    return asymptotic_work(state.expectation(meter), eigenvalues(state), _shared(meter))[()]


def asymptotic_work(energy: ArrayLike, state: Spectrum | Copies, levels: Spectrum | Copies) -> RealArray:
    """Return E minus the Gibbs energy of equal entropy from energies and spectra.

    Args:
        energy: tr(rho H), shape (...,).
        state: eigenvalues of rho, batch (...,).
        levels: all levels of H.

    Raises:
        SpecError: if the dimensions differ.
        ConvergenceError: if energy and eigenvalues belong to no one state.
    """
    gibbs, _ = entropic_energy(state, levels)
    scale = energy_scale(levels.cell) * levels.count if isinstance(levels, Copies) else energy_scale(levels)
    return extractable_work(energy, gibbs, scale)


def is_passive(rho: Any, hamiltonian: Any, tolerance: float = 1e-10) -> Any:
    """Return whether no unitary extracts work: ergotropy at most `tolerance` times the largest |level|.

    Args and errors are those of `qsb.ergotropy`; a bool, or an array of them of the batch shape.
    """
    state, meter = read_pair(rho, hamiltonian)
    levels = meter.spectrum()
    work = extractable_work(state.expectation(meter), passive_energy(eigenvalues(state), levels), energy_scale(levels))
    return (work <= checks.number("tolerance", tolerance, least=0.0) * energy_scale(levels))[()]


def is_completely_passive(rho: Any, hamiltonian: Any, tolerance: float = 1e-10) -> Any:
    """Return whether no unitary on any number of copies extracts work: a Gibbs state, or a state of the lowest level.

    The asymptotic ergotropy is at most `tolerance` times the largest |level|. It is of second order in how far the
    state is from a Gibbs state: 1e-10 stands for populations that are off by about 1e-5.

    Args and errors are those of `asymptotic_ergotropy`; a bool, or an array of them of the batch shape.
    """
    state, meter = read_pair(rho, hamiltonian)
    levels = _shared(meter)
    work = asymptotic_work(state.expectation(meter), eigenvalues(state), levels)
    return (work <= checks.number("tolerance", tolerance, least=0.0) * energy_scale(levels))[()]


def virtual_temperatures(rho: Any, hamiltonian: Any) -> NDArray[np.float64]:
    r"""Return the virtual temperature of each pair of levels of a state without energy coherence.

    .. math:: T_{kl} = \frac{e_k - e_l}{\ln p_l - \ln p_k}

    in the unit of H (k_B = 1), with levels ascending. Passive states have none below zero except by equal levels;
    a state of full rank is completely passive if all agree and none is negative. Inverted pairs are negative,
    equally filled ones infinite; pairs of equal levels have none (NaN), nor has a pair of which both are empty.

    Args:
        rho: a matrix or ket as for `qsb.ergotropy`, of one block; inside a degenerate level its eigenbasis is taken,
            populations ascending.
        hamiltonian: as for `qsb.ergotropy`.

    Returns:
        Symmetric, shape (..., d, d).

    Raises:
        StructureError: if rho has coherence between distinct levels: then populations are not all there is.
    """
    state, meter = read_pair(rho, hamiltonian)
    if len(meter.blocks) != 1 or state.null:
        raise SpecError("virtual_temperatures: give state and H on the whole space, as one matrix each")
    matrices = [b.dense() if isinstance(b, Factor) else b for b in (*state.blocks, *meter.blocks)]
    eigenvalues(state)
    whole, h = matrices
    lost = float(np.abs(whole - pinch(whole, h)).max())
    if lost > _COHERENCE_TOLERANCE * float(np.abs(whole).max()):
        raise StructureError(
            f"virtual_temperatures: rho has coherence {lost:.3g} between levels of H, so its levels have no "
            "populations alone; take `qsb.merit.ergotropy.pinch` of it first if its populations are meant"
        )
    e, p = _populations(whole, h)
    with np.errstate(divide="ignore", invalid="ignore"):
        logs = np.log(np.maximum(p, 0.0))
        bias = logs[..., None, :] - logs[..., :, None]
        gap = e[..., :, None] - e[..., None, :]
        temperature = np.where(bias == 0.0, np.inf, gap / np.where(bias == 0.0, 1.0, bias))
    equal = np.abs(gap) <= 1e-9 * np.abs(e).max(axis=-1)[..., None, None]
    return np.where(equal | np.isnan(bias), np.nan, temperature)


def _populations(whole: NDArray[Any], h: NDArray[Any]) -> tuple[RealArray, RealArray]:
    """Return levels, ascending, and populations of a state that commutes with H, in a common eigenbasis.

    A small multiple of rho splits the degenerate levels in its own eigenbasis and moves no other vector.
    """
    scale = max(float(np.abs(h).max()), 1e-300)
    _, basis = np.linalg.eigh(h / scale + 1e-9 * whole)
    adjoint = np.conj(np.swapaxes(basis, -1, -2))
    e, p = (np.einsum("...ij,...ji->...i", adjoint @ a, basis).real for a in (h, whole))
    return e, p


def copied(spectrum: Spectrum, copies: int, *, additive: bool = False) -> Spectrum:
    """Return the spectrum of n copies: eigenvalues of a state multiply, levels (`additive`) add.

    Args:
        spectrum: of one copy, (..., K).
        copies: n.
        additive: whether values add.

    Returns:
        One value a type, (..., C(n+K-1, K-1)), with exact multiplicities where d^n < 2^53, else with their logarithms.

    Raises:
        SpecError: if multiplicities are only known by logarithms, or the types are more than 200 000.
    """
    if spectrum.multiplicity is None:
        raise SpecError("n copies need exact multiplicities; the state's are only known by their logarithms")
    if copies == 1:
        return spectrum
    if spectrum.values.ndim == 1:
        spectrum = _merged(spectrum)
    assert spectrum.multiplicity is not None
    assert spectrum.dimension is not None
    kinds = spectrum.values.shape[-1]
    count = comb(copies + kinds - 1, kinds - 1)
    size = count * (kinds + spectrum.values[..., 0].size)
    if count > TYPES_LIMIT or size > NUMBERS_LIMIT:
        raise SpecError(
            f"n_copy_ergotropy: {copies} copies of {kinds} distinct values make {count} types, and the limit is "
            f"{TYPES_LIMIT} ({NUMBERS_LIMIT} numbers in a batch, and these are {size}); take fewer copies, fewer "
            "states at once, or asymptotic_ergotropy for the limit"
        )
    types = _types(copies, kinds)
    values = spectrum.values @ types.T if additive else None
    log_values = None
    if values is None:
        with np.errstate(divide="ignore", invalid="ignore"):
            log_cell = np.log(np.maximum(spectrum.values, 0.0))[..., None, :]
            log_values = np.where(types > 0, types * log_cell, 0.0).sum(axis=-1)
        values = np.exp(log_values)
    if copies * log(spectrum.dimension) < _LARGEST_EXACT:
        lowest = 0.0 if log_values is None else float(np.where(np.isneginf(log_values), 0.0, log_values).min())
        exact = _counts(types, spectrum.multiplicity)
        return Spectrum(
            values, exact, np.array([log(c) for c in exact]), log_values if lowest < _SMALLEST_LOG else None
        )
    return Spectrum.logged(values, _log_counts(types, spectrum.log_multiplicity), log_values)


def _log_counts(types: NDArray[np.int64], log_multiplicity: RealArray) -> RealArray:
    r"""Return ln of n!/prod_k n_k! prod_k m_k^n_k of each type, to rounding of n ln d.

    :math:`\ln n! = n\ln n - n + s(n)`, so that :math:`\sum_k n_k\ln(n/n_k) + s(n) - \sum_k s(n_k)` subtracts no
    logarithm of a factorial from another.
    """
    n, share = float(types[0].sum()), types.astype(np.float64)
    mixed = share * (np.log(n / np.maximum(share, 1.0)) + log_multiplicity)
    return np.asarray(np.maximum(mixed.sum(axis=-1) + _stirling(np.array(n)) - _stirling(share).sum(axis=-1), 0.0))


def _stirling(n: RealArray) -> RealArray:
    """Return s(n) = ln n! - n ln n + n, 0 at n = 0; by its asymptotic series from 16 on (error 1e-15)."""
    few = np.minimum(n, 16.0)
    direct = gammaln(few + 1.0) - np.where(few > 0, few * np.log(np.maximum(few, 1.0)), 0.0) + few
    large = np.maximum(n, 16.0)
    series = (1 / 12 - (1 / 360 - (1 / 1260 - 1 / (1680 * large**2)) / large**2) / large**2) / large
    out: RealArray = np.where(n < 16, direct, np.log(2 * np.pi * large) / 2 + series)
    return out


def _counts(types: NDArray[np.int64], multiplicity: tuple[int, ...]) -> tuple[int, ...]:
    """Return n!/prod_k n_k! prod_k m_k^n_k of each type, exactly."""
    factorials = [1]
    for k in range(1, int(types[0].sum()) + 1):
        factorials.append(factorials[-1] * k)
    alike = all(own == 1 for own in multiplicity)
    counts = []
    for shares in types.tolist():
        number = factorials[-1] // prod(factorials[k] for k in shares)
        if not alike:
            number *= prod(own**k for own, k in zip(multiplicity, shares, strict=True))
        counts.append(number)
    return tuple(counts)


def _merged(spectrum: Spectrum) -> Spectrum:
    """Return the same spectrum with exactly equal values counted once."""
    values, where = np.unique(spectrum.values, return_inverse=True)
    counts = [0] * len(values)
    for at, own in zip(where.ravel().tolist(), spectrum.multiplicity or (), strict=True):
        counts[at] += own
    return Spectrum.counted(values, counts)


def _types(copies: int, kinds: int) -> NDArray[np.int64]:
    """Return all ways (R, K) to write n as an ordered sum of K whole numbers >= 0."""
    table = np.zeros((1, 0), dtype=np.int64)
    left = np.array([copies])
    for _ in range(kinds - 1):
        rows = np.repeat(np.arange(len(left)), left + 1)
        first = np.arange(len(rows)) - np.repeat(np.cumsum(left + 1) - (left + 1), left + 1)
        table = np.concatenate([table[rows], first[:, None]], axis=1)
        left = left[rows] - first
    return np.concatenate([table, left[:, None]], axis=1)


def _whole(copies: int) -> int:
    """Return the number of copies, refusing what is no whole number >= 1."""
    if isinstance(copies, bool) or not isinstance(copies, (int, np.integer)) or copies < 1:
        raise SpecError(f"n_copy_ergotropy: copies is {copies!r}; give a whole number >= 1")
    if copies > 2**53:
        raise SpecError("n_copy_ergotropy: copies is beyond 2^53, which floats do not count; take asymptotic_ergotropy")
    return int(copies)


def _shared(meter: Blocks) -> Spectrum:
    """Return the levels of a Hamiltonian that serves all states of a batch."""
    levels = meter.spectrum()
    if levels.values.ndim != 1:
        raise SpecError(f"H has the batch shape {levels.values.shape[:-1]}; give one Hamiltonian for all states")
    return levels
