"""The report: all its files, one self-contained page, verdicts as data, and a former report that survives a crash."""

import hashlib
import json
import re
from html.parser import HTMLParser

import pytest

import qsb
from qsb.report import progress, reproduce, write
from qsb.report import write as writing
from qsb.studies.claim import Claim, judge
from qsb.studies.papers import PAPERS
from qsb.studies.scaling import fit_scaling
from qsb.studies.study import Inconsistency, Panel, Reading, Study, Table

SPEC = {
    "model": {"name": "ensemble", "cells": 2, "field": 0.5},
    "stage": [{"duration": 3.0}],
    "save": {"points": 11, "figures": ["stored_energy", "power", "ergotropy"]},
}


@pytest.fixture(scope="module")
def study():
    """A study with one run, one fit, and a claim of every verdict; its words hold characters that HTML would eat."""
    claims = []
    for k, (low, high) in enumerate([(1.0, 1.0), (1.0, 2.0), (float("nan"), 1.0)]):
        claim = Claim(id=f"c{k}", section="1", statement="E < W & <b>bold</b> | bar", spec="qsb run specs/a.toml")
        inputs = {"source": "A & B", "status": "measured"} if k == 0 else {}
        claims.append(judge(claim, [claim.measure("E", low, "==", high, reading="A", note="<i>", **inputs)]))
    fit = fit_scaling([2, 3, 4, 5], [1.0, 1.5, 2.0, 2.5], resource="coupling", figure="peak_power")
    return Study(
        key="small",
        title="A <small> study",
        reference="Nobody, doi:10.1234/x",
        summary=("Three claims.",),
        readings=(Reading("A", "field", "V = <x>", "none", default=True),),
        panels=(
            Panel("fig1", "One", "caption", "alt", rows={"A": {"": "a"}}, columns=(("stored_energy",), ("power",))),
            Panel("fig2", "Two", "caption", "alt", fits={"A": fit}),
        ),
        tables=(Table("t", "A table", ("x", "y"), (("1", "<2>"),)),),
        judgements=tuple(claims),
        inconsistencies=(Inconsistency("i", "2", "says", "found"),),
        datasets={"a": qsb.run(SPEC)},
        specs={"a": qsb.load_spec(SPEC).to_toml()},
    )


@pytest.fixture(scope="module")
def folder(study, tmp_path_factory):
    """The report of the study."""
    return write(study, tmp_path_factory.mktemp("reports") / "report", seconds=1.0)


def test_every_file_is_there(folder):
    found = {p.relative_to(folder).as_posix() for p in folder.rglob("*") if p.is_file()}
    assert found == {
        "index.html",
        "report.md",
        "claims.json",
        "manifest.json",
        "figures/fig1.png",
        "figures/fig1.pdf",
        "figures/fig2.png",
        "figures/fig2.pdf",
        "data/a.nc",
        "specs/a.toml",
    }
    assert [p.name for p in folder.parent.iterdir()] == ["report"]


def test_inputs_show_where_they_are_stated(folder):
    page = (folder / "index.html").read_text()
    assert page.count("Inputs") == 1
    assert "A &amp; B [measured]" in page
    assert "A & B [measured]" in (folder / "report.md").read_text()
    first, second, _ = json.loads((folder / "claims.json").read_text())
    assert first["evidence"][0]["status"] == "measured"
    assert second["evidence"][0]["source"] == ""


def test_claims_are_a_list_of_objects(folder):
    claims = json.loads((folder / "claims.json").read_text())
    assert [c["verdict"] for c in claims] == ["reproduced", "contradicted", "inconclusive"]
    for claim in claims:
        assert {"id", "section", "statement", "verdict", "evidence", "spec"} <= set(claim)
        assert claim["evidence"][0]["reading"] == "A"


class Page(HTMLParser):
    """Collects tags, addresses and text."""

    def __init__(self):
        super().__init__()
        self.open, self.tags, self.outside, self.text = [], [], [], []

    def handle_starttag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))
        if tag not in ("meta", "img", "br", "link"):
            self.open.append(tag)
        self.outside += [v for k, v in attrs if k in ("src", "href") and str(v).startswith("http") and tag != "a"]

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        self.text.append(data)


