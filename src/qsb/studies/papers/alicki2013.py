"""R. Alicki and M. Fannes, "Entanglement boost for extractable work from ensembles of quantum batteries" (2013).

A battery that is empty to every unitary on it alone may give work if many copies are at hand. Everything here is
spectra: no time evolves, and the work of n copies is exact.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from qsb.merit.passivity import (
    asymptotic_ergotropy,
    is_completely_passive,
    is_passive,
    n_copy_ergotropy,
    virtual_temperatures,
)
from qsb.studies.worksheet import Curve, Plane, Tell, Worksheet

if TYPE_CHECKING:
    from qsb.studies.study import Study

KEY = "alicki2013"

#: name -> (levels, populations); the first is the paper's example as remembered, with its populations normalised
STATES: dict[str, tuple[tuple[float, ...], tuple[float, ...]]] = {
    "paper": ((0.0, 0.579, 1.0), (0.538, 0.237, 0.224)),
    "half": ((0.0, 1.0, 2.0), (0.5, 0.5, 0.0)),
    "steps": ((0.0, 1.0, 2.0), (0.7, 0.2, 0.1)),
}
#: what is missing at n copies is taken as (a + b log n)/n; three n remove both, and the next order may miss this much
SLACK = 0.01
#: energies below this part of the largest level are rounding of sums over all types of n copies
NONE = 1e-12


@dataclass(frozen=True)
class Copies:
    """Work of a copy, exactly, at some n, and its limit."""

    counts: tuple[int, ...]
    work: tuple[float, ...]
    limit: float

    def at(self, n: int) -> float:
        """W_n/n."""
        return self.work[self.counts.index(n)]

    @property
    def extrapolated(self) -> float:
        """The limit by the work at the last three n, each twice the one before: without 1/n and log(n)/n."""
        return 4 * self.work[-1] - 4 * self.work[-2] + self.work[-3]


def study(*, quick: bool = False, tell: Tell = lambda step, what: None) -> Study:
    """Recompute the paper."""
    sheet = Worksheet(
        KEY,
        "Entanglement boost for extractable work from ensembles of quantum batteries",
        "R. Alicki, M. Fannes, Phys. Rev. E 87, 042123 (2013), doi:10.1103/PhysRevE.87.042123, arXiv:1211.1209",
        quick,
        tell,
    )
    sheet.convention(
        "copies",
        "n copies of a state with a diagonal density matrix",
        "H_n = Σ_i h_i, ρ_n = ρ⊗...⊗ρ; W_n = tr(ρ_n H_n) − min_U tr(U ρ_n U† H_n)",
        "`qsb.merit.passivity.n_copy_ergotropy`: all levels and weights of n copies, sorted. Energies are in the unit "
        "of the highest level, or of the step between levels. The levels (0, 0.579, 1) and weights (0.538, 0.237, "
        "0.224) are those of the paper's figure from memory; the other two states are ours.",
        default=True,
    )
    last = 128 if quick else 256
    found = {name: _copies(*state, last) for name, state in STATES.items()}
    _boost(sheet, found)
    _limit(sheet, found)
    _passive(sheet)
    _figures(sheet, found)
    half = found["half"]
    sheet.note(
        f"The work of a copy need not grow with every copy: weights (1/2, 1/2, 0) give {half.at(4):.6f} at n = 4 and "
        f"{half.at(5):.6f} at n = 5."
    )
    sheet.note(
        "The best unitary on n copies permutes the product basis, so it ends in a state without entanglement; that it "
        "need not create any on its way is shown by Hovhannisyan et al. 2013 (arXiv:1303.4686) and not computed here."
    )
    return sheet.study()


def _matrices(
    levels: tuple[float, ...], weights: tuple[float, ...]
) -> tuple[np.ndarray[tuple[int, ...], np.dtype[np.float64]], np.ndarray[tuple[int, ...], np.dtype[np.float64]]]:
    """State and Hamiltonian."""
    p = np.asarray(weights)
    return np.diag(p / p.sum()), np.diag(levels)


def _copies(levels: tuple[float, ...], weights: tuple[float, ...], last: int) -> Copies:
    rho, h = _matrices(levels, weights)
    counts = (*range(1, 9), *(2**k for k in range(4, 10) if 2**k <= last))
    work = tuple(float(n_copy_ergotropy(rho, h, n)) / n for n in counts)
    return Copies(counts, work, float(asymptotic_ergotropy(rho, h)))


def _boost(sheet: Worksheet, found: dict[str, Copies]) -> None:
    mine = found["paper"]
    sheet.claim(
        "boost",
        '"entangling unitary controls extract in general more work than independent ones"',
        sheet.compare("work of one copy (e_max)", mine.at(1), "<=", 0.0, tolerance=NONE),
        sheet.compare("work a copy of 3 copies (e_max)", mine.at(3), ">", 0.0, tolerance=NONE),
        sheet.compare(
            "work a copy of 8 copies (e_max)",
            mine.at(8),
            ">",
            mine.at(3),
            note="two copies give none yet; the parameters are from memory",
        ),
        section="abstract",
        basis="read",
    )


def _limit(sheet: Worksheet, found: dict[str, Copies]) -> None:
    sheet.claim(
        "limit",
        "In the limit of many copies the work of a copy reaches the thermodynamic bound: the energy above the Gibbs "
        "state of the same entropy.",
        *(
            sheet.compare(
                f"work a copy extrapolated to infinite n, {name} (unit of its levels)",
                c.extrapolated,
                "==",
                c.limit,
                tolerance=SLACK,
                note=f"from n = {c.counts[-3]}, {c.counts[-2]} and {c.counts[-1]}",
            )
            for name, c in found.items()
        ),
        *(
            sheet.compare(
                f"largest work a copy at finite n, {name}",
                max(c.work),
                "<=",
                c.limit,
                tolerance=NONE,
            )
            for name, c in found.items()
        ),
        section="abstract",
        basis="read",
    )


def _passive(sheet: Worksheet) -> None:
    """Gibbs states and qubits stay empty; any other passive state does not."""
    levels = np.array([0.0, 0.579, 1.0])
    gibbs = np.diag(np.exp(-levels) / np.exp(-levels).sum())
    rho, h = _matrices(*STATES["paper"])
    qubit, gap = np.diag([0.7, 0.3]), np.diag([0.0, 1.0])
    spread = [float(np.ptp(t[np.isfinite(t)])) for t in (virtual_temperatures(r, h) for r in (gibbs, rho))]
    sheet.claim(
        "complete",
        "States that no number of copies activates are the Gibbs states: their pairs of levels share one virtual "
        "temperature. Every passive qubit is one.",
        sheet.compare("Gibbs state completely passive", bool(is_completely_passive(gibbs, h)), "is", True),
        sheet.compare("spread of its virtual temperatures (e_max)", spread[0], "==", 0.0, tolerance=1e-9),
        sheet.compare("its work from 64 copies", float(n_copy_ergotropy(gibbs, h, 64)), "==", 0.0, tolerance=NONE),
        sheet.compare("the paper's state passive", bool(is_passive(rho, h)), "is", True),
        sheet.compare("and completely passive", bool(is_completely_passive(rho, h)), "is", False),
        sheet.compare("spread of its virtual temperatures (e_max)", spread[1], ">", 1.0),
        sheet.compare("passive qubit completely passive", bool(is_completely_passive(qubit, gap)), "is", True),
        section="Pusz and Woronowicz 1978, used by the paper",
        basis="memory",
    )


def _figures(sheet: Worksheet, found: dict[str, Copies]) -> None:
    titles = {
        "paper": "(0.538, 0.237, 0.224)",
        "half": "(1/2, 1/2, 0)",
        "steps": "(0.7, 0.2, 0.1)",
    }
    share = {titles[k]: Curve(c.counts, [w / c.limit for w in c.work], "points") for k, c in found.items()}
    first, last = found["half"].counts[0], found["half"].counts[-1]
    missing = {titles[k]: Curve(c.counts, [1 - w / c.limit for w in c.work], "points") for k, c in found.items()}
    missing["$1/n$"] = Curve([first, last], [1.0, 1.0 / last], "guide")
    sheet.curves(
        "copies",
        "Work of a copy against the number of copies",
        "Left: share of the asymptotic work, W_n/(n W_∞), of three states that are passive alone, by their weights. "
        "Right: what is still missing. The first state has the levels (0, 0.579, 1), the others (0, 1, 2).",
        "Two plots against the number of copies: a share that rises from 0 to 1, and its complement that falls.",
        Plane("Number of copies $n$", r"Share of the limit, $W_n/(n W_\infty)$ (1)", share, "x"),
        Plane("Number of copies $n$", r"Missing share, $1 - W_n/(n W_\infty)$ (1)", missing, "xy"),
    )
    names = ("paper", "half", "steps")
    chosen = (1, 2, 3, 4, 5, 6, 8, found["half"].counts[-1])
    sheet.table(
        "work",
        "Work of a copy, W_n/n, in the unit of the levels, and its limit W_∞.",
        ("n", *(titles[k] for k in names)),
        (
            *((str(n), *(f"{found[k].at(n):.6f}" for k in names)) for n in chosen),
            ("∞", *(f"{found[k].limit:.6f}" for k in names)),
        ),
    )


__all__ = ["KEY", "study"]
