"""The paper's stellar sections: every verdict follows from numbers, and another number gives another verdict."""

import contextlib
import dataclasses
import io
import math
import re
from types import SimpleNamespace

import pytest

from oracle import printed
from qsb.stellar.accretion import AccretionDisk
from qsb.stellar.constants import SOLAR_MASS, YEAR
from qsb.stellar.kerr import KerrHole
from qsb.stellar.observed import tess_flare
from qsb.stellar.status import Status
from qsb.stellar.timeline import Anchor, Timeline
from qsb.studies.bench import Bench
from qsb.studies.claim import Claim, Verdict, judge
from qsb.studies.papers.singh2025 import balance, collector, energies, inputs, prospects, stellar_faults, swarms
from qsb.studies.papers.singh2025.claims import CLAIMS
from qsb.studies.papers.singh2025.panels import _dates, _filling, _flares
from qsb.studies.papers.singh2025.tables import _table_one, coverage
from qsb.studies.papers.singh2025.tolerances import rounding
from qsb.studies.papers.singh2025.work import Work, paper

YES, NO, OPEN = Verdict.REPRODUCED, Verdict.CONTRADICTED, Verdict.INCONCLUSIVE
TEXTS = paper()
MODULES = (energies, collector, balance, prospects, swarms, inputs)


def dated(*probabilities):
    """A timeline with other probabilities at the paper's dates."""
    dates = (100.0, 500.0, 1000.0)
    return lambda: Timeline(tuple(Anchor(t * YEAR, *p) for t, p in zip(dates, probabilities, strict=True)), "test")


STEADY = dated((0.09, 0.09, 0.09), (0.35, 0.37, 0.40), (0.60, 0.61, 1.0))
RISING = dated((0.01, 0.01, 0.01), (0.15, 0.16, 0.17), (0.60, 0.60, 1.0))


def faint(suns):
    """A disc that hardly shines."""
    hole = KerrHole(suns * SOLAR_MASS, 0.0)
    return AccretionDisk.at_eddington(hole, 1e-14, 0.01 * hole.mass)


#: claim -> what the numbers say; what another input says; that input, by module and name
VERDICTS = {
    "1-E1s": (YES, NO, energies.scale, {"one_second_of_sunlight": lambda: SimpleNamespace(energy=5e26)}),
    "3B-lithium": (YES, NO, energies, {"stored": lambda name: 1e9}),
    "3B-fission": (OPEN, YES, energies, {"burned": lambda: 8e13}),
    "3B-antimatter": (YES, NO, energies.scale, {"SPEED_OF_LIGHT_SQUARED": 8e16}),
    "3B-qsb": (NO, YES, energies, {"TARGET": 1e16}),
    "3B-metastable": (NO, OPEN, energies, {"TARGET": 1e12}),
    "9-hazard": (OPEN, YES, energies, {"TARGET": 5e16, "metastable": lambda: 1e15}),
    "3C-power": (OPEN, NO, collector, {"COLD": 200.0}),
    "3C-matched": (YES, NO, collector, {"best_band": lambda: 0.05, "kept": lambda kelvin: 0.99}),
    "4B-goal": (YES, NO, balance, {"storing_gain": lambda cap: 0.9}),
    "15-gap": (YES, NO, balance, {"thermal_ratio": lambda kelvin: 1.5}),
    "15-range": (YES, NO, balance, {"avalanche_share": lambda law, inflow: 0.5}),
    "15-avalanche": (NO, YES, balance, {"_LAWS": {**balance._LAWS, "step": balance._LAWS["latching"]}}),
    "8-type1": (YES, NO, prospects, {"served": lambda: 0.5}),
    "8-accelerate": (YES, NO, prospects, {"index_gain": lambda lit: 0.0}),
    "8-dyson": (YES, NO, prospects, {"collector_ratio": lambda duty: 1.5}),
    "10-hazard": (NO, YES, prospects, {"timeline": STEADY}),
    "10-probabilities": (OPEN, YES, prospects, {"timeline": STEADY}),
    "10-rising": (OPEN, YES, prospects, {"timeline": RISING}),
    "11A-surge": (OPEN, YES, swarms, {"recording": lambda star: tess_flare(), "HALLOWEEN": 2e-3}),
    "11A-buffer": (YES, NO, swarms, {"peak_behind": lambda star: 1.0}),
    "11A-shell": (YES, NO, swarms, {"needed_strength": lambda: 1e6, "shell_survives": lambda: 1.0}),
    "11B-pulsar": (YES, NO, inputs, {"beam": lambda pulsar, channel: 1e-3}),
    "11B-disk": (YES, NO, inputs, {"disk": faint}),
    "11B-spin": (YES, NO, inputs, {"spin_gain": lambda spin: 0.5}),
    "11B-fusion": (YES, NO, inputs, {"burning": lambda name, mass: 1e-3}),
    "11B-couplings": (YES, NO, inputs, {"cell_share": lambda suns: 0.9}),
}


