"""`Datasheet`: what a cell can do, in SI units. The one record that crosses from the quantum half to the stellar half.

It is made from runs by `qsb.studies.characterise`, and `qsb.stellar.store.Store.from_datasheet` takes it; or somebody
fills it in from a laboratory. How rates of a quantum run become rates of a store is derived in
docs/devdocs/stellar-store.md.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from qsb import checks
from qsb.errors import SpecError

__all__ = ["Datasheet", "Measure"]


@dataclass(frozen=True)
class Measure:
    """A number and how far it can be off.

    Attributes:
        value: in the unit that its field of `Datasheet` names.
        uncertainty: in the same unit; half the width of the interval that holds the truth.
    """

    value: float
    uncertainty: float = 0.0

    def __post_init__(self) -> None:
        for name in ("value", "uncertainty"):
            found = checks.number(f"{name} of a Measure", getattr(self, name), least=0.0)
            object.__setattr__(self, name, found)

    def __str__(self) -> str:
        """Value and uncertainty."""
        return f"{self.value:.6g} +- {self.uncertainty:.2g}"


_UNITS = {
    "energy": "J", "power": "W", "ergotropy_fraction": "", "relaxation": "1/s", "dephasing": "1/s", "gap": "J",
    "capacity": "J", "mass": "kg",
}  # fmt: skip


@dataclass(frozen=True)
class Datasheet:
    r"""A cell of a battery, in SI units; extensive numbers are those of one cell.

    Attributes:
        name: of the cell.
        energy: stored above the ground state when it is charged, J.
        power: average charging power until then, W.
        ergotropy_fraction: share of that energy which is work.
        relaxation: rate at which the energy leaks, :math:`g_r`, 1/s.
        dephasing: rate at which work becomes passive energy beside that, :math:`\gamma_\varphi`, 1/s.
        gap: energy of the first excitation, J.
        capacity: limit of the energy, J; None where there is none.
        mass: kg; None where nobody knows.
        window: time over which the rates were found, s: half the work is left, or the run ended.
        misfit: largest distance of energy and work from the exponentials with these rates in that window, as a share of
            the energy at its begin.
        runs: fingerprints of the runs, or where the numbers are from.
    """

    name: str
    energy: Measure
    power: Measure
    ergotropy_fraction: Measure
    relaxation: Measure
    dephasing: Measure
    gap: Measure
    capacity: Measure | None = None
    mass: Measure | None = None
    window: float = 0.0
    misfit: float = 0.0
    runs: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        checks.word("name of Datasheet", self.name)
        for name in _UNITS:
            value = getattr(self, name)
            if value is not None or name not in ("capacity", "mass"):
                checks.made_of(f"{name} of Datasheet", value, Measure, "a Measure: Measure(1.0, 0.1) makes one")
        if self.ergotropy_fraction.value > 1:
            raise SpecError(
                f"ergotropy_fraction of Datasheet must be at most 1, but it is {self.ergotropy_fraction.value:g}."
            )
        for name in ("window", "misfit"):
            object.__setattr__(self, name, checks.number(f"{name} of Datasheet", getattr(self, name), least=0.0))
        object.__setattr__(self, "runs", tuple(checks.several("runs of Datasheet", self.runs, "a list of texts")))

    @property
    def specific_energy(self) -> float | None:
        """Energy of a charged cell over its mass, J/kg; None without a mass."""
        return None if self.mass is None or self.mass.value == 0 else self.energy.value / self.mass.value

    def to_json(self) -> str:
        """As JSON text."""
        return json.dumps(asdict(self), indent=1)

    @classmethod
    def from_json(cls, text: str) -> Datasheet:
        """From the text of `to_json`.

        Raises:
            SpecError: text that is not JSON, or fields that are missing or unknown.
        """
        try:
            found: Any = json.loads(text)
        except json.JSONDecodeError as error:
            raise SpecError(f"a datasheet is JSON text, but this is not: {error}") from error
        if not isinstance(found, Mapping):
            raise SpecError(f"a datasheet is one JSON object, but this is {type(found).__name__}.")
        try:
            fields: dict[str, Any] = {
                name: Measure(**value) if isinstance(value, Mapping) else value for name, value in found.items()
            }
            return cls(**fields)
        except TypeError as error:
            raise SpecError(f"a datasheet has the fields of qsb.datasheet.Datasheet, but: {error}") from error

    def __str__(self) -> str:
        """One line a number."""
        rows = [(name, getattr(self, name), unit) for name, unit in _UNITS.items()]
        lines = [f"{name:<20}{value if value is not None else '-'} {unit}".rstrip() for name, value, unit in rows]
        rest = f"{'misfit':<20}{self.misfit:.2g} within {self.window:.6g} s"
        return "\n".join([self.name, *lines, rest, f"{'runs':<20}{', '.join(self.runs) or '-'}"])
