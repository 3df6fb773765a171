"""The seed paper: every claim has its measurement, and the numbers are those of independent calculations."""

import importlib
import re
from types import SimpleNamespace

import numpy as np
import pytest

import qsb
from qsb.runs.dataset import check
from qsb.studies.claim import Verdict, judge
from qsb.studies.papers.singh2025.claims import CLAIMS
from qsb.studies.papers.singh2025.faults import FINDS
from qsb.studies.papers.singh2025.work import paper

TEXTS = paper()


def test_every_claim_is_measured_once():
    ids = [row["id"] for row in TEXTS["claim"]]
    assert len(set(ids)) == len(ids)
    assert set(ids) == set(CLAIMS)
    assert all(row["statement"] and row["section"] for row in TEXTS["claim"])


def test_whatever_fails_in_one_claim_is_recorded_there(monkeypatch):
    module = importlib.import_module("qsb.studies.papers.singh2025")
    first, second, *_ = TEXTS["claim"]

    def spoiled(work, claim):
        raise ZeroDivisionError("nothing to divide by")

    def stopped(work, claim):
        raise KeyboardInterrupt

    monkeypatch.setitem(CLAIMS, first["id"], spoiled)
    monkeypatch.setitem(CLAIMS, second["id"], stopped)
    reading = SimpleNamespace(default=True, key="B", label="", why="")
    work = SimpleNamespace(quick=True, default="B", readings=(reading,))
    made = module._judge(work, first)
    assert re.fullmatch(r"ZeroDivisionError: nothing to divide by \(test_singh2025.py, line \d+\)", made.error)
    assert made.verdict is Verdict.INCONCLUSIVE
    assert made.error in made.conclusion
    assert made.claim.spec == "qsb reproduce singh2025 --quick"
    assert module._summary(work, [made], [])[0].endswith(f"counts as inconclusive: {first['id']}.")
    with pytest.raises(KeyboardInterrupt):
        module._judge(work, second)


def test_every_inconsistency_is_looked_into():
    ids = [row["id"] for row in TEXTS["inconsistency"]]
    assert len(set(ids)) == len(ids)
    assert set(FINDS) <= set(ids)


def test_one_reading_is_the_default():
    assert [row["key"] for row in TEXTS["reading"] if row.get("default")] == ["B"]


@pytest.fixture(scope="module")
def study():
    """The quick study, made once."""
    return importlib.import_module("qsb.studies.papers.singh2025").study(quick=True)


#: computed independently with a dense Liouvillian: reading, strength -> peak energy closed and with noise
NOISE = {("A", "0.5"): (2.0, 1.854), ("B", "0.5"): (1.1924, 1.3520), ("B", "1"): (2.350, 2.0157)}


@pytest.mark.slow
@pytest.mark.parametrize(("reading", "strength"), NOISE)
def test_peak_energies_of_four_cells(study, reading, strength):
    closed, noisy = (study.datasets[f"N4-{reading}-lambda{strength}-{k}"] for k in ("closed", "both"))
    expected = NOISE[reading, strength]
    assert float(closed["peak_stored_energy"]) == pytest.approx(expected[0], abs=6e-5)
    assert float(noisy["peak_stored_energy"]) == pytest.approx(expected[1], abs=6e-5)
    if (reading, strength) == ("B", "0.5"):
        assert float(noisy["peak_ergotropy"]) == pytest.approx(0.7855, abs=6e-5)


@pytest.mark.slow
def test_all_up_is_the_mirror_image_of_all_down(study):
    up, down = (study.datasets[f"N4-{k}-lambda0.5-closed"]["stored_energy"] for k in ("F", "B"))
    np.testing.assert_allclose(up, -down, rtol=0, atol=1e-9)


@pytest.mark.slow
def test_verdicts_whose_answer_is_a_closed_form(study):
    found = {j.claim.id: j.verdict for j in study.judgements}
    expected = {
        "1-E1s": Verdict.REPRODUCED,
        "3B-antimatter": Verdict.REPRODUCED,
        "3B-qsb": Verdict.CONTRADICTED,
        "15-avalanche": Verdict.CONTRADICTED,
        "10-hazard": Verdict.CONTRADICTED,
        "14B-gap": Verdict.REPRODUCED,
        "16-independent": Verdict.REPRODUCED,
        "16-entangled": Verdict.REPRODUCED,
        "17A-advantage": Verdict.CONTRADICTED,
        "17B-reduce": Verdict.CONTRADICTED,
    }
    assert {k: found[k] for k in expected} == expected


@pytest.mark.slow
def test_verdicts_follow_from_their_evidence(study):
    assert len(study.judgements) == len(TEXTS["claim"])
    for j in study.judgements:
        assert j.evidence
        again = judge(j.claim, j.evidence, j.rule, default=j.default)
        assert (again.verdict, again.conclusion) == (j.verdict, j.conclusion)
        assert all(e.rerun for e in j.evidence)


@pytest.mark.slow
def test_the_report_says_what_holds_nothing_computable(study):
    assert "6 (cosmology)" in study.summary[-1]
    assert f"{len(study.judgements)} claims" in study.summary[0]
    assert {"table1", "sections"} <= {table.id for table in study.tables}
    assert {"avalanche", "flares", "timeline"} <= {panel.id for panel in study.panels}
    assert len(study.inconsistencies) == len(TEXTS["inconsistency"])


@pytest.mark.slow
def test_datasets_and_specs_are_whole(study):
    for data in study.datasets.values():
        check(data)
    for text in study.specs.values():
        assert qsb.load_spec(text).to_toml() == text
    named = {m for j in study.judgements for e in j.evidence for m in re.findall(r"specs/(\S+)\.toml", e.rerun)}
    assert named
    assert named <= set(study.specs)


@pytest.mark.slow
def test_a_spec_gives_its_numbers_again(study):
    name = "N4-B-lambda0.5-both"
    again = qsb.run(study.specs[name])
    for variable in ("stored_energy", "ergotropy", "peak_power"):
        np.testing.assert_array_equal(again[variable], study.datasets[name][variable])


@pytest.mark.slow
def test_panels_name_what_is_there(study):
    for panel in study.panels:
        assert sum(map(bool, (panel.fits, panel.rows, panel.planes))) == 1
        assert all(name in study.datasets for runs in panel.rows.values() for name in runs.values())
