"""qsb: quantum batteries. Exact charging dynamics, figures of merit with their bounds, honest scaling verdicts.

::

    battery = qsb.models.ensemble(cells=4, field=0.5)
    data = qsb.run(qsb.Problem(battery, qsb.quench(20.0), [qsb.emission(0.05)]))
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

__version__ = "0.1.0"

#: every public name and the module that defines it; nothing is imported before it is asked for
_HOMES = {
    "Battery": "qsb.charging.battery",
    "Blocks": "qsb.algebra.blocks",
    "Channel": "qsb.charging.environment",
    "ConvergenceError": "qsb.errors",
    "Cross": "qsb.algebra.terms",
    "Datasheet": "qsb.datasheet",
    "Global": "qsb.algebra.terms",
    "Local": "qsb.algebra.terms",
    "ModeStart": "qsb.algebra.states",
    "OpSum": "qsb.algebra.opsum",
    "Pair": "qsb.algebra.terms",
    "PhysicsBoundError": "qsb.errors",
    "PlanError": "qsb.errors",
    "PlatformError": "qsb.errors",
    "Problem": "qsb.charging.problem",
    "Protocol": "qsb.charging.protocol",
    "QsbError": "qsb.errors",
    "Space": "qsb.algebra.space",
    "SpecError": "qsb.errors",
    "Spectrum": "qsb.algebra.blocks",
    "Stage": "qsb.charging.protocol",
    "Start": "qsb.algebra.states",
    "StructureError": "qsb.errors",
    "anti_ergotropy": "qsb.merit.ergotropy",
    "asymptotic_ergotropy": "qsb.merit.passivity",
    "capacity": "qsb.merit.ergotropy",
    "citation": "qsb.runs.citation",
    "daemonic_ergotropy": "qsb.merit.daemonic",
    "dephasing": "qsb.charging.environment",
    "emission": "qsb.charging.environment",
    "ergotropic_gap": "qsb.merit.partition",
    "ergotropy": "qsb.merit.ergotropy",
    "ergotropy_parts": "qsb.merit.ergotropy",
    "fit_dataset": "qsb.studies.scaling",
    "fit_scaling": "qsb.studies.scaling",
    "free_energy_bound": "qsb.merit.free_energy",
    "from_qutip": "qsb.runs.interop",
    "is_completely_passive": "qsb.merit.passivity",
    "is_passive": "qsb.merit.passivity",
    "k_local_ergotropy": "qsb.merit.partition",
    "load_spec": "qsb.runs.spec",
    "n_copy_ergotropy": "qsb.merit.passivity",
    "passive_energy": "qsb.merit.ergotropy",
    "plan": "qsb.runs.run",
    "pumping": "qsb.charging.environment",
    "quench": "qsb.charging.protocol",
    "read": "qsb.runs.dataset",
    "run": "qsb.runs.run",
    "sweep": "qsb.runs.sweep",
    "symmetric_ergotropy": "qsb.merit.collective",
    "thermal": "qsb.charging.environment",
    "to_qutip": "qsb.runs.interop",
    "virtual_temperatures": "qsb.merit.passivity",
    "write": "qsb.runs.dataset",
}

#: packages that are public as they stand
_PACKAGES = ("charging", "merit", "models", "plots", "stellar", "studies")

__all__ = sorted([*_HOMES, *_PACKAGES])  # noqa: PLE0605, RUF100


def __getattr__(name: str) -> Any:
    """Import a public name when it is first used, so that `import qsb` stays fast."""
    if name in _HOMES:
        value = getattr(import_module(_HOMES[name]), name)
    elif name in _PACKAGES:
        value = import_module(f"qsb.{name}")
    else:
        raise AttributeError(f"module 'qsb' has no attribute {name!r}; it has {', '.join(__all__)}")
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    """The public names."""
    return [*__all__, "__version__"]


if TYPE_CHECKING:
    from qsb import charging, merit, models, plots, stellar, studies  # noqa: F401
    from qsb.algebra.blocks import Blocks, Spectrum  # noqa: F401
    from qsb.algebra.opsum import OpSum  # noqa: F401
    from qsb.algebra.space import Space  # noqa: F401
    from qsb.algebra.states import ModeStart, Start  # noqa: F401
    from qsb.algebra.terms import Cross, Global, Local, Pair  # noqa: F401
    from qsb.charging.battery import Battery  # noqa: F401
    from qsb.charging.environment import Channel, dephasing, emission, pumping, thermal  # noqa: F401
    from qsb.charging.problem import Problem  # noqa: F401
    from qsb.charging.protocol import Protocol, Stage, quench  # noqa: F401
    from qsb.datasheet import Datasheet  # noqa: F401
    from qsb.errors import (  # noqa: F401
        ConvergenceError,
        PhysicsBoundError,
        PlanError,
        PlatformError,
        QsbError,
        SpecError,
        StructureError,
    )
    from qsb.merit.collective import symmetric_ergotropy  # noqa: F401
    from qsb.merit.daemonic import daemonic_ergotropy  # noqa: F401
    from qsb.merit.ergotropy import anti_ergotropy, capacity, ergotropy, ergotropy_parts, passive_energy  # noqa: F401
    from qsb.merit.free_energy import free_energy_bound  # noqa: F401
    from qsb.merit.partition import ergotropic_gap, k_local_ergotropy  # noqa: F401
    from qsb.merit.passivity import (  # noqa: F401
        asymptotic_ergotropy,
        is_completely_passive,
        is_passive,
        n_copy_ergotropy,
        virtual_temperatures,
    )
    from qsb.runs.citation import citation  # noqa: F401
    from qsb.runs.dataset import read, write  # noqa: F401
    from qsb.runs.run import plan, run  # noqa: F401
    from qsb.runs.spec import load_spec  # noqa: F401
    from qsb.runs.sweep import sweep  # noqa: F401
    from qsb.studies.scaling import fit_dataset, fit_scaling  # noqa: F401
