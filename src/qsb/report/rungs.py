"""Tables of what the figure of ladders compares a run with: every rung with unit, source and status."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

from qsb.report.html import grid, linked
from qsb.stellar.ladders import Rung, power_ladder, specific_energy_ladder

__all__ = ["rungs"]


def rungs() -> str:
    """Known matter and what is aimed at beyond it, then known powers, from small to large."""
    return _table("Specific energies", specific_energy_ladder()) + _table("Powers", power_ladder())


def _table(caption: str, ladder: Sequence[Rung]) -> str:
    rows = [
        (
            escape(rung.name),
            f'<span class="whole">{rung.value:.5g}</span>',
            escape(rung.unit),
            linked(rung.source),
            escape(str(rung.status)),
            "forbidden by a law of nature" if rung.forbidden else "",
        )
        for rung in ladder
    ]
    return grid(("Rung", "Value", "Unit", "From", "Status", "Note"), rows, caption=caption)
