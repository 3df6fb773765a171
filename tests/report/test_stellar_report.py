"""Reports of stellar runs: whole, with unit, source and status at every number, and stamped where they must be."""

import html
import json
import re
import sys
from html.parser import HTMLParser
from importlib.resources import files
from pathlib import Path

import pytest

import qsb
from qsb import cli
from qsb.report.stellar import report_run
from qsb.stellar.status import Status

EXAMPLES = Path(__file__).parents[2] / "examples"
STATUSES = ("measured", "established theory", "engineering estimate", "speculative")
SPEC = """
kind = "stellar"
title = "a test"
report = "mine"
[source]
kind = "star"
[collector]
area = "1 km2"
distance = "1 au"
absorber = { kind = "fraction", absorptance = 0.7, ergotropy = 0.4 }
[store]
capacity = "1 TJ"
mass = "1e7 kg"
[time]
duration = "1 d"
steps = 20
"""


class Tables(HTMLParser):
    """Heads and cells of the tables of a page."""

    def __init__(self, text):
        super().__init__()
        self.tables, self.cell, self.rows, self.spans = [], None, 1, {}
        self.feed(text)

    def taken(self):
        """Repeat the cells that reach down from rows above."""
        row = self.tables[-1][-1]
        while self.spans.get(len(row), (0, ""))[0]:
            left, text = self.spans[len(row)]
            self.spans[len(row)] = left - 1, text
            row.append(text)

    def handle_starttag(self, tag, attrs):
        if tag == "table":
            self.tables.append([])
            self.spans = {}
        elif tag == "tr":
            self.tables[-1].append([])
            self.taken()
        elif tag in ("td", "th"):
            self.cell, self.rows = "", int(dict(attrs).get("rowspan", 1))

    def handle_endtag(self, tag):
        if tag in ("td", "th"):
            row = self.tables[-1][-1]
            self.spans[len(row)] = self.rows - 1, self.cell.strip()
            row.append(self.cell.strip())
            self.cell = None
            self.taken()

    def handle_data(self, data):
        if self.cell is not None:
            self.cell += data


@pytest.mark.parametrize("name", ["solar-buffer", "m-dwarf-flare", "pulsar", "kerr", "timeline"])
def test_every_number_has_unit_source_and_status(name, tmp_path):
    folder = report_run(qsb.run(EXAMPLES / f"{name}.toml"), tmp_path / "r")
    page = (folder / "index.html").read_text(encoding="utf-8")
    tables = [t for t in Tables(page).tables if "Status" in t[0]]
    assert len(tables) >= (3 if name == "timeline" else 8)
    for head, *rows in tables:
        for row in rows:
            said = dict(zip(head, row, strict=True))
            assert said["Status"] in ("measured", "established theory", "engineering estimate", "speculative")
            assert said.get("From") or said.get("Reference")
            assert said.get("Unit", "-")
    manifest = json.loads((folder / "manifest.json").read_text(encoding="utf-8"))
    assert set(manifest["files"]) == {
        p.relative_to(folder).as_posix() for p in folder.rglob("*") if p.is_file() and p.name != "manifest.json"
    }
    assert qsb.load_spec(folder / "specs" / "run.toml").title in page
    pictures = {p.name for p in (folder / "figures").glob("*.png")}
    assert ("flares.png" in pictures) == ("quantiles.png" in pictures) == (name == "m-dwarf-flare")
    assert ("spectrum.png" in pictures) == (name in ("m-dwarf-flare", "solar-buffer"))
    assert page.count("data:image/png") == len(pictures)
    assert 'class="stamp"' not in page
    boxes = re.findall(r"<li class=\"\w*\"><b>([^<]*)</b> ([^<]*)</li>", page)
    assert all(words.endswith(tuple(f"({s})" for s in Status)) or "%" in value for value, words in boxes)
    # anchors lead somewhere
    assert set(re.findall(r'href="#([^"]+)"', page)) <= set(re.findall(r'id="([^"]+)"', page))


def test_a_named_pulsar_says_the_numbers_that_its_name_stands_for(tmp_path):
    page = (report_run(qsb.run(EXAMPLES / "pulsar.toml"), tmp_path / "r") / "index.html").read_text("utf-8")
    (table,) = [t for t in Tables(page).tables if t[0][0] == "Key"]
    said = {row[0]: row[1:] for row in table[1:]}
    assert said["source.braking_index"][0] == "2.5"
    assert said["source.period"][0] == "0.0333924123"
    assert "ATNF" in said["source.period_derivative"][2]
    assert "ATNF" in said["source.period"][2]
    assert "factor of two" in said["source.moment_of_inertia"][2]
    (rungs,) = [t for t in Tables(page).tables if t[0][0] == "Rung" and t[1][2] == "W"]
    assert any(row[0] == "spin-down of the Crab pulsar" and "ATNF" in row[3] for row in rungs)


