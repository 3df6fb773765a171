"""What was found about inconsistencies in Sections 1, 3, 4B, 8, 10, 11A and 15; each sentence is made of numbers."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import TYPE_CHECKING

from qsb.stellar import scale
from qsb.stellar.constants import IAU2015, YEAR
from qsb.stellar.limits import LANDSBERG
from qsb.stellar.status import Status
from qsb.stellar.waste import radiator_area
from qsb.studies.papers.singh2025 import balance, collector, energies, prospects, swarms
from qsb.studies.papers.singh2025.work import TEMPERATURES

if TYPE_CHECKING:
    from qsb.studies.papers.singh2025.work import Work

    Find = Callable[[Work], str]

__all__ = ["FINDS"]

#: a leak in 1/s and a radiator in K, for how much surface the heat of a leaking store needs; chosen here
LEAK, RADIATOR = 1e-6, 1000.0


def _second(w: Work) -> str:
    light = scale.one_second_of_sunlight()
    ion, fused = (light.energy / energies.stored(name) for name in ("Li-ion cell", "hydrogen, all of it"))
    return (
        f"{light.energy:.4g} J fill {ion:.3g} kg of lithium-ion cells or {fused:.3g} kg of hydrogen that fuses, and "
        "weigh "
        f"{light.mass_equivalent:.4g} kg in any store."
    )


def _effective(w: Work) -> str:
    whole, burned = energies.stored("uranium-235"), energies.burned()
    return (
        f"All of a kilogram of uranium-235 gives {whole:.3g} J; a light-water reactor takes {burned:.3g} J out of a "
        f"kilogram of its uranium, {whole / burned:.0f} times less."
    )


def _emission(w: Work) -> str:
    light = collector.sunshine().total
    kept = collector.kept(collector.WARM)
    return (
        f"At {collector.WARM:g} K a black plate at 1 au radiates {(1 - kept) * light:.0f} W/m^2 of the {light:.0f} "
        "W/m^2 that "
        f"it absorbs from its one face and keeps {100 * kept:.1f} %."
    )


def _work(w: Work) -> str:
    share = collector.work_share(collector.WARM)
    return (
        f"With surroundings at {collector.WARM:g} K no device makes more than {100 * share:.2f} % of sunlight into "
        "work "
        "(Landsberg), so W_erg of stored sunlight stays that far below E at best."
    )


def _loss(w: Work) -> str:
    found = w.ising("sx")[TEMPERATURES.index(0.2)]
    edge, wall = found.stored["edge flip"], found.stored["domain wall"]
    return (
        f"N = {found.cells}, in units of the coupling J of eq. (9) and of ħ/J, T = {found.temperature:g}, bath along "
        f"x: a flipped end cell (energy {edge.stored_energy:.5g}) loses {edge.rate:.4g} of its energy per unit of "
        f"time, a domain wall (energy {wall.stored_energy:.5g}) {wall.rate:.4g}."
    )


def _output(w: Work) -> str:
    free, capped = balance.storing_gain(1.0), balance.storing_gain(0.5)
    return (
        f"Light for half a day, leak 1 % a day: storing changes the integrated output to {free:.4f} times that "
        "without where "
        f"no cap binds, and to {capped:.3f} times with a cap at half of the inflow."
    )


def _heat(w: Work) -> str:
    heat = LEAK * scale.one_second_of_sunlight().energy
    return (
        f"A store of one second of sunlight that leaks {LEAK:g} per second sheds {heat:.4g} W, which needs "
        f"{radiator_area(heat, RADIATOR):.4g} m^2 of black radiator at {RADIATOR:g} K."
    )


def _step(w: Work) -> str:
    run = balance.filling("step")
    share = run.regimes["sliding"] / float(run.times[-1] - run.times[0])
    return (
        f"Filled with {balance.BETWEEN:g} times what the held rate drains at E_c, a store slides on E = E_c for "
        f"{100 * share:.0f} % of the time and its energy never falls by more than {balance.largest_fall('step'):.2g} "
        "E_c; "
        f"with memory it falls by {balance.largest_fall('latching'):.2g} E_c."
    )


def _collects(w: Work) -> str:
    steady, pulsed = prospects.collector_ratio(1.0), prospects.collector_ratio(0.01)
    return (
        f"Collected power that a use needs with a store, over that without: {steady:.4g} for steady use, {pulsed:.3g} "
        "for use "
        "in a hundredth of the time."
    )


def _dates(w: Work) -> str:
    return prospects.found().sentence[:1].upper() + prospects.found().sentence[1:]


def _continuity(w: Work) -> str:
    risks = (1e-4, 1e-3)
    values = [prospects.timeline().verdict(risk / YEAR).unconditional for risk in risks]
    text = " and ".join(f"{100 * p:.0f} % at {risk:g} a year" for risk, p in zip(risks, values, strict=True))
    return f"With a competing risk that ends civilisation the 60 % at a millennium become {text}."


def _scale(w: Work) -> str:
    sun = swarms.recording("sun")
    return (
        f"The X17 flare of 2003-10-28 raised sunlight by {1e6 * swarms.HALLOWEEN:.0f} ppm; the X8.2 flare of "
        "2017-09-10 adds "
        f"{sun.surge_ratio:.3g} of it in 1-8 Angstrom; a flare of an M dwarf "
        f"{swarms.recording('dwarf').surge_ratio:.3g} in "
        "the band of TESS."
    )


_FOUND: dict[str, Find] = {
    "second": _second,
    "effective": _effective,
    "own-emission": _emission,
    "work-ceiling": _work,
    "loss-of-energy-alone": _loss,
    "integrated-output": _output,
    "no-heat": _heat,
    "step-clips": _step,
    "store-collects": _collects,
    "dates": _dates,
    "continuity": _continuity,
    "flare-scale": _scale,
}


@cache
def _inputs() -> dict[str, tuple[str, Status]]:
    """Where the inputs of each find come from, and how firm they are."""
    ion, fused, uranium = (energies.source(name) for name in ("Li-ion cell", "hydrogen, all of it", "uranium-235"))
    dates = "probabilities of Section 10"
    flares = "; ".join(swarms.recording(star).source for star in ("sun", "dwarf"))
    return {
        "second": (f"{IAU2015}; {ion}; {fused}", Status.ENGINEERING),
        "effective": (f"{uranium}; {energies.BURNUP_SOURCE}, 50 taken", Status.ENGINEERING),
        "own-emission": (f"{collector.sunshine().name}; Stefan-Boltzmann law", Status.MEASURED),
        "work-ceiling": (f"{LANDSBERG}; temperature of {IAU2015}", Status.ESTABLISHED),
        "loss-of-energy-alone": ("golden-rule rates of eq. (9); N, T and bath chosen here", Status.ESTABLISHED),
        "integrated-output": ("leak and cap chosen here", Status.ENGINEERING),
        "no-heat": (f"{IAU2015}; leak and temperature chosen here", Status.ENGINEERING),
        "step-clips": ("the law is eq. (10); ratios chosen here", Status.SPECULATIVE),
        "store-collects": ("leak of a lithium-ion cell, 2.5 % a month", Status.ENGINEERING),
        "dates": (dates, Status.SPECULATIVE),
        "continuity": (f"{dates}; risks chosen here", Status.SPECULATIVE),
        "flare-scale": (f"{swarms.HALLOWEEN_SOURCE}; {flares}", Status.MEASURED),
    }


def _stated(name: str) -> Find:
    """A find whose sentence ends with its inputs and their status."""

    def find(w: Work) -> str:
        inputs, status = _inputs()[name]
        return f"{_FOUND[name](w)} Inputs: {inputs} [{status}]."

    return find


#: id of an inconsistency -> what was computed for it
FINDS: dict[str, Find] = {name: _stated(name) for name in _FOUND}
