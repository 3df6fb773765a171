"""Losses of things that exist, each with its source: what a store loses by itself when nothing goes wrong."""

from __future__ import annotations

import math
from dataclasses import dataclass

from qsb import checks
from qsb.stellar.constants import YEAR
from qsb.stellar.loss import Loss
from qsb.stellar.status import Status

__all__ = ["KnownLoss", "known_loss", "known_losses"]


@dataclass(frozen=True)
class KnownLoss:
    """A baseline loss and where it comes from.

    Attributes:
        name: what loses the energy.
        loss: with the rate in 1/s.
        how: the number that the rate was computed from.
        source: of that number.
    """

    name: str
    loss: Loss
    how: str
    source: str

    @property
    def status(self) -> Status:
        """How far the rate can be trusted."""
        return self.loss.status


def known_losses() -> tuple[KnownLoss, ...]:
    """Losses of real stores, from slow to fast."""
    return (
        KnownLoss(
            "178m2Hf",
            Loss(math.log(2) / (31 * YEAR), status=Status.MEASURED),
            "half-life of 31 years",
            "NUBASE2020, Chinese Phys. C 45, 030001 (2021), doi:10.1088/1674-1137/abddae",
        ),
        KnownLoss(
            "lithium-ion",
            Loss(-math.log1p(-0.025) / (YEAR / 12), status=Status.ENGINEERING),
            "2.5 % a month, the middle of 2 to 3 % that handbooks give; it rises with temperature and age",
            "Darling, Encyclopedia of Alternative Energy, entry 'self discharge'",
        ),
        KnownLoss(
            "one percent a day",
            Loss(-math.log1p(-0.01) / 86400, status=Status.ENGINEERING),
            "1 % a day",
            "a round number for heat and magnet stores, chosen here",
        ),
        KnownLoss(
            "metastable helium",
            Loss(1 / 7870, status=Status.MEASURED),
            "lifetime of 2 3S1, 7870(510) s",
            "Hodgman et al., Phys. Rev. Lett. 103, 053002 (2009), doi:10.1103/PhysRevLett.103.053002",
        ),
        KnownLoss(
            "transmon",
            Loss(1e4, status=Status.MEASURED),
            "T1 of 100 microseconds, typical of two-dimensional transmons from 2012 to 2021",
            "introduction of Place et al., Nature Commun. 12, 1779 (2021), doi:10.1038/s41467-021-22030-5",
        ),
    )


def known_loss(name: str) -> Loss:
    """The loss of one of `known_losses` by its name.

    Raises:
        SpecError: an unknown name, with the nearest known one.
    """
    table = {entry.name: entry.loss for entry in known_losses()}
    return table[checks.one_of("name", name, list(table))]
