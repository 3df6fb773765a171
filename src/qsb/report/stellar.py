"""The report of a stellar run: a folder with a page, figures, the dataset and the spec, made from the dataset alone."""

from __future__ import annotations

import base64
import json
import platform
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING, Any

from matplotlib.figure import Figure

from qsb.errors import SpecError
from qsb.plots import save
from qsb.plots.stellar import (
    plot_bounds,
    plot_flares,
    plot_history,
    plot_ladders,
    plot_ledger,
    plot_quantiles,
    plot_spectrum,
    plot_timeline,
    plot_work,
)
from qsb.report.scene_page import scene_page
from qsb.report.write import MANIFEST, checksums, replace_folder
from qsb.runs.dataset import write as write_dataset

if TYPE_CHECKING:
    import xarray as xr

__all__ = ["FIGURES", "report_run"]

#: id -> (a variable that it needs, how it is drawn, title, what is seen, in words)
FIGURES: dict[str, tuple[str, Callable[[Any], Figure], str, str]] = {
    "flares": (
        "flare_power",
        plot_flares,
        "The surge, and the buffer that it asks for",
        "Power of the star over its quiet power; the inflow with what is above the cap; the energy in a buffer that "
        "takes it and gives it back below the cap.",
    ),
    "quantiles": (
        "ensemble_buffer",
        plot_quantiles,
        "What rare years ask for",
        "Largest flare and buffer that are exceeded once in a number of years, with the intervals of order statistics "
        "as a band; open marks are extrapolated beyond the flares that were observed. On a logarithmic axis the years "
        "that need none are left out.",
    ),
    "spectrum": (
        "irradiance",
        plot_spectrum,
        "The light, and what the absorber takes of it",
        "Spectral irradiance at the collector against the wavelength; the filled part is taken up.",
    ),
    "history": (
        "store_energy",
        plot_history,
        "Powers, and the store",
        "Means over each interval: inflow, demand and supply of the load, waste heat; below, work and passive energy "
        "in the store.",
    ),
    "ledger": (
        "ledger_inflow",
        plot_ledger,
        "The energy ledger",
        "Where every joule went until each time; the line is what was there and came in, which the entries add up to.",
    ),
    "work": (
        "work_ledger_gained",
        plot_work,
        "The work ledger",
        "Where the work went until each time, which is the part of the energy that a load can draw; the line is the "
        "work that was there and arrived, which the entries add up to.",
    ),
    "bounds": (
        "bound_ratio",
        plot_bounds,
        "Claims over their limits",
        "One line a row of the bounds report on a logarithmic axis; beyond 1 a hard limit forbids, known matter and "
        "engineering are exceeded.",
    ),
    "ladders": (
        "matter_specific_energy",
        plot_ladders,
        "Specific energy, specific power and throughput",
        "This store beside known matter, with what lies beyond c squared shaded; its power per mass beside the Sun's "
        "and Eddington's limit; its throughput beside the Sun's power and Kardashev's own types.",
    ),
    "timeline": (
        "probability_best",
        plot_timeline,
        "Published probabilities, and the law through two of them",
        "Probability against time; the band is what the stated intervals allow, the third probability tests it.",
    ),
}


def report_run(data: xr.Dataset, out: str | Path) -> Path:
    """Write the report of one stellar run and return its folder.

    The folder holds ``index.html``, ``figures/*.png`` and ``*.svg``, ``data/run.nc``, ``specs/run.toml`` and
    ``manifest.json`` with checksums.

    Args:
        data: of one stellar run.
        out: the folder; a former report there is replaced.

    Raises:
        SpecError: a dataset of another kind or of a sweep, or a folder that holds something else.
    """
    if data.attrs.get("kind") != "stellar":
        raise SpecError("A report is written of a stellar run; of other runs take --plot and --out.")
    if "speculative_share" not in data or data["speculative_share"].dims:
        raise SpecError("A report shows one run; run a point of the sweep alone.")
    return replace_folder(out, lambda folder: _fill(folder, data))


def _fill(folder: Path, data: xr.Dataset) -> None:
    for name in ("figures", "data", "specs"):
        (folder / name).mkdir(parents=True)
    write_dataset(data, folder / "data" / "run.nc")
    (folder / "specs" / "run.toml").write_text(data.attrs["spec"], encoding="utf-8")
    shown = []
    for name, draw, title, words in _figures(data):
        figure = draw(data)
        picture = save(figure, folder / "figures" / f"{name}.png").read_bytes()
        figure.set_layout_engine("none")  # the places of the first picture stay; finding them again takes as long
        save(figure, folder / "figures" / f"{name}.svg")
        shown.append((name, title, words, f"data:image/png;base64,{base64.b64encode(picture).decode()}"))
    made = f"Computed on {datetime.now(UTC):%Y-%m-%d} with Python {platform.python_version()}."
    (folder / "index.html").write_text(scene_page(data, shown, made), encoding="utf-8")
    manifest = {
        "report": data.attrs["title"],
        "made": datetime.now(UTC).isoformat(timespec="seconds"),
        "versions": json.loads(data.attrs["versions"]),
        "stamp": data.attrs["stamp"],
        "seed": int(data.attrs["seed"]),
        "data": json.loads(data.attrs["checksums"]),
        "fingerprints": {"run": data.attrs["fingerprint"]},
        "files": checksums(folder),
    }
    (folder / MANIFEST).write_text(json.dumps(manifest, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")


def _figures(data: xr.Dataset) -> Iterator[tuple[str, Callable[[Any], Figure], str, str]]:
    for name, (variable, draw, title, words) in FIGURES.items():
        if variable in data:
            from_where = (
                f"Status of the main series: {data[variable].attrs['status']}. From: {data[variable].attrs['source']}"
            )
            if name == "flares" and "flare_rate" in data:
                words += " The rate of flares is the mean of each interval."
            yield name, draw, title, escape(f"{words} {from_where}.")
