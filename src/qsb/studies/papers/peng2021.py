"""L. Peng et al., "Lower and upper bounds of quantum battery power in multiple central spin systems" (2021).

Battery spins amid bath spins. One bath spin gives an exponent 1/2, a large bath with one quantum for each battery spin
3/2. The prefactor 0.72 of that limit is that of one battery spin; many spins reach 0.58, so that it holds as a bound.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from qsb.studies.bench import refit, rerun
from qsb.studies.scaling import Scaling, fit_dataset, fit_scaling
from qsb.studies.worksheet import Curve, Plane, Tell, Worksheet

if TYPE_CHECKING:
    from qsb.studies.study import Study

KEY = "peng2021"

#: largest value of sin(x)^2/x
SINE = 0.7246113537767086
#: number of bath spins that stands for N >> N_B
BATH = 1000
#: two digits are printed
PRINTED = 0.01
#: a limit exponent from N_B up to a few tens and a bath that is finite as well
FINITE = 0.05
#: window in units of 1/(A√(N N_B)); a polarised bath, the slowest, peaks at 3.01 for 32 battery spins
WINDOW = 4.0


def study(*, quick: bool = False, tell: Tell = lambda step, what: None) -> Study:
    """Recompute the paper."""
    sheet = Worksheet(
        KEY,
        "Lower and upper bounds of quantum battery power in multiple central spin systems",
        "L. Peng, W.-B. He, S. Chesi, H.-Q. Lin, X.-W. Guan, Phys. Rev. A 103, 052220 (2021), "
        "doi:10.1103/PhysRevA.103.052220, arXiv:2103.07828",
        quick,
        tell,
    )
    sheet.convention(
        "quanta",
        "one bath quantum for each battery spin",
        "H = B (Sz + Jz) + A (S+ J- + S- J+), A = B = 1; battery down, bath in its Dicke state with N_B spins up",
        "`central_spin`; power is the largest E(t)/t. For N >> N_B the bath acts as a mode with coupling A√N: the "
        "Tavis-Cummings battery that the abstract compares with. The paper's start was not read.",
        default=True,
    )
    sheet.convention(
        "polarised",
        "bath fully polarised",
        "as above, all bath spins up",
        "The other natural start. The inverted bath begins from an unstable point, which costs a logarithm of N_B.",
    )
    cells = [1, 2, 4, 8, 16] if quick else [1, 2, 4, 8, 16, 24, 32]
    bath = BATH // 2 if quick else BATH
    one = fit_dataset(
        sheet.run("one", {**_spec(1, 1, None), "sweep": {"model.cells": cells}}),
        resource="coupling",
        figure="peak_average_power",
    )
    fits = {
        "quanta": _fit(sheet, "quanta", cells, bath),
        "polarised": _fit(sheet, "polarised", cells, bath),
    }
    _claims(sheet, one, fits, bath)
    _formula(sheet, fits, bath)
    _figure(sheet, one, fits, bath)
    return sheet.study()


def _spec(cells: int, chargers: int, quanta: int | None) -> dict[str, Any]:
    model = {"name": "central_spin", "cells": cells, "chargers": chargers, "coupling": 1.0}
    return {
        "title": f"{cells} battery spins, {chargers} bath spins",
        "model": model if quanta is None else {**model, "quanta": quanta},
        "stage": [{"kind": "charge", "duration": float(WINDOW / np.sqrt(chargers * cells))}],
        "save": {"points": 201, "figures": ["stored_energy", "average_power"]},
    }


def _fit(sheet: Worksheet, kind: str, cells: list[int], bath: int) -> Scaling:
    runs = [sheet.run(f"{kind}-{n}", _spec(n, bath, n if kind == "quanta" else None)) for n in cells]
    return fit_scaling(
        cells, [float(d["peak_average_power"]) for d in runs], resource="coupling", figure="peak_average_power"
    )


def _claims(sheet: Worksheet, one: Scaling, fits: dict[str, Scaling], bath: int) -> None:
    spec = {**_spec(1, 1, None), "sweep": {"model.chargers": [1, 2, 4, 8, 16]}}
    single = sheet.run("single", spec)
    ratio = single["peak_average_power"].values / np.sqrt(single["chargers"].values)
    sheet.claim(
        "single",
        "For the single central-spin battery the time evolution is analytic for any number of bath spins: with a "
        "polarised bath P = 0.7246 B A √N.",
        sheet.compare("largest P/(BA√N) over N", float(ratio.max()), "==", SINE, tolerance=1e-6, rerun=rerun("single")),
        sheet.compare(
            "smallest P/(BA√N) over N", float(ratio.min()), "==", SINE, tolerance=1e-6, rerun=rerun("single")
        ),
        section="abstract (the solution); the formula derived",
        basis="derived",
    )
    sheet.claim(
        "lower",
        "The scaling exponent has the lower bound 1/2, reached with few bath spins.",
        sheet.compare(
            "limit exponent, one bath spin",
            one.limit.value,
            "==",
            0.5,
            tolerance=PRINTED,
            rerun=refit("one", "peak_average_power"),
        ),
        section="abstract",
        basis="read",
    )
    sheet.claim(
        "upper",
        "The scaling exponent has the upper bound 3/2, reached for N >> N_B.",
        *(
            sheet.compare(
                f"limit exponent, {bath} bath spins, {kind}",
                fit.limit.value,
                "==",
                1.5,
                tolerance=FINITE,
                reading=kind,
                note=f"interval {fit.limit.low:.3f} to {fit.limit.high:.3f}",
            )
            for kind, fit in fits.items()
        ),
        section="abstract",
        basis="read",
        rule="default-reading",
        default="quanta",
    )


def _formula(sheet: Worksheet, fits: dict[str, Scaling], bath: int) -> None:
    parts = {kind: _prefactors(fit, bath) for kind, fit in fits.items()}
    sheet.claim(
        "prefactor",
        "The upper bound of the abstract, 0.72 B A √N N_B^(3/2), is the value of the power in the thermodynamic limit.",
        *(
            sheet.compare(
                f"P/(BA√N N_B^1.5) at N_B = {fits[kind].cells[-1]}, {kind}",
                float(part[-1]),
                "==",
                0.72,
                tolerance=PRINTED,
                reading=kind,
                rerun=rerun(f"{kind}-{fits[kind].cells[-1]}"),
                note="the Tavis-Cummings battery has the limit max tanh(u)^2/u = 0.5826" if kind == "quanta" else "",
            )
            for kind, part in parts.items()
        ),
        section="abstract, read as a value that is reached",
        basis="derived",
        rule="default-reading",
        default="quanta",
    )
    sheet.claim(
        "bound",
        "In the thermodynamic limit, by the Holstein-Primakoff transformation, the upper bound is "
        "P_max = 0.72 B A √N N_B^(3/2).",
        *(
            sheet.compare(
                f"largest P/(BA√N N_B^1.5), {kind}", float(part.max()), "<=", SINE, tolerance=1e-6, reading=kind
            )
            for kind, part in parts.items()
        ),
        section="abstract",
        basis="read",
    )
    _every_bath(sheet)


def _every_bath(sheet: Worksheet) -> None:
    """A bath of large transverse spin breaks the formula: its matrix element is N/2, not the root of N."""
    cells, bath = 4, 400
    half = sheet.run("half", _spec(cells, bath, bath // 2))
    sheet.claim(
        "every-bath",
        "The formula bounds the power for every Dicke state of the bath.",
        sheet.compare(
            f"P/(BA√N N_B^1.5), N_B = {cells}, N = {bath}, half of the bath up",
            float(half["peak_average_power"]) / (np.sqrt(bath) * cells**1.5),
            "<=",
            SINE,
            rerun=rerun("half"),
        ),
        section="a stronger reading than the paper's",
        basis="derived",
    )


def _prefactors(fit: Scaling, bath: int) -> Any:
    return np.array(fit.values) / (np.sqrt(bath) * np.array(fit.cells) ** 1.5)


def _figure(sheet: Worksheet, one: Scaling, fits: dict[str, Scaling], bath: int) -> None:
    growth = {
        f"{bath} bath spins, $N_B$ quanta": Curve(fits["quanta"].cells, fits["quanta"].values, "points"),
        f"{bath} bath spins, polarised": Curve(fits["polarised"].cells, fits["polarised"].values, "points"),
        "one bath spin": Curve(one.cells, one.values, "points"),
    }
    n = np.array(one.cells, dtype=float)
    growth["$N_B^{3/2}$"] = Curve(one.cells, (fits["quanta"].values[-1] * (n / n[-1]) ** 1.5).tolist(), "guide")
    growth["$N_B^{1/2}$"] = Curve(one.cells, (one.values[-1] * (n / n[-1]) ** 0.5).tolist(), "guide")
    parts = {
        text: Curve(fits[kind].cells, _prefactors(fits[kind], bath), "points")
        for text, kind in (("$N_B$ quanta", "quanta"), ("polarised", "polarised"))
    }
    for value in (0.72, 0.5826):
        parts[f"{value:g}"] = Curve([n[0], n[-1]], [value, value], "guide")
    sheet.curves(
        "power",
        "Largest average power against the number of battery spins",
        "Left: exponents 1/2 and 3/2. Right: prefactor of the power in the limit of a large bath; the printed 0.72 "
        "belongs to one battery spin, and many spins tend to 0.58.",
        "Left: three log-log sets of points with guides of slopes one half and three halves. Right: points that fall "
        "from 0.72 to 0.58, and others that fall further.",
        Plane("Battery spins $N_B$", "Largest average power ($BA$)", growth, "xy"),
        Plane("Battery spins $N_B$", r"$P/(BA\sqrt{N}\,N_B^{3/2})$ (1)", parts, "x"),
    )


__all__ = ["KEY", "study"]
