"""A study as a folder: written beside its place and moved there whole, so that a crash leaves the former report."""

from __future__ import annotations

import base64
import hashlib
import json
import os
import platform
import shutil
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from qsb.errors import SpecError
from qsb.plots import save
from qsb.report.figures import draw
from qsb.report.markdown import markdown
from qsb.report.page import page
from qsb.runs.dataset import write as write_dataset
from qsb.runs.versions import versions
from qsb.studies.study import Study

#: what marks a folder as a report that may be replaced
MANIFEST = "manifest.json"


def check_target(out: str | Path) -> Path:
    """The folder that a report may be written to.

    Raises:
        SpecError: if its parent is missing, or it holds something that is not a report.
    """
    target = Path(out).absolute()
    if not target.parent.is_dir():
        raise SpecError(f"The folder {str(target.parent)!r} does not exist; make it first.")
    if target.exists() and not target.is_dir():
        raise SpecError(f"{str(out)!r} is a file; name a folder for the report.")
    if target.is_dir() and any(target.iterdir()) and not _is_report(target):
        raise SpecError(f"The folder {str(out)!r} is not empty and holds no report; name another one.")
    return target


def write(study: Study, out: str | Path, *, quick: bool = False, seconds: float = 0.0) -> Path:
    """Write the report of a study and return its folder.

    The folder holds ``index.html``, ``report.md``, ``figures/*.png`` and ``*.pdf``, ``data/*.nc``, ``specs/*.toml``,
    ``claims.json`` and ``manifest.json``.

    Args:
        study: what was computed.
        out: the folder; a former report there is replaced.
        quick: whether the study was shortened.
        seconds: how long it took.

    Raises:
        SpecError: as `check_target`.
    """
    return replace_folder(out, lambda folder: _fill(folder, study, quick, seconds))


def replace_folder(out: str | Path, fill: Callable[[Path], None]) -> Path:
    """Fill a folder beside its place and move it there whole; a former report there is replaced.

    Args:
        out: the folder.
        fill: writes everything into the folder that it is given, `MANIFEST` among it.

    Raises:
        SpecError: as `check_target`.
    """
    target = check_target(out)
    part = target.with_name(f".{target.name}.{os.getpid()}.part")
    former = target.with_name(f".{target.name}.{os.getpid()}.former")
    shutil.rmtree(part, ignore_errors=True)
    try:
        fill(part)
        if target.exists():
            os.replace(target, former)
        os.replace(part, target)
    finally:
        if former.exists() and not target.exists():
            os.replace(former, target)
        for folder in (part, former):
            shutil.rmtree(folder, ignore_errors=True)
    return target


def _fill(folder: Path, study: Study, quick: bool, seconds: float) -> None:
    for name in ("figures", "data", "specs"):
        (folder / name).mkdir(parents=True)
    for name, data in study.datasets.items():
        write_dataset(data, folder / "data" / f"{name}.nc")
    for name, text in study.specs.items():
        _text(folder / "specs" / f"{name}.toml", text)
    images = {}
    for panel in study.panels:
        figure = draw(panel, study.datasets)
        save(figure, folder / "figures" / f"{panel.id}.pdf")
        picture = save(figure, folder / "figures" / f"{panel.id}.png").read_bytes()
        images[panel.id] = f"data:image/png;base64,{base64.b64encode(picture).decode()}"
    used = {"Python": platform.python_version(), **versions()}
    scope = "A quick run with fewer and smaller sizes" if quick else "A full run"
    made = f"{scope}, computed on {datetime.now(UTC):%Y-%m-%d} in {seconds:.0f} s."
    _text(folder / "index.html", page(study, images, used, made))
    _text(folder / "report.md", markdown(study, used, made))
    claims = [j.to_dict() for j in study.judgements]
    _text(folder / "claims.json", json.dumps(claims, indent=1, ensure_ascii=False, allow_nan=False) + "\n")
    manifest = _manifest(folder, study, used, quick, seconds)
    _text(folder / MANIFEST, json.dumps(manifest, indent=1, ensure_ascii=False) + "\n")


def _manifest(folder: Path, study: Study, used: dict[str, str], quick: bool, seconds: float) -> dict[str, Any]:
    """What made the report, and a checksum of every file in it."""
    return {
        "report": study.key,
        "made": datetime.now(UTC).isoformat(timespec="seconds"),
        "quick": quick,
        "seconds": round(seconds, 1),
        "versions": used,
        "system": f"{platform.system()} {platform.machine()}",
        "fingerprints": {name: str(data.attrs["fingerprint"]) for name, data in study.datasets.items()},
        "files": checksums(folder),
    }


def checksums(folder: Path) -> dict[str, dict[str, Any]]:
    """Size and checksum of every file below a folder."""
    listed = {}
    for path in sorted(p for p in folder.rglob("*") if p.is_file()):
        content = path.read_bytes()
        listed[path.relative_to(folder).as_posix()] = {
            "bytes": len(content),
            "sha256": hashlib.sha256(content).hexdigest(),
        }
    return listed


def _is_report(folder: Path) -> bool:
    try:
        return "report" in json.loads((folder / MANIFEST).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return False


def _text(path: Path, content: str) -> None:
    path.write_text(content, encoding="utf-8")


__all__ = ["MANIFEST", "check_target", "checksums", "replace_folder", "write"]
