"""What a run is made of, each with how far it can be trusted and where it comes from."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from qsb.stellar.status import Status

__all__ = ["Part", "speculative_share", "weakest"]


@dataclass(frozen=True)
class Part:
    """One object of a run.

    Attributes:
        name: e.g. "source".
        what: its numbers in words.
        status: how far it can be trusted.
        reference: where its numbers come from.
    """

    name: str
    what: str
    status: Status
    reference: str

    def to_dict(self) -> dict[str, str]:
        """Plain data."""
        return {"name": self.name, "what": self.what, "status": str(self.status), "reference": self.reference}


def weakest(statuses: Iterable[Status]) -> Status:
    """The least firm of several."""
    return max(statuses, key=list(Status).index)


def speculative_share(parts: Iterable[Part]) -> float:
    """Speculative parts over all parts."""
    listed = list(parts)
    return sum(part.status is Status.SPECULATIVE for part in listed) / len(listed)
