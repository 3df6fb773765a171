"""Claims on charging without noise (Sections 13B, 16, 17A and 18): energy, ergotropy and how the power grows with N."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from qsb.studies.bench import refit, rerun
from qsb.studies.claim import Claim, Evidence, Rule
from qsb.studies.papers.singh2025.tolerances import TOLERANCE, Measure

if TYPE_CHECKING:
    import xarray as xr

    from qsb.studies.papers.singh2025.work import Work


def first_maximum(data: xr.Dataset) -> float:
    """Time of the first local maximum of the stored energy: where the power first falls through zero."""
    t, p = data["time"].values, data["power"].values
    falls = np.flatnonzero((p[:-1] > 0) & (p[1:] <= 0))
    if not len(falls):
        return float("nan")
    k = falls[0]
    return float(t[k] + (t[k + 1] - t[k]) * p[k] / (p[k] - p[k + 1]))


def start(w: Work, c: Claim) -> tuple[list[Evidence], Rule]:
    """Energy of the start above the lowest level of H_B."""
    out = []
    for key, label in (("F", "as printed, all up"), (w.default, "all down")):
        value = float(w.data(key)["energy_above_ground"][0])
        out.append(
            c.measure(
                "energy of the start above the ground level (ω0)",
                value,
                "==",
                0.0,
                reading=label,
                tolerance=TOLERANCE["identity"],
                rerun=rerun(w.name(key)),
            )
        )
    return out, "all"


def oscillation(w: Work, c: Claim) -> tuple[list[Evidence], Rule]:
    """Sign changes of the power, and whether any energy is stored."""
    out = []
    for key in w.keys:
        p = w.data(key)["power"].values
        quiet = np.abs(p) > 1e-9 * np.abs(p).max()
        changes = int(np.sum(np.diff(np.sign(p[quiet])) != 0))
        again = rerun(w.name(key))
        out.append(c.measure("sign changes of P(t)", changes, ">=", 2, reading=key, rerun=again))
        peak = float(w.data(key)["peak_stored_energy"])
        out.append(
            c.measure(
                "peak stored energy (ω0)",
                peak,
                ">",
                0.0,
                reading=key,
                tolerance=TOLERANCE["identity"],
                rerun=again,
            )
        )
    return out, "default-reading"


def remains(w: Work, c: Claim) -> tuple[list[Evidence], Rule]:
    """Smallest ergotropy after the first maximum of the energy, as a share of its peak."""
    out = []
    for key in w.charging:
        data = w.data(key)
        after = data["ergotropy"].values[data["time"].values >= first_maximum(data)]
        share = float(after.min() / float(data["peak_ergotropy"]))
        out.append(
            c.measure(
                "smallest / peak ergotropy after the first maximum",
                share,
                ">",
                TOLERANCE["stays"],
                reading=key,
                rerun=rerun(w.name(key)),
            )
        )
    return out, "default-reading"


def coherent(w: Work, c: Claim) -> tuple[list[Evidence], Rule]:
    """Whether W says more than E, and whether single cells hold any work."""
    out = []
    for key in w.charging:
        data, again = w.data(key), rerun(w.name(key))
        excess = float(np.abs(data["ergotropy"] - data["energy_above_ground"]).max())
        note = (
            "a pure state has W = E - E_0 identically; coherent part of W peaks at "
            f"{float(data['coherent_ergotropy'].max()):.4g}"
        )
        out.append(
            c.measure(
                "largest |W - (E - E_0)| (ω0)",
                excess,
                ">",
                0.0,
                reading=key,
                tolerance=TOLERANCE["identity"],
                rerun=again,
                note=note,
            )
        )
        local = float(data["local_ergotropy"].max())
        out.append(
            c.measure(
                "peak local ergotropy (ω0)",
                local,
                ">",
                0.0,
                reading=key,
                tolerance=TOLERANCE["identity"],
                rerun=again,
            )
        )
    return out, "default-reading"


def slope(w: Work, c: Claim) -> tuple[list[Evidence], Rule]:
    """The bare slope on N = 2-6."""
    out = []
    for key in w.charging:
        fit = w.slope(key)
        note = f"95 % interval {fit.exponent.low:.3f} to {fit.exponent.high:.3f}"
        out.append(
            c.measure(
                "slope of log P_max on N = 2-6",
                fit.exponent.value,
                ">",
                1.0,
                reading=key,
                tolerance=TOLERANCE["exponent"],
                rerun=refit(f"scaling-{key}-closed"),
                note=note,
            )
        )
    return out, "default-reading"


def _lasting(w: Work, c: Claim, key: str) -> list[Evidence]:
    """Verdicts of the scaling study at equal coupling and at equal operator norm."""
    fit, normed = w.fit(key), w.equal_norm(key)
    note = (
        f"limit {fit.limit.value:.3f} ({fit.limit.low:.3f} to {fit.limit.high:.3f}) from N = "
        f"{fit.cells[0]}-{fit.cells[-1]}"
    )
    again = refit(f"scaling-{key}-closed")
    found = c.measure(
        "growth of P_max at equal coupling",
        fit.verdict,
        "is",
        "super-extensive",
        reading=key,
        rerun=again,
        note=note,
    )
    note = f"limit {normed.limit.value:.3f} ({normed.limit.low:.3f} to {normed.limit.high:.3f})"
    equal = c.measure(
        "growth at equal operator norm",
        normed.verdict,
        "is",
        "super-extensive",
        reading=key,
        rerun=again,
        note=note,
    )
    return [found, equal]


def advantage(w: Work, c: Claim) -> tuple[list[Evidence], Rule]:
    """Whether the growth lasts."""
    return [e for key in w.charging for e in _lasting(w, c, key)], "default-reading"


def prediction(w: Work, c: Claim) -> tuple[list[Evidence], Rule]:
    """Whether any reading shows a super-linear growth that lasts, at equal coupling and at equal norm."""
    return [e for key in w.charging for e in _lasting(w, c, key)], "any"


def independent(w: Work, c: Claim) -> tuple[list[Evidence], Rule]:
    """The field."""
    fit = w.fit("A")
    again = refit("scaling-A-closed")
    value = c.measure(
        "exponent of P_max",
        fit.exponent.value,
        "==",
        1.0,
        reading="A",
        tolerance=TOLERANCE["exponent"],
        rerun=again,
    )
    return [
        value,
        c.measure("growth of P_max", fit.verdict, "is", "extensive", reading="A", rerun=again),
    ], "all"


def entangled(w: Work, c: Claim) -> tuple[list[Evidence], Rule]:
    """All collective readings; "one may find" asks for one of them."""
    out = []
    for key in ("C", "C-sqrt", "C-kac", "D", "D-norm"):
        limit = w.fit(key).limit
        note = (
            f"interval {limit.low:.3f} to {limit.high:.3f}; largest order of a term: "
            f"{'N' if key.startswith('D') else '2'}"
        )
        out.append(
            c.measure(
                "exponent of P_max for large N",
                limit.value,
                "==",
                2.0,
                reading=key,
                tolerance=TOLERANCE["exponent"],
                rerun=refit(f"scaling-{key}-closed"),
                note=note,
            )
        )
    return out, "any"


def work_below_energy(w: Work, c: Claim) -> tuple[list[Evidence], Rule]:
    """W against E measured from the ground level, from the start, and from zero."""
    out = []
    data = w.data(w.default)
    again = rerun(w.name(w.default))
    meanings = {
        "E above the ground level": data["energy_above_ground"],
        "E as <H0>, zero in the middle": data["energy_above_ground"] + float(data["ground_energy"]),
        "E above the start, literal all up": w.data("F")["stored_energy"],
    }
    for label, energy in meanings.items():
        source = w.data("F") if "literal" in label else data
        excess = float((source["ergotropy"] - energy).max())
        out.append(
            c.measure(
                "largest W - E (ω0)",
                excess,
                "<=",
                0.0,
                reading=label,
                tolerance=TOLERANCE["identity"],
                rerun=rerun(w.name("F")) if "literal" in label else again,
            )
        )
    return out, "all"


CLAIMS: dict[str, Measure] = {
    "5-bound": work_below_energy,
    "16-independent": independent,
    "16-entangled": entangled,
    "17A-start": start,
    "17A-oscillation": oscillation,
    "17A-ergotropy": remains,
    "17A-coherent": coherent,
    "17A-slope": slope,
    "17A-advantage": advantage,
    "18-power": prediction,
}
