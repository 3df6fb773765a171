r"""Flares as a marked Poisson process: when, with which energy, for how long.

Flares come independently at a rate; energies follow a truncated power law; the width of a flare in time grows as
:math:`\tau = \tau_\mathrm{ref}(E/E_\mathrm{ref})^{1/3}`. A process is a sum of such populations, e.g. ordinary flares
and superflares. Nothing here knows of active regions: real flares cluster, these do not. A rate that changes with a
cycle or a rotation is `qsb.stellar.modulated`.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from qsb import checks
from qsb.errors import SpecError
from qsb.stellar.blackbody import BlackbodyStar
from qsb.stellar.constants import NOMINAL_SOLAR_RADIUS, NOMINAL_SOLAR_TEMPERATURE, YEAR
from qsb.stellar.flare_shape import ExponentialPulse, FlareShape
from qsb.stellar.power_law import TruncatedPareto
from qsb.stellar.si import si, si_array
from qsb.stellar.status import Status

__all__ = ["SUPERFLARES", "DurationLaw", "FlareEvents", "FlareProcess", "Population"]

_MOST = 50_000_000
"""Events of one sample; more are refused before memory is asked for."""


@dataclass(frozen=True)
class DurationLaw:
    r"""Width of a flare, :math:`\tau_\mathrm{ref}(E/E_\mathrm{ref})^b`.

    The default is 3.5 min at 1.5e23 J (1.5e30 erg) with b = 1/3, the scaling of reconnection at the Alfven speed in a
    field of 57 G (Namekata et al., ApJ 851, 91 (2017); from memory, not checked). Superflares of Sun-like stars were
    found to follow b = 0.39(3) (Maehara et al., Earth Planets Space 67, 59 (2015), arXiv:1504.00074).

    Attributes:
        time: tau at the reference energy, s.
        energy: reference energy, J.
        exponent: b, not negative.
        status: how far the law can be trusted.
    """

    time: float = 210.0
    energy: float = 1.5e23
    exponent: float = 1 / 3
    status: Status = Status.ENGINEERING

    def __post_init__(self) -> None:
        object.__setattr__(self, "time", si("time of DurationLaw", self.time, "s", positive=True))
        object.__setattr__(self, "energy", si("energy of DurationLaw", self.energy, "J", positive=True))
        object.__setattr__(self, "exponent", checks.number("exponent of DurationLaw", self.exponent, least=0.0))

    def __call__(self, energy: Any) -> NDArray[np.float64]:
        """Widths in s of flares of given energies in J."""
        return np.asarray(self.time * (np.asarray(energy, float) / self.energy) ** self.exponent)


@dataclass(frozen=True)
class Population:
    """Flares of one kind.

    Attributes:
        rate: per second, of all energies of the law together.
        law: of their energies.
        name: for reports.
        source: where the numbers come from.
        status: how far they can be trusted.
        seen: largest energy that was observed, J; beyond it the law is extrapolated.
    """

    rate: float
    law: TruncatedPareto
    name: str
    source: str
    status: Status = Status.ENGINEERING
    seen: float = math.inf

    def __post_init__(self) -> None:
        object.__setattr__(self, "rate", si("rate of Population", self.rate, "1 / s", positive=True))
        if self.seen != math.inf:
            object.__setattr__(self, "seen", si("seen of Population", self.seen, "J", positive=True))
        checks.made_of("law of Population", self.law, TruncatedPareto, "a TruncatedPareto(1.8, 1e22, 1e27)")


_ELSEWHERE = (
    "both measured on Sun-like stars of Kepler; that the Sun does so is speculative, and the exponent is that of "
    "ordinary flares, carried on"
)
SUPERFLARES = {
    "Okamoto2021": Population(
        1 / (6000 * YEAR),
        TruncatedPareto(1.8, 1e27, 4e27),
        "superflares (Okamoto 2021)",
        f"above 1e34 erg once in about 6000 years, largest 4e34 erg: Okamoto et al., ApJ 906, 72 (2021), "
        f"arXiv:2011.02117; {_ELSEWHERE}",
        Status.SPECULATIVE,
    ),
    "Vasilyev2024": Population(
        1 / (100 * YEAR),
        TruncatedPareto(1.8, 1e27, 1e29),
        "superflares (Vasilyev 2024)",
        "above 1e34 erg about once a century, observed up to 1e36 erg: Vasilyev et al., Science 386, 1301 (2024), "
        f"arXiv:2412.12265; {_ELSEWHERE}",
        Status.SPECULATIVE,
    ),
}
"""Two scenarios for the Sun that disagree 60-fold on the rate.