def test_names_are_not_broken_inside_a_word():
    """A break anywhere lets columns shrink until "Landsberg" is cut; only what fits on no line may be broken."""
    style = files("qsb.report").joinpath("style.css").read_text(encoding="utf-8")
    cells = re.search(r"^th, td \{(.*?)\}", style, re.DOTALL | re.MULTILINE)[1]
    assert "overflow-wrap: break-word" in cells


def test_the_surge_is_said_first(tmp_path):
    page = (report_run(qsb.run(EXAMPLES / "m-dwarf-flare.toml"), tmp_path / "r") / "index.html").read_text("utf-8")
    assert page.index("surge ratio: largest excess") < page.index("ledger residual over throughput")
    assert page.index("<h2>Flares</h2>") < page.index("<h2>Years of flares</h2>") < page.index("<h2>Energy ledger</h2>")
    years = [t for t in Tables(page).tables if t[0][0] == "Quantile p"]
    assert [len(t) for t in years] == [7, 7]
    assert all("%" in t[0][2] and "order statistics" in row[5] for t in years for row in t[1:])
    beyond = [row[0] for row in years[0][1:] if float(row[1]) > 1e26]
    assert {"0.8", "0.9", "0.95", "0.98", "0.99"} <= set(beyond)
    assert all([row[0] for row in t if row[4] == "extrapolated"] == beyond for t in years)


def test_a_storm_stands_beside_the_power(tmp_path):
    page = (report_run(qsb.run(EXAMPLES / "solar-buffer.toml"), tmp_path / "r") / "index.html").read_text("utf-8")
    (table,) = [t for t in Tables(page).tables if any(row[0] == "Arrival of the ejection" for row in t)]
    said = {row[0]: row[1:3] for row in table[1:]}
    assert list(said) == [
        "Arrival of the ejection",
        "Speed of the ejection on arrival",
        "Density of the ejection",
        "Ram pressure",
        "Radiation pressure",
        "Ram over radiation pressure",
        "Mass of the ejection",
        "Solid angle of the ejection",
        "Kinetic energy of the ejection",
        "Kinetic energy of the ejection over the light of the flare",
        "Share of the ejection that hits the collector",
        "Mass per area of the ejection",
        "Depth of the ejection",
        "Kinetic energy per area of the ejection",
        "Kinetic energy that hits the collector",
        "Momentum that hits the collector",
        "Time in which light pushes as much",
        "X-ray fluence",
        "X-ray dose",
    ]
    assert said["Ram pressure"][1] == said["Radiation pressure"][1] == "Pa"
    assert said["Solid angle of the ejection"] == ["0.8417872", "sr"]
    assert said["X-ray fluence"] == ["3.146691", "J/m\N{SUPERSCRIPT TWO}"]
    assert "storm.density" in page


def test_tables_of_events_say_source_and_status(tmp_path):
    """Events of the store, and the flares of a sample: their captions hold for all of their numbers."""
    spec = SPEC.replace("[time]", '[load]\npower = "300 MW"\n[flares]\nkind = "process"\nprocess = "solar"\n[time]')
    data = qsb.run(spec.replace('"1 d"', '"200 d"'))
    page = (report_run(data, tmp_path / "r") / "index.html").read_text("utf-8")
    captions = re.findall(r"<caption>(.*?)</caption>", page)
    for begin, variable in (("Events of the store", "store_energy"), ("The 20 largest of ", "flare_energy")):
        (caption,) = [c for c in captions if c.startswith(begin)]
        assert f"Status of all numbers: {data[variable].attrs['status']}. From: " in caption
        assert html.escape(data[variable].attrs["source"][:40]) in caption
    (flares,) = [t for t in Tables(page).tables if t[0][0] == "Time of the peak (s)"]
    assert len(flares) == 21
    assert all("(" in head for head in flares[0][:-1])
    assert max(float(row[4]) for row in flares[1:]) == pytest.approx(float(data["surge_ratio"]), rel=1e-3)
    # every caption of a figure and every number of the summary says how firm it is
    for caption in re.findall(r"<figcaption>(.*?)</figcaption>", page):
        assert re.search(r"Status of the main series: [a-z ]+\. From: .+", caption), caption
    for box in re.findall(r"<li class=[^>]*>(.*?)</li>", page):
        assert any(f"({status})" in box for status in STATUSES) or "of the parts are speculative" in box, box


