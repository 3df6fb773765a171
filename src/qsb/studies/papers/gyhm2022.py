"""J.-Y. Gyhm et al., "Quantum Charging Advantage Cannot Be Extensive Without Global Operations" (2022), recomputed.

A charger of k-body terms moves H_B by at most k ω at a time, so that P <= k ω (v_max - v_min)/2: at an extensive norm
power grows as N at fixed k, and as N^2 at most. All chargers here are set against that bound.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from qsb.studies.bench import refit, rerun
from qsb.studies.scaling import Scaling, fit_dataset, fit_scaling
from qsb.studies.worksheet import Curve, Plane, Tell, Worksheet

if TYPE_CHECKING:
    import xarray as xr

    from qsb.studies.study import Study

KEY = "gyhm2022"

#: rounding of a bound and of a peak between the saved times
EXACT = 1e-6
#: limit exponents are those of power laws with small terms in 1/N
SLACK = 0.03

#: fixed order, extensive norm: label -> (model, order, H_B on)
LOCAL: dict[str, tuple[dict[str, Any], int, bool]] = {
    "field": ({"name": "ensemble", "field": 1.0}, 1, False),
    "blocks-of-2": ({"name": "parallel", "block": 2, "resource": "norm"}, 2, False),
    "ring": ({"name": "ensemble", "coupling": [{"axes": "xx", "geometry": "ring"}]}, 2, False),
    "ring-beside-battery": ({"name": "ensemble", "coupling": [{"axes": "xx", "geometry": "ring"}]}, 2, True),
}
GLOBAL: dict[str, Any] = {"name": "ensemble", "flip": 1.0, "flip_normalisation": "extensive"}
ALL: dict[str, Any] = {"name": "ensemble", "coupling": [{"axes": "xx", "geometry": "all"}]}


@dataclass(frozen=True)
class Found:
    """Sweeps by charger, and their fits of the peak power."""

    runs: dict[str, xr.Dataset]
    fits: dict[str, Scaling]
    half: Scaling
    half_tightest: float


def study(*, quick: bool = False, tell: Tell = lambda step, what: None) -> Study:
    """Recompute the paper."""
    sheet = Worksheet(
        KEY,
        "Quantum Charging Advantage Cannot Be Extensive Without Global Operations",
        "J.-Y. Gyhm, D. Šafránek, D. Rosa, Phys. Rev. Lett. 128, 140501 (2022), "
        "doi:10.1103/PhysRevLett.128.140501, arXiv:2108.02491",
        quick,
        tell,
    )
    sheet.convention(
        "extensive",
        "extensive charger norm",
        "H_B = (ω/2) Σ σz, start all down, V with (v_max − v_min)/2 = Nλ, λ = ω = 1; V a field, products of σx in "
        "blocks of k, σxσx of ring neighbours, or one product of all N; H_B off unless stated",
        "The advantage is over chargers of the same norm. The bound k ω (v_max − v_min)/2 was derived anew (band limit "
        "and Bernstein's inequality, `qsb.merit.bound.locality`); the paper's own inequality is not quoted here.",
        default=True,
    )
    sheet.convention(
        "coupling",
        "equal coupling of each pair",
        "V = λ Σ_{i<j} σxσx: the span grows as N², so this charger has more norm a cell the more cells there are",
        "What is often plotted: power at a fixed coupling constant.",
    )
    found = _compute(sheet)
    _bound(sheet, found)
    _need(sheet, found)
    _norm(sheet, found)
    _figures(sheet, found)
    return sheet.study()


def _spec(title: str, model: dict[str, Any], battery: bool) -> dict[str, Any]:
    figures = ["stored_energy", "power", "bound_locality"]
    return {
        "title": title,
        "model": {"cells": 4, **model},
        "stage": [{"kind": "charge", "duration": 1.65, "battery": battery}],
        "save": {"points": 161, "figures": figures},
    }


def _compute(sheet: Worksheet) -> Found:
    cells = [4, 6, 8, 10] if sheet.quick else [4, 6, 8, 10, 12, 14]
    large = [4, 6, 8, 12, 16, 24] if sheet.quick else [4, 6, 8, 12, 16, 24, 32, 48, 64]
    runs = {}
    for name, (model, order, battery) in LOCAL.items():
        spec = _spec(f"{name}, k = {order}, H_B {'on' if battery else 'off'}", model, battery)
        # the finite ring beside H_B deviates exponentially in N, not in powers of 1/N; large rings cost little
        sizes = [n for n in large if n >= 8] if battery else cells
        runs[name] = sheet.run(name, {**spec, "sweep": {"model.cells": sizes}})
    for name, model in (("global", GLOBAL), ("all-pairs", ALL)):
        runs[name] = sheet.run(name, {**_spec(name, model, False), "sweep": {"model.cells": large}})
    fits = {name: fit_dataset(data, resource="charger span") for name, data in runs.items()}
    halves = []
    for n in cells:
        spec = _spec(f"two blocks of {n // 2}", {"name": "parallel", "block": n // 2, "resource": "norm"}, False)
        spec["model"]["cells"] = n
        halves.append(sheet.run(f"halves-{n}", spec))
    power = [float(d["peak_power"]) for d in halves]
    tight = max(p / float(d["bound_locality"].max()) for p, d in zip(power, halves, strict=True))
    return Found(runs, fits, fit_scaling(cells, power, resource="charger span", figure="peak_power"), tight)


def _tightest(data: xr.Dataset) -> float:
    """Largest P/bound."""
    return float((data["peak_power"] / data["bound_locality"].max("time")).max())


def _bound(sheet: Worksheet, found: Found) -> None:
    tight = {name: _tightest(data) for name, data in found.runs.items()} | {"two halves": found.half_tightest}
    fit = found.fits["global"]
    sheet.claim(
        "quadratic",
        '"the maximal speedup that can be achieved is extensive in the number of cells, thus offering at most '
        'quadratic scaling in the charging power"',
        *(
            sheet.compare(
                f"largest P over k ω (v_max − v_min)/2, {name}",
                value,
                "<=",
                1.0,
                tolerance=EXACT,
                reading="coupling" if name == "all-pairs" else "extensive",
                rerun=sheet.command if name == "two halves" else rerun(name),
            )
            for name, value in tight.items()
        ),
        sheet.compare(
            "limit exponent of the peak power of the global flip",
            fit.limit.value,
            "<=",
            2.0,
            tolerance=SLACK,
            reading="extensive",
            rerun=refit("global", resource="charger span"),
            note="the bound at k = N is N² ω λ",
        ),
        section="abstract",
        basis="read",
    )


def _need(sheet: Worksheet, found: Found) -> None:
    sheet.claim(
        "global-needed",
        '"To reach such a scaling, a global charging protocol, charging all the cells collectively, needs to be '
        'employed."',
        sheet.compare(
            "limit exponent of the peak power of the global flip",
            found.fits["global"].limit.value,
            "==",
            2.0,
            tolerance=SLACK,
            reading="extensive",
            rerun=refit("global", resource="charger span"),
        ),
        *(
            sheet.compare(
                f"limit exponent of the peak power, {name}, k = {LOCAL[name][1]}",
                found.fits[name].limit.value,
                "==",
                1.0,
                tolerance=SLACK,
                reading="extensive",
                rerun=refit(name, resource="charger span"),
                note=f"interval {found.fits[name].limit.low:.3f} to {found.fits[name].limit.high:.3f}",
            )
            for name in LOCAL
        ),
        section="abstract",
        basis="read",
    )
    sheet.claim(
        "all-cells-in-one-term",
        "Quadratic scaling needs terms that act on all N cells; the sentence above read word by word.",
        sheet.compare(
            "limit exponent of the peak power of two blocks of N/2",
            found.half.limit.value,
            "<",
            2.0,
            tolerance=SLACK,
            reading="extensive",
            note="k in proportion to N is enough: half the power of the global flip, and the same exponent",
        ),
        section="abstract, read narrowly",
        basis="derived",
    )


def _norm(sheet: Worksheet, found: Found) -> None:
    fit = found.fits["all-pairs"]
    data = found.runs["all-pairs"]
    span = fit_scaling(data["cells"].values, data["charger_span"].values, resource="coupling", figure="charger span")
    per_norm = data["peak_power"].values / (data["charger_span"].values / 2)
    sheet.claim(
        "two-body",
        "Two-body terms between all pairs charge with a super-extensive power, N^(3/2), and do not contradict this: "
        "their norm grows as N².",
        sheet.compare(
            "limit exponent of the peak power",
            fit.limit.value,
            "==",
            1.5,
            tolerance=SLACK,
            reading="coupling",
            rerun=refit("all-pairs", resource="coupling"),
        ),
        sheet.compare(
            "limit exponent of the span of V",
            span.limit.value,
            "==",
            2.0,
            tolerance=SLACK,
            reading="coupling",
            rerun=refit("all-pairs", "charger_span", "coupling"),
        ),
        sheet.compare(
            "power at the largest N over that of a field of the same norm",
            float(per_norm[-1]),
            "<",
            1.0,
            reading="coupling",
            rerun=rerun("all-pairs"),
            note=f"N = {int(data['cells'].values[-1])}; it falls as N^(-1/2)",
        ),
        section="consequence of the bound",
        basis="derived",
    )


def _figures(sheet: Worksheet, found: Found) -> None:
    titles = {
        "global": "one product, $k = N$",
        "half": "two blocks, $k = N/2$",
        "blocks-of-2": "blocks, $k = 2$",
        "ring": "ring $xx$, $k = 2$",
        "ring-beside-battery": "ring $xx$, $H_B$ on",
        "field": "field, $k = 1$",
    }
    fits = {**found.fits, "half": found.half}
    last = max(fits["global"].cells)
    power = {
        text: Curve(fits[k].cells, [p / n for p, n in zip(fits[k].values, fits[k].cells, strict=True)], "points")
        for k, text in titles.items()
    }
    power["$N$"] = Curve([4.0, float(last)], [4.0, float(last)], "guide")
    every = found.runs["all-pairs"]
    n = np.asarray(every["cells"].values, dtype=float)
    half = every["charger_span"].values / 2
    pairs = {
        "peak power": Curve(n.tolist(), every["peak_power"].values.tolist(), "points"),
        r"bound, $2\omega(v_{\max}-v_{\min})/2$": Curve(n.tolist(), (2 * half).tolist(), "line"),
        "field of the same norm": Curve(n.tolist(), half.tolist(), "line"),
    }
    sheet.curves(
        "power",
        "Peak power a cell at an extensive norm, and power of all pairs at a fixed coupling",
        "Left: largest power over N of chargers with (v_max − v_min)/2 = N λ, λ = ω = 1. Right: V = λ Σ σxσx over all "
        "pairs, whose span grows as N².",
        "Two log-log plots against the number of cells: only chargers of order N rise on the left.",
        Plane("Number of cells $N$", r"Peak power a cell $P_{\max}/N$ ($\omega^2$)", power, "xy"),
        Plane("Number of cells $N$", r"Power ($\omega^2$)", pairs, "xy"),
    )


__all__ = ["KEY", "study"]