#: where "may" is an aim that no reading reaches, "can" is presumed, or the range of operation is part of the sentence
MAY_NOT = ("3B-qsb", "3B-metastable", "15-range")


@pytest.fixture
def work():
    """Runs for the claims that need any."""
    return Work(Bench(), quick=True, readings=())


def judged(name, work=None):
    """The judgement of a claim, as the study makes it."""
    row = next(row for row in TEXTS["claim"] if row["id"] == name)
    claim = Claim(name, row["section"], row["statement"])
    evidence, rule = CLAIMS[name](work, claim)
    return judge(claim, evidence, rule, default=evidence[0].reading if rule == "default-reading" else None)


def test_all_stellar_claims_are_tested():
    assert {*VERDICTS, "4B-loss"} == {name for module in MODULES for name in module.CLAIMS}
    assert len(CLAIMS) == len(TEXTS["claim"]) == 46


@pytest.mark.parametrize("name", VERDICTS)
def test_a_verdict_follows_from_the_numbers(name, monkeypatch):
    verdict, other, module, changes = VERDICTS[name]
    assert judged(name).verdict is verdict
    for attribute, value in changes.items():
        monkeypatch.setattr(module, attribute, value)
    assert judged(name).verdict is other
    assert verdict is not other


def test_what_the_paper_only_says_may_be_is_judged_as_such():
    """A sentence with "could" or "can" is reproduced by one reading that holds; one not printed says so."""
    for row in TEXTS["claim"]:
        if row["id"] in CLAIMS and re.search(r"\b(could|can|may)\b", row["statement"]) and row["id"] in VERDICTS:
            assert judged(row["id"]).rule == "any" or row["id"] in MAY_NOT
    read = {row["id"] for row in TEXTS["claim"] if row.get("basis", "read") == "read"}
    assert not read & {"3B-metastable", "4B-loss"}


def test_the_loss_rate_is_no_function_of_the_energy(work, monkeypatch):
    found = judged("4B-loss", work)
    assert found.verdict is OPEN
    cell, *chain = found.evidence
    assert cell.holds
    assert [e.holds for e in chain] == [True, False, True, False]  # equal energies, unequal rates
    real = Work.ising

    def equal(self, coupling):
        return tuple(
            dataclasses.replace(each, stored={**each.stored, "edge flip": each.stored["domain wall"]})
            for each in real(self, coupling)
        )

    monkeypatch.setattr(Work, "ising", equal)
    assert judged("4B-loss", work).verdict is YES


@pytest.mark.parametrize("name", [*VERDICTS, "4B-loss"])
def test_inputs_have_a_source_and_a_status(name, work):
    for item in judged(name, work).evidence:
        assert item.source
        assert item.status in set(Status)
        assert item.rerun


def test_a_command_gives_its_number_again():
    checked = 0
    for name in VERDICTS:
        for item in judged(name).evidence:
            code = re.fullmatch(r'python -c "(.*)"', item.rerun)
            if code:
                said = io.StringIO()
                with contextlib.redirect_stdout(said):
                    exec(code[1], {})
                assert float(said.getvalue()) == pytest.approx(float(item.value), rel=1e-5, abs=1e-15), item
                checked += 1
    assert checked > 50


