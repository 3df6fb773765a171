"""What answers are compared with: arrays of `references/`, and what follows from them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

HERE = Path(__file__).resolve().parent / "references"


def stored(name: str) -> dict[str, np.ndarray]:
    """A file of `references/`; nothing if it is not there."""
    path = HERE / f"{name}.npz"
    if not path.is_file():
        return {}
    with np.load(path) as found:
        return {key: found[key] for key in found.files}


def long_chain(n: int, count: int) -> dict[str, np.ndarray]:
    """E of W6: that of W1, or where N is larger its linear continuation.

    Until what the two ends do to it has met, the energy is linear in N. The three largest references tell how well that
    holds: their second difference is 1.6e-10 up to t = 4, so the energy per cell of N = 40 is right to a few 1e-10.
    """
    direct = stored(f"W1_n{n}")
    if direct:
        return {"E": direct["E"][: 2 * count : 2]}
    small, large = stored("W1_n18")["E"], stored("W1_n20")["E"]
    return {"E": (large + (n - 20) / 2 * (large - small))[: 2 * count : 2]}


def reference(name: str, request: dict[str, Any]) -> dict[str, np.ndarray]:
    """Arrays by name; a peer's own answer is the file that its measurement wrote."""
    args = request["args"]
    if name == "long":
        return long_chain(args["n"], round(args["window"] / 0.2) + 1)
    if name == "exact":
        from ours import exact_energy

        return {"E": exact_energy(args["n"])}
    if name == "peer":
        path = Path(request["against"])
        return dict(np.load(path)) if path.is_file() else {}
    found = stored(name)
    if "side" in args and found:  # every so many-th rate of the grid
        stride = (len(found["gammas"]) - 1) // (args["side"] - 1)
        found = {key: found[key][::stride, ::stride] for key in ("E", "ergotropy")}
    return found