Rate and largest energy are measured on other stars like it; that the Sun does the same is speculative, since it has not
been seen to. None is the default.
"""


@dataclass(frozen=True, eq=False)
class FlareEvents:
    """Flares of one sample in the order of time.

    Attributes:
        times: of the flares (of their peaks; an exponential pulse begins there), s.
        energies: J.
        widths: in the unit of time of the shape, s.
        duration: length of the sample, s.
        luminosity: quiescent luminosity of the star, W.
        shape: of every flare.
        status: the weakest of the process.
    """

    times: NDArray[np.float64]
    energies: NDArray[np.float64]
    widths: NDArray[np.float64]
    duration: float
    luminosity: float
    shape: FlareShape
    status: Status

    def __len__(self) -> int:
        return len(self.times)

    @property
    def amplitudes(self) -> NDArray[np.float64]:
        """Excess luminosity of each flare at its peak, W."""
        return np.asarray(self.energies / (self.widths * self.shape.area) * self.shape.peak)

    @property
    def surge_ratio(self) -> float:
        """Largest peak of a single flare over the quiescent luminosity; 0 without flares."""
        return float(self.amplitudes.max(initial=0.0)) / self.luminosity

    def power(self, times: Any, quiescent: Any = 1.0) -> NDArray[np.float64]:
        """Mean excess power in each interval of a time axis, W, for a collector with a quiescent power.

        The sum over intervals times their lengths is the energy of the flares inside, exactly, whatever the axis; so it
        can be the `inflow` of `qsb.stellar.history.simulate`, alone or added to the quiescent power. A collector that
        takes the flare's light as it takes the star's is assumed.

        Args:
            times: edges of the intervals, s, increasing; n + 1 of them.
            quiescent: power of the collector in quiet light, W.

        Raises:
            SpecError: edges that do not rise, or a negative power.
        """
        edges = si_array("times", times, "s")
        if edges.ndim != 1 or len(edges) < 2 or np.any(np.diff(edges) <= 0):
            raise SpecError(f"times must be two or more increasing numbers in one row, but it is {times!r}.")
        scale = si("quiescent", quiescent, "W", least=0.0) / self.luminosity
        total = np.zeros(len(edges) - 1)
        begins = np.searchsorted(edges, self.times + self.widths * self.shape.begin, side="right") - 1
        ends = np.searchsorted(edges, self.times + self.widths * self.shape.end, side="left") + 1
        for k in range(len(self.times)):
            first, last = max(0, int(begins[k])), min(len(edges), int(ends[k]))
            if last - first > 1:
                grown = self.shape.cumulative((edges[first:last] - self.times[k]) / self.widths[k])
                total[first : last - 1] += self.energies[k] / self.shape.area * np.diff(grown)
        return scale * total / np.diff(edges)

    def __str__(self) -> str:
        """The surge ratio first."""
        from qsb.stellar.surge import surge_line

        return "\n".join(
            [
                surge_line(self.surge_ratio),
                f"{len(self)} flares in {self.duration / YEAR:.6g} years, {self.energies.sum():.6e} J, shape "
                f"{self.shape.name}",
                f"largest {self.energies.max(initial=0.0):.6e} J",
                f"status {self.status}",
            ]
        )


@dataclass(frozen=True)
class FlareProcess:
    """A star that flares.

    Attributes:
        populations: kinds of flares; their rates add.
        luminosity: quiescent luminosity of the star, W.
        name: of the star, for reports.
        duration: law of the widths.
        shape: of every flare.
        source: where the luminosity comes from.

    Raises:
        SpecError: no population.
    """

    populations: tuple[Population, ...]
    luminosity: float
    name: str
    duration: DurationLaw = field(default_factory=DurationLaw)
    shape: FlareShape = field(default_factory=ExponentialPulse)
    source: str = ""

    def __post_init__(self) -> None:
        object.__setattr__(self, "luminosity", si("luminosity", self.luminosity, "W", positive=True))
        kinds = checks.several("populations", self.populations, "a list of Population")
        if not kinds:
            raise SpecError("a FlareProcess needs one Population or more.")
        for kind in kinds:
            checks.made_of("a population", kind, Population, "a Population")
        object.__setattr__(self, "populations", kinds)

    @classmethod
    def solar(
        cls, superflares: str | None = None, *, per_year: float = 200.0, shape: FlareShape | None = None
    ) -> FlareProcess:
        """The Sun: exponent 1.8 from 1e22 to 1e27 J.

        Exponents of -1.5 to -1.9 between 1e24 and 1e32 erg are the range of Maehara et al. (2015), arXiv:1504.00074;
        200 flares a year of 1e22 J and more are a round number.

        Args:
            superflares: None, "Okamoto2021" or "Vasilyev2024", see `SUPERFLARES`.
            per_year: ordinary flares a Julian year.
            shape: of the flares; exponential pulses by default.

        Raises:
            SpecError: an unknown scenario, or a rate that is not positive.
        """
        rate = checks.number("per_year", per_year, positive=True) / YEAR
        ordinary = Population(
            rate,
            TruncatedPareto(1.8, 1e22, 1e27),
            "ordinary flares",
            "exponent from Maehara et al., Earth Planets Space 67, 59 (2015), arXiv:1504.00074, for up to 1e32 erg; "
            "the rate is assumed",
            seen=1e25,
        )
        kinds = [ordinary]
        if superflares is not None:
            kinds.append(SUPERFLARES[checks.one_of("superflares", superflares, tuple(SUPERFLARES))])
        star = BlackbodyStar(NOMINAL_SOLAR_TEMPERATURE, NOMINAL_SOLAR_RADIUS)
        return cls(tuple(kinds), star.luminosity, "Sun", shape=shape or ExponentialPulse(), source="IAU 2015 nominal")

    @classmethod
    def m_dwarf(cls, *, per_year: float = 6650.0, shape: FlareShape | None = None) -> FlareProcess:
        """An active M dwarf: exponent 2.0 from 1e22 to 1e29 J.

        The rate is that of GJ 1243, 6100 flares of 1e22 J and more in 11 months (Davenport et al., ApJ 797, 122
        (2014)), which were seen up to 1e26 J; exponents of dwarfs in clusters are 2.0 to 2.4 (Ilin et al., A&A 622,
        A133 (2019)). What is larger is carried on. Temperature and radius are those of TIC 358108509, whose flare
        `observed.tess_flare` holds.

        Args:
            per_year: flares a Julian year.
            shape: of the flares; exponential pulses by default.

        Raises:
            SpecError: a rate that is not positive.
        """
        flares = Population(
            checks.number("per_year", per_year, positive=True) / YEAR,
            TruncatedPareto(2.0, 1e22, 1e29),
            "flares of an active M dwarf",
            "rate: Davenport et al., ApJ 797, 122 (2014), seen up to 1e33 erg; exponent: Ilin et al., A&A 622, A133 "
            "(2019)",
            seen=1e26,
        )
        star = BlackbodyStar(2824.0, 0.129 * NOMINAL_SOLAR_RADIUS)
        where = "2824 K and 0.129 solar radii: header of the TESS light curve of TIC 358108509"
        return cls((flares,), star.luminosity, "M dwarf", shape=shape or ExponentialPulse(), source=where)

    @property
    def status(self) -> Status:
        """The weakest of its parts."""
        order = list(Status)
        parts = [self.duration.status, self.shape.status]
        parts += [status for kind in self.populations for status in (kind.status, kind.law.status)]
        return max(parts, key=order.index)

    @property
    def rate(self) -> float:
        """Flares per second."""
        return math.fsum(kind.rate for kind in self.populations)

    def yearly(self) -> tuple[float, float]:
        r"""Mean and standard deviation of a year's energy, J: sums of :math:`\lambda E` and of :math:`\lambda E^2`."""
        mean = math.fsum(kind.rate * YEAR * kind.law.mean for kind in self.populations)
        return mean, math.sqrt(math.fsum(kind.rate * YEAR * kind.law.moment(2) for kind in self.populations))

    def exceedance(self, energy: Any) -> float:
        """Flares per second above an energy in J."""
        level = si("energy", energy, "J", least=0.0)
        return math.fsum(kind.rate * float(kind.law.survival(max(level, 1e-300))) for kind in self.populations)

    def extrapolated(self, energy: Any) -> bool:
        """Whether no population was observed at an energy in J, though its law is carried on to it.

        Raises:
            SpecError: a negative energy.
        """
        level = si("energy", energy, "J", least=0.0)
        reached = [kind for kind in self.populations if kind.law.low <= level <= kind.law.high]
        return bool(reached) and all(level > kind.seen for kind in reached)

    def largest(self, probability: float, years: float = 1.0) -> float:
        r"""Quantile of the largest flare of a number of years, J: where :math:`e^{-\lambda T S(E)}` is the probability.

        Args:
            probability: above the chance of no flare at all, below 1.
            years: Julian years.

        Raises:
            SpecError: a probability outside.
        """
        p = checks.number("probability", probability, positive=True)
        span = checks.number("years", years, positive=True) * YEAR
        none = math.exp(-self.rate * span)
        if not none < p < 1:
            raise SpecError(f"probability must be above {none:g} (no flare at all) and below 1, but it is {p:g}.")
        wanted = -math.log(p) / span
        low = math.log(min(kind.law.low for kind in self.populations))
        high = math.log(max(kind.law.high for kind in self.populations))
        for _ in range(200):
            middle = 0.5 * (low + high)
            if middle in (low, high):
                break
            low, high = (middle, high) if self.exceedance(math.exp(middle)) > wanted else (low, middle)
        return math.exp(0.5 * (low + high))

    def sample(self, years: float, rng: np.random.Generator) -> FlareEvents:
        """Flares of a number of Julian years, from a Generator that the caller seeds.

        Raises:
            SpecError: years that are not positive, no Generator, or more than 5e7 flares to expect.
        """
        checks.made_of("rng", rng, np.random.Generator, "a numpy Generator: numpy.random.default_rng(7) makes one")
        span = checks.number("years", years, positive=True) * YEAR
        if self.rate * span > _MOST:
            raise SpecError(f"{self.rate * span:.3g} flares are to be expected, more than {_MOST}; sample fewer years.")
        times, energies = [], []
        for kind in self.populations:
            count = int(rng.poisson(kind.rate * span))
            times.append(span * rng.random(count))
            energies.append(kind.law.sample(rng, count))
        when, energy = np.concatenate(times), np.concatenate(energies)
        order = np.argsort(when, kind="stable")
        energy = energy[order]
        return FlareEvents(when[order], energy, self.duration(energy), span, self.luminosity, self.shape, self.status)

    def with_shape(self, shape: FlareShape) -> FlareProcess:
        """The same flares in another shape."""
        return replace(self, shape=shape)
