"""The command line: `qsb run | plan | fit | cite | reproduce | list | bounds`.

Results go to stdout or to the named file, progress to stderr. Exit code 0: done; 1: the work failed, or what was asked
about is impossible; 2: the request is wrong; 130: it was interrupted. Everything heavy is imported by the command that
needs it.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from qsb.catalogue import CATALOGUES, Kind, known_bounds
from qsb.errors import ConvergenceError, PhysicsBoundError, PlanError, QsbError, SpecError

if TYPE_CHECKING:
    import xarray as xr

    from qsb.dynamics.plan import Plan
    from qsb.runs.stellar.run import StellarPlan

FAILED, WRONG, INTERRUPTED = 1, 2, 130

app = typer.Typer(
    name="qsb",
    help="Quantum batteries: exact charging dynamics, figures of merit with their bounds, honest scaling verdicts.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)

Json = Annotated[bool, typer.Option("--json", help="Print the answer as JSON.")]
SpecFile = Annotated[Path, typer.Argument(metavar="SPEC", help="A TOML file; see docs/spec.md.")]


@app.callback(invoke_without_command=True)
def _top(version: Annotated[bool, typer.Option("--version", help="Print the version and exit.")] = False) -> None:
    if version:
        from qsb import __version__

        print(f"qsb {__version__}")
        raise typer.Exit


@app.command()
def run(
    spec: SpecFile,
    out: Annotated[Path | None, typer.Option(help="Write the dataset to this NetCDF file.")] = None,
    plot: Annotated[Path | None, typer.Option(help="Draw it to this png, pdf or svg file.")] = None,
    store: Annotated[Path | None, typer.Option(help="Folder for the points of a sweep: what is there is kept.")] = None,
    jobs: Annotated[int, typer.Option(min=1, help="Processes for the points of a sweep.")] = 1,
    report: Annotated[
        Path | None, typer.Option(help="Folder for the report of a stellar run; a former report there is replaced.")
    ] = None,
    as_json: Json = False,
) -> None:
    """Run a spec, or every point of its sweep, and print its scalars."""
    from qsb.runs.dataset import write
    from qsb.runs.listing import data_dict, data_text
    from qsb.runs.spec import load_spec

    loaded = load_spec(spec)
    # what cannot be written is refused before the work
    _writable(out, plot)
    folder = _report_folder(loaded, report)
    data = _sweep(loaded, store, jobs) if loaded.axes() else _single(loaded)
    if out is not None:
        write(data, out)
    if plot is not None:
        from qsb.plots import plot_series, save

        save(plot_series(data), plot)
    if folder is not None:
        from qsb.report.stellar import report_run

        folder = report_run(data, folder) / "index.html"
    _answer(as_json, lambda: data_dict(data), lambda: data_text(data))
    for target in (out, plot, folder):
        if target is not None:
            print(f"wrote {target}", file=sys.stderr)


@app.command()
def plan(spec: SpecFile, as_json: Json = False) -> None:
    """Say how a spec would be solved, with dimension, bytes, time and reasons, and start nothing."""
    from qsb.runs.run import plan as make_plan
    from qsb.runs.spec import load_spec

    def timed(made: Plan | StellarPlan) -> dict[str, Any]:
        return {**made.to_dict(), "seconds": None if made.seconds is None else float(f"{made.seconds:.2g}")}

    plans = []
    for coordinates, point in load_spec(spec).points():
        where = ", ".join(f"{k} = {v}" for k, v in coordinates.items())
        plans.append((where, coordinates, make_plan(point)))
    _answer(
        as_json,
        lambda: [{"point": c, **timed(p)} for _, c, p in plans] if plans[0][1] else timed(plans[0][2]),
        lambda: "\n\n".join(f"{where}\n{made}" if where else str(made) for where, _, made in plans),
    )


@app.command()
def fit(
    dataset: Annotated[Path, typer.Argument(help="A NetCDF file that a sweep over the number of cells wrote.")],
    resource: Annotated[
        str, typer.Option(help="What is held equal between the sizes: 'coupling', 'operator norm', ...")
    ],
    figure: Annotated[str, typer.Option(help="The scalar to fit.")] = "peak_power",
    over: Annotated[str, typer.Option(help="The swept axis that counts the cells.")] = "cells",
    plot: Annotated[Path | None, typer.Option(help="Draw it to this png, pdf or svg file.")] = None,
    as_json: Json = False,
) -> None:
    """Fit a scaling exponent with its interval, and say whether it is an advantage."""
    from qsb.runs.dataset import read
    from qsb.studies.scaling import fit_dataset

    _writable(None, plot)
    scaling = fit_dataset(read(dataset), figure, over, resource=resource)
    if plot is not None:
        from qsb.plots import plot_scaling, save

        save(plot_scaling({dataset.stem: scaling}), plot)
    _answer(as_json, scaling.to_dict, lambda: str(scaling))


@app.command()
def cite(
    dataset: Annotated[Path, typer.Argument(help="A NetCDF file that a run or a sweep wrote.")], as_json: Json = False
) -> None:
    """Print BibTeX of the model, the figures of merit, the methods and the software that a run used."""
    from qsb.runs.citation import citation, cited
    from qsb.runs.dataset import read

    data = read(dataset)
    _answer(as_json, lambda: [entry.to_dict() for entry in cited(data)], lambda: citation(data).rstrip())


@app.command()
def reproduce(
    paper: Annotated[str | None, typer.Argument(help="Key of a paper; `qsb list papers` has them.")] = None,
    out: Annotated[Path, typer.Option(help="Folder of the report; a former report there is replaced.")] = Path(
        "report"
    ),
    every: Annotated[bool, typer.Option("--all", help="Every paper, and a table of verdicts.")] = False,
    slow: Annotated[bool, typer.Option("--slow", help="With --all: also the papers that take minutes.")] = False,
    quick: Annotated[bool, typer.Option("--quick", help="Fewer and smaller sizes in the scaling runs.")] = False,
    as_json: Json = False,
) -> None:
    """Recompute a paper's figures, tables and claims, and write a report with a verdict for each claim.

    Without a key it is the paper that this package began with, singh2025.
    """
    from qsb.errors import SpecError

    if every and paper is not None:
        raise SpecError(f"Give a paper ({paper!r}) or --all, not both.")
    if slow and not every:
        raise SpecError("--slow belongs to --all; a paper that is named runs whether it is slow or not.")
    if every:
        _reproduce_all(out, quick, slow, as_json)
    else:
        _reproduce_one("singh2025" if paper is None else paper, out, quick, as_json)


def _reproduce_one(paper: str, out: Path, quick: bool, as_json: bool) -> None:
    from qsb.report import Progress, reproduce
    from qsb.report.reproduce import check_key
    from qsb.studies.papers import PAPERS

    check_key(paper)
    with Progress(PAPERS[paper], quick=quick) as progress:
        folder = reproduce(paper, out, quick=quick, tell=progress.tell)
    claims = json.loads((folder / "claims.json").read_text(encoding="utf-8"))
    _answer(
        as_json,
        lambda: {"report": str(folder / "index.html"), "claims": claims},
        lambda: "\n".join(
            [
                *(f"{'error' if c['error'] else c['verdict']:<13} {c['id']:<18} {c['statement']}" for c in claims),
                *(f"{c['id']}: {c['error']}" for c in claims if c["error"]),
                f"report: {folder / 'index.html'}",
            ]
        ),
    )
    if any(c["error"] for c in claims):
        raise typer.Exit(FAILED)


def _reproduce_all(out: Path, quick: bool, slow: bool, as_json: bool) -> None:
    from dataclasses import asdict

    from qsb.report.collection import reproduce_all, table

    def tell(paper: str, what: str) -> None:
        if not what:
            print(paper, file=sys.stderr, flush=True)

    outcomes = reproduce_all(out, quick=quick, slow=slow, tell=tell)
    page = out.absolute() / "index.html"
    _answer(
        as_json,
        lambda: {"report": str(page), "papers": [asdict(o) for o in outcomes]},
        lambda: f"{table(outcomes)}\nreport: {page}",
    )
    if any(o.broken for o in outcomes):
        raise typer.Exit(FAILED)


@app.command("list")
def list_(kind: Annotated[Kind, typer.Argument(help="What to list.")], as_json: Json = False) -> None:
    """List what can be named in a spec or on the command line."""
    rows = CATALOGUES[kind]()
    width = max(len(name) for name in rows)
    _answer(as_json, lambda: rows, lambda: "\n".join(f"{name:<{width}}  {text}" for name, text in rows.items()))


@app.command()
def bounds(
    claims: Annotated[
        list[str] | None, typer.Argument(help="Claims for a store in SI units: energy=1e14 mass=2 radius=1 power=1e9.")
    ] = None,
    specific_energy: Annotated[str | None, typer.Option(help="1e20J/kg, 250Wh/kg: is such a store possible?")] = None,
    as_json: Json = False,
) -> None:
    """Limits of physics, matter and engineering beside claims; without any, the bounds of quantum batteries."""
    from qsb.stellar import scale
    from qsb.stellar.bounds import bounds_report, specific_energy_bounds

    if claims and specific_energy is not None:
        raise SpecError("give claims, as energy=1e14 mass=2, or --specific-energy, and not both.")
    if specific_energy is not None:
        value = scale.parse_specific_energy(specific_energy)
        found = scale.specific_energy_report(value)
        report = specific_energy_bounds(value, allow_unphysical=True)
        told = {"stamp": report.stamp, "report": report.to_dict()}
        _answer(as_json, lambda: found.to_dict() | told, lambda: f"{found.verdict}\n\n{report.explain()}")
    elif claims:
        report = bounds_report(**_claims(claims), allow_unphysical=True)
        _answer(as_json, report.to_dict, report.explain)
    else:
        _list_bounds(as_json)
        return
    if report.violated:
        raise typer.Exit(FAILED)


def _claims(texts: list[str]) -> dict[str, Any]:
    """Claims as `bounds_report` takes them, from name=number."""
    found: dict[str, Any] = {}
    for text in texts:
        name, _, value = text.partition("=")
        try:
            found[name.strip()] = float(value)
        except ValueError as error:
            raise SpecError(f"cannot read the claim {text!r}; write it like energy=1e14, in SI units.") from error
    return found


def _list_bounds(as_json: bool) -> None:
    """The bounds that runs compare with, and the two numbers that everything stellar is measured by."""
    from qsb.stellar import scale

    rows = known_bounds()
    light = scale.one_second_of_sunlight()
    constants = {
        "speed_of_light_squared_J_per_kg": scale.SPEED_OF_LIGHT_SQUARED,
        "one_second_of_sunlight_J": light.energy,
    }
    _answer(
        as_json,
        lambda: {**constants, "bounds": rows},
        lambda: "\n".join(
            [
                f"c^2 = {scale.SPEED_OF_LIGHT_SQUARED:.10g} J/kg: no store holds more energy per kilogram of itself.",
                f"One second of sunlight: {light.energy:.4g} J.",
                *(f"{name}: {text}" for name, text in rows.items()),
            ]
        ),
    )


def _single(spec: Any) -> xr.Dataset:
    """One run with a progress bar."""
    from qsb.runs.run import run as run_spec

    with _bar(spec.title or "run") as progress:
        return run_spec(spec, progress=progress)


def _sweep(spec: Any, store: Path | None, jobs: int) -> xr.Dataset:
    """All points, in one or several processes that share the cores between them."""
    from qsb.runs.sweep import sweep

    with _bar(spec.title or "sweep") as progress:
        if jobs == 1:
            return sweep(spec, store=store, progress=progress)
        from concurrent.futures import ProcessPoolExecutor
        from multiprocessing import get_context

        with ProcessPoolExecutor(jobs, mp_context=get_context("spawn")) as pool:
            return sweep(spec, store=store, executor=pool, progress=progress)


@contextmanager
def _bar(title: str) -> Iterator[Callable[[float], None] | None]:
    """A bar on stderr; nothing where nobody looks."""
    if not sys.stderr.isatty():
        yield None
        return
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn

    from qsb.report.progress import compiling_column

    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        TimeElapsedColumn(),
        TextColumn("left"),
        TimeRemainingColumn(),
        compiling_column(),
    )
    with Progress(*columns, console=Console(stderr=True), transient=True) as shown:
        task = shown.add_task(title, total=1.0)
        yield lambda fraction: shown.update(task, completed=fraction)


def _report_folder(spec: Any, given: Path | None) -> Path | None:
    """The folder of a report, checked before the work; the option goes before the spec's own `report`."""
    stellar = getattr(spec, "kind", "") == "stellar"
    if given is not None and (not stellar or spec.axes()):
        raise SpecError("--report belongs to a stellar spec without a sweep; take --out and --plot here.")
    named = getattr(spec, "report", None) if stellar and not spec.axes() else None
    folder = given if given is not None else None if named is None else Path(named)
    if folder is not None:
        from qsb.report.write import check_target

        check_target(folder)
    return folder


