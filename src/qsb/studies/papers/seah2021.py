"""S. Seah et al., "Quantum Speed-Up in Collisional Battery Charging" (2021), recomputed.

A ladder of equal steps that a stream of qubits charges. Incoherent qubits make a classical random walk, coherent ones a
ballistic spread that beats every incoherent stream in energy per interaction time. In energy per qubit they do not: one
full swap with an excited qubit hands over all that it has.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import brentq

from qsb.studies.bench import rerun
from qsb.studies.worksheet import Curve, Plane, Tell, Worksheet

if TYPE_CHECKING:
    import xarray as xr

    from qsb.studies.study import Study

KEY = "seah2021"

#: population of a qubit's lower level and swap angle of the runs that are not swept
GROUND, ANGLE = 0.25, np.pi / 4
#: collisions of the spread from the middle of the ladder, whose ends are further away than that
SPREAD = 24
#: half way between the exponent 1/2 of a walk and 1 of ballistic motion
BALLISTIC = 0.75
#: the walk's moments are closed forms, so only rounding may separate them
EXACT = 1e-9


def study(*, quick: bool = False, tell: Tell = lambda step, what: None) -> Study:
    """Recompute the paper."""
    sheet = Worksheet(
        KEY,
        "Quantum Speed-Up in Collisional Battery Charging",
        "S. Seah, M. Perarnau-Llobet, G. Haack, N. Brunner, S. Nimmrichter, Phys. Rev. Lett. 127, 100601 (2021), "
        "doi:10.1103/PhysRevLett.127.100601, arXiv:2105.01863",
        quick,
        tell,
    )
    sheet.convention(
        "time",
        "energy per interaction time",
        "H_B = ω0 Σ n|n><n|; each collision exp[-iθ(A σ+ + A† σ-)], θ = g τ, A = Σ|n-1><n|; qubits with the lower "
        "level at q and the coherence c √(q(1-q)); frame of resonant qubits; unit of power ω0 g",
        "The model of the paper. The coupling of `collision` is θ with collisions of unit duration; the power is "
        "E_k/(k θ), so that the time between two collisions counts as nothing.",
        default=True,
    )
    sheet.convention(
        "qubit",
        "energy per qubit",
        "as above, E_k/k in units of ω0",
        "A qubit is the resource that the charger spends. A qubit in |e> carries ω0, a coherent one (1-q) ω0.",
    )
    _walks(sheet)
    _power(sheet)
    _work(sheet)
    return sheet.study()


def _spec(collisions: int, points: int, figures: list[str], **model: Any) -> dict[str, Any]:
    """A train of collisions; the number of points divides it."""
    return {
        "title": f"{collisions} collisions with a ladder",
        "model": {"name": "collision", **model},
        "stage": [{"duration": float(collisions), "collisions": collisions, "battery": False}],
        "save": {"points": points, "figures": figures, "peaks": False},
    }


def _walks(sheet: Worksheet) -> None:
    """Spread from the middle of the ladder, without and with coherence."""
    runs = {}
    for name, c in (("walk-incoherent", 0.0), ("walk-coherent", 1.0)):
        model = {"levels": 2 * SPREAD + 13, "filled": SPREAD + 6, "coupling": ANGLE, "ground": GROUND, "coherence": c}
        runs[name] = sheet.run(name, _spec(SPREAD, SPREAD // 2 + 1, ["stored_energy", "energy_std"], **model))
    plain, fast = runs["walk-incoherent"], runs["walk-coherent"]
    step = float(np.sin(ANGLE) ** 2)
    k = plain["time"].values
    drift, spread = (1 - 2 * GROUND) * step, step - (1 - 2 * GROUND) ** 2 * step**2
    sheet.claim(
        "random-walk",
        "With qubits in a mixture of energy eigenstates the gain is a classical random walk, average energy and "
        "variance growing linearly with time.",
        sheet.compare(
            "largest distance of <n> from k (1-2q) sin²θ",
            float(np.abs(plain["stored_energy"] - k * drift).max()),
            "<=",
            0.0,
            tolerance=EXACT,
            rerun=rerun("walk-incoherent"),
        ),
        sheet.compare(
            "largest distance of the variance from k [sin²θ - (1-2q)² sin⁴θ]",
            float(np.abs(plain["energy_std"] ** 2 - k * spread).max()),
            "<=",
            0.0,
            tolerance=EXACT,
            rerun=rerun("walk-incoherent"),
        ),
        section="abstract",
        basis="read",
    )
    late = {name: _late(data) for name, data in runs.items()}
    sheet.claim(
        "spread",
        "Coherent qubits lead to a faster spreading of the energy distribution, reminiscent of a quantum random walk.",
        sheet.compare(
            f"growth exponent of the spread from k = {SPREAD // 2} to {SPREAD}, coherent",
            late["walk-coherent"],
            ">",
            BALLISTIC,
            rerun=rerun("walk-coherent"),
            note=f"incoherent: {late['walk-incoherent']:.3f}; 1 is ballistic, 1/2 a random walk",
        ),
        section="abstract",
        basis="read",
    )
    sheet.curves(
        "spread",
        "Mean and spread of the ladder's energy",
        f"From the middle of the ladder, q = {GROUND:g}, θ = π/4. Points: computed; grey: the classical random walk.",
        "Two plots against the number of collisions. The incoherent mean and spread lie on the walk, the coherent "
        "spread grows in proportion to the number of collisions.",
        Plane(
            "Collisions $k$",
            r"Mean gain ($\omega_0$)",
            {
                "incoherent": Curve(k.tolist(), plain["stored_energy"].values.tolist(), "points"),
                "coherent": Curve(k.tolist(), fast["stored_energy"].values.tolist()),
                "walk": Curve(k.tolist(), (k * drift).tolist(), "guide"),
            },
        ),
        Plane(
            "Collisions $k$",
            r"Standard deviation ($\omega_0$)",
            {
                "incoherent": Curve(k.tolist(), plain["energy_std"].values.tolist(), "points"),
                "coherent": Curve(k.tolist(), fast["energy_std"].values.tolist()),
                "walk": Curve(k.tolist(), np.sqrt(k * spread).tolist(), "guide"),
            },
        ),
    )


def _late(data: xr.Dataset) -> float:
    """Growth exponent of the standard deviation over the last doubling."""
    spread = data["energy_std"].values
    return float(np.log2(spread[-1] / spread[len(spread) // 2]))


def best_incoherent() -> tuple[float, float]:
    r"""Angle and value of the largest :math:`\sin^2\theta/\theta`, which no incoherent stream exceeds.

    One collision adds :math:`\sin^2\theta\,[(1-q) - q(1-p_0)] \le \sin^2\theta` to a ladder without coherence, and
    qubits in their upper level (q = 0) reach it at every step.
    """
    angle = float(brentq(lambda x: 2 * x * np.cos(x) - np.sin(x), 1.0, 1.5, xtol=1e-14))
    return angle, float(np.sin(angle) ** 2 / angle)


def _power(sheet: Worksheet) -> None:
    """Average power of streams from the ground state, over q and the swap angle."""
    count = 40 if sheet.quick else 80
    angle, bound = best_incoherent()
    angles = [0.2, 0.3, 0.5] if sheet.quick else [0.1, 0.2, 0.3, 0.5, 0.8, angle]
    grounds = [0.4] if sheet.quick else [0.1, 0.3, 0.4, 0.5]
    model = {"levels": count + 1, "coupling": 0.3, "ground": 0.25}
    table = _spec(count, 9, ["stored_energy"], **model, coherence=1.0)
    fast = sheet.run("power-coherent", {**table, "sweep": {"model.coupling": angles, "model.ground": grounds}})
    table = _spec(8, 9, ["stored_energy"], **{**model, "levels": 9}, coherence=0.0)
    plain = sheet.run(
        "power-incoherent",
        {**table, "sweep": {"model.coupling": [0.5, angle, np.pi / 2], "model.ground": [0.0, *grounds]}},
    )
    powers = {name: _rates(data, True) for name, data in (("coherent", fast), ("incoherent", plain))}
    each = {name: _rates(data, False) for name, data in (("coherent", fast), ("incoherent", plain))}
    limit = 8 / (3 * np.pi)
    sheet.claim(
        "speed-up",
        "Coherent protocols can yield higher charging power than any possible incoherent strategy.",
        sheet.compare(
            f"largest average power in {count} coherent collisions (ω0 g)",
            float(powers["coherent"].max()),
            ">",
            bound,
            reading="time",
            rerun=rerun("power-coherent"),
            note=f"q = 1/2 and weak collisions tend to 8/(3π) = {limit:.4f} for a long train",
        ),
        sheet.compare(
            "largest average power in the incoherent runs (ω0 g)",
            float(powers["incoherent"].max()),
            "<=",
            bound,
            tolerance=EXACT,
            reading="time",
            rerun=rerun("power-incoherent"),
            note=f"max sin²θ/θ at θ = {angle:.4f} bounds every incoherent stream",
        ),
        sheet.compare(
            "largest coherent energy per qubit against the incoherent one (ω0)",
            float(each["coherent"].max()),
            ">",
            float(each["incoherent"].max()),
            reading="qubit",
            rerun=rerun("power-coherent"),
            note="a full swap with an excited qubit transfers one quantum",
        ),
        section="abstract",
        basis="read",
        rule="default-reading",
        default="time",
    )
    x = np.linspace(0.02, np.pi / 2, 60)
    best = powers["coherent"].max(axis=1)
    sheet.curves(
        "power",
        "Largest average power against the swap angle",
        f"From the ground state of the ladder, at most {count} collisions, best q of the swept ones. Grey: the bound "
        "on incoherent streams, sin²θ/θ.",
        "Average power against the swap angle: coherent points lie above the incoherent curve at small angles.",
        Plane(
            r"Swap angle $\theta = g\tau$",
            r"Largest average power ($\omega_0 g$)",
            {
                "coherent": Curve(angles, best.tolist(), "points"),
                "incoherent": Curve(x.tolist(), (np.sin(x) ** 2 / x).tolist()),
                "best incoherent": Curve(x.tolist(), [bound] * x.size, "guide"),
            },
        ),
    )


def _rates(data: xr.Dataset, per_time: bool) -> NDArray[np.float64]:
    """Largest E_k/(k theta), or E_k/k, over the saved k; shape (angles, grounds)."""
    stored = data["stored_energy"].transpose("coupling", "ground", "time").values[..., 1:]
    rate = stored / data["time"].values[1:]
    if per_time:
        rate = rate / data["coupling"].values[:, None, None]
    return np.asarray(rate.max(axis=-1))


def _work(sheet: Worksheet) -> None:
    """Ergotropy after twenty collisions."""
    model = {"levels": 41, "coupling": ANGLE, "ground": GROUND, "coherence": 0.0}
    table = _spec(20, 11, ["stored_energy", "ergotropy"], **model)
    data = sheet.run("twenty", {**table, "sweep": {"model.coherence": [0.0, 0.5, 1.0]}})
    share = data["ergotropy"].isel(time=-1).values / data["stored_energy"].isel(time=-1).values
    sheet.claim(
        "efficient",
        "Coherence gives faster and more efficient charging of a battery that starts in its ground state.",
        sheet.compare(
            "stored energy after 20 collisions, coherent against incoherent (ω0)",
            float(data["stored_energy"][-1, -1]),
            ">",
            float(data["stored_energy"][0, -1]),
            rerun=rerun("twenty"),
        ),
        sheet.compare(
            "ergotropy as a share of it, coherent against incoherent",
            float(share[-1]),
            ">",
            float(share[0]),
            rerun=rerun("twenty"),
        ),
        section="abstract",
        basis="read",
    )


__all__ = ["KEY", "best_incoherent", "study"]
