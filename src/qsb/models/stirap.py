r"""`stirap`: one three-level cell charged through its dark state by two pulses in the counter-intuitive order.

.. math::

    H_B = \sum_{k=1}^3 e_k|k\rangle\langle k|,\qquad
    H_{\rm int} = \Delta\,|2\rangle\langle 2| + \Omega_{12}(t)\,(|1\rangle\langle 2| + \text{h.c.})
                  + \Omega_{23}(t)\,(|2\rangle\langle 3| + \text{h.c.})

Both pulses together resonate with the step from 1 to 3. The dark state
:math:`|D\rangle \propto \Omega_{23}|1\rangle - \Omega_{12}|3\rangle` has no part in level 2; with :math:`\Omega_{23}`
first it turns from |1> into |3>, and the energy stays there when the pulses are over: charging is stable where it is
slow. Levels are numbered from 1 as in the papers; operators of the package count from 0.
"""

from __future__ import annotations

from typing import Literal, get_args

import numpy as np
from numpy.typing import ArrayLike

from qsb import checks
from qsb.algebra.opsum import OpSum
from qsb.algebra.space import Group, Level, Space
from qsb.algebra.states import Start, begun
from qsb.algebra.terms import Local
from qsb.charging.battery import Battery
from qsb.charging.envelope import Constant, Envelope, Gaussian, Ramp, SineRamp
from qsb.errors import SpecError

Shape = Literal["linear", "sine", "gaussian", "constant"]

REFERENCE = "arXiv:1906.01364; arXiv:2108.04298"


def stirap(
    *,
    rabi: float,
    duration: float,
    shape: Shape = "sine",
    levels: ArrayLike = (0.0, 1.0, 1.95),
    detuning: float = 0.0,
    delay: float | None = None,
    width: float | None = None,
    start: Start | None = None,
) -> Battery:
    r"""A three-level cell, in the interaction picture of its levels and in the rotating-wave approximation.

    H_B is the energy meter and does not act while the pulses are on: a constant
    :math:`-H_B + \Delta|2\rangle\langle 2|` is added to it. Charge for `duration` (tau), which the pulses belong to
    whatever the envelope of the stage; ramps stay at their ends after tau. The shapes, with :math:`\Omega_0` = `rabi`
    and no factor 1/2:

    ``linear``  :math:`\Omega_{12} = \Omega_0 t/\tau`, :math:`\Omega_{23} = \Omega_0(1 - t/\tau)`;

    ``sine``  :math:`\Omega_{12} = \Omega_0\sin^2\tfrac{\pi t}{2\tau}`,
    :math:`\Omega_{23} = \Omega_0\cos^2\tfrac{\pi t}{2\tau}`;

    ``gaussian``  centres :math:`\tau/2 \pm` `delay`/2, the pulse on 2-3 first, standard deviation `width`;

    ``constant``  both :math:`\Omega_0`: :math:`P_3 = \sin^4(\Omega_0 t/\sqrt2)` at :math:`\Delta = 0`, no dark state.

    Adiabatic where :math:`\Omega_0\tau \gg 1`; the transfer is not monotone in tau.

    Args:
        rabi: :math:`\Omega_0`.
        duration: tau > 0.
        shape: of the pulses.
        levels: :math:`e_1 < e_2 < e_3`.
        detuning: :math:`\Delta` of level 2, with the step from 1 to 3 in resonance.
        delay: of ``gaussian``: between the centres; tau/5 if None. Negative is the intuitive order.
        width: of ``gaussian``; tau/8 if None.
        start: the initial state; |1> if None.

    Returns:
        A `Battery` with one `Level` site in the group ``cells``, an empty V and two drives.

    Raises:
        SpecError: naming the argument, its value and what it may be.

    References:
        Santos et al. 2019, arXiv:1906.01364; Hu et al. 2022, arXiv:2108.04298.
    """
    omega, tau = checks.number("rabi", rabi), checks.number("duration", duration, positive=True)
    checks.one_of("shape", shape, get_args(Shape))
    e = checks.row("levels", levels, least=3)
    if len(e) != 3 or np.any(np.diff(e) <= 0):
        raise SpecError(f"levels must be three numbers that ascend, but they are {levels!r}.")
    if shape != "gaussian" and (delay is not None or width is not None):
        raise SpecError(f"delay and width belong to shape 'gaussian', but the shape is {shape!r}; remove them.")
    first, second = _pulses(shape, tau, delay, width)
    steps = [OpSum(tuple(Local(op, omega) for op in pair)) for pair in (("0|1", "1|0"), ("1|2", "2|1"))]
    meter = OpSum(tuple(Local(f"{k}|{k}", float(v)) for k, v in enumerate(e) if v != 0))
    frame = -1.0 * meter + Local("1|1", checks.number("detuning", detuning))
    return Battery(
        Space((Group("cells", Level(3), 1),)),
        meter,
        OpSum(),
        drives=((frame, Constant()), (steps[0], first), (steps[1], second)),
        start=begun(start),
        name="stirap",
        reference=REFERENCE,
    )


def _pulses(shape: str, tau: float, delay: float | None, width: float | None) -> tuple[Envelope, Envelope]:
    """Envelopes on 1-2 and on 2-3."""
    if shape == "linear":
        return Ramp(0.0, 1.0, tau), Ramp(1.0, 0.0, tau)
    if shape == "sine":
        return SineRamp(0.0, 1.0, tau), SineRamp(1.0, 0.0, tau)
    if shape == "constant":
        return Constant(), Constant()
    apart = tau / 5 if delay is None else checks.number("delay", delay)
    sigma = tau / 8 if width is None else checks.number("width", width, positive=True)
    return Gaussian(tau / 2 + apart / 2, sigma), Gaussian(tau / 2 - apart / 2, sigma)


__all__ = ["stirap"]