def _writable(out: Path | None, plot: Path | None) -> None:
    """Refuse files that cannot be written, such as one whose folder is not there, before the work."""
    if out is not None:
        from qsb.runs.dataset import check_file

        check_file(out)
    if plot is not None:
        from qsb.plots.save import check_path

        check_path(plot)


def _answer(as_json: bool, plain: Callable[[], Any], text: Callable[[], str]) -> None:
    """Print the answer in one of its two forms."""
    print(json.dumps(_finite(plain()), ensure_ascii=False, allow_nan=False) if as_json else text())


def _finite(value: Any) -> Any:
    """JSON has no NaN and no infinity."""
    if isinstance(value, dict):
        return {k: _finite(v) for k, v in value.items()}
    if isinstance(value, list | tuple):
        return [_finite(v) for v in value]
    if hasattr(value, "item"):
        value = value.item()
    if isinstance(value, float) and not abs(value) < float("inf"):
        return None
    return value


def main() -> None:
    """Entry point of the `qsb` command; turns errors into a sentence and an exit code."""
    try:
        app()
    except (PlanError, ConvergenceError, PhysicsBoundError) as error:
        _stop(error, FAILED)
    except QsbError as error:
        _stop(error, WRONG)
    except KeyboardInterrupt:
        _interrupted()
    except SystemExit as end:  # typer makes this of Ctrl-C inside a command
        if end.code == INTERRUPTED:
            _interrupted()
        raise
    except BrokenPipeError:
        sys.stderr.close()
        sys.exit(FAILED)
    except (OSError, MemoryError) as error:
        _stop(error, FAILED)


def _interrupted() -> None:
    print("interrupted; a sweep with --store goes on from here when it is run again", file=sys.stderr)
    sys.exit(INTERRUPTED)


def _stop(error: BaseException, code: int) -> None:
    if "--json" in sys.argv:
        needed = getattr(error, "bytes_needed", None)
        print(json.dumps({"error": type(error).__name__, "message": str(error), "bytes_needed": needed}))
    print(f"qsb: {error}", file=sys.stderr)
    sys.exit(code)


if __name__ == "__main__":
    main()
