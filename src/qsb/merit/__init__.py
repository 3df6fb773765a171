"""Figures of merit: pure functions of block-diagonal states, of spectra, or of time series.

Each function lives in the module of its idea:

- `ergotropy`: work by unitaries on the whole battery, what can still be stored, capacity, coherent and local parts
- `collective`: work by unitaries that treat all cells alike
- `partition`: work by unitaries on blocks of cells, and the ergotropic gap
- `passivity`: n copies, infinitely many, passive and completely passive states, virtual temperatures
- `daemonic`: work where a measurement beside the battery tells which unitary to apply
- `gaussian`: work from Gaussian states of harmonic modes, by all unitaries or Gaussian ones, from a covariance
- `free_energy`: work with a heat bath, with and without a phase reference
- `energy`, `precision`, `fluctuation`: powers and peaks, variance and Fisher information, work that is measured twice
- `correlation`, `entanglement`, `coherence`: entropies, negativity and mutual information, coherence between levels
- `bound`, `speed`, `advantage`: bounds on the power, speed limits, the advantage at a named resource
- `balance`, `discharge`: work spent, heat and efficiency; how a battery discharges by itself

The functions below are also names of the package, imported when first used; a name that is also a module
(`ergotropy`) always means the module.
"""

from importlib import import_module
from typing import Any

_HOMES = {
    "bures_angle": "speed",
    "classical_fisher": "precision",
    "decay_rate": "discharge",
    "deffner_lutz": "speed",
    "efficiency": "balance",
    "fit_decay": "discharge",
    "half_life": "discharge",
    "l1_norm": "coherence",
    "log_negativity": "entanglement",
    "mandelstam_tamm": "speed",
    "margolus_levitin": "speed",
    "mutual_information": "entanglement",
    "negativity": "entanglement",
    "parallel_reference": "advantage",
    "quantum_advantage": "advantage",
    "quantum_fisher": "precision",
    "relative_entropy": "coherence",
    "relative_fluctuation": "precision",
    "speed_ratio": "speed",
    "two_point_measurement": "fluctuation",
    "unified": "speed",
}

__all__ = sorted(_HOMES)  # noqa: PLE0605, RUF100


def __getattr__(name: str) -> Any:
    """Import a figure when it is first used."""
    if name not in _HOMES:
        raise AttributeError(f"module 'qsb.merit' has no attribute {name!r}; it has {', '.join(__all__)}")
    value = getattr(import_module(f"qsb.merit.{_HOMES[name]}"), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    """The modules' figures."""
    return list(__all__)
