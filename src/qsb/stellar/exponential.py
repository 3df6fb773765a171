r"""The exact map of work and passive energy over a time of constant power and constant rates.

With a rate a at which work is lost in all, a rate b for passive energy, and work that becomes passive at
:math:`\gamma_\varphi`,

.. math:: \dot W = p_W - aW,\qquad \dot Q = p_Q + \gamma_\varphi W - bQ,

the matrix is triangular and its exponential is written down. With :math:`\varphi_0(x) = e^{-x}`,
:math:`\varphi_{k+1}(x) = (1/k! - \varphi_k(x))/x`, and their divided differences
:math:`\delta_k = [\varphi_k(bt) - \varphi_k(at)]/(at - bt)`,

.. math::
    W(t) &= W_0\varphi_0(at) + p_Wt\,\varphi_1(at),\\
    Q(t) &= Q_0\varphi_0(bt) + p_Qt\,\varphi_1(bt) + \gamma_\varphi t\,(W_0\delta_0 + p_Wt\,\delta_1),\\
    \int_0^t W &= W_0t\,\varphi_1(at) + p_Wt^2\varphi_2(at),\\
    \int_0^t Q &= Q_0t\,\varphi_1(bt) + p_Qt^2\varphi_2(bt) + \gamma_\varphi t^2(W_0\delta_1 + p_Wt\,\delta_2).

Nothing here is lost where a and b meet: :math:`\delta_0 = e^{-bt}\varphi_1(at - bt)` for :math:`a \ge b`, and
:math:`\delta_{k+1} = [\varphi_{k+1}(bt) - \delta_k]/(at)`, or a series where both arguments are below 1.
"""

from __future__ import annotations

import math

__all__ = ["crossing", "differences", "phi1", "phi2", "propagate"]

# The functions below are compiled as they stand for ensembles, see `qsb.stellar.kernels.exact`.

# 1/(k + 2)! for the series of phi2, last one first; at x = 1/2 the first term left out is below 1e-19.
_SERIES = tuple(1.0 / math.factorial(k + 2) for k in range(13, -1, -1))
# (-1)^k/(k + 2)! for the differences; at x = y = 1 the first term left out is below 1e-19.
_SIGNED = tuple((-1.0) ** k / math.factorial(k + 2) for k in range(21))


def phi1(x: float) -> float:
    r""":math:`(1 - e^{-x})/x`, to rounding at every size; for a negative x too."""
    return -math.expm1(-x) / x if x else 1.0


def phi2(x: float) -> float:
    r""":math:`(x - 1 + e^{-x})/x^2`, to a few roundings at every size; for a negative x too."""
    if abs(x) >= 0.5:
        return (1.0 - phi1(x)) / x
    total = 0.0
    for term in _SERIES:
        total = term - x * total
    return total


def differences(x: float, y: float) -> tuple[float, float, float]:
    r""":math:`[\varphi_k(y) - \varphi_k(x)]/(x - y)` for k = 0, 1, 2 and x, y of at least 0; symmetric, positive."""
    low, high = (x, y) if x < y else (y, x)
    first = math.exp(-low) * phi1(high - low)
    if high >= 1.0:
        second = (phi1(low) - first) / high
        return first, second, (phi2(low) - second) / high
    # Powers have complete homogeneous polynomials as differences: h_k = x h_{k-1} + y^k.
    homogeneous = power = 1.0
    second, third = _SIGNED[0], -_SIGNED[1]
    for k in range(1, len(_SIGNED) - 1):
        power *= low
        homogeneous = high * homogeneous + power
        second += _SIGNED[k] * homogeneous
        third -= _SIGNED[k + 1] * homogeneous
    return first, second, third


def propagate(
    work: float,
    passive: float,
    span: float,
    powers: tuple[float, float],
    rates: tuple[float, float, float],
) -> tuple[float, float, float, float]:
    """Work and passive energy after a time, and the integrals of both over it.

    Args:
        work: W, J.
        passive: Q, J.
        span: time, s.
        powers: net power into W, which may be negative, and power into Q, W.
        rates: whole rate a at which W decays, rate b at which Q leaks, rate at which W becomes Q, 1/s.

    Returns:
        W and Q in J, and their integrals in J s. W and Q are not below zero.
    """
    (to_work, to_passive), (fast, leak, turning) = powers, rates
    x, y = fast * span, leak * span
    own, rest = phi1(x), phi1(y)
    after = work * math.exp(-x) + to_work * span * own
    heat = passive * math.exp(-y) + to_passive * span * rest
    area = (work * own + to_work * span * phi2(x)) * span
    warm = (passive * rest + to_passive * span * phi2(y)) * span
    if turning:
        first, second, third = differences(x, y)
        turned = turning * span
        heat += turned * (work * first + to_work * span * second)
        warm += turned * span * (work * second + to_work * span * third)
    return max(after, 0.0), max(heat, 0.0), area, warm


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
