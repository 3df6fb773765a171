"""`reproduce`: from the key of a paper to its report."""

from __future__ import annotations

import time
from collections.abc import Callable
from difflib import get_close_matches
from importlib import import_module
from pathlib import Path

from qsb.errors import SpecError
from qsb.report.write import check_target, write
from qsb.studies.papers import PAPERS
from qsb.studies.study import Study


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
    if paper not in PAPERS:
        near = get_close_matches(paper, PAPERS, n=1, cutoff=0.5)
        advice = f"did you mean {near[0]!r}?" if near else f"known are {', '.join(PAPERS)}."
        raise SpecError(f"There is no paper {paper!r}; {advice}")
    check_target(out)  # before the work
    began = time.monotonic()
    study: Study = import_module(PAPERS[paper][0]).study(quick=quick, tell=tell)
    tell("report", "figures and pages")
    return write(study, out, quick=quick, seconds=time.monotonic() - began)


__all__ = ["reproduce"]
