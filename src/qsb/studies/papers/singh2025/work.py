"""What the paper leaves open, and the runs, fits and comparisons that its claims measure."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass, field
from importlib.resources import files
from typing import TYPE_CHECKING, Any

from qsb.studies.bench import Bench
from qsb.studies.relaxation import Comparison, Coupling, compare_relaxation
from qsb.studies.scaling import Scaling, fit_dataset, fit_scaling
from qsb.studies.study import Reading

if TYPE_CHECKING:
    import xarray as xr

#: P_max is the largest power on [0, WINDOW], in 1/omega0; the paper states no window
WINDOW = 20.0
#: lambda / omega0; the paper states none. Noise claims are judged at all, the others at the first
STRENGTHS = (0.5, 1.0)
#: "moderate noise (gamma <= 0.05 omega)", Section 17B, and Fig. 3
RATE = 0.05
#: cells of Figs. 1 and 3
CELLS = 4
#: bath temperatures in units of J for the storage model, and its parameters: ordered, J >> h
TEMPERATURES = (0.1, 0.15, 0.2, 0.5, 1.0)
EXCHANGE, TRANSVERSE, CHAIN = 1.0, 0.1, 8

NOISE: dict[str, tuple[str, ...]] = {
    "closed": (),
    "relaxation": ("emission",),
    "dephasing": ("dephasing",),
    "both": ("emission", "dephasing"),
}
_SERIES = (
    "stored_energy",
    "energy_above_ground",
    "power",
    "ergotropy",
    "local_ergotropy",
    "ergotropy_fraction",
)


def paper() -> dict[str, Any]:
    """The texts: readings, claims, inconsistencies."""
    source = files("qsb.studies.papers.singh2025").joinpath("texts.toml")
    return tomllib.loads(source.read_text(encoding="utf-8"))


def model(reading: str, strength: float, cells: int = CELLS) -> dict[str, Any]:
    """The [model] table of a reading."""
    pair = {"axes": "xx", "strength": strength, "geometry": "chain"}
    every = {**pair, "geometry": "all"}
    tables: dict[str, dict[str, Any]] = {
        "A": {"field": strength},
        "B": {"coupling": [pair]},
        "C": {"coupling": [every]},
        "C-sqrt": {"coupling": [{**every, "normalisation": "sqrt"}]},
        "C-kac": {"coupling": [{**every, "normalisation": "kac"}]},
        "D": {"flip": strength},
        "D-norm": {"flip": strength, "flip_normalisation": "extensive"},
        "E": {"field": strength, "coupling": [pair]},
        "F": {"coupling": [pair]},
        "G": {"coupling": [pair], "frequency": 2.0},
    }
    return {"name": "ensemble", "cells": cells, **tables[reading]}


def spec(
    reading: str,
    noise: str,
    figures: tuple[str, ...],
    *,
    strength: float,
    points: int = 401,
    cells: int = CELLS,
) -> dict[str, Any]:
    """The spec of one run."""
    return {
        "title": f"reading {reading}, lambda = {strength:g}, {noise}",
        "model": model(reading, strength, cells),
        "start": {"state": "up" if reading == "F" else "ground"},
        "channel": [{"kind": kind, "rate": RATE} for kind in NOISE[noise]],
        "stage": [{"kind": "charge", "duration": WINDOW}],
        "save": {"points": points, "figures": list(figures)},
    }


@dataclass
class Work:
    """The runs, fits and comparisons that the claims measure."""

    bench: Bench
    quick: bool
    readings: tuple[Reading, ...]
    fits: dict[tuple[str, str], Scaling] = field(default_factory=dict)
    relaxation: dict[Coupling, tuple[Comparison, ...]] = field(default_factory=dict)

    @property
    def keys(self) -> list[str]:
        """All readings."""
        return [r.key for r in self.readings]

    @property
    def charging(self) -> list[str]:
        """The readings whose battery starts empty; F starts full."""
        return [k for k in self.keys if k != "F"]

    @property
    def default(self) -> str:
        """The default reading."""
        return next(r.key for r in self.readings if r.default)

    def name(self, reading: str, noise: str = "closed", strength: float = STRENGTHS[0]) -> str:
        """Name of a run of four cells."""
        return f"N{CELLS}-{reading}-lambda{strength:g}-{noise}"

    def data(self, reading: str, noise: str = "closed", strength: float = STRENGTHS[0]) -> xr.Dataset:
        """Four cells under one reading."""
        figures = (*_SERIES, "coherent_ergotropy") if noise == "closed" else _SERIES
        return self.bench.run(self.name(reading, noise, strength), spec(reading, noise, figures, strength=strength))

    def sizes(self, reading: str, noise: str) -> list[int]:
        """Numbers of cells: those of the paper, and on to where the asymptotics show."""
        if noise != "closed":
            return list(range(2, 6 if self.quick else 7))
        if reading in ("B", "E", "F", "G"):
            return list(range(2, 9 if self.quick else 13))
        return [2, 3, 4, 5, 6, 8, 12, 20, 32] if self.quick else [2, 3, 4, 5, 6, 8, 12, 20, 32, 48, 64]

    def scaling(self, reading: str, noise: str = "closed") -> xr.Dataset:
        """Peak power against N, with the locality bound."""
        name, cells = f"scaling-{reading}-{noise}", self.sizes(reading, noise)
        # unnormalised all-to-all and equal-norm global chargers turn faster as N grows
        points = 401 if noise != "closed" else 4001 if reading in ("C", "D-norm") else 801

        def one(n: int) -> dict[str, Any]:
            figures = ("stored_energy", "power", "bound_locality")
            return spec(reading, noise, figures, strength=STRENGTHS[0], points=points, cells=n)

        return self.bench.run(name, {**one(cells[0]), "sweep": {"model.cells": cells}})

    def fit(self, reading: str, noise: str = "closed") -> Scaling:
        """Exponent of the peak power at equal coupling, over all sizes."""
        if (reading, noise) not in self.fits:
            self.fits[reading, noise] = fit_dataset(self.scaling(reading, noise), resource="coupling")
        return self.fits[reading, noise]

    def slope(self, reading: str, noise: str = "closed", last: int = 6) -> Scaling:
        """The same over N = 2..last, the paper's range."""
        few = self.scaling(reading, noise).sel(cells=slice(2, last))
        return fit_dataset(few, resource="coupling")

    def equal_norm(self, reading: str) -> Scaling:
        """Exponent at equal operator norm: power times the ratio of the field's span, 2 N lambda, to the charger's."""
        data = self.scaling(reading)
        n, p = data["cells"].values, data["peak_power"].values
        return fit_scaling(
            n,
            p * 2 * STRENGTHS[0] * n / data["charger_span"].values,
            resource="operator norm",
            figure="peak_power",
        )

    def ising(self, coupling: Coupling) -> tuple[Comparison, ...]:
        """The storage model against uncoupled cells, coupled to local baths along one axis."""
        if coupling not in self.relaxation:
            self.bench.tell(f"storage model, bath along {coupling}")
            cells = 6 if self.quick else CHAIN
            self.relaxation[coupling] = compare_relaxation(cells, EXCHANGE, TRANSVERSE, TEMPERATURES, coupling=coupling)
        return self.relaxation[coupling]
