"""S. Ghosh et al., "Enhancement in performance of quantum battery by ordered and disordered interactions" (2020).

The ground state of an XYZ chain, turned by a local field. The gain from interactions is a constant factor at every N;
where the ground state is polarised it is one of product states, and a closed form gives it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from qsb.studies.bench import refit, rerun
from qsb.studies.scaling import Scaling, fit_dataset
from qsb.studies.worksheet import Curve, Plane, Tell, Worksheet

if TYPE_CHECKING:
    from qsb.studies.claim import Evidence
    from qsb.studies.study import Study

KEY = "ghosh2020"

#: (J, gamma, Delta) in units of the gap: none, one with a polarised ground state, one with a correlated one
POINTS = {"none": (0.0, 0.0, 0.0), "polarised": (1.0, 0.0, -1.0), "correlated": (1.0, 0.5, -0.5)}
#: where temperature and disorder are tried
MIXED = (1.0, 0.5, 0.5)
#: where the bonds are disordered
DISORDERED = {"weak": MIXED, "strong": (2.0, 0.5, 0.0)}
#: "almost independent" of N: within this share
SLACK = 0.05
#: strongest coupling disorder of which no bond changes its sign
DISORDER = 1.0


def study(*, quick: bool = False, tell: Tell = lambda step, what: None) -> Study:
    """Recompute the paper."""
    sheet = Worksheet(
        KEY,
        "Enhancement in performance of quantum battery by ordered and disordered interactions",
        "S. Ghosh, T. Chanda, A. Sen(De), Phys. Rev. A 101, 032115 (2020), doi:10.1103/PhysRevA.101.032115, "
        "arXiv:1905.12377",
        quick,
        tell,
    )
    sheet.convention(
        "bare",
        "as it stands",
        "H_B = (ω0/2) Σ σz + (J/4) Σ [(1+γ) σxσx + (1-γ) σyσy + Δ σzσz] on a ring; charged by ω Σ σx with H_B off; "
        "start in the ground state; ω0 = ω = 1",
        "Ground state of an XYZ chain and a local field along x: read in the abstract. The factor 1/4, the ring, and "
        "that H_B is off during the charging are from memory; the values of J, γ, Δ are ours. Power is E(t)/t, largest "
        "over t.",
        default=True,
    )
    sheet.convention(
        "span",
        "energies in units of the battery's span",
        "as above, power divided by E_max - E_min of H_B",
        "Interactions widen the spectrum; the span takes that out.",
    )
    # odd rings frustrate the antiferromagnetic bonds, which makes N alternate
    cells = [4, 6, 8, 10] if quick else [4, 6, 8, 10, 12]
    for name, point in POINTS.items():
        sheet.run(name, {**_spec(point), "sweep": {"model.cells": cells}})
    _claims(sheet, {name: _fit(sheet, name) for name in POINTS})
    _mixed(sheet)
    _figures(sheet)
    sheet.note(
        "A polarised ground state stays a product while the field turns it, so its gain holds no entanglement: per "
        "cell it is (ω0/2)(1 - cos 2ωt) + (J/4)(1 - γ - Δ) sin²2ωt."
    )
    return sheet.study()


def _spec(point: tuple[float, float, float], cells: int = 6, **extra: Any) -> dict[str, Any]:
    """The chain at one point of its couplings."""
    j, gamma, delta = point
    model = {"coupling": j, "gamma": gamma, "anisotropy": delta, "field": 1.0, "geometry": "ring", **extra}
    return {
        "title": f"XYZ battery, J = {j:g}, gamma = {gamma:g}, Delta = {delta:g}",
        "model": {"name": "xyz", "cells": cells, **model},
        "stage": [{"duration": float(np.pi), "battery": False}],
        "save": {"points": 41, "figures": ["stored_energy", "average_power", "capacity"]},
    }


def _fit(sheet: Worksheet, name: str) -> Scaling:
    return fit_dataset(sheet.bench.datasets[name], "peak_average_power", resource="coupling")


def _claims(sheet: Worksheet, fits: dict[str, Scaling]) -> None:
    data = sheet.bench.datasets
    gain = {k: data[k]["peak_average_power"].values / data["none"]["peak_average_power"].values for k in POINTS}
    span = {k: data[k]["capacity"].isel(time=0).values for k in POINTS}
    sheet.claim(
        "enhancement",
        "Exchange interactions in the plane and along z with a local charging field along x substantially enhance the "
        "battery compared to the model without interactions.",
        sheet.compare(
            "largest average power over that without interactions, J = 1, γ = 0, Δ = -1",
            float(gain["polarised"][-1]),
            ">",
            1.0,
            tolerance=SLACK,
            reading="bare",
            rerun=rerun("polarised"),
        ),
        sheet.compare(
            "the same with energies in units of the span",
            float(gain["polarised"][-1] * span["none"][-1] / span["polarised"][-1]),
            ">",
            1.0,
            tolerance=SLACK,
            reading="span",
            rerun=rerun("polarised"),
        ),
        section="abstract",
        basis="read",
        rule="default-reading",
        default="bare",
    )
    again = refit("correlated", "peak_average_power")
    sheet.claim(
        "size",
        "The advantage in power obtained due to interactions is almost independent of the system size.",
        *(
            sheet.compare(
                f"largest gain over the smallest at all N, {name} ground state",
                float(gain[name].max() / gain[name].min()),
                "==",
                1.0,
                tolerance=SLACK,
                rerun=rerun(name),
            )
            for name in ("polarised", "correlated")
        ),
        sheet.compare(
            "limit exponent of the power, correlated ground state",
            fits["correlated"].limit.value,
            "==",
            1.0,
            tolerance=SLACK,
            rerun=again,
            note=f"limit {fits['correlated'].limit}",
        ),
        section="abstract",
        basis="read",
    )


def _mixed(sheet: Worksheet) -> None:
    """A warm start and disordered bonds at one point."""
    cells = 6 if sheet.quick else 8
    cold = float(sheet.run("cold", _spec(MIXED, cells))["peak_average_power"])
    table = _spec(MIXED, cells)
    table["save"]["figures"] = ["stored_energy", "average_power"]
    start = {"start": {"state": "thermal", "temperature": 0.5}}
    heat = {"sweep": {"start.temperature": [0.1, 0.2, 0.5, 1.0]}}
    warm = sheet.run("warm", {**table, **start, **heat})["peak_average_power"]
    text = f"J = {MIXED[0]:g}, γ = {MIXED[1]:g}, Δ = {MIXED[2]:g}, N = {cells}"
    sheet.claim(
        "temperature",
        "With proper tuning an initial state prepared at finite temperature can generate higher power than that of "
        "zero temperature.",
        sheet.compare(
            f"largest average power at the best of four temperatures over that at T = 0, {text}",
            float(warm.max()) / cold,
            ">",
            1.0,
            rerun=rerun("warm"),
        ),
        section="abstract",
        basis="read",
    )
    sheet.claim(
        "disorder",
        "Defects or impurities can create a larger quenched averaged power than the start without disorder.",
        *(_disorder(sheet, name, point, cells) for name, point in DISORDERED.items()),
        section="abstract",
        basis="read",
        rule="any",
    )


def _disorder(sheet: Worksheet, name: str, point: tuple[float, float, float], cells: int) -> Evidence:
    """Mean power of disordered bonds over that without disorder; open where two standard errors hold 1."""
    clean = float(sheet.run(f"clean-{name}", _spec(point, cells))["peak_average_power"])
    table = _spec(point, cells, coupling_disorder=DISORDER)
    table["save"]["figures"] = ["stored_energy", "average_power"]
    count = 16 if sheet.quick else 80
    run = sheet.run(f"disorder-{name}", {**table, "sweep": {"model.seed": list(range(count))}})
    power = run["peak_average_power"].values / clean
    error = float(power.std(ddof=1) / np.sqrt(count))
    mean = float(power.mean())
    return sheet.compare(
        f"mean power of {count} samples over that without disorder, N = {cells}",
        mean if abs(mean - 1) > 2 * error else np.nan,
        ">",
        1.0,
        reading="J = {:g}, γ = {:g}, Δ = {:g}".format(*point),
        rerun=rerun(f"disorder-{name}"),
        note=f"{mean:.3f} with standard error {error:.3f}; undecided within two of them",
    )


def _figures(sheet: Worksheet) -> None:
    data = sheet.bench.datasets
    per_cell = {
        f"{name}: J = {p[0]:g}, γ = {p[1]:g}, Δ = {p[2]:g}": Curve(
            data[name]["cells"].values.tolist(),
            (data[name]["peak_average_power"] / data[name]["cells"]).values.tolist(),
            "points",
        )
        for name, p in POINTS.items()
    }
    warm = data["warm"]
    cold = float(data["cold"]["peak_average_power"])
    t = warm["temperature"].values.tolist()
    sheet.curves(
        "power",
        "Largest average power",
        "Left: per cell against N, without interactions and at two points. Right: against the temperature of the start "
        f"at J = {MIXED[0]:g}, γ = {MIXED[1]:g}, Δ = {MIXED[2]:g}; grey: T = 0.",
        "Power per cell hardly depends on N; at one point it is larger at a finite temperature.",
        Plane("Number of cells $N$", r"Power per cell ($\omega_0^2$)", per_cell),
        Plane(
            r"Temperature ($\omega_0/k_B$)",
            r"Largest average power ($\omega_0^2$)",
            {
                "thermal start": Curve(t, warm["peak_average_power"].values.tolist(), "points"),
                "T = 0": Curve(t, [cold] * len(t), "guide"),
            },
        ),
    )


__all__ = ["KEY", "study"]
