"""Spectra and blackbody stars against published integrals, closed forms and quadrature."""

import hashlib
import importlib.util
from importlib.resources import files
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from oracle import printed
from qsb.errors import SpecError
from qsb.stellar.blackbody import BlackbodyStar, planck_exitance
from qsb.stellar.constants import ASTRONOMICAL_UNIT, SOLAR_LUMINOSITY, STEFAN_BOLTZMANN
from qsb.stellar.spectrum import Spectrum, astm_e490, astm_g173, spectrum_from_csv
from qsb.stellar.status import Status

# Of the files in this package; their heads hold those of the originals.
E490_SHIPPED = "2355fd3a781be7787fe3b0783b9fbbc634040f09930cc2ef8e376af66e10b156"
G173_SHIPPED = "e739aed21efb9c20ac64a14ba11498c17cf1835308997b818ef5020669c5a5d7"


class Quantity:
    """Stands for astropy's."""

    def __init__(self, value):
        self.value = value

    def to_value(self, unit):
        assert unit == "m"
        return self.value


def test_solar_constant_of_e490():
    sun = astm_e490()
    assert sun.total == printed("1366.090797")
    assert (sun.wavelength.size, sun.distance, sun.status) == (1697, ASTRONOMICAL_UNIT, Status.MEASURED)
    assert sun.at(2 * ASTRONOMICAL_UNIT).total == pytest.approx(1366.090797 / 4)


@pytest.mark.parametrize(
    ("column", "total"), [("global", "1000.370656"), ("direct", "900.139329"), ("extraterrestrial", "1347.934320")]
)
def test_g173(column, total):
    assert astm_g173(column).total == printed(total)


@pytest.mark.parametrize(("name", "make"), [("e490.csv", astm_e490), ("g173.csv", astm_g173)])
def test_shipped_tables_say_where_they_come_from(name, make):
    text = files("qsb.stellar").joinpath("data", name).read_text(encoding="utf-8")
    spectrum = make()
    assert f"sha256 of the original: {spectrum.sha256}" in text
    assert "Licence of the package: " + spectrum.licence in text
    body = text.split("/nm)\n" if name == "g173.csv" else "/um)\n")[-1]
    assert len(body.splitlines()) == spectrum.wavelength.size


@pytest.mark.parametrize(
    ("name", "package", "path", "shipped", "rows"),
    [
        ("e490.csv", "pyspectral", "data/e490_00a.dat", E490_SHIPPED, 1697),
        ("g173.csv", "pvlib", "data/ASTMG173.csv", G173_SHIPPED, 2002),
    ],
)
def test_shipped_tables_are_those_of_the_packages(name, package, path, shipped, rows):
    """Derived again from the package where it is installed; else the file is the one that was derived."""
    raw = files("qsb.stellar").joinpath("data", name).read_bytes()
    assert hashlib.sha256(raw).hexdigest() == shipped
    ours = np.loadtxt(raw.decode().splitlines(), delimiter=",", comments="#", skiprows=header(raw))
    assert len(ours) == rows
    found = importlib.util.find_spec(package)
    if found is None:
        return
    original = (Path(found.submodule_search_locations[0]) / path).read_bytes()
    assert hashlib.sha256(original).hexdigest() in raw.decode()
    assert ours.tolist() == theirs(original.decode())


def header(raw):
    """Lines before the numbers."""
    return next(i for i, line in enumerate(raw.decode().splitlines()) if line[0].isdigit())


def theirs(text):
    """Numbers of a table, whatever stands between and before them."""
    rows = [line.replace(",", " ").split() for line in text.splitlines()]
    return [[float(cell) for cell in row] for row in rows if row and row[0][0].isdigit()]


def test_nominal_sun():
    sun = BlackbodyStar.sun()
    assert SOLAR_LUMINOSITY / (4 * np.pi * sun.distance**2) == printed("1361.166465")
    effective = (SOLAR_LUMINOSITY / (4 * np.pi * sun.radius**2 * STEFAN_BOLTZMANN)) ** 0.25
    assert effective == printed("5772.0034")
    assert 1 / sun.dilution == printed("46238.83")
    assert sun.luminosity / (4 * np.pi * sun.distance**2) == pytest.approx(sun.total, rel=1e-14)


