r"""Every joule of a store's history under a name, and checks that none is missing: of the energy and of the work.

The stored energy is work W and passive energy Q, see `qsb.stellar.store`. `Ledger` follows :math:`E = W + Q`,
`WorkLedger` follows W alone, which dephasing can take while no energy is lost.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, fields
from typing import ClassVar

from qsb.errors import ConvergenceError
from qsb.stellar.status import Status

__all__ = ["LEDGER_TOLERANCE", "REFUSALS", "Ledger", "WorkLedger"]

LEDGER_TOLERANCE = 1e-12
"""Largest residual of a ledger that is passed on, as a share of its throughput."""

REFUSALS = ("heat", "turned away")
"""What may become of inflow that a full store does not take.

"heat": it has been absorbed, and leaves as heat where it would have entered the store; a solar cell with nothing to
drive warms by the power that it would have given. "turned away": the collector takes up less, e.g. turned away from
the light, so that the energy is nobody's heat.
"""


@dataclass(frozen=True)
class Ledger:
    r"""Energies of a span of time, J.

    Balance: start + inflow = end + delivered + conversion + baseline + thermal + avalanche + clipped + residual.
    Each entry is an integral of its own; none is inferred from the others, so the residual is a test. Offered energy
    that a full store refuses is heat, see `dumped`, but for what the collector turned away.

    Attributes:
        start: stored at the begin.
        inflow: power that was offered to the store, integrated.
        delivered: given to the load.
        conversion: lost on the way to the load.
        baseline: leaked at the baseline rate.
        thermal: leaked by thermal activation.
        avalanche: leaked by avalanches.
        clipped: offered while the store was full, and not taken.
        turned_away: the part of `clipped` that was never absorbed; the rest is heat.
        end: stored at the end.
        unserved: demanded by the load and not delivered; no part of the balance and no heat, for it was never there.
        status: the sum itself is arithmetic on the model.
    """

    start: float
    inflow: float
    delivered: float
    conversion: float
    baseline: float
    thermal: float
    avalanche: float
    clipped: float
    end: float
    unserved: float
    turned_away: float = 0.0
    status: ClassVar[Status] = Status.ESTABLISHED

    @property
    def change(self) -> float:
        """Stored at the end minus stored at the begin, J."""
        return self.end - self.start

    @property
    def throughput(self) -> float:
        """What was there or came in, J: the scale of the residual."""
        return self.start + self.inflow

    @property
    def leak(self) -> float:
        """Leaked by all three ways, J."""
        return math.fsum((self.baseline, self.thermal, self.avalanche))

    @property
    def dumped(self) -> float:
        """Refused by a full store after it had been absorbed, J: heat."""
        return self.clipped - self.turned_away

    @property
    def waste(self) -> float:
        """What must be radiated away, J: leaks, conversion losses, and what was absorbed and refused."""
        return math.fsum((self.baseline, self.thermal, self.avalanche, self.conversion, self.dumped))

    @property
    def residual(self) -> float:
        """What the entries do not account for, J."""
        gone = (self.end, self.delivered, self.conversion, self.baseline, self.thermal, self.avalanche, self.clipped)
        return math.fsum((self.start, self.inflow, *(-x for x in gone)))

    @property
    def relative_residual(self) -> float:
        """Size of the residual as a share of the throughput."""
        return abs(self.residual) / self.throughput if self.throughput else abs(self.residual)

    def check(self) -> None:
        """Refuse a ledger that does not close.

        Raises:
            ConvergenceError: a residual beyond `LEDGER_TOLERANCE` of the throughput.
        """
        _closes("energy", self.relative_residual)

    def __str__(self) -> str:
        """One line an entry, then the residual."""
        return _told(self, [field.name for field in fields(self)])


@dataclass(frozen=True)
class WorkLedger:
    r"""Where the work W of a store came from and went, J; what a load can draw, which the quantum half calls ergotropy.

    Balance: start + gained = end + drawn + relaxation + dephasing + avalanche + residual. Each entry is an integral of
    its own: with the rates of `qsb.stellar.store`, :math:`\eta_\mathrm{in}\int A`, :math:`\int d`,
    :math:`g_r\int W`, :math:`\gamma_\varphi\int W` and :math:`\int\gamma_\mathrm{mb}W`, with the accepted inflow A
    and the draw d. What relaxation and avalanches take is lost; what dephasing takes stays as passive energy.

    Attributes:
        start: W at the begin.
        gained: arrived as work.
        drawn: taken out for the load, before the conversion on its way.
        relaxation: lost at the baseline rate and by thermal activation.
        dephasing: became passive energy.
        avalanche: lost by avalanches, their share of the work.
        end: W at the end.
        throughput: of the energy, `Ledger.throughput`: the scale of the residual, for W is a part of E and is rounded
            with it.
        status: the sum itself is arithmetic on the model.
    """

    start: float
    gained: float
    drawn: float
    relaxation: float
    dephasing: float
    avalanche: float
    end: float
    throughput: float
    status: ClassVar[Status] = Status.ESTABLISHED

    @property
    def change(self) -> float:
        """W at the end minus W at the begin, J."""
        return self.end - self.start

    @property
    def lost(self) -> float:
        """Work that no load got, J: by relaxation, dephasing and avalanches."""
        return math.fsum((self.relaxation, self.dephasing, self.avalanche))

    @property
    def residual(self) -> float:
        """What the entries do not account for, J."""
        gone = (self.end, self.drawn, self.relaxation, self.dephasing, self.avalanche)
        return math.fsum((self.start, self.gained, *(-x for x in gone)))

    @property
    def relative_residual(self) -> float:
        """Size of the residual as a share of the throughput."""
        return abs(self.residual) / self.throughput if self.throughput else abs(self.residual)

    def check(self) -> None:
        """Refuse a ledger that does not close.

        Raises:
            ConvergenceError: a residual beyond `LEDGER_TOLERANCE` of the throughput.
        """
        _closes("work", self.relative_residual)

    def __str__(self) -> str:
        """One line an entry, then the residual."""
        return _told(self, [field.name for field in fields(self) if field.name != "throughput"])


def _closes(what: str, residual: float) -> None:
    """Refuse a residual, given as a share of the throughput."""
    if not residual <= LEDGER_TOLERANCE:
        raise ConvergenceError(
            f"the residual of the {what} ledger, as a share of the throughput,",
            residual,
            LEDGER_TOLERANCE,
            "cut the time axis into fewer intervals.",
        )


def _told(ledger: Ledger | WorkLedger, names: list[str]) -> str:
    """One line an entry, then the residual."""
    lines = [f"{name:<11}{getattr(ledger, name):15.7e} J" for name in names]
    rest = f"{'residual':<11}{ledger.residual:15.7e} J  ({ledger.relative_residual:.1e} of throughput)"
    return "\n".join([*lines, rest])
