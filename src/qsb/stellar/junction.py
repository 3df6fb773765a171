r"""Detailed balance of a single junction, after Shockley and Queisser.

A cell of gap :math:`E_g` at voltage V absorbs every photon above the gap and emits

.. math:: N(V) = s\,\frac{2\pi}{h^3c^2}\int_{E_g}^\infty\frac{E^2\,dE}{e^{(E-qV)/kT_c}-1}

photons per area and second, with s = 1 for emission from the front alone (mirror behind) and s = 2 from both
faces; the work is :math:`qV(N_\mathrm{light}-N(V))`, largest over V and then over the gap.
Source: Shockley and Queisser, J. Appl. Phys. 32, 510 (1961), doi:10.1063/1.1736034; two faces: Ruehle, Solar Energy
130, 139 (2016), doi:10.1016/j.solener.2016.02.015.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from qsb import checks
from qsb.errors import SpecError
from qsb.stellar.light import Light, concentrated
from qsb.stellar.si import si
from qsb.stellar.status import Status
from qsb.units import BOLTZMANN, ELEMENTARY_CHARGE, PLANCK, SPEED_OF_LIGHT

__all__ = ["FACES", "Junction", "shockley_queisser"]

FACES = ("front", "both")
"""Where a cell emits: from the side that faces the light (a mirror behind it), or from both sides."""

_GOLDEN = (math.sqrt(5) - 1) / 2
_ORDERS = np.arange(1.0, 81.0)[:, None]


@dataclass(frozen=True)
class Junction:
    """The best single junction for a light; made by `shockley_queisser`.

    Attributes:
        efficiency: work over the light's power.
        gap: J.
        voltage: at the point of most work, V.
        temperature: of the cell, K.
        faces: "front" or "both": where the cell emits.
        concentration: times the light as it arrives.
        status: exact under its assumptions: one gap, one electron a photon, radiative losses alone.
    """

    efficiency: float
    gap: float
    voltage: float
    temperature: float
    faces: str
    concentration: float
    status: Status = Status.ESTABLISHED

    @property
    def gap_eV(self) -> float:
        """The gap in electronvolts."""
        return self.gap / ELEMENTARY_CHARGE


def _emission(gap: NDArray[np.float64], below: NDArray[np.float64], kt: float) -> NDArray[np.float64]:
    r"""Photons emitted per area and second at :math:`(E_g-qV)/kT` = `below`, by the series in its exponentials."""
    g = gap / kt
    terms = g**2 / _ORDERS + 2 * g / _ORDERS**2 + 2 / _ORDERS**3
    sums = (np.exp(-_ORDERS * below) * terms).sum(axis=0)
    return np.asarray(2 * math.pi * kt**3 / (PLANCK**3 * SPEED_OF_LIGHT**2) * sums)


def _best(light: Light, gaps: NDArray[np.float64], x: float, kt: float, sides: int) -> Any:
    """Most work per area at each gap, and (gap - qV)/kT there: golden section in all gaps at once."""
    came = np.array([x * light.photon_flux(0.0, PLANCK * SPEED_OF_LIGHT / gap) for gap in gaps])

    def work(below: NDArray[np.float64]) -> NDArray[np.float64]:
        return np.asarray((gaps - below * kt) * (came - sides * _emission(gaps, below, kt)))

    low, high = np.full(gaps.shape, 0.5), gaps / kt
    for _ in range(70):
        a, b = high - _GOLDEN * (high - low), low + _GOLDEN * (high - low)
        left = work(a) >= work(b)
        low, high = np.where(left, low, a), np.where(left, b, high)
    at = 0.5 * (low + high)
    return work(at), at


def shockley_queisser(
    light: Light,
    *,
    cell: Any = 300.0,
    faces: str = "front",
    concentration: float = 1.0,
    gap: Any = None,
) -> Junction:
    """The detailed-balance limit of a single junction under a light.

    Args:
        light: a table or a blackbody star.
        cell: its temperature, K.
        faces: "front" (emits from the side that faces the light) or "both".
        concentration: times the light as it arrives; at most the inverse dilution of a star.
        gap: J; left out, the best between 0.2 and 4 eV.

    Raises:
        SpecError: a wrong argument, or more concentration than optics allow.
    """
    x = concentrated(light, concentration)
    kelvin = si("the cell's temperature", cell, "K", positive=True)
    sides = 1 + FACES.index(checks.one_of("faces", faces, FACES))
    kt = BOLTZMANN * kelvin
    if gap is not None:
        gaps = np.array([si("the gap", gap, "J", positive=True)])
        if gaps[0] <= kt:
            raise SpecError(f"the gap {gaps[0]:g} J is not above kT = {kt:g} J of the cell.")
    else:
        gaps = np.linspace(0.2, 4.0, 381) * ELEMENTARY_CHARGE
        for _ in range(4):  # each grid is 30 times finer; bands of the air leave several tops, hence no bisection
            most = int(np.argmax(_best(light, gaps, x, kt, sides)[0]))
            gaps = np.linspace(gaps[max(most - 1, 0)], gaps[min(most + 1, gaps.size - 1)], 61)
    works, below = _best(light, gaps, x, kt, sides)
    most = int(np.argmax(works))
    voltage = float(gaps[most] - below[most] * kt) / ELEMENTARY_CHARGE
    return Junction(float(works[most]) / (x * light.total), float(gaps[most]), voltage, kelvin, faces, x)
