"""The command line: answers, exit codes, files, and errors without a traceback."""

import json
import subprocess
import sys

import pytest

import qsb
from qsb import cli

SPEC = """
title = "two cells"
[model]
name = "ensemble"
cells = 2
field = 0.5
[[stage]]
duration = 2.0
[save]
points = 5
"""
SWEEP = SPEC + '[sweep]\n"model.cells" = [1, 2, 3, 4]\n'
NOISY = SPEC.replace("cells = 2", "cells = 30") + "[[channel]]\nkind = 'emission'\nrate = RATES\n".replace(
    "RATES", str([0.01 * (k + 1) for k in range(30)])
)
INTERACTING = NOISY.replace("field = 0.5", 'field = 0.5\ncoupling = [{axes = "xx", strength = 0.1}]')


@pytest.fixture
def call(monkeypatch, capsys, tmp_path):
    """Run a command in an empty folder; give its exit code and what it printed."""
    monkeypatch.chdir(tmp_path)

    def run(*words, **files):
        for name, text in files.items():
            (tmp_path / f"{name}.toml").write_text(text)
        monkeypatch.setattr(sys, "argv", ["qsb", *words])
        with pytest.raises(SystemExit) as stopped:
            cli.main()
        out, err = capsys.readouterr()
        assert "Traceback" not in err
        return stopped.value.code or 0, out, err

    return run


def test_run_prints_scalars_and_writes_the_dataset(call, tmp_path):
    code, out, _ = call("run", "a.toml", "--out", "run.nc", a=SPEC)
    assert code == 0
    assert "peak_power" in out
    assert "omega0^2" in out
    data = qsb.read(tmp_path / "run.nc")
    assert data.attrs["title"] == "two cells"


def test_run_as_json(call):
    code, out, _ = call("run", "a.toml", "--json", a=SPEC)
    answer = json.loads(out)
    assert code == 0
    assert answer["variables"]["stored_energy"]["units"] == "omega0"
    assert len(answer["variables"]["stored_energy"]["values"]) == 5


@pytest.mark.parametrize("kind", ["png", "pdf", "svg"])
def test_run_plots(call, tmp_path, kind):
    assert call("run", "a.toml", "--plot", f"f.{kind}", a=SPEC)[0] == 0
    assert (tmp_path / f"f.{kind}").stat().st_size > 2000


def test_a_sweep_runs_in_processes_and_is_fitted(call):
    code, out, _ = call("run", "a.toml", "--out", "s.nc", "--store", "points", "--jobs", "2", a=SWEEP)
    assert code == 0
    assert out.splitlines()[0].split()[0] == "cells"
    code, out, _ = call("fit", "s.nc", "--resource", "coupling", "--json", "--plot", "fit.png")
    answer = json.loads(out)
    assert code == 0
    assert answer["verdict"] == "extensive"
    assert answer["exponent"]["value"] == pytest.approx(1.0, abs=1e-9)
    code, out, _ = call("fit", "s.nc", "--resource", "coupling")
    assert "extensive" in out


def test_fit_wants_its_resource(call):
    assert call("fit", "s.nc")[0] == 2


def test_plan(call):
    code, out, _ = call("plan", "a.toml", a=SPEC)
    assert code == 0
    assert out.startswith("product")
    code, out, _ = call("plan", "a.toml", "--json", a=SPEC)
    assert json.loads(out)["representation"] == "product"
    code, out, _ = call("plan", "a.toml", "--json", a=SWEEP)
    assert [p["point"]["cells"] for p in json.loads(out)] == [1, 2, 3, 4]


def test_plan_takes_thirty_noisy_cells_that_do_not_interact(call):
    assert call("plan", "a.toml", a=NOISY.replace("points = 5", 'figures = ["stored_energy"]'))[0] == 0
    code, _, err = call("plan", "a.toml", a=NOISY)  # the full spectrum of 30 cells that all differ is another thing
    assert code == 1
    assert "What to do" in err


def test_plan_refuses_thirty_interacting_noisy_cells_with_bytes_and_advice(call):
    code, out, err = call("plan", "a.toml", "--json", a=INTERACTING)
    answer = json.loads(out)
    assert code == 1
    assert answer["error"] == "PlanError"
    assert answer["bytes_needed"] >= 16 * 4**30
    assert "GiB" in err or "EiB" in err
    assert "What to do" in err


