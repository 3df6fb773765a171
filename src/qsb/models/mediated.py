r"""`mediated`: one charger and one battery that exchange quanta; each a two-level system or an oscillator.

.. math::

    H = \omega_b\,h_b + \omega_a\,h_a + f(t)\,g\,(a\,b^\dagger + a^\dagger b),\qquad H_B = \omega_b\,h_b,\quad
    H_C = \omega_a\,h_a

with :math:`h = \sigma^z/2` and the lowering operator :math:`\sigma^-` of a two-level system (``qubit``),
:math:`h = a^\dagger a` and :math:`a` of an oscillator. The charger may be driven, and lose energy
(`mediated_channels`): Farina's battery. Stored energy, ergotropy and their kin are those of the battery alone, the
charger traced out. An oscillator is cut at `cutoff` quanta; each run measures the population of its highest levels, and
``cutoff = "auto"`` raises the cutoff where they spoil the result.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Literal, get_args

import numpy as np

from qsb import checks
from qsb.algebra.opsum import OpSum
from qsb.algebra.space import Boson, Group, Space, Spin
from qsb.algebra.states import ModeStart, Start, begun
from qsb.algebra.terms import Cross, Local, Term
from qsb.charging.battery import Battery
from qsb.charging.envelope import Constant, Envelope
from qsb.charging.environment import Channel, emission, thermal
from qsb.errors import SpecError

SiteWord = Literal["qubit", "oscillator"]
Cutoff = int | Literal["auto"]

REFERENCE = "arXiv:1807.04031; arXiv:1810.10890"

#: doublings of an automatic cutoff beyond its first guess
DOUBLINGS = 6
#: amplitude of a driven oscillator up to which the first guess reaches
FAR = 8.0


def mediated(
    *,
    coupling: float,
    charger: SiteWord = "oscillator",
    battery: SiteWord = "qubit",
    frequency: float = 1.0,
    charger_frequency: float | None = None,
    drive: float = 0.0,
    drive_frequency: float | None = None,
    cutoff: Cutoff = "auto",
    start: Start | None = None,
) -> Battery:
    r"""A battery that a charger fills by exchange of quanta, with or without a drive on the charger.

    .. math:: V = g\,(a\,b^\dagger + a^\dagger b) + F\,(a + a^\dagger)

    hbar = 1. Without a drive the number of quanta is conserved; at resonance, from an empty battery, two qubits give
    :math:`E_B = \omega\sin^2 gt`, a Fock charger of n quanta and a qubit :math:`\omega\sin^2(g\sqrt n\,t)`, and two
    oscillators :math:`\omega\bar n\sin^2 gt` from any charger of mean number :math:`\bar n`. The coupling is the
    rotating-wave one: valid for :math:`g\sqrt{\bar n} \ll \omega_a, \omega_b` near resonance.

    With a drive, everything is written in the frame that rotates at the drive's frequency :math:`\omega_d`, for both
    sites: a constant :math:`-\omega_d(h_a + h_b)` is added while V acts, and the drive
    :math:`F(a\,e^{i\omega_d t} + a^\dagger e^{-i\omega_d t})` becomes :math:`F(a + a^\dagger)`. H_B and H_C stay the
    energies of the laboratory, which the frame does not change. A stage in which V is off leaves the frame: a later
    charge begins with the phase that the drive has in the frame.

    Args:
        coupling: g.
        charger: ``qubit`` or ``oscillator``.
        battery: ``qubit`` or ``oscillator``.
        frequency: :math:`\omega_b > 0`.
        charger_frequency: :math:`\omega_a > 0`; that of the battery, resonance, if None.
        drive: F, of the charger; switched with V.
        drive_frequency: :math:`\omega_d`; the charger's if None. Only with a drive.
        cutoff: highest Fock state of each oscillator that is kept, or ``auto``.
        start: the initial state. If the charger's is not given: one quantum, or the vacuum with a drive. Oscillators
            take ``vacuum``, ``fock``, ``coherent``, ``thermal`` and ``squeezed``; a qubit ``vacuum`` and ``fock``.

    Returns:
        A `Battery` with the groups ``cells`` (the battery's site) and ``charger``.

    Raises:
        SpecError: naming the argument, its value and what it may be.

    References:
        Andolina et al. 2018, arXiv:1807.04031 (closed); Farina et al. 2019, arXiv:1810.10890 (driven, with losses).
    """
    g, force = checks.number("coupling", coupling), checks.number("drive", drive)
    kinds = {
        "cells": checks.one_of("battery", battery, get_args(SiteWord)),
        "charger": checks.one_of("charger", charger, get_args(SiteWord)),
    }
    own = checks.number("frequency", frequency, positive=True)
    other = own if charger_frequency is None else checks.number("charger_frequency", charger_frequency, positive=True)
    if drive_frequency is not None and force == 0:
        raise SpecError(f"drive_frequency = {drive_frequency!r} needs a drive, but drive is 0; give drive, or neither.")
    begin = begun(start)
    if begin.kind != "state" and begin.charger is None:
        begin = replace(begin, charger=ModeStart() if force else ModeStart("fock", quanta=1))
    mode = _mode(cutoff, begin, abs(force / g) if g else FAR if force else 0.0)
    space = Space(
        tuple(
            Group(name, mode if kinds[name] == "oscillator" else Spin(), 1, "battery" if name == "cells" else "charger")
            for name in ("cells", "charger")
        )
    )
    (down_b, up_b), (down_a, up_a) = (_ladder(kinds[name]) for name in ("cells", "charger"))
    terms: list[Term] = [Cross(down_a, "charger", up_b, "cells", g), Cross(up_a, "charger", down_b, "cells", g)]
    drives: tuple[tuple[OpSum, Envelope], ...] = ()
    if force:
        terms.append(Local("x", force, "charger"))
        turning = other if drive_frequency is None else checks.number("drive_frequency", drive_frequency)
        frame = _energy(kinds["cells"], "cells", -turning) + _energy(kinds["charger"], "charger", -turning)
        drives = ((frame, Constant()),)
    return Battery(
        space,
        _energy(kinds["cells"], "cells", own),
        OpSum(tuple(terms)),
        charger=_energy(kinds["charger"], "charger", other),
        drives=drives,
        start=begin,
        name="mediated",
        reference=REFERENCE,
    )


def mediated_channels(loss: float, *, nbar: float = 0.0) -> tuple[Channel, ...]:
    r"""The charger's bath in Farina's battery, :math:`\gamma(\bar n+1)D[a] + \gamma\bar n D[a^\dagger]`.

    Args:
        loss: gamma >= 0: without anything else the charger's quanta decay at this rate (:math:`\sigma^-` for a of a
            qubit).
        nbar: mean number of the bath, 0 at zero temperature.

    Returns:
        Channels for `qsb.Problem`; those of a spec file are written with ``on = "charger"``.
    """
    warm = checks.number("nbar", nbar, least=0.0)
    return (thermal(loss, nbar=warm, on="charger"),) if warm else (emission(loss, on="charger"),)


def _ladder(kind: str) -> tuple[str, str]:
    """Names of the operators that take and give a quantum."""
    return ("-", "+") if kind == "qubit" else ("a", "a+")


def _energy(kind: str, group: str, frequency: float) -> OpSum:
    return OpSum((Local("z", frequency / 2, group) if kind == "qubit" else Local("n", frequency, group),))


def _mode(cutoff: Cutoff, start: Start, ratio: float) -> Boson:
    """An oscillator; at resonance a drive F brings 2 F/g to the battery's amplitude, where `ratio` is |F/g|."""
    if not isinstance(cutoff, str) or cutoff != "auto":
        return Boson(checks.whole("cutoff", cutoff, 1))
    held = (start.charger or ModeStart()).reach
    far = (np.sqrt(held) + min(2 * ratio, FAR)) ** 2
    return Boson(int(far + 6 * np.sqrt(far)) + 8, grows=DOUBLINGS)


__all__ = ["mediated", "mediated_channels"]
