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
from qsb.algebra import fermion
from qsb.algebra.opsum import Local, OpSum, Pair, Word
from qsb.algebra.space import Space
from qsb.algebra.states import Start, begun
from qsb.charging.battery import Battery
from qsb.errors import StructureError

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
    and periodic in the odd one. ``periodic`` and ``antiperiodic`` close the ring of *fermions*: the sign of the closing
    bond then follows the parity of the start, which every term keeps, so the start must have one.

    Args:
        cells: N >= 2; 3 for a closed boundary.
        potential: mu of the battery.
        hopping: :math:`t_h` of the battery.
        pairing: :math:`\Delta` of the battery.
        charger_potential: mu' of the charger.
        charger_hopping: :math:`t_h'` of the charger.
        charger_pairing: :math:`\Delta'` of the charger.
        boundary: ``open``, ``ring``, ``periodic`` or ``antiperiodic``.
        start: the initial state; the ground state of :math:`H_B` if None.

    Returns:
        A `Battery` on ``Space.spins(cells)``; solved as free fermions at hundreds of cells.

    Raises:
        SpecError: naming the argument, its value and what it may be.
        StructureError: if a ring of fermions is asked for and the parity of the start is not known or not the one that
            the ground state has.

    References:
        Kitaev 2001, arXiv:cond-mat/0010440; quenched chains as batteries: Grazi et al. 2024, arXiv:2402.09169
        (from memory, not verified).
    """
    checks.one_of("boundary", boundary, get_args(Boundary))
    n = checks.whole("cells", cells, 2 if boundary == "open" else 3)
    own = _parameters("", potential, hopping, pairing)
    other = _parameters("charger_", charger_potential, charger_hopping, charger_pairing)
    begin = begun(start)
    closing = 0.0
    if boundary == "ring":
        closing = 1.0
    elif boundary != "open":
        closing = _closing(n, boundary, own, begin)
    return Battery(
        Space.spins(n),
        _chain(n, *own, closing),
        _chain(n, *other, closing),
        start=begin,
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


def _chain(n: int, potential: float, hopping: float, pairing: float, closing: float) -> OpSum:
    """H as spins; `closing` times the couplings of a ring of spins close it."""
    across = (("x", -(hopping + pairing) / 2), ("y", -(hopping - pairing) / 2))
    terms = OpSum((Local("z", -potential / 2),))
    for axis, strength in across:
        terms += Pair(axis, axis, strength)
        if closing:
            terms += Word(closing * strength, ((n - 1, axis), (0, axis)))
    return terms


def _closing(n: int, boundary: Boundary, own: Parameters, start: Start) -> float:
    """Sign that turns a ring of spins into one of fermions, in the sector of the start.

    A spin bond from N to 1 is -P times the fermion bond, with P = +1 for an even number of fermions.
    """
    wanted = -1.0 if boundary == "periodic" else 1.0
    parity = 0
    if start.kind in ("down", "up"):
        parity = 1 if start.kind == "down" or n % 2 == 0 else -1
    elif start.kind == "product":
        z = np.broadcast_to(np.atleast_2d(np.asarray(start.bloch)), (n, 3))[:, 2]
        if np.all(np.abs(z) == 1.0):
            parity = -1 if np.sum(z > 0) % 2 else 1
    elif start.kind == "ground":
        parity = _ground_parity(n, own, wanted)
    if not parity:
        raise StructureError(
            f"A ring of {boundary} fermions is a ring of spins only for one parity, and this {start.kind!r} start has "
            "none that is known; take boundary 'ring' or 'open', or start from 'down', 'up' or cells along z."
        )
    return wanted * parity


def _ground_parity(n: int, own: Parameters, wanted: float) -> int:
    """Parity of the lowest state of H_B, which must be the same for the sign of the bond that goes with it."""
    for parity in (1, -1):
        near = fermion.Near.of(_chain(n, *own, wanted * parity), Space.spins(n))
        assert near is not None
        # `ground_modes` counts the cells that are down, parity those that are up
        if fermion.ground_modes(near)[2] == parity * (-1) ** n:
            return parity
    return 0


__all__ = ["dispersion", "kitaev"]
