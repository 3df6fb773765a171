"""What a stellar spec may name, each with a line about it: what `qsb list stellar` prints."""

from __future__ import annotations

from typing import Any, get_args

from qsb.runs.forms import TaggedForm
from qsb.runs.stellar import forms
from qsb.runs.stellar.modulation_form import ModulationForm
from qsb.stellar.flare_process import SUPERFLARES, FlareProcess
from qsb.stellar.flare_shape import FLARE_SHAPES
from qsb.stellar.fuel import reactions
from qsb.stellar.matter import known_matter
from qsb.stellar.observed import goes, tess_flare
from qsb.stellar.presets import known_losses
from qsb.stellar.pulsar import ATNF, Pulsar
from qsb.stellar.spectrum import astm_e490, astm_g173

__all__ = ["choices"]

_OWN_SPECTRA = {
    "blackbody": "Planck's law; needs temperature and radius",
    "table": "a file of your own; needs wavelength_unit, irradiance_unit and the star's temperature",
}


def choices() -> dict[str, str]:
    """Key and word -> what it is, with its keys or its source and status."""
    found: dict[str, str] = {}
    unions = {
        "source": forms.SourceForm,
        "absorber": forms.AbsorberForm,
        "flares": forms.FlaresForm,
        "modulation": ModulationForm,
        "avalanche": forms.AvalancheForm,
    }
    for key, union in unions.items():
        found |= {f"{key} {form.kind_of()}": _about(form) for form in get_args(get_args(union)[0])}
    return found | _light() | _flares() | _matter()


def _about(form: type[TaggedForm]) -> str:
    """The first line of a table's docstring, and its keys."""
    line = (form.__doc__ or "").strip().splitlines()[0].replace("`", "").rstrip(".")
    keys = [name for name in form.model_fields if name not in ("kind", "reference")]
    return f"{line} ({', '.join(keys)})"


def _words(form: type[TaggedForm], key: str) -> list[str]:
    """The words that a key may have, in the order of the form."""
    return _texts(form.model_fields[key].annotation)


def _texts(annotation: Any) -> list[str]:
    """Every text among the arguments of an annotation."""
    found: list[str] = []
    for part in get_args(annotation):
        found += [part] if isinstance(part, str) else _texts(part)
    return found


def _light() -> dict[str, str]:
    """Spectra, pulsars and reactions."""
    found = {}
    for word in _words(forms.StarForm, "spectrum"):
        if word in _OWN_SPECTRA:
            found[f"spectrum {word}"] = _OWN_SPECTRA[word]
        else:
            light = astm_e490() if word == "e490" else astm_g173(word.removeprefix("g173-"))
            found[f"spectrum {word}"] = f"{light.name}, {light.total:.6g} W/m^2; {light.source} [{light.status}]"
    for word in _words(forms.PulsarForm, "name"):
        known = Pulsar.known(word)
        found[f"pulsar {word}"] = f"{known.power(0.0):.4g} W; {ATNF} [{known.status}]"
    found |= {f"reaction {r.name}": f"{r.specific_energy:.4g} J/kg; {r.source} [{r.status}]" for r in reactions()}
    return found


def _flares() -> dict[str, str]:
    """Records, processes, superflares and shapes."""
    found = {}
    for word in _words(forms.ObservedForm, "record"):
        record = tess_flare() if word == "tess" else goes(word.removeprefix("goes-"))
        found[f"record {word}"] = f"{record.name}; {record.source} [{record.status}]"
    for word, process in (("solar", FlareProcess.solar()), ("m-dwarf", FlareProcess.m_dwarf())):
        kinds = "; ".join(kind.source for kind in process.populations)
        found[f"process {word}"] = f"flares of {process.name}: {kinds} [{process.status}]"
    found |= {f"superflares {word}": f"{kind.source} [{kind.status}]" for word, kind in SUPERFLARES.items()}
    return found | {f"shape {word}": f"{shape.source} [{shape().status}]" for word, shape in FLARE_SHAPES.items()}


def _matter() -> dict[str, str]:
    """Losses and matter of stores."""
    found = {f"known {known.name}": f"loss: {known.how}; {known.source} [{known.status}]" for known in known_losses()}
    return found | {
        f"matter {store.name}": f"{store.specific_energy:.4g} J/kg; {store.source} [{store.status}]"
        for store in known_matter()
    }
