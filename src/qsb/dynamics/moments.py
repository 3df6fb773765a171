r"""Means and covariances under a constant generator: :math:`\dot r = Ar + d,\ \dot V = AV + VA^T + D`.

The flow over a time h is :math:`r\mapsto Er + w,\ V\mapsto EVE^T + Q`. Of a short time it is a power series, of which
all save times inside share the terms; of a long one it doubles, :math:`E\to E^2,\ w\to w+Ew,\ Q\to Q+EQE^T`.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import scipy.linalg as la
from numpy.typing import NDArray

from qsb.dynamics.representation import Array, Generator
from qsb.errors import SpecError

RealArray = NDArray[np.float64]
Leap = tuple[RealArray, RealArray, RealArray]

#: most terms of a power series of norm at most 2
_TERMS = 40
#: a decay below this share of the norm of A is none
_STILL = 1e-12


def packed(r: RealArray, v: RealArray) -> RealArray:
    """The state (1, r, V) as one vector."""
    return np.concatenate([[1.0], r, v.ravel()])


def unpacked(x: Array) -> tuple[RealArray, RealArray]:
    """Means (..., n) and covariances (..., n, n) of states (..., 1 + n + n^2)."""
    n = (math.isqrt(4 * x.shape[-1] - 3) - 1) // 2
    return x[..., 1 : 1 + n], x[..., 1 + n :].reshape(*x.shape[:-1], n, n)


@dataclass(frozen=True, eq=False)
class Moments:
    """A, d and D of one constant piece of a generator.

    Attributes:
        drift: A, (n, n).
        force: d, (n,).
        diffusion: D, symmetric (n, n).
    """

    drift: RealArray
    force: RealArray
    diffusion: RealArray

    def __add__(self, other: Moments) -> Moments:
        """Both at once."""
        return Moments(self.drift + other.drift, self.force + other.force, self.diffusion + other.diffusion)

    def __mul__(self, factor: float) -> Moments:
        """The same, faster."""
        return Moments(factor * self.drift, factor * self.force, factor * self.diffusion)

    def apply(self, x: Array) -> Array:
        """dx/dt of a packed state."""
        r, v = unpacked(x)
        turned = self.drift @ v
        dv = turned + turned.T + x[0] * self.diffusion
        return np.concatenate([[0.0], self.drift @ r + x[0] * self.force, dv.ravel()])

    @property
    def norm(self) -> float:
        """Largest column sum of A, which bounds its spectral radius."""
        return float(np.abs(self.drift).sum(axis=0).max())

    def terms(self, x: RealArray, h: float) -> RealArray:
        """Coefficients of the power series of the state in t/h, (K, 1 + n + n^2)."""
        terms = [x]
        small = 1e-18 * float(np.abs(x).max())
        for k in range(1, _TERMS):
            # only the constant of the zeroth term feeds d and D
            terms.append(self.apply(terms[-1]) * (h / k))
            if float(np.abs(terms[-1]).max()) <= small:
                break
        return np.array(terms)

    def leap(self, h: float) -> Leap:
        """E, w and Q of a time h."""
        n = len(self.force)
        doublings = max(0, math.ceil(math.log2(max(2 * h * self.norm, 1.0))))
        step = h / 2**doublings
        e, w, q = np.eye(n), np.zeros(n), np.zeros((n, n))
        term, force, noise = np.eye(n), step * self.force, step * self.diffusion
        for k in range(1, _TERMS):
            term = self.drift @ term * (step / k)
            e, w, q = e + term, w + force, q + noise
            force = self.drift @ force * (step / (k + 1))
            noise = self.drift @ noise * (step / (k + 1))
            noise = noise + noise.T
            # the series of V falls as that of E for twice the time
            if k > 2 and 2.0**k * float(np.abs(term).max()) <= 1e-18:
                break
        for _ in range(doublings):
            e, w, q = e @ e, w + e @ w, q + e @ q @ e.T
        return e, w, (q + q.T) / 2

    def steady(self) -> RealArray | None:
        """The state in which nothing changes, if all starts end there; None if some motion is not damped.

        Raises:
            SpecError: if a motion is amplified.
        """
        decay, scale = np.linalg.eigvals(self.drift).real.max(), self.norm
        if decay > _STILL * scale:
            raise SpecError(
                f"There is no steady state: an amplitude grows at the rate {decay:.6g} for ever. Damp it more, squeeze "
                "it less, or leave out steady."
            )
        if decay > -_STILL * scale:
            return None
        v = la.solve_continuous_lyapunov(self.drift, -self.diffusion)
        return packed(np.asarray(-np.linalg.solve(self.drift, self.force)), (v + v.T) / 2)


@dataclass(frozen=True)
class MomentFlow:
    """Power series over short times and doubled flows over long ones: exact to rounding, at any number of modes."""

    name: str = "moments"
    order: float = math.inf
    constant_only: bool = True
    skew_only: bool = False
    stochastic: bool = False
    #: save times that are read off one series together
    block: int = 256

    def advance(
        self, generator: Generator, x: Array, start: float, times: Sequence[float], tolerance: float
    ) -> Iterator[Array]:
        """From the last state that is known: all times within 1/|A| by one series, the next one by its flow."""
        flow = generator.kernel
        assert isinstance(flow, Moments)
        window = 1 / flow.norm if flow.norm > 0 else math.inf
        leaps: dict[float, Leap] = generator.kept.setdefault("leaps", {})
        grain = 1e-13 * max(generator.segment.end - generator.segment.start, 1e-300)
        often = Counter(np.round(np.diff([start, *times]) / (2 * grain)).tolist())
        now, k = start, 0
        while k < len(times):
            end = k
            while end < min(len(times), k + self.block) and times[end] - now <= window:
                end += 1
            if end > k:
                h = max(times[end - 1] - now, grain)
                terms = flow.terms(x, h)
                share = (np.asarray(times[k:end]) - now) / h
                states = (share[:, None] ** np.arange(len(terms))) @ terms
                yield from states
                x, now, k = states[-1], times[end - 1], end
                continue
            key = float(round((times[k] - now) / (2 * grain)))
            e, w, q = leaps[key] if key in leaps else flow.leap(times[k] - now)
            if often[key] > 1:
                leaps[key] = e, w, q
            r, v = unpacked(x)
            turned = e @ v @ e.T
            x, now, k = packed(e @ r + w, (turned + turned.T) / 2 + q), times[k], k + 1
            yield x


__all__ = ["MomentFlow", "Moments", "packed", "unpacked"]
