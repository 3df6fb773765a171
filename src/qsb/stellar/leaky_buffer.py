r"""Buffers with the losses of a store, under random flares: how large they must be to keep a bus at a cap.

What the collector gives above the cap goes in; what fits below it is drawn, and less of that arrives if the way out
loses some. With work alone in the store, :math:`\dot E = I - \gamma(E)E` or :math:`I/\eta_\mathrm{out} - \gamma(E)E`
below zero (`qsb.stellar.kernels.leak`). Whatever leaks need not be stored: a buffer without losses,
`qsb.stellar.flare_ensemble.size_buffers`, is the larger one.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

from qsb import checks
from qsb.errors import SpecError
from qsb.stellar.constants import YEAR
from qsb.stellar.flare_ensemble import Ensemble, Streams, _exponential, _gathered, _kinds, _run, _surge
from qsb.stellar.flare_process import FlareProcess
from qsb.stellar.history import weakest
from qsb.stellar.loss import Step
from qsb.stellar.si import si
from qsb.stellar.status import Status
from qsb.stellar.store import Store

__all__ = ["laws_of", "size_leaky_buffers"]


def laws_of(store: Store, push: float) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """What the kernel takes of a store: its law where the buffer fills, and where it empties.

    Args:
        store: without passive energy: all of the inflow is work, and no work becomes passive. Its capacity plays no
            part, for that is what is looked for; nor does a second loss, for there is no energy that has it.
        push: quiet input less the cap, W; negative.

    Raises:
        SpecError: passive energy, or an avalanche law other than Step.
    """
    checks.made_of("store", store, Store, "a Store: Store(Loss(baseline=1e-8)) makes one")
    law = store.loss.avalanche
    if law is not None and not isinstance(law, Step):
        raise SpecError(
            f"a buffer with losses knows the avalanche law Step or none, but the store has {type(law).__name__}; "
            "follow single histories with qsb.stellar.history.simulate, or size a buffer without losses."
        )
    for name, value, wanted in (("eta_in", store.eta_in, 1.0), ("dephasing", store.dephasing, 0.0)):
        if value != wanted:
            raise SpecError(
                f"{name} of the store is {value:g}, so passive energy gathers in the buffer, which no load draws and "
                f"which has an equation of its own; give {wanted:g}, or size a buffer without losses."
            )
    threshold, extra = (math.inf, 0.0) if law is None or law.rate == 0.0 else (law.threshold, law.rate)
    rest = [store.loss.held, threshold, extra, math.inf]
    return np.array([push, *rest]), np.array([push / store.eta_out, *rest])


def size_leaky_buffers(
    store: Store,
    process: FlareProcess,
    cap: float,
    members: int,
    *,
    seed: int,
    years: float = 1.0,
    quiescent: Any = 1.0,
    threads: int | None = None,
) -> Ensemble:
    """Follow buffers that leak as a store does and keep a bus at a cap through years of flares.

    The `peak` of a member is the energy that its buffer must hold, its `largest` the largest of its flares on the
    collector, both in J. `unmet` is the room below the cap that nothing fills; it and `offered` count what is to be
    drawn, before the conversion on the way out. The flares are those of `size_buffers` with the same seed.

    Args:
        store: its loss, and its efficiency on the way out; see `laws_of`.
        process: of the flares, exponential pulses.
        cap: in units of the quiescent power, above 1.
        members: how many.
        seed: of the streams, a whole number.
        years: Julian years of each member.
        quiescent: power that the collector gives in quiet light, W; a threshold of the store in J belongs to it.
        threads: to use; all cores of this process by default.

    Raises:
        SpecError: a store or flares that the kernel does not know, a cap at or below 1, a power that is not positive.
        ConvergenceError: a member whose energies do not balance.
    """
    _exponential(process)
    value = checks.number("cap", cap, positive=True)
    if value <= 1:
        raise SpecError(f"cap must be above 1, the quiescent power itself, but it is {value:g}.")
    power = si("quiescent", quiescent, "W", positive=True)
    scale = power / process.luminosity
    fill, empty = laws_of(store, (1 - value) * power)
    kinds, span = _kinds(process, scale), checks.number("years", years, positive=True) * YEAR
    from qsb.stellar.kernels import leak

    def block(streams: Streams, part: NDArray[np.float64]) -> None:
        leak.leaky_buffers(streams[0], part, fill, empty, kinds, span)

    rows = _run(block, checks.whole("members", members, 1), seed, threads)
    status = max(process.status, weakest(store), key=list(Status).index)
    return _gathered(rows, _surge(rows, process, scale), 0.0, span / YEAR, seed, status)
