"""`reproduce`: from the key of a paper to its report."""

from __future__ import annotations

import time
from collections.abc import Callable
from difflib import get_close_matches
from pathlib import Path

from qsb.errors import SpecError
from qsb.report.write import check_target, write
from qsb.studies.papers import PAPERS, study


def reproduce(
    paper: str = "singh2025",
    out: str | Path = "report",
    *,
    quick: bool = False,
    tell: Callable[[str, str], None] = lambda step, what: None,
) -> Path:
    """Recompute a paper and write the report with a verdict for each claim.

    Args:
        paper: a key of `qsb.studies.papers.PAPERS`.
        out: folder of the report; a former report there is replaced when the new one is complete.
        quick: fewer and smaller sizes in the scaling runs.
        tell: called with (step, what starts now).

    Returns:
        The folder.

    Raises:
        SpecError: on an unknown paper, or a folder that holds something else.
    """
    check_key(paper)
    check_target(out)  # before the work
    began = time.monotonic()
    made = study(paper, quick=quick, tell=tell)
    tell("report", "figures and pages")
    return write(made, out, quick=quick, seconds=time.monotonic() - began)


def check_key(paper: str) -> None:
    """Refuse a key that no paper has, with the nearest one."""
    if paper not in PAPERS:
        near = get_close_matches(paper, PAPERS, n=1, cutoff=0.5)
        advice = f"did you mean {near[0]!r}?" if near else f"known are {', '.join(PAPERS)}."
        raise SpecError(f"There is no paper {paper!r}; {advice}")


__all__ = ["check_key", "reproduce"]
