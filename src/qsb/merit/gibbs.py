r"""Gibbs states of given levels: their energy at a temperature, and at an entropy.

With the most mixed state as the zero of mixedness, :math:`D = \ln d - S \ge 0`, a state close to it keeps all digits:

.. math:: D = \sum_k \frac{m_k}{d}\,g(\ln r_k d), \qquad g(y) = y e^y - e^y + 1 \ge 0,

where S itself would lose half of them. Every number here takes levels with multiplicities of any size.
"""

import numpy as np
from numpy.typing import NDArray

from qsb.algebra.blocks import RealArray, Spectrum
from qsb.algebra.copies import Copies
from qsb.errors import ConvergenceError, SpecError

__all__ = ["entropic_energy", "entropy_deficit", "log_partition"]

#: below this |y| g(y) is a series; (n-1)/n! of its terms
_SERIES = 0.5
_COEFFICIENTS = np.array([(n - 1) / float(np.prod(np.arange(1, n + 1), dtype=float)) for n in range(2, 20)])
#: steps of the safeguarded Newton iteration for the inverse temperature
_STEPS = 200


def entropy_deficit(state: Spectrum) -> RealArray:
    """Return ln d - S of a state in nats, shape (...,): 0 for the most mixed one, ln d for a pure one.

    Args:
        state: all eigenvalues with multiplicities, zeros included, batch (...,).
    """
    if state.log_values is not None:
        logs = state.log_values
    else:
        with np.errstate(divide="ignore"):
            logs = np.log(np.maximum(state.values, 0.0))
    return _deficit(state.log_multiplicity - state.log_dimension, logs + state.log_dimension)


def _deficit(log_share: RealArray, y: RealArray) -> RealArray:
    """Return sum_k (m_k/d) g(y_k) from ln(m_k/d), (K,), and y_k = ln(r_k d), (..., K)."""
    share = np.exp(log_share)
    empty = np.isneginf(y)
    small = np.abs(y) < _SERIES
    near = np.where(small, y, 0.0)
    series = np.zeros_like(near)
    for c in _COEFFICIENTS[::-1]:
        series = series * near + c
    held = np.where(empty | small, 0.0, y)
    # m r (y - 1) + m/d, finite where e^y alone is not
    large = np.where(empty, 0.0, np.exp(log_share + held) * (held - 1.0)) + share
    return np.asarray(np.where(small, share * near**2 * series, large).sum(axis=-1), dtype=np.float64)


def log_partition(levels: Spectrum, beta: RealArray | float) -> RealArray:
    """Return ln(Z/d) = ln of the mean of exp(-beta (e - e_0)) over all levels, for beta >= 0, shape (...,).

    Energies are counted from the lowest level e_0, so the result lies between ln(g_0/d) and 0.

    Args:
        levels: energies (K,) with multiplicities.
        beta: inverse temperatures (...,), in units of the inverse energy.
    """
    inverse = np.asarray(beta, dtype=np.float64)[..., None]
    up = -inverse * (levels.values - levels.values.min())
    logs = levels.log_multiplicity - levels.log_dimension
    mean = (np.exp(logs) * np.expm1(up)).sum(axis=-1)
    # logs of what is left, where the mean is almost -1
    wide = up + logs
    top = wide.max(axis=-1)
    direct = top + np.log(np.exp(wide - top[..., None]).sum(axis=-1))
    return np.asarray(np.where(mean > -0.5, np.log1p(np.maximum(mean, -0.5)), direct), dtype=np.float64)


def _populations(levels: Spectrum, beta: RealArray) -> tuple[RealArray, RealArray]:
    """Return the weights m_k p_k (..., K) of a Gibbs state, and ln(p_k d)."""
    y = -beta[..., None] * (levels.values - levels.values.min()) - log_partition(levels, beta)[..., None]
    return np.exp(levels.log_multiplicity - levels.log_dimension + y), y


