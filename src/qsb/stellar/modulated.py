r"""Flares whose rate changes with time: a process, and a modulation of its rate.

The flares come at :math:`\lambda m(t)`, with the rate :math:`\lambda` of the process and the factor m of
`qsb.stellar.modulation`; energies, widths and shapes are those of the process at all times.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from qsb import checks
from qsb.errors import SpecError
from qsb.stellar.constants import YEAR
from qsb.stellar.flare_process import FlareEvents, FlareProcess, Population
from qsb.stellar.flare_shape import FlareShape
from qsb.stellar.modulation import Index, Modulation, Rhythms
from qsb.stellar.si import si
from qsb.stellar.status import Status

__all__ = ["ModulatedFlares"]

_MOST = 50_000_000
"""Events of one sample; more are refused before memory is asked for."""


@dataclass(frozen=True)
class ModulatedFlares:
    """A star whose flares come and go.

    Attributes:
        process: of the flares; its rates are those where the factor is 1.
        modulation: of all its populations alike; times count from the begin of a sample.

    Raises:
        SpecError: something else than a process or a modulation.
    """

    process: FlareProcess
    modulation: Modulation

    def __post_init__(self) -> None:
        checks.made_of("process", self.process, FlareProcess, "a FlareProcess: FlareProcess.solar() makes one")
        kinds = (Rhythms, Index)
        checks.made_of("modulation", self.modulation, kinds, "Rhythms.solar() or an Index of a table")

    @property
    def populations(self) -> tuple[Population, ...]:
        """Kinds of flares."""
        return self.process.populations

    @property
    def shape(self) -> FlareShape:
        """Of every flare."""
        return self.process.shape

    @property
    def luminosity(self) -> float:
        """Quiescent luminosity of the star, W."""
        return self.process.luminosity

    @property
    def name(self) -> str:
        """Of the star and of the modulation."""
        return f"{self.process.name}, {self.modulation.name}"

    @property
    def status(self) -> Status:
        """The weaker of its parts."""
        order = list(Status)
        return max((self.process.status, self.modulation.status), key=order.index)

    @property
    def rate(self) -> float:
        """Flares per second where the factor is 1."""
        return self.process.rate

    def rates(self, times: Any) -> NDArray[np.float64]:
        """Flares per second at times in s after the begin, any shape.

        Raises:
            SpecError: times that the modulation does not know.
        """
        return self.rate * self.modulation.factor(times)

    def expected(self, years: float, begin: Any = 0.0) -> float:
        """How many flares a number of Julian years has in the mean: the integral of the rate.

        Args:
            years: Julian years.
            begin: of them, s after that of the modulation.

        Raises:
            SpecError: years that are not positive, or times that the modulation does not know.
        """
        first = si("begin", begin, "s", least=0.0)
        ends = first + np.array([0.0, self._span(years)])
        return self.rate * float(np.diff(self.modulation.exposure(ends))[0])

    def largest(self, probability: float, years: float = 1.0) -> float:
        """Quantile of the largest flare of the first years, J; see `FlareProcess.largest`.

        Raises:
            SpecError: a probability outside, or times that the modulation does not know.
        """
        exposure = float(self.modulation.exposure(self._span(years)))
        if not exposure > 0:
            raise SpecError(f"the factor of {self.modulation.name} is 0 throughout, so that there are no flares.")
        return self.process.largest(probability, exposure / YEAR)

    def extrapolated(self, energy: Any) -> bool:
        """Whether no population was observed at an energy in J; see `FlareProcess.extrapolated`."""
        return self.process.extrapolated(energy)

    def sample(self, years: float, rng: np.random.Generator) -> FlareEvents:
        """Flares of the first years, from a Generator that the caller seeds; exact, by the change of time.

        A factor of 1 throughout gives the flares of the process itself.

        Args:
            years: Julian years.
            rng: a numpy Generator.

        Raises:
            SpecError: years that are not positive or not known, no Generator, or more than 5e7 flares to expect.
        """
        checks.made_of("rng", rng, np.random.Generator, "a numpy Generator: numpy.random.default_rng(7) makes one")
        span = self._span(years)
        exposure = float(self.modulation.exposure(span))
        if self.rate * exposure > _MOST:
            raise SpecError(
                f"{self.rate * exposure:.3g} flares are to be expected, more than {_MOST}; sample fewer years."
            )
        drawn, energies = [], []
        for kind in self.populations:
            count = int(rng.poisson(kind.rate * exposure))
            drawn.append(exposure * rng.random(count))
            energies.append(kind.law.sample(rng, count))
        reached, energy = np.concatenate(drawn), np.concatenate(energies)
        order = np.argsort(reached, kind="stable")
        energy, widths = energy[order], self.process.duration(energy[order])
        # times are sharp to some 1e-14 of themselves, so that rounding might swap two
        times = np.minimum(np.maximum.accumulate(self.modulation.elapsed(reached[order])), span)
        return FlareEvents(times, energy, widths, span, self.luminosity, self.shape, self.status)

    def rescaled(self, events: FlareEvents) -> NDArray[np.float64]:
        """Shares of the exposure at which flares came: even between 0 and 1 if the modulation is theirs.

        A test of Kolmogorov and Smirnov on them judges a modulation by flares that were observed.

        Raises:
            SpecError: something else than events, or times that the modulation does not know.
        """
        checks.made_of("events", events, FlareEvents, "the FlareEvents of a sample")
        return self.modulation.exposure(events.times) / float(self.modulation.exposure(events.duration))

    def with_shape(self, shape: FlareShape) -> ModulatedFlares:
        """The same flares in another shape."""
        return replace(self, process=self.process.with_shape(shape))

    def with_luminosity(self, luminosity: Any) -> ModulatedFlares:
        """The same flares of a star of another quiescent luminosity in W."""
        return replace(self, process=replace(self.process, luminosity=luminosity))

    @staticmethod
    def _span(years: float) -> float:
        span = checks.number("years", years, positive=True) * YEAR
        if not math.isfinite(span):
            raise SpecError(f"years is {years:g}, more than can be counted in seconds.")
        return span
