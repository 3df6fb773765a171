"""F. C. Binder et al., "Quantacell: powerful charging of quantum batteries" (2015), recomputed.

The global flip against a field of the same operator norm: N times as fast. The same flip at an equal coupling is no
faster at all, and beside H_B it does not even fill the battery.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from qsb.merit.speed import mandelstam_tamm
from qsb.studies.bench import refit, rerun
from qsb.studies.scaling import Scaling, fit_dataset
from qsb.studies.worksheet import Curve, Plane, Tell, Worksheet

if TYPE_CHECKING:
    import xarray as xr

    from qsb.studies.study import Study

KEY = "binder2015"

#: all numbers have closed forms; peaks between the saved times are exact to about 1e-9 of an interpolant
EXACT = 1e-6
#: the limit of an exponent, from exact data of a pure power law
SLACK = 0.01

#: charger -> arguments of `ensemble`; the strength of the field is 1
CHARGERS: dict[str, dict[str, Any]] = {
    "parallel": {"field": 1.0},
    "global-norm": {"flip": 1.0, "flip_normalisation": "extensive"},
    "global-coupling": {"flip": 1.0},
}


def study(*, quick: bool = False, tell: Tell = lambda step, what: None) -> Study:
    """Recompute the paper."""
    sheet = Worksheet(
        KEY,
        "Quantacell: powerful charging of quantum batteries",
        "F. C. Binder, S. Vinjanampathy, K. Modi, J. Goold, New J. Phys. 17, 075015 (2015), "
        "doi:10.1088/1367-2630/17/7/075015, arXiv:1503.05007",
        quick,
        tell,
    )
    sheet.convention(
        "norm",
        "equal operator norm",
        "H_B = (ω/2) Σ σz off while V acts; V∥ = λ Σ σx, V♯ = Nλ Π σx; start all down; ‖V∥‖ = ‖V♯‖ = Nλ, λ = ω = 1",
        "The paper bounds the norm of the driving Hamiltonian (from memory). `ensemble` with `field`, and with `flip` "
        "and `flip_normalisation = 'extensive'`; the stage has `battery = false`. The power is N ω/T.",
        default=True,
    )
    sheet.convention(
        "coupling",
        "equal coupling constant",
        "as above with V♯ = λ Π σx",
        "The strength of the one term of V♯ equals that of each term of V∥: what an experiment may have.",
    )
    cells = [2, 3, 4, 6, 8, 12] if quick else [2, 3, 4, 6, 8, 12, 16, 24, 32]
    runs = {name: sheet.run(name, _spec(name, cells)) for name in CHARGERS}
    beside = sheet.run("global-coupling-beside-battery", _spec("global-coupling", cells, battery=True))
    _qubit(sheet)
    fit = fit_dataset(runs["global-norm"], resource="operator norm", figure="peak_average_power")
    _headline(sheet, runs, fit)
    _separable(sheet)
    _resources(sheet, runs, beside)
    _figures(sheet, runs, beside)
    return sheet.study()


def _spec(charger: str, cells: list[int], *, battery: bool = False) -> dict[str, Any]:
    """One charger over the time that the field needs, and a little more."""
    return {
        "title": f"Charger {charger}, H_B {'on' if battery else 'off'} while it acts",
        "model": {"name": "ensemble", "cells": cells[0], **CHARGERS[charger]},
        "stage": [{"kind": "charge", "duration": 1.65, "battery": battery}],
        "save": {"points": 161, "figures": ["stored_energy", "power", "average_power"]},
        "sweep": {"model.cells": cells},
    }


def _full_power(data: xr.Dataset) -> np.ndarray[Any, np.dtype[np.float64]]:
    """Energy at the first full charge over the time that it took, by N."""
    return np.asarray(data["peak_stored_energy"].values / data["charging_time"].values, dtype=np.float64)


def _qubit(sheet: Worksheet) -> None:
    """One qubit at the quantum speed limit."""
    spec = _spec("parallel", [1])
    del spec["sweep"]
    data = sheet.run("qubit", spec)
    limit = float(mandelstam_tamm(np.pi / 2, 1.0))
    sheet.claim(
        "qubit",
        '"an analytical optimal protocol for the case of a single qubit"',
        sheet.compare(
            "charging time of one qubit (1/ω)",
            float(data["charging_time"]),
            "==",
            limit,
            tolerance=EXACT,
            reading="norm",
            rerun=rerun("qubit"),
            note="the quantum speed limit between orthogonal states, π/(2 ΔV) with ΔV = λ",
        ),
        sheet.compare(
            "energy then (ω)",
            float(data["peak_stored_energy"]),
            "==",
            1.0,
            tolerance=EXACT,
            reading="norm",
            rerun=rerun("qubit"),
        ),
        section="abstract",
        basis="read",
    )


def _headline(sheet: Worksheet, runs: dict[str, xr.Dataset], fit: Scaling) -> None:
    cells = runs["parallel"]["cells"].values
    gain = _full_power(runs["global-norm"]) / _full_power(runs["parallel"])
    sheet.claim(
        "n-fold",
        '"an N-fold advantage in power per qubit can be achieved when global operations are permitted"',
        sheet.compare(
            "smallest ratio of powers over N",
            float((gain / cells).min()),
            "==",
            1.0,
            tolerance=EXACT,
            reading="norm",
            rerun=f"{rerun('parallel')} && {rerun('global-norm')}",
            note=f"N = {cells[0]} to {cells[-1]}",
        ),
        sheet.compare(
            "largest ratio of powers over N",
            float((gain / cells).max()),
            "==",
            1.0,
            tolerance=EXACT,
            reading="norm",
            rerun=f"{rerun('parallel')} && {rerun('global-norm')}",
        ),
        sheet.compare(
            "limit exponent of the largest average power",
            fit.limit.value,
            "==",
            2.0,
            tolerance=SLACK,
            reading="norm",
            rerun=refit("global-norm", "peak_average_power", "operator norm"),
            note=f"interval {fit.limit.low:.3f} to {fit.limit.high:.3f}; 1 is extensive",
        ),
        section="abstract",
        basis="read",
    )


def _separable(sheet: Worksheet) -> None:
    """Start, half charge and full charge of six cells."""
    cells = 6
    data = sheet.run(
        "half-way",
        {
            "title": "Entanglement of the global flip between an empty and a full battery",
            "model": {"name": "ensemble", "cells": cells, **CHARGERS["global-norm"]},
            "stage": [{"kind": "charge", "duration": np.pi / (2 * cells), "battery": False}],
            "save": {"points": 41, "cut": 3, "figures": ["stored_energy", "entanglement_entropy", "ergotropy"]},
        },
    )
    entropy = data["entanglement_entropy"].values
    sheet.claim(
        "separable-ends",
        "The advantage holds when initial and final states are required to be separable.",
        sheet.compare(
            "entanglement entropy at the start and at full charge (nats)",
            float(np.abs(entropy[[0, -1]]).max()),
            "==",
            0.0,
            tolerance=1e-9,
            reading="norm",
            rerun=rerun("half-way"),
        ),
        sheet.compare(
            "stored energy at the end, over N ω",
            float(data["stored_energy"][-1]) / cells,
            "==",
            1.0,
            tolerance=EXACT,
            reading="norm",
            rerun=rerun("half-way"),
        ),
        sheet.compare(
            "entanglement entropy half way (nats)",
            float(entropy[len(entropy) // 2]),
            "==",
            float(np.log(2)),
            tolerance=EXACT,
            reading="norm",
            rerun=rerun("half-way"),
            note="ln 2: a GHZ state on the way",
        ),
        section="abstract",
        basis="read",
    )


def _resources(sheet: Worksheet, runs: dict[str, xr.Dataset], beside: xr.Dataset) -> None:
    gain = _full_power(runs["global-coupling"]) / _full_power(runs["parallel"])
    power = fit_dataset(beside, resource="coupling", figure="peak_power")
    sheet.claim(
        "any-resource",
        "The advantage of global operations does not depend on what is held equal.",
        sheet.compare(
            "largest ratio of powers at an equal coupling constant",
            float(gain.max()),
            ">",
            1.0,
            tolerance=EXACT,
            reading="coupling",
            rerun=f"{rerun('parallel')} && {rerun('global-coupling')}",
        ),
        sheet.compare(
            "limit exponent of the peak power with H_B on",
            power.limit.value,
            ">",
            1.0,
            tolerance=SLACK,
            reading="coupling, H_B on",
            rerun=refit("global-coupling-beside-battery"),
            note="detuned by N ω, the flip moves ever less energy",
        ),
        section="as the abstract may be read",
        basis="derived",
    )


def _figures(sheet: Worksheet, runs: dict[str, xr.Dataset], beside: xr.Dataset) -> None:
    n = runs["parallel"]["cells"].values.tolist()
    labels = {"parallel": "field", "global-norm": "flip, equal norm", "global-coupling": "flip, equal coupling"}
    peak = {text: Curve(n, runs[name]["peak_power"].values.tolist(), "points") for name, text in labels.items()}
    peak["flip, equal coupling, $H_B$ on"] = Curve(n, beside["peak_power"].values.tolist(), "points")
    for a in (1, 2):
        peak["$N$" if a == 1 else f"$N^{a}$"] = Curve(n, [float(k) ** a for k in n], "guide")
    gain = {
        text: Curve(n, (_full_power(runs[name]) / _full_power(runs["parallel"])).tolist(), "points")
        for name, text in labels.items()
        if name != "parallel"
    }
    gain["$N$"] = Curve(n, [float(k) for k in n], "guide")
    sheet.curves(
        "power",
        "Peak power and advantage of the global flip",
        "Left: largest instantaneous power, λ = ω = 1. Right: power of a full charge, N ω/T, over that of the field. "
        "H_B is off while the charger acts, except where stated.",
        "Two log-log plots against the number of cells: power with slopes 2, 1 and 0, and advantage N or 1.",
        Plane("Number of cells $N$", r"Peak power ($\omega^2$)", peak, "xy"),
        Plane("Number of cells $N$", r"Advantage $\Gamma = P_\mathrm{global}/P_\mathrm{parallel}$ (1)", gain, "xy"),
    )


__all__ = ["KEY", "study"]
