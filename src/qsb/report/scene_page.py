"""The page of a stellar run: every number with its unit, its source and its status."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from html import escape
from typing import TYPE_CHECKING, Any

from qsb.quantities import quantity
from qsb.report.html import grid, head, linked, section
from qsb.report.rungs import rungs
from qsb.runs.stellar.inputs import inputs_of
from qsb.runs.stellar.measure import pretty_unit
from qsb.runs.stellar.parts import Part
from qsb.runs.stellar.spec import StellarSpec
from qsb.runs.stellar.text import QUANTILES, sections
from qsb.stellar.status import Status
from qsb.stellar.surge import surge_line

if TYPE_CHECKING:
    import xarray as xr

__all__ = ["scene_page"]

#: class of the style sheet for each status; the word stands beside it, so that nothing hangs on the colour
_CLASSES = {
    Status.MEASURED: "reproduced",
    Status.ESTABLISHED: "reproduced",
    Status.ENGINEERING: "inconclusive",
    Status.SPECULATIVE: "contradicted",
}
_LEAD = {
    "Energy ledger": "Each entry is an integral of its own; the residual is what they do not account for. Clipped is "
    "what a full store did not take, and the part of it that had been absorbed is heat. What was not served was never "
    "there, so it is in no balance.",
    "Work ledger": "Work is what a load can draw, ergotropy in the words of quantum batteries, and never more than the "
    "energy. Dephasing turns work into passive energy and loses none; each entry is an integral of its own.",
    "Waste heat": "What is taken up and neither stored nor delivered leaves as heat from a black surface, one face, "
    "under a cold sky: heat of the collector, losses of the store, and what a full store refused, whose means add up "
    "to the whole; the area is that for the largest waste heat.",
    "Throughput": "The index rates the power that is taken up, never stored energy.",
    "Regimes and times": "Of the avalanche law, and at the ends of the store.",
    "Years of flares": "Many buffers, each through flares of its own: a share 1 - p of them asks for more than the "
    "quantile p. Beyond the flares that were observed a number is extrapolated by the law of their energies.",
    "Storm": "Harm beside power: nothing here is part of an inflow. An ejection's push stands beside that of light; a "
    "dose is energy that is left in a mass. Charging and induced currents are not in these numbers.",
}
#: sections before the figures
_FIRST = ("Flares", "Years of flares", "Energy ledger", "Work ledger")


def scene_page(data: xr.Dataset, figures: Sequence[tuple[str, str, str, str]], made: str) -> str:
    """The whole page.

    Args:
        data: of one stellar run.
        figures: (id, title, ready caption, address of the picture) of each.
        made: one sentence on when and with what.
    """
    keys = ("bounds", "timeline", "kardashev", "parts", "events")
    told = {key: json.loads(data.attrs[key]) for key in keys} | {"flares": json.loads(data.attrs.get("flares", "[]"))}
    spec = StellarSpec.of(data.attrs["spec"])
    groups = sections(data)
    first = [(t, groups[t]) for t in _FIRST if t in groups]
    later = [(t, n) for t, n in groups.items() if t not in (*_FIRST, "Trust")]
    parts = [
        *((t, _lead(t) + _numbers(data, names) + _beside(t, told, data)) for t, names in first),
        ("Figures", "".join(_figure(*f) for f in figures)),
        *((t, _lead(t) + _numbers(data, names) + _beside(t, told, data)) for t, names in later),
        ("Bounds", _bounds(told["bounds"])),
        ("Rungs of the ladders", rungs() if "matter_specific_energy" in data else ""),
        ("Parts and their status", _parts(data, told["parts"])),
        ("What was put in", _inputs(spec, told["parts"])),
        ("Definitions", _definitions(data)),
        ("Run it again", _again(data)),
    ]
    filled = [(f"s{k}", title, body) for k, (title, body) in enumerate(parts) if body]
    links = " ".join(f'<a href="#{name}">{escape(title)}</a>' for name, title, _ in filled)
    return "\n".join(
        [
            head(str(data.attrs["title"]), _stamp(data)),
            _summary(data, told, spec, made),
            f'<nav aria-label="Contents">{links}</nav>',
            *(section(name, title, body) for name, title, body in filled),
            "</main></body></html>\n",
        ]
    )


def _stamp(data: xr.Dataset) -> str:
    """What the run breaks, above everything else."""
    broken = str(data.attrs["stamp"])
    if not broken:
        return ""
    return (
        f'<p class="stamp" role="alert"><b>{escape(broken)}</b><br>These numbers break a law of nature; they were '
        "computed because the spec says allow_unphysical = true.</p>"
    )


def _summary(data: xr.Dataset, told: dict[str, Any], spec: StellarSpec, made: str) -> str:
    """The surge ratio first, then what decides whether to read on."""
    boxes = []
    if "surge_ratio" in data:
        boxes.append((f"{float(data['surge_ratio']):.4g}", _named("surge ratio ΔP/L", data["surge_ratio"]), ""))
    if "ledger_residual_share" in data:
        residual = data["ledger_residual_share"]
        boxes.append((f"{float(residual):.1e}", _named("ledger residual over throughput", residual), ""))
    if told["bounds"]:
        told_bounds = f"bounds ({told['bounds']['status']})"
        boxes.append((told["bounds"]["verdict"], told_bounds, "contradicted" if data.attrs["stamp"] else ""))
    if told["timeline"]:
        boxes.append((told["timeline"]["verdict"], f"timeline ({told['timeline']['status']})", ""))
    if "kardashev_index" in data:
        index = data["kardashev_index"]
        boxes.append((f"{float(index):.3f}", _named("Kardashev index of the throughput", index), ""))
    share = float(data["speculative_share"])
    boxes.append(
        (f"{100 * share:.0f} %", "of the parts are speculative", "contradicted" if share > 0 else "reproduced")
    )
    shown = "".join(f'<li class="{kind}"><b>{escape(value)}</b> {escape(text)}</li>' for value, text, kind in boxes)
    lines = surge_line(float(data["surge_ratio"])).split("\n") if "surge_ratio" in data else []
    warned = "".join(f"<p>{escape(line)}</p>" for line in lines)
    reference = f'<p class="reference">{linked(spec.reference)}</p>' if spec.reference else ""
    weakest = f"<p>Weakest part: {_badge(str(data.attrs['status']))}.</p>"
    return f'{reference}{warned}<ul class="tally">{shown}</ul>{weakest}<p class="made">{escape(made)}</p>'


def _named(words: str, variable: xr.DataArray) -> str:
    """What a number of the summary is, with its status; unit and source stand beside it in its section."""
    return f"{words} ({variable.attrs['status']})"


def _badge(status: str) -> str:
    return f'<span class="badge {_CLASSES[Status(status)]}">{escape(status)}</span>'


def _lead(title: str) -> str:
    return f"<p>{escape(_LEAD[title])}</p>" if title in _LEAD else ""


def _numbers(data: xr.Dataset, names: Iterable[str]) -> str:
    """Scalars with unit, source and status."""
    rows = [
        (
            f'<a href="#q-{name}">{escape(quantity(name).long_name)}</a>',
            _whole(f"{float(data[name]):.7g}"),
            escape(pretty_unit(data[name].attrs["units"])) or "-",
            linked(data[name].attrs["source"]),
            _badge(data[name].attrs["status"]),
        )
        for name in names
    ]
    return grid(("Quantity", "Value", "Unit", "From", "Status"), rows)


def _quantiles(data: xr.Dataset) -> str:
    """Quantiles over years of flares with their intervals, a table for each quantity."""
    if "quantile" not in data.coords:
        return ""
    level = 100 * float(data["ensemble_level"])
    header = ("Quantile p", "Value", f"{level:g} % interval", "Unit", "Note", "From", "Status")
    tables = []
    for name, words in QUANTILES.items():
        ends = [data[f"{name}{end}"].values for end in ("", "_low", "_high")]
        beyond = data["ensemble_extrapolated"].values
        rows = [
            (
                f'<a href="#q-{name}">{p:g}</a>',
                _whole(f"{value:.5g}"),
                _whole(f"{low:.5g} to {high:.5g}"),
                escape(pretty_unit(data[name].attrs["units"])),
                "extrapolated" if far else "",
                linked(data[name].attrs["source"]),
                _badge(data[name].attrs["status"]),
            )
            for p, value, low, high, far in zip(data["quantile"].values, *ends, beyond, strict=True)
        ]
        tables.append(grid(header, rows, caption=f"{words[0].upper()}{words[1:]}"))
    return "".join(tables)


def _figure(name: str, title: str, caption: str, image: str) -> str:
    return (
        f'<figure id="fig-{name}"><h3>{escape(title)}</h3><img src="{image}" alt="{caption}" style="width: 46rem">'
        f"<figcaption>{caption}</figcaption></figure>"
    )


def _beside(title: str, told: dict[str, Any], data: xr.Dataset) -> str:
    """What belongs to a section beside its numbers."""
    if title == "Flares" and told["flares"]:
        return _flares(told["flares"], data)
    if title == "Years of flares":
        return _quantiles(data)
    if title == "Timeline":
        return _timeline(told["timeline"])
    if title == "Throughput" and told["kardashev"]:
        own = told["kardashev"]["type_of_1964"] or "below type I"
        return f"<p>{escape(told['kardashev']['convention'])}; Kardashev's own type (1964): {escape(own)}.</p>"
    if title == "Regimes and times" and told["events"]:
        rows = [
            (f"{e['time_s']:.7g}", escape(e["kind"]), f"{e['energy_J']:.7g}", f"{e['size_J']:.4g}")
            for e in told["events"][:20]
        ]
        left = len(told["events"]) - len(rows)
        more = f"<p>{left} more are in the dataset.</p>" if left else ""
        caption = _whence("Events of the store", data["store_energy"])
        return grid(("Time (s)", "Event", "Energy in the store (J)", "Size (J)"), rows, caption=caption) + more
    return ""


def _flares(drawn: list[dict[str, float]], data: xr.Dataset) -> str:
    """The largest flares of a sample, in the order of time."""
    rows = [
        (f"{f['time_s']:.7g}", f"{f['energy_J']:.4g}", f"{f['width_s']:.4g}", f"{f['peak_W']:.4g}", f"{f['surge']:.4g}")
        for f in drawn
    ]
    count = int(data["flare_count"])
    words = f"The {len(rows)} largest of {count} flares" if len(rows) < count else "All flares"
    caption = _whence(f"{words}, drawn with the seed {int(data.attrs['seed'])}", data["flare_energy"])
    header = (
        "Time of the peak (s)",
        "Energy into all directions (J)",
        "Width (s)",
        "Peak (W)",
        "Peak over quiet power",
    )
    return grid(header, rows, caption=caption)


def _whence(what: str, variable: xr.DataArray) -> str:
    """The caption of a table all of whose numbers have the source and the status of a variable."""
    return f"{what}. Status of all numbers: {variable.attrs['status']}. From: {variable.attrs['source']}"


def _bounds(told: dict[str, Any]) -> str:
    """The bounds report: tiers, verdicts, and what the energy weighs."""
    if not told:
        return ""
    rows = [
        (
            escape(row["bound"].replace("^2", "²").replace("^5", "⁵")),
            _whole(row["tier"]),
            _whole(f"{row['claimed']:.6g}"),
            _whole(f"{row['limit']:.6g}"),
            _whole(pretty_unit(row["unit"]) or "-"),
            _whole("-" if row["ratio"] is None else f"{row['ratio']:.6g}"),
            escape(row["verdict"]),
            escape(row["assumption"]),
            linked(row["reference"]),
            _badge(row["status"]),
        )
        for row in told["rows"]
    ]
    header = ("Bound", "Tier", "Claimed", "Limit", "Unit", "Ratio", "Verdict", "Assumption", "Reference", "Status")
    facts = (
        f"<p>Verdict: <b>{escape(told['verdict'])}</b> {_badge(told['status'])}. The stored energy weighs "
        f"{told['mass_equivalent_kg']:.6g} kg; within {told['schwarzschild_radius_m']:.6g} m it would be a black hole. "
        f"As a beam of light the power would push with {told['reaction_force_N']:.6g} N. From the claims below by "
        f"E/c², 2GM/c² and P/c: {Status.ESTABLISHED}.</p>"
    )
    return facts + grid(header, rows)


def _whole(text: str) -> str:
    """Words that stay on one line."""
    return f'<span class="whole">{escape(text)}</span>'


def _timeline(told: dict[str, Any]) -> str:
    return (
        f"<p>Verdict: <b>{escape(told['verdict'])}</b> {_badge(told['status'])}</p><p>{escape(told['sentence'])}</p>"
        f'<p class="reference">{linked(told["source"])}</p>'
    )


def _parts(data: xr.Dataset, parts: list[dict[str, str]]) -> str:
    share = float(data["speculative_share"])
    count = sum(part["status"] == Status.SPECULATIVE for part in parts)
    rows = [(escape(p["name"]), escape(p["what"]), linked(p["reference"]), _badge(p["status"])) for p in parts]
    lead = f"<p>{count} of {len(parts)} parts are speculative: a share of {share:.3f}.</p>"
    return lead + grid(("Part", "What it is", "From", "Status"), rows, cards=True)


def _inputs(spec: StellarSpec, parts: list[dict[str, str]]) -> str:
    made = tuple(Part(p["name"], p["what"], Status(p["status"]), p["reference"]) for p in parts)
    rows = [
        (
            f"<code>{escape(i.path)}</code>",
            escape(_said(i.value)),
            escape(pretty_unit(i.unit)) or "-",
            linked(i.source),
            _badge(str(i.status)),
        )
        for i in inputs_of(spec, made)
    ]
    return grid(("Key", "Value", "Unit", "From", "Status"), rows)


def _said(value: Any) -> str:
    if isinstance(value, list):
        return ", ".join(_said(v) for v in value)
    return f"{value:.10g}" if isinstance(value, float) else str(value)


def _definitions(data: xr.Dataset) -> str:
    """Symbol, definition and reference of every variable; formulas stay in LaTeX."""
    rows = []
    for name in map(str, data.data_vars):
        row = quantity(name)
        rows.append(
            (
                f'<span id="q-{name}"><code>{name}</code></span>',
                f"<code>{escape(row.symbol)}</code>",
                escape(pretty_unit(row.unit)) or "-",
                escape(row.definition),
                linked(row.reference),
            )
        )
    return grid(("Variable", "Symbol", "Unit", "Definition", "Reference"), rows)


def _again(data: xr.Dataset) -> str:
    listed = ", ".join(f"{name} {number}" for name, number in json.loads(data.attrs["versions"]).items())
    sums = json.loads(data.attrs["checksums"])
    tables = "".join(f"<li>{escape(name)}: <code>{escape(sha)}</code></li>" for name, sha in sums.items())
    origin = f"<p>Checksums (sha256) of the data that went in:</p><ul>{tables}</ul>" if tables else ""
    return (
        "<p>Go to the folder of this report: <code>qsb run specs/run.toml --report again</code>. The dataset is "
        f"<code>data/run.nc</code>, checksums of all files are in <code>manifest.json</code>. Fingerprint of the spec "
        f"{escape(data.attrs['fingerprint'])}, seed {int(data.attrs['seed'])}.</p>{origin}"
        f"<p>{escape(data.attrs['conventions'])}.</p><p>Computed with {escape(listed)}.</p>"
    )
