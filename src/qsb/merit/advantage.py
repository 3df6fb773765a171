"""Quantum advantage: a charger against parallel charging **at a stated equal resource**.

The reference is the field lam sum_i sigma^x_i on N cells of gap w that start empty, without H_B (on resonance, in the
rotating frame): it fills them in T = pi/(2 lam), with peak power N w lam and mean power 2 N w lam/pi; with H_B beside
it peak power 2 N w lam^2/O, O^2 = w^2 + 4 lam^2, and no full charge. What lam is depends on what is held equal:

| resource | of the charger | of the reference | lam |
|---|---|---|---|
| ``equal norm`` | (v_max - v_min)/2 | N lam | amount/N |
| ``equal variance`` | dV in the start state | sqrt(N) lam | amount/sqrt(N) |
| ``equal coupling`` | the largest coefficient of a term of V | lam | amount |
| ``equal driving energy`` | <V> - v_min in the start state | N lam | amount/N |

For the global flip the four give N, sqrt(N), 1 and N (Binder et al. 2015, arXiv:1503.05007; Campaioli et al. 2017,
arXiv:1612.04991): there is no advantage without a resource, so that it has no default. The driving energy is the one
of the Margolus-Levitin limit, the mean of the control above its lowest level.
"""

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike

from qsb import checks
from qsb.algebra.blocks import RealArray
from qsb.errors import SpecError

__all__ = ["OF", "RESOURCES", "Parallel", "parallel_reference", "quantum_advantage"]

Resource = Literal["equal norm", "equal variance", "equal coupling", "equal driving energy"]
Of = Literal["power", "average power", "time"]

RESOURCES = ("equal norm", "equal variance", "equal coupling", "equal driving energy")
OF = ("power", "average power", "time")


@dataclass(frozen=True)
class Parallel:
    """Parallel charging at a resource.

    Attributes:
        strength: lam.
        power: largest power.
        average_power: largest E/t where H_B acts, N w/T where it does not.
        time: to the first maximum of the energy.
    """

    strength: float
    power: float
    average_power: float
    time: float


def parallel_reference(
    *, resource: Resource, amount: float, cells: int, gap: float = 1.0, battery: bool = False
) -> Parallel:
    """Return parallel charging that has a given amount of a resource.

    Args:
        resource: which one is equal; see the table of this module.
        amount: how much of it the charger has, > 0, in the unit of the second column.
        cells: N.
        gap: w of a cell.
        battery: whether H_B acts while the reference charges.

    Raises:
        SpecError: on an unknown resource, or numbers that are not positive.
    """
    if not isinstance(resource, str) or resource not in RESOURCES:
        raise SpecError(f"the resource is {resource!r}; say which one both chargers have equal: {', '.join(RESOURCES)}")
    amount, gap = checks.number("amount", amount), checks.number("gap", gap)
    checks.number("cells", checks.whole("cells", cells))
    if not (amount > 0 and cells >= 1 and gap > 0):
        raise SpecError(
            f"amount {amount}, cells {cells} and gap {gap} must be positive: without a resource no reference"
        )
    checks.flag("battery", battery)
    share = {"equal norm": cells, "equal driving energy": cells, "equal variance": np.sqrt(cells), "equal coupling": 1}
    strength = float(amount / share[resource])
    if not battery:
        time = np.pi / (2 * strength)
        return Parallel(strength, cells * gap * strength, cells * gap / time, time)
    rabi = float(np.hypot(gap, 2 * strength))
    power = 2 * cells * gap * strength**2 / rabi
    # max of sin^2(x)/x, at tan x = 2x
    return Parallel(strength, power, power * 0.7246113537767086, np.pi / rabi)


def quantum_advantage(
    value: ArrayLike,
    *,
    resource: Resource,
    amount: float,
    cells: int,
    of: Of = "power",
    gap: float = 1.0,
    battery: bool = False,
) -> RealArray:
    """Return Gamma: power over that of parallel charging, or its time over the charger's, at an equal resource.

    Args:
        value: the charger's peak power, peak average power, or charging time, > 0, shape (...,).
        resource: which resource is equal, see `RESOURCES`; required.
        amount: how much of it the charger has.
        cells: N.
        of: what the value is: ``power``, ``average power`` or ``time``.
        gap: w of a cell.
        battery: whether H_B acts while the reference charges.

    Raises:
        SpecError: on an unknown resource, or numbers that are not positive.
    """
    checks.one_of("of, what the value is,", of, OF)
    number = checks.numbers(f"the {of}", value)
    if number.size == 0 or not (number > 0).all():
        raise SpecError(f"the {of} is {number}; a ratio needs a positive one")
    reference = parallel_reference(resource=resource, amount=amount, cells=cells, gap=gap, battery=battery)
    if of == "time":
        return np.asarray(reference.time / number)
    return np.asarray(number / (reference.power if of == "power" else reference.average_power))
