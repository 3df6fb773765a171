"""One call: problem (or spec) in, checked dataset out."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import replace
from numbers import Real
from typing import TYPE_CHECKING, Any

import numpy as np

from qsb import checks
from qsb.charging.problem import Problem
from qsb.dynamics import plan as planner
from qsb.dynamics.charged import watched, widened
from qsb.dynamics.plan import Plan
from qsb.dynamics.representation import Request
from qsb.dynamics.series import Series
from qsb.dynamics.solve import solve
from qsb.dynamics.steady import refuse
from qsb.errors import CutoffError, SpecError
from qsb.quantities import quantity
from qsb.runs.balance import BALANCE, with_heat
from qsb.runs.closer import MOST_LEVELS, MOST_POINTS, Closer, look_closer, probes
from qsb.runs.dataset import CONVENTIONS, check, variable
from qsb.runs.figures import FIGURES, SUBSET, Reading, check_figures, needs, standard_error
from qsb.runs.given import chosen_figures, refuse_beside_stellar, with_arguments
from qsb.runs.steady import steady_figures
from qsb.runs.versions import versions

if TYPE_CHECKING:
    import xarray as xr

    from qsb.runs.stellar.run import StellarPlan

NO_PEAKS = (
    f"peaks: {MOST_POINTS} times, or {MOST_LEVELS} halvings of an interval, do not resolve them, or they are as small "
    "as the errors of the solver's steps; shorten the window, save closer to the pulse, or lower the tolerance"
)
UNASKED = "peaks: not asked for"
_APPROXIMATE = (
    "peaks: between the save times they are looked for in exact results only; take the largest value at the save times"
)
_COLLISIONS = "peaks: collisions are read at the save times only; take the largest value there"
#: the span of V comes unasked where it costs no more than this many dimensions
_SPAN_DIMENSION = 4096
#: and for collective V, whose every spin sector is looked at, up to this many cells
_SPAN_CELLS = 100


def plan(
    problem: Any,
    figures: Sequence[str] | None = None,
    *,
    subset: Sequence[int] = (),
    cut: int | None = None,
    representation: str | None = None,
    integrator: str | None = None,
    memory: int | str | None = None,
    samples: int | None = None,
    bond: int | None = None,
    seed: int | None = None,
) -> Plan | StellarPlan:
    """Say how a problem would be solved: representation, size, bytes, and why not the cheaper ones.

    Of a stellar spec: its intervals, and what it is made of.

    Args:
        problem: a `Problem`, a `Spec`, or what `load_spec` reads (path, TOML text, mapping).
        figures: names of time series (see docs/nomenclature.md).
        subset: cells of ``subset_ergotropy``.
        cut: number of first cells on one side, for ``entanglement_entropy``.
        representation: ``auto``, or the name of one of `qsb list representations`.
        integrator: ``auto``, or the name of the one that every segment is advanced by.
        memory: bytes, or a text like ``"4 GiB"`` (the default).
        samples: number of trajectories, 200 by default.
        bond: largest bond dimension of a matrix-product state, 128 by default.
        seed: of the trajectories, 0 by default.

    Raises:
        SpecError: on an impossible request.
        PlanError: if nothing fits; carries the bytes and what to do.
    """
    given = locals()
    if isinstance(problem, Problem):
        return plan_problem(**given)
    from qsb.runs.spec import Spec, load_spec

    spec = load_spec(problem)
    if not isinstance(spec, Spec):
        from qsb.runs.stellar.run import plan_stellar

        refuse_beside_stellar(given)
        return plan_stellar(spec)
    spec = with_arguments(spec, figures, given)
    return plan_problem(
        spec.problem(),
        spec.figures,
        subset=spec.subset,
        cut=spec.cut,
        representation=spec.solve.representation,
        integrator=spec.solve.integrator,
        memory=spec.solve.memory,
        samples=spec.solve.samples,
        bond=spec.solve.bond,
        seed=spec.solve.seed,
    )


def plan_problem(
    problem: Problem,
    figures: Sequence[str] | None = None,
    *,
    subset: Sequence[int] = (),
    cut: int | None = None,
    representation: str | None = None,
    integrator: str | None = None,
    memory: int | str | None = None,
    samples: int | None = None,
    bond: int | None = None,
    seed: int | None = None,
) -> Plan:
    """`plan` of what is a problem already."""
    chosen, subset = chosen_figures(figures), checks.several("subset", subset, "a list of cells, e.g. [0, 1]")
    check_figures(chosen, problem, subset, cut)
    request = Request(needs(chosen, problem), subset, cut or 0, *_sizes(samples, bond, seed))
    options = {
        "representation": "auto" if representation is None else representation,
        "integrator": "auto" if integrator is None else integrator,
        "memory": "4 GiB" if memory is None else memory,
    }
    made = planner.plan(problem, request, **options)  # type: ignore[arg-type]
    return _with_span(problem, made, request, options)


def _check_words(peaks: Any, steady: Any, title: Any, spec: Any, progress: Any) -> None:
    """Refuse a text where True or False is asked, and the like."""
    checks.flag("peaks", peaks)
    if steady is not None:
        checks.flag("steady", steady)
    checks.word("title", title)
    checks.word("spec, the text that the problem came from,", spec)
    if progress is not None and not callable(progress):
        raise SpecError(f"progress must be a function of the fraction that is done, but it is {progress!r}.")


def _sizes(samples: int | None, bond: int | None, seed: int | None) -> tuple[int, int, int]:
    """Trajectories, bond dimension and seed, checked."""
    given = {"samples": (samples, Request.samples, 2), "bond": (bond, Request.bond, 1), "seed": (seed, 0, 0)}
    for name, (value, _, least) in given.items():
        if value is not None and (not isinstance(value, int | np.integer) or value < least):
            raise SpecError(f"{name} must be a whole number, {least} or more, but it is {value!r}.")
    a, b, c = (default if value is None else int(value) for value, default, _ in given.values())
    return a, b, c


def _with_span(problem: Problem, made: Plan, request: Request, options: dict[str, Any]) -> Plan:
    """Also read the span of V where the chosen representation has it for little."""
    if "span" in request.needs or problem.battery.drives or problem.structure.charged:
        return made
    wider = replace(request, needs=request.needs | {"span"})
    taken = next(r for r in planner.REPRESENTATIONS if r.name == made.representation)
    cheap = problem.structure.one_body or (
        made.representation in ("symmetric", "fermion") and problem.cells <= _SPAN_CELLS
    )
    if (cheap or problem.battery.space.dimension <= _SPAN_DIMENSION) and taken.lacks(problem, wider.needs) is None:
        return planner.plan(problem, wider, **{**options, "representation": made.representation}).passing_over(
            made.refused
        )
    return made


def run(
    problem: Any,
    figures: Sequence[str] | None = None,
    *,
    subset: Sequence[int] = (),
    cut: int | None = None,
    representation: str | None = None,
    integrator: str | None = None,
    memory: int | str | None = None,
    tolerance: float | None = None,
    charging_time_of: str | None = None,
    peaks: bool = True,
    steady: bool | None = None,
    samples: int | None = None,
    bond: int | None = None,
    seed: int | None = None,
    title: str = "",
    spec: str = "",
    progress: Callable[[float], None] | None = None,
) -> xr.Dataset:
    """Solve a problem and return its figures of merit as a checked dataset along ``time``, with scalars.

    Args:
        problem: a `Problem`, a `Spec`, or what `load_spec` reads (path, TOML text, mapping). A spec with a
            ``[sweep]`` is swept.
        figures: names of time series (see docs/nomenclature.md); stored energy, energy above ground, power,
            average power and ergotropy by default.
        subset: cells of ``subset_ergotropy`` and of the figures across a cut (``negativity`` and others).
        cut: number of first cells on one side, for ``entanglement_entropy``.
        representation: ``auto``, or the name of one of `qsb list representations`.
        integrator: ``auto``, or the name of the one that every segment is advanced by.
        memory: the most that the plan may take, bytes or a text like ``"4 GiB"`` (the default).
        tolerance: bound on the error of the state; 1e-8 by default (``mps``: see there). Every self-check must
            hold within ten times of it.
        charging_time_of: the figure whose maximum defines the charging time; ``stored_energy`` by default.
        peaks: whether the largest values between the save times are looked for.
        steady: whether to add the figures of the steady state that the last stage leads to.
        samples: number of trajectories, 200 by default.
        bond: largest bond dimension of a matrix-product state, 128 by default.
        seed: of the trajectories; kept in the dataset.
        title: kept in the dataset.
        spec: the TOML text that the problem came from, kept in the dataset.
        progress: called with the fraction of save times that are done.

    Raises:
        SpecError: on an impossible request.
        StructureError: on ill-defined physics.
        PlanError: if nothing fits in memory.
        ConvergenceError: if a result fails its own checks; it is not returned.
    """
    if not isinstance(problem, Problem):
        return _run_spec(problem, figures, locals())
    if tolerance is not None and not (isinstance(tolerance, Real) and 1e-13 <= tolerance <= 1e-2):
        raise SpecError(f"The tolerance must lie between 1e-13 and 1e-2, but it is {tolerance!r}.")
    _check_words(peaks, steady, title, spec, progress)
    chosen = tuple(dict.fromkeys(chosen_figures(figures)))
    timed = "stored_energy" if charging_time_of is None else checks.word("charging_time_of", charging_time_of)
    if timed not in FIGURES:
        quantity(timed)
        raise SpecError(f"charging_time_of must be a time series, but it is {timed!r}.")
    if timed in BALANCE and problem.structure.dissipative:
        raise SpecError(
            f"charging_time_of cannot be {timed!r} with channels: an integral over time has no peak search."
        )
    wanted = tuple(dict.fromkeys((*chosen, timed)))
    if steady:
        refuse(problem)
    made = plan_problem(
        problem,
        wanted,
        subset=subset,
        cut=cut,
        representation=representation,
        integrator=integrator,
        memory=memory,
        samples=samples,
        bond=bond,
        seed=seed,
    )
    taken = next(r for r in planner.REPRESENTATIONS if r.name == made.representation)
    default: float = getattr(taken, "tolerance", 1e-8)
    bound = tolerance or default
    looked = peaks and made.exact and not problem.structure.collisional
    closer = None
    try:
        between = probes(problem.times) if looked else None
        series = solve(problem, made, tolerance=bound, progress=progress, probes=between)
        reading = Reading(problem, series)
        if "flows" in made.request.needs:
            series = with_heat(problem, made, series, bound, reading.scale)
            reading = Reading(problem, series)
        if looked:
            closer = look_closer(problem, made, reading, peaked(chosen, timed, reading), bound)
        still = steady_figures(problem, made, reading, chosen, bound) if steady else {}
    except CutoffError as error:
        wider = widened(problem, error.group)
        if wider is None:
            raise
        return run(
            wider,
            chosen,
            subset=subset,
            cut=cut,
            representation=representation,
            integrator=integrator,
            memory=memory,
            tolerance=tolerance,
            charging_time_of=timed,
            peaks=peaks,
            steady=steady,
            samples=samples,
            bond=bond,
            seed=seed,
            title=title,
            spec=spec,
            progress=progress,
        )
    values = {name: FIGURES[name](reading) for name in wanted}
    described = {
        "title": title or problem.battery.name,
        "spec": spec,
        "seed": made.request.seed,
        "charging_time_of": timed,
    }
    shown = {name: values[name] for name in chosen}
    if series.replicas:
        shown |= {f"{name}_error": standard_error(reading, name) for name in chosen if name != "drive"}
    data = _dataset(problem, reading, closer, shown, timed)
    for name, value in still.items():
        data[name] = variable(name, (), value)
    data.attrs.update(described | provenance(problem, made, series, wanted, bound, closer))
    for name in SUBSET & set(data.data_vars):
        data[name].attrs["cells"] = json.dumps(list(subset))
    if "entanglement_entropy" in data:
        data["entanglement_entropy"].attrs["cut"] = json.dumps(cut)
    return check(data)


def peaked(chosen: Sequence[str], timed: str, reading: Reading) -> tuple[str, ...]:
    """Series whose maxima a run gives; of a pure state W = E - E_0 peaks with the energy."""
    more = ("ergotropy",) if "ergotropy" in chosen and not reading.pure else ()
    return tuple(dict.fromkeys(("stored_energy", "power", "average_power", timed, *more)))


def _run_spec(source: Any, figures: Sequence[str] | None, arguments: dict[str, Any]) -> xr.Dataset:
    """Run a spec file, its own settings filled in where the call gave none."""
    from qsb.runs.spec import Spec, load_spec
    from qsb.runs.sweep import sweep

    loaded = load_spec(source)
    if not isinstance(loaded, Spec):
        from qsb.runs.stellar.run import run_stellar

        refuse_beside_stellar(arguments)
        return sweep(loaded, progress=arguments["progress"]) if loaded.axes() else run_stellar(loaded)
    spec = with_arguments(loaded, figures, arguments)
    if spec.axes():
        return sweep(spec, progress=arguments["progress"])
    return run(
        spec.problem(),
        spec.figures,
        subset=spec.subset,
        cut=spec.cut,
        representation=spec.solve.representation,
        integrator=spec.solve.integrator,
        memory=spec.solve.memory,
        tolerance=spec.solve.tolerance,
        samples=spec.solve.samples,
        bond=spec.solve.bond,
        seed=spec.solve.seed,
        title=spec.title,
        spec=spec.to_toml(),
        charging_time_of=spec.save.charging_time_of,
        peaks=spec.save.peaks,
        steady=spec.save.steady,
        progress=arguments["progress"],
    )


def _dataset(
    problem: Problem, reading: Reading, closer: Closer | None, values: dict[str, Any], timed: str
) -> xr.Dataset:
    """Series and scalars with their attributes."""
    import xarray as xr

    variables = {name: variable(name, ("time",), v) for name, v in values.items()}
    scalars = scalars_of(problem, reading)
    if closer is not None and closer.resolved:
        scalars = peaks_of(reading, closer, timed, "ergotropy" in values) | scalars
    for name, v in scalars.items():
        variables[name] = variable(name, (), v)
    times = variable("time", ("time",), np.array(reading.series.times))
    return xr.Dataset(variables, coords={"time": times})


def peaks_of(reading: Reading, closer: Closer, timed: str, ergotropy: bool) -> dict[str, float]:
    """The largest values, and when they are reached, between the save times as well."""
    tops = closer.tops
    out = {
        "charging_time": tops["stored_energy" if timed == "energy_above_ground" else timed][0],
        "peak_stored_energy": tops["stored_energy"][1],
        "peak_power": tops["power"][1],
        "peak_power_time": tops["power"][0],
        "peak_average_power": tops["average_power"][1],
    }
    if ergotropy:
        # of a pure state W = E - E_0, whose slope is the power
        offset = reading.series.start_energy - reading.extremes[0]
        out["peak_ergotropy"] = tops["stored_energy"][1] + offset if reading.pure else tops["ergotropy"][1]
    return out


def scalars_of(problem: Problem, reading: Reading) -> dict[str, float]:
    """What describes the battery."""
    out = {
        "ground_energy": reading.extremes[0],
        "body_order": problem.structure.body_order,
        "cells": problem.cells,
    }
    if "span" in reading.series.statics:
        low, high = reading.span
        out["charger_span"] = high - low
    return out


def provenance(
    problem: Problem, made: Plan, series: Series, figures: tuple[str, ...], tolerance: float, closer: Closer | None
) -> dict[str, Any]:
    """What is needed to make the numbers again, and how far they can be trusted."""
    references = [problem.battery.reference, *(quantity(name).reference for name in figures)]
    return {
        "fingerprint": problem.fingerprint,
        "plan": json.dumps(made.to_dict()),
        "exact": int(made.exact),
        "versions": json.dumps(versions()),
        # of modes, as raised where a run may raise them
        "cutoffs": json.dumps({name: cutoff for name, _, cutoff in watched(problem) if made.truncates}),
        "error_budget": json.dumps(
            {"tolerance": tolerance, **series.budget} | ({} if closer is None else {"peaks": closer.error})
        ),
        # the reason if peaks are missing; they are not given where the window holds too many oscillations to see each
        "left_out": (_COLLISIONS if problem.structure.collisional else UNASKED if made.exact else _APPROXIMATE)
        if closer is None
        else ""
        if closer.resolved
        else NO_PEAKS,
        "references": "; ".join(dict.fromkeys(r for r in references if r)),
        "conventions": CONVENTIONS,
    }
