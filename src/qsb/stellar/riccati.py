r"""Work in a store whose energy is held at a threshold while work and passive energy leak at two rates.

The avalanche takes the surplus, :math:`A(W)E_c = p - g_QE_c - (g_r - g_Q)W`, and the same share of everything, so that
:math:`\dot W = p_W - (g_r + \gamma_\varphi + A)W` becomes

.. math:: \dot W = p_W - kW + cW^2,\qquad c = (g_r - g_Q)/E_c,\qquad k = g_r - g_Q + \gamma_\varphi + p/E_c .

With :math:`s^2 = k^2/4 - cp_W`, :math:`\beta = k/2 - cW_0`, :math:`f = \dot W(0)` and :math:`T = \tanh(st)/s`

.. math::
    W(t) = W_0 + \frac{fT}{1 + \beta T},\qquad
    \int_0^tW = W_0t + ft\,\frac{2st\,\varphi_2(2st) + \varphi_1(2st)\,[1 - \ln(1 + z)/z]}{\beta + s},\qquad
    z = (\beta - s)\,t\,\varphi_1(2st),

with that sign of s which has :math:`|\beta + s|` larger. Where :math:`s^2 < 0` the functions are circular.
Derived in docs/devdocs/stellar-store.md.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from qsb.stellar.exponential import phi1, phi2

__all__ = ["Riccati", "advance", "arrival", "less_log"]


def less_log(z: float) -> float:
    """1 - ln(1 + z)/z, without cancellation."""
    if abs(z) > 0.1:
        return 1.0 - math.log1p(z) / z
    total = 0.0
    for n in range(17, 1, -1):
        total = 1.0 / n - z * total
    return z * total


def advance(start: float, push: float, linear: float, square: float, span: float) -> tuple[float, float]:
    """W in J after a time in s, and its integral in J s; the other arguments are those of `Riccati`."""
    speed, lean = push - (linear - square * start) * start, linear / 2.0 - square * start
    if speed == 0.0:
        return start, start * span
    discriminant = linear * linear / 4.0 - square * push
    root = math.sqrt(abs(discriminant))
    angle = root * span
    if discriminant < 0.0:
        down = math.cos(angle) + lean * math.sin(angle) / root
        work = start + speed * math.sin(angle) / (root * down)
        return work, (linear * span / 2.0 - math.log(down)) / square
    reach = math.tanh(angle) / root if root else span
    work = start + speed * reach / (1.0 + lean * reach)
    root = math.copysign(root, lean)
    double = 2.0 * root * span
    share = phi1(double)
    z = (lean - root) * span * share
    lag = (double * phi2(double) + share * less_log(z)) / (lean + root)
    return work, (start + speed * lag) * span


def arrival(start: float, push: float, linear: float, square: float, level: float) -> float:
    """Time at which W reaches a level, s; infinite if never."""
    speed, lean = push - (linear - square * start) * start, linear / 2.0 - square * start
    distance = level - start
    if distance == 0.0 or speed == 0.0 or (distance > 0.0) != (speed > 0.0):
        return math.inf
    # T = num/den is what tanh(st)/s, t, or tan(st)/s has to be.
    num, den = abs(distance), abs(speed) - lean * abs(distance)
    discriminant = linear * linear / 4.0 - square * push
    root = math.sqrt(abs(discriminant))
    if discriminant < 0.0:
        return math.atan2(root * num, den) / root
    if den <= root * num:
        return math.inf
    return math.atanh(root * num / den) / root if root else num / den


@dataclass(frozen=True)
class Riccati:
    """The equation and where it starts.

    Attributes:
        start: W at the start, J.
        push: power into W, W.
        linear: k, 1/s.
        square: c, 1/(J s).
    """

    start: float
    push: float
    linear: float
    square: float

    @property
    def speed(self) -> float:
        """Rate of change of W at the start, W."""
        return self.push - (self.linear - self.square * self.start) * self.start

    def after(self, span: float) -> tuple[float, float]:
        """W in J after a time in s, and its integral in J s."""
        return advance(self.start, self.push, self.linear, self.square, span)

    def reaches(self, level: float) -> float:
        """Time at which W reaches a level, s; infinite if never."""
        return arrival(self.start, self.push, self.linear, self.square, level)
