r"""How a rate changes with time: cycles and rotation in closed form, or an index of activity from a table.

A modulation is a factor :math:`m(t)\ge 0` on the mean rate of a process. With the exposure
:math:`M(t) = \int_0^t m\,ds` the events of a Poisson process of the rate :math:`\lambda m(t)` are those of a process of
the rate :math:`\lambda` in the time M: as many as a Poisson number of mean :math:`\lambda M(T)`, at the times
:math:`M^{-1}(uM(T))` with u uniform. That is exact, and needs M and its inverse, which is what is here. Derived in
docs/devdocs/stellar-flares.md.

That flares are a Poisson process whose rate changes is what 25 years of GOES show (Wheatland, ApJ 536, L109 (2000));
beside it flares of one active region still cluster, which nothing here knows of.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from qsb import checks
from qsb.errors import SpecError
from qsb.stellar.constants import YEAR
from qsb.stellar.si import si, si_array
from qsb.stellar.status import Status

__all__ = ["CARRINGTON", "SOLAR_AMPLITUDES", "SOLAR_CYCLE", "Index", "Modulation", "Rhythm", "Rhythms"]

CARRINGTON = 27.2753 * 86400.0
"""Mean rotation of the Sun as seen from the Earth, s: Carrington's, of spots at low latitudes, fixed by convention."""

SOLAR_CYCLE = 11 * YEAR
"""Length of a solar cycle, s: 11 years (Hathaway, Living Rev. Solar Phys. 7, 1 (2010)); single ones differ by years."""

_KNOTS = 1 << 20
"""Most knots of the brackets for an inverse."""


class Modulation(Protocol):
    """What a modulated process needs to know of a factor."""

    @property
    def name(self) -> str:
        """For reports."""

    @property
    def source(self) -> str:
        """Where its numbers come from."""

    @property
    def status(self) -> Status:
        """How far it can be trusted."""

    @property
    def extent(self) -> float:
        """How long it is known, s; infinite for a law."""

    def factor(self, times: Any) -> NDArray[np.float64]:
        """m(t), dimensionless."""

    def exposure(self, times: Any) -> NDArray[np.float64]:
        """M(t), s."""

    def elapsed(self, exposures: Any) -> NDArray[np.float64]:
        """The times t with M(t) as given, s."""

    def begins(self, rng: np.random.Generator, count: int, span: float) -> NDArray[np.float64]:
        """Times at which stretches of a length may begin, drawn evenly over all that it knows, s."""


@dataclass(frozen=True)
class Rhythm:
    r"""One cosine on a rate, :math:`1 + a\cos(2\pi(t - t_0)/P)`.

    Attributes:
        period: P, s.
        amplitude: a, 0 to 1: the largest rate is (1 + a)/(1 - a) times the smallest.
        crest: t_0, a time of the largest rate, s.

    Raises:
        SpecError: a period that is not positive, or an amplitude outside 0 to 1.
    """

    period: float
    amplitude: float
    crest: float = 0.0

    def __post_init__(self) -> None:
        object.__setattr__(self, "period", si("period of Rhythm", self.period, "s", positive=True))
        object.__setattr__(self, "crest", si("crest of Rhythm", self.crest, "s"))
        size = checks.number("amplitude of Rhythm", self.amplitude, least=0.0)
        if size > 1:
            raise SpecError(f"amplitude of Rhythm must be at most 1, or the rate is negative, but it is {size:g}.")
        object.__setattr__(self, "amplitude", size)

    def __str__(self) -> str:
        """Amplitude and period."""
        length = f"{self.period / YEAR:.6g} yr" if self.period > YEAR else f"{self.period / 86400:.6g} d"
        return f"{100 * self.amplitude:.4g} % with {length}"


