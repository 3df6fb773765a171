"""The table of an ensemble of flare years: how many members, how long, which quantiles."""

from __future__ import annotations

import math
from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from qsb.runs.forms import Form

__all__ = ["QUANTILES", "EnsembleForm"]

QUANTILES = (0.5, 0.8, 0.9, 0.95, 0.98, 0.99)
"""Unless a spec names others."""


class EnsembleForm(Form):
    """Buffers through years of flares: `size_leaky_buffers` of `qsb.stellar.leaky_buffer`, or ideal ones.

    The process is that of the flares; a record has none, so that its ensemble names one. Where the flares have a
    modulation, each member lives through its begin, or with `anywhere` begins at a time of its own.
    """

    members: Annotated[int, Field(ge=1, le=10_000_000)]
    years: Annotated[float, Field(gt=0, allow_inf_nan=False), "yr"] = 1.0
    quantiles: list[float] = Field(default_factory=lambda: list(QUANTILES), min_length=1, max_length=1000)
    level: float = 0.95
    seed: Annotated[int, Field(ge=0)] | None = None
    process: Literal["solar", "m-dwarf"] | None = None
    superflares: Literal["Okamoto2021", "Vasilyev2024"] | None = None
    per_year: float | None = None
    anywhere: bool = False

    @model_validator(mode="after")
    def _possible(self) -> Self:
        if self.process is None and (self.superflares is not None or self.per_year is not None):
            raise ValueError("superflares and per_year of an ensemble belong to a process of its own; name it")
        if self.superflares is not None and self.process != "solar":
            raise ValueError(f"superflares belong to process = 'solar', but the process is {self.process!r}")
        if not 0 < self.level < 1:
            raise ValueError(f"level must be between 0 and 1, but it is {self.level:g}")
        if not all(0 < p < 1 for p in self.quantiles):
            raise ValueError(f"quantiles must be between 0 and 1, but they are {self.quantiles}")
        if any(a >= b for a, b in zip(self.quantiles, self.quantiles[1:], strict=False)):
            raise ValueError(f"quantiles must rise, but they are {self.quantiles}")
        # order statistics have both ends if max(p, 1 - p)^n is below half of what the level leaves
        far = max(self.quantiles, key=lambda p: abs(p - 0.5))
        need = math.floor(math.log((1 - self.level) / 2) / math.log(max(far, 1 - far))) + 1
        if self.members < need:
            raise ValueError(
                f"the {self.level:g} interval of the {far:g} quantile needs {need} members or more, but there are "
                f"{self.members}"
            )
        return self
