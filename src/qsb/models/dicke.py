r"""Cells that share one cavity mode: the Dicke, Tavis-Cummings and two-photon batteries.

.. math::

    H = \omega_a J_z + \omega_c a^\dagger a + f(t)\,V,\qquad
    H_B = \omega_a J_z = \sum_i \tfrac{\omega_a}{2}\sigma^z_i

The mode is the charger: it holds the energy at the start, and the cells are filled through V. One cell in a
Tavis-Cummings coupling is the Jaynes-Cummings model. Stored energy, ergotropy and their kin are those of the cells
alone: the mode is traced out, and all :math:`2^N` levels of the cells count.

The mode is cut at `cutoff` quanta. Each run measures the population of its highest levels and refuses a result that
they spoil; ``cutoff = "auto"`` raises the cutoff until they do not.
"""

from __future__ import annotations

from dataclasses import replace
from difflib import get_close_matches
from numbers import Integral
from typing import Literal, get_args

import numpy as np

from qsb import checks
from qsb.algebra.opsum import OpSum
from qsb.algebra.space import MOST_SITES, Boson, Group, Role, Space, Spin
from qsb.algebra.states import ModeStart, Start, begun
from qsb.algebra.terms import Cross, Local, Pair, Term
from qsb.charging.battery import Battery
from qsb.errors import SpecError

CouplingNormalisation = Literal["none", "sqrt"]
Cutoff = int | Literal["auto"]

#: of an automatic cutoff, beyond its first guess
DOUBLINGS = 6


def dicke(
    cells: int,
    *,
    coupling: float,
    cutoff: Cutoff = "auto",
    frequency: float = 1.0,
    cavity: float = 1.0,
    normalisation: CouplingNormalisation = "none",
    start: Start | None = None,
) -> Battery:
    r"""N cells in a cavity with both rotating and counter-rotating terms.

    .. math:: V = g\,(a + a^\dagger)\sum_i\sigma^x_i = g\,(a+a^\dagger)(J_+ + J_-) = 2g\,J_x(a+a^\dagger)

    Ferraro et al. write the same V as :math:`2\omega_c\lambda J_x(a+a^\dagger)`, so g is their
    :math:`\omega_c\lambda`. The parity of excitations is conserved; the superradiant transition is at
    :math:`g\sqrt N = \sqrt{\omega_a\omega_c}/2`. There is no :math:`A^2` term.

    Args:
        cells: N >= 1.
        coupling: g, of one cell and the mode.
        cutoff: highest Fock state that is kept, or ``auto``. Above the transition some (sqrt(N) + 2 g N)^2 quanta are
            reached from N, far more than N.
        frequency: :math:`\omega_a > 0`, of the cells.
        cavity: :math:`\omega_c`, of the mode.
        normalisation: ``none`` g, or ``sqrt`` :math:`g/\sqrt N`, which keeps :math:`\|V\|` extensive.
        start: the initial state; N quanta and all cells down if None, as in the paper.

    Returns:
        A `Battery` with the groups ``cells`` and ``mode``.

    Raises:
        SpecError: naming the argument, its value and what it may be.

    References:
        Ferraro et al. 2018, arXiv:1707.04930. With ``normalisation = "none"`` the average power grows as
        :math:`N^{3/2}` because :math:`\|V\|` does; with ``sqrt`` it grows as N.
    """
    g = _strength(coupling, cells, normalisation)
    v = (Cross("x", "cells", "x", "mode", g),)
    return _in_a_cavity("dicke", "arXiv:1707.04930", cells, v, cutoff, frequency, cavity, start, reach=abs(g))


def tavis_cummings(
    cells: int,
    *,
    coupling: float,
    cutoff: Cutoff = "auto",
    frequency: float = 1.0,
    cavity: float = 1.0,
    normalisation: CouplingNormalisation = "none",
    start: Start | None = None,
) -> Battery:
    r"""N cells in a cavity in the rotating-wave approximation; one cell is the Jaynes-Cummings model.

    .. math:: V = g\,(a J_+ + a^\dagger J_-)

    The number of excitations :math:`a^\dagger a + J_z` is conserved, so that n quanta and empty cells reach at most
    N + 1 states, and a cutoff of n is exact. Valid for :math:`g\sqrt{\bar n} \ll \omega_a, \omega_c` near resonance.

    Args:
        cells: N >= 1.
        coupling: g, of one cell and the mode.
        cutoff: highest Fock state that is kept, or ``auto``.
        frequency: :math:`\omega_a > 0`, of the cells.
        cavity: :math:`\omega_c`, of the mode.
        normalisation: ``none`` g, or ``sqrt`` :math:`g/\sqrt N`.
        start: the initial state; N quanta and all cells down if None.

    Returns:
        A `Battery` with the groups ``cells`` and ``mode``.

    Raises:
        SpecError: naming the argument, its value and what it may be.

    References:
        Andolina et al. 2019, arXiv:1807.08656; one cell: Andolina et al. 2018, arXiv:1807.04031.
    """
    g = _strength(coupling, cells, normalisation)
    v = (Cross("+", "cells", "a", "mode", g), Cross("-", "cells", "a+", "mode", g))
    return _in_a_cavity("tavis_cummings", "arXiv:1807.08656", cells, v, cutoff, frequency, cavity, start)


