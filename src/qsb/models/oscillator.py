r"""`oscillator`: batteries of harmonic modes, displaced, squeezed, coupled, or filled by oscillators beside them.

.. math::

    H_B &= \sum_k\omega_k\,a_k^\dagger a_k,\qquad H_C = \omega_c\sum_j c_j^\dagger c_j \\
    V &= \sum_k\big[F(a_k + a_k^\dagger) + \tfrac12(\chi\,a_k^{\dagger2} + \chi^*a_k^2)\big]
         + \sum_{(k,l)}\big[J(a_k^\dagger a_l + a_k a_l^\dagger) + K(a_k^\dagger a_l^\dagger + a_k a_l)\big] \\
      &\quad + g\sum_{jk}(c_j a_k^\dagger + c_j^\dagger a_k) + E\sum_j(c_j + c_j^\dagger)

Everything is quadratic: from vacua, coherent, thermal and squeezed starts the state stays Gaussian, and is exact at any
energy and for any number of modes.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal, get_args

import numpy as np
from numpy.typing import ArrayLike

from qsb import checks
from qsb.algebra.opsum import OpSum
from qsb.algebra.space import Boson, Group, Space
from qsb.algebra.states import ModeStart, Start, begun
from qsb.algebra.terms import Cross, Local, Pair, Strength, Term
from qsb.charging.battery import Battery
from qsb.charging.envelope import Constant, Envelope
from qsb.errors import SpecError

Bonds = Literal["chain", "ring", "all"]

REFERENCE = "arXiv:1708.00749; arXiv:1810.10890"


def oscillator(
    modes: int = 1,
    *,
    frequency: float | ArrayLike = 1.0,
    drive: float = 0.0,
    squeezing: float | Sequence[float] = 0.0,
    hopping: float = 0.0,
    pairing: float = 0.0,
    geometry: Bonds = "chain",
    chargers: int = 0,
    charger_frequency: float | None = None,
    coupling: float = 0.0,
    charger_drive: float = 0.0,
    frame: float = 0.0,
    cutoff: int | None = None,
    start: Start | None = None,
) -> Battery:
    r"""M harmonic modes as a battery, with or without oscillators as their charger.

    hbar = 1. With ``battery = false`` in a stage, H_B is off and V alone acts: after a time t the drive has displaced
    each mode by :math:`\alpha = -iFt`, the squeezing has squeezed it by :math:`r = |\chi|t`. From a thermal state of
    mean number :math:`\bar n` a displacement gives :math:`\Delta E = \omega|\alpha|^2` and
    :math:`\mathrm{Var} = \omega^2[\bar n(\bar n+1) + |\alpha|^2(2\bar n+1)]`, squeezing
    :math:`\Delta E = \omega(2\bar n+1)\sinh^2 r` and :math:`\mathrm{Var} = \omega^2[(2\bar n+1)^2\cosh 4r - 1]/4`. A
    charger at resonance gives :math:`E = \omega\bar n\sin^2 gt`, all of it work from a coherent start. A driven charger
    with losses, in the frame of the drive at resonance, ends at :math:`E = W = \omega(E_d/g)^2`.

    Args:
        modes: M >= 1, of the battery.
        frequency: :math:`\omega_k > 0`, one number or M.
        drive: F, of every battery mode.
        squeezing: :math:`\chi`, of every battery mode; one number, or its real and imaginary part.
        hopping: J, the beam splitter between battery modes.
        pairing: K, the two-mode squeezer between them.
        geometry: ``chain``, ``ring`` or ``all`` pairs, of both.
        chargers: number of charger modes, alike; 0 for none.
        charger_frequency: :math:`\omega_c > 0`; the battery's first one if None.
        coupling: g, of every charger mode with every battery mode.
        charger_drive: E, of every charger mode.
        frame: :math:`\omega_d`, of the rotating frame in which V is written as above: while V acts,
            :math:`-\omega_d` times all quanta is added. H_B and H_C stay the energies of the laboratory. 0 for none.
        cutoff: highest Fock state, where a truncated representation is to be used; None for no truncation at all.
        start: the initial state: ``ground`` or ``thermal`` of the battery, and the charger's. If the charger's is not
            given it is the vacuum.

    Returns:
        A `Battery` with the group ``cells`` of modes, and ``charger`` where there is one.

    Raises:
        SpecError: naming the argument, its value and what it may be.

    References:
        Friis and Huber 2018, arXiv:1708.00749 (Gaussian charging); Farina et al. 2019, arXiv:1810.10890 (driven
        charger). Valid as written: V is static in its frame, counter-rotating terms are those that are written.
    """
    m, beside = checks.whole("modes", modes, 1), _chargers(chargers)
    own = _frequencies(frequency, m)
    bonds: Bonds = checks.one_of("geometry", geometry, get_args(Bonds))  # type: ignore[assignment]
    given = {
        "charger_frequency": charger_frequency is not None,
        "coupling": checks.number("coupling", coupling) != 0,
        "charger_drive": checks.number("charger_drive", charger_drive) != 0,
    }
    if not beside and any(given.values()):
        name = next(k for k, v in given.items() if v)
        raise SpecError(f"{name} needs charger modes, but chargers is 0; give chargers, or leave {name} out.")
    kind = Boson() if cutoff is None else Boson(checks.whole("cutoff", cutoff, 1))
    groups = [Group("cells", kind, m)] + ([Group("charger", kind, beside, "charger")] if beside else [])
    terms = _battery_terms(m, drive, squeezing, hopping, pairing, bonds)
    if coupling:
        terms += [Cross("a", "charger", "a+", "cells", coupling), Cross("a+", "charger", "a", "cells", coupling)]
    if charger_drive:
        terms.append(Local("x", charger_drive, "charger"))
    other = float(np.ravel(own)[0])
    if charger_frequency is not None:
        other = checks.number("charger_frequency", charger_frequency, positive=True)
    turning = checks.number("frame", frame)
    turned = OpSum(tuple(Local("n", -turning, g.name) for g in groups))
    drives: tuple[tuple[OpSum, Envelope], ...] = ((turned, Constant()),) if turning else ()
    return Battery(
        Space(tuple(groups)),
        OpSum((Local("n", own),)),
        OpSum(tuple(terms)),
        charger=OpSum((Local("n", other, "charger"),)) if beside else OpSum(),
        drives=drives,
        start=_begin(start, beside),
        name="oscillator",
        reference=REFERENCE,
    )


def _chargers(value: int) -> int:
    return checks.whole("chargers", value)


def _begin(start: Start | None, chargers: int) -> Start:
    begin = begun(start)
    if chargers and begin.kind != "state" and begin.charger is None:
        return Start(begin.kind, begin.temperature, begin.bloch, charger=ModeStart())
    return begin


def _frequencies(value: float | ArrayLike, modes: int) -> Strength:
    each = checks.numbers("frequency", value)
    if each.ndim == 0:
        return checks.number("frequency", value, positive=True)
    each = checks.row("frequency", value)
    if len(each) != modes or np.any(each <= 0):
        raise SpecError(f"frequency must be one positive number or {modes} (one a mode), but it is {value!r}.")
    return each


def _battery_terms(
    modes: int,
    drive: float,
    squeezing: float | Sequence[float],
    hopping: float,
    pairing: float,
    bonds: Bonds,
) -> list[Term]:
    f, j, k = checks.number("drive", drive), checks.number("hopping", hopping), checks.number("pairing", pairing)
    parts = np.atleast_1d(checks.numbers("squeezing, one number or [real, imaginary],", squeezing))
    if parts.ndim != 1 or not 1 <= len(parts) <= 2:
        raise SpecError(f"squeezing must be one number or [real, imaginary], but it is {squeezing!r}.")
    chi = complex(*parts)
    terms: list[Term] = [Local("x", f)] if f else []
    if chi:
        terms += [Local("a+a+", chi / 2), Local("aa", chi.conjugate() / 2)]
    if modes > 1 and j:
        terms += [Pair("a+", "a", j, bonds), Pair("a", "a+", j, bonds)]
    if modes > 1 and k:
        terms += [Pair("a+", "a+", k, bonds), Pair("a", "a", k, bonds)]
    return terms


__all__ = ["oscillator"]
