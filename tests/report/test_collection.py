"""All papers in one folder, and the gallery: what fails or is slow is said, and nothing stops the others."""

import importlib
import json
import re
import sys
from dataclasses import replace

import pytest

from qsb.cli import main
from qsb.errors import PlanError, SpecError
from qsb.report import gallery, reproduce_all
from qsb.report.collection import table
from qsb.studies import papers
from qsb.studies.claim import broken
from qsb.studies.papers import Paper
from qsb.studies.worksheet import Curve, Plane, Worksheet


def small(key, *, quick=False, tell=lambda step, what: None):
    """A paper that takes no time; some fail, as a run would or as nobody expected."""
    if key == "broken":
        raise PlanError("the cutoff is too low")
    if key == "surprise":
        raise ZeroDivisionError("nobody\nexpected this")
    if key == "stopped":
        raise KeyboardInterrupt
    sheet = Worksheet(key, "A <small> paper", "Nobody, doi:10.1234/x", quick, tell)
    sheet.convention("only", "a | b", "H = <z>", "none", default=True)
    sheet.claim("yes", "one is one", sheet.compare("one", 1.0, "==", 1.0), section="1", basis="memory")
    sheet.claim("no", "one is two", sheet.compare("one", 1.0, "==", 2.0), section="1", basis="read")
    sheet.claim("open", "nobody knows", section="1", basis="derived")
    curves = {"data": Curve([1, 2, 3], [1, 4, 9], "points"), "guide": Curve([1, 3], [1, 9], "guide")}
    sheet.curves("power", "Power", "caption", "alt", Plane("N", "P (1)", curves, "xy"))
    return sheet.study()


@pytest.fixture
def known(monkeypatch):
    """Four papers, one of them slow and one that fails."""
    found = {"first": Paper("First", 1.0), "broken": Paper("Broken", 1.0), "long": Paper("Long", 900.0, slow=True)}
    found["last"] = Paper("Last", 1.0)
    for name in ("collection", "gallery", "reproduce"):
        module = importlib.import_module(f"qsb.report.{name}")
        monkeypatch.setattr(module, "PAPERS", found)
        if name != "collection":
            monkeypatch.setattr(module, "study", small)
    return found


def test_one_failure_stops_nothing_and_slow_papers_wait(known, tmp_path):
    assert [o.state for o in reproduce_all(tmp_path / "quick", quick=True)] == ["done", "failed", "done", "done"]
    outcomes = reproduce_all(tmp_path / "all")
    assert [(o.key, o.state) for o in outcomes] == [
        ("first", "done"),
        ("broken", "failed"),
        ("long", "left out"),
        ("last", "done"),
    ]
    assert outcomes[0].claims == {"yes": "reproduced", "no": "contradicted", "open": "inconclusive"}
    assert "cutoff is too low" in outcomes[1].why
    text = table(outcomes)
    assert "--slow" in text
    assert [line.split()[0] for line in text.splitlines()] == ["paper", "first", "broken", "long", "last"]
    page = (tmp_path / "all" / "index.html").read_text()
    assert 'href="first/index.html"' in page
    assert "cutoff is too low" in page
    assert (tmp_path / "all" / "first" / "claims.json").is_file()
    kept = json.loads((tmp_path / "all" / "verdicts.json").read_text())
    assert [row["key"] for row in kept] == list(known)
    again = reproduce_all(tmp_path / "all", slow=True)
    assert [o.state for o in again] == ["done", "failed", "done", "done"]