@dataclass(frozen=True)
class Rhythms:
    r"""A product of cosines, :math:`m = \prod_k[1 + a_k\cos(\omega_k(t - t_k))]`; its mean over a long time is 1.

    Written out it is :math:`1 + \sum c\cos(\omega t + p)`, and
    :math:`M = t + \sum(c/\omega)[\sin(\omega t + p) - \sin p]`.

    Attributes:
        parts: the cosines, of different periods.
        source: where the numbers come from.
        status: how far they can be trusted.

    Raises:
        SpecError: no cosine, or two of the same period: their product has another mean.
    """

    parts: tuple[Rhythm, ...]
    source: str
    status: Status = Status.ENGINEERING
    _terms: tuple[tuple[float, float, float], ...] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        parts = checks.several("parts of Rhythms", self.parts, "a list of Rhythm")
        for part in parts:
            checks.made_of("a part of Rhythms", part, Rhythm, "a Rhythm(11 * YEAR, 0.9)")
        if not parts:
            raise SpecError("Rhythms needs one Rhythm or more.")
        if len({part.period for part in parts}) < len(parts):
            raise SpecError("parts of Rhythms must have different periods, or their mean is not 1.")
        object.__setattr__(self, "parts", parts)
        object.__setattr__(self, "_terms", _written_out(parts))

    @classmethod
    def solar(cls, crest: Any = 0.0, *, rotation: bool = True) -> Rhythms:
        """The Sun's cycle and its rotation as seen from the Earth.

        The amplitudes are those of F10.7 - 65 sfu from 1957 to 2025, to which rates of flares are proportional: a
        cosine of 11 years with 98 % of the mean leaves 42 % of the variance of single days, and one of 27 days with
        20 %, as within three to six turns, comes and goes with active regions (docs/devdocs/stellar-flares.md). A
        collector elsewhere sees a rotation of its own.

        Args:
            crest: a time of largest activity, s; that of the rotation as well.
            rotation: whether there is one.

        Raises:
            SpecError: a crest that is no time.
        """
        top = si("crest", crest, "s")
        parts = [Rhythm(SOLAR_CYCLE, SOLAR_AMPLITUDES[0], top)]
        if rotation:
            parts.append(Rhythm(CARRINGTON, SOLAR_AMPLITUDES[1], top))
        return cls(tuple(parts), "cosines after F10.7 - 65 sfu, 1957 to 2025: docs/devdocs/stellar-flares.md")

    @property
    def name(self) -> str:
        """Amplitudes and periods."""
        return "cosines of " + " and ".join(str(part) for part in self.parts)

    @property
    def extent(self) -> float:
        """A law is known at all times."""
        return math.inf

    @property
    def most(self) -> float:
        """A bound of the factor: all cosines at once at their crests."""
        return math.prod(1 + part.amplitude for part in self.parts)

    def factor(self, times: Any) -> NDArray[np.float64]:
        """m(t), dimensionless, any shape; t in s."""
        t = si_array("times", times, "s")
        found = np.ones_like(t)
        for part in self.parts:
            found *= 1 + part.amplitude * np.cos(2 * math.pi * (t - part.crest) / part.period)
        return np.maximum(found, 0.0)

    def exposure(self, times: Any) -> NDArray[np.float64]:
        """M(t), s, any shape; it grows with t."""
        t = si_array("times", times, "s")
        found = t.copy()
        for c, w, p in self._terms:
            found += c / w * (np.sin(w * t + p) - math.sin(p))
        return found

    def elapsed(self, exposures: Any) -> NDArray[np.float64]:
        """Times at which exposures are reached, s, any shape: the one root each, by Newton inside a bracket.

        Raises:
            SpecError: negative exposures.
        """
        wanted = si_array("exposures", exposures, "s", least=0.0)
        if not wanted.size:
            return np.zeros_like(wanted)
        target = wanted.ravel()
        # |M(t) - t| stays below the integral of each cosine over half its period
        end = float(target.max()) + sum(2 * abs(c / w) for c, w, _ in self._terms)
        # the knots do not depend on the other targets, so that each time is the same in any company
        gap = min(part.period for part in self.parts) / 16
        while end / gap > _KNOTS:
            gap *= 2
        count = 2 + math.ceil(end / gap)
        knots = gap * np.arange(count, dtype=np.float64)
        reached = self.exposure(knots)
        cell = np.clip(np.searchsorted(reached, target, side="right") - 1, 0, count - 2)
        rise = reached[cell + 1] - reached[cell]
        share = np.divide(target - reached[cell], rise, out=np.full_like(target, 0.5), where=rise > 0)
        return self._roots(target, knots[cell], gap, np.clip(share, 0.0, 1.0)).reshape(wanted.shape)

    def _roots(
        self, target: NDArray[np.float64], low: NDArray[np.float64], gap: float, share: NDArray[np.float64]
    ) -> NDArray[np.float64]:
        """Times in gaps of a length, about a share of it after their begin, at which exposures are reached, s."""
        t, high, open_ = low + gap * share, low + gap, np.arange(len(target))
        for _ in range(100):
            here, below, above = t[open_], low[open_], high[open_]
            miss, slope = self.exposure(here) - target[open_], self.factor(here)
            below, above = np.where(miss <= 0, here, below), np.where(miss > 0, here, above)
            step = here - np.divide(miss, slope, out=np.full_like(here, math.inf), where=slope > 0)
            step = np.where((step >= below) & (step <= above), step, 0.5 * (below + above))
            t[open_], low[open_], high[open_] = step, below, above
            sharp = 1e-14 * here
            open_ = open_[(np.abs(step - here) > sharp) & (above - below > sharp)]
            if not open_.size:
                break
        return t

    def begins(self, rng: np.random.Generator, count: int, span: float) -> NDArray[np.float64]:
        """Evenly over the longest period, s; how long a stretch is does not matter."""
        return np.asarray(max(part.period for part in self.parts) * rng.random(count))


def _written_out(parts: tuple[Rhythm, ...]) -> tuple[tuple[float, float, float], ...]:
    """Size, pulse in 1/s and phase of each cosine of the product, without its mean of 1."""
    terms: list[tuple[float, float, float]] = []
    for part in parts:
        pulse = 2 * math.pi / part.period
        phase, half = -pulse * part.crest, 0.5 * part.amplitude
        mixed = [(half * c, w + sign * pulse, p + sign * phase) for c, w, p in terms for sign in (1, -1)]
        terms += [(part.amplitude, pulse, phase), *mixed]
    fastest = max(abs(pulse) for _, pulse, _ in terms)
    for _, pulse, _ in terms:
        if abs(pulse) <= 1e-12 * fastest:
            raise SpecError(
                "the pulses of some parts of Rhythms add up to that of another, so that their mean is not 1."
            )
    return tuple(terms)


