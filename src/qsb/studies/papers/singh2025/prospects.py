"""Claims on civilisations and their future (Sections 8 and 10): Kardashev's scale, and when something may happen."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from qsb.stellar.constants import SOLAR_LUMINOSITY, YEAR
from qsb.stellar.hazard import PiecewiseHazard
from qsb.stellar.history import simulate
from qsb.stellar.kardashev import kardashev_rating
from qsb.stellar.loss import Loss
from qsb.stellar.presets import known_loss
from qsb.stellar.status import Status
from qsb.stellar.store import State, Store
from qsb.stellar.timeline import Timeline, TimelineVerdict
from qsb.studies.bench import evaluate
from qsb.studies.claim import Claim, Evidence, Rule
from qsb.studies.papers.singh2025.tolerances import TOLERANCE, Measure

if TYPE_CHECKING:
    from qsb.studies.papers.singh2025.work import Work

__all__ = [
    "CLAIMS",
    "carried_on",
    "collector_ratio",
    "constant_hazard",
    "found",
    "hazards",
    "index_gain",
    "late",
    "returned",
    "served",
    "timeline",
    "years",
]

#: years that stand for "beyond a millennium" where no date is taken from it
LATE = 10_000.0
_DAY = 86400.0
_LEAK = "lithium-ion"
_LEAK_SOURCE = "leak of a lithium-ion cell, 2.5 % a month"


def returned() -> float:
    """Energy that a store without any loss gives back in a day, over the energy that was put in."""
    store = Store(Loss())
    run = simulate(store, np.array([0.0, 0.5, 1.0]) * _DAY, np.array([1.0, 0.0]), np.array([0.0, 1.0]))
    return run.ledger.delivered / run.ledger.inflow


def served() -> float:
    """Share of a steady demand that a leaking store serves with light for half of the time, night first."""
    store = Store(known_loss(_LEAK))
    night = State(work=0.5 * 0.5 * _DAY)
    run = simulate(store, np.array([0.0, 0.5, 1.0]) * _DAY, np.array([0.0, 1.0]), 0.5, start=night)
    return run.ledger.delivered / (0.5 * _DAY)


def index_gain(lit: float) -> float:
    """What a store adds to Sagan's index of a steady load, with one Sun of starlight for the share `lit` of a day.

    The load draws at most the mean of the starlight, which without a store it gets only while there is light.
    """
    mean = lit * SOLAR_LUMINOSITY
    edges, inflow = np.array([0.0, lit, 1.0]) * _DAY, np.array([SOLAR_LUMINOSITY, 0.0])
    store = Store(known_loss(_LEAK))
    if lit == 1.0:
        edges, inflow = edges[[0, 2]], inflow[:1]
    run = simulate(store, edges, inflow, mean)
    alone = float(np.minimum(inflow, mean) @ np.diff(edges))
    return kardashev_rating(run.ledger.delivered / _DAY).index - kardashev_rating(alone / _DAY).index


def collector_ratio(duty: float) -> float:
    """Collected power that a load needs behind a leaking store, over what it needs without one.

    The load draws full power for the share `duty` at the end of each day. Bisection for the smallest steady inflow
    that leaves nothing unserved.
    """
    store = Store(known_loss(_LEAK))
    edges, demand = np.array([0.0, 1.0 - duty, 1.0]) * _DAY, np.array([0.0, 1.0])
    if duty == 1.0:
        edges, demand = edges[[1, 2]], demand[1:]

    def short(inflow: float) -> bool:
        return simulate(store, edges, inflow, demand).ledger.unserved > 1e-12 * _DAY

    low, high = 0.0, 2.0
    while high - low > 1e-9:
        middle = 0.5 * (low + high)
        low, high = (middle, high) if short(middle) else (low, middle)
    return high


def timeline() -> Timeline:
    """The probabilities of the paper."""
    return Timeline.paper()


def found() -> TimelineVerdict:
    """What follows from them."""
    return timeline().verdict()


def constant_hazard(index: int) -> float:
    """Probability at an anchor by the constant hazard through the first one."""
    first, at = timeline().anchors[0], timeline().anchors[index]
    return PiecewiseHazard.through([first.time], [first.best]).probability(at.time)


def hazards(middle: float) -> tuple[float, ...]:
    """Hazards in 1/s that are constant between the dates, with another probability at the second one."""
    first, second, third = timeline().anchors
    times = [first.time, second.time, third.time]
    return PiecewiseHazard.through(times, [first.best, middle, third.best]).rates


def carried_on() -> float:
    """Most probable at the third date if the hazard between the first two, constant there, goes on after them."""
    first, second, third = timeline().anchors
    return PiecewiseHazard.through([first.time, second.time], [first.low, second.high]).probability(third.time)


def late() -> float:
    """Least probability at `LATE` by the Weibull laws through the first two anchors."""
    return float(timeline().band(LATE * YEAR).low[0])


def years(seconds: float) -> float:
    """Julian years."""
    return seconds / YEAR


def carrier(w: Work, c: Claim) -> tuple[list[Evidence], Rule]:
    """A store as a source, and as a buffer of sunlight."""
    return [
        c.measure(
            "energy given back / energy put in",
            returned(),
            ">",
            1.0,
            reading="as a source of energy, without any loss",
            tolerance=TOLERANCE["identity"],
            rerun=evaluate(__name__, "returned()"),
            source="conservation of energy",
            status=Status.ESTABLISHED,
        ),
        c.measure(
            "share of a steady demand that is served through day and night",
            served(),
            ">=",
            1.0,
            reading="as a buffer of sunlight",
            tolerance=TOLERANCE["whole"],
            rerun=evaluate(__name__, "served()"),
            note="sunlight for half a day at twice the demand; the night comes first",
            source=_LEAK_SOURCE,
            status=Status.ENGINEERING,
        ),
    ], "any"


def accelerate(w: Work, c: Claim) -> tuple[list[Evidence], Rule]:
    """What a store adds to Sagan's index, in steady and in interrupted starlight."""
    return [
        c.measure(
            "Sagan's index with a store, less that without",
            index_gain(lit),
            ">",
            0.0,
            reading=reading,
            tolerance=TOLERANCE["noticeable"],
            rerun=evaluate(__name__, f"index_gain({lit})"),
            note="the index rates the power that is used; one type is a step of 1, ten decades of power",
            source=f"nominal solar luminosity; {_LEAK_SOURCE}",
            status=Status.ENGINEERING,
        )
        for reading, lit in (("steady starlight", 1.0), ("starlight for half of the time, steady load", 0.5))
    ], "any"


