"""The modulation of a spec: cycles and rotation, or the radio flux."""

from __future__ import annotations

from qsb.runs.stellar.modulation_form import CycleForm, IndexForm
from qsb.stellar.modulation import Modulation, Rhythm, Rhythms
from qsb.stellar.radio_flux import radio_flux_from_csv, solar_radio_flux

__all__ = ["modulated_by"]


def modulated_by(form: CycleForm | IndexForm) -> tuple[Modulation, dict[str, str]]:
    """The modulation of a form, and the checksums of the tables that it takes.

    Raises:
        SpecError: numbers that it cannot have, a date that is not known, or a file that cannot be read.
    """
    if isinstance(form, IndexForm):
        own = {"source": form.reference} if form.reference else {}
        flux = solar_radio_flux() if form.file is None else radio_flux_from_csv(form.file, **own)
        return flux.index(form.begin, quiet=form.quiet, most=form.most), {flux.name: flux.sha256}
    solar = Rhythms.solar()
    numbers = {"period", "amplitude", "rotation", "rotation_amplitude"}
    source = form.reference or ("given in the spec" if numbers & form.model_fields_set else solar.source)
    parts = [Rhythm(form.period, form.amplitude, form.crest)]
    if form.rotation_amplitude:
        parts.append(Rhythm(form.rotation, form.rotation_amplitude, form.rotation_crest))
    return Rhythms(tuple(parts), source), {}
