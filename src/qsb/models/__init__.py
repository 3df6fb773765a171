"""Batteries by family: each model is a function that returns a `qsb.charging.battery.Battery`.

`MODELS` maps the names that a spec file may use to these functions; the other keys of a spec's ``[model]`` table are
the function's keyword arguments. Families never import each other, so that one can be read, replaced or removed alone.
"""

from __future__ import annotations

from collections.abc import Callable

from qsb.charging.battery import Battery
from qsb.models.chain import chain, xxz, xyz
from qsb.models.collective import (
    dark_state,
    dark_state_channels,
    superabsorption,
    superabsorption_channels,
    superradiant,
    superradiant_channels,
)
from qsb.models.collision import collision, micromaser
from qsb.models.custom import custom, custom_channels
from qsb.models.dicke import dicke, extended_dicke, tavis_cummings, two_photon_dicke
from qsb.models.ensemble import Coupling, ensemble
from qsb.models.ising import ising
from qsb.models.kitaev import kitaev
from qsb.models.mediated import mediated, mediated_channels
from qsb.models.oscillator import oscillator
from qsb.models.parallel import parallel
from qsb.models.qudit import qudit, qudit_decay
from qsb.models.ssh import ssh
from qsb.models.star import central_spin, star
from qsb.models.stirap import stirap
from qsb.models.syk import syk

#: name in a spec file -> function; `custom` takes operators, so it is for Python only
MODELS: dict[str, Callable[..., Battery]] = {
    "central_spin": central_spin,
    "chain": chain,
    "collision": collision,
    "custom": custom,
    "dark_state": dark_state,
    "dicke": dicke,
    "ensemble": ensemble,
    "extended_dicke": extended_dicke,
    "ising": ising,
    "kitaev": kitaev,
    "mediated": mediated,
    "micromaser": micromaser,
    "oscillator": oscillator,
    "parallel": parallel,
    "qudit": qudit,
    "ssh": ssh,
    "star": star,
    "stirap": stirap,
    "superabsorption": superabsorption,
    "superradiant": superradiant,
    "syk": syk,
    "tavis_cummings": tavis_cummings,
    "two_photon_dicke": two_photon_dicke,
    "xxz": xxz,
    "xyz": xyz,
}

__all__ = [
    "MODELS",
    "Coupling",
    "central_spin",
    "chain",
    "collision",
    "custom",
    "custom_channels",
    "dark_state",
    "dark_state_channels",
    "dicke",
    "ensemble",
    "extended_dicke",
    "ising",
    "kitaev",
    "mediated",
    "mediated_channels",
    "micromaser",
    "oscillator",
    "parallel",
    "qudit",
    "qudit_decay",
    "ssh",
    "star",
    "stirap",
    "superabsorption",
    "superabsorption_channels",
    "superradiant",
    "superradiant_channels",
    "syk",
    "tavis_cummings",
    "two_photon_dicke",
    "xxz",
    "xyz",
]
