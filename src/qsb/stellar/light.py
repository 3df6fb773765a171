r"""What counts as light, how far it can be concentrated, and how much work a joule of it can give at most.

Modes of a light from the projected solid angle :math:`\pi f`, :math:`f = (R/d)^2` for a star, hold
:math:`n = I_\lambda\lambda^5/2\pi f hc^2` photons each. A mode of frequency :math:`\nu` that is emptied to the
occupation :math:`n_0` of surroundings at :math:`T_0` gives at most

.. math:: w = h\nu\,(n - n_0) - kT_0\,[s(n) - s(n_0)], \qquad s(n) = (1+n)\ln(1+n) - n\ln n \ge 0,

and the sum over modes is the exergy. For a blackbody it is the Landsberg fraction, whatever f is.
"""

from __future__ import annotations

import math
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from qsb import checks
from qsb.errors import SpecError
from qsb.stellar.blackbody import BlackbodyStar
from qsb.stellar.limits import landsberg_efficiency
from qsb.stellar.si import si
from qsb.stellar.spectrum import Spectrum
from qsb.units import BOLTZMANN, PLANCK, SPEED_OF_LIGHT

__all__ = ["Light", "concentrated", "exergy_factor", "is_light"]

Light: TypeAlias = Spectrum | BlackbodyStar
"""Light as it arrives: a table, or that of a blackbody star."""


def is_light(value: Any) -> None:
    """Refuse what is no light.

    Raises:
        SpecError: the value is neither a `Spectrum` nor a `BlackbodyStar`.
    """
    checks.made_of("the light", value, (Spectrum, BlackbodyStar), "give a Spectrum or a BlackbodyStar.")


def concentrated(light: Light, concentration: Any) -> float:
    r"""A concentration that optics allow: at most :math:`1/f`.

    Args:
        light: whose.
        concentration: times the light as it arrives.

    Raises:
        SpecError: a concentration that is not positive, or above the largest.
    """
    is_light(light)
    x = si("the concentration", concentration, "", positive=True)
    if light.dilution is not None and x * light.dilution > 1 + 1e-12:
        raise SpecError(f"the concentration {x:g} is above the largest that optics allow, {1 / light.dilution:g}.")
    return x


def exergy_factor(light: Light, sink: Any = 300.0, *, dilution: float | None = None) -> float:
    r"""Most work over the light's energy, for any device at :math:`T_0`: Landsberg's fraction for a blackbody.

    For a table it is the sum over its modes that are brighter than the surroundings, for a cold sky is no light;
    scattered light of the same spectrum (a larger f) gives less, so f of the star's disc gives a ceiling.

    Args:
        light: a table or a blackbody star.
        sink: T_0, K.
        dilution: f of a table that does not say it.

    Raises:
        SpecError: a sink that is not colder than the star, a table without light, or one without a dilution.
    """
    is_light(light)
    cold = si("the sink's temperature", sink, "K", positive=True)
    if isinstance(light, BlackbodyStar):
        if cold >= light.temperature:
            raise SpecError(f"the sink at {cold:g} K is not colder than the star at {light.temperature:g} K.")
        return landsberg_efficiency(cold, light.temperature)
    share = light.dilution if dilution is None else si("the dilution", dilution, "", positive=True)
    if share is None or share > 1:
        raise SpecError(
            f"{light.name} does not say from which solid angle it comes; give dilution, (R/d)^2 of its star and at "
            "most 1."
        )
    if light.total <= 0:
        raise SpecError("the spectrum holds no light.")
    s, weights = np.polynomial.legendre.leggauss(4)
    s = 0.5 * (s + 1)
    at = light.wavelength[:-1, None] * (1 - s) + light.wavelength[1:, None] * s
    bright = light.values[:-1, None] * (1 - s) + light.values[1:, None] * s
    power = 2 * math.pi * share * PLANCK * SPEED_OF_LIGHT**2 / at**5  # of one photon in each mode
    n = bright / power
    quantum = PLANCK * SPEED_OF_LIGHT / (at * BOLTZMANN * cold)
    n0 = 1 / np.expm1(np.minimum(quantum, 700.0))
    work = np.where(n > n0, power * (n - n0 - (_entropy(n) - _entropy(n0)) / quantum), 0.0)
    return float(0.5 * np.diff(light.wavelength) @ (work @ weights)) / light.total


def _entropy(n: NDArray[np.float64]) -> NDArray[np.float64]:
    """(1 + n) ln(1 + n) - n ln n, 0 for an empty mode."""
    filled = np.where(n > 0, n, 1.0)
    return np.asarray((1 + n) * np.log1p(n) - np.where(n > 0, n * np.log(filled), 0.0))