def entropic_energy(state: Spectrum | Copies, levels: Spectrum | Copies) -> tuple[RealArray, RealArray]:
    r"""Return the energy of the Gibbs state that has the entropy of a state, and its inverse temperature.

    The lowest energy at fixed entropy is that of a Gibbs state of temperature >= 0. A state of no more entropy than
    the lowest level (ln g_0) gets that level's energy and beta = inf; the most mixed state gets beta = 0.

    Args:
        state: all eigenvalues of the state, batch (...,).
        levels: all levels (K,), of the same dimension.

    Returns:
        Energies and inverse temperatures, both (...,).

    Raises:
        SpecError: if the dimensions differ, or the levels have a batch.
        ConvergenceError: if no temperature is found.
    """
    if isinstance(state, Copies) and isinstance(levels, Copies) and state.count == levels.count:
        energy, beta = entropic_energy(state.cell, levels.cell)
        return np.asarray(state.count * energy), beta
    state, levels = (item.expand() if isinstance(item, Copies) else item for item in (state, levels))
    if levels.values.ndim != 1:
        raise SpecError(f"the levels have shape {levels.values.shape}; one set of levels (K,) must serve all states")
    if abs(state.log_dimension - levels.log_dimension) > 1e-9 * max(1.0, levels.log_dimension):
        raise SpecError(
            f"the state has dimension exp({state.log_dimension:.12g}) and the levels exp({levels.log_dimension:.12g}); "
            "include all eigenvalues of the state (zeros too) and all levels, with their multiplicities"
        )
    lowest = float(levels.values.min())
    span = float(levels.values.max()) - lowest
    deficit = np.atleast_1d(entropy_deficit(state))
    if span == 0:
        return np.full(deficit.shape, lowest).reshape(state.values.shape[:-1]), np.zeros(state.values.shape[:-1])
    unit = Spectrum((levels.values - lowest) / span, levels.multiplicity, levels.log_multiplicity)
    beta = _inverse_temperature(unit, deficit.ravel())
    weights, _ = _populations(unit, np.where(np.isinf(beta), 0.0, beta))
    energy = np.where(np.isinf(beta), lowest, lowest + span * (weights @ unit.values))
    shape = state.values.shape[:-1]
    return energy.reshape(shape), (beta / span).reshape(shape)


def _inverse_temperature(unit: Spectrum, deficit: RealArray) -> RealArray:
    """Return beta (T,) >= 0 with D(beta) = deficit for levels between 0 and 1: Newton, kept inside a bracket.

    dD/dbeta = beta Var_beta(E), which is why sqrt(2 D / Var) is the first guess.
    """
    ground = np.logaddexp.reduce(unit.log_multiplicity[unit.values <= 0.0])
    frozen = deficit >= (unit.log_dimension - ground) * (1 - 1e-15)
    wanted = np.where(frozen, 0.0, deficit)
    share = np.exp(unit.log_multiplicity - unit.log_dimension)
    mean = share @ unit.values
    beta = np.sqrt(2 * wanted / (share @ (unit.values - mean) ** 2))
    low, high = np.zeros_like(beta), np.full_like(beta, np.inf)
    for _ in range(_STEPS):
        weights, y = _populations(unit, beta)
        gap = _deficit(unit.log_multiplicity - unit.log_dimension, y) - wanted
        low, high = np.where(gap < 0, beta, low), np.where(gap >= 0, beta, high)
        energy = weights @ unit.values
        slope = beta * np.maximum((weights * (unit.values - energy[..., None]) ** 2).sum(axis=-1), 1e-300)
        with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
            step = np.where(slope > 0, gap / slope, 0.0)
        outside = _outside(beta - step, low, high)
        middle = np.where(np.isinf(high), 2 * low + 1e-3, (low + high) / 2)
        moved = np.where(wanted > 0, np.where(outside, middle, beta - step), 0.0)
        done = (np.abs(moved - beta) <= 4e-16 * moved) | (np.isfinite(high) & (high - low <= 4e-16 * high))
        beta = moved
        if done.all():
            return np.where(frozen, np.inf, beta)
    raise ConvergenceError(
        "the temperature of the Gibbs state of equal entropy",
        float(np.abs(gap).max()),
        0.0,
        "check that the state's eigenvalues and the levels are finite",
    )


def _outside(value: RealArray, low: RealArray, high: RealArray) -> NDArray[np.bool_]:
    """Whether a step leaves its bracket, or is no number."""
    return ~((value > low) & (value < high))
