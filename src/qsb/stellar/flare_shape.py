r"""Shapes of flares in time: white-light templates from Kepler, and the exponential pulse that has closed forms.

A shape is a function :math:`f(x)` of :math:`x = t/w`, where the width w is the template's own unit of time; a flare of
amplitude A has the excess :math:`A f((t - t_0)/w)` and the energy :math:`A w \int f`. Each shape knows where it begins,
peaks and is over (to 1e-17 of its area), its peak, its area and its cumulative in closed form, so that energies and
storage above a level are differences. Derived in docs/devdocs/stellar-flares.md.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from qsb import checks
from qsb.errors import SpecError
from qsb.stellar.status import Status

__all__ = [
    "FLARE_SHAPES",
    "Davenport2014",
    "ExponentialPulse",
    "FlareShape",
    "TovarMendoza2022",
    "crossings",
    "flare_shape",
    "half_width",
]

Array = NDArray[np.float64]


@dataclass(frozen=True)
class ExponentialPulse:
    r""":math:`f = e^{-x}` from x = 0 on: no rise, unit area."""

    begin: ClassVar[float] = 0.0
    peak_at: ClassVar[float] = 0.0
    end: ClassVar[float] = 40.0
    area: ClassVar[float] = 1.0
    peak: ClassVar[float] = 1.0
    name: ClassVar[str] = "exponential"
    source: ClassVar[str] = "an assumption of this package: the simplest pulse with a decay"
    status: Status = Status.ENGINEERING

    def profile(self, x: Any) -> Array:
        """Value at x."""
        at = np.asarray(x, float)
        return np.where(at < 0, 0.0, np.exp(-np.maximum(at, 0.0)))

    def cumulative(self, x: Any) -> Array:
        """Integral up to x."""
        return np.asarray(-np.expm1(-np.maximum(np.asarray(x, float), 0.0)))


_D14 = {
    "code": ((1.0, 1.94053, -0.175084, -2.24588, -1.12498), ((0.689008, 1.60053), (0.302963, 0.278318))),
    "paper": ((1.0, 1.941, -0.175, -2.246, -1.125), ((0.6890, 1.600), (0.3030, 0.2783))),
}


@dataclass(frozen=True)
class Davenport2014:
    """Davenport et al., ApJ 797, 122 (2014): the median of flares of GJ 1243, a polynomial and then two decays.

    The unit of time is the paper's t_1/2, which the fit reproduces only roughly: its own full width at half maximum is
    0.913 t_1/2, it begins at 0.005 and jumps down by 0.8 % at the peak.

    Attributes:
        digits: "code" for the coefficients of the authors' program, which others copied, "paper" for the rounded ones
            of the article.
        status: a fit to measured light curves.

    Raises:
        SpecError: other digits.
    """

    digits: str = "code"
    status: Status = Status.MEASURED
    begin: ClassVar[float] = -1.0
    peak_at: ClassVar[float] = 0.0
    end: ClassVar[float] = 150.0
    peak: ClassVar[float] = 1.0
    name: ClassVar[str] = "Davenport 2014"
    source: ClassVar[str] = "Davenport et al., ApJ 797, 122 (2014), doi:10.1088/0004-637X/797/2/122"
    _rise: tuple[float, ...] = field(init=False, repr=False)
    _decays: tuple[tuple[float, float], ...] = field(init=False, repr=False)

    def __post_init__(self) -> None:
        rise, decays = _D14[checks.one_of("digits", self.digits, tuple(_D14))]
        object.__setattr__(self, "_rise", rise)
        object.__setattr__(self, "_decays", decays)

    @cached_property
    def area(self) -> float:
        r"""Integral: :math:`\sum_k c_k(-1)^k/(k+1) + \sum a/b`."""
        return self._until_peak + math.fsum(a / b for a, b in self._decays)

    @cached_property
    def _until_peak(self) -> float:
        return math.fsum(c * (-1.0) ** k / (k + 1) for k, c in enumerate(self._rise))

    def profile(self, x: Any) -> Array:
        """Value at x; at x = 0 that of the rise."""
        at = np.asarray(x, float)
        early = np.clip(at, -1.0, 0.0)
        rise = sum(c * early**k for k, c in enumerate(self._rise))
        late = np.maximum(at, 0.0)
        decay = sum(a * np.exp(-b * late) for a, b in self._decays)
        return np.where(at < -1.0, 0.0, np.where(at <= 0.0, rise, decay))

    def cumulative(self, x: Any) -> Array:
        """Integral up to x."""
        at = np.asarray(x, float)
        early, late = np.clip(at, -1.0, 0.0), np.maximum(at, 0.0)
        rise = sum(c * (early ** (k + 1) - (-1.0) ** (k + 1)) / (k + 1) for k, c in enumerate(self._rise))
        return np.asarray(rise + sum(-a / b * np.expm1(-b * late) for a, b in self._decays))


@dataclass(frozen=True)
class TovarMendoza2022:
    r"""Tovar Mendoza et al., AJ 164, 17 (2022): a Gaussian convolved with two decays, smooth throughout.

    .. math:: f = \frac{\sqrt\pi}{2}AC\sum_i F_i\,e^{-D_ix + (B/C + D_iC/2)^2}\,
                  \mathrm{erfc}\left(\frac{B-x}{C} + \frac{D_iC}{2}\right),

    with the coefficients of the authors' program. The unit of time is the full width at half maximum of the flares
    that were fitted; the peak is 0.950155, not 1.
    """

    status: Status = Status.MEASURED
    begin: ClassVar[float] = -1.7
    end: ClassVar[float] = 260.0
    name: ClassVar[str] = "Tovar Mendoza 2022"
    source: ClassVar[str] = "Tovar Mendoza et al., AJ 164, 17 (2022), doi:10.3847/1538-3881/ac6fe6"
    _a: ClassVar[float] = 0.9687734504375167
    _b: ClassVar[float] = -0.251299705922117
    _c: ClassVar[float] = 0.22675974948468916
    _decays: ClassVar[tuple[tuple[float, float], ...]] = (
        (0.12695865022878844, 0.15551880775110513),
        (1 - 0.12695865022878844, 1.2150539528490194),
    )

    @property
    def area(self) -> float:
        r"""Integral: :math:`\sqrt\pi AC e^{(B/C)^2}\sum F_i/D_i`."""
        weight = math.exp((self._b / self._c) ** 2)
        return math.sqrt(math.pi) * self._a * self._c * weight * sum(f / d for f, d in self._decays)

    @cached_property
    def peak_at(self) -> float:
        """Where the largest value is, by golden section of a single maximum."""
        low, high = -0.6, 0.8
        shrink = (math.sqrt(5) - 1) / 2
        for _ in range(60):
            left, right = high - shrink * (high - low), low + shrink * (high - low)
            if self.profile(left) > self.profile(right):
                high = right
            else:
                low = left
        return 0.5 * (low + high)

    @cached_property
    def peak(self) -> float:
        """Largest value."""
        return float(self.profile(self.peak_at))

    def _term(self, x: Array, d: float) -> Array:
        """One exponential with its erfc; the form with erfcx where the erfc is small."""
        from scipy.special import erfc, erfcx

        b, c = self._b, self._c
        u = (b - x) / c + d * c / 2
        far = erfcx(np.maximum(u, 0.0)) * np.exp((2 * b * x - x * x) / c**2)
        near = np.exp(np.minimum(-d * x + (b / c + d * c / 2) ** 2, 700.0)) * erfc(np.minimum(u, 0.0))
        return np.asarray(np.where(u > 0, far, near))

    def profile(self, x: Any) -> Array:
        """Value at x."""
        at = np.asarray(x, float)
        total = sum(f * self._term(at, d) for f, d in self._decays)
        return np.asarray(0.5 * math.sqrt(math.pi) * self._a * self._c * total)

    def cumulative(self, x: Any) -> Array:
        """Integral up to x."""
        from scipy.special import erfc

        at = np.asarray(x, float)
        whole = math.exp((self._b / self._c) ** 2) * erfc((self._b - at) / self._c)
        total = sum(f / d * (whole - self._term(at, d)) for f, d in self._decays)
        return np.asarray(0.5 * math.sqrt(math.pi) * self._a * self._c * np.maximum(total, 0.0))


FlareShape = ExponentialPulse | Davenport2014 | TovarMendoza2022

FLARE_SHAPES: dict[str, type[FlareShape]] = {
    "exponential": ExponentialPulse,
    "davenport2014": Davenport2014,
    "tovarmendoza2022": TovarMendoza2022,
}


def flare_shape(name: str) -> FlareShape:
    """A shape by its name: exponential, davenport2014 or tovarmendoza2022.

    Raises:
        SpecError: an unknown name.
    """
    return FLARE_SHAPES[checks.one_of("shape", name, tuple(FLARE_SHAPES))]()


def crossings(shape: FlareShape, level: float) -> tuple[float, float]:
    """Where a shape with a single maximum rises through a level and falls through it again.

    Raises:
        SpecError: a level that is not between 0 and the peak.
    """
    value = checks.number("level", level, positive=True)
    if value >= shape.peak:
        raise SpecError(f"the level {value:g} is not below the peak {shape.peak:g} of the shape {shape.name}.")
    ends = []
    for low, high in ((shape.begin, shape.peak_at), (shape.end, shape.peak_at)):
        for _ in range(200):
            middle = 0.5 * (low + high)
            if middle in (low, high):
                break
            low, high = (low, middle) if shape.profile(middle) > value else (middle, high)
        ends.append(high)
    return ends[0], ends[1]


def half_width(shape: FlareShape) -> float:
    """Full width at half of the shape's own maximum, in units of its width."""
    low, high = crossings(shape, 0.5 * shape.peak)
    return high - low
