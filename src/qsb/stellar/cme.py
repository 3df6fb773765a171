r"""Coronal mass ejections: when they arrive, how fast, and how hard they push beside sunlight.

The drag-based model takes the wind for a medium of constant speed w that drags with
:math:`\dot v = -\gamma|v - w|(v - w)`, so that with :math:`u = v_0 - w`

.. math::
    v(t) = w + \frac{u}{1 + \gamma|u|t},\qquad
    r(t) = r_0 + wt + \frac{\mathrm{sgn}\,u}{\gamma}\ln(1 + \gamma|u|t).
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, ClassVar

from qsb.errors import SpecError
from qsb.stellar.constants import ASTRONOMICAL_UNIT, NOMINAL_SOLAR_RADIUS, PROTON_MASS
from qsb.stellar.si import si
from qsb.stellar.status import Status
from qsb.units import SPEED_OF_LIGHT

__all__ = ["Arrival", "DragModel", "Push", "density_at", "push_on_collector", "radiation_pressure", "ram_pressure"]


@dataclass(frozen=True)
class Arrival:
    """When and how fast an ejection reaches a distance.

    Attributes:
        time: after the start, s.
        speed: on arrival, m/s.
        status: of the model.
    """

    time: float
    speed: float
    status: Status = Status.ENGINEERING


@dataclass(frozen=True)
class DragModel:
    """Drag in a wind of constant speed (Vrsnak et al., Solar Phys. 285, 295 (2013), doi:10.1007/s11207-012-0035-4).

    Attributes:
        drag: gamma, 1/m; 0.2e-7 to 2e-7 per km are usual with a start near 20 solar radii; the default is the least.
        wind: speed of the wind, m/s.
        status: arrivals are missed by 14 hours on average (its ensembles, doi:10.3847/1538-4357/aaaa66).
    """

    drag: float = 0.2e-10
    wind: float = 4e5
    status: Status = Status.ENGINEERING

    def __post_init__(self) -> None:
        object.__setattr__(self, "drag", si("drag", self.drag, "1 / m", positive=True))
        object.__setattr__(self, "wind", si("wind", self.wind, "m / s", positive=True))

    def speed(self, start: Any, time: Any) -> float:
        """Speed in m/s a time in s after it was `start` m/s."""
        u = si("start", start, "m / s", positive=True) - self.wind
        return self.wind + u / (1 + self.drag * abs(u) * si("time", time, "s", least=0.0))

    def way(self, start: Any, time: Any) -> float:
        """Distance covered in a time, m."""
        u = si("start", start, "m / s", positive=True) - self.wind
        t = si("time", time, "s", least=0.0)
        return self.wind * t + math.copysign(math.log1p(self.drag * abs(u) * t) / self.drag, u)

    def arrival(
        self, start: Any, distance: Any = ASTRONOMICAL_UNIT, origin: Any = 20 * NOMINAL_SOLAR_RADIUS
    ) -> Arrival:
        """When a distance is reached; the way grows with time throughout, so bisection and Newton find the one root.

        Args:
            start: speed at the origin, m/s.
            distance: from the star's centre, m.
            origin: where the drag begins to rule, m from the star's centre.

        Raises:
            SpecError: a distance inside the origin.
        """
        to = si("distance", distance, "m", positive=True) - si("origin", origin, "m", positive=True)
        if to < 0:
            raise SpecError(f"distance is {-to:g} m inside the origin; the model begins there.")
        v0 = si("start", start, "m / s", positive=True)
        low, high = to / max(v0, self.wind), to / min(v0, self.wind)
        t = 0.5 * (low + high)
        for _ in range(200):
            miss = self.way(v0, t) - to
            low, high = (t, high) if miss < 0 else (low, t)
            step = t - miss / self.speed(v0, t)
            step = step if low < step < high else 0.5 * (low + high)
            if abs(step - t) <= 1e-15 * t:
                break
            t = step
        return Arrival(t, self.speed(v0, t), self.status)


def density_at(density: Any, distance: Any, given: Any = ASTRONOMICAL_UNIT, falloff: float = 2.0) -> float:
    r"""Density at a distance from the star, :math:`n(d) = n(d_0)(d_0/d)^k`, 1/m^3.

    The inverse square, k = 2, conserves the particles of a flow that spreads over the sphere and keeps its speed; the
    wind does so. An ejection also stretches along its way, so that its inside thins out faster: somewhere between
    0.45 and 1.07 au it becomes thinner than the wind around it (Temmer and Bothmer, arXiv:2202.04391), and fits give k
    of 2.3 to 2.4 (Bothmer and Schwenn 1998; Liu et al. 2005; from memory, not checked). Single events scatter widely;
    no power holds for the wind, the compressed wind ahead of an ejection and its inside at once.

    Args:
        density: protons per m^3 at the distance `given`.
        distance: from the star's centre, m.
        given: where the density is known, m from the star's centre.
        falloff: k, not negative; 0 for a density that is that of the place already.

    Raises:
        SpecError: negative numbers, or distances that are not positive.
    """
    ratio = si("given", given, "m", positive=True) / si("distance", distance, "m", positive=True)
    return float(si("density", density, "1 / m3", least=0.0) * ratio ** si("falloff", falloff, "", least=0.0))


def ram_pressure(density: Any, speed: Any) -> float:
    r""":math:`n m_p v^2`, Pa, of protons that stop.

    Args:
        density: protons per m^3.
        speed: m/s.

    Raises:
        SpecError: negative numbers.
    """
    n, v = si("density", density, "1 / m3", least=0.0), si("speed", speed, "m / s", least=0.0)
    return n * PROTON_MASS * v * v


def radiation_pressure(irradiance: Any, reflectance: float = 0.0) -> float:
    r""":math:`(1 + R)I/c`, Pa, of light that falls straight on.

    Args:
        irradiance: W/m^2.
        reflectance: R, 0 to 1.

    Raises:
        SpecError: numbers outside.
    """
    share = si("reflectance", reflectance, "", least=0.0)
    if share > 1:
        raise SpecError(f"reflectance must be at most 1, but it is {share:g}.")
    return (1 + share) * si("irradiance", irradiance, "W / m2", least=0.0) / SPEED_OF_LIGHT


@dataclass(frozen=True)
class Push:
    """How an ejection pushes a collector beside the light that always does.

    Attributes:
        ram: pressure of the protons, Pa.
        light: pressure of the light, Pa.
        status: of the numbers put in.
    """

    ram: float
    light: float
    status: Status = Status.ENGINEERING
    source: ClassVar[str] = "definition of both pressures"

    @property
    def ratio(self) -> float:
        """Ram over light."""
        return self.ram / self.light

    def __str__(self) -> str:
        """The comparison, then what it means."""
        verdict = (
            "it does not push a swarm as hard as light does; its harm is charging, particles and induced currents"
            if self.ratio < 1
            else "it pushes harder than light"
        )
        return f"ram pressure {self.ram:.4g} Pa, light {self.light:.4g} Pa, ratio {self.ratio:.4g}: {verdict}"


def push_on_collector(density: Any, speed: Any, irradiance: Any) -> Push:
    """Ram and radiation pressure side by side.

    Args:
        density: protons per m^3.
        speed: m/s.
        irradiance: of the star there, W/m^2, above zero.

    Raises:
        SpecError: negative numbers, or darkness.
    """
    light = radiation_pressure(irradiance)
    if light == 0:
        raise SpecError("irradiance is 0 W/m2; without light there is nothing to compare with.")
    return Push(ram_pressure(density, speed), light)
