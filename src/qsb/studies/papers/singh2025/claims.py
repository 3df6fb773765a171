"""The claims: each function measures its sentence under every reading and names the rule; `judge` gives the verdict."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING

import numpy as np

from qsb.models.ising import gap as ising_gap
from qsb.stellar import scale
from qsb.studies.bench import refit, rerun
from qsb.studies.claim import Claim, Evidence, Rule
from qsb.studies.papers.singh2025.work import EXCHANGE, STRENGTHS, TEMPERATURES, TRANSVERSE, Work

if TYPE_CHECKING:
    import xarray as xr

#: slacks, each used where its name says; relative unless it says otherwise
TOLERANCE = {
    "identity": 1e-9,  # two numbers that a theorem makes equal (absolute, in omega0)
    "stays": 0.01,  # "remains nonzero": share of the peak below which the ergotropy counts as gone
    "amplitude": 1e-3,  # a peak is lower by more than this
    "time": 0.10,  # "preserves structure": shift of the first energy maximum
    "likeness": 0.80,  # "preserves structure": smallest correlation of E(t) with and without noise (absolute)
    "exponent": 0.02,  # an exponent equals a whole number
    "gap": 0.02,  # a gap equals 2(J - h)
    "activation": 0.10,  # an activation energy equals the gap
    "order": 0.15,  # a tabulated value with one or two digits
}

Measure = Callable[[Work, Claim], tuple[Iterable[Evidence], Rule]]


def _first_maximum(data: xr.Dataset) -> float:
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
        after = data["ergotropy"].values[data["time"].values >= _first_maximum(data)]
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
        before, after = _first_maximum(closed), _first_maximum(noisy)
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


def gap(w: Work, c: Claim) -> tuple[list[Evidence], Rule]:
    """E_2 - E_0 against the cost of one domain wall, for growing chains."""
    out = []
    for cells in (8, 64, 512):
        found = ising_gap(cells, exchange=EXCHANGE, transverse=TRANSVERSE)
        call = f"gap({cells}, exchange={EXCHANGE}, transverse={TRANSVERSE})"
        again = f'python -c "from qsb.models.ising import gap; print({call})"'
        note = f"splitting of the doublet 10^{found.log_splitting / math.log(10):.1f} J"
        out.append(
            c.measure(
                f"gap above the doublet (J), N = {cells}",
                found.above,
                "==",
                2 * (EXCHANGE - TRANSVERSE),
                tolerance=TOLERANCE["gap"],
                reading="eq. (9)",
                rerun=again,
                note=note,
            )
        )
    return out, "all"


def thermal(w: Work, c: Claim) -> tuple[list[Evidence], Rule]:
    """Activation energy of the escape out of the doublet, from the two lowest temperatures."""
    out = []
    for coupling in ("sx", "sy"):
        cold, warm = w.ising(coupling)[:2]
        rise = np.log(warm.escape_per_cell / cold.escape_per_cell) / (1 / cold.temperature - 1 / warm.temperature)
        again = _relaxation_command(coupling, cold.cells)
        out.append(
            c.measure(
                "activation energy of the escape (J)",
                float(rise),
                "==",
                cold.gap,
                reading=f"bath along {coupling}",
                tolerance=TOLERANCE["activation"],
                rerun=again,
                note=f"gap {cold.gap:.4g} J, T = {cold.temperature:g} and {warm.temperature:g} J",
            )
        )
    return out, "all"


def _relaxation_command(coupling: str, cells: int) -> str:
    call = f"compare_relaxation({cells}, {EXCHANGE}, {TRANSVERSE}, {TEMPERATURES}, coupling='{coupling}')"
    return f'python -c "from qsb.studies.relaxation import compare_relaxation; print({call})"'


def relaxation(w: Work, c: Claim) -> tuple[list[Evidence], Rule]:
    """Net relaxation rates of states that store energy, against uncoupled cells."""
    out = []
    cold = TEMPERATURES.index(0.2)
    against = (
        ("uncoupled", "uncoupled cell, same field"),
        ("equal_gap", "uncoupled cell, same gap"),
        ("mean_field", "cell in the mean field of its neighbours"),
    )
    for coupling in ("sz", "sx"):
        found = w.ising(coupling)[cold]
        for counterpart, label in against:
            for state in ("bulk flip", "edge flip", "domain wall", "neel"):
                ratio = found.ratio(state, counterpart)  # type: ignore[arg-type]
                out.append(
                    c.measure(
                        f"relaxation of {state} / {label}",
                        ratio,
                        "<",
                        1.0,
                        reading=f"bath along {coupling}, against {counterpart.replace('_', ' ')}",
                        tolerance=TOLERANCE["activation"],
                        rerun=_relaxation_command(coupling, found.cells),
                    )
                )
    return out, "all"


def sunlight(w: Work, c: Claim) -> tuple[list[Evidence], Rule]:
    """Nominal solar luminosity times one second."""
    return [
        c.measure(
            "L_sun x 1 s (J)",
            scale.one_second_of_sunlight().energy,
            "==",
            3.8e26,
            reading="IAU nominal luminosity",
            tolerance=TOLERANCE["exponent"],
            rerun="qsb bounds --json",
        )
    ], "all"


def antimatter(w: Work, c: Claim) -> tuple[list[Evidence], Rule]:
    """c^2."""
    return [
        c.measure(
            "c^2 (J/kg)",
            scale.SPEED_OF_LIGHT_SQUARED,
            "==",
            9e16,
            reading="E = m c^2",
            tolerance=TOLERANCE["exponent"],
            rerun="qsb bounds --specific-energy 9e16",
        )
    ], "all"


def target(w: Work, c: Claim) -> tuple[list[Evidence], Rule]:
    """The target over c^2, which is what a body of pure stored energy has."""
    return [
        c.measure(
            "1e20 J/kg / c^2",
            1e20 / scale.SPEED_OF_LIGHT_SQUARED,
            "<=",
            1.0,
            reading="stored energy has mass",
            rerun="qsb bounds --specific-energy 1e20",
        )
    ], "all"


CLAIMS: dict[str, Measure] = {
    "1-E1s": sunlight,
    "3B-antimatter": antimatter,
    "3B-qsb": target,
    "5-bound": work_below_energy,
    "14B-gap": gap,
    "14B-thermal": thermal,
    "16-independent": independent,
    "16-entangled": entangled,
    "17A-start": start,
    "17A-oscillation": oscillation,
    "17A-ergotropy": remains,
    "17A-coherent": coherent,
    "17A-slope": slope,
    "17A-advantage": advantage,
    "17B-reduce": reduce_both,
    "17B-survival": survival,
    "Fig3-amplitude": amplitude,
    "Fig3-structure": structure,
    "18-power": prediction,
    "18-fraction": fraction,
    "18-relaxation": relaxation,
}