#: printed in the notes on physics or derived there, each at its printed accuracy
ORACLES = {
    "3B-qsb": "1112.650",
    "3C-power": "0.9307024",
    "10-hazard": "0.2262",
    "11A-surge": "9.523e-7",
    "11A-shell": "7.5",
}


@pytest.mark.parametrize("name", ORACLES)
def test_numbers_known_otherwise(name):
    assert any(item.value == printed(ORACLES[name]) for item in judged(name).evidence)


def test_chances_of_a_swarm_and_of_a_shell():
    assert swarms.swarm_survives() == printed("0.9984210545")
    assert swarms.shell_survives() == printed("4.517334598e-5")
    assert swarms.needed_strength() == printed("4.435639e8")


@pytest.mark.parametrize("name", [*VERDICTS, "4B-loss"])
def test_no_comparison_holds_by_construction(name, work):
    """A number that was fitted to a threshold, or is the threshold, meets it always and tests nothing."""
    for item in judged(name, work).evidence:
        if item.relation in ("<=", ">="):
            assert item.value != pytest.approx(item.expected, rel=1e-9, abs=0.0), item


def test_the_hazard_of_the_second_span_is_too_small_for_the_third():
    second = judged("10-probabilities").evidence[1]
    # H = -ln 0.7 at 500 y, and 5/4 of what it rose by since 100 y until 1000 y
    later = -math.log(0.7) + 1.25 * (math.log(0.95) - math.log(0.7))
    assert second.value == pytest.approx(1 - math.exp(-later), rel=1e-12)
    assert not second.holds


def test_printed_digits_leave_half_a_unit_of_the_last_one_open():
    assert rounding("3.8e26") == pytest.approx(0.05 / 3.8)
    assert rounding("9e16") == pytest.approx(0.5 / 9)
    assert rounding("0.930") == pytest.approx(0.0005 / 0.930)
    (second,) = judged("1-E1s").evidence
    assert (second.expected, second.tolerance) == (3.8e26, rounding("3.8e26"))
    (pairs,) = judged("3B-antimatter").evidence
    assert (pairs.expected, pairs.tolerance) == (9e16, rounding("9e16"))


def test_avalanches_need_memory():
    assert balance.largest_fall("step") == 0.0
    assert balance.filling("step").regimes["sliding"] > 5.0
    assert balance.largest_fall("latching") == pytest.approx(1 - balance.RELEASE, abs=0.02)


def test_a_buffer_keeps_the_light():
    for star in ("sun", "dwarf"):
        run = swarms.buffered(star)
        run.ledger.check()
        assert run.ledger.clipped == 0.0


def test_inconsistencies_are_computed(work):
    assert set(stellar_faults.FINDS) <= {row["id"] for row in TEXTS["inconsistency"]}
    for find in stellar_faults.FINDS.values():
        text = find(work)
        assert re.search(r"\d", text)
        assert re.fullmatch(rf".+\. Inputs: .+ \[({'|'.join(Status)})\]\.", text), text


def test_figures_and_tables_say_their_inputs():
    stated = re.compile(rf"Inputs: .+ \[({'|'.join(Status)})\]")
    for panel in (_filling(), _flares(), _dates()):
        assert stated.search(panel.caption), panel.id
    table = _table_one()
    assert table.header[-2:] == ("From", "Status")
    assert all(row[-2] and row[-1] in set(Status) for row in table.rows)


def test_every_section_is_judged_or_says_why_not():
    judgements = [judged(name) for name in VERDICTS]
    sections = {row["id"]: row for row in TEXTS["section"]}
    claimed = {row["section"].split(",")[0] for row in TEXTS["claim"]}
    assert claimed <= set(sections)
    for name, row in sections.items():
        assert ("kind" in row) == (name not in claimed), name
        assert row.get("why") or name in claimed
    assert sections["6"]["kind"] == "nothing"
    table = coverage(TEXTS["section"], judgements)
    found = {row[0].split(":")[0]: row for row in table.rows}
    assert found["6"][1:3] == ("nothing computable", "-")
    assert found["11B"][1] == "5 reproduced"
    assert found["10"][2] == "10-hazard, 10-probabilities, 10-rising"