def two_photon_dicke(
    cells: int,
    *,
    coupling: float,
    cutoff: Cutoff = "auto",
    frequency: float = 1.0,
    cavity: float = 0.5,
    rotating_wave: bool = False,
    normalisation: CouplingNormalisation = "none",
    start: Start | None = None,
) -> Battery:
    r"""N cells that take two quanta of the cavity each.

    .. math:: V = g\,(a + a^\dagger)^2(J_+ + J_-), \qquad
              \text{or with `rotating\_wave`}\quad V = g\,(a^2 J_+ + a^{\dagger 2}J_-)

    The full form holds :math:`2a^\dagger a + 1` as well. Its spectrum collapses where :math:`2 g N` reaches
    :math:`\omega_c/2` (at :math:`\langle\sigma^x\rangle = 1`): no cutoff converges beyond.

    Args:
        cells: N >= 1.
        coupling: g, of one cell and the mode.
        cutoff: highest Fock state that is kept, or ``auto``.
        frequency: :math:`\omega_a > 0`, of the cells.
        cavity: :math:`\omega_c`, of the mode; half of `frequency` is the two-photon resonance.
        rotating_wave: drop the counter-rotating terms.
        normalisation: ``none`` g, or ``sqrt`` :math:`g/\sqrt N`.
        start: the initial state; 2N quanta and all cells down if None: as much energy as the cells can take.

    Returns:
        A `Battery` with the groups ``cells`` and ``mode``.

    Raises:
        SpecError: naming the argument, its value and what it may be.

    References:
        Crescente et al. 2020, arXiv:2009.09791.
    """
    g = _strength(coupling, cells, normalisation)
    if checks.flag("rotating_wave", rotating_wave):
        v: tuple[Term, ...] = (Cross("+", "cells", "aa", "mode", g), Cross("-", "cells", "a+a+", "mode", g))
    else:
        v = (Cross("x", "cells", "xx", "mode", g),)
        _stable(2 * abs(g) * _count("cells", cells), abs(_number("cavity", cavity)) / 2, cutoff)
    return _in_a_cavity("two_photon_dicke", "arXiv:2009.09791", cells, v, cutoff, frequency, cavity, start, quanta=2)


def extended_dicke(
    cells: int,
    *,
    coupling: float,
    exchange: float,
    axis: Literal["x", "y", "z"] = "z",
    role: Role = "charger",
    cutoff: Cutoff = "auto",
    frequency: float = 1.0,
    cavity: float = 1.0,
    normalisation: CouplingNormalisation = "none",
    start: Start | None = None,
) -> Battery:
    r"""A Dicke battery whose cells interact with each other as well.

    .. math::
        V = g\,(a+a^\dagger)\sum_i\sigma^x_i + X,\qquad
        X = \frac{\eta}{N}\left(J_a^2 - \frac N4\right) = \frac{\eta}{2N}\sum_{i<j}\sigma^a_i\sigma^a_j

    The number N/4 that :math:`J_a^2` holds beside the pairs is left out, so one cell has no X.

    Args:
        cells: N >= 1.
        coupling: g, of one cell and the mode, as in `dicke`.
        exchange: :math:`\eta`, of the cells among each other.
        axis: a.
        role: ``charger``: X is part of V, switched with it; ``battery``: X is part of :math:`H_B` and stores energy.
        cutoff: highest Fock state that is kept, or ``auto``.
        frequency: :math:`\omega_a > 0`, of the cells.
        cavity: :math:`\omega_c`, of the mode.
        normalisation: of g: ``none``, or ``sqrt`` :math:`g/\sqrt N`.
        start: the initial state; N quanta and the ground state of :math:`H_B` if None.

    Returns:
        A `Battery` with the groups ``cells`` and ``mode``.

    Raises:
        SpecError: naming the argument, its value and what it may be.

    References:
        Dou et al. 2022, doi:10.1103/PhysRevB.105.115405. From memory, not verified: that :math:`\eta J_z^2/N` is its
        interaction, with the charger, and an exponent of about 1.6.
    """
    g, eta = _strength(coupling, cells, normalisation), _number("exchange", exchange)
    checks.one_of("axis", axis, ("x", "y", "z"))
    checks.one_of("role", role, get_args(Role))
    count = _count("cells", cells)
    pairs = OpSum((Pair(axis, axis, eta / (2 * count), "all"),) if count > 1 else ())
    v = (Cross("x", "cells", "x", "mode", g),)
    reference = "doi:10.1103/PhysRevB.105.115405"
    made = _in_a_cavity("extended_dicke", reference, cells, v, cutoff, frequency, cavity, start, reach=abs(g))
    if role == "battery":
        return replace(made, battery=made.battery + pairs)
    return replace(made, interaction=made.interaction + pairs)


