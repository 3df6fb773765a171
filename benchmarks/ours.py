"""What is timed of `qsb`: each function takes sizes, calls the public interface, and returns arrays and what it tells.

Definitions: hbar = 1, H_B = sum sigma^z_i / 2, start all down; every charger is switched on at t = 0.
"""

from __future__ import annotations

import json
from typing import Any

import numpy as np

import qsb

Arrays = dict[str, np.ndarray]
#: name of a figure of ours -> name of the array in the references
NAMES = {"stored_energy": "E", "power": "P", "ergotropy": "ergotropy", "subset_ergotropy": "ergotropy"}


def chain(n: int, spectra: bool = False) -> tuple[Any, dict[str, Any]]:
    """W1: V = 0.5 sum x + 0.3 sum xx + 0.2 sum zz over the bonds of a chain."""
    return _chain(n, np.linspace(0.0, 20.0, 201)), {
        "figures": ["stored_energy", "power", *(["subset_ergotropy"] if spectra else [])],
        **({"subset": range(n // 2)} if spectra else {}),
    }


def _chain(n: int, times: np.ndarray) -> Any:
    couplings = [{"axes": "xx", "strength": 0.3}, {"axes": "zz", "strength": 0.2}]
    return qsb.Problem(qsb.models.ensemble(n, field=0.5, coupling=couplings), qsb.quench(times[-1]), (), times)


def long_chain(n: int, window: float) -> tuple[Any, dict[str, Any]]:
    """W6: the same as a matrix-product state."""
    times = np.linspace(0.0, window, round(window / 0.2) + 1)
    return _chain(n, times), {"figures": ["stored_energy"], "representation": "mps", "bond": 128}


def dicke(n: int, n_max: int, variant: str) -> tuple[Any, dict[str, Any]]:
    """W2: H_C = a^+ a, V = g (a + a^+) sum x, n quanta at the start."""
    scale = {"norm": "sqrt", "full": "none"}[variant]
    battery = qsb.models.dicke(cells=n, coupling=0.5, cutoff=n_max, normalisation=scale)
    return qsb.Problem(battery, qsb.quench(10.0), (), np.linspace(0.0, 10.0, 101)), {
        "figures": ["stored_energy", "ergotropy"]
    }


def noisy(n: int, representation: str = "auto") -> tuple[Any, dict[str, Any]]:
    """W3: V = 0.5 sum x + (0.3/N) sum over pairs xx; 0.05 D[sigma^-] and 0.05 D[sigma^z] on every cell."""
    return _noisy(n), {
        "figures": ["stored_energy", "power", "ergotropy"],
        "representation": representation,
    }


def _noisy(n: int) -> Any:
    coupling = {"axes": "xx", "strength": 0.3, "geometry": "all", "normalisation": "kac"}
    channels = [qsb.emission(0.05), qsb.dephasing(0.05)]
    times = np.linspace(0.0, 20.0, 101)
    return qsb.Problem(qsb.models.ensemble(n, field=0.5, coupling=coupling), qsb.quench(20.0), channels, times)


def jumps(n: int, samples: int) -> tuple[Any, dict[str, Any]]:
    """W3 by quantum trajectories."""
    return _noisy(n), {
        "figures": ["stored_energy"],
        "representation": "trajectories",
        "samples": samples,
        "seed": 1,
    }


PROBLEMS = {f.__name__: f for f in (chain, long_chain, dicke, noisy, jumps)}


def run(problem: str, **sizes: Any) -> tuple[Arrays, dict[str, Any]]:
    """`qsb.run`: plan, solution, checks, figures, and the largest values in continuous time."""
    made, wanted = PROBLEMS[problem](**sizes)
    data = qsb.run(made, **wanted)
    arrays = {NAMES[k]: np.asarray(data[k].values) for k in wanted["figures"]}
    plan = json.loads(data.attrs["plan"])
    told: dict[str, Any] = {
        "representation": plan["representation"],
        "integrators": sorted(set(plan["integrators"])),
        "unknowns": plan["dimension"],
        "budget": json.loads(data.attrs["error_budget"]),
        "left_out": data.attrs.get("left_out", ""),
    }
    if "stored_energy_error" in data:
        told["standard_error"] = float(data["stored_energy_error"].max())
    return arrays, told


def solve(problem: str, **sizes: Any) -> tuple[Arrays, dict[str, Any]]:
    """The figures at the save times alone: plan, `solve`, readings; no search for peaks, no dataset."""
    from qsb.dynamics.solve import solve as solve_problem
    from qsb.runs.figures import FIGURES, Reading

    made, wanted = PROBLEMS[problem](**sizes)
    names = wanted.pop("figures")
    plan = qsb.plan(made, names, **wanted)
    taken = {} if plan.exact else {"tolerance": _tolerance(plan.representation)}
    reading = Reading(made, solve_problem(made, plan, **taken))
    arrays = {NAMES[k]: np.asarray(FIGURES[k](reading)) for k in names}
    return arrays, {"representation": plan.representation, "unknowns": plan.dimension}


def _tolerance(representation: str) -> float:
    """What a run takes by default, which differs where a representation says so."""
    from qsb.dynamics.plan import REPRESENTATIONS

    return float(getattr(next(r for r in REPRESENTATIONS if r.name == representation), "tolerance", 1e-8))


def grid(n: int, side: int, peaks: bool) -> tuple[Arrays, dict[str, Any]]:
    """W4: W3 at side x side pairs of rates in [0, 0.1], as the sweep of a spec."""
    rates = {"start": 0.0, "stop": 0.1, "num": side}
    data = qsb.sweep(
        {
            "model": {
                "name": "ensemble",
                "cells": n,
                "field": 0.5,
                "coupling": [{"axes": "xx", "strength": 0.3, "geometry": "all", "normalisation": "kac"}],
            },
            "channel": [{"kind": "emission", "rate": 0.0}, {"kind": "dephasing", "rate": 0.0}],
            "stage": [{"kind": "charge", "duration": 20.0}],
            "save": {"points": 101, "figures": ["stored_energy", "ergotropy"], "peaks": peaks},
            "sweep": {"channel.0.rate": rates, "channel.1.rate": rates},
        }
    )
    arrays = {NAMES[k]: np.asarray(data[k].values)[..., ::10] for k in ("stored_energy", "ergotropy")}
    return arrays, {"representation": ", ".join(sorted(set(json.loads(data.attrs["plan"]))))}


def levels(n: int) -> tuple[Arrays, dict[str, Any]]:
    """W5: -sum zz - sum x by free fermions."""
    from qsb.algebra.fermion import gap, ground_energy

    space = qsb.Space.spins(n)
    hamiltonian = qsb.OpSum((qsb.Pair("z", "z", -1.0), qsb.Local("x", -1.0)))
    found = {"E0": ground_energy(hamiltonian, space), "gap": gap(hamiltonian, space)}
    return {k: np.array(v) for k, v in found.items()}, {"representation": "free fermions"}


def exact_energy(n: int) -> np.ndarray:
    """E of W3 by the exact representation that the planner takes; what samples are compared with."""
    return np.asarray(qsb.run(_noisy(n), ["stored_energy"], peaks=False)["stored_energy"].values)
