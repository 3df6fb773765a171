r"""Ellipses around spectra, and the Faber coefficients of the exponential on them.

The Faber polynomials of the ellipse with half-axes a (real), b (imaginary) around c obey F_1 = 2(z - c)/(a + b),
F_2 = F_1^2 - 2q, F_{k+1} = F_1 F_k - q F_{k-1} with q = (a - b)/(a + b), and do not grow on it (Huisinga, Pesce,
Kosloff, Saalfrank, J. Chem. Phys. 110, 5538 (1999)). The coefficients of exp(tz) are its Fourier coefficients along
the boundary.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Real = NDArray[np.float64]


@dataclass(frozen=True)
class Ellipse:
    """The ellipse around c with half-axes a (real) and b (imaginary)."""

    centre: float
    real: float
    imaginary: float

    @classmethod
    def around(cls, decay: float, frequency: float) -> Ellipse:
        """An ellipse around -decay <= Re <= 0, |Im| <= frequency, with some room, lest polynomials grow at its ends."""
        return cls(-decay / 2, 0.6 * decay + 1e-12, 1.02 * frequency + 0.05 * decay + 1e-12)

    @property
    def phase(self) -> float:
        """Longest half-axis, and what keeps the growth of the exponential on the right end below e^3, in one rate."""
        return max(self.real, self.imaginary, 66.0 * (self.real + self.centre))

    @property
    def scale(self) -> float:
        """2/(a + b)."""
        return 2 / (self.real + self.imaginary)

    @property
    def ratio(self) -> float:
        """(a - b)/(a + b)."""
        return (self.real - self.imaginary) / (self.real + self.imaginary)

    def coefficients(self, times: Real) -> Real:
        """Coefficients (K, M) of exp(t z) for each of M times, cut where all are below rounding."""
        reach = float(times.max()) * (self.real + self.imaginary) / 2
        count = 1 << math.ceil(math.log2(6 * reach + 200))
        w = np.exp(2j * np.pi * np.arange(count // 2 + 1) / count)
        z = self.centre + (w + self.ratio * w.conj()) / self.scale
        # on the lower half of the boundary the exponential is the conjugate: its Fourier coefficients are real
        c = np.fft.hfft(np.exp(times[:, None] * z), count, axis=1)[:, : count // 2] / count
        size = np.abs(c).max(axis=0)
        # what is left at high orders is the rounding of the transform
        noise = max(float(size[3 * len(size) // 4 :].max()), 1e-17 * float(size.max()))
        return np.ascontiguousarray(c[:, : int(np.flatnonzero(size > 4 * noise)[-1]) + 2].T)
