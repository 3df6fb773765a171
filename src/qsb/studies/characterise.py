r"""A cell's `Datasheet` from two runs: one that charges it, and one that lets it stand.

The rates of the store of `qsb.stellar.store` are those of the exponentials through the begin and the end of a window in
which half of the work is lost,

.. math::
    g_r = \frac1T\ln\frac{E(0)}{E(T)},\qquad g_r + \gamma_\varphi = \frac1T\ln\frac{W(0)}{W(T)},

with E above the ground state and W the ergotropy. Their uncertainty is half the range of the same quotients between
neighbouring times; the misfit of the datasheet is what the exponentials miss in between. Where both vanish, and where
they cannot, is derived in docs/devdocs/stellar-store.md.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from qsb import checks
from qsb.algebra import structure as read
from qsb.algebra.build import dense
from qsb.charging.battery import Battery
from qsb.datasheet import Datasheet, Measure
from qsb.errors import SpecError
from qsb.units import Scale

if TYPE_CHECKING:
    import xarray as xr

__all__ = ["characterise", "levels"]

Array = NDArray[np.float64]
_LARGEST = 1024
_FIGURES = ("energy_above_ground", "ergotropy")


def characterise(
    charging: xr.Dataset,
    standing: xr.Dataset,
    battery: Battery,
    scale: Scale,
    *,
    since: float = 0.0,
    mass: Measure | None = None,
    gap: float | None = None,
    capacity: float | None = None,
    name: str | None = None,
) -> Datasheet:
    """Make a datasheet of one cell; every number of the runs is divided by their number of cells.

    Args:
        charging: a run with the figures energy_above_ground and ergotropy; the cell is charged where the first is
            largest.
        standing: a run with the same figures, whose last stage stores.
        battery: of both.
        scale: SI value of the model's units.
        since: when the store stage of `standing` begins, in units of the model.
        mass: of a cell, kg.
        gap: energy of the first excitation in units of the model; from the battery's H_B if None.
        capacity: largest energy of a cell in units of the model; from H_B if that and `gap` are None, and left out if
            only `gap` is given, as for a harmonic mode, whose energy has no end.
        name: of the cell; the battery's if None.

    Raises:
        SpecError: a figure that is missing, a run too short or without work, work that outlives the energy, an H_B that
            is too large to look at.
    """
    checks.made_of("scale", scale, Scale, "a qsb.units.Scale: Scale(parse('5 GHz')) makes one")
    lowest, highest = levels(battery) if gap is None else (gap, capacity)
    highest = highest if capacity is None else checks.number("capacity", capacity, positive=True)
    times, energy, work = _read("charging", charging)
    top = int(np.argmax(energy))
    if energy[top] <= 0 or times[top] <= times[0]:
        raise SpecError("the charging run stores nothing: let it charge from an emptier start, or longer.")
    off = _tolerance(charging) * energy[top] + _between(charging, energy[top] - energy[0])
    took = times[top] - times[0]
    fraction = min(work[top] / energy[top], 1.0)
    rates, window, misfit = _rates(*_read("standing", standing), since)
    return Datasheet(
        name=battery.name if name is None else name,
        energy=Measure(scale.joules(energy[top]), scale.joules(off)),
        power=Measure(scale.watts((energy[top] - energy[0]) / took), scale.watts(off / took)),
        ergotropy_fraction=Measure(fraction, min(2 * off / energy[top], 1.0)),
        relaxation=Measure(*(scale.omega0 * x for x in rates[0])),
        dephasing=Measure(*(scale.omega0 * x for x in rates[1])),
        gap=Measure(scale.joules(checks.number("gap", lowest, positive=True))),
        capacity=None if highest is None else Measure(scale.joules(highest)),
        mass=mass,
        window=scale.seconds(window),
        misfit=misfit,
        runs=(str(charging.attrs["fingerprint"]), str(standing.attrs["fingerprint"])),
    )


def levels(battery: Battery) -> tuple[float, float]:
    """Lowest excitation of H_B, and its largest energy a cell above the ground state, in units of the model.

    Raises:
        SpecError: an H_B of interacting cells beyond 1024 dimensions, or a flat one.
    """
    checks.made_of("battery", battery, Battery, "a Battery: qsb.models.ensemble(4) makes one")
    space = battery.space.part("battery")
    meter = read.on_part(battery.battery, battery.space, "battery")
    if space.single_spin_group and read.is_one_body(meter, space):
        found = np.linalg.eigvalsh(read.cell_matrices(meter, space))
        spans = found[:, 1] - found[:, 0]
        gaps, top = spans[spans > 0], float(spans.mean())
    elif space.dimension <= _LARGEST:
        energies = np.linalg.eigvalsh(dense(meter, space))
        steps = energies[1:] - energies[0]
        gaps, top = steps[steps > 1e-9 * max(1.0, steps.max())], steps.max() / space.sites
    else:
        raise SpecError(f"H_B has {space.dimension:.4g} dimensions, beyond {_LARGEST}: give gap and capacity.")
    if not len(gaps):
        raise SpecError("H_B has one level only, so there is nothing to store; give the cells a frequency.")
    return float(gaps.min()), float(top)


def _read(name: str, data: xr.Dataset) -> tuple[Array, Array, Array]:
    """Times, and energy and work a cell, in units of the model."""
    missing = [figure for figure in _FIGURES if figure not in data]
    if missing:
        raise SpecError(f"the {name} run lacks {', '.join(missing)}: run it with figures={list(_FIGURES)}.")
    cells = float(data["cells"])
    times, energy, work = (np.asarray(data[key].values, dtype=float) for key in ("time", *_FIGURES))
    return times, energy / cells, work / cells


def _tolerance(data: xr.Dataset) -> float:
    """Relative error that the run was asked for."""
    return float(json.loads(data.attrs["error_budget"])["tolerance"])


def _between(data: xr.Dataset, sampled: float) -> float:
    """How far the peak between the times of a run lies above the largest value at them, a cell."""
    if "peak_stored_energy" not in data:
        return 0.0
    peak = float(data["peak_stored_energy"]) / float(data["cells"])
    return max(0.0, peak - sampled) if np.isfinite(peak) else 0.0


def _rates(
    times: Array, energy: Array, work: Array, since: float
) -> tuple[tuple[tuple[float, float], tuple[float, float]], float, float]:
    """Relaxation and dephasing with uncertainties, the window, and the misfit, in units of the model."""
    later = times >= since
    times, energy, work = times[later], energy[later], work[later]
    if len(times) < 3 or not work[0] > 0:
        raise SpecError(
            f"the standing run needs work and three times or more from since = {since:g} on, but it has "
            f"{len(times)} times; save more of it."
        )
    ended = np.flatnonzero(work < work[0] / 2)
    last = int(ended[0]) if len(ended) else len(times)
    if last < 3:
        raise SpecError(
            f"half of the work is lost before the third time of the standing run, t = {times[2]:g}: save it more "
            "closely."
        )
    times, energy, work = times[:last] - times[0], energy[:last], work[:last]
    span = times[-1]
    relaxation, all_ways = (np.log(x[0] / x[-1]) / span for x in (energy, work))
    local = [-np.diff(np.log(x)) / np.diff(times) for x in (energy, work)]
    spread = [float(np.ptp(x)) / 2 for x in local]
    slack = 1e-6 * max(abs(relaxation), abs(all_ways)) + 1e-7 / span
    if relaxation < -slack or all_ways < relaxation - slack:
        raise SpecError(
            f"energy leaks at {relaxation:.3g} and work at {all_ways:.3g} a unit of time: this is no store that loses "
            "both, and work faster. Is something charging, or do parts of the battery leak at rates of their own?"
        )
    relaxation = max(float(relaxation), 0.0)
    missed = [x - x[0] * np.exp(-rate * times) for x, rate in ((energy, relaxation), (work, all_ways))]
    misfit = max(float(np.abs(x).max()) for x in missed) / float(energy[0])
    dephasing = max(float(all_ways) - relaxation, 0.0)
    return ((relaxation, spread[0]), (dephasing, spread[0] + spread[1])), float(span), misfit
