"""`Bench`: the runs of a study, each made once from its spec and kept with it under a name."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from qsb.runs.run import run
from qsb.runs.spec import load_spec
from qsb.runs.sweep import sweep

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


def rerun(name: str) -> str:
    """The command that computes a run again, from the folder of the report."""
    return f"qsb run specs/{name}.toml --out {name}.nc"


def refit(name: str, figure: str = "peak_power", resource: str = "coupling") -> str:
    """The commands that compute a fit again, from the folder of the report."""
    return f"{rerun(name)} && qsb fit {name}.nc --figure {figure} --resource '{resource}'"


def evaluate(module: str, call: str) -> str:
    """The command that computes a number of a module again: ``call`` is an expression with its public functions."""
    return f'python -c "from {module} import *; print({call})"'
