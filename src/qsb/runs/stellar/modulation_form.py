"""The tables of a modulation: how the rate of flares changes with time."""

from __future__ import annotations

from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from qsb.runs.forms import TaggedForm
from qsb.runs.stellar.si_types import Pure, Second, Sourced
from qsb.stellar.modulation import CARRINGTON, SOLAR_AMPLITUDES, SOLAR_CYCLE
from qsb.stellar.radio_flux import QUIET_FLUX, RADIO_CAP

__all__ = ["CycleForm", "IndexForm", "ModulationForm"]


class CycleForm(Sourced, TaggedForm):
    """A cycle and a rotation, `qsb.stellar.modulation.Rhythms`; those of the Sun unless other numbers are given.

    `crest` and `rotation_crest` are times of the run at which the rate is largest.
    """

    kind: Literal["cycle"]
    period: Second = SOLAR_CYCLE
    amplitude: Pure = SOLAR_AMPLITUDES[0]
    crest: Second = 0.0
    rotation: Second = CARRINGTON
    rotation_amplitude: Pure = SOLAR_AMPLITUDES[1]
    rotation_crest: Second = 0.0


class IndexForm(Sourced, TaggedForm):
    """The radio flux F10.7 from a date on, `qsb.stellar.radio_flux`: that of the package, or a file of your own.

    The rate goes as its excess over `quiet`, both in solar flux units; what is above `most` are flares themselves.
    """

    kind: Literal["f10.7"]
    begin: str
    file: str | None = None
    quiet: Pure = QUIET_FLUX
    most: Pure = RADIO_CAP

    @model_validator(mode="after")
    def _whose(self) -> Self:
        if self.file is not None and not self.reference:
            raise ValueError("a file needs reference, where its numbers come from")
        return self


ModulationForm = Annotated[CycleForm | IndexForm, Field(discriminator="kind")]