def test_the_page_is_whole_and_needs_nothing_else(folder):
    page = Page()
    page.feed((folder / "index.html").read_text())
    text = " ".join(page.text)
    assert not page.open
    assert not page.outside
    assert ("b", {}) in page.tags
    assert "<b>bold</b>" in text  # escaped, so it is text
    assert "A <small> study" in text
    for word in ("reproduced", "contradicted", "inconclusive", "(default)", "found", "qsb run specs/a.toml"):
        assert word in text
    names = [a.get("name") for t, a in page.tags if t == "meta"]
    assert "viewport" in names
    images = [a for t, a in page.tags if t == "img"]
    assert len(images) == 2
    assert all(a["src"].startswith("data:image/png;base64,") and a["alt"] for a in images)
    assert all(a["href"].startswith(("#", "https://doi.org/")) for t, a in page.tags if t == "a")
    targets = {a["id"] for _, a in page.tags if "id" in a}
    assert all(a["href"][1:] in targets for t, a in page.tags if t == "a" and a["href"].startswith("#"))


def test_links_of_the_markdown_lead_somewhere(folder):
    text = (folder / "report.md").read_text()
    for address in re.findall(r"\]\(([^)h][^)]*)\)", text):
        assert (folder / address).is_file()
    rows = [line for line in text.splitlines() if line.startswith("| c0")]
    assert len(re.split(r"(?<!\\)\|", rows[0])) == 8  # the bar in the statement ends no cell


def test_the_manifest_has_every_checksum(folder):
    manifest = json.loads((folder / "manifest.json").read_text())
    files = {p.relative_to(folder).as_posix() for p in folder.rglob("*") if p.is_file()} - {"manifest.json"}
    assert set(manifest["files"]) == files
    for name, row in manifest["files"].items():
        assert hashlib.sha256((folder / name).read_bytes()).hexdigest() == row["sha256"]
    assert manifest["versions"]["qsb"] == qsb.__version__


def test_a_former_report_survives_a_crash(study, tmp_path, monkeypatch):
    target = write(study, tmp_path / "report")
    before = (target / "index.html").read_bytes()
    import importlib

    module = importlib.import_module("qsb.report.write")
    monkeypatch.setattr(module, "page", lambda *a: (_ for _ in ()).throw(KeyboardInterrupt))
    with pytest.raises(KeyboardInterrupt):
        write(study, target)
    assert (target / "index.html").read_bytes() == before
    assert [p.name for p in tmp_path.iterdir()] == ["report"]
    monkeypatch.undo()
    write(study, target, quick=True)
    assert json.loads((target / "manifest.json").read_text())["quick"]


def test_other_people_s_folders_are_left_alone(study, tmp_path):
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "thesis.tex").write_text("x")
    for out, words in (("mine", "not empty"), ("mine/thesis.tex", "file"), ("no/where", "does not exist")):
        with pytest.raises(qsb.SpecError, match=words):
            writing(study, tmp_path / out)
    assert (tmp_path / "mine" / "thesis.tex").read_text() == "x"


def test_an_unknown_paper_names_the_nearest(tmp_path):
    with pytest.raises(qsb.SpecError, match="singh2025"):
        reproduce("singh2052", tmp_path / "report")


def test_progress_tells_each_step_and_falls_towards_zero(capsys):
    paper = PAPERS["singh2025"]
    with progress.Progress(paper) as shown:
        fractions = []
        for step in paper.steps:
            shown.tell(step, "run")
            shown.tell(step, "another run")
            fractions.append(shown.fraction())
    lines = capsys.readouterr().err.splitlines()
    assert [line.split(":")[0] for line in lines] == list(paper.steps)
    assert all(re.fullmatch(r".*: about \d+ s left", line) for line in lines)
    assert fractions == sorted(fractions)
    assert 0 <= fractions[0] < fractions[-1] < 1
