"""Claims on charging with noise (Sections 17B and 18, Fig. 3): what emission and dephasing take or leave."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from qsb.studies.bench import refit, rerun
from qsb.studies.claim import Claim, Evidence, Rule
from qsb.studies.papers.singh2025.charging import first_maximum
from qsb.studies.papers.singh2025.tolerances import TOLERANCE, Measure
from qsb.studies.papers.singh2025.work import STRENGTHS

if TYPE_CHECKING:
    import xarray as xr

    from qsb.studies.papers.singh2025.work import Work


def survival(w: Work, c: Claim) -> tuple[list[Evidence], Rule]:
    """Slope with noise, and what the scaling study says of the same numbers."""
    out = []
    for key in w.charging:
        closed, noisy = w.slope(key), w.fit(key, "both")
        again = refit(f"scaling-{key}-both")
        note = f"without noise {closed.exponent.value:.3f}"
        out.append(
            c.measure(
                "slope of log P_max with noise",
                noisy.exponent.value,
                ">",
                1.0,
                reading=key,
                tolerance=TOLERANCE["exponent"],
                rerun=again,
                note=note,
            )
        )
        out.append(
            c.measure(
                "growth with noise",
                noisy.verdict,
                "is",
                "super-extensive",
                reading=key,
                rerun=again,
                note="; ".join(noisy.reasons[:1]),
            )
        )
    return out, "default-reading"


def _each_strength(w: Work) -> list[tuple[str, float, str]]:
    return [(key, s, f"{key}, λ = {s:g}") for s in STRENGTHS for key in w.charging]


def reduce_both(w: Work, c: Claim) -> tuple[list[Evidence], Rule]:
    """Peaks of E and W with each channel alone, against none."""
    out = []
    for key, strength, label in _each_strength(w):
        closed = w.data(key, "closed", strength)
        for noise in ("relaxation", "dephasing"):
            noisy = w.data(key, noise, strength)
            for name, word in (("peak_stored_energy", "energy"), ("peak_ergotropy", "ergotropy")):
                value, before = float(noisy[name]), float(closed[name])
                out.append(
                    c.measure(
                        f"peak {word} with {noise} (ω0)",
                        value,
                        "<",
                        before,
                        reading=label,
                        tolerance=TOLERANCE["amplitude"],
                        rerun=rerun(w.name(key, noise, strength)),
                    )
                )
    return out, "universal"


def amplitude(w: Work, c: Claim) -> tuple[list[Evidence], Rule]:
    """Peak of E with both channels, against none."""
    out = []
    for key, strength, label in _each_strength(w):
        value, before = (float(w.data(key, noise, strength)["peak_stored_energy"]) for noise in ("both", "closed"))
        note = (
            f"peak ergotropy {float(w.data(key, 'both', strength)['peak_ergotropy']):.4g} against "
            f"{float(w.data(key, 'closed', strength)['peak_ergotropy']):.4g}"
        )
        out.append(
            c.measure(
                "peak stored energy with noise (ω0)",
                value,
                "<",
                before,
                reading=label,
                tolerance=TOLERANCE["amplitude"],
                rerun=rerun(w.name(key, "both", strength)),
                note=note,
            )
        )
    return out, "all"


def structure(w: Work, c: Claim) -> tuple[list[Evidence], Rule]:
    """Time of the first maximum, and the correlation of the two curves over the window."""
    out = []
    for key, strength, label in _each_strength(w):
        closed, noisy = w.data(key, "closed", strength), w.data(key, "both", strength)
        again = rerun(w.name(key, "both", strength))
        before, after = first_maximum(closed), first_maximum(noisy)
        out.append(
            c.measure(
                "time of the first energy maximum with noise (1/ω0)",
                after,
                "==",
                before,
                reading=label,
                tolerance=TOLERANCE["time"],
                rerun=again,
            )
        )
        alike = float(np.corrcoef(closed["stored_energy"], noisy["stored_energy"])[0, 1])
        out.append(
            c.measure(
                "correlation of E(t) with and without noise",
                alike,
                ">=",
                TOLERANCE["likeness"],
                reading=label,
                rerun=again,
            )
        )
    return out, "all"


def fraction(w: Work, c: Claim) -> tuple[list[Evidence], Rule]:
    """Ergotropy fraction at the peak of the ergotropy, against the plain field in the same surroundings."""
    out = []
    for noise, word in (("closed", "no noise"), ("both", "noise")):
        baseline = _fraction_at_peak(w.data("A", noise))
        for key in (k for k in w.charging if k != "A"):
            value = _fraction_at_peak(w.data(key, noise))
            out.append(
                c.measure(
                    "ergotropy fraction at peak ergotropy",
                    value,
                    ">",
                    baseline,
                    reading=f"{key}, {word}, against the field",
                    tolerance=TOLERANCE["amplitude"],
                    rerun=rerun(w.name(key, noise)),
                )
            )
    thermal = _fraction_at_peak(w.data(w.default, "both"))
    out.append(
        c.measure(
            "ergotropy fraction at peak ergotropy",
            thermal,
            ">",
            0.0,
            reading=f"{w.default}, noise, against thermal charging (a Gibbs state has none)",
            tolerance=TOLERANCE["amplitude"],
            rerun=rerun(w.name(w.default, "both")),
        )
    )
    return out, "all"


def _fraction_at_peak(data: xr.Dataset) -> float:
    k = int(np.argmax(data["ergotropy"].values))
    return float(data["ergotropy_fraction"][k])


CLAIMS: dict[str, Measure] = {
    "17B-reduce": reduce_both,
    "17B-survival": survival,
    "Fig3-amplitude": amplitude,
    "Fig3-structure": structure,
    "18-fraction": fraction,
}
