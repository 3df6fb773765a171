r"""Cells that share a bath or a lossy cavity: `dark_state`, `superradiant` and `superabsorption`.

Collective jumps act with the sum over cells, :math:`D[J_-]` with :math:`J_- = \sum_i\sigma^-_i`. What the sum cannot
see is dark: it stays charged for ever beside a bath at zero temperature.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Literal

from qsb import checks
from qsb.algebra.opsum import OpSum
from qsb.algebra.space import Boson, Group, Space, Spin
from qsb.algebra.states import ModeStart, Start, begun
from qsb.algebra.terms import Cross, Local
from qsb.charging.battery import Battery
from qsb.charging.envelope import Constant, Envelope, Gaussian
from qsb.charging.environment import Channel, dephasing, emission, thermal
from qsb.errors import SpecError

Cutoff = int | Literal["auto"]

#: doublings of an automatic cutoff beyond its first guess
DOUBLINGS = 6


def dark_state(cells: int, *, chargers: int = 1, frequency: float = 1.0, start: Start | None = None) -> Battery:
    r"""Batteries and chargers in one common bath, which loads the batteries through a dark state.

    .. math:: H = \tfrac{\omega}{2}\sum_{i\in B}\sigma^z_i + \tfrac{\omega}{2}\sum_{i\in C}\sigma^z_i, \qquad
              \dot\rho = -i[H, \rho] + \gamma D\Big[\sum_{i\in B\cup C}\sigma^-_i\Big]\rho

    V is empty: all charging is by `dark_state_channels`. The chargers start up, the batteries down; the part of the
    state with less than the largest total spin does not reach the ground state. One battery and n chargers end at

    .. math:: E_B = \omega\Big(\frac{n}{n+1}\Big)^2,\qquad W_B = \omega\max\Big(0, 2\Big(\frac{n}{n+1}\Big)^2 - 1\Big).

    Args:
        cells: number of batteries.
        chargers: number n of charger spins.
        frequency: :math:`\omega > 0`, of all.
        start: the initial state; all chargers up beside the ground state if its charger is not given.

    Returns:
        A `Battery` with the groups ``cells`` and ``charger``; without a channel nothing happens.

    Raises:
        SpecError: naming the argument, its value and what it may be.

    References:
        Quach and Munro 2020, arXiv:2002.10044. Valid where all spins are much closer together than the wavelength of
        the bath, and alike.
    """
    n, m, omega = (
        checks.whole("cells", cells, 1),
        checks.whole("chargers", chargers, 1),
        checks.number("frequency", frequency, positive=True),
    )
    begin = begun(start)
    if begin.kind != "state" and begin.charger is None:
        begin = replace(begin, charger=ModeStart("fock", quanta=m))
    return Battery(
        Space((Group("cells", Spin(), n), Group("charger", Spin(), m, "charger"))),
        OpSum((Local("z", omega / 2),)),
        charger=OpSum((Local("z", omega / 2, "charger"),)),
        start=begin,
        name="dark_state",
        reference="arXiv:2002.10044",
    )


def dark_state_channels(rate: float, *, nbar: float = 0.0) -> tuple[Channel, ...]:
    r"""The bath of batteries and chargers, :math:`\gamma(\bar n+1)D[J_-] + \gamma\bar n D[J_+]` with J of all spins.

    Args:
        rate: gamma >= 0.
        nbar: mean number of the bath at the spins' frequency.

    Returns:
        Channels for `qsb.Problem`; in a spec file ``on = "all"`` and ``collective = true``.
    """
    return (_bath(rate, nbar, "all"),)


def superradiant(cells: int, *, frequency: float = 1.0, start: Start | None = None) -> Battery:
    r"""Cells that are charged, or discharged, by a common bath alone.

    .. math:: H_B = \tfrac{\omega}{2}\sum_i\sigma^z_i,\qquad
              \dot\rho = -i[H_B,\rho] + \gamma(\bar n + 1)D[J_-]\rho + \gamma\bar n D[J_+]\rho

    V is empty; the bath is `superradiant_channels`. From all up at :math:`\bar n = 0` the cells fall down Dicke's
    ladder with the rates :math:`\gamma(J+M)(J-M+1)`, J = N/2: the power of the burst grows as :math:`N^2`. From all
    down at :math:`\bar n > 0` they end in a Gibbs state of the N + 1 ladder states, which is not passive for N >= 2,
    since most of the :math:`2^N` levels are empty: two cells end at :math:`W = \omega q^2/(1 + q + q^2)`,
    :math:`q = \bar n/(\bar n+1)`.

    Args:
        cells: N >= 1.
        frequency: :math:`\omega > 0`.
        start: the initial state; all up if None. A spec file says ``state = "up"``, or the ground state is taken.

    Returns:
        A `Battery` with the group ``cells``.

    Raises:
        SpecError: naming the argument, its value and what it may be.

    References:
        Dicke 1954, doi:10.1103/PhysRev.93.99; steady ergotropy in a common bath: arXiv:2005.08489.
    """
    return Battery(
        Space.spins(checks.whole("cells", cells, 1)),
        OpSum((Local("z", checks.number("frequency", frequency, positive=True) / 2),)),
        start=begun(start, "up"),
        name="superradiant",
        reference="doi:10.1103/PhysRev.93.99; arXiv:2005.08489",
    )


def superradiant_channels(rate: float, *, nbar: float = 0.0) -> tuple[Channel, ...]:
    r"""The common bath of the cells, :math:`\gamma(\bar n+1)D[J_-] + \gamma\bar n D[J_+]`.

    Args:
        rate: gamma >= 0.
        nbar: mean number of the bath at the cells' frequency.

    Returns:
        Channels for `qsb.Problem`; in a spec file ``collective = true``.
    """
    return (_bath(rate, nbar, "battery"),)


def superabsorption(
    cells: int,
    *,
    coupling: float,
    pump: float,
    centre: float,
    width: float,
    frequency: float = 1.0,
    cavity: float | None = None,
    pump_frequency: float | None = None,
    cutoff: Cutoff = "auto",
    start: Start | None = None,
) -> Battery:
    r"""Cells in a lossy cavity that a laser pulse fills: the dissipative Tavis-Cummings battery.

    .. math:: H = \omega_c a^\dagger a + \omega_a J_z + g\,(aJ_+ + a^\dagger J_-)
              + \eta\,e^{-(t-t_0)^2/2\sigma^2}(a\,e^{i\omega_L t} + a^\dagger e^{-i\omega_L t})

    written in the frame that rotates at :math:`\omega_L`, where the pump becomes :math:`\eta(t)(a + a^\dagger)` and a
    constant :math:`-\omega_L(a^\dagger a + J_z)` is added while V acts. H_B and H_C stay the energies of the
    laboratory. Losses are `superabsorption_channels`. The pump has its own pulse, in the time of the stage: the
    envelope of the stage switches the coupling alone.

    With photons in proportion to the cells, :math:`\eta\sim\sqrt N`, the energy per cell grows with N as long as
    :math:`g\sqrt N` is slower than the cavity's loss; with one pulse for all N it does not. With loss or dephasing of
    each cell on its own the state leaves the Dicke states, and a density matrix of :math:`2^N(n_{\max}+1)` states is
    needed: a few cells.

    Args:
        cells: N >= 1.
        coupling: g.
        pump: :math:`\eta`, height of the pulse.
        centre: :math:`t_0`.
        width: :math:`\sigma > 0`, standard deviation.
        frequency: :math:`\omega_a > 0`.
        cavity: :math:`\omega_c > 0`; that of the cells if None.
        pump_frequency: :math:`\omega_L`; the cavity's if None.
        cutoff: highest Fock state that is kept, or ``auto``.
        start: the initial state; vacuum and cells down if None.

    Returns:
        A `Battery` with the groups ``cells`` and ``mode``.

    Raises:
        SpecError: naming the argument, its value and what it may be.

    References:
        Quach et al. 2022, arXiv:2012.06026.
    """
    n, g, eta = checks.whole("cells", cells, 1), checks.number("coupling", coupling), checks.number("pump", pump)
    pulse = Gaussian(checks.number("centre", centre), checks.number("width", width, positive=True))
    omega = checks.number("frequency", frequency, positive=True)
    mode = omega if cavity is None else checks.number("cavity", cavity, positive=True)
    laser = mode if pump_frequency is None else checks.number("pump_frequency", pump_frequency)
    begin = begun(start)
    held = (begin.charger or ModeStart()).reach
    # what a whole pulse would leave in a cavity that shares nothing, but no more than the cells' coupling lets in
    area = abs(eta) * pulse.width * 2.51
    far = (held**0.5 + min(area, abs(eta / g) if g else area)) ** 2
    automatic = isinstance(cutoff, str) and cutoff == "auto"
    kind = Boson(int(far + 6 * far**0.5) + 8, DOUBLINGS) if automatic else Boson(checks.whole("cutoff", cutoff, 1))
    frame = OpSum((Local("n", -laser, "mode"), Local("z", -laser / 2)))
    drives: tuple[tuple[OpSum, Envelope], ...] = (
        (frame, Constant()),
        (OpSum((Local("x", eta, "mode"),)), pulse),
    )
    return Battery(
        Space((Group("cells", Spin(), n), Group("mode", kind, 1, "charger"))),
        OpSum((Local("z", omega / 2),)),
        OpSum((Cross("+", "cells", "a", "mode", g), Cross("-", "cells", "a+", "mode", g))),
        charger=OpSum((Local("n", mode, "mode"),)),
        drives=drives,
        start=begin,
        name="superabsorption",
        reference="arXiv:2012.06026",
    )


def superabsorption_channels(
    cavity_loss: float, *, cell_loss: float = 0.0, cell_dephasing: float = 0.0, collective: bool = False
) -> tuple[Channel, ...]:
    r"""Losses of the cavity battery, :math:`\kappa D[a] + \sum_i(\gamma D[\sigma^-_i] + \gamma_z D[\sigma^z_i])`.

    Args:
        cavity_loss: kappa >= 0.
        cell_loss: gamma >= 0, of each cell.
        cell_dephasing: :math:`\gamma_z \ge 0`, of each cell: coherence decays at twice this rate.
        collective: the cells' jumps with their sums, :math:`D[J_-]` and :math:`D[2J_z]`, which stay in N + 1 states.

    Returns:
        Channels for `qsb.Problem`.
    """
    given = (
        (cavity_loss, emission(cavity_loss, on="charger")),
        (cell_loss, emission(cell_loss, collective=collective)),
        (cell_dephasing, dephasing(cell_dephasing, collective=collective)),
    )
    return tuple(channel for rate, channel in given if rate)


def _bath(rate: float, nbar: float, on: str) -> Channel:
    if checks.number("nbar", nbar) < 0:
        raise SpecError(f"nbar must not be negative, but it is {nbar!r}.")
    if nbar:
        return thermal(rate, nbar=nbar, on=on, collective=True)
    return emission(rate, on=on, collective=True)


__all__ = [
    "dark_state",
    "dark_state_channels",
    "superabsorption",
    "superabsorption_channels",
    "superradiant",
    "superradiant_channels",
]
