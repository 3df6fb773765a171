r"""A store of energy whose usable part has a ledger of its own: what it is made of, and the state it is in.

The stored energy is work W, which a load can draw, and passive energy Q, which it cannot; :math:`E = W + Q` and

.. math::
    \dot W = \eta_\mathrm{in}P - P_\mathrm{out}/\eta_\mathrm{out} - (g_r(E) + \gamma_\varphi)W,\qquad
    \dot Q = (1 - \eta_\mathrm{in})P + \gamma_\varphi W - g_Q(E)Q,

with the rates of loss :math:`g_r, g_Q` of `qsb.stellar.loss`, a capacity for E, and a load that gets what W can give.
The rates may differ in their baseline and in thermal activation; an avalanche takes both parts in proportion. W, which
is what the quantum half calls ergotropy, is never above E by construction.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, ClassVar

from qsb import checks
from qsb.datasheet import Datasheet
from qsb.errors import SpecError
from qsb.stellar.loss import Loss
from qsb.stellar.si import si
from qsb.stellar.status import Status

__all__ = ["State", "Store"]


@dataclass(frozen=True)
class Store:
    r"""What holds the energy.

    Attributes:
        loss: how it leaks, work and passive energy alike unless `passive_loss` says otherwise.
        capacity: largest stored energy, J; None for no limit.
        eta_in: share of the inflow that arrives as work, above 0 and at most 1; the rest arrives as passive energy.
        eta_out: share of the drawn work that reaches the load, above 0 and at most 1.
        dephasing: rate :math:`\gamma_\varphi` at which work becomes passive energy, 1/s.
        passive_loss: baseline and thermal activation of the passive energy; None for those of `loss`.
        status: how far its numbers can be trusted.
    """

    loss: Loss
    capacity: float | None = None
    eta_in: float = 1.0
    eta_out: float = 1.0
    dephasing: float = 0.0
    passive_loss: Loss | None = None
    status: Status = Status.ENGINEERING

    def __post_init__(self) -> None:
        checks.made_of("loss of Store", self.loss, Loss, "a Loss: Loss(baseline=1e-8) makes one")
        if self.capacity is not None:
            object.__setattr__(self, "capacity", si("capacity of Store", self.capacity, "J", positive=True))
        for name in ("eta_in", "eta_out"):
            value = si(f"{name} of Store", getattr(self, name), "", positive=True)
            if value > 1:
                raise SpecError(f"{name} of Store must be at most 1, but it is {value:g}.")
            object.__setattr__(self, name, value)
        object.__setattr__(self, "dephasing", si("dephasing of Store", self.dephasing, "1 / s", least=0.0))
        if self.passive_loss is not None:
            checks.made_of("passive_loss of Store", self.passive_loss, Loss, "a Loss, or None for the same as loss")
            if self.passive_loss.avalanche is not None:
                raise SpecError(
                    "passive_loss of Store must have no avalanche, for an avalanche takes work and passive energy in "
                    f"proportion: give it to loss, but it is {type(self.passive_loss.avalanche).__name__}."
                )

    @property
    def passive_leak(self) -> Loss:
        """The loss whose baseline and thermal activation passive energy has."""
        return self.loss if self.passive_loss is None else self.passive_loss

    @property
    def passive_held(self) -> float:
        """Rate at which passive energy leaks without avalanches, 1/s."""
        return self.passive_leak.held

    @classmethod
    def from_datasheet(
        cls, sheet: Datasheet, cells: float, *, attempt: Any = 0.0, temperature: Any = 300.0, eta_out: float = 1.0
    ) -> Store:
        """A store of many cells, each as its datasheet says.

        The rates are those of the sheet, good to its misfit within its window; work is lost at the sum of both. The
        share of the inflow that arrives as work is the sheet's ergotropy fraction. The number of cells multiplies the
        capacity and nothing else: cells that do not interact lose the same share of what they hold.

        Args:
            sheet: of one cell.
            cells: how many there are.
            attempt: attempt rate of thermal activation over the sheet's gap beside its relaxation, 1/s; the run knows
                of none but that of its own bath.
            temperature: K, of that activation.
            eta_out: share of the drawn work that reaches the load.

        Raises:
            SpecError: something that is no datasheet, or one whose charge holds no work.
        """
        checks.made_of("sheet", sheet, Datasheet, "a qsb.datasheet.Datasheet, e.g. of qsb.studies.characterise")
        count = checks.number("cells", cells, positive=True)
        if sheet.ergotropy_fraction.value == 0.0:
            raise SpecError(
                f"the datasheet of {sheet.name} has no work in a charged cell, so it makes no store of work."
            )
        loss = Loss(sheet.relaxation.value, attempt, sheet.gap.value, temperature)
        return cls(
            loss,
            None if sheet.capacity is None else count * sheet.capacity.value,
            eta_in=sheet.ergotropy_fraction.value,
            eta_out=eta_out,
            dephasing=sheet.dephasing.value,
        )

    @property
    def capacity_limit(self) -> float:
        """The capacity in J, infinite for no limit."""
        return math.inf if self.capacity is None else self.capacity


@dataclass(frozen=True)
class State:
    """All that the future of a store depends on; the end of one run can start the next.

    Attributes:
        work: W, J.
        passive: Q, J.
        latched: whether a latching avalanche is going on.
        clock: mean number of avalanches of the stochastic law until the next one; None draws it.
        status: bookkeeping of the model.
    """

    work: float = 0.0
    passive: float = 0.0
    latched: bool = False
    clock: float | None = None
    status: ClassVar[Status] = Status.ESTABLISHED

    def __post_init__(self) -> None:
        for name in ("work", "passive"):
            object.__setattr__(self, name, si(f"{name} of State", getattr(self, name), "J", least=0.0))
        checks.flag("latched of State", self.latched)
        if self.clock is not None:
            checks.number("clock of State", self.clock, least=0.0)

    @property
    def energy(self) -> float:
        """E = W + Q, J."""
        return self.work + self.passive
