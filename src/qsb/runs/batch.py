"""Sweeps over the rates of channels, all points at once: the reduced problem is built once, not once a point."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Callable, Iterator, Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from qsb.charging.problem import Problem
from qsb.dynamics.series import Series
from qsb.dynamics.together import Family
from qsb.runs.balance import BALANCE
from qsb.runs.closer import Closer, look_closer, look_once
from qsb.runs.figures import FIGURES, Reading
from qsb.runs.resolved import Told
from qsb.runs.run import NO_PEAKS, UNASKED, peaked, peaks_of, plan_problem, provenance, scalars_of

if TYPE_CHECKING:
    from qsb.runs.spec import Spec

RealArray = NDArray[np.float64]

_RATE = re.compile(r"channel\.(\d+)\.rate")
#: where between two save times the interpolants are asked, as a part of the step
_PROBE = 0.6180339887498949
#: points whose peaks are looked for together: their series fill a cache
_TOGETHER = 32


@dataclasses.dataclass(frozen=True)
class Batch:
    """All points of a sweep.

    Attributes:
        series: variables along time, (points, T).
        scalars: variables without time, (points,).
        attributes: of the dataset; `left_out` says by name of a figure why it is not given.
        time: the save times.
    """

    series: dict[str, RealArray]
    scalars: dict[str, RealArray]
    attributes: dict[str, Any]
    time: RealArray


def in_batches(spec: Spec, progress: Callable[[float], None] | None = None) -> Batch | None:
    """Solve all points together; None where they differ in more than rates, are too large, or want more than that.

    Args:
        spec: with a sweep.
        progress: called with the fraction of points that are done.
    """
    axes = spec.axes()
    found = [_RATE.fullmatch(path) for path in axes]
    if BALANCE & {*spec.figures, spec.save.charging_time_of}:
        return None
    if not all(found) or any(isinstance(c.rate, list) for c in spec.channel) or spec.save.steady:
        return None
    which = [int(m.group(1)) for m in found if m]
    if max(which) >= len(spec.channel) or len(set(which)) < len(which):
        return None
    corner = _with_rates(spec, dict(zip(which, (max(values, key=_size) for values in axes.values()), strict=True)))
    if corner is None:
        return None
    rates = np.tile(
        [float(np.asarray(c.rate)) for c in corner.channel], (int(np.prod([len(v) for v in axes.values()])), 1)
    )
    grid = np.meshgrid(*(np.asarray(v, dtype=float) for v in axes.values()), indexing="ij")
    rates[:, which] = np.stack([g.ravel() for g in grid], axis=1)
    if not np.isfinite(rates).all() or (rates < 0).any():
        return None  # the usual way names the point
    return _solved(corner, rates, progress)


def _size(value: Any) -> float:
    """A number to compare axes' values by; what is none comes last and is refused later."""
    return float(value) if isinstance(value, int | float) and not isinstance(value, bool) else np.inf


def _with_rates(spec: Spec, rates: Mapping[int, Any]) -> Spec | None:
    """The spec at one point; None if a rate is no plain number."""
    if any(not np.isfinite(_size(r)) for r in rates.values()):
        return None
    table = {k: v for k, v in spec.to_dict().items() if k != "sweep"}
    table["channel"] = [dict(c) | ({"rate": rates[i]} if i in rates else {}) for i, c in enumerate(table["channel"])]
    return type(spec).of(table)