def test_what_nobody_expected_in_one_paper_is_recorded_there(known, tmp_path, monkeypatch, capsys):
    monkeypatch.setitem(known, "surprise", Paper("Surprise", 1.0))
    monkeypatch.setitem(known, "after", Paper("After", 1.0))
    for key in ("first", "broken", "long"):
        del known[key]
    monkeypatch.setattr(sys, "argv", ["qsb", "reproduce", "--all", "--out", str(tmp_path / "all")])
    with pytest.raises(SystemExit) as end:
        main()
    assert end.value.code == 1
    assert "nobody expected this" in capsys.readouterr().out
    kept = {row["key"]: row for row in json.loads((tmp_path / "all" / "verdicts.json").read_text())}
    assert {key: row["state"] for key, row in kept.items()} == {"last": "done", "surprise": "failed", "after": "done"}
    where = r"ZeroDivisionError: nobody expected this \(test_collection.py, line \d+\)"
    assert re.fullmatch(where, kept["surprise"]["why"])


def test_an_interrupt_stops_and_keeps_what_is_finished(known, tmp_path, monkeypatch):
    monkeypatch.setitem(known, "stopped", Paper("Stopped", 1.0))
    monkeypatch.setitem(known, "never", Paper("Never", 1.0))
    with pytest.raises(KeyboardInterrupt):
        reproduce_all(tmp_path / "all")
    kept = json.loads((tmp_path / "all" / "verdicts.json").read_text())
    assert [row["key"] for row in kept] == ["first", "broken", "long", "last"]


def test_a_claim_that_could_not_be_computed_is_an_error_of_that_claim(known, tmp_path, monkeypatch):
    def spoiled(key, **options):
        made = small(key, **options)
        if key != "last":
            return made
        yes, no, _ = made.judgements
        return replace(made, judgements=(yes, broken(no.claim, RuntimeError("out of luck"))))

    monkeypatch.setattr(importlib.import_module("qsb.report.reproduce"), "study", spoiled)
    del known["broken"]
    first, _, last = reproduce_all(tmp_path / "all")
    assert (first.broken, last.broken) == (False, True)
    assert last.claims == {"yes": "reproduced", "no": "error"}
    assert last.state == "done"
    assert last.why == "no: RuntimeError: out of luck"
    assert "out of luck" in table([last])
    assert "out of luck" in (tmp_path / "all" / "index.html").read_text()
    claims = json.loads((tmp_path / "all" / "last" / "claims.json").read_text())
    assert [(c["id"], c["verdict"], c["error"]) for c in claims] == [
        ("yes", "reproduced", ""),
        ("no", "inconclusive", "RuntimeError: out of luck"),
    ]
    page = (tmp_path / "all" / "last" / "index.html").read_text()
    assert "it could not be computed: RuntimeError: out of luck" in page


def test_a_folder_that_holds_something_else_is_left_alone(known, tmp_path):
    (tmp_path / "mine").write_text("x")
    with pytest.raises(SpecError, match="not empty"):
        reproduce_all(tmp_path)
    with pytest.raises(SpecError, match="is a file"):
        reproduce_all(tmp_path / "mine")
    with pytest.raises(SpecError, match="make it first"):
        reproduce_all(tmp_path / "no" / "where")


def test_the_gallery_has_a_page_and_the_figures_of_each_paper(known, tmp_path):
    pages = gallery(tmp_path / "gallery", ["first", "last"])
    assert [p.name for p in pages] == ["index.md", "first.md", "last.md"]
    text = pages[1].read_text()
    for part in (
        "# First",
        "qsb reproduce first --quick",
        "from memory",
        "✗ contradicted",
        "](first-power.png)",
        "a \\| b",
    ):
        assert part in text
    assert (tmp_path / "gallery" / "first-power.png").stat().st_size > 1000
    assert "`long`" in pages[0].read_text()
    del known["broken"]
    assert [p.stem for p in gallery(tmp_path / "quick")] == ["index", "first", "long", "last"]
    assert [p.stem for p in gallery(tmp_path / "whole", quick=False)] == ["index", "first", "last"]
    with pytest.raises(SpecError, match="did you mean 'first'"):
        gallery(tmp_path, ["firts"])


def test_every_registered_paper_is_a_module_with_its_key():
    for key in papers.PAPERS:
        found = importlib.import_module(f"qsb.studies.papers.{key}").KEY
        assert found == key
