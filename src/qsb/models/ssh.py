r"""`ssh`: a battery atom that a charger atom fills through a lattice of alternating bonds (Su-Schrieffer-Heeger).

.. math::

    H_B = \omega\,\sigma^+_B\sigma^-_B,\qquad
    H_C = \omega\,\sigma^+_A\sigma^-_A + \sum_j(\omega+\delta)\,b_j^\dagger b_j
        + \sum_{j=1}^{L-1} v_j\,(b_j^\dagger b_{j+1} + \text{h.c.}),\qquad
    V = g\,(\sigma^+_A b_a + \sigma^+_B b_b + \text{h.c.})

with :math:`v_j` alternating between ``intra`` (first) and ``inter``. Everything conserves the number of excitations,
and the start has one at most, so the lattice's sites may be bosons or spins alike, and charger atom and lattice
together are *one* site of L + 2 levels: empty, the atom, or one of the L lattice sites.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray

from qsb import checks
from qsb.algebra.opsum import OpSum
from qsb.algebra.space import Group, Level, Space, Spin
from qsb.algebra.states import Start, begun
from qsb.algebra.terms import Local, Matrix
from qsb.charging.battery import Battery
from qsb.errors import PlanError, SpecError
from qsb.units import format_bytes

#: pairs of the longest lattice that is written down
MOST_PAIRS = 2**19


def ssh(
    pairs: int,
    *,
    intra: float = 0.5,
    inter: float = 1.0,
    coupling: float = 0.01,
    frequency: float = 1.0,
    detuning: float = 0.0,
    charger_site: int = 0,
    battery_site: int | None = None,
    start: Start | None = None,
) -> Battery:
    r"""One excitation that goes from an atom through an SSH lattice of open ends to the battery.

    The lattice is topological for ``|intra| < |inter|``: each end then holds a mode in the middle of the gap,
    of amplitude :math:`\sqrt{1-(v/w)^2}` at the end itself, through which atoms at the ends exchange the excitation. In
    the trivial phase nothing is resonant with the atoms, and the exchange through the gap is exponentially slow in the
    length. The lattice's Hamiltonian belongs to the charger and acts in every stage; only g is switched.

    Args:
        pairs: M >= 1 unit cells, L = 2M sites.
        intra: v, inside a unit cell.
        inter: w, between unit cells.
        coupling: g, of each atom with its site.
        frequency: :math:`\omega > 0`, of both atoms.
        detuning: :math:`\delta`, of the lattice's middle from the atoms.
        charger_site: a, the site of the charger atom, 0..L-1.
        battery_site: b, the site of the battery atom; the last if None.
        start: None or the ground state of :math:`H_B`: the battery is empty and the charger atom excited. A ``state``
            over battery (up, down) times (empty, atom, L sites) is taken as it is, if it holds at most one excitation.

    Returns:
        A `Battery` with the groups ``cells`` (the battery atom) and ``lattice`` (charger atom and lattice).

    Raises:
        SpecError: naming the argument, its value and what it may be.
        PlanError: if there are more pairs than are written down.

    References:
        Lu et al., arXiv:2405.03675 (abstract read: near-perfect transfer in the topological phase, charging almost
        prohibited in the trivial one, in the Markov limit; its couplings and positions were not read).
    """
    length = 2 * checks.whole("pairs", pairs, 1)
    if length > 2 * MOST_PAIRS:
        needed = 300 * length
        raise PlanError(
            f"A lattice of {length} sites needs about {format_bytes(needed)} for its bonds; take {MOST_PAIRS} pairs at "
            "most.",
            needed,
        )
    v, w, g, d = (
        checks.number(name, value)
        for name, value in (("intra", intra), ("inter", inter), ("coupling", coupling), ("detuning", detuning))
    )
    gap = checks.number("frequency", frequency, positive=True)
    a = _site("charger_site", charger_site, length)
    b = _site("battery_site", length - 1 if battery_site is None else battery_site, length)
    levels = length + 2
    bonds = np.concatenate([[0.0, 0.0], np.where(np.arange(length - 1) % 2 == 0, v, w)])
    energies = np.concatenate([[0.0, gap], np.full(length, gap + d)])
    lattice: Any = sp.csr_array(sp.diags_array([energies, bonds, bonds], offsets=[0, 1, -1]))
    lattice.eliminate_zeros()
    atom: Any = sp.coo_array(([g, g], ([1, a + 2], [a + 2, 1])), shape=(levels, levels))
    # empties the lattice's site while the battery goes up
    hop: Any = sp.coo_array(([g], ([0], [levels + b + 2])), shape=(2 * levels, 2 * levels))
    return Battery(
        Space((Group("cells", Spin(), 1), Group("lattice", Level(levels), 1, "charger"))),
        OpSum((Local("n", gap),)),
        OpSum((Matrix(sp.csr_array(sp.kron(sp.eye_array(2), atom) + hop + hop.T)),)),
        charger=OpSum((Matrix(sp.csr_array(sp.kron(sp.eye_array(2), lattice))),)),
        start=_start(start, levels),
        name="ssh",
        reference="arXiv:2405.03675",
    )


def single_excitation(battery: Battery, *, coupled: bool = True) -> NDArray[np.float64]:
    r"""Hamiltonian of one excitation over (battery, charger atom, L sites), of a battery made by `ssh`.

    Args:
        battery: the model.
        coupled: whether V is on.
    """
    levels = battery.space.dimension // 2
    rows = np.concatenate([[0], levels + np.arange(1, levels)])
    total: Any = sum(t.data for t in battery.charger.terms if isinstance(t, Matrix))
    if coupled:
        total = total + sum(t.data for t in battery.interaction.terms if isinstance(t, Matrix))
    out = np.asarray(total.toarray()[np.ix_(rows, rows)], dtype=float)
    out[0, 0] += sum(float(np.real(np.asarray(t.strength))) for t in battery.battery.terms if isinstance(t, Local))
    return out


def _site(name: str, value: int, length: int) -> int:
    site = checks.whole(name, value, 0)
    if site >= length:
        raise SpecError(f"{name} must be one of 0..{length - 1}, but it is {value!r}.")
    return site


def _start(start: Start | None, levels: int) -> Start:
    """The charger's excitation, or a given state with one excitation at most."""
    given = begun(start)
    if given.kind == "ground":
        ket = np.zeros(2 * levels, dtype=complex)
        ket[levels + 1] = 1.0
        return Start("state", array=ket)
    if given.kind != "state":
        raise SpecError(f"The start of ssh is the excited charger or a whole state, but {given.kind!r} was given.")
    held = np.asarray(given.array)
    weights = np.abs(held) ** 2 if held.ndim == 1 else np.abs(np.diagonal(held))
    if len(weights) == 2 * levels and float(weights[1:levels].sum()) > 0:
        raise SpecError("The start holds two excitations, battery up and lattice not empty, but ssh keeps one at most.")
    return given


__all__ = ["single_excitation", "ssh"]
