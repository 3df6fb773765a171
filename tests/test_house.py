"""The house itself: what importing costs, what is public, how files are named, what they may not tell."""

import ast
import importlib
import re
import subprocess
import sys
import tomllib
from importlib.resources import files
from pathlib import Path

import pytest
import yaml

import qsb

ROOT = Path(__file__).resolve().parents[1]
SOURCE = ROOT / "src" / "qsb"
MODULES = sorted(SOURCE.rglob("*.py"))
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))

HEAVY = ["qutip", "xarray", "matplotlib", "numba", "pydantic", "pandas", "scipy"]
BANNED = {"utils", "common", "core", "helpers", "base", "misc"}
MAX_LINES = 450

# Joined here, so that this file does not hold what it looks for.
FOREIGN = [
    ".".join(["pypi", "org"]),
    ".".join(["pythonhosted", "org"]),
    ".".join(["npmjs", "org"]),
    ".".join(["deb", "debian", "org"]),
]
MACHINE_PATH = re.compile(r"(?<![\w.)\]}-])/" + r"(?:work|root|tmp|home|opt|Users)/\w")


def text_files():
    """Every file of the project that git would take, else every file outside hidden and built folders."""
    command = ["git", "-C", str(ROOT), "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    try:
        listed = subprocess.run(command, capture_output=True, check=True, text=True).stdout.split("\0")
        paths = [ROOT / name for name in listed if name]
    except (OSError, subprocess.CalledProcessError):
        paths = [path for top in ("src", "tests", "docs", "examples") for path in (ROOT / top).rglob("*")]
    for path in paths:
        if path.is_file():
            try:
                yield path, path.read_text(encoding="utf-8")
            except UnicodeDecodeError:
                continue


def traces(text):
    """What in a text gives away a registry or one machine's folders."""
    return [host for host in FOREIGN if host in text] + MACHINE_PATH.findall(text)


def test_import_loads_nothing_heavy():
    code = f"import sys, qsb; print(*sorted(set({HEAVY!r}) & set(sys.modules)))"
    answer = subprocess.run([sys.executable, "-c", code], capture_output=True, check=True, text=True)
    assert answer.stdout.split() == []


def test_public_names_resolve_and_are_listed_once():
    names = list(qsb.__all__)
    assert names
    assert len(names) == len(set(names)), sorted(name for name in set(names) if names.count(name) > 1)
    missing = [name for name in names if not hasattr(qsb, name)]
    assert missing == []
    assert set(names) <= set(dir(qsb))
    with pytest.raises(AttributeError):
        _ = qsb.no_such_name


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(SOURCE)))
def test_module_imports_and_its_public_list_is_true(path):
    if path.stem == "__main__":
        return
    parts = path.relative_to(SOURCE.parent).with_suffix("").parts
    module = importlib.import_module(".".join(parts[:-1] if parts[-1] == "__init__" else parts))
    listed = list(getattr(module, "__all__", []))
    assert len(listed) == len(set(listed))
    assert [name for name in listed if not hasattr(module, name)] == []


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(SOURCE)))
def test_module_has_a_docstring_and_is_not_too_long(path):
    text = path.read_text(encoding="utf-8")
    assert ast.get_docstring(ast.parse(text))
    assert len(text.splitlines()) <= MAX_LINES


def test_no_module_has_a_name_that_says_nothing():
    found = {path.relative_to(ROOT) for path in SOURCE.rglob("*") if path.stem in BANNED}
    assert found == set()


def test_files_tell_no_registry_and_no_machine():
    found = {str(path.relative_to(ROOT)): traces(text) for path, text in text_files()}
    assert len(found) > 20
    assert {name: what for name, what in found.items() if what} == {}


