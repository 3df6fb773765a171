"""Claims on energies and masses (Sections 1, 3B with Table 1, and 9): what a kilogram holds."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from qsb.stellar import scale
from qsb.stellar.matter import known_matter, strongest_in_use, strongest_ordinary
from qsb.stellar.scale import Store, specific_energy_report
from qsb.stellar.status import Status
from qsb.studies.bench import evaluate
from qsb.studies.claim import Claim, Evidence, Rule
from qsb.studies.papers.singh2025.tolerances import TOLERANCE, Measure, rounding

if TYPE_CHECKING:
    from qsb.studies.papers.singh2025.work import Work

__all__ = ["BURNUP_SOURCE", "CLAIMS", "burned", "decades", "metastable", "source", "stored"]

#: the paper's digits: energy of one second of sunlight in J, specific energy of matter with antimatter in J/kg
SECOND, PAIRS = "3.8e26", "9e16"
#: lower end of the paper's target, J/kg
TARGET = 1e20
#: discharge burnup of light-water reactors, J per kg of uranium: 50 GWd a tonne
BURNUP = 50e9 * 86400 / 1e3
BURNUP_SOURCE = "burnup of 45 to 50 GWd/t: European Nuclear Society, encyclopaedia, entry 'Burnup'"


def stored(name: str) -> float:
    """J/kg of the first entry of `known_matter` whose name begins so."""
    return _entry(name).specific_energy


def source(name: str) -> str:
    """Where that value comes from."""
    return _entry(name).source


def _entry(name: str) -> Store:
    return next(store for store in known_matter() if store.name.startswith(name))


def burned() -> float:
    """J per kg of uranium that a light-water reactor takes out as heat."""
    return BURNUP


def metastable() -> float:
    """J/kg of the strongest known excited state that keeps its energy for a year or more."""
    return max(stored("nuclear isomer 178m2Hf"), stored("nuclear isomer 180mTa"))


def decades(value: float, printed: float) -> float:
    """Distance between two numbers in decades."""
    return abs(math.log10(value / printed))


def sunlight(w: Work, c: Claim) -> tuple[list[Evidence], Rule]:
    """Nominal solar luminosity times one second."""
    return [
        c.measure(
            "L_sun x 1 s (J)",
            scale.one_second_of_sunlight().energy,
            "==",
            float(SECOND),
            reading="IAU nominal luminosity",
            tolerance=rounding(SECOND),
            rerun="qsb bounds --json",
            source="IAU 2015 Resolution B3, arXiv:1510.07674",
            status=Status.MEASURED,
        )
    ], "all"


def _power_of_ten(c: Claim, reading: str, ours: float, call: str, printed: float, inputs: Store | str) -> Evidence:
    """A specific energy, which `call` computes again, beside a bare power of ten."""
    return c.measure(
        "decades between ours and the printed value",
        decades(ours, printed),
        "<=",
        TOLERANCE["decade"],
        reading=reading,
        rerun=evaluate(__name__, f"decades({call}, {printed:g})"),
        note=f"ours {ours:.4g} J/kg, printed about {printed:g} J/kg",
        source=inputs.source if isinstance(inputs, Store) else inputs,
        status=inputs.status if isinstance(inputs, Store) else Status.ENGINEERING,
    )


def lithium(w: Work, c: Claim) -> tuple[list[Evidence], Rule]:
    """A whole cell, and its active materials alone."""
    return [
        _power_of_ten(c, reading, stored(name), f"stored({name!r})", 1e6, _entry(name))
        for reading, name in (("whole cell", "Li-ion cell"), ("active materials alone", "Li-ion, active"))
    ], "all"


def fission(w: Work, c: Claim) -> tuple[list[Evidence], Rule]:
    """All of a kilogram of uranium-235, and what a reactor takes out of a kilogram of its fuel."""
    name = "uranium-235"
    return [
        _power_of_ten(c, "all of it fissioned", stored(name), f"stored({name!r})", 1e14, _entry(name)),
        _power_of_ten(c, "as light-water reactors burn it", burned(), "burned()", 1e14, BURNUP_SOURCE),
    ], "all"


def antimatter(w: Work, c: Claim) -> tuple[list[Evidence], Rule]:
    """c^2."""
    return [
        c.measure(
            "c^2 (J/kg)",
            scale.SPEED_OF_LIGHT_SQUARED,
            "==",
            float(PAIRS),
            reading="E = m c^2, per kg of matter and antimatter together",
            tolerance=rounding(PAIRS),
            rerun="qsb bounds --specific-energy 9e16",
            source="c is exact in the SI",
            status=Status.ESTABLISHED,
        )
    ], "all"


def target(w: Work, c: Claim) -> tuple[list[Evidence], Rule]:
    """The target over c^2, which is what a body of pure stored energy has."""
    found = specific_energy_report(TARGET)
    return [
        c.measure(
            f"{TARGET:g} J/kg / c^2",
            found.ratio,
            "<=",
            1.0,
            reading="stored energy has mass",
            rerun=f"qsb bounds --specific-energy {TARGET:g}",
            note="per kg of the empty store it would be allowed: the whole then holds "
            f"{found.weighed:.4g} J per weighed kg, and {100 * found.mass_fraction:.2f} % of the weight is the stored "
            "energy itself",
            source="c is exact in the SI",
            status=Status.ESTABLISHED,
        )
    ], "all"


def excited_states(w: Work, c: Claim) -> tuple[list[Evidence], Rule]:
    """Excited states of known matter over the target: electrons, then nuclei."""
    out = []
    for reading, name in (
        ("electrons: metastable helium", "metastable helium"),
        ("nuclei: the isomer 178m2Hf", "nuclear isomer 178m2Hf"),
    ):
        entry = _entry(name)
        out.append(
            c.measure(
                f"specific energy over {TARGET:g} J/kg",
                entry.specific_energy / TARGET,
                ">=",
                1.0,
                reading=reading,
                rerun=evaluate(__name__, f"stored({name!r}) / {TARGET:g}"),
                note=f"{entry.specific_energy:.4g} J/kg; {entry.how}. The target asks "
                f"{scale.specific_energy_report(TARGET).ratio:.4g} times the rest energy of every atom",
                source=entry.source,
                status=entry.status,
            )
        )
    return out, "all"


def hazard(w: Work, c: Claim) -> tuple[list[Evidence], Rule]:
    """Energy per kilogram beside that of the strongest nuclear fuel, for the target, the ceiling and known matter."""
    fuel = strongest_ordinary()
    best = metastable()
    rows = (
        ("the printed target", TARGET, f"{TARGET:g}", "Table 1 of the paper", Status.SPECULATIVE),
        (
            "the most that c^2 allows",
            scale.SPEED_OF_LIGHT_SQUARED,
            "stored('matter')",
            "c is exact in the SI",
            Status.ESTABLISHED,
        ),
        (
            "the strongest metastable matter known",
            best,
            "metastable()",
            _entry("nuclear isomer 178m2Hf").source,
            Status.MEASURED,
        ),
    )
    out = []
    for reading, value, call, source, status in rows:
        for quantity, per, relation, limit, note in (
            (
                f"specific energy over that of {fuel.name}",
                fuel.name,
                ">",
                fuel.specific_energy,
                f"{value:.4g} J/kg; uranium that fissions has {strongest_in_use().specific_energy:.4g}",
            ),
            ("specific energy over c^2", "matter", "<=", scale.SPEED_OF_LIGHT_SQUARED, ""),
        ):
            if value == limit:  # c^2 beside itself tests nothing
                continue
            out.append(
                c.measure(
                    quantity,
                    value / limit,
                    relation,  # type: ignore[arg-type]
                    1.0,
                    reading=reading,
                    rerun=evaluate(__name__, f"{call} / stored({per!r})"),
                    note=note,
                    source=f"{source}; {fuel.source}",
                    status=status,
                )
            )
    return out, "all"


CLAIMS: dict[str, Measure] = {
    "1-E1s": sunlight,
    "3B-lithium": lithium,
    "3B-fission": fission,
    "3B-antimatter": antimatter,
    "3B-qsb": target,
    "3B-metastable": excited_states,
    "9-hazard": hazard,
}
