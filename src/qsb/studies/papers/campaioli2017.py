"""F. Campaioli et al., "Enhancing the charging power of quantum batteries" (2017), recomputed.

What the collective advantage is at most, for two constraints on the charger and for chargers that couple few cells at
a time; and that a battery so mixed that it is never entangled has the whole of it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, get_args

import numpy as np

from qsb.merit.advantage import Resource
from qsb.merit.speed import mandelstam_tamm, margolus_levitin
from qsb.runs.spec import Spec
from qsb.studies.advantage import advantage
from qsb.studies.bench import rerun
from qsb.studies.worksheet import Curve, Plane, Tell, Worksheet

if TYPE_CHECKING:
    from qsb.studies.study import Study

KEY = "campaioli2017"

#: the numbers have closed forms; a time of full charge comes from an interpolant that is exact to about 1e-9
EXACT = 1e-6
#: so hot that the Gibbs state of up to six cells lies in the ball in which no state is entangled, see `_mixed`
TEMPERATURE = 12.0
#: long enough for the field, lambda = 1, to fill the cells
STAGE = {"kind": "charge", "duration": 1.65, "battery": False}
RESOURCES: tuple[Resource, ...] = get_args(Resource)


@dataclass(frozen=True)
class Blocks:
    """Advantage in charging time of blocks of k of the N cells, by k, and the charging time of the field."""

    cells: int
    field: float
    orders: tuple[int, ...]
    norm: tuple[float, ...]
    variance: tuple[float, ...]


def study(*, quick: bool = False, tell: Tell = lambda step, what: None) -> Study:
    """Recompute the paper."""
    sheet = Worksheet(
        KEY,
        "Enhancing the charging power of quantum batteries",
        "F. Campaioli, F. A. Pollock, F. C. Binder, L. Céleri, J. Goold, S. Vinjanampathy, K. Modi, Phys. Rev. Lett. "
        "118, 150601 (2017), doi:10.1103/PhysRevLett.118.150601, arXiv:1612.04991",
        quick,
        tell,
    )
    sheet.convention(
        "energy",
        "equal driving energy (C1)",
        "H_B = (ω/2) Σ σz off while V acts; V∥ = λ Σ σx, V♯ = g Π σx; start all down; equal ⟨V⟩ − v_min: g = Nλ",
        "From memory: the time average of the charger's energy above its lowest level is bounded. Here it is constant, "
        "and the same as an equal operator norm (half the width of the spectrum). Γ = T∥/T♯, both full; λ = ω = 1.",
        default=True,
    )
    sheet.convention(
        "variance",
        "equal standard deviation (C2)",
        "as above with equal ΔV in the start: g = √N λ",
        "From memory: the time average of the charger's standard deviation is bounded.",
    )
    sizes = [2, 4, 6, 8] if quick else [2, 3, 4, 6, 8, 10, 12]
    gamma = {r: [_gamma(sheet, n, r) for n in sizes] for r in RESOURCES}
    blocks = _blocks(sheet)
    _bounds(sheet, sizes, gamma, blocks)
    _order(sheet, blocks)
    _mixed(sheet)
    _figures(sheet, sizes, gamma, blocks)
    return sheet.study()


def _gamma(sheet: Worksheet, cells: int, resource: Resource) -> float:
    """Charging time of the field over that of the flip, at an equal amount of what both have."""
    sheet.tell("runs", f"N = {cells}, {resource}")
    spec = {
        "model": {"name": "parallel", "cells": cells, "block": cells, "resource": "norm"},
        "stage": [STAGE],
        "save": {"points": 161},
    }
    return advantage(Spec.of(spec).problem(), resource=resource, of="time").gamma


def _bounds(sheet: Worksheet, sizes: list[int], gamma: dict[Resource, list[float]], blocks: Blocks) -> None:
    n = np.asarray(sizes, dtype=float)
    evidence = []
    readings: tuple[tuple[str, Resource, float], ...] = (
        ("energy", "equal driving energy", 1.0),
        ("energy", "equal norm", 1.0),
        ("variance", "equal variance", 0.5),
    )
    for reading, resource, power in readings:
        share = np.asarray(gamma[resource]) / n**power
        limit = "N" if power == 1 else "√N"
        for word, value in (("smallest", share.min()), ("largest", share.max())):
            evidence.append(
                sheet.compare(
                    f"{word} Γ/{limit} of the global flip at {resource}",
                    float(value),
                    "==",
                    1.0,
                    tolerance=EXACT,
                    reading=reading,
                    note=f"N = {sizes[0]} to {sizes[-1]}",
                )
            )
    # the field has the mean energy N and the standard deviation sqrt(N) in the start, and so has any charger beside it
    big = blocks.cells
    limits = (
        ("energy", "N", big, float(margolus_levitin(np.pi / 2, big))),
        ("variance", "√N", big**0.5, float(mandelstam_tamm(np.pi / 2, big**0.5))),
    )
    evidence += [
        sheet.compare(
            f"T∥ over the quantum speed limit of any charger with its {reading}, over {name}",
            blocks.field / least / most,
            "==",
            1.0,
            tolerance=EXACT,
            reading=reading,
            rerun=rerun("blocks-norm"),
            note=f"N = {big}; from empty to full the state becomes orthogonal, so that no constant charger is faster",
        )
        for reading, name, most, least in limits
    ]
    sheet.claim(
        "two-constraints",
        '"analytic upper bounds for the collective quantum advantage in charging power for two choices of constraints '
        'on the charging Hamiltonian": Γ ≤ N at an equal energy and Γ ≤ √N at an equal standard deviation (their form '
        "from memory). The quantum speed limit gives them and the global flip reaches them.",
        *evidence,
        section="abstract",
        basis="memory",
    )


def _blocks(sheet: Worksheet) -> Blocks:
    """N = 12 in blocks of k."""
    cells, orders = 12, [1, 2, 3, 4, 6, 12]
    gained, field = {}, 0.0
    for resource in ("norm", "variance"):
        data = sheet.run(
            f"blocks-{resource}",
            {
                "title": f"Blocks of k of {cells} cells, flipped together, at equal {resource}",
                "model": {"name": "parallel", "cells": cells, "block": 1, "resource": resource},
                "stage": [STAGE],
                "save": {"points": 161, "figures": ["stored_energy", "power"]},
                "sweep": {"model.block": orders},
            },
        )
        times = data["charging_time"].values
        field = float(times[0])
        gained[resource] = tuple(field / float(t) for t in times)
    return Blocks(cells, field, tuple(orders), gained["norm"], gained["variance"])


def _order(sheet: Worksheet, blocks: Blocks) -> None:
    over = np.asarray(blocks.norm) / np.asarray(blocks.orders)
    pairs = []
    for cells in (4, 6, 8):
        spec = {
            "model": {"name": "ensemble", "cells": cells, "coupling": [{"axes": "xx", "geometry": "all"}]},
            "stage": [STAGE],
            "save": {"points": 161},
        }
        found = advantage(Spec.of(spec).problem(), resource="equal norm").gamma
        pairs.append(
            sheet.compare(
                f"Γ in peak power of all pairs xx, N = {cells}",
                found,
                "<=",
                2.0,
                tolerance=EXACT,
                reading="energy",
                note=f"k = 2; each cell in {cells - 1} terms, so k²(m−1) + k = {4 * (cells - 2) + 2}; the norm is half "
                "the width of the spectrum, which a constant in V leaves alone",
            )
        )
    sheet.claim(
        "order",
        "The advantage is bounded where the interaction order is restricted, i.e. at most k batteries interact, "
        "Γ < γ[k²(m−1) + k] with m the participation number (form from memory): it does not grow with N at k fixed.",
        *(
            sheet.compare(
                f"{word} Γ/k of blocks of k of 12 cells",
                float(value),
                "==",
                1.0,
                tolerance=EXACT,
                reading="energy",
                rerun=rerun("blocks-norm"),
                note="m = 1: the bound is reached with γ = 1",
            )
            for word, value in (("smallest", over.min()), ("largest", over.max()))
        ),
        *pairs,
        section="abstract",
        basis="memory",
    )


def _mixed(sheet: Worksheet) -> None:
    r"""Hot Gibbs states: tr ρ² <= 1/(d - 1) keeps every cut separable, whatever unitary acts."""
    cells = [2, 3, 4] if sheet.quick else [2, 3, 4, 5, 6]
    runs = {}
    for name, charger in (("flip", {"flip": 1.0, "flip_normalisation": "extensive"}), ("field", {"field": 1.0})):
        runs[name] = sheet.run(
            f"hot-{name}",
            {
                "title": f"A battery at temperature {TEMPERATURE:g} ω, charged by the {name}",
                "model": {"name": "ensemble", "cells": cells[0], **charger},
                "start": {"state": "thermal", "temperature": TEMPERATURE},
                "stage": [STAGE],
                "save": {"points": 41, "cells": [0], "figures": ["stored_energy", "purity", "negativity"]},
                "sweep": {"model.cells": cells},
            },
        )
    n = runs["flip"]["cells"].values
    gain = runs["field"]["charging_time"].values / runs["flip"]["charging_time"].values
    stored = runs["flip"]["peak_stored_energy"].values / (n * np.tanh(0.5 / TEMPERATURE))
    purity = runs["flip"]["purity"].values.max(axis=-1) * (2.0**n - 1)
    again: dict[str, Any] = {"reading": "energy", "rerun": f"{rerun('hot-flip')} && {rerun('hot-field')}"}
    sheet.claim(
        "no-entanglement",
        '"even in the absence of quantum entanglement this advantage can be extensive"',
        sheet.compare(
            "largest tr ρ² (d − 1)", float(purity.max()), "<=", 1.0, note="then no cut is entangled", **again
        ),
        sheet.compare(
            "largest negativity of one cell and the others",
            float(runs["flip"]["negativity"].values.max()),
            "==",
            0.0,
            tolerance=1e-9,
            **again,
        ),
        sheet.compare("smallest Γ/N", float((gain / n).min()), "==", 1.0, tolerance=EXACT, **again),
        sheet.compare(
            "smallest stored energy over N ω tanh(ω/2T)",
            float(stored.min()),
            "==",
            1.0,
            tolerance=EXACT,
            note="the inverted Gibbs state; little energy is what the mixture costs",
            **again,
        ),
        section="abstract",
        basis="read",
    )


def _figures(sheet: Worksheet, sizes: list[int], gamma: dict[Resource, list[float]], blocks: Blocks) -> None:
    n = [float(k) for k in sizes]
    flip: dict[str, Curve] = {r: Curve(n, gamma[r], "points") for r in RESOURCES if r != "equal driving energy"}
    flip["$N$"] = Curve(n, n, "guide")
    flip[r"$\sqrt{N}$"] = Curve(n, [k**0.5 for k in n], "guide")
    k = [float(order) for order in blocks.orders]
    order = {
        "equal norm": Curve(k, blocks.norm, "points"),
        "equal variance": Curve(k, blocks.variance, "points"),
        "$k$": Curve(k, k, "guide"),
        r"$\sqrt{k}$": Curve(k, [v**0.5 for v in k], "guide"),
    }
    sheet.curves(
        "gamma",
        "Advantage in charging time by resource and by interaction order",
        "Left: the global flip of N cells against a field with an equal amount of the named resource; an equal driving "
        "energy gives the points of an equal norm. Right: N = 12 in blocks of k.",
        "Two log-log plots: the advantage grows as N, as its root, or not at all; and as k or its root.",
        Plane("Number of cells $N$", r"Advantage $\Gamma$ (1)", flip, "xy"),
        Plane("Cells flipped together $k$", r"Advantage $\Gamma$ (1)", order, "xy"),
    )


__all__ = ["KEY", "study"]
