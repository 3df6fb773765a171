"""Claims on the storage model of eq. (9) (Sections 14B and 18): its gap, and how fast it relaxes."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from qsb.models.ising import gap as ising_gap
from qsb.studies.claim import Claim, Evidence, Rule
from qsb.studies.papers.singh2025.tolerances import TOLERANCE, Measure
from qsb.studies.papers.singh2025.work import EXCHANGE, TEMPERATURES, TRANSVERSE

if TYPE_CHECKING:
    from qsb.studies.papers.singh2025.work import Work


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
        again = relaxation_command(coupling, cold.cells)
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


def relaxation_command(coupling: str, cells: int) -> str:
    """The command that computes the comparison of a bath again."""
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
                        rerun=relaxation_command(coupling, found.cells),
                    )
                )
    return out, "all"


CLAIMS: dict[str, Measure] = {
    "14B-gap": gap,
    "14B-thermal": thermal,
    "18-relaxation": relaxation,
}
