"""The paper's inconsistencies: the sentences are in ``texts.toml``, what was found is composed here from numbers."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from qsb.models.ising import gap as ising_gap
from qsb.stellar import scale
from qsb.studies.papers.singh2025 import stellar_faults
from qsb.studies.papers.singh2025.work import (
    CELLS,
    EXCHANGE,
    RATE,
    STRENGTHS,
    TRANSVERSE,
    WINDOW,
    Work,
    model,
    spec,
)
from qsb.studies.scaling import fit_scaling
from qsb.studies.study import Inconsistency

Find = Callable[[Work], str]


def _two_hamiltonians(w: Work) -> str:
    values = [float(w.data(key)["peak_stored_energy"]) for key in (w.default, "G")]
    strong = [float(w.data(w.default, strength=s)["peak_stored_energy"]) for s in STRENGTHS]
    return (
        f"For N = {CELLS} and λ = {STRENGTHS[0]:g} the peak stored energy is {values[0]:.4g} ω0 with the 1/2 and "
        f"{values[1]:.4g} without; "
        f"with the 1/2 it is {strong[0]:.4g} at λ = {STRENGTHS[0]:g} and {strong[1]:.4g} at λ = {STRENGTHS[1]:g}."
    )


def _collective(w: Work) -> str:
    limits = {key: w.fit(key).limit.value for key in w.charging}
    text = ", ".join(f"{key} {value:.2f}" for key, value in limits.items())
    return f"Exponent of P_max for large N by reading: {text}."


def _start(w: Work) -> str:
    up, down = w.data("F"), w.data(w.default)
    mirror = float(np.abs(up["stored_energy"] + down["stored_energy"]).max())
    return (
        f"From |0>^N the start lies {float(up['energy_above_ground'][0]):.4g} ω0 above the ground level with W(0) = "
        f"{float(up['ergotropy'][0]):.4g} ω0, and the stored energy never exceeds "
        f"{abs(float(up['peak_stored_energy'])):.3g}; it is the mirror "
        f"image of the all-down run to {mirror:.1g} ω0."
    )


def _tilted(w: Work) -> str:
    tilt = 0.5
    table = spec(w.default, "closed", ("ergotropy",), strength=STRENGTHS[0], points=2)
    table["model"]["tilt"], table["start"] = tilt, {"state": "down"}
    found = float(w.bench.run("tilted-start", table)["ergotropy"][0])
    exact = CELLS * (np.sqrt(0.25 + tilt**2) - 0.5)
    return (
        f"All down with ε = {tilt:g}, N = {CELLS}: W(0) = {found:.6g} ω0 (closed form N(√(1/4 + ε²) - 1/2) = "
        f"{exact:.6g})."
    )


def _steady(w: Work, name: str, channels: list[dict[str, object]]) -> float:
    """Stored energy per cell of the driven steady state."""
    table = spec("A", "closed", ("stored_energy",), strength=STRENGTHS[0], points=2, cells=1)
    table["model"] = model("A", STRENGTHS[0], 1)
    table["channel"], table["stage"] = channels, [{"kind": "charge", "duration": 50 * WINDOW}]
    return float(w.bench.run(name, table)["stored_energy"][-1])


def _destroy(w: Work) -> str:
    dephasing = {"kind": "dephasing", "rate": RATE}
    right = _steady(w, "steady-emission", [{"kind": "emission", "rate": RATE}, dephasing])
    wrong = _steady(w, "steady-pumping", [{"kind": "pumping", "rate": RATE}, dephasing])
    return (
        f"One driven cell (λ = {STRENGTHS[0]:g}, γ = {RATE:g}): steady energy {right:.6g} ω0 with σ-, {wrong:.6g} "
        "with destroy(2)."
    )


def _dephasing(w: Work) -> str:
    emission = {"kind": "emission", "rate": RATE}
    full = _steady(w, "steady-emission", [emission, {"kind": "dephasing", "rate": RATE}])
    half = _steady(w, "steady-half", [emission, {"kind": "dephasing", "rate": RATE / 4}])
    return (
        f"Steady energy of one driven cell: {full:.6g} ω0 with γ D[σz], {half:.6g} with γ D[σz/2] (λ = "
        f"{STRENGTHS[0]:g}, γ = {RATE:g})."
    )


def _dimensions(w: Work) -> str:
    data = w.data(w.default)
    t, e, p = data["time"].values, data["stored_energy"].values, data["power"].values
    # Simpson's rule over the save times
    step = t[1] - t[0]
    integral = step / 3 * (p[0] + p[-1] + 4 * p[1:-1:2].sum() + 2 * p[2:-1:2].sum())
    return (
        f"Read as E = <H0>_t - <H0>_0 and P = d<H0>/dt they are consistent: over the window ∫P dt = {integral:.6g} "
        f"ω0 and E = {e[-1]:.6g} ω0."
    )


def _fraction(w: Work) -> str:
    data = w.data("A")
    centred = data["energy_above_ground"].values + float(data["ground_energy"])
    ratio = np.abs(data["ergotropy"].values / centred)
    return (
        f"Reading A, N = {CELLS}: E(0) = {centred[0]:.4g} ω0, and |W/<H0>| reaches {ratio.max():.3g} on the saved "
        "grid; measured from the ground "
        f"level η_W is {float(data['ergotropy_fraction'].max()):.4g}."
    )


def _empty(w: Work) -> str:
    peaks = {key: float(w.data(key)["local_ergotropy"].max()) for key in w.charging}
    none = [key for key, value in peaks.items() if value < 1e-9]
    some = [f"{key} ({value:.3g} ω0)" for key, value in peaks.items() if value >= 1e-9]
    return (
        f"λ = {STRENGTHS[0]:g}, N = {CELLS}: the local ergotropy is zero at all times under {', '.join(none)}; it is "
        f"not under {', '.join(some)}."
    )


def _bonds(w: Work) -> str:
    n = np.arange(2, 7)
    count = fit_scaling(n, n - 1, resource="none", figure="bonds").exponent.value
    fit, few = w.fit(w.default), w.slope(w.default)
    return (
        f"log(N-1) against log N has slope {count:.3f} on N = 2-6; P_max of reading {w.default} has "
        f"{few.exponent.value:.3f} there, and its local exponent "
        f"at N = {fit.cells[-1]} is {fit.local[-1].exponent:.3f}. The scaling study finds: {fit.verdict}."
    )


def _n_squared(w: Work) -> str:
    fixed, normed, pairs = (w.fit(key).limit.value for key in ("D", "D-norm", "C"))
    return (
        f"Exponents for large N: {fixed:.2f} for the global flip at fixed coupling, {normed:.2f} at norm Nλ, "
        f"{pairs:.2f} for two-body all-to-all coupling."
    )


def _heats(w: Work) -> str:
    closed, noisy = w.data(w.default), w.data(w.default, "both")
    return (
        f"Reading {w.default}, λ = {STRENGTHS[0]:g}: closed maximum {float(closed['peak_stored_energy']):.5g} ω0, "
        f"with noise E({WINDOW:g}) = "
        f"{float(noisy['stored_energy'][-1]):.5g} ω0; the ergotropy falls from {float(closed['peak_ergotropy']):.4g} "
        f"to {float(noisy['peak_ergotropy']):.4g} ω0."
    )


def _noisy_slope(w: Work) -> str:
    closed, noisy = w.slope(w.default, last=4), w.slope(w.default, "both", last=4)
    n = np.arange(2, 5)
    count = fit_scaling(n, n - 1, resource="none", figure="bonds").exponent.value
    return (
        f"Slope on N = 2-4: {closed.exponent.value:.4f} without and {noisy.exponent.value:.4f} with noise; the "
        f"number of bonds alone gives {count:.3f}."
    )


def _c_squared(w: Work) -> str:
    found = scale.specific_energy_report(1e20)
    return f"{found.verdict} Inputs: c is exact in the SI [{found.status}]."


def _doublet(w: Work) -> str:
    found = ising_gap(8, exchange=EXCHANGE, transverse=TRANSVERSE)
    return (
        f"N = 8, in units of the coupling J of eq. (9), h = {TRANSVERSE:g}: the doublet is split by "
        f"{found.splitting:.4g}, and the first state that stores energy lies {found.above:.6g} above."
    )


FINDS: dict[str, Find] = {
    "two-hamiltonians": _two_hamiltonians,
    "collective-driving": _collective,
    "start": _start,
    "tilted-start": _tilted,
    "destroy": _destroy,
    "dephasing-rate": _dephasing,
    "dimensions": _dimensions,
    "fraction": _fraction,
    "empty-ergotropy": _empty,
    "bond-count": _bonds,
    "n-squared": _n_squared,
    "noise-heats": _heats,
    "slope-with-noise": _noisy_slope,
    "c-squared": _c_squared,
    "doublet": _doublet,
    **stellar_faults.FINDS,
}


def faults(w: Work, texts: list[dict[str, str]]) -> tuple[Inconsistency, ...]:
    """All inconsistencies; those of the text alone have nothing to compute."""
    out = []
    for row in texts:
        find = FINDS.get(row["id"])
        out.append(
            Inconsistency(
                row["id"],
                row["section"],
                row["statement"],
                find(w) if find else "A fact of the text; nothing to compute.",
            )
        )
    return tuple(out)
