r"""The integral of the square of what a Riccati equation moves: of work that a sliding store loses to its avalanche.

By Gauss's rule, not from the equation of motion, so that a balance of work that it enters stays a test. With the
notation of `qsb.stellar.riccati`, the poles of W in the complex plane are real and outside the time, or stand on one
vertical line, a distance of :math:`\pi/2s` from the real axis where the line is inside. Panels that grow by two from
the ends and from that line are never longer than their distance from a pole.
"""

from __future__ import annotations

import math
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from qsb.stellar.riccati import Riccati

__all__ = ["squared"]

#: nodes of a panel: with no pole within its length the error is below 1e-18
_NODES = 16


def squared(equation: Riccati, span: float) -> float:
    r"""Integral of :math:`W^2` over a time in s, J^2 s."""
    if equation.speed == 0.0:
        return equation.start * equation.start * span
    cuts = [0.0, span]
    lean, root = _lean(equation, equation.start), math.sqrt(max(_discriminant(equation), 0.0))
    if 0.0 < -lean < root:  # W goes from one fixed point to the other, fastest on the line of poles
        cuts.insert(1, min(span, math.atanh(-lean / root) / root))
    parts = [_panels(a, b, _brief(equation, a), _brief(equation, b)) for a, b in pairwise(cuts)]
    edges = np.unique(np.concatenate(parts))
    nodes, weights = np.polynomial.legendre.leggauss(_NODES)
    half = np.diff(edges) / 2.0
    times = edges[:-1, None] + half[:, None] * (1.0 + nodes)
    return float(half @ (_at(equation, times) ** 2 @ weights))


def _discriminant(equation: Riccati) -> float:
    """The square of s, or less than zero where the functions are circular."""
    return equation.linear * equation.linear / 4.0 - equation.square * equation.push


def _lean(equation: Riccati, work: float) -> float:
    """Half the rate at which a small distance from W decays."""
    return equation.linear / 2.0 - equation.square * work


def _at(equation: Riccati, times: NDArray[np.float64]) -> NDArray[np.float64]:
    """W in J at times in s."""
    square, lean = _discriminant(equation), _lean(equation, equation.start)
    root = math.sqrt(abs(square))
    angle = root * times
    if square < 0.0:
        down = np.cos(angle) + lean * np.sin(angle) / root
        return np.asarray(equation.start + equation.speed * np.sin(angle) / (root * down))
    reach = np.tanh(angle) / root if root else times
    return np.asarray(equation.start + equation.speed * reach / (1.0 + lean * reach))


def _brief(equation: Riccati, time: float) -> float:
    """A time in s that is short beside that in which W changes there: an eighth of it or less."""
    work = float(_at(equation, np.array(time)))
    speed = equation.push - (equation.linear - equation.square * work) * work
    rate = 2.0 * (abs(_lean(equation, work)) + math.sqrt(abs(equation.square * speed)))
    return 0.5 / rate if rate else math.inf


def _panels(begin: float, end: float, first: float, last: float) -> NDArray[np.float64]:
    """Edges of panels between two times, which grow by two from either end to the middle."""
    half = (end - begin) / 2.0

    def grown(step: float) -> list[float]:
        """Distances of edges from an end."""
        found = [0.0]
        while found[-1] + step < half:
            found.append(found[-1] + step)
            step *= 2.0
        return found

    left, right = np.array(grown(first)), np.array(grown(last))
    return np.concatenate((begin + left, [begin + half], end - right[::-1]))
