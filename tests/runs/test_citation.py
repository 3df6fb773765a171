"""A run can be cited: every identifier has an entry, BibTeX parses, and a file needs no qsb to be read."""

import ast
import json
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import xarray as xr

import qsb
from qsb import quantities
from qsb.dynamics.integrate import INTEGRATORS
from qsb.dynamics.plan import REPRESENTATIONS
from qsb.errors import SpecError
from qsb.runs.citation import FIELDS, Entry, citation, cited, entries_of, methods, references

SOURCE = Path(qsb.__file__).parent
#: an identifier in a text; a number in parentheses belongs to a DOI
IDENTIFIER = re.compile(r"arXiv:(?:[a-z-]+/\d{7}|\d{4}\.\d{4,5})|doi:10\.\d{4,}/(?:\([\d-]+\)|[^\s;,()\"'`]|\(\d+\))+")


def identifiers(text):
    joined = text.replace("arXiv ", "arXiv:").replace("doi ", "doi:")
    return {found.rstrip(".") for found in IDENTIFIER.findall(joined)}


def parse(text):
    """Keys, types and fields of BibTeX: a small parser that counts braces."""
    entries, at = {}, 0
    while (start := text.find("@", at)) >= 0:
        open_at = text.index("{", start)
        depth, end = 1, open_at
        while depth:
            end += 1
            depth += {"{": 1, "}": -1}.get(text[end], 0)
        key, _, body = text[open_at + 1 : end].partition(",")
        assert key not in entries, f"the key {key} comes twice"
        fields = dict(re.findall(r"^  (\w+) = \{(.*)\},$", body, re.MULTILINE))
        assert len(fields) == body.count(" = {"), key
        entries[key] = (text[start + 1 : open_at], fields)
        at = end
    return entries


def models():
    for path in sorted((SOURCE / "models").glob("*.py")):
        yield from identifiers(path.read_text(encoding="utf-8"))


def rows():
    for name in quantities.names():
        yield from identifiers(quantities.quantity(name).reference)
    for row in quantities.functions():
        yield from identifiers(row.reference)


def merits():
    for path in sorted((SOURCE / "merit").glob("*.py")):
        tree = ast.parse(path.read_text(encoding="utf-8"))
        for node in [tree, *(n for n in ast.walk(tree) if isinstance(n, ast.FunctionDef))]:
            yield from identifiers(ast.get_docstring(node) or "")


@pytest.mark.parametrize("source", [models, rows, merits])
def test_every_identifier_has_an_entry(source):
    used = set(source())
    known = {identifier for entry in references().values() for identifier in entry.ids}
    assert len(used) > 10
    assert used - known == set()


def test_the_search_for_identifiers_finds_them():
    text = "Lenard 1978 (arXiv 1106.2138), doi:10.1016/0003-4916(70)90270-8 (modes); arXiv:cond-mat/0401574."
    assert identifiers(text) == {"arXiv:1106.2138", "doi:10.1016/0003-4916(70)90270-8", "arXiv:cond-mat/0401574"}


def test_every_method_is_known():
    assert {r.name for r in REPRESENTATIONS} <= set(methods("representation"))
    # besides the integrators of linear systems, the ones that a representation brings along
    assert {i.name for i in INTEGRATORS} | {"modes", "map", "jumps", "tebd"} <= set(methods("integrator"))
    keys = {key for kind in ("representation", "integrator", "software") for v in methods(kind).values() for key in v}
    assert keys <= set(references())


def test_entries_are_well_formed():
    everything = [identifier for entry in references().values() for identifier in entry.ids]
    assert len(everything) == len(set(everything))
    bibtex = "\n".join(entry.to_bibtex() for entry in references().values())
    parsed = parse(bibtex)
    assert list(parsed) == list(references())
    for key, (kind, fields) in parsed.items():
        entry = references()[key]
        assert kind in ("article", "misc", "book", "inproceedings")
        assert {"author", "title"} <= set(fields), key
        assert key == "qsb" or re.fullmatch(r"(17|18|19|20)\d\d", fields["year"]), key
        assert ("journal" in fields) == (kind == "article"), key
        assert {"doi"} & set(fields) or {"eprint"} & set(fields) or key in ("qsb", "hairer1993", "huisinga1999"), key
        assert fields["title"].startswith("{")
        assert all(identifiers(identifier) == {identifier} for identifier in entry.ids), key
        year = re.search(r"\d{4}$", key)
        assert year is None or year[0] == fields["year"], key


@pytest.mark.parametrize(
    ("battery", "figures", "noise", "options", "expected"),
    [
        (
            lambda: qsb.models.tavis_cummings(2, coupling=1.0),
            ["stored_energy", "capacity"],
            (),
            {},
            {"andolina2019", "andolina2018", "yang2023", "dicke1954", "qsb", "numpy2020"},
        ),
        (
            lambda: qsb.models.ensemble(4, coupling={"strength": 0.3}),
            ["local_ergotropy"],
            (),
            {"representation": "ket", "integrator": "chebyshev"},
            {"binder2015", "le2018", "alimuddin2019", "talezer1984", "qsb"},
        ),
        (
            lambda: qsb.models.ensemble(3, field=0.4, coupling={"strength": 0.3, "geometry": "all"}),
            ["ergotropy", "bound_fisher"],
            (qsb.emission(0.1),),
            {"representation": "permutation"},
            {"chase2008", "shammah2018", "allahverdyan2004", "juliafarre2020"},
        ),
        (
            lambda: qsb.models.ensemble(2, field=0.4, coupling={"strength": 0.3}),
            ["power"],
            (qsb.emission(0.1),),
            {"representation": "trajectories", "samples": 4},
            {"dalibard1992", "efron1981"},
        ),
    ],
)
def test_a_run_cites_model_method_and_figures(battery, figures, noise, options, expected):
    data = qsb.run(qsb.Problem(battery(), qsb.quench(1.0), noise, [0.0, 0.5, 1.0]), figures, **options)
    text = citation(data)
    parsed = parse(text)
    assert expected <= set(parsed)
    assert [entry.key for entry in cited(data)] == list(parsed)
    assert parsed["qsb"][1]["note"] == f"version {qsb.__version__}"
    assert "version" in parsed["numpy2020"][1]["note"]
    assert f"% the representation {json.loads(data.attrs['plan'])['representation']}" in text