def reliance(w: Work, c: Claim) -> tuple[list[Evidence], Rule]:
    """Collected power behind a store, for a use that is steady and for one that is pulsed."""
    rows = (
        ("steady use, the throughput that defines the types", 1.0),
        ("pulsed use, a hundredth of the time", 0.01),
    )
    return [
        c.measure(
            "collected power needed with a store / without",
            collector_ratio(duty),
            "<",
            1.0,
            reading=reading,
            tolerance=TOLERANCE["amplitude"],
            rerun=evaluate(__name__, f"collector_ratio({duty})"),
            note="a store collects nothing: its mean output is at most its mean input",
            source=_LEAK_SOURCE,
            status=Status.ENGINEERING,
        )
        for reading, duty in rows
    ], "any"


def one_hazard(w: Work, c: Claim) -> tuple[list[Evidence], Rule]:
    """The later probabilities by a constant hazard through the first, and by a Weibull law through the first two."""
    second, third = timeline().anchors[1:]
    rows = [
        (f"constant hazard, at {years(at.time):.0f} y", constant_hazard(k), at.low, f"constant_hazard({k})", "constant")
        for k, at in ((1, second), (2, third))
    ]
    rows.append(
        (
            f"Weibull laws, the most at {years(third.time):.0f} y",
            found().third[1],
            third.low,
            "found().third[1]",
            "Weibull",
        )
    )
    reading = {"constant": "constant hazard", "Weibull": "hazard of a Weibull law"}
    return [
        c.measure(
            f"probability by {what}",
            value,
            ">=",
            least,
            reading=reading[law],
            rerun=evaluate(__name__, call),
            note=f"all laws give {found().third[0]:.3f} to {found().third[1]:.3f}" if law == "Weibull" else "",
            source="probabilities of Section 10",
            status=Status.SPECULATIVE,
        )
        for what, value, least, call, law in rows
    ], "all"


def probabilities(w: Work, c: Claim) -> tuple[list[Evidence], Rule]:
    """The last probability at a millennium, by two laws through the others, and long after it.

    A law with a free hazard between all three dates would meet any rising probabilities, so it tests nothing.
    """
    third, verdict = timeline().anchors[2], found()
    weibull = f"60 % after {years(verdict.reached[0]):.0f} to {years(verdict.reached[1]):.0f} y by Weibull laws"
    rows = (
        (
            "60 % at a millennium, one Weibull law",
            "most probable at 1000 y",
            verdict.third[1],
            ">=",
            third.low,
            "found().third[1]",
            weibull,
        ),
        (
            "60 % at a millennium, hazard of the second span goes on",
            "most probable at 1000 y",
            carried_on(),
            ">=",
            third.low,
            "carried_on()",
            f"it would have to change to {verdict.change:.3g} times its value; free to change at every date it meets "
            "any rising probabilities, which tests nothing",
        ),
        (
            f"60 % within {LATE / 1000:g} millennia, any Weibull law",
            f"least probability at {LATE:g} y",
            late(),
            ">=",
            third.low,
            "late()",
            weibull,
        ),
    )
    return [
        c.measure(
            quantity,
            value,
            relation,  # type: ignore[arg-type]
            least,
            reading=reading,
            tolerance=TOLERANCE["identity"],
            rerun=evaluate(__name__, call),
            note=note,
            source="probabilities of Section 10",
            status=Status.SPECULATIVE,
        )
        for reading, quantity, value, relation, least, call, note in rows
    ], "all"


def rising(w: Work, c: Claim) -> tuple[list[Evidence], Rule]:
    """Ratios of the hazards between the dates, for the printed span of the second probability."""
    out = []
    first, second, _ = timeline().anchors
    for middle in (second.low, second.best, second.high):
        rates = hazards(middle)
        out += [
            c.measure(
                f"hazard after {years(at.time):.0f} y / before",
                rates[k + 1] / rates[k],
                ">",
                1.0,
                reading=f"{100 * middle:.0f} % in half a millennium",
                rerun=evaluate(__name__, f"hazards({middle})[{k + 1}] / hazards({middle})[{k}]"),
                note=f"from {rates[k] * YEAR:.3g} to {rates[k + 1] * YEAR:.3g} a year",
                source="probabilities of Section 10",
                status=Status.SPECULATIVE,
            )
            for k, at in enumerate((first, second))
        ]
    return out, "all"


CLAIMS: dict[str, Measure] = {
    "8-type1": carrier,
    "8-accelerate": accelerate,
    "8-dyson": reliance,
    "10-hazard": one_hazard,
    "10-probabilities": probabilities,
    "10-rising": rising,
}
