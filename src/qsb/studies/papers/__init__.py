"""Papers that are recomputed, claim by claim; each module is one paper and knows no other."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from qsb.studies.study import Study
    from qsb.studies.worksheet import Tell


@dataclass(frozen=True)
class Paper:
    """Where a paper is recomputed, and what that costs.

    Attributes:
        title: title, first author and year.
        seconds: what it takes on two cores; quick runs take about a third.
        slow: whether the whole run takes minutes: `qsb reproduce --all` leaves it out unless asked with ``--slow``.
        steps: name of a step -> share of the time that is spent when it begins, for the time left.
        quick_steps: the same of a quick run.
    """

    title: str
    seconds: float
    slow: bool = False
    steps: Mapping[str, float] = field(default_factory=dict)
    quick_steps: Mapping[str, float] = field(default_factory=dict)


#: key -> paper; `study` finds the module of that name beside this file
PAPERS: dict[str, Paper] = {
    "alicki2013": Paper(
        "Entanglement boost for extractable work from ensembles of quantum batteries (R. Alicki, 2013)", 3.0
    ),
    "andolina2018": Paper("Charger-mediated energy transfer in exactly solvable models (G. M. Andolina, 2018)", 6.0),
    "andolina2019": Paper(
        "Extractable work, the role of correlations, and asymptotic freedom (G. M. Andolina, 2019)", 8.0
    ),
    "binder2015": Paper("Quantacell: powerful charging of quantum batteries (F. C. Binder, 2015)", 2.0),
    "campaioli2017": Paper("Enhancing the charging power of quantum batteries (F. Campaioli, 2017)", 8.0),
    "crescente2020": Paper("Ultrafast charging in a two-photon Dicke quantum battery (A. Crescente, 2020)", 10.0),
    "farina2019": Paper("Charger-mediated energy transfer: an open-system approach (D. Farina, 2019)", 9.0),
    "ferraro2018": Paper("High-Power Collective Charging of a Solid-State Quantum Battery (D. Ferraro, 2018)", 8.0),
    "friis2018": Paper("Precision and Work Fluctuations in Gaussian Battery Charging (N. Friis, 2018)", 4.0),
    "ghosh2020": Paper("Quantum battery with ordered and disordered interactions (S. Ghosh, 2020)", 27.0),
    "gyhm2022": Paper(
        "Quantum Charging Advantage Cannot Be Extensive Without Global Operations (J.-Y. Gyhm, 2022)", 3.0
    ),
    "juliafarre2020": Paper("Bounds on the capacity and power of quantum batteries (S. Julià-Farré, 2020)", 5.0),
    "le2018": Paper("Spin-chain model of a many-body quantum battery (T. P. Le, 2018)", 6.0),
    "peng2021": Paper(
        "Lower and upper bounds of quantum battery power in multiple central spin systems (L. Peng, 2021)", 15.0
    ),
    "puri2024": Paper("Floquet driven long-range interactions in a quantum battery (S. Puri, 2024)", 15.0),
    "quach2020": Paper("Using dark states to charge and stabilise open quantum batteries (J. Q. Quach, 2020)", 14.0),
    "rossini2020": Paper("Quantum Advantage in Sachdev-Ye-Kitaev Batteries (D. Rossini, 2020)", 190.0, slow=True),
    "seah2021": Paper("Quantum Speed-Up in Collisional Battery Charging (S. Seah, 2021)", 35.0),
    "shaghaghi2022": Paper("Micromasers as Quantum Batteries (V. Shaghaghi, 2022)", 60.0),
    "singh2025": Paper(
        "Quantum Stellar Batteries (M. Singh, 2025)",
        75.0,
        steps={"Fig. 1": 0.0, "Fig. 2": 0.05, "Fig. 3": 0.42, "claims": 0.55, "inconsistencies": 0.90, "report": 0.92},
        quick_steps={
            "Fig. 1": 0.0,
            "Fig. 2": 0.10,
            "Fig. 3": 0.25,
            "claims": 0.45,
            "inconsistencies": 0.80,
            "report": 0.85,
        },
    ),
    "yang2023": Paper("Battery Capacity of Energy-Storing Quantum Systems (X. Yang, 2023)", 2.0),
}


def study(key: str, *, quick: bool = False, tell: Tell = lambda step, what: None) -> Study:
    """Recompute the paper of this key.

    Args:
        key: one of `PAPERS`.
        quick: fewer and smaller sizes.
        tell: called with (step, what starts now).

    Raises:
        KeyError: on a key that is not in `PAPERS`.
    """
    if key not in PAPERS:
        raise KeyError(key)
    made: Study = import_module(f"qsb.studies.papers.{key}").study(quick=quick, tell=tell)
    return made


__all__ = ["PAPERS", "Paper", "study"]
