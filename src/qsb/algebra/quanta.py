r"""Passive energies of thermal-like products of modes: geometric spectra against ladders of levels.

The spectrum of a Gaussian state of mean numbers :math:`\bar n_k` is :math:`\prod_k(1-q_k)q_k^{n_k}` with
:math:`q_k = \bar n_k/(\bar n_k+1) = e^{-\beta_k}`; the levels of H_B are :math:`\sum_k\omega_k m_k` above the lowest.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from qsb.algebra.symplectic import entropy
from qsb.errors import ConvergenceError

RealArray = NDArray[np.float64]

#: most eigenvalues that are written down, and the error of the energy that is allowed, as a share of its size
MOST, PRECISE = 2**20, 1e-9
#: mean numbers below this are rounding of the vacuum
_EMPTY = 1e-13


def gaussian_passive(numbers: RealArray, frequencies: RealArray) -> RealArray:
    r"""The lowest energy that Gaussian unitaries reach, above the ground level: :math:`\sum_k\omega_k\bar n_k`.

    The largest number goes to the lowest frequency.

    Args:
        numbers: :math:`\nu_k - \tfrac12`, (..., M).
        frequencies: of the normal modes, (M,).
    """
    return np.asarray(np.sort(numbers, axis=-1)[..., ::-1] @ np.sort(frequencies))


def completely_passive(numbers: RealArray, frequencies: RealArray) -> RealArray:
    """The energy, above the ground level, of the Gibbs state with the entropy of a state: what many copies leave.

    Args:
        numbers: (T, M).
        frequencies: (M,).
    """
    wanted = entropy(numbers)
    low, high = np.full(len(wanted), -500.0), np.full(len(wanted), 500.0)  # logarithms of the temperature
    for _ in range(70):
        middle = (low + high) / 2
        hotter = entropy(_planck(middle, frequencies)) < wanted
        low, high = np.where(hotter, middle, low), np.where(hotter, high, middle)
    energy = _planck((low + high) / 2, frequencies) @ frequencies
    return np.asarray(energy)


def _planck(log_temperature: RealArray, frequencies: RealArray) -> RealArray:
    x = frequencies * np.exp(-log_temperature)[:, None]
    return np.asarray(1.0 / np.expm1(np.minimum(x, 700.0)))


@dataclass(frozen=True, eq=False)
class Ladders:
    """Modes of an H_B; the lowest of their common levels are kept once they have been found.

    Attributes:
        frequencies: ascending, (M,), all above zero.
    """

    frequencies: RealArray
    _kept: dict[int, RealArray] = field(default_factory=dict)

    def passive(self, numbers: RealArray) -> RealArray:
        r"""The lowest energy on the unitary orbit, above the ground level, of states of mean numbers (T, M).

        One mode: :math:`\omega\bar n`. Several: the largest eigenvalues and the lowest levels are paired one by one,
        and what is left is enclosed (`_rest`); the answer is the middle, its error at most `PRECISE` of it.

        Raises:
            ConvergenceError: if that needs more than `MOST` eigenvalues.
        """
        if len(self.frequencies) == 1:
            return np.asarray(numbers[..., 0] * self.frequencies[0])
        return np.array([self._one(row) for row in numbers])

    def _one(self, numbers: RealArray) -> float:
        n = np.sort(numbers)[::-1]
        n = n[n > _EMPTY]
        most = float(gaussian_passive(n, self.frequencies[: len(n)])) if len(n) else 0.0
        if not len(n):
            return 0.0
        beta = np.log1p(1 / n)
        ratio = beta / self.frequencies[: len(n)]
        if len(n) == len(self.frequencies) and np.ptp(ratio) <= 1e-13 * ratio[0]:
            return most  # a Gibbs state
        allowed = PRECISE * max(most, float(self.frequencies[0]))
        count = 256
        while True:
            low, high = self._enclose(beta, n, count)
            high = min(high, max(most, low))
            if high - low <= 2 * allowed:
                return (low + high) / 2
            if count >= MOST:
                raise ConvergenceError(
                    f"the passive energy of {len(self.frequencies)} modes from {MOST} eigenvalues",
                    (high - low) / 2,
                    allowed,
                    "ask for gaussian_ergotropy, which has a closed form, or for fewer or emptier modes.",
                )
            count = min(4 * count, MOST)

    def _enclose(self, beta: RealArray, n: RealArray, count: int) -> tuple[float, float]:
        """Lower and upper bound from the `count` largest eigenvalues."""
        if count not in self._kept:
            self._kept[count] = lowest_sums(self.frequencies, count)
        levels, x = self._kept[count], lowest_sums(beta, count)
        p = np.exp(-x - np.log1p(n).sum())
        paired = float(p @ levels)
        missing = max(0.0, 1.0 - float(p.sum()))
        log_missing = max(0.0, float(beta @ n) - float(p @ x))
        return paired + missing * float(levels[-1]), paired + self._rest(beta, missing, log_missing)

    def _rest(self, beta: RealArray, missing: float, log_missing: float) -> float:
        r"""Upper bound of the energy of eigenvalues that were not written down.

        At most :math:`(s+\sum\beta)^m/(m!\prod\beta)` eigenvalues have :math:`\beta\cdot n\le s`, and at least
        :math:`E^m/(m!\prod\omega)` levels lie below E (unit cells above and below a simplex), so that an eigenvalue
        meets a level of at most :math:`(\prod\omega/\prod\beta)^{1/m}(s+\sum\beta)`.
        """
        m = len(beta)
        scale = math.exp(float(np.log(self.frequencies[:m]).sum() - np.log(beta).sum()) / m)
        return scale * (missing * float(beta.sum()) + log_missing)


def lowest_sums(steps: RealArray, count: int) -> RealArray:
    r"""The `count` lowest of all :math:`\sum_k s_k n_k`, each as often as it occurs, ascending."""
    order = np.sort(steps)
    out = order[0] * np.arange(count)
    for step in order[1:]:
        # of the sums of two ascending lists, the k-th lowest has (i+1)(j+1) <= k; and none exceeds the last of one
        far = int(min(count - 1, out[-1] // step))
        room = count // (np.arange(far + 1) + 1)
        j = np.repeat(np.arange(far + 1), room)
        i = np.arange(len(j)) - np.repeat(np.cumsum(room) - room, room)
        out = np.sort(np.partition(out[i] + step * j, count - 1)[:count])
    return np.asarray(out)


__all__ = ["Ladders", "completely_passive", "gaussian_passive", "lowest_sums"]
