"""Writing figures: whole or not at all, and the same bytes from the same figure."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from matplotlib.figure import Figure

from qsb.errors import SpecError
from qsb.plots.style import style

#: no dates and no program versions, so that the same figure gives the same file
_METADATA: dict[str, dict[str, Any]] = {
    "png": {"Software": None},
    "pdf": {"CreationDate": None, "Creator": None, "Producer": None},
    "svg": {"Date": None, "Creator": None},
}


def check_path(path: str | Path) -> Path:
    """The path of a figure that can be written.

    Raises:
        SpecError: on another ending, a folder that does not exist, or a folder of that name.
    """
    target = Path(path)
    if target.suffix.lower().lstrip(".") not in _METADATA:
        raise SpecError(f"A figure is written as .png, .pdf or .svg, but the file is called {target.name!r}.")
    if not target.parent.is_dir():
        raise SpecError(f"The folder {str(target.parent)!r} of {target.name!r} does not exist; make it first.")
    if target.is_dir():
        raise SpecError(f"{str(target)!r} is a folder; name a file.")
    return target


def save(figure: Figure, path: str | Path, *, dpi: int = 200) -> Path:
    """Write a figure as png, pdf or svg, by the ending of the name.

    Raises:
        SpecError: as `check_path`.
    """
    target = check_path(path)
    kind = target.suffix.lower().lstrip(".")
    part = target.with_name(f".{target.name}.{os.getpid()}.part")
    try:
        with style():
            figure.savefig(part, format=kind, dpi=dpi, metadata=_METADATA[kind])
        os.replace(part, target)
    finally:
        part.unlink(missing_ok=True)
    return target


__all__ = ["check_path", "save"]
