r"""Energy in the spin of a black hole, and how fast a magnetic field takes it out. SI units.

A hole of mass :math:`M` and spin :math:`a = Jc/GM^2` has :math:`s = \sqrt{1 - a^2}`, the horizon at
:math:`r_+ = 1 + s` in units of :math:`GM/c^2`, and turns with :math:`\Omega_H = ac/(2 r_+ GM/c^2)`. What is left when
all spin is gone is at least the irreducible mass :math:`M\sqrt{(1 + s)/2}`. Derived in docs/devdocs/stellar-sources.md.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

from qsb.checks import made_of, number
from qsb.errors import SpecError
from qsb.stellar.channel import Channel
from qsb.stellar.constants import GRAVITATION, VACUUM_PERMEABILITY
from qsb.stellar.si import si
from qsb.stellar.status import Status
from qsb.units import SPEED_OF_LIGHT

__all__ = [
    "BlandfordZnajek",
    "KerrHole",
    "Penrose",
    "blandford_znajek_fraction",
    "penrose_gain",
    "rotational_fraction",
]

_KAPPA = 0.053  # of a split monopole; 1/(6 pi) to two digits
_PENROSE_DRAWN = 0.01  # share of the spin energy up to which the spin counts as constant


def _spin(value: object) -> tuple[float, float]:
    """Spin a and sqrt(1 - a^2)."""
    a = number("spin", value, least=0.0)
    if a > 1:
        raise SpecError(f"spin is {a:g}; a black hole has 0 <= a <= 1, and beyond there is no horizon.")
    return a, math.sqrt((1 - a) * (1 + a))


def rotational_fraction(spin: float) -> float:
    r"""Rotational energy over :math:`Mc^2`: :math:`1 - \sqrt{(1 + s)/2}`, at most :math:`1 - 1/\sqrt2 = 0.2929`.

    Established theory: Christodoulou, Phys. Rev. Lett. 25, 1596 (1970), doi:10.1103/PhysRevLett.25.1596.

    Args:
        spin: a, between 0 and 1.

    Raises:
        SpecError: a spin outside 0 to 1.
    """
    a, s = _spin(spin)
    # The same without the difference of nearly equal numbers at small spin.
    return a * a / (2 * (1 + s)) / (1 + math.sqrt((1 + s) / 2))


def penrose_gain(spin: float) -> float:
    r"""Largest gain of one particle that splits at the horizon, over its energy: :math:`(\sqrt{2/r_+} - 1)/2`.

    The limit :math:`(\sqrt2 - 1)/2 = 0.2071` is reached at a = 1 only. Established theory: Bardeen, Press and
    Teukolsky, Astrophys. J. 178, 347 (1972), doi:10.1086/151796; Wald, Astrophys. J. 191, 231 (1974),
    doi:10.1086/152959; between the ends checked with the photons of a split at a turning point.

    Raises:
        SpecError: a spin outside 0 to 1.
    """
    a, s = _spin(spin)
    return a * a / (2 * (1 + s) ** 2 * (math.sqrt(2 / (1 + s)) + 1))


def _given(a: float, s: float) -> float:
    """ln(M(a)/M(0)) of a hole that a magnetosphere at half the horizon's rate spins down."""
    delta = a * a / (2 * (1 + s))
    return 0.5 * (-math.log1p(-delta) - delta / (1 + s))


def blandford_znajek_fraction(spin: float) -> float:
    r"""Energy over :math:`Mc^2` that leaves when field lines turn at :math:`\Omega_H/2` until the spin is gone.

    .. math:: 1 - \exp\left(-\tfrac12\left[\ln\frac{2}{1+s} + \frac12 - \frac{1}{1+s}\right]\right),

    0.0921 at a = 1: the other two thirds of the rotational energy go into the irreducible mass and are lost.

    Raises:
        SpecError: a spin outside 0 to 1.
    """
    return -math.expm1(-_given(*_spin(spin)))