def _solved(corner: Spec, rates: RealArray, progress: Callable[[float], None] | None) -> Batch | None:
    problem, tolerance = corner.problem(), corner.solve.tolerance or 1e-8
    timed = corner.save.charging_time_of
    wanted = tuple(dict.fromkeys((*corner.figures, timed)))
    made = plan_problem(
        problem,
        wanted,
        subset=corner.subset,
        cut=corner.cut,
        representation=corner.solve.representation,
        integrator=corner.solve.integrator,
        memory=corner.solve.memory,
    )
    family = Family.of(problem, made)
    if family is None or len(problem.times) < 2:
        return None
    columns: dict[str, list[RealArray]] = {name: [] for name in corner.figures}
    tops: list[dict[str, float]] = []
    budget: dict[str, float] = {}
    closers: list[Closer] = []
    reading: Reading | None = None
    done = 0
    for series in family.solve(rates, problem.times, tolerance):
        reading = Reading(problem, series)
        points = len(series.times) // len(problem.times)
        values = {name: np.asarray(FIGURES[name](reading)) for name in wanted}
        for name, rows in columns.items():
            rows.append(values[name].reshape(points, -1))
        budget = {k: max(v, budget.get(k, 0.0)) for k, v in series.budget.items()}
        if corner.save.peaks:
            wanted_tops = peaked(corner.figures, timed, reading)
            known = {name: values.get(name, FIGURES[name](reading)).reshape(points, -1) for name in wanted_tops}
            for closer in _closers(family, rates[done : done + points], series, known, tolerance):
                closers.append(closer)
                tops.append(peaks_of(reading, closer, timed, "ergotropy" in columns) if closer.resolved else {})
        done += points
        if progress is not None:
            progress(done / len(rates))
    assert reading is not None
    shared = set.intersection(*(set(t) for t in tops)) if tops else set()
    scalars = {name: np.full(len(rates), float(v)) for name, v in scalars_of(problem, reading).items()}
    scalars |= {name: np.array([t[name] for t in tops]) for name in sorted(shared)}
    overall = Closer({}, max(c.error for c in closers), all(c.resolved for c in closers)) if closers else None
    whole = dataclasses.replace(reading.series, budget=budget)
    attributes = provenance(problem, made, whole, wanted, tolerance, overall) | {"charging_time_of": timed}
    attributes |= {"seed": corner.solve.seed, "left_out": _left_out(tops, shared)}
    kept = {name: np.concatenate(rows) for name, rows in columns.items()}
    return Batch(kept, scalars, attributes, np.array(problem.times))


def _left_out(tops: list[dict[str, float]], shared: set[str]) -> dict[str, str]:
    """Why each figure that some point has, or a run has by default, is not given; by name of the figure."""
    if not tops:
        return {"peaks": UNASKED}
    missing = sorted({k for t in tops for k in t} - shared)
    unresolved = sum(not t for t in tops)
    if unresolved == len(tops):
        return {"peaks": NO_PEAKS}
    return {name: f"missing at {unresolved} of {len(tops)} points: {NO_PEAKS}" for name in missing}


def _closers(
    family: Family, rates: RealArray, series: Series, values: dict[str, RealArray], tolerance: float
) -> Iterator[Closer]:
    """The peaks of each point; energies and powers between all save times are the probes."""
    problem, times = family.problem, family.problem.times
    between = times[:-1] + _PROBE * np.diff(times)
    narrow = dataclasses.replace(family, plan=_energies_only(family.plan))
    energies, powers = [], []
    for told in narrow.solve(rates, between, tolerance):
        energies.append(np.asarray(told.values["energy"]).reshape(-1, len(between)))
        powers.append(np.asarray(told.values["power"]).reshape(-1, len(between)))
    energy, power = np.concatenate(energies), np.concatenate(powers)
    kinks = family.kinks(rates)
    once: list[Closer | None] = []
    for first in range(0, len(rates), _TOGETHER):
        here = slice(first, first + _TOGETHER)
        if any(kinks[here]):
            once += [None] * len(kinks[here])
        else:
            some = {name: rows[here] for name, rows in values.items()}
            once += look_once(problem, series.start_energy, some, Told(between, energy[here], power[here]))
    for k, (row, found) in enumerate(zip(rates, once, strict=True)):
        if found is None:
            part = series.rows(slice(k * len(times), (k + 1) * len(times)))
            alone = dataclasses.replace(part, probes=(between, energy[k], power[k]), kinks=kinks[k])
            one = Reading(_at(problem, row), alone)
            found = look_closer(one.problem, family.plan, one, tuple(values), tolerance)
        yield found


def _energies_only(made: Any) -> Any:
    return dataclasses.replace(made, request=dataclasses.replace(made.request, needs=frozenset({"energy", "power"})))


def _at(problem: Problem, rates: RealArray) -> Problem:
    """The problem with these rates."""
    channels = (dataclasses.replace(c, rate=float(r)) for c, r in zip(problem.channels, rates, strict=True))
    return dataclasses.replace(problem, channels=tuple(channels))


__all__ = ["Batch", "in_batches"]