SOLAR_AMPLITUDES = (0.98, 0.2)
"""Of the cycle and of the rotation in `Rhythms.solar`."""


@dataclass(frozen=True, eq=False)
class Index:
    """A factor from a table, linear between its entries.

    Attributes:
        times: of the entries, s, from 0, increasing.
        values: factors there, not negative.
        name: of the index.
        source: where the numbers come from.
        status: how far they can be trusted as a factor on a rate.

    Raises:
        SpecError: fewer than two entries, times that do not rise from 0, negative factors, or none above 0.
    """

    times: NDArray[np.float64]
    values: NDArray[np.float64]
    name: str
    source: str
    status: Status = Status.ENGINEERING
    _sums: NDArray[np.float64] = field(init=False, repr=False)

    def __post_init__(self) -> None:
        times, values = si_array("times of Index", self.times, "s"), si_array("values of Index", self.values, "")
        if times.ndim != 1 or len(times) < 2 or times[0] != 0 or np.any(np.diff(times) <= 0):
            raise SpecError("times of Index must be two or more numbers in one row that rise from 0.")
        if values.shape != times.shape:
            raise SpecError(f"there are {len(times)} times of Index, but values of the shape {values.shape}.")
        if values.min() < 0 or values.max() <= 0:
            raise SpecError("values of Index must not be negative, and one of them must be above 0.")
        steps = 0.5 * (values[1:] + values[:-1]) * np.diff(times)
        for name, array in (("times", times), ("values", values), ("_sums", np.concatenate(([0.0], np.cumsum(steps))))):
            object.__setattr__(self, name, array)

    @property
    def extent(self) -> float:
        """How long the table is, s."""
        return float(self.times[-1])

    @property
    def mean(self) -> float:
        """Mean factor over the table."""
        return float(self._sums[-1]) / self.extent

    def _inside(self, times: Any) -> NDArray[np.float64]:
        t = si_array("times", times, "s", least=0.0)
        if t.size and t.max() > self.extent * (1 + 1e-12):
            raise SpecError(
                f"{self.name} ends after {self.extent / YEAR:.6g} years, but {t.max() / YEAR:.6g} are asked for; take "
                "an earlier begin or a shorter time."
            )
        return np.minimum(t, self.extent)

    def factor(self, times: Any) -> NDArray[np.float64]:
        """m(t), dimensionless, any shape.

        Raises:
            SpecError: times outside the table.
        """
        return np.asarray(np.interp(self._inside(times), self.times, self.values))

    def exposure(self, times: Any) -> NDArray[np.float64]:
        """M(t), s, any shape: the polygon's integral, exactly.

        Raises:
            SpecError: times outside the table.
        """
        t = self._inside(times)
        cell = np.clip(np.searchsorted(self.times, t, side="right") - 1, 0, len(self.times) - 2)
        gone = t - self.times[cell]
        return np.asarray(self._sums[cell] + gone * (self.values[cell] + 0.5 * self._slope(cell) * gone))

    def elapsed(self, exposures: Any) -> NDArray[np.float64]:
        r"""Times at which exposures are reached, s, any shape: :math:`2r/(m + \sqrt{m^2 + 2sr})` after an entry.

        Raises:
            SpecError: exposures that are negative or beyond the table's.
        """
        x = si_array("exposures", exposures, "s", least=0.0)
        if x.size and x.max() > self._sums[-1] * (1 + 1e-12):
            raise SpecError(f"an exposure of {x.max():g} s is beyond the {self._sums[-1]:g} s of {self.name}.")
        cell = np.clip(np.searchsorted(self._sums, x, side="right") - 1, 0, len(self.times) - 2)
        rest, here = np.maximum(x - self._sums[cell], 0.0), self.values[cell]
        below = here + np.sqrt(np.maximum(here * here + 2 * self._slope(cell) * rest, 0.0))
        gone = np.divide(2 * rest, below, out=np.zeros_like(rest), where=below > 0)
        return np.asarray(np.minimum(self.times[cell] + gone, self.times[cell + 1]))

    def _slope(self, cell: NDArray[np.int64]) -> NDArray[np.float64]:
        """Of m in some of the cells, 1/s."""
        return np.asarray((self.values[cell + 1] - self.values[cell]) / (self.times[cell + 1] - self.times[cell]))

    def begins(self, rng: np.random.Generator, count: int, span: float) -> NDArray[np.float64]:
        """Evenly over the times from which a stretch still fits into the table, s.

        Raises:
            SpecError: a stretch that is longer than the table.
        """
        room = self.extent - span
        if room < 0:
            raise SpecError(f"{self.name} has {self.extent / YEAR:.6g} years, fewer than {span / YEAR:.6g}.")
        return np.asarray(room * rng.random(count))
