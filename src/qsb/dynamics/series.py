"""`Series`: readouts along the save times, and the instants at which the power jumps."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from qsb.algebra.blocks import Spectrum
from qsb.algebra.copies import Copies

#: a readout over time: an array (T, ...) or a spectrum of batch (T,)
Value = NDArray[Any] | Spectrum | Copies


@dataclass(frozen=True)
class Kink:
    """An instant at which the power jumps, or turns a corner, with the charger: energy, and power before and after."""

    time: float
    energy: float
    before: float
    after: float


@dataclass(frozen=True)
class Series:
    """Readouts at the save times.

    Attributes:
        times: save times, (T,).
        values: time-dependent readouts by name, (T, ...) or a `Spectrum` of that batch.
        statics: readouts that do not depend on the state.
        drive: the stage's envelope at the save times, (T,).
        budget: the largest violation of each self-check over all save times.
        kinks: the instants at which the power jumps or turns a corner, saved or not, in order.
        start_energy: <H_B> at t = 0.
        reduced: the reduced system, for solving again at other times; None of a simulation.
        probes: times between the save times with <H_B> and its rate there, each (K,), where they were asked for.
        marks: states on the way, for solving again.
        errors: standard errors of sampled readouts by name, (T, ...); empty where nothing is sampled.
        replicas: of sampled readouts, the averages that leave out one group of samples each, for the errors of
            figures that are not linear in the state.
    """

    times: NDArray[np.float64]
    values: dict[str, Value]
    statics: dict[str, Any]
    drive: NDArray[np.float64]
    budget: dict[str, float] = field(default_factory=dict)
    kinks: tuple[Kink, ...] = ()
    start_energy: float = 0.0
    reduced: Any = None
    probes: tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]] | None = None
    marks: Any = None
    errors: dict[str, NDArray[np.float64]] = field(default_factory=dict)
    replicas: tuple[Series, ...] = ()

    def rows(self, here: Any) -> Series:
        """The same readouts at some of the times: a slice, or an array of indices."""
        return replace(
            self,
            times=self.times[here],
            values={name: rows_of(value, here) for name, value in self.values.items()},
            drive=self.drive[here],
            errors={name: value[here] for name, value in self.errors.items()},
        )


def rows_of(value: Value, here: Any) -> Value:
    """Rows of a readout over time."""
    if isinstance(value, Copies):
        return Copies(Spectrum.simple(value.cell.values[here]), value.count, value.additive)
    if isinstance(value, Spectrum):
        logs = None if value.log_values is None else value.log_values[here]
        return Spectrum(value.values[here], value.multiplicity, value.log_multiplicity, logs)
    return np.asarray(np.asarray(value)[here])


def jackknife(left_out: Sequence[NDArray[Any]]) -> NDArray[np.float64]:
    r"""Standard error :math:`\sqrt{\tfrac{g-1}{g}\sum_k(v_k-\bar v)^2}` from averages that leave out a group each.

    For a mean it is the standard error of the groups' means; for a smooth function of means it is right to first order
    (Efron and Stein 1981).
    """
    values = np.asarray(left_out, dtype=float)
    g = len(values)
    return np.asarray(np.sqrt((g - 1) / g * np.sum((values - values.mean(axis=0)) ** 2, axis=0)))
