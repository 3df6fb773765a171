"""S. Julià-Farré et al., "Bounds on the capacity and power of quantum batteries" (2020), recomputed.

The power is at most the root of the energy's variance times its Fisher information. The variance tells of entanglement,
the information of speed; how both grow with N decides what a super-extensive power is made of.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from qsb.merit.bound import producible_std
from qsb.studies.bench import refit, rerun
from qsb.studies.scaling import Scaling, fit_dataset, fit_scaling
from qsb.studies.worksheet import Curve, Plane, Tell, Worksheet

if TYPE_CHECKING:
    import xarray as xr

    from qsb.studies.study import Study

KEY = "juliafarre2020"

#: rounding of populations near zero, whose rates are divided by them
ROUNDING = 1e-7
#: limit exponents of power at finite N; the variance is read at a peak between coarser times
SLACK, VARIANCE_SLACK = 0.05, 0.1
#: below this part of its peak a power is not divided by its bound
LEAST = 1e-4
FIGURES = ["stored_energy", "power", "average_power", "bound_fisher", "fisher_information", "energy_std"]

#: normalisation of the coupling of all pairs -> (what it is in words, window)
PAIRS: dict[str, tuple[str, float]] = {"none": ("λ", 0.8), "sqrt": ("λ/√N", 2.0), "kac": ("λ/N", 6.0)}


def study(*, quick: bool = False, tell: Tell = lambda step, what: None) -> Study:
    """Recompute the paper."""
    sheet = Worksheet(
        KEY,
        "Bounds on the capacity and power of quantum batteries",
        "S. Julià-Farré, T. Salamon, A. Riera, M. N. Bera, M. Lewenstein, Phys. Rev. Research 2, 023113 (2020), "
        "doi:10.1103/PhysRevResearch.2.023113, arXiv:1811.04005",
        quick,
        tell,
    )
    sheet.convention(
        "pairs",
        "all pairs of cells (Lipkin-Meshkov-Glick)",
        "H_B = (ω/2) Σ σz, off while V = ν λ Σ_{i<j} σxσx acts, ν = 1, 1/√N or 1/N; start all down; λ = ω = 1",
        "`ensemble` with one coupling of all pairs. The paper's own parameters are not known to us; with one axis and "
        "without a field the model has closed forms.",
        default=True,
    )
    sheet.convention(
        "dicke",
        "cells in one cavity (Dicke)",
        "H = ωc a†a + ωa Jz + 2 ωc λ Jx (a + a†), resonant, λ = 0.5 or λ/√N; start |N> x |down...down>",
        "`dicke` as in Ferraro et al. 2018. H_B is that of the cells, and the information that of their levels.",
    )
    runs = _runs(sheet)
    _power(sheet, runs)
    _variance(sheet, runs)
    fits = _normalised(sheet, runs)
    _figures(sheet, runs, fits)
    return sheet.study()


def _runs(sheet: Worksheet) -> dict[str, xr.Dataset]:
    cells = [4, 6, 8, 12, 16, 24] if sheet.quick else [4, 6, 8, 12, 16, 24, 32, 48, 64]
    dicke = [2, 3, 4, 6, 8] if sheet.quick else [2, 3, 4, 6, 8, 12, 16]
    made: dict[str, dict[str, Any]] = {
        f"pairs-{name}": {
            "model": {"coupling": [{"axes": "xx", "geometry": "all", "normalisation": name}]},
            "stage": [{"kind": "charge", "duration": window, "battery": False}],
            "sweep": {"model.cells": cells},
        }
        for name, (_, window) in PAIRS.items()
    }
    for name, window in (("none", 4.0), ("sqrt", 6.0)):
        made[f"dicke-{name}"] = {
            "model": {"name": "dicke", "coupling": 0.5, "normalisation": name},
            "stage": [{"kind": "charge", "duration": window}],
            "sweep": {"model.cells": dicke},
        }
    for name, charger, window in (("field", {"field": 1.0}, 1.5), ("flip", {"flip": 1.0}, 1.5)):
        made[name] = {"model": {"cells": 8, **charger}, "stage": [{"duration": window, "battery": False}]}
    made["noisy"] = {
        "model": {"cells": 3, "field": 1.0, "coupling": [{"axes": "xx", "geometry": "all"}]},
        "stage": [{"duration": 6.0}],
        "channel": [{"kind": "emission", "rate": 0.2}, {"kind": "dephasing", "rate": 0.05}],
    }
    made["hot"] = {
        "model": {"cells": 4, "field": 1.0},
        "start": {"state": "thermal", "temperature": 1.0},
        "stage": [{"duration": 1.65, "battery": False}],
        "save": {"points": 161, "figures": ["stored_energy", "ergotropy", "asymptotic_ergotropy"]},
    }
    runs = {}
    for name, spec in made.items():
        spec["model"] = {"name": "ensemble", "cells": cells[0], **spec["model"]}
        spec.setdefault("save", {"points": 161, "figures": FIGURES})
        runs[name] = sheet.run(name, {"title": name, **spec})
    return runs


def _ratio(data: xr.Dataset) -> NDArray[np.float64]:
    """|P| over the bound, NaN where there is next to no power."""
    power = np.abs(data["power"].values)
    some = power > LEAST * power.max()
    return np.where(some, power / np.where(some, data["bound_fisher"].values, 1.0), np.nan)


def _power(sheet: Worksheet, runs: dict[str, xr.Dataset]) -> None:
    hot = runs["hot"]["ergotropy"] / runs["hot"]["asymptotic_ergotropy"]
    sheet.claim(
        "power-bound",
        '"an upper bound for power is derived for arbitrary charging process, in terms of the Fisher information and '
        'the energy variance of the battery"',
        *(
            sheet.compare(
                f"largest |P|/√(Var H_B I_E), {name}",
                float(np.nanmax(_ratio(runs[name]))),
                "<=",
                1.0,
                tolerance=ROUNDING,
                rerun=rerun(name),
                note="with emission and dephasing" if name == "noisy" else "",
            )
            for name in runs
            if name != "hot"
        ),
        section="abstract",
        basis="read",
    )
    sheet.claim(
        "saturated",
        'There are "paradigmatic models for batteries that saturate the bounds both for the stored energy and power".',
        *(
            sheet.compare(
                f"smallest |P|/√(Var H_B I_E) at any time, {name}",
                float(np.nanmin(_ratio(runs[name]))),
                "==",
                1.0,
                tolerance=1e-5,
                rerun=rerun(name),
                note=note,
            )
            for name, note in (("field", "binomial weights of the levels"), ("flip", "two levels"))
        ),
        sheet.compare(
            "smallest ergotropy over its entropic bound, hot cells in a field",
            float(hot[1:].min()),
            "==",
            1.0,
            tolerance=1e-6,
            rerun=rerun("hot"),
            note="the bound is the energy above the Gibbs state of equal entropy; at t = 0 both are 0",
        ),
        section="abstract",
        basis="read",
    )


def _at_peak(data: xr.Dataset, figure: str) -> NDArray[np.float64]:
    """A series at the time of peak power, by N; between saved times a straight line."""
    rows = np.atleast_2d(data[figure].values)
    peaks = np.atleast_1d(data["peak_power_time"].values)
    return np.array([np.interp(t, data["time"].values, row) for t, row in zip(peaks, rows, strict=True)])


def _variance(sheet: Worksheet, runs: dict[str, xr.Dataset]) -> None:
    n = int(runs["field"]["cells"])
    product, every = producible_std(n, 1, 1.0), producible_std(n, n, 1.0)
    pairs = runs["pairs-none"].sel(cells=n)
    sheet.claim(
        "variance",
        '"the energy variance is bounded by the multipartite entanglement properties of batteries composed of qubits"',
        sheet.compare(
            f"largest ΔH_B of the field over that of products, N = {n}",
            float(runs["field"]["energy_std"].max()) / product,
            "<=",
            1.0,
            tolerance=1e-6,
            rerun=rerun("field"),
        ),
        sheet.compare(
            "largest ΔH_B of all pairs over that of products",
            float(pairs["energy_std"].max()) / product,
            ">",
            1.0,
            rerun=rerun("pairs-none"),
            note="more than products reach: entangled",
        ),
        sheet.compare(
            "largest ΔH_B of all pairs over that of N-cell entanglement",
            float(pairs["energy_std"].max()) / every,
            "<=",
            1.0,
            tolerance=1e-6,
            rerun=rerun("pairs-none"),
        ),
        sheet.compare(
            "largest ΔH_B of the flip over that of N-cell entanglement",
            float(runs["flip"]["energy_std"].max()) / every,
            "==",
            1.0,
            tolerance=1e-4,
            rerun=rerun("flip"),
            note="a GHZ state half way, to the next saved time",
        ),
        section="abstract",
        basis="read",
    )


def _normalised(sheet: Worksheet, runs: dict[str, xr.Dataset]) -> dict[str, Scaling]:
    """Exponents of the power, and of what it is made of."""
    made = {name: fit_dataset(data, resource="coupling") for name, data in runs.items() if "cells" in data.dims}
    fair = {"pairs-sqrt": "λ/√N", "pairs-kac": "λ/N", "dicke-sqrt": "λ/√N"}
    notes = {"pairs-sqrt": "the span of V still grows as N^(3/2), which is more than an extensive one"}
    sheet.claim(
        "bare-coupling",
        "At an equal coupling constant both batteries charge with a power that grows as N^(3/2).",
        *(
            sheet.compare(
                f"limit exponent of the peak power, {name}",
                made[name].limit.value,
                "==",
                1.5,
                tolerance=SLACK,
                reading=name.partition("-")[0],
                rerun=refit(name),
            )
            for name in ("pairs-none", "dicke-none")
        ),
        section="derived from the models",
        basis="derived",
    )
    sheet.claim(
        "normalised",
        "A coupling that keeps energies extensive leaves no super-extensive power, neither of the LMG nor of the Dicke "
        "battery.",
        *(
            sheet.compare(
                f"limit exponent of the peak power, {name} ({text})",
                made[name].limit.value,
                "<=",
                1.0,
                tolerance=SLACK,
                reading=name.partition("-")[0],
                rerun=refit(name),
                note=notes.get(name, ""),
            )
            for name, text in fair.items()
        ),
        section="on the Dicke and LMG models",
        basis="memory",
    )
    data = runs["pairs-sqrt"]
    n = data["cells"].values
    spread = fit_scaling(n, _at_peak(data, "energy_std") ** 2, resource="coupling", figure="Var H_B")
    speed = fit_scaling(n, _at_peak(data, "fisher_information"), resource="coupling", figure="I_E")
    sheet.claim(
        "entangled-but-extensive",
        "A super-extensive variance, so entanglement, does not imply a super-extensive power.",
        sheet.compare(
            "limit exponent of Var H_B at the peak power, pairs λ/√N",
            spread.limit.value,
            "==",
            2.0,
            tolerance=VARIANCE_SLACK,
            rerun=rerun("pairs-sqrt"),
            note=f"interval {spread.limit.low:.2f} to {spread.limit.high:.2f}; products have 1",
        ),
        sheet.compare(
            "limit exponent of the peak power, pairs λ/√N",
            made["pairs-sqrt"].limit.value,
            "==",
            1.0,
            tolerance=SLACK,
            rerun=refit("pairs-sqrt"),
        ),
        sheet.compare(
            "limit exponent of the Fisher information at the peak power, pairs λ/√N",
            speed.limit.value,
            "<=",
            0.0,
            tolerance=VARIANCE_SLACK,
            rerun=rerun("pairs-sqrt"),
            note=f"interval {speed.limit.low:.2f} to {speed.limit.high:.2f}; it rises to a constant, from "
            f"{speed.values[0]:.2f} to {speed.values[-1]:.2f} here",
        ),
        section="derived from the models",
        basis="derived",
    )
    return made


def _figures(sheet: Worksheet, runs: dict[str, xr.Dataset], fits: dict[str, Scaling]) -> None:
    words = {"none": "λ", "sqrt": "λ/√N", "kac": "λ/N"}
    labels = {f"pairs-{k}": f"pairs, {t}" for k, t in words.items()}
    labels |= {f"dicke-{k}": f"Dicke, {words[k]}" for k in ("none", "sqrt")}
    power = {text: Curve(fits[k].cells, fits[k].values, "points") for k, text in labels.items()}
    last = float(max(fits["pairs-none"].cells))
    for a, text in ((1.5, "$N^{3/2}$"), (1.0, "$N$"), (0.5, "$N^{1/2}$")):
        power[text] = Curve([2.0, last], [2.0**a / 2, last**a / 2], "guide")
    n = runs["pairs-none"]["cells"].values
    spread: dict[str, Curve] = {
        text: Curve(n.tolist(), (_at_peak(runs[k], "energy_std") ** 2).tolist(), "points")
        for k, text in labels.items()
        if k.startswith("pairs")
    }
    spread["products"] = Curve(n.tolist(), [producible_std(int(k), 1, 1.0) ** 2 for k in n], "line")
    spread["N-cell entanglement"] = Curve(n.tolist(), [producible_std(int(k), int(k), 1.0) ** 2 for k in n], "line")
    sheet.curves(
        "power",
        "Peak power by normalisation, and the variance at that time",
        "Left: largest power of all pairs (H_B off) and of the Dicke battery, λ = ω = 1 and λ = 0.5. Right: "
        "variance of H_B at the time of peak power, and the most that products and N-cell entangled states have.",
        "Two log-log plots against the number of cells: power with slopes 3/2, 1 and 1/2; variances of slope 2.",
        Plane("Number of cells $N$", r"Peak power ($\omega^2$)", power, "xy"),
        Plane("Number of cells $N$", r"Var $H_B$ at peak power ($\omega^2$)", spread, "xy"),
    )
    planes = []
    for name in ("field", "noisy"):
        t = runs[name]["time"].values.tolist()
        series = {
            "power": Curve(t, np.abs(runs[name]["power"].values).tolist(), "line"),
            "bound": Curve(t, runs[name]["bound_fisher"].values.tolist(), "line"),
        }
        planes.append(Plane(r"Time $t$ ($1/\omega$)", r"Size of the power $|P|$ ($\omega^2$)", series))
    sheet.curves(
        "bound",
        "Power and its bound",
        "Left: a field on N = 8 cells, H_B off, saturates the bound at all times. Right: a field and all pairs, N = 3, "
        "with emission 0.2 and dephasing 0.05, stays below it.",
        "Two plots of power and bound against time; on the left both coincide.",
        *planes,
    )


__all__ = ["KEY", "study"]