@pytest.mark.parametrize(
    ("text", "caught"),
    [
        ("index-url = https://" + FOREIGN[0] + "/simple", True),
        ("open('/" + "tmp/data.nc')", True),
        ("PATH=/" + "home/someone/bin", True),
        ("docs/" + "work/notes.md and ./" + "tmp/x", False),
        ("#!/usr/bin/env bash", False),
    ],
)
def test_the_search_for_traces_finds_them(text, caught):
    assert bool(traces(text)) is caught


def test_constraints_hold_names_versions_and_markers_only():
    text = (ROOT / "constraints.txt").read_text(encoding="utf-8")
    assert "://" not in text
    for line in text.splitlines():
        assert re.fullmatch(r"[a-z0-9._-]+==[0-9][\w.]*( ; [\w .'<>=!()]+)?", line), line


def test_every_dependency_is_bounded_below_and_constrained():
    text = (ROOT / "constraints.txt").read_text(encoding="utf-8")
    pinned = {line.split("==")[0] for line in text.splitlines()}
    project = PROJECT["project"]
    for requirement in [*project["dependencies"], *project["optional-dependencies"]["test"]]:
        match = re.match(r"([a-z0-9-]+)>=[\d.]+", requirement)
        assert match, requirement
        assert match[1] in pinned, requirement


def test_data_files_come_with_the_package():
    assert files("qsb").joinpath("quantities.toml").is_file()
    assert files("qsb").joinpath("py.typed").is_file()


def test_citation_is_of_this_version():
    citation = yaml.safe_load((ROOT / "CITATION.cff").read_text(encoding="utf-8"))
    project = PROJECT["project"]
    assert citation["cff-version"] == "1.2.0"
    assert citation["version"] == project["version"] == qsb.__version__
    assert citation["license"] == project["license"]
    assert {"message", "title", "authors"} <= set(citation)


def test_licence_is_whole():
    text = (ROOT / "LICENSE").read_text(encoding="utf-8")
    assert "Apache License" in text
    assert "END OF TERMS AND CONDITIONS" in text


def fragment_fault(name, text):
    """What is wrong with a changelog fragment, or an empty string."""
    types = "|".join(row["directory"] for row in PROJECT["tool"]["towncrier"]["type"])
    if not re.fullmatch(rf"\+[a-z0-9-]+\.({types})\.md", name):
        return "its name is not +slug.type.md"
    if not text.strip().endswith("."):
        return "it is not a sentence"
    return "it has more than one paragraph" if "\n\n" in text.strip() else ""


def test_changelog_fragments_are_well_formed():
    fragments = [path for path in (ROOT / "changelog.d").iterdir() if path.name != "README.md"]
    faults = {path.name: fragment_fault(path.name, path.read_text(encoding="utf-8")) for path in fragments}
    assert {name: fault for name, fault in faults.items() if fault} == {}
    start = PROJECT["tool"]["towncrier"]["start_string"].strip()
    assert start in (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("name", "text"),
    [("12.added.md", "A."), ("+a.news.md", "A."), ("+a.added.md", " "), ("+a.added.md", "A.\n\nB.")],
)
def test_a_broken_fragment_is_found(name, text):
    assert fragment_fault(name, text)
    assert not fragment_fault("+a.added.md", "A sentence.\n")


def test_ci_runs_the_readme_command():
    install = 'python -m pip install {}-c constraints.txt -e ".[test]"'
    assert install.format("") in (ROOT / "README.md").read_text(encoding="utf-8")
    assert install.format("--quiet --progress-bar off ") in (ROOT / ".ci/run").read_text(encoding="utf-8")


def test_links_between_documents_lead_somewhere():
    pages = [ROOT / "README.md", *(ROOT / "docs").rglob("*.md")]
    dead = [
        f"{page.relative_to(ROOT)}: {target}"
        for page in pages
        for target in re.findall(r"\]\(([^)#\s]+)", page.read_text(encoding="utf-8"))
        if "://" not in target and not target.startswith("report/") and not (page.parent / target).exists()
    ]
    assert dead == []
