"""Whether loops are being compiled: the first run of a kind spends seconds on it, and later ones load what it left."""

from __future__ import annotations

import sys
from typing import Any

_listeners: list[Any] = []


def running() -> bool:
    """Whether numba compiles at the moment; it is asked only where something else has loaded it.

    The first call after numba is loaded begins to listen, so that what is compiled just then may be missed.
    """
    event = sys.modules.get("numba.core.event")
    if event is None or not hasattr(event, "register"):
        return False
    if not _listeners:
        _listeners.append(_listener(event))
        event.register("numba:compile", _listeners[0])
    return bool(_listeners[0].depth > 0)


def _listener(event: Any) -> Any:
    """Counts how many compilations have begun and not ended: those of a loop's own loops are within its own."""

    class Depth(event.Listener):  # type: ignore[misc, unused-ignore]
        depth = 0

        def on_start(self, event: Any) -> None:
            self.depth += 1

        def on_end(self, event: Any) -> None:
            self.depth = max(0, self.depth - 1)

    return Depth()