def test_wrong_requests_end_with_two(call):
    assert call("run", "none.toml")[0] == 2
    code, _, err = call("run", "a.toml", a=SPEC.replace("cells", "celss"))
    assert code == 2
    assert "'cells'" in err
    assert call("run", "a.toml", "--out", "no/where.nc", a=SPEC)[0] == 2
    assert call("run", "a.toml", "--plot", "f.bmp", a=SPEC)[0] == 2
    assert call("list", "fish")[0] == 2
    assert call("fish")[0] == 2
    assert call("reproduce", "singh2024")[0] == 2
    assert call("fit", "none.nc", "--resource", "coupling")[0] == 2


def test_cite(call):
    call("run", "a.toml", "--out", "run.nc", a=SPEC)
    code, out, _ = call("cite", "run.nc")
    assert code == 0
    assert out.startswith("% the model and the figures of merit\n\n@article{binder2015,")
    keys = [row["key"] for row in json.loads(call("cite", "run.nc", "--json")[1])]
    assert {"binder2015", "qsb"} <= set(keys)
    assert call("cite", "none.nc")[0] == 2


def test_errors_as_json(call):
    code, out, _ = call("run", "none.toml", "--json")
    assert code == 2
    assert json.loads(out)["error"] == "SpecError"


@pytest.mark.parametrize(
    "kind", ["models", "figures", "channels", "envelopes", "representations", "papers", "references", "stellar"]
)
def test_lists(call, kind):
    code, out, _ = call("list", kind)
    assert code == 0
    rows = json.loads(call("list", kind, "--json")[1])
    assert len(out.splitlines()) == len(rows)
    assert {"models": "ising", "papers": "singh2025"}.get(kind, next(iter(rows))) in rows


def test_bounds(call):
    code, out, _ = call("bounds", "--specific-energy", "1e20")
    assert code == 1
    assert "1112.65 times c^2" in out
    code, out, _ = call("bounds", "--specific-energy", "1e20", "--json")
    answer = json.loads(out)
    assert code == 1
    assert answer["limit_J_per_kg"] == float(299792458**2)
    assert not answer["allowed"]
    assert answer["stamp"] == "VIOLATES c^2 x1112.65"
    code, out, _ = call("bounds", "--specific-energy", "1e20J/kg")
    assert code == 1
    assert "VIOLATES c^2 x1112.65" in out
    for word in ("HARD", "MATTER", "ENGINEERING", "FORBIDDEN", "reference: ", "assumption: "):
        assert word in out
    code, out, _ = call("bounds", "--specific-energy", "250 Wh/kg")
    assert code == 0
    assert "900000 J/kg" in out
    assert call("bounds", "--specific-energy", "much")[0] == 2
    code, out, _ = call("bounds", "energy=1e14", "mass=1", "power=1e9")
    assert code == 0
    assert "reaction force" in out
    code, out, _ = call("bounds", "mass=2e30", "radius=1", "--json")
    assert code == 1
    assert json.loads(out)["stamp"].startswith("VIOLATES hoop x")
    assert call("bounds", "energy=much")[0] == 2
    assert call("bounds", "mas=1")[0] == 2
    assert call("bounds", "energy=1", "--specific-energy", "1")[0] == 2
    assert call("bounds", "--specific-energy", "1e6")[0] == 0
    assert call("bounds", "--specific-energy", "-1")[0] == 2
    code, out, _ = call("bounds")
    assert code == 0
    assert "8.987551787e+16" in out
    answer = json.loads(call("bounds", "--json")[1])
    assert answer["one_second_of_sunlight_J"] == pytest.approx(3.828e26)
    assert "bound_locality" in answer["bounds"]


def test_version(call):
    assert call("--version")[1].strip() == f"qsb {qsb.__version__}"


def test_help_loads_nothing_heavy():
    heavy = ("numpy", "xarray", "qutip", "matplotlib", "numba", "pydantic", "scipy")
    code = (
        "import sys; sys.argv = ['qsb', '--help']\nfrom qsb.cli import main\n"
        "try: main()\nexcept SystemExit: pass\n"
        f"print('LOADED', [m for m in {heavy!r} if m in sys.modules])"
    )
    out = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    assert out.strip().endswith("LOADED []")
    assert "reproduce" in out


def test_the_module_runs():
    done = subprocess.run(
        [sys.executable, "-m", "qsb", "bounds", "--specific-energy", "1e20"], capture_output=True, check=False
    )
    assert done.returncode == 1


def test_an_interruption_says_how_to_go_on(call, monkeypatch):
    def stop(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr(cli, "_single", stop)
    code, _, err = call("run", "a.toml", a=SPEC)
    assert code == 130
    assert "interrupted" in err
