"""Self-discharge: how fast a store stage loses energy or ergotropy.

The instantaneous rate is -d ln E/dt; it is constant exactly where the loss is exponential, E = E(0) exp(-kappa t). Of
cells that emit at rate gamma at zero temperature the energy above ground is exponential with kappa = gamma; their
ergotropy is not.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from qsb import checks
from qsb.algebra.blocks import RealArray
from qsb.errors import SpecError

__all__ = ["Discharge", "decay_rate", "fit_decay", "free_decay", "half_life"]


def decay_rate(energy: ArrayLike, power: ArrayLike, tolerance: float = 1e-12) -> RealArray:
    """Return -P/E = -d ln E/dt, unit omega0; NaN where nothing is stored.

    Args:
        energy: E, measured from the value that it decays to (the ground level at zero temperature), shape (...,).
        power: dE/dt, shape (...,).
        tolerance: energies up to this count as none.
    """
    held, rate = checks.alike(energy=energy, power=power)
    some = held > checks.number("tolerance", tolerance)
    return np.where(some, -rate / np.where(some, held, 1.0) + 0.0, np.nan)


def half_life(times: ArrayLike, values: ArrayLike) -> float:
    """Return the time after the first one at which a series first falls to half of its first value; NaN if it does not.

    Between the points ln(value) is taken as linear, which is exact for an exponential.

    Args:
        times: increasing, (T,).
        values: (T,), the first one positive.
    """
    time, value = _decay("half_life", times, values)
    low = np.flatnonzero(value <= value[0] / 2)
    if low.size == 0:
        return float("nan")
    k = int(low[0])
    # a straight line instead where the series reaches zero, which has no logarithm
    ends = np.log(value[[k - 1, k]]) if value[k] > 0 else value[[k - 1, k]]
    aim = np.log(value[0] / 2) if value[k] > 0 else value[0] / 2
    share = (ends[0] - aim) / (ends[0] - ends[1])
    return float(time[k - 1] + share * (time[k] - time[k - 1]) - time[0])


@dataclass(frozen=True)
class Discharge:
    """An exponential through a decaying series.

    Attributes:
        rate: kappa, the negative slope of ln(value), unit omega0.
        low: lower end of the interval of kappa at the stated level.
        high: upper end.
        level: of the interval.
        residual: largest |ln(value) - line|; near 0 only where the decay is exponential.
        half_life: ln 2 / kappa; infinite where nothing decays.
    """

    rate: float
    low: float
    high: float
    level: float
    residual: float
    half_life: float


def fit_decay(times: ArrayLike, values: ArrayLike, level: float = 0.95) -> Discharge:
    """Return the least-squares exponential of a decaying series, with the interval of its rate.

    The interval is Student's of the slope of ln(value) on t. Of computed data without noise it measures how far the
    decay is from an exponential, not an error of the computation; the residual says the same in one number.

    Args:
        times: increasing, (T,), three at least.
        values: (T,), all positive.
        level: of the interval, between 0 and 1.

    Raises:
        SpecError: on fewer points, values that are not positive, or an impossible level.
    """
    from scipy.stats import t as student

    time, value = _decay("fit_decay", times, values)
    if time.size < 3 or not (value > 0).all():
        raise SpecError(
            f"fit_decay: needs three positive values at least; there are {time.size}, the smallest {value.min():.3g}. "
            "Leave out the end, where nothing is left."
        )
    if not 0 < checks.number("level", level) < 1:
        raise SpecError(f"fit_decay: the level is {level}; it must lie between 0 and 1")
    shift, logs = time - time.mean(), np.log(value)
    wide = float(shift @ shift)
    slope = float(shift @ logs) / wide
    miss = logs - logs.mean() - slope * shift
    error = float(np.sqrt(miss @ miss / (time.size - 2) / wide))
    reach = float(student.ppf((1 + level) / 2, time.size - 2)) * error
    rate = -slope
    life = float(np.log(2) / rate) if rate > 0 else float("inf")
    return Discharge(rate, rate - reach, rate + reach, level, float(np.abs(miss).max()), life)


def free_decay(bloch: ArrayLike, times: ArrayLike, *, emission: float = 0.0, dephasing: float = 0.0) -> RealArray:
    """Return the Bloch vectors (T, 3) of one stored cell in the frame that turns with it; exact.

    gamma D[sigma^-] and gamma_phi D[sigma^z]: the excited population decays as exp(-gamma t), coherence as
    exp(-(gamma/2 + 2 gamma_phi) t). Ergotropy of a cell with gap w: (w/2)(|r| + z).

    Args:
        bloch: start (x, y, z), |r| <= 1.
        times: since the start, (T,), >= 0.
        emission: gamma >= 0.
        dephasing: gamma_phi >= 0.
    """
    start, time = np.asarray(bloch, dtype=np.float64), np.atleast_1d(np.asarray(times, dtype=np.float64))
    if start.shape != (3,) or not float(start @ start) <= 1 + 1e-12:
        raise SpecError(f"free_decay: the Bloch vector is {start}; it must be three numbers of length <= 1")
    if not (time >= 0).all() or not (emission >= 0 and dephasing >= 0):
        raise SpecError("free_decay: times and rates must be >= 0")
    across = np.exp(-(emission / 2 + 2 * dephasing) * time)
    along = (1 + start[2]) * np.exp(-emission * time) - 1
    return np.stack([start[0] * across, start[1] * across, along], axis=-1)


def _decay(name: str, times: ArrayLike, values: ArrayLike) -> tuple[RealArray, RealArray]:
    """Check a series that begins above zero."""
    time, value = checks.reals("times", times), checks.reals("values", values)
    if time.ndim != 1 or value.shape != time.shape or time.size < 1:
        raise SpecError(f"{name}: times {time.shape} and values {value.shape} must both be (T,) with T >= 1")
    if not (np.isfinite(time).all() and np.isfinite(value).all() and (np.diff(time) > 0).all()):
        raise SpecError(f"{name}: times must increase, and nothing may be NaN or infinite")
    if not value[0] > 0:
        raise SpecError(f"{name}: the first value is {value[0]:.3g}; what is stored at the start must be positive")
    return time, value