def test_a_sweep_can_be_cited():
    spec = {
        "model": {"name": "dicke", "cells": 2, "coupling": 0.1},
        "stage": [{"duration": 1.0}],
        "save": {"points": 3, "figures": ["stored_energy"]},
        "sweep": {"model.cells": [1, 2]},
    }
    assert {"ferraro2018", "dicke1954"} <= set(parse(citation(qsb.sweep(spec))))


def test_what_is_not_known_is_kept_as_it_is():
    data = qsb.run(qsb.Problem(qsb.models.ensemble(1, field=0.5), qsb.quench(1.0), (), [0.0, 1.0]), ["power"])
    data.attrs["references"] = "doi:10.1234/nobody; A. Nobody, {Notes}; arXiv:1811.04005"
    data.attrs["plan"] = json.dumps({"representation": "oracle", "integrators": ["eigen"]})
    text = citation(data)
    parsed = parse(text)
    assert parsed["doi101234nobody"][1] == {"doi": "10.1234/nobody"}
    assert parsed["ANobodyNotes"][1] == {"note": "A. Nobody, (Notes)"}
    assert "juliafarre2020" in parsed
    assert "oracle (not known to this version of qsb)" in text
    del data.attrs["versions"]
    with pytest.raises(SpecError, match="versions"):
        citation(data)


RUN = {
    "references": "doi:10.1234/nobody",
    "plan": json.dumps({"representation": "ket", "integrators": ["eigen"]}),
    "versions": json.dumps({"qsb": "1.0"}),
}
#: neither a plan nor versions
BROKEN = ("", "ket", "{", "null", "3", '"ket"', "[" * 10**5)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        *[(name, value) for name in RUN for value in (None, 5, 2.5, b"bytes", ["a"], {"a": 1}, np.arange(3))],
        *[(name, value) for name in ("plan", "versions") for value in BROKEN],
        ("plan", "{}"),
        ("plan", '{"representation": "ket"}'),
        ("plan", '{"integrators": ["eigen"]}'),
        ("plan", '{"representation": ["ket"], "integrators": ["eigen"]}'),
        ("plan", '{"representation": "ket", "integrators": "eigen"}'),
        ("plan", '{"representation": "ket", "integrators": [["eigen"]]}'),
        ("plan", '["ket", 3]'),
        ("plan", '[["ket"]]'),
        ("versions", "[]"),
        ("versions", '{"qsb": 1.0}'),
        ("versions", '{"qsb": null}'),
    ],
    ids=lambda value: repr(value)[:30],
)
def test_attributes_that_were_damaged_by_hand_are_named(name, value):
    data = xr.Dataset(attrs=RUN)
    assert "nobody" in citation(data)
    data.attrs[name] = value
    for ask in (citation, cited):
        with pytest.raises(SpecError, match=f"attribute '{name}'"):
            ask(data)


@pytest.mark.parametrize("value", [None, 3, [], {}, {"attrs": RUN}, type("Thing", (), {"attrs": 3})()])
def test_what_is_no_dataset_cannot_be_cited(value):
    with pytest.raises(SpecError, match="takes the dataset of a run"):
        citation(value)


def test_what_is_defined_here_needs_no_paper():
    assert entries_of("standard definition; derived in docs/devdocs/derivations.md; ") == []


def test_a_broken_bibliography_is_found():
    with pytest.raises(AssertionError, match="twice"):
        parse("@misc{a,\n  note = {x},\n}\n@misc{a,\n  note = {y},\n}")
    with pytest.raises(IndexError):
        parse("@misc{a,\n  note = {x,\n}")
    assert set(FIELDS).isdisjoint({"doi", "eprint"})
    assert (
        str(Entry("k", ("doi:10.1/x",), {"author": "A, B. and C, D.", "year": "2000"})) == "A and C; 2000; doi:10.1/x"
    )


READER = """
import sys

sys.modules["qsb"] = None  # importing it raises ImportError
import xarray

data = xarray.open_dataset(sys.argv[1], engine="h5netcdf").load()
assert not [name for name in sys.modules if name.startswith("qsb.")]
print(data["stored_energy"].attrs["units"], data["time"].size, data.attrs["title"], data.attrs["references"][:5])
"""


def test_results_open_without_this_package(tmp_path):
    battery = qsb.models.ensemble(2, field=0.5)
    data = qsb.run(qsb.Problem(battery, qsb.quench(2.0), (), [0.0, 1.0, 2.0]), ["stored_energy"], title="alone")
    path = qsb.write(data, tmp_path / "run.nc")
    answer = subprocess.run([sys.executable, "-c", READER, path], capture_output=True, text=True, check=True)
    assert answer.stdout.split() == ["omega0", "3", "alone", "arXiv"]
    assert citation(path) == citation(data)