def test_the_page_of_what_no_law_allows_is_stamped(tmp_path):
    beyond = SPEC.replace('"1 TJ"', '"1e28 J"').replace('report = "mine"', "allow_unphysical = true")
    page = (report_run(qsb.run(beyond), tmp_path / "r") / "index.html").read_text("utf-8")
    assert page.index("VIOLATES c^2 x11126.5") < page.index("<h2>")
    assert "FORBIDDEN" in page
    assert json.loads((tmp_path / "r" / "manifest.json").read_text("utf-8"))["stamp"].startswith("VIOLATES")


def test_titles_cannot_break_the_page(tmp_path):
    page = (
        report_run(qsb.run(SPEC.replace("a test", "<script>x</script>")), tmp_path / "r") / "index.html"
    ).read_text()
    assert "<script>" not in page


def test_what_is_no_single_stellar_run_is_refused(tmp_path):
    quantum = qsb.run({"model": {"name": "ensemble", "cells": 1, "field": 0.5}, "stage": [{"duration": 1.0}]})
    with pytest.raises(qsb.SpecError, match="stellar run"):
        report_run(quantum, tmp_path / "r")
    swept = qsb.run(SPEC + '[sweep]\n"store.eta_out" = [0.8, 0.9]\n')
    with pytest.raises(qsb.SpecError, match="one run"):
        report_run(swept, tmp_path / "r")
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "mine.txt").write_text("mine")
    with pytest.raises(qsb.SpecError, match="not empty"):
        report_run(qsb.run(SPEC), tmp_path / "full")


@pytest.fixture
def call(monkeypatch, capsys, tmp_path):
    """Run `qsb` in an empty folder that holds spec.toml; give its exit code and what it printed."""
    monkeypatch.chdir(tmp_path)

    def run(text, *words):
        (tmp_path / "spec.toml").write_text(text)
        monkeypatch.setattr(sys, "argv", ["qsb", *words])
        with pytest.raises(SystemExit) as stopped:
            cli.main()
        out, err = capsys.readouterr()
        return stopped.value.code or 0, out, err

    return run


def test_run_writes_the_report_that_the_spec_names(call, tmp_path):
    code, out, err = call(SPEC, "run", "spec.toml")
    assert code == 0
    assert "ledger_residual" in out
    assert "mine" in err
    assert (tmp_path / "mine" / "index.html").is_file()
    code, _, _ = call(SPEC, "run", "spec.toml", "--report", "other", "--out", "a.nc", "--plot", "a.png", "--json")
    assert code == 0
    assert (tmp_path / "other" / "index.html").is_file()
    assert qsb.read(tmp_path / "a.nc").attrs["title"] == "a test"


def test_json_and_plan(call):
    code, out, _ = call(SPEC.replace('report = "mine"\n', ""), "run", "spec.toml", "--json")
    answer = json.loads(out)
    assert code == 0
    assert answer["variables"]["ledger_residual"]["units"] == "J"
    assert answer["attributes"]["status"] == "engineering estimate"
    code, out, _ = call(SPEC, "plan", "spec.toml")
    assert code == 0
    assert "stellar store: 20 intervals" in out
    code, out, _ = call(SPEC, "plan", "spec.toml", "--json")
    assert json.loads(out)["parts"][0]["status"] == "measured"


def test_a_sweep_prints_units(call):
    code, out, _ = call(SPEC + '[sweep]\n"store.capacity" = ["1 GJ", "1 TJ"]\n', "run", "spec.toml")
    assert code == 0
    assert "capacity (J)" in out
    assert "ledger_end (J)" in out


def test_errors_of_the_command_line(call):
    code, _, err = call(SPEC.replace('"1 TJ"', '"1e28 J"'), "run", "spec.toml")
    assert code == 1
    assert "VIOLATES" in err
    code, _, err = call(SPEC.replace("capacity", "capacty"), "run", "spec.toml")
    assert code == 2
    assert "'capacity'" in err
    quantum = '[model]\nname = "ensemble"\ncells = 1\nfield = 0.5\n[[stage]]\nduration = 1.0\n'
    code, _, err = call(quantum, "run", "spec.toml", "--report", "r")
    assert code == 2
    assert "stellar" in err
