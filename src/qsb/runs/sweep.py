"""Sweeps: every point of the named axes of a spec, one file a point, so that a killed sweep resumes."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import Future, as_completed
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np

from qsb.errors import PlanError, QsbError, SpecError
from qsb.runs.batch import Batch, in_batches
from qsb.runs.dataset import check, read, remove_stale, variable, write
from qsb.runs.run import plan, run
from qsb.runs.versions import versions

if TYPE_CHECKING:
    import xarray as xr

    from qsb.runs.document import Document
    from qsb.runs.spec import Spec


#: why a series of a sweep is left out though every point has it
_TIMES_DIFFER = "the points have different save times"


class Executor(Protocol):
    """Anything with `submit`: a `concurrent.futures` pool, or Dask's ``Client.get_executor()``."""

    def submit(self, fn: Callable[..., Any], /, *args: Any) -> Future[Any]:
        """Schedule a call."""
        ...


def sweep(
    spec: Any,
    *,
    store: str | Path | None = None,
    executor: Executor | None = None,
    progress: Callable[[float], None] | None = None,
) -> xr.Dataset:
    """Run every point of a spec's ``[sweep]`` and return one dataset with the swept axes in front.

    All points are planned before the first one starts. With a store, each finished point is one file that
    appears whole or not at all; points that are there are read and not run again, so an interrupted sweep
    resumes.

    Args:
        spec: a `Spec`, or what `load_spec` reads.
        store: folder of the points; made if it is not there.
        executor: where points run; in this process, one after another, by default.
        progress: called with the fraction of points that are done.

    Raises:
        SpecError: if the spec has no sweep.
        PlanError: if a point does not fit in memory; it names the point.
    """
    from qsb.runs.spec import Spec, load_spec

    whole = load_spec(spec)
    if not whole.axes():
        raise SpecError("The spec has no [sweep]; add one, or use run().")
    if store is None and executor is None and isinstance(whole, Spec):
        together = in_batches(whole, progress)
        if together is not None:
            return _arranged(together, whole)
    points = whole.points()
    folder = None if store is None else Path(store)
    if folder is not None and folder.exists() and not folder.is_dir():
        raise SpecError(f"The store {str(store)!r} is a file; name a folder for the points of the sweep.")
    _plan_all(points)
    if folder is not None:
        open_store(folder)
        _note(folder, whole)
    found: dict[int, xr.Dataset] = {}
    for index, data in _results(points, folder, executor):
        found[index] = data
        if progress is not None:
            progress(len(found) / len(points))
    return combine([c for c, _ in points], [found[k] for k in range(len(points))], whole)


def _arranged(batch: Batch, spec: Spec) -> xr.Dataset:
    """One dataset of a sweep that was solved together."""
    import xarray as xr

    from qsb.runs.spec import axis_names

    axes = dict(zip(axis_names(list(spec.axes())), spec.axes().values(), strict=True))
    shape = tuple(len(values) for values in axes.values())
    variables = {
        name: variable(name, (*axes, *extra), values.reshape(*shape, *values.shape[1:]))
        for found, extra in ((batch.series, ("time",)), (batch.scalars, ()))
        for name, values in found.items()
        if name not in axes
    }
    coords: dict[str, Any] = {name: _coordinate(name, values) for name, values in axes.items()}
    coords["time"] = variable("time", ("time",), batch.time)
    count = int(np.prod(shape))
    attributes = batch.attributes | {
        "title": spec.title or "sweep",
        "spec": spec.to_toml(),
        "fingerprint": key(spec.to_toml()),
        "plan": json.dumps([json.loads(batch.attributes["plan"])["representation"]] * count),
        "left_out": json.dumps(batch.attributes["left_out"]),
    }
    return check(xr.Dataset(variables, coords=coords, attrs=attributes))


def _plan_all(points: Sequence[tuple[Mapping[str, Any], Document]]) -> None:
    """Refuse before the first point starts."""
    for coordinates, point in points:
        try:
            plan(point)
        except PlanError as error:
            where = ", ".join(f"{k} = {v}" for k, v in coordinates.items())
            raise PlanError(f"At the point {where}: {error}", error.bytes_needed) from error


def _results(
    points: Sequence[tuple[Mapping[str, Any], Document]], folder: Path | None, executor: Executor | None
) -> Iterator[tuple[int, xr.Dataset]]:
    """Yield (index, dataset) of every point: stored ones first, then as they finish."""
    waiting: dict[Future[xr.Dataset], int] = {}
    todo: list[tuple[int, str, Path | None]] = []
    for index, (_, point) in enumerate(points):
        text = point.to_toml()
        path = None if folder is None else folder / f"{key(text)}.nc"
        stored = _stored(path)
        if stored is not None:
            yield index, stored
        else:
            todo.append((index, text, path))
    if executor is None:
        for index, text, path in todo:
            yield index, compute(text, path)
        return
    for index, text, path in todo:
        waiting[executor.submit(compute, text, path)] = index
    try:
        for future in as_completed(waiting):
            yield waiting[future], future.result()
    finally:
        for future in waiting:
            future.cancel()


def compute(text: str, path: Path | None) -> xr.Dataset:
    """Run one point from its TOML text and store it: what a worker does."""
    data = run(text)
    if path is not None:
        write(data, path)
    return data


