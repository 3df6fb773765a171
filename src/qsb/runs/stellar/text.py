"""A stellar run as text: surge ratio first, ledger with residual, then what a reader must know of the rest."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from qsb.stellar.surge import surge_line

if TYPE_CHECKING:
    import xarray as xr

__all__ = ["QUANTILES", "REGIMES", "sections", "summary", "varying"]

#: regimes and other times of the store, in the order in which they are told
REGIMES = ("below", "sliding", "above", "latched", "smooth", "full", "empty")

#: heading -> scalars, in the order of a report; what a run does not have is left out
_SECTIONS: dict[str, tuple[str, ...]] = {
    "Flares": ("surge_ratio", "flare_energy", "flare_count", "flares_expected", "buffer_cap", "buffer_size"),
    "Years of flares": ("ensemble_members", "ensemble_span", "ensemble_level", "ensemble_surge"),
    "Energy ledger": (
        "ledger_start",
        "ledger_inflow",
        "ledger_delivered",
        "ledger_conversion",
        "ledger_baseline",
        "ledger_thermal",
        "ledger_avalanche",
        "ledger_clipped",
        "ledger_dumped",
        "ledger_end",
        "ledger_residual",
        "ledger_residual_share",
        "ledger_unserved",
        "served_share",
    ),
    "Work ledger": (
        "work_ledger_start",
        "work_ledger_gained",
        "work_ledger_drawn",
        "work_ledger_relaxation",
        "work_ledger_dephasing",
        "work_ledger_avalanche",
        "work_ledger_end",
        "work_ledger_residual",
        "work_ledger_residual_share",
    ),
    "Regimes and times": (*(f"time_{name}" for name in REGIMES), "events"),
    "Waste heat": (
        "mean_waste",
        "collector_waste",
        "store_waste",
        "refused_waste",
        "peak_waste",
        "radiator_temperature",
        "radiator_area",
        "radiator_reached",
        "waste_wavelength",
    ),
    "Throughput": ("throughput", "kardashev_index"),
    "Store": ("store_mass", "specific_energy", "specific_power"),
    "Source and collector": (
        "quiet_power",
        "irradiance_total",
        "absorptance",
        "work_share",
        "source_reservoir",
        "source_lifetime",
        "source_nearest",
    ),
    "Timeline": ("third_low", "third_high", "reached_first", "reached_last", "hazard_change"),
    "Storm": (
        "storm_arrival",
        "storm_speed",
        "storm_density",
        "ram_pressure",
        "light_pressure",
        "pressure_ratio",
        "ejection_mass",
        "ejection_solid_angle",
        "ejection_energy",
        "ejection_over_flare",
        "ejection_share",
        "ejection_column",
        "ejection_depth",
        "ejection_fluence",
        "ejection_hit_energy",
        "ejection_hit_momentum",
        "ejection_light_time",
        "xray_fluence",
        "xray_dose",
        "particle_fluence",
        "particle_dose",
    ),
    "Trust": ("speculative_share",),
}

#: name of a quantity that has quantiles over years of flares -> what it is, in words
QUANTILES = {"ensemble_flare": "largest flare, into all directions", "ensemble_buffer": "buffer that it takes"}


def sections(data: xr.Dataset) -> dict[str, list[str]]:
    """Heading -> names of the scalars that the dataset has."""
    found = {title: [name for name in names if name in data] for title, names in _SECTIONS.items()}
    return {title: names for title, names in found.items() if names}


def summary(data: xr.Dataset) -> str:
    """The text that `qsb run` prints of one stellar run."""
    return "\n".join(_lines(data))


def _lines(data: xr.Dataset) -> Iterator[str]:
    told = {key: json.loads(data.attrs[key]) for key in ("bounds", "timeline", "kardashev", "parts")}
    yield str(data.attrs["title"])
    if data.attrs["stamp"]:
        yield str(data.attrs["stamp"])
    if "surge_ratio" in data:
        yield surge_line(float(data["surge_ratio"]))
    for title, names in sections(data).items():
        yield f"{title}:"
        for name in names:
            unit = "" if data[name].attrs["units"] == "1" else f" {data[name].attrs['units']}"
            yield f"  {name:<22} {float(data[name]):.7g}{unit}  [{data[name].attrs['status']}]"
        if title == "Throughput" and told["kardashev"]:
            yield f"  convention: {told['kardashev']['convention']}"
        if title == "Years of flares":
            yield from _quantiles(data)
    yield from _verdicts(told)
    yield "Made of:"
    for part in told["parts"]:
        yield f"  {part['name']}: {part['what']} [{part['status']}]"


def _quantiles(data: xr.Dataset) -> Iterator[str]:
    """A line for each quantile over years of flares."""
    level = 100 * float(data["ensemble_level"])
    for name, words in QUANTILES.items():
        unit, status = data[name].attrs["units"], data[name].attrs["status"]
        yield f"  {words} ({unit}) [{status}]:"
        for k, p in enumerate(data["quantile"].values):
            value, low, high = (float(data[f"{name}{end}"][k]) for end in ("", "_low", "_high"))
            note = ", extrapolated" if data["ensemble_extrapolated"][k] else ""
            yield f"    quantile {p:<6g} {value:.4g}, {level:g} % interval {low:.4g} to {high:.4g}{note}"


def _verdicts(told: dict[str, Any]) -> Iterator[str]:
    """The bounds report and the timeline."""
    if told["bounds"]:
        yield f"Bounds: {told['bounds']['verdict']} [{told['bounds']['status']}]"
        for row in told["bounds"]["rows"]:
            numbers = f"{row['claimed']:.6g} of {row['limit']:.6g} {row['unit']}".rstrip()
            yield f"  {row['tier']:<11} {row['bound']}: {numbers}: {row['verdict']} [{row['status']}]"
    if told["timeline"]:
        yield f"Verdict on the timeline: {told['timeline']['sentence']} [{told['timeline']['status']}]"


def varying(data: xr.Dataset) -> list[str]:
    """Scalars of a sweep that are not the same at every point."""
    every = [name for names in sections(data).values() for name in names]
    return [name for name in every if data[name].values.size and (data[name].values != data[name].values.flat[0]).any()]
