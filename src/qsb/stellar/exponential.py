r"""The exact map of work and passive energy over a time of constant power and constant rates.

With :math:`E = W + Q`,

.. math:: \dot W = p_W - (\gamma + \gamma_\varphi)W,\qquad \dot Q = p_Q + \gamma_\varphi W - \gamma Q,

the matrix is triangular and its exponential is written down. With :math:`\varphi_1(x) = (1 - e^{-x})/x` and
:math:`\varphi_2(x) = (1 - \varphi_1(x))/x`

.. math::
    W(t) &= W_0e^{-(\gamma+\gamma_\varphi)t} + p_W\,t\,\varphi_1((\gamma+\gamma_\varphi)t),\\
    Q(t) &= e^{-\gamma t}[Q_0 + W_0(1 - e^{-\gamma_\varphi t})] + p_Q\,t\,\varphi_1(\gamma t)
            + p_W\,t\,[\varphi_1(\gamma t) - \varphi_1((\gamma+\gamma_\varphi)t)],\\
    \int_0^t E\,\mathrm{d}s &= E_0\,t\,\varphi_1(\gamma t) + (p_W + p_Q)\,t^2\varphi_2(\gamma t).
"""

from __future__ import annotations

import math

__all__ = ["crossing", "phi1", "phi2", "propagate"]

# 1/(k + 2)! for the series of phi2; at x = 1/2 the first term left out is below 1e-19.
_SERIES = tuple(1.0 / math.factorial(k + 2) for k in range(14))


def phi1(x: float) -> float:
    r""":math:`(1 - e^{-x})/x` for x of at least 0, to rounding at every size."""
    return -math.expm1(-x) / x if x else 1.0


def phi2(x: float) -> float:
    r""":math:`(x - 1 + e^{-x})/x^2` for x of at least 0, to a few roundings at every size."""
    if x >= 0.5:
        return (1.0 - phi1(x)) / x
    total = 0.0
    for term in reversed(_SERIES):
        total = term - x * total
    return total


def propagate(
    work: float, passive: float, span: float, to_work: float, to_passive: float, rate: float, dephasing: float
) -> tuple[float, float, float]:
    """Work and passive energy after a time, and the integral of their sum over it.

    Args:
        work: W, J.
        passive: Q, J.
        span: time, s.
        to_work: net power into W, W; it may be negative.
        to_passive: power into Q, W.
        rate: common rate of loss, 1/s.
        dephasing: rate at which W becomes Q, 1/s.

    Returns:
        W in J, Q in J, and the integral of E in J s. W and Q are not below zero.
    """
    whole = span * phi1(rate * span)
    own = span * phi1((rate + dephasing) * span)
    after = work * math.exp(-(rate + dephasing) * span) + to_work * own
    turned = passive - work * math.expm1(-dephasing * span)
    heat = math.exp(-rate * span) * turned + to_passive * whole + to_work * (whole - own)
    integral = (work + passive) * whole + (to_work + to_passive) * (span * span) * phi2(rate * span)
    return max(after, 0.0), max(heat, 0.0), integral


def crossing(value: float, target: float, push: float, rate: float) -> float:
    r"""When :math:`\dot x = p - \gamma x` reaches a target, :math:`t = \ln[1 + \gamma d/v]/\gamma`; infinite if never.

    Here :math:`d` is the distance to the target and :math:`v = p - \gamma x_\mathrm{target}` the speed there.

    Args:
        value: where it starts.
        target: what is to be reached.
        push: p.
        rate: :math:`\gamma`, not negative.
    """
    distance = target - value
    speed = push - rate * target
    if distance == 0.0 or speed == 0.0 or (distance > 0.0) != (speed > 0.0):
        return math.inf
    straight = distance / speed
    x = rate * straight
    return straight * (math.log1p(x) / x if x else 1.0)
