r"""Spins in a star: the `central_spin` battery in a bath of spins, and the NMR `star` of one battery and n chargers.

.. math::

    H = \omega_b S_z + \omega_a J_z + A\,(S_+J_- + S_-J_+) + A_z S_z J_z

with :math:`S = \sum\sigma/2` of the battery's spins and J of the chargers'. Every battery spin meets every charger spin
alike, so that N + 1 times n + 1 states carry everything from a symmetric start.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from qsb import checks
from qsb.algebra.opsum import OpSum
from qsb.algebra.space import Group, Space, Spin
from qsb.algebra.states import ModeStart, Start, begun
from qsb.algebra.terms import Cross, Local, Term
from qsb.charging.battery import Battery
from qsb.errors import SpecError


def central_spin(
    cells: int,
    *,
    chargers: int,
    coupling: float,
    frequency: float = 1.0,
    charger_frequency: float | None = None,
    longitudinal: float = 0.0,
    quanta: int | None = None,
    start: Start | None = None,
) -> Battery:
    r"""Central spins that a bath of spins charges by flip-flops.

    .. math:: H_B = \omega_b S_z,\quad H_C = \omega_a J_z,\quad V = A\,(S_+J_- + S_-J_+) + A_z S_z J_z

    hbar = 1. :math:`S_z + J_z` is conserved. At resonance with :math:`A_z = 0` one battery spin beside the Dicke state
    with q of n charger spins up gives :math:`E = \omega\sin^2(A\sqrt{q(n - q + 1)}\,t)`: the largest average power is
    :math:`0.72461\,\omega A\sqrt n` for one quantum, and for a fully polarised bath.

    Args:
        cells: N_B, of the battery.
        chargers: n, of the bath.
        coupling: A.
        frequency: :math:`\omega_b > 0` (B of Peng et al.).
        charger_frequency: :math:`\omega_a`; that of the battery, resonance, if None.
        longitudinal: :math:`A_z`; A_z = 2A is the isotropic coupling :math:`2A\,S\cdot J`.
        quanta: charger spins that are up at the start, in their Dicke state; all if None.
        start: the initial state; its charger takes the place of `quanta`.

    Returns:
        A `Battery` with the groups ``cells`` and ``charger``.

    Raises:
        SpecError: naming the argument, its value and what it may be.

    References:
        Peng et al. 2021, arXiv:2103.07828. Valid for couplings of one strength.
    """
    m = checks.whole("chargers", chargers, 1)
    up = m if quanta is None else checks.whole("quanta", quanta, 0)
    if up > m:
        raise SpecError(f"quanta must be {m} at most, the number of chargers, but it is {quanta!r}.")
    begin = begun(start)
    if begin.kind in ("ground", "thermal") and begin.charger is None:
        begin = replace(begin, charger=ModeStart("fock", quanta=up))
    elif quanta is not None:
        raise SpecError(f"quanta = {quanta!r} and a start that says how the charger begins exclude each other.")
    own = checks.number("frequency", frequency, positive=True)
    other = own if charger_frequency is None else checks.number("charger_frequency", charger_frequency)
    a, z = checks.number("coupling", coupling), checks.number("longitudinal", longitudinal)
    return _star("central_spin", "arXiv:2103.07828", checks.whole("cells", cells, 1), m, a, z, own, other, begin)


def star(
    chargers: int,
    *,
    coupling: float,
    frequency: float = 1.0,
    charger_frequency: float | None = None,
    polarisation: float = 1.0,
    battery_polarisation: float = -1.0,
    start: Start | None = None,
) -> Battery:
    r"""One battery spin amid n charger spins, as in NMR molecules with a star topology.

    .. math:: V = J\sum_{i=1}^n (S_xI^i_x + S_yI^i_y) = \tfrac J2\sum_i(S_+I^i_- + S_-I^i_+)

    hbar = 1, spins 1/2: :math:`S = \sigma/2`; J is an angular frequency, :math:`2\pi` times the one in hertz. At
    resonance, with chargers up and the battery down, :math:`E = \omega\sin^2(\tfrac J2\sqrt n\,t)`: charging is
    :math:`\sqrt n` times as fast as with one charger. Chargers of polarisation p, each spin on its own, are a mixture
    over total spins j and numbers m of weight :math:`d_j\,(\tfrac{1+p}2)^{n/2+m}(\tfrac{1-p}2)^{n/2-m}`, each with the
    frequency :math:`\tfrac J2\sqrt{j(j+1) - m(m-1)}`: charging that is damped and asymptotic. Such a mixture is
    solved as a density matrix of :math:`2^{n+1}` states.

    Args:
        chargers: n >= 1.
        coupling: J.
        frequency: :math:`\omega_b > 0`.
        charger_frequency: :math:`\omega_a`; that of the battery if None: heteronuclear spins are brought to resonance
            by their pulses.
        polarisation: :math:`\langle\sigma^z\rangle` of each charger spin, in [-1, 1].
        battery_polarisation: the same of the battery spin.
        start: another initial state; polarisations must be left out then.

    Returns:
        A `Battery` with the groups ``cells`` (one spin) and ``charger``.

    Raises:
        SpecError: naming the argument, its value and what it may be.

    References:
        Joshi and Mahesh 2022, arXiv:2112.15437.
    """
    n, p, b = (
        checks.whole("chargers", chargers, 1),
        checks.number("polarisation", polarisation),
        checks.number("battery_polarisation", battery_polarisation),
    )
    for name, value in (("polarisation", p), ("battery_polarisation", b)):
        if abs(value) > 1:
            raise SpecError(f"{name} must lie in [-1, 1], but it is {value!r}.")
    begin = begun(start)
    if begin.kind == "ground" and begin.charger is None:
        begin = _polarised(n, p, b)
    elif (p, b) != (1.0, -1.0):
        raise SpecError("polarisations and a start of its own exclude each other; leave out one of them.")
    own = checks.number("frequency", frequency, positive=True)
    other = own if charger_frequency is None else checks.number("charger_frequency", charger_frequency)
    half = checks.number("coupling", coupling) / 2
    return _star("star", "arXiv:2112.15437", 1, n, half, 0.0, own, other, begin)


def _polarised(n: int, chargers: float, battery: float) -> Start:
    """Every spin polarised on its own; symmetric where that is pure."""
    if battery == -1.0 and abs(chargers) == 1.0:
        return Start("ground", charger=ModeStart("fock", quanta=n if chargers > 0 else 0))
    bloch = np.zeros((n + 1, 3))
    bloch[:, 2] = [battery, *([chargers] * n)]
    return Start("product", bloch=bloch)


def _star(
    name: str, reference: str, n: int, m: int, a: float, z: float, own: float, other: float, start: Start
) -> Battery:
    terms: list[Term] = [Cross("+", "cells", "-", "charger", a), Cross("-", "cells", "+", "charger", a)]
    if z:
        terms.append(Cross("z", "cells", "z", "charger", z / 4))
    return Battery(
        Space((Group("cells", Spin(), n), Group("charger", Spin(), m, "charger"))),
        OpSum((Local("z", own / 2),)),
        OpSum(tuple(terms)),
        charger=OpSum((Local("z", other / 2, "charger"),)),
        start=start,
        name=name,
        reference=reference,
    )


__all__ = ["central_spin", "star"]
