"""N. Friis and M. Huber, "Precision and Work Fluctuations in Gaussian Battery Charging" (2018), recomputed.

An oscillator that is charged by a displacement or by squeezing: the same mean energy, other fluctuations; and what a
unitary that is not Gaussian would do.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
from numpy.typing import NDArray

from qsb.charging.envelope import Constant
from qsb.charging.problem import Problem
from qsb.charging.protocol import Protocol, Stage
from qsb.models import custom
from qsb.runs.run import run
from qsb.studies.bench import rerun
from qsb.studies.scaling import fit_scaling
from qsb.studies.worksheet import Curve, Plane, Tell, Worksheet

if TYPE_CHECKING:
    from qsb.studies.study import Study

KEY = "friis2018"

Unitary = Literal["displacement", "squeezing"]
Reals = NDArray[np.float64]

#: mean number of the thermal start
NBAR = 1.0
#: Fock states that are kept, and the largest displacement and squeezing that they hold to better than EXACT
LEVELS = 160
REACH: dict[Unitary, float] = {"displacement": 3.0, "squeezing": 0.8}
#: relative; a squeezed thermal state has a slow tail, of which the cutoff takes 1e-8
EXACT = 1e-6
SLACK = 0.01


@dataclass(frozen=True)
class Charged:
    """Energy gain and variance of H_B along a unitary of growing strength, computed and by the closed form."""

    gain: Reals
    variance: Reals
    gain_form: Reals
    variance_form: Reals

    @property
    def error(self) -> float:
        """Largest relative difference."""
        pairs = ((self.gain, self.gain_form), (self.variance, self.variance_form))
        return max(float((np.abs(a - b)[1:] / b[1:]).max()) for a, b in pairs)


def study(*, quick: bool = False, tell: Tell = lambda step, what: None) -> Study:
    """Recompute the paper."""
    sheet = Worksheet(
        KEY,
        "Precision and Work Fluctuations in Gaussian Battery Charging",
        "N. Friis, M. Huber, Quantum 2, 61 (2018), doi:10.22331/q-2018-04-23-61, arXiv:1708.00749",
        quick,
        tell,
    )
    sheet.convention(
        "thermal",
        "one oscillator, thermal at the start",
        "H_B = ω a†a; U = exp(α a† − α* a) or exp[(r/2)(a†² − a²)], α, r > 0; start a Gibbs state of mean number n̄",
        f"ω = 1, n̄ = {NBAR:g}; the unitaries are charged by V = i(a† − a) or (i/2)(a†² − a²) with H_B off, on {LEVELS} "
        "Fock states. Precision is the variance of H_B at the end. Rotations change neither.",
        default=True,
    )
    sheet.convention(
        "vacuum",
        "one oscillator, empty at the start",
        "as above with n̄ = 0; a second oscillator holds the state and hands it over, H = g(ab† + a†b), gt = π/2",
        "`mediated` with two oscillators: what the charger holds, coherent or a Fock state, is in the battery then. "
        "From one level, the work that two measurements of H_B give has the spread of H_B at the end, so that "
        "fluctuations of charge and of work are one number.",
    )
    charged = {kind: _charge(kind, NBAR, LEVELS, REACH[kind]) for kind in REACH}
    squeezed = _charge("squeezing", 0.0, 300, 1.44)
    _forms(sheet, charged)
    energies, coherent, fock = _handed_over(sheet)
    _vanishing(sheet, energies, coherent, squeezed)
    _possible(sheet, charged, fock)
    _figures(sheet, charged, squeezed, energies, coherent)
    return sheet.study()


def _thermal(nbar: float, levels: int) -> Reals:
    """Populations of a Gibbs state."""
    p = np.zeros(levels)
    p[0] = 1.0
    if nbar:
        p[:] = (nbar / (nbar + 1)) ** np.arange(levels)
    return np.asarray(p / p.sum())


def _charge(kind: Unitary, nbar: float, levels: int, reach: float) -> Charged:
    """Run a displacement or squeezing of strength s, in time s."""
    lower = np.diag(np.sqrt(np.arange(1.0, levels)), 1)
    raised = lower.T if kind == "displacement" else lower.T @ lower.T / 2
    s = np.linspace(0.0, reach, 17)
    battery = custom(
        np.diag(np.arange(float(levels))), 1j * (raised - raised.T), start=np.diag(_thermal(nbar, levels)) + 0j
    )
    stage = Stage("charge", reach, Constant(1.0), False)
    data = run(Problem(battery, Protocol((stage,)), (), s), ["stored_energy", "energy_std"], peaks=False)
    noise = 2 * nbar + 1
    if kind == "displacement":
        gain, variance = s**2, nbar * (nbar + 1) + s**2 * noise
    else:
        gain, variance = noise * np.sinh(s) ** 2, (noise**2 * np.cosh(4 * s) - 1) / 4
    return Charged(data["stored_energy"].values, data["energy_std"].values ** 2, gain, variance)


def _forms(sheet: Worksheet, charged: dict[Unitary, Charged]) -> None:
    sheet.claim(
        "closed-forms",
        "A displacement adds ω|α|² and makes the variance ω²[n̄(n̄+1) + |α|²(2n̄+1)]; squeezing adds "
        "ω(2n̄+1) sinh² r and makes it ω²[(2n̄+1)² cosh 4r − 1]/4.",
        *(
            sheet.compare(
                f"largest relative difference from a run, {kind}",
                c.error,
                "<=",
                EXACT,
                reading="thermal",
            )
            for kind, c in charged.items()
        ),
        section="single-mode Gaussian unitaries",
        basis="derived",
    )


def _handed_over(sheet: Worksheet) -> tuple[list[int], Reals, Reals]:
    """Mean energies, and the relative fluctuation of a coherent state and a Fock state of each."""
    energies = [1, 2, 4, 8, 16] if sheet.quick else [1, 2, 4, 8, 16, 32, 64]
    starts: dict[str, dict[str, Any]] = {
        "coherent": {"amplitude": [float(np.sqrt(e)) for e in energies]},
        "fock": {"quanta": energies},
    }
    found = {}
    for name, axis in starts.items():
        ((key, values),) = axis.items()
        data = sheet.run(
            name,
            {
                "title": f"A charger in a {name} state hands it over",
                "model": {"name": "mediated", "coupling": 1.0, "charger": "oscillator", "battery": "oscillator"},
                "start": {"charger": {"state": name, key: values[0]}},
                "stage": [{"kind": "charge", "duration": float(np.pi / 2)}],
                "save": {
                    "times": [float(np.pi / 2)],
                    "peaks": False,
                    "figures": ["stored_energy", "energy_std", "relative_fluctuation"],
                },
                "sweep": {f"start.charger.{key}": values},
            },
        )
        found[name] = np.asarray(data["relative_fluctuation"].values, dtype=np.float64).ravel()
    return energies, found["coherent"], found["fock"]


def _vanishing(sheet: Worksheet, energies: list[int], coherent: Reals, squeezed: Charged) -> None:
    fit = fit_scaling(energies, coherent, resource="frequency", figure="relative fluctuation")
    share = np.sqrt(squeezed.variance[1:]) / squeezed.gain[1:]
    sheet.claim(
        "vanishing",
        'Gaussian charging "still offers asymptotically vanishing relative charge variances and fluctuations".',
        sheet.compare(
            "limit exponent of ΔH_B/E against the energy, displacement of the vacuum",
            fit.limit.value,
            "==",
            -0.5,
            tolerance=SLACK,
            reading="displacement",
            rerun=rerun("coherent"),
        ),
        sheet.compare(
            "ΔH_B/E at the largest energy, squeezing of the vacuum",
            float(share[-1]),
            "<",
            1.0,
            reading="squeezing",
            note=f"E = {squeezed.gain[-1]:.2f} ω; it tends to √2 from above",
        ),
        section="abstract",
        basis="read",
        rule="any",
    )


def _shift(nbar: float, levels: int, quanta: int) -> tuple[float, float]:
    """Energy gain and variance after levels n move to n + k, and as many far, empty ones to the bottom."""
    p, n = _thermal(nbar, levels), np.arange(float(levels))
    half = levels // 2
    moved = np.concatenate([p[half : half + quanta], p[:half], p[half + quanta :]])
    mean = float(moved @ n)
    return mean - float(p @ n), float(moved @ n**2) - mean**2


def _possible(sheet: Worksheet, charged: dict[Unitary, Charged], fock: Reals) -> None:
    quanta = 4
    gain, variance = _shift(NBAR, LEVELS, quanta)
    moved = float(np.interp(gain, charged["displacement"].gain, charged["displacement"].variance))
    # beyond the reach of the run: x = sinh^2 r = gain/(2 nbar + 1), and cosh 4r = 1 + 8 x (1 + x)
    x = gain / (2 * NBAR + 1)
    squeezed = ((2 * NBAR + 1) ** 2 * (1 + 8 * x * (1 + x)) - 1) / 4
    sheet.claim(
        "less-than-possible",
        'Gaussian battery charging performs "significantly less well than is possible in principle".',
        sheet.compare(
            f"variance of a displacement over that of a shift of the levels, gain {gain:.3g} ω",
            moved / variance,
            ">",
            1.0,
            tolerance=SLACK,
            reading="thermal",
            note="the shift n → n + 4 keeps the thermal variance n̄(n̄+1)",
        ),
        sheet.compare(
            "variance of squeezing over that of a displacement",
            squeezed / moved,
            ">",
            1.0,
            tolerance=SLACK,
            reading="thermal",
        ),
        sheet.compare(
            "largest ΔH_B/E of Fock states, from the vacuum",
            float(fock.max()),
            "<=",
            EXACT,
            reading="vacuum",
            rerun=rerun("fock"),
            note="a coherent state has 1/√(E/ω)",
        ),
        section="abstract",
        basis="read",
    )


def _figures(
    sheet: Worksheet, charged: dict[Unitary, Charged], squeezed: Charged, energies: list[int], coherent: Reals
) -> None:
    e = [float(v) for v in energies]
    share = np.sqrt(squeezed.variance[1:]) / squeezed.gain[1:]
    first = int(np.argmax(squeezed.gain[1:] > 0.5))
    relative = {
        "displacement": Curve(e, coherent.tolist(), "points"),
        "squeezing": Curve(squeezed.gain[1:][first:].tolist(), share[first:].tolist(), "points"),
        r"$\sqrt{2}$": Curve([0.5, e[-1]], [2**0.5] * 2, "guide"),
        r"$(E/\omega)^{-1/2}$": Curve(e, [v**-0.5 for v in e], "guide"),
    }
    spread = {f"{k}, run": Curve(c.gain.tolist(), c.variance.tolist(), "points") for k, c in charged.items()}
    for kind, c in charged.items():
        spread[f"{kind}, closed form"] = Curve(c.gain_form.tolist(), c.variance_form.tolist(), "line")
    shifts = [_shift(NBAR, LEVELS, k) for k in range(10)]
    spread["shift of levels"] = Curve([g for g, _ in shifts], [v for _, v in shifts], "points")
    sheet.curves(
        "precision",
        "Fluctuations against the energy gain",
        f"Left: an oscillator charged from the vacuum. Right: from a thermal state of mean number {NBAR:g}; a shift of "
        "levels is a unitary, but not a Gaussian one.",
        "Two plots: relative fluctuation that falls for displacements and not for squeezing; variances that grow "
        "slowest for a shift of levels.",
        Plane(r"Stored energy $E$ ($\omega$)", r"Relative fluctuation $\Delta H_B/E$ (1)", relative, "xy"),
        Plane(r"Energy gain ($\omega$)", r"Variance of $H_B$ ($\omega^2$)", spread),
    )


__all__ = ["KEY", "study"]
