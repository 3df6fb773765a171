"""Figures of the report: the paper's three, recomputed, and three of what it only says in words."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import ArrayLike

from qsb.stellar.constants import YEAR
from qsb.stellar.hazard import PiecewiseHazard
from qsb.stellar.status import Status
from qsb.studies.papers.singh2025.balance import AVALANCHE, BETWEEN, HELD, RELEASE, filling, largest_fall
from qsb.studies.papers.singh2025.prospects import constant_hazard, found, hazards, timeline
from qsb.studies.papers.singh2025.swarms import buffered, recording
from qsb.studies.papers.singh2025.work import CELLS, RATE, STRENGTHS, WINDOW, Work
from qsb.studies.study import Curve, Panel, Plane

__all__ = ["panels"]


def panels(work: Work) -> tuple[Panel, ...]:
    """All figures."""
    return (*_simulations(work), _filling(), _flares(), _dates())


def _simulations(work: Work) -> tuple[Panel, ...]:
    """Figs. 1 to 3."""
    label = {r.key: f"{r.key}: {r.label}" for r in work.readings}
    four = f"N = {CELLS}, λ = {STRENGTHS[0]:g} ω0"
    noisy = f"emission and dephasing, γ = {RATE:g} ω0 each"
    default = next(r for r in work.readings if r.default)
    energies = ("stored_energy", "ergotropy", "local_ergotropy")
    noise = {label[k]: {"no noise": work.name(k), "noise": work.name(k, "both")} for k in ("A", default.key, "C", "E")}
    return (
        Panel(
            "fig1",
            "Fig. 1 recomputed: energy, power, ergotropy of the default reading",
            f"Reading {label[default.key]}; {four}, no noise. For a pure start in the ground state the ergotropy is "
            "the stored energy (the lines coincide); what single cells could deliver alone is the local ergotropy.",
            "Stored energy, ergotropy and local ergotropy on the left, power on the right, against time.",
            rows={label[default.key]: {"": work.name(default.key)}},
            columns=(energies, ("power",)),
        ),
        Panel(
            "fig1-readings",
            "Fig. 1 under every reading",
            f"Stored energy, ergotropy and local ergotropy (left) and power (right) under each reading; {four}, no "
            "noise; every row has its own scale.",
            "Ten rows, one for each reading of the paper, with energies on the left and power on the right.",
            rows={label[key]: {"": work.name(key)} for key in work.keys},
            columns=(energies, ("power",)),
        ),
        Panel(
            "fig2",
            "Fig. 2 recomputed: peak power against the number of cells",
            f"Largest power on [0, {WINDOW:g}/ω0] at equal coupling λ = {STRENGTHS[0]:g} ω0, with linear and "
            "quadratic guides; below, local exponents: where they settle, the asymptotics show. Grey: the extrapolated "
            "limit of large N with its interval.",
            "Log-log plot of peak power against N for each reading with guides of slope one and two; below, local "
            "exponents.",
            fits={label[key]: work.fit(key) for key in work.charging},
        ),
        Panel(
            "fig3",
            "Fig. 3 recomputed: decoherence",
            f"Stored energy and ergotropy without noise and with {noisy}; {four}.",
            "Stored energy and ergotropy against time for four readings, with and without noise.",
            rows=noise,
            columns=(("stored_energy",), ("ergotropy",)),
        ),
    )


def _curve(x: ArrayLike, y: ArrayLike) -> Curve:
    return Curve(np.asarray(x, float).tolist(), np.asarray(y, float).tolist())


def _filling() -> Panel:
    laws = (("step", "step, as printed"), ("rounded", "rounded step"), ("latching", "with memory"))
    curves = {}
    for law, label in laws:
        # fine enough for the peaks; the rounded step has none and is integrated, not solved
        run = filling(law, intervals=240 if law == "rounded" else 2400)
        curves[label] = _curve(run.times, run.energy)
    falls = ", ".join(f"{largest_fall(law):.2g} E_c ({label})" for law, label in laws)
    curves["E_c"] = Curve((0.0, 6.0), (1.0, 1.0), "guide")
    return Panel(
        "avalanche",
        "Eq. (10): what a threshold does to a store that fills",
        f"Stored energy under a constant inflow of {BETWEEN:g} times what the held rate γ drains at the threshold E_c, "
        f"avalanches at {AVALANCHE / HELD:g} γ; with memory an avalanche goes on until {RELEASE:g} E_c. Largest fall "
        "from an "
        f"earlier maximum: {falls}. Inputs: the ratios are chosen here [{Status.SPECULATIVE}].",
        "Stored energy against time: the step saturates at the threshold, the law with memory saws.",
        planes=(Plane("time (1/γ)", "stored energy (E_c)", curves),),
    )


def _flares() -> Panel:
    planes = []
    dwarf, sun = recording("dwarf"), recording("sun")
    for star, label, scale, axis in (
        ("dwarf", "M dwarf TIC 358108509, TESS", 1.0, "excess / quiet starlight"),
        ("sun", "Sun, X8.2, 1-8 Å", 1e6, "excess / quiet starlight (ppm)"),
    ):
        flare, run = recording(star), buffered(star)
        times = (flare.times[flare.window] - flare.times[flare.window][0]) / 60
        middle = 0.5 * (times[1:] + times[:-1])
        behind = run.flows["delivered"] / np.diff(flare.times[flare.window]) - 1
        curves = {
            label: _curve(times, scale * flare.ratio[flare.window]),
            "behind a buffer": _curve(middle, scale * behind),
        }
        planes.append(Plane("time (min)", axis, curves))
    return Panel(
        "flares",
        "Section 11A: two measured flares beside the quiet light of their stars",
        "Excess over the whole quiet light: a flare of an M dwarf in the band of TESS, and the X8.2 flare of the Sun "
        f"of 2017-09-10 in soft X-rays (GOES-16). Largest excess: {dwarf.surge_ratio:.3g} and {sun.surge_ratio:.2g}. "
        "The "
        "buffer passes on the quiet power and half of the largest surge, for which that of the dwarf holds "
        f"{dwarf.storage(1 + dwarf.surge_ratio / 2):.3g} s of quiet power. Inputs: {dwarf.source}; {sun.source} "
        f"[{dwarf.status}]; the buffer is chosen here [{Status.ENGINEERING}].",
        "Excess light against time for both flares, with the capped curve behind a buffer.",
        planes=tuple(planes),
    )


def _dates() -> Panel:
    anchors = timeline().anchors
    least, most = found().third
    years = np.concatenate([[1.0], np.arange(20.0, 3001.0, 20.0)])
    band = timeline().band(years * YEAR)
    constant = PiecewiseHazard.through([anchors[0].time], [anchors[0].best])
    dates = [a.time / YEAR for a in anchors]
    changing = PiecewiseHazard(tuple(a.time for a in anchors[:2]), hazards(anchors[1].best))
    curves: Mapping[str, Curve] = {
        "Weibull, least": _curve(years, band.low),
        "Weibull, middle": _curve(years, band.best),
        "Weibull, most": _curve(years, band.high),
        "constant hazard": _curve(years, [constant.probability(float(t) * YEAR) for t in years]),
        "hazard that changes": _curve(years, [changing.probability(float(t) * YEAR) for t in years]),
        "paper, lowest": Curve(dates, [a.low for a in anchors], "points"),
        "paper, highest (60 % or more: 1)": Curve(dates, [a.high for a in anchors], "points"),
    }
    return Panel(
        "timeline",
        "Section 10: the probabilities and the hazards behind them",
        "The printed probabilities (lowest and highest value at each date) and the laws through the first two of them. "
        f"At a millennium the Weibull laws give {100 * least:.0f} to {100 * most:.0f} %, a constant hazard "
        f"{100 * constant_hazard(2):.0f} %; a hazard that changes at the dates was put through all of them. Inputs: "
        f"probabilities of Section 10 [{Status.SPECULATIVE}].",
        "Probability against time: three Weibull curves, a constant hazard, a changing one, and the paper's points.",
        planes=(Plane("time (y)", "probability of realisation", curves),),
    )
