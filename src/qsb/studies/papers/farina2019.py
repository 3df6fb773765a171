"""D. Farina et al., "Charger-mediated energy transfer for quantum batteries: an open-system approach" (2019).

A driven charger that loses energy fills a battery. With two oscillators the battery ends in a coherent state whose
energy is all work and does not depend on the loss; heat adds energy but no work. With two two-level systems the drive
leaves a state close to the mixed one; heat raises the work that stays, and lowers the highest work on the way.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from qsb.studies.bench import rerun
from qsb.studies.worksheet import Curve, Plane, Tell, Worksheet

if TYPE_CHECKING:
    import xarray as xr

    from qsb.studies.study import Study

KEY = "farina2019"

COUPLING, DRIVE = 0.2, 0.05
#: losses below, at and above 4 g, where the oscillators stop to ring; their slowest amplitude then is below 2e-4
LOSSES, LONG = (0.4, 0.8, 1.2), 120.0
SETTLED = 1e-3
#: mean number of the bath beside the oscillators; a warmer one needs more levels than are cheap
WARM = 0.1
#: mean numbers of the bath beside the two-level systems
BATHS = (0.0, 0.25, 0.5, 1.0)


def study(*, quick: bool = False, tell: Tell = lambda step, what: None) -> Study:
    """Recompute the paper."""
    sheet = Worksheet(
        KEY,
        "Charger-mediated energy transfer for quantum batteries: An open-system approach",
        "D. Farina, G. M. Andolina, A. Mari, M. Polini, V. Giovannetti, Phys. Rev. B 99, 035421 (2019), "
        "doi:10.1103/PhysRevB.99.035421, arXiv:1810.10890",
        quick,
        tell,
    )
    sheet.convention(
        "oscillators",
        "driven charger with losses, two oscillators",
        "rotating frame: H = g (a b† + a† b) + F (a + a†), loss γ(n+1) D[a] + γ n D[a†], start vacuum; "
        "ω = 1, g = 0.2, F = 0.05",
        "`mediated` with a drive at resonance and the bath on the charger; energies are those of the laboratory.",
        default=True,
    )
    sheet.convention(
        "qubits",
        "driven charger with losses, two two-level systems",
        "as above with σ- for a and b; g = 0.2, F = 1, γ = 1",
        "A strong drive, F = γ = 5 g; the parameters are ours. The peaks lie within t = 150; steady values are those "
        "of the generator.",
    )
    oscillators = {loss: _oscillators(sheet, loss, 0.0) for loss in LOSSES}
    warm = _oscillators(sheet, LOSSES[1], WARM)
    qubits = {nbar: _qubits(sheet, nbar) for nbar in BATHS}
    _claims(sheet, oscillators, warm)
    _two_level(sheet, qubits)
    _figure(sheet, oscillators, warm, qubits)
    return sheet.study()


def _bath(loss: float, nbar: float) -> list[dict[str, Any]]:
    if nbar:
        return [{"kind": "thermal", "rate": loss, "nbar": nbar, "on": "charger"}]
    return [{"kind": "emission", "rate": loss, "on": "charger"}]


def _oscillators(sheet: Worksheet, loss: float, nbar: float) -> xr.Dataset:
    spec: dict[str, Any] = {
        "title": f"Two oscillators, loss {loss:g}, bath of {nbar:g} quanta",
        "model": {
            "name": "mediated",
            "charger": "oscillator",
            "battery": "oscillator",
            "coupling": COUPLING,
            "drive": DRIVE,
        },
        "channel": _bath(loss, nbar),
        "stage": [{"kind": "charge", "duration": LONG}],
        "save": {"points": 121, "figures": ["stored_energy", "ergotropy"]},
    }
    # the highest of these levels hold less than the bound of the tolerance, which each run checks
    spec["model"]["cutoff"] = 9
    spec["solve"] = {"tolerance": 1e-5 if nbar else 1e-8}
    return sheet.run(f"oscillators-{loss:g}-{nbar:g}", spec)


def _qubits(sheet: Worksheet, nbar: float) -> xr.Dataset:
    spec = {
        "title": f"Two two-level systems, bath of {nbar:g} quanta",
        "model": {"name": "mediated", "charger": "qubit", "battery": "qubit", "coupling": COUPLING, "drive": 1.0},
        "channel": _bath(1.0, nbar),
        "stage": [{"kind": "charge", "duration": 150.0}],
        "save": {"points": 301, "figures": ["stored_energy", "ergotropy"], "steady": True},
    }
    return sheet.run(f"qubits-{nbar:g}", spec)


def _claims(sheet: Worksheet, oscillators: dict[float, xr.Dataset], warm: xr.Dataset) -> None:
    ideal = (DRIVE / COUPLING) ** 2
    sheet.claim(
        "coherent",
        "Two oscillators at zero temperature: the battery ends with E = W = ω (F/g)^2, whatever the loss γ.",
        *(
            sheet.compare(
                f"{word} at the end (ω), γ = {loss:g}",
                float(data[figure].values[-1]),
                "==",
                ideal,
                tolerance=SETTLED,
                rerun=rerun(f"oscillators-{loss:g}-0"),
            )
            for loss, data in oscillators.items()
            for word, figure in (("E", "stored_energy"), ("W", "ergotropy"))
        ),
        section="model of two oscillators",
        basis="derived",
    )
    name = f"oscillators-{LOSSES[1]:g}-{WARM:g}"
    sheet.claim(
        "heat",
        "Two oscillators: a bath at a higher temperature adds its mean number to the battery's energy and nothing to "
        "the work.",
        sheet.compare(
            f"E at the end (ω), bath of {WARM:g} quanta",
            float(warm["stored_energy"].values[-1]),
            "==",
            ideal + WARM,
            tolerance=0.01,
            rerun=rerun(name),
        ),
        sheet.compare(
            f"W at the end (ω), bath of {WARM:g} quanta",
            float(warm["ergotropy"].values[-1]),
            "==",
            ideal,
            tolerance=0.01,
            rerun=rerun(name),
        ),
        section="model of two oscillators",
        basis="derived",
    )


def _two_level(sheet: Worksheet, qubits: dict[float, xr.Dataset]) -> None:
    cold = qubits[0.0]
    # "almost": within a tenth of the half capacity, 0.5
    sheet.claim(
        "qubits",
        "Two two-level systems: the drive leaves the battery with almost half of its capacity as energy and almost no "
        "work.",
        sheet.compare("steady E (ω)", float(cold["steady_stored_energy"]), ">", 0.45, rerun=rerun("qubits-0")),
        sheet.compare("steady W (ω)", float(cold["steady_ergotropy"]), "<", 0.05, rerun=rerun("qubits-0")),
        section="model of two two-level systems",
        basis="derived",
    )
    works = [float(qubits[n]["steady_ergotropy"]) for n in BATHS]
    sheet.claim(
        "interplay",
        "Coherent pumping and thermalisation interplay: in the two-level model a thermal bath can raise the work that "
        "the drive alone stores.",
        sheet.compare(
            "smallest rise of the steady W from one bath to the next warmer one (ω)",
            float(np.min(np.diff(works))),
            ">",
            1e-3,
            note=", ".join(f"W = {w:.4f} at n = {n:g}" for n, w in zip(BATHS, works, strict=True)),
        ),
        section="abstract (the interplay); the direction of the effect from memory",
        basis="memory",
    )
    peaks = [float(qubits[n]["peak_ergotropy"]) for n in BATHS]
    sheet.claim(
        "interplay-peak",
        "The bath raises the largest work of the two-level battery as well.",
        sheet.compare(
            "smallest rise of the largest W from one bath to the next warmer one (ω)",
            float(np.min(np.diff(peaks))),
            ">",
            1e-3,
            note=", ".join(f"W = {w:.4f} at n = {n:g}" for n, w in zip(BATHS, peaks, strict=True)),
        ),
        section="a stronger reading than the paper's",
        basis="derived",
    )


def _figure(
    sheet: Worksheet, oscillators: dict[float, xr.Dataset], warm: xr.Dataset, qubits: dict[float, xr.Dataset]
) -> None:
    times = warm["time"].values.tolist()
    curves = {}
    for loss, data in oscillators.items():
        curves[rf"E = W, $\gamma$ = {loss:g}, cold"] = Curve(times, data["stored_energy"].values.tolist())
    curves[rf"E, $\gamma$ = {LOSSES[1]:g}, bath of {WARM:g}"] = Curve(times, warm["stored_energy"].values.tolist())
    curves[rf"W, $\gamma$ = {LOSSES[1]:g}, bath of {WARM:g}"] = Curve(times, warm["ergotropy"].values.tolist())
    work = {
        f"bath of {n:g} quanta": Curve(data["time"].values.tolist(), data["ergotropy"].values.tolist())
        for n, data in qubits.items()
    }
    sheet.curves(
        "filling",
        "Energy and work of the battery against time",
        "Left: two oscillators, F/g = 0.25; a warm bath lifts the energy, and the work stays where it was. Right: work "
        "of two two-level systems; a warm bath lowers its maximum and lifts what stays.",
        "Left: curves that settle at 0.0625, and one of energy at 0.16. Right: ergotropies with a peak that is lower, "
        "and a final value that is higher, the warmer the bath is.",
        Plane(r"Time ($1/\omega$)", r"Two oscillators: energy ($\omega$)", curves),
        Plane(r"Time ($1/\omega$)", r"Two two-level systems: ergotropy ($\omega$)", work),
    )


__all__ = ["KEY", "study"]