@dataclass(frozen=True)
class KerrHole:
    """A black hole that spins.

    Args:
        mass: kg, or an astropy quantity.
        spin: a, between 0 and 1.

    Raises:
        SpecError: a mass that is not positive, a spin outside 0 to 1.
    """

    mass: float
    spin: float
    status: Status = Status.ESTABLISHED

    def __post_init__(self) -> None:
        object.__setattr__(self, "mass", si("mass", self.mass, "kg", positive=True))
        object.__setattr__(self, "spin", _spin(self.spin)[0])

    @property
    def gravitational_radius(self) -> float:
        """GM/c^2, m."""
        return GRAVITATION * self.mass / SPEED_OF_LIGHT**2

    @property
    def horizon_radius(self) -> float:
        """r_+ GM/c^2, m."""
        return (1 + _spin(self.spin)[1]) * self.gravitational_radius

    @property
    def horizon_frequency(self) -> float:
        """Angular frequency of the horizon, rad/s."""
        return self.spin * SPEED_OF_LIGHT / (2 * self.horizon_radius)

    @property
    def irreducible_mass(self) -> float:
        """Least mass that any process leaves, kg."""
        return self.mass * (1 - rotational_fraction(self.spin))

    @property
    def rotational_energy(self) -> float:
        """Most energy that any process takes out, J."""
        return self.mass * SPEED_OF_LIGHT**2 * rotational_fraction(self.spin)


def _spinning(hole: KerrHole) -> None:
    """Refuse a hole that has no spin energy to give, and the spin 1, which no process reaches."""
    made_of("hole", hole, KerrHole, "a KerrHole")
    if not 0 < hole.spin < 1:
        raise SpecError(f"the spin of the hole is {hole.spin:g}; a hole that gives power has 0 < spin < 1.")


@dataclass(frozen=True)
class Penrose:
    """Matter that splits at the horizon at a steady rate, each particle with the largest gain: a ceiling.

    Valid while at most 1 % of the spin energy has been drawn, for the gain falls with the spin.

    Args:
        hole: a hole with spin between 0 and 1.
        feed: kg/s that is thrown in, in particles at rest far away.

    Raises:
        SpecError: a hole without spin, a feed that is not positive.
    """

    hole: KerrHole
    feed: float
    status: Status = Status.SPECULATIVE

    def __post_init__(self) -> None:
        _spinning(self.hole)
        object.__setattr__(self, "feed", si("feed", self.feed, "kg / s", positive=True))

    @property
    def reservoir(self) -> float:
        """Rotational energy of the hole, J: reached only by reversible steps."""
        return self.hole.rotational_energy

    @property
    def lifetime(self) -> float:
        """Reservoir over power, s."""
        return self.reservoir / self.power(0.0)

    @property
    def nearest(self) -> float:
        """Edge of the ergosphere at the equator, 2 GM/c^2, m."""
        return 2 * self.hole.gravitational_radius

    @property
    def channels(self) -> tuple[Channel, ...]:
        """One channel: fast matter."""
        return (
            Channel(
                "fast matter",
                1.0,
                1.0,
                1.0,
                "fragments with more energy than the whole particle brought, no light",
                "none demonstrated",
                Status.SPECULATIVE,
                "a fragment that escapes is matter; Wald, Astrophys. J. 191, 231 (1974), doi:10.1086/152959",
            ),
        )

    def power(self, t: Any) -> float:
        """Feed x c^2 x `penrose_gain`, W.

        Raises:
            SpecError: a time at which more than 1 % of the spin energy would be drawn.
        """
        time = si("t", t, "s", least=0.0)
        power = self.feed * SPEED_OF_LIGHT**2 * penrose_gain(self.hole.spin)
        if power * time > _PENROSE_DRAWN * self.reservoir:
            raise SpecError(
                f"after {time:.6g} s more than {100 * _PENROSE_DRAWN:g} % of the spin energy is drawn and the gain has "
                f"fallen; ask for at most {_PENROSE_DRAWN * self.reservoir / power:.6g} s, then take the new spin."
            )
        return power

    def heat(self, t: Any) -> float:
        r"""Heating of the horizon, W: none, for the split on it is reversible, :math:`E_- = \Omega_HL_-`.

        That holds for this ceiling alone; every real split feeds the irreducible mass.

        Raises:
            SpecError: as `power`.
        """
        self.power(t)
        return 0.0


