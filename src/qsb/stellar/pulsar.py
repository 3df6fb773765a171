r"""Power that a spinning neutron star loses, and how little of it is a beam. SI units.

A star of moment of inertia :math:`I` and period :math:`P` holds :math:`2\pi^2 I/P^2` and loses
:math:`4\pi^2 I\dot P/P^3`. Derived in docs/devdocs/stellar-sources.md.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

from qsb.checks import number, one_of, whole
from qsb.errors import SpecError
from qsb.stellar.channel import Channel
from qsb.stellar.si import si
from qsb.stellar.status import Status
from qsb.units import SPEED_OF_LIGHT

__all__ = ["ATNF", "BRAKING", "Pulsar", "beam_fraction"]

ATNF = (
    "period and derivative: ATNF pulsar catalogue, Manchester et al., Astron. J. 129, 1993 (2005), "
    "arXiv:astro-ph/0412641, as public copies of it have them"
)
"""How the known pulsars are cited."""

BRAKING = {
    "crab": "between glitches: Lyne et al., Mon. Not. R. Astron. Soc. 446, 857 (2015), doi:10.1093/mnras/stu2118",
    "vela": "disputed: 1.4, Lyne et al., Nature 381, 497 (1996) (from memory, not checked); at most 2 for its kind, "
    "arXiv:1611.08314; 2.81(12) with the recovery from glitches taken out, arXiv:1612.03805",
}
"""Where their braking indices come from."""

_RADIO_MOST = 1e-2  # of the spin-down power
_RADIO_POWER = 1e22  # W; 10^29 erg/s, whatever the period
_GAMMA_POWER = 1e26  # W; 10^33 erg/s


def beam_fraction(inclination: float, half_width: float, *, beams: int = 1) -> float:
    r"""Share of the sky that conical beams sweep in one turn.

    One cone of half width :math:`\rho` at an angle :math:`\alpha` to the spin axis sweeps
    :math:`\tfrac12[\cos(\alpha - \rho) - \cos(\alpha + \rho)] = \sin\alpha\sin\rho` while :math:`\rho \le \alpha`; a
    wider one covers the pole. Two opposite cones sweep twice that until they meet at the equator.

    Args:
        inclination: alpha, rad, between 0 and pi/2.
        half_width: rho, rad, between 0 and pi/2.
        beams: 1 or 2.

    Raises:
        SpecError: angles outside 0 to pi/2, another number of beams.
    """
    alpha, rho = (number(n, v, least=0.0) for n, v in (("inclination", inclination), ("half_width", half_width)))
    if max(alpha, rho) > math.pi / 2:
        raise SpecError(f"inclination is {alpha:g} and half_width {rho:g} rad; both lie between 0 and pi/2.")
    count = whole("beams", beams, 1)
    if count > 2:
        raise SpecError(f"beams is {count}; a dipole has 1 or 2.")
    if count == 1:
        return (math.cos(max(alpha - rho, 0.0)) - math.cos(alpha + rho)) / 2
    return math.cos(max(alpha - rho, 0.0)) - math.cos(min(alpha + rho, math.pi / 2))


@dataclass(frozen=True)
class Pulsar:
    r"""A neutron star that spins down with a constant braking index :math:`n`, :math:`\dot\Omega \propto -\Omega^n`.

    .. math::

        \dot E(t) = \dot E_0\,(1 + t/\tau)^{-(n+1)/(n-1)}, \qquad \tau = \frac{P}{(n-1)\dot P},

    so that for n = 3 (dipole) it has given :math:`\dot E_0\,\tau\,t/(t + \tau)` by the time t.

    Args:
        period: s.
        period_derivative: s/s, positive.
        moment_of_inertia: kg m^2; the usual 1e38 is known to a factor of two only.
        braking_index: n, above 1.
        name: for reports.

    Raises:
        SpecError: numbers that are not positive, a braking index of 1 or less.
    """

    period: float
    period_derivative: float
    moment_of_inertia: float = 1e38
    braking_index: float = 3.0
    name: str = "pulsar"
    status: Status = Status.ENGINEERING

    def __post_init__(self) -> None:
        for field, unit in (("period", "s"), ("period_derivative", ""), ("moment_of_inertia", "kg m2")):
            object.__setattr__(self, field, si(field, getattr(self, field), unit, positive=True))
        index = number("braking_index", self.braking_index)
        if index <= 1:
            raise SpecError(f"braking_index is {index:g}; it must be above 1 (3 for a dipole).")
        object.__setattr__(self, "braking_index", index)

    @classmethod
    def known(cls, name: str) -> Pulsar:
        """The Crab or the Vela pulsar.

        Periods and derivatives of `ATNF`, the Crab's at MJD 48442.5; braking indices of `BRAKING`.

        Args:
            name: "crab" or "vela".

        Raises:
            SpecError: another name.
        """
        if one_of("name", name, ("crab", "vela")) == "crab":
            return cls(0.0333924123, 4.20972e-13, braking_index=2.5, name="Crab")
        return cls(0.08932838502, 1.25008e-13, braking_index=1.4, name="Vela")

    @property
    def spin_down_time(self) -> float:
        """P / ((n - 1) dP/dt), s."""
        return self.period / ((self.braking_index - 1) * self.period_derivative)

    @property
    def reservoir(self) -> float:
        """Rotational energy 2 pi^2 I / P^2, J."""
        return 2 * math.pi**2 * self.moment_of_inertia / self.period**2

    @property
    def lifetime(self) -> float:
        """Reservoir over the power now, P / (2 dP/dt), s: a time scale, for the power fades and never ends."""
        return self.period / (2 * self.period_derivative)

    @property
    def nearest(self) -> float:
        """Light cylinder cP / 2 pi, m."""
        return SPEED_OF_LIGHT * self.period / (2 * math.pi)

    def power(self, t: Any) -> float:
        """Spin-down power in W after t seconds, all channels together.

        Raises:
            SpecError: a negative time.
        """
        time = si("t", t, "s", least=0.0)
        now = 4 * math.pi**2 * self.moment_of_inertia * self.period_derivative / self.period**3
        n = self.braking_index
        return float(now * (1 + time / self.spin_down_time) ** (-(n + 1) / (n - 1)))

    def heat(self, t: Any) -> float:
        """Heat beside the power, W: none is counted, for the wind carries it."""
        si("t", t, "s", least=0.0)
        return 0.0

    def energy(self, t: Any) -> float:
        """Energy given until t seconds from now, J: the integral of `power`.

        Raises:
            SpecError: a negative time.
        """
        time = si("t", t, "s", least=0.0)
        return -self.reservoir * math.expm1(-2 / (self.braking_index - 1) * math.log1p(time / self.spin_down_time))

    @property
    def channels(self) -> tuple[Channel, ...]:
        r"""Wind, gamma rays and radio, from much to little, at the power of now.

        Gamma rays by the rule of thumb :math:`L_\gamma = \sqrt{\dot E\,10^{26}\,\mathrm W}`, at most a half here, and
        known to a factor of ten either way; radio :math:`10^{22}\,\mathrm W` on average whatever the period, and at
        most a hundredth of the power, known to a factor of a hundred. For the Crab that is 2e-10 and for Vela 1e-8 of
        the power; the range of 1e-6 to 1e-2 that is often given belongs to old pulsars (see stellar-sources.md).
        """
        gamma = min(0.5, math.sqrt(_GAMMA_POWER / self.power(0.0)))
        most = min(0.9, 10 * gamma)
        radio = min(_RADIO_MOST, _RADIO_POWER / self.power(0.0))
        wind = 1 - gamma - radio
        return (
            Channel(
                "wind",
                wind,
                1 - most - _RADIO_MOST,
                1 - gamma / 10 - radio / 100,
                "Poynting flux and electron-positron pairs, no light; it shines only where it is stopped",
                "none demonstrated",
                Status.ENGINEERING,
                "what the beams leave of the spin-down power",
            ),
            Channel(
                "gamma rays",
                gamma,
                gamma / 10,
                most,
                "0.1 to 10 GeV, in beams that sweep much of the sky",
                "an absorber metres thick that is run as a heat engine; no cell",
                Status.ENGINEERING,
                "Abdo et al., Astrophys. J. Suppl. 208, 17 (2013), arXiv:1305.4385 (rule from memory, not checked)",
            ),
            Channel(
                "radio beam",
                radio,
                radio / 100,
                _RADIO_MOST,
                "0.1 to 10 GHz, in beams that sweep the share `beam_fraction` of the sky",
                "a rectenna",
                Status.ENGINEERING,
                "mean: Szary et al., Astrophys. J. 784, 59 (2014), abstract; most: arXiv:2007.01015 (from memory, not "
                "checked)",
            ),
        )
