"""Every constant against another source, and each of them in one place."""

import ast
import math
from pathlib import Path

import pytest
from scipy import constants as codata

import qsb.stellar
from qsb.stellar import constants
from qsb.stellar.constants import ATOMS


@pytest.mark.parametrize(
    ("name", "theirs"),
    [
        ("SPEED_OF_LIGHT_SQUARED", codata.c**2),
        ("STEFAN_BOLTZMANN", codata.Stefan_Boltzmann),
        ("AVOGADRO", codata.N_A),
        ("ASTRONOMICAL_UNIT", codata.au),
        ("PARSEC", codata.parsec),
        ("YEAR", codata.Julian_year),
    ],
)
def test_exact_constants(name, theirs):
    assert getattr(constants, name) == pytest.approx(theirs, rel=1e-15)


@pytest.mark.parametrize(
    ("name", "theirs", "spread"),
    [
        # Between the adjustments of 2018 and 2022, either of which scipy may hold.
        ("GRAVITATION", codata.G, 1e-15),
        ("VACUUM_PERMITTIVITY", codata.epsilon_0, 1e-9),
        ("VACUUM_PERMEABILITY", codata.mu_0, 1e-9),
        ("ELECTRON_MASS", codata.m_e, 1e-9),
        ("PROTON_MASS", codata.m_p, 1e-9),
        ("ATOMIC_MASS", codata.u, 1e-9),
        ("THOMSON", codata.value("Thomson cross section"), 1e-9),
    ],
)
def test_measured_constants(name, theirs, spread):
    assert getattr(constants, name) == pytest.approx(theirs, rel=spread)


def test_light_speed_ties_the_two_vacuum_constants():
    assert constants.VACUUM_PERMITTIVITY * constants.VACUUM_PERMEABILITY * codata.c**2 == pytest.approx(1, rel=1e-11)


def test_wien():
    assert 5 * (1 - math.exp(-constants.WIEN)) == pytest.approx(constants.WIEN, rel=1e-15)


def test_the_sun():
    assert pytest.approx(1.98841e30, rel=1e-6) == constants.SOLAR_MASS
    effective = constants.SOLAR_LUMINOSITY / (4 * math.pi * constants.NOMINAL_SOLAR_RADIUS**2)
    assert (effective / constants.STEFAN_BOLTZMANN) ** 0.25 == pytest.approx(5772.0034, abs=5e-5)


@pytest.mark.parametrize(
    ("atom", "nucleus", "electrons"), [("2H", "deuteron", 1), ("3H", "triton", 1), ("4He", "alpha particle", 2)]
)
def test_atoms_are_nuclei_and_bound_electrons(atom, nucleus, electrons):
    """Two evaluations agree once the electrons and their binding (13.6 eV, or 79 eV in helium) are counted."""
    binding = {1: 13.5984, 2: 79.0052}[electrons] * codata.e / (codata.c**2 * codata.u)
    mass = codata.value(f"{nucleus} mass in u") + electrons * codata.value("electron mass in u") - binding
    assert ATOMS[atom] == pytest.approx(mass, abs=3e-10)


def test_neutron():
    assert ATOMS["n"] == pytest.approx(codata.value("neutron mass in u"), abs=5e-10)


def test_no_other_file_holds_a_constant_again():
    """A literal that equals a constant to six digits belongs into `constants`."""
    held = [value for name, value in vars(constants).items() if name.isupper() and isinstance(value, float)]
    held += ATOMS.values()
    held.remove(constants.NOMINAL_SOLAR_TEMPERATURE)
    twice = [
        f"{path.name}:{node.lineno}: {node.value}"
        for path in sorted(Path(qsb.stellar.__file__).parent.glob("*.py"))
        if path.name != "constants.py"
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Constant) and isinstance(node.value, float)
        if any(math.isclose(node.value, value, rel_tol=1e-6) for value in held)
    ]
    assert twice == []
