"""How far a number can be trusted: every public object of the stellar layer says it, and reports carry it."""

from __future__ import annotations

from enum import StrEnum

__all__ = ["Status"]


class Status(StrEnum):
    """Where a number comes from, from firm to loose."""

    MEASURED = "measured"
    ESTABLISHED = "established theory"
    ENGINEERING = "engineering estimate"
    SPECULATIVE = "speculative"
