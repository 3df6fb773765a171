"""Studies as folders that people read: HTML, Markdown, figures, data, and the verdicts as JSON."""

from __future__ import annotations

from qsb.report.collection import reproduce_all
from qsb.report.gallery import gallery
from qsb.report.progress import Progress
from qsb.report.reproduce import reproduce
from qsb.report.write import write

__all__ = ["Progress", "gallery", "reproduce", "reproduce_all", "write"]
