"""Every joule of a store's history under a name, and a check that none is missing."""

from __future__ import annotations

import math
from dataclasses import dataclass, fields
from typing import ClassVar

from qsb.errors import ConvergenceError
from qsb.stellar.status import Status

__all__ = ["LEDGER_TOLERANCE", "Ledger"]

LEDGER_TOLERANCE = 1e-12
"""Largest residual of a ledger that is passed on, as a share of its throughput."""


@dataclass(frozen=True)
class Ledger:
    r"""Energies of a span of time, J.

    Balance: start + inflow = end + delivered + conversion + baseline + thermal + avalanche + clipped + residual.
    Each entry is an integral of its own; none is inferred from the others, so the residual is a test.

    Attributes:
        start: stored at the begin.
        inflow: power that was offered to the store, integrated.
        delivered: given to the load.
        conversion: lost on the way to the load.
        baseline: leaked at the baseline rate.
        thermal: leaked by thermal activation.
        avalanche: leaked by avalanches.
        clipped: offered while the store was full, and not taken.
        end: stored at the end.
        unserved: demanded by the load and not delivered; no part of the balance.
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
    def waste(self) -> float:
        """What must be radiated away, J: leaks and conversion losses."""
        return math.fsum((self.baseline, self.thermal, self.avalanche, self.conversion))

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
        found = self.relative_residual
        if not found <= LEDGER_TOLERANCE:
            raise ConvergenceError(
                "the residual of the energy ledger, as a share of the throughput,",
                found,
                LEDGER_TOLERANCE,
                "cut the time axis into fewer intervals.",
            )

    def __str__(self) -> str:
        """One line an entry, then the residual."""
        names = [field.name for field in fields(self)]
        lines = [f"{name:<11}{getattr(self, name):15.7e} J" for name in names]
        rest = f"{'residual':<11}{self.residual:15.7e} J  ({self.relative_residual:.1e} of throughput)"
        return "\n".join([*lines, rest])
