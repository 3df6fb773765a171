"""What charging costs, against the closed form of a cell and a detuned mode, and where nothing is spent."""

import numpy as np
import pytest

import qsb
from qsb import ModeStart
from qsb.errors import SpecError
from qsb.merit.balance import drive_work, efficiency, energy_input

COUPLING, MODE = 0.3, 1.4
TIMES = np.linspace(0.0, 6.0, 25)


def excited(times, coupling=COUPLING, detuning=MODE - 1.0):
    """Return the population of a cell beside a mode with one quantum (Jaynes and Cummings)."""
    rabi = np.sqrt(4 * coupling**2 + detuning**2)
    return 4 * coupling**2 / rabi**2 * np.sin(rabi * times / 2) ** 2


def test_a_detuned_mode_gives_its_quantum_and_the_drive_takes_the_difference():
    battery = qsb.models.tavis_cummings(
        1, coupling=COUPLING, cavity=MODE, cutoff=1, start=qsb.Start(charger=ModeStart("fock", quanta=1))
    )
    names = ["stored_energy", "charger_energy", "drive_work", "charging_efficiency"]
    data = qsb.run(qsb.Problem(battery, qsb.quench(6.0), (), TIMES), names)
    p = excited(TIMES)
    # the cell gains p, the mode loses 1.4 p: the switch takes 0.4 p out, and of the quantum p is spent
    work = drive_work(p, -MODE * p, 0.0)
    np.testing.assert_allclose(work, (1.0 - MODE) * p, rtol=0, atol=1e-15)
    np.testing.assert_allclose(data["drive_work"], work, rtol=0, atol=1e-10)
    np.testing.assert_allclose(energy_input(work, -MODE * p), p, rtol=0, atol=1e-15)
    found = energy_input(data["drive_work"].values, data["charger_energy"].values)
    np.testing.assert_allclose(found, p, rtol=0, atol=1e-10)
    np.testing.assert_allclose(data["charging_efficiency"][1:], 1.0, rtol=0, atol=1e-8)


def test_what_a_charger_keeps_counts_as_spent():
    assert energy_input(2.0, 0.5) == 2.0
    assert energy_input(2.0, -0.5) == 2.5
    np.testing.assert_array_equal(energy_input([1.0, -1.0, 0.0], [[0.0, 1.0, -1.0]]), [[1.0, -1.0, 1.0]])


def test_efficiency_is_undefined_where_nothing_was_spent():
    np.testing.assert_array_equal(efficiency([1.0, 0.5, 0.0], [2.0, 0.0, -1.0]), [0.5, np.nan, np.nan])
    with pytest.raises(SpecError, match="one shape"):
        efficiency([1.0, 2.0], [1.0])
