"""The nomenclature is complete, readable and current."""

import importlib
import inspect
import re
from pathlib import Path

import pytest

from qsb import quantities
from qsb.errors import SpecError

ROOT = Path(__file__).resolve().parents[1]

SERIES = [
    "stored_energy",
    "energy_above_ground",
    "power",
    "average_power",
    "work_power",
    "heat_power",
    "ergotropy",
    "ergotropy_fraction",
    "gaussian_ergotropy",
    "symmetric_ergotropy",
    "asymptotic_ergotropy",
    "local_ergotropy",
    "ergotropic_gap",
    "anti_ergotropy",
    "subset_ergotropy",
    "coherent_ergotropy",
    "incoherent_ergotropy",
    "passive_energy",
    "capacity",
    "energy_std",
    "purity",
    "entanglement_entropy",
    "bound_fisher",
    "bound_uncertainty",
    "bound_locality",
    "bound_norm",
    "bound_variance",
    "drive",
    "charger_energy",
    "relative_fluctuation",
    "fisher_information",
    "energy_coherence",
    "subset_entropy",
    "negativity",
    "log_negativity",
    "mutual_information",
    "self_discharge_rate",
    "heat",
    "drive_work",
    "charging_efficiency",
    "bound_capacity",
]
SCALARS = [
    "charging_time",
    "peak_stored_energy",
    "peak_power",
    "peak_power_time",
    "peak_average_power",
    "peak_ergotropy",
    "steady_stored_energy",
    "steady_energy_above_ground",
    "steady_ergotropy",
    "ground_energy",
    "charger_span",
    "body_order",
    "cells",
]

REFERENCE = re.compile(
    r"arXiv:(\d{4}\.\d{5}|\d{4}\.\d{4}|[a-z-]+/\d{7})"
    r"|doi:10\.\d{4,}/\S+"
    r"|standard definition"
    r"|derived in docs/devdocs/(?P<page>derivations|stellar-[a-z]+)\.md"
)


def test_every_variable_has_a_row_of_its_kind():
    assert set(quantities.names("series")) == set(SERIES)
    assert set(quantities.names("scalar")) == set(SCALARS)
    assert quantities.names("coordinate") == ("time", "elapsed", "wavelength", "quantile", "horizon")
    assert quantities.names("fit") == ("exponent", "exponent_low", "exponent_high")
    kinds = ("history", "total", "spectral", "rung", "outlook", "rare")
    stellar = [name for kind in kinds for name in quantities.names(kind)]
    quantum = [name for name in quantities.names() if name not in stellar]
    assert len(set(quantum)) == len(quantum) == 2 * len(SERIES) + len(SCALARS) + 8
    assert len(set(stellar)) == len(stellar) > 50
    assert set(quantities.names("error")) == {f"{name}_error" for name in SERIES}


@pytest.mark.parametrize("name", quantities.names())
def test_row_is_well_formed(name):
    row = quantities.quantity(name)
    assert row.name == name
    assert row.long_name[0].isupper()
    assert row.definition.endswith(".")
    assert row.definition.count("$") % 2 == 0
    assert "$" not in row.symbol
    for part in row.reference.split("; "):
        found = REFERENCE.fullmatch(part)
        assert found, part
        assert found["page"] is None or (ROOT / "docs" / "devdocs" / f"{found['page']}.md").is_file()
    assert set(row.attributes) == {"units", "long_name", "symbol"}


@pytest.mark.parametrize(
    ("name", "unit"),
    [
        ("stored_energy", "omega0"),
        ("ergotropy", "omega0"),
        ("power", "omega0^2"),
        ("bound_locality", "omega0^2"),
        ("charging_time", "1/omega0"),
        ("time", "1/omega0"),
        ("ergotropy_fraction", "1"),
        ("exponent", "1"),
    ],
)
def test_units_follow_from_the_equations(name, unit):
    assert quantities.quantity(name).unit == unit


def test_every_readout_is_wanted_and_described():
    wanted = {need for name in quantities.names() for need in quantities.quantity(name).needs}
    assert wanted == set(quantities.READOUTS)
    table = (ROOT / "src/qsb/quantities.toml").read_text(encoding="utf-8")
    for readout in quantities.READOUTS:
        assert re.search(rf"^#  +{readout} ", table, re.MULTILINE), readout


