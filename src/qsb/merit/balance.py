"""The first law of charging, and its efficiency.

The battery H_B and its charger H_C are what energy is stored in; the interaction f(t) V is a control. With the control
off before and after, the balance of the bare energy U = <H_B + H_C> is

    dU = W + Q,   Q = sum_c int tr[H(t) D_c rho] dt,   W = int <dH/dt> dt + switching

where W counts every jump of the envelopes, the switch-on at the start and a switch-off at the time that is looked at:
W(t) = int_0^t sum_k f_k'(s) <V_k>_s ds with f_k jumping from 0 at the start and to 0 at the end. Q is the energy that
the channels give to the whole H(t), interaction included; H_B alone would not balance. Exact for every master equation
of Lindblad form; whether Q deserves the name heat depends on the channels (local ones beside a charger do not lead to
the Gibbs state of H).
"""

import numpy as np
from numpy.typing import ArrayLike

from qsb import checks
from qsb.algebra.blocks import RealArray
from qsb.errors import SpecError

__all__ = ["drive_work", "efficiency", "energy_input"]


def drive_work(stored: ArrayLike, charger: ArrayLike, heat: ArrayLike) -> RealArray:
    """Return W = dE_B + dE_C - Q by the first law, unit omega0, shape (...,).

    Args:
        stored: change of <H_B>.
        charger: change of <H_C>; 0 where there is no charger with energy of its own.
        heat: Q, energy taken in from all channels (negative where it is lost).
    """
    gained, own, taken = (np.asarray(item, dtype=np.float64) for item in (stored, charger, heat))
    return np.asarray(gained + own - taken)


def energy_input(work: ArrayLike, charger: ArrayLike) -> RealArray:
    """Return what was spent: the work of the drive and what the charger gave, W + max(0, -dE_C).

    A charger that ends with more energy than it had gives nothing, and what it keeps counts as spent.
    """
    return np.asarray(np.asarray(work, dtype=np.float64) + np.maximum(-np.asarray(charger, dtype=np.float64), 0.0))


def efficiency(gain: ArrayLike, spent: ArrayLike, tolerance: float = 1e-12) -> RealArray:
    """Return gain / spent, unit 1; NaN where nothing was spent.

    With gain the stored energy it is at most 1 wherever the channels take energy out (Q <= 0): by the first law
    spent = dE_B + max(0, dE_C) - Q. Channels that put energy in (pumping, a hot bath) can lift it above 1.

    Args:
        gain: change of energy or of ergotropy, shape (...,).
        spent: see `energy_input`, shape (...,).
        tolerance: amounts up to this count as nothing.
    """
    got, paid, least = checks.reals("gain", gain), checks.reals("spent", spent), checks.number("tolerance", tolerance)
    if got.shape != paid.shape:
        raise SpecError(f"efficiency: gain {got.shape} and spent {paid.shape} must have one shape")
    some = paid > least
    return np.where(some, got / np.where(some, paid, 1.0), np.nan)
