"""What a bar says while loops are compiled."""

import io
import time

import numba
from rich.console import Console
from rich.progress import Progress

from qsb.algebra.kernels import compiling
from qsb.report.progress import compiling_column


def shown(column):
    """The text of a bar that is drawn once."""
    out = io.StringIO()
    bar = Progress(column, console=Console(file=out, force_terminal=True, width=80))
    bar.add_task("", total=1.0)
    bar.refresh()
    bar.console.print(bar.make_tasks_table(bar.tasks))
    return out.getvalue()


def test_a_bar_says_that_loops_are_compiled_while_they_are():
    column = compiling_column()
    assert not compiling.running()
    seen = []

    class Asks(numba.core.event.Listener):
        def on_start(self, event):
            seen.append((compiling.running(), shown(column)))

        def on_end(self, event):
            pass

    asks = Asks()
    numba.core.event.register("numba:compile", asks)
    try:

        @numba.njit
        def double(x):
            return 2 * x

        assert double(time.time_ns() % 7) % 2 == 0
    finally:
        numba.core.event.unregister("numba:compile", asks)
    assert seen
    assert all(running for running, _ in seen)
    assert all("compiling, the first time only" in text for _, text in seen)
    assert not compiling.running()
    assert "compiling" not in shown(column)