@pytest.mark.parametrize(
    ("low", "high", "share"),
    [(400e-9, 700e-9, "0.3663831714"), (280e-9, 4e-6, "0.9692312210"), (700e-9, 2.5e-6, "0.4774912481")],
)
def test_blackbody_bands(low, high, share):
    star = BlackbodyStar.sun()
    assert star.fraction(low, high) == printed(share)
    nodes, weights = np.polynomial.legendre.leggauss(120)
    at = low + 0.5 * (high - low) * (nodes + 1)
    for power, rule in ((star.band, 1.0), (star.photon_flux, at / 1.986445857148928e-25)):
        quadrature = 0.5 * (high - low) * (weights @ (star.irradiance(at) * rule))
        assert power(low, high) == pytest.approx(quadrature, rel=1e-12)


def test_red_dwarf():
    # TRAPPIST-1, 2566 K: its visible share by the same series, see docs/devdocs/stellar-light.md.
    assert BlackbodyStar(2566.0).fraction(400e-9, 700e-9) == printed("0.0384632150")


def test_series_and_rule_meet():
    star = BlackbodyStar(1000.0, 1.0, 1.0)
    wave = 1.438776877e-5 / 2.0
    ends = star.fraction(0, wave * (1 - 1e-9)), star.fraction(0, wave * (1 + 1e-9))
    assert 0 <= ends[1] - ends[0] < 1e-8
    assert star.fraction() == pytest.approx(1.0, rel=1e-15)
    assert star.fraction(0, 1e-9) == 0.0


@given(cut=st.floats(2.81e-7, 3.99e-6))
def test_bands_add_up_and_rise(cut):
    light = astm_g173()
    assert light.band(0, cut) + light.band(cut) == pytest.approx(light.total, rel=1e-13)
    assert light.photon_flux(0, cut) + light.photon_flux(cut) == pytest.approx(light.photon_flux(), rel=1e-13)
    assert 0 <= light.fraction(0, cut) <= 1


def test_edges_do_not_depend_on_the_grid():
    coarse = Spectrum([1e-6, 2e-6, 5e-6], [1.0, 3.0, 0.0], "coarse", "made up", Status.SPECULATIVE)
    fine = np.union1d(np.linspace(1e-6, 5e-6, 77), coarse.wavelength)
    refined = Spectrum(fine, coarse.irradiance(fine), "fine", "made up", Status.SPECULATIVE)
    for low, high in ((1.1e-6, 1.7e-6), (1.5e-6, 4.1e-6), (0.0, 9e-6)):
        assert coarse.band(low, high) == pytest.approx(refined.band(low, high), rel=1e-13)
        assert coarse.photon_flux(low, high) == pytest.approx(refined.photon_flux(low, high), rel=1e-13)


def test_tabulated_blackbody_converges_to_the_closed_form():
    star = BlackbodyStar.sun()
    at = np.geomspace(1e-7, 1e-4, 20001)
    table = Spectrum(at, star.irradiance(at), "sampled", "Planck", Status.ESTABLISHED)
    assert table.band(4e-7, 7e-7) == pytest.approx(star.band(4e-7, 7e-7), rel=1e-7)


def test_a_users_table(tmp_path):
    path = tmp_path / "mine.csv"
    path.write_text("# comment\nwavelength,irradiance\n400,1.0\n500,2.0\n700,0.0\n")
    light = spectrum_from_csv(path, wavelength_unit="nm", irradiance_unit="W/m2/nm", distance=Quantity(1e11))
    assert light.total == pytest.approx(350.0)
    assert (light.name, light.distance) == ("mine.csv", 1e11)
    assert light.sha256 == hashlib.sha256(path.read_bytes()).hexdigest()
    with pytest.raises(SpecError, match="irradiance_unit"):
        spectrum_from_csv(path, wavelength_unit="nm", irradiance_unit="erg")
    path.write_text("400,1\n500,oops\n")
    with pytest.raises(SpecError, match="line 2"):
        spectrum_from_csv(path, wavelength_unit="nm", irradiance_unit="W/m2/nm")
    with pytest.raises(SpecError, match="cannot be read"):
        spectrum_from_csv(tmp_path / "none.csv", wavelength_unit="nm", irradiance_unit="W/m2/nm")


def test_refusals():
    with pytest.raises(SpecError, match="rise"):
        Spectrum([2.0, 1.0], [1.0, 1.0], "x", "x")
    with pytest.raises(SpecError, match="not negative"):
        Spectrum([1.0, 2.0], [1.0, -1.0], "x", "x")
    with pytest.raises(SpecError, match="no stated distance"):
        astm_g173().at(1.0)
    with pytest.raises(SpecError, match="inside the star"):
        BlackbodyStar(5000.0, 1e9, 1e8)
    with pytest.raises(SpecError, match="below its start"):
        BlackbodyStar.sun().band(2e-6, 1e-6)
    with pytest.raises(SpecError, match="positive"):
        planck_exitance(0.0, 5000.0)
