"""J. Q. Quach and W. J. Munro, "Using dark states to charge and stabilise open quantum batteries" (2020), recomputed.

Spins that start up charge spins that start down through a bath that both share: what the bath cannot see stays. Energy
and power grow faster than linearly for a few cells; the energy's growth becomes linear at E = N ω/2, while that of the
power stays above linear.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from qsb.studies.bench import rerun
from qsb.studies.scaling import fit_scaling
from qsb.studies.worksheet import Curve, Plane, Tell, Worksheet

if TYPE_CHECKING:
    import xarray as xr

    from qsb.studies.scaling import Scaling
    from qsb.studies.study import Study

KEY = "quach2020"

#: a steady state that is computed from the generator itself
EXACT = 1e-8
#: an exponent must exceed 1 by this to count as super-extensive
SLACK = 0.05
#: a relative rise must exceed this to count as growth; the closed form has no error but rounding
GROWTH = 1e-6


def study(*, quick: bool = False, tell: Tell = lambda step, what: None) -> Study:
    """Recompute the paper."""
    sheet = Worksheet(
        KEY,
        "Using dark states to charge and stabilise open quantum batteries",
        "J. Q. Quach, W. J. Munro, Phys. Rev. Applied 14, 024092 (2020), doi:10.1103/PhysRevApplied.14.024092, "
        "arXiv:2002.10044",
        quick,
        tell,
    )
    sheet.convention(
        "dark",
        "batteries and chargers in one cold bath",
        "ρ' = -i[H, ρ] + γ D[J-] ρ, J- of all spins, H = ω Jz, ω = γ = 1; chargers up, batteries down",
        "`dark_state` with a collective emission channel on all spins at zero temperature. The paper's own factors "
        "were not read; energies do not depend on γ, and powers are proportional to it.",
        default=True,
    )
    chargers = [1, 2, 3, 4] if quick else [1, 2, 3, 4, 5, 6]
    single = sheet.run("single", {**_spec(1, 1, 20.0), "sweep": {"model.chargers": chargers}})
    cells = [1, 2, 3, 4, 6, 8] if quick else [1, 2, 3, 4, 6, 8, 10, 12]
    many = [sheet.run(f"equal-{n}", _spec(n, n, 20.0 if n <= 3 else 2.0)) for n in cells]
    power = fit_scaling(cells, [float(d["peak_power"]) for d in many], resource="rate of the bath", figure="peak power")
    _claims(sheet, single, many, power)
    _capacity(sheet, many)
    _figure(sheet, single, power)
    return sheet.study()


def _spec(cells: int, chargers: int, duration: float) -> dict[str, Any]:
    """Long enough that exp(-γt), the slowest decay, is over; times are dense at the start, where the power is."""
    times = [*np.linspace(0.0, 2.0, 81), *np.linspace(2.1, 5.0, 30), *np.linspace(6.0, 20.0, 15)]
    return {
        "title": f"{cells} batteries and {chargers} chargers in one bath",
        "model": {"name": "dark_state", "cells": cells, "chargers": chargers},
        "channel": [{"kind": "emission", "rate": 1.0, "on": "all", "collective": True}],
        "stage": [{"kind": "charge", "duration": duration}],
        "save": {
            "times": [float(t) for t in times if t <= duration],
            "figures": ["stored_energy", "ergotropy", "power"],
            "steady": duration > 2,
        },
    }


def _claims(sheet: Worksheet, single: xr.Dataset, many: list[xr.Dataset], power: Scaling) -> None:
    n = single["chargers"].values.astype(float)
    share = (n / (n + 1)) ** 2
    sheet.claim(
        "single",
        "One battery and n chargers: the battery is left with E = ω (n/(n+1))^2, of which the part "
        "W = ω max(0, 2(n/(n+1))^2 - 1) is work.",
        sheet.compare(
            "worst |E - ω (n/(n+1))^2| over n",
            float(np.max(np.abs(single["steady_stored_energy"].values - share))),
            "<=",
            EXACT,
            rerun=rerun("single"),
        ),
        sheet.compare(
            "worst |W - ω max(0, 2(n/(n+1))^2 - 1)| over n",
            float(np.max(np.abs(single["steady_ergotropy"].values - np.maximum(0.0, 2 * share - 1)))),
            "<=",
            EXACT,
            rerun=rerun("single"),
        ),
        section="follows from the model; whether the paper prints it was not checked",
        basis="derived",
    )
    two = many[1]
    half = float(two["stored_energy"].sel(time=10.0, method="nearest"))
    last = float(two["stored_energy"].values[-1])
    sheet.claim(
        "stable",
        "The dark state stabilises the battery: it stays charged beside a dissipative bath without a source.",
        sheet.compare("E(γt = 20)/E(γt = 10), N = 2", last / half, "==", 1.0, tolerance=1e-3, rerun=rerun("equal-2")),
        sheet.compare("E at the end (ω), N = 2", last, ">", 0.1, rerun=rerun("equal-2")),
        section="abstract",
        basis="memory",
    )
    sheet.claim(
        "power",
        "Power density is super-extensive, and grows with the number of chargers.",
        sheet.compare(
            "limit exponent of the largest power, N chargers for N batteries",
            power.limit.value,
            ">",
            1.0,
            tolerance=SLACK,
            note=f"interval {power.limit.low:.3f} to {power.limit.high:.3f}",
        ),
        sheet.compare(
            "smallest ratio of the largest powers at n + 1 and n chargers, one battery",
            float(np.min(single["peak_power"].values[1:] / single["peak_power"].values[:-1])),
            ">",
            1.0,
            tolerance=SLACK,
            rerun=rerun("single"),
        ),
        section="abstract",
        basis="memory",
    )


def _capacity(sheet: Worksheet, many: list[xr.Dataset]) -> None:
    few = [1, 2, 3]
    density = np.array([dark_energy(n) / n for n in range(1, 101)])
    computed = [float(d["steady_stored_energy"]) for d in many[:3]]
    sheet.claim(
        "capacity",
        'The mechanism "exhibits superextensive capacity, where the energy density actually grows with the size of the '
        'battery".',
        sheet.compare(
            "worst |E - ω (N - <j>)/2|, N = 1..3, N chargers (ω)",
            float(np.max(np.abs(np.array(computed) - [dark_energy(n) for n in few]))),
            "<=",
            EXACT,
            rerun=rerun("equal-3"),
        ),
        sheet.compare(
            "smallest relative rise of E/N from N to N + 1, N = 1..99, N chargers",
            float(np.min(density[1:] / density[:-1] - 1)),
            ">",
            0.0,
            tolerance=GROWTH,
            note=f"from the closed form: E/N is {density[0]:.4f} ω at N = 1 and {density[-1]:.4f} ω at 100",
        ),
        section="notice of the authors' institute",
        basis="read",
    )
    far = np.log(dark_energy(20000) / dark_energy(10000)) / np.log(2)
    sheet.claim(
        "capacity-limit",
        "The super-extensive growth of the energy persists for many cells.",
        sheet.compare(
            "local exponent of E between N = 10000 and 20000, N chargers",
            float(far),
            ">",
            1.0,
            tolerance=SLACK,
            note="from the closed form; the total spin <j> that is lost grows as the root of N, so E tends to N ω/2",
        ),
        section="a stronger reading than the paper's",
        basis="derived",
    )


def dark_energy(cells: int) -> float:
    """Energy that stays in N batteries beside N chargers, in units of omega.

    The start is a mixture, as far as collective decay can tell, of total spins j with the weights
    p_j = (2j+1) N!^2 / ((N-j)! (N+j+1)!); each falls to its lowest state, of which the batteries hold S_z = -j/2.
    """
    left, mean = 1.0 / (cells + 1), 0.0  # p_0, and sum of j p_j
    for j in range(cells + 1):
        mean += j * (2 * j + 1) * left
        left *= (cells - j) / (cells + j + 2)
    return (cells - mean) / 2


def _figure(sheet: Worksheet, single: xr.Dataset, power: Scaling) -> None:
    t = single["time"].values
    early = slice(0, int(np.searchsorted(t, 5.0)))
    curves = {
        f"{n} charger{'s' if n > 1 else ''}": Curve(
            t[early].tolist(), single["stored_energy"].sel(chargers=n).values[early].tolist()
        )
        for n in single["chargers"].values[:4]
    }
    x = power.cells
    e = [dark_energy(n) for n in power.cells]
    sheet.curves(
        "dark",
        "Charging through dark states",
        "Left: one battery beside n chargers fills and stays at (n/(n+1))^2. Right: N batteries beside N chargers; the "
        "energy that stays tends to N/2, the largest power grows faster than N.",
        "Left: four curves that rise and stay. Right: two log-log sets of points with guides of slope one.",
        Plane(r"$\gamma t$", r"Stored energy of one battery ($\omega$)", curves),
        Plane(
            "Number of batteries $N$",
            r"Energy ($\omega$), power ($\omega\gamma$)",
            {
                "energy that stays": Curve(x, e, "points"),
                f"largest power, limit {power.limit.value:.2f}": Curve(x, power.values, "points"),
                "$N/2$": Curve(x, [n / 2 for n in x], "guide"),
            },
            "xy",
        ),
    )


__all__ = ["KEY", "study"]
