"""The page of the benchmarks: made from a few synthetic results, nothing is timed."""

import importlib
import json
from pathlib import Path

import numpy as np
import pytest

ROOT = Path(__file__).resolve().parents[1]
pytestmark = pytest.mark.skipif(not (ROOT / "benchmarks").is_dir(), reason="benchmarks/ is not in a source release")


@pytest.fixture
def bench(monkeypatch):
    """Modules of benchmarks/ by name."""
    monkeypatch.syspath_prepend(str(ROOT / "benchmarks"))
    return importlib.import_module


def record(seconds, megabytes=200.0, error=1e-10, other=0.0, **told):
    return {
        "status": "done",
        "walls": [2 * seconds, seconds],
        "errors": {"E": error},
        "megabytes": megabytes,
        "other_cores": other,
        "told": {"representation": "ket", **told},
        "blas": 2,
    }


@pytest.fixture
def results():
    """A fast row, a slow one beside other work, a wrong one, a failed one; the others were not run."""
    points = [{"size": n, "unknowns": 2**n, "seconds": 1e-6 * n**3} for n in (10, 20, 40, 80)]
    return {
        "quick": False,
        "sessions": [
            {
                "date": "2000-01-01 00:00",
                "machine": "a machine",
                "python": "3",
                "versions": {"qsb": "0"},
                "commit": "abc",
                "changed": False,
            }
        ],
        "rates": {"copy": {"4096": 4e10, "134217728": 2e10}, "product": {"real": 9e10, "complex": 8e10}},
        "floors": {"W1-18": {"seconds": 0.5, "of": "passes"}},
        "growth": {
            "permutation": {"status": "done", "told": {"points": points}},
            "mps": {"status": "failed", "reason": "ImportError: no | tenpy"},
        },
        "rows": {
            "W1-16": {"records": {"run": [record(0.3), record(0.1), record(0.2)], "peer": [record(1.8)]}},
            "W1-18": {
                "records": {"run": [record(4.0, 400.0, other=0.7)], "peer": [record(8.0)]},
                "profile": {"stages": [["dynamics/solve.py:solve", 0.8]], "alone": [], "seconds": 4.0},
            },
            "W3-6": {"records": {"run": [record(0.001, error=1e-5)], "peer": [record(0.7)]}},
            "W2-100-norm": {
                "records": {"run": [{"status": "failed", "reason": "PlanError: no | mode"}], "peer": [record(2.0)]}
            },
        },
    }


def line_of(text, start, nth=0):
    return [line for line in text.splitlines() if line.startswith(start)][nth]


def test_rows_have_distinct_keys_goals_and_tasks_that_exist(bench):
    rows, measure = bench("rows"), bench("measure")
    for quick in (False, True):
        table = rows.table(quick)
        assert len({row.key for row in table}) == len(table)
        assert {"W1", "W2", "W3", "W4", "W5", "W6", "piqs", "trajectories", "start", "cold"} <= {r.group for r in table}
        for row in table:
            for task in [*row.ours.values(), *([row.theirs] if row.theirs else [])]:
                assert callable(measure.called(task.name))
            for goal in row.goals:
                assert goal.kind in ("speed", "seconds", "megabytes")
                assert goal.value > 0


def test_ratios_goals_and_marks(bench, results):
    text = bench("page").page(results)
    fast = line_of(text, "| interacting chain, N = 16: E and P")
    assert "200 ms" in fast  # the median of the shortest of each
    assert "**9**" in fast
    assert "yes, yes" in fast
    slow = line_of(text, "| interacting chain, N = 18: E and P")
    assert "4 s†" in slow
    assert "**no**, **no**" in slow
    assert "at least 5 times faster; at most 362 MB" in slow
    short = line_of(text, "- interacting chain, N = 18: E and P")
    assert "2 times as fast, where the goal is at least 5 times faster: missed by a factor of 2.5." in short
    assert "`dynamics/solve.py:solve` 80 %" in short
    assert "8 times below" in short


def test_wrong_failed_and_missing_rows_are_shown_as_such(bench, results):
    page, rows = bench("page"), bench("rows")
    text = page.page(results)
    wrong = line_of(text, "| all to all with local noise, N = 6: E, P")
    assert "1 ms\\*" in wrong
    assert "no: error 1e-05" in wrong
    failed = line_of(text, "| Dicke, N = 100")
    assert "| failed |" in failed
    assert "no: failed" in failed
    assert "failed: PlanError: no / mode." in text
    assert "| not run |" in line_of(text, "| interacting chain, N = 20: E and P")
    by_key = {row.key: row for row in rows.table()}
    assert page.missed(by_key["W3-6"], results["rows"]["W3-6"])
    assert page.missed(by_key["W2-100-norm"], results["rows"]["W2-100-norm"])
    assert not page.missed(by_key["W1-16"], results["rows"]["W1-16"])
    assert not page.missed(by_key["W1-20"], {})


