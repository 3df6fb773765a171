"""`Bench`: the runs of a study, each made once from its spec and kept with it under a name."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from qsb.runs.run import run
from qsb.runs.spec import load_spec
from qsb.runs.sweep import combine, sweep

if TYPE_CHECKING:
    import xarray as xr


@dataclass
class Bench:
    """Runs specs and remembers data and TOML text by name.

    Attributes:
        tell: called with the name of every run before it starts.
        datasets: what was computed.
        specs: the TOML text of each run.
    """

    tell: Callable[[str], None] = lambda name: None
    datasets: dict[str, xr.Dataset] = field(default_factory=dict)
    specs: dict[str, str] = field(default_factory=dict)

    def run(self, name: str, table: Mapping[str, Any]) -> xr.Dataset:
        """Run a spec, or sweep it if it has a sweep."""
        if name not in self.datasets:
            self.tell(name)
            loaded = load_spec(table)
            self.specs[name] = loaded.to_toml()
            self.datasets[name] = sweep(loaded) if loaded.axes() else run(loaded)
        return self.datasets[name]

    def stack(self, name: str, axis: str, tables: Sequence[tuple[Any, Mapping[str, Any]]]) -> xr.Dataset:
        """Run several specs that differ in more than one key, and stack them along one axis.

        Args:
            name: name of the stack; each run is stored as ``name-value``.
            axis: name of the axis.
            tables: (value on the axis, spec).
        """
        if name not in self.datasets:
            specs = [(value, load_spec(table)) for value, table in tables]
            found = []
            for value, loaded in specs:
                self.tell(f"{name}, {axis} = {value}")
                self.specs[f"{name}-{value}"] = loaded.to_toml()
                found.append(run(loaded))
            self.datasets[name] = combine([{axis: value} for value, _ in specs], found, specs[0][1])
        return self.datasets[name]


def rerun(name: str) -> str:
    """The command that computes a run again, from the folder of the report."""
    return f"qsb run specs/{name}.toml --out {name}.nc"


def refit(name: str, figure: str = "peak_power", resource: str = "coupling") -> str:
    """The commands that compute a fit again, from the folder of the report."""
    return f"{rerun(name)} && qsb fit {name}.nc --figure {figure} --resource '{resource}'"