def test_an_unknown_name_is_refused_with_the_nearest_one():
    with pytest.raises(SpecError, match="did you mean 'stored_energy'"):
        quantities.quantity("stored_enery")
    with pytest.raises(SpecError, match="known are time, drive"):
        quantities.quantity("zzz")
    with pytest.raises(SpecError, match="unknown kind"):
        quantities.names("table")


GOOD = {
    "name": "x",
    "kind": "series",
    "symbol": "x",
    "unit": "1",
    "long_name": "X",
    "definition": "X.",
    "reference": "standard definition",
    "needs": (),
}


@pytest.mark.parametrize(
    ("field", "value", "words"),
    [
        ("kind", "vector", "kind 'vector'"),
        ("unit", "GHz", "unit 'GHz'"),
        ("needs", ("spectra",), "readout 'spectra'"),
        ("symbol", " ", "empty symbol"),
        ("reference", "", "empty reference"),
    ],
)
def test_a_broken_row_is_refused(field, value, words):
    quantities.Quantity(**GOOD)
    with pytest.raises(SpecError) as error:
        quantities.Quantity(**GOOD | {field: value})
    assert words in str(error.value)


def test_labels():
    assert quantities.label("stored_energy") == r"Stored energy $E$ ($\omega_0$)"
    assert quantities.label("charging_time") == r"Charging time $\tau$ ($1/\omega_0$)"
    assert quantities.label("purity") == r"Purity $\mathrm{tr}\,\rho^2$"


@pytest.mark.parametrize("name", quantities.names())
def test_labels_can_be_drawn(name):
    from matplotlib.mathtext import MathTextParser

    MathTextParser("path").parse(quantities.label(name))


#: modules of which every figure has a row, not only the public names of packages
WHOLE = ["advantage", "balance", "bound", "daemonic", "discharge", "fluctuation", "partition", "precision", "speed"]
#: what these modules have beside figures
TOOLS = {"time_average"}


def public_merits():
    import qsb
    from qsb import merit

    named = {(home, name) for name, home in merit._HOMES.items()}
    named |= {(home.split(".")[-1], name) for name, home in qsb._HOMES.items() if home.startswith("qsb.merit.")}
    for module in WHOLE:
        home = importlib.import_module(f"qsb.merit.{module}")
        named |= {(module, name) for name in home.__all__ if inspect.isfunction(getattr(home, name))}
    return {pair for pair in named if pair[1] not in TOOLS}


def test_every_public_merit_function_has_a_definition():
    known = {(row.module, row.name) for row in quantities.functions()}
    assert len(public_merits()) > 40
    assert public_merits() - known == set()


@pytest.mark.parametrize("row", quantities.functions(), ids=lambda row: row.name)
def test_function_is_called_as_its_row_says(row):
    function = getattr(importlib.import_module(f"qsb.merit.{row.module}"), row.name)
    assert ", ".join(inspect.signature(function).parameters) == row.arguments
    assert inspect.getdoc(function)
    if row.figure:
        assert quantities.quantity(row.figure).unit == row.unit
        return
    assert row.definition.endswith(".")
    assert row.definition.count("$") % 2 == 0
    assert "$" not in row.symbol
    for part in row.reference.split("; "):
        found = REFERENCE.fullmatch(part)
        assert found, part
        assert found["page"] is None or (ROOT / "docs" / "devdocs" / f"{found['page']}.md").is_file()


@pytest.mark.parametrize(
    "change",
    [{"unit": "GHz"}, {"symbol": ""}, {"figure": "power"}, {"symbol": "", "definition": "", "reference": ""}],
)
def test_a_broken_function_row_is_refused(change):
    good = {"symbol": "x", "definition": "X.", "reference": "standard definition"}
    quantities.Function("m", "f", "x", "1", **good)
    with pytest.raises(SpecError, match="function 'f'"):
        quantities.Function(**{"module": "m", "name": "f", "arguments": "x", "unit": "1"} | good | change)


def test_nomenclature_page_is_current():
    page = (ROOT / "docs/nomenclature.md").read_text(encoding="utf-8")
    assert page == quantities.nomenclature_markdown(), (
        "docs/nomenclature.md is old; the page itself says how to renew it"
    )