def test_tables_are_whole(bench, results):
    text = bench("page").page(results)
    widths = None
    for line in text.splitlines():
        widths = (widths or line.count("|")) if line.startswith("|") else None
        assert widths is None or line.count("|") == widths, line


def test_growth_gives_the_exponent_and_its_interval(bench, results):
    growth = bench("growth")
    points = results["growth"]["permutation"]["told"]["points"]
    found = growth.fit(points, "size")
    assert found["exponent"] == pytest.approx(3, abs=1e-9)
    assert found["half"] == pytest.approx(0, abs=1e-6)
    assert growth.fit(points[:2], "size") is None
    text = bench("page").page(results)
    assert "N^(3.00 ± 0.00)" in line_of(text, "| permutation |")
    assert "failed: ImportError: no / tenpy" in line_of(text, "| mps |")


def test_growth_is_drawn(bench, results, tmp_path):
    growth = bench("growth")
    assert growth.draw(results, tmp_path / "growth.png")
    assert (tmp_path / "growth.png").stat().st_size > 10_000
    assert not growth.draw({**results, "growth": {}}, tmp_path / "none.png")


def test_readme_takes_what_was_measured_on_both_sides(bench, results):
    page = bench("page")
    text = f"before\n{page.MARKS[0]}\nold\n{page.MARKS[1]}\nafter\n"
    new = page.readme(results, text)
    assert new.startswith("before\n")
    assert new.endswith("\nafter\n")
    assert "old" not in new
    assert "N = 16" in new
    assert "Dicke" not in new
    assert page.readme(results, new) == new
    assert "N = 16" not in page.readme({**results, "quick": True}, text)
    assert all(mark in (ROOT / "README.md").read_text(encoding="utf-8") for mark in page.MARKS)


def test_the_page_that_stands_is_that_of_the_results(bench):
    page = bench("page")
    results = json.loads((ROOT / "benchmarks" / "results.json").read_text(encoding="utf-8"))
    assert page.PAGE.read_text(encoding="utf-8") == page.page(results)


def test_references_are_there_and_fit(bench):
    references, rows = bench("references"), bench("rows")
    for row in rows.table():
        if row.reference not in ("", "peer", "exact", "long"):
            assert references.stored(row.reference), row.key
    # a longer chain is continued linearly in N, which the shorter ones obey until t = 4
    small, middle = (references.stored(f"W1_n{n}")["E"][:41:2] for n in (16, 18))
    direct = references.long_chain(20, 21)["E"]
    assert np.abs(middle + (middle - small) - direct).max() < 1e-9


def test_terms_of_an_expansion(bench):
    floor = bench("floor")
    # exp(-i x cos) needs a few more terms than x
    assert floor.terms(1.0, 1.0) < 20
    assert 100 < floor.terms(1.0, 100.0) < 160
    rates = {"copy": {4096: 2.0, 65536: 3.0, 2**20: 1.0}}
    assert [floor.bandwidth(rates, size) for size in (100, 70000, 2**22)] == [3.0, 1.0, 1.0]


def test_reasons_tell_no_folders(bench):
    plain = bench("run")._plain
    assert plain("no 'x' (/" + "work/a/b.py), see docs/x.md") == "no 'x' (b.py), see docs/x.md"
    assert plain("1/2 of a/b") == "1/2 of a/b"


def test_the_page_of_the_stores_is_that_of_its_results(bench):
    stores = bench("stellar_store")
    results = json.loads(stores.RESULTS.read_text(encoding="utf-8"))
    assert stores.PAGE.read_text(encoding="utf-8") == stores.page(results)
    assert all(row["error"] < 1e-11 for row in results["rows"].values())


@pytest.mark.parametrize(
    ("who", "case"), [("ours", "all"), ("numpy", "leak"), ("solve_ivp", "leak"), ("solve_ivp", "load")]
)
def test_contestants_of_the_stores_solve_the_same(bench, who, case):
    stores = bench("stellar_store")
    arrays, told = getattr(stores, who)(case, 2, 13)
    assert told["cpu"] > 0
    assert stores.error(case, who, arrays, 2, 13) < 1e-12
    wrong = {**arrays, "E": 1.01 * arrays["E"]}
    assert stores.error(case, who, wrong, 2, 13) > 1e-4