def _in_a_cavity(
    name: str,
    reference: str,
    cells: int,
    coupling: tuple[Term, ...],
    cutoff: Cutoff,
    frequency: float,
    cavity: float,
    start: Start | None,
    *,
    quanta: int = 1,
    reach: float = 0.0,
) -> Battery:
    """Assemble the battery; `quanta` a cell at the start, `reach` the coupling that adds to them."""
    count = _count("cells", cells)
    gap, mode = _number("frequency", frequency), _number("cavity", cavity)
    if gap <= 0:
        raise SpecError(f"frequency must be positive, but it is {frequency!r}.")
    begin = begun(start)
    if begin.kind != "state" and begin.charger is None:
        begin = replace(begin, charger=ModeStart("fock", quanta=quanta * count))
    kind = (
        Boson(_guess(begin, count, reach), grows=DOUBLINGS)
        if isinstance(cutoff, str) and cutoff == "auto"
        else Boson(_count("cutoff", cutoff))
    )
    space = Space((Group("cells", Spin(), count), Group("mode", kind, 1, "charger")))
    return Battery(
        space,
        OpSum((Local("z", gap / 2),)),
        OpSum(coupling),
        charger=OpSum((Local("n", mode, "mode"),)),
        start=begin,
        name=name,
        reference=reference,
    )


def _stable(pull: float, stiffness: float, cutoff: Cutoff) -> None:
    """Refuse to look for a cutoff where the spectrum has collapsed; `pull` is 2 g N, `stiffness` half of omega_c."""
    if isinstance(cutoff, str) and cutoff == "auto" and pull >= stiffness:
        raise SpecError(
            f"The spectrum of two_photon_dicke has collapsed: 2 |g| N = {pull:.6g} reaches omega_c/2 = "
            f"{stiffness:.6g}, so that the mode has no lowest energy and cutoff = 'auto' would find no cutoff that "
            "converges. Lower the coupling or the number of cells, raise cavity, take rotating_wave = True, or give a "
            "cutoff, which a short run may get by with."
        )


def _guess(start: Start, count: int, reach: float) -> int:
    """A first cutoff: what the start holds, and the classical displacement of a mode that is pushed by all cells."""
    mode = start.charger or ModeStart()
    # numbers are at most 1e60 and Fock states exact integers: both stay far from the ends of floats here
    far = (np.sqrt(min(mode.reach, 1e120)) + min(reach * count, np.sqrt(float(count)))) ** 2
    return int(far + 6 * np.sqrt(far)) + 12


def _strength(value: float, cells: int, normalisation: str) -> float:
    if not isinstance(normalisation, str) or normalisation not in get_args(CouplingNormalisation):
        near = get_close_matches(str(normalisation), get_args(CouplingNormalisation), n=1, cutoff=0.5)
        advice = f", did you mean {near[0]!r}?" if near else ";"
        raise SpecError(f"normalisation is {normalisation!r}{advice} It must be one of none, sqrt.")
    g = _number("coupling", value)
    return g / float(np.sqrt(float(_count("cells", cells)))) if normalisation == "sqrt" else g


def _count(name: str, value: object) -> int:
    if isinstance(value, bool) or not isinstance(value, Integral) or int(value) < 1:
        words = " or 'auto'" if name == "cutoff" else ""
        raise SpecError(f"{name} must be a positive whole number{words}, but it is {value!r}.")
    if int(value) > MOST_SITES and name == "cells":
        raise SpecError(f"cells is beyond 2^53 = {MOST_SITES}, which floating-point numbers count exactly; take fewer.")
    return int(value)


def _number(name: str, value: object) -> float:
    return checks.number(name, value)


__all__ = ["dicke", "extended_dicke", "tavis_cummings", "two_photon_dicke"]
