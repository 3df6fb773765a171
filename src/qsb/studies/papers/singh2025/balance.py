"""Claims on the coarse balance of energy (Sections 4B and 15): its loss law, its goal and its avalanches."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from qsb.stellar.constants import YEAR
from qsb.stellar.history import Run, simulate
from qsb.stellar.loss import Avalanche, Latching, Logistic, Loss, Step, retention_gap, thermal_rate
from qsb.stellar.presets import known_loss
from qsb.stellar.status import Status
from qsb.stellar.store import State, Store
from qsb.studies.bench import evaluate, rerun
from qsb.studies.claim import Claim, Evidence, Rule
from qsb.studies.papers.singh2025.storage import relaxation_command
from qsb.studies.papers.singh2025.tolerances import TOLERANCE, Measure
from qsb.studies.papers.singh2025.work import RATE, STRENGTHS, TEMPERATURES, WINDOW, Work, spec
from qsb.units import ELEMENTARY_CHARGE

if TYPE_CHECKING:
    import xarray as xr

__all__ = ["CLAIMS", "avalanche_share", "filling", "gap_for_a_year", "largest_fall", "storing_gain", "thermal_ratio"]

#: avalanche threshold E_c, J; rates below it and of avalanches, 1/s. The balance has no scale: only ratios matter
THRESHOLD, HELD, AVALANCHE = 1.0, 1.0, 10.0
#: constant inflow, in units of what the held rate drains at E_c: between that and what avalanches drain
BETWEEN = 3.0
#: width of a rounded step, and where a latched avalanche stops, in units of E_c
ROUNDED, RELEASE = 0.05, 0.5
#: attempt frequency of thermal activation, 1/s
ATTEMPT = 1e13
_DAY = 86400.0
_CHOICE = "ratios chosen here; the paper gives no values"
_LAWS: dict[str, Avalanche] = {
    "step": Step(THRESHOLD, AVALANCHE),
    "rounded": Logistic(THRESHOLD, AVALANCHE, ROUNDED * THRESHOLD),
    "latching": Latching(THRESHOLD, AVALANCHE, RELEASE),
}


def filling(law: str, inflow: float = BETWEEN, intervals: int = 240) -> Run:
    """An empty store that fills under a constant inflow, for 6 lifetimes of the loss below the threshold."""
    store = Store(Loss(baseline=HELD, avalanche=_LAWS[law]))
    return simulate(store, np.linspace(0.0, 6 / HELD, intervals + 1), inflow * HELD * THRESHOLD)


def largest_fall(law: str) -> float:
    """Largest drop of the stored energy from an earlier maximum, over E_c."""
    energy = filling(law).energy
    return float((np.maximum.accumulate(energy) - energy).max() / THRESHOLD)


def avalanche_share(law: str, inflow: float) -> float:
    """Share of a constant inflow that avalanches take in the second half of the filling."""
    flows = filling(law, inflow, 2).flows
    return float(flows["avalanche"][-1] / flows["inflow"][-1])


def thermal_ratio(kelvin: float) -> float:
    """Thermal loss with a gap of 1.1 eV over that with 1 eV."""
    larger, smaller = (thermal_rate(ATTEMPT, gap * ELEMENTARY_CHARGE, kelvin) for gap in (1.1, 1.0))
    return larger / smaller


def gap_for_a_year(kelvin: float) -> float:
    """Gap in eV that keeps energy for a year."""
    return retention_gap(YEAR, ATTEMPT, kelvin) / ELEMENTARY_CHARGE


def storing_gain(cap: float) -> float:
    """Output integrated over a day with storing, over that without; the output is at most ``cap`` times the inflow.

    The inflow lasts half a day. Without storing it is passed on as far as the cap allows; with storing it is spread
    evenly over the day.
    """
    store = Store(known_loss("one percent a day"))
    edges, inflow = np.array([0.0, 0.5, 1.0]) * _DAY, np.array([1.0, 0.0])
    spread = simulate(store, edges, inflow, min(cap, 0.5))
    direct = simulate(store, edges, np.minimum(inflow, cap), np.array([min(1.0, cap), 0.0]))
    return spread.ledger.delivered / direct.ledger.delivered


def one_cell(w: Work) -> xr.Dataset:
    """One excited cell that emits, left alone."""
    table = spec("A", "closed", ("stored_energy", "energy_above_ground"), strength=STRENGTHS[0], points=101, cells=1)
    table["start"] = {"state": "up"}
    table["channel"] = [{"kind": "emission", "rate": RATE}]
    table["stage"] = [{"kind": "store", "duration": WINDOW}]
    return w.bench.run("store-one-cell", table)


def loss_function(w: Work, c: Claim) -> tuple[list[Evidence], Rule]:
    """Eq. (3) beside the master equation of one cell, and beside two states of the storage chain of equal energy."""
    data = one_cell(w)
    start = float(data["energy_above_ground"][0])
    coarse = simulate(Store(Loss(baseline=RATE)), data["time"].values, 0.0, start=State(work=start))
    apart = float(np.abs(data["energy_above_ground"].values - coarse.energy).max() / start)
    out = [
        c.measure(
            "largest difference of E(t) between eq. (3) and the master equation, over E(0)",
            apart,
            "==",
            0.0,
            reading="independent cells that emit",
            tolerance=TOLERANCE["amplitude"],
            rerun=rerun("store-one-cell"),
            note=f"constant loss rate {RATE:g} ω0",
            source="Section 17B",
            status=Status.ESTABLISHED,
        )
    ]
    for coupling in ("sx", "sy"):
        found = w.ising(coupling)[TEMPERATURES.index(0.2)]
        edge, wall = found.stored["edge flip"], found.stored["domain wall"]
        rows = (
            ("stored energies", edge.stored_energy / wall.stored_energy, "identity"),
            ("loss rates", edge.rate / wall.rate, "rate"),
        )
        out += [
            c.measure(
                f"ratio of the {what} of a flipped end cell and of a domain wall",
                value,
                "==",
                1.0,
                reading=f"storage chain of eq. (9), bath along {coupling}",
                tolerance=TOLERANCE[slack],
                rerun=relaxation_command(coupling, found.cells),
                note=f"N = {found.cells}, T = {found.temperature:g} J; both hold {wall.stored_energy:.4g} J",
                source="golden-rule rates of eq. (9)",
                status=Status.ESTABLISHED,
            )
            for what, value, slack in rows
        ]
    return out, "all"


def goal(w: Work, c: Claim) -> tuple[list[Evidence], Rule]:
    """Whether storing raises the integrated output, with a cap on the output and without one."""
    return [
        c.measure(
            "integrated output with storing / without",
            storing_gain(cap),
            ">",
            1.0,
            reading=reading,
            rerun=evaluate(__name__, f"storing_gain({cap})"),
            note="inflow for half a day, leak 1 % a day",
            source=_CHOICE,
            status=Status.ENGINEERING,
        )
        for reading, cap in (("output capped at half of the inflow", 0.5), ("no cap binds", 1.0))
    ], "default-reading"


def larger_gap(w: Work, c: Claim) -> tuple[list[Evidence], Rule]:
    """Thermal loss as the gap rises by a tenth."""
    return [
        c.measure(
            "thermal loss at 1.1 eV / at 1 eV",
            thermal_ratio(kelvin),
            "<",
            1.0,
            reading=f"{kelvin:g} K",
            tolerance=TOLERANCE["amplitude"],
            rerun=evaluate(__name__, f"thermal_ratio({kelvin})"),
            note=f"a year needs {gap_for_a_year(kelvin):.4g} eV at an attempt frequency of {ATTEMPT:g} /s",
            source="Arrhenius law; the attempt frequency is that of lattice vibrations in order of magnitude",
            status=Status.ENGINEERING,
        )
        for kelvin in (300.0, 3000.0)
    ], "all"


def negligible(w: Work, c: Claim) -> tuple[list[Evidence], Rule]:
    """Share that avalanches take where the store stays below the threshold."""
    inflow = 0.8
    return [
        c.measure(
            "share of the inflow that avalanches take",
            avalanche_share(law, inflow),
            "<=",
            TOLERANCE["negligible"],
            reading=reading,
            rerun=evaluate(__name__, f"avalanche_share({law!r}, {inflow})"),
            note=f"inflow {inflow:g} of what the held rate drains at E_c; at {BETWEEN:g} of it the share is "
            f"{avalanche_share(law, BETWEEN):.3g}",
            source=_CHOICE,
            status=Status.SPECULATIVE,
        )
        for reading, law in (("step, as printed", "step"), (f"step rounded over {100 * ROUNDED:g} % of E_c", "rounded"))
    ], "default-reading"


def avalanche(w: Work, c: Claim) -> tuple[list[Evidence], Rule]:
    """Whether the stored energy ever falls while a store fills at a constant power."""
    readings = (
        ("step, as printed", "step"),
        (f"step rounded over {100 * ROUNDED:g} % of E_c", "rounded"),
        ("with memory: it goes on until half of E_c (not printed)", "latching"),
    )
    return [
        c.measure(
            "largest fall of the stored energy / E_c",
            largest_fall(law),
            ">",
            TOLERANCE["drop"],
            reading=reading,
            rerun=evaluate(__name__, f"largest_fall({law!r})"),
            note=", ".join(f"{name} {span:.3g}" for name, span in filling(law).regimes.items() if span > 0)
            + " lifetimes in each regime",
            source=_CHOICE,
            status=Status.SPECULATIVE,
        )
        for reading, law in readings
    ], "default-reading"


CLAIMS: dict[str, Measure] = {
    "4B-loss": loss_function,
    "4B-goal": goal,
    "15-gap": larger_gap,
    "15-range": negligible,
    "15-avalanche": avalanche,
}