def key(text: str) -> str:
    """Name of a point: a digest of its spec and of the version that computes it."""
    return hashlib.sha256(json.dumps([text, versions()["qsb"]]).encode()).hexdigest()[:24]


def _stored(path: Path | None) -> xr.Dataset | None:
    """A finished point; a file that cannot be read counts as not there."""
    if path is None or not path.is_file():
        return None
    try:
        return read(path)
    except QsbError:
        return None


def open_store(folder: Path) -> None:
    """Make the folder if it is not there, and sweep away what killed writers left.

    Raises:
        SpecError: if there is a file in its place, or it cannot be made.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except (FileExistsError, NotADirectoryError) as error:
        raise SpecError(f"The store {str(folder)!r} is a file, or lies below one; name a folder.") from error
    except OSError as error:
        raise SpecError(f"The store {str(folder)!r} cannot be made: {error.strerror}; name another folder.") from error
    remove_stale(folder)


def _note(folder: Path, spec: Document) -> None:
    """Leave the sweep's spec beside its points, for a reader."""
    part = folder / f".sweep.toml.{os.getpid()}.part"
    part.write_text(spec.to_toml(), encoding="utf-8")
    os.replace(part, folder / "sweep.toml")


def combine(coordinates: Sequence[Mapping[str, Any]], datasets: Sequence[xr.Dataset], spec: Document) -> xr.Dataset:
    """Stack points (last axis fastest) into one dataset with the swept axes in front.

    Variables that not every point has, and time series where the save times differ, are left out;
    ``left_out`` gives the reason of each by its name.
    """
    import xarray as xr

    names = list(coordinates[0])
    axes = {name: list(dict.fromkeys(_hashable(c[name]) for c in coordinates)) for name in names}
    shape = tuple(len(values) for values in axes.values())
    first = datasets[0]
    same = [str(k) for k in first.coords if all(k in d and np.array_equal(first[k], d[k]) for d in datasets)]
    shared = [str(k) for k in first.data_vars if all(k in d for d in datasets) and k not in names]
    kept = [k for k in shared if set(map(str, first[k].dims)) <= set(same)]
    variables = {}
    for name in kept:
        stacked = np.stack([d[name].values for d in datasets]).reshape(*shape, *first[name].shape)
        variables[name] = ((*names, *map(str, first[name].dims)), stacked, dict(first[name].attrs))
    units = dict(zip(names, map(spec.unit_of, spec.axes()), strict=True))
    coords: dict[str, Any] = {name: _coordinate(name, values, units[name]) for name, values in axes.items()}
    for name in same:
        coords[name] = (first[name].dims, first[name].values, dict(first[name].attrs))
    everything = {str(k) for d in datasets for k in d.data_vars} - set(names)
    attributes = dict(first.attrs) | {
        "title": spec.title or first.attrs["title"],
        "spec": spec.to_toml(),
        "fingerprint": key(spec.to_toml()),
        "plan": json.dumps([json.loads(d.attrs["plan"])["representation"] for d in datasets]),
        "exact": int(all(d.attrs["exact"] for d in datasets)),
        "error_budget": json.dumps(_worst([json.loads(d.attrs["error_budget"]) for d in datasets])),
        "left_out": json.dumps(_left_out(datasets, sorted(everything - set(kept)))),
    }
    if first.attrs.get("kind") == "stellar":
        from qsb.runs.stellar.answers import merged

        attributes |= merged([d.attrs for d in datasets])
    return check(xr.Dataset(variables, coords=coords, attrs=attributes))


def _left_out(datasets: Sequence[xr.Dataset], missing: Sequence[str]) -> dict[str, str]:
    """Why each figure that some point has, or a run has by default, is not given; by name of the figure."""
    told = list(dict.fromkeys(str(d.attrs.get("left_out", "")) for d in datasets))
    if len(told) == 1 and told[0]:
        # no point has it
        return {"peaks": told[0]} | dict.fromkeys(missing, _TIMES_DIFFER)
    out = {}
    for name in missing:
        without = [str(d.attrs.get("left_out", "")) for d in datasets if name not in d]
        reasons = "; ".join(dict.fromkeys(r for r in without if r)) or "it is not defined there"
        out[name] = f"missing at {len(without)} of {len(datasets)} points: {reasons}" if without else _TIMES_DIFFER
    return out


def _worst(budgets: Sequence[Mapping[str, float]]) -> dict[str, float]:
    """The largest violation of each check over all points."""
    return {name: max(b.get(name, 0.0) for b in budgets) for b in budgets for name in b}


def _hashable(value: Any) -> Any:
    """Lists (one value a cell) as text."""
    return json.dumps(value) if isinstance(value, list | dict) else value


def _coordinate(name: str, values: list[Any], unit: str | None = None) -> tuple[tuple[str], Any, dict[str, str]]:
    """A swept axis; with unit and symbol where it is a quantity, or with the unit of its key."""
    from qsb.quantities import names, quantity

    if unit is not None:
        attributes = {"long_name": name.replace("_", " ").capitalize(), "units": unit or "1"}
    else:
        attributes = dict(quantity(name).attributes) if name in names() else {"long_name": name}
    return (name,), np.array(values), attributes


__all__ = ["Executor", "combine", "compute", "key", "sweep"]
