r"""`kitaev`: a chain of fermions with hopping, pairing and a chemical potential, by Jordan-Wigner.

.. math::

    H(t_h,\Delta,\mu) = -\mu\sum_j\left(n_j - \tfrac12\right)
        + \sum_j\left(-t_h\,c_j^\dagger c_{j+1} + \Delta\,c_jc_{j+1} + \text{h.c.}\right)
    = -\frac\mu2\sum_j\sigma^z_j - \sum_j\left(\frac{t_h+\Delta}2\sigma^x_j\sigma^x_{j+1}
        + \frac{t_h-\Delta}2\sigma^y_j\sigma^y_{j+1}\right)

with :math:`c_j = \prod_{k<j}(-\sigma^z_k)\,\sigma^-_j`: up is occupied. On a ring of N cells the modes have

.. math:: E_k = \sqrt{(2t_h\cos k + \mu)^2 + 4\Delta^2\sin^2 k}.
"""

from __future__ import annotations

from typing import Literal, get_args

import numpy as np
from numpy.typing import ArrayLike, NDArray

from qsb import checks
from qsb.algebra.opsum import OpSum
from qsb.algebra.space import Space
from qsb.algebra.states import Start, begun
from qsb.algebra.terms import Local, Pair, Word
from qsb.charging.battery import Battery

Boundary = Literal["open", "ring", "periodic", "antiperiodic"]
#: potential, hopping, pairing
Parameters = tuple[float, float, float]


def kitaev(
    cells: int,
    *,
    potential: float = -1.0,
    hopping: float = 0.0,
    pairing: float = 0.0,
    charger_potential: float = 0.0,
    charger_hopping: float = 0.0,
    charger_pairing: float = 0.0,
    boundary: Boundary = "open",
    start: Start | None = None,
) -> Battery:
    r"""A fermionic chain that is charged by a quench of its parameters.

    .. math:: H_B = H(t_h, \Delta, \mu),\qquad V = H(t_h', \Delta', \mu'),

    with :math:`H_B + V` during a charging stage, or V alone in one with ``battery = false``. The default :math:`\mu =
    -1` is a cell frequency of 1. :math:`t_h = \Delta` is the transverse-field Ising chain along x; the topological
    phase is :math:`|\mu| < 2|t_h|`, :math:`\Delta\ne0`.

    Boundaries: ``ring`` closes the ring of *spins*, which is one of fermions that is antiperiodic in the even sector
    and periodic in the odd one. ``periodic`` and ``antiperiodic`` close the ring of *fermions* with a bond of either
    sign. As spins that bond is a product over all cells, :math:`\pm c_N^\dagger c_1` with its Jordan-Wigner string, and
    every bound that counts the cells of a term takes it as one of N cells.

    Args:
        cells: N >= 2; 3 for a closed boundary.
        potential: mu of the battery.
        hopping: :math:`t_h` of the battery.
        pairing: :math:`\Delta` of the battery.
        charger_potential: mu' of the charger.
        charger_hopping: :math:`t_h'` of the charger.
        charger_pairing: :math:`\Delta'` of the charger.
        boundary: ``open``, ``ring``, ``periodic`` or ``antiperiodic``.
        start: the initial state; the ground state of :math:`H_B` if None, whichever its number of fermions.

    Returns:
        A `Battery` on ``Space.spins(cells)``; solved as free fermions at hundreds of cells.

    Raises:
        SpecError: naming the argument, its value and what it may be.

    References:
        Kitaev 2001, arXiv:cond-mat/0010440; quenched chains as batteries: Grazi et al. 2024, arXiv:2402.09169
        (from memory, not verified).
    """
    checks.one_of("boundary", boundary, get_args(Boundary))
    n = checks.whole("cells", cells, 2 if boundary == "open" else 3)
    own = _parameters("", potential, hopping, pairing)
    other = _parameters("charger_", charger_potential, charger_hopping, charger_pairing)
    return Battery(
        Space.spins(n),
        _chain(n, boundary, *own),
        _chain(n, boundary, *other),
        start=begun(start),
        name="kitaev",
        reference="arXiv:cond-mat/0010440",
    )


def dispersion(k: ArrayLike, potential: float, hopping: float, pairing: float) -> NDArray[np.float64]:
    r""":math:`E_k` of a mode of the ring, for wave numbers k (any shape)."""
    q = np.asarray(k, dtype=float)
    return np.asarray(np.hypot(2 * hopping * np.cos(q) + potential, 2 * pairing * np.sin(q)))


def _parameters(prefix: str, potential: float, hopping: float, pairing: float) -> Parameters:
    return (
        checks.number(f"{prefix}potential", potential),
        checks.number(f"{prefix}hopping", hopping),
        checks.number(f"{prefix}pairing", pairing),
    )


def _chain(n: int, boundary: Boundary, potential: float, hopping: float, pairing: float) -> OpSum:
    """H as spins."""
    across = {"x": -(hopping + pairing) / 2, "y": -(hopping - pairing) / 2}
    terms = OpSum((Local("z", -potential / 2), *(Pair(axis, axis, g) for axis, g in across.items())))
    for axis, strength in across.items():
        if boundary == "ring":
            terms += Word(strength, ((n - 1, axis), (0, axis)))
        elif boundary != "open":
            # the bond of fermions is that of spins times -prod(-z), and zx...zx = -y...y
            other, sign = "y" if axis == "x" else "x", (-1.0) ** n * (1.0 if boundary == "periodic" else -1.0)
            string = tuple((j, "z") for j in range(1, n - 1))
            terms += Word(sign * strength, ((0, other), *string, (n - 1, other)))
    return terms


__all__ = ["dispersion", "kitaev"]
