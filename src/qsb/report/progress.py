"""Progress of a study on stderr: what runs now, and about how long is left."""

from __future__ import annotations

import sys
import time
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self

if TYPE_CHECKING:
    from qsb.studies.papers import Paper


def compiling_column() -> Any:
    """A column beside a bar that says when loops are compiled, so that nobody takes a first run's time for every run's.

    Returns:
        a `rich.progress.ProgressColumn`.
    """
    from rich.progress import ProgressColumn
    from rich.text import Text

    from qsb.algebra.kernels import compiling

    class Compiling(ProgressColumn):
        """Asked each time the bar is drawn, ten times a second."""

        def render(self, task: Any) -> Text:
            return Text("compiling, the first time only" if compiling.running() else "")

    return Compiling()


class Progress:
    """A bar where somebody looks, a line for each step where nobody does.

    Args:
        paper: what is recomputed, for the shares of its steps and the first estimate of the time left.
        quick: whether the study is shortened.
    """

    def __init__(self, paper: Paper, *, quick: bool = False) -> None:
        self._shares = (paper.quick_steps if quick else paper.steps) or {"runs": 0.0, "report": 0.9}
        self._expected = paper.seconds / 3 if quick else paper.seconds
        self._step = ""
        self._began = time.monotonic()
        self._stepped = self._began
        self._bar: Any = None

    def __enter__(self) -> Self:
        """Start."""
        if sys.stderr.isatty():
            from rich.console import Console
            from rich.progress import BarColumn, TextColumn, TimeElapsedColumn
            from rich.progress import Progress as Bar

            columns = (
                TextColumn("{task.fields[step]:<15}"),
                BarColumn(bar_width=30),
                TimeElapsedColumn(),
                TextColumn("{task.fields[left]}"),
                compiling_column(),
                TextColumn("{task.fields[what]}"),
            )
            self._bar = Bar(*columns, console=Console(stderr=True), transient=True)
            self._bar.start()
            self._task = self._bar.add_task("", total=1.0, step="", left="", what="")
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Remove the bar."""
        if self._bar is not None:
            self._bar.stop()

    def tell(self, step: str, what: str) -> None:
        """Say what starts now."""
        if step != self._step:
            self._step, self._stepped = step, time.monotonic()
            if self._bar is None:
                print(f"{step}: {self._left()}", file=sys.stderr, flush=True)
        if self._bar is not None:
            self._bar.update(self._task, completed=self.fraction(), step=step, left=self._left(), what=what[:40])

    def fraction(self) -> float:
        """Part of the work that is done, from the shares of the steps and the time in this step."""
        starts = list(self._shares.values())
        at = self._shares.get(self._step, 0.0)
        later = min((s for s in starts if s > at), default=1.0)
        inside = (time.monotonic() - self._stepped) / max((later - at) * self._total(at), 1e-9)
        return at + (later - at) * min(inside, 0.99)

    def _total(self, at: float) -> float:
        """Seconds for the whole: extrapolated once enough is done, expected before."""
        spent = self._stepped - self._began
        return spent / at if at > 0.2 else self._expected

    def _left(self) -> str:
        left = max(self._total(self._shares.get(self._step, 0.0)) * (1 - self.fraction()), 0.0)
        return f"about {left:.0f} s left"


__all__ = ["Progress"]
