"""X. Yang et al., "Battery Capacity of Energy-Storing Quantum Systems" (2023), recomputed.

The capacity is the highest less the lowest energy on the unitary orbit of a state: what it stores at most, whatever it
holds now. It is fixed by eigenvalues alone, so noise changes it and unitaries do not.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import brentq

from qsb.algebra.blocks import Spectrum
from qsb.merit.correlation import entropy
from qsb.merit.ergotropy import capacity
from qsb.studies.bench import rerun
from qsb.studies.worksheet import Curve, Plane, Tell, Worksheet

if TYPE_CHECKING:
    import xarray as xr

    from qsb.studies.study import Study

KEY = "yang2023"

Reals = NDArray[np.float64]

#: rounding of sums of eigenvalues, and of the solver's states
EXACT = 1e-7
FIGURES = ["stored_energy", "power", "ergotropy", "anti_ergotropy", "capacity", "bound_capacity", "bound_norm"]


def study(*, quick: bool = False, tell: Tell = lambda step, what: None) -> Study:
    """Recompute the paper."""
    sheet = Worksheet(
        KEY,
        "Battery Capacity of Energy-Storing Quantum Systems",
        "X. Yang, Y.-H. Yang, M. Alimuddin, R. Salvia, S.-M. Fei, L.-M. Zhao, S. Nimmrichter, M.-X. Luo, Phys. Rev. "
        "Lett. 131, 030402 (2023), doi:10.1103/PhysRevLett.131.030402, arXiv:2302.09905",
        quick,
        tell,
    )
    sheet.convention(
        "capacity",
        "capacity of a state and a Hamiltonian",
        "C = max_U tr(UρU† H) − min_U tr(UρU† H) = Σ_k e_k (r_k ascending − r_k descending), e ascending",
        "`capacity` of a dataset and `qsb.merit.ergotropy.capacity` of spectra; H_B = (ω/2) Σ σz, ω = 1.",
        default=True,
    )
    runs = _runs(sheet)
    _definition(sheet, runs["unitary"])
    _values(sheet)
    _entropy(sheet)
    _noise(sheet, runs)
    _entanglement(sheet, runs["pair"])
    _power(sheet, runs)
    _figures(sheet, runs)
    return sheet.study()


def _runs(sheet: Worksheet) -> dict[str, xr.Dataset]:
    points = 81 if sheet.quick else 201
    mixed = {"state": "product", "bloch": [0.3, 0.0, -0.5]}
    ring = [{"axes": "xx", "geometry": "ring", "strength": 0.7}]
    save: dict[str, Any] = {"points": points, "figures": FIGURES}
    stage = {"kind": "charge", "duration": 6.0}
    made: dict[str, dict[str, Any]] = {
        "unitary": {"model": {"cells": 4, "field": 0.5, "coupling": ring}, "start": mixed, "stage": [stage]},
        "hot-field": {
            "model": {"cells": 3, "field": 1.0},
            "start": {"state": "thermal", "temperature": 1.0},
            "stage": [{"duration": 1.65, "battery": False}],
        },
        "pair": {
            "model": {"cells": 2, "coupling": [{"axes": "xx", "geometry": "chain"}]},
            "stage": [{"duration": 1.6, "battery": False}],
            "save": {"points": points, "cells": [0], "figures": ["stored_energy", "negativity", "capacity"]},
        },
    }
    for kind in ("dephasing", "emission"):
        made[kind] = {
            "model": {"cells": 3, "field": 0.5, "coupling": ring},
            "start": mixed,
            "stage": [stage],
            "channel": [{"kind": kind, "rate": 0.2}],
            "save": {"points": points, "figures": ["stored_energy", "ergotropy", "capacity"]},
        }
    return {
        name: sheet.run(name, {"title": name, "save": save, **spec, "model": {"name": "ensemble", **spec["model"]}})
        for name, spec in made.items()
    }


def _capacity(weights: Any, levels: Any) -> float:
    """Capacity of eigenvalues and levels, in the unit of the levels."""
    return float(capacity(Spectrum.simple(np.asarray(weights)), Spectrum.simple(np.asarray(levels))))


def _definition(sheet: Worksheet, data: xr.Dataset) -> None:
    held, work, room = (data[k].values for k in ("capacity", "ergotropy", "anti_ergotropy"))
    sheet.claim(
        "state-function",
        'It "does not depend on the temporary level of energy of the system", and is "closely connected to the '
        'ergotropy".',
        sheet.compare(
            "change of C along a unitary charge, 4 mixed cells (ω)",
            float(np.ptp(held)),
            "==",
            0.0,
            tolerance=EXACT,
            rerun=rerun("unitary"),
        ),
        sheet.compare("change of the ergotropy meanwhile (ω)", float(np.ptp(work)), ">", 0.5, rerun=rerun("unitary")),
        sheet.compare(
            "largest difference of C and ergotropy + anti-ergotropy (ω)",
            float(np.abs(work + room - held).max()),
            "==",
            0.0,
            tolerance=EXACT,
            rerun=rerun("unitary"),
        ),
        section="abstract",
        basis="read",
    )


def _values(sheet: Worksheet) -> None:
    """Closed forms: a qubit by its Bloch vector, a pure state of N cells, a Werner state."""
    cells, x = 4, 0.6
    pure = np.eye(2**cells)[0]
    levels = [sum(0.5 if b == "0" else -0.5 for b in f"{k:0{cells}b}") for k in range(2**cells)]
    cases = (
        ("qubit of Bloch length 0.6, ω|r|", _capacity([0.8, 0.2], [-0.5, 0.5]), 0.6),
        (f"pure state of {cells} cells, Nω", _capacity(pure, levels), float(cells)),
        ("Werner state, x = 0.6, 2ωx", _capacity([x + (1 - x) / 4, *[(1 - x) / 4] * 3], [-1, 0, 0, 1]), 2 * x),
    )
    sheet.table(
        "values",
        "Capacity of some states beside its closed form, in units of ω.",
        ("state", "computed", "closed form"),
        tuple((what, f"{value:.6f}", f"{expected:g}") for what, value, expected in cases),
    )


def _qutrit(mixture: float) -> Reals:
    """Weights with two equal small ones."""
    return np.array([mixture, (1 - mixture) / 2, (1 - mixture) / 2])


def _entropy_of(weights: Any) -> float:
    return float(entropy(Spectrum.simple(np.asarray(weights))))


def _entropy(sheet: Worksheet) -> None:
    purity = np.linspace(0.5, 1.0, 101)
    held = np.array([_capacity([p, 1 - p], [-0.5, 0.5]) for p in purity])
    disorder = np.array([_entropy_of([p, 1 - p]) for p in purity])
    other = _qutrit(float(brentq(lambda a: _entropy_of(_qutrit(a)) - np.log(2), 0.4, 0.999)))
    levels = [0.0, 1.0, 2.0]
    sheet.claim(
        "entropy",
        'The capacity "can be directly linked with the entropy of the battery state": of a qubit one is a falling '
        "function of the other.",
        sheet.compare(
            "largest step of C per step of the entropy, qubits (ω/nat)",
            float((np.diff(held) / np.diff(disorder)).max()),
            "<",
            0.0,
        ),
        section="abstract; the law of qubits is ours",
        basis="read",
    )
    half, even = _capacity([0.5, 0.5, 0.0], levels), _capacity(other, levels)
    sheet.note(
        f"Of qutrits the entropy alone does not fix the capacity: with levels 0, 1, 2 and the entropy ln 2 the weights "
        f"(1/2, 1/2, 0) have C = {half:.4f} ω, and those with two equal small weights {even:.4f} ω."
    )


def _noise(sheet: Worksheet, runs: dict[str, xr.Dataset]) -> None:
    steps = {kind: np.diff(runs[kind]["capacity"].values) for kind in ("dephasing", "emission")}
    sheet.claim(
        "majorisation",
        "C is Schur-convex: noise that only mixes (unital) never raises it. Emission purifies and may.",
        sheet.compare(
            "largest rise of C in a step, dephasing (ω)",
            float(steps["dephasing"].max()),
            "<=",
            0.0,
            tolerance=EXACT,
            rerun=rerun("dephasing"),
        ),
        sheet.compare(
            "largest rise of C in a step, emission (ω)",
            float(steps["emission"].max()),
            ">",
            0.0,
            tolerance=EXACT,
            rerun=rerun("emission"),
        ),
        section="properties of the capacity",
        basis="memory",
    )


def _entanglement(sheet: Worksheet, pair: xr.Dataset) -> None:
    # parity leaves no coherence in one cell: its Bloch vector is (0, 0, E/w - 1)
    parts = 2 * np.abs(pair["stored_energy"].values - 1)
    concurrence = 2 * pair["negativity"].values
    sheet.claim(
        "entanglement",
        "The capacity can be linked with measures of entanglement: of a pure pair the capacities of the cells add up "
        "to 2ω√(1 − c²), c the concurrence, while that of the pair stays 2ω.",
        sheet.compare(
            "largest difference of both sides (ω)",
            float(np.abs(parts**2 - 4 * (1 - concurrence**2)).max()),
            "==",
            0.0,
            tolerance=EXACT,
            rerun=rerun("pair"),
            note="squares; the concurrence is twice the negativity",
        ),
        sheet.compare("smallest sum of the cells' capacities (ω)", float(parts.min()), "<", 0.1, rerun=rerun("pair")),
        sheet.compare(
            "smallest capacity of the pair (ω)",
            float(pair["capacity"].values.min()),
            "==",
            2.0,
            tolerance=EXACT,
            rerun=rerun("pair"),
        ),
        section="abstract; the form is ours",
        basis="derived",
    )


def _power(sheet: Worksheet, runs: dict[str, xr.Dataset]) -> None:
    ratio = {n: float((np.abs(runs[n]["power"]) / runs[n]["bound_capacity"]).max()) for n in ("unitary", "hot-field")}
    cells = runs["hot-field"]["bound_capacity"] / runs["hot-field"]["bound_norm"]
    sheet.claim(
        "power",
        "A small capacity also slows charging: |P| ≤ C (v_max − v_min)/2.",
        *(
            sheet.compare(
                f"largest |P| over C (v_max − v_min)/2, {name}", value, "<=", 1.0, tolerance=EXACT, rerun=rerun(name)
            )
            for name, value in ratio.items()
        ),
        sheet.compare(
            "bound by capacity over bound by norm, hot cells",
            float(cells.max()),
            "<",
            1.0,
            rerun=rerun("hot-field"),
            note="pure states have 1",
        ),
        section="consequence, not in the paper",
        basis="derived",
    )


def _figures(sheet: Worksheet, runs: dict[str, xr.Dataset]) -> None:
    data = runs["unitary"]
    t = data["time"].values.tolist()
    titles = {"capacity": "capacity $C$", "ergotropy": "ergotropy $W$", "anti_ergotropy": "anti-ergotropy $A$"}
    closed = {text: Curve(t, data[name].values.tolist(), "line") for name, text in titles.items()}
    opened = {
        name: Curve(runs[name]["time"].values.tolist(), runs[name]["capacity"].values.tolist(), "line")
        for name in ("dephasing", "emission")
    }
    rng = np.random.default_rng(7)
    weights = np.sort(rng.dirichlet([0.7] * 3, size=120), axis=-1)
    bits = np.linspace(0.5, 0.9999, 60)
    link = {
        "qutrits at random": Curve(
            [_entropy_of(w) for w in weights], [_capacity(w, [0, 0.5, 1]) for w in weights], "points"
        ),
        "qubits": Curve([_entropy_of([p, 1 - p]) for p in bits], [_capacity([p, 1 - p], [0, 1]) for p in bits], "line"),
    }
    sheet.curves(
        "capacity",
        "Capacity along charges, and against the entropy",
        "Left: four mixed cells charged by a field and a ring; W + A = C at all times. Middle: three such cells with "
        "noise of rate 0.2. Right: levels from 0 to 1, equally spaced.",
        "Three plots: a constant capacity with ergotropy and anti-ergotropy that mirror each other; capacities that "
        "fall, or fall and rise; capacities against entropy, a line of qubits and a cloud of qutrits.",
        Plane(r"Time $t$ ($1/\omega$)", r"Energy ($\omega$)", closed),
        Plane(r"Time $t$ ($1/\omega$)", r"Capacity $C$ ($\omega$)", opened),
        Plane("Entropy $S$ (nats)", "Capacity (span of $H$)", link),
    )


__all__ = ["KEY", "study"]
