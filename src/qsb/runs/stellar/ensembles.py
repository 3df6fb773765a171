"""Ensembles of flare years: what the largest flare and the buffer are in a year of a given rarity."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from qsb.errors import SpecError
from qsb.runs.stellar.answers import Answers
from qsb.runs.stellar.ensemble_form import EnsembleForm
from qsb.runs.stellar.parts import Part, weakest
from qsb.stellar.constants import YEAR
from qsb.stellar.flare_ensemble import size_buffers
from qsb.stellar.flare_process import FlareProcess
from qsb.stellar.flare_shape import ExponentialPulse
from qsb.stellar.history import weakest as weakest_of_store
from qsb.stellar.leaky_buffer import laws_of, size_leaky_buffers
from qsb.stellar.modulated import ModulatedFlares
from qsb.stellar.modulated_ensemble import size_modulated_buffers
from qsb.stellar.status import Status
from qsb.stellar.store import Store

__all__ = ["Years", "process_of", "years_of"]

#: flares to expect; at ten million a second and core more would take hours
_MOST = 1e11


@dataclass(frozen=True)
class Years:
    """An ensemble that is ready to be sampled; made by `years_of`.

    Attributes:
        form: members, years, quantiles and level.
        process: of the flares.
        cap: of the work that flares bring, in units of the quiet work times `gain`; above 1.
        power: that work in W: what a flare as bright as the quiet star would bring.
        seed: of the streams.
        part: what it is.
        least: status of source and collector, and of the store whose losses the buffers have.
        store: that store; None for buffers without losses.
    """

    form: EnsembleForm
    process: FlareProcess | ModulatedFlares
    cap: float
    power: float
    seed: int
    part: Part
    least: Status
    store: Store | None = None

    def sample(self, answers: Answers) -> None:
        """Follow all members, and put quantiles with their intervals into the answers."""
        form, process = self.form, self.process
        of = self.cap, form.members
        numbers: dict[str, Any] = {"seed": self.seed, "years": form.years, "quiescent": self.power}
        if isinstance(process, ModulatedFlares):
            found = size_modulated_buffers(process, *of, anywhere=form.anywhere, store=self.store, **numbers)
        elif self.store is None:
            found = size_buffers(process, *of, **numbers)
        else:
            found = size_leaky_buffers(self.store, process, *of, **numbers)
        sized = [found.quantile("peak", p, form.level) for p in form.quantiles]
        flares = [found.quantile("largest", p, form.level) for p in form.quantiles]
        onto = process.luminosity / self.power  # from the collector's work back to all directions
        beyond = [process.extrapolated(onto * flare.value) for flare in flares]
        source = (
            f"{form.members} members of {form.years:g} yr, seed {self.seed}; order statistics at {form.level:g}; "
            f"{self.part.reference}"
        )
        if any(beyond):
            named = ", ".join(f"{p:g}" for p, far in zip(form.quantiles, beyond, strict=True) if far)
            source += f"; extrapolated beyond the flares that were observed: quantiles {named}"
        status = process.status
        answers.scalar("ensemble_members", form.members, Status.ENGINEERING, "given in the spec")
        answers.scalar("ensemble_span", form.years * YEAR, Status.ENGINEERING, "given in the spec")
        answers.scalar("ensemble_level", form.level, Status.ENGINEERING, "given in the spec")
        answers.scalar("ensemble_surge", found.surge_ratio, status, source)
        answers.coordinate("quantile", form.quantiles)
        whole = weakest([status, self.least])
        for end, key in (("", "value"), ("_low", "low"), ("_high", "high")):
            energies = [onto * getattr(q, key) for q in flares]
            answers.rungs(f"ensemble_flare{end}", "quantile", energies, status, source)
            buffers = [getattr(q, key) for q in sized]
            parts = "collector" if self.store is None else "collector, store"
            answers.rungs(f"ensemble_buffer{end}", "quantile", buffers, whole, f"{source}; {parts}")
        answers.rungs("ensemble_extrapolated", "quantile", np.array(beyond, float), status, self.part.reference)


def process_of(name: str, superflares: str | None, per_year: float | None) -> FlareProcess:
    """The process that a spec names, with exponential pulses.

    Raises:
        SpecError: a rate that is not positive.
    """
    numbers: dict[str, Any] = {} if per_year is None else {"per_year": per_year}
    return FlareProcess.solar(superflares, **numbers) if name == "solar" else FlareProcess.m_dwarf(**numbers)


def years_of(
    form: EnsembleForm,
    process: FlareProcess | ModulatedFlares,
    cap: float | None,
    quiet: float,
    gain: float,
    seed: int,
    least: Status,
    store: Store | None = None,
) -> Years:
    r"""The ensemble of a spec.

    The inflow is :math:`P(1 + g\,x)` with x the excess of the star over its quiet light and g the gain; what is above a
    cap CP is :math:`gP` times what x has above :math:`(C - 1)/g`.

    Args:
        form: what is asked.
        process: of the flares.
        cap: C, in units of the quiet inflow.
        quiet: P, inflow in quiet light that nothing shades, W.
        gain: g, share of a flare's light that becomes work over that of the star's.
        seed: of the streams.
        least: status of source and collector.
        store: whose losses the buffers have; None for buffers without losses.

    Raises:
        SpecError: no cap, another shape than exponential pulses, flares that bring no work, or too many of them, or
            losses that the compiled loop does not know.
    """
    if cap is None:
        raise SpecError("an ensemble sizes a buffer; give cap, above which it takes the inflow, e.g. cap = 1.2.")
    if not isinstance(process.shape, ExponentialPulse):
        raise SpecError(
            f"ensembles take exponential pulses, but the flares have the shape {process.shape.name}; give no shape."
        )
    if not quiet * gain > 0:
        raise SpecError("the collector makes no work of the flares' light, so no buffer is needed; leave out ensemble.")
    count = process.rate * YEAR * form.years * form.members
    if count > _MOST:
        raise SpecError(f"{count:.3g} flares are to be expected, more than {_MOST:g}; take fewer members or years.")
    losses = "no losses"
    if store is not None:
        try:
            laws_of(store, -1.0)
        except SpecError as error:
            raise SpecError(f"{error} In a spec that is buffer = 'ideal' of [flares].") from error
        losses = "the losses of the store"
        least = weakest([least, weakest_of_store(store)])
    populations = "; ".join(f"{kind.name}: {kind.source}" for kind in process.populations)
    what = f"{form.members} members of {form.years:g} yr of {process.name}, cap {cap:g}, {losses} and no shade"
    if isinstance(process, ModulatedFlares):
        what += ", each from a time of its own" if form.anywhere else ", all from the begin"
        if form.years * YEAR > process.modulation.extent:
            known = process.modulation.extent / YEAR
            raise SpecError(f"the modulation has {known:.6g} years, fewer than the {form.years:g} of each member.")
    part = Part("ensemble", what, process.status, populations)
    return Years(form, process, 1 + (cap - 1) / gain, quiet * gain, seed, part, least, store)