@dataclass(frozen=True)
class BlandfordZnajek:
    r"""A magnetic field through the horizon of a hole that spins, and the jets that it drives.

    .. math::

        P = \frac{\kappa}{\mu_0 c}\,\Phi^2\,\Omega_H^2\,f(y), \qquad \Phi = 2\pi B r_+^2, \qquad
        y = \Omega_H \frac{GM}{c^3}, \qquad f = 1 + 1.38 y^2 - 9.2 y^4,

    which is :math:`\kappa\Phi^2\Omega_H^2 f/4\pi c` in Gaussian units, with :math:`\kappa = 0.053` (split monopole).
    Tchekhovskoy, Narayan and McKinney, Astrophys. J. 711, 50 (2010), arXiv:0911.2228 (the equation
    as simulation codes use it). At small spin it is a force-free monopole's, :math:`\kappa = 1/6\pi`. The field is held
    by matter outside, which is not counted. While the hole spins down, mass and spin follow
    :math:`c^2 dM = \tfrac12\Omega_H dJ`: as much power as the jets carry heats the horizon.

    Args:
        hole: a hole with spin between 0 and 1.
        field: T at the horizon, held constant.

    Raises:
        SpecError: a hole without spin, a field that is not positive.
    """

    hole: KerrHole
    field: float
    status: Status = Status.ESTABLISHED

    def __post_init__(self) -> None:
        _spinning(self.hole)
        object.__setattr__(self, "field", si("field", self.field, "T", positive=True))

    @property
    def reservoir(self) -> float:
        """Energy that the jets can take until the spin is gone, J; see `blandford_znajek_fraction`."""
        return self.hole.mass * SPEED_OF_LIGHT**2 * blandford_znajek_fraction(self.hole.spin)

    @property
    def lost(self) -> float:
        """Rotational energy that raises the irreducible mass and never leaves, J; more than `heat` adds up to."""
        return self.hole.rotational_energy - self.reservoir

    @property
    def lifetime(self) -> float:
        """Reservoir over the power now, s: a time scale, for the power fades and never ends."""
        return self.reservoir / self.power(0.0)

    @property
    def nearest(self) -> float:
        """Light cylinder of field lines that turn with half the horizon, 2c/Omega_H, m."""
        return 2 * SPEED_OF_LIGHT / self.hole.horizon_frequency

    @property
    def channels(self) -> tuple[Channel, ...]:
        """One channel: the jets, whose radiation far out is not modelled."""
        return (
            Channel(
                "jets",
                1.0,
                1.0,
                1.0,
                "Poynting flux that turns into particles along the two polar jets; no blackbody, no band for cells",
                "none demonstrated",
                Status.ESTABLISHED,
                "Blandford and Znajek, Mon. Not. R. Astron. Soc. 179, 433 (1977), doi:10.1093/mnras/179.3.433",
            ),
        )

    def hole_at(self, t: Any) -> KerrHole:
        """The hole after t seconds: less spin and less mass.

        Raises:
            SpecError: a negative time.
        """
        time = si("t", t, "s", least=0.0)
        if time == 0:
            return self.hole
        from scipy.integrate import solve_ivp

        a0, s0 = _spin(self.hole.spin)
        rate = self._scale(self.hole.mass) / (self.hole.mass * SPEED_OF_LIGHT**2)

        def slope(_: float, log_spin: Any) -> list[float]:
            a, s = _spin(min(a0, math.exp(log_spin[0])))
            mass = math.exp(_given(a, s) - _given(a0, s0))
            return [-2 * rate * time * mass * (1 + s) ** 4 * _correction(a, s)]

        end = solve_ivp(slope, (0.0, 1.0), [math.log(a0)], method="DOP853", rtol=1e-12, atol=1e-12)
        a, s = _spin(min(a0, math.exp(end.y[0, -1])))
        return KerrHole(self.hole.mass * math.exp(_given(a, s) - _given(a0, s0)), a)

    def power(self, t: Any) -> float:
        """Power of both jets after t seconds, W.

        Raises:
            SpecError: a negative time.
        """
        hole = self.hole_at(t)
        a, s = _spin(hole.spin)
        return self._scale(hole.mass) * a * a * (1 + s) ** 2 * _correction(a, s)

    def heat(self, t: Any) -> float:
        """Heating of the horizon, W: as much as the jets carry, for their field lines turn at half its rate.

        Raises:
            SpecError: a negative time.
        """
        return self.power(t)

    def _scale(self, mass: float) -> float:
        """P over a^2 (1 + s)^2 f, W: the equation of the class with the radius written out."""
        radius = GRAVITATION * mass / SPEED_OF_LIGHT**2
        return _KAPPA * math.pi**2 * self.field**2 / VACUUM_PERMEABILITY * SPEED_OF_LIGHT * radius**2


def _correction(a: float, s: float) -> float:
    """f(y) with y = a/(2 r_+)."""
    y = a / (2 * (1 + s))
    return 1 + 1.38 * y**2 - 9.2 * y**4
